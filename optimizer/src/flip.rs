//! The smallest change of one input that would change a decision, found by search and proved by recomputing.

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use crate::goal::{Goal, Meter, Node, Value, exact};
use crate::model::plan::{Flip, Input};
use crate::model::site::Site;
use crate::model::topology::{Measured, Topology};
use crate::refine::Desk;

/// Options that a flip is searched against; it is proved against all.
const RIVALS: usize = 8;

/// An input in index form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knob {
    Switch,
    Survey(usize, Channel),
    Demand(usize),
    ClientLoss(usize, usize, Band),
    PodLoss(usize, usize, Band),
}

/// The flip of decision `n`, the other decisions held at `values`; `None` if no single input within its range does it.
///
/// Inputs are compared by the share of their range that the change takes. Each candidate is bisected and the result is
/// evaluated anew, so the value given does flip the decision and the one next to it does not.
pub fn smallest(site: &Site, goal: &Goal, values: &[usize], n: usize) -> Option<Flip> {
    let t = goal.topology();
    let mut meter = Meter::new(goal, values);
    let row = Desk::new(goal, None).ranking(&mut meter, n, RIVALS, |v| v);
    let case = Case { t, goal, values, n, rivals: row.iter().map(|r| r.0).collect() };
    let mut best: Option<(i64, Flip)> = None;
    for (knob, limit) in knobs(goal, n, values[n], *case.rivals.first()?) {
        let now = read(t, knob);
        // In thousandths of the range; the first of equals stands.
        let distance = |value: i64| (value - now).abs() * 1_000 / range(knob, now);
        let is_nearer = |value: i64| best.as_ref().is_none_or(|b| distance(value) < b.0);
        let Some(needed) = case.bisect(knob, (now, limit), is_nearer) else { continue };
        if case.is_proved(knob, now, needed) {
            best = Some((distance(needed), Flip { code: name(site, knob), value: now, needed }));
        }
    }
    best.map(|b| b.1)
}

/// True if the decision is another one when the input has the value.
pub fn flips(site: &Site, t: &Topology, values: &[usize], n: usize, input: &Input, value: i64) -> bool {
    find(site, t, input).is_some_and(|knob| is_flipped(t, values, n, knob, value))
}

/// Weighs the decision anew against all its options.
fn is_flipped(t: &Topology, values: &[usize], n: usize, knob: Knob, value: i64) -> bool {
    let mut changed = t.clone();
    write(&mut changed, knob, value);
    let goal = Goal::new(&changed);
    Desk::new(&goal, None).is_bettered(&mut Meter::new(&goal, values), n)
}

/// A decision and the few options that came closest.
struct Case<'a> {
    t: &'a Topology,
    goal: &'a Goal<'a>,
    values: &'a [usize],
    n: usize,
    rivals: Vec<usize>,
}

impl Case<'_> {
    /// Weighs the decision against its rivals: by U alone unless that ties.
    ///
    /// `changed` is the site with any value of that input; it is left with the one asked for.
    fn seems_flipped(&self, changed: &mut Topology, knob: Knob, value: i64) -> bool {
        write(changed, knob, value);
        let changed = &*changed;
        let u = |v: usize| {
            let mut trial = self.values.to_vec();
            trial[self.n] = v;
            let a = self.goal.decode(&trial);
            let resurveyed = |r: usize| matches!(knob, Knob::Survey(p, _) if p == changed.radios[r].pod);
            let air = |r: usize| {
                let known = || self.goal.air(r, trial[changed.radios[r].group]);
                if resurveyed(r) { exact::Air::of(changed, r, a.radios[r].channel) } else { known() }
            };
            exact::u_milli(changed, &a, air)
        };
        let held = u(self.values[self.n]);
        match self.rivals.iter().map(|&v| u(v)).max() {
            Some(rival) if rival > held => true,
            Some(rival) if rival == held => is_flipped(self.t, self.values, self.n, knob, value),
            _ => false,
        }
    }

    /// The value nearest to `now` on the way to `limit` that flips, taken as monotone; `None` as soon as it is sure not to
    /// be wanted.
    fn bisect(&self, knob: Knob, (now, limit): (i64, i64), is_wanted: impl Fn(i64) -> bool) -> Option<i64> {
        let mut changed = self.t.clone();
        if now == limit || !is_wanted(now + (limit - now).signum()) || !self.seems_flipped(&mut changed, knob, limit) {
            return None;
        }
        let (mut holds, mut flips) = (now, limit);
        while (flips - holds).abs() > 1 {
            if !is_wanted(holds + (flips - holds).signum()) {
                return None;
            }
            let middle = holds + (flips - holds) / 2;
            if self.seems_flipped(&mut changed, knob, middle) { flips = middle } else { holds = middle }
        }
        is_wanted(flips).then_some(flips)
    }

    /// True if, weighed against all options, the decision flips there and not one step before.
    fn is_proved(&self, knob: Knob, now: i64, needed: i64) -> bool {
        let before = needed - (needed - now).signum();
        is_flipped(self.t, self.values, self.n, knob, needed)
            && (before == now || !is_flipped(self.t, self.values, self.n, knob, before))
    }
}

/// The inputs that speak for the decision or for its rival, each with the end of its range to try.
fn knobs(goal: &Goal, n: usize, chosen: usize, rival: usize) -> Vec<(Knob, i64)> {
    let t = goal.topology();
    let mut knobs = vec![(Knob::Switch, 0), (Knob::Switch, 2_000)];
    match goal.nodes()[n] {
        Node::Group(g) => {
            let primary = |v: usize| {
                let c = goal.values(n)[v].channel();
                Channel::new(c.band(), c.primary(), Bandwidth::Mhz20)
            };
            for &r in &t.groups[g].radios {
                let pod = t.radios[r].pod;
                knobs.extend(primary(chosen).map(|c| (Knob::Survey(pod, c), 1_000)));
                knobs.extend(primary(rival).map(|c| (Knob::Survey(pod, c), 0)));
            }
            let clients = (0..t.clients.len()).filter(|&c| t.radios[t.serving(c)].group == g);
            for c in clients.take(8) {
                let demand = i64::from(t.clients[c].demand_kbps);
                knobs.extend([(Knob::Demand(c), demand.saturating_mul(10)), (Knob::Demand(c), 1)]);
            }
        }
        Node::Uplink(p) => {
            for (v, end) in [(chosen, 160), (rival, 30)] {
                let Value::Link(l, _) = goal.values(n)[v] else { continue };
                knobs.push((Knob::PodLoss(p.min(l.parent), p.max(l.parent), t.radios[l.radio].band), end));
            }
        }
        Node::Client(c) => {
            for (v, end) in [(chosen, 160), (rival, 30)] {
                let r = goal.values(n)[v].radio();
                knobs.push((Knob::ClientLoss(c, t.radios[r].pod, t.radios[r].band), end));
            }
            let demand = i64::from(t.clients[c].demand_kbps);
            knobs.extend([(Knob::Demand(c), demand.saturating_mul(10)), (Knob::Demand(c), 1)]);
        }
    }
    knobs
}

fn range(knob: Knob, now: i64) -> i64 {
    match knob {
        Knob::Switch | Knob::Survey(..) => 1_000,
        Knob::Demand(_) => now.saturating_mul(10).max(1),
        Knob::ClientLoss(..) | Knob::PodLoss(..) => 50,
    }
}

fn read(t: &Topology, knob: Knob) -> i64 {
    match knob {
        Knob::Switch => i64::from(t.policy.switch_cost_milli),
        Knob::Survey(p, c) => {
            t.pods[p].survey.iter().find(|m| m.channel == c).map_or(0, |m| i64::from(m.busy_permille))
        }
        Knob::Demand(c) => i64::from(t.clients[c].demand_kbps),
        Knob::ClientLoss(c, p, band) => {
            let at = t.clients[c].losses.iter().find(|o| t.radios[o.0].pod == p && t.radios[o.0].band == band);
            at.map_or(0, |o| i64::from(o.1))
        }
        Knob::PodLoss(a, b, band) => t.loss_db(a, b, band).map_or(0, i64::from),
    }
}

fn write(t: &mut Topology, knob: Knob, value: i64) {
    match knob {
        Knob::Switch => t.policy.switch_cost_milli = value as u32,
        Knob::Survey(p, channel) => {
            let survey = &mut t.pods[p].survey;
            let busy_permille = value as u16;
            match survey.iter_mut().find(|m| m.channel == channel) {
                Some(m) => m.busy_permille = busy_permille,
                None => survey.push(Measured { channel, busy_permille, noise_dbm: None }),
            }
        }
        Knob::Demand(c) => t.clients[c].demand_kbps = value.clamp(1, i64::from(u32::MAX)) as u32,
        Knob::ClientLoss(c, p, band) => {
            let radios = &t.radios;
            for o in t.clients[c].losses.iter_mut().filter(|o| radios[o.0].pod == p && radios[o.0].band == band) {
                o.1 = value as i32;
            }
        }
        Knob::PodLoss(a, b, band) => {
            t.pod_loss_db.insert((a, b, band), value as i32);
            let of = |t: &Topology, p: usize| -> Vec<usize> {
                t.pods[p].radios.iter().copied().filter(|&r| t.radios[r].band == band).collect()
            };
            let (left, right) = (of(t, a), of(t, b));
            for (&x, &y) in left.iter().flat_map(|x| right.iter().map(move |y| (x, y))) {
                for (r, s) in [(x, y), (y, x)] {
                    let hears = &mut t.radios[r].hears;
                    match hears.binary_search_by_key(&s, |h| h.0) {
                        Ok(k) => hears[k].1 = value as i32,
                        Err(k) => hears.insert(k, (s, value as i32)),
                    }
                }
            }
        }
    }
}

fn name(site: &Site, knob: Knob) -> Input {
    let pod = |p: usize| site.pods[p].id.clone();
    match knob {
        Knob::Switch => Input::SwitchCostMilli,
        Knob::Survey(p, c) => Input::SurveyBusyPermille { pod: pod(p), band: c.band(), channel: c.primary() },
        Knob::Demand(c) => Input::ClientDemandKbps { client: site.clients[c].id.clone() },
        Knob::ClientLoss(c, p, band) => Input::ClientLossDb { client: site.clients[c].id.clone(), pod: pod(p), band },
        Knob::PodLoss(a, b, band) => Input::PodLossDb { a: pod(a), b: pod(b), band },
    }
}

fn find(site: &Site, t: &Topology, input: &Input) -> Option<Knob> {
    let pod = |id: &str| site.pods.iter().position(|p| p.id == id);
    let client = |id: &str| site.clients.iter().position(|c| c.id == id);
    debug_assert_eq!(site.pods.len(), t.pods.len());
    Some(match input {
        Input::SwitchCostMilli => Knob::Switch,
        Input::SurveyBusyPermille { pod: p, band, channel } => {
            Knob::Survey(pod(p)?, Channel::new(*band, *channel, Bandwidth::Mhz20)?)
        }
        Input::ClientDemandKbps { client: c } => Knob::Demand(client(c)?),
        Input::ClientLossDb { client: c, pod: p, band } => Knob::ClientLoss(client(c)?, pod(p)?, *band),
        Input::PodLossDb { a, b, band } => {
            let (a, b) = (pod(a)?, pod(b)?);
            Knob::PodLoss(a.min(b), a.max(b), *band)
        }
    })
}
