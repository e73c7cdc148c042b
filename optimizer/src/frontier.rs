//! Moves against gain: for each number of changes the best plan found.

use serde::Serialize;

use crate::env::{Detail, Environment};
use crate::model::plan::Plan;
use crate::model::site::Site;
use crate::planner::plan_site;
use crate::validate::SiteError;

/// What a change is taken to cost, in thousandths of U, from "nothing" to "more than most homes can win".
const COSTS: [u32; 12] = [0, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1_280, 5_120];

/// One point of the frontier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Changed radios, uplinks and clients.
    pub switches: u32,
    /// U in thousandths with changes taken as free.
    pub u_milli: i64,
    /// What a change was taken to cost when the plan was found.
    pub switch_cost_milli: u32,
    /// The plan, without decisions.
    pub plan: Plan,
}

/// The frontier of a site: fewest changes first, and each further point gains something.
///
/// Every plan is the planner's answer at one cost of a change, so a point that no such cost brings out is not found.
///
/// - Errors: every fault of the site at once
/// - Cost: a dozen plans
pub fn frontier(site: &Site, env: &Environment) -> Result<Vec<Point>, Vec<SiteError>> {
    let env = env.clone().with_detail(Detail::Bare);
    let mut points = Vec::new();
    for cost in COSTS {
        let mut site = site.clone();
        site.policy.switch_cost_milli = cost;
        site.policy.max_switches = None;
        let plan = plan_site(&site, &env)?;
        let tries = i64::from(plan.objective.switches) + refusals(&site, &plan);
        let u_milli = plan.objective.u_after_milli + tries * i64::from(cost);
        points.push(Point { switches: plan.objective.switches, u_milli, switch_cost_milli: cost, plan });
        if env.should_stop() {
            break;
        }
    }
    points.sort_by_key(|p| (p.switches, std::cmp::Reverse(p.u_milli)));
    let mut most = i64::MIN;
    points.retain(|p| {
        let gains = p.u_milli > most;
        most = most.max(p.u_milli);
        gains
    });
    Ok(points)
}

/// Requests that the moved clients refused before.
fn refusals(site: &Site, plan: &Plan) -> i64 {
    let moved = site.clients.iter().zip(&plan.clients).filter(|(_, p)| p.changed);
    moved.map(|(c, _)| i64::from(c.refusals)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_moves_gain_more_and_the_dear_end_keeps() {
        let site = crate::validate::parse(include_bytes!("../examples/three-pods.json")).unwrap();
        let points = frontier(&site, &Environment::new()).unwrap();
        assert!(points.len() >= 2, "{points:?}");
        assert!(points.windows(2).all(|w| w[0].switches < w[1].switches && w[0].u_milli < w[1].u_milli));
        assert_eq!(points[0].switches, 0);
    }

    #[test]
    fn a_budget_of_changes_is_kept() {
        for seed in 1..6 {
            let mut site = crate::simulate::home(seed, "US");
            for most in [0, 1, 3] {
                site.policy.max_switches = Some(most);
                let plan = crate::testing::checked(&site);
                assert!(plan.objective.switches <= most, "seed {seed}: {:?}", plan.objective);
            }
        }
    }
}
