//! A simulated block planned from scratch: processor time, and what the plan is worth.
//!
//! `cargo run --release -p millpond-optimizer --example blocks -- HOMES [ROUNDS] [SEED]`
//!
//! Prints access points, seconds of processor time in all and milliseconds for each access point, and U before and after.

use millpond_optimizer::env::{Detail, Environment};
use millpond_optimizer::{plan_site, simulate};

/// Processor time of this thread so far in seconds, where the kernel tells it.
fn processor_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<u64>().ok()? as f64 / 1e9)
}

fn main() {
    let arg = |n: usize, or: u64| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(or);
    let (homes, rounds, seed) = (arg(1, 30), arg(2, 8), arg(3, 1));
    let site = simulate::block(seed, homes as usize, "US");
    let env = Environment::new().with_rounds(Some(rounds as u32)).with_detail(Detail::Bare);
    let start = processor_s();
    let plan = plan_site(&site, &env).expect("a drawn block is valid");
    let cpu = processor_s().zip(start).map_or(f64::NAN, |(now, then)| now - then);
    let (aps, o) = (site.pods.len(), plan.objective);
    let weight: i64 = site.clients.iter().map(|c| i64::from(c.weight_milli)).sum();
    println!(
        "{homes} homes, {aps} access points, {rounds} rounds: {cpu:.2} s of processor time, {:.2} ms for each; U {} before, \
         {} after, in thousandths; weight of all clients {weight}",
        1e3 * cpu / aps as f64,
        o.u_before_milli.unwrap_or(0),
        o.u_after_milli,
    );
}
