//! Samples as the host hands them over, checked once and turned into `dsp`'s views.

use core::ffi::c_void;

use millpond_dsp::phy::{Bandwidth, Db, Dbm, Micros, PpduFormat};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId, RssiSample};
use num_complex::Complex;

use crate::ffi::{self, Prefixed, Sample};
use crate::order::{Order, Tables, ToneMap};
use crate::result::mp_result::{self, *};

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

// Neither has padding, so a tail that an older program lacks cannot hold what it left lying there.
const _: () = assert!(size_of::<mp_frame>() == 40 + 2 * size_of::<*const c_void>());
const _: () = assert!(size_of::<mp_rssi>() == 24);

#[allow(unsafe_code)] // The struct is read as bytes.
// SAFETY: `repr(C)`, size first, no padding (above), integers and pointers only.
unsafe impl Prefixed for mp_frame {
    const LEAST: usize = core::mem::offset_of!(mp_frame, width_mhz);
}

#[allow(unsafe_code)] // The struct is read as bytes.
// SAFETY: `repr(C)`, size first, no padding (above), integers only.
unsafe impl Prefixed for mp_rssi {
    const LEAST: usize = core::mem::offset_of!(mp_rssi, reserved2);
}

/// A frame whose pointers have become slices and whose codes exist. Tones may still be in any order.
pub(crate) struct Given<'a> {
    meta: CsiMeta,
    map: ToneMap<'a>,
    cfr: Cfr<'a>,
    imag_first: bool,
}

impl mp_frame {
    /// Checks everything that can be checked without the link's state.
    ///
    /// # Safety
    /// `samples` is NULL or points at `samples_bytes` readable bytes, `tones` is NULL or points at `n_tones` readable
    /// numbers, and nothing changes them during the call.
    #[allow(unsafe_code)] // Dereferences the caller's pointers.
    pub(crate) unsafe fn given<'a>(&self) -> Result<Given<'a>, mp_result> {
        let (format, width) = (ppdu(self.ppdu)?, width(self.width_mhz)?);
        let flag = |bit: u8| self.flags & bit != 0;
        let level = |bit: u8, centi: i16| flag(bit).then(|| f32::from(centi) / 100.0);
        let n = usize::from(self.n_rx) * usize::from(self.n_sts) * usize::from(self.n_tones);
        if n == 0 {
            return Err(MP_ERR_SHAPE);
        }
        // SAFETY: each length is checked against the one that the caller vouches for.
        let (cfr, map) = unsafe {
            let cfr = match self.format {
                MP_FORMAT_I8 => Cfr::I8(self.pairs(n)?),
                MP_FORMAT_I16 => Cfr::I16(self.pairs(n)?),
                MP_FORMAT_F32 => Cfr::F32(self.pairs(n)?),
                _ => return Err(MP_ERR_FORMAT),
            };
            let map = if self.tones.is_null() {
                ToneMap::Standard { tones: self.n_tones, format, width, centered: flag(MP_FRAME_CENTERED) }
            } else {
                ToneMap::List(ffi::slice(self.tones, usize::from(self.n_tones))?)
            };
            (cfr, map)
        };
        let meta = CsiMeta {
            t: Micros(self.t_us),
            link: LinkId(self.link),
            n_rx: self.n_rx,
            n_sts: self.n_sts,
            format,
            width,
            channel: None,
            rssi: level(MP_FRAME_RSSI, self.rssi_cdbm).map(Dbm),
            noise: level(MP_FRAME_NOISE, self.noise_cdbm).map(Dbm),
            gain: level(MP_FRAME_GAIN, self.gain_cdb).map(Db),
            seq: flag(MP_FRAME_SEQ).then_some(self.seq),
        };
        Ok(Given { meta, map, cfr, imag_first: flag(MP_FRAME_IMAG_FIRST) })
    }

    /// # Safety
    /// As for [`given`](Self::given).
    #[allow(unsafe_code)] // Dereferences the caller's pointer.
    unsafe fn pairs<'a, T: Sample>(&self, n: usize) -> Result<&'a [T], mp_result> {
        if n.checked_mul(size_of::<T>()) != Some(self.samples_bytes as usize) {
            return Err(MP_ERR_SHAPE);
        }
        // SAFETY: `n` samples are exactly the bytes that the caller vouches for.
        unsafe { ffi::slice(self.samples.cast(), n) }
    }
}

fn ppdu(code: u8) -> Result<PpduFormat, mp_result> {
    Ok(match code {
        MP_PPDU_UNKNOWN => PpduFormat::Unknown,
        MP_PPDU_LEGACY => PpduFormat::Legacy,
        MP_PPDU_HT => PpduFormat::Ht,
        MP_PPDU_VHT => PpduFormat::Vht,
        MP_PPDU_HE => PpduFormat::He,
        MP_PPDU_EHT => PpduFormat::Eht,
        _ => return Err(MP_ERR_FORMAT),
    })
}

fn width(mhz: u16) -> Result<Bandwidth, mp_result> {
    if mhz == 0 { Ok(Bandwidth::Mhz20) } else { Bandwidth::try_from(mhz).map_err(|_| MP_ERR_FORMAT) }
}

impl mp_rssi {
    /// The reading in `dsp`'s terms.
    pub(crate) fn sample(&self) -> RssiSample {
        let level = |centi: i16| Dbm(f32::from(centi) / 100.0);
        RssiSample {
            t: Micros(self.t_us),
            link: LinkId(self.link),
            level: level(self.level_cdbm),
            noise: (self.flags & MP_RSSI_NOISE != 0).then(|| level(self.noise_cdbm)),
        }
    }
}

impl<'a> Given<'a> {
    /// Antennas times streams.
    pub(crate) fn chains(&self) -> usize {
        usize::from(self.meta.n_rx) * usize::from(self.meta.n_sts)
    }

    /// The frame with its tones ascending: as it lies there, or copied into `scratch` in the right order.
    ///
    /// Cost: O(chains x tones) if something has to move, O(tones) if not, and a sort when the shape is new.
    pub(crate) fn arrange<'s>(
        &self,
        order: &mut Order,
        tables: &'s mut Tables<'_>,
        scratch: &'s mut [u64],
    ) -> Result<CsiFrame<'s>, mp_result>
    where
        'a: 's,
    {
        order.follow(self.map, tables)?;
        let kept = order.kept();
        let (from, tones) = (tables.from.get(..kept), tables.tones.get(..kept));
        let (Some(from), Some(tones)) = (from, tones) else { return Err(MP_ERR_CAPACITY) };
        let cfr = if order.identity() && !self.imag_first {
            self.cfr
        } else {
            let step = self.map.len();
            match self.cfr {
                Cfr::I8(v) => Cfr::I8(self.gather(v, step, from, scratch)?),
                Cfr::I16(v) => Cfr::I16(self.gather(v, step, from, scratch)?),
                Cfr::F32(v) => Cfr::F32(self.gather(v, step, from, scratch)?),
            }
        };
        CsiFrame::new(self.meta, tones, cfr).map_err(|_| MP_ERR_SHAPE)
    }

    fn gather<'s, T: Copy>(
        &self,
        given: &[Complex<T>],
        step: usize,
        from: &[u16],
        scratch: &'s mut [u64],
    ) -> Result<&'s [Complex<T>], mp_result>
    where
        Complex<T>: Sample,
    {
        let n = from.len();
        let out = ffi::scratch::<Complex<T>>(scratch).get_mut(..self.chains() * n).ok_or(MP_ERR_CAPACITY)?;
        for c in 0..self.chains() {
            let chain = given.get(c * step..(c + 1) * step).ok_or(MP_ERR_SHAPE)?;
            let row = out.get_mut(c * n..(c + 1) * n).ok_or(MP_ERR_CAPACITY)?;
            for (to, &at) in row.iter_mut().zip(from) {
                let pair = chain.get(usize::from(at)).copied().ok_or(MP_ERR_SHAPE)?;
                *to = if self.imag_first { Complex::new(pair.im, pair.re) } else { pair };
            }
        }
        Ok(out)
    }
}
