//! The one JSON document of `demo --once --json`: the node's messages as a subscriber got them, and the judge's word.

use millpond_optimizer::check;
use millpond_optimizer::env::Environment;
use millpond_optimizer::model::plan::Plan;
use millpond_optimizer::plan_site;

use super::judge::{Judged, judge, overall};
use super::{SCENE, Setup};
use crate::config::Labels;
use crate::sinks::journal::{Journal, Stretch};
use crate::sinks::page::{json, json_text};

/// What the judge of plans says of the simulated site.
pub struct PlanVerdict {
    /// The plan that the node's planner found on the same telemetry.
    pub plan: Plan,
    /// Breaches of the rules by the independent checker, as codes; none for a good plan.
    pub breaches: Vec<String>,
}

/// Plans the simulated site once more with the same seed, as the node's planner did, and has the plan checked.
pub fn verdict(setup: &Setup) -> Result<PlanVerdict, String> {
    let site = setup.site();
    let env = Environment::new().with_seed(setup.seed);
    let plan = plan_site(&site, &env)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let breaches = check::judge(&site, &plan).violations.iter().map(|v| v.code.as_str().to_owned()).collect();
    Ok(PlanVerdict { plan, breaches })
}

/// The comparison in lines of text.
pub fn summary(setup: &Setup, journal: &Journal, verdict: &PlanVerdict, seconds: f64) -> Vec<String> {
    let labels = setup.labels();
    let zones = judge(&setup.scene, journal, seconds);
    let line = |name: &str, z: &Judged| {
        let delay = z.delay_s.map_or("-".to_owned(), |d| format!("{d:.1} s"));
        let (detected, wrong) = (100.0 * z.detected_share(), 100.0 * z.false_share());
        let (found, all) = (z.found, z.truth.len());
        format!("{name:<14} walks {found}/{all}  moving {detected:.0} %  wrongly {wrong:.1} %  delay {delay}")
    };
    let mut out = vec![String::new(), format!("against the simulated truth of {seconds} s, seed {}:", setup.seed)];
    out.extend(zones.iter().map(|z| line(&labels.zone(z.zone), z)));
    out.push(line("all", &overall(&zones)));
    let o = &verdict.plan.objective;
    let before = o.u_before_milli.map_or("?".to_owned(), |u| u.to_string());
    let good = if verdict.breaches.is_empty() { "meets every rule".to_owned() } else { verdict.breaches.join(", ") };
    out.push(format!(
        "plan: U {before} -> {} (thousandths, higher is better), {} changes, {good}",
        o.u_after_milli, o.switches
    ));
    out
}

/// Renders the document.
pub fn document(setup: &Setup, journal: &Journal, verdict: &PlanVerdict, seconds: f64) -> String {
    let labels = setup.labels();
    let events: Vec<String> = journal.stretches().iter().map(|s| event(s, &labels)).collect();
    format!(
        "{{\"seed\":{},\"scene\":{},\"seconds\":{seconds},\"versions\":{{\"millpond\":{},\"schema\":1}},\n\
         \"events\":[{}],\n\"radios\":[{}],\n\"links\":[{}],\n\"plan\":{},\n\"truth\":{}}}",
        setup.seed,
        json_text(SCENE),
        json_text(env!("CARGO_PKG_VERSION")),
        events.join(","),
        list(journal.radios.iter().map(json)),
        list(journal.links.iter().map(json)),
        plan(journal, verdict),
        truth(setup, journal, &labels, seconds),
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

fn event(s: &Stretch, labels: &Labels) -> String {
    let label = json_text(&labels.zone(s.zone));
    let (zone, start, end, peak) = (s.zone, s.start_s, s.end_s, s.peak);
    format!("{{\"zone\":{zone},\"label\":{label},\"start_s\":{start},\"end_s\":{end},\"peak_level\":{peak}}}")
}

fn plan(journal: &Journal, verdict: &PlanVerdict) -> String {
    let o = &verdict.plan.objective;
    let before = o.u_before_milli.map_or("null".to_owned(), |u| u.to_string());
    let number = |v: Option<i64>| v.map_or("null".to_owned(), |v| v.to_string());
    format!(
        "{{\"objective\":{{\"u_before_milli\":{before},\"u_after_milli\":{},\"j_before_milli\":{},\"j_after_milli\":{},\
         \"j_bound_milli\":{},\"proved\":{}}},\"switches\":{},\"valid\":{},\"breaches\":[{}],\"decisions\":[{}]}}",
        o.u_after_milli,
        number(o.j_before_milli),
        number(o.j_after_milli),
        o.j_bound_milli,
        o.proved,
        o.switches,
        verdict.breaches.is_empty(),
        list(verdict.breaches.iter().map(|b| json_text(b))),
        list(journal.decisions.iter().map(json)),
    )
}

fn truth(setup: &Setup, journal: &Journal, labels: &Labels, seconds: f64) -> String {
    let zones = judge(&setup.scene, journal, seconds);
    let one = |z: &Judged| {
        format!("{{\"zone\":{},\"label\":{},{}}}", z.zone, json_text(&labels.zone(z.zone)), figures(z, true))
    };
    format!("{{\"zones\":[{}],\"overall\":{{{}}}}}", list(zones.iter().map(one)), figures(&overall(&zones), false))
}

fn figures(z: &Judged, intervals: bool) -> String {
    let spans = || list(z.truth.iter().map(|(from, to)| format!("[{from:.2},{to:.2}]")));
    let intervals = if intervals { format!("\"intervals_s\":[{}],", spans()) } else { String::new() };
    format!(
        "{intervals}\"stretches\":{},\"found\":{},\"detected_share\":{:.3},\"false_share\":{:.3},\"unknown_s\":{},\"delay_s\":{}",
        z.truth.len(),
        z.found,
        z.detected_share(),
        z.false_share(),
        z.unknown,
        z.delay_s.map_or("null".to_owned(), |d| format!("{d:.2}"))
    )
}
