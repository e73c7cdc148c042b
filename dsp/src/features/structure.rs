//! The structure function of a link: how much the channel changes within a short and a long lag, over its own noise.

use crate::phy::Micros;
use crate::sanitize::bands::MAX_BANDS;

/// Slots of the ring of past band vectors.
const SLOTS: usize = 8;
/// Shortest age of the vector that the long lag compares with.
pub const LONG_LAG: Micros = Micros(160_000);
/// Oldest age that it may have; a longer gap gives no pair.
const LONG_LAG_MAX: Micros = Micros(600_000);
/// Shortest step between two stored vectors, and between two stored changes.
pub const GRID: Micros = Micros(30_000);
/// Stored changes: four seconds on the grid.
const CHANGES: usize = 128;

/// One pair of changes.
#[derive(Clone, Copy)]
struct Change {
    /// Milliseconds since the segment began.
    ms: u32,
    /// Change against the frame before, over the noise; 1 in the mean when nothing but noise changes.
    short: f32,
    /// Change against the frame [`LONG_LAG`] ago, in the same unit.
    long: f32,
}

/// Ring of recent bands and of their changes.
#[derive(Clone, Default)]
pub struct Structure {
    slots: heapless::Deque<(u32, [f32; MAX_BANDS]), SLOTS>,
    changes: heapless::Deque<Change, CHANGES>,
}

/// Medians over a window.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// Median change within the short lag.
    pub short: f32,
    /// Median change within the long lag.
    pub long: f32,
    /// Number of changes behind the medians.
    pub pairs: u32,
}

impl Structure {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.changes.clear();
    }

    /// Takes a band vector, its noise variances and the vector of the frame before it.
    pub fn push(
        &mut self,
        ms: u32,
        x: &[f32; MAX_BANDS],
        before: &[f32; MAX_BANDS],
        noise: &[f32; MAX_BANDS],
        freedom: f32,
    ) {
        let grid_ms = (GRID.0 / 1000) as u32;
        if self.changes.back().is_some_and(|c| ms.saturating_sub(c.ms) < grid_ms) {
            return;
        }
        let age = |&&(at, _): &&(u32, [f32; MAX_BANDS])| u64::from(ms.saturating_sub(at)) * 1000;
        let old = self.slots.iter().rev().find(|s| age(s) >= LONG_LAG.0).filter(|s| age(s) <= LONG_LAG_MAX.0);
        if let Some((_, old)) = old {
            let change =
                Change { ms, short: distance(x, before, noise) / freedom, long: distance(x, old, noise) / freedom };
            if self.changes.is_full() {
                self.changes.pop_front();
            }
            let _ = self.changes.push_back(change);
        }
        if self.slots.back().is_none_or(|&(at, _)| ms.saturating_sub(at) >= grid_ms) {
            if self.slots.is_full() {
                self.slots.pop_front();
            }
            let _ = self.slots.push_back((ms, *x));
        }
    }

    /// Medians over the last `window_ms`.
    pub fn level(&self, now_ms: u32, window_ms: u32) -> Option<Level> {
        let mut short: heapless::Vec<f32, CHANGES> = heapless::Vec::new();
        let mut long: heapless::Vec<f32, CHANGES> = heapless::Vec::new();
        for c in self.changes.iter().rev().take_while(|c| c.ms + window_ms > now_ms) {
            let _ = short.push(c.short);
            let _ = long.push(c.long);
        }
        Some(Level { short: median(&mut short)?, long: median(&mut long)?, pairs: short.len() as u32 })
    }
}

fn distance(a: &[f32; MAX_BANDS], b: &[f32; MAX_BANDS], noise: &[f32; MAX_BANDS]) -> f32 {
    a.iter().zip(b).zip(noise).map(|((a, b), n)| (a - b) * (a - b) / (2.0 * n)).sum()
}

fn median(v: &mut [f32]) -> Option<f32> {
    let mid = v.len() / 2;
    (!v.is_empty()).then(|| *v.select_nth_unstable_by(mid, f32::total_cmp).1)
}
