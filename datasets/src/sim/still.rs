//! What a person does who stays in place: breath that may be held, and fidgets.

use serde::{Deserialize, Serialize};

use super::draw::{Draw, Purpose};

/// Small movements of a seated person, as a Poisson process. They come by the scene alone, whatever the recording's seed,
/// so that the truth knows them; a fidget counts as moving.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fidgets {
    /// Mean number a minute: 0.3 to 1.
    pub per_min: f64,
    /// Seed of the times and sizes.
    #[serde(default)]
    pub seed: u64,
}

/// Breath that stops at regular times with the chest at rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apnoea {
    /// From the start of one pause to that of the next, s.
    pub every_s: f64,
    /// Length of a pause, s.
    pub hold_s: f64,
}

/// One small movement, there and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fidget {
    pub from_s: f64,
    pub to_s: f64,
    /// Shift of the trunk at its largest, forward and left, m.
    pub lean_m: [f64; 2],
    /// Reach of one arm at its largest, forward, m; the sign tells which arm.
    pub reach_m: f64,
}

/// The fidgets of one day repeat each day.
const DAY_S: f64 = 86_400.0;

impl Fidgets {
    /// The fidgets of a day in order of time; none overlap.
    pub(crate) fn day(&self, mover: usize) -> Vec<Fidget> {
        let mut found = Vec::new();
        if self.per_min <= 0.0 {
            return found;
        }
        let mut d = Draw::new(self.seed, Purpose::Mover, 1 << 32 | mover as u64);
        let mut at = 0.0;
        loop {
            let from_s = at + d.exponential(60.0 / self.per_min);
            let to_s = from_s + d.between(0.6, 2.0);
            if to_s >= DAY_S {
                return found;
            }
            let lean_m = [d.between(-0.05, 0.05), d.between(-0.05, 0.05)];
            let reach_m = d.between(0.1, 0.3) * if d.chance(0.5) { 1.0 } else { -1.0 };
            found.push(Fidget { from_s, to_s, lean_m, reach_m });
            at = to_s;
        }
    }
}

/// The fidget of a time, and how far it has come, 0 to 1.
pub(crate) fn fidget_at(day: &[Fidget], t: f64) -> Option<(f64, Fidget)> {
    let t = t - DAY_S * libm::floor(t / DAY_S);
    let next = day.partition_point(|f| f.from_s <= t);
    let f = *day.get(next.checked_sub(1)?)?;
    let rise = libm::sin(core::f64::consts::PI * (t - f.from_s) / (f.to_s - f.from_s));
    (t < f.to_s).then_some((rise * rise, f))
}

/// Starts and ends up to a time in s.
pub(crate) fn fidget_marks(day: &[Fidget], until: f64) -> Vec<f64> {
    let days = (until / DAY_S).ceil() as u32;
    let marks = (0..days).flat_map(|k| {
        let shift = DAY_S * f64::from(k);
        day.iter().flat_map(move |f| [shift + f.from_s, shift + f.to_s])
    });
    marks.take_while(|&t| t < until).collect()
}

/// Breaths done by a time, at a rate a minute; a whole number is a chest at rest. Between two pauses there is a whole
/// number of breaths, at least one, so that the chest rests without a jerk.
pub(crate) fn breaths(t: f64, per_min: f64, apnoea: Option<Apnoea>) -> f64 {
    let Some(a) = apnoea else { return t * per_min / 60.0 };
    let run_s = a.every_s - a.hold_s;
    let whole = libm::rint(run_s * per_min / 60.0).max(1.0);
    let done = libm::floor(t / a.every_s);
    whole * (done + ((t - done * a.every_s) / run_s).min(1.0))
}

/// Times at which the breaths of a day begin, the last one after its end, s: lengths scatter by a share of their mean and
/// add up. Empty where they keep the clock.
pub(crate) fn breath_starts(per_min: f64, jitter: f64, draw: &mut Draw) -> Vec<f64> {
    if per_min <= 0.0 || jitter <= 0.0 {
        return Vec::new();
    }
    let (mut starts, mut at) = (vec![0.0], 0.0);
    while at < DAY_S {
        // Nobody breathes in no time, however the draw falls.
        at += 60.0 / per_min * (1.0 + jitter * draw.normal()).max(0.2);
        starts.push(at);
    }
    starts
}

/// Breaths done by a time of day; a whole number is a chest at rest.
pub(crate) fn breaths_by(starts: &[f64], t: f64) -> f64 {
    let t = t - DAY_S * libm::floor(t / DAY_S);
    let next = starts.partition_point(|&s| s <= t).clamp(1, starts.len() - 1);
    let (from, to) = (starts[next - 1], starts[next]);
    (next - 1) as f64 + (t - from) / (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fidgets_are_a_poisson_process() {
        let day = Fidgets { per_min: 0.5, seed: 3 }.day(0);
        // 120 s between them and 1.3 s in each: 712 a day, standard error 27.
        assert!((day.len() as f64 - DAY_S / 121.3).abs() < 5.0 * 27.0, "{}", day.len());
        assert!(day.windows(2).all(|w| w[0].to_s <= w[1].from_s));
        let gaps: Vec<f64> = day.windows(2).map(|w| w[1].from_s - w[0].to_s).collect();
        let long = gaps.iter().filter(|g| **g > 120.0).count() as f64 / gaps.len() as f64;
        // Of an exponential law, e^-1 lies above the mean.
        assert!((long - 0.368).abs() < 0.09, "{long}");
        assert_ne!(day, Fidgets { per_min: 0.5, seed: 4 }.day(0));
        assert!(Fidgets { per_min: 0.0, seed: 3 }.day(0).is_empty());
    }

    #[test]
    fn a_fidget_goes_there_and_back_and_comes_again_the_next_day() {
        let day = Fidgets { per_min: 1.0, seed: 1 }.day(0);
        let f = day[5];
        let rise = |t: f64| fidget_at(&day, t).map_or(0.0, |(rise, _)| rise);
        assert!(rise(f.from_s + 1e-6) < 1e-9 && rise(f.to_s - 1e-6) < 1e-9);
        assert!((rise(0.5 * (f.from_s + f.to_s)) - 1.0).abs() < 1e-9);
        assert_eq!(rise(f.to_s), 0.0);
        assert!((rise(DAY_S + 0.5 * (f.from_s + f.to_s)) - 1.0).abs() < 1e-6);
        let marks = fidget_marks(&day, f.to_s + 1e-9);
        assert_eq!(marks.len(), 12);
    }

    #[test]
    fn breaths_scatter_by_their_share_and_run_away_from_the_clock() {
        let starts = breath_starts(15.0, 0.04, &mut Draw::new(1, Purpose::Mover, 0));
        let lengths: Vec<f64> = starts.windows(2).map(|w| w[1] - w[0]).collect();
        let n = lengths.len() as f64;
        let mean = lengths.iter().sum::<f64>() / n;
        let sd = (lengths.iter().map(|l| (l - mean) * (l - mean)).sum::<f64>() / n).sqrt();
        assert!((mean - 4.0).abs() < 5.0 * 0.16 / n.sqrt() && (sd / 0.16 - 1.0).abs() < 0.03, "{mean} {sd}");
        for t in [0.0, 1.7, 3_000.0, 80_000.0] {
            let (a, b) = (breaths_by(&starts, t), breaths_by(&starts, t + 0.01));
            assert!(a <= b && b - a < 0.01, "{a} {b}");
        }
        // A random walk of 20 000 steps of 0.16 s: 23 s in the rms.
        assert!((breaths_by(&starts, 80_000.0) - 20_000.0).abs() < 30.0);
        assert!(breath_starts(15.0, 0.0, &mut Draw::new(1, Purpose::Mover, 0)).is_empty());
    }

    #[test]
    fn a_held_breath_holds_and_the_rate_between_is_kept() {
        let a = Some(Apnoea { every_s: 60.0, hold_s: 20.0 });
        let at = |t| breaths(t, 15.0, a);
        assert_eq!((at(0.0), at(40.0), at(59.9), at(60.0)), (0.0, 10.0, 10.0, 10.0));
        assert_eq!(at(64.0), 11.0);
        assert_eq!(breaths(40.0, 15.0, None), 10.0);
    }
}
