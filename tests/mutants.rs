//! Can the tests of the privacy contract fail? Each property of the gate is broken once in a copy of the source, and the
//! test whose name the contract fixes must notice.
//!
//! It builds the gate some forty times, five seconds each, so it runs when it is asked for: `MILLPOND_MUTANTS=1 cargo test -p
//! millpond-tests --test mutants`. Not here: an audit kept for a day longer (the drawn schedules have no entry that old) and a
//! generator that is dead (nothing ends). What the tests of the whole node notice is shown by `t_self`, by builds of the binary.

mod planting;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use millpond_tests::cases;
use planting::{copy, plant};

/// A test of the contract, the file that is changed, what stands there once, what stands there then, and what is broken by it.
struct Mutant(&'static str, &'static str, &'static str, &'static str, &'static str);

const MUTANTS: &[Mutant] = &[
    Mutant(
        "t_types",
        "raw.rs",
        "pub struct Raw<T: Wipe>(T);",
        "#[derive(Debug)]\npub struct Raw<T: Wipe>(T);",
        "raw values print",
    ),
    Mutant(
        "t_types",
        "raw.rs",
        "pub struct Raw<T: Wipe>(T);",
        "#[derive(Clone)]\npub struct Raw<T: Wipe>(T);",
        "raw values are cloned",
    ),
    Mutant(
        "t_types",
        "raw.rs",
        "pub struct Raw<T: Wipe>(T);",
        "#[derive(PartialEq)]\npub struct Raw<T: Wipe>(T);",
        "raw values are compared",
    ),
    Mutant(
        "t_types",
        "wire/mod.rs",
        "pub(crate) const fn mint(",
        "/// Anybody's.\n    pub const fn mint(",
        "messages are minted outside",
    ),
    Mutant(
        "t_types",
        "state/mod.rs",
        "pub struct SensingPermit<'s>(&'s Privacy);",
        "#[derive(Clone, Copy)]\npub struct SensingPermit<'s>(pub &'s Privacy);",
        "a permit is forged",
    ),
    Mutant("t_shape", "sink.rs", "(chars..self.json_chars)", "(chars..chars)", "renderings have no padding"),
    Mutant(
        "t_off",
        "gate/sense.rs",
        "    let state = ZoneState::Off;\n",
        "    let state = ZoneState::Still;\n",
        "off is told as still",
    ),
    Mutant(
        "t_off",
        "gate/sense.rs",
        "present: ZonePresence::Off, level",
        "present: ZonePresence::No, level",
        "off is told as nobody there",
    ),
    Mutant(
        "t_off",
        "state/mod.rs",
        "                self.on = false;\n                (EventCode::SensingOff, 0)",
        "                (EventCode::SensingOff, 0)",
        "off does nothing",
    ),
    Mutant(
        "t_pause",
        "state/mod.rs",
        "AtUs(end)) => now_us < end,",
        "AtUs(end)) => now_us <= end,",
        "a pause lasts too long",
    ),
    Mutant(
        "t_pause",
        "state/mod.rs",
        "self.pause = self.pause.max(Some(end));",
        "self.pause = Some(end);",
        "a short pause ends a long one",
    ),
    Mutant(
        "t_pause",
        "state/mod.rs",
        "u32::MAX => Some(PauseEnd::Never),",
        "u32::MAX => None,",
        "a restart lifts a pause",
    ),
    Mutant("t_pause", "state/ask.rs", "admin.is_admin().then(||", "true.then(||", "anybody lifts a pause"),
    Mutant(
        "t_levels",
        "sink.rs",
        "LanDoor::Ubus) => Level::Home,",
        "LanDoor::Ubus) => Level::Local,",
        "MQTT is there at level 1",
    ),
    Mutant(
        "t_levels",
        "sink.rs",
        "Self::Wan(_) => Level::Managed,",
        "Self::Wan(_) => Level::Home,",
        "the way out is there at level 2",
    ),
    Mutant("t_levels", "state/mod.rs", "self.on &= self.level > Level::Quiet;", "", "level 0 keeps sensing"),
    Mutant(
        "t_levels",
        "state/mod.rs",
        "        if confirmed.era != self.era {\n",
        "        if false {\n",
        "a stale question raises",
    ),
    Mutant(
        "t_levels",
        "state/mod.rs",
        "if confirmed.instance != self.instance",
        "if false",
        "another node's question raises",
    ),
    Mutant(
        "t_levels",
        "state/settings.rs",
        "keep: self.keep && other.keep,",
        "keep: self.keep || other.keep,",
        "a file raises",
    ),
    Mutant(
        "t_levels",
        "state/ask.rs",
        "&& !door.carries(*kind, from) &&",
        "&&",
        "a question lists what was possible before",
    ),
    Mutant(
        "t_levels",
        "state/mod.rs",
        "self.consents.give(confirmed.what, from, confirmed.account, self.slot);",
        "let _ = from;",
        "a raise leaves no record",
    ),
    Mutant(
        "t_retain",
        "ring.rs",
        "self.clear(now % n + 1, to - now),",
        "self.clear(now % n + 1, (to - now) / 2),",
        "slots that were missed keep what was there",
    ),
    Mutant(
        "t_retain",
        "aging.rs",
        "self.hidden.saturating_add(now - slot).saturating_add(1);",
        "self.hidden;",
        "a step back hides nothing",
    ),
    Mutant(
        "t_roundtrip",
        "ring.rs",
        "out(&self.clock.save());",
        "out(&Aging::UNSET.save());",
        "a stored ring has no time",
    ),
    Mutant(
        "t_roundtrip",
        "audit.rs",
        "[self.code as u8, a, b, c, d, e, f]",
        "[self.code as u8, a, b, c, d, f, e]",
        "a number is stored backwards",
    ),
    Mutant(
        "t_roundtrip",
        "ring.rs",
        "if *version != VERSION || cells",
        "if cells",
        "foreign bytes are taken for a ring",
    ),
    Mutant(
        "t_cells",
        "cells.rs",
        "pub const LEAST: usize = 50;",
        "pub const LEAST: usize = 49;",
        "cells of 49 are published",
    ),
    Mutant("t_cells", "cells.rs", ".then_with(|| by_cells(before, *a, *b));", ";", "tables are looked at one by one"),
    Mutant(
        "t_pseudonym",
        "pseudonym.rs",
        "        mac.update(&self.epoch.to_be_bytes());\n",
        "",
        "pseudonyms are the same in every epoch",
    ),
    Mutant(
        "t_pseudonym",
        "pseudonym.rs",
        "Self::Station => b\"sta/1\",",
        "Self::Station => b\"neigh/1\",",
        "domains meet",
    ),
    Mutant("t_pseudonym", "pseudonym.rs", "        self.key.zeroize();\n", "", "a key outlives its epoch"),
    Mutant(
        "t_dp_sampler",
        "budget/sampler.rs",
        "if !(negative && y == 0) {",
        "if true {",
        "nothing is drawn twice as often",
    ),
    Mutant(
        "t_dp_sampler",
        "budget/sampler.rs",
        "Ok(k % 2 == 1)",
        "Ok(k % 2 == 1 || k > 3)",
        "chances are a little too high",
    ),
    Mutant(
        "t_dp_sampler",
        "budget/sampler.rs",
        "        if v < n {\n            return Ok(v);\n        }",
        "        return Ok(v % n);",
        "the remainder is not uniform",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "if recent.saturating_add(REPORT_MICRO_EPS) > MONTH_MICRO_EPS {",
        "if recent > MONTH_MICRO_EPS {",
        "a sixth report in 30 days",
    ),
    Mutant(
        "t_dp_sampler",
        "gate/tell.rs",
        "laplace(words, 60, 1)?",
        "laplace(words, 30, 1)?",
        "a report costs twice its epsilon",
    ),
    Mutant(
        "t_dp_sampler",
        "gate/tell.rs",
        "krr(words, 8, true_value.into(), 2, 5)?",
        "krr(words, 8, true_value.into(), 3, 5)?",
        "a category costs more than its epsilon",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "        let books = self.books()?;\n        if books.left() >= REPORT_MICRO_EPS {",
        "        if self.store.read(&mut []) == Some(0) {\n            self.install()?;\n        }\n        let books = self.books()?;\n        if books.left() >= REPORT_MICRO_EPS {",
        "an empty ledger is taken for a new one",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "r.day.saturating_add(CAP) <= day;",
        "r.day.saturating_add(2 * CAP) <= day;",
        "debits are kept for four years",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "What::Sum(books.cost_of(|r| is_old(r) || is_sum(r)))",
        "What::Sum(0)",
        "what is forgotten costs nothing",
    ),
    Mutant("t_levels", "state/mod.rs", "self.keep &= self.level > Level::Quiet;", "", "level 0 gives leave to keep"),
    Mutant(
        "t_levels",
        "sink.rs",
        "(Self::Lan(LanDoor::Log), kind) => matches!(kind, Kind::Event),",
        "(Self::Lan(LanDoor::Log), _) => true,",
        "the log carries every message",
    ),
    Mutant(
        "t_levels",
        "sink.rs",
        "Self::Zone | Self::Day | Self::Month | Self::Link)",
        "Self::Zone | Self::Day | Self::Link)",
        "a question does not list the month",
    ),
    Mutant(
        "t_levels",
        "state/mod.rs",
        "(self.weekly, self.keep, self.era) = (weekly, keep, self.era.wrapping_add(1));",
        "(self.weekly, self.keep) = (weekly, keep);",
        "a question outlives a file",
    ),
    Mutant(
        "t_levels",
        "state/mod.rs",
        "let on = stored.on && stored.level > Level::Quiet;",
        "let on = stored.on;",
        "stored settings sense at level 0",
    ),
    Mutant(
        "t_vocab",
        "event.rs",
        "Self::ZoneOn | Self::ZoneOff => Numbers::From(ZoneId::MIN, ZoneId::MAX),",
        "Self::ZoneOn | Self::ZoneOff => Numbers::From(0, Number::MAX),",
        "an event carries any number",
    ),
    Mutant("t_vocab", "wire/messages.rs", "(0..8).contains(&self.answer.get())", "true", "a category is any number"),
    Mutant(
        "t_retain",
        "ring.rs",
        "(now - step).saturating_add(hidden) < N as u32",
        "now - step < N as u32",
        "an import brings back what a step back hides",
    ),
    Mutant(
        "t_types",
        "gate/mod.rs",
        "    F: Wipe + Sync,\n    O: Wipe + Send + 'static,\n{\n    Raw::new(f(from.open()))",
        "    F: Wipe,\n    O: Wipe + Send + 'static,\n{\n    Raw::new(f(from.open()))",
        "a frame may borrow a cell",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "if books.left() < REPORT_MICRO_EPS || books",
        "if books",
        "a lifetime has no end",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "self.iter().any(|r| r.day > day)",
        "day > u32::MAX - 1",
        "a clock that went back gives anew",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "if self.mac(body, &books.last_mac) != mac {",
        "if mac.is_empty() {",
        "a damaged record passes",
    ),
    Mutant(
        "t_dp_ledger",
        "budget/mod.rs",
        "same.then_some(()).ok_or(Spent::Store)",
        "(same || true).then_some(()).ok_or(Spent::Store)",
        "a medium that lies is believed",
    ),
    Mutant(
        "t_vocab",
        "wire/range.rs",
        "    Busy(u8) = 0..=20;",
        "    Busy(u8) = 0..=21;",
        "a range is wider than the schema's",
    ),
    Mutant(
        "t_vocab",
        "wire/range.rs",
        "(Self::MIN..=Self::MAX).contains(&i64::from(v)).then_some(Self(v))",
        "Some(Self(v))",
        "what is out of range is read",
    ),
    Mutant(
        "t_docs",
        "../wire.toml",
        "means = \"Level in force\"",
        "means = \"The level\"",
        "the dictionary drifts from the schema",
    ),
    Mutant(
        "t_docs",
        "../docs/dictionary.md",
        "| `budget_left`",
        "| `budget_rest`",
        "the dictionary has a field that the code has not",
    ),
];

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const REPORT: &str = "firmware-glue/report/src";

fn main() -> ExitCode {
    if std::env::var_os("MILLPOND_MUTANTS").is_none() {
        println!("mutants: skipped; MILLPOND_MUTANTS=1 builds the gate with each of {} faults", MUTANTS.len());
        return ExitCode::SUCCESS;
    }
    cases::run("mutants", &[("each broken property is noticed by its test", each_is_noticed)])
}

/// A workspace of the gate and its tests alone, so that a fault costs seconds.
fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    let source = Path::new(HERE).parent().expect("tests lie in the workspace");
    copy(&source.join("firmware-glue/report"), &root.join("firmware-glue/report"));
    copy(&source.join("tests"), &root.join("tests"));
    fs::copy(source.join("Cargo.lock"), root.join("Cargo.lock")).expect("the scratch folder is writable");
    let text = |file: &str| fs::read_to_string(source.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let manifest = text("Cargo.toml");
    let (before, rest) = manifest.split_once("members = [").expect("a workspace has members");
    let (_, after) = rest.split_once(']').expect("a list ends");
    let (_, after) = after
        .split_once("default-members = [")
        .map_or(("", after), |(_, list)| list.split_once(']').expect("a list ends"));
    let local = |l: &&str| !l.contains("path = ") || l.contains("millpond-report");
    let after: Vec<&str> = after.lines().filter(local).collect();
    let manifest = format!("{before}members = [\"firmware-glue/report\", \"tests\"]{}\n", after.join("\n"));
    let tests = text("tests/Cargo.toml");
    let (head, rest) = tests.split_once("[dev-dependencies]").expect("the tests have dependencies");
    let (_, targets) = rest.split_once("\n[[").expect("the tests have targets");
    let known = |l: &&str| !l.starts_with("millpond-") || l.starts_with("millpond-report");
    let head: Vec<&str> = head.lines().filter(known).collect();
    // Only the target that is asked for is built, so those that need more may stay in the list.
    let tests = format!("{}\n\n[[{targets}", head.join("\n"));
    for (file, new) in [("Cargo.toml", manifest), ("tests/Cargo.toml", tests)] {
        let path = root.join(file);
        if fs::read_to_string(&path).ok().as_ref() != Some(&new) {
            fs::write(path, new).expect("the scratch folder is writable");
        }
    }
    root
}

/// Builds a test, then runs it: true if it passes.
fn passes(root: &Path, test: &str) -> bool {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants-target");
    let cargo = |more: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(root)
            .args(["test", "--quiet", "--offline", "-p", "millpond-tests", "--test", test])
            .args(more);
        cargo.arg("--target-dir").arg(&target).env_remove("MILLPOND_LEAKING_BUILDS").env_remove("MILLPOND_BLESS");
        cargo.output().expect("cargo runs")
    };
    let built = cargo(&["--no-run"]);
    assert!(built.status.success(), "{test}: a fault must compile\n{}", String::from_utf8_lossy(&built.stderr));
    cargo(&[]).status.success()
}

fn each_is_noticed() -> usize {
    let root = workspace();
    let mut tests: Vec<&str> = MUTANTS.iter().map(|m| m.0).collect();
    tests.dedup();
    for test in tests {
        assert!(passes(&root, test), "{test} fails on the source as it is");
    }
    let mut lived = Vec::new();
    for Mutant(test, file, old, new, broken) in MUTANTS {
        let path = root.join(REPORT).join(file);
        let sound = fs::read(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        plant(&root, &format!("{REPORT}/{file}"), old, new);
        let noticed = !passes(&root, test);
        fs::write(path, sound).expect("the scratch folder is writable");
        println!("mutants: {test}: {broken}: {}", if noticed { "noticed" } else { "NOT NOTICED" });
        if !noticed {
            lived.push(*broken);
        }
    }
    assert!(lived.is_empty(), "not noticed: {lived:?}");
    MUTANTS.len()
}
