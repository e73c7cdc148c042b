//! What is held of one link, as the gate sees it: raw, wiped, and stepped by plain functions.

use millpond_dsp::detect::{Decision, Detector, DetectorConfig, Ignored, MotionState, Presence, RssiDetector};
use millpond_dsp::phy::Micros;
use millpond_dsp::{CsiFrame, LinkId, RssiSample};
use millpond_report::Wipe;
use millpond_report::estimate::{self, LinkEstimate, Motion, ZoneEstimate};
use millpond_report::raw::overwrite;

/// Without a reading for so long the RSSI detector begins afresh; so a jump of the host's clock costs no catching up.
const SILENT: Micros = Micros(60_000_000);

/// A frame on its way to a detector.
pub(crate) struct FrameView<'a>(pub CsiFrame<'a>);

impl Wipe for FrameView<'_> {
    /// The samples are the host's, or lie in the sensor's scratch memory, which is wiped with the detectors.
    fn wipe(&mut self) {}
}

/// An RSSI reading on its way to a detector.
pub(crate) struct Reading(pub RssiSample);

impl Wipe for Reading {
    fn wipe(&mut self) {
        let blank = RssiSample { t: Micros(0), link: LinkId(0), level: millpond_dsp::phy::Dbm(0.0), noise: None };
        overwrite(&mut self.0, blank);
    }
}

/// What a link said during one second.
#[derive(Clone, Copy, Default)]
struct Word {
    motion: Motion,
    presence: estimate::Presence,
    /// Highest score, thousandths.
    score_milli: i32,
    used: u32,
    ignored: u32,
}

/// Both detectors of one link, and what they said.
pub(crate) struct LinkState {
    /// The score at which this link counts for its zone.
    threshold: f32,
    csi: Detector,
    rssi: RssiDetector,
    /// Time of the last reading.
    read_at: Option<Micros>,
    /// True while the link moves and has crossed the zone's threshold since it began to.
    counted: bool,
    /// True while the decision that stands is the CSI detector's, and not unknown.
    csi_speaks: bool,
    running: Word,
    told: Word,
}

impl Wipe for LinkState {
    fn wipe(&mut self) {
        // By name, so that a field left out does not compile.
        let Self { threshold: _, csi, rssi, read_at, counted, csi_speaks, running, told } = self;
        csi.reset();
        rssi.reset();
        (*read_at, *counted, *csi_speaks) = (None, false, false);
        (*running, *told) = (Word::default(), Word::default());
        // So that the stores are not left out, though nobody may read what they wrote.
        core::hint::black_box(self);
    }
}

impl LinkState {
    /// A link that shares the tolerated false-alarm rate with `sharing` links of its zone, itself included
    /// (Bonferroni's inequality, as in `dsp::zones::AnyLink`).
    pub(crate) fn new(config: DetectorConfig, link: LinkId, sharing: usize) -> Self {
        Self {
            threshold: config.threshold_among(sharing),
            csi: Detector::new(config, link),
            rssi: RssiDetector::new(config, link),
            read_at: None,
            counted: false,
            csi_speaks: false,
            running: Word::default(),
            told: Word::default(),
        }
    }

    /// Lets time pass to the frame's, then takes it.
    pub(crate) fn take_frame(&mut self, frame: &FrameView<'_>) -> u8 {
        self.advance(frame.0.meta().t);
        let count = match self.csi.push(&frame.0) {
            // More frames than are needed is no fault of theirs.
            Ok(()) | Err(Ignored::Dense) => &mut self.running.used,
            Err(_) => &mut self.running.ignored,
        };
        *count = count.saturating_add(1);
        0
    }

    /// Lets time pass to the reading's, then takes it.
    pub(crate) fn take_reading(&mut self, reading: &Reading) -> u8 {
        self.advance(reading.0.t);
        self.rssi.push(&reading.0);
        self.read_at = Some(reading.0.t);
        0
    }

    /// Ends the second: what was said in it is what the messages tell.
    pub(crate) fn begin_round(&mut self, now_us: u64) -> u8 {
        self.advance(Micros(now_us));
        self.told = core::mem::take(&mut self.running);
        0
    }

    /// Takes every decision that is due. A decision on CSI goes before one on RSSI, which speaks where CSI cannot.
    fn advance(&mut self, now: Micros) {
        if self.read_at.is_some_and(|t| now.since(t) > SILENT) {
            self.rssi.reset();
            self.read_at = None;
        }
        while let Some(d) = self.csi.poll(now) {
            self.hear(d, true);
        }
        while let Some(d) = self.rssi.poll(now) {
            self.hear(d, false);
        }
    }

    fn hear(&mut self, d: Decision, csi: bool) {
        if !csi && self.csi_speaks {
            return;
        }
        self.csi_speaks = csi && d.state != MotionState::Unknown;
        self.counted = d.state == MotionState::Moving && (self.counted || d.score >= self.threshold);
        let word = &mut self.running;
        word.motion = match (word.motion, d.state) {
            _ if self.counted => Motion::Moving,
            (Motion::Moving, _) => Motion::Moving,
            (_, MotionState::Moving | MotionState::Still) => Motion::Still,
            (before, MotionState::Unknown) => before,
        };
        word.presence = match d.present {
            Presence::Unknown => estimate::Presence::Unknown,
            Presence::No => estimate::Presence::No,
            Presence::Yes => estimate::Presence::Yes,
        };
        // A score that is not a number becomes 0; one out of range its end.
        word.score_milli = word.score_milli.max((d.score * 1000.0) as i32);
    }

    /// Adds this link's word to its zone's.
    pub(crate) fn add_to_zone(zone: &mut ZoneEstimate, link: &Self) -> u8 {
        let word = &link.told;
        zone.motion = match (zone.motion, word.motion) {
            (Motion::Moving, _) | (_, Motion::Moving) => Motion::Moving,
            (Motion::Still, _) | (_, Motion::Still) => Motion::Still,
            (Motion::Unknown, Motion::Unknown) => Motion::Unknown,
        };
        // The first link finds a zone without a threshold.
        let first = zone.threshold_milli == 0;
        zone.presence = match (zone.presence, word.presence) {
            _ if zone.motion == Motion::Moving => estimate::Presence::Yes,
            (estimate::Presence::Yes, _) | (_, estimate::Presence::Yes) => estimate::Presence::Yes,
            (before, estimate::Presence::No) if first || before == estimate::Presence::No => estimate::Presence::No,
            _ => estimate::Presence::Unknown,
        };
        zone.threshold_milli = ((link.threshold * 1000.0) as i32).max(1);
        zone.score_milli = zone.score_milli.max(word.score_milli);
        // A detector gives a decision or none: there is nothing in between to tell.
        let settled = if word.motion == Motion::Unknown { 0 } else { 1000 };
        zone.settled_milli = zone.settled_milli.max(settled);
        0
    }

    /// The share of frames that could be used.
    pub(crate) fn quality(&self) -> LinkEstimate {
        let (used, all) = (u64::from(self.told.used), u64::from(self.told.used) + u64::from(self.told.ignored));
        LinkEstimate { good_milli: (used * 1000).checked_div(all).unwrap_or(0) as u16 }
    }
}

#[cfg(test)]
mod tests {
    use millpond_dsp::zones::AnyLink;

    use super::*;

    /// `dsp` fuses links in a table of fixed length; here each link holds its own part. They must agree.
    #[test]
    fn links_are_fused_as_in_dsp() {
        const LINKS: usize = 3;
        let config = DetectorConfig::default();
        let mut links: Vec<LinkState> = (0..3).map(|i| LinkState::new(config, LinkId(i), LINKS)).collect();
        let mut any = AnyLink::<LINKS>::new(config);
        let mut state = 1u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let mut met = [0; 3];
        for step in 0..3000u64 {
            let t = Micros(step * 250_000);
            for link in &mut links {
                let score = below(100) as f32 / 10.0;
                let moving = score >= config.threshold();
                let (state, present) = match below(4) {
                    0 => (MotionState::Unknown, Presence::Unknown),
                    _ if moving => (MotionState::Moving, Presence::Yes),
                    n => (MotionState::Still, if n == 1 { Presence::Unknown } else { Presence::No }),
                };
                let score = if state == MotionState::Unknown { f32::NAN } else { score };
                let (link_id, threshold) = (link.csi.link(), config.threshold());
                let d = Decision { t, link: link_id, state, present, score, threshold, frames: 30 };
                link.hear(d, true);
                link.told = core::mem::take(&mut link.running);
                any.push(&d).unwrap();
            }
            // The table shares the rate among the links seen so far: all of them only after the first step.
            if step == 0 {
                continue;
            }
            let mut zone = ZoneEstimate::default();
            for link in &links {
                LinkState::add_to_zone(&mut zone, link);
            }
            let expected = any.at(t);
            let motion = match expected.state {
                MotionState::Unknown => Motion::Unknown,
                MotionState::Still => Motion::Still,
                MotionState::Moving => Motion::Moving,
            };
            let presence = match expected.present {
                Presence::Unknown => estimate::Presence::Unknown,
                Presence::No => estimate::Presence::No,
                Presence::Yes => estimate::Presence::Yes,
            };
            assert!(zone.motion == motion, "step {step}");
            assert!(zone.presence == presence, "step {step}");
            assert_eq!(zone.threshold_milli, (expected.threshold * 1000.0) as i32);
            if !expected.score.is_nan() {
                assert_eq!(zone.score_milli, (expected.score * 1000.0) as i32);
            }
            met[motion as usize] += 1;
        }
        assert!(met.iter().all(|n| *n > 20), "{met:?}");
    }
}
