//! Branch and bound over a core: depth first, resumable, counted in steps.
//!
//! Every step raises the floor by one pass of handshakes, drops the values that one look ahead closes, takes out nodes of
//! degree two and less, and branches on the node with the fewest values left, or on one that has failed before.

use super::core::{Closed, Core, Work};

/// Table entries between two looks at the quota: a millisecond or two.
const LOOK: u64 = 1 << 21;

struct Frame {
    core: Core,
    /// The branching node in `core`.
    node: usize,
    /// Its values still to try, cheapest last.
    order: Vec<usize>,
    /// The value that the frames above stand on.
    trying: usize,
    /// How many values there were to try.
    width: usize,
}

/// How a search stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Steps ran out; call again.
    Open,
    /// Nothing under the cutoff is left.
    Done,
}

/// A depth-first search that can stop and go on.
pub(super) struct Search {
    stack: Vec<Frame>,
    /// Cores out of use, for their buffers.
    spare: Vec<Core>,
    buffers: Work,
    scratch: Vec<i32>,
    bounds: Vec<i32>,
    /// Whether nodes of low degree are taken out. Then a leaf's path does not name every node.
    peeling: bool,
    /// Whether branching learns from failures instead of taking the fewest values.
    learning: bool,
    /// For each node of the net how many branches on it have closed at once.
    failures: Vec<u32>,
    /// The path of the best leaf so far as (node, live value) of the net.
    pub(super) leaf: Option<Vec<(usize, usize)>>,
    /// Cost limit: only assignments under it are of interest.
    limit: i64,
    /// Steps taken.
    pub(super) steps: u64,
    /// Table entries looked at, about: what the steps have cost.
    pub(super) work: u64,
}

/// The full assignment, as (node, live value) of the net, that a leaf's path stands for; it costs at most `cost`.
pub(super) fn complete(core: &Core, leaf: &[(usize, usize)], cost: i64) -> Option<Vec<(usize, usize)>> {
    let mut from = core.clone();
    from.cutoff = cost * core.scale;
    for &(node, value) in leaf {
        from.hold(node, value);
    }
    let mut search = Search::start(&from, cost + 1, false, false);
    while search.leaf.is_none() && search.run(1, u64::MAX, &|| false) == Status::Open {}
    search.leaf
}

impl Search {
    /// A search below a core whose bound has been raised as far as is worth it.
    pub(super) fn new(core: &Core, limit: i64) -> Self {
        Self::start(core, limit, true, false)
    }

    /// A search that learns from its failures where to branch (after Boussemart et al., ECAI 2004).
    pub(super) fn learning(core: &Core, limit: i64) -> Self {
        Self::start(core, limit, true, true)
    }

    fn start(core: &Core, limit: i64, peeling: bool, learning: bool) -> Self {
        let mut search = Self {
            stack: Vec::new(),
            spare: Vec::new(),
            buffers: Work::default(),
            scratch: Vec::new(),
            bounds: Vec::new(),
            peeling,
            learning,
            failures: Vec::new(),
            leaf: None,
            limit,
            steps: 0,
            work: 0,
        };
        let mut root = Core::default();
        let opened = core.restrict(None, &mut root, &mut search.buffers);
        if opened.is_ok() {
            search.open(root);
        }
        search
    }

    /// The cost of the best leaf, or the limit from outside.
    pub(super) fn limit(&self) -> i64 {
        self.limit
    }

    /// Lowers the limit: somebody else has found an assignment of this cost.
    pub(super) fn tighten(&mut self, limit: i64) {
        if limit < self.limit {
            self.limit = limit;
            self.leaf = None;
        }
    }

    /// Goes on for a number of steps, for an amount of work, or until `stop` says so.
    pub(super) fn run(&mut self, steps: u64, work: u64, stop: &dyn Fn() -> bool) -> Status {
        let (start, mut looked) = (self.work, self.work);
        for _ in 0..steps {
            if self.work - looked > LOOK {
                looked = self.work;
                if stop() || self.work - start > work {
                    return Status::Open;
                }
            }
            let Some(frame) = self.stack.last_mut() else { return Status::Done };
            let Some(value) = frame.order.pop() else {
                self.spare.extend(self.stack.pop().map(|f| f.core));
                continue;
            };
            self.steps += 1;
            frame.trying = value;
            frame.core.tighten(self.limit);
            let node = frame.node;
            let mut child = self.spare.pop().unwrap_or_default();
            match frame.core.restrict(Some((node, value)), &mut child, &mut self.buffers) {
                Ok(()) => self.open(child),
                Err(Closed) => self.spare.push(child),
            }
        }
        if self.stack.is_empty() { Status::Done } else { Status::Open }
    }

    /// Raises the bound of a fresh core, and pushes it with its branching unless that closes or solves it.
    fn open(&mut self, mut core: Core) {
        core.tighten(self.limit);
        match self.tighten_core(&mut core) {
            Err(Closed) => {
                self.count_failure();
                self.spare.push(core);
            }
            Ok(()) if core.len() == 0 => {
                self.limit = core.bound();
                self.leaf = Some(self.path());
                self.spare.push(core);
            }
            Ok(()) => {
                let (node, order) = self.choose(&core);
                let width = order.len();
                self.stack.push(Frame { core, node, order, trying: 0, width });
            }
        }
    }

    /// Whether it learns from failures.
    pub(super) fn learns(&self) -> bool {
        self.learning
    }

    /// The share of the tree that is behind the search if all branches of a node were alike, from 0 to 1.
    pub(super) fn progress(&self) -> f64 {
        let (mut done, mut share) = (0.0, 1.0);
        for frame in &self.stack {
            let width = frame.width as f64;
            done += share * (width - 1.0 - frame.order.len() as f64).max(0.0) / width;
            share /= width;
        }
        done
    }

    /// The branching decisions that lead to the core in hand.
    fn path(&self) -> Vec<(usize, usize)> {
        let chosen = |f: &Frame| {
            let at = f.core.range(f.node).start + f.trying;
            (f.core.nodes[f.node] as usize, f.core.values[at] as usize)
        };
        self.stack.iter().map(chosen).collect()
    }

    /// Handshakes, look-ahead and elimination until they stop paying.
    fn tighten_core(&mut self, core: &mut Core) -> Result<(), Closed> {
        loop {
            // Three times through the tables for the handshakes, one look, and two copies on the way here.
            self.work += 6 * core.tables.len() as u64 + 64;
            core.sweep(true, &mut self.scratch)?;
            let before: usize = core.unary.len();
            core.look(&mut self.bounds);
            core.drop_over(&self.bounds);
            if self.peeling {
                core.peel(&mut self.buffers);
            }
            let mut next = self.spare.pop().unwrap_or_default();
            let kept = core.restrict(None, &mut next, &mut self.buffers);
            std::mem::swap(core, &mut next);
            self.spare.push(next);
            kept?;
            // A tenth fewer values makes another round worth its price.
            if core.len() == 0 || core.unary.len() * 10 > before * 9 {
                return Ok(());
            }
        }
    }

    /// The node to branch on, and its values, the cheapest last.
    fn choose(&mut self, core: &Core) -> (usize, Vec<usize>) {
        core.look(&mut self.bounds);
        let nodes = 0..core.len();
        let node = match self.learning {
            true => nodes.min_by(|&m, &n| self.effort(core, m).total_cmp(&self.effort(core, n)).then(m.cmp(&n))),
            false => nodes.min_by_key(|&n| (core.domain(n), -self.mean_bound(core, n), n)),
        };
        let node = node.expect("an open core has nodes");
        let bounds = &self.bounds[core.range(node)];
        let mut order: Vec<usize> = (0..bounds.len()).collect();
        order.sort_by_key(|&a| std::cmp::Reverse((bounds[a], a)));
        (node, order)
    }

    fn mean_bound(&self, core: &Core, n: usize) -> i64 {
        self.bounds[core.range(n)].iter().map(|&b| i64::from(b)).sum::<i64>() / core.domain(n).max(1) as i64
    }

    /// What a node's branches should take: a tree shrinks with what a value leaves of the gap, and a node that has closed
    /// many branches is likely to close more. Plain arithmetic, so that it is the same on every machine.
    fn effort(&self, core: &Core, n: usize) -> f64 {
        let gap = f64::from(core.gap().max(1));
        let share = |&b: &i32| {
            // 1 / exp(5 b / gap), by the first terms of the series.
            let x = 5.0 * f64::from(b) / gap;
            1.0 / (1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0)))))
        };
        let failures = self.failures.get(core.nodes[n] as usize).copied().unwrap_or(0);
        self.bounds[core.range(n)].iter().map(share).sum::<f64>() / f64::from(1 + failures)
    }

    fn count_failure(&mut self) {
        let Some(frame) = self.stack.last() else { return };
        let node = frame.core.nodes[frame.node] as usize;
        if self.failures.len() <= node {
            self.failures.resize(node + 1, 0);
        }
        self.failures[node] = self.failures[node].saturating_add(1);
    }
}
