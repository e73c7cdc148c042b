//! What the kernel's wireless layer tells of one interface: its radio, its stations, the channels, the networks around.

use std::time::Duration;

use millpond_dsp::phy::{Bandwidth, MacAddr, Micros};

use super::count::{Airtime, Demand, SurveyCounters};
use super::gather::{Door, Silent};
use super::{AirReport, ChannelSurvey, ForeignBss, Household, OwnRadio};
use crate::net::nl80211::{BssInfo, Interface, Nl80211, channel_of};

const PATIENCE: Duration = Duration::from_secs(3);
/// Power where a driver does not say, dBm: the cap of the widest-spread bands (ETSI EN 300 328, 2.4 GHz).
const POWER_DBM: i32 = 20;
/// Networks that were not heard for this long have gone.
const STALE_MS: u32 = 600_000;

/// One interface of the kernel.
pub struct Nl80211Door {
    interface: String,
    household: Household,
    connection: Option<Nl80211>,
    airtime: Airtime,
    demand: Demand,
    /// How often the radio is asked to look around, and when it was last.
    scan_every: Option<Micros>,
    scanned: Option<Micros>,
}

impl Nl80211Door {
    /// An interface that is opened when it is first asked; `scan_every` makes its radio look around.
    pub fn new(interface: String, household: Household, how: SurveyCounters, scan_every: Option<Micros>) -> Self {
        let (airtime, demand) = (Airtime::new(how), Demand::default());
        Self { interface, household, connection: None, airtime, demand, scan_every, scanned: None }
    }

    fn look(&mut self, now: Micros, report: &mut AirReport) -> std::io::Result<()> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Nl80211::open(PATIENCE)?),
        };
        let interface = connection.interface(&self.interface)?;
        let stations = connection.stations(interface.index)?;
        // Not every driver has these.
        let surveys = connection.surveys(interface.index).unwrap_or_default();
        let networks = connection.networks(interface.index).unwrap_or_default();
        if self.scan_every.is_some_and(|every| self.scanned.is_none_or(|t| now.since(t) >= every)) {
            self.scanned = Some(now);
            // A radio that cannot now may later.
            let _ = connection.scan(interface.index);
        }
        let power = interface.power_dbm.unwrap_or(POWER_DBM);
        if interface.serves {
            self.add_radio(&interface, power, report);
            for s in &stations {
                let (Some((band, _)), Some(level)) = (interface.channel, s.average_dbm.or(s.signal_dbm)) else {
                    continue;
                };
                let demand = self.demand.step(now, s.address, s.bytes);
                self.household.add_station(report, s.address, band, level.into(), power, demand);
            }
        }
        for (s, busy_permille) in self.airtime.step(now, &surveys) {
            let Some((band, channel)) = channel_of(s.mhz) else { continue };
            let noise_dbm = s.noise_dbm.map_or(super::NOISE_DBM, i32::from);
            report.surveys.push(ChannelSurvey { pod: self.household.own(), band, channel, busy_permille, noise_dbm });
        }
        networks.iter().for_each(|n| self.add_network(n, &interface.ssid, power, report));
        Ok(())
    }

    fn add_radio(&self, interface: &Interface, eirp_dbm: i32, report: &mut AirReport) {
        let Some((band, primary)) = interface.channel else { return };
        let (pod, ssid) = (self.household.own(), interface.ssid.clone());
        let width = interface.width.unwrap_or(Bandwidth::Mhz20);
        report.radios.push(OwnRadio { pod, ssid, band, primary, width, eirp_dbm });
    }

    fn add_network(&self, n: &BssInfo, own_ssid: &str, power: i32, report: &mut AirReport) {
        if n.seen_ms > STALE_MS {
            return;
        }
        let (band, primary) = n.channel;
        let ours = |address: MacAddr| self.household.pod_of(address).is_some();
        if ours(n.bssid) {
            self.household.add_pod(report, n.bssid, band, n.level_dbm, power);
        } else if own_ssid.is_empty() || n.ssid != own_ssid {
            report.neighbours.push(ForeignBss {
                pod: self.household.own(),
                bssid: n.bssid,
                ssid: n.ssid.clone(),
                band,
                primary,
                width: n.width,
                level_dbm: n.level_dbm,
                duty_permille: None,
            });
        }
    }
}

impl Door for Nl80211Door {
    fn add(&mut self, now: Micros, report: &mut AirReport) -> Result<(), Silent> {
        self.look(now, report).map_err(|_| {
            self.connection = None;
            Silent
        })
    }
}
