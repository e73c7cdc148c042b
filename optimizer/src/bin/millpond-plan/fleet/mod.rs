//! `millpond-plan fleet`: Parquet of homes in, Parquet of plans out.
//!
//! A unit is one row group of one file. Heavy units go first; each becomes one part, written beside its final name and
//! renamed when it is whole, so that a killed run goes on where it was.

mod part;
mod progress;
mod run;
mod simulate;
mod units;

use std::path::PathBuf;
use std::time::Instant;

use millpond_optimizer::fleet::{Config, Planner};

use crate::Failure;

pub use simulate::write as write_fleet;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  millpond-plan simulate fleet --seed 1 --homes 10000 --out fleet.parquet
  millpond-plan fleet fleet.parquet --out plan
  millpond-plan fleet fleet/date=2026-11-23 --out plan/date=2026-11-23 --threads 8 --json

A run that was stopped goes on when the same command is given again.")]
pub struct Args {
    /// A Parquet file, or a folder of them (Hive-style folders are kept)
    input: PathBuf,
    /// Folder for the plans
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Settings as JSON (`docs/fleet.md`)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Worker threads; 0 takes what the machine has
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Plan everything anew, also what is there already
    #[arg(long)]
    force: bool,
    /// Print the summary as one JSON document
    #[arg(long)]
    json: bool,
    /// Fail when more of 1000 homes than this have a fault
    #[arg(long, value_name = "N", default_value_t = 100)]
    max_failed_permille: u32,
    /// Measure reading and writing alone: every home is kept as it is
    #[arg(long)]
    keep_all: bool,
}

/// Plans a fleet.
pub fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let mut config = match &args.config {
        None => Config::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            Config::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    config.keep_all |= args.keep_all;
    let threads = match args.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n.min(1_024),
    };
    let planner = Planner::new(config);
    let units = units::list(&args.input, &planner)?;
    std::fs::create_dir_all(&args.out).map_err(|e| format!("{}: {e}", args.out.display()))?;
    part::prepare(&args.out, &units)?;
    let outcome = run::all(&units, &planner, args, threads, start)?;
    part::finish(&args.out, &units, &planner, outcome.faults.is_empty())?;
    let summary = outcome.summary(&units, threads, start.elapsed().as_secs_f64());
    if args.json {
        out!("{summary}");
    } else {
        progress::print(&summary);
    }
    for fault in &outcome.faults {
        eprintln!("millpond-plan: {fault}");
    }
    if !outcome.faults.is_empty() {
        return Err(format!("{} of {} units could not be planned", outcome.faults.len(), units.len()));
    }
    let (failed, rows) = (outcome.counts[3], outcome.counts.iter().sum::<u64>());
    if failed * 1_000 > rows * u64::from(args.max_failed_permille) {
        return Err(format!("{failed} of {rows} homes have faults; their rows say which"));
    }
    Ok(())
}
