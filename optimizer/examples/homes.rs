//! Site reports in, plans out, bytes to bytes, over generated homes: how many a second, and what the plans are worth.
//!
//! `cargo run --release -p millpond-optimizer --example homes -- [HOMES] [ROUNDS] [THREADS]`
//!
//! Prints homes per second of wall time and, where the kernel counts it, of processor time, and the sum of U. The sums of
//! two builds or of two numbers of rounds say what speed has cost: the difference over the clients' weight is the logarithm
//! of the ratio of the mean shares.

use std::time::Instant;

use millpond_optimizer::env::{Detail, Environment};
use millpond_optimizer::model::Site;
use millpond_optimizer::{plan_site, simulate};
use rayon::prelude::*;

fn plan(bytes: &[u8], env: &Environment) -> (Vec<u8>, i64, i64) {
    let site: Site = serde_json::from_slice(bytes).expect("own bytes");
    let plan = plan_site(&site, env).expect("a drawn home is valid");
    let out = serde_json::to_vec(&plan).expect("a plan is plain data");
    (out, plan.objective.u_before_milli.unwrap_or(0), plan.objective.u_after_milli)
}

/// Processor time of all threads so far in seconds, where the kernel tells it.
fn processor_s() -> Option<f64> {
    let mut ns = 0u64;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        ns += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(ns as f64 / 1e9)
}

fn main() {
    let arg = |n: usize, or: usize| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(or);
    let (homes, rounds, threads) = (arg(1, 1_000), arg(2, 1), arg(3, 1));
    let sites: Vec<Site> = (1..=homes as u64).map(|seed| simulate::home(seed, "US")).collect();
    let weight: i64 = sites.iter().flat_map(|s| &s.clients).map(|c| i64::from(c.weight_milli)).sum();
    let reports: Vec<Vec<u8>> = sites.iter().map(|s| serde_json::to_vec(s).expect("plain data")).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads");
    let env = Environment::new().with_rounds(Some(rounds as u32)).with_detail(Detail::Changes);
    let (start, used) = (Instant::now(), processor_s());
    let plans: Vec<_> = pool.install(|| reports.par_iter().map(|r| plan(r, &env)).collect());
    let seconds = start.elapsed().as_secs_f64();
    let cpu = processor_s().zip(used).map_or(f64::NAN, |(now, then)| now - then);
    let bytes: usize = plans.iter().map(|p| p.0.len()).sum();
    let (before, after) = plans.iter().fold((0, 0), |s, p| (s.0 + p.1, s.1 + p.2));
    println!(
        "{homes} homes, {rounds} rounds, {threads} threads: {:.0} homes/s of wall, {:.0} of processor time, {bytes} bytes of plans",
        homes as f64 / seconds,
        homes as f64 / cpu,
    );
    println!("U {before} before, {after} after, in thousandths; weight of all clients {weight}");
    println!("mean share against what ran before: {:.4}", ((after - before) as f64 / weight as f64).exp());
}
