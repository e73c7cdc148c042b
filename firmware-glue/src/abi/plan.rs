//! The planner's structs and numbers: a home in arrays, and the decisions about it.

use core::ffi::c_char;

use super::mp_survey;

/// Most entries of one array of an `mp_site`.
pub const MP_SITE_ENTRIES_MAX: u32 = 4096;
/// Most reasons of one decision: one of each code, so that none is left out.
pub const MP_REASONS_MAX: usize = 16;
/// Most losers of one decision.
pub const MP_LOSERS_MAX: usize = 8;
/// Bytes of an encoded decision.
pub const MP_DECISION_BYTES: usize = 158;

/// Each radio has a channel of its own. Without it, the radios of a band share one.
pub const MP_SITE_PER_RADIO: u8 = 1;
/// Clients stay where they are.
pub const MP_SITE_NO_STEERING: u8 = 2;
/// Uplinks stay as they are.
pub const MP_SITE_NO_UPLINKS: u8 = 4;

/// The radio can use 20 MHz.
pub const MP_WIDTH_20: u16 = 1;
/// The radio can use 40 MHz.
pub const MP_WIDTH_40: u16 = 2;
/// The radio can use 80 MHz.
pub const MP_WIDTH_80: u16 = 4;
/// The radio can use 160 MHz.
pub const MP_WIDTH_160: u16 = 8;
/// The radio can use 320 MHz.
pub const MP_WIDTH_320: u16 = 16;

/// The radio cannot detect radar, so DFS channels are out.
pub const MP_RADIO_NO_DFS: u8 = 1;
/// The radio has transmit power control.
pub const MP_RADIO_TPC: u8 = 2;

/// The household fixed this.
pub const MP_RULE_PIN: u8 = 1;
/// The household ruled this out.
pub const MP_RULE_OBJECTION: u8 = 2;
/// A rule on radios: `band`, and where given `node`, `channel` and `width_mhz`.
pub const MP_RULE_RADIO: u8 = 1;
/// A rule on the uplink of `node`: where given `parent` and `band`.
pub const MP_RULE_UPLINK: u8 = 2;
/// A rule on `client`: where given `node` and `band`.
pub const MP_RULE_CLIENT: u8 = 3;

/// Nothing changes.
pub const MP_DECISION_KEEP: u8 = 0;
/// Another channel.
pub const MP_DECISION_CHANNEL: u8 = 1;
/// Another width.
pub const MP_DECISION_WIDTH: u8 = 2;
/// Another power.
pub const MP_DECISION_POWER: u8 = 3;
/// A client moves.
pub const MP_DECISION_STEER: u8 = 4;

/// `code` of a reason: foreign traffic keeps the channel busy.
pub const MP_REASON_BUSY: u8 = 0;
/// `code` of a reason: it overlaps with a radio of the same home or block.
pub const MP_REASON_OVERLAP: u8 = 1;
/// `code` of a reason: noise.
pub const MP_REASON_NOISE: u8 = 2;
/// `code` of a reason: what the clients could get.
pub const MP_REASON_CAPACITY: u8 = 3;
/// `code` of a reason: what the backhaul could get.
pub const MP_REASON_BACKHAUL: u8 = 4;
/// `code` of a reason: demand.
pub const MP_REASON_LOAD: u8 = 5;
/// `code` of a reason: radar rules: listening time, past events.
pub const MP_REASON_DFS: u8 = 6;
/// `code` of a reason: radar was seen.
pub const MP_REASON_RADAR: u8 = 7;
/// `code` of a reason: the disturbance of a switch.
pub const MP_REASON_CHURN: u8 = 8;
/// `code` of a reason: outside the household's window.
pub const MP_REASON_WINDOW: u8 = 9;
/// `code` of a reason: pinned by the household.
pub const MP_REASON_PIN: u8 = 10;
/// `code` of a reason: objected to by the household.
pub const MP_REASON_OBJECTION: u8 = 11;
/// `code` of a reason: the radio or its clients cannot.
pub const MP_REASON_CAPABILITY: u8 = 12;
/// `code` of a reason: the regulatory table forbids it.
pub const MP_REASON_REGULATORY: u8 = 13;
/// `code` of a reason: clients refused before.
pub const MP_REASON_REFUSAL: u8 = 14;
/// `code` of a reason: the switch budget is spent.
pub const MP_REASON_LIMIT: u8 = 15;

/// A home as the planner takes it. Zero the struct, set `size` and `abi`, then what is known. Nodes, radios and
/// clients have numbers and no names; there is no address in here. Every array may be NULL where its length is 0.
/// `optimizer/docs/site.md` explains each quantity.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site {
    /// `sizeof(mp_site)`.
    pub size: u32,
    /// `MP_ABI`.
    pub abi: u32,
    /// ISO 3166 country code in capitals.
    pub country: [c_char; 2],
    /// Sum of `MP_SITE_*`.
    pub flags: u8,
    /// Zero.
    pub reserved: u8,
    /// What one change costs in thousandths of the objective. 0 means 20.
    pub switch_cost_milli: u32,
    /// Where the search starts. The same site and seed give the same plan.
    pub seed: u32,
    /// Slot of the day (5 minutes, 0 to 287) that the decisions bear.
    pub slot: u16,
    /// Number of the first decision.
    pub first_number: u16,
    /// Rounds of search. 0 means 8.
    pub rounds: u32,
    /// Length of `nodes`, 1 to 8.
    pub n_nodes: u32,
    /// Length of `radios`.
    pub n_radios: u32,
    /// Length of `losses`.
    pub n_losses: u32,
    /// Length of `clients`.
    pub n_clients: u32,
    /// Length of `client_losses`.
    pub n_client_losses: u32,
    /// Length of `surveys`.
    pub n_surveys: u32,
    /// Length of `neighbours`.
    pub n_neighbours: u32,
    /// Length of `dfs`.
    pub n_dfs: u32,
    /// Length of `rules`.
    pub n_rules: u32,
    /// The access points: the first is node 1.
    pub nodes: *const mp_site_node,
    /// Their radios.
    pub radios: *const mp_site_radio,
    /// Path losses and cables between nodes.
    pub losses: *const mp_site_loss,
    /// The stations that want airtime: the first is client 0.
    pub clients: *const mp_site_client,
    /// Path losses between nodes and clients.
    pub client_losses: *const mp_site_client_loss,
    /// What nodes measured of channels. With `radar` set, the channel may not be used now.
    pub surveys: *const mp_survey,
    /// Networks that we hear and do not control.
    pub neighbours: *const mp_site_neighbour,
    /// Radar seen before.
    pub dfs: *const mp_site_dfs,
    /// Pins and objections of the household.
    pub rules: *const mp_site_rule,
}

/// One access point.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_node {
    /// `sizeof(mp_site_node)`.
    pub size: u32,
    /// Number of the home that it serves, 0 where there is one.
    pub home: u8,
    /// 1 for the node of the home that has the internet line.
    pub gateway: u8,
    /// Node that its wireless uplink goes to, 0 where there is none.
    pub parent: u8,
    /// Radio of the parent.
    pub parent_radio: u8,
    /// Its own radio.
    pub radio: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// One radio of a node.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_radio {
    /// `sizeof(mp_site_radio)`.
    pub size: u32,
    /// Its node, from 1.
    pub node: u8,
    /// Its number in the node.
    pub radio: u8,
    /// `MP_BAND_*`.
    pub band: u8,
    /// Spatial streams. 0 means 2.
    pub streams: u8,
    /// Widths that it can use, sum of `MP_WIDTH_*`.
    pub widths: u16,
    /// Highest EIRP of the hardware in dBm.
    pub max_eirp_dbm: i16,
    /// Sum of `MP_RADIO_*`.
    pub flags: u8,
    /// Primary channel in use, 0 where none is.
    pub channel: u8,
    /// Centre channel where primary and width leave a choice, else 0.
    pub center: u8,
    /// EIRP in use, dBm.
    pub eirp_dbm: i8,
    /// Width in use, MHz.
    pub width_mhz: u16,
    /// Zero.
    pub reserved: u16,
}

/// What lies between two nodes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_loss {
    /// `sizeof(mp_site_loss)`.
    pub size: u32,
    /// One node.
    pub a: u8,
    /// The other.
    pub b: u8,
    /// `MP_BAND_*`, or 0 for a cable.
    pub band: u8,
    /// Zero.
    pub reserved: u8,
    /// EIRP less received level, dB.
    pub loss_db: i32,
}

/// One station.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_client {
    /// `sizeof(mp_site_client)`.
    pub size: u32,
    /// What it wants in the busy hour, kb/s.
    pub demand_kbps: u32,
    /// Its weight in thousandths. 0 means 1000.
    pub weight_milli: u32,
    /// Requests to move that it refused in the last 30 days.
    pub refusals: u32,
    /// Spatial streams. 0 means 2.
    pub streams: u8,
    /// Newest PPDU format, `MP_PPDU_HT` to `MP_PPDU_EHT`. 0 means `MP_PPDU_HE`.
    pub ppdu: u8,
    /// Widest channel that it can use, MHz. 0 means 80.
    pub max_width_mhz: u16,
    /// Node that serves it, 0 where that is not known.
    pub node: u8,
    /// Radio of that node.
    pub radio: u8,
    /// 1 if it ignores requests to move.
    pub stays: u8,
    /// Zero.
    pub reserved: u8,
}

/// Path loss between a node and a station.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_client_loss {
    /// `sizeof(mp_site_client_loss)`.
    pub size: u32,
    /// The client, from 0.
    pub client: u32,
    /// The node, from 1.
    pub node: u8,
    /// `MP_BAND_*`.
    pub band: u8,
    /// EIRP less received level, dB.
    pub loss_db: i16,
}

/// A network that a node hears.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_neighbour {
    /// `sizeof(mp_site_neighbour)`.
    pub size: u32,
    /// The node that hears it.
    pub node: u8,
    /// `MP_BAND_*`.
    pub band: u8,
    /// Its primary channel.
    pub channel: u8,
    /// Its centre channel where primary and width leave a choice, else 0.
    pub center: u8,
    /// Its width, MHz. 0 means 20.
    pub width_mhz: u16,
    /// Level at the node, dBm.
    pub level_dbm: i16,
    /// Share of time that it sends, in thousandths. 0 means that it is not known.
    pub duty_permille: u16,
    /// Zero.
    pub reserved: u16,
}

/// Radar history of one 20 MHz channel at 5 GHz.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_dfs {
    /// `sizeof(mp_site_dfs)`.
    pub size: u32,
    /// Detections in the last 30 days.
    pub events_30d: u32,
    /// The channel.
    pub channel: u8,
    /// 1 while it may not be used.
    pub blocked: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// A pin or an objection. Members that are 0 match anything.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_site_rule {
    /// `sizeof(mp_site_rule)`.
    pub size: u32,
    /// `MP_RULE_PIN` or `MP_RULE_OBJECTION`.
    pub rule: u8,
    /// `MP_RULE_RADIO`, `MP_RULE_UPLINK` or `MP_RULE_CLIENT`.
    pub what: u8,
    /// The node, from 1.
    pub node: u8,
    /// `MP_BAND_*`.
    pub band: u8,
    /// The primary channel.
    pub channel: u8,
    /// The parent, from 1.
    pub parent: u8,
    /// The width, MHz.
    pub width_mhz: u16,
    /// The client, from 0; for `MP_RULE_CLIENT`.
    pub client: u32,
}

/// One setting of one radio.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_setting {
    /// The node, from 1.
    pub node: u8,
    /// `MP_BAND_*`.
    pub band: u8,
    /// Primary channel.
    pub channel: u8,
    /// EIRP, dBm.
    pub eirp_dbm: u8,
    /// Width, MHz.
    pub width_mhz: u16,
    /// Zero.
    pub reserved: u16,
}

/// One term of a decision's gain.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_reason {
    /// What it says for the setting taken, in thousandths; negative against it.
    pub weight_milli: i32,
    /// `MP_REASON_*`.
    pub code: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// A setting that was not taken.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_loser {
    /// The setting.
    pub option: mp_setting,
    /// What spoke against it most, `MP_REASON_*`.
    pub code: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// One decision with its reasons. Set `size` of each entry of the array before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_decision {
    /// `sizeof(mp_decision)`.
    pub size: u32,
    /// Running number.
    pub number: u16,
    /// Slot of the day in which it was made.
    pub slot: u16,
    /// `MP_DECISION_*`.
    pub kind: u8,
    /// Length of `reasons`.
    pub n_reasons: u8,
    /// Length of `losers`.
    pub n_losers: u8,
    /// 1 if `flip` is given.
    pub has_flip: u8,
    /// Setting before.
    pub from: mp_setting,
    /// Setting after.
    pub to: mp_setting,
    /// The terms of the gain, weightiest first.
    pub reasons: [mp_reason; MP_REASONS_MAX],
    /// The settings that were not taken, best first.
    pub losers: [mp_loser; MP_LOSERS_MAX],
    /// The input whose smallest change would change the decision, and the value that it would need.
    pub flip: mp_reason,
    /// Gain that is expected of the whole plan, tenths of a percent.
    pub expected_tenths: i16,
    /// Length of `bytes`.
    pub n_bytes: u16,
    /// The decision's canonical bytes, the same on every platform.
    pub bytes: [u8; MP_DECISION_BYTES],
    /// Zero.
    pub reserved: u16,
}
