//! Many links: frames find the detector of their transmitter and shape.

use crate::Error;
use crate::detect::{Decision, Detector, DetectorConfig, Ignored};
use crate::frame::{CsiFrame, LinkId};
use crate::phy::{Micros, PpduFormat};

/// What tells one stream of a link from another; frames of two formats alternate on many links, and a mixture looks
/// like motion.
#[derive(Clone, Copy, PartialEq, Eq)]
struct StreamKey {
    link: LinkId,
    n_rx: u8,
    n_sts: u8,
    tones: u16,
    format: PpduFormat,
    width_mhz: u16,
}

impl StreamKey {
    fn of(frame: &CsiFrame<'_>) -> Self {
        let m = frame.meta();
        Self {
            link: m.link,
            n_rx: m.n_rx,
            n_sts: m.n_sts,
            tones: frame.tones().len().min(usize::from(u16::MAX)) as u16,
            format: m.format,
            width_mhz: m.width.mhz(),
        }
    }
}

/// Up to `N` streams, each with its own detector and one configuration for all.
///
/// A stream is a link in one shape and format. When all places are taken, a stream that was silent for a minute gives
/// its place away; otherwise the frame is refused.
pub struct LinkBank<const N: usize> {
    config: DetectorConfig,
    streams: heapless::Vec<(StreamKey, Micros, Detector), N>,
}

/// Why a bank did not use a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// All places are taken by streams that are heard.
    Full(Error),
    /// The stream's detector left it out.
    Ignored(Ignored),
}

impl<const N: usize> LinkBank<N> {
    /// An empty bank.
    pub const fn new(config: DetectorConfig) -> Self {
        Self { config, streams: heapless::Vec::new() }
    }

    /// Number of streams.
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// True before the first frame.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Hands a frame to its stream's detector. Poll up to its time first.
    ///
    /// # Errors
    /// [`Refused`] says why a frame was left out.
    pub fn push(&mut self, frame: &CsiFrame<'_>) -> Result<(), Refused> {
        let (key, t) = (StreamKey::of(frame), frame.meta().t);
        let at = match self.streams.iter().position(|s| s.0 == key) {
            Some(at) => at,
            None => self.place(key, t)?,
        };
        let (_, last, detector) = &mut self.streams[at];
        *last = t.max(*last);
        detector.push(frame).map_err(Refused::Ignored)
    }

    fn place(&mut self, key: StreamKey, t: Micros) -> Result<usize, Refused> {
        let fresh = (key, t, Detector::new(self.config, key.link));
        if !self.streams.is_full() {
            let _ = self.streams.push(fresh);
            return Ok(self.streams.len() - 1);
        }
        let silent = self.streams.iter().position(|s| t.since(s.1) > Micros(60_000_000));
        let at = silent.ok_or(Refused::Full(Error::Capacity { name: "streams", limit: N }))?;
        self.streams[at] = fresh;
        Ok(at)
    }

    /// The next decision of any stream that is due at or before `now`; call until `None`.
    ///
    /// Streams answer in the order in which they were first heard; decisions of one link in several formats each come
    /// under that link.
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        self.streams.iter_mut().find_map(|(_, _, detector)| detector.poll(now))
    }
}
