//! Clients: the rate and airtime they get at a radio, and what they take from each other there.

use super::costs::{rate_cost, weighted};
use super::{Costs, Goal, Node, Term};
use crate::rf::sense::coupled_ppm;

impl Goal<'_> {
    /// The clients of a group's radios that stay where they are, and the idle weight of each radio.
    pub(super) fn group_clients(&self, g: usize, v: usize) -> Costs {
        let mut costs = Costs::default();
        for &r in &self.t.groups[g].radios {
            for &c in self.basis.clients[r].iter().filter(|&&c| self.t.clients[c].options.len() == 1) {
                let weight = i64::from(self.t.clients[c].weight_milli);
                costs.add(Term::Rate, rate_cost(weight, self.client_rate(c, r, v)));
                costs.add(Term::Airtime, weighted(self.basis.fixed_weight[r], self.client_ppm(c, r, v)));
            }
            costs.add(Term::Rate, self.idle_rate(g, r, v));
        }
        costs
    }

    /// The idle weight times the rate that a two-stream station at 60 dB would get.
    fn idle_rate(&self, g: usize, r: usize, v: usize) -> i64 {
        use crate::rf::rates::{Ability, rate_kbps};
        let at = self.tuned[r][v];
        let channel = self.values[g][v].channel();
        let radio = &self.t.radios[r];
        let ability =
            Ability { width: channel.width(), streams: radio.streams.min(2), mcs: 11, punctured: radio.puncture };
        rate_cost(super::IDLE_WEIGHT_MILLI, rate_kbps(at.eirp_dbm - 60, at.air.noise_dbm, channel.into(), ability))
    }

    /// A client that may be steered, at a radio, if the radio belongs to the group.
    pub(super) fn group_client(&self, g: usize, v: usize, c: usize, r: usize) -> Costs {
        if self.t.radios[r].group != g {
            return Costs::default();
        }
        let weight = i64::from(self.t.clients[c].weight_milli);
        let at = self.tuned[r][v];
        let need = self.client_ppm(c, r, v);
        let mut costs = Costs::of(Term::Rate, rate_cost(weight, self.client_rate(c, r, v)));
        costs.add(Term::Airtime, weighted(self.basis.fixed_weight[r] + weight, need));
        costs.add(Term::Airtime, weighted(weight, at.fixed_ppm));
        costs.add(Term::ForeignBusy, weighted(weight, at.foreign_ppm));
        for &(s, loss) in self.t.radios[r].hears.iter().filter(|x| self.t.radios[x.0].group == g) {
            let there = self.coupled((r, g, v), (s, g, v), loss) * self.tuned[s][v].fixed_ppm / 1_000_000;
            let here = self.coupled((s, g, v), (r, g, v), loss) * need / 1_000_000;
            costs.add(Term::OwnBusy, weighted(weight, there));
            costs.add(Term::OwnBusy, weighted(self.basis.fixed_weight[s], here));
        }
        costs
    }

    /// What a client's rate alone costs at the least.
    pub(super) fn client_least(&self, c: usize) -> i64 {
        let best = |&r: &usize| {
            let values = 0..self.values[self.t.radios[r].group].len();
            values.map(|v| self.client_rate(c, r, v)).max().unwrap_or(1)
        };
        let rate = self.t.clients[c].options.iter().map(best).max().unwrap_or(1);
        rate_cost(i64::from(self.t.clients[c].weight_milli), rate)
    }

    /// Two clients that may be steered, at one radio or at two that hear each other on their group's channel.
    pub(super) fn client_client(&self, c: usize, r: usize, d: usize, s: usize) -> Costs {
        let g = self.t.radios[r].group;
        if g != self.t.radios[s].group {
            return Costs::default();
        }
        let v = self.nominal(g);
        let shared = if r == s {
            1_000_000
        } else {
            let Some(&(_, loss)) = self.t.radios[r].hears.iter().find(|x| x.0 == s) else { return Costs::default() };
            let channel = self.values[g][v].channel();
            i64::from(coupled_ppm(channel, channel, self.tuned[s][v].eirp_dbm - loss))
        };
        let (wc, wd) = (i64::from(self.t.clients[c].weight_milli), i64::from(self.t.clients[d].weight_milli));
        let cost = |weight: i64, need: i64| weighted(weight, shared * need / 1_000_000);
        let term = if r == s { Term::Airtime } else { Term::OwnBusy };
        Costs::of(term, cost(wc, self.client_ppm(d, s, v)) + cost(wd, self.client_ppm(c, r, v)))
    }

    pub(super) fn client_edges(&self, edges: &mut Vec<(usize, usize)>) {
        let groups = |c: usize| {
            let mut all: Vec<usize> = self.t.clients[c].options.iter().map(|r| self.t.radios[*r].group).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let mut by_group: Vec<Vec<usize>> = vec![Vec::new(); self.t.groups.len()];
        for (n, node) in self.nodes.iter().enumerate() {
            if let Node::Client(c) = *node {
                for g in groups(c) {
                    edges.push((g, n));
                    edges.extend(by_group[g].iter().map(|&m| (m, n)));
                    by_group[g].push(n);
                }
            }
        }
    }
}
