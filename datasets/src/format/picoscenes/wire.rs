//! The bytes of PicoScenes files: frames of named, versioned segments.

use crate::walk::Look;

/// Magic of a frame, and of a transmit header inside a packet.
const MAGIC: u32 = 0x2015_0315;
/// Length field, magic, version and number of segments.
const HEAD: usize = 11;

/// Why a frame of a newer recorder is left out.
pub const UNKNOWN_BASIC: &str = "RxSBasic of an unknown version";
pub const UNKNOWN_CSI: &str = "CSI of an unknown version";

fn u16_at(b: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([b[at], b[at + 1]])
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

/// True if a frame seems to start here: magic and a known version.
fn starts_frame(b: &[u8]) -> bool {
    b.len() >= 10 && u32_at(b, 4) == MAGIC && matches!(u16_at(b, 8), 1 | 2)
}

/// Judges the bytes at a frame's start.
///
/// A length that leads to no other frame is believed only if no frame starts inside it either.
pub fn look(b: &[u8], at_end: bool) -> Look {
    if b.len() < HEAD {
        return Look::Need(HEAD);
    }
    let length = u32_at(b, 0) as usize;
    if !starts_frame(b) || length < HEAD - 4 {
        return Look::Bad("no frame magic");
    }
    // Lengths of 32 bits pass the end of what a 32-bit machine can count.
    let Some(len) = length.checked_add(4) else { return Look::Bad("a length past all memory") };
    match b.get(len..) {
        Some(next) if starts_frame(next) => Look::Csi(len),
        Some(next) if next.len() >= HEAD || at_end => {
            let magic = MAGIC.to_le_bytes();
            let inside = memchr::memmem::find_iter(&b[HEAD..len], &magic);
            let swallowed = inside.map(|at| at + HEAD - 4).any(|at| starts_frame(&b[at..]) && u32_at(b, at) >= 7);
            if swallowed && !next.is_empty() {
                Look::Bad("the length leads past the next frame")
            } else {
                Look::Csi(len)
            }
        }
        Some(_) => Look::Need(len + HEAD),
        None if at_end => Look::Need(len),
        None => Look::Need(len + HEAD),
    }
}

/// One segment.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    /// Its name, without the final NUL that newer files count in.
    pub name: &'a [u8],
    /// Version of its layout.
    pub version: u16,
    /// What it holds.
    pub body: &'a [u8],
}

/// A frame taken apart.
#[derive(Clone, Copy, Default)]
pub struct Frame<'a> {
    pub basic: Option<Segment<'a>>,
    pub csi: Option<Segment<'a>>,
    pub mvm: Option<Segment<'a>>,
    pub extra: Option<Segment<'a>>,
    /// The first packet of the frame.
    pub mpdu: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Takes a whole frame apart.
    pub fn new(b: &'a [u8]) -> Result<Self, &'static str> {
        let two = u16_at(b, 8) == 2;
        let mut at = if two { HEAD + 2 } else { HEAD };
        let mut it = Self::default();
        for _ in 0..b[10] {
            let rest = b.get(at..).unwrap_or_default();
            let (segment, len) = segment(rest).ok_or("a segment runs past its frame")?;
            match segment.name {
                b"RxSBasic" => it.basic = Some(segment),
                b"CSI" => it.csi = Some(segment),
                b"MVMExtra" => it.mvm = Some(segment),
                b"ExtraInfo" => it.extra = Some(segment),
                _ => {}
            }
            at += len;
        }
        let rest = b.get(at..).unwrap_or_default();
        it.mpdu = match (two, rest.first_chunk::<4>()) {
            (false, _) => rest,
            (true, Some(len)) => &rest[4..][..(u32::from_le_bytes(*len) as usize).min(rest.len() - 4)],
            (true, None) => &[],
        };
        Ok(it)
    }
}

fn segment(b: &[u8]) -> Option<(Segment<'_>, usize)> {
    let size = u32::from_le_bytes(*b.first_chunk()?) as usize;
    let len = 4usize.checked_add(size)?;
    let n = usize::from(*b.get(4)?);
    if size < n + 3 || len > b.len() {
        return None;
    }
    let name = &b[5..5 + n];
    let name = name.strip_suffix(&[0]).unwrap_or(name);
    Some((Segment { name, version: u16_at(b, 5 + n), body: &b[7 + n..len] }, len))
}

/// The receiver's gain in dB out of an `ExtraInfo` segment of version 1 or 2: a list of the fields whose bit is set.
pub fn agc(segment: Segment<'_>) -> Option<u8> {
    const VERSION: u32 = 1;
    const AGC: u32 = 19;
    /// Bytes of the fields before it, in the order of their bits; the two transmit times grow to 8 in version 2.
    const BYTES: [usize; AGC as usize] = [2, 8, 6, 6, 4, 1, 20, 1, 1, 1, 8, 4, 4, 2, 1, 1, 2, 1, 1];
    if !matches!(segment.version, 1 | 2) {
        return None;
    }
    let b = segment.body;
    let has = u32::from_le_bytes(*b.first_chunk()?);
    if has >> AGC & 1 == 0 {
        return None;
    }
    let (mut at, mut is_two) = (4, false);
    for (bit, &bytes) in (0..).zip(&BYTES) {
        if has >> bit & 1 == 0 {
            continue;
        }
        is_two |= bit == VERSION && b.get(at..at + 8)? == 2u64.to_le_bytes();
        at += if matches!(bit, 11 | 12) && is_two { 8 } else { bytes };
    }
    b.get(at).copied()
}

/// What `RxSBasic` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basic {
    pub device: u16,
    pub timestamp: u64,
    /// Host time in ns since 1970, from version 4 on.
    pub host_ns: Option<u64>,
    pub center_mhz: u16,
    pub noise: f32,
    /// RSSI in dBm of all chains together, then of each; -128 is a chain not there.
    pub rssi: [i16; 9],
    pub n_rssi: usize,
}

impl Basic {
    /// Reads a segment of version 1 to 6.
    pub fn new(segment: Segment<'_>) -> Result<Self, &'static str> {
        let b = segment.body;
        // Total length, position of the noise field, number of per-chain values.
        let (len, noise_at, chains) = match segment.version {
            1 => (26, 21, 3),
            2 => (28, 23, 3),
            3 => (32, 27, 3),
            4 => (40, 35, 3),
            5 => (47, 37, 8),
            6 => (77, 37, 8),
            _ => return Err(UNKNOWN_BASIC),
        };
        if b.len() < len {
            return Err("RxSBasic is cut");
        }
        let host = segment.version >= 4;
        let floats = segment.version == 6;
        let value = |i: usize| match floats {
            true => f32::from_bits(u32_at(b, noise_at + 4 * i)),
            false => f32::from(b[noise_at + i] as i8),
        };
        let mut rssi = [0; 9];
        // Versions 1 and 2 count from the noise.
        let reference = if segment.version <= 2 { value(0) } else { 0.0 };
        for (i, r) in rssi[..=chains].iter_mut().enumerate() {
            *r = (reference + value(i + 1)).round() as i16;
        }
        let u64_at = |at: usize| u64::from(u32_at(b, at)) | u64::from(u32_at(b, at + 4)) << 32;
        Ok(Self {
            device: u16_at(b, 0),
            timestamp: u64_at(2),
            host_ns: host.then(|| u64_at(10)),
            center_mhz: u16_at(b, if host { 18 } else { 10 }),
            noise: value(0),
            rssi,
            n_rssi: chains + 1,
        })
    }

    /// RSSI of all chains together in dBm; software radios measure none and write 0.
    pub fn rssi_dbm(&self) -> Option<f32> {
        Some(self.rssi[0]).filter(|&r| (-127..0).contains(&r)).map(f32::from)
    }
}

/// What a `CSI` segment says before its samples.
#[derive(Clone, Copy)]
pub struct Csi<'a> {
    pub device: u16,
    pub format: i8,
    pub bandwidth_mhz: u16,
    pub n_tones: usize,
    pub n_sts: usize,
    pub n_rx: usize,
    pub antenna_sel: u8,
    /// The samples, as the device stores them.
    pub buffer: &'a [u8],
    /// Subcarrier numbers of software radios, 16 bits each.
    pub indices: &'a [u8],
}

impl<'a> Csi<'a> {
    /// Reads a segment of version 1 to 7; `max_tones` bounds what it may claim.
    pub fn new(segment: Segment<'a>, max_tones: usize) -> Result<Self, &'static str> {
        let v = segment.version;
        if !(1..=7).contains(&v) {
            return Err(UNKNOWN_CSI);
        }
        let mut c = Cursor(segment.body);
        Self::read(&mut c, v)
            .ok_or("CSI is cut")
            .and_then(|it| if it.is_possible(max_tones) { Ok(it) } else { Err("CSI has impossible counts") })
    }

    fn read(c: &mut Cursor<'a>, v: u16) -> Option<Self> {
        let device = c.u16()?;
        c.skip(if v >= 4 { 1 } else { 0 })?;
        let format = c.u8()? as i8;
        let bandwidth_mhz = c.u16()?;
        // Carrier, second carrier, merged flag, sampling rate, spacing.
        c.skip(if v >= 5 { 8 + 8 + 1 + 8 + 4 } else { 8 + 8 + 4 })?;
        let n_tones = usize::from(c.u16()?);
        let (n_sts, n_rx) = (usize::from(c.u8()?), usize::from(c.u8()?));
        // Extension streams, number of estimates.
        c.skip(if v >= 3 { 1 + 2 } else { 1 })?;
        let antenna_sel = c.u8()?;
        // Subcarrier offset: tones count from the packet's own centre here.
        c.skip(if v >= 2 { 2 } else { 0 })?;
        let size = usize::try_from(c.u32()?).ok()?;
        let mut it = Self {
            device,
            format,
            bandwidth_mhz,
            n_tones,
            n_sts,
            n_rx,
            antenna_sel,
            buffer: c.take(size)?,
            indices: &[],
        };
        if it.is_radio() {
            if v >= 7 {
                it.indices = c.take(2 * n_tones)?;
            } else {
                (it.indices, it.buffer) = it.buffer.split_at_checked(2 * n_tones)?;
            }
        }
        Some(it)
    }

    fn is_possible(&self, max_tones: usize) -> bool {
        (1..=max_tones).contains(&self.n_tones) && (1..=16).contains(&self.n_rx) && (1..=16).contains(&self.n_sts)
    }

    /// True for software radios.
    pub const fn is_radio(&self) -> bool {
        matches!(self.device, 0x1234 | 0x24d2 | 0x1000)
    }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(front)
    }

    fn skip(&mut self, n: usize) -> Option<()> {
        self.take(n).map(drop)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16_at(b, 0))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32_at(b, 0))
    }
}

/// How a number is stored in a signal matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    F64,
    F32,
    I16,
    I8,
}

impl Number {
    const fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::I16 => 2,
            Self::I8 => 1,
        }
    }
}

/// A matrix of complex values, of up to four dimensions.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub dims: [usize; 4],
    pub number: Number,
    is_row_major: bool,
    values: &'a [u8],
}

impl<'a> Matrix<'a> {
    /// Reads `BBv1` and `BBv2` matrices.
    pub fn new(b: &'a [u8]) -> Result<Self, &'static str> {
        let wide = match b.get(..4) {
            Some(b"BBv1") => false,
            Some(b"BBv2") => true,
            _ => return Err("no signal matrix"),
        };
        let mut c = Cursor(&b[4..]);
        let n = usize::from(c.u8().ok_or("the signal matrix is cut")?);
        if n == 0 || n > 4 {
            return Err("a signal matrix of no or more than four dimensions");
        }
        let mut dims = [1; 4];
        for dim in &mut dims[..n] {
            let low = c.u32().ok_or("the signal matrix is cut")?;
            let high = if wide { c.u32().ok_or("the signal matrix is cut")? } else { 0 };
            if high != 0 || low == 0 || low > 1 << 16 {
                return Err("a signal matrix of an impossible size");
            }
            *dim = low as usize;
        }
        let kind = c.take(4).ok_or("the signal matrix is cut")?;
        let number = match &kind[..3] {
            [b'C', b'D', 64] => Number::F64,
            [b'C', b'F', 32] => Number::F32,
            [b'C', b'I', 16] => Number::I16,
            [b'C', b'I', 8] => Number::I8,
            _ => return Err("a signal matrix of numbers that are not read"),
        };
        let it = Self { dims, number, is_row_major: kind[3] == b'R', values: c.0 };
        let wanted = dims.iter().try_fold(2 * number.bytes(), |n, &d| n.checked_mul(d));
        if wanted.is_none_or(|n| it.values.len() < n) { Err("the signal matrix is cut") } else { Ok(it) }
    }

    /// One value, real and imaginary part.
    pub fn at(&self, index: [usize; 4]) -> (f64, f64) {
        let d = self.dims;
        let i = if self.is_row_major {
            ((index[0] * d[1] + index[1]) * d[2] + index[2]) * d[3] + index[3]
        } else {
            index[0] + d[0] * (index[1] + d[1] * (index[2] + d[2] * index[3]))
        };
        (self.part(2 * i), self.part(2 * i + 1))
    }

    fn part(&self, i: usize) -> f64 {
        let size = self.number.bytes();
        let b = &self.values[i * size..(i + 1) * size];
        match self.number {
            Number::F64 => f64::from_le_bytes(b.try_into().expect("eight bytes")),
            Number::F32 => f64::from(f32::from_le_bytes(b.try_into().expect("four bytes"))),
            Number::I16 => f64::from(i16::from_le_bytes([b[0], b[1]])),
            Number::I8 => f64::from(b[0] as i8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gain_stands_behind_the_fields_whose_bits_are_set() {
        // Length, version, both times, agc.
        let bits: u32 = 1 | 1 << 1 | 1 << 11 | 1 << 12 | 1 << 19;
        for (version, times) in [(1u64, 8), (2, 16)] {
            let head = [&bits.to_le_bytes()[..], &[9, 9], &version.to_le_bytes(), &vec![7; times], &[33]].concat();
            let segment = |body| Segment { name: b"ExtraInfo", version: 1, body };
            assert_eq!(agc(segment(&head[..])), Some(33), "{version}");
            assert_eq!(agc(segment(&head[..head.len() - 1])), None);
            assert_eq!(agc(Segment { version: 3, ..segment(&head[..]) }), None);
        }
        let none = Segment { name: b"ExtraInfo", version: 1, body: &[0; 4] };
        assert_eq!(agc(none), None);
    }
}
