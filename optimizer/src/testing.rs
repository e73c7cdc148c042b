//! What tests share: every plan goes through the judge, and small sites can be enumerated.

use millpond_dsp::phy::{Band, Bandwidth};

use crate::check::judge;
use crate::env::Environment;
use crate::goal::Goal;
use crate::model::site::{Phy, Setting, Site};
use crate::model::{Plan, SiteBuilder};
use crate::plan_site;
use crate::simulate::Draw;

/// Plans a site and lets the judge look at it.
pub fn checked(site: &Site) -> Plan {
    checked_in(site, &Environment::new())
}

/// The same within given limits.
pub fn checked_in(site: &Site, env: &Environment) -> Plan {
    let plan = plan_site(site, env).unwrap();
    let verdict = judge(site, &plan);
    assert_eq!(verdict.violations, [], "the judge objects");
    plan
}

/// Every assignment of values to a goal's nodes, in order. Only for small ones.
pub fn every(goal: &Goal) -> impl Iterator<Item = Vec<usize>> {
    let sizes: Vec<usize> = (0..goal.nodes().len()).map(|n| goal.values(n).len()).collect();
    let total: usize = sizes.iter().product();
    assert!(total <= 300_000, "{sizes:?}");
    (0..total).map(move |mut i| {
        sizes
            .iter()
            .map(|&s| {
                let v = i % s;
                i /= s;
                v
            })
            .collect()
    })
}

/// The same with radios that can leave subchannels out of 80 MHz, and clients of which half know of it.
pub fn small_with_holes(seed: u64) -> Site {
    let mut site = small(seed);
    let mut d = Draw::new(seed, 78);
    for radio in site.pods.iter_mut().flat_map(|p| &mut p.radios) {
        (radio.puncture, radio.primaries) = (true, vec![36, 44]);
        radio.widths = vec![Bandwidth::Mhz20, Bandwidth::Mhz80];
        let mut now = radio.current.unwrap();
        (now.primary, now.width) = (if now.primary == 149 { 36 } else { now.primary }, Bandwidth::Mhz80);
        now.punctured = if now.primary == 36 { 0b1000 } else { 0 };
        radio.current = Some(now);
    }
    site.neighbours.iter_mut().for_each(|n| n.primary = [36, 40, 44, 48][d.below(4)]);
    site.clients.iter_mut().for_each(|c| c.phy = if d.chance(0.5) { Phy::Eht } else { Phy::He });
    site
}

/// A random small site: two or three pods, one radio each, few channels, clients with real load, a busy stranger.
pub fn small(seed: u64) -> Site {
    let mut d = Draw::new(seed, 77);
    let mut b = SiteBuilder::new("US");
    let pods = 2 + d.below(2);
    let one_home = d.chance(0.5);
    b.policy().power_steps_db = vec![0, 6];
    for p in 0..pods {
        let pod = b.pod(p == 0 || !one_home);
        let now = Setting {
            primary: [36, 44, 149][d.below(3)],
            width: Bandwidth::Mhz40,
            center: None,
            punctured: 0,
            eirp_dbm: 24,
        };
        let radio = b.radio(pod, Band::Ghz5, &[Bandwidth::Mhz20, Bandwidth::Mhz40], 24, Some(now));
        b.site().pods[pod].radios[radio].primaries = vec![36, 44, 149];
        if !one_home {
            b.home(pod, p);
        } else if p > 0 {
            // One home shares a channel, and a cable or an uplink joins its pods.
            let shared = b.peek().pods[0].radios[0].current;
            b.site().pods[pod].radios[radio].current = shared;
            b.uplink(pod, 0, 0, 0);
        }
    }
    for p in 0..pods {
        for q in p + 1..pods {
            b.loss(p, q, Band::Ghz5, 60 + d.below(45) as i32);
        }
        for _ in 0..1 + d.below(2) {
            let mut losses = vec![(p, Band::Ghz5, 50 + d.below(25) as i32)];
            if one_home {
                losses.extend((0..pods).filter(|q| *q != p).map(|q| (q, Band::Ghz5, 60 + d.below(25) as i32)));
            }
            let demand = d.log_normal(90_000.0, 1.0) as u32;
            b.client(demand, &losses, Some((p, 0)));
        }
        let busy = 100 + d.below(700) as u16;
        b.neighbour(p, Band::Ghz5, [36, 44, 149][d.below(3)], Bandwidth::Mhz20, -60 - d.below(30) as i32, Some(busy));
    }
    b.build()
}
