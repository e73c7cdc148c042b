//! Renderings for other programs: the export as JSON, CSV and Influx lines, and the metrics. They add nothing to the
//! messages but the labels that the user typed and the node's version.

use std::fmt::Write;

use millpond_report::consent::Matter;
use millpond_report::wire::range::{Active, Day as DayNumber, Hour, Level10, Slot, ZoneId};
use millpond_report::wire::range::{Sensing, ZonePresence, ZoneState};
use millpond_report::wire::{Day, Kind, Month};
use serde_json::Value;

use super::Board;
use super::page::{json, json_text, state};
use crate::command::Look;
use crate::config::Labels;

/// Version of the export's form.
const SCHEMA: u8 = 1;
/// Seconds from the Unix epoch to Monday, 5 January 1970.
const MONDAY_S: u64 = 4 * 86_400;

// Writing to a string cannot fail, so the results of `write!` are dropped in this file.

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// The rings. `slot` is the one that runs, since Monday, 5 January 1970.
pub fn history_json(look: &Look) -> String {
    format!(
        "{{\"slot\":{},\"held\":{},\"day\":{},\"month\":{}}}\n",
        look.slot,
        look.held,
        list(look.days.iter().map(json)),
        list(look.months.iter().map(json))
    )
}

/// Settings, consents and the audit.
pub fn settings_json(look: &Look, labels: &Labels) -> String {
    let settings = look.settings.map_or("null".to_owned(), |s| {
        let zones = list((1..=16).filter(|z| s.zones_off >> (z - 1) & 1 == 1).map(|z: u32| z.to_string()));
        let pause = if s.pause_s == u32::MAX { "\"until resumed\"".to_owned() } else { s.pause_s.to_string() };
        format!(
            "{{\"level\":{},\"sensing\":{},\"pause_s\":{pause},\"zones_off\":{zones},\"weekly\":{},\"keep\":{},\"hold\":{}}}",
            s.level as u8, s.on, s.weekly, s.keep, look.held
        )
    });
    let at = |slot: Option<u32>| slot.map_or("null".to_owned(), |s| s.to_string());
    let consents = look.consents.map_or("[]".to_owned(), |c| {
        list(Matter::ALL.iter().filter(|m| c.of(**m).given_by().is_some()).map(|m| {
            let one = c.of(*m);
            let messages = list(one.messages().iter().map(|k| json_text(Kind::text(k))));
            format!(
                "{{\"matter\":{},\"stands\":{},\"given_at\":{},\"withdrawn_at\":{},\"messages\":{messages}}}",
                json_text(matter(*m)),
                one.stands(),
                at(one.given_at()),
                at(one.withdrawn_at())
            )
        }))
    });
    let audit = look.audit.iter().zip(&look.audit_at).map(|(event, slot)| {
        let event = json(event);
        format!("{},\"at\":{}}}", event.trim_end_matches('}'), at(*slot))
    });
    let zones = list((1..=labels.zones() as u8).map(|z| json_text(&labels.zone(z))));
    format!(
        "{{\"settings\":{settings},\"consents\":{consents},\"audit\":{},\"zones\":{zones},\"broker\":\"{}\",\"lost_sources\":{},\"failing\":{}}}\n",
        list(audit),
        format!("{:?}", look.broker).to_lowercase(),
        list(look.lost_sources.iter().map(u8::to_string)),
        look.failing
    )
}

fn matter(m: Matter) -> &'static str {
    match m {
        Matter::Local => "level-1",
        Matter::Home => "level-2",
        Matter::Managed => "level-3",
        Matter::Sensing => "sensing",
        Matter::Weekly => "weekly",
        Matter::Keep => "keep",
    }
}

/// Everything that the household may take with it.
pub fn json_export(look: &Look, board: &Board) -> String {
    format!(
        "{{\"export\":\"millpond\",\"schema\":{SCHEMA},\"version\":{},\"history\":{},\"settings\":{},\"state\":{}}}\n",
        json_text(env!("CARGO_PKG_VERSION")),
        history_json(look).trim_end(),
        settings_json(look, &board.labels).trim_end(),
        state(board).trim_end()
    )
}

/// Cells of an export, each with the slot since Monday in which it lies.
pub type Cells = (Vec<(u32, Day)>, Vec<(u32, Month)>);

/// Reads the rings of an export. Slots are told from the export's own time, so that what is old stays old; an export from
/// the future is none. `None` for anything else than an export.
pub fn read_json(text: &str, now: u32) -> Option<Cells> {
    let all: Value = serde_json::from_str(text).ok()?;
    if all["export"] != "millpond" || all["schema"] != SCHEMA {
        return None;
    }
    let history = &all["history"];
    let then = u32::try_from(history["slot"].as_u64()?).ok().filter(|t| *t <= now)?;
    let number = |v: &Value, key: &str, most: u64| v[key].as_u64().filter(|n| *n <= most).map(|n| n as i64);
    let day = |v: &Value| {
        let (zone, slot, level) =
            (number(v, "zone", 16).filter(|z| *z > 0)?, number(v, "slot", 287)?, number(v, "level", 9)?);
        let age = (then + 288 - slot as u32 % 288) % 288;
        let at = then.checked_sub(age)?;
        Some((at, Day { zone: ZoneId::new(zone), slot: Slot::new(slot), level: Some(Level10::new(level)) }))
    };
    let month = |v: &Value| {
        let zone = number(v, "zone", 16).filter(|z| *z > 0)?;
        let (days, hour, active) = (number(v, "day", 29)?, number(v, "hour", 23)?, number(v, "active", 12)?);
        let at = (then / 288 * 288 + hour as u32 * 12).checked_sub(days as u32 * 288)?;
        let active = Some(Active::new(active));
        Some((at, Month { zone: ZoneId::new(zone), day: DayNumber::new(days), hour: Hour::new(hour), active }))
    };
    let days = history["day"].as_array()?.iter().map(day).collect::<Option<_>>()?;
    let months = history["month"].as_array()?.iter().map(month).collect::<Option<_>>()?;
    Some((days, months))
}

/// The rings as one table.
pub fn csv(look: &Look) -> String {
    let mut out = String::from("message,zone,slot,day,hour,level,active\n");
    for d in &look.days {
        let level = d.level.map_or("unknown".to_owned(), |l| l.get().to_string());
        let _ = writeln!(out, "day,{},{},,,{level},", d.zone.get(), d.slot.get());
    }
    for m in &look.months {
        let active = m.active.map_or("unknown".to_owned(), |a| a.get().to_string());
        let _ = writeln!(out, "month,{},,{},{},,{active}", m.zone.get(), m.day.get(), m.hour.get());
    }
    out
}

/// The rings in Influx line protocol; times are those of the slots.
pub fn influx_history(look: &Look) -> String {
    let mut out = String::new();
    let ns = |slot: u32| (u64::from(slot) * 300 + MONDAY_S) * 1_000_000_000;
    for d in &look.days {
        let age = (look.slot + 288 - u32::from(d.slot.get())) % 288;
        let Some(level) = d.level else { continue };
        let _ = writeln!(
            out,
            "millpond_day,zone={} level={}i {}",
            d.zone.get(),
            level.get(),
            ns(look.slot.saturating_sub(age))
        );
    }
    for m in &look.months {
        let at = (look.slot / 288 * 288 + u32::from(m.hour.get()) * 12).saturating_sub(u32::from(m.day.get()) * 288);
        let Some(active) = m.active else { continue };
        let _ = writeln!(out, "millpond_month,zone={} active={}i {}", m.zone.get(), active.get(), ns(at));
    }
    out
}

/// Series at most: the status, 16 zones, 8 nodes with 3 radios. Links have no label of the vocabulary, so they have no
/// series.
pub const SERIES_MAX: usize = 6 + 16 * 4 + 24 * 6;

/// A number for a word: off, unknown and the rest are different numbers, and off is never 0 motion.
fn state_number(state: ZoneState) -> i8 {
    match state {
        ZoneState::Off => -2,
        ZoneState::Unknown => -1,
        ZoneState::Still => 0,
        ZoneState::Moving => 1,
    }
}

fn present_number(present: ZonePresence) -> i8 {
    match present {
        ZonePresence::Off => -2,
        ZonePresence::Unknown => -1,
        ZonePresence::No => 0,
        ZonePresence::Yes => 1,
    }
}

fn sensing_number(sensing: Sensing) -> i8 {
    match sensing {
        Sensing::Off => 0,
        Sensing::Paused => 1,
        Sensing::On => 2,
    }
}

/// One series: name, help, labels, value.
type Series = (&'static str, &'static str, String, i64);

fn series(board: &Board) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    if let Some(s) = &board.status {
        let mut put = |name, help, value: i64| all.push((name, help, String::new(), value));
        put("millpond_level", "Level in force", s.level as i64);
        put("millpond_sensing", "0 off, 1 paused, 2 on", sensing_number(s.sensing).into());
        put("millpond_source", "0 closed, 1 open, 2 fault", s.source as i64);
        put("millpond_kept", "0 memory, 1 disk, 2 quarantined", s.kept as i64);
        put(
            "millpond_frames_since_off",
            "Frames decoded since sensing was switched off: must be 0",
            s.frames_since_off.get().into(),
        );
        put("millpond_budget_left", "What is left of the weekly budget, percent", s.budget_left.get().into());
    }
    for z in &board.zones {
        let labels = format!("zone=\"{}\"", z.zone.get());
        let mut put = |name, help, value: i64| all.push((name, help, labels.clone(), value));
        put("millpond_zone_state", "-2 off, -1 unknown, 0 still, 1 moving", state_number(z.state).into());
        put("millpond_zone_present", "-2 off, -1 unknown, 0 no, 1 yes", present_number(z.present).into());
        if matches!(z.state, ZoneState::Still | ZoneState::Moving) {
            put("millpond_zone_level", "Motion level, 0 to 9; absent where nothing is known", z.level.get().into());
        }
        put("millpond_zone_calibration", "How far the detectors have settled, 0 to 9", z.calibration.get().into());
    }
    for r in &board.radios {
        let labels = format!("node=\"{}\",band=\"{}\"", r.node.get(), r.band.text());
        let mut put = |name, help, value: i64| all.push((name, help, labels.clone(), value));
        put("millpond_radio_channel", "Primary channel", r.channel.get().into());
        put("millpond_radio_width", "Width, MHz", r.width.mhz().into());
        put("millpond_radio_busy", "Busy air, percent in steps of 5", i64::from(r.busy.get()) * 5);
        put("millpond_radio_noise", "Noise class, 0 to 7", r.noise.get().into());
        put("millpond_radio_neighbours", "Foreign networks heard, class 0 to 4", r.neighbours as i64);
        put("millpond_radio_stations", "Stations served, class 0 to 4", r.stations as i64);
    }
    all
}

/// Prometheus' text form.
pub fn prometheus(board: &Board) -> String {
    let mut all = series(board);
    all.sort_by_key(|s| s.0);
    let (mut out, mut last) = (String::new(), "");
    for (name, help, labels, value) in &all {
        if *name != last {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n");
            last = name;
        }
        let _ = match labels.is_empty() {
            true => writeln!(out, "{name} {value}"),
            false => writeln!(out, "{name}{{{labels}}} {value}"),
        };
    }
    out
}

/// The same as Influx lines, without times: the reader's clock counts.
pub fn influx(board: &Board) -> String {
    let line = |(name, _, labels, value): &Series| {
        let tags = if labels.is_empty() { String::new() } else { format!(",{}", labels.replace('"', "")) };
        format!("{name}{tags} value={value}i\n")
    };
    series(board).iter().map(line).collect()
}
