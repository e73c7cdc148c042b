//! The site file, `millpond-site/1`: one home or a block of homes as its telemetry shows it.
//!
//! All numbers are integers with the unit in their name. All ids are local names that the user or the node chose;
//! an address has no place here. `docs/site.md` explains each field with an example.

use millpond_dsp::phy::{Band, Bandwidth};
use serde::{Deserialize, Serialize};

/// The value of [`Site::format`].
pub const FORMAT: &str = "millpond-site/1";

/// One home or one block: the question that [`plan_site`](crate::plan_site) answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Always [`FORMAT`].
    pub format: String,
    /// ISO 3166 country code; it selects the regulatory table.
    pub country: String,
    /// What the planner may do and what a change costs.
    #[serde(default)]
    pub policy: Policy,
    /// The access points, in the user's order. The order breaks ties.
    pub pods: Vec<Pod>,
    /// Pairs of pods joined by a cable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wired: Vec<Wire>,
    /// Path loss between pods. A pair that is missing cannot hear each other in that band.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pod_path_loss: Vec<PodLoss>,
    /// The stations that want airtime.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Client>,
    /// BSSs that we hear and do not control.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<Neighbour>,
    /// Measured busy share and noise by pod and channel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survey: Vec<Survey>,
    /// Radar history and non-occupancy by 20 MHz channel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dfs: Vec<DfsState>,
    /// Choices that the household fixed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Choice>,
    /// Choices that the household ruled out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<Choice>,
    /// Grants of standard power at 6 GHz.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub afc: Vec<Grant>,
    /// When changes may be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_window: Option<QuietWindow>,
    /// What a day is expected to look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

/// What the planner may do and what a change costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Which radios must be on one channel.
    pub channels: Sharing,
    /// Cost of one changed radio, uplink or client in thousandths of U.
    pub switch_cost_milli: u32,
    /// Power back-offs that may be chosen, in dB below the highest allowed EIRP.
    pub power_steps_db: Vec<u8>,
    /// False keeps every client where it is.
    pub steer_clients: bool,
    /// False keeps the backhaul tree as it is.
    pub move_uplinks: bool,
    /// Most radios, uplinks and clients that one plan may change, unless what runs is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_switches: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        // 0.02 of U per switch: optimizer note, section 3.4.
        Self {
            channels: Sharing::PerBand,
            switch_cost_milli: 20,
            power_steps_db: vec![0, 3, 6],
            steer_clients: true,
            move_uplinks: true,
            max_switches: None,
        }
    }
}

/// Which radios must be on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// The n-th radio of a band has one channel, width and power step in the whole home.
    PerBand,
    /// Each radio chooses; a wireless uplink still joins the two radios it uses.
    PerRadio,
}

/// One access point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pod {
    /// Local name, unique in the site.
    pub id: String,
    /// Which home of a block it serves. Pods of one home share a backhaul tree.
    #[serde(default = "default_home", skip_serializing_if = "is_default_home")]
    pub home: String,
    /// True for the one pod of the home that has the internet line.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gateway: bool,
    /// Its radios, at most one or two a band.
    pub radios: Vec<Radio>,
    /// The wireless uplink in use, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uplink: Option<Uplink>,
}

fn default_home() -> String {
    "home".to_owned()
}

fn is_default_home(home: &str) -> bool {
    home == "home"
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_true(flag: &bool) -> bool {
    *flag
}

fn yes() -> bool {
    true
}

/// One radio of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radio {
    /// Local name, unique in its pod.
    pub id: String,
    /// The band.
    pub band: Band,
    /// Widths that it can use in MHz.
    pub widths: Vec<Bandwidth>,
    /// Highest EIRP of the hardware in dBm; the regulator's limit applies on top.
    pub max_eirp_dbm: i32,
    /// Spatial streams.
    #[serde(default = "two")]
    pub streams: u8,
    /// Primary 20 MHz channels that it may use; empty means all that the country allows, and 1, 6 and 11 at 2.4 GHz.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primaries: Vec<u8>,
    /// True if it can detect radar. Without it, DFS channels are out.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub dfs: bool,
    /// Its class at 6 GHz.
    #[serde(default, skip_serializing_if = "PowerClass::is_default")]
    pub class: PowerClass,
    /// True if it can leave 20 MHz subchannels out of channels of 80 MHz and more (802.11be).
    #[serde(default, skip_serializing_if = "is_false")]
    pub puncture: bool,
    /// True if it has transmit power control, which raises some limits by 3 dB.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tpc: bool,
    /// What it does now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Setting>,
}

/// What a radio may do at 6 GHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerClass {
    /// Low-power indoor.
    #[default]
    LowIndoor,
    /// Very low power.
    VeryLow,
    /// Standard power where a grant covers the channel, low-power indoor elsewhere.
    Standard,
}

impl PowerClass {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What an automated frequency coordinator grants a pod at 6 GHz.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The pod.
    pub pod: String,
    /// Lower edge in MHz.
    pub low_mhz: u16,
    /// Upper edge in MHz.
    pub high_mhz: u16,
    /// Highest EIRP in dBm in 1 MHz.
    pub density_dbm_per_mhz: i32,
}

/// What a day is expected to look like, by hour of the local day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// Demand of the hour as a share of the busy hour's, in thousandths; 24 entries.
    pub demand_permille: Vec<u16>,
    /// Share of the hour in which somebody moves, in thousandths; 24 entries, or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub motion_permille: Vec<u16>,
}

fn two() -> u8 {
    2
}

/// A radio's channel and power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Primary 20 MHz channel.
    pub primary: u8,
    /// Width in MHz.
    pub width: Bandwidth,
    /// Centre channel number; needed where primary and width leave a choice (40 MHz at 2.4 GHz, 320 MHz).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<u8>,
    /// 20 MHz subchannels left out, bit 0 the lowest (802.11be, disabled subchannel bitmap).
    #[serde(default, skip_serializing_if = "is_whole")]
    pub punctured: u16,
    /// Radiated power in dBm.
    pub eirp_dbm: i32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn is_whole(punctured: &u16) -> bool {
    *punctured == 0
}

/// A wireless uplink: this pod's station interface on `radio` joins `parent_radio` of `parent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uplink {
    /// The pod nearer to the gateway.
    pub parent: String,
    /// The parent's radio.
    pub parent_radio: String,
    /// Our radio, of the same band.
    pub radio: String,
}

/// A cable between two pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// One end.
    pub a: String,
    /// The other end.
    pub b: String,
}

/// Path loss between two pods, taken as equal both ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodLoss {
    /// One pod.
    pub a: String,
    /// The other.
    pub b: String,
    /// The band.
    pub band: Band,
    /// EIRP minus received level, in dB.
    pub loss_db: i32,
}

/// One station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Local name, unique in the site.
    pub id: String,
    /// What it wants in the busy hour, in kb/s.
    pub demand_kbps: u32,
    /// Its weight in U, in thousandths.
    #[serde(default = "thousand")]
    pub weight_milli: u32,
    /// Spatial streams.
    #[serde(default = "two")]
    pub streams: u8,
    /// Widest channel that it can use.
    #[serde(default = "mhz80")]
    pub max_width: Bandwidth,
    /// Newest PPDU format that it speaks.
    #[serde(default = "he")]
    pub phy: Phy,
    /// Path loss to each pod and band that it hears; a band that is missing is one it cannot use there.
    pub path_loss: Vec<ClientLoss>,
    /// Where it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Attachment>,
    /// False for stations that ignore requests to move.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub steerable: bool,
    /// Requests to move that it refused in the last 30 days. Each one makes another try dearer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refusals: u32,
}

fn thousand() -> u32 {
    1000
}

fn mhz80() -> Bandwidth {
    Bandwidth::Mhz80
}

fn he() -> Phy {
    Phy::He
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The newest PPDU format of a station; it caps the MCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phy {
    /// 802.11n: MCS 7.
    Ht,
    /// 802.11ac: MCS 9.
    Vht,
    /// 802.11ax: MCS 11.
    He,
    /// 802.11be: MCS 13 exists, the rate table here ends at 11.
    Eht,
}

/// Path loss of a station to a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientLoss {
    /// The pod.
    pub pod: String,
    /// The band.
    pub band: Band,
    /// EIRP minus received level, in dB.
    pub loss_db: i32,
}

/// The radio that serves a station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The pod.
    pub pod: String,
    /// Its radio.
    pub radio: String,
}

/// A BSS that a pod hears and that we do not control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbour {
    /// The pod that hears it.
    pub pod: String,
    /// The band.
    pub band: Band,
    /// Its primary 20 MHz channel.
    pub primary: u8,
    /// Its width in MHz.
    #[serde(default = "mhz20")]
    pub width: Bandwidth,
    /// Its centre channel number where primary and width leave a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<u8>,
    /// Level at the pod in dBm.
    pub level_dbm: i32,
    /// Share of time that it sends, in thousandths; left out means 150.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty_permille: Option<u16>,
}

fn mhz20() -> Bandwidth {
    Bandwidth::Mhz20
}

/// What a pod measured on one 20 MHz channel, its own traffic left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// The pod that measured.
    pub pod: String,
    /// The band.
    pub band: Band,
    /// The 20 MHz channel.
    pub channel: u8,
    /// Share of time that others kept it busy, in thousandths.
    pub busy_permille: u16,
    /// Noise floor in dBm over 20 MHz, if the driver knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_dbm: Option<i32>,
}

/// Radar state of one 20 MHz channel at 5 GHz, for the whole site or for one home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DfsState {
    /// The 20 MHz channel.
    pub channel: u8,
    /// Radar detections in the last 30 days.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub radar_events_30d: u32,
    /// The home whose pods saw it; left out means the whole site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// True while the non-occupancy period runs: the channel is forbidden.
    #[serde(default, skip_serializing_if = "is_false")]
    pub non_occupancy: bool,
}

/// Something the household fixed (as a pin) or ruled out (as an objection). Parts left out match anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "what", rename_all = "snake_case")]
pub enum Choice {
    /// A radio's setting.
    Radio {
        /// The pod; left out means every pod.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pod: Option<String>,
        /// The band.
        band: Band,
        /// The primary 20 MHz channel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        primary: Option<u8>,
        /// The width in MHz.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<Bandwidth>,
    },
    /// A pod's parent.
    Uplink {
        /// The pod.
        pod: String,
        /// The parent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<String>,
        /// The band of the link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        band: Option<Band>,
    },
    /// Where a station is served.
    Client {
        /// The station.
        client: String,
        /// The pod.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pod: Option<String>,
        /// The band.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        band: Option<Band>,
    },
}

/// The local time of day in which changes may be applied; it may pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietWindow {
    /// First minute of the day, 0 to 1439.
    pub from_minute: u16,
    /// Minute of the day at which it ends, 0 to 1439.
    pub to_minute: u16,
}
