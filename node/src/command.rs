//! What the household may ask of a running node, whichever door it came through, and what it gets to see.
//!
//! A door (page, control socket, MQTT) checks who asks and makes a [`Command`]; the runtime carries it out before it answers.

use std::convert::Infallible;

use millpond_report::consent::Consents;
use millpond_report::sink::{Door, LanDoor, Port, Wired};
use millpond_report::state::{Less, More, Settings};
use millpond_report::wire::range::Band;
use millpond_report::wire::{Day, Event, Kind, Month, Status};

use crate::net::BrokerState;
use crate::store::{Erased, Stretch};

/// Something to do. What takes an admin says whether the door has seen the admin's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Less exposure, at once.
    Less(Less),
    /// More exposure; the admin has read what becomes possible.
    More {
        /// Which.
        what: More,
        /// The admin's key was shown.
        admin: bool,
    },
    /// Sensing on, or the end of a pause.
    On {
        /// The admin's key was shown.
        admin: bool,
    },
    /// History on hold, or back in use; the latter takes an admin.
    Hold {
        /// On hold?
        on: bool,
        /// The admin's key was shown.
        admin: bool,
    },
    /// Forget everything: rings, store, audit, decisions, the installation's number.
    EraseAll,
    /// Forget a stretch of the rings.
    Erase(Stretch),
    /// A word on the plan.
    Plan(PlanWord),
}

/// A household's word on plans and changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanWord {
    /// Plan at once.
    Now,
    /// Carry a decision out: the answer to a node that asks.
    Apply(u16),
    /// Take a decision back.
    Undo(u16),
    /// Leave a radio as it is.
    Pin(u8, Band),
    /// Let the plan move a pinned radio again.
    Unpin(u8, Band),
    /// Never again what a decision chose.
    Object(u16),
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in force.
    Done,
    /// What was erased, and what was found on looking again.
    Erased(Erased),
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It takes the admin's key.
    Admin,
    /// The level in force does not allow it.
    Level,
    /// Something changed meanwhile: ask again.
    Again,
    /// This run has no such thing: a demo has no store and no radio.
    NotHere,
}

/// What the household may look at, as of now. Messages came through the door that asked.
#[derive(Default)]
pub struct Look {
    /// The node's word about itself.
    pub status: Option<Status>,
    /// The last 24 hours: what is known.
    pub days: Vec<Day>,
    /// The last 30 days: what is known.
    pub months: Vec<Month>,
    /// Who changed what, oldest first, with the slot since Monday, 5 January 1970 where it is known.
    pub audit: Vec<Event>,
    /// The slots of `audit`.
    pub audit_at: Vec<Option<u32>>,
    /// The slot that runs, counted likewise.
    pub slot: u32,
    /// The settings in force.
    pub settings: Option<Settings>,
    /// Who agreed to what.
    pub consents: Option<Consents>,
    /// History is on hold: it is there and not shown.
    pub held: bool,
    /// The store cannot be written.
    pub failing: bool,
    /// How the connection to the broker is.
    pub broker: BrokerState,
    /// Sources that are lost, by number from 1.
    pub lost_sources: Vec<u8>,
}

impl Port for Look {
    type Error = Infallible;

    fn put(&mut self, message: &Wired<'_>) -> Result<(), Infallible> {
        match message.kind() {
            Kind::Status => self.status = message.read::<Status>(),
            Kind::Day => self.days.extend(message.read::<Day>()),
            Kind::Month => self.months.extend(message.read::<Month>()),
            Kind::Event => self.audit.extend(message.read::<Event>()),
            _ => {}
        }
        Ok(())
    }
}

/// The node behind a door.
pub trait House: Send + Sync {
    /// Carries a command out; it is in force when this returns.
    ///
    /// # Errors
    /// Why nothing was changed.
    fn command(&self, command: Command) -> Result<Outcome, Refused>;

    /// Shows history and settings through a door. With `history`, that it was read is noted.
    fn look(&self, door: LanDoor, history: bool) -> Look;

    /// The messages that a step to more would make possible, each with its door.
    fn possible(&self, what: More) -> Vec<(Door, Kind)>;

    /// Notes that a door refused somebody.
    fn refused(&self) {}

    /// Notes that history was exported.
    fn exported(&self) {}

    /// Takes back what an export held of the rings: never more exposure. Returns how many cells were new.
    ///
    /// # Errors
    /// This run keeps no history.
    fn import(&self, _days: &[(u32, Day)], _months: &[(u32, Month)]) -> Result<u32, Refused> {
        Err(Refused::NotHere)
    }

    /// The address that other programs at home know this installation by.
    fn install(&self) -> u64 {
        0
    }
}
