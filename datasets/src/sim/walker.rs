//! A walking body as sixteen point scatterers, with gait and breath.
//!
//! Source of the figures: torso 1.0 to 1.4 m/s, limbs 1.5 to 2.5 m/s more or less, 1.4 to 2.2 steps a second, 0.5 to 1 m^2
//! for the whole body (Boulic, Magnenat-Thalmann and Thalmann, The Visual Computer 1990, for the order of the swings).

use core::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};

use super::path::{Cylinder, Scatterer};
use super::route::{Pose, Route};
use super::still::{Apnoea, Fidget, Fidgets};

/// A person on a route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Local name; it appears in the truth alone.
    pub name: String,
    /// The way.
    pub route: Route,
    /// Cruising speed, m/s.
    #[serde(default = "default_speed")]
    pub speed_m_s: f64,
    /// Height, m.
    #[serde(default = "default_height")]
    pub height_m: f64,
    /// Radar cross section of the whole body, m^2.
    #[serde(default = "default_rcs")]
    pub rcs_m2: f64,
    /// Rise of the chest with each breath, mm; 0 holds the breath.
    #[serde(default = "default_breath")]
    pub breath_mm: f64,
    /// Breaths a minute.
    #[serde(default = "default_breath_rate")]
    pub breaths_per_min: f64,
    /// Deviation of one breath's length from the mean, as a share of it: the breaths run away from any clock. A breath
    /// that stops now and then keeps the clock.
    #[serde(default = "default_breath_jitter")]
    pub breath_jitter: f64,
    /// Breath that stops now and then.
    #[serde(default)]
    pub apnoea: Option<Apnoea>,
    /// Small movements while the person stays in place.
    #[serde(default)]
    pub fidgets: Option<Fidgets>,
}

fn default_speed() -> f64 {
    1.2
}
fn default_height() -> f64 {
    1.72
}
fn default_rcs() -> f64 {
    0.7
}
fn default_breath() -> f64 {
    5.0
}
fn default_breath_rate() -> f64 {
    15.0
}
fn default_breath_jitter() -> f64 {
    0.04
}

/// One body part: place in the body's frame, share of the cross section, swing.
struct Part {
    /// Forward, left, up; up as a share of the height.
    at: [f64; 3],
    share: f64,
    /// Amplitude of the swing forward and back at cruising speed, m. The sign is the phase: left leg and right arm together.
    swing_m: f64,
    chest: bool,
}

const fn part(at: [f64; 3], share: f64, swing_m: f64) -> Part {
    Part { at, share, swing_m, chest: false }
}

/// Shares add to one.
const PARTS: [Part; 16] = [
    Part { at: [0.12, 0.0, 0.72], share: 0.10, swing_m: 0.0, chest: true },
    part([0.0, 0.12, 0.76], 0.10, 0.02),
    part([0.0, -0.12, 0.76], 0.10, -0.02),
    part([0.0, 0.1, 0.62], 0.09, 0.0),
    part([0.0, -0.1, 0.62], 0.09, 0.0),
    part([0.0, 0.0, 0.55], 0.09, 0.0),
    part([0.0, 0.0, 0.94], 0.07, 0.0),
    part([0.0, 0.22, 0.70], 0.03, -0.10),
    part([0.0, -0.22, 0.70], 0.03, 0.10),
    part([0.05, 0.25, 0.50], 0.03, -0.26),
    part([0.05, -0.25, 0.50], 0.03, 0.26),
    part([0.0, 0.1, 0.40], 0.06, 0.15),
    part([0.0, -0.1, 0.40], 0.06, -0.15),
    part([0.0, 0.1, 0.22], 0.04, 0.28),
    part([0.0, -0.1, 0.22], 0.04, -0.28),
    part([0.0, 0.0, 0.50], 0.04, 0.0),
];

impl Part {
    /// Shift by a fidget, forward and left, m: what is above the hip leans; one arm reaches, its upper half by half.
    fn shift(&self, rise: f64, f: &Fidget) -> [f64; 2] {
        if self.at[2] < 0.5 {
            return [0.0; 2];
        }
        let arm = libm::fabs(self.at[1]) > 0.2 && (self.at[1] > 0.0) == (f.reach_m > 0.0);
        let share = if self.at[2] < 0.6 { 1.0 } else { 0.5 };
        let reach = if arm { share * libm::fabs(f.reach_m) } else { 0.0 };
        [rise * (f.lean_m[0] + reach), rise * f.lean_m[1]]
    }
}

/// Two steps, m: 1.7 steps a second at 1.2 m/s.
const STRIDE_M: f64 = 1.4;
/// Speed of the full swing, m/s.
const FULL_SWING_M_S: f64 = 1.2;

impl Person {
    /// The body's points after so many breaths.
    pub(crate) fn points(&self, pose: &Pose, breaths: f64, fidget: Option<(f64, Fidget)>, out: &mut Vec<Scatterer>) {
        let (sin, cos) = libm::sincos(pose.heading);
        let phase = TAU * pose.walked_m / STRIDE_M;
        let swing = libm::sin(phase) * (pose.speed / FULL_SWING_M_S).min(1.5);
        let bob = 0.02 * libm::cos(2.0 * phase) * (pose.speed / FULL_SWING_M_S).min(1.0);
        let breath = 1e-3 * self.breath_mm * chest(breaths);
        for part in &PARTS {
            let [lean, aside] = fidget.map_or([0.0; 2], |(rise, f)| part.shift(rise, &f));
            let forward = part.at[0] + part.swing_m * swing + if part.chest { breath } else { 0.0 } + lean;
            let left = part.at[1] + aside;
            let at = [
                pose.at[0] + forward * cos - left * sin,
                pose.at[1] + forward * sin + left * cos,
                part.at[2] * self.height_m + bob,
            ];
            out.push(Scatterer { at, rcs_m2: self.rcs_m2 * part.share });
        }
    }

    /// The body as an obstacle.
    pub(crate) fn cylinder(&self, pose: &Pose) -> Cylinder {
        Cylinder { at: pose.at, radius_m: 0.25, height_m: self.height_m }
    }
}

/// Rise of a chest as a share of its amplitude, `((1 - cos) / 2)^1.3`: longer rest than a sine.
pub(crate) fn chest(breaths: f64) -> f64 {
    libm::pow(0.5 * (1.0 - libm::cos(2.0 * PI * breaths)), 1.3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::route::{Timeline, WayPoint};

    fn person() -> Person {
        serde_json::from_str(r#"{"name": "p", "route": {"points": [{"at": [0, 0]}, {"at": [20, 0]}]}}"#).unwrap()
    }

    fn points(p: &Person, t: f64) -> Vec<Scatterer> {
        let mut out = Vec::new();
        p.points(&Timeline::new(&p.route, p.speed_m_s).pose(t), t, None, &mut out);
        out
    }

    #[test]
    fn shares_add_to_one() {
        assert!((PARTS.iter().map(|p| p.share).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn limbs_outrun_the_torso_and_steps_have_a_human_rate() {
        let p = person();
        let speed = |i: usize, t: f64| (points(&p, t + 1e-3)[i].at[0] - points(&p, t - 1e-3)[i].at[0]) / 2e-3;
        let times = || (0..4000).map(|k| 5.0 + f64::from(k) * 1e-3);
        let torso = times().map(|t| speed(3, t)).fold(0.0, f64::max);
        let shank = times().map(|t| speed(13, t)).fold(0.0, f64::max);
        assert!((1.0..1.4).contains(&torso), "{torso}");
        assert!((1.5..=2.5).contains(&(shank - torso)), "{shank}");
        let rising = |t: f64| speed(13, t) < p.speed_m_s && speed(13, t + 1e-3) >= p.speed_m_s;
        let strides = times().filter(|&t| rising(t)).count() as f64 / 4.0;
        assert!((1.4..=2.2).contains(&(2.0 * strides)), "{strides}");
    }

    #[test]
    fn a_pause_leaves_the_breath_alone() {
        let mut p = person();
        p.route.points = vec![WayPoint { at: [1.0, 1.0], pause_s: 0.0 }];
        let (a, b) = (points(&p, 0.0), points(&p, 0.5));
        assert!((b[0].at[0] - a[0].at[0] - 5e-3).abs() < 1e-9);
        assert_eq!(a[1..], b[1..]);
        p.breath_mm = 0.0;
        assert_eq!(points(&p, 0.0), points(&p, 0.5));
    }
}
