//! The detector of one link: frames in, a decision every 250 ms out.

use crate::detect::config::{DetectorConfig, STEP};
use crate::detect::{Decision, MotionState, Presence};
use crate::features::structure::{Level, Structure};
use crate::frame::{CsiFrame, CsiMeta, LinkId};
use crate::math;
use crate::phy::{Bandwidth, Micros, PpduFormat};
use crate::sanitize::bands::{BandMap, Bands, MAX_BANDS, MAX_VALUES};

/// A gap that ends a segment: no statistic spans it.
const GAP: Micros = Micros(1_000_000);
/// Window of the fast score.
const WINDOW_MS: u32 = 1000;
/// Fewest changes that a score rests on.
const MIN_PAIRS: u32 = 4;

/// Why a frame was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// Not later than the frame before it.
    Late,
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
/// ```
/// use millpond_dsp::detect::{Detector, DetectorConfig, MotionState};
/// use millpond_dsp::phy::Micros;
/// use millpond_dsp::LinkId;
///
/// let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
/// // For each frame: first `poll` up to its time, then `push` it.
/// assert!(detector.poll(Micros(0)).is_none());
/// let decision = detector.poll(Micros(250_000)).unwrap();
/// assert_eq!(decision.state, MotionState::Unknown);
/// ```
pub struct Detector {
    config: DetectorConfig,
    link: LinkId,
    shape: Option<Shape>,
    map: Option<BandMap>,
    power: [f32; MAX_VALUES],
    last: [f32; MAX_BANDS],
    noise: [f32; MAX_BANDS],
    noise_frames: u32,
    structure: Structure,
    segment: Micros,
    last_t: Option<Micros>,
    next: Option<Micros>,
    frames: u32,
    moving_until: Option<Micros>,
    last_motion: Option<Micros>,
    quiet_since: Option<Micros>,
}

impl Detector {
    /// A detector that knows nothing yet.
    pub fn new(config: DetectorConfig, link: LinkId) -> Self {
        Self {
            config,
            link,
            shape: None,
            map: None,
            power: [0.0; MAX_VALUES],
            last: [0.0; MAX_BANDS],
            noise: [0.0; MAX_BANDS],
            noise_frames: 0,
            structure: Structure::default(),
            segment: Micros(0),
            last_t: None,
            next: None,
            frames: 0,
            moving_until: None,
            last_motion: None,
            quiet_since: None,
        }
    }

    /// The link that the detector watches.
    pub const fn link(&self) -> LinkId {
        self.link
    }

    /// Takes a frame. Poll up to its time first, so that decisions rest on what came before them.
    ///
    /// # Errors
    /// [`Ignored`] says why a frame was left out; the detector goes on with the next.
    pub fn push(&mut self, frame: &CsiFrame<'_>) -> Result<(), Ignored> {
        let t = frame.meta().t;
        if frame.meta().link != self.link {
            return Err(Ignored::OtherLink);
        }
        self.next.get_or_insert(step_after(t));
        if self.last_t.is_some_and(|last| t <= last) {
            return Err(Ignored::Late);
        }
        let shape = Shape::of(frame);
        let gap = self.last_t.is_some_and(|last| t.since(last) > GAP);
        if self.shape != Some(shape) || self.map.is_none() || gap {
            return self.begin(frame, shape);
        }
        let map = self.map.as_ref().ok_or(Ignored::NoChannel)?;
        let mut power = [0.0; MAX_VALUES];
        let bands = map.extract(frame, &mut power).ok_or(Ignored::NoChannel)?;
        let used = map.values();
        if power[..used] == self.power[..used] {
            return Err(Ignored::Duplicate);
        }
        let mut rough = [0.0; MAX_BANDS];
        map.roughness(&power, &self.power, &bands.x, &mut rough);
        let freedom = map.freedom() as f32;
        self.learn_noise(&rough);
        let ms = (t.since(self.segment).0 / 1000).min(u64::from(u32::MAX / 2)) as u32;
        self.structure.push(ms, &bands.x, &self.last, &self.noise, freedom);
        self.accept(t, bands, power);
        Ok(())
    }

    fn accept(&mut self, t: Micros, bands: Bands, power: [f32; MAX_VALUES]) {
        (self.last, self.power, self.last_t) = (bands.x, power, Some(t));
        self.frames = self.frames.saturating_add(1);
    }

    fn begin(&mut self, frame: &CsiFrame<'_>, shape: Shape) -> Result<(), Ignored> {
        let t = frame.meta().t;
        self.structure.clear();
        self.noise_frames = 0;
        self.frames = 0;
        self.last_t = Some(t);
        self.segment = t;
        self.map = BandMap::of(frame);
        self.shape = Some(shape);
        self.noise = [1.0; MAX_BANDS];
        let map = self.map.as_ref().ok_or(Ignored::NoChannel)?;
        let mut power = [0.0; MAX_VALUES];
        let Some(bands) = map.extract(frame, &mut power) else {
            self.map = None;
            return Err(Ignored::NoChannel);
        };
        self.accept(t, bands, power);
        Ok(())
    }

    /// Mean of the first frames, then an average over 32 that no single frame can move far.
    fn learn_noise(&mut self, rough: &[f32; MAX_BANDS]) {
        self.noise_frames = (self.noise_frames + 1).min(32);
        let share = 1.0 / self.noise_frames as f32;
        let first = self.noise_frames < 4;
        for (n, &r) in self.noise.iter_mut().zip(rough) {
            let r = if first { r } else { r.min(4.0 * *n) };
            *n = if self.noise_frames == 1 { r.max(1e-9) } else { (*n + share * (r - *n)).max(1e-9) };
        }
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
        let minute = Micros(60_000_000);
        let at = if now.since(next) > minute { step_after(Micros(now.0 - minute.0)) } else { next };
        self.next = Some(at + STEP);
        Some(self.decide(at))
    }

    fn decide(&mut self, at: Micros) -> Decision {
        let silent = self.last_t.is_none_or(|t| at.since(t) > GAP);
        let ms = (at.since(self.segment).0 / 1000).min(u64::from(u32::MAX / 2)) as u32;
        let level = if silent { None } else { self.structure.level(ms, WINDOW_MS) };
        let level = level.filter(|l| l.pairs >= MIN_PAIRS);
        let score = level.map_or(f32::NAN, |l| score(&l));
        let threshold = self.config.threshold();
        let state = match level {
            None => MotionState::Unknown,
            Some(_) if score >= threshold => {
                self.moving_until = Some(at + self.config.hold());
                MotionState::Moving
            }
            Some(_) if self.moving_until.is_some_and(|t| at < t) => MotionState::Moving,
            Some(_) => MotionState::Still,
        };
        let present = self.presence(at, state);
        Decision { t: at, link: self.link, state, present, score, threshold, frames: level.map_or(0, |l| l.pairs) }
    }

    fn presence(&mut self, at: Micros, state: MotionState) -> Presence {
        match state {
            MotionState::Moving => (self.last_motion, self.quiet_since) = (Some(at), None),
            MotionState::Still => _ = self.quiet_since.get_or_insert(at),
            MotionState::Unknown => self.quiet_since = None,
        }
        let recent = self.last_motion.is_some_and(|t| at.since(t) < self.config.present_for());
        match self.quiet_since {
            _ if state == MotionState::Moving => Presence::Yes,
            Some(since) if at.since(since) >= Micros(180_000_000) && !recent => Presence::No,
            _ if recent => Presence::Yes,
            _ => Presence::Unknown,
        }
    }
}

/// First multiple of [`STEP`] after `t`.
fn step_after(t: Micros) -> Micros {
    Micros((t.0 / STEP.0 + 1).saturating_mul(STEP.0))
}

fn score(l: &Level) -> f32 {
    let energy = math::log10(l.long.max(1e-6));
    5.0 * energy
}
