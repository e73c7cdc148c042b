//! Relayed traffic: the link from a pod to its parent, and what it costs along the path.

use super::choice::Value;
use super::costs::{rate_cost, weighted};
use super::{Costs, Goal, IDLE_WEIGHT_MILLI, Node, Term};
use crate::model::topology::Link;
use crate::pairwise::HARD;
use crate::rf::rates::{airtime_ppm, reaches};

impl Goal<'_> {
    /// A pod's link at a setting of the parent's group: its airtime for all that share the air there, and its rate.
    pub(super) fn group_uplink(&self, g: usize, v: usize, p: usize, value: Value) -> Costs {
        let Value::Link(l, channel) = value else { return Costs::default() };
        let ends = [l.radio, l.parent_radio].map(|r| self.t.radios[r].group);
        if !ends.contains(&g) {
            return Costs::default();
        }
        if channel.is_some_and(|c| c != self.values[g][v].channel()) {
            return Costs::of(Term::Backhaul, HARD);
        }
        if ends[1] != g {
            return Costs::default();
        }
        if !self.link_reaches(p, &l, v) && self.t.pods[p].uplink != Some(l) {
            return Costs::of(Term::Backhaul, HARD);
        }
        let rate = self.link_rate(p, &l, v);
        let through = self.basis.through_weight[p].max(IDLE_WEIGHT_MILLI);
        let need = airtime_ppm(self.basis.through_kbps[p], rate) as i64;
        let shared = weighted(through + self.bystanders(p, &l), need);
        Costs::of(Term::Backhaul, shared + rate_cost(through, rate))
    }

    /// True if the link works at a setting of the parent's group. The link in use is taken to work whatever the figures
    /// say.
    fn link_reaches(&self, p: usize, l: &Link, v: usize) -> bool {
        let loss = self.t.loss_db(p, l.parent, self.t.radios[l.radio].band).unwrap_or(200);
        reaches(self.tuned[l.parent_radio][v].eirp_dbm - loss)
    }

    /// Weight of those at both ends of a pod's link who are not served through it.
    fn bystanders(&self, p: usize, l: &Link) -> i64 {
        let own = |r: usize| {
            let carried = self.basis.links[p].is_some_and(|b| b.parent_radio == r || b.radio == r);
            let through = if carried { self.basis.through_weight[p] } else { 0 };
            (self.basis.fixed_weight[r] - through).max(0)
        };
        own(l.parent_radio) + if l.radio == l.parent_radio { 0 } else { own(l.radio) }
    }

    /// Airtime of a demand on a link at the nominal setting of the parent's group, in millionths.
    fn nominal_ppm(&self, p: usize, l: &Link, kbps: u64) -> i64 {
        let v = self.nominal(self.t.radios[l.parent_radio].group);
        airtime_ppm(kbps, self.link_rate(p, l, v)) as i64
    }

    /// Two links of which one may lead to the other's pod: then the traffic passes both, and where both are on one band
    /// it waits for itself.
    pub(super) fn uplink_uplink(&self, p: usize, l: Link, q: usize, m: Link) -> Costs {
        let (child, lower, parent, upper) = match (l.parent == q, m.parent == p) {
            (true, _) => (p, l, q, m),
            (_, true) => (q, m, p, l),
            _ => return Costs::default(),
        };
        let (kbps, weight) = (self.basis.through_kbps[child], self.basis.through_weight[child].max(IDLE_WEIGHT_MILLI));
        let again = self.nominal_ppm(parent, &upper, kbps);
        let one_band = self.t.radios[lower.radio].band == self.t.radios[upper.radio].band;
        let waits = if one_band { again + self.nominal_ppm(child, &lower, kbps) } else { 0 };
        Costs::of(Term::Backhaul, weighted(weight, again + waits))
    }

    /// A client that may be steered and the link of a pod that may serve it. The reference load already counts it at
    /// the pod where it is, so leaving that pod gives the cost back.
    pub(super) fn uplink_client(&self, p: usize, l: Link, c: usize, r: usize) -> Costs {
        let (there, home) = (self.t.radios[r].pod == p, self.t.radios[self.basis.serving[c]].pod == p);
        if there == home {
            return Costs::default();
        }
        let client = &self.t.clients[c];
        let weight = i64::from(client.weight_milli) + self.basis.fixed_weight[l.parent_radio];
        let cost = weighted(weight, self.nominal_ppm(p, &l, u64::from(client.demand_kbps)));
        Costs::of(Term::Backhaul, if there { cost } else { -cost })
    }

    /// What a pod's link costs at the least: its rate, and the cost given back by every client that leaves the pod.
    pub(super) fn uplink_least(&self, p: usize) -> i64 {
        let through = self.basis.through_weight[p].max(IDLE_WEIGHT_MILLI);
        let links = self.values[self.uplink_node[p].expect("asked for an uplink")].iter().map(|v| v.link());
        let least = links.map(|l| {
            let g = self.t.radios[l.parent_radio].group;
            let rate = (0..self.values[g].len()).map(|v| self.link_rate(p, &l, v)).max().unwrap_or(1);
            let here = self.t.pods[p].radios.iter().flat_map(|&r| &self.basis.clients[r]);
            let leaves = here.map(|&c| &self.t.clients[c]).filter(|c| c.options.len() > 1).map(|c| {
                let weight = i64::from(c.weight_milli) + self.basis.fixed_weight[l.parent_radio];
                weighted(weight, self.nominal_ppm(p, &l, u64::from(c.demand_kbps)))
            });
            rate_cost(through, rate) - leaves.sum::<i64>()
        });
        least.min().unwrap_or(0)
    }

    pub(super) fn backhaul_edges(&self, edges: &mut Vec<(usize, usize)>) {
        for (n, node) in self.nodes.iter().enumerate() {
            match *node {
                Node::Uplink(p) => {
                    for l in &self.t.pods[p].uplinks {
                        edges.push((self.t.radios[l.radio].group, n));
                        edges.push((self.t.radios[l.parent_radio].group, n));
                        edges.extend(self.uplink_node[l.parent].map(|m| (m.min(n), m.max(n))));
                    }
                }
                Node::Client(c) => {
                    let served = self.t.clients[c].options.iter().map(|r| self.t.radios[*r].pod);
                    let pods = served.chain([self.t.radios[self.basis.serving[c]].pod]);
                    edges.extend(pods.filter_map(|p| self.uplink_node[p]).map(|m| (m, n)));
                }
                Node::Group(_) => {}
            }
        }
    }
}
