//! What goes in of the air: sums over one channel, which no device and no frame can be read from.

/// The 2.4 GHz band.
pub const MP_BAND_2: u8 = 2;
/// The 5 GHz band.
pub const MP_BAND_5: u8 = 5;
/// The 6 GHz band.
pub const MP_BAND_6: u8 = 6;

/// What one radio measured on its channel. Zero the struct, set `size`, then the rest. It may be told while sensing is
/// off: it says nothing of who moves or who is there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_survey {
    /// `sizeof(mp_survey)`.
    pub size: u32,
    /// The node's number, 1 to 8, as the host chose it.
    pub node: u8,
    /// `MP_BAND_*`.
    pub band: u8,
    /// Primary 20 MHz channel, 1 to 233.
    pub channel: u8,
    /// 1 if radar blocks the channel, else 0.
    pub radar: u8,
    /// Width in use in MHz: 20, 40, 80, 160, 320. 0 means 20.
    pub width_mhz: u16,
    /// Noise floor in dBm.
    pub noise_dbm: i16,
    /// Foreign networks heard.
    pub neighbours: u32,
    /// Time that the channel was busy within `active_ms`.
    pub busy_ms: u64,
    /// Time that was measured.
    pub active_ms: u64,
    /// Stations served.
    pub stations: u32,
    /// Zero.
    pub reserved: u32,
}
