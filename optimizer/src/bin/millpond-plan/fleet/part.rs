//! Parts on disk: written beside their name, made durable, renamed, and found again.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use millpond_optimizer::fleet::Planner;
use millpond_optimizer::fleet::config::ENGINE;
use millpond_optimizer::fleet::schema::{PLAN_KEY, VERSION, plan_schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::json;

use super::units::{Unit, guarded};
use crate::Failure;

const FINGERPRINT: &str = "plan.fingerprint";
const COUNTS: &str = "plan.counts";
/// Rows of a row group in a part, so that a reader of plans needs little memory.
const GROUP_ROWS: usize = 10_000;

/// How many rows were planned, unchanged, skipped, failed.
pub type Counts = [u64; 4];

/// A part under construction.
pub struct Part {
    writer: ArrowWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
}

impl Part {
    /// Begins a part.
    pub fn create(out: &Path, unit: &Unit) -> Result<Self, Failure> {
        let path = out.join(&unit.part);
        let folder = path.parent().unwrap_or(out);
        let fault = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        std::fs::create_dir_all(folder).map_err(|e| fault(&e))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.tmp-{}", std::process::id()));
        let file = File::create(&temporary).map_err(|e| fault(&e))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by(ENGINE.to_owned())
            .build();
        let writer = ArrowWriter::try_new(file, plan_schema(), Some(properties)).map_err(|e| fault(&e))?;
        Ok(Self { writer, temporary, path })
    }

    /// Adds rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.writer.write(batch).map_err(|e| format!("{}: {e}", self.path.display()))
    }

    /// Finishes the part: on the disk first, under its name then.
    pub fn commit(mut self, unit: &Unit, counts: &Counts) -> Result<(), Failure> {
        let fault = |e: &dyn std::fmt::Display| format!("{}: {e}", self.path.display());
        let mut add = |key: &str, value: String| {
            self.writer.append_key_value_metadata(KeyValue { key: key.to_owned(), value: Some(value) });
        };
        add(PLAN_KEY, VERSION.to_owned());
        add(FINGERPRINT, unit.fingerprint.clone());
        add(COUNTS, counts.map(|c| c.to_string()).join(" "));
        let file = self.writer.into_inner().map_err(|e| fault(&e))?;
        file.sync_all().map_err(|e| fault(&e))?;
        std::fs::rename(&self.temporary, &self.path).map_err(|e| fault(&e))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|d| d.sync_all()).map_err(|e| fault(&e))
    }
}

/// The counts of a part that an earlier run finished for the same unit, settings and engine.
pub fn done(out: &Path, unit: &Unit) -> Option<Counts> {
    let file = File::open(out.join(&unit.part)).ok()?;
    let reader = guarded(|| SerializedFileReader::new(file)).ok()?;
    let meta = reader.metadata().file_metadata();
    let value = |key: &str| meta.key_value_metadata()?.iter().find(|k| k.key == key)?.value.clone();
    if value(FINGERPRINT)? != unit.fingerprint || meta.num_rows() as u64 != unit.rows {
        return None;
    }
    let counts: Vec<u64> = value(COUNTS)?.split(' ').filter_map(|n| n.parse().ok()).collect();
    counts.try_into().ok().filter(|c: &Counts| c.iter().sum::<u64>() == unit.rows)
}

/// Removes what a killed run left half done, and refuses a folder with parts of something else.
pub fn prepare(out: &Path, units: &[Unit]) -> Result<(), Failure> {
    let known: HashSet<PathBuf> = units.iter().map(|u| out.join(&u.part)).collect();
    for old in [out.join("_SUCCESS"), out.join("_manifest.json")] {
        if old.exists() {
            std::fs::remove_file(&old).map_err(|e| format!("{}: {e}", old.display()))?;
        }
    }
    sweep(out, &known, 0)
}

fn sweep(folder: &Path, known: &HashSet<PathBuf>, depth: usize) -> Result<(), Failure> {
    let fault = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.file_type().map_err(fault)?.is_dir();
        if is_folder && depth < 32 {
            sweep(&path, known, depth + 1)?;
        } else if name.starts_with('.') && name.contains(".parquet.tmp-") {
            std::fs::remove_file(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        } else if name.ends_with(".parquet") && !known.contains(&path) {
            return Err(format!("{}: not a part of this fleet; choose an empty folder for --out", path.display()));
        }
    }
    Ok(())
}

/// Says that all is there: a list of parts, and the mark that Spark and others look for.
pub fn finish(out: &Path, units: &[Unit], planner: &Planner, whole: bool) -> Result<(), Failure> {
    if !whole {
        return Ok(());
    }
    let mut parts: Vec<&Unit> = units.iter().collect();
    parts.sort_by(|a, b| a.part.cmp(&b.part));
    let parts: Vec<_> = parts
        .iter()
        .map(|u| json!({"part": u.part.to_string_lossy(), "rows": u.rows, "fingerprint": u.fingerprint}))
        .collect();
    let manifest = json!({
        "format": "millpond-fleet-manifest/1",
        "engine": ENGINE,
        "config": planner.config(),
        "config_hash": planner.config_hash(),
        "parts": parts,
    });
    let write = |name: &str, text: &str| {
        let path = out.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    };
    write("_manifest.json", &format!("{manifest:#}\n"))?;
    write("_SUCCESS", "")
}
