//! `millpond privacy`: what is read, kept and shown, and the switches for it.

use millpond_report::Kind;
use millpond_report::sink::Door;
use millpond_report::wire::range::Level;
use serde_json::Value;

use super::Fault;
use super::talk::{Talk, escaped};
use crate::net::Streams;
use crate::sinks::page::{example, json_text};
use crate::words::ENGLISH;

pub(super) const HELP: &str = "\
Usage: millpond privacy statement [--json] | level [0|1|2|3] | keep on|off | hold on|off | preview [--json]

statement  what the node keeps, what it shows and to whom at each level, and what never leaves it. The table comes from
           the code that sends: a message without a door there cannot be sent.
level      the level in force, or another one. Down is for everybody and at once; up takes the admin key and asks first.
keep       history across restarts, encrypted; on takes the admin key and asks first, off destroys what was kept.
hold       history is kept, and nobody reads or adds to it; off takes the admin key.
preview    the bytes of the one message that a private person's node could send beyond the home, whether or not it may.

Options:
      --json           statement, preview: for programs
      --yes, -y        agree to what becomes possible without being asked
{OPTIONS}
  -h, --help           this text

Examples:
  millpond privacy statement
  millpond privacy level 2
  millpond privacy keep off
";

/// Runs the command.
pub(super) fn run(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, HELP, &[], streams)? else { return Ok(()) };
    let done = match talk.words()[..] {
        ["statement"] => {
            if talk.json {
                as_json()
            } else {
                as_text()
            }
        }
        ["preview"] => preview(talk.json),
        ["level"] => {
            let all: Value = serde_json::from_str(&talk.get("/api/state")?).unwrap_or_default();
            all["status"]["level"].to_string()
        }
        ["level", level @ ("0" | "1" | "2" | "3")] => {
            talk.raise("/api/level", &format!("level={}", escaped(level)), streams)?
        }
        ["keep", "on"] => talk.raise("/api/keep", "keep=on", streams)?,
        ["keep", "off"] => talk.post("/api/keep", "keep=off")?,
        ["hold", word @ ("on" | "off")] => talk.post("/api/hold", &format!("hold={word}"))?,
        _ => return Err(Fault::Usage("say what: for example `privacy statement`".into(), HELP)),
    };
    streams.result(&done);
    Ok(())
}

fn levels() -> impl Iterator<Item = (Level, Vec<(&'static str, String)>)> {
    Level::ALL.iter().map(|level| {
        let kinds =
            |door: &Door| Kind::ALL.iter().filter(|k| door.carries(**k, *level)).map(|k| k.text()).collect::<Vec<_>>();
        let doors = Door::ALL.iter().map(|d| ((ENGLISH.door)(*d), kinds(d).join(", ")));
        (*level, doors.filter(|(_, kinds)| !kinds.is_empty()).collect())
    })
}

fn as_text() -> String {
    let mut out: Vec<String> = ENGLISH.facts.iter().map(|f| format!("- {f}")).collect();
    out.push(format!(
        "\nThis release ({}) has the control socket, the command line, the page, the log and the store at level 1, and MQTT, \
         metrics and ubus from level 2 on. It has no door beyond your network at any level.",
        env!("CARGO_PKG_VERSION")
    ));
    out.push("What each level allows, once a release builds the door:".into());
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

/// The weekly report byte for byte, with an answer that is nobody's.
fn preview(json: bool) -> String {
    let bytes = example();
    let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    if json {
        return format!("{{\"message\":\"weekly\",\"bytes\":{},\"hex\":\"{}\"}}", bytes.len(), hex.concat());
    }
    let rows: Vec<String> =
        hex.chunks(16).enumerate().map(|(i, row)| format!("{:04x}  {}", i * 16, row.join(" "))).collect();
    format!(
        "weekly, {} bytes: its code, version 1, the week's number (2 bytes), the question (0 to 7), the noised answer (2 bytes),\n\
         zeros. This release has nobody to send it to, and sends nothing. Week, question and answer here are examples.\n{}",
        bytes.len(),
        rows.join("\n")
    )
}
