#![doc = include_str!("../README.md")]

pub mod check;
pub mod diagram;
pub mod env;
mod explain;
mod flip;
pub mod goal;
pub mod model;
pub mod pairwise;
#[cfg(test)]
mod peers;
mod planned;
pub(crate) mod planner;
mod refine;
pub mod rf;
pub mod simulate;
#[cfg(test)]
mod testing;
pub mod validate;
pub mod why;

pub use planned::Planned;
pub use planner::{plan_site, plan_topology};
