//! One window in, one motion statistic out.

pub mod lag1;
pub mod order;
pub mod ring;
pub mod subspace;
