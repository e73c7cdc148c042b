//! One folder a format: `mod.rs` reads records, `wire.rs` looks at bytes.

#[cfg(feature = "npz")]
pub mod array_npz;
#[cfg(feature = "atheros")]
pub mod atheros;
#[cfg(feature = "esp32")]
pub mod esp32;
#[cfg(feature = "npz")]
pub mod espectre_npz;
#[cfg(feature = "feitcsi")]
pub mod feitcsi;
#[cfg(feature = "intel5300")]
pub mod intel5300;
#[cfg(any(feature = "feitcsi", feature = "picoscenes"))]
pub(crate) mod mvm;
#[cfg(feature = "native")]
pub mod native;
#[cfg(feature = "nexmon")]
pub mod nexmon;
#[cfg(feature = "picoscenes")]
pub mod picoscenes;
#[cfg(feature = "rssi-mesh")]
pub mod rssi_mesh;
#[cfg(feature = "csv")]
pub mod sample_csv;
