//! `millpond-lab simulate`: a recording with ground truth from a simulated scene.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use millpond_datasets::FrameSource;
use millpond_datasets::format::native::Writer;
use millpond_datasets::sim::{Cause, Identities, Scene, Simulation, write};
use sha2::{Digest, Sha256};

/// Arguments of `simulate`.
#[derive(clap::Args)]
pub struct Args {
    /// A built-in scene (--list names them) or a scene file in JSON.
    #[arg(required_unless_present = "list")]
    scene: Option<String>,
    /// The recording: Millpond's own if the name ends in .mpc, else esp-csi text, gzip'd if it ends in .gz.
    /// FILE.truth.json and labels.csv go beside it.
    #[arg(long, value_name = "FILE", required_unless_present = "list")]
    out: Option<PathBuf>,
    /// List the built-in scenes.
    #[arg(long)]
    list: bool,
    /// Seed of all draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Length, s; the scene's own without it.
    #[arg(long)]
    seconds: Option<f64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    let (Some(scene), Some(path)) = (&args.scene, &args.out) else { return list(args.json) };
    if args.list {
        return list(args.json);
    }
    let scene = load(scene)?;
    let seconds = args.seconds.unwrap_or(scene.seconds);
    if !(0.1..=1e6).contains(&seconds) {
        return Err(format!("--seconds is {seconds}, outside 0.1 to 1000000"));
    }
    if let Some(why) = write::refusal(&scene).filter(|_| !is_native(path)) {
        return Err(format!("{why}; name the file .mpc to write Millpond's own format, which holds any"));
    }
    let (labels, rows) = old_labels(path)?;
    let addresses = write::addresses(&scene, &Identities::generate(&scene, args.seed));
    let sim = Simulation::new(&scene, args.seed, seconds).map_err(|e| e.to_string())?;
    let frames = recording(path, sim, &addresses).map_err(|e| at(path, e))?;
    let truth = write::TruthFile::new(&scene, args.seed, seconds, frames, &addresses);
    let beside = with_suffix(path, ".truth.json");
    let file = File::create(&beside).map_err(|e| at(&beside, e))?;
    serde_json::to_writer(BufWriter::new(file), &truth).map_err(|e| at(&beside, e))?;
    let text = label(rows, path, &scene, seconds);
    fs::write(&labels, text).map_err(|e| at(&labels, e))?;
    tell(args.json, path, &scene, args.seed, seconds, frames, &labels);
    Ok(())
}

/// The built-in scenes, one a line.
fn list(json: bool) -> Result<(), String> {
    for name in Scene::names() {
        let scene = Scene::builtin(name).map_err(|e| e.to_string())?;
        if json {
            let (seconds, links) = (scene.seconds, scene.links.len());
            let line = serde_json::json!({"scene": name, "seconds": seconds, "links": links, "about": scene.about});
            out!("{line}");
        } else {
            out!("{name:<15} {:>6} s  {}", scene.seconds, scene.about);
        }
    }
    Ok(())
}

/// True if the name asks for Millpond's own format.
fn is_native(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "mpc")
}

fn at(path: &Path, e: impl std::fmt::Display) -> String {
    format!("{}: {e}", path.display())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A scene by its name or from its file.
pub fn load(scene: &str) -> Result<Scene, String> {
    if Scene::names().contains(&scene) {
        return Scene::builtin(scene).map_err(|e| e.to_string());
    }
    let path = Path::new(scene);
    if !path.exists() {
        return Err(format!("{scene}: no such file, and no built-in scene; there are {}", Scene::names().join(", ")));
    }
    let json = fs::read_to_string(path).map_err(|e| at(path, e))?;
    Scene::from_json(&json).map_err(|e| at(path, e))
}

fn recording(path: &Path, mut sim: Simulation, addresses: &[millpond_dsp::phy::MacAddr]) -> std::io::Result<u64> {
    let file = BufWriter::new(File::create(path)?);
    if is_native(path) {
        let mut out = Writer::new(file)?;
        let mut frames = 0;
        while let Some(record) = sim.next_frame().map_err(std::io::Error::other)? {
            out.write(&record)?;
            frames += 1;
        }
        out.finish()?.flush()?;
        return Ok(frames);
    }
    if path.extension().is_some_and(|e| e == "gz") {
        // No time and no name in the header: the same bytes each time.
        let mut out = BufWriter::new(GzEncoder::new(file, Compression::default()));
        let frames = write::esp32_text(sim, addresses, &mut out)?;
        out.into_inner().map_err(|e| e.into_error())?.finish()?.flush()?;
        return Ok(frames);
    }
    let mut out = file;
    let frames = write::esp32_text(sim, addresses, &mut out)?;
    out.flush()?;
    Ok(frames)
}

/// The columns that `score` reads.
const HEADER: &str =
    "path,format,motion,presence,people,scene,person,event,rate_hz,skip_start_s,skip_end_s,bytes,sha256,note";
/// A change is 1 s before the row behind it begins to count.
const MARGIN_S: f64 = 1.0;

/// The labels of the recording's folder, with the rows of other recordings.
fn old_labels(recording: &Path) -> Result<(PathBuf, String), String> {
    let labels = recording.with_file_name("labels.csv");
    let name = file_name(recording);
    if name.contains([',', '"', '\n']) {
        return Err(format!("{name:?}: a name with commas or quotes does not fit into labels.csv"));
    }
    let mut rows = format!("{HEADER}\n");
    if labels.exists() {
        let old = fs::read_to_string(&labels).map_err(|e| at(&labels, e))?;
        if old.lines().next() != Some(HEADER) {
            return Err(at(&labels, "has other columns than simulate writes; choose another folder"));
        }
        for line in old.lines().skip(1).filter(|l| l.split(',').next() != Some(&name)) {
            rows += line;
            rows.push('\n');
        }
    }
    Ok((labels, rows))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Adds the recording's rows to those of others.
fn label(mut text: String, recording: &Path, scene: &Scene, seconds: f64) -> String {
    let (name, digest) = (file_name(recording), digest(recording));
    for l in write::labels(scene, seconds) {
        let start = if l.from_s > 0.0 { l.from_s + MARGIN_S } else { 0.0 };
        // Too short a stretch holds no whole second that ends before the last frame.
        if start.ceil() + 1.0 >= l.to_s {
            continue;
        }
        let (motion, presence) = (u8::from(l.motion), u8::from(l.persons > 0));
        let event = event(&l);
        let change = if l.from_s > 0.0 { format!("change at {:.2} s", l.from_s) } else { String::new() };
        let (rate, bytes) = (scene.links[0].rate_hz, fs::metadata(recording).map_or(0, |m| m.len()));
        text += &format!(
            "{name},{},{motion},{presence},{},{},,{event},{rate},{start:.2},{:.2},{bytes},{digest},{change}\n",
            if is_native(recording) { "millpond" } else { "esp-csi" },
            l.persons,
            scene.name.replace(',', " "),
            seconds - l.to_s
        );
    }
    text
}

/// What moves there, in words.
fn event(l: &write::Labelled) -> String {
    let name = |c: &Cause| format!("{c:?}").to_lowercase();
    let moving = l.lives.iter().map(|c| name(c) + " moving");
    let parts: Vec<String> = moving.chain(l.machines.iter().map(|c| name(c) + " running")).collect();
    if parts.is_empty() { "nothing moves".to_owned() } else { parts.join(" and ") }
}

/// The first 16 digits of a file's SHA-256, as the table has them; empty if it cannot be read.
fn digest(path: &Path) -> String {
    let Ok(bytes) = fs::read(path) else { return String::new() };
    Sha256::digest(&bytes).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

fn tell(json: bool, path: &Path, scene: &Scene, seed: u64, seconds: f64, frames: u64, labels: &Path) {
    let (out, truth) = (path.display().to_string(), with_suffix(path, ".truth.json").display().to_string());
    if json {
        let summary = serde_json::json!({
            "scene": scene.name, "seed": seed, "seconds": seconds, "frames": frames, "links": scene.links.len(),
            "recording": out, "truth": truth, "labels": labels.display().to_string(),
        });
        out!("{summary}");
    } else {
        out!("{out}: {frames} frames of {} links, {seconds} s of scene {}", scene.links.len(), scene.name);
        out!("{truth}: who is where; {}: rows for score", labels.display());
    }
}
