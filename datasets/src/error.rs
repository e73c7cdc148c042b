//! Why a recording could not be read: malformed, unsupported, over a limit, or the system's own failure.

use std::fmt;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes contradict the format.
    Malformed,
    /// The input ends inside a record.
    Truncated,
    /// A known format in a variant that is not read.
    Unsupported,
    /// A length or count passes a stated limit.
    Limit,
    /// No reader recognises the content.
    Unknown,
    /// The operating system failed.
    Io,
}

impl ErrorKind {
    /// The kind as one word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::Unknown => "unknown",
            Self::Io => "io",
        }
    }
}

/// One refused record or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// The format, where one was recognised.
    pub format: Option<&'static str>,
    /// Number of the record, from 0, damaged ones counted.
    pub record: u64,
    /// Byte offset in the (decompressed) input where the record starts.
    pub offset: u64,
    /// What is wrong, in words, with the figures; never a sample or an address.
    pub what: String,
    /// True if reading may go on with the next record.
    pub can_resume: bool,
}

impl ReadError {
    /// An error about a whole file, before any record.
    pub(crate) fn file(kind: ErrorKind, what: String) -> Self {
        Self { kind, format: None, record: 0, offset: 0, what, can_resume: false }
    }
}

impl ReadError {
    /// True if the recording ends here, or was cut off here: a command that met it has not read the whole file.
    /// A damaged record that was stepped over is a problem of the recording, not of the reading.
    pub fn cuts_short(&self) -> bool {
        !self.can_resume || self.kind == ErrorKind::Truncated
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(format) = self.format {
            write!(f, "{format}: record {} at byte {}: ", self.record, self.offset)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for ReadError {}
