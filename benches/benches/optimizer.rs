//! One small plan: bytes in, explained plan out; and the assignment inside it beside enumeration and two greedy rules.
//!
//! `exhaustive` tries every assignment and so is the naive exact baseline. `least_congested` lets every node in turn take
//! its cheapest value against those that have chosen (the rule of most access points); it is fast and worse, so the costs
//! of all three are printed once.

// The macro's function has no documentation to give.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use millpond_optimizer::env::Environment;
use millpond_optimizer::model::Site;
use millpond_optimizer::pairwise::{Form, Problem, ProblemBuilder, solve};
use millpond_optimizer::{plan_site, simulate};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NODES: usize = 6;
const VALUES: usize = 8;

/// Six radios with eight choices each, all coupled: 2^18 assignments.
fn small_problem() -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut b = ProblemBuilder::new();
    for _ in 0..NODES {
        b.node((0..VALUES).map(|_| rng.random_range(0..1000)).collect());
    }
    for u in 0..NODES {
        for v in u + 1..NODES {
            let table = b.table(VALUES, VALUES, (0..VALUES * VALUES).map(|_| rng.random_range(0..1000)).collect());
            b.edge(u, v, Form::Table(table));
        }
    }
    b.build().expect("the shapes above agree")
}

fn exhaustive(problem: &Problem) -> i64 {
    let mut values = [0; NODES];
    let mut best = i64::MAX;
    for code in 0..VALUES.pow(NODES as u32) {
        let mut rest = code;
        for v in &mut values {
            *v = rest % VALUES;
            rest /= VALUES;
        }
        best = best.min(problem.cost(&values));
    }
    best
}

fn least_congested(problem: &Problem) -> i64 {
    let mut values = [0; NODES];
    for n in 0..NODES {
        let cost_of = |value: usize| {
            let decided = problem.edges().iter().filter(|e| e.v == n && e.u < n);
            problem.unary(n, value) + decided.map(|e| problem.pair(e, values[e.u], value)).sum::<i64>()
        };
        values[n] = (0..VALUES).min_by_key(|&value| cost_of(value)).expect("a node has values");
    }
    problem.cost(&values)
}

fn assignment(c: &mut Criterion) {
    let problem = small_problem();
    let env = Environment::new().with_threads(1);
    let ours = solve(&problem, &env);
    assert!(ours.proved && ours.cost == exhaustive(&problem));
    eprintln!("cost: solve {} (proved), least_congested {}", ours.cost, least_congested(&problem));
    let mut group = c.benchmark_group("optimizer/assign/6x8");
    group.bench_function("solve", |b| b.iter(|| solve(black_box(&problem), &env)));
    group.bench_function("least_congested", |b| b.iter(|| least_congested(black_box(&problem))));
    group.sample_size(10).bench_function("exhaustive", |b| b.iter(|| exhaustive(black_box(&problem))));
    group.finish();
}

fn home(c: &mut Criterion) {
    let bytes = serde_json::to_vec(&simulate::home(1, "US")).expect("a site is plain data");
    let env = Environment::new().with_threads(1);
    let mut group = c.benchmark_group("optimizer/home");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    group.bench_function("parse", |b| b.iter(|| serde_json::from_slice::<Site>(black_box(&bytes)).expect("own bytes")));
    group.bench_function("bytes_to_plan", |b| {
        b.iter(|| {
            let site: Site = serde_json::from_slice(black_box(&bytes)).expect("own bytes");
            plan_site(&site, &env).expect("a drawn home is valid")
        });
    });
    group.finish();
}

criterion_group!(benches, assignment, home);
criterion_main!(benches);
