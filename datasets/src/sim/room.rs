//! The floor plan: rooms as rectangles, walls as segments with a loss, all in metres.

use serde::{Deserialize, Serialize};

/// A point on the plan, m.
pub type Point2 = [f64; 2];
/// A point with its height above the floor, m.
pub type Point3 = [f64; 3];

/// A room: a rectangle along the axes. Where two touch, a point on the border belongs to the one whose lower edge it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// The household's name for it.
    pub name: String,
    /// From and to along x, m.
    pub x: [f64; 2],
    /// From and to along y, m.
    pub y: [f64; 2],
}

/// A straight wall from floor to ceiling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wall {
    /// One end, m.
    pub from: Point2,
    /// The other end, m.
    pub to: Point2,
    /// What a crossing costs, dB: 3 glass or thin board, 6 drywall, 12 brick or concrete.
    pub loss_db: f64,
    /// What a reflection costs, dB: 3 to 8.
    #[serde(default = "default_reflection_db")]
    pub reflection_db: f64,
}

fn default_reflection_db() -> f64 {
    6.0
}

/// Rooms and walls of one floor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloorPlan {
    /// The rooms; they do not overlap.
    pub rooms: Vec<Room>,
    /// The walls; doors are gaps.
    pub walls: Vec<Wall>,
}

impl Room {
    /// True if the point lies in the room.
    pub fn contains(&self, p: Point2) -> bool {
        self.x[0] <= p[0] && p[0] < self.x[1] && self.y[0] <= p[1] && p[1] < self.y[1]
    }
}

impl FloorPlan {
    /// Index of the room that holds a point.
    pub fn room_at(&self, p: Point2) -> Option<usize> {
        self.rooms.iter().position(|r| r.contains(p))
    }

    /// Loss over all walls between two points, dB. `skip` leaves out the walls that a path reflects from.
    pub fn crossing_db(&self, a: Point2, b: Point2, skip: &[usize]) -> f64 {
        let crossed = |(i, w): &(usize, &Wall)| !skip.contains(i) && crosses(a, b, w.from, w.to);
        self.walls.iter().enumerate().filter(crossed).map(|(_, w)| w.loss_db).sum()
    }

    /// Number of walls between two points.
    pub fn crossings(&self, a: Point2, b: Point2) -> usize {
        self.walls.iter().filter(|w| crosses(a, b, w.from, w.to)).count()
    }
}

/// Twice the signed area of a triangle.
fn turn(a: Point2, b: Point2, c: Point2) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// True if the segments cross. A touch counts at one end of each, so that a chain of walls is crossed once.
pub(crate) fn crosses(a: Point2, b: Point2, c: Point2, d: Point2) -> bool {
    (turn(a, b, c) < 0.0) != (turn(a, b, d) < 0.0) && (turn(c, d, a) < 0.0) != (turn(c, d, b) < 0.0)
}

/// Where the line through `a` and `b` meets the wall, if it does so inside the segment and the wall.
pub(crate) fn meet(a: Point2, b: Point2, wall: &Wall) -> Option<Point2> {
    if !crosses(a, b, wall.from, wall.to) {
        return None;
    }
    let (ta, tb) = (turn(wall.from, wall.to, a), turn(wall.from, wall.to, b));
    let s = ta / (ta - tb);
    Some([a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])])
}

/// The mirror image of a point in the line of a wall.
pub(crate) fn mirror(p: Point2, wall: &Wall) -> Point2 {
    let (dx, dy) = (wall.to[0] - wall.from[0], wall.to[1] - wall.from[1]);
    let k = 2.0 * turn(wall.from, wall.to, p) / (dx * dx + dy * dy);
    [p[0] + k * dy, p[1] - k * dx]
}

/// Distance of two points, m.
pub(crate) fn distance(a: Point3, b: Point3) -> f64 {
    let (x, y, z) = (a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    (x * x + y * y + z * z).sqrt()
}

/// The plan's part of a point.
pub(crate) fn flat(p: Point3) -> Point2 {
    [p[0], p[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(from: Point2, to: Point2) -> Wall {
        Wall { from, to, loss_db: 6.0, reflection_db: 6.0 }
    }

    #[test]
    fn a_chain_of_walls_is_crossed_once() {
        let plan =
            FloorPlan { rooms: vec![], walls: vec![wall([1.0, -1.0], [1.0, 0.0]), wall([1.0, 0.0], [1.0, 1.0])] };
        assert_eq!(plan.crossings([0.0, 0.0], [2.0, 0.0]), 1);
        assert_eq!(plan.crossing_db([0.0, 0.5], [2.0, 0.5], &[]), 6.0);
        assert_eq!(plan.crossing_db([0.0, 0.5], [2.0, 0.5], &[1]), 0.0);
        assert_eq!(plan.crossings([0.0, 2.0], [2.0, 2.0]), 0);
    }

    #[test]
    fn image_and_reflection_point() {
        let w = wall([0.0, 0.0], [10.0, 0.0]);
        assert_eq!(mirror([3.0, 2.0], &w), [3.0, -2.0]);
        assert_eq!(meet([3.0, -2.0], [7.0, 2.0], &w), Some([5.0, 0.0]));
        assert_eq!(meet([3.0, 1.0], [7.0, 2.0], &w), None);
    }

    #[test]
    fn a_border_belongs_to_one_room() {
        let room = |x: [f64; 2]| Room { name: String::new(), x, y: [0.0, 1.0] };
        let plan = FloorPlan { rooms: vec![room([0.0, 1.0]), room([1.0, 2.0])], walls: vec![] };
        assert_eq!(plan.room_at([1.0, 0.5]), Some(1));
        assert_eq!(plan.room_at([2.0, 0.5]), None);
    }
}
