//! Local search: a cost-per-value row for each node, kept up to date by every move.

use super::net::{INF, Net};
use crate::env::{Environment, SplitMix64};

/// Proposals between two looks at the quota.
const LOOK: usize = 1 << 14;

/// A net laid out for moves: for each node and neighbour the table with this node's values as rows.
pub(super) struct Layout {
    /// Start of each node's row; rows follow each other.
    start: Vec<usize>,
    unary: Vec<i64>,
    /// Neighbours of node n: `links[first[n]..first[n + 1]]`.
    first: Vec<usize>,
    links: Vec<Link>,
    tables: Vec<i64>,
    constant: i64,
}

struct Link {
    to: usize,
    table: usize,
}

/// What a local search may never exceed for one forbidden choice: over any sum of allowed costs at one node.
fn wall_of(net: &Net) -> i64 {
    let soft = |costs: &[i64]| costs.iter().filter(|&&c| c < INF).map(|c| c.abs()).max().unwrap_or(0);
    let node = |n: usize| -> i64 {
        let pairs = net.adjacent[n].iter().map(|&(_, p)| net.pairs[p].as_ref().map_or(0, |p| soft(&p.costs)));
        soft(&net.unary[n]) + pairs.sum::<i64>()
    };
    (0..net.unary.len()).map(node).max().unwrap_or(0) + 1
}

impl Layout {
    /// The layout of a net.
    pub(super) fn new(net: &Net) -> Self {
        let wall = wall_of(net);
        let n = net.unary.len();
        let mut layout = Self {
            start: vec![0],
            unary: Vec::new(),
            first: vec![0],
            links: Vec::new(),
            tables: Vec::new(),
            constant: net.constant,
        };
        for node in 0..n {
            layout.unary.extend(net.unary[node].iter().map(|&c| c.min(wall)));
            layout.start.push(layout.unary.len());
            for &(to, p) in &net.adjacent[node] {
                let pair = net.pairs[p].as_ref().expect("adjacency names live pairs");
                layout.links.push(Link { to, table: layout.tables.len() });
                let (rows, cols) = (net.unary[node].len(), net.unary[to].len());
                let at = |a: usize, b: usize| if pair.u == node { a * cols + b } else { b * rows + a };
                layout.tables.extend(
                    (0..rows).flat_map(|a| (0..cols).map(move |b| (a, b))).map(|(a, b)| pair.costs[at(a, b)].min(wall)),
                );
            }
            layout.first.push(layout.links.len());
        }
        layout
    }

    fn nodes(&self) -> usize {
        self.start.len() - 1
    }

    fn domain(&self, node: usize) -> usize {
        self.start[node + 1] - self.start[node]
    }
}

/// An assignment with, for each node and value, the cost the node would pay there.
pub(super) struct Walk<'a> {
    layout: &'a Layout,
    rows: Vec<i64>,
    pub(super) values: Vec<usize>,
    pub(super) cost: i64,
}

impl<'a> Walk<'a> {
    /// Starts at an assignment.
    pub(super) fn new(layout: &'a Layout, values: Vec<usize>) -> Self {
        let mut walk = Self { layout, rows: layout.unary.clone(), values, cost: layout.constant };
        let mut doubled = 0;
        for node in 0..layout.nodes() {
            if layout.domain(node) > 0 {
                walk.add_rows(node, walk.values[node]);
            }
        }
        for node in (0..layout.nodes()).filter(|&n| layout.domain(n) > 0) {
            let at = layout.start[node] + walk.values[node];
            walk.cost += layout.unary[at];
            doubled += walk.rows[at] - layout.unary[at];
        }
        walk.cost += doubled / 2;
        walk
    }

    fn add_rows(&mut self, node: usize, a: usize) {
        let l = self.layout;
        for link in &l.links[l.first[node]..l.first[node + 1]] {
            let (from, to) = (l.start[link.to], l.start[link.to + 1]);
            let at = link.table + a * (to - from);
            for (row, cost) in self.rows[from..to].iter_mut().zip(&l.tables[at..at + to - from]) {
                *row += cost;
            }
        }
    }

    /// Gives `node` the value `b` and brings its neighbours' rows up to date. O(degree x domain).
    fn go(&mut self, node: usize, b: usize) {
        let l = self.layout;
        let a = std::mem::replace(&mut self.values[node], b);
        self.cost += self.rows[l.start[node] + b] - self.rows[l.start[node] + a];
        for link in &l.links[l.first[node]..l.first[node + 1]] {
            let (from, to) = (l.start[link.to], l.start[link.to + 1]);
            let d = to - from;
            let (old, new) = (link.table + a * d, link.table + b * d);
            let costs = l.tables[new..new + d].iter().zip(&l.tables[old..old + d]);
            for (row, (new, old)) in self.rows[from..to].iter_mut().zip(costs) {
                *row += new - old;
            }
        }
    }

    /// Moves single nodes to their cheapest value until none gains.
    pub(super) fn descend(&mut self) {
        let mut quiet = 0;
        let n = self.layout.nodes();
        let mut node = 0;
        while quiet < n {
            let row = &self.rows[self.layout.start[node]..self.layout.start[node + 1]];
            let best = (0..row.len()).min_by_key(|&a| (row[a], a));
            quiet += 1;
            if let Some(best) = best.filter(|&b| row[b] < row[self.values[node]]) {
                self.go(node, best);
                quiet = 0;
            }
            node = (node + 1) % n;
        }
    }

    /// The mean gap between the value in use and the next best one: the scale of a temperature.
    fn scale(&self) -> i64 {
        let gap = |n: usize| {
            let row = &self.rows[self.layout.start[n]..self.layout.start[n + 1]];
            let here = *row.get(self.values[n])?;
            row.iter().map(|c| c - here).filter(|&d| d > 0).min()
        };
        let gaps: Vec<i64> = (0..self.layout.nodes()).filter_map(gap).collect();
        gaps.iter().sum::<i64>() / gaps.len().max(1) as i64
    }

    /// Simulated annealing from a temperature near the scale of one move down to a hundredth of it.
    pub(super) fn anneal(&mut self, sweeps: usize, rng: &mut SplitMix64, env: &Environment) -> Vec<usize> {
        let l = self.layout;
        let logs = exponential_table();
        let (mut best, mut best_values) = (self.cost, self.values.clone());
        let movable: Vec<usize> = (0..l.nodes()).filter(|&n| l.domain(n) > 1).collect();
        // Temperatures in 1/256 of a cost unit.
        let mut heat = self.scale().max(1) * 256;
        let steps = 64;
        for _ in 0..steps {
            for proposal in 0..sweeps * movable.len() / steps + 1 {
                if proposal % LOOK == LOOK - 1 && env.should_stop() {
                    return best_values;
                }
                let node = movable[rng.below(movable.len())];
                let b = rng.below(l.domain(node));
                let row = l.start[node];
                let delta = self.rows[row + b] - self.rows[row + self.values[node]];
                if delta * 256 * 1024 <= heat * logs[(rng.next_u64() >> 52) as usize] && b != self.values[node] {
                    self.go(node, b);
                    if self.cost < best {
                        best = self.cost;
                        best_values.copy_from_slice(&self.values);
                    }
                }
            }
            heat = heat * 93 / 100;
        }
        best_values
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
