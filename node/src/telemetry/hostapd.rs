//! What `hostapd` tells of its radios: settings, stations and their levels, radar.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use millpond_dsp::phy::{Bandwidth, MacAddr, Micros};

use super::count::Demand;
use super::gather::{Door, Silent};
use super::{AirReport, Household, OwnRadio};
use crate::act::hostapd::setting;
use crate::net::hostapd::{Hostapd, HostapdError, sockets, value};
use crate::net::nl80211::channel_of;

const PATIENCE: Duration = Duration::from_secs(3);
/// Interfaces, and stations of one, at most.
const INTERFACES: usize = 16;
const STATIONS: usize = 256;
/// A channel on which radar was seen is left alone for 30 minutes (ETSI EN 301 893, non-occupancy period).
const NON_OCCUPANCY: Micros = Micros(30 * 60_000_000);
/// Power where it is not told, dBm.
const POWER_DBM: i32 = 20;

/// All interfaces of one `hostapd`.
pub struct HostapdDoor {
    folder: PathBuf,
    own: PathBuf,
    household: Household,
    open: Vec<(PathBuf, Hostapd)>,
    demand: Demand,
    radar: VecDeque<(u8, Micros)>,
}

impl HostapdDoor {
    /// The control sockets in `folder`; our own ends are bound in `own`.
    pub fn new(folder: PathBuf, own: PathBuf, household: Household) -> Self {
        Self { folder, own, household, open: Vec::new(), demand: Demand::default(), radar: VecDeque::new() }
    }

    /// Connects to what has come and lets go of what has gone.
    fn connect(&mut self) {
        let there: Vec<PathBuf> = sockets(&self.folder).into_iter().take(INTERFACES).collect();
        self.open.retain(|(path, _)| there.contains(path));
        for path in there {
            if self.open.iter().any(|(p, _)| *p == path) {
                continue;
            }
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let own: &Path = &self.own.join(format!("telemetry-{name}.sock"));
            let Ok(mut hostapd) = Hostapd::connect(&path, own, PATIENCE) else { continue };
            if hostapd.attach().is_ok() {
                self.open.push((path, hostapd));
            }
        }
    }

    fn listen(&mut self, now: Micros) {
        for (_, hostapd) in &mut self.open {
            while let Ok(Some(event)) = hostapd.event(Duration::ZERO) {
                match radar(&event) {
                    Some((channel, true)) if !self.radar.iter().any(|r| r.0 == channel) => {
                        self.radar.truncate(31);
                        self.radar.push_front((channel, now + NON_OCCUPANCY));
                    }
                    Some((channel, false)) => self.radar.retain(|r| r.0 != channel),
                    _ => {}
                }
            }
        }
        self.radar.retain(|(_, until)| now < *until);
    }
}

impl Door for HostapdDoor {
    fn add(&mut self, now: Micros, report: &mut AirReport) -> Result<(), Silent> {
        self.connect();
        let (household, demand) = (&self.household, &mut self.demand);
        self.open.retain_mut(|(_, hostapd)| look(hostapd, household, demand, now, report).is_ok());
        self.listen(now);
        report.radar.extend(self.radar.iter().map(|(channel, _)| *channel));
        if self.open.is_empty() { Err(Silent) } else { Ok(()) }
    }
}

fn look(
    hostapd: &mut Hostapd,
    household: &Household,
    demand: &mut Demand,
    now: Micros,
    report: &mut AirReport,
) -> Result<(), HostapdError> {
    let status = hostapd.ask("STATUS")?;
    // Without a radio, or while it looks for radar, it serves nobody.
    let Some((mhz, width)) = setting(&status).filter(|_| value(&status, "state") == Some("ENABLED")) else {
        return Ok(());
    };
    let Some((band, primary)) = channel_of(mhz.into()) else { return Ok(()) };
    let eirp_dbm = value(&status, "max_txpower").and_then(|v| v.parse().ok()).unwrap_or(POWER_DBM);
    let ssid = value(&status, "ssid[0]").unwrap_or_default().chars().take(32).collect();
    let width = Bandwidth::try_from(width.mhz()).unwrap_or(Bandwidth::Mhz20);
    report.radios.push(OwnRadio { pod: household.own(), ssid, band, primary, width, eirp_dbm });
    let mut reply = hostapd.ask("STA-FIRST")?;
    for _ in 0..STATIONS {
        let Some((address, level, bytes)) = station(&reply) else { break };
        if let Some(level) = level {
            let wanted = demand.step(now, address, bytes);
            household.add_station(report, address, band, level, eirp_dbm, wanted);
        }
        let [a, b, c, d, e, f] = address.0;
        reply = hostapd.ask(&format!("STA-NEXT {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"))?;
    }
    Ok(())
}

/// A station of a `STA-FIRST` or `STA-NEXT` reply: who, its level in dBm, bytes both ways. Behind the last one is nothing.
fn station(reply: &str) -> Option<(MacAddr, Option<i32>, u64)> {
    let who = super::address(reply.lines().next()?.trim())?;
    let number = |key| value(reply, key).and_then(|v| v.trim().parse::<i64>().ok());
    // A level of 0 dBm is none: the driver does not tell.
    let level = number("signal").filter(|l| (-120..0).contains(l)).map(|l| l as i32);
    let bytes = |key| number(key).unwrap_or(0).unsigned_abs();
    // Who is known and not associated is no station: its frames may be years old.
    let associated = value(reply, "flags").is_none_or(|f| f.contains("[ASSOC]"));
    Some((who, level.filter(|_| associated), bytes("rx_bytes").saturating_add(bytes("tx_bytes"))))
}

/// What an event says of radar on a channel: seen, or over.
fn radar(event: &str) -> Option<(u8, bool)> {
    let seen = match event.split(' ').next()? {
        "DFS-RADAR-DETECTED" => true,
        "DFS-NOP-FINISHED" => false,
        _ => return None,
    };
    let mhz = event.split(' ').find_map(|w| w.strip_prefix("freq="))?.parse().ok()?;
    channel_of(mhz).map(|(_, channel)| (channel, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stations_are_read_line_by_line() {
        let reply = "02:00:00:00:01:00\nflags=[AUTH][ASSOC][AUTHORIZED]\nrx_bytes=10\ntx_bytes=20\nsignal=-47\n";
        let (who, level, bytes) = station(reply).unwrap();
        assert_eq!((who, level, bytes), (MacAddr([2, 0, 0, 0, 1, 0]), Some(-47), 30));
        assert_eq!(station("02:00:00:00:01:00\nflags=[AUTH]\nsignal=-47").unwrap().1, None);
        assert_eq!(station("02:00:00:00:01:00\nsignal=0").unwrap().1, None);
        for none in ["", "FAIL\n", "02:00:00:00:01", "02:00:00:00:01:0g\n", "UNKNOWN COMMAND\n"] {
            assert!(station(none).is_none(), "{none:?}");
        }
    }

    #[test]
    fn radar_comes_and_goes_by_events() {
        assert_eq!(radar("DFS-RADAR-DETECTED freq=5260 ht_enabled=0 chan_offset=0"), Some((52, true)));
        assert_eq!(radar("DFS-NOP-FINISHED freq=5260 ht_enabled=0"), Some((52, false)));
        for none in ["AP-CSA-FINISHED freq=5260", "DFS-RADAR-DETECTED freq=x", "DFS-RADAR-DETECTED", ""] {
            assert_eq!(radar(none), None);
        }
    }
}
