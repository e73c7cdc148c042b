//! `t_panic` of the privacy contract: a panic says its place in the source and a line to report it by, and nothing of the value
//! that it met.
//!
//! The program itself has no panic to offer, so one is planted: with `MILLPOND_LEAKING_BUILDS=1` (as `tests/run` sets it) the real
//! binary is built once more from a copy of the source (see `leaking`), where a line of identities makes it panic with that line in
//! the text, and a decision makes it panic with an address, on the thread and within the gate where it is made.

mod leaking;
mod planting;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use millpond_tests::canary::{Canaries, Secret};
use millpond_tests::cases;

fn main() -> ExitCode {
    cases::run(
        "t_panic",
        &[
            ("every program hushes panics before it does anything", hushed_first),
            ("a planted panic says its place alone", planted_panics),
        ],
    )
}

/// The daemon's binary has one line before all others. (The C library returns a result instead of a panic; the researcher's
/// and the operator's tools are no nodes.)
fn hushed_first() -> usize {
    let main = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/src/main.rs"));
    let main = main.expect("the node has a binary");
    let (_, body) = main.split_once("fn main() -> ExitCode {").expect("the binary has a main");
    let first = body.lines().map(str::trim).find(|l| !l.is_empty());
    assert_eq!(first, Some("hush_panics();"));
    1
}

fn demo(binary: &Path, canaries: &Canaries, leak: &str) -> Output {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("t_panic");
    fs::create_dir_all(&folder).expect("the scratch folder is writable");
    let list = folder.join("identities.tsv");
    let macs = canaries.secrets().iter().filter_map(|s| if let Secret::Mac(m) = s { Some(*m) } else { None });
    let line = |m: [u8; 6]| m.map(|b| format!("{b:02x}")).join(":") + "\t192.0.2.9\thost\tnet\n";
    fs::write(&list, macs.map(line).collect::<String>()).expect("the list can be written");
    let mut command = Command::new(binary);
    command.args(["demo", "--once", "--seconds", "5", "--identities"]).arg(&list).current_dir(&folder);
    command.env("MILLPOND_LEAK", leak).env("RUST_BACKTRACE", "full").output().expect("the binary runs")
}

/// Standard error as lines, less what a healthy run says.
fn last_words(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().map(Into::into).collect()
}

/// `millpond: stopped by a fault of its own at FILE:LINE; please report this line`, where the file is one of the source.
fn is_place(line: &str) -> bool {
    let place = line.strip_prefix("millpond: stopped by a fault of its own at ");
    let place = place.and_then(|l| l.strip_suffix("; please report this line")).and_then(|p| p.rsplit_once(':'));
    place.is_some_and(|(file, line)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
        file.ends_with(".rs") && file.chars().all(plain) && line.parse::<u32>().is_ok()
    })
}

fn planted_panics() -> usize {
    let Some(binary) = leaking::binary() else {
        println!("t_panic: builds with a panic are skipped; MILLPOND_LEAKING_BUILDS=1 makes them");
        return 1;
    };
    let canaries = Canaries::planted(9);
    let found = |o: &Output| canaries.search(&[o.stdout.as_slice(), b"\n", o.stderr.as_slice()].concat()).len();
    for leak in ["panic at a line", "panic in a decision"] {
        let output = demo(&binary, &canaries, leak);
        let words = last_words(&output);
        assert_eq!(output.status.code(), Some(1), "{leak}: {words:?}");
        assert!(words.len() == 1 && is_place(&words[0]), "{leak}: {words:?}");
        assert_eq!(found(&output), 0, "{leak}");
    }
    // The same without the hook: the search finds what the text of the panic held, so it could have found it above.
    let aloud = demo(&binary, &canaries, "panic aloud");
    assert!(found(&aloud) > 0 && !aloud.status.success(), "{:?}", last_words(&aloud));
    let healthy = demo(&binary, &canaries, "");
    assert!(healthy.status.success() && last_words(&healthy).is_empty(), "{:?}", last_words(&healthy));
    4
}
