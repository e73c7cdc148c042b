//! Sites drawn from a seed: homes and blocks by the TGax residential scenario.
//!
//! - Building: apartments of 10 m x 10 m x 3 m in floors, rows and columns (IEEE 802.11-14/0980); a single home is a
//!   house of two floors with an inner wall each 6 m. Path loss as in [`rf::pathloss`](crate::rf::pathloss), shadowing
//!   N(0, 5 dB) once for each link and band, the same both ways.
//! - Demand: log-normal by pod (median 40 Mb/s, sigma 1) over 1 to 6 clients.
//! - Foreign networks: level N(-90, 14) dBm, so that the median is -90 dBm and 28 % are over -82 dBm; 94 % of those at
//!   2.4 GHz on 1, 6 and 11: the statistics of real home scans. Duty cycle exponential, mean 0.15, at most 0.9.
//! - What was assumed here and nowhere measured: one client in five has 2.4 GHz alone, one in four has 6 GHz, one in
//!   seven ignores requests to move, three in ten of those with both bands sit on 2.4 GHz.

mod draw;

pub use draw::Draw;

use millpond_dsp::phy::{Band, Bandwidth};

use crate::model::SiteBuilder;
use crate::model::site::{Phy, QuietWindow, Setting, Site};
use crate::rf::pathloss::residential_db;

/// Losses over this are not listed: even 36 dBm would arrive under the lowest level that couples.
const AUDIBLE_DB: i32 = 128;

const WIDTHS_5: [Bandwidth; 4] = [Bandwidth::Mhz20, Bandwidth::Mhz40, Bandwidth::Mhz80, Bandwidth::Mhz160];

/// Where something stands.
#[derive(Clone, Copy)]
struct Spot {
    x: f64,
    y: f64,
    z: f64,
    floor: u32,
    /// Column and row of the apartment.
    cell: (u32, u32),
}

/// A home while it is drawn.
struct Drawn {
    pods: Vec<(usize, Spot)>,
    six: bool,
}

/// A single home of 2 to 5 pods with foreign networks around it.
pub fn home(seed: u64, country: &str) -> Site {
    let mut b = SiteBuilder::new(country);
    let mut d = Draw::new(seed, 0);
    let pods = 2 + d.below(4);
    let side = libm::sqrt(d.between(100.0, 300.0) / 2.0);
    let spot = |d: &mut Draw| {
        let floor = d.below(2) as u32;
        Spot { x: d.between(0.0, side), y: d.between(0.0, side), z: 3.0 * f64::from(floor) + 1.5, floor, cell: (0, 0) }
    };
    let spots: Vec<Spot> = (0..pods).map(|_| spot(&mut d)).collect();
    let drawn = add_home(&mut b, &mut d, None, &spots, country);
    connect(&mut b, &mut d, &drawn.pods, &drawn.pods);
    finish_home(&mut b, &mut d, &drawn, spot, 8.0);
    b.site().quiet_window = Some(QuietWindow { from_minute: 120, to_minute: 300 });
    b.build()
}

/// A block of homes of 1 to 3 pods that hear each other.
pub fn block(seed: u64, homes: usize, country: &str) -> Site {
    let mut b = SiteBuilder::new(country);
    let floors = (1..=10).find(|f| f * f * f >= homes).unwrap_or(10);
    let columns = (1..).find(|c| c * c * floors >= homes).unwrap_or(1);
    let mut all: Vec<Drawn> = Vec::new();
    for h in 0..homes {
        let mut d = Draw::new(seed, h as u64 + 1);
        let (floor, cell) = ((h % floors) as u32, ((h / floors % columns) as u32, (h / floors / columns) as u32));
        let spot = |d: &mut Draw| Spot {
            x: 10.0 * f64::from(cell.0) + d.between(0.0, 10.0),
            y: 10.0 * f64::from(cell.1) + d.between(0.0, 10.0),
            z: 3.0 * f64::from(floor) + 1.5,
            floor,
            cell,
        };
        let pods = 1 + usize::from(d.chance(0.5)) + usize::from(d.chance(0.2));
        let spots: Vec<Spot> = (0..pods).map(|_| spot(&mut d)).collect();
        let drawn = add_home(&mut b, &mut d, Some(h), &spots, country);
        connect(&mut b, &mut d, &drawn.pods, &drawn.pods);
        for other in &all {
            connect(&mut b, &mut d, &other.pods, &drawn.pods);
        }
        finish_home(&mut b, &mut d, &drawn, spot, 3.0);
        all.push(drawn);
    }
    b.site().quiet_window = Some(QuietWindow { from_minute: 120, to_minute: 300 });
    b.build()
}

/// Adds a home's pods with their radios on the channels that equipment starts with.
fn add_home(b: &mut SiteBuilder, d: &mut Draw, home: Option<usize>, spots: &[Spot], country: &str) -> Drawn {
    let six = d.chance(0.5);
    let (low, high) = ([1, 6, 11][d.below(3)], if country == "US" && d.chance(0.5) { 149 } else { 36 });
    let (eirp_2, eirp_5, eirp_6) = if country == "US" { (26, 30, 24) } else { (20, 23, 23) };
    let mut pods = Vec::new();
    for (i, spot) in spots.iter().enumerate() {
        let pod = b.pod(i == 0);
        if let Some(h) = home {
            b.home(pod, h);
        }
        let now = |primary, width, eirp_dbm| Some(Setting { primary, width, center: None, punctured: 0, eirp_dbm });
        b.radio(pod, Band::Ghz2, &[Bandwidth::Mhz20], eirp_2, now(low, Bandwidth::Mhz20, eirp_2));
        b.radio(pod, Band::Ghz5, &WIDTHS_5, eirp_5, now(high, Bandwidth::Mhz80, eirp_5));
        if six {
            b.radio(pod, Band::Ghz6, &WIDTHS_5, eirp_6, now(37, Bandwidth::Mhz80, eirp_6.min(24)));
        }
        pods.push((pod, *spot));
    }
    Drawn { pods, six }
}

/// Path loss of one link in whole dB, with its own shadowing.
fn loss_db(d: &mut Draw, a: &Spot, b: &Spot, band: Band) -> i32 {
    let distance = libm::sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y) + (a.z - b.z) * (a.z - b.z));
    let between = a.cell.0.abs_diff(b.cell.0) + a.cell.1.abs_diff(b.cell.1);
    // Inside one home an inner wall each 6 m; between homes the walls of the apartments.
    let walls = if between == 0 { (distance / 6.0) as u32 } else { between };
    let ghz = [2.44, 5.5, 6.2][band as usize];
    let shadow = d.normal(0.0, 5.0);
    libm::round(residential_db(distance, ghz, a.floor.abs_diff(b.floor), walls) + shadow) as i32
}

/// Lists the audible links between the pods of two homes, or of one.
fn connect(b: &mut SiteBuilder, d: &mut Draw, left: &[(usize, Spot)], right: &[(usize, Spot)]) {
    for (p, a) in left {
        for (q, c) in right.iter().filter(|(q, _)| p < q) {
            for band in Band::ALL {
                let loss = loss_db(d, a, c, band).clamp(30, 200);
                let both = [*p, *q].iter().all(|p| b.site().pods[*p].radios.iter().any(|r| r.band == band));
                if both && loss <= AUDIBLE_DB {
                    b.loss(*p, *q, band, loss);
                }
            }
        }
    }
}

/// Adds uplinks, clients and foreign networks.
fn finish_home(b: &mut SiteBuilder, d: &mut Draw, home: &Drawn, spot: impl Fn(&mut Draw) -> Spot, strangers: f64) {
    let gateway = home.pods[0].0;
    for &(p, _) in &home.pods[1..] {
        // Equipment joins the pod that it hears best at 5 GHz, the gateway for want of any.
        let loss = |q: usize| {
            let site = b.peek();
            let (x, y) = (&site.pods[p].id, &site.pods[q].id);
            let pair = site
                .pod_path_loss
                .iter()
                .find(|l| l.band == Band::Ghz5 && ((&l.a == x && &l.b == y) || (&l.a == y && &l.b == x)));
            pair.map(|l| l.loss_db)
        };
        // Only pods before it, so that no loop comes about.
        let best = (gateway..p).filter_map(|q| loss(q).map(|l| (l, q))).min();
        if let Some((_, parent)) = best.filter(|(l, _)| *l < 105) {
            b.uplink(p, parent, 1, 1);
        } else {
            b.wire(gateway, p);
        }
    }
    for &(p, at) in &home.pods {
        add_clients(b, d, home, p, at, &spot);
    }
    add_strangers(b, d, home, strangers);
}

fn add_clients(b: &mut SiteBuilder, d: &mut Draw, home: &Drawn, p: usize, at: Spot, spot: &impl Fn(&mut Draw) -> Spot) {
    let count = 1 + d.below(6);
    let demand = d.log_normal(40_000.0, 1.0);
    let parts: Vec<f64> = (0..count).map(|_| d.exponential(1.0) + 0.05).collect();
    let sum: f64 = parts.iter().sum();
    for part in parts {
        let near = if d.chance(0.7) {
            Spot { x: at.x + d.normal(0.0, 2.0), y: at.y + d.normal(0.0, 2.0), ..at }
        } else {
            spot(d)
        };
        let kind = d.uniform();
        let (low_only, six) = (kind < 0.2, kind > 0.75 && home.six);
        let mut losses = Vec::new();
        for &(q, place) in &home.pods {
            for band in Band::ALL {
                let loss = loss_db(d, &place, &near, band).clamp(35, 200);
                let able = match band {
                    Band::Ghz2 => true,
                    Band::Ghz5 => !low_only,
                    Band::Ghz6 => six,
                };
                // 98 dB: what 20 dBm still bring through.
                if able && (loss <= 98 || q == p) {
                    losses.push((q, band, loss.min(98)));
                }
            }
        }
        let on_low = low_only || d.chance(0.3);
        let c = b.client((demand * part / sum) as u32, &losses, Some((p, usize::from(!on_low))));
        let (steerable, refusals) = (!d.chance(1.0 / 7.0), d.poisson(0.3) as u32);
        let client = &mut b.site().clients[c];
        (client.steerable, client.refusals) = (steerable, refusals);
        if low_only {
            (client.phy, client.streams, client.max_width) = (Phy::Ht, 1, Bandwidth::Mhz20);
        }
    }
}

fn add_strangers(b: &mut SiteBuilder, d: &mut Draw, home: &Drawn, mean: f64) {
    for band in [Band::Ghz2, Band::Ghz5] {
        for _ in 0..d.poisson(mean) {
            let level = d.normal(-90.0, 14.0);
            let duty = (d.exponential(0.15).min(0.9) * 1_000.0) as u16;
            let (primary, width) = stranger_channel(d, band);
            for &(p, _) in &home.pods {
                let heard = libm::round((level + d.normal(0.0, 5.0)).min(-35.0)) as i32;
                if heard >= -98 {
                    b.neighbour(p, band, primary, width, heard, Some(duty));
                }
            }
        }
    }
}

fn stranger_channel(d: &mut Draw, band: Band) -> (u8, Bandwidth) {
    if band == Band::Ghz2 {
        let primary = if d.chance(0.94) { [1, 6, 11][d.below(3)] } else { 1 + d.below(11) as u8 };
        return (primary, Bandwidth::Mhz20);
    }
    let primary = [36, 40, 44, 48, 52, 100, 149, 157][d.below(8)];
    (primary, if d.chance(0.5) { Bandwidth::Mhz80 } else { Bandwidth::Mhz20 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::validate;

    #[test]
    fn every_site_is_valid() {
        for seed in 0..60 {
            for country in ["US", "DE", "JP"] {
                assert_eq!(validate(&home(seed, country)).map(drop), Ok(()), "home {seed} {country}");
            }
        }
        for seed in 0..4 {
            assert_eq!(validate(&block(seed, 30, "US")).map(drop), Ok(()), "block {seed}");
        }
    }

    #[test]
    fn a_seed_is_a_site() {
        assert_eq!(home(3, "US"), home(3, "US"));
        assert_ne!(home(3, "US"), home(4, "US"));
        assert_eq!(block(3, 5, "US"), block(3, 5, "US"));
    }

    #[test]
    fn a_block_looks_like_the_scans() {
        let site = block(1, 60, "US");
        let n = site.neighbours.iter().filter(|n| n.band == Band::Ghz2);
        let usual = n.clone().filter(|n| matches!(n.primary, 1 | 6 | 11)).count() as f64 / n.count() as f64;
        assert!((0.9..=1.0).contains(&usual), "{usual}");
    }
}
