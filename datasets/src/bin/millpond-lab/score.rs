//! `millpond-lab score`.

use std::path::PathBuf;

/// Arguments of `score`.
#[derive(clap::Args)]
pub struct Args {
    /// The recordings.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    Err(format!("score is not built yet ({} files, json {})", args.files.len(), args.json))
}
