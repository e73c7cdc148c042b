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

fn document(path: &Path, info: &SourceInfo, s: &Summary) -> Value {
    let shape = |(subcarriers, rx, tx): (usize, usize, usize), frames: u64| json!({"subcarriers": subcarriers, "rx": rx, "tx": tx, "frames": frames});
    let problems: Vec<Value> = s
        .problems
        .iter()
        .map(|p| json!({"kind": p.kind.name(), "record": p.record, "offset": p.offset, "what": p.what}))
        .collect();
    json!({
        "file": path.display().to_string(),
        "format": info.format,
        "frame_count": s.frame_count,
        "shapes": s.shapes.iter().map(|c| shape(c.shape, c.frames)).collect::<Vec<_>>(),
        "t_first": s.t_first,
        "t_last": s.t_last,
        "t_backward_steps": s.t_backward_steps,
        "rssi_sums": s.rssi_sums,
        "sum_abs": s.sum_abs,
        "sum_re": number(s.sum_re, s.integral),
        "sum_im": number(s.sum_im, s.integral),
        "csi_sha256": s.csi_sha256,
        "problems": problems,
        "problem_count": s.problem_count,
        "span_s": s.span_s,
        "links": s.links.len(),
        "conventions": info.conventions,
    })
}

/// A sum of integers as an integer: exact below 2^53.
fn number(x: f64, integral: bool) -> Value {
    if integral && x.abs() < 2f64.powi(53) { json!(x as i64) } else { json!(x) }
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
