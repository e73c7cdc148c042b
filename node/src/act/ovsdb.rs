//! The actuator of an OpenSync router: compare and swap in `Wifi_Radio_Config`, confirmation from `Wifi_Radio_State`.
//!
//! The configuration is not ours alone: a leaf follows its parent's announcements and a remote controller may own the
//! row. So a row is changed only while it still says what the plan was made on, and never where `channel_mode` is
//! `cloud`.

use std::path::PathBuf;
use std::time::Duration;

use millpond_dsp::phy::Micros;
use millpond_optimizer::model::regulatory::Domain;
use millpond_report::wire::range::Width;
use millpond_report::wire::{Decision, Setting};
use serde_json::{Value, json};

use super::changes::{Changes, patience};
use super::{ActError, Actuator, Confirmation, Proposal, propose};
use crate::net::ovsdb::{Ovsdb, OvsdbError};

/// OpenSync's database.
pub(crate) const DATABASE: &str = "Open_vSwitch";
const PATIENCE: Duration = Duration::from_secs(3);

/// Radios of the router that this node runs on.
pub struct OvsdbActuator {
    socket: PathBuf,
    node: u8,
    domain: Domain,
    changes: Changes,
}

impl OvsdbActuator {
    /// An actuator over the database at `socket`, for the pod `node`.
    pub fn new(socket: PathBuf, node: u8, domain: Domain) -> Self {
        Self { socket, node, domain, changes: Changes::default() }
    }

    fn connect(&self) -> Result<Ovsdb, ActError> {
        Ovsdb::connect(&self.socket, DATABASE, PATIENCE).map_err(|_| ActError::Unreachable)
    }

    /// Sets the radio that does `from` to `to`.
    fn swap(&self, from: &Setting, to: &Setting) -> Result<(), ActError> {
        let mut db = self.connect()?;
        let row = row_of(&mut db, "Wifi_Radio_Config", from)?;
        if row.get("channel_mode").and_then(Value::as_str) == Some("cloud") {
            return Err(ActError::Owned);
        }
        let name = row.get("if_name").and_then(Value::as_str).ok_or(ActError::Moved)?;
        let band = row.get("freq_band").cloned().unwrap_or_default();
        // All three or none: OpenSync ignores a row with one of them missing.
        let expected = json!({ "channel": from.channel.get(), "ht_mode": row.get("ht_mode"), "freq_band": band });
        let mut new = json!({ "channel": to.channel.get(), "ht_mode": ht_mode(to.width), "freq_band": band });
        if from.power != to.power {
            new["tx_power"] = to.power.get().into();
        }
        // Left unset where it is unset; OpenSync computes it then.
        let centre = crate::convert::channel(to.band, to.channel.get(), to.width).map(|c| c.center());
        if row.get("center_freq0_chan").is_some_and(Value::is_number) {
            new["center_freq0_chan"] = centre.into();
        }
        db.swap("Wifi_Radio_Config", ("if_name", name), &expected, &new).map_err(|e| match e {
            OvsdbError::Moved => ActError::Moved,
            OvsdbError::Refused { .. } => ActError::Refused,
            _ => ActError::Unreachable,
        })
    }
}

impl Actuator for OvsdbActuator {
    fn propose(&self, decision: &Decision) -> Result<Proposal, ActError> {
        if decision.from.node.get() != self.node {
            return Err(ActError::Elsewhere);
        }
        propose(decision)
    }

    fn apply(&mut self, proposal: &Proposal, now: Micros) -> Result<(), ActError> {
        self.changes.check_free(&proposal.to, now)?;
        self.swap(&proposal.from, &proposal.to)?;
        self.changes.add(proposal, now + patience(&proposal.to, &self.domain));
        Ok(())
    }

    fn confirm(&mut self, number: u16, now: Micros) -> Result<Confirmation, ActError> {
        let change = self.changes.find(number)?;
        let (to, late) = (change.proposal.to, now >= change.deadline);
        let is_done = match self.connect() {
            Ok(mut db) => row_of(&mut db, "Wifi_Radio_State", &to).is_ok(),
            Err(e) if late => return Err(e),
            Err(_) => false,
        };
        if is_done {
            self.changes.settle(number, now);
        }
        Ok(match (is_done, late) {
            (true, _) => Confirmation::Done,
            (false, false) => Confirmation::Waiting,
            (false, true) => Confirmation::Failed,
        })
    }

    fn undo(&mut self, number: u16, _: Micros) -> Result<(), ActError> {
        let Proposal { from, to, .. } = self.changes.find(number)?.proposal;
        self.swap(&to, &from)?;
        self.changes.take(number).map(drop)
    }
}

/// The one row of a table whose radio is set as given. Nothing forbids two rows of one name; two that fit are none.
fn row_of(db: &mut Ovsdb, table: &str, like: &Setting) -> Result<Value, ActError> {
    let columns = ["if_name", "freq_band", "channel", "ht_mode", "channel_mode", "center_freq0_chan"];
    let found = json!(["channel", "==", like.channel.get()]);
    let rows = db.select(table, &[found], &columns).map_err(|_| ActError::Unreachable)?;
    let mut rows = rows.into_iter().filter(|row| is_like(row, like));
    match (rows.next(), rows.next()) {
        (Some(row), None) => Ok(row),
        _ => Err(ActError::Moved),
    }
}

fn is_like(row: &Value, like: &Setting) -> bool {
    let text = |key| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let band = match text("freq_band") {
        "2.4G" => Some(millpond_report::wire::range::Band::Ghz2),
        "5G" | "5GL" | "5GU" => Some(millpond_report::wire::range::Band::Ghz5),
        "6G" => Some(millpond_report::wire::range::Band::Ghz6),
        _ => None,
    };
    band == Some(like.band) && width(text("ht_mode")) == Some(like.width)
}

/// The width of an `ht_mode`.
pub(crate) fn width(ht_mode: &str) -> Option<Width> {
    match ht_mode {
        "HT20" => Some(Width::Mhz20),
        "HT40" | "HT40+" | "HT40-" | "HT2040" => Some(Width::Mhz40),
        "HT80" => Some(Width::Mhz80),
        "HT160" => Some(Width::Mhz160),
        "HT320" => Some(Width::Mhz320),
        _ => None,
    }
}

const fn ht_mode(width: Width) -> &'static str {
    match width {
        Width::Mhz20 => "HT20",
        Width::Mhz40 => "HT40",
        Width::Mhz80 => "HT80",
        Width::Mhz160 => "HT160",
        Width::Mhz320 => "HT320",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_have_one_word_each_and_are_read_in_all() {
        for w in [Width::Mhz20, Width::Mhz40, Width::Mhz80, Width::Mhz160, Width::Mhz320] {
            assert_eq!(width(ht_mode(w)), Some(w));
        }
        assert_eq!((width("HT40-"), width("HT80+80"), width("")), (Some(Width::Mhz40), None, None));
    }
}
