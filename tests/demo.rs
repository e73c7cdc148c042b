//! The demo as programs call it: it ends by itself, its document is complete, and it agrees with the simulated truth.

use std::process::{Command, Output};

use millpond_node::demo::{Setup, verdict};
use millpond_optimizer::check::judge;
use millpond_tests::node::binary;
use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    Command::new(binary()).arg("demo").args(arguments).output().expect("millpond runs")
}

fn document(seed: &str) -> Value {
    let output = demo(&["--once", "--json", "--seed", seed]);
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else")
}

#[test]
fn the_document_is_complete_and_agrees_with_the_truth() {
    let d = document("1");
    for key in ["seed", "scene", "seconds", "versions", "events", "radios", "links", "plan", "truth"] {
        assert!(!d[key].is_null(), "{key}");
    }
    assert!(d["links"].as_array().is_some_and(|l| l.len() >= 3), "each link of the home has a handle: {}", d["links"]);
    for event in d["events"].as_array().expect("a list") {
        let at = |key: &str| event[key].as_u64().unwrap_or_else(|| panic!("{key} of {event}"));
        assert!((1..=4).contains(&at("zone")) && at("start_s") < at("end_s") && at("peak_level") <= 9, "{event}");
    }
    for zone in d["truth"]["zones"].as_array().expect("a list") {
        assert_eq!(zone["found"], zone["stretches"], "every walk is seen: {zone}");
    }
    let overall = &d["truth"]["overall"];
    assert!(overall["stretches"].as_u64() >= Some(8), "the route passes every room: {overall}");
    // Most of motion is told, little of stillness is called motion: half and a tenth leave room for other detectors.
    assert!(overall["detected_share"].as_f64() > Some(0.5), "{overall}");
    assert!(overall["false_share"].as_f64() < Some(0.1), "{overall}");
    let plan = &d["plan"];
    assert_eq!(plan["valid"], true, "{plan}");
    let u = |key: &str| plan["objective"][key].as_i64();
    assert!(u("u_after_milli") >= u("u_before_milli") && u("u_before_milli").is_some(), "{plan}");
    let decisions = plan["decisions"].as_array().expect("a list");
    assert!(decisions.iter().any(|d| d["kind"] != "keep"), "the plan has something to gain");
    for d in decisions {
        assert_eq!(d["message"], "decision");
        assert!(!d["reasons"].as_array().expect("a list").is_empty(), "a decision has reasons: {d}");
    }
}

#[test]
fn one_seed_gives_the_same_bytes_and_another_does_not() {
    let run = |seed| demo(&["--once", "--json", "--seconds", "15", "--seed", seed]).stdout;
    assert_eq!(run("3"), run("3"));
    assert_ne!(run("3"), run("4"));
}

#[test]
fn the_plan_passes_the_independent_judge() {
    for seed in 1..=4 {
        let setup = Setup::home(seed).expect("the home is valid");
        let plan = verdict(&setup).expect("the site can be planned").plan;
        let found = judge(&setup.site(), &plan);
        assert!(found.violations.is_empty(), "seed {seed}: {:?}", found.violations);
        assert!(found.u_milli >= found.u_before_milli, "seed {seed}");
    }
}

#[test]
fn results_and_progress_are_apart() {
    let output = demo(&["--once", "--seconds", "15"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("plan 1:") && text.contains("moving"), "{text}");
    let wrong = demo(&["--json"]);
    assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(2), 0));
}
