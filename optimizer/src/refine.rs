//! From J to U: the last steps of a plan, one decision at a time by the exact evaluation.
//!
//! J is a surrogate. What counts is U, and where U is equal, J. A plan is finished when no single decision can be
//! bettered in that order; then each decision can be explained with the others held.

use crate::env::{Environment, Progress, SplitMix64};
use crate::goal::{Costs, Goal, Meter, Node, Rows, Value};
use crate::pairwise::{Edge, HARD, Problem};

/// Up to this many values in all, every value is evaluated; beyond, only each decision's best by J.
const ALL_VALUES: usize = 6_000;

/// How many values of a decision are evaluated on larger sites.
const SHORT_LIST: usize = 12;

/// Random kicks out of the best plan found in each round, each followed by a new descent, where every value is evaluated.
const KICKS: u64 = 12;

/// Groups for each shake of a large site in a round.
const SHAKEN: u64 = 8;

/// Groups around a shaken one that may follow.
const AROUND: usize = 6;

/// Sweeps over all decisions, at most.
const SWEEPS: usize = 12;

/// First task number of the kicks' generators, apart from those of the solver's rounds.
const KICK_TASKS: u64 = 1 << 32;

/// What a plan is judged by: first -U, then J; smaller is better. In thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Minus U.
    pub loss: i64,
    /// J.
    pub j: i64,
}

/// J of a site in tables, over the values that [`Goal::kept`] lists.
pub struct Tables<'a> {
    /// The tables.
    pub problem: &'a Problem,
    /// By node and value: its place among the kept ones.
    slot: Vec<Vec<Option<usize>>>,
    /// Edges of each node.
    edges: Vec<Vec<Edge>>,
}

impl<'a> Tables<'a> {
    /// Tables made by [`to_problem`](crate::planner::to_problem).
    pub fn new(goal: &Goal, problem: &'a Problem) -> Self {
        let nodes = goal.nodes().len();
        let mut edges = vec![Vec::new(); nodes];
        for e in problem.edges() {
            edges[e.u].push(*e);
            edges[e.v].push(*e);
        }
        let slots = |n: usize| {
            let mut slots = vec![None; goal.values(n).len()];
            goal.kept(n).iter().enumerate().for_each(|(k, &v)| slots[v] = Some(k));
            slots
        };
        Self { problem, slot: (0..nodes).map(slots).collect(), edges }
    }

    /// J of a value of a node as far as it depends on that node; `None` if the tables lack a value.
    fn j(&self, values: &[usize], n: usize, v: usize) -> Option<i64> {
        let at = self.slot[n][v]?;
        let mut sum = self.problem.unary(n, at);
        for e in &self.edges[n] {
            sum += if e.u == n {
                self.problem.pair(e, at, self.slot[e.v][values[e.v]]?)
            } else {
                self.problem.pair(e, self.slot[e.u][values[e.u]]?, at)
            };
        }
        Some(sum)
    }
}

/// J and U of one site side by side.
pub struct Desk<'a> {
    /// J by reason.
    pub goal: &'a Goal<'a>,
    /// J in tables; without them every entry is worked out when it is asked for.
    tables: Option<Tables<'a>>,
    /// J by rows, on a large site.
    rows: Option<Rows<'a>>,
    /// Pairs of each node in J.
    pairs: Vec<Vec<(usize, usize)>>,
    /// Those of them that know forbidden values.
    hard: Vec<Vec<(usize, usize)>>,
    short: bool,
}

impl<'a> Desk<'a> {
    /// A desk for a site's J, with tables for many questions or without for few.
    pub fn new(goal: &'a Goal<'a>, tables: Option<Tables<'a>>) -> Self {
        let nodes = goal.nodes().len();
        let by_node = |edges: &mut dyn Iterator<Item = (usize, usize)>| {
            let mut all = vec![Vec::new(); nodes];
            for (a, b) in edges {
                all[a].push((a, b));
                all[b].push((a, b));
            }
            all
        };
        let total: usize = (0..nodes).map(|n| goal.values(n).len()).sum();
        let short = total > ALL_VALUES;
        Self {
            goal,
            tables,
            rows: short.then(|| Rows::new(goal)),
            pairs: by_node(&mut goal.edges().iter().copied()),
            hard: by_node(&mut goal.hard_edges()),
            short,
        }
    }

    /// J of one value of a node by reason, as far as it depends on that node, the others held.
    pub fn j_costs(&self, values: &[usize], n: usize, v: usize) -> Costs {
        let goal = self.goal;
        let pair = |&(a, b): &(usize, usize)| {
            if a == n { goal.pair((a, b), v, values[b]) } else { goal.pair((a, b), values[a], v) }
        };
        self.pairs[n].iter().map(pair).fold(goal.unary(n, v), |sum, c| sum + c)
    }

    /// The same in one sum.
    fn j(&self, values: &[usize], n: usize, v: usize) -> i64 {
        let known = self.tables.as_ref().and_then(|t| t.j(values, n, v));
        known.unwrap_or_else(|| self.j_costs(values, n, v).total())
    }

    /// True if a value breaks a rule with what the others hold.
    fn is_forbidden(&self, values: &[usize], n: usize, v: usize) -> bool {
        self.hard[n].iter().any(|&(a, b)| {
            let (x, y) = if a == n { (v, values[b]) } else { (values[a], v) };
            self.goal.is_forbidden((a, b), x, y)
        })
    }

    /// The values of a node to weigh: on a large site the best few by J with what runs now, else the kept ones, or all.
    fn listed(&self, values: &[usize], n: usize, how: List) -> Vec<usize> {
        let all = 0..self.goal.values(n).len();
        match how {
            List::All => all.collect(),
            List::Kept => self.goal.kept(n).to_vec(),
            List::Short if all.len() <= SHORT_LIST => all.collect(),
            List::Short => {
                let held = values[n];
                let Some(rows) = &self.rows else { return all.collect() };
                let candidates = rows.candidates(n);
                let row = rows.row(values, n, &candidates);
                let mut row: Vec<(i64, usize)> = row.into_iter().zip(candidates).filter(|x| x.0 < HARD).collect();
                let now = self.goal.values(n).iter().position(Value::is_now).filter(|v| row.iter().any(|x| x.1 == *v));
                if row.len() > SHORT_LIST {
                    row.select_nth_unstable(SHORT_LIST);
                }
                let mut list: Vec<usize> = row.iter().take(SHORT_LIST).map(|x| x.1).chain(now).chain([held]).collect();
                // The powers of what is held.
                if let Node::Group(_) = self.goal.nodes()[n] {
                    let channel = |v: usize| self.goal.values(n)[v].channel();
                    list.extend(all.filter(|&v| channel(v) == channel(held)));
                }
                list.sort_unstable();
                list.dedup();
                list
            }
        }
    }

    /// The best of some values of a node by U and, where U is equal, by J; what is held stands against equals.
    fn best_of(&self, meter: &mut Meter, n: usize, list: &[usize]) -> usize {
        let held = meter.values()[n];
        let (mut best, mut most, mut least) = (held, meter.u_milli(), None);
        for &v in list.iter().filter(|&&v| v != held) {
            if self.is_forbidden(meter.values(), n, v) {
                continue;
            }
            let Some(u) = meter.try_value(n, v, most).filter(|&u| u >= most) else { continue };
            let j = |v: usize| self.j(meter.values(), n, v);
            if u > most {
                (best, most, least) = (v, u, None);
            } else {
                let held = *least.get_or_insert_with(|| j(best));
                let other = j(v);
                if other < held {
                    (best, least) = (v, Some(other));
                }
            }
        }
        best
    }

    /// The best of some values of a node by U and then J, the others held; what is held does not count.
    pub fn best_other(&self, meter: &mut Meter, n: usize, list: &[usize]) -> Option<usize> {
        let held = meter.values()[n];
        let open = list.iter().copied().filter(|&v| v != held && !self.is_forbidden(meter.values(), n, v));
        let mut best: Option<(Key, usize)> = None;
        for v in open.collect::<Vec<_>>() {
            let floor = best.map_or(i64::MIN, |b| -b.0.loss);
            let Some(u) = meter.try_value(n, v, floor).filter(|&u| u >= floor) else { continue };
            let key = Key { loss: -u, j: self.j(meter.values(), n, v) };
            if best.is_none_or(|b| key < b.0) {
                best = Some((key, v));
            }
        }
        best.map(|b| b.1)
    }

    /// True if another value of the node is better, the others held.
    pub fn is_bettered(&self, meter: &mut Meter, n: usize) -> bool {
        let list = self.listed(meter.values(), n, if self.short { List::Short } else { List::All });
        self.best_of(meter, n, &list) != meter.values()[n]
    }

    /// The best values of a node other than what is held, of each `kind` the best, the others held; best first.
    pub fn ranking<K: PartialEq>(
        &self,
        meter: &mut Meter,
        n: usize,
        count: usize,
        kind: impl Fn(usize) -> K,
    ) -> Vec<(usize, Key)> {
        let held = meter.values()[n];
        let list = self.listed(meter.values(), n, if self.short { List::Short } else { List::All });
        let mut top: Vec<(usize, Key)> = Vec::new();
        for v in list.into_iter().filter(|&v| v != held) {
            if self.is_forbidden(meter.values(), n, v) {
                continue;
            }
            let floor = top.get(count - 1).map_or(i64::MIN, |t| -t.1.loss);
            let Some(u) = meter.try_value(n, v, floor).filter(|&u| u >= floor) else { continue };
            let key = Key { loss: -u, j: self.j(meter.values(), n, v) };
            let twin = top.iter().position(|t| kind(t.0) == kind(v));
            if let Some(at) = twin {
                if top[at].1 <= key {
                    continue;
                }
                top.remove(at);
            }
            let at = top.partition_point(|t| t.1 <= key);
            top.insert(at, (v, key));
            top.truncate(count);
        }
        top
    }

    /// The key of a meter's assignment.
    fn key(&self, meter: &Meter) -> Key {
        let values = meter.values();
        let slots = |t: &Tables| (0..values.len()).map(|n| t.slot[n][values[n]]).collect::<Option<Vec<_>>>();
        let known = self.tables.as_ref().and_then(|t| slots(t).map(|s| t.problem.cost(&s)));
        Key { loss: -meter.u_milli(), j: known.unwrap_or_else(|| self.goal.costs(values).total()) }
    }

    /// Descends from every start, then from random kicks of two decisions out of the best end so far. The first of
    /// equal ends stands.
    pub fn search(&self, starts: impl Iterator<Item = Vec<usize>>, env: &Environment) -> Option<Vec<usize>> {
        let list = if self.short { List::Short } else { List::Kept };
        let mut best: Option<(Key, Meter)> = None;
        let mut seen: Vec<Vec<usize>> = Vec::new();
        for values in starts {
            if seen.contains(&values) {
                continue;
            }
            let mut meter = Meter::new(self.goal, &values);
            seen.push(values);
            self.descend(&mut meter, list, 0, env);
            let key = self.key(&meter);
            if best.as_ref().is_none_or(|b| key < b.0) {
                best = Some((key, meter));
            }
        }
        let mut best = best?;
        if !self.short {
            self.take_back(&mut best, env);
            // Where everybody gets all they ask for, there is little to look for.
            let idle = best.1.is_content() || env.is_brief();
            let kicks = if idle { 0 } else { KICKS * u64::from(env.rounds.unwrap_or(8)) };
            for kick in 0..kicks {
                if env.should_stop() {
                    break;
                }
                let (values, last) = self.kicked(best.1.values(), &mut env.generator(KICK_TASKS + kick));
                self.follow(values, last, &mut best, env);
            }
        }
        let mut meter = best.1;
        if self.short {
            self.shake(&mut meter, env);
        } else if !env.is_brief() {
            self.descend(&mut meter, List::All, 0, env);
        }
        Some(meter.values().to_vec())
    }

    /// Betters a large site: draws a few decisions around one group anew, lets those around them follow, and takes the
    /// whole back unless U has risen.
    fn shake(&self, meter: &mut Meter, env: &Environment) {
        let groups = self.goal.topology().groups.len();
        let shakes = groups as u64 * u64::from(env.rounds.unwrap_or(u32::MAX).min(1 << 20)) / SHAKEN;
        let mut rng = env.generator(KICK_TASKS);
        let mut before = meter.u_milli();
        for k in 0..shakes {
            if env.should_stop() {
                break;
            }
            if k % 64 == 0 {
                env.report(Progress { cost: self.goal.costs(meter.values()).total(), bound: -HARD });
            }
            let g = rng.below(groups);
            let mut near: Vec<usize> =
                self.pairs[g].iter().map(|&(a, b)| if a == g { b } else { a }).filter(|&n| n < groups).collect();
            rng.shuffle(&mut near);
            near.truncate(AROUND);
            near.push(g);
            let held: Vec<(usize, usize)> = near.iter().map(|&n| (n, meter.values()[n])).collect();
            let mut undo = held.clone();
            for &n in near.iter().take(2).chain([&g]) {
                let list = self.listed(meter.values(), n, List::Short);
                let v = list[rng.below(list.len())];
                if !self.is_forbidden(meter.values(), n, v) {
                    meter.set_value(n, v);
                }
            }
            for _ in 0..2 {
                for &n in &near {
                    let list = self.listed(meter.values(), n, List::Short);
                    let best = self.best_of(meter, n, &list);
                    if best != meter.values()[n] {
                        meter.set_value(n, best);
                    }
                }
            }
            let u = meter.u_milli();
            if u <= before {
                undo.retain(|&(n, v)| meter.values()[n] != v);
                undo.into_iter().for_each(|(n, v)| meter.set_value(n, v));
                before = meter.u_milli();
            } else {
                before = u;
            }
        }
    }

    /// Descends from an assignment and keeps the end if it is better.
    fn follow(&self, values: Vec<usize>, last: usize, best: &mut (Key, Meter<'a>), env: &Environment) -> bool {
        if values == best.1.values() {
            return false;
        }
        let mut trial = Meter::new(self.goal, &values);
        self.descend(&mut trial, List::Kept, last, env);
        let key = self.key(&trial);
        let better = key < best.0 && self.is_allowed(trial.values());
        if better {
            *best = (key, trial);
        }
        better
    }

    /// Takes each change back in turn and lets the other changes follow: a change may be needed only for another one's
    /// sake. What does not raise the plan is undone.
    fn take_back(&self, best: &mut (Key, Meter<'a>), env: &Environment) {
        let Some(now) = self.goal.topology().current().and_then(|a| self.goal.encode(&a)) else { return };
        let (key, meter) = best;
        for n in 0..now.len() {
            let held = meter.values().to_vec();
            if held[n] == now[n] || self.is_forbidden(&held, n, now[n]) {
                continue;
            }
            if env.should_stop() {
                return;
            }
            let changed: Vec<usize> = (0..now.len()).filter(|&m| m != n && held[m] != now[m]).rev().collect();
            meter.set_value(n, now[n]);
            self.descend_over(meter, &changed, List::Kept, env);
            let trial = self.key(meter);
            if trial < *key && self.is_allowed(meter.values()) {
                *key = trial;
            } else {
                (0..now.len()).filter(|&m| meter.values()[m] != held[m]).collect::<Vec<_>>().into_iter().for_each(
                    |m| {
                        meter.set_value(m, held[m]);
                    },
                );
            }
        }
        self.descend(meter, List::Kept, 0, env);
        *key = self.key(meter);
    }

    /// An assignment with two decisions drawn anew, and the second of them.
    fn kicked(&self, values: &[usize], rng: &mut SplitMix64) -> (Vec<usize>, usize) {
        let (mut trial, mut last) = (values.to_vec(), 0);
        for _ in 0..2 {
            let n = rng.below(trial.len());
            last = n;
            let open: Vec<usize> =
                self.goal.kept(n).iter().copied().filter(|&v| !self.is_forbidden(&trial, n, v)).collect();
            if !open.is_empty() {
                trial[n] = open[rng.below(open.len())];
            }
        }
        (trial, last)
    }

    /// True if an assignment breaks no rule.
    pub fn is_allowed(&self, values: &[usize]) -> bool {
        self.goal.hard_edges().all(|(a, b)| !self.goal.is_forbidden((a, b), values[a], values[b]))
    }

    /// Betters one decision at a time until none can be bettered, from decision `last` down and round: `last` comes last,
    /// clients, who cost least to move, before what they depend on.
    fn descend(&self, meter: &mut Meter, how: List, last: usize, env: &Environment) {
        let nodes = meter.values().len();
        let order: Vec<usize> = (1..=nodes).map(|step| (last + nodes - step) % nodes).collect();
        self.descend_over(meter, &order, how, env);
    }

    /// The same for some decisions in order, the others held.
    fn descend_over(&self, meter: &mut Meter, order: &[usize], how: List, env: &Environment) {
        // Decisions weighed since the last change.
        let mut settled = 0;
        for step in 0..SWEEPS * order.len() {
            if settled == order.len() || env.should_stop() {
                return;
            }
            if step % order.len() == 0 && self.short {
                meter.refresh();
            }
            let n = order[step % order.len()];
            let best = match how {
                List::Kept => self.best_of(meter, n, self.goal.kept(n)),
                _ => self.best_of(meter, n, &self.listed(meter.values(), n, how)),
            };
            settled += 1;
            if best != meter.values()[n] {
                meter.set_value(n, best);
                settled = 0;
            }
        }
    }
}

/// Which values of a decision are weighed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    /// Every one.
    All,
    /// Those that no other one makes needless for J.
    Kept,
    /// The best few by J.
    Short,
}
