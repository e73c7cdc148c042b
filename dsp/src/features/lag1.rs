//! Does the change persist from one frame to the next? Noise does not, whatever its level; a body does.
//!
//! The lag-1 autocorrelation of the changes over a fifth of a second. Taking changes instead of the values themselves
//! removes the static channel and slow drift without a mean to estimate, so the statistic has mean zero under noise
//! for any window, from the first second on.

use crate::math;

use super::ring::Step;

/// Changes that are kept: one second at 150 frames a second.
const KEPT: usize = 160;
/// Steps of the caller's clock in the window.
pub const WINDOW_STEPS: u8 = 4;
/// A change with more than this times the median energy of the window is shrunk to it: single frames from another
/// transmitter, gain state or antenna mapping do not count more than others.
const CLIP: f32 = 2.0;
/// The sum of N products of changes has a variance of six in units where one change has two: the change's
/// autocorrelation is 2, -1, -1 at lag 0 and plus or minus the lag, and 2² + 1 + 1 = 6.
const PRODUCT_SCALE: f32 = 0.816_496_6;

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
    let mut sorted = [0.0; KEPT];
    let sorted = &mut sorted[..energies.len()];
    sorted.copy_from_slice(energies);
    let mut out = Sums::default();
    if energies.is_empty() {
        return out;
    }
    let limit = CLIP * *sorted.select_nth_unstable_by(energies.len() / 2, f32::total_cmp).1;
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
        found.clamp(1.0, freedom.max(1.0))
    }

    /// The autocorrelation in standard deviations of its null distribution, NaN with fewer than four products.
    ///
    /// `z = psi sqrt(4/6) sqrt(N Feff)` with `psi` the persistent share of the energy. Mean zero and variance one for
    /// noise that is independent from frame to frame, whatever its level and its spectrum over tones.
    ///
    /// - Units: 1
    /// - Source: Bartlett 1946 for the variance of a sample autocovariance; the statistic after Zhang et al., WiDetect,
    ///   IMWUT 3(3) 2019, here on changes and with the number of bands measured in the window
    pub fn z(&self, freedom: f32) -> f32 {
        if self.products < 4.0 {
            return f32::NAN;
        }
        let psi = self.persistent() / self.mean_energy().max(1e-12);
        psi * PRODUCT_SCALE * math::sqrt(self.products * self.independent(freedom))
    }
}
