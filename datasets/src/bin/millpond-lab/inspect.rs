//! `millpond-lab inspect`: what a recording holds.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use millpond_datasets::format::rssi_mesh;
use millpond_datasets::rhythm::Rhythm;
use millpond_datasets::rssi;
use millpond_datasets::summary::Summary;
use millpond_datasets::{ReadOptions, SourceInfo};
use serde_json::{Value, json};

use crate::plot;

/// Arguments of `inspect`.
#[derive(clap::Args)]
pub struct Args {
    /// The recordings.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON: one document a file.
    #[arg(long)]
    json: bool,
    /// Packets a second, for formats without times.
    #[arg(long, value_name = "HZ", value_parser = crate::motion::rate)]
    rate: Option<f64>,
    /// Draw frames a second, gaps, and amplitude over time and tone; one file only.
    #[arg(long, value_name = "SVG")]
    plot: Option<PathBuf>,
}

/// Runs the subcommand. A file that is empty or cut is reported as far as it goes and counts as failed.
pub fn run(args: &Args) -> Result<(), String> {
    let options = ReadOptions { rate_hz: args.rate, ..ReadOptions::default() };
    if args.plot.is_some() && args.files.len() > 1 {
        return Err("--plot takes one recording".to_owned());
    }
    let mut damaged = Vec::new();
    for path in &args.files {
        match one(path, &options, args) {
            Ok(()) => {}
            Err(message) => damaged.push(format!("{}: {message}", path.display())),
        }
    }
    if damaged.is_empty() { Ok(()) } else { Err(damaged.join("\nmillpond-lab: ")) }
}

fn one(path: &Path, options: &ReadOptions, args: &Args) -> Result<(), String> {
    let mut source = match millpond_datasets::open(path, options) {
        Ok(source) => source,
        Err(e) if e.format == Some(rssi_mesh::NAME) => return readings(path, options, args.json),
        Err(e) => return Err(e.to_string()),
    };
    let info = source.info().clone();
    let (mut rhythm, mut progress) = (Rhythm::default(), Progress::new(path));
    let summary = Summary::of(&mut *source, |record| {
        rhythm.add(record.frame.meta().t.seconds());
        progress.step();
    });
    progress.done();
    if args.json {
        out!("{:#}", document(path, &info, &summary, &rhythm));
    } else {
        print(path, &info, &summary, &rhythm);
    }
    if let Some(to) = &args.plot {
        let busiest = summary.links.iter().max_by_key(|l| l.frames).map_or(0, |l| l.link);
        let title = format!("{} ({})", path.file_name().unwrap_or_default().to_string_lossy(), info.format);
        let svg = plot::draw(path, options, &title, &rhythm, summary.span_s, busiest).map_err(|e| e.to_string())?;
        std::fs::write(to, svg).map_err(|e| format!("{}: {e}", to.display()))?;
    }
    verdict(path, &summary)
}

/// Fails if the recording is empty or cut. Records that were stepped over are told, and are no failure.
fn verdict(path: &Path, summary: &Summary) -> Result<(), String> {
    let kept = summary.frame_count;
    let first = summary.problems.iter().find(|p| p.cuts_short()).or(summary.problems.first());
    let more = match summary.problem_count {
        0 | 1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    match first {
        Some(first) if first.cuts_short() || kept == 0 => Err(format!("{first}{more}; {kept} frames kept")),
        Some(first) => {
            eprintln!("millpond-lab: {}: {first}{more}; {kept} frames kept", path.display());
            Ok(())
        }
        None if kept == 0 => Err("the recording is empty: no frames".to_owned()),
        None => Ok(()),
    }
}

/// A recording of RSSI alone.
fn readings(path: &Path, options: &ReadOptions, as_json: bool) -> Result<(), String> {
    let mut source = rssi::open(path, options).map_err(|e| e.to_string())?;
    let (mut n, mut sum, mut links, mut span_s) = (0u64, 0.0, 0, 0.0);
    let mut problems = Vec::new();
    loop {
        match source.next_sample() {
            Ok(Some(sample)) => {
                n += 1;
                sum += f64::from(sample.level.0);
                links = links.max(usize::from(sample.link.0) + 1);
                span_s = sample.t.seconds();
            }
            Ok(None) => break,
            Err(e) => problems.push(e.to_string()),
        }
    }
    let (format, file) = (source.info().format, path.display());
    if as_json {
        out!(
            "{:#}",
            json!({"file": file.to_string(), "format": format, "frame_count": 0, "rssi_count": n, "rssi_sums": [sum],
                "links": links, "span_s": span_s, "problems": problems})
        );
    } else {
        out!("{file}: {format}, {n} RSSI readings on {links} links over {span_s:.1} s, no CSI");
    }
    problems.first().map_or(Ok(()), |first| Err(format!("{first}; {n} readings kept")))
}

fn document(path: &Path, info: &SourceInfo, summary: &Summary, rhythm: &Rhythm) -> Value {
    let mut all = summary.document(info.format);
    all["file"] = json!(path.display().to_string());
    all["conventions"] = json!(info.conventions);
    all["median_interval_s"] = json!(rhythm.median_s());
    let gaps = rhythm.gaps().into_iter().map(|g| json!({"t": g.t_s, "length_s": g.length_s}));
    all["gaps"] = gaps.collect();
    all
}

fn print(path: &Path, info: &SourceInfo, s: &Summary, rhythm: &Rhythm) {
    out!("{}: {}, {} frames", path.display(), info.format, s.frame_count);
    for c in &s.shapes {
        let (subcarriers, rx, tx) = c.shape;
        out!("  {:>8} frames of {subcarriers} subcarriers x {rx} rx x {tx} tx", c.frames);
    }
    for l in s.links.iter().take(MAX_LINES) {
        let (subcarriers, rx, tx) = l.shape;
        out!("  {:>8} frames on link {} ({subcarriers} x {rx} x {tx})", l.frames, l.link);
    }
    if s.links.len() > MAX_LINES {
        out!("           and {} more links", s.links.len() - MAX_LINES);
    }
    if s.frame_count > 1 && s.span_s > 0.0 {
        let rate = (s.frame_count - 1) as f64 / s.span_s;
        let median_ms = 1e3 * rhythm.median_s().unwrap_or(0.0);
        out!("  {:.3} s, {rate:.2} frames/s on average, about {median_ms:.2} ms from one to the next", s.span_s);
        out!("  {} steps back in device time", s.t_backward_steps);
    }
    if !info.has_times {
        out!("  the recording has no times: these come from a rate");
    }
    for gap in rhythm.gaps() {
        out!("  gap of {:.3} s at {:.3} s", gap.length_s, gap.t_s);
    }
    for convention in &info.conventions {
        out!("  taken: {convention}");
    }
    for problem in s.problems.iter().take(MAX_LINES) {
        out!("  problem: {problem}");
    }
    if s.problem_count > MAX_LINES as u64 {
        out!("  and {} more problems", s.problem_count - MAX_LINES as u64);
    }
}

/// Links and problems printed one by one.
const MAX_LINES: usize = 20;

/// Frames so far, on a terminal, for files that take a while.
struct Progress {
    wanted: bool,
    frames: u64,
}

impl Progress {
    fn new(path: &Path) -> Self {
        let long = std::fs::metadata(path).is_ok_and(|m| m.len() > LONG_BYTES);
        Self { wanted: long && std::io::stderr().is_terminal(), frames: 0 }
    }

    fn step(&mut self) {
        self.frames += 1;
        if self.wanted && self.frames % 20_000 == 0 {
            eprint!("\r{} frames ...", self.frames);
        }
    }

    fn done(&self) {
        if self.wanted {
            eprint!("\r                         \r");
        }
    }
}

/// Bytes from which on a file takes more than a moment.
const LONG_BYTES: u64 = 64 << 20;
