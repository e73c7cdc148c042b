//! Shared parts of the benches: the rules of other planners for the pairwise problem, the peers to beat.

use std::collections::BTreeSet;

use millpond_optimizer::pairwise::Problem;

/// For each node the edges that touch it.
fn edges_of(problem: &Problem) -> Vec<Vec<usize>> {
    let mut around = vec![Vec::new(); problem.nodes()];
    for (i, e) in problem.edges().iter().enumerate() {
        around[e.u].push(i);
        around[e.v].push(i);
    }
    around
}

/// The cheapest value of a node against those that have one; the first of several.
fn cheapest(problem: &Problem, edges: &[usize], node: usize, values: &[Option<usize>]) -> usize {
    let cost = |a: usize| {
        let pair = |&i: &usize| {
            let e = &problem.edges()[i];
            let other = values[if e.u == node { e.v } else { e.u }]?;
            Some(if e.u == node { problem.pair(e, a, other) } else { problem.pair(e, other, a) })
        };
        problem.unary(node, a) + edges.iter().filter_map(pair).sum::<i64>()
    };
    (0..problem.domain(node)).min_by_key(|&a| (cost(a), a)).unwrap_or(0)
}

fn all(values: Vec<Option<usize>>) -> Vec<usize> {
    values.into_iter().map(|v| v.unwrap_or(0)).collect()
}

/// Greedy: nodes with the most neighbours first, each takes its cheapest value against those before it.
pub fn greedy(problem: &Problem) -> Vec<usize> {
    let around = edges_of(problem);
    let mut order: Vec<usize> = (0..problem.nodes()).collect();
    order.sort_by_key(|&n| std::cmp::Reverse(around[n].len()));
    let mut values = vec![None; problem.nodes()];
    for node in order {
        values[node] = Some(cheapest(problem, &around[node], node, &values));
    }
    all(values)
}

/// Least congested channel: from each node's own cheapest value, every node in turn moves to what is cheapest for itself,
/// for at most ten rounds. What a move costs the others is not its concern; pair costs are shared, so it settles.
pub fn least_congested(problem: &Problem) -> Vec<usize> {
    let around = edges_of(problem);
    let alone = vec![None; problem.nodes()];
    let mut values: Vec<Option<usize>> =
        (0..problem.nodes()).map(|n| Some(cheapest(problem, &[], n, &alone))).collect();
    for _ in 0..10 {
        let mut moved = false;
        for node in 0..problem.nodes() {
            let best = Some(cheapest(problem, &around[node], node, &values));
            moved |= best != values[node];
            values[node] = best;
        }
        if !moved {
            break;
        }
    }
    all(values)
}

/// DSATUR (Brélaz 1979) for costs: next is the node with the most decided neighbours, of these the one with the most
/// neighbours, and it takes its cheapest value.
pub fn dsatur(problem: &Problem) -> Vec<usize> {
    let around = edges_of(problem);
    let mut values = vec![None; problem.nodes()];
    let mut decided = vec![0usize; problem.nodes()];
    let mut open: BTreeSet<usize> = (0..problem.nodes()).collect();
    while let Some(&node) = open.iter().max_by_key(|&&n| (decided[n], around[n].len(), std::cmp::Reverse(n))) {
        open.remove(&node);
        values[node] = Some(cheapest(problem, &around[node], node, &values));
        for &i in &around[node] {
            let e = &problem.edges()[i];
            decided[if e.u == node { e.v } else { e.u }] += 1;
        }
    }
    all(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millpond_optimizer::pairwise::{Form, ProblemBuilder};

    /// A path of three nodes with two values; equal neighbours pay 1, and the middle would rather have value 1.
    fn path() -> Problem {
        let mut b = ProblemBuilder::new();
        for unary in [vec![0, 0], vec![5, 0], vec![0, 0]] {
            b.node(unary);
        }
        b.edge(0, 1, Form::Same { c: 1 });
        b.edge(2, 1, Form::Same { c: 1 });
        b.build().unwrap()
    }

    #[test]
    fn the_rules_do_what_they_say() {
        assert_eq!(greedy(&path()), [0, 1, 0]);
        assert_eq!(dsatur(&path()), [0, 1, 0]);
        assert_eq!(least_congested(&path()), [0, 1, 0]);
    }

    #[test]
    fn each_rule_can_be_beaten() {
        // What is cheap alone is dear together, and no single node gains by moving first.
        let mut b = ProblemBuilder::new();
        b.node(vec![0, 1]);
        b.node(vec![0, 1]);
        let t = b.table(2, 2, vec![9, 9, 9, 0]);
        b.edge(0, 1, Form::Table(t));
        let problem = b.build().unwrap();
        for rule in [greedy, least_congested, dsatur] {
            assert!(problem.cost(&rule(&problem)) > 2);
        }
    }
}
