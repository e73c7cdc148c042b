//! Recomputing a decision from the site and the plan's own message, and trying its flip value.

use crate::env::Environment;
use crate::explain::Book;
use crate::flip;
use crate::goal::Goal;
use crate::model::plan::{Decision, Flip, Plan, Reason};
use crate::model::site::Site;
use crate::model::topology::{Assignment, Link, Topology, Tuned};
use crate::planner::plan_site;
use crate::validate::{SiteError, validate};
use millpond_dsp::phy::Channel;

/// Why a decision cannot be recomputed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyError {
    /// The site has faults.
    Site(Vec<SiteError>),
    /// The plan has no decision of that number.
    NoSuchDecision(u32),
    /// The plan does not fit the site: it names what the site does not have, or what is not allowed there.
    Mismatch,
}

impl std::fmt::Display for WhyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Site(faults) => write!(f, "the site has {} faults; correct them first", faults.len()),
            Self::NoSuchDecision(n) => write!(f, "the plan has no decision number {n}"),
            Self::Mismatch => write!(f, "the plan does not fit the site; plan the site again"),
        }
    }
}

impl std::error::Error for WhyError {}

/// Makes a decision of a plan anew, the other decisions held: the result equals the plan's message if that is true.
///
/// A decision that rests on the exact evaluation alone (`no_exact_gain`) needs the whole plan; it is made again within
/// the limits of `env`.
pub fn recompute(site: &Site, plan: &Plan, number: u32, env: &Environment) -> Result<Decision, WhyError> {
    let message = find(plan, number)?;
    if message.reasons.iter().any(|r| r.code == Reason::NoExactGain) {
        let again = plan_site(site, env).map_err(WhyError::Site)?;
        return find(&again, number).cloned();
    }
    let t = validate(site).map_err(WhyError::Site)?;
    let goal = Goal::new(&t);
    let values = values(site, plan, &goal)?;
    let mut decision = Book::new(site, &goal, &values).decision(number as usize);
    // A long plan carries flips only where something changes.
    if message.flip.is_some() {
        decision.flip = flip::smallest(site, &goal, &values, number as usize);
    }
    Ok(decision)
}

/// The smallest change of one input that would change a decision, the other decisions held. A plan of more than 64
/// decisions does not carry it.
pub fn flip(site: &Site, plan: &Plan, number: u32) -> Result<Option<Flip>, WhyError> {
    find(plan, number)?;
    let t = validate(site).map_err(WhyError::Site)?;
    let goal = Goal::new(&t);
    let values = values(site, plan, &goal)?;
    Ok(flip::smallest(site, &goal, &values, number as usize))
}

/// True if the decision is another one once its flip's input has `value`, the other decisions held.
pub fn flips(site: &Site, plan: &Plan, number: u32, value: i64) -> Result<bool, WhyError> {
    let message = find(plan, number)?;
    let t = validate(site).map_err(WhyError::Site)?;
    let goal = Goal::new(&t);
    let values = values(site, plan, &goal)?;
    let flip = message.flip.as_ref().ok_or(WhyError::NoSuchDecision(number))?;
    Ok(flip::flips(site, &t, &values, number as usize, &flip.code, value))
}

fn find(plan: &Plan, number: u32) -> Result<&Decision, WhyError> {
    plan.decisions.iter().find(|d| d.number == number).ok_or(WhyError::NoSuchDecision(number))
}

fn values(site: &Site, plan: &Plan, goal: &Goal) -> Result<Vec<usize>, WhyError> {
    let a = assignment(site, goal.topology(), plan).ok_or(WhyError::Mismatch)?;
    goal.encode(&a).ok_or(WhyError::Mismatch)
}

/// A plan in index form; `None` if it names what the site does not have.
pub fn assignment(site: &Site, t: &Topology, plan: &Plan) -> Option<Assignment> {
    let pod = |id: &str| site.pods.iter().position(|p| p.id == id);
    let radio = |pod_id: &str, id: &str| {
        let p = pod(pod_id)?;
        Some(t.pods[p].radios[0] + site.pods[p].radios.iter().position(|r| r.id == id)?)
    };
    let mut radios = vec![None; t.radios.len()];
    for r in &plan.radios {
        let channel = Channel::with_center(r.band, r.primary, r.width, r.center)?;
        radios[radio(&r.pod, &r.radio)?] = Some(Tuned { channel, eirp_dbm: r.eirp_dbm });
    }
    let mut uplinks = vec![None; t.pods.len()];
    for u in &plan.uplinks {
        let parent_radio = radio(&u.parent, &u.parent_radio)?;
        uplinks[pod(&u.pod)?] = Some(Link { parent: pod(&u.parent)?, parent_radio, radio: radio(&u.pod, &u.radio)? });
    }
    let mut clients = vec![None; t.clients.len()];
    for c in &plan.clients {
        clients[site.clients.iter().position(|x| x.id == c.client)?] = Some(radio(&c.pod, &c.radio)?);
    }
    let radios: Option<Vec<_>> = radios.into_iter().collect();
    Some(Assignment { radios: radios?, uplinks, clients: clients.into_iter().collect::<Option<_>>()? })
}

/// True if the weights of a decision's reasons speak for it: their sum is what the other option would cost more, so it
/// is never negative. This needs the message alone.
pub fn adds_up(decision: &Decision) -> bool {
    let sum: i64 = decision.reasons.iter().map(|r| r.weight).sum();
    sum >= 0 && decision.losers.iter().all(|l| l.excess >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::checked;
    use crate::validate::parse;

    fn three_pods() -> Site {
        parse(include_bytes!("../examples/three-pods.json")).unwrap()
    }

    #[test]
    fn every_decision_is_recomputed_from_its_message() {
        let env = Environment::new();
        let (mut decisions, mut flipped) = (0, 0);
        for site in [three_pods()].into_iter().chain((1..=6).map(|seed| crate::simulate::home(seed, "US"))) {
            let plan = checked(&site);
            for d in &plan.decisions {
                assert_eq!(&recompute(&site, &plan, d.number, &env).unwrap(), d);
                assert!(adds_up(d), "{d:?}");
                decisions += 1;
                if let Some(f) = &d.flip {
                    assert!(flips(&site, &plan, d.number, f.needed).unwrap(), "{f:?}");
                    let before = f.needed - (f.needed - f.value).signum();
                    assert!(!flips(&site, &plan, d.number, before).unwrap(), "{f:?}");
                    flipped += 1;
                }
            }
        }
        eprintln!("{decisions} decisions recomputed, {flipped} with a flip value");
        assert!(decisions >= 60 && flipped * 2 >= decisions, "{flipped} of {decisions}");
    }

    #[test]
    fn undoing_restores_and_pinning_holds() {
        let site = three_pods();
        let plan = checked(&site);
        let t = validate(&site).unwrap();
        let planned = assignment(&site, &t, &plan).unwrap();
        // Apply the plan to the site; then a pin of each old channel brings it back.
        let mut applied = site.clone();
        let mut at = planned.radios.iter();
        for (pod, old) in applied.pods.iter_mut().zip(&site.pods) {
            for (radio, old) in pod.radios.iter_mut().zip(&old.radios) {
                let s = at.next().unwrap();
                let setting = old.current.unwrap();
                radio.current = Some(crate::model::site::Setting {
                    primary: s.channel.primary(),
                    width: s.channel.width(),
                    center: Some(s.channel.center()),
                    punctured: s.channel.punctured(),
                    eirp_dbm: s.eirp_dbm,
                });
                let (primary, width) = (Some(setting.primary), Some(setting.width));
                let pin = crate::model::site::Choice::Radio { pod: None, band: radio.band, primary, width };
                if !site.pins.contains(&pin) && pod.gateway {
                    applied.pins.push(pin);
                }
            }
        }
        let back = checked(&applied);
        for (r, old) in back.radios.iter().zip(site.pods.iter().flat_map(|p| &p.radios)) {
            assert_eq!((r.primary, r.width), (old.current.unwrap().primary, old.current.unwrap().width));
        }
    }

    #[test]
    fn a_plan_of_another_site_is_refused() {
        let (site, env) = (three_pods(), Environment::new());
        let mut plan = plan_site(&site, &env).unwrap();
        assert_eq!(recompute(&site, &plan, 99, &env), Err(WhyError::NoSuchDecision(99)));
        plan.radios[0].radio = "9g".to_owned();
        assert_eq!(recompute(&site, &plan, 0, &env), Err(WhyError::Mismatch));
    }
}
