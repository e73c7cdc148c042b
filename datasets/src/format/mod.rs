//! One folder a format: `mod.rs` reads records, `wire.rs` looks at bytes.

pub mod array_npz;
pub mod atheros;
pub mod esp32;
pub mod espectre_npz;
pub mod feitcsi;
pub mod intel5300;
pub(crate) mod mvm;
pub mod native;
pub mod nexmon;
pub mod picoscenes;
pub mod rssi_mesh;
pub mod sample_csv;
