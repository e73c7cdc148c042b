//! The state that the household sets, shared by all threads, and the node's word about itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::channel::{Receiver, Sender, bounded};
use millpond_dsp::phy::Micros;
use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::gate::{self, NodeStatus};
use millpond_report::handle::Shuffle;
use millpond_report::state::{Admin, Less, More, StateError};
use millpond_report::wire::range::{ManagedBy, Number, Sensing, Slot, Source};
use millpond_report::{Derived, EventCode, Lan, Privacy, wire};

use super::clock::{wall_minute, wall_slot};
use crate::command::{Command, Outcome, PlanWord, Refused};
use crate::config::TimeZone;
use crate::message::Message;
use crate::net::BrokerWatch;
use crate::pipeline::Calendar;
use crate::store::{Draw, Keeping, Noted, Record, Retention, Stored};

/// The state as the node's folder holds it, and whether something was left out: what somebody else wrote may lower, never
/// raise.
pub fn restore(stored: &Stored) -> (Privacy, bool) {
    match stored {
        Stored::Nothing => (Privacy::new(), false),
        Stored::Own(Record { settings, consents, .. }) => {
            (Privacy::restore(settings, 0).with_consents(*consents), false)
        }
        Stored::Foreign(record) => {
            let mut privacy = Privacy::new();
            let left_out = privacy.import(&record.settings, 0);
            (privacy, left_out)
        }
    }
}

/// Words for the gate.
pub(super) struct Drawn(pub(super) Draw);

impl Words for Drawn {
    fn word(&mut self) -> Result<u32, NoWords> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes).map_err(|_| NoWords)?;
        Ok(u32::from_le_bytes(bytes))
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

    /// The lost ones, counted from 1.
    pub fn list(&self) -> Vec<u8> {
        let all = self.0.load(Ordering::Relaxed);
        (0..32).filter(|i| all >> i & 1 == 1).map(|i| i as u8 + 1).collect()
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// Words on the plan that wait for the planner.
const WORDS: usize = 16;

/// Level, switch and consents behind one lock. A permit is taken under it and held for one frame at most.
///
/// Whoever needs both locks takes the state's first, then that of what is kept.
pub struct Control {
    privacy: Mutex<Privacy>,
    keeping: Mutex<Keeping>,
    calendar: Calendar,
    /// The slot of the clock's origin, for a run in the time of its frames; without it the system's clock counts.
    origin: Option<u32>,
    words: (Sender<PlanWord>, Receiver<PlanWord>),
    handles: Mutex<Option<Shuffle>>,
    /// The household's clock, for the window of changes; without it the calendar's.
    timezone: Option<TimeZone>,
    /// Draws the numbers of links anew each day.
    random: Option<Draw>,
    /// Decoded frames.
    pub meter: Meter,
    /// Lost sources.
    pub faults: Faults,
    /// How the connection to the broker is.
    pub broker: Arc<BrokerWatch>,
}

/// Whoever has shown the admin key.
struct Shown(bool);

impl Admin for Shown {
    fn is_admin(&self) -> bool {
        self.0
    }
}

impl Control {
    /// A node in a state, with history in memory alone, whose days are counted from the start of its clock.
    pub fn new(privacy: Privacy, calendar: Calendar) -> Self {
        Self {
            privacy: Mutex::new(privacy),
            keeping: Mutex::new(Keeping::new(None, Retention::CAP, false)),
            calendar,
            origin: Some(calendar.origin_s / 300),
            words: bounded(WORDS),
            handles: Mutex::new(None),
            timezone: None,
            random: None,
            meter: Meter::default(),
            faults: Faults::default(),
            broker: Arc::default(),
        }
    }

    /// The same by the system's clock, which may jump, with a memory of its own.
    #[must_use]
    pub fn with_keeping(self, keeping: Keeping) -> Self {
        Self { keeping: Mutex::new(keeping), origin: None, ..self }
    }

    /// With the household's clock, and with randomness for new numbers each day.
    #[must_use]
    pub fn with_days(self, timezone: TimeZone, random: Draw) -> Self {
        Self { timezone: Some(timezone), random: Some(random), ..self }
    }

    /// The state, locked. A panic elsewhere ends the process, so a poisoned lock is only seen in tests.
    pub fn privacy(&self) -> MutexGuard<'_, Privacy> {
        self.privacy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, locked.
    pub fn keeping(&self) -> MutexGuard<'_, Keeping> {
        self.keeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot that runs at `now`.
    pub fn slot(&self, now: Micros) -> Slot {
        self.calendar.slot(now)
    }

    /// The slot that runs, since Monday, 5 January 1970.
    pub fn wall_slot(&self, now: Micros) -> u32 {
        self.origin.map_or_else(wall_slot, |o| o + (now.0 / (300 * Micros::SECOND.0)) as u32)
    }

    /// The minute of the household's day.
    pub fn minute(&self, now: Micros) -> u16 {
        self.timezone.as_ref().map_or_else(|| self.slot(now).get() * 5, wall_minute)
    }

    /// Words on the plan, for the thread that plans.
    pub fn plan_words(&self) -> &Receiver<PlanWord> {
        &self.words.1
    }

    /// Has links numbered anew from now on.
    pub fn give_handles(&self, handles: Shuffle) {
        *self.handles.lock().unwrap_or_else(PoisonError::into_inner) = Some(handles);
    }

    /// New numbers for the links, once after each time that they were given.
    pub fn take_handles(&self) -> Option<Shuffle> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Remembers a message, and, when a slot begins, sweeps and writes. Returns what is to be told of that.
    pub fn remember(&self, privacy: &mut Privacy, message: &Message, now: Micros) -> Vec<Message> {
        let slot = self.wall_slot(now);
        let mut keeping = self.keeping();
        let mut noted = Vec::new();
        if keeping.history.slot() != Some(slot) {
            // An epoch is a day: handles of yesterday say nothing of today's.
            if keeping.history.slot().is_some_and(|before| before / 288 != slot / 288) {
                let drawn = self.random.map(|random| Shuffle::draw(&mut Drawn(random)));
                drawn.into_iter().flatten().for_each(|handles| self.give_handles(handles));
            }
            privacy.at(slot);
            noted = if keeping.history.slot().is_none() {
                keeping.open(privacy, slot)
            } else {
                keeping.on_slot(privacy, slot)
            };
        }
        if !privacy.audit().is_empty() {
            privacy.hand_over(&mut keeping.history.audit);
        }
        keeping.put(privacy, message);
        self.told(&mut keeping, noted, now)
    }

    /// Writes the store for the last time.
    pub fn finish(&self, now: Micros) {
        let mut privacy = self.privacy();
        let (slot, mut keeping) = (self.wall_slot(now), self.keeping());
        privacy.hand_over(&mut keeping.history.audit);
        if keeping.history.slot().is_some() {
            let _ = keeping.write(&privacy, slot);
        }
    }

    fn told(&self, keeping: &mut Keeping, noted: Vec<Noted>, now: Micros) -> Vec<Message> {
        let event = |(code, number): Noted| {
            keeping.note(code, number.into());
            Message::Event(gate::event(self.slot(now), code, Number::new(number.into())))
        };
        noted.into_iter().map(event).collect()
    }

    /// Does what a door asks. It is in force when this returns.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn command(&self, command: Command, now: Micros) -> Result<(Vec<Message>, Outcome), Refused> {
        let mut privacy = self.privacy();
        let was_on = privacy.switch(now.0) == Sensing::On;
        let mut outcome = Outcome::Done;
        let mut more = Vec::new();
        let (code, number) = match command {
            Command::Less(less) => privacy.set(less, now.0),
            Command::On { admin } => {
                let told = match privacy.switch(now.0) {
                    Sensing::Paused => None,
                    _ => Some(raise(&mut privacy, More::On, admin)?),
                };
                // A pause from before it went off would still hold.
                match (privacy.switch(now.0), told) {
                    (Sensing::Paused, _) | (_, None) => raise(&mut privacy, More::Resume, admin)?,
                    (_, Some(told)) => told,
                }
            }
            Command::More { what, admin } => raise(&mut privacy, what, admin)?,
            Command::Hold { on: false, admin: false } => return Err(Refused::Admin),
            Command::Hold { on, .. } => {
                let mut keeping = self.keeping();
                keeping.hold(on);
                let code = if on { EventCode::HoldOn } else { EventCode::HoldOff };
                keeping.note(code, 0);
                (code, Number::new(0))
            }
            Command::EraseAll => {
                let mut keeping = self.keeping();
                let erased = keeping.erase_all();
                outcome = Outcome::Erased(erased);
                if erased.left {
                    more = self.told(&mut keeping, vec![(EventCode::Quarantined, 0)], now);
                }
                privacy.erase(erased.before.slots)
            }
            Command::Erase(stretch) => {
                let slot = self.wall_slot(now);
                let mut keeping = self.keeping();
                let erased = keeping.erase(stretch, &privacy, slot);
                outcome = Outcome::Erased(erased);
                let number = Number::new(i64::from(erased.before.slots.saturating_sub(erased.after.slots)));
                keeping.history.note(EventCode::Erased, number);
                (EventCode::Erased, number)
            }
            Command::Plan(word) => {
                self.words.0.try_send(word).map_err(|_| Refused::Again)?;
                match word {
                    PlanWord::Pin(..) => self.noted(EventCode::Pinned, 0),
                    PlanWord::Object(n) => self.noted(EventCode::Objected, n),
                    // What becomes of the others is told by the thread that plans.
                    _ => return Ok((Vec::new(), outcome)),
                }
            }
        };
        if command == Command::Less(Less::KeepOff) || !privacy.keep() {
            let mut keeping = self.keeping();
            let noted = keeping.destroy();
            more.extend(self.told(&mut keeping, noted, now));
        }
        if was_on {
            self.meter.mark();
        }
        more.insert(0, Message::Event(gate::event(self.slot(now), code, number)));
        Ok((more, outcome))
    }

    fn noted(&self, code: EventCode, number: u16) -> (EventCode, Number) {
        self.keeping().note(code, number.into());
        (code, Number::new(number.into()))
    }

    /// The node's word about itself.
    pub fn status(&self, privacy: &Privacy, now: Micros) -> Derived<wire::Status, Lan> {
        self.status_with(privacy, &self.keeping(), now)
    }

    /// The same for who holds the lock of what is kept.
    pub fn status_with(&self, privacy: &Privacy, keeping: &Keeping, now: Micros) -> Derived<wire::Status, Lan> {
        let on = privacy.switch(now.0) == Sensing::On;
        let node = NodeStatus {
            source: match (on, self.faults.any()) {
                (false, _) => Source::Closed,
                (true, false) => Source::Open,
                (true, true) => Source::Fault,
            },
            uptime_s: now.0 / Micros::SECOND.0,
            frames_since_off: if on { 0 } else { self.meter.since_off() },
            kept: keeping.kept(privacy),
            managed_by: ManagedBy::Owner,
            budget_left: 100,
        };
        gate::status(privacy, now.0, &node)
    }
}

fn raise(privacy: &mut Privacy, what: More, admin: bool) -> Result<(EventCode, Number), Refused> {
    let confirmed = privacy.ask(what).confirm(&Shown(admin)).ok_or(Refused::Admin)?;
    privacy.raise(confirmed).map_err(|e| match e {
        StateError::LevelTooLow => Refused::Level,
        _ => Refused::Again,
    })
}

#[cfg(test)]
mod tests {
    use millpond_report::state::Pause;

    use super::*;

    fn sensing(control: &Control, now: u64) -> Sensing {
        control.status(&control.privacy(), Micros(now)).get().sensing
    }

    fn done(control: &Control, command: Command, now: u64) -> bool {
        control.command(command, Micros(now)).is_ok()
    }

    #[test]
    fn anybody_pauses_and_an_admin_resumes() {
        let control = Control::new(Privacy::new(), Calendar::default());
        assert_eq!(sensing(&control, 0), Sensing::Off);
        assert!(!done(&control, Command::On { admin: false }, 0));
        assert!(done(&control, Command::On { admin: true }, 0));
        assert_eq!(sensing(&control, 0), Sensing::On);
        assert!(done(&control, Command::Less(Less::Pause(Pause::Quarter)), 0));
        assert_eq!(sensing(&control, 0), Sensing::Paused);
        assert_eq!(sensing(&control, 15 * 60_000_000), Sensing::On, "a pause ends by itself");
        assert!(done(&control, Command::On { admin: true }, 1));
        assert_eq!(sensing(&control, 1), Sensing::On);
        assert!(done(&control, Command::Less(Less::Off), 1));
        assert_eq!(sensing(&control, 1), Sensing::Off);
    }

    #[test]
    fn links_get_new_numbers_each_day() {
        fn counted(bytes: &mut [u8]) -> std::io::Result<()> {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            bytes.copy_from_slice(&NEXT.fetch_add(0x9e37_79b9, Ordering::Relaxed).to_be_bytes());
            Ok(())
        }
        let control = Control::new(Privacy::new(), Calendar::default()).with_days(TimeZone::utc(), counted);
        let at = |slots: u64| {
            let (now, mut privacy) = (Micros(slots * 300 * Micros::SECOND.0), control.privacy());
            let status = Message::Status(control.status(&privacy, now));
            control.remember(&mut privacy, &status, now);
            control.take_handles().is_some()
        };
        let new: Vec<u64> = (0..600).filter(|slot| at(*slot)).collect();
        assert_eq!(new, [288, 576], "with the first slot of each day but the first, once");
    }

    #[test]
    fn a_frame_after_off_would_show() {
        let control = Control::new(Privacy::new(), Calendar::default());
        assert!(done(&control, Command::On { admin: true }, 0));
        control.meter.count();
        assert!(done(&control, Command::Less(Less::Off), 1));
        let since = |c: &Control| c.status(&c.privacy(), Micros(2)).get().frames_since_off.get();
        assert_eq!(since(&control), 0);
        control.meter.count();
        assert_eq!(since(&control), 1);
    }

    #[test]
    fn a_hold_is_for_everybody_and_its_end_for_an_admin() {
        let control = Control::new(Privacy::new(), Calendar::default());
        assert!(done(&control, Command::Hold { on: true, admin: false }, 0));
        assert!(!done(&control, Command::Hold { on: false, admin: false }, 0) && control.keeping().held());
        assert!(done(&control, Command::Hold { on: false, admin: true }, 0) && !control.keeping().held());
        assert!(!done(&control, Command::More { what: More::KeepOn, admin: false }, 0));
    }
}
