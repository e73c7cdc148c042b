//! `millpond-lab breath`: what the presence branch sees of breathing in recordings, beside a reference if there is one.
//!
//! The rate is for recordings that the researcher owns; nothing that leaves a node has a place for it.

use std::path::{Path, PathBuf};

use millpond_datasets::ReadOptions;
use millpond_dsp::LinkId;
use millpond_dsp::detect::DetectorConfig;
use millpond_dsp::phy::Micros;
use millpond_dsp::presence::{Breath, SignOfLife};
use serde_json::json;

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

/// One look of one link.
pub struct Look {
    /// When, from the first frame.
    pub t: Micros,
    /// Which link.
    pub link: LinkId,
    /// What was seen.
    pub breath: Breath,
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

/// Every look of every link of a recording.
///
/// # Errors
/// If it cannot be opened; damage further on ends it there.
pub fn looks(path: &Path, rate_hz: Option<f64>) -> Result<Vec<Look>, String> {
    let options = ReadOptions { rate_hz, ..ReadOptions::default() };
    let mut source = millpond_datasets::open(path, &options).map_err(|e| e.to_string())?;
    // A link that is heard in several shapes is as many streams, as in the detectors' bank.
    let mut streams: Vec<((LinkId, usize, usize), SignOfLife)> = Vec::new();
    let (mut origin, mut out) = (None, Vec::new());
    loop {
        match source.next_frame() {
            Ok(None) => return Ok(out),
            Ok(Some(record)) => {
                let meta = record.frame.meta();
                let t = meta.t.since(*origin.get_or_insert(meta.t));
                let key = (meta.link, record.frame.chains(), record.frame.tones().len());
                let at = match streams.iter().position(|s| s.0 == key) {
                    Some(at) => at,
                    None => {
                        streams.push((key, SignOfLife::new(&DetectorConfig::default())));
                        streams.len() - 1
                    }
                };
                let life = &mut streams[at].1;
                let before = life.looks();
                life.push(&record.frame);
                if life.looks() != before {
                    out.extend(life.breath().map(|b| Look { t, link: key.0, breath: *b }));
                }
            }
            Err(e) if e.can_resume => {}
            Err(_) => return Ok(out),
        }
    }
}
