//! Where messages go. Every sink implements the gate's `Port` and so sees derived messages alone.

mod board;
pub mod export;
pub mod journal;
pub mod mqtt;
pub mod page;
pub mod say;
pub mod terminal;

pub use board::Board;
