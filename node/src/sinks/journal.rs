//! What a subscriber on the home's network would know after a run: the messages, and the second in which each came.

use std::convert::Infallible;

use millpond_dsp::phy::Micros;
use millpond_report::sink::{Port, Wired};
use millpond_report::wire::range::ZoneState;
use millpond_report::wire::{Decision, Kind, Link, Radio, Zone};

/// A stretch of motion in one zone, to the second of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The zone's number.
    pub zone: u8,
    /// The first second that said moving.
    pub start_s: u64,
    /// The first second that said something else, or the end of the run.
    pub end_s: u64,
    /// The highest level within.
    pub peak: u8,
}

/// The record of one run.
#[derive(Default)]
pub struct Journal {
    now_s: u64,
    /// State of each zone in each second: `[second][zone - 1]`.
    seconds: Vec<Vec<ZoneState>>,
    open: Vec<Option<Stretch>>,
    /// Finished stretches, in order of their end.
    stretches: Vec<Stretch>,
    /// Decisions in the order in which they came.
    pub decisions: Vec<Decision>,
    /// Latest word of each radio.
    pub radios: Vec<Radio>,
    /// Latest word of each link, in the order in which they were first heard of.
    pub links: Vec<Link>,
}

impl Journal {
    /// Says what time it is.
    pub fn set_time(&mut self, now: Micros) {
        self.now_s = now.0 / Micros::SECOND.0;
    }

    /// Stretches of motion in order of their start, those that last included.
    pub fn stretches(&self) -> Vec<Stretch> {
        let lasting = self.open.iter().flatten().map(|s| Stretch { end_s: self.now_s, ..*s });
        let mut all: Vec<Stretch> = self.stretches.iter().copied().chain(lasting).collect();
        all.sort_by_key(|s| (s.start_s, s.zone));
        all
    }

    /// What a zone said in a second.
    pub fn state(&self, zone: u8, second: usize) -> Option<ZoneState> {
        self.seconds.get(second)?.get(usize::from(zone).checked_sub(1)?).copied()
    }

    /// Number of seconds on record.
    pub fn len(&self) -> usize {
        self.seconds.len()
    }

    /// True before the first second.
    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    fn zone(&mut self, z: &Zone) {
        let (index, second) = (usize::from(z.zone.get() - 1), self.now_s as usize);
        let row = at(&mut self.seconds, second);
        *at(row, index) = z.state;
        let open = at(&mut self.open, index);
        match (z.state, &mut *open) {
            (ZoneState::Moving, Some(stretch)) => stretch.peak = stretch.peak.max(z.level.get()),
            (ZoneState::Moving, None) => {
                let (zone, start_s, peak) = (z.zone.get(), self.now_s, z.level.get());
                *open = Some(Stretch { zone, start_s, end_s: start_s, peak });
            }
            (_, lasting) => self.stretches.extend(lasting.take().map(|s| Stretch { end_s: self.now_s, ..s })),
        }
    }
}

impl Port for Journal {
    type Error = Infallible;

    fn put(&mut self, message: &Wired<'_>) -> Result<(), Infallible> {
        match message.kind() {
            Kind::Zone => message.read().into_iter().for_each(|z| self.zone(&z)),
            Kind::Decision => self.decisions.extend(message.read::<Decision>()),
            Kind::Radio => keep(&mut self.radios, message.read(), |r| (r.node, r.band)),
            Kind::Link => keep(&mut self.links, message.read(), |l| l.handle),
            _ => {}
        }
        Ok(())
    }
}

/// Puts a message in the place of an earlier one of the same subject, else at the end.
fn keep<T, K: PartialEq>(all: &mut Vec<T>, new: Option<T>, subject: impl Fn(&T) -> K) {
    let Some(new) = new else { return };
    match all.iter_mut().find(|old| subject(old) == subject(&new)) {
        Some(old) => *old = new,
        None => all.push(new),
    }
}

/// The place at an index; the list grows to hold it.
fn at<T: Blank>(all: &mut Vec<T>, index: usize) -> &mut T {
    if all.len() <= index {
        all.resize_with(index + 1, T::blank);
    }
    &mut all[index]
}

trait Blank {
    fn blank() -> Self;
}

impl Blank for ZoneState {
    fn blank() -> Self {
        Self::Unknown
    }
}

impl<T> Blank for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }
}

impl<T> Blank for Option<T> {
    fn blank() -> Self {
        None
    }
}

#[cfg(test)]
mod tests {
    use millpond_report::wire::range::{Calibration, Level10, Slot, ZoneId, ZonePresence};

    use super::*;

    #[test]
    fn seconds_become_stretches() {
        let mut journal = Journal::default();
        let states = [ZoneState::Still, ZoneState::Moving, ZoneState::Moving, ZoneState::Still, ZoneState::Moving];
        for (second, state) in states.into_iter().enumerate() {
            journal.set_time(Micros(second as u64 * 1_000_000));
            let (zone, level) = (ZoneId::new(2), Level10::new(second as i64));
            let (present, since, calibration) = (ZonePresence::Unknown, Slot::new(0), Calibration::new(9));
            journal.zone(&Zone { zone, state, present, level, since, calibration });
        }
        let (zone, first, last) = (2, (1, 3, 2), (4, 4, 4));
        let stretch = |(start_s, end_s, peak)| Stretch { zone, start_s, end_s, peak };
        assert_eq!(journal.stretches(), [stretch(first), stretch(last)]);
        assert_eq!((journal.state(2, 2), journal.state(2, 3)), (Some(ZoneState::Moving), Some(ZoneState::Still)));
        assert_eq!((journal.state(1, 0), journal.state(3, 0), journal.len()), (Some(ZoneState::Unknown), None, 5));
    }
}
