//! When radar shows: where each radio goes at once, and a new plan for the homes that are hit alone.

use crate::env::Environment;
use crate::goal::Meter;
use crate::goal::exact::{self, Air};
use crate::model::plan::Fallback;
use crate::model::site::Site;
use crate::model::topology::{Assignment, Foreign, Link, Topology, Tuned};
use crate::planned::{Planned, radio_id};
use crate::planner::{Stated, plan_topology};
use crate::refine::Desk;

/// What a change costs where only what must change shall, in thousandths of U.
const DEAR_MILLI: u32 = 10_000;

/// For every radio of a plan that watches for radar, the best setting without radar duty, the rest of the plan held.
///
/// Radios that share a channel go together. A group that cannot go alone, because a link joins it to another one's
/// channel, has none.
pub fn fallbacks(site: &Site, stated: &Stated, p: &Planned) -> Vec<Fallback> {
    let t = stated.topology();
    let watches = |r: usize, s: &Tuned| t.radios[r].permit(t.domain, s.channel).is_some_and(|p| p.cac_s > 0);
    let radios = &p.assignment.radios;
    if !radios.iter().enumerate().any(|(r, s)| watches(r, s)) {
        return Vec::new();
    }
    let goal = stated.goal();
    let Some(values) = p.values.clone().or_else(|| goal.encode(&p.assignment)) else { return Vec::new() };
    let desk = Desk::new(goal, None);
    let mut meter = Meter::new(goal, &values);
    let mut all = Vec::new();
    for (g, group) in t.groups.iter().enumerate() {
        if !group.radios.iter().any(|&r| watches(r, &radios[r])) {
            continue;
        }
        let free = |v: usize| group.radios.iter().all(|&r| !watches(r, &goal.tuned(r, v)));
        let open: Vec<usize> = (0..goal.values(g).len()).filter(|&v| free(v)).collect();
        if let Some(v) = desk.best_other(&mut meter, g, &open) {
            all.extend(group.radios.iter().map(|&r| fallback(site, t, r, goal.tuned(r, v))));
        }
    }
    all
}

fn fallback(site: &Site, t: &Topology, r: usize, s: Tuned) -> Fallback {
    Fallback {
        pod: site.pods[t.radios[r].pod].id.clone(),
        radio: radio_id(site, t, r),
        primary: s.channel.primary(),
        width: s.channel.width(),
        center: s.channel.center(),
        punctured: s.channel.punctured(),
        eirp_dbm: s.eirp_dbm,
    }
}

/// New settings for the radios that may not go on as they run, everything else held: the answer to a radar hit in a block.
///
/// Each home that is hit is planned by itself, the others' radios taken as strangers with the load that they have. Empty
/// if nothing is hit, or if the site does not say what runs; then only a whole plan helps.
///
/// - Shape: radio and setting
/// - Cost: a plan of one home for each home hit, and a pass over the site
pub fn after_radar(t: &Topology, env: &Environment) -> Vec<(usize, Tuned)> {
    let hit = |h: usize| t.homes[h].pods.iter().any(|&p| t.pods[p].radios.iter().any(|&r| !t.radios[r].legal_now));
    let homes: Vec<usize> = (0..t.homes.len()).filter(|&h| hit(h)).collect();
    let Some(mut held) = t.current().filter(|_| !homes.is_empty()) else { return Vec::new() };
    let airs: Vec<Air> = (0..t.radios.len()).map(|r| Air::of(t, r, held.radios[r].channel)).collect();
    let needed = exact::needed(t, &held, &airs);
    let mut moves = Vec::new();
    for h in homes {
        let (alone, radios) = alone(t, h, &held, &needed);
        let Ok(planned) = plan_topology(&alone, env) else { continue };
        for (&r, &s) in radios.iter().zip(&planned.assignment.radios) {
            if s != held.radios[r] {
                moves.push((r, s));
                held.radios[r] = s;
            }
        }
    }
    moves
}

/// One home by itself, with what it may keep held; and its radios' numbers in the site.
fn alone(t: &Topology, h: usize, held: &Assignment, needed: &[f64]) -> (Topology, Vec<usize>) {
    let pods = &t.homes[h].pods;
    let radios: Vec<usize> = pods.iter().flat_map(|&p| t.pods[p].radios.iter().copied()).collect();
    let radio_at = |r: usize| radios.binary_search(&r).ok();
    let pod_at = |p: usize| pods.binary_search(&p).ok();
    let link = |l: Link| {
        Some(Link { parent: pod_at(l.parent)?, parent_radio: radio_at(l.parent_radio)?, radio: radio_at(l.radio)? })
    };
    let groups: Vec<usize> = (0..t.groups.len()).filter(|&g| t.groups[g].home == h).collect();
    let mut x = Topology {
        domain: t.domain,
        policy: t.policy.clone(),
        homes: vec![crate::model::topology::Home {
            pods: (0..pods.len()).collect(),
            gateway: pod_at(t.homes[h].gateway).unwrap_or(0),
        }],
        pods: pods.iter().map(|&p| t.pods[p].clone()).collect(),
        radios: radios.iter().map(|&r| t.radios[r].clone()).collect(),
        groups: groups.iter().map(|&g| t.groups[g].clone()).collect(),
        clients: Vec::new(),
        pod_loss_db: Default::default(),
        radar_events_30d: t.radar_events_30d.clone(),
        non_occupancy: Vec::new(),
        quiet_window: None,
        forecast: None,
    };
    (x.policy.switch_cost_milli, x.policy.max_switches) = (DEAR_MILLI, None);
    for (i, &p) in pods.iter().enumerate() {
        let pod = &mut x.pods[i];
        pod.home = 0;
        pod.radios = t.pods[p].radios.iter().filter_map(|&r| radio_at(r)).collect();
        pod.uplink = held.uplinks[p].and_then(link);
        pod.uplinks = pod.uplink.into_iter().collect();
        for (&r, &q) in t.pods[p].radios.iter().flat_map(|r| pods.iter().map(move |q| (r, q))).filter(|x| *x.1 > p) {
            let band = t.radios[r].band;
            if let (Some(loss), Some(j)) = (t.loss_db(p, q, band), pod_at(q)) {
                x.pod_loss_db.insert((i, j, band), loss);
            }
        }
        for &r in &t.pods[p].radios {
            let others = t.radios[r].hears.iter().filter(|o| radio_at(o.0).is_none());
            x.pods[i].neighbours.extend(others.map(|&(s, loss)| Foreign {
                channel: held.radios[s].channel,
                level_dbm: held.radios[s].eirp_dbm - loss,
                duty_permille: (needed[s].min(1.0) * 1_000.0) as u16,
            }));
        }
    }
    for (radio, &r) in x.radios.iter_mut().zip(&radios) {
        radio.pod = pod_at(t.radios[r].pod).unwrap_or(0);
        radio.group = groups.binary_search(&t.radios[r].group).unwrap_or(0);
        radio.hears = t.radios[r].hears.iter().filter_map(|&(s, loss)| Some((radio_at(s)?, loss))).collect();
        if t.groups[t.radios[r].group].radios.iter().all(|&s| t.radios[s].legal_now) {
            radio.allowed = vec![held.radios[r].channel];
        }
    }
    for group in &mut x.groups {
        group.home = 0;
        group.radios = group.radios.iter().filter_map(|&r| radio_at(r)).collect();
    }
    for (c, client) in t.clients.iter().enumerate() {
        let Some(at) = radio_at(held.clients[c]) else { continue };
        let mut client = client.clone();
        client.losses = client.losses.iter().filter_map(|&(r, loss)| Some((radio_at(r)?, loss))).collect();
        (client.options, client.fastest, client.current) = (vec![at], at, Some(at));
        x.clients.push(client);
    }
    (x, radios)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::site::DfsState;
    use crate::validate::validate;
    use millpond_dsp::phy::Bandwidth;

    #[test]
    fn a_radar_hit_moves_the_home_that_is_hit_alone() {
        let mut site = crate::simulate::block(2, 30, "US");
        // One home of the block runs where radar shows.
        let home = site.pods.iter().find(|p| !p.gateway).map_or_else(|| site.pods[0].home.clone(), |p| p.home.clone());
        for pod in site.pods.iter_mut().filter(|p| p.home == home) {
            let now = pod.radios[1].current.as_mut().unwrap();
            (now.primary, now.width, now.eirp_dbm) = (100, Bandwidth::Mhz80, 24);
        }
        site.dfs = vec![DfsState { channel: 104, radar_events_30d: 1, home: Some(home.clone()), non_occupancy: true }];
        let t = validate(&site).unwrap();
        let moves = after_radar(&t, &Environment::new().with_rounds(Some(1)));
        let pods = site.pods.iter().filter(|p| p.home == home).count();
        assert_eq!(moves.len(), pods, "{moves:?}");
        assert!(moves.len() <= 5);
        for (r, s) in moves {
            assert_eq!(site.pods[t.radios[r].pod].home, home);
            assert!(t.radios[r].allowed.contains(&s.channel) && !(100..=112).contains(&s.channel.primary()));
        }
    }

    #[test]
    fn every_radio_that_watches_for_radar_has_a_way_out() {
        let mut seen = 0;
        for seed in 1..30 {
            let site = crate::simulate::home(seed, "DE");
            let plan = crate::testing::checked(&site);
            let watching = plan.radios.iter().filter(|r| r.cac_s > 0).count();
            assert_eq!(plan.fallbacks.len(), watching, "seed {seed}");
            seen += watching;
        }
        assert!(seen > 0);
    }
}
