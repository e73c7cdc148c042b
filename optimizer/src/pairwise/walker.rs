//! One local search that goes on from round to round: anneal, then repair until that stops gaining, then anew.

use super::local::{Layout, SCHEDULES, Walk};
use super::net::Net;
use super::problem::Problem;
use super::repair::repair;
use crate::env::{Environment, SplitMix64};

/// Sweeps of the first annealing run; later cycles have more.
const FIRST_SWEEPS: usize = 60;

/// Sweeps of an annealing run at most.
const MOST_SWEEPS: usize = 60_000;

/// Repair ends after this much work without gain, as a multiple of the annealing before it.
const PATIENCE: u64 = 1;

/// The first runs only lead up to the first good one; repair is brief there.
const QUICK_CYCLES: usize = 3;

/// Even with gains, repair ends after this many patiences: a poor start is sooner replaced than mended.
const MOST_REPAIR: u64 = 6;

/// Visits that an assignment to go on from may take without gain.
const WARM_VISITS: u64 = 100_000;

/// Visits of a tabu search before it starts anew.
const TABU_VISITS: u64 = 8_000_000;

/// Sweeps of the annealing run of a cycle: quickly from a first idea to a good one, then slowly on.
fn sweeps(cycle: usize) -> usize {
    let grow = |s: usize, cycle: usize| (if cycle < QUICK_CYCLES { s * 8 } else { s * 5 / 4 }).min(MOST_SWEEPS);
    (1..cycle).fold(FIRST_SWEEPS, grow)
}

/// Annealing alone, for a problem that is too large for a net: the best assignment of as many runs as `env` allows.
pub(super) fn anneal_alone(problem: &Problem, layout: &Layout, env: &Environment) -> Vec<usize> {
    let mut best: Option<(i64, Vec<usize>)> = None;
    for cycle in 0..env.rounds.unwrap_or(u32::MAX).max(1) as usize {
        let mut rng = env.generator(cycle as u64);
        let random = (0..problem.nodes()).map(|n| rng.below(problem.domain(n))).collect();
        let mut walk = Walk::new(layout, random);
        walk.descend();
        walk.anneal(SCHEDULES[cycle % SCHEDULES.len()], sweeps(cycle + 2), &mut rng, env);
        walk.descend();
        let values = walk.into_best();
        let cost = problem.cost(&values);
        if best.as_ref().is_none_or(|b| cost < b.0) {
            best = Some((cost, values));
        }
        if env.should_stop() {
            break;
        }
    }
    best.map_or_else(|| vec![0; problem.nodes()], |b| b.1)
}

/// A search with its own generator and its own assignment.
pub(super) struct Walker {
    rng: SplitMix64,
    lane: usize,
    cycle: usize,
    /// The assignment under repair; empty before an annealing run.
    values: Vec<usize>,
    cost: i64,
    /// Repair work that this assignment may still take without gain.
    left: u64,
    /// Repair work that it has had.
    repaired: u64,
    /// Size of the neighbourhoods, carried on because it fits the problem.
    size: usize,
    /// The best assignment since the last restart, and its cost.
    pub(super) best: Vec<usize>,
    best_cost: i64,
}

impl Walker {
    /// The walker of a lane.
    pub(super) fn new(lane: u64, env: &Environment) -> Self {
        let (rng, lane) = (env.generator(lane), lane as usize);
        Self {
            rng,
            lane,
            cycle: 0,
            values: Vec::new(),
            cost: 0,
            left: 0,
            repaired: 0,
            size: 8,
            best: Vec::new(),
            best_cost: i64::MAX,
        }
    }

    /// Forgets assignments: the net has changed.
    pub(super) fn restart(&mut self) {
        self.values.clear();
        self.best.clear();
        self.best_cost = i64::MAX;
    }

    /// Begins with the incumbent of the net, to be bettered before any fresh start.
    pub(super) fn start_at(&mut self, net: &Net) {
        self.values.clone_from(&net.incumbent);
        self.cost = net.cost(&net.live(), &self.values);
        self.left = WARM_VISITS;
    }

    /// Searches for about `work` visits.
    pub(super) fn walk(&mut self, net: &Net, layout: &Layout, work: u64, env: &Environment) {
        let live = net.live();
        if live.is_empty() {
            return;
        }
        let (mut spent, mut idle) = (0, false);
        while spent < work && (self.best.is_empty() || !env.should_stop()) {
            if self.values.is_empty() {
                spent += self.anneal(net, layout, env);
            } else {
                let slice = (work - spent).min(self.left).max(1);
                let took = match layout.flat || (self.lane % 2 == 1 && self.cycle % 2 == 1) {
                    true => self.tabu(net, &live, layout, slice, env),
                    false => repair(net, &mut self.values, &mut self.size, slice, &mut self.rng, env),
                };
                idle = took == 0;
                spent += took.max(1);
                self.left = self.left.saturating_sub(took.max(1));
                self.repaired += took.max(1);
            }
            let cost = net.cost(&live, &self.values);
            if cost < self.cost {
                self.cost = cost;
                let patience = self.patience(live.len());
                let most = if self.cycle < QUICK_CYCLES { 1 } else { MOST_REPAIR };
                if self.repaired < most * patience {
                    self.left = self.left.max(patience);
                }
            }
            if cost < self.best_cost {
                self.best_cost = cost;
                self.best.clone_from(&self.values);
            }
            if idle {
                // Nothing is paid any more, or there is nothing to free.
                break;
            }
            if self.left == 0 {
                self.values.clear();
            }
        }
    }

    /// Tabu search from the assignment in hand. Returns its visits.
    fn tabu(&mut self, net: &Net, live: &[usize], layout: &Layout, visits: u64, env: &Environment) -> u64 {
        let mut walk = Walk::new(layout, std::mem::take(&mut self.values));
        let took = walk.tabu(visits, &mut self.rng, env);
        self.values.clone_from(&walk.values);
        let best = walk.into_best();
        let cost = net.cost(live, &best);
        if cost < self.best_cost {
            self.best_cost = cost;
            self.best = best;
        }
        took
    }

    fn sweeps(&self) -> usize {
        sweeps(self.cycle)
    }

    fn patience(&self, nodes: usize) -> u64 {
        (self.sweeps() * nodes) as u64 * PATIENCE
    }

    /// A fresh annealing run from a random start. Returns its visits.
    fn anneal(&mut self, net: &Net, layout: &Layout, env: &Environment) -> u64 {
        let brief = layout.flat && self.lane % 2 == 0;
        let (sweeps, nodes) = (if brief { 1 } else { self.sweeps() }, net.live().len());
        let random = |u: &Vec<i64>| if u.is_empty() { 0 } else { self.rng.below(u.len()) };
        let mut walk = Walk::new(layout, net.unary.iter().map(random).collect());
        walk.descend();
        walk.anneal(SCHEDULES[(self.lane + self.cycle) % SCHEDULES.len()], sweeps, &mut self.rng, env);
        walk.descend();
        self.values = walk.into_best();
        self.cost = net.cost(&net.live(), &self.values);
        // Tabu search wants time rather than a good start: one walker restarts seldom, the other after each annealing run.
        self.left = match (layout.flat, self.lane % 2) {
            (true, 0) => TABU_VISITS,
            (true, _) => 4 * self.patience(nodes),
            (false, _) if self.cycle < QUICK_CYCLES => self.patience(nodes) / 4,
            (false, _) => self.patience(nodes),
        };
        self.repaired = 0;
        self.cycle += 1;
        (sweeps * nodes) as u64
    }
}
