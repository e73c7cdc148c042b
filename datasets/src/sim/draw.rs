//! Random draws with named streams: one ChaCha8 key for each seed, purpose and index, so that no link's draws depend on
//! another link, on the order of work or on the machine (all functions of `libm`, no host C library).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a stream is for. The numbers are part of every recording's identity: they never change.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Static scatterers of a link.
    Paths = 1,
    /// Receiver noise and phase of a link.
    Receiver = 2,
    /// Arrival, loss and duplicates of a link.
    Traffic = 3,
    /// Bursts of interference on a channel: the same for all its links.
    Interference = 4,
    /// A mover's own irregularity.
    Mover = 5,
    /// Shadowing and load of the radio network.
    Network = 6,
    /// Names and addresses.
    Identity = 7,
    /// A random scene.
    Scene = 8,
    /// What a neighbour's load adds to the arrivals of a link.
    Load = 9,
    /// The fixed ripple of a link's receiver.
    Ripple = 10,
}

/// A stream of draws.
#[derive(Clone)]
pub(crate) struct Draw {
    rng: ChaCha8Rng,
}

impl Draw {
    /// The stream of one task under one seed.
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&index.to_le_bytes());
        Self { rng: ChaCha8Rng::from_seed(key) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [`from`, `to`).
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Two independent standard normal values, by the transform of Box and Muller. Tails end at 6.7 sigma.
    #[inline]
    pub fn normal_pair(&mut self) -> (f32, f32) {
        let bits = self.bits();
        let u = ((bits >> 32) as f32 + 0.5) * (1.0 / 4_294_967_296.0);
        let angle = (bits as u32) as f32 * (core::f32::consts::TAU / 4_294_967_296.0);
        let r = libm::sqrtf(-2.0 * libm::logf(u));
        let (sin, cos) = libm::sincosf(angle);
        (r * cos, r * sin)
    }

    /// One standard normal value.
    pub fn normal(&mut self) -> f64 {
        f64::from(self.normal_pair().0)
    }

    /// Exponential with the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_purpose_and_index_and_repeat() {
        let first = |s, p, i| Draw::new(s, p, i).bits();
        assert_eq!(first(1, Purpose::Paths, 0), first(1, Purpose::Paths, 0));
        assert_ne!(first(1, Purpose::Paths, 0), first(2, Purpose::Paths, 0));
        assert_ne!(first(1, Purpose::Paths, 0), first(1, Purpose::Receiver, 0));
        assert_ne!(first(1, Purpose::Paths, 0), first(1, Purpose::Paths, 1));
    }

    #[test]
    fn moments() {
        let mut d = Draw::new(7, Purpose::Receiver, 0);
        let n = 100_000;
        let (mut m1, mut m2, mut m4, mut cross, mut e) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for _ in 0..n {
            let (a, b) = d.normal_pair();
            let (a, b) = (f64::from(a), f64::from(b));
            (m1, m2, m4, cross) = (m1 + a, m2 + a * a, m4 + a * a * a * a, cross + a * b);
            e += d.exponential(2.0);
        }
        let n = f64::from(n);
        // Five standard errors: 1, sqrt 2, sqrt 96, 1 and 2 over sqrt n.
        assert!((m1 / n).abs() < 0.016);
        assert!((m2 / n - 1.0).abs() < 0.023);
        assert!((m4 / n - 3.0).abs() < 0.155);
        assert!((cross / n).abs() < 0.016);
        assert!((e / n - 2.0).abs() < 0.032);
    }
}
