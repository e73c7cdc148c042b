//! What is held of one link, as the gate sees it: raw, wiped, and stepped by plain functions.

use millpond_dsp::detect::{Decision, DetectorConfig, Ignored, MotionDetector, MotionState, Presence, RssiDetector};
use millpond_dsp::phy::{Micros, When};
use millpond_dsp::{CsiFrame, LinkId, RssiSample};
use millpond_report::Wipe;
use millpond_report::estimate::{self, LinkEstimate, Motion, ZoneEstimate};
use millpond_report::raw::overwrite;

use crate::life::LinkLife;

/// Without a reading for so long the RSSI detector begins afresh; so a jump of the host's clock costs no catching up.
const SILENT: Micros = Micros(60_000_000);
/// A link on which frames say nothing for so long is heard by its readings.
const DEAF: Micros = Micros(10_000_000);
/// Frames of a second that make it worth while to go back to them: the detector rests on five changes in two seconds.
const ENOUGH: u8 = 5;
/// Seconds until frames that came and said nothing are tried again.
const USELESS: u16 = 600;

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
    /// Highest score, thousandths.
    score_milli: i32,
    used: u16,
    ignored: u16,
    motion: Motion,
    presence: estimate::Presence,
}

/// The detector of a link: by frames where they say something, else by readings. One at a time, in the same memory.
#[allow(clippy::large_enum_variant)] // That they share one place is what it is for.
enum Ear {
    Frames(MotionDetector),
    Readings(RssiDetector),
}

/// The detector of one link, and what it said.
pub(crate) struct LinkState {
    ear: Ear,
    /// With frames: when the first came, or when they last said something. With readings: the last one.
    heard: When,
    /// When somebody was last noticed to breathe.
    alive: When,
    running: Word,
    told: Word,
    /// The score at which this link counts for its zone.
    threshold: f32,
    /// With readings: seconds until frames are heard again.
    wait: u16,
    /// Frames since frames last said something; with readings, those of this second.
    frames: u8,
    /// True while the link moves and has crossed the zone's threshold since it began to.
    counted: bool,
}

impl Wipe for LinkState {
    fn wipe(&mut self) {
        // By name, so that a field left out does not compile.
        let Self { threshold: _, ear, heard, alive, wait, frames, counted, running, told } = self;
        ear.reset();
        (*heard, *alive, *wait, *frames, *counted) = (When::NEVER, When::NEVER, 0, 0, false);
        (*running, *told) = (Word::default(), Word::default());
        // So that the stores are not left out, though nobody may read what they wrote.
        core::hint::black_box(self);
    }
}

impl Ear {
    fn reset(&mut self) {
        match self {
            Self::Frames(d) => d.reset(),
            Self::Readings(d) => d.reset(),
        }
    }

    /// Listens to frames from now on. What readings left is overwritten first.
    #[inline(never)]
    fn turn_to_frames(&mut self) {
        self.reset();
        if let Self::Readings(d) = self {
            *self = Self::Frames(MotionDetector::new(*d.config(), d.link()));
        }
    }

    /// Listens to readings from now on. What frames left is overwritten first, also where the other detector is shorter.
    #[inline(never)]
    fn turn_to_readings(&mut self) {
        self.reset();
        if let Self::Frames(d) = self {
            *self = Self::Readings(RssiDetector::new(*d.config(), d.link()));
        }
    }
}

impl LinkState {
    /// A link that shares the tolerated false-alarm rate with `sharing` links of its zone, itself included
    /// (Bonferroni's inequality, as in `dsp::zones::AnyLink`).
    pub(crate) fn new(config: DetectorConfig, link: LinkId, sharing: usize) -> Self {
        Self {
            ear: Ear::Frames(MotionDetector::new(config, link)),
            heard: When::NEVER,
            alive: When::NEVER,
            running: Word::default(),
            told: Word::default(),
            threshold: config.threshold_among(sharing),
            wait: 0,
            frames: 0,
            counted: false,
        }
    }

    /// Lets time pass to the frame's, then takes it.
    pub(crate) fn take_frame(&mut self, frame: &FrameView<'_>) -> u8 {
        let t = frame.0.meta().t;
        self.advance(t);
        self.frames = self.frames.saturating_add(1);
        // Readings that never came leave nothing to lose.
        if matches!(self.ear, Ear::Readings(_)) && self.heard == When::NEVER {
            self.ear.turn_to_frames();
        }
        let taken = match &mut self.ear {
            Ear::Frames(d) => {
                if self.heard == When::NEVER {
                    self.heard = When::at(t);
                }
                d.push(&frame.0)
            }
            // Not looked at: the readings speak for this link.
            Ear::Readings(_) => Err(Ignored::NoChannel),
        };
        let count = match taken {
            // More frames than are needed is no fault of theirs.
            Ok(()) | Err(Ignored::Dense) => &mut self.running.used,
            Err(_) => &mut self.running.ignored,
        };
        *count = count.saturating_add(1);
        0
    }

    /// Lets time pass to the reading's, then takes it if frames say nothing.
    pub(crate) fn take_reading(&mut self, reading: &Reading) -> u8 {
        let t = reading.0.t;
        self.advance(t);
        if matches!(self.ear, Ear::Frames(_)) {
            if self.heard.get().is_some_and(|heard| t.since(heard) <= DEAF) {
                return 0;
            }
            self.wait = if self.frames >= ENOUGH { USELESS } else { 0 };
            (self.frames, self.counted) = (0, false);
            self.ear.turn_to_readings();
        }
        if let Ear::Readings(d) = &mut self.ear {
            d.push(&reading.0);
            self.heard = When::at(t);
        }
        0
    }

    /// Learns when somebody was last noticed to breathe.
    pub(crate) fn take_life(&mut self, life: &LinkLife) -> u8 {
        self.alive = life.seen();
        0
    }

    /// Ends the second: what was said in it is what the messages tell.
    pub(crate) fn begin_round(&mut self, now_us: u64) -> u8 {
        self.advance(Micros(now_us));
        self.told = core::mem::take(&mut self.running);
        0
    }

    /// Takes every decision that is due.
    fn advance(&mut self, now: Micros) {
        let silent = self.heard.get().is_some_and(|t| now.since(t) > SILENT);
        if let (true, Ear::Readings(d)) = (silent, &mut self.ear) {
            d.reset();
            self.heard = When::NEVER;
        }
        while let Some(d) = self.next(now) {
            self.hear(d);
            let frames_speak = d.state != MotionState::Unknown;
            match &self.ear {
                Ear::Frames(_) if frames_speak => (self.heard, self.frames) = (When::at(d.t), 0),
                Ear::Frames(_) => {}
                Ear::Readings(_) if d.t.0 % 1_000_000 == 0 => self.end_second(),
                Ear::Readings(_) => {}
            }
        }
    }

    fn next(&mut self, now: Micros) -> Option<Decision> {
        match &mut self.ear {
            Ear::Frames(d) => d.poll_alive(now, self.alive.get()),
            Ear::Readings(d) => d.poll(now),
        }
    }

    /// Goes back to frames if enough of them came in this second, and they are not known to say nothing.
    fn end_second(&mut self) {
        if self.frames >= ENOUGH && self.wait == 0 {
            self.ear.turn_to_frames();
            (self.heard, self.counted) = (When::NEVER, false);
        }
        (self.frames, self.wait) = (0, self.wait.saturating_sub(1));
    }

    fn hear(&mut self, d: Decision) {
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
        let (used, all) = (u32::from(self.told.used), u32::from(self.told.used) + u32::from(self.told.ignored));
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
            for (link_id, link) in (0..).map(LinkId).zip(&mut links) {
                let score = below(100) as f32 / 10.0;
                let moving = score >= config.threshold();
                let (state, present) = match below(4) {
                    0 => (MotionState::Unknown, Presence::Unknown),
                    _ if moving => (MotionState::Moving, Presence::Yes),
                    n => (MotionState::Still, if n == 1 { Presence::Unknown } else { Presence::No }),
                };
                let score = if state == MotionState::Unknown { f32::NAN } else { score };
                let threshold = config.threshold();
                let d = Decision { t, link: link_id, state, present, score, threshold, frames: 30 };
                link.hear(d);
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
