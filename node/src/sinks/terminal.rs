//! A line for each change, as it happens.

use std::io::{self, Write};

use millpond_report::sink::{Port, Wired};
use millpond_report::wire::range::{Sensing, ZoneState};
use millpond_report::wire::{Decision, Kind, Status, Zone};

use super::say::{explain, together};
use crate::config::Labels;
use crate::words::{ENGLISH, Words};

/// Prints zones, switches and decisions when they change.
pub struct Terminal<W> {
    out: W,
    labels: Labels,
    words: &'static Words,
    now_s: u64,
    zones: [Option<ZoneState>; 16],
    sensing: Option<Sensing>,
    last: Option<Decision>,
}

impl<W: Write> Terminal<W> {
    /// A terminal that writes to `out`.
    pub fn new(out: W, labels: Labels) -> Self {
        Self { out, labels, words: &ENGLISH, now_s: 0, zones: [None; 16], sensing: None, last: None }
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// Says what second it is; lines carry it.
    pub fn set_time(&mut self, now_s: u64) {
        self.now_s = now_s;
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{:02}:{:02}  {text}", self.now_s / 60, self.now_s % 60)?;
        self.out.flush()
    }

    fn zone(&mut self, zone: &Zone) -> io::Result<()> {
        let number = zone.zone.get();
        let last = self.zones[usize::from(number - 1)].replace(zone.state);
        // A zone that starts as unknown is no news.
        if last == Some(zone.state) || last.is_none() && zone.state == ZoneState::Unknown {
            return Ok(());
        }
        let (label, state) = (self.labels.zone(number), zone.state.text());
        self.line(format!("{label:<14} {state}").trim_end())
    }

    fn status(&mut self, status: &Status) -> io::Result<()> {
        match self.sensing.replace(status.sensing) {
            Some(last) if last != status.sensing => self.line(&format!("sensing        {}", status.sensing.text())),
            _ => Ok(()),
        }
    }

    /// A radio that moves together with the one before has the same reasons: they are not told twice.
    fn decision(&mut self, d: &Decision) -> io::Result<()> {
        let before = self.last.filter(|last| together(last, d));
        self.last = before.or(Some(*d));
        let lines = explain(d, &self.labels, self.words);
        let (head, reasons) = lines.split_at(1);
        self.line(&head[0])?;
        let same = before.map(|b| format!("{} {}", self.words.together, b.number.get()));
        let reasons = same.map_or(reasons.to_vec(), |s| vec![s]);
        reasons.iter().try_for_each(|line| writeln!(self.out, "       {line}"))?;
        self.out.flush()
    }
}

impl<W: Write> Port for Terminal<W> {
    type Error = io::Error;

    fn put(&mut self, message: &Wired<'_>) -> io::Result<()> {
        match message.kind() {
            Kind::Zone => message.read().map_or(Ok(()), |z| self.zone(&z)),
            Kind::Status => message.read().map_or(Ok(()), |s| self.status(&s)),
            Kind::Decision => message.read().map_or(Ok(()), |d| self.decision(&d)),
            _ => Ok(()),
        }
    }
}
