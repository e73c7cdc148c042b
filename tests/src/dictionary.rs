//! The data dictionary: what there is on any wire, made from the schema file, the list of events and the gate's table of doors.

use std::fmt::Write as _;

use millpond_report::sink::Door;
use millpond_report::wire::range::Level;
use millpond_report::{Kind, Wire, wire};

use crate::schema::{self, Field, Message, Range};

const HEAD: &str = "\
# Data dictionary

Every message that Millpond can send, field by field: there is no other. It is made from `wire.toml`, `events.toml` and the
gate's table of doors; do not edit it. After a change: `MILLPOND_BLESS=1 cargo test -p millpond-tests --test t_docs`.

*Place* is where the field begins in the encoding, *size* what it takes, in bytes. *LAN* never leaves the home; *WAN* exists at level
3 alone, after an admin's consent. Levels: 0 quiet, 1 local (as installed), 2 home, 3 managed.
";

/// What an export holds beside messages: where it stands, and what it is.
pub const EXPORT: &[(&str, &str)] = &[
    ("export", "always `millpond`"),
    ("schema", "version of the export's form"),
    ("version", "release of the software"),
    ("history.slot", "the slot that ran, since Monday, 5 January 1970"),
    ("history.held", "whether the household has put its history on hold"),
    ("settings.settings.level", "level in force"),
    ("settings.settings.sensing", "the switch"),
    ("settings.settings.pause_s", "seconds that a pause still lasts, or `until resumed`"),
    ("settings.settings.zones_off", "zones that are switched off"),
    ("settings.settings.weekly", "consent to the weekly report"),
    ("settings.settings.keep", "history kept across restarts"),
    ("settings.settings.hold", "history on hold"),
    ("settings.consents.matter", "what was agreed to"),
    ("settings.consents.stands", "whether it is in force"),
    ("settings.consents.given_at", "slot of the yes, where it is known"),
    ("settings.consents.withdrawn_at", "slot of the withdrawal, where there was one and it is known"),
    ("settings.consents.messages", "the messages that were shown with the question"),
    ("settings.zones", "the zones' labels, as the user typed them"),
    ("settings.broker", "whether the MQTT broker is there"),
    ("settings.lost_sources", "sources that are missing, by their place in the settings file"),
    ("settings.failing", "whether the store cannot be written"),
];

/// The whole text.
pub fn dictionary() -> String {
    let (messages, mut out) = (schema::messages(), HEAD.to_string());
    out.push_str("\n| message | scope | from level | bytes | says |\n|---|---|---|---|---|\n");
    for m in &messages {
        let scope = m.scope.to_uppercase();
        let _ = writeln!(out, "| [`{0}`](#{0}) | {scope} | {1} | {2} | {3} |", m.name, first(m), m.bytes, m.about);
    }
    messages.iter().for_each(|m| message(m, &mut out));
    out.push_str("\n## Events\n\nLogs, audits and the `event` message hold these codes and nothing else.\n");
    out.push_str("\n| code | word | means | number | range |\n|---|---|---|---|---|\n");
    for e in schema::events() {
        let _ = writeln!(
            out,
            "| {} | `{}` | {} | {} | {} |",
            e.code,
            e.word,
            e.means,
            e.number,
            e.range.replace('|', ", ")
        );
    }
    out.push_str(
        "\n## Export\n\nThe messages of the home, some with the label that the user typed (`label`), entries of the audit with the slot \
         since Monday, 5 January 1970 (`at`), and these:\n\n| exported | means |\n|---|---|\n",
    );
    for (path, means) in EXPORT {
        let _ = writeln!(out, "| `{path}` | {means} |");
    }
    out
}

/// The lowest level at which some door carries a message.
fn first(m: &Message) -> &'static str {
    let kind = kind(m);
    let carried = |l: &&Level| Door::ALL.iter().any(|d| d.carries(kind, **l));
    Level::ALL.iter().find(carried).map_or("none", |l| l.text())
}

fn kind(m: &Message) -> Kind {
    Kind::of(&[m.code]).unwrap_or_else(|| panic!("`{}` has no kind of code {}", m.name, m.code))
}

fn message(m: &Message, out: &mut String) {
    let _ = write!(out, "\n## {}\n\n{}\n\n", m.name, m.about);
    let doors: Vec<String> = Door::ALL.iter().filter(|d| d.carries(kind(m), Level::Managed)).map(door).collect();
    let _ = writeln!(out, "Doors: {}. JSON takes {} characters.\n", doors.join(", "), m.json_chars);
    out.push_str("| field | place | size | range | means |\n|---|---|---|---|---|\n");
    let mut at = 1;
    for f in &m.fields {
        row(f, at, out);
        at += f.range.bytes();
    }
    if at < m.bytes {
        let _ = writeln!(out, "\nZeros follow from place {at} to the end.");
    }
    for f in m.fields.iter().filter(|f| !parts(&f.range).is_empty()) {
        let _ = write!(out, "\nEach item of `{}`:\n\n| part | range |\n|---|---|\n", f.name);
        for (name, text) in parts(&f.range) {
            let _ = writeln!(out, "| `{name}` | {text} |");
        }
    }
}

fn row(f: &Field, at: usize, out: &mut String) {
    let range = if f.name == "code" { "see [events](#events)".into() } else { shown(&f.range) };
    let _ = writeln!(out, "| `{}` | {at} | {} | {range} | {} |", f.name, f.range.bytes(), f.means);
}

/// A range in words; a bar would end the cell of the table.
fn shown(range: &Range) -> String {
    match range {
        Range::Release => "three numbers 0 to 255".into(),
        Range::Number(a, b) if a == b => format!("always {a}"),
        Range::Number(a, b) => format!("{a} to {b}"),
        Range::Word(words, _) => words.iter().map(|(w, b)| format!("`{w}` = {b}")).collect::<Vec<_>>().join(", "),
        Range::Maybe(of) => format!("{} or unknown", shown(of)),
        Range::Times(n, of) => format!("{n} times: {}", shown(of)),
        Range::UpTo(n, of) => format!("at most {n}: {}", shown(of)),
        Range::Group(_) => "item, see below".into(),
    }
}

/// The parts of an item, with those of an item within it.
fn parts(range: &Range) -> Vec<(String, String)> {
    match range {
        Range::Maybe(of) | Range::Times(_, of) | Range::UpTo(_, of) => parts(of),
        Range::Group(all) => {
            let part = |(name, of): &(String, Range)| match parts(of) {
                inner if inner.is_empty() => vec![(name.clone(), shown(of))],
                inner => inner.into_iter().map(|(n, t)| (format!("{name}.{n}"), t)).collect(),
            };
            all.iter().flat_map(part).collect()
        }
        _ => vec![],
    }
}

fn door(door: &Door) -> String {
    let name = format!("{door:?}");
    let name = name.trim_start_matches(|c| c != '(').trim_matches(['(', ')']);
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if i > 0 && c.is_uppercase() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// The fields of the code, message by message, for comparison with what a file states.
pub fn coded() -> Vec<(&'static str, Vec<&'static str>)> {
    fn of<T: Wire>() -> (&'static str, Vec<&'static str>) {
        let mut fields = vec![];
        T::fields(&mut |name, _| fields.push(name));
        (T::KIND.text(), fields)
    }
    vec![
        of::<wire::Status>(),
        of::<wire::Zone>(),
        of::<wire::Day>(),
        of::<wire::Month>(),
        of::<wire::Radio>(),
        of::<wire::Link>(),
        of::<wire::Decision>(),
        of::<wire::Event>(),
        of::<wire::Weekly>(),
        of::<wire::Snapshot>(),
    ]
}
