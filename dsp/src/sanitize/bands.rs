//! Bands: a few neighbouring tones each, free of the common gain, whitened by the roughness inside.
//!
//! The channel is smooth over tones (a delay spread of tens of nanoseconds makes 1 MHz nearly flat), estimation noise
//! is not. So the mean over a band holds the scene, and what differs between the tones of a band, from one frame to
//! the next, measures the noise: within the frame, without calibration, whatever the packet rate.

use crate::frame::{Cfr, CsiFrame};
use crate::math;
use crate::phy::tones::is_populated;
use crate::stats::order;

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

/// Most stretches of neighbouring live tones; what lies beyond is left out.
const MAX_RUNS: usize = 40;

/// Neighbouring live tones.
#[derive(Clone, Copy)]
struct Run {
    start: u16,
    len: u8,
}

/// Which values of a frame form which band.
#[derive(Clone)]
pub struct BandMap {
    /// Which values of the frame, row after row: stretches of neighbours, `stride` apart.
    runs: heapless::Vec<Run, MAX_RUNS>,
    stride: u16,
    /// End of each band in `values`.
    ends: heapless::Vec<u8, MAX_BANDS>,
    /// End of each row (antenna, stream, training field) in `ends`.
    rows: heapless::Vec<u8, MAX_ROWS>,
    /// One over the number of values of each band.
    shares: Bands,
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
        let bands_per_row = (MAX_BANDS / rows.max(1)).clamp(1, 16);
        let mut map = Self {
            runs: heapless::Vec::new(),
            stride: stride as u16,
            ends: heapless::Vec::new(),
            rows: heapless::Vec::new(),
            shares: [0.0; MAX_BANDS],
        };
        for chain in 0..chains {
            for field in frame.fields() {
                if map.rows.len() < rows {
                    map.add_row(frame, chain, field, bands_per_row);
                }
            }
        }
        (map.ends.len() > map.rows.len()).then_some(map)
    }

    fn add_row(&mut self, frame: &CsiFrame<'_>, chain: usize, field: core::ops::Range<usize>, bands: usize) {
        let meta = frame.meta();
        let base = chain * frame.tones().len();
        let power = |i: usize| {
            let p = frame.cfr().get(i).map_or(0.0, |h| h.re * h.re + h.im * h.im);
            if p.is_finite() { p } else { 0.0 }
        };
        let mut live: heapless::Vec<u16, MAX_VALUES> = heapless::Vec::new();
        let mut powers: heapless::Vec<f32, MAX_VALUES> = heapless::Vec::new();
        let whole = frame.fields().count() == 1;
        for k in field.step_by(usize::from(self.stride).max(1)) {
            let Some(&tone) = frame.tones().get(k) else { break };
            let known = !whole || is_populated(meta.format, meta.width, tone);
            if known && base + k <= usize::from(u16::MAX) && powers.push(power(base + k)).is_ok() {
                let _ = live.push((base + k) as u16);
            }
        }
        let Some(median) = order::nth(&powers, powers.len() / 2) else { return };
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
        let start = self.values();
        let kept = kept.get(..MAX_VALUES.saturating_sub(start)).unwrap_or(kept);
        let mut runs = self.runs.clone();
        let mut used = 0;
        for &i in kept {
            // A row begins with a run of its own: the row before it may end right where this one begins.
            let next = |r: &Run| r.start + u16::from(r.len) * self.stride;
            let goes_on = used > 0 && runs.last().is_some_and(|r| next(r) == i);
            match runs.last_mut() {
                Some(run) if goes_on => run.len += 1,
                _ => {
                    if runs.push(Run { start: i, len: 1 }).is_err() {
                        break;
                    }
                }
            }
            used += 1;
        }
        let bands = bands.min(used / 3).min(MAX_BANDS - self.ends.len());
        if bands < 2 {
            return;
        }
        self.runs = runs;
        for b in 1..=bands {
            let (from, to) = ((b - 1) * used / bands, b * used / bands);
            if let (Some(share), Ok(())) = (self.shares.get_mut(self.ends.len()), self.ends.push((start + to) as u8)) {
                *share = 1.0 / (to - from) as f32;
            }
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
        self.ends.last().map_or(0, |&end| usize::from(end))
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
        self.gather(frame.cfr(), &mut raw);
        let mut out = [0.0; MAX_BANDS];
        let mut from = 0;
        for (x, &end) in out.iter_mut().zip(&self.ends) {
            let end = usize::from(end).min(MAX_VALUES);
            *x = raw.get(from..end).unwrap_or_default().iter().sum();
            from = end;
        }
        let (mut band, mut value) = (0, 0);
        for &row_end in &self.rows {
            let last = usize::from(row_end);
            let value_end = self.ends.get(..last).and_then(|ends| ends.last()).map_or(value, |&end| usize::from(end));
            let row = out.get_mut(band..last).unwrap_or_default();
            let sum: f32 = row.iter().sum();
            if !(sum > 0.0 && sum.is_finite()) {
                return None;
            }
            let scale = (value_end - value) as f32 / sum;
            for (x, share) in row.iter_mut().zip(self.shares.get(band..).unwrap_or_default()) {
                *x *= scale * share;
            }
            let values = raw.get(value..value_end).unwrap_or_default();
            for (p, r) in powers.get_mut(value..).unwrap_or_default().iter_mut().zip(values) {
                *p = whole(r * (scale / POWER_STEP));
            }
            (band, value) = (last, value_end);
        }
        math::sqrt_each(&mut out);
        Some(out)
    }

    /// Powers of the live values.
    fn gather(&self, cfr: Cfr<'_>, out: &mut [f32; MAX_VALUES]) {
        let mut at = 0;
        for run in &self.runs {
            let (start, len) = (usize::from(run.start), usize::from(run.len));
            let to = out.get_mut(at..(at + len).min(MAX_VALUES)).unwrap_or_default();
            at += to.len();
            if self.stride == 1 {
                if let Some(values) = cfr.slice(start, start + len) {
                    values.power_into(to);
                }
            } else {
                for (i, o) in to.iter_mut().enumerate() {
                    let h = cfr.get(start + i * usize::from(self.stride)).unwrap_or_default();
                    *o = h.re * h.re + h.im * h.im;
                }
            }
        }
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
        let mut squares = [0.0; MAX_VALUES];
        let mut d = [0.0; MAX_VALUES];
        for (d, (now, before)) in d.iter_mut().zip(now.iter().zip(before)) {
            *d = f32::from(*now) - f32::from(*before);
        }
        let neighbours = d.iter().zip(d.iter().skip(1)).zip(d.iter().skip(2));
        for (square, ((a, b), c)) in squares.iter_mut().skip(1).zip(neighbours) {
            let r = a - 2.0 * b + c;
            *square = r * r;
        }
        let mut from = 0;
        for ((out, x), &end) in out.iter_mut().zip(x).zip(&self.ends) {
            let end = usize::from(end);
            let n = (end - from) as f32;
            // A band's outermost tones have their neighbours in other bands.
            let sum: f32 = squares.get(from + 1..end - 1).unwrap_or_default().iter().sum();
            *out = sum * (POWER_STEP * POWER_STEP / 48.0) / ((n - 2.0) * n * (x * x).max(1e-3)) + NOISE_FLOOR;
            from = end;
        }
    }
}

/// Nearest whole number of a value of 0 or more, at most 65 535: adding 2^23 leaves it in the low bits.
fn whole(v: f32) -> u16 {
    (v.min(65_535.0) + 8_388_608.0).to_bits() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::CsiMeta;
    use crate::phy::{Bandwidth, Micros, PpduFormat};
    use num_complex::Complex;

    type Values = std::vec::Vec<Complex<f32>>;

    const TONES: [i16; 64] = {
        let mut t = [0; 64];
        let mut i = 0;
        while i < 64 {
            t[i] = i as i16 - 32;
            i += 1;
        }
        t
    };

    fn meta(n_rx: u8) -> CsiMeta {
        CsiMeta { n_rx, format: PpduFormat::Ht, width: Bandwidth::Mhz20, ..CsiMeta::at(Micros(0)) }
    }

    /// A smooth channel with a seeded ripple.
    fn channel(seed: u32, chains: usize) -> Values {
        let mut state = seed;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..64 * chains)
            .map(|i| {
                let (s, c) = math::sin_cos(i as f32 * 0.05);
                Complex::new(30.0 + 10.0 * c + noise(), 5.0 * s + noise())
            })
            .collect()
    }

    fn bands(h: &Values, n_rx: u8) -> (BandMap, Bands, Powers) {
        let frame = CsiFrame::new(meta(n_rx), &TONES, Cfr::F32(h)).unwrap();
        let map = BandMap::of(&frame).unwrap();
        let mut powers = [0; MAX_VALUES];
        let x = map.extract(&frame, &mut powers).unwrap();
        (map, x, powers)
    }

    #[test]
    fn equals_its_slow_twin() {
        for chains in [1u8, 2] {
            let (one, two) = (channel(1, usize::from(chains)), channel(2, usize::from(chains)));
            let (map, x, p) = bands(&one, chains);
            let (_, _, q) = bands(&two, chains);
            assert_eq!(map.values(), 56 * usize::from(chains));
            let mut fast = [0.0; MAX_BANDS];
            map.roughness(&p, &q, &x, &mut fast);
            let places: std::vec::Vec<usize> =
                map.runs.iter().flat_map(|r| (0..r.len).map(|i| usize::from(r.start) + usize::from(i))).collect();
            let (mut from, mut row_from, mut band) = (0usize, 0usize, 0usize);
            for &row_end in &map.rows {
                let row_to = usize::from(map.ends[usize::from(row_end) - 1]);
                let power = |h: &Values, i: usize| f64::from(h[places[i]].norm_sqr());
                let mean =
                    |h: &Values| (row_from..row_to).map(|i| power(h, i)).sum::<f64>() / (row_to - row_from) as f64;
                let (m1, m2) = (mean(&one), mean(&two));
                while band < usize::from(row_end) {
                    let to = usize::from(map.ends[band]);
                    let slow = ((from..to).map(|i| power(&one, i)).sum::<f64>() / (to - from) as f64 / m1).sqrt();
                    assert!((f64::from(x[band]) - slow).abs() < 1e-5, "{chains} {band}");
                    let d = |i: usize| power(&one, i) / m1 - power(&two, i) / m2;
                    let n = (to - from) as f64;
                    let rough = (from + 1..to - 1).map(|i| (d(i - 1) - 2.0 * d(i) + d(i + 1)).powi(2)).sum::<f64>();
                    let slow = rough / (12.0 * (n - 2.0)) / (4.0 * slow * slow * n);
                    // Powers are kept in steps of 1/1024.
                    assert!((f64::from(fast[band]) - slow).abs() < 0.1 * slow + 5e-7, "{chains} {band}");
                    (from, band) = (to, band + 1);
                }
                row_from = row_to;
            }
        }
    }

    #[test]
    fn gain_and_rotation_leave_the_bands_and_the_mirror_image_turns_them_round() {
        let h = channel(3, 1);
        let (map, x, _) = bands(&h, 1);
        let (s, c) = math::sin_cos(1.1);
        let turned: Values = h.iter().map(|h| h * Complex::new(c, s) * 7.5).collect();
        let (_, y, _) = bands(&turned, 1);
        for (a, b) in x.iter().zip(&y) {
            assert!((a - b).abs() < 1e-5);
        }
        // Tone k to tone -k: position i to 64 - i.
        let mirrored: Values = (0..64).map(|i| h[(64 - i) % 64]).collect();
        let (_, y, _) = bands(&mirrored, 1);
        for b in 0..map.len() {
            // The cuts are not all symmetric; the bands differ by a tone at most.
            assert!((x[b] - y[map.len() - 1 - b]).abs() < 0.02, "{b}: {} {}", x[b], y[map.len() - 1 - b]);
        }
    }

    #[test]
    fn dead_tones_and_odd_shapes() {
        let mut h = channel(4, 1);
        h[10] = Complex::new(0.0, 0.0);
        h[50] = Complex::new(f32::NAN, 0.0);
        let (map, ..) = bands(&h, 1);
        assert_eq!(map.values(), 54);
        let of = |h: &Values, n_rx: u8| BandMap::of(&CsiFrame::new(meta(n_rx), &TONES, Cfr::F32(h)).unwrap());
        assert!(of(&std::vec![Complex::new(0.0, 0.0); 64], 1).is_none(), "no power");
        assert!(of(&std::vec![Complex::new(f32::INFINITY, 0.0); 64], 1).is_none());
        let large = of(&channel(5, 12), 12).unwrap();
        assert!(large.values() <= MAX_VALUES && large.len() <= MAX_BANDS && large.freedom() >= 3);
        let frame = CsiFrame::new(meta(1), &TONES[33..36], Cfr::F32(&h[..3])).unwrap();
        assert!(BandMap::of(&frame).is_none(), "three tones are no two bands");
    }
}
