//! `t_erase` of the privacy contract on the real daemon: planted slots are gone from the store, from the export and from a dump
//! of the process; the installation has another number; a part that was erased is unknown.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use millpond_tests::cases;
use millpond_tests::daemon::Daemon;
use millpond_tests::node::empty_folder;
use serde_json::{Value, json};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
/// Levels that no quiet home has by chance: digits of pi.
const CANARY: &[u8] = b"31415926535897932384626433832795028841971693993751058209749445923078164062862089";
/// The slot of the day that the first of them stands in.
const AT: usize = 100;

fn main() -> ExitCode {
    cases::run("t_erase", &[("everything", everything), ("a zone, a range", parts)])
}

fn slot() -> u64 {
    (SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() - 4 * 86_400) / 300
}

fn planted() -> String {
    let day =
        CANARY.iter().enumerate().map(|(i, c)| json!({"message": "day", "zone": 2, "slot": AT + i, "level": c - b'0'}));
    let day: Vec<Value> = day.collect();
    let month = json!([{"message": "month", "zone": 2, "day": 1, "hour": 3, "active": 12}]);
    json!({"export": "millpond", "schema": 1, "history": {"slot": slot(), "day": day, "month": month}}).to_string()
}

/// How often the canary's bytes stand in the memory of a process; `None` where it may not be read.
fn in_memory(pid: u32) -> Option<usize> {
    let wanted: Vec<u8> = CANARY.iter().map(|c| c - b'0').collect();
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let mut memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut found = 0;
    for line in maps.lines().filter(|l| l.contains(" rw")) {
        let (from, to) = line.split_once(' ')?.0.split_once('-')?;
        let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        memory.seek(SeekFrom::Start(from)).ok()?;
        if memory.read_exact(&mut bytes).is_ok() {
            found += bytes.windows(wanted.len()).filter(|w| *w == wanted.as_slice()).count();
        }
    }
    Some(found)
}

fn known(daemon: &Daemon, zone: u64) -> usize {
    let all: Value = serde_json::from_str(&daemon.says(&["motion", "history", "--json"])).expect("JSON");
    let mine = |key: &str| all[key].as_array().expect("a list").iter().filter(|v| v["zone"] == zone).count();
    mine("day") + mine("month")
}

fn install(daemon: &Daemon) -> String {
    let text = std::fs::read_to_string(daemon.state.join("settings")).expect("the settings were written");
    text.lines().find(|l| l.starts_with("install = ")).expect("a number").to_owned()
}

fn everything() -> usize {
    let folder = empty_folder("t_erase", TMP);
    let file = folder.join("export.json");
    std::fs::write(&file, planted()).expect("a file can be written");
    let daemon = Daemon::start(&folder, "");
    daemon.says(&["privacy", "keep", "on", "--yes"]);
    daemon.says(&["import", file.to_str().expect("a plain path")]);
    daemon.says(&["erase", "--yes", "--zone", "1"]);
    assert!(daemon.state.join("kept").exists() && daemon.state.join("kept-key").exists());
    assert_eq!(known(&daemon, 2), CANARY.len() + 1);
    let before = install(&daemon);
    drop(daemon);
    // Loaded from the store by another process, which has it in memory.
    let daemon = Daemon::start(&folder, "");
    assert_eq!((known(&daemon, 2), install(&daemon)), (CANARY.len() + 1, before.clone()));
    let dumped = in_memory(daemon.pid());
    match dumped {
        Some(n) => assert!(n > 0, "a dump finds what is there"),
        None => eprintln!("t_erase: a process's memory may not be read here: the dump is NOT looked through"),
    }
    let erased: Value = serde_json::from_str(&daemon.says(&["erase", "--yes"])).expect("JSON");
    assert_eq!(
        (&erased["after"]["slots"], &erased["after"]["hours"], &erased["left"]),
        (&json!(0), &json!(0), &json!("no"))
    );
    assert_eq!(known(&daemon, 2), 0);
    if let Some(n) = in_memory(daemon.pid()) {
        assert_eq!(n, 0, "the dump still has {n} copies");
    }
    let export: Value = serde_json::from_str(&daemon.says(&["export"])).expect("JSON");
    assert_eq!((&export["history"]["day"], &export["history"]["month"]), (&json!([]), &json!([])));
    assert_eq!(export["state"]["decisions"], json!([]));
    assert_ne!(install(&daemon), before, "another number");
    // Only what was written since may be there, and nothing of it is the canary.
    for entry in std::fs::read_dir(&daemon.state).expect("a folder").flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(16).any(|w| CANARY.starts_with(w)), "{:?}", entry.path());
    }
    drop(daemon);
    assert_eq!(known(&Daemon::start(&folder, ""), 2), 0, "nor after a restart");
    7
}

fn parts() -> usize {
    let folder = empty_folder("t_erase_parts", TMP);
    let file = folder.join("export.json");
    std::fs::write(&file, planted()).expect("a file can be written");
    let daemon = Daemon::start(&folder, "");
    daemon.says(&["import", file.to_str().expect("a plain path")]);
    daemon.says(&["erase", "--yes", "--zone", "1"]);
    assert_eq!(known(&daemon, 2), CANARY.len() + 1, "another zone stays");
    // A range: the slots of the canary lie within the last day, so half of the day takes some of them at most once.
    let now = slot();
    daemon.says(&["erase", "--yes", "--from", &(now - 288).to_string()]);
    assert!(known(&daemon, 2) <= 1, "the last day; the hour of yesterday may lie before it");
    daemon.says(&["import", file.to_str().expect("a plain path")]);
    daemon.says(&["erase", "--yes", "--zone", "2"]);
    assert_eq!(known(&daemon, 2), 0);
    3
}
