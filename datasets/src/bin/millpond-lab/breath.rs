//! `millpond-lab breath`: what the presence branch sees of breathing in recordings, beside a reference if there is one.
//!
//! The rate is for recordings that the researcher owns; nothing that leaves a node has a place for it.

use std::path::PathBuf;

use serde_json::json;

use crate::bench::breath::looks;
use crate::bench::gyro;

/// Arguments of `breath`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  millpond-lab breath still.dat\n  millpond-lab breath still.dat --reference still-gyro.csv --json"
)]
pub struct Args {
    /// The recording.
    file: PathBuf,
    /// Print JSON: one line a look, one look in five seconds.
    #[arg(long)]
    json: bool,
    /// Packets a second, for formats without times.
    #[arg(long, value_name = "HZ", value_parser = crate::motion::rate)]
    rate: Option<f64>,
    /// Gyroscope on the chest, CSV with SamplingTime and GyroX..Z: its rate over the whole file is printed beside.
    #[arg(long, value_name = "CSV")]
    reference: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    let reference = args.reference.as_deref().map(gyro::per_minute).transpose()?;
    let looks = looks(&args.file, args.rate)?;
    for look in &looks {
        let b = look.breath;
        let decades = -b.ln_p / std::f64::consts::LN_10;
        let rate = b.counts.then_some((f64::from(b.per_minute) * 100.0).round() / 100.0);
        if args.json {
            let decades = (decades * 100.0).round() / 100.0;
            out!(
                "{}",
                json!({"t": look.t.seconds(), "link": look.link.0, "counts": b.counts, "decades": decades, "per_minute": rate})
            );
        } else {
            let said = rate.map_or_else(|| "no answer".to_owned(), |r| format!("{r:.1} a minute"));
            out!("{:>7.1} s  link {}  1 in 10^{decades:.1}  {said}", look.t.seconds(), look.link.0);
        }
    }
    let mut rates: Vec<f32> = looks.iter().filter(|l| l.breath.counts).map(|l| l.breath.per_minute).collect();
    rates.sort_by(f32::total_cmp);
    let median = rates.get(rates.len() / 2).copied();
    if args.json {
        out!(
            "{}",
            json!({"looks": looks.len(), "answers": rates.len(), "median_per_minute": median, "reference_per_minute": reference})
        );
    } else {
        let told = median.map_or_else(|| "none".to_owned(), |m| format!("{m:.1} a minute in the median"));
        let beside = reference.map_or_else(String::new, |r| format!("; reference {r:.1}"));
        out!("{} of {} looks gave an answer: {told}{beside}", rates.len(), looks.len());
    }
    Ok(())
}
