//! The one place that reads a clock.

use std::time::{Duration, Instant};

use millpond_dsp::phy::Micros;

/// Microseconds since start.
#[derive(Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Starts at zero now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time.
    pub fn now(&self) -> Micros {
        Micros(self.0.elapsed().as_micros() as u64)
    }

    /// How long until `at`; zero if it has passed.
    pub fn until(&self, at: Micros) -> Duration {
        Duration::from_micros(at.since(self.now()).0)
    }
}
