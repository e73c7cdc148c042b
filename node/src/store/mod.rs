//! Files: the only module that opens one. The node reads what a command line or the settings name, and keeps its own
//! state in one folder.

mod folder;

use std::io::{self, Read};
use std::path::Path;

pub use folder::{Folder, SECRET, Stored};

/// Reads a text of at most `most` bytes.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if read as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
    }
    Ok(text)
}
