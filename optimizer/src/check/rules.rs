//! The rules, read from the site file once more.

use std::collections::BTreeMap;

use millpond_dsp::phy::{Band, Channel};

use super::value::{At, Wish, cabled, changes, client_loss, parts, pod_index, pod_loss, radio_at, runs_on};
use super::{Code, Violation};
use crate::model::plan::{Apply, Decision, Plan, PlannedRadio, Urgency};
use crate::model::regulatory::{Domain, Permit};
use crate::model::site::{Choice, DfsState, Grant, PowerClass, Sharing, Site};

/// Level in dBm under which a link does not exist: MCS 0 at 20 MHz.
const LEAST_DBM: i32 = -82;

struct Judge<'a> {
    site: &'a Site,
    found: &'a mut Vec<Violation>,
}

impl Judge<'_> {
    fn fault(&mut self, code: Code, path: &str, detail: impl Into<String>) {
        self.found.push(Violation { code, path: path.to_owned(), detail: detail.into() });
    }
}

/// Reads a plan against the site and notes every violation; `None` if it is too broken to be evaluated.
pub fn read(site: &Site, plan: &Plan, found: &mut Vec<Violation>) -> Option<Wish> {
    let mut j = Judge { site, found };
    let radios = read_radios(plan, &mut j);
    let uplinks = read_uplinks(plan, &mut j);
    let clients = read_clients(plan, &mut j);
    let complete = radios.len() == site.pods.iter().map(|p| p.radios.len()).sum::<usize>();
    if complete {
        shared(&radios, &mut j);
        links(plan, &radios, &uplinks, &mut j);
    }
    let leads = leads_home(&uplinks, &mut j);
    let clients: Option<Vec<At>> = clients.into_iter().collect();
    (complete && leads).then_some(())?;
    Some(Wish { radios, uplinks, clients: clients? })
}

fn read_radios(plan: &Plan, j: &mut Judge) -> BTreeMap<At, (Channel, i32)> {
    let mut radios = BTreeMap::new();
    for (i, r) in plan.radios.iter().enumerate() {
        let path = format!("radios[{i}]");
        let at = pod_index(j.site, &r.pod).and_then(|p| radio_at(j.site, p, &r.radio));
        let Some(at) = at.filter(|&(p, k)| j.site.pods[p].radios[k].band == r.band) else {
            j.fault(Code::Radio, &path, "the site has no such radio in that band");
            continue;
        };
        let whole = Channel::with_center(r.band, r.primary, r.width, r.center);
        let Some(channel) = whole.filter(|c| has_pattern(*c, r.punctured)).and_then(|c| c.puncture(r.punctured)) else {
            let detail = format!("{}/{}@{} less {:#06x}", r.primary, r.width.mhz(), r.center, r.punctured);
            j.fault(Code::NoChannel, &path, detail);
            continue;
        };
        if radios.insert(at, (channel, r.eirp_dbm)).is_some() {
            j.fault(Code::Radio, &path, "planned twice");
        }
        read_setting(&path, at, channel, r, j);
    }
    for (p, pod) in j.site.pods.iter().enumerate() {
        for k in (0..pod.radios.len()).filter(|&k| !radios.contains_key(&(p, k))) {
            j.fault(Code::Radio, "radios", format!("pods[{p}].radios[{k}] is not planned"));
        }
    }
    radios
}

fn read_setting(path: &str, (p, k): At, c: Channel, r: &PlannedRadio, j: &mut Judge) {
    let radio = &j.site.pods[p].radios[k];
    let permit = permit(j.site, (p, k), c);
    let limit = permit.map(|m| m.eirp_dbm.min(radio.max_eirp_dbm));
    match limit {
        None => j.fault(Code::Forbidden, path, format!("{c} is not allowed in {}", j.site.country)),
        Some(limit) if r.eirp_dbm > limit => {
            j.fault(Code::Power, path, format!("{} dBm, at most {limit} dBm", r.eirp_dbm));
        }
        Some(_) => {}
    }
    let cac_s = permit.map_or(0, |m| m.cac_s);
    let runs = radio
        .current
        .is_some_and(|s| (s.primary, s.width) == (c.primary(), c.width()) && s.center.is_none_or(|x| x == c.center()));
    let listed = runs || is_listed(&radio.primaries, c);
    let whole = c.punctured() == 0 || radio.puncture;
    if !radio.widths.contains(&c.width()) || !listed || !whole || (cac_s > 0 && !radio.dfs) {
        j.fault(Code::Hardware, path, format!("the radio cannot use {c}"));
    }
    let here = |d: &DfsState| d.home.as_ref().is_none_or(|h| *h == j.site.pods[p].home);
    if c.band() == Band::Ghz5 && j.site.dfs.iter().any(|d| d.non_occupancy && here(d) && holds(c, d.channel)) {
        j.fault(Code::NonOccupancy, path, format!("{c} overlaps a channel with radar"));
    }
    if r.cac_s != cac_s {
        j.fault(Code::Marks, path, format!("{} s of listening, {cac_s} s are needed", r.cac_s));
    }
    for (choices, code) in [(&j.site.pins, Code::Pin), (&j.site.objections, Code::Objection)] {
        for choice in choices {
            let Choice::Radio { pod, band, primary, width } = choice else { continue };
            let about = *band == c.band() && pod.as_ref().is_none_or(|id| *id == j.site.pods[p].id);
            let same = primary.is_none_or(|x| x == c.primary()) && width.is_none_or(|w| w == c.width());
            if about && same != (code == Code::Pin) {
                j.fault(code, path, format!("the household says otherwise about {c}"));
            }
        }
    }
}

/// What country and class of the radio say about a channel; at 6 GHz, a grant may raise it.
fn permit(site: &Site, (p, k): At, c: Channel) -> Option<Permit> {
    let (domain, radio) = (Domain::of(&site.country)?, &site.pods[p].radios[k]);
    if c.band() != Band::Ghz6 || radio.class == PowerClass::LowIndoor {
        return domain.permit(c, radio.tpc);
    }
    if radio.class == PowerClass::VeryLow {
        return domain.permit_very_low(c);
    }
    let mine = |g: &&Grant| g.pod == site.pods[p].id;
    let used = || parts(c).into_iter().flat_map(|mid| (mid - 10..mid + 10).map(|f| f as u16));
    // Every MHz in use has to be granted; the least grant counts.
    let covered = used().all(|f| site.afc.iter().filter(mine).any(|g| g.low_mhz <= f && f < g.high_mhz));
    let touching = site.afc.iter().filter(mine).filter(|g| used().any(|f| g.low_mhz <= f && f < g.high_mhz));
    let density = touching.map(|g| g.density_dbm_per_mhz).min();
    let indoor = domain.permit(c, radio.tpc);
    let Some((standard, density)) = domain.permit_standard(c).zip(density).filter(|_| covered) else { return indoor };
    // Decibels over 20 MHz: 3 for each doubling, and rounded down in between.
    let over_20 = match parts(c).len() {
        1 => 0,
        2 => 3,
        3 => 4,
        4 => 6,
        6 => 7,
        7 => 8,
        8 => 9,
        10 | 12 => 10,
        14 => 11,
        _ => 12,
    };
    let granted = Permit { eirp_dbm: standard.eirp_dbm.min(density + 13 + over_20), ..standard };
    match indoor {
        Some(i) if i.eirp_dbm > granted.eirp_dbm => Some(i),
        _ => Some(granted),
    }
}

/// True if a channel is among those that a radio offers by its own list or by custom.
fn is_listed(primaries: &[u8], c: Channel) -> bool {
    // U-NII-4 takes a radio that says that it has it.
    let beyond = c.band() == Band::Ghz5 && c.span_mhz().1 > 5_850;
    let usual = match c.band() {
        Band::Ghz2 => [1, 6, 11].contains(&c.primary()),
        Band::Ghz5 => !beyond,
        // Preferred scanning channels: 5, 21, 37, ...
        Band::Ghz6 => (c.primary() + 11) % 16 == 0,
    };
    let has = || !beyond || primaries.iter().any(|p| [169, 173, 177].contains(p));
    if primaries.is_empty() { usual } else { primaries.contains(&c.primary()) && has() }
}

/// True if a channel uses the 20 MHz channel of a number.
fn holds(c: Channel, number: u8) -> bool {
    parts(c).contains(&i64::from(c.band().mhz(number)))
}

/// True if a width may have these holes: one part of 80 MHz; one, or a pair at an even place, of 160 MHz; of 320 MHz an even
/// pair, a quarter, or the first or last quarter with one more even pair.
fn has_pattern(c: Channel, holes: u16) -> bool {
    let out: Vec<u16> = (0..16).filter(|k| holes & (1 << k) != 0).collect();
    let row = |out: &[u16], len: u16| {
        out.len() == usize::from(len) && out[0] % len == 0 && out.windows(2).all(|p| p[1] == p[0] + 1)
    };
    match (c.width().mhz(), out.len()) {
        (_, 0) => true,
        (80 | 160, 1) => true,
        (160 | 320, 2) => row(&out, 2),
        (320, 4) => row(&out, 4),
        (320, 6) => {
            (row(&out[..4], 4) && out[0] == 0 && row(&out[4..], 2))
                || (row(&out[2..], 4) && out[2] == 12 && row(&out[..2], 2))
        }
        _ => false,
    }
}

/// Radios that must share a channel, and radios of one pod that must not.
fn shared(radios: &BTreeMap<At, (Channel, i32)>, j: &mut Judge) {
    let slot = |(p, k): At| {
        let all = &j.site.pods[p].radios;
        all[..k].iter().filter(|r| r.band == all[k].band).count()
    };
    let mut bad = Vec::new();
    for (a, x) in radios {
        for (b, y) in radios.range(a..).skip(1) {
            let (one_home, one_band) = (j.site.pods[a.0].home == j.site.pods[b.0].home, x.0.band() == y.0.band());
            if a.0 == b.0 && x.0.overlaps(y.0) && one_band {
                bad.push((Code::Overlap, *a, *b));
            }
            let bound = j.site.policy.channels == Sharing::PerBand && one_home && one_band && slot(*a) == slot(*b);
            if bound && x.0 != y.0 {
                bad.push((Code::Shared, *a, *b));
            }
        }
    }
    // What runs may go on although it breaks the household's own wish for one channel.
    let stays = |at: &At| {
        let now = j.site.pods[at.0].radios[at.1].current;
        now.is_some_and(|s| {
            (s.primary, s.width, s.eirp_dbm) == (radios[at].0.primary(), radios[at].0.width(), radios[at].1)
        })
    };
    let all_stay = radios.keys().all(stays);
    for (code, a, b) in bad.into_iter().filter(|x| x.0 == Code::Overlap || !all_stay) {
        j.fault(code, "radios", format!("pods[{}].radios[{}] and pods[{}].radios[{}]", a.0, a.1, b.0, b.1));
    }
}

fn read_uplinks(plan: &Plan, j: &mut Judge) -> BTreeMap<usize, (At, At)> {
    let cabled = cabled(j.site);
    let mut uplinks = BTreeMap::new();
    for (i, u) in plan.uplinks.iter().enumerate() {
        let path = format!("uplinks[{i}]");
        let ends = pod_index(j.site, &u.pod).zip(pod_index(j.site, &u.parent));
        let ends =
            ends.and_then(|(p, q)| Some((p, radio_at(j.site, q, &u.parent_radio)?, radio_at(j.site, p, &u.radio)?)));
        let Some((p, parent, own)) = ends else {
            j.fault(Code::Uplink, &path, "the site has no such pod or radio");
            continue;
        };
        let band = |at: At| j.site.pods[at.0].radios[at.1].band;
        let one_home = j.site.pods[p].home == j.site.pods[parent.0].home;
        if band(own) != band(parent) || band(own) != u.band || !one_home || p == parent.0 || cabled[p] {
            j.fault(Code::Uplink, &path, "it does not join two radios of one band in one home, or none is needed");
        }
        if uplinks.insert(p, (parent, own)).is_some() {
            j.fault(Code::Uplink, &path, "planned twice");
        }
        uplink_choice(&path, p, parent, own, j);
    }
    for p in (0..j.site.pods.len()).filter(|p| !cabled[*p] && !uplinks.contains_key(p)) {
        j.fault(Code::Uplink, "uplinks", format!("pods[{p}] has none"));
    }
    uplinks
}

fn uplink_choice(path: &str, p: usize, parent: At, own: At, j: &mut Judge) {
    let band = j.site.pods[own.0].radios[own.1].band;
    let mut ruled = false;
    for (choices, code) in [(&j.site.pins, Code::Pin), (&j.site.objections, Code::Objection)] {
        for choice in choices {
            let Choice::Uplink { pod, parent: wanted, band: b } = choice else { continue };
            if *pod != j.site.pods[p].id {
                continue;
            }
            ruled = true;
            let same = wanted.as_ref().is_none_or(|id| *id == j.site.pods[parent.0].id) && b.is_none_or(|b| b == band);
            if same != (code == Code::Pin) {
                j.fault(code, path, "the household says otherwise about this uplink");
            }
        }
    }
    let moved = j.site.pods[p]
        .uplink
        .as_ref()
        .is_some_and(|u| u.parent != j.site.pods[parent.0].id || u.radio != j.site.pods[own.0].radios[own.1].id);
    if moved && !j.site.policy.move_uplinks && !ruled {
        j.fault(Code::MustStay, path, "policy.move_uplinks is off");
    }
}

/// Channel and level of every uplink.
fn links(plan: &Plan, radios: &BTreeMap<At, (Channel, i32)>, uplinks: &BTreeMap<usize, (At, At)>, j: &mut Judge) {
    for (&p, &(parent, own)) in uplinks {
        let found = plan.uplinks.iter().position(|u| u.pod == j.site.pods[p].id);
        let path = format!("uplinks[{}]", found.unwrap_or(0));
        if radios[&own].0 != radios[&parent].0 {
            j.fault(Code::UplinkChannel, &path, format!("{} and {}", radios[&own].0, radios[&parent].0));
        }
        let runs = j.site.pods[p]
            .uplink
            .as_ref()
            .is_some_and(|u| u.parent == j.site.pods[parent.0].id && u.radio == j.site.pods[own.0].radios[own.1].id);
        match pod_loss(j.site, p, parent.0, radios[&own].0.band()) {
            None => j.fault(Code::UplinkLevel, &path, "there is no path loss"),
            // The link in use is taken to work, whatever the figures say.
            Some(loss) if radios[&parent].1 - loss < LEAST_DBM && !runs => {
                j.fault(Code::UplinkLevel, &path, format!("{} dBm arrive", radios[&parent].1 - loss));
            }
            Some(_) => {}
        }
    }
}

/// True if every uplink leads to a pod with the line.
fn leads_home(uplinks: &BTreeMap<usize, (At, At)>, j: &mut Judge) -> bool {
    let cabled = cabled(j.site);
    let mut all = true;
    for p in 0..j.site.pods.len() {
        let (mut at, mut hops) = (p, 0);
        while !cabled[at] && hops <= j.site.pods.len() {
            let Some(next) = uplinks.get(&at) else { break };
            (at, hops) = (next.0.0, hops + 1);
        }
        if !cabled[at] {
            all = false;
            j.fault(Code::Loop, "uplinks", format!("pods[{p}] does not reach the gateway"));
        }
    }
    all
}

fn read_clients(plan: &Plan, j: &mut Judge) -> Vec<Option<At>> {
    let mut places = vec![None; j.site.clients.len()];
    for (i, c) in plan.clients.iter().enumerate() {
        let path = format!("clients[{i}]");
        let Some(n) = j.site.clients.iter().position(|x| x.id == c.client) else {
            j.fault(Code::Client, &path, "the site has no such client");
            continue;
        };
        let client = &j.site.clients[n];
        let at = pod_index(j.site, &c.pod).and_then(|p| radio_at(j.site, p, &c.radio));
        let served = at.filter(|&(p, k)| {
            let band = j.site.pods[p].radios[k].band;
            band == c.band && client_loss(j.site, client, p, band).is_some()
        });
        let Some(at) = served else {
            j.fault(Code::Client, &path, "no such radio, or no path loss to it");
            continue;
        };
        if places[n].replace(at).is_some() {
            j.fault(Code::Client, &path, "planned twice");
        }
        client_choice(&path, n, at, j);
    }
    for n in (0..places.len()).filter(|&n| places[n].is_none()) {
        j.fault(Code::Client, "clients", format!("clients[{n}] is not planned"));
    }
    places
}

fn client_choice(path: &str, n: usize, at: At, j: &mut Judge) {
    let client = &j.site.clients[n];
    let (pod, radio) = (&j.site.pods[at.0], &j.site.pods[at.0].radios[at.1]);
    let mut ruled = false;
    for (choices, code) in [(&j.site.pins, Code::Pin), (&j.site.objections, Code::Objection)] {
        for choice in choices {
            let Choice::Client { client: who, pod: wanted, band } = choice else { continue };
            if *who != client.id {
                continue;
            }
            ruled = true;
            let same = wanted.as_ref().is_none_or(|id| *id == pod.id) && band.is_none_or(|b| b == radio.band);
            if same != (code == Code::Pin) {
                j.fault(code, path, "the household says otherwise about this client");
            }
        }
    }
    let Some(now) = &client.current else { return };
    let moved = now.pod != pod.id || now.radio != radio.id;
    if moved && !ruled && (!client.steerable || !j.site.policy.steer_clients) {
        j.fault(Code::MustStay, path, "this client is not to be moved");
    }
    let home = pod_index(j.site, &now.pod).map(|p| &j.site.pods[p].home);
    if home.is_some_and(|h| *h != pod.home) {
        j.fault(Code::Client, path, "it belongs to another home");
    }
}

/// Checks the marks of change and the time of application.
pub fn marks(site: &Site, plan: &Plan, wish: &Wish, found: &mut Vec<Violation>) {
    let mut j = Judge { site, found };
    let counted = changes(site, wish);
    if i64::from(plan.objective.switches) != counted {
        let detail = format!("{} switches, the judge counts {counted}", plan.objective.switches);
        j.fault(Code::Marks, "objective.switches", detail);
    }
    let known = site.pods.iter().all(|p| p.radios.iter().all(|r| r.current.is_some()));
    let marked = plan.radios.iter().filter(|r| r.changed).count()
        + plan.uplinks.iter().filter(|u| u.changed).count()
        + plan.clients.iter().filter(|c| c.changed).count();
    if known && plan.keep && marked > 0 {
        j.fault(Code::Marks, "keep", format!("{marked} changes are marked in a plan that keeps everything"));
    }
    let urgent = site.pods.iter().enumerate().any(|(p, pod)| (0..pod.radios.len()).any(|k| !runs_legally(site, p, k)));
    let right = match (&plan.apply, plan.keep) {
        (Apply::Never, keep) => keep,
        (Apply::Now { reason }, false) => urgent && (*reason == Urgency::NotAllowed || has_radar(site)),
        (Apply::QuietWindow { from_minute, to_minute, best_minute }, false) => {
            let inside = |m: u16| {
                let after = |x: u16| (1_440 + u32::from(x) - u32::from(*from_minute)) % 1_440;
                from_minute == to_minute || after(m) < after(*to_minute)
            };
            let window = site.quiet_window.is_some_and(|q| (q.from_minute, q.to_minute) == (*from_minute, *to_minute));
            !urgent && window && best_minute.is_none_or(|m| inside(m) && site.forecast.is_some())
        }
        (Apply::AnyTime { best_minute }, false) => {
            !urgent && site.quiet_window.is_none() && best_minute.is_none_or(|m| m < 1_440 && site.forecast.is_some())
        }
        _ => false,
    };
    if !right {
        j.fault(Code::Apply, "apply", format!("{:?}", plan.apply));
    }
}

/// Checks the budget of changes, and where radios go when radar shows.
pub fn limits(site: &Site, plan: &Plan, wish: &Wish, found: &mut Vec<Violation>) {
    let mut j = Judge { site, found };
    let over = site.policy.max_switches.is_some_and(|most| changes(site, wish) > i64::from(most));
    if over && may_stay(site) {
        j.fault(Code::Budget, "objective.switches", "more changes than policy.max_switches allows");
    }
    for (i, f) in plan.fallbacks.iter().enumerate() {
        let path = format!("fallbacks[{i}]");
        let at = pod_index(site, &f.pod).and_then(|p| radio_at(site, p, &f.radio));
        let Some(at) = at else {
            j.fault(Code::Fallback, &path, "the site has no such radio");
            continue;
        };
        let band = site.pods[at.0].radios[at.1].band;
        let whole = Channel::with_center(band, f.primary, f.width, f.center);
        let Some(c) = whole.filter(|c| has_pattern(*c, f.punctured)).and_then(|c| c.puncture(f.punctured)) else {
            j.fault(Code::Fallback, &path, "there is no such channel");
            continue;
        };
        let planned = PlannedRadio {
            pod: f.pod.clone(),
            radio: f.radio.clone(),
            band,
            primary: f.primary,
            width: f.width,
            center: f.center,
            punctured: f.punctured,
            eirp_dbm: f.eirp_dbm,
            changed: true,
            cac_s: 0,
        };
        let mut faults = Vec::new();
        // A listening time shows as a wrong mark there.
        read_setting(&path, at, c, &planned, &mut Judge { site, found: &mut faults });
        if let Some(first) = faults.first() {
            j.fault(Code::Fallback, &path, first.detail.clone());
        }
        let twins = plan.fallbacks.iter().filter(|o| (&o.pod, &o.radio) == (&f.pod, &f.radio)).count();
        if twins > 1 || wish.radios.get(&at).is_none_or(|w| permit(site, at, w.0).is_none_or(|m| m.cac_s == 0)) {
            j.fault(Code::Fallback, &path, "one is wanted for each radio that watches for radar, and for no other");
        }
    }
}

fn has_radar(site: &Site) -> bool {
    site.dfs.iter().any(|d| d.non_occupancy)
}

/// True if a radio runs nothing known, or something that it may go on with.
fn runs_legally(site: &Site, p: usize, k: usize) -> bool {
    let radio = &site.pods[p].radios[k];
    let Some(s) = radio.current else { return true };
    let Some(c) = runs_on(radio.band, &s) else { return false };
    let mut found = Vec::new();
    let planned = PlannedRadio {
        pod: site.pods[p].id.clone(),
        radio: radio.id.clone(),
        band: radio.band,
        primary: c.primary(),
        width: c.width(),
        center: c.center(),
        punctured: c.punctured(),
        eirp_dbm: s.eirp_dbm,
        changed: false,
        cac_s: permit(site, (p, k), c).map_or(0, |m| m.cac_s),
    };
    read_setting("", (p, k), c, &planned, &mut Judge { site, found: &mut found });
    found.is_empty()
}

/// True if nothing that runs has to change: everything is known and allowed.
pub fn may_stay(site: &Site) -> bool {
    let radios = (0..site.pods.len()).all(|p| (0..site.pods[p].radios.len()).all(|k| runs_legally(site, p, k)));
    let free = |c: &Choice| matches!(c, Choice::Radio { .. });
    radios && site.pins.iter().all(free) && site.objections.iter().all(free)
}

/// True if a decision's weights speak for it and no loser would have been better.
pub fn adds_up(d: &Decision) -> bool {
    let sum: i64 = d.reasons.iter().map(|r| r.weight).sum();
    sum >= 0 && d.losers.iter().all(|l| l.excess >= 0)
}
