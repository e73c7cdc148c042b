//! The C library's examples, and what its README promises of heap, threads and memory, each by a program in C.

mod c_build;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_build::*;
use millpond_datasets::sim::{Scene, SimFrame, Simulation, Witness};
use millpond_optimizer::env::Environment;
use millpond_optimizer::model::plan::{Kind, Plan};
use millpond_optimizer::{plan_site, validate};

/// A recording as `millpond-lab convert --to csv` writes it: by subcarrier, rx, tx.
fn csv(name: &str, frames: &[SimFrame]) -> PathBuf {
    let mut text = String::from("t_s,label,link,rssi,rx,tx,re0,im0\n");
    for frame in frames {
        let (view, meta) = (frame.view(), &frame.meta);
        let rssi = meta.rssi.map_or(String::new(), |level| level.0.to_string());
        let _ = write!(text, "{:.6},,{},{rssi},{},1", meta.t.seconds(), meta.link.0, meta.n_rx);
        for k in 0..view.tones().len() {
            for rx in 0..usize::from(meta.n_rx) {
                let h = view.row(rx, 0).at(k);
                let _ = write!(text, ",{},{}", h.re, h.im);
            }
        }
        text.push('\n');
    }
    let path = Path::new(SCRATCH).join(name);
    fs::write(&path, text).expect("the scratch folder is writable");
    path
}

#[test]
fn a_recording_becomes_events() {
    if !has("cc") {
        return;
    }
    let scene = Scene::builtin("walk-across").expect("a built-in scene");
    let frames: Vec<SimFrame> = Simulation::new(&scene, 1, scene.seconds).expect("it is valid").collect();
    let text = run(&c("replay.c", Link::Archive), &[csv("replay.csv", &frames).as_os_str()]);
    let witness = Witness::new(&scene);
    let mut states = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let t_s: f64 = words[0].parse().expect("a time");
        if words[4] == "moving" {
            let recent = (0..40).any(|i| witness.truth_at(t_s - 0.1 * f64::from(i)).moving);
            assert!(recent, "motion at {t_s} s, where nobody moved\n{text}");
        }
        states.push(words[4]);
    }
    assert!(states.starts_with(&["unknown", "still", "moving"]), "{text}");
    // A line that is no frame is an error, not a crash.
    let broken = Path::new(SCRATCH).join("broken.csv");
    fs::write(&broken, "t_s\n1.0,x\n").expect("the scratch folder is writable");
    let output = Command::new(c("replay.c", Link::Archive)).arg(&broken).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
}

/// What the optimizer says of the same home, in the example's words.
fn expected(plan: &Plan) -> Vec<String> {
    let node = |pod: &str| ["hall", "kitchen", "bedroom"].iter().position(|p| *p == pod).expect("a pod") + 1;
    let mut all = Vec::new();
    for r in &plan.radios {
        let band = match r.radio.as_str() {
            "2g" => 2,
            _ => 5,
        };
        all.push(format!(
            "-> node {} band {band}: {}/{} MHz {} dBm,",
            node(&r.pod),
            r.primary,
            r.width.mhz(),
            r.eirp_dbm
        ));
    }
    all
}

#[test]
fn c_gets_the_optimizer_s_plan() {
    if !has("cc") {
        return;
    }
    let text = run(&c("plan.c", Link::Plan), &[]);
    let file = fs::read(Path::new(HERE).join("../optimizer/examples/three-pods.json")).expect("the example is there");
    let site = validate::parse(&file).expect("it is a site");
    let plan = plan_site(&site, &Environment::new()).expect("it can be planned");
    for line in expected(&plan) {
        assert!(text.contains(&line), "{line}\n{text}");
    }
    let steers = plan.decisions.iter().filter(|d| d.kind == Kind::Steer).count();
    assert_eq!(text.lines().filter(|l| l.starts_with("steer ")).count(), steers, "{text}");
    let decided: usize = plan.radios.len() + steers;
    assert_eq!(text.lines().count(), decided, "{text}");
    // Every decision has a reason, and a changed one a reason that speaks for it.
    for line in text.lines() {
        let (_, reasons) = line.split_once("because ").expect("a reason");
        assert!(line.starts_with("keep") || reasons.contains('+'), "{line}");
    }
}

#[test]
fn sensing_takes_no_heap() {
    if !has("cc") {
        return;
    }
    let wrap = "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign";
    // `libmillpond-core.a` has no allocator to ask, as `c_library` shows by its symbols.
    let program = compile("cc", "heap.c", Link::Archive, &["-std=c11", wrap]).unwrap_or_else(|e| panic!("{e}"));
    let text = run(&program, &[]);
    assert!(text.contains(" 0 requests for memory"), "{text}");
}

/// Runs a program under one of valgrind's tools, which look at every access of the Rust code as well. None without valgrind.
fn valgrind(tool: &str, program: &Path, args: &[&OsStr]) -> Option<(bool, String)> {
    if !has("valgrind") {
        return None;
    }
    let mut command = Command::new("valgrind");
    command.args(["--error-exitcode=9", "-q", tool]).arg(program).args(args);
    let output = command.output().expect("valgrind starts");
    Some((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn sensors_on_two_threads_do_not_touch_each_other() {
    if !has("cc") {
        return;
    }
    let program =
        compile("cc", "threads.c", Link::Archive, &["-std=c11", "-pthread"]).unwrap_or_else(|e| panic!("{e}"));
    let text = run(&program, &[]);
    assert_eq!(text.matches("the same alone and beside another").count(), 2, "{text}");
    if let Some((clean, report)) = valgrind("--tool=helgrind", &program, &[]) {
        assert!(clean, "{report}");
    }
}

#[test]
fn no_call_reads_or_writes_beside_what_it_was_given() {
    if !has("cc") {
        return;
    }
    // The sanitizers see the C side alone; this sees the archive's own accesses, and reads of what nobody wrote.
    for (source, args) in [("misuse.c", &[][..]), ("random.c", &["7", "3000"][..])] {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        if let Some((clean, report)) = valgrind("--tool=memcheck", &c(source, Link::Archive), &args) {
            assert!(clean, "{source}: {report}");
        }
    }
}

#[test]
fn an_installed_library_is_found_by_name() {
    if !has("cc") {
        return;
    }
    let stage = Path::new(SCRATCH).join("stage");
    let _ = fs::remove_dir_all(&stage);
    let script = Path::new(HERE).join("../firmware-glue/install");
    let mut install = Command::new("bash");
    install.arg(&script).args(["--prefix", "/opt/millpond", "--libs", &built().native.join(" "), "--from"]);
    let output = install.arg(&built().folder).arg(&stage).output().expect("bash starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lib = stage.join("opt/millpond/lib");
    let pc = fs::read_to_string(lib.join("pkgconfig/millpond.pc")).expect("millpond.pc is there");
    assert!(pc.contains(&format!("Version: {}", env!("CARGO_PKG_VERSION"))) && pc.contains("Libs.private: -l"), "{pc}");

    let source = Path::new(HERE).join("../firmware-glue/examples/rssi.c");
    let program = Path::new(SCRATCH).join("rssi-installed");
    let flags = if has("pkg-config") {
        let mut ask = Command::new("pkg-config");
        ask.args(["--cflags", "--libs", "millpond"]).env("PKG_CONFIG_PATH", lib.join("pkgconfig"));
        let output = ask.env("PKG_CONFIG_SYSROOT_DIR", &stage).output().expect("pkg-config starts");
        String::from_utf8(output.stdout).expect("flags are text")
    } else {
        format!("-I{}/opt/millpond/include -L{} -lmillpond", stage.display(), lib.display())
    };
    let mut cc = Command::new("cc");
    cc.arg("-std=c11").arg(source).args(flags.split_whitespace()).arg("-o").arg(&program);
    let output = cc.output().expect("cc starts");
    assert!(output.status.success(), "{flags}: {}", String::from_utf8_lossy(&output.stderr));
    // The loader is asked for the name with the ABI, which is the file that was installed.
    let output = Command::new(&program).env("LD_LIBRARY_PATH", &lib).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    if has("readelf") {
        let dynamic = |file: &Path| {
            let output = Command::new("readelf").arg("-d").arg(file).output().expect("readelf starts");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let name = format!("[{}]", soname());
        let of = |text: String, tag: &str| text.lines().any(|l| l.contains(tag) && l.contains(&name));
        assert!(of(dynamic(&lib.join(soname())), "SONAME"));
        assert!(of(dynamic(&program), "NEEDED"));
    }
}
