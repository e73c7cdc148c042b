//! The plan of attack: reduce, bound, prune, then rounds of exact and local search side by side.

use rayon::prelude::*;

use super::branch::{self, Search, Status};
use super::core::{Closed, Core};
use super::local::Layout;
use super::net::{INF, Net};
use super::reduce::{self, Infeasible, Trail, components, reduce};
use super::walker::Walker;
use super::{Problem, Solution, eliminate};
use crate::env::{Environment, Progress};

/// Local searches side by side. Fixed, so that the answer does not depend on the number of threads.
const WALKERS: u64 = 2;

/// What a walker does before the first look at bounds, in visits; later rounds do more.
const FIRST_WORK: u64 = 10_000;

/// Handshake passes at most over one part.
const MOST_PASSES: usize = 400;

/// Table entries that the first raising of a bound may touch, three times each: some ten milliseconds.
const FIRST_ENTRIES: usize = 1 << 24;

/// Cores of more table entries than this are not searched: not even one path would end.
const MOST_SEARCHED: usize = 1 << 22;

/// A connected part of the net and what is known of it.
#[derive(Default)]
struct Part {
    nodes: Vec<usize>,
    /// No assignment of these nodes costs less.
    bound: i64,
    /// The incumbent is proved best for this part.
    done: bool,
    /// The part between bound and incumbent; `None` where 32 bits do not hold the costs.
    core: Option<Core>,
    /// Handshake passes over the core so far.
    passes: usize,
    /// Whether more of them would gain too little.
    raised: bool,
    search: Option<Search>,
}

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
}

/// Solves a problem that has a dense net.
pub(super) fn run(problem: &Problem, net: Net, trivial_bound: i64, env: &Environment) -> Solution {
    let start = vec![0; problem.nodes()];
    let best = (problem.cost(&start), start);
    let walkers = (0..WALKERS).map(|k| Walker::new(k, env)).collect();
    let (trail, parts) = (Trail::default(), Vec::new());
    let mut run = Run { problem, env, net, trail, parts, best, bound: trivial_bound, walkers };
    let proved = match env.threads {
        1 => run.all(),
        threads => match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
            Ok(pool) => pool.install(|| run.all()),
            // No threads to be had: the same work on this one.
            Err(_) => run.all(),
        },
    };
    let (cost, values) = run.best;
    let bound = if proved { cost } else { run.bound.min(cost) };
    Solution { values, cost, bound, proved }
}

impl Run<'_> {
    /// True if the best assignment is proved.
    fn all(&mut self) -> bool {
        if reduce(&mut self.net, &mut self.trail) == Err(Infeasible) {
            return false;
        }
        self.walk_round(FIRST_WORK);
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
        let trivial = self.trivial(&nodes);
        let mut part = Part { bound: trivial, nodes, done: false, core: None, passes: 0, raised: false, search: None };
        if self.env.should_stop() {
            return part;
        }
        if let Some(order) = eliminate::order(&self.net, &part.nodes) {
            let mut values = self.net.incumbent.clone();
            part.bound = eliminate::solve(&self.net, &order, &mut values);
            part.done = part.bound < INF;
            self.net.incumbent = values;
            return part;
        }
        let limit = self.limit(&part.nodes);
        match Core::new(&self.net, &part.nodes, limit) {
            None => {}
            Some(Err(Closed)) => self.close(&mut part),
            Some(Ok(core)) => {
                part.core = Some(core);
                self.raise(&mut part, FIRST_ENTRIES);
            }
        }
        part
    }

    /// Nothing is better than a part's incumbent.
    fn close(&self, part: &mut Part) {
        let cost = self.net.cost(&part.nodes, &self.net.incumbent);
        part.done = cost < INF;
        part.bound = cost.min(INF);
    }

    /// How many values the parts' bounds and results rule out.
    fn prunable(&self) -> usize {
        let done = |p: &Part| p.nodes.iter().map(|&n| self.net.unary[n].len()).sum();
        let open = |p: &Part| self.ruled_out(p).iter().flatten().filter(|&&d| d).count();
        self.parts.iter().map(|p| if p.done { done(p) } else { open(p) }).sum()
    }

    /// For each node and value of a part whether it can be dropped without losing all best assignments.
    fn ruled_out(&self, part: &Part) -> Vec<Vec<bool>> {
        let Some(core) = &part.core else { return Vec::new() };
        let mut bounds = Vec::new();
        core.look(&mut bounds);
        let of_node = |(i, &node): (usize, &usize)| {
            let own = bounds[core.range(i)].iter().enumerate();
            own.map(|(a, &b)| b > core.gap() && a != self.net.incumbent[node]).collect()
        };
        part.nodes.iter().enumerate().map(of_node).collect()
    }

    fn prune(&mut self) {
        for part in std::mem::take(&mut self.parts) {
            let drop = self.ruled_out(&part);
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
        // The incumbent stays, and it has no forbidden choice where anything was dropped.
        let reduced = reduce(&mut self.net, &mut self.trail);
        debug_assert!(reduced.is_ok());
    }

    fn trivial(&self, nodes: &[usize]) -> i64 {
        let least = |costs: &[i64]| costs.iter().copied().min().unwrap_or(0);
        let pair = |node: usize, &(to, p): &(usize, usize)| match &self.net.pairs[p] {
            Some(pair) if to > node => least(&pair.costs),
            _ => 0,
        };
        let node =
            |&n: &usize| least(&self.net.unary[n]) + self.net.adjacent[n].iter().map(|link| pair(n, link)).sum::<i64>();
        nodes.iter().map(node).sum()
    }

    /// The least cost that is of no interest for a part: its incumbent's, or any allowed assignment's.
    fn limit(&self, nodes: &[usize]) -> i64 {
        self.net.cost(nodes, &self.net.incumbent).min(self.net.soft_limit(nodes))
    }

    /// Raises a part's bound by passes over about `entries` table entries, and closes the part if that does it.
    fn raise(&self, part: &mut Part, entries: usize) {
        let Some(mut core) = part.core.take() else { return };
        let (mut scratch, mut gain) = (Vec::new(), 0);
        let passes = (entries / core.tables.len().max(1)).clamp(1, MOST_PASSES);
        for pass in 0..passes {
            match core.sweep((part.passes + pass) % 2 == 0, &mut scratch) {
                Err(Closed) => return self.close(part),
                Ok(gained) => gain += gained,
            }
            // A hundred passes like these must promise to close a third of the gap.
            let dull = pass % 16 == 15 && std::mem::take(&mut gain) * 20 < i64::from(core.gap());
            part.raised |= dull || part.passes + pass > MOST_PASSES;
            if part.raised || self.env.should_stop() {
                break;
            }
        }
        part.passes += passes;
        part.bound = core.bound();
        part.core = Some(core);
    }

    /// Works out the bound and offers the incumbent as the best assignment.
    fn take_stock(&mut self) {
        let mut values = vec![0; self.problem.nodes()];
        for node in self.net.live() {
            values[node] = self.net.values[node][self.net.incumbent[node]] as usize;
        }
        self.trail.restore(&mut values);
        let cost = self.problem.cost(&values);
        if cost < self.best.0 {
            self.best = (cost, values);
        }
        if !self.parts.is_empty() {
            let bound = self.parts.iter().map(|p| p.bound).sum::<i64>() + self.net.constant;
            self.bound = self.bound.max(bound);
        }
        self.env.report(Progress { cost: self.best.0, bound: self.bound });
    }

    /// Has every walker search on; the incumbent takes the best of each part.
    fn walk_round(&mut self, work: u64) {
        let layout = Layout::new(&self.net);
        let (net, env) = (&self.net, self.env);
        let each = |walker: &mut Walker| walker.walk(net, &layout, work, env);
        if env.threads > 1 {
            self.walkers.par_iter_mut().for_each(each);
        } else {
            self.walkers.iter_mut().for_each(each);
        }
        for i in 0..self.walkers.len() {
            if !self.walkers[i].best.is_empty() {
                let values = self.walkers[i].best.clone();
                self.adopt(&values);
            }
        }
    }

    fn adopt(&mut self, values: &[usize]) {
        for part in components(&self.net) {
            if self.net.cost(&part, values) < self.net.cost(&part, &self.net.incumbent) {
                part.iter().for_each(|&n| self.net.incumbent[n] = values[n]);
            }
        }
        self.take_stock();
    }

    /// One round: local search on this side, trees on that. True if everything is proved.
    fn round(&mut self, round: u32) -> bool {
        self.walk_round(FIRST_WORK << round.min(6));
        for i in 0..self.parts.len() {
            let mut part = std::mem::take(&mut self.parts[i]);
            if part.raised {
                self.search(&mut part, 500 << round.min(6));
            } else {
                self.raise(&mut part, FIRST_ENTRIES);
            }
            self.parts[i] = part;
        }
        self.take_stock();
        if self.parts.iter().all(|p| p.done) {
            return true;
        }
        let values: usize = self.net.unary.iter().map(Vec::len).sum();
        if self.parts.iter().any(|p| p.done) || self.prunable() * 10 > values {
            self.prune();
            return !self.settle();
        }
        false
    }

    fn search(&mut self, part: &mut Part, steps: u64) {
        let worth = |core: &&mut Core| core.tables.len() <= MOST_SEARCHED;
        let Some(core) = part.core.as_mut().filter(|_| !part.done).filter(worth) else { return };
        let limit = self.net.cost(&part.nodes, &self.net.incumbent);
        core.tighten(limit);
        let search = part.search.get_or_insert_with(|| Search::new(core, limit));
        search.tighten(limit);
        let env = self.env;
        let status = search.run(steps, &|| env.should_stop());
        let (leaf, found) = (search.leaf.take(), search.limit());
        if let Some(leaf) = leaf {
            let full = branch::complete(core, &leaf, found).expect("a leaf has an assignment of its cost");
            full.iter().for_each(|&(node, value)| self.net.incumbent[node] = value);
            debug_assert_eq!(self.net.cost(&part.nodes, &self.net.incumbent), found);
        }
        if status == Status::Done {
            self.close(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Form, HARD, ProblemBuilder, solve};
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
        for trial in 0..400 {
            let nodes = 1 + rng.below(6);
            let problem = random_problem(&mut rng, nodes, 5);
            let want = brute_force(&problem);
            let got = solve(&problem, &Environment::new().with_seed(trial));
            assert_eq!(problem.cost(&got.values), got.cost);
            assert!(got.bound <= want, "trial {trial}: bound {} over {want}", got.bound);
            if want < HARD / 2 {
                assert_eq!((got.cost, got.proved), (want, true), "trial {trial}");
            }
        }
    }
}
