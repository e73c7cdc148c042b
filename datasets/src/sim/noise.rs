//! Noise of a channel estimate over tones: as white as the air's, or as smooth as the receiver makes it.
//!
//! A receiver knows that the channel is no longer than the guard interval, so it keeps as much of the estimate's impulse
//! response and drops the rest: that takes noise away, and correlates what stays from tone to tone. Of `n` live tones
//! about `n L / N` remain independent, `L` of `N` taps kept: 14 of 56 for 0.8 us of 3.2 us.
//!
//! Source: van de Beek, Edfors, Sandell, Wilson, Borjesson, On Channel Estimation in OFDM Systems, VTC 1995 (the
//! estimator that truncates the impulse response); IEEE 802.11-2020 table 19-5 (guard interval of 0.8 us).

use core::f64::consts::TAU;

use num_complex::Complex;

use super::draw::Draw;
use super::path::ToneGrid;

/// The taps that an estimator keeps, as tones: `[tap][live tone]`, each tap of power `1 / taps`.
#[derive(Default)]
pub(crate) struct Smoothing {
    taps: usize,
    re: Vec<f32>,
    im: Vec<f32>,
    sum_re: Vec<f32>,
    sum_im: Vec<f32>,
}

impl Smoothing {
    /// The estimator of a grid that keeps `keep_ns` of the impulse response around its strongest path. None at all, or
    /// as many taps as tones, is no smoothing.
    pub fn new(grid: &ToneGrid, keep_ns: f64) -> Self {
        let n = grid.live.len();
        let fft = (grid.live[n - 1] - grid.live[0]) as usize + 1;
        let fft = fft.next_power_of_two() as f64;
        let taps = libm::rint(keep_ns * 1e-9 * grid.spacing_hz * fft) as usize;
        if taps == 0 || taps >= n {
            return Self::default();
        }
        let (mut re, mut im) = (Vec::with_capacity(taps * n), Vec::with_capacity(taps * n));
        let each = 1.0 / (taps as f64).sqrt();
        for tap in 0..taps {
            let delay = tap as f64 - 0.5 * (taps - 1) as f64;
            for &k in &grid.live {
                let (sin, cos) = libm::sincos(-TAU * delay * f64::from(k) / fft);
                re.push((each * cos) as f32);
                im.push((each * sin) as f32);
            }
        }
        Self { taps, re, im, sum_re: vec![0.0; n], sum_im: vec![0.0; n] }
    }

    /// Adds noise of a power to one antenna's tones. Cost: a pair of normal draws and 8 flops a tone for each tap.
    pub fn add(&mut self, draw: &mut Draw, power: f64, h: &mut [Complex<f64>]) {
        let sigma = (0.5 * power).sqrt();
        if self.taps == 0 {
            for value in h {
                let (re, im) = draw.normal_pair();
                *value += Complex::new(sigma * f64::from(re), sigma * f64::from(im));
            }
            return;
        }
        self.clear();
        for tap in 0..self.taps {
            let (re, im) = draw.normal_pair();
            self.turn(tap, re, im);
        }
        self.hand_over(sigma, h);
    }

    /// Adds what the estimator leaves of a signal that is white over the tones for which `power` is not zero.
    pub fn add_slice(&mut self, draw: &mut Draw, power: impl Fn(usize) -> f64, h: &mut [Complex<f64>]) {
        let white = |i: usize, draw: &mut Draw| {
            let (re, im) = draw.normal_pair();
            let sigma = (0.5 * power(i)).sqrt() as f32;
            Complex::new(sigma * re, sigma * im)
        };
        if self.taps == 0 {
            for (i, value) in h.iter_mut().enumerate() {
                let w = white(i, draw);
                *value += Complex::new(f64::from(w.re), f64::from(w.im));
            }
            return;
        }
        self.clear();
        let n = h.len();
        let signal: Vec<Complex<f32>> = (0..n).map(|i| white(i, draw)).collect();
        for tap in 0..self.taps {
            let row = tap * n..(tap + 1) * n;
            let mut sum = Complex::new(0.0, 0.0);
            for ((w, &c), &s) in signal.iter().zip(&self.re[row.clone()]).zip(&self.im[row]) {
                sum += w * Complex::new(c, -s);
            }
            self.turn(tap, sum.re, sum.im);
        }
        // The noise is what stays behind the estimator too: the ratio of both is that on the air.
        self.hand_over((self.taps as f64 / n as f64).sqrt(), h);
    }

    fn clear(&mut self) {
        self.sum_re.fill(0.0);
        self.sum_im.fill(0.0);
    }

    fn turn(&mut self, tap: usize, re: f32, im: f32) {
        let n = self.sum_re.len();
        let (c, s) = (&self.re[tap * n..(tap + 1) * n], &self.im[tap * n..(tap + 1) * n]);
        for (((x, y), c), s) in self.sum_re.iter_mut().zip(&mut self.sum_im).zip(c).zip(s) {
            *x += re * c - im * s;
            *y += re * s + im * c;
        }
    }

    fn hand_over(&self, by: f64, h: &mut [Complex<f64>]) {
        for ((value, &x), &y) in h.iter_mut().zip(&self.sum_re).zip(&self.sum_im) {
            *value += Complex::new(by * f64::from(x), by * f64::from(y));
        }
    }
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::{Band, Bandwidth, Channel, PpduFormat};

    use super::*;
    use crate::sim::draw::Purpose;

    fn grid() -> ToneGrid {
        ToneGrid::new(Channel::new(Band::Ghz2, 6, Bandwidth::Mhz20).unwrap(), Bandwidth::Mhz20, PpduFormat::Ht)
    }

    /// `n^2 / sum |r_ij|^2` and the mean power of the noise alone.
    fn independent(keep_ns: f64, slice: bool) -> (f64, f64) {
        let grid = grid();
        let (n, frames) = (grid.live.len(), 4000);
        let mut smoothing = Smoothing::new(&grid, keep_ns);
        let mut draw = Draw::new(1, Purpose::Receiver, 0);
        let mut cross = vec![Complex::new(0.0, 0.0); n * n];
        for _ in 0..frames {
            let mut h = vec![Complex::new(0.0, 0.0); n];
            match slice {
                true => smoothing.add_slice(&mut draw, |_| 2.0, &mut h),
                false => smoothing.add(&mut draw, 2.0, &mut h),
            }
            for i in 0..n {
                for j in 0..n {
                    cross[i * n + j] += h[i] * h[j].conj() / f64::from(frames);
                }
            }
        }
        let power = |i: usize| cross[i * n + i].re;
        let sum: f64 = (0..n * n).map(|at| cross[at].norm_sqr() / (power(at / n) * power(at % n))).sum();
        ((n * n) as f64 / sum, (0..n).map(power).sum::<f64>() / n as f64)
    }

    #[test]
    fn independent_tones_are_those_of_the_kept_taps() {
        // The window's own sum: |r|^2 over all pairs of tones for 16 of 64 taps, the edges of the band included.
        let grid = grid();
        let r = |d: f64| match d {
            0.0 => 1.0,
            _ => libm::sin(TAU * d * 16.0 / 128.0) / (16.0 * libm::sin(TAU * d / 128.0)),
        };
        let pairs = grid.live.iter().flat_map(|i| grid.live.iter().map(move |j| f64::from(i - j)));
        let theory = 56.0 * 56.0 / pairs.map(|d| r(d) * r(d)).sum::<f64>();
        let (found, power) = independent(800.0, false);
        // 4000 frames add 1 / 4000 to each square of a correlation: 5 % here.
        assert!((found / theory - 1.0).abs() < 0.07, "{found}, theory {theory}");
        assert!((14.0..17.0).contains(&theory), "{theory}");
        assert!((power / 2.0 - 1.0).abs() < 0.05, "{power}");
        let (white, power) = independent(0.0, false);
        assert!(white > 53.0 && (power / 2.0 - 1.0).abs() < 0.05, "{white} {power}");
    }

    #[test]
    fn a_signal_from_outside_is_smoothed_alike() {
        let (found, power) = independent(800.0, true);
        assert!((12.0..18.0).contains(&found), "{found}");
        // The band ends inside the transform, so the taps are not quite independent.
        assert!((power / 2.0 - 1.0).abs() < 0.15, "{power}");
    }
}
