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

/// A folder of this test's own, without what an earlier run left.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
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
    assert_eq!(json["empty"], true);
    let people = lab(&["inspect", empty.to_str().unwrap()]);
    assert!(String::from_utf8(people.stdout).unwrap().contains("empty, 0 bytes"));
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
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().map(|f| f.file_name()).collect();
    assert!(left.iter().all(|f| !f.to_string_lossy().contains(".part")), "{left:?}");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_left_out_by_choice() {
    let path = folder("no-parquet").join("walk.csv");
    std::fs::write(&path, fixture::esp32(3, 1, fixture::Esp32Row::EspCsi).bytes).unwrap();
    assert_eq!(lab(&["convert", path.to_str().unwrap(), "--to", "parquet"]).status.code(), Some(3));
}

/// Read back by the library that pandas' engines and Spark agree with, row by row.
#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_every_value() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, RowAccessor};

    let folder = folder("parquet");
    for fixture in [
        fixture::esp32(300, 1, fixture::Esp32Row::EspCsi),
        fixture::nexmon(20, 2, 64, fixture::NexmonWords::Int16, true, false),
        fixture::picoscenes(20, 3, fixture::PicoDevice::Usrp, 5),
        fixture::intel5300(700, 4, 3, 2),
    ] {
        let (path, out) = (folder.join("in"), folder.join("out.parquet"));
        std::fs::write(&path, &fixture.bytes).unwrap();
        let done = lab(&["convert", path.to_str().unwrap(), "--to", "parquet", "--out", out.to_str().unwrap()]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let reader = SerializedFileReader::new(std::fs::File::open(&out).unwrap()).unwrap();
        let said = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let format = said.iter().find(|kv| kv.key == "millpond.format").and_then(|kv| kv.value.clone());
        assert_eq!(format.as_deref(), Some(fixture.format));
        let mut source = millpond_datasets::read(std::io::Cursor::new(fixture.bytes), &Default::default()).unwrap();
        let mut rows = 0;
        for row in reader.get_row_iter(None).unwrap() {
            let (row, record) = (row.unwrap(), source.next_frame().unwrap().unwrap());
            let meta = record.frame.meta();
            let column = |name: &str| row.get_column_iter().position(|(n, _)| n == name).unwrap();
            let numbers = |name: &str| -> Vec<f64> {
                row.get_list(column(name)).unwrap().elements().iter().map(number).collect()
            };
            let (mut re, mut im) = (Vec::new(), Vec::new());
            record.for_each_stored(|x, y| {
                re.push(x);
                im.push(y);
            });
            assert_eq!((numbers("re"), numbers("im")), (re, im));
            let tones = record.frame.tones();
            let tone = |&at: &u16| tones.get(usize::from(at)).map_or(f64::NAN, |&k| f64::from(k));
            let expected: Vec<f64> = record.stored.order.iter().map(tone).collect();
            assert!(numbers("tones").iter().zip(&expected).all(|(a, b)| a == b || a.is_nan() && b.is_nan()));
            assert_eq!(row.get_double(column("t_s")).unwrap(), meta.t.seconds());
            assert_eq!(row.get_double(column("device_s")).unwrap(), record.device_s);
            assert_eq!(row.get_int(column("link")).unwrap(), i32::from(meta.link.0));
            let rssi: Vec<f64> = record.rssi.iter().map(|&r| f64::from(r)).collect();
            assert_eq!(numbers("rssi"), rssi);
            let level = row.get_float(column("rssi_dbm")).ok();
            assert_eq!(level, meta.rssi.map(|l| l.0));
            rows += 1;
        }
        assert_eq!(rows, fixture.frames);
    }

    fn number(field: &Field) -> f64 {
        match field {
            Field::Int(v) => f64::from(*v),
            Field::Double(v) => *v,
            Field::Null => f64::NAN,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_pipe_is_converted_in_one_pass() {
    let folder = folder("pipe");
    let fixture = fixture::intel5300(50, 1, 3, 2);
    for (to, key) in [("csv", "csi_sha256"), ("npz", "sum_im"), ("millpond", "csi_sha256")] {
        let out = folder.join(format!("out.{to}"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_millpond-lab"))
            .args(["convert", "/dev/stdin", "--to", to, "--out", out.to_str().unwrap()])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &fixture.bytes).unwrap();
        assert!(child.wait().unwrap().success(), "{to}");
        let whole = folder.join("whole");
        std::fs::write(&whole, &fixture.bytes).unwrap();
        assert_eq!(inspect(&out).0[key], inspect(&whole).0[key], "{to}");
    }
}

#[test]
fn what_cannot_be_converted_leaves_no_file() {
    let folder = folder("no-output");
    let (empty, out) = (folder.join("empty.dat"), folder.join("out.csv"));
    std::fs::write(&empty, b"").unwrap();
    for input in [empty.clone(), folder.join("missing.dat"), folder.clone(), PathBuf::from("/dev/null")] {
        let done = lab(&["convert", input.to_str().unwrap(), "--to", "csv", "--out", out.to_str().unwrap()]);
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!((done.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
        assert!(!out.exists(), "{}", input.display());
    }
    let done = lab(&["convert", empty.to_str().unwrap(), "--to", "csv", "--out", folder.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(1), "a folder is no output");
    let cut = folder.join("cut.dat");
    let bytes = fixture::intel5300(40, 1, 3, 2).bytes;
    std::fs::write(&cut, &bytes[..bytes.len() - 100]).unwrap();
    let done = lab(&["convert", cut.to_str().unwrap(), "--to", "csv", "--out", out.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(1), "a cut recording is told");
    assert_eq!(inspect(&out).0["frame_count"], 39, "and its frames are kept");
}

#[test]
fn unknown_content_is_told_with_what_was_tried() {
    let folder = folder("unknown");
    for (name, bytes, says) in [
        ("a.pdf", &b"%PDF-1.7 and so on"[..], "a document"),
        ("a.dat", b"\xfd7zXZ\0\0\0", "xz"),
        ("a.txt", b"Dear reader,\n", "text"),
        ("a.bin", b"\0\x01\x02\x03\x04", "00 01 02 03 04"),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        let (_, code, stderr) = inspect(&path);
        assert!(code == 1 && stderr.contains(says), "{stderr}");
        for tried in ["intel5300", "atheros", "nexmon", "esp32", "feitcsi", "picoscenes", "rssi-mesh-log", "millpond"] {
            assert!(stderr.contains(tried), "{tried}: {stderr}");
        }
    }
}

#[test]
fn a_wrong_name_and_gzip_are_told() {
    let folder = folder("misnomer");
    let path = folder.join("walk.csv.gz");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &fixture::intel5300(10, 1, 3, 2).bytes).unwrap();
    std::fs::write(&path, gz.finish().unwrap()).unwrap();
    let (json, code, _) = inspect(&path);
    assert_eq!((code, &json["gzip"], &json["format"]), (0, &Value::Bool(true), &Value::from("intel5300")));
    assert!(json["misnomer"].as_str().unwrap().contains(".csv"));
    let people = lab(&["inspect", path.to_str().unwrap()]);
    assert!(String::from_utf8(people.stdout).unwrap().contains("the name ends in .csv, the content is intel5300"));
}

#[test]
fn the_plot_is_a_picture_of_this_recording() {
    let folder = folder("plot");
    let (path, svg) = (folder.join("walk.pcap"), folder.join("walk.svg"));
    std::fs::write(&path, fixture::nexmon(50, 1, 64, fixture::NexmonWords::Int16, true, false).bytes).unwrap();
    let out = lab(&["inspect", path.to_str().unwrap(), "--plot", svg.to_str().unwrap()]);
    assert!(out.status.success());
    let text = std::fs::read_to_string(svg).unwrap();
    assert!(text.starts_with("<svg") && text.contains("walk.pcap") && text.contains(">31</text>"));
    assert!(text.matches("<rect").count() > 100);
}

#[test]
fn formats_lists_every_reader() {
    let out = lab(&["formats", "--json"]);
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    // And the logs without CSI.
    assert_eq!(all.as_array().unwrap().len(), millpond_datasets::FORMATS.len() + 1);
    let told = |f: &Value| !f["variants"].as_array().unwrap().is_empty() && f["about"].is_string();
    assert!(all.as_array().unwrap().iter().all(told));
}

#[test]
fn scenes_are_listed_and_written_in_both_formats() {
    let out = lab(&["simulate", "--list", "--json"]);
    assert_eq!(String::from_utf8(out.stdout).unwrap().lines().count(), millpond_datasets::sim::Scene::names().len());
    let folder = folder("simulate");
    for (name, format) in [("night.mpc", "millpond"), ("night.csv.gz", "esp32")] {
        let path = folder.join(name);
        let file = path.to_str().unwrap();
        assert!(lab(&["simulate", "sleep", "--seconds", "4", "--out", file]).status.success());
        let seen: Value = serde_json::from_slice(&lab(&["inspect", file, "--json"]).stdout).unwrap();
        assert_eq!(seen["format"], format);
        assert!(seen["frame_count"].as_u64().unwrap() > 80);
    }
    assert_eq!(lab(&["simulate"]).status.code(), Some(2));
}
