//! Fleets drawn from a seed: homes and buildings of [`simulate`](mod@crate::simulate), as their telemetry would show them.
//!
//! Row `n` depends on the seed and on `n` alone, so a fleet of any size can be written piece by piece. The shares of
//! kinds are assumptions: of 100 rows 55 are flats of 1 to 3 pods, 44 houses of 2 to 5, one is a building of 2 to 12
//! flats that hear each other. Surveys are made from the networks around: what they send on a channel, times 0.9 to 1.1.

use arrow_array::RecordBatch;
use millpond_dsp::phy::{Band, Bandwidth};

use super::columns::Build;
use super::schema::{FleetBuilder, PodsBuilder, fleet_schema};
use crate::env::SplitMix64;
use crate::model::site::{Client, Phy, Radio, Site};
use crate::rf::chart::find;
use crate::simulate::{self, Draw};

/// What to draw.
#[derive(Clone, Debug)]
pub struct Mix {
    /// The seed.
    pub seed: u64,
    /// Country of all homes.
    pub country: String,
    /// Row and pods of one large building, if there shall be one.
    pub tower: Option<(u64, usize)>,
}

/// 2026-11-22 03:00 UTC, the end of every window.
const CAPTURED_US: i64 = 1_795_316_400_000_000;
/// EIRP of all stations, as the settings' default has it.
const CLIENT_EIRP_DBM: i32 = 15;

/// Draws rows.
///
/// - Cost: some hundred microseconds a row
pub fn rows(mix: &Mix, range: std::ops::Range<u64>) -> RecordBatch {
    let mut out = FleetBuilder::default();
    for n in range {
        append(mix, n, &mut out);
    }
    RecordBatch::try_new(fleet_schema(), out.columns()).expect("a builder makes what its schema says")
}

fn append(mix: &Mix, n: u64, out: &mut FleetBuilder) {
    let seed = SplitMix64::new(mix.seed ^ n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).next_u64();
    let mut d = Draw::new(seed, u64::MAX);
    let kind = d.uniform();
    let (site, grouped) = match mix.tower {
        Some((row, pods)) if row == n => (tower(seed, pods, &mix.country), true),
        _ if kind < 0.55 => (simulate::block(seed, 1, &mix.country), false),
        _ if kind < 0.99 => (simulate::home(seed, &mix.country), false),
        _ => (simulate::block(seed, 2 + d.below(11), &mix.country), true),
    };
    out.home_id.append_value(format!("{seed:016x}"));
    out.group_id.append_option(grouped.then(|| format!("g{seed:016x}")));
    out.country.append_value(&mix.country);
    out.captured_at.append_option(Some(CAPTURED_US));
    out.window_s.append_value(86_400);
    out.last_change_at.append_option(None);
    let radios: usize = site.pods.iter().map(|p| p.radios.len()).sum();
    out.weight.append_value((radios + site.neighbours.len()) as i32);
    for p in 0..site.pods.len() {
        pod(&site, p, grouped, seed, &mut d, &mut out.pods.items);
    }
    out.pods.close();
}

/// A building of about so many pods: 1.7 of them in a flat.
fn tower(seed: u64, pods: usize, country: &str) -> Site {
    let mut flats = (pods as f64 / 1.7).ceil() as usize;
    loop {
        let site = simulate::block(seed, flats, country);
        if site.pods.len() >= pods {
            return site;
        }
        flats += (pods - site.pods.len()).div_ceil(3);
    }
}

/// The pod's number by its id, `p1` being 0.
fn number(id: &str) -> usize {
    id[1..].parse::<usize>().map_or(0, |n| n - 1)
}

fn slot(site: &Site, pod: usize, radio: &str) -> i32 {
    site.pods[pod].radios.iter().position(|r| r.id == radio).map_or(0, |r| r as i32)
}

fn pod(site: &Site, p: usize, grouped: bool, seed: u64, d: &mut Draw, out: &mut PodsBuilder) {
    let pod = &site.pods[p];
    out.pod.append_value(p as i32);
    out.pod_key.append_value((seed ^ (p as u64) << 48) as i64);
    out.model.append_value(if pod.radios.len() > 2 { "tri" } else { "dual" });
    out.gateway.append_value(pod.gateway);
    let home = pod.home.strip_prefix('h').and_then(|h| h.parse().ok());
    out.home.append_option(home.filter(|_| grouped));
    for (k, r) in pod.radios.iter().enumerate() {
        radio(site, p, k, r, d, out);
    }
    out.radios.close();
    for (c, one) in site.clients.iter().enumerate() {
        if one.current.as_ref().is_some_and(|at| at.pod == pod.id) {
            client(site, p, one, seed ^ (c as u64) << 40, out);
        }
    }
    out.clients.close();
    links(site, p, out);
    out.links.close();
}

fn radio(site: &Site, p: usize, k: usize, r: &Radio, d: &mut Draw, out: &mut PodsBuilder) {
    let pod = &site.pods[p];
    let c = &mut out.radios.items;
    let now = r.current;
    c.radio.append_value(k as i32);
    c.band.append_value(["2g", "5g", "6g"][r.band as usize]);
    c.channel.append_option(now.map(|s| s.primary.into()));
    c.width_mhz.append_option(now.map(|s| s.width.mhz().into()));
    let block = now.and_then(|s| find(r.band, s.primary, s.width, s.center));
    c.center_mhz.append_option(block.map(|b| [2_407, 5_000, 5_950][r.band as usize] + 5 * i32::from(b.center())));
    c.puncture.append_value(0);
    c.power_dbm.append_option(now.map(|s| s.eirp_dbm as f32));
    c.nss.append_value(r.streams.into());
    c.max_width_mhz.append_option(r.widths.iter().max().map(|w| w.mhz().into()));
    c.phy.append_value("ax");
    // The country's rules hold alone.
    c.allowed.null();
    let around: Vec<_> = site.neighbours.iter().filter(|n| n.pod == pod.id && n.band == r.band).collect();
    let s = &mut c.survey.items;
    let channels: &[u8] = match r.band {
        Band::Ghz2 => &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        Band::Ghz5 => {
            &[36, 40, 44, 48, 52, 56, 60, 64, 100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 149, 153, 157, 161]
        }
        Band::Ghz6 => &[5, 21, 37, 53, 69, 85],
    };
    for &channel in channels {
        let here = find(r.band, channel, Bandwidth::Mhz20, None);
        let idle: f64 = around
            .iter()
            .filter(|n| n.level_dbm >= -82)
            .filter(|n| {
                let block = find(n.band, n.primary, n.width, n.center);
                here.zip(block).is_some_and(|(a, b)| a.overlaps(b))
            })
            .map(|n| 1.0 - f64::from(n.duty_permille.unwrap_or(150)) / 1_000.0)
            .product();
        let busy = ((1.0 - idle) * d.between(0.9, 1.1)).clamp(0.0, 1.0);
        let on = now.is_some_and(|s| s.primary == channel);
        s.channel.append_value(channel.into());
        s.width_mhz.append_value(20);
        s.duration_ms.append_value(if on { 60_000 } else { 400 });
        s.samples.append_value(if on { 60 } else { 4 });
        s.on_channel.append_value(on);
        // Thousandths, as a driver's counters give them.
        let share = |x: f64| (libm::round(x * 1_000.0) / 1_000.0) as f32;
        let own = if on { d.between(0.0, 0.1).min(1.0 - busy) } else { 0.0 };
        s.busy.append_value(share(busy + own));
        s.busy_tx.append_value(share(own));
        s.busy_rx.append_value(share(busy));
        s.busy_self.append_value(0.0);
        s.noise_dbm.append_value(libm::round(d.normal(-95.0, 1.0)) as f32);
    }
    c.survey.close();
    let s = &mut c.neighbors.items;
    for n in around {
        s.bssid.append_value((d.uniform() * (1u64 << 48) as f64) as i64);
        s.channel.append_value(n.primary.into());
        s.width_mhz.append_value(n.width.mhz().into());
        s.center_mhz.append_option(None);
        s.rssi_dbm.append_value(n.level_dbm as f32);
        s.utilization.append_option(n.duty_permille.map(|x| f32::from(x) / 1_000.0));
        s.stations.append_option(None);
        s.age_s.append_value(d.below(3_600) as i32);
        s.own.append_value(false);
    }
    c.neighbors.close();
}

fn client(site: &Site, p: usize, one: &Client, key: u64, out: &mut PodsBuilder) {
    let c = &mut out.clients.items;
    let Some(at) = &one.current else { return };
    let serving = slot(site, p, &at.radio);
    let band = site.pods[p].radios[serving as usize].band;
    let here = one.path_loss.iter().find(|l| number(&l.pod) == p && l.band == band);
    c.client.append_value(key as i64);
    c.radio.append_value(serving);
    c.rssi_dbm.append_option(here.map(|l| (CLIENT_EIRP_DBM - l.loss_db) as f32));
    c.nss.append_value(one.streams.into());
    c.max_width_mhz.append_value(one.max_width.mhz().into());
    c.phy.append_value(match one.phy {
        Phy::Ht => "n",
        Phy::Vht => "ac",
        Phy::He => "ax",
        Phy::Eht => "be",
    });
    c.rx_mbps.append_option(None);
    c.tx_mbps.append_option(None);
    c.demand_mbps.append_value(one.demand_kbps as f32 / 1_000.0);
    c.airtime.append_option(None);
    let can = |band: Band| one.path_loss.iter().any(|l| l.band == band);
    c.can_2g.append_value(can(Band::Ghz2));
    c.can_5g.append_value(can(Band::Ghz5));
    c.can_6g.append_value(can(Band::Ghz6));
    c.btm.append_value(one.steerable);
    for l in &one.path_loss {
        let pod = number(&l.pod);
        let radio = site.pods[pod].radios.iter().position(|r| r.band == l.band);
        let Some(radio) = radio.filter(|&r| (pod, r as i32) != (p, serving)) else { continue };
        c.heard.items.pod.append_value(pod as i32);
        c.heard.items.radio.append_value(radio as i32);
        c.heard.items.rssi_dbm.append_value((CLIENT_EIRP_DBM - l.loss_db) as f32);
    }
    c.heard.close();
}

fn links(site: &Site, p: usize, out: &mut PodsBuilder) {
    let c = &mut out.links.items;
    let id = &site.pods[p].id;
    for l in site.pod_path_loss.iter().filter(|l| l.a == *id || l.b == *id) {
        let peer = number(if l.a == *id { &l.b } else { &l.a });
        let of = |p: usize| site.pods[p].radios.iter().position(|r| r.band == l.band);
        let (Some(own), Some(theirs)) = (of(p), of(peer)) else { continue };
        let radio = &site.pods[peer].radios[theirs];
        let eirp = radio.current.map_or(radio.max_eirp_dbm, |s| s.eirp_dbm);
        let used = site.pods[p].uplink.as_ref();
        let used = used.is_some_and(|u| number(&u.parent) == peer && slot(site, p, &u.radio) == own as i32);
        c.peer.append_value(peer as i32);
        c.radio.append_value(own as i32);
        c.medium.append_value("wifi");
        c.rssi_dbm.append_value((eirp - l.loss_db) as f32);
        c.rx_mbps.append_option(None);
        c.tx_mbps.append_option(None);
        c.in_use.append_value(used);
    }
    for w in site.wired.iter().filter(|w| w.a == *id || w.b == *id) {
        let peer = number(if w.a == *id { &w.b } else { &w.a });
        c.peer.append_value(peer as i32);
        c.radio.append_option(None);
        c.medium.append_value("eth");
        c.rssi_dbm.append_option(None);
        c.rx_mbps.append_option(None);
        c.tx_mbps.append_option(None);
        c.in_use.append_value(!site.pods[p].gateway);
    }
    debug_assert_eq!(c.peer.entries(), c.in_use.entries());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Config, conform, home};
    use crate::validate::validate;

    /// What a generated row says is the site that it was drawn as.
    #[test]
    fn rows_mean_their_sites() {
        let mix = Mix { seed: 5, country: "US".to_owned(), tower: None };
        let batch = rows(&mix, 0..40);
        let fleet = conform::fleet(&batch).unwrap();
        for n in 0..40 {
            let home = home::read(&fleet, n, &Config::default()).unwrap();
            assert_eq!(home.dropped, 0);
            assert!(validate(&home.site).is_ok(), "row {n}: {:?}", validate(&home.site).err());
            let seed = SplitMix64::new(mix.seed ^ (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)).next_u64();
            let kind = Draw::new(seed, u64::MAX).uniform();
            if (0.55..0.99).contains(&kind) {
                let drawn = simulate::home(seed, "US");
                assert_eq!(home.site.pods.len(), drawn.pods.len());
                assert_eq!(home.site.neighbours.len(), drawn.neighbours.len());
                assert_eq!(home.site.pod_path_loss.len(), drawn.pod_path_loss.len());
                let losses = |s: &Site| {
                    let mut all: Vec<_> = s.pod_path_loss.iter().map(|l| (l.band as u8, l.loss_db)).collect();
                    all.sort_unstable();
                    all
                };
                assert_eq!(losses(&home.site), losses(&drawn));
                let demand = |s: &Site| s.clients.iter().map(|c| u64::from(c.demand_kbps)).sum::<u64>();
                assert!(demand(&home.site).abs_diff(demand(&drawn)) <= drawn.clients.len() as u64);
            }
        }
    }

    #[test]
    fn a_row_depends_on_its_number_alone() {
        let mix = Mix { seed: 9, country: "DE".to_owned(), tower: Some((3, 12)) };
        let all = rows(&mix, 0..8);
        assert_eq!(rows(&mix, 3..6), all.slice(3, 3));
        let fleet = conform::fleet(&all).unwrap();
        assert!(fleet.pods.range(3).len() >= 12);
    }
}
