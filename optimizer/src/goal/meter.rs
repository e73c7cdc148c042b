//! U of one assignment, kept up to date while single decisions change: what a search asks thousands of times.
//!
//! The definition is [`exact`](super::exact); this file says the same with less work. Radios that hear each other, over
//! any number of hops, are a *part*: a change settles its parts anew and leaves the others alone. A part of more than
//! [`WHOLE`] radios, as blocks have, is settled around the change with the rest held; [`Meter::refresh`] settles all of
//! it.

use super::exact::{self, Air, Settled};
use super::{BEACON_PPM, Goal, Node, Value, client_ability, link_ability};
use crate::model::topology::{Assignment, Link, Topology, Tuned};
use crate::rf::ln;
use crate::rf::rates::{Ability, airtime_ppm, rate_kbps};
use crate::rf::sense::coupled_ppm;

/// Parts of up to this many radios are settled as a whole, from the start that the definition names.
pub const WHOLE: usize = 48;

/// Rounds of closing bounds before the steps of the definition are gone through.
const CLOSING: u32 = 8;

/// Damped steps around a change in a larger part.
const NEAR_STEPS: u32 = 6;

/// One radio of the assignment.
#[derive(Clone, Copy, Debug)]
struct State {
    set: Tuned,
    air: Air,
    /// Airtime needed in millionths.
    need_ppm: i64,
    /// The same as a fraction.
    need: f64,
    /// Own radios that contend, each counted by its coupling.
    contenders: f64,
    /// What the loads settled at, before the last whole step.
    level: f64,
    /// The share of its need that it gets.
    share: f64,
}

impl State {
    fn satisfied(&self, own_free: f64, contenders: f64) -> f64 {
        let available = (self.air.free * own_free).max(1.0 / (1.0 + contenders));
        (available / self.need).min(1.0)
    }
}

/// U of an assignment of J's values, with what it takes to change one of them cheaply.
pub struct Meter<'a> {
    goal: &'a Goal<'a>,
    t: &'a Topology,
    values: Vec<usize>,
    radios: Vec<State>,
    /// First entry of each radio in `heard`, and one more.
    first: Vec<usize>,
    /// Other radios that a radio may hear, with the share that a unit of their airtime takes.
    heard: Vec<(usize, f64)>,
    /// Path loss in dB of each of them, and the place of the way back.
    ways: Vec<(i32, usize)>,
    uplinks: Vec<Option<Link>>,
    through: Vec<u64>,
    serving: Vec<usize>,
    /// Clients by serving radio.
    served: Vec<Vec<usize>>,
    /// Pods by the parent's radio of their link.
    relayed: Vec<Vec<usize>>,
    /// Switches and radar risk in thousandths.
    fixed: i64,
    /// Weighted logarithms by home.
    gain: Vec<f64>,
    home_clients: Vec<Vec<usize>>,
    parts: Vec<Vec<usize>>,
    part_of: Vec<usize>,
    /// Radios whose setting or need the last change touched.
    touched: Vec<usize>,
    /// Radios that hear a touched one, now or before.
    disturbed: Vec<usize>,
    /// Radios to settle and what they were at.
    members: Vec<(usize, f64, f64)>,
    is_member: Vec<bool>,
    homes: Vec<usize>,
    is_home: Vec<bool>,
    scratch: Vec<f64>,
    /// Airtime that each radio takes at its level, at most all of it.
    load: Vec<f64>,
    /// In a single home, by client who lacks something: the parts it depends on as bits, and its weighted logarithm.
    losses: Vec<(u64, f64)>,
    /// Rows gathered for settling, one after the other, and where each ends.
    rows: Vec<(usize, f64)>,
    row_ends: Vec<usize>,
}

impl<'a> Meter<'a> {
    /// The meter of an assignment.
    pub fn new(goal: &'a Goal<'a>, values: &[usize]) -> Self {
        let t = goal.topology();
        let a = goal.decode(values);
        let (first, heard, ways) = ways(t);
        let state = |r: usize| State {
            set: a.radios[r],
            air: goal.air(r, values[t.radios[r].group]),
            need_ppm: BEACON_PPM,
            need: 0.0,
            contenders: 0.0,
            level: 1.0,
            share: 1.0,
        };
        let (parts, part_of) = parts(t);
        let mut m = Self {
            radios: (0..t.radios.len()).map(state).collect(),
            first,
            heard,
            ways,
            uplinks: a.uplinks,
            through: vec![0; t.pods.len()],
            served: vec![Vec::new(); t.radios.len()],
            relayed: vec![Vec::new(); t.radios.len()],
            serving: a.clients,
            fixed: goal.forced() + (0..values.len()).map(|n| goal.fixed(n, values[n])).sum::<i64>(),
            gain: vec![0.0; t.homes.len()],
            home_clients: vec![Vec::new(); t.homes.len()],
            is_member: vec![false; t.radios.len()],
            is_home: vec![false; t.homes.len()],
            values: values.to_vec(),
            goal,
            t,
            parts,
            part_of,
            touched: Vec::new(),
            disturbed: Vec::new(),
            members: Vec::new(),
            homes: Vec::new(),
            scratch: Vec::new(),
            load: vec![0.0; t.radios.len()],
            losses: Vec::new(),
            rows: Vec::new(),
            row_ends: Vec::new(),
        };
        m.fill();
        m
    }

    fn fill(&mut self) {
        for (c, &r) in self.serving.iter().enumerate() {
            self.served[r].push(c);
            self.home_clients[self.t.pods[self.t.radios[r].pod].home].push(c);
            let mut pod = self.t.radios[r].pod;
            while let Some(l) = self.uplinks[pod] {
                self.through[pod] += u64::from(self.t.clients[c].demand_kbps);
                pod = l.parent;
            }
        }
        for (p, l) in self.uplinks.iter().enumerate() {
            if let Some(l) = l {
                self.relayed[l.parent_radio].push(p);
            }
        }
        for r in 0..self.radios.len() {
            self.reckon(r);
            self.listen(r);
        }
        self.refresh();
    }

    /// The values.
    pub fn values(&self) -> &[usize] {
        &self.values
    }

    /// U in thousandths.
    pub fn u_milli(&self) -> i64 {
        libm::round(self.gain.iter().sum()) as i64 - self.fixed
    }

    /// True if every client gets all it asks for.
    pub fn is_content(&self) -> bool {
        self.gain.iter().all(|g| *g == 0.0)
    }

    /// Settles everything from the start that the definition names.
    pub fn refresh(&mut self) {
        for part in 0..self.parts.len() {
            let members: Vec<_> = self.parts[part].iter().map(|&r| (r, 1.0, 1.0)).collect();
            let small = members.len() <= WHOLE;
            if !small || self.bound(&members, i64::MIN, &|_| 0).is_none() {
                self.settle(&members, None);
            }
        }
        for h in 0..self.gain.len() {
            self.gain[h] = self.home_gain(h);
        }
        self.note_losses();
    }

    /// U in thousandths with node `n` at value `v`; `None` if it is surely under `floor`.
    pub fn try_value(&mut self, n: usize, v: usize, floor: i64) -> Option<i64> {
        let held = self.values[n];
        let fixed = self.fixed + self.goal.fixed(n, v) - self.goal.fixed(n, held);
        if self.gain.len() == 1 && (-fixed < floor || self.reachable(n, v) - fixed < floor) {
            return None;
        }
        self.apply(n, v);
        self.gather();
        let u = self.weigh(fixed, Some(floor));
        self.apply(n, held);
        self.restore();
        u
    }

    /// The most that the weighted logarithms of a single home may be with node `n` at value `v`, in thousandths, rounded
    /// up: what a change does not touch stays, and everybody else gets all they ask for.
    fn reachable(&self, n: usize, v: usize) -> i64 {
        let bit = |r: usize| 1u64 << self.part_of[r].min(63);
        let path = |mut pod: usize| {
            let mut bits = 0;
            while let Some(l) = self.uplinks[pod] {
                bits |= bit(l.parent_radio);
                pod = l.parent;
            }
            bits
        };
        let touched = match (self.goal.nodes()[n], self.goal.values(n)[v]) {
            (Node::Group(g), _) => self.t.groups[g].radios.iter().fold(0, |bits, &r| bits | bit(r)),
            (Node::Client(c), value) => {
                [self.serving[c], value.radio()].iter().fold(0, |bits, &r| bits | bit(r) | path(self.t.radios[r].pod))
            }
            (Node::Uplink(p), value) => {
                let to = value.link();
                path(p) | bit(to.parent_radio) | path(to.parent)
            }
        };
        let stays: f64 = self.losses.iter().filter(|l| l.0 & touched == 0).map(|l| l.1).sum();
        // A thousandth of a thousandth for what rounding does to sums.
        libm::ceil(stays + 1e-3) as i64
    }

    /// Notes which parts the clients of a single home depend on who do not get all they ask for.
    fn note_losses(&mut self) {
        if self.gain.len() != 1 {
            return;
        }
        self.losses.clear();
        for &c in &self.home_clients[0] {
            let (mut pod, mut bits) =
                (self.t.radios[self.serving[c]].pod, 1u64 << self.part_of[self.serving[c]].min(63));
            while let Some(l) = self.uplinks[pod] {
                bits |= 1 << self.part_of[l.parent_radio].min(63);
                pod = l.parent;
            }
            let gain = self.client_gain(c);
            if gain < 0.0 {
                self.losses.push((bits, gain));
            }
        }
    }

    /// Puts node `n` at value `v`.
    pub fn set_value(&mut self, n: usize, v: usize) {
        self.fixed += self.goal.fixed(n, v) - self.goal.fixed(n, self.values[n]);
        self.apply(n, v);
        self.gather();
        // No floor is so low that the bounds would hide the outcome.
        self.weigh(self.fixed, Some(i64::MIN));
        for i in 0..self.homes.len() {
            let h = self.homes[i];
            self.gain[h] = self.home_gain(h);
        }
        self.note_losses();
    }

    /// The loads as they are.
    pub fn settled(&self) -> Settled {
        Settled {
            needed: self.radios.iter().map(|s| s.need).collect(),
            free: self.radios.iter().map(|s| s.air.free).collect(),
            own_free: (0..self.radios.len()).map(|r| self.own_free(r)).collect(),
            contenders: self.radios.iter().map(|s| s.air.contenders + s.contenders).collect(),
        }
    }

    /// How the weighted logarithms come to be what they are and not what node `n` at value `v` would make of them.
    ///
    /// The strangers' air, then what our own radios leave, then the rest of the change are exchanged one after the other,
    /// so that the three parts sum to the whole; `held` are the loads as they are. In thousandths.
    pub fn differences(&mut self, n: usize, v: usize, held: &Settled) -> [i64; 3] {
        let value = self.values[n];
        self.apply(n, v);
        self.gather();
        let start = self.weigh(0, None).unwrap_or(0);
        let rest = self.rest();
        let mixed = |m: &mut Self, foreign: bool, own: bool| {
            for i in 0..m.members.len() {
                let r = m.members[i].0;
                let mut s = m.radios[r];
                let (mut own_free, mut contenders) = (m.own_free(r), s.air.contenders + s.contenders);
                if foreign {
                    s.air.free = held.free[r];
                }
                if own {
                    (own_free, contenders) = (held.own_free[r], held.contenders[r]);
                }
                m.radios[r].share = s.satisfied(own_free, contenders);
            }
            libm::round(rest + m.homes.iter().map(|&h| m.home_gain(h)).sum::<f64>()) as i64
        };
        let foreign = mixed(self, true, false);
        let own = mixed(self, true, true);
        self.apply(n, value);
        self.restore();
        let end = libm::round(self.gain.iter().sum()) as i64;
        [foreign - start, own - foreign, end - own]
    }

    /// Puts the members' loads back.
    fn restore(&mut self) {
        for i in 0..self.members.len() {
            let (r, level, share) = self.members[i];
            self.radios[r].share = share;
            self.set_level(r, level);
        }
    }

    /// The weighted logarithms of the homes that the last change does not reach.
    fn rest(&self) -> f64 {
        // Where it reaches all, what rounding leaves of the sum is not to count.
        if self.gain.len() == self.homes.len() {
            return 0.0;
        }
        self.gain.iter().sum::<f64>() - self.homes.iter().map(|&h| self.gain[h]).sum::<f64>()
    }

    /// What every radio, uplink and client does.
    pub fn assignment(&self) -> Assignment {
        Assignment {
            radios: self.radios.iter().map(|s| s.set).collect(),
            uplinks: self.uplinks.clone(),
            clients: self.serving.clone(),
        }
    }

    /// Changes one decision: settings, needs and couplings, but no level. Notes the touched radios.
    fn apply(&mut self, n: usize, v: usize) {
        self.touched.clear();
        self.disturbed.clear();
        self.values[n] = v;
        match (self.goal.nodes()[n], self.goal.values(n)[v]) {
            (Node::Group(g), _) => self.tune(g, v),
            (Node::Client(c), value) => self.steer(c, value.radio()),
            (Node::Uplink(p), value) => self.relink(p, value),
        }
    }

    fn tune(&mut self, g: usize, v: usize) {
        let group = &self.t.groups[g].radios;
        for &r in group {
            self.radios[r].set = self.goal.tuned(r, v);
            self.radios[r].air = self.goal.air(r, v);
            self.reckon(r);
            self.touched.push(r);
        }
        for &r in group {
            self.listen(r);
            for i in self.first[r]..self.first[r + 1] {
                let s = self.heard[i].0;
                if self.t.radios[s].group != g {
                    let (loss, back) = self.ways[i];
                    let (share, before) = (self.coupling(s, r, loss), self.heard[back].1);
                    self.heard[back].1 = share;
                    self.radios[s].contenders += share - before;
                    if share.max(before) > 0.0 {
                        self.disturbed.push(s);
                    }
                }
            }
        }
    }

    fn steer(&mut self, c: usize, to: usize) {
        let from = std::mem::replace(&mut self.serving[c], to);
        let demand = u64::from(self.t.clients[c].demand_kbps);
        for (r, sign) in [(from, -1), (to, 1)] {
            let need = self.client_need(c, r);
            self.add_need(r, sign * need);
        }
        self.served[from].retain(|&x| x != c);
        let at = self.served[to].partition_point(|&x| x < c);
        self.served[to].insert(at, c);
        let (a, b) = (self.t.radios[from].pod, self.t.radios[to].pod);
        if a != b {
            self.carry(a, demand, false);
            self.carry(b, demand, true);
        }
    }

    fn relink(&mut self, p: usize, value: Value) {
        let to = value.link();
        let Some(from) = self.uplinks[p] else { return };
        if from == to {
            return;
        }
        let demand = self.through[p];
        self.carry(p, demand, false);
        self.relayed[from.parent_radio].retain(|&x| x != p);
        let at = self.relayed[to.parent_radio].partition_point(|&x| x < p);
        self.relayed[to.parent_radio].insert(at, p);
        // A link without traffic still exists.
        self.uplinks[p] = Some(to);
        self.carry(p, demand, true);
    }

    /// Adds a demand to every link from a pod to the gateway, or takes it off.
    fn carry(&mut self, mut pod: usize, demand: u64, more: bool) {
        while let Some(l) = self.uplinks[pod] {
            let before = self.link_need(pod, &l);
            self.through[pod] = if more { self.through[pod] + demand } else { self.through[pod] - demand };
            let after = self.link_need(pod, &l);
            self.add_need(l.parent_radio, after - before);
            pod = l.parent;
        }
    }

    fn add_need(&mut self, r: usize, ppm: i64) {
        self.radios[r].need_ppm += ppm;
        self.radios[r].need = self.radios[r].need_ppm as f64 / 1e6;
        if !self.touched.contains(&r) {
            self.touched.push(r);
        }
    }

    /// Works out a radio's need.
    fn reckon(&mut self, r: usize) {
        let clients: i64 = self.served[r].iter().map(|&c| self.client_need(c, r)).sum();
        let link = |p: usize| self.uplinks[p].map_or(0, |l| self.link_need(p, &l));
        let relays: i64 = self.relayed[r].iter().map(|&p| link(p)).sum();
        self.radios[r].need_ppm = BEACON_PPM + clients + relays;
        self.radios[r].need = self.radios[r].need_ppm as f64 / 1e6;
    }

    fn need(&self, r: usize, loss: i32, demand: u64, ability: Ability) -> i64 {
        let s = &self.radios[r];
        airtime_ppm(demand, rate_kbps(s.set.eirp_dbm - loss, s.air.noise_dbm, s.set.channel.into(), ability)) as i64
    }

    fn client_need(&self, c: usize, r: usize) -> i64 {
        let loss = self.t.client_loss_db(c, r).unwrap_or(200);
        self.need(r, loss, u64::from(self.t.clients[c].demand_kbps), client_ability(self.t, c, r))
    }

    fn link_need(&self, p: usize, l: &Link) -> i64 {
        let heard = &self.t.radios[l.radio].hears;
        let loss = heard.binary_search_by_key(&l.parent_radio, |h| h.0).map_or(200, |i| heard[i].1);
        self.need(l.parent_radio, loss, self.through[p], link_ability(self.t, l))
    }

    /// Works out what a radio hears of all others.
    fn listen(&mut self, r: usize) {
        let mut sum = 0.0;
        for i in self.first[r]..self.first[r + 1] {
            let share = self.coupling(r, self.heard[i].0, self.ways[i].0);
            self.heard[i].1 = share;
            sum += share;
        }
        self.radios[r].contenders = sum;
    }

    fn coupling(&self, r: usize, s: usize, loss: i32) -> f64 {
        let (own, other) = (self.radios[r].set, self.radios[s].set);
        match coupled_ppm(own.channel, other.channel, other.eirp_dbm - loss) {
            0 => 0.0,
            ppm => f64::from(ppm) / 1e6,
        }
    }

    /// Lists the radios to settle and the homes that they may change.
    fn gather(&mut self) {
        let mut members = std::mem::take(&mut self.members);
        members.clear();
        let mut add = |s: usize, radios: &[State]| {
            if !std::mem::replace(&mut self.is_member[s], true) {
                members.push((s, radios[s].level, radios[s].share));
            }
        };
        for &r in &self.touched {
            let part = &self.parts[self.part_of[r]];
            if part.len() <= WHOLE {
                part.iter().for_each(|&s| add(s, &self.radios));
                continue;
            }
            add(r, &self.radios);
            for i in self.first[r]..self.first[r + 1] {
                if self.heard[self.ways[i].1].1 > 0.0 {
                    add(self.heard[i].0, &self.radios);
                }
            }
        }
        for &s in self.disturbed.iter().filter(|&&s| self.parts[self.part_of[s]].len() > WHOLE) {
            add(s, &self.radios);
        }
        self.homes.clear();
        for &(s, ..) in &members {
            self.is_member[s] = false;
            let h = self.t.pods[self.t.radios[s].pod].home;
            if !std::mem::replace(&mut self.is_home[h], true) {
                self.homes.push(h);
            }
        }
        for &h in &self.homes {
            self.is_home[h] = false;
        }
        self.members = members;
    }

    /// Settles the members and returns U; with a floor, `None` as soon as U is sure to be under it.
    fn weigh(&mut self, fixed: i64, floor: Option<i64>) -> Option<i64> {
        let members = std::mem::take(&mut self.members);
        let rest = self.rest();
        let u = |m: &Self| libm::round(rest + m.homes.iter().map(|&h| m.home_gain(h)).sum::<f64>()) as i64 - fixed;
        let mut outcome = None;
        // Nobody in the homes that it reaches can get more than all they ask for.
        if floor.is_some_and(|floor| libm::ceil(rest + 1e-3) as i64 - fixed < floor) {
            self.members = members;
            return None;
        }
        let whole = members.iter().all(|m| self.parts[self.part_of[m.0]].len() <= WHOLE);
        if let Some(floor) = floor.filter(|_| whole) {
            outcome = self.bound(&members, floor, &u);
        }
        if outcome != Some(false) {
            if outcome.is_none() {
                self.settle(&members, if whole { None } else { Some(NEAR_STEPS) });
            }
            let u = u(self);
            self.members = members;
            return Some(u);
        }
        self.members = members;
        None
    }

    /// Bounds before the fixed point. `Some(false)`: U is under the floor. `Some(true)`: settled.
    ///
    /// What a radio gets falls when others get more. So if nobody gets more than `most`, nobody gets less than what is
    /// left then; and if nobody gets less than that, nobody gets more than what is left then: two sides that close in on
    /// the steps of the iteration, and meet where there is but one fixed point.
    fn bound(&mut self, members: &[(usize, f64, f64)], floor: i64, u: &impl Fn(&Self) -> i64) -> Option<bool> {
        for &(r, ..) in members {
            let s = &mut self.radios[r];
            s.share = s.satisfied(1.0, s.air.contenders);
        }
        if u(self) < floor {
            return Some(false);
        }
        for &(r, ..) in members {
            self.set_level(r, 1.0);
        }
        let mut least = std::mem::take(&mut self.scratch);
        let mut outcome = None;
        for _ in 0..CLOSING {
            least.clear();
            least.extend(members.iter().map(|m| self.next(m.0)));
            for (&(r, ..), &level) in members.iter().zip(&least) {
                self.set_level(r, level);
            }
            let mut gap = 0.0f64;
            for (&(r, ..), &least) in members.iter().zip(&least) {
                let most = self.next(r);
                gap = gap.max(most - least);
                self.radios[r].share = most;
            }
            if gap < 1e-11 {
                outcome = Some(true);
                break;
            }
            if u(self) < floor {
                outcome = Some(false);
                break;
            }
            for &(r, ..) in members {
                let share = self.radios[r].share;
                self.set_level(r, share);
            }
        }
        self.scratch = least;
        outcome
    }

    /// The share of time that our own radios leave a radio, by their loads.
    fn own_free(&self, r: usize) -> f64 {
        let row = &self.heard[self.first[r]..self.first[r + 1]];
        row.iter().fold(1.0, |free, &(s, share)| free * (1.0 - share * self.load[s]))
    }

    /// The share of its need that a radio gets by the others' loads.
    fn next(&self, r: usize) -> f64 {
        let s = &self.radios[r];
        s.satisfied(self.own_free(r), s.air.contenders + s.contenders)
    }

    fn set_level(&mut self, r: usize, level: f64) {
        self.radios[r].level = level;
        self.load[r] = (level * self.radios[r].need).min(1.0);
    }

    /// Settles some radios, the others held: whole parts from "everybody is satisfied", else from where they are.
    fn settle(&mut self, list: &[(usize, f64, f64)], steps: Option<u32>) {
        for &(r, ..) in list {
            self.set_level(r, if steps.is_none() { 1.0 } else { self.radios[r].level });
        }
        self.gather_rows(list);
        let mut next = std::mem::take(&mut self.scratch);
        for _ in 0..steps.unwrap_or(exact::STEPS) {
            next.clear();
            let mut moved = 0.0f64;
            for (i, &(r, ..)) in list.iter().enumerate() {
                let level = self.radios[r].level;
                let to = 0.5 * level + 0.5 * self.next_of(i, r);
                moved = moved.max((to - level).abs());
                next.push(to);
            }
            for (&(r, ..), &level) in list.iter().zip(&next) {
                self.set_level(r, level);
            }
            if moved < 1e-12 {
                break;
            }
        }
        self.scratch = next;
        for (i, &(r, ..)) in list.iter().enumerate() {
            self.radios[r].share = self.next_of(i, r);
        }
    }

    /// Copies what couples to each listed radio side by side: of all that it may hear, few do.
    fn gather_rows(&mut self, list: &[(usize, f64, f64)]) {
        self.row_ends.clear();
        self.rows.clear();
        for &(r, ..) in list {
            let row = &self.heard[self.first[r]..self.first[r + 1]];
            self.rows.extend(row.iter().filter(|h| h.1 > 0.0));
            self.row_ends.push(self.rows.len());
        }
    }

    /// What [`next`](Self::next) says of a radio, from the `i`th gathered row.
    fn next_of(&self, i: usize, r: usize) -> f64 {
        let from = if i == 0 { 0 } else { self.row_ends[i - 1] };
        let row = &self.rows[from..self.row_ends[i]];
        let own_free = row.iter().fold(1.0, |free, &(s, share)| free * (1.0 - share * self.load[s]));
        let s = &self.radios[r];
        s.satisfied(own_free, s.air.contenders + s.contenders)
    }

    /// The weighted logarithms of the shares that a home's clients get.
    fn home_gain(&self, h: usize) -> f64 {
        self.home_clients[h].iter().map(|&c| self.client_gain(c)).sum()
    }

    /// The weighted logarithm of the share that a client gets.
    fn client_gain(&self, c: usize) -> f64 {
        let radio = self.serving[c];
        let mut least = self.radios[radio].share;
        let mut pod = self.t.radios[radio].pod;
        while let Some(l) = self.uplinks[pod] {
            least = least.min(self.radios[l.parent_radio].share);
            pod = l.parent;
        }
        // Most clients get all they want, and ln 1 is 0.
        if least < 1.0 { f64::from(self.t.clients[c].weight_milli) * ln(least.max(exact::LEAST_SHARE)) } else { 0.0 }
    }
}

/// Who may hear whom: the first entry of each radio and one more, the entries, and loss and way back of each.
#[allow(clippy::type_complexity, reason = "three parallel lists, named where they are kept")]
fn ways(t: &Topology) -> (Vec<usize>, Vec<(usize, f64)>, Vec<(i32, usize)>) {
    let (mut first, mut heard, mut ways) = (vec![0], Vec::new(), Vec::new());
    for radio in &t.radios {
        heard.extend(radio.hears.iter().map(|h| (h.0, 0.0)));
        first.push(heard.len());
    }
    for (r, radio) in t.radios.iter().enumerate() {
        for (i, &(s, loss)) in (first[r]..).zip(&radio.hears) {
            let back = t.radios[s].hears.binary_search_by_key(&r, |h| h.0);
            ways.push((loss, back.map_or(i, |k| first[s] + k)));
        }
    }
    (first, heard, ways)
}

/// Radios that hear each other over any number of hops, and the part of each radio.
fn parts(t: &Topology) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut part_of = vec![usize::MAX; t.radios.len()];
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for r in 0..t.radios.len() {
        if part_of[r] != usize::MAX {
            continue;
        }
        let mut part = vec![r];
        part_of[r] = parts.len();
        let mut at = 0;
        while at < part.len() {
            for &(s, _) in &t.radios[part[at]].hears {
                if part_of[s] == usize::MAX {
                    part_of[s] = parts.len();
                    part.push(s);
                }
            }
            at += 1;
        }
        part.sort_unstable();
        parts.push(part);
    }
    (parts, part_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::SplitMix64;
    use crate::testing::{small, small_with_holes};
    use crate::validate::validate;

    #[test]
    fn single_changes_keep_to_the_definition() {
        let mut rng = SplitMix64::new(5);
        let homes = (1..12).map(|seed| crate::simulate::home(seed, "US"));
        for site in homes.chain((0..6).map(small)).chain((0..6).map(small_with_holes)) {
            let t = validate(&site).unwrap();
            let goal = Goal::new(&t);
            let start: Vec<usize> = (0..goal.nodes().len()).map(|n| rng.below(goal.values(n).len())).collect();
            let mut meter = Meter::new(&goal, &start);
            let defined = |m: &Meter| exact::evaluate(&t, &goal.decode(m.values())).u_milli;
            for _ in 0..60 {
                let n = rng.below(goal.nodes().len());
                let v = rng.below(goal.values(n).len());
                let before = meter.u_milli();
                let tried = meter.try_value(n, v, i64::MIN).unwrap();
                assert_eq!(meter.u_milli(), before);
                // A floor may only hide what is under it.
                assert_eq!(meter.try_value(n, v, tried), Some(tried));
                assert!(meter.try_value(n, v, tried + 1).is_none_or(|u| u == tried));
                meter.set_value(n, v);
                assert_eq!(meter.u_milli(), tried);
                assert!((defined(&meter) - tried).abs() <= 1, "{} {tried}", defined(&meter));
                assert_eq!(meter.assignment(), goal.decode(meter.values()));
            }
        }
    }
}
