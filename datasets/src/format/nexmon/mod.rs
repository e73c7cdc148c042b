//! Nexmon CSI: datagrams of patched Broadcom firmware, in a packet capture or straight from a socket.

use millpond_dsp::CsiMeta;
use millpond_dsp::phy::Dbm;

use crate::channel::Known;
use crate::clock::Clock;
use crate::container::packet::Packet;
use crate::container::pcap::{CLASSIC_HEADER, Capture};
use crate::layout::{Layout, Layouts, fft_order};
use crate::links::Links;
use crate::slot::{Slot, complex_i16};
use crate::walk::Walk;
use crate::{ErrorKind, FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

pub(crate) mod wire;

pub use wire::Chip;
use wire::{Datagram, Words};

/// The format's name.
pub const NAME: &str = "nexmon";

/// Reads a packet capture, pcap or pcapng, packet by packet.
pub struct Nexmon {
    walk: Walk,
    capture: Capture,
    info: SourceInfo,
    decoder: Decoder,
    frames: u64,
}

impl Nexmon {
    /// A reader over a capture.
    ///
    /// # Errors
    /// If the global header is cut.
    pub fn new(mut input: Input, options: &ReadOptions) -> Result<Self, ReadError> {
        let Some((capture, before)) = Capture::new(input.fill(CLASSIC_HEADER)) else {
            return Err(ReadError::file(ErrorKind::Truncated, "the capture's header is cut".to_owned()));
        };
        input.consume(before);
        let conventions = vec![
            "one frame a datagram: each is one receive chain and one spatial stream, and a link of its own",
            "chips with a shared exponent give the exact value, mantissa times two to the exponent, not the block-scaled \
             integers of other readers",
            "firmware that writes RSSI also writes receive status over words 0-2 (28-30 at 20 MHz): these are kept as \
             stored but are no part of the frame",
            "width and channel are those of the receiver: a 20 MHz packet in an 80 MHz channel fills a quarter of the words",
        ];
        Ok(Self {
            walk: Walk::new(input, NAME, &options.limits),
            capture,
            info: SourceInfo { format: NAME, conventions, has_times: true },
            decoder: Decoder::new(options),
            frames: 0,
        })
    }
}

impl Nexmon {
    /// The end of a capture in which not one datagram was found is an error of its own.
    fn end(&mut self) -> Result<(), ReadError> {
        let others = std::mem::take(&mut self.walk.others);
        if self.frames > 0 || others == 0 {
            return Ok(());
        }
        let what = format!(
            "a packet capture without CSI: none of {others} packets is a datagram to port 5500 that starts with 11 11"
        );
        Err(ReadError { can_resume: false, ..self.walk.refuse(ErrorKind::Unknown, what) })
    }
}

impl FrameSource for Nexmon {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        loop {
            let capture = &self.capture;
            if self.walk.next(|b, at_end| capture.look(b, at_end, is_datagram))?.is_none() {
                return self.end().map(|()| None);
            }
            let Some(packet) = self.capture.packet(self.walk.bytes()) else { continue };
            self.frames += 1;
            let device_s = packet.seconds as f64 + f64::from(packet.nanos) / 1e9;
            let t_us = packet.seconds.saturating_mul(1_000_000).saturating_add(u64::from(packet.nanos) / 1000);
            let payload = wire::payload(packet.data, packet.link_type).unwrap_or_default();
            if let Err(what) = self.decoder.take(payload, t_us, device_s) {
                return Err(self.walk.refuse(ErrorKind::Malformed, what.to_owned()));
            }
            break;
        }
        self.decoder.record().map(Some).ok_or_else(|| self.walk.refuse_shape())
    }

    fn position(&self) -> u64 {
        self.walk.input.offset()
    }
}

fn is_datagram(packet: Packet<'_>) -> bool {
    wire::payload(packet.data, packet.link_type).is_some()
}

/// How sure the first bytes make it: a capture that holds no datagram so far may hold one later.
pub(crate) fn score(head: &[u8], at_end: bool) -> u32 {
    let Some((capture, before)) = Capture::new(head) else { return 0 };
    let packets = head.get(before..).unwrap_or_default();
    // Blocks that describe a pcapng capture are not followed here: without their interfaces packets stay unread.
    crate::walk::score_records(packets, at_end, |b, at_end| capture.look(b, at_end, is_datagram)).max(5)
}

/// Turns single datagrams into frames: from a capture, or as a socket receives them.
pub struct Decoder {
    ints: Slot<i16>,
    floats: Slot<f32>,
    is_float: bool,
    layouts: Layouts<(usize, bool)>,
    links: Links<([u8; 6], u16, u8, bool)>,
    clock: Clock,
    chip: Option<Chip>,
    channel: Known<u16>,
}

/// Who sent the frame of a datagram.
pub fn transmitter(payload: &[u8]) -> Option<[u8; 6]> {
    Datagram::new(payload).ok().map(Datagram::mac)
}

impl Decoder {
    /// A decoder without history.
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            ints: Slot::new(),
            floats: Slot::new(),
            is_float: false,
            layouts: Layouts::new(),
            links: Links::new(options.limits.links),
            clock: Clock::new(None),
            chip: options.nexmon_chip,
            channel: Known::default(),
        }
    }

    /// Decodes one UDP payload that was received at `t_us` on the caller's clock.
    ///
    /// # Errors
    /// Why it is no datagram of a known chip; the next may be fine.
    pub fn decode_datagram(&mut self, payload: &[u8], t_us: u64) -> Result<Record<'_>, &'static str> {
        self.take(payload, t_us, t_us as f64 / 1e6)?;
        self.record().ok_or("no tone is left of the datagram")
    }

    fn record(&self) -> Option<Record<'_>> {
        let layout = self.layouts.current()?;
        if self.is_float { self.floats.record(layout) } else { self.ints.record(layout) }
    }

    fn take(&mut self, payload: &[u8], t_us: u64, device_s: f64) -> Result<(), &'static str> {
        let datagram = Datagram::new(payload)?;
        let chip = self.chip.or(Chip::from_field(datagram.chip()));
        let words = chip.ok_or("an unknown chip: name it (--nexmon-chip, ReadOptions::nexmon_chip)")?.words();
        self.is_float = words != Words::Int16;
        let key = (datagram.n_words(), datagram.has_rssi());
        let layout = self.layouts.get(key, || layout(key.0, key.1));
        let (n, row) = (layout.stored(), |_| datagram.words());
        let float9 = |b| wire::float::<9, 5>(u32::from_le_bytes(b));
        let float12 = |b| wire::float::<12, 6>(u32::from_le_bytes(b));
        match words {
            Words::Int16 => layout.arrange(1, row, self.ints.room(n), complex_i16),
            Words::Float9 => layout.arrange(1, row, self.floats.room(n), float9),
            Words::Float12 => layout.arrange(1, row, self.floats.room(n), float12),
        }
        self.meta(datagram, t_us, device_s);
        Ok(())
    }

    fn meta(&mut self, datagram: Datagram<'_>, t_us: u64, device_s: f64) {
        let rssi = datagram.rssi();
        let (core, stream) = datagram.core_and_stream();
        let spec = datagram.chanspec();
        let mut meta = CsiMeta::at(self.clock.step(t_us));
        meta.link = self.links.id((datagram.mac(), spec, core << 3 | stream, datagram.has_rssi()));
        meta.width = datagram.width();
        meta.channel = self.channel.get(spec, wire::channel);
        meta.rssi = rssi.map(|r| Dbm(f32::from(r)));
        meta.seq = Some(datagram.sequence_control() >> 4).filter(|&s| s != 0);
        let stored = rssi.map(i16::from);
        match self.is_float {
            true => self.floats.set(meta, device_s, stored.as_slice()),
            false => self.ints.set(meta, device_s, stored.as_slice()),
        }
    }
}

/// The integers that other readers make of a packet of a chip with a shared exponent (4358, 4366c0), for comparing.
///
/// The largest part of the packet is brought to 11 bits, low bits are cut off: the scale changes from packet to packet.
/// Values stand in stored order; `out` is overwritten. All zero if the packet is.
pub fn block_scaled(record: &Record<'_>, out: &mut Vec<(i32, i32)>) {
    let mut top = 0.0f64;
    record.for_each_stored(|re, im| top = top.max(re.abs()).max(im.abs()));
    out.clear();
    // Two to the position of the top bit of the largest part; a division by it is exact.
    let scale = if top > 0.0 { (10.0 - top.log2().floor()).exp2() } else { 0.0 };
    record.for_each_stored(|re, im| out.push(((re * scale) as i32, (im * scale) as i32)));
}

fn layout(n: usize, has_status: bool) -> Layout {
    let overwritten = if n == 64 { 28..31 } else { 0..3 };
    Layout::new(&[fft_order(n)], |i, _| has_status && overwritten.contains(&i))
}
