//! U: what a plan gives every client when all loads have settled.

use super::{BEACON_PPM, churn, client_ability, link_ability};
use crate::model::topology::{Assignment, Topology};
use crate::rf::busy;
use crate::rf::ln;
use crate::rf::rates::{airtime_ppm, rate_kbps};
use crate::rf::sense::coupled_ppm;

/// Least share of its demand that a client counts with, so that logarithms stay finite.
const LEAST_SHARE: f64 = 1e-3;

/// Damped steps towards the fixed point; the error halves or better with each.
const MAX_STEPS: u32 = 200;

/// What a plan is worth and what it does to every client and radio.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// U in thousandths: weighted sum of ln(throughput / demand), less switches and radar risk.
    pub u_milli: i64,
    /// Share of its demand that each client gets, in thousandths.
    pub served_permille: Vec<u32>,
    /// Airtime that each radio needs, in thousandths; over 1000 is more than there is.
    pub needed_permille: Vec<u32>,
    /// Share of time in which each radio finds the air taken by others, in thousandths.
    pub busy_permille: Vec<u32>,
}

/// Loads of one assignment.
struct Loads {
    /// Airtime that each radio needs, as a fraction.
    rho: Vec<f64>,
    /// Share of time that strangers leave free.
    free: Vec<f64>,
    /// Strangers and own radios that contend.
    contenders: Vec<f64>,
    /// Own radios that are heard, with the share that a unit of their airtime takes.
    heard: Vec<Vec<(usize, f64)>>,
}

/// Evaluates a plan by the five steps of the optimizer note, section 3.3.
///
/// - Shape: `a` has one entry per radio, pod and client of `t`
/// - Units: thousandths
/// - Cost: O(radios · neighbours + steps · heard pairs)
///
/// Where two hops share a channel, their radios hear each other, so each finds the other's airtime taken: that is the
/// rule of store and forward.
pub fn evaluate(t: &Topology, a: &Assignment) -> Exact {
    let loads = Loads::of(t, a);
    let (satisfied, busy) = loads.settle();
    let permille = |x: f64| libm::round(x * 1_000.0) as u32;
    let shares: Vec<f64> = (0..t.clients.len()).map(|c| share(t, a, c, &satisfied)).collect();
    let gain: f64 =
        t.clients.iter().zip(&shares).map(|(c, s)| f64::from(c.weight_milli) * ln(s.max(LEAST_SHARE))).sum();
    let radar: i64 = a.radios.iter().map(|s| churn::radar_cost(t, s.channel)).sum();
    let switching = churn::switches(t, a) * i64::from(t.policy.switch_cost_milli);
    Exact {
        u_milli: libm::round(gain) as i64 - switching - radar,
        served_permille: shares.iter().map(|s| permille(*s)).collect(),
        needed_permille: loads.rho.iter().map(|r| permille(*r)).collect(),
        busy_permille: busy.into_iter().map(permille).collect(),
    }
}

/// The least satisfied share along a client's hops.
fn share(t: &Topology, a: &Assignment, c: usize, satisfied: &[f64]) -> f64 {
    let radio = a.clients[c];
    let mut least = satisfied[radio];
    let mut pod = t.radios[radio].pod;
    while let Some(l) = a.uplinks[pod] {
        least = least.min(satisfied[l.parent_radio]);
        pod = l.parent;
    }
    least
}

impl Loads {
    fn of(t: &Topology, a: &Assignment) -> Self {
        let mut rho = needed(t, a);
        relay(t, a, &mut rho);
        let mut loads = Self { rho, free: Vec::new(), contenders: Vec::new(), heard: Vec::new() };
        for (r, radio) in t.radios.iter().enumerate() {
            let (pod, own) = (&t.pods[radio.pod], a.radios[r].channel);
            let heard = radio.hears.iter().map(|&(s, loss)| {
                let other = a.radios[s];
                (s, f64::from(coupled_ppm(own, other.channel, other.eirp_dbm - loss)) / 1e6)
            });
            let heard: Vec<(usize, f64)> = heard.filter(|(_, share)| *share > 0.0).collect();
            loads.free.push(busy::free_share(own, &pod.neighbours, &pod.survey));
            loads.contenders.push(busy::contenders(own, &pod.neighbours) + heard.iter().map(|h| h.1).sum::<f64>());
            loads.heard.push(heard);
        }
        loads
    }

    /// The satisfied share of each radio at the fixed point, and the busy share it sees.
    fn settle(&self) -> (Vec<f64>, Vec<f64>) {
        let mut satisfied = vec![1.0; self.rho.len()];
        let mut busy = vec![0.0; self.rho.len()];
        for _ in 0..MAX_STEPS {
            let mut moved = 0.0f64;
            let served: Vec<f64> = satisfied.iter().zip(&self.rho).map(|(s, rho)| (s * rho).min(1.0)).collect();
            for r in 0..self.rho.len() {
                let free =
                    self.heard[r].iter().fold(self.free[r], |free, &(s, share)| free * (1.0 - served[s] * share));
                let available = free.max(1.0 / (1.0 + self.contenders[r]));
                let next = 0.5 * satisfied[r] + 0.5 * (available / self.rho[r]).min(1.0);
                moved = moved.max((next - satisfied[r]).abs());
                (satisfied[r], busy[r]) = (next, 1.0 - free);
            }
            if moved < 1e-9 {
                break;
            }
        }
        (satisfied, busy)
    }
}

/// Airtime for a radio's own clients and beacons, as a fraction.
fn needed(t: &Topology, a: &Assignment) -> Vec<f64> {
    let mut rho = vec![BEACON_PPM as f64 / 1e6; t.radios.len()];
    for (c, &r) in a.clients.iter().enumerate() {
        let loss = t.client_loss_db(c, r).unwrap_or(200);
        let rate = rate_kbps(
            a.radios[r].eirp_dbm - loss,
            noise(t, a, r),
            a.radios[r].channel.width(),
            client_ability(t, c, r),
        );
        rho[r] += airtime_ppm(u64::from(t.clients[c].demand_kbps), rate) as f64 / 1e6;
    }
    rho
}

/// Adds the airtime of relayed traffic at each parent's radio.
fn relay(t: &Topology, a: &Assignment, rho: &mut [f64]) {
    let mut through = vec![0u64; t.pods.len()];
    for (c, &r) in a.clients.iter().enumerate() {
        let mut pod = t.radios[r].pod;
        while let Some(l) = a.uplinks[pod] {
            through[pod] += u64::from(t.clients[c].demand_kbps);
            pod = l.parent;
        }
    }
    for (p, link) in a.uplinks.iter().enumerate() {
        let Some(l) = link else { continue };
        let loss = t.loss_db(p, l.parent, t.radios[l.radio].band).unwrap_or(200);
        let s = a.radios[l.parent_radio];
        let rate = rate_kbps(s.eirp_dbm - loss, noise(t, a, l.parent_radio), s.channel.width(), link_ability(t, l));
        rho[l.parent_radio] += airtime_ppm(through[p], rate) as f64 / 1e6;
    }
}

fn noise(t: &Topology, a: &Assignment, r: usize) -> i32 {
    busy::noise_dbm(a.radios[r].channel, &t.pods[t.radios[r].pod].survey)
}
