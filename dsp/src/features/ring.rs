//! The last band vectors of a link, and what changed over a fifth of a second.

use crate::fixed;
use crate::math::{dot, max, sqrt};
use crate::phy::Micros;
use crate::sanitize::bands::{AMPLITUDE_STEPS, Amplitudes, Bands, MAX_BANDS};

/// Vectors that are kept: a fifth of a second at 150 frames a second, a second and more at 25.
pub const SLOTS: usize = 34;
/// Frames closer than this to the last one are left out: 150 a second are enough for any body.
pub const SPACING: Micros = Micros(6_500);
/// The lag of a change. Long against a body's decorrelation (a walker at 2.4 GHz: 50 ms), short against drift: the
/// change is a high-pass at about 1 Hz.
pub const LAG: Micros = Micros(200_000);
/// The longest that a change may reach back when frames are missing.
const LAG_MAX: Micros = Micros(450_000);
/// A jump stands between changes of less than this times the noise...
const STILL: f32 = 4.0;
/// ...and over it by as many standard deviations: noise does that once in 10^11 frames, 40 years at 100 a second.
const JUMP_Z: f32 = 6.7;
/// Frames further apart than this hide how a change went on: no body starts and stops within it.
const BRISK: Micros = Micros(50_000);
/// Jumps are single ones if they are further apart.
const RARE: Micros = Micros(1_000_000);
/// A change with more energy than this may be interference: the noise of its own frames is asked for.
const LOUD: f32 = 2.0;
/// A squared step.
const UNIT: f32 = 1.0 / (AMPLITUDE_STEPS * AMPLITUDE_STEPS);

/// A vector, its time and its noise, without a gap behind it.
#[derive(Clone, Copy)]
#[repr(C, packed(2))]
struct Slot {
    /// Microseconds, modulo 2^32.
    t: u32,
    /// Noise of the frame over the link's, the upper half of a single-precision number (three digits).
    level: u16,
    x: Amplitudes,
}

impl Slot {
    const EMPTY: Self = Self { t: 0, level: 0, x: [0; MAX_BANDS] };

    fn level(&self) -> f32 {
        f32::from_bits(u32::from(self.level) << 16)
    }
}

/// Ring of band vectors.
#[derive(Clone)]
pub struct BandRing {
    slots: [Slot; SLOTS],
    /// Place of the next vector.
    head: u8,
    /// Vectors that are there.
    len: u8,
    /// How far back the last vector's partner was.
    partner: u8,
    /// Changes before the last with the same partner: frames are missing after it.
    shared: u8,
    /// Energy of the last vector's change.
    energy: f32,
    /// Energy from which on a change between neighbours is a jump.
    jump: f32,
    /// When the last jump was, and the one that no change may span.
    jumped: Option<u32>,
    barrier: Option<u32>,
}

impl Default for BandRing {
    fn default() -> Self {
        Self {
            slots: [Slot::EMPTY; SLOTS],
            head: 0,
            len: 0,
            partner: SLOTS as u8,
            shared: 0,
            energy: 0.0,
            jump: f32::INFINITY,
            jumped: None,
            barrier: None,
        }
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
    /// What this product adds to the variance of a sum beside its own, in halves of that: changes to the same older frame
    /// share its noise. 0 while no frame is missing.
    pub shared: u8,
}

/// One change as the residue takes it.
#[derive(Clone, Copy)]
pub struct Whitened {
    /// Change of each band over its noise and the root of the degrees of freedom.
    pub u: Bands,
    /// Noise of the two frames that the change rests on, over the link's; 1 as a rule.
    pub noise: f32,
}

impl BandRing {
    /// Sets how much of a change between two frames noise cannot be, by the degrees of freedom of the vectors.
    ///
    /// - Source: the cube root of a mean of squares is nearly normal (Wilson and Hilferty 1931)
    pub fn tune(&mut self, freedom: f32) {
        let spread = 2.0 / (9.0 * freedom.max(1.0));
        let root = 1.0 - spread + JUMP_Z * sqrt(spread);
        self.jump = max(root * root * root, 2.0 * STILL);
    }

    /// Forgets everything.
    pub const fn clear(&mut self) {
        (self.len, self.partner, self.energy) = (0, SLOTS as u8, 0.0);
        (self.jumped, self.barrier) = (None, None);
    }

    /// Forgets everything, and overwrites what was held.
    pub fn wipe(&mut self) {
        self.slots.fill(Slot::EMPTY);
        self.jump = f32::INFINITY;
        self.clear();
    }

    /// The vector that is `back` before the last, which is 0.
    fn at(&self, back: usize) -> Option<&Slot> {
        if back >= usize::from(self.len) {
            return None;
        }
        let place = usize::from(self.head) + SLOTS - 1 - back;
        self.slots.get(if place >= SLOTS { place - SLOTS } else { place })
    }

    /// Time since the last vector, or `None` before the first.
    pub fn since_last(&self, t: Micros) -> Option<Micros> {
        self.at(0).map(|s| Micros(u64::from(micros(t).wrapping_sub(s.t))))
    }

    /// Takes a vector; answers with its change once there is something to compare with.
    ///
    /// A change is divided by the noise of its own frames, where that is known and above the link's: a burst of
    /// interference raises both, a body its change alone.
    ///
    /// - Shape: `weight` is one over twice the noise variance of each band, zero for unused ones, over the degrees of
    ///   freedom; `level` the noise of the frame over the link's if known, `measure` gives it when asked
    /// - Cost: 10 flops a band, and `measure` for a loud change
    pub fn push(
        &mut self,
        t: Micros,
        x: &Amplitudes,
        weight: &Bands,
        level: Option<f32>,
        measure: impl FnOnce() -> f32,
    ) -> Option<Step> {
        let mut slot = Slot { t: micros(t), level: half(level.unwrap_or(1.0)), x: *x };
        self.watch_for_jump(&slot, weight);
        let step = self.step(&slot, weight);
        self.energy = step.map_or(0.0, |s| s.0.energy);
        if level.is_none() && self.energy > LOUD {
            slot.level = half(measure());
        }
        let step = step.map(|(step, [old, last, earlier])| {
            let (own, before) = (over(slot.level(), old), over(last, earlier));
            let both = own * before;
            // Of the variance of a product `(a - b) (c - d)` a quarter is that of `b d`, which all m products of a group
            // hold: their sum has m squared of it.
            let shared = (f32::from(self.shared) * old * earlier / both + 0.5) as u8;
            if both <= 1.0 {
                return Step { shared, ..step };
            }
            Step { energy: step.energy / own, product: step.product / sqrt(both), shared }
        });
        if let Some(place) = self.slots.get_mut(usize::from(self.head)) {
            *place = slot;
        }
        self.head = if usize::from(self.head) + 1 == SLOTS { 0 } else { self.head + 1 };
        self.len = (self.len + 1).min(SLOTS as u8);
        step
    }

    /// Looks for a jump between the two last vectors.
    ///
    /// Another channel, gain state or antenna leaves the vectors still before and after one jump; a body moves on. No change
    /// may span it: it would look like a fifth of a second of motion. (To subtract it would not do: what is subtracted
    /// holds the noise of two frames, and that persists.) Jumps that come more often than once a second are a pattern of
    /// the receiver, and count as before.
    fn watch_for_jump(&mut self, now: &Slot, weight: &Bands) {
        if self.barrier.is_some_and(|t| now.t.wrapping_sub(t) > RARE.0 as u32) {
            self.barrier = None;
        }
        // A jump is in the last vector's change over the lag too: without that there is nothing to look for.
        if self.energy <= self.jump {
            return;
        }
        let (Some(last), Some(before), Some(first)) = (self.at(0), self.at(1), self.at(2)) else { return };
        let hop = |now: &Slot, last: &Slot| {
            let u = [&now.x, &last.x];
            let close = now.t.wrapping_sub(last.t) <= BRISK.0 as u32;
            if close { weighted(u, u, weight).0 } else { f32::NAN }
        };
        let at = last.t;
        if hop(now, last) < STILL && hop(last, before) > self.jump && hop(before, first) < STILL {
            if self.jumped.is_none_or(|t| at.wrapping_sub(t) > RARE.0 as u32) {
                self.barrier = Some(at);
            }
            self.jumped = Some(at);
        }
    }

    /// The change, and the noise levels of the vectors behind it: of its partner, and of the two of the change before.
    fn step(&mut self, now: &Slot, weight: &Bands) -> Option<(Step, [f32; 3])> {
        let before = usize::from(self.partner) + 1;
        let partner = self.find_partner(now.t)?;
        self.shared = if partner == before { self.shared.saturating_add(1) } else { 0 };
        if now.t.wrapping_sub(self.at(partner)?.t) > LAG_MAX.0 as u32 {
            return None;
        }
        let (last, old) = (self.at(0)?, self.at(partner)?);
        // Under two frames of lag the two changes share a frame, and its noise.
        let older = self.at(partner + 1).filter(|_| partner > 0);
        let earlier = older.unwrap_or(old);
        if self.barrier.is_some_and(|t| t.wrapping_sub(earlier.t) <= RARE.0 as u32 && t != earlier.t) {
            return None;
        }
        let (energy, product) = weighted([&now.x, &old.x], [&last.x, &earlier.x], weight);
        let levels = [old.level(), last.level(), earlier.level()];
        Some((Step { energy, product: if older.is_some() { product } else { f32::NAN }, shared: 0 }, levels))
    }

    /// How far back the youngest vector is that is at least [`LAG`] older than `t`, if one is. Since the last search one
    /// vector came, so the last partner is one further back, and that of `t` is none before it.
    fn find_partner(&mut self, t: u32) -> Option<usize> {
        let oldest = usize::from(self.len).checked_sub(1)?;
        let old_enough = |back: usize| self.at(back).is_some_and(|s| t.wrapping_sub(s.t) >= LAG.0 as u32);
        let mut back = oldest.min(usize::from(self.partner) + 1);
        if !old_enough(back) {
            self.partner = SLOTS as u8;
            return None;
        }
        while back > 0 && old_enough(back - 1) {
            back -= 1;
        }
        self.partner = back as u8;
        Some(back)
    }

    /// The whitened changes of the frames within `window` before `at`, newest first, one call of `f` each.
    pub fn changes(&self, at: Micros, window: Micros, weight: &Bands, mut f: impl FnMut(Whitened)) {
        let at = micros(at);
        let window = window.0.min(1 << 30) as u32;
        let root = weight.map(|w| sqrt(w) / AMPLITUDE_STEPS);
        let mut partner = 1;
        for (i, slot) in (0..usize::from(self.len)).filter_map(|i| Some((i, self.at(i)?))) {
            let age = at.wrapping_sub(slot.t);
            // Half the circle: the vector came after `at`.
            if age >= 1 << 31 {
                continue;
            }
            if age > window {
                break;
            }
            // Partners of older vectors are older.
            partner = partner.max(i + 1);
            let old = loop {
                match self.at(partner) {
                    Some(old) if slot.t.wrapping_sub(old.t) < LAG.0 as u32 => partner += 1,
                    other => break other,
                }
            };
            let Some(old) = old.filter(|old| slot.t.wrapping_sub(old.t) <= LAG_MAX.0 as u32) else { continue };
            let mut u = difference(&slot.x, &old.x);
            u.iter_mut().zip(&root).for_each(|(u, root)| *u *= root);
            f(Whitened { u, noise: 0.5 * (slot.level() + old.level()) });
        }
    }
}

/// Upper half of a single-precision number: three digits.
const fn half(v: f32) -> u16 {
    (v.to_bits() >> 16) as u16
}

/// The noise of two frames over the link's, at least 1.
const fn over(a: f32, b: f32) -> f32 {
    (0.5 * (a + b)).max(1.0)
}

/// Sums over bands of `u² w` and `u v w`, with `u` and `v` the differences of two vectors each.
fn weighted(u: [&Amplitudes; 2], v: [&Amplitudes; 2], weight: &Bands) -> (f32, f32) {
    let (energy, product) =
        if fixed::IN_USE { fixed::weighted(u, v, weight) } else { weighted_in_floats(u, v, weight) };
    (energy * UNIT, product * UNIT)
}

fn weighted_in_floats([now, old]: [&Amplitudes; 2], [last, earlier]: [&Amplitudes; 2], weight: &Bands) -> (f32, f32) {
    let (u, v) = (difference(now, old), difference(last, earlier));
    let mut weighted = u;
    weighted.iter_mut().zip(weight).for_each(|(o, w)| *o *= w);
    (dot(&u, &weighted), dot(&v, &weighted))
}

fn difference(a: &[i16; MAX_BANDS], b: &[i16; MAX_BANDS]) -> Bands {
    let mut out = [0.0; MAX_BANDS];
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o = f32::from(a.saturating_sub(*b));
    }
    out
}

/// Low 32 bits: ages are differences modulo 2^32, and a segment's vectors are never an hour apart.
const fn micros(t: Micros) -> u32 {
    t.0 as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::bands::amplitudes;

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
                let fast = ring.push(Micros(i * period), &amplitudes(&x), &weight, Some(1.0), || 1.0);
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
    fn a_change_is_divided_by_the_noise_of_its_own_frames_and_asks_for_it_when_loud() {
        let weight = [0.5 / (0.01 * MAX_BANDS as f32); MAX_BANDS];
        let run = |noise: f32| {
            let (mut ring, mut asked, mut last) = (BandRing::default(), 0, None);
            for i in 0..12u64 {
                let mut x = [1.0; MAX_BANDS];
                if i >= 8 {
                    x.iter_mut().skip(i as usize % 2).step_by(2).for_each(|x| *x = 2.0);
                }
                let measure = || {
                    asked += 1;
                    noise
                };
                last = ring.push(Micros(i * 50_000), &amplitudes(&x), &weight, None, measure);
            }
            (last.unwrap(), asked)
        };
        let (quiet, asked) = run(1.0);
        assert_eq!(asked, 4, "only loud changes ask");
        let (loud, _) = run(15.0);
        // One frame in two of the change is loud: its noise is 8 times the link's.
        assert!((quiet.energy / loud.energy - 8.0).abs() < 1e-3, "{} {}", quiet.energy, loud.energy);
    }

    #[test]
    fn an_old_vector_is_no_partner() {
        let mut ring = BandRing::default();
        let x = [1.0; MAX_BANDS];
        assert!(ring.push(Micros(0), &amplitudes(&x), &x, Some(1.0), || 1.0).is_none());
        assert!(ring.push(Micros(500_000), &amplitudes(&x), &x, Some(1.0), || 1.0).is_none());
        assert!(ring.push(Micros(720_000), &amplitudes(&x), &x, Some(1.0), || 1.0).is_some());
    }
}
