//! The threads of a running node, its clock and its channels. Everything else is logic without time.
//!
//! ```text
//! capture --frames (64, drops the oldest)--> sense --messages (256, blocks)--> sinks --> terminal, page
//!                                            plan  ----------------------------^
//!                                            page  -- changes of the switch ---^
//! ```

mod clock;
mod control;
mod live;
mod once;
mod outlets;

pub use clock::Clock;
pub use control::{Control, Meter};
pub use live::{Live, LiveError, commands};
pub use once::run_once;
pub use outlets::Outlets;

use crate::capture::Source;
use crate::pipeline::Pipeline;
use crate::planner::Planner;
use crate::telemetry::Reports;

/// What a node is made of, whoever drives it.
pub struct Parts {
    /// Frames.
    pub source: Box<dyn Source>,
    /// Frames to zones.
    pub pipeline: Pipeline,
    /// Telemetry.
    pub reports: Box<dyn Reports>,
    /// Telemetry to decisions.
    pub planner: Planner,
}
