//! A field of known law: many plane waves from all sides, with everything that reflects them moving as one rigid body.
//!
//! It stands in for a room full of reverberation, in which theory knows the answer: the correlation of the field after
//! a way `x` is `J0(k0 x)` in two dimensions and `sin(k0 x) / (k0 x)` in three.
//!
//! Source: R. H. Clarke, A Statistical Theory of Mobile-Radio Reception, Bell System Technical Journal 47(6), 1968.

use core::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::draw::Draw;
use super::path::{LIGHT_M_S, Response, ToneGrid};

/// The field as described in a scene; every link has one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diffuse {
    /// Power against the static channel's, dB.
    pub level_db: f64,
    /// Speed of the moving set, m/s.
    pub speed_m_s: f64,
    /// 2 or 3: waves from a circle or from a sphere.
    pub dimensions: u8,
    /// Mean excess delay of the waves, ns: it correlates the tones.
    #[serde(default = "default_spread")]
    pub spread_ns: f64,
}

fn default_spread() -> f64 {
    35.0
}

/// Number of waves.
const WAVES: usize = 200;

#[derive(Clone, Copy)]
struct Wave {
    /// Turn for each metre of way, rad.
    per_m: f64,
    phase: f64,
    excess_m: f64,
}

/// The field at one receiver.
pub(crate) struct Field {
    waves: Vec<Wave>,
    amplitude: f64,
    speed_m_s: f64,
}

impl Field {
    /// Draws the waves, one in each of 200 equal parts of the circle or sphere, so that no direction is left out.
    /// `mean_power` is that of the static channel.
    pub fn new(spec: &Diffuse, grid: &ToneGrid, mean_power: f64, draw: &mut Draw) -> Self {
        let k0 = TAU / grid.lambda_m();
        let wave = |i: usize| {
            let place = (i as f64 + draw.unit()) / WAVES as f64;
            // On a sphere the cosine against any axis is uniform.
            let cos = if spec.dimensions == 3 { 1.0 - 2.0 * place } else { libm::cos(TAU * place) };
            let excess_m = draw.exponential(spec.spread_ns * 1e-9) * LIGHT_M_S;
            Wave { per_m: k0 * cos, phase: draw.between(0.0, TAU), excess_m }
        };
        let waves = (0..WAVES).map(wave).collect();
        let power = mean_power * libm::pow(10.0, spec.level_db / 10.0);
        Self { waves, amplitude: (power / WAVES as f64).sqrt(), speed_m_s: spec.speed_m_s }
    }

    /// Adds the field at a time in s.
    pub fn add(&self, grid: &ToneGrid, t: f64, out: &mut Response) {
        let way = self.speed_m_s * t;
        for w in &self.waves {
            grid.add_turned(out, self.amplitude, w.phase + w.per_m * way, w.excess_m);
        }
    }
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::{Band, Bandwidth, Channel, PpduFormat};

    use super::*;
    use crate::sim::draw::Purpose;

    /// Correlation of the field over a way, as the mean over many fields and all tones. A long spread makes the tones of
    /// one field nearly independent: about 30 000 values, a standard error of 0.006.
    fn correlation(dimensions: u8, ways: &[f64]) -> Vec<f64> {
        let channel = Channel::new(Band::Ghz2, 6, Bandwidth::Mhz20).unwrap();
        let grid = ToneGrid::new(channel, Bandwidth::Mhz20, PpduFormat::Ht);
        let spec = Diffuse { level_db: 0.0, speed_m_s: 1.0, dimensions, spread_ns: 300.0 };
        let fields = 2000;
        let (mut cross, mut power) = (vec![0.0; ways.len()], 0.0);
        for i in 0..fields {
            let field = Field::new(&spec, &grid, 1.0, &mut Draw::new(11, Purpose::Paths, i));
            let at = |t: f64| {
                let mut h = grid.zero();
                field.add(&grid, t, &mut h);
                h
            };
            let start = at(0.0);
            power += grid.mean_power(&start);
            for (c, &way) in cross.iter_mut().zip(ways) {
                let h = at(way);
                *c += grid.positions().map(|k| h.re[k] * start.re[k] + h.im[k] * start.im[k]).sum::<f64>()
                    / grid.live.len() as f64;
            }
        }
        assert!((power / fields as f64 - 1.0).abs() < 0.05, "{power}");
        cross.iter().map(|c| c / power).collect()
    }

    #[test]
    fn the_laws_of_bessel_and_sinc_hold_within_0_02() {
        let lambda = LIGHT_M_S / 2.437e9;
        let ways: Vec<f64> = (1..=6).map(|i| f64::from(i) * 0.15 * lambda).collect();
        let law = |dimensions, x: f64| if dimensions == 2 { libm::j0(x) } else { libm::sin(x) / x };
        for dimensions in [2, 3] {
            for (rho, way) in correlation(dimensions, &ways).iter().zip(&ways) {
                let want = law(dimensions, TAU / lambda * way);
                assert!((rho - want).abs() < 0.02, "{dimensions} dimensions, {way} m: {rho}, not {want}");
            }
        }
    }
}
