//! The household's commands against the real daemon, over its control socket: switches, levels, history that outlives a
//! kill, a full disk and a damaged store, export, import, erasure.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_millpond");
const PATIENCE: Duration = Duration::from_secs(120);

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("millpond-house-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let settings =
        "[[zone]]\nnumber = 1\nlabel = \"Kitchen\"\n[[zone]]\nnumber = 2\n[page]\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(folder.join("millpond.toml"), settings).unwrap();
    folder
}

/// A running node that does not outlive its test.
struct Node {
    child: Child,
    folder: PathBuf,
    state: PathBuf,
}

impl Node {
    fn start(folder: &Path) -> Self {
        Self::start_in(folder, &folder.join("state"))
    }

    fn start_in(folder: &Path, state: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("run").arg("--config").arg(folder.join("millpond.toml")).arg("--folder").arg(state);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|l| l.contains("page: http://"));
        assert!(line.is_some(), "the node says where its page is");
        std::thread::spawn(move || lines.for_each(drop));
        let node = Self { child, folder: folder.to_owned(), state: state.to_owned() };
        // The socket opens a moment after the page.
        node.wait("the control socket", || node.run(&["status"]).status.success());
        node
    }

    fn run(&self, arguments: &[&str]) -> Output {
        // The state's folder may be another one than that of the key, as for somebody who has none.
        Command::new(BINARY)
            .args(arguments)
            .arg("--folder")
            .arg(&self.state)
            .current_dir(&self.folder)
            .output()
            .unwrap()
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "{arguments:?}: {out} {err}");
        out
    }

    fn code(&self, arguments: &[&str]) -> Option<i32> {
        self.run(arguments).status.code()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says(arguments)).unwrap()
    }

    fn wait(&self, what: &str, is: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is() {
            assert!(Instant::now() < until, "{what} within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn kept(&self) -> Value {
        self.json(&["status", "--json"])["status"]["kept"].clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The slot that runs.
fn slot() -> u64 {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 4 * 86_400) / 300
}

/// An export with a recognisable day in a zone: the last `known` slots, and today's and yesterday's hours.
fn export(zone: u8, known: u64) -> String {
    let now = slot();
    let day: Vec<Value> = (0..known)
        .map(|age| json!({"message": "day", "zone": zone, "slot": (now - age) % 288, "level": (now - age) % 7 % 10}))
        .collect();
    let month = json!([{"message": "month", "zone": zone, "day": 1, "hour": 3, "active": 12}]);
    json!({"export": "millpond", "schema": 1, "history": {"slot": now, "day": day, "month": month}}).to_string()
}

fn history(node: &Node) -> (usize, usize) {
    let all = node.json(&["motion", "history", "--json"]);
    (all["day"].as_array().unwrap().len(), all["month"].as_array().unwrap().len())
}

#[test]
fn switches_take_what_they_should_and_are_noted() {
    let folder = folder("switches");
    let node = Node::start(&folder);
    assert_eq!(node.says(&["privacy", "level"]).trim(), "1");
    // Without the key nothing is raised, with it all that was asked for.
    let no_key = ["--key-file", "/nowhere"];
    assert_eq!(node.code(&[&["sensing", "on"][..], &no_key].concat()), Some(3));
    assert_eq!(node.code(&[&["privacy", "level", "2", "--yes"][..], &no_key].concat()), Some(3));
    assert_eq!(node.code(&["privacy", "level", "2"]), Some(3), "nobody sits at a terminal to agree");
    assert_eq!(node.says(&["privacy", "level"]).trim(), "1");
    node.says(&["sensing", "on"]);
    node.says(&["sensing", "off", "--zone", "2"]);
    node.wait("zone 2 off, zone 1 not", || {
        let zones = node.json(&["zones", "--json"]);
        zones[1]["state"] == "off" && zones[0]["state"] == "unknown" && zones[0]["label"] == "Kitchen"
    });
    node.says(&[&["pause"][..], &no_key].concat());
    assert_eq!(node.json(&["status", "--json"])["status"]["sensing"], "paused");
    assert_eq!(node.code(&[&["sensing", "on"][..], &no_key].concat()), Some(3), "anybody pauses, an admin resumes");
    node.says(&["sensing", "on"]);
    assert_eq!(node.json(&["status", "--json"])["status"]["sensing"], "on");
    node.says(&["privacy", "level", "2", "--yes"]);
    assert_eq!(node.says(&["privacy", "level"]).trim(), "2");
    let consents = node.json(&["consent", "--json"]);
    let stands = |m: &str| consents.as_array().unwrap().iter().any(|c| c["matter"] == m && c["stands"] == true);
    assert!(stands("level-2") && stands("sensing") && !stands("keep"), "{consents}");
    node.says(&[&["consent", "withdraw", "level-2"][..], &no_key].concat());
    assert_eq!(node.says(&["privacy", "level"]).trim(), "1");
    let audit = node.json(&["export"])["settings"]["audit"].clone();
    let codes: Vec<&str> = audit.as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap()).collect();
    for code in ["sensing_on", "zone_off", "paused", "resumed", "level_raised", "level_lowered", "history_read"] {
        assert!(codes.contains(&code), "{code} is in the audit: {codes:?}");
    }
    // Level 0: the status on the socket and nothing else; no page.
    let page = std::fs::read_to_string(folder.join("state/settings")).unwrap();
    assert!(page.contains("level = 1"));
    node.says(&["privacy", "level", "0"]);
    assert_eq!(node.json(&["status", "--json"])["zones"], Value::Null);
    assert_eq!((node.code(&["zones"]), node.code(&["why"])), (Some(3), Some(3)));
    assert_eq!(node.code(&["sensing", "on"]), Some(3), "sensing needs level 1");
    node.says(&["privacy", "level", "1", "--yes"]);
    node.says(&["zones"]);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn history_outlives_a_kill_if_it_was_agreed_to_and_an_erasure_is_for_good() {
    let folder = folder("kill");
    let mut node = Node::start(&folder);
    std::fs::write(folder.join("export.json"), export(1, 200)).unwrap();
    node.says(&["import", "export.json"]);
    assert_eq!(history(&node), (200, 1));
    // Memory alone: a restart forgets.
    node.kill();
    let mut node = Node::start(&folder);
    assert_eq!((history(&node), node.kept()), ((0, 0), json!("memory")));
    // Agreed to: a kill without warning costs nothing that was written.
    node.says(&["privacy", "keep", "on", "--yes"]);
    node.says(&["import", "export.json"]);
    node.says(&["erase", "--yes", "--zone", "2"]);
    assert_eq!(node.kept(), "disk");
    let stored = folder.join("state/kept");
    assert!(stored.exists());
    node.kill();
    let mut node = Node::start(&folder);
    assert_eq!(history(&node), (200, 1), "it came back");
    // The export of what came back, imported elsewhere, is the same history.
    node.says(&["export", "--out", "again.json"]);
    let again: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("again.json")).unwrap()).unwrap();
    let csv = node.says(&["export", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 1 + 200 + 1);
    assert_eq!(node.says(&["export", "--format", "influx"]).lines().count(), 201);

    // Damage: in quarantine, shown, not written over, tried again at the next start.
    node.kill();
    let mut bytes = std::fs::read(&stored).unwrap();
    let whole = bytes.clone();
    bytes[60] ^= 1;
    std::fs::write(&stored, &bytes).unwrap();
    let mut node = Node::start(&folder);
    node.wait("quarantine", || node.kept() == "quarantined");
    assert_eq!(history(&node), (0, 0));
    assert_eq!(std::fs::read(&stored).unwrap(), bytes, "it is left alone");
    node.kill();
    std::fs::write(&stored, &whole).unwrap();
    let mut node = Node::start(&folder);
    assert_eq!((history(&node), node.kept()), ((200, 1), json!("disk")), "it came back");

    // A hold: kept, unreadable.
    node.says(&["privacy", "hold", "on"]);
    assert_eq!(history(&node), (0, 0));
    node.kill();
    let node = Node::start(&folder);
    assert_eq!(history(&node), (0, 0), "a hold outlives a kill");
    node.says(&["privacy", "hold", "off"]);
    assert_eq!(history(&node), (200, 1));

    // Erased: nothing in memory, in the store, in the export; another number for other programs.
    let install = |folder: &Path| {
        let text = std::fs::read_to_string(folder.join("state/settings")).unwrap();
        text.lines().find(|l| l.starts_with("install = ")).unwrap().to_owned()
    };
    let before = install(&folder);
    assert_eq!(node.code(&["erase"]), Some(3), "nobody sits at a terminal to agree");
    let erased = node.json(&["erase", "--yes"]);
    assert_eq!(
        (&erased["before"]["slots"], &erased["after"]["slots"], &erased["left"]),
        (&json!(200), &json!(0), &json!("no"))
    );
    assert_eq!(history(&node), (0, 0));
    assert_ne!(install(&folder), before);
    let mut node = node;
    node.kill();
    let node = Node::start(&folder);
    assert_eq!(history(&node), (0, 0));
    std::fs::write(folder.join("again.json"), again.to_string()).unwrap();
    node.says(&["import", "again.json"]);
    let back = node.json(&["motion", "history", "--json"]);
    assert_eq!((&back["day"], &back["month"]), (&again["history"]["day"], &again["history"]["month"]));
    // Part of it: unknown afterwards.
    let to = slot();
    node.says(&["erase", "--yes", "--from", &(to - 9).to_string()]);
    assert!(history(&node).0 <= 191, "{:?}", history(&node));
    for wrong in ["{}", "[]", "\u{0}", "{\"export\":\"millpond\",\"schema\":1,\"history\":{\"slot\":99999999999}}"] {
        std::fs::write(folder.join("wrong.json"), wrong).unwrap();
        assert_eq!(node.code(&["import", "wrong.json"]), Some(1), "{wrong}");
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_full_disk_loses_nothing_that_was_stored() {
    let folder = folder("full");
    let disk = folder.join("disk");
    std::fs::create_dir_all(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(&disk).output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        eprintln!("household: no file system may be mounted here: a full disk is NOT tested");
        return;
    }
    let node = Node::start_in(&folder, &disk);
    std::fs::write(folder.join("export.json"), export(1, 100)).unwrap();
    node.says(&["privacy", "keep", "on", "--yes"]);
    node.says(&["import", "export.json"]);
    node.says(&["erase", "--yes", "--zone", "2"]);
    let stored = std::fs::read(disk.join("kept")).unwrap();
    // Somebody fills the rest.
    let _ = std::fs::write(disk.join("filler"), vec![7; 64 << 10]);
    node.says(&["pause"]);
    assert_eq!(node.json(&["status", "--json"])["status"]["sensing"], "off", "a pause of what is off is off");
    assert_eq!(history(&node), (100, 1), "memory goes on");
    assert_eq!(std::fs::read(disk.join("kept")).unwrap(), stored, "what was stored stands");
    // What may not be there any more goes, full or not.
    let erased = node.json(&["erase", "--yes", "--zone", "1"]);
    assert_eq!((&erased["after"]["slots"], &erased["left"]), (&json!(0), &json!("no")), "{erased}");
    assert!(!disk.join("kept").exists());
    drop(node);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    let _ = std::fs::remove_dir_all(folder);
}
