//! The description of a scene: `"format": "millpond-scene/1"`, JSON, unknown fields refused, every fault reported at once.

use std::fmt;

use millpond_dsp::phy::{Band, Bandwidth, Channel, PpduFormat};
use serde::{Deserialize, Serialize};

use super::diffuse::Diffuse;
use super::fault::{Roam, Switch, Twin};
use super::impair::Receiver;
use super::mover::Mover;
use super::path::Reverberation;
use super::room::{FloorPlan, Point3, Room, Wall};
use super::traffic::{Interference, Loss, Oven, Traffic};
use super::wiring::Network;

/// The only format there is.
pub const FORMAT: &str = "millpond-scene/1";

/// The built-in scenes by name.
pub(super) const BUILTIN: [(&str, &str); 16] = [
    ("home", include_str!("../../scenes/home.json")),
    ("empty", include_str!("../../scenes/empty.json")),
    ("walk-across", include_str!("../../scenes/walk-across.json")),
    ("fan", include_str!("../../scenes/fan.json")),
    ("drift", include_str!("../../scenes/drift.json")),
    ("cat", include_str!("../../scenes/cat.json")),
    ("robot", include_str!("../../scenes/robot.json")),
    ("empty-day", include_str!("../../scenes/empty-day.json")),
    ("far-room", include_str!("../../scenes/far-room.json")),
    ("sit-still", include_str!("../../scenes/sit-still.json")),
    ("sleep", include_str!("../../scenes/sleep.json")),
    ("two-people", include_str!("../../scenes/two-people.json")),
    ("curtain", include_str!("../../scenes/curtain.json")),
    ("channel-change", include_str!("../../scenes/channel-change.json")),
    ("furniture", include_str!("../../scenes/furniture.json")),
    ("lossy", include_str!("../../scenes/lossy.json")),
];

/// A home, its radios and what moves in it. No name or address of the air is in here: see
/// [`Identities`](super::Identities).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// [`FORMAT`].
    pub format: String,
    /// A short name.
    pub name: String,
    /// What it is for, one sentence.
    #[serde(default)]
    pub about: String,
    /// Length if the caller asks for none, s.
    pub seconds: f64,
    /// The rooms.
    pub rooms: Vec<Room>,
    /// The walls.
    pub walls: Vec<Wall>,
    /// Everything with a radio.
    pub devices: Vec<Device>,
    /// Which transmissions are measured.
    pub links: Vec<LinkSpec>,
    /// What moves.
    #[serde(default)]
    pub movers: Vec<Mover>,
    /// A field of known law beside the movers; for tests of kernels.
    #[serde(default)]
    pub diffuse: Option<Diffuse>,
    /// The packets that are measured.
    pub sounding: Sounding,
    /// Reverberation of the home.
    #[serde(default)]
    pub reverberation: ReverberationSpec,
    /// Faults of the receivers.
    #[serde(default)]
    pub receiver: Receiver,
    /// Arrival of packets.
    #[serde(default)]
    pub traffic: Traffic,
    /// Foreign signals on the measured channel.
    #[serde(default)]
    pub interference: Option<Interference>,
    /// A microwave oven.
    #[serde(default)]
    pub oven: Option<Oven>,
    /// Changes of channel, width or format, in order of time.
    #[serde(default)]
    pub switches: Vec<Switch>,
    /// The radio network for the optimizer.
    #[serde(default)]
    pub network: Option<Network>,
}

/// A device with a radio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Local name: a key of this file, never on the air.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Where its antenna is, m.
    pub at: Point3,
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// An AP of the home.
    Pod,
    /// A client that stays where it is: television, printer, speaker.
    Station,
    /// A client that people carry; it is no sensor.
    Phone,
    /// An AP of somebody else.
    Neighbour,
}

/// One measured link: one transmitter heard by one receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// Name of the transmitting device.
    pub tx: String,
    /// Name of the receiving device.
    pub rx: String,
    /// Packets a second.
    pub rate_hz: f64,
    /// Another transmitter takes the first one's place.
    #[serde(default)]
    pub roam: Option<Roam>,
    /// A second device sends under the same address.
    #[serde(default)]
    pub twin: Option<Twin>,
}

impl LinkSpec {
    /// A link without faults.
    pub fn new(tx: &str, rx: &str, rate_hz: f64) -> Self {
        Self { tx: tx.to_owned(), rx: rx.to_owned(), rate_hz, roam: None, twin: None }
    }
}

/// The packets whose channel is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sounding {
    /// Band.
    pub band: Band,
    /// Primary channel.
    pub channel: u8,
    /// Width of channel and packet.
    #[serde(default = "narrow")]
    pub width_mhz: Bandwidth,
    /// Format.
    #[serde(default = "ht")]
    pub ppdu: PpduFormat,
    /// Radiated power, dBm.
    #[serde(default = "default_eirp")]
    pub eirp_dbm: f64,
    /// Receive antennas, half a wave length apart along x.
    #[serde(default = "one")]
    pub n_rx: u8,
}

impl Sounding {
    /// The channel, if the numbers name one.
    pub fn tuned(&self) -> Option<Channel> {
        Channel::new(self.band, self.channel, self.width_mhz)
    }
}

fn narrow() -> Bandwidth {
    Bandwidth::Mhz20
}
fn ht() -> PpduFormat {
    PpduFormat::Ht
}
fn default_eirp() -> f64 {
    18.0
}
fn one() -> u8 {
    1
}

/// See [`Reverberation`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReverberationSpec {
    /// Specular over scattered power, dB.
    pub k_db: f64,
    /// Mean excess delay, ns.
    pub spread_ns: f64,
    /// Number of scatterers.
    pub count: u16,
}

impl Default for ReverberationSpec {
    fn default() -> Self {
        Self { k_db: 6.0, spread_ns: 35.0, count: 30 }
    }
}

impl From<ReverberationSpec> for Reverberation {
    fn from(r: ReverberationSpec) -> Self {
        Self { k_db: r.k_db, spread_ns: r.spread_ns, count: usize::from(r.count) }
    }
}

/// Why there is no such scene.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SceneError {
    /// Not a JSON description of the known fields.
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// The description contradicts itself or leaves the ranges; every fault with its place.
    Invalid(Vec<String>),
    /// No built-in scene has the name.
    NoSuchScene(String),
}

impl fmt::Display for SceneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column, what } => write!(f, "scene: line {line}, column {column}: {what}"),
            Self::Invalid(faults) => write!(f, "scene: {}", faults.join("; ")),
            Self::NoSuchScene(name) => {
                write!(f, "no built-in scene is called {name:?}; there are {}", Scene::names().join(", "))
            }
        }
    }
}

impl std::error::Error for SceneError {}

impl SceneError {
    /// The place goes into its fields; the library's own words end with it.
    pub(super) fn from_serde(e: &serde_json::Error) -> Self {
        let text = e.to_string();
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned();
        Self::Json { line: e.line(), column: e.column(), what }
    }
}

impl Scene {
    /// Names of the built-in scenes.
    pub fn names() -> [&'static str; BUILTIN.len()] {
        BUILTIN.map(|(name, _)| name)
    }

    /// The floor plan.
    pub fn plan(&self) -> FloorPlan {
        FloorPlan { rooms: self.rooms.clone(), walls: self.walls.clone() }
    }

    /// Index of a device by its local name.
    pub fn device(&self, name: &str) -> Option<usize> {
        self.devices.iter().position(|d| d.name == name)
    }

    /// Index of the room of a device.
    pub fn room_of(&self, device: usize) -> Option<usize> {
        let at = self.devices.get(device)?.at;
        self.rooms.iter().position(|r| r.contains([at[0], at[1]]))
    }

    /// Transmitting and receiving device of a link.
    pub fn ends(&self, link: usize) -> Option<(usize, usize)> {
        let link = self.links.get(link)?;
        Some((self.device(&link.tx)?, self.device(&link.rx)?))
    }

    /// The rooms of a link's two ends: what zone weights are made of.
    pub fn link_rooms(&self, link: usize) -> Option<(Option<usize>, Option<usize>)> {
        let (tx, rx) = self.ends(link)?;
        Some((self.room_of(tx), self.room_of(rx)))
    }

    /// The measured channel, if the numbers name one.
    pub fn channel(&self) -> Option<Channel> {
        self.sounding.tuned()
    }

    /// The same scene with another loss of packets.
    pub fn with_loss(mut self, loss: Loss) -> Self {
        self.traffic.loss = loss;
        self
    }
}
