//! The general problem: pick one value per node, pay unary and pairwise integer costs, minimise the sum.

mod branch;
mod core;
mod eliminate;
mod judge;
mod local;
mod net;
mod portfolio;
mod problem;
mod read;
mod reduce;
mod repair;
mod walker;

pub use judge::{JudgeError, Verdict, judge, values_of};
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
    portfolio::run(problem, net, bound, env)
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
