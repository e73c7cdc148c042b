//! The optimizer's decisions in the terms of the gate: settings by node and band, no pod or client by name.

use millpond_optimizer::model::plan::{Choosable, Decision, Input, Kind, Loser, Plan, Reason, Subject};
use millpond_optimizer::model::site::{Radio, Site};
use millpond_report::estimate::{DecisionInput, RadioSetting, TERMS};
use millpond_report::wire::range::{Band, DecisionKind, ReasonCode, Width};

use crate::convert;

/// No setting: what a decision that does not exist stands on.
pub const NOWHERE: RadioSetting =
    RadioSetting { node: 0, band: Band::Ghz2, channel: 0, width: Width::Mhz20, power_dbm: 0 };

/// The decisions of a plan on radios and on clients that move.
///
/// A client that stays is no news. A changed uplink has no message in the wire vocabulary, so it is left out here.
pub fn inputs(site: &Site, plan: &Plan) -> Vec<DecisionInput> {
    plan.decisions.iter().flat_map(|d| of_one(site, plan, d)).collect()
}

/// True if two plans decide the same for the same reasons, numbers aside.
pub fn same(a: &[DecisionInput], b: &[DecisionInput]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a.kind, a.from, a.to) == (b.kind, b.from, b.to))
}

fn of_one(site: &Site, plan: &Plan, d: &Decision) -> Vec<DecisionInput> {
    let settings = Settings { site, plan };
    let pairs: Vec<(RadioSetting, RadioSetting)> = match &d.subject {
        Subject::Radios { radios, .. } => {
            radios.iter().filter_map(|(pod, id)| Some((settings.now(pod, id)?, settings.planned(pod, id)?))).collect()
        }
        Subject::Client { .. } if d.kind == Kind::Steer => {
            let at = |c: &Option<Choosable>| settings.choosable(c.as_ref()?, None);
            at(&d.from).zip(settings.choosable(&d.to, None)).into_iter().collect()
        }
        Subject::Client { .. } | Subject::Uplink { .. } => Vec::new(),
    };
    pairs.into_iter().map(|(from, to)| input(&settings, d, from, to)).collect()
}

fn input(settings: &Settings<'_>, d: &Decision, from: RadioSetting, to: RadioSetting) -> DecisionInput {
    let mut input = DecisionInput::keep(0, from);
    (input.to, input.kind) = (to, kind(d.kind, &from, &to));
    for (place, r) in input.reasons.iter_mut().zip(&d.reasons) {
        *place = Some((reason(r.code), r.weight));
    }
    let loser = |l: &Loser| Some((settings.choosable(&l.option, Some(&to))?, reason(l.code), l.excess));
    for (place, l) in input.losers.iter_mut().zip(d.losers.iter().filter_map(loser)).take(TERMS) {
        *place = Some(l);
    }
    input.flip = d.flip.as_ref().map(|f| (changed_input(&f.code), f.needed));
    if input.kind != DecisionKind::Keep {
        input.expected_tenths = expected_tenths(settings.plan, settings.site);
    }
    input
}

/// What the whole plan is worth, as a gain of the geometric mean of the clients' throughput over what they want.
///
/// U is a weighted sum of logarithms over clients, so a gain of `u` thousandths is a factor of exp(u / sum of weights).
/// The decisions of a plan are made together; a share of the gain for each one alone would be made up.
fn expected_tenths(plan: &Plan, site: &Site) -> i32 {
    let gain = plan.objective.u_before_milli.map_or(0, |before| plan.objective.u_after_milli - before);
    let weights: i64 = site.clients.iter().map(|c| i64::from(c.weight_milli)).sum();
    libm::round(libm::expm1(gain as f64 / weights.max(1) as f64) * 1000.0) as i32
}

/// The optimizer's kind, unless this one radio of several keeps its setting.
fn kind(kind: Kind, from: &RadioSetting, to: &RadioSetting) -> DecisionKind {
    match kind {
        _ if from == to => DecisionKind::Keep,
        Kind::Steer => DecisionKind::Steer,
        _ if from.channel != to.channel => DecisionKind::Channel,
        _ if from.width != to.width => DecisionKind::Width,
        _ => DecisionKind::Power,
    }
}

fn reason(code: Reason) -> ReasonCode {
    match code {
        Reason::Rate | Reason::NoExactGain => ReasonCode::Capacity,
        Reason::Airtime => ReasonCode::Load,
        Reason::ForeignBusy => ReasonCode::Busy,
        Reason::OwnBusy => ReasonCode::Overlap,
        Reason::Backhaul => ReasonCode::Backhaul,
        Reason::Radar => ReasonCode::Dfs,
        Reason::Switch | Reason::Tie => ReasonCode::Churn,
        Reason::Stopped => ReasonCode::Limit,
        Reason::Refusals => ReasonCode::Refusal,
        Reason::OnlyOption => ReasonCode::Capability,
    }
}

fn changed_input(input: &Input) -> ReasonCode {
    match input {
        Input::SwitchCostMilli => ReasonCode::Churn,
        Input::SurveyBusyPermille { .. } => ReasonCode::Busy,
        Input::ClientDemandKbps { .. } => ReasonCode::Load,
        Input::ClientLossDb { .. } => ReasonCode::Capacity,
        Input::PodLossDb { .. } => ReasonCode::Backhaul,
    }
}

/// Settings by the names of the site, which the node itself gave: `p1` is node 1.
struct Settings<'a> {
    site: &'a Site,
    plan: &'a Plan,
}

impl Settings<'_> {
    fn radio(&self, pod: &str, id: &str) -> Option<(u8, &Radio)> {
        let at = self.site.pods.iter().position(|p| p.id == pod)?;
        let radio = self.site.pods[at].radios.iter().find(|r| r.id == id)?;
        Some((at as u8 + 1, radio))
    }

    /// What a radio does now.
    fn now(&self, pod: &str, id: &str) -> Option<RadioSetting> {
        let (node, radio) = self.radio(pod, id)?;
        let s = radio.current?;
        let (channel, power_dbm) = (s.primary, s.eirp_dbm.clamp(0, 36) as u8);
        Some(RadioSetting { node, band: convert::band(radio.band), channel, width: convert::width(s.width), power_dbm })
    }

    /// What the plan makes it do.
    fn planned(&self, pod: &str, id: &str) -> Option<RadioSetting> {
        let (node, _) = self.radio(pod, id)?;
        let s = self.plan.radios.iter().find(|r| r.pod == pod && r.radio == id)?;
        let (channel, power_dbm) = (s.primary, s.eirp_dbm.clamp(0, 36) as u8);
        Some(RadioSetting { node, band: convert::band(s.band), channel, width: convert::width(s.width), power_dbm })
    }

    /// An option: of the radio `like` for settings, of the radio that would serve for clients.
    fn choosable(&self, option: &Choosable, like: Option<&RadioSetting>) -> Option<RadioSetting> {
        match option {
            Choosable::Radio { primary, width, eirp_dbm, .. } => {
                let (channel, power_dbm) = (*primary, (*eirp_dbm).clamp(0, 36) as u8);
                like.map(|l| RadioSetting { channel, width: convert::width(*width), power_dbm, ..*l })
            }
            Choosable::Client { pod, radio, .. } => self.planned(pod, radio),
            Choosable::Uplink { .. } => None,
        }
    }
}
