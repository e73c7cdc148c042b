//! The structs and numbers of the header: plain data, which every other module may use.

mod config;
mod frame;
mod message;

pub use config::*;
pub use frame::*;
pub use message::*;
