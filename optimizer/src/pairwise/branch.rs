//! Branch and bound over a core: depth first, resumable, counted in steps.
//!
//! Every step raises the floor by one pass of handshakes, drops the values that one look ahead closes, takes out nodes of
//! degree two and less, and branches on the node that promises the smallest tree.

use std::cmp::Reverse;
use std::ops::Range;

use super::core::{Closed, Core, Unit, Work};

/// A node of more values than this, whose values are still much alike, is branched on by halves of its list: neighbours in
/// the list differ little where the values are frequencies, and a half can close as a whole.
const MOST_SINGLE: usize = 10;

/// Table entries between two looks at the quota: a millisecond or two.
const LOOK: u64 = 1 << 21;

#[derive(Clone)]
struct Frame<C> {
    core: Core<C>,
    /// The branching node in `core`.
    node: usize,
    /// Ranges of its values still to try, cheapest last.
    order: Vec<Range<usize>>,
    /// The values that the frames above stand on.
    trying: Range<usize>,
    /// How many ranges there were to try.
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

/// The branching decisions that lead to a leaf, first to last: a node of the net and the live values it may have.
pub(super) type Leaf = Vec<(usize, Vec<u16>)>;

/// A search whatever its costs are kept in.
pub(super) trait Tree: Send {
    /// Goes on for an amount of work on assignments that cost less than `limit`, or until `stop` says so.
    fn go_on(&mut self, limit: i64, work: u64, stop: &dyn Fn() -> bool) -> Status;
    /// The cost of the best leaf, or the limit from outside.
    fn limit(&self) -> i64;
    /// The path of the best leaf since the last call, if there is one.
    fn take_leaf(&mut self) -> Option<Leaf>;
    /// Hands half of what is open to a second search.
    fn halve(&mut self) -> Option<Box<dyn Tree>>;
    /// The share of the tree that is done, if all branches of a node are alike.
    fn progress(&self) -> f64;
}

impl<C: Unit> Tree for Search<C> {
    fn go_on(&mut self, limit: i64, work: u64, stop: &dyn Fn() -> bool) -> Status {
        self.tighten(limit);
        self.run(u64::MAX, work, stop)
    }

    fn limit(&self) -> i64 {
        self.limit
    }

    fn take_leaf(&mut self) -> Option<Leaf> {
        self.leaf.take()
    }

    fn halve(&mut self) -> Option<Box<dyn Tree>> {
        Some(Box::new(self.split()?))
    }

    fn progress(&self) -> f64 {
        self.share_done()
    }
}

/// A depth-first search that can stop and go on.
pub(super) struct Search<C> {
    stack: Vec<Frame<C>>,
    /// Cores out of use, for their buffers.
    spare: Vec<Core<C>>,
    buffers: Work<C>,
    scratch: Vec<C>,
    bounds: Vec<C>,
    /// Whether nodes of low degree are taken out. Then a leaf's path does not name every node.
    peeling: bool,
    /// For each node of the core in hand the mean cost of its pairs.
    means: Vec<f64>,
    /// The path of the best leaf so far as (node, live value) of the net.
    pub(super) leaf: Option<Leaf>,
    /// Cost limit: only assignments under it are of interest.
    limit: i64,
    /// Steps taken.
    pub(super) steps: u64,
    /// Table entries looked at, about: what the steps have cost.
    pub(super) work: u64,
}

/// The full assignment, as (node, live value) of the net, that a leaf's path stands for; it costs at most `cost`.
pub(super) fn complete<C: Unit>(core: &Core<C>, leaf: &Leaf, cost: i64) -> Option<Vec<(usize, usize)>> {
    let mut from = core.clone();
    from.cutoff = cost * core.scale;
    for (node, values) in leaf {
        from.hold(*node, values);
    }
    let mut search = Search::start(&from, cost + 1, false);
    while search.leaf.is_none() && search.run(1, u64::MAX, &|| false) == Status::Open {}
    // Without elimination every node is branched on until one value is left; the last range of a node counts.
    let mut found = std::collections::BTreeMap::new();
    for (node, values) in search.leaf? {
        found.insert(node, usize::from(*values.first()?));
    }
    Some(found.into_iter().collect())
}

impl<C: Unit> Search<C> {
    /// A search below a core whose bound has been raised as far as is worth it.
    pub(super) fn new(core: &Core<C>, limit: i64) -> Self {
        Self::start(core, limit, true)
    }

    fn start(core: &Core<C>, limit: i64, peeling: bool) -> Self {
        let mut search = Self {
            stack: Vec::new(),
            spare: Vec::new(),
            buffers: Work::default(),
            scratch: Vec::new(),
            bounds: Vec::new(),
            peeling,
            means: Vec::new(),
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
    fn tighten(&mut self, limit: i64) {
        if limit < self.limit {
            self.limit = limit;
            self.leaf = None;
        }
    }

    /// Hands every other open branch of the lowest node that has any to a second search, so that two threads can go on.
    fn split(&mut self) -> Option<Self> {
        let top = self.stack.len().checked_sub(1)?;
        let at = (0..=top).find(|&i| self.stack[i].order.len() > usize::from(i == top))?;
        let mut stack = self.stack[..=at].to_vec();
        let open = std::mem::take(&mut self.stack[at].order);
        // The cheapest value, the last one, is for whoever is not busy with this node.
        let mine = |from_last: usize| from_last % 2 == usize::from(at < top);
        stack.iter_mut().for_each(|f| f.order.clear());
        let count = open.len();
        for (i, values) in open.into_iter().enumerate() {
            let order = if mine(count - 1 - i) { &mut self.stack[at].order } else { &mut stack[at].order };
            order.push(values);
        }
        Some(Self {
            stack,
            spare: Vec::new(),
            buffers: Work::default(),
            scratch: Vec::new(),
            bounds: Vec::new(),
            means: Vec::new(),
            leaf: None,
            steps: 0,
            work: 0,
            ..*self
        })
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
            let Some(values) = frame.order.pop() else {
                self.spare.extend(self.stack.pop().map(|f| f.core));
                continue;
            };
            self.steps += 1;
            frame.trying = values.clone();
            frame.core.tighten(self.limit);
            let node = frame.node;
            let mut child = self.spare.pop().unwrap_or_default();
            match frame.core.restrict(Some((node, values)), &mut child, &mut self.buffers) {
                Ok(()) => self.open(child),
                Err(Closed) => self.spare.push(child),
            }
        }
        if self.stack.is_empty() { Status::Done } else { Status::Open }
    }

    /// Raises the bound of a fresh core, and pushes it with its branching unless that closes or solves it.
    fn open(&mut self, mut core: Core<C>) {
        core.tighten(self.limit);
        match self.tighten_core(&mut core) {
            Err(Closed) => {
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
                self.stack.push(Frame { core, node, order, trying: 0..0, width });
            }
        }
    }

    /// The share of the tree that is behind the search if all branches of a node were alike, from 0 to 1.
    fn share_done(&self) -> f64 {
        let (mut done, mut share) = (0.0, 1.0);
        for frame in &self.stack {
            let width = frame.width as f64;
            done += share * (width - 1.0 - frame.order.len() as f64).max(0.0) / width;
            share /= width;
        }
        done
    }

    /// The branching decisions that lead to the core in hand.
    fn path(&self) -> Leaf {
        let chosen = |f: &Frame<C>| {
            let values = &f.core.values[f.core.range(f.node)];
            (f.core.nodes[f.node] as usize, values[f.trying.clone()].to_vec())
        };
        self.stack.iter().map(chosen).collect()
    }

    /// Handshakes, look-ahead and elimination until they stop paying.
    fn tighten_core(&mut self, core: &mut Core<C>) -> Result<(), Closed> {
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

    /// The node to branch on, and ranges of its values, the cheapest last.
    fn choose(&mut self, core: &Core<C>) -> (usize, Vec<Range<usize>>) {
        core.look(&mut self.bounds);
        core.mean_costs(&mut self.means);
        let effort = |n: usize| self.effort(core, n);
        let node = (0..core.len()).min_by(|&m, &n| effort(m).total_cmp(&effort(n)).then(m.cmp(&n)));
        let node = node.expect("an open core has nodes");
        let bounds = &self.bounds[core.range(node)];
        let d = bounds.len();
        let vague = self.vague(core, node) > d as f64 / 4.0;
        let mut order: Vec<Range<usize>> = match d > MOST_SINGLE && vague {
            true => vec![0..d / 2, d / 2..d],
            false => (0..d).map(|a| a..a + 1).collect(),
        };
        order.sort_by_key(|r| Reverse((bounds[r.clone()].iter().copied().min(), r.start)));
        (node, order)
    }

    /// What a node's values leave of the gap: 1 for each that costs nothing, less for the dearer ones.
    fn vague(&self, core: &Core<C>, n: usize) -> f64 {
        let gap = core.gap().wide().max(1) as f64;
        let share = |b: &C| {
            // 1 / exp(5 b / gap), by the first terms of the series.
            let x = 5.0 * b.wide() as f64 / gap;
            1.0 / (1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0)))))
        };
        self.bounds[core.range(n)].iter().map(share).sum::<f64>()
    }

    /// What a node's branches should take: a tree shrinks with what a value leaves of the gap, and a node whose pairs still
    /// cost much settles more than one whose pairs cost little. Plain arithmetic, so that it is the same on every machine.
    fn effort(&self, core: &Core<C>, n: usize) -> f64 {
        self.vague(core, n) / (self.means[n] + core.gap().wide() as f64 * 1e-4)
    }
}
