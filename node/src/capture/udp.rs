//! Frames that come as datagrams: text lines of ESP32s, or Nexmon's payloads.
//!
//! Waiting for a datagram looks at nothing. Reading one takes a permit: it goes into a sealed buffer, is decoded there, and
//! leaves as a sealed frame.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use millpond_datasets::format::{esp32, nexmon};
use millpond_datasets::{ReadOptions, Record};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_report::{Raw, SensingPermit, Wipe, gate};

use super::{Align, Ends, Frame, Heard, Source, Waited};
use crate::net::{DATAGRAM_MAX, Datagrams};

/// What the datagrams of a source hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A text line of an ESP32; of several in one datagram the last, which is the newest.
    Esp32,
    /// One Nexmon payload.
    Nexmon,
}

/// A source of datagrams. The socket is open only while somebody waits for it.
pub struct UdpSource {
    listen: SocketAddr,
    payload: Payload,
    socket: Option<Datagrams>,
    receiver: Raw<Receiver>,
}

impl UdpSource {
    /// A source at an address that [`check_bind`](crate::net::check_bind) has passed; it is bound when it is first waited
    /// for.
    pub fn new(listen: SocketAddr, payload: Payload) -> Self {
        Self { listen, payload, socket: None, receiver: Raw::new(Receiver::empty()) }
    }

    fn open(&mut self) -> io::Result<&Datagrams> {
        if self.socket.is_none() {
            let socket = Datagrams::open(self.listen)?;
            self.receiver = Raw::new(Receiver::new(socket.clone(), self.payload));
            self.socket = Some(socket);
        }
        self.socket.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))
    }
}

impl Source for UdpSource {
    fn next_at(&self) -> Option<Micros> {
        Some(Micros(0))
    }

    fn wait(&mut self, patience: Duration) -> Waited {
        match self.open() {
            Ok(socket) if socket.wait(patience) => Waited::Ready,
            Ok(_) => Waited::Quiet,
            Err(_) => Waited::Fault,
        }
    }

    fn read(&mut self, permit: &SensingPermit<'_>, now: Micros, place: &mut Raw<Frame>) -> bool {
        gate::poll(permit, &mut self.receiver, now.0, Receiver::receive);
        gate::step(permit, place, &self.receiver, |place, receiver| place.copy(&receiver.frame));
        true
    }

    fn close(&mut self, _: Micros) {
        self.socket = None;
        self.receiver = Raw::new(Receiver::empty());
    }
}

enum Decoder {
    Esp32(Box<esp32::Decoder>),
    Nexmon(Box<nexmon::Decoder>),
}

/// The sealed side: the socket's other handle, the bytes, and the decoder.
struct Receiver {
    socket: Option<Datagrams>,
    decoder: Option<Decoder>,
    bytes: Vec<u8>,
    clocks: Vec<(Ends, Align)>,
    frame: Frame,
}

/// Device clocks that are kept at most; the oldest makes place.
const CLOCKS: usize = 64;

impl Receiver {
    const fn empty() -> Self {
        Self { socket: None, decoder: None, bytes: Vec::new(), clocks: Vec::new(), frame: Frame::empty() }
    }

    fn new(socket: Datagrams, payload: Payload) -> Self {
        let options = ReadOptions::default();
        let decoder = match payload {
            Payload::Esp32 => Decoder::Esp32(Box::new(esp32::Decoder::new(&options))),
            Payload::Nexmon => Decoder::Nexmon(Box::new(nexmon::Decoder::new(&options))),
        };
        let bytes = vec![0; DATAGRAM_MAX];
        Self { socket: Some(socket), decoder: Some(decoder), bytes, clocks: Vec::new(), frame: Frame::empty() }
    }

    /// Reads the datagram that is there and decodes its last line or its payload; an unreadable one leaves no frame.
    fn receive(&mut self, now_us: u64) {
        self.frame.wipe();
        let Self { socket: Some(socket), decoder: Some(decoder), bytes, clocks, frame } = self else { return };
        let Some(length) = socket.take(bytes) else { return };
        let payload = &bytes[..length];
        let (tx, record) = match decoder {
            Decoder::Nexmon(decoder) => (nexmon::transmitter(payload), decoder.decode_datagram(payload, now_us)),
            Decoder::Esp32(decoder) => {
                let line = payload.split(|b| *b == b'\n').rfind(|l| !l.trim_ascii().is_empty()).unwrap_or_default();
                (esp32::transmitter(line), decoder.decode_line(line))
            }
        };
        if let Ok(record) = record {
            let ends = Ends { tx: tx.map_or(MacAddr([0; 6]), MacAddr), rx: MacAddr([0; 6]) };
            fill(frame, &record, ends, clocks, Micros(now_us));
        }
        bytes[..length].fill(0);
    }
}

/// The frame of a record, at the node's time.
pub(super) fn fill(frame: &mut Frame, record: &Record<'_>, ends: Ends, clocks: &mut Vec<(Ends, Align)>, now: Micros) {
    let at = match clocks.iter().position(|(e, _)| *e == ends) {
        Some(at) => at,
        None => {
            if clocks.len() >= CLOCKS {
                clocks.remove(0);
            }
            clocks.push((ends, Align::default()));
            clocks.len() - 1
        }
    };
    let t = clocks[at].1.step(record.frame.meta().t, now);
    frame.fill(&Heard { frame: record.frame, ends });
    frame.set_time(t);
}

impl Wipe for Receiver {
    fn wipe(&mut self) {
        self.socket = None;
        self.decoder = None;
        self.bytes.fill(0);
        self.clocks.iter_mut().for_each(|(ends, _)| *ends = Ends::NOBODY);
        self.clocks.clear();
        self.frame.wipe();
        std::hint::black_box(self);
    }
}
