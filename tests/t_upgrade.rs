//! `t_upgrade` of the privacy contract: every stored version of the settings loads with no level, sink or retention widened.

use std::path::Path;
use std::process::ExitCode;

use hmac::{Hmac, Mac};
use millpond_node::runtime::restore;
use millpond_node::store::{Folder, SECRET, Stored};
use millpond_report::state::Settings;
use millpond_report::wire::range::Level;
use millpond_tests::cases;
use millpond_tests::node::empty_folder;
use sha2::Sha256;

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

fn main() -> ExitCode {
    cases::run("t_upgrade", &[("each version, signed", signed), ("each version, by a stranger", foreign)])
}

/// The texts of a version as its release wrote them.
fn text(version: u8, s: &Settings) -> String {
    let Settings { level, on, pause_s, zones_off, weekly, keep } = *s;
    let level = level as u8;
    let more = if version == 1 { String::new() } else { "hold = true\ninstall = 00000000000000ff\n".into() };
    format!(
        "millpond settings {version}\nlevel = {level}\non = {on}\npause_s = {pause_s}\nzones_off = {zones_off}\nweekly = {weekly}\nkeep = {keep}\n{more}"
    )
}

fn all() -> Vec<Settings> {
    let mut all = Vec::new();
    for level in Level::ALL {
        for bits in 0..8u8 {
            let (on, weekly, keep) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
            for (pause_s, zones_off) in [(0, 0), (7, 5), (u32::MAX, 0xffff)] {
                all.push(Settings { level: *level, on, pause_s, zones_off, weekly, keep });
            }
        }
    }
    all
}

fn store(folder: &Path, body: &str, sign: bool) -> Stored {
    let mut mac = Hmac::<Sha256>::new_from_slice(&[7; SECRET / 2]).expect("any length is a key");
    mac.update(body.as_bytes());
    let tag: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let tag = if sign { tag } else { "00".repeat(32) };
    std::fs::write(folder.join("secret"), [7; SECRET]).expect("a file can be written");
    std::fs::write(folder.join("settings"), format!("{body}signature = {tag}\n")).expect("a file can be written");
    Folder::open(folder, |_| Ok(())).expect("the folder opens").settings()
}

fn signed() -> usize {
    let folder = empty_folder("t_upgrade_signed", TMP);
    let mut cases = 0;
    for version in [1, 2] {
        for settings in all() {
            let stored = store(&folder, &text(version, &settings), true);
            assert!(
                matches!(stored, Stored::Own(r) if r.settings == settings && r.hold == (version == 2)),
                "{stored:?}"
            );
            let (privacy, lowered) = restore(&stored);
            assert!(!lowered && !privacy.settings(0).exceeds(&settings), "{settings:?}");
            cases += 1;
        }
    }
    cases
}

/// A file that somebody else wrote, or an unknown version, starts from the default and lowers it.
fn foreign() -> usize {
    let folder = empty_folder("t_upgrade_foreign", TMP);
    let mut cases = 0;
    for version in [1, 2, 9] {
        for settings in all() {
            let (privacy, left_out) = restore(&store(&folder, &text(version, &settings), false));
            assert!(!privacy.settings(0).exceeds(&Settings::DEFAULT), "{settings:?}");
            assert_eq!(left_out, settings.exceeds(&Settings::DEFAULT), "{settings:?}");
            cases += 1;
        }
    }
    cases
}
