//! A wall clock in slots that may jump, and what it hides of the age of things.

/// The time, and by how much things may be older than it says.
///
/// A clock that goes back hides as much of every age as it went back. So much less is kept, until all that was there
/// then has gone by age alone. A clock that goes forward makes things look older than they are, which does no harm.
///
/// What it cannot see: a clock that stands still, and one that was wrong while the node was off.
#[derive(Clone, Copy)]
pub(crate) struct Aging {
    /// The slot that runs.
    pub(crate) now: Option<u32>,
    hidden: u32,
    /// Slots that passed since the clock last went back.
    calm: u32,
}

impl Aging {
    pub(crate) const BYTES: usize = 13;
    pub(crate) const UNSET: Self = Self { now: None, hidden: 0, calm: 0 };

    /// Moves to a slot. `cap` is the age, in slots, that nothing may reach.
    pub(crate) fn move_to(&mut self, slot: u32, cap: u32) {
        match self.now {
            Some(now) if slot < now => {
                // The slot that ran may have been over as well.
                self.hidden = self.hidden.saturating_add(now - slot).saturating_add(1);
                self.calm = 0;
            }
            Some(now) => self.calm = self.calm.saturating_add(slot - now),
            None => {}
        }
        self.hidden = if self.calm >= cap { 0 } else { self.hidden.min(cap) };
        self.now = Some(slot);
    }

    /// Slots by which things may be older than the clock says.
    pub(crate) const fn hidden(&self) -> u32 {
        self.hidden
    }

    /// Nothing is left that a jump could have hidden the age of.
    pub(crate) const fn forget(&mut self) {
        self.hidden = 0;
    }

    pub(crate) fn save(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        let now = self.now.unwrap_or_default();
        let numbers = [now, self.hidden, self.calm];
        let [first, rest @ ..] = &mut out;
        *first = u8::from(self.now.is_some());
        for (place, v) in rest.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&v.to_be_bytes());
        }
        out
    }

    pub(crate) fn load(bytes: &[u8]) -> Option<Self> {
        let (set, rest) = bytes.split_first()?;
        let mut numbers = rest.chunks_exact(4).map(|b| b.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)));
        let (now, hidden, calm) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let now = match *set {
            0 => None,
            1 => Some(now),
            _ => return None,
        };
        Some(Self { now, hidden, calm })
    }
}
