//! How the node's messages compare with the simulated truth. In-sample by nature: it shows that the way from air to
//! message works, not how good the detector is in a real home.

use millpond_datasets::sim::{Cause, Scene, Witness};
use millpond_report::wire::range::ZoneState;

use crate::sinks::journal::Journal;

/// From and to, s.
pub type Span = (f64, f64);

/// One zone's comparison, on the seconds of the messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The zone's number.
    pub zone: u8,
    /// When a person really moved there.
    pub truth: Vec<Span>,
    /// How many of these stretches had at least one second of moving.
    pub found: usize,
    /// Seconds within the truth, and how many of them said moving.
    pub inside: (usize, usize),
    /// Seconds outside the truth, and how many of them said moving.
    pub outside: (usize, usize),
    /// Seconds that said unknown.
    pub unknown: usize,
    /// Mean time from the start of a found stretch to the first second that said moving, s.
    pub delay_s: Option<f64>,
}

impl Judged {
    /// Share of the seconds of motion that said so.
    pub fn detected_share(&self) -> f64 {
        share(self.inside)
    }

    /// Share of the other seconds that said moving.
    pub fn false_share(&self) -> f64 {
        share(self.outside)
    }
}

fn share((all, said): (usize, usize)) -> f64 {
    if all == 0 { 0.0 } else { said as f64 / all as f64 }
}

/// Compares a run with the truth, zone by zone. The message of second `s` speaks of the time `s`.
pub fn judge(scene: &Scene, journal: &Journal, until_s: f64) -> Vec<Judged> {
    let witness = Witness::new(scene);
    (0..scene.rooms.len().min(16))
        .map(|room| zone(room, witness.motion_in(room, until_s, &[Cause::Person]), journal))
        .collect()
}

fn zone(room: usize, truth: Vec<Span>, journal: &Journal) -> Judged {
    let zone = room as u8 + 1;
    let moving = |s: usize| journal.state(zone, s) == Some(ZoneState::Moving);
    let within = |s: usize| truth.iter().any(|(from, to)| (*from..*to).contains(&(s as f64)));
    let seconds = || 0..journal.len();
    let count = |inside: bool| {
        let all = seconds().filter(|s| within(*s) == inside);
        (all.clone().count(), all.filter(|s| moving(*s)).count())
    };
    let first = |(from, to): &Span| {
        let hit = seconds().find(|s| (*from..*to + 1.0).contains(&(*s as f64)) && moving(*s))?;
        Some((hit as f64 - from).max(0.0))
    };
    let delays: Vec<f64> = truth.iter().filter_map(first).collect();
    let unknown = seconds().filter(|s| journal.state(zone, *s) == Some(ZoneState::Unknown)).count();
    Judged {
        zone,
        found: delays.len(),
        inside: count(true),
        outside: count(false),
        unknown,
        delay_s: (!delays.is_empty()).then(|| delays.iter().sum::<f64>() / delays.len() as f64),
        truth,
    }
}

/// All zones together.
pub fn overall(zones: &[Judged]) -> Judged {
    let sum = |f: fn(&Judged) -> (usize, usize)| zones.iter().map(f).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let found: usize = zones.iter().map(|z| z.found).sum();
    let late: f64 = zones.iter().filter_map(|z| Some(z.delay_s? * z.found as f64)).sum();
    Judged {
        zone: 0,
        truth: zones.iter().flat_map(|z| z.truth.iter().copied()).collect(),
        found,
        inside: sum(|z| z.inside),
        outside: sum(|z| z.outside),
        unknown: zones.iter().map(|z| z.unknown).sum(),
        delay_s: (found > 0).then(|| late / found as f64),
    }
}
