//! Ground truth: what really moves, where and why, at a time and as intervals.

use serde::Serialize;

use super::mover::{Cause, Moving};
use super::room::{FloorPlan, Point2};
use super::scene::Scene;

/// What is true of one body or thing at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BodyTruth {
    /// Index in the scene's movers.
    pub mover: usize,
    /// Why it moves.
    pub cause: Cause,
    /// Index of the room, `None` outside all rooms.
    pub room: Option<usize>,
    /// Where, m.
    pub at: Point2,
    /// Speed along its route, m/s; 0 for things that stay in place.
    pub speed_m_s: f64,
    /// True if it moves; breath does not count.
    pub moving: bool,
}

/// What is true of the home at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// Time, s.
    pub t_s: f64,
    /// Room of the first person who is inside.
    pub room: Option<usize>,
    /// True if a person inside moves.
    pub moving: bool,
    /// Number of persons inside.
    pub persons: usize,
    /// Every mover.
    pub bodies: Vec<BodyTruth>,
}

/// A stretch of time in which one cause moves in one room.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Index of the room.
    pub room: usize,
    /// Its name.
    pub room_name: String,
    /// Start, s.
    pub from_s: f64,
    /// End, s.
    pub to_s: f64,
    /// What is there.
    pub cause: Cause,
    /// Moving, or there and still.
    pub moving: bool,
    /// Index in the scene's movers.
    pub mover: usize,
}

/// The truth of a scene. Movers that follow routes do so by the scene alone, whatever the seed.
pub struct Witness {
    plan: FloorPlan,
    moving: Vec<Moving>,
}

/// Borders of rooms are found to this, s.
const STEP_S: f64 = 0.01;

impl Witness {
    /// The witness of a checked scene.
    pub fn new(scene: &Scene) -> Self {
        let moving = scene.movers.iter().enumerate().map(|(i, m)| Moving::new(m, 0, i)).collect();
        Self { plan: scene.plan(), moving }
    }

    /// What is true at a time in s.
    pub fn truth_at(&self, t_s: f64) -> Truth {
        let bodies: Vec<BodyTruth> = (0..self.moving.len()).map(|i| self.body(i, t_s)).collect();
        let inside = || bodies.iter().filter(|b| b.cause == Cause::Person && b.room.is_some());
        Truth {
            t_s,
            room: inside().next().and_then(|b| b.room),
            moving: inside().any(|b| b.moving),
            persons: inside().count(),
            bodies,
        }
    }

    fn body(&self, i: usize, t: f64) -> BodyTruth {
        let m = &self.moving[i];
        let at = m.place(t);
        BodyTruth {
            mover: i,
            cause: m.mover().cause(),
            room: self.plan.room_at(at),
            at,
            speed_m_s: m.pose(t).map_or(0.0, |p| p.speed),
            moving: m.is_moving(t),
        }
    }

    /// Who is where, and moving or still, from 0 to `until_s`: sorted by mover, then start. Outside the rooms is left out.
    pub fn intervals(&self, until_s: f64) -> Vec<Interval> {
        (0..self.moving.len()).flat_map(|i| self.intervals_of(i, until_s)).collect()
    }

    /// The stretches in which anything but breath moves in a room, joined over all movers of the causes asked for.
    pub fn motion_in(&self, room: usize, until_s: f64, causes: &[Cause]) -> Vec<(f64, f64)> {
        let mut spans: Vec<(f64, f64)> = self
            .intervals(until_s)
            .iter()
            .filter(|i| i.room == room && i.moving && causes.contains(&i.cause))
            .map(|i| (i.from_s, i.to_s))
            .collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut joined: Vec<(f64, f64)> = Vec::new();
        for (from, to) in spans {
            match joined.last_mut() {
                Some(last) if from <= last.1 + STEP_S => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined
    }

    fn intervals_of(&self, i: usize, until_s: f64) -> Vec<Interval> {
        let mut times: Vec<f64> = self.moving[i].marks(until_s);
        if self.moving[i].pose(0.0).is_some() {
            let steps = (until_s / STEP_S).ceil() as usize;
            times.extend((0..steps).map(|k| k as f64 * STEP_S));
        }
        times.push(0.0);
        times.sort_by(f64::total_cmp);
        let mut found: Vec<Interval> = Vec::new();
        for t in times {
            let b = self.body(i, t);
            let same =
                found.last().is_some_and(|l| l.to_s.is_infinite() && Some(l.room) == b.room && l.moving == b.moving);
            if same {
                continue;
            }
            if let Some(last) = found.last_mut().filter(|l| l.to_s.is_infinite()) {
                last.to_s = t;
            }
            if let Some(room) = b.room {
                let room_name = self.plan.rooms[room].name.clone();
                let (from_s, to_s) = (t, f64::INFINITY);
                found.push(Interval { room, room_name, from_s, to_s, cause: b.cause, moving: b.moving, mover: i });
            }
        }
        if let Some(last) = found.last_mut().filter(|l| l.to_s.is_infinite()) {
            last.to_s = until_s;
        }
        found.retain(|f| f.to_s > f.from_s);
        found
    }
}

impl Scene {
    /// What is true at a time in s. Lays out all routes anew; a [`Witness`] does so once for many times.
    pub fn truth_at(&self, t_s: f64) -> Truth {
        Witness::new(self).truth_at(t_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_the_truth_at_their_times() {
        let scene = Scene::builtin("home").unwrap();
        let witness = Witness::new(&scene);
        let intervals = witness.intervals(70.0);
        for i in 0..700 {
            let t = 0.1 * f64::from(i) + 0.05;
            let truth = witness.truth_at(t);
            assert_eq!(truth, scene.truth_at(t));
            for body in &truth.bodies {
                let holds = |x: &&Interval| x.mover == body.mover && x.from_s <= t && t < x.to_s;
                let found: Vec<&Interval> = intervals.iter().filter(holds).collect();
                // Borders are found to a hundredth of a second, so the grid here keeps off them by chance alone.
                let near = intervals.iter().any(|x| (x.from_s - t).abs() < 0.02 || (x.to_s - t).abs() < 0.02);
                assert!(near || found.len() == 1, "{t}: {found:?}");
                assert!(near || (Some(found[0].room), found[0].moving) == (body.room, body.moving), "{t}: {found:?}");
            }
        }
    }

    #[test]
    fn the_resident_visits_every_room_and_the_fan_never_stops() {
        let scene = Scene::builtin("home").unwrap();
        let witness = Witness::new(&scene);
        for room in 0..scene.rooms.len() {
            let walks = witness.motion_in(room, scene.seconds, &[Cause::Person]);
            let walked: f64 = walks.iter().map(|(from, to)| to - from).sum();
            assert!(walked > 4.0, "{}: {walks:?}", scene.rooms[room].name);
            let rests =
                |i: &&Interval| i.room == room && i.cause == Cause::Person && !i.moving && i.to_s - i.from_s > 4.0;
            assert!(witness.intervals(scene.seconds).iter().any(|i| rests(&i)), "{}", scene.rooms[room].name);
        }
        let office = scene.rooms.iter().position(|r| r.name == "office").unwrap();
        assert_eq!(witness.motion_in(office, 70.0, &[Cause::Fan]), [(0.0, 70.0)]);
        assert!(witness.motion_in(0, 70.0, &[Cause::Fan]).is_empty());
    }

    #[test]
    fn outside_is_nowhere() {
        let scene = Scene::builtin("walk-across").unwrap();
        let (before, within) = (scene.truth_at(5.0), scene.truth_at(15.0));
        assert_eq!((before.room, before.moving, before.persons), (None, false, 0));
        assert_eq!((within.room, within.moving, within.persons), (Some(0), true, 1));
    }
}
