//! A table of numbers. Rows wait in the spool until the widest is known, because the header names every column.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use super::{Frames, Part};

/// Writes the table.
pub fn write(frames: &mut Frames, part: &Part) -> io::Result<()> {
    let (mut widest, mut rows) = (0, BufWriter::new(part.create_spool()?));
    frames.each(|r| {
        widest = widest.max(r.stored.order.len() * r.frame.chains());
        let meta = r.frame.meta();
        // A comma or line end in a label would break the row.
        let label = r.label.unwrap_or("").replace([',', '\n', '\r'], " ");
        let rssi = meta.rssi.map_or(String::new(), |level| level.0.to_string());
        write!(rows, "{:.6},{label},{},{rssi},{},{}", meta.t.seconds(), meta.link.0, meta.n_rx, meta.n_sts)?;
        let mut failed = Ok(());
        r.for_each_stored(|re, im| {
            if failed.is_ok() {
                failed = write!(rows, ",{re},{im}");
            }
        });
        failed?;
        writeln!(rows)
    })?;
    let mut rows = rows.into_inner().map_err(|e| e.into_error())?;
    rows.seek(SeekFrom::Start(0))?;
    let mut out = BufWriter::new(part.create()?);
    write!(out, "t_s,label,link,rssi,rx,tx")?;
    for i in 0..widest {
        write!(out, ",re{i},im{i}")?;
    }
    writeln!(out)?;
    io::copy(&mut rows, &mut out)?;
    out.flush()
}
