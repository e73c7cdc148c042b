#![doc = include_str!("../README.md")]
// What the switched-off readers would have used stays without a caller.
#![cfg_attr(not(feature = "readers"), allow(dead_code, unused_imports))]

use std::io::Read;
use std::path::Path;

mod channel;
mod clock;
mod container;
mod error;
pub mod format;
mod input;
mod layout;
mod limits;
#[cfg(any(feature = "csv", feature = "esp32", feature = "rssi-mesh"))]
mod lines;
mod links;
mod probe;
#[cfg(feature = "summary")]
pub mod replay;
pub mod rhythm;
pub mod rssi;
#[cfg(feature = "sim")]
pub mod sim;
mod slot;
mod source;
#[cfg(feature = "summary")]
pub mod summary;
mod walk;

pub use clock::Clock;
pub use error::{ErrorKind, ReadError};
pub use input::Input;
pub use limits::Limits;
pub use links::Links;
pub use probe::{FORMATS, Format};
pub use source::{FrameSource, Record, SourceInfo, Stored};

/// What the caller knows that the file does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// Packets a second, for formats without times.
    pub rate_hz: Option<f64>,
    /// The Broadcom chip of Nexmon datagrams whose chip field is not known.
    #[cfg(feature = "nexmon")]
    pub nexmon_chip: Option<format::nexmon::Chip>,
    /// Which part of an AX200 or AX210 sample comes first: readers of these cards disagree.
    pub ax_parts: AxParts,
    /// What a reader may use.
    pub limits: Limits,
}

/// Which 16-bit integer of an Intel AX200 or AX210 sample is the real part.
///
/// Amplitudes are the same either way; taking the other one turns the impulse response round in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxParts {
    /// The first, as FeitCSI's own programs and CSIKit read it.
    #[default]
    RealFirst,
    /// The second, as the vendor of PicoScenes reads it since July 2022; the recordings at hand support it: on wide
    /// channels the tail of the impulse response then follows the strongest path.
    ImaginaryFirst,
}

/// Opens a recording: the format is found by content, gzip'd input included.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read, [`ErrorKind::Unknown`] with the list of what was tried.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn FrameSource>, ReadError> {
    let file = std::fs::File::open(path).map_err(|e| ReadError::file(ErrorKind::Io, e.to_string()))?;
    read_named(file, path, options)
}

/// Opens a stream with the reader of one format, whatever its content; gzip is undone.
///
/// # Errors
/// What the reader says of the first bytes.
pub fn read_as(
    format: &Format,
    source: impl Read + Send + 'static,
    options: &ReadOptions,
) -> Result<Box<dyn FrameSource>, ReadError> {
    probe::open_as(format, Input::new(Box::new(source)), options)
}

/// Opens a recording out of any stream.
///
/// # Errors
/// As [`open`].
pub fn read(source: impl Read + Send + 'static, options: &ReadOptions) -> Result<Box<dyn FrameSource>, ReadError> {
    probe::open(Input::new(Box::new(source)), None, options)
}

/// [`read`] for a stream that has a name. The extension names the format of zero bytes, which every format allows, and
/// decides nothing else.
///
/// # Errors
/// As [`open`].
pub fn read_named(
    source: impl Read + Send + 'static,
    name: &Path,
    options: &ReadOptions,
) -> Result<Box<dyn FrameSource>, ReadError> {
    probe::open(Input::new(Box::new(source)), Some(name), options)
}
