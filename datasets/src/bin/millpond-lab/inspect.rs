//! `millpond-lab inspect`: what a recording holds.

use std::path::{Path, PathBuf};

use millpond_datasets::summary::Summary;
use millpond_datasets::{ReadOptions, SourceInfo};
use serde_json::{Value, json};

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
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
}

/// Runs the subcommand. A file with damage is reported in full and counts as failed.
pub fn run(args: &Args) -> Result<(), String> {
    let options = ReadOptions { rate_hz: args.rate, ..ReadOptions::default() };
    let mut damaged = Vec::new();
    for path in &args.files {
        match one(path, &options, args.json) {
            Ok(()) => {}
            Err(message) => damaged.push(format!("{}: {message}", path.display())),
        }
    }
    if damaged.is_empty() { Ok(()) } else { Err(damaged.join("\nmillpond-lab: ")) }
}

fn one(path: &Path, options: &ReadOptions, as_json: bool) -> Result<(), String> {
    let mut source = millpond_datasets::open(path, options).map_err(|e| e.to_string())?;
    let info = source.info().clone();
    let summary = Summary::of(&mut *source, |_| {});
    if as_json {
        println!("{:#}", document(path, &info, &summary));
    } else {
        print(path, &info, &summary);
    }
    match summary.problems.first() {
        None => Ok(()),
        Some(first) if summary.problem_count == 1 => Err(format!("{first}; {} frames kept", summary.frame_count)),
        Some(first) => {
            Err(format!("{first}, and {} more; {} frames kept", summary.problem_count - 1, summary.frame_count))
        }
    }
}

fn document(path: &Path, info: &SourceInfo, summary: &Summary) -> Value {
    let mut all = summary.document(info.format);
    all["file"] = json!(path.display().to_string());
    all["conventions"] = json!(info.conventions);
    all
}

fn print(path: &Path, info: &SourceInfo, s: &Summary) {
    println!("{}: {}, {} frames", path.display(), info.format, s.frame_count);
    for c in &s.shapes {
        let (subcarriers, rx, tx) = c.shape;
        println!("  {:>8} frames of {subcarriers} subcarriers x {rx} rx x {tx} tx", c.frames);
    }
    println!("  {:>8} links", s.links.len());
    if s.frame_count > 1 && s.span_s > 0.0 {
        let rate = (s.frame_count - 1) as f64 / s.span_s;
        println!("  {:.3} s, {rate:.2} frames/s on average, {} steps back in time", s.span_s, s.t_backward_steps);
    }
    for convention in &info.conventions {
        println!("  taken: {convention}");
    }
    for problem in &s.problems {
        println!("  problem: {problem}");
    }
}
