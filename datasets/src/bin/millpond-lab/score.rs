//! `millpond-lab score`: the sensing benchmark over a folder with a `labels.csv`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::bench::bounds::{Share, poisson};
use crate::bench::degrade::Degrade;
use crate::bench::labels::{self, Label};
use crate::bench::row::Row;
use crate::bench::rules::{self, Score};
use crate::bench::run::{Track, run as run_recording};
use crate::bench::{mesh, plot, presence, seen};

/// Arguments of `score`.
#[derive(clap::Args)]
pub struct Args {
    /// The folder with `labels.csv` and the recordings that it names.
    dir: PathBuf,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Score only recordings whose path holds this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write score over time, ROC and delays as a picture.
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    degrade: Degrade,
}

/// Runs the subcommand. Rows that cannot be scored are reported and do not stop the run.
pub fn run(args: &Args) -> Result<(), String> {
    let started = Instant::now();
    let mut table = labels::read(&args.dir.join("labels.csv"))?;
    if let Some(text) = &args.only {
        table.retain(|r| r.path.contains(text.as_str()));
    }
    if table.is_empty() {
        return Err("no row to score".to_owned());
    }
    let rows = score_all(&args.dir, &table, args.degrade);
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::draw(&rows)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let windows: Vec<presence::Windows> = rows.iter().filter_map(|r| r.windows.clone()).collect();
    let rates = presence::rates(&args.dir, &table);
    let mesh = mesh::look(&args.dir, &table).map(|m| m.inspect_err(|e| eprintln!("millpond-lab: mesh: {e}")));
    if args.json {
        let mut v = document(&rows, args);
        v["presence"] = presence::json(&windows, &rates);
        v["mesh"] = mesh.and_then(Result::ok).map_or(Value::Null, |m| m.json());
        out!("{v:#}")
    } else {
        print(&rows);
        out!("");
        presence::print(&windows, &rates);
        if let Some(Ok(mesh)) = mesh {
            mesh.print();
        }
    }
    eprintln!("{} rows in {:.1} s", rows.len(), started.elapsed().as_secs_f64());
    Ok(())
}

fn score_all(dir: &Path, table: &[Label], degrade: Degrade) -> Vec<Row> {
    let mut paths: Vec<&str> = table.iter().map(|r| r.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let (done, told) = (AtomicUsize::new(0), stderr().is_terminal());
    let tracks: BTreeMap<&str, Result<Track, String>> = paths
        .par_iter()
        .map(|&path| {
            let file = dir.join(path);
            let rate = table.iter().find(|r| r.path == path).and_then(|r| r.rate_hz);
            // A recording that tells its own times or rate is believed; the table's rate is for those that do not.
            let track = run_recording(&file, None, degrade).or_else(|e| match rate {
                Some(_) => run_recording(&file, rate, degrade).map_err(|_| e),
                None => Err(e),
            });
            let n = done.fetch_add(1, Ordering::Relaxed) + 1;
            if told {
                eprint!("\r{n} of {} recordings\x1b[K", paths.len());
            }
            (path, track)
        })
        .collect();
    if told {
        eprintln!();
    }
    table.par_iter().map(|label| judge(label, &tracks[label.path.as_str()], table, dir)).collect()
}

fn judge(label: &Label, track: &Result<Track, String>, table: &[Label], dir: &Path) -> Row {
    let scorable = rules::scorable(label);
    let (score, damage, trace) = match (scorable, track) {
        (Err(why), _) => (Err(why), None, Vec::new()),
        (_, Err(why)) => (Err(why.clone()), None, Vec::new()),
        (Ok(()), Ok(track)) => (rules::score(label, track, table), track.damage.clone(), plot::trace(track)),
    };
    let windows = track.as_ref().ok().and_then(|track| presence::windows(dir, label, track));
    Row { label: label.clone(), score, damage, trace, windows }
}

/// Sums over rows.
#[derive(Clone, Copy, Default)]
struct Pool {
    moving: (u64, u64),
    empty: (u64, u64),
    events: u64,
    hours: f64,
    clips: (u64, u64),
}

impl Pool {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut p = Self::default();
        for s in rows.filter_map(|r| r.score.as_ref().ok()) {
            let add = |to: &mut (u64, u64), s: Option<Share>| {
                let s = s.unwrap_or(Share { hits: 0, of: 0 });
                *to = (to.0 + s.hits, to.1 + s.of);
            };
            add(&mut p.moving, s.moving);
            add(&mut p.empty, s.empty);
            let (events, hours) = s.events.unwrap_or_default();
            (p.events, p.hours) = (p.events + events, p.hours + hours);
            if let Some(hit) = s.detected {
                p.clips = (p.clips.0 + u64::from(hit), p.clips.1 + 1);
            }
        }
        p
    }

    fn json(&self) -> Value {
        let per_hour = |n: f64| if self.hours > 0.0 { json!(n / self.hours) } else { Value::Null };
        let (low, high) = poisson(self.events);
        json!({
            "R": share(self.moving), "FP": share(self.empty), "clips": share(self.clips),
            "events": self.events, "hours": self.hours, "events_per_hour": per_hour(self.events as f64),
            "events_per_hour_95": [per_hour(low), per_hour(high)],
        })
    }
}

fn share((hits, of): (u64, u64)) -> Value {
    let s = Share { hits, of };
    match (s.value(), s.bounds()) {
        (Some(value), Some((low, high))) => json!({"hits": hits, "of": of, "value": value, "low": low, "high": high}),
        _ => Value::Null,
    }
}

fn sets(rows: &[Row]) -> Vec<&str> {
    let mut sets: Vec<&str> = Vec::new();
    for r in rows {
        if !sets.contains(&r.label.set()) {
            sets.push(r.label.set());
        }
    }
    sets
}

fn document(rows: &[Row], args: &Args) -> Value {
    let row = |r: &Row| {
        let pool = Pool::of(std::iter::once(r)).json();
        let mut v = json!({"path": r.label.path, "set": r.label.set(), "in_sample": seen::is_in_sample(&r.label.path)});
        match &r.score {
            Ok(s) => {
                v["scored"] = json!(true);
                for key in ["R", "FP", "events", "events_per_hour"] {
                    v[key] = pool[key].clone();
                }
                v["unknown_seconds"] = json!(s.unknown);
                v["delay_s"] = json!(s.delay_s);
                v["delay_from_labelled_change"] = json!(s.labelled_change);
                v["detected"] = json!(s.detected);
            }
            Err(why) => (v["scored"], v["why"]) = (json!(false), json!(why)),
        }
        v["damage"] = json!(r.damage);
        v
    };
    let set = |s: &&str| json!({"set": s, "pooled": Pool::of(rows.iter().filter(|r| r.label.set() == *s)).json()});
    let d = args.degrade;
    json!({
        "degrade": {"keep": d.keep, "loss": d.loss, "gain_steps_db": d.gain_steps, "rssi": d.rssi, "seed": d.seed},
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "sets": sets(rows).iter().map(set).collect::<Vec<_>>(),
        "pooled": Pool::of(rows.iter()).json(),
        "in_sample_rows": rows.iter().filter(|r| seen::is_in_sample(&r.label.path)).count(),
    })
}

/// Rows worst first, then sets, then all.
fn print(rows: &[Row]) {
    let mut order: Vec<&Row> = rows.iter().collect();
    let worst = |r: &Row| r.score.as_ref().map_or(-1.0, badness);
    order.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
    out!("{:<46} {:>12} {:>12} {:>7} {:>8}", "recording (* in-sample), worst first", "R", "FP", "events", "delay");
    for r in order {
        let star = if seen::is_in_sample(&r.label.path) { "*" } else { " " };
        match &r.score {
            Ok(s) => out!(
                "{star}{:<45} {:>12} {:>12} {:>7} {:>8}{}",
                r.label.path,
                count(s.moving),
                count(s.empty),
                s.detected.map_or_else(|| s.events.map_or(String::new(), |e| e.0.to_string()), |d| clip(d).to_owned()),
                s.delay_s.map_or(String::new(), |d| format!("{d:.2} s")),
                r.damage.as_ref().map_or(String::new(), |d| format!("  damaged: {d}")),
            ),
            Err(why) => out!("{star}{:<45} not scored: {why}", r.label.path),
        }
    }
    out!("");
    for set in sets(rows) {
        line(set, &Pool::of(rows.iter().filter(|r| r.label.set() == set)));
    }
    line("all", &Pool::of(rows.iter()));
}

/// Share of wrong seconds.
fn badness(s: &Score) -> f64 {
    let missed = s.moving.and_then(Share::value).map_or(0.0, |v| 1.0 - v);
    let clip = if s.detected == Some(false) { 1.0 } else { 0.0 };
    missed.max(s.empty.and_then(Share::value).unwrap_or(0.0)).max(clip)
}

const fn clip(detected: bool) -> &'static str {
    if detected { "seen" } else { "missed" }
}

fn count(s: Option<Share>) -> String {
    s.map_or(String::new(), |s| format!("{}/{}", s.hits, s.of))
}

fn line(name: &str, p: &Pool) {
    let percent = |(hits, of): (u64, u64)| {
        let s = Share { hits, of };
        match (s.value(), s.bounds()) {
            (Some(v), Some((l, h))) => format!("{hits}/{of} = {:.1} % [{:.1}, {:.1}]", v * 100.0, l * 100.0, h * 100.0),
            _ => "-".to_owned(),
        }
    };
    let events = if p.hours > 0.0 {
        let (low, high) = poisson(p.events);
        format!("{:.1} [{:.1}, {:.1}]", p.events as f64 / p.hours, low / p.hours, high / p.hours)
    } else {
        "-".to_owned()
    };
    let clips = if p.clips.1 > 0 { format!("  clips {}/{}", p.clips.0, p.clips.1) } else { String::new() };
    out!("{name:<20} R {:<32} FP {:<28} events/h {events}{clips}", percent(p.moving), percent(p.empty));
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: Degrade = Degrade { keep: 1, loss: 0.0, gain_steps: 0.0, rssi: false, seed: 1 };

    fn recordings() -> Option<PathBuf> {
        let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/recordings"));
        let there = dir.join("labels.csv").is_file();
        if !there {
            eprintln!("skipped: no recordings at {}", dir.display());
        }
        there.then(|| dir.to_owned())
    }

    /// Floors under what the detector reached on recordings that were seen while it was designed: a guard against
    /// losing it, no measure of quality.
    #[test]
    fn what_was_reached_is_kept() {
        let Some(dir) = recordings() else { return };
        let table = labels::read(&dir.join("labels.csv")).unwrap();
        let espectre: Vec<Label> = table.iter().filter(|r| r.set() == "espectre").cloned().collect();
        let worse = [Degrade { keep: 4, ..CLEAN }, Degrade { keep: 8, ..CLEAN }, Degrade { gain_steps: 3.0, ..CLEAN }];
        for degrade in [CLEAN].into_iter().chain(worse) {
            let pool = Pool::of(score_all(&dir, &espectre, degrade).iter());
            let ((found, moving), (alarms, empty)) = (pool.moving, pool.empty);
            assert!(moving > 90 && found * 100 >= moving * 95, "{degrade:?}: {found} of {moving}");
            assert!(empty > 90 && alarms <= 3, "{degrade:?}: {alarms} of {empty}");
        }
        let quiet: Vec<Label> = table.into_iter().filter(|r| r.path.ends_with("room-b-0p.dat")).collect();
        let pool = Pool::of(score_all(&dir, &quiet, CLEAN).iter());
        assert_eq!((pool.empty.0, pool.events), (0, 0), "the clean empty room");
    }

    /// The same for the level alone: no empty second is called moving, and most seconds of the rooms with people are found.
    #[test]
    fn what_the_level_alone_reached_is_kept() {
        let Some(dir) = recordings() else { return };
        let table = labels::read(&dir.join("labels.csv")).unwrap();
        let rooms: Vec<Label> = table.into_iter().filter(|r| r.set() == "crowd-rooms-ab").collect();
        let pool = Pool::of(score_all(&dir, &rooms, Degrade { rssi: true, ..CLEAN }).iter());
        assert_eq!((pool.empty.0, pool.events), (0, 0));
        assert!(pool.moving.0 * 100 >= pool.moving.1 * 80, "{:?}", pool.moving);
    }

    #[test]
    fn a_missing_recording_is_a_row_and_no_end() {
        let label = Label { path: "nowhere/x.npz".to_owned(), motion: labels::Motion::Moving, ..Label::default() };
        let rows = score_all(Path::new("/nonexistent"), &[label], CLEAN);
        assert_eq!(rows.len(), 1);
        assert!(rows[0].score.is_err());
        assert_eq!(Pool::of(rows.iter()).moving, (0, 0));
    }
}
