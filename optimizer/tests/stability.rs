//! A day with 2 dB of noise on every path loss and demand that swings: how often radios change, and what that costs in U.

#![allow(clippy::unwrap_used, reason = "a test may end here")]

use millpond_dsp::phy::Channel;
use millpond_optimizer::env::{Detail, Environment};
use millpond_optimizer::goal::exact;
use millpond_optimizer::model::site::{Attachment, Setting, Site, Uplink};
use millpond_optimizer::model::{Plan, Topology};
use millpond_optimizer::simulate::{Draw, home};
use millpond_optimizer::watch::Governor;
use millpond_optimizer::{plan_site, validate};

/// Demand by hour as a share of the busy hour's: night, work, evening.
const PROFILE: [f64; 24] = [
    0.3, 0.15, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.5, 0.6, 0.5, 0.5, 0.5, 0.6, 0.7, 0.9, 1.0, 1.0, 1.0, 0.8,
    0.5,
];

/// The site at an hour, with noise on what is measured.
fn seen(site: &Site, hour: usize, sigma: f64, d: &mut Draw) -> Site {
    let mut x = site.clone();
    let mut noisy = |loss: &mut i32| *loss = (*loss + d.normal(0.0, sigma).round() as i32).clamp(20, 200);
    x.pod_path_loss.iter_mut().for_each(|l| noisy(&mut l.loss_db));
    x.clients.iter_mut().flat_map(|c| &mut c.path_loss).for_each(|l| noisy(&mut l.loss_db));
    x.clients.iter_mut().for_each(|c| c.demand_kbps = (f64::from(c.demand_kbps) * PROFILE[hour]) as u32);
    x
}

fn apply(site: &mut Site, plan: &Plan) {
    for r in &plan.radios {
        let pod = site.pods.iter_mut().find(|p| p.id == r.pod).unwrap();
        let radio = pod.radios.iter_mut().find(|x| x.id == r.radio).unwrap();
        let (primary, width, center) = (r.primary, r.width, Some(r.center));
        radio.current = Some(Setting { primary, width, center, punctured: r.punctured, eirp_dbm: r.eirp_dbm });
    }
    for u in &plan.uplinks {
        let pod = site.pods.iter_mut().find(|p| p.id == u.pod).unwrap();
        let (parent, parent_radio, radio) = (u.parent.clone(), u.parent_radio.clone(), u.radio.clone());
        pod.uplink = Some(Uplink { parent, parent_radio, radio });
    }
    for c in &plan.clients {
        let client = site.clients.iter_mut().find(|x| x.id == c.client).unwrap();
        client.current = Some(Attachment { pod: c.pod.clone(), radio: c.radio.clone() });
    }
}

/// U of what a site runs, in thousandths.
fn worth(t: &Topology) -> i64 {
    exact::evaluate(t, &t.current().unwrap()).u_milli
}

#[test]
fn a_day_of_noise_and_demand() {
    let env = Environment::new().with_rounds(Some(1)).with_detail(Detail::Bare);
    let (mut most, mut switches, mut radios) = (0, 0, 0);
    let (mut governed_u, mut free_u, mut weight, mut freely) = (0, 0, 0, 0);
    for seed in 1..=8 {
        let mut d = Draw::new(seed, 24);
        let mut held = home(seed, "US");
        // Both begin with the plan for the busy hour.
        let first = plan_site(&held, &env).unwrap();
        apply(&mut held, &first);
        let mut free = held.clone();
        let mut governor = Governor::default();
        let mut changed = vec![0; first.radios.len()];
        for hour in 0..24 {
            // Governed: planned for the busy hour, admitted or not.
            let noisy = seen(&held, 19, 2.0, &mut d);
            if let Ok(plan) = plan_site(&noisy, &env) {
                let o = plan.objective;
                let moved: Vec<usize> = (0..plan.radios.len()).filter(|&r| plan.radios[r].changed).collect();
                let cost = i64::from(o.switches) * i64::from(noisy.policy.switch_cost_milli);
                let gain = o.u_after_milli - o.u_before_milli.unwrap_or(i64::MIN / 2);
                let at_s = hour as u64 * 3_600;
                if !plan.keep && governor.admits(at_s, false, gain, cost, &moved) {
                    governor.changed(at_s, &moved);
                    moved.iter().for_each(|&r| changed[r] += 1);
                    apply(&mut held, &plan);
                }
            }
            // Free: planned for this very hour, without noise, and changes cost nothing.
            let mut now = seen(&free, hour, 0.0, &mut d);
            now.policy.switch_cost_milli = 0;
            let plan = plan_site(&now, &env).unwrap();
            freely += plan.radios.iter().filter(|r| r.changed).count();
            apply(&mut free, &plan);
            let truth = |s: &Site| worth(&validate::validate(&seen(s, hour, 0.0, &mut Draw::new(0, 0))).unwrap());
            governed_u += truth(&held);
            free_u += truth(&free);
        }
        weight += 24 * held.clients.iter().map(|c| i64::from(c.weight_milli)).sum::<i64>();
        most = most.max(changed.iter().copied().max().unwrap_or(0));
        switches += changed.iter().sum::<i32>();
        radios += changed.len();
        assert!(held.pods.iter().flat_map(|p| &p.radios).all(|r| {
            r.current.is_some_and(|s| Channel::with_center(r.band, s.primary, s.width, s.center.unwrap()).is_some())
        }));
    }
    // U is a weighted sum of logarithms: its difference by weight is that of the geometric mean of what clients get.
    let ratio = ((governed_u - free_u) as f64 / weight as f64).exp();
    println!("{switches} changes of {radios} radios in a day, {most} at most, {freely} where nothing governs them");
    println!("U {governed_u} against {free_u} free: {ratio:.4} of the mean share");
    // The day does ask for changes: it is the governor who does not grant them.
    assert!(freely > 0, "{freely}");
    assert!(most <= 1, "a radio changed {most} times");
    assert!(ratio >= 0.99, "{ratio}");
}
