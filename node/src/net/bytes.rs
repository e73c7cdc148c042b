//! Bytes that come one after another: a serial device, or a file that another program writes. Waiting looks at none of them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

/// How often a file is looked at while nothing comes.
const LOOK: Duration = Duration::from_millis(20);

/// An open place that bytes come from.
pub trait Bytes: Send + Sync {
    /// True if bytes are there, after at most `patience`. None of them is read.
    ///
    /// # Errors
    /// It is lost.
    fn wait(&self, patience: Duration) -> io::Result<bool>;

    /// Reads what is there; 0 if nothing is.
    ///
    /// # Errors
    /// It is lost.
    fn take(&self, into: &mut [u8]) -> io::Result<usize>;
}

/// A serial device in raw mode, and whether its other end has gone.
pub struct Serial(File, AtomicBool);

impl Serial {
    /// Opens a device at a rate in bits a second.
    ///
    /// # Errors
    /// It is not there, is no terminal, or does not have the rate.
    pub fn open(device: &Path, baud: u32) -> io::Result<Self> {
        // Without waiting for a carrier, and without becoming the program's own terminal.
        let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags as i32).open(device)?;
        let mut settings = tcgetattr(&file)?;
        settings.make_raw();
        settings.set_speed(baud)?;
        settings.special_codes[SpecialCodeIndex::VMIN] = 0;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&file, OptionalActions::Flush, &settings)?;
        Ok(Self(file, AtomicBool::new(false)))
    }
}

impl Bytes for Serial {
    fn wait(&self, patience: Duration) -> io::Result<bool> {
        let limit = Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: patience.subsec_nanos().into() };
        let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut polled, Some(&limit)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(false),
            Err(e) => return Err(e.into()),
        }
        let seen = polled[0].revents();
        let gone = seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
        self.1.store(gone, Ordering::Relaxed);
        // Unplugged; what it sent before is read first.
        if gone && !seen.contains(PollFlags::IN) { Err(lost()) } else { Ok(seen.contains(PollFlags::IN)) }
    }

    fn take(&self, into: &mut [u8]) -> io::Result<usize> {
        match (&self.0).read(into) {
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            Ok(0) if self.1.load(Ordering::Relaxed) => Err(lost()),
            other => other,
        }
    }
}

fn lost() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

/// A file that grows. It is followed from where it ends now; one that takes its place or begins anew is read from its start.
pub struct Tail {
    path: PathBuf,
    at: Mutex<(File, u64)>,
}

impl Tail {
    /// Opens a file at its end.
    ///
    /// # Errors
    /// It is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), at: Mutex::new((file, end)) })
    }

    fn has_more(&self) -> io::Result<bool> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let own = at.0.metadata()?;
        if own.len() != at.1 {
            // Shorter than what was read: it begins anew.
            at.1 = if own.len() < at.1 { 0 } else { at.1 };
            return Ok(own.len() > at.1);
        }
        // All of it is read. Another one in its place is the next; between the two there may be none.
        if let Ok(there) = std::fs::metadata(&self.path) {
            if (there.dev(), there.ino()) != (own.dev(), own.ino()) {
                *at = (File::open(&self.path)?, 0);
                return Ok(at.0.metadata()?.len() > 0);
            }
        }
        Ok(false)
    }
}

impl Bytes for Tail {
    fn wait(&self, patience: Duration) -> io::Result<bool> {
        let until = Instant::now() + patience;
        while !self.has_more()? {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(left.min(LOOK));
        }
        Ok(true)
    }

    fn take(&self, into: &mut [u8]) -> io::Result<usize> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let n = at.0.read_at(into, at.1)?;
        at.1 += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn all(tail: &Tail) -> String {
        let (mut out, mut buffer) = (String::new(), [0; 3]);
        while tail.wait(Duration::ZERO).unwrap() {
            let n = tail.take(&mut buffer).unwrap();
            out += std::str::from_utf8(&buffer[..n]).unwrap();
        }
        out
    }

    #[test]
    fn a_file_is_followed_over_growth_truncation_and_rotation() {
        let folder = std::env::temp_dir().join(format!("millpond-tail-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("log");
        std::fs::write(&path, "before").unwrap();
        let tail = Tail::open(&path).unwrap();
        assert_eq!(all(&tail), "", "what was there is not read");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"one two").unwrap();
        assert_eq!(all(&tail), "one two");
        file.set_len(0).unwrap();
        file.write_all(b"anew").unwrap();
        assert_eq!(all(&tail), "anew");
        file.write_all(b" last").unwrap();
        std::fs::rename(&path, folder.join("log.1")).unwrap();
        assert_eq!(all(&tail), " last", "to its end first");
        std::fs::write(&path, "next").unwrap();
        assert_eq!(all(&tail), "next");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(all(&tail), "");
        assert!(Tail::open(&path).is_err() && Serial::open(&folder.join("log.1"), 115_200).is_err());
        let _ = std::fs::remove_dir_all(folder);
    }
}
