//! U: what a plan gives every client when all loads have settled.

use super::{BEACON_PPM, churn, client_ability, link_ability};
use crate::model::topology::{Assignment, Topology};
use crate::rf::busy;
use crate::rf::ln;
use crate::rf::rates::{airtime_ppm, rate_kbps};
use crate::rf::sense::coupled_ppm;

/// Least share of its demand that a client counts with, so that logarithms stay finite.
pub(super) const LEAST_SHARE: f64 = 1e-3;

/// Damped steps towards the fixed point, from "everybody is satisfied"; then one whole step. Where radios saturate each
/// other there may be many fixed points, so the number of steps belongs to the definition.
pub(super) const STEPS: u32 = 50;

/// What the air of a pod is like on one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Air {
    /// Share of time that strangers leave free.
    pub free: f64,
    /// Strangers that contend, each counted by its coupling.
    pub contenders: f64,
    /// Noise floor in dBm over 20 MHz.
    pub noise_dbm: i32,
}

impl Air {
    /// The air of a radio's pod on a channel.
    pub fn of(t: &Topology, radio: usize, channel: millpond_dsp::phy::Channel) -> Self {
        Self::heard_by(&ear(t, radio), channel)
    }

    /// The air on a channel as a pod's ear has it.
    pub fn heard_by(ear: &busy::Ear, channel: millpond_dsp::phy::Channel) -> Self {
        let (free, contenders) = ear.free_and_contenders(channel);
        Self { free, contenders, noise_dbm: ear.noise_dbm(channel) }
    }
}

/// What a radio's pod hears in the radio's band.
pub fn ear(t: &Topology, radio: usize) -> busy::Ear {
    let (node, pod) = (&t.radios[radio], &t.pods[t.radios[radio].pod]);
    busy::Ear::new(node.band, &pod.neighbours, &pod.survey)
}

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

/// The loads of one assignment at their fixed point, by radio. Shares and airtimes are fractions.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Airtime that each radio needs.
    pub needed: Vec<f64>,
    /// Share of time that strangers leave free.
    pub free: Vec<f64>,
    /// Share of the rest that our own radios leave free.
    pub own_free: Vec<f64>,
    /// Strangers and own radios that contend.
    pub contenders: Vec<f64>,
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
    let settled = settle(t, a, |r| Air::of(t, r, a.radios[r].channel));
    let permille = |x: f64| libm::round(x * 1_000.0) as u32;
    let shares = shares(t, a, &settled);
    let radios = 0..t.radios.len();
    Exact {
        u_milli: gain_milli(t, &shares) - fixed_costs(t, a),
        served_permille: shares.iter().map(|s| permille(*s)).collect(),
        needed_permille: settled.needed.iter().map(|r| permille(*r)).collect(),
        busy_permille: radios.map(|r| permille(1.0 - settled.free[r] * settled.own_free[r])).collect(),
    }
}

/// U alone, with the air looked up by radio.
pub fn u_milli(t: &Topology, a: &Assignment, air: impl Fn(usize) -> Air) -> i64 {
    gain_milli(t, &shares(t, a, &settle(t, a, air))) - fixed_costs(t, a)
}

/// What switches and radar risk take from U, in thousandths.
fn fixed_costs(t: &Topology, a: &Assignment) -> i64 {
    radar_milli(t, a) + switch_milli(t, a)
}

/// Radar risk of an assignment in thousandths of U.
fn radar_milli(t: &Topology, a: &Assignment) -> i64 {
    a.radios.iter().map(|s| churn::radar_cost(t, s.channel)).sum()
}

/// The cost of an assignment's changes in thousandths of U, a client's with the requests that it may refuse first.
fn switch_milli(t: &Topology, a: &Assignment) -> i64 {
    (churn::switches(t, a) + churn::refusals(t, a)) * i64::from(t.policy.switch_cost_milli)
}

/// Weighted sum of the logarithms of the shares that clients get, in thousandths.
fn gain_milli(t: &Topology, shares: &[f64]) -> i64 {
    let gain = |(c, s): (&crate::model::topology::ClientNode, &f64)| {
        // Most clients get all they want, and ln 1 is 0.
        if *s >= 1.0 { 0.0 } else { f64::from(c.weight_milli) * ln(s.max(LEAST_SHARE)) }
    };
    libm::round(t.clients.iter().zip(shares).map(gain).sum()) as i64
}

/// The share of its demand that each client gets: the least satisfied share along its hops.
fn shares(t: &Topology, a: &Assignment, s: &Settled) -> Vec<f64> {
    let satisfied: Vec<f64> = (0..t.radios.len()).map(|r| s.satisfied(r)).collect();
    let one = |&radio: &usize| {
        let mut least = satisfied[radio];
        let mut pod = t.radios[radio].pod;
        while let Some(l) = a.uplinks[pod] {
            least = least.min(satisfied[l.parent_radio]);
            pod = l.parent;
        }
        least
    };
    a.clients.iter().map(one).collect()
}

impl Settled {
    /// Every radio as if our other radios were silent.
    fn alone(t: &Topology, a: &Assignment, air: impl Fn(usize) -> Air) -> Self {
        let airs: Vec<Air> = (0..t.radios.len()).map(air).collect();
        Self {
            needed: needed(t, a, &airs),
            free: airs.iter().map(|x| x.free).collect(),
            own_free: vec![1.0; airs.len()],
            contenders: airs.iter().map(|x| x.contenders).collect(),
        }
    }

    /// Works out what our own radios leave free when each gets a share of its need.
    fn hear(&mut self, heard: &[(usize, usize, f64)], satisfied: &[f64]) {
        self.own_free.fill(1.0);
        for &(r, other, share) in heard {
            self.own_free[r] *= 1.0 - share * (satisfied[other] * self.needed[other]).min(1.0);
        }
    }

    /// The share of its need that a radio gets.
    fn satisfied(&self, r: usize) -> f64 {
        let available = (self.free[r] * self.own_free[r]).max(1.0 / (1.0 + self.contenders[r]));
        (available / self.needed[r]).min(1.0)
    }
}

/// Finds the fixed point of all loads: what a radio sends takes air from those that hear it.
fn settle(t: &Topology, a: &Assignment, air: impl Fn(usize) -> Air) -> Settled {
    together(t, a, Settled::alone(t, a, air))
}

fn together(t: &Topology, a: &Assignment, mut s: Settled) -> Settled {
    let mut heard: Vec<(usize, usize, f64)> = Vec::new();
    for (r, radio) in t.radios.iter().enumerate() {
        for &(other, loss) in &radio.hears {
            let set = a.radios[other];
            let share = coupled_ppm(a.radios[r].channel, set.channel, set.eirp_dbm - loss);
            if share > 0 {
                let share = f64::from(share) / 1e6;
                heard.push((r, other, share));
                s.contenders[r] += share;
            }
        }
    }
    let mut satisfied = vec![1.0; t.radios.len()];
    for _ in 0..STEPS {
        s.hear(&heard, &satisfied);
        let mut moved = 0.0f64;
        for (r, held) in satisfied.iter_mut().enumerate() {
            let next = 0.5 * *held + 0.5 * s.satisfied(r);
            moved = moved.max((next - *held).abs());
            *held = next;
        }
        if moved < 1e-12 {
            break;
        }
    }
    s.hear(&heard, &satisfied);
    s
}

/// Airtime that each radio needs: beacons, clients, relayed traffic.
pub fn needed(t: &Topology, a: &Assignment, airs: &[Air]) -> Vec<f64> {
    let mut needed = vec![BEACON_PPM as f64 / 1e6; t.radios.len()];
    let mut through = vec![0u64; t.pods.len()];
    let need = |r: usize, loss: i32, demand: u64, ability: crate::rf::rates::Ability| {
        let s = a.radios[r];
        let rate = rate_kbps(s.eirp_dbm - loss, airs[r].noise_dbm, s.channel.into(), ability);
        airtime_ppm(demand, rate) as f64 / 1e6
    };
    for (c, &r) in a.clients.iter().enumerate() {
        let loss = t.client_loss_db(c, r).unwrap_or(200);
        let demand = u64::from(t.clients[c].demand_kbps);
        needed[r] += need(r, loss, demand, client_ability(t, c, r));
        let mut pod = t.radios[r].pod;
        while let Some(l) = a.uplinks[pod] {
            through[pod] += demand;
            pod = l.parent;
        }
    }
    for (p, link) in a.uplinks.iter().enumerate() {
        let Some(l) = link else { continue };
        let loss = t.loss_db(p, l.parent, t.radios[l.radio].band).unwrap_or(200);
        needed[l.parent_radio] += need(l.parent_radio, loss, through[p], link_ability(t, l));
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SiteBuilder;
    use crate::model::site::Setting;
    use crate::validate::validate;
    use millpond_dsp::phy::{Band, Bandwidth};

    /// Two pods with a cable, 70 dB apart, both on 36/20 at 20 dBm; each has one client at 60 dB.
    fn two_radios(demand_kbps: [u32; 2]) -> Topology {
        let mut b = SiteBuilder::new("EU");
        let now = Some(Setting { primary: 36, width: Bandwidth::Mhz20, center: None, punctured: 0, eirp_dbm: 20 });
        for (p, demand) in demand_kbps.into_iter().enumerate() {
            let pod = b.pod(p == 0);
            let radio = b.radio(pod, Band::Ghz5, &[Bandwidth::Mhz20], 20, now);
            b.client(demand, &[(pod, Band::Ghz5, 60)], Some((pod, radio)));
        }
        b.wire(0, 1).loss(0, 1, Band::Ghz5, 70);
        validate(&b.build()).unwrap()
    }

    #[test]
    fn agrees_with_a_hand_worked_pair() {
        // -40 dBm at 20 MHz and two streams: MCS 11, 286.8 Mb/s, 200.76 Mb/s net. 60.228 Mb/s need 0.3 of the time,
        // and 0.02 of beacons make rho = 0.32 at both. Each hears the other at -50 dBm, over -82: coupling 1.
        // A = 1 - 0.32 = 0.68 > rho: everybody is satisfied.
        let t = two_radios([60_228, 60_228]);
        let e = evaluate(&t, &t.current().unwrap());
        assert_eq!((e.u_milli, e.served_permille, e.needed_permille), (0, vec![1_000; 2], vec![320; 2]));
        assert_eq!(e.busy_permille, [320, 320]);
        // Four times the demand: rho = 1.22 at both. s = A / rho with A = max(1 - s rho, 1/2): s rho = 1/2, s = 0.4098.
        // U = 2 ln(0.4098) = -1.784.
        let t = two_radios([240_912, 240_912]);
        let e = evaluate(&t, &t.current().unwrap());
        assert_eq!((e.u_milli, e.needed_permille), (-1_784, vec![1_220; 2]));
        assert_eq!(e.served_permille, [410, 410]);
        // One wants 0.32, the other 1.22: the first has A = max(1 - s rho, 1/2) >= 0.32 and is satisfied; the second has
        // A = 0.68 and gets 0.68 / 1.22 = 0.557.
        let t = two_radios([60_228, 240_912]);
        let e = evaluate(&t, &t.current().unwrap());
        assert_eq!(e.served_permille, [1_000, 557]);
    }

    #[test]
    fn more_demand_never_raises_u() {
        let u = |d: u32| {
            let t = two_radios([d, 60_000]);
            evaluate(&t, &t.current().unwrap()).u_milli
        };
        let all: Vec<i64> = (1..40).map(|k| u(10_000 * k)).collect();
        assert!(all.windows(2).all(|w| w[1] <= w[0]), "{all:?}");
    }
}
