//! Why: each decision with its reasons in integers, the options that lost, and the change that would flip it.
//!
//! A decision is explained with the others held at the plan. Options are compared by U and, where U is equal, by J; the
//! weights of the reasons sum to exactly what the other option would cost more.

use crate::env::Detail;
use crate::flip;
use crate::goal::exact::Settled;
use crate::goal::{Costs, Goal, Meter, Node, Term, Value};
use crate::model::plan::{Choosable, Decision, Kind, Loser, Measure, Reason, Subject, Weighed};
use crate::model::site::Site;
use crate::model::topology::{Assignment, Topology};
use crate::planned::{Planned, radio_id};
use crate::planner::Stated;
use crate::refine::Desk;

/// Losing options that a decision lists.
const LOSERS: usize = 5;

/// Most decisions of a plan that carries flip values; for larger ones [`why::flip`](crate::why::flip) finds them on
/// demand.
const FLIPS: usize = 64;

/// Explains the decisions of a plan, or those that change something, or none.
pub fn decisions(site: &Site, stated: &Stated, p: &Planned, detail: Detail) -> Vec<Decision> {
    let kept = p.values.is_none() || p.no_exact_gain.is_some();
    if detail == Detail::Bare || (kept && detail != Detail::Full) {
        return Vec::new();
    }
    let goal = stated.goal();
    let nodes = 0..goal.nodes().len();
    let Some(values) = p.values.as_ref().filter(|_| p.no_exact_gain.is_none()) else {
        return Book::new(site, goal, &[]).kept(p);
    };
    let mut book = Book::new(site, goal, values);
    let told = nodes.filter(|&n| detail == Detail::Full || !book.is_now(n, values[n])).collect::<Vec<_>>();
    let flips = detail == Detail::Full && goal.nodes().len() <= FLIPS;
    let one = |n: usize| {
        let mut d = book.decision(n);
        if flips {
            d.flip = flip::smallest(site, goal, values, n);
        }
        d
    };
    told.into_iter().map(one).collect()
}

/// What it takes to put decisions into words.
pub struct Book<'a> {
    site: &'a Site,
    t: &'a Topology,
    goal: &'a Goal<'a>,
    desk: Desk<'a>,
    now: Option<Assignment>,
    /// The plan's values, if they are to be explained, with its loads.
    plan: Option<(Meter<'a>, Settled)>,
}

impl<'a> Book<'a> {
    /// A book on a plan's values; empty if there is nothing to weigh.
    pub fn new(site: &'a Site, goal: &'a Goal<'a>, values: &[usize]) -> Self {
        let t = goal.topology();
        let plan = (!values.is_empty()).then(|| {
            let meter = Meter::new(goal, values);
            let settled = meter.settled();
            (meter, settled)
        });
        Self { site, t, goal, desk: Desk::new(goal, None), now: t.current(), plan }
    }

    /// Decision `n` at the plan's values, without its flip.
    ///
    /// # Panics
    /// If the book was made without values.
    pub fn decision(&mut self, n: usize) -> Decision {
        let (mut meter, settled) = self.plan.take().expect("made with values");
        let to = meter.values()[n];
        // Powers of one channel differ little; the first stands for all.
        let kind = |v: usize| match self.goal.values(n)[v] {
            Value::Now(c) | Value::Step(c, _) => Value::Now(c),
            other => other,
        };
        let others = self.desk.ranking(&mut meter, n, LOSERS, kind);
        let changed = !self.is_now(n, to);
        let instead = if changed { self.now_value(n) } else { None }.or(others.first().map(|r| r.0));
        let mut tell = |v: usize| self.tell((&mut meter, &settled), n, v);
        let told = instead.map(&mut tell);
        let losers = others.iter().map(|&(v, _)| {
            let (by, reasons) = if Some(v) == instead { told.clone().expect("told") } else { tell(v) };
            let code = reasons.iter().max_by_key(|w| w.weight).map_or(Reason::Tie, |w| w.code);
            Loser { option: self.option(n, v), code, by, excess: reasons.iter().map(|w| w.weight).sum() }
        });
        let losers = losers.collect();
        let (by, reasons) = told.unwrap_or((Measure::U, vec![Weighed { code: Reason::OnlyOption, weight: 0 }]));
        let decision = Decision {
            number: n as u32,
            kind: self.kind(n, to),
            subject: self.subject(n),
            from: self.running(n),
            to: self.option(n, to),
            instead: instead.map(|v| self.option(n, v)),
            by,
            reasons,
            losers,
            flip: None,
        };
        self.plan = Some((meter, settled));
        decision
    }

    /// Why the plan's value of a node is better than another one, the heaviest reason first.
    fn tell(&self, plan: (&mut Meter, &Settled), n: usize, other: usize) -> (Measure, Vec<Weighed>) {
        let to = plan.0.values()[n];
        let (mut by, mut parts) = (Measure::U, self.exact_parts((plan.0, plan.1), n, other));
        if parts.total() == 0 {
            let values = plan.0.values();
            (by, parts) = (Measure::J, self.desk.j_costs(values, n, other) - self.desk.j_costs(values, n, to));
        }
        (by, reasons(parts))
    }

    /// What another value loses in U, by reason.
    fn exact_parts(&self, (meter, held): (&mut Meter, &Settled), n: usize, other: usize) -> Costs {
        let to = meter.values()[n];
        let [foreign, own, need] = meter.differences(n, other, held);
        let term = match self.goal.nodes()[n] {
            Node::Uplink(_) => Term::Backhaul,
            Node::Group(_) | Node::Client(_) => Term::Airtime,
        };
        let mut parts = Costs::of(Term::ForeignBusy, foreign);
        parts.add(Term::OwnBusy, own);
        parts.add(term, need);
        let (kept, lost) = (self.goal.churn(n, to), self.goal.churn(n, other));
        for term in [Term::Radar, Term::Switch, Term::Refusals] {
            parts.add(term, lost.get(term) - kept.get(term));
        }
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
                } else if channels.iter().any(|c| c.punctured() != to.punctured()) {
                    Kind::Width
                } else {
                    Kind::Power
                }
            }
        }
    }
}

fn setting(c: millpond_dsp::phy::Channel, eirp_dbm: i32) -> Choosable {
    let (primary, width, center, punctured) = (c.primary(), c.width(), c.center(), c.punctured());
    Choosable::Radio { primary, width, center, punctured, eirp_dbm }
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
