//! The simulator: seeded scenes with ground truth, for every kernel and for the demo.
//!
//! It proves that code is correct, never that it is good: quality figures come from recordings.
//!
//! ```text
//! Scene (JSON) -> plan, paths, movers -> channel of each link -> receiver's faults -> SimFrame -> CsiFrame
//!       |-> Witness: who is where, moving or still           |-> NetworkSim: telemetry for the optimizer
//! Identities: names and addresses, apart from all of it
//! ```
//!
//! All functions of a number are `libm`'s and all draws ChaCha8, so that a seed gives the same bytes on every machine.

#[cfg(test)]
mod acceptance;
mod check;
pub mod diffuse;
mod draw;
mod echo;
pub mod fault;
#[cfg(test)]
mod faulty;
pub mod identity;
pub mod impair;
mod light;
pub mod mover;
pub mod network;
mod noise;
pub mod path;
mod random;
pub mod room;
pub mod route;
pub mod scene;
pub mod still;
pub mod stream;
pub mod traffic;
pub mod truth;
pub mod walker;
mod way;
mod wiring;
pub mod write;

pub use identity::{Identities, Identity};
pub use mover::{Cause, Mover};
pub use network::{NetworkSim, Telemetry};
pub use scene::{DeviceKind, Scene, SceneError};
pub use stream::{SimFrame, Simulation};
pub use traffic::Loss;
pub use truth::{Interval, Truth, Witness};
