//! Which tones the pairs of an ESP32 row are: ESP-IDF's Wi-Fi guide, "Wi-Fi Channel State Information".

use millpond_dsp::phy::{Bandwidth, PpduFormat};

use super::wire::Family;
use crate::layout::{Layout, centred, fft_order};

/// Where the second 20 MHz channel lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secondary {
    None,
    Above,
    Below,
}

/// All that decides which tones a row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    pub family: Family,
    pub format: PpduFormat,
    pub width: Bandwidth,
    pub secondary: Secondary,
    pub stbc: bool,
    /// Number of pairs printed.
    pub pairs: usize,
    /// True if the values stand in ascending order, zero in the middle; asked only where no table says.
    pub centred: bool,
    /// Pairs at the start that the hardware overwrites.
    pub invalid: usize,
}

impl Shape {
    /// The layout of a row of this shape.
    pub fn layout(&self) -> Layout {
        let fields = self.fields();
        Layout::new(&fields, |i, _| i < self.invalid)
    }

    fn fields(&self) -> Vec<Vec<i16>> {
        match self.family {
            Family::EspCsiC5C6 => vec![self.one_field()],
            Family::Radar | Family::RadarOld => self.radar(),
            _ => self.table(),
        }
    }

    /// ESP32, S2, S3, C3: legacy, HT and STBC fields behind one another, as many as the configuration asked for.
    fn table(&self) -> Vec<Vec<i16>> {
        let wide = self.width == Bandwidth::Mhz40;
        // Tones count from the centre of the packet's width, so the half of a 40 MHz channel that a 20 MHz packet
        // fills is shifted to its own centre; of a 40 MHz packet it is the primary half.
        let part = |n: i16| -> Vec<i16> {
            match (self.secondary, wide) {
                (Secondary::None, _) => fft_order(64),
                (Secondary::Below, true) => (0..n).collect(),
                (Secondary::Below, false) => (-32..n - 32).collect(),
                (Secondary::Above, true) => (-n..0).collect(),
                (Secondary::Above, false) => (32 - n..32).collect(),
            }
        };
        let legacy = part(64);
        let ht = match (wide, self.stbc, self.secondary) {
            (true, true, _) => (0..61).chain(-60..0).collect(),
            (true, false, _) => fft_order(128),
            (false, true, Secondary::Below) => part(63),
            (false, true, Secondary::Above) => part(62),
            (false, ..) => part(64),
        };
        let mut fields = vec![legacy];
        if self.format != PpduFormat::Legacy {
            fields.push(ht.clone());
            if self.stbc {
                fields.push(ht);
            }
        }
        fit(fields, self.pairs).unwrap_or_else(|| vec![self.one_field()])
    }

    /// esp-radar: as the table, but without the null tones; the values ascend from the first positive tone.
    fn radar(&self) -> Vec<Vec<i16>> {
        let used = |edge: i16| -> Vec<i16> { (1..=edge).chain(-edge..0).collect() };
        let ht = if self.width == Bandwidth::Mhz40 { (2..=57).chain(-57..-1).collect() } else { used(28) };
        let fields = vec![used(26), ht.clone(), ht];
        fit(fields, self.pairs).unwrap_or_else(|| vec![self.one_field()])
    }

    /// One training field: the C5's counts (zero and positive tones, then negative), else FFT order or ascending.
    fn one_field(&self) -> Vec<i16> {
        let edge = match self.pairs {
            53 => 26,
            57 => 28,
            117 => 58,
            245 => 122,
            n if self.centred => return centred(n),
            n => return fft_order(n),
        };
        (0..=edge).chain(-edge..0).collect()
    }
}

/// The first fields, or the last, that have just `pairs` tones together.
fn fit(fields: Vec<Vec<i16>>, pairs: usize) -> Option<Vec<Vec<i16>>> {
    let count = |f: &[Vec<i16>]| f.iter().map(Vec::len).sum::<usize>();
    let n = fields.len();
    let first = (1..=n).find(|&k| count(&fields[..k]) == pairs).map(|k| 0..k);
    let range = first.or_else(|| (1..n).find(|&k| count(&fields[k..]) == pairs).map(|k| k..n))?;
    Some(fields[range].to_vec())
}

/// Whether 64 or 128 pairs of parts ascend (guards at both ends) or stand in FFT order (guards in the middle), where
/// the null tones tell; `None` where they do not.
pub fn is_centred(parts: &[i8]) -> Option<bool> {
    // 802.11n: HT 20 MHz uses 1..28 of 64, 40 MHz 2..58 of 128; legacy less.
    let guard = match parts.len() {
        128 => 3,
        256 => 5,
        _ => return None,
    };
    let zero = |from: usize, to: usize| parts[2 * from..2 * to].iter().all(|&v| v == 0);
    let (n, half) = (parts.len() / 2, parts.len() / 4);
    let ends = zero(n - guard, n);
    let middle = zero(half - guard + 1, half + guard);
    (ends != middle).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(format: PpduFormat, width: Bandwidth, secondary: Secondary, stbc: bool, pairs: usize) -> Shape {
        Shape { family: Family::EspCsi, format, width, secondary, stbc, pairs, centred: false, invalid: 0 }
    }

    #[test]
    fn the_guides_table_has_its_byte_counts() {
        use Bandwidth::{Mhz20, Mhz40};
        use PpduFormat::{Ht, Legacy};
        use Secondary::{Above, Below, None};
        for (secondary, format, width, stbc, bytes) in [
            (None, Legacy, Mhz20, false, 128),
            (None, Ht, Mhz20, false, 256),
            (None, Ht, Mhz20, true, 384),
            (Below, Legacy, Mhz20, false, 128),
            (Below, Ht, Mhz20, false, 256),
            (Below, Ht, Mhz20, true, 380),
            (Below, Ht, Mhz40, false, 384),
            (Below, Ht, Mhz40, true, 612),
            (Above, Legacy, Mhz20, false, 128),
            (Above, Ht, Mhz20, false, 256),
            (Above, Ht, Mhz20, true, 376),
            (Above, Ht, Mhz40, false, 384),
            (Above, Ht, Mhz40, true, 612),
        ] {
            let layout = shape(format, width, secondary, stbc, bytes / 2).layout();
            assert_eq!(layout.tones.len() * 2, bytes, "{secondary:?} {format:?} {width:?} {stbc}");
        }
    }

    #[test]
    fn tones_count_from_the_packets_centre() {
        let above = shape(PpduFormat::Legacy, Bandwidth::Mhz20, Secondary::Above, false, 64).layout();
        assert_eq!((above.tones[0], above.order[0]), (-32, 0));
        let none = shape(PpduFormat::Legacy, Bandwidth::Mhz20, Secondary::None, false, 64).layout();
        assert_eq!((none.tones[0], none.order[0]), (-32, 32));
        let ht_alone = shape(PpduFormat::Ht, Bandwidth::Mhz40, Secondary::Above, false, 128).layout();
        assert_eq!((ht_alone.tones[0], ht_alone.order[0]), (-64, 64));
    }

    #[test]
    fn unlisted_counts_still_have_a_layout() {
        for pairs in 1..700 {
            for secondary in [Secondary::None, Secondary::Above, Secondary::Below] {
                let shape = Shape { invalid: 2, ..shape(PpduFormat::Ht, Bandwidth::Mhz20, secondary, true, pairs) };
                assert_eq!(shape.layout().stored(), pairs);
            }
        }
    }

    #[test]
    fn guards_tell_the_order() {
        let mut parts = [1i8; 128];
        assert_eq!(is_centred(&parts), None);
        parts[58..72].fill(0);
        assert_eq!(is_centred(&parts), Some(false));
        parts.fill(1);
        parts[..8].fill(0);
        parts[122..].fill(0);
        assert_eq!(is_centred(&parts), Some(true));
        assert_eq!(is_centred(&[]), None);
    }
}
