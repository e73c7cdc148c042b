//! What comes out: messages of the home's own network, as structs, and their codes.

/// `status` of a message is filled in.
pub const MP_MESSAGE_STATUS: u8 = 1;
/// `zone` of a message is filled in.
pub const MP_MESSAGE_ZONE: u8 = 2;
/// `radio` of a message is filled in.
pub const MP_MESSAGE_RADIO: u8 = 5;
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
/// `code` of an event: samples come.
pub const MP_EVENT_SOURCE_OPEN: u8 = 11;
/// `code` of an event: samples are no longer taken, sensing is off or paused.
pub const MP_EVENT_SOURCE_CLOSED: u8 = 12;
/// `code` of an event: sensing is on, and nothing came for ten seconds.
pub const MP_EVENT_SOURCE_FAULT: u8 = 13;
/// `code` of an event: what was known was erased.
pub const MP_EVENT_ERASED: u8 = 20;
/// `code` of an event: events were lost, since nobody asked for them; `number` is how many.
pub const MP_EVENT_OVERLOAD: u8 = 41;

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

/// One radio and its air, in classes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_radio {
    /// The node's number, 1 to 8.
    pub node: u8,
    /// `MP_BAND_*`.
    pub band: u8,
    /// Primary 20 MHz channel.
    pub channel: u8,
    /// Share of time that the channel is busy, in steps of 5 %, 0 to 20.
    pub busy: u8,
    /// Width in MHz.
    pub width_mhz: u16,
    /// Noise floor in steps of 3 dB: 0 below -95 dBm, 7 at or above -77 dBm.
    pub noise: u8,
    /// Foreign networks heard: 0 none, 1 up to 3, 2 up to 7, 3 up to 15, 4 more.
    pub neighbours: u8,
    /// Stations served, in the same classes.
    pub stations: u8,
    /// 1 if radar blocks the channel.
    pub radar: u8,
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
    /// With `MP_MESSAGE_RADIO`.
    pub radio: mp_radio,
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
