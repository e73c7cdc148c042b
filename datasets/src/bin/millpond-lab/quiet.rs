//! `millpond-lab quiet`: false alarms over long simulated time in which nobody moves.
//!
//! Hours are simulated one by one, each from a seed of its own, straight into the detector: nothing is written.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};

use millpond_datasets::sim::fault::Switch;
use millpond_datasets::sim::{Cause, Scene, Simulation};
use millpond_dsp::detect::{DetectorConfig, LinkBank, MotionState};
use millpond_dsp::phy::Micros;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::bench::bounds::poisson;
use crate::simulate;

/// Scenes without people, where none is named.
const SCENES: [&str; 4] = ["empty", "drift", "fan", "switch"];
/// The switching scene is the empty one on another channel every ten minutes.
const SWITCH_S: f64 = 600.0;
const CHANNELS: [u8; 3] = [6, 11, 1];
const HOUR_S: f64 = 3600.0;
/// Links of a scene.
const LINKS: usize = 16;

/// Arguments of `quiet`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  millpond-lab quiet                        ten minutes of each scene\n  \
    millpond-lab quiet --days 100 fan         a hundred days of a fan, hours of computing\n  \
    millpond-lab quiet --days 1 --keep 4 --smooth")]
pub struct Args {
    /// Scenes without people, built in or files, or `switch` (a channel change every ten minutes) [default: empty drift
    /// fan switch]
    scenes: Vec<String>,
    /// Days of each scene.
    #[arg(long, value_name = "D", default_value_t = 600.0 / 86_400.0, value_parser = days)]
    days: f64,
    /// Keep one packet in N.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// Noise as an estimator leaves it that keeps the guard interval's taps, instead of noise that is independent from tone
    /// to tone, as the detector takes it to be.
    #[arg(long)]
    smooth: bool,
    /// Seed of the first hour; each has its own.
    #[arg(long, value_name = "K", default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn days(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(d) if (1e-4..=1e4).contains(&d) => Ok(d),
        _ => Err("must lie between 0.0001 and 10000 days".to_owned()),
    }
}

/// What one stretch gave.
#[derive(Clone, Copy, Default)]
struct Count {
    alarms: u64,
    moving: u64,
    unknown: u64,
    decisions: u64,
    frames: u64,
}

impl Count {
    fn with(self, other: Self) -> Self {
        Self {
            alarms: self.alarms + other.alarms,
            moving: self.moving + other.moving,
            unknown: self.unknown + other.unknown,
            decisions: self.decisions + other.decisions,
            frames: self.frames + other.frames,
        }
    }
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    let names: Vec<&str> =
        if args.scenes.is_empty() { SCENES.to_vec() } else { args.scenes.iter().map(String::as_str).collect() };
    let scenes = names.iter().map(|name| scene(name, args.smooth)).collect::<Result<Vec<_>, _>>()?;
    let total_s = args.days * 86_400.0;
    let hours = (total_s / HOUR_S).ceil() as u64;
    let jobs: Vec<(usize, u64)> = (0..scenes.len()).flat_map(|s| (0..hours).map(move |h| (s, h))).collect();
    let (done, all, told) = (AtomicU64::new(0), jobs.len(), stderr().is_terminal());
    let counts = jobs
        .par_iter()
        .map(|&(s, hour)| {
            let seconds = (total_s - hour as f64 * HOUR_S).min(HOUR_S);
            let count = stretch(&scenes[s], args.seed.wrapping_add(hour), seconds, args.keep)?;
            let n = done.fetch_add(1, Ordering::Relaxed) + 1;
            if told {
                eprint!("\r{n} of {all} stretches\x1b[K");
            }
            Ok((s, count))
        })
        .collect::<Result<Vec<_>, String>>()?;
    if told {
        eprintln!();
    }
    let mut rows = vec![Count::default(); scenes.len()];
    for (s, count) in counts {
        rows[s] = rows[s].with(count);
    }
    let links: Vec<f64> = scenes.iter().map(|s| s.links.len() as f64).collect();
    if args.json {
        let table: Vec<Value> =
            rows.iter().enumerate().map(|(i, c)| document(names[i], args.days * links[i], c)).collect();
        out!(
            "{:#}",
            json!({"days": args.days, "keep": args.keep, "smooth": args.smooth, "seed": args.seed, "scenes": table})
        );
    } else {
        out!(
            "{:<10} {:>10} {:>8} {:>10}   alarms a day and link [95 %]   unknown",
            "scene",
            "link days",
            "alarms",
            "moving"
        );
        for (i, c) in rows.iter().enumerate() {
            let link_days = args.days * links[i];
            let (low, high) = poisson(c.alarms);
            out!(
                "{:<10} {link_days:>10.3} {:>8} {:>9.4}%   {:.3} [{:.3}, {:.3}]   {:.2} %",
                names[i],
                c.alarms,
                percent(c.moving, c.decisions),
                c.alarms as f64 / link_days,
                low / link_days,
                high / link_days,
                percent(c.unknown, c.decisions),
            );
        }
    }
    Ok(())
}

fn percent(n: u64, of: u64) -> f64 {
    100.0 * n as f64 / of.max(1) as f64
}

fn document(name: &str, link_days: f64, c: &Count) -> Value {
    let (low, high) = poisson(c.alarms);
    json!({
        "scene": name, "link_days": link_days, "frames": c.frames, "decisions": c.decisions, "alarms": c.alarms,
        "alarms_per_day": c.alarms as f64 / link_days, "alarms_per_day_95": [low / link_days, high / link_days],
        "moving": c.moving, "unknown": c.unknown,
    })
}

/// A scene in which nobody moves.
fn scene(name: &str, smooth: bool) -> Result<Scene, String> {
    let built_in = |name: &str| {
        let mut scene = simulate::load(name)?;
        if smooth {
            scene.receiver.smoothing_ns = 800.0;
        }
        Ok::<_, String>(scene)
    };
    if name == "switch" {
        let mut scene = built_in("empty")?;
        let step = |(i, channel): (usize, &u8)| Switch {
            at_s: SWITCH_S * (i as f64 + 0.5),
            channel: Some(*channel),
            width_mhz: None,
            ppdu: None,
        };
        scene.switches = CHANNELS.iter().cycle().take((HOUR_S / SWITCH_S) as usize).enumerate().map(step).collect();
        scene.seconds = HOUR_S;
        return Ok(scene);
    }
    let scene = built_in(name)?;
    let lives = |m: &millpond_datasets::sim::Mover| !matches!(m.cause(), Cause::Fan | Cause::Curtain);
    match scene.movers.iter().find(|m| lives(m)) {
        Some(m) => Err(format!("{name}: {} moves through it; name a scene of an empty room", m.name())),
        None => Ok(scene),
    }
}

/// One stretch of one scene from its start.
fn stretch(scene: &Scene, seed: u64, seconds: f64, keep: u32) -> Result<Count, String> {
    let mut bank = LinkBank::<LINKS>::new(DetectorConfig::default());
    let mut moving = [false; LINKS];
    let mut count = Count::default();
    let mut poll = |bank: &mut LinkBank<LINKS>, now: Micros, count: &mut Count| {
        while let Some(d) = bank.poll(now) {
            let now_moving = d.state == MotionState::Moving;
            count.decisions += 1;
            count.moving += u64::from(now_moving);
            count.unknown += u64::from(d.state == MotionState::Unknown);
            if let Some(before) = moving.get_mut(usize::from(d.link.0)) {
                count.alarms += u64::from(now_moving && !*before);
                *before = now_moving;
            }
        }
    };
    let simulation = Simulation::new(scene, seed, seconds).map_err(|e| e.to_string())?;
    for (i, frame) in simulation.enumerate() {
        if i as u64 % u64::from(keep) == 0 {
            poll(&mut bank, frame.meta.t, &mut count);
            count.frames += u64::from(bank.push(&frame.view()).is_ok());
        }
    }
    poll(&mut bank, Micros::from_seconds(seconds), &mut count);
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_minutes_of_each_scene_give_no_alarm() {
        for name in SCENES {
            for keep in [1, 4] {
                let count = stretch(&scene(name, false).unwrap(), 7, 120.0, keep).unwrap();
                assert_eq!(count.alarms, 0, "{name}, one in {keep}");
                assert!(count.unknown * 10 < count.decisions, "{name}: {} of {}", count.unknown, count.decisions);
            }
        }
    }

    #[test]
    fn noise_that_the_receiver_has_smoothed_is_no_alarm() {
        for keep in [1, 4] {
            let count = stretch(&scene("empty", true).unwrap(), 7, 120.0, keep).unwrap();
            assert_eq!(count.alarms, 0, "one in {keep}");
        }
    }

    #[test]
    fn a_channel_change_is_no_alarm() {
        let mut scene = scene("switch", false).unwrap();
        for (i, s) in scene.switches.iter_mut().enumerate() {
            s.at_s = 8.0 * (i as f64 + 1.0);
        }
        assert_eq!(stretch(&scene, 3, 56.0, 1).unwrap().alarms, 0);
    }

    #[test]
    fn scenes_with_people_are_refused() {
        assert!(scene("walk-across", false).is_err_and(|why| why.contains("empty room")));
        assert!(scene("nowhere", false).is_err());
    }
}
