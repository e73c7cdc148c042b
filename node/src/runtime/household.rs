//! The node as its doors see it: carries commands out, writes the settings down, and shows what may be seen.

use std::sync::{Arc, Mutex, PoisonError};

use millpond_report::EventCode;
use millpond_report::gate;
use millpond_report::handle::Shuffle;
use millpond_report::sink::{Door, LanDoor};
use millpond_report::state::More;
use millpond_report::wire::range::{Day as DayNumber, Hour, Level, Number, Slot, ZoneId};
use millpond_report::wire::{Day, Kind, Month};

use super::control::Drawn;
use super::{Clock, Control};
use crate::command::{Command, House, Look, Outcome, Refused};
use crate::message::Message;
use crate::sinks::Board;
use crate::store::{Draw, Folder, Record};

/// Opens and closes what a level has or has not; in force when it returns.
pub type Adjust = Box<dyn Fn(Level) + Send + Sync>;

/// The folder that settings are written to, and the installation's number.
struct Written {
    folder: Folder,
    draw: Draw,
    install: u64,
}

/// One node, for any number of doors.
pub struct Household {
    control: Arc<Control>,
    clock: Clock,
    board: Arc<Mutex<Board>>,
    written: Option<Mutex<Written>>,
    adjust: Mutex<Option<Adjust>>,
}

impl Household {
    /// A node that writes nothing down.
    pub fn new(control: Arc<Control>, clock: Clock, board: Arc<Mutex<Board>>) -> Self {
        Self { control, clock, board, written: None, adjust: Mutex::new(None) }
    }

    /// The same with a folder for its settings. `install` is what was written there before.
    #[must_use]
    pub fn with_folder(self, folder: Folder, draw: Draw, install: Option<u64>) -> Self {
        let written = Written { install: install.unwrap_or_else(|| drawn(draw)), folder, draw };
        let all = Self { written: Some(Mutex::new(written)), ..self };
        all.write_down(false);
        all
    }

    /// What to do when the level changes. The level in force is adjusted to at once.
    pub fn on_level(&self, adjust: Adjust) {
        adjust(self.control.privacy().level());
        *self.adjust.lock().unwrap_or_else(PoisonError::into_inner) = Some(adjust);
    }

    /// Loads what was kept and says the first status, before any door opens.
    pub fn begin(&self) {
        let now = self.clock.now();
        let mut privacy = self.control.privacy();
        let status = Message::Status(self.control.status(&privacy, now));
        let mut messages = self.control.remember(&mut privacy, &status, now);
        drop(privacy);
        let decisions: Vec<_> = self.control.keeping().history.decisions().copied().collect();
        self.board.lock().unwrap_or_else(PoisonError::into_inner).decisions = decisions;
        messages.push(status);
        self.tell(&messages);
    }

    /// A full disk is no reason not to obey; the next change tries again.
    fn write_down(&self, new_install: bool) {
        let Some(written) = &self.written else { return };
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if new_install {
            written.install = drawn(written.draw);
        }
        let privacy = self.control.privacy();
        let record = Record {
            settings: privacy.settings(self.clock.now().0),
            hold: self.control.keeping().held(),
            install: Some(written.install),
            consents: *privacy.consents(),
        };
        drop(privacy);
        let _ = written.folder.write_settings(&record);
    }

    fn tell(&self, messages: &[Message]) {
        let privacy = self.control.privacy();
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            if let Some(mut sink) = privacy.lan(LanDoor::Page, &mut *board) {
                let _ = message.send(&mut sink);
            }
        }
    }
}

/// Without a generator there is no number, and what needs one does not start.
fn drawn(draw: Draw) -> u64 {
    let mut bytes = [0; 8];
    draw(&mut bytes).map_or(0, |()| u64::from_be_bytes(bytes))
}

impl House for Household {
    fn command(&self, command: Command) -> Result<Outcome, Refused> {
        let now = self.clock.now();
        if matches!(command, Command::More { what: More::KeepOn, .. }) && self.written.is_none() {
            return Err(Refused::NotHere);
        }
        let before = self.control.privacy().level();
        let (mut messages, outcome) = self.control.command(command, now)?;
        let mut privacy = self.control.privacy();
        // The audit is whole before anybody can read it.
        let status = Message::Status(self.control.status(&privacy, now));
        messages.push(status);
        let told = self.control.remember(&mut privacy, &status, now);
        let level = privacy.level();
        drop(privacy);
        messages.extend(told);
        if command == Command::EraseAll {
            let draw = self.written.as_ref().map(|w| w.lock().unwrap_or_else(PoisonError::into_inner).draw);
            if let Some(Ok(handles)) = draw.map(|draw| Shuffle::draw(&mut Drawn(draw))) {
                self.control.give_handles(handles);
            }
            self.board.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.tell(&messages);
        self.write_down(command == Command::EraseAll);
        if level != before || command == Command::EraseAll {
            if let Some(adjust) = &*self.adjust.lock().unwrap_or_else(PoisonError::into_inner) {
                // The level of this moment: with two changes at once, the later call must not open what the other closed.
                adjust(self.control.privacy().level());
            }
        }
        Ok(outcome)
    }

    fn look(&self, door: LanDoor, history: bool) -> Look {
        let now = self.clock.now();
        let mut look = Look::default();
        let privacy = self.control.privacy();
        let mut keeping = self.control.keeping();
        look.slot = self.control.wall_slot(now);
        look.settings = Some(privacy.settings(now.0));
        look.consents = Some(*privacy.consents());
        (look.held, look.failing) = (keeping.held(), keeping.failing());
        look.lost_sources = self.control.faults.list();
        look.broker = self.control.broker.get();
        if history && !look.held {
            keeping.note(EventCode::HistoryRead, 0);
        }
        let audit = &keeping.history.audit;
        look.audit_at = audit.iter().map(millpond_report::audit::Entry::at).collect();
        let status = self.control.status_with(&privacy, &keeping, now);
        let Some(mut sink) = privacy.lan(door, &mut look) else { return Look::default() };
        let _ = sink.send(&status);
        for entry in audit.iter() {
            let _ = sink.send(&gate::audited(entry));
        }
        if history && !keeping.held() {
            let rings = &keeping.history;
            for zone in (1..=16).map(ZoneId::new) {
                for slot in (0..288).map(Slot::new) {
                    let day = gate::day(&rings.day, zone, slot);
                    if day.get().level.is_some() {
                        let _ = sink.send(&day);
                    }
                }
                for (day, hour) in (0..30).flat_map(|d| (0..24).map(move |h| (d, h))) {
                    let month = gate::month(&rings.month, zone, DayNumber::new(day), Hour::new(hour));
                    if month.get().active.is_some() {
                        let _ = sink.send(&month);
                    }
                }
            }
        }
        look
    }

    fn possible(&self, what: More) -> Vec<(Door, Kind)> {
        self.control.privacy().ask(what).becomes_possible().collect()
    }

    fn refused(&self) {
        let now = self.clock.now();
        let event = gate::event(self.control.slot(now), EventCode::Refused, Number::new(0));
        self.control.keeping().note(EventCode::Refused, 0);
        self.tell(&[Message::Event(event)]);
    }

    fn exported(&self) {
        self.control.keeping().note(EventCode::Exported, 0);
    }

    fn import(&self, days: &[(u32, Day)], months: &[(u32, Month)]) -> Result<u32, Refused> {
        let mut keeping = self.control.keeping();
        if keeping.held() {
            return Err(Refused::Again);
        }
        let before = keeping.history.count();
        for (slot, day) in days {
            day.level.into_iter().for_each(|level| keeping.history.day.put_back(day.zone, *slot, level));
        }
        for (slot, month) in months {
            month.active.into_iter().for_each(|active| keeping.history.month.put_back(month.zone, *slot, active));
        }
        let after = keeping.history.count();
        let new = after.slots - before.slots + after.hours - before.hours;
        keeping.note(EventCode::Imported, new.into());
        Ok(new)
    }

    fn install(&self) -> u64 {
        let install = |w: &Mutex<Written>| w.lock().unwrap_or_else(PoisonError::into_inner).install;
        self.written.as_ref().map_or(0, install)
    }
}
