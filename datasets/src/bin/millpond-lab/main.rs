//! `millpond-lab`: the researcher's tool. Reads recordings that the researcher owns; never opens a radio.
//!
//! One file a subcommand. Exit codes: 0 done, 1 failed, 2 bad usage, 3 not available by choice.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[macro_use]
mod out;

mod bench;
mod breath;
mod convert;
mod formats;
mod inspect;
mod locate;
mod motion;
mod plot;
mod quiet;
mod reading;
mod score;
mod simulate;

/// Reads, scores, converts and simulates CSI and RSSI recordings.
#[derive(Parser)]
#[command(name = "millpond-lab", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a recording holds: format, shapes, times, sums, problems.
    Inspect(inspect::Args),
    /// The samples as CSV, NumPy arrays, Parquet, or Millpond's own recording.
    Convert(convert::Args),
    /// What can be read.
    Formats(formats::Args),
    /// Where a body stands among the nodes of an RSSI mesh.
    Locate(locate::Args),
    /// Motion decisions over one or more recordings.
    Motion(motion::Args),
    /// Breathing over a recording: how sure, and at what rate.
    Breath(breath::Args),
    /// The sensing benchmark over a folder with a labels.csv.
    Score(score::Args),
    /// False alarms over long simulated time in which nobody moves.
    Quiet(quiet::Args),
    /// A recording with ground truth from a simulated scene.
    Simulate(simulate::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Convert(args) if convert::is_left_out(&args) => {
            eprintln!("millpond-lab: Parquet is not built in this build; --to millpond, npz or csv are");
            return ExitCode::from(3);
        }
        Command::Convert(args) => convert::run(&args),
        Command::Formats(args) => formats::run(&args),
        Command::Locate(args) => locate::run(&args),
        Command::Motion(args) => motion::run(&args),
        Command::Breath(args) => breath::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Quiet(args) => quiet::run(&args),
        Command::Simulate(args) => simulate::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("millpond-lab: {message}");
            ExitCode::FAILURE
        }
    }
}
