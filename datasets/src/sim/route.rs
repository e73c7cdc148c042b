//! A known route: way-points, pauses and speed, as a function of time in closed form.

use serde::{Deserialize, Serialize};

use super::room::Point2;

/// How fast a body starts and stops, m/s^2.
const ACCELERATION: f64 = 2.0;
/// How long a body takes to turn on the spot before it goes on, s.
const TURN_S: f64 = 0.8;
/// Half of the way over which a corner is rounded in heading, m.
const CORNER_M: f64 = 0.25;

/// A point of a route and how long the body stays there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayPoint {
    /// Where, m.
    pub at: Point2,
    /// Stay, s. Zero walks through.
    #[serde(default)]
    pub pause_s: f64,
}

/// A route as described in a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The points in order; the body is at the first from the start.
    pub points: Vec<WayPoint>,
    /// Begin again at the first point after the last one, on a straight way.
    #[serde(default)]
    pub repeat: bool,
}

/// Where a body is and what it does there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Position, m.
    pub at: Point2,
    /// Direction of the front, rad from the x axis.
    pub heading: f64,
    /// Speed along the route, m/s.
    pub speed: f64,
    /// Way done since the start, m; it drives the gait.
    pub walked_m: f64,
    /// True if the body walks or turns.
    pub moving: bool,
}

#[derive(Clone, Debug)]
enum Stage {
    Stay { at: Point2, from: f64, to: f64, turn_at: f64 },
    Walk { points: Vec<Point2>, walked_m: f64 },
}

/// A route with its times.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    stages: Vec<(f64, f64, Stage)>,
    speed: f64,
    repeat: bool,
    period_m: f64,
}

impl Timeline {
    /// Lays out a route at a cruising speed in m/s. The route has at least one point and the speed is positive.
    pub fn new(route: &Route, speed: f64) -> Self {
        let mut points = route.points.clone();
        if route.repeat && points.len() > 1 {
            points.push(WayPoint { at: points[0].at, pause_s: 0.0 });
        }
        let mut line = Self { stages: Vec::new(), speed, repeat: route.repeat && points.len() > 1, period_m: 0.0 };
        let mut leg = Vec::new();
        for (i, p) in points.iter().enumerate() {
            leg.push(p.at);
            if p.pause_s > 0.0 || i == 0 || i + 1 == points.len() {
                line.walk(&leg);
                line.stay(p.at, p.pause_s);
                leg = vec![p.at];
            }
        }
        line.face();
        line
    }

    fn now(&self) -> f64 {
        self.stages.last().map_or(0.0, |s| s.1)
    }

    fn walk(&mut self, points: &[Point2]) {
        let length = length(points);
        if length > 0.0 {
            let (from, walked_m) = (self.now(), self.period_m);
            let points = points.to_vec();
            self.stages.push((from, from + duration(length, self.speed), Stage::Walk { points, walked_m }));
            self.period_m += length;
        }
    }

    fn stay(&mut self, at: Point2, pause_s: f64) {
        if pause_s > 0.0 || self.stages.is_empty() {
            let from = self.now();
            self.stages.push((from, from + pause_s, Stage::Stay { at, from: 0.0, to: 0.0, turn_at: f64::INFINITY }));
        }
    }

    /// Sets the headings of all stays: that of the way before, turned at the end to that of the way behind.
    fn face(&mut self) {
        let walks: Vec<Option<(f64, f64)>> = self.stages.iter().map(|s| ends(&s.2)).collect();
        let n = walks.len();
        for i in 0..n {
            let around = |mut j: Box<dyn Iterator<Item = usize>>| j.find_map(|k| walks[k]);
            let cycle = |k: usize| if self.repeat { Some(k % n) } else { (k < n).then_some(k) };
            let behind = around(Box::new((1..n).filter_map(move |d| cycle(i + d))));
            let before = around(Box::new((0..i).rev()));
            let last = if self.repeat { around(Box::new((i + 1..n).rev())) } else { None };
            let from = before.or(last).map(|w| w.1).or(behind.map(|w| w.0)).unwrap_or(0.0);
            let to = behind.map_or(from, |w| w.0);
            let (t0, t1, stage) = &mut self.stages[i];
            if let Stage::Stay { from: f, to: t, turn_at, .. } = stage {
                (*f, *t) = (from, from + wrap(to - from));
                *turn_at = if wrap(to - from).abs() > 1e-6 { (*t1 - TURN_S).max(*t0) } else { f64::INFINITY };
            }
        }
    }

    /// Where the body is at a time in s.
    pub fn pose(&self, t: f64) -> Pose {
        let end = self.now();
        let (rounds, t) = if self.repeat && end > 0.0 && t >= end {
            let rounds = libm::floor(t / end);
            (rounds, t - rounds * end)
        } else {
            (0.0, t)
        };
        let i = self.stages.partition_point(|s| s.1 <= t).min(self.stages.len() - 1);
        let mut pose = self.stages[i].2.pose(self.stages[i].0, self.stages[i].1, t, self.speed);
        if matches!(self.stages[i].2, Stage::Stay { .. }) {
            let before = self.stages[..i].iter().rev().find_map(|s| match &s.2 {
                Stage::Walk { points, walked_m } => Some(walked_m + length(points)),
                Stage::Stay { .. } => None,
            });
            pose.walked_m = before.unwrap_or(0.0);
        }
        pose.walked_m += rounds * self.period_m;
        pose
    }

    /// Times at which a pose may change its kind, up to `until` s, ascending: stage borders and turns.
    pub fn marks(&self, until: f64) -> Vec<f64> {
        let mut marks = Vec::new();
        let end = self.now();
        let rounds = if self.repeat && end > 0.0 { libm::ceil(until / end) as usize } else { 1 };
        for r in 0..rounds {
            for (from, _, stage) in &self.stages {
                marks.push(r as f64 * end + from);
                if let Stage::Stay { turn_at, .. } = stage {
                    marks.push(r as f64 * end + turn_at);
                }
            }
        }
        marks.push(rounds as f64 * end);
        marks.retain(|&t| t < until);
        marks
    }
}

impl Stage {
    fn pose(&self, from: f64, to: f64, t: f64, cruise: f64) -> Pose {
        match self {
            Self::Stay { at, from: a, to: b, turn_at } => {
                let share = if t >= *turn_at && t < to { smooth((t - turn_at) / (to - turn_at)) } else { 0.0 };
                let over = t >= to && turn_at.is_finite();
                let heading = if over { *b } else { a + (b - a) * share };
                Pose { at: *at, heading, speed: 0.0, walked_m: 0.0, moving: t >= *turn_at && t < to }
            }
            Self::Walk { points, walked_m } => {
                let whole = length(points);
                let inside = t < to;
                let (s, speed) = if inside { progress(t - from, whole, cruise) } else { (whole, 0.0) };
                let heading = heading(points, s, whole);
                Pose { at: point(points, s), heading, speed, walked_m: walked_m + s, moving: inside }
            }
        }
    }
}

/// First and last heading of a walk.
fn ends(stage: &Stage) -> Option<(f64, f64)> {
    match stage {
        Stage::Walk { points, .. } => {
            let whole = length(points);
            Some((heading(points, 0.0, whole), heading(points, whole, whole)))
        }
        Stage::Stay { .. } => None,
    }
}

fn length(points: &[Point2]) -> f64 {
    points.windows(2).map(|w| gap(w[0], w[1])).sum()
}

fn gap(a: Point2, b: Point2) -> f64 {
    libm::hypot(b[0] - a[0], b[1] - a[1])
}

/// The point `s` metres along the way.
fn point(points: &[Point2], mut s: f64) -> Point2 {
    for w in points.windows(2) {
        let d = gap(w[0], w[1]);
        if s <= d && d > 0.0 {
            let k = s / d;
            return [w[0][0] + k * (w[1][0] - w[0][0]), w[0][1] + k * (w[1][1] - w[0][1])];
        }
        s -= d;
    }
    points[points.len() - 1]
}

fn heading(points: &[Point2], s: f64, whole: f64) -> f64 {
    let (a, b) = (point(points, (s - CORNER_M).max(0.0)), point(points, (s + CORNER_M).min(whole)));
    libm::atan2(b[1] - a[1], b[0] - a[0])
}

fn wrap(angle: f64) -> f64 {
    libm::remainder(angle, core::f64::consts::TAU)
}

fn smooth(x: f64) -> f64 {
    x * x * (3.0 - 2.0 * x)
}

/// Time for a way with a start and a stop, s.
fn duration(length: f64, cruise: f64) -> f64 {
    let ramp = cruise * cruise / ACCELERATION;
    if length >= ramp { length / cruise + cruise / ACCELERATION } else { 2.0 * (length / ACCELERATION).sqrt() }
}

/// Way and speed `t` s after the start.
fn progress(t: f64, length: f64, cruise: f64) -> (f64, f64) {
    let peak = cruise.min((length * ACCELERATION).sqrt());
    let (ramp_s, total) = (peak / ACCELERATION, duration(length, cruise));
    if t < ramp_s {
        (0.5 * ACCELERATION * t * t, ACCELERATION * t)
    } else if t < total - ramp_s {
        (0.5 * peak * ramp_s + peak * (t - ramp_s), peak)
    } else {
        let left = (total - t).max(0.0);
        (length - 0.5 * ACCELERATION * left * left, ACCELERATION * left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(repeat: bool) -> Route {
        let p = |x: f64, y: f64, pause_s: f64| WayPoint { at: [x, y], pause_s };
        Route { points: vec![p(0.0, 0.0, 5.0), p(4.0, 0.0, 0.0), p(4.0, 3.0, 6.0), p(0.0, 3.0, 0.0)], repeat }
    }

    #[test]
    fn position_is_continuous_and_slower_than_the_cruise() {
        for repeat in [false, true] {
            let line = Timeline::new(&route(repeat), 1.2);
            let mut last = line.pose(0.0);
            for i in 1..60_000 {
                let pose = line.pose(f64::from(i) * 1e-3);
                assert!(gap(last.at, pose.at) <= 1.2e-3 + 1e-9, "{i}: {last:?} {pose:?}");
                assert!(wrap(pose.heading - last.heading).abs() < 0.02, "{i}: {last:?} {pose:?}");
                assert!(pose.walked_m >= last.walked_m - 1e-9, "{i}: {last:?} {pose:?}");
                last = pose;
            }
        }
    }

    #[test]
    fn times_of_stay_and_way() {
        let line = Timeline::new(&route(false), 1.0);
        assert!(!line.pose(4.9).moving);
        assert_eq!(line.pose(4.9).at, [0.0, 0.0]);
        // 7 m at 1 m/s with half a second each for start and stop.
        assert!(line.pose(5.0 + 7.49).moving);
        assert!(!line.pose(5.0 + 7.51).moving);
        assert_eq!(line.pose(13.0).at, [4.0, 3.0]);
        assert_eq!(line.pose(1000.0).at, [0.0, 3.0]);
        assert!(!line.pose(1000.0).moving);
    }

    #[test]
    fn a_repeated_route_has_a_period() {
        let line = Timeline::new(&route(true), 1.0);
        let end = line.now();
        assert!(gap(line.pose(end + 7.0).at, line.pose(7.0).at) < 1e-6);
        assert!(line.pose(end + 1.0).walked_m > 13.0);
    }

    #[test]
    fn one_point_stays() {
        let still = Route { points: vec![WayPoint { at: [1.0, 2.0], pause_s: 0.0 }], repeat: true };
        let pose = Timeline::new(&still, 1.0).pose(33.0);
        assert_eq!((pose.at, pose.moving), ([1.0, 2.0], false));
    }
}
