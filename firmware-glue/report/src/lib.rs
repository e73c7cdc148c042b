#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

#[cfg(test)]
extern crate std;

mod aging;
pub mod audit;
pub mod budget;
pub mod cells;
pub mod consent;
pub mod estimate;
mod event;
pub mod gate;
pub mod handle;
pub mod pseudonym;
pub mod raw;
pub mod ring;
pub mod sink;
pub mod state;
pub mod wire;

pub use audit::Audit;
pub use budget::{BudgetTicket, Ledger};
pub use consent::Consents;
pub use event::{EventCode, Numbers};
pub use raw::{Address, Raw, Telemetry, Wipe};
pub use sink::{Port, Sink, Wired};
pub use state::{AdminConfirmed, Privacy, SensingPermit};
pub use wire::{Derived, Kind, Lan, Scope, Wan, Wire};

/// Stored bytes that this code cannot have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign;

impl core::fmt::Display for Foreign {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("stored bytes that are not as they were written")
    }
}

impl core::error::Error for Foreign {}
