//! Random handles from the seed that the host drew.

use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::handle::Shuffle;
use rand_chacha::ChaCha8Core;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::rand_core::block::BlockRngCore;

/// Words of a key.
const KEY: usize = 8;

/// The key of the next epoch; the host's seed at first.
///
/// Each epoch's random words begin with the key of the next, and the key that they came from is overwritten (Bernstein,
/// "Fast-key-erasure random-number generators", 2017): from what a sensor holds, nobody can tell earlier handles.
pub(crate) struct Seed {
    key: [u32; KEY],
}

impl Seed {
    pub(crate) const fn new(key: [u32; KEY]) -> Self {
        Self { key }
    }

    /// The handles of the next epoch. None without a seed: whoever has no random numbers gets no handles.
    pub(crate) fn shuffle(&mut self) -> Option<Shuffle> {
        if self.key == [0; KEY] {
            return None;
        }
        let mut bytes = [0; 4 * KEY];
        for (to, from) in bytes.chunks_exact_mut(4).zip(self.key) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        let mut words = Generator { core: ChaCha8Core::from_seed(bytes), block: Default::default(), used: usize::MAX };
        for word in &mut self.key {
            *word = words.word().ok()?;
        }
        Shuffle::draw(&mut words).ok()
    }
}

/// The stream of one key. The crate's own generator indexes into its block, which is a way to panic on some targets.
struct Generator {
    core: ChaCha8Core,
    block: <ChaCha8Core as BlockRngCore>::Results,
    used: usize,
}

impl Words for Generator {
    fn word(&mut self) -> Result<u32, NoWords> {
        if self.used >= self.block.as_ref().len() {
            self.core.generate(&mut self.block);
            self.used = 0;
        }
        let word = self.block.as_ref().get(self.used).copied();
        self.used += 1;
        word.ok_or(NoWords)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handles(shuffle: &Shuffle) -> Vec<u8> {
        (0..64).map(|i| shuffle.nth(i).get()).collect()
    }

    #[test]
    fn every_epoch_has_its_own_handles_and_every_seed_its_own_epochs() {
        let mut a = Seed::new([7; 8]);
        let (one, two) = (handles(&a.shuffle().unwrap()), handles(&a.shuffle().unwrap()));
        assert_ne!(one, two);
        assert_eq!(one, handles(&Seed::new([7; 8]).shuffle().unwrap()));
        assert_ne!(one, handles(&Seed::new([8; 8]).shuffle().unwrap()));
        assert!(Seed::new([0; 8]).shuffle().is_none());
    }
}
