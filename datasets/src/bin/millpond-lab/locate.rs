//! `millpond-lab locate`: where a body stands among the nodes of an RSSI mesh.

use std::path::PathBuf;

use crate::bench::{labels, mesh};

/// Arguments of `locate`.
#[derive(clap::Args)]
#[command(
    after_help = "The folder's labels.csv names the mesh's recordings (format rssi-mesh-log), an empty one among \
                        them, which is the reference. Nodes 1 to 20 stand round a square of 3 m, 0.6 m apart.\n\n\
                        Example:\n  millpond-lab locate recordings --json"
)]
pub struct Args {
    /// The folder with `labels.csv` and the recordings that it names.
    dir: PathBuf,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    let table = labels::read(&args.dir.join("labels.csv"))?;
    let found = mesh::look(&args.dir, &table).ok_or("labels.csv names no recording of the format rssi-mesh-log")??;
    if args.json {
        out!("{:#}", found.json())
    } else {
        found.print()
    }
    Ok(())
}
