//! The one frame that a reader holds: buffers that are filled again and again, and the views handed out of them.

use millpond_dsp::phy::Micros;
use millpond_dsp::{Cfr, CsiFrame, CsiMeta};
use num_complex::Complex;

use crate::layout::Layout;
use crate::{Record, Stored};

/// A number that CSI parts are stored as.
pub(crate) trait Part: Copy + Default {
    fn view(values: &[Complex<Self>]) -> Cfr<'_>;
}

impl Part for i8 {
    fn view(values: &[Complex<Self>]) -> Cfr<'_> {
        Cfr::I8(values)
    }
}

impl Part for i16 {
    fn view(values: &[Complex<Self>]) -> Cfr<'_> {
        Cfr::I16(values)
    }
}

impl Part for f32 {
    fn view(values: &[Complex<Self>]) -> Cfr<'_> {
        Cfr::F32(values)
    }
}

/// RSSI values one record may carry: PicoScenes has nine.
pub(crate) const MAX_RSSI: usize = 12;

/// A frame under construction.
pub(crate) struct Slot<T> {
    pub meta: CsiMeta,
    pub device_s: f64,
    rssi: [i16; MAX_RSSI],
    n_rssi: usize,
    /// `[n_rx][n_sts][n_tones]`, then `[n_rx][n_sts][extras]`.
    pub values: Vec<Complex<T>>,
    /// As `values`, where single precision is not enough.
    pub wide: Vec<Complex<f64>>,
}

impl<T: Part> Slot<T> {
    pub const fn new() -> Self {
        Self {
            meta: CsiMeta::at(Micros(0)),
            device_s: 0.0,
            rssi: [0; MAX_RSSI],
            n_rssi: 0,
            values: Vec::new(),
            wide: Vec::new(),
        }
    }

    /// All that is said of the frame beside its samples.
    pub fn set(&mut self, meta: CsiMeta, device_s: f64, rssi: &[i16]) {
        (self.meta, self.device_s) = (meta, device_s);
        self.set_rssi(rssi);
    }

    /// The RSSI values of the frame, as stored.
    pub fn set_rssi(&mut self, values: &[i16]) {
        self.n_rssi = values.len().min(MAX_RSSI);
        self.rssi[..self.n_rssi].copy_from_slice(&values[..self.n_rssi]);
    }

    /// Makes room for `n` values and answers them for overwriting; what stood there stays until overwritten.
    pub fn room(&mut self, n: usize) -> &mut [Complex<T>] {
        if self.values.len() != n {
            self.values.resize(n, Complex::default());
        }
        &mut self.values
    }

    /// The record as it stands, or `None` if its shape does not fit the layout.
    pub fn record<'a>(&'a self, layout: &'a Layout) -> Option<Record<'a>> {
        let chains = usize::from(self.meta.n_rx) * usize::from(self.meta.n_sts);
        let n = chains * layout.tones.len();
        if self.values.len() != chains * layout.stored() {
            return None;
        }
        let frame = CsiFrame::new(self.meta, &layout.tones, T::view(&self.values[..n])).ok()?;
        Some(Record {
            frame,
            device_s: self.device_s,
            rssi: &self.rssi[..self.n_rssi],
            label: None,
            stored: Stored {
                shape: (layout.stored(), usize::from(self.meta.n_rx), usize::from(self.meta.n_sts)),
                order: &layout.order,
                extra: T::view(&self.values[n..]),
                wide: (self.wide.len() == n && n > 0).then_some(&self.wide[..]),
            },
        })
    }
}

/// Which kind of number a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    I8,
    I16,
    F32,
}

/// A slot for each kind of number, for formats that mix them.
pub(crate) struct Slots {
    pub held: Held,
    pub i8s: Slot<i8>,
    pub i16s: Slot<i16>,
    pub f32s: Slot<f32>,
}

impl Slots {
    pub const fn new() -> Self {
        Self { held: Held::I8, i8s: Slot::new(), i16s: Slot::new(), f32s: Slot::new() }
    }

    /// [`Slot::set`] of the slot that holds the frame.
    pub fn set(&mut self, meta: CsiMeta, device_s: f64, rssi: &[i16]) {
        match self.held {
            Held::I8 => self.i8s.set(meta, device_s, rssi),
            Held::I16 => self.i16s.set(meta, device_s, rssi),
            Held::F32 => self.f32s.set(meta, device_s, rssi),
        }
    }

    /// [`Slot::record`] of the slot that holds the frame.
    pub fn record<'a>(&'a self, layout: &'a Layout) -> Option<Record<'a>> {
        match self.held {
            Held::I8 => self.i8s.record(layout),
            Held::I16 => self.i16s.record(layout),
            Held::F32 => self.f32s.record(layout),
        }
    }
}

/// Two little-endian 16-bit integers, the first as real part.
pub(crate) const fn complex_i16(b: [u8; 4]) -> Complex<i16> {
    Complex { re: i16::from_le_bytes([b[0], b[1]]), im: i16::from_le_bytes([b[2], b[3]]) }
}

/// Two little-endian 16-bit integers, the first as imaginary part.
pub(crate) const fn complex_i16_turned(b: [u8; 4]) -> Complex<i16> {
    Complex { re: i16::from_le_bytes([b[2], b[3]]), im: i16::from_le_bytes([b[0], b[1]]) }
}
