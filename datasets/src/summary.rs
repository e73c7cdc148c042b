//! What a recording holds, in figures: shapes, times, sums and the digest of every sample.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{FrameSource, ReadError, Record};

/// Problems kept in full; further ones are counted.
const MAX_PROBLEMS: usize = 100;
/// Shapes and links listed.
const MAX_LISTED: usize = 1000;

/// How many frames have one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeCount {
    /// Subcarriers as stored, receive chains, transmit streams.
    pub shape: (usize, usize, usize),
    /// Number of frames.
    pub frames: u64,
}

/// Frames of one link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkCount {
    /// The link's number.
    pub link: u16,
    /// Shape of its first frame.
    pub shape: (usize, usize, usize),
    /// Number of frames.
    pub frames: u64,
}

/// The figures of a whole recording.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Number of frames.
    pub frame_count: u64,
    /// Shapes, most frequent first, ties in order of appearance.
    pub shapes: Vec<ShapeCount>,
    /// Links in order of appearance.
    pub links: Vec<LinkCount>,
    /// Device time of the first and last frame in seconds, as the format gives it.
    pub t_first: Option<f64>,
    /// See [`t_first`](Self::t_first).
    pub t_last: Option<f64>,
    /// How often the device time of a frame is less than that of the frame before.
    pub t_backward_steps: u64,
    /// Monotonic seconds from the first frame to the last.
    pub span_s: f64,
    /// Sum of each stored RSSI value.
    pub rssi_sums: Vec<i64>,
    /// Sum of |H| over every value of every frame.
    pub sum_abs: f64,
    /// Sum of the real parts.
    pub sum_re: f64,
    /// Sum of the imaginary parts.
    pub sum_im: f64,
    /// True if every part of every value is an integer: the sums then are exact.
    pub integral: bool,
    /// SHA-256 over all frames in order, `[subcarrier][rx][tx]`, each value as two little-endian f64.
    pub csi_sha256: String,
    /// What could not be read, at most a hundred.
    pub problems: Vec<ReadError>,
    /// How many problems there were.
    pub problem_count: u64,
}

impl Summary {
    /// Reads a source to its end.
    ///
    /// `each` sees every record as it passes.
    pub fn of(source: &mut dyn FrameSource, mut each: impl FnMut(&Record<'_>)) -> Self {
        let mut it = Self { integral: true, ..Self::default() };
        let mut tally = Tally::default();
        loop {
            match source.next_frame() {
                Ok(Some(record)) => {
                    it.add(&record, &mut tally);
                    each(&record);
                }
                Ok(None) => break,
                Err(e) => {
                    it.problem_count += 1;
                    if it.problems.len() < MAX_PROBLEMS {
                        it.problems.push(e);
                    }
                }
            }
        }
        it.shapes.sort_by_key(|s| std::cmp::Reverse(s.frames));
        (it.sum_abs, it.sum_re, it.sum_im) = (tally.abs.value(), tally.re.value(), tally.im.value());
        it.csi_sha256 = tally.sha.finalize().iter().map(|b| format!("{b:02x}")).collect();
        it
    }

    /// The figures as one JSON document, sums of integers as integers.
    pub fn document(&self, format: &str) -> Value {
        let shape = |c: &ShapeCount| {
            let (subcarriers, rx, tx) = c.shape;
            json!({"subcarriers": subcarriers, "rx": rx, "tx": tx, "frames": c.frames})
        };
        let problem =
            |p: &ReadError| json!({"kind": p.kind.name(), "record": p.record, "offset": p.offset, "what": p.what});
        json!({
            "format": format,
            "frame_count": self.frame_count,
            "shapes": self.shapes.iter().map(shape).collect::<Vec<_>>(),
            "t_first": self.t_first,
            "t_last": self.t_last,
            "t_backward_steps": self.t_backward_steps,
            "rssi_sums": self.rssi_sums,
            "sum_abs": self.sum_abs,
            "sum_re": number(self.sum_re, self.integral),
            "sum_im": number(self.sum_im, self.integral),
            "csi_sha256": self.csi_sha256,
            "problems": self.problems.iter().map(problem).collect::<Vec<_>>(),
            "problem_count": self.problem_count,
            "span_s": self.span_s,
            "links": self.links.len(),
        })
    }

    fn add(&mut self, record: &Record<'_>, tally: &mut Tally) {
        self.frame_count += 1;
        let shape = record.stored.shape;
        if let Some(s) = self.shapes.iter_mut().find(|s| s.shape == shape) {
            s.frames += 1;
        } else if self.shapes.len() < MAX_LISTED {
            self.shapes.push(ShapeCount { shape, frames: 1 });
        }
        let link = record.frame.meta().link.0;
        if let Some(l) = self.links.iter_mut().find(|l| l.link == link) {
            l.frames += 1;
        } else if self.links.len() < MAX_LISTED {
            self.links.push(LinkCount { link, shape, frames: 1 });
        }
        let t = record.device_s;
        self.t_first.get_or_insert(t);
        self.t_backward_steps += u64::from(self.t_last.replace(t).is_some_and(|last| t < last));
        self.span_s = record.frame.meta().t.seconds();
        if self.rssi_sums.len() < record.rssi.len() {
            self.rssi_sums.resize(record.rssi.len(), 0);
        }
        for (sum, &r) in self.rssi_sums.iter_mut().zip(record.rssi) {
            *sum += i64::from(r);
        }
        tally.bytes.clear();
        record.for_each_stored(|re, im| {
            self.integral &= re.fract() == 0.0 && im.fract() == 0.0;
            tally.abs.add(re.hypot(im));
            tally.re.add(re);
            tally.im.add(im);
            tally.bytes.extend(re.to_le_bytes());
            tally.bytes.extend(im.to_le_bytes());
        });
        tally.sha.update(&tally.bytes);
    }
}

/// A sum of integers as an integer: exact below 2^53.
fn number(x: f64, integral: bool) -> Value {
    if integral && x.abs() < 2f64.powi(53) { json!(x as i64) } else { json!(x) }
}

#[derive(Default)]
struct Tally {
    abs: Sum,
    re: Sum,
    im: Sum,
    sha: Sha256,
    bytes: Vec<u8>,
}

/// A sum with Neumaier's compensation: exact for integers below 2^53, else within a rounding of the exact sum.
#[derive(Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, x: f64) {
        let next = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - next) + x } else { (x - next) + self.sum };
        self.sum = next;
    }

    fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_keeps_what_plain_addition_loses() {
        let mut sum = Sum::default();
        for x in [1e16, 1.0, 1.0, -1e16] {
            sum.add(x);
        }
        assert_eq!(sum.value(), 2.0);
    }
}
