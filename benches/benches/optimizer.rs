//! One small plan: bytes in, explained plan out; and the assignment inside it beside enumeration and two greedy rules.
//!
//! `exhaustive` tries every assignment and so is the naive exact baseline. The rules of greedy, least-congested and DSATUR
//! planners are faster and worse, so the costs are printed beside the times. Where the public instances are present, the
//! same goes for blocks of homes: `solve` gets eight rounds there, on one thread.

// The macro's function has no documentation to give.
#![allow(missing_docs)]

use std::hint::black_box;
use std::io::Read;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use millpond_benches::{dsatur, greedy, least_congested};
use millpond_optimizer::env::Environment;
use millpond_optimizer::model::Site;
use millpond_optimizer::pairwise::{self, Form, Problem, ProblemBuilder, solve};
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

type Rule = fn(&Problem) -> Vec<usize>;

/// The rules of other planners, by name.
const PEERS: [(&str, Rule); 3] = [("greedy", greedy), ("least_congested", least_congested), ("dsatur", dsatur)];

fn instance(name: &str) -> Option<Problem> {
    let path = format!("{}/../../shared/instances/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("skipped: no {path}");
        return None;
    };
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut text).expect("a public instance is readable");
    Some(pairwise::read(&text).expect("a public instance is valid").problem)
}

fn blocks(c: &mut Criterion) {
    let env = Environment::new().with_threads(1);
    for name in ["w5-h12-a", "w256-h4-b", "w2-h24-b", "w5-h16-a", "w5-h50-a", "w2-h100-a"] {
        let Some(problem) = instance(&format!("wifi-gen/{name}")) else { continue };
        let ours = solve(&problem, &env);
        let peers = PEERS.map(|(rule, f)| format!("{rule} {}", problem.cost(&f(&problem))));
        eprintln!("{name}: solve {} (bound {}), {}", ours.cost, ours.bound, peers.join(", "));
        let mut group = c.benchmark_group(format!("optimizer/assign/{name}"));
        group.sample_size(10);
        if ours.proved {
            group.bench_function("solve", |b| b.iter(|| solve(black_box(&problem), &env)));
        }
        for (rule, f) in PEERS {
            group.bench_function(rule, |b| b.iter(|| f(black_box(&problem))));
        }
        group.finish();
    }
}

fn assignment(c: &mut Criterion) {
    let problem = small_problem();
    let env = Environment::new().with_threads(1);
    let ours = solve(&problem, &env);
    assert!(ours.proved && ours.cost == exhaustive(&problem));
    let peers = PEERS.map(|(rule, f)| format!("{rule} {}", problem.cost(&f(&problem))));
    eprintln!("6x8: solve {} (proved), {}", ours.cost, peers.join(", "));
    let mut group = c.benchmark_group("optimizer/assign/6x8");
    group.bench_function("solve", |b| b.iter(|| solve(black_box(&problem), &env)));
    for (rule, f) in PEERS {
        group.bench_function(rule, |b| b.iter(|| f(black_box(&problem))));
    }
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

criterion_group!(benches, assignment, blocks, home);
criterion_main!(benches);
