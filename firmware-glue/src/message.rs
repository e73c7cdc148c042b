//! The door to the caller: messages of the home's own network become structs. Nothing else comes out.

use millpond_report::wire::{self, Kind, Wire};
use millpond_report::{EventCode, Port, Wired};

use crate::abi::*;

// The numbers of this header are those of the wire.
const _: () = {
    use wire::range::{Sensing, ZonePresence, ZoneState};
    assert!(MP_MESSAGE_STATUS == Kind::Status as u8 && MP_MESSAGE_ZONE == Kind::Zone as u8);
    assert!(MP_MESSAGE_LINK == Kind::Link as u8 && MP_MESSAGE_EVENT == Kind::Event as u8);
    assert!(MP_MESSAGE_RADIO == Kind::Radio as u8 && wire::Radio::BYTES <= MP_MESSAGE_BYTES);
    assert!(MP_EVENT_SOURCE_OPEN == EventCode::SourceOpen as u8 && MP_EVENT_ERASED == EventCode::Erased as u8);
    assert!(MP_EVENT_SOURCE_CLOSED == EventCode::SourceClosed as u8 && MP_EVENT_OVERLOAD == EventCode::Overload as u8);
    assert!(MP_EVENT_SOURCE_FAULT == EventCode::SourceFault as u8);
    assert!(MP_SENSING_OFF == Sensing::Off as u8 && MP_SENSING_ON == Sensing::On as u8);
    assert!(MP_SENSING_PAUSED == Sensing::Paused as u8);
    assert!(MP_ZONE_OFF == ZoneState::Off as u8 && MP_ZONE_OFF == ZonePresence::Off as u8);
    assert!(MP_ZONE_UNKNOWN == ZoneState::Unknown as u8 && MP_ZONE_UNKNOWN == ZonePresence::Unknown as u8);
    assert!(MP_ZONE_STILL == ZoneState::Still as u8 && MP_ZONE_MOVING == ZoneState::Moving as u8);
    assert!(MP_ZONE_NO == ZonePresence::No as u8 && MP_ZONE_YES == ZonePresence::Yes as u8);
    assert!(MP_EVENT_SENSING_ON == EventCode::SensingOn as u8 && MP_EVENT_SENSING_OFF == EventCode::SensingOff as u8);
    assert!(MP_EVENT_PAUSED == EventCode::Paused as u8 && MP_EVENT_RESUMED == EventCode::Resumed as u8);
    assert!(MP_EVENT_ZONE_ON == EventCode::ZoneOn as u8 && MP_EVENT_ZONE_OFF == EventCode::ZoneOff as u8);
    let longest = wire::Status::BYTES <= MP_MESSAGE_BYTES && wire::Zone::BYTES <= MP_MESSAGE_BYTES;
    assert!(longest && wire::Link::BYTES <= MP_MESSAGE_BYTES && wire::Event::BYTES <= MP_MESSAGE_BYTES);
};

/// It holds the one message that goes out, as bytes.
pub(crate) struct Outbox {
    bytes: [u8; MP_MESSAGE_BYTES],
    len: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { bytes: [0; MP_MESSAGE_BYTES], len: 0 }
    }
}

impl Port for Outbox {
    type Error = ();

    fn put(&mut self, message: &Wired<'_>) -> Result<(), ()> {
        let bytes = message.bytes();
        self.bytes.get_mut(..bytes.len()).ok_or(())?.copy_from_slice(bytes);
        self.len = bytes.len();
        Ok(())
    }
}

impl Outbox {
    /// The canonical bytes of the last message.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The last message as a struct, read back from its bytes: what a struct says, the bytes say.
    pub(crate) fn message(&self) -> Option<mp_message> {
        let bytes = self.bytes();
        let kind = Kind::of(bytes)?;
        let mut of = mp_message_body { reserved: [0; 6] };
        match kind {
            Kind::Status => of.status = wire::Status::decode(bytes)?.into(),
            Kind::Zone => of.zone = wire::Zone::decode(bytes)?.into(),
            Kind::Radio => of.radio = wire::Radio::decode(bytes)?.into(),
            Kind::Link => of.link = wire::Link::decode(bytes)?.into(),
            Kind::Event => of.event = wire::Event::decode(bytes)?.into(),
            _ => return None,
        }
        Some(mp_message { size: 0, kind: kind as u8, reserved: [0; 3], of })
    }
}

impl From<wire::Status> for mp_status {
    fn from(m: wire::Status) -> Self {
        Self {
            schema: m.schema.get(),
            level: m.level as u8,
            sensing: m.sensing as u8,
            source: m.source as u8,
            uptime: m.uptime as u8,
            frames_since_off: m.frames_since_off.get(),
            kept: m.kept as u8,
            managed_by: m.managed_by as u8,
            budget_left: m.budget_left.get(),
        }
    }
}

impl From<wire::Zone> for mp_zone {
    fn from(m: wire::Zone) -> Self {
        Self {
            zone: m.zone.get(),
            state: m.state as u8,
            present: m.present as u8,
            level: m.level.get(),
            since: m.since.get(),
            calibration: m.calibration.get(),
            reserved: 0,
        }
    }
}

impl From<wire::Radio> for mp_radio {
    fn from(m: wire::Radio) -> Self {
        Self {
            node: m.node.get(),
            band: m.band as u8,
            channel: m.channel.get(),
            busy: m.busy.get(),
            width_mhz: m.width.mhz(),
            noise: m.noise.get(),
            neighbours: m.neighbours as u8,
            stations: m.stations as u8,
            radar: m.blocked as u8,
        }
    }
}

impl From<wire::Link> for mp_link {
    fn from(m: wire::Link) -> Self {
        Self { handle: m.handle.get(), kind: m.kind as u8, quality: m.quality.get() }
    }
}

impl From<wire::Event> for mp_event {
    fn from(m: wire::Event) -> Self {
        Self { slot: m.slot.get(), number: m.number.get(), code: m.code as u8, reserved: 0 }
    }
}
