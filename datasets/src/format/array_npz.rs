//! NumPy archives as `millpond-lab convert --to npz` writes them: for each link N the arrays `csi_linkN`
//! `[frames][subcarriers][rx][tx]` (complex) and, where known, `t_linkN` in seconds, `rssi_linkN` in dBm and
//! `tones_linkN`. A single array `csi` with its `t`, `rssi` and `tones` is read the same way; real numbers are
//! amplitudes, and missing dimensions are of size 1.

use millpond_dsp::phy::{Bandwidth, Dbm, Micros, PpduFormat};
use millpond_dsp::{CsiMeta, LinkId};
use num_complex::Complex;

use crate::container::npy_zip::{Array, Kind, Npz, ZIP_MAGIC};
use crate::layout::{Layout, by_count};
use crate::slot::Slot;
use crate::{ErrorKind, FrameSource, Input, ReadError, ReadOptions, Record, SourceInfo};

/// The format's name.
pub const NAME: &str = "array-npz";

/// Reads an archive link by link.
pub struct ArrayNpz {
    info: SourceInfo,
    links: Vec<Link>,
    problems: Vec<ReadError>,
    slot: Slot<f32>,
    rate_hz: f64,
    current: usize,
    next: usize,
}

struct Link {
    number: u16,
    csi: Array,
    times: Option<Array>,
    rssi: Option<Array>,
    layout: Layout,
    antennas: (u8, u8),
    frames: usize,
    /// Number of the first frame among all.
    first: usize,
}

impl ArrayNpz {
    /// Opens an archive.
    ///
    /// # Errors
    /// If no array is one of samples, or there are neither times nor a rate.
    pub fn new(input: Input, options: &ReadOptions) -> Result<Self, ReadError> {
        let mut npz = Npz::new(input, &options.limits)?;
        let (mut links, mut problems) = (Vec::new(), Vec::new());
        let mut first = 0;
        for (suffix, number) in std::iter::once((String::new(), 0)).chain((0..1000).map(|n| (format!("_link{n}"), n))) {
            match link(&mut npz, &suffix, number, options) {
                None => {}
                Some(Err(what)) => problems.push(bad(&format!("csi{suffix}: {what}"))),
                Some(Ok((mut link, cut))) => {
                    link.first = first;
                    first += link.frames;
                    problems.extend(
                        cut.map(|what| ReadError {
                            kind: ErrorKind::Truncated,
                            ..bad(&format!("csi{suffix}: {what}"))
                        }),
                    );
                    links.push(link);
                }
            }
        }
        if links.is_empty() {
            return Err(problems.pop().unwrap_or_else(|| bad("the archive has no array csi or csi_linkN")));
        }
        let has_times = links.iter().all(|l| l.times.is_some());
        if !has_times && options.rate_hz.is_none() {
            return Err(bad("no array t: give the rate in packets a second"));
        }
        let conventions = vec![
            "links come one after the other, each with its own times",
            "without an array of tones their number tells which they are; real numbers are amplitudes",
        ];
        let info = SourceInfo { format: NAME, conventions, has_times };
        let rate_hz = options.rate_hz.unwrap_or(1.0);
        Ok(Self { info, links, problems, slot: Slot::new(), rate_hz, current: 0, next: 0 })
    }

    fn take(&mut self, at: usize, i: usize) -> Option<Record<'_>> {
        let link = &self.links[at];
        let n_sub = link.layout.stored();
        let chains = usize::from(link.antennas.0) * usize::from(link.antennas.1);
        let (n_tones, n) = (link.layout.tones.len(), n_sub * chains);
        self.slot.wide.resize(if link.csi.kind == Kind::C128 && n_tones == n_sub { n } else { 0 }, Complex::default());
        self.slot.room(n);
        for (s, &to) in link.layout.order.iter().enumerate() {
            for chain in 0..chains {
                let (re, im) = link.csi.complex(i * n + s * chains + chain)?;
                let to = usize::from(to);
                let place = match to.checked_sub(n_tones) {
                    None => chain * n_tones + to,
                    Some(extra) => chains * n_tones + chain * (n_sub - n_tones) + extra,
                };
                self.slot.values[place] = Complex::new(re as f32, im as f32);
                if let Some(wide) = self.slot.wide.get_mut(place) {
                    *wide = Complex::new(re, im);
                }
            }
        }
        let told = link.times.as_ref().and_then(|t| t.number(i));
        let device_s = told.filter(|t| t.is_finite()).unwrap_or((link.first + i) as f64 / self.rate_hz);
        let rssi = link.rssi.as_ref().and_then(|r| r.number(i)).filter(|r| r.is_finite());
        let (format, width) = by_count(n_sub).unwrap_or((PpduFormat::Unknown, Bandwidth::Mhz20));
        let meta = CsiMeta {
            link: LinkId(link.number),
            n_rx: link.antennas.0,
            n_sts: link.antennas.1,
            format,
            width,
            rssi: rssi.map(|r| Dbm(r as f32)),
            ..CsiMeta::at(Micros::from_seconds(device_s))
        };
        self.slot.set(meta, device_s, rssi.map(|r| r.round() as i16).as_slice());
        self.slot.record(&self.links[at].layout)
    }
}

impl FrameSource for ArrayNpz {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        while self.links.get(self.current).is_some_and(|l| self.next >= l.frames) {
            (self.current, self.next) = (self.current + 1, 0);
        }
        if self.current >= self.links.len() {
            return self.problems.pop().map_or(Ok(None), Err);
        }
        let (at, i) = (self.current, self.next);
        self.next += 1;
        let refused =
            || ReadError { record: i as u64, can_resume: true, ..bad("a frame's values contradict its array") };
        self.take(at, i).map(Some).ok_or_else(refused)
    }
}

fn bad(what: &str) -> ReadError {
    ReadError { format: Some(NAME), ..ReadError::file(ErrorKind::Malformed, what.to_owned()) }
}

/// The arrays of a link, if it has samples, and why they end early if they do.
fn link(
    npz: &mut Npz,
    suffix: &str,
    number: u16,
    options: &ReadOptions,
) -> Option<Result<(Link, Option<String>), String>> {
    let (csi, cut) = match npz.array(&format!("csi{suffix}"))? {
        Ok(read) => read,
        Err(what) => return Some(Err(what)),
    };
    let mut beside = |name: &str| npz.array(&format!("{name}{suffix}")).and_then(Result::ok).map(|(a, _)| a);
    let (times, rssi, tones) = (beside("t"), beside("rssi"), beside("tones"));
    let dim = |i: usize| csi.shape.get(i).copied().unwrap_or(1);
    let (n_sub, n_rx, n_tx) = (dim(1), dim(2), dim(3));
    let possible = matches!(csi.kind, Kind::C64 | Kind::C128 | Kind::F32 | Kind::F64)
        && (2..=4).contains(&csi.shape.len())
        && (1..=options.limits.subcarriers).contains(&n_sub)
        && (1..=16).contains(&n_rx)
        && (1..=16).contains(&n_tx);
    if !possible {
        return Some(Err(format!("{:?} {:?} is no array of samples", csi.kind, csi.shape)));
    }
    let frames = csi.len() / (n_sub * n_rx * n_tx);
    let layout = tones.and_then(|t| listed(&t, n_sub)).unwrap_or_else(|| Layout::of_count(n_sub));
    let antennas = (n_rx as u8, n_tx as u8);
    Some(Ok((Link { number, csi, times, rssi, layout, antennas, frames, first: 0 }, cut)))
}

/// The layout of a list of tones in stored order; the lowest number marks what is no channel.
fn listed(tones: &Array, n_sub: usize) -> Option<Layout> {
    let all: Vec<i16> = (0..n_sub).map(|i| tones.number(i).map(|k| k as i16)).collect::<Option<_>>()?;
    Some(Layout::new(&[all], |_, k| k == i16::MIN)).filter(|l| !l.tones.is_empty())
}

/// How sure the first bytes make it.
pub(crate) fn score(head: &[u8], _at_end: bool) -> u32 {
    let named = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if head.starts_with(ZIP_MAGIC) && (named(b"csi_link") || named(b"csi.npy")) { 100 } else { 0 }
}
