//! Samples as the host hands them over, checked once and turned into `dsp`'s views.

use millpond_dsp::phy::{Bandwidth, Db, Dbm, Micros, PpduFormat};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId, RssiSample};
use num_complex::Complex;

use crate::abi::*;
use crate::ffi::{self, Sample};
use crate::order::{Order, Ordered, Tables, ToneMap};
use crate::result::mp_result::{self, *};

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
        let ordered = order.follow(self.map, tables)?;
        let cfr = if ordered.from.is_none() && !self.imag_first {
            self.cfr
        } else {
            match self.cfr {
                Cfr::I8(v) => Cfr::I8(self.gather(v, ordered, scratch)?),
                Cfr::I16(v) => Cfr::I16(self.gather(v, ordered, scratch)?),
                Cfr::F32(v) => Cfr::F32(self.gather(v, ordered, scratch)?),
            }
        };
        CsiFrame::new(self.meta, ordered.tones, cfr).map_err(|_| MP_ERR_SHAPE)
    }

    fn gather<'s, T: Copy>(
        &self,
        given: &[Complex<T>],
        ordered: Ordered<'_>,
        scratch: &'s mut [u64],
    ) -> Result<&'s [Complex<T>], mp_result>
    where
        Complex<T>: Sample,
    {
        let (step, n) = (self.map.len(), ordered.tones.len());
        let out = ffi::scratch::<Complex<T>>(scratch).get_mut(..self.chains() * n).ok_or(MP_ERR_CAPACITY)?;
        for c in 0..self.chains() {
            let chain = given.get(c * step..(c + 1) * step).ok_or(MP_ERR_SHAPE)?;
            let row = out.get_mut(c * n..(c + 1) * n).ok_or(MP_ERR_CAPACITY)?;
            match ordered.from {
                None => row.iter_mut().zip(chain).for_each(|(to, from)| *to = *from),
                Some(from) => {
                    for (to, &at) in row.iter_mut().zip(from) {
                        *to = chain.get(at as usize).copied().ok_or(MP_ERR_SHAPE)?;
                    }
                }
            }
            if self.imag_first {
                row.iter_mut().for_each(|h| *h = Complex::new(h.im, h.re));
            }
        }
        Ok(out)
    }
}
