//! `millpond-plan simulate`: sites from a seed.

use std::path::PathBuf;

use clap::ValueEnum;
use millpond_optimizer::model::regulatory::Domain;
use millpond_optimizer::simulate;

use crate::Failure;

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// One house of 2 to 5 pods
    Home,
    /// Apartments that hear each other
    Block,
}

#[derive(clap::Args)]
pub struct Args {
    /// What to draw
    #[arg(value_enum)]
    kind: Kind,
    /// Seed; the same seed gives the same site
    #[arg(long, value_name = "K", default_value_t = 0)]
    seed: u64,
    /// Homes of a block
    #[arg(long, value_name = "N", default_value_t = 12)]
    homes: usize,
    /// Country code
    #[arg(long, value_name = "CC", default_value = "US")]
    country: String,
    /// Where to write the site; standard output if left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Draws a site and writes it.
pub fn run(args: &Args) -> Result<(), Failure> {
    if !(1..=1_000).contains(&args.homes) {
        return Err(format!("--homes {} is not within 1 to 1000", args.homes));
    }
    if Domain::of(&args.country).is_none() {
        return Err(format!(
            "--country {:?}: no regulatory table; use US, CA, AU, JP, EU or a European code",
            args.country
        ));
    }
    let site = match args.kind {
        Kind::Home => simulate::home(args.seed, &args.country),
        Kind::Block => simulate::block(args.seed, args.homes, &args.country),
    };
    let text = serde_json::to_string_pretty(&site).map_err(|e| format!("the site cannot be written: {e}"))?;
    match &args.out {
        Some(path) => std::fs::write(path, text + "\n").map_err(|e| format!("{}: {e}", path.display())),
        None => {
            out!("{text}");
            Ok(())
        }
    }
}
