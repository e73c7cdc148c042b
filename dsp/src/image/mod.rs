//! Where on a plane a body shadows links whose ends are known: a regularised image of what each link lost.
//!
//! ```text
//! change of each link ─▶ [`image`] over the cells of a [`Grid`] ─▶ [`Peak`]
//! ```
//!
//! Tens of links over a room locate to decimetres; a home with a handful gives a room at best, and
//! [`zones`](crate::zones) serve it better.

use crate::{Error, math};

/// A link between two places, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends {
    /// One end.
    pub a: [f32; 2],
    /// The other.
    pub b: [f32; 2],
}

/// Even cells over a rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Middle of the first cell, m.
    pub origin: [f32; 2],
    /// Distance of cells, m.
    pub cell_m: f32,
    /// Cells along x.
    pub nx: usize,
    /// Cells along y.
    pub ny: usize,
}

impl Grid {
    /// Number of cells.
    pub const fn cells(&self) -> usize {
        self.nx.saturating_mul(self.ny)
    }

    /// Middle of a cell, m. Cells run along x first.
    pub fn at(&self, cell: usize) -> [f32; 2] {
        let nx = self.nx.max(1);
        [self.origin[0] + self.cell_m * (cell % nx) as f32, self.origin[1] + self.cell_m * (cell / nx) as f32]
    }
}

/// What the image assumes of bodies and links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// A cell touches a link if the way over it is longer than the link by less than this, m: half a wavelength or so.
    pub excess_m: f32,
    /// Distance over which neighbouring cells are alike, m: the size of a body.
    pub smooth_m: f32,
    /// Variance of a link's noise over that of a cell.
    pub noise: f32,
}

impl Default for Model {
    /// 2.4 GHz and people: 0.05 m, 0.5 m, 20.
    fn default() -> Self {
        Self { excess_m: 0.05, smooth_m: 0.5, noise: 20.0 }
    }
}

/// The strongest place of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Where, m; between cells by a parabola each way.
    pub at: [f32; 2],
    /// The image there, in the links' unit.
    pub value: f32,
}

/// Numbers that [`image`] needs as working room.
pub const fn room(links: usize, grid: &Grid) -> usize {
    links.saturating_mul(links).saturating_add(links).saturating_add(3 * grid.cells())
}

/// How much of a link's change a cell explains: `1/sqrt(length)` inside the ellipse about the link.
fn weight(link: &Ends, at: [f32; 2], excess: f32) -> f32 {
    let far = |p: [f32; 2], q: [f32; 2]| math::sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]));
    let length = far(link.a, link.b);
    let over = far(at, link.a) + far(at, link.b);
    if length > 0.0 && over < length + excess { 1.0 / math::sqrt(length) } else { 0.0 }
}

/// The image `C W' (W C W' + noise I)⁻¹ y`, which is `(W' W + noise C⁻¹)⁻¹ W' y`, with `C = exp(-distance / smooth)`.
///
/// - Shape: `change` one value a link (loss in dB, or a level of motion; what is not finite counts as no link), `work` at
///   least [`room`], `out` one value a cell
/// - Errors: [`Error::Shape`], [`Error::Parameter`] for a cell or a model that is not positive
/// - Cost: links² cells + links³/6 flops; no allocation
/// - Source: Wilson and Patwari, *Radio Tomographic Imaging with Wireless Networks*, IEEE TMC 2010 (arXiv 0909.5417); patents
///   are held in the field
pub fn image(
    links: &[Ends],
    change: &[f32],
    grid: &Grid,
    model: &Model,
    work: &mut [f32],
    out: &mut [f32],
) -> Result<Peak, Error> {
    let (n, cells) = (links.len(), grid.cells());
    let same = |expected: usize, actual: usize| {
        if expected == actual { Ok(()) } else { Err(Error::Shape { expected, actual }) }
    };
    same(n, change.len())?;
    same(cells, out.len())?;
    if n == 0 || cells == 0 {
        return Err(Error::Empty);
    }
    let positive = |v: f32, name| if v > 0.0 && v.is_finite() { Ok(()) } else { Err(Error::Parameter { name }) };
    positive(grid.cell_m, "cell_m")?;
    positive(model.excess_m, "excess_m")?;
    positive(model.smooth_m, "smooth_m")?;
    positive(model.noise, "noise")?;
    let actual = work.len();
    let (gram, rest) = work.split_at_mut_checked(n * n).ok_or(Error::Shape { expected: room(n, grid), actual })?;
    let (known, rest) = rest.split_at_mut_checked(n).ok_or(Error::Shape { expected: room(n, grid), actual })?;
    let (alike, rest) = rest.split_at_mut_checked(cells).ok_or(Error::Shape { expected: room(n, grid), actual })?;
    let (spread, rest) = rest.split_at_mut_checked(cells).ok_or(Error::Shape { expected: room(n, grid), actual })?;
    let sum = rest.get_mut(..cells).ok_or(Error::Shape { expected: room(n, grid), actual })?;
    for (cell, c) in alike.iter_mut().enumerate() {
        let [x, y] = [(cell % grid.nx) as f32 * grid.cell_m, (cell / grid.nx) as f32 * grid.cell_m];
        *c = math::exp(-math::sqrt(x * x + y * y) / model.smooth_m);
    }
    let live = |l: usize| change.get(l).is_some_and(|c| c.is_finite());
    for ((l, link), row) in links.iter().enumerate().zip(gram.chunks_exact_mut(n)) {
        for (cell, s) in sum.iter_mut().enumerate() {
            *s = weight(link, grid.at(cell), model.excess_m);
        }
        smooth(grid, alike, sum, spread);
        for ((m, other), g) in links.iter().enumerate().zip(row.iter_mut()) {
            *g = if !live(l) || !live(m) || m > l {
                0.0
            } else {
                spread.iter().enumerate().map(|(cell, s)| s * weight(other, grid.at(cell), model.excess_m)).sum()
            };
            if m == l {
                *g += model.noise;
            }
        }
    }
    for (k, c) in known.iter_mut().zip(change) {
        *k = if c.is_finite() { *c } else { 0.0 };
    }
    solve(gram, known);
    for (cell, s) in sum.iter_mut().enumerate() {
        let at = grid.at(cell);
        *s = links.iter().zip(known.iter()).map(|(link, k)| k * weight(link, at, model.excess_m)).sum();
    }
    smooth(grid, alike, sum, out);
    Ok(peak(grid, out))
}

/// `out = C x`, with `C` by distance along x and y.
fn smooth(grid: &Grid, alike: &[f32], x: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (from, x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        let (cx, cy) = (from % grid.nx, from / grid.nx);
        for (row, out) in out.chunks_exact_mut(grid.nx).enumerate() {
            let alike = alike.chunks_exact(grid.nx).nth(row.abs_diff(cy)).unwrap_or_default();
            for (column, o) in out.iter_mut().enumerate() {
                *o += x * alike.get(column.abs_diff(cx)).copied().unwrap_or_default();
            }
        }
    }
}

/// Solves the lower half `a` (rows of `b.len()`) for `b` in place, by Cholesky's factors; `a` is lost.
fn solve(a: &mut [f32], b: &mut [f32]) {
    let n = b.len();
    let dot = |p: &[f32], q: &[f32]| p.iter().zip(q).map(|(p, q)| p * q).sum::<f32>();
    for i in 0..n {
        let (above, rest) = a.split_at_mut(i * n);
        let Some(row) = rest.get_mut(..n) else { return };
        for (j, upper) in above.chunks_exact(n).enumerate() {
            let (done, todo) = row.split_at_mut(j);
            if let (Some(x), Some(d)) = (todo.first_mut(), upper.get(j)) {
                *x = (*x - dot(done, upper)) / d;
            }
        }
        let (done, todo) = row.split_at_mut(i);
        if let Some(d) = todo.first_mut() {
            *d = math::sqrt((*d - dot(done, done)).max(1e-9));
        }
        let (before, now) = b.split_at_mut(i);
        if let (Some(x), Some(d)) = (now.first_mut(), todo.first()) {
            *x = (*x - dot(done, before)) / d;
        }
    }
    for i in (0..n).rev() {
        let (before, now) = b.split_at_mut(i);
        let Some(row) = a.chunks_exact(n).nth(i) else { return };
        if let (Some(x), Some(d)) = (now.first_mut(), row.get(i)) {
            *x /= d;
            before.iter_mut().zip(row).for_each(|(b, l)| *b -= l * *x);
        }
    }
}

fn peak(grid: &Grid, image: &[f32]) -> Peak {
    let best = image.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let Some((cell, &value)) = best else { return Peak { at: grid.origin, value: 0.0 } };
    let (x, y) = (cell % grid.nx, cell / grid.nx);
    let get = |x: usize, y: usize| image.get(y * grid.nx + x).copied().unwrap_or(value);
    // Top of the parabola through three cells, within the cell.
    let top = |a: f32, c: f32| {
        let bend = a - 2.0 * value + c;
        if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 }
    };
    let dx = if x > 0 && x + 1 < grid.nx { top(get(x - 1, y), get(x + 1, y)) } else { 0.0 };
    let dy = if y > 0 && y + 1 < grid.ny { top(get(x, y - 1), get(x, y + 1)) } else { 0.0 };
    let [px, py] = grid.at(cell);
    Peak { at: [px + dx * grid.cell_m, py + dy * grid.cell_m], value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    const GRID: Grid = Grid { origin: [0.0, 0.0], cell_m: 0.2, nx: 11, ny: 11 };

    /// Twelve nodes about a square of 2 m, all pairs.
    fn links() -> Vec<Ends> {
        let place = |k: usize| match k {
            0..3 => [k as f32 * 0.7, 0.0],
            3..6 => [2.0, (k - 3) as f32 * 0.7],
            6..9 => [2.0 - (k - 6) as f32 * 0.7, 2.0],
            _ => [0.0, 2.0 - (k - 9) as f32 * 0.7],
        };
        (0..12).flat_map(|a| (0..a).map(move |b| Ends { a: place(a), b: place(b) })).collect()
    }

    #[test]
    fn a_body_is_found_where_it_stands_and_noise_is_weaker() {
        let links = links();
        let (mut work, mut out) = (vec![0.0; room(links.len(), &GRID)], vec![0.0; GRID.cells()]);
        for body in [[0.6, 1.2], [1.4, 0.5], [1.0, 1.0]] {
            let change: Vec<f32> =
                links.iter().map(|l| 6.0 * f32::from(u8::from(weight(l, body, 0.08) > 0.0))).collect();
            let peak = image(&links, &change, &GRID, &Model::default(), &mut work, &mut out).unwrap();
            let off = libm::hypotf(peak.at[0] - body[0], peak.at[1] - body[1]);
            assert!(off < 0.2, "{body:?}: {:?}", peak.at);
            let mut gauss = crate::features::lag1::tests::Gauss(4);
            let noise: Vec<f32> = links.iter().map(|_| gauss.draw()).collect();
            let empty = image(&links, &noise, &GRID, &Model::default(), &mut work, &mut out).unwrap();
            assert!(empty.value < 0.5 * peak.value, "{} {}", empty.value, peak.value);
        }
    }

    #[test]
    fn equals_its_slow_twin_and_leaves_lost_links_out() {
        let all = links();
        let mut gauss = crate::features::lag1::tests::Gauss(8);
        let mut change: Vec<f32> = all.iter().map(|_| gauss.draw()).collect();
        (change[3], change[20]) = (f32::NAN, f32::INFINITY);
        let model = Model::default();
        let (mut work, mut out) = (vec![0.0; room(all.len(), &GRID)], vec![0.0; GRID.cells()]);
        image(&all, &change, &GRID, &model, &mut work, &mut out).unwrap();
        // The other form of the same solution, in double precision, over the links that are left.
        let kept: Vec<(Ends, f32)> = all.iter().copied().zip(change).filter(|(_, c)| c.is_finite()).collect();
        let w = nalgebra::DMatrix::from_fn(kept.len(), GRID.cells(), |l, c| {
            f64::from(weight(&kept[l].0, GRID.at(c), model.excess_m))
        });
        let y = nalgebra::DVector::from_fn(kept.len(), |l, _| f64::from(kept[l].1));
        let c = nalgebra::DMatrix::from_fn(GRID.cells(), GRID.cells(), |i, j| {
            let (p, q) = (GRID.at(i), GRID.at(j));
            libm::exp(-f64::from(libm::hypotf(p[0] - q[0], p[1] - q[1]) / model.smooth_m))
        });
        let inner = c.try_inverse().unwrap() * f64::from(model.noise) + w.transpose() * &w;
        let slow = inner.try_inverse().unwrap() * w.transpose() * y;
        for (fast, slow) in out.iter().zip(slow.iter()) {
            assert!((f64::from(*fast) - slow).abs() < 1e-3, "{fast} {slow}");
        }
    }

    #[test]
    fn shapes_and_parameters_are_checked() {
        let l = links();
        let mut out = vec![0.0; GRID.cells()];
        let change = vec![0.0; l.len()];
        let mut short = vec![0.0; 10];
        assert!(matches!(image(&l, &change, &GRID, &Model::default(), &mut short, &mut out), Err(Error::Shape { .. })));
        assert!(image(&l, &change[1..], &GRID, &Model::default(), &mut short, &mut out).is_err());
        let odd = Model { noise: f32::NAN, ..Model::default() };
        assert_eq!(image(&l, &change, &GRID, &odd, &mut short, &mut out), Err(Error::Parameter { name: "noise" }));
    }
}
