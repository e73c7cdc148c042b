//! Fleets: many homes at once, from Arrow batches to Arrow batches.
//!
//! ```text
//! RecordBatch ─conform─▶ Fleet ─home─▶ Site ─plan_site─▶ Plan ─answer─▶ Answer ─▶ PlansBuilder ─▶ RecordBatch
//!  any writer            columns  one row                       one row             `plan`
//! ```
//!
//! A row depends on itself and the settings alone, never on its neighbours in a batch, on threads or on a clock: equal
//! inputs give equal bytes wherever and however often they are planned. `docs/fleet.md` is the operator's page.

pub mod answer;
pub mod columns;
pub mod config;
pub mod conform;
pub mod generate;
pub mod home;
pub mod plan;
pub mod schema;
pub mod write;

pub use config::Config;
pub use plan::{Planner, plan_batch};
