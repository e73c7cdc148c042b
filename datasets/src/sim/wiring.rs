//! The network part of a scene, as it is described: radios, foreign access points, clients.

use millpond_dsp::phy::{Band, Bandwidth};
use serde::{Deserialize, Serialize};

/// The network part of a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The pod with the uplink.
    pub gateway: String,
    /// The home's radios and where they stand now.
    pub radios: Vec<RadioSpec>,
    /// APs of others.
    #[serde(default)]
    pub neighbours: Vec<NeighbourSpec>,
    /// The home's clients.
    #[serde(default)]
    pub clients: Vec<ClientSpec>,
}

/// One radio of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioSpec {
    /// Name of the pod.
    pub pod: String,
    /// Band.
    pub band: Band,
    /// Primary channel now.
    pub channel: u8,
    /// Width now.
    pub width_mhz: Bandwidth,
    /// Radiated power now, dBm.
    pub eirp_dbm: f64,
}

/// A foreign AP on one band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeighbourSpec {
    /// Name of the device.
    pub device: String,
    /// Band.
    pub band: Band,
    /// Primary channel.
    pub channel: u8,
    /// Width.
    pub width_mhz: Bandwidth,
    /// Radiated power, dBm.
    pub eirp_dbm: f64,
    /// Mean share of time that it is on the air, 0 to 0.9.
    pub duty: f64,
}

/// A client and its wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// Name of the device, a phone or a station.
    pub device: String,
    /// Wanted throughput, Mb/s.
    pub demand_mbps: f64,
    /// Bands that it knows.
    pub bands: Vec<Band>,
}
