//! Bands: a few neighbouring tones each, free of the common gain, whitened by the roughness inside.
//!
//! The channel is smooth over tones (a delay spread of tens of nanoseconds makes 1 MHz nearly flat), estimation noise
//! is not. So the mean over a band holds the scene, and what differs between the tones of a band, from one frame to
//! the next, measures the noise: within the frame, without calibration, whatever the packet rate.

use num_complex::Complex;

use crate::frame::{Cfr, CsiFrame};
use crate::math;
use crate::phy::tones::is_populated;

/// Most values of one frame that are looked at; a larger frame is thinned evenly, each antenna alike.
pub const MAX_VALUES: usize = 128;
/// Most bands of one frame.
pub const MAX_BANDS: usize = 20;
/// Most antenna and stream pairs (times training fields) that are looked at; the others are left out.
const MAX_ROWS: usize = 8;
/// A tone this far below the median power in the first frame of a segment counts as dead (guard, DC, notch): -26 dB.
const DEAD: f32 = 1.0 / 400.0;
/// Least noise variance of a band: a source without noise would make every change infinite. -80 dB.
const NOISE_FLOOR: f32 = 1e-8;
/// Powers are kept in steps of 1/1024 of the row's mean power, up to 64 times the mean.
const POWER_STEP: f32 = 1.0 / 1024.0;

/// Powers of the live values of one frame over the mean of their row, in steps of 2^-10, band after band.
pub type Powers = [u16; MAX_VALUES];

/// Which values of a frame form which band.
#[derive(Clone, PartialEq, Eq)]
pub struct BandMap {
    /// Value indices in the frame, band after band, row after row.
    values: heapless::Vec<u16, MAX_VALUES>,
    /// End of each band in `values`.
    ends: heapless::Vec<u8, MAX_BANDS>,
    /// End of each row (antenna, stream, training field) in `ends`.
    rows: heapless::Vec<u8, MAX_ROWS>,
}

/// Amplitude of each band over the amplitude of its row, 1; unused ones are zero.
pub type Bands = [f32; MAX_BANDS];

impl BandMap {
    /// Reads off a frame which tones live and cuts them into bands.
    ///
    /// - Shape: at most [`MAX_VALUES`] values in [`MAX_BANDS`] bands of three tones or more
    /// - Returns `None` if fewer than six tones live
    /// - Cost: one pass and a selection, for the first frame of a segment
    pub fn of(frame: &CsiFrame<'_>) -> Option<Self> {
        let (tones, chains) = (frame.tones().len(), frame.chains());
        let rows = (chains * frame.fields().count()).min(MAX_ROWS);
        let stride = (chains.min(MAX_ROWS) * tones).div_ceil(MAX_VALUES).max(1);
        let bands_per_row = (MAX_BANDS / rows).clamp(1, 16);
        let mut map = Self { values: heapless::Vec::new(), ends: heapless::Vec::new(), rows: heapless::Vec::new() };
        for chain in 0..chains {
            for field in frame.fields() {
                if map.rows.len() < rows {
                    map.add_row(frame, chain, field, stride, bands_per_row);
                }
            }
        }
        (map.ends.len() > map.rows.len()).then_some(map)
    }

    fn add_row(
        &mut self,
        frame: &CsiFrame<'_>,
        chain: usize,
        field: core::ops::Range<usize>,
        stride: usize,
        bands: usize,
    ) {
        let meta = frame.meta();
        let base = chain * frame.tones().len();
        let power = |i: usize| {
            let h = frame.cfr().at(i);
            let p = h.re * h.re + h.im * h.im;
            if p.is_finite() { p } else { 0.0 }
        };
        let mut live: heapless::Vec<u16, MAX_VALUES> = heapless::Vec::new();
        let mut powers: heapless::Vec<f32, MAX_VALUES> = heapless::Vec::new();
        let whole = frame.fields().count() == 1;
        for k in field.step_by(stride) {
            let known = !whole || is_populated(meta.format, meta.width, frame.tones()[k]);
            if known && base + k <= usize::from(u16::MAX) && powers.push(power(base + k)).is_ok() {
                let _ = live.push((base + k) as u16);
            }
        }
        let mut sorted = powers.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let Some(&median) = sorted.get(sorted.len() / 2) else { return };
        let mut kept: heapless::Vec<u16, MAX_VALUES> = heapless::Vec::new();
        for (&i, &p) in live.iter().zip(&powers) {
            if p > 0.0 && p >= DEAD * median {
                let _ = kept.push(i);
            }
        }
        self.cut(&kept, bands);
    }

    /// Cuts the live tones of one row into bands of nearly equal size, all or nothing.
    fn cut(&mut self, kept: &[u16], bands: usize) {
        let bands = bands.min(kept.len() / 3).min(MAX_BANDS - self.ends.len());
        if bands < 2 || self.values.len() + kept.len() > MAX_VALUES {
            return;
        }
        let start = self.values.len();
        for &i in kept {
            let _ = self.values.push(i);
        }
        for b in 1..=bands {
            let _ = self.ends.push((start + b * kept.len() / bands) as u8);
        }
        let _ = self.rows.push(self.ends.len() as u8);
    }

    /// Number of bands.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there is no band; a map made by [`of`](Self::of) never is.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Number of values that the bands rest on.
    pub fn values(&self) -> usize {
        self.values.len()
    }

    /// Degrees of freedom of a band vector: each row gives one away to the gain.
    pub fn freedom(&self) -> usize {
        self.ends.len() - self.rows.len()
    }

    /// The bands of a frame, and its powers for [`roughness`](Self::roughness).
    ///
    /// Each row is divided by its own root mean power, so a gain that is common to an antenna falls out exactly.
    ///
    /// - Returns `None` for a frame without power in a row or with a value that is not finite
    /// - Cost: 6 flops a value, one square root a band
    pub fn extract(&self, frame: &CsiFrame<'_>, powers: &mut Powers) -> Option<Bands> {
        let mut raw = [0.0; MAX_VALUES];
        let indices = &self.values;
        match frame.cfr() {
            Cfr::I8(v) => gather(indices, v, &mut raw),
            Cfr::I16(v) => gather(indices, v, &mut raw),
            Cfr::F32(v) => gather(indices, v, &mut raw),
        }
        let mut out = [0.0; MAX_BANDS];
        let (mut band, mut from) = (0, 0);
        for &row_end in &self.rows {
            let (first_band, first) = (band, from);
            let mut sum = 0.0;
            while band < usize::from(row_end) {
                let end = usize::from(self.ends[band]);
                let p: f32 = raw[from..end].iter().sum();
                out[band] = p / (end - from) as f32;
                sum += p;
                (from, band) = (end, band + 1);
            }
            if !(sum > 0.0 && sum.is_finite()) {
                return None;
            }
            let scale = (from - first) as f32 / sum;
            out[first_band..band].iter_mut().for_each(|x| *x = math::sqrt(*x * scale));
            for (p, r) in powers[first..from].iter_mut().zip(&raw[first..from]) {
                // The cast saturates: a tone 18 dB above the mean counts as that.
                *p = (r * (scale / POWER_STEP)) as u16;
            }
        }
        Some(out)
    }

    /// Noise variance of each band's amplitude, from how differently its tones changed between two frames.
    ///
    /// With `d` the change of the scaled power, the second difference over tones `d[k-1] - 2 d[k] + d[k+1]` is blind to
    /// whatever changes smoothly. For noise alone its variance is six times that of `d`, which is twice one frame's.
    /// The amplitude is `x = sqrt(mean p)`, so its variance is that of `p` over `4 x² n`.
    ///
    /// - Shape: `now`, `before` as [`extract`](Self::extract) left them; `out` one variance a band
    /// - Units: squared amplitude over the row's amplitude
    /// - Cost: 6 operations a value
    pub fn roughness(&self, now: &Powers, before: &Powers, x: &Bands, out: &mut Bands) {
        let mut d = [0i32; MAX_VALUES];
        for ((d, &a), &b) in d.iter_mut().zip(now).zip(before) {
            *d = i32::from(a) - i32::from(b);
        }
        let mut from = 0;
        for (b, &end) in self.ends.iter().enumerate() {
            let end = usize::from(end);
            let n = (end - from) as f32;
            let sum: f32 = d[from..end]
                .windows(3)
                .map(|w| {
                    let r = (w[0] - 2 * w[1] + w[2]) as f32;
                    r * r
                })
                .sum();
            let power_variance = sum * (POWER_STEP * POWER_STEP / 12.0) / (n - 2.0);
            out[b] = power_variance / (4.0 * (x[b] * x[b]).max(1e-3) * n) + NOISE_FLOOR;
            from = end;
        }
    }
}

fn gather<T: Copy + Into<f32>>(indices: &[u16], values: &[Complex<T>], out: &mut [f32; MAX_VALUES]) {
    for (o, &i) in out.iter_mut().zip(indices) {
        let h = values[usize::from(i)];
        let (re, im): (f32, f32) = (h.re.into(), h.im.into());
        *o = re * re + im * im;
    }
}
