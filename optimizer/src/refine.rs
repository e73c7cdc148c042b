//! From J to U: the last steps of a plan, one decision at a time by the exact evaluation.
//!
//! J is a surrogate. What counts is U, and where U is equal, J. A plan is finished when no single decision can be
//! bettered in that order; then each decision can be explained with the others held.

use crate::env::{Environment, SplitMix64};
use crate::goal::{Costs, Goal, Value, exact};
use crate::pairwise::{Edge, HARD, Problem};

/// Up to this many values in all, every value is evaluated; beyond, only each decision's best by J.
const ALL_VALUES: usize = 6_000;

/// How many values of a decision are evaluated on larger sites.
const SHORT_LIST: usize = 12;

/// Random kicks out of the best plan found, each followed by a new descent, where every value is evaluated.
const KICKS: u64 = 12;

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

/// J and U of one site side by side.
pub struct Desk<'a> {
    /// J by reason.
    pub goal: &'a Goal<'a>,
    /// J in tables; without them every entry is worked out when it is asked for.
    problem: Option<&'a Problem>,
    /// Edges of each node in the tables.
    edges: Vec<Vec<Edge>>,
    /// Pairs of each node in J.
    pairs: Vec<Vec<(usize, usize)>>,
    short: bool,
}

impl<'a> Desk<'a> {
    /// A desk for a site's J, with tables for many questions or without for few.
    pub fn new(goal: &'a Goal<'a>, problem: Option<&'a Problem>) -> Self {
        let nodes = goal.nodes().len();
        let (mut edges, mut pairs) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for e in problem.iter().flat_map(|p| p.edges()) {
            edges[e.u].push(*e);
            edges[e.v].push(*e);
        }
        for &(a, b) in goal.edges() {
            pairs[a].push((a, b));
            pairs[b].push((a, b));
        }
        let total: usize = (0..nodes).map(|n| goal.values(n).len()).sum();
        Self { goal, problem, edges, pairs, short: total > ALL_VALUES }
    }

    /// J of each value of a node as far as it depends on that node, the others held.
    pub fn j_row(&self, values: &[usize], n: usize) -> Vec<i64> {
        let Some(problem) = self.problem else {
            return (0..self.goal.values(n).len()).map(|v| self.j_costs(values, n, v).total()).collect();
        };
        let cost = |v: usize| {
            let pair = |e: &Edge| {
                if e.u == n { problem.pair(e, v, values[e.v]) } else { problem.pair(e, values[e.u], v) }
            };
            problem.unary(n, v) + self.edges[n].iter().map(pair).sum::<i64>()
        };
        (0..problem.domain(n)).map(cost).collect()
    }

    /// J of one value of a node by reason, as far as it depends on that node, the others held.
    pub fn j_costs(&self, values: &[usize], n: usize, v: usize) -> Costs {
        let goal = self.goal;
        let pair = |&(a, b): &(usize, usize)| {
            if a == n { goal.pair((a, b), v, values[b]) } else { goal.pair((a, b), values[a], v) }
        };
        self.pairs[n].iter().map(pair).fold(goal.unary(n, v), |sum, c| sum + c)
    }

    /// U of an assignment in thousandths; `None` if it is surely under `floor`.
    fn u_milli(&self, values: &[usize], floor: i64) -> Option<i64> {
        let (goal, t) = (self.goal, self.goal.topology());
        exact::u_milli(t, &goal.decode(values), |r| goal.air(r, values[t.radios[r].group]), floor)
    }

    /// The values of a node that are worth an exact evaluation: those that break no rule, on a large site the best few
    /// by J with what runs now. In the order of their index.
    fn listed(&self, row: &[i64], n: usize, held: usize, short: bool) -> Vec<usize> {
        let mut list: Vec<usize> = (0..row.len()).filter(|&v| row[v] < HARD).collect();
        if short && list.len() > SHORT_LIST {
            list.sort_by_key(|&v| row[v]);
            list.truncate(SHORT_LIST);
            list.push(held);
            list.extend(self.goal.values(n).iter().position(Value::is_now).filter(|&v| row[v] < HARD));
            list.sort_unstable();
            list.dedup();
        }
        list
    }

    /// The keys of a node's values, the others held, as value and key; `j` counts only what depends on the node.
    pub fn key_row(&self, values: &[usize], n: usize) -> Vec<(usize, Key)> {
        let row = self.j_row(values, n);
        let mut trial = values.to_vec();
        let key = |v: usize| {
            trial[n] = v;
            (v, Key { loss: -self.u_of(&trial), j: row[v] })
        };
        self.listed(&row, n, values[n], self.short).into_iter().map(key).collect()
    }

    /// True if another value of a node has a lesser key than what is held, the others held.
    ///
    /// On a small site J is worked out for those values alone that U does not rule out.
    pub fn is_bettered(&self, values: &[usize], n: usize) -> bool {
        let (held, u) = (values[n], self.u_of(values));
        if self.short {
            return self.best_of(values, n, u, true).1 != held;
        }
        let j = |v: usize| self.j_costs(values, n, v).total();
        let (j_held, mut trial) = (j(held), values.to_vec());
        (0..self.goal.values(n).len()).filter(|&v| v != held).any(|v| {
            trial[n] = v;
            self.u_milli(&trial, u).is_some_and(|other| {
                let key = Key { loss: -other, j: j(v) };
                key.j < HARD && key < Key { loss: -u, j: j_held }
            })
        })
    }

    /// U of an assignment in thousandths.
    fn u_of(&self, values: &[usize]) -> i64 {
        self.u_milli(values, i64::MIN).expect("nothing is under the least number")
    }

    /// U with the best value of a node, and that value; `held` is U of what is held.
    fn best_of(&self, values: &[usize], n: usize, held: i64, short: bool) -> (i64, usize) {
        let row = self.j_row(values, n);
        let mut trial = values.to_vec();
        let mut best = (Key { loss: -held, j: row[values[n]] }, values[n]);
        for v in self.listed(&row, n, values[n], short).into_iter().filter(|&v| v != values[n]) {
            trial[n] = v;
            if let Some(u) = self.u_milli(&trial, -best.0.loss) {
                let key = Key { loss: -u, j: row[v] };
                if key < best.0 {
                    best = (key, v);
                }
            }
        }
        (-best.0.loss, best.1)
    }

    /// The key of an assignment.
    fn key(&self, values: &[usize]) -> Key {
        let j = self.problem.map_or_else(|| self.goal.costs(values).total(), |p| p.cost(values));
        Key { loss: -self.u_of(values), j }
    }

    /// Descends from every start, then from random kicks of two decisions out of the best end so far. The first of
    /// equal ends stands.
    pub fn search(&self, starts: impl Iterator<Item = Vec<usize>>, env: &Environment) -> Option<Vec<usize>> {
        let ends = starts.map(|mut values| {
            self.descend(&mut values, self.short, env);
            (self.key(&values), values)
        });
        let mut best = ends.min_by_key(|e| e.0)?;
        for kick in 0..if self.short { 0 } else { KICKS } {
            if env.should_stop() {
                return Some(best.1);
            }
            let mut trial = self.kicked(&best.1, &mut env.generator(KICK_TASKS + kick));
            self.descend(&mut trial, true, env);
            let key = self.key(&trial);
            if key < best.0 && self.is_allowed(&trial) {
                best = (key, trial);
            }
        }
        self.descend(&mut best.1, self.short, env);
        Some(best.1)
    }

    /// An assignment with two decisions drawn anew.
    fn kicked(&self, values: &[usize], rng: &mut SplitMix64) -> Vec<usize> {
        let mut trial = values.to_vec();
        for _ in 0..2 {
            let n = rng.below(trial.len());
            let row = self.j_row(&trial, n);
            let open: Vec<usize> = (0..row.len()).filter(|&v| row[v] < HARD).collect();
            if !open.is_empty() {
                trial[n] = open[rng.below(open.len())];
            }
        }
        trial
    }

    /// True if an assignment breaks no rule.
    fn is_allowed(&self, values: &[usize]) -> bool {
        (0..values.len()).all(|n| self.j_row(values, n)[values[n]] < HARD)
    }

    /// Betters one decision at a time until none can be bettered.
    fn descend(&self, values: &mut [usize], short: bool, env: &Environment) {
        let mut u = self.u_of(values);
        for _ in 0..SWEEPS {
            let mut changed = false;
            for n in 0..values.len() {
                if env.should_stop() {
                    return;
                }
                let best;
                (u, best) = self.best_of(values, n, u, short);
                changed |= best != values[n];
                values[n] = best;
            }
            if !changed {
                return;
            }
        }
    }
}
