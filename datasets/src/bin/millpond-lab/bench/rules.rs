//! The scoring rules of the motion benchmark.
//!
//! Decisions are sampled at the end of each whole second that lies outside the row's skips: the last decision by then
//! counts, and unknown is not moving.

use millpond_dsp::detect::MotionState;

use super::bounds::Share;
use super::labels::{Label, Motion};
use super::run::Track;

/// What a row's recording scored.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Sampled seconds of motion, and how many of them were decided moving.
    pub moving: Option<Share>,
    /// Sampled seconds of still, empty room, and how many of them were decided moving.
    pub empty: Option<Share>,
    /// Changes to moving in still seconds, and over how many hours.
    pub events: Option<(u64, f64)>,
    /// From the labelled change, or the start of a row of motion, to the first decision of moving after it, in seconds.
    pub delay_s: Option<f64>,
    /// True if the delay counts from a labelled change.
    pub labelled_change: bool,
    /// Whether an event was noticed at all.
    pub detected: Option<bool>,
    /// Sampled seconds decided unknown.
    pub unknown: u64,
    /// Score at every sampled second, and whether it should be moving; seconds of people who hold still are left out.
    pub samples: Vec<(f64, bool)>,
}

/// Scores one row. `all` are the rows of the same table, among which the labelled change is looked for.
///
/// # Errors
/// Why the row cannot be scored.
pub fn score(row: &Label, track: &Track, all: &[Label]) -> Result<Score, String> {
    let seconds = seconds(row, track)?;
    let states: Vec<(f64, MotionState, f64)> = seconds
        .iter()
        .map(|&k| {
            let word = track.by(k as f64 + 1.0);
            (k as f64, word.map_or(MotionState::Unknown, |w| w.state), word.map_or(f64::NAN, |w| f64::from(w.score)))
        })
        .collect();
    let mut out =
        Score { unknown: states.iter().filter(|s| s.1 == MotionState::Unknown).count() as u64, ..Score::default() };
    let count = |want: &dyn Fn(f64) -> bool| {
        let of = states.iter().filter(|s| want(s.0));
        Share { hits: of.clone().filter(|s| s.1 == MotionState::Moving).count() as u64, of: of.count() as u64 }
    };
    let mut keep = |truth: &dyn Fn(f64) -> Option<bool>| {
        out.samples = states.iter().filter_map(|s| Some((s.2, truth(s.0)?))).collect();
    };
    match row.motion {
        Motion::Unknown => {}
        Motion::Moving => {
            keep(&|_| Some(true));
            out.moving = Some(count(&|_| true));
            let change = change(row, all);
            out.labelled_change = change.is_some();
            out.delay_s = first_moving(track, change.unwrap_or(row.skip_start_s));
        }
        Motion::Still => {
            keep(&|_| row.empty.then_some(false));
            out.empty = row.empty.then(|| count(&|_| true));
            out.events = Some((onsets(&states), states.len() as f64 / 3600.0));
        }
        Motion::Event => {
            let (from, to) = (row.skip_start_s, track.length_s - row.skip_end_s);
            out.detected = Some(
                track.any.iter().any(|(t, a)| (from..=to).contains(&t.seconds()) && a.state == MotionState::Moving),
            );
        }
        Motion::PerSample => {
            let truth = |k: f64| majority(&track.labels, k);
            keep(&truth);
            out.moving = Some(count(&|k| truth(k) == Some(true)));
        }
    }
    Ok(out)
}

/// Whether the table lets a row be scored by the second at all.
///
/// # Errors
/// Why not.
pub fn scorable(row: &Label) -> Result<(), String> {
    match (row.format.as_str(), row.motion) {
        ("rssi-mesh-log", _) => Err("one scan of the mesh takes 5 s: too slow for decisions by the second".to_owned()),
        (_, Motion::Unknown) => Err("the row does not say whether anything moves".to_owned()),
        _ => Ok(()),
    }
}

/// Whole seconds outside the row's skips.
fn seconds(row: &Label, track: &Track) -> Result<Vec<u64>, String> {
    if row.motion == Motion::PerSample && track.labels.is_empty() {
        return Err("the recording carries no labels by sample".to_owned());
    }
    let last = track.length_s - row.skip_end_s + 1e-6;
    let out: Vec<u64> = (row.skip_start_s.ceil() as u64..).take_while(|&k| k as f64 + 1.0 <= last).collect();
    if out.is_empty() { Err("no whole second lies outside the skips".to_owned()) } else { Ok(out) }
}

/// The labelled change: a still row of the same path, and one second before this row's first.
fn change(row: &Label, all: &[Label]) -> Option<f64> {
    let still = all.iter().any(|r| r.path == row.path && r.motion == Motion::Still);
    (still && row.skip_start_s >= 1.0).then_some(row.skip_start_s - 1.0)
}

fn first_moving(track: &Track, from_s: f64) -> Option<f64> {
    let hit = track.any.iter().find(|(t, a)| t.seconds() > from_s && a.state == MotionState::Moving)?;
    Some(hit.0.seconds() - from_s)
}

/// Changes to moving; a row that begins with moving counts one.
fn onsets(states: &[(f64, MotionState, f64)]) -> u64 {
    let moving: Vec<bool> = states.iter().map(|s| s.1 == MotionState::Moving).collect();
    u64::from(moving.first() == Some(&true)) + moving.windows(2).filter(|w| !w[0] && w[1]).count() as u64
}

/// Whether most samples of a second say motion; `None` if they are split or there are none.
fn majority(labels: &[(f64, bool)], k: f64) -> Option<bool> {
    let within = labels.iter().filter(|(t, _)| (k..k + 1.0).contains(t));
    let (yes, all) = within.fold((0, 0), |(y, n), (_, m)| (y + u32::from(*m), n + 1));
    // A second that holds a change belongs to neither.
    (all > 0 && (yes == 0 || yes == all)).then_some(yes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millpond_dsp::detect::Presence;
    use millpond_dsp::phy::Micros;
    use millpond_dsp::zones::Anywhere;

    fn track(states: &[MotionState], length_s: f64) -> Track {
        let any = |state| Anywhere { state, present: Presence::Unknown, score: 1.0, threshold: 5.0, link: None };
        let entry = |(i, s): (usize, &MotionState)| (Micros(250_000 * (i as u64 + 1)), any(*s));
        Track { any: states.iter().enumerate().map(entry).collect(), length_s, ..Track::default() }
    }

    fn row(motion: Motion, skip_start_s: f64, skip_end_s: f64) -> Label {
        Label { path: "s/x".to_owned(), motion, empty: true, skip_start_s, skip_end_s, ..Label::default() }
    }

    use MotionState::{Moving as M, Still as S, Unknown as U};

    #[test]
    fn the_last_decision_of_a_second_counts_and_unknown_is_not_moving() {
        let t = track(&[M, M, M, S, U, U, U, U, S, S, S, M, M, M, M, M], 4.2);
        let s = score(&row(Motion::Still, 0.0, 0.0), &t, &[]).unwrap();
        assert_eq!(s.empty, Some(Share { hits: 2, of: 4 }));
        assert_eq!((s.events.unwrap().0, s.unknown), (1, 1));
        let s = score(&row(Motion::Moving, 0.0, 0.0), &t, &[]).unwrap();
        assert_eq!((s.moving, s.delay_s), (Some(Share { hits: 2, of: 4 }), Some(0.25)));
    }

    #[test]
    fn skips_leave_whole_seconds_and_the_change_is_a_second_before_the_row() {
        let t = track(&[S, S, S, S, S, S, S, S, S, S, M, M, M, M, M, M], 4.0);
        let still = row(Motion::Still, 0.0, 1.9);
        let moving = row(Motion::Moving, 2.1, 0.0);
        let rows = [still.clone(), moving.clone()];
        assert_eq!(score(&still, &t, &rows).unwrap().empty, Some(Share { hits: 0, of: 2 }));
        let s = score(&moving, &t, &rows).unwrap();
        assert_eq!(s.moving, Some(Share { hits: 1, of: 1 }));
        assert!(s.labelled_change && (s.delay_s.unwrap() - 1.65).abs() < 1e-9);
        assert!(score(&row(Motion::Still, 3.5, 0.0), &t, &[]).is_err());
        assert_eq!(score(&row(Motion::Event, 0.0, 0.0), &t, &[]).unwrap().detected, Some(true));
        assert_eq!(score(&row(Motion::Event, 0.0, 2.0), &t, &[]).unwrap().detected, Some(false));
    }
}
