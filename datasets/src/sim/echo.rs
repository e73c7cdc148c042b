//! Echoes: the reverberant ways to a moving body and from it.

use core::f64::consts::TAU;

use super::draw::Draw;
use super::light::LIGHT_M_S;
use super::room::{Point2, Point3, distance};

/// Which legs of a body's path are echoes.
#[derive(Clone, Copy)]
pub(crate) enum Legs {
    First,
    Second,
    Both,
}

/// A way over a body by reverberation: the sum of a delay of its own and of plane waves at the body.
#[derive(Clone, Copy)]
pub(crate) struct Echo {
    pub legs: Legs,
    /// Length of the echo legs with the body at the origin, m.
    pub length_m: f64,
    pub phase: f64,
    /// Change of that length for each metre of the body's way, along x and y.
    pub slope: Point2,
}

/// Echoes of each kind; the power of a kind is shared among them.
pub(crate) const ECHOES: usize = 2;

/// Draws the echoes of a link. Plane waves meet the body from any side; their length counts from the link's middle.
pub(crate) fn echoes(tx: Point3, rx: Point3, spread_ns: f64, draw: &mut Draw) -> Vec<Echo> {
    let middle = [0.5 * (tx[0] + rx[0]), 0.5 * (tx[1] + rx[1])];
    let half = 0.5 * distance(tx, rx);
    let mut found = Vec::new();
    for legs in [Legs::First, Legs::Second, Legs::Both] {
        for _ in 0..ECHOES {
            let mut wave = || {
                let (sin, cos) = libm::sincos(draw.between(0.0, TAU));
                (half + draw.exponential(spread_ns * 1e-9) * LIGHT_M_S, [cos, sin])
            };
            let (mut length_m, mut slope) = wave();
            if matches!(legs, Legs::Both) {
                let (second_m, second) = wave();
                (length_m, slope) = (length_m + second_m, [slope[0] + second[0], slope[1] + second[1]]);
            }
            length_m -= slope[0] * middle[0] + slope[1] * middle[1];
            found.push(Echo { legs, length_m, phase: draw.between(0.0, TAU), slope });
        }
    }
    found
}
