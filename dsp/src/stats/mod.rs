//! Distributions behind the thresholds, and order statistics.

pub mod normal;
pub mod order;
