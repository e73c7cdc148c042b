//! One recording through the breathing branch.

use std::path::Path;

use millpond_datasets::ReadOptions;
use millpond_dsp::LinkId;
use millpond_dsp::detect::DetectorConfig;
use millpond_dsp::phy::Micros;
use millpond_dsp::presence::{Breath, SignOfLife};

/// One look of one link.
pub struct Look {
    /// When, from the first frame.
    pub t: Micros,
    /// Which link.
    pub link: LinkId,
    /// What was seen.
    pub breath: Breath,
}

/// Every look of every link of a recording.
///
/// # Errors
/// If it cannot be opened; damage further on ends it there.
pub fn looks(path: &Path, rate_hz: Option<f64>) -> Result<Vec<Look>, String> {
    let options = ReadOptions { rate_hz, ..ReadOptions::default() };
    let mut source = millpond_datasets::open(path, &options).map_err(|e| e.to_string())?;
    // A link that is heard in several shapes is as many streams, as in the detectors' bank.
    let mut streams: Vec<((LinkId, usize, usize), SignOfLife)> = Vec::new();
    let (mut origin, mut out) = (None, Vec::new());
    loop {
        match source.next_frame() {
            Ok(None) => return Ok(out),
            Ok(Some(record)) => {
                let meta = record.frame.meta();
                let t = meta.t.since(*origin.get_or_insert(meta.t));
                let key = (meta.link, record.frame.chains(), record.frame.tones().len());
                let at = match streams.iter().position(|s| s.0 == key) {
                    Some(at) => at,
                    None => {
                        streams.push((key, SignOfLife::new(&DetectorConfig::default())));
                        streams.len() - 1
                    }
                };
                let life = &mut streams[at].1;
                let before = life.looks();
                life.push(&record.frame);
                if life.looks() != before {
                    out.extend(life.breath().map(|b| Look { t, link: key.0, breath: *b }));
                }
            }
            Err(e) if e.can_resume => {}
            Err(_) => return Ok(out),
        }
    }
}
