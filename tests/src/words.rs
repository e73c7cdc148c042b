//! Random words for tests, from a seed.

use millpond_report::budget::sampler::{NoWords, Words};

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014), the upper half of each output: the word stream of the contract's
/// vectors.
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 bits.
    pub fn long(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`, which is not 0. The bias of the remainder is below 2^-40 for every `n` of these tests.
    pub fn under(&mut self, n: u64) -> u64 {
        self.long() % n
    }
}

impl Words for SplitMix {
    fn word(&mut self) -> Result<u32, NoWords> {
        Ok((self.long() >> 32) as u32)
    }
}
