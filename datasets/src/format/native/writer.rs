//! Writes Millpond's own recordings, block by block: a reader may follow while the file grows.

use std::io::{self, Write};

use millpond_dsp::phy::{Bandwidth, PpduFormat};
use millpond_dsp::{Cfr, CsiFrame};

use super::wire::{self, put_varint, zigzag};
use super::{Fixed, flag};
use crate::{Limits, Record};

/// Frames and bytes that a block holds at most, and the time it spans: what a reader that follows may lag behind.
const BLOCK_FRAMES: usize = 64;
const BLOCK_BYTES: usize = 1 << 20;
const BLOCK_US: u64 = 1_000_000;

/// Blocks after which the shapes are written again: what damage to one of them can cost.
const SHAPES_EVERY: usize = 64;

/// Writes records to a stream.
///
/// Each block is written whole; [`finish`](Self::finish) adds the index for seeking.
pub struct Writer<W> {
    to: W,
    written: u64,
    shapes: Vec<Fixed>,
    /// Subcarriers of all shapes.
    held: usize,
    last_shape: usize,
    block: Vec<u8>,
    frames: usize,
    block_start_us: u64,
    last: Last,
    index: Vec<(u64, u64, u64)>,
    total: u64,
}

/// Values of the frame before, within one block.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Last {
    pub t_us: u64,
    pub device_us: i64,
    pub noise: Option<f32>,
    pub gain: Option<f32>,
    pub label: Option<String>,
}

impl<W: Write> Writer<W> {
    /// Starts a recording.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn new(mut to: W) -> io::Result<Self> {
        to.write_all(&wire::file_head())?;
        Ok(Self {
            to,
            written: wire::FILE_HEAD as u64,
            shapes: Vec::new(),
            held: 0,
            last_shape: 0,
            block: Vec::new(),
            frames: 0,
            block_start_us: 0,
            last: Last::default(),
            index: Vec::new(),
            total: 0,
        })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Those of the stream; `InvalidInput` for a frame over the format's bounds.
    pub fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        let t_us = record.frame.meta().t.0;
        let late = t_us.saturating_sub(self.block_start_us) >= BLOCK_US;
        if self.frames > 0 && (self.frames >= BLOCK_FRAMES || self.block.len() >= BLOCK_BYTES || late) {
            self.flush()?;
        }
        let shape = self.shape(record)?;
        if self.frames == 0 {
            self.block_start_us = t_us;
            self.last = Last { t_us, ..Last::default() };
            self.block.extend(t_us.to_le_bytes());
        }
        self.put_frame(shape, record);
        self.frames += 1;
        self.total += 1;
        Ok(())
    }

    /// Writes what is pending: a reader then sees every frame given so far.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.frames > 0 {
            self.index.push((self.written, self.block_start_us, self.total - self.frames as u64));
            let body = std::mem::take(&mut self.block);
            self.put(wire::FRAMES, &body)?;
            if self.index.len() % SHAPES_EVERY == 0 {
                for id in 0..self.shapes.len() {
                    self.put(wire::SHAPE, &self.shapes[id].to_bytes(id as u16))?;
                }
            }
            self.block = body;
            self.block.clear();
            self.frames = 0;
        }
        self.to.flush()
    }

    /// Ends the recording with an index of its blocks and gives the stream back.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        let start = self.written;
        let mut body = Vec::new();
        for &(offset, t_us, frame) in &self.index {
            body.extend([offset.to_le_bytes(), t_us.to_le_bytes(), frame.to_le_bytes()].concat());
        }
        body.truncate(wire::MAX_BODY / 24 * 24);
        // The last eight bytes of the body say where the block starts, so that it is found from the file's end.
        body.extend(start.to_le_bytes());
        self.put(wire::INDEX, &body)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn put(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let mut out = Vec::with_capacity(body.len() + 16);
        wire::put_block(&mut out, kind, body);
        self.to.write_all(&out)?;
        self.written += out.len() as u64;
        Ok(())
    }

    /// Number of the record's shape, written before the frames that use it when it is new.
    fn shape(&mut self, record: &Record<'_>) -> io::Result<u64> {
        let again = self.shapes.get(self.last_shape).is_some_and(|s| s.fits(record));
        let known = if again { Some(self.last_shape) } else { self.shapes.iter().position(|s| s.fits(record)) };
        if let Some(i) = known {
            self.last_shape = i;
            return Ok(i as u64);
        }
        let shape = Fixed::of(record);
        let body = shape.to_bytes(self.shapes.len() as u16);
        let chains = usize::from(shape.n_rx) * usize::from(shape.n_sts);
        let held = self.held + shape.order.len();
        let over = self.shapes.len() == super::MAX_SHAPES || held > super::MAX_HELD * Limits::default().subcarriers;
        if over || shape.order.len() * chains * 16 > wire::MAX_BODY / 2 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame over the format's bounds"));
        }
        // Frames that are pending name earlier shapes only, so the new one may come before them in the file.
        self.put(wire::SHAPE, &body)?;
        self.held = held;
        self.shapes.push(shape);
        Ok(self.shapes.len() as u64 - 1)
    }

    fn put_frame(&mut self, shape: u64, record: &Record<'_>) {
        let meta = record.frame.meta();
        let out = &mut self.block;
        let device_us = (record.device_s * 1e6).round();
        let exact = device_us.abs() < 9e15 && device_us / 1e6 == record.device_s;
        let (noise, gain) = (meta.noise.map(|v| v.0), meta.gain.map(|v| v.0));
        let stored_rssi = record.rssi.first().map(|&r| f32::from(r));
        let label = record.label.map(str::to_owned);
        let mut flags = 0u64;
        let mut set = |on: bool, bit: u64| flags |= if on { bit } else { 0 };
        set(!exact, flag::DEVICE_F64);
        set(meta.rssi.is_some(), flag::RSSI);
        set(meta.rssi.map(|r| r.0) != stored_rssi, flag::RSSI_F32);
        set(noise != self.last.noise, flag::NOISE_NEW);
        set(gain != self.last.gain, flag::GAIN_NEW);
        set(label != self.last.label, flag::LABEL_NEW);
        set(meta.seq.is_some(), flag::SEQ);
        put_varint(out, shape);
        put_varint(out, flags);
        put_varint(out, meta.t.0.saturating_sub(self.last.t_us));
        self.last.t_us = meta.t.0.max(self.last.t_us);
        if exact {
            put_varint(out, zigzag(device_us as i64 - self.last.device_us));
            self.last.device_us = device_us as i64;
        } else {
            out.extend(record.device_s.to_le_bytes());
        }
        put_varint(out, record.rssi.len() as u64);
        record.rssi.iter().for_each(|&r| put_varint(out, zigzag(i64::from(r))));
        if let (Some(rssi), true) = (meta.rssi, flags & flag::RSSI_F32 != 0) {
            out.extend(rssi.0.to_le_bytes());
        }
        for (value, bit) in [(noise, flag::NOISE_NEW), (gain, flag::GAIN_NEW)] {
            if flags & bit != 0 {
                // Not a number stands for none.
                out.extend(value.unwrap_or(f32::NAN).to_le_bytes());
            }
        }
        if flags & flag::LABEL_NEW != 0 {
            let text = label.as_deref().unwrap_or("");
            put_varint(out, text.len() as u64);
            out.extend(text.as_bytes());
        }
        if let Some(seq) = meta.seq {
            out.extend(seq.to_le_bytes());
        }
        put_samples(out, &record.frame, record.stored.extra, record.stored.wide);
        (self.last.noise, self.last.gain, self.last.label) = (noise, gain, label);
    }
}

fn put_samples(out: &mut Vec<u8>, frame: &CsiFrame<'_>, extra: Cfr<'_>, wide: Option<&[num_complex::Complex<f64>]>) {
    if let Some(wide) = wide {
        wide.iter().for_each(|h| out.extend([h.re.to_le_bytes(), h.im.to_le_bytes()].concat()));
    }
    for values in [frame.cfr(), extra] {
        match values {
            Cfr::I8(v) => v.iter().for_each(|h| out.extend([h.re as u8, h.im as u8])),
            Cfr::I16(v) => v.iter().for_each(|h| out.extend([h.re.to_le_bytes(), h.im.to_le_bytes()].concat())),
            Cfr::F32(_) if wide.is_some() => {}
            Cfr::F32(v) => v.iter().for_each(|h| out.extend([h.re.to_le_bytes(), h.im.to_le_bytes()].concat())),
        }
    }
}

/// Code of a PPDU format.
pub(super) const fn format_code(format: PpduFormat) -> u8 {
    match format {
        PpduFormat::Legacy => 0,
        PpduFormat::Ht => 1,
        PpduFormat::Vht => 2,
        PpduFormat::He => 3,
        PpduFormat::Eht => 4,
        PpduFormat::Unknown => 255,
    }
}

/// The PPDU format of a code.
pub(super) const fn format_of(code: u8) -> PpduFormat {
    match code {
        0 => PpduFormat::Legacy,
        1 => PpduFormat::Ht,
        2 => PpduFormat::Vht,
        3 => PpduFormat::He,
        4 => PpduFormat::Eht,
        _ => PpduFormat::Unknown,
    }
}

/// Code of a width: doublings of 20 MHz.
pub(super) const fn width_code(width: Bandwidth) -> u8 {
    width as u8
}
