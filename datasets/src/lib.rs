#![doc = include_str!("../README.md")]

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
mod lines;
mod links;
mod probe;
pub mod replay;
pub mod rhythm;
pub mod rssi;
pub mod sim;
mod slot;
mod source;
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
    pub nexmon_chip: Option<format::nexmon::Chip>,
    /// What a reader may use.
    pub limits: Limits,
}

/// Opens a recording: the format is found by content, gzip'd input included.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read, [`ErrorKind::Unknown`] with the list of what was tried.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn FrameSource>, ReadError> {
    let file = std::fs::File::open(path).map_err(|e| ReadError::file(ErrorKind::Io, e.to_string()))?;
    probe::open(Input::new(Box::new(file)), Some(path), options)
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
