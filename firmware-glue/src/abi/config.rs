//! What a sensor is made for.

use core::ffi::c_void;

/// Most links of one sensor.
pub const MP_LINKS_MAX: u16 = 64;
/// Most zones of one sensor.
pub const MP_ZONES_MAX: u8 = 16;

/// Told what a sensor does or notices, as a code and a number, `MP_EVENT_*`: the same closed list that `mp_event` has,
/// never a text, a sample or a name. It runs within the call that caused it, on that call's thread. A call on the same
/// sensor from within it is `MP_ERR_BUSY`. It must return: no exception and no `longjmp` out of it.
pub type mp_log = Option<unsafe extern "C" fn(user: *mut c_void, code: u32, number: u32)>;

/// What a sensor is made for. Zero the struct, set `size`, `abi`, `links` and `zones`; zero elsewhere means the
/// default. The library reads it during the call only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_config {
    /// `sizeof(mp_config)`.
    pub size: u32,
    /// `MP_ABI`.
    pub abi: u32,
    /// Number of links, 1 to `MP_LINKS_MAX`.
    pub links: u16,
    /// Number of zones, 1 to `MP_ZONES_MAX`.
    pub zones: u8,
    /// 1 to look for people who hold still, by their breath: 2 KB more for each link. 0: motion alone tells `present`. 1 is
    /// `MP_ERR_ARGUMENT` where the library was built without the feature `presence`.
    pub presence: u8,
    /// Tones of one chain at most, up to 4096; unpopulated ones of a standard map do not count. Default 64.
    pub max_tones: u16,
    /// Chains (antennas times streams) of one frame at most, up to 64. Default 4.
    pub max_chains: u16,
    /// The zone of each link, 1 to `zones`, `links` of them; or NULL: all links are in zone 1.
    pub link_zones: *const u8,
    /// Tolerated false alarms on one link in 1000 days. Default 100, one in ten days.
    pub false_alarms_per_1000_days: u32,
    /// How long a link stays moving after its score fell, in milliseconds, up to 600000. Default 500.
    pub hold_ms: u32,
    /// How long after motion somebody counts as present, in seconds, 180 to 86400. Default 1200.
    pub present_s: u32,
    /// Zero.
    pub reserved2: u32,
    /// Numbers that nobody can guess, for the handles of `mp_link`. Without them there are no messages about links.
    pub seed: [u32; 8],
    /// Called for what the sensor does or notices, or NULL.
    pub log: mp_log,
    /// Handed to `log` as it is.
    pub log_user: *mut c_void,
}
