//! One folder a format: `mod.rs` reads records, `wire.rs` looks at bytes.

pub mod esp32;
pub mod espectre_npz;
pub mod intel5300;
pub mod nexmon;
pub mod sample_csv;
