//! Third pass: what each radio, uplink and client may choose.

use std::collections::BTreeMap;

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use super::error::{Code, SiteError};
use super::names::{Resolved, Rule};
use super::uplinks;
use crate::model::regulatory::Domain;
use crate::model::site::{DfsState, Radio, Sharing, Site};
use crate::model::topology::{ClientNode, Group, Home, Measured, PodNode, RadioNode, Topology, Tuned};
use crate::rf::chart::{channels, find};
use crate::rf::rates::{Ability, NOISE_DBM, highest_mcs, rate_kbps, reaches};
use crate::rf::sense::{coupling_permille, preamble_dbm};

/// Builds the index form and notes everything that is left without a choice.
pub fn build(site: &Site, r: &Resolved, faults: &mut Vec<SiteError>) -> Topology {
    let domain = Domain::of(&site.country).expect("the first pass accepted the country");
    let mut t = Topology {
        domain,
        policy: site.policy.clone(),
        homes: homes(site, r),
        pods: pods(site, r),
        radios: Vec::new(),
        groups: Vec::new(),
        clients: Vec::new(),
        pod_loss_db: r.loss.iter().copied().collect(),
        radar_events_30d: BTreeMap::new(),
        non_occupancy: site.dfs.iter().filter(|d| d.non_occupancy).map(|d| (home_of(site, r, d), d.channel)).collect(),
        quiet_window: site.quiet_window,
        forecast: site.forecast.clone(),
    };
    for d in &site.dfs {
        *t.radar_events_30d.entry(d.channel).or_default() += d.radar_events_30d;
    }
    t.radios = radios(site, r, &t, faults);
    t.groups = groups(site.policy.channels, &mut t, faults);
    if !faults.is_empty() {
        return t;
    }
    for r in 0..t.radios.len() {
        let strongest = t.radios[r].allowed.iter().filter_map(|&c| t.max_eirp_dbm(r, c)).max();
        let widest = t.radios[r].allowed.iter().map(|c| c.width()).max();
        let radio = &mut t.radios[r];
        radio.strongest_dbm = strongest.unwrap_or(radio.max_eirp_dbm);
        radio.widest = widest.unwrap_or(Bandwidth::Mhz20);
    }
    hear(&mut t);
    uplinks::find(r, &mut t, faults);
    t.clients = (0..site.clients.len()).filter_map(|c| client(site, c, r, &t, faults)).collect();
    t
}

/// The home that radar state is about; the second pass found it.
fn home_of(site: &Site, r: &Resolved, d: &DfsState) -> Option<usize> {
    let home = d.home.as_ref()?;
    site.pods.iter().position(|p| p.home == *home).map(|p| r.home[p])
}

fn homes(site: &Site, r: &Resolved) -> Vec<Home> {
    let count = r.home.iter().max().map_or(0, |h| h + 1);
    let mut homes = vec![Home { pods: Vec::new(), gateway: 0 }; count];
    for (p, pod) in site.pods.iter().enumerate() {
        homes[r.home[p]].pods.push(p);
        if pod.gateway {
            homes[r.home[p]].gateway = p;
        }
    }
    homes
}

fn pods(site: &Site, r: &Resolved) -> Vec<PodNode> {
    let mut root: Vec<bool> = site.pods.iter().map(|p| p.gateway).collect();
    // A cable passes the gateway's line on; at most one new root per round.
    for _ in 0..site.pods.len() {
        for &(a, b) in &r.wired {
            let joined = (root[a] || root[b]) && r.home[a] == r.home[b];
            root[a] |= joined;
            root[b] |= joined;
        }
    }
    let node = |p: usize| PodNode {
        home: r.home[p],
        radios: (r.first_radio[p]..r.first_radio[p + 1]).collect(),
        root: root[p],
        uplink: r.uplink[p].filter(|_| !root[p]),
        uplinks: Vec::new(),
        neighbours: r.neighbours[p].clone(),
        survey: r.survey[p].clone(),
    };
    (0..site.pods.len()).map(node).collect()
}

fn radios(site: &Site, r: &Resolved, t: &Topology, faults: &mut Vec<SiteError>) -> Vec<RadioNode> {
    let mut all: Vec<RadioNode> = Vec::new();
    for (p, pod) in site.pods.iter().enumerate() {
        for (k, radio) in pod.radios.iter().enumerate() {
            let slot = pod.radios[..k].iter().filter(|x| x.band == radio.band).count();
            let current = r.tuned[all.len()];
            let mut node = RadioNode {
                legal_now: false,
                pod: p,
                band: radio.band,
                slot,
                group: 0,
                max_eirp_dbm: radio.max_eirp_dbm,
                puncture: radio.puncture,
                tpc: radio.tpc,
                class: radio.class,
                grants: r.grants[p].clone(),
                streams: radio.streams,
                current,
                allowed: Vec::new(),
                strongest_dbm: radio.max_eirp_dbm,
                widest: Bandwidth::Mhz20,
                hears: Vec::new(),
            };
            node.allowed = allowed(radio, &node, r, t);
            if node.allowed.is_empty() {
                let detail = format!("no {} channel is left", radio.band);
                faults.push(SiteError::new(Code::NothingAllowed, format!("pods[{p}].radios[{k}]"), detail));
            }
            let legal = |s: &Tuned| {
                let limit = node.permit(t.domain, s.channel);
                node.allowed.contains(&s.channel) && limit.is_some_and(|m| s.eirp_dbm <= m.eirp_dbm)
            };
            node.legal_now = current.as_ref().is_some_and(legal);
            all.push(node);
        }
    }
    all
}

/// The channels of a radio: those it lists, and the one it is on, as far as everything permits them; each with the holes
/// that it may be worth to leave in it.
fn allowed(radio: &Radio, node: &RadioNode, r: &Resolved, t: &Topology) -> Vec<Channel> {
    let current = node.current.map(|c| c.channel);
    let is_on = |c: Channel| current.is_some_and(|now| now.puncture(0) == Some(c));
    let all = channels(radio.band).iter().copied().filter(|&c| is_listed(&radio.primaries, c) || is_on(c));
    if !radio.puncture {
        return all.filter(|&c| permits(radio, node, c, r, t)).collect();
    }
    let taken = taken(node, t, r);
    let taken = taken.as_deref();
    let punctured = |c: Channel| c.punctures().filter(move |&p| Some(p) == current || is_worth(p, taken));
    let all = all.flat_map(|c| std::iter::once(c).chain(punctured(c)));
    all.filter(|&c| permits(radio, node, c, r, t)).collect()
}

/// Where in a radio's band it may be worth to leave something out, as edges in MHz: what strangers use, surveys found busy,
/// radar forbids or threatens, and no rule covers. `None` if it may be anywhere, as our own radios choose for themselves.
fn taken(node: &RadioNode, t: &Topology, r: &Resolved) -> Option<Vec<(u16, u16)>> {
    if t.policy.channels == Sharing::PerRadio || t.homes.len() > 1 {
        return None;
    }
    let mut all = Vec::new();
    for pod in &t.pods {
        all.extend(pod.neighbours.iter().map(|n| n.channel).filter(|c| c.band() == node.band).map(Channel::span_mhz));
        let noisy = |m: &&Measured| m.busy_permille > 0 || m.noise_dbm.is_some_and(|n| n > NOISE_DBM);
        let surveyed = pod.survey.iter().filter(noisy).map(|m| m.channel);
        all.extend(surveyed.filter(|c| c.band() == node.band).map(Channel::span_mhz));
    }
    let whole = channels(node.band).iter().filter(|c| c.width() == Bandwidth::Mhz20);
    let home = r.home[node.pod];
    let radar = |c: Channel| {
        c.band() == Band::Ghz5
            && (t.radar_events_30d.get(&c.primary()).is_some_and(|e| *e > 0)
                || t.non_occupancy.iter().any(|&(h, n)| n == c.primary() && h.is_none_or(|h| h == home)))
    };
    all.extend(whole.filter(|&&c| radar(c) || node.permit(t.domain, c).is_none()).map(|c| c.span_mhz()));
    Some(all)
}

/// True if every part of a punctured channel's holes is taken; at 320 MHz a part is 40 MHz, else 20 MHz.
fn is_worth(c: Channel, taken: Option<&[(u16, u16)]>) -> bool {
    let Some(taken) = taken else { return true };
    let size = if c.width() == Bandwidth::Mhz320 { 2 } else { 1 };
    let low = c.span_mhz().0;
    let holes = (0..16u16).step_by(size).filter(|k| c.punctured() >> k & 1 == 1);
    let mut parts = holes.map(|k| (low + 20 * k, low + 20 * (k + size as u16)));
    parts.all(|(from, to)| taken.iter().any(|t| t.0 < to && from < t.1))
}

/// True if a radio offers a channel. What access points use unless told otherwise: 1, 6 and 11 at 2.4 GHz, at 5 GHz what
/// lies under 5850 MHz, and at 6 GHz the preferred scanning channels (IEEE 802.11ax-2021 26.17.2.3.3), where stations
/// look. A block that reaches over 5850 MHz takes a radio that lists a primary there.
fn is_listed(primaries: &[u8], c: Channel) -> bool {
    let beyond = c.band() == Band::Ghz5 && c.span_mhz().1 > 5_850;
    if primaries.is_empty() {
        return match c.band() {
            Band::Ghz2 => matches!(c.primary(), 1 | 6 | 11),
            Band::Ghz5 => !beyond,
            Band::Ghz6 => c.primary() % 16 == 5,
        };
    }
    primaries.contains(&c.primary()) && (!beyond || primaries.iter().any(|p| (169..=177).contains(p)))
}

fn permits(radio: &Radio, node: &RadioNode, c: Channel, r: &Resolved, t: &Topology) -> bool {
    let Some(permit) = node.permit(t.domain, c) else { return false };
    let home = r.home[node.pod];
    let excluded = |(who, n): &(Option<usize>, u8)| {
        who.is_none_or(|h| h == home) && find(Band::Ghz5, *n, Bandwidth::Mhz20, None).is_some_and(|x| x.overlaps(c))
    };
    let matches = |primary: Option<u8>, width: Option<Bandwidth>| {
        primary.is_none_or(|p| p == c.primary()) && width.is_none_or(|w| w == c.width())
    };
    let household = |rule: &Rule, pinned: bool| match *rule {
        Rule::Radio(who, band, primary, width) if band == c.band() && who.is_none_or(|p| p == node.pod) => {
            matches(primary, width) == pinned
        }
        _ => true,
    };
    radio.widths.contains(&c.width())
        && (permit.cac_s == 0 || radio.dfs)
        && !(c.band() == Band::Ghz5 && t.non_occupancy.iter().any(excluded))
        && r.pins.iter().all(|rule| household(rule, true))
        && r.objections.iter().all(|rule| household(rule, false))
}

fn groups(sharing: Sharing, t: &mut Topology, faults: &mut Vec<SiteError>) -> Vec<Group> {
    let mut index: BTreeMap<(usize, Band, usize), usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for r in 0..t.radios.len() {
        let radio = &t.radios[r];
        let key = (t.pods[radio.pod].home, radio.band, radio.slot);
        let known = if sharing == Sharing::PerBand { index.get(&key).copied() } else { None };
        let g = known.unwrap_or(groups.len());
        if g == groups.len() {
            index.insert(key, g);
            groups.push(Group { home: key.0, band: key.1, slot: key.2, radios: Vec::new() });
        }
        groups[g].radios.push(r);
        t.radios[r].group = g;
    }
    for group in &groups {
        share(group, t, faults);
    }
    groups
}

/// Leaves the radios of a group the channels that all of them have.
fn share(group: &Group, t: &mut Topology, faults: &mut Vec<SiteError>) {
    let first = &t.radios[group.radios[0]].allowed;
    let others: Vec<&Vec<Channel>> =
        group.radios[1..].iter().map(|&r| &t.radios[r].allowed).filter(|a| *a != first).collect();
    let common: Vec<Channel> = first.iter().copied().filter(|c| others.iter().all(|a| a.contains(c))).collect();
    if common.is_empty() && group.radios.iter().all(|&r| !t.radios[r].allowed.is_empty()) {
        let pod = t.radios[group.radios[0]].pod;
        let detail = format!("{} radios at {} share no channel", group.radios.len(), group.band);
        faults.push(SiteError::new(Code::NothingShared, format!("pods[{pod}].radios"), detail));
    }
    for &r in &group.radios {
        if t.radios[r].allowed.len() > common.len() {
            t.radios[r].allowed.clone_from(&common);
        }
    }
}

/// Fills in who may hear whom: radios of one band on pods with a known path loss, unless it is too high for the most
/// power that either may use.
fn hear(t: &mut Topology) {
    let mut heard: Vec<Vec<(usize, i32)>> = vec![Vec::new(); t.radios.len()];
    for (&(a, b, band), &loss) in &t.pod_loss_db {
        let of = |p: usize| t.pods[p].radios.iter().copied().filter(|&r| t.radios[r].band == band);
        let near = |x: usize, y: usize| {
            let power = |r: usize| t.radios[r].strongest_dbm.max(t.radios[r].current.map_or(i32::MIN, |c| c.eirp_dbm));
            coupling_permille(power(x).max(power(y)) - loss, preamble_dbm(Bandwidth::Mhz20)) > 0
        };
        for (x, y) in of(a).flat_map(|x| of(b).map(move |y| (x, y))).filter(|&(x, y)| near(x, y)) {
            heard[x].push((y, loss));
            heard[y].push((x, loss));
        }
    }
    for (radio, mut list) in t.radios.iter_mut().zip(heard) {
        list.sort_unstable();
        radio.hears = list;
    }
}

fn client(site: &Site, c: usize, r: &Resolved, t: &Topology, faults: &mut Vec<SiteError>) -> Option<ClientNode> {
    let x = &site.clients[c];
    let radios = r.client_loss[c].iter().flat_map(|&(pod, band, loss)| {
        t.pods[pod].radios.iter().filter(move |&&q| t.radios[q].band == band).map(move |&q| (q, loss))
    });
    let reached: Vec<(usize, i32)> =
        radios.filter(|&(q, loss)| reaches(t.radios[q].strongest_dbm - loss) || r.client_at[c] == Some(q)).collect();
    let nominal = |&(q, loss): &(usize, i32)| {
        let radio = &t.radios[q];
        let (streams, mcs) = (x.streams.min(radio.streams), highest_mcs(x.phy));
        let ability = Ability { width: x.max_width, streams, mcs, punctured: false };
        rate_kbps(radio.strongest_dbm - loss, NOISE_DBM, radio.widest.into(), ability)
    };
    // The first of the fastest, so that the file's order decides a tie.
    let best = reached.iter().rev().max_by_key(|o| nominal(o)).map(|o| o.0);
    let current = r.client_at[c];
    if current.is_some_and(|q| reached.iter().all(|o| o.0 != q)) {
        let detail = "there is no path loss to the radio that serves it";
        faults.push(SiteError::new(Code::Unserved, format!("clients[{c}].current"), detail));
        return None;
    }
    let Some(serving) = current.or(best) else {
        faults.push(SiteError::new(Code::Unserved, format!("clients[{c}].path_loss"), "no listed radio reaches it"));
        return None;
    };
    let options = choices(site, c, &reached, serving, r, t);
    if options.is_empty() {
        faults.push(SiteError::new(Code::Pinned, format!("clients[{c}]"), "pins and objections leave it no radio"));
        return None;
    }
    Some(ClientNode {
        demand_kbps: x.demand_kbps.max(1),
        weight_milli: x.weight_milli,
        streams: x.streams,
        max_width: x.max_width,
        phy: x.phy,
        current,
        fastest: best.filter(|b| options.contains(b)).unwrap_or(options[0]),
        losses: reached,
        options,
        refusals: x.refusals,
    })
}

/// What a client may choose from: its home's radios, less what it ignores and what the household says.
fn choices(site: &Site, c: usize, reached: &[(usize, i32)], serving: usize, r: &Resolved, t: &Topology) -> Vec<usize> {
    let home = |q: usize| t.pods[t.radios[q].pod].home;
    let matches = |q: usize, pod: Option<usize>, band: Option<Band>| {
        pod.is_none_or(|p| p == t.radios[q].pod) && band.is_none_or(|b| b == t.radios[q].band)
    };
    let permitted = |q: usize| {
        let about = |rule: &Rule, pinned: bool| match *rule {
            Rule::Client(who, pod, band) if who == c => matches(q, pod, band) == pinned,
            _ => true,
        };
        r.pins.iter().all(|x| about(x, true)) && r.objections.iter().all(|x| about(x, false))
    };
    let ruled = r.pins.iter().chain(&r.objections).any(|x| matches!(x, Rule::Client(who, ..) if *who == c));
    let moves = (site.policy.steer_clients && site.clients[c].steerable) || (ruled && !permitted(serving));
    let open = |q: &usize| home(*q) == home(serving) && permitted(*q) && (moves || *q == serving);
    reached.iter().map(|o| o.0).filter(open).collect()
}
