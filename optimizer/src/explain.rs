//! Why: each decision with its reasons in integers, the options that lost, and the change that would flip it.
//!
//! A decision is explained with the others held at the plan. The options' costs are those of J, so the weights of the
//! reasons sum to exactly what the other option would cost more.

use crate::flip;
use crate::goal::{Costs, Goal, Node, Term, Value};
use crate::model::plan::{Choosable, Decision, Kind, Loser, Reason, Subject, Weighed};
use crate::model::site::Site;
use crate::model::topology::{Assignment, Topology};
use crate::planner::{Planned, radio_id, with_switch_cost};

/// Losing options that a decision lists.
const LOSERS: usize = 5;

/// Decisions with a flip value, at most; a site with more gets them for those that change something.
const FLIPS: usize = 64;

/// Explains every decision of a plan.
pub fn decisions(site: &Site, t: &Topology, p: &Planned) -> Vec<Decision> {
    let t = &with_switch_cost(t, p.objective.switch_cost_milli);
    let goal = Goal::new(t);
    let book = Book::new(site, &goal);
    let Some(values) = &p.values else { return book.kept(p) };
    if p.no_exact_gain.is_some() {
        return book.kept(p);
    }
    let all = (0..goal.nodes().len()).map(|n| {
        let mut d = book.decision(values, n);
        if goal.nodes().len() <= FLIPS || d.kind != Kind::Keep {
            d.flip = flip::smallest(site, t, values, n);
        }
        d
    });
    all.collect()
}

/// The costs of every value of a node with the other nodes held.
pub fn row(goal: &Goal, values: &[usize], n: usize) -> Vec<Costs> {
    let edges: Vec<(usize, usize)> = goal.edges().iter().copied().filter(|&(a, b)| a == n || b == n).collect();
    let cost = |v: usize| {
        let pair = |&(a, b): &(usize, usize)| {
            if a == n { goal.pair((a, b), v, values[b]) } else { goal.pair((a, b), values[a], v) }
        };
        edges.iter().map(pair).fold(goal.unary(n, v), |sum, c| sum + c)
    };
    (0..goal.values(n).len()).map(cost).collect()
}

/// The cheapest value of a row; a tie goes to `held`, then to the first.
pub fn cheapest(row: &[Costs], held: usize) -> usize {
    let best = (0..row.len()).min_by_key(|&v| row[v].total()).expect("a node has a value");
    if row[held].total() == row[best].total() { held } else { best }
}

/// True if the option that the reasons compare with costs no less than the best loser, as the losers are told.
pub fn compares_with_a_loser(d: &Decision, sum: i64) -> bool {
    d.losers.first().is_none_or(|best| best.excess <= sum)
}

/// What it takes to put decisions into words.
pub struct Book<'a> {
    site: &'a Site,
    t: &'a Topology,
    goal: &'a Goal<'a>,
    now: Option<Assignment>,
}

impl<'a> Book<'a> {
    /// A book on J of a site.
    pub fn new(site: &'a Site, goal: &'a Goal<'a>) -> Self {
        let t = goal.topology();
        Self { site, t, goal, now: t.current() }
    }

    /// Decision `n` at the plan's values, without its flip.
    pub fn decision(&self, values: &[usize], n: usize) -> Decision {
        let row = row(self.goal, values, n);
        let (to, from) = (values[n], self.now_value(n));
        let mut others: Vec<usize> = (0..row.len()).filter(|&v| v != to).collect();
        others.sort_by_key(|&v| row[v].total());
        let changed = !self.is_now(n, to);
        let instead = if changed { from } else { None }.or(others.first().copied());
        Decision {
            number: n as u32,
            kind: self.kind(n, to),
            subject: self.subject(n),
            from: self.running(n),
            to: self.option(n, to),
            instead: instead.map(|v| self.option(n, v)),
            reasons: instead
                .map_or_else(|| vec![Weighed { code: Reason::OnlyOption, weight: 0 }], |v| reasons(row[v] - row[to])),
            losers: self.losers(n, &row, to, &others),
            flip: None,
        }
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
            reasons: vec![Weighed { code: Reason::NoExactGain, weight: lost }],
            losers: Vec::new(),
            flip: None,
        };
        (0..self.goal.nodes().len()).map(one).collect()
    }

    fn losers(&self, n: usize, row: &[Costs], to: usize, others: &[usize]) -> Vec<Loser> {
        let mut seen: Vec<Value> = Vec::new();
        let mut losers = Vec::new();
        for &v in others {
            let value = self.goal.values(n)[v];
            // Powers of one channel differ little; the first stands for all.
            let key = match value {
                Value::Now(c) | Value::Step(c, _) => Value::Now(c),
                other => other,
            };
            if !seen.contains(&key) && losers.len() < LOSERS {
                seen.push(key);
                let excess = row[v] - row[to];
                losers.push(Loser { option: self.option(n, v), code: main_reason(excess), excess: excess.total() });
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
    if excess.total() == 0 {
        parts.push(Weighed { code: Reason::Tie, weight: 0 });
    }
    parts
}

/// The reason that weighs most against an option.
fn main_reason(excess: Costs) -> Reason {
    if excess.total() == 0 {
        return Reason::Tie;
    }
    // The first of the heaviest.
    let heaviest = Term::ALL.into_iter().rev().max_by_key(|term| excess.get(*term));
    word(heaviest.expect("there are terms"))
}
