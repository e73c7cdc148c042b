//! One recording through the detector.

use std::collections::BTreeMap;
use std::path::Path;

use millpond_datasets::{FrameSource, ReadOptions};
use millpond_dsp::detect::{Decision, DetectorConfig, LinkBank, MotionState, RssiDetector, STEP};
use millpond_dsp::phy::Micros;
use millpond_dsp::zones::{AnyLink, Anywhere};
use millpond_dsp::{CsiFrame, CsiMeta, LinkId, RssiSample};

use super::degrade::{Damage, Degrade};

/// Links of one recording that are decided at once.
const LINKS: usize = 64;
/// Records at the start among which a stale one is looked for, and the gap that tells it.
const STALE: (usize, Micros) = (10, Micros(1_000_000));

/// What one recording gave.
#[derive(Default)]
pub struct Track {
    /// Every link's decisions, in order of time.
    pub links: Vec<Decision>,
    /// What all links say together, one entry a step.
    pub any: Vec<(Micros, Anywhere)>,
    /// Number of links.
    pub link_count: usize,
    /// Frames that reached the detector.
    pub frames: u64,
    /// From the first frame to the end of the last, in seconds.
    pub length_s: f64,
    /// Labels by sample, where the recording carries them: time and whether somebody moves.
    pub labels: Vec<(f64, bool)>,
    /// What could not be read; frames before it count.
    pub damage: Option<String>,
    /// True if the recording was cut short by it.
    pub cut_short: bool,
}

impl Track {
    /// The last word by a time, in seconds from the first frame.
    pub fn by(&self, t_s: f64) -> Option<&Anywhere> {
        let limit = Micros::from_seconds(t_s + 1e-6);
        let n = self.any.partition_point(|(t, _)| *t <= limit);
        n.checked_sub(1).map(|i| &self.any[i].1)
    }
}

/// Runs a recording through one detector a link with the default configuration.
///
/// # Errors
/// If not a single frame can be read. Damage further on is kept in the track.
pub fn run(path: &Path, rate_hz: Option<f64>, degrade: Degrade) -> Result<Track, String> {
    let options = ReadOptions { rate_hz, ..ReadOptions::default() };
    let mut runner = Runner::new(degrade, path);
    let mut source = millpond_datasets::open(path, &options).map_err(|e| e.to_string())?;
    runner.drain(&mut *source, stale(path, &options));
    match (runner.seen, runner.track.damage.take()) {
        (0, damage) => Err(damage.unwrap_or_else(|| "the recording holds no frame".to_owned())),
        (_, damage) if degrade.rssi && runner.track.frames == 0 => {
            Err(damage.unwrap_or_else(|| "the recording holds no signal level".to_owned()))
        }
        (_, damage) => Ok(Track { damage, ..runner.end() }),
    }
}

/// Number of records before a gap of more than a second among the first ten: a device may begin with a frame that is
/// minutes old.
fn stale(path: &Path, options: &ReadOptions) -> usize {
    let Ok(mut source) = millpond_datasets::open(path, options) else { return 0 };
    let mut times = Vec::new();
    while times.len() < STALE.0 {
        match source.next_frame() {
            Ok(Some(record)) => times.push(record.frame.meta().t),
            Err(e) if e.can_resume => {}
            _ => break,
        }
    }
    times.windows(2).rposition(|w| w[1].since(w[0]) > STALE.1).map_or(0, |at| at + 1)
}

struct Runner {
    bank: LinkBank<LINKS>,
    /// One detector a link, where the level alone decides.
    levels: Option<BTreeMap<LinkId, RssiDetector>>,
    any: AnyLink<LINKS>,
    damage: Damage,
    track: Track,
    origin: Option<Micros>,
    last: Micros,
    seen: u64,
}

impl Runner {
    fn new(degrade: Degrade, path: &Path) -> Self {
        let config = DetectorConfig::default();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            bank: LinkBank::new(config),
            levels: degrade.rssi.then(BTreeMap::new),
            any: AnyLink::new(config),
            damage: Damage::new(degrade, &name),
            track: Track::default(),
            origin: None,
            last: Micros(0),
            seen: 0,
        }
    }

    fn drain(&mut self, source: &mut dyn FrameSource, skip: usize) {
        let mut index = 0;
        loop {
            match source.next_frame() {
                Ok(None) => break,
                Ok(Some(record)) => {
                    if index >= skip {
                        let t = self.take(record.frame);
                        self.track.labels.extend(record.label.map(|label| (t, is_motion(label))));
                    }
                    index += 1;
                }
                Err(e) => {
                    self.track.damage.get_or_insert(e.to_string());
                    self.track.cut_short |= e.cuts_short();
                    if !e.can_resume {
                        break;
                    }
                }
            }
        }
    }

    /// Takes a frame; answers with its time in seconds from the first.
    fn take(&mut self, raw: CsiFrame<'_>) -> f64 {
        let origin = *self.origin.get_or_insert(raw.meta().t);
        let t = raw.meta().t.since(origin);
        self.seen += 1;
        self.last = self.last.max(t);
        let meta = CsiMeta { t, ..*raw.meta() };
        if self.damage.passes() {
            if let Ok(frame) = CsiFrame::new(meta, raw.tones(), raw.cfr()) {
                self.poll(t);
                if let Some(levels) = &mut self.levels {
                    let CsiMeta { link, rssi, noise, .. } = *frame.meta();
                    if let Some(level) = rssi {
                        let fresh = || RssiDetector::new(DetectorConfig::default(), link);
                        levels.entry(link).or_insert_with(fresh).push(&RssiSample { t, link, level, noise });
                        self.track.frames += 1;
                    }
                    return t.seconds();
                }
                let frame = self.damage.gain(frame);
                self.track.frames += u64::from(self.bank.push(&frame).is_ok());
            }
        }
        t.seconds()
    }

    fn poll(&mut self, now: Micros) {
        let mut by_level: Vec<Decision> = Vec::new();
        for detector in self.levels.iter_mut().flat_map(|l| l.values_mut()) {
            by_level.extend(std::iter::from_fn(|| detector.poll(now)));
        }
        by_level.sort_by_key(|d| (d.t, d.link));
        let mut by_level = by_level.into_iter();
        while let Some(d) = by_level.next().or_else(|| self.bank.poll(now)) {
            // More links than places: the surplus has no voice.
            let _ = self.any.push(&d);
            let all = self.any.at(d.t);
            match self.track.any.last_mut() {
                Some((t, last)) if *t == d.t => *last = all,
                _ => self.track.any.push((d.t, all)),
            }
            self.track.links.push(d);
        }
    }

    fn end(mut self) -> Track {
        let mean_gap = self.last.seconds() / (self.seen.max(2) - 1) as f64;
        self.track.length_s = self.last.seconds() + mean_gap;
        self.poll(self.last + STEP);
        self.track.link_count = self.track.links.iter().map(|d| usize::from(d.link.0) + 1).max().unwrap_or(0);
        self.track
    }
}

/// Whether a sample's label says that somebody moves.
fn is_motion(label: &str) -> bool {
    ["walking", "turn", "standing_up", "sitting_down"].iter().any(|m| label.starts_with(m))
}

/// One word for a state.
pub const fn state_name(state: MotionState) -> &'static str {
    match state {
        MotionState::Unknown => "unknown",
        MotionState::Still => "still",
        MotionState::Moving => "moving",
    }
}
