//! Exact reductions of a net: each keeps at least one optimal assignment, and the trail brings it back.
//!
//! - Source: Koster, van Hoesel, Kolen, "Solving partial constraint satisfaction problems with tree decomposition",
//!   Networks 40(3), 2002 (dominance, low degree); Goldstein, Biophysical Journal 66, 1994 (the dominance test on sums)

use super::net::{INF, Net, Pair, capped};

/// How the value of a node that is gone follows from nodes that went later.
struct Gone {
    node: usize,
    /// The nodes that decide, at most two, each with its live original values at that time, ascending.
    by: Vec<(usize, Vec<u32>)>,
    /// The node's original values, and what each costs by itself.
    own: Vec<(u32, i64)>,
    /// For each node that decides the costs of the pair, this node's values as rows.
    tables: Vec<Vec<i64>>,
}

impl Gone {
    /// The node's best value while each node that decides has its live value `at`.
    fn best(&self, at: &[usize]) -> u32 {
        let cost = |a: usize| {
            let pairs = self.tables.iter().zip(&self.by).zip(at).map(|((t, (_, live)), &b)| t[a * live.len() + b]);
            self.own[a].1 + pairs.sum::<i64>()
        };
        let best = (0..self.own.len()).min_by_key(|&a| (cost(a), a));
        self.own[best.expect("a node that was there had a value")].0
    }
}

/// Undoes reductions, last first.
#[derive(Default)]
pub(super) struct Trail {
    gone: Vec<Gone>,
}

impl Trail {
    /// Fills in the original values of all nodes that are gone; `values` has those of the others.
    pub(super) fn restore(&self, values: &mut [usize]) {
        for gone in self.gone.iter().rev() {
            let place = |(node, live): &(usize, Vec<u32>)| live.iter().position(|&a| a as usize == values[*node]);
            let at: Vec<usize> =
                gone.by.iter().map(|by| place(by).expect("a live value is one of the values live before")).collect();
            values[gone.node] = gone.best(&at) as usize;
        }
    }
}

/// The problem has no assignment without a forbidden choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Infeasible;

/// Reduces until nothing more gives: forbidden values, dominated values, decided and decoupled pairs, nodes of degree
/// two and less.
pub(super) fn reduce(net: &mut Net, trail: &mut Trail) -> Result<(), Infeasible> {
    let mut dirty: Vec<bool> = net.unary.iter().map(|u| !u.is_empty()).collect();
    while let Some(first) = dirty.iter().position(|&d| d) {
        // Cheap rules run over everything dirty before the quadratic ones.
        for node in first..dirty.len() {
            if dirty[node] && !net.unary[node].is_empty() {
                shrink(net, trail, &mut dirty, node)?;
            }
        }
        for node in 0..dirty.len() {
            if std::mem::take(&mut dirty[node]) && !net.unary[node].is_empty() {
                let beaten = dominated(net, node);
                // The incumbent moves along a chain of better values to one that stays.
                while let Some(better) = beaten[net.incumbent[node]] {
                    net.incumbent[node] = better;
                }
                let drop: Vec<bool> = beaten.iter().map(Option::is_some).collect();
                remove_values(net, node, &drop, &mut dirty)?;
            }
        }
    }
    Ok(())
}

/// The rules for one node that look at each of its table entries at most a few times.
fn shrink(net: &mut Net, trail: &mut Trail, dirty: &mut [bool], node: usize) -> Result<(), Infeasible> {
    remove_values(net, node, &forbidden(net, node), dirty)?;
    decouple(net, dirty, node);
    if let Some(leader) = leader_of(net, node) {
        merge(net, trail, dirty, node, leader);
    } else if net.unary[node].len() == 1 {
        settle(net, trail, dirty, node);
    } else if net.adjacent[node].len() <= 2 {
        eliminate(net, trail, dirty, node);
    }
    Ok(())
}

/// Live values that no assignment without a forbidden choice can have.
fn forbidden(net: &Net, node: usize) -> Vec<bool> {
    let dead = |a: usize| {
        net.unary[node][a] >= INF
            || net.adjacent[node].iter().any(|&(to, p)| {
                let costs = row(net, p, node, a);
                costs.zip(&net.unary[to]).all(|(c, u)| c >= INF || *u >= INF)
            })
    };
    (0..net.unary[node].len()).map(dead).collect()
}

/// The entries of pair `p` at value `a` of `node`, by the other node's values.
fn row(net: &Net, p: usize, node: usize, a: usize) -> impl Iterator<Item = i64> + '_ {
    let pair = net.pairs[p].as_ref().expect("adjacency names live pairs");
    let cols = net.unary[pair.v].len();
    let (from, step, count) = if pair.u == node { (a * cols, 1, cols) } else { (a, cols, net.unary[pair.u].len()) };
    (0..count).map(move |b| pair.costs[from + b * step])
}

/// For each value another one of the node, if any, that beats or equals it whatever the neighbours do.
fn dominated(net: &Net, node: usize) -> Vec<Option<usize>> {
    let d = net.unary[node].len();
    let mut out = vec![None; d];
    let tables: Vec<Vec<i64>> = net.adjacent[node].iter().map(|&(_, p)| facing(net, p, node)).collect();
    let probes = probes(net, node, &tables);
    for a in 0..d {
        let beats = |b: usize| {
            b != a && probes.iter().all(|probe| probe[b] <= probe[a]) && never_dearer(net, node, &tables, a, b)
        };
        out[a] = (0..d).find(|&b| out[b].is_none() && beats(b));
    }
    out
}

/// The table of a pair with `node`'s values as rows.
fn facing(net: &Net, p: usize, node: usize) -> Vec<i64> {
    (0..net.unary[node].len()).flat_map(|a| row(net, p, node, a)).collect()
}

/// The node's cost by value for a few choices of the neighbours: a value that loses in one of them dominates nothing.
fn probes(net: &Net, node: usize, tables: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let d = net.unary[node].len();
    let probe = |k: usize| -> Vec<i64> {
        let cost = |a: usize| {
            let pairs = tables.iter().enumerate().map(|(i, t)| {
                let cols = t.len() / d;
                t[a * cols + (k * 7 + i * (k + 1)) % cols]
            });
            net.unary[node][a] + pairs.sum::<i64>()
        };
        (0..d).map(cost).collect()
    };
    // Two neighbours forbidding at once hide a difference, so only probes that stay finite for everybody count.
    (0..6).map(probe).filter(|p| p.iter().all(|&c| c < INF)).collect()
}

/// Whether `b` costs at most what `a` costs, whatever the neighbours do.
fn never_dearer(net: &Net, node: usize, tables: &[Vec<i64>], a: usize, b: usize) -> bool {
    let d = net.unary[node].len();
    let mut worst = net.unary[node][b] - net.unary[node][a];
    for table in tables {
        let cols = table.len() / d;
        let (of_a, of_b) = (&table[a * cols..(a + 1) * cols], &table[b * cols..(b + 1) * cols]);
        let most = of_a.iter().zip(of_b).map(|(x, y)| if *x >= INF { -INF } else { y - x }).max().unwrap_or(0);
        // A forbidden pair of `b` cannot be made up for; a forbidden one of `a` is no credit to count on.
        if most >= INF / 2 {
            return false;
        }
        worst += most.max(-INF / 4);
    }
    worst <= 0
}

/// Drops the marked values of a node. True if there were any.
fn remove_values(net: &mut Net, node: usize, drop: &[bool], dirty: &mut [bool]) -> Result<bool, Infeasible> {
    if !drop.contains(&true) {
        return Ok(false);
    }
    if drop.iter().all(|&d| d) {
        return Err(Infeasible);
    }
    keep(net, node, |a| !drop[a]);
    dirty[node] = true;
    net.adjacent[node].iter().for_each(|&(to, _)| dirty[to] = true);
    Ok(true)
}

/// Keeps the live values of a node that `wanted` says.
pub(super) fn keep(net: &mut Net, node: usize, wanted: impl Fn(usize) -> bool) {
    let before = net.unary[node].len();
    let kept: Vec<usize> = (0..before).filter(|&a| wanted(a)).collect();
    for &(_, p) in &net.adjacent[node] {
        let pair = net.pairs[p].as_mut().expect("adjacency names live pairs");
        let cols = pair.costs.len() / if pair.u == node { before } else { net.unary[pair.u].len() };
        pair.costs = if pair.u == node {
            kept.iter().flat_map(|&a| pair.costs[a * cols..(a + 1) * cols].iter().copied()).collect()
        } else {
            pair.costs.chunks(cols).flat_map(|r| kept.iter().map(|&b| r[b])).collect()
        };
    }
    net.incumbent[node] = kept.iter().position(|&a| a == net.incumbent[node]).unwrap_or(0);
    net.unary[node] = kept.iter().map(|&a| net.unary[node][a]).collect();
    net.values[node] = kept.iter().map(|&a| net.values[node][a]).collect();
}

/// Removes pairs whose cost is a sum of one term for each end, and adds the terms to the unary costs.
fn decouple(net: &mut Net, dirty: &mut [bool], node: usize) {
    for (to, p) in net.adjacent[node].clone() {
        let pair = net.pairs[p].as_ref().expect("adjacency names live pairs");
        let cols = net.unary[pair.v].len();
        let first = &pair.costs[..cols];
        let sums = |r: &[i64]| first.iter().zip(r).all(|(f, c)| *f < INF && *c < INF && c - f == r[0] - first[0]);
        if pair.costs.chunks(cols).all(sums) {
            let (u, v) = (pair.u, pair.v);
            let (first, pair) = (first.to_vec(), remove_pair(net, p));
            net.unary[u].iter_mut().zip(pair.costs.chunks(cols)).for_each(|(x, r)| *x += r[0] - first[0]);
            net.unary[v].iter_mut().zip(&first).for_each(|(x, f)| *x += f);
            dirty[to] = true;
            dirty[node] = true;
        }
    }
}

fn remove_pair(net: &mut Net, p: usize) -> Pair {
    let pair = net.pairs[p].take().expect("a live pair");
    net.adjacent[pair.u].retain(|&(_, q)| q != p);
    net.adjacent[pair.v].retain(|&(_, q)| q != p);
    pair
}

/// A neighbour each of whose values leaves `node` exactly one value.
fn leader_of(net: &Net, node: usize) -> Option<usize> {
    let single = |&&(leader, p): &&(usize, usize)| {
        (0..net.unary[leader].len()).all(|a| row(net, p, leader, a).filter(|&c| c < INF).count() == 1)
    };
    net.adjacent[node].iter().find(single).map(|&(leader, _)| leader)
}

/// Merges `node` into a leader that decides its value.
fn merge(net: &mut Net, trail: &mut Trail, dirty: &mut [bool], node: usize, leader: usize) {
    let p = pair_of(net, node, leader).expect("a leader is a neighbour");
    let follow: Vec<usize> = (0..net.unary[leader].len())
        .map(|a| row(net, p, leader, a).position(|c| c < INF).expect("one value is allowed"))
        .collect();
    for (a, &b) in follow.iter().enumerate() {
        let pays = row(net, p, leader, a).nth(b).expect("b is a value of the node") + net.unary[node][b];
        net.unary[leader][a] = capped(net.unary[leader][a] + pays);
    }
    trail.gone.push(Gone {
        node,
        by: vec![(leader, net.values[leader].clone())],
        own: own_costs(net, node),
        tables: vec![facing(net, p, node)],
    });
    remove_pair(net, p);
    for (to, q) in net.adjacent[node].clone() {
        let table = facing(net, q, node);
        let cols = net.unary[to].len();
        remove_pair(net, q);
        let moved: Vec<i64> = follow.iter().flat_map(|&b| table[b * cols..(b + 1) * cols].iter().copied()).collect();
        add_costs(net, leader, to, &moved);
        dirty[to] = true;
    }
    vanish(net, node);
    dirty[leader] = true;
}

fn pair_of(net: &Net, u: usize, v: usize) -> Option<usize> {
    net.adjacent[u].iter().find(|&&(to, _)| to == v).map(|&(_, p)| p)
}

/// Adds a table with `u`'s values as rows to the pair of `u` and `v`, which is made if need be.
fn add_costs(net: &mut Net, u: usize, v: usize, costs: &[i64]) {
    let p = pair_of(net, u, v).unwrap_or_else(|| net.add_pair(u.min(v), u.max(v)));
    let (rows, cols) = (net.unary[u].len(), net.unary[v].len());
    let pair = net.pairs[p].as_mut().expect("adjacency names live pairs");
    for a in 0..rows {
        for b in 0..cols {
            let entry = &mut pair.costs[if pair.u == u { a * cols + b } else { b * rows + a }];
            *entry = capped(*entry + costs[a * cols + b]);
        }
    }
}

/// A node's original values with what each costs by itself.
fn own_costs(net: &Net, node: usize) -> Vec<(u32, i64)> {
    net.values[node].iter().copied().zip(net.unary[node].iter().copied()).collect()
}

fn vanish(net: &mut Net, node: usize) {
    debug_assert!(net.adjacent[node].is_empty());
    net.unary[node] = Vec::new();
    net.values[node] = Vec::new();
}

/// Takes out a node with one value.
fn settle(net: &mut Net, trail: &mut Trail, dirty: &mut [bool], node: usize) {
    for (to, p) in net.adjacent[node].clone() {
        let costs: Vec<i64> = row(net, p, node, 0).collect();
        remove_pair(net, p);
        net.unary[to].iter_mut().zip(costs).for_each(|(u, c)| *u = capped(*u + c));
        dirty[to] = true;
    }
    net.constant += net.unary[node][0];
    trail.gone.push(Gone { node, by: Vec::new(), own: own_costs(net, node), tables: Vec::new() });
    vanish(net, node);
}

/// Takes out a node of degree 0, 1 or 2: its best answer to each combination of its neighbours becomes their cost.
fn eliminate(net: &mut Net, trail: &mut Trail, dirty: &mut [bool], node: usize) {
    let around = net.adjacent[node].clone();
    let tables: Vec<Vec<i64>> = around.iter().map(|&(_, p)| facing(net, p, node)).collect();
    // A missing neighbour counts as one with a single value that costs nothing.
    let (free, own) = (vec![0; net.unary[node].len()], &net.unary[node]);
    let (left, right) = (tables.first().unwrap_or(&free), tables.get(1).unwrap_or(&free));
    let (rows, cols) = (left.len() / own.len(), right.len() / own.len());
    let mut costs = vec![i64::MAX; rows * cols];
    for (a, own) in own.iter().enumerate() {
        let right = &right[a * cols..(a + 1) * cols];
        for (out, l) in costs.chunks_exact_mut(cols).zip(&left[a * rows..(a + 1) * rows]) {
            let base = own + l;
            out.iter_mut().zip(right).for_each(|(x, r)| *x = (*x).min(base + r));
        }
    }
    costs.iter_mut().for_each(|c| *c = capped(*c));
    let by = around.iter().map(|&(to, _)| (to, net.values[to].clone())).collect();
    trail.gone.push(Gone { node, by, own: own_costs(net, node), tables });
    around.iter().for_each(|&(to, p)| {
        remove_pair(net, p);
        dirty[to] = true;
    });
    match *around.as_slice() {
        [] => net.constant += costs[0],
        [(to, _)] => net.unary[to].iter_mut().zip(costs).for_each(|(u, c)| *u = capped(*u + c)),
        [(left, _), (right, _), ..] => add_costs(net, left, right, &costs),
    }
    vanish(net, node);
}

/// The connected parts of what is left, each a list of nodes in ascending order.
pub(super) fn components(net: &Net) -> Vec<Vec<usize>> {
    let mut seen: Vec<bool> = net.unary.iter().map(Vec::is_empty).collect();
    let mut parts = Vec::new();
    for start in 0..seen.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut part = vec![start];
        let mut next = 0;
        while let Some(&node) = part.get(next) {
            next += 1;
            for &(to, _) in &net.adjacent[node] {
                if !std::mem::replace(&mut seen[to], true) {
                    part.push(to);
                }
            }
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}
