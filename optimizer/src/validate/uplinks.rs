//! Which wireless links may carry a pod's traffic, so that no choice of them makes a loop.

use super::error::{Code, SiteError};
use super::names::{Resolved, Rule};
use crate::model::site::Sharing;
use crate::model::topology::{Link, Topology};
use crate::rf::rates::{Ability, NOISE_DBM, rate_kbps, reaches};

/// Fills in the links that each pod may use.
///
/// Every pod gets a rank: the airtime of its fastest path to the gateway, raised where needed so that it exceeds the
/// rank of the parent it has now. A parent must have a lower rank, so ranks fall along every path and no loop exists.
pub fn find(r: &Resolved, t: &mut Topology, faults: &mut Vec<SiteError>) {
    let before = faults.len();
    for p in 0..t.pods.len() {
        check_current(p, t, faults);
    }
    if faults.len() > before {
        return;
    }
    let links: Vec<Vec<Link>> = (0..t.pods.len()).map(|p| candidates(p, t)).collect();
    let mut rank = fastest_paths(&links, t);
    if !follow_current(&mut rank, t) {
        faults.push(SiteError::new(Code::BadUplink, "pods", "the uplinks form a loop"));
        return;
    }
    for (p, links) in links.into_iter().enumerate() {
        let free: Vec<Link> = links.into_iter().filter(|l| rank[l.parent] < rank[p]).collect();
        if free.is_empty() && !t.pods[p].root {
            faults.push(SiteError::new(Code::Unreachable, format!("pods[{p}]"), "no link leads to the gateway"));
            continue;
        }
        let kept: Vec<Link> = free.iter().copied().filter(|l| permitted(p, l, r, t)).collect();
        if kept.is_empty() && !t.pods[p].root {
            faults.push(SiteError::new(Code::Pinned, format!("pods[{p}]"), "pins and objections leave it no uplink"));
        }
        t.pods[p].uplinks = kept;
    }
}

fn check_current(p: usize, t: &Topology, faults: &mut Vec<SiteError>) {
    let Some(l) = t.pods[p].uplink else { return };
    let (child, parent) = (&t.radios[l.radio], &t.radios[l.parent_radio]);
    let wrong = if child.band != parent.band {
        Some("its radios are of two bands")
    } else if t.pods[p].home != t.pods[l.parent].home {
        Some("the parent is in another home")
    } else if p == l.parent || t.loss_db(p, l.parent, child.band).is_none() {
        Some("there is no path loss to the parent in that band")
    } else if t.policy.channels == Sharing::PerBand && child.group != parent.group {
        Some("its radios are not on one channel under policy.channels per_band")
    } else {
        None
    };
    faults.extend(wrong.map(|detail| SiteError::new(Code::BadUplink, format!("pods[{p}].uplink"), detail)));
}

/// Every link that works at full power, and the one in use.
fn candidates(p: usize, t: &Topology) -> Vec<Link> {
    if t.pods[p].root {
        return Vec::new();
    }
    let mut links = Vec::new();
    for &parent in t.homes[t.pods[p].home].pods.iter().filter(|&&q| q != p) {
        for &radio in &t.pods[p].radios {
            for &parent_radio in &t.pods[parent].radios {
                let l = Link { parent, parent_radio, radio };
                if t.pods[p].uplink == Some(l) || works(&l, p, t) {
                    links.push(l);
                }
            }
        }
    }
    links
}

fn works(l: &Link, p: usize, t: &Topology) -> bool {
    let (a, b) = (&t.radios[l.radio], &t.radios[l.parent_radio]);
    let joined = match t.policy.channels {
        Sharing::PerBand => a.group == b.group,
        Sharing::PerRadio => a.band == b.band && a.allowed.iter().any(|c| b.allowed.contains(c)),
    };
    let level = |loss: i32| a.strongest_dbm.min(b.strongest_dbm) - loss;
    joined && t.loss_db(p, l.parent, a.band).is_some_and(|loss| reaches(level(loss)))
}

/// Airtime per bit of a link at full power and width, as a whole number of at least 1.
fn length(l: &Link, p: usize, t: &Topology) -> u64 {
    let (a, b) = (&t.radios[l.radio], &t.radios[l.parent_radio]);
    let loss = t.loss_db(p, l.parent, a.band).expect("candidates have a path loss");
    let ability = Ability { width: a.widest, streams: a.streams.min(b.streams), mcs: 11, punctured: false };
    let rate = rate_kbps(b.strongest_dbm - loss, NOISE_DBM, a.widest.into(), ability);
    1_000_000_000_000 / u64::from(rate) + 1
}

/// Least airtime per bit from the gateway to each pod (Bellman and Ford); roots have 0, `u64::MAX` is out of reach.
fn fastest_paths(links: &[Vec<Link>], t: &Topology) -> Vec<u64> {
    let mut rank: Vec<u64> = t.pods.iter().map(|p| if p.root { 0 } else { u64::MAX }).collect();
    let edges: Vec<(usize, usize, u64)> =
        links.iter().enumerate().flat_map(|(p, ls)| ls.iter().map(move |l| (p, l.parent, length(l, p, t)))).collect();
    loop {
        let mut changed = false;
        for &(p, parent, length) in &edges {
            let via = rank[parent].saturating_add(length);
            if via < rank[p] {
                rank[p] = via;
                changed = true;
            }
        }
        if !changed {
            return rank;
        }
    }
}

/// Raises ranks until every pod's exceeds that of its parent now; false if the uplinks form a loop.
fn follow_current(rank: &mut [u64], t: &Topology) -> bool {
    for _ in 0..=t.pods.len() {
        let mut changed = false;
        for (p, pod) in t.pods.iter().enumerate() {
            let Some(l) = pod.uplink else { continue };
            if rank[l.parent] != u64::MAX && rank[p] <= rank[l.parent] {
                rank[p] = rank[l.parent] + 1;
                changed = true;
            }
        }
        if !changed {
            return true;
        }
    }
    false
}

fn permitted(p: usize, l: &Link, r: &Resolved, t: &Topology) -> bool {
    let band = t.radios[l.radio].band;
    let about = |rule: &Rule, pinned: bool| match *rule {
        Rule::Uplink(pod, parent, b) if pod == p => {
            (parent.is_none_or(|x| x == l.parent) && b.is_none_or(|x| x == band)) == pinned
        }
        _ => true,
    };
    let ruled = r.pins.iter().chain(&r.objections).any(|x| matches!(x, Rule::Uplink(pod, ..) if *pod == p));
    let household = r.pins.iter().all(|x| about(x, true)) && r.objections.iter().all(|x| about(x, false));
    let stays = t.policy.move_uplinks || ruled || t.pods[p].uplink.is_none_or(|now| now == *l);
    household && stays
}
