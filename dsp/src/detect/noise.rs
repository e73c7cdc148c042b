//! The noise floor of a link's bands, from within each frame.

use crate::detect::fusion::Noise;
use crate::sanitize::bands::{BandMap, Bands, MAX_BANDS, Powers};

/// Pairs of frames that the estimate averages over.
const FRAMES: f32 = 32.0;
/// Once it has so many, it takes every fourth pair: noise does not change from frame to frame, and pairs that share no
/// frame are independent.
const EVERY: u8 = 4;
/// First frames, which are taken as they come.
const FIRST: f32 = 4.0;
/// No later frame counts more than this times the estimate.
const CLIP: f32 = 4.0;

/// Noise variance of each band, a running mean that no single frame can move far.
#[derive(Clone)]
pub struct NoiseFloor {
    variance: Bands,
    /// One over twice the variance and the degrees of freedom: what the kernels multiply squares with.
    weight: Bands,
    frames: f32,
    skipped: u8,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self { variance: [0.0; MAX_BANDS], weight: [0.0; MAX_BANDS], frames: 0.0, skipped: 0 }
    }
}

impl NoiseFloor {
    /// Learns from two neighbouring frames.
    pub fn learn(&mut self, map: &BandMap, now: &Powers, before: &Powers, x: &Bands) {
        self.skipped = (self.skipped + 1) % EVERY;
        if self.frames >= FRAMES && self.skipped > 0 {
            return;
        }
        let mut rough = [0.0; MAX_BANDS];
        map.roughness(now, before, x, &mut rough);
        self.frames = (self.frames + 1.0).min(FRAMES);
        let share = 1.0 / self.frames;
        let clip = if self.frames < FIRST { f32::MAX } else { CLIP };
        let freedom = map.freedom() as f32;
        for ((variance, weight), &new) in self.variance.iter_mut().zip(&mut self.weight).zip(&rough).take(map.len()) {
            let new = if self.frames > 1.0 { new.min(clip * *variance) } else { new };
            *variance += share * (new - *variance);
            *weight = 0.5 / (*variance * freedom);
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
        Some(Noise { variance: sum / freedom, doubt: 2.0 / (0.34 * squares * self.frames), freedom })
    }
}
