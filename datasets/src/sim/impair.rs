//! What radios do to a channel estimate, in the order of a receiver: noise, gain, phase, quantisation.

use core::f64::consts::{PI, TAU};

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::draw::Draw;
use super::fault::{Image, Imbalance, compress};
use super::noise::Smoothing;
use super::path::{Response, ToneGrid, db_to_amplitude};

/// A receiver's faults. The defaults are those of a small single-antenna device with a locked clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receiver {
    /// Best ratio of channel to estimation noise, dB: own phase noise and distortion, 10 to 40.
    pub csi_snr_db: f64,
    /// Noise figure, dB.
    pub noise_figure_db: f64,
    /// Random walk of the gain, dB in one minute (rms).
    pub drift_db: f64,
    /// Temperature ramp of the gain, dB a minute.
    pub ramp_db_per_min: f64,
    /// Automatic gain control; absent: the gain is locked to the first frame's level.
    pub agc: Option<Agc>,
    /// Rms timing offset of a frame, ns.
    pub sto_ns: f64,
    /// Sampling clock error, ppm: the phase slope drifts and is taken back at each 50 ns.
    pub sfo_ppm: f64,
    /// Chance of a jump by half a turn on one antenna in a frame.
    pub pll_jump: f64,
    /// Draw a new common phase for every frame, as an uncorrected carrier offset leaves it.
    pub cfo: bool,
    /// Wanted rms of a component in steps of the number format.
    pub target_lsb: f64,
    /// Number format: 8, 10 or 12 bits; 0 keeps single precision.
    pub bits: u8,
    /// Tell the gain beside the samples.
    pub reports_gain: bool,
    /// Length of the impulse response that the receiver's estimator keeps, ns: noise is smooth over tones beyond it.
    /// The guard interval, 800, is what an estimator may keep; 0, the default, leaves the noise white, as far as neighbouring
    /// tones tell it in recordings.
    pub smoothing_ns: f64,
    /// Imbalance of the two mixers.
    pub iq: Option<Imbalance>,
    /// Power at the antenna, signal and interference together, at which the first amplifier has lost 1 dB, dBm.
    pub lna_p1db_dbm: Option<f64>,
    /// The device's own counter when the recording starts, s. It has 32 bits of microseconds: 4290 wraps after 5 s.
    pub clock_start_s: f64,
    /// Hand over a record first that is so much older, s.
    pub stale_first_s: Option<f64>,
}

/// Automatic gain control in steps, with hysteresis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agc {
    /// One step, dB: 1 for a fine word, 2 to 3 for a coarse pair.
    pub step_db: f64,
    /// The level must leave the target by so much before a step is taken, dB; at least half a step.
    pub hysteresis_db: f64,
    /// Chance that a frame is taken one step off.
    #[serde(default)]
    pub flicker: f64,
}

impl Default for Receiver {
    fn default() -> Self {
        Self {
            csi_snr_db: 30.0,
            noise_figure_db: 7.0,
            drift_db: 0.1,
            ramp_db_per_min: 0.0,
            agc: None,
            sto_ns: 50.0,
            sfo_ppm: 0.0,
            pll_jump: 0.01,
            cfo: true,
            target_lsb: 20.0,
            bits: 8,
            reports_gain: false,
            smoothing_ns: 0.0,
            iq: None,
            lna_p1db_dbm: None,
            clock_start_s: 0.0,
            stale_first_s: None,
        }
    }
}

/// Samples of one frame in the receiver's number format, `[n_rx][n_tones]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 8-bit parts.
    I8(Vec<Complex<i8>>),
    /// 10- or 12-bit parts.
    I16(Vec<Complex<i16>>),
    /// Not quantised.
    F32(Vec<Complex<f32>>),
}

/// A burst on the air as a receiver meets it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Burst {
    /// Power over the noise, as a ratio.
    pub over_noise: f64,
    /// From and to as a share of the band.
    pub span: (f64, f64),
}

/// What a receiver reports beside the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub rssi_dbm: f64,
    pub noise_dbm: f64,
    pub gain_db: f64,
}

/// History of one link's receiver.
pub(crate) struct Chain {
    spec: Receiver,
    draw: Draw,
    eirp_dbm: f64,
    noise_dbm: f64,
    noise_power: f64,
    gain_db: Option<f64>,
    drift_db: f64,
    last_s: f64,
    halves: Vec<f64>,
    image_draw: Draw,
    image: Option<Image>,
    smoothing: Smoothing,
    scratch: Vec<Complex<f64>>,
}

impl Chain {
    /// A receiver that must be [tuned](Self::tune) before it hears anything.
    pub fn new(spec: &Receiver, draw: Draw, image_draw: Draw, eirp_dbm: f64, n_rx: usize) -> Self {
        Self {
            spec: spec.clone(),
            draw,
            eirp_dbm,
            noise_dbm: 0.0,
            noise_power: 0.0,
            gain_db: None,
            drift_db: 0.0,
            last_s: 0.0,
            halves: vec![0.0; n_rx],
            image_draw,
            image: None,
            smoothing: Smoothing::default(),
            scratch: Vec::new(),
        }
    }

    /// Sets the noise by the static channel's mean power `|H|^2` and by the thermal floor in `width_hz`, its shape over
    /// tones, and the image of the mixers. Gain and drift stay what they were.
    pub fn tune(&mut self, grid: &ToneGrid, width_hz: f64, mean_power: f64) {
        self.noise_dbm = -174.0 + 10.0 * libm::log10(width_hz) + self.spec.noise_figure_db;
        let thermal = libm::pow(10.0, (self.noise_dbm - self.eirp_dbm) / 10.0);
        let own = mean_power * libm::pow(10.0, -self.spec.csi_snr_db / 10.0);
        self.noise_power = thermal + own;
        self.smoothing = Smoothing::new(grid, self.spec.smoothing_ns);
        // Each tuning draws from the stream's start: the same channel has the same signs again.
        self.image = self.spec.iq.map(|iq| iq.image(&grid.live, &mut self.image_draw.clone()));
    }

    /// Noise power of one tone in units of `|H|^2`.
    pub fn noise_power(&self) -> f64 {
        self.noise_power
    }

    /// Turns the true responses of all antennas into a frame.
    pub fn receive(&mut self, grid: &ToneGrid, true_h: &[Response], bursts: &[Burst], t: f64) -> (Samples, Reading) {
        let mut h = std::mem::take(&mut self.scratch);
        h.clear();
        for antenna in true_h {
            h.extend(grid.positions().map(|i| Complex::new(antenna.re[i], antenna.im[i])));
        }
        let power = h.iter().map(Complex::norm_sqr).sum::<f64>() / h.len() as f64;
        self.add_noise(grid, &mut h, bursts);
        self.distort(&mut h, power, bursts);
        let rssi_dbm = self.eirp_dbm + 10.0 * libm::log10(power.max(1e-30)) + 0.5 * self.draw.normal();
        let gain_db = self.gain(&h, t);
        self.turn(grid, &mut h, t, db_to_amplitude(gain_db + self.drift_db));
        let samples = quantise(&h, self.spec.bits);
        self.scratch = h;
        (samples, Reading { rssi_dbm, noise_dbm: self.noise_dbm, gain_db })
    }

    /// What the first amplifier loses to everything on the air.
    fn distort(&self, h: &mut [Complex<f64>], signal: f64, bursts: &[Burst]) {
        let Some(p1db) = self.spec.lna_p1db_dbm else { return };
        let foreign: f64 = bursts.iter().map(|b| b.over_noise * (b.span.1.min(1.0) - b.span.0)).sum();
        let input_dbm = self.eirp_dbm + 10.0 * libm::log10((signal + self.noise_power * foreign).max(1e-30));
        let kept = compress(input_dbm - p1db);
        for value in h {
            *value *= kept;
        }
    }

    fn add_noise(&mut self, grid: &ToneGrid, h: &mut [Complex<f64>], bursts: &[Burst]) {
        let (first, last) = (f64::from(grid.live[0]), f64::from(grid.live[grid.live.len() - 1]));
        for row in h.chunks_exact_mut(grid.live.len()) {
            self.smoothing.add(&mut self.draw, self.noise_power, row);
            for b in bursts {
                let power = |i: usize| {
                    let place = (f64::from(grid.live[i]) - first) / (last - first);
                    let is_hit = b.span.0 <= place && place < b.span.1;
                    if is_hit { self.noise_power * b.over_noise } else { 0.0 }
                };
                self.smoothing.add_slice(&mut self.draw, power, row);
            }
        }
    }

    /// The gain for this frame, dB, after drift and control.
    fn gain(&mut self, h: &[Complex<f64>], t: f64) -> f64 {
        let minutes = (t - self.last_s).max(0.0) / 60.0;
        self.last_s = t;
        self.drift_db += self.spec.drift_db * minutes.sqrt() * self.draw.normal() + self.spec.ramp_db_per_min * minutes;
        let power = h.iter().map(Complex::norm_sqr).sum::<f64>() / h.len() as f64;
        // A component holds half of the power.
        let wanted = 20.0 * libm::log10(self.spec.target_lsb / (0.5 * power).sqrt().max(1e-30));
        let Some(agc) = self.spec.agc else {
            return *self.gain_db.get_or_insert(wanted);
        };
        let on_step = |db: f64| libm::round(db / agc.step_db) * agc.step_db;
        let held = *self.gain_db.get_or_insert_with(|| on_step(wanted));
        let wanted = wanted - self.drift_db;
        if (wanted - held).abs() > agc.hysteresis_db.max(0.5 * agc.step_db) {
            self.gain_db = Some(on_step(wanted));
        }
        let off = if self.draw.chance(agc.flicker) { agc.step_db } else { 0.0 };
        self.gain_db.unwrap_or(held) - off
    }

    /// Applies gain and the receiver's phase: carrier, antenna jumps, timing slope, the mixers' image.
    fn turn(&mut self, grid: &ToneGrid, h: &mut [Complex<f64>], t: f64, gain: f64) {
        let common = if self.spec.cfo { self.draw.between(0.0, TAU) } else { 0.0 };
        // The clock runs away by ppm microseconds a second; the receiver takes whole 50 ns steps back.
        let drift_ns = (self.spec.sfo_ppm * 1e3 * t) % 50.0;
        let delay = (self.spec.sto_ns * self.draw.normal() + drift_ns) * 1e-9;
        let step = -TAU * grid.spacing_hz * delay;
        let n = grid.live.len();
        for (row, half) in h.chunks_exact_mut(n).zip(&mut self.halves) {
            if self.draw.chance(self.spec.pll_jump) {
                *half = PI - *half;
            }
            let turn = |angle: f64| {
                let (sin, cos) = libm::sincos(angle);
                Complex::new(cos, sin)
            };
            let by = turn(step);
            let mut at = grid.live[0];
            let mut now = turn(common + *half + step * f64::from(at)) * gain;
            for (value, &k) in row.iter_mut().zip(&grid.live) {
                while at < k {
                    now *= by;
                    at += 1;
                }
                *value *= now;
            }
            // The mixers see the signal as the carrier offset has turned it.
            if let Some(image) = &self.image {
                image.add(row);
            }
        }
    }
}

fn quantise(h: &[Complex<f64>], bits: u8) -> Samples {
    let limit = f64::from(1u16 << (bits.clamp(8, 12) - 1));
    // Half of the next power of two leaves no bits for fractions: nearest, ties to even, as `rint` at a tenth of its cost.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let whole = |x: f64| (x.clamp(-limit, limit - 1.0) + WHOLE) - WHOLE;
    match bits {
        0 => Samples::F32(h.iter().map(|c| Complex::new(c.re as f32, c.im as f32)).collect()),
        8 => Samples::I8(h.iter().map(|c| Complex::new(whole(c.re) as i8, whole(c.im) as i8)).collect()),
        _ => Samples::I16(h.iter().map(|c| Complex::new(whole(c.re) as i16, whole(c.im) as i16)).collect()),
    }
}
