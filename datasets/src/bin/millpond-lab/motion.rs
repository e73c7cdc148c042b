//! `millpond-lab motion`.

use std::path::PathBuf;

/// Arguments of `motion`.
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
    Err(format!("motion is not built yet ({} files, json {})", args.files.len(), args.json))
}
