//! The C library as a firmware links it: the real archive and the real shared object, the system's C and C++
//! compilers, frames of a simulated walk in, messages out.
//!
//! Without a C compiler the tests say so aloud and pass.

mod c_build;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use millpond_datasets::sim::{Scene, SimFrame, Simulation, Truth, Witness};

use c_build::*;

/// One zone line that `walk` printed.
struct Line {
    t_s: f64,
    state: String,
    level: u8,
}

fn zone_lines(text: &str) -> Vec<Line> {
    let of = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.get(1) == Some(&"zone")).then(|| Line {
            t_s: words[0].parse().expect("a time"),
            state: words[3].to_owned(),
            level: words[7].parse().expect("a level"),
        })
    };
    text.lines().filter_map(of).collect()
}

/// The frames of `walk.c`'s format, tones shuffled into a transform's order: zero frequency upward, then the rest.
fn walk_file(name: &str, frames: &[SimFrame]) -> PathBuf {
    let tones = frames.first().expect("a walk has frames").view().tones();
    let n_rx = frames[0].meta.n_rx;
    let mut order: Vec<usize> = (0..tones.len()).collect();
    order.sort_by_key(|&i| (tones[i] < 0, tones[i]));
    let mut bytes = b"mpwalk 1".to_vec();
    bytes.extend(1u16.to_le_bytes());
    bytes.extend((tones.len() as u16).to_le_bytes());
    bytes.extend([n_rx, 1]);
    bytes.extend(20u16.to_le_bytes());
    bytes.extend(order.iter().flat_map(|&i| tones[i].to_le_bytes()));
    for frame in frames {
        bytes.extend(frame.meta.t.0.to_le_bytes());
        bytes.extend(frame.meta.link.0.to_le_bytes());
        let rssi = frame.meta.rssi.map_or(0.0, |r| r.0 * 100.0);
        bytes.extend((rssi as i16).to_le_bytes());
        let view = frame.view();
        for rx in 0..usize::from(n_rx) {
            let row = view.row(rx, 0);
            for h in order.iter().map(|&i| row.at(i)) {
                bytes.extend((h.re as i16).to_le_bytes());
                bytes.extend((h.im as i16).to_le_bytes());
            }
        }
    }
    let path = Path::new(SCRATCH).join(name);
    std::fs::write(&path, bytes).expect("the scratch folder is writable");
    path
}

fn walk() -> (Scene, Vec<SimFrame>) {
    let scene = Scene::builtin("walk-across").expect("a built-in scene");
    let frames = Simulation::new(&scene, 1, scene.seconds).expect("a built-in scene is valid").collect();
    (scene, frames)
}

/// Somebody who sits and breathes, 20 frames a second: what the library says of breath here is compared with other machines.
fn sitting() -> Vec<SimFrame> {
    const SCENE: &str = r#"{
        "format": "millpond-scene/1", "name": "sitting", "about": "Somebody sits and breathes.", "seconds": 75,
        "rooms": [{"name": "room", "x": [0, 6], "y": [0, 5]}],
        "walls": [
            {"from": [0, 0], "to": [6, 0], "loss_db": 12}, {"from": [6, 0], "to": [6, 5], "loss_db": 12},
            {"from": [6, 5], "to": [0, 5], "loss_db": 12}, {"from": [0, 5], "to": [0, 0], "loss_db": 12}
        ],
        "devices": [
            {"name": "pod", "kind": "pod", "at": [0.5, 2.5, 1.2]}, {"name": "station", "kind": "station", "at": [5.5, 2.5, 1.0]}
        ],
        "links": [{"tx": "station", "rx": "pod", "rate_hz": 20}],
        "movers": [{"kind": "person", "name": "p", "route": {"repeat": false, "points": [{"at": [3, 3.2], "pause_s": 600}, {"at": [3, 3.19]}]}}],
        "sounding": {"band": "5", "channel": 100, "width_mhz": 20, "ppdu": "ht", "eirp_dbm": 20}
    }"#;
    let scene = Scene::from_json(SCENE).expect("the scene is valid");
    Simulation::new(&scene, 1, scene.seconds).expect("the scene is valid").collect()
}

/// What the detector says of the same frames without the library: the seconds in which it saw motion.
fn seconds_of_motion(frames: &[SimFrame]) -> Vec<u64> {
    use millpond_dsp::detect::{Detector, DetectorConfig, MotionState};
    use millpond_dsp::phy::Micros;
    let mut detector = Detector::new(DetectorConfig::default(), frames[0].meta.link);
    let mut seconds = HashMap::new();
    // The messages of second n tell what was decided up to its beginning, and after that of second n - 1.
    let mut heed = |detector: &mut Detector, now: Micros| {
        while let Some(d) = detector.poll(now) {
            if d.state == MotionState::Moving {
                seconds.insert(d.t.0.div_ceil(1_000_000), ());
            }
        }
    };
    for frame in frames {
        heed(&mut detector, frame.meta.t);
        let _ = detector.push(&frame.view());
    }
    let mut seconds: Vec<u64> = seconds.into_keys().collect();
    seconds.sort_unstable();
    seconds
}

#[test]
fn a_c_program_sees_the_walk() {
    if !has("cc") {
        return;
    }
    let (scene, frames) = walk();
    let file = walk_file("walk.frames", &frames);
    let text = run(&c("walk.c", Link::Archive), &[file.as_os_str()]);
    let lines = zone_lines(&text);
    assert!(lines.len() >= 55, "one line a second:\n{text}");

    // The detector that the library wraps is the one of `dsp`: the same frames, the same seconds of motion.
    let started = frames[0].meta.t.0;
    let moving: Vec<&Line> = lines.iter().filter(|l| l.state == "moving").collect();
    let rounds: Vec<u64> = lines.iter().map(|l| (l.t_s * 1e6).round() as u64).collect();
    assert!(rounds.iter().all(|t| *t > started));
    let expected = seconds_of_motion(&frames);
    assert!(!expected.is_empty(), "the walk is seen by the detector itself");
    let seen: Vec<u64> = moving.iter().map(|l| l.t_s as u64).collect();
    let last = lines.last().map_or(0, |l| l.t_s as u64);
    let expected: Vec<u64> = expected.into_iter().filter(|s| *s <= last).collect();
    assert_eq!(seen, expected, "{text}");

    // And it is the truth: nobody before the walk, somebody during it.
    let witness = Witness::new(&scene);
    let truth = |t: f64| -> Truth { witness.truth_at(t) };
    for line in &moving {
        let recent = (0..30).any(|i| truth(line.t_s - 0.1 * f64::from(i)).moving);
        assert!(recent, "motion at {} s, where nobody moved\n{text}", line.t_s);
    }
    // While the detector only holds, the level may be lower already. How much of a walk it sees is for `dsp` to say.
    assert!(moving.iter().any(|l| l.level >= 5), "motion stands above the threshold\n{text}");
}

#[test]
fn the_shared_object_says_the_same_as_the_archive() {
    if !has("cc") {
        return;
    }
    let (_, frames) = walk();
    let file = walk_file("walk-short.frames", &frames[..frames.len() / 2]);
    let archive = run(&c("walk.c", Link::Archive), &[file.as_os_str()]);
    let shared = run(&c("walk.c", Link::Shared), &[file.as_os_str()]);
    assert_eq!(archive, shared);
    if let Some(program) = sanitized("walk.c") {
        assert_eq!(archive, run(&program, &[file.as_os_str()]));
    }
}

#[test]
fn the_core_archive_says_the_same_without_std_and_heap() {
    if !has("cc") || !has("nm") {
        return;
    }
    let output = Command::new("nm").args(["--undefined-only", "--print-file-name"]).arg(core_archive()).output();
    let text = String::from_utf8(output.expect("nm starts").stdout).expect("names are text");
    // Link-time optimisation leaves one object of ours; the others are the compiler's and come in when called for.
    let ours = text.lines().filter(|l| l.split(':').nth(1).is_some_and(|object| object.starts_with("millpond")));
    let missing: BTreeSet<&str> = ours.filter_map(|l| l.split_whitespace().last()).collect();
    let allowed = ["bcmp", "memcmp", "memcpy", "memmove", "memset", "mp_on_panic", "_GLOBAL_OFFSET_TABLE_"];
    let foreign: Vec<&&str> = missing.iter().filter(|name| !allowed.contains(name)).collect();
    assert!(foreign.is_empty() && missing.contains("memcpy"), "{missing:?}");

    let (_, frames) = walk();
    let file = walk_file("walk-core.frames", &frames);
    let core = run(&c("walk.c", Link::Core), &[file.as_os_str()]);
    assert_eq!(core, run(&c("walk.c", Link::Archive), &[file.as_os_str()]));
    let misuse = run(&c("misuse.c", Link::Core), &[]);
    assert_eq!(misuse, run(&c("misuse.c", Link::Archive), &[]));
}

#[test]
fn who_sits_is_present_where_breath_is_looked_for() {
    if !has("cc") {
        return;
    }
    let file = walk_file("sitting-core.frames", &sitting());
    let said = |presence: &str| {
        let walk = format!("-DWALK=\"{}\"", file.display());
        let flags = if presence == "1" { vec!["-std=c11", "-DPRESENCE=1", &walk] } else { vec!["-std=c11", &walk] };
        let program = compile("cc", "target.c", Link::Archive, &flags).unwrap_or_else(|e| panic!("{e}"));
        run(&program, &[])
    };
    let times = |text: &str| -> u32 {
        let rest = text.split(" present ").nth(1).expect("it says how often somebody is present");
        rest.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
    };
    let (with, without) = (said("1"), said("0"));
    assert!(times(&with) >= 20, "{with}");
    assert_eq!(times(&without), 0, "{without}");
}

#[test]
fn no_way_to_panic_is_left_in_the_core_archive() {
    if !has("cc") || !has("nm") {
        return;
    }
    let (_, frames) = walk();
    let walk_flag = format!("-DWALK=\"{}\"", walk_file("walk-built-in.frames", &frames[..200]).display());
    // Every entry point is a root, what none of them reaches is left out, and nobody supplies `mp_on_panic`: if a panic
    // could be reached, this would not link.
    let names =
        Command::new("nm").args(["-g", "--defined-only"]).arg(core_archive()).output().expect("nm starts").stdout;
    let names = String::from_utf8(names).expect("names are text");
    let entries = names.lines().filter_map(|l| l.split(" T ").nth(1)).filter(|name| name.starts_with("mp_"));
    let roots: Vec<String> = entries.map(|name| format!("-Wl,-u,{name}")).collect();
    assert!(roots.len() > 12, "{roots:?}");
    let mut flags = vec!["-std=c11", "-Wl,--gc-sections", &walk_flag];
    flags.extend(roots.iter().map(String::as_str));
    let program =
        compile("cc", "target.c", Link::Core, &flags).unwrap_or_else(|e| panic!("a panic can be reached: {e}"));
    assert!(run(&program, &[]).contains("digest"));
}

#[test]
fn misuse_is_a_result_and_not_a_crash() {
    if !has("cc") {
        return;
    }
    let plain = run(&c("misuse.c", Link::Archive), &[]);
    assert!(plain.lines().filter(|l| l.starts_with("ok ")).count() >= 60, "{plain}");
    assert_eq!(plain, run(&c("misuse.c", Link::Shared), &[]));
    if let Some(program) = sanitized("misuse.c") {
        assert_eq!(plain, run(&program, &[]));
    }
}

#[test]
fn random_calls_leave_the_library_sound() {
    if !has("cc") {
        return;
    }
    let program = sanitized("random.c").unwrap_or_else(|| c("random.c", Link::Archive));
    let calls = std::env::var("MILLPOND_RANDOM_CALLS").unwrap_or_else(|_| "20000".into());
    for seed in ["1", "2", "3"] {
        let text = run(&program, &[seed.as_ref(), calls.as_ref()]);
        // Every other result is met, so the calls are worth their name. These the program has no way to.
        let beyond = ["inside", "has not returned", "is no sensor", "not aligned"];
        for line in text.lines().filter(|l| !beyond.iter().any(|part| l.contains(part))) {
            assert_ne!(line.split_whitespace().nth(1), Some("0"), "{text}");
        }
    }
}

#[test]
fn the_headers_are_clean_cpp() {
    if !has("c++") {
        return;
    }
    for flags in [&["-std=c++17"][..], &["-std=c++17", "-fno-exceptions", "-fno-rtti"]] {
        let program = compile("c++", "cpp_header.cpp", Link::Archive, flags).unwrap_or_else(|e| panic!("{e}"));
        assert!(run(&program, &[]).contains("messages"));
    }
}

#[test]
fn the_example_runs_without_malloc() {
    if !has("cc") {
        return;
    }
    let text = run(&c("rssi.c", Link::Archive), &[]);
    assert_eq!(text.lines().count(), 60, "{text}");
    assert!(!text.contains("off"), "{text}");
}

#[test]
fn only_our_names_are_exported() {
    if !has("nm") {
        return;
    }
    let shared = built().folder.join("libmillpond.so");
    let output = Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(shared).output();
    let text = String::from_utf8(output.expect("nm starts").stdout).expect("names are text");
    let names: Vec<&str> = text.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert!(names.contains(&"mp_sensor_push") && names.len() >= 15, "{text}");
    let mut foreign = String::new();
    for name in names.iter().filter(|n| !n.starts_with("mp_")) {
        let _ = writeln!(foreign, "{name}");
    }
    assert_eq!(foreign, "");
}
