//! What comes out: messages of the home's own network, as structs. Nothing else does.

use millpond_report::wire::{self, Kind, Wire};
use millpond_report::{EventCode, Port, Wired};

use crate::ffi::Prefixed;

/// `status` of a message is filled in.
pub const MP_MESSAGE_STATUS: u8 = 1;
/// `zone` of a message is filled in.
pub const MP_MESSAGE_ZONE: u8 = 2;
/// `link` of a message is filled in.
pub const MP_MESSAGE_LINK: u8 = 6;
/// `event` of a message is filled in.
pub const MP_MESSAGE_EVENT: u8 = 8;

/// Sensing is switched off. What is off is not still.
pub const MP_SENSING_OFF: u8 = 0;
/// Sensing is switched on.
pub const MP_SENSING_ON: u8 = 1;
/// Sensing is off for a while.
pub const MP_SENSING_PAUSED: u8 = 2;

/// `state` and `present` of a zone: sensing is off or paused.
pub const MP_ZONE_OFF: u8 = 0;
/// `state` and `present` of a zone: too little to go on.
pub const MP_ZONE_UNKNOWN: u8 = 1;
/// `state` of a zone: nothing moves.
pub const MP_ZONE_STILL: u8 = 2;
/// `state` of a zone: something moves.
pub const MP_ZONE_MOVING: u8 = 3;
/// `present` of a zone: nobody was noticed for long enough.
pub const MP_ZONE_NO: u8 = 2;
/// `present` of a zone: motion or a sign of life.
pub const MP_ZONE_YES: u8 = 3;

/// `code` of an event: sensing was switched on.
pub const MP_EVENT_SENSING_ON: u8 = 5;
/// `code` of an event: sensing was switched off.
pub const MP_EVENT_SENSING_OFF: u8 = 6;
/// `code` of an event: sensing was paused; `number` is in minutes, 0 until switched on.
pub const MP_EVENT_PAUSED: u8 = 7;
/// `code` of an event: a pause was lifted.
pub const MP_EVENT_RESUMED: u8 = 8;
/// `code` of an event: a zone was switched on; `number` is the zone.
pub const MP_EVENT_ZONE_ON: u8 = 9;
/// `code` of an event: a zone was switched off; `number` is the zone.
pub const MP_EVENT_ZONE_OFF: u8 = 10;

/// Bytes of the longest encoded message that a sensor gives.
pub const MP_MESSAGE_BYTES: usize = 64;

/// What the node is doing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_status {
    /// Version of the message vocabulary.
    pub schema: u8,
    /// Level of exposure in force, 0 to 3.
    pub level: u8,
    /// `MP_SENSING_*`.
    pub sensing: u8,
    /// Sample source: 0 closed, 1 open, 2 fault.
    pub source: u8,
    /// Time since start: 0 under an hour, 1 under a day, 2 under a week, 3 more.
    pub uptime: u8,
    /// Frames decoded since sensing was switched off: 0.
    pub frames_since_off: u8,
    /// History: 0 in memory, 1 on disk, 2 quarantined.
    pub kept: u8,
    /// 0 the owner, 1 an operator.
    pub managed_by: u8,
    /// What is left of the weekly budget, percent.
    pub budget_left: u8,
}

/// Motion and presence in one zone.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_zone {
    /// The zone's number, from 1.
    pub zone: u8,
    /// `MP_ZONE_OFF`, `_UNKNOWN`, `_STILL` or `_MOVING`.
    pub state: u8,
    /// `MP_ZONE_OFF`, `_UNKNOWN`, `_NO` or `_YES`.
    pub present: u8,
    /// Motion level 0 to 9, 0 where nothing is known; from 5 on above the threshold.
    pub level: u8,
    /// Slot (5 minutes of the day, 0 to 287) in which the state began, by `mp_sensor_set_clock`.
    pub since: u16,
    /// How far the detectors have settled, 9 is fully.
    pub calibration: u8,
    /// Zero.
    pub reserved: u8,
}

/// One link.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_link {
    /// Its handle of this epoch, which is not the host's link number. Drawn anew each 24 hours and by `mp_sensor_reset`.
    pub handle: u8,
    /// 0 between two nodes, 1 heard for sensing.
    pub kind: u8,
    /// How good it is, 9 is best.
    pub quality: u8,
}

/// Something that the library did or noticed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_event {
    /// Slot (5 minutes of the day, 0 to 287) in which it happened, by `mp_sensor_set_clock`.
    pub slot: u16,
    /// How many, or which.
    pub number: u16,
    /// What: `MP_EVENT_*`. Skip a code that you do not know.
    pub code: u8,
    /// Zero.
    pub reserved: u8,
}

/// The message itself. Look at the member that `kind` names.
#[repr(C)]
#[derive(Clone, Copy)]
pub union mp_message_body {
    /// With `MP_MESSAGE_STATUS`.
    pub status: mp_status,
    /// With `MP_MESSAGE_ZONE`.
    pub zone: mp_zone,
    /// With `MP_MESSAGE_LINK`.
    pub link: mp_link,
    /// With `MP_MESSAGE_EVENT`.
    pub event: mp_event,
    /// Room for what later versions say.
    pub reserved: [u32; 6],
}

/// One message. Set `size` before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_message {
    /// `sizeof(mp_message)`.
    pub size: u32,
    /// `MP_MESSAGE_*`. Skip a kind that you do not know.
    pub kind: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// The message.
    pub of: mp_message_body,
}

const _: () = assert!(size_of::<mp_message>() == 32);

#[allow(unsafe_code)] // The struct is written as bytes.
// SAFETY: `repr(C)`, size first, integers only; padding inside the union's members is inside `reserved` and zero.
unsafe impl Prefixed for mp_message {
    const LEAST: usize = size_of::<Self>();
}

// The numbers of this header are those of the wire.
const _: () = {
    use wire::range::{Sensing, ZonePresence, ZoneState};
    assert!(MP_MESSAGE_STATUS == Kind::Status as u8 && MP_MESSAGE_ZONE == Kind::Zone as u8);
    assert!(MP_MESSAGE_LINK == Kind::Link as u8 && MP_MESSAGE_EVENT == Kind::Event as u8);
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

/// The door to the caller: it holds the one message that goes out, as bytes.
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
