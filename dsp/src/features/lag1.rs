//! Does the change persist from one frame to the next? Noise does not, whatever its level; a body does.
//!
//! The lag-1 autocorrelation of the changes over a fifth of a second. Taking changes instead of the values themselves
//! removes the static channel and slow drift without a mean to estimate, so the statistic has mean zero under noise
//! for any window, from the first second on.
//!
//! Sums are kept by quarter seconds. Each has a noise level of its own, so that a burst of interference in one of them
//! counts for what it is and not for the variance of all.

use crate::math;
use crate::stats::order;
use crate::wipe;

use super::ring::Step;

/// Changes of a quarter second that are kept: 150 frames a second.
const KEPT: usize = 40;
/// Quarters that are kept: two seconds, and two for decisions that are polled late.
const QUARTERS: usize = 10;
/// A change with more than this times the median energy of its quarter is shrunk to it: single frames from another
/// transmitter, gain state or antenna mapping do not count more than others.
const CLIP: f32 = 2.0;
/// Fewer changes have no median worth the name: they take that of the quarters before them too.
const FEW: usize = 4;
/// The lag over the length of a window of a second.
const LAG_SHARE: f32 = 0.2;

/// One change as kept: upper halves of single-precision numbers (three digits).
#[derive(Clone, Copy)]
struct Kept {
    energy: u16,
    product: u16,
}

/// The changes of the last two seconds.
#[derive(Clone)]
pub struct Changes {
    /// Of the quarter that is under way, and its number.
    open: heapless::Vec<Kept, KEPT>,
    step: u8,
    /// Weight of the last change.
    weight: f32,
    /// What the products of the quarter under way share, as in [`Step`].
    shared: u8,
    quarters: heapless::Deque<Quarter, QUARTERS>,
}

/// Sums over a quarter second of changes, after clipping.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Quarter {
    energy: f32,
    energy_squared: f32,
    product: f32,
    median: f32,
    changes: u8,
    products: u8,
    /// Its number, modulo 256.
    step: u8,
    /// What its products share, in halves of the variance of one.
    shared: u8,
}

/// Sums over a window of quarters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Sum of energies.
    pub energy: f32,
    /// Number of energies.
    pub changes: f32,
    /// Sum of products.
    pub product: f32,
    /// Number of products.
    pub products: f32,
    /// Sum over the products of the squared mean energy of their quarter, and what they share.
    pub power: f32,
    /// Sum of squared differences of the energies from the mean of their quarter, the squared means times the degrees of
    /// freedom of those.
    pub scatter: (f32, f32),
    /// Length of the window in seconds.
    pub seconds: f32,
}

impl Default for Changes {
    fn default() -> Self {
        Self { open: heapless::Vec::new(), step: 0, weight: 1.0, shared: 0, quarters: heapless::Deque::new() }
    }
}

impl Changes {
    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets everything, and overwrites what was held.
    pub fn wipe(&mut self) {
        wipe::vec(&mut self.open, Kept { energy: 0, product: 0 });
        wipe::queue(&mut self.quarters, Quarter::default());
        (self.step, self.weight, self.shared) = (0, 1.0, 0);
    }

    /// Takes a change; `step` is the low byte of the number of the 250 ms step that it lies in.
    pub fn push(&mut self, step: u8, change: Step) {
        if step != self.step {
            self.close();
            self.step = step;
        }
        let half = |v: f32| (v.to_bits() >> 16) as u16;
        let _ = self.open.push(Kept { energy: half(change.energy), product: half(change.product) });
        self.shared = self.shared.saturating_add(change.shared);
    }

    /// Ends the quarter that is under way.
    fn close(&mut self) {
        let whole = |v: u16| f32::from_bits(u32::from(v) << 16);
        let mut energies: heapless::Vec<f32, KEPT> = heapless::Vec::new();
        self.open.iter().for_each(|k| _ = energies.push(whole(k.energy)));
        let Some(own) = order::nth(&energies, energies.len() / 2) else { return };
        let mut limit = own;
        if self.open.len() < FEW {
            let mut medians: heapless::Vec<f32, 4> = heapless::Vec::new();
            let _ = medians.push(own);
            self.quarters.iter().rev().take(3).for_each(|q| _ = medians.push(q.median));
            limit = order::nth(&medians, medians.len() / 2).unwrap_or(own);
        }
        let limit = CLIP * limit;
        let mut sums = Quarter { median: own, step: self.step, shared: self.shared, ..Quarter::default() };
        self.shared = 0;
        for k in &self.open {
            let (energy, product) = (whole(k.energy), whole(k.product));
            let clipped = energy > limit;
            let weight = if clipped { math::sqrt(limit / energy) } else { 1.0 };
            let energy = if clipped { limit } else { energy };
            sums.energy += energy;
            sums.energy_squared += energy * energy;
            sums.changes += 1;
            if !product.is_nan() {
                sums.product += product * weight * self.weight;
                sums.products += 1;
            }
            self.weight = weight;
        }
        self.open.clear();
        if self.quarters.is_full() {
            self.quarters.pop_front();
        }
        let _ = self.quarters.push_back(sums);
    }

    /// Sums over the `count` quarters before that of number `step`.
    ///
    /// - Cost: a selection and 8 flops a change, 10 flops a quarter
    pub fn sums(&mut self, step: u8, count: u8) -> Sums {
        if self.step != step {
            self.close();
        }
        let mut out = Sums { seconds: 0.25 * f32::from(count), ..Sums::default() };
        for q in self.quarters.iter().filter(|q| (1..=count).contains(&step.wrapping_sub(q.step))) {
            let (n, products) = (f32::from(q.changes), f32::from(q.products));
            let mean = q.energy / n;
            out.energy += q.energy;
            out.changes += n;
            out.product += q.product;
            out.products += products;
            out.power += (products + 0.5 * f32::from(q.shared)) * mean * mean;
            out.scatter.0 += (q.energy_squared - q.energy * mean).max(0.0);
            out.scatter.1 += (n - 1.0) * mean * mean;
        }
        out
    }
}

impl Sums {
    /// Mean energy over the noise: 1 when nothing but noise changes. NaN without a change.
    pub fn mean_energy(&self) -> f32 {
        self.energy / self.changes
    }

    /// Mean product: the part of the energy that persists to the next frame. NaN without a product.
    pub fn persistent(&self) -> f32 {
        self.product / self.products
    }

    /// Number of independent bands, as far as the changes go: a sum of f independent squares scatters by `sqrt(2/f)` of
    /// its mean, here within each quarter. Between 1 and `freedom`.
    pub fn independent(&self, freedom: f32) -> f32 {
        let found = 2.0 * self.scatter.1 / self.scatter.0.max(1e-12);
        found.max(1.0).min(freedom.max(1.0))
    }

    fn scale(&self) -> f32 {
        2.0 / math::sqrt(4.0 + 2.0 * (1.0 - LAG_SHARE / self.seconds.max(LAG_SHARE)))
    }

    /// The sum of the products in standard deviations of its null distribution, NaN with fewer than four products.
    ///
    /// Products of independent noise have mean zero, and those of a quarter with mean energy `e` have variance `e² / Feff`.
    /// The autocorrelation of a change is 2, -1 and -1 at the lags 0 and plus or minus the lag itself, and a window of N
    /// products holds N - L pairs of the latter, which raises the variance by `(2² + 2 (1 - L/N)) / 4`. Mean zero and
    /// variance one for noise that is independent from frame to frame, whatever its level, the level's changes from
    /// quarter to quarter, and its spectrum over tones.
    ///
    /// - Units: 1
    /// - Source: Bartlett 1946 for the variance of a sample autocovariance; the statistic after Zhang et al., WiDetect,
    ///   IMWUT 3(3) 2019, here on changes, with the level of each quarter and the number of bands measured in the window
    pub fn z(&self, freedom: f32) -> f32 {
        if self.products < 4.0 {
            return f32::NAN;
        }
        self.product * self.scale() * math::sqrt(self.independent(freedom) / self.power.max(1e-12))
    }

    /// As [`z`](Self::z), in standard deviations of a long sum of such windows: neighbouring ones hold pairs a lag apart,
    /// which a window alone does not. For cumulative sums.
    pub fn z_of_many(&self, freedom: f32) -> f32 {
        self.z(freedom) * (math::sqrt(4.0 / 6.0) / self.scale())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::features::ring::BandRing;
    use crate::phy::Micros;
    use crate::sanitize::bands::{Bands, MAX_BANDS, amplitudes};
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
    fn null(rate_hz: u64, windows: usize, seconds: u8) -> std::vec::Vec<Sums> {
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
                if let Some(step) = ring.push(t, &amplitudes(&x), &weight, Some(1.0), || 1.0) {
                    changes.push((t.0 / 250_000) as u8, step);
                }
                n += 1;
            }
            if window > 0 && window % usize::from(seconds) == 0 {
                out.push(changes.sums(((window + 1) * 4) as u8, 4 * seconds));
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
            let sums = null(rate, windows, if rate == 50 { 2 } else { 1 });
            for level in [2.0f64, 3.0, 4.0] {
                let expected = sums.len() as f64 * normal::tail(level);
                let spread = 4.0 * libm::sqrt(expected) + 1.0;
                // With the number of independent bands known, the law is exact.
                let exact = |s: &Sums| s.product * s.scale() * math::sqrt(BANDS as f32 / s.power);
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
                (
                    ((i / 25) as u8).wrapping_add(253),
                    Step { energy: gauss.draw().abs() * 4.0, product, shared: u8::from(i % 5 == 0) },
                )
            })
            .collect();
        steps.iter().for_each(|&(n, s)| changes.push(n, s));
        let (mut energy, mut product, mut power, mut before) = (0.0, 0.0, 0.0, 1.0);
        for (q, quarter) in steps.chunks(25).enumerate() {
            let mut sorted: std::vec::Vec<f32> = quarter.iter().map(|s| s.1.energy).collect();
            sorted.sort_by(f32::total_cmp);
            let limit = 2.0 * sorted[12];
            let clipped = quarter.iter().map(|s| s.1.energy.min(limit)).sum::<f32>();
            for (_, s) in quarter {
                let weight = math::sqrt(s.energy.min(limit) / s.energy);
                if q >= 4 && !s.product.is_nan() {
                    product += s.product * weight * before;
                    power += (clipped / 25.0) * (clipped / 25.0);
                }
                before = weight;
            }
            // Five halves in the quarter.
            power += if q >= 4 { 2.5 * (clipped / 25.0) * (clipped / 25.0) } else { 0.0 };
            energy += if q >= 4 { clipped } else { 0.0 };
        }
        let fast = changes.sums(5, 4);
        // Changes are kept to three digits.
        assert!((fast.energy - energy).abs() < 0.01 * energy, "{} {energy}", fast.energy);
        assert!((fast.product - product).abs() < 0.01 * energy, "{} {product}", fast.product);
        assert!((fast.power - power).abs() < 0.02 * power, "{} {power}", fast.power);
        assert_eq!((fast.changes, fast.products), (100.0, 98.0));
        assert_eq!(changes.sums(100, 4).changes, 0.0);
    }

    #[test]
    fn a_burst_of_noise_in_one_quarter_is_no_persistence() {
        // Thirty times the noise power for a quarter of each second: the law holds all the same.
        let mut gauss = Gauss(31);
        let mut weight = [0.0; MAX_BANDS];
        weight[..BANDS].fill(0.5 / (NOISE * BANDS as f32));
        let (mut ring, mut changes, mut hits) = (BandRing::default(), Changes::default(), 0.0);
        let seconds = 4000u64;
        for n in 0..seconds * 60 {
            let loud = n % 60 < 15;
            let mut x: Bands = [0.0; MAX_BANDS];
            x[..BANDS].iter_mut().for_each(|x| *x = 1.0 + if loud { 0.055 } else { 0.01 } * gauss.draw());
            let t = Micros(n * 1_000_000 / 60);
            if let Some(step) = ring.push(t, &amplitudes(&x), &weight, Some(1.0), || 1.0) {
                changes.push((t.0 / 250_000) as u8, step);
            }
            if n % 60 == 59 {
                hits += f64::from(u8::from(changes.sums(((t.0 / 250_000) + 1) as u8, 4).z(BANDS as f32) > 3.0));
            }
        }
        let expected = seconds as f64 * normal::tail(3.0);
        assert!(hits <= expected + 4.0 * libm::sqrt(expected) + 1.0, "{hits} over 3, {expected} expected");
    }
    #[test]
    fn frames_that_follow_a_gap_share_a_partner_and_are_no_persistence() {
        // Losses of five frames on average; then the same with frames of thirty times the noise power before each gap, as
        // interference loses and spoils frames alike. Each change after the gap is one to the same loud frame.
        for (loss, loud_ms) in [(0.0, 0), (0.02, 0), (0.06, 0), (0.02, 60)] {
            let mut gauss = Gauss(77);
            let mut weight = [0.0; MAX_BANDS];
            weight[..BANDS].fill(0.5 / (NOISE * BANDS as f32));
            let (mut ring, mut changes) = (BandRing::default(), Changes::default());
            let (mut lost, mut loud_until, mut sums) = (0u32, 0, std::vec::Vec::new());
            for n in 0..8000u64 * 60 {
                let ms = n * 1000 / 60;
                if n % 60 == 0 && n > 0 {
                    sums.push(changes.sums((n / 15) as u8, 4));
                }
                if gauss.unit() < loss {
                    (lost, loud_until) = (if loud_ms > 0 { 8 } else { 1 + (gauss.unit() * 9.0) as u32 }, ms + loud_ms);
                }
                let loud = ms < loud_until;
                if lost > 0 && !loud {
                    lost -= 1;
                    continue;
                }
                let level = if loud { 30.0 } else { 1.0 };
                let mut x: Bands = [0.0; MAX_BANDS];
                x[..BANDS].iter_mut().for_each(|x| *x = 1.0 + 0.01 * math::sqrt(level) * gauss.draw());
                let step = ring.push(Micros(n * 1_000_000 / 60), &amplitudes(&x), &weight, Some(level), || level);
                step.into_iter().for_each(|step| changes.push((n / 15) as u8, step));
            }
            for level in [2.0, 3.0] {
                let expected = sums.len() as f64 * normal::tail(level);
                let hits = over(sums.iter().map(|s| s.z(BANDS as f32)), level);
                std::println!("loss {loss}, loud for {loud_ms} ms: {hits} over {level}, {expected:.1} expected");
                assert!(
                    hits <= expected + 4.0 * libm::sqrt(expected) + 1.0,
                    "{hits} over {level}, {expected} expected"
                );
            }
        }
    }
}
