//! Tables of samples: a header line that names the columns, then one row a frame.
//!
//! Columns: `t_s` (seconds), `label`, `link`, `rssi` (dBm), then the samples to the end of the row, either amplitudes
//! `a0,a1,..` or complex values `re0,im0,re1,im1,..`, `[n_subcarriers][n_rx][n_tx]`. `rx` and `tx` give the antenna
//! counts where they are not 1. All but the samples may be missing.

use millpond_dsp::phy::{Bandwidth, Dbm, Micros, PpduFormat};
use num_complex::Complex;

use crate::layout::{Layout, Layouts, by_count};
use crate::lines::Lines;
use crate::links::Links;
use crate::slot::Slot;
use crate::{Clock, ErrorKind, FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

/// The name of tables of amplitudes.
pub const AMPLITUDE: &str = "amplitude-csv";
/// The name of tables of complex values.
pub const COMPLEX: &str = "complex-csv";

/// Which columns a table has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Columns {
    t_s: Option<usize>,
    label: Option<usize>,
    link: Option<usize>,
    rssi: Option<usize>,
    rx: Option<usize>,
    tx: Option<usize>,
    /// First sample.
    samples: usize,
    complex: bool,
}

impl Columns {
    fn new(header: &[u8]) -> Option<Self> {
        let mut it = Self::default();
        for (i, name) in std::str::from_utf8(header).ok()?.trim_end().split(',').enumerate().take(32) {
            match name {
                "t_s" => it.t_s = Some(i),
                "label" => it.label = Some(i),
                "link" => it.link = Some(i),
                "rssi" => it.rssi = Some(i),
                "rx" => it.rx = Some(i),
                "tx" => it.tx = Some(i),
                "a0" | "re0" => {
                    (it.samples, it.complex) = (i, name == "re0");
                    return Some(it);
                }
                _ => return None,
            }
        }
        None
    }
}

/// Reads a table row by row.
pub struct SampleCsv {
    lines: Lines,
    info: SourceInfo,
    columns: Columns,
    slot: Slot<f32>,
    layouts: Layouts<usize>,
    links: Links<(i64, usize, (u8, u8))>,
    clock: Clock,
    parts: Vec<f32>,
    label: String,
    rate_hz: Option<f64>,
    rows: u64,
    max_subcarriers: usize,
}

impl SampleCsv {
    /// A reader over a table.
    ///
    /// # Errors
    /// If the first line is no header, or there are neither times nor a rate.
    pub fn new(mut input: Input, options: &ReadOptions) -> Result<Self, ReadError> {
        let head = input.fill(MAX_HEADER);
        let end = memchr::memchr(b'\n', head).unwrap_or(head.len());
        let bad = |what: &str| ReadError::file(ErrorKind::Malformed, what.to_owned());
        let columns = Columns::new(&head[..end]).ok_or_else(|| bad("no header line with samples a0 or re0"))?;
        input.consume(end + 1);
        if columns.t_s.is_none() && options.rate_hz.is_none() {
            return Err(bad("no column t_s: give the rate in packets a second"));
        }
        let conventions = vec![
            "samples ascend with the tone; their number tells which tones they are",
            "amplitudes stand as real parts, imaginary parts are 0",
        ];
        let format = if columns.complex { COMPLEX } else { AMPLITUDE };
        Ok(Self {
            lines: Lines::new(input, format, &options.limits),
            info: SourceInfo { format, conventions, has_times: columns.t_s.is_some() },
            slot: Slot::new(),
            layouts: Layouts::new(),
            links: Links::new(options.limits.links),
            clock: Clock::new(None),
            parts: Vec::with_capacity(options.limits.subcarriers),
            label: String::new(),
            rate_hz: options.rate_hz,
            rows: 0,
            max_subcarriers: options.limits.subcarriers,
            columns,
        })
    }

    fn take(&mut self) -> Result<(), &'static str> {
        let text = std::str::from_utf8(self.lines.line()).map_err(|_| "not UTF-8")?.trim_end();
        let c = &self.columns;
        let mut fields = text.splitn(c.samples + 1, ',');
        let mut head: [&str; 32] = [""; 32];
        for place in &mut head[..c.samples] {
            *place = fields.next().ok_or("the row is cut")?;
        }
        let samples = fields.next().ok_or("the row has no samples")?;
        self.parts.clear();
        for sample in samples.split(',') {
            if self.parts.len() == 2 * MAX_VALUES {
                return Err("too many samples");
            }
            self.parts.push(sample.parse().map_err(|_| "a sample is no number")?);
        }
        let text = |column: Option<usize>| column.map(|i| head[i]).filter(|t| !t.is_empty());
        let count = |column| {
            text(column).map_or(Ok(1), |t| t.parse::<u8>().ok().filter(|n| (1..=8).contains(n)).ok_or("antennas"))
        };
        let (n_rx, n_tx) = (count(c.rx)?, count(c.tx)?);
        let values = self.parts.len() / if c.complex { 2 } else { 1 };
        let chains = usize::from(n_rx) * usize::from(n_tx);
        let fits = values % chains == 0 && !(c.complex && self.parts.len() % 2 != 0) && values > 0;
        if !fits || values / chains > self.max_subcarriers {
            return Err("the number of samples does not fit the antennas");
        }
        let t_s = match c.t_s {
            Some(_) => text(c.t_s).and_then(|t| t.parse().ok()),
            None => self.rate_hz.map(|hz| self.rows as f64 / hz),
        };
        let t_s: f64 = t_s.filter(|t: &f64| t.is_finite()).ok_or("no time")?;
        let rssi: Option<f32> = text(c.rssi).and_then(|t| t.parse().ok());
        let link = text(c.link).and_then(|t| t.parse().ok()).unwrap_or(0);
        self.label.clear();
        self.label.push_str(text(c.label).unwrap_or(""));
        self.rows += 1;
        let n_sub = values / chains;
        self.fill(n_sub, chains);
        self.slot.device_s = t_s;
        self.slot.set_rssi(rssi.map(|r| r.round() as i16).as_slice());
        let meta = &mut self.slot.meta;
        // Times before 0 are moved up together: a monotonic clock has no sign.
        meta.t = self.clock.step(Micros::from_seconds(t_s + NEGATIVE_ROOM_S).0);
        meta.link = self.links.id((link, n_sub, (n_rx, n_tx)));
        (meta.n_rx, meta.n_sts) = (n_rx, n_tx);
        meta.rssi = rssi.map(Dbm);
        (meta.format, meta.width) = by_count(n_sub).unwrap_or((PpduFormat::Unknown, Bandwidth::Mhz20));
        Ok(())
    }

    fn fill(&mut self, n_sub: usize, chains: usize) {
        let complex = self.columns.complex;
        let layout = self.layouts.get(n_sub, || Layout::of_count(n_sub));
        let out = self.slot.room(n_sub * chains);
        let value = |i: usize| match complex {
            true => Complex::new(self.parts[2 * i], self.parts[2 * i + 1]),
            false => Complex::new(self.parts[i], 0.0),
        };
        for (s, &at) in layout.order.iter().enumerate() {
            for chain in 0..chains {
                out[chain * n_sub + usize::from(at)] = value(s * chains + chain);
            }
        }
    }
}

/// A day: no table counts from further before its zero.
const NEGATIVE_ROOM_S: f64 = 86_400.0;
/// Samples of one row.
const MAX_VALUES: usize = 64 * 4096;
/// Bytes of the header line.
const MAX_HEADER: usize = 1 << 20;

impl FrameSource for SampleCsv {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        if !self.lines.next(|line| !line.trim_ascii().is_empty())? {
            return Ok(None);
        }
        if let Err(what) = self.take() {
            return Err(self.lines.refuse(format!("row dropped: {what}")));
        }
        let label = (!self.label.is_empty()).then_some(&self.label[..]);
        let record = self.layouts.current().and_then(|layout| self.slot.record(layout));
        Ok(record.map(|r| Record { label, ..r }))
    }

    fn position(&self) -> u64 {
        self.lines.offset()
    }
}

/// How sure the first bytes make it.
pub(crate) fn score(head: &[u8], _at_end: bool) -> u32 {
    let end = memchr::memchr(b'\n', head).unwrap_or(head.len());
    if Columns::new(&head[..end]).is_some() { 95 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> SampleCsv {
        let options = ReadOptions { rate_hz: Some(10.0), ..ReadOptions::default() };
        SampleCsv::new(Input::new(Box::new(std::io::Cursor::new(text.to_owned()))), &options).unwrap()
    }

    #[test]
    fn amplitudes_with_labels() {
        let mut source = open("t_s,label,a0,a1\n0.25,walk,1.5,2\r\n0.5,,3,4\nx,,3\n0.75,sit,5,\n");
        let r = source.next_frame().unwrap().unwrap();
        assert_eq!((r.device_s, r.label, r.frame.cfr().at(1).re), (0.25, Some("walk"), 2.0));
        let r = source.next_frame().unwrap().unwrap();
        assert_eq!((r.frame.meta().t, r.label), (Micros(250_000), None));
        for _ in 0..2 {
            assert!(source.next_frame().err().unwrap().can_resume);
        }
        assert!(source.next_frame().unwrap().is_none());
    }

    #[test]
    fn complex_values_of_several_antennas() {
        let mut source = open("link,rx,tx,re0,im0,re1,im1\n3,2,1,1,2,3,4,5,6,7,8\n");
        let r = source.next_frame().unwrap().unwrap();
        assert_eq!(r.stored.shape, (2, 2, 1));
        let mut all = Vec::new();
        r.for_each_stored(|re, im| all.push((re, im)));
        assert_eq!(all, [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0)]);
        assert_eq!(r.frame.row(1, 0).at(0).re, 3.0);
    }
}
