//! What radios report about the air, and how it becomes a site without a single address.
//!
//! A report is class R: it is full of addresses and of levels by device. It is sealed where it is made; inside the
//! gate's `fold` it becomes a [`Site`](millpond_optimizer::model::Site), whose order depends on what was measured and on
//! the household's numbers, never on an address or on the order of arrival.

mod count;
mod gather;
mod hostapd;
mod household;
mod nl80211;
mod opensync;
pub mod sim;
mod site;
mod statistics;
pub mod sts;

use std::net::{IpAddr, Ipv6Addr};

use millpond_dsp::phy::{Band, Bandwidth, MacAddr, Micros};
use millpond_report::{Raw, Telemetry, Wipe};

pub use count::SurveyCounters;
pub use gather::{Door, Gather, Silent};
pub use hostapd::HostapdDoor;
pub use household::Household;
pub use nl80211::Nl80211Door;
pub use opensync::OpensyncDoor;
pub use site::{DEFAULT_COUNTRY, Home, survey_of};
pub use statistics::StatisticsDoor;

/// One window of telemetry with its addresses.
#[derive(Clone, Default)]
pub struct AirReport {
    /// The pod with the internet line.
    pub gateway: Option<MacAddr>,
    /// The home's radios.
    pub radios: Vec<OwnRadio>,
    /// Busy share and noise by pod and 20 MHz channel.
    pub surveys: Vec<ChannelSurvey>,
    /// Foreign BSSs by the pod that hears them.
    pub neighbours: Vec<ForeignBss>,
    /// The home's stations.
    pub stations: Vec<Station>,
    /// Path loss between pods.
    pub pod_losses: Vec<PodPair>,
    /// Channels of 5 GHz that radar has closed for now.
    pub radar: Vec<u8>,
}

/// A radio of the home as it stands.
#[derive(Clone)]
pub struct OwnRadio {
    /// The pod.
    pub pod: MacAddr,
    /// Its network name.
    pub ssid: String,
    /// Band.
    pub band: Band,
    /// Primary channel.
    pub primary: u8,
    /// Width.
    pub width: Bandwidth,
    /// EIRP, dBm.
    pub eirp_dbm: i32,
}

/// What a pod measured on one 20 MHz channel.
#[derive(Clone)]
pub struct ChannelSurvey {
    /// The pod.
    pub pod: MacAddr,
    /// Band.
    pub band: Band,
    /// Channel.
    pub channel: u8,
    /// Share of time that others kept it busy, thousandths.
    pub busy_permille: u16,
    /// Noise floor, dBm.
    pub noise_dbm: i32,
}

/// A foreign BSS as a pod hears it.
#[derive(Clone)]
pub struct ForeignBss {
    /// The pod.
    pub pod: MacAddr,
    /// The foreign AP.
    pub bssid: MacAddr,
    /// Its network name.
    pub ssid: String,
    /// Band.
    pub band: Band,
    /// Primary channel.
    pub primary: u8,
    /// Width.
    pub width: Bandwidth,
    /// Level, dBm.
    pub level_dbm: i32,
    /// Share of time that it sends, thousandths, where somebody measured it.
    pub duty_permille: Option<u16>,
}

/// A station of the home.
#[derive(Clone)]
pub struct Station {
    /// Its address.
    pub address: MacAddr,
    /// Its name, as DHCP tells it.
    pub host_name: String,
    /// Its address on the network.
    pub ip: IpAddr,
    /// The pod and the band that serve it.
    pub at: (MacAddr, Band),
    /// Wanted throughput, kb/s.
    pub demand_kbps: u32,
    /// Path loss from each pod and band, dB.
    pub losses: Vec<(MacAddr, Band, i32)>,
}

impl Station {
    /// A station of which a driver knows the address and where it is served, and nothing else yet.
    pub const fn nameless(address: MacAddr, at: (MacAddr, Band)) -> Self {
        Self { address, host_name: String::new(), ip: NO_IP, at, demand_kbps: 1, losses: Vec::new() }
    }
}

/// Path loss between two pods.
#[derive(Clone)]
pub struct PodPair {
    /// The pods.
    pub pods: (MacAddr, MacAddr),
    /// Band.
    pub band: Band,
    /// Loss, dB.
    pub loss_db: i32,
}

/// Where telemetry comes from.
pub trait Reports: Send {
    /// The window that ends at `now`.
    fn report(&mut self, now: Micros) -> Raw<AirReport>;

    /// Called about once a second: connections that want answers get them.
    fn tend(&mut self) {}

    /// How many of the places that it asks do not answer.
    fn missing(&self) -> u32 {
        0
    }
}

/// A home whose radios tell nothing.
pub struct Nothing;

impl Reports for Nothing {
    fn report(&mut self, _: Micros) -> Raw<AirReport> {
        Raw::new(AirReport::default())
    }
}

/// Noise floor where no driver measures one, dBm: thermal noise in 20 MHz and a receiver's usual 6 dB.
const NOISE_DBM: i32 = -95;

/// An address as drivers and daemons write it, `02:00:00:00:00:01`.
fn address(text: &str) -> Option<MacAddr> {
    let mut octets = [0; 6];
    let mut parts = text.split(':');
    for octet in &mut octets {
        *octet = u8::from_str_radix(parts.next().filter(|p| p.len() == 2)?, 16).ok()?;
    }
    parts.next().is_none().then_some(MacAddr(octets))
}

/// The address of nobody.
pub(crate) const NOBODY: MacAddr = MacAddr([0; 6]);
const NO_IP: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Empties a list and overwrites all of its room, so that nothing stays of what was sorted out of it before.
pub(crate) fn overwrite<T>(all: &mut Vec<T>, blank: impl FnMut() -> T) {
    all.clear();
    all.resize_with(all.capacity(), blank);
    std::hint::black_box(&mut *all);
    all.clear();
}

fn blank(text: &mut String) {
    let mut bytes = std::mem::take(text).into_bytes();
    bytes.wipe();
}

impl Wipe for AirReport {
    fn wipe(&mut self) {
        for r in &mut self.radios {
            r.pod = NOBODY;
            blank(&mut r.ssid);
        }
        self.surveys.iter_mut().for_each(|s| s.pod = NOBODY);
        for n in &mut self.neighbours {
            (n.pod, n.bssid) = (NOBODY, NOBODY);
            blank(&mut n.ssid);
        }
        for s in &mut self.stations {
            (s.address, s.ip, s.at.0) = (NOBODY, NO_IP, NOBODY);
            blank(&mut s.host_name);
            s.losses.iter_mut().for_each(|l| *l = (NOBODY, Band::Ghz2, 0));
        }
        self.pod_losses.iter_mut().for_each(|p| p.pods = (NOBODY, NOBODY));
        self.gateway = None;
        std::hint::black_box(self);
    }
}

impl Telemetry for AirReport {}
