//! FeitCSI recordings of Intel AX200 and AX210 cards: the firmware's header and its samples, block after block.

use crate::clock::Clock;
use crate::layout::Layouts;
use crate::links::Links;
use crate::slot::Slot;
use crate::walk::{Look, Walk};
use crate::{AxParts, FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

use super::mvm::{self, HEAD, Header, Power, Shape, VALUE};

/// The format's name.
pub const NAME: &str = "feitcsi";

/// Reads a recording block by block.
pub struct FeitCsi {
    walk: Walk,
    info: SourceInfo,
    decoder: Decoder,
    max_subcarriers: usize,
}

impl FeitCsi {
    /// A reader over bytes that start with a block, or with damage before one.
    pub fn new(input: Input, options: &ReadOptions) -> Self {
        Self {
            walk: Walk::new(input, NAME, &options.limits),
            info: SourceInfo { format: NAME, conventions: mvm::conventions(options.ax_parts), has_times: true },
            decoder: Decoder::new(options),
            max_subcarriers: options.limits.subcarriers,
        }
    }
}

impl FrameSource for FeitCsi {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        let max = self.max_subcarriers;
        if self.walk.next(|b, _| look(b, max))?.is_none() {
            return Ok(None);
        }
        self.decoder.decode(self.walk.bytes()).map(Some).ok_or_else(|| self.walk.refuse_shape())
    }

    fn position(&self) -> u64 {
        self.walk.input.offset()
    }
}

fn look(b: &[u8], max_subcarriers: usize) -> Look {
    match Header::new(b) {
        None => Look::Need(HEAD),
        Some(h) if h.is_consistent(max_subcarriers) => Look::Csi(HEAD + h.csi_size() as usize),
        Some(_) => Look::Bad("the size of the samples is not that of the antennas and subcarriers"),
    }
}

/// How sure the first bytes make it.
pub(crate) fn score(head: &[u8], at_end: bool) -> u32 {
    crate::walk::score_records(head, at_end, |b, _| look(b, MOST_SUBCARRIERS))
}

/// Bytes of the block that begins here: `None` while its head is not whole, an error if no block begins here.
///
/// # Errors
/// What is wrong, in words.
pub fn block_len(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    match look(bytes, MOST_SUBCARRIERS) {
        Look::Need(_) => Ok(None),
        Look::Csi(n) => Ok(Some(n)),
        _ => Err("the size of the samples is not that of the antennas and subcarriers"),
    }
}

/// The transmitter that a block names.
pub fn transmitter(block: &[u8]) -> Option<[u8; 6]> {
    Header::new(block).map(|h| h.mac())
}

/// Subcarriers of a block at most, where no option says.
const MOST_SUBCARRIERS: usize = 4096;

/// Turns single blocks into frames, from a file or as they are logged.
pub struct Decoder {
    slot: Slot<i16>,
    layouts: Layouts<Shape>,
    links: Links<([u8; 6], Shape, (u8, u8))>,
    clock: Clock,
    power: Power,
    parts: AxParts,
}

impl Decoder {
    /// A decoder without history.
    pub fn new(options: &ReadOptions) -> Self {
        let links = Links::new(options.limits.links);
        let (slot, layouts, clock) = (Slot::new(), Layouts::new(), Clock::wrapping_32());
        Self { slot, layouts, links, clock, power: Power::new(), parts: options.ax_parts }
    }

    /// Decodes one whole block, or `None` if its samples make no frame.
    pub fn decode(&mut self, block: &[u8]) -> Option<Record<'_>> {
        let (header, samples) = (Header::new(block)?, block.get(HEAD..)?);
        let n = header.n_subcarriers() as usize;
        let gap = mvm::filler(n).unwrap_or(n..n);
        let kept = n - gap.len();
        let shape = Shape { n: kept, format: header.format(), width: header.width() };
        let antennas = (header.n_rx(), header.n_tx());
        let chains = usize::from(antennas.0) * usize::from(antennas.1);
        let layout = self.layouts.get(shape, || mvm::layout(shape));
        let out = self.slot.room(chains * kept);
        let rows = mvm::rows(samples, n, gap);
        mvm::arrange(layout, self.parts, chains, |c| &rows[c * VALUE * kept..], out);
        self.slot.set_rssi(&header.rssi().map(|r| i16::try_from(r).unwrap_or(i16::MAX)));
        self.slot.device_s = f64::from(header.mu_clock()) / 1e6;
        let meta = &mut self.slot.meta;
        meta.t = self.clock.step(u64::from(header.mu_clock()));
        meta.link = self.links.id((header.mac(), shape, antennas));
        (meta.n_rx, meta.n_sts) = antennas;
        (meta.format, meta.width) = (shape.format, shape.width);
        meta.rssi = self.power.total(header);
        meta.seq = Some(u16::from(header.number()));
        self.slot.record(self.layouts.current()?)
    }
}
