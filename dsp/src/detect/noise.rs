//! The noise floor of a link's bands, from within each frame.

use crate::detect::fusion::Noise;
use crate::math;
use crate::phy::Micros;
use crate::sanitize::bands::{Amplitudes, BandMap, Bands, MAX_BANDS, Powers};

/// Pairs of frames that the estimate averages over.
const FRAMES: f32 = 32.0;
/// Once it has so many, it takes every fourth pair: noise does not change from frame to frame, and pairs that share no
/// frame are independent.
const EVERY: u8 = 4;
/// Frames closer than this share a measurement: half the spacing at which the residue comes into use.
const CLOSE: Micros = Micros(12_500);
/// First frames, which are taken as they come.
const FIRST: f32 = 4.0;
/// No later frame counts more than this times the estimate.
const CLIP: f32 = 4.0;

/// Pairs of frames that the smoothness over tones averages over: a property of the receiver, which does not change.
const LONG: f32 = 256.0;

/// Noise variance of each band, a running mean that no single frame can move far.
#[derive(Clone)]
pub struct NoiseFloor {
    variance: Bands,
    /// One over twice the variance and the degrees of freedom: what the kernels multiply squares with.
    weight: Bands,
    frames: f32,
    /// Noise power of a value as groups of tones tell it and as neighbours do, and the pairs behind it.
    by_groups: f32,
    by_tones: f32,
    pairs: u16,
    skipped: u8,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self {
            variance: [0.0; MAX_BANDS],
            weight: [0.0; MAX_BANDS],
            frames: 0.0,
            by_groups: 0.0,
            by_tones: 0.0,
            pairs: 0,
            skipped: 0,
        }
    }
}

impl NoiseFloor {
    /// Learns from two neighbouring frames, `apart` apart; answers with their noise over the link's, 1 until that is
    /// known. `None` where frames follow one another so closely that these two were not looked at.
    pub fn learn(
        &mut self,
        map: &BandMap,
        now: &Powers,
        before: &Powers,
        x: &Amplitudes,
        apart: Micros,
    ) -> Option<f32> {
        self.skipped = (self.skipped + 1) % EVERY;
        let due = self.frames < FRAMES || self.skipped == 0;
        if !due && apart < CLOSE {
            return None;
        }
        let mut rough = [0.0; MAX_BANDS];
        let between_groups = map.roughness(now, before, &mut rough);
        let noise = map.noise(&rough, x);
        let level = self.over(map, &noise);
        if due {
            self.average(&noise, map.freedom() as f32);
            if let Some(by) = map.smoothness(&rough, between_groups) {
                self.compare(by);
            }
        }
        Some(level)
    }

    /// The noise of two neighbouring frames over the link's, 1 until that is known.
    pub fn level(&self, map: &BandMap, now: &Powers, before: &Powers, x: &Amplitudes) -> f32 {
        let mut rough = [0.0; MAX_BANDS];
        map.roughness(now, before, &mut rough);
        self.over(map, &map.noise(&rough, x))
    }

    fn over(&self, map: &BandMap, noise: &Bands) -> f32 {
        let known = self.frames >= FIRST;
        if known { math::dot(noise, &self.weight) * 2.0 * map.freedom() as f32 / map.len() as f32 } else { 1.0 }
    }

    /// Follows the noise as groups tell it and as neighbours do.
    fn compare(&mut self, (groups, tones): (f32, f32)) {
        self.pairs = (self.pairs + 1).min(LONG as u16);
        let share = 1.0 / f32::from(self.pairs);
        let clip = if f32::from(self.pairs) < FIRST { f32::INFINITY } else { CLIP };
        for (mean, new) in [(&mut self.by_groups, groups), (&mut self.by_tones, tones)] {
            let new = if clip.is_finite() { math::min(new, clip * *mean) } else { new };
            *mean += share * (new - *mean);
        }
    }

    fn average(&mut self, noise: &Bands, freedom: f32) {
        self.frames = (self.frames + 1.0).min(FRAMES);
        let share = 1.0 / self.frames;
        let clip = if self.frames < FIRST { f32::MAX } else { CLIP };
        for ((variance, weight), &new) in self.variance.iter_mut().zip(&mut self.weight).zip(noise) {
            let new = if self.frames > 1.0 { math::min(new, clip * *variance) } else { new };
            *variance += share * (new - *variance);
            // Of a band that is not in use the variance is zero, and so is the weight.
            let half = if *variance > 0.0 { 0.5 } else { 0.0 };
            *weight = half / (math::max(*variance, 1e-12) * freedom);
        }
    }

    /// The weights of the bands, zero before the first pair of frames.
    pub const fn weight(&self) -> &Bands {
        &self.weight
    }

    /// The noise as the fusion takes it, `None` before the first pair of frames.
    ///
    /// A second difference over n tones leaves n - 2 squares a band that correlate (their autocorrelation is 1, -2/3,
    /// 1/6: an effective share of 0.51), and neighbouring frames share a frame (a share of 2/3). The logarithm of a mean
    /// over `m` independent squares has variance `2/m`.
    pub fn of(&self, map: &BandMap) -> Option<Noise> {
        if self.frames < 1.0 {
            return None;
        }
        let squares = map.values().saturating_sub(2 * map.len()).max(1) as f32;
        let freedom = map.freedom() as f32;
        let sum: f32 = self.variance.iter().sum();
        let smoothness = if self.pairs > 0 { self.by_groups / self.by_tones.max(1e-12) } else { 1.0 };
        Some(Noise { variance: sum / freedom, doubt: 2.0 / (0.34 * squares * self.frames), freedom, smoothness })
    }
}
