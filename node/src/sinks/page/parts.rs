//! The parts of the page, each rendered from the board alone.

use std::fmt::Write;

use millpond_report::wire::range::{DecisionKind, Sensing, ZonePresence, ZoneState};
use millpond_report::wire::{Decision, Setting, Zone};

use super::html::Escaped;
use super::map::{Spot, draw, shared_pairs};
use crate::command::Look;
use crate::sinks::Board;
use crate::sinks::say::{band_text, flip_text, together};
use crate::words::Words;

// Writing to a string cannot fail, so the results of `write!` are dropped in this file.

/// What a part is rendered from.
pub struct View<'a> {
    /// The latest messages.
    pub board: &'a Board,
    /// The language.
    pub words: &'static Words,
    /// History, settings and faults, as far as the caller looked.
    pub look: &'a Look,
    /// This browser holds the admin key.
    pub admin: bool,
    /// It may read history and lower exposure.
    pub view: bool,
}

/// Says that a key is needed, and leads to where it is asked for.
pub(super) fn needs_key(words: &Words) -> String {
    let (text, lang, there) = (words.needs_key, words.lang, words.unlock);
    format!(r#"<p class="note">{text} <a href="/{lang}#now">{there}</a></p>"#)
}

/// Renders one part by name.
pub fn part(name: &str, view: &View<'_>) -> Option<String> {
    let View { board, words, admin, .. } = *view;
    Some(match name {
        "switch" => switch(board, words, admin),
        "zones" => zones(board, words),
        "network" => network(board, words),
        "why" => why(board, words, admin),
        "health" => super::health::render(view),
        _ => return None,
    })
}

/// A field that tells the language of a form's page.
pub(super) fn lang_field(words: &Words) -> String {
    format!(r#"<input type="hidden" name="lang" value="{}">"#, words.lang)
}

fn sensing(board: &Board) -> Sensing {
    board.status.as_ref().map_or(Sensing::Off, |s| s.sensing)
}

/// The state of sensing and the buttons that change it. Each is a plain form, so it works without script.
fn switch(board: &Board, words: &Words, admin: bool) -> String {
    let now = sensing(board);
    let mut out = format!(
        r#"<div id="switch" data-sensing="{}"><div><p class="say">{}</p><p class="note">{}</p></div>"#,
        now.text(),
        (words.sensing)(now),
        (words.sensing_note)(now)
    );
    let button = |class: &str, name: &str, value: &str, text: &str| {
        format!(r#"<button class="{class}" name="{name}" value="{value}">{text}</button>"#)
    };
    let lang = lang_field(words);
    let form = |action: &str, inside: &str| format!(r#"<form method="post" action="{action}">{lang}{inside}</form>"#);
    match now {
        Sensing::On => {
            let buttons = [("main", "15"), ("", "60"), ("", "0")].iter().zip(words.pause);
            let buttons: String = buttons.map(|((class, value), text)| button(class, "minutes", value, text)).collect();
            out += &form("/api/pause", &buttons);
            if admin {
                out += &form("/api/sensing", &button("", "sensing", "off", words.switch_off));
            }
        }
        Sensing::Paused if admin => {
            out += &form("/api/sensing", &button("main", "sensing", "on", words.resume));
        }
        Sensing::Off if admin => {
            out += &form("/api/sensing", &button("main", "sensing", "on", words.switch_on));
        }
        Sensing::Paused | Sensing::Off => {}
    }
    if !admin {
        let _ = write!(
            out,
            r#"<details class="key" id="key"><summary>{key}</summary><p class="note">{note}</p><form method="post" action="/api/unlock">{lang}<label for="key-field">{field}</label><input id="key-field" name="key" type="password" autocomplete="off" required><button>{unlock}</button></form></details>"#,
            key = words.key,
            field = words.key_field,
            note = words.key_note,
            unlock = words.unlock
        );
    }
    out + "</div>"
}

/// A card for each zone. The state is always a word.
fn zones(board: &Board, words: &Words) -> String {
    let cards: String = board.zones.iter().map(|z| card(z, board, words)).collect();
    format!(r#"<ul class="zones">{cards}</ul>"#)
}

fn card(zone: &Zone, board: &Board, words: &Words) -> String {
    const WAVES: &str = r#"<svg class="pond" viewBox="0 0 200 140" aria-hidden="true"><ellipse cx="120" cy="70" rx="78" ry="46"/><ellipse cx="120" cy="70" rx="78" ry="46"/><ellipse cx="120" cy="70" rx="78" ry="46"/><path class="still-line" d="M70 66h92M96 78h50"/></svg>"#;
    let number = zone.zone.get();
    let mut out = format!(r#"<li class="zone" id="zone-{number}" data-state="{}""#, zone.state.text());
    for state in ZoneState::ALL {
        let _ = write!(out, r#" data-word-{}="{}""#, state.text(), (words.state)(*state));
        let note = (words.state_note)(*state);
        if !note.is_empty() {
            let _ = write!(out, r#" data-note-{}="{note}""#, state.text());
        }
    }
    for present in ZonePresence::ALL {
        let _ = write!(out, r#" data-present-{}="{}""#, present.text(), (words.present)(*present));
    }
    let [before, after] = words.level;
    let _ = write!(
        out,
        r#" data-level-before="{before}" data-level-after="{after}">{WAVES}<h3>{}</h3><p class="state">{}</p><p class="detail">{}</p><svg class="strip" viewBox="0 0 240 24" preserveAspectRatio="none" aria-hidden="true"><title>{}</title></svg></li>"#,
        Escaped(&board.labels.zone(number)),
        (words.state)(zone.state),
        detail(zone, words),
        words.strip
    );
    out
}

/// What stands under the state: the level where there is one, the cause where there is none, and presence.
fn detail(zone: &Zone, words: &Words) -> String {
    let note = (words.state_note)(zone.state);
    let [before, after] = words.level;
    let level = if note.is_empty() { format!("{before}{}{after}", zone.level.get()) } else { note.to_owned() };
    let present = (words.present)(zone.present);
    if present.is_empty() { level } else { format!("{level}, {present}") }
}

/// Two maps and a table with the same facts.
fn network(board: &Board, words: &Words) -> String {
    if board.radios.is_empty() {
        return format!(r#"<p class="empty">{}</p>"#, words.no_network);
    }
    let radios = || board.radios.iter();
    let before: Vec<Spot> = radios().map(Spot::now).collect();
    let plan = |r| board.decision_on(r).map_or(Spot::now(r), |d| Spot::now(r).planned(&d.to));
    let after: Vec<Spot> = radios().map(plan).collect();
    let figure = |caption: &str, spots: &[Spot]| {
        let shared = (words.shared)(shared_pairs(spots));
        let map = draw(spots, &board.labels, words);
        format!("<figure><figcaption>{caption}<span>{shared}</span></figcaption>{map}</figure>")
    };
    let mut out = format!(r#"<div class="maps">{}"#, figure(words.before, &before));
    if !board.decisions.is_empty() {
        out += &figure(words.after, &after);
    }
    let heads: String = words.heads.iter().map(|h| format!(r#"<th scope="col">{h}</th>"#)).collect();
    let _ = write!(
        out,
        r#"</div><p class="legend">{}</p><div class="scroll"><table><caption>{}</caption><thead><tr>{heads}</tr></thead><tbody>"#,
        words.legend, words.table
    );
    for (radio, spot) in radios().zip(&after) {
        let place = |channel: u8, mhz: u16| format!("{} {channel} / {mhz} MHz", words.channel);
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{} %</td><td>{}</td><td>{}</td></tr>",
            Escaped(&board.labels.node(radio.node.get())),
            band_text(radio.band),
            place(radio.channel.get(), radio.width.mhz()),
            u16::from(radio.busy.get()) * 5,
            (words.networks)(radio.neighbours),
            place(spot.channel, spot.width.mhz()),
        );
    }
    out + "</tbody></table></div>"
}

/// The latest decisions, in the order in which they were made.
fn why(board: &Board, words: &Words, admin: bool) -> String {
    if board.decisions.is_empty() {
        return format!(r#"<p class="empty">{}</p>"#, words.no_decisions);
    }
    let items: String = groups(&board.decisions[board.decisions.len().saturating_sub(32)..])
        .map(|g| decision(g, board, words, admin))
        .collect();
    format!(r#"<ol class="decisions">{items}</ol><p class="empty">{}</p>"#, words.weights)
}

/// Radios of one band that move together, as one group.
fn groups(all: &[Decision]) -> impl Iterator<Item = &[Decision]> {
    all.chunk_by(together)
}

fn setting(s: &Setting, words: &Words) -> String {
    format!("{} {} / {} MHz, {} dBm", words.channel, s.channel.get(), s.width.mhz(), s.power.get())
}

/// A weight in airtimes with its sign.
fn weight(thousandths: i32) -> String {
    let sign = if thousandths < 0 { "\u{2212}" } else { "+" };
    format!("{sign}{}.{:03}", thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000)
}

fn decision(group: &[Decision], board: &Board, words: &Words, admin: bool) -> String {
    let Some(d) = group.first() else { return String::new() };
    let nodes: Vec<String> = group.iter().map(|d| board.labels.node(d.from.node.get())).collect();
    let place = |s: &Setting| format!("{} {}", board.labels.node(s.node.get()), band_text(s.band));
    let (from, to) = match d.kind {
        DecisionKind::Steer => (place(&d.from), place(&d.to)),
        _ => (setting(&d.from, words), setting(&d.to, words)),
    };
    let mut out = format!(
        r#"<li class="decision"><p class="what">{}, {}: {}</p><p>{}{}</p>"#,
        Escaped(&nodes.join(", ")),
        band_text(d.from.band),
        (words.decision)(d.kind),
        Escaped(&from),
        if d.from == d.to { String::new() } else { format!(" \u{2192} {}", Escaped(&to)) },
    );
    if d.expected.get() != 0 {
        let tenths = i32::from(d.expected.get());
        let sign = if tenths < 0 { "\u{2212}" } else { "+" };
        let size = tenths.unsigned_abs();
        let _ = write!(out, r#"<p class="gain">{}: {sign}{}.{} %</p>"#, words.expected, size / 10, size % 10);
    }
    let most = d.reasons.iter().map(|r| r.weight.get().unsigned_abs()).max().unwrap_or(1).max(1);
    out += r#"<ul class="reasons">"#;
    for r in d.reasons.iter() {
        let _ = write!(
            out,
            r#"<li><span>{}</span><svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="{}" width="{}" height="6"/></svg><span class="weight">{}</span></li>"#,
            (words.reason)(r.code),
            if r.weight.get() < 0 { "against" } else { "for" },
            100 * u64::from(r.weight.get().unsigned_abs()) / u64::from(most),
            weight(r.weight.get())
        );
    }
    out += "</ul>";
    if !d.losers.is_empty() {
        let option = |s: &Setting| if d.kind == DecisionKind::Steer { place(s) } else { setting(s, words) };
        let loser = |l: &millpond_report::wire::Loser| format!("{} ({})", option(&l.option), (words.reason)(l.code));
        let all: Vec<String> = d.losers.iter().take(3).map(loser).collect();
        let _ = write!(out, r#"<p class="losers">{}: {}</p>"#, words.losers, Escaped(&all.join("; ")));
    }
    if let Some(flip) = &d.flip {
        let _ =
            write!(out, r#"<p class="losers">{} {}: {}</p>"#, words.flip, (words.reason)(flip.code), flip_text(flip));
    }
    if admin {
        out += &words_on(d, &nodes.join(", "), words);
    }
    out + "</li>"
}

/// Buttons to undo, to pin and to object. Their names say which decision they belong to.
fn words_on(d: &Decision, place: &str, words: &Words) -> String {
    let (lang, number) = (lang_field(words), d.number.get());
    let (node, band) = (d.from.node.get(), d.from.band.text());
    let button = |word: &str, text: &str| {
        format!(
            r#"<button name="word" value="{word}" aria-label="{text}: {}, {}">{text}</button>"#,
            Escaped(place),
            band_text(d.from.band)
        )
    };
    let kept = d.kind == DecisionKind::Keep;
    let changes = if kept {
        String::new()
    } else {
        [("apply", words.apply), ("undo", words.undo), ("object", words.object)].map(|(w, t)| button(w, t)).concat()
    };
    format!(
        r#"<form class="word" method="post" action="/api/plan">{lang}<input type="hidden" name="number" value="{number}"><input type="hidden" name="node" value="{node}"><input type="hidden" name="band" value="{band}">{changes}{}</form>"#,
        button("pin", words.pin)
    )
}
