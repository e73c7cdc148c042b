//! One message for many readers: each sees the latest, none holds up the writer.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The latest message and its number. A reader that is late skips to the newest, so nothing queues.
#[derive(Default)]
pub struct Feed {
    latest: Mutex<Latest>,
    bell: Condvar,
}

#[derive(Default)]
struct Latest {
    number: u64,
    message: Arc<[u8]>,
    closed: bool,
}

impl Feed {
    /// Replaces the message and wakes every reader.
    pub fn publish(&self, message: impl Into<Arc<[u8]>>) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.number += 1;
        latest.message = message.into();
        self.bell.notify_all();
    }

    /// Lets readers wait again.
    pub fn open(&self) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).closed = false;
    }

    /// Ends every reader.
    pub fn close(&self) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.bell.notify_all();
    }

    /// Waits for a message with another number than `seen`; `None` at the end or after `patience`.
    pub fn next(&self, seen: u64, patience: Duration) -> Option<(u64, Arc<[u8]>)> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |l: &mut Latest| !l.closed && l.number == seen;
        let (latest, _) =
            self.bell.wait_timeout_while(latest, patience, waiting).unwrap_or_else(PoisonError::into_inner);
        (!latest.closed && latest.number != seen).then(|| (latest.number, Arc::clone(&latest.message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_LONG: Duration = Duration::from_millis(1);

    #[test]
    fn a_late_reader_skips_to_the_newest() {
        let feed = Feed::default();
        assert!(feed.next(0, NOT_LONG).is_none());
        feed.publish(*b"a");
        feed.publish(*b"b");
        let (number, message) = feed.next(0, NOT_LONG).unwrap();
        assert_eq!((number, &message[..]), (2, &b"b"[..]));
        assert!(feed.next(number, NOT_LONG).is_none());
    }

    #[test]
    fn closing_ends_the_readers() {
        let feed = Feed::default();
        feed.publish(*b"a");
        feed.close();
        assert!(feed.next(0, Duration::from_secs(3600)).is_none());
    }
}
