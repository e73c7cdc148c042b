//! The motion detector of one link: frames in, a decision every 250 ms out.

use crate::detect::config::{DetectorConfig, TESTS};
use crate::detect::fusion::{self, Noise, Window};
use crate::detect::hysteresis::Hysteresis;
use crate::detect::noise::NoiseFloor;
use crate::detect::onset::Onset;
use crate::detect::steps::{self, Steps};
use crate::detect::{Decision, MotionState};
use crate::features::lag1::{Changes, Sums};
use crate::features::ring::{BandRing, SPACING};
use crate::features::subspace::residue;
use crate::frame::{CsiFrame, CsiMeta, LinkId};
use crate::phy::When;
use crate::phy::{Bandwidth, Channel, Micros, PpduFormat};
use crate::sanitize::bands::{BandMap, Powers};

/// A gap that ends a segment: no statistic spans it.
const GAP: Micros = Micros(1_000_000);
/// Time after which the live tones are looked up again.
const REMAP: Micros = Micros(10_000_000);
/// Frames in a row that must tell of other live tones before they are believed: one may be hit by interference.
const AGREE: u8 = 5;
/// Fewest changes that a decision rests on.
const FEWEST: f32 = 5.0;

/// Why a frame was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// Not later than the frame before it.
    Late,
    /// Sooner after the frame before it than 6.5 ms: not an error, the rate is enough.
    Dense,
    /// The same samples as the frame before it.
    Duplicate,
    /// No power, a value that is not finite, or fewer than six live tones.
    NoChannel,
    /// Another link than the detector's.
    OtherLink,
}

/// What frames of one link have in common; any change is a new channel to learn.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    n_rx: u8,
    n_sts: u8,
    tones: u16,
    format: PpduFormat,
    width: Bandwidth,
    channel: Option<Channel>,
}

impl Shape {
    fn of(frame: &CsiFrame<'_>) -> Self {
        let CsiMeta { n_rx, n_sts, format, width, channel, .. } = *frame.meta();
        Self { n_rx, n_sts, tones: frame.tones().len().min(usize::from(u16::MAX)) as u16, format, width, channel }
    }
}

/// Motion detector of one link: one transmitter, one shape, one format.
///
/// It needs no calibration and no quiet time. [`docs/method.md`] in the crate says what it computes and why.
///
/// - Memory: `size_of::<MotionDetector>()`, under 3 KB, whatever the packet rate
/// - Frames of more than 128 values are thinned evenly, of more than eight antenna and stream pairs the first eight count
/// - Frames closer than 6.5 ms are left out
///
/// ```
/// use millpond_dsp::detect::{DetectorConfig, MotionDetector, MotionState};
/// use millpond_dsp::phy::Micros;
/// use millpond_dsp::LinkId;
///
/// let mut detector = MotionDetector::new(DetectorConfig::default(), LinkId(0));
/// // For each frame: first `poll` up to its time until `None`, then `push` it.
/// assert!(detector.poll(Micros(0)).is_none());
/// let decision = detector.poll(Micros(250_000)).unwrap();
/// assert_eq!(decision.state, MotionState::Unknown);
/// ```
///
/// [`docs/method.md`]: https://docs.rs/millpond-dsp
pub struct MotionDetector {
    config: DetectorConfig,
    threshold: f32,
    link: LinkId,
    shape: Option<Shape>,
    map: Option<BandMap>,
    mapped: Micros,
    disagreed: u8,
    powers: Powers,
    noise: NoiseFloor,
    ring: BandRing,
    changes: Changes,
    onset: Onset,
    hysteresis: Hysteresis,
    last_t: When,
    steps: Steps,
}

impl MotionDetector {
    /// A detector that knows nothing yet.
    pub fn new(config: DetectorConfig, link: LinkId) -> Self {
        Self {
            config,
            threshold: config.threshold(),
            link,
            shape: None,
            map: None,
            mapped: Micros(0),
            disagreed: 0,
            powers: Powers::NONE,
            noise: NoiseFloor::default(),
            ring: BandRing::default(),
            changes: Changes::default(),
            onset: Onset::new(&config, TESTS),
            hysteresis: Hysteresis::default(),
            last_t: When::NEVER,
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

    /// Time of the next decision, `None` before the first frame or poll.
    pub const fn next_step(&self) -> Option<Micros> {
        self.steps.next()
    }

    /// Takes a frame. Poll up to its time first, so that decisions rest on what came before them.
    ///
    /// A change of shape, format or live tones starts afresh; a gap of more than a second forgets the changes and keeps
    /// the noise.
    ///
    /// # Errors
    /// [`Ignored`] says why a frame was left out; the detector goes on with the next.
    pub fn push(&mut self, frame: &CsiFrame<'_>) -> Result<(), Ignored> {
        let t = frame.meta().t;
        if frame.meta().link != self.link {
            return Err(Ignored::OtherLink);
        }
        self.steps.begin(t);
        let since = match self.last_t.get() {
            Some(last) if t <= last => return Err(Ignored::Late),
            Some(last) => t.since(last),
            None => GAP + GAP,
        };
        if since < SPACING && self.map.is_some() {
            return Err(Ignored::Dense);
        }
        self.follow_shape(frame, t, since);
        let map = self.map.as_ref().ok_or(Ignored::NoChannel)?;
        let mut powers = Powers::NONE;
        let bands = map.extract(frame, &mut powers).ok_or(Ignored::NoChannel)?;
        if powers == self.powers {
            return Err(Ignored::Duplicate);
        }
        self.last_t = When::at(t);
        let level = match self.ring.since_last(t) {
            Some(apart) => self.noise.learn(map, &powers, &self.powers, &bands, apart),
            None => Some(1.0),
        };
        let (noise, before) = (&self.noise, &self.powers);
        let change = self.ring.push(t, &bands, noise.weight(), level, || noise.level(map, &powers, before, &bands));
        self.powers = powers;
        if let Some(change) = change {
            self.changes.push(steps::number(t), change);
        }
        Ok(())
    }

    /// Sees to it that the map fits the frame and that no statistic spans a gap.
    fn follow_shape(&mut self, frame: &CsiFrame<'_>, t: Micros, since: Micros) {
        let shape = Shape::of(frame);
        let new_shape = self.shape != Some(shape) || self.map.is_none();
        if new_shape || since > GAP {
            self.forget();
        }
        if !new_shape && t.since(self.mapped) <= REMAP {
            return;
        }
        let map = BandMap::of(frame);
        let count = |m: &Option<BandMap>| m.as_ref().map_or(0, BandMap::values);
        let (old, new) = (count(&self.map), count(&map));
        // A tone or two may fade; a tenth more or fewer is another channel.
        let other = new * 10 > old * 11 || new * 10 < old * 9;
        self.disagreed = if other { self.disagreed + 1 } else { 0 };
        if new_shape || self.disagreed >= AGREE {
            self.forget();
            self.noise = NoiseFloor::default();
            self.ring.tune(map.as_ref().map_or(1.0, |m| m.freedom() as f32));
            self.map = map;
            self.shape = Some(shape);
            self.disagreed = 0;
        }
        if self.disagreed == 0 {
            self.mapped = t;
        }
    }

    fn forget(&mut self) {
        self.ring.clear();
        self.changes.clear();
        self.onset.clear();
        self.powers = Powers::NONE;
    }

    /// Forgets everything that it was told, in place: what it held is overwritten, and it is as new.
    pub fn reset(&mut self) {
        // By name, so that a field left out does not compile.
        let Self {
            config: _,
            threshold: _,
            link: _,
            shape,
            map,
            mapped,
            disagreed,
            powers,
            noise,
            ring,
            changes,
            hysteresis,
            onset,
            last_t,
            steps,
        } = self;
        onset.clear();
        map.iter_mut().for_each(BandMap::wipe);
        ring.wipe();
        changes.wipe();
        (*powers, *noise) = (Powers::NONE, NoiseFloor::default());
        (*shape, *map, *mapped, *disagreed) = (None, None, Micros(0), 0);
        (*last_t, *hysteresis, *steps) = (When::NEVER, Hysteresis::default(), Steps::default());
    }

    /// The decision that is due at or before `now`, if one is; call until `None`.
    ///
    /// Steps are the multiples of 250 ms of the caller's clock. After a jump of more than a minute the steps before
    /// the last minute are skipped.
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        self.poll_alive(now, None)
    }

    /// As [`poll`](Self::poll), where somebody was last noticed to breathe at `seen`: presence takes it into account.
    pub fn poll_alive(&mut self, now: Micros, seen: Option<Micros>) -> Option<Decision> {
        let at = self.steps.due(now)?;
        Some(self.decide(at, seen.map(|t| at.since(t))))
    }

    /// `breath` is the time since somebody was noticed to breathe.
    fn decide(&mut self, at: Micros, breath: Option<Micros>) -> Decision {
        let silent = self.last_t.get().is_none_or(|t| at.since(t) > GAP);
        let (score, deep, frames) = if silent { (None, false, 0.0) } else { self.score(at) };
        let state = self.hysteresis.step(at, score, deep, self.threshold, &self.config);
        debug_assert!(score.is_none() == (state == MotionState::Unknown));
        Decision {
            t: at,
            link: self.link,
            state,
            present: self.hysteresis.presence(at, breath, &self.config),
            score: score.unwrap_or(f32::NAN),
            threshold: self.threshold,
            frames: frames as u32,
        }
    }

    /// The fused score, whether it holds motion as deep as in the room, and the number of changes behind it.
    fn score(&mut self, at: Micros) -> (Option<f32>, bool, f32) {
        let Some(noise) = self.map.as_ref().and_then(|map| self.noise.of(map)) else { return (None, false, 0.0) };
        let step = steps::number(at);
        let (sums, both) = (self.changes.sums(step, 4), self.changes.sums(step, 8));
        if both.changes < FEWEST {
            return (None, false, both.changes);
        }
        let (one, two) = (self.window(sums, at, 1, &noise), self.window(both, at, 2, &noise));
        let windows = fusion::score(&one, &two, &noise, self.threshold);
        let deep = fusion::in_room(&one, &two, &noise);
        let share = self.onset.step(fusion::quarter(&self.changes.sums(step, 1), &noise));
        if windows.is_some_and(|score| score >= self.threshold) {
            // The windows see it by themselves and will see its end.
            self.onset.clear();
        }
        (windows.map(|score| score.max(share * self.threshold)), deep, both.changes)
    }

    fn window(&self, sums: Sums, at: Micros, seconds: u64, noise: &Noise) -> Window {
        let far_apart = sums.changes < fusion::FAST * seconds as f32;
        // The ring holds one second at up to 28 frames a second, two at up to 14.
        let held = seconds == 1 || sums.changes <= 28.0;
        let span = Micros(seconds * 1_000_000);
        let residue =
            if far_apart && held { residue(&self.ring, at, span, self.noise.weight(), noise.freedom) } else { None };
        Window { sums, residue }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Detector;
    use crate::features::lag1::tests::Gauss;
    use crate::frame::Cfr;
    use num_complex::Complex;
    use std::vec::Vec;

    const TONES: [i16; 64] = {
        let mut t = [0; 64];
        let mut i = 0;
        while i < 64 {
            t[i] = i as i16 - 32;
            i += 1;
        }
        t
    };

    type Frame = Vec<Complex<f32>>;

    /// A fixed channel of a few paths, noise 35 dB below it, and from `from_s` on a path that lengthens at 1 m/s.
    fn walk(rate_hz: u64, seconds: u64, from_s: f32, seed: u64) -> Vec<(Micros, Frame)> {
        let mut gauss = Gauss(seed);
        (0..rate_hz * seconds)
            .map(|n| {
                let t = n as f32 / rate_hz as f32;
                let way = (t - from_s).max(0.0);
                let depth = if t < from_s { 0.0 } else { 6.0 };
                let tone = |k: i16, gauss: &mut Gauss| {
                    let path = |a: f32, ns: f32, turn: f32| {
                        let (s, c) = math_turn(-0.312_5e-3 * f32::from(k) * ns - turn);
                        Complex::new(a * c, a * s)
                    };
                    let body = path(depth, 60.0 + 6.7 * way, way / 0.061);
                    let other = path(depth * 0.7, 110.0 - 3.0 * way, way / 0.093);
                    path(40.0, 10.0, 0.0)
                        + path(20.0, 45.0, 0.3)
                        + path(10.0, 90.0, 0.7)
                        + body
                        + other
                        + Complex::new(gauss.draw(), gauss.draw()) * 0.5
                };
                (Micros(n * 1_000_000 / rate_hz), TONES.iter().map(|&k| tone(k, &mut gauss)).collect())
            })
            .collect()
    }

    /// Sine and cosine of a number of turns.
    fn math_turn(turns: f32) -> (f32, f32) {
        crate::math::sin_cos(core::f32::consts::TAU * turns)
    }

    fn run(frames: &[(Micros, Frame)], config: DetectorConfig) -> Vec<Decision> {
        let mut detector = Detector::new(config, LinkId(0));
        let mut out = Vec::new();
        for (t, h) in frames {
            while let Some(d) = detector.poll(*t) {
                out.push(d);
            }
            let meta = CsiMeta { format: PpduFormat::Ht, ..CsiMeta::at(*t) };
            let _ = detector.push(&CsiFrame::new(meta, &TONES, Cfr::F32(h)).unwrap());
        }
        out
    }

    fn states(decisions: &[Decision]) -> Vec<(u64, MotionState)> {
        decisions.iter().map(|d| (d.t.0, d.state)).collect()
    }

    #[test]
    fn a_walk_is_seen_within_a_second_at_every_rate() {
        for rate in [8, 12, 25, 100, 400] {
            let decisions = run(&walk(rate, 8, 4.0, rate), DetectorConfig::default());
            for d in &decisions {
                let s = d.t.seconds();
                match s {
                    s if (1.5..=4.0).contains(&s) => assert_eq!(d.state, MotionState::Still, "{rate}/s at {s} s"),
                    s if s > 5.25 => assert_eq!(d.state, MotionState::Moving, "{rate}/s at {s} s: {}", d.score),
                    _ => {}
                }
            }
            // Nothing quiet is needed before it.
            let decisions = run(&walk(rate, 3, 0.0, rate + 1), DetectorConfig::default());
            assert!(decisions.iter().any(|d| d.t.seconds() <= 1.25 && d.state == MotionState::Moving), "{rate}/s");
        }
    }

    #[test]
    fn a_reset_detector_is_as_new() {
        let frames = walk(100, 8, 4.0, 100);
        let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
        let mut told = [Vec::new(), Vec::new()];
        for told in &mut told {
            for (t, h) in &frames {
                while let Some(d) = detector.poll(*t) {
                    told.push((d.t, d.state, d.present, d.score.to_bits(), d.frames));
                }
                let meta = CsiMeta { format: PpduFormat::Ht, ..CsiMeta::at(*t) };
                detector.push(&CsiFrame::new(meta, &TONES, Cfr::F32(h)).unwrap()).unwrap();
            }
            detector.reset();
        }
        assert!(told[0].iter().any(|d| d.1 == MotionState::Moving));
        assert_eq!(told[0], told[1]);
    }

    #[test]
    fn noise_keeps_the_tolerated_rate() {
        // A rate so high that alarms can be counted: 1 % of decisions before Bonferroni.
        let config = DetectorConfig::default().with_false_alarms_per_day(3456.0).unwrap();
        let p = config.false_alarm_probability();
        for rate in [12u64, 25, 100] {
            let decisions = run(&walk(rate, 60_000 / rate, 1e9, 40 + rate), config);
            // Independent windows: one decision in four.
            let tried: Vec<&Decision> = decisions.iter().skip(8).step_by(4).collect();
            let alarms = tried.iter().filter(|d| d.score >= d.threshold).count() as f64;
            let expected = p * tried.len() as f64;
            assert!(alarms <= expected + 4.0 * libm::sqrt(expected) + 1.0, "{rate}/s: {alarms} of {}", tried.len());
        }
    }

    #[test]
    fn gain_steps_rotation_and_timing_do_not_matter() {
        let frames = walk(50, 8, 4.0, 3);
        let plain = states(&run(&frames, DetectorConfig::default()));
        let mut gauss = Gauss(77);
        let turned: Vec<(Micros, Frame)> = frames
            .iter()
            .map(|(t, h)| {
                let gain = if gauss.draw() > 0.0 { 0.25 } else { 4.0 };
                let (start, slope) = (gauss.draw(), 0.01 * gauss.draw());
                let turn = |k: usize| {
                    let (s, c) = math_turn(start + slope * k as f32);
                    Complex::new(c, s) * gain
                };
                (*t, h.iter().enumerate().map(|(k, h)| h * turn(k)).collect())
            })
            .collect();
        assert_eq!(states(&run(&turned, DetectorConfig::default())), plain);
    }

    #[test]
    fn another_channel_is_a_regime_and_no_motion() {
        // Every two seconds another static channel: a gain state with its own ripple, an antenna, a channel unannounced.
        let states_at = |rate: u64, announced: bool| {
            let mut gauss = Gauss(12 + rate);
            let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
            let mut out = Vec::new();
            for n in 0..20 * rate {
                let t = Micros(n * 1_000_000 / rate);
                while let Some(d) = detector.poll(t) {
                    out.push(d);
                }
                let regime = (t.0 / 2_100_000) as f32;
                let h: Frame = (0..64)
                    .map(|k| {
                        let (s, c) = math_turn(0.02 * k as f32 * (1.0 + regime % 3.0) + 0.3 * regime);
                        Complex::new(40.0 + 12.0 * c + 0.5 * gauss.draw(), 15.0 * s + 0.5 * gauss.draw())
                    })
                    .collect();
                let channel = announced
                    .then(|| Channel::new(crate::phy::Band::Ghz2, 1 + regime as u8, Bandwidth::Mhz20))
                    .flatten();
                let meta = CsiMeta { format: PpduFormat::Ht, channel, ..CsiMeta::at(t) };
                detector.push(&CsiFrame::new(meta, &TONES, Cfr::F32(&h)).unwrap()).unwrap();
            }
            out
        };
        for (rate, announced) in [(100, false), (50, false), (25, false), (100, true), (10, true)] {
            let out = states_at(rate, announced);
            let moving: Vec<f64> =
                out.iter().filter(|d| d.state == MotionState::Moving).map(|d| d.t.seconds()).collect();
            assert!(moving.is_empty(), "{rate}/s, announced {announced}: moving at {moving:?}");
            assert!(out.iter().any(|d| d.state == MotionState::Still));
        }
    }

    #[test]
    fn polling_seldom_gives_the_same_decisions_as_polling_at_every_frame() {
        let frames = walk(40, 6, 3.0, 4);
        let often = run(&frames, DetectorConfig::default());
        let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
        let mut seldom = Vec::new();
        for (i, (t, h)) in frames.iter().enumerate() {
            if i % 10 == 0 {
                while let Some(d) = detector.poll(*t) {
                    seldom.push(d);
                }
            }
            let meta = CsiMeta { format: PpduFormat::Ht, ..CsiMeta::at(*t) };
            detector.push(&CsiFrame::new(meta, &TONES, Cfr::F32(h)).unwrap()).unwrap();
        }
        assert_eq!(states(&often)[..seldom.len()], states(&seldom)[..]);
    }

    #[test]
    fn the_mirror_image_gives_the_same_decisions() {
        let frames = walk(50, 6, 3.0, 12);
        // Tone k to tone -k: position i to 64 - i. Ascending order is the reader's duty, which way is up no matter.
        let mirrored: Vec<(Micros, Frame)> =
            frames.iter().map(|(t, h)| (*t, (0..64).map(|i| h[(64 - i) % 64]).collect())).collect();
        let (straight, turned) = (run(&frames, DetectorConfig::default()), run(&mirrored, DetectorConfig::default()));
        assert_eq!(states(&straight), states(&turned));
        for (a, b) in straight.iter().zip(&turned) {
            assert!(
                a.score.is_nan() && b.score.is_nan() || (a.score - b.score).abs() < 0.05,
                "{} {}",
                a.score,
                b.score
            );
        }
    }

    #[test]
    fn a_receiver_that_keeps_the_guard_interval_is_still_and_a_walk_before_it_is_seen() {
        for (rate, seed) in [(12u64, 21u64), (25, 22), (35, 23)] {
            let mut gauss = Gauss(seed);
            let frames: Vec<(Micros, Frame)> = walk(rate, 64, 58.0, seed + 100)
                .into_iter()
                .map(|(t, h)| {
                    // Noise of 16 taps of 64, nine times as strong as the walk's own, which is white over tones.
                    let taps: Frame = (0..16).map(|_| Complex::new(gauss.draw(), gauss.draw()) * 0.4).collect();
                    let smooth = |i: usize| {
                        let at = |n: usize| {
                            let (s, c) = math_turn(-((i * n) as f32) / 64.0);
                            Complex::new(c, s)
                        };
                        taps.iter().enumerate().map(|(n, tap)| tap * at(n)).sum::<Complex<f32>>()
                    };
                    (t, h.iter().enumerate().map(|(i, h)| h + smooth(i)).collect())
                })
                .collect();
            let decisions = run(&frames, DetectorConfig::default());
            let moving = |d: &&Decision| d.state == MotionState::Moving;
            let early: Vec<f64> =
                decisions.iter().filter(moving).map(|d| d.t.seconds()).filter(|t| *t <= 58.0).collect();
            assert!(early.is_empty(), "{rate}/s: moving at {early:?}");
            assert!(decisions.iter().filter(moving).count() > 8, "{rate}/s: the walk is not seen");
        }
    }

    #[test]
    fn silence_is_unknown_and_a_jump_of_the_clock_is_short() {
        let frames = walk(50, 3, 1e9, 6);
        let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
        for (t, h) in &frames {
            while detector.poll(*t).is_some() {}
            let meta = CsiMeta { format: PpduFormat::Ht, ..CsiMeta::at(*t) };
            detector.push(&CsiFrame::new(meta, &TONES, Cfr::F32(h)).unwrap()).unwrap();
        }
        let mut last = None;
        while let Some(d) = detector.poll(Micros(6_000_000)) {
            last = Some(d);
        }
        let last = last.unwrap();
        assert_eq!((last.t, last.state), (Micros(6_000_000), MotionState::Unknown));
        assert!(last.score.is_nan());
        let day = Micros(86_400_000_000);
        let mut count = 0;
        while let Some(d) = detector.poll(day) {
            assert_eq!(d.state, MotionState::Unknown);
            count += 1;
        }
        assert!(count <= 241, "{count} decisions after a day of silence");
        assert!(detector.poll(Micros(0)).is_none(), "time does not run backwards");
    }

    #[test]
    fn no_value_and_no_order_of_times_breaks_it() {
        let mut gauss = Gauss(8);
        let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
        let odd = [f32::NAN, f32::INFINITY, f32::MIN, f32::MAX, 0.0, -0.0, 1e-45, 1e20, 1.0];
        let mut t = 0i64;
        for i in 0..20_000usize {
            t += (gauss.draw() * 40_000.0) as i64 + 8_000;
            if i % 977 == 0 {
                t += (gauss.draw() * 1e7) as i64;
            }
            let at = Micros(t.max(0) as u64);
            while detector.poll(at).is_some() {}
            let n = 1 + (i / 50) % 64;
            let h: Frame = (0..n)
                .map(|k| {
                    let v = if i % 7 == 0 && k % 5 == 0 { odd[(i / 7 + k) % odd.len()] } else { 20.0 + gauss.draw() };
                    Complex::new(v, gauss.draw())
                })
                .collect();
            let n_rx = if i % 501 < 250 { 1 } else { 3 };
            let h: Frame = (0..n_rx).flat_map(|_| h.clone()).collect();
            let meta = CsiMeta { n_rx: n_rx as u8, link: LinkId(u16::from(i % 100 == 0)), ..CsiMeta::at(at) };
            let _ = detector.push(&CsiFrame::new(meta, &TONES[..n], Cfr::F32(&h)).unwrap());
        }
        let end = Micros(u64::MAX);
        while detector.poll(end).is_some() {}
        let meta = CsiMeta::at(end);
        let _ = detector.push(&CsiFrame::new(meta, &TONES[..1], Cfr::I8(&[Complex::new(1, 1)])).unwrap());
    }

    #[test]
    fn refused_frames_say_why() {
        let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
        let h: Frame = (0..64).map(|k| Complex::new(20.0, k as f32 * 0.1)).collect();
        let mut push = |ms: u64, link: u16, h: &Frame| {
            let meta = CsiMeta { link: LinkId(link), format: PpduFormat::Ht, ..CsiMeta::at(Micros(ms * 1000)) };
            detector.push(&CsiFrame::new(meta, &TONES, Cfr::F32(h)).unwrap())
        };
        assert_eq!(push(0, 1, &h), Err(Ignored::OtherLink));
        assert_eq!(push(10, 0, &h), Ok(()));
        assert_eq!(push(10, 0, &h), Err(Ignored::Late));
        assert_eq!(push(12, 0, &h), Err(Ignored::Dense));
        assert_eq!(push(20, 0, &h), Err(Ignored::Duplicate));
        assert_eq!(push(30, 0, &std::vec![Complex::new(0.0, 0.0); 64]), Err(Ignored::NoChannel));
    }

    #[test]
    fn a_link_costs_little_memory() {
        let motion = size_of::<MotionDetector>();
        // What the C library keeps beside it for a link of 56 tones is under 200 bytes.
        assert!(motion <= 3 * 1024 - 200, "{motion} bytes");
    }
}
