//! The threads of a running node, its clock and its channels. Everything else is logic without time.
//!
//! ```text
//! capture-N --frames (64, drops the oldest)--> sense --messages (256, blocks)--> sinks --> terminal, page
//!                                            plan  ----------------------------^
//!                                            page  -- changes of the switch ---^
//! ```

mod clock;
mod control;
mod household;
mod live;
mod once;
mod outlets;

pub use clock::{Clock, wall_calendar};
pub use control::{Control, Faults, Meter, restore};
pub use household::{Adjust, Household};
pub use live::{Live, LiveError};
pub use once::run_once;
pub use outlets::Outlets;

use crate::act::Keeper;
use crate::capture::Source;
use crate::pipeline::Pipeline;
use crate::planner::Planner;
use crate::telemetry::Reports;

/// What a node is made of, whoever drives it.
pub struct Parts {
    /// Frames, from one place or several.
    pub sources: Vec<Box<dyn Source>>,
    /// Frames to zones.
    pub pipeline: Pipeline,
    /// Telemetry.
    pub reports: Box<dyn Reports>,
    /// Telemetry to decisions.
    pub planner: Planner,
    /// Decisions to radios; without one they are only told.
    pub keeper: Option<Keeper>,
}
