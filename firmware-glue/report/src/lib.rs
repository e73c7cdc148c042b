#![doc = include_str!("../README.md")]
#![no_std]

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
pub use event::EventCode;
pub use raw::{Address, Raw, Telemetry, Wipe};
pub use sink::{Port, Sink, Wired};
pub use state::{AdminConfirmed, Privacy, SensingPermit};
pub use wire::{Derived, Kind, Lan, Scope, Wan, Wire};
