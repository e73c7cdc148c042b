//! The audit: what was done to the node's exposure, for everybody at home to read.
//!
//! [`Privacy`](crate::Privacy) writes its own changes into a small one that nobody can leave out; a node carries them over
//! into a long one, which is kept for 90 days. Entries are event codes: no names, no addresses, no values from the air.

use crate::aging::Aging;
use crate::wire::range::Number;
use crate::wire::sort_by_key;
use crate::{EventCode, Foreign};

/// Age that no entry may reach, in slots: 90 days.
pub const CAP: u32 = 90 * 288;
const UNKNOWN: u32 = u32::MAX;
const ENTRY: usize = 7;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    at: u32,
    number: Number,
    code: EventCode,
}

impl Entry {
    /// When, in slots since Monday, 5 January 1970; `None` where the time was not known.
    pub fn at(&self) -> Option<u32> {
        Some(self.at).filter(|at| *at != UNKNOWN)
    }

    /// What.
    pub const fn code(&self) -> EventCode {
        self.code
    }

    /// How many, or which.
    pub const fn number(&self) -> Number {
        self.number
    }

    fn save(&self) -> [u8; ENTRY] {
        let ([a, b, c, d], [e, f]) = (self.at.to_be_bytes(), self.number.get().to_be_bytes());
        [self.code as u8, a, b, c, d, e, f]
    }

    fn load(bytes: &[u8]) -> Option<Self> {
        let [code, a, b, c, d, e, f] = *bytes.first_chunk::<ENTRY>()?;
        let code = EventCode::ALL.iter().find(|c| **c as u8 == code)?;
        // What an older release stored of a code that has a narrower range now is cut, not refused: the rest would go as well.
        let number = code.number(Number::new(i64::from(u16::from_be_bytes([e, f]))));
        Some(Self { at: u32::from_be_bytes([a, b, c, d]), number, code: *code })
    }
}

impl EventCode {
    /// What the contract asks to be found again (I12): raises, tokens, exports, erasures, history reads, changes from
    /// outside. Anybody can cause the others, so they must not be able to push these out.
    pub const fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::LevelRaised
                | Self::SensingOn
                | Self::ZoneOn
                | Self::Resumed
                | Self::WeeklyOn
                | Self::KeepOn
                | Self::HoldOff
                | Self::TokenMade
                | Self::Exported
                | Self::Imported
                | Self::Erased
                | Self::HistoryRead
                | Self::SettingChanged
        )
    }
}

/// The last `N` entries, oldest first. Time is the caller's wall clock, which may jump.
pub struct Audit<const N: usize> {
    entries: [Option<Entry>; N],
    clock: Aging,
}

impl<const N: usize> Audit<N> {
    /// Bytes of a stored audit.
    pub const BYTES: usize = Aging::BYTES + N * ENTRY;

    /// Holds nothing.
    pub const fn new() -> Self {
        Self { entries: [None; N], clock: Aging::UNSET }
    }

    /// Moves to a slot since Monday, 5 January 1970, and drops what is too old: once a slot. Returns how many went.
    pub fn advance(&mut self, slot: u32) -> usize {
        let before = self.len();
        // The greatest number stands for an unknown time.
        let slot = slot.min(UNKNOWN - 1);
        self.clock.move_to(slot, CAP);
        let hidden = self.clock.hidden();
        for place in &mut self.entries {
            if let Some(entry) = place {
                // What was noted before the clock was set, or lies in the future after a step back, happened now at the latest.
                entry.at = entry.at.min(slot);
            }
            if place.is_some_and(|e| (slot - e.at).saturating_add(hidden) >= CAP) {
                *place = None;
            }
        }
        self.close_up();
        before - self.len()
    }

    /// Notes what happened, at the time of the last [`advance`](Self::advance). What anybody can cause is not noted twice
    /// in a row for one slot; the rest always is (I12). When all is full, the oldest that anybody can cause goes; then the
    /// oldest.
    pub fn note(&mut self, code: EventCode, number: Number) {
        let at = self.clock.now.unwrap_or(UNKNOWN);
        self.push(Entry { at, number: code.number(number), code });
    }

    fn push(&mut self, entry: Entry) {
        let again = self.entries.iter().flatten().next_back() == Some(&entry);
        if again && !entry.code.is_lasting() {
            return;
        }
        if self.len() == N {
            let small = |e: &Option<Entry>| e.is_some_and(|e| !e.code.is_lasting());
            let victim = self.entries.iter().position(small).unwrap_or(0);
            if let Some(place) = self.entries.get_mut(victim) {
                *place = None;
            }
            self.close_up();
        }
        if let Some(place) = self.entries.iter_mut().find(|e| e.is_none()) {
            *place = Some(entry);
        }
    }

    /// Takes over what another audit holds, and leaves it empty. Returns how many entries came.
    pub fn take<const M: usize>(&mut self, from: &mut Audit<M>) -> usize {
        let n = from.len();
        for place in &mut from.entries {
            if let Some(entry) = place.take() {
                self.push(entry);
            }
        }
        n
    }

    /// Forgets every entry. Returns how many there were. The clock stays, so that nothing older can come back.
    pub fn clear(&mut self) -> usize {
        self.entries.iter_mut().map(|place| usize::from(place.take().is_some())).sum()
    }

    /// The entries, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// By how many slots things may be older than the clock says.
    pub(crate) const fn hidden(&self) -> u32 {
        self.clock.hidden()
    }

    fn close_up(&mut self) {
        sort_by_key(&mut self.entries, Option::is_none);
    }

    /// Writes the audit down for the store: at most [`BYTES`](Self::BYTES), the number of bytes is returned.
    pub fn save(&self, out: &mut [u8]) -> usize {
        let bytes = self.clock.save().into_iter().chain(self.iter().flat_map(Entry::save));
        out.iter_mut().zip(bytes).map(|(place, b)| *place = b).count()
    }

    /// Becomes the stored audit, as it stands at a slot.
    ///
    /// # Errors
    /// Foreign bytes: nothing is changed.
    pub fn load(&mut self, bytes: &[u8], slot: u32) -> Result<(), Foreign> {
        let (clock, entries) = bytes.split_at_checked(Aging::BYTES).ok_or(Foreign)?;
        let clock = Aging::load(clock).ok_or(Foreign)?;
        let mut stored = entries.chunks_exact(ENTRY).map(Entry::load);
        if entries.len() % ENTRY != 0 || entries.len() / ENTRY > N || stored.clone().any(|e| e.is_none()) {
            return Err(Foreign);
        }
        self.clock = clock;
        self.entries.iter_mut().for_each(|place| *place = stored.next().flatten());
        self.advance(slot);
        Ok(())
    }
}

impl<const N: usize> Default for Audit<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn codes<const N: usize>(audit: &Audit<N>) -> Vec<(EventCode, u16)> {
        audit.iter().map(|e| (e.code(), e.number().get())).collect()
    }

    #[test]
    fn nobody_pushes_out_a_raise() {
        let mut audit = Audit::<4>::new();
        audit.advance(0);
        audit.note(EventCode::LevelRaised, Number::new(2));
        for n in 0..100 {
            audit.advance(n);
            audit.note(EventCode::Paused, Number::new(15));
            audit.note(EventCode::Paused, Number::new(15));
        }
        assert_eq!((audit.len(), codes(&audit)[0]), (4, (EventCode::LevelRaised, 2)));
        assert_eq!(audit.iter().filter_map(Entry::at).collect::<Vec<_>>(), [0, 97, 98, 99]);
        for n in 0..4 {
            audit.note(EventCode::Imported, Number::new(n));
        }
        let imports = (0..4).map(|n| (EventCode::Imported, n));
        assert!(codes(&audit).into_iter().eq(imports), "all last: the oldest goes");
    }

    #[test]
    fn each_lasting_code_survives_a_flood() {
        use EventCode::*;
        let lasting = [
            LevelRaised,
            SensingOn,
            ZoneOn,
            Resumed,
            WeeklyOn,
            KeepOn,
            HoldOff,
            TokenMade,
            Exported,
            Imported,
            Erased,
            HistoryRead,
            SettingChanged,
        ];
        for code in EventCode::ALL {
            let mut audit = Audit::<4>::new();
            audit.note(*code, Number::new(1));
            for n in 0..100 {
                audit.advance(n);
                audit.note(if n % 2 == 0 { Paused } else { LoginFailed }, Number::new(15));
            }
            let there = audit.iter().any(|e| e.code() == *code) && !matches!(code, Paused | LoginFailed);
            assert_eq!(there, lasting.contains(code), "{}", code.text());
        }
    }

    #[test]
    fn each_change_of_one_slot_leaves_its_entry() {
        use EventCode::{LevelLowered, LevelRaised, Paused, TokenMade};
        let mut audit = Audit::<16>::new();
        audit.advance(7);
        let done = [LevelRaised, LevelLowered, LevelRaised, LevelLowered, TokenMade, TokenMade];
        done.into_iter().for_each(|code| audit.note(code, Number::new(2)));
        assert!(codes(&audit).into_iter().map(|(code, _)| code).eq(done), "all of them, in their order");
        (0..9).for_each(|_| audit.note(Paused, Number::new(15)));
        assert_eq!(audit.len(), done.len() + 1, "what anybody can repeat stands once in a row");
    }

    #[test]
    fn entries_end_after_90_days_and_earlier_after_a_step_back() {
        let mut audit = Audit::<8>::new();
        audit.note(EventCode::Started, Number::new(0));
        audit.advance(1000);
        assert_eq!(audit.iter().next().and_then(Entry::at), Some(1000), "noted before the clock was set");
        assert_eq!((audit.advance(1000 + CAP - 1), audit.len()), (0, 1));
        assert_eq!((audit.advance(1000 + CAP), audit.len()), (1, 0));
        audit.note(EventCode::Started, Number::new(0));
        audit.advance(1000 + CAP - 9);
        assert_eq!(audit.advance(1000 + 2 * CAP - 9 - 10), 1, "ten slots are hidden");
    }

    #[test]
    fn an_audit_is_taken_over_and_stored() {
        let (mut small, mut long) = (Audit::<4>::new(), Audit::<16>::new());
        small.advance(50);
        long.advance(50);
        small.note(EventCode::SensingOn, Number::new(0));
        assert_eq!((long.take(&mut small), small.len(), long.len()), (1, 0, 1));
        let mut bytes = vec![0; Audit::<16>::BYTES];
        let n = long.save(&mut bytes);
        bytes.truncate(n);
        let mut back = Audit::<16>::new();
        assert_eq!((back.load(&bytes, 50), codes(&back)), (Ok(()), codes(&long)));
        assert!(back.load(&bytes[..n - 1], 50).is_err());
        assert!(Audit::<0>::new().load(&bytes, 50).is_err());
        bytes[Aging::BYTES] = 0;
        assert!(back.load(&bytes, 50).is_err(), "no such event");
        assert_eq!(codes(&back), codes(&long), "what is foreign changes nothing");
    }
}
