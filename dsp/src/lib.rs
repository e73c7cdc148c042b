#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "std")]
extern crate std;

pub mod detect;
mod error;
pub mod features;
pub mod fixed;
pub mod frame;
pub mod image;
pub mod kernel;
pub mod kind;
pub mod math;
pub mod phy;
#[cfg(feature = "presence")]
pub mod presence;
pub mod sanitize;
pub mod stats;
mod wipe;
pub mod zones;

pub use error::Error;
pub use frame::{Cfr, CsiFrame, CsiMeta, LinkId, RssiSample};
