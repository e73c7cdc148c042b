//! The structs and numbers of the header: plain data, which every other module may use.

mod config;
mod frame;
mod message;
#[cfg(feature = "plan")]
mod plan;
mod survey;

pub use config::*;
pub use frame::*;
pub use message::*;
#[cfg(feature = "plan")]
pub use plan::*;
pub use survey::*;
