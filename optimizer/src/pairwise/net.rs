//! The working form of a problem: one dense table per pair of neighbours, which reductions may change.

use super::problem::{Edge, Form, HARD, Problem};

/// A forbidden cost in a [`Net`]. Far over any sum of allowed costs, and 2^18 of it still fit an `i64`.
pub(super) const INF: i64 = 1 << 44;

/// Dense tables beyond this many entries are not built (half a gigabyte).
const MAX_ENTRIES: usize = 1 << 26;

/// The pair costs of nodes `u < v`, row-major `|Du| x |Dv|`.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) u: usize,
    pub(super) v: usize,
    pub(super) costs: Vec<i64>,
}

/// Nodes with live values, pairs, and a constant that reductions have already paid.
#[derive(Clone, Debug, Default)]
pub(super) struct Net {
    /// Unary cost of each live value; empty for a node that is gone.
    pub(super) unary: Vec<Vec<i64>>,
    /// Original index of each live value.
    pub(super) values: Vec<Vec<u32>>,
    /// `None` where a pair is gone.
    pub(super) pairs: Vec<Option<Pair>>,
    /// For each node its neighbours with the index of the pair.
    pub(super) adjacent: Vec<Vec<(usize, usize)>>,
    /// Cost that every assignment pays.
    pub(super) constant: i64,
    /// The best assignment known, in live indices; reductions carry it along and never make it dearer.
    pub(super) incumbent: Vec<usize>,
}

impl Net {
    /// The net of a problem; parallel edges are added up. `None` if it would be too large, or its costs too high to add.
    pub(super) fn new(problem: &Problem) -> Option<Self> {
        let n = problem.nodes();
        let mut keys: Vec<(usize, usize, usize)> =
            problem.edges().iter().enumerate().map(|(i, e)| (e.u.min(e.v), e.u.max(e.v), i)).collect();
        keys.sort_unstable();
        let mut entries = 0usize;
        for (i, &(u, v, _)) in keys.iter().enumerate() {
            if i == 0 || (keys[i - 1].0, keys[i - 1].1) != (u, v) {
                entries = entries.saturating_add(problem.domain(u).saturating_mul(problem.domain(v)));
            }
        }
        // 2^13 x HARD stays under INF; with more than that the largest entries have to be looked at.
        if entries > MAX_ENTRIES || soft_total(problem) >= INF / 4 {
            return None;
        }
        let mut net = Self { adjacent: vec![Vec::new(); n], incumbent: vec![0; n], ..Self::default() };
        for node in 0..n {
            net.unary.push((0..problem.domain(node)).map(|a| wall(problem.unary(node, a))).collect());
            net.values.push((0..problem.domain(node) as u32).collect());
        }
        for &(u, v, i) in &keys {
            let index = match net.pairs.last() {
                Some(Some(p)) if (p.u, p.v) == (u, v) => net.pairs.len() - 1,
                _ => net.add_pair(u, v),
            };
            let costs = &mut net.pairs[index].as_mut().expect("just found or made").costs;
            add_edge(problem, i, costs);
        }
        Some(net)
    }

    /// Adds a pair of zero costs and returns its index; `u < v`, and they must not be neighbours yet.
    pub(super) fn add_pair(&mut self, u: usize, v: usize) -> usize {
        let index = self.pairs.len();
        let costs = vec![0; self.unary[u].len() * self.unary[v].len()];
        self.pairs.push(Some(Pair { u, v, costs }));
        self.adjacent[u].push((v, index));
        self.adjacent[v].push((u, index));
        index
    }

    /// What an assignment pays for some nodes and the pairs among them. Forbidden choices cost [`INF`] each.
    pub(super) fn cost(&self, part: &[usize], values: &[usize]) -> i64 {
        let pair = |node: usize, &(to, p): &(usize, usize)| {
            let pair = self.pairs[p].as_ref().expect("adjacency names live pairs");
            if to < node { 0 } else { pair.costs[values[node] * self.unary[to].len() + values[to]] }
        };
        let node =
            |&n: &usize| self.unary[n][values[n]] + self.adjacent[n].iter().map(|link| pair(n, link)).sum::<i64>();
        part.iter().map(node).sum()
    }

    /// More than any assignment without a forbidden choice pays for these nodes and the pairs among them.
    pub(super) fn soft_limit(&self, part: &[usize]) -> i64 {
        let soft = |costs: &[i64]| costs.iter().filter(|&&c| c < INF).max().copied().unwrap_or(0);
        let pair = |node: usize, &(to, p): &(usize, usize)| match &self.pairs[p] {
            Some(pair) if to > node => soft(&pair.costs),
            _ => 0,
        };
        let node = |&n: &usize| soft(&self.unary[n]) + self.adjacent[n].iter().map(|link| pair(n, link)).sum::<i64>();
        part.iter().map(node).sum::<i64>() + 1
    }

    /// Gives single nodes their cheapest value until none gains: the incumbent's own valley.
    ///
    /// - Cost: the rows of all nodes, for as many rounds as gain
    pub(super) fn descend(&mut self) {
        let live = self.live();
        let (mut at, mut quiet) = (0, 0);
        let mut row = Vec::new();
        while quiet < live.len() {
            let node = live[at];
            at = (at + 1) % live.len();
            quiet += 1;
            row.clone_from(&self.unary[node]);
            for &(to, p) in &self.adjacent[node] {
                let pair = self.pairs[p].as_ref().expect("adjacency names live pairs");
                let (other, cols) = (self.incumbent[to], self.unary[pair.v].len());
                let (from, step) = if pair.u == node { (other, cols) } else { (other * cols, 1) };
                row.iter_mut().zip(pair.costs[from..].iter().step_by(step)).for_each(|(r, c)| *r += c);
            }
            let best = (0..row.len()).min_by_key(|&a| (row[a], a));
            if let Some(best) = best.filter(|&b| row[b] < row[self.incumbent[node]]) {
                self.incumbent[node] = best;
                quiet = 0;
            }
        }
    }

    /// The nodes that are still there.
    pub(super) fn live(&self) -> Vec<usize> {
        (0..self.unary.len()).filter(|&n| !self.unary[n].is_empty()).collect()
    }
}

/// A sum of costs, which is `INF` if one of them was.
pub(super) fn capped(sum: i64) -> i64 {
    // Allowed costs add up to less than half of it, and negative ones cannot pull it under that.
    if sum >= INF / 2 { INF } else { sum }
}

fn wall(cost: i64) -> i64 {
    if cost >= HARD { INF } else { cost }
}

fn add_edge(problem: &Problem, index: usize, costs: &mut [i64]) {
    let e = &problem.edges()[index];
    let (rows, cols) = (problem.domain(e.u), problem.domain(e.v));
    for a in 0..rows {
        for b in 0..cols {
            let at = if e.u < e.v { a * cols + b } else { b * rows + a };
            costs[at] = capped(costs[at] + wall(problem.pair(e, a, b)));
        }
    }
}

/// A bound on what any assignment without a forbidden choice costs, in absolute value.
fn soft_total(problem: &Problem) -> i64 {
    let unary =
        |n: usize| (0..problem.domain(n)).map(|a| problem.unary(n, a).abs()).filter(|&c| c < HARD).max().unwrap_or(0);
    let nodes: i64 = (0..problem.nodes()).map(unary).sum();
    nodes.saturating_add(problem.edges().iter().map(|e| largest(problem, e)).fold(0, i64::saturating_add))
}

/// The largest cost of an edge that is not forbidden, in absolute value, or a bound on it.
pub(super) fn largest(problem: &Problem, edge: &Edge) -> i64 {
    match edge.form {
        Form::Gap { c, .. } | Form::NotAt { c, .. } | Form::Same { c } if c < HARD => c.abs(),
        Form::Gap { .. } | Form::NotAt { .. } | Form::Same { .. } => 0,
        Form::Table(t) => {
            let costs = &problem.tables[t.0 as usize].costs;
            costs.iter().map(|c| i64::from(c.abs())).filter(|&c| c < HARD).max().unwrap_or(0)
        }
        Form::Factored(_) => {
            let row = |a: usize| (0..problem.domain(edge.v)).map(move |b| problem.pair(edge, a, b).abs());
            (0..problem.domain(edge.u)).flat_map(row).filter(|&c| c < HARD).max().unwrap_or(0)
        }
    }
}
