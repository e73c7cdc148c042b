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
    /// The factor of each tone. The image of tone -k falls on tone k with the amplitude `(g - 1 + j phi) / 2` and the sign
    /// of the product of two training symbols; the channel of the image is taken as that of the tone, so the ripple is
    /// fixed over time. Cost: one draw a tone, once.
    pub(crate) fn ripple(&self, tones: usize, draw: &mut Draw) -> Vec<Complex<f64>> {
        let gain = libm::pow(10.0, self.gain_db / 20.0);
        let image = Complex::new(0.5 * (gain - 1.0), 0.5 * self.phase_deg.to_radians());
        let mut one = || Complex::new(1.0, 0.0) + if draw.chance(0.5) { image } else { -image };
        (0..tones).map(|_| one()).collect()
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
    fn a_ripple_has_the_size_of_its_image() {
        let size = |gain_db, phase_deg| {
            let ripple = Imbalance { gain_db, phase_deg }.ripple(2000, &mut Draw::new(1, Purpose::Ripple, 0));
            let image = ripple.iter().map(|r| (r - 1.0).norm_sqr()).sum::<f64>() / 2000.0;
            let mean = ripple.iter().map(|r| r - 1.0).sum::<Complex<f64>>() / 2000.0;
            assert!(mean.norm() < 0.1 * image.sqrt() + 1e-12, "both signs come");
            10.0 * libm::log10(image)
        };
        // 0.2 dB are 2.33 %, 1 degree 1.75 %: half of their root sum is -36.7 dB.
        assert!((size(0.2, 1.0) + 36.7).abs() < 0.1, "{}", size(0.2, 1.0));
        assert!(size(0.0, 0.0) < -200.0);
    }
}
