//! ESP32 console logs: ESP32-CSI-Tool, esp-csi get-started for every chip, esp-radar; plain, prefixed, headerless.

use millpond_dsp::phy::{Band, Bandwidth, Channel, Db, Dbm, PpduFormat};
use num_complex::Complex;

use crate::channel::Known;
use crate::clock::Clock;
use crate::layout::Layouts;
use crate::lines::Lines;
use crate::links::Links;
use crate::slot::Slot;
use crate::{FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

pub(crate) mod number;
pub(crate) mod tones;
pub(crate) mod wire;

use tones::{Secondary, Shape};
use wire::{Family, Row};

/// The format's name.
pub const NAME: &str = "esp32";

/// Reads a log line by line.
pub struct Esp32 {
    lines: Lines,
    info: SourceInfo,
    decoder: Decoder,
}

impl Esp32 {
    /// A reader over text.
    pub fn new(input: Input, options: &ReadOptions) -> Self {
        let conventions = vec![
            "the imaginary part stands first in every pair, as the driver gives it",
            "the number of values printed decides the shape; the column len counts the driver's buffer",
            "tones count from the centre of the packet's width, by the table of ESP-IDF's Wi-Fi guide; where it has no \
             row, the null tones tell FFT order from ascending order",
            "the first two subcarriers of ESP32-CSI-Tool rows, and those flagged first_word, are kept as stored but are \
             no part of the frame: the hardware overwrites them",
        ];
        Self {
            lines: Lines::new(input, NAME, &options.limits),
            info: SourceInfo { format: NAME, conventions, has_times: true },
            decoder: Decoder::new(options),
        }
    }
}

impl FrameSource for Esp32 {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        if !self.lines.next(has_row)? {
            return Ok(None);
        }
        // Without a bracket to close it, a row that the input ends in may be cut anywhere.
        if !self.lines.is_terminated() && memchr::memchr(b']', self.lines.line()).is_none() {
            return Err(self.lines.refuse("row dropped: the input ends in it".to_owned()));
        }
        match self.decoder.take(self.lines.line()) {
            Ok(()) => match self.decoder.record() {
                Some(record) => Ok(Some(record)),
                None => Err(self.lines.refuse("row dropped: its tones make no frame".to_owned())),
            },
            Err(what) => Err(self.lines.refuse(format!("row dropped: {what}"))),
        }
    }

    fn position(&self) -> u64 {
        self.lines.offset()
    }
}

fn has_row(line: &[u8]) -> bool {
    line.starts_with(wire::MARK) || memchr::memmem::find(line, wire::MARK).is_some()
}

/// How sure the first bytes make it: a row of a known family is enough, wherever it stands.
pub(crate) fn score(head: &[u8], at_end: bool) -> u32 {
    let Some(first) = memchr::memmem::find(head, wire::MARK) else { return 0 };
    let row = |at: usize| {
        let end = memchr::memchr(b'\n', &head[at..]).map_or(head.len(), |n| at + n);
        Row::new(&head[at..end]).is_ok()
    };
    let found = memchr::memmem::find_iter(head, wire::MARK).take(8).any(row);
    match (found, at_end && first == 0) {
        (true, _) => 90,
        (false, true) => 30,
        (false, false) => 10,
    }
}

/// Turns single rows into frames: from a file, or line by line from a serial port.
///
/// ```
/// use millpond_datasets::format::esp32::Decoder;
///
/// let mut serial = Decoder::new(&Default::default());
/// let line = b"CSI_DATA,7,1a:00:00:00:00:00,-23,11,-96,32,4,11,372852,47,0,4,0,\"[1,2,3,4]\"";
/// let record = serial.decode_line(line).unwrap();
/// assert_eq!(record.frame.tones(), [-1, 0]);
/// ```
pub struct Decoder {
    slot: Slot<i8>,
    layouts: Layouts<Shape>,
    links: Links<(Option<[u8; 6]>, Shape)>,
    clock: Clock,
    /// Values of the row at hand, as printed.
    printed: Vec<i8>,
    centred: Option<bool>,
    channel: Known<u8>,
}

impl Decoder {
    /// A decoder without history.
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            slot: Slot::new(),
            layouts: Layouts::new(),
            links: Links::new(options.limits.links),
            clock: Clock::wrapping_32(),
            printed: vec![0; 2 * options.limits.subcarriers],
            centred: None,
            channel: Known::default(),
        }
    }

    /// Decodes one line, its end with or without line break.
    ///
    /// # Errors
    /// Why the line is no row or a damaged one; the next line may be fine.
    pub fn decode_line(&mut self, line: &[u8]) -> Result<Record<'_>, &'static str> {
        self.take(line)?;
        self.record().ok_or("no tone is left of the row")
    }

    fn record(&self) -> Option<Record<'_>> {
        self.slot.record(self.layouts.current()?)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let row = Row::new(line)?;
        let n = if row.base64 {
            wire::base64_i8(row.values, &mut self.printed)
        } else {
            number::list_i8(line, line.len() - row.values.len(), &mut self.printed)
        };
        let n = n.ok_or("a value is no 8-bit number, or there are too many")?;
        if n == 0 || n % 2 != 0 {
            return Err("an odd number of values, or none");
        }
        if !row.base64 && row.family != Family::CsiToolOld && memchr::memchr(b']', row.values).is_none() {
            return Err("the row is cut before its closing bracket");
        }
        let columns = row.family.columns();
        let stamp = row.int(columns.local_timestamp).and_then(|t| u32::try_from(t).ok()).ok_or("no time stamp")?;
        let rssi = row.int(columns.rssi).and_then(|r| i16::try_from(r).ok()).ok_or("no RSSI")?;
        let shape = self.shape(&row, n / 2);
        if shape.invalid >= n / 2 {
            return Err("no value behind the overwritten ones");
        }
        self.fill(shape, n / 2);
        self.meta(&row, shape, stamp, rssi);
        Ok(())
    }

    fn shape(&mut self, row: &Row<'_>, pairs: usize) -> Shape {
        let columns = row.family.columns();
        let flag = |column| row.int(column) == Some(1);
        let by_count = if matches!(pairs, 117..=128 | 234) { Bandwidth::Mhz40 } else { Bandwidth::Mhz20 };
        let c5_c6 = row.family == Family::EspCsiC5C6;
        let printed_width = if flag(columns.bandwidth) { Bandwidth::Mhz40 } else { Bandwidth::Mhz20 };
        let format = match (row.int(columns.sig_mode), pairs) {
            (Some(0), _) | (None, 53) => PpduFormat::Legacy,
            (Some(1), _) | (None, 57 | 117 | 128) => PpduFormat::Ht,
            (Some(3), _) => PpduFormat::Vht,
            (None, 245) => PpduFormat::He,
            _ => PpduFormat::Unknown,
        };
        let secondary = match row.int(columns.secondary) {
            Some(1) => Secondary::Above,
            Some(2) => Secondary::Below,
            _ => Secondary::None,
        };
        if self.centred.is_none() {
            self.centred = tones::is_centred(&self.printed[..2 * pairs]);
        }
        let invalid = row.family == Family::CsiTool || row.family == Family::CsiToolOld || flag(columns.first_word);
        Shape {
            family: row.family,
            format,
            width: if c5_c6 { by_count } else { printed_width },
            secondary,
            stbc: flag(columns.stbc),
            pairs,
            centred: self.centred.unwrap_or(false),
            invalid: if invalid { 2 } else { 0 },
        }
    }

    fn fill(&mut self, shape: Shape, pairs: usize) {
        let layout = self.layouts.get(shape, || shape.layout());
        let out = self.slot.room(pairs);
        for (pair, &at) in self.printed.chunks_exact(2).zip(&layout.order) {
            out[usize::from(at)] = Complex::new(pair[1], pair[0]);
        }
    }

    fn meta(&mut self, row: &Row<'_>, shape: Shape, stamp: u32, rssi: i16) {
        let columns = row.family.columns();
        let real = row.text(columns.real_timestamp).and_then(|t| std::str::from_utf8(t).ok()?.trim().parse().ok());
        self.slot.device_s = real.filter(|s: &f64| s.is_finite()).unwrap_or(f64::from(stamp) / 1e6);
        self.slot.set_rssi(&[rssi]);
        // Espressif's own compensation (esp-csi, esp_radar_get_gain_compensation) counts agc_gain in dB and fft_gain,
        // a signed byte, in quarters of a dB.
        let (agc, fft) = (row.int(columns.agc_gain), row.int(columns.fft_gain));
        let meta = &mut self.slot.meta;
        meta.t = self.clock.step(u64::from(stamp));
        meta.link = self.links.id((row.mac(), shape));
        meta.format = shape.format;
        meta.width = shape.width;
        let primary = row.int(columns.channel).and_then(|c| u8::try_from(c).ok()).unwrap_or(0);
        meta.channel = self.channel.get(primary, |p| Channel::new(Band::Ghz2, p, Bandwidth::Mhz20));
        meta.rssi = Some(Dbm(f32::from(rssi)));
        meta.noise = row.int(columns.noise).map(|n| Dbm(n as u8 as i8 as f32));
        meta.gain = agc.map(|agc| Db(agc as u8 as f32 + fft.unwrap_or(0) as i8 as f32 / 4.0));
        meta.seq = row.int(columns.seq).map(|n| n as u16);
    }
}
