//! One window in, one motion statistic out.

pub mod structure;
