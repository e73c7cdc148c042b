//! What the household agreed to: who said yes, when, to which messages, and when it was withdrawn.

use crate::audit::CAP;
use crate::sink::{Door, LanDoor};
use crate::state::ask::{Less, More};
use crate::wire::Kind;
use crate::wire::range::Level;

/// What there is to agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Level 1, after level 0.
    Local,
    /// Level 2.
    Home,
    /// Level 3.
    Managed,
    /// Sensing, as a whole.
    Sensing,
    /// The weekly report.
    Weekly,
    /// History kept across restarts.
    Keep,
}

const COUNT: usize = Matter::ALL.len();
const UNKNOWN: u32 = u32::MAX;

impl Matter {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Local, Self::Home, Self::Managed, Self::Sensing, Self::Weekly, Self::Keep];

    const fn level(self) -> Option<Level> {
        match self {
            Self::Local => Some(Level::Local),
            Self::Home => Some(Level::Home),
            Self::Managed => Some(Level::Managed),
            _ => None,
        }
    }
}

/// A set of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages(u16);

impl Messages {
    /// Those of a list.
    pub fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | bit(kind)))
    }

    /// Whether a message is among them.
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// The messages in the order of the vocabulary.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }
}

const fn bit(kind: Kind) -> u16 {
    1u16.wrapping_shl(kind as u32)
}

/// The record of one [`Matter`]. It is class H: everybody at home may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    given: Option<u8>,
    given_at: u32,
    messages: Messages,
    withdrawn: bool,
    withdrawn_at: u32,
}

impl Consent {
    const NONE: Self =
        Self { given: None, given_at: UNKNOWN, messages: Messages(0), withdrawn: false, withdrawn_at: UNKNOWN };
    const BYTES: usize = 12;

    /// The admin account that said yes last, as the node numbers them; `None` if nobody has.
    pub const fn given_by(&self) -> Option<u8> {
        self.given
    }

    /// When, in slots since Monday, 5 January 1970; `None` where the time was not known.
    pub fn given_at(&self) -> Option<u32> {
        Some(self.given_at).filter(|at| *at != UNKNOWN)
    }

    /// The messages that were shown with the question.
    pub const fn messages(&self) -> Messages {
        self.messages
    }

    /// Whether the last yes was withdrawn.
    pub const fn withdrawn(&self) -> bool {
        self.withdrawn
    }

    /// When it was withdrawn; `None` where that was not, or the time was not known.
    pub fn withdrawn_at(&self) -> Option<u32> {
        Some(self.withdrawn_at).filter(|at| *at != UNKNOWN)
    }

    /// Whether somebody said yes and nobody withdrew it.
    pub const fn stands(&self) -> bool {
        self.given.is_some() && !self.withdrawn
    }

    fn save(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        let flags = u8::from(self.given.is_some()) | u8::from(self.withdrawn) << 1;
        let parts = [flags, self.given.unwrap_or_default()].into_iter().chain(self.given_at.to_be_bytes());
        let parts = parts.chain(self.messages.0.to_be_bytes()).chain(self.withdrawn_at.to_be_bytes());
        out.iter_mut().zip(parts).for_each(|(place, b)| *place = b);
        out
    }

    fn load(bytes: &[u8]) -> Option<Self> {
        let [flags, account, a, b, c, d, m, n, e, f, g, h] = *bytes.first_chunk()?;
        let consent = Self {
            given: (flags & 1 == 1).then_some(account),
            given_at: u32::from_be_bytes([a, b, c, d]),
            messages: Messages(u16::from_be_bytes([m, n])),
            withdrawn: flags & 2 == 2,
            withdrawn_at: u32::from_be_bytes([e, f, g, h]),
        };
        (consent.save().as_slice() == bytes).then_some(consent)
    }
}

/// The records of all matters. [`Privacy`](crate::Privacy) keeps them; nothing else writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consents([Consent; COUNT]);

impl Consents {
    /// Bytes of the stored records.
    pub const BYTES: usize = COUNT * Consent::BYTES;

    /// Nobody has said anything.
    pub const NONE: Self = Self([Consent::NONE; COUNT]);

    /// The record of a matter.
    pub fn of(&self, matter: Matter) -> &Consent {
        let [first, ..] = &self.0;
        self.0.get(matter as usize).unwrap_or(first)
    }

    /// Forgets what was withdrawn 90 days ago. `hidden` slots of age may not show on the clock.
    pub(crate) fn advance(&mut self, slot: u32, hidden: u32) {
        for consent in self.0.iter_mut().filter(|c| c.withdrawn) {
            // What was noted before the clock was set, or lies in the future after a step back, happened now at the latest.
            consent.withdrawn_at = consent.withdrawn_at.min(slot);
            if (slot - consent.withdrawn_at).saturating_add(hidden) >= CAP {
                *consent = Consent::NONE;
            }
        }
    }

    /// Forgets who gave and who withdrew what is no longer in force.
    pub(crate) fn forget_withdrawn(&mut self) {
        for consent in self.0.iter_mut().filter(|c| !c.stands()) {
            *consent = Consent::NONE;
        }
    }

    /// The records for the store and for the export.
    pub fn save(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        for (place, consent) in out.chunks_exact_mut(Consent::BYTES).zip(&self.0) {
            place.copy_from_slice(&consent.save());
        }
        out
    }

    /// Stored records; `None` for anything that [`save`](Self::save) cannot have written.
    pub fn load(bytes: &[u8]) -> Option<Self> {
        let mut all = Self::NONE;
        if bytes.len() != Self::BYTES {
            return None;
        }
        for (place, stored) in all.0.iter_mut().zip(bytes.chunks_exact(Consent::BYTES)) {
            *place = Consent::load(stored)?;
        }
        Some(all)
    }

    /// An admin said yes at a level.
    pub(crate) fn give(&mut self, what: More, from: Level, account: u8, at: Option<u32>) {
        for (matter, place) in Matter::ALL.iter().zip(&mut self.0) {
            let meant = match (what, matter) {
                (More::Level(to), m) => m.level().is_some_and(|l| from < l && l <= to),
                (More::On, Matter::Sensing) | (More::WeeklyOn, Matter::Weekly) | (More::KeepOn, Matter::Keep) => true,
                _ => false,
            };
            if meant {
                let (given, given_at) = (Some(account), at.unwrap_or(UNKNOWN));
                *place = Consent { given, given_at, messages: matter.messages(from), ..Consent::NONE };
            }
        }
    }

    /// Somebody withdrew.
    pub(crate) fn withdraw(&mut self, less: Less, at: Option<u32>) {
        for (matter, place) in Matter::ALL.iter().zip(&mut self.0) {
            let meant = match (less, matter) {
                (Less::Level(to), Matter::Sensing | Matter::Keep) => to == Level::Quiet,
                (Less::Level(to), Matter::Weekly) => to < Level::Managed,
                (Less::Level(to), m) => m.level().is_some_and(|l| l > to),
                (Less::Off, Matter::Sensing) | (Less::WeeklyOff, Matter::Weekly) | (Less::KeepOff, Matter::Keep) => {
                    true
                }
                _ => false,
            };
            if meant && place.stands() {
                (place.withdrawn, place.withdrawn_at) = (true, at.unwrap_or(UNKNOWN));
            }
        }
    }
}

impl Matter {
    /// What becomes possible with it, for a node at a level. A level's own messages are those of its new doors.
    fn messages(self, at: Level) -> Messages {
        let carried = |door: Door, level: Level, kind: Kind| door.carries(kind, level);
        let any = |f: &dyn Fn(Door, Kind) -> bool| {
            Messages::of(Kind::ALL.iter().copied().filter(|k| Door::ALL.iter().any(|d| f(*d, *k))))
        };
        match (self, self.level()) {
            (_, Some(level)) => {
                let below = match level {
                    Level::Managed => Level::Home,
                    Level::Home => Level::Local,
                    _ => Level::Quiet,
                };
                any(&|d, k| carried(d, level, k) && !carried(d, below, k) && k != Kind::Weekly)
            }
            (Self::Weekly, _) => any(&|d, k| k == Kind::Weekly && carried(d, at, k)),
            (Self::Keep, _) => any(&|d, k| d == Door::Lan(LanDoor::Store) && carried(d, at, k)),
            _ => any(&|d, k| k.is_sensed() && carried(d, at, k)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Privacy;
    use crate::state::tests::raise;
    use std::vec::Vec;

    #[test]
    fn a_yes_is_recorded_with_its_messages_and_its_end() {
        let mut privacy = Privacy::new();
        privacy.at(1000);
        raise(&mut privacy, More::Level(Level::Managed));
        raise(&mut privacy, More::WeeklyOn);
        privacy.at(1001);
        privacy.set(Less::Level(Level::Home), 0);
        let of = |m| *privacy.consents().of(m);
        let list = |m| of(m).messages().iter().collect::<Vec<_>>();
        assert_eq!(list(Matter::Managed), [Kind::Snapshot]);
        assert_eq!(list(Matter::Weekly), [Kind::Weekly]);
        assert_eq!(list(Matter::Home).len(), 8);
        assert_eq!((of(Matter::Home).given_by(), of(Matter::Home).given_at()), (Some(0), Some(1000)));
        assert!(of(Matter::Home).stands() && of(Matter::Local).given_by().is_none());
        for m in [Matter::Managed, Matter::Weekly] {
            assert_eq!((of(m).stands(), of(m).given_at(), of(m).withdrawn_at()), (false, Some(1000), Some(1001)));
        }
    }

    #[test]
    fn records_come_back_and_foreign_bytes_do_not() {
        let mut privacy = Privacy::new();
        privacy.at(7);
        raise(&mut privacy, More::On);
        privacy.set(Less::Off, 0);
        raise(&mut privacy, More::KeepOn);
        let bytes = privacy.consents().save();
        assert_eq!(Consents::load(&bytes).as_ref(), Some(privacy.consents()));
        assert_eq!(Consents::load(&bytes[1..]), None);
        let flags = [&[4], &bytes[1..]].concat();
        assert_eq!(Consents::load(&flags), None, "no such flag");
        let nobody = [&[0, 3], &bytes[2..]].concat();
        assert_eq!(Consents::load(&nobody), None, "an account without a yes");
    }
}
