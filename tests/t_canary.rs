//! `t_canary` of the privacy contract on the real binary: 64 addresses, 16 network names, 16 host names and 16 IP addresses
//! are planted in the air and in the telemetry of the simulated home. None may come out of any sink in any spelling.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Duration;

use millpond_dsp::phy::Micros;
use millpond_node::config::Labels;
use millpond_node::demo::{Setup, document, sensing_on, verdict};
use millpond_node::pipeline::Calendar;
use millpond_node::runtime::{Control, Outlets, run_once};
use millpond_node::sinks::journal::Journal;
use millpond_tests::canary::{Canaries, Secret};
use millpond_tests::cases;
use millpond_tests::node::{Demo, binary, empty_folder};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// The planted set as the demo's list of identities: every secret once.
fn lines(canaries: &Canaries) -> String {
    let (mut macs, mut ssids, mut hosts, mut ips) = (vec![], vec![], vec![], vec![]);
    for secret in canaries.secrets() {
        match secret {
            Secret::Mac(m) => macs.push(m.map(|b| format!("{b:02x}")).join(":")),
            Secret::Ssid(s) => ssids.push(s.clone()),
            Secret::Host(h) => hosts.push(h.clone()),
            Secret::Ip(ip) => ips.push(ip.to_string()),
        }
    }
    assert_eq!((macs.len(), ssids.len(), hosts.len(), ips.len()), (64, 16, 16, 16));
    let scene = &Setup::home(1).expect("the home is valid").scene;
    let part = |from: &[String], i: usize| from.get(i).cloned().unwrap_or_default();
    let mut names = ssids.iter();
    let mut out = String::new();
    for (i, mac) in macs.iter().enumerate() {
        use millpond_datasets::sim::DeviceKind::{Neighbour, Pod};
        // Network names go to access points: the scene's, and those that are added.
        let ap = scene.devices.get(i).map_or(i >= 16, |d| matches!(d.kind, Pod | Neighbour));
        let ssid = if ap { names.next().cloned().unwrap_or_default() } else { String::new() };
        out += &format!("{mac}\t{}\t{}\t{ssid}\n", part(&ips, i), part(&hosts, i));
    }
    assert!(names.next().is_none(), "every network name is planted");
    out
}

/// Everything that a live demo gives out, by name of the sink.
fn live(folder: &std::path::Path, secret: &str) -> Vec<(String, Vec<u8>)> {
    let list = folder.join("../t_canary.tsv");
    let demo = Demo::start(&["--identities", list.to_str().expect("a plain path")], folder);
    std::thread::sleep(Duration::from_secs(13));
    let mut all = Vec::new();
    for path in [
        "/",
        "/page.css",
        "/page.js",
        "/api/state",
        "/api/status.txt",
        "/api/why.txt",
        "/part/switch",
        "/part/zones",
        "/part/network",
        "/part/why",
        "/part/health",
        "/ja",
        "/privacy",
        "/api/settings",
        "/api/network.txt",
        "/nothing",
    ] {
        all.push((format!("GET {path}"), demo.get(path)));
    }
    for path in ["/history", "/export.json", "/export.csv", "/export.influx", "/api/history"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nX-Millpond-Key: {}\r\n\r\n", demo.address, demo.key);
        all.push((format!("GET {path}"), demo.raw(request.as_bytes(), Duration::from_secs(5))));
    }
    let stream = format!("GET /api/live HTTP/1.1\r\nHost: {}\r\n\r\n", demo.address);
    all.push(("stream".into(), demo.raw(stream.as_bytes(), Duration::from_secs(3))));
    // What a stranger sends is not echoed either.
    all.push(("GET of a secret".into(), demo.get(&format!("/{secret}"))));
    all.push(("POST of a secret".into(), demo.post("/api/unlock", &format!("key={secret}"), "")));
    let foreign = format!("GET / HTTP/1.1\r\nHost: {secret}\r\n\r\n");
    all.push(("foreign host".into(), demo.raw(foreign.as_bytes(), Duration::from_secs(3))));
    all.push(("nonsense".into(), demo.raw(format!("{secret}\r\n\r\n").as_bytes(), Duration::from_secs(3))));
    all.push(("status".into(), run(&["status", "--json", "--port", &demo.address.port().to_string()])));
    all.push(("why".into(), run(&["why", "--port", &demo.address.port().to_string()])));
    all.push(("pause".into(), demo.post("/api/pause", "minutes=15", "Accept: text/html\r\n")));
    all.push(("paused page".into(), demo.get("/")));
    let ended = demo.end();
    assert_eq!(ended.code, Some(0), "Ctrl-C ends it in order");
    all.push(("standard output".into(), ended.out));
    all.push(("standard error".into(), ended.err));
    assert_eq!(fs::read_dir(folder).expect("the folder is there").count(), 0, "a demo writes no file");
    all
}

fn run(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(binary()).args(arguments).output().expect("millpond runs");
    [output.stdout, output.stderr].concat()
}

fn main() -> ExitCode {
    cases::run(
        "t_canary",
        &[
            ("nothing planted comes out of the binary", nothing_planted_comes_out_of_the_binary),
            ("a label that is a secret is found", a_label_that_is_a_secret_is_found),
        ],
    )
}

/// Cases: pairs of a secret and a sink.
fn nothing_planted_comes_out_of_the_binary() -> usize {
    let canaries = Canaries::planted(7);
    let folder = empty_folder("t_canary", TMP);
    let list = folder.join("../t_canary.tsv");
    fs::write(&list, lines(&canaries)).expect("the list can be written");
    let list = list.to_str().expect("a plain path").to_owned();
    let Some(Secret::Host(host)) = canaries.secrets().get(80) else { panic!("80 is a host name") };
    let mut sinks = live(&folder, host);
    sinks.push(("once".into(), run(&["demo", "--once", "--seconds", "20", "--identities", &list])));
    sinks.push(("once --json".into(), run(&["demo", "--once", "--json", "--seconds", "20", "--identities", &list])));
    // A list with a fault in it is refused without a word of what it holds.
    let broken = lines(&canaries).replace('\t', " ");
    let path = folder.join("../t_canary_broken.tsv");
    fs::write(&path, broken).expect("the list can be written");
    sinks.push(("broken list".into(), run(&["demo", "--once", "--identities", path.to_str().expect("a plain path")])));
    for (name, bytes) in &sinks {
        assert!(!bytes.is_empty() || name == "nonsense", "{name} gave nothing to search");
        let found = canaries.search(bytes);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    canaries.secrets().len() * sinks.len()
}

/// The search can fail: a household that calls its kitchen by its network's name says that name on every sink.
fn a_label_that_is_a_secret_is_found() -> usize {
    let canaries = Canaries::planted(7);
    let setup =
        Setup::home(1).expect("the home is valid").with_identities(&lines(&canaries)).expect("the list is valid");
    let said = |setup: &Setup| {
        let mut parts = setup.parts(16.0).expect("the scene is valid");
        let control = Control::new(sensing_on(), Calendar::default());
        let mut outlets = Outlets { journal: Some(Journal::default()), ..Outlets::default() };
        run_once(&mut parts, &control, &mut outlets, Micros(16_000_000), Micros(10_000_000));
        let journal = outlets.journal.expect("it was put there");
        document(setup, &journal, &verdict(setup).expect("the site can be planned"), 16.0)
    };
    assert!(canaries.search(said(&setup).as_bytes()).is_empty());
    let leak = canaries.secrets().iter().find_map(|s| match s {
        Secret::Ssid(s) if s.chars().count() <= 24 => Some(s.clone()),
        _ => None,
    });
    let leak = leak.expect("a name is short enough for a label");
    let zones: Vec<&str> = (0..4).map(|_| leak.as_str()).collect();
    let leaking = Setup { labels: Some(Labels::new(&zones, &[])), ..setup };
    let found = canaries.search(said(&leaking).as_bytes());
    assert!(!found.is_empty(), "the leak is found");
    found.len()
}
