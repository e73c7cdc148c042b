//! What moves: people, pets, robots, fans, doors, curtains. Each is a set of point scatterers as a function of time.

use core::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::draw::{Draw, Purpose};
use super::path::{Cylinder, Scatterer};
use super::room::{Point2, Point3};
use super::route::{Pose, Route, Timeline};
use super::still::{Fidget, breath_starts, breaths, breaths_by, fidget_at, fidget_marks};
use super::walker::Person;

/// Why something moves, as the truth names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A person walks or turns.
    Person,
    /// A cat or a dog.
    Pet,
    /// A robot vacuum cleaner.
    Robot,
    /// A piece of furniture that is moved.
    Furniture,
    /// A rotating machine.
    Fan,
    /// A curtain in a draught.
    Curtain,
    /// A door that opens or closes.
    Door,
}

/// A mover as described in a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Mover {
    /// A person on a route.
    Person(Person),
    /// A cat or dog on a route.
    Pet(Runner),
    /// A robot vacuum cleaner on a route.
    Robot(Runner),
    /// A piece of furniture that somebody moves; it stays where its route ends.
    Furniture(Runner),
    /// A fan.
    Fan(Fan),
    /// A curtain.
    Curtain(Curtain),
    /// A door.
    Door(Door),
}

/// A small body without gait: four points that follow a route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// Local name.
    pub name: String,
    /// The way.
    pub route: Route,
    /// Cruising speed, m/s: 0.2 to 0.35 for a robot.
    pub speed_m_s: f64,
    /// Radar cross section, m^2: 0.02 to 0.1 for a pet, 0.05 to 0.15 for a robot.
    pub rcs_m2: f64,
    /// Height of its middle, m.
    pub height_m: f64,
}

/// A fan that turns all the time, two points a blade, the plane of the blades upright.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fan {
    /// Local name.
    pub name: String,
    /// The hub, m.
    pub at: Point3,
    /// Blades.
    #[serde(default = "default_blades")]
    pub blades: u32,
    /// Length of a blade, m.
    #[serde(default = "default_blade_m")]
    pub radius_m: f64,
    /// Turns a second.
    pub turns_hz: f64,
    /// Radar cross section of all blades, m^2: plastic is small.
    #[serde(default = "default_fan_rcs")]
    pub rcs_m2: f64,
    /// Direction of the axis on the plan, rad from the x axis.
    #[serde(default)]
    pub facing: f64,
    /// The head swings to both sides by so much, rad, once in ten seconds.
    #[serde(default)]
    pub swing: f64,
}

fn default_blades() -> u32 {
    3
}
fn default_blade_m() -> f64 {
    0.18
}
fn default_fan_rcs() -> f64 {
    0.02
}

/// A curtain: six points on a line that sway at random between 0.1 and 1 Hz.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curtain {
    /// Local name.
    pub name: String,
    /// One end, m.
    pub from: Point2,
    /// The other end, m.
    pub to: Point2,
    /// Rms sway across the line, m.
    pub sway_m: f64,
    /// Radar cross section, m^2.
    pub rcs_m2: f64,
}

/// A door: a plate of 0.8 m by 2 m that turns about its hinge at given times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Door {
    /// Local name.
    pub name: String,
    /// The hinge, m.
    pub hinge: Point2,
    /// Direction of the closed plate from the hinge, rad from the x axis.
    pub closed: f64,
    /// Turn from closed to open, rad.
    pub opens_by: f64,
    /// Times at which it begins to move, first to open, then to close, and so on, s, ascending; a move takes 1.5 s.
    pub at_s: Vec<f64>,
    /// Radar cross section, m^2.
    pub rcs_m2: f64,
}

const DOOR_MOVE_S: f64 = 1.5;
const DOOR_WIDTH_M: f64 = 0.8;

/// A mover with everything prepared that does not depend on the time.
#[derive(Clone, Debug)]
pub(crate) struct Moving {
    mover: Mover,
    timeline: Option<Timeline>,
    waves: Vec<Wave>,
    fidgets: Vec<Fidget>,
    /// Starts of breaths, if they do not keep the clock.
    breaths: Vec<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Wave {
    hz: f64,
    phase: f64,
    lag: f64,
}

impl Mover {
    /// The local name.
    pub fn name(&self) -> &str {
        match self {
            Self::Person(m) => &m.name,
            Self::Pet(m) | Self::Robot(m) | Self::Furniture(m) => &m.name,
            Self::Fan(m) => &m.name,
            Self::Curtain(m) => &m.name,
            Self::Door(m) => &m.name,
        }
    }

    /// Why it moves.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Person(_) => Cause::Person,
            Self::Pet(_) => Cause::Pet,
            Self::Robot(_) => Cause::Robot,
            Self::Furniture(_) => Cause::Furniture,
            Self::Fan(_) => Cause::Fan,
            Self::Curtain(_) => Cause::Curtain,
            Self::Door(_) => Cause::Door,
        }
    }

    fn timeline(&self) -> Option<Timeline> {
        match self {
            Self::Person(m) => Some(Timeline::new(&m.route, m.speed_m_s)),
            Self::Pet(m) | Self::Robot(m) | Self::Furniture(m) => Some(Timeline::new(&m.route, m.speed_m_s)),
            Self::Fan(_) | Self::Curtain(_) | Self::Door(_) => None,
        }
    }
}

impl Moving {
    pub fn new(mover: &Mover, seed: u64, index: usize) -> Self {
        let mut draw = Draw::new(seed, Purpose::Mover, index as u64);
        let wave =
            |d: &mut Draw| Wave { hz: d.between(0.1, 1.0), phase: d.between(0.0, TAU), lag: d.between(0.0, 3.0) };
        let waves = if matches!(mover, Mover::Curtain(_)) { (0..5).map(|_| wave(&mut draw)).collect() } else { vec![] };
        let fidgets = match mover {
            Mover::Person(p) => p.fidgets.map_or_else(Vec::new, |f| f.day(index)),
            _ => Vec::new(),
        };
        let breaths = match mover {
            Mover::Person(p) if p.apnoea.is_none() => breath_starts(p.breaths_per_min, p.breath_jitter, &mut draw),
            _ => Vec::new(),
        };
        Self { mover: mover.clone(), timeline: mover.timeline(), waves, fidgets, breaths }
    }

    /// Breaths that a person has done.
    fn breaths(&self, person: &Person, t: f64) -> f64 {
        match self.breaths.is_empty() {
            true => breaths(t, person.breaths_per_min, person.apnoea),
            false => breaths_by(&self.breaths, t),
        }
    }

    /// The pose of a body on a route.
    pub fn pose(&self, t: f64) -> Option<Pose> {
        self.timeline.as_ref().map(|line| line.pose(t))
    }

    /// The fidget of a time, for those who stand still.
    fn fidget(&self, pose: &Pose, t: f64) -> Option<(f64, Fidget)> {
        fidget_at(&self.fidgets, t).filter(|_| !pose.moving)
    }

    /// The mover as described.
    pub fn mover(&self) -> &Mover {
        &self.mover
    }

    /// Where the mover counts as being.
    pub fn place(&self, t: f64) -> Point2 {
        match &self.mover {
            Mover::Fan(m) => [m.at[0], m.at[1]],
            Mover::Curtain(m) => [0.5 * (m.from[0] + m.to[0]), 0.5 * (m.from[1] + m.to[1])],
            Mover::Door(m) => m.hinge,
            Mover::Person(_) | Mover::Pet(_) | Mover::Robot(_) | Mover::Furniture(_) => {
                self.pose(t).map_or([0.0; 2], |p| p.at)
            }
        }
    }

    /// True if it moves by itself at that time; breath does not count.
    pub fn is_moving(&self, t: f64) -> bool {
        match &self.mover {
            Mover::Fan(m) => m.turns_hz > 0.0,
            Mover::Curtain(m) => m.sway_m > 0.0,
            Mover::Door(m) => m.at_s.iter().any(|&s| (s..s + DOOR_MOVE_S).contains(&t)),
            Mover::Person(_) | Mover::Pet(_) | Mover::Robot(_) | Mover::Furniture(_) => {
                self.pose(t).is_some_and(|p| p.moving || self.fidget(&p, t).is_some())
            }
        }
    }

    /// Times up to `until` s at which [`is_moving`](Self::is_moving) may change.
    pub fn marks(&self, until: f64) -> Vec<f64> {
        match (&self.mover, &self.timeline) {
            (Mover::Door(m), _) => m.at_s.iter().flat_map(|&s| [s, s + DOOR_MOVE_S]).filter(|&t| t < until).collect(),
            (_, Some(line)) => {
                let mut marks = line.marks(until);
                marks.extend(fidget_marks(&self.fidgets, until));
                marks
            }
            _ => Vec::new(),
        }
    }

    /// Adds the points and obstacles of a time.
    pub fn points(&self, t: f64, out: &mut Vec<Scatterer>, bodies: &mut Vec<Cylinder>) {
        match (&self.mover, self.pose(t)) {
            (Mover::Person(m), Some(pose)) => {
                m.points(&pose, self.breaths(m, t), self.fidget(&pose, t), out);
                bodies.push(m.cylinder(&pose));
            }
            (Mover::Pet(m) | Mover::Robot(m) | Mover::Furniture(m), Some(pose)) => m.points(&pose, out),
            (Mover::Fan(m), _) => m.points(t, out),
            (Mover::Curtain(m), _) => m.points(t, &self.waves, out),
            (Mover::Door(m), _) => m.points(t, out),
            (Mover::Person(_) | Mover::Pet(_) | Mover::Robot(_) | Mover::Furniture(_), None) => {}
        }
    }
}

impl Runner {
    fn points(&self, pose: &Pose, out: &mut Vec<Scatterer>) {
        let (sin, cos) = libm::sincos(pose.heading);
        for (forward, left) in [(0.15, 0.0), (-0.15, 0.0), (0.0, 0.12), (0.0, -0.12)] {
            let at = [pose.at[0] + forward * cos - left * sin, pose.at[1] + forward * sin + left * cos, self.height_m];
            out.push(Scatterer { at, rcs_m2: 0.25 * self.rcs_m2 });
        }
    }
}

impl Fan {
    fn points(&self, t: f64, out: &mut Vec<Scatterer>) {
        let facing = self.facing + self.swing * libm::sin(TAU * t / 10.0);
        let (sin, cos) = libm::sincos(facing);
        let each = self.rcs_m2 / f64::from(2 * self.blades);
        for blade in 0..self.blades {
            let (up, across) = libm::sincos(TAU * (self.turns_hz * t + f64::from(blade) / f64::from(self.blades)));
            // A blade is pitched: its outer point stands before the plane, its inner point behind it.
            for (r, forward) in [(self.radius_m, 0.03), (0.5 * self.radius_m, -0.01)] {
                let left = r * across;
                let at = [
                    self.at[0] + forward * cos - left * sin,
                    self.at[1] + forward * sin + left * cos,
                    self.at[2] + r * up,
                ];
                out.push(Scatterer { at, rcs_m2: each });
            }
        }
    }
}

impl Curtain {
    fn points(&self, t: f64, waves: &[Wave], out: &mut Vec<Scatterer>) {
        let (dx, dy) = (self.to[0] - self.from[0], self.to[1] - self.from[1]);
        let length = libm::hypot(dx, dy).max(1e-6);
        // Five waves of equal power: the rms of each is the whole's over sqrt 5, its amplitude sqrt 2 times that.
        let amplitude = self.sway_m * (2.0 / 5.0_f64).sqrt();
        for i in 0..6 {
            let along = (f64::from(i) + 0.5) / 6.0;
            let sway: f64 = waves.iter().map(|w| amplitude * libm::sin(TAU * w.hz * t + w.phase + w.lag * along)).sum();
            let at =
                [self.from[0] + along * dx - sway * dy / length, self.from[1] + along * dy + sway * dx / length, 1.0];
            out.push(Scatterer { at, rcs_m2: self.rcs_m2 / 6.0 });
        }
    }
}

impl Door {
    fn points(&self, t: f64, out: &mut Vec<Scatterer>) {
        let mut open = 0.0;
        for (i, &s) in self.at_s.iter().enumerate() {
            let x = ((t - s) / DOOR_MOVE_S).clamp(0.0, 1.0);
            let turned = x * x * (3.0 - 2.0 * x);
            open += if i % 2 == 0 { turned } else { -turned };
        }
        let (sin, cos) = libm::sincos(self.closed + self.opens_by * open);
        for i in 0..4 {
            for z in [0.6, 1.5] {
                let r = DOOR_WIDTH_M * (f64::from(i) + 0.5) / 4.0;
                out.push(Scatterer {
                    at: [self.hinge[0] + r * cos, self.hinge[1] + r * sin, z],
                    rcs_m2: self.rcs_m2 / 8.0,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(json: &str, t: f64) -> Vec<Scatterer> {
        let mover: Mover = serde_json::from_str(json).unwrap();
        let (mut out, mut bodies) = (Vec::new(), Vec::new());
        Moving::new(&mover, 3, 0).points(t, &mut out, &mut bodies);
        out
    }

    #[test]
    fn a_fan_repeats_with_the_passage_of_its_blades() {
        let json = r#"{"kind": "fan", "name": "f", "at": [1, 1, 1], "turns_hz": 4, "blades": 3}"#;
        let near = |a: &Scatterer, b: &Scatterer| a.at.iter().zip(&b.at).all(|(x, y)| (x - y).abs() < 1e-9);
        let (a, b) = (points(json, 0.3), points(json, 0.3 + 1.0 / 12.0));
        assert!(a.iter().all(|p| b.iter().any(|q| near(p, q))));
        assert!(!near(&a[0], &b[0]));
    }

    #[test]
    fn a_door_opens_closes_and_rests() {
        let json = r#"{"kind": "door", "name": "d", "hinge": [0, 0], "closed": 0, "opens_by": 1.5, "at_s": [1, 10], "rcs_m2": 0.5}"#;
        assert_eq!(points(json, 0.0), points(json, 1.0));
        assert_eq!(points(json, 3.0), points(json, 9.0));
        assert_ne!(points(json, 0.0), points(json, 9.0));
        let (shut, again) = (points(json, 0.0), points(json, 20.0));
        assert!(shut.iter().zip(&again).all(|(a, b)| (a.at[1] - b.at[1]).abs() < 1e-12));
    }

    #[test]
    fn a_curtain_sways_by_its_rms() {
        let json = r#"{"kind": "curtain", "name": "c", "from": [0, 0], "to": [2, 0], "sway_m": 0.05, "rcs_m2": 0.1}"#;
        let n = 20_000;
        let power: f64 =
            (0..n).map(|i| points(json, f64::from(i) * 0.1)[2].at[1]).map(|y| y * y).sum::<f64>() / f64::from(n);
        assert!((power.sqrt() - 0.05).abs() < 0.002, "{}", power.sqrt());
    }

    #[test]
    fn unknown_fields_are_refused() {
        let json = r#"{"kind": "fan", "name": "f", "at": [1, 1, 1], "turns_hz": 4, "colour": 1}"#;
        assert!(serde_json::from_str::<Mover>(json).is_err());
    }
}
