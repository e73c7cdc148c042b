//! What goes in: a channel measurement, an RSSI reading, and their codes.

use core::ffi::c_void;

/// Samples are pairs of signed 8-bit integers.
pub const MP_FORMAT_I8: u8 = 1;
/// Samples are pairs of signed 16-bit integers in the host's byte order.
pub const MP_FORMAT_I16: u8 = 2;
/// Samples are pairs of IEEE 754 single precision numbers. A value that is not finite counts as missing.
pub const MP_FORMAT_F32: u8 = 3;

/// The PPDU format is not known; tones are counted as HT's.
pub const MP_PPDU_UNKNOWN: u8 = 0;
/// 802.11a/g, "non-HT".
pub const MP_PPDU_LEGACY: u8 = 1;
/// 802.11n.
pub const MP_PPDU_HT: u8 = 2;
/// 802.11ac.
pub const MP_PPDU_VHT: u8 = 3;
/// 802.11ax.
pub const MP_PPDU_HE: u8 = 4;
/// 802.11be.
pub const MP_PPDU_EHT: u8 = 5;

/// The imaginary part of each pair comes first (ESP32). Without it the real part does.
pub const MP_FRAME_IMAG_FIRST: u8 = 1;
/// A standard map of all transform bins begins with the lowest frequency. Without it, with zero frequency.
pub const MP_FRAME_CENTERED: u8 = 2;
/// `rssi_cdbm` is given.
pub const MP_FRAME_RSSI: u8 = 4;
/// `noise_cdbm` is given.
pub const MP_FRAME_NOISE: u8 = 8;
/// `gain_cdb` is given.
pub const MP_FRAME_GAIN: u8 = 16;
/// `seq` is given.
pub const MP_FRAME_SEQ: u8 = 32;

/// One channel measurement. Zero the struct, set `size`, then what is known. The library reads it during the call
/// only and keeps no pointer.
///
/// Samples are complex pairs `[n_rx][n_sts][n_tones]`, tone fastest. There is no address in here: which transmitter
/// is which link stays with the host.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_frame {
    /// `sizeof(mp_frame)`.
    pub size: u32,
    /// The link's number, from 0, as the host chose it. A link is one transmitter in one shape: frames of another PPDU
    /// format, width or number of chains need a number of their own, or each change begins the link afresh.
    pub link: u16,
    /// `MP_FORMAT_*`.
    pub format: u8,
    /// Sum of `MP_FRAME_*`.
    pub flags: u8,
    /// Receive time in microseconds on the host's monotonic clock.
    pub t_us: u64,
    /// The samples, aligned for their format.
    pub samples: *const c_void,
    /// Signed tone index of each sample of a chain, in any order, each once; or NULL for the standard map of `ppdu`,
    /// `width_mhz` and `n_tones`: as many as exist, ascending, or all bins of the transform (see `MP_FRAME_CENTERED`).
    pub tones: *const i16,
    /// Length of `samples` in bytes.
    pub samples_bytes: u32,
    /// Samples a chain.
    pub n_tones: u16,
    /// Receive antennas.
    pub n_rx: u8,
    /// Space-time streams.
    pub n_sts: u8,
    /// Width of the PPDU in MHz: 20, 40, 80, 160, 320. 0 means 20.
    pub width_mhz: u16,
    /// `MP_PPDU_*`.
    pub ppdu: u8,
    /// Zero.
    pub reserved: u8,
    /// Level of the packet in hundredths of a dBm, with `MP_FRAME_RSSI`.
    pub rssi_cdbm: i16,
    /// Noise floor in hundredths of a dBm, with `MP_FRAME_NOISE`.
    pub noise_cdbm: i16,
    /// Receiver gain that is inside the samples, in hundredths of a dB, with `MP_FRAME_GAIN`.
    pub gain_cdb: i16,
    /// Sequence number, with `MP_FRAME_SEQ`.
    pub seq: u16,
    /// Zero.
    pub reserved2: u32,
}

/// `noise_cdbm` of an `mp_rssi` is given.
pub const MP_RSSI_NOISE: u8 = 8;

/// One RSSI reading: what every driver gives. Zero the struct, set `size`, then the rest.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mp_rssi {
    /// `sizeof(mp_rssi)`.
    pub size: u32,
    /// The link's number, from 0, as the host chose it.
    pub link: u16,
    /// 0 or `MP_RSSI_NOISE`.
    pub flags: u8,
    /// Zero.
    pub reserved: u8,
    /// Receive time in microseconds on the host's monotonic clock.
    pub t_us: u64,
    /// Level in hundredths of a dBm.
    pub level_cdbm: i16,
    /// Noise floor in hundredths of a dBm, with `MP_RSSI_NOISE`.
    pub noise_cdbm: i16,
    /// Zero.
    pub reserved2: u32,
}
