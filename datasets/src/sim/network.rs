//! Radio telemetry of the same home: what its APs would report to an optimizer. Geometry and devices are the scene's;
//! levels follow the path loss of the residential model, not the ray paths of the sounding.
//!
//! Source of the path loss: IEEE 802.11-14/0980 (TGax simulation scenarios), residential; 5 dB a wall, 12 dB a concrete
//! wall more, shadowing of 5 dB rms, one draw a pair of devices and band.

use millpond_dsp::phy::{Band, Bandwidth, Channel};
use serde::Serialize;

use super::draw::{Draw, Purpose};
use super::room::{FloorPlan, Point3, crosses, distance, flat};
use super::scene::{DeviceKind, Scene};
pub use super::wiring::{ClientSpec, NeighbourSpec, Network, RadioSpec};

/// What the home's radios report at one time. Devices are indices of the scene.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Telemetry {
    /// Time, s.
    pub t_s: f64,
    /// The pods.
    pub pods: Vec<usize>,
    /// The pod with the uplink.
    pub gateway: usize,
    /// Radios as they stand.
    pub radios: Vec<RadioReport>,
    /// Share of busy time and noise on each 20 MHz channel, by pod.
    pub surveys: Vec<Survey>,
    /// Foreign APs as each pod hears them.
    pub neighbours: Vec<Heard>,
    /// Clients.
    pub clients: Vec<ClientReport>,
    /// Path loss between pods, both ways alike.
    pub backhaul: Vec<PathLoss>,
}

/// A radio as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RadioReport {
    /// The pod.
    pub pod: usize,
    /// Where it works.
    pub band: Band,
    /// Primary channel.
    pub channel: u8,
    /// Width.
    pub width_mhz: Bandwidth,
    /// Radiated power, dBm.
    pub eirp_dbm: f64,
    /// Share of time that it transmits or receives for its own clients.
    pub own_airtime: f64,
}

/// What a pod hears on one 20 MHz channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Survey {
    /// The pod.
    pub pod: usize,
    /// Band.
    pub band: Band,
    /// Channel number.
    pub channel: u8,
    /// Share of time above carrier sense, own radios left out.
    pub busy: f64,
    /// Noise floor, dBm.
    pub noise_dbm: f64,
}

/// A foreign AP at a pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heard {
    /// The pod.
    pub pod: usize,
    /// The foreign device.
    pub device: usize,
    /// Band.
    pub band: Band,
    /// Primary channel.
    pub channel: u8,
    /// Width.
    pub width_mhz: Bandwidth,
    /// Level, dBm.
    pub rssi_dbm: f64,
    /// Share of time on the air.
    pub duty: f64,
}

/// A client and its ways to the pods.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClientReport {
    /// The device.
    pub device: usize,
    /// The pod that serves it.
    pub pod: usize,
    /// On which band.
    pub band: Band,
    /// Level at the client, dBm.
    pub rssi_dbm: f64,
    /// Wanted throughput, Mb/s.
    pub demand_mbps: f64,
    /// Bands that it knows.
    pub bands: Vec<Band>,
    /// Path loss from every pod on every band that both know.
    pub losses: Vec<PathLoss>,
}

/// Path loss between two devices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PathLoss {
    /// One device.
    pub from: usize,
    /// The other.
    pub to: usize,
    /// Band.
    pub band: Band,
    /// Loss, dB.
    pub loss_db: f64,
}

/// Path loss of the residential model, dB, without shadowing: `f_ghz` the carrier, `walls` and `concrete` those crossed.
///
/// Distances under 1 m count as 1 m.
pub fn residential_loss_db(distance_m: f64, f_ghz: f64, walls: usize, concrete: usize) -> f64 {
    let d = distance_m.max(1.0);
    let far = if d > 5.0 { 35.0 * libm::log10(d / 5.0) } else { 0.0 };
    let crossed = 5.0 * walls as f64 + 12.0 * concrete as f64;
    40.05 + 20.0 * libm::log10(f_ghz / 2.4) + 20.0 * libm::log10(d.min(5.0)) + far + crossed
}

/// Carrier of the middle of a band, GHz.
fn band_ghz(band: Band) -> f64 {
    match band {
        Band::Ghz2 => 2.437,
        Band::Ghz5 => 5.5,
        Band::Ghz6 => 6.2,
    }
}

/// A wall of so many dB counts as concrete.
const CONCRETE_DB: f64 = 10.0;

/// The radio network of a scene under one seed.
pub struct NetworkSim<'a> {
    scene: &'a Scene,
    network: &'a Network,
    plan: FloorPlan,
    seed: u64,
}

impl<'a> NetworkSim<'a> {
    /// The network of a checked scene; `None` if it describes none.
    pub fn new(scene: &'a Scene, seed: u64) -> Option<Self> {
        let network = scene.network.as_ref()?;
        scene.check().is_ok().then(|| Self { scene, network, plan: scene.plan(), seed })
    }

    /// Path loss with shadowing, dB: symmetric, the same at all times.
    pub fn loss_db(&self, a: usize, b: usize, band: Band) -> f64 {
        let at = |i: usize| -> Point3 { self.scene.devices[i].at };
        let (p, q) = (flat(at(a)), flat(at(b)));
        let crossed = self.plan.walls.iter().filter(|w| crosses(p, q, w.from, w.to));
        let (mut walls, mut concrete) = (0, 0);
        for w in crossed {
            if w.loss_db >= CONCRETE_DB { concrete += 1 } else { walls += 1 }
        }
        let pair = ((a.min(b) as u64) << 32) | ((a.max(b) as u64) << 8) | u64::from(band.number());
        let shadowing = 5.0 * Draw::new(self.seed, Purpose::Network, pair).normal();
        residential_loss_db(distance(at(a), at(b)), band_ghz(band), walls, concrete) + shadowing
    }

    /// What the home reports at a time in s. Static but for the load: busy time and duty waver by some percent, anew for
    /// each whole second.
    pub fn telemetry(&self, t_s: f64) -> Telemetry {
        let pods: Vec<usize> = (0..self.scene.devices.len()).filter(|&i| self.is_pod(i)).collect();
        let mut load = Draw::new(self.seed, Purpose::Network, (1 << 63) | t_s.max(0.0) as u64);
        let duties: Vec<f64> =
            self.network.neighbours.iter().map(|n| (n.duty + 0.03 * load.normal()).clamp(0.0, 0.95)).collect();
        let clients: Vec<ClientReport> = self.network.clients.iter().filter_map(|c| self.client(c)).collect();
        let radios = self.network.radios.iter().filter_map(|r| self.radio(r, &clients)).collect();
        let surveys = pods.iter().flat_map(|&pod| self.surveys(pod, &duties)).collect();
        let neighbours = pods.iter().flat_map(|&pod| self.heard(pod, &duties)).collect();
        let backhaul = self.backhaul(&pods);
        let gateway = self.scene.device(&self.network.gateway).unwrap_or(0);
        Telemetry { t_s, pods, gateway, radios, surveys, neighbours, clients, backhaul }
    }

    fn is_pod(&self, device: usize) -> bool {
        self.scene.devices[device].kind == DeviceKind::Pod
    }

    /// Every way between the device and a pod's radio, strongest first; ties by the order of the radios.
    fn client(&self, spec: &ClientSpec) -> Option<ClientReport> {
        let device = self.scene.device(&spec.device)?;
        let mut losses = Vec::new();
        let mut best: Option<(f64, f64, usize, Band)> = None;
        for r in self.network.radios.iter().filter(|r| spec.bands.contains(&r.band)) {
            let pod = self.scene.device(&r.pod)?;
            let loss_db = self.loss_db(pod, device, r.band);
            losses.push(PathLoss { from: pod, to: device, band: r.band, loss_db });
            let rssi = r.eirp_dbm - loss_db;
            // Clients prefer 5 and 6 GHz while the level there is good enough.
            let liking = rssi + if r.band != Band::Ghz2 && rssi > -70.0 { 20.0 } else { 0.0 };
            if best.is_none_or(|b| liking > b.0) {
                best = Some((liking, rssi, pod, r.band));
            }
        }
        let (_, rssi_dbm, pod, band) = best?;
        let (demand_mbps, bands) = (spec.demand_mbps, spec.bands.clone());
        Some(ClientReport { device, pod, band, rssi_dbm, demand_mbps, bands, losses })
    }

    fn radio(&self, r: &RadioSpec, clients: &[ClientReport]) -> Option<RadioReport> {
        let pod = self.scene.device(&r.pod)?;
        let needs = |c: &ClientReport| c.demand_mbps / (MAC_EFFICIENCY * rate_mbps(c.rssi_dbm, r.width_mhz));
        let own = clients.iter().filter(|c| c.pod == pod && c.band == r.band).map(needs).sum::<f64>();
        let own_airtime = (BEACONS + own).min(1.0);
        let (band, channel, width_mhz, eirp_dbm) = (r.band, r.channel, r.width_mhz, r.eirp_dbm);
        Some(RadioReport { pod, band, channel, width_mhz, eirp_dbm, own_airtime })
    }

    fn surveys(&self, pod: usize, duties: &[f64]) -> Vec<Survey> {
        let mut found = Vec::new();
        for band in Band::ALL {
            if !self.network.radios.iter().any(|r| r.band == band) {
                continue;
            }
            for channel in Channel::all(band).filter(|c| c.width() == Bandwidth::Mhz20) {
                let free: f64 = self.foreign(pod, channel, duties).map(|share| 1.0 - share).product();
                let noise_dbm = -174.0 + 10.0 * libm::log10(20e6) + 7.0;
                found.push(Survey { pod, band, channel: channel.primary(), busy: 1.0 - free, noise_dbm });
            }
        }
        found
    }

    /// Share of time that each foreign AP takes on a channel at a pod, after carrier sense.
    fn foreign<'b>(&'b self, pod: usize, channel: Channel, duties: &'b [f64]) -> impl Iterator<Item = f64> + 'b {
        self.network.neighbours.iter().zip(duties).filter_map(move |(n, duty)| {
            let theirs = Channel::new(n.band, n.channel, n.width_mhz)?;
            let overlaps = n.band == channel.band() && theirs.overlaps(channel);
            let rssi = n.eirp_dbm - self.loss_db(pod, self.scene.device(&n.device)?, n.band);
            overlaps.then(|| duty * sensed(rssi))
        })
    }

    fn heard(&self, pod: usize, duties: &[f64]) -> Vec<Heard> {
        let one = |(n, &duty): (&NeighbourSpec, &f64)| {
            let device = self.scene.device(&n.device)?;
            let rssi_dbm = n.eirp_dbm - self.loss_db(pod, device, n.band);
            let (band, channel, width_mhz) = (n.band, n.channel, n.width_mhz);
            (rssi_dbm > HEARD_DBM).then_some(Heard { pod, device, band, channel, width_mhz, rssi_dbm, duty })
        };
        self.network.neighbours.iter().zip(duties).filter_map(one).collect()
    }

    fn backhaul(&self, pods: &[usize]) -> Vec<PathLoss> {
        let mut found = Vec::new();
        for (i, &from) in pods.iter().enumerate() {
            for &to in &pods[i + 1..] {
                for band in Band::ALL {
                    if self.network.radios.iter().any(|r| r.band == band) {
                        found.push(PathLoss { from, to, band, loss_db: self.loss_db(from, to, band) });
                    }
                }
            }
        }
        found
    }
}

/// Share of a rate that is left above the MAC.
const MAC_EFFICIENCY: f64 = 0.7;
/// Airtime of beacons and management.
const BEACONS: f64 = 0.02;
/// Beacons below this are not decoded, dBm.
const HEARD_DBM: f64 = -92.0;

/// HE rates of one stream in 20 MHz, 0.8 us guard interval, with the level that each needs, dBm.
/// Source: IEEE 802.11ax-2021 27.5 (rates) and table 27-51 (receiver minimum sensitivity).
const RATES: [(f64, f64); 12] = [
    (-82.0, 8.6),
    (-79.0, 17.2),
    (-77.0, 25.8),
    (-74.0, 34.4),
    (-70.0, 51.6),
    (-66.0, 68.8),
    (-65.0, 77.4),
    (-64.0, 86.0),
    (-59.0, 103.2),
    (-57.0, 114.7),
    (-54.0, 129.0),
    (-52.0, 143.4),
];

/// Rate of one stream at a level in dBm, Mb/s; the lowest rate where the level is too low for any.
pub fn rate_mbps(rssi_dbm: f64, width: Bandwidth) -> f64 {
    let (scale, penalty_db) = match width {
        Bandwidth::Mhz20 => (1.0, 0.0),
        Bandwidth::Mhz40 => (2.0, 3.0),
        Bandwidth::Mhz80 => (4.19, 6.0),
        Bandwidth::Mhz160 => (8.37, 9.0),
        Bandwidth::Mhz320 => (16.75, 12.0),
    };
    let fits = RATES.iter().rev().find(|r| rssi_dbm >= r.0 + penalty_db);
    scale * fits.map_or(RATES[0].1, |r| r.1)
}

/// How far a level keeps a sender silent: 1 from -82 dBm, fading out 10 dB below.
fn sensed(rssi_dbm: f64) -> f64 {
    (1.0 + (rssi_dbm + 82.0) / 10.0).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residential_loss_has_its_anchors() {
        assert!((residential_loss_db(0.1, 2.4, 0, 0) - 40.05).abs() < 1e-9);
        assert!((residential_loss_db(5.0, 2.4, 0, 0) - (40.05 + 13.979)).abs() < 1e-3);
        assert!((residential_loss_db(50.0, 2.4, 2, 1) - (40.05 + 13.979 + 35.0 + 10.0 + 12.0)).abs() < 1e-3);
        assert!((residential_loss_db(1.0, 4.8, 0, 0) - 46.0706).abs() < 1e-3);
    }

    #[test]
    fn loss_is_symmetric_and_of_one_draw() {
        let scene = Scene::builtin("home").unwrap();
        let net = NetworkSim::new(&scene, 4).unwrap();
        assert_eq!(net.loss_db(0, 2, Band::Ghz5), net.loss_db(2, 0, Band::Ghz5));
        assert_ne!(net.loss_db(0, 2, Band::Ghz5), net.loss_db(0, 2, Band::Ghz2));
        assert_eq!(net.telemetry(3.2), NetworkSim::new(&scene, 4).unwrap().telemetry(3.2));
        assert_ne!(net.telemetry(3.2).surveys, net.telemetry(4.2).surveys);
    }

    #[test]
    fn shadowing_has_its_spread() {
        let scene = Scene::builtin("home").unwrap();
        let losses: Vec<f64> =
            (0..2000).map(|seed| NetworkSim::new(&scene, seed).unwrap().loss_db(0, 1, Band::Ghz2)).collect();
        let mean = losses.iter().sum::<f64>() / 2000.0;
        let sd = (losses.iter().map(|l| (l - mean) * (l - mean)).sum::<f64>() / 2000.0).sqrt();
        assert!((sd - 5.0).abs() < 0.4, "{sd}");
    }

    #[test]
    fn the_busy_neighbour_is_seen_where_it_is() {
        let scene = Scene::builtin("home").unwrap();
        for seed in 0..10 {
            let t = NetworkSim::new(&scene, seed).unwrap().telemetry(0.0);
            let kitchen = scene.device("pod-kitchen").unwrap();
            let busy = |band, channel| {
                let at = |s: &&Survey| s.pod == kitchen && s.band == band && s.channel == channel;
                t.surveys.iter().find(at).unwrap().busy
            };
            assert!(busy(Band::Ghz2, 1) > busy(Band::Ghz2, 11), "seed {seed}");
            assert!(busy(Band::Ghz5, 36) > busy(Band::Ghz5, 149), "seed {seed}");
            assert_eq!(t.clients.len(), 8);
            assert_eq!((t.pods.len(), t.radios.len(), t.backhaul.len()), (3, 6, 6));
            assert!(t.surveys.iter().all(|s| (0.0..1.0).contains(&s.busy)));
            assert!(t.radios.iter().all(|r| (0.02..=1.0).contains(&r.own_airtime)));
        }
    }
}
