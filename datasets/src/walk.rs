//! The walk over length-prefixed records that the binary formats share: bounds, damage, and the way back in.

use crate::{ErrorKind, Input, Limits, ReadError};

/// What stands at the start of some bytes.
pub(crate) enum Look {
    /// A consistent record of this many bytes with a measurement in it.
    Csi(usize),
    /// A record of another kind.
    Other(usize),
    /// A record of a known length whose body contradicts itself.
    Refuse(usize, &'static str),
    /// No record.
    Bad(&'static str),
    /// The answer needs this many bytes.
    Need(usize),
}

/// Scores a file of length-prefixed records: 100 if two consistent measurements follow one another or one fills the
/// file, less if only one is found or damage stands before the first.
pub(crate) fn score_records(head: &[u8], at_end: bool, look: impl Fn(&[u8], bool) -> Look) -> u32 {
    let mut at = 0;
    let (mut good, mut bad) = (0u32, 0u32);
    while at < head.len() && good < 4 && bad < 4096 {
        match look(&head[at..], at_end) {
            Look::Csi(len) if at + len <= head.len() => {
                good += 1;
                at += len.max(1);
            }
            Look::Other(len) | Look::Refuse(len, _) if bad == 0 => at += len.max(1),
            _ => {
                bad += 1;
                at += 1;
            }
        }
    }
    match (good, bad) {
        (0, _) => 0,
        (2.., 0) => 100,
        (1, 0) => 80,
        (2.., _) => 60,
        (1, _) => 20,
    }
}

/// Steps from record to record. The current record is at the front of the input until the next step.
pub(crate) struct Walk {
    pub input: Input,
    format: &'static str,
    max_bytes: usize,
    pending: usize,
    record: u64,
    /// Records that were passed over because they hold no measurement.
    pub others: u64,
    done: bool,
}

impl Walk {
    pub fn new(input: Input, format: &'static str, limits: &Limits) -> Self {
        Self { input, format, max_bytes: limits.record_bytes, pending: 0, record: 0, others: 0, done: false }
    }

    /// Steps to the next measurement and answers its length, or `None` at the end.
    ///
    /// `look` judges bytes; its second argument is true if nothing can follow them.
    pub fn next(&mut self, look: impl Fn(&[u8], bool) -> Look) -> Result<Option<usize>, ReadError> {
        loop {
            self.input.consume(std::mem::take(&mut self.pending));
            if self.done || self.input.fill(1).is_empty() {
                return self.finish().map(|()| None);
            }
            let (len, csi, refused) = match self.judge(&look) {
                Look::Csi(len) => (len, true, None),
                Look::Other(len) => (len, false, None),
                Look::Refuse(len, why) => (len, false, Some(why)),
                Look::Bad(why) => return self.recover(look, ErrorKind::Malformed, why.to_owned()),
                Look::Need(n) => return self.cut_short(look, n),
            };
            if len > self.max_bytes {
                let what = format!("a record claims {len} bytes, over the limit of {}", self.max_bytes);
                return self.recover(look, ErrorKind::Limit, what);
            }
            if self.input.fill(len).len() < len {
                return self.cut_short(look, len);
            }
            self.pending = len.max(1);
            self.record += 1;
            if let Some(why) = refused {
                return Err(self.error(ErrorKind::Malformed, why.to_owned(), self.input.offset(), true));
            }
            if csi {
                return Ok(Some(len));
            }
            self.others += 1;
        }
    }

    /// The record of the last step.
    pub fn bytes(&self) -> &[u8] {
        &self.input.bytes()[..self.pending]
    }

    /// An error at the current record, after which reading goes on.
    pub fn refuse(&self, kind: ErrorKind, what: String) -> ReadError {
        self.error(kind, what, self.input.offset(), true)
    }

    /// The error of a record whose tones make no frame.
    pub fn refuse_shape(&self) -> ReadError {
        self.refuse(ErrorKind::Malformed, "the tones and antennas of the record make no frame".to_owned())
    }

    fn judge(&mut self, look: &impl Fn(&[u8], bool) -> Look) -> Look {
        let mut answer = look(self.input.bytes(), self.input.ended());
        while let Look::Need(n) = answer {
            if n > self.max_bytes {
                return Look::Bad("a length over the limit");
            }
            // The end of the input may be learned only by asking for more.
            if n <= self.input.bytes().len() || self.input.ended() {
                return answer;
            }
            self.input.fill(n);
            answer = look(self.input.bytes(), self.input.ended());
        }
        answer
    }

    fn cut_short(&mut self, look: impl Fn(&[u8], bool) -> Look, need: usize) -> Result<Option<usize>, ReadError> {
        let have = self.input.bytes().len();
        self.recover(look, ErrorKind::Truncated, format!("the input ends inside a record: {have} of {need} bytes"))
    }

    /// Goes on to the next place where a whole, consistent record stands, and says what was lost. Comes back without one
    /// after as many bytes as a record may have, so that the caller of an endless stream hears of it.
    fn recover(
        &mut self,
        look: impl Fn(&[u8], bool) -> Look,
        kind: ErrorKind,
        what: String,
    ) -> Result<Option<usize>, ReadError> {
        let at = self.input.offset();
        loop {
            if self.input.offset() - at > self.max_bytes as u64 {
                let what = format!("{what}; no good record in the next {} bytes", self.max_bytes);
                return Err(self.error_of(self.record, kind, what, at, true));
            }
            self.input.consume(1);
            let have = self.input.fill(1).len();
            if have == 0 {
                break;
            }
            if let Look::Csi(len) = self.judge(&look) {
                if len <= self.max_bytes && self.input.fill(len).len() >= len {
                    self.record += 1;
                    let skipped = self.input.offset() - at;
                    let what = format!("{what}; {skipped} bytes skipped to the next good record");
                    return Err(self.error_of(self.record - 1, kind, what, at, true));
                }
            }
        }
        self.done = true;
        let lost = self.input.offset() - at;
        let fault = self.input.take_fault();
        let what = match &fault {
            Some(fault) => format!("{fault}; {lost} bytes lost"),
            None => format!("{what}; no good record follows, {lost} bytes lost"),
        };
        Err(self.error_of(self.record, if fault.is_some() { ErrorKind::Io } else { kind }, what, at, false))
    }

    /// The end of the input: clean, unless the system or the decompressor failed.
    fn finish(&mut self) -> Result<(), ReadError> {
        self.done = true;
        match self.input.take_fault() {
            Some(fault) => Err(self.error_of(self.record, ErrorKind::Io, fault, self.input.offset(), false)),
            None => Ok(()),
        }
    }

    fn error(&self, kind: ErrorKind, what: String, offset: u64, can_resume: bool) -> ReadError {
        self.error_of(self.record.saturating_sub(1), kind, what, offset, can_resume)
    }

    fn error_of(&self, record: u64, kind: ErrorKind, what: String, offset: u64, can_resume: bool) -> ReadError {
        ReadError { kind, format: Some(self.format), record, offset, what, can_resume }
    }
}
