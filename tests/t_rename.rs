//! `t_rename` of the privacy contract: 200 random homes under two namings give the same bytes on every sink, and the same
//! decisions when the order of arrival within a scan is shuffled.

mod once;

use std::net::IpAddr;
use std::process::ExitCode;

use millpond_datasets::sim::{Identities, Identity, Scene};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_node::demo::{Setup, sensing_on};
use millpond_node::telemetry::{AirReport, Reports};
use millpond_report::Raw;
use millpond_tests::canary::{Canaries, Secret};
use millpond_tests::cases;
use once::Said;

/// Homes; each runs under two namings and once shuffled.
const SCENES: u64 = 200;
/// How much of each scene.
const SECONDS: u64 = 3;

/// A source of numbers for shuffling.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        (1..items.len()).rev().for_each(|i| items.swap(i, self.below(i + 1)));
    }
}

/// The same reports in another order of arrival.
struct Shuffled<F>(F, Draw);

impl<F: Fn(Micros) -> AirReport + Send> Reports for Shuffled<F> {
    fn report(&mut self, now: Micros) -> Raw<AirReport> {
        let (mut r, draw) = (self.0(now), &mut self.1);
        draw.shuffle(&mut r.radios);
        draw.shuffle(&mut r.surveys);
        draw.shuffle(&mut r.neighbours);
        draw.shuffle(&mut r.stations);
        draw.shuffle(&mut r.pod_losses);
        r.stations.iter_mut().for_each(|s| draw.shuffle(&mut s.losses));
        Raw::new(r)
    }
}

fn run(setup: &Setup, shuffle: Option<u64>) -> Said {
    let mut parts = setup.parts(SECONDS as f64).expect("random scenes are valid");
    if let Some(seed) = shuffle {
        let reports = setup.reports();
        parts.reports = Box::new(Shuffled(move |now| reports.open_report(now), Draw(seed)));
    }
    once::run(setup, parts, sensing_on(), SECONDS)
}

/// A scene under one naming.
fn named(scene: &Scene, seed: u64, secrets: &[Secret]) -> Setup {
    let (mut macs, mut hosts, mut ssids, mut ips) = (vec![], vec![], vec![], vec![]);
    for secret in secrets {
        match secret {
            Secret::Mac(m) => macs.push(MacAddr(*m)),
            Secret::Host(h) => hosts.push(h.clone()),
            Secret::Ssid(s) => ssids.push(s.clone()),
            Secret::Ip(ip) => ips.push(*ip),
        }
    }
    let identity = |i: usize| Identity {
        mac: macs[i],
        host_name: hosts[i % hosts.len()].clone(),
        ip: [0; 4],
        ssid: Some(ssids[i % ssids.len()].clone()),
    };
    let devices = scene.devices.len();
    assert!(devices <= macs.len(), "{devices} devices want as many addresses");
    let identities = Identities::new(scene, (0..devices).map(identity).collect()).expect("one for each device");
    let ips: Vec<IpAddr> = ips.iter().copied().cycle().take(devices).collect();
    Setup { identities, ips, ..Setup::of(scene.clone(), seed) }
}

fn main() -> ExitCode {
    cases::run(
        "t_rename",
        &[
            ("names and order leave no trace", names_and_order_leave_no_trace),
            ("a naming that is no renaming is noticed", a_naming_that_is_no_renaming_is_noticed),
        ],
    )
}

/// Cases: scenes, each under two namings and once shuffled.
fn names_and_order_leave_no_trace() -> usize {
    let canaries = Canaries::planted(11);
    let (mut bytes, mut decisions) = (0, 0);
    for seed in 0..SCENES {
        let scene = Scene::random(seed);
        let a = run(&named(&scene, seed, canaries.secrets()), None);
        let b = run(&named(&scene, seed, &canaries.renamed(1000 + seed)), None);
        assert!(a.sinks == b.sinks, "scene {seed}: another naming gives other bytes");
        let shuffled = run(&named(&scene, seed, canaries.secrets()), Some(seed));
        assert_eq!(a.decisions, shuffled.decisions, "scene {seed}: another order gives other decisions");
        bytes += a.sinks.len();
        decisions += a.decisions.len();
    }
    assert!(decisions > SCENES as usize / 2, "only {decisions} decisions were compared");
    println!("t_rename: {bytes} bytes and {decisions} decisions are the same");
    SCENES as usize
}

/// The comparison can fail: a home in which one pod's address is not the one that the household named is another home.
fn a_naming_that_is_no_renaming_is_noticed() -> usize {
    let canaries = Canaries::planted(11);
    let scene = Scene::builtin("home").expect("the home is valid");
    let setup = named(&scene, 1, canaries.secrets());
    let a = run(&setup, None);
    // Two devices under one address: no injection.
    let first = setup.identities.of(0).expect("the home has devices").mac;
    let all = setup
        .identities
        .iter()
        .map(|i| Identity { mac: if i.host_name.is_empty() { i.mac } else { first }, ..i.clone() });
    let identities = Identities::new(&scene, all.collect()).expect("one for each device");
    let b = run(&Setup { identities, ..named(&scene, 1, canaries.secrets()) }, None);
    assert!(a.sinks != b.sinks);
    1
}
