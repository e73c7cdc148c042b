//! A window over a stream: readers look ahead a bounded number of bytes and give back what they used.

use std::io::Read;

/// Bytes asked of the system at a time: fits the second-level cache, so decoding reads what the copy left there.
const CHUNK: usize = 128 << 10;

/// Bytes of the first buffer: a short recording needs no more.
const FIRST: usize = 4 << 10;

/// A buffered stream with look-ahead. Its buffer grows with the bytes that arrive, up to what [`fill`](Self::fill) asks.
pub struct Input {
    source: Box<dyn Read + Send>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    /// The last read took all the room there was: more may be waiting.
    filled: bool,
    fault: Option<String>,
}

impl Input {
    /// Reads from `source`.
    pub fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, buf: Vec::new(), start: 0, end: 0, offset: 0, ended: false, filled: true, fault: None }
    }

    /// What is buffered, from the current position.
    pub fn bytes(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    /// Buffers at least `n` bytes, unless the input ends before, and answers all that is buffered.
    pub fn fill(&mut self, n: usize) -> &[u8] {
        if self.end - self.start < n && !self.ended {
            self.load(n);
        }
        self.bytes()
    }

    /// Goes on by `n` bytes, at most to the end of what is buffered.
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.offset += n as u64;
    }

    /// Bytes consumed so far.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// True if nothing follows what is buffered.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Why the input ended early, if the system or the decompressor failed.
    pub fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    /// The stream behind the buffer, buffered bytes first.
    pub(crate) fn into_read(mut self) -> Box<dyn Read + Send> {
        self.buf.truncate(self.end);
        self.buf.drain(..self.start);
        let tail: Box<dyn Read + Send> = match self.fault {
            Some(fault) => Box::new(Broken(fault)),
            None if self.ended => Box::new(std::io::empty()),
            None => self.source,
        };
        Box::new(std::io::Cursor::new(self.buf).chain(tail))
    }

    fn load(&mut self, n: usize) {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        // Half as much again: asking for one more byte at each step must not move the whole window each time.
        let most = n + n / 2 + CHUNK;
        while self.end < n && !self.ended {
            // The buffer doubles as bytes arrive; what is asked for alone sizes nothing.
            if (self.filled || 2 * self.end >= self.buf.len()) && self.buf.len() < most {
                self.buf.resize((2 * self.buf.len()).clamp(FIRST, most), 0);
            }
            match self.source.read(&mut self.buf[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(got) => {
                    self.end += got;
                    self.filled = self.end == self.buf.len();
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.fault = Some(e.to_string());
                    self.ended = true;
                }
            }
        }
    }
}

/// Hands an earlier failure on to whoever reads next.
struct Broken(String);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte a call.
    struct Drip(u8);

    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 10 {
                return Err(std::io::Error::other("pulled out"));
            }
            out[0] = self.0;
            self.0 += 1;
            Ok(1)
        }
    }

    #[test]
    fn the_window_moves_and_a_fault_ends_it() {
        let mut input = Input::new(Box::new(Drip(0)));
        assert_eq!(input.fill(3), [0, 1, 2]);
        input.consume(2);
        assert_eq!(input.fill(4), [2, 3, 4, 5]);
        assert_eq!(input.offset(), 2);
        assert_eq!(input.fill(100), [2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(input.ended());
        assert_eq!(input.take_fault().unwrap(), "pulled out");
        input.consume(100);
        assert_eq!((input.offset(), input.bytes().len()), (10, 0));
    }

    #[test]
    fn what_was_buffered_is_read_again() {
        let mut input = Input::new(Box::new(&b"abcdef"[..]));
        input.fill(4);
        input.consume(1);
        let mut all = String::new();
        input.into_read().read_to_string(&mut all).unwrap();
        assert_eq!(all, "bcdef");
    }
}
