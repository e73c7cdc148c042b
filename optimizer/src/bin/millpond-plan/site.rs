//! `millpond-plan site`: a plan for one home or block.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millpond_dsp::phy::Bandwidth;
use millpond_optimizer::check::judge;
use millpond_optimizer::diagram;
use millpond_optimizer::env::{Environment, Progress};
use millpond_optimizer::model::plan::{Apply, Choosable, Decision, Input, Kind, Plan, Subject};
use millpond_optimizer::model::site::{Choice, Site};
use millpond_optimizer::validate::{self, SiteError};
use millpond_optimizer::{Point, frontier, plan_site};

use serde_json::json;

use crate::{Failure, input, pin};

#[derive(clap::Args)]
pub struct Args {
    /// The site, `millpond-site/1` JSON, gzip'd or not
    site: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Seconds to search at most
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    time: f64,
    /// Worker threads; 0 takes what the machine has
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Seed of the search
    #[arg(long, value_name = "K", default_value_t = 0)]
    seed: u64,
    /// Also say why everything that stays stays, and what lost
    #[arg(long)]
    explain: bool,
    /// Also draw the site before and after
    #[arg(long, value_name = "OUT.svg")]
    svg: Option<PathBuf>,
    /// Show what each number of changes could gain, instead of one plan
    #[arg(long, conflicts_with_all = ["explain", "svg"])]
    frontier: bool,
    /// Hold something: `hall:5=44/80`, `kitchen->hall@5`, `laptop@kitchen:5`; parts may be left out
    #[arg(long, value_name = "CHOICE", value_parser = pin::parse)]
    pin: Vec<Choice>,
    /// Rule something out, written as for --pin
    #[arg(long, value_name = "CHOICE", value_parser = pin::parse)]
    object: Vec<Choice>,
}

/// Reads, plans and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    if !(args.time >= 0.0 && args.time <= 1e6) {
        return Err(format!("--time {} is not a number of seconds from 0 to 1000000", args.time));
    }
    let mut site = read(&args.site)?;
    site.pins.extend(args.pin.iter().cloned());
    site.objections.extend(args.object.iter().cloned());
    let env = environment(args, start)?;
    if args.frontier {
        let points = frontier(&site, &env).map_err(|faults| describe(&args.site, &faults))?;
        return print_frontier(&points, args.json);
    }
    let plan = plan_site(&site, &env).map_err(|faults| describe(&args.site, &faults))?;
    if let Some(out) = &args.svg {
        std::fs::write(out, diagram::svg(&site, &plan)).map_err(|e| format!("{}: {e}", out.display()))?;
    }
    if args.json {
        out!("{}", serde_json::to_string(&plan).map_err(|e| format!("the plan cannot be written: {e}"))?);
    } else {
        print(&plan, args.explain);
    }
    Ok(())
}

fn print_frontier(points: &[Point], json: bool) -> Result<(), Failure> {
    if json {
        let document = json!({"format": "millpond-frontier/1", "points": points});
        out!("{document}");
        return Ok(());
    }
    out!("{:>8} {:>12} {:>12}  what changes", "changes", "U", "gain");
    let first = points.first().map_or(0, |p| p.u_milli);
    for p in points {
        let radios = p.plan.radios.iter().filter(|r| r.changed);
        let radios = radios.map(|r| format!("{} {} {}/{}", r.pod, r.radio, r.primary, r.width.mhz()));
        let uplinks = p.plan.uplinks.iter().filter(|u| u.changed).map(|u| format!("{} under {}", u.pod, u.parent));
        let clients = p.plan.clients.iter().filter(|c| c.changed);
        let clients = clients.map(|c| format!("{} at {} {}", c.client, c.pod, c.band));
        let what: Vec<String> = radios.chain(uplinks).chain(clients).collect();
        out!("{:>8} {:>12} {:>+12}  {}", p.switches, p.u_milli, p.u_milli - first, what.join(", "));
    }
    Ok(())
}

/// Reads a site file.
pub fn read(path: &Path) -> Result<Site, Failure> {
    parse(path, &input::read(path)?)
}

fn parse(path: &Path, text: &[u8]) -> Result<Site, Failure> {
    validate::parse(text).map_err(|fault| describe(path, &[fault]))
}

/// Judges a plan and prints its worth or every violation.
pub fn check(site_path: &Path, site: &[u8], plan_path: &Path, plan: &[u8], json: bool) -> Result<(), Failure> {
    let site = parse(site_path, site)?;
    validate::validate(&site).map_err(|faults| describe(site_path, &faults))?;
    let shown = plan_path.display();
    let plan: Plan = serde_json::from_slice(plan).map_err(|e| format!("{shown}: {e}"))?;
    let verdict = judge(&site, &plan);
    if json {
        let list = verdict.violations.iter();
        let list: Vec<_> = list.map(|v| json!({"code": v.code.as_str(), "path": v.path, "detail": v.detail})).collect();
        out!("{}", json!({"u_milli": verdict.u_milli, "u_before_milli": verdict.u_before_milli, "violations": list}));
    }
    if !verdict.violations.is_empty() {
        let lines: Vec<String> = verdict.violations.iter().map(|v| format!("{shown}: {v}")).collect();
        return Err(lines.join("\nmillpond-plan: "));
    }
    if !json {
        let before = verdict.u_before_milli.map_or_else(|| "unknown".to_owned(), |u| u.to_string());
        out!("no violation; U {} thousandths, {before} before", verdict.u_milli.unwrap_or_default());
    }
    Ok(())
}

/// One line for every fault.
pub fn describe(path: &Path, faults: &[SiteError]) -> Failure {
    let lines: Vec<String> = faults.iter().map(|f| format!("{}: {f}", path.display())).collect();
    lines.join("\nmillpond-plan: ")
}

fn environment(args: &Args, start: Instant) -> Result<Environment, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).map_err(|e| format!("no Ctrl-C handler: {e}"))?;
    let deadline = start + Duration::from_secs_f64(args.time);
    let threads = match args.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let stop = move || interrupted.load(Ordering::Relaxed) || Instant::now() >= deadline;
    // A home takes milliseconds; who waits longer is told how far it is.
    let quiet = args.json || !std::io::stderr().is_terminal();
    let told = std::sync::atomic::AtomicU64::new(1_000);
    let progress = move |p: Progress| {
        let ms = start.elapsed().as_millis() as u64;
        if !quiet && ms >= told.load(Ordering::Relaxed) {
            told.store(ms + 500, Ordering::Relaxed);
            eprintln!("{:8.1} s  J {}", ms as f64 / 1_000.0, p.cost);
        }
    };
    let env = Environment::new().with_seed(args.seed).with_threads(threads);
    Ok(env.with_stop(stop).with_listener(progress))
}

fn print(plan: &Plan, explain: bool) {
    let mark = |changed: bool| if changed { "*" } else { " " };
    out!("  {:<12} {:<8} {:>8} {:>12} {:>7} {:>6}", "pod", "radio", "band", "channel", "centre", "EIRP");
    for r in &plan.radios {
        let channel = format!("{}/{}{}", r.primary, r.width.mhz(), holes(r.width, r.center, r.punctured));
        let wait = if r.cac_s > 0 { format!("  listens {} s for radar first", r.cac_s) } else { String::new() };
        let (m, band) = (mark(r.changed), r.band.to_string());
        out!("{m} {:<12} {:<8} {band:>8} {channel:>12} {:>7} {:>3} dBm{wait}", r.pod, r.radio, r.center, r.eirp_dbm);
    }
    for u in &plan.uplinks {
        out!("{} {:<12} uplink to {} at {}", mark(u.changed), u.pod, u.parent, u.band);
    }
    for c in &plan.clients {
        let before = c.before_permille.map_or_else(|| "?".to_owned(), percent);
        out!(
            "{} {:<12} at {} {}, gets {} of its demand, {before} before",
            mark(c.changed),
            c.client,
            c.pod,
            c.band,
            percent(c.after_permille)
        );
    }
    out!("{}", summary(plan));
    for d in plan.decisions.iter().filter(|d| explain || d.kind != Kind::Keep) {
        print_decision(d, explain);
    }
}

fn percent(permille: u32) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

fn summary(plan: &Plan) -> String {
    let o = &plan.objective;
    let before = o.u_before_milli.map_or_else(|| "unknown".to_owned(), |u| u.to_string());
    let proof = if o.proved { "proved" } else { "not proved" };
    let j = o.j_after_milli.map_or_else(|| "unknown".to_owned(), |j| j.to_string());
    let clock = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
    let best = |m: Option<u16>| m.map_or_else(String::new, |m| format!(", best at {}", clock(m)));
    let when = match plan.apply {
        Apply::Never => "nothing to apply".to_owned(),
        Apply::AnyTime { best_minute } => format!("apply at any time{}", best(best_minute)),
        Apply::QuietWindow { from_minute, to_minute, best_minute } => {
            format!("apply between {} and {}{}", clock(from_minute), clock(to_minute), best(best_minute))
        }
        Apply::Now { reason } => format!("apply at once: {}", if reason as u8 == 0 { "radar" } else { "not allowed" }),
    };
    format!(
        "U {before} -> {} thousandths, {} changes; J {j}, least {} ({proof}); {when}",
        o.u_after_milli, o.switches, o.j_least_milli
    )
}

fn print_decision(d: &Decision, explain: bool) {
    let from = d.from.as_ref().map_or_else(|| "unknown".to_owned(), choosable);
    let arrow = if d.kind == Kind::Keep { format!("stays {from}") } else { format!("{from} -> {}", choosable(&d.to)) };
    out!("#{} {} {arrow}", d.number, subject(&d.subject));
    let weights: Vec<String> = d.reasons.iter().map(|r| format!("{} {:+}", word(&r.code), r.weight)).collect();
    let than = d.instead.as_ref().map_or_else(String::new, |i| format!(" against {}", choosable(i)));
    out!("    because{than}: {}", weights.join(", "));
    if explain {
        for l in &d.losers {
            out!("    lost: {} by {} ({})", choosable(&l.option), l.excess, word(&l.code));
        }
    }
    if let Some(f) = &d.flip {
        out!("    would change if {} were {} instead of {}", input_name(&f.code), f.needed, f.value);
    }
}

/// A code as it stands in the JSON form.
fn word<T: serde::Serialize>(code: &T) -> String {
    serde_json::to_value(code).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The numbers of the 20 MHz channels that a punctured channel leaves out, each after a minus.
fn holes(width: Bandwidth, center: u8, punctured: u16) -> String {
    let first = center.saturating_sub(2 * (width.subchannels() - 1));
    (0..16u8).filter(|k| punctured >> k & 1 == 1).map(|k| format!("-{}", first + 4 * k)).collect()
}

fn choosable(c: &Choosable) -> String {
    match c {
        Choosable::Radio { primary, width, center, punctured, eirp_dbm } => {
            format!("{primary}/{}@{center}{} {eirp_dbm} dBm", width.mhz(), holes(*width, *center, *punctured))
        }
        Choosable::Uplink { parent, band } => format!("{parent} at {band}"),
        Choosable::Client { pod, band, radio } => format!("{pod} {band} ({radio})"),
    }
}

fn subject(s: &Subject) -> String {
    match s {
        Subject::Radios { band, radios } => {
            let names: Vec<&str> = radios.iter().map(|(pod, _)| pod.as_str()).collect();
            format!("{band} of {}", names.join(", "))
        }
        Subject::Uplink { pod } => format!("uplink of {pod}"),
        Subject::Client { client } => format!("client {client}"),
    }
}

fn input_name(i: &Input) -> String {
    match i {
        Input::SwitchCostMilli => "the cost of a change (thousandths)".to_owned(),
        Input::SurveyBusyPermille { pod, band, channel } => {
            format!("the busy share at {pod} on {band} channel {channel} (per mille)")
        }
        Input::ClientDemandKbps { client } => format!("the demand of {client} (kb/s)"),
        Input::ClientLossDb { client, pod, band } => format!("the path loss of {client} to {pod} at {band} (dB)"),
        Input::PodLossDb { a, b, band } => format!("the path loss between {a} and {b} at {band} (dB)"),
    }
}
