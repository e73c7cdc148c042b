//! From scores to states without flicker, and from states to presence.

use crate::detect::config::DetectorConfig;
use crate::detect::{MotionState, Presence};
use crate::phy::Micros;
use crate::phy::When;

/// A link that moves goes on moving while its score is above this share of the threshold.
const RELEASE: f32 = 0.6;
/// How long after motion somebody is surely there: whoever leaves is out of the room by then.
const FRESH: Micros = Micros(5_000_000);
/// How long a breath that was noticed counts.
const BREATH_FRESH: Micros = Micros(60_000_000);
/// Quiet time after which a link that never saw motion says that nobody is there.
const NOBODY: Micros = Micros(180_000_000);

/// State of one link's decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hysteresis {
    moving_until: When,
    last_motion: When,
    /// The last motion as deep as that of somebody in the room.
    last_deep: When,
    quiet_since: When,
}

impl Hysteresis {
    /// Takes the score of a step, `None` while nothing is known, and whether it is as deep as somebody in the room.
    ///
    /// Moving begins at the threshold and ends when the score stayed under 0.6 of it for the hold time. Unknown lets go
    /// at once: a link that is not heard says nothing.
    pub fn step(
        &mut self,
        at: Micros,
        score: Option<f32>,
        deep: bool,
        threshold: f32,
        config: &DetectorConfig,
    ) -> MotionState {
        let held = self.moving_until.get().is_some_and(|t| at < t);
        let state = match score {
            None => MotionState::Unknown,
            Some(s) if s >= threshold || (held && s >= RELEASE * threshold) => {
                self.moving_until = When::at(at + config.hold());
                MotionState::Moving
            }
            Some(_) if held => MotionState::Moving,
            Some(_) => MotionState::Still,
        };
        if deep && state == MotionState::Moving {
            self.last_deep = When::at(at);
        }
        match state {
            MotionState::Moving => (self.last_motion, self.quiet_since) = (When::at(at), When::NEVER),
            MotionState::Still if self.quiet_since == When::NEVER => self.quiet_since = When::at(at),
            MotionState::Still => {}
            MotionState::Unknown => (self.moving_until, self.quiet_since) = (When::NEVER, When::NEVER),
        }
        state
    }

    /// Whether somebody is there; `breath` is the time since somebody was last noticed to breathe.
    ///
    /// Yes during deep motion and for 5 s after it, and for a minute after a breath: shallower motion may be next door.
    /// No when the link was heard and quiet: for three minutes if it never saw motion or breath, for the configured time
    /// if it did, because a person who holds still may not be seen. Unknown between.
    pub fn presence(&self, at: Micros, breath: Option<Micros>, config: &DetectorConfig) -> Presence {
        let motion = self.last_motion.get().map(|t| at.since(t));
        let quiet = self.quiet_since.get().map(|t| at.since(t));
        let deep = self.last_deep.get().map(|t| at.since(t));
        let sign = [motion, breath].into_iter().flatten().min();
        match (sign, quiet) {
            _ if deep.is_some_and(|since| since < FRESH) => Presence::Yes,
            _ if breath.is_some_and(|since| since < BREATH_FRESH) => Presence::Yes,
            (None, Some(quiet)) if quiet >= NOBODY => Presence::No,
            (Some(since), Some(quiet)) if quiet.min(since) >= config.present_for() => Presence::No,
            _ => Presence::Unknown,
        }
    }

    /// Whether somebody is there, of a link that cannot see who holds still: *no* only after the configured quiet time,
    /// whether motion was ever seen or not.
    pub fn presence_by_motion(&self, at: Micros, config: &DetectorConfig) -> Presence {
        let short = self.quiet_since.get().is_none_or(|t| at.since(t) < config.present_for());
        match self.presence(at, None, config) {
            Presence::No if short => Presence::Unknown,
            said => said,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_begins_at_the_threshold_and_ends_below_the_release_level() {
        let config = DetectorConfig::default().with_hold(Micros(500_000)).unwrap();
        let mut h = Hysteresis::default();
        let scores: [f32; 8] = [4.9, 5.0, 3.1, 2.9, 2.9, 4.9, f32::NAN, 6.0];
        let mut seen = std::vec::Vec::new();
        for (i, s) in scores.into_iter().enumerate() {
            let score = if s.is_nan() { None } else { Some(s) };
            seen.push(h.step(Micros(250_000 * (i as u64 + 1)), score, true, 5.0, &config));
        }
        use MotionState::*;
        assert_eq!(seen, [Still, Moving, Moving, Moving, Still, Still, Unknown, Moving]);
    }

    #[test]
    fn presence_needs_time_to_become_no() {
        let config = DetectorConfig::default();
        let mut h = Hysteresis::default();
        let second = |s: u64| Micros(s * 1_000_000);
        h.step(second(1), Some(0.0), false, 5.0, &config);
        assert_eq!(h.presence(second(100), None, &config), Presence::Unknown);
        assert_eq!(h.presence(second(181), None, &config), Presence::No);
        h.step(second(190), Some(9.0), false, 5.0, &config);
        assert_eq!(h.presence(second(191), None, &config), Presence::Unknown, "motion that may be next door");
        h.step(second(200), Some(9.0), true, 5.0, &config);
        h.step(second(210), Some(0.0), false, 5.0, &config);
        assert_eq!(h.presence(second(204), None, &config), Presence::Yes);
        assert_eq!(h.presence(second(500), None, &config), Presence::Unknown, "a person who holds still is not seen");
        assert_eq!(h.presence(second(210 + 1200), None, &config), Presence::No);
        let breath = |s: u64| Some(Micros(s * 1_000_000));
        assert_eq!(h.presence(second(1500), breath(59), &config), Presence::Yes);
        assert_eq!(h.presence(second(1500), breath(61), &config), Presence::Unknown, "a breath ends a no");
        h.step(second(1500), None, false, 5.0, &config);
        assert_eq!(h.presence(second(1500), None, &config), Presence::Unknown);
    }
}
