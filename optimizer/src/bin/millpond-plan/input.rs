//! Files in: gzip by content, and a limit so that a small file cannot fill the memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::Failure;

/// Largest text, unpacked: 2 GiB.
const MAX_BYTES: u64 = 1 << 31;

/// The bytes of a file, unpacked if they are gzip'd.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| format!("{shown}: {e}"))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| format!("{shown}: {e}"))?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        let decoder = flate2::read::MultiGzDecoder::new(bytes.as_slice());
        decoder.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|e| format!("{shown}: damaged gzip: {e}"))?;
        bytes = text;
    }
    match bytes.len() as u64 {
        0 => Err(format!("{shown}: the file is empty")),
        n if n > MAX_BYTES => Err(format!("{shown}: more than {MAX_BYTES} bytes")),
        _ => Ok(bytes),
    }
}
