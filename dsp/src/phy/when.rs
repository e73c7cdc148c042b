//! A time that may not have come, in eight bytes.

use core::num::NonZeroU64;

use super::Micros;

/// As `Option<Micros>`, which takes sixteen bytes. The last microsecond of the clock counts as the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When(Option<NonZeroU64>);

impl When {
    /// Not yet.
    pub const NEVER: Self = Self(None);

    /// At that time.
    pub const fn at(t: Micros) -> Self {
        Self(NonZeroU64::new(t.0.saturating_add(1)))
    }

    /// When, `None` if never.
    pub const fn get(self) -> Option<Micros> {
        match self.0 {
            Some(t) => Some(Micros(t.get() - 1)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_but_the_last_comes_back() {
        for t in [0, 1, 250_000, u64::MAX - 1] {
            assert_eq!(When::at(Micros(t)).get(), Some(Micros(t)));
        }
        assert_eq!(When::at(Micros(u64::MAX)).get(), Some(Micros(u64::MAX - 1)));
        assert_eq!((When::NEVER.get(), When::default()), (None, When::NEVER));
        assert_eq!(size_of::<When>(), 8);
    }
}
