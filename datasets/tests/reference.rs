//! Every sample recording against the values that other tools read from it.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use millpond_datasets::ReadOptions;
use millpond_datasets::summary::Summary;
use serde_json::Value;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/recordings/formats");

fn references() -> Vec<PathBuf> {
    let Ok(folders) = std::fs::read_dir(SAMPLES) else { return Vec::new() };
    let inside = folders.flatten().filter_map(|f| std::fs::read_dir(f.path()).ok()).flat_map(|files| files.flatten());
    let mut all: Vec<_> = inside.map(|f| f.path()).filter(|p| p.to_string_lossy().ends_with(".ref.json")).collect();
    all.sort();
    all
}

/// Integers and texts equal, sums of |H| and of fractions to 1e-9 of the reference.
fn agrees(key: &str, expected: &Value, actual: &Value) -> bool {
    let sum_of_floats = key == "sum_abs" || (key.starts_with("sum_") && expected.is_f64());
    match (sum_of_floats, expected.as_f64(), actual.as_f64()) {
        (true, Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs(),
        _ => expected == actual,
    }
}

fn check(reference: &Path) -> Vec<String> {
    let name = reference.to_string_lossy().replace(".ref.json", "");
    let text = std::fs::read_to_string(reference).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let mut source = millpond_datasets::open(name.as_ref(), &ReadOptions::default()).unwrap();
    let format = source.info().format;
    let actual = Summary::of(&mut *source, |_| {}).document(format);
    let fields = [
        "format",
        "frame_count",
        "shapes",
        "t_first",
        "t_last",
        "t_backward_steps",
        "rssi_sums",
        "sum_abs",
        "sum_re",
        "sum_im",
        "csi_sha256",
    ];
    let present = fields.iter().filter(|&&key| expected.get(key).is_some());
    let wrong = present.filter(|&&key| !agrees(key, &expected[key], &actual[key]));
    wrong.map(|key| format!("{name}: {key} is {} and should be {}", actual[key], expected[key])).collect()
}

#[test]
fn every_sample_equals_its_reference() {
    let references = references();
    if references.is_empty() {
        eprintln!("NOT TESTED: no sample recordings in {SAMPLES}");
        return;
    }
    let wrong: Vec<String> = references.iter().flat_map(|r| check(r)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{} samples equal their reference values", references.len());
}

#[test]
fn the_name_of_a_file_does_not_matter() {
    for reference in references() {
        let name = reference.to_string_lossy().replace(".ref.json", "");
        let bytes = std::fs::read(&name).unwrap();
        if bytes.is_empty() {
            continue;
        }
        let by_name = millpond_datasets::open(name.as_ref(), &ReadOptions::default()).unwrap().info().format;
        let source = std::io::Cursor::new(bytes);
        let by_content = millpond_datasets::read(source, &ReadOptions::default()).unwrap().info().format;
        assert_eq!(by_name, by_content, "{name}");
    }
}

/// The labelled recordings, read as what `labels.csv` says they are.
#[test]
fn labelled_recordings_hold_what_their_labels_say() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/recordings");
    let Ok(labels) = std::fs::read_to_string(format!("{folder}/labels.csv")) else {
        eprintln!("NOT TESTED: no labelled recordings in {folder}");
        return;
    };
    let mut wrong = Vec::new();
    for row in labels.lines().skip(1) {
        let columns: Vec<&str> = row.split(',').collect();
        let (path, expected) = (format!("{folder}/{}", columns[0]), columns[1]);
        let format = match expected {
            "intel5300-bfee" => "intel5300",
            "esp-csi-c6-csv" | "esp32-csi-tool-csv" => "esp32",
            "rssi-mesh-log" | "phone-gyro-csv" => continue,
            same => same,
        };
        let options = ReadOptions::default();
        let mut source = millpond_datasets::open(path.as_ref(), &options).unwrap();
        let name = source.info().format;
        // The first records alone: the scores read the whole files.
        let mut times = Vec::new();
        while let (Ok(Some(_)) | Err(_), true) =
            (source.next_frame().map(|r| r.map(|r| times.push(r.frame.meta().t.seconds()))), times.len() < 200)
        {
        }
        let rate = (times.len() - 20) as f64 / (times[times.len() - 1] - times[19]);
        // Some rows have no rate.
        let labelled: Option<f64> = columns[8].parse().ok();
        if name != format || labelled.is_some_and(|hz| !(0.5 * hz..2.0 * hz).contains(&rate)) {
            wrong.push(format!("{path}: {name}, {rate:.1} frames/s of {labelled:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
