//! `millpond-lab motion`: decisions over recordings.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use millpond_dsp::detect::{Decision, EventTracker, MotionEvent, MotionState, Presence};
use millpond_dsp::phy::Micros;
use serde_json::{Value, json};

use crate::bench::degrade::Degrade;
use crate::bench::run::{Track, run as run_recording, state_name};

/// Arguments of `motion`.
#[derive(clap::Args)]
pub struct Args {
    /// The recordings; each is decided by itself.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON: one line a decision, four a second.
    #[arg(long)]
    json: bool,
    /// Packets a second, for formats without times.
    #[arg(long, value_name = "HZ", value_parser = rate)]
    rate: Option<f64>,
    #[command(flatten)]
    degrade: Degrade,
}

/// A number of packets a second.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(hz) if hz.is_finite() && hz > 0.0 => Ok(hz),
        _ => Err("must be a number above 0".to_owned()),
    }
}

/// Runs the subcommand. A file that is cut is decided as far as it goes and counts as failed.
pub fn run(args: &Args) -> Result<(), String> {
    let mut failed = Vec::new();
    let mut out = BufWriter::new(io::stdout().lock());
    for path in &args.files {
        let name = (args.files.len() > 1).then(|| path.display().to_string());
        match run_recording(path, args.rate, args.degrade) {
            Ok(track) => {
                let written =
                    if args.json { lines(&mut out, &track, name.as_deref()) } else { timeline(&mut out, &track, path) };
                match written.and_then(|()| out.flush()) {
                    // The reader of a pipe may leave early.
                    Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    other => other.map_err(|e| e.to_string())?,
                }
                let told = track.damage.map(|why| format!("{}: {why}", path.display()));
                if track.cut_short {
                    failed.extend(told.map(|told| format!("{told}; decided as far as it goes")));
                } else if let Some(told) = told {
                    eprintln!("millpond-lab: {told}");
                }
            }
            Err(why) => failed.push(format!("{}: {why}", path.display())),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\nmillpond-lab: ")) }
}

/// One JSON line a decision: each link's, then, where there are several, that of all together as link `any`.
fn lines(out: &mut impl Write, track: &Track, file: Option<&str>) -> io::Result<()> {
    let mut links = track.links.iter().peekable();
    for (t, all) in &track.any {
        while let Some(d) = links.next_if(|d| d.t <= *t) {
            line(out, file, d.t, d.score, d.state, d.present, json!(d.link.0))?;
        }
        if track.link_count > 1 {
            line(out, file, *t, all.score, all.state, all.present, json!("any"))?;
        }
    }
    Ok(())
}

fn line(
    out: &mut impl Write,
    file: Option<&str>,
    t: Micros,
    score: f32,
    state: MotionState,
    present: Presence,
    link: Value,
) -> io::Result<()> {
    let present = match present {
        Presence::Unknown => "unknown",
        Presence::No => "no",
        Presence::Yes => "yes",
    };
    // JSON knows no NaN; three digits after the point are more than a score is worth.
    let score = if score.is_finite() { json!((f64::from(score) * 1e3).round() / 1e3) } else { Value::Null };
    let mut v = json!({"t": t.seconds(), "score": score, "state": state_name(state), "present": present, "link": link});
    if let Some(file) = file {
        v["file"] = json!(file);
    }
    writeln!(out, "{v}")
}

/// Events, and a strip with one mark a second.
fn timeline(out: &mut impl Write, track: &Track, path: &Path) -> io::Result<()> {
    let (links, frames, length) = (track.link_count, track.frames, track.length_s);
    writeln!(out, "{}: {frames} frames used, {length:.1} s, {links} link{}", path.display(), plural(links))?;
    let seconds = length.floor() as u64;
    let strip: String = (0..seconds).map(|k| mark(track, k as f64 + 1.0)).collect();
    for (i, part) in strip.as_bytes().chunks(60).enumerate() {
        writeln!(out, "  {:>5} s  {}", i * 60, String::from_utf8_lossy(part))?;
    }
    let mut tracker = EventTracker::default();
    let mut events: Vec<MotionEvent> =
        track.any.iter().filter_map(|e| tracker.push(&decision(e))).filter(ended).collect();
    events.extend(tracker.finish());
    for e in &events {
        let (from, to) = (e.start.seconds(), e.end.map_or(length, Micros::seconds));
        writeln!(
            out,
            "  motion from {from:.2} s to {to:.2} s, peak score {:.1} (threshold {:.1})",
            e.peak, e.threshold
        )?;
    }
    if track.any.iter().all(|(_, all)| all.state == MotionState::Unknown) {
        writeln!(out, "  unknown: too little to decide by")?;
    } else if events.is_empty() {
        writeln!(out, "  no motion")?;
    }
    writeln!(out, "  marks: # moving, . still, ? unknown; one a second")
}

fn ended(e: &MotionEvent) -> bool {
    e.end.is_some()
}

fn decision((t, all): &(Micros, millpond_dsp::zones::Anywhere)) -> Decision {
    Decision {
        t: *t,
        link: all.link.unwrap_or_default(),
        state: all.state,
        present: all.present,
        score: all.score,
        threshold: all.threshold,
        frames: 0,
    }
}

const fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn mark(track: &Track, t_s: f64) -> char {
    match track.by(t_s).map(|a| a.state) {
        Some(MotionState::Moving) => '#',
        Some(MotionState::Still) => '.',
        _ => '?',
    }
}
