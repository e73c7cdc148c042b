//! The answer to one row, with the row's own numbers for pods and radios.

use millpond_dsp::phy::Band;

use super::home::{Home, PodKey};
use super::schema::Fleet;
use crate::model::plan::{Choosable, Decision, Plan, Subject};

/// What became of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// There is something to change.
    Planned,
    /// Nothing is better than what runs.
    Unchanged,
    /// Not planned: too large, or it rests.
    Skipped,
    /// The row has a fault.
    #[default]
    Failed,
}

impl Status {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// The answer to a row.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Hash of the row, the settings and the engine.
    pub plan_id: u128,
    /// What became of it.
    pub status: Status,
    /// Code and place, where it was skipped or failed.
    pub reason: Option<String>,
    /// The radios, in the row's order.
    pub radios: Vec<RadioAnswer>,
    /// The uplinks.
    pub backhaul: Vec<LinkAnswer>,
    /// The stations that shall move: pseudonym, pod, radio.
    pub steering: Vec<(Option<i64>, i32, i32)>,
    /// What it is worth, in thousandths.
    pub before_milli: Option<i64>,
    /// The same after.
    pub after_milli: Option<i64>,
    /// Least that a station gets now and then, Mb/s.
    pub worst_mbps: (Option<f32>, Option<f32>),
    /// Share of radios whose channel was surveyed.
    pub confidence: Option<f32>,
    /// The reasons of all changes.
    pub explanation: Vec<ReasonAnswer>,
    /// Rounds of the search at most; 0 where no change could be worth its cost.
    pub rounds: Option<i32>,
}

/// A reason of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasonAnswer {
    /// The code, as in a plan's JSON.
    pub code: &'static str,
    /// The pod.
    pub pod: Option<i32>,
    /// Its radio.
    pub radio: Option<i32>,
    /// Weight in U.
    pub value: f32,
    /// The channel that it speaks against.
    pub against: Option<i32>,
}

/// What a radio shall do.
#[derive(Clone, Debug)]
pub struct RadioAnswer {
    /// The pod's number in the row.
    pub pod: i32,
    /// The radio's.
    pub radio: i32,
    /// Its place in the columns.
    pub at: usize,
    /// Primary, width and centre in MHz, power.
    pub setting: Option<(i32, i32, i32, f32)>,
    /// Subchannels left out, as a bit mask.
    pub puncture: Option<i32>,
    /// True if something else runs.
    pub changed: bool,
    /// True if radar must be listened for first.
    pub dfs: bool,
    /// What going back would cost, in thousandths of U.
    pub gain_milli: Option<i64>,
    /// Codes of the reasons, the heaviest first.
    pub why: Vec<&'static str>,
}

/// A pod's way to its gateway.
#[derive(Clone, Debug)]
pub struct LinkAnswer {
    /// The pod.
    pub pod: i32,
    /// Its parent.
    pub parent: i32,
    /// Our radio.
    pub radio: Option<i32>,
    /// `wifi`, or the cable's kind.
    pub medium: &'static str,
    /// Steps to the gateway.
    pub hops: Option<i32>,
    /// Rate that the row measured.
    pub mbps: Option<f32>,
    /// True if something else runs.
    pub changed: bool,
}

/// The code of a reason, as in a plan's JSON.
pub const fn code(reason: crate::model::plan::Reason) -> &'static str {
    use crate::model::plan::Reason;
    match reason {
        Reason::Rate => "rate",
        Reason::Airtime => "airtime",
        Reason::ForeignBusy => "foreign_busy",
        Reason::OwnBusy => "own_busy",
        Reason::Backhaul => "backhaul",
        Reason::Radar => "radar",
        Reason::Switch => "switch",
        Reason::Refusals => "refusals",
        Reason::NoExactGain => "no_exact_gain",
        Reason::OnlyOption => "only_option",
        Reason::Tie => "tie",
        Reason::Stopped => "stopped",
    }
}

fn center_mhz(band: Band, center: u8) -> i32 {
    [2_407, 5_000, 5_950][band as usize] + 5 * i32::from(center)
}

impl Answer {
    /// An empty answer.
    pub fn new(plan_id: u128) -> Self {
        Self { plan_id, ..Self::default() }
    }

    /// Nothing can be said.
    pub fn fail(&mut self, status: Status, reason: String) {
        (self.status, self.reason) = (status, Some(reason));
    }

    /// Everything stays, unplanned.
    pub fn keep(&mut self, fleet: &Fleet, pods: &[PodKey]) {
        self.status = Status::Unchanged;
        let c = &fleet.pods.items.radios.items;
        for pod in pods {
            for &(radio, at) in &pod.radios {
                let now = c.channel.get(at).zip(c.width_mhz.get(at)).zip(c.power_dbm.get(at));
                let setting = now.map(|((ch, w), p)| (ch, w, c.center_mhz.get(at).unwrap_or(0), p));
                let (pod, why) = (pod.number, Vec::new());
                self.radios.push(RadioAnswer {
                    pod,
                    radio,
                    at,
                    setting,
                    puncture: c.puncture.get(at),
                    changed: false,
                    dfs: false,
                    gain_milli: None,
                    why,
                });
            }
        }
    }

    /// A plan in the row's numbers.
    pub fn plan(&mut self, fleet: &Fleet, home: &Home, plan: &Plan, rounds: u32) {
        self.status = if plan.keep { Status::Unchanged } else { Status::Planned };
        self.add_radios(fleet, home, plan);
        self.add_backhaul(fleet, home, plan);
        let moved = plan.clients.iter().enumerate().filter(|(_, c)| c.changed);
        self.steering =
            moved.filter_map(|(i, c)| Some((home.clients[i], pod(home, &c.pod)?, number(&c.radio)?))).collect();
        let o = &plan.objective;
        (self.before_milli, self.after_milli) = (o.u_before_milli, Some(o.u_after_milli));
        let mbps = |share: u32, i: usize| f64::from(home.site.clients[i].demand_kbps) * f64::from(share) / 1e6;
        let least = |all: Vec<f64>| all.into_iter().min_by(f64::total_cmp).map(|x| x as f32);
        let before =
            plan.clients.iter().enumerate().filter_map(|(i, c)| c.before_permille.map(|s| mbps(s, i))).collect();
        let after = plan.clients.iter().enumerate().map(|(i, c)| mbps(c.after_permille, i)).collect();
        self.worst_mbps = (least(before), least(after));
        self.explain(home, plan);
        if home.dropped > 0 {
            let value = home.dropped as f32;
            self.explanation.push(ReasonAnswer { code: "dropped", pod: None, radio: None, value, against: None });
        }
        // J is absent where what runs was kept without a search.
        self.rounds = Some(o.j_after_milli.map_or(0, |_| rounds as i32));
    }

    fn add_radios(&mut self, fleet: &Fleet, home: &Home, plan: &Plan) {
        let keys = home.pods.iter().flat_map(|p| p.radios.iter().map(move |r| (p, r)));
        let allowed = &fleet.pods.items.radios.items.allowed;
        let mut surveyed = 0;
        for ((key, &(radio, at)), r) in keys.zip(&plan.radios) {
            // The planner knows one limit for a radio; a channel's own may be lower, and less power is always allowed.
            let cap = allowed.entries(at).filter(|&k| allowed.items.channel.get(k) == Some(i32::from(r.primary)));
            let cap = cap.filter(|&k| allowed.items.width_mhz.get(k).is_none_or(|w| w == i32::from(r.width.mhz())));
            let cap = cap.filter_map(|k| allowed.items.max_power_dbm.get(k)).filter(|p| p.is_finite());
            let power = cap.fold(f32::INFINITY, f32::max).min(r.eirp_dbm as f32);
            let setting = (i32::from(r.primary), i32::from(r.width.mhz()), center_mhz(r.band, r.center), power);
            let seen = |s: &crate::model::site::Survey| s.pod == r.pod && s.band == r.band && s.channel == r.primary;
            surveyed += usize::from(home.site.survey.iter().any(seen));
            self.radios.push(RadioAnswer {
                pod: key.number,
                radio,
                at,
                setting: Some(setting),
                puncture: Some(r.punctured.into()),
                changed: r.changed,
                dfs: r.cac_s > 0,
                gain_milli: None,
                why: Vec::new(),
            });
        }
        self.confidence = (!self.radios.is_empty()).then(|| surveyed as f32 / self.radios.len() as f32);
    }

    fn add_backhaul(&mut self, fleet: &Fleet, home: &Home, plan: &Plan) {
        let links = &fleet.pods.items.links;
        let c = &links.items;
        // By pod: its parent. Cables lead to the gateway over each other.
        let mut parents: Vec<Option<usize>> = vec![None; home.pods.len()];
        let at = |id: &str| home.site.pods.iter().position(|p| p.id == id);
        for u in &plan.uplinks {
            let Some((pod, parent)) = at(&u.pod).zip(at(&u.parent)) else { continue };
            parents[pod] = Some(parent);
            let (own, radio) = (home.pods[pod].number, number(&u.radio));
            let same = |l: &usize| c.peer.get(*l) == Some(home.pods[parent].number) && c.radio.get(*l) == radio;
            let mbps =
                links.entries(home.pods[pod].at).find(same).and_then(|l| c.rx_mbps.get(l)).filter(|x| x.is_finite());
            self.backhaul.push(LinkAnswer {
                pod: own,
                parent: home.pods[parent].number,
                radio,
                medium: "wifi",
                hops: None,
                mbps,
                changed: u.changed,
            });
        }
        self.add_cables(fleet, home, &mut parents);
        let hops = |mut pod: usize| {
            let mut n = 0;
            while let Some(parent) = parents[pod] {
                (pod, n) = (parent, n + 1);
                if n as usize > parents.len() {
                    return None;
                }
            }
            Some(n)
        };
        for link in &mut self.backhaul {
            link.hops = home.pods.iter().position(|p| p.number == link.pod).and_then(&hops);
        }
    }

    /// The pods that reach the gateway over cables, breadth first.
    fn add_cables(&mut self, fleet: &Fleet, home: &Home, parents: &mut [Option<usize>]) {
        let links = &fleet.pods.items.links;
        let c = &links.items;
        if home.site.wired.is_empty() {
            return;
        }
        let mut reached: Vec<usize> = (0..home.pods.len()).filter(|&p| home.site.pods[p].gateway).collect();
        let mut next = 0;
        while next < reached.len() {
            let here = reached[next];
            next += 1;
            for w in &home.site.wired {
                let id = &home.site.pods[here].id;
                let other = if w.a == *id {
                    &w.b
                } else if w.b == *id {
                    &w.a
                } else {
                    continue;
                };
                let Some(pod) = home.site.pods.iter().position(|p| p.id == *other) else { continue };
                if reached.contains(&pod) || parents[pod].is_some() {
                    continue;
                }
                parents[pod] = Some(here);
                reached.push(pod);
                let ends = [(here, pod), (pod, here)];
                let kind = ends.iter().find_map(|&(a, b)| {
                    let cable =
                        |l: &usize| c.peer.get(*l) == Some(home.pods[b].number) && c.medium.get(*l) != Some("wifi");
                    links.entries(home.pods[a].at).find(cable).and_then(|l| c.medium.get(l))
                });
                let medium = match kind {
                    Some("moca") => "moca",
                    Some("plc") => "plc",
                    _ => "eth",
                };
                let (pod, parent) = (home.pods[pod].number, home.pods[here].number);
                self.backhaul.push(LinkAnswer {
                    pod,
                    parent,
                    radio: None,
                    medium,
                    hops: None,
                    mbps: None,
                    changed: false,
                });
            }
        }
    }

    fn explain(&mut self, home: &Home, plan: &Plan) {
        for d in &plan.decisions {
            let mut reasons: Vec<(&'static str, i64)> = d.reasons.iter().map(|r| (code(r.code), r.weight)).collect();
            reasons.sort_by_key(|r| std::cmp::Reverse(r.1));
            let gain: i64 = reasons.iter().map(|r| r.1).sum();
            let (pod, radio) = self.subject(home, d, plan, gain, &reasons);
            let against = match &d.instead {
                Some(Choosable::Radio { primary, .. }) => Some(i32::from(*primary)),
                _ => None,
            };
            self.explanation.extend(reasons.iter().map(|&(code, milli)| {
                let value = milli as f32 / 1_000.0;
                ReasonAnswer { code, pod, radio, value, against }
            }));
        }
    }

    /// What a decision is about; its radios learn their gain and reasons.
    fn subject(
        &mut self,
        home: &Home,
        d: &Decision,
        plan: &Plan,
        gain: i64,
        reasons: &[(&'static str, i64)],
    ) -> (Option<i32>, Option<i32>) {
        match &d.subject {
            Subject::Uplink { pod: p } => (pod(home, p), None),
            Subject::Client { client } => {
                let at = plan.clients.iter().find(|c| c.client == *client);
                (at.and_then(|c| pod(home, &c.pod)), None)
            }
            Subject::Radios { radios, .. } => {
                let keys: Vec<_> = radios.iter().filter_map(|(p, r)| Some((pod(home, p)?, number(r)?))).collect();
                for r in self.radios.iter_mut().filter(|r| keys.contains(&(r.pod, r.radio))) {
                    r.gain_milli = Some(gain);
                    r.why = reasons.iter().map(|x| x.0).collect();
                }
                keys.first().map_or((None, None), |k| (Some(k.0), Some(k.1)))
            }
        }
    }
}

/// A pod's number in the row by its id in the site.
fn pod(home: &Home, id: &str) -> Option<i32> {
    number(id).filter(|n| home.pods.iter().any(|p| p.number == *n))
}

/// The number that an id was made of.
fn number(id: &str) -> Option<i32> {
    id.get(1..).and_then(|n| n.parse().ok())
}
