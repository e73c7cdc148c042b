//! What a household says to a running node and asks of it: one small command a word.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::Fault;
use super::talk::{Talk, escaped};
use crate::net::Streams;
use crate::store::{read_text, write_text};

/// All of them.
pub(super) const ALL: &[super::Command] = &[
    ("status", STATUS, status),
    ("motion", MOTION, motion),
    ("sensing", SENSING, sensing),
    ("pause", PAUSE, pause),
    ("zones", ZONES, zones),
    ("network", NETWORK, network),
    ("plan", PLAN, plan),
    ("export", EXPORT, export),
    ("import", IMPORT, import),
    ("erase", ERASE, erase),
    ("consent", CONSENT, consent),
    ("update", UPDATE, update),
];

const QUIET: &str = "at level 0 the node tells its status alone";

const STATUS: &str = "\
Usage: millpond status [--json]

What the node on this machine is doing: the level and the sensing switch, then each zone.
Off, unknown and still are three different things: off and unknown never mean that nobody is there.

Options:
      --json           everything that the node shows, as one JSON document
{OPTIONS}
  -h, --help           this text

Examples:
  millpond status
  millpond status --json
";

fn status(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, STATUS, &[], streams)? else { return Ok(()) };
    none(&talk, STATUS)?;
    streams.result(&talk.get(if talk.json { "/api/state" } else { "/api/status.txt" })?);
    Ok(())
}

const MOTION: &str = "\
Usage: millpond motion live|history [--json] [--seconds S]

live: a line for each change of a zone, until Ctrl-C; with --json one line of JSON a second.
history: the last 24 hours and 30 days. That it was read is noted, and everybody at home can see that.

Options:
      --json           for programs
      --seconds S      live: end after so many seconds
{OPTIONS}
  -h, --help           this text

Examples:
  millpond motion live
  millpond motion history --json
";

fn motion(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, MOTION, &["seconds"], streams)? else { return Ok(()) };
    match talk.words()[..] {
        ["live"] => live(&talk, streams),
        ["history"] if talk.json => {
            streams.result(&talk.get("/api/history")?);
            Ok(())
        }
        ["history"] => history(&talk, streams),
        _ => Err(Fault::Usage("say what: `motion live` or `motion history`".into(), MOTION)),
    }
}

fn live(talk: &Talk, streams: &mut Streams) -> Result<(), Fault> {
    let seconds: Option<u64> = match talk.option("seconds").map(str::parse) {
        None => None,
        Some(Ok(s)) => Some(s),
        Some(Err(_)) => return Err(Fault::Usage("--seconds takes a number".into(), MOTION)),
    };
    let mut last: Vec<(String, String)> = Vec::new();
    for second in 0.. {
        if seconds.is_some_and(|s| second >= s) {
            return Ok(());
        }
        let text = talk.get("/api/state")?;
        let state: Value = serde_json::from_str(&text).map_err(|_| Fault::Failed("the answer is no JSON".into()))?;
        if !state["zones"].is_array() {
            return Err(Fault::Choice(QUIET.into()));
        }
        if talk.json {
            streams.result(&format!("{{\"status\":{},\"zones\":{}}}", state["status"], state["zones"]));
        } else {
            let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            let zones = state["zones"].as_array().into_iter().flatten();
            let now: Vec<_> = zones.map(|z| (word(&z["label"]), word(&z["state"]))).collect();
            for (i, (label, state)) in now.iter().enumerate() {
                if last.get(i).is_none_or(|(_, before)| before != state) {
                    streams.result(&format!("{label:<16} {state}"));
                }
            }
            last = now;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

fn history(talk: &Talk, streams: &mut Streams) -> Result<(), Fault> {
    let all: Value = serde_json::from_str(&talk.get("/api/history")?).unwrap_or_default();
    if all["held"] == true {
        return Err(Fault::Choice("history is on hold".into()));
    }
    let list = |key: &str| all[key].as_array().cloned().unwrap_or_default();
    let (days, months) = (list("day"), list("month"));
    for zone in 1..=16u64 {
        let mine = |v: &&Value| v["zone"] == zone;
        let count = |all: &[Value], key: &str, least: u64| {
            let known: Vec<&Value> = all.iter().filter(mine).collect();
            (known.iter().filter(|v| v[key].as_u64() >= Some(least)).count(), known.len())
        };
        let ((moved, known), (hours, hours_known)) = (count(&days, "level", 5), count(&months, "active", 1));
        if known + hours_known > 0 {
            streams.result(&format!(
                "zone {zone:<3} last 24 h: moved in {} of {} min known   last 30 days: moved in {hours} of {hours_known} h known",
                moved * 5,
                known * 5
            ));
        }
    }
    if days.is_empty() && months.is_empty() {
        streams.result("no history yet: it fills up while sensing is on");
    }
    Ok(())
}

const SENSING: &str = "\
Usage: millpond sensing on|off [--zone N]

Switches sensing on or off, in the whole node or in one zone. On takes the admin key.

Options:
      --zone N         in this zone alone
      --yes, -y        agree to what becomes possible without being asked
{OPTIONS}
  -h, --help           this text

Examples:
  millpond sensing off
  millpond sensing on --zone 2
";

fn sensing(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, SENSING, &["zone"], streams)? else { return Ok(()) };
    let word = match talk.words()[..] {
        [word @ ("on" | "off")] => word,
        _ => return Err(Fault::Usage("say on or off".into(), SENSING)),
    };
    let done = match talk.option("zone") {
        Some(zone) => talk.post("/api/zone", &format!("zone={}&sensing={word}", escaped(zone))),
        None => talk.post("/api/sensing", &format!("sensing={word}")),
    }?;
    streams.result(&done);
    Ok(())
}

const PAUSE: &str = "\
Usage: millpond pause [15m|1h|until]

Pauses sensing: for 15 minutes, for an hour, or until an admin resumes it with `millpond sensing on`. Anybody may.

Options:
{OPTIONS}
  -h, --help           this text

Examples:
  millpond pause
  millpond pause 1h
";

fn pause(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, PAUSE, &[], streams)? else { return Ok(()) };
    let minutes = match talk.words()[..] {
        [] | ["15m"] => 15,
        ["1h"] => 60,
        ["until"] => 0,
        _ => return Err(Fault::Usage("a pause is 15m, 1h or until".into(), PAUSE)),
    };
    streams.result(&talk.post("/api/pause", &format!("minutes={minutes}"))?);
    Ok(())
}

const ZONES: &str = "\
Usage: millpond zones [--json]

The zones with their names and whether sensing is switched off in one of them.

Options:
      --json           for programs
{OPTIONS}
  -h, --help           this text

Examples:
  millpond zones
  millpond sensing off --zone 3
";

fn zones(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, ZONES, &[], streams)? else { return Ok(()) };
    none(&talk, ZONES)?;
    let state: Value = serde_json::from_str(&talk.get("/api/state")?).unwrap_or_default();
    if !state["zones"].is_array() {
        return Err(Fault::Choice(QUIET.into()));
    }
    if talk.json {
        streams.result(&state["zones"].to_string());
        return Ok(());
    }
    for z in state["zones"].as_array().into_iter().flatten() {
        let word = |key: &str| z[key].as_str().unwrap_or_default();
        streams.result(&format!("{:<3} {:<16} {}", z["zone"].to_string(), word("label"), word("state")));
    }
    Ok(())
}

const NETWORK: &str = "\
Usage: millpond network [--json]

Each radio: its channel, how busy the air is there, and where the plan would put it.

Options:
      --json           for programs
{OPTIONS}
  -h, --help           this text

Examples:
  millpond network
";

fn network(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, NETWORK, &[], streams)? else { return Ok(()) };
    none(&talk, NETWORK)?;
    if talk.json {
        let state: Value = serde_json::from_str(&talk.get("/api/state")?).unwrap_or_default();
        if !state["radios"].is_array() {
            return Err(Fault::Choice(QUIET.into()));
        }
        streams.result(&format!("{{\"radios\":{},\"links\":{}}}", state["radios"], state["links"]));
    } else {
        streams.result(&talk.get("/api/network.txt")?);
    }
    Ok(())
}

const PLAN: &str = "\
Usage: millpond plan now | apply N | undo N | object N | pin NODE BAND | unpin NODE BAND

A word on the plan; `millpond why` has the decisions with their numbers.

  now           plan at once
  apply N       carry decision N out (in mode \"ask\")
  undo N        take decision N back
  object N      never again what decision N chose
  pin NODE BAND   leave that radio as it is (BAND is 2, 5 or 6)
  unpin NODE BAND let the plan move it again

Options:
{OPTIONS}
  -h, --help           this text

Examples:
  millpond plan now
  millpond plan undo 3
  millpond plan pin 1 5
";

fn plan(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, PLAN, &[], streams)? else { return Ok(()) };
    let number = |n: &str| n.parse::<u16>().map_err(|_| Fault::Usage("N is the number of a decision".into(), PLAN));
    let form = match talk.words()[..] {
        ["now"] => "word=now".to_owned(),
        [word @ ("apply" | "undo" | "object"), n] => format!("word={word}&number={}", number(n)?),
        [word @ ("pin" | "unpin"), node, band @ ("2" | "5" | "6")] => {
            format!("word={word}&node={}&band={band}", number(node)?)
        }
        _ => return Err(Fault::Usage("which word?".into(), PLAN)),
    };
    streams.result(&talk.post("/api/plan", &form)?);
    Ok(())
}

const EXPORT: &str = "\
Usage: millpond export [--format json|csv|influx] [--out FILE]

Everything that the node keeps: history, settings, consents, the audit, decisions. CSV and Influx lines have the history
alone. That it was exported is noted.

Options:
      --format FORM    json, csv or influx (json)
      --out FILE       a file that only you can read, in place of standard output
{OPTIONS}
  -h, --help           this text

Examples:
  millpond export > millpond.json
  millpond export --format csv --out history.csv
";

fn export(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, EXPORT, &["format", "out"], streams)? else { return Ok(()) };
    none(&talk, EXPORT)?;
    let form = match talk.option("format") {
        None | Some("json") => "json",
        Some("csv") => "csv",
        Some("influx") => "influx",
        Some(_) => return Err(Fault::Usage("an export is json, csv or influx".into(), EXPORT)),
    };
    let text = talk.get(&format!("/export.{form}"))?;
    match talk.option("out") {
        None => streams.result(&text),
        Some(file) => write_text(Path::new(file), &(text + "\n")).map_err(|e| Fault::Failed(format!("{file}: {e}")))?,
    }
    Ok(())
}

const IMPORT: &str = "\
Usage: millpond import FILE

Takes back the history of an export: only where nothing is known, and nothing that has grown too old meanwhile. Settings
are never raised by it.

Options:
{OPTIONS}
  -h, --help           this text

Examples:
  millpond import millpond.json
";

fn import(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, IMPORT, &[], streams)? else { return Ok(()) };
    let [file] = talk.words()[..] else { return Err(Fault::Usage("which file?".into(), IMPORT)) };
    let text = read_text(Path::new(file), 4 << 20).map_err(|e| Fault::Failed(format!("{file}: {e}")))?;
    streams.result(&talk.post("/api/import", &text)?);
    Ok(())
}

const ERASE: &str = "\
Usage: millpond erase --yes [--zone N] [--from SLOT] [--to SLOT]

Erases and then looks again. Without more: everything, that is history, decisions, the audit, the store with its key and
the number by which other programs know this node. With --zone, --from or --to: that part of the history, which is unknown
then. A slot is 5 minutes, counted from Monday, 5 January 1970 (`slot` in an export is the one that runs).

Options:
      --yes, -y        it does not come back; without this nothing is erased
      --zone N         this zone
      --from SLOT      from this slot
      --to SLOT        to this slot
{OPTIONS}
  -h, --help           this text

Examples:
  millpond erase --yes
  millpond erase --yes --zone 2
";

fn erase(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, ERASE, &["zone", "from", "to"], streams)? else { return Ok(()) };
    none(&talk, ERASE)?;
    if !talk.yes && !streams.agreed("What is erased does not come back. Type yes to erase: ") {
        return Err(Fault::Choice("nothing was erased (--yes erases without asking)".into()));
    }
    let parts: Vec<String> = talk.extra.iter().map(|(n, v)| format!("&{n}={}", escaped(v))).collect();
    streams.result(&talk.post("/api/erase", &format!("confirm=erase{}", parts.concat()))?);
    Ok(())
}

const CONSENT: &str = "\
Usage: millpond consent [withdraw level-1|level-2|level-3|sensing|weekly|keep] [--json]

Who agreed to what, and when; or withdraws, at once and without a key.

Options:
      --json           for programs
{OPTIONS}
  -h, --help           this text

Examples:
  millpond consent
  millpond consent withdraw keep
";

fn consent(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, CONSENT, &[], streams)? else { return Ok(()) };
    match talk.words()[..] {
        [] => {
            let all: Value = serde_json::from_str(&talk.get("/api/settings")?).unwrap_or_default();
            if talk.json {
                streams.result(&all["consents"].to_string());
                return Ok(());
            }
            let consents = all["consents"].as_array().cloned().unwrap_or_default();
            for c in &consents {
                let stands = if c["stands"] == true { "in force" } else { "withdrawn" };
                streams.result(&format!("{:<10} {stands}", c["matter"].as_str().unwrap_or_default()));
            }
            if consents.is_empty() {
                streams.result("nobody has agreed to anything");
            }
            return Ok(());
        }
        ["withdraw", matter] => {
            let (path, form) = match matter {
                "level-1" => ("/api/level", "level=0"),
                "level-2" => ("/api/level", "level=1"),
                "level-3" => ("/api/level", "level=2"),
                "sensing" => ("/api/sensing", "sensing=off"),
                "weekly" => ("/api/weekly", "weekly=off"),
                "keep" => ("/api/keep", "keep=off"),
                _ => return Err(Fault::Usage(format!("there is no consent {matter}"), CONSENT)),
            };
            // A level that is in force already, or lies below, is no step down and must not become a step up.
            let settings: Value = serde_json::from_str(&talk.get("/api/settings")?).unwrap_or_default();
            let level = settings["settings"]["level"].as_u64().unwrap_or(0);
            let wanted = form.strip_prefix("level=").and_then(|l| l.parse::<u64>().ok());
            if wanted.is_some_and(|w| w >= level) {
                streams.result("done");
                return Ok(());
            }
            streams.result(&talk.post(path, form)?);
        }
        _ => return Err(Fault::Usage("consent, or consent withdraw WHAT".into(), CONSENT)),
    }
    Ok(())
}

const UPDATE: &str = "\
Usage: millpond update window [HH:MM-HH:MM] [--config FILE]

Shows or sets when radios may be changed, in the settings file; the rest of the file stays as it is. A running node takes
it over at its next start.

Options:
      --config FILE    the settings (/etc/millpond.toml)
  -h, --help           this text

Examples:
  millpond update window
  millpond update window 02:30-04:30
";

fn update(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, UPDATE, &["config"], streams)? else { return Ok(()) };
    let file = talk.option("config").unwrap_or(super::check::DEFAULT);
    let window = match talk.words()[..] {
        ["window"] => None,
        ["window", window] => Some(window),
        _ => return Err(Fault::Usage("`update window`, with or without times".into(), UPDATE)),
    };
    let config = super::check::load(Path::new(file))?;
    let Some(window) = window else {
        let clock = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
        streams.result(&format!("{}-{}", clock(config.plan.window.from), clock(config.plan.window.to)));
        return Ok(());
    };
    if window.parse::<crate::config::Window>().is_err() {
        return Err(Fault::Usage("a window is written as in 03:00-05:00".into(), UPDATE));
    }
    let failed = |e: std::io::Error| Fault::Failed(format!("{file}: {e}"));
    let text = read_text(Path::new(file), crate::config::CONFIG_MAX).map_err(failed)?;
    let new = with_window(&text, window);
    if crate::config::read(&new).is_err() {
        return Err(Fault::Failed(format!("{file}: no place for the window was found; write it by hand under [plan]")));
    }
    write_text(Path::new(file), &new).map_err(failed)?;
    streams.result("done; a running node takes it over at its next start");
    Ok(())
}

/// The text with another window under `[plan]`; all else stays.
fn with_window(text: &str, window: &str) -> String {
    let (mut out, mut inside, mut done) = (String::new(), false, false);
    let line = format!("window = \"{window}\"");
    for old in text.lines() {
        let is_head = old.trim_start().starts_with('[');
        if inside && !done && is_head {
            out += &format!("{line}\n");
            done = true;
        }
        inside = if is_head { old.trim() == "[plan]" } else { inside };
        if inside && !done && old.trim_start().starts_with("window") {
            let note = old.split_once('#').map_or(String::new(), |(_, note)| format!("  #{note}"));
            out += &format!("{line}{note}\n");
            done = true;
        } else {
            out += old;
            out.push('\n');
        }
    }
    if !done {
        out += &if inside { format!("{line}\n") } else { format!("\n[plan]\n{line}\n") };
    }
    out
}

/// No word is left over.
fn none(talk: &Talk, help: &'static str) -> Result<(), Fault> {
    match talk.values.first() {
        None => Ok(()),
        Some(word) => Err(Fault::Usage(format!("there is no {word:?} here"), help)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_its_place_and_all_else_stays() {
        let has = "[plan]\nmode = \"ask\"\nwindow = \"03:00-05:00\"  # night\n[page]\non = true\n";
        assert_eq!(with_window(has, "01:00-02:00"), has.replace("03:00-05:00", "01:00-02:00"));
        assert_eq!(with_window("[plan]\n[page]\n", "01:00-02:00"), "[plan]\nwindow = \"01:00-02:00\"\n[page]\n");
        assert_eq!(with_window("", "01:00-02:00"), "\n[plan]\nwindow = \"01:00-02:00\"\n");
        assert_eq!(with_window("[plan]\n", "01:00-02:00"), "[plan]\nwindow = \"01:00-02:00\"\n");
    }
}
