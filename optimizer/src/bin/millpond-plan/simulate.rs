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
    /// Many homes as a Parquet file, to plan with `millpond-plan fleet`
    #[cfg(feature = "fleet")]
    Fleet,
}

#[derive(clap::Args)]
pub struct Args {
    /// What to draw
    #[arg(value_enum)]
    kind: Kind,
    /// Seed; the same seed gives the same site
    #[arg(long, value_name = "K", default_value_t = 0)]
    seed: u64,
    /// Homes of a block, or rows of a fleet
    #[arg(long, value_name = "N", default_value_t = 12)]
    homes: usize,
    /// Pods of one large building in the middle of a fleet; 0 for none
    #[cfg(feature = "fleet")]
    #[arg(long, value_name = "N", default_value_t = 0)]
    tower: usize,
    /// Rows of a row group in a fleet
    #[cfg(feature = "fleet")]
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    group_rows: usize,
    /// Country code
    #[arg(long, value_name = "CC", default_value = "US")]
    country: String,
    /// Where to write the site; standard output if left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Draws a site and writes it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let most = if is_fleet(args.kind) { 1_000_000_000 } else { 1_000 };
    if !(1..=most).contains(&args.homes) {
        return Err(format!("--homes {} is not within 1 to {most}", args.homes));
    }
    if Domain::of(&args.country).is_none() {
        return Err(format!(
            "--country {:?}: no regulatory table; use US, CA, AU, JP, EU or a European code",
            args.country
        ));
    }
    #[cfg(feature = "fleet")]
    if is_fleet(args.kind) {
        return write_fleet(args);
    }
    let site = match args.kind {
        Kind::Home => simulate::home(args.seed, &args.country),
        _ => simulate::block(args.seed, args.homes, &args.country),
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

#[cfg(feature = "fleet")]
fn is_fleet(kind: Kind) -> bool {
    matches!(kind, Kind::Fleet)
}

#[cfg(not(feature = "fleet"))]
fn is_fleet(_: Kind) -> bool {
    false
}

#[cfg(feature = "fleet")]
fn write_fleet(args: &Args) -> Result<(), Failure> {
    use millpond_optimizer::fleet::generate::Mix;
    let Some(out) = &args.out else { return Err("a fleet is Parquet: name a file with --out".to_owned()) };
    if args.tower > 2_000 || !(1..=10_000_000).contains(&args.group_rows) {
        return Err("--tower goes to 2000 pods, --group-rows from 1 to 10000000".to_owned());
    }
    let tower = (args.tower > 0).then_some((args.homes as u64 / 2, args.tower));
    let mix = Mix { seed: args.seed, country: args.country.clone(), tower };
    crate::fleet::write_fleet(&mix, args.homes as u64, args.group_rows, out)
}
