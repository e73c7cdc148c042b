//! Telemetry of a simulated home, as its drivers would report it: with addresses.

use std::net::IpAddr;

use millpond_datasets::sim::{Identities, Identity, NetworkSim, Scene, network};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_report::Raw;

use super::{AirReport, ChannelSurvey, ForeignBss, NOBODY, OwnRadio, PodPair, Reports, Station};

/// Reports of a scene's network.
pub struct SimReports {
    scene: Scene,
    identities: Identities,
    /// Addresses in place of the identities', by device.
    ips: Vec<IpAddr>,
    seed: u64,
}

impl SimReports {
    /// The network of a scene.
    pub fn new(scene: &Scene, identities: &Identities, seed: u64) -> Self {
        Self { scene: scene.clone(), identities: identities.clone(), ips: Vec::new(), seed }
    }

    /// The same with other IP addresses, in the order of the scene's devices: identities have IPv4 alone.
    pub fn with_ips(self, ips: &[IpAddr]) -> Self {
        Self { ips: ips.to_vec(), ..self }
    }

    /// The report that ends at `now`, not yet sealed: for the simulator's own judge.
    pub fn open_report(&self, now: Micros) -> AirReport {
        let Some(network) = NetworkSim::new(&self.scene, self.seed) else { return AirReport::default() };
        named(&network.telemetry(now.seconds()), &self.identities, &self.ips)
    }
}

impl Reports for SimReports {
    fn report(&mut self, now: Micros) -> Raw<AirReport> {
        Raw::new(self.open_report(now))
    }
}

/// A simulated report under the names that the devices have on the air.
fn named(t: &network::Telemetry, identities: &Identities, ips: &[IpAddr]) -> AirReport {
    let who = |device: usize| identities.of(device);
    let mac = |device: usize| who(device).map_or(NOBODY, |i| i.mac);
    let ssid = |device: usize| who(device).and_then(|i| i.ssid.clone()).unwrap_or_default();
    let ip = |c: &network::ClientReport, i: &Identity| ips.get(c.device).copied().unwrap_or(IpAddr::from(i.ip));
    let client = |c: &network::ClientReport| {
        let who = who(c.device)?;
        Some(station(c, who, ip(c, who), &mac))
    };
    AirReport {
        gateway: Some(mac(t.gateway)),
        radios: t.radios.iter().map(|r| radio(r, mac(r.pod), ssid(r.pod))).collect(),
        surveys: t.surveys.iter().map(|s| survey(s, mac(s.pod))).collect(),
        neighbours: t.neighbours.iter().map(|n| neighbour(n, mac(n.pod), mac(n.device), ssid(n.device))).collect(),
        stations: t.clients.iter().filter_map(client).collect(),
        pod_losses: t.backhaul.iter().map(|l| pair(l, &mac)).collect(),
        radar: Vec::new(),
    }
}

fn radio(r: &network::RadioReport, pod: MacAddr, ssid: String) -> OwnRadio {
    let eirp_dbm = whole(r.eirp_dbm);
    OwnRadio { pod, ssid, band: r.band, primary: r.channel, width: r.width_mhz, eirp_dbm }
}

fn survey(s: &network::Survey, pod: MacAddr) -> ChannelSurvey {
    let (busy_permille, noise_dbm) = (permille(s.busy), whole(s.noise_dbm));
    ChannelSurvey { pod, band: s.band, channel: s.channel, busy_permille, noise_dbm }
}

fn neighbour(n: &network::Heard, pod: MacAddr, bssid: MacAddr, ssid: String) -> ForeignBss {
    let (level_dbm, duty_permille) = (whole(n.rssi_dbm), Some(permille(n.duty)));
    ForeignBss { pod, bssid, ssid, band: n.band, primary: n.channel, width: n.width_mhz, level_dbm, duty_permille }
}

fn station(c: &network::ClientReport, who: &Identity, ip: IpAddr, mac: &dyn Fn(usize) -> MacAddr) -> Station {
    Station {
        address: who.mac,
        host_name: who.host_name.clone(),
        ip,
        at: (mac(c.pod), c.band),
        demand_kbps: (c.demand_mbps * 1000.0).round() as u32,
        losses: c.losses.iter().map(|l| (mac(l.from), l.band, whole(l.loss_db))).collect(),
    }
}

fn pair(l: &network::PathLoss, mac: &dyn Fn(usize) -> MacAddr) -> PodPair {
    PodPair { pods: (mac(l.from), mac(l.to)), band: l.band, loss_db: whole(l.loss_db) }
}

fn whole(db: f64) -> i32 {
    db.round() as i32
}

fn permille(share: f64) -> u16 {
    (share * 1000.0).round().clamp(0.0, 1000.0) as u16
}
