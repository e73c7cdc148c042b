#![doc = include_str!("../README.md")]

mod error;
pub mod sim;
mod source;

pub use error::{ErrorKind, ReadError};
pub use source::{FrameSource, Record, SourceInfo, Stored};

/// What the caller knows that the file does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// Packets a second, for formats without times.
    pub rate_hz: Option<f64>,
}

/// Opens a recording: the format is found by content, gzip'd input included.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read, [`ErrorKind::Unknown`] with the list of what was tried.
pub fn open(path: &std::path::Path, options: &ReadOptions) -> Result<Box<dyn FrameSource>, ReadError> {
    let _ = options;
    Err(ReadError {
        kind: ErrorKind::Unknown,
        format: None,
        record: 0,
        offset: 0,
        what: format!("{}: no reader is built in yet", path.display()),
        can_resume: false,
    })
}
