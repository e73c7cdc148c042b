//! History: a row of 24 hours and a map of 30 days for each zone, drawn and in words.

use std::fmt::Write;

use millpond_report::wire::range::ZoneId;

use super::html::Escaped;
use super::parts::{View, needs_key};

const SLOTS: usize = 288;
const DAYS: usize = 30;
const HOURS: usize = 24;

// Writing to a string cannot fail, so the results of `write!` are dropped in this file.

/// The page's main part.
pub(super) fn render(view: &View<'_>) -> String {
    let View { board, words, look, view: may, .. } = view;
    let mut out = format!(r#"<section aria-labelledby="h-history"><h1 id="h-history">{}</h1>"#, words.history);
    if !may {
        let _ = write!(out, "{}</section>", needs_key(words));
        return out;
    }
    if look.held {
        let _ = write!(out, r#"<p class="note">{}</p></section>"#, words.held);
        return out;
    }
    if look.days.is_empty() && look.months.is_empty() {
        let _ = write!(out, r#"<p class="empty">{}</p></section>"#, words.no_history);
        return out;
    }
    let _ = write!(
        out,
        r#"<p class="legend heat"><svg viewBox="0 0 14 14" aria-hidden="true"><rect class="h0" width="14" height="14"/></svg> {} <svg viewBox="0 0 70 14" aria-hidden="true">{}</svg> {} <svg viewBox="0 0 14 14" aria-hidden="true"><rect class="hu" width="14" height="14"/></svg> {}. {}</p>"#,
        words.heat[0],
        (1..=5)
            .map(|i| format!(r#"<rect class="h{}" x="{}" width="14" height="14"/>"#, 2 * i - 1, (i - 1) * 14))
            .collect::<String>(),
        words.heat[1],
        words.heat[2],
        words.clock
    );
    let zones: Vec<ZoneId> = (1..=16)
        .map(ZoneId::new)
        .filter(|z| {
            look.days.iter().any(|d| d.zone == *z)
                || look.months.iter().any(|m| m.zone == *z)
                || board.zones.iter().any(|b| b.zone == *z)
        })
        .collect();
    for (caption, kind) in [(words.day_map, 0), (words.month_map, 1)] {
        let _ = write!(out, "<h2>{caption}</h2><div class=\"heats\">");
        for zone in &zones {
            out += &if kind == 0 { day(view, *zone) } else { month(view, *zone) };
        }
        out += "</div>";
    }
    out + "</section>"
}

/// The last 288 slots, the oldest first; the running one is the last.
fn day(view: &View<'_>, zone: ZoneId) -> String {
    let mut cells: [Option<u8>; SLOTS] = [None; SLOTS];
    let now = view.look.slot as usize % SLOTS;
    for d in view.look.days.iter().filter(|d| d.zone == zone) {
        let place = (usize::from(d.slot.get()) + 2 * SLOTS - now - 1) % SLOTS;
        cells[place] = d.level.map(|l| l.get());
    }
    let known = cells.iter().flatten().count() as u32 * 5;
    let moving = cells.iter().flatten().filter(|l| **l >= 5).count() as u32 * 5;
    let mut picture = String::from(r#"<svg viewBox="0 0 288 34" preserveAspectRatio="none" aria-hidden="true">"#);
    runs(&mut picture, &cells, 0.0, 1.0, (0.0, 24.0));
    // A mark at every third full hour.
    for place in 0..SLOTS {
        let slot = (place + now + 1) % SLOTS;
        if slot % 36 == 0 {
            let _ = write!(picture, r#"<rect class="tick" x="{place}" y="24" width=".8" height="4"/>"#);
        }
    }
    picture += "</svg>";
    let hours: String = (0..SLOTS)
        .filter_map(|place| {
            let slot = (place + now + 1) % SLOTS;
            let inside = slot % 72 == 0 && (6..282).contains(&place);
            inside.then(|| format!(r#"<text x="{:.1}%" y="12">{}</text>"#, place as f32 / 2.88, slot / 12))
        })
        .collect();
    let axis = format!(r#"<svg class="axis" aria-hidden="true">{hours}</svg>"#);
    figure(view, zone, &(view.words.day_sum)(moving, known), &(picture + &axis))
}

/// 30 rows of 24 hours, today the lowest.
fn month(view: &View<'_>, zone: ZoneId) -> String {
    let mut rows = [[None; HOURS]; DAYS];
    for m in view.look.months.iter().filter(|m| m.zone == zone) {
        let (day, hour) = (usize::from(m.day.get()), usize::from(m.hour.get()));
        rows[DAYS - 1 - day][hour] = m.active.map(|a| a.get());
    }
    let known = rows.iter().flatten().flatten().count() as u32;
    let moving = rows.iter().flatten().flatten().filter(|a| **a > 0).count() as u32;
    let mut picture =
        String::from(r#"<svg class="month" viewBox="0 0 24 30" preserveAspectRatio="none" aria-hidden="true">"#);
    for (y, row) in rows.iter().enumerate() {
        // Twelve steps of five minutes onto the ten shades of the levels.
        let shades = row.map(|cell: Option<u8>| cell.map(|a| (u16::from(a) * 9).div_ceil(12) as u8));
        runs(&mut picture, &shades, 0.0, 1.0, (y as f32, 1.0));
    }
    picture += "</svg>";
    let hours: String =
        [0, 6, 12, 18].map(|h| format!(r#"<text x="{:.1}%" y="12">{h}</text>"#, f64::from(h) / 0.24 + 1.0)).concat();
    let axis = format!(r#"<svg class="axis" aria-hidden="true">{hours}</svg>"#);
    figure(view, zone, &(view.words.month_sum)(moving, known), &(picture + &axis))
}

fn figure(view: &View<'_>, zone: ZoneId, sum: &str, picture: &str) -> String {
    let label = view.board.labels.zone(zone.get());
    format!(r#"<figure><figcaption>{}<span>{sum}</span></figcaption>{picture}</figure>"#, Escaped(&label))
}

/// Cells of one row; neighbours of one shade are one rectangle.
fn runs(out: &mut String, cells: &[Option<u8>], x0: f32, step: f32, (y, height): (f32, f32)) {
    let mut at = 0;
    for run in cells.chunk_by(|a, b| a == b) {
        let class = run[0].map_or("hu".to_owned(), |l| format!("h{}", l.min(9)));
        let (x, width) = (x0 + at as f32 * step, run.len() as f32 * step);
        let _ = write!(out, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#);
        at += run.len();
    }
}
