//! The board in lines of text and as JSON.

use millpond_report::wire::Zone;
use millpond_report::wire::range::ZoneState;

use super::live::json;
use crate::sinks::Board;
use crate::sinks::say::{band_text, explain};
use crate::words::Words;

/// The switch and the zones in lines of text.
pub(super) fn status(board: &Board, words: &Words) -> String {
    let mut lines: Vec<String> = board.status.iter().map(|s| (words.sensing)(s.sensing).to_owned()).collect();
    let zone = |z: &Zone| {
        let (label, state) = (board.labels.zone(z.zone.get()), z.state.text());
        let known = matches!(z.state, ZoneState::Still | ZoneState::Moving);
        let level = if known { format!("level {}", z.level.get()) } else { String::new() };
        format!("{label:<16} {state:<8} {level}").trim_end().to_owned()
    };
    lines.extend(board.zones.iter().map(zone));
    lines.join("\n") + "\n"
}

/// Every decision in lines of text, an empty line between two.
pub(super) fn why(board: &Board, words: &Words) -> String {
    let blocks: Vec<String> = board.decisions.iter().map(|d| explain(d, &board.labels, words).join("\n")).collect();
    blocks.join("\n\n") + "\n"
}

/// Each radio in a line.
pub(super) fn network(board: &Board, words: &Words) -> String {
    if board.radios.is_empty() {
        return format!("{}\n", words.no_network);
    }
    let line = |r: &millpond_report::wire::Radio| {
        let (label, band) = (board.labels.node(r.node.get()), band_text(r.band));
        let (channel, width, busy) = (r.channel.get(), r.width.mhz(), u16::from(r.busy.get()) * 5);
        let plan = board.decision_on(r).filter(|d| d.from != d.to).map_or(String::new(), |d| {
            format!("  plan {}: {} {} / {} MHz", d.number.get(), words.channel, d.to.channel.get(), d.to.width.mhz())
        });
        let place = format!("{} {channel} / {width} MHz", words.channel);
        format!(
            "{label:<16} {band:<8} {place:<18} {busy:>3} % busy, {} other networks{plan}\n",
            (words.networks)(r.neighbours)
        )
    };
    board.radios.iter().map(line).collect()
}

/// The whole board as JSON: the messages, and the labels that the user typed.
pub fn state(board: &Board) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let labelled = |text: String, label: String| {
        let open = text.trim_end_matches('}');
        format!("{open},\"label\":{}}}", json_text(&label))
    };
    let zones = board.zones.iter().map(|z| labelled(json(z), board.labels.zone(z.zone.get())));
    let radios = board.radios.iter().map(|r| labelled(json(r), board.labels.node(r.node.get())));
    format!(
        "{{\"status\":{},\"zones\":{},\"radios\":{},\"links\":{},\"decisions\":{},\"events\":{}}}\n",
        board.status.as_ref().map_or("null".to_owned(), json),
        list(zones.collect()),
        list(radios.collect()),
        list(board.links.iter().map(json).collect()),
        list(board.decisions.iter().map(json).collect()),
        list(board.events.iter().map(json).collect()),
    )
}

/// A JSON string.
pub fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out += &format!("\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}
