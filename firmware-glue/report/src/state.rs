//! What the household has agreed to: level, sensing switch, pause, consents. Lowering needs nothing; raising needs an
//! admin's word on a list of the messages that become possible.
//!
//! Time is an argument: microseconds of one monotonic clock, as on the frames.

use crate::EventCode;
use crate::sink::{Door, LanDoor, Port, Sink, WanDoor};
use crate::wire::range::{Level, Number, Sensing, ZoneId};
use crate::wire::{Kind, Lan, Wan};

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

/// When a pause ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PauseEnd {
    AtUs(u64),
    Never,
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
}

/// A question to the admin. Show [`becomes_possible`](Self::becomes_possible), then [`confirm`](Self::confirm).
#[must_use = "a question that is not confirmed changes nothing"]
pub struct Ask {
    what: More,
    from: Level,
    era: u32,
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
        admin.is_admin().then_some(AdminConfirmed { what: self.what, era: self.era })
    }
}

/// Proof that an admin saw what would become possible and agreed. Made by [`Ask::confirm`] only, used once.
pub struct AdminConfirmed {
    what: More,
    era: u32,
}

impl AdminConfirmed {
    pub(crate) const fn what(&self) -> More {
        self.what
    }
}

/// Why a raise was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// Something changed since the question was asked: ask again.
    Stale,
    /// Sensing cannot be switched on at level 0: raise the level first.
    LevelTooLow,
}

impl core::fmt::Display for StateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Stale => "the settings changed since the question was asked: ask again",
            Self::LevelTooLow => "the level in force does not allow this: raise the level first",
        })
    }
}

impl core::error::Error for StateError {}

/// The settings as a file or a backup holds them. All public: they are class H, and shown to everybody at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Level.
    pub level: Level,
    /// The sensing switch.
    pub on: bool,
    /// Seconds that a pause still lasts; 0 none, `u32::MAX` until resumed.
    pub pause_s: u32,
    /// Zones that are switched off, zone 1 in bit 0.
    pub zones_off: u16,
    /// Consent to the weekly report.
    pub weekly: bool,
    /// History kept across restarts.
    pub keep: bool,
}

impl Settings {
    /// What a new installation has: level 1, sensing off, all else off.
    pub const DEFAULT: Self =
        Self { level: Level::Local, on: false, pause_s: 0, zones_off: 0, weekly: false, keep: false };

    /// True if any part is more exposed than in `other`.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.level > other.level
            || self.on && !other.on
            || self.pause_s < other.pause_s
            || other.zones_off & !self.zones_off != 0
            || self.weekly && !other.weekly
            || self.keep && !other.keep
    }

    /// The less exposed of each part.
    pub fn least(&self, other: &Self) -> Self {
        Self {
            level: self.level.min(other.level),
            on: self.on && other.on,
            pause_s: self.pause_s.max(other.pause_s),
            zones_off: self.zones_off | other.zones_off,
            weekly: self.weekly && other.weekly,
            keep: self.keep && other.keep,
        }
    }
}

/// The state in force. There is one in a node; it is not `Clone`, so that *off* is off for everybody.
///
/// Permits and sinks borrow it. A change needs it exclusively, so none of them can outlive a change; with several
/// threads they are made under the lock of this state and held for one frame at most.
pub struct Privacy {
    level: Level,
    on: bool,
    pause: Option<PauseEnd>,
    zones_off: u16,
    weekly: bool,
    keep: bool,
    era: u32,
}

impl Privacy {
    /// A new installation: [`Settings::DEFAULT`].
    pub const fn new() -> Self {
        Self { level: Level::Local, on: false, pause: None, zones_off: 0, weekly: false, keep: false, era: 0 }
    }

    /// The state as the node itself last wrote it down, at start. A file that a person edits is not that: see
    /// [`import`](Self::import). A pause starts its remaining time anew.
    pub fn restore(stored: &Settings, now_us: u64) -> Self {
        let pause = match stored.pause_s {
            0 => None,
            u32::MAX => Some(PauseEnd::Never),
            s => Some(PauseEnd::AtUs(now_us.saturating_add(u64::from(s) * 1_000_000))),
        };
        let on = stored.on && stored.level > Level::Quiet;
        let weekly = stored.weekly && stored.level == Level::Managed;
        Self { level: stored.level, on, pause, zones_off: stored.zones_off, weekly, keep: stored.keep, era: 0 }
    }

    /// The settings to write down.
    pub fn settings(&self, now_us: u64) -> Settings {
        let pause_s = match self.pause {
            None => 0,
            Some(PauseEnd::Never) => u32::MAX,
            Some(PauseEnd::AtUs(end)) => {
                let left = end.saturating_sub(now_us).div_ceil(1_000_000);
                u32::try_from(left).unwrap_or(u32::MAX - 1)
            }
        };
        let Self { level, on, zones_off, weekly, keep, .. } = *self;
        Settings { level, on, pause_s, zones_off, weekly, keep }
    }

    /// Takes over an edited file, a backup or an upgrade's settings: only what lowers. True if something was left out
    /// that an admin would have to confirm.
    pub fn import(&mut self, wanted: &Settings, now_us: u64) -> bool {
        let now = self.settings(now_us);
        let era = self.era;
        *self = Self { era: era.wrapping_add(1), ..Self::restore(&now.least(wanted), now_us) };
        wanted.exceeds(&now)
    }

    /// Level in force.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The switch as it stands at `now_us`.
    pub fn switch(&self, now_us: u64) -> Sensing {
        let paused = match self.pause {
            Some(PauseEnd::Never) => true,
            Some(PauseEnd::AtUs(end)) => now_us < end,
            None => false,
        };
        match (self.on, paused) {
            (false, _) => Sensing::Off,
            (true, true) => Sensing::Paused,
            (true, false) => Sensing::On,
        }
    }

    /// True if the weekly report has a consent in force.
    pub fn weekly(&self) -> bool {
        self.weekly && self.level == Level::Managed
    }

    /// True if history may be kept across restarts.
    pub const fn keep(&self) -> bool {
        self.keep
    }

    /// Steps to less exposure, at once. Returns what belongs into the audit.
    pub fn set(&mut self, less: Less, now_us: u64) -> (EventCode, Number) {
        self.era = self.era.wrapping_add(1);
        let (code, number) = match less {
            Less::Level(level) => {
                self.level = self.level.min(level);
                self.on &= self.level > Level::Quiet;
                self.weekly &= self.level == Level::Managed;
                (EventCode::LevelLowered, self.level as i64)
            }
            Less::Off => {
                self.on = false;
                (EventCode::SensingOff, 0)
            }
            Less::ZoneOff(zone) => {
                self.zones_off |= bit(zone);
                (EventCode::ZoneOff, zone.get().into())
            }
            Less::Pause(pause) => {
                let minutes = match pause {
                    Pause::Quarter => 15,
                    Pause::Hour => 60,
                    Pause::UntilResumed => 0,
                };
                let end = match pause {
                    Pause::UntilResumed => PauseEnd::Never,
                    _ => PauseEnd::AtUs(now_us.saturating_add(minutes * 60_000_000)),
                };
                self.pause = self.pause.max(Some(end));
                (EventCode::Paused, minutes as i64)
            }
            Less::WeeklyOff => {
                self.weekly = false;
                (EventCode::WeeklyOff, 0)
            }
            Less::KeepOff => {
                self.keep = false;
                (EventCode::KeepOff, 0)
            }
        };
        (code, Number::new(number))
    }

    /// Puts the question for a step to more exposure.
    pub const fn ask(&self, what: More) -> Ask {
        Ask { what, from: self.level, era: self.era }
    }

    /// Steps to more exposure. Returns what belongs into the audit.
    ///
    /// - Errors: [`StateError::Stale`] if anything changed since the question, [`StateError::LevelTooLow`]
    pub fn raise(&mut self, confirmed: AdminConfirmed) -> Result<(EventCode, Number), StateError> {
        if confirmed.era != self.era {
            return Err(StateError::Stale);
        }
        let (code, number) = match confirmed.what {
            More::Level(level) => {
                self.level = self.level.max(level);
                (EventCode::LevelRaised, self.level as i64)
            }
            More::On if self.level == Level::Quiet => return Err(StateError::LevelTooLow),
            More::On => {
                self.on = true;
                (EventCode::SensingOn, 0)
            }
            More::ZoneOn(zone) => {
                self.zones_off &= !bit(zone);
                (EventCode::ZoneOn, zone.get().into())
            }
            More::Resume => {
                self.pause = None;
                (EventCode::Resumed, 0)
            }
            More::WeeklyOn if self.level < Level::Managed => return Err(StateError::LevelTooLow),
            More::WeeklyOn => {
                self.weekly = true;
                (EventCode::WeeklyOn, 0)
            }
            More::KeepOn => {
                self.keep = true;
                (EventCode::KeepOn, 0)
            }
        };
        self.era = self.era.wrapping_add(1);
        Ok((code, Number::new(number)))
    }

    /// Leave to look at the sensing air while sensing is on, or proof that it is not.
    pub fn sensing(&self, now_us: u64) -> Result<SensingPermit<'_>, Silent<'_>> {
        match self.switch(now_us) {
            Sensing::On => Ok(SensingPermit(self)),
            _ => Err(Silent(self)),
        }
    }

    /// Leave to make a snapshot for the operator: at level 3 only.
    pub fn managed(&self) -> Option<ManagedPermit<'_>> {
        (self.level == Level::Managed).then_some(ManagedPermit(self))
    }

    /// A sink within the home, if the level in force has that door.
    pub fn lan<'s, P: Port>(&'s self, door: LanDoor, port: &'s mut P) -> Option<Sink<'s, Lan, P>> {
        let open = Door::Lan(door).is_open(self.level) && (door != LanDoor::Store || self.keep);
        open.then(|| Sink::new(self.level, Door::Lan(door), port))
    }

    /// A sink beyond the home, if level and consents have that door.
    pub fn wan<'s, P: Port>(&'s self, door: WanDoor, port: &'s mut P) -> Option<Sink<'s, Wan, P>> {
        let open = Door::Wan(door).is_open(self.level) && (door != WanDoor::Weekly || self.weekly());
        open.then(|| Sink::new(self.level, Door::Wan(door), port))
    }
}

impl Default for Privacy {
    fn default() -> Self {
        Self::new()
    }
}

const fn bit(zone: ZoneId) -> u16 {
    1u16.wrapping_shl((zone.get() as u32).wrapping_sub(1))
}

/// Leave to look at the sensing air, for one frame. It borrows the state, so that *off* waits for nobody.
pub struct SensingPermit<'s>(&'s Privacy);

impl SensingPermit<'_> {
    /// Whether sensing is on in a zone.
    pub const fn covers(&self, zone: ZoneId) -> bool {
        self.0.zones_off & bit(zone) == 0
    }
}

/// Proof that sensing is off or paused.
pub struct Silent<'s>(&'s Privacy);

impl Silent<'_> {
    /// Off, or paused?
    pub const fn paused(&self) -> bool {
        self.0.on
    }
}

/// Leave to make a snapshot.
pub struct ManagedPermit<'s>(#[expect(dead_code, reason = "held for its borrow")] &'s Privacy);

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) struct Host(pub bool);

    impl Admin for Host {
        fn is_admin(&self) -> bool {
            self.0
        }
    }

    pub(crate) fn raise(privacy: &mut Privacy, what: More) {
        let yes = privacy.ask(what).confirm(&Host(true)).unwrap();
        privacy.raise(yes).unwrap();
    }

    pub(crate) fn on() -> Privacy {
        let mut privacy = Privacy::new();
        raise(&mut privacy, More::On);
        privacy
    }

    pub(crate) fn at_level(level: Level) -> Privacy {
        let mut privacy = Privacy::new();
        privacy.set(Less::Level(level), 0);
        raise(&mut privacy, More::Level(level));
        privacy
    }

    const SECOND: u64 = 1_000_000;

    #[test]
    fn a_new_node_is_local_and_off() {
        let privacy = Privacy::new();
        assert_eq!(privacy.settings(0), Settings::DEFAULT);
        assert!(privacy.sensing(0).is_err() && privacy.managed().is_none());
    }

    #[test]
    fn raising_takes_an_admin_and_a_fresh_question() {
        let mut privacy = Privacy::new();
        assert!(privacy.ask(More::On).confirm(&Host(false)).is_none());
        let stale = privacy.ask(More::Level(Level::Home)).confirm(&Host(true)).unwrap();
        let fresh = privacy.ask(More::On).confirm(&Host(true)).unwrap();
        assert_eq!(privacy.raise(fresh), Ok((EventCode::SensingOn, Number::new(0))));
        assert_eq!(privacy.raise(stale), Err(StateError::Stale));
        assert_eq!(privacy.level(), Level::Local);
    }

    #[test]
    fn quiet_has_no_sensing() {
        let mut privacy = on();
        privacy.set(Less::Level(Level::Quiet), 0);
        assert_eq!(privacy.switch(0), Sensing::Off);
        let yes = privacy.ask(More::On).confirm(&Host(true)).unwrap();
        assert_eq!(privacy.raise(yes), Err(StateError::LevelTooLow));
    }

    #[test]
    fn a_pause_ends_by_time_or_admin_and_never_gets_shorter() {
        let mut privacy = on();
        privacy.set(Less::Pause(Pause::Hour), 0);
        privacy.set(Less::Pause(Pause::Quarter), 0);
        assert_eq!(privacy.switch(3599 * SECOND), Sensing::Paused);
        assert_eq!(privacy.switch(3600 * SECOND), Sensing::On);
        privacy.set(Less::Pause(Pause::UntilResumed), 0);
        privacy.set(Less::Pause(Pause::Hour), 0);
        assert_eq!(privacy.switch(u64::MAX), Sensing::Paused);
        raise(&mut privacy, More::Resume);
        assert_eq!(privacy.switch(0), Sensing::On);
    }

    #[test]
    fn a_restart_keeps_the_pause() {
        let mut privacy = on();
        privacy.set(Less::Pause(Pause::Hour), 5 * SECOND);
        let stored = privacy.settings(605 * SECOND);
        assert_eq!(stored.pause_s, 3000);
        let after = Privacy::restore(&stored, 9 * SECOND);
        assert_eq!(after.switch(3008 * SECOND), Sensing::Paused);
        assert_eq!(after.switch(3009 * SECOND), Sensing::On);
    }

    #[test]
    fn a_file_never_raises() {
        let most = Settings { level: Level::Managed, on: true, weekly: true, keep: true, ..Settings::DEFAULT };
        let mut privacy = Privacy::new();
        assert!(privacy.import(&most, 0));
        assert_eq!(privacy.settings(0), Settings::DEFAULT);
        let mut privacy = Privacy::restore(&most, 0);
        let least = Settings { level: Level::Quiet, pause_s: 60, zones_off: 4, ..Settings::DEFAULT };
        assert!(!privacy.import(&least, 0));
        assert_eq!(privacy.settings(0), least);
    }

    #[test]
    fn lowering_withdraws_what_stands_on_it() {
        let mut privacy = at_level(Level::Managed);
        raise(&mut privacy, More::WeeklyOn);
        assert!(privacy.weekly());
        privacy.set(Less::Level(Level::Home), 0);
        raise(&mut privacy, More::Level(Level::Managed));
        assert!(!privacy.weekly(), "consent does not come back with the level");
    }

    #[test]
    fn a_question_lists_what_becomes_possible() {
        let privacy = at_level(Level::Home);
        let list: std::vec::Vec<_> = privacy.ask(More::Level(Level::Managed)).becomes_possible().collect();
        assert_eq!(list, [(Door::Wan(WanDoor::Snapshot), Kind::Snapshot)]);
        let list: std::vec::Vec<_> = Privacy::new().ask(More::Level(Level::Home)).becomes_possible().collect();
        assert_eq!(list.len(), 3 * 8);
        let list: std::vec::Vec<_> = at_level(Level::Managed).ask(More::WeeklyOn).becomes_possible().collect();
        assert_eq!(list, [(Door::Wan(WanDoor::Weekly), Kind::Weekly)]);
    }
}
