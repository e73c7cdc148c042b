//! The loads about which J is a first-order form: who is served where, and what is relayed through whom, before any
//! choice is made. They come from the site as it runs; what the site does not say is filled in by the fastest choice.

use millpond_dsp::phy::Bandwidth;

use crate::model::topology::{Link, Topology};
use crate::rf::rates::{NOISE_DBM, rate_kbps};

use super::link_ability;

/// Weight in thousandths that a radio without clients counts with, so that it too prefers a clean and wide channel.
pub const IDLE_WEIGHT_MILLI: i64 = 50;

/// Reference loads by radio and pod.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The serving radio by client.
    pub serving: Vec<usize>,
    /// The uplink by pod.
    pub links: Vec<Option<Link>>,
    /// Weight in thousandths by radio: all clients it serves, all it relays for, and the idle weight.
    pub weight: Vec<i64>,
    /// The same without the clients that may be steered.
    pub fixed_weight: Vec<i64>,
    /// Weight in thousandths of all clients at or behind a pod.
    pub through_weight: Vec<i64>,
    /// Demand in kb/s of all clients at or behind a pod.
    pub through_kbps: Vec<u64>,
    /// Clients by serving radio.
    pub clients: Vec<Vec<usize>>,
    /// Pods whose link ends at a parent's radio, by that radio.
    pub relays: Vec<Vec<usize>>,
}

impl Basis {
    /// The loads of a site as it runs.
    pub fn of(t: &Topology) -> Self {
        let serving: Vec<usize> = (0..t.clients.len()).map(|c| t.serving(c)).collect();
        let links: Vec<Option<Link>> = (0..t.pods.len()).map(|p| link(t, p)).collect();
        let mut b = Self {
            weight: vec![IDLE_WEIGHT_MILLI; t.radios.len()],
            fixed_weight: vec![IDLE_WEIGHT_MILLI; t.radios.len()],
            through_weight: vec![0; t.pods.len()],
            through_kbps: vec![0; t.pods.len()],
            clients: vec![Vec::new(); t.radios.len()],
            relays: vec![Vec::new(); t.radios.len()],
            serving,
            links,
        };
        b.add_clients(t);
        b.add_relays();
        b
    }

    fn add_clients(&mut self, t: &Topology) {
        for (c, &r) in self.serving.iter().enumerate() {
            let (w, d) = (i64::from(t.clients[c].weight_milli), u64::from(t.clients[c].demand_kbps));
            self.clients[r].push(c);
            self.weight[r] += w;
            self.fixed_weight[r] += if t.clients[c].options.len() == 1 { w } else { 0 };
            let mut pod = Some(t.radios[r].pod);
            while let Some(p) = pod {
                self.through_weight[p] += w;
                self.through_kbps[p] += d;
                pod = self.links[p].map(|l| l.parent);
            }
        }
    }

    fn add_relays(&mut self) {
        for (p, link) in self.links.iter().enumerate() {
            let Some(l) = link else { continue };
            self.relays[l.parent_radio].push(p);
            for r in [l.parent_radio, l.radio] {
                self.weight[r] += self.through_weight[p];
                self.fixed_weight[r] += self.through_weight[p];
            }
        }
    }
}

/// The link in use where it is still allowed, else the fastest at full power.
fn link(t: &Topology, p: usize) -> Option<Link> {
    let options = &t.pods[p].uplinks;
    let rate = |l: &&Link| {
        let level = |r: usize| t.radios[r].allowed.iter().filter_map(|&c| t.max_eirp_dbm(r, c)).max().unwrap_or(0);
        let loss = t.loss_db(p, l.parent, t.radios[l.radio].band).unwrap_or(200);
        let width = t.radios[l.radio].allowed.iter().map(|c| c.width()).max().unwrap_or(Bandwidth::Mhz20);
        rate_kbps(level(l.parent_radio) - loss, NOISE_DBM, width.into(), link_ability(t, l))
    };
    t.pods[p].uplink.filter(|l| options.contains(l)).or_else(|| options.iter().rev().max_by_key(rate).copied())
}
