//! Many links: frames find the detector of their transmitter and shape.

use crate::Error;
use crate::detect::{Decision, Detector, DetectorConfig, Ignored, MotionState, Presence};
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

    /// Forgets every stream of a link: its number may then stand for another.
    pub fn forget(&mut self, link: LinkId) {
        self.streams.retain(|s| s.0.link != link);
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

    /// The next decision of any link that is due at or before `now`; call until `None`.
    ///
    /// Earliest step first, then in the order in which links were first heard. A link that is heard in several shapes
    /// gives one decision: moving if any of its streams moves, still if any knows, with the highest score.
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        let due = |s: &(StreamKey, Micros, Detector)| s.2.next_step().filter(|&at| at <= now);
        let (at, link) = self.streams.iter().filter_map(|s| Some((due(s)?, s.0.link))).min_by_key(|&(at, _)| at)?;
        let same = |s: &&mut (StreamKey, Micros, Detector)| s.0.link == link && s.2.next_step() == Some(at);
        self.streams.iter_mut().filter(same).filter_map(|s| s.2.poll(now)).reduce(merge)
    }
}

/// Two streams of one link, one decision.
fn merge(a: Decision, b: Decision) -> Decision {
    let rank = |s: MotionState| match s {
        MotionState::Unknown => 0,
        MotionState::Still => 1,
        MotionState::Moving => 2,
    };
    let trust = |p: Presence| match p {
        Presence::Unknown => 0,
        Presence::No => 1,
        Presence::Yes => 2,
    };
    let better = (rank(b.state), b.score.max(f32::MIN)).partial_cmp(&(rank(a.state), a.score.max(f32::MIN)));
    let (best, other) = if better == Some(core::cmp::Ordering::Greater) { (b, a) } else { (a, b) };
    let present = if trust(other.present) > trust(best.present) { other.present } else { best.present };
    Decision { present, ..best }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Cfr, CsiMeta};
    use num_complex::Complex;

    const TONES: [i16; 12] = [-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6];

    fn push<const N: usize>(bank: &mut LinkBank<N>, ms: u64, link: u16, tones: usize) -> Result<(), Refused> {
        let h: std::vec::Vec<_> = (0..tones).map(|k| Complex::new(20 + (ms % 7) as i8, k as i8)).collect();
        let meta = CsiMeta { link: LinkId(link), ..CsiMeta::at(Micros(ms * 1000)) };
        bank.push(&CsiFrame::new(meta, &TONES[..tones], Cfr::I8(&h)).unwrap())
    }

    #[test]
    fn a_link_in_two_shapes_gives_one_decision_a_step() {
        let mut bank = LinkBank::<4>::new(DetectorConfig::default());
        for ms in (0..1000).step_by(20) {
            push(&mut bank, ms, 0, 12).unwrap();
            push(&mut bank, ms + 5, 0, 9).unwrap();
            push(&mut bank, ms + 7, 1, 12).unwrap();
        }
        assert_eq!(bank.len(), 3);
        let mut seen = std::vec::Vec::new();
        while let Some(d) = bank.poll(Micros(500_000)) {
            seen.push((d.t.0, d.link.0));
        }
        assert_eq!(seen, [(250_000, 0), (250_000, 1), (500_000, 0), (500_000, 1)]);
    }

    #[test]
    fn a_silent_stream_gives_its_place_away() {
        let mut bank = LinkBank::<1>::new(DetectorConfig::default());
        push(&mut bank, 0, 0, 12).unwrap();
        assert!(matches!(push(&mut bank, 1000, 1, 12), Err(Refused::Full(Error::Capacity { limit: 1, .. }))));
        push(&mut bank, 61_000, 1, 12).unwrap();
        assert_eq!(bank.len(), 1);
    }
}
