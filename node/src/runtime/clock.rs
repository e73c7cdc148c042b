//! The one place that reads a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use millpond_dsp::phy::Micros;

use crate::config::TimeZone;
use crate::pipeline::Calendar;

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

/// The calendar whose day began at midnight UTC; a system without a clock begins it at its start.
pub fn wall_calendar() -> Calendar {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Calendar { origin_s: (since.as_secs() % 86_400) as u32 }
}

/// The minute of the household's day, by the system's clock, which may jump.
pub fn wall_minute(zone: &TimeZone) -> u16 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    zone.minute(since.as_secs() as i64)
}

/// The slot that runs, since Monday, 5 January 1970, UTC: by the system's clock, which may jump.
pub fn wall_slot() -> u32 {
    const MONDAY_S: u64 = 4 * 86_400;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs().saturating_sub(MONDAY_S) / 300) as u32
}
