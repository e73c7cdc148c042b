//! Handles: numbers that stand for a link or a pod during one epoch.
//!
//! They are a random permutation, dealt in order of arrival, in memory only. A handle says nothing of an address, and
//! tomorrow's says nothing of today's.

use crate::Raw;
use crate::budget::sampler::{NoWords, Words, below};
use crate::raw::{Address, Wipe};
use crate::wire::range::Handle;

const COUNT: usize = Handle::MAX as usize + 1;

/// A random order of all handles.
pub struct Shuffle([u8; COUNT]);

impl Shuffle {
    /// Draws one, each of the 64! orders with equal chance (Fisher and Yates, in Durstenfeld's form).
    ///
    /// - Errors: [`NoWords`] from the generator
    pub fn draw(words: &mut impl Words) -> Result<Self, NoWords> {
        let mut order = [0; COUNT];
        for (v, i) in order.iter_mut().zip(0..) {
            *v = i;
        }
        for i in (1..COUNT).rev() {
            // The remainder changes nothing; it shows the compiler that no index is out of range.
            order.swap(i, below(words, i as u32 + 1)? as usize % COUNT);
        }
        Ok(Self(order))
    }

    /// The handle at a place, counted from 0. Places repeat after 64.
    pub fn nth(&self, place: usize) -> Handle {
        Handle::new(self.0.get(place % COUNT).copied().unwrap_or_default().into())
    }
}

impl Drop for Shuffle {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

/// Deals handles to addresses in order of arrival, for one epoch. At most `N` of them, and never more than 64.
pub struct Handles<const N: usize> {
    shuffle: Shuffle,
    seen: [Option<Raw<Address>>; N],
}

impl<const N: usize> Handles<N> {
    /// An empty table for a new epoch. Drop the old one: it is wiped.
    ///
    /// - Errors: [`NoWords`] from the generator
    pub fn draw(words: &mut impl Words) -> Result<Self, NoWords> {
        Ok(Self { shuffle: Shuffle::draw(words)?, seen: [const { None }; N] })
    }

    /// The handle of an address; a new one if it has none. `None` when the table is full. Cost: O(N).
    pub fn handle(&mut self, address: &Raw<Address>) -> Option<Handle> {
        let wanted = address.open().bytes();
        let stands = |seen: &Option<Raw<Address>>| seen.as_ref().is_none_or(|a| a.open().bytes() == wanted);
        let place = self.seen.iter().take(COUNT).position(stands)?;
        let entry = self.seen.get_mut(place)?;
        entry.get_or_insert_with(|| Raw::new(Address::new(*wanted)));
        Some(self.shuffle.nth(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::sampler::tests::SplitMix;

    fn address(i: u8) -> Raw<Address> {
        Raw::new(Address::new([2, 0, 0, 0, 0, i]))
    }

    #[test]
    fn a_draw_holds_every_handle_once() {
        let shuffle = Shuffle::draw(&mut SplitMix(7)).unwrap();
        let mut all: std::vec::Vec<u8> = (0..64).map(|i| shuffle.nth(i).get()).collect();
        assert!(!all.is_sorted());
        all.sort_unstable();
        assert!(all.into_iter().eq(0..64));
    }

    #[test]
    fn handles_follow_arrival_not_addresses() {
        let mut rising = Handles::<4>::draw(&mut SplitMix(1)).unwrap();
        let mut falling = Handles::<4>::draw(&mut SplitMix(1)).unwrap();
        let a: std::vec::Vec<_> = [1, 2, 3, 1, 4, 5].iter().map(|i| rising.handle(&address(*i))).collect();
        let b: std::vec::Vec<_> = [9, 8, 7, 9, 6, 5].iter().map(|i| falling.handle(&address(*i))).collect();
        assert_eq!(a, b);
        assert_eq!((a[0], a[5]), (a[3], None));
    }

    #[test]
    fn there_is_no_65th_handle() {
        let mut handles = Handles::<70>::draw(&mut SplitMix(1)).unwrap();
        let dealt: std::vec::Vec<_> = (0..70).map(|i| handles.handle(&address(i)).map(Handle::get)).collect();
        let (first, rest) = dealt.split_at(64);
        let mut first: std::vec::Vec<u8> = first.iter().flatten().copied().collect();
        first.sort_unstable();
        assert!(first.into_iter().eq(0..64) && rest.iter().all(Option::is_none));
        assert_eq!(handles.handle(&address(3)).map(Handle::get), dealt[3], "who has one keeps it");
    }

    #[test]
    fn each_place_is_equally_likely() {
        // Place 0 over 6400 draws: 64 cells of mean 100. Chi-square with 63 degrees exceeds 114 in 1 of 10 000 seeds.
        let mut words = SplitMix(42);
        let mut cells = [0i32; COUNT];
        for _ in 0..6400 {
            cells[usize::from(Shuffle::draw(&mut words).unwrap().nth(0).get())] += 1;
        }
        let chi2: f64 = cells.iter().map(|n| f64::from(n - 100).powi(2) / 100.0).sum();
        assert!(chi2 < 114.0, "{chi2}");
    }
}
