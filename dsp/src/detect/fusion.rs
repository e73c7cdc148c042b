//! Two statistics that fail for different reasons, two windows, one score.
//!
//! The autocorrelation of [`lag1`](crate::features::lag1) leads where frames are close; it knows noise by its
//! independence and so ignores every pattern that jumps from frame to frame. The residue of
//! [`subspace`](crate::features::subspace) leads where frames are far apart; it knows noise by its roughness over tones.

use crate::features::lag1::Sums;
use crate::features::subspace::Residue;
use crate::math;

/// Least depth of motion: the persistent change of the amplitude over the static channel, -34 dB (2 %).
///
/// Not from theory: motion behind walls and in neighbouring rooms lies below it, and so does half a second of the
/// quietest start in a room. Chosen on the development recordings; `docs/method.md` has the trade.
const DEPTH: f32 = 3.98e-4;
/// The same for the residue, which lacks the strongest pattern: -36 dB.
const DEPTH_RESIDUE: f32 = 2.51e-4;
/// How much more than the least depth somebody in the room moves the channel, 6 dB: least depth is a body at 5 m from both
/// ends, this one at 3.5 m. Chosen on the development recordings; `docs/presence.md` has the trade.
const IN_ROOM: f32 = 4.0;
/// Frames a second from which on the autocorrelation decides alone: a walker (1 m/s at 2.4 GHz) decorrelates to
/// J0(51 / 40) = 0.63 in one frame.
pub const FAST: f32 = 40.0;
/// Share of the threshold that the last second must reach before two seconds together may decide.
const FRESH: f32 = 0.4;
/// The score where nothing is over the least depth, as a share of the threshold; below the release level.
const SHALLOW: f32 = 0.5;
/// Highest score: beyond it a Gaussian tail means nothing.
const HIGHEST: f32 = 40.0;

/// What the link's noise is, for all windows.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// Mean noise variance of a band's amplitude, over the row's squared amplitude, times bands over freedom.
    pub variance: f32,
    /// Relative variance of the estimate itself.
    pub doubt: f32,
    /// Degrees of freedom of a band vector.
    pub freedom: f32,
    /// Noise power as groups of tones tell it over that of neighbouring tones: 1 for noise that is white over tones, more
    /// where the receiver smooths its estimate.
    pub smoothness: f32,
}

/// What one window holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Clipped sums of the changes.
    pub sums: Sums,
    /// Residue, where frames are far enough apart for it.
    pub residue: Option<Residue>,
}

/// A window's deviates.
#[derive(Clone, Copy, Debug)]
struct Deviates {
    /// Whatever the depth.
    any: f32,
    /// Limited by the least depth.
    deep: f32,
}

impl Window {
    fn deviates(&self, noise: &Noise, limit: f32) -> Option<Deviates> {
        let lag1 = self.sums.z(noise.freedom);
        let residue = self.residue.map(|r| residue_z(&r, noise));
        let both = residue.filter(|&r| r > 0.0 && lag1 > 0.0).map(|r| (r + lag1) * core::f32::consts::FRAC_1_SQRT_2);
        let lag1 = if lag1.is_nan() { None } else { Some(lag1) };
        let shallow = |z: f32| z.min(SHALLOW * limit);
        let deep_lag1 = self.sums.persistent() * noise.variance >= DEPTH;
        let deep_residue = self.residue.is_some_and(|r| r.energy * noise.variance >= DEPTH_RESIDUE);
        let any = [lag1, residue, both].into_iter().flatten().reduce(f32::max)?;
        let deep = [
            lag1.map(|z| if deep_lag1 { z } else { shallow(z) }),
            residue.map(|z| if deep_residue { z } else { shallow(z) }),
            both.map(|z| if deep_residue { z } else { shallow(z) }),
        ];
        let deep = deep.into_iter().flatten().reduce(f32::max)?;
        Some(Deviates { any, deep })
    }
}

/// The residue's logarithm over the noise, in standard deviations.
///
/// `n` changes of `f` bands hold `n f` squares; changes overlap, so that `2 n f / 3` are independent and the logarithm of
/// their mean has a variance of `3 / (n f)`; the noise estimate adds its own. The noise is the link's or that of the very
/// frames behind the residue, whichever is higher: interference raises both sides alike. Where the receiver smooths its
/// estimate over tones, the noise of a band is higher than neighbouring tones tell, by the smoothness.
fn residue_z(r: &Residue, noise: &Noise) -> f32 {
    let variance = 3.0 / (r.changes * (noise.freedom - 1.0)) + noise.doubt;
    let covered = noise.smoothness * left_of_noise(r.changes, noise.freedom) <= 1.0;
    let smoothness = if covered { 1.0 } else { noise.smoothness };
    math::ln(r.energy.max(1e-9) / (r.noise.max(1.0) * smoothness)) / math::sqrt(variance)
}

/// What white noise leaves of itself when its strongest pattern is dropped: that holds `(1 + sqrt(f / m))²` of the `f`
/// squares, with `m = 2 n / 3` independent changes, and one degree of freedom goes with it.
///
/// - Source: Marchenko and Pastur 1967, the edge of the eigenvalues of a sample covariance
fn left_of_noise(changes: f32, freedom: f32) -> f32 {
    let edge = 1.0 + math::sqrt(freedom / (changes * (2.0 / 3.0)).max(1.0));
    ((freedom - edge * edge) / (freedom - 1.0).max(1.0)).max(0.0)
}

/// What the last quarter second adds to the cumulative sums: its deviate, or nothing above zero under the least depth.
pub fn quarter(sums: &Sums, noise: &Noise) -> f32 {
    let y = sums.z_of_many(noise.freedom);
    if sums.persistent() * noise.variance >= DEPTH || y.is_nan() { y } else { y.min(0.0) }
}

/// True if a window holds motion as deep as that of somebody in the room.
pub fn in_room(second: &Window, two: &Window, noise: &Noise) -> bool {
    [second, two].into_iter().any(|w| {
        let residue = w.residue.map_or(0.0, |r| (r.energy - r.noise.max(1.0)) * noise.variance);
        w.sums.persistent() * noise.variance >= IN_ROOM * DEPTH || residue >= IN_ROOM * DEPTH_RESIDUE
    })
}

/// The fused score of the last second and the last two.
///
/// - `limit` is the threshold that the score will be compared with
/// - Returns `None` if neither window holds enough
pub fn score(second: &Window, two: &Window, noise: &Noise, limit: f32) -> Option<f32> {
    let (one, two) = (second.deviates(noise, limit), two.deviates(noise, limit));
    let fused = match (one, two) {
        (Some(one), Some(two)) if one.any >= FRESH * limit => one.deep.max(two.deep),
        (Some(one), _) => one.deep,
        (None, two) => two?.deep,
    };
    Some(fused.clamp(-HIGHEST, HIGHEST))
}
