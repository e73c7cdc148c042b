//! Stated bounds: no length that a file claims sizes an allocation beyond these.

/// What a reader may use at most. The defaults are far above any real recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one record, line, segment or packet.
    pub record_bytes: usize,
    /// Subcarriers of one frame. The widest PPDU of IEEE 802.11be has 3984 tones, its FFT 4096.
    pub subcarriers: usize,
    /// Bytes of an archive (`.npz`), and of all arrays taken from it together; archives are read whole.
    pub archive_bytes: u64,
    /// Decompressed bytes for each compressed byte of a gzip'd input, over the first mebibyte.
    ///
    /// Deflate cannot pass 1032; text logs stay below 20.
    pub gzip_ratio: u64,
    /// Links told apart; frames of further transmitters share the last.
    pub links: u16,
    /// Bytes looked at to find the format.
    pub probe_bytes: usize,
}

impl Limits {
    /// What one reader holds at most while it reads a stream of records, in bytes, whatever the stream claims.
    ///
    /// Eight records (the look-ahead of a line is twice one, half as much again in reserve, and the old buffer while a
    /// new one is filled; the samples decoded), 256 layouts of all subcarriers, the table of links, and two mebibytes
    /// for the rest. Archives are another matter: they are read whole, and hold up to three times `archive_bytes`.
    pub const fn memory_bytes(&self) -> u64 {
        let (records, layouts) = (8 * self.record_bytes as u64, 256 * 64 * self.subcarriers as u64);
        records + layouts + 128 * self.links as u64 + (2 << 20)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 16 << 20,
            subcarriers: 4096,
            archive_bytes: 1 << 30,
            gzip_ratio: 300,
            links: 4096,
            probe_bytes: 256 << 10,
        }
    }
}
