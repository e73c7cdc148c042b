//! Frames out of bytes that come one after another: a serial ESP32, or a recording that another program is writing.
//!
//! The bytes are read into a sealed buffer, cut and decoded there. All that comes out beside a frame is whether another one
//! may be waiting, and whether the place was lost.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use millpond_datasets::format::{esp32, feitcsi, intel5300};
use millpond_datasets::{ReadOptions, Record};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_report::{Raw, SensingPermit, Wipe, gate};

use super::udp::fill;
use super::{Align, Ends, Frame, Source, Waited};
use crate::net::Bytes;

/// What the bytes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Text lines of an ESP32.
    Esp32,
    /// Blocks of FeitCSI.
    Feitcsi,
    /// Records of the Linux 802.11n CSI Tool.
    Intel5300,
}

/// Bytes that wait to be cut at most: the longest record, FeitCSI's of 160 MHz on two by two antennas, is 33 KB.
const BUFFER: usize = 128 << 10;
/// Bytes that are read at a time.
const CHUNK: usize = 4 << 10;

type Open = Box<dyn Fn() -> io::Result<Arc<dyn Bytes>> + Send>;

/// A place that is read as it grows.
pub struct StreamSource {
    open: Open,
    log: Log,
    bytes: Option<Arc<dyn Bytes>>,
    receiver: Raw<Receiver>,
    said: Arc<Said>,
}

/// What the sealed side lets be known.
#[derive(Default)]
struct Said {
    more: AtomicBool,
    lost: AtomicBool,
}

impl StreamSource {
    /// A source over what `open` opens, which is called when it is first waited for and again when it was lost.
    pub fn new(log: Log, open: impl Fn() -> io::Result<Arc<dyn Bytes>> + Send + 'static) -> Self {
        let (receiver, said) = (Raw::new(Receiver::empty()), Arc::default());
        Self { open: Box::new(open), log, bytes: None, receiver, said }
    }

    fn shut(&mut self) {
        self.bytes = None;
        self.said = Arc::default();
        self.receiver = Raw::new(Receiver::empty());
    }
}

impl Source for StreamSource {
    fn next_at(&self) -> Option<Micros> {
        Some(Micros(0))
    }

    fn wait(&mut self, patience: Duration) -> Waited {
        if self.said.lost.load(Relaxed) {
            self.shut();
        }
        if self.said.more.load(Relaxed) {
            return Waited::Ready;
        }
        let bytes = match &self.bytes {
            Some(bytes) => Arc::clone(bytes),
            None => match (self.open)() {
                Ok(bytes) => {
                    self.receiver = Raw::new(Receiver::new(Arc::clone(&bytes), self.log, Arc::clone(&self.said)));
                    self.bytes = Some(Arc::clone(&bytes));
                    bytes
                }
                Err(_) => return Waited::Fault,
            },
        };
        match bytes.wait(patience) {
            Ok(true) => Waited::Ready,
            Ok(false) => Waited::Quiet,
            Err(_) => {
                self.shut();
                Waited::Fault
            }
        }
    }

    fn read(&mut self, permit: &SensingPermit<'_>, now: Micros, place: &mut Raw<Frame>) -> bool {
        gate::poll(permit, &mut self.receiver, now.0, Receiver::receive);
        gate::step(permit, place, &self.receiver, |place, receiver| place.copy(&receiver.frame));
        true
    }

    fn close(&mut self, _: Micros) {
        self.shut();
    }
}

enum Decoder {
    Esp32(Box<esp32::Decoder>),
    Feitcsi(Box<feitcsi::Decoder>),
    Intel5300(Box<intel5300::Decoder>),
}

/// What stands at the start of the buffer.
#[derive(Debug, PartialEq, Eq)]
enum Cut {
    /// The beginning of something; more bytes will tell.
    Need,
    /// Bytes that are no frame.
    Skip(usize),
    /// A record of so many bytes.
    Record(usize),
}

/// The sealed side.
struct Receiver {
    bytes: Option<Arc<dyn Bytes>>,
    decoder: Option<Decoder>,
    said: Arc<Said>,
    buffer: Vec<u8>,
    clocks: Vec<(Ends, Align)>,
    frame: Frame,
}

impl Receiver {
    fn empty() -> Self {
        let (buffer, clocks) = (Vec::new(), Vec::new());
        Self { bytes: None, decoder: None, said: Arc::default(), buffer, clocks, frame: Frame::empty() }
    }

    fn new(bytes: Arc<dyn Bytes>, log: Log, said: Arc<Said>) -> Self {
        let options = ReadOptions::default();
        let decoder = match log {
            Log::Esp32 => Decoder::Esp32(Box::new(esp32::Decoder::new(&options))),
            Log::Feitcsi => Decoder::Feitcsi(Box::new(feitcsi::Decoder::new(&options))),
            Log::Intel5300 => Decoder::Intel5300(Box::new(intel5300::Decoder::new(&options))),
        };
        let buffer = Vec::with_capacity(BUFFER);
        Self { bytes: Some(bytes), decoder: Some(decoder), said, buffer, clocks: Vec::new(), frame: Frame::empty() }
    }

    /// Cuts one record off the buffer and decodes it; reads on where there is none. What is no record leaves no frame.
    fn receive(&mut self, now_us: u64) {
        self.frame.wipe();
        if !self.decode(Micros(now_us)) {
            self.load();
            self.decode(Micros(now_us));
        }
        let more = match &self.decoder {
            Some(decoder) => cut(decoder, &self.buffer) != Cut::Need,
            None => false,
        };
        self.said.more.store(more, Relaxed);
    }

    /// True if a record was taken, frame or not.
    fn decode(&mut self, now: Micros) -> bool {
        let Self { decoder: Some(decoder), buffer, clocks, frame, .. } = self else { return false };
        let mut at = 0;
        let taken = loop {
            match cut(decoder, &buffer[at..]) {
                Cut::Need => break false,
                Cut::Skip(n) => at += n,
                Cut::Record(n) => {
                    let (record, ends) = decode(decoder, &buffer[at..at + n]);
                    record.into_iter().for_each(|r| fill(frame, &r, ends, clocks, now));
                    at += n;
                    break true;
                }
            }
        };
        buffer.copy_within(at.., 0);
        let left = buffer.len() - at;
        buffer[left..].fill(0);
        buffer.truncate(left);
        taken
    }

    fn load(&mut self) {
        let Some(bytes) = &self.bytes else { return };
        let held = self.buffer.len();
        // Nothing that is a record is as long as this.
        let held = if held + CHUNK > BUFFER { 0 } else { held };
        self.buffer.resize(held + CHUNK, 0);
        let taken = bytes.take(&mut self.buffer[held..]);
        if taken.is_err() {
            self.said.lost.store(true, Relaxed);
        }
        self.buffer.truncate(held + taken.unwrap_or(0));
    }
}

fn decode<'a>(decoder: &'a mut Decoder, bytes: &[u8]) -> (Option<Record<'a>>, Ends) {
    let from = |tx: Option<[u8; 6]>| Ends { tx: tx.map_or(MacAddr([0; 6]), MacAddr), rx: MacAddr([0; 6]) };
    match decoder {
        Decoder::Esp32(d) => (d.decode_line(bytes).ok(), from(esp32::transmitter(bytes))),
        Decoder::Feitcsi(d) => (d.decode(bytes), from(feitcsi::transmitter(bytes))),
        // Its records name nobody.
        Decoder::Intel5300(d) => (d.decode(bytes), from(None)),
    }
}

/// Every way to skip is by at least a byte, so a walk over any bytes ends.
fn cut(decoder: &Decoder, bytes: &[u8]) -> Cut {
    match decoder {
        Decoder::Esp32(_) => match bytes.iter().position(|b| *b == b'\n') {
            None => Cut::Need,
            Some(end) if bytes[..end].trim_ascii().is_empty() => Cut::Skip(end + 1),
            Some(end) => Cut::Record(end + 1),
        },
        Decoder::Feitcsi(_) => match feitcsi::block_len(bytes) {
            Ok(Some(n)) if n <= bytes.len() => Cut::Record(n),
            Ok(Some(n)) if n > BUFFER - CHUNK => Cut::Skip(1),
            Ok(_) => Cut::Need,
            Err(_) => Cut::Skip(1),
        },
        // Length (big-endian, of what follows), then a code; 0xbb is a measurement of 20 bytes and its samples, 1 to 3 by
        // 1 to 3 antennas.
        Decoder::Intel5300(_) => match bytes {
            [] | [_] | [_, _] => Cut::Need,
            [a, b, 0xbb, ..] if (23..=600).contains(&u16::from_be_bytes([*a, *b])) => {
                let n = usize::from(u16::from_be_bytes([*a, *b])) + 2;
                if n <= bytes.len() { Cut::Record(n) } else { Cut::Need }
            }
            _ => Cut::Skip(1),
        },
    }
}

impl Wipe for Receiver {
    fn wipe(&mut self) {
        self.bytes = None;
        self.decoder = None;
        self.buffer.fill(0);
        self.buffer.clear();
        self.clocks.iter_mut().for_each(|(ends, _)| *ends = Ends::NOBODY);
        self.clocks.clear();
        self.frame.wipe();
        std::hint::black_box(self);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;
    use crate::demo::sensing_on;

    /// Hands out bytes in pieces of a size.
    struct Pieces(Mutex<VecDeque<u8>>, usize);

    impl Bytes for Pieces {
        fn wait(&self, _: Duration) -> io::Result<bool> {
            Ok(!self.0.lock().unwrap().is_empty())
        }

        fn take(&self, into: &mut [u8]) -> io::Result<usize> {
            let mut left = self.0.lock().unwrap();
            let n = self.1.min(left.len()).min(into.len());
            into.iter_mut().zip(left.drain(..n)).for_each(|(to, b)| *to = b);
            Ok(n)
        }
    }

    /// How many frames come out of bytes that arrive in pieces.
    fn frames(log: Log, bytes: &[u8], piece: usize) -> u32 {
        let bytes = Mutex::new(bytes.to_vec());
        let mut source = StreamSource::new(log, move || {
            let all = std::mem::take(&mut *bytes.lock().unwrap());
            Ok(Arc::new(Pieces(Mutex::new(all.into()), piece)))
        });
        let privacy = sensing_on();
        let permit = privacy.sensing(0).ok().unwrap();
        let (mut place, mut n) = (Raw::new(Frame::empty()), 0);
        let mut sense = Raw::new(crate::pipeline::Sense::new(1, &[]));
        let mut t = 0;
        while source.wait(Duration::ZERO) == Waited::Ready {
            t += 1000;
            source.read(&permit, Micros(t), &mut place);
            gate::step(&permit, &mut sense, &place, crate::pipeline::Sense::push);
            n += 1;
            assert!(n < 1_000_000, "it ends");
        }
        source.close(Micros(t));
        u32::from(source.next_at().is_some()) * n
    }

    #[test]
    fn records_are_cut_wherever_pieces_end() {
        let line = b"CSI_DATA,7,1a:00:00:00:00:00,-23,11,-96,32,4,11,372852,47,0,4,0,\"[1,2,3,4]\"\n";
        let text = line.repeat(5);
        assert_eq!(frames(Log::Esp32, &text, 4096), 5);
        // In pieces most turns hold no whole line; none is lost, as the counts of the recordings show.
        assert!(frames(Log::Esp32, &text, 7) >= 5);
    }

    #[test]
    fn what_is_cut_is_bounded_and_no_bytes_make_it_panic() {
        let mut word = 5u32;
        let mut noise = move |n: usize| -> Vec<u8> {
            let step = |w: &mut u32| {
                *w = w.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (*w >> 24) as u8
            };
            (0..n).map(|_| step(&mut word)).collect()
        };
        for log in [Log::Esp32, Log::Feitcsi, Log::Intel5300] {
            frames(log, &noise(300_000), 4096);
            frames(log, &vec![0; 300_000], 4096);
            frames(log, &vec![0xbb; 300_000], 1000);
        }
    }
}
