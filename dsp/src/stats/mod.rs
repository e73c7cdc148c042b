//! Distributions behind the thresholds, and order statistics.

pub mod fisher;
pub mod normal;
pub mod order;
