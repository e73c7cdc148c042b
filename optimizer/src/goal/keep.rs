//! Which values of a decision are needless for J because another one is at least as good in every respect.

use super::{Goal, Node};
use crate::model::site::Sharing;
use crate::rf::rates::Span;
use crate::rf::sense::{coupling_permille, preamble_dbm};

impl Goal<'_> {
    /// The values of a node that no other one dominates, in order; all of them where other groups may come near.
    ///
    /// A home's group stands alone in its band. Of two of its settings the one that is no narrower, with holes counted, and no weaker, that
    /// leaves every radio no less free air, no more contenders and no more noise, lets the radios hear each other no
    /// better, and costs no more in switches and radar is at least as good for J whatever the rest does: each cost in J
    /// is monotone in each of these. What runs now and what stands for the group in nominal rates are kept.
    pub(super) fn keep(&self, n: usize) -> Vec<usize> {
        let all = 0..self.values[n].len();
        let Node::Group(g) = self.nodes[n] else { return all.collect() };
        let alone = self.t.policy.channels == Sharing::PerBand
            && self.edges.iter().all(|&(a, b)| b >= self.t.groups.len() || (a != n && b != n));
        if !alone {
            return all.collect();
        }
        let mut traits = Vec::new();
        self.traits(g, 0, &mut traits);
        let width = traits.len();
        traits.reserve(width * all.len());
        (1..all.len()).for_each(|v| self.traits(g, v, &mut traits));
        let of = |v: usize| &traits[v * width..(v + 1) * width];
        let dominates = |v: usize, w: usize| of(v).iter().zip(of(w)).all(|(a, b)| a >= b);
        let held = [self.nominal(g), 0];
        let mut kept: Vec<usize> = Vec::new();
        for v in all {
            if held.contains(&v) || !kept.iter().any(|&w| dominates(w, v)) {
                // A later value pushes an earlier one out only if it is truly better.
                kept.retain(|&w| held.contains(&w) || !dominates(v, w) || dominates(w, v));
                kept.push(v);
            }
        }
        kept
    }

    /// What a setting is compared by, each the more the better; as many for every setting.
    fn traits(&self, g: usize, v: usize, all: &mut Vec<f64>) {
        let channel = self.values[g][v].channel();
        let width = channel.width();
        all.extend([width as u8 as f64, -(self.fixed[g][v] as f64)]);
        if self.t.groups[g].radios.iter().any(|&r| self.t.radios[r].puncture) {
            all.extend(Span::from(channel).traits().map(f64::from));
        }
        for &r in &self.t.groups[g].radios {
            let at = &self.tuned[r][v];
            all.extend([f64::from(at.eirp_dbm), at.air.free, -at.air.contenders, -f64::from(at.air.noise_dbm)]);
            let hears = self.t.radios[r].hears.iter().filter(|h| self.t.radios[h.0].group == g);
            all.extend(hears.map(|&(s, loss)| {
                -f64::from(coupling_permille(self.tuned[s][v].eirp_dbm - loss, preamble_dbm(width)))
            }));
        }
    }
}
