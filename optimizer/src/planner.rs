//! From a site to a plan: state J, solve it, judge by U, explain.

use crate::env::Environment;
use crate::explain;
use crate::goal::exact::{self, Exact};
use crate::goal::{Goal, switches};
use crate::model::plan::{Apply, FORMAT, Objective, Plan, PlannedClient, PlannedRadio, PlannedUplink, Urgency};
use crate::model::site::Site;
use crate::model::topology::{Assignment, Topology};
use crate::pairwise::{Form, HARD, Problem, ProblemBuilder, Solution, solve};
use crate::validate::{Code, SiteError, validate};

/// Factors on the switch cost that are tried in turn while U finds the plan worse than keeping everything.
const RELUCTANCE: [u32; 3] = [1, 4, 16];

/// A plan in index form.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What every radio, uplink and client does.
    pub assignment: Assignment,
    /// The same as values of J's nodes, if J can express it.
    pub values: Option<Vec<usize>>,
    /// What it is worth.
    pub objective: Objective,
    /// U of what runs now.
    pub before: Option<Exact>,
    /// U of the plan.
    pub after: Exact,
    /// True if nothing changes because U found no gain: then by how much the best change would have lost.
    pub no_exact_gain: Option<i64>,
}

/// Plans a site: the whole way from data to an explained plan.
///
/// The plan is never worse in U than keeping everything, if keeping everything is allowed. With a limit in rounds (the
/// default of [`Environment`]) the plan is the same on every machine and with any number of threads.
///
/// - Errors: every fault of the site at once
/// - Cost: dominated by the search; a home of five pods takes some milliseconds
pub fn plan_site(site: &Site, env: &Environment) -> Result<Plan, Vec<SiteError>> {
    let t = validate(site)?;
    let planned = plan_topology(&t, env).map_err(|e| vec![e])?;
    Ok(to_plan(site, &t, &planned))
}

/// Plans a valid site in index form, without explanations.
pub fn plan_topology(t: &Topology, env: &Environment) -> Result<Planned, SiteError> {
    let keep = t.current().filter(|a| is_legal(t, a));
    let before = t.current().map(|a| exact::evaluate(t, &a));
    let mut best: Option<Planned> = None;
    for factor in RELUCTANCE {
        let eager = with_switch_cost(t, t.policy.switch_cost_milli.saturating_mul(factor));
        let Some(found) = search(&eager, env) else { break };
        let planned = judge(&eager, found, before.clone(), t);
        let enough = keep.is_none() || before.as_ref().is_none_or(|b| planned.after.u_milli >= b.u_milli);
        if enough {
            return Ok(planned);
        }
        if best.as_ref().is_none_or(|b| planned.after.u_milli > b.after.u_milli) {
            best = Some(planned);
        }
    }
    match (keep, before) {
        (Some(a), Some(now)) => Ok(keep_all(t, a, now, best)),
        _ => Err(SiteError::conflict()),
    }
}

/// The site with another cost of a change.
pub(crate) fn with_switch_cost(t: &Topology, milli: u32) -> Topology {
    let mut other = t.clone();
    other.policy.switch_cost_milli = milli;
    other
}

/// What a search found.
struct Found {
    values: Vec<usize>,
    solution: Solution,
}

/// Minimises J; `None` if every assignment that was found breaks a hard rule.
fn search(t: &Topology, env: &Environment) -> Option<Found> {
    let goal = Goal::new(t);
    let problem = to_problem(&goal);
    let mut solution = solve(&problem, env);
    let now = t.current().and_then(|a| goal.encode(&a));
    if let Some(now) = now.filter(|now| problem.cost(now) <= solution.cost) {
        solution.cost = problem.cost(&now);
        solution.values = now;
    }
    let mut values = solution.values.clone();
    descend(&problem, &mut values);
    (problem.violations(&values) == 0).then_some(Found { values, solution })
}

/// Moves one decision at a time to its cheapest value until none gets cheaper, so that every decision can be explained
/// with the others held. A tie stays as it is.
fn descend(problem: &Problem, values: &mut [usize]) {
    let mut edges = vec![Vec::new(); problem.nodes()];
    for e in problem.edges() {
        edges[e.u].push(*e);
        edges[e.v].push(*e);
    }
    let mut changed = true;
    while changed {
        changed = false;
        for n in 0..problem.nodes() {
            let cost = |v: usize| {
                let pair = |e: &crate::pairwise::Edge| {
                    if e.u == n { problem.pair(e, v, values[e.v]) } else { problem.pair(e, values[e.u], v) }
                };
                problem.unary(n, v) + edges[n].iter().map(pair).sum::<i64>()
            };
            let best = (0..problem.domain(n)).min_by_key(|&v| cost(v)).expect("a node has a value");
            if cost(best) < cost(values[n]) {
                values[n] = best;
                changed = true;
            }
        }
    }
}

/// J as a pairwise problem.
pub(crate) fn to_problem(goal: &Goal) -> Problem {
    let mut b = ProblemBuilder::new();
    for n in 0..goal.nodes().len() {
        b.node((0..goal.values(n).len()).map(|v| goal.unary(n, v).total()).collect());
    }
    for &(u, v) in goal.edges() {
        let (rows, cols) = (goal.values(u).len(), goal.values(v).len());
        let costs =
            (0..rows).flat_map(|x| (0..cols).map(move |y| (x, y))).map(|(x, y)| goal.pair((u, v), x, y).total());
        let costs: Vec<i64> = costs.collect();
        if costs.iter().any(|c| *c != 0) {
            let table = b.table(rows, cols, costs);
            b.edge(u, v, Form::Table(table));
        }
    }
    match b.build() {
        Ok(problem) => problem,
        Err(faults) => unreachable!("J makes well-formed problems: {faults:?}"),
    }
}

/// Values a finding by J at the switch cost it was made with, and by U at the policy's.
fn judge(t: &Topology, found: Found, before: Option<Exact>, policy: &Topology) -> Planned {
    let goal = Goal::new(t);
    let assignment = goal.decode(&found.values);
    let after = exact::evaluate(policy, &assignment);
    let j = |a: &Assignment| goal.encode(a).map(|v| goal.costs(&v).total());
    let objective = Objective {
        j_before_milli: t.current().as_ref().and_then(j),
        j_after_milli: j(&assignment),
        j_bound_milli: found.solution.bound,
        proved: found.solution.proved,
        u_before_milli: before.as_ref().map(|b| b.u_milli),
        u_after_milli: after.u_milli,
        switches: switches(t, &assignment) as u32,
        switch_cost_milli: t.policy.switch_cost_milli,
    };
    Planned { assignment, values: Some(found.values), objective, before, after, no_exact_gain: None }
}

fn keep_all(t: &Topology, a: Assignment, now: Exact, best: Option<Planned>) -> Planned {
    let goal = Goal::new(t);
    let values = goal.encode(&a);
    let j = values.as_ref().map(|v| goal.costs(v).total());
    let found = best.map(|b| (b.objective, now.u_milli - b.after.u_milli));
    let objective = Objective {
        j_before_milli: j,
        j_after_milli: j,
        j_bound_milli: found.map_or(-HARD, |f| f.0.j_bound_milli),
        proved: false,
        u_before_milli: Some(now.u_milli),
        u_after_milli: now.u_milli,
        switches: 0,
        switch_cost_milli: t.policy.switch_cost_milli,
    };
    let lost = Some(found.map_or(0, |f| f.1));
    Planned { assignment: a, values, objective, before: Some(now.clone()), after: now, no_exact_gain: lost }
}

/// True if what runs may go on: country, hardware, radar state, pins and objections.
fn is_legal(t: &Topology, a: &Assignment) -> bool {
    let uplink = |(p, l): (&crate::model::topology::PodNode, &Option<_>)| l.is_none_or(|l| p.uplinks.contains(&l));
    t.radios.iter().all(|r| r.legal_now)
        && t.pods.iter().zip(&a.uplinks).all(uplink)
        && a.clients.iter().enumerate().all(|(c, &r)| t.client_loss_db(c, r).is_some())
}

impl SiteError {
    /// No assignment meets all hard rules at once.
    fn conflict() -> Self {
        Self {
            code: Code::NothingShared,
            path: "pods".to_owned(),
            detail: "the search found no setting of all radios and uplinks that meets every rule".to_owned(),
        }
    }
}

fn to_plan(site: &Site, t: &Topology, p: &Planned) -> Plan {
    let keep = p.objective.switches == 0 && t.current().is_some();
    Plan {
        format: FORMAT.to_owned(),
        keep,
        radios: planned_radios(site, t, p),
        uplinks: planned_uplinks(site, t, p),
        clients: planned_clients(site, t, p),
        objective: p.objective,
        apply: apply(t, keep),
        decisions: explain::decisions(site, t, p),
    }
}

fn planned_radios(site: &Site, t: &Topology, p: &Planned) -> Vec<PlannedRadio> {
    let one = |(r, s): (usize, &crate::model::topology::Tuned)| {
        let radio = &t.radios[r];
        PlannedRadio {
            pod: site.pods[radio.pod].id.clone(),
            radio: radio_id(site, t, r),
            band: radio.band,
            primary: s.channel.primary(),
            width: s.channel.width(),
            center: s.channel.center(),
            eirp_dbm: s.eirp_dbm,
            changed: radio.current != Some(*s),
            cac_s: t.domain.permit(s.channel, radio.tpc).map_or(0, |p| p.cac_s),
        }
    };
    p.assignment.radios.iter().enumerate().map(one).collect()
}

/// The id of a radio of the flat list.
pub(crate) fn radio_id(site: &Site, t: &Topology, r: usize) -> String {
    let pod = t.radios[r].pod;
    site.pods[pod].radios[r - t.pods[pod].radios[0]].id.clone()
}

fn planned_uplinks(site: &Site, t: &Topology, p: &Planned) -> Vec<PlannedUplink> {
    let links = p.assignment.uplinks.iter().enumerate().filter_map(|(pod, l)| l.map(|l| (pod, l)));
    let one = |(pod, l): (usize, crate::model::topology::Link)| PlannedUplink {
        pod: site.pods[pod].id.clone(),
        parent: site.pods[l.parent].id.clone(),
        band: t.radios[l.radio].band,
        radio: radio_id(site, t, l.radio),
        parent_radio: radio_id(site, t, l.parent_radio),
        changed: t.pods[pod].uplink != Some(l),
    };
    links.map(one).collect()
}

fn planned_clients(site: &Site, t: &Topology, p: &Planned) -> Vec<PlannedClient> {
    let one = |(c, &r): (usize, &usize)| PlannedClient {
        client: site.clients[c].id.clone(),
        pod: site.pods[t.radios[r].pod].id.clone(),
        radio: radio_id(site, t, r),
        band: t.radios[r].band,
        changed: t.clients[c].current.is_some_and(|now| now != r),
        before_permille: p.before.as_ref().map(|b| b.served_permille[c]),
        after_permille: p.after.served_permille[c],
    };
    p.assignment.clients.iter().enumerate().map(one).collect()
}

fn apply(t: &Topology, keep: bool) -> Apply {
    let unusable = t.radios.iter().filter(|r| r.current.is_some() && !r.legal_now);
    let radar = |r: &crate::model::topology::RadioNode| {
        let now = r.current.expect("filtered").channel;
        t.non_occupancy.iter().any(|&n| {
            use millpond_dsp::phy::{Band, Bandwidth, Channel};
            Channel::new(Band::Ghz5, n, Bandwidth::Mhz20).is_some_and(|x| x.overlaps(now))
        })
    };
    let urgent = unusable.map(|r| if radar(r) { Urgency::Radar } else { Urgency::NotAllowed });
    match (keep, urgent.min_by_key(|u| *u as u8), t.quiet_window) {
        (true, ..) => Apply::Never,
        (false, Some(reason), _) => Apply::Now { reason },
        (false, None, Some(q)) => Apply::QuietWindow { from_minute: q.from_minute, to_minute: q.to_minute },
        (false, None, None) => Apply::AnyTime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::parse;

    fn three_pods() -> Site {
        parse(include_bytes!("../examples/three-pods.json")).unwrap()
    }

    #[test]
    fn a_busy_home_gets_better() {
        let plan = plan_site(&three_pods(), &Environment::new()).unwrap();
        let o = plan.objective;
        assert!(o.u_after_milli > o.u_before_milli.unwrap(), "{o:?}");
        assert!(o.j_after_milli.unwrap() < o.j_before_milli.unwrap(), "{o:?}");
        // The neighbour sits on 36 to 48.
        assert!(plan.radios.iter().filter(|r| r.radio == "5g").all(|r| r.primary > 48), "{plan:?}");
    }

    #[test]
    fn one_plan_for_any_number_of_threads() {
        let site = three_pods();
        let one = plan_site(&site, &Environment::new()).unwrap();
        assert_eq!(one, plan_site(&site, &Environment::new().with_threads(2)).unwrap());
        assert_eq!(one, plan_site(&site, &Environment::new().with_threads(5)).unwrap());
    }

    #[test]
    fn a_satisfied_home_is_left_alone() {
        let mut site = three_pods();
        site.clients.iter_mut().for_each(|c| c.demand_kbps = 100);
        let plan = plan_site(&site, &Environment::new()).unwrap();
        assert!(plan.keep, "{plan:?}");
        assert_eq!(plan.apply, Apply::Never);
        assert_eq!(plan.objective.u_after_milli, plan.objective.u_before_milli.unwrap());
    }

    #[test]
    fn radar_makes_it_urgent() {
        let mut site = three_pods();
        let now = crate::model::site::Setting {
            primary: 120,
            width: millpond_dsp::phy::Bandwidth::Mhz20,
            center: None,
            eirp_dbm: 20,
        };
        for pod in &mut site.pods {
            pod.radios[1].current = Some(now);
        }
        let plan = plan_site(&site, &Environment::new()).unwrap();
        assert_eq!(plan.apply, Apply::Now { reason: Urgency::Radar });
        assert!(plan.radios.iter().all(|r| r.primary != 120));
    }
}
