//! Millpond's own recordings (`.mpc`): exact, about the size of the raw samples, checksummed, seekable, and readable
//! while they grow. The layout is in this crate's `FORMAT.md`.

use std::io::{Read, Seek, SeekFrom};

use millpond_dsp::phy::{Band, Bandwidth, Channel, Db, Dbm, Micros};
use millpond_dsp::{Cfr, CsiMeta, LinkId};
use num_complex::Complex;

use crate::layout::Layout;
use crate::slot::{Held, MAX_RSSI, Slots, complex_i16};
use crate::walk::Walk;
use crate::{ErrorKind, FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

mod wire;
mod writer;

use wire::Cursor;
pub use writer::Writer;
use writer::{Last, format_code, format_of, width_code};

/// The format's name.
pub const NAME: &str = "millpond";

/// Shapes of one recording.
const MAX_SHAPES: usize = 1 << 16;
/// Shapes of the most subcarriers that are held at once.
const MAX_HELD: usize = 256;
/// Numbers that damaged shapes may leave out in a row.
const MAX_GAP: usize = 1 << 10;

/// Which optional fields a frame carries.
mod flag {
    pub const DEVICE_F64: u64 = 1;
    pub const RSSI: u64 = 2;
    pub const RSSI_F32: u64 = 4;
    pub const NOISE_NEW: u64 = 8;
    pub const GAIN_NEW: u64 = 16;
    pub const LABEL_NEW: u64 = 32;
    pub const SEQ: u64 = 64;
}

/// How parts are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    I8,
    I16,
    F32,
    F64,
}

impl Number {
    const ALL: [Self; 4] = [Self::I8, Self::I16, Self::F32, Self::F64];

    const fn bytes(self) -> usize {
        1 << (self as usize)
    }

    fn of(record: &Record<'_>) -> Self {
        match (record.frame.cfr(), record.stored.wide) {
            (_, Some(_)) => Self::F64,
            (Cfr::I8(_), _) => Self::I8,
            (Cfr::I16(_), _) => Self::I16,
            (Cfr::F32(_), _) => Self::F32,
        }
    }
}

/// What many frames have in common.
#[derive(Clone, Debug, PartialEq)]
struct Fixed {
    link: u16,
    n_rx: u8,
    n_sts: u8,
    number: Number,
    format: u8,
    width: u8,
    channel: Option<Channel>,
    tones: Vec<i16>,
    order: Vec<u16>,
}

impl Fixed {
    fn of(record: &Record<'_>) -> Self {
        let meta = record.frame.meta();
        Self {
            link: meta.link.0,
            n_rx: meta.n_rx,
            n_sts: meta.n_sts,
            number: Number::of(record),
            format: format_code(meta.format),
            width: width_code(meta.width),
            channel: meta.channel,
            tones: record.frame.tones().to_vec(),
            order: record.stored.order.to_vec(),
        }
    }

    fn fits(&self, record: &Record<'_>) -> bool {
        let meta = record.frame.meta();
        self.link == meta.link.0
            && (self.n_rx, self.n_sts, self.number) == (meta.n_rx, meta.n_sts, Number::of(record))
            && (self.format, self.width) == (format_code(meta.format), width_code(meta.width))
            && self.channel == meta.channel
            && self.tones == record.frame.tones()
            && self.order == record.stored.order
    }

    fn to_bytes(&self, id: u16) -> Vec<u8> {
        let mut out = id.to_le_bytes().to_vec();
        out.extend(self.link.to_le_bytes());
        out.extend([self.n_rx, self.n_sts, self.number as u8, self.format, self.width]);
        let channel = self.channel.map(|c| [c.band().number(), c.primary(), width_code(c.width()), c.center()]);
        out.extend(channel.unwrap_or_default());
        out.extend((self.tones.len() as u16).to_le_bytes());
        out.extend((self.order.len() as u16).to_le_bytes());
        self.tones.iter().for_each(|k| out.extend(k.to_le_bytes()));
        self.order.iter().for_each(|i| out.extend(i.to_le_bytes()));
        out
    }

    /// The shape and its number; `None` if the body is cut or says what cannot be.
    fn from_bytes(body: &[u8], max_subcarriers: usize) -> Option<(usize, Self)> {
        let mut c = Cursor { bytes: body, at: 0 };
        let (id, link) = (usize::from(c.u16()?), c.u16()?);
        let [n_rx, n_sts, number, format, width] = c.array()?;
        let [band, primary, channel_width, center] = c.array()?;
        let (n_tones, n_stored) = (usize::from(c.u16()?), usize::from(c.u16()?));
        if n_tones == 0 || n_tones > n_stored || n_stored > max_subcarriers {
            return None;
        }
        let mut tones = Vec::with_capacity(n_tones);
        for _ in 0..n_tones {
            tones.push(c.u16()? as i16);
        }
        let (mut order, mut seen) = (Vec::with_capacity(n_stored), vec![false; n_stored]);
        for _ in 0..n_stored {
            let at = c.u16()?;
            if std::mem::replace(seen.get_mut(usize::from(at))?, true) {
                return None;
            }
            order.push(at);
        }
        let band = Band::ALL.into_iter().find(|b| b.number() == band);
        let channel_width = Bandwidth::ALL.get(usize::from(channel_width)).copied();
        let channel = band.zip(channel_width).and_then(|(b, w)| Channel::with_center(b, primary, w, center));
        let number = *Number::ALL.get(usize::from(number))?;
        let possible = (1..=16).contains(&n_rx) && (1..=16).contains(&n_sts) && id < MAX_SHAPES;
        possible.then_some((id, Self { link, n_rx, n_sts, number, format, width, channel, tones, order }))
    }

    fn chains(&self) -> usize {
        usize::from(self.n_rx) * usize::from(self.n_sts)
    }
}

/// Reads a recording frame by frame.
pub struct Native {
    walk: Walk,
    info: SourceInfo,
    shapes: Vec<Option<(Fixed, Layout)>>,
    slots: Slots,
    max_subcarriers: usize,
    /// Subcarriers of all shapes so far.
    held: usize,
    judge: wire::Judge,
    /// Position in the current block, its end excluded; 0 if there is none.
    at: usize,
    last: Last,
    current: usize,
}

impl Native {
    /// A reader over a whole file, or one that is still written.
    ///
    /// # Errors
    /// If the header is cut or of another version.
    pub fn new(mut input: Input, options: &ReadOptions) -> Result<Self, ReadError> {
        let head = input.fill(wire::FILE_HEAD);
        let bad = |kind, what: &str| ReadError { format: Some(NAME), ..ReadError::file(kind, what.to_owned()) };
        if head.starts_with(&wire::MAGIC) {
            let Some(head) = head.get(..wire::FILE_HEAD) else {
                return Err(bad(ErrorKind::Truncated, "the file header is cut"));
            };
            // A head that is damaged says nothing of the version; the blocks behind it may be whole.
            let is_whole = head[12..] == wire::checksum(&[&head[..12]]).to_le_bytes();
            if is_whole && head[8..10] != wire::VERSION.to_le_bytes() {
                return Err(bad(ErrorKind::Unsupported, "a version of the format that is not known here"));
            }
            if is_whole {
                input.consume(wire::FILE_HEAD);
            }
        }
        Ok(Self {
            walk: Walk::new(input, NAME, &options.limits),
            info: SourceInfo { format: NAME, conventions: Vec::new(), has_times: true },
            shapes: Vec::new(),
            slots: Slots::new(),
            max_subcarriers: options.limits.subcarriers,
            held: 0,
            judge: wire::Judge::new(),
            at: 0,
            last: Last::default(),
            current: 0,
        })
    }

    /// Opens a finished recording at the last block that starts at or before `t`.
    ///
    /// Shapes are taken from the blocks before it; frames are skipped without being decoded.
    ///
    /// # Errors
    /// If the recording has no index (it was cut, or is still written), or the system fails.
    pub fn open_at<R>(mut file: R, t: Micros, options: &ReadOptions) -> Result<Self, ReadError>
    where
        R: Read + Seek + Send + 'static,
    {
        let io = |e: std::io::Error| ReadError::file(ErrorKind::Io, e.to_string());
        let from = index(&mut file).map_err(io)?.ok_or_else(|| {
            let what = "the recording has no index: it was cut, or is still written".to_owned();
            ReadError { format: Some(NAME), ..ReadError::file(ErrorKind::Truncated, what) }
        })?;
        let start = from.iter().take_while(|e| e.t_us <= t.0).last().or(from.first()).map_or(0, |e| e.offset);
        let shapes = shapes_before(&mut file, start).map_err(io)?;
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        let blocks = std::io::Cursor::new(shapes).chain(file);
        Self::new(Input::new(Box::new(blocks)), options)
    }

    /// Takes the next frame in; false at the end.
    fn advance(&mut self) -> Result<bool, ReadError> {
        loop {
            let body = self.walk.bytes();
            let end = body.len().saturating_sub(wire::BLOCK_TAIL);
            if self.at > 0 && self.at < end {
                return match self.frame(end) {
                    Some(()) => Ok(true),
                    None => {
                        self.at = 0;
                        Err(self.walk.refuse(ErrorKind::Malformed, "the frames of a block contradict it".to_owned()))
                    }
                };
            }
            self.at = 0;
            let Some(len) = self.walk.next(|b, _| self.judge.look(b))? else { return Ok(false) };
            let block = self.walk.bytes();
            let mut c = Cursor { bytes: &block[..len - wire::BLOCK_TAIL], at: wire::BLOCK_HEAD };
            if block[4] == wire::FRAMES {
                let Some(t_us) = c.u64() else { continue };
                self.at = c.at;
                self.last = Last { t_us, ..Last::default() };
                continue;
            }
            match Fixed::from_bytes(&c.bytes[c.at..], self.max_subcarriers) {
                Some((id, shape)) => {
                    let before = self.shapes.get(id).and_then(Option::as_ref).map_or(0, |(old, _)| old.order.len());
                    self.held += shape.order.len() - before.min(self.held);
                    if self.held > MAX_HELD * self.max_subcarriers || id > self.shapes.len() + MAX_GAP {
                        // The shapes that are used come again.
                        (self.held, self.shapes) = (0, Vec::new());
                        return Err(self.walk.refuse(ErrorKind::Limit, "too many shapes in one recording".to_owned()));
                    }
                    let layout = Layout::given(shape.tones.clone(), shape.order.clone());
                    if self.shapes.len() <= id {
                        self.shapes.resize_with(id + 1, || None);
                    }
                    self.shapes[id] = Some((shape, layout));
                }
                None => return Err(self.walk.refuse(ErrorKind::Malformed, "a shape that cannot be".to_owned())),
            }
        }
    }

    fn frame(&mut self, end: usize) -> Option<()> {
        let mut c = Cursor { bytes: &self.walk.bytes()[..end], at: self.at };
        let current = usize::try_from(c.varint()?).ok()?;
        let (shape, _) = self.shapes.get(current)?.as_ref()?;
        let flags = c.varint()?;
        let is = |bit| flags & bit != 0;
        self.last.t_us = self.last.t_us.saturating_add(c.varint()?);
        let device_s = if is(flag::DEVICE_F64) {
            c.f64()?
        } else {
            self.last.device_us = self.last.device_us.checked_add(c.signed()?)?;
            self.last.device_us as f64 / 1e6
        };
        let n_rssi = usize::try_from(c.varint()?).ok().filter(|&n| n <= MAX_RSSI)?;
        let mut rssi = [0; MAX_RSSI];
        for r in &mut rssi[..n_rssi] {
            *r = i16::try_from(c.signed()?).ok()?;
        }
        let level = match (is(flag::RSSI), is(flag::RSSI_F32)) {
            (false, _) => None,
            (true, true) => Some(c.f32()?),
            (true, false) => Some(f32::from(rssi[0])),
        };
        if is(flag::NOISE_NEW) {
            self.last.noise = Some(c.f32()?).filter(|v| !v.is_nan());
        }
        if is(flag::GAIN_NEW) {
            self.last.gain = Some(c.f32()?).filter(|v| !v.is_nan());
        }
        if is(flag::LABEL_NEW) {
            let n = usize::try_from(c.varint()?).ok()?;
            let text = std::str::from_utf8(c.take(n)?).ok()?;
            self.last.label = Some(text.to_owned()).filter(|t| !t.is_empty());
        }
        let seq = if is(flag::SEQ) { Some(c.u16()?) } else { None };
        let n = shape.chains() * shape.order.len();
        let samples = c.take(2 * shape.number.bytes() * n)?;
        take_samples(&mut self.slots, shape, samples);
        let meta = CsiMeta {
            link: LinkId(shape.link),
            n_rx: shape.n_rx,
            n_sts: shape.n_sts,
            format: format_of(shape.format),
            width: *Bandwidth::ALL.get(usize::from(shape.width))?,
            channel: shape.channel,
            rssi: level.map(Dbm),
            noise: self.last.noise.map(Dbm),
            gain: self.last.gain.map(Db),
            seq,
            ..CsiMeta::at(Micros(self.last.t_us))
        };
        self.slots.set(meta, device_s, &rssi[..n_rssi]);
        (self.current, self.at) = (current, c.at);
        Some(())
    }
}

fn take_samples(slots: &mut Slots, shape: &Fixed, samples: &[u8]) {
    let n = shape.chains() * shape.order.len();
    let f32_at = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    let f64_at = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
    slots.f32s.wide.clear();
    match shape.number {
        Number::I8 => {
            slots.held = Held::I8;
            let out = slots.i8s.room(n).iter_mut();
            out.zip(samples.chunks_exact(2)).for_each(|(h, b)| *h = Complex::new(b[0] as i8, b[1] as i8));
        }
        Number::I16 => {
            slots.held = Held::I16;
            let out = slots.i16s.room(n).iter_mut();
            out.zip(samples.chunks_exact(4)).for_each(|(h, b)| *h = complex_i16([b[0], b[1], b[2], b[3]]));
        }
        Number::F32 => {
            slots.held = Held::F32;
            let out = slots.f32s.room(n).iter_mut();
            out.zip(samples.chunks_exact(8)).for_each(|(h, b)| *h = Complex::new(f32_at(b), f32_at(&b[4..])));
        }
        Number::F64 => {
            slots.held = Held::F32;
            slots.f32s.wide.extend(samples.chunks_exact(16).map(|b| Complex::new(f64_at(b), f64_at(&b[8..]))));
            slots.f32s.room(n);
            let (narrow, wide) = (&mut slots.f32s.values, &slots.f32s.wide);
            narrow.iter_mut().zip(wide).for_each(|(h, w)| *h = Complex::new(w.re as f32, w.im as f32));
        }
    }
}

impl FrameSource for Native {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        if !self.advance()? {
            return Ok(None);
        }
        let shape = self.shapes.get(self.current).and_then(Option::as_ref);
        let record = shape.and_then(|(_, layout)| self.slots.record(layout));
        let label = self.last.label.as_deref();
        record.map(|r| Some(Record { label, ..r })).ok_or_else(|| self.walk.refuse_shape())
    }

    fn position(&self) -> u64 {
        self.walk.input.offset()
    }
}

/// How sure the first bytes make it.
pub(crate) fn score(head: &[u8], at_end: bool) -> u32 {
    if head.starts_with(&wire::MAGIC) {
        return 100;
    }
    crate::walk::score_records(head, at_end, |b, _| wire::look(b)).min(60)
}

/// One entry of the index.
struct Entry {
    offset: u64,
    t_us: u64,
}

/// The index at a file's end, or `None` if there is none.
fn index<R: Read + Seek>(file: &mut R) -> std::io::Result<Option<Vec<Entry>>> {
    let end = file.seek(SeekFrom::End(0))?;
    let Some(pointer) = end.checked_sub((wire::BLOCK_TAIL + 8) as u64) else { return Ok(None) };
    file.seek(SeekFrom::Start(pointer))?;
    let mut at = [0; 8];
    file.read_exact(&mut at)?;
    let start = u64::from_le_bytes(at);
    let size = end.saturating_sub(start);
    if start >= end || size > (wire::MAX_BODY + 16) as u64 {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(start))?;
    let mut block = Vec::new();
    file.by_ref().take(size).read_to_end(&mut block)?;
    let whole = matches!(wire::look(&block), crate::walk::Look::Other(len) if len == block.len());
    if !whole || block[4] != wire::INDEX {
        return Ok(None);
    }
    // A block too short for the pointer that led to it is none.
    let Some(body) = block.get(wire::BLOCK_HEAD..block.len() - wire::BLOCK_TAIL - 8) else { return Ok(None) };
    let number = |b: &[u8]| u64::from_le_bytes(b.try_into().expect("eight bytes"));
    Ok(Some(body.chunks_exact(24).map(|e| Entry { offset: number(&e[..8]), t_us: number(&e[8..16]) }).collect()))
}

/// The shape blocks before `end`, as bytes of a recording without frames; frames are skipped by their length.
fn shapes_before<R: Read + Seek>(file: &mut R, end: u64) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = wire::FILE_HEAD as u64;
    let mut head = [0; wire::BLOCK_HEAD];
    while at + (wire::BLOCK_HEAD as u64) < end {
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let len = (wire::BLOCK_HEAD + wire::BLOCK_TAIL) as u64
            + u64::from(u32::from_le_bytes([head[8], head[9], head[10], head[11]]));
        if !head.starts_with(&wire::BLOCK) {
            break;
        }
        if head[4] == wire::SHAPE && out.len() < 64 << 20 {
            file.seek(SeekFrom::Start(at))?;
            file.by_ref().take(len.min(wire::MAX_BODY as u64)).read_to_end(&mut out)?;
        }
        at += len;
    }
    Ok(out)
}
