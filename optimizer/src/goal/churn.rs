//! What a change costs, and what radar may cost later.

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use super::choice::Value;
use super::{Costs, Goal, Term};
use crate::model::topology::{Assignment, Link, Topology};
use crate::rf::chart::find;

/// Base cost of a radio on a channel with radar, in thousandths of U (optimizer note, section 3.4).
const RADAR_BASE: i64 = 30;

/// What a throughput of a thousandth of the demand costs in U, in thousandths: -ln(1/1000).
const OUTAGE: i64 = 6_908;

/// What radar may cost a radio on a channel, in thousandths of U a day.
///
/// A base for leaving in 10 s whenever radar shows, and for each event of the last 30 days a thirtieth of: two changes
/// (away and back) and the outage of one listening time.
pub fn radar_cost(t: &Topology, channel: Channel) -> i64 {
    let cac_s = t.domain.permit(channel, true).map_or(0, |p| i64::from(p.cac_s));
    if cac_s == 0 {
        return 0;
    }
    let inside = |n: u8| find(Band::Ghz5, n, Bandwidth::Mhz20, None).is_some_and(|c| c.overlaps(channel));
    let events: i64 = t.radar_events_30d.iter().filter(|(n, _)| inside(**n)).map(|(_, e)| i64::from(*e)).sum();
    let outage = OUTAGE * cac_s / 86_400;
    RADAR_BASE + events * (2 * i64::from(t.policy.switch_cost_milli) + outage) / 30
}

/// How many radios, uplinks and clients an assignment changes. What the site does not say is no change.
pub fn switches(t: &Topology, a: &Assignment) -> i64 {
    let radios = t.radios.iter().zip(&a.radios).filter(|(r, s)| r.current.is_some_and(|now| now != **s)).count();
    let uplinks = t.pods.iter().zip(&a.uplinks).filter(|(p, l)| p.uplink.is_some() && p.uplink != **l).count();
    let clients = t.clients.iter().zip(&a.clients).filter(|(c, r)| c.current.is_some_and(|now| now != **r)).count();
    (radios + uplinks + clients) as i64
}

/// Requests that moved clients may refuse first, by their history: one that refused n is taken to accept one in n + 1.
pub fn refusals(t: &Topology, a: &Assignment) -> i64 {
    let moved = t.clients.iter().zip(&a.clients).filter(|(c, r)| c.current.is_some_and(|now| now != **r));
    moved.map(|(c, _)| i64::from(c.refusals)).sum()
}

impl Goal<'_> {
    pub(super) fn group_churn(&self, g: usize, v: usize) -> Costs {
        let mut costs = Costs::of(Term::Switch, self.group_switches(g, v));
        let radios = self.t.groups[g].radios.len() as i64;
        costs.add(Term::Radar, radios * radar_cost(self.t, self.values[g][v].channel()));
        costs
    }

    /// What the radios that a group's value changes cost.
    pub(super) fn group_switches(&self, g: usize, v: usize) -> i64 {
        let value: &Value = &self.values[g][v];
        let changed = |r: &&usize| {
            let now = self.t.radios[**r].current;
            now.is_some_and(|now| now != value.tuned(self.tuned[**r][v].eirp_dbm))
        };
        let count = self.t.groups[g].radios.iter().filter(changed).count() as i64;
        count * i64::from(self.t.policy.switch_cost_milli)
    }

    pub(super) fn uplink_churn(&self, p: usize, l: Link) -> Costs {
        let changed = self.t.pods[p].uplink.is_some_and(|now| now != l);
        Costs::of(Term::Switch, if changed { i64::from(self.t.policy.switch_cost_milli) } else { 0 })
    }

    /// A client that refused n requests is taken to accept one in n + 1, so a move needs n + 1 tries.
    pub(super) fn client_churn(&self, c: usize, r: usize) -> Costs {
        let client = &self.t.clients[c];
        if client.current.is_none_or(|now| now == r) {
            return Costs::default();
        }
        let once = i64::from(self.t.policy.switch_cost_milli);
        let mut costs = Costs::of(Term::Switch, once);
        costs.add(Term::Refusals, once * i64::from(client.refusals));
        costs
    }
}
