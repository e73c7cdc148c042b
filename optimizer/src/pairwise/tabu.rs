//! Tabu search for problems whose costs are nearly all alike, as in colouring: annealing has nothing to weigh there.
//!
//! The cheapest move of a node that pays goes ahead even if it gains nothing, and the value just left is closed to the node
//! for a while.
//!
//! - Source: Hertz, de Werra, "Using tabu search techniques for graph coloring", Computing 39, 1987; the tenure is that of
//!   Galinier, Hao, "Hybrid evolutionary algorithms for graph coloring", Journal of Combinatorial Optimization 3, 1999

use super::local::Walk;
use super::repair::ENTRIES_PER_VISIT;
use crate::env::{Environment, SplitMix64};

/// Moves between two looks at the quota.
const LOOK: u64 = 1 << 10;

/// Dearest over cheapest positive cost up to which costs count as alike.
const ALIKE: i32 = 4;

/// Marks a node that pays nothing.
const CALM: u32 = u32::MAX;

/// The nodes that pay, in any order, with each node's place in the list.
struct Hot {
    nodes: Vec<u32>,
    place: Vec<u32>,
}

impl Hot {
    fn set(&mut self, node: usize, pays: bool) {
        let at = self.place[node];
        if pays && at == CALM {
            self.place[node] = self.nodes.len() as u32;
            self.nodes.push(node as u32);
        } else if !pays && at != CALM {
            self.place[node] = CALM;
            self.nodes.swap_remove(at as usize);
            if let Some(&moved) = self.nodes.get(at as usize) {
                self.place[moved as usize] = at;
            }
        }
    }
}

/// Whether costs differ so little that counting them is what matters.
pub(super) fn is_flat(unary: &[i32], tables: &[i32]) -> bool {
    let costs = || unary.iter().chain(tables).copied();
    let least = costs().filter(|&c| c > 0).min().unwrap_or(0);
    costs().all(|c| c >= 0 && c <= least.saturating_mul(ALIKE))
}

impl Walk<'_> {
    /// Moves on for about `visits` visits of an annealing run, or until nothing is paid. Returns what it took.
    ///
    /// - Cost of a move: the values of the nodes that pay, and the rows of the moved node's neighbours
    pub(super) fn tabu(&mut self, visits: u64, rng: &mut SplitMix64, env: &Environment) -> u64 {
        let l = self.layout;
        let mut until = vec![0u64; l.unary.len()];
        let mut hot = Hot { nodes: Vec::new(), place: vec![CALM; l.nodes()] };
        let movable = |n: usize| l.domain(n) > 1;
        (0..l.nodes()).filter(|&n| movable(n)).for_each(|n| hot.set(n, self.pays(n)));
        let (mut turn, mut spent) = (0, 0);
        while spent < visits && !hot.nodes.is_empty() {
            turn += 1;
            if turn % LOOK == 0 && env.should_stop() {
                break;
            }
            let (node, value, looked) = self.cheapest_move(&hot, &until, turn, rng);
            spent += 1 + looked / ENTRIES_PER_VISIT;
            // Also when all moves are closed: a random one leads away.
            until[l.start[node] + self.values[node]] =
                turn + 1 + (if l.flat { hot.nodes.len() * 3 / 5 } else { hot.nodes.len() / 10 } + rng.below(10)) as u64;
            self.go(node, value);
            self.note();
            hot.set(node, self.pays(node));
            for link in l.links(node) {
                let to = link.to as usize;
                if movable(to) {
                    hot.set(to, self.pays(to));
                }
            }
        }
        spent
    }

    fn pays(&self, node: usize) -> bool {
        !self.layout.flat || self.rows[self.layout.start[node] + self.values[node]] > 0
    }

    /// The cheapest open move of a node that pays, ties at random, and how many values were looked at.
    fn cheapest_move(&self, hot: &Hot, until: &[u64], turn: u64, rng: &mut SplitMix64) -> (usize, usize, u64) {
        let l = self.layout;
        let (mut least, mut ties, mut looked) = (i32::MAX, 0, 0);
        let first = hot.nodes[rng.below(hot.nodes.len())] as usize;
        let mut pick = (first, (self.values[first] + 1 + rng.below(l.domain(first) - 1)) % l.domain(first));
        for &node in &hot.nodes {
            let node = node as usize;
            let here = self.values[node];
            let row = &self.rows[l.row(node)];
            looked += row.len() as u64;
            let pays = row[here];
            // A move that would be the best ever is open whatever was before.
            let better = (self.best - self.cost).max(i64::from(i32::MIN)) as i32;
            for (b, (&cost, &until)) in row.iter().zip(&until[l.row(node)]).enumerate() {
                let gain = cost - pays;
                if gain > least || b == here || (until > turn && gain >= better) {
                    continue;
                }
                ties = if gain < least { 1 } else { ties + 1 };
                least = gain;
                if ties == 1 || rng.below(ties) == 0 {
                    pick = (node, b);
                }
            }
        }
        (pick.0, pick.1, looked)
    }
}

#[cfg(test)]
mod tests {
    use super::super::local::Layout;
    use super::super::net::Net;
    use super::super::portfolio::tests::brute_force;
    use super::super::{Form, Problem, ProblemBuilder};
    use super::*;

    /// A graph that has a colouring of `k` colours, which the problem does not tell.
    fn colourable(rng: &mut SplitMix64, nodes: usize, k: usize) -> Problem {
        let mut b = ProblemBuilder::new();
        let hidden: Vec<usize> = (0..nodes).map(|_| rng.below(k)).collect();
        hidden.iter().for_each(|_| _ = b.node(vec![0; k]));
        for u in 0..nodes {
            for v in u + 1..nodes {
                if hidden[u] != hidden[v] && rng.below(3) == 0 {
                    b.edge(u, v, Form::Same { c: 1 });
                }
            }
        }
        b.build().unwrap()
    }

    #[test]
    fn a_hidden_colouring_is_found() {
        let mut rng = SplitMix64::new(4);
        for _ in 0..5 {
            let problem = colourable(&mut rng, 40, 4);
            let layout = Layout::new(&Net::new(&problem).unwrap());
            assert!(layout.flat);
            let mut walk = Walk::new(&layout, vec![0; 40]);
            walk.tabu(200_000, &mut rng, &Environment::new());
            assert_eq!(problem.cost(&walk.into_best()), 0);
        }
    }

    #[test]
    fn graphs_of_too_few_colours_reach_their_optimum_and_the_kept_cost_is_true() {
        let mut rng = SplitMix64::new(15);
        for trial in 0..30 {
            let mut b = ProblemBuilder::new();
            (0..8).for_each(|_| _ = b.node(vec![0; 3]));
            for u in 0..8 {
                (u + 1..8)
                    .filter(|_| rng.below(4) > 0)
                    .for_each(|v| b.edge(u, v, Form::Same { c: 1 + (v % 2) as i64 }));
            }
            let problem = b.build().unwrap();
            let layout = Layout::new(&Net::new(&problem).unwrap());
            assert!(layout.flat);
            let mut walk = Walk::new(&layout, vec![0; 8]);
            walk.tabu(20_000, &mut rng, &Environment::new());
            assert_eq!(problem.cost(&walk.values), walk.cost, "trial {trial}");
            assert_eq!(problem.cost(&walk.into_best()), brute_force(&problem), "trial {trial}");
        }
    }
}
