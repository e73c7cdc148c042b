//! A plan's decisions in the terms of the gate: settings by node and band, no pod or client by name.
//!
//! It is the one door from plan to report, for the daemon and for the C library. Node `n` is the site's `n`-th pod.

use millpond_dsp::phy;
use millpond_report::estimate::{DecisionInput, RadioSetting};
use millpond_report::wire::range::{Band, DecisionKind, ReasonCode, Width};

use crate::model::plan::{Choosable, Decision, Input, Kind, Loser, Plan, Reason, Subject};
use crate::model::site::Site;

/// The decisions on radios, and on clients that move; numbers are left at 0.
///
/// A client that stays is no news. A changed uplink has no message in the wire vocabulary, so it is left out here.
/// A radio of which the site does not say what it does now comes from channel 0.
pub fn inputs(site: &Site, plan: &Plan) -> Vec<DecisionInput> {
    let settings = Settings { site, plan };
    plan.decisions
        .iter()
        .flat_map(|d| settings.moves(d).into_iter().map(|(from, to)| settings.input(d, from, to)))
        .collect()
}

/// A band on the wire.
pub const fn band(band: phy::Band) -> Band {
    match band {
        phy::Band::Ghz2 => Band::Ghz2,
        phy::Band::Ghz5 => Band::Ghz5,
        phy::Band::Ghz6 => Band::Ghz6,
    }
}

/// A width on the wire.
pub const fn width(width: phy::Bandwidth) -> Width {
    Width::of_mhz(width.mhz())
}

struct Settings<'a> {
    site: &'a Site,
    plan: &'a Plan,
}

impl Settings<'_> {
    /// From where to where: one pair for each radio of a band that is decided together, one for a client that moves.
    fn moves(&self, d: &Decision) -> Vec<(RadioSetting, RadioSetting)> {
        match &d.subject {
            Subject::Radios { radios, .. } => radios.iter().filter_map(|(pod, id)| self.radio(pod, id)).collect(),
            Subject::Client { .. } if d.kind == Kind::Steer => {
                let from = d.from.as_ref().and_then(|from| self.serving(from));
                from.zip(self.serving(&d.to)).into_iter().collect()
            }
            Subject::Client { .. } | Subject::Uplink { .. } => Vec::new(),
        }
    }

    fn input(&self, d: &Decision, from: RadioSetting, to: RadioSetting) -> DecisionInput {
        let mut input = DecisionInput::keep(0, from);
        input.to = to;
        input.kind = match d.kind {
            // One radio of several may keep what it has.
            _ if from == to => DecisionKind::Keep,
            Kind::Steer => DecisionKind::Steer,
            _ if from.channel != to.channel => DecisionKind::Channel,
            _ if from.width != to.width => DecisionKind::Width,
            _ => DecisionKind::Power,
        };
        let reasons = d.reasons.iter().map(|r| (reason(r.code), r.weight));
        input.reasons.iter_mut().zip(reasons).for_each(|(place, r)| *place = Some(r));
        let losers = d.losers.iter().filter_map(|l| self.loser(l, &to));
        input.losers.iter_mut().zip(losers).for_each(|(place, l)| *place = Some(l));
        input.flip = d.flip.as_ref().map(|f| (changed(&f.code), f.needed));
        if input.kind != DecisionKind::Keep {
            input.expected_tenths = self.expected_tenths();
        }
        input
    }

    /// What the whole plan is worth, as a gain of the geometric mean of the clients' throughput over what they want.
    ///
    /// U is a weighted sum of logarithms over clients, so a gain of `u` thousandths is a factor of exp(u / sum of weights).
    /// The decisions of a plan are made together; a share of the gain for each one alone would be made up.
    fn expected_tenths(&self) -> i32 {
        let o = &self.plan.objective;
        let gain = o.u_before_milli.map_or(0, |before| o.u_after_milli - before);
        let weights: i64 = self.site.clients.iter().map(|c| i64::from(c.weight_milli)).sum();
        libm::round(libm::expm1(gain as f64 / weights.max(1) as f64) * 1000.0) as i32
    }

    /// What a radio does now, and what the plan makes it do.
    fn radio(&self, pod: &str, id: &str) -> Option<(RadioSetting, RadioSetting)> {
        let to = self.planned(pod, id)?;
        let at = self.site.pods.iter().find(|p| p.id == pod)?;
        let now = at.radios.iter().find(|r| r.id == id)?.current;
        let from = match now {
            Some(s) => RadioSetting { channel: s.primary, width: width(s.width), power_dbm: power(s.eirp_dbm), ..to },
            None => RadioSetting { channel: 0, ..to },
        };
        Some((from, to))
    }

    fn planned(&self, pod: &str, id: &str) -> Option<RadioSetting> {
        let node = u8::try_from(self.site.pods.iter().position(|p| p.id == pod)? + 1).ok()?;
        let r = self.plan.radios.iter().find(|r| r.pod == pod && r.radio == id)?;
        let (channel, power_dbm) = (r.primary, power(r.eirp_dbm));
        Some(RadioSetting { node, band: band(r.band), channel, width: width(r.width), power_dbm })
    }

    /// The planned setting of the radio that would serve a client.
    fn serving(&self, option: &Choosable) -> Option<RadioSetting> {
        let Choosable::Client { pod, radio, .. } = option else { return None };
        self.planned(pod, radio)
    }

    fn loser(&self, l: &Loser, to: &RadioSetting) -> Option<(RadioSetting, ReasonCode, i64)> {
        let option = match &l.option {
            Choosable::Radio { primary, width: w, eirp_dbm, .. } => {
                RadioSetting { channel: *primary, width: width(*w), power_dbm: power(*eirp_dbm), ..*to }
            }
            other => self.serving(other)?,
        };
        Some((option, reason(l.code), l.excess))
    }
}

/// What the wire can say; no band allows more.
fn power(eirp_dbm: i32) -> u8 {
    eirp_dbm.clamp(0, 36) as u8
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Environment;
    use crate::plan_site;

    fn three_pods() -> Site {
        serde_json::from_str(include_str!("../examples/three-pods.json")).expect("the example")
    }

    #[test]
    fn each_radio_is_told_from_what_it_does_to_what_the_plan_says() {
        let mut site = three_pods();
        site.pods[0].radios[0].current = None;
        let plan = plan_site(&site, &Environment::new()).expect("plannable");
        let told = inputs(&site, &plan);
        let radios: usize = site.pods.iter().map(|p| p.radios.len()).sum();
        let of_radios: Vec<_> = told.iter().filter(|t| t.kind != DecisionKind::Steer).collect();
        assert_eq!(of_radios.len(), radios, "each radio once");
        for (n, pod) in site.pods.iter().enumerate() {
            for radio in &pod.radios {
                let is_it = |t: &&&DecisionInput| usize::from(t.to.node) == n + 1 && t.to.band == band(radio.band);
                let t = of_radios.iter().find(is_it).expect("told");
                let planned = plan.radios.iter().find(|r| r.pod == pod.id && r.radio == radio.id).expect("planned");
                assert_eq!(t.to.channel, planned.primary);
                assert_eq!(t.from.channel, radio.current.map_or(0, |c| c.primary));
                assert_eq!(t.kind == DecisionKind::Keep, t.from == t.to);
            }
        }
    }

    #[test]
    fn a_thousandth_of_u_for_each_unit_of_weight_is_a_tenth_of_a_percent() {
        let site = three_pods();
        let mut plan = plan_site(&site, &Environment::new()).expect("plannable");
        let weights: i64 = site.clients.iter().map(|c| i64::from(c.weight_milli)).sum();
        let o = &mut plan.objective;
        o.u_before_milli = Some(o.u_after_milli - weights / 100);
        // exp(0.01) - 1 = 1.005 %.
        assert_eq!(Settings { site: &site, plan: &plan }.expected_tenths(), 10);
    }
}
