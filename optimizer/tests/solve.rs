//! `millpond-plan solve` from outside: limits, signals, answers to begin with, and hostile files.

// Helpers outside of `#[test]` functions may end a test as well.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use millpond_optimizer::env::SplitMix64;
use serde_json::{Value, json};

fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millpond-plan"));
    command.arg("solve");
    command
}

/// A file that is gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("millpond-solve-{}-{name}", std::process::id()));
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// An instance that nobody proves in a lifetime: many values, all coupled, random costs.
fn endless() -> String {
    let (nodes, values, mut rng) = (60, 12, SplitMix64::new(2));
    let mut edges = Vec::new();
    for u in 0..nodes {
        for v in u + 1..nodes {
            let table: Vec<usize> = (0..values * values).map(|_| rng.below(100)).collect();
            edges.push(json!({ "u": u, "v": v, "table": table }));
        }
    }
    let node = json!({ "domain": (0..values).collect::<Vec<_>>() });
    json!({ "format": "pairwise/1", "nodes": vec![node; nodes], "edges": edges }).to_string()
}

fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_time_limit_ends_a_search_with_an_answer() {
    let file = Scratch::new("time", &endless());
    let got = document(&tool().arg(file.path()).args(["--time", "0.3", "--threads", "2", "--json"]).output().unwrap());
    assert_eq!(got["proved"], false);
    assert_eq!(got["assignment"].as_array().unwrap().len(), 60);
    assert!(got["bound"].as_i64() <= got["cost"].as_i64());
}

#[test]
fn an_answer_can_be_begun_with() {
    let file = Scratch::new("from", &endless());
    let rounds = ["--rounds", "1", "--time", "600", "--json"];
    let first = document(&tool().arg(file.path()).args(rounds).output().unwrap());
    let answer = Scratch::new("answer", &first.to_string());
    let from = |more: &[&str]| {
        document(&tool().arg(file.path()).args(rounds).arg("--from").arg(answer.path()).args(more).output().unwrap())
    };
    assert!(from(&["--seed", "5"])["cost"].as_i64() <= first["cost"].as_i64());
    let kept = from(&["--moves", "3"]);
    assert_eq!((&kept["assignment"], kept["moved"].as_array().unwrap().len()), (&first["assignment"], 0));
    let short = Scratch::new("short", r#"{"values":[0]}"#);
    let refused = tool().arg(file.path()).arg("--from").arg(short.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("node 1"));
}

#[test]
#[cfg(unix)]
fn ctrl_c_answers_with_the_best_so_far() {
    let file = Scratch::new("signal", &endless());
    let mut child = tool()
        .arg(file.path())
        .args(["--time", "100000", "--threads", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first line of progress says that the search is on.
    let mut progress = BufReader::new(child.stderr.take().unwrap());
    progress.read_line(&mut String::new()).unwrap();
    assert!(Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap().success());
    // The rest of the progress is taken off so that the tool never waits for a reader.
    std::thread::spawn(move || progress.lines().for_each(drop));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("cost "));
}

#[test]
fn hostile_files_are_refused_with_every_fault() {
    let text = r#"{"format":"pairwise/1","nodes":[{"domain":[]},{"domain":[1,2],"unary":[1]},{"d":7}],
        "edges":[{"u":0,"v":99,"fn":"same","c":1},{"u":1,"v":1,"fn":"same","c":1}]}"#;
    let file = Scratch::new("faults", text);
    let refused = tool().arg(file.path()).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    for code in ["empty-domain", "unary-length", "domain-index", "edge-node", "edge-loop"] {
        assert!(told.contains(code), "{code} is not in {told}");
    }
    for (name, text) in [("empty", ""), ("words", "not json"), ("deep", &"[".repeat(100_000)), ("nil", "\0\0\0")] {
        let file = Scratch::new(name, text);
        let refused = tool().arg(file.path()).output().unwrap();
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(!refused.stderr.is_empty() && refused.stdout.is_empty(), "{name}");
    }
}
