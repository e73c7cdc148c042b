//! The latest message of each kind, for sinks that answer when asked.

use std::convert::Infallible;

use millpond_report::sink::{Port, Wired};
use millpond_report::wire::range::{DecisionKind, Level10, Sensing, ZonePresence, ZoneState};
use millpond_report::wire::{Decision, Event, Kind, Link, Radio, Status, Zone};

use crate::config::Labels;

/// Decisions that are kept in memory; the contract's cap.
const DECISIONS_MAX: usize = 512;
/// Events that are kept in memory; the contract's cap for the audit.
const EVENTS_MAX: usize = 1024;

/// The latest of everything, in the order of its numbers. It is filled through a [`Sink`](millpond_report::Sink) alone.
#[derive(Default)]
pub struct Board {
    /// Names that the user typed.
    pub labels: Labels,
    /// What the node is doing.
    pub status: Option<Status>,
    /// By zone.
    pub zones: Vec<Zone>,
    /// By node and band.
    pub radios: Vec<Radio>,
    /// By handle.
    pub links: Vec<Link>,
    /// Oldest first, at most 512.
    pub decisions: Vec<Decision>,
    /// Oldest first, at most 1024.
    pub events: Vec<Event>,
}

impl Board {
    /// An empty board with names.
    pub fn new(labels: Labels) -> Self {
        Self { labels, ..Self::default() }
    }

    /// Off is off for every zone at once, before the zones say so themselves.
    fn set_status(&mut self, status: Option<Status>) {
        if status.is_some_and(|s| s.sensing != Sensing::On) {
            let off = |z: &mut Zone| {
                (z.state, z.present, z.level) = (ZoneState::Off, ZonePresence::Off, Level10::new(0));
            };
            self.zones.iter_mut().for_each(off);
        }
        self.status = status;
    }

    /// One that is told again, with its effect, takes its own place.
    fn set_decision(&mut self, new: Option<Decision>) {
        let Some(new) = new else { return };
        match self.decisions.iter_mut().rev().find(|d| d.number == new.number && d.to == new.to) {
            Some(place) if new.measured.is_some() => *place = new,
            _ => keep_last(&mut self.decisions, Some(new), DECISIONS_MAX),
        }
    }

    /// Forgets all but the names and what the node is doing: the household erased everything.
    pub fn clear(&mut self) {
        let (labels, status) = (std::mem::take(&mut self.labels), self.status);
        *self = Self { status, ..Self::new(labels) };
    }

    /// The latest decision on a radio's own setting.
    pub fn decision_on(&self, radio: &Radio) -> Option<&Decision> {
        let same = |d: &&Decision| d.from.node == radio.node && d.from.band == radio.band;
        self.decisions.iter().rev().filter(|d| d.kind != DecisionKind::Steer).find(same)
    }
}

impl Port for Board {
    type Error = Infallible;

    fn put(&mut self, message: &Wired<'_>) -> Result<(), Infallible> {
        match message.kind() {
            Kind::Status => self.set_status(message.read()),
            Kind::Zone => keep_sorted(&mut self.zones, message.read(), |z| z.zone.get()),
            Kind::Radio => keep_sorted(&mut self.radios, message.read(), |r| (r.node.get(), r.band)),
            Kind::Link => keep_sorted(&mut self.links, message.read(), |l| l.handle.get()),
            Kind::Decision => self.set_decision(message.read()),
            Kind::Event => keep_last(&mut self.events, message.read(), EVENTS_MAX),
            Kind::Day | Kind::Month | Kind::Weekly | Kind::Snapshot => {}
        }
        Ok(())
    }
}

fn keep_sorted<T, K: Ord>(all: &mut Vec<T>, new: Option<T>, key: impl Fn(&T) -> K) {
    let Some(new) = new else { return };
    match all.binary_search_by_key(&key(&new), &key) {
        Ok(at) => all[at] = new,
        Err(at) => all.insert(at, new),
    }
}

fn keep_last<T>(all: &mut Vec<T>, new: Option<T>, most: usize) {
    let Some(new) = new else { return };
    if all.len() >= most {
        all.remove(0);
    }
    all.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_one_takes_the_place_of_the_older() {
        let mut all = Vec::new();
        for (k, v) in [(3, 'a'), (1, 'b'), (3, 'c')] {
            keep_sorted(&mut all, Some((k, v)), |x| x.0);
        }
        assert_eq!(all, [(1, 'b'), (3, 'c')]);
        let mut last = vec![1, 2];
        keep_last(&mut last, Some(3), 2);
        assert_eq!(last, [2, 3]);
    }
}
