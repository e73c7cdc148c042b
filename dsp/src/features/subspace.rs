//! Do the bands change more than their own noise allows? Works at any packet rate, from a dozen frames on.
//!
//! Within each frame the smooth part of the channel holds the scene and the rough part the noise. A still link changes
//! by its noise, and on many receivers by one fixed pattern more (mirror image of an unbalanced mixer, gain state,
//! antenna mapping). So the strongest pattern is dropped and the rest compared with the noise.

use crate::math;
use crate::phy::Micros;
use crate::sanitize::bands::{Bands, MAX_BANDS};

use super::ring::{BandRing, SLOTS};

/// As in [`lag1`](super::lag1).
const CLIP: f32 = 2.0;
/// Steps of the power iteration; a pattern twice as strong as the next is found to 1 %.
const ITERATIONS: usize = 6;

/// Energy of the changes with the strongest pattern dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residue {
    /// Mean square of a band's change over its noise: under 1 when nothing but noise changes.
    pub energy: f32,
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
    ring.changes(at, window, weight, |u| _ = rows.push(*u));
    if rows.len() < 5 || freedom < 3.0 {
        return None;
    }
    clip(&mut rows);
    let pattern = strongest(&rows)?;
    let (mut total, mut along) = (0.0, 0.0);
    for row in &rows {
        total += dot(row, row);
        let p = dot(row, &pattern);
        along += p * p;
    }
    let changes = rows.len() as f32;
    // The weights hold one over the freedom; one degree left with the pattern.
    Some(Residue { energy: (total - along) / changes * freedom / (freedom - 1.0), changes })
}

fn clip(rows: &mut [Bands]) {
    let mut energies: heapless::Vec<f32, SLOTS> = rows.iter().map(|r| dot(r, r)).collect();
    let mid = energies.len() / 2;
    let limit = CLIP * *energies.select_nth_unstable_by(mid, f32::total_cmp).1;
    for row in rows {
        let energy = dot(row, row);
        if energy > limit {
            let shrink = math::sqrt(limit / energy);
            row.iter_mut().for_each(|v| *v *= shrink);
        }
    }
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

fn dot(a: &Bands, b: &Bands) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
