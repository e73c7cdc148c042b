//! `t_docs` of the privacy contract: every test that it names exists, or is said to be open; every field of the dictionary is in
//! the schema and the reverse.
//!
//! After a change of `wire.toml` or `events.toml`: `MILLPOND_BLESS=1 cargo test -p millpond-tests --test t_docs` writes the
//! dictionary anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use millpond_tests::cases;
use millpond_tests::dictionary::{coded, dictionary};

fn main() -> ExitCode {
    cases::run(
        "t_docs",
        &[
            ("every test that is named exists or is open", named_tests),
            ("the list of tests is the contract's", the_contract_s_list),
            ("the dictionary is what the schema gives", not_drifted),
            ("fields of the dictionary and of the schema, both ways", fields),
        ],
    )
}

/// Section 10: the name of each test, and how far it goes here. Open ones wait for what they are to test.
const NAMES: &[(&str, State)] = {
    use State::{Open, Part, Whole};
    &[
        ("t_types", Whole),
        ("t_rename", Part("page, export, settings, terminal; MQTT and metrics are open; three seconds of each home")),
        ("t_nonint", Part("page, export, settings, terminal; MQTT and metrics are open; eight seconds of each home")),
        (
            "t_canary",
            Part(
                "the demo's sinks, export and history among them; MQTT, metrics, a panic and the support bundle are open",
            ),
        ),
        (
            "t_self",
            Part(
                "builds leak 29 spellings, hashes among them, a number, a tie and the order of handles; bytes and event times leak in library paths",
            ),
        ),
        ("t_vocab", Whole),
        ("t_egress", Open("needs the node's sockets")),
        ("t_shape", Part("sizes of every rendering and the caller's times; the node's clocks are open")),
        ("t_off", Part("the source and its soundings are the node's")),
        ("t_pause", Part("the open door for it is the node's")),
        ("t_retain", Part("decisions and the store are the node's, which has no test over months yet")),
        (
            "t_erase",
            Part(
                "memory is looked through for the rings' bytes, not for text that was served; handles are redrawn unseen",
            ),
        ),
        ("t_quarantine", Whole),
        (
            "t_levels",
            Part("sinks as the gate makes them; the node's own are watched by its tests of MQTT and of the household"),
        ),
        ("t_upgrade", Whole),
        ("t_dp_sampler", Whole),
        ("t_dp_ledger", Whole),
        ("t_cells", Whole),
        ("t_pseudonym", Whole),
        (
            "t_why",
            Part(
                "undo is shown with the keeper and real actuators in the node's own tests; messages of a plan, not of a daemon's history",
            ),
        ),
        ("t_window", Part("radar is the driver's: the node plans no change at once for it yet")),
        ("t_equal", Part("the switches of reporting; the node sends no report yet")),
        (
            "t_export",
            Part("JSON, CSV and Influx lines of a simulated home; the ledger is in none, since the node has none yet"),
        ),
        (
            "t_roundtrip",
            Part("rings, audit, consents and settings; the export's rings are compared in the node's own tests"),
        ),
        ("t_doors", Whole),
        ("t_page", Whole),
        (
            "t_log",
            Open("the node writes no log; what it says to standard error at start and end is not held to codes yet"),
        ),
        ("t_panic", Whole),
        ("t_uninstall", Open("needs the package")),
        ("t_docs", Whole),
    ]
};

enum State {
    /// All that the contract asks.
    Whole,
    /// A part, mostly the gate's; the text says what is left.
    Part(&'static str),
    /// Not here yet, and why.
    Open(&'static str),
}

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// A target in the manifest, a source that names itself so to the runner, and at least one part.
fn named_tests() -> usize {
    let manifest = fs::read_to_string(Path::new(HERE).join("Cargo.toml")).expect("the manifest is there");
    for (name, state) in NAMES {
        let target = manifest.contains(&format!("name = \"{name}\""));
        match state {
            State::Open(why) => {
                println!(
                    "t_docs: {name} is open: {why}{}",
                    if target { " (a target of that name exists)" } else { "" }
                );
            }
            State::Whole | State::Part(_) => {
                assert!(target, "{name} has no target in tests/Cargo.toml");
                let source = fs::read_to_string(Path::new(HERE).join(name).with_extension("rs"));
                let source = source.unwrap_or_else(|e| panic!("tests/{name}.rs: {e}"));
                let counts = source.contains(&format!("\"{name}\",")) && source.contains("cases::run(");
                assert!(
                    counts || source.contains(&format!("{name}: {{cases}} cases")),
                    "{name} prints no number of cases"
                );
            }
        }
        if let State::Part(left) = state {
            println!("t_docs: {name} in part: {left}");
        }
    }
    NAMES.len()
}

fn the_contract_s_list() -> usize {
    let Ok(contract) = fs::read_to_string(Path::new(HERE).join("../../shared/privacy.md")) else {
        eprintln!("t_docs: the contract's text is not here; its list of tests is not compared");
        return 1;
    };
    let section = contract.split("\n## ").find(|s| s.starts_with("10. ")).expect("the contract has a section 10");
    let cells = section.lines().filter_map(|l| l.strip_prefix("| ")?.split(" |").next());
    let stated: BTreeSet<&str> = cells.flat_map(|c| c.split('`').filter(|w| w.starts_with("t_"))).collect();
    let here: BTreeSet<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(stated, here);
    stated.len()
}

fn dictionary_path() -> std::path::PathBuf {
    Path::new(HERE).join("../firmware-glue/report/docs/dictionary.md")
}

fn not_drifted() -> usize {
    let (path, made) = (dictionary_path(), dictionary());
    if env::var_os("MILLPOND_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("the folder can be made");
        fs::write(&path, &made).expect("the dictionary can be written");
    }
    let committed = fs::read_to_string(&path).expect("docs/dictionary.md is committed");
    let differs = committed.lines().zip(made.lines()).position(|(a, b)| a != b);
    assert!(
        committed == made,
        "firmware-glue/report/docs/dictionary.md differs from the schema from line {:?} on; \
         `MILLPOND_BLESS=1 cargo test -p millpond-tests --test t_docs` writes it anew",
        differs.map_or(committed.lines().count().min(made.lines().count()), |n| n) + 1
    );
    made.lines().count()
}

/// What the committed text says, read back as a reader does: headings are messages, first cells are fields.
fn fields() -> usize {
    let text = fs::read_to_string(dictionary_path()).expect("docs/dictionary.md is committed");
    let mut stated: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let (mut message, mut table) = ("", "");
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            (message, table) = (name, "");
        } else if line.starts_with("| ") && !line.starts_with("| `") {
            table = line;
        } else if let Some(name) = line.strip_prefix("| `").filter(|_| table.starts_with("| field")) {
            stated.entry(message).or_default().push(name.split('`').next().unwrap_or_default());
        }
    }
    let coded: BTreeMap<&str, Vec<&str>> = coded().into_iter().collect();
    assert_eq!(stated, coded);
    coded.values().map(Vec::len).sum()
}
