//! The measurement header of Intel AX200 and AX210 firmware, and the samples that follow it: shared by FeitCSI and
//! PicoScenes.

use std::borrow::Cow;
use std::ops::Range;

use millpond_dsp::phy::tones::is_pilot;
use millpond_dsp::phy::{Bandwidth, Dbm, PpduFormat};

use num_complex::Complex;

use crate::AxParts;
use crate::layout::{Layout, by_count, centred, populated};
use crate::slot::{complex_i16, complex_i16_turned};

/// Bytes of the header.
pub(crate) const HEAD: usize = 272;
/// Bytes of a value: two 16-bit integers.
pub(crate) const VALUE: usize = 4;

/// Which reading of the samples is taken, and why.
pub(crate) fn conventions(parts: AxParts) -> Vec<&'static str> {
    let order = match parts {
        AxParts::RealFirst => {
            "AX200 and AX210: the first 16-bit integer of a pair is taken as the real part, as the published readers do; \
             on wide channels the impulse response then runs backwards in time, so the first is likely the imaginary \
             part (ReadOptions::ax_parts takes it so)"
        }
        AxParts::ImaginaryFirst => {
            "AX200 and AX210: the first 16-bit integer of a pair is taken as the imaginary part, as the vendor of \
             PicoScenes does since July 2022; digests of published readers take it as the real one"
        }
    };
    let pilots =
        "AX200 and AX210: pilot tones are delivered as 0 or close to it: kept as stored, left out of the frame";
    vec![order, pilots]
}

/// Brings rows of samples into a frame's order, the parts as `parts` says.
pub(crate) fn arrange<'a>(
    layout: &Layout,
    parts: AxParts,
    chains: usize,
    row: impl Fn(usize) -> &'a [u8],
    out: &mut [Complex<i16>],
) {
    match parts {
        AxParts::RealFirst => layout.arrange(chains, row, out, complex_i16),
        AxParts::ImaginaryFirst => layout.arrange(chains, row, out, complex_i16_turned),
    }
}

/// A whole header.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a>(&'a [u8; HEAD]);

impl<'a> Header<'a> {
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        bytes.first_chunk().map(Self)
    }

    fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]])
    }

    /// Bytes of samples.
    pub fn csi_size(self) -> u32 {
        self.u32(0)
    }

    pub const fn n_rx(self) -> u8 {
        self.0[46]
    }

    pub const fn n_tx(self) -> u8 {
        self.0[47]
    }

    pub fn n_subcarriers(self) -> u32 {
        self.u32(52)
    }

    /// RSSI of the two chains, each as a positive number.
    pub fn rssi(self) -> [u32; 2] {
        [self.u32(60), self.u32(64)]
    }

    /// The transmitter.
    pub fn mac(self) -> [u8; 6] {
        self.0[68..74].try_into().expect("six bytes")
    }

    /// Running number, 8 bits.
    pub const fn number(self) -> u8 {
        self.0[76]
    }

    /// The card's clock, 1 µs, wraps after 71.6 minutes.
    pub fn mu_clock(self) -> u32 {
        self.u32(88)
    }

    fn rate(self) -> u32 {
        self.u32(92)
    }

    /// Bits 8 to 10 of `rate_n_flags`.
    pub fn format(self) -> PpduFormat {
        match self.rate() >> 8 & 7 {
            1 => PpduFormat::Legacy,
            2 => PpduFormat::Ht,
            3 => PpduFormat::Vht,
            4 => PpduFormat::He,
            5 => PpduFormat::Eht,
            _ => PpduFormat::Unknown,
        }
    }

    /// Bits 11 to 13 of `rate_n_flags`.
    pub fn width(self) -> Bandwidth {
        Bandwidth::ALL[(self.rate() >> 11 & 7).min(4) as usize]
    }

    /// True if the counts are possible and the size is that of the counts.
    pub fn is_consistent(self, max_subcarriers: usize) -> bool {
        let (n_rx, n_tx, n) = (u64::from(self.n_rx()), u64::from(self.n_tx()), u64::from(self.n_subcarriers()));
        (1..=8).contains(&n_rx)
            && (1..=8).contains(&n_tx)
            && (1..=max_subcarriers as u64).contains(&n)
            && u64::from(self.csi_size()) == VALUE as u64 * n_rx * n_tx * n
    }
}

/// Milliwatts of the firmware's RSSI numbers, looked up: a power of ten costs more than the rest of a header.
pub(crate) struct Power([f32; 128]);

impl Power {
    pub fn new() -> Self {
        Self(std::array::from_fn(|r| if r == 0 { 0.0 } else { Dbm(-(r as f32)).milliwatts() }))
    }

    /// Power of both chains together; 0 and numbers over 127 are chains that heard nothing.
    pub fn total(&self, header: Header<'_>) -> Option<Dbm> {
        let mw: f32 = header.rssi().into_iter().filter_map(|r| self.0.get(r as usize)).sum();
        (mw > 0.0).then(|| Dbm::from_milliwatts(mw))
    }
}

/// What decides the tones of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub n: usize,
    pub format: PpduFormat,
    pub width: Bandwidth,
}

/// The filler that older firmware leaves between the halves of a 160 MHz row.
pub(crate) const fn filler(n: usize) -> Option<Range<usize>> {
    match n {
        498 => Some(242..256),
        2020 => Some(996..1024),
        _ => None,
    }
}

/// The rows of samples without the values of `gap` in each. Copies only if there is a gap.
pub(crate) fn rows(samples: &[u8], n: usize, gap: Range<usize>) -> Cow<'_, [u8]> {
    if gap.is_empty() {
        return Cow::Borrowed(samples);
    }
    let (from, to) = (VALUE * gap.start, VALUE * gap.end);
    let kept = samples.chunks_exact(VALUE * n).flat_map(|r| r[..from].iter().chain(&r[to..]));
    Cow::Owned(kept.copied().collect())
}

/// The layout of a row without its filler. Pilots are extras.
pub(crate) fn layout(shape: Shape) -> Layout {
    let n = shape.n;
    let said = populated(shape.format, shape.width);
    let (tones, format, width) = match (said.len() == n, by_count(n)) {
        (true, _) => (said, shape.format, shape.width),
        (false, Some((format, width))) => (populated(format, width), format, width),
        (false, None) => return Layout::plain(centred(n)),
    };
    Layout::new(&[tones], |_, k| is_pilot(format, width, k))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positions of the pilots within a row as published for these cards.
    #[test]
    fn pilots_stand_where_the_firmware_has_them() {
        use Bandwidth::*;
        use PpduFormat::*;
        let he80 = [32, 100, 166, 234, 274, 342, 408, 476, 519, 587, 653, 721, 761, 829, 895, 963];
        let vht80 = [19, 47, 83, 111, 130, 158, 194, 222];
        let vht160: Vec<usize> = vht80.into_iter().chain([261, 289, 325, 353, 372, 400, 436, 464]).collect();
        let he160: Vec<usize> = he80.into_iter().chain(he80.map(|p| p + 996)).collect();
        for (n, format, width, pilots) in [
            (52, Legacy, Mhz20, &[5, 19, 32, 46][..]),
            (56, Ht, Mhz20, &[7, 21, 34, 48]),
            (56, Vht, Mhz20, &[7, 21, 34, 48]),
            (114, Ht, Mhz40, &[5, 33, 47, 66, 80, 108]),
            (242, Vht, Mhz80, &vht80),
            (484, Vht, Mhz160, &vht160),
            (242, He, Mhz20, &[6, 32, 74, 100, 141, 167, 209, 235]),
            (484, He, Mhz40, &[6, 32, 74, 100, 140, 166, 208, 234, 249, 275, 317, 343, 383, 409, 451, 477]),
            (996, He, Mhz80, &he80),
            (1992, He, Mhz160, &he160),
        ] {
            let layout = layout(Shape { n, format, width });
            let n_tones = layout.tones.len();
            let found: Vec<usize> = (0..n).filter(|&i| usize::from(layout.order[i]) >= n_tones).collect();
            assert_eq!(found, pilots, "{format:?} {width:?}");
        }
    }
}
