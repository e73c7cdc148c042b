//! Messages in lines of text, for the terminal and for whoever asks from one.

use millpond_report::wire::range::{Band, DecisionKind, ReasonCode};
use millpond_report::wire::{Decision, Flip, List, Loser, Setting};

use crate::config::Labels;
use crate::words::Words;

/// A band as people say it.
pub fn band_text(band: Band) -> &'static str {
    match band {
        Band::Ghz2 => "2.4 GHz",
        Band::Ghz5 => "5 GHz",
        Band::Ghz6 => "6 GHz",
    }
}

/// The value at which a decision would flip, in the unit of its input.
pub fn flip_text(flip: &Flip) -> String {
    let needed = flip.needed.get();
    match flip.code {
        ReasonCode::Busy => format!("{}.{} %", needed / 10, needed.unsigned_abs() % 10),
        ReasonCode::Load => format!("{}.{} Mb/s", needed / 1000, needed.unsigned_abs() % 1000 / 100),
        ReasonCode::Capacity | ReasonCode::Backhaul => format!("{needed} dB of path loss"),
        _ => format!("{:.3}", f64::from(needed) / 1000.0),
    }
}

/// A decision in lines of text: what, why, what not, what would change it.
pub fn explain(d: &Decision, labels: &Labels, words: &Words) -> Vec<String> {
    let mut lines = vec![format!(
        "plan {}: {}, {} {}: {}",
        d.number.get(),
        labels.node(d.from.node.get()),
        band_text(d.from.band),
        (words.decision)(d.kind),
        if d.kind == DecisionKind::Steer { moved(&d.from, &d.to, labels) } else { change(&d.from, &d.to) },
    )];
    if d.expected.get() != 0 {
        lines.push(format!("{} {:+.1} %", words.expected, f64::from(d.expected.get()) / 10.0));
    }
    let reasons: Vec<String> = d
        .reasons
        .iter()
        .map(|r| format!("{} {:+.3}", (words.reason)(r.code), f64::from(r.weight.get()) / 1000.0))
        .collect();
    if !reasons.is_empty() {
        lines.push(format!("{}: {}", words.because, reasons.join(", ")));
    }
    let option = |s: &Setting| if d.kind == DecisionKind::Steer { place(s, labels) } else { setting(s) };
    let losers: Vec<String> =
        d.losers.iter().take(3).map(|l| format!("{} ({})", option(&l.option), (words.reason)(l.code))).collect();
    if !losers.is_empty() {
        lines.push(format!("{}: {}", words.losers, losers.join("; ")));
    }
    if let Some(flip) = &d.flip {
        lines.push(format!("{} {}: {}", words.flip, (words.reason)(flip.code), flip_text(flip)));
    }
    lines
}

/// True if two decisions differ in node and number alone: radios of one band that move together.
pub fn together(a: &Decision, b: &Decision) -> bool {
    let (number, node) = (b.number, b.from.node);
    let losers = a.losers.iter().map(|l| Loser { option: Setting { node, ..l.option }, ..*l });
    let like = |s: &Setting| Setting { node, ..*s };
    let moved = Decision { number, from: like(&a.from), to: like(&a.to), losers: List::of(losers), ..*a };
    a.kind != DecisionKind::Steer && moved == *b
}

/// Where clients go from and to.
fn moved(from: &Setting, to: &Setting, labels: &Labels) -> String {
    format!("{} -> {}", place(from, labels), place(to, labels))
}

fn place(s: &Setting, labels: &Labels) -> String {
    format!("{} {}", labels.node(s.node.get()), band_text(s.band))
}

fn setting(s: &Setting) -> String {
    format!("ch {} / {} MHz, {} dBm", s.channel.get(), s.width.mhz(), s.power.get())
}

fn change(from: &Setting, to: &Setting) -> String {
    if from == to { setting(from) } else { format!("{} -> {}", setting(from), setting(to)) }
}
