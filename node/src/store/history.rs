//! What the household may look back on: 24 hours, 30 days, decisions and the audit, in memory, and for the store if the
//! household chose to keep it.
//!
//! Time is the wall clock in slots since Monday, 5 January 1970; it may jump. The rings and the audit know by themselves
//! how to take that; a decision here counts its own age, which never shrinks.

use std::collections::VecDeque;
use std::convert::Infallible;

use millpond_report::audit::Audit;
use millpond_report::ring::{DayRing, MonthRing};
use millpond_report::sink::{Port, Wired};
use millpond_report::state::KeepPermit;
use millpond_report::wire::range::{Day as DayNumber, Hour, Number, Slot, ZoneId};
use millpond_report::wire::{Decision, Decoded, Kind, Wire, Zone};
use millpond_report::{Derived, EventCode, Foreign, Lan};

/// Entries of the long audit; the contract's cap.
pub const AUDIT: usize = 1024;
/// Decisions at most, and their greatest age in slots; the contract's caps.
const DECISIONS: usize = 512;
const DECISION_AGE: u32 = 90 * 288;
const ZONES: u8 = 16;

/// How much of the rings is kept. It can be less than the cap, never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Hours of the day ring, 1 to 24.
    pub hours: u8,
    /// Days of the month ring, 1 to 30.
    pub days: u8,
}

impl Retention {
    /// The caps.
    pub const CAP: Self = Self { hours: 24, days: 30 };
}

/// How many cells and entries know something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Slots of the last 24 hours.
    pub slots: u32,
    /// Hours of the last 30 days.
    pub hours: u32,
    /// Decisions for the store.
    pub decisions: u32,
    /// Entries of the audit.
    pub audit: u32,
}

/// A part of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// This zone; all without.
    pub zone: Option<ZoneId>,
    /// From this slot to that one, both included; all without.
    pub between: Option<(u32, u32)>,
}

/// The memory.
pub struct History {
    /// 24 hours.
    pub day: DayRing,
    /// 30 days.
    pub month: MonthRing,
    /// Who changed what.
    pub audit: Audit<AUDIT>,
    decisions: VecDeque<(u32, Decoded<Decision>)>,
    slot: Option<u32>,
    retention: Retention,
}

impl History {
    /// Knows nothing.
    pub fn new(retention: Retention) -> Self {
        let (day, month, audit) = (DayRing::new(), MonthRing::new(), Audit::new());
        Self { day, month, audit, decisions: VecDeque::new(), slot: None, retention }
    }

    /// The slot that runs.
    pub fn slot(&self) -> Option<u32> {
        self.slot
    }

    /// Moves to a slot. Returns how many entries of audit and decisions were too old.
    pub fn advance(&mut self, slot: u32) -> usize {
        let passed = self.slot.map_or(0, |now| slot.checked_sub(now).unwrap_or(1));
        if self.slot == Some(slot) {
            return 0;
        }
        self.slot = Some(slot);
        self.day.advance(slot);
        self.month.advance(slot);
        self.shorten();
        let before = self.decisions.len();
        self.decisions.iter_mut().for_each(|(age, _)| *age = age.saturating_add(passed));
        self.decisions.retain(|(age, _)| *age < DECISION_AGE);
        before - self.decisions.len() + self.audit.advance(slot)
    }

    /// Forgets what the household wants forgotten sooner than the cap.
    fn shorten(&mut self) {
        let Some(now) = self.slot else { return };
        let Retention { hours, days } = self.retention;
        if hours < Retention::CAP.hours {
            self.day.erase_between(None, 0, now.saturating_sub(u32::from(hours) * 12));
        }
        if days < Retention::CAP.days {
            // Whole hours: the last one that ended before so many days.
            let edge = (now / 12).saturating_sub(u32::from(days) * 24) * 12;
            self.month.erase_between(None, 0, edge);
        }
    }

    /// Remembers a zone's state.
    pub fn zone(&mut self, zone: &Derived<Zone, Lan>) {
        if let Some(slot) = self.slot {
            self.day.record(slot, zone);
            self.month.record(slot, zone);
        }
    }

    /// Notes something that happened.
    pub fn note(&mut self, code: EventCode, number: Number) {
        self.audit.note(code, number);
    }

    /// Makes a stretch of the rings unknown; returns how many slots of the day knew something.
    pub fn erase(&mut self, stretch: Stretch) -> u32 {
        let Stretch { zone, between } = stretch;
        let (from, to) = between.unwrap_or((0, u32::MAX));
        let (slots, _) = match between {
            None => (self.day.erase(zone), self.month.erase(zone)),
            Some(_) => (self.day.erase_between(zone, from, to), self.month.erase_between(zone, from, to)),
        };
        slots as u32
    }

    /// Forgets everything: rings, decisions, audit. Returns how much there was.
    pub fn clear(&mut self) -> Count {
        let count = self.count();
        self.day.erase(None);
        self.month.erase(None);
        self.decisions.clear();
        self.decisions.shrink_to_fit();
        self.audit.clear();
        count
    }

    /// Looks at every cell.
    pub fn count(&self) -> Count {
        let zones = || (1..=ZONES).map(|z| ZoneId::new(z.into()));
        let day = |z| (0..288).filter(|s| self.day.level(z, Slot::new(*s)).is_some()).count();
        let hours = |z| {
            let active = |d: i64, h: i64| self.month.active(z, DayNumber::new(d), Hour::new(h)).is_some();
            (0..30).flat_map(|d| (0..24).map(move |h| (d, h))).filter(|(d, h)| active(*d, *h)).count()
        };
        Count {
            slots: zones().map(day).sum::<usize>() as u32,
            hours: zones().map(hours).sum::<usize>() as u32,
            decisions: self.decisions.len() as u32,
            audit: self.audit.len() as u32,
        }
    }

    /// The decisions that were kept, oldest first.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().map(|(_, d)| d.get())
    }

    /// Drops the decisions: keeping was switched off.
    pub fn forget_decisions(&mut self) {
        self.decisions.clear();
    }

    /// The bytes for the store.
    pub fn save(&self, permit: &KeepPermit<'_>) -> Vec<u8> {
        // One buffer of its final length: nothing is copied on the way, so the caller can wipe all of it.
        let (day_n, month_n) = (DayRing::BYTES, MonthRing::BYTES);
        let most = 4 * 4 + day_n + month_n + Audit::<AUDIT>::BYTES + 4 + self.decisions.len() * (4 + Decision::BYTES);
        let mut out = Vec::with_capacity(most);
        out.extend((day_n as u32).to_be_bytes());
        out.resize(4 + day_n, 0);
        if let Some(Ok(place)) = out.get_mut(4..).map(TryInto::try_into) {
            self.day.save(permit, place);
        }
        out.extend((month_n as u32).to_be_bytes());
        let at = out.len();
        out.resize(at + month_n, 0);
        if let Some(Ok(place)) = out.get_mut(at..).map(TryInto::try_into) {
            self.month.save(permit, place);
        }
        let at = out.len();
        out.resize(at + 4 + Audit::<AUDIT>::BYTES, 0);
        let n = self.audit.save(out.get_mut(at + 4..).unwrap_or_default());
        out.truncate(at + 4 + n);
        if let Some(length) = out.get_mut(at..at + 4) {
            length.copy_from_slice(&(n as u32).to_be_bytes());
        }
        let length = 4 + self.decisions.len() * (4 + Decision::BYTES);
        out.extend((length as u32).to_be_bytes());
        out.extend(self.slot.unwrap_or_default().to_be_bytes());
        for (age, decision) in &self.decisions {
            out.extend(age.to_be_bytes());
            let mut bytes = Decision::zeros();
            decision.encode(&mut bytes);
            out.extend_from_slice(bytes.as_ref());
        }
        out
    }

    /// Becomes stored history as it stands at a slot. It is read in place: what is moved leaves a copy behind, which no
    /// erasure would reach.
    ///
    /// # Errors
    /// Bytes that [`save`](Self::save) cannot have written: then it knows nothing but the audit it had.
    pub fn load(&mut self, permit: &KeepPermit<'_>, bytes: &[u8], slot: u32) -> Result<(), Foreign> {
        let loaded = self.take_in(permit, bytes, slot).ok_or(Foreign);
        if loaded.is_err() {
            self.day.erase(None);
            self.month.erase(None);
            self.decisions.clear();
        }
        loaded
    }

    fn take_in(&mut self, permit: &KeepPermit<'_>, bytes: &[u8], slot: u32) -> Option<()> {
        let mut rest = bytes;
        let mut part = || {
            let (length, tail) = rest.split_first_chunk()?;
            let (part, tail) = tail.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            rest = tail;
            Some(part)
        };
        let (day, month, audit, decisions) = (part()?, part()?, part()?, part()?);
        let (stored, decisions) = decisions.split_first_chunk()?;
        let stored = u32::from_be_bytes(*stored);
        let one = |entry: &[u8]| {
            let (age, bytes) = entry.split_first_chunk()?;
            Some((u32::from_be_bytes(*age), Decoded::of(bytes)?))
        };
        let entries = decisions.chunks(4 + Decision::BYTES);
        self.decisions = entries.take(DECISIONS + 1).map(one).collect::<Option<_>>()?;
        if self.decisions.len() > DECISIONS || !rest.is_empty() {
            return None;
        }
        self.day.load(permit, day, slot).ok()?;
        self.month.load(permit, month, slot).ok()?;
        let before: Vec<_> = self.audit.iter().map(|e| (e.code(), e.number())).collect();
        self.audit.load(audit, slot).ok()?;
        before.into_iter().for_each(|(code, number)| self.audit.note(code, number));
        // Decisions count their age on from when they were written.
        self.slot = Some(stored);
        self.advance(slot);
        self.slot = Some(slot);
        self.shorten();
        Some(())
    }
}

/// The store's door: decisions, while keeping is agreed to.
impl Port for History {
    type Error = Infallible;

    fn put(&mut self, message: &Wired<'_>) -> Result<(), Infallible> {
        if message.kind() == Kind::Decision {
            if self.decisions.len() >= DECISIONS {
                self.decisions.pop_front();
            }
            self.decisions.extend(message.decoded::<Decision>().map(|d| (0, d)));
        }
        Ok(())
    }
}
