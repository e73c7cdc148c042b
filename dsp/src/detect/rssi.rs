//! Motion from the signal level alone: what most drivers give.

use crate::detect::config::DetectorConfig;
use crate::detect::hysteresis::Hysteresis;
use crate::detect::steps::Steps;
use crate::detect::{Decision, MotionState};
use crate::features::order::{BLOCK, STRENGTHS, order};
use crate::frame::{LinkId, RssiSample};
use crate::math;
use crate::phy::{Micros, When};
use crate::stats::normal;
use crate::wipe;

/// Closest spacing of two readings that are used. Readings of one burst share a gain state and a rate.
const SPACING: Micros = Micros(9_500);
/// A gap that ends a block, and a silence after which nothing is known.
const GAP: Micros = Micros(1_000_000);
const SILENT: Micros = Micros(3_000_000);
/// Readings within [`SILENT`] that a decision rests on.
const FEWEST: u32 = 6;
/// Blocks a day at the closest spacing: what the tolerated rate is shared among, at any packet rate.
const BLOCKS_A_DAY: f64 = 86_400.0e6 / (SPACING.0 as f64 * BLOCK as f64);
/// What the passing of time takes off, nats a second. A step of the level (gain state, rate, antenna) between two noisy
/// levels gives a block at most a factor of three; so this pays for one step each four seconds in the mean.
const TOLL: f32 = 0.5;
/// How far beyond the limit the sums go, nats: the limits of a thousand links that share the rate.
const BEYOND: f32 = 7.0;
/// While it moves and the last three seconds, by themselves, speak against it, each decision takes this off the sums: from
/// their top to still in four seconds.
const LATELY: usize = 12;
const LET_GO: f32 = 1.0;
/// Once a level has not changed for so long it tells nothing, nor does motion that knows no break for so long.
const STUCK: Micros = Micros(3_600_000_000);
const ENDLESS: Micros = Micros(600_000_000);

/// Motion detector of one link that knows its RSSI only. Same outputs as [`Detector`](crate::detect::Detector).
///
/// It asks whether the order of the readings means anything. Noise, rounding, hops between two levels and outliers come in
/// any order; while somebody moves near the link, neighbouring readings are alike. [`order`] turns that into a
/// nonnegative martingale under **any** law of the readings, as long as the four of a block could have come in any
/// order; its cumulative sum alarms no more often than tolerated. So it needs no quiet time and no level of noise.
///
/// - *Unknown* while there are fewer than six readings in three seconds; before the level has ever changed, and when it
///   has not for an hour (a driver that repeats one number); after ten minutes of motion without a break (a driver that
///   smooths its level makes order of noise)
/// - What moves the level by less than its rounding, 0.3 dB or so, is invisible: *still* is a word on bodies near the link
/// - It cannot see who holds still: present while something moves, unknown after that, and *no* after the quiet time of
///   the configuration, never sooner
/// - Slow readings need long motion: at ten a second 17 nats take five seconds at best
/// - Memory: 200 bytes; cost: one [`order`] each four readings
/// - Source: e-detectors, Shin, Ramdas and Rinaldo, arXiv 2203.03532 (theorem on the average run length)
pub struct RssiDetector {
    config: DetectorConfig,
    threshold: f32,
    /// Where a sum alarms, nats.
    limit: f32,
    link: LinkId,
    block: heapless::Vec<f32, BLOCK>,
    /// Last reading of the block before, and the end of that block.
    before: Option<f32>,
    paid: When,
    /// Cumulative sums, one a strength, nats.
    sums: [f32; STRENGTHS.len()],
    /// What each of the last quarter seconds gave, and how many readings it held; the newest first.
    lately: [(f32, u8); LATELY],
    /// Time of the last reading that was used, its level, and when the level was last another.
    last: Option<(Micros, f32)>,
    changed: When,
    /// Since when it moves without a break.
    moving: When,
    hysteresis: Hysteresis,
    steps: Steps,
}

impl RssiDetector {
    /// A detector that knows nothing yet.
    pub fn new(config: DetectorConfig, link: LinkId) -> Self {
        let run = BLOCKS_A_DAY / f64::from(config.false_alarms_per_day());
        Self {
            config,
            threshold: config.threshold(),
            limit: math::ln_f64(run * STRENGTHS.len() as f64).max(1.0) as f32,
            link,
            block: heapless::Vec::new(),
            before: None,
            paid: When::NEVER,
            sums: [0.0; STRENGTHS.len()],
            lately: [(0.0, 0); LATELY],
            last: None,
            changed: When::NEVER,
            moving: When::NEVER,
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
        let (t, level) = (sample.t, sample.level.0);
        self.steps.begin(t);
        let soon = self.last.is_some_and(|(last, _)| t <= last || t.since(last) < SPACING);
        if soon || sample.link != self.link || !level.is_finite() {
            return;
        }
        if self.last.is_some_and(|(last, _)| t.since(last) > GAP) {
            self.forget();
        }
        if self.last.is_some_and(|(_, before)| before != level) {
            self.changed = When::at(t);
        }
        self.last = Some((t, level));
        self.lately[0].1 = self.lately[0].1.saturating_add(1);
        let _ = self.block.push(level);
        let Ok(block) = <[f32; BLOCK]>::try_from(self.block.as_slice()) else { return };
        self.block.clear();
        let toll = TOLL * self.paid.get().map_or(0.0, |paid| t.since(paid).seconds() as f32);
        let told = order(self.before, &block);
        for (sum, told) in self.sums.iter_mut().zip(told) {
            *sum = math::min(math::max(*sum + told - toll, 0.0), self.limit + BEYOND);
        }
        self.lately[0].0 += math::ln(told.into_iter().map(math::exp).sum::<f32>() / STRENGTHS.len() as f32);
        self.before = Some(level);
        self.paid = When::at(t);
    }

    /// No block spans a gap, and no sum.
    fn forget(&mut self) {
        self.block.clear();
        (self.before, self.paid, self.sums) = (None, When::NEVER, [0.0; STRENGTHS.len()]);
    }

    /// Forgets all that it was told, in place: what it held is overwritten.
    pub fn reset(&mut self) {
        let (config, link, limit) = (self.config, self.link, self.limit);
        wipe::vec(&mut self.block, 0.0);
        *self = Self { limit, ..Self::new(config, link) };
        core::hint::black_box(self);
    }

    /// The decision that is due at or before `now`, if one is; call until `None`. Steps as in
    /// [`Detector::poll`](crate::detect::Detector::poll).
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        let at = self.steps.due(now)?;
        Some(self.decide(at))
    }

    fn decide(&mut self, at: Micros) -> Decision {
        let silent = self.last.is_none_or(|(last, _)| at.since(last) > SILENT);
        let (found, frames) = self.lately.iter().fold((0.0, 0), |(f, n), l| (f + l.0, n + u32::from(l.1)));
        let stuck = self.changed.get().is_none_or(|t| at.since(t) > STUCK);
        let endless = self.moving.get().is_some_and(|t| at.since(t) > ENDLESS);
        let known = !silent && !stuck && frames >= FEWEST;
        let score = known.then(|| self.score());
        // An endless motion is a word on the driver; it ends with the first break. What moves a level by whole steps is
        // near.
        let told = score.filter(|_| !endless);
        let state = self.hysteresis.step(at, told, true, self.threshold, &self.config);
        let goes_on = state == MotionState::Moving || (endless && score.is_some_and(|s| s >= self.threshold));
        if !goes_on {
            self.moving = When::NEVER;
        } else {
            self.moving = if self.moving == When::NEVER { When::at(at) } else { self.moving };
            let off = if found > 0.0 { 0.0 } else { LET_GO };
            self.sums.iter_mut().for_each(|sum| *sum = (*sum - off).max(0.0));
        }
        let mut newer = (0.0, 0);
        self.lately.iter_mut().for_each(|l| newer = core::mem::replace(l, newer));
        Decision {
            t: at,
            link: self.link,
            state,
            present: self.hysteresis.presence_by_motion(at, &self.config),
            score: if state == MotionState::Unknown { f32::NAN } else { score.unwrap_or(f32::NAN) },
            threshold: self.threshold,
            frames,
        }
    }

    /// The higher sum as the deviate that is as rare.
    fn score(&self) -> f32 {
        let sum = self.sums.into_iter().fold(0.0, f32::max);
        if sum <= self.limit {
            return self.threshold * sum / self.limit;
        }
        let p = normal::tail(f64::from(self.threshold)) * math::exp_f64(f64::from(self.limit - sum));
        normal::quantile(p) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Presence;
    use crate::features::lag1::tests::Gauss;
    use crate::phy::Dbm;
    use std::vec::Vec;

    fn run_with(config: DetectorConfig, rate: u64, seconds: u64, mut level: impl FnMut(f32) -> f32) -> Vec<Decision> {
        let mut detector = RssiDetector::new(config, LinkId(3));
        let mut out = Vec::new();
        for i in 0..rate * seconds {
            let t = Micros(i * 1_000_000 / rate);
            out.extend(core::iter::from_fn(|| detector.poll(t)));
            let level = Dbm(level(t.seconds() as f32));
            detector.push(&RssiSample { t, link: LinkId(3), level, noise: None });
        }
        out
    }

    fn run(rate: u64, seconds: u64, level: impl FnMut(f32) -> f32) -> Vec<Decision> {
        run_with(DetectorConfig::default(), rate, seconds, level)
    }

    /// Fading of a slow walker, three tones up to 4 Hz that never repeat.
    fn fading(t: f32) -> f32 {
        3.0 * (math::sin_cos(9.1 * t).0 + 0.6 * math::sin_cos(15.3 * t + 1.0).0 + 0.4 * math::sin_cos(23.7 * t).0)
    }

    #[test]
    fn quiet_is_still_and_a_body_in_the_way_is_motion() {
        for (rate, within) in [(20, 12.0), (50, 9.0), (100, 9.0), (500, 9.0)] {
            let mut g = Gauss(5 + rate);
            let decisions = run(rate, 60, |t| {
                let body = if (20.0..45.0).contains(&t) { fading(t) } else { 0.0 };
                libm::roundf(-55.0 + 0.6 * g.draw() + body)
            });
            for d in &decisions {
                match d.t.seconds() as f32 {
                    s if (2.0..=20.0).contains(&s) => {
                        assert_eq!(d.state, MotionState::Still, "{rate}/s at {s} s: {}", d.score)
                    }
                    s if (20.0 + within..=45.0).contains(&s) => {
                        assert_eq!(d.state, MotionState::Moving, "{rate}/s at {s} s: {}", d.score)
                    }
                    s if s > 53.0 => assert_eq!(d.state, MotionState::Still, "{rate}/s at {s} s: {}", d.score),
                    _ => {}
                }
            }
        }
    }

    /// The laws under which readings come in any order, a level's own habits among them.
    #[test]
    fn every_law_of_noise_keeps_the_tolerated_rate() {
        let config = DetectorConfig::default().with_false_alarms_per_day(1e4).unwrap();
        type Law = fn(f32, &mut Gauss) -> f32;
        let laws: [(&str, Law); 7] = [
            ("white, rounded", |_, g| libm::roundf(-55.0 + 0.6 * g.draw())),
            ("white, fine", |_, g| -55.0 + 2.0 * g.draw()),
            ("dithers between two", |_, g| if g.draw() > 1.2 { -54.0 } else { -55.0 }),
            ("hops by 6 dB", |_, g| if g.draw() > 0.0 { -49.0 } else { -55.0 } + libm::roundf(0.5 * g.draw())),
            ("outliers", |_, g| if g.draw() > 2.0 { -80.0 } else { -55.0 + libm::roundf(g.draw()) }),
            ("bursts", |t, g| libm::roundf(-55.0 + if (t * 2.0) as u32 % 7 == 0 { 6.0 } else { 0.7 } * g.draw())),
            ("a slow wander", |t, g| libm::roundf(-55.0 + 3.0 * math::sin_cos(0.02 * t).0 + 0.7 * g.draw())),
        ];
        for (name, law) in laws {
            let mut g = Gauss(11);
            let (rate, seconds) = (100, 2000);
            let decisions = run_with(config, rate, seconds, |t| law(t, &mut g));
            let moving = |d: &Decision| d.state == MotionState::Moving;
            let alarms = decisions.windows(2).filter(|w| !moving(&w[0]) && moving(&w[1])).count() as f64;
            let tolerated = 1e4 * seconds as f64 / 86_400.0;
            let bound = tolerated + 3.0 * libm::sqrt(tolerated);
            std::println!("{name}: {alarms} alarms, {tolerated:.0} tolerated");
            assert!(alarms <= bound, "{name}: {alarms} of {tolerated}");
            assert!(decisions.iter().skip(20).all(|d| d.state != MotionState::Unknown), "{name}");
        }
    }

    #[test]
    fn steps_of_the_level_are_no_motion() {
        // Every four seconds another level, 4 dB away, and noise about it; at the default rate for twenty minutes.
        let mut g = Gauss(2);
        let decisions = run(50, 1200, |t| {
            let step = if (t as u32 / 4) % 2 == 0 { 0.0 } else { 4.0 };
            libm::roundf(-55.0 + step + 0.4 * g.draw())
        });
        assert!(decisions.iter().skip(20).all(|d| d.state == MotionState::Still));
    }

    #[test]
    fn a_level_that_tells_nothing_is_unknown() {
        assert!(run(10, 60, |_| -60.0).iter().all(|d| d.state == MotionState::Unknown), "never another number");
        let stuck = run(10, 3700, |t| if t < 10.0 && (t * 10.0) as u32 % 3 == 0 { -61.0 } else { -60.0 });
        assert_eq!(stuck[400].state, MotionState::Still);
        assert_eq!(stuck[4 * 3650].state, MotionState::Unknown, "an hour of one number");
        assert!(run(1, 60, |t| -50.0 - t % 2.0).iter().all(|d| d.state == MotionState::Unknown), "too few");
    }

    #[test]
    fn motion_without_a_break_is_a_word_on_the_driver() {
        // A running mean makes order of white noise.
        let mut g = Gauss(8);
        let mut mean = 0.0;
        let decisions = run(50, 1500, |_| {
            mean += 0.05 * (8.0 * g.draw() - mean);
            libm::roundf(10.0 * (mean - 55.0)) / 10.0
        });
        let at = |s: usize| decisions[4 * s].state;
        assert_eq!((at(120), at(1200)), (MotionState::Moving, MotionState::Unknown));
    }

    #[test]
    fn who_holds_still_is_not_seen_and_never_soon_denied() {
        let mut g = Gauss(4);
        let decisions = run(50, 1300, |t| {
            let body = if t < 20.0 { fading(t) } else { 0.0 };
            libm::roundf(-55.0 + 0.6 * g.draw() + body)
        });
        let at = |s: usize| decisions[4 * s].present;
        assert_eq!((at(15), at(300), at(1100)), (Presence::Yes, Presence::Unknown, Presence::Unknown));
        assert_eq!(at(1290), Presence::No);
        let mut g = Gauss(4);
        let decisions = run(20, 400, |_| libm::roundf(-55.0 + 0.6 * g.draw()));
        assert!(decisions.iter().all(|d| d.present == Presence::Unknown), "three quiet minutes are no proof");
    }

    #[test]
    fn odd_values_are_left_out() {
        let mut g = Gauss(1);
        let decisions = run(10, 60, |_| g.draw() * f32::MAX);
        assert!(decisions.iter().all(|d| !d.score.is_infinite()));
        let mut n = 0;
        let decisions = run(10, 60, |_| {
            n += 1;
            if n % 5 == 0 { f32::NAN } else { -60.0 - (n % 2) as f32 }
        });
        assert!(decisions.iter().skip(20).all(|d| d.state == MotionState::Still));
    }

    #[test]
    fn a_silence_is_unknown_and_nothing_spans_it() {
        let mut detector = RssiDetector::new(DetectorConfig::default(), LinkId(0));
        let push = |detector: &mut RssiDetector, t: u64, level: f32| {
            detector.push(&RssiSample { t: Micros(t), link: LinkId(0), level: Dbm(level), noise: None });
        };
        (0..60).for_each(|i| push(&mut detector, i * 100_000, -50.0 - (i % 2) as f32));
        let mut last = None;
        while let Some(d) = detector.poll(Micros(15_000_000)) {
            last = Some(d);
        }
        assert_eq!(last.map(|d| (d.state, d.frames)), Some((MotionState::Unknown, 0)));
        detector.sums = [9.0; 2];
        push(&mut detector, 15_000_000, -50.0);
        assert_eq!((detector.sums, detector.before), ([0.0; 2], None));
        assert!(size_of::<RssiDetector>() <= 400, "{}", size_of::<RssiDetector>());
    }

    #[test]
    fn a_reset_detector_is_as_new() {
        let mut g = Gauss(7);
        let levels: Vec<f32> = (0..2000).map(|i| -55.0 + fading(i as f32 / 50.0) + 0.3 * g.draw()).collect();
        let mut detector = RssiDetector::new(DetectorConfig::default(), LinkId(0));
        let told = [(); 2].map(|()| {
            let mut told = Vec::new();
            for (i, level) in levels.iter().enumerate() {
                let t = Micros(i as u64 * 20_000);
                while let Some(d) = detector.poll(t) {
                    told.push((d.t, d.state, d.present, d.score.to_bits()));
                }
                detector.push(&RssiSample { t, link: LinkId(0), level: Dbm(*level), noise: None });
            }
            detector.reset();
            told
        });
        assert_eq!(told[0], told[1]);
        assert!(told[0].iter().any(|d| d.1 == MotionState::Moving));
    }
}
