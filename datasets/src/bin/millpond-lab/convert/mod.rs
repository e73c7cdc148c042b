//! `millpond-lab convert`: the samples of a recording in another form, in one pass and bounded memory.
//!
//! The output is written beside its place under the name `FILE.part` and takes its name when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use millpond_datasets::format::native::Writer;
use millpond_datasets::{FrameSource, ReadError, Record};

use crate::reading::{self, Progress, Reading};

mod csv;
mod npz;
#[cfg(feature = "parquet")]
mod table;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum To {
    /// One row a frame: t_s, label, link, rssi, rx, tx, then re and im of each value by subcarrier, rx, tx.
    Csv,
    /// NumPy arrays for each link: csi_linkN (complex, frames x subcarriers x rx x tx), t_linkN, rssi_linkN, tones_linkN.
    Npz,
    /// One row a frame for data frames (pandas, Polars, DuckDB, Spark); the columns are in the crate's README.
    Parquet,
    /// Millpond's own recordings: exact, compact, seekable.
    Millpond,
}

/// Arguments of `convert`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  millpond-lab convert walk.pcap --to parquet\n  \
    millpond-lab convert walk.csv.gz --to millpond --out walk.mpc\n  \
    ssh pi cat walk.pcap | millpond-lab convert /dev/stdin --to npz --out walk.npz\n\n\
    What is whole is written even if the recording is damaged. Exit code 0: done;\n\
    1: failed, or the recording is cut or empty; 2: bad usage; 3: built without Parquet.")]
pub struct Args {
    /// The recording.
    file: PathBuf,
    /// The form.
    #[arg(long)]
    to: To,
    /// Where to write; without it the recording's name with another extension.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// True for what this build leaves out by choice: exit code 3.
pub const fn is_left_out(args: &Args) -> bool {
    matches!(args.to, To::Parquet) && !cfg!(feature = "parquet")
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), String> {
    let extension = match args.to {
        To::Csv => "csv",
        To::Npz => "npz",
        To::Parquet => "parquet",
        To::Millpond => "mpc",
    };
    let out = args.out.clone().unwrap_or_else(|| args.file.with_extension(extension));
    if out.is_dir() {
        return Err(format!("{}: is a folder; name a file with --out", out.display()));
    }
    if same(&out, &args.file) {
        return Err(format!("{}: would be overwritten; name another file with --out", out.display()));
    }
    let at = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let (source, progress) = reading::open(&args.file, &args.reading.options()).map_err(|e| at(&args.file, &e))?;
    let mut frames = Frames { source, progress, written: 0, problems: Vec::new(), problem_count: 0 };
    let part = Part::new(&out).map_err(|e| at(&out, &e))?;
    let written = match args.to {
        To::Csv => csv::write(&mut frames, &part),
        To::Npz => npz::write(&mut frames, &part),
        #[cfg(feature = "parquet")]
        To::Parquet => table::write(&mut frames, &part),
        #[cfg(not(feature = "parquet"))]
        To::Parquet => Err(io::Error::other("built without Parquet")),
        To::Millpond => native(&mut frames, &part),
    };
    frames.progress.done();
    written.map_err(|e| at(&out, &e))?;
    let (n, file) = (frames.written, &args.file);
    if n > 0 {
        part.keep(&out).map_err(|e| at(&out, &e))?;
        out!("{}: {n} frames", out.display());
    }
    reading::verdict(file, n, &frames.problems, frames.problem_count).map_err(|e| at(file, &e))
}

fn same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok().filter(|p| p.is_file());
    real(a).zip(real(b)).is_some_and(|(a, b)| a == b)
}

/// The frames of the recording, one after the other. Reading goes on after damage.
struct Frames {
    source: Box<dyn FrameSource>,
    progress: Progress,
    written: u64,
    problems: Vec<ReadError>,
    problem_count: u64,
}

/// Problems kept; further ones are counted, those that cut the recording short always kept.
const MAX_PROBLEMS: usize = 100;

impl Frames {
    /// Calls `each` with every record.
    fn each(&mut self, mut each: impl FnMut(&Record<'_>) -> io::Result<()>) -> io::Result<()> {
        loop {
            match self.source.next_frame() {
                Ok(Some(record)) => {
                    each(&record)?;
                    self.written += 1;
                    self.progress.step();
                }
                Ok(None) => return Ok(()),
                Err(e) => {
                    self.problem_count += 1;
                    if self.problems.len() < MAX_PROBLEMS || e.cuts_short() && self.problems.len() < 2 * MAX_PROBLEMS {
                        self.problems.push(e);
                    }
                }
            }
        }
    }
}

/// The file under construction and another for what has to wait; both go away with it.
struct Part {
    path: PathBuf,
    spool: PathBuf,
}

impl Part {
    /// Names beside `out`, or in the folder for temporary files if `out` is a pipe or a device.
    fn new(out: &Path) -> io::Result<Self> {
        let special = fs::metadata(out).is_ok_and(|m| !m.is_file());
        let mut base = match special {
            true => std::env::temp_dir().join(format!("millpond-lab-{}", std::process::id())).into_os_string(),
            false => out.as_os_str().to_owned(),
        };
        base.push(".part");
        let path = PathBuf::from(&base);
        base.push(".spool");
        let it = Self { path, spool: base.into() };
        it.create()?;
        Ok(it)
    }

    fn create(&self) -> io::Result<File> {
        File::create(&self.path)
    }

    fn create_spool(&self) -> io::Result<File> {
        File::options().read(true).write(true).create(true).truncate(true).open(&self.spool)
    }

    /// Gives the file its name.
    fn keep(self, out: &Path) -> io::Result<()> {
        if fs::metadata(out).is_ok_and(|m| !m.is_file()) {
            io::copy(&mut File::open(&self.path)?, &mut File::options().write(true).open(out)?)?;
            return Ok(());
        }
        fs::rename(&self.path, out)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // The first has its name by now, or is not wanted; the second may never have been made.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.spool);
    }
}

fn native(frames: &mut Frames, part: &Part) -> io::Result<()> {
    let mut writer = Writer::new(BufWriter::new(part.create()?))?;
    frames.each(|record| writer.write(record))?;
    writer.finish()?.flush()
}
