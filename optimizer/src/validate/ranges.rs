//! First pass: sizes and numbers, each by itself.

use std::fmt::Display;

use super::error::{Code, Place, SiteError};
use crate::model::regulatory::Domain;
use crate::model::site::{FORMAT, Setting, Site};

/// Longest lists that are read. A block of 2 000 radios needs a fraction of it.
const MAX_PODS: usize = 4_096;
const MAX_RADIOS: usize = 6;
const MAX_CLIENTS: usize = 65_536;
const MAX_ENTRIES: usize = 1 << 20;
const MAX_ID: usize = 64;

/// Collects faults about sizes and numbers.
struct Ranges<'a> {
    faults: &'a mut Vec<SiteError>,
}

impl Ranges<'_> {
    fn fault(&mut self, code: Code, path: String, detail: String) {
        self.faults.push(SiteError::new(code, path, detail));
    }

    fn number(&mut self, path: impl Display, field: &str, value: i64, low: i64, high: i64) {
        if !(low..=high).contains(&value) {
            self.fault(Code::Range, format!("{path}.{field}"), format!("{value} is not within {low} to {high}"));
        }
    }

    fn length(&mut self, field: impl Display, found: usize, most: usize) {
        if found > most {
            self.fault(Code::Size, field.to_string(), format!("{found} entries, at most {most} are read"));
        }
    }

    fn id(&mut self, path: impl Display, id: &str) {
        if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
            self.fault(
                Code::Size,
                path.to_string(),
                format!("an id has 1 to {MAX_ID} bytes and no control characters"),
            );
        }
    }

    fn setting(&mut self, path: impl Display, s: &Setting) {
        self.number(path, "eirp_dbm", s.eirp_dbm.into(), -10, 36);
    }
}

/// Notes every size and number of a site that is out of range.
pub fn check(site: &Site, faults: &mut Vec<SiteError>) {
    let mut r = Ranges { faults };
    if site.format != FORMAT {
        r.fault(Code::Format, "format".into(), format!("\"{}\"", printable(&site.format)));
    }
    if Domain::of(&site.country).is_none() {
        r.fault(Code::Country, "country".into(), format!("no table for \"{}\"", printable(&site.country)));
    }
    let told = r.faults.len();
    r.length("pods", site.pods.len(), MAX_PODS);
    r.length("wired", site.wired.len(), MAX_PODS);
    r.length("pod_path_loss", site.pod_path_loss.len(), MAX_ENTRIES);
    r.length("clients", site.clients.len(), MAX_CLIENTS);
    r.length("neighbours", site.neighbours.len(), MAX_ENTRIES);
    r.length("survey", site.survey.len(), MAX_ENTRIES);
    r.length("dfs", site.dfs.len(), MAX_PODS);
    r.length("afc", site.afc.len(), MAX_ENTRIES);
    r.length("pins", site.pins.len(), MAX_PODS);
    r.length("objections", site.objections.len(), MAX_PODS);
    // Lists that are too long are not looked into.
    if r.faults.len() > told {
        return;
    }
    check_policy(site, &mut r);
    check_pods(site, &mut r);
    check_clients(site, &mut r);
    check_air(site, &mut r);
}

/// The start of an outside text, fit for a terminal.
fn printable(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_default).collect()
}

fn check_policy(site: &Site, r: &mut Ranges) {
    let p = &site.policy;
    r.number("policy", "switch_cost_milli", p.switch_cost_milli.into(), 0, 100_000);
    if p.power_steps_db.is_empty() || p.power_steps_db.len() > 8 {
        r.fault(
            Code::Size,
            "policy.power_steps_db".into(),
            format!("{} steps, 1 to 8 are wanted", p.power_steps_db.len()),
        );
    }
    for (i, step) in p.power_steps_db.iter().enumerate() {
        r.number("policy", &format!("power_steps_db[{i}]"), (*step).into(), 0, 30);
    }
    if let Some(most) = p.max_switches {
        r.number("policy", "max_switches", most.into(), 0, 100_000);
    }
    if let Some(f) = &site.forecast {
        for (field, list, may_lack) in
            [("demand_permille", &f.demand_permille, false), ("motion_permille", &f.motion_permille, true)]
        {
            if list.len() != 24 && !(may_lack && list.is_empty()) {
                r.fault(Code::Size, format!("forecast.{field}"), format!("{} entries, 24 are wanted", list.len()));
            }
            for (i, x) in list.iter().enumerate() {
                r.number("forecast", &format!("{field}[{i}]"), (*x).into(), 0, 1_000);
            }
        }
    }
    if let Some(q) = site.quiet_window {
        r.number("quiet_window", "from_minute", q.from_minute.into(), 0, 1_439);
        r.number("quiet_window", "to_minute", q.to_minute.into(), 0, 1_439);
    }
}

fn check_pods(site: &Site, r: &mut Ranges) {
    if site.pods.is_empty() {
        r.fault(Code::Incomplete, "pods".into(), "there is no pod".into());
    }
    for (i, pod) in site.pods.iter().enumerate() {
        let path = Place::of("pods", i);
        r.id(format_args!("{path}.id"), &pod.id);
        r.id(format_args!("{path}.home"), &pod.home);
        if pod.radios.is_empty() || pod.radios.len() > MAX_RADIOS {
            r.fault(
                Code::Incomplete,
                format!("{path}.radios"),
                format!("{} radios, 1 to {MAX_RADIOS} are wanted", pod.radios.len()),
            );
        }
        for (k, radio) in pod.radios.iter().enumerate().take(MAX_RADIOS) {
            let path = path.inside("radios", k);
            r.id(format_args!("{path}.id"), &radio.id);
            r.number(path, "max_eirp_dbm", radio.max_eirp_dbm.into(), -10, 36);
            r.number(path, "streams", radio.streams.into(), 1, 8);
            if radio.widths.is_empty() {
                r.fault(Code::Incomplete, format!("{path}.widths"), "there is no width".into());
            }
            if let Some(s) = &radio.current {
                r.setting(format_args!("{path}.current"), s);
            }
        }
    }
    for (i, l) in site.pod_path_loss.iter().enumerate() {
        r.number(Place::of("pod_path_loss", i), "loss_db", l.loss_db.into(), 20, 200);
    }
}

fn check_clients(site: &Site, r: &mut Ranges) {
    for (i, c) in site.clients.iter().enumerate() {
        let path = Place::of("clients", i);
        r.id(format_args!("{path}.id"), &c.id);
        r.number(path, "demand_kbps", c.demand_kbps.into(), 0, 10_000_000);
        r.number(path, "weight_milli", c.weight_milli.into(), 0, 100_000);
        r.number(path, "streams", c.streams.into(), 1, 8);
        r.number(path, "refusals", c.refusals.into(), 0, 1_000);
        r.length(format_args!("{path}.path_loss"), c.path_loss.len(), 1_024);
        for (k, l) in c.path_loss.iter().enumerate() {
            r.number(path.inside("path_loss", k), "loss_db", l.loss_db.into(), 20, 200);
        }
    }
}

fn check_air(site: &Site, r: &mut Ranges) {
    for (i, n) in site.neighbours.iter().enumerate() {
        let path = Place::of("neighbours", i);
        r.number(path, "level_dbm", n.level_dbm.into(), -120, 0);
        r.number(path, "duty_permille", n.duty_permille.unwrap_or(0).into(), 0, 1_000);
    }
    for (i, s) in site.survey.iter().enumerate() {
        let path = Place::of("survey", i);
        r.number(path, "busy_permille", s.busy_permille.into(), 0, 1_000);
        r.number(path, "noise_dbm", s.noise_dbm.unwrap_or(-94).into(), -120, -20);
    }
    for (i, g) in site.afc.iter().enumerate() {
        let path = Place::of("afc", i);
        r.number(path, "low_mhz", g.low_mhz.into(), 5_925, 7_125);
        r.number(path, "high_mhz", g.high_mhz.into(), i64::from(g.low_mhz) + 1, 7_125);
        r.number(path, "density_dbm_per_mhz", g.density_dbm_per_mhz.into(), -50, 23);
    }
    for (i, d) in site.dfs.iter().enumerate() {
        r.number(Place::of("dfs", i), "radar_events_30d", d.radar_events_30d.into(), 0, 100_000);
    }
}
