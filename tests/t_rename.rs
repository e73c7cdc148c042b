//! `t_rename` of the privacy contract: 200 random homes under two namings give the same bytes on every sink, and the same
//! decisions when the order of arrival within a scan is shuffled.

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use millpond_datasets::sim::{Identities, Identity, Scene};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_node::demo::{Setup, sensing_on};
use millpond_node::net::http::{Method, Request};
use millpond_node::net::{Answer, Doors, Keys, Service};
use millpond_node::pipeline::Calendar;
use millpond_node::runtime::{Clock, Control, Household, Outlets, run_once};
use millpond_node::sinks::Board;
use millpond_node::sinks::journal::Journal;
use millpond_node::sinks::page::{Page, json, state};
use millpond_node::sinks::terminal::Terminal;
use millpond_node::telemetry::{AirReport, Reports};
use millpond_report::Raw;
use millpond_tests::canary::{Canaries, Secret};
use millpond_tests::cases;

/// Homes; each runs under two namings and once shuffled.
const SCENES: u64 = 200;
/// How much of each scene.
const SECONDS: u64 = 3;

/// A stream that several hold.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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

/// What a run gave out, and what it decided.
#[derive(PartialEq)]
struct Said {
    sinks: Vec<u8>,
    decisions: Vec<String>,
}

fn run(setup: &Setup, shuffle: Option<u64>) -> Said {
    let mut parts = setup.parts(SECONDS as f64).expect("random scenes are valid");
    if let Some(seed) = shuffle {
        let reports = setup.reports();
        parts.reports = Box::new(Shuffled(move |now| reports.open_report(now), Draw(seed)));
    }
    let control = Arc::new(Control::new(sensing_on(), Calendar::default()));
    let board = Arc::new(Mutex::new(Board::new(setup.labels())));
    let doors = Doors::new(([127, 0, 0, 1], 1).into(), &[]);
    let keys = Keys::from_bytes([7; 32]);
    let house = Arc::new(Household::new(Arc::clone(&control), Clock::start(), Arc::clone(&board)));
    let key = keys.admin.clone();
    let page = Arc::new(Page::new(Arc::clone(&board), doors, keys, house, true));
    let text = Shared::default();
    let out: Box<dyn Write + Send> = Box::new(text.clone());
    let terminal = Some(Terminal::new(out, setup.labels()));
    let page_sink = Some((Arc::clone(&board), Arc::clone(&page)));
    let mut outlets = Outlets { terminal, page: page_sink, journal: Some(Journal::default()), ..Outlets::default() };
    run_once(&mut parts, &control, &mut outlets, Micros(SECONDS * 1_000_000), Micros(60_000_000));
    let mut sinks = text.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    sinks.extend(state(&board.lock().unwrap_or_else(PoisonError::into_inner)).bytes());
    for path in [
        "/",
        "/ja",
        "/history",
        "/privacy",
        "/api/status.txt",
        "/api/why.txt",
        "/api/network.txt",
        "/api/settings",
        "/api/history",
        "/export.json",
        "/export.csv",
        "/export.influx",
    ] {
        sinks.extend(get(&page, path, &key));
    }
    let journal = outlets.journal.expect("it was put there");
    Said { sinks, decisions: journal.decisions.iter().map(json).collect() }
}

fn get(page: &Page, path: &str, key: &str) -> Vec<u8> {
    let host = Some("127.0.0.1:1".to_owned());
    let request = Request { host, key: Some(key.to_owned()), wants_page: true, ..Request::of(Method::Get, path) };
    match page.answer(&request) {
        Answer::Whole(response) => response.body,
        Answer::Stream(_) => panic!("this path is no stream"),
    }
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
