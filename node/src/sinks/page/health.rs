//! How well the node works, in words: what is missing and why.

use millpond_report::EventCode;
use millpond_report::wire::range::{Kept, Sensing, ZoneState};

use super::html::Escaped;
use super::parts::View;
use crate::net::BrokerState;

/// Calibration below which detectors still settle in.
const SETTLED: u8 = 3;
/// Events that are looked back on.
const RECENT: usize = 64;

/// Renders the part.
pub(super) fn render(view: &View<'_>) -> String {
    let View { board, words, look, .. } = view;
    let status = board.status.or(look.status);
    let mut causes: Vec<String> = look.lost_sources.iter().map(|n| (words.lost_source)(*n)).collect();
    let on = status.is_some_and(|s| s.sensing == Sensing::On);
    let fresh = |z: &&millpond_report::wire::Zone| z.state != ZoneState::Off && z.calibration.get() < SETTLED;
    let fresh: Vec<String> = board.zones.iter().filter(fresh).map(|z| board.labels.zone(z.zone.get())).collect();
    if on && !fresh.is_empty() {
        causes.push(format!("{} ({})", words.settling, Escaped(&fresh.join(", "))));
    }
    // An event of a run long ago is no news; the latest slot is.
    let slot = board.events.last().map(|e| e.slot);
    let recent = || board.events.iter().rev().take(RECENT).filter(|e| Some(e.slot) == slot);
    if recent().any(|e| e.code == EventCode::Overload) {
        causes.push(words.overloaded.to_owned());
    }
    match look.broker {
        BrokerState::Lost => causes.push(words.broker[0].to_owned()),
        BrokerState::Refused => causes.push(words.broker[1].to_owned()),
        _ => {}
    }
    if look.failing {
        causes.push(words.failing.to_owned());
    }
    if status.is_some_and(|s| s.kept == Kept::Quarantined) {
        causes.push(words.quarantined.to_owned());
    }
    let mut out = String::new();
    if !on {
        out += &format!(r#"<p class="note">{}</p>"#, words.not_sensing);
    }
    if causes.is_empty() {
        return out + &format!(r#"<p class="well">{}</p>"#, words.well);
    }
    let items: String = causes.iter().map(|c| format!("<li>{c}</li>")).collect();
    out + &format!(r#"<p class="bad">{}</p><ul class="facts">{items}</ul>"#, words.degraded)
}
