//! `hostapd`'s control interface: Unix datagrams, text commands, one reply each, and lines that come unasked.
//!
//! The words are those of its documentation. A reply of `OK` says that a command was accepted, never that it is done:
//! whoever changes a channel waits for the event.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest reply, bytes; longer ones are cut by the kernel and read as far as they go.
const REPLY_MAX: usize = 16 << 10;
/// Events that wait at most; the oldest is dropped.
const EVENTS_MAX: usize = 256;

/// Why `hostapd` did not do it.
#[derive(Debug)]
#[non_exhaustive]
pub enum HostapdError {
    /// The socket: absent, refused, or silent.
    Io(io::Error),
    /// It answered something else than `OK`.
    Refused(String),
}

impl std::fmt::Display for HostapdError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(e) => write!(f, "hostapd does not answer ({e}): check that it runs with ctrl_interface set"),
            Self::Refused(reply) => write!(f, "hostapd refused: {reply}"),
        }
    }
}

impl std::error::Error for HostapdError {}

impl From<io::Error> for HostapdError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// A connection to one interface of `hostapd`.
pub struct Hostapd {
    socket: UnixDatagram,
    own: PathBuf,
    events: VecDeque<String>,
    patience: Duration,
}

impl Hostapd {
    /// Connects to the control socket `control`; our own end is bound at `own`, which is removed at the end.
    ///
    /// # Errors
    /// Neither end can be had.
    pub fn connect(control: &Path, own: &Path, patience: Duration) -> Result<Self, HostapdError> {
        // A program that was killed leaves its end behind.
        let _ = std::fs::remove_file(own);
        let socket = UnixDatagram::bind(own)?;
        let hostapd = Self { socket, own: own.to_owned(), events: VecDeque::new(), patience };
        hostapd.socket.connect(control)?;
        hostapd.socket.set_write_timeout(Some(patience))?;
        Ok(hostapd)
    }

    /// Sends a command and waits for its reply; events that come meanwhile are kept.
    ///
    /// # Errors
    /// No reply in time.
    pub fn ask(&mut self, command: &str) -> Result<String, HostapdError> {
        self.socket.send(command.as_bytes())?;
        let until = Instant::now() + self.patience;
        loop {
            let line = self.receive(until)?.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))?;
            match event(&line) {
                Some(event) => self.keep(event),
                None => return Ok(line),
            }
        }
    }

    /// Sends a command that answers `OK`.
    ///
    /// # Errors
    /// Anything else.
    pub fn order(&mut self, command: &str) -> Result<(), HostapdError> {
        match self.ask(command)?.trim() {
            "OK" => Ok(()),
            other => Err(HostapdError::Refused(other.chars().take(120).collect())),
        }
    }

    /// Asks for events from now on.
    ///
    /// # Errors
    /// As [`order`](Self::order).
    pub fn attach(&mut self) -> Result<(), HostapdError> {
        self.order("ATTACH")
    }

    /// The next event, without its level; `None` if there was none in time.
    ///
    /// # Errors
    /// The socket's.
    pub fn event(&mut self, patience: Duration) -> Result<Option<String>, HostapdError> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Some(event));
        }
        let until = Instant::now() + patience;
        while let Some(line) = self.receive(until)? {
            // A reply that nobody waits for any more is late; it says nothing now.
            if let Some(event) = event(&line) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn keep(&mut self, event: String) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    fn receive(&self, until: Instant) -> Result<Option<String>, HostapdError> {
        let mut bytes = [0; REPLY_MAX];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.socket.set_read_timeout(Some(left))?;
            match self.socket.recv(&mut bytes) {
                Ok(n) => return Ok(Some(String::from_utf8_lossy(&bytes[..n]).into_owned())),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return Ok(None),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

impl Drop for Hostapd {
    fn drop(&mut self) {
        let _ = self.socket.send(b"DETACH");
        let _ = std::fs::remove_file(&self.own);
    }
}

/// The control sockets in a folder, by name; the one that `hostapd` has for itself is left out.
pub fn sockets(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|e| e.ok().map(|e| e.path()));
    let mut all: Vec<PathBuf> = paths.filter(|p| p.file_name().is_some_and(|n| n != "global")).collect();
    all.sort();
    all
}

/// The text of an unsolicited line, `<level>text`.
fn event(line: &str) -> Option<String> {
    let (level, text) = line.strip_prefix('<')?.split_once('>')?;
    level.bytes().all(|b| b.is_ascii_digit()).then(|| text.trim_end().to_owned())
}

/// The value of a `key=value` line of a reply.
pub fn value<'a>(reply: &'a str, key: &str) -> Option<&'a str> {
    reply.lines().find_map(|l| l.split_once('=').filter(|(k, _)| *k == key).map(|(_, v)| v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_replies_are_told_apart() {
        assert_eq!(event("<3>AP-CSA-FINISHED freq=5745 dfs=0\n").as_deref(), Some("AP-CSA-FINISHED freq=5745 dfs=0"));
        for reply in ["OK\n", "<x>no level", "freq=5180\nchannel=36\n", "", "<3"] {
            assert_eq!(event(reply), None, "{reply:?}");
        }
        assert_eq!(value("state=ENABLED\nfreq=5180\n", "freq"), Some("5180"));
        assert_eq!(value("state=ENABLED", "freq"), None);
    }
}
