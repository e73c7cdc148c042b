//! Exact solution of narrow problems: variable elimination in a greedy order, which is dynamic programming on the tree
//! decomposition that the order stands for.
//!
//! - Source: Dechter, "Bucket elimination: a unifying framework for reasoning", Artificial Intelligence 113, 1999

use std::collections::BTreeSet;

use super::net::{INF, Net, capped};

/// Most entries of all message tables together.
const MAX_ENTRIES: u64 = 1 << 23;

/// A cost table over some nodes, the last one fastest.
struct Factor {
    scope: Vec<usize>,
    costs: Vec<i64>,
}

/// An order in which the nodes of a part can be eliminated with at most `most` table look-ups, or `None`.
pub(super) fn order(net: &Net, part: &[usize], most: u64) -> Option<Vec<usize>> {
    let mut around: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); net.unary.len()];
    for &node in part {
        around[node] = net.adjacent[node].iter().map(|&(to, _)| to).collect();
    }
    let size = |node: usize, around: &[BTreeSet<usize>]| {
        around[node].iter().map(|&w| net.unary[w].len() as u64).fold(1, u64::saturating_mul)
    };
    let mut left: BTreeSet<usize> = part.iter().copied().collect();
    let (mut entries, mut work, mut order) = (0u64, 0u64, Vec::new());
    while let Some(&node) = left.iter().min_by_key(|&&n| (size(n, &around), n)) {
        left.remove(&node);
        let table = size(node, &around);
        entries = entries.saturating_add(table);
        let factors = around[node].len() as u64 + 1;
        work = work.saturating_add(table.saturating_mul(net.unary[node].len() as u64 * factors));
        if entries > MAX_ENTRIES || work > most {
            return None;
        }
        let clique: Vec<usize> = std::mem::take(&mut around[node]).into_iter().collect();
        for &w in &clique {
            around[w].remove(&node);
            around[w].extend(clique.iter().copied().filter(|&x| x != w));
        }
        order.push(node);
    }
    Some(order)
}

/// The cheapest live values of the part's nodes, written into `values`, and their cost without the constant.
///
/// - Cost: what [`order`] allowed
pub(super) fn solve(net: &Net, order: &[usize], values: &mut [usize]) -> i64 {
    let mut open = factors(net, order);
    let mut closed: Vec<(usize, Vec<Factor>)> = Vec::new();
    let mut total = 0;
    for &node in order {
        let (mine, rest): (Vec<Factor>, Vec<Factor>) = open.into_iter().partition(|f| f.scope.contains(&node));
        open = rest;
        let message = eliminate(net, node, &mine);
        if message.scope.is_empty() {
            total += message.costs[0];
        } else {
            open.push(message);
        }
        closed.push((node, mine));
    }
    for (node, mine) in closed.iter().rev() {
        let cost = |a: usize| {
            let entry = |f: &Factor| f.costs[index(net, f, |n| if n == *node { a } else { values[n] })];
            net.unary[*node][a] + mine.iter().map(entry).sum::<i64>()
        };
        let best = (0..net.unary[*node].len()).min_by_key(|&a| (cost(a), a)).expect("a live node has values");
        values[*node] = best;
    }
    total
}

fn factors(net: &Net, order: &[usize]) -> Vec<Factor> {
    let inside: BTreeSet<usize> = order.iter().copied().collect();
    let pairs = net.pairs.iter().flatten().filter(|p| inside.contains(&p.u) && inside.contains(&p.v));
    pairs.map(|p| Factor { scope: vec![p.u, p.v], costs: p.costs.clone() }).collect()
}

fn index(net: &Net, factor: &Factor, value: impl Fn(usize) -> usize) -> usize {
    factor.scope.iter().fold(0, |at, &n| at * net.unary[n].len() + value(n))
}

/// The least over `node` of the sum of its factors and its unary cost, as a table over their other nodes.
fn eliminate(net: &Net, node: usize, mine: &[Factor]) -> Factor {
    let scope: Vec<usize> = mine
        .iter()
        .flat_map(|f| f.scope.iter().copied())
        .filter(|&n| n != node)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let sizes: Vec<usize> = scope.iter().map(|&n| net.unary[n].len()).collect();
    let d = net.unary[node].len();
    // How far each factor's index moves when a scope node, or the node itself, goes one value on.
    let stride = |f: &Factor, n: usize| {
        f.scope
            .iter()
            .position(|&s| s == n)
            .map_or(0, |i| f.scope[i + 1..].iter().map(|&s| net.unary[s].len()).product())
    };
    let moves: Vec<Vec<usize>> = mine.iter().map(|f| scope.iter().map(|&n| stride(f, n)).collect()).collect();
    let own: Vec<usize> = mine.iter().map(|f| stride(f, node)).collect();
    let mut costs = Vec::with_capacity(sizes.iter().product());
    let mut digits = vec![0; scope.len()];
    let mut at = vec![0; mine.len()];
    loop {
        let cost = |a: usize| {
            let pairs = mine.iter().zip(&at).zip(&own).map(|((f, at), s)| f.costs[at + a * s]);
            net.unary[node][a] + pairs.sum::<i64>()
        };
        costs.push((0..d).map(cost).min().map_or(INF, capped));
        if !advance(&mut digits, &sizes, &mut at, &moves) {
            return Factor { scope, costs };
        }
    }
}

/// The next combination, the last digit fastest; false after the last one.
fn advance(digits: &mut [usize], sizes: &[usize], at: &mut [usize], moves: &[Vec<usize>]) -> bool {
    for i in (0..digits.len()).rev() {
        digits[i] += 1;
        if digits[i] < sizes[i] {
            at.iter_mut().zip(moves).for_each(|(at, m)| *at += m[i]);
            return true;
        }
        digits[i] = 0;
        at.iter_mut().zip(moves).for_each(|(at, m)| *at -= m[i] * (sizes[i] - 1));
    }
    false
}
