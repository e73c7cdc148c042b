//! PicoScenes recordings (`.csi`): Intel 5300, QCA9300, AX200 and AX210, and software radios.

use millpond_dsp::CsiMeta;
use millpond_dsp::phy::{Bandwidth, Db, Dbm, Micros, PpduFormat};
use num_complex::Complex;

use crate::channel::{Known, of_center};
use crate::clock::Clock;
use crate::layout::{Layout, Layouts, populated};
use crate::links::{Links, sequence, transmitter};
use crate::slot::{Held, Slots};
use crate::walk::Walk;
use crate::{AxParts, ErrorKind, FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

use super::{atheros, intel5300, mvm};

pub(crate) mod wire;

use wire::{Basic, Csi, Frame, Matrix, Number};

/// The format's name.
pub const NAME: &str = "picoscenes";

const INTEL_5300: u16 = 0x5300;
const QCA_9300: u16 = 0x9300;
const AX200: u16 = 0x2000;
const AX210: u16 = 0x2100;

const UNKNOWN_DEVICE: &str = "samples of a device whose layout is not known";

/// Reads a recording frame by frame.
pub struct PicoScenes {
    walk: Walk,
    info: SourceInfo,
    decoder: Decoder,
}

impl PicoScenes {
    /// A reader over bytes that start with a frame, or with damage before one.
    pub fn new(input: Input, options: &ReadOptions) -> Self {
        let mut conventions = mvm::conventions(options.ax_parts);
        conventions.extend([
            "Intel 5300: receive chains stand in antenna order where three chains and a proper permutation were logged",
            "QCA9300: imaginary part first, rx fastest",
            "software radios: the CSI segment alone, the first estimate of it; LegacyCSI and the signals are passed over",
            "tones count from the packet's own centre: the subcarrier offset is not added",
        ]);
        Self {
            walk: Walk::new(input, NAME, &options.limits),
            info: SourceInfo { format: NAME, conventions, has_times: true },
            decoder: Decoder::new(options),
        }
    }
}

impl FrameSource for PicoScenes {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        loop {
            if self.walk.next(wire::look)?.is_none() {
                return Ok(None);
            }
            match self.decoder.take(self.walk.bytes()) {
                Ok(true) => break,
                Ok(false) => self.walk.others += 1,
                Err(what) => {
                    let unread = [UNKNOWN_DEVICE, wire::UNKNOWN_BASIC, wire::UNKNOWN_CSI].contains(&what);
                    let kind = if unread { ErrorKind::Unsupported } else { ErrorKind::Malformed };
                    return Err(self.walk.refuse(kind, what.to_owned()));
                }
            }
        }
        self.decoder.record().map(Some).ok_or_else(|| self.walk.refuse_shape())
    }

    fn position(&self) -> u64 {
        self.walk.input.offset()
    }
}

/// How sure the first bytes make it.
pub(crate) fn score(head: &[u8], at_end: bool) -> u32 {
    crate::walk::score_records(head, at_end, wire::look)
}

/// What decides the tones of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Tones {
    Intel {
        wide: bool,
    },
    Atheros {
        wide: bool,
    },
    Mvm(mvm::Shape),
    /// As listed in the frame: their number and a digest of the list.
    Listed(usize, u64),
}

struct Decoder {
    slots: Slots,
    layouts: Layouts<Tones>,
    links: Links<([u8; 6], Tones, (u8, u8))>,
    clock: Clock,
    /// The firmware's clock of the AX200, which wraps.
    mu_clock: Clock,
    max_tones: usize,
    parts: AxParts,
    channel: Known<u16>,
    /// The last list of tones and its digest.
    listed: (Vec<u8>, u64),
}

impl Decoder {
    fn new(options: &ReadOptions) -> Self {
        Self {
            slots: Slots::new(),
            layouts: Layouts::new(),
            links: Links::new(options.limits.links),
            clock: Clock::new(None),
            mu_clock: Clock::wrapping_32(),
            max_tones: options.limits.subcarriers,
            parts: options.ax_parts,
            channel: Known::default(),
            listed: (Vec::new(), digest(&[])),
        }
    }

    fn record(&self) -> Option<Record<'_>> {
        let layout = self.layouts.current()?;
        self.slots.record(layout)
    }

    /// Decodes a frame; false if it holds no measurement.
    fn take(&mut self, bytes: &[u8]) -> Result<bool, &'static str> {
        let frame = Frame::new(bytes)?;
        let (Some(basic), Some(csi)) = (frame.basic, frame.csi) else { return Ok(false) };
        let (basic, csi) = (Basic::new(basic)?, Csi::new(csi, self.max_tones)?);
        let (tones, antennas) = match csi.device {
            INTEL_5300 => self.intel(&csi)?,
            QCA_9300 => self.atheros(&csi)?,
            AX200 | AX210 => self.mvm(&csi)?,
            _ if csi.is_radio() => self.radio(&csi)?,
            _ => return Err(UNKNOWN_DEVICE),
        };
        let mvm = frame.mvm.and_then(|s| mvm::Header::new(s.body.get(2..)?));
        let link = self.links.id((transmitter(frame.mpdu), tones, antennas));
        let (t, device_s) = self.time(&basic, mvm);
        let gain = frame.extra.and_then(wire::agc).map(|agc| Db(f32::from(agc)));
        let (n_rx, n_sts) = antennas;
        let meta = CsiMeta { t, link, n_rx, n_sts, gain, seq: sequence(frame.mpdu), ..self.describe(&basic, &csi) };
        self.slots.set(meta, device_s, &basic.rssi[..basic.n_rssi]);
        Ok(true)
    }

    fn describe(&mut self, basic: &Basic, csi: &Csi<'_>) -> CsiMeta {
        CsiMeta {
            format: format(csi.format),
            width: width(csi.bandwidth_mhz),
            channel: if csi.bandwidth_mhz == 20 { self.channel.get(basic.center_mhz, of_center) } else { None },
            rssi: basic.rssi_dbm().map(Dbm),
            noise: (basic.noise < 0.0).then_some(Dbm(basic.noise)),
            ..CsiMeta::at(Micros(0))
        }
    }

    fn time(&mut self, basic: &Basic, mvm: Option<mvm::Header<'_>>) -> (Micros, f64) {
        if let Some(header) = mvm {
            let us = header.mu_clock();
            return (self.mu_clock.step(u64::from(us)), f64::from(us) / 1e6);
        }
        let intel_ax = matches!(basic.device, AX200 | AX210);
        match (basic.device, basic.host_ns) {
            (INTEL_5300 | QCA_9300, _) => (self.clock.step(basic.timestamp), basic.timestamp as f64 / 1e6),
            (_, Some(ns)) if intel_ax => (self.clock.step(ns / 1000), ns as f64 / 1e9),
            (_, _) if intel_ax => (self.clock.step(basic.timestamp), basic.timestamp as f64 / 1e6),
            _ => (self.clock.step(basic.timestamp / 1000), basic.timestamp as f64 / 1e9),
        }
    }

    fn intel(&mut self, csi: &Csi<'_>) -> Result<(Tones, (u8, u8)), &'static str> {
        let n_tx = csi.buffer.len().saturating_sub(12) / 60 / csi.n_rx;
        let fits = csi.n_rx <= 3 && (1..=3).contains(&n_tx);
        if !fits || csi.buffer.len() != intel5300::wire::csi_bytes(csi.n_rx * n_tx) {
            return Err("the size of the samples is not that of an Intel 5300");
        }
        let tones = Tones::Intel { wide: csi.bandwidth_mhz == 40 };
        self.layouts.get(tones, || layout(tones, &[]));
        self.slots.held = Held::I8;
        let out = self.slots.i8s.room(csi.n_rx * n_tx * intel5300::wire::GROUPS);
        intel5300::unpack_antennas(csi.buffer, csi.n_rx, n_tx, csi.antenna_sel, out);
        Ok((tones, (csi.n_rx as u8, n_tx as u8)))
    }

    fn atheros(&mut self, csi: &Csi<'_>) -> Result<(Tones, (u8, u8)), &'static str> {
        let wide = csi.bandwidth_mhz == 40;
        let n_tones = if wide { atheros::wire::MAX_TONES } else { 56 };
        let n_tx = csi.buffer.len() / atheros::wire::csi_bytes(n_tones, 1) / csi.n_rx;
        let fits = csi.n_rx <= 3 && (1..=3).contains(&n_tx);
        if !fits || csi.buffer.len() != atheros::wire::csi_bytes(n_tones, csi.n_rx * n_tx) {
            return Err("the size of the samples is not that of a QCA9300");
        }
        let tones = Tones::Atheros { wide };
        self.layouts.get(tones, || layout(tones, &[]));
        let rows = atheros::wire::rows(csi.n_rx, n_tx);
        self.slots.held = Held::I16;
        let out = self.slots.i16s.room(n_tones * csi.n_rx * n_tx);
        atheros::wire::unpack_pairs(csi.n_rx * n_tx, csi.buffer, n_tones, &rows, out);
        Ok((tones, (csi.n_rx as u8, n_tx as u8)))
    }

    fn mvm(&mut self, csi: &Csi<'_>) -> Result<(Tones, (u8, u8)), &'static str> {
        let chains = csi.n_rx * csi.n_sts;
        let n = csi.buffer.len() / mvm::VALUE / chains;
        if n == 0 || n > self.max_tones || csi.buffer.len() != mvm::VALUE * chains * n {
            return Err("the size of the samples is not that of an AX200");
        }
        let gap = mvm::filler(n).unwrap_or(n..n);
        let kept = n - gap.len();
        let shape = mvm::Shape { n: kept, format: format(csi.format), width: width(csi.bandwidth_mhz) };
        let tones = Tones::Mvm(shape);
        let layout = self.layouts.get(tones, || mvm::layout(shape));
        self.slots.held = Held::I16;
        let out = self.slots.i16s.room(chains * kept);
        let rows = mvm::rows(csi.buffer, n, gap);
        mvm::arrange(layout, self.parts, chains, |c| &rows[c * mvm::VALUE * kept..], out);
        Ok((tones, (csi.n_rx as u8, csi.n_sts as u8)))
    }

    fn radio(&mut self, csi: &Csi<'_>) -> Result<(Tones, (u8, u8)), &'static str> {
        let matrix = Matrix::new(csi.buffer)?;
        let [n, n_tx, n_rx, _] = matrix.dims;
        if n != csi.n_tones || n_tx > 16 || n_rx > 16 {
            return Err("the signal matrix is not that of the tones and antennas");
        }
        if self.listed.0 != csi.indices {
            self.listed = (csi.indices.to_vec(), digest(csi.indices));
        }
        let tones = Tones::Listed(n, self.listed.1);
        let layout = self.layouts.get(tones, || layout(tones, csi.indices));
        self.slots.held = Held::F32;
        let slot = &mut self.slots.f32s;
        let chains = n_rx * n_tx;
        let exact = matrix.number == Number::F64;
        slot.room(chains * n);
        slot.wide.resize(if exact { chains * n } else { 0 }, Complex::default());
        for (i, &at) in layout.order.iter().enumerate() {
            for chain in 0..chains {
                let (re, im) = matrix.at([i, chain % n_tx, chain / n_tx, 0]);
                let place = chain * n + usize::from(at);
                slot.values[place] = Complex::new(re as f32, im as f32);
                if exact {
                    slot.wide[place] = Complex::new(re, im);
                }
            }
        }
        Ok((tones, (n_rx as u8, n_tx as u8)))
    }
}

fn layout(tones: Tones, indices: &[u8]) -> Layout {
    match tones {
        Tones::Intel { wide } => intel5300::layout(wide),
        Tones::Atheros { wide: false } => Layout::plain(populated(PpduFormat::Ht, Bandwidth::Mhz20)),
        Tones::Atheros { wide: true } => Layout::plain(populated(PpduFormat::Ht, Bandwidth::Mhz40)),
        Tones::Mvm(shape) => mvm::layout(shape),
        Tones::Listed(..) => Layout::plain(indices.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()),
    }
}

/// FNV-1a, to tell lists of tones apart.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

const fn format(code: i8) -> PpduFormat {
    match code {
        0 => PpduFormat::Legacy,
        1 => PpduFormat::Ht,
        2 => PpduFormat::Vht,
        3 | 4 => PpduFormat::He,
        5 | 6 => PpduFormat::Eht,
        _ => PpduFormat::Unknown,
    }
}

fn width(mhz: u16) -> Bandwidth {
    Bandwidth::try_from(mhz).unwrap_or(Bandwidth::Mhz20)
}
