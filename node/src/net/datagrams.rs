//! Datagrams from the home's own network. Between being told that one is there and reading it, nothing of it is looked at.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

/// Longest datagram: all that UDP can carry over IPv4.
pub const DATAGRAM_MAX: usize = 65_507;

/// A socket that is open; clones are the same socket, and it closes with the last of them.
#[derive(Clone)]
pub struct Datagrams(Arc<UdpSocket>);

impl Datagrams {
    /// Binds an address that [`check_bind`](super::check_bind) has passed.
    ///
    /// # Errors
    /// The address is taken or not of this machine.
    pub fn open(at: SocketAddr) -> io::Result<Self> {
        UdpSocket::bind(at).map(|s| Self(Arc::new(s)))
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// True if a datagram is there, after at most `patience`. No byte of it is read.
    pub fn wait(&self, patience: Duration) -> bool {
        let timeout = patience.max(Duration::from_millis(1));
        self.0.set_read_timeout(Some(timeout)).is_ok() && self.0.peek(&mut []).is_ok()
    }

    /// Reads the datagram that is there; `None` if there is none. Call it after [`wait`](Self::wait).
    pub fn take(&self, into: &mut [u8]) -> Option<usize> {
        self.0.recv(into).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_reads_nothing_and_taking_reads_one() {
        let socket = Datagrams::open("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(!socket.wait(Duration::from_millis(5)));
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for text in ["one", ""] {
            sender.send_to(text.as_bytes(), socket.address().unwrap()).unwrap();
        }
        let mut bytes = [0; 16];
        assert!(socket.wait(Duration::from_secs(5)) && socket.wait(Duration::from_secs(5)));
        assert_eq!(socket.take(&mut bytes), Some(3));
        assert!(socket.wait(Duration::from_secs(5)));
        assert_eq!(socket.take(&mut bytes), Some(0));
        assert!(!socket.wait(Duration::from_millis(5)));
    }
}
