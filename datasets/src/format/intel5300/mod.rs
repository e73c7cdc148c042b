//! Intel 5300 recordings of the Linux 802.11n CSI Tool (`.dat`).

use millpond_dsp::phy::{Bandwidth, Db, Dbm, PpduFormat};
use num_complex::Complex;

use crate::clock::Clock;
use crate::layout::{Layout, Layouts};
use crate::links::Links;
use crate::slot::Slot;
use crate::walk::Walk;
use crate::{FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

mod host_times;
mod scale;
pub(crate) mod wire;

pub use host_times::host_times;
pub use scale::{snr_scale, spatial_mapping, total_rss_dbm, undo_spatial_mapping};
use wire::{BfeeRecord, GROUPS};

/// The format's name.
pub const NAME: &str = "intel5300";

/// Reads a recording record by record.
pub struct Intel5300 {
    walk: Walk,
    info: SourceInfo,
    decoder: Decoder,
}

impl Intel5300 {
    /// A reader over bytes that start with a record, or with damage before one.
    pub fn new(input: Input, options: &ReadOptions) -> Self {
        let conventions = vec![
            "receive chains stand in antenna order where three chains and a proper permutation were logged; with fewer \
             chains they stay in chain order, as in the tool's own MATLAB reader",
            "a record names no transmitter: links tell antennas, streams and width apart",
            "samples are as measured: neither scaled to the noise (intel5300::snr_scale) nor freed of the transmitter's \
             spatial mapping (intel5300::undo_spatial_mapping)",
        ];
        Self {
            walk: Walk::new(input, NAME, &options.limits),
            info: SourceInfo { format: NAME, conventions, has_times: true },
            decoder: Decoder::new(options),
        }
    }
}

impl FrameSource for Intel5300 {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        if self.walk.next(wire::look)?.is_none() {
            return Ok(None);
        }
        self.decoder.decode(self.walk.bytes()).map(Some).ok_or_else(|| self.walk.refuse_shape())
    }

    fn position(&self) -> u64 {
        self.walk.input.offset()
    }
}

/// How sure the first bytes make it: 0 is not at all.
pub(crate) fn score(head: &[u8], at_end: bool) -> u32 {
    crate::walk::score_records(head, at_end, wire::look)
}

/// Turns single records into frames, from a file or as the driver hands them out.
pub struct Decoder {
    slot: Slot<i8>,
    layouts: Layouts<bool>,
    links: Links<(u8, u8, bool)>,
    clock: Clock,
    /// 10^(r/10) of each stored RSSI.
    power: [f32; 256],
}

impl Decoder {
    /// A decoder without history.
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            slot: Slot::new(),
            layouts: Layouts::new(),
            links: Links::new(options.limits.links),
            clock: Clock::wrapping_32(),
            power: std::array::from_fn(|r| 10f32.powf(r as f32 / 10.0)),
        }
    }

    /// Decodes one record from its size field on, or `None` if it is no consistent measurement.
    pub fn decode(&mut self, record: &[u8]) -> Option<Record<'_>> {
        let record = BfeeRecord::new(record)?;
        let (n_rx, n_tx) = (record.n_rx(), record.n_tx());
        let out = self.slot.room(n_rx * n_tx * GROUPS);
        unpack_antennas(record.csi(), n_rx, n_tx, record.antenna_sel(), out);
        self.meta(record);
        let wide = record.rate() & RATE_40_MHZ != 0;
        let layout = self.layouts.get(wide, || layout(wide));
        self.slot.record(layout)
    }

    fn meta(&mut self, record: BfeeRecord<'_>) {
        let rssi = record.rssi();
        let rate = record.rate();
        let wide = rate & RATE_40_MHZ != 0;
        self.slot.set_rssi(&rssi.map(i16::from));
        self.slot.device_s = f64::from(record.timestamp_low()) / 1e6;
        let meta = &mut self.slot.meta;
        meta.t = self.clock.step(u64::from(record.timestamp_low()));
        meta.link = self.links.id((record.n_rx() as u8, record.n_tx() as u8, wide));
        (meta.n_rx, meta.n_sts) = (record.n_rx() as u8, record.n_tx() as u8);
        meta.format = if rate & RATE_HT != 0 { PpduFormat::Ht } else { PpduFormat::Legacy };
        meta.width = if wide { Bandwidth::Mhz40 } else { Bandwidth::Mhz20 };
        meta.rssi = total_rss(&self.power, rssi, record.agc());
        meta.noise = (record.noise() != -127).then(|| Dbm(f32::from(record.noise())));
        meta.gain = Some(Db(f32::from(record.agc())));
        meta.seq = Some(record.bfee_count());
    }
}

const RATE_HT: u16 = 1 << 8;
const RATE_40_MHZ: u16 = 1 << 11;

/// Power of all antennas together in dBm: the tool's reference lies 44 dB and the gain below the antenna.
fn total_rss(power: &[f32; 256], rssi: [u8; 3], agc: u8) -> Option<Dbm> {
    let sum: f32 = rssi.iter().filter(|&&r| r != 0).map(|&r| power[usize::from(r)]).sum();
    (sum > 0.0).then(|| Dbm(10.0 * sum.log10() - 44.0 - f32::from(agc)))
}

/// The tones of a record.
pub(crate) fn layout(is_40_mhz: bool) -> Layout {
    Layout::plain(if is_40_mhz { tones_40() } else { tones_20() })
}

/// Unpacks a bit stream and puts receive chains into antenna order: `out[n_rx][n_tx][30]`.
///
/// `antenna_sel` names, two bits a chain, the antenna each chain was connected to. With fewer than three chains, or
/// where it is no permutation, chains stay in their own order.
///
/// # Panics
/// If `n_rx` or `n_tx` is not 1 to 3, or `out` is too short.
pub(crate) fn unpack_antennas(csi: &[u8], n_rx: usize, n_tx: usize, antenna_sel: u8, out: &mut [Complex<i8>]) {
    let antennas = [0, 2, 4].map(|shift| usize::from(antenna_sel >> shift & 3));
    let proper = n_rx == 3 && antennas.iter().fold(0, |seen, &a| seen | 1 << a) == 0b111;
    let mut rows = [0u8; 9];
    for (pair, row) in rows[..n_rx * n_tx].iter_mut().enumerate() {
        let (rx, tx) = (pair / n_tx, pair % n_tx);
        *row = ((if proper { antennas[rx] } else { rx }) * n_tx + tx) as u8;
    }
    match n_rx * n_tx {
        1 => wire::unpack::<1>(csi, &rows, out),
        2 => wire::unpack::<2>(csi, &rows, out),
        3 => wire::unpack::<3>(csi, &rows, out),
        4 => wire::unpack::<4>(csi, &rows, out),
        6 => wire::unpack::<6>(csi, &rows, out),
        _ => wire::unpack::<9>(csi, &rows, out),
    }
}

/// The 30 reported tones of a 20 MHz channel, IEEE 802.11n-2009 table 7-25f, Ng = 2.
fn tones_20() -> Vec<i16> {
    (-28..=-2).step_by(2).chain([-1]).chain((1..=27).step_by(2)).chain([28]).collect()
}

/// The 30 reported tones of a 40 MHz channel, the same table, Ng = 4.
fn tones_40() -> Vec<i16> {
    (-58..=-2).step_by(4).chain((2..=58).step_by(4)).collect()
}
