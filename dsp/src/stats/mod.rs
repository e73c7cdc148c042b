//! Distributions behind the thresholds.

pub mod normal;
