//! Do the bands change more than their own noise allows? Works at any packet rate, from a dozen frames on.
//!
//! Within each frame the smooth part of the channel holds the scene and the rough part the noise. A still link changes
//! by its noise, and on many receivers by one fixed pattern more (mirror image of an unbalanced mixer, gain state,
//! antenna mapping). So the strongest pattern is dropped and the rest compared with the noise.

use crate::math::{self, dot};
use crate::phy::Micros;
use crate::sanitize::bands::{Bands, MAX_BANDS};
use crate::stats::order;

use super::ring::{BandRing, SLOTS};

/// As in [`lag1`](super::lag1).
const CLIP: f32 = 2.0;
/// Steps of the power iteration; a pattern twice as strong as the next is found to 1 %.
const ITERATIONS: usize = 6;

/// Energy of the changes with the strongest pattern dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residue {
    /// Mean square of a band's change over the link's noise: under 1 when nothing but noise changes.
    pub energy: f32,
    /// Noise of the very frames behind it over the link's: about 1, more while interference lasts.
    pub noise: f32,
    /// Number of changes behind it.
    pub changes: f32,
}

/// The residue over the changes within `window` before `at`.
///
/// - Shape: `weight` as for [`BandRing::push`], `freedom` the degrees of freedom that it holds
/// - Returns `None` with fewer than five changes or fewer than three degrees of freedom
/// - Cost: 28 flops a change and band; at most 34 changes
/// - Source: an own statistic; subspace detection after Scharf and Friedlander 1994, clipping after Huber 1964
pub fn residue(ring: &BandRing, at: Micros, window: Micros, weight: &Bands, freedom: f32) -> Option<Residue> {
    let mut rows: heapless::Vec<Bands, SLOTS> = heapless::Vec::new();
    let mut noise: heapless::Vec<f32, SLOTS> = heapless::Vec::new();
    ring.changes(at, window, weight, |change| {
        let _ = rows.push(change.u);
        let _ = noise.push(change.noise);
    });
    if rows.len() < 5 || freedom < 3.0 {
        return None;
    }
    let noise = clip(&mut rows, &noise);
    let pattern = strongest(&rows)?;
    let (mut total, mut along) = (0.0, 0.0);
    for row in &rows {
        total += dot(row, row);
        let p = dot(row, &pattern);
        along += p * p;
    }
    let changes = rows.len() as f32;
    // The weights hold one over the freedom; one degree left with the pattern.
    Some(Residue { energy: (total - along) / changes * freedom / (freedom - 1.0), noise, changes })
}

/// Shrinks the changes to twice the median energy, and gives the mean of their noise with the same shares.
fn clip(rows: &mut [Bands], noise: &[f32]) -> f32 {
    let mut energies: heapless::Vec<f32, SLOTS> = heapless::Vec::new();
    rows.iter().take(SLOTS).for_each(|r| _ = energies.push(dot(r, r)));
    let Some(median) = order::nth(&energies, energies.len() / 2) else { return 1.0 };
    let limit = CLIP * median;
    let (mut sum, count) = (0.0, rows.len() as f32);
    for (row, noise) in rows.iter_mut().zip(noise) {
        let energy = dot(row, row);
        if energy > limit {
            let shrink = math::sqrt(limit / energy);
            row.iter_mut().for_each(|v| *v *= shrink);
            sum += noise * (limit / energy);
        } else {
            sum += noise;
        }
    }
    sum / count
}

/// Unit vector of the strongest pattern, or `None` if nothing changes.
fn strongest(rows: &[Bands]) -> Option<Bands> {
    let start = rows.iter().max_by(|a, b| dot(a, a).total_cmp(&dot(b, b)))?;
    let mut pattern = unit(start)?;
    for _ in 0..ITERATIONS {
        let mut next = [0.0; MAX_BANDS];
        for row in rows {
            let share = dot(row, &pattern);
            next.iter_mut().zip(row).for_each(|(n, r)| *n += share * r);
        }
        pattern = unit(&next)?;
    }
    Some(pattern)
}

fn unit(v: &Bands) -> Option<Bands> {
    let length = math::sqrt(dot(v, v));
    (length > 1e-9).then(|| v.map(|x| x / length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;
    use crate::sanitize::bands::amplitudes;
    use nalgebra::DMatrix;

    const BANDS: usize = 15;

    fn weight() -> Bands {
        let mut w = [0.0; MAX_BANDS];
        w[..BANDS].fill(0.5 / (1e-4 * BANDS as f32));
        w
    }

    /// A ring with noise of variance 1e-4, a pattern of `ripple` that jumps from frame to frame and a body of `body`.
    fn ring(gauss: &mut Gauss, ripple: f32, body: f32) -> BandRing {
        let mut ring = BandRing::default();
        for i in 0..30u64 {
            let mut x = [0.0; MAX_BANDS];
            let jump = ripple * gauss.draw();
            for (k, x) in x[..BANDS].iter_mut().enumerate() {
                let phase = i as f32 * 2.1 + k as f32 * 0.4;
                let (s, c) = math::sin_cos(phase);
                let (p, _) = math::sin_cos(k as f32 * 0.3);
                *x = 1.0 + jump * p + body * (s + 0.5 * c * c) + 0.01 * gauss.draw();
            }
            ring.push(Micros(i * 40_000), &amplitudes(&x), &weight(), Some(1.0), || 1.0);
        }
        ring
    }

    #[test]
    fn equals_a_full_decomposition() {
        let mut gauss = Gauss(5);
        for (ripple, body) in [(0.0, 0.0), (0.3, 0.0), (0.0, 0.1), (0.1, 0.05)] {
            let ring = ring(&mut gauss, ripple, body);
            let mut rows: std::vec::Vec<Bands> = std::vec::Vec::new();
            ring.changes(Micros(1_200_000), Micros(1_000_000), &weight(), |c| rows.push(c.u));
            let ones = std::vec![1.0; rows.len()];
            clip(&mut rows, &ones);
            let m = DMatrix::from_fn(rows.len(), BANDS, |i, j| f64::from(rows[i][j]));
            let values = m.svd(false, false).singular_values;
            let rest: f64 = values.iter().skip(1).map(|v| v * v).sum();
            let slow = rest / rows.len() as f64 * BANDS as f64 / (BANDS as f64 - 1.0);
            let fast = residue(&ring, Micros(1_200_000), Micros(1_000_000), &weight(), BANDS as f32).unwrap();
            assert_eq!(fast.changes, rows.len() as f32);
            // Where two patterns are nearly as strong, the iteration drops a mixture of them: a little too much remains.
            let f = f64::from(fast.energy);
            assert!(f > slow * 0.999 && f < slow * 1.1, "{ripple} {body}: {f} {slow}");
        }
    }

    #[test]
    fn a_single_pattern_is_no_motion_and_noise_stays_below_one() {
        let mut gauss = Gauss(11);
        let energy = |gauss: &mut Gauss, ripple, body| {
            residue(&ring(gauss, ripple, body), Micros(1_200_000), Micros(1_000_000), &weight(), BANDS as f32)
                .unwrap()
                .energy
        };
        for _ in 0..200 {
            let still = energy(&mut gauss, 0.0, 0.0);
            assert!(still > 0.4 && still < 1.2, "{still}");
            let ripple = energy(&mut gauss, 0.3, 0.0);
            assert!(ripple < 1.3, "{ripple}");
            assert!(energy(&mut gauss, 0.3, 0.05) > 3.0);
        }
        let few = residue(&BandRing::default(), Micros(0), Micros(1_000_000), &weight(), BANDS as f32);
        assert!(few.is_none());
    }
}
