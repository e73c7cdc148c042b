//! Drawing twice for one debit.
//! expect: E0382

#![allow(unused_imports)]
mod prelude;
use prelude::*;
use millpond_report::Ledger;
use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::budget::{LedgerStore, RECORD, WeekAnswers};

struct Disk(Vec<u8>);
impl LedgerStore for Disk {
    fn read(&mut self, out: &mut [u8]) -> Option<usize> {
        let n = self.0.len().min(out.len());
        out[..n].copy_from_slice(&self.0[..n]);
        Some(self.0.len())
    }
    fn append_and_flush(&mut self, record: &[u8; RECORD]) -> bool {
        self.0.extend(record);
        true
    }
    fn replace_and_flush(&mut self, records: &[u8]) -> bool {
        self.0 = records.to_vec();
        true
    }
}

struct Counter(u32);
impl Words for Counter {
    fn word(&mut self) -> Result<u32, NoWords> {
        self.0 = self.0.wrapping_mul(0x9e37_79b1).wrapping_add(1);
        Ok(self.0.swap_bytes())
    }
}

fn main() {
    let (privacy, mut words) = (privacy(), Counter(1));
    let answers = Raw::new(WeekAnswers::new([0; 8]));
    if let Ok(ticket) = Ledger::new(Disk(Vec::new()), [0; 32]).debit(&privacy, 20_000) {
        let _ = gate::weekly(ticket, &mut words, &answers);
        let _ = gate::weekly(ticket, &mut words, &answers); //~
    }
}
