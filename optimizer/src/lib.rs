//! The planner.

pub mod env;
pub mod pairwise;
