//! The plan of attack: reduce, bound, prune, then rounds of exact and local search side by side.

use rayon::prelude::*;

use super::local::Layout;
use super::net::Net;
use super::part::{Found, Part};
use super::reduce::{self, Infeasible, Trail, components, reduce};
use super::repair::ENTRIES_PER_VISIT;
use super::walker::Walker;
use super::{HARD, Problem, Solution};
use crate::env::{Environment, Progress};

/// Local searches side by side. Fixed, so that the answer does not depend on the number of threads.
const WALKERS: u64 = 2;

/// What a walker does before the first look at bounds, in visits; later rounds do more.
const FIRST_WORK: u64 = 10_000;

/// Table entries that the first raising of a bound may touch, three times each: some ten milliseconds.
const FIRST_ENTRIES: usize = 1 << 24;

/// Table look-ups of an elimination that is preferred to a search.
const MOST_ELIMINATED: u64 = 1 << 28;

/// Rounds without a better assignment after which the walkers give way to trees that may end.
const QUIET_ROUNDS: u32 = 8;

/// Rounds without a better assignment after which the exact search gets its full share.
const KEEN_ROUNDS: u32 = 3;

/// A run over one problem.
struct Run<'a> {
    problem: &'a Problem,
    env: &'a Environment,
    net: Net,
    trail: Trail,
    parts: Vec<Part>,
    /// Best assignment of the whole problem so far, and its cost.
    best: (i64, Vec<usize>),
    bound: i64,
    walkers: Vec<Walker>,
    /// Whether there was an assignment to go on from.
    warm: bool,
    /// Rounds since the best assignment was found.
    quiet: u32,
    /// The net for the walkers, until it changes.
    layout: Option<Layout>,
}

/// Solves a problem that has a dense net, beginning with an assignment if there is one to go on from.
pub(super) fn run(problem: &Problem, mut net: Net, from: Option<&[usize]>, env: &Environment) -> Solution {
    let start = from.map_or_else(|| vec![0; problem.nodes()], <[usize]>::to_vec);
    net.incumbent.clone_from(&start);
    let best = (problem.cost(&start), start);
    let mut run = Run {
        problem,
        env,
        net,
        trail: Trail::default(),
        parts: Vec::new(),
        best,
        bound: super::trivial_bound(problem),
        walkers: (0..WALKERS).map(|k| Walker::new(k, env)).collect(),
        warm: from.is_some(),
        quiet: 0,
        layout: None,
    };
    let proved = match run.begin() {
        Some(proved) => proved,
        // A small problem never gets here: threads take longer to start than it takes to solve.
        None => match env.threads {
            1 => run.go_on(),
            threads => match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                Ok(pool) => pool.install(|| run.go_on()),
                // No threads to be had: the same work on this one.
                Err(_) => run.go_on(),
            },
        },
    };
    let (cost, values) = run.best;
    // A last round may have met a bound that stood before.
    let proved = proved || (cost <= run.bound && cost < HARD);
    let bound = if proved { cost } else { run.bound.min(cost) };
    Solution { values, cost, bound, proved }
}

impl Run<'_> {
    /// Reduces, and solves what is small at once. Says whether the best assignment is proved if there is no more to do.
    fn begin(&mut self) -> Option<bool> {
        if reduce(&mut self.net, &mut self.trail) == Err(Infeasible) {
            // Every assignment has a forbidden choice; the walkers look for one with few of them.
            let Some(net) = Net::new(self.problem) else { return Some(false) };
            (self.net, self.trail) = (net, Trail::default());
            self.work(64 * FIRST_WORK);
            return Some(false);
        }
        self.net.descend();
        self.parts = components(&self.net).into_iter().map(|nodes| Part::quick(&mut self.net, nodes)).collect();
        self.take_stock();
        self.parts.iter().all(|p| p.done).then_some(true)
    }

    /// Searches until the limits of `env`. True if the best assignment is proved.
    fn go_on(&mut self) -> bool {
        if self.warm {
            self.walkers.iter_mut().for_each(|w| w.start_at(&self.net));
        }
        self.work(FIRST_WORK);
        if !self.settle() {
            return true;
        }
        for round in 1..=self.env.rounds.unwrap_or(u32::MAX) {
            if self.env.should_stop() {
                break;
            }
            if self.round(round) {
                return true;
            }
        }
        false
    }

    /// Solves narrow parts and prunes the others as long as that helps. False if nothing is left.
    fn settle(&mut self) -> bool {
        loop {
            let before: usize = self.net.unary.iter().map(Vec::len).sum();
            let components = components(&self.net);
            self.parts = components.into_iter().map(|nodes| self.study(nodes)).collect();
            self.take_stock();
            if self.parts.iter().all(|p| p.done) {
                return false;
            }
            // The parts speak of the net as it is: after a change they are studied anew.
            if self.prunable() * 20 < before || self.env.should_stop() {
                return true;
            }
            self.prune();
        }
    }

    /// Solves a part if it is narrow, else raises its bound.
    fn study(&mut self, nodes: Vec<usize>) -> Part {
        let mut part = Part::new(&self.net, nodes);
        if self.env.should_stop() {
            return part;
        }
        if part.eliminate(&mut self.net, MOST_ELIMINATED) {
            return part;
        }
        part.set_up(&self.net);
        part.raise(&self.net, FIRST_ENTRIES, self.env);
        part
    }

    /// How many values the parts' bounds and results rule out.
    fn prunable(&self) -> usize {
        let done = |p: &Part| p.nodes.iter().map(|&n| self.net.unary[n].len()).sum();
        let open = |p: &Part| p.ruled_out(&self.net).iter().flatten().filter(|&&d| d).count();
        self.parts.iter().map(|p| if p.done { done(p) } else { open(p) }).sum()
    }

    fn prune(&mut self) {
        for part in std::mem::take(&mut self.parts) {
            let drop = part.ruled_out(&self.net);
            for (i, &node) in part.nodes.iter().enumerate() {
                let incumbent = self.net.incumbent[node];
                match drop.get(i) {
                    _ if part.done => reduce::keep(&mut self.net, node, |a| a == incumbent),
                    Some(drop) if drop.contains(&true) => reduce::keep(&mut self.net, node, |a| !drop[a]),
                    _ => {}
                }
            }
        }
        self.walkers.iter_mut().for_each(Walker::restart);
        self.layout = None;
        // The incumbent stays, and it has no forbidden choice where anything was dropped.
        let reduced = reduce(&mut self.net, &mut self.trail);
        debug_assert!(reduced.is_ok());
    }

    /// Works out the bound and offers the incumbent as the best assignment.
    fn take_stock(&mut self) {
        let mut values = vec![0; self.problem.nodes()];
        for node in self.net.live() {
            values[node] = self.net.values[node][self.net.incumbent[node]] as usize;
        }
        self.trail.restore(&mut values);
        let cost = self.problem.cost(&values);
        self.quiet += 1;
        if cost < self.best.0 {
            self.best = (cost, values);
            self.quiet = 0;
        }
        if !self.parts.is_empty() {
            let bound = self.parts.iter().map(|p| p.bound).sum::<i64>() + self.net.constant;
            self.bound = self.bound.max(bound);
        }
        self.env.report(Progress { cost: self.best.0, bound: self.bound });
    }

    /// Has every walker search on, and beside them the exact search of each part; takes over what is better.
    fn work(&mut self, visits: u64) {
        let (net, env) = (&self.net, self.env);
        let layout = self.layout.get_or_insert_with(|| Layout::new(net));
        // Where the trees may end and the walkers find nothing, most of the time is for the trees.
        let quiet = self.quiet >= QUIET_ROUNDS && self.parts.iter().any(Part::hopeful);
        let steps = if quiet { visits / 8 } else { visits };
        let walk = |walker: &mut Walker| walker.walk(net, layout, steps, env);
        // As much for the trees as for both walkers, once these have less to give.
        let large = self.parts.iter().any(Part::is_large);
        let most = if large && self.quiet < KEEN_ROUNDS { WALKERS * visits / 4 } else { WALKERS * visits };
        let open = self.parts.iter().filter(|p| !p.done).count().max(1) as u64;
        let entries = most * ENTRIES_PER_VISIT / open;
        let threads = env.threads > 1;
        let search = |part: &mut Part| part.advance(net, entries, threads, env);
        let (walkers, parts) = (&mut self.walkers, &mut self.parts);
        let found: Vec<Found> = if threads {
            let trees = || parts.par_iter_mut().map(search).collect();
            rayon::join(|| walkers.par_iter_mut().for_each(walk), trees).1
        } else {
            walkers.iter_mut().for_each(walk);
            parts.iter_mut().map(search).collect()
        };
        for (node, value) in found.into_iter().flatten().flatten() {
            self.net.incumbent[node] = value;
        }
        for i in 0..self.walkers.len() {
            let values = self.walkers[i].best.clone();
            self.adopt(&values);
        }
        self.take_stock();
    }

    fn adopt(&mut self, values: &[usize]) {
        if values.is_empty() {
            return;
        }
        for part in components(&self.net) {
            if self.net.cost(&part, values) < self.net.cost(&part, &self.net.incumbent) {
                part.iter().for_each(|&n| self.net.incumbent[n] = values[n]);
            }
        }
    }

    /// One round. True if everything is proved.
    fn round(&mut self, round: u32) -> bool {
        self.work(FIRST_WORK << round.min(6));
        if self.parts.iter().all(|p| p.done) || self.best.0 <= self.bound {
            return true;
        }
        let values: usize = self.net.unary.iter().map(Vec::len).sum();
        if self.parts.iter().any(|p| p.done) || self.prunable() * 10 > values {
            self.prune();
            return !self.settle();
        }
        false
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::core::{Core, Unit};
    use super::super::eliminate;
    use super::super::{Form, ProblemBuilder, solve};
    use super::*;
    use crate::env::SplitMix64;

    /// A random problem: sizes, density and cost levels vary, and so do forbidden pairs.
    pub(crate) fn random_problem(rng: &mut SplitMix64, nodes: usize, domain: usize) -> Problem {
        let mut b = ProblemBuilder::new();
        let levels = 1 + rng.below(20);
        let hard = rng.below(4) == 0;
        let cost = |rng: &mut SplitMix64| match rng.below(6) {
            0 if hard => HARD,
            0 | 1 => 0,
            _ => rng.below(levels) as i64 - (levels / 4) as i64,
        };
        let sizes: Vec<usize> = (0..nodes).map(|_| 1 + rng.below(domain)).collect();
        for &d in &sizes {
            b.node((0..d).map(|_| cost(rng)).collect());
        }
        let density = 1 + rng.below(10);
        for u in 0..nodes {
            for v in 0..nodes {
                if u != v && rng.below(20) < density {
                    let costs = (0..sizes[u] * sizes[v]).map(|_| cost(rng)).collect();
                    let table = b.table(sizes[u], sizes[v], costs);
                    b.edge(u, v, Form::Table(table));
                }
            }
        }
        b.build().unwrap()
    }

    pub(crate) fn brute_force(problem: &Problem) -> i64 {
        let mut values = vec![0; problem.nodes()];
        let mut best = i64::MAX;
        loop {
            best = best.min(problem.cost(&values));
            let Some(i) = (0..values.len()).find(|&i| values[i] + 1 < problem.domain(i)) else { return best };
            values[..i].iter_mut().for_each(|v| *v = 0);
            values[i] += 1;
        }
    }

    #[test]
    fn small_problems_are_proved_and_match_brute_force() {
        let mut rng = SplitMix64::new(11);
        for trial in 0..200 {
            let nodes = 1 + rng.below(6);
            let problem = random_problem(&mut rng, nodes, 5);
            let want = brute_force(&problem);
            let got = solve(&problem, &Environment::new().with_seed(trial));
            assert_eq!(problem.cost(&got.values), got.cost);
            assert!(got.bound <= want, "trial {trial}: bound {} over {want}", got.bound);
            if want < HARD / 2 {
                assert_eq!((got.cost, got.proved), (want, true), "trial {trial}");
            } else {
                assert!(!got.proved && got.cost >= HARD / 2, "trial {trial}");
            }
        }
    }

    fn restored(net: &Net, trail: &Trail) -> Vec<usize> {
        let mut values = vec![0; net.unary.len()];
        for node in net.live() {
            values[node] = net.values[node][net.incumbent[node]] as usize;
        }
        trail.restore(&mut values);
        values
    }

    /// Runs `method` on random problems after the reductions; it must leave the best assignment as the incumbent.
    fn holds_against_brute_force(seed: u64, method: impl Fn(&mut Net)) {
        let mut rng = SplitMix64::new(seed);
        let mut tried = 0;
        for trial in 0..150 {
            let problem = random_problem(&mut rng, 7, 4);
            let want = brute_force(&problem);
            let (mut net, mut trail) = (Net::new(&problem).unwrap(), Trail::default());
            if want >= HARD / 2 || reduce(&mut net, &mut trail).is_err() {
                continue;
            }
            tried += usize::from(!net.live().is_empty());
            method(&mut net);
            assert_eq!(problem.cost(&restored(&net, &trail)), want, "trial {trial}");
        }
        assert!(tried > 10, "only {tried} problems were left for the method");
    }

    #[test]
    fn reductions_and_elimination_are_exact() {
        holds_against_brute_force(5, |net| {
            let order = eliminate::order(net, &net.live(), MOST_ELIMINATED).unwrap();
            let mut values = net.incumbent.clone();
            eliminate::solve(net, &order, &mut values);
            net.incumbent = values;
        });
    }

    #[test]
    fn the_tree_search_is_exact_in_slices_too() {
        holds_against_brute_force(6, |net| {
            for nodes in components(net) {
                let mut part = Part::new(net, nodes);
                part.set_up(net);
                let mut slices = 0;
                while !part.done {
                    for (node, value) in part.advance(net, 1, false, &Environment::new()).into_iter().flatten() {
                        net.incumbent[node] = value;
                    }
                    slices += 1;
                    assert!(slices < 10_000);
                }
                assert_eq!(part.bound, net.cost(&part.nodes, &net.incumbent));
            }
        });
    }

    #[test]
    fn handshakes_keep_every_cost_and_never_pass_the_optimum() {
        handshakes_stay_under::<i32>();
        handshakes_stay_under::<i16>();
    }

    fn handshakes_stay_under<C: Unit>() {
        let mut rng = SplitMix64::new(8);
        for _ in 0..200 {
            let problem = random_problem(&mut rng, 5, 4);
            let net = Net::new(&problem).unwrap();
            let best = brute_force(&problem);
            if best >= HARD / 2 {
                continue;
            }
            let Some(Ok(mut core)) = Core::<C>::new(&net, &net.live(), best + 1) else {
                panic!("the optimum is in reach")
            };
            let mut scratch = Vec::new();
            for pass in 0..20 {
                core.sweep(pass % 2 == 0, &mut scratch).expect("the optimum is under the cutoff");
                assert!(core.bound() <= best);
            }
        }
    }

    #[test]
    fn the_plan_depends_on_the_seed_and_not_on_the_threads() {
        let mut rng = SplitMix64::new(77);
        let problem = random_problem(&mut rng, 60, 6);
        let env = Environment::new().with_seed(9).with_rounds(Some(3));
        let one = solve(&problem, &env);
        for threads in [2, 3, 8] {
            assert_eq!(solve(&problem, &env.clone().with_threads(threads)), one, "{threads} threads");
        }
    }
}
