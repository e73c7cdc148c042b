//! Motion from the signal level alone: what most drivers give.

use crate::detect::config::DetectorConfig;
use crate::detect::hysteresis::Hysteresis;
use crate::detect::steps::Steps;
use crate::detect::{Decision, MotionState};
use crate::frame::{LinkId, RssiSample};
use crate::math;
use crate::phy::Micros;
use crate::phy::When;
use crate::stats::order;
use crate::wipe;

/// Length of the short window.
const WINDOW: Micros = Micros(3_000_000);
/// Readings that are kept; more than that many in a window are thinned evenly by time.
const KEPT: usize = 64;
/// Closest spacing of two readings that are kept.
const SPACING: Micros = Micros(WINDOW.0 / KEPT as u64);
/// Fewest readings that a variance rests on.
const FEWEST: usize = 6;
/// Windows of a second that the reference must have seen before anything is said.
const SETTLE: u32 = 20;
/// Variance of rounding to whole dB, dB²: a level that never changes has that much, for all that can be known.
const ROUNDING: f32 = 1.0 / 12.0;
/// The reference is the lower quartile of the windows' variances, followed by steps of this share.
const FOLLOW: f32 = 0.05;
/// A reading further from the median is shrunk to it: drivers give single readings of another frame type.
const CLIP_DB: f32 = 12.0;

/// An age from here on, modulo 2^32 microseconds, is that of a reading later than the decision.
const LATER: u32 = 1 << 31;

/// A reading as kept.
#[derive(Clone, Copy)]
struct Kept {
    /// Microseconds, modulo 2^32.
    t: u32,
    level: f32,
}

/// Motion detector of one link that knows its RSSI only. Same outputs as [`Detector`](crate::detect::Detector).
///
/// The variance of the last three seconds over the link's own quiet variance, as an F ratio. It sees a body that crosses
/// the link or comes near it; motion under about 0.3 dB is below the rounding of the readings and invisible. Unlike the
/// CSI detector it needs quiet time: it says unknown for the first twenty seconds, and if somebody moves through them
/// all, it knows nothing better than that for the level of quiet.
///
/// - Units: dB
/// - Cost: about 200 flops a decision of 250 ms
/// - Source: variance-based detection after Kosba, Saeed and Youssef, RASID, arXiv 1105.6084; the deviate of an F ratio
///   after Paulson, Ann. Math. Stat. 13, 1942 (from Wilson and Hilferty's cube root)
pub struct RssiDetector {
    config: DetectorConfig,
    threshold: f32,
    link: LinkId,
    kept: heapless::Deque<Kept, KEPT>,
    /// Time of the last reading that was kept.
    last: When,
    quiet: f32,
    seen: u32,
    step: u32,
    hysteresis: Hysteresis,
    steps: Steps,
}

impl RssiDetector {
    /// A detector that knows nothing yet.
    pub fn new(config: DetectorConfig, link: LinkId) -> Self {
        Self {
            config,
            threshold: config.threshold(),
            link,
            kept: heapless::Deque::new(),
            last: When::NEVER,
            quiet: ROUNDING,
            seen: 0,
            step: 0,
            hysteresis: Hysteresis::default(),
            steps: Steps::default(),
        }
    }

    /// The link that the detector watches.
    pub const fn link(&self) -> LinkId {
        self.link
    }

    /// What it was made with.
    pub const fn config(&self) -> &DetectorConfig {
        &self.config
    }

    /// Takes a reading of the detector's link. Levels that are not finite, other links and times that run backwards are
    /// left out.
    pub fn push(&mut self, sample: &RssiSample) {
        let t = sample.t;
        self.steps.begin(t);
        let soon = self.last.get().is_some_and(|last| t <= last || t.since(last) < SPACING);
        if soon || sample.link != self.link || !sample.level.0.is_finite() {
            return;
        }
        // No reading may be so old that its time comes round.
        if self.last.get().is_some_and(|last| t.since(last) > WINDOW) {
            self.kept.clear();
        }
        if self.kept.is_full() {
            self.kept.pop_front();
        }
        let _ = self.kept.push_back(Kept { t: t.0 as u32, level: sample.level.0 });
        self.last = When::at(t);
    }

    /// Forgets all that it was told, in place: what it held is overwritten.
    pub fn reset(&mut self) {
        let Self { config: _, threshold: _, link: _, kept, last, quiet, seen, step, hysteresis, steps } = self;
        wipe::queue(kept, Kept { t: 0, level: 0.0 });
        (*last, *quiet, *seen, *step) = (When::NEVER, ROUNDING, 0, 0);
        (*hysteresis, *steps) = (Hysteresis::default(), Steps::default());
    }

    /// The decision that is due at or before `now`, if one is; call until `None`. Steps as in
    /// [`Detector::poll`](crate::detect::Detector::poll).
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        let at = self.steps.due(now)?;
        Some(self.decide(at))
    }

    fn decide(&mut self, at: Micros) -> Decision {
        if self.last.get().is_some_and(|last| at.since(last) > WINDOW) {
            self.kept.clear();
        }
        while self.kept.front().is_some_and(|k| (WINDOW.0 as u32 + 1..LATER).contains(&(at.0 as u32).wrapping_sub(k.t)))
        {
            self.kept.pop_front();
        }
        let n = self.kept.len();
        let variance = if n < FEWEST { None } else { self.variance() };
        let score = variance.filter(|_| self.seen >= SETTLE).map(|v| deviate(v / self.quiet.max(ROUNDING), n as f32));
        self.step += 1;
        if let (Some(v), 0) = (variance, self.step % 4) {
            self.follow(v);
        }
        let state = self.hysteresis.step(at, score, self.threshold, &self.config);
        debug_assert!(score.is_none() == (state == MotionState::Unknown));
        Decision {
            t: at,
            link: self.link,
            state,
            present: self.hysteresis.presence(at, None, &self.config),
            score: score.unwrap_or(f32::NAN),
            threshold: self.threshold,
            frames: n as u32,
        }
    }

    /// Variance about the median's neighbourhood, in dB².
    fn variance(&self) -> Option<f32> {
        let mut levels: heapless::Vec<f32, KEPT> = heapless::Vec::new();
        self.kept.iter().for_each(|k| _ = levels.push(k.level));
        let median = order::nth(&levels, levels.len() / 2)?;
        let clipped = |l: &f32| (l - median).clamp(-CLIP_DB, CLIP_DB);
        let n = levels.len() as f32;
        let mean = levels.iter().map(clipped).sum::<f32>() / n;
        Some(levels.iter().map(|l| (clipped(l) - mean) * (clipped(l) - mean)).sum::<f32>() / (n - 1.0))
    }

    /// Follows the lower quartile: up by a quarter as often as it would go down were it the quartile.
    fn follow(&mut self, variance: f32) {
        let v = variance.max(ROUNDING);
        self.seen = self.seen.saturating_add(1);
        if self.seen == 1 {
            self.quiet = v;
        } else if v > self.quiet {
            self.quiet *= 1.0 + 0.25 * FOLLOW;
        } else {
            self.quiet *= 1.0 - 0.75 * FOLLOW;
        }
        self.quiet = self.quiet.max(ROUNDING);
    }
}

/// The standard normal deviate of a variance ratio with `n - 1` degrees of freedom above and many below.
///
/// Half a dozen readings of a slow process are not independent: a third of them counts.
fn deviate(ratio: f32, n: f32) -> f32 {
    let spread = 2.0 / (9.0 * ((n - 1.0) / 3.0).max(1.0));
    (math::pow(ratio.max(0.0), 1.0 / 3.0) - (1.0 - spread)) / math::sqrt(spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;
    use crate::phy::Dbm;

    fn run(rate_hz: u64, seconds: u64, level: impl Fn(f32, &mut Gauss) -> f32) -> std::vec::Vec<Decision> {
        let mut detector = RssiDetector::new(DetectorConfig::default(), LinkId(3));
        let mut gauss = Gauss(5 + rate_hz);
        let mut out = std::vec::Vec::new();
        for i in 0..rate_hz * seconds {
            let t = Micros(i * 1_000_000 / rate_hz);
            while let Some(d) = detector.poll(t) {
                out.push(d);
            }
            let level = Dbm(level(t.seconds() as f32, &mut gauss));
            detector.push(&RssiSample { t, link: LinkId(3), level, noise: None });
        }
        out
    }

    #[test]
    fn quiet_is_still_and_a_body_in_the_way_is_motion() {
        for rate in [4, 10, 100] {
            let decisions = run(rate, 90, |t, g| {
                let body = if t > 60.0 { 4.0 * math::sin_cos(t * 7.0).0 } else { 0.0 };
                libm::roundf(-55.0 + 0.6 * g.draw() + body)
            });
            for d in &decisions {
                match d.t.seconds() {
                    s if s < 15.0 => assert_eq!(d.state, MotionState::Unknown, "{rate}/s at {s} s"),
                    s if (30.0..=60.0).contains(&s) => {
                        assert_eq!(d.state, MotionState::Still, "{rate}/s at {s} s: {}", d.score)
                    }
                    s if s > 63.5 => assert_eq!(d.state, MotionState::Moving, "{rate}/s at {s} s: {}", d.score),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_constant_level_is_still_and_odd_values_are_left_out() {
        let decisions = run(10, 60, |t, _| if (t * 10.0) as u32 % 50 == 0 { f32::NAN } else { -60.0 });
        assert!(decisions.iter().skip(120).all(|d| d.state == MotionState::Still));
        let decisions = run(10, 60, |_, g| g.draw() * f32::MAX);
        assert!(decisions.iter().all(|d| !d.score.is_infinite()));
    }

    #[test]
    fn a_silence_as_long_as_the_clock_of_the_readings_leaves_none() {
        let mut detector = RssiDetector::new(DetectorConfig::default(), LinkId(0));
        let push = |detector: &mut RssiDetector, t: u64| {
            detector.push(&RssiSample { t: Micros(t), link: LinkId(0), level: Dbm(-50.0), noise: None });
        };
        (0..60).for_each(|i| push(&mut detector, i * 100_000));
        assert!(detector.poll(Micros(6_000_000)).is_some());
        // The low bits of the time come round to where they were.
        let later = (1u64 << 32) + 6_000_000;
        while let Some(d) = detector.poll(Micros(later)) {
            assert!(d.frames == 0 || d.t < Micros(9_000_000), "{d:?}");
        }
        push(&mut detector, later + 1);
        while let Some(d) = detector.poll(Micros(later + 250_000)) {
            assert_eq!(d.frames, 1);
        }
    }

    #[test]
    fn too_few_readings_are_unknown() {
        assert!(run(1, 60, |_, _| -50.0).iter().all(|d| d.state == MotionState::Unknown));
    }
}
