#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod check;
#[cfg(feature = "report")]
pub mod decisions;
pub mod diagram;
pub mod env;
mod explain;
#[cfg(feature = "fleet")]
pub mod fleet;
mod flip;
mod frontier;
pub mod goal;
pub mod model;
pub mod pairwise;
#[cfg(test)]
mod peers;
mod planned;
pub(crate) mod planner;
mod refine;
mod replan;
pub mod rf;
pub mod schedule;
pub mod simulate;
#[cfg(test)]
mod testing;
pub mod validate;
pub mod watch;
pub mod why;

pub use frontier::{Point, frontier};
pub use planned::Planned;
pub use planner::{plan_site, plan_topology};
pub use replan::after_radar;
