//! Home Assistant's side with a real `mosquitto`: discovery, fixed times and sizes, availability, the switch and the button,
//! a broker that restarts, passwords, TLS.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_millpond");
const PATIENCE: Duration = Duration::from_secs(120);

struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("millpond-mqtt-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn there(name: &str) -> bool {
    let found = Command::new(name).arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("mqtt: no {name}: the broker's side is NOT tested");
    }
    found
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "{what} within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A broker on a port; `more` are lines of its settings.
fn broker(folder: &Path, at: SocketAddr, more: &str) -> Kept {
    let conf = folder.join("mosquitto.conf");
    std::fs::write(&conf, format!("listener {} 127.0.0.1\nuser root\n{more}\n", at.port())).unwrap();
    let child =
        Command::new("mosquitto").arg("-c").arg(&conf).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let kept = Kept(child);
    until("the broker", || TcpStream::connect(at).is_ok());
    kept
}

struct Node {
    _child: Kept,
    state: PathBuf,
}

impl Node {
    fn start(folder: &Path, mqtt: &str) -> Self {
        let settings = format!(
            "[[zone]]\nnumber = 1\nlabel = \"K\u{fc}che \\\"1\\\"\"\n[[zone]]\nnumber = 2\n[page]\nlisten = \"127.0.0.1:0\"\n[mqtt]\non = true\nhold_time_s = 10\n{mqtt}\n"
        );
        std::fs::write(folder.join("millpond.toml"), settings).unwrap();
        let state = folder.join("state");
        let mut command = Command::new(BINARY);
        command.arg("run").arg("--config").arg(folder.join("millpond.toml")).arg("--folder").arg(&state);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.for_each(drop));
        let node = Self { _child: Kept(child), state };
        until("the node", || node.try_says(&["status"]).is_some());
        node
    }

    fn try_says(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new(BINARY).args(arguments).arg("--folder").arg(&self.state).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn says(&self, arguments: &[&str]) -> String {
        self.try_says(arguments).unwrap_or_else(|| panic!("{arguments:?} failed"))
    }

    fn sensing(&self) -> String {
        let all: Value = serde_json::from_str(&self.says(&["status", "--json"])).unwrap();
        all["status"]["sensing"].as_str().unwrap().to_owned()
    }

    /// How its connection is, as the page's health says it.
    fn connection(&self) -> String {
        let all: Value = serde_json::from_str(&self.says(&["export"])).unwrap();
        all["settings"]["broker"].as_str().unwrap().to_owned()
    }
}

/// A message as a subscriber sees it.
struct Seen {
    at: Instant,
    topic: String,
    payload: Vec<u8>,
    retained: bool,
}

/// Subscribes to everything.
fn watch(at: SocketAddr, name: &str) -> (Client, Receiver<Seen>) {
    let mut options = MqttOptions::new(name, at.ip().to_string(), at.port());
    options.set_max_packet_size(1 << 16, 1 << 16);
    let (client, mut connection) = Client::new(options, 64);
    client.subscribe("#", QoS::AtMostOnce).unwrap();
    let (send, seen) = channel();
    let (ready, is_ready) = channel();
    std::thread::spawn(move || {
        for event in connection.iter() {
            match event {
                Ok(Event::Incoming(Packet::SubAck(_))) => drop(ready.send(())),
                Ok(Event::Incoming(Packet::Publish(p))) => {
                    let (topic, payload) = (p.topic, p.payload.to_vec());
                    if send.send(Seen { at: Instant::now(), topic, payload, retained: p.retain }).is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    });
    is_ready.recv_timeout(PATIENCE).unwrap();
    (client, seen)
}

/// Everything until `enough`.
fn gather(seen: &Receiver<Seen>, what: &str, mut enough: impl FnMut(&[Seen]) -> bool) -> Vec<Seen> {
    let (mut all, end) = (Vec::new(), Instant::now() + PATIENCE);
    while !enough(&all) {
        let left = end.saturating_duration_since(Instant::now());
        all.push(seen.recv_timeout(left).unwrap_or_else(|_| panic!("{what} within {PATIENCE:?}")));
    }
    all
}

fn last(all: &[Seen], end: &str, payload: &[u8]) -> bool {
    all.iter().rev().find(|s| s.topic.ends_with(end)).is_some_and(|s| s.payload == payload)
}

#[test]
fn home_assistant_finds_the_rooms_and_a_restart_of_the_broker_heals() {
    if !there("mosquitto") {
        return;
    }
    let folder = folder("home");
    let at = free();
    let first = broker(&folder, at, "allow_anonymous true");
    let node = Node::start(&folder, &format!("broker = \"{at}\""));
    let (client, seen) = watch(at, "watcher");
    // Level 1 has no such sink: nobody comes.
    assert_eq!(node.connection(), "off");
    assert!(seen.recv_timeout(Duration::from_secs(3)).is_err(), "below level 2 nothing is said");
    node.says(&["privacy", "level", "2", "--yes"]);
    let all = gather(&seen, "discovery and three seconds", |all| {
        all.iter().filter(|s| s.topic.ends_with("/zone/2/occupied")).count() >= 3
    });

    // Discovery: what the contract lists, each thing under one random number.
    let configs: BTreeMap<String, Value> = all
        .iter()
        .filter(|s| s.topic.ends_with("/config"))
        .map(|s| (s.topic.clone(), serde_json::from_slice(&s.payload).unwrap()))
        .collect();
    let install = all.iter().find_map(|s| s.topic.strip_prefix("millpond/")?.split('/').next()).unwrap().to_owned();
    assert!(install.len() == 16 && install != "0000000000000000");
    let objects: BTreeSet<&str> = configs.keys().filter_map(|t| t.split('/').nth_back(1)).collect();
    let wanted = [
        "pause",
        "sensing",
        "zone1_level",
        "zone1_motion",
        "zone1_occupancy",
        "zone2_level",
        "zone2_motion",
        "zone2_occupancy",
    ];
    assert!(objects.into_iter().eq(wanted), "{configs:?}");
    let ids: BTreeSet<&str> = configs.values().filter_map(|c| c["unique_id"].as_str()).collect();
    assert_eq!(ids.len(), configs.len());
    for (topic, c) in &configs {
        assert!(c["unique_id"].as_str().unwrap().starts_with(&install) && c["device"]["connections"].is_null());
        let available = c["availability"].as_array().unwrap();
        assert_eq!(available[0]["topic"], format!("millpond/{install}/available"));
        assert_eq!(available.len(), 1 + usize::from(topic.contains("zone")), "{topic}");
    }
    assert!(configs.values().any(|c| c["name"] == "Küche \"1\" motion" && c["device_class"] == "motion"));

    // Once a second, all of one size; off is its own word.
    let sizes =
        |part: &str| all.iter().filter(|s| s.topic.ends_with(part)).map(|s| s.payload.len()).collect::<BTreeSet<_>>();
    assert_eq!((sizes("/zone/1"), sizes("/status"), sizes("/occupied")), ([104].into(), [206].into(), [1].into()));
    assert!(
        all.iter()
            .filter(|s| s.topic.ends_with("/zone/1"))
            .all(|s| !s.retained && s.payload.windows(5).any(|w| w == b"\"off\""))
    );

    // Late subscribers find discovery and availability, and no motion.
    let (late, retained) = watch(at, "late");
    let kept = gather(&retained, "what is retained", |all| all.iter().filter(|s| s.retained).count() >= 9);
    assert!(
        kept.iter().filter(|s| s.retained).all(|s| s.topic.ends_with("/config") || s.topic.ends_with("/available"))
    );
    drop((late, retained));

    // The switch only lowers; the button pauses.
    let say = |topic: &str, payload: &str| {
        client.publish(format!("millpond/{install}/{topic}"), QoS::AtLeastOnce, false, payload).unwrap();
    };
    node.says(&["sensing", "on"]);
    say("pause/set", "PRESS");
    until("a pause", || node.sensing() == "paused");
    say("sensing/set", "OFF");
    until("off", || node.sensing() == "off");
    say("sensing/set", "ON");
    until("the refusal is noted", || node.says(&["export"]).contains("\"refused\""));
    assert_eq!(node.sensing(), "off", "whoever holds the broker's password is no admin");
    node.says(&["sensing", "on"]);
    drop((client, seen));

    // The broker goes and comes back with nothing kept: everything is said again.
    drop(first);
    until("the loss is seen", || node.connection() == "lost");
    let _second = broker(&folder, at, "allow_anonymous true");
    let (client, seen) = watch(at, "watcher");
    gather(&seen, "it comes back", |all| {
        all.iter().any(|s| s.topic.ends_with("_motion/config"))
            && last(all, "/available", b"online")
            && all.iter().any(|s| s.topic.ends_with("/status"))
    });
    assert_eq!(node.sensing(), "on");
    // Times are those of a clock, whatever happens: no second without a message, none with two.
    let all = gather(&seen, "five seconds", |all| all.iter().filter(|s| s.topic.ends_with("/status")).count() >= 6);
    let beats: Vec<Instant> = all.iter().filter(|s| s.topic.ends_with("/status")).map(|s| s.at).collect();
    assert!(beats[5] - beats[0] >= Duration::from_millis(3500), "once a second, not at each event");

    // What a broker kept is no wish: one that was left there while the node was away is not heard when it comes.
    node.says(&["privacy", "level", "1"]);
    let wish = format!("millpond/{install}/sensing/set");
    client.publish(wish.clone(), QoS::AtLeastOnce, true, "OFF").unwrap();
    let (late, retained) = watch(at, "later");
    gather(&retained, "the broker keeps it", |all| all.iter().any(|s| s.retained && s.topic == wish));
    drop((late, retained));
    node.says(&["privacy", "level", "2", "--yes"]);
    gather(&seen, "it is back for two seconds", |all| {
        let offline = all.iter().rposition(|s| s.topic.ends_with("/available") && s.payload == b"offline");
        let after = all.iter().skip(offline.unwrap_or(all.len()));
        after.filter(|s| s.topic.ends_with("/status")).count() >= 3
    });
    assert_eq!(node.sensing(), "on");
    client.publish(wish, QoS::AtLeastOnce, true, "").unwrap();

    // An erasure takes the old number's entities back; a lower level ends it all before it answers.
    node.says(&["erase", "--yes"]);
    gather(&seen, "the old entities go", |all| {
        all.iter()
            .filter(|s| s.topic.contains(&install) && s.topic.ends_with("/config") && s.payload.is_empty())
            .count()
            == 8
    });
    gather(&seen, "a new number comes", |all| {
        all.iter().any(|s| s.topic.ends_with("/status") && !s.topic.contains(&install))
    });
    node.says(&["privacy", "level", "1"]);
    assert_eq!(node.connection(), "off");
    gather(&seen, "the farewell", |all| last(all, "/available", b"offline"));
    std::thread::sleep(Duration::from_secs(2));
    assert!(seen.try_iter().all(|s| s.topic.ends_with("/available")), "nothing is said below level 2");

    // A killed node is told by its last will.
    node.says(&["privacy", "level", "2", "--yes"]);
    gather(&seen, "it is there", |all| last(all, "/available", b"online"));
    drop(node);
    gather(&seen, "the last will", |all| last(all, "/available", b"offline"));
    drop(client);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn passwords_and_certificates_are_checked() {
    if !there("mosquitto") || !there("openssl") || !there("mosquitto_passwd") {
        return;
    }
    let folder = folder("tls");
    let run = |program: &str, line: &str| {
        let done = Command::new(program).args(line.split(' ')).current_dir(&folder).output().unwrap();
        assert!(done.status.success(), "{program} {line}: {}", String::from_utf8_lossy(&done.stderr));
    };
    for name in ["right", "other"] {
        run(
            "openssl",
            &format!("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"),
        );
    }
    std::fs::write(folder.join("san"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    run("openssl", "req -newkey rsa:2048 -nodes -subj /CN=broker -keyout broker.key -out broker.csr");
    run(
        "openssl",
        "x509 -req -in broker.csr -CA right.pem -CAkey right.key -CAcreateserial -days 2 -extfile san -out broker.pem",
    );
    run("mosquitto_passwd", "-b -c passwords pond secret");
    let (at, path) = (free(), |name: &str| folder.join(name).display().to_string());
    let secure = format!(
        "allow_anonymous false\npassword_file {}\ncafile {}\ncertfile {}\nkeyfile {}",
        path("passwords"),
        path("right.pem"),
        path("broker.pem"),
        path("broker.key")
    );
    let _broker = broker(&folder, at, &secure);
    for (password, authority, state) in [
        ("secret", "right.pem", "connected"),
        ("wrong", "right.pem", "refused"),
        ("secret", "other.pem", "lost"),
        ("secret", "", "lost"),
    ] {
        std::fs::write(folder.join("password"), format!("{password}\n")).unwrap();
        let mut mqtt = format!("broker = \"{at}\"\nuser = \"pond\"\npassword_file = \"{}\"\n", path("password"));
        if !authority.is_empty() {
            mqtt += &format!("ca_file = \"{}\"\n", path(authority));
        }
        let _ = std::fs::remove_dir_all(folder.join("state"));
        let node = Node::start(&folder, &mqtt);
        node.says(&["privacy", "level", "2", "--yes"]);
        until(&format!("{state} with {password} and {authority}"), || node.connection() == state);
    }
    let _ = std::fs::remove_dir_all(folder);
}
