//! Every sample recording against the values that other tools read from it, field by field.
//!
//! A field of a reference that is neither compared nor listed as told otherwise fails the test: nothing is passed over
//! in silence. Without the recordings the tests say so.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use millpond_datasets::format::{intel5300, nexmon};
use millpond_datasets::summary::Summary;
use millpond_datasets::{ReadOptions, Record};
use serde_json::{Value, json};

const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/recordings");

/// What `inspect --json` prints and a reference may hold.
const PRINTED: [&str; 11] = [
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
/// What is compared in other ways below.
const OTHERWISE: [&str; 10] = [
    "bytes",
    "frames",
    "file",
    "noise_sum",
    "agc_sum",
    "bfee_count_sum",
    "scaled",
    "auto10",
    "bandwidth_mhz",
    "seq_sum",
];
/// Where the sample comes from and how its values were made, and header fields that a frame does not carry.
const NOT_READ: [&str; 26] = [
    "name",
    "what",
    "source",
    "sha256",
    "note",
    "order",
    "made_with",
    "peers",
    "versions",
    "rate_sum",
    "payload_len_sum",
    "perm_counts",
    "mpdu_bytes_sum",
    "devices",
    "legacy_csi",
    "ftm_first",
    "ftm_last",
    "rate_n_flags",
    "chip",
    "core_stream_counts",
    "packets_with_extra_bytes",
    "csi_is",
    "columns",
    "len_field_values",
    "local_timestamp_first",
    "local_timestamp_last",
];

/// Says aloud that a test had nothing to test: written past the macros, whose output the test runner keeps to itself.
fn nothing_to_test(what: &str) {
    let said = format!("\nNOT TESTED: no {what} in {RECORDINGS}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
}

fn references() -> Vec<PathBuf> {
    let Ok(folders) = std::fs::read_dir(format!("{RECORDINGS}/formats")) else { return Vec::new() };
    let inside = folders.flatten().filter_map(|f| std::fs::read_dir(f.path()).ok()).flat_map(|files| files.flatten());
    let mut all: Vec<_> = inside.map(|f| f.path()).filter(|p| p.to_string_lossy().ends_with(".ref.json")).collect();
    all.sort();
    all
}

/// Integers and texts equal, sums of |H| and of fractions to 1e-9 of the reference.
fn agrees(key: &str, expected: &Value, actual: &Value) -> bool {
    let sum_of_floats = key.contains("sum_abs") || key.contains("dbm") || expected.is_f64() && key.starts_with("sum_");
    match (expected, actual, expected.as_f64(), actual.as_f64()) {
        (_, _, Some(a), Some(b)) if sum_of_floats => (a - b).abs() <= 1e-9 * a.abs(),
        // Reading JSON may cost the last bit of a fraction; the digest has it.
        (_, _, Some(a), Some(b)) if expected.is_f64() => (a - b).abs() <= 1e-15 * a.abs(),
        (Value::Array(a), Value::Array(b), ..) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agrees("", a, b)),
        _ => expected == actual,
    }
}

/// The fields of a reference that a pass over the records makes.
#[derive(Default)]
struct Extras {
    frames: Vec<Value>,
    noise: i64,
    agc: i64,
    bfee_count: i64,
    seq: i64,
    widths: Vec<u16>,
    scaled_abs: f64,
    scaled_first: f64,
    rss: Vec<f64>,
    auto: (f64, i64, i64),
    scratch: Vec<(i32, i32)>,
}

impl Extras {
    fn add(&mut self, index: u64, wanted: &[u64], r: &Record<'_>) {
        let meta = r.frame.meta();
        if wanted.contains(&index) {
            let (mut re, mut im) = (Vec::new(), Vec::new());
            r.for_each_stored(|x, y| {
                re.push(number(x));
                im.push(number(y));
            });
            let (n, rx, tx) = r.stored.shape;
            self.frames.push(
                json!({"index": index, "t": r.device_s, "rssi": r.rssi, "shape": [n, rx, tx], "re": re, "im": im}),
            );
        }
        self.noise += meta.noise.map_or(-127, |n| n.0 as i64);
        self.agc += meta.gain.map_or(0, |g| g.0 as i64);
        self.bfee_count += meta.seq.map_or(0, i64::from);
        self.seq += meta.seq.map_or(0, i64::from);
        if !self.widths.contains(&meta.width.mhz()) {
            self.widths.push(meta.width.mhz());
        }
        if let Some(scale) = intel5300::snr_scale(r) {
            let mut sum = 0.0;
            r.for_each_stored(|re, im| sum += scale * re.hypot(im));
            self.scaled_abs += sum;
            if index == 0 {
                self.scaled_first = sum;
            }
        }
        let agc = meta.gain.map_or(0.0, |g| f64::from(g.0));
        self.rss.extend(intel5300::total_rss_dbm(r.rssi, agc));
        nexmon::block_scaled(r, &mut self.scratch);
        for &(re, im) in &self.scratch {
            self.auto.0 += f64::from(re).hypot(f64::from(im));
            self.auto.1 += i64::from(re);
            self.auto.2 += i64::from(im);
        }
    }
}

/// As JSON has it: integers without a fraction.
fn number(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() < 1e15 { json!(x as i64) } else { json!(x) }
}

/// Everything in which a sample differs from its reference.
fn check(reference: &Path) -> Vec<String> {
    let name = reference.to_string_lossy().replace(".ref.json", "");
    let text = std::fs::read_to_string(reference).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let mut source = millpond_datasets::open(name.as_ref(), &ReadOptions::default()).unwrap();
    let format = source.info().format;
    let none = Vec::new();
    let frames = expected["frames"].as_array().unwrap_or(&none);
    let wanted: Vec<u64> = frames.iter().filter_map(|f| f["index"].as_u64()).collect();
    let (mut extras, mut index) = (Extras::default(), 0);
    let summary = Summary::of(&mut *source, |record| {
        extras.add(index, &wanted, record);
        index += 1;
    });
    let actual = summary.document(format);
    let mut wrong = Vec::new();
    let mut compare = |key: &str, expected: &Value, actual: &Value| {
        if !agrees(key, expected, actual) {
            let short = |v: &Value| v.to_string().chars().take(200).collect::<String>();
            wrong.push(format!("{name}: {key} is {} and should be {}", short(actual), short(expected)));
        }
    };
    for (key, value) in expected.as_object().unwrap() {
        let known = [&PRINTED[..], &OTHERWISE, &NOT_READ].iter().any(|list| list.contains(&key.as_str()));
        assert!(known, "{name}: the reference's field {key} is compared by nothing");
        if PRINTED.contains(&key.as_str()) {
            compare(key, value, &actual[key]);
        }
    }
    compare("bytes", &expected["bytes"], &json!(std::fs::metadata(&name).unwrap().len()));
    compare("frames in full", &json!(frames.len()), &json!(extras.frames.len()));
    for (expected, actual) in frames.iter().zip(&extras.frames) {
        for key in expected.as_object().unwrap().keys() {
            compare(&format!("frame {} {key}", expected["index"]), &expected[key], &actual[key]);
        }
    }
    let left = expected["file"]["trailing"].as_u64().unwrap_or(0);
    compare("trailing", &json!(left > 0), &json!(summary.problems.iter().any(|p| p.cuts_short())));
    if let Some(bad) = expected["file"].get("bad_rows") {
        compare("bad_rows", bad, &json!(summary.problem_count));
    }
    if format == intel5300::NAME && expected.get("noise_sum").is_some() {
        compare("noise_sum", &expected["noise_sum"], &json!(extras.noise));
        compare("agc_sum", &expected["agc_sum"], &json!(extras.agc));
        compare("bfee_count_sum", &expected["bfee_count_sum"], &json!(extras.bfee_count));
        let scaled = &expected["scaled"];
        compare("scaled sum_abs", &scaled["sum_abs"], &json!(extras.scaled_abs));
        compare("scaled frame0 sum_abs", &scaled["frame0_sum_abs"], &json!(extras.scaled_first));
        compare("dbm of the first", &scaled["total_rss_dbm_first"], &json!(extras.rss.first()));
        compare("dbm of the last", &scaled["total_rss_dbm_last"], &json!(extras.rss.last()));
    }
    if let Some(auto) = expected.get("auto10") {
        compare("auto10 sum_abs", &auto["sum_abs"], &json!(extras.auto.0));
        compare("auto10 re", &auto["sum_re"], &json!(extras.auto.1));
        compare("auto10 im", &auto["sum_im"], &json!(extras.auto.2));
    }
    if let Some(width) = expected.get("bandwidth_mhz") {
        compare("bandwidth_mhz", &json!([width]), &json!(extras.widths));
    }
    if format == nexmon::NAME {
        // The stored field, fragment number included, which is 0.
        compare("seq_sum", &expected["seq_sum"], &json!(16 * extras.seq));
    }
    wrong
}

#[test]
fn every_sample_equals_its_reference() {
    let references = references();
    if references.is_empty() {
        nothing_to_test("sample recordings");
        return;
    }
    let wrong: Vec<String> = references.iter().flat_map(|r| check(r)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{} samples equal their reference values", references.len());
}

#[test]
fn host_times_stand_beside_their_recording() {
    let Ok(bytes) = std::fs::read(format!("{RECORDINGS}/formats/intel5300/sample_0x1_ap.datstp")) else {
        nothing_to_test("host times");
        return;
    };
    let times = intel5300::host_times(&bytes, 540).unwrap();
    assert!(times.len() == 540 && times.windows(2).all(|w| w[0] <= w[1]));
    // The card's clock says 59.6 s.
    let span = times[539] - times[0];
    assert!((59.0..60.5).contains(&span), "{span}");
}

#[test]
fn the_name_of_a_file_does_not_matter() {
    let references = references();
    if references.is_empty() {
        nothing_to_test("sample recordings");
    }
    for reference in references {
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
    let Ok(labels) = std::fs::read_to_string(format!("{RECORDINGS}/labels.csv")) else {
        nothing_to_test("labelled recordings");
        return;
    };
    let mut wrong = Vec::new();
    for row in labels.lines().skip(1) {
        let columns: Vec<&str> = row.split(',').collect();
        let (path, expected) = (format!("{RECORDINGS}/{}", columns[0]), columns[1]);
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
        // The first records of some are stale.
        let Some(late) = times.get(19..).filter(|t| t.len() > 20) else {
            wrong.push(format!("{path}: {name}, only {} frames", times.len()));
            continue;
        };
        let rate = (late.len() - 1) as f64 / (late[late.len() - 1] - late[0]);
        // Some rows have no rate.
        let labelled: Option<f64> = columns[8].parse().ok();
        if name != format || labelled.is_some_and(|hz| !(0.5 * hz..2.0 * hz).contains(&rate)) {
            wrong.push(format!("{path}: {name}, {rate:.1} frames/s of {labelled:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
