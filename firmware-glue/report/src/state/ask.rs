//! Steps to less and to more exposure; for the latter the question to an admin, and the answer.

use crate::sink::{Door, LanDoor};
use crate::wire::Kind;
use crate::wire::range::{Level, ZoneId};

/// For how long sensing pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// 15 minutes.
    Quarter,
    /// One hour.
    Hour,
    /// Until an admin resumes.
    UntilResumed,
}

/// A step to less exposure. Anybody may take it, at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Less {
    /// A lower level. A higher one than is in force changes nothing.
    Level(Level),
    /// Sensing off.
    Off,
    /// Sensing off in one zone.
    ZoneOff(ZoneId),
    /// Sensing paused. A shorter pause than is in force changes nothing.
    Pause(Pause),
    /// No weekly report.
    WeeklyOff,
    /// Nothing is kept across restarts.
    KeepOff,
}

/// A step to more exposure. It takes an [`AdminConfirmed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// A higher level.
    Level(Level),
    /// Sensing on.
    On,
    /// Sensing on in one zone.
    ZoneOn(ZoneId),
    /// The end of a pause.
    Resume,
    /// The weekly report.
    WeeklyOn,
    /// History kept across restarts.
    KeepOn,
}

/// Somebody who may raise: the node's session of a logged-in admin, or the host program of the C library.
pub trait Admin {
    /// True if this is an admin now.
    fn is_admin(&self) -> bool;
    /// Which admin account this is, as the node numbers them, for the record of the consent. Never a name.
    fn account(&self) -> u8 {
        0
    }
}

/// A question to the admin. Show [`becomes_possible`](Self::becomes_possible), then [`confirm`](Self::confirm).
#[must_use = "a question that is not confirmed changes nothing"]
pub struct Ask {
    pub(super) what: More,
    pub(super) from: Level,
    pub(super) instance: u64,
    pub(super) era: u32,
}

impl Ask {
    /// What is asked for.
    pub const fn what(&self) -> More {
        self.what
    }

    /// The messages that become possible, each with the door through which it could go.
    pub fn becomes_possible(&self) -> impl Iterator<Item = (Door, Kind)> {
        let (from, what) = (self.from, self.what);
        let pairs = Door::ALL.iter().flat_map(|d| Kind::ALL.iter().map(move |k| (*d, *k)));
        pairs.filter(move |(door, kind)| match what {
            More::Level(to) => door.carries(*kind, to) && !door.carries(*kind, from) && *kind != Kind::Weekly,
            More::On | More::ZoneOn(_) | More::Resume => door.carries(*kind, from) && kind.is_sensed(),
            More::WeeklyOn => *kind == Kind::Weekly && door.carries(*kind, from),
            More::KeepOn => *door == Door::Lan(LanDoor::Store) && door.carries(*kind, from),
        })
    }

    /// The admin has read the list and says yes. `None` if this is no admin.
    pub fn confirm(self, admin: &dyn Admin) -> Option<AdminConfirmed> {
        let Self { what, instance, era, .. } = self;
        admin.is_admin().then(|| AdminConfirmed { what, account: admin.account(), instance, era })
    }
}

/// Proof that an admin saw what would become possible and agreed. Made by [`Ask::confirm`] only, used once, and by the state
/// that was asked.
pub struct AdminConfirmed {
    pub(super) what: More,
    pub(super) account: u8,
    pub(super) instance: u64,
    pub(super) era: u32,
}

impl AdminConfirmed {
    pub(crate) const fn what(&self) -> More {
        self.what
    }
}
