//! The decisions of a site and what each may be.

use millpond_dsp::phy::Channel;

use crate::model::topology::{Assignment, Link, Topology, Tuned};

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// Channel, width and power of a group of radios.
    Group(usize),
    /// The uplink of a pod.
    Uplink(usize),
    /// The radio that serves a client.
    Client(usize),
}

/// One value of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A group's channel at the power in use now.
    Now(Channel),
    /// A group's channel, so many dB below the highest allowed power.
    Step(Channel, u8),
    /// An uplink; with a channel where the two radios choose theirs independently.
    Link(Link, Option<Channel>),
    /// A serving radio.
    Radio(usize),
}

impl Value {
    /// The channel of a group's value.
    ///
    /// # Panics
    /// If it is another node's value; the node's kind says which it has.
    pub fn channel(&self) -> Channel {
        match *self {
            Self::Now(c) | Self::Step(c, _) => c,
            Self::Link(..) | Self::Radio(_) => unreachable!("a group's value has a channel"),
        }
    }

    /// The link of an uplink's value.
    ///
    /// # Panics
    /// If it is another node's value.
    pub fn link(&self) -> Link {
        match *self {
            Self::Link(l, _) => l,
            _ => unreachable!("an uplink's value has a link"),
        }
    }

    /// The radio of a client's value.
    ///
    /// # Panics
    /// If it is another node's value.
    pub fn radio(&self) -> usize {
        match *self {
            Self::Radio(r) => r,
            _ => unreachable!("a client's value has a radio"),
        }
    }

    /// True for the setting in use.
    pub fn is_now(&self) -> bool {
        matches!(self, Self::Now(_))
    }

    /// A radio's EIRP in dBm at a group's value, the most allowed on its channel being `most`.
    pub(super) fn eirp_dbm(&self, t: &Topology, radio: usize, most: i32) -> i32 {
        match *self {
            Self::Now(_) => t.radios[radio].current.expect("Now is offered only where all radios have one").eirp_dbm,
            Self::Step(_, step) => most - i32::from(step),
            Self::Link(..) | Self::Radio(_) => unreachable!("a group's value has a power"),
        }
    }

    /// A radio's setting at a group's value with that power.
    pub(super) fn tuned(&self, eirp_dbm: i32) -> Tuned {
        Tuned { channel: self.channel(), eirp_dbm }
    }

    /// True if the radios of a link are on the channel that the value names, or it names none.
    pub(super) fn joins(&self, a: &Assignment) -> bool {
        match *self {
            Self::Link(l, Some(c)) => a.radios[l.radio].channel == c && a.radios[l.parent_radio].channel == c,
            _ => true,
        }
    }
}

/// The decisions of a site in order, with their values. A client with one option is no decision.
pub(super) fn nodes(t: &Topology) -> (Vec<Node>, Vec<Vec<Value>>) {
    let mut all: Vec<(Node, Vec<Value>)> = (0..t.groups.len()).map(|g| (Node::Group(g), group_values(t, g))).collect();
    let pods = (0..t.pods.len()).filter(|&p| !t.pods[p].root);
    all.extend(pods.map(|p| (Node::Uplink(p), uplink_values(t, p))));
    for (c, client) in t.clients.iter().enumerate().filter(|(_, c)| c.options.len() > 1) {
        all.push((Node::Client(c), client.options.iter().map(|r| Value::Radio(*r)).collect()));
    }
    all.into_iter().unzip()
}

/// The setting in use first, then every allowed channel with every power step that differs from it.
fn group_values(t: &Topology, g: usize) -> Vec<Value> {
    let radios = &t.groups[g].radios;
    let now: Option<Vec<Tuned>> = radios.iter().map(|&r| t.radios[r].current).collect();
    let now = now.filter(|now| now.iter().all(|s| s.channel == now[0].channel) && is_legal(t, radios, now));
    let same_as_now = |c: Channel, step: u8| {
        if now.as_ref().is_none_or(|now| now[0].channel != c) {
            return false;
        }
        let eirp = |r: usize| t.max_eirp_dbm(r, c).unwrap_or(0) - i32::from(step);
        now.as_ref().is_some_and(|now| radios.iter().zip(now).all(|(&r, s)| s.channel == c && s.eirp_dbm == eirp(r)))
    };
    let mut steps = t.policy.power_steps_db.clone();
    steps.sort_unstable();
    steps.dedup();
    let mut values: Vec<Value> = now.iter().map(|now| Value::Now(now[0].channel)).collect();
    for &c in &t.radios[radios[0]].allowed {
        values.extend(steps.iter().filter(|&&s| !same_as_now(c, s)).map(|&s| Value::Step(c, s)));
    }
    values
}

fn is_legal(t: &Topology, radios: &[usize], now: &[Tuned]) -> bool {
    radios.iter().zip(now).all(|(&r, s)| {
        t.radios[r].allowed.contains(&s.channel) && t.max_eirp_dbm(r, s.channel).is_some_and(|m| s.eirp_dbm <= m)
    })
}

fn uplink_values(t: &Topology, p: usize) -> Vec<Value> {
    let channels = |l: &Link| -> Vec<Option<Channel>> {
        let (a, b) = (&t.radios[l.radio], &t.radios[l.parent_radio]);
        if a.group == b.group {
            return vec![None];
        }
        a.allowed.iter().filter(|c| b.allowed.contains(c)).map(|c| Some(*c)).collect()
    };
    t.pods[p].uplinks.iter().flat_map(|l| channels(l).into_iter().map(|c| Value::Link(*l, c))).collect()
}
