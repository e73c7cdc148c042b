//! Decisions to events: when motion began, when it ended, how strong it was.

use crate::detect::{Decision, MotionEvent, MotionState};
use crate::phy::Micros;

/// Joins the decisions of one link into events.
///
/// An event begins with the first decision of moving and ends when `join` passed without another; a shorter break is
/// part of the event, so that a person who pauses makes one event and not ten.
#[derive(Clone, Copy, Debug)]
pub struct EventTracker {
    join: Micros,
    open: Option<(MotionEvent, Micros)>,
}

impl Default for EventTracker {
    /// Breaks under 8 s are part of an event.
    fn default() -> Self {
        Self::new(Micros(8_000_000))
    }
}

impl EventTracker {
    /// A tracker that joins motion across breaks shorter than `join`.
    pub const fn new(join: Micros) -> Self {
        Self { join, open: None }
    }

    /// Takes a decision, in order of time; gives the event that it begins (`end` is `None`) or ends.
    ///
    /// ```
    /// use millpond_dsp::LinkId;
    /// use millpond_dsp::detect::{Decision, EventTracker, MotionState, Presence};
    /// use millpond_dsp::phy::Micros;
    ///
    /// let at = |t, state| Decision {
    ///     t: Micros(t), link: LinkId(0), state, present: Presence::Unknown, score: 6.0, threshold: 5.0, frames: 30,
    /// };
    /// let mut tracker = EventTracker::new(Micros(1_000_000));
    /// assert!(tracker.push(&at(0, MotionState::Moving)).unwrap().end.is_none());
    /// assert!(tracker.push(&at(500_000, MotionState::Still)).is_none());
    /// let event = tracker.push(&at(1_500_000, MotionState::Still)).unwrap();
    /// assert_eq!(event.end, Some(Micros(500_000)));
    /// ```
    pub fn push(&mut self, d: &Decision) -> Option<MotionEvent> {
        let moving = d.state == MotionState::Moving;
        match &mut self.open {
            None if moving => {
                let event = MotionEvent {
                    link: d.link,
                    start: d.t,
                    end: None,
                    peak: d.score,
                    threshold: d.threshold,
                    frames: d.frames,
                };
                self.open = Some((event, d.t));
                Some(event)
            }
            None => None,
            Some((event, last)) if moving => {
                (event.end, *last) = (None, d.t);
                if event.peak.is_nan() || d.score > event.peak {
                    (event.peak, event.frames) = (d.score, d.frames);
                }
                None
            }
            Some((event, last)) => {
                event.end.get_or_insert(d.t);
                if d.t.since(*last) < self.join { None } else { self.finish() }
            }
        }
    }

    /// The event that is open, if one is.
    pub fn current(&self) -> Option<&MotionEvent> {
        self.open.as_ref().map(|(event, _)| event)
    }

    /// Ends at the end of a recording: gives the open event as it stands.
    pub fn finish(&mut self) -> Option<MotionEvent> {
        self.open.take().map(|(event, _)| event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Presence;
    use crate::frame::LinkId;

    fn at(s: u64, state: MotionState, score: f32) -> Decision {
        Decision {
            t: Micros(s * 1_000_000),
            link: LinkId(0),
            state,
            present: Presence::Unknown,
            score,
            threshold: 5.0,
            frames: s as u32,
        }
    }

    #[test]
    fn a_short_break_does_not_split_an_event() {
        use MotionState::*;
        let mut t = EventTracker::new(Micros(8_000_000));
        assert!(t.push(&at(1, Moving, f32::NAN)).is_some());
        assert!(t.push(&at(2, Still, 0.0)).is_none());
        assert!(t.push(&at(9, Moving, 9.0)).is_none());
        assert_eq!(t.current().unwrap().end, None);
        assert!(t.push(&at(10, Unknown, 0.0)).is_none());
        let event = t.push(&at(17, Still, 0.0)).unwrap();
        assert_eq!((event.start.0, event.end, event.peak, event.frames), (1_000_000, Some(Micros(10_000_000)), 9.0, 9));
        assert!(t.finish().is_none());
    }
}
