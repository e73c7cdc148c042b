//! Random numbers: one named generator, and distributions written out so that a seed gives the same site for ever.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of random numbers for one task of one seed.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of a task: the same for the same seed and task, whatever runs beside it.
    pub fn new(seed: u64, task: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(task);
        Self(rng)
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A whole number under `n`, at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    /// True with a probability.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Normal, by Box and Muller.
    pub fn normal(&mut self, mean: f64, sigma: f64) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        mean + sigma * libm::sqrt(-2.0 * libm::log(u)) * libm::cos(core::f64::consts::TAU * v)
    }

    /// Log-normal of a median.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(self.normal(0.0, sigma))
    }

    /// Exponential of a mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.uniform())
    }

    /// Poisson of a small mean, by inversion.
    pub fn poisson(&mut self, mean: f64) -> usize {
        let (mut n, mut left) = (0, libm::exp(mean) * self.uniform());
        let mut term = 1.0;
        while left > term && n < 1_000 {
            left -= term;
            n += 1;
            term *= mean / n as f64;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_what_they_say() {
        let mut d = Draw::new(1, 0);
        let n = 20_000;
        let mut mean = |f: &mut dyn FnMut(&mut Draw) -> f64| (0..n).map(|_| f(&mut d)).sum::<f64>() / f64::from(n);
        // Four standard errors of each mean.
        assert!((mean(&mut |d| d.uniform()) - 0.5).abs() < 0.0082);
        assert!(mean(&mut |d| d.normal(0.0, 1.0)).abs() < 0.028);
        assert!((mean(&mut |d| d.exponential(0.15)) - 0.15).abs() < 0.0043);
        assert!((mean(&mut |d| d.poisson(8.0) as f64) - 8.0).abs() < 0.08);
    }

    #[test]
    fn tasks_have_their_own_streams() {
        assert_ne!(Draw::new(1, 0).uniform(), Draw::new(1, 1).uniform());
        assert_eq!(Draw::new(1, 7).uniform(), Draw::new(1, 7).uniform());
    }
}
