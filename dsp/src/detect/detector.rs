//! The detector of one link: frames in, a decision every 250 ms out.

use crate::detect::config::{DetectorConfig, STEP};
use crate::detect::fusion::{self, Noise, Window};
use crate::detect::hysteresis::Hysteresis;
use crate::detect::noise::NoiseFloor;
use crate::detect::{Decision, MotionState};
use crate::features::lag1::{Changes, Sums};
use crate::features::ring::{BandRing, SPACING};
use crate::features::subspace::residue;
use crate::frame::{CsiFrame, CsiMeta, LinkId};
use crate::phy::{Bandwidth, Micros, PpduFormat};
use crate::sanitize::bands::{BandMap, MAX_VALUES, Powers};

/// A gap that ends a segment: no statistic spans it.
const GAP: Micros = Micros(1_000_000);
/// Time after which the live tones are looked up again.
const REMAP: Micros = Micros(10_000_000);
/// Steps that a clock may jump ahead before the missed decisions are left out.
const JUMP: Micros = Micros(60_000_000);
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
}

impl Shape {
    fn of(frame: &CsiFrame<'_>) -> Self {
        let CsiMeta { n_rx, n_sts, format, width, .. } = *frame.meta();
        Self { n_rx, n_sts, tones: frame.tones().len().min(usize::from(u16::MAX)) as u16, format, width }
    }
}

/// Motion detector of one link: one transmitter, one shape, one format.
///
/// It needs no calibration and no quiet time. [`docs/method.md`] in the crate says what it computes and why.
///
/// - Memory: `size_of::<Detector>()`, about 3 KB, whatever the packet rate
/// - Frames of more than 128 values are thinned evenly, of more than eight antenna and stream pairs the first eight count
/// - Frames closer than 6.5 ms are left out
///
/// ```
/// use millpond_dsp::detect::{Detector, DetectorConfig, MotionState};
/// use millpond_dsp::phy::Micros;
/// use millpond_dsp::LinkId;
///
/// let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
/// // For each frame: first `poll` up to its time until `None`, then `push` it.
/// assert!(detector.poll(Micros(0)).is_none());
/// let decision = detector.poll(Micros(250_000)).unwrap();
/// assert_eq!(decision.state, MotionState::Unknown);
/// ```
///
/// [`docs/method.md`]: https://docs.rs/millpond-dsp
pub struct Detector {
    config: DetectorConfig,
    threshold: f32,
    link: LinkId,
    shape: Option<Shape>,
    map: Option<BandMap>,
    mapped: Micros,
    powers: Powers,
    noise: NoiseFloor,
    ring: BandRing,
    changes: Changes,
    past: [Sums; 4],
    hysteresis: Hysteresis,
    last_t: Option<Micros>,
    next: Option<Micros>,
}

impl Detector {
    /// A detector that knows nothing yet.
    pub fn new(config: DetectorConfig, link: LinkId) -> Self {
        Self {
            config,
            threshold: config.threshold(),
            link,
            shape: None,
            map: None,
            mapped: Micros(0),
            powers: [0; MAX_VALUES],
            noise: NoiseFloor::default(),
            ring: BandRing::default(),
            changes: Changes::default(),
            past: [Sums::default(); 4],
            hysteresis: Hysteresis::default(),
            last_t: None,
            next: None,
        }
    }

    /// The link that the detector watches.
    pub const fn link(&self) -> LinkId {
        self.link
    }

    /// Time of the next decision, `None` before the first frame or poll.
    pub const fn next_step(&self) -> Option<Micros> {
        self.next
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
        self.next.get_or_insert(step_after(t));
        let since = match self.last_t {
            Some(last) if t <= last => return Err(Ignored::Late),
            Some(last) => t.since(last),
            None => GAP + GAP,
        };
        if since < SPACING && self.map.is_some() {
            return Err(Ignored::Dense);
        }
        self.follow_shape(frame, t, since);
        let map = self.map.as_ref().ok_or(Ignored::NoChannel)?;
        let mut powers = [0; MAX_VALUES];
        let bands = map.extract(frame, &mut powers).ok_or(Ignored::NoChannel)?;
        if powers == self.powers {
            return Err(Ignored::Duplicate);
        }
        self.last_t = Some(t);
        if self.ring.since_last(t).is_some() {
            self.noise.learn(map, &powers, &self.powers, &bands);
        }
        self.powers = powers;
        if let Some(change) = self.ring.push(t, &bands, self.noise.weight()) {
            self.changes.push(step_number(t), change);
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
        if new_shape || t.since(self.mapped) > REMAP {
            let map = BandMap::of(frame);
            // A fade may hide a tone; only a frame that has more live tones, or a tenth fewer, tells of a new map.
            let count = |m: &Option<BandMap>| m.as_ref().map_or(0, BandMap::values);
            let (old, new) = (count(&self.map), count(&map));
            if new_shape || new > old || new * 10 < old * 9 {
                self.forget();
                self.noise = NoiseFloor::default();
                self.map = map;
                self.shape = Some(shape);
            }
            self.mapped = t;
        }
    }

    fn forget(&mut self) {
        self.ring.clear();
        self.changes.clear();
        self.past = [Sums::default(); 4];
        self.powers = [0; MAX_VALUES];
    }

    /// The decision that is due at or before `now`, if one is; call until `None`.
    ///
    /// Steps are the multiples of 250 ms of the caller's clock. After a jump of more than a minute the steps before
    /// the last minute are skipped.
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        let next = *self.next.get_or_insert(step_after(now));
        if next > now {
            return None;
        }
        let at = if now.since(next) > JUMP { step_after(Micros(now.0 - JUMP.0)) } else { next };
        self.next = Some(at + STEP);
        Some(self.decide(at))
    }

    fn decide(&mut self, at: Micros) -> Decision {
        let silent = self.last_t.is_none_or(|t| at.since(t) > GAP);
        let (score, frames) = if silent { (None, 0.0) } else { self.score(at) };
        let state = self.hysteresis.step(at, score, self.threshold, &self.config);
        debug_assert!(score.is_none() == (state == MotionState::Unknown));
        Decision {
            t: at,
            link: self.link,
            state,
            present: self.hysteresis.presence(at, &self.config),
            score: score.unwrap_or(f32::NAN),
            threshold: self.threshold,
            frames: frames as u32,
        }
    }

    /// The fused score and the number of changes behind it.
    fn score(&mut self, at: Micros) -> (Option<f32>, f32) {
        let Some(noise) = self.map.as_ref().and_then(|map| self.noise.of(map)) else { return (None, 0.0) };
        let sums = self.changes.sums(step_number(at));
        let [oldest, ..] = self.past;
        self.past.rotate_left(1);
        self.past[3] = sums;
        let both = sums.with(&oldest);
        if both.changes < FEWEST {
            return (None, both.changes);
        }
        let (one, two) = (self.window(sums, at, 1, &noise), self.window(both, at, 2, &noise));
        (fusion::score(&one, &two, &noise, self.threshold), both.changes)
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

/// First multiple of [`STEP`] after `t`.
fn step_after(t: Micros) -> Micros {
    Micros((t.0 / STEP.0 + 1).saturating_mul(STEP.0))
}

/// Low byte of the number of the step that begins at or before `t`.
fn step_number(t: Micros) -> u8 {
    (t.0 / STEP.0) as u8
}
