//! OpenSync's tables: radios as they stand, channels that radar has closed, and who is associated.
//!
//! A monitor says that something changed; the rows are then read anew, so that no difference has to be put together.

use std::path::PathBuf;
use std::time::Duration;

use millpond_dsp::phy::{Band, Bandwidth, Micros};
use serde_json::{Value, json};

use super::gather::{Door, Silent};
use super::{AirReport, Household, OwnRadio, Station};
use crate::act::ovsdb::{DATABASE, width};
use crate::net::ovsdb::{Ovsdb, OvsdbError, map, set};

const PATIENCE: Duration = Duration::from_secs(3);
/// Power where it is not told, dBm.
const POWER_DBM: i32 = 20;
/// Tables and the columns that are read.
const TABLES: [(&str, &[&str]); 3] = [
    ("Wifi_Radio_State", &["freq_band", "channel", "ht_mode", "tx_power", "enabled", "channels", "vif_states"]),
    ("Wifi_VIF_State", &["_uuid", "mode", "ssid", "associated_clients"]),
    ("Wifi_Associated_Clients", &["_uuid", "mac", "state"]),
];

/// The database of the router that this node runs on.
pub struct OpensyncDoor {
    socket: PathBuf,
    household: Household,
    connection: Option<Ovsdb>,
    /// Rows by table as they were read last; none after a change.
    rows: Option<[Vec<Value>; 3]>,
}

impl OpensyncDoor {
    /// The database at `socket`, which is opened when it is first asked.
    pub fn new(socket: PathBuf, household: Household) -> Self {
        Self { socket, household, connection: None, rows: None }
    }

    fn open(&mut self) -> Result<&mut Ovsdb, OvsdbError> {
        if self.connection.is_none() {
            let mut db = Ovsdb::connect(&self.socket, DATABASE, PATIENCE)?;
            let tables = TABLES.iter().map(|(table, columns)| {
                // The row's own number is in every update.
                let columns: Vec<&&str> = columns.iter().filter(|c| **c != "_uuid").collect();
                ((*table).to_owned(), json!([{ "columns": columns }]))
            });
            db.monitor(&Value::Object(tables.collect()))?;
            (self.connection, self.rows) = (Some(db), None);
        }
        self.connection.as_mut().ok_or(OvsdbError::Protocol("no connection"))
    }

    /// Answers the database's questions and takes note of changes.
    fn listen(&mut self) -> Result<(), OvsdbError> {
        let Some(db) = &mut self.connection else { return Ok(()) };
        // A millisecond is enough for what has come already.
        while db.changed(Duration::from_millis(1))?.is_some() {
            self.rows = None;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), OvsdbError> {
        self.listen()?;
        let fresh = self.rows.is_some();
        let db = self.open()?;
        if !fresh {
            let mut rows: [Vec<Value>; 3] = Default::default();
            for (place, (table, columns)) in rows.iter_mut().zip(TABLES) {
                *place = db.select(table, &[], columns)?;
            }
            self.rows = Some(rows);
        }
        Ok(())
    }

    fn add_rows(&self, report: &mut AirReport) {
        let Some([radios, vifs, clients]) = &self.rows else { return };
        for radio in radios {
            let Some((band, channel)) = place(radio) else { continue };
            let networks = || {
                let refs = set(&radio["vif_states"]);
                vifs.iter().filter(move |v| refs.contains(&v["_uuid"]) && v["mode"] == "ap")
            };
            let ssid = networks().find_map(|v| v["ssid"].as_str()).unwrap_or_default();
            let width = radio["ht_mode"].as_str().and_then(width).and_then(|w| Bandwidth::try_from(w.mhz()).ok());
            let power = radio["tx_power"].as_i64().and_then(|p| i32::try_from(p).ok());
            report.radios.push(OwnRadio {
                pod: self.household.own(),
                ssid: ssid.chars().take(32).collect(),
                band,
                primary: channel,
                width: width.unwrap_or(Bandwidth::Mhz20),
                eirp_dbm: power.filter(|p| (0..=36).contains(p)).unwrap_or(POWER_DBM),
            });
            report.radar.extend(closed(radio));
            let here = networks().flat_map(|v| set(&v["associated_clients"]));
            for client in here.filter_map(|r| clients.iter().find(|c| c["_uuid"] == *r)) {
                let Some(address) = client["mac"].as_str().and_then(super::address) else { continue };
                if self.household.pod_of(address).is_none() {
                    report.stations.push(Station::nameless(address, (self.household.own(), band)));
                }
            }
        }
    }
}

/// A radio that is on, and where.
fn place(radio: &Value) -> Option<(Band, u8)> {
    let band = match radio["freq_band"].as_str()? {
        "2.4G" => Band::Ghz2,
        "5G" | "5GL" | "5GU" => Band::Ghz5,
        "6G" => Band::Ghz6,
        _ => return None,
    };
    let channel = radio["channel"].as_u64().and_then(|c| u8::try_from(c).ok())?;
    (radio["enabled"] != false).then_some((band, channel))
}

/// Channels on which radar was seen and that may not be used yet. Their states are texts of JSON inside a map.
fn closed(radio: &Value) -> impl Iterator<Item = u8> + '_ {
    map(&radio["channels"]).filter_map(|(channel, state)| {
        let state: Value = serde_json::from_str(state.as_str()?).ok()?;
        (state["state"] == "nop_started").then(|| channel.as_str()?.parse().ok())?
    })
}

impl Door for OpensyncDoor {
    fn add(&mut self, _: Micros, report: &mut AirReport) -> Result<(), Silent> {
        if self.read().is_err() {
            (self.connection, self.rows) = (None, None);
            return Err(Silent);
        }
        self.add_rows(report);
        Ok(())
    }

    fn tend(&mut self) {
        if self.listen().is_err() {
            (self.connection, self.rows) = (None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_that_radar_closed_are_read_from_texts_in_a_map() {
        let states = json!([
            "map",
            [
                ["52", "{\"state\": \"nop_started\"}"],
                ["56", "{\"state\":\"allowed\"}"],
                ["60", "{"],
                ["x", "{\"state\": \"nop_started\"}"]
            ]
        ]);
        let radio = json!({ "channels": states, "freq_band": "5GU", "channel": 100, "enabled": true });
        assert_eq!(closed(&radio).collect::<Vec<_>>(), [52]);
        assert_eq!(place(&radio), Some((Band::Ghz5, 100)));
        assert_eq!(place(&json!({ "freq_band": "5G", "channel": ["set", []] })), None);
        assert_eq!(place(&json!({ "freq_band": "5G", "channel": 36, "enabled": false })), None);
    }
}
