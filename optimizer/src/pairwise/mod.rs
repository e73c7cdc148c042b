//! The general problem: pick one value per node, pay unary and pairwise integer costs, minimise the sum.

mod branch;
mod core;
mod eliminate;
mod judge;
mod local;
mod net;
mod part;
mod portfolio;
mod problem;
mod read;
mod reduce;
mod repair;
mod replan;
mod tabu;
mod walker;

pub use judge::{JudgeError, Verdict, judge, values_of};
pub use problem::{Code, Edge, Factored, Form, HARD, Problem, ProblemBuilder, ProblemError, TableId, VectorId};
pub use read::{Best, Instance, read};
pub use replan::{Replan, replan};

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
///
/// - Cost: the limits of `env`; memory for a dense table per pair of neighbours up to half a gigabyte, beyond that for the
///   different tables alone, and then only annealing runs
pub fn solve(problem: &Problem, env: &Environment) -> Solution {
    match net::Net::new(problem) {
        Some(net) => portfolio::run(problem, net, None, env),
        None => solve_wide(problem, env),
    }
}

/// Solves a problem as [`solve`] does, beginning with an assignment: the answer never costs more than it.
///
/// - Errors: the first node for which `start` has no value of its domain
pub fn solve_from(problem: &Problem, start: &[usize], env: &Environment) -> Result<Solution, Misfit> {
    check_shape(problem, start)?;
    Ok(match net::Net::new(problem) {
        Some(net) => portfolio::run(problem, net, Some(start), env),
        None => {
            let found = solve_wide(problem, env);
            let cost = problem.cost(start);
            if cost < found.cost { Solution { values: start.to_vec(), cost, proved: false, ..found } } else { found }
        }
    })
}

/// An assignment that does not fit a problem: the first node without a value of its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The node, or the number of nodes if there are too many values.
    pub node: usize,
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the assignment does not fit the problem at node {}", self.node)
    }
}

impl std::error::Error for Misfit {}

fn check_shape(problem: &Problem, values: &[usize]) -> Result<(), Misfit> {
    let fits = |n: usize| values.get(n).is_some_and(|&a| a < problem.domain(n));
    match (0..problem.nodes()).find(|&n| !fits(n)) {
        Some(node) => Err(Misfit { node }),
        None if values.len() > problem.nodes() => Err(Misfit { node: problem.nodes() }),
        None => Ok(()),
    }
}

/// Annealing on the problem as it is.
fn solve_wide(problem: &Problem, env: &Environment) -> Solution {
    let values = match local::Layout::of_problem(problem) {
        Some(layout) => walker::anneal_alone(problem, &layout, env),
        None => vec![0; problem.nodes()],
    };
    let (cost, bound) = (problem.cost(&values), trivial_bound(problem));
    Solution { values, cost, bound, proved: cost == bound }
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

#[cfg(test)]
mod tests {
    use super::portfolio::tests::{brute_force, random_problem};
    use super::*;
    use crate::env::SplitMix64;

    #[test]
    fn annealing_alone_stays_true_to_the_problem() {
        let mut rng = SplitMix64::new(21);
        let mut hits = 0;
        for seed in 0..40 {
            let problem = random_problem(&mut rng, 6, 4);
            let got = solve_wide(&problem, &Environment::new().with_seed(seed).with_rounds(Some(4)));
            let best = brute_force(&problem);
            assert_eq!(problem.cost(&got.values), got.cost);
            assert!(got.bound <= best && best <= got.cost);
            hits += u32::from(got.cost == best);
        }
        assert!(hits >= 36, "only {hits} of 40 small problems were solved");
    }

    #[test]
    fn a_factored_block_costs_what_its_tables_say() {
        let mut rng = SplitMix64::new(3);
        let mut b = ProblemBuilder::new();
        let d = 5;
        for _ in 0..8 {
            b.node((0..d).map(|_| rng.below(50) as i64).collect());
        }
        let ahead = b.table(d, d, (0..d * d).map(|_| rng.below(9) as i64).collect());
        let back = b.table(d, d, (0..d * d).map(|_| rng.below(9) as i64).collect());
        let x = b.vector((0..d).map(|_| rng.below(99) as i64).collect());
        for u in 0..8 {
            for v in u + 1..8 {
                let (p, q) = (rng.below(20) as i64, rng.below(20) as i64);
                b.edge(u, v, Form::Factored(Factored { ahead, back, x, y: x, p, q, shift: 4 }));
            }
        }
        let problem = b.build().unwrap();
        let got = solve(&problem, &Environment::new());
        assert_eq!((got.cost, got.proved), (brute_force(&problem), true));
    }

    /// The text of an instance of the shared folder, or `None`, said aloud.
    fn instance(name: &str) -> Option<Vec<u8>> {
        use std::io::Read;
        let path = format!("{}/../../shared/instances/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
        let Ok(file) = std::fs::File::open(&path) else {
            eprintln!("skipped: no {path}");
            return None;
        };
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn known_optima_are_proved_on_public_instances() {
        let names = [
            "wifi-gen/w5-h12-a",
            "wifi-gen/w5-h12-b",
            "wifi-gen/w256-h4-b",
            "wifi-gen/w25-h8-pow",
            "calma/celar6-sub0",
            "calma/graph05",
            "calma/scen10",
            "bandwidth/geom30-k27",
            "coloring/myciel5-k6",
        ];
        for name in names {
            let Some(text) = instance(name) else { continue };
            let file = read(&text).unwrap();
            let got = solve(&file.problem, &Environment::new().with_rounds(Some(50)));
            let verdict = judge(&text, &got.values).unwrap();
            assert_eq!((i128::from(got.cost), verdict.forbidden.len()), (verdict.soft, 0), "{name}");
            assert_eq!((got.cost, got.proved), (file.best.unwrap().cost, true), "{name}");
        }
    }

    #[test]
    fn a_start_is_never_made_worse_and_must_fit() {
        let mut rng = SplitMix64::new(31);
        for seed in 0..60 {
            let nodes = 1 + rng.below(40);
            let problem = random_problem(&mut rng, nodes, 5);
            let start: Vec<usize> = (0..problem.nodes()).map(|n| rng.below(problem.domain(n))).collect();
            let env = Environment::new().with_seed(seed).with_rounds(Some(0));
            let got = solve_from(&problem, &start, &env).unwrap();
            assert_eq!(problem.cost(&got.values), got.cost);
            assert!(got.cost <= problem.cost(&start));
            let off = |values: &[usize]| solve_from(&problem, values, &env).unwrap_err().node;
            assert_eq!(off(&start[..nodes - 1]), nodes - 1);
            assert_eq!(off(&[&start[..], &[0]].concat()), nodes);
            assert_eq!(off(&[&[problem.domain(0)], &start[1..]].concat()), 0);
        }
    }

    #[test]
    fn a_stopped_run_still_answers() {
        let Some(text) = instance("wifi-gen/w5-h50-a") else { return };
        let problem = read(&text).unwrap().problem;
        let got = solve(&problem, &Environment::new().with_rounds(None).with_stop(|| true));
        assert_eq!((problem.cost(&got.values), got.proved), (got.cost, false));
        assert!(got.cost < HARD && got.bound <= got.cost);
    }
}
