//! Third step of still presence: is there a line in the spectrum that the noise beside it cannot explain?

use num_complex::Complex;

use super::align::{Features, MAX_FEATURES};
use super::slots::{SLOT, SLOTS, Slots};
use super::transform::{LEN, Transform};
use crate::math;
use crate::stats::fisher;

/// The window and as many zeros, so that lines fall between places by a quarter at most.
const _: () = assert!(LEN == 2 * SLOTS);
/// Frequency of one place, Hz.
pub const PLACE_HZ: f32 = 1e6 / (SLOT.0 as f32 * LEN as f32);
/// Places that are kept: 0.05 to 0.77 Hz.
const FIRST: usize = 3;
const LAST: usize = 49;
const KEPT: usize = LAST - FIRST + 1;
/// Where a breath is looked for: 0.156 to 0.594 Hz, 9 to 36 a minute.
const BAND: core::ops::RangeInclusive<usize> = 10..=38;
/// The places beside a line that measure its background: beyond the taper's main lobe (four places) and the wander of
/// a breath (one a minute is one place), within a factor of two or so of its frequency.
const NEAR: usize = 5;
const FAR: usize = 11;
/// Distance of places that have next to nothing in common (squared correlation 0.02).
const APART: usize = 4;
/// Places that hold neither breath nor drift: the features' own noise.
const NOISE: core::ops::RangeInclusive<usize> = 50..=62;
/// Squared correlation of the Hann taper's spectrum over a distance of 0, 1, 2, ... places.
const ALIKE: [f64; 6] = [1.0, 0.8146, 0.4329, 0.1412, 0.0243, 0.0014];
/// Independent places among them.
const NOISE_PLACES: f64 = 3.7;
/// Least noise power of a feature: one 8-bit step. A constant feature has no voice.
const LEAST_NOISE: f32 = 1e-7;
/// Share of a new window in the running spectrum.
const SHARE: f32 = 1.0 / 12.0;
/// Independent windows in the running spectrum once it has run in, counted as its strongest pattern counts them: the sum
/// of squares over the sum of cubes of the shares that patterns over windows have, with the overlap of tapered windows of
/// 32 s every 5 s. While it runs in there are [`WINDOWS_AT_FIRST`] and one for each four windows.
const WINDOWS: f64 = 5.4;
const WINDOWS_AT_FIRST: f64 = 0.5;
const HOPS_EACH: f64 = 4.0;

/// Mean power of all features at each kept place, over their noise, and over its own mean.
type Powers = [f32; KEPT];

/// The best line of a window.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Natural logarithm of the probability that noise of any smooth spectrum has such a line at that place.
    pub ln_p: f64,
    /// Frequency, Hz.
    pub hz: f32,
}

/// Running spectrum of a link.
#[derive(Clone)]
pub struct Lines {
    mean: Powers,
    /// Running noise power of each feature.
    noise: Features,
    /// Running second and third moment of how the background's power is shared among independent patterns.
    shares: [f32; 2],
    hops: u16,
}

impl Default for Lines {
    fn default() -> Self {
        Self { mean: [0.0; KEPT], noise: [0.0; MAX_FEATURES], shares: [0.0; 2], hops: 0 }
    }
}

impl Lines {
    /// Looks at the last window, and at the running mean of windows, for the best line.
    ///
    /// Under any background that is smooth over 0.2 Hz, the power of one place over the mean of those beside it is an F
    /// ratio. Its degrees follow from the number of independent features, which is read off the background itself, so a disturbance that all features share asks for more. For red backgrounds the test is on the safe
    /// side, because the mean of a convex function exceeds its middle.
    ///
    /// - Cost: 20 real transforms of 128 points twice, at most once every five seconds
    /// - Source: periodogram ratio test (Fisher 1929; Thomson 1982 for the local background)
    pub fn step(&mut self, slots: &Slots) -> Line {
        self.hops = self.hops.saturating_add(1);
        let share = SHARE.max(1.0 / f32::from(self.hops));
        let mut weights = [0.0; MAX_FEATURES];
        let mut powers = [0.0; KEPT];
        spectra(slots, &mut |feature, x| {
            let now = x[NOISE].iter().map(Complex::norm_sqr).sum::<f32>() / NOISE.count() as f32;
            let (Some(noise), Some(weight)) = (self.noise.get_mut(feature), weights.get_mut(feature)) else { return };
            *noise += share * (now - *noise);
            *weight = if *noise > LEAST_NOISE { 1.0 / *noise } else { 0.0 };
            for (p, x) in powers.iter_mut().zip(&x[FIRST..=LAST]) {
                *p += x.norm_sqr() * *weight;
            }
        });
        // Each window counts alike, whatever its level: a fidget must not speak for a minute of breath.
        let level = powers.iter().sum::<f32>() / KEPT as f32;
        let level = if level > 0.0 { 1.0 / level } else { 0.0 };
        for (mean, p) in self.mean.iter_mut().zip(&mut powers) {
            *p *= level;
            *mean += share * (*p - *mean);
        }
        let features = weights.iter().filter(|w| **w > 0.0).count().max(1) as f64;
        let (now, long) = (peak(&powers), peak(&self.mean));
        let found = shares(slots, &weights, now);
        for (mean, found) in self.shares.iter_mut().zip(found) {
            *mean += share * (found - *mean);
        }
        let windows = (WINDOWS_AT_FIRST + f64::from(self.hops) / HOPS_EACH).clamp(1.0, WINDOWS);
        // The weights are one over noise powers of `d` degrees of freedom: unequal by chance, they leave
        // (d - 4) / (d - 2) of the features.
        let d = 2.0 * NOISE_PLACES * windows;
        let most = (features * (d - 4.0) / (d - 2.0)).max(1.0);
        // Far out, a sum of patterns falls off as its strongest: its share lies between the ratio of the moments and one.
        let squares = f64::from(self.shares[0]).max(1.0 / most).min(1.0);
        let cubes = f64::from(self.shares[1]).max(squares * squares).min(squares);
        let independent = squares / cubes;
        let judge = |powers: &Powers, place: usize, windows: f64| {
            let (ratio, beside) = (ratio(powers, place), independent_beside(place));
            let degrees = 2.0 * independent * windows;
            let ln_p = fisher::ln_tail(f64::from(ratio), degrees, degrees * beside);
            Line { ln_p, hz: between(powers, place) * PLACE_HZ }
        };
        let (now, long) = (judge(&powers, now, 1.0), judge(&self.mean, long, windows));
        if long.ln_p < now.ln_p { long } else { now }
    }
}

/// The places beside a line.
fn beside(place: usize) -> impl Iterator<Item = usize> {
    // A breath is no sine: its second harmonic is no background.
    let harmonic = move |q: usize| q.abs_diff(2 * place) <= 2;
    let side = (place.saturating_sub(FAR)..=place.saturating_sub(NEAR)).chain(place + NEAR..=place + FAR);
    side.filter(move |&q| (FIRST..=LAST).contains(&q) && !harmonic(q))
}

/// How many independent places there are beside a line.
fn independent_beside(place: usize) -> f64 {
    let (mut n, mut sum) = (0.0, 0.0);
    for q in beside(place) {
        n += 1.0;
        for p in beside(place) {
            sum += ALIKE.get(p.abs_diff(q)).copied().unwrap_or(0.0);
        }
    }
    n * n / f64::max(sum, 1.0)
}

/// The power at a kept place.
fn at(powers: &Powers, place: usize) -> f32 {
    powers.get(place.wrapping_sub(FIRST)).copied().unwrap_or(0.0)
}

#[inline(never)]
fn ratio(powers: &Powers, place: usize) -> f32 {
    let (sum, n) = beside(place).fold((0.0, 0.0), |(s, n), q| (s + at(powers, q), n + 1.0));
    if sum > 0.0 { at(powers, place) * n / sum } else { 0.0 }
}

#[inline(never)]
fn peak(powers: &Powers) -> usize {
    BAND.max_by(|&a, &b| ratio(powers, a).total_cmp(&ratio(powers, b))).unwrap_or(*BAND.start())
}

/// Place of the top of the parabola through the logarithms of a peak and its neighbours.
fn between(powers: &Powers, place: usize) -> f32 {
    let l = |q: usize| math::ln(at(powers, q).max(f32::MIN_POSITIVE));
    let (a, b, c) = (l(place - 1), l(place), l(place + 1));
    let bend = a - 2.0 * b + c;
    let shift = if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-1.0, 1.0) } else { 0.0 };
    place as f32 + shift
}

/// Sums of the squared and cubed shares that independent patterns over features have in the background's power.
///
/// Every fourth place but those about the line has next to no noise in common with the others, so the squared products of pairs
/// and the products around triples, each over the places' powers, estimate the two without bias from how few they are.
fn shares(slots: &Slots, weights: &Features, line: usize) -> [f32; 2] {
    const PLACES: usize = (LAST - FIRST) / APART;
    let place = |i: usize| FIRST + 2 + APART * i;
    let mut gram = [[Complex::new(0.0f32, 0.0); PLACES]; PLACES];
    spectra(slots, &mut |feature, x| {
        let (at, weight) = (|i| x.get(place(i)).copied().unwrap_or_default(), weights.get(feature).copied());
        for (i, row) in gram.iter_mut().enumerate() {
            let weighted = at(i) * weight.unwrap_or(0.0);
            for (j, g) in row.iter_mut().enumerate() {
                *g += weighted * at(j).conj();
            }
        }
    });
    let gram = |i: usize, j: usize| gram.get(i).and_then(|row| row.get(j)).copied().unwrap_or_default();
    let used = |i: usize| place(i).abs_diff(line) >= NEAR && gram(i, i).re > 0.0;
    let product = |i: usize, j: usize| gram(i, j) / math::sqrt(gram(i, i).re * gram(j, j).re);
    let (mut pairs, mut triples) = ((0.0, 0.0), (0.0, 0.0));
    for i in (0..PLACES).filter(|&i| used(i)) {
        for j in (i + 1..PLACES).filter(|&j| used(j)) {
            let one = product(i, j);
            pairs = (pairs.0 + one.norm_sqr(), pairs.1 + 1.0);
            for k in (j + 1..PLACES).filter(|&k| used(k)) {
                triples = (triples.0 + (one * product(j, k) * product(k, i)).re, triples.1 + 1.0);
            }
        }
    }
    if pairs.1 > 0.0 && triples.1 > 0.0 { [pairs.0 / pairs.1, triples.0 / triples.1] } else { [1.0; 2] }
}

/// Calls `f` with each feature's tapered spectrum, places 0 to 63.
///
/// Not generic, so that it is in the firmware once.
#[inline(never)]
fn spectra(slots: &Slots, f: &mut dyn FnMut(usize, &[Complex<f32>; SLOTS])) {
    let (taper, transform) = (taper(), Transform::new());
    for pair in 0..MAX_FEATURES / 2 {
        let (mut a, mut b) = (slots.series(2 * pair), slots.series(2 * pair + 1));
        detrend(&mut a);
        detrend(&mut b);
        let mut z = [Complex::new(0.0, 0.0); LEN];
        for (z, ((a, b), w)) in z.iter_mut().zip(a.iter().zip(&b).zip(&taper)) {
            *z = Complex::new(a * w, b * w);
        }
        // Two real series in one complex transform.
        transform.run(&mut z);
        let (mut x, mut y) = ([Complex::new(0.0, 0.0); SLOTS], [Complex::new(0.0, 0.0); SLOTS]);
        // Place q and place LEN - q.
        let pairs = z.iter().skip(1).zip(z.iter().rev().map(Complex::conj));
        for ((x, y), (p, n)) in x.iter_mut().zip(&mut y).skip(1).zip(pairs) {
            *x = (p + n) * 0.5;
            *y = (p - n) * Complex::new(0.0, -0.5);
        }
        f(2 * pair, &x);
        f(2 * pair + 1, &y);
    }
}

/// Hann taper of unit power.
fn taper() -> [f32; SLOTS] {
    let mut w = [0.0; SLOTS];
    let unit = core::f32::consts::TAU / (SLOTS + 1) as f32;
    let scale = math::sqrt(8.0 / (3.0 * (SLOTS + 1) as f32)) * 0.5;
    for (i, w) in w.iter_mut().enumerate() {
        *w = scale * (1.0 - math::sin_cos(unit * (i + 1) as f32).1);
    }
    w
}

/// Takes off mean, line and parabola (least squares on the even grid).
fn detrend(x: &mut [f32; SLOTS]) {
    let n = SLOTS as f32;
    let at = |i: usize| i as f32 - 0.5 * (n - 1.0);
    let spread = (n * n - 1.0) / 12.0;
    let (mut mean, mut line, mut bend, mut bends) = (0.0, 0.0, 0.0, 0.0);
    for (i, x) in x.iter().enumerate() {
        let (t, p) = (at(i), at(i) * at(i) - spread);
        mean += x;
        line += x * t;
        bend += x * p;
        bends += p * p;
    }
    let (mean, line, bend) = (mean / n, line / (n * spread), bend / bends);
    for (i, x) in x.iter_mut().enumerate() {
        let t = at(i);
        *x -= mean + line * t + bend * (t * t - spread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;
    use crate::phy::Micros;
    use std::vec::Vec;

    #[test]
    fn the_constants_are_those_of_the_taper() {
        let w = taper();
        assert!((w.iter().map(|w| w * w).sum::<f32>() - 1.0).abs() < 1e-5);
        for (d, alike) in ALIKE.iter().enumerate() {
            let angle = |i: usize| core::f64::consts::TAU * (d * i) as f64 / LEN as f64;
            let sum = |f: fn(f64) -> f64| {
                w.iter().enumerate().map(|(i, w)| f64::from(w * w) * f(angle(i))).sum::<f64>().powi(2)
            };
            let exact = sum(libm::cos) + sum(libm::sin);
            assert!((exact - alike).abs() < 1e-3, "{d}: {exact}");
        }
        // Weights SHARE (1 - SHARE)^k on windows ten slots apart.
        let overlap = |k: usize| -> f64 {
            let s = 10 * k;
            (s..SLOTS).map(|i| f64::from(w[i] * w[i - s])).sum::<f64>()
        };
        for hops in [1usize, 2, 4, 6, 8, 10, 15, 20, 60] {
            let weights: Vec<f64> = (1..=hops).fold(Vec::new(), |mut w, h| {
                let share = f64::from(SHARE).max(1.0 / h as f64);
                w.iter_mut().for_each(|w| *w *= 1.0 - share);
                w.push(share);
                w
            });
            let k = nalgebra::DMatrix::from_fn(hops, hops, |i, j| {
                libm::sqrt(weights[i] * weights[j]) * overlap(i.abs_diff(j))
            });
            let squares = (&k * &k).trace();
            let exact = squares / (&k * &k * &k).trace();
            let used = (WINDOWS_AT_FIRST + hops as f64 / HOPS_EACH).clamp(1.0, WINDOWS);
            assert!((used / exact - 1.0).abs() < 0.08, "{hops}: {exact} {used}");
        }
    }

    #[test]
    fn the_spectrum_equals_its_slow_twin() {
        let mut gauss = Gauss(5);
        let mut slots = Slots::default();
        for i in 0..=SLOTS as u64 {
            let mut f = [0.0; MAX_FEATURES];
            f.iter_mut().for_each(|f| *f = 0.1 * gauss.draw());
            slots.push(Micros(i * 500_000), &f);
        }
        let w = taper();
        spectra(&slots, &mut |feature, x| {
            let mut series = slots.series(feature);
            detrend(&mut series);
            for (q, x) in x.iter().enumerate().skip(1) {
                let (mut re, mut im) = (0.0, 0.0);
                for (i, (s, w)) in series.iter().zip(&w).enumerate() {
                    let a = -core::f64::consts::TAU * (q * i) as f64 / LEN as f64;
                    re += f64::from(s * w) * libm::cos(a);
                    im += f64::from(s * w) * libm::sin(a);
                }
                assert!((f64::from(x.re) - re).abs() < 1e-5 && (f64::from(x.im) - im).abs() < 1e-5, "{feature} {q}");
            }
        });
        let mut parabola = [0.0; SLOTS];
        parabola.iter_mut().enumerate().for_each(|(i, x)| *x = 3.0 + 0.1 * i as f32 - 0.01 * (i * i) as f32);
        detrend(&mut parabola);
        assert!(parabola.iter().all(|x| x.abs() < 1e-3));
    }

    /// Lowest `ln_p` over windows of features made by `f`, and the share below each of three probabilities.
    fn null(windows: u64, mut f: impl FnMut(&mut Gauss) -> [f32; MAX_FEATURES]) -> [f64; 3] {
        let mut gauss = Gauss(9);
        let (mut slots, mut lines) = (Slots::default(), Lines::default());
        let mut hits = [0.0; 3];
        let mut tried = 0.0;
        for i in 0..windows * 10 + 70 {
            slots.push(Micros(i * 500_000), &f(&mut gauss));
            if i >= 70 && i % 10 == 0 {
                let line = lines.step(&slots);
                tried += 1.0;
                for (hit, p) in hits.iter_mut().zip([1e-2, 1e-3, 1e-4]) {
                    *hit += if line.ln_p < libm::log(p) { 1.0 } else { 0.0 };
                }
            }
        }
        hits.map(|h| h / tried)
    }

    #[test]
    fn noise_stays_under_its_rate_whatever_its_colour_and_rank() {
        let white = |g: &mut Gauss| core::array::from_fn(|_| 0.02 * g.draw());
        let mut walk = [0.0f32; MAX_FEATURES];
        let red = |g: &mut Gauss| {
            walk.iter_mut().for_each(|w| *w = 0.98 * *w + 0.01 * g.draw());
            core::array::from_fn(|i| walk[i] + 0.005 * g.draw())
        };
        // One disturbance that all features share, over their own noise.
        let shared = |g: &mut Gauss| {
            let common = 0.06 * g.draw();
            core::array::from_fn(|i| common * (1.0 - 0.1 * i as f32) + 0.02 * g.draw())
        };
        let mut one = 0.0f32;
        let red_shared = |g: &mut Gauss| {
            one = 0.98 * one + 0.02 * g.draw();
            core::array::from_fn(|i| one * (1.0 - 0.1 * i as f32) + 0.01 * g.draw())
        };
        for (name, shares) in [
            ("white", null(1500, white)),
            ("red", null(1500, red)),
            ("shared", null(1500, shared)),
            ("red shared", null(1500, red_shared)),
        ] {
            // Two spectra of 29 places share the probability (Bonferroni); windows overlap.
            for (share, p) in shares.into_iter().zip([1e-2, 1e-3, 1e-4]) {
                assert!(share <= 58.0 * p + 0.003, "{name}: {share} at {p} a place");
            }
        }
    }

    #[test]
    fn a_breath_is_found_at_its_rate() {
        for (hz, seed) in [(0.17f32, 1u64), (0.25, 2), (0.31, 3), (0.5, 4)] {
            let mut gauss = Gauss(seed);
            let (mut slots, mut lines, mut phase) = (Slots::default(), Lines::default(), 0.0f32);
            let mut last = None;
            for i in 0..200u64 {
                // The rate wanders by 4 % a second.
                phase += core::f32::consts::TAU * hz * 0.5 * (1.0 + 0.04 * gauss.draw());
                let s = math::sin_cos(phase).0;
                let f = core::array::from_fn(|k| 0.03 * s * if k % 3 == 0 { 1.0 } else { 0.1 } + 0.01 * gauss.draw());
                slots.push(Micros(i * 500_000), &f);
                if i >= 70 && i % 10 == 0 {
                    last = Some(lines.step(&slots));
                }
            }
            let line = last.expect("windows were tried");
            assert!(line.ln_p < -14.0, "{hz}: {}", line.ln_p);
            assert!((line.hz - hz).abs() < 0.5 / 60.0, "{hz}: {}", line.hz);
        }
    }
}
