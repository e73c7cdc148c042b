//! Our plan beside the rules of others: what a radio's own survey says (hostapd's automatic channel selection), the
//! least congested channel (OpenWiFi's RRM), saturation first (DSATUR), and node products in random order (TurboCA).
//!
//! The rules choose each group's channel and leave width, power, uplinks and clients as they are, as those systems do.
//! What each answer is worth in U is printed once; changes count as free there, so that only the air is compared.

// The macro's function has no documentation to give.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use millpond_optimizer::env::{Detail, Environment, SplitMix64};
use millpond_optimizer::goal::{Goal, Meter};
use millpond_optimizer::model::{Site, Topology};
use millpond_optimizer::rf::sense::coupled_ppm;
use millpond_optimizer::{plan_site, simulate, validate};

/// A site where changes are free, and J of it.
struct Case {
    site: Site,
    t: Topology,
}

impl Case {
    fn new(mut site: Site) -> Self {
        site.policy.switch_cost_milli = 0;
        let t = validate::validate(&site).expect("a drawn site is valid");
        Self { site, t }
    }
}

/// Values of a group that keep width and power as they are, as far as the country lets them.
fn channels(goal: &Goal, g: usize, now: usize) -> Vec<usize> {
    let width = goal.values(g)[now].channel().width();
    let r = goal.topology().groups[g].radios[0];
    let (power, mut best): (i32, Vec<usize>) = (goal.tuned(r, now).eirp_dbm, Vec::new());
    for v in (0..goal.values(g).len()).filter(|&v| goal.values(g)[v].channel().width() == width) {
        let here = goal.values(g)[v].channel();
        let fits = |v: usize| (goal.tuned(r, v).eirp_dbm - power).abs();
        match best.iter().position(|&b| goal.values(g)[b].channel() == here) {
            Some(i) if fits(v) < fits(best[i]) => best[i] = v,
            Some(_) => {}
            None => best.push(v),
        }
    }
    best
}

/// Airtime shares that the own radios already placed take from a group at a value.
fn own_share(goal: &Goal, values: &[usize], placed: &[bool], g: usize, v: usize) -> f64 {
    let t = goal.topology();
    let mut sum = 0.0;
    for &r in &t.groups[g].radios {
        for &(s, loss) in t.radios[r].hears.iter().filter(|h| t.radios[h.0].group != g && placed[t.radios[h.0].group]) {
            let there = goal.tuned(s, values[t.radios[s].group]);
            sum += f64::from(coupled_ppm(goal.tuned(r, v).channel, there.channel, there.eirp_dbm - loss)) / 1e6;
        }
    }
    sum
}

fn foreign(goal: &Goal, g: usize, v: usize) -> (f64, f64) {
    let radios = &goal.topology().groups[g].radios;
    let sum = |f: &dyn Fn(usize) -> f64| radios.iter().map(|&r| f(r)).sum::<f64>();
    (sum(&|r| goal.air(r, v).contenders), sum(&|r| goal.air(r, v).free.max(1e-3).ln()))
}

fn least(list: &[usize], cost: impl Fn(usize) -> f64) -> usize {
    let best = list.iter().copied().map(|v| (cost(v), v)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.expect("a group has a channel").1
}

/// What runs now, as values.
fn running(goal: &Goal) -> Vec<usize> {
    goal.encode(&goal.topology().current().expect("drawn")).expect("drawn sites are legal")
}

/// Each radio looks at its own survey alone.
fn survey(goal: &Goal) -> Vec<usize> {
    let mut values = running(goal);
    for (g, value) in values.iter_mut().enumerate().take(goal.topology().groups.len()) {
        *value = least(&channels(goal, g, *value), |v| -foreign(goal, g, v).1);
    }
    values
}

/// In turn, the channel with the fewest networks, strangers' and our own.
fn least_congested(goal: &Goal) -> Vec<usize> {
    let mut values = running(goal);
    let mut placed = vec![false; goal.topology().groups.len()];
    for g in 0..placed.len() {
        let open = channels(goal, g, values[g]);
        values[g] = least(&open, |v| foreign(goal, g, v).0 + own_share(goal, &values, &placed, g, v));
        placed[g] = true;
    }
    values
}

/// The group whose neighbours use the most channels first; it takes the channel of least conflict.
fn dsatur(goal: &Goal) -> Vec<usize> {
    let t = goal.topology();
    let mut values = running(goal);
    let mut placed = vec![false; t.groups.len()];
    let around = |g: usize| -> Vec<usize> {
        let mut all: Vec<usize> =
            t.groups[g].radios.iter().flat_map(|&r| &t.radios[r].hears).map(|h| t.radios[h.0].group).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|&h| h != g);
        all
    };
    let near: Vec<Vec<usize>> = (0..t.groups.len()).map(around).collect();
    while let Some(g) = (0..placed.len()).filter(|&g| !placed[g]).max_by_key(|&g| {
        let mut used: Vec<u8> =
            near[g].iter().filter(|&&h| placed[h]).map(|&h| goal.values(h)[values[h]].channel().center()).collect();
        used.sort_unstable();
        used.dedup();
        (used.len(), near[g].len(), std::cmp::Reverse(g))
    }) {
        let open = channels(goal, g, values[g]);
        values[g] = least(&open, |v| foreign(goal, g, v).0 + own_share(goal, &values, &placed, g, v));
        placed[g] = true;
    }
    values
}

/// Passes in random order: each takes the channel of the best logarithm of airtime; a pass stands if the network gains.
fn turboca(goal: &Goal) -> Vec<usize> {
    let groups = goal.topology().groups.len();
    let mut best = running(goal);
    let mut most = Meter::new(goal, &best).u_milli();
    let mut rng = SplitMix64::new(7);
    for _ in 0..10 {
        let (mut values, mut order) = (best.clone(), (0..groups).collect::<Vec<_>>());
        rng.shuffle(&mut order);
        // Neighbours later in the order are ignored, as if they were about to move.
        let mut placed = vec![false; groups];
        for g in order {
            let open = channels(goal, g, values[g]);
            let loss = |v: usize| (1.0 + own_share(goal, &values, &placed, g, v)).ln() - foreign(goal, g, v).1;
            values[g] = least(&open, loss);
            placed[g] = true;
        }
        let u = Meter::new(goal, &values).u_milli();
        if u > most {
            (best, most) = (values, u);
        }
    }
    best
}

type Rule = (&'static str, fn(&Goal) -> Vec<usize>);
const RULES: [Rule; 4] =
    [("survey", survey), ("least_congested", least_congested), ("dsatur", dsatur), ("turboca", turboca)];

/// Prints how far each is under the best, in per cent of the mean share that clients get.
fn table(name: &str, cases: &[Case], env: &Environment) {
    let weight: i64 = cases.iter().flat_map(|c| &c.site.clients).map(|c| i64::from(c.weight_milli)).sum();
    let ours: i64 = cases.iter().map(|c| plan_site(&c.site, env).expect("valid").objective.u_after_milli).sum();
    let mut rows = vec![(
        "as it runs",
        cases.iter().map(|c| Meter::new(&Goal::new(&c.t), &running(&Goal::new(&c.t))).u_milli()).sum(),
    )];
    for (rule, choose) in RULES {
        let u = |c: &Case| {
            let goal = Goal::new(&c.t);
            Meter::new(&goal, &choose(&goal)).u_milli()
        };
        rows.push((rule, cases.iter().map(u).sum::<i64>()));
    }
    eprintln!("{name}: ours U {ours}");
    for (rule, u) in rows {
        let under = (1.0 - ((u - ours) as f64 / weight as f64).exp()) * 100.0;
        eprintln!("    {rule:<16} U {u:>9}  {under:>5.1} % of the mean share under ours");
    }
}

fn planners(c: &mut Criterion) {
    let env = Environment::new().with_rounds(Some(1)).with_detail(Detail::Bare);
    let homes: Vec<Case> = (1..=40).map(|seed| Case::new(simulate::home(seed, "US"))).collect();
    table("40 homes", &homes, &env);
    let block = [Case::new(simulate::block(1, 30, "US"))];
    table("a block of 30 homes", &block, &env);
    let mut group = c.benchmark_group("optimizer/planners/home");
    group.sample_size(20);
    group.bench_function("ours", |b| b.iter(|| plan_site(black_box(&homes[0].site), &env).expect("valid")));
    for (rule, choose) in RULES {
        group.bench_function(rule, |b| b.iter(|| choose(&Goal::new(black_box(&homes[0].t)))));
    }
    group.finish();
}

criterion_group!(benches, planners);
criterion_main!(benches);
