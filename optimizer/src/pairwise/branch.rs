//! Branch and bound over a core: depth first, resumable, counted in steps.
//!
//! Every step raises the floor by handshakes, drops the values that one look ahead closes, takes out nodes of degree
//! two and less, and branches on the node with the fewest values left.

use super::core::{Closed, Core, Work};

/// Handshake passes at most below the root; a pass must also promise to close the rest of the gap.
const PASSES: usize = 8;

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
    let mut search = Search::start(&from, cost + 1, false);
    while search.leaf.is_none() && search.run(1, &|| false) == Status::Open {}
    search.leaf
}

impl Search {
    /// A search below a core whose bound has been raised as far as is worth it.
    pub(super) fn new(core: &Core, limit: i64) -> Self {
        Self::start(core, limit, true)
    }

    fn start(core: &Core, limit: i64, peeling: bool) -> Self {
        let mut search = Self {
            stack: Vec::new(),
            spare: Vec::new(),
            buffers: Work::default(),
            scratch: Vec::new(),
            bounds: Vec::new(),
            peeling,
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

    /// Goes on for a number of steps or until `stop` says so.
    pub(super) fn run(&mut self, steps: u64, stop: &dyn Fn() -> bool) -> Status {
        let mut looked = self.work;
        for _ in 0..steps {
            if self.work - looked > LOOK {
                looked = self.work;
                if stop() {
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
            Err(Closed) => self.spare.push(core),
            Ok(()) if core.len() == 0 => {
                self.limit = core.bound();
                self.leaf = Some(self.path());
                self.spare.push(core);
            }
            Ok(()) => {
                let (node, order) = self.choose(&core);
                self.stack.push(Frame { core, node, order, trying: 0 });
            }
        }
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
            self.handshakes(core)?;
            // One look, and two copies on the way here.
            self.work += 3 * core.tables.len() as u64 + 64;
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

    fn handshakes(&mut self, core: &mut Core) -> Result<(), Closed> {
        if core.links.is_empty() {
            return Ok(());
        }
        for pass in 0..PASSES {
            self.work += 3 * core.tables.len() as u64;
            let gain = core.sweep(pass % 2 == 0, &mut self.scratch)?;
            if gain * ((PASSES - pass) as i64) < i64::from(core.gap()) {
                break;
            }
        }
        Ok(())
    }

    /// The node with the fewest values, and among those the one whose values cost most; cheapest value last.
    fn choose(&mut self, core: &Core) -> (usize, Vec<usize>) {
        core.look(&mut self.bounds);
        let weight = |n: usize| self.bounds[core.range(n)].iter().map(|&b| i64::from(b)).sum::<i64>();
        let key = |n: usize| (core.domain(n), -weight(n) / core.domain(n).max(1) as i64, n);
        let node = (0..core.len()).min_by_key(|&n| key(n)).expect("an open core has nodes");
        let bounds = &self.bounds[core.range(node)];
        let mut order: Vec<usize> = (0..bounds.len()).collect();
        order.sort_by_key(|&a| std::cmp::Reverse((bounds[a], a)));
        (node, order)
    }
}
