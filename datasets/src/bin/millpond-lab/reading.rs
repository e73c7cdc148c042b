//! How `inspect` and `convert` open a recording: what a file cannot tell, a bar on a terminal, and the last word.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use millpond_datasets::format::nexmon::Chip;
use millpond_datasets::{AxParts, ErrorKind, FrameSource, ReadError, ReadOptions};

/// What the reader may have to be told. Which format it is never has to be.
#[derive(clap::Args, Clone, Copy)]
pub struct Reading {
    /// Packets a second, for formats without times.
    #[arg(long, value_name = "HZ", value_parser = crate::motion::rate)]
    rate: Option<f64>,
    /// The chip of Nexmon datagrams whose chip field is not known: 4339, 43455c0, 4358 or 4366c0.
    #[arg(long, value_name = "CHIP", value_parser = chip)]
    nexmon_chip: Option<Chip>,
    /// Take the first part of AX200 and AX210 samples as the imaginary one, as newer PicoScenes does.
    #[arg(long)]
    imaginary_first: bool,
}

fn chip(text: &str) -> Result<Chip, String> {
    let known = Chip::ALL.into_iter().find(|chip| chip.name() == text.to_lowercase());
    known.ok_or_else(|| format!("no such chip; there are {}", Chip::ALL.map(Chip::name).join(", ")))
}

impl Reading {
    /// As the library takes it.
    pub fn options(self) -> ReadOptions {
        let ax_parts = if self.imaginary_first { AxParts::ImaginaryFirst } else { AxParts::RealFirst };
        ReadOptions { rate_hz: self.rate, nexmon_chip: self.nexmon_chip, ax_parts, ..ReadOptions::default() }
    }
}

/// Opens a recording, with a bar where standard error is a terminal.
pub fn open(path: &Path, options: &ReadOptions) -> Result<(Box<dyn FrameSource>, Progress), ReadError> {
    let io = |e: io::Error| ReadError {
        kind: ErrorKind::Io,
        format: None,
        record: 0,
        offset: 0,
        what: e.to_string(),
        can_resume: false,
    };
    let file = File::open(path).map_err(io)?;
    let bytes = file.metadata().ok().filter(|m| m.is_file()).map(|m| m.len());
    let read = Arc::new(AtomicU64::new(0));
    let source = millpond_datasets::read_named(Counted { file, read: Arc::clone(&read) }, path, options)?;
    Ok((source, Progress::new(read, bytes)))
}

/// Counts the bytes that the system gave, compressed ones as they are: the bar's length is the file's.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(out)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// How far a long file is read: bytes, bytes a second, time left. Nothing where standard error is no terminal.
pub struct Progress {
    bar: ProgressBar,
    read: Arc<AtomicU64>,
    frames: u64,
}

impl Progress {
    fn new(read: Arc<AtomicU64>, bytes: Option<u64>) -> Self {
        let bar = match (io::stderr().is_terminal(), bytes) {
            (false, _) => ProgressBar::hidden(),
            (true, Some(bytes)) => ProgressBar::new(bytes)
                .with_style(style("{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left, {msg}")),
            (true, None) => {
                ProgressBar::new_spinner().with_style(style("{spinner} {bytes}, {bytes_per_sec}, {elapsed}, {msg}"))
            }
        };
        Self { bar, read, frames: 0 }
    }

    /// Counts a frame.
    pub fn step(&mut self) {
        self.frames += 1;
        if self.frames % 1024 == 0 {
            self.bar.set_position(self.read.load(Ordering::Relaxed));
            self.bar.set_message(format!("{} frames", self.frames));
        }
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Fails if a recording is empty or cut. Records that were stepped over are told, and are no failure.
pub fn verdict(path: &Path, frames: u64, problems: &[ReadError], problem_count: u64) -> Result<(), String> {
    let first = problems.iter().find(|p| p.cuts_short()).or(problems.first());
    let more = match problem_count {
        0 | 1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    match first {
        Some(first) if first.cuts_short() || frames == 0 => Err(format!("{first}{more}; {frames} frames kept")),
        Some(first) => {
            eprintln!("millpond-lab: {}: {first}{more}; {frames} frames kept", path.display());
            Ok(())
        }
        None if frames == 0 => Err("the recording is empty: no frames".to_owned()),
        None => Ok(()),
    }
}
