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
