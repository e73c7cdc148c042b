//! `millpond-lab convert`: the samples in another form.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use millpond_datasets::format::native::Writer;
use millpond_datasets::summary::{LinkCount, Summary};
use millpond_datasets::{ReadError, ReadOptions, Record};
use zip::write::SimpleFileOptions;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum To {
    /// One row a frame: t_s, label, link, rssi, rx, tx, then re and im of each value by subcarrier, rx, tx.
    Csv,
    /// NumPy arrays for each link: csi_linkN (frames x subcarriers x rx x tx), t_linkN, rssi_linkN, tones_linkN.
    Npz,
    /// Columns for data frames. Not built in this build.
    Parquet,
    /// Millpond's own recordings: exact, compact, seekable.
    Millpond,
}

/// Arguments of `convert`.
#[derive(clap::Args)]
pub struct Args {
    /// The recording.
    file: PathBuf,
    /// The form.
    #[arg(long)]
    to: To,
    /// Where to write; without it the recording's name with another extension.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Packets a second, for formats without times.
    #[arg(long, value_name = "HZ", value_parser = crate::motion::rate)]
    rate: Option<f64>,
}

/// True for what this build leaves out by choice: exit code 3.
pub const fn is_left_out(args: &Args) -> bool {
    matches!(args.to, To::Parquet)
}

/// Runs the subcommand. What is whole is written even if the recording is damaged; the damage is then reported.
pub fn run(args: &Args) -> Result<(), String> {
    let options = ReadOptions { rate_hz: args.rate, ..ReadOptions::default() };
    let extension = match args.to {
        To::Csv => "csv",
        To::Npz => "npz",
        To::Parquet => "parquet",
        To::Millpond => "mpc",
    };
    let out = args.out.clone().unwrap_or_else(|| args.file.with_extension(extension));
    let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
    if same(&out, &args.file) {
        return Err(format!("{}: would be overwritten; name another file with --out", out.display()));
    }
    // Nothing is created for an input that cannot be read.
    millpond_datasets::open(&args.file, &options).map_err(|e| format!("{}: {e}", args.file.display()))?;
    let file = File::create(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let written = match args.to {
        To::Csv => csv(&args.file, &options, BufWriter::new(file)),
        To::Npz => npz(&args.file, &options, file),
        _ => native(&args.file, &options, BufWriter::new(file)),
    };
    let (frames, problems) = written.map_err(|e| format!("{}: {e}", out.display()))?;
    out!("{}: {frames} frames", out.display());
    match problems.first() {
        None => Ok(()),
        Some(first) => Err(format!("{}: {first}; {} problems in all", args.file.display(), problems.len())),
    }
}

/// Frames written, and what could not be read.
type Written = io::Result<(u64, Vec<ReadError>)>;

/// Calls `each` with every record. Reading goes on after damage.
fn read(path: &Path, options: &ReadOptions, mut each: impl FnMut(&Record<'_>) -> io::Result<()>) -> Written {
    let mut source = millpond_datasets::open(path, options).map_err(io::Error::other)?;
    let (mut frames, mut problems) = (0, Vec::new());
    loop {
        match source.next_frame() {
            Ok(Some(record)) => {
                each(&record)?;
                frames += 1;
            }
            Ok(None) => return Ok((frames, problems)),
            Err(e) => problems.push(e),
        }
    }
}

fn native(path: &Path, options: &ReadOptions, out: impl Write) -> Written {
    let mut writer = Writer::new(out)?;
    let done = read(path, options, |record| writer.write(record))?;
    writer.finish()?.flush()?;
    Ok(done)
}

fn csv(path: &Path, options: &ReadOptions, mut out: impl Write) -> Written {
    let mut widest = 0;
    read(path, options, |r| {
        widest = widest.max(r.stored.order.len() * r.frame.chains());
        Ok(())
    })?;
    write!(out, "t_s,label,link,rssi,rx,tx")?;
    for i in 0..widest {
        write!(out, ",re{i},im{i}")?;
    }
    writeln!(out)?;
    let done = read(path, options, |r| {
        let meta = r.frame.meta();
        // A comma or line end in a label would break the row.
        let label = r.label.unwrap_or("").replace([',', '\n', '\r'], " ");
        let rssi = meta.rssi.map_or(String::new(), |level| level.0.to_string());
        write!(out, "{:.6},{label},{},{rssi},{},{}", meta.t.seconds(), meta.link.0, meta.n_rx, meta.n_sts)?;
        let mut failed = Ok(());
        r.for_each_stored(|re, im| {
            if failed.is_ok() {
                failed = write!(out, ",{re},{im}");
            }
        });
        failed?;
        writeln!(out)
    })?;
    out.flush()?;
    Ok(done)
}

/// The header of a NumPy array, version 1.0, padded so that the data start at a multiple of 64 bytes.
fn npy_head(descr: &str, shape: &[usize]) -> Vec<u8> {
    let dims: String = shape.iter().map(|d| format!("{d}, ")).collect();
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", dims.trim_end());
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.into_bytes());
    out
}

/// Two passes and more: the first counts each link's frames, then each array is written without being held.
fn npz(path: &Path, options: &ReadOptions, out: File) -> Written {
    let mut source = millpond_datasets::open(path, options).map_err(io::Error::other)?;
    let summary = Summary::of(&mut *source, |_| {});
    let mut zip = zip::ZipWriter::new(BufWriter::new(out));
    for link in &summary.links {
        npz_link(path, options, link, &mut zip)?;
    }
    zip.finish().map_err(io::Error::other)?.flush()?;
    Ok((summary.frame_count, summary.problems))
}

type Zip = zip::ZipWriter<BufWriter<File>>;

fn npz_link(path: &Path, options: &ReadOptions, link: &LinkCount, zip: &mut Zip) -> io::Result<()> {
    let (n_sub, n_rx, n_tx) = link.shape;
    let n = usize::try_from(link.frames).map_err(io::Error::other)?;
    let store = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated).large_file(true);
    let mut array = |name: &str, head: Vec<u8>, each: &mut dyn FnMut(&mut Zip, &Record<'_>) -> io::Result<()>| {
        zip.start_file(format!("{name}_link{}.npy", link.link), store).map_err(io::Error::other)?;
        zip.write_all(&head)?;
        read(path, options, |r| if r.frame.meta().link.0 == link.link { each(zip, r) } else { Ok(()) }).map(drop)
    };
    array("csi", npy_head("<c16", &[n, n_sub, n_rx, n_tx]), &mut |zip, r| {
        let mut bytes = Vec::with_capacity(16 * n_sub * n_rx * n_tx);
        r.for_each_stored(|re, im| bytes.extend([re.to_le_bytes(), im.to_le_bytes()].concat()));
        zip.write_all(&bytes)
    })?;
    array("t", npy_head("<f8", &[n]), &mut |zip, r| zip.write_all(&r.frame.meta().t.seconds().to_le_bytes()))?;
    array("rssi", npy_head("<f4", &[n]), &mut |zip, r| {
        zip.write_all(&r.frame.meta().rssi.map_or(f32::NAN, |level| level.0).to_le_bytes())
    })?;
    let mut first = true;
    array("tones", npy_head("<i2", &[n_sub]), &mut |zip, r| {
        if !std::mem::take(&mut first) {
            return Ok(());
        }
        // The tone of each stored subcarrier; the lowest number marks what is no channel.
        let tones = r.frame.tones();
        let tone = |&at: &u16| tones.get(usize::from(at)).copied().unwrap_or(i16::MIN).to_le_bytes();
        zip.write_all(&r.stored.order.iter().map(tone).collect::<Vec<_>>().concat())
    })
}
