//! The independent judge: a second reading of the rules that shares the model, and neither the goal nor the search.
//!
//! It works on the site file and the plan file by their ids, recomputes what the plan is worth by its own evaluation,
//! and reports every violation at once under a stable code.

mod rules;
mod value;

use std::fmt;

use crate::model::plan::{FORMAT, Plan};
use crate::model::site::Site;

/// What is wrong with a plan. The numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// V001: `format` is not `millpond-plan/1`.
    Format,
    /// V002: a radio is missing, unknown, or planned twice.
    Radio,
    /// V003: the channelization has no such channel.
    NoChannel,
    /// V004: the country does not allow the channel.
    Forbidden,
    /// V005: the power is over the limit of the country or the hardware.
    Power,
    /// V006: the hardware does not have the width, the primary, or radar detection.
    Hardware,
    /// V007: the channel overlaps one in its non-occupancy period.
    NonOccupancy,
    /// V008: a pin is not kept.
    Pin,
    /// V009: an objection is not respected.
    Objection,
    /// V010: radios that must share a channel do not.
    Shared,
    /// V011: two radios of one pod overlap.
    Overlap,
    /// V012: an uplink is missing, unknown, planned twice, or joins radios of two bands or homes.
    Uplink,
    /// V013: the two radios of an uplink are not on one channel.
    UplinkChannel,
    /// V014: the uplinks do not lead to the gateway.
    Loop,
    /// V015: an uplink has no path loss, or its level is too low.
    UplinkLevel,
    /// V016: a client is missing, unknown, planned twice, or cannot be served there.
    Client,
    /// V017: a client or an uplink moves that must stay.
    MustStay,
    /// V018: the plan's U is not what it is worth.
    Value,
    /// V019: the plan is worse in U than keeping everything, and everything could be kept.
    Worse,
    /// V020: a `changed` or `keep` mark or the number of switches is wrong.
    Marks,
    /// V021: the time of application does not follow from quiet window and urgency.
    Apply,
    /// V022: the weights of a decision's reasons do not speak for it.
    Reasons,
    /// V023: more changes than `policy.max_switches` allows, and nothing had to change.
    Budget,
    /// V024: where a radio goes when radar shows is not allowed, needs listening, or is not asked for.
    Fallback,
}

impl Code {
    /// The code as messages carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Format => "V001",
            Self::Radio => "V002",
            Self::NoChannel => "V003",
            Self::Forbidden => "V004",
            Self::Power => "V005",
            Self::Hardware => "V006",
            Self::NonOccupancy => "V007",
            Self::Pin => "V008",
            Self::Objection => "V009",
            Self::Shared => "V010",
            Self::Overlap => "V011",
            Self::Uplink => "V012",
            Self::UplinkChannel => "V013",
            Self::Loop => "V014",
            Self::UplinkLevel => "V015",
            Self::Client => "V016",
            Self::MustStay => "V017",
            Self::Value => "V018",
            Self::Worse => "V019",
            Self::Marks => "V020",
            Self::Apply => "V021",
            Self::Reasons => "V022",
            Self::Budget => "V023",
            Self::Fallback => "V024",
        }
    }
}

/// One violation: which rule, where in the plan, what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub code: Code,
    /// Where, as a path in the plan: `radios[2]`.
    pub path: String,
    /// What was found.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code.as_str(), self.path, self.detail)
    }
}

/// What the judge found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// U of the plan in thousandths by the judge's own evaluation; `None` if the plan cannot be evaluated.
    pub u_milli: Option<i64>,
    /// The same for what the site runs now, where the site says it for every radio and uplink.
    pub u_before_milli: Option<i64>,
    /// Every violation, in the order of the plan.
    pub violations: Vec<Violation>,
}

/// Two evaluations of one plan may differ by this much in thousandths of U: their fixed points stop at other steps.
const TOLERANCE: i64 = 2;

/// Judges a plan. The site must be valid; faults of the site are not looked for here.
pub fn judge(site: &Site, plan: &Plan) -> Verdict {
    let mut found = Vec::new();
    if plan.format != FORMAT {
        found.push(violation(Code::Format, "format", "it is not millpond-plan/1"));
    }
    let wish = rules::read(site, plan, &mut found);
    let now = value::running(site);
    let worth = wish.as_ref().map(|w| value::u_milli(site, w));
    let before = now.as_ref().map(|n| value::u_milli(site, n));
    if let (Some(wish), Some(worth)) = (&wish, worth) {
        compare(site, plan, worth, before, &mut found);
        rules::marks(site, plan, wish, &mut found);
        rules::limits(site, plan, wish, &mut found);
    }
    for (i, d) in plan.decisions.iter().enumerate().filter(|(_, d)| !rules::adds_up(d)) {
        let detail = format!("decision {} does not follow from its weights", d.number);
        found.push(violation(Code::Reasons, &format!("decisions[{i}].reasons"), &detail));
    }
    Verdict { u_milli: worth, u_before_milli: before, violations: found }
}

fn compare(site: &Site, plan: &Plan, worth: i64, before: Option<i64>, found: &mut Vec<Violation>) {
    let claimed = plan.objective.u_after_milli;
    if (claimed - worth).abs() > TOLERANCE {
        let detail = format!("the plan claims {claimed}, the judge finds {worth}");
        found.push(violation(Code::Value, "objective.u_after_milli", &detail));
    }
    let wrong_before = match (plan.objective.u_before_milli, before) {
        (Some(claimed), Some(before)) => (claimed - before).abs() > TOLERANCE,
        // The judge does not guess where clients are; the planner may.
        (claimed, before) => claimed.is_none() && before.is_some(),
    };
    if wrong_before {
        let detail = format!("the plan claims {:?}, the judge finds {before:?}", plan.objective.u_before_milli);
        found.push(violation(Code::Value, "objective.u_before_milli", &detail));
    }
    let lost = before.filter(|b| worth + TOLERANCE < *b);
    if let Some(before) = lost.filter(|_| rules::may_stay(site)) {
        let detail = format!("U falls from {before} to {worth}, and nothing had to change");
        found.push(violation(Code::Worse, "objective", &detail));
    }
}

fn violation(code: Code, path: &str, detail: &str) -> Violation {
    Violation { code, path: path.to_owned(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::{Band, Bandwidth};

    use super::*;
    use crate::env::Environment;
    use crate::model::SiteBuilder;
    use crate::model::plan::Apply;
    use crate::model::site::{Choice, DfsState, Grant, Neighbour, Phy, PowerClass};
    use crate::plan_site;
    use crate::validate::parse;

    fn planned() -> (Site, Plan) {
        static ONCE: std::sync::OnceLock<(Site, Plan)> = std::sync::OnceLock::new();
        let make = || {
            let site = parse(include_bytes!("../../examples/three-pods.json")).unwrap();
            let plan = plan_site(&site, &Environment::new()).unwrap();
            (site, plan)
        };
        ONCE.get_or_init(make).clone()
    }

    #[test]
    fn a_good_plan_has_no_violation_and_the_same_worth() {
        let (site, plan) = planned();
        let verdict = judge(&site, &plan);
        assert_eq!(verdict.violations, []);
        assert!((verdict.u_milli.unwrap() - plan.objective.u_after_milli).abs() <= TOLERANCE);
        assert!((verdict.u_before_milli.unwrap() - plan.objective.u_before_milli.unwrap()).abs() <= TOLERANCE);
    }

    /// Plants one fault and expects its code among those found.
    fn plant(code: Code, fault: impl Fn(&mut Site, &mut Plan)) {
        plant_in(planned(), code, fault);
    }

    fn plant_in((mut site, mut plan): (Site, Plan), code: Code, fault: impl Fn(&mut Site, &mut Plan)) {
        fault(&mut site, &mut plan);
        let found = judge(&site, &plan).violations;
        assert!(found.iter().any(|v| v.code == code), "{} not among {found:?}", code.as_str());
    }

    #[test]
    fn every_planted_violation_of_a_radio_is_found() {
        plant(Code::Format, |_, p| p.format = "millpond-plan/2".into());
        plant(Code::Radio, |_, p| p.radios[0].radio = "9g".into());
        plant(Code::Radio, |_, p| drop(p.radios.pop()));
        plant(Code::Radio, |_, p| p.radios.push(p.radios[0].clone()));
        plant(Code::NoChannel, |_, p| p.radios[1].center += 1);
        plant(Code::Forbidden, |_, p| (p.radios[0].primary, p.radios[0].center) = (13, 13));
        plant(Code::Power, |_, p| p.radios[1].eirp_dbm += 12);
        plant(Code::Hardware, |s, _| s.pods[0].radios[1].widths = vec![Bandwidth::Mhz20]);
        plant(Code::Hardware, |_, p| (p.radios[0].primary, p.radios[0].center) = (3, 3));
        plant(Code::NonOccupancy, |s, p| {
            s.dfs =
                vec![DfsState { channel: p.radios[1].primary, radar_events_30d: 0, home: None, non_occupancy: true }];
        });
        let about = |p: &Plan, primary: u8| Choice::Radio {
            pod: None,
            band: p.radios[1].band,
            primary: Some(primary),
            width: None,
        };
        plant(Code::Pin, |s, p| s.pins.push(about(p, 36)));
        plant(Code::Objection, |s, p| s.objections.push(about(p, p.radios[1].primary)));
        plant(Code::Shared, |_, p| (p.radios[2].primary, p.radios[2].center) = (1, 1));
        plant(Code::Overlap, |s, p| {
            let mut twin = s.pods[0].radios[1].clone();
            twin.id = "5gb".into();
            s.pods[0].radios.push(twin);
            let mut planned = p.radios[1].clone();
            planned.radio = "5gb".into();
            p.radios.push(planned);
        });
    }

    /// The plan of a pod with one radio and a client that wants more than any channel carries; the judge has no objection.
    fn lone(band: Band, width: Bandwidth, change: impl Fn(&mut Site)) -> (Site, Plan) {
        let mut b = SiteBuilder::new("US");
        let pod = b.pod(true);
        b.radio(pod, band, &[width], 36, None);
        b.client(4_000_000, &[(pod, band, 75)], None);
        let mut site = b.build();
        change(&mut site);
        let plan = plan_site(&site, &Environment::new()).unwrap();
        assert_eq!(judge(&site, &plan).violations, []);
        (site, plan)
    }

    #[test]
    fn every_planted_violation_of_a_power_class_or_grant_is_found() {
        // Low-power indoor at 80 MHz: 5 dBm/MHz, 24 dBm. Very low power has 14 dBm.
        let indoor = || lone(Band::Ghz6, Bandwidth::Mhz80, |_| {});
        assert_eq!(indoor().1.radios[0].eirp_dbm, 24);
        plant_in(indoor(), Code::Power, |_, p| p.radios[0].eirp_dbm = 25);
        plant_in(indoor(), Code::Power, |s, _| s.pods[0].radios[0].class = PowerClass::VeryLow);
        plant_in(indoor(), Code::Forbidden, |s, p| {
            s.country = "DE".into();
            // Over 6425 MHz.
            (p.radios[0].primary, p.radios[0].center) = (101, 103);
        });
        // A coordinator grants 10 dBm/MHz up to 6425 MHz: 29 dBm at 80 MHz.
        let grant =
            |low_mhz, high_mhz, density_dbm_per_mhz| Grant { pod: "p1".into(), low_mhz, high_mhz, density_dbm_per_mhz };
        let standard = || {
            lone(Band::Ghz6, Bandwidth::Mhz80, |s| {
                s.pods[0].radios[0].class = PowerClass::Standard;
                s.afc = vec![grant(5_925, 6_425, 10)];
            })
        };
        assert_eq!(standard().1.radios[0].eirp_dbm, 29);
        plant_in(standard(), Code::Power, |s, _| s.afc.clear());
        plant_in(standard(), Code::Power, |s, _| s.afc[0].pod = "p2".into());
        plant_in(standard(), Code::Power, |s, _| s.afc[0].density_dbm_per_mhz = 9);
        plant_in(standard(), Code::Power, |s, _| s.pods[0].radios[0].class = PowerClass::LowIndoor);
        // One MHz in the middle of the channel is not granted.
        plant_in(standard(), Code::Power, |s, p| {
            let middle = Band::Ghz6.mhz(p.radios[0].center);
            s.afc = vec![grant(5_925, middle, 10), grant(middle + 1, 6_425, 10)];
        });
        // No grant makes a gap in the country's own table usable: 6425 to 6525 MHz has no standard power.
        plant_in(standard(), Code::Power, |s, p| {
            s.afc = vec![grant(5_925, 7_125, 10)];
            (p.radios[0].primary, p.radios[0].center) = (101, 103);
        });
    }

    #[test]
    fn every_planted_violation_of_a_hole_is_found() {
        let part = || {
            let (mut site, _) = lone(Band::Ghz5, Bandwidth::Mhz80, |_| {});
            (site.pods[0].radios[0].puncture, site.pods[0].radios[0].primaries) = (true, vec![36]);
            site.clients[0].phy = Phy::Eht;
            let busy = Neighbour {
                pod: site.pods[0].id.clone(),
                band: Band::Ghz5,
                primary: 44,
                width: Bandwidth::Mhz20,
                center: None,
                level_dbm: -40,
                duty_permille: Some(600),
            };
            site.neighbours = vec![busy];
            let plan = plan_site(&site, &Environment::new()).unwrap();
            assert_eq!(judge(&site, &plan).violations, []);
            (site, plan)
        };
        assert_eq!(part().1.radios[0].punctured, 0b0100);
        plant_in(part(), Code::Hardware, |s, _| s.pods[0].radios[0].puncture = false);
        // The primary, two that are no pair, a bit over the width, and any hole at 40 MHz.
        for holes in [0b0001, 0b0110, 0b1_0000] {
            plant_in(part(), Code::NoChannel, |_, p| p.radios[0].punctured = holes);
        }
        plant_in(part(), Code::NoChannel, |_, p| {
            (p.radios[0].width, p.radios[0].center, p.radios[0].punctured) = (Bandwidth::Mhz40, 38, 0b10);
        });
        // Worth, where the hole is elsewhere or nowhere.
        plant_in(part(), Code::Value, |_, p| p.radios[0].punctured = 0b1000);
        plant_in(part(), Code::Value, |_, p| p.radios[0].punctured = 0);
        // What is left out may be in its non-occupancy period, what is used may not.
        let radar = |channel| DfsState { channel, radar_events_30d: 0, home: None, non_occupancy: true };
        let (mut site, plan) = part();
        site.dfs = vec![radar(44)];
        assert!(judge(&site, &plan).violations.iter().all(|v| v.code != Code::NonOccupancy));
        plant_in(part(), Code::NonOccupancy, |s, _| s.dfs = vec![radar(48)]);
    }

    #[test]
    fn every_planted_violation_of_the_upper_5_ghz_is_found() {
        let upper = || lone(Band::Ghz5, Bandwidth::Mhz20, |s| s.pods[0].radios[0].primaries = vec![173]);
        assert_eq!((upper().1.radios[0].primary, upper().1.radios[0].eirp_dbm), (173, 33));
        plant_in(upper(), Code::Power, |_, p| p.radios[0].eirp_dbm = 34);
        plant_in(upper(), Code::Hardware, |s, _| s.pods[0].radios[0].primaries.clear());
        plant_in(upper(), Code::Hardware, |s, _| s.pods[0].radios[0].primaries = vec![149, 165]);
        for country in ["CA", "AU", "JP", "DE"] {
            plant_in(upper(), Code::Forbidden, |s, _| s.country = country.into());
        }
        // 80 MHz around 171 reaches over 5850 MHz; a radio that lists nothing up there has not got it.
        let wide = || lone(Band::Ghz5, Bandwidth::Mhz80, |s| s.pods[0].radios[0].primaries = vec![165, 169]);
        plant_in(wide(), Code::Hardware, |s, p| {
            s.pods[0].radios[0].primaries = vec![165];
            (p.radios[0].primary, p.radios[0].center) = (165, 171);
        });
    }

    #[test]
    fn every_planted_violation_of_a_link_or_client_is_found() {
        plant(Code::Uplink, |_, p| drop(p.uplinks.pop()));
        plant(Code::Uplink, |_, p| p.uplinks[0].radio = "2g".into());
        plant(Code::UplinkChannel, |_, p| {
            (p.radios[3].primary, p.radios[3].center, p.radios[3].width) = (36, 36, Bandwidth::Mhz20)
        });
        plant(Code::Loop, |_, p| {
            p.uplinks[0].parent = "bedroom".into();
            p.uplinks[1].parent = "kitchen".into();
        });
        plant(Code::UplinkLevel, |s, p| {
            s.pods[2].uplink = None;
            let parent = p.uplinks[1].parent.clone();
            s.pod_path_loss.iter_mut().filter(|l| l.b == "bedroom" && l.a == parent).for_each(|l| l.loss_db = 130);
        });
        plant(Code::UplinkLevel, |s, _| s.pod_path_loss.clear());
        plant(Code::Client, |_, p| p.clients[0].client = "nobody".into());
        plant(Code::Client, |_, p| drop(p.clients.pop()));
        plant(Code::Client, |_, p| {
            (p.clients[3].pod, p.clients[3].radio, p.clients[3].band) = ("bedroom".into(), "2g".into(), Band::Ghz2)
        });
        plant(Code::MustStay, |_, p| (p.clients[0].radio, p.clients[0].band) = ("2g".into(), Band::Ghz2));
        plant(Code::MustStay, |s, p| {
            s.policy.move_uplinks = false;
            p.uplinks[1].parent = if p.uplinks[1].parent == "hall" { "kitchen".into() } else { "hall".into() };
            s.pods[2].uplink.as_mut().unwrap().parent =
                if p.uplinks[1].parent == "hall" { "kitchen".into() } else { "hall".into() };
        });
        let pin = |pod: &str| Choice::Client { client: "laptop".into(), pod: Some(pod.to_owned()), band: None };
        plant(Code::Pin, |s, _| s.pins.push(pin("bedroom")));
        plant(Code::Objection, |s, p| {
            let parent = Some(p.uplinks[0].parent.clone());
            s.objections.push(Choice::Uplink { pod: "kitchen".into(), parent, band: None });
        });
    }

    #[test]
    fn every_planted_lie_is_found() {
        plant(Code::Value, |_, p| p.objective.u_after_milli += 10);
        plant(Code::Value, |_, p| p.objective.u_before_milli = Some(0));
        plant(Code::Marks, |_, p| p.objective.switches += 1);
        plant(Code::Marks, |_, p| p.keep = true);
        plant(Code::Apply, |_, p| p.apply = Apply::AnyTime { best_minute: None });
        plant(Code::Budget, |s, p| s.policy.max_switches = Some(p.objective.switches - 1));
        let away = |p: &Plan, primary: u8, eirp_dbm: i32| crate::model::plan::Fallback {
            pod: p.radios[1].pod.clone(),
            radio: p.radios[1].radio.clone(),
            primary,
            width: Bandwidth::Mhz20,
            center: primary,
            punctured: 0,
            eirp_dbm,
        };
        // Another radar channel, too much power, no such channel, and a radio that watches for nothing.
        plant(Code::Fallback, |_, p| p.fallbacks = vec![away(p, 116, 20)]);
        plant(Code::Fallback, |_, p| p.fallbacks = vec![away(p, 36, 40)]);
        plant(Code::Fallback, |_, p| p.fallbacks = vec![away(p, 37, 20)]);
        plant(Code::Fallback, |s, p| {
            p.fallbacks = vec![away(p, 36, 20)];
            p.fallbacks[0].radio = s.pods[0].radios[0].id.clone();
        });
        plant(Code::Apply, |s, p| {
            p.apply = Apply::QuietWindow {
                from_minute: s.quiet_window.unwrap().from_minute,
                to_minute: s.quiet_window.unwrap().to_minute,
                best_minute: Some(1_200),
            }
        });
        plant(Code::Reasons, |_, p| p.decisions[0].reasons[0].weight -= 100_000);
        // Everything on the lowest power: allowed, and worse than leaving things as they are.
        plant(Code::Worse, |_, p| p.radios.iter_mut().for_each(|r| r.eirp_dbm = -10));
    }
}
