//! The general problem: pick one value per node, pay unary and pairwise integer costs, minimise the sum.

mod local;
mod net;
mod problem;
mod read;

pub use problem::{Code, Edge, Factored, Form, HARD, Problem, ProblemBuilder, ProblemError, TableId, VectorId};
pub use read::{Best, Instance, read};

use crate::env::Environment;

/// The answer to a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// One value index per node.
    pub values: Vec<usize>,
    /// Its cost; [`HARD`] counts once for every forbidden choice.
    pub cost: i64,
    /// No assignment costs less.
    pub bound: i64,
    /// Whether `cost` is the least there is.
    pub proved: bool,
}

/// Solves a problem within the limits of `env`.
pub fn solve(problem: &Problem, env: &Environment) -> Solution {
    let start = vec![0; problem.nodes()];
    let bound = trivial_bound(problem);
    let Some(net) = net::Net::new(problem) else {
        return Solution { cost: problem.cost(&start), values: start, bound, proved: false };
    };
    let layout = local::Layout::new(&net);
    let (mut best, mut values) = (i64::MAX, start);
    for round in 0..env.rounds.unwrap_or(u32::MAX) {
        let mut rng = env.generator(u64::from(round));
        let random = (0..problem.nodes()).map(|n| rng.below(problem.domain(n))).collect();
        let mut walk = local::Walk::new(&layout, random);
        walk.descend();
        let found = walk.anneal(4_000, &mut rng, env);
        let mut walk = local::Walk::new(&layout, found);
        walk.descend();
        let cost = problem.cost(&walk.values);
        if cost < best {
            (best, values) = (cost, walk.values);
            env.report(crate::env::Progress { cost, bound });
        }
        if env.should_stop() {
            break;
        }
    }
    Solution { values, cost: best, bound, proved: false }
}

/// The cheapest value of every node and the cheapest entry of every edge.
fn trivial_bound(problem: &Problem) -> i64 {
    let node = |n: usize| (0..problem.domain(n)).map(|a| problem.unary(n, a)).min().unwrap_or(0);
    let entries = |e: &Edge| {
        let (rows, cols) = (problem.domain(e.u), problem.domain(e.v));
        (0..rows).flat_map(move |a| (0..cols).map(move |b| (a, b)))
    };
    let edge = |e: &Edge| entries(e).map(|(a, b)| problem.pair(e, a, b)).min().unwrap_or(0);
    (0..problem.nodes()).map(node).sum::<i64>() + problem.edges().iter().map(edge).sum::<i64>()
}
