//! What the household has agreed to: level, sensing switch, pause, consents. Lowering needs nothing; raising needs an
//! admin's word on a list of the messages that become possible.
//!
//! Time is an argument: microseconds of one monotonic clock, as on the frames.

use crate::EventCode;
use crate::audit::Audit;
use crate::consent::Consents;
use crate::sink::{Door, LanDoor, Port, Sink, WanDoor};
use crate::wire::range::{Level, Number, Sensing, ZoneId};
use crate::wire::{Lan, Wan};

pub(crate) mod ask;
mod settings;

pub use ask::{Admin, AdminConfirmed, Ask, Less, More, Pause};
pub use settings::Settings;

/// When a pause ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PauseEnd {
    AtUs(u64),
    Never,
}

/// Why a raise was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// Something changed since the question was asked: ask again.
    Stale,
    /// The question was put by another node, or by this one before a restart.
    Foreign,
    /// The level in force has no sensing, no store or no weekly report: raise the level first.
    LevelTooLow,
}

impl core::fmt::Display for StateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Foreign => "the question came from another node or from before a restart: ask again",
            Self::Stale => "the settings changed since the question was asked: ask again",
            Self::LevelTooLow => "the level in force does not allow this: raise the level first",
        })
    }
}

impl core::error::Error for StateError {}

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
    instance: u64,
    slot: Option<u32>,
    consents: Consents,
    audit: Audit<POCKET>,
}

/// Changes that [`Privacy`] itself remembers until a node takes them over.
pub const POCKET: usize = 16;

impl Privacy {
    /// A new installation: [`Settings::DEFAULT`].
    pub const fn new() -> Self {
        Self {
            level: Level::Local,
            on: false,
            pause: None,
            zones_off: 0,
            weekly: false,
            keep: false,
            era: 0,
            instance: 0,
            slot: None,
            consents: Consents::NONE,
            audit: Audit::new(),
        }
    }

    /// The same state under a number of its own: 64 random bits, drawn at start. An admin's word to a state with another
    /// number is refused. Without one the number is 0, which tells two such states in one process apart by nothing.
    #[must_use]
    pub fn for_instance(self, instance: u64) -> Self {
        Self { instance, ..self }
    }

    /// The same state with the records of consent that were stored.
    #[must_use]
    pub fn with_consents(self, consents: Consents) -> Self {
        Self { consents, ..self }
    }

    /// Tells the wall clock, in slots since Monday, 5 January 1970: once a slot. The records of consent and the audit
    /// bear it; where nobody tells it, their time is unknown. What was withdrawn 90 days ago is forgotten.
    pub fn at(&mut self, slot: u32) {
        // The greatest number stands for an unknown time in the records.
        self.slot = Some(slot.min(u32::MAX - 1));
        self.audit.advance(slot);
        self.consents.advance(slot.min(u32::MAX - 1), self.audit.hidden());
    }

    /// Who agreed to what, and when.
    pub const fn consents(&self) -> &Consents {
        &self.consents
    }

    /// The last changes of this state, oldest first. [`gate::audited`](crate::gate::audited) makes messages of them.
    pub const fn audit(&self) -> &Audit<POCKET> {
        &self.audit
    }

    /// Moves the last changes into a long audit. Returns how many there were.
    pub fn hand_over<const N: usize>(&mut self, long: &mut Audit<N>) -> usize {
        long.take(&mut self.audit)
    }

    /// Forgets the past: every entry of the audit, and every consent that was withdrawn. A consent in force stays, since what
    /// it allows stays. Says so in one new entry, with the number of slots of history that the node erased.
    ///
    /// The node erases its rings, its store and its long audit ([`Audit::clear`]) in the same step, and takes a new
    /// number ([`for_instance`](Self::for_instance)) and new handles.
    pub fn erase(&mut self, slots: u32) -> (EventCode, Number) {
        self.audit.clear();
        self.consents.forget_withdrawn();
        self.era = self.era.wrapping_add(1);
        self.noted(EventCode::Erased, slots.into())
    }

    fn noted(&mut self, code: EventCode, number: i64) -> (EventCode, Number) {
        let number = Number::new(number);
        self.audit.note(code, number);
        (code, number)
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
        let keep = stored.keep && stored.level > Level::Quiet;
        let Settings { level, zones_off, .. } = *stored;
        Self { level, on, pause, zones_off, weekly, keep, ..Self::new() }
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
        let least = now.least(wanted);
        let Self { level, on, pause, zones_off, weekly, keep, .. } = Self::restore(&least, now_us);
        (self.level, self.on, self.pause, self.zones_off) = (level, on, pause, zones_off);
        (self.weekly, self.keep, self.era) = (weekly, keep, self.era.wrapping_add(1));
        let lowered = [
            (least.level < now.level, Less::Level(least.level)),
            (!self.on && now.on, Less::Off),
            (!self.weekly && now.weekly, Less::WeeklyOff),
            (!self.keep && now.keep, Less::KeepOff),
        ];
        for (_, less) in lowered.into_iter().filter(|(taken, _)| *taken) {
            self.consents.withdraw(less, self.slot);
        }
        self.noted(EventCode::SettingChanged, 0);
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

    /// Steps to less exposure, at once. Returns the entry of the audit.
    pub fn set(&mut self, less: Less, now_us: u64) -> (EventCode, Number) {
        self.era = self.era.wrapping_add(1);
        let (code, number) = match less {
            Less::Level(level) => {
                self.level = self.level.min(level);
                self.on &= self.level > Level::Quiet;
                self.weekly &= self.level == Level::Managed;
                // Level 0 has no store, so what is in it goes.
                self.keep &= self.level > Level::Quiet;
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
        self.consents.withdraw(less, self.slot);
        self.noted(code, number)
    }

    /// Puts the question for a step to more exposure.
    pub const fn ask(&self, what: More) -> Ask {
        Ask { what, from: self.level, instance: self.instance, era: self.era }
    }

    /// Steps to more exposure. Returns the entry of the audit.
    ///
    /// - Errors: [`StateError::Foreign`] from another state, [`StateError::Stale`] if anything changed since the question,
    ///   [`StateError::LevelTooLow`]
    pub fn raise(&mut self, confirmed: AdminConfirmed) -> Result<(EventCode, Number), StateError> {
        if confirmed.instance != self.instance {
            return Err(StateError::Foreign);
        }
        let from = self.level;
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
            More::KeepOn if self.level == Level::Quiet => return Err(StateError::LevelTooLow),
            More::KeepOn => {
                self.keep = true;
                (EventCode::KeepOn, 0)
            }
        };
        self.era = self.era.wrapping_add(1);
        self.consents.give(confirmed.what, from, confirmed.account, self.slot);
        Ok(self.noted(code, number))
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

    /// Leave to write history down, while the household agreed to keep it. Level 0 has no store.
    pub fn keeping(&self) -> Option<KeepPermit<'_>> {
        self.keep.then_some(KeepPermit(self))
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

/// Leave to write history down.
pub struct KeepPermit<'s>(#[expect(dead_code, reason = "held for its borrow")] &'s Privacy);

/// Leave to make a snapshot.
pub struct ManagedPermit<'s>(#[expect(dead_code, reason = "held for its borrow")] &'s Privacy);

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::consent::Matter;
    use crate::wire::Kind;

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
    fn quiet_keeps_nothing() {
        let mut privacy = Privacy::new();
        raise(&mut privacy, More::KeepOn);
        assert!(privacy.keeping().is_some());
        privacy.set(Less::Level(Level::Quiet), 0);
        assert!(privacy.keeping().is_none() && !privacy.consents().of(Matter::Keep).stands());
        let yes = privacy.ask(More::KeepOn).confirm(&Host(true)).unwrap();
        assert_eq!(privacy.raise(yes), Err(StateError::LevelTooLow));
        raise(&mut privacy, More::Level(Level::Local));
        assert!(privacy.keeping().is_none(), "consent does not come back with the level");
    }

    #[test]
    fn what_was_withdrawn_is_forgotten_after_90_days() {
        use crate::audit::CAP;
        let mut privacy = on();
        privacy.set(Less::Off, 0);
        raise(&mut privacy, More::KeepOn);
        // Noted before the clock was set, so it counts from then on.
        privacy.at(1000);
        assert_eq!(privacy.consents().of(Matter::Sensing).withdrawn_at(), Some(1000));
        privacy.at(1000 + CAP - 1);
        assert!(privacy.consents().of(Matter::Sensing).withdrawn());
        privacy.at(1000 + CAP);
        assert_eq!(privacy.consents().of(Matter::Sensing), Consents::NONE.of(Matter::Sensing));
        assert!(privacy.consents().of(Matter::Keep).stands(), "what is in force stays");
        // A step back hides age, so it goes earlier by as much.
        privacy.set(Less::KeepOff, 0);
        privacy.at(1000 + CAP - 9);
        privacy.at(1000 + 2 * CAP - 9 - 11);
        assert!(privacy.consents().of(Matter::Keep).withdrawn());
        privacy.at(1000 + 2 * CAP - 9 - 10);
        assert!(!privacy.consents().of(Matter::Keep).withdrawn());
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
    fn an_erased_past_is_gone_but_for_what_is_in_force() {
        let mut privacy = on();
        privacy.at(77);
        raise(&mut privacy, More::KeepOn);
        privacy.set(Less::KeepOff, 0);
        let question = privacy.ask(More::KeepOn).confirm(&Host(true)).unwrap();
        assert!(privacy.audit().len() > 2 && privacy.consents().of(Matter::Keep).given_by().is_some());
        assert_eq!(privacy.erase(4), (EventCode::Erased, Number::new(4)));
        let codes: std::vec::Vec<_> = privacy.audit().iter().map(|e| (e.code(), e.at())).collect();
        assert_eq!(codes, [(EventCode::Erased, Some(77))]);
        assert_eq!(privacy.consents().of(Matter::Keep), Consents::NONE.of(Matter::Keep));
        assert!(privacy.consents().of(Matter::Sensing).stands(), "sensing goes on, and so does its record");
        assert_eq!(privacy.switch(0), Sensing::On);
        assert_eq!(privacy.raise(question), Err(StateError::Stale), "no question outlives it");
        let kept = privacy.consents().save();
        assert_eq!(Consents::load(&kept).as_ref(), Some(privacy.consents()));
    }

    #[test]
    fn the_state_is_small() {
        // It stands in every sensor of the C library, once. 64-bit machines; the figure is the README's.
        assert!(size_of::<Privacy>() <= 352, "{}", size_of::<Privacy>());
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
