//! Faults of links and radios that a scene may ask for: switches, roaming, a doubled address, mixers, compression.

use millpond_dsp::phy::{Bandwidth, PpduFormat};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::draw::Draw;

/// From a time on, all links sound another channel, width or format. What is absent stays as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// When, s.
    pub at_s: f64,
    /// Primary channel.
    #[serde(default)]
    pub channel: Option<u8>,
    /// Width of channel and packet.
    #[serde(default)]
    pub width_mhz: Option<Bandwidth>,
    /// Format.
    #[serde(default)]
    pub ppdu: Option<PpduFormat>,
}

/// From a time on, another device sends on a link, as when a client roams between APs that share one address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roam {
    /// When, s.
    pub at_s: f64,
    /// Name of the device that takes over.
    pub tx: String,
}

/// A second device that sends under the address of a link's transmitter, with numbers of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// Name of the second device.
    pub tx: String,
    /// Its packets a second.
    pub rate_hz: f64,
}

/// Imbalance of the in-phase and quadrature mixers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imbalance {
    /// Gain of one mixer over the other, dB: 0.2 is common.
    pub gain_db: f64,
    /// Angle that lacks to a quarter turn, degrees: 1 is common.
    pub phase_deg: f64,
}

impl Imbalance {
    /// The image over a list of live tones. The estimate of tone k is that of the training symbol: the channel, a factor
    /// `(1 + g e^{-j phi}) / 2`, and the conjugate of tone -k, a factor `(1 - g e^{j phi}) / 2` and the product of the two
    /// training symbols, which is 1 or -1, the same for k and -k, and drawn here.
    ///
    /// As the conjugate turns against the carrier's phase, the image flutters from frame to frame where there is an offset.
    /// Source: Tubbax et al., Compensation of IQ imbalance and phase noise in OFDM systems, IEEE Trans. Wireless
    /// Communications 4(3), 2005, equations 3 to 6. Cost: one draw a pair of tones, once; 12 flops a tone and frame.
    pub(crate) fn image(&self, live: &[i16], draw: &mut Draw) -> Image {
        let (gain, phi) = (libm::pow(10.0, self.gain_db / 20.0), self.phase_deg.to_radians());
        let (sin, cos) = libm::sincos(phi);
        let half = |re: f64, im: f64| Complex::new(0.5 * re, 0.5 * im);
        let (kept, image) = (half(1.0 + gain * cos, -gain * sin), half(1.0 - gain * cos, -gain * sin));
        let mut pairs = Vec::new();
        for (i, &k) in live.iter().enumerate().filter(|(_, k)| **k > 0) {
            let sign = if draw.chance(0.5) { 1.0 } else { -1.0 };
            if let Ok(j) = live.binary_search(&-k) {
                pairs.push((i, j, image * sign));
            }
        }
        Image { kept, pairs }
    }
}

/// What the mixers add to each tone of the opposite one.
pub(crate) struct Image {
    kept: Complex<f64>,
    /// Positions of two opposite tones, and the factor of their images.
    pairs: Vec<(usize, usize, Complex<f64>)>,
}

impl Image {
    /// Adds the image to the live tones of one antenna.
    pub fn add(&self, row: &mut [Complex<f64>]) {
        for &(i, j, image) in &self.pairs {
            let (a, b) = (row[i], row[j]);
            row[i] = self.kept * a + image * b.conj();
            row[j] = self.kept * b + image * a.conj();
        }
    }
}

/// Share of the amplitude that an amplifier keeps at a power in dB over its 1 dB point: `1 / sqrt(1 + c P)`, which is 1 dB
/// less at that point and a constant output far above it. It acts on the frame as a whole.
pub(crate) fn compress(over_p1db: f64) -> f64 {
    let c = libm::pow(10.0, 0.1) - 1.0;
    1.0 / (1.0 + c * libm::pow(10.0, over_p1db / 10.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::draw::Purpose;

    #[test]
    fn the_1_db_point_costs_1_db_and_far_above_it_the_output_is_constant() {
        let db = |over: f64| 20.0 * libm::log10(compress(over));
        assert!((db(0.0) + 1.0).abs() < 1e-12);
        assert!(db(-30.0) > -0.002);
        assert!((db(40.0) - db(30.0) + 10.0).abs() < 0.02);
    }

    #[test]
    fn the_image_has_its_size_and_turns_against_the_carrier() {
        let live: Vec<i16> = (-28..=28).filter(|&k| k != 0).collect();
        let of = |gain_db, phase_deg, turn: f64| {
            let image = Imbalance { gain_db, phase_deg }.image(&live, &mut Draw::new(1, Purpose::Ripple, 0));
            let mut row = vec![Complex::from_polar(1.0, turn); 56];
            image.add(&mut row);
            let kept = image.kept;
            let left = row.iter().map(|v| v / Complex::from_polar(1.0, turn) - kept);
            left.collect::<Vec<_>>()
        };
        let size = |x: &[Complex<f64>]| 10.0 * libm::log10(x.iter().map(|v| v.norm_sqr()).sum::<f64>() / 56.0);
        // 0.2 dB are 2.33 %, 1 degree 1.75 %: half of their root sum is -36.7 dB.
        let still = of(0.2, 1.0, 0.0);
        assert!((size(&still) + 36.7).abs() < 0.1, "{}", size(&still));
        assert!(size(&of(0.0, 0.0, 0.3)) < -200.0);
        // A carrier turned by a quarter turns the image to the other side.
        let turned = of(0.2, 1.0, core::f64::consts::FRAC_PI_2);
        assert!(still.iter().zip(&turned).all(|(a, b)| (a + b).norm() < 1e-12));
        assert!(still.iter().any(|a| (a - still[0]).norm() > 1e-3), "both signs come");
    }
}
