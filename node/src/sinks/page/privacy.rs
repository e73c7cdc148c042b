//! What is kept, what leaves, who agreed, and the switches for all of it. Plain forms; what raises asks first.

use std::fmt::Write;

use millpond_report::consent::Matter;
use millpond_report::gate;
use millpond_report::sink::Door;
use millpond_report::state::More;
use millpond_report::wire::range::Level;
use millpond_report::wire::{Kind, Weekly, Wire};

use super::changes::Question;
use super::json_text;
use super::parts::{View, lang_field, needs_key};
use crate::store::Erased;
use crate::words::Words;

// Writing to a string cannot fail, so the results of `write!` are dropped in this file.

/// Entries of the audit that are shown.
const SHOWN: usize = 50;

/// The page's main part.
pub(super) fn render(view: &View<'_>) -> String {
    let View { words, look, .. } = view;
    let facts: String = words.facts.iter().map(|f| format!("<li>{f}</li>")).collect();
    let mut out = format!(
        r#"<section aria-labelledby="h-privacy"><h1 id="h-privacy">{}</h1><ul class="facts">{facts}</ul></section>"#,
        words.privacy
    );
    exposure(&mut out, view);
    leaves(&mut out, view);
    rights(&mut out, view);
    let _ = write!(
        out,
        r#"<section aria-labelledby="h-audit"><h2 id="h-audit">{}</h2><div class="scroll"><table><tbody>"#,
        words.audit
    );
    for (event, at) in look.audit.iter().zip(&look.audit_at).rev().take(SHOWN) {
        let when = at.map_or_else(|| words.no_time.to_owned(), |at| time(at, look.slot));
        let _ = write!(
            out,
            "<tr><td>{when}</td><td>{}</td><td>{}</td></tr>",
            (words.event)(event.code),
            event.number.get()
        );
    }
    let _ = write!(out, r#"</tbody></table></div><p class="legend">{}</p></section>"#, words.clock);
    if let Some(consents) = &look.consents {
        let _ = write!(
            out,
            r#"<section aria-labelledby="h-consents"><h2 id="h-consents">{}</h2><ul class="facts">"#,
            words.consents
        );
        let given = Matter::ALL.iter().filter(|m| consents.of(**m).given_by().is_some());
        for matter in given {
            let c = consents.of(*matter);
            let messages: Vec<&str> = c.messages().iter().map(Kind::text).collect();
            let when = |at: Option<u32>| at.map_or_else(|| words.no_time.to_owned(), |at| time(at, look.slot));
            let end = if c.withdrawn() { format!(" – {}", when(c.withdrawn_at())) } else { String::new() };
            let _ =
                write!(out, "<li>{}: {}{end}: {}</li>", name(*matter, words), when(c.given_at()), messages.join(", "));
        }
        out += "</ul></section>";
    }
    out
}

/// A slot as days ago and a time of the day.
fn time(at: u32, now: u32) -> String {
    let days = (now / 288).saturating_sub(at / 288);
    let minute = at % 288 * 5;
    let ago = if days == 0 { String::new() } else { format!("−{days} d, ") };
    format!("{ago}{:02}:{:02}", minute / 60, minute % 60)
}

fn name(matter: Matter, words: &Words) -> &'static str {
    match matter {
        Matter::Local => (words.level_name)(Level::Local),
        Matter::Home => (words.level_name)(Level::Home),
        Matter::Managed => (words.level_name)(Level::Managed),
        Matter::Sensing => words.switch_on,
        Matter::Weekly => (words.door)(Door::Wan(millpond_report::sink::WanDoor::Weekly)),
        Matter::Keep => words.keep_go[0],
    }
}

fn form(words: &Words, action: &str, inside: &str) -> String {
    format!(
        r#"<form method="post" action="{action}" data-plain>{}<input type="hidden" name="back" value="privacy">{inside}</form>"#,
        lang_field(words)
    )
}

fn exposure(out: &mut String, view: &View<'_>) {
    let View { words, look, admin, view: may, .. } = view;
    let Some(settings) = look.settings else { return };
    let _ = write!(
        out,
        r#"<section aria-labelledby="h-exposure"><h2 id="h-exposure">{}</h2><p>{}: <strong>{}</strong></p>"#,
        words.exposure,
        words.level_now,
        (words.level_name)(settings.level)
    );
    if *may {
        for level in Level::ALL.iter().filter(|l| **l < settings.level || *admin && **l != settings.level) {
            let (n, text) = (*level as u8, (words.level_name)(*level));
            let button =
                format!(r#"<input type="hidden" name="level" value="{n}"><button>{} {text}</button>"#, words.level_go);
            *out += &form(words, "/api/level", &button);
        }
    } else {
        *out += &needs_key(words);
    }
    let _ = write!(out, "<p>{}</p>", words.keep[usize::from(settings.keep)]);
    if *may && (settings.keep || *admin) {
        let (value, text) = if settings.keep { ("off", words.keep_go[1]) } else { ("on", words.keep_go[0]) };
        *out += &form(words, "/api/keep", &format!(r#"<button name="keep" value="{value}">{text}</button>"#));
    }
    if look.held {
        let _ = write!(out, "<p>{}</p>", words.held);
    }
    if *may && (!look.held || *admin) {
        let (value, text) = if look.held { ("off", words.hold_go[1]) } else { ("on", words.hold_go[0]) };
        *out += &form(words, "/api/hold", &format!(r#"<button name="hold" value="{value}">{text}</button>"#));
    }
    *out += "</section>";
}

/// The weekly report, as bytes, with an answer that is nobody's.
pub fn example() -> Vec<u8> {
    let mut bytes = Weekly::zeros();
    let n = gate::preview().encode(&mut bytes);
    bytes.as_ref().get(..n).unwrap_or_default().to_vec()
}

fn leaves(out: &mut String, view: &View<'_>) {
    let View { words, look, .. } = view;
    let Some(settings) = look.settings else { return };
    let _ = write!(out, r#"<section aria-labelledby="h-leaves"><h2 id="h-leaves">{}</h2>"#, words.leaves);
    let wan: Vec<String> = Door::ALL
        .iter()
        .filter(|d| matches!(d, Door::Wan(_)))
        .flat_map(|d| Kind::ALL.iter().filter(|k| d.carries(**k, settings.level)).map(move |k| (*d, *k)))
        .filter(|(_, kind)| *kind != Kind::Weekly || settings.weekly)
        .map(|(door, kind)| format!("<li>{}: {}</li>", (words.door)(door), kind.text()))
        .collect();
    let _ = match wan.is_empty() {
        true => write!(out, "<p><strong>{}</strong></p>", words.leaves_nothing),
        false => write!(out, "<ul class=\"facts\">{}</ul>", wan.concat()),
    };
    let bytes = example();
    let rows: String = bytes
        .chunks(16)
        .map(|row| row.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ") + "\n")
        .collect();
    let _ = write!(
        out,
        r#"<details><summary>{} ({} B)</summary><pre tabindex="0" aria-label="{}">{rows}</pre></details></section>"#,
        words.leaves_bytes,
        bytes.len(),
        words.leaves_bytes
    );
}

fn rights(out: &mut String, view: &View<'_>) {
    let View { words, view: may, .. } = view;
    let _ = write!(out, r#"<section aria-labelledby="h-rights"><h2 id="h-rights">{}</h2>"#, words.rights);
    if !may {
        let _ = write!(out, "{}</section>", needs_key(words));
        return;
    }
    let link = |(form, text): (&str, &str)| format!(r#"<li><a href="/export.{form}">{text}</a></li>"#);
    let links: String = ["json", "csv", "influx"].into_iter().zip(words.export).map(link).collect();
    let erase = format!(
        r#"<input type="hidden" name="confirm" value="erase"><p class="note">{}</p><button class="danger">{}</button>"#,
        words.erase_note, words.erase_go
    );
    let _ = write!(
        out,
        r#"<ul class="facts">{links}</ul><details><summary>{}</summary>{}</details></section>"#,
        words.erase,
        form(words, "/api/erase", &erase)
    );
}

/// The question before a step to more, with a form for yes.
pub(super) fn question(question: Question, possible: &[(Door, Kind)], words: &Words) -> String {
    let (action, field, value) = match question.0 {
        More::Level(level) => ("/api/level", "level", level.text()),
        More::KeepOn => ("/api/keep", "keep", "on"),
        _ => ("/api/weekly", "weekly", "on"),
    };
    let item = |(door, kind): &(Door, Kind)| format!("<li>{}: {}</li>", (words.door)(*door), kind.text());
    let list: String = possible.iter().map(item).collect();
    let said = match list.is_empty() {
        true => format!("<p>{}</p>", words.possible_nothing),
        false => format!("<p>{}</p><ul class=\"facts\">{list}</ul>", words.possible),
    };
    let yes = format!(
        r#"<input type="hidden" name="{field}" value="{value}"><input type="hidden" name="confirm" value="yes"><button class="main">{}</button><a href="/{}/privacy">{}</a>"#,
        words.yes_back[0], words.lang, words.yes_back[1]
    );
    format!("<section><h1>{}</h1>{said}{}</section>", words.confirm, form(words, action, &yes))
}

/// What an erasure came to.
pub(super) fn erased(e: &Erased, words: &Words) -> String {
    match e.left || e.after.slots + e.after.hours > e.before.slots + e.before.hours {
        true => words.erase_failed.to_owned(),
        false => (words.erased)(e.before.slots - e.after.slots, e.before.hours - e.after.hours, e.files),
    }
}

/// The same for programs.
pub(super) fn erased_json(e: &Erased) -> String {
    let count = |c: &crate::store::Count| {
        format!(r#"{{"slots":{},"hours":{},"decisions":{},"audit":{}}}"#, c.slots, c.hours, c.decisions, c.audit)
    };
    let (before, after) = (count(&e.before), count(&e.after));
    format!(
        "{{\"before\":{before},\"after\":{after},\"files\":{},\"left\":{}}}\n",
        e.files,
        json_text(if e.left { "yes" } else { "no" })
    )
}
