//! OpenSync's statistics from a broker of the home: channels, networks around, stations and their levels, of every pod.

use millpond_dsp::phy::{Band, MacAddr, Micros};

use super::count::Demand;
use super::gather::{Door, Silent};
use super::sts::{self, Told};
use super::{AirReport, ChannelSurvey, ForeignBss, Household, NOBODY, NOISE_DBM, overwrite};
use crate::net::subscriber::Subscriber;

/// What was told stands for ten minutes: reports come once a minute, surveys of other channels more rarely.
const STANDS: Micros = Micros(600_000_000);
/// Channels, networks or stations that are kept at most.
const MOST: usize = 1024;
/// Power of an OpenSync pod where nothing says more, dBm; the same for all, so plans compare fairly.
const POWER_DBM: i32 = 20;

/// A station as a pod told it.
struct Heard {
    at: Micros,
    pod: usize,
    address: MacAddr,
    band: Band,
    level_dbm: i32,
    demand: u32,
}

/// Reports that a broker hands out.
pub struct StatisticsDoor {
    subscriber: Subscriber,
    household: Household,
    /// The names that OpenSync gave the pods, in the order of their numbers.
    nodes: Vec<String>,
    demand: Demand,
    surveys: Vec<(Micros, ChannelSurvey)>,
    networks: Vec<(Micros, ForeignBss)>,
    stations: Vec<Heard>,
}

impl StatisticsDoor {
    /// Takes what `subscriber` receives.
    pub fn new(subscriber: Subscriber, household: Household, nodes: Vec<String>) -> Self {
        let (surveys, networks, stations) = (Vec::new(), Vec::new(), Vec::new());
        Self { subscriber, household, nodes, demand: Demand::default(), surveys, networks, stations }
    }

    fn take(&mut self, payload: &[u8], now: Micros) {
        let Some(report) = sts::unpacked(payload) else { return };
        let Some(pod) = sts::node(&report).and_then(|n| self.nodes.iter().position(|m| m == n)) else { return };
        let Some(address) = self.household.address(pod) else { return };
        sts::read(&report, |told| self.keep(told, pod, address, now));
    }

    fn keep(&mut self, told: Told<'_>, number: usize, pod: MacAddr, now: Micros) {
        match told {
            Told::Survey(band, channel, busy_permille, noise) => {
                let noise_dbm = noise.unwrap_or(NOISE_DBM);
                let survey = ChannelSurvey { pod, band, channel, busy_permille, noise_dbm };
                let same = |s: &ChannelSurvey| (s.pod, s.band, s.channel) == (pod, band, channel);
                replace(&mut self.surveys, same, Some((now, survey)));
            }
            Told::Network { bssid, ssid, channel: (band, primary, width), level_dbm } => {
                if self.household.pod_of(bssid).is_some() {
                    return;
                }
                let ssid = ssid.chars().take(32).collect();
                let network = level_dbm.map(|level_dbm| {
                    (now, ForeignBss { pod, bssid, ssid, band, primary, width, level_dbm, duty_permille: None })
                });
                let same = |n: &ForeignBss| (n.pod, n.bssid, n.band) == (pod, bssid, band);
                replace(&mut self.networks, same, network);
            }
            Told::Station { address, band, connected, level_dbm, moved } => {
                let demand = self.demand.note(now, address, moved);
                let place = self.stations.iter().position(|s| s.address == address);
                if let Some(place) = place.filter(|p| connected || self.stations[*p].pod == number) {
                    self.stations.remove(place);
                }
                if let Some(level_dbm) = level_dbm.filter(|_| connected && self.stations.len() < MOST) {
                    self.stations.push(Heard { at: now, pod: number, address, band, level_dbm, demand });
                }
            }
        }
    }
}

/// Puts a newer one in the place of the one that is the same thing, or takes it out.
fn replace<T>(all: &mut Vec<(Micros, T)>, same: impl Fn(&T) -> bool, new: Option<(Micros, T)>) {
    all.retain(|(_, t)| !same(t));
    if all.len() < MOST {
        all.extend(new);
    }
}

impl Door for StatisticsDoor {
    fn add(&mut self, now: Micros, report: &mut AirReport) -> Result<(), Silent> {
        while let Some(payload) = self.subscriber.next() {
            self.take(&payload, now);
        }
        self.surveys.retain(|(t, _)| now.since(*t) < STANDS);
        self.networks.retain(|(t, _)| now.since(*t) < STANDS);
        self.stations.retain(|s| now.since(s.at) < STANDS);
        report.surveys.extend(self.surveys.iter().map(|(_, s)| s.clone()));
        report.neighbours.extend(self.networks.iter().map(|(_, n)| n.clone()));
        for s in &self.stations {
            self.household.look_from(s.pod);
            self.household.add_station(report, s.address, s.band, s.level_dbm, POWER_DBM, s.demand);
        }
        if self.subscriber.is_connected() { Ok(()) } else { Err(Silent) }
    }
}

impl Drop for StatisticsDoor {
    fn drop(&mut self) {
        let mut kept = AirReport::default();
        kept.surveys.extend(self.surveys.drain(..).map(|(_, s)| s));
        kept.neighbours.extend(self.networks.drain(..).map(|(_, n)| n));
        let nobody = || Heard { at: Micros(0), pod: 0, address: NOBODY, band: Band::Ghz2, level_dbm: 0, demand: 0 };
        overwrite(&mut self.stations, nobody);
        // What is sealed is wiped when it goes.
        drop(millpond_report::Raw::new(kept));
    }
}
