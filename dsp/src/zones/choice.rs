//! Which links serve as sensors, and why not the others.

use crate::phy::Dbm;

/// Frames a second that a sensor needs at least.
const LEAST_HZ: f32 = 10.0;
/// More frames a second add nothing to the choice.
const ENOUGH_HZ: f32 = 50.0;
/// Levels between which a receiver neither drowns nor saturates, dBm.
const WEAKEST: f32 = -75.0;
const STRONGEST: f32 = -35.0;
/// A device that stands still varies less than this in quiet times, dB.
const SPREAD_DB: f32 = 2.0;

/// What is known of a link before it is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Frames a second that it gives.
    pub rate_hz: f32,
    /// Level in quiet times.
    pub level: Dbm,
    /// Standard deviation of the level in quiet times, dB.
    pub spread_db: f32,
    /// False for phones, laptops and whatever else people carry.
    pub stays: bool,
    /// True if the device runs on mains power.
    pub mains: bool,
    /// Share of good frames, 0 to 1.
    pub health: f32,
}

/// Why a link is no sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// People carry the device, or its level moves as if they did.
    Moves,
    /// It runs on a battery, which frames would empty.
    Battery,
    /// Fewer than ten frames a second.
    Slow,
    /// Too weak to tell motion from noise.
    Weak,
    /// So strong that the receiver saturates.
    Strong,
    /// Another link serves better: only so many are used.
    Enough,
}

/// How well a link serves, 0 to 1, or the first reason why it does not.
///
/// # Errors
/// [`Unfit`]; a value that is not finite counts against the link.
pub fn fitness(c: &Candidate) -> Result<f32, Unfit> {
    let within = |value: f32, low: f32, high: f32| value >= low && value <= high;
    if !c.stays || !within(c.spread_db, 0.0, SPREAD_DB) {
        Err(Unfit::Moves)
    } else if !c.mains {
        Err(Unfit::Battery)
    } else if !within(c.rate_hz, LEAST_HZ, f32::MAX) {
        Err(Unfit::Slow)
    } else if c.level.0 > STRONGEST {
        Err(Unfit::Strong)
    } else if !within(c.level.0, WEAKEST, STRONGEST) {
        Err(Unfit::Weak)
    } else {
        let level = ((c.level.0 + 82.0) / 25.0).clamp(0.0, 1.0);
        let health = if c.health > 0.0 { c.health.min(1.0) } else { 0.0 };
        Ok(c.rate_hz.min(ENOUGH_HZ) / ENOUGH_HZ * level * health)
    }
}

/// Chooses up to `most` links, one after another: the fittest, less what it has in common with those chosen before.
///
/// - Shape: `overlap(i, j)` tells how alike two links lie, 0 (apart) to 1 (parallel); `out` one answer a candidate; the
///   first of equals wins
/// - Cost: `most` x candidates² calls of `overlap`
pub fn choose(all: &[Candidate], most: usize, overlap: impl Fn(usize, usize) -> f32, out: &mut [Result<f32, Unfit>]) {
    for (o, c) in out.iter_mut().zip(all) {
        *o = Err(fitness(c).err().unwrap_or(Unfit::Enough));
    }
    for _ in 0..most {
        let chosen = |j: usize| matches!(out.get(j), Some(Ok(_)));
        let mut best: Option<(usize, f32)> = None;
        for (i, c) in all.iter().enumerate().filter(|(i, _)| !chosen(*i)) {
            let Ok(own) = fitness(c) else { continue };
            let shared = (0..all.len()).filter(|&j| chosen(j)).map(|j| overlap(i, j)).fold(0.0, f32::max);
            let worth = own * (1.0 - shared.clamp(0.0, 1.0));
            if worth > best.map_or(0.0, |b| b.1) {
                best = Some((i, worth));
            }
        }
        let Some((i, worth)) = best else { return };
        if let Some(o) = out.get_mut(i) {
            *o = Ok(worth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Candidate =
        Candidate { rate_hz: 50.0, level: Dbm(-57.0), spread_db: 0.5, stays: true, mains: true, health: 1.0 };

    #[test]
    fn every_reason_has_its_link() {
        assert_eq!(fitness(&GOOD), Ok(1.0));
        assert_eq!(fitness(&Candidate { stays: false, ..GOOD }), Err(Unfit::Moves));
        assert_eq!(fitness(&Candidate { spread_db: f32::NAN, ..GOOD }), Err(Unfit::Moves));
        assert_eq!(fitness(&Candidate { mains: false, ..GOOD }), Err(Unfit::Battery));
        assert_eq!(fitness(&Candidate { rate_hz: 9.0, ..GOOD }), Err(Unfit::Slow));
        assert_eq!(fitness(&Candidate { level: Dbm(-80.0), ..GOOD }), Err(Unfit::Weak));
        assert_eq!(fitness(&Candidate { level: Dbm(-20.0), ..GOOD }), Err(Unfit::Strong));
        assert_eq!(fitness(&Candidate { rate_hz: 25.0, ..GOOD }), Ok(0.5));
    }

    #[test]
    fn a_parallel_link_waits_behind_a_weaker_one_elsewhere() {
        let all = [
            GOOD,
            Candidate { health: 0.9, ..GOOD },
            Candidate { health: 0.5, ..GOOD },
            Candidate { mains: false, ..GOOD },
        ];
        let overlap = |i: usize, j: usize| if i + j == 1 { 0.8 } else { 0.0 };
        let mut out = [Err(Unfit::Enough); 4];
        choose(&all, 2, overlap, &mut out);
        assert_eq!(out, [Ok(1.0), Err(Unfit::Enough), Ok(0.5), Err(Unfit::Battery)]);
        choose(&all, 9, overlap, &mut out);
        assert!(out[1].is_ok_and(|w| (w - 0.18).abs() < 1e-6));
    }
}
