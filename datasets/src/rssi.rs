//! RSSI streams: what every driver gives, from any recording that carries it.

use std::path::Path;

use millpond_dsp::RssiSample;

#[cfg(feature = "rssi-mesh")]
use crate::format::rssi_mesh::{self, RssiMesh};
pub use crate::source::RssiSource;
use crate::{FrameSource, Input, ReadError, ReadOptions, SourceInfo, container, probe};

/// The RSSI of each frame of a recording; frames without one are passed over.
pub struct PacketRssi(Box<dyn FrameSource>);

impl PacketRssi {
    /// Takes the readings out of `frames`.
    pub fn new(frames: Box<dyn FrameSource>) -> Self {
        Self(frames)
    }
}

impl RssiSource for PacketRssi {
    fn info(&self) -> &SourceInfo {
        self.0.info()
    }

    fn next_sample(&mut self) -> Result<Option<RssiSample>, ReadError> {
        while let Some(record) = self.0.next_frame()? {
            let meta = record.frame.meta();
            if let Some(level) = meta.rssi {
                return Ok(Some(RssiSample { t: meta.t, link: meta.link, level, noise: meta.noise }));
            }
        }
        Ok(None)
    }
}

/// Opens the RSSI readings of a recording: a log of a mesh, or the level of each packet of any other format.
///
/// # Errors
/// As [`open`](crate::open).
pub fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn RssiSource>, ReadError> {
    let file = std::fs::File::open(path).map_err(|e| ReadError::file(crate::ErrorKind::Io, e.to_string()))?;
    let mut input = container::gzip::unwrap(Input::new(Box::new(file)), &options.limits);
    let head = input.fill(options.limits.probe_bytes);
    #[cfg(feature = "rssi-mesh")]
    if rssi_mesh::score(head) > 0 {
        return Ok(Box::new(RssiMesh::new(input, options)));
    }
    let _ = head;
    Ok(Box::new(PacketRssi::new(probe::open(input, Some(path), options)?)))
}
