//! The node's folder: one secret, drawn once, and the settings in force, signed with it.
//!
//! A settings file that somebody edited, or that a backup brought back under another secret, no longer carries our
//! signature: it is read as foreign, and what is foreign may lower but never raise.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use millpond_report::Consents;
use millpond_report::state::Settings;
use millpond_report::wire::range::Level;
use sha2::Sha256;

use super::read_text;

/// Bytes of the secret: the first half makes the keys of the page, the second signs.
pub const SECRET: usize = 64;
const SETTINGS: &str = "settings";
/// Longest settings file that is read.
const SETTINGS_MAX: u64 = 4096;
/// Version 1 had the six settings alone.
const HEAD: &str = "millpond settings 2";

/// What the node writes down of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The settings in force.
    pub settings: Settings,
    /// History is on hold.
    pub hold: bool,
    /// 64 random bits that stand for this installation on the home's own network; `None` before they are drawn.
    pub install: Option<u64>,
    /// Who agreed to what.
    pub consents: Consents,
}

impl Record {
    /// Settings without a past.
    pub const fn of(settings: Settings) -> Self {
        Self { settings, hold: false, install: None, consents: Consents::NONE }
    }
}

/// What stood in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing: a new installation.
    Nothing,
    /// What this node wrote last.
    Own(Record),
    /// What somebody else wrote, or what cannot be read to its end: neither consents nor the installation's number are
    /// taken from it.
    Foreign(Record),
}

/// The folder.
pub struct Folder {
    path: PathBuf,
    secret: [u8; SECRET],
}

impl Folder {
    /// Opens the folder, making it and its secret if they are not there. `draw` fills the secret with random bytes.
    ///
    /// # Errors
    /// The folder cannot be made, read or written, or no random bytes can be had.
    pub fn open(path: &Path, draw: impl FnOnce(&mut [u8]) -> io::Result<()>) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let file = path.join("secret");
        let mut secret = [0; SECRET];
        match std::fs::read(&file) {
            Ok(bytes) if bytes.len() == SECRET => secret.copy_from_slice(&bytes),
            Ok(_) => {
                let what = format!("{} is damaged: remove it to draw a new one", file.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                draw(&mut secret)?;
                write_whole(&file, &secret)?;
            }
            Err(e) => return Err(e),
        }
        Ok(Self { path: path.to_owned(), secret })
    }

    /// The half of the secret that the page's keys are made of.
    pub fn key_bytes(&self) -> [u8; 32] {
        std::array::from_fn(|i| self.secret[i])
    }

    /// Puts a key where only the node's own user reads it, and says where: a key has no business in a log.
    ///
    /// A file that holds it already is left alone, so that a node starts again on a full disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn write_key(&self, name: &str, key: &str) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let line = format!("{key}\n");
        if !read_text(&path, line.len() as u64).is_ok_and(|kept| kept == line) {
            write_whole(&path, line.as_bytes())?;
        }
        Ok(path)
    }

    /// The folder's own path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the settings.
    pub fn settings(&self) -> Stored {
        let Ok(text) = read_text(&self.path.join(SETTINGS), SETTINGS_MAX) else { return Stored::Nothing };
        let (body, tag) = text.split_once("signature = ").unwrap_or((&text, ""));
        let record = parse(body);
        let signed = from_hex(tag.trim()).is_some_and(|tag| self.signer(body).verify_slice(&tag).is_ok());
        if signed {
            Stored::Own(record)
        } else {
            Stored::Foreign(Record { hold: record.hold, ..Record::of(record.settings) })
        }
    }

    /// Writes the settings: the old ones stand until the new ones are on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn write_settings(&self, record: &Record) -> io::Result<()> {
        let body = print(record);
        let tag = to_hex(&self.signer(&body).finalize().into_bytes());
        write_whole(&self.path.join(SETTINGS), format!("{body}signature = {tag}\n").as_bytes())
    }

    fn signer(&self, body: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret[32..]).unwrap_or_else(|_| unreachable!("any length is a key"));
        mac.update(body.as_bytes());
        mac
    }
}

/// Writes beside, flushes, and takes the place of the old file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    // Half a file on a full disk helps nobody and takes room.
    if let Err(e) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        let _ = std::fs::remove_file(&beside);
        return Err(e);
    }
    std::fs::rename(&beside, path)?;
    match path.parent().filter(|f| !f.as_os_str().is_empty()) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn print(record: &Record) -> String {
    let Record { settings, hold, install, consents } = record;
    let Settings { level, on, pause_s, zones_off, weekly, keep } = *settings;
    let (level, consents) = (level as u8, to_hex(&consents.save()));
    let install = install.map_or(String::new(), |id| format!("install = {id:016x}\n"));
    format!(
        "{HEAD}\nlevel = {level}\non = {on}\npause_s = {pause_s}\nzones_off = {zones_off}\nweekly = {weekly}\nkeep = {keep}\n\
         hold = {hold}\n{install}consents = {consents}\n"
    )
}

/// Every part that can be read; the default for the others, which is never more exposed than what was written.
fn parse(body: &str) -> Record {
    let of = |key: &str| body.lines().find_map(|l| l.split_once(" = ").filter(|(k, _)| *k == key).map(|(_, v)| v));
    let flag = |key| of(key) == Some("true");
    let number = |key| of(key).and_then(|v| v.parse::<u32>().ok());
    let default = Settings::DEFAULT;
    let settings = Settings {
        level: number("level")
            .and_then(|l| Level::ALL.iter().copied().find(|x| *x as u32 == l))
            .unwrap_or(default.level),
        on: flag("on"),
        pause_s: number("pause_s").unwrap_or(default.pause_s),
        zones_off: number("zones_off").and_then(|z| u16::try_from(z).ok()).unwrap_or(default.zones_off),
        weekly: flag("weekly"),
        keep: flag("keep"),
    };
    Record {
        settings,
        hold: flag("hold"),
        install: of("install").and_then(|id| u64::from_str_radix(id, 16).ok()),
        consents: of("consents").and_then(from_hex).and_then(|b| Consents::load(&b)).unwrap_or(Consents::NONE),
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if digits.len() % 2 == 0 { digits.chunks(2).map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("millpond-folder-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn open(path: &Path, byte: u8) -> Folder {
        Folder::open(path, |s| {
            s.fill(byte);
            Ok(())
        })
        .unwrap()
    }

    const LOUD: Settings =
        Settings { level: Level::Home, on: true, pause_s: 7, zones_off: 5, weekly: false, keep: true };
    const RECORD: Record = Record { hold: true, install: Some(0x0123), ..Record::of(LOUD) };

    #[test]
    fn what_was_written_is_read_and_the_secret_is_drawn_once() {
        let path = scratch("own");
        let folder = open(&path, 1);
        assert_eq!(folder.settings(), Stored::Nothing);
        folder.write_settings(&RECORD).unwrap();
        let again = open(&path, 2);
        assert_eq!((again.settings(), again.key_bytes()), (Stored::Own(RECORD), [1; 32]));
        use std::os::unix::fs::PermissionsExt;
        let mode = |p: &str| std::fs::metadata(path.join(p)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("secret"), mode("settings"), mode("")), (0o600, 0o600, 0o700));
        let _ = std::fs::remove_dir_all(path);
    }

    #[test]
    fn an_admin_key_that_is_there_needs_no_disk() {
        let path = scratch("admin-key");
        let f = open(&path, 1);
        let file = f.write_key("admin-key", "a key").unwrap();
        // The place beside it is taken, so that nothing can be written, as on a full disk.
        std::fs::create_dir(file.with_extension("new")).unwrap();
        assert_eq!(f.write_key("admin-key", "a key").unwrap(), file);
        assert!(f.write_key("admin-key", "another").is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a key\n");
        let _ = std::fs::remove_dir_all(path);
    }

    #[test]
    fn what_somebody_edited_or_cut_is_foreign() {
        let path = scratch("foreign");
        let folder = open(&path, 1);
        folder.write_settings(&Record { install: Some(7), ..Record::of(Settings::DEFAULT) }).unwrap();
        let file = path.join(SETTINGS);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("level = 1", "level = 3")).unwrap();
        assert_eq!(
            folder.settings(),
            Stored::Foreign(Record::of(Settings { level: Level::Managed, ..Settings::DEFAULT }))
        );
        for end in 0..text.len() - 1 {
            std::fs::write(&file, &text[..end]).unwrap();
            let Stored::Foreign(read) = folder.settings() else { panic!("{end} of {} bytes were taken", text.len()) };
            assert!(!read.settings.exceeds(&Settings::DEFAULT) && read.install.is_none(), "{end}");
        }
        std::fs::write(&file, &text).unwrap();
        assert!(matches!(folder.settings(), Stored::Own(Record { install: Some(7), .. })));
        std::fs::write(path.join("secret"), [1; 3]).unwrap();
        assert!(Folder::open(&path, |_| Ok(())).is_err_and(|e| e.to_string().contains("damaged")));
        let _ = std::fs::remove_dir_all(path);
    }
}
