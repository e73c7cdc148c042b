//! Cases of other planners, planned by ours: where the answers differ, U says which is better and by how much.
//!
//! The cases are not part of this tree. Where they are absent, the tests say so and pass.

use millpond_dsp::phy::{Band, Bandwidth};
use serde_json::Value;

use crate::model::SiteBuilder;
use crate::model::site::{Choice, Setting, Site};
use crate::testing::checked;

fn load(name: &str) -> Option<Value> {
    let path = format!("{}/../../shared/instances/{name}", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = std::fs::read(&path) else {
        eprintln!("{name} is not here; the comparison is skipped");
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

fn number(v: &Value) -> u8 {
    u8::try_from(v.as_u64().unwrap()).unwrap()
}

fn pin(pod: &str, band: Band, primary: u8) -> Choice {
    Choice::Radio { pod: Some(pod.to_owned()), band, primary: Some(primary), width: None }
}

/// The site with a peer's answer pinned.
fn pinned(site: &Site, answers: &[(String, u8)], band: Band) -> Site {
    let mut site = site.clone();
    site.pins.extend(answers.iter().map(|(pod, primary)| pin(pod, band, *primary)));
    site
}

#[test]
fn hostapd_acs_example() {
    let Some(case) = load("acs/hostapd-example.json") else { return };
    let mut b = SiteBuilder::new("EU");
    let pod = b.pod(true);
    b.radio(pod, Band::Ghz2, &[Bandwidth::Mhz20], 20, None);
    b.site().pods[pod].radios[0].primaries = (1..=13).collect();
    // With a noise floor of -113 dBm the rule's first summand is nil: the channel value is the busy share.
    for (channel, value) in case["channel_value"].as_object().unwrap() {
        let busy = (value.as_f64().unwrap() * 1_000.0).round() as u16;
        b.survey(pod, Band::Ghz2, channel.parse().unwrap(), busy, None);
    }
    // More than the channel carries, so that every bit of air counts.
    b.client(400_000, &[(pod, Band::Ghz2, 60)], None);
    let site = b.build();
    let theirs = number(&case["expected_channel"]);
    let ours = checked(&site);
    let peer = checked(&pinned(&site, &[("p1".to_owned(), theirs)], Band::Ghz2));
    let (u, v) = (ours.objective.u_after_milli, peer.objective.u_after_milli);
    eprintln!("hostapd takes {theirs} (U {v}), we take {} (U {u})", ours.radios[0].primary);
    assert!(u >= v, "{u} {v}");
}

/// A case of the RRM service: each access point is a home of one pod, its scan entries are neighbours.
fn rrm_site(case: &Value) -> (Site, Vec<(String, u8)>, Band) {
    let band = if case["band"] == "2G" { Band::Ghz2 } else { Band::Ghz5 };
    let width = Bandwidth::try_from(case["width_mhz"].as_u64().unwrap() as u16).unwrap();
    let primaries: Vec<u8> = case["available_channels"].as_array().unwrap().iter().map(number).collect();
    let mut b = SiteBuilder::new("US");
    let mut expected = Vec::new();
    for (i, ap) in case["aps"].as_array().unwrap().iter().enumerate() {
        let pod = b.pod(true);
        b.home(pod, i);
        let primary = number(&ap["current_channel"]);
        b.radio(pod, band, &[width], 20, Some(Setting { primary, width, center: None, eirp_dbm: 20 }));
        b.site().pods[pod].radios[0].primaries.clone_from(&primaries);
        // The cases give no level and no load: -65 dBm, and a stranger's usual duty cycle.
        for n in ap["scan"].as_array().unwrap() {
            let width = Bandwidth::try_from(n["width_mhz"].as_u64().unwrap_or(20) as u16).unwrap();
            b.neighbour(pod, band, number(&n["channel"]), width, -65, None);
        }
        if !ap["user_channel"].is_null() {
            let id = b.peek().pods[pod].id.clone();
            b.site().pins.push(pin(&id, band, number(&ap["user_channel"])));
        }
        b.client(400_000, &[(pod, band, 60)], Some((pod, 0)));
        let answer = number(&case["expected"][ap["id"].as_str().unwrap()]);
        expected.push((b.peek().pods[pod].id.clone(), answer));
    }
    (b.build(), expected, band)
}

#[test]
fn rrm_channel_cases() {
    let Some(cases) = load("openwifi-rrm/cases.json") else { return };
    let mut better = 0;
    for case in cases["channel"].as_array().unwrap() {
        let (site, theirs, band) = rrm_site(case);
        let ours = checked(&site);
        let peer = checked(&pinned(&site, &theirs, band));
        let (u, v) = (ours.objective.u_after_milli, peer.objective.u_after_milli);
        let mine: Vec<u8> = ours.radios.iter().map(|r| r.primary).collect();
        let answer: Vec<u8> = theirs.iter().map(|t| t.1).collect();
        eprintln!("{}: theirs {answer:?} U {v}, ours {mine:?} U {u}", case["id"]);
        for d in ours.decisions.iter().filter(|_| mine != answer) {
            eprintln!("    {:?} {:?} because {:?}", d.kind, d.to, d.reasons);
        }
        assert!(u >= v, "{}: {u} {v}", case["id"]);
        better += i32::from(u > v);
    }
    assert!(better >= 1, "ours is never better");
}
