//! Local search: a cost-per-value row for each node, kept up to date by every move.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::net::{INF, Net, largest};
use super::problem::{HARD, Problem};
use super::tabu::is_flat;
use crate::env::{Environment, SplitMix64};

/// Entries of different tables that a layout holds: one gigabyte.
const MOST_TABLES: usize = 1 << 28;

/// Visits between two looks at the quota.
const LOOK: usize = 1 << 12;

/// Temperatures of an annealing run.
const STEPS: usize = 100;

/// How an annealing run cools: first and last temperature in 1/100 of the mean gap to a node's next dearer value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) hot: i64,
    pub(super) cold: i64,
}

/// Taken in turn: costs of one kind settle in the narrow ones, costs over several powers of ten want the wide one.
pub(super) const SCHEDULES: [Schedule; 4] = [
    Schedule { hot: 40, cold: 15 },
    Schedule { hot: 20, cold: 10 },
    Schedule { hot: 200, cold: 8 },
    Schedule { hot: 60, cold: 10 },
];

/// A net laid out for moves: for each node and neighbour the table with this node's values as rows.
///
/// Costs are 32 bits wide. Where a net's costs need more, they are shifted right, and the caller's own sum decides which
/// of two assignments is better. A forbidden choice costs just over the dearest sum of allowed ones at one node.
pub(super) struct Layout {
    /// Start of each node's row; rows follow each other.
    pub(super) start: Vec<usize>,
    pub(super) unary: Vec<i32>,
    /// Neighbours of node n: `links[first[n]..first[n + 1]]`.
    first: Vec<usize>,
    links: Vec<Link>,
    pub(super) tables: Vec<i32>,
    /// Whether costs differ so little that counting them is what matters.
    pub(super) flat: bool,
}

pub(super) struct Link {
    pub(super) to: u32,
    table: u32,
}

/// As [`wall_of`], for a problem.
fn wall_of_problem(problem: &Problem) -> (i64, u32) {
    let mut reach: Vec<i64> = (0..problem.nodes())
        .map(|n| (0..problem.domain(n)).map(|a| problem.unary(n, a).abs()).filter(|&c| c < HARD).max().unwrap_or(0))
        .collect();
    let mut degree = vec![0; problem.nodes()];
    for e in problem.edges() {
        let most = largest(problem, e);
        for n in [e.u, e.v] {
            reach[n] += most;
            degree[n] += 1;
        }
    }
    fit(reach.into_iter().max().unwrap_or(0) + 1, degree.into_iter().max().unwrap_or(0))
}

/// A wall and the shift that lets a row of `degree` walls fit.
fn fit(wall: i64, degree: i64) -> (i64, u32) {
    let mut shift = 0;
    while (wall >> shift) * (degree + 2) >= 1 << 30 {
        shift += 1;
    }
    (wall, shift)
}

/// The cost that stands for a forbidden one, and the bits to drop so that a row of such costs fits.
fn wall_of(net: &Net) -> (i64, u32) {
    let soft = |costs: &[i64]| costs.iter().filter(|&&c| c < INF).map(|c| c.abs()).max().unwrap_or(0);
    let node = |n: usize| -> i64 {
        let pairs = net.adjacent[n].iter().map(|&(_, p)| net.pairs[p].as_ref().map_or(0, |p| soft(&p.costs)));
        soft(&net.unary[n]) + pairs.sum::<i64>()
    };
    let wall = (0..net.unary.len()).map(node).max().unwrap_or(0) + 1;
    let degree = net.adjacent.iter().map(Vec::len).max().unwrap_or(0) as i64;
    fit(wall, degree)
}

/// Stores equal tables once.
#[derive(Default)]
struct Shelf {
    tables: Vec<i32>,
    known: HashMap<u64, Vec<u32>>,
}

impl Shelf {
    /// Where a table stands from now on; `None` if there is no more room.
    fn place(&mut self, costs: &[i32]) -> Option<u32> {
        let mut hasher = DefaultHasher::new();
        costs.hash(&mut hasher);
        let same = self.known.entry(hasher.finish()).or_default();
        if let Some(&at) =
            same.iter().find(|&&at| self.tables.get(at as usize..at as usize + costs.len()) == Some(costs))
        {
            return Some(at);
        }
        let at = self.tables.len();
        if at + costs.len() > MOST_TABLES {
            return None;
        }
        same.push(at as u32);
        self.tables.extend_from_slice(costs);
        Some(at as u32)
    }
}

impl Layout {
    /// The layout of a net. A net is small enough for one.
    pub(super) fn new(net: &Net) -> Self {
        let (wall, shift) = wall_of(net);
        let narrow = |c: i64| (c.min(wall) >> shift) as i32;
        let mut shelf = Shelf::default();
        let (mut start, mut unary, mut first, mut links) = (vec![0], Vec::new(), vec![0], Vec::new());
        for node in 0..net.unary.len() {
            unary.extend(net.unary[node].iter().map(|&c| narrow(c)));
            start.push(unary.len());
            for &(to, p) in &net.adjacent[node] {
                let pair = net.pairs[p].as_ref().expect("adjacency names live pairs");
                let (rows, cols) = (net.unary[node].len(), net.unary[to].len());
                let costs: Vec<i32> = if pair.u == node {
                    pair.costs.iter().map(|&c| narrow(c)).collect()
                } else {
                    (0..rows * cols).map(|i| narrow(pair.costs[i % cols * rows + i / cols])).collect()
                };
                let table = shelf.place(&costs).expect("a net has half of the entries that there is room for");
                links.push(Link { to: to as u32, table });
            }
            first.push(links.len());
        }
        Self { flat: is_flat(&unary, &shelf.tables), start, unary, first, links, tables: shelf.tables }
    }

    /// The layout of a problem that is too large for a net; `None` if even its different tables are too many.
    pub(super) fn of_problem(problem: &Problem) -> Option<Self> {
        let (wall, shift) = wall_of_problem(problem);
        let narrow = |c: i64| (if c >= HARD { wall } else { c.min(wall) } >> shift) as i32;
        let mut around: Vec<Vec<usize>> = vec![Vec::new(); problem.nodes()];
        for (i, e) in problem.edges().iter().enumerate() {
            around[e.u].push(i);
            around[e.v].push(i);
        }
        let mut shelf = Shelf::default();
        let (mut start, mut unary, mut first, mut links) = (vec![0], Vec::new(), vec![0], Vec::new());
        for (node, around) in around.iter().enumerate() {
            unary.extend((0..problem.domain(node)).map(|a| narrow(problem.unary(node, a))));
            start.push(unary.len());
            for &i in around {
                let e = &problem.edges()[i];
                let to = if e.u == node { e.v } else { e.u };
                let cols = problem.domain(to);
                let cost = |i: usize| match e.u == node {
                    true => problem.pair(e, i / cols, i % cols),
                    false => problem.pair(e, i % cols, i / cols),
                };
                let costs: Vec<i32> = (0..problem.domain(node) * cols).map(|i| narrow(cost(i))).collect();
                links.push(Link { to: to as u32, table: shelf.place(&costs)? });
            }
            first.push(links.len());
        }
        Some(Self { flat: is_flat(&unary, &shelf.tables), start, unary, first, links, tables: shelf.tables })
    }

    pub(super) fn nodes(&self) -> usize {
        self.start.len() - 1
    }

    pub(super) fn domain(&self, node: usize) -> usize {
        self.start[node + 1] - self.start[node]
    }

    pub(super) fn row(&self, node: usize) -> std::ops::Range<usize> {
        self.start[node]..self.start[node + 1]
    }

    pub(super) fn links(&self, node: usize) -> &[Link] {
        &self.links[self.first[node]..self.first[node + 1]]
    }
}

/// An assignment with, for each node and value, the cost the node would pay there.
pub(super) struct Walk<'a> {
    pub(super) layout: &'a Layout,
    pub(super) rows: Vec<i32>,
    pub(super) values: Vec<usize>,
    /// Cost of the assignment in the layout's units.
    pub(super) cost: i64,
    pub(super) best: i64,
    best_values: Vec<usize>,
}

impl<'a> Walk<'a> {
    /// Starts at an assignment.
    pub(super) fn new(layout: &'a Layout, values: Vec<usize>) -> Self {
        let best_values = values.clone();
        let mut walk = Self { layout, rows: layout.unary.clone(), values, cost: 0, best: 0, best_values };
        let there: Vec<usize> = (0..layout.nodes()).filter(|&n| layout.domain(n) > 0).collect();
        for &node in &there {
            for link in layout.links(node) {
                let row = layout.row(link.to as usize);
                let at = link.table as usize + walk.values[node] * row.len();
                let costs = &layout.tables[at..at + row.len()];
                walk.rows[row].iter_mut().zip(costs).for_each(|(r, c)| *r += c);
            }
        }
        let mut doubled = 0;
        for &node in &there {
            let at = layout.start[node] + walk.values[node];
            walk.cost += i64::from(layout.unary[at]);
            doubled += i64::from(walk.rows[at] - layout.unary[at]);
        }
        walk.cost += doubled / 2;
        walk.best = walk.cost;
        walk
    }

    /// Gives `node` the value `b` and brings its neighbours' rows up to date. O(degree x domain).
    pub(super) fn go(&mut self, node: usize, b: usize) {
        let l = self.layout;
        let a = std::mem::replace(&mut self.values[node], b);
        self.cost += i64::from(self.rows[l.start[node] + b] - self.rows[l.start[node] + a]);
        for link in l.links(node) {
            let row = l.row(link.to as usize);
            let d = row.len();
            let table = &l.tables[link.table as usize..];
            let costs = table[b * d..b * d + d].iter().zip(&table[a * d..a * d + d]);
            for (row, (new, old)) in self.rows[row].iter_mut().zip(costs) {
                *row += new - old;
            }
        }
    }

    pub(super) fn note(&mut self) {
        if self.cost < self.best {
            self.best = self.cost;
            self.best_values.copy_from_slice(&self.values);
        }
    }

    /// The best assignment met.
    pub(super) fn into_best(self) -> Vec<usize> {
        self.best_values
    }

    /// Moves single nodes to their cheapest value until none gains.
    pub(super) fn descend(&mut self) {
        let n = self.layout.nodes();
        let (mut quiet, mut node) = (0, 0);
        while quiet < n {
            let row = &self.rows[self.layout.row(node)];
            let best = (0..row.len()).min_by_key(|&a| (row[a], a));
            quiet += 1;
            if let Some(best) = best.filter(|&b| row[b] < row[self.values[node]]) {
                self.go(node, best);
                quiet = 0;
            }
            node = (node + 1) % n;
        }
        self.note();
    }

    /// The mean gap between the value in use and the next dearer one: the scale of a temperature.
    fn scale(&self) -> i64 {
        let gap = |n: usize| {
            let row = &self.rows[self.layout.row(n)];
            let here = *row.get(self.values[n])?;
            row.iter().map(|c| i64::from(c - here)).filter(|&d| d > 0).min()
        };
        let gaps: Vec<i64> = (0..self.layout.nodes()).filter_map(gap).collect();
        gaps.iter().sum::<i64>() / gaps.len().max(1) as i64
    }

    /// Simulated annealing without idle proposals: a visit draws how much dearer a value may be and takes one of those.
    ///
    /// A sweep is one visit a node, on average.
    pub(super) fn anneal(&mut self, how: Schedule, sweeps: usize, rng: &mut SplitMix64, env: &Environment) {
        let l = self.layout;
        let logs = exponential_table();
        let movable: Vec<usize> = (0..l.nodes()).filter(|&n| l.domain(n) > 1).collect();
        if movable.is_empty() {
            return;
        }
        let visits = sweeps * movable.len() / STEPS + 1;
        let scale = self.scale().max(1) << 16;
        for step in 0..STEPS as i64 {
            // Halfway between a straight and a geometric fall: the harmonic mean needs integers alone.
            let (up, down) = (STEPS as i64 - 1 - step, step);
            let percent = 1024 * how.hot * how.cold * (STEPS as i64 - 1) / (up * how.cold + down * how.hot);
            let heat = (scale / 100).saturating_mul(percent) / 1024;
            for visit in 0..visits {
                if visit % LOOK == LOOK - 1 && env.should_stop() {
                    return;
                }
                let node = movable[rng.below(movable.len())];
                let row = &self.rows[l.row(node)];
                let here = self.values[node];
                let allowed = ((heat * logs[(rng.next_u64() >> 52) as usize]) >> 26).min(1 << 30) as i32;
                let most = row[here].saturating_add(allowed);
                let count: i32 = row.iter().map(|&c| i32::from(c <= most)).sum();
                if count > 1 {
                    let k = rng.below(count as usize - 1);
                    let mut others = (0..row.len()).filter(|&b| row[b] <= most && b != here);
                    let b = others.nth(k).unwrap_or(here);
                    self.go(node, b);
                    self.note();
                }
            }
        }
    }
}

/// 4096 draws of an exponential variable in 1/1024, from exact arithmetic alone: -ln((i + 1/2) / 4096).
fn exponential_table() -> Vec<i64> {
    // ln x = 2 artanh((x - 1) / (x + 1)) after halving x into [1, 2): +, * and / round the same on every machine.
    let ln = |mut x: f64| {
        let mut halvings = 0.0;
        while x >= 2.0 {
            x /= 2.0;
            halvings += 1.0;
        }
        let z = (x - 1.0) / (x + 1.0);
        let series: f64 = (0..24).rev().fold(0.0, |sum, k| sum * z * z + 1.0 / f64::from(2 * k + 1));
        halvings * std::f64::consts::LN_2 + 2.0 * z * series
    };
    (0..4096).map(|i| ((ln(8192.0) - ln(f64::from(2 * i + 1))) * 1024.0) as i64).collect()
}
