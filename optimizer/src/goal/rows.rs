//! J of all values of one decision at once, for blocks too large for tables.

use std::cell::OnceCell;

use super::costs::weighted;
use super::{Goal, Node, Value};
use crate::pairwise::HARD;
use crate::rf::chart::{index, overlap_of, overlap_rows};
use crate::rf::sense::taken_ppm;

/// Rows of J, worked out when asked for.
pub struct Rows<'a> {
    goal: &'a Goal<'a>,
    /// Costs of values by themselves, once a node has been asked for.
    unary: Vec<OnceCell<Vec<i64>>>,
    /// By group: uplink and client nodes that it shares costs with.
    others: Vec<Vec<usize>>,
    /// By node that is no group: all its pairs.
    pairs: Vec<Vec<(usize, usize)>>,
    /// By group: groups with a radio in one of its pods.
    beside: Vec<Vec<usize>>,
    /// By group: the values at the smallest back-off, and what runs now.
    loud: Vec<Vec<usize>>,
    /// By group and value: the place of its channel in the band's chart.
    places: Vec<Vec<u16>>,
}

impl<'a> Rows<'a> {
    /// Rows of a goal.
    pub fn new(goal: &'a Goal<'a>) -> Self {
        let (nodes, groups) = (goal.nodes.len(), goal.t.groups.len());
        let (mut others, mut pairs) = (vec![Vec::new(); groups], vec![Vec::new(); nodes]);
        for &(a, b) in &goal.edges {
            if b >= groups {
                pairs[b].push((a, b));
                if a < groups { others[a].push(b) } else { pairs[a].push((a, b)) }
            }
        }
        let mut beside = vec![Vec::new(); groups];
        for pod in &goal.t.pods {
            for (&r, &s) in pod.radios.iter().flat_map(|r| pod.radios.iter().map(move |s| (r, s))) {
                let (a, b) = (&goal.t.radios[r], &goal.t.radios[s]);
                if a.group != b.group && a.band == b.band && !beside[a.group].contains(&b.group) {
                    beside[a.group].push(b.group);
                }
            }
        }
        let least = goal.t.policy.power_steps_db.iter().copied().min().unwrap_or(0);
        let is_loud =
            |value: &Value| matches!(value, Value::Now(_)) || matches!(value, Value::Step(_, s) if *s == least);
        let loud = |g: usize| (0..goal.values[g].len()).filter(|&v| is_loud(&goal.values[g][v])).collect();
        Self {
            unary: (0..nodes).map(|_| OnceCell::new()).collect(),
            loud: (0..groups).map(loud).collect(),
            places: (0..groups).map(|g| goal.values[g].iter().map(|v| index(v.channel()) as u16).collect()).collect(),
            goal,
            others,
            pairs,
            beside,
        }
    }

    /// Values of a node to compare by J: of a group those at full power, else all.
    pub fn candidates(&self, n: usize) -> Vec<usize> {
        match self.goal.nodes[n] {
            Node::Group(g) => self.loud[g].clone(),
            _ => (0..self.goal.values[n].len()).collect(),
        }
    }

    /// J of some values of a node as far as it depends on that node, the others held.
    ///
    /// - Cost: O(values · (heard radios + clients))
    pub fn row(&self, values: &[usize], n: usize, list: &[usize]) -> Vec<i64> {
        match self.goal.nodes[n] {
            Node::Group(g) => self.group_row(values, g, list),
            _ => list.iter().map(|&v| self.small(values, n, v)).collect(),
        }
    }

    fn unary(&self, n: usize) -> &[i64] {
        let all = || (0..self.goal.values[n].len()).map(|v| self.goal.unary(n, v).total()).collect();
        self.unary[n].get_or_init(all)
    }

    fn small(&self, values: &[usize], n: usize, v: usize) -> i64 {
        let pair = |&(a, b): &(usize, usize)| {
            let costs =
                if a == n { self.goal.pair((a, b), v, values[b]) } else { self.goal.pair((a, b), values[a], v) };
            costs.total()
        };
        self.unary(n)[v] + self.pairs[n].iter().map(pair).sum::<i64>()
    }

    fn group_row(&self, values: &[usize], g: usize, list: &[usize]) -> Vec<i64> {
        let (goal, t) = (self.goal, self.goal.t);
        let unary = self.unary(g);
        let mut row: Vec<i64> = list.iter().map(|&v| unary[v]).collect();
        for &r in &t.groups[g].radios {
            let weight = goal.basis.weight[r];
            for &(s, loss) in t.radios[r].hears.iter().filter(|h| t.radios[h.0].group != g) {
                let h = t.radios[s].group;
                let (there, w) = (&goal.tuned[s][values[h]], goal.values[h][values[h]].channel());
                let arrives = there.eirp_dbm - loss;
                // What the other takes from each channel, and each channel from the other.
                let (back, ahead) = overlap_rows(w);
                for (cost, &v) in row.iter_mut().zip(list) {
                    let (at, c) = (usize::from(self.places[g][v]), goal.values[g][v].channel());
                    let (mut ahead, mut back) = (ahead[at], back[at]);
                    if c.punctured() | w.punctured() != 0 {
                        (ahead, back) = (overlap_of(c, w), overlap_of(w, c));
                    }
                    if ahead.permille == 0 && back.permille == 0 {
                        continue;
                    }
                    let own = &goal.tuned[r][v];
                    let taken = i64::from(taken_ppm(ahead, w.width(), arrives)) * there.all_ppm / 1_000_000;
                    let takes = i64::from(taken_ppm(back, c.width(), own.eirp_dbm - loss)) * own.all_ppm / 1_000_000;
                    *cost += weighted(weight, taken) + weighted(goal.basis.weight[s], takes);
                }
            }
        }
        for &h in &self.beside[g] {
            let w = goal.values[h][values[h]].channel();
            for (cost, _) in row.iter_mut().zip(list).filter(|x| goal.values[g][*x.1].channel().overlaps(w)) {
                *cost += HARD;
            }
        }
        for &n in &self.others[g] {
            let value = goal.values[n][values[n]];
            let touches = match value {
                Value::Link(l, _) => [l.radio, l.parent_radio].iter().any(|&r| t.radios[r].group == g),
                Value::Radio(r) => t.radios[r].group == g,
                Value::Now(_) | Value::Step(..) => false,
            };
            if touches {
                for (cost, &v) in row.iter_mut().zip(list) {
                    *cost += goal.pair((g, n), v, values[n]).total();
                }
            }
        }
        row
    }

    /// No assignment has a lower J: each node's cheapest value, and what its pairs cost at the least.
    pub fn bound(&self) -> i64 {
        let goal = self.goal;
        let least = |n: usize| self.unary(n).iter().copied().min().unwrap_or(0);
        let nodes: i64 = (0..goal.nodes.len()).map(least).sum();
        // Radios only take from each other; what a client or a link costs has its own least.
        let clients = |n: usize| match goal.nodes[n] {
            Node::Client(c) => goal.client_least(c),
            Node::Uplink(p) => goal.uplink_least(p),
            Node::Group(_) => 0,
        };
        nodes + (0..goal.nodes.len()).map(clients).sum::<i64>()
    }

    /// Betters one decision at a time by J until none can be bettered, in at most so many sweeps.
    pub fn descend(&self, values: &mut [usize], sweeps: usize, stop: &dyn Fn() -> bool) {
        let nodes = values.len();
        let mut settled = 0;
        for step in 0..sweeps * nodes {
            if settled == nodes || stop() {
                return;
            }
            let n = step % nodes;
            let mut list = self.candidates(n);
            if !list.contains(&values[n]) {
                list.push(values[n]);
            }
            let row = self.row(values, n, &list);
            let held = list.iter().position(|&v| v == values[n]).map_or(i64::MAX, |i| row[i]);
            let best = (0..list.len()).min_by_key(|&i| (row[i], i));
            settled += 1;
            if let Some(best) = best.filter(|&b| row[b] < held) {
                values[n] = list[best];
                settled = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::SplitMix64;
    use crate::validate::validate;

    #[test]
    fn rows_cost_what_the_terms_say() {
        let mut rng = SplitMix64::new(3);
        for seed in 1..4 {
            let t = validate(&crate::simulate::block(seed, 6, "US")).unwrap();
            let goal = Goal::new(&t);
            let rows = Rows::new(&goal);
            for _ in 0..30 {
                let values: Vec<usize> = (0..goal.nodes().len()).map(|n| rng.below(goal.values(n).len())).collect();
                let n = rng.below(values.len());
                let list: Vec<usize> = (0..goal.values(n).len()).step_by(5).collect();
                let term = |v: usize| {
                    let mut trial = values.clone();
                    trial[n] = v;
                    goal.costs(&trial).total()
                };
                let row = rows.row(&values, n, &list);
                for (i, &v) in list.iter().enumerate() {
                    // A forbidden pair is HARD alone there and HARD on top here.
                    if term(v) < HARD && term(list[0]) < HARD {
                        assert_eq!(row[i] - row[0], term(v) - term(list[0]), "seed {seed} node {n}");
                    }
                }
                assert!(rows.bound() <= term(list[0]));
            }
        }
    }
}
