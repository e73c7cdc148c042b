//! The commands of `millpond-lab` that read recordings, as a user calls them.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use millpond_fixture as fixture;
use serde_json::Value;

fn lab(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_millpond-lab")).args(args).output().unwrap()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn inspect(path: &Path) -> (Value, i32, String) {
    let out = lab(&["inspect", path.to_str().unwrap(), "--json"]);
    let json = serde_json::from_slice(&out.stdout).unwrap_or(Value::Null);
    (json, out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn inspect_tells_what_a_whole_recording_holds() {
    let path = folder("whole").join("wrong-extension.txt");
    std::fs::write(&path, fixture::intel5300(40, 1, 3, 2).bytes).unwrap();
    let (json, code, stderr) = inspect(&path);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(json["format"], "intel5300");
    assert_eq!(json["shapes"][0], serde_json::json!({"subcarriers": 30, "rx": 3, "tx": 2, "frames": 40}));
    assert_eq!(json["problems"].as_array().unwrap().len(), 0);
    assert!(json["sum_re"].is_i64() && json["sum_abs"].is_f64());
}

#[test]
fn a_cut_recording_fails_in_one_line_and_keeps_its_frames() {
    let path = folder("cut").join("cut.dat");
    let bytes = fixture::intel5300(40, 1, 3, 2).bytes;
    std::fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let (json, code, stderr) = inspect(&path);
    assert_eq!((code, stderr.lines().count()), (1, 1), "{stderr}");
    assert_eq!(json["frame_count"], 39);
    assert_eq!(json["problems"][0]["kind"], "truncated");
}

#[test]
fn empty_is_a_recording_of_no_frames_and_other_files_are_refused() {
    let folder = folder("other");
    let empty = folder.join("empty.dat");
    std::fs::write(&empty, b"").unwrap();
    let (json, code, stderr) = inspect(&empty);
    assert_eq!((code, &json["frame_count"], stderr.lines().count()), (1, &Value::from(0), 1), "{stderr}");
    let other = folder.join("other.dat");
    std::fs::write(&other, b"a letter").unwrap();
    for path in [other, folder.join("missing.dat"), folder] {
        let (json, code, stderr) = inspect(&path);
        assert_eq!((json, code, stderr.lines().count()), (Value::Null, 1, 1), "{stderr}");
    }
}

#[test]
fn converted_samples_are_the_same() {
    let folder = folder("convert");
    let path = folder.join("walk.csv");
    std::fs::write(&path, fixture::esp32(30, 1, fixture::Esp32Row::EspCsi).bytes).unwrap();
    let before = inspect(&path).0;
    for to in ["millpond", "csv", "npz"] {
        let out = folder.join(format!("out.{to}"));
        let done = lab(&["convert", path.to_str().unwrap(), "--to", to, "--out", out.to_str().unwrap()]);
        assert!(done.status.success(), "{to}: {}", String::from_utf8_lossy(&done.stderr));
        let after = inspect(&out).0;
        assert_eq!(after["frame_count"], before["frame_count"], "{to}");
        // Arrays are grouped by link, so their frames come in another order.
        let key = if to == "npz" { "sum_re" } else { "csi_sha256" };
        assert_eq!(after[key], before[key], "{to}");
    }
    let same = lab(&["convert", path.to_str().unwrap(), "--to", "csv"]);
    assert_eq!(same.status.code(), Some(1), "a recording is never overwritten");
    assert_eq!(lab(&["convert", path.to_str().unwrap(), "--to", "parquet"]).status.code(), Some(3));
}

#[test]
fn the_plot_is_a_picture_of_this_recording() {
    let folder = folder("plot");
    let (path, svg) = (folder.join("walk.pcap"), folder.join("walk.svg"));
    std::fs::write(&path, fixture::nexmon(50, 1, 64, fixture::NexmonWords::Int16, true, false).bytes).unwrap();
    let out = lab(&["inspect", path.to_str().unwrap(), "--plot", svg.to_str().unwrap()]);
    assert!(out.status.success());
    let text = std::fs::read_to_string(svg).unwrap();
    assert!(text.starts_with("<svg") && text.contains("walk.pcap") && text.contains("tone 31"));
    assert!(text.matches("<rect").count() > 100);
}

#[test]
fn formats_lists_every_reader() {
    let out = lab(&["formats", "--json"]);
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(all.as_array().unwrap().len(), millpond_datasets::FORMATS.len());
}
