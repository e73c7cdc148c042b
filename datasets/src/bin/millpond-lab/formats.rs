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

/// Logs without CSI, which `inspect` counts and the RSSI detector takes.
const MESH: (&str, &str, &[&str]) = (
    rssi_mesh::NAME,
    "log of a mesh of nodes that scan one another, RSSI alone",
    &["lines From: Measure<n> TX Power: <dBm> and SSID: Measure<n> RSSI: <dBm>, times of the day in front"],
);

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    let all = FORMATS.iter().map(|f| (f.name, f.about, f.variants)).chain([MESH]);
    if args.json {
        let all: Vec<_> = all.map(|(name, about, v)| json!({"name": name, "about": about, "variants": v})).collect();
        out!("{:#}", json!(all));
        return Ok(());
    }
    for (name, about, variants) in all {
        out!("{name:<14} {about}");
        for variant in variants {
            out!("{:<14}   {variant}", "");
        }
    }
    out!(
        "\nThe content decides, not the name of the file. Each may be gzip'd. The RSSI of each packet is read with it."
    );
    Ok(())
}
