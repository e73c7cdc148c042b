//! The C library built as a firmware builds it, and C programs on it. Shared by the tests that need one.
//!
//! The library is built by cargo in a folder of its own, so that the lock of the folder these tests came from does
//! not matter.
#![allow(dead_code)] // Not every test needs all of it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};

pub const HERE: &str = env!("CARGO_MANIFEST_DIR");
pub const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"];

/// Where the built files lie, and what a program that links the archive needs beside it.
pub struct Built {
    pub folder: PathBuf,
    pub native: Vec<String>,
}

/// The library as it is by default.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = build("library", &[]);
        // As an installation has it: programs ask for the name with the ABI.
        let _ = std::os::unix::fs::symlink("libmillpond.so", built.folder.join(soname()));
        built
    })
}

/// The library with the planner.
pub fn with_plan() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| build("library-plan", &["--features", "plan", "--crate-type", "staticlib"]))
}

fn build(folder: &str, more: &[&str]) -> Built {
    let target = Path::new(SCRATCH).join(folder);
    let args = [&["-p", "millpond-firmware-glue", "--lib", "--release"], more].concat();
    let output = cargo(&target, &args, &["--print", "native-static-libs"]);
    let text = String::from_utf8_lossy(&output.stderr);
    let note = text.lines().find_map(|l| l.split_once("native-static-libs: "));
    let native = note.map(|(_, libs)| libs.split_whitespace().map(str::to_owned).collect());
    Built { folder: target.join("release"), native: native.expect("rustc names the native libraries") }
}

/// The name that a program asks the loader for.
pub fn soname() -> String {
    format!("libmillpond.so.{}", millpond::MP_ABI)
}

/// `libmillpond-core.a`: the same source without `std`.
pub fn core_archive() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = Path::new(SCRATCH).join("library");
        let features = ["--no-default-features", "--features", "core-archive", "--crate-type", "staticlib"];
        cargo(
            &target,
            &[&["-p", "millpond-firmware-glue", "--lib", "--profile", "firmware"][..], &features].concat(),
            &[],
        );
        target.join("firmware/libmillpond.a")
    })
}

fn cargo(target: &Path, args: &[&str], rustc: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(HERE).arg("rustc").arg("--locked").args(args).arg("--target-dir").arg(target);
    // What the outer cargo sets for its own build is not meant for this one.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_") && !matches!(name.as_str(), "CARGO_HOME" | "CARGO_NET_OFFLINE") {
            command.env_remove(name);
        }
    }
    let output = command.arg("--").args(rustc).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

pub fn has(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("c_build: no {tool} here; this part is skipped");
    }
    there
}

/// How a program meets the library.
#[derive(Clone, Copy)]
pub enum Link {
    Archive,
    Shared,
    Core,
    Plan,
}

/// Programs by path, with what the compiler said: each is built once, since a file that runs cannot be written.
static PROGRAMS: Mutex<BTreeMap<PathBuf, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());

/// Compiles a program of `tests/c`, or says what the compiler said.
pub fn compile(tool: &str, source: &str, link: Link, flags: &[&str]) -> Result<PathBuf, String> {
    let how = match link {
        Link::Archive => "archive",
        Link::Shared => "shared",
        Link::Core => "core",
        Link::Plan => "plan",
    };
    let program = Path::new(SCRATCH).join(format!("{source}-{how}-{}", flags.len()));
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(done) = programs.get(&program) {
        return done.clone();
    }
    let mut command = Command::new(tool);
    command.args(STRICT).args(flags).arg("-I").arg(Path::new(HERE).join("../firmware-glue/include"));
    let example = Path::new(HERE).join("../firmware-glue/examples").join(source);
    let source = if example.exists() { example } else { Path::new(HERE).join("c").join(source) };
    command.arg(source).arg("-o").arg(&program);
    match link {
        Link::Archive => command.arg(built().folder.join("libmillpond.a")).args(&built().native),
        Link::Plan => command.arg(with_plan().folder.join("libmillpond.a")).args(&with_plan().native),
        Link::Shared => command.arg("-L").arg(&built().folder).arg("-lmillpond"),
        // Nothing but the C library's memory functions and the host's hook.
        Link::Core => command.arg("-DMP_CORE_ARCHIVE").arg(core_archive()),
    };
    let output = command.output().expect("the compiler starts");
    let success = output.status.success();
    let done = if success { Ok(program.clone()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) };
    programs.insert(program, done.clone());
    done
}

pub fn run(program: &Path, args: &[&OsStr]) -> String {
    let mut command = Command::new(program);
    command.args(args).env("LD_LIBRARY_PATH", &built().folder);
    let output = command.output().expect("the program starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {:?}\n{out}\n{err}", program.display(), output.status.code());
    out.into_owned()
}

pub fn c(source: &str, link: Link) -> PathBuf {
    compile("cc", source, link, &["-std=c11"]).unwrap_or_else(|e| panic!("{source}: {e}"))
}

/// The program again under the address and undefined-behaviour sanitizers, if the compiler has them.
pub fn sanitized(source: &str) -> Option<PathBuf> {
    let flags = ["-std=c11", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    compile("cc", source, Link::Archive, &flags)
        .inspect_err(|e| eprintln!("c_build: no sanitizers here, {source} runs without: {e}"))
        .ok()
}
