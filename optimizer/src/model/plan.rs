//! The answer, `millpond-plan/1`: what every radio, uplink and client shall do, and why.

use millpond_dsp::phy::{Band, Bandwidth};
use serde::{Deserialize, Serialize};

use super::site::is_whole;

/// The value of [`Plan::format`].
pub const FORMAT: &str = "millpond-plan/1";

/// A plan for one site. All numbers are integers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always [`FORMAT`].
    pub format: String,
    /// True if the plan leaves everything as it is.
    pub keep: bool,
    /// Every radio, in the site's order.
    pub radios: Vec<PlannedRadio>,
    /// The uplink of every pod without a cable to the gateway.
    pub uplinks: Vec<PlannedUplink>,
    /// Where every client shall be served.
    pub clients: Vec<PlannedClient>,
    /// For every radio that watches for radar: where it goes when radar shows. It needs no listening.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<Fallback>,
    /// What the plan is worth.
    pub objective: Objective,
    /// When it may be applied.
    pub apply: Apply,
    /// Every decision with its reasons.
    pub decisions: Vec<Decision>,
}

/// A radio's setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRadio {
    /// The pod.
    pub pod: String,
    /// The radio.
    pub radio: String,
    /// The band.
    pub band: Band,
    /// Primary 20 MHz channel.
    pub primary: u8,
    /// Width in MHz.
    pub width: Bandwidth,
    /// Centre channel number.
    pub center: u8,
    /// 20 MHz subchannels left out, bit 0 the lowest; 0 for a whole channel.
    #[serde(default, skip_serializing_if = "is_whole")]
    pub punctured: u16,
    /// Radiated power in dBm.
    pub eirp_dbm: i32,
    /// True if the site runs something else.
    pub changed: bool,
    /// Seconds of listening for radar before the first frame; 0 means none.
    pub cac_s: u32,
}

/// Where a radio goes when radar shows on its channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// The pod.
    pub pod: String,
    /// The radio.
    pub radio: String,
    /// Primary 20 MHz channel.
    pub primary: u8,
    /// Width in MHz.
    pub width: Bandwidth,
    /// Centre channel number.
    pub center: u8,
    /// 20 MHz subchannels left out, bit 0 the lowest; 0 for a whole channel.
    #[serde(default, skip_serializing_if = "is_whole")]
    pub punctured: u16,
    /// Radiated power in dBm.
    pub eirp_dbm: i32,
}

/// A pod's wireless uplink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedUplink {
    /// The pod.
    pub pod: String,
    /// Its parent.
    pub parent: String,
    /// The band of the link.
    pub band: Band,
    /// The pod's radio.
    pub radio: String,
    /// The parent's radio.
    pub parent_radio: String,
    /// True if the site runs something else.
    pub changed: bool,
}

/// Where a client shall be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedClient {
    /// The client.
    pub client: String,
    /// The pod.
    pub pod: String,
    /// Its radio.
    pub radio: String,
    /// The band.
    pub band: Band,
    /// True if the site says that it is elsewhere.
    pub changed: bool,
    /// Share of its demand that it is expected to get before, in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_permille: Option<u32>,
    /// The same after.
    pub after_permille: u32,
}

/// What a plan is worth: J is minimised, U is maximised and judges; both in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// J of what runs now, if J can express it.
    pub j_before_milli: Option<i64>,
    /// J of the plan. It may be over the least: U decides.
    pub j_after_milli: Option<i64>,
    /// The least J that the search found.
    pub j_least_milli: i64,
    /// No plan has a lower J.
    pub j_bound_milli: i64,
    /// True if `j_least_milli` is the least there is.
    pub proved: bool,
    /// U of what runs now, if the site says it for every radio and uplink.
    pub u_before_milli: Option<i64>,
    /// U of the plan.
    pub u_after_milli: i64,
    /// Changed radios, uplinks and clients.
    pub switches: u32,
}

/// When a plan may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "when", rename_all = "snake_case")]
pub enum Apply {
    /// Nothing is to be applied.
    Never,
    /// At any time: the site has no quiet window.
    AnyTime {
        /// The quietest minute of the local day by the forecast.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        best_minute: Option<u16>,
    },
    /// In the quiet window.
    QuietWindow {
        /// First minute of the local day.
        from_minute: u16,
        /// Minute at which it ends.
        to_minute: u16,
        /// The quietest minute in it by the forecast.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        best_minute: Option<u16>,
    },
    /// At once: a channel in use has become unusable.
    Now {
        /// Why.
        reason: Urgency,
    },
}

/// Why a change cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Radar was seen and the non-occupancy period runs.
    Radar,
    /// Country, hardware or household do not allow what runs.
    NotAllowed,
}

/// What kind of change a decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing changes.
    Keep,
    /// Another primary or block.
    Channel,
    /// Another width.
    Width,
    /// Another power.
    Power,
    /// Another serving radio.
    Steer,
    /// Another uplink.
    Backhaul,
}

/// Why an option is better or worse. The words are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// PHY rate at this width and power.
    Rate,
    /// Airtime that clients need and take from each other.
    Airtime,
    /// Airtime that strangers take.
    ForeignBusy,
    /// Airtime that our own radios take from each other.
    OwnBusy,
    /// Airtime and rate of relayed traffic.
    Backhaul,
    /// Risk of radar.
    Radar,
    /// Disturbance of a change.
    Switch,
    /// Requests that the client refused before.
    Refusals,
    /// The exact evaluation U finds no gain in changing anything; the weight is the U that the change would lose.
    NoExactGain,
    /// There is no other option.
    OnlyOption,
    /// Equal in all; the earlier option stands.
    Tie,
    /// The search was stopped before this decision was weighed against all others.
    Stopped,
}

/// One option of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "what", rename_all = "snake_case")]
pub enum Choosable {
    /// A setting of the radios of the subject; the power is that of the first.
    Radio {
        /// Primary 20 MHz channel.
        primary: u8,
        /// Width in MHz.
        width: Bandwidth,
        /// Centre channel number.
        center: u8,
        /// 20 MHz subchannels left out, bit 0 the lowest; 0 for a whole channel.
        #[serde(default, skip_serializing_if = "is_whole")]
        punctured: u16,
        /// Radiated power in dBm.
        eirp_dbm: i32,
    },
    /// An uplink.
    Uplink {
        /// The parent.
        parent: String,
        /// The band.
        band: Band,
    },
    /// A serving radio.
    Client {
        /// The pod.
        pod: String,
        /// Its radio.
        radio: String,
        /// The band.
        band: Band,
    },
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "what", rename_all = "snake_case")]
pub enum Subject {
    /// Radios that share one channel, as pod and radio.
    Radios {
        /// The band.
        band: Band,
        /// Pod and radio of each.
        radios: Vec<(String, String)>,
    },
    /// A pod's uplink.
    Uplink {
        /// The pod.
        pod: String,
    },
    /// A client.
    Client {
        /// The client.
        client: String,
    },
}

/// By which measure two options are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The exact evaluation U.
    U,
    /// U is equal; the first-order form J, which counts headroom too.
    J,
}

/// One decision. The weights of its reasons sum to what the option in `instead` would cost more, in thousandths of U or,
/// where U is equal, of J; the other decisions are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Its number in the plan, from 0.
    pub number: u32,
    /// What kind of change it is.
    pub kind: Kind,
    /// What it is about.
    pub subject: Subject,
    /// What runs now, if the site says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Choosable>,
    /// What shall run.
    pub to: Choosable,
    /// The option that the reasons compare with: `from` if something changes, else the best other one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Choosable>,
    /// The measure that tells `to` and `instead` apart.
    pub by: Measure,
    /// Why `to` is better than `instead`: positive weights speak for it, negative ones against.
    pub reasons: Vec<Weighed>,
    /// The best options that lost, each with the reason that weighs most against it.
    pub losers: Vec<Loser>,
    /// The smallest change of one input that would change the decision, the other decisions held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip: Option<Flip>,
}

/// A reason and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    /// The reason.
    pub code: Reason,
    /// Thousandths of U.
    pub weight: i64,
}

/// An option that lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loser {
    /// The option.
    pub option: Choosable,
    /// What weighs most against it.
    pub code: Reason,
    /// The measure that tells.
    pub by: Measure,
    /// What it would cost more in all, in thousandths of that measure.
    pub excess: i64,
}

/// An input whose change would change a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flip {
    /// The input.
    pub code: Input,
    /// Its value in the site; what is not in the site counts as 0.
    pub value: i64,
    /// The value nearest to it at which the decision is another one.
    pub needed: i64,
}

/// An input of a site that may flip a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// `policy.switch_cost_milli`.
    SwitchCostMilli,
    /// `survey[].busy_permille` of a pod and channel.
    SurveyBusyPermille {
        /// The pod.
        pod: String,
        /// The band.
        band: Band,
        /// The 20 MHz channel.
        channel: u8,
    },
    /// `clients[].demand_kbps`.
    ClientDemandKbps {
        /// The client.
        client: String,
    },
    /// `clients[].path_loss[].loss_db`.
    ClientLossDb {
        /// The client.
        client: String,
        /// The pod.
        pod: String,
        /// The band.
        band: Band,
    },
    /// `pod_path_loss[].loss_db`.
    PodLossDb {
        /// One pod.
        a: String,
        /// The other.
        b: String,
        /// The band.
        band: Band,
    },
}
