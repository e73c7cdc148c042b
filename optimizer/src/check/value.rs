//! The judge's own evaluation of U, written from the rules and for plainness: it looks at one 20 MHz part after another
//! and sums over everything.

use std::collections::BTreeMap;

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use crate::model::regulatory::Domain;
use crate::model::site::{Client, Phy, Setting, Site};
use crate::rf::rates::{Ability, Span, airtime_ppm, rate_kbps};

/// A radio by pod and place in the pod.
pub type At = (usize, usize);

/// What a plan, or the site as it runs, does: by index of pod and radio.
pub struct Wish {
    /// Channel and EIRP in dBm of each radio.
    pub radios: BTreeMap<At, (Channel, i32)>,
    /// By pod: the parent's radio and the pod's own.
    pub uplinks: BTreeMap<usize, (At, At)>,
    /// By client: the serving radio.
    pub clients: Vec<At>,
}

/// What the site runs now, if it says so for every radio and uplink.
pub fn running(site: &Site) -> Option<Wish> {
    let mut radios = BTreeMap::new();
    for (p, pod) in site.pods.iter().enumerate() {
        for (k, r) in pod.radios.iter().enumerate() {
            let s = r.current?;
            radios.insert((p, k), (runs_on(r.band, &s)?, s.eirp_dbm));
        }
    }
    let cabled = cabled(site);
    let mut uplinks = BTreeMap::new();
    for (p, pod) in site.pods.iter().enumerate().filter(|(p, _)| !cabled[*p]) {
        let u = pod.uplink.as_ref()?;
        let parent = pod_index(site, &u.parent)?;
        uplinks.insert(p, (radio_at(site, parent, &u.parent_radio)?, radio_at(site, p, &u.radio)?));
    }
    let mut clients = Vec::new();
    for c in &site.clients {
        clients.push(match &c.current {
            Some(a) => radio_at(site, pod_index(site, &a.pod)?, &a.radio)?,
            None => return None,
        });
    }
    Some(Wish { radios, uplinks, clients })
}

/// The channel of a setting in use, if there is one.
pub fn runs_on(band: Band, s: &Setting) -> Option<Channel> {
    let whole = match s.center {
        Some(center) => Channel::with_center(band, s.primary, s.width, center)?,
        None => Channel::new(band, s.primary, s.width)?,
    };
    whole.puncture(s.punctured)
}

pub fn pod_index(site: &Site, id: &str) -> Option<usize> {
    site.pods.iter().position(|p| p.id == id)
}

pub fn radio_at(site: &Site, pod: usize, id: &str) -> Option<At> {
    site.pods[pod].radios.iter().position(|r| r.id == id).map(|k| (pod, k))
}

/// Which pods have the gateway's line by cable.
pub fn cabled(site: &Site) -> Vec<bool> {
    let mut has: Vec<bool> = site.pods.iter().map(|p| p.gateway).collect();
    loop {
        let before = has.clone();
        for w in &site.wired {
            if let (Some(a), Some(b)) = (pod_index(site, &w.a), pod_index(site, &w.b)) {
                if site.pods[a].home == site.pods[b].home && (has[a] || has[b]) {
                    (has[a], has[b]) = (true, true);
                }
            }
        }
        if has == before {
            return has;
        }
    }
}

/// Path loss in dB between two pods.
pub fn pod_loss(site: &Site, a: usize, b: usize, band: Band) -> Option<i32> {
    let (a, b) = (&site.pods[a].id, &site.pods[b].id);
    let of =
        |l: &&crate::model::site::PodLoss| l.band == band && ((&l.a == a && &l.b == b) || (&l.a == b && &l.b == a));
    site.pod_path_loss.iter().find(of).map(|l| l.loss_db)
}

/// Path loss in dB from a pod to a client.
pub fn client_loss(site: &Site, client: &Client, pod: usize, band: Band) -> Option<i32> {
    client.path_loss.iter().find(|l| l.band == band && l.pod == site.pods[pod].id).map(|l| l.loss_db)
}

/// U in thousandths.
pub fn u_milli(site: &Site, w: &Wish) -> i64 {
    let need = needs(site, w);
    let share = settle(site, w, &need);
    let mut u = 0.0;
    for (client, &at) in site.clients.iter().zip(&w.clients) {
        let mut least = share[&at];
        let mut pod = at.0;
        while let Some(&(parent, _)) = w.uplinks.get(&pod) {
            least = least.min(share[&parent]);
            pod = parent.0;
        }
        u += f64::from(client.weight_milli) * libm::log(least.max(0.001));
    }
    let tries = changes(site, w) + refused(site, w);
    libm::round(u) as i64 - tries * i64::from(site.policy.switch_cost_milli) - radar(site, w)
}

/// Radios, uplinks and clients that differ from what the site says.
pub fn changes(site: &Site, w: &Wish) -> i64 {
    let mut n = 0;
    for (&(p, k), &(channel, eirp)) in &w.radios {
        if let Some(s) = site.pods[p].radios[k].current {
            let center = s.center.or_else(|| Channel::new(channel.band(), s.primary, s.width).map(Channel::center));
            let same = (s.primary, s.width, center) == (channel.primary(), channel.width(), Some(channel.center()))
                && s.punctured == channel.punctured();
            n += i64::from(!same || s.eirp_dbm != eirp);
        }
    }
    for (&p, &(parent, own)) in &w.uplinks {
        if let Some(u) = &site.pods[p].uplink {
            let same = u.parent == site.pods[parent.0].id
                && u.parent_radio == site.pods[parent.0].radios[parent.1].id
                && u.radio == site.pods[p].radios[own.1].id;
            n += i64::from(!same);
        }
    }
    for (client, &(p, k)) in site.clients.iter().zip(&w.clients) {
        if let Some(a) = &client.current {
            n += i64::from(a.pod != site.pods[p].id || a.radio != site.pods[p].radios[k].id);
        }
    }
    n
}

/// Requests that the moved clients refused before: each may be refused again.
fn refused(site: &Site, w: &Wish) -> i64 {
    let mut n = 0;
    for (client, &(p, k)) in site.clients.iter().zip(&w.clients) {
        if let Some(a) = &client.current {
            let moved = a.pod != site.pods[p].id || a.radio != site.pods[p].radios[k].id;
            n += if moved { i64::from(client.refusals) } else { 0 };
        }
    }
    n
}

/// The cost of radar risk: 30 a radio, and for each event two changes and an outage of ln 1000, spread over 30 days.
fn radar(site: &Site, w: &Wish) -> i64 {
    let Some(domain) = Domain::of(&site.country) else { return 0 };
    let mut sum = 0;
    for (channel, _) in w.radios.values() {
        let cac = domain.permit(*channel, true).map_or(0, |p| i64::from(p.cac_s));
        if cac > 0 {
            let inside = |n: u8| parts(*channel).contains(&i64::from(5_000 + 5 * u16::from(n)));
            let events: i64 =
                site.dfs.iter().filter(|d| inside(d.channel)).map(|d| i64::from(d.radar_events_30d)).sum();
            sum += 30 + events * (2 * i64::from(site.policy.switch_cost_milli) + 6_908 * cac / 86_400) / 30;
        }
    }
    sum
}

fn mcs(phy: Phy) -> usize {
    match phy {
        Phy::Ht => 7,
        Phy::Vht => 9,
        Phy::He | Phy::Eht => 11,
    }
}

/// Airtime that each radio needs, as a fraction: beacons, clients, relayed traffic.
fn needs(site: &Site, w: &Wish) -> BTreeMap<At, f64> {
    let mut need: BTreeMap<At, f64> = w.radios.keys().map(|&at| (at, 0.02)).collect();
    let mut relayed = vec![0u64; site.pods.len()];
    for (client, &at) in site.clients.iter().zip(&w.clients) {
        let radio = &site.pods[at.0].radios[at.1];
        let loss = client_loss(site, client, at.0, radio.band).unwrap_or(200);
        let (streams, punctured) = (client.streams.min(radio.streams), client.phy == Phy::Eht && radio.puncture);
        let ability = Ability { width: client.max_width, streams, mcs: mcs(client.phy), punctured };
        let demand = u64::from(client.demand_kbps.max(1));
        *need.entry(at).or_default() += airtime(site, w, at, loss, ability, demand);
        let mut pod = at.0;
        while let Some(&(parent, _)) = w.uplinks.get(&pod) {
            relayed[pod] += demand;
            pod = parent.0;
        }
    }
    for (&p, &(parent, own)) in &w.uplinks {
        let (a, b) = (&site.pods[p].radios[own.1], &site.pods[parent.0].radios[parent.1]);
        let loss = pod_loss(site, p, parent.0, a.band).unwrap_or(200);
        let (streams, punctured) = (a.streams.min(b.streams), a.puncture && b.puncture);
        let ability = Ability { width: Bandwidth::Mhz320, streams, mcs: 11, punctured };
        *need.entry(parent).or_default() += airtime(site, w, parent, loss, ability, relayed[p]);
    }
    need
}

fn airtime(site: &Site, w: &Wish, at: At, loss: i32, ability: Ability, kbps: u64) -> f64 {
    let (channel, eirp) = w.radios[&at];
    let mine = |s: &&crate::model::site::Survey| s.pod == site.pods[at.0].id && s.band == channel.band();
    let inside = |s: &&crate::model::site::Survey| {
        Channel::new(s.band, s.channel, Bandwidth::Mhz20).is_some_and(|c| c.overlaps(channel))
    };
    let noise = site.survey.iter().filter(mine).filter(inside).filter_map(|s| s.noise_dbm).max().unwrap_or(-94);
    airtime_ppm(kbps, rate_kbps(eirp - loss, noise, span(channel), ability)) as f64 / 1e6
}

/// Centres in MHz of the 20 MHz parts that a channel uses.
pub fn parts(c: Channel) -> Vec<i64> {
    let (low, high) = c.span_mhz();
    let all = (i64::from(low) + 10..i64::from(high)).step_by(20).enumerate();
    all.filter(|(k, _)| c.punctured() & (1 << k) == 0).map(|part| part.1).collect()
}

/// Those of them in the aligned block of so many parts around the primary.
fn around_primary(c: Channel, size: i64) -> Vec<i64> {
    let (low, primary) = (i64::from(c.span_mhz().0), i64::from(c.band().mhz(c.primary())));
    let block = |mhz: i64| (mhz - low) / (20 * size);
    parts(c).into_iter().filter(|m| block(*m) == block(primary)).collect()
}

/// What a channel offers to stations of each width.
fn span(c: Channel) -> Span {
    if c.band() == Band::Ghz2 {
        return c.width().into();
    }
    let used = [1, 2, 4, 8, 16].map(|size| around_primary(c, size).len());
    let full = |k: &usize| used[*k] == 1 << k;
    let clean = (0..5).rev().find(full).map_or(Bandwidth::Mhz20, |k| Bandwidth::ALL[k]);
    Span::new(clean, used.map(|n| n as u8))
}

/// The share of `own` that a unit of airtime of `other` takes when it arrives at `level`.
fn taken(own: Channel, other: Channel, level: i32) -> f64 {
    if own.band() != other.band() {
        return 0.0;
    }
    let (lost, on_primary) = if own.band() == Band::Ghz2 { lost_2ghz(own, other) } else { lost_wide(own, other) };
    let threshold = if on_primary { -82 + 3 * i32::from(other.width() as u8) } else { -72 };
    lost * (1.0 + f64::from(level - threshold) / 10.0).clamp(0.0, 1.0)
}

fn lost_2ghz(own: Channel, other: Channel) -> (f64, bool) {
    const NEAR: [f64; 6] = [1.0, 0.73, 0.27, 0.04, 0.005, 0.001];
    let hit = |mhz: i64| {
        let steps = parts(other).into_iter().map(|m| (m - mhz).unsigned_abs() / 5).min().unwrap_or(9);
        NEAR.get(steps as usize).copied().unwrap_or(0.0)
    };
    let primary = i64::from(own.band().mhz(own.primary()));
    let secondary = parts(own).into_iter().filter(|m| *m != primary).map(hit).fold(0.0, f64::max);
    // Half the width is lost with the secondary; the table is in thousandths.
    let half = libm::floor(secondary * 1_000.0 / 2.0 + 1e-9) / 1_000.0;
    (hit(primary).max(half), hit(primary) >= 1.0)
}

fn lost_wide(own: Channel, other: Channel) -> (f64, bool) {
    let (mine, theirs) = (parts(own), parts(other));
    let primary = i64::from(own.band().mhz(own.primary()));
    if theirs.contains(&primary) {
        return (1.0, true);
    }
    if mine.iter().all(|m| !theirs.contains(m)) {
        return (0.0, false);
    }
    let blocks = [1, 2, 4, 8].map(|size| around_primary(own, size));
    let clean = blocks.iter().filter(|b| b.iter().all(|m| !theirs.contains(m))).map(Vec::len).max().unwrap_or(0);
    (libm::floor((mine.len() - clean) as f64 * 1_000.0 / mine.len() as f64) / 1_000.0, false)
}

/// The satisfied share of every radio once all loads have settled.
fn settle(site: &Site, w: &Wish, need: &BTreeMap<At, f64>) -> BTreeMap<At, f64> {
    let mut share: BTreeMap<At, f64> = need.keys().map(|&at| (at, 1.0)).collect();
    let air: BTreeMap<At, (f64, f64)> = w.radios.keys().map(|&at| (at, strangers(site, w, at))).collect();
    // Fifty halved steps, then a whole one.
    for step in 0..=50 {
        let before = share.clone();
        for (&at, &(channel, _)) in &w.radios {
            let (mut free, mut contenders) = air[&at];
            for (&other, &(foreign, eirp)) in w.radios.iter().filter(|(o, _)| o.0 != at.0) {
                if let Some(loss) = pod_loss(site, at.0, other.0, foreign.band()) {
                    let part = taken(channel, foreign, eirp - loss);
                    free *= 1.0 - part * (before[&other] * need[&other]).min(1.0);
                    contenders += part;
                }
            }
            let got = (free.max(1.0 / (1.0 + contenders)) / need[&at]).min(1.0);
            share.insert(at, if step < 50 { (before[&at] + got) / 2.0 } else { got });
        }
    }
    share
}

/// The time that strangers leave free at a radio, and how many contend.
fn strangers(site: &Site, w: &Wish, at: At) -> (f64, f64) {
    let own = w.radios[&at].0;
    let mut heard: Vec<(Channel, i32, f64)> = Vec::new();
    for n in site.neighbours.iter().filter(|n| n.pod == site.pods[at.0].id && n.band == own.band()) {
        let channel = match n.center {
            Some(center) => Channel::with_center(n.band, n.primary, n.width, center),
            None => Channel::new(n.band, n.primary, n.width),
        };
        heard.extend(channel.map(|c| (c, n.level_dbm, f64::from(n.duty_permille.unwrap_or(150)) / 1_000.0)));
    }
    let left = |c: Channel| heard.iter().map(|&(x, level, duty)| 1.0 - duty * taken(c, x, level)).product::<f64>();
    let mut free = left(own);
    for s in site.survey.iter().filter(|s| s.pod == site.pods[at.0].id && s.band == own.band()) {
        if let Some(c) = Channel::new(s.band, s.channel, Bandwidth::Mhz20) {
            let unexplained = 1.0 - ((1.0 - f64::from(s.busy_permille) / 1_000.0) / left(c).max(1e-6)).min(1.0);
            free *= 1.0 - unexplained * taken(own, c, 0);
        }
    }
    (free, heard.iter().map(|&(x, level, _)| taken(own, x, level)).sum())
}
