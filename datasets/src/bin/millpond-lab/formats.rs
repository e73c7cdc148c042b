//! `millpond-lab formats`: what can be read.

use millpond_datasets::FORMATS;
use millpond_datasets::format::rssi_mesh;
use serde_json::json;

/// Arguments of `formats`.
#[derive(clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    if args.json {
        let all: Vec<_> = FORMATS.iter().map(|f| json!({"name": f.name, "about": f.about})).collect();
        out!("{:#}", json!(all));
        return Ok(());
    }
    for format in FORMATS {
        out!("{:<14} {}", format.name, format.about);
    }
    out!("{:<14} log of a mesh of nodes, RSSI alone", rssi_mesh::NAME);
    out!("\nThe content decides, not the name of the file. Each may be gzip'd.");
    Ok(())
}
