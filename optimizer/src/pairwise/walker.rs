//! One local search that goes on from round to round: anneal, then repair until that stops gaining, then anew.

use super::local::{Layout, SCHEDULES, Walk};
use super::net::Net;
use super::repair::repair;
use crate::env::{Environment, SplitMix64};

/// Sweeps of the first annealing run; later cycles have more.
const FIRST_SWEEPS: usize = 60;

/// Sweeps of an annealing run at most.
const MOST_SWEEPS: usize = 60_000;

/// Repair ends after this much work without gain, as a multiple of the annealing before it.
const PATIENCE: u64 = 1;

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

    /// Searches for about `work` visits.
    pub(super) fn walk(&mut self, net: &Net, layout: &Layout, work: u64, env: &Environment) {
        let live = net.live();
        if live.is_empty() {
            return;
        }
        let mut spent = 0;
        while spent < work && (self.best.is_empty() || !env.should_stop()) {
            if self.values.is_empty() {
                spent += self.anneal(net, layout, env);
            } else {
                let slice = (work - spent).min(self.left).max(1);
                let took = repair(net, &mut self.values, &mut self.size, slice, &mut self.rng, env);
                spent += took.max(1);
                self.left = self.left.saturating_sub(took.max(1));
            }
            let cost = net.cost(&live, &self.values);
            if cost < self.cost {
                self.cost = cost;
                self.left = self.left.max(self.patience(live.len()));
            }
            if cost < self.best_cost {
                self.best_cost = cost;
                self.best.clone_from(&self.values);
            }
            if self.left == 0 {
                self.values.clear();
            }
        }
    }

    fn sweeps(&self) -> usize {
        // Quickly from a first idea to a good one, then slowly on.
        let grow = |s: usize, cycle: usize| if cycle < 4 { s * 4 } else { s * 5 / 4 };
        (1..self.cycle).fold(FIRST_SWEEPS, grow).min(MOST_SWEEPS)
    }

    fn patience(&self, nodes: usize) -> u64 {
        (self.sweeps() * nodes) as u64 * PATIENCE
    }

    /// A fresh annealing run from a random start. Returns its visits.
    fn anneal(&mut self, net: &Net, layout: &Layout, env: &Environment) -> u64 {
        let (sweeps, nodes) = (self.sweeps(), net.live().len());
        let random = |u: &Vec<i64>| if u.is_empty() { 0 } else { self.rng.below(u.len()) };
        let mut walk = Walk::new(layout, net.unary.iter().map(random).collect());
        walk.descend();
        walk.anneal(SCHEDULES[(self.lane + self.cycle) % SCHEDULES.len()], sweeps, &mut self.rng, env);
        walk.descend();
        self.values = walk.into_best();
        self.cost = net.cost(&net.live(), &self.values);
        self.left = self.patience(nodes);
        self.cycle += 1;
        (sweeps * nodes) as u64
    }
}
