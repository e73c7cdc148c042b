//! The last band vectors of a link, and what changed over a fifth of a second.

use crate::phy::Micros;
use crate::sanitize::bands::{Bands, MAX_BANDS};

/// Vectors that are kept: a fifth of a second at 143 frames a second, a second and more at 25.
pub const SLOTS: usize = 34;
/// Frames closer than this to the last one are left out: 150 a second are enough for any body.
pub const SPACING: Micros = Micros(6_500);
/// The lag of a change. Long against a body's decorrelation (a walker at 2.4 GHz: 50 ms), short against drift: the
/// change is a high-pass at about 1 Hz.
pub const LAG: Micros = Micros(200_000);
/// The longest that a change may reach back when frames are missing.
const LAG_MAX: Micros = Micros(450_000);
/// Bands are kept in steps of 2^-12, far below the noise of an 8-bit receiver.
const SCALE: f32 = 4096.0;

/// A vector and its time.
#[derive(Clone, Copy)]
struct Slot {
    /// Microseconds, modulo 2^32.
    t: u32,
    x: [i16; MAX_BANDS],
}

/// Ring of band vectors.
#[derive(Clone)]
pub struct BandRing {
    slots: [Slot; SLOTS],
    /// Place of the next vector.
    head: usize,
    /// Vectors that are there.
    len: usize,
}

impl Default for BandRing {
    fn default() -> Self {
        Self { slots: [Slot { t: 0, x: [0; MAX_BANDS] }; SLOTS], head: 0, len: 0 }
    }
}

/// What one frame adds.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Mean square of the change over [`LAG`], over the noise; 1 in the mean when nothing but noise changes.
    pub energy: f32,
    /// Mean product of this change and the change of the frame before over the same number of frames, in the same
    /// unit: 0 in the mean for noise that is independent from frame to frame. NaN where the rate is too low for it.
    pub product: f32,
}

impl BandRing {
    /// Forgets everything.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// The vector that is `back` before the last, which is 0.
    fn at(&self, back: usize) -> Option<&Slot> {
        if back >= self.len {
            return None;
        }
        let place = self.head + SLOTS - 1 - back;
        self.slots.get(if place >= SLOTS { place - SLOTS } else { place })
    }

    /// Time since the last vector, or `None` before the first.
    pub fn since_last(&self, t: Micros) -> Option<Micros> {
        self.at(0).map(|s| Micros(u64::from(micros(t).wrapping_sub(s.t))))
    }

    /// Takes a vector; answers with its change once there is something to compare with.
    ///
    /// - Shape: `weight` is one over twice the noise variance of each band, zero for unused ones, over the degrees of
    ///   freedom
    /// - Cost: 10 flops a band
    pub fn push(&mut self, t: Micros, x: &Bands, weight: &Bands) -> Option<Step> {
        let slot = Slot { t: micros(t), x: x.map(|v| fixed(v * SCALE)) };
        let step = self.step(&slot, weight);
        if let Some(place) = self.slots.get_mut(self.head) {
            *place = slot;
        }
        self.head = if self.head + 1 == SLOTS { 0 } else { self.head + 1 };
        self.len = (self.len + 1).min(SLOTS);
        step
    }

    fn step(&self, now: &Slot, weight: &Bands) -> Option<Step> {
        let partner = self.partner(now.t, 0)?;
        let (last, old) = (self.at(0)?, self.at(partner)?);
        // Under two frames of lag the two changes share a frame, and its noise.
        let older = self.at(partner + 1).filter(|_| partner > 0);
        let earlier = older.unwrap_or(old);
        let (mut energy, mut product) = (0.0, 0.0);
        let changes = now.x.iter().zip(&old.x).zip(last.x.iter().zip(&earlier.x));
        for (((now, old), (last, earlier)), weight) in changes.zip(weight) {
            let u = f32::from(now - old);
            let v = f32::from(last - earlier);
            energy += u * u * weight;
            product += u * v * weight;
        }
        let unit = 1.0 / (SCALE * SCALE);
        Some(Step { energy: energy * unit, product: if older.is_some() { product * unit } else { f32::NAN } })
    }

    /// The youngest vector from `first` on that is at least [`LAG`] older than `t`.
    fn partner(&self, t: u32, first: usize) -> Option<usize> {
        let age = |back: usize| self.at(back).map(|s| u64::from(t.wrapping_sub(s.t)));
        // Frames come at nearly even times: halving finds the place among all that are kept.
        let (mut young, mut old) = (first, self.len);
        while young < old {
            let mid = (young + old) / 2;
            if age(mid)? >= LAG.0 { old = mid } else { young = mid + 1 }
        }
        (age(young)? <= LAG_MAX.0).then_some(young)
    }

    /// The whitened changes of the frames within `window` before `at`, newest first, one call of `f` each.
    pub fn changes(&self, at: Micros, window: Micros, weight: &Bands, mut f: impl FnMut(&Bands)) {
        let at = micros(at);
        let window = window.0.min(1 << 30) as u32;
        let root = weight.map(|w| crate::math::sqrt(w) / SCALE);
        for (i, slot) in (0..self.len).filter_map(|i| Some((i, self.at(i)?))) {
            let age = at.wrapping_sub(slot.t);
            // Half the circle: the vector came after `at`.
            if age >= 1 << 31 {
                continue;
            }
            if age > window {
                break;
            }
            let Some(old) = self.partner(slot.t, i + 1).and_then(|p| self.at(p)) else { continue };
            let mut u = [0.0; MAX_BANDS];
            for (((u, now), old), root) in u.iter_mut().zip(slot.x).zip(old.x).zip(root) {
                *u = f32::from(now - old) * root;
            }
            f(&u);
        }
    }
}

/// Nearest whole number of a value of 0 or more, at most 32 767: adding 2^23 leaves it in the low bits.
fn fixed(v: f32) -> i16 {
    (v.min(32_767.0) + 8_388_608.0).to_bits() as i16
}

/// Low 32 bits: ages are differences modulo 2^32, and a segment's vectors are never an hour apart.
const fn micros(t: Micros) -> u32 {
    t.0 as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same from all vectors at once, in double precision.
    fn slow(frames: &[(u64, Bands)], noise: &Bands) -> Option<(f64, Option<f64>)> {
        let (n, bands) = (frames.len() - 1, noise.iter().filter(|n| **n > 0.0).count());
        let j = (0..n).rev().find(|&j| frames[n].0 - frames[j].0 >= LAG.0)?;
        let change = |p: usize, q: usize, k: usize| f64::from(frames[p].1[k]) - f64::from(frames[q].1[k]);
        let scale = |k: usize| 2.0 * f64::from(noise[k]) * bands as f64;
        let energy = (0..bands).map(|k| change(n, j, k).powi(2) / scale(k)).sum();
        let product = (j > 0 && n - j > 1)
            .then(|| (0..bands).map(|k| change(n, j, k) * change(n - 1, j - 1, k) / scale(k)).sum());
        Some((energy, product))
    }

    #[test]
    fn equals_its_slow_twin() {
        let mut noise = [0.0; MAX_BANDS];
        noise[..5].copy_from_slice(&[0.01, 0.02, 0.03, 0.01, 0.05]);
        let weight = noise.map(|n: f32| if n > 0.0 { 1.0 / (2.0 * n * 5.0) } else { 0.0 });
        for period in [9_000u64, 40_000, 90_000, 230_000] {
            let mut ring = BandRing::default();
            let mut frames = std::vec::Vec::new();
            for i in 0..80u64 {
                let mut x = [0.0; MAX_BANDS];
                for (k, x) in x[..5].iter_mut().enumerate() {
                    *x = 1.0 + 0.3 * crate::math::sin_cos((i * (k as u64 + 1)) as f32 * 0.37).0;
                }
                frames.push((i * period, x));
                let fast = ring.push(Micros(i * period), &x, &weight);
                match (fast, slow(&frames, &noise)) {
                    (None, None) => {}
                    (Some(fast), Some((energy, product))) => {
                        assert!((f64::from(fast.energy) - energy).abs() < 2e-2 * (1.0 + energy), "{period} {i}");
                        assert_eq!(fast.product.is_nan(), product.is_none(), "{period} {i}");
                        let product = product.unwrap_or_default();
                        assert!(
                            fast.product.is_nan() || (f64::from(fast.product) - product).abs() < 2e-2 * (1.0 + energy)
                        );
                    }
                    (fast, slow) => panic!("{period} {i}: {fast:?} {slow:?}"),
                }
            }
        }
    }

    #[test]
    fn an_old_vector_is_no_partner() {
        let mut ring = BandRing::default();
        let x = [1.0; MAX_BANDS];
        assert!(ring.push(Micros(0), &x, &x).is_none());
        assert!(ring.push(Micros(500_000), &x, &x).is_none());
        assert!(ring.push(Micros(720_000), &x, &x).is_some());
    }
}
