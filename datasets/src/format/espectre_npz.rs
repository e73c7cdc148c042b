//! NumPy archives of ESP32 samples: `csi_data` i8 `[packets][2 x tones]`, imaginary part first, no times.

use millpond_dsp::phy::{Bandwidth, Micros, PpduFormat};
use num_complex::Complex;

use crate::container::npy_zip::{Array, Kind, Npz, ZIP_MAGIC};
use crate::format::esp32::tones::is_centred;
use crate::layout::{Layout, centred, fft_order};
use crate::slot::Slot;
use crate::{ErrorKind, FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

/// The format's name.
pub const NAME: &str = "espectre-npz";

/// Packets a second of a cut archive when the caller names none: what this chip family is usually polled at.
const ASSUMED_HZ: f64 = 100.0;

/// Reads an archive packet by packet.
pub struct EspectreNpz {
    info: SourceInfo,
    data: Array,
    cut: Option<String>,
    layout: Layout,
    slot: Slot<i8>,
    rate_hz: f64,
    next: usize,
}

impl EspectreNpz {
    /// Opens an archive.
    ///
    /// # Errors
    /// If `csi_data` is missing or of another shape, or the packet rate can be told by nothing.
    pub fn new(input: Input, options: &ReadOptions) -> Result<Self, ReadError> {
        let mut npz = Npz::new(input, &options.limits)?;
        let bad =
            |what: &str| ReadError { format: Some(NAME), ..ReadError::file(ErrorKind::Malformed, what.to_owned()) };
        let csi = npz.array("csi_data").ok_or_else(|| bad("the archive has no array csi_data"))?;
        let (data, cut) = csi.map_err(|e| bad(&format!("csi_data: {e}")))?;
        let (packets, parts) = match (data.kind, &data.shape[..]) {
            (Kind::I8, &[packets, parts])
                if parts % 2 == 0 && (2..=2 * options.limits.subcarriers).contains(&parts) =>
            {
                (packets, parts)
            }
            _ => {
                return Err(bad(&format!(
                    "csi_data is {:?} {:?}, not int8 [packets][2 x tones]",
                    data.kind, data.shape
                )));
            }
        };
        let mut scalar = |name| npz.array(name).and_then(Result::ok).map(|(a, _)| a);
        let chip = scalar("chip").and_then(|a| a.string()).unwrap_or_default();
        let duration_ms = scalar("duration_ms").and_then(|a| a.number(0)).filter(|ms| ms.is_finite() && *ms > 0.0);
        let rate_hz = options.rate_hz.or(duration_ms.map(|ms| packets as f64 / ms * 1000.0)).filter(|r| *r > 0.0);
        // The duration stands behind the samples: a cut archive has lost it, and its packets are worth more than times.
        if packets > 0 && rate_hz.is_none() && !npz.is_cut() {
            return Err(bad("no packet times and no duration_ms: give the rate in packets a second"));
        }
        let assumed = if rate_hz.is_none() { "; times assume 100 packets a second" } else { "" };
        let cut = npz.is_cut().then(|| format!("{}{assumed}", cut.as_deref().unwrap_or("the archive is cut"))).or(cut);
        let rate_hz = rate_hz.unwrap_or(ASSUMED_HZ);
        let layout = layout(&chip, &data, parts / 2);
        let conventions = vec![
            "the imaginary part stands first in every pair",
            "no packet times: packets are taken as evenly spaced over duration_ms, or at the rate the caller gives",
            "tone order by chip: FFT order for c3, s3, esp32, ascending for c5, c6; for others the null tones tell",
            "tones 0 and 1 of the esp32 hold near-constant values that are no channel: kept as stored, left out of the frame",
        ];
        let info = SourceInfo { format: NAME, conventions, has_times: false };
        Ok(Self { info, data, cut, layout, slot: Slot::new(), rate_hz, next: 0 })
    }
}

impl FrameSource for EspectreNpz {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        let parts = 2 * self.layout.stored();
        let at = self.next * parts;
        let Some(packet) = self.data.data.get(at..at + parts) else {
            let Some(what) = self.cut.take() else { return Ok(None) };
            let (record, offset) = (self.next as u64, at as u64);
            return Err(ReadError {
                kind: ErrorKind::Truncated,
                format: Some(NAME),
                record,
                offset,
                what: format!("csi_data: {what}"),
                can_resume: false,
            });
        };
        let out = self.slot.room(self.layout.stored());
        for (pair, &at) in packet.chunks_exact(2).zip(&self.layout.order) {
            out[usize::from(at)] = Complex::new(pair[1] as i8, pair[0] as i8);
        }
        self.slot.device_s = self.next as f64 / self.rate_hz;
        let meta = &mut self.slot.meta;
        meta.t = Micros::from_seconds(self.slot.device_s);
        meta.format = PpduFormat::Ht;
        meta.width = if self.layout.stored() > 64 { Bandwidth::Mhz40 } else { Bandwidth::Mhz20 };
        self.next += 1;
        Ok(self.slot.record(&self.layout))
    }

    fn position(&self) -> u64 {
        (self.next * 2 * self.layout.stored()) as u64
    }
}

fn layout(chip: &str, data: &Array, tones: usize) -> Layout {
    // Any packet may have a null tone that is not zero; the first that tells is believed.
    let told = || {
        data.data.chunks_exact(2 * tones).take(100).find_map(|packet| {
            let mut parts = [0i8; 256];
            let parts = parts.get_mut(..packet.len())?;
            parts.iter_mut().zip(packet).for_each(|(p, &b)| *p = b as i8);
            is_centred(parts)
        })
    };
    let ascending = match chip {
        "c5" | "c6" => true,
        "c3" | "s3" | "esp32" => false,
        _ => told().unwrap_or(false),
    };
    let order = if ascending { centred(tones) } else { fft_order(tones) };
    Layout::new(&[order], |i, _| chip == "esp32" && i < 2 && tones > 2)
}

/// How sure the first bytes make it.
pub(crate) fn score(head: &[u8], _at_end: bool) -> u32 {
    if !head.starts_with(ZIP_MAGIC) {
        return 0;
    }
    if memchr::memmem::find(head, b"csi_data.npy").is_some() { 100 } else { 10 }
}
