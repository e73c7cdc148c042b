//! Why: each decision with its reasons in integers, the options that lost, and the change that would flip it.
//!
//! A decision is explained with the others held at the plan. Options are compared by U and, where U is equal, by J; the
//! weights of the reasons sum to exactly what the other option would cost more.

use crate::flip;
use crate::goal::exact::{Settled, gain_milli, radar_milli, settle, shares, switch_milli};
use crate::goal::{Costs, Goal, Node, Term, Value};
use crate::model::plan::{Choosable, Decision, Kind, Loser, Measure, Reason, Subject, Weighed};
use crate::model::site::Site;
use crate::model::topology::{Assignment, Topology};
use crate::planned::{Planned, radio_id};
use crate::refine::{Desk, Key};

/// Losing options that a decision lists.
const LOSERS: usize = 5;

/// Most decisions of a plan that carries flip values; for larger ones [`why::flip`](crate::why::flip) finds them on
/// demand.
const FLIPS: usize = 64;

/// Explains every decision of a plan.
pub fn decisions(site: &Site, t: &Topology, p: &Planned) -> Vec<Decision> {
    let goal = Goal::new(t);
    let book = Book::new(site, &goal);
    let Some(values) = p.values.as_ref().filter(|_| p.no_exact_gain.is_none()) else { return book.kept(p) };
    let all = (0..goal.nodes().len()).map(|n| {
        let mut d = book.decision(values, n);
        if goal.nodes().len() <= FLIPS {
            d.flip = flip::smallest(site, &goal, values, n);
        }
        d
    });
    all.collect()
}

/// What it takes to put decisions into words.
pub struct Book<'a> {
    site: &'a Site,
    t: &'a Topology,
    goal: &'a Goal<'a>,
    desk: Desk<'a>,
    now: Option<Assignment>,
}

impl<'a> Book<'a> {
    /// A book on J of a site.
    pub fn new(site: &'a Site, goal: &'a Goal<'a>) -> Self {
        let t = goal.topology();
        Self { site, t, goal, desk: Desk::new(goal, None), now: t.current() }
    }

    /// Decision `n` at the plan's values, without its flip.
    pub fn decision(&self, values: &[usize], n: usize) -> Decision {
        let row = self.desk.key_row(values, n);
        let (to, from) = (values[n], self.now_value(n));
        let mut others: Vec<(usize, Key)> = row.iter().copied().filter(|r| r.0 != to).collect();
        others.sort_by_key(|r| r.1);
        let changed = !self.is_now(n, to);
        let instead = if changed { from } else { None }.or(others.first().map(|r| r.0));
        let told = instead.map(|v| self.tell(values, n, v));
        let (by, reasons) = told.unwrap_or((Measure::U, vec![Weighed { code: Reason::OnlyOption, weight: 0 }]));
        Decision {
            number: n as u32,
            kind: self.kind(n, to),
            subject: self.subject(n),
            from: self.running(n),
            to: self.option(n, to),
            instead: instead.map(|v| self.option(n, v)),
            by,
            reasons,
            losers: self.losers(values, n, &others),
            flip: None,
        }
    }

    /// Why the plan's value of a node is better than another one, the heaviest reason first.
    fn tell(&self, values: &[usize], n: usize, other: usize) -> (Measure, Vec<Weighed>) {
        let mut rival = values.to_vec();
        rival[n] = other;
        let (mut by, mut parts) = (Measure::U, self.exact_parts(values, &rival, n));
        if parts.total() == 0 {
            (by, parts) = (Measure::J, self.desk.j_costs(values, n, other) - self.desk.j_costs(values, n, values[n]));
        }
        (by, reasons(parts))
    }

    /// What the rival loses in U, by reason: the strangers' air, then our own, then the airtime needed are exchanged
    /// one after the other, so that the parts sum to the whole.
    fn exact_parts(&self, plan: &[usize], rival: &[usize], n: usize) -> Costs {
        let settled = |values: &[usize]| {
            let a = self.goal.decode(values);
            let s = settle(self.t, &a, |r| self.goal.air(r, values[self.t.radios[r].group]));
            (a, s)
        };
        let ((a, better), (b, worse)) = (settled(plan), settled(rival));
        let gain = |a: &Assignment, s: &Settled| gain_milli(self.t, &shares(self.t, a, s));
        let mut mixed = worse.clone();
        let start = gain(&b, &mixed);
        mixed.free.clone_from(&better.free);
        let foreign = gain(&b, &mixed);
        (mixed.own_free, mixed.contenders) = (better.own_free.clone(), better.contenders.clone());
        let own = gain(&b, &mixed);
        let need = match self.goal.nodes()[n] {
            Node::Uplink(_) => Term::Backhaul,
            Node::Group(_) | Node::Client(_) => Term::Airtime,
        };
        let mut parts = Costs::of(Term::ForeignBusy, foreign - start);
        parts.add(Term::OwnBusy, own - foreign);
        parts.add(need, gain(&a, &better) - own);
        parts.add(Term::Radar, radar_milli(self.t, &b) - radar_milli(self.t, &a));
        parts.add(Term::Switch, switch_milli(self.t, &b) - switch_milli(self.t, &a));
        parts
    }

    /// Decisions of a plan that keeps everything because U finds no gain.
    fn kept(&self, p: &Planned) -> Vec<Decision> {
        let lost = p.no_exact_gain.unwrap_or(0);
        let one = |n: usize| Decision {
            number: n as u32,
            kind: Kind::Keep,
            subject: self.subject(n),
            from: self.running(n),
            to: self.running(n).unwrap_or_else(|| self.option(n, 0)),
            instead: None,
            by: Measure::U,
            reasons: vec![Weighed { code: Reason::NoExactGain, weight: lost }],
            losers: Vec::new(),
            flip: None,
        };
        (0..self.goal.nodes().len()).map(one).collect()
    }

    fn losers(&self, values: &[usize], n: usize, others: &[(usize, Key)]) -> Vec<Loser> {
        let mut seen: Vec<Value> = Vec::new();
        let mut losers = Vec::new();
        for &(v, _) in others {
            // Powers of one channel differ little; the first stands for all.
            let key = match self.goal.values(n)[v] {
                Value::Now(c) | Value::Step(c, _) => Value::Now(c),
                other => other,
            };
            if !seen.contains(&key) && losers.len() < LOSERS {
                seen.push(key);
                let (by, reasons) = self.tell(values, n, v);
                let code = reasons.iter().max_by_key(|w| w.weight).map_or(Reason::Tie, |w| w.code);
                losers.push(Loser {
                    option: self.option(n, v),
                    code,
                    by,
                    excess: reasons.iter().map(|w| w.weight).sum(),
                });
            }
        }
        losers
    }

    fn subject(&self, n: usize) -> Subject {
        match self.goal.nodes()[n] {
            Node::Group(g) => {
                let name = |&r: &usize| (self.pod_id(self.t.radios[r].pod), radio_id(self.site, self.t, r));
                let group = &self.t.groups[g];
                Subject::Radios { band: group.band, radios: group.radios.iter().map(name).collect() }
            }
            Node::Uplink(p) => Subject::Uplink { pod: self.pod_id(p) },
            Node::Client(c) => Subject::Client { client: self.site.clients[c].id.clone() },
        }
    }

    fn pod_id(&self, p: usize) -> String {
        self.site.pods[p].id.clone()
    }

    fn option(&self, n: usize, v: usize) -> Choosable {
        match (self.goal.nodes()[n], self.goal.values(n)[v]) {
            (Node::Group(g), value) => {
                let eirp_dbm = self.goal.tuned(self.t.groups[g].radios[0], v).eirp_dbm;
                setting(value.channel(), eirp_dbm)
            }
            (_, Value::Link(l, _)) => self.link(l),
            (_, value) => self.place(value.radio()),
        }
    }

    fn link(&self, l: crate::model::topology::Link) -> Choosable {
        Choosable::Uplink { parent: self.pod_id(l.parent), band: self.t.radios[l.radio].band }
    }

    fn place(&self, r: usize) -> Choosable {
        let radio = &self.t.radios[r];
        Choosable::Client { pod: self.pod_id(radio.pod), radio: radio_id(self.site, self.t, r), band: radio.band }
    }

    /// What runs now, whether or not J has a value for it.
    fn running(&self, n: usize) -> Option<Choosable> {
        match self.goal.nodes()[n] {
            Node::Group(g) => {
                let now = self.t.radios[self.t.groups[g].radios[0]].current?;
                Some(setting(now.channel, now.eirp_dbm))
            }
            Node::Uplink(p) => self.t.pods[p].uplink.map(|l| self.link(l)),
            Node::Client(c) => self.t.clients[c].current.map(|r| self.place(r)),
        }
    }

    /// The value of what runs now, if there is one.
    fn now_value(&self, n: usize) -> Option<usize> {
        let values = self.goal.values(n);
        match self.goal.nodes()[n] {
            Node::Group(_) => values.iter().position(Value::is_now),
            Node::Uplink(p) => {
                let joined = |l: &crate::model::topology::Link, c: Option<millpond_dsp::phy::Channel>| {
                    c.is_none() || self.now.as_ref().is_none_or(|a| c == Some(a.radios[l.radio].channel))
                };
                let link = self.t.pods[p].uplink?;
                values.iter().position(|v| matches!(v, Value::Link(l, c) if *l == link && joined(l, *c)))
            }
            Node::Client(c) => {
                let radio = self.t.clients[c].current?;
                values.iter().position(|v| v.radio() == radio)
            }
        }
    }

    /// True if a value leaves things as they are, the channel of an uplink aside: its radios decide that.
    fn is_now(&self, n: usize, v: usize) -> bool {
        match (self.goal.nodes()[n], self.goal.values(n)[v]) {
            (Node::Uplink(p), Value::Link(l, _)) => self.t.pods[p].uplink == Some(l),
            _ => self.now_value(n) == Some(v),
        }
    }

    fn kind(&self, n: usize, to: usize) -> Kind {
        if self.is_now(n, to) {
            return Kind::Keep;
        }
        match self.goal.nodes()[n] {
            Node::Uplink(_) => Kind::Backhaul,
            Node::Client(_) => Kind::Steer,
            Node::Group(g) => {
                let to = self.goal.values(n)[to].channel();
                let now = self.t.groups[g].radios.iter().filter_map(|&r| self.t.radios[r].current);
                let channels: Vec<_> = now.map(|s| s.channel).collect();
                if channels.is_empty() || channels.iter().any(|c| c.primary() != to.primary()) {
                    Kind::Channel
                } else if channels.iter().any(|c| c.width() != to.width()) {
                    Kind::Width
                } else if channels.iter().any(|c| c.center() != to.center()) {
                    Kind::Channel
                } else {
                    Kind::Power
                }
            }
        }
    }
}

fn setting(c: millpond_dsp::phy::Channel, eirp_dbm: i32) -> Choosable {
    Choosable::Radio { primary: c.primary(), width: c.width(), center: c.center(), eirp_dbm }
}

fn word(term: Term) -> Reason {
    match term {
        Term::Rate => Reason::Rate,
        Term::Airtime => Reason::Airtime,
        Term::ForeignBusy => Reason::ForeignBusy,
        Term::OwnBusy => Reason::OwnBusy,
        Term::Backhaul => Reason::Backhaul,
        Term::Radar => Reason::Radar,
        Term::Switch => Reason::Switch,
        Term::Refusals => Reason::Refusals,
    }
}

/// The parts of a difference that are not zero, the heaviest first.
fn reasons(excess: Costs) -> Vec<Weighed> {
    let parts = Term::ALL.into_iter().map(|term| Weighed { code: word(term), weight: excess.get(term) });
    let mut parts: Vec<Weighed> = parts.filter(|w| w.weight != 0).collect();
    parts.sort_by_key(|w| (std::cmp::Reverse(w.weight.abs()), w.code as u8));
    match excess.total() {
        0 => parts.push(Weighed { code: Reason::Tie, weight: 0 }),
        total if total < 0 => parts.push(Weighed { code: Reason::Stopped, weight: -total }),
        _ => {}
    }
    parts
}
