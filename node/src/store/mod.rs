//! Files: the only module that opens one. The node reads what a command line or the settings name, and keeps its own
//! state in one folder.

mod folder;
mod history;
mod keeping;
mod vault;

use std::io::{self, Read};
use std::path::Path;

pub use folder::{Folder, Record, SECRET, Stored};
pub use history::{AUDIT, Count, History, Retention, Stretch};
pub use keeping::{Erased, Keeping, Noted};
pub use vault::{Draw, Vault, VaultError};

/// Reads a text of at most `most` bytes.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if read as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
    }
    Ok(text)
}

/// Writes a text in place of a file's, whose rights it keeps; a new file is its owner's alone. The old text stands until the
/// new one is on the disk.
///
/// # Errors
/// The disk's.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    let rights = std::fs::metadata(path).map(|m| m.permissions());
    folder::write_whole(path, text.as_bytes())?;
    rights.map_or(Ok(()), |rights| std::fs::set_permissions(path, rights))
}
