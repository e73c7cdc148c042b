//! Propagation: from the floor plan to the channel frequency response of one antenna.
//!
//! `H[k] = sum over paths a e^{-j 2 pi f_k l / c}` with line of sight, first- and second-order images in the walls and
//! random scatterers as the static part, computed once, and bistatic point scatterers as the moving part, computed for
//! each frame. Bodies that stand in a path shadow it. Amplitudes are those of isotropic antennas, so `|H|^2` is the path
//! gain.
//!
//! A room reverberates for a moving body too: the wave to it and the wave from it each come on the direct way or by
//! echoes, whose power over a leg is `1 / r_c^2` where the direct way's is `1 / d^2`. The critical distance `r_c`, at which
//! the two are equal, is the one that gives the static channel its K-factor. Echoes spread a body's mark over delay, and
//! so over tones.
//!
//! Source: Friis' equation; the bistatic radar equation; ITU-R P.526 (single knife edge); Kuttruff, Room Acoustics,
//! chapter 5, for the critical distance of a diffuse field.

use core::f64::consts::{PI, TAU};

use millpond_dsp::phy::{Bandwidth, Channel, PpduFormat, ToneSpacing, tones};

use super::draw::Draw;
use super::echo::{ECHOES, Echo, Legs, echoes};
pub use super::light::LIGHT_M_S;
use super::room::{FloorPlan, Point2, Point3, Wall, distance, flat, meet, mirror};

/// Tones that are turned side by side; the turn by a whole lane is three squarings of that by one tone.
const LANES: usize = 8;
/// Nobody comes closer to an antenna than this, m.
const NEAREST_M: f64 = 0.3;

/// Which tones a packet sounds, and where they lie.
#[derive(Clone, Debug)]
pub struct ToneGrid {
    /// Signed indices of the sounded tones, ascending.
    pub live: Vec<i16>,
    /// Centre of the packet's width, Hz.
    pub center_hz: f64,
    /// Distance of two tones, Hz.
    pub spacing_hz: f64,
    dense: usize,
}

/// A dense response: every index from the first live tone to the last, padded to whole lanes, real and imaginary apart.
#[derive(Debug, Default)]
pub(crate) struct Response {
    pub re: Vec<f64>,
    pub im: Vec<f64>,
}

impl Clone for Response {
    fn clone(&self) -> Self {
        Self { re: self.re.clone(), im: self.im.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        self.re.clone_from(&from.re);
        self.im.clone_from(&from.im);
    }
}

impl ToneGrid {
    /// The tones of a packet that fills its channel.
    pub fn new(channel: Channel, width: Bandwidth, format: PpduFormat) -> Self {
        let live: Vec<i16> = (-2048..2048).filter(|&k| tones::is_populated(format, width, k)).collect();
        let spacing_hz = match format.spacing() {
            ToneSpacing::Khz312 => 312_500.0,
            ToneSpacing::Khz78 => 78_125.0,
        };
        let number = if width == channel.width() { channel.center() } else { channel.primary() };
        let center_hz = f64::from(channel.band().mhz(number)) * 1e6;
        let dense = (live[live.len() - 1] - live[0]) as usize + 1;
        Self { live, center_hz, spacing_hz, dense: dense.next_multiple_of(LANES) }
    }

    /// Wave length at the centre, m.
    pub fn lambda_m(&self) -> f64 {
        LIGHT_M_S / self.center_hz
    }

    pub(crate) fn zero(&self) -> Response {
        Response { re: vec![0.0; self.dense], im: vec![0.0; self.dense] }
    }

    /// Positions of the live tones in a dense response.
    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.live.iter().map(|&k| (k - self.live[0]) as usize)
    }

    /// Mean power over the live tones.
    pub(crate) fn mean_power(&self, h: &Response) -> f64 {
        let sum: f64 = self.positions().map(|i| h.re[i] * h.re[i] + h.im[i] * h.im[i]).sum();
        sum / self.live.len() as f64
    }

    /// Adds a path of an amplitude and a length in m. Cost: 8 flops a tone and two sine-cosine pairs.
    pub(crate) fn add(&self, h: &mut Response, amplitude: f64, length_m: f64) {
        self.add_turned(h, amplitude, 0.0, length_m);
    }

    /// The same with an extra phase in rad.
    pub(crate) fn add_turned(&self, h: &mut Response, amplitude: f64, phase: f64, length_m: f64) {
        let delay = length_m / LIGHT_M_S;
        let first = self.center_hz + f64::from(self.live[0]) * self.spacing_hz;
        // Whole turns go before the multiplication with tau, so that long paths keep their phase.
        let start = phase - TAU * fraction(first * delay);
        let step = -TAU * fraction(self.spacing_hz * delay);
        let (sin, cos) = libm::sincos(start);
        let (by_im, by_re) = libm::sincos(step);
        let turn = |(re, im): (f64, f64), (c, s): (f64, f64)| (re * c - im * s, re * s + im * c);
        let (mut re, mut im) = ([0.0; LANES], [0.0; LANES]);
        let mut at = (amplitude * cos, amplitude * sin);
        for (re, im) in re.iter_mut().zip(&mut im) {
            (*re, *im) = at;
            at = turn(at, (by_re, by_im));
        }
        let square = |by: (f64, f64)| turn(by, by);
        let (cos, sin) = square(square(square((by_re, by_im))));
        for (hr, hi) in h.re.chunks_exact_mut(LANES).zip(h.im.chunks_exact_mut(LANES)) {
            for i in 0..LANES {
                hr[i] += re[i];
                hi[i] += im[i];
                (re[i], im[i]) = (re[i] * cos - im[i] * sin, re[i] * sin + im[i] * cos);
            }
        }
    }
}

fn fraction(x: f64) -> f64 {
    x - libm::floor(x)
}

/// A point that scatters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scatterer {
    /// Where, m.
    pub at: Point3,
    /// Radar cross section, m^2.
    pub rcs_m2: f64,
}

/// An upright cylinder that shadows paths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cylinder {
    /// Axis, m.
    pub at: Point2,
    /// Radius, m.
    pub radius_m: f64,
    /// Height, m.
    pub height_m: f64,
}

/// Everything that moves, in its place at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bodies {
    pub points: Vec<Scatterer>,
    pub obstacles: Vec<Cylinder>,
}

/// Reverberation of a home beside its specular paths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reverberation {
    /// Specular over scattered power (K-factor), dB.
    pub k_db: f64,
    /// Mean excess delay, equal to the rms delay spread of an exponential profile, ns.
    pub spread_ns: f64,
    /// Number of scatterers.
    pub count: usize,
}

struct Specular {
    response: Response,
    points: Vec<Point3>,
}

/// What of a channel's response need not be computed again, as nothing in it has moved.
#[derive(Default)]
pub(crate) struct Still {
    obstacles: Vec<Cylinder>,
    /// The static response behind them.
    shaded: Response,
    /// The points of the last call, and whether they stand in the sum.
    seen: Vec<Scatterer>,
    is_summed: Vec<bool>,
    sum: Response,
}

impl Still {
    /// Starts the sum anew if a point in it has moved, or if there are others.
    fn match_points(&mut self, grid: &ToneGrid, points: &[Scatterer]) {
        let fits = self.seen.len() == points.len() && !self.sum.re.is_empty();
        let moved = || points.iter().zip(&self.seen).zip(&self.is_summed).any(|((p, seen), sum)| *sum && p != seen);
        if !fits || moved() {
            self.sum = grid.zero();
            self.is_summed.clear();
            self.is_summed.resize(points.len(), false);
        }
        if !fits {
            self.seen.clear();
            // Nothing is equal to no place.
            self.seen.resize(points.len(), Scatterer { at: [f64::NAN; 3], rcs_m2: 0.0 });
        }
    }
}

/// A contribution of less than this share of the static amplitude (-70 dB) is left out.
const NEGLIGIBLE: f64 = 3e-4;

/// The channel from one transmit to one receive antenna.
pub(crate) struct Channel1 {
    tx: Point3,
    rx: Point3,
    lambda_m: f64,
    fixed: Response,
    specular: Vec<Specular>,
    echoes: Vec<Echo>,
    critical_m: f64,
    least: f64,
}

impl Channel1 {
    /// Computes the static paths.
    pub fn new(
        plan: &FloorPlan,
        grid: &ToneGrid,
        tx: Point3,
        rx: Point3,
        more: Reverberation,
        draw: &mut Draw,
    ) -> Self {
        let lambda_m = grid.lambda_m();
        let mut fixed = grid.zero();
        let mut specular = Vec::new();
        let mut power = 0.0;
        for (points, loss_db) in specular_paths(plan, tx, rx) {
            let length = points.windows(2).map(|w| distance(w[0], w[1])).sum::<f64>().max(NEAREST_M);
            let amplitude = lambda_m / (4.0 * PI * length) * db_to_amplitude(-loss_db);
            power += amplitude * amplitude;
            let mut response = grid.zero();
            grid.add(&mut response, amplitude, length);
            grid.add(&mut fixed, amplitude, length);
            specular.push(Specular { response, points });
        }
        let direct = distance(tx, rx);
        let each = (power * libm::pow(10.0, -more.k_db / 10.0) / more.count.max(1) as f64).sqrt();
        for _ in 0..more.count {
            let excess = draw.exponential(more.spread_ns * 1e-9) * LIGHT_M_S;
            grid.add_turned(&mut fixed, each, draw.between(0.0, TAU), direct + excess);
        }
        let critical_m = (direct * db_to_amplitude(more.k_db)).max(NEAREST_M);
        let echoes = if more.count == 0 { vec![] } else { echoes(tx, rx, more.spread_ns, draw) };
        let least = NEGLIGIBLE * grid.mean_power(&fixed).sqrt();
        Self { tx, rx, lambda_m, fixed, specular, echoes, critical_m, least }
    }

    /// The static response.
    pub fn fixed(&self) -> &Response {
        &self.fixed
    }

    /// The response with moving bodies: bistatic scatter added, shadowed paths reduced. `still` holds what has not moved
    /// since the last call for this channel: a sleeper costs one point, the chest, and not sixteen.
    pub fn evaluate(&self, plan: &FloorPlan, grid: &ToneGrid, bodies: &Bodies, still: &mut Still, out: &mut Response) {
        if still.shaded.re.is_empty() || still.obstacles != bodies.obstacles {
            still.obstacles.clone_from(&bodies.obstacles);
            still.shaded.clone_from(&self.fixed);
            for path in &self.specular {
                let kept = self.kept(&path.points, &bodies.obstacles);
                if kept < 1.0 {
                    subtract(&mut still.shaded, &path.response, 1.0 - kept);
                }
            }
        }
        out.clone_from(&still.shaded);
        still.match_points(grid, &bodies.points);
        for (i, p) in bodies.points.iter().enumerate() {
            if still.seen[i] != *p {
                still.seen[i] = *p;
                self.scatter(plan, grid, p, out);
            } else if !std::mem::replace(&mut still.is_summed[i], true) {
                self.scatter(plan, grid, p, &mut still.sum);
            }
        }
        subtract(out, &still.sum, -1.0);
    }

    /// Adds one moving point: `a = sqrt(rcs lambda^2 / ((4 pi)^3 d1^2 d2^2))`, less the walls on both legs, and the
    /// same with the critical distance in the place of `d1`, `d2` or both for its echoes.
    fn scatter(&self, plan: &FloorPlan, grid: &ToneGrid, p: &Scatterer, out: &mut Response) {
        let (d1, d2) = (distance(self.tx, p.at).max(NEAREST_M), distance(p.at, self.rx).max(NEAREST_M));
        let walls = plan.crossing_db(flat(self.tx), flat(p.at), &[]) + plan.crossing_db(flat(p.at), flat(self.rx), &[]);
        let four_pi = 4.0 * PI;
        let strength = self.lambda_m * (p.rcs_m2 / four_pi).sqrt() / four_pi * db_to_amplitude(-walls);
        let mut add = |amplitude: f64, phase: f64, length_m: f64| {
            if amplitude > self.least {
                grid.add_turned(out, amplitude, phase, length_m);
            }
        };
        add(strength / (d1 * d2), 0.0, d1 + d2);
        let strength = strength / (ECHOES as f64).sqrt();
        for e in &self.echoes {
            let echo_m = e.length_m + e.slope[0] * p.at[0] + e.slope[1] * p.at[1];
            let (spread, length_m) = match e.legs {
                Legs::First => (self.critical_m * d2, echo_m + d2),
                Legs::Second => (d1 * self.critical_m, d1 + echo_m),
                Legs::Both => (self.critical_m * self.critical_m, echo_m),
            };
            add(strength / spread, e.phase, length_m);
        }
    }

    /// Share of a path's amplitude that the bodies let pass.
    fn kept(&self, path: &[Point3], bodies: &[Cylinder]) -> f64 {
        let mut kept = 1.0;
        for b in bodies {
            for leg in path.windows(2) {
                kept *= pass(leg[0], leg[1], b, self.lambda_m);
            }
        }
        kept
    }
}

fn subtract(out: &mut Response, path: &Response, share: f64) {
    for (o, p) in out.re.iter_mut().zip(&path.re) {
        *o -= share * p;
    }
    for (o, p) in out.im.iter_mut().zip(&path.im) {
        *o -= share * p;
    }
}

pub(crate) fn db_to_amplitude(db: f64) -> f64 {
    if db == 0.0 { 1.0 } else { libm::pow(10.0, db / 20.0) }
}

/// Share of the amplitude that passes a body: the sum of what goes by on its left and on its right, each as over a knife
/// edge. The phases of the two sides are left out.
fn pass(a: Point3, b: Point3, body: &Cylinder, lambda_m: f64) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = (dx * dx + dy * dy).sqrt();
    if length < NEAREST_M {
        return 1.0;
    }
    let (px, py) = (body.at[0] - a[0], body.at[1] - a[1]);
    let along = (px * dx + py * dy) / length;
    let across = (px * dy - py * dx) / length;
    if along <= NEAREST_M || along >= length - NEAREST_M || a[2] + (b[2] - a[2]) * along / length > body.height_m {
        return 1.0;
    }
    let scale = (2.0 * length / (lambda_m * along * (length - along))).sqrt();
    let side = |offset: f64| knife_edge((body.radius_m + offset) * scale);
    (side(across) + side(-across)).min(1.0)
}

/// Amplitude behind a knife edge with Fresnel parameter `v`; ITU-R P.526 equation 31, nothing lost below -0.78.
fn knife_edge(v: f64) -> f64 {
    if v <= -0.78 {
        return 1.0;
    }
    let w = v - 0.1;
    let loss_db = 6.9 + 20.0 * libm::log10((w * w + 1.0).sqrt() + w);
    db_to_amplitude(-loss_db.max(0.0))
}

/// Line of sight, all first-order and all second-order reflections as corner points with their loss in dB.
fn specular_paths(plan: &FloorPlan, tx: Point3, rx: Point3) -> Vec<(Vec<Point3>, f64)> {
    let (a, b) = (flat(tx), flat(rx));
    let mut paths = vec![(vec![tx, rx], plan.crossing_db(a, b, &[]))];
    for (i, w) in plan.walls.iter().enumerate() {
        let image = mirror(a, w);
        if let Some(p) = same_side(a, b, w).then(|| meet(image, b, w)).flatten() {
            let loss = w.reflection_db + plan.crossing_db(a, p, &[i]) + plan.crossing_db(p, b, &[i]);
            paths.push((with_heights(tx, rx, &[p]), loss));
        }
        for (j, v) in plan.walls.iter().enumerate().filter(|(j, _)| *j != i) {
            if let Some((p, q)) = second_order(a, b, w, v) {
                let loss = w.reflection_db
                    + v.reflection_db
                    + plan.crossing_db(a, p, &[i])
                    + plan.crossing_db(p, q, &[i, j])
                    + plan.crossing_db(q, b, &[j]);
                paths.push((with_heights(tx, rx, &[p, q]), loss));
            }
        }
    }
    paths
}

fn second_order(a: Point2, b: Point2, w: &Wall, v: &Wall) -> Option<(Point2, Point2)> {
    let image = mirror(a, w);
    let second = mirror(image, v);
    let q = meet(second, b, v)?;
    let p = meet(image, q, w)?;
    (same_side(a, q, w) && same_side(p, b, v)).then_some((p, q))
}

/// True if both points lie on one side of the wall's line: a reflection, not a crossing.
fn same_side(a: Point2, b: Point2, w: &Wall) -> bool {
    let side = |p: Point2| (w.to[0] - w.from[0]) * (p[1] - w.from[1]) - (w.to[1] - w.from[1]) * (p[0] - w.from[0]);
    side(a) * side(b) > 0.0
}

/// Corner points at the heights of a straight rise over the way's length.
fn with_heights(tx: Point3, rx: Point3, corners: &[Point2]) -> Vec<Point3> {
    let mut way: Vec<Point2> = vec![flat(tx)];
    way.extend_from_slice(corners);
    way.push(flat(rx));
    let step = |w: &[Point2]| libm::hypot(w[1][0] - w[0][0], w[1][1] - w[0][1]);
    let total: f64 = way.windows(2).map(step).sum();
    let mut done = 0.0;
    let mut points = vec![tx];
    for w in way.windows(2) {
        done += step(w);
        points.push([w[1][0], w[1][1], tx[2] + (rx[2] - tx[2]) * done / total.max(1e-9)]);
    }
    points
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::Band;

    use super::*;
    use crate::sim::draw::Purpose;

    const BARE: Reverberation = Reverberation { k_db: 6.0, spread_ns: 35.0, count: 0 };

    fn grid() -> ToneGrid {
        ToneGrid::new(Channel::new(Band::Ghz2, 6, Bandwidth::Mhz20).unwrap(), Bandwidth::Mhz20, PpduFormat::Ht)
    }

    fn channel(walls: Vec<Wall>, more: Reverberation, seed: u64) -> (FloorPlan, Channel1) {
        let plan = FloorPlan { rooms: vec![], walls };
        let mut draw = Draw::new(seed, Purpose::Paths, 0);
        let channel = Channel1::new(&plan, &grid(), [0.0, 0.0, 1.0], [4.0, 0.0, 1.0], more, &mut draw);
        (plan, channel)
    }

    #[test]
    fn the_fast_sum_equals_the_plain_one() {
        let grid = grid();
        let mut h = grid.zero();
        grid.add_turned(&mut h, 0.3, 0.7, 17.35);
        grid.add(&mut h, 0.1, 230.0);
        for (i, &k) in grid.positions().zip(&grid.live) {
            let f = grid.center_hz + f64::from(k) * grid.spacing_hz;
            let angle = |length: f64| -TAU * f * length / LIGHT_M_S;
            let re = 0.3 * libm::cos(0.7 + angle(17.35)) + 0.1 * libm::cos(angle(230.0));
            let im = 0.3 * libm::sin(0.7 + angle(17.35)) + 0.1 * libm::sin(angle(230.0));
            // 2000 turns in double precision leave ten digits.
            assert!((h.re[i] - re).abs() < 1e-10 && (h.im[i] - im).abs() < 1e-10, "tone {k}");
        }
    }

    #[test]
    fn free_space_follows_friis() {
        let (_, c) = channel(vec![], BARE, 1);
        let want = grid().lambda_m() / (4.0 * PI * 4.0);
        assert!((grid().mean_power(c.fixed()).sqrt() / want - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_wall_beside_the_link_reflects_at_the_image_distance() {
        let wall = Wall { from: [-10.0, 1.5], to: [10.0, 1.5], loss_db: 6.0, reflection_db: 6.0 };
        let paths = specular_paths(&FloorPlan { rooms: vec![], walls: vec![wall] }, [0.0, 0.0, 1.0], [4.0, 0.0, 1.0]);
        assert_eq!(paths.len(), 2);
        assert_eq!((paths[1].0[1], paths[1].1), ([2.0, 1.5, 1.0], 6.0));
    }

    #[test]
    fn two_parallel_walls_give_two_double_reflections() {
        let wall = |y: f64| Wall { from: [-50.0, y], to: [50.0, y], loss_db: 6.0, reflection_db: 6.0 };
        let plan = FloorPlan { rooms: vec![], walls: vec![wall(-1.0), wall(1.5)] };
        let paths = specular_paths(&plan, [0.0, 0.0, 1.0], [4.0, 0.0, 1.0]);
        assert_eq!(paths.len(), 5);
        for (points, loss) in &paths[1..] {
            let length: f64 = points.windows(2).map(|w| distance(w[0], w[1])).sum();
            let want = if points.len() == 3 { *loss } else { loss - 6.0 };
            assert_eq!(want, 6.0);
            // Images stand 2, 3 and twice 5 m aside.
            let aside = (length * length - 16.0).sqrt();
            assert!([2.0, 3.0, 5.0].iter().any(|a| (aside - a).abs() < 1e-9), "{aside}");
        }
    }

    #[test]
    fn a_body_on_the_line_shadows_it_and_one_aside_does_not() {
        let (plan, c) = channel(vec![], BARE, 1);
        let with = |y: f64| {
            let obstacles = vec![Cylinder { at: [2.0, y], radius_m: 0.25, height_m: 1.7 }];
            let mut h = grid().zero();
            c.evaluate(&plan, &grid(), &Bodies { points: vec![], obstacles }, &mut Still::default(), &mut h);
            10.0 * libm::log10(grid().mean_power(&h) / grid().mean_power(c.fixed()))
        };
        assert!((-15.0..=-5.0).contains(&with(0.0)), "{}", with(0.0));
        assert!((with(0.2) - with(-0.2)).abs() < 1e-9);
        assert_eq!(with(1.5), 0.0);
        // No step on the way in, but for that of the approximation at its border.
        let walk: Vec<f64> = (0..200).map(|i| with(f64::from(i) * 0.01)).collect();
        assert!(walk.windows(2).all(|w| (w[0] - w[1]).abs() < 0.6), "{walk:?}");
    }

    /// What is remembered of bodies that stand, or stood and go on, gives the response of a channel that remembers nothing.
    #[test]
    fn memory_changes_nothing() {
        let more = Reverberation { k_db: 3.0, spread_ns: 35.0, count: 20 };
        let (plan, c) = channel(vec![], more, 1);
        let mut still = Still::default();
        let (mut h, mut want) = (grid().zero(), grid().zero());
        for step in 0..12 {
            let at = |i: i32, moves: bool| {
                [2.0, 1.0 + 0.3 * f64::from(i) + if moves { 0.01 * f64::from(step) } else { 0.0 }, 1.0]
            };
            // The first point moves all the time, the second from the sixth step on; the last one comes and goes.
            let mut points: Vec<Scatterer> = [(0, true), (1, step > 5), (2, false)]
                .map(|(i, moves)| Scatterer { at: at(i, moves), rcs_m2: 0.3 })
                .to_vec();
            points.truncate(if step == 9 { 2 } else { 3 });
            let obstacles =
                vec![Cylinder { at: [2.0, if step > 3 { 0.1 } else { 0.0 }], radius_m: 0.25, height_m: 1.7 }];
            let bodies = Bodies { points, obstacles };
            c.evaluate(&plan, &grid(), &bodies, &mut still, &mut h);
            c.evaluate(&plan, &grid(), &bodies, &mut Still::default(), &mut want);
            let off = h.re.iter().zip(&want.re).chain(h.im.iter().zip(&want.im)).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 1e-15, "step {step}");
        }
    }

    /// Each leg carries `1 / d^2 + 1 / r_c^2`; phases of the echoes are random, so powers add in the mean.
    #[test]
    fn echoes_add_their_power() {
        let more = Reverberation { k_db: 3.0, spread_ns: 35.0, count: 20 };
        let point = Scatterer { at: [2.0, 3.0, 1.0], rcs_m2: 0.7 };
        let bodies = Bodies { points: vec![point], obstacles: vec![] };
        let (grid, seeds) = (grid(), 3000);
        let mut power = 0.0;
        for seed in 0..seeds {
            let (plan, c) = channel(vec![], more, seed);
            let mut h = grid.zero();
            c.evaluate(&plan, &grid, &bodies, &mut Still::default(), &mut h);
            subtract(&mut h, c.fixed(), 1.0);
            power += grid.mean_power(&h) / seeds as f64;
        }
        let leg = 1.0 / 13.0 + 1.0 / (16.0 * libm::pow(10.0, 0.3));
        let want = 0.7 * libm::pow(grid.lambda_m() / (4.0 * PI), 2.0) / (4.0 * PI) * leg * leg;
        assert!((power / want - 1.0).abs() < 0.05, "{power} {want}");
    }
}
