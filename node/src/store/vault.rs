//! The encrypted file of history: XChaCha20-Poly1305 under a random key of its own, which lies beside it (0600).
//!
//! The key makes erasing quick and sure: without it the file is noise, whatever copies the flash still holds. It is no
//! shield from somebody who takes the router, key and all; the household is told so.

use std::io;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use millpond_report::Wipe;

use super::folder::write_whole;

/// First bytes of the file; they are authenticated with the rest.
const HEAD: &[u8; 8] = b"millpnd1";
const NONCE: usize = 24;
const TAG: usize = 16;
const KEY: usize = 32;
/// Longest file that is read: four times the longest that can be written.
const FILE_MAX: u64 = 512 * 1024;

/// Fills bytes from the operating system's generator.
pub type Draw = fn(&mut [u8]) -> io::Result<()>;

/// Why stored history cannot be used.
#[derive(Debug)]
pub enum VaultError {
    /// The disk's word.
    Disk(io::Error),
    /// The file was cut or changed, or its key is gone.
    Unreadable,
}

/// The file and its key.
pub struct Vault {
    file: PathBuf,
    key_file: PathBuf,
    draw: Draw,
}

impl Vault {
    /// In the node's folder. Nothing is opened yet.
    pub fn new(folder: &Path, draw: Draw) -> Self {
        Self { file: folder.join("kept"), key_file: folder.join("kept-key"), draw }
    }

    /// What was written last; `None` if there is nothing.
    ///
    /// # Errors
    /// A file that cannot be read to its end, or that is not as it was written.
    pub fn load(&self) -> Result<Option<Vec<u8>>, VaultError> {
        let Some(mut bytes) = read(&self.file)? else { return Ok(None) };
        let mut key = read(&self.key_file)?.unwrap_or_default();
        let plain = open(&mut bytes, &key).ok_or(VaultError::Unreadable);
        key.as_mut_slice().wipe();
        // It was opened in place.
        bytes.as_mut_slice().wipe();
        plain.map(Some)
    }

    /// Takes the place of what was written last; that stands until the new bytes are on the disk.
    ///
    /// # Errors
    /// The disk's, or no random bytes. The old bytes stand.
    pub fn save(&self, plain: &[u8]) -> io::Result<()> {
        let mut key = [0; KEY];
        match read(&self.key_file) {
            Ok(Some(bytes)) if bytes.len() == KEY => key.copy_from_slice(&bytes),
            Ok(_) => {
                (self.draw)(&mut key)?;
                write_whole(&self.key_file, &key)?;
            }
            Err(VaultError::Disk(e)) => return Err(e),
            Err(VaultError::Unreadable) => return Err(io::ErrorKind::InvalidData.into()),
        }
        let mut nonce = [0; NONCE];
        (self.draw)(&mut nonce)?;
        let mut body = plain.to_vec();
        let sealed = XChaCha20Poly1305::new(&key.into()).encrypt_in_place_detached(&nonce.into(), HEAD, &mut body);
        key.wipe();
        let tag = sealed.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        write_whole(&self.file, &[&HEAD[..], &nonce, &tag, &body].concat())
    }

    /// Destroys the key, then the file, and looks whether both are gone. Returns how many files were there.
    ///
    /// # Errors
    /// The disk's: something is still there.
    pub fn destroy(&self) -> io::Result<usize> {
        let mut gone = 0;
        let mut noise = [0; KEY];
        for path in [&self.key_file, &self.file, &self.key_file.with_extension("new"), &self.file.with_extension("new")]
        {
            if path.symlink_metadata().is_err() {
                continue;
            }
            // Where the medium writes in place, the key's own bytes go first.
            if path == &self.key_file && (self.draw)(&mut noise).is_ok() {
                let _ = std::fs::OpenOptions::new().write(true).open(path).and_then(|mut f| {
                    io::Write::write_all(&mut f, &noise)?;
                    f.sync_all()
                });
            }
            std::fs::remove_file(path)?;
            gone += 1;
        }
        if gone > 0 {
            if let Some(folder) = self.file.parent() {
                std::fs::File::open(folder)?.sync_all()?;
            }
        }
        if self.exists() { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(gone) }
    }

    /// Whether the file or its key is there.
    pub fn exists(&self) -> bool {
        [&self.file, &self.key_file].iter().any(|p| p.symlink_metadata().is_ok())
    }
}

fn open(bytes: &mut [u8], key: &[u8]) -> Option<Vec<u8>> {
    let key: &[u8; KEY] = key.try_into().ok()?;
    let (head, rest) = bytes.split_at_mut_checked(HEAD.len())?;
    let (nonce, rest) = rest.split_at_mut_checked(NONCE)?;
    let (tag, body) = rest.split_at_mut_checked(TAG)?;
    let nonce = XNonce::from_slice(nonce);
    XChaCha20Poly1305::new(key.into()).decrypt_in_place_detached(nonce, head, body, Tag::from_slice(tag)).ok()?;
    (head == HEAD).then(|| body.to_vec())
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    let mut bytes = Vec::new();
    let file = match std::fs::File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(VaultError::Disk)?,
    };
    let read = io::Read::read_to_end(&mut io::Read::take(file, FILE_MAX + 1), &mut bytes).map_err(VaultError::Disk)?;
    if read as u64 > FILE_MAX { Err(VaultError::Unreadable) } else { Ok(Some(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(bytes: &mut [u8]) -> io::Result<()> {
        bytes.iter_mut().zip(7u8..).for_each(|(b, n)| *b = n);
        Ok(())
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("millpond-vault-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_was_saved_comes_back_and_nothing_of_it_can_be_read_in_the_file() {
        let folder = folder("back");
        let vault = Vault::new(&folder, count);
        assert!(matches!(vault.load(), Ok(None)) && !vault.exists());
        let plain = b"somebody was in the kitchen".repeat(9);
        vault.save(&plain).unwrap();
        assert!(matches!(vault.load(), Ok(Some(p)) if p == plain));
        let stored = std::fs::read(folder.join("kept")).unwrap();
        assert!(!stored.windows(7).any(|w| w == b"kitchen"));
        let key = std::fs::read(folder.join("kept-key")).unwrap();
        assert_eq!(vault.destroy().unwrap(), 2);
        assert!(matches!(vault.load(), Ok(None)) && !vault.exists());
        // A copy of the file is no use without the key, and some use with it: hence the order of destroying.
        std::fs::write(folder.join("kept"), &stored).unwrap();
        assert!(matches!(vault.load(), Err(VaultError::Unreadable)));
        std::fs::write(folder.join("kept-key"), key).unwrap();
        assert!(matches!(vault.load(), Ok(Some(p)) if p == plain));
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn no_changed_or_cut_file_is_taken() {
        let folder = folder("cut");
        let vault = Vault::new(&folder, count);
        vault.save(b"plain").unwrap();
        let stored = std::fs::read(folder.join("kept")).unwrap();
        for end in 0..stored.len() {
            std::fs::write(folder.join("kept"), &stored[..end]).unwrap();
            assert!(matches!(vault.load(), Err(VaultError::Unreadable)), "{end}");
            let mut changed = stored.clone();
            changed[end] ^= 1;
            std::fs::write(folder.join("kept"), changed).unwrap();
            assert!(matches!(vault.load(), Err(VaultError::Unreadable)), "{end}");
        }
        std::fs::remove_file(folder.join("kept")).unwrap();
        std::fs::create_dir(folder.join("kept")).unwrap();
        assert!(matches!(vault.load(), Err(VaultError::Disk(_))));
        assert!(vault.destroy().is_err(), "a folder in its place is not gone");
        let _ = std::fs::remove_dir_all(folder);
    }
}
