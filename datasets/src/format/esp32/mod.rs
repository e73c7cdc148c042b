//! ESP32 console logs: ESP32-CSI-Tool, esp-csi get-started for every chip, esp-radar; plain, prefixed, headerless.

use millpond_dsp::CsiMeta;
use millpond_dsp::phy::{Band, Bandwidth, Channel, Db, Dbm, Micros, PpduFormat};
use num_complex::Complex;

use crate::channel::Known;
use crate::clock::Clock;
use crate::layout::Layouts;
use crate::lines::Lines;
use crate::links::Links;
use crate::slot::{Held, Slots};
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
    /// Set for a derived table, whose rows carry no marker.
    table: Option<Family>,
}

impl Esp32 {
    /// A reader over text.
    pub fn new(mut input: Input, options: &ReadOptions) -> Self {
        let table = table(input.fill(MAX_HEADER));
        let mut conventions = vec![
            "the imaginary part stands first in every pair, as the driver gives it",
            "the number of values printed decides the shape; the column len counts the driver's buffer",
            "tones count from the centre of the packet's width, by the table of ESP-IDF's Wi-Fi guide; where it has no \
             row, the null tones tell FFT order from ascending order",
            "the first two subcarriers of ESP32-CSI-Tool rows, and those flagged first_word, are kept as stored but are \
             no part of the frame: the hardware overwrites them",
            "esp-radar rows ascend from the lowest tone, null tones left out, as Espressif's table of ranges has it",
            "a link is one transmitter in one packet type and length: legacy and HT packets of a station leave it with other \
             cyclic shifts and power, so that even the same legacy training field is another channel",
        ];
        if table.is_some() {
            conventions.push(
                "times with a fraction and Unix seconds are seconds, whole numbers milliseconds (microseconds from 10^14 on)",
            );
        }
        Self {
            lines: Lines::new(input, NAME, &options.limits),
            info: SourceInfo { format: NAME, conventions, has_times: true },
            decoder: Decoder::new(options),
            table,
        }
    }
}

/// Bytes of a header line.
const MAX_HEADER: usize = 128;

/// The derived table that begins here, if one does.
fn table(head: &[u8]) -> Option<Family> {
    let head = &head[..head.len().min(MAX_HEADER)];
    Family::of_header(&head[..memchr::memchr(b'\n', head).unwrap_or(head.len())])
}

impl FrameSource for Esp32 {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        let table = self.table;
        let wanted = |line: &[u8]| match table {
            Some(_) => !line.trim_ascii().is_empty() && Family::of_header(line).is_none(),
            None => has_row(line),
        };
        if !self.lines.next(wanted)? {
            return Ok(None);
        }
        // Without a bracket to close it, a row that the input ends in may be cut anywhere.
        if !self.lines.is_terminated() && memchr::memchr(b']', self.lines.line()).is_none() {
            return Err(self.lines.refuse("row dropped: the input ends in it".to_owned()));
        }
        match self.decoder.take(self.lines.line(), table) {
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
    if table(head).is_some() {
        return 90;
    }
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
    slots: Slots,
    layouts: Layouts<Shape>,
    links: Links<(Option<[u8; 6]>, Shape)>,
    clock: Clock,
    /// Of derived tables, whose times do not wrap.
    table_clock: Clock,
    /// Values of the row at hand, as printed: of 8 bits, or of 16 where they need it.
    printed: Vec<i8>,
    wide: Vec<i16>,
    centred: Option<bool>,
    channel: Known<u8>,
    label: String,
    max_parts: usize,
}

/// What the number and kind of a row's values is.
#[derive(Clone, Copy)]
enum Values {
    /// Pairs of 8-bit parts.
    Bytes(usize),
    /// Pairs of 16-bit parts.
    Words(usize),
    /// Amplitudes.
    Amplitudes(usize),
}

/// Who sent the frame of a line.
pub fn transmitter(line: &[u8]) -> Option<[u8; 6]> {
    Row::new(line).ok()?.mac()
}

impl Decoder {
    /// A decoder without history.
    pub fn new(options: &ReadOptions) -> Self {
        let max_parts = 2 * options.limits.subcarriers;
        Self {
            slots: Slots::new(),
            layouts: Layouts::new(),
            links: Links::new(options.limits.links),
            clock: Clock::wrapping_32(),
            table_clock: Clock::new(None),
            printed: vec![0; max_parts],
            wide: Vec::new(),
            centred: None,
            channel: Known::default(),
            label: String::new(),
            max_parts,
        }
    }

    /// Decodes one line, its end with or without line break.
    ///
    /// # Errors
    /// Why the line is no row or a damaged one; the next line may be fine.
    pub fn decode_line(&mut self, line: &[u8]) -> Result<Record<'_>, &'static str> {
        self.take(line, None)?;
        self.record().ok_or("no tone is left of the row")
    }

    fn record(&self) -> Option<Record<'_>> {
        let label = (!self.label.is_empty()).then_some(&self.label[..]);
        self.slots.record(self.layouts.current()?).map(|r| Record { label, ..r })
    }

    fn take(&mut self, line: &[u8], table: Option<Family>) -> Result<(), &'static str> {
        let row = match table {
            Some(family) => Row::derived(line, family)?,
            None => Row::new(line)?,
        };
        let values = self.values(line, &row)?;
        if !row.base64 && row.family != Family::CsiToolOld && memchr::memchr(b']', row.values).is_none() {
            return Err("the row is cut before its closing bracket");
        }
        let (raw_us, device_s) = time(&row).ok_or("no time stamp")?;
        let columns = row.family.columns();
        let rssi = match row.text(columns.rssi) {
            Some(_) => Some(row.int(columns.rssi).and_then(|r| i16::try_from(r).ok()).ok_or("no RSSI")?),
            None => None,
        };
        let shape = self.shape(&row, values);
        if shape.invalid >= shape.pairs {
            return Err("no value behind the overwritten ones");
        }
        self.fill(shape, values);
        let clock = if table.is_some() { &mut self.table_clock } else { &mut self.clock };
        let t = clock.step(raw_us);
        let meta = self.meta(&row, shape, t, rssi);
        self.slots.set(meta, device_s, rssi.as_slice());
        self.label.clear();
        if let Some(label) = row.text(columns.label).and_then(|l| std::str::from_utf8(l).ok()) {
            self.label.push_str(label.trim());
        }
        Ok(())
    }

    /// Reads the values of a row into `printed` or `wide`.
    fn values(&mut self, line: &[u8], row: &Row<'_>) -> Result<Values, &'static str> {
        let from = line.len() - row.values.len();
        let narrow = match row.base64 {
            true => wire::base64_i8(row.values, &mut self.printed),
            false => number::list_i8(line, from, &mut self.printed),
        };
        if let Some(n) = narrow {
            return match n {
                _ if row.family.is_csi_tool() && is_amplitudes(row, n) => {
                    self.wide.clear();
                    self.wide.extend(self.printed[..n].iter().map(|&v| i16::from(v)));
                    self.amplitudes(n)
                }
                n if n > 0 && n % 2 == 0 => Ok(Values::Bytes(n / 2)),
                _ => Err("an odd number of values, or none"),
            };
        }
        if row.family.is_wide() || row.family.is_csi_tool() {
            self.wide.resize(self.max_parts, 0);
            let n =
                number::list_i16(line, from, &mut self.wide).ok_or("a value is no number, or there are too many")?;
            return match n {
                _ if row.family.is_csi_tool() && is_amplitudes(row, n) => self.amplitudes(n),
                _ if row.family.is_csi_tool() => Err("a value is no 8-bit number"),
                n if n > 0 && n % 2 == 0 => Ok(Values::Words(n / 2)),
                _ => Err("an odd number of values, or none"),
            };
        }
        Err("a value is no 8-bit number, or there are too many")
    }

    fn amplitudes(&self, n: usize) -> Result<Values, &'static str> {
        match self.wide[..n].iter().all(|&a| (0..=MAX_AMPLITUDE).contains(&a)) {
            true => Ok(Values::Amplitudes(n)),
            false => Err("as many values as tones, but no amplitudes: a build that prints phases holds no channel"),
        }
    }

    fn shape(&mut self, row: &Row<'_>, values: Values) -> Shape {
        let pairs = match values {
            Values::Bytes(n) | Values::Words(n) | Values::Amplitudes(n) => n,
        };
        let columns = row.family.columns();
        let flag = |column| row.int(column) == Some(1);
        let by_count = if matches!(pairs, 117..=128 | 234) { Bandwidth::Mhz40 } else { Bandwidth::Mhz20 };
        let told_by_count = columns.bandwidth == wire::NONE;
        let printed_width = if flag(columns.bandwidth) { Bandwidth::Mhz40 } else { Bandwidth::Mhz20 };
        let c5_c6 = row.family == Family::EspCsiC5C6;
        let format = match (row.int(columns.sig_mode), pairs) {
            (Some(0), _) => PpduFormat::Legacy,
            (Some(1), _) => PpduFormat::Ht,
            (Some(3), _) => PpduFormat::Vht,
            (None, 26 | 53) if c5_c6 => PpduFormat::Legacy,
            (None, 57 | 114 | 117 | 128 | 234) if c5_c6 => PpduFormat::Ht,
            (None, 245 | 256) if c5_c6 => PpduFormat::He,
            _ => PpduFormat::Unknown,
        };
        let secondary = match row.int(columns.secondary) {
            Some(1) => Secondary::Above,
            Some(2) => Secondary::Below,
            _ => Secondary::None,
        };
        if let (None, Values::Bytes(_)) = (self.centred, values) {
            self.centred = tones::is_centred(&self.printed[..2 * pairs]);
        }
        let invalid = row.family.is_csi_tool() || flag(columns.first_word);
        Shape {
            family: row.family,
            format,
            width: if told_by_count { by_count } else { printed_width },
            secondary,
            stbc: flag(columns.stbc),
            pairs,
            centred: self.centred.unwrap_or(false),
            invalid: if invalid { 2 } else { 0 },
        }
    }

    fn fill(&mut self, shape: Shape, values: Values) {
        let layout = self.layouts.get(shape, || shape.layout());
        if let Values::Bytes(pairs) = values {
            self.slots.held = Held::I8;
            let out = self.slots.i8s.room(pairs);
            for (pair, &at) in self.printed.chunks_exact(2).zip(&layout.order) {
                out[usize::from(at)] = Complex::new(pair[1], pair[0]);
            }
            return;
        }
        self.slots.held = Held::I16;
        let out = self.slots.i16s.room(shape.pairs);
        for (i, &at) in layout.order.iter().enumerate() {
            out[usize::from(at)] = match values {
                Values::Amplitudes(_) => Complex::new(self.wide[i], 0),
                _ => Complex::new(self.wide[2 * i + 1], self.wide[2 * i]),
            };
        }
    }

    fn meta(&mut self, row: &Row<'_>, shape: Shape, t: Micros, rssi: Option<i16>) -> CsiMeta {
        let columns = row.family.columns();
        // Espressif's own compensation (esp-csi, esp_radar_get_gain_compensation) counts agc_gain in dB and fft_gain,
        // a signed byte, in quarters of a dB.
        let (agc, fft) = (row.int(columns.agc_gain), row.int(columns.fft_gain));
        let primary = row.int(columns.channel).and_then(|c| u8::try_from(c).ok()).unwrap_or(0);
        CsiMeta {
            link: self.links.id((row.mac(), shape)),
            format: shape.format,
            width: shape.width,
            channel: self.channel.get(primary, channel),
            rssi: rssi.map(|r| Dbm(f32::from(r))),
            noise: row.int(columns.noise).map(|n| Dbm(n as u8 as i8 as f32)),
            gain: agc.map(|agc| Db(agc as u8 as f32 + fft.unwrap_or(0) as i8 as f32 / 4.0)),
            seq: row.int(columns.seq).map(|n| n as u16),
            ..CsiMeta::at(t)
        }
    }
}

/// The largest |re + j im| of two 8-bit parts.
const MAX_AMPLITUDE: i16 = 181;

/// Whether ESP32-CSI-Tool was built to print one value a tone: no set of training fields has that few bytes.
fn is_amplitudes(row: &Row<'_>, n: usize) -> bool {
    let len = row.int(row.family.columns().len).and_then(|l| usize::try_from(l).ok());
    matches!(n, 64 | 188 | 190 | 192 | 306) && len.is_none_or(|len| len == 2 * n || n == 64)
}

/// The 20 MHz channel of a number: 2.4 GHz, or on the C5 also 5 GHz.
fn channel(number: u8) -> Option<Channel> {
    let band = if number <= 14 { Band::Ghz2 } else { Band::Ghz5 };
    Channel::new(band, number, Bandwidth::Mhz20)
}

/// Microseconds of the row's clock, and its time in seconds as the row gives it.
fn time(row: &Row<'_>) -> Option<(u64, f64)> {
    let columns = row.family.columns();
    let number = |column| -> Option<f64> { std::str::from_utf8(row.text(column)?).ok()?.trim().parse().ok() };
    if columns.time != wire::NONE {
        let value = number(columns.time).filter(|t| (0.0..1e18).contains(t))?;
        let fraction = row.text(columns.time)?.contains(&b'.');
        let scale = match value {
            _ if fraction => 1.0,
            v if (1e9..1e11).contains(&v) => 1.0,
            v if v >= 1e14 => 1e-6,
            _ => 1e-3,
        };
        return Some(((value * scale * 1e6).round() as u64, value * scale));
    }
    let stamp = u32::try_from(row.int(columns.local_timestamp)?).ok()?;
    let real = number(columns.real_timestamp).filter(|s| s.is_finite());
    Some((u64::from(stamp), real.unwrap_or(f64::from(stamp) / 1e6)))
}
