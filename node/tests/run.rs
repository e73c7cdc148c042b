//! The real daemon: started with a settings file, fed over loopback UDP at true speed, switched on with its key, killed,
//! and started again.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use millpond_datasets::sim::write::{addresses, esp32_text};
use millpond_datasets::sim::{Identities, Scene, Simulation};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_millpond");

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("millpond-run-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn millpond(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).output().unwrap()
}

/// A running node that does not outlive its test.
struct Node {
    child: Child,
    page: SocketAddr,
    key: String,
}

impl Node {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("run").arg("--config").arg(folder.join("millpond.toml")).arg("--folder").arg(folder.join("state"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        // What comes later is read to its end, so that the node never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        let greeting = line.strip_prefix("page: http://").and_then(|l| l.split_once("/  (admin key: in "));
        let (page, path) = greeting.expect("a greeting");
        let key = std::fs::read_to_string(path.trim_end_matches(')')).unwrap().trim().to_owned();
        assert!(key.len() >= 16 && !line.contains(&key), "the key is in its file alone: {line}");
        Self { child, page: page.parse().unwrap(), key }
    }

    /// Kills it. What it said of the rooms to a log is nothing: only a terminal may show motion in lines.
    fn end(mut self) {
        self.child.kill().unwrap();
        let mut told = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
        assert_eq!(told, "", "a log keeps no motion");
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.page).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    fn state(&self) -> Value {
        let text = self.ask(&format!("GET /api/state HTTP/1.1\r\nHost: {}\r\n\r\n", self.page));
        serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }

    fn sensing(&self, wish: &str, key: &str) -> String {
        let (form, host) = (format!("sensing={wish}"), self.page);
        let head = format!("POST /api/sensing HTTP/1.1\r\nHost: {host}\r\nX-Millpond-Key: {key}\r\n");
        self.ask(&format!("{head}Content-Length: {}\r\n\r\n{form}", form.len()))
    }

    /// Waits until the node's state is as wanted.
    fn wait(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            let state = self.state();
            if is(&state) {
                return state;
            }
            assert!(Instant::now() < until, "{what} within two minutes: {state}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rows of a room that somebody crosses, with the time of each, from `from_s` on.
fn rows(from_s: f64, to_s: f64) -> Vec<(Duration, String)> {
    let scene = Scene::builtin("walk-across").unwrap();
    let names = addresses(&scene, &Identities::generate(&scene, 1));
    let mut text = Vec::new();
    esp32_text(Simulation::new(&scene, 1, to_s).unwrap(), &names, &mut text).unwrap();
    let times = Simulation::new(&scene, 1, to_s).unwrap().map(|f| f.meta.t.0 as f64 / 1e6);
    let lines = std::str::from_utf8(&text).unwrap().lines().skip(1);
    let late = times.zip(lines).filter(|(t, _)| *t >= from_s);
    late.map(|(t, l)| (Duration::from_secs_f64(t - from_s), l.to_owned())).collect()
}

/// An address that is free now.
fn free() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn zone_is(state: &Value, wanted: &str) -> bool {
    state["zones"][0]["state"] == wanted
}

#[test]
fn a_walk_over_udp_is_told_and_the_switch_outlives_a_kill() {
    let folder = folder("udp");
    let (source, lost) = (free(), free());
    let settings = format!(
        "[[zone]]\nnumber = 1\nlabel = \"Room\"\n[page]\nlisten = \"127.0.0.1:0\"\n\
         [[source]]\nkind = \"esp32-udp\"\nlisten = \"{source}\"\n[[source]]\nkind = \"nexmon-udp\"\nlisten = \"{lost}\"\n"
    );
    std::fs::write(folder.join("millpond.toml"), settings).unwrap();
    let node = Node::start(&folder);
    let key = node.key.clone();
    assert!(node.ask("GET /api/state HTTP/1.1\r\nHost: evil.example\r\n\r\n").starts_with("HTTP/1.1 421 "));
    node.wait("it starts with sensing off", |s| s["status"]["sensing"] == "off" && zone_is(s, "off"));
    assert!(UdpSocket::bind(source).is_ok(), "off means that the source is closed");
    assert!(node.sensing("on", "wrong").starts_with("HTTP/1.1 401 "));
    assert!(node.sensing("on", &key).starts_with("HTTP/1.1 200 "));

    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (start, rows) = (Instant::now(), rows(4.0, 24.0));
    let (mut still, mut moving, mut next) = (false, false, Duration::from_secs(3));
    for (i, (at, row)) in rows.iter().enumerate() {
        std::thread::sleep(at.saturating_sub(start.elapsed()));
        let _ = sender.send_to(row.as_bytes(), source);
        // What does not belong there is stepped over.
        if i % 10 == 0 {
            let _ = sender.send_to(&row.as_bytes()[..row.len() / 2], source);
            let _ = sender.send_to(b"\xff\x00 no row", source);
            let _ = sender.send_to(b"no datagram of a chip", lost);
        }
        if *at >= next {
            next += Duration::from_millis(500);
            let state = node.state();
            still |= !moving && zone_is(&state, "still");
            moving |= zone_is(&state, "moving");
        }
    }
    assert!(still && moving, "still before the walk: {still}, moving in it: {moving}");

    // Killed, started again: the switch and the key are as they were.
    node.end();
    let node = Node::start(&folder);
    assert_eq!(node.key, key);
    node.wait("sensing is on again", |s| s["status"]["sensing"] == "on" && s["status"]["source"] == "open");
    assert!(node.sensing("off", &key).starts_with("HTTP/1.1 200 "));
    node.wait("off closes the source", |s| s["status"]["source"] == "closed" && zone_is(s, "off"));
    node.wait("within a frame", |_| UdpSocket::bind(source).is_ok());
    node.end();

    // What somebody edits may lower and never raise.
    let stored = folder.join("state/settings");
    let text = std::fs::read_to_string(&stored).unwrap();
    std::fs::write(&stored, text.replace("on = false", "on = true").replace("level = 1", "level = 3")).unwrap();
    let output = Command::new("timeout")
        .args(["-s", "INT", "2", BINARY, "run", "--config"])
        .arg(folder.join("millpond.toml"))
        .arg("--folder")
        .arg(folder.join("state"))
        .output();
    let stderr = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(stderr.contains("what they would raise was left out") && stderr.contains("stopped"), "{stderr}");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_wrong_settings_file_is_refused_with_every_line() {
    let folder = folder("wrong");
    let file = folder.join("millpond.toml");
    std::fs::write(&file, "[[source]]\nkind = \"esp32-udp\"\nlisten = \"0.0.0.0:1\"\n[page]\nonn = true\n").unwrap();
    for command in [&["check"][..], &["run", "--config"]] {
        let output = millpond(&[command, &[file.to_str().unwrap()]].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("line 3: source[1].listen: ") && stderr.contains("line 5: page.onn: "), "{stderr}");
    }
    std::fs::write(&file, "").unwrap();
    let output = millpond(&["check", file.to_str().unwrap()]);
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("nothing is sensed"));
    let missing = millpond(&["run", "--config", "no-such-file.toml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.toml"));
    let _ = std::fs::remove_dir_all(folder);
}
