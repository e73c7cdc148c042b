//! Amplitudes by sample with a label each: `t_s,label,a0,a1,...`, gzip'd or plain. Somebody's processed data, no capture,
//! so the readers do not know it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use millpond_dsp::phy::{Micros, PpduFormat};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta};
use num_complex::Complex;

/// Most columns of amplitudes.
const MAX_TONES: usize = 1024;
/// Labels that say that somebody moves; all others say that nobody does.
const MOVING: [&str; 4] = ["walking", "turn", "standing_up", "sitting_down"];

/// Calls `each` with every row's time, label (true for motion) and frame.
///
/// # Errors
/// If the file is no such table, in words; `Ok(Some(..))` if it breaks off after some rows.
pub fn rows(path: &Path, mut each: impl FnMut(f64, bool, CsiFrame<'_>)) -> Result<Option<String>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = BufReader::new(file);
    let gzip = bytes.fill_buf().map_err(|e| e.to_string())?.starts_with(&[0x1f, 0x8b]);
    let text: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
    let mut lines = BufReader::new(text).lines();
    let head = lines.next().and_then(Result::ok).unwrap_or_default();
    let columns = head.split(',').count();
    if !head.starts_with("t_s,label,a0") || columns - 2 > MAX_TONES {
        return Err("no table of amplitudes with labels".to_owned());
    }
    let tones: Vec<i16> = (0..columns as i16 - 2).collect();
    let mut h = Vec::with_capacity(tones.len());
    for (i, line) in lines.enumerate() {
        let Some((t, moving)) = line.ok().and_then(|line| row(&line, &mut h)).filter(|_| h.len() == tones.len()) else {
            return Ok(Some(format!("amplitude table: row {} is damaged; the rows before it count", i + 1)));
        };
        let meta = CsiMeta { format: PpduFormat::Eht, ..CsiMeta::at(Micros::from_seconds(t)) };
        // Positions, not tone numbers: the table does not say them.
        let shifted: Vec<i16> = tones.iter().map(|k| k + 4).collect();
        if let Ok(frame) = CsiFrame::new(meta, &shifted, Cfr::F32(&h)) {
            each(t, moving, frame);
        }
    }
    Ok(None)
}

fn row(line: &str, h: &mut Vec<Complex<f32>>) -> Option<(f64, bool)> {
    let mut cells = line.split(',');
    let t = cells.next()?.parse().ok()?;
    let label = cells.next()?;
    h.clear();
    for cell in cells {
        h.push(Complex::new(cell.parse().ok()?, 0.0));
    }
    Some((t, MOVING.iter().any(|m| label.starts_with(m))))
}
