//! What the programs share. It is laid beside each of them.
#![allow(dead_code, unused_imports)]

pub use millpond_report::estimate::{Motion, Presence, ZoneEstimate};
pub use millpond_report::raw::{Address, Raw, Telemetry, Wipe};
pub use millpond_report::sink::{LanDoor, Port, Sink, WanDoor, Wired};
pub use millpond_report::state::{Admin, AdminConfirmed, Less, More, Pause, Privacy, SensingPermit};
pub use millpond_report::wire::range::*;
pub use millpond_report::wire::{Derived, Event, Lan, Scope, Snapshot, Status, Wan, Weekly, Wire, Zone};
pub use millpond_report::{BudgetTicket, EventCode, gate};

pub struct Host;
impl Admin for Host {
    fn is_admin(&self) -> bool {
        true
    }
}

pub struct Nowhere;
impl Port for Nowhere {
    type Error = ();
    fn put(&mut self, _: &Wired<'_>) -> Result<(), ()> {
        Ok(())
    }
}

pub struct Frame(pub [i8; 4]);
impl Wipe for Frame {
    fn wipe(&mut self) {
        self.0.wipe();
    }
}

pub fn privacy() -> Privacy {
    let mut privacy = Privacy::new();
    for what in [More::Level(Level::Managed), More::On, More::WeeklyOn] {
        let yes = privacy.ask(what).confirm(&Host).expect("the host is an admin");
        privacy.raise(yes).expect("nothing changed since the question");
    }
    privacy
}

pub fn event() -> Derived<Event, Lan> {
    gate::event(Slot::new(0), EventCode::Started, Number::new(0))
}
