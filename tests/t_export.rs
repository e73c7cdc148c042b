//! `t_export` of the privacy contract: what a household may take with it has the fields of the data dictionary, and the
//! dictionary has those of the export.
//!
//! The node is whole but for its sockets; only the air and the drivers' reports are simulated. That an import gives the same again is
//! `t_roundtrip`.

mod once;

use std::collections::BTreeSet;
use std::process::ExitCode;

use millpond_node::demo::{Setup, sensing_on};
use millpond_report::state::{Less, Pause};
use millpond_report::wire::range::ZoneId;
use millpond_tests::cases;
use millpond_tests::dictionary::EXPORT;
use millpond_tests::schema::{self, Message};
use serde_json::Value;

fn main() -> ExitCode {
    cases::run(
        "t_export",
        &[
            ("each message of the home has its fields and no other", messages),
            ("all else that is exported stands in the dictionary, and the reverse", all_else),
            ("the tables have the fields of the messages", tables),
            ("a field more or less is noticed", the_comparison_can_fail),
        ],
    )
}

/// The built-in home after a minute, with something of everything: motion, radios, decisions, events, consents.
fn exports() -> [String; 3] {
    const SECONDS: u64 = 70;
    let setup = Setup::home(1).expect("the home is valid");
    let mut privacy = sensing_on();
    let _entry = privacy.set(Less::ZoneOff(ZoneId::new(2)), 0);
    let parts = setup.parts(SECONDS as f64).expect("the home is valid");
    let on = once::run(&setup, parts, privacy, SECONDS).exports;
    // Paused until resumed, the pause has another form.
    let mut privacy = sensing_on();
    let _entry = privacy.set(Less::Pause(Pause::UntilResumed), 0);
    let parts = setup.parts(2.0).expect("the home is valid");
    let paused = once::run(&setup, parts, privacy, 2).exports;
    assert!(paused[0].contains("until resumed"));
    on
}

/// What may stand in a message of the export beside its own fields: what the user typed, and the slot since Monday, 5 January
/// 1970, in which an entry of the audit was made.
const BESIDE: [&str; 2] = ["label", "at"];

/// The messages within a document, and the paths of all else.
fn walk(value: &Value, path: &str, found: &mut Vec<Value>, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(all) if all.contains_key("message") => found.push(value.clone()),
        Value::Object(all) => all.iter().for_each(|(key, v)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(v, &path, found, paths);
        }),
        Value::Array(all) if all.iter().any(Value::is_object) => {
            all.iter().for_each(|v| walk(v, path, found, paths));
        }
        _ => {
            paths.insert(path.to_owned());
        }
    }
}

fn walked(text: &str) -> (Vec<Value>, BTreeSet<String>) {
    let document: Value = serde_json::from_str(text).expect("an export is JSON");
    let (mut found, mut paths) = (vec![], BTreeSet::new());
    walk(&document, "", &mut found, &mut paths);
    (found, paths)
}

/// Whether a message has exactly the fields that the schema states.
fn has_its_fields(message: &Value, schema: &[Message]) -> bool {
    let of = schema.iter().find(|m| message["message"] == m.name.as_str());
    of.is_some_and(|of| {
        let keys = message.as_object().into_iter().flat_map(|m| m.keys().map(String::as_str));
        let there: BTreeSet<&str> = keys.filter(|k| *k != "message" && !BESIDE.contains(k)).collect();
        there == of.fields.iter().map(|f| f.name.as_str()).collect()
    })
}

fn messages() -> usize {
    let schema = schema::messages();
    let [json, ..] = exports();
    let (found, _) = walked(&json);
    let mut kinds = BTreeSet::new();
    for message in &found {
        assert!(has_its_fields(message, &schema), "{message}");
        kinds.insert(message["message"].as_str().unwrap_or_default().to_owned());
    }
    // What leaves the home is made for one report and kept nowhere; all else can be taken along.
    let home: BTreeSet<String> = schema.iter().filter(|m| m.scope == "lan").map(|m| m.name.clone()).collect();
    assert_eq!(kinds, home);
    found.len()
}

fn all_else() -> usize {
    let [json, ..] = exports();
    let (_, paths) = walked(&json);
    let stated: BTreeSet<String> = EXPORT.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(paths, stated, "the export, and the dictionary's list of it");
    stated.len()
}

/// CSV: one column for each field of `day` and `month`. Influx: a measurement for each, its tags and values the message's fields.
fn tables() -> usize {
    let schema = schema::messages();
    let fields = |name: &str| {
        let message = schema.iter().find(|m| m.name == name).expect("it is stated");
        message.fields.iter().map(|f| f.name.clone()).collect::<BTreeSet<String>>()
    };
    let [_, csv, influx] = exports();
    let head: BTreeSet<String> = csv.lines().next().expect("a head line").split(',').map(Into::into).collect();
    let mut want: BTreeSet<String> = &fields("day") | &fields("month");
    want.insert("message".into());
    assert_eq!(head, want);
    let mut n = head.len();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(cells.len() == head.len() && matches!(cells[0], "day" | "month"), "{line}");
        n += 1;
    }
    for line in influx.lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let [series, value, time] = parts[..] else { panic!("{line}") };
        let (name, tag) = series.split_once(',').expect("a tag");
        let of = fields(name.strip_prefix("millpond_").expect("our measurement"));
        for pair in [tag, value] {
            assert!(of.contains(pair.split('=').next().unwrap_or_default()), "{line}");
        }
        assert!(time.parse::<u64>().is_ok(), "{line}");
        n += 1;
    }
    assert!(csv.lines().count() > 3 && influx.lines().count() > 3);
    n
}

fn the_comparison_can_fail() -> usize {
    let schema = schema::messages();
    let [json, ..] = exports();
    let (found, _) = walked(&json);
    let zone = found.iter().find(|m| m["message"] == "zone").expect("the home has zones");
    let (mut more, mut less) = (zone.clone(), zone.clone());
    more["mac"] = "02:00:00:00:00:01".into();
    less.as_object_mut().expect("an object").remove("since");
    assert!(has_its_fields(zone, &schema) && !has_its_fields(&more, &schema) && !has_its_fields(&less, &schema));
    3
}
