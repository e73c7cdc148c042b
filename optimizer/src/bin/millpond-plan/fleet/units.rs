//! What there is to do: the row groups of all files, with their weight.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use millpond_optimizer::fleet::config::ENGINE;
use millpond_optimizer::fleet::schema::{FLEET_KEY, Fleet, VERSION};
use millpond_optimizer::fleet::{Planner, conform};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use xxhash_rust::xxh3::Xxh3;

use crate::Failure;

/// One row group of one file.
pub struct Unit {
    /// The file.
    pub path: PathBuf,
    /// Its footer, read once.
    pub metadata: ArrowReaderMetadata,
    /// The row group.
    pub group: usize,
    /// Rows in it.
    pub rows: u64,
    /// Estimated work.
    pub weight: u64,
    /// Where the part goes, under the output folder.
    pub part: PathBuf,
    /// All that the part depends on, in hex.
    pub fingerprint: String,
}

/// Lists the units, the heaviest first.
pub fn list(input: &Path, planner: &Planner) -> Result<Vec<Unit>, Failure> {
    let shown = input.display();
    let kind = std::fs::metadata(input).map_err(|e| format!("{shown}: {e}"))?;
    let mut files = Vec::new();
    if kind.is_dir() {
        walk(input, &mut files, 0)?;
        files.sort();
        if files.is_empty() {
            return Err(format!("{shown}: no Parquet file in it; name a file or a folder of them"));
        }
    } else {
        files.push(input.to_owned());
    }
    let mut units = Vec::new();
    for file in files {
        let inside = file.strip_prefix(input).unwrap_or(Path::new(""));
        let name =
            if inside.as_os_str().is_empty() { file.file_name().map(PathBuf::from) } else { Some(inside.to_owned()) };
        add(&file, &name.unwrap_or_default(), planner, &mut units).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    // Heaviest first; names decide between equals, so that a schedule can be repeated.
    units.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.part.cmp(&b.part)));
    if let Some(pair) = same_part(&units) {
        return Err(format!("two files would make one part, {}; give them different names", pair.display()));
    }
    Ok(units)
}

fn same_part(units: &[Unit]) -> Option<&Path> {
    let mut parts: Vec<&Path> = units.iter().map(|u| u.part.as_path()).collect();
    parts.sort();
    parts.windows(2).find(|w| w[0] == w[1]).map(|w| w[0])
}

/// Files with `.parquet` at the end; names that begin with `.` or `_` are not data.
fn walk(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<(), Failure> {
    let fault = |e: std::io::Error| format!("{}: {e}", folder.display());
    if depth > 32 {
        return Err(format!("{}: folders nested more than 32 deep", folder.display()));
    }
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let kind = std::fs::metadata(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        if kind.is_dir() {
            walk(&path, files, depth + 1)?;
        } else if path.extension().is_some_and(|e| e == "parquet" || e == "parq") {
            files.push(path);
        }
    }
    Ok(())
}

fn add(path: &Path, name: &Path, planner: &Planner, units: &mut Vec<Unit>) -> Result<(), Failure> {
    let mut file = File::open(path).map_err(|e| e.to_string())?;
    let footer = footer_hash(&mut file)?;
    // The Arrow schema that a writer left may not fit the file; Parquet's own types always do.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = guarded(|| ArrowReaderMetadata::load(&file, options))?;
    let meta = metadata.metadata();
    let keys = meta.file_metadata().key_value_metadata();
    let version = keys.and_then(|k| k.iter().find(|k| k.key == FLEET_KEY)).and_then(|k| k.value.as_deref());
    if let Some(other) = version.filter(|v| *v != VERSION) {
        let other: String = other.chars().take(20).flat_map(char::escape_default).collect();
        return Err(format!("F102 its {FLEET_KEY} is {other}, this program reads {VERSION}"));
    }
    if conform::wanted(metadata.schema().fields()).next().is_none() {
        return Err("F101 none of a fleet's columns is in it; see docs/fleet.md".to_owned());
    }
    let stem = name.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for group in 0..meta.num_row_groups() {
        let rows = meta.row_group(group).num_rows().max(0) as u64;
        let mut h = Xxh3::new();
        for text in [ENGINE, planner.config_hash(), &name.to_string_lossy()] {
            h.update(&(text.len() as u64).to_le_bytes());
            h.update(text.as_bytes());
        }
        h.update(&footer.to_le_bytes());
        h.update(&(group as u64).to_le_bytes());
        let part = name.with_file_name(format!("{stem}-rg{group:05}.parquet"));
        let weight = weight(&file, &metadata, group).unwrap_or(rows * 64).max(rows);
        let (path, metadata, fingerprint) = (path.to_owned(), metadata.clone(), format!("{:032x}", h.digest128()));
        units.push(Unit { path, metadata, group, rows, weight, part, fingerprint });
    }
    Ok(())
}

/// The hash of a file's size and footer: sizes, places and extremes of every column of every row group.
fn footer_hash(file: &mut File) -> Result<u128, Failure> {
    let size = file.metadata().map_err(|e| e.to_string())?.len();
    let bad = || "it is no Parquet file, or its end is missing".to_owned();
    let mut tail = [0; 8];
    file.seek(SeekFrom::Start(size.checked_sub(8).ok_or_else(bad)?)).map_err(|e| e.to_string())?;
    file.read_exact(&mut tail).map_err(|e| e.to_string())?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if &tail[4..] != b"PAR1" || length + 12 > size || length > 1 << 30 {
        return Err(bad());
    }
    file.seek(SeekFrom::Start(size - 8 - length)).map_err(|e| e.to_string())?;
    let mut footer = vec![0; length as usize];
    file.read_exact(&mut footer).map_err(|e| e.to_string())?;
    let mut h = Xxh3::new();
    h.update(&size.to_le_bytes());
    h.update(&footer);
    Ok(h.digest128())
}

/// The sum of a row group's weights, from that column alone.
fn weight(file: &File, metadata: &ArrowReaderMetadata, group: usize) -> Option<u64> {
    let at = metadata.schema().fields().iter().position(|f| f.name() == "weight")?;
    let file = file.try_clone().ok()?;
    let sum = guarded(|| {
        let mask = ProjectionMask::roots(metadata.parquet_schema(), [at]);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
            .with_projection(mask)
            .with_row_groups(vec![group])
            .with_batch_size(65_536)
            .build()?;
        let mut sum = 0;
        for batch in reader {
            let batch = batch?;
            let fleet: Fleet =
                conform::fleet(&batch).map_err(|e| parquet::errors::ParquetError::General(e.to_string()))?;
            sum += (0..batch.num_rows()).map(|i| fleet.weight.get(i).unwrap_or(0).max(0) as u64).sum::<u64>();
        }
        Ok(sum)
    });
    sum.ok()
}

/// Runs what reads a file: a damaged one may make the reader panic, and that is an error like others.
pub fn guarded<T>(read: impl FnOnce() -> Result<T, parquet::errors::ParquetError>) -> Result<T, Failure> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(done) => done.map_err(|e| e.to_string()),
        Err(_) => Err("the file is damaged: its reader broke".to_owned()),
    }
}
