//! Still presence and breathing: people who hold still against empty rooms, in windows of half a minute.
//!
//! A window is a row's stretch of 30 s outside its skips, one each 5 s. It counts as yes if the last decision in it says
//! that somebody is present; an empty room's window counts as a false yes if any decision in it does.

use std::path::Path;

use millpond_dsp::detect::Presence;
use serde_json::{Value, json};

use super::bounds::Share;
use super::labels::{Label, Motion};
use super::run::Track;
use super::{breath, gyro};

const WINDOW_S: f64 = 30.0;
const HOP_S: f64 = 5.0;

/// Windows of one row.
#[derive(Clone, Debug)]
pub struct Windows {
    /// The recording.
    pub path: String,
    /// True if somebody holds still, false for an empty room.
    pub person: bool,
    /// Windows that say yes, of how many.
    pub yes: Share,
    /// Windows that say no.
    pub no: u64,
    /// Looks of the breathing branch that saw a breath, of how many.
    pub breaths: Share,
}

/// Breathing against a gyroscope.
#[derive(Clone, Debug)]
pub struct Rate {
    /// The recording.
    pub path: String,
    /// Median of the answers, a minute.
    pub per_minute: Option<f64>,
    /// The gyroscope's, a minute.
    pub reference: f64,
    /// Answers that lie within half a breath a minute of it.
    pub within: Share,
}

/// The windows of a row, `None` if it is about something else or too short.
pub fn windows(dir: &Path, row: &Label, track: &Track) -> Option<Windows> {
    let person = row.person.filter(|_| row.motion == Motion::Still)?;
    let end = track.length_s - row.skip_end_s;
    let count = ((end - row.skip_start_s - WINDOW_S) / HOP_S).floor();
    if count < 0.0 {
        return None;
    }
    let (mut yes, mut no) = (0, 0);
    for k in 0..=count as u64 {
        let (from, to) = (row.skip_start_s + HOP_S * k as f64, row.skip_start_s + HOP_S * k as f64 + WINDOW_S);
        let within = || track.any.iter().filter(|(t, _)| (from..=to + 1e-6).contains(&t.seconds()));
        let last = within().next_back().map(|w| w.1.present);
        let any = within().any(|w| w.1.present == Presence::Yes);
        yes += u64::from(if person { last == Some(Presence::Yes) } else { any });
        no += u64::from(last == Some(Presence::No));
    }
    let of = count as u64 + 1;
    let looks = breath::looks(&dir.join(&row.path), row.rate_hz).unwrap_or_default();
    let looks: Vec<bool> = looks
        .iter()
        .filter(|l| (row.skip_start_s + WINDOW_S..=end).contains(&l.t.seconds()))
        .map(|l| l.breath.counts)
        .collect();
    let breaths = Share { hits: looks.iter().filter(|c| **c).count() as u64, of: looks.len() as u64 };
    Some(Windows { path: row.path.clone(), person, yes: Share { hits: yes, of }, no, breaths })
}

/// Breathing rates of the rows that have a gyroscope's file beside them.
pub fn rates(dir: &Path, table: &[Label]) -> Vec<Rate> {
    let one = |row: &Label| {
        let stem = row.path.rsplit_once('.')?.0;
        let reference = gyro::per_minute(&dir.join(format!("{stem}-gyro.csv"))).ok()?;
        let looks = breath::looks(&dir.join(&row.path), row.rate_hz).ok()?;
        let mut answers: Vec<f64> =
            looks.iter().filter(|l| l.breath.counts).map(|l| f64::from(l.breath.per_minute)).collect();
        answers.sort_by(f64::total_cmp);
        let hits = answers.iter().filter(|a| (*a - reference).abs() <= 0.5).count() as u64;
        let within = Share { hits, of: answers.len() as u64 };
        Some(Rate { path: row.path.clone(), per_minute: answers.get(answers.len() / 2).copied(), reference, within })
    };
    table.iter().filter(|r| r.motion != Motion::Unknown).filter_map(one).collect()
}

/// Both as JSON.
pub fn json(windows: &[Windows], rates: &[Rate]) -> Value {
    let pool = |person| {
        let (hits, of) = sum(windows, person);
        json!({"yes": hits, "of": of})
    };
    let window = |w: &Windows| {
        json!({"path": w.path, "person": w.person, "yes": w.yes.hits, "no": w.no, "of": w.yes.of,
            "breaths": w.breaths.hits, "looks": w.breaths.of})
    };
    let rate = |r: &Rate| {
        json!({"path": r.path, "per_minute": r.per_minute, "reference_per_minute": r.reference,
            "answers": r.within.of, "within_half": r.within.hits})
    };
    json!({
        "still_people": pool(true), "empty_rooms": pool(false),
        "windows": windows.iter().map(window).collect::<Vec<_>>(),
        "breathing": rates.iter().map(rate).collect::<Vec<_>>(),
    })
}

fn sum(windows: &[Windows], person: bool) -> (u64, u64) {
    let of = windows.iter().filter(|w| w.person == person);
    of.fold((0, 0), |(hits, all), w| (hits + w.yes.hits, all + w.yes.of))
}

/// Both as tables for people.
pub fn print(windows: &[Windows], rates: &[Rate]) {
    if !windows.is_empty() {
        out!("still presence: windows of 30 s that say yes");
    }
    for w in windows {
        let who = if w.person { "person" } else { "empty " };
        let (y, b) = (w.yes, w.breaths);
        out!("  {who} {:<40} {}/{}  no {}  breath seen in {}/{} looks", w.path, y.hits, y.of, w.no, b.hits, b.of);
    }
    for (person, name) in [(true, "still people"), (false, "empty rooms")] {
        let (hits, of) = sum(windows, person);
        if let Some((low, high)) = (Share { hits, of }).bounds() {
            let share = 100.0 * hits as f64 / of as f64;
            out!("  {name}: {hits}/{of} = {share:.1} % [{:.1}, {:.1}] (windows overlap)", 100.0 * low, 100.0 * high);
        }
    }
    for r in rates {
        let told = r.per_minute.map_or_else(|| "no answer".to_owned(), |m| format!("{m:.1} a minute"));
        let (hits, of) = (r.within.hits, r.within.of);
        out!("breathing {}: {told}, gyroscope {:.1}; {hits}/{of} answers within 0.5", r.path, r.reference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millpond_dsp::detect::MotionState;
    use millpond_dsp::phy::Micros;
    use millpond_dsp::zones::Anywhere;

    #[test]
    fn the_last_word_counts_for_people_and_any_word_for_empty_rooms() {
        let any = |present| Anywhere { state: MotionState::Still, present, score: 0.0, threshold: 5.0, link: None };
        let word = |s: u64| if s == 33 { Presence::Yes } else { Presence::Unknown };
        let any = (1..=40).map(|s| (Micros(s * 1_000_000), any(word(s)))).collect();
        let track = Track { any, length_s: 40.0, ..Track::default() };
        let mut row = Label { path: "s/x".to_owned(), motion: Motion::Still, person: Some(false), ..Label::default() };
        let dir = Path::new("/nonexistent");
        assert_eq!(windows(dir, &row, &track).map(|w| w.yes), Some(Share { hits: 2, of: 3 }));
        row.person = Some(true);
        assert_eq!(windows(dir, &row, &track).map(|w| w.yes), Some(Share { hits: 0, of: 3 }));
        row.skip_end_s = 11.0;
        assert!(windows(dir, &row, &track).is_none());
    }
}
