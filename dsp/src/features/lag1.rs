//! Does the change persist from one frame to the next? Noise does not, whatever its level; a body does.
//!
//! The lag-1 autocorrelation of the changes over a fifth of a second. Taking changes instead of the values themselves
//! removes the static channel and slow drift without a mean to estimate, so the statistic has mean zero under noise
//! for any window, from the first second on.

use crate::math;
use crate::stats::order;

use super::ring::Step;

/// Changes that are kept: one second at 150 frames a second.
const KEPT: usize = 160;
/// Steps of the caller's clock in the window.
pub const WINDOW_STEPS: u8 = 4;
/// A change with more than this times the median energy of the window is shrunk to it: single frames from another
/// transmitter, gain state or antenna mapping do not count more than others.
const CLIP: f32 = 2.0;
/// The lag over the length of a window.
const LAG_SHARE: f32 = 0.2;

/// One change as kept: upper halves of single-precision numbers (three digits).
#[derive(Clone, Copy)]
struct Kept {
    energy: u16,
    product: u16,
    step: u8,
}

/// The changes of the last second.
#[derive(Clone, Default)]
pub struct Changes {
    kept: heapless::Deque<Kept, KEPT>,
}

/// Sums over a window of changes, after clipping. Sums of two windows that do not overlap add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Sum of energies.
    pub energy: f32,
    /// Sum of squared energies.
    pub energy_squared: f32,
    /// Number of energies.
    pub changes: f32,
    /// Sum of products.
    pub product: f32,
    /// Number of products.
    pub products: f32,
    /// Number of windows that were added up.
    pub windows: f32,
}

impl Changes {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// Takes a change; `step` is the low byte of the number of the 250 ms step that it lies in.
    pub fn push(&mut self, step: u8, change: Step) {
        if self.kept.is_full() {
            self.kept.pop_front();
        }
        let half = |v: f32| (v.to_bits() >> 16) as u16;
        let _ = self.kept.push_back(Kept { energy: half(change.energy), product: half(change.product), step });
    }

    /// Sums over the four steps before `step`.
    ///
    /// - Cost: a selection and 8 flops a change
    pub fn sums(&self, step: u8) -> Sums {
        let whole = |v: u16| f32::from_bits(u32::from(v) << 16);
        let mut energies: heapless::Vec<f32, KEPT> = heapless::Vec::new();
        let mut products: heapless::Vec<f32, KEPT> = heapless::Vec::new();
        for k in &self.kept {
            if (1..=WINDOW_STEPS).contains(&step.wrapping_sub(k.step)) {
                let _ = energies.push(whole(k.energy));
                let _ = products.push(whole(k.product));
            }
        }
        sums(&energies, &products)
    }
}

fn sums(energies: &[f32], products: &[f32]) -> Sums {
    let mut out = Sums { windows: 1.0, ..Sums::default() };
    let Some(median) = order::nth(energies, energies.len() / 2) else { return out };
    let limit = CLIP * median;
    let mut weight_before = 1.0;
    for (&energy, &product) in energies.iter().zip(products) {
        let clipped = energy > limit;
        let weight = if clipped { math::sqrt(limit / energy) } else { 1.0 };
        let energy = if clipped { limit } else { energy };
        out.energy += energy;
        out.energy_squared += energy * energy;
        out.changes += 1.0;
        if !product.is_nan() {
            out.product += product * weight * weight_before;
            out.products += 1.0;
        }
        weight_before = weight;
    }
    out
}

impl Sums {
    /// Both windows together.
    pub fn with(&self, other: &Self) -> Self {
        Self {
            energy: self.energy + other.energy,
            energy_squared: self.energy_squared + other.energy_squared,
            changes: self.changes + other.changes,
            product: self.product + other.product,
            products: self.products + other.products,
            windows: self.windows + other.windows,
        }
    }

    /// Mean energy over the noise: 1 when nothing but noise changes. NaN without a change.
    pub fn mean_energy(&self) -> f32 {
        self.energy / self.changes
    }

    /// Mean product: the part of the energy that persists to the next frame. NaN without a product.
    pub fn persistent(&self) -> f32 {
        self.product / self.products
    }

    /// Number of independent bands, as far as the changes go: a sum of f independent squares scatters by `sqrt(2/f)` of
    /// its mean. Between 1 and `freedom`.
    pub fn independent(&self, freedom: f32) -> f32 {
        let mean = self.mean_energy();
        let variance = (self.energy_squared / self.changes - mean * mean).max(0.0);
        let found = 2.0 * mean * mean / variance.max(1e-12);
        found.max(1.0).min(freedom.max(1.0))
    }

    fn scale(&self) -> f32 {
        2.0 / math::sqrt(4.0 + 2.0 * (1.0 - LAG_SHARE / self.windows.max(1.0)))
    }

    /// The autocorrelation in standard deviations of its null distribution, NaN with fewer than four products.
    ///
    /// `z = psi sqrt(N Feff 4 / v)` with `psi` the persistent share of the energy. The autocorrelation of a change is 2, -1
    /// and -1 at the lags 0 and plus or minus the lag itself, and a window of N products holds N - L pairs of the latter:
    /// `v = 2² + 2 (1 - L/N)`. Mean zero and variance one for noise that is independent from frame to frame, whatever its
    /// level and its spectrum over tones.
    ///
    /// - Units: 1
    /// - Source: Bartlett 1946 for the variance of a sample autocovariance; the statistic after Zhang et al., WiDetect,
    ///   IMWUT 3(3) 2019, here on changes and with the number of bands measured in the window
    pub fn z(&self, freedom: f32) -> f32 {
        if self.products < 4.0 {
            return f32::NAN;
        }
        let psi = self.persistent() / self.mean_energy().max(1e-12);
        psi * self.scale() * math::sqrt(self.products * self.independent(freedom))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::features::ring::BandRing;
    use crate::phy::Micros;
    use crate::sanitize::bands::{Bands, MAX_BANDS};
    use crate::stats::normal;

    /// Seeded standard normal numbers (xorshift64*, Box and Muller).
    pub(crate) struct Gauss(pub u64);

    impl Gauss {
        fn unit(&mut self) -> f64 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        }

        pub(crate) fn draw(&mut self) -> f32 {
            let r = libm::sqrt(-2.0 * libm::log(self.unit()));
            (r * libm::cos(core::f64::consts::TAU * self.unit())) as f32
        }
    }

    const BANDS: usize = 15;
    const NOISE: f32 = 1e-4;

    /// The sums over `windows` seconds of white noise that do not overlap.
    fn null(rate_hz: u64, windows: usize) -> std::vec::Vec<Sums> {
        let mut gauss = Gauss(0x1234_5678_9abc_def1 + rate_hz);
        let mut weight = [0.0; MAX_BANDS];
        weight[..BANDS].fill(0.5 / (NOISE * BANDS as f32));
        let (mut ring, mut changes) = (BandRing::default(), Changes::default());
        let mut out = std::vec::Vec::new();
        let mut n = 0u64;
        for window in 0..windows + 1 {
            for _ in 0..rate_hz {
                let mut x: Bands = [0.0; MAX_BANDS];
                x[..BANDS].iter_mut().for_each(|x| *x = 1.0 + 0.01 * gauss.draw());
                let t = Micros(n * 1_000_000 / rate_hz);
                if let Some(step) = ring.push(t, &x, &weight) {
                    changes.push((t.0 / 250_000) as u8, step);
                }
                n += 1;
            }
            if window > 0 {
                out.push(changes.sums(((window + 1) * 4) as u8));
            }
        }
        out
    }

    fn over(z: impl Iterator<Item = f32>, level: f64) -> f64 {
        z.filter(|z| f64::from(*z) > level).count() as f64
    }

    #[test]
    fn the_null_is_standard_normal() {
        // More than a million frames. The bounds are four standard deviations of a binomial count.
        for (rate, windows) in [(100u64, 10_000usize), (50, 10_000), (25, 20_000)] {
            let mut sums = null(rate, windows);
            if rate == 50 {
                sums = sums.chunks_exact(2).map(|two| two[0].with(&two[1])).collect();
            }
            for level in [2.0f64, 3.0, 4.0] {
                let expected = sums.len() as f64 * normal::tail(level);
                let spread = 4.0 * libm::sqrt(expected) + 1.0;
                // With the number of independent bands known, the law is exact.
                let exact =
                    |s: &Sums| s.persistent() / s.mean_energy() * s.scale() * math::sqrt(s.products * BANDS as f32);
                let hits = over(sums.iter().map(exact), level);
                assert!((hits - expected).abs() <= spread, "{rate}/s: {hits} over {level}, {expected} expected");
                // Measured from a few dozen changes it comes out low rather than high: never more alarms than wanted.
                let hits = over(sums.iter().map(|s| s.z(BANDS as f32)), level);
                assert!(hits <= expected + spread, "{rate}/s: {hits} over {level}, {expected} expected");
            }
        }
    }

    #[test]
    fn equals_its_slow_twin() {
        let mut changes = Changes::default();
        let mut gauss = Gauss(9);
        let steps: std::vec::Vec<(u8, Step)> = (0..200u16)
            .map(|i| {
                let product = if i % 50 == 0 { f32::NAN } else { gauss.draw() };
                (((i / 25) as u8).wrapping_add(253), Step { energy: gauss.draw().abs() * 4.0, product })
            })
            .collect();
        steps.iter().for_each(|&(n, s)| changes.push(n, s));
        let last: std::vec::Vec<Step> = steps.iter().skip(100).map(|s| s.1).collect();
        let mut sorted: std::vec::Vec<f32> = last.iter().map(|s| s.energy).collect();
        sorted.sort_by(f32::total_cmp);
        let limit = 2.0 * sorted[50];
        let weight = |s: &Step| if s.energy > limit { math::sqrt(limit / s.energy) } else { 1.0 };
        let energy: f32 = last.iter().map(|s| s.energy * weight(s) * weight(s)).sum();
        let product: f32 = (0..last.len())
            .filter(|&i| !last[i].product.is_nan())
            .map(|i| last[i].product * weight(&last[i]) * if i > 0 { weight(&last[i - 1]) } else { 1.0 })
            .sum();
        let fast = changes.sums(5);
        // Changes are kept to three digits.
        assert!((fast.energy - energy).abs() < 0.01 * energy, "{} {energy}", fast.energy);
        assert!((fast.product - product).abs() < 0.01 * energy, "{} {product}", fast.product);
        assert_eq!((fast.changes, fast.products), (100.0, 98.0));
        assert_eq!(changes.sums(100), Sums { windows: 1.0, ..Sums::default() });
    }
}
