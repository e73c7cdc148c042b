//! `millpond-lab inspect`: what a recording holds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use millpond_datasets::format::{intel5300, rssi_mesh};
use millpond_datasets::rhythm::Rhythm;
use millpond_datasets::rssi;
use millpond_datasets::summary::Summary;
use millpond_datasets::{ReadOptions, Record, SourceInfo};
use millpond_dsp::CsiMeta;
use serde_json::{Value, json};

use crate::plot;
use crate::reading::{self, Reading};

/// Arguments of `inspect`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  millpond-lab inspect walk.pcap\n  millpond-lab inspect walk.csv.gz --plot walk.svg\n  \
    ssh pi cat walk.pcap | millpond-lab inspect /dev/stdin --json\n\n\
    Exit code 0: done, also where damaged records were passed over (told on standard\n\
    error); 1: unreadable, empty or cut, though what could be read is reported;\n\
    2: bad usage."
)]
pub struct Args {
    /// The recordings.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON: one document a file.
    #[arg(long)]
    json: bool,
    /// Draw frames a second, gaps, and amplitude over time and tone; one file only.
    #[arg(long, value_name = "SVG")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// Runs the subcommand. A file that is empty or cut is reported as far as it goes and counts as failed.
pub fn run(args: &Args) -> Result<(), String> {
    let options = args.reading.options();
    if args.plot.is_some() && args.files.len() > 1 {
        return Err("--plot takes one recording".to_owned());
    }
    let mut damaged = Vec::new();
    for path in &args.files {
        match one(path, &options, args) {
            Ok(()) => {}
            Err(message) => damaged.push(format!("{}: {message}", path.display())),
        }
    }
    if damaged.is_empty() { Ok(()) } else { Err(damaged.join("\nmillpond-lab: ")) }
}

fn one(path: &Path, options: &ReadOptions, args: &Args) -> Result<(), String> {
    let (mut source, mut progress) = match reading::open(path, options) {
        Ok(opened) => opened,
        Err(e) if e.format == Some(rssi_mesh::NAME) => return readings(path, options, args),
        Err(e) => return Err(e.to_string()),
    };
    let info = source.info().clone();
    let (mut rhythm, mut links) = (Rhythm::default(), Links::default());
    let mut map = args.plot.is_some().then(plot::Map::default);
    let summary = Summary::of(&mut *source, |record| {
        rhythm.add(record.frame.meta().t.seconds());
        links.add(record);
        if let Some(map) = &mut map {
            map.add(record);
        }
        progress.step();
    });
    progress.done();
    if args.json {
        out!("{:#}", document(path, &info, &summary, &rhythm, &links));
    } else {
        print(path, &info, &summary, &rhythm, &links);
    }
    if let (Some(to), Some(map)) = (&args.plot, &map) {
        let title = format!("{} ({})", path.file_name().unwrap_or_default().to_string_lossy(), info.format);
        let svg = plot::draw(map, &title, &rhythm, summary.span_s);
        std::fs::write(to, svg).map_err(|e| format!("{}: {e}", to.display()))?;
    }
    reading::verdict(path, summary.frame_count, &summary.problems, summary.problem_count)
}

/// What the frames of each link have in common.
#[derive(Default)]
struct Links(BTreeMap<u16, Link>);

struct Link {
    first: CsiMeta,
    shape: (usize, usize, usize),
    frames: u64,
    rssi_sum: f64,
    rssi_count: u64,
}

impl Links {
    fn add(&mut self, record: &Record<'_>) {
        let (first, shape) = (*record.frame.meta(), record.stored.shape);
        let new = || Link { first, shape, frames: 0, rssi_sum: 0.0, rssi_count: 0 };
        let link = self.0.entry(first.link.0).or_insert_with(new);
        link.frames += 1;
        if let Some(level) = first.rssi {
            link.rssi_sum += f64::from(level.0);
            link.rssi_count += 1;
        }
    }
}

impl Link {
    fn rssi_dbm(&self) -> Option<f64> {
        (self.rssi_count > 0).then(|| self.rssi_sum / self.rssi_count as f64)
    }

    fn json(&self, number: u16) -> Value {
        let (subcarriers, rx, tx) = self.shape;
        json!({
            "link": number, "frames": self.frames, "subcarriers": subcarriers, "rx": rx, "tx": tx,
            "packet": format!("{:?}", self.first.format).to_lowercase(), "width_mhz": self.first.width.mhz(),
            "channel": self.first.channel.map(|c| c.primary()), "band_ghz": self.first.channel.map(|c| c.band().number()),
            "rssi_dbm": self.rssi_dbm(),
        })
    }

    fn line(&self, number: u16) -> String {
        let (subcarriers, rx, tx) = self.shape;
        let packet = format!("{:?}", self.first.format).to_lowercase();
        let channel = self.first.channel.map_or(String::new(), |c| format!(", channel {}", c.primary()));
        let level = self.rssi_dbm().map_or(String::new(), |dbm| format!(", {dbm:.1} dBm on average"));
        let width = self.first.width.mhz();
        format!(
            "{:>8} frames on link {number}: {subcarriers} x {rx} x {tx}, {packet} packets of {width} MHz{channel}{level}",
            self.frames
        )
    }
}

/// True if the file is gzip'd.
fn is_gzip(path: &Path) -> bool {
    let mut start = [0; 2];
    // A pipe must not lose its first bytes to this.
    path.is_file() && File::open(path).and_then(|mut f| f.read_exact(&mut start)).is_ok_and(|()| start == [0x1f, 0x8b])
}

/// True for a file of zero bytes: a recording of no frames in every format, so that its content tells none.
fn is_empty(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| m.is_file() && m.len() == 0)
}

/// Says so if the name suggests other content.
fn misnomer(path: &Path, format: &str) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let extension = Path::new(name).extension()?.to_str()?;
    let usual: &[&str] = match extension {
        "dat" => &["intel5300", "atheros"],
        "csi" => &["picoscenes", "feitcsi"],
        "pcap" | "pcapng" => &["nexmon"],
        "csv" => &["esp32", "amplitude-csv", "complex-csv"],
        "npz" => &["espectre-npz", "array-npz"],
        "mpc" => &["millpond"],
        _ => return None,
    };
    (!usual.contains(&format)).then(|| format!("the name ends in .{extension}, the content is {format}"))
}

/// Host times of an Intel 5300 recording, from the file beside it: first and last, or why they are none.
fn host_times(path: &Path, format: &str, frames: u64) -> Option<Result<(f64, f64), String>> {
    let beside = path.with_extension("datstp");
    if format != intel5300::NAME || frames == 0 || !beside.is_file() {
        return None;
    }
    let bytes = match std::fs::read(&beside) {
        Ok(bytes) => bytes,
        Err(e) => return Some(Err(e.to_string())),
    };
    let times = intel5300::host_times(&bytes, usize::try_from(frames).unwrap_or(usize::MAX));
    Some(times.map(|t| (t.first().copied().unwrap_or(0.0), t.last().copied().unwrap_or(0.0))))
}

/// A recording of RSSI alone.
fn readings(path: &Path, options: &ReadOptions, args: &Args) -> Result<(), String> {
    if args.plot.is_some() {
        return Err("--plot draws channel samples; this is a log of RSSI alone".to_owned());
    }
    let mut source = rssi::open(path, options).map_err(|e| e.to_string())?;
    let (mut n, mut sum, mut links, mut span_s) = (0u64, 0.0, 0, 0.0);
    // A damaged log may go on for ever: the first problems are kept, all are counted.
    let (mut problems, mut problem_count) = (Vec::new(), 0u64);
    loop {
        match source.next_sample() {
            Ok(Some(sample)) => {
                n += 1;
                sum += f64::from(sample.level.0);
                links = links.max(usize::from(sample.link.0) + 1);
                span_s = sample.t.seconds();
            }
            Ok(None) => break,
            Err(e) => {
                problem_count += 1;
                if problems.len() < MAX_LINES {
                    problems.push(e.to_string());
                }
            }
        }
    }
    let (format, file) = (source.info().format, path.display());
    if args.json {
        out!(
            "{:#}",
            json!({"file": file.to_string(), "format": format, "frame_count": 0, "rssi_count": n, "rssi_sums": [sum],
                "links": links, "span_s": span_s, "problems": problems, "problem_count": problem_count})
        );
    } else {
        out!("{file}: {format}, {n} RSSI readings on {links} links over {span_s:.1} s, no CSI");
        for problem in &problems {
            out!("  problem: {problem}");
        }
        if problem_count > problems.len() as u64 {
            out!("  and {} more problems", problem_count - problems.len() as u64);
        }
    }
    problems.first().map_or(Ok(()), |first| Err(format!("{first}; {n} readings kept")))
}

fn document(path: &Path, info: &SourceInfo, summary: &Summary, rhythm: &Rhythm, links: &Links) -> Value {
    let mut all = summary.document(info.format);
    all["file"] = json!(path.display().to_string());
    all["gzip"] = json!(is_gzip(path));
    all["empty"] = json!(is_empty(path));
    all["misnomer"] = json!(misnomer(path, info.format));
    all["conventions"] = json!(info.conventions);
    all["has_times"] = json!(info.has_times);
    all["median_interval_s"] = json!(rhythm.median_s());
    let gaps = rhythm.gaps().into_iter().map(|g| json!({"t": g.t_s, "length_s": g.length_s}));
    all["gaps"] = gaps.collect();
    all["by_link"] = links.0.iter().map(|(&number, link)| link.json(number)).collect();
    if let Some(Ok((first, last))) = host_times(path, info.format, summary.frame_count) {
        all["host_t_first"] = json!(first);
        all["host_t_last"] = json!(last);
    }
    all
}

fn print(path: &Path, info: &SourceInfo, s: &Summary, rhythm: &Rhythm, links: &Links) {
    let gzip = if is_gzip(path) { ", gzip'd" } else { "" };
    if is_empty(path) {
        let named = if info.format == "empty" { String::new() } else { format!("; {} by its name alone", info.format) };
        out!("{}: empty, 0 bytes{named}", path.display());
        return;
    }
    out!("{}: {}{gzip}, {} frames", path.display(), info.format, s.frame_count);
    if let Some(misnomer) = misnomer(path, info.format) {
        out!("  {misnomer}");
    }
    for c in &s.shapes {
        let (subcarriers, rx, tx) = c.shape;
        out!("  {:>8} frames of {subcarriers} subcarriers x {rx} rx x {tx} tx", c.frames);
    }
    for (&number, link) in links.0.iter().take(MAX_LINES) {
        out!("  {}", link.line(number));
    }
    if links.0.len() > MAX_LINES {
        out!("           and {} more links", links.0.len() - MAX_LINES);
    }
    if s.frame_count > 1 && s.span_s > 0.0 {
        let rate = (s.frame_count - 1) as f64 / s.span_s;
        let median_ms = 1e3 * rhythm.median_s().unwrap_or(0.0);
        out!("  {:.3} s, {rate:.2} frames/s on average, about {median_ms:.2} ms from one to the next", s.span_s);
        out!("  {} steps back in device time", s.t_backward_steps);
    } else if s.frame_count > 1 {
        out!("  all frames carry the same time: the device's clock did not run");
    }
    match host_times(path, info.format, s.frame_count) {
        Some(Ok((first, last))) => out!("  host times beside it: {:.3} s from the first to the last", last - first),
        Some(Err(why)) => out!("  host times beside it are left out: {why}"),
        None => {}
    }
    if !info.has_times {
        out!("  the recording has no times: these come from a rate");
    }
    for gap in rhythm.gaps() {
        out!("  gap of {:.3} s at {:.3} s", gap.length_s, gap.t_s);
    }
    for convention in &info.conventions {
        out!("  taken: {convention}");
    }
    for problem in s.problems.iter().take(MAX_LINES) {
        out!("  problem: {problem}");
    }
    if s.problem_count > MAX_LINES as u64 {
        out!("  and {} more problems", s.problem_count - MAX_LINES as u64);
    }
}

/// Links and problems printed one by one.
const MAX_LINES: usize = 20;
