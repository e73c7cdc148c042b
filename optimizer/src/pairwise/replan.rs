//! A small answer to a small change: some choices have become forbidden (radar, a pin), and only few nodes may move.
//!
//! Each node in trouble takes one of its cheapest values, and after it those around it move as long as that pays. Nothing
//! else is looked at, so the cost does not grow with the problem.

use std::collections::BTreeSet;

use super::{HARD, Misfit, Problem, check_shape};

/// Values of a node in trouble that are tried.
const TRIED: usize = 8;

/// What a change is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replan {
    /// One value index per node.
    pub values: Vec<usize>,
    /// Its cost; [`HARD`] counts once for every forbidden choice that is left.
    pub cost: i64,
    /// The nodes that have moved, ascending.
    pub moved: Vec<usize>,
}

/// Frees `start` of forbidden choices by moving at most `moves` nodes, and spends what is left of them on their
/// surroundings. The answer never costs more than `start`; without a forbidden choice it is `start`.
///
/// - Errors: the first node for which `start` has no value of its domain
/// - Cost: for each node in trouble some eight times `moves` looks at the rows around it; nothing is laid out for the rest
pub fn replan(problem: &Problem, start: &[usize], moves: usize) -> Result<Replan, Misfit> {
    check_shape(problem, start)?;
    let mut desk = Desk::new(problem, start);
    let mut open = desk.troubled();
    let mut moved = BTreeSet::new();
    while let Some(node) = open.first().copied() {
        open.remove(&node);
        if !desk.in_trouble(node) {
            continue;
        }
        if moved.len() >= moves {
            break;
        }
        // One move is kept for each other node in trouble.
        let most = moves.saturating_sub(moved.len() + open.len());
        let before = desk.values.clone();
        let mut best: Option<(i64, Vec<(usize, usize)>)> = None;
        for value in desk.cheapest_values(node) {
            let tried = desk.chain(node, value, most, &moved);
            if best.as_ref().is_none_or(|b| tried.0 < b.0) {
                best = Some(tried);
            }
            desk.values.clone_from(&before);
        }
        for (node, value) in best.filter(|b| b.0 < 0).map_or_else(Vec::new, |b| b.1) {
            desk.values[node] = value;
            moved.insert(node);
        }
    }
    let values = desk.values;
    let moved = (0..values.len()).filter(|&n| values[n] != start[n]).collect();
    Ok(Replan { cost: problem.cost(&values), values, moved })
}

struct Desk<'a> {
    problem: &'a Problem,
    /// For each node the edges that touch it.
    around: Vec<Vec<u32>>,
    values: Vec<usize>,
}

impl<'a> Desk<'a> {
    fn new(problem: &'a Problem, start: &[usize]) -> Self {
        let mut around = vec![Vec::new(); problem.nodes()];
        for (i, e) in problem.edges().iter().enumerate() {
            around[e.u].push(i as u32);
            around[e.v].push(i as u32);
        }
        Self { problem, around, values: start.to_vec() }
    }

    fn pair(&self, edge: u32, node: usize, value: usize) -> i64 {
        let e = &self.problem.edges()[edge as usize];
        match e.u == node {
            true => self.problem.pair(e, value, self.values[e.v]),
            false => self.problem.pair(e, self.values[e.u], value),
        }
    }

    fn neighbours(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let other = move |&i: &u32| {
            let e = &self.problem.edges()[i as usize];
            if e.u == node { e.v } else { e.u }
        };
        self.around[node].iter().map(other)
    }

    fn in_trouble(&self, node: usize) -> bool {
        let value = self.values[node];
        self.problem.unary(node, value) >= HARD || self.around[node].iter().any(|&i| self.pair(i, node, value) >= HARD)
    }

    /// Every node with a forbidden choice of its own, and one end of every forbidden pair between others.
    fn troubled(&self) -> BTreeSet<usize> {
        let own = |&n: &usize| self.problem.unary(n, self.values[n]) >= HARD;
        let mut troubled: BTreeSet<usize> = (0..self.values.len()).filter(own).collect();
        for e in self.problem.edges() {
            let bad = self.problem.pair(e, self.values[e.u], self.values[e.v]) >= HARD;
            if bad && !troubled.contains(&e.v) {
                troubled.insert(e.u);
            }
        }
        troubled
    }

    /// What a node would pay at each of its values.
    fn row(&self, node: usize) -> Vec<i64> {
        let mut row: Vec<i64> = (0..self.problem.domain(node)).map(|a| self.problem.unary(node, a)).collect();
        for &i in &self.around[node] {
            row.iter_mut().enumerate().for_each(|(a, cost)| *cost += self.pair(i, node, a));
        }
        row
    }

    fn cheapest_values(&self, node: usize) -> Vec<usize> {
        let row = self.row(node);
        let mut values: Vec<usize> = (0..row.len()).filter(|&a| a != self.values[node]).collect();
        values.sort_by_key(|&a| (row[a], a));
        values.truncate(TRIED);
        values
    }

    /// Moves a node, and then others next to what has moved, each time the one that gains most, `most` nodes in all. Returns
    /// what that costs more, and the moves.
    fn chain(&mut self, node: usize, value: usize, most: usize, fixed: &BTreeSet<usize>) -> (i64, Vec<(usize, usize)>) {
        let row = self.row(node);
        let mut total = row[value] - row[self.values[node]];
        self.values[node] = value;
        let mut moves = vec![(node, value)];
        while moves.len() < most {
            let still = |n: &usize| !fixed.contains(n) && moves.iter().all(|m| m.0 != *n);
            let near: BTreeSet<usize> = moves.iter().flat_map(|m| self.neighbours(m.0)).filter(still).collect();
            let gain = |n: usize| {
                let row = self.row(n);
                (0..row.len()).map(|a| (row[a] - row[self.values[n]], n, a)).min()
            };
            let Some((gain, n, a)) = near.into_iter().filter_map(gain).min().filter(|b| b.0 < 0) else { break };
            total += gain;
            self.values[n] = a;
            moves.push((n, a));
        }
        (total, moves)
    }
}

#[cfg(test)]
mod tests {
    use super::super::portfolio::tests::random_problem;
    use super::super::{Form, ProblemBuilder};
    use super::*;
    use crate::env::SplitMix64;

    #[test]
    fn an_answer_is_never_dearer_and_moves_no_more_than_allowed() {
        let mut rng = SplitMix64::new(8);
        let mut helped = 0;
        for _ in 0..200 {
            let problem = random_problem(&mut rng, 12, 5);
            let start: Vec<usize> = (0..problem.nodes()).map(|n| rng.below(problem.domain(n))).collect();
            let (moves, before) = (1 + rng.below(5), problem.violations(&start));
            let got = replan(&problem, &start, moves).unwrap();
            assert_eq!(got.cost, problem.cost(&got.values));
            assert!(got.cost <= problem.cost(&start) && got.moved.len() <= moves);
            assert!(before > 0 || got.values == start);
            helped += usize::from(problem.violations(&got.values) < before);
        }
        assert!(helped > 10, "only {helped} were helped");
    }

    /// A ring of channels: neighbours on one channel pay, and a radar hit closes the channel in use.
    #[test]
    fn a_radar_hit_is_answered_around_it() {
        let ring = |hit: Option<usize>| {
            let mut b = ProblemBuilder::new();
            for n in 0..30 {
                b.node((0..3).map(|a| if hit == Some(n) && a == n % 2 { HARD } else { (a / 2) as i64 }).collect());
            }
            (0..30).for_each(|n| b.edge(n, (n + 1) % 30, Form::Same { c: 10 }));
            b.build().unwrap()
        };
        let start: Vec<usize> = (0..30).map(|n| n % 2).collect();
        assert_eq!(replan(&ring(None), &start, 5).unwrap().values, start);
        let got = replan(&ring(Some(7)), &start, 5).unwrap();
        assert_eq!((got.cost, got.moved), (1, vec![7]));
    }
}
