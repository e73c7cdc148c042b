//! A connected part of a net: its bound, and the trees that search between bound and incumbent.

use rayon::prelude::*;

use super::branch::{self, Leaf, Search, Status, Tree};
use super::core::{Closed, Core, Unit};
use super::eliminate;
use super::net::{INF, Net};
use crate::env::Environment;

/// Trees side by side in one part. Fixed, so that the answer does not depend on the number of threads.
const TREES: usize = 2;

/// Handshake passes at most over one part.
const MOST_PASSES: usize = 4000;

/// Handshake passes over a core that has just been made narrow.
const NARROW_PASSES: usize = 32;

/// Cores of more table entries than this are not searched: not even one path would end.
const MOST_SEARCHED: usize = 1 << 22;

/// Table look-ups of an elimination that is done before anything else.
const QUICK_ELIMINATED: u64 = 1 << 14;

/// Nodes of a part that is searched before there are walkers and threads, passes before that, and table entries looked at.
const QUICK_NODES: usize = 32;
const QUICK_PASSES: usize = 4;
const QUICK_ENTRIES: u64 = 1 << 22;

/// Table entries looked at after which a tree without visible progress gets less: ten seconds or so of a small part, one of
/// a large part, and a tenth of one where the bound explains little.
const PATIENT_ENTRIES: [u64; 3] = [1 << 34, 1 << 31, 1 << 28];

/// Progress, as a share of the tree, that counts as none.
const HOPELESS: f64 = 0.001;

/// A connected part of the net and what is known of it.
#[derive(Default)]
pub(super) struct Part {
    pub(super) nodes: Vec<usize>,
    /// No assignment of these nodes costs less.
    pub(super) bound: i64,
    /// The incumbent is proved best for this part.
    pub(super) done: bool,
    /// The part between bound and incumbent; `None` where 32 bits do not hold the costs.
    core: Option<Core<i32>>,
    /// Handshake passes over the core so far.
    passes: usize,
    /// Whether more of them would gain too little.
    raised: bool,
    /// The search, once it has begun: what is open is split among these.
    trees: Vec<Box<dyn Tree>>,
    /// Whether the bound is under half of the incumbent's cost, counted from the trivial bound.
    weak: bool,
    /// Table entries that the search has been given.
    given: u64,
}

/// What a slice of exact work on a part has brought: node and live value of a better assignment of the part.
pub(super) type Found = Option<Vec<(usize, usize)>>;

impl Part {
    pub(super) fn new(net: &Net, nodes: Vec<usize>) -> Self {
        Self { bound: trivial_bound(net, &nodes), nodes, ..Self::default() }
    }

    /// Solves a part that is small; else tells no more than its trivial bound.
    pub(super) fn quick(net: &mut Net, nodes: Vec<usize>) -> Self {
        let mut part = Self::new(net, nodes);
        if part.eliminate(net, QUICK_ELIMINATED) || part.nodes.len() > QUICK_NODES {
            return part;
        }
        let limit = part.limit(net);
        match Core::<i16>::new(net, &part.nodes, limit) {
            Some(Err(Closed)) => part.close(net),
            Some(Ok(mut core)) => {
                let mut scratch = Vec::new();
                if (0..QUICK_PASSES).any(|pass| core.sweep(pass % 2 == 0, &mut scratch).is_err()) {
                    part.close(net);
                    return part;
                }
                part.bound = core.bound();
                let mut search = Search::new(&core, limit);
                let status = search.run(u64::MAX, QUICK_ENTRIES, &|| false);
                part.adopt(net, &core, search.take_leaf(), search.limit());
                if status == Status::Done {
                    part.close(net);
                }
            }
            None => {}
        }
        part
    }

    /// Solves the part by variable elimination if that takes at most `most` table look-ups. False if it would take more.
    pub(super) fn eliminate(&mut self, net: &mut Net, most: u64) -> bool {
        let Some(order) = eliminate::order(net, &self.nodes, most) else { return false };
        let mut values = net.incumbent.clone();
        self.bound = eliminate::solve(net, &order, &mut values);
        self.done = self.bound < INF;
        net.incumbent = values;
        true
    }

    fn adopt<C: Unit>(&self, net: &mut Net, core: &Core<C>, leaf: Option<Leaf>, cost: i64) {
        let Some(leaf) = leaf else { return };
        let found = branch::complete(core, &leaf, cost).expect("a leaf has an assignment of its cost");
        found.into_iter().for_each(|(node, value)| net.incumbent[node] = value);
    }

    /// The least cost that is of no interest: the incumbent's, or any allowed assignment's.
    fn limit(&self, net: &Net) -> i64 {
        net.cost(&self.nodes, &net.incumbent).min(net.soft_limit(&self.nodes))
    }

    /// Sets the part between its bound and its incumbent.
    pub(super) fn set_up(&mut self, net: &Net) {
        match Core::new(net, &self.nodes, self.limit(net)) {
            None => {}
            Some(Err(Closed)) => self.close(net),
            Some(Ok(core)) => self.core = Some(core),
        }
    }

    /// Nothing is better than the incumbent.
    fn close(&mut self, net: &Net) {
        let cost = net.cost(&self.nodes, &net.incumbent);
        self.done = cost < INF;
        self.bound = cost.min(INF);
    }

    /// Raises the bound by passes over about `entries` table entries, and closes the part if that does it.
    pub(super) fn raise(&mut self, net: &Net, entries: usize, env: &Environment) {
        let Some(mut core) = self.core.take() else { return };
        let (mut scratch, mut gain) = (Vec::new(), 0);
        let (worth, most) = if self.is_large() { (200, MOST_PASSES) } else { (20, MOST_PASSES / 10) };
        let passes = (entries / core.tables.len().max(1)).clamp(1, MOST_PASSES);
        for pass in 0..passes {
            match core.sweep((self.passes + pass) % 2 == 0, &mut scratch) {
                Err(Closed) => return self.close(net),
                Ok(gained) => gain += gained,
            }
            // Sixteen passes must close a twentieth of the gap, or less where a tree has little hope.
            let dull = pass % 16 == 15 && std::mem::take(&mut gain) * worth < i64::from(core.gap());
            self.raised |= dull || self.passes + pass > most;
            if self.raised || env.should_stop() {
                break;
            }
        }
        self.passes += passes;
        self.bound = core.bound();
        self.core = Some(core);
    }

    /// A slice of exact work: more passes, or more of the tree. With `threads` both trees go on at once.
    pub(super) fn advance(&mut self, net: &Net, work: u64, threads: bool, env: &Environment) -> Found {
        let limit = net.cost(&self.nodes, &net.incumbent);
        let core = self.core.as_mut().filter(|_| !self.done)?;
        core.tighten(limit);
        if !self.raised {
            self.raise(net, work as usize / 3, env);
            return None;
        }
        if core.tables.len() > MOST_SEARCHED {
            return None;
        }
        if self.trees.is_empty() {
            let trivial = trivial_bound(net, &self.nodes);
            self.weak = (core.bound() - trivial) * 2 < limit - trivial;
            self.trees.push(plant(net, &self.nodes, core, limit));
        } else if self.trees.len() < TREES {
            let half = self.trees.first_mut().and_then(|tree| tree.halve());
            self.trees.extend(half);
        }
        // A tree that shows no end gets a tenth of the time.
        let work = if self.hopeless() { work / 10 } else { work };
        self.given += work;
        let work = work / self.trees.len() as u64;
        let go_on = |tree: &mut Box<dyn Tree>| tree.go_on(limit, work, &|| env.should_stop());
        let ends: Vec<Status> = match threads {
            true => self.trees.par_iter_mut().map(go_on).collect(),
            false => self.trees.iter_mut().map(go_on).collect(),
        };
        let leaves: Vec<_> = self.trees.iter_mut().filter_map(|t| Some((t.limit(), t.take_leaf()?))).collect();
        let best = leaves.into_iter().min_by_key(|l| l.0);
        let limit = best.as_ref().map_or(limit, |l| l.0);
        let mut end = ends.iter();
        self.trees.retain(|_| end.next() == Some(&Status::Open));
        if self.trees.is_empty() {
            self.bound = limit.min(INF);
            self.done = self.bound < INF;
        }
        let core = self.core.as_ref()?;
        let complete = |(cost, leaf): (i64, Vec<_>)| {
            branch::complete(core, &leaf, cost).expect("a leaf has an assignment of its cost")
        };
        let better = best.map(complete);
        if self.trees.is_empty() && !self.done {
            // Every assignment has a forbidden choice: nothing is left to search.
            self.core = None;
        }
        better
    }

    /// Whether the search has had its chance and shows no end. A wide part whose bound explains little has less of a chance.
    pub(super) fn hopeless(&self) -> bool {
        let patience = PATIENT_ENTRIES[usize::from(self.is_large()) + usize::from(self.is_large() && self.weak)];
        self.given > patience && !self.trees.iter().any(|t| t.progress() >= HOPELESS)
    }

    /// Whether the part has too many nodes for a tree to be the first thing to try.
    pub(super) fn is_large(&self) -> bool {
        self.nodes.len() > QUICK_NODES
    }

    /// Whether a tree search is under way that may end.
    pub(super) fn hopeful(&self) -> bool {
        !self.done && !self.trees.is_empty() && !self.hopeless()
    }

    /// For each node of the part and each live value whether no better assignment than the incumbent has it.
    pub(super) fn ruled_out(&self, net: &Net) -> Vec<Vec<bool>> {
        let Some(core) = &self.core else { return Vec::new() };
        let mut bounds = Vec::new();
        core.look(&mut bounds);
        let of_node = |(i, &node): (usize, &usize)| {
            let own = bounds[core.range(i)].iter().enumerate();
            own.map(|(a, &b)| b > core.gap() && a != net.incumbent[node]).collect()
        };
        self.nodes.iter().enumerate().map(of_node).collect()
    }
}

/// The search below a core, in 16 bits if they hold its costs and lose nothing of its bound.
fn plant(net: &Net, nodes: &[usize], core: &Core<i32>, limit: i64) -> Box<dyn Tree> {
    match Core::<i16>::new(net, nodes, limit) {
        Some(Ok(mut narrow)) => {
            let mut bounds = Vec::new();
            core.look(&mut bounds);
            narrow.forbid(|i| bounds[i] > core.gap());
            let mut scratch = Vec::new();
            let closed = (0..NARROW_PASSES).any(|pass| narrow.sweep(pass % 2 == 0, &mut scratch).is_err());
            let left = |gap: i64, scale: i64| gap * 64 / scale;
            let (wide, thin) = (left(core.gap().wide(), core.scale), left(narrow.gap().wide(), narrow.scale));
            if closed || thin <= wide + wide / 16 {
                return Box::new(Search::new(&narrow, limit));
            }
            Box::new(Search::new(core, limit))
        }
        _ => Box::new(Search::new(core, limit)),
    }
}

/// The cheapest value of every node and the cheapest entry of every pair.
fn trivial_bound(net: &Net, nodes: &[usize]) -> i64 {
    let least = |costs: &[i64]| costs.iter().copied().min().unwrap_or(0);
    let pair = |node: usize, &(to, p): &(usize, usize)| match &net.pairs[p] {
        Some(pair) if to > node => least(&pair.costs),
        _ => 0,
    };
    let node = |&n: &usize| least(&net.unary[n]) + net.adjacent[n].iter().map(|link| pair(n, link)).sum::<i64>();
    nodes.iter().map(node).sum()
}
