//! One channel measurement as every reader, driver and simulator hands it over, and one RSSI reading beside it.
//!
//! A frame's shape is checked here, once; after that no accessor can fail. Neither type can be printed or
//! serialised: samples are class R of the privacy contract.

use core::ops::Range;

use num_complex::Complex;

use crate::phy::{Bandwidth, Channel, Db, Dbm, Micros, PpduFormat};
use crate::{Error, math};

/// A link as its reader or adapter numbers it: one transmitter heard by one receiver, counted from 0 in order of
/// arrival. An address never enters this crate's detectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u16);

/// What a receiver says about one frame beside the samples.
#[derive(Clone, Copy)]
pub struct CsiMeta {
    /// Receive time on one monotonic clock, wraps of the device's counter already undone.
    pub t: Micros,
    /// Which link the frame was heard on.
    pub link: LinkId,
    /// Receive antennas.
    pub n_rx: u8,
    /// Space-time streams (columns that the transmitter sounded).
    pub n_sts: u8,
    /// PPDU format of the measured packet.
    pub format: PpduFormat,
    /// Width of the measured packet, which may be less than the channel's.
    pub width: Bandwidth,
    /// The channel, where the format says.
    pub channel: Option<Channel>,
    /// Signal level of the packet, where the format gives one.
    pub rssi: Option<Dbm>,
    /// Noise floor.
    pub noise: Option<Dbm>,
    /// Receiver gain that is already inside the samples, where the device reports it.
    pub gain: Option<Db>,
    /// The transmitter's sequence number or a running number of the logger, modulo 2^16.
    pub seq: Option<u16>,
}

impl CsiMeta {
    /// A frame of one antenna and one stream at a time, all else unknown: 20 MHz, link 0.
    pub const fn at(t: Micros) -> Self {
        Self {
            t,
            link: LinkId(0),
            n_rx: 1,
            n_sts: 1,
            format: PpduFormat::Unknown,
            width: Bandwidth::Mhz20,
            channel: None,
            rssi: None,
            noise: None,
            gain: None,
            seq: None,
        }
    }
}

/// Channel frequency response, `[n_rx][n_sts][n_tones]`, tone fastest, in the device's own number format.
///
/// The unit is the device's: a gain that is common to one antenna's tones is arbitrary.
#[derive(Clone, Copy)]
pub enum Cfr<'a> {
    /// 8-bit parts (Intel 5300, ESP32).
    I8(&'a [Complex<i8>]),
    /// Up to 16-bit parts (Atheros, Nexmon, AX200).
    I16(&'a [Complex<i16>]),
    /// Single precision. Values that are not finite count as missing.
    F32(&'a [Complex<f32>]),
}

impl<'a> Cfr<'a> {
    /// Number of values.
    pub const fn len(self) -> usize {
        match self {
            Self::I8(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::F32(v) => v.len(),
        }
    }

    /// True if there is no value.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// One value, exact: every device format fits single precision.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    #[inline]
    pub fn at(self, i: usize) -> Complex<f32> {
        match self {
            Self::I8(v) => Complex::new(f32::from(v[i].re), f32::from(v[i].im)),
            Self::I16(v) => Complex::new(f32::from(v[i].re), f32::from(v[i].im)),
            Self::F32(v) => v[i],
        }
    }

    /// As [`at`](Self::at), or `None` past the end.
    #[inline]
    pub fn get(self, i: usize) -> Option<Complex<f32>> {
        Some(match self {
            Self::I8(v) => v.get(i).map(|h| Complex::new(f32::from(h.re), f32::from(h.im)))?,
            Self::I16(v) => v.get(i).map(|h| Complex::new(f32::from(h.re), f32::from(h.im)))?,
            Self::F32(v) => *v.get(i)?,
        })
    }

    /// The values `from..to`, or `None` if they are not all there.
    pub fn slice(self, from: usize, to: usize) -> Option<Self> {
        Some(match self {
            Self::I8(v) => Self::I8(v.get(from..to)?),
            Self::I16(v) => Self::I16(v.get(from..to)?),
            Self::F32(v) => Self::F32(v.get(from..to)?),
        })
    }

    /// Writes |H|² of each value to `out`, up to the shorter of the two. Cost: 3 flops a value.
    pub fn power_into(self, out: &mut [f32]) {
        fn each<T: Copy + Into<f32>>(v: &[Complex<T>], out: &mut [f32]) {
            for (o, h) in out.iter_mut().zip(v) {
                let (re, im): (f32, f32) = (h.re.into(), h.im.into());
                *o = re * re + im * im;
            }
        }
        match self {
            Self::I8(v) => each(v, out),
            Self::I16(v) => each(v, out),
            Self::F32(v) => each(v, out),
        }
    }

    /// Writes |H| of each value to `out`, up to the shorter of the two.
    pub fn amplitude_into(self, out: &mut [f32]) {
        self.power_into(out);
        let n = out.len().min(self.len());
        for o in &mut out[..n] {
            *o = math::sqrt(*o);
        }
    }
}

/// A checked, copyable view of one channel measurement.
///
/// ```
/// use millpond_dsp::phy::Micros;
/// use millpond_dsp::{Cfr, CsiFrame, CsiMeta};
/// use num_complex::Complex;
///
/// let h = [Complex::new(3i8, 4), Complex::new(0, 1)];
/// let frame = CsiFrame::new(CsiMeta::at(Micros(0)), &[-1, 1], Cfr::I8(&h)).unwrap();
/// let mut amplitude = [0.0; 2];
/// frame.row(0, 0).amplitude_into(&mut amplitude);
/// assert_eq!(amplitude, [5.0, 1.0]);
/// ```
#[derive(Clone, Copy)]
pub struct CsiFrame<'a> {
    meta: CsiMeta,
    tones: &'a [i16],
    cfr: Cfr<'a>,
}

impl<'a> CsiFrame<'a> {
    /// Checks the shape and makes the view.
    ///
    /// - `tones`: signed tone indices from the centre of the packet's width, ascending within one training field;
    ///   a step down begins the next field of the same packet (ESP32 logs legacy and HT fields behind one another)
    /// - `cfr`: `[n_rx][n_sts][tones]`, tone fastest
    /// - Errors: [`Error::Empty`], [`Error::Shape`], [`Error::ToneOrder`]
    pub fn new(meta: CsiMeta, tones: &'a [i16], cfr: Cfr<'a>) -> Result<Self, Error> {
        let chains = usize::from(meta.n_rx) * usize::from(meta.n_sts);
        if chains == 0 || tones.is_empty() {
            return Err(Error::Empty);
        }
        let expected = chains * tones.len();
        if cfr.len() != expected {
            return Err(Error::Shape { expected, actual: cfr.len() });
        }
        // All neighbours are compared, equal or not: without an early exit the loop is vectorised.
        let pairs = tones.iter().zip(tones.iter().skip(1));
        if pairs.clone().fold(false, |bad, (a, b)| bad | (a == b)) {
            let at = pairs.take_while(|(a, b)| a != b).count() + 1;
            return Err(Error::ToneOrder { at });
        }
        Ok(Self { meta, tones, cfr })
    }

    /// What the receiver said about the frame.
    pub const fn meta(&self) -> &CsiMeta {
        &self.meta
    }

    /// Signed tone indices, ascending within each of [`fields`](Self::fields).
    pub const fn tones(&self) -> &'a [i16] {
        self.tones
    }

    /// The training fields as ranges of positions in [`tones`](Self::tones): one for nearly every device.
    pub fn fields(&self) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let tones = self.tones;
        let mut start = 0;
        core::iter::from_fn(move || {
            let rest = tones.get(start..).filter(|rest| !rest.is_empty())?;
            let len = 1 + rest.iter().zip(rest.iter().skip(1)).take_while(|(a, b)| a < b).count();
            start += len;
            Some(start - len..start)
        })
    }

    /// All values, `[n_rx][n_sts][n_tones]`.
    pub const fn cfr(&self) -> Cfr<'a> {
        self.cfr
    }

    /// Number of antenna and stream pairs.
    pub fn chains(&self) -> usize {
        usize::from(self.meta.n_rx) * usize::from(self.meta.n_sts)
    }

    /// The tones of one antenna and stream.
    ///
    /// # Panics
    /// If `rx` or `sts` is out of range.
    pub fn row(&self, rx: usize, sts: usize) -> Cfr<'a> {
        assert!(rx < usize::from(self.meta.n_rx) && sts < usize::from(self.meta.n_sts));
        self.chain(rx * usize::from(self.meta.n_sts) + sts)
    }

    /// The tones of one antenna and stream pair, counted stream fastest.
    ///
    /// # Panics
    /// If `chain` is not below [`chains`](Self::chains).
    pub fn chain(&self, chain: usize) -> Cfr<'a> {
        let n = self.tones.len();
        self.cfr.slice(chain * n, (chain + 1) * n).expect("the constructor checked the length")
    }
}

/// One RSSI reading: what every driver gives.
#[derive(Clone, Copy)]
pub struct RssiSample {
    /// Receive time on one monotonic clock.
    pub t: Micros,
    /// Which link.
    pub link: LinkId,
    /// The level.
    pub level: Dbm,
    /// Noise floor, where the driver gives one.
    pub noise: Option<Dbm>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: [Complex<i16>; 12] = {
        let mut h = [Complex { re: 0, im: 0 }; 12];
        let mut i = 0;
        while i < 12 {
            h[i].re = i as i16;
            i += 1;
        }
        h
    };

    #[test]
    fn tone_is_fastest_then_stream_then_antenna() {
        let meta = CsiMeta { n_rx: 2, n_sts: 2, ..CsiMeta::at(Micros(0)) };
        let frame = CsiFrame::new(meta, &[-2, 1, 5], Cfr::I16(&H)).unwrap();
        assert_eq!(frame.row(1, 0).at(2).re, 8.0);
        assert_eq!(frame.chain(3).at(0).re, 9.0);
        assert_eq!(frame.chains(), 4);
    }

    #[test]
    fn a_wrong_shape_is_refused() {
        let meta = CsiMeta::at(Micros(0));
        let err = |tones: &[i16], n: usize| CsiFrame::new(meta, tones, Cfr::I16(&H[..n])).err().unwrap();
        assert_eq!(err(&[], 0), Error::Empty);
        assert_eq!(err(&[1, 2], 3), Error::Shape { expected: 2, actual: 3 });
        assert_eq!(err(&[1, 3, 3], 3), Error::ToneOrder { at: 2 });
        let none = CsiMeta { n_rx: 0, ..meta };
        assert_eq!(CsiFrame::new(none, &[1], Cfr::I16(&H[..1])).err().unwrap(), Error::Empty);
    }

    #[test]
    fn a_step_down_begins_a_training_field() {
        let frame = CsiFrame::new(CsiMeta::at(Micros(0)), &[-1, 1, -2, -1, 2], Cfr::I16(&H[..5])).unwrap();
        let fields: std::vec::Vec<_> = frame.fields().collect();
        assert_eq!(fields, [0..2, 2..5]);
    }

    #[test]
    fn power_stops_at_the_shorter() {
        let mut out = [9.0; 4];
        Cfr::I16(&H[2..4]).power_into(&mut out);
        assert_eq!(out, [4.0, 9.0, 9.0, 9.0]);
        Cfr::I16(&H[2..4]).amplitude_into(&mut out);
        assert_eq!(out, [2.0, 3.0, 9.0, 9.0]);
    }
}
