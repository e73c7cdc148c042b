//! The air: strangers and our own radios.

use super::costs::weighted;
use super::{Costs, Goal, Node, Term};
use crate::pairwise::HARD;
use crate::rf::sense::coupled_ppm;

impl Goal<'_> {
    /// Strangers' airtime at a group's radios, and what its radios take from each other on their common channel.
    pub(super) fn group_air(&self, g: usize, v: usize) -> Costs {
        let mut costs = Costs::default();
        for &r in &self.t.groups[g].radios {
            let weight = self.basis.fixed_weight[r];
            costs.add(Term::ForeignBusy, weighted(weight, self.tuned[r][v].foreign_ppm));
            for &(s, loss) in self.t.radios[r].hears.iter().filter(|h| self.t.radios[h.0].group == g) {
                let taken = self.coupled((r, g, v), (s, g, v), loss) * self.tuned[s][v].fixed_ppm / 1_000_000;
                costs.add(Term::OwnBusy, weighted(weight, taken));
            }
        }
        costs
    }

    /// The share of radio `r` that each unit of airtime of radio `s` takes, in millionths.
    pub(super) fn coupled(&self, (r, g, v): (usize, usize, usize), (s, h, w): (usize, usize, usize), loss: i32) -> i64 {
        debug_assert!(self.t.radios[r].group == g && self.t.radios[s].group == h);
        let level = self.tuned[s][w].eirp_dbm - loss;
        i64::from(coupled_ppm(self.values[g][v].channel(), self.values[h][w].channel(), level))
    }

    /// What two groups take from each other. Two groups with radios in one pod must not overlap.
    pub(super) fn group_group(&self, (g, v): (usize, usize), (h, w): (usize, usize)) -> Costs {
        let (a, b) = (self.values[g][v].channel(), self.values[h][w].channel());
        if !a.overlaps(b) && a.band() != millpond_dsp::phy::Band::Ghz2 {
            return Costs::default();
        }
        if a.overlaps(b) && self.share_a_pod(g, h) {
            return Costs::of(Term::OwnBusy, HARD);
        }
        let mut costs = Costs::default();
        for &r in &self.t.groups[g].radios {
            for &(s, loss) in self.t.radios[r].hears.iter().filter(|x| self.t.radios[x.0].group == h) {
                let there = self.coupled((r, g, v), (s, h, w), loss) * self.tuned[s][w].all_ppm / 1_000_000;
                let here = self.coupled((s, h, w), (r, g, v), loss) * self.tuned[r][v].all_ppm / 1_000_000;
                costs.add(Term::OwnBusy, weighted(self.basis.weight[r], there));
                costs.add(Term::OwnBusy, weighted(self.basis.weight[s], here));
            }
        }
        costs
    }

    pub(super) fn share_a_pod(&self, g: usize, h: usize) -> bool {
        let pod = |r: &usize| self.t.radios[*r].pod;
        self.t.groups[g].radios.iter().any(|r| self.t.groups[h].radios.iter().any(|s| pod(r) == pod(s)))
    }

    pub(super) fn group_edges(&self, edges: &mut Vec<(usize, usize)>) {
        for (r, radio) in self.t.radios.iter().enumerate() {
            let same_pod =
                self.t.pods[radio.pod].radios.iter().filter(|&&s| s > r && self.t.radios[s].band == radio.band);
            let heard = radio.hears.iter().map(|(s, _)| s);
            for &s in heard.chain(same_pod) {
                let (g, h) = (radio.group, self.t.radios[s].group);
                if g < h {
                    edges.push((g, h));
                }
            }
        }
        debug_assert!(
            edges.iter().all(|&(a, b)| matches!((self.nodes[a], self.nodes[b]), (Node::Group(_), Node::Group(_))))
        );
    }
}
