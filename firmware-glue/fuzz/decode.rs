// What is done with one input, by the fuzz target and by the test that replays the saved ones.

use millpond_report::state::{Privacy, Settings};
use millpond_report::wire::{self, Decoded};
use millpond_report::{Audit, Consents, Wire, ring};

/// Gives the bytes to every decoder. Panics if one takes bytes that it would not have written. Returns how many took them.
pub fn decode(bytes: &[u8]) -> usize {
    let mut taken = 0;
    macro_rules! each {
        ($($t:ident)*) => { $( taken += usize::from(canonical::<wire::$t>(bytes)); )* };
    }
    each!(Status Zone Day Month Radio Link Decision Event Weekly Snapshot);
    if let Some(consents) = Consents::load(bytes) {
        assert_eq!(consents.save().as_slice(), bytes);
        taken += 1;
    }
    taken + stored(bytes)
}

fn canonical<T: Wire>(bytes: &[u8]) -> bool {
    let Some(message) = Decoded::<T>::of(bytes) else { return false };
    let mut again = T::zeros();
    let n = message.encode(&mut again);
    let message = message.get();
    assert_eq!(again.as_ref().get(..n), Some(bytes));
    let mut json = String::new();
    assert!(message.json(&mut json).is_ok() && json.len() <= T::JSON);
    true
}

/// What a restart reads, at three times: the first, the last, and one that the bytes choose.
fn stored(bytes: &[u8]) -> usize {
    let privacy = Privacy::restore(&Settings { keep: true, ..Settings::DEFAULT }, 0);
    let Some(permit) = privacy.keeping() else { return 0 };
    let chosen = bytes.iter().take(5).fold(0u32, |n, b| n << 8 | u32::from(*b));
    let mut taken = 0;
    for slot in [0, chosen, u32::MAX] {
        taken += usize::from(ring::DayRing::new().load(&permit, bytes, slot).is_ok());
        taken += usize::from(ring::MonthRing::new().load(&permit, bytes, slot).is_ok());
        let mut audit = Audit::<16>::new();
        if audit.load(bytes, slot).is_ok() {
            assert!(audit.len() <= 16 && audit.iter().all(|e| e.at().is_some_and(|at| at <= slot)));
            taken += 1;
        }
    }
    taken
}
