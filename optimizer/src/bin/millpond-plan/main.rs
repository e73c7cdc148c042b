//! `millpond-plan`, the operator's tool: plans and checks. Never sees a frame.
//!
//! Exit codes: 0 done, 1 failed, 2 bad usage, 3 not available by choice.

#[macro_use]
mod out;

mod check;
#[cfg(feature = "fleet")]
mod fleet;
mod input;
mod pin;
mod simulate;
mod site;
mod solve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "millpond-plan", version, about = "Plans channels, widths, power, backhaul and steering for Wi-Fi")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plan one home or block (`millpond-site/1`, gzip'd or not).
    Site(site::Args),
    /// Plan a Parquet file of homes, or a folder of them.
    #[cfg(feature = "fleet")]
    Fleet(fleet::Args),
    /// Plan a Parquet file of homes; not in this build.
    #[cfg(not(feature = "fleet"))]
    Fleet {
        /// What would be read and written
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        _rest: Vec<std::ffi::OsString>,
    },
    /// Solve a general pairwise assignment (`pairwise/1`, gzip'd or not).
    Solve(solve::Args),
    /// Draw a home or a block from a seed, as `millpond-site/1`.
    Simulate(simulate::Args),
    /// Judge an answer with an independent reading of the problem.
    Check(check::Args),
}

/// Why a command failed: one line for stderr.
type Failure = String;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Site(args) => site::run(&args),
        #[cfg(feature = "fleet")]
        Command::Fleet(args) => fleet::run(&args),
        #[cfg(not(feature = "fleet"))]
        Command::Fleet { .. } => {
            eprintln!("millpond-plan: built without fleets; build with --features fleet");
            return ExitCode::from(3);
        }
        Command::Solve(args) => solve::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Check(args) => check::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            eprintln!("millpond-plan: {line}");
            ExitCode::FAILURE
        }
    }
}
