//! What a plan is worth.
//!
//! [`exact`] is U: throughput of every client at the fixed point of all loads; it judges plans. J, in the other files,
//! is its first-order form as unary and pairwise integer costs; it is what the search minimises and what decisions are
//! explained by. Each file holds one concern. Both forms: the optimizer note, sections 3.3 and 3.4.

mod backhaul;
mod basis;
mod choice;
mod churn;
mod costs;
pub mod exact;
mod interference;
mod keep;
mod meter;
mod rows;
mod serving;

pub use basis::{Basis, IDLE_WEIGHT_MILLI};
pub use choice::{Node, Value};
pub use churn::{radar_cost, switches};
pub use costs::{Costs, Term};
pub use exact::Air;
pub use meter::Meter;
pub use rows::Rows;

use crate::model::site::Phy;
use crate::model::topology::{Assignment, Link, Topology, Tuned};
use crate::rf::rates::{Ability, NOISE_DBM, Span, airtime_ppm, highest_mcs, rate_kbps};
use millpond_dsp::phy::Bandwidth;

/// Every radio's own frames (beacons, probes), in millionths of its time.
pub const BEACON_PPM: i64 = 20_000;

/// J of one site: the nodes with their values, and the cost of each value and pair of values.
pub struct Goal<'a> {
    t: &'a Topology,
    basis: Basis,
    nodes: Vec<Node>,
    values: Vec<Vec<Value>>,
    edges: Vec<(usize, usize)>,
    /// By radio, then by value of its group.
    tuned: Vec<Vec<RadioValue>>,
    /// The node of each group is its index; this is the node of each pod's uplink, if it has one.
    uplink_node: Vec<Option<usize>>,
    /// Switches and radar risk of each value, as U counts them.
    fixed: Vec<Vec<i64>>,
    /// Switches that no choice avoids.
    forced: i64,
    /// The values of each node that no other one makes needless for J.
    kept: Vec<Vec<usize>>,
}

/// One radio at one value of its group.
#[derive(Clone, Copy, Debug)]
struct RadioValue {
    eirp_dbm: i32,
    air: Air,
    /// Share of time that strangers take, in millionths.
    foreign_ppm: i64,
    /// Load of the clients that stay and of relays and beacons, in millionths.
    fixed_ppm: i64,
    /// Load with all reference clients, at most one airtime.
    all_ppm: i64,
}

/// What both ends of a wireless link can do on the channel they share: all of its width, and the highest MCS.
pub(crate) fn link_ability(t: &Topology, l: &Link) -> Ability {
    let (a, b) = (&t.radios[l.radio], &t.radios[l.parent_radio]);
    let punctured = a.puncture && b.puncture;
    Ability { width: Bandwidth::Mhz320, streams: a.streams.min(b.streams), mcs: 11, punctured }
}

/// What a client and a radio can do together.
pub(crate) fn client_ability(t: &Topology, client: usize, radio: usize) -> Ability {
    let (c, r) = (&t.clients[client], &t.radios[radio]);
    let punctured = c.phy == Phy::Eht && r.puncture;
    Ability { width: c.max_width, streams: c.streams.min(r.streams), mcs: highest_mcs(c.phy), punctured }
}

impl<'a> Goal<'a> {
    /// J about the loads of the site as it runs.
    pub fn new(t: &'a Topology) -> Self {
        let basis = Basis::of(t);
        let (nodes, values) = choice::nodes(t);
        let mut uplink_node = vec![None; t.pods.len()];
        for (n, node) in nodes.iter().enumerate() {
            if let Node::Uplink(p) = *node {
                uplink_node[p] = Some(n);
            }
        }
        let moved = |c: &&crate::model::topology::ClientNode| {
            c.options.len() == 1 && c.current.is_some_and(|now| now != c.options[0])
        };
        let mut goal = Self {
            forced: t.clients.iter().filter(moved).map(|c| 1 + i64::from(c.refusals)).sum::<i64>()
                * i64::from(t.policy.switch_cost_milli),
            t,
            basis,
            nodes,
            values,
            edges: Vec::new(),
            tuned: Vec::new(),
            uplink_node,
            fixed: Vec::new(),
            kept: Vec::new(),
        };
        goal.tuned = (0..t.radios.len()).map(|r| goal.radio_values(r)).collect();
        goal.edges = goal.find_edges();
        goal.fixed = (0..goal.nodes.len()).map(|n| goal.fixed_costs(n)).collect();
        goal.kept = (0..goal.nodes.len()).map(|n| goal.keep(n)).collect();
        goal
    }

    /// The site.
    pub fn topology(&self) -> &'a Topology {
        self.t
    }

    /// The decisions to take: groups, then uplinks, then clients.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The values of a node.
    pub fn values(&self, node: usize) -> &[Value] {
        &self.values[node]
    }

    /// What a radio does at a value of its group.
    pub fn tuned(&self, radio: usize, value: usize) -> Tuned {
        self.values[self.t.radios[radio].group][value].tuned(self.tuned[radio][value].eirp_dbm)
    }

    /// The air of a radio at a value of its group.
    pub fn air(&self, radio: usize, value: usize) -> Air {
        self.tuned[radio][value].air
    }

    /// What switches, refusals and radar risk of a node's value take from U, in thousandths.
    pub fn fixed(&self, node: usize, value: usize) -> i64 {
        self.fixed[node][value]
    }

    /// What changes that no choice avoids take from U, in thousandths.
    pub fn forced(&self) -> i64 {
        self.forced
    }

    /// The values of a node that no other one makes needless for J, in order.
    pub fn kept(&self, node: usize) -> &[usize] {
        &self.kept[node]
    }

    /// What a node's value costs in switches, radar risk and refusals.
    pub fn churn(&self, node: usize, value: usize) -> Costs {
        match self.nodes[node] {
            Node::Group(g) => self.group_churn(g, value),
            Node::Uplink(p) => self.uplink_churn(p, self.values[node][value].link()),
            Node::Client(c) => self.client_churn(c, self.values[node][value].radio()),
        }
    }

    fn fixed_costs(&self, n: usize) -> Vec<i64> {
        let values = 0..self.values[n].len();
        let Node::Group(g) = self.nodes[n] else { return values.map(|v| self.churn(n, v).total()).collect() };
        // Values of one channel stand side by side, and most of the cost is the radar's.
        let mut last: Option<(millpond_dsp::phy::Channel, i64)> = None;
        let radios = self.t.groups[g].radios.len() as i64;
        let cost = |v: usize| {
            let channel = self.values[n][v].channel();
            let fresh = || (channel, radios * radar_cost(self.t, channel));
            last.insert(last.filter(|l| l.0 == channel).unwrap_or_else(fresh)).1 + self.group_switches(g, v)
        };
        values.map(cost).collect()
    }

    /// The pairs of nodes that interact, lower index first.
    pub fn edges(&self) -> &[(usize, usize)] {
        &self.edges
    }

    /// The cost of a value by itself.
    pub fn unary(&self, node: usize, value: usize) -> Costs {
        match self.nodes[node] {
            Node::Group(g) => self.group_air(g, value) + self.group_clients(g, value) + self.group_churn(g, value),
            Node::Uplink(p) => self.uplink_churn(p, self.values[node][value].link()),
            Node::Client(c) => self.client_churn(c, self.values[node][value].radio()),
        }
    }

    /// The cost of a pair of values of two nodes that [`edges`](Self::edges) joins; `a` is the lower one.
    pub fn pair(&self, (a, b): (usize, usize), va: usize, vb: usize) -> Costs {
        let other = self.values[b][vb];
        match (self.nodes[a], self.nodes[b]) {
            (Node::Group(g), Node::Group(h)) => self.group_group((g, va), (h, vb)),
            (Node::Group(g), Node::Uplink(p)) => self.group_uplink(g, va, p, other),
            (Node::Group(g), Node::Client(c)) => self.group_client(g, va, c, other.radio()),
            (Node::Uplink(p), Node::Uplink(q)) => self.uplink_uplink(p, self.values[a][va].link(), q, other.link()),
            (Node::Uplink(p), Node::Client(c)) => self.uplink_client(p, self.values[a][va].link(), c, other.radio()),
            (Node::Client(c), Node::Client(d)) => self.client_client(c, self.values[a][va].radio(), d, other.radio()),
            _ => Costs::default(),
        }
    }

    /// True if a pair of values of two nodes that [`edges`](Self::edges) joins breaks a rule; `a` is the lower one.
    pub fn is_forbidden(&self, (a, b): (usize, usize), va: usize, vb: usize) -> bool {
        match (self.nodes[a], self.nodes[b]) {
            (Node::Group(g), Node::Group(h)) => {
                self.values[g][va].channel().overlaps(self.values[h][vb].channel()) && self.share_a_pod(g, h)
            }
            (Node::Group(_), Node::Uplink(_)) => self.pair((a, b), va, vb).total() >= crate::pairwise::HARD,
            _ => false,
        }
    }

    /// The pairs of nodes of which some values break a rule together.
    pub fn hard_edges(&self) -> impl Iterator<Item = (usize, usize)> {
        self.edges.iter().copied().filter(|&(a, b)| match (self.nodes[a], self.nodes[b]) {
            (Node::Group(g), Node::Group(h)) => self.share_a_pod(g, h),
            (Node::Group(_), Node::Uplink(_)) => true,
            _ => false,
        })
    }

    /// The cost of a whole assignment by reason.
    pub fn costs(&self, values: &[usize]) -> Costs {
        let mut sum = Costs::default();
        for (n, &v) in values.iter().enumerate() {
            sum += self.unary(n, v);
        }
        for &(a, b) in &self.edges {
            sum += self.pair((a, b), values[a], values[b]);
        }
        sum
    }

    /// What every radio, uplink and client does under an assignment of values.
    pub fn decode(&self, values: &[usize]) -> Assignment {
        let at = |r: usize| self.tuned(r, values[self.t.radios[r].group]);
        let radios = (0..self.t.radios.len()).map(at).collect();
        let uplinks = self.uplink_node.iter().map(|n| n.map(|n| self.values[n][values[n]].link())).collect();
        let mut clients: Vec<usize> = self.t.clients.iter().map(|c| c.options[0]).collect();
        for (n, node) in self.nodes.iter().enumerate() {
            if let Node::Client(c) = *node {
                clients[c] = self.values[n][values[n]].radio();
            }
        }
        Assignment { radios, uplinks, clients }
    }

    /// The values of an assignment, if J has them.
    pub fn encode(&self, a: &Assignment) -> Option<Vec<usize>> {
        let pick = |n: usize| match self.nodes[n] {
            Node::Group(g) => (0..self.values[n].len()).find(|&v| {
                let same = |r: &usize| self.values[n][v].tuned(self.tuned[*r][v].eirp_dbm) == a.radios[*r];
                self.t.groups[g].radios.iter().all(same)
            }),
            Node::Uplink(p) => self.values[n].iter().position(|v| {
                let link = a.uplinks[p];
                Some(v.link()) == link && v.joins(a)
            }),
            Node::Client(c) => self.values[n].iter().position(|v| v.radio() == a.clients[c]),
        };
        let fixed = |c: usize| self.t.clients[c].options.len() > 1 || self.t.clients[c].options[0] == a.clients[c];
        let values: Option<Vec<usize>> = (0..self.nodes.len()).map(pick).collect();
        values.filter(|_| (0..self.t.clients.len()).all(fixed))
    }

    /// PHY rate in kb/s from a radio to a client at a value of the radio's group.
    fn client_rate(&self, c: usize, r: usize, v: usize) -> u32 {
        let loss = self.t.client_loss_db(c, r).unwrap_or(200);
        let at = self.tuned[r][v];
        let span = self.values[self.t.radios[r].group][v].channel().into();
        rate_kbps(at.eirp_dbm - loss, at.air.noise_dbm, span, client_ability(self.t, c, r))
    }

    /// Airtime in millionths that a client needs there.
    fn client_ppm(&self, c: usize, r: usize, v: usize) -> i64 {
        airtime_ppm(u64::from(self.t.clients[c].demand_kbps), self.client_rate(c, r, v)) as i64
    }

    /// PHY rate in kb/s of a link of pod `p` at a value of the parent's group.
    fn link_rate(&self, p: usize, l: &Link, v: usize) -> u32 {
        let band = self.t.radios[l.radio].band;
        let loss = self.t.loss_db(p, l.parent, band).unwrap_or(200);
        let at = self.tuned[l.parent_radio][v];
        let span = self.values[self.t.radios[l.parent_radio].group][v].channel().into();
        rate_kbps(at.eirp_dbm - loss, at.air.noise_dbm, span, link_ability(self.t, l))
    }

    /// The value of a group that stands for it where a pair of other nodes needs a rate: the setting in use, or the
    /// first of the widest.
    fn nominal(&self, g: usize) -> usize {
        let values = &self.values[g];
        let widest = || (0..values.len()).rev().max_by_key(|&v| values[v].channel().width()).unwrap_or(0);
        values.iter().position(Value::is_now).unwrap_or_else(widest)
    }

    fn radio_values(&self, r: usize) -> Vec<RadioValue> {
        let radio = &self.t.radios[r];
        let ear = exact::ear(self.t, r);
        let mut last: Option<(millpond_dsp::phy::Channel, Air, i32)> = None;
        let mut all = Vec::with_capacity(self.values[radio.group].len());
        // Loads depend on level over noise and on what the channel spans, and few of those differ.
        let mut known: Vec<((i32, Span), (i64, i64))> = Vec::new();
        for value in &self.values[radio.group] {
            let channel = value.channel();
            // Values of one channel stand side by side.
            let fresh = || (channel, Air::heard_by(&ear, channel), self.t.max_eirp_dbm(r, channel).unwrap_or(0));
            let (_, air, most) = *last.insert(last.filter(|l| l.0 == channel).unwrap_or_else(fresh));
            let eirp_dbm = value.eirp_dbm(self.t, r, most);
            let foreign_ppm = libm::round((1.0 - air.free) * 1e6) as i64;
            let key = (eirp_dbm - (air.noise_dbm - NOISE_DBM).max(0), Span::from(channel));
            let found = known.iter().find(|k| k.0 == key).map(|k| k.1);
            let (fixed_ppm, all_ppm) = found.unwrap_or_else(|| self.loads(r, key));
            if found.is_none() {
                known.push((key, (fixed_ppm, all_ppm)));
            }
            all.push(RadioValue { eirp_dbm, air, foreign_ppm, fixed_ppm, all_ppm });
        }
        all
    }

    /// The load of a radio at an EIRP less excess noise and a span: of what stays, and with all reference clients.
    fn loads(&self, r: usize, (level_dbm, span): (i32, Span)) -> (i64, i64) {
        let t = self.t;
        let ppm = |loss: i32, demand: u64, ability: Ability| {
            airtime_ppm(demand, rate_kbps(level_dbm - loss, NOISE_DBM, span, ability)) as i64
        };
        let relays = self.basis.relays[r].iter().map(|&p| {
            let l = self.basis.links[p].expect("a relay has a link");
            let loss = t.loss_db(p, l.parent, t.radios[l.radio].band).unwrap_or(200);
            ppm(loss, self.basis.through_kbps[p], link_ability(t, &l))
        });
        let (mut fixed, mut all) = (BEACON_PPM + relays.sum::<i64>(), 0);
        for &c in &self.basis.clients[r] {
            let loss = t.client_loss_db(c, r).unwrap_or(200);
            let need = ppm(loss, u64::from(t.clients[c].demand_kbps), client_ability(t, c, r));
            if t.clients[c].options.len() == 1 { fixed += need } else { all += need }
        }
        (fixed.min(1_000_000), (fixed + all).min(1_000_000))
    }

    fn find_edges(&self) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        self.group_edges(&mut edges);
        self.backhaul_edges(&mut edges);
        self.client_edges(&mut edges);
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
