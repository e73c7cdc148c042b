//! Where messages go. A sink exists only for as long as the state that allows it is borrowed.

use core::fmt::{self, Write};
use core::marker::PhantomData;

use crate::wire::range::Level;
use crate::wire::{Decoded, Derived, Kind, Scope, Wire};

/// Doors within the home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LanDoor {
    /// The Unix socket. At level 0 it carries `status` alone.
    UnixSocket,
    /// The command line.
    CommandLine,
    /// The local page.
    Page,
    /// The program that has linked the C library.
    Caller,
    /// The log: event codes alone.
    Log,
    /// The store, if history is kept across restarts.
    Store,
    /// MQTT.
    Mqtt,
    /// Metrics.
    Metrics,
    /// ubus.
    Ubus,
}

/// Doors beyond the home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WanDoor {
    /// To the receiver of the weekly reports.
    Weekly,
    /// To the operator's optimizer.
    Snapshot,
}

/// Any door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// Within the home.
    Lan(LanDoor),
    /// Beyond it.
    Wan(WanDoor),
}

impl Door {
    /// All doors.
    pub const ALL: &'static [Self] = &[
        Self::Lan(LanDoor::UnixSocket),
        Self::Lan(LanDoor::CommandLine),
        Self::Lan(LanDoor::Page),
        Self::Lan(LanDoor::Caller),
        Self::Lan(LanDoor::Log),
        Self::Lan(LanDoor::Store),
        Self::Lan(LanDoor::Mqtt),
        Self::Lan(LanDoor::Metrics),
        Self::Lan(LanDoor::Ubus),
        Self::Wan(WanDoor::Weekly),
        Self::Wan(WanDoor::Snapshot),
    ];

    /// Whether a level has this door (section 4 of the contract). Consents come on top.
    pub const fn is_open(self, level: Level) -> bool {
        let from = match self {
            Self::Lan(LanDoor::UnixSocket) => Level::Quiet,
            Self::Lan(LanDoor::Mqtt | LanDoor::Metrics | LanDoor::Ubus) => Level::Home,
            Self::Lan(_) => Level::Local,
            Self::Wan(_) => Level::Managed,
        };
        level as u8 >= from as u8
    }

    /// Whether a message goes through this door at a level.
    pub const fn carries(self, kind: Kind, level: Level) -> bool {
        let belongs = match (self, kind) {
            (Self::Wan(WanDoor::Weekly), Kind::Weekly) | (Self::Wan(WanDoor::Snapshot), Kind::Snapshot) => true,
            (Self::Wan(_), _) | (_, Kind::Weekly | Kind::Snapshot) => false,
            (Self::Lan(LanDoor::Log), kind) => matches!(kind, Kind::Event),
            (Self::Lan(_), kind) => matches!(kind, Kind::Status) || !matches!(level, Level::Quiet),
        };
        belongs && self.is_open(level)
    }
}

impl Kind {
    /// Whether the message says something of the sensing air.
    pub const fn is_sensed(self) -> bool {
        matches!(self, Self::Zone | Self::Day | Self::Month | Self::Link)
    }
}

/// What the node's network and store modules (and the C library) implement: bytes go out here and nowhere else.
pub trait Port {
    /// What can go wrong: codes, no values.
    type Error;
    /// Passes one message on, as canonical bytes or as JSON.
    fn put(&mut self, message: &Wired<'_>) -> Result<(), Self::Error>;
}

/// One message on its way out. `Display` gives JSON, padded with spaces to the length of its kind.
pub struct Wired<'a> {
    kind: Kind,
    bytes: &'a [u8],
    json: &'a dyn Fn(&mut dyn Write) -> fmt::Result,
    json_chars: usize,
}

impl Wired<'_> {
    /// Which message.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The canonical bytes.
    pub const fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Characters of the JSON rendering, the same for every message of this kind.
    pub const fn json_chars(&self) -> usize {
        self.json_chars
    }

    /// The message as a struct, for other renderings; `None` if it is of another kind.
    pub fn read<T: Wire>(&self) -> Option<T> {
        T::decode(self.bytes)
    }

    /// The message to be written down again as it is; `None` if it is of another kind.
    pub fn decoded<T: Wire>(&self) -> Option<Decoded<T>> {
        Decoded::of(self.bytes)
    }
}

impl fmt::Display for Wired<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counted = Counted { out: f, chars: 0 };
        (self.json)(&mut counted)?;
        let Counted { out, chars } = counted;
        (chars..self.json_chars).try_for_each(|_| out.write_char(' '))
    }
}

/// Counts characters on their way.
struct Counted<'a> {
    out: &'a mut dyn Write,
    chars: usize,
}

impl Write for Counted<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.chars += s.len();
        self.out.write_str(s)
    }
}

/// Why a message did not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError<E> {
    /// This door does not carry this message at the level in force.
    NotHere,
    /// The port failed.
    Port(E),
}

/// A way out for messages of one scope. [`Privacy::lan`](crate::Privacy::lan) and
/// [`Privacy::wan`](crate::Privacy::wan) alone make one; it borrows the state, so it is gone before a change.
pub struct Sink<'s, S: Scope, P: Port> {
    port: &'s mut P,
    door: Door,
    level: Level,
    scope: PhantomData<fn(S)>,
}

impl<'s, S: Scope, P: Port> Sink<'s, S, P> {
    pub(crate) const fn new(level: Level, door: Door, port: &'s mut P) -> Self {
        Self { port, door, level, scope: PhantomData }
    }

    /// Which door this is.
    pub const fn door(&self) -> Door {
        self.door
    }

    /// Sends a message.
    ///
    /// - Errors: [`SendError::NotHere`] if the door does not carry it, [`SendError::Port`] from the port
    pub fn send<T: Wire>(&mut self, message: &Derived<T, S>) -> Result<(), SendError<P::Error>> {
        if !self.door.carries(T::KIND, self.level) {
            return Err(SendError::NotHere);
        }
        let mut buffer = T::zeros();
        let n = message.encode(&mut buffer);
        let bytes = buffer.as_ref().get(..n).unwrap_or_default();
        let json = |out: &mut dyn Write| message.get().json(out);
        let wired = Wired { kind: T::KIND, bytes, json: &json, json_chars: T::JSON };
        self.port.put(&wired).map_err(SendError::Port)
    }
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;
    use crate::gate::{self, NodeStatus};
    use crate::state::tests::{at_level, raise};
    use crate::state::{Less, More};
    use crate::wire::range::{Kept, ManagedBy, Number, Slot, Source};
    use crate::wire::{Event, Status};
    use crate::{EventCode, Privacy};

    #[derive(Default)]
    struct Taken(Vec<(Vec<u8>, String)>);

    impl Port for Taken {
        type Error = ();
        fn put(&mut self, m: &Wired<'_>) -> Result<(), ()> {
            self.0.push((m.bytes().to_vec(), m.to_string()));
            Ok(())
        }
    }

    fn doors(privacy: &Privacy) -> Vec<Door> {
        let port = &mut Taken::default();
        let open = |d: &Door| match *d {
            Door::Lan(d) => privacy.lan(d, port).is_some(),
            Door::Wan(d) => privacy.wan(d, port).is_some(),
        };
        Door::ALL.iter().copied().zip(Door::ALL.iter().map(open)).filter(|(_, open)| *open).map(|(d, _)| d).collect()
    }

    #[test]
    fn each_level_has_its_doors() {
        use LanDoor::*;
        let lan = |doors: &[LanDoor]| doors.iter().map(|d| Door::Lan(*d)).collect::<Vec<_>>();
        assert_eq!(doors(&at_level(Level::Quiet)), lan(&[UnixSocket]));
        assert_eq!(doors(&at_level(Level::Local)), lan(&[UnixSocket, CommandLine, Page, Caller, Log]));
        let home = lan(&[UnixSocket, CommandLine, Page, Caller, Log, Mqtt, Metrics, Ubus]);
        assert_eq!(doors(&at_level(Level::Home)), home);
        let mut privacy = at_level(Level::Managed);
        let managed = [home.clone(), [Door::Wan(WanDoor::Snapshot)].into()].concat();
        assert_eq!(doors(&privacy), managed);
        raise(&mut privacy, More::WeeklyOn);
        raise(&mut privacy, More::KeepOn);
        assert_eq!(doors(&privacy), Door::ALL);
        privacy.set(Less::Level(Level::Home), 0);
        privacy.set(Less::KeepOff, 0);
        assert_eq!(doors(&privacy), home);
    }

    #[test]
    fn the_quiet_socket_says_status_alone() {
        let privacy = at_level(Level::Quiet);
        let mut port = Taken::default();
        let mut sink = privacy.lan(LanDoor::UnixSocket, &mut port).unwrap();
        let node = NodeStatus {
            source: Source::Closed,
            uptime_s: 4000,
            frames_since_off: 0,
            kept: Kept::Memory,
            managed_by: ManagedBy::Owner,
            budget_left: 100,
        };
        assert_eq!(sink.send(&gate::status(&privacy, 0, &node)), Ok(()));
        let event = gate::event(Slot::new(1), EventCode::Started, Number::new(0));
        assert_eq!(sink.send(&event), Err(SendError::NotHere));
        let [(bytes, json)] = &port.0[..] else { panic!("one message") };
        assert_eq!(bytes.len(), Status::BYTES);
        assert_eq!(
            json.trim_end(),
            "{\"message\":\"status\",\"schema\":1,\"version\":\"0.1.0\",\"level\":0,\"sensing\":\"off\",\
             \"source\":\"closed\",\"uptime\":\"<1d\",\"frames_since_off\":0,\"kept\":\"memory\",\
             \"managed_by\":\"owner\",\"budget_left\":100}"
        );
    }

    #[test]
    fn sizes_do_not_tell_what_is_inside() {
        let privacy = at_level(Level::Local);
        let mut port = Taken::default();
        let mut sink = privacy.lan(LanDoor::Page, &mut port).unwrap();
        for (code, n) in EventCode::ALL.iter().zip([0, 70_000].into_iter().cycle()) {
            sink.send(&gate::event(Slot::new(n), *code, Number::new(n))).unwrap();
        }
        let sizes: Vec<_> = port.0.iter().map(|(b, j)| (b.len(), j.chars().count())).collect();
        assert!(sizes.iter().all(|s| *s == (Event::BYTES, Event::JSON)), "{sizes:?}");
    }
}
