//! `millpond privacy`: what is read, kept and shown.

use millpond_report::Kind;
use millpond_report::sink::Door;
use millpond_report::wire::range::Level;

use super::Fault;
use crate::net::Streams;
use crate::sinks::page::json_text;
use crate::words::ENGLISH;

const HELP: &str = "\
Usage: millpond privacy statement [--json]

What the node keeps, what it shows and to whom at each level, and what never leaves it.
The table comes from the code that sends: a message without a door there cannot be sent.

Options:
  --json       the same for programs
  -h, --help   this text

Examples:
  millpond privacy statement
  millpond privacy statement --json
";

/// Runs the command.
pub(super) fn run(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(asked) = super::asking(parser, HELP, 1, streams)? else { return Ok(()) };
    if asked.values.first().map(String::as_str) != Some("statement") {
        return Err(Fault::Usage("say what: `privacy statement`".into(), HELP));
    }
    streams.result(&if asked.json { as_json() } else { as_text() });
    Ok(())
}

fn levels() -> impl Iterator<Item = (Level, Vec<(&'static str, String)>)> {
    Level::ALL.iter().map(|level| {
        let kinds =
            |door: &Door| Kind::ALL.iter().filter(|k| door.carries(**k, *level)).map(|k| k.text()).collect::<Vec<_>>();
        let doors = Door::ALL.iter().map(|d| (name(*d), kinds(d).join(", "))).filter(|(_, kinds)| !kinds.is_empty());
        (*level, doors.collect())
    })
}

fn name(door: Door) -> &'static str {
    use millpond_report::sink::{LanDoor, WanDoor};
    match door {
        Door::Lan(LanDoor::UnixSocket) => "socket on this machine",
        Door::Lan(LanDoor::CommandLine) => "command line",
        Door::Lan(LanDoor::Page) => "local page",
        Door::Lan(LanDoor::Caller) => "program that linked the library",
        Door::Lan(LanDoor::Log) => "log",
        Door::Lan(LanDoor::Store) => "store, if you chose to keep history",
        Door::Lan(LanDoor::Mqtt) => "MQTT at home",
        Door::Lan(LanDoor::Metrics) => "metrics at home",
        Door::Lan(LanDoor::Ubus) => "ubus at home",
        Door::Wan(WanDoor::Weekly) => "weekly report, with its own consent",
        Door::Wan(WanDoor::Snapshot) => "operator's optimizer",
    }
}

fn as_text() -> String {
    let mut out: Vec<String> = ENGLISH.facts.iter().map(|f| format!("- {f}")).collect();
    out.push(format!(
        "\nThis release ({}) serves the command line and the local page at level 1 and nothing else.",
        env!("CARGO_PKG_VERSION")
    ));
    out.push("What each level would allow, once a release builds the door:".into());
    for (level, doors) in levels() {
        out.push(format!("\nLevel {}", level.text()));
        out.extend(doors.iter().map(|(door, kinds)| format!("  {door:<36} {kinds}")));
    }
    out.join("\n")
}

fn as_json() -> String {
    let facts: Vec<String> = ENGLISH.facts.iter().map(|f| json_text(f)).collect();
    let level = |(level, doors): (Level, Vec<(&str, String)>)| {
        let door = |(door, kinds): &(&str, String)| {
            let kinds: Vec<String> = kinds.split(", ").map(json_text).collect();
            format!("{{\"door\":{},\"messages\":[{}]}}", json_text(door), kinds.join(","))
        };
        let doors: Vec<String> = doors.iter().map(door).collect();
        format!("{{\"level\":{},\"doors\":[{}]}}", level.text(), doors.join(","))
    };
    let levels: Vec<String> = levels().map(level).collect();
    format!("{{\"facts\":[{}],\"levels\":[{}]}}", facts.join(","), levels.join(","))
}
