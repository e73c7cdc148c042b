//! Random handles from the seed that the host drew.

use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::handle::Shuffle;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The host's seed, and how many epochs it has served.
pub(crate) struct Seed {
    words: [u32; 8],
    epoch: u64,
}

impl Seed {
    pub(crate) const fn new(words: [u32; 8]) -> Self {
        Self { words, epoch: 0 }
    }

    /// The handles of the next epoch. None without a seed: whoever has no random numbers gets no handles.
    pub(crate) fn shuffle(&mut self) -> Option<Shuffle> {
        if self.words == [0; 8] {
            return None;
        }
        let mut bytes = [0; 32];
        for (to, from) in bytes.chunks_exact_mut(4).zip(self.words) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        let mut generator = ChaCha8Rng::from_seed(bytes);
        generator.set_stream(self.epoch);
        self.epoch += 1;
        Shuffle::draw(&mut Generator(generator)).ok()
    }
}

struct Generator(ChaCha8Rng);

impl Words for Generator {
    fn word(&mut self) -> Result<u32, NoWords> {
        Ok(self.0.next_u32())
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
