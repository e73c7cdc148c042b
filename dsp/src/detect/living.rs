//! Motion and breathing of one link together.

use crate::detect::{Decision, DetectorConfig, Ignored, MotionDetector};
use crate::frame::{CsiFrame, LinkId};
use crate::phy::Micros;
use crate::presence::SignOfLife;

/// Detector of one link: [`MotionDetector`], and [`SignOfLife`] for people who hold still.
///
/// - Memory: `size_of::<Detector>()`, under 5 KB, 3 KB of it for motion, whatever the packet rate
///
/// ```
/// use millpond_dsp::detect::{Detector, DetectorConfig, MotionState};
/// use millpond_dsp::phy::Micros;
/// use millpond_dsp::LinkId;
///
/// let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
/// // For each frame: first `poll` up to its time until `None`, then `push` it.
/// assert!(detector.poll(Micros(0)).is_none());
/// let decision = detector.poll(Micros(250_000)).unwrap();
/// assert_eq!(decision.state, MotionState::Unknown);
/// ```
pub struct Detector {
    motion: MotionDetector,
    life: SignOfLife,
}

impl Detector {
    /// A detector that knows nothing yet.
    pub fn new(config: DetectorConfig, link: LinkId) -> Self {
        Self { motion: MotionDetector::new(config, link), life: SignOfLife::new(&config) }
    }

    /// The link that the detector watches.
    pub const fn link(&self) -> LinkId {
        self.motion.link()
    }

    /// The branch that looks for breathing.
    pub const fn life(&self) -> &SignOfLife {
        &self.life
    }

    /// Time of the next decision, `None` before the first frame or poll.
    pub const fn next_step(&self) -> Option<Micros> {
        self.motion.next_step()
    }

    /// As [`MotionDetector::push`].
    ///
    /// # Errors
    /// [`Ignored`] says why motion left a frame out; the detector goes on with the next.
    pub fn push(&mut self, frame: &CsiFrame<'_>) -> Result<(), Ignored> {
        let taken = self.motion.push(frame);
        if !matches!(taken, Err(Ignored::OtherLink | Ignored::Late)) {
            self.life.push(frame);
        }
        taken
    }

    /// Forgets everything that it was told, in place: what it held is overwritten, and it is as new.
    pub fn reset(&mut self) {
        let Self { motion, life } = self;
        motion.reset();
        life.reset();
    }

    /// As [`MotionDetector::poll`].
    pub fn poll(&mut self, now: Micros) -> Option<Decision> {
        self.motion.poll_alive(now, self.life.seen())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_costs_little_memory() {
        assert!(size_of::<Detector>() <= 5 * 1024, "{} bytes", size_of::<Detector>());
    }
}
