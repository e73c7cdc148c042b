//! `millpond-plan simulate fleet`: a fleet of any size, piece by piece.

use std::fs::File;
use std::path::Path;

use millpond_optimizer::fleet::generate::{Mix, rows};
use millpond_optimizer::fleet::schema::{FLEET_KEY, VERSION, fleet_schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;

use crate::Failure;

/// Rows that one task draws.
const PIECE: u64 = 250;
/// Rows that are in memory at once.
const CHUNK: u64 = 10_000;

/// Writes a fleet. Memory does not depend on its size; the bytes do not depend on the threads.
pub fn write(mix: &Mix, homes: u64, group_rows: usize, path: &Path) -> Result<(), Failure> {
    let fault = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(group_rows))
        .set_key_value_metadata(Some(vec![KeyValue { key: FLEET_KEY.to_owned(), value: Some(VERSION.to_owned()) }]))
        .build();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.tmp-{}", std::process::id()));
    let file = File::create(&temporary).map_err(|e| fault(&e))?;
    let mut writer = ArrowWriter::try_new(file, fleet_schema(), Some(properties)).map_err(|e| fault(&e))?;
    let mut done = 0;
    while done < homes {
        let end = (done + CHUNK).min(homes);
        let pieces: Vec<u64> = (done..end).step_by(PIECE as usize).collect();
        let batches: Vec<_> = pieces.par_iter().map(|&a| rows(mix, a..(a + PIECE).min(end))).collect();
        for batch in &batches {
            writer.write(batch).map_err(|e| fault(&e))?;
        }
        done = end;
    }
    writer.close().map_err(|e| fault(&e))?;
    std::fs::rename(&temporary, path).map_err(|e| fault(&e))
}
