//! What the logic hands out: messages that have been through the gate.

use millpond_report::sink::{Port, SendError, Sink};
use millpond_report::wire::{Decision, Event, Link, Radio, Status, Zone};
use millpond_report::{Derived, Lan};

/// One derived message of the home's own scope.
#[derive(Clone, Copy)]
pub enum Message {
    /// What the node is doing.
    Status(Derived<Status, Lan>),
    /// A zone, once a second.
    Zone(Derived<Zone, Lan>),
    /// A radio as surveyed.
    Radio(Derived<Radio, Lan>),
    /// A link.
    Link(Derived<Link, Lan>),
    /// One decision of a plan.
    Decision(Derived<Decision, Lan>),
    /// Something that happened.
    Event(Derived<Event, Lan>),
}

impl Message {
    /// Sends it, whichever it is.
    pub fn send<P: Port>(&self, sink: &mut Sink<'_, Lan, P>) -> Result<(), SendError<P::Error>> {
        match self {
            Self::Status(m) => sink.send(m),
            Self::Zone(m) => sink.send(m),
            Self::Radio(m) => sink.send(m),
            Self::Link(m) => sink.send(m),
            Self::Decision(m) => sink.send(m),
            Self::Event(m) => sink.send(m),
        }
    }
}
