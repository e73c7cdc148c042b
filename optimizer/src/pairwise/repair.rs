//! Large neighbourhoods: free a connected handful of nodes, hold the rest, and solve the handful exactly.
//!
//! - Source: Shaw, "Using constraint programming and local search methods to solve vehicle routing problems", CP 1998;
//!   Ouali et al., "Variable neighborhood search for graphical model energy minimization", Artificial Intelligence
//!   278, 2020 (growing neighbourhoods with a bounded tree search)

use super::branch::{Search, Status};
use super::core::{Core, Unit};
use super::net::{INF, Net};
use crate::env::{Environment, SplitMix64};

/// Smallest handful.
const LEAST: usize = 4;

/// Steps that one handful may take.
const STEPS: u64 = 256;

/// Table entries that cost as much as one visit of an annealing run, about.
pub(super) const ENTRIES_PER_VISIT: u64 = 200;

/// Improves `values` by exact re-solves until `budget`, in visits of an annealing run, is spent. Returns what it took.
pub(super) fn repair(
    net: &Net,
    values: &mut [usize],
    size: &mut usize,
    budget: u64,
    rng: &mut SplitMix64,
    env: &Environment,
) -> u64 {
    let live = net.live();
    let mut spent = 0;
    if live.len() <= LEAST {
        return 0;
    }
    while spent < budget && !env.should_stop() {
        let part = handful(net, &live, values, (*size).min(live.len()), rng);
        let (steps, done, work) = resolve(net, &part, values);
        spent += work / ENTRIES_PER_VISIT + part.len() as u64;
        // A handful that closes early could have been larger.
        *size = match (done, steps < STEPS / 4) {
            (true, true) => (*size + usize::from(rng.below(8) == 0)).min(live.len()),
            (true, false) => *size,
            (false, _) => (*size - 1).max(LEAST),
        };
    }
    spent
}

/// A connected set of nodes, grown from a random one; every other time from one that pays more than it must.
fn handful(net: &Net, live: &[usize], values: &[usize], size: usize, rng: &mut SplitMix64) -> Vec<usize> {
    let mut part = vec![live[rng.below(live.len())]];
    if rng.below(2) == 0 {
        let from = rng.below(live.len());
        let mut turn = live[from..].iter().chain(&live[..from]).copied();
        part[0] = turn.find(|&n| pays_extra(net, n, values)).unwrap_or(part[0]);
    }
    let mut edge: Vec<usize> = Vec::new();
    let mut newest = part[0];
    while part.len() < size {
        edge.extend(net.adjacent[newest].iter().map(|l| l.0).filter(|n| !part.contains(n)));
        edge.retain(|n| *n != newest);
        newest = match edge.len() {
            // The component is smaller than the handful.
            0 => match live.iter().copied().filter(|n| !part.contains(n)).nth(rng.below(live.len() - part.len())) {
                Some(node) => node,
                None => break,
            },
            n => edge.swap_remove(rng.below(n)),
        };
        if !part.contains(&newest) {
            part.push(newest);
        }
    }
    part.sort_unstable();
    part
}

/// Whether some cost at a node is over the least of its table.
fn pays_extra(net: &Net, node: usize, values: &[usize]) -> bool {
    let pair = |&(_, p): &(usize, usize)| {
        let pair = net.pairs[p].as_ref().expect("adjacency names live pairs");
        pair.costs[values[pair.u] * net.unary[pair.v].len() + values[pair.v]] > 0
    };
    net.adjacent[node].iter().any(pair)
}

/// Solves a handful around the other nodes' values; takes over any assignment that is as cheap or cheaper.
fn resolve(net: &Net, part: &[usize], values: &mut [usize]) -> (u64, bool, u64) {
    let now = around(net, part, values);
    // Costs that 16 bits hold are searched in half the time.
    match (Core::<i16>::around(net, part, values, now), now < INF) {
        (Some(Ok(core)), _) => search(&core, values, now),
        (None, true) => match Core::<i32>::around(net, part, values, now) {
            Some(Ok(core)) => search(&core, values, now),
            _ => (1, true, 0),
        },
        _ => (1, true, 0),
    }
}

fn search<C: Unit>(core: &Core<C>, values: &mut [usize], now: i64) -> (u64, bool, u64) {
    let mut search = Search::new(core, now);
    let status = search.run(STEPS, u64::MAX, &|| false);
    if let Some(leaf) = search.leaf.take() {
        if let Some(found) = super::branch::complete(core, &leaf, search.limit()) {
            found.iter().for_each(|&(node, value)| values[node] = value);
        }
    }
    (search.steps, status == Status::Done, search.work + core.tables.len() as u64)
}

/// What a part pays in its surroundings: its nodes, and every pair that touches it.
fn around(net: &Net, part: &[usize], values: &[usize]) -> i64 {
    let pair = |node: usize, &(to, p): &(usize, usize)| {
        let pair = net.pairs[p].as_ref().expect("adjacency names live pairs");
        let counted = to > node || !part.contains(&to);
        let cols = net.unary[pair.v].len();
        if counted { pair.costs[values[pair.u] * cols + values[pair.v]] } else { 0 }
    };
    let node = |&n: &usize| net.unary[n][values[n]] + net.adjacent[n].iter().map(|l| pair(n, l)).sum::<i64>();
    part.iter().map(node).sum()
}
