//! Bands: a few neighbouring tones each, free of the common gain, whitened by the roughness inside.
//!
//! The channel is smooth over tones (a delay spread of tens of nanoseconds makes 1 MHz nearly flat), estimation noise
//! is not. So the mean over a band holds the scene, and what differs between the tones of a band, from one frame to
//! the next, measures the noise: within the frame, without calibration, whatever the packet rate.

use crate::fixed::{self, Factor};
use crate::frame::{Cfr, CsiFrame};
use crate::math;
use crate::phy::ToneSpacing;
use crate::phy::tones::is_populated;
use crate::stats::order;
use crate::wipe;
use num_complex::Complex;

/// Most values of one frame that are looked at; a larger frame is thinned evenly, each antenna alike.
pub const MAX_VALUES: usize = 128;
/// Most bands of one frame.
pub const MAX_BANDS: usize = 20;
/// Most antenna and stream pairs (times training fields) that are looked at; the others are left out.
const MAX_ROWS: usize = 8;
/// Most bands of one row.
const MAX_ROW_BANDS: usize = 16;
/// Width of a group of neighbouring tones, kHz: groups see delays of up to 400 ns, which rooms do not have and estimators
/// keep (the guard interval is 400 or 800 ns).
const GROUP_KHZ: f32 = 1250.0;
/// Tones that a band holds where there are enough of them: 1.25 MHz of a 20 MHz channel.
const BAND_TONES: usize = 4;
/// A tone this far below the median power in the first frame of a segment counts as dead (guard, DC, notch): -26 dB.
const DEAD: f32 = 1.0 / 400.0;
/// Least noise variance of a band: a source without noise would make every change infinite. -80 dB.
const NOISE_FLOOR: f32 = 1e-8;
/// Mean power of a row whose samples are not bytes, in steps of a stored power; those of bytes are exact as they are.
const POWER_MEAN: f32 = 2048.0;

/// Powers of the live values of one frame, band after band, and what one step of each row is worth.
#[derive(Clone, PartialEq)]
pub struct Powers {
    steps: [u16; MAX_VALUES],
    /// A step over the row's mean power.
    unit: [f32; MAX_ROWS],
}

impl Powers {
    /// Before the first frame.
    pub const NONE: Self = Self { steps: [0; MAX_VALUES], unit: [0.0; MAX_ROWS] };
}

/// Most stretches of neighbouring live tones; what lies beyond is left out.
const MAX_RUNS: usize = 40;

/// Neighbouring live tones: three bytes, of which there are many.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Run {
    start: u16,
    len: u8,
}

/// The bands of one antenna, stream and training field: `wide` bands of `width + 1` values, then the rest of `width`.
#[derive(Clone, Copy)]
struct Row {
    bands: u8,
    wide: u8,
    width: u8,
}

impl Row {
    fn values(self) -> usize {
        usize::from(self.bands) * usize::from(self.width) + usize::from(self.wide)
    }

    /// Calls the kernel for the wide bands and for the others.
    fn each<T, K: PerBand<T>>(self, values: &[T], out: &mut [K::Out]) {
        let (wide, width) = (usize::from(self.wide), usize::from(self.width));
        if let (Some((first, rest)), Some((out_first, out_rest))) =
            (values.split_at_checked(wide * (width + 1)), out.split_at_mut_checked(wide))
        {
            by_width::<T, K>(width + 1, first, out_first);
            by_width::<T, K>(width, rest, out_rest);
        }
    }
}

/// One number from the values of a band. With the width known to the compiler there is no loop inside.
trait PerBand<T> {
    type Out: Default;

    fn of(band: &[T]) -> Self::Out;
}

fn by_width<T, K: PerBand<T>>(width: usize, values: &[T], out: &mut [K::Out]) {
    fn known<const W: usize, T, K: PerBand<T>>(values: &[T], out: &mut [K::Out]) {
        let mut rest = values;
        for o in out {
            let Some((band, others)) = rest.split_first_chunk::<W>() else { return };
            (*o, rest) = (K::of(band), others);
        }
    }
    match width {
        3 => known::<3, T, K>(values, out),
        4 => known::<4, T, K>(values, out),
        5 => known::<5, T, K>(values, out),
        6 => known::<6, T, K>(values, out),
        _ => {
            for (i, o) in out.iter_mut().enumerate() {
                *o = values.get(i * width..(i + 1) * width).map_or_else(K::Out::default, K::of);
            }
        }
    }
}

/// Sum of powers.
struct Sum;

impl PerBand<u16> for Sum {
    type Out = i32;

    #[inline(always)]
    fn of(band: &[u16]) -> i32 {
        band.iter().fold(0, |sum, &p| sum + i32::from(p))
    }
}

/// Sum of the squared second differences.
struct Roughness;

impl PerBand<i32> for Roughness {
    type Out = f32;

    #[inline(always)]
    fn of(band: &[i32]) -> f32 {
        fixed::roughness(band)
    }
}

impl PerBand<f32> for Roughness {
    type Out = f32;

    #[inline(always)]
    fn of(band: &[f32]) -> f32 {
        let mut sum = 0.0;
        for d in band.windows(3) {
            if let [a, b, c] = d {
                let r = a - 2.0 * b + c;
                sum += r * r;
            }
        }
        sum
    }
}

/// Which values of a frame form which band.
#[derive(Clone)]
pub struct BandMap {
    /// Which values of the frame, row after row: stretches of neighbours, `stride` apart.
    runs: heapless::Vec<Run, MAX_RUNS>,
    stride: u16,
    /// Values of a group of [`GROUP_KHZ`].
    group: u8,
    rows: heapless::Vec<Row, MAX_ROWS>,
    /// Number of values, and of bands.
    values: u8,
    bands: u8,
    /// One over the number of values of each band.
    shares: Bands,
}

/// A number for each band; unused ones are zero.
pub type Bands = [f32; MAX_BANDS];

/// Amplitude of each band over the amplitude of its row, in steps of 2^-12; unused ones are zero.
pub type Amplitudes = [i16; MAX_BANDS];
/// Steps of an amplitude, far below the noise of an 8-bit receiver.
pub const AMPLITUDE_STEPS: f32 = 4096.0;

/// Amplitudes to the nearest step.
pub fn amplitudes(x: &Bands) -> Amplitudes {
    // Adding 2^23 leaves the nearest whole number in the low bits.
    x.map(|v| (math::min(v * AMPLITUDE_STEPS, 32_767.0) + 8_388_608.0).to_bits() as i16)
}

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
        let bands_per_row = (MAX_BANDS / rows.max(1)).clamp(1, MAX_ROW_BANDS);
        let mut map = Self {
            runs: heapless::Vec::new(),
            stride: stride as u16,
            group: group(frame, stride),
            rows: heapless::Vec::new(),
            values: 0,
            bands: 0,
            shares: [0.0; MAX_BANDS],
        };
        for chain in 0..chains {
            for field in frame.fields() {
                if map.rows.len() < rows {
                    map.add_row(frame, chain, field, bands_per_row);
                }
            }
        }
        (map.len() > map.rows.len()).then_some(map)
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
        let bands = bands.min((used / BAND_TONES).max(2)).min(MAX_BANDS - self.len());
        if bands < 2 || used < 3 * bands {
            return;
        }
        self.runs = runs;
        let row = Row { bands: bands as u8, wide: (used % bands) as u8, width: (used / bands) as u8 };
        let first = self.len();
        for (b, share) in self.shares.iter_mut().skip(first).take(bands).enumerate() {
            *share = 1.0 / (usize::from(row.width) + usize::from(b < usize::from(row.wide))) as f32;
        }
        let _ = self.rows.push(row);
        (self.values, self.bands) = (self.values + used as u8, self.bands + bands as u8);
    }

    /// Overwrites the map; it is of no use afterwards.
    pub fn wipe(&mut self) {
        wipe::vec(&mut self.runs, Run { start: 0, len: 0 });
        wipe::vec(&mut self.rows, Row { bands: 0, wide: 0, width: 0 });
        (self.values, self.bands, self.shares) = (0, 0, [0.0; MAX_BANDS]);
    }

    /// Number of bands.
    pub fn len(&self) -> usize {
        usize::from(self.bands)
    }

    /// True if there is no band; a map made by [`of`](Self::of) never is.
    pub fn is_empty(&self) -> bool {
        self.bands == 0
    }

    /// Number of values that the bands rest on.
    pub fn values(&self) -> usize {
        usize::from(self.values)
    }

    /// Degrees of freedom of a band vector: each row gives one away to the gain.
    pub fn freedom(&self) -> usize {
        self.len() - self.rows.len()
    }

    /// The bands of a frame, and its powers for [`roughness`](Self::roughness).
    ///
    /// Each row is divided by its own root mean power, so a gain that is common to an antenna falls out exactly.
    ///
    /// - Returns `None` for a frame without power in a row or with a value that is not finite
    /// - Cost: 5 operations a value (integers for samples of bytes), 12 a band; one division a row
    pub fn extract(&self, frame: &CsiFrame<'_>, powers: &mut Powers) -> Option<Amplitudes> {
        match frame.cfr() {
            Cfr::I8(h) => self.bytes(h, &mut powers.steps),
            Cfr::I16(h) if fixed::IN_USE => self.words(h, &mut powers.steps)?,
            other => self.others(other, &mut powers.steps)?,
        }
        let (mut sums, mut units) = ([0; MAX_BANDS], [0.0; MAX_BANDS]);
        let (mut value, mut band) = (0, 0);
        for (row, unit) in self.rows.iter().zip(&mut powers.unit) {
            let (value_end, band_end) = (value + row.values(), band + usize::from(row.bands));
            let (sums, values) = (sums.get_mut(band..band_end)?, powers.steps.get(value..value_end)?);
            row.each::<_, Sum>(values, sums);
            // At most 128 times 65 535: exact in single precision.
            let sum: i32 = sums.iter().sum();
            if sum <= 0 {
                return None;
            }
            *unit = row.values() as f32 / sum as f32;
            units.get_mut(band..band_end)?.fill(*unit);
            (value, band) = (value_end, band_end);
        }
        Some(if fixed::IN_USE { self.roots_in_integers(&sums, &units) } else { self.roots(&sums, &units) })
    }

    /// Root of each band's mean power over that of its row.
    fn roots(&self, sums: &[i32; MAX_BANDS], units: &Bands) -> Amplitudes {
        let mut out = [0.0; MAX_BANDS];
        for (((x, sum), unit), share) in out.iter_mut().zip(sums).zip(units).zip(&self.shares) {
            *x = *sum as f32 * (unit * share);
        }
        math::sqrt_each(&mut out);
        amplitudes(&out)
    }

    /// The same in integers.
    fn roots_in_integers(&self, sums: &[i32; MAX_BANDS], units: &Bands) -> Amplitudes {
        let mut out = [0; MAX_BANDS];
        for (((x, sum), unit), share) in out.iter_mut().zip(sums).zip(units).zip(&self.shares).take(self.len()) {
            *x = fixed::root(Factor::new(unit * share, 26).times(sum.unsigned_abs()));
        }
        out
    }

    /// Powers of samples of bytes, exact: at most 2 x 128².
    fn bytes(&self, h: &[Complex<i8>], out: &mut [u16; MAX_VALUES]) {
        let mut at = 0;
        for run in &self.runs {
            let (start, len) = (usize::from(run.start), usize::from(run.len));
            let out = out.get_mut(at..(at + len).min(MAX_VALUES)).unwrap_or_default();
            at += out.len();
            if self.stride == 1 {
                byte_powers(h.get(start..start + out.len()).unwrap_or_default(), out);
            } else {
                for (o, h) in out.iter_mut().zip(h.iter().skip(start).step_by(usize::from(self.stride).max(1))) {
                    byte_powers(core::slice::from_ref(h), core::slice::from_mut(o));
                }
            }
        }
    }

    /// As [`others`](Self::others), for samples of two bytes and in integers.
    fn words(&self, h: &[Complex<i16>], out: &mut [u16; MAX_VALUES]) -> Option<()> {
        let mut raw = [0; MAX_VALUES];
        let mut places = raw.iter_mut();
        for run in &self.runs {
            for (i, o) in (0..usize::from(run.len)).zip(&mut places) {
                let h = h.get(usize::from(run.start) + i * usize::from(self.stride)).copied().unwrap_or_default();
                *o = fixed::power(h);
            }
        }
        let mut from = 0;
        for row in &self.rows {
            let to = from + row.values();
            let (raw, out) = (raw.get(from..to)?, out.get_mut(from..to)?);
            let sum: u64 = raw.iter().map(|&p| u64::from(p)).sum();
            if sum == 0 {
                return None;
            }
            let scale = Factor::new(POWER_MEAN * row.values() as f32 / sum as f32, 0);
            for (o, &p) in out.iter_mut().zip(raw) {
                *o = scale.times(p).min(u16::MAX.into()) as u16;
            }
            from = to;
        }
        Some(())
    }

    /// Powers of other samples, each row brought to the same mean; `None` for a row without power.
    fn others(&self, cfr: Cfr<'_>, out: &mut [u16; MAX_VALUES]) -> Option<()> {
        let mut raw = [0.0; MAX_VALUES];
        let mut places = raw.iter_mut();
        for run in &self.runs {
            for (i, o) in (0..usize::from(run.len)).zip(&mut places) {
                let h = cfr.get(usize::from(run.start) + i * usize::from(self.stride)).unwrap_or_default();
                *o = h.re * h.re + h.im * h.im;
            }
        }
        let mut from = 0;
        for row in &self.rows {
            let to = from + row.values();
            let (raw, out) = (raw.get(from..to)?, out.get_mut(from..to)?);
            let sum: f32 = raw.iter().sum();
            if !(sum > 0.0 && sum.is_finite()) {
                return None;
            }
            let scale = POWER_MEAN * row.values() as f32 / sum;
            for (o, p) in out.iter_mut().zip(raw) {
                *o = whole(p * scale);
            }
            from = to;
        }
        Some(())
    }

    /// How differently the tones of each band changed between two frames, in squared power over the row's mean power.
    ///
    /// With `d` the change of the scaled power, the second difference over tones `d[k-1] - 2 d[k] + d[k+1]` is blind to
    /// whatever changes smoothly. For noise alone its variance is six times that of `d`, which is twice one frame's.
    /// [`noise`](Self::noise) makes a noise variance of it.
    ///
    /// - Shape: `now`, `before` as [`extract`](Self::extract) left them; `out` one sum of squares a band
    /// - Returns the same sum for the second differences between groups of 1.25 MHz, for [`smoothness`](Self::smoothness)
    /// - Cost: 10 operations a value
    pub fn roughness(&self, now: &Powers, before: &Powers, out: &mut Bands) -> f32 {
        if fixed::IN_USE {
            self.roughness_of(now, before, out, [0; MAX_VALUES], fixed::differences)
        } else {
            self.roughness_of(now, before, out, [0.0; MAX_VALUES], |out, (a, unit_a), (b, unit_b)| {
                for (o, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
                    *o = f32::from(a) * unit_a - f32::from(b) * unit_b;
                }
            })
        }
    }

    /// [`roughness`](Self::roughness) with the differences of two rows, each with its unit, as `subtract` takes them.
    fn roughness_of<T: Copy + Default + core::ops::Add<Output = T>>(
        &self,
        now: &Powers,
        before: &Powers,
        out: &mut Bands,
        mut change: [T; MAX_VALUES],
        subtract: impl Fn(&mut [T], (&[u16], f32), (&[u16], f32)),
    ) -> f32
    where
        Roughness: PerBand<T, Out = f32>,
    {
        let (mut value, mut band, mut between_groups) = (0, 0, 0.0);
        let group = usize::from(self.group).max(1);
        for (row, (unit, unit_before)) in self.rows.iter().zip(now.unit.iter().zip(&before.unit)) {
            let (value_end, band_end) = (value + row.values(), band + usize::from(row.bands));
            let (Some(p), Some(q)) = (now.steps.get(value..value_end), before.steps.get(value..value_end)) else {
                break;
            };
            let (Some(c), Some(o)) = (change.get_mut(..row.values()), out.get_mut(band..band_end)) else { break };
            subtract(c, (p, *unit), (q, *unit_before));
            row.each::<_, Roughness>(c, o);
            if group > 1 {
                let mut groups = 0;
                // In place: a sum stands before the values that it is of.
                while let Some(of_group) = c.get(groups * group..(groups + 1) * group) {
                    let sum = of_group.iter().fold(T::default(), |sum, v| sum + *v);
                    if let Some(place) = c.get_mut(groups) {
                        *place = sum;
                    }
                    groups += 1;
                }
                between_groups += c.get(..groups).map_or(0.0, Roughness::of);
            }
            (value, band) = (value_end, band_end);
        }
        between_groups
    }

    /// Mean noise power of a value as groups of 1.25 MHz tell it and as neighbouring values do; `None` where a value is as
    /// wide as a group.
    ///
    /// The same in the mean for noise that is independent from tone to tone. An estimator that smooths over tones leaves less
    /// in the differences of neighbours, and takes nothing away between groups.
    ///
    /// - Shape: both sums of [`roughness`](Self::roughness)
    /// - Source: van de Beek et al., On Channel Estimation in OFDM Systems, VTC 1995, for what smoothing leaves
    pub fn smoothness(&self, rough: &Bands, between_groups: f32) -> Option<(f32, f32)> {
        let group = usize::from(self.group);
        let squares = self.group_squares();
        let tones = self.values().saturating_sub(2 * self.len()).max(1);
        (group > 1 && squares > 0)
            .then(|| (between_groups / (squares * group) as f32, rough.iter().sum::<f32>() / tones as f32))
    }

    /// Number of second differences between groups.
    pub fn group_squares(&self) -> usize {
        let group = usize::from(self.group).max(1);
        self.rows.iter().map(|row| (row.values() / group).saturating_sub(2)).sum()
    }

    /// Noise variance of each band's amplitude from its roughness between two frames, zero for unused ones.
    ///
    /// The amplitude is `x = sqrt(mean p)`, so its variance is that of the power over `4 x²`; a band of `n` values has
    /// `n - 2` second differences, of 12 times the variance of one value: `roughness / (48 (n - 2) n x²)`.
    ///
    /// - Units: squared amplitude over the row's
    pub fn noise(&self, roughness: &Bands, x: &Amplitudes) -> Bands {
        let mut out = [0.0; MAX_BANDS];
        for (((o, share), x), r) in out.iter_mut().zip(&self.shares).zip(x).zip(roughness) {
            let x = f32::from(*x) * (1.0 / AMPLITUDE_STEPS);
            let factor = share * share / (48.0 * (1.0 - 2.0 * share) * math::max(x * x, 1e-3));
            *o = factor * r + math::min(NOISE_FLOOR, *share);
        }
        out
    }
}

/// Number of values of a frame, thinned by `stride`, that a group of [`GROUP_KHZ`] holds.
fn group(frame: &CsiFrame<'_>, stride: usize) -> u8 {
    let (mut low, mut high) = (i16::MAX, i16::MIN);
    frame.tones().iter().for_each(|t| (low, high) = (low.min(*t), high.max(*t)));
    let tones = f32::from(high.saturating_sub(low)).max(1.0) / (frame.tones().len().max(2) - 1) as f32;
    let khz = match frame.meta().format.spacing() {
        ToneSpacing::Khz312 => 312.5,
        ToneSpacing::Khz78 => 78.125,
    };
    (GROUP_KHZ / (khz * tones * stride as f32) + 0.5).clamp(1.0, 32.0) as u8
}

/// Powers of byte samples. Eight at a time, so that they fill 128 bits; the last eight overlap those before them.
fn byte_powers(h: &[Complex<i8>], out: &mut [u16]) {
    fn eight(h: &[Complex<i8>; 8], out: &mut [u16; 8]) {
        let mut squares = [0i16; 16];
        for (s, h) in squares.chunks_exact_mut(2).zip(h) {
            if let [re, im] = s {
                (*re, *im) = (i16::from(h.re) * i16::from(h.re), i16::from(h.im) * i16::from(h.im));
            }
        }
        for (o, s) in out.iter_mut().zip(squares.chunks_exact(2)) {
            if let [re, im] = s {
                *o = *re as u16 + *im as u16;
            }
        }
    }
    let (mut from, mut to) = (h, &mut *out);
    while let (Some((h, others)), Some((o, rest))) = (from.split_first_chunk::<8>(), to.split_first_chunk_mut::<8>()) {
        eight(h, o);
        (from, to) = (others, rest);
    }
    if let (Some(h), Some(o)) = (h.last_chunk::<8>(), out.last_chunk_mut::<8>()) {
        eight(h, o);
        return;
    }
    for (o, h) in out.iter_mut().zip(h) {
        let (re, im) = (i16::from(h.re), i16::from(h.im));
        *o = (re * re) as u16 + (im * im) as u16;
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
        let mut powers = Powers::NONE;
        let x = map.extract(&frame, &mut powers).unwrap();
        (map, x.map(|x| f32::from(x) / AMPLITUDE_STEPS), powers)
    }

    #[test]
    fn equals_its_slow_twin() {
        for chains in [1u8, 2] {
            let (one, two) = (channel(1, usize::from(chains)), channel(2, usize::from(chains)));
            let (map, x, p) = bands(&one, chains);
            let (_, _, q) = bands(&two, chains);
            assert_eq!(map.values(), 56 * usize::from(chains));
            let mut rough = [0.0; MAX_BANDS];
            map.roughness(&p, &q, &mut rough);
            let fast = map.noise(&rough, &amplitudes(&x));
            let places: std::vec::Vec<usize> =
                map.runs.iter().flat_map(|r| (0..r.len).map(|i| usize::from(r.start) + usize::from(i))).collect();
            let (mut from, mut row_from, mut band) = (0usize, 0usize, 0usize);
            for row in &map.rows {
                let row_to = row_from + row.values();
                let power = |h: &Values, i: usize| f64::from(h[places[i]].norm_sqr());
                let mean =
                    |h: &Values| (row_from..row_to).map(|i| power(h, i)).sum::<f64>() / (row_to - row_from) as f64;
                let (m1, m2) = (mean(&one), mean(&two));
                for b in 0..row.bands {
                    let to = from + usize::from(row.width) + usize::from(b < row.wide);
                    let slow = ((from..to).map(|i| power(&one, i)).sum::<f64>() / (to - from) as f64 / m1).sqrt();
                    assert!((f64::from(x[band]) - slow).abs() < 3e-4, "{chains} {band}");
                    let d = |i: usize| power(&one, i) / m1 - power(&two, i) / m2;
                    let n = (to - from) as f64;
                    let rough = (from + 1..to - 1).map(|i| (d(i - 1) - 2.0 * d(i) + d(i + 1)).powi(2)).sum::<f64>();
                    let slow = rough / (12.0 * (n - 2.0)) / (4.0 * slow * slow * n);
                    // Powers are kept in steps of 1/2048.
                    assert!((f64::from(fast[band]) - slow).abs() < 0.1 * slow + 5e-7, "{chains} {band}");
                    (from, band) = (to, band + 1);
                }
                row_from = row_to;
            }
            assert_eq!((from, band), (map.values(), map.len()));
        }
    }

    #[test]
    fn bytes_and_floats_of_the_same_samples_give_the_same_bands() {
        for (chains, seed) in [(1u8, 8), (3, 9)] {
            let bytes: std::vec::Vec<Complex<i8>> = channel(seed, usize::from(chains))
                .iter()
                .map(|h| Complex::new(libm::roundf(h.re) as i8, libm::roundf(h.im) as i8))
                .collect();
            let floats: Values = bytes.iter().map(|h| Complex::new(f32::from(h.re), f32::from(h.im))).collect();
            let frame = |cfr| CsiFrame::new(meta(chains), &TONES, cfr).unwrap();
            let map = BandMap::of(&frame(Cfr::I8(&bytes))).unwrap();
            let (mut p, mut q) = (Powers::NONE, Powers::NONE);
            let x = map.extract(&frame(Cfr::I8(&bytes)), &mut p).unwrap();
            let y = map.extract(&frame(Cfr::F32(&floats)), &mut q).unwrap();
            for (a, b) in x.iter().zip(&y) {
                assert!(a.abs_diff(*b) <= 1, "{a} {b}");
            }
        }
    }

    #[test]
    fn integers_give_what_floats_give() {
        for (chains, seed, gain) in [(1u8, 8, 1.0), (3, 9, 60.0), (2, 10, 700.0), (8, 11, 0.2)] {
            let mut both = std::vec::Vec::new();
            for seed in [seed, seed + 100] {
                let words: std::vec::Vec<Complex<i16>> = channel(seed, usize::from(chains))
                    .iter()
                    .map(|h| Complex::new(libm::roundf(h.re * gain) as i16, libm::roundf(h.im * gain) as i16))
                    .collect();
                let frame = CsiFrame::new(meta(chains), &TONES, Cfr::I16(&words)).unwrap();
                let map = BandMap::of(&frame).unwrap();
                let (mut p, mut q) = ([0; MAX_VALUES], [0; MAX_VALUES]);
                map.others(frame.cfr(), &mut p).unwrap();
                map.words(&words, &mut q).unwrap();
                assert!(p.iter().zip(&q).all(|(p, q)| p.abs_diff(*q) <= 1), "powers, {chains} chains");
                let mut powers = Powers::NONE;
                map.extract(&frame, &mut powers).unwrap();
                let (mut sums, mut units) = ([0; MAX_BANDS], [0.0; MAX_BANDS]);
                let (mut value, mut band) = (0, 0);
                for (row, unit) in map.rows.iter().zip(powers.unit) {
                    let bands = band..band + usize::from(row.bands);
                    row.each::<_, Sum>(&powers.steps[value..value + row.values()], &mut sums[bands.clone()]);
                    (value, band) = (value + row.values(), bands.end);
                    units[bands].fill(unit);
                }
                let (x, y) = (map.roots(&sums, &units), map.roots_in_integers(&sums, &units));
                assert!(x.iter().zip(&y).all(|(x, y)| x.abs_diff(*y) <= 1), "{x:?} {y:?}");
                both.push((map, powers));
            }
            let [(map, now), (_, before)] = &both[..] else { unreachable!() };
            let (mut rough, mut twin) = ([0.0; MAX_BANDS], [0.0; MAX_BANDS]);
            map.roughness_of(now, before, &mut twin, [0; MAX_VALUES], fixed::differences);
            map.roughness_of(now, before, &mut rough, [0.0; MAX_VALUES], |out, (a, unit_a), (b, unit_b)| {
                out.iter_mut().zip(a.iter().zip(b)).for_each(|(o, (a, b))| {
                    *o = f32::from(*a) * unit_a - f32::from(*b) * unit_b;
                });
            });
            for (a, b) in rough.iter().zip(&twin) {
                assert!((a - b).abs() <= 2e-3 * a + 1e-6, "{a} {b}");
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
            assert!((a - b).abs() < 4e-4);
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
