//! Recordings of the Atheros CSI Tool (ath9k), in either byte order, with or without the flag byte in front.

use millpond_dsp::phy::{Bandwidth, Dbm, PpduFormat};

use crate::channel::{Known, of_center};
use crate::clock::Clock;
use crate::layout::{Layout, Layouts, populated};
use crate::links::{Links, sequence, transmitter};
use crate::slot::Slot;
use crate::walk::Walk;
use crate::{FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

pub(crate) mod wire;

use wire::{Block, Order};

/// The format's name.
pub const NAME: &str = "atheros";

/// Flag bytes that newer loggers put in front of a file.
const FLAG_BIG: u8 = 0xff;
const FLAG_LITTLE: u8 = 0x00;

/// Reads a recording block by block.
pub struct Atheros {
    walk: Walk,
    order: Order,
    info: SourceInfo,
    decoder: Decoder,
}

impl Atheros {
    /// A reader over bytes whose order its first blocks tell.
    pub fn new(mut input: Input, options: &ReadOptions) -> Self {
        let head = input.fill(options.limits.probe_bytes);
        let ended = head.len() < options.limits.probe_bytes;
        let (_, order, flagged) = guess(head, ended);
        input.consume(usize::from(flagged));
        let conventions = vec![
            "10-bit parts, imaginary first; rx runs fastest in the file, then tx, then tone, as in the tool's own readers",
            "RSSI is over the noise floor, -95 dBm where none was measured",
        ];
        Self {
            walk: Walk::new(input, NAME, &options.limits),
            order,
            info: SourceInfo { format: NAME, conventions, has_times: true },
            decoder: Decoder::new(options),
        }
    }
}

impl FrameSource for Atheros {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        let order = self.order;
        if self.walk.next(|b, _| wire::look(order, b))?.is_none() {
            return Ok(None);
        }
        let block = Block::new(self.walk.bytes(), order);
        block.and_then(|b| self.decoder.decode(b)).map(Some).ok_or_else(|| self.walk.refuse_shape())
    }

    fn position(&self) -> u64 {
        self.walk.input.offset()
    }
}

/// How sure the first bytes make it.
pub(crate) fn score(head: &[u8], at_end: bool) -> u32 {
    guess(head, at_end).0
}

/// The likeliest byte order, and whether a flag byte stands in front.
fn guess(head: &[u8], at_end: bool) -> (u32, Order, bool) {
    let score = |bytes: &[u8], order| crate::walk::score_records(bytes, at_end, |b, _| wire::look(order, b));
    let flag = match head.first() {
        Some(&FLAG_BIG) => Some(Order::Big),
        Some(&FLAG_LITTLE) => Some(Order::Little),
        _ => None,
    };
    let mut all =
        vec![(score(head, Order::Little), Order::Little, false), (score(head, Order::Big), Order::Big, false)];
    all.extend(flag.map(|order| (score(&head[1..], order), order, true)));
    all.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best }).expect("two were tried")
}

struct Decoder {
    slot: Slot<i16>,
    layouts: Layouts<usize>,
    links: Links<([u8; 6], usize, usize, usize)>,
    clock: Clock,
    channel: Known<u16>,
}

impl Decoder {
    fn new(options: &ReadOptions) -> Self {
        let links = Links::new(options.limits.links);
        let (slot, layouts, clock) = (Slot::new(), Layouts::new(), Clock::new(None));
        Self { slot, layouts, links, clock, channel: Known::default() }
    }

    fn decode(&mut self, block: Block<'_>) -> Option<Record<'_>> {
        let (n_tones, n_rx, n_tx) = (block.n_tones(), block.n_rx(), block.n_tx());
        let rows = wire::rows(n_rx, n_tx);
        let out = self.slot.room(n_tones * n_rx * n_tx);
        wire::unpack_pairs(n_rx * n_tx, block.csi(), n_tones, &rows, out);
        let width = if n_tones == wire::MAX_TONES { Bandwidth::Mhz40 } else { Bandwidth::Mhz20 };
        let rssi = block.rssi();
        self.slot.set_rssi(&rssi.map(i16::from));
        self.slot.device_s = block.timestamp() as f64 / 1e6;
        let noise = if block.noise() == 0 { UNMEASURED_DBM } else { f32::from(block.noise()) };
        let meta = &mut self.slot.meta;
        meta.t = self.clock.step(block.timestamp());
        meta.link = self.links.id((transmitter(block.mpdu()), n_tones, n_rx, n_tx));
        (meta.n_rx, meta.n_sts) = (n_rx as u8, n_tx as u8);
        (meta.format, meta.width) = (PpduFormat::Ht, width);
        meta.channel = if block.is_40_mhz() { None } else { self.channel.get(block.channel_mhz(), of_center) };
        meta.rssi = (rssi[0] != 128).then(|| Dbm(f32::from(rssi[0]) + noise));
        meta.noise = (block.noise() != 0).then_some(Dbm(noise));
        meta.seq = sequence(block.mpdu());
        let layout = self.layouts.get(n_tones, || Layout::plain(populated(PpduFormat::Ht, width)));
        self.slot.record(layout)
    }
}

/// The noise floor that the tool's users assume where the driver measured none.
const UNMEASURED_DBM: f32 = -95.0;
