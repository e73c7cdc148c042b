//! The optimizer's decisions in the terms of the gate, and the gate's message as a struct.

use millpond_dsp::phy;
use millpond_optimizer::model::plan::{Choosable, Decision, Input, Kind, Plan, Reason, Subject};
use millpond_optimizer::model::site::Site;
use millpond_report::estimate::{DecisionInput, RadioSetting};
use millpond_report::wire::range::{Band, DecisionKind, ReasonCode, Width};
use millpond_report::wire::{self, Wire};

use crate::abi::*;

/// The decisions on radios, and on clients that move. A client that stays is no news, and a changed uplink has no message
/// in the vocabulary.
pub(super) fn inputs(site: &Site, plan: &Plan) -> Vec<DecisionInput> {
    let mut all = Vec::new();
    for d in &plan.decisions {
        match (&d.subject, d.kind) {
            (Subject::Radios { radios, .. }, _) => {
                let here = radios.iter().filter_map(|(pod, id)| {
                    let to = planned(plan, pod, id)?;
                    Some(input(site, plan, d, now(site, pod, id).unwrap_or(RadioSetting { channel: 0, ..to }), to))
                });
                all.extend(here);
            }
            (Subject::Client { .. }, Kind::Steer) => {
                let from = d.from.as_ref().and_then(|c| serving(plan, c));
                all.extend(from.zip(serving(plan, &d.to)).map(|(from, to)| input(site, plan, d, from, to)));
            }
            _ => {}
        }
    }
    all
}

fn input(site: &Site, plan: &Plan, d: &Decision, from: RadioSetting, to: RadioSetting) -> DecisionInput {
    let mut input = DecisionInput::keep(0, from);
    input.to = to;
    input.kind = match d.kind {
        _ if from == to => DecisionKind::Keep,
        Kind::Steer => DecisionKind::Steer,
        _ if from.channel != to.channel => DecisionKind::Channel,
        _ if from.width != to.width => DecisionKind::Width,
        _ => DecisionKind::Power,
    };
    let reasons = d.reasons.iter().map(|r| (reason(r.code), r.weight));
    input.reasons.iter_mut().zip(reasons).for_each(|(place, r)| *place = Some(r));
    let losers = d.losers.iter().filter_map(|l| {
        let option = match &l.option {
            Choosable::Radio { primary, width, eirp_dbm, .. } => {
                Some(setting(to.node, to.band, *primary, *width, *eirp_dbm))
            }
            other => serving(plan, other),
        };
        Some((option?, reason(l.code), l.excess))
    });
    input.losers.iter_mut().zip(losers).for_each(|(place, l)| *place = Some(l));
    input.flip = d.flip.as_ref().map(|f| (changed(&f.code), f.needed));
    if input.kind != DecisionKind::Keep {
        input.expected_tenths = expected_tenths(site, plan);
    }
    input
}

/// What the whole plan is worth: U is a weighted sum of logarithms over clients, so that a gain of `u` thousandths is a
/// factor of exp(u / sum of weights) in the geometric mean of their throughput over what they want.
fn expected_tenths(site: &Site, plan: &Plan) -> i32 {
    let gain = plan.objective.u_before_milli.map_or(0, |before| plan.objective.u_after_milli - before);
    let weights: i64 = site.clients.iter().map(|c| i64::from(c.weight_milli)).sum();
    ((gain as f64 / weights.max(1) as f64).exp_m1() * 1000.0).round() as i32
}

/// What a radio does now, if the site says it.
fn now(site: &Site, pod: &str, id: &str) -> Option<RadioSetting> {
    let radio = site.pods.iter().find(|p| p.id == pod)?.radios.iter().find(|r| r.id == id)?;
    let s = radio.current?;
    Some(setting(pod.parse().ok()?, band(radio.band), s.primary, s.width, s.eirp_dbm))
}

/// What the plan makes it do.
fn planned(plan: &Plan, pod: &str, id: &str) -> Option<RadioSetting> {
    let r = plan.radios.iter().find(|r| r.pod == pod && r.radio == id)?;
    Some(setting(pod.parse().ok()?, band(r.band), r.primary, r.width, r.eirp_dbm))
}

/// The planned setting of the radio that would serve a client.
fn serving(plan: &Plan, option: &Choosable) -> Option<RadioSetting> {
    let Choosable::Client { pod, radio, .. } = option else { return None };
    planned(plan, pod, radio)
}

fn setting(node: u8, band: Band, channel: u8, width: phy::Bandwidth, eirp_dbm: i32) -> RadioSetting {
    RadioSetting { node, band, channel, width: Width::of_mhz(width.mhz()), power_dbm: eirp_dbm.clamp(0, 36) as u8 }
}

fn band(band: phy::Band) -> Band {
    match band {
        phy::Band::Ghz2 => Band::Ghz2,
        phy::Band::Ghz5 => Band::Ghz5,
        phy::Band::Ghz6 => Band::Ghz6,
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

fn changed(input: &Input) -> ReasonCode {
    match input {
        Input::SwitchCostMilli => ReasonCode::Churn,
        Input::SurveyBusyPermille { .. } => ReasonCode::Busy,
        Input::ClientDemandKbps { .. } => ReasonCode::Load,
        Input::ClientLossDb { .. } => ReasonCode::Capacity,
        Input::PodLossDb { .. } => ReasonCode::Backhaul,
    }
}

/// The message as a struct, its bytes included.
pub(super) fn told(d: &wire::Decision) -> mp_decision {
    let mut bytes = [0; MP_DECISION_BYTES];
    let n_bytes = d.encode(&mut bytes) as u16;
    let shown = |s: &wire::Setting| mp_setting {
        node: s.node.get(),
        band: s.band as u8,
        channel: s.channel.get(),
        eirp_dbm: s.power.get(),
        width_mhz: s.width.mhz(),
        reserved: 0,
    };
    let term = |code: ReasonCode, weight_milli| mp_reason { weight_milli, code: code as u8, reserved: [0; 3] };
    let none = term(ReasonCode::Busy, 0);
    let mut told = mp_decision {
        size: size_of::<mp_decision>() as u32,
        number: d.number.get(),
        slot: d.slot.get(),
        kind: d.kind as u8,
        n_reasons: 0,
        n_losers: 0,
        has_flip: u8::from(d.flip.is_some()),
        from: shown(&d.from),
        to: shown(&d.to),
        reasons: [none; MP_TERMS_MAX],
        losers: [mp_loser { option: shown(&d.to), code: 0, reserved: [0; 3] }; MP_TERMS_MAX],
        flip: d.flip.map_or(none, |f| term(f.code, f.needed.get())),
        expected_tenths: d.expected.get(),
        n_bytes,
        bytes,
        reserved: 0,
    };
    for (place, r) in told.reasons.iter_mut().zip(d.reasons.iter()) {
        *place = term(r.code, r.weight.get());
        told.n_reasons += 1;
    }
    for (place, l) in told.losers.iter_mut().zip(d.losers.iter()) {
        *place = mp_loser { option: shown(&l.option), code: l.code as u8, reserved: [0; 3] };
        told.n_losers += 1;
    }
    told
}
