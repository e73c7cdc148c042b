//! Decisions: from motion statistics to states, with a stated false-alarm rate.
//!
//! A detector takes frames and times, never a clock: [`Decision`]s come at fixed steps of the caller's time.

mod bank;
mod config;
mod detector;
mod fusion;
mod hysteresis;
#[cfg(feature = "presence")]
mod living;
mod noise;
mod onset;
mod rssi;
mod steps;
mod track;

pub use bank::{LinkBank, Refused};
pub use config::DetectorConfig;
#[cfg(not(feature = "presence"))]
pub use detector::MotionDetector as Detector;
pub use detector::{Ignored, MotionDetector};
#[cfg(feature = "presence")]
pub use living::Detector;
pub use rssi::RssiDetector;
pub use steps::STEP;
pub use track::EventTracker;

use crate::frame::LinkId;
use crate::phy::Micros;

/// Whether something moves on a link or in a zone. Too little to go on is `Unknown`, never `Still`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MotionState {
    /// Too few frames, a fault, or a link that is still settling.
    #[default]
    Unknown,
    /// Nothing above the threshold.
    Still,
    /// The statistic stands above its threshold.
    Moving,
}

/// Whether somebody is there, moving or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Between the two, or too little to go on.
    #[default]
    Unknown,
    /// Nobody was noticed for long enough.
    No,
    /// Motion or a sign of life.
    Yes,
}

/// What a detector holds of one link at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// When, on the clock of the frames.
    pub t: Micros,
    /// Which link.
    pub link: LinkId,
    /// Motion.
    pub state: MotionState,
    /// Presence.
    pub present: Presence,
    /// The fused statistic in standard deviations above its mean under stillness; NaN while nothing is known.
    pub score: f32,
    /// The score that the wanted false-alarm rate asks for, in the same unit.
    pub threshold: f32,
    /// Number of frames that the score rests on.
    pub frames: u32,
}

/// A stretch of motion on one link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionEvent {
    /// Which link.
    pub link: LinkId,
    /// First decision of moving.
    pub start: Micros,
    /// First decision of anything else after it, `None` while it lasts.
    pub end: Option<Micros>,
    /// Highest score within.
    pub peak: f32,
    /// The threshold that it crossed.
    pub threshold: f32,
    /// Frames that the peak rests on.
    pub frames: u32,
}
