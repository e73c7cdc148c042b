//! The walk over lines of text that the text formats share.

use crate::{ErrorKind, Input, Limits, ReadError};

/// Steps from line to line. The current line stays at the front of the input until the next step.
pub(crate) struct Lines {
    input: Input,
    format: &'static str,
    max_bytes: usize,
    /// Length of the current line, its end excluded, and with it.
    len: usize,
    pending: usize,
    record: u64,
}

impl Lines {
    pub fn new(input: Input, format: &'static str, limits: &Limits) -> Self {
        Self { input, format, max_bytes: limits.record_bytes, len: 0, pending: 0, record: 0 }
    }

    /// Steps to the next line that `wanted` accepts; false at the end of the input.
    pub fn next(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Result<bool, ReadError> {
        loop {
            self.input.consume(std::mem::take(&mut self.pending));
            self.len = 0;
            let Some(len) = self.measure()? else {
                return self.input.take_fault().map_or(Ok(false), |what| Err(self.error(ErrorKind::Io, what, false)));
            };
            (self.len, self.pending) = (len, len + 1);
            if wanted(self.line()) {
                self.record += 1;
                return Ok(true);
            }
        }
    }

    /// The current line without its end.
    pub fn line(&self) -> &[u8] {
        &self.input.bytes()[..self.len]
    }

    /// False for a last line that the input ends in.
    pub fn is_terminated(&self) -> bool {
        self.input.bytes().len() > self.len
    }

    /// Bytes behind the reader.
    pub const fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// An error at the current line, after which reading goes on.
    pub fn refuse(&self, what: String) -> ReadError {
        self.error(ErrorKind::Malformed, what, true)
    }

    fn error(&self, kind: ErrorKind, what: String, can_resume: bool) -> ReadError {
        let record = self.record.saturating_sub(1);
        ReadError { kind, format: Some(self.format), record, offset: self.input.offset(), what, can_resume }
    }

    /// Length of the line at the front; `None` at the end of the input.
    fn measure(&mut self) -> Result<Option<usize>, ReadError> {
        let (mut seen, mut want) = (0, 4096);
        loop {
            let bytes = self.input.fill(want);
            if let Some(at) = memchr::memchr(b'\n', &bytes[seen..]) {
                return Ok(Some(seen + at));
            }
            seen = bytes.len();
            if self.input.ended() {
                return Ok((seen > 0).then_some(seen));
            }
            if seen > self.max_bytes {
                let error = self.error(ErrorKind::Limit, format!("a line passes {} bytes", self.max_bytes), true);
                self.input.consume(seen);
                return Err(error);
            }
            want = 2 * seen.max(2048);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_chosen_and_counted() {
        let input = Input::new(Box::new(&b"no\nyes 1\n\nno\nyes 2"[..]));
        let mut lines = Lines::new(input, "test", &Limits::default());
        let wanted = |l: &[u8]| l.starts_with(b"yes");
        assert!(lines.next(wanted).unwrap());
        assert_eq!(lines.line(), b"yes 1");
        assert!(lines.next(wanted).unwrap());
        assert_eq!((lines.line(), lines.refuse(String::new()).record), (&b"yes 2"[..], 1));
        assert!(!lines.next(wanted).unwrap());
        assert!(!lines.next(wanted).unwrap());
    }

    #[test]
    fn an_endless_line_is_passed_over_in_bounded_memory() {
        let limits = Limits { record_bytes: 10_000, ..Limits::default() };
        let text = [vec![b'x'; 1_000_000], b"\nyes\n".to_vec()].concat();
        let mut lines = Lines::new(Input::new(Box::new(std::io::Cursor::new(text))), "test", &limits);
        let mut errors = 0;
        while lines.next(|l| l == b"yes").map_err(|e| assert_eq!(e.kind, ErrorKind::Limit)) == Err(()) {
            errors += 1;
        }
        assert!((1..100).contains(&errors), "{errors}");
        assert_eq!(lines.line(), b"yes");
    }
}
