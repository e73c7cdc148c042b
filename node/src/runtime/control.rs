//! The state that the household sets, shared by all threads, and the node's word about itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use millpond_dsp::phy::Micros;
use millpond_report::gate::{self, NodeStatus};
use millpond_report::state::{Admin, Less, More, Pause};
use millpond_report::wire::range::{Kept, ManagedBy, Sensing, Slot, Source};
use millpond_report::{Derived, Lan, Privacy, wire};

use crate::act::Wish;
use crate::message::Message;
use crate::pipeline::Calendar;
use crate::sinks::page::Command;
use crate::store::Stored;

/// The state as the node's folder holds it, and whether something was left out: what somebody else wrote may lower, never
/// raise.
pub fn restore(stored: &Stored) -> (Privacy, bool) {
    match stored {
        Stored::Nothing => (Privacy::new(), false),
        Stored::Own(settings) => (Privacy::restore(settings, 0), false),
        Stored::Foreign(settings) => {
            let mut privacy = Privacy::new();
            let left_out = privacy.import(settings, 0);
            (privacy, left_out)
        }
    }
}

/// Counts decoded frames, so that *none since off* is measured and not assumed.
#[derive(Default)]
pub struct Meter {
    decoded: AtomicU32,
    at_off: AtomicU32,
}

impl Meter {
    /// A frame was decoded.
    pub fn count(&self) {
        self.decoded.fetch_add(1, Ordering::Relaxed);
    }

    /// Sensing goes off now.
    fn mark(&self) {
        self.at_off.store(self.decoded.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Frames decoded since sensing went off.
    fn since_off(&self) -> u32 {
        self.decoded.load(Ordering::Relaxed).wrapping_sub(self.at_off.load(Ordering::Relaxed))
    }
}

/// Which sources are lost at the moment, by number.
#[derive(Default)]
pub struct Faults(AtomicU32);

impl Faults {
    /// A source is lost. True if it was not before.
    pub fn set(&self, source: usize) -> bool {
        let bit = 1 << (source % 32);
        self.0.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// A source is well, or closed.
    pub fn clear(&self, source: usize) {
        self.0.fetch_and(!(1 << (source % 32)), Ordering::Relaxed);
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// Level, switch and consents behind one lock. A permit is taken under it and held for one frame at most.
pub struct Control {
    privacy: Mutex<Privacy>,
    calendar: Calendar,
    /// Decoded frames.
    pub meter: Meter,
    /// Lost sources.
    pub faults: Faults,
    wishes: Mutex<Vec<Wish>>,
}

/// Wishes that wait for the planner at most; later ones are refused.
const WISHES: usize = 16;

/// Whoever has shown the admin key.
struct Shown(bool);

impl Admin for Shown {
    fn is_admin(&self) -> bool {
        self.0
    }
}

impl Control {
    /// A node in a state.
    pub fn new(privacy: Privacy, calendar: Calendar) -> Self {
        let (meter, faults, wishes) = (Meter::default(), Faults::default(), Mutex::default());
        Self { privacy: Mutex::new(privacy), calendar, meter, faults, wishes }
    }

    /// The state, locked. A panic elsewhere ends the process, so a poisoned lock is only seen in tests.
    pub fn privacy(&self) -> MutexGuard<'_, Privacy> {
        self.privacy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a wish of the household about a decision; it is carried out within a second. False if too many wait. Whoever
    /// hands it on has checked the key.
    pub fn wish(&self, wish: Wish) -> bool {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = wishes.len() < WISHES;
        if fits {
            wishes.push(wish);
        }
        fits
    }

    /// The wishes that came since this was called last.
    pub fn wishes(&self) -> Vec<Wish> {
        std::mem::take(&mut *self.wishes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The slot that runs at `now`.
    pub fn slot(&self, now: Micros) -> Slot {
        self.calendar.slot(now)
    }

    /// The minute of the household's day.
    pub fn minute(&self, now: Micros) -> u16 {
        self.slot(now).get() * 5
    }

    /// Does what the page asks; the page has checked the key. It is in force when this returns.
    pub fn command(&self, command: Command, now: Micros) -> Option<Message> {
        let mut privacy = self.privacy();
        let was_on = privacy.switch(now.0) == Sensing::On;
        let (code, number) = match command {
            Command::Pause { minutes: 15 } => privacy.set(Less::Pause(Pause::Quarter), now.0),
            Command::Pause { minutes: 60 } => privacy.set(Less::Pause(Pause::Hour), now.0),
            Command::Pause { .. } => privacy.set(Less::Pause(Pause::UntilResumed), now.0),
            Command::Off => privacy.set(Less::Off, now.0),
            Command::On { admin } => {
                let what = if privacy.switch(now.0) == Sensing::Paused { More::Resume } else { More::On };
                let confirmed = privacy.ask(what).confirm(&Shown(admin))?;
                privacy.raise(confirmed).ok()?
            }
        };
        if was_on {
            self.meter.mark();
        }
        Some(Message::Event(gate::event(self.slot(now), code, number)))
    }

    /// The node's word about itself.
    pub fn status(&self, privacy: &Privacy, now: Micros) -> Derived<wire::Status, Lan> {
        let on = privacy.switch(now.0) == Sensing::On;
        let node = NodeStatus {
            source: match (on, self.faults.any()) {
                (false, _) => Source::Closed,
                (true, false) => Source::Open,
                (true, true) => Source::Fault,
            },
            uptime_s: now.0 / Micros::SECOND.0,
            frames_since_off: if on { 0 } else { self.meter.since_off() },
            kept: Kept::Memory,
            managed_by: ManagedBy::Owner,
            budget_left: 100,
        };
        gate::status(privacy, now.0, &node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensing(control: &Control, now: u64) -> Sensing {
        control.status(&control.privacy(), Micros(now)).get().sensing
    }

    #[test]
    fn anybody_pauses_and_an_admin_resumes() {
        let control = Control::new(Privacy::new(), Calendar::default());
        assert_eq!(sensing(&control, 0), Sensing::Off);
        assert!(control.command(Command::On { admin: false }, Micros(0)).is_none());
        assert!(control.command(Command::On { admin: true }, Micros(0)).is_some());
        assert_eq!(sensing(&control, 0), Sensing::On);
        control.command(Command::Pause { minutes: 15 }, Micros(0));
        assert_eq!(sensing(&control, 0), Sensing::Paused);
        assert_eq!(sensing(&control, 15 * 60_000_000), Sensing::On, "a pause ends by itself");
        control.command(Command::On { admin: true }, Micros(1));
        assert_eq!(sensing(&control, 1), Sensing::On);
        control.command(Command::Off, Micros(1));
        assert_eq!(sensing(&control, 1), Sensing::Off);
    }

    #[test]
    fn a_frame_after_off_would_show() {
        let control = Control::new(Privacy::new(), Calendar::default());
        control.command(Command::On { admin: true }, Micros(0));
        control.meter.count();
        control.command(Command::Off, Micros(1));
        let since = |c: &Control| c.status(&c.privacy(), Micros(2)).get().frames_since_off.get();
        assert_eq!(since(&control), 0);
        control.meter.count();
        assert_eq!(since(&control), 1);
    }
}
