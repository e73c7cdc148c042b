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

/// Stands for a pair that is no tone.
const PADDING: i16 = i16::MIN;

impl Shape {
    /// The layout of a row of this shape.
    pub fn layout(&self) -> Layout {
        let fields = self.fields();
        Layout::new(&fields, |i, k| i < self.invalid || k == PADDING)
    }

    fn fields(&self) -> Vec<Vec<i16>> {
        match self.family {
            // The second field of an STBC packet of the C5 has the tones of the first.
            Family::EspCsiC5C6 if matches!(self.pairs, 114 | 234) => {
                let one = Shape { pairs: self.pairs / 2, ..*self }.one_field();
                vec![one.clone(), one]
            }
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
        let padded = |pairs: usize| {
            // The driver's buffer is a multiple of 4 bytes: behind an odd number of pairs stands one that is none.
            let mut fields = fit(fields.clone(), pairs.checked_sub(1)?)?;
            fields.last_mut()?.push(PADDING);
            Some(fields)
        };
        let whole = self.pairs % 64 == 0 && self.pairs <= 192;
        fit(fields.clone(), self.pairs)
            .or_else(|| padded(self.pairs))
            .or_else(|| whole.then(|| vec![part(64); self.pairs / 64]))
            .unwrap_or_else(|| vec![self.one_field()])
    }

    /// esp-radar: as the table, but without the null tones, and brought into ascending order.
    ///
    /// Source: Espressif's own table of ranges kept (esp-csi, component esp-radar, `sub_carrier_table`): of 64 tones
    /// bytes 76..128, which are -26..-1, then 2..54, which are 1..26; of 40 MHz -58..-31, -29..-2, 2..29, 31..58. The
    /// second HT field of an STBC packet without a secondary channel alone begins with its positive tones.
    fn radar(&self) -> Vec<Vec<i16>> {
        let used = |edge: i16| -> Vec<i16> { (-edge..0).chain(1..=edge).collect() };
        let wide = self.width == Bandwidth::Mhz40;
        let ht = if wide { (-58..=-31).chain(-29..=-2).chain(2..=29).chain(31..=58).collect() } else { used(28) };
        let stbc =
            if !wide && self.secondary == Secondary::None { (1..=28).chain(-28..0).collect() } else { ht.clone() };
        let fields = vec![used(26), ht, stbc];
        fit(fields, self.pairs).unwrap_or_else(|| vec![self.one_field()])
    }

    /// One training field: the C5's counts (zero and positive tones, then negative), else FFT order or ascending.
    fn one_field(&self) -> Vec<i16> {
        let edge = match self.pairs {
            // The forced legacy field of the C5 has half as many values as tones; which tones is not published.
            26 if self.family == Family::EspCsiC5C6 => return centred(26),
            // With a second channel the 20 MHz packet's tones ascend.
            n @ (53 | 57) if self.centred => return centred(n),
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
    let zero = |from: usize, to: usize| parts[2 * from..2 * to].iter().all(|&v| v == 0);
    // 802.11n: HT 20 MHz uses 1..28 of 64, 40 MHz 2..58 of 128; legacy less. HE 20 MHz uses 2..122 of 256.
    let guard = match parts.len() {
        128 => 3,
        256 | 512 => 5,
        // No guards: the zero tone stands first or in the middle.
        n @ (106 | 114) => {
            let (first, middle) = (zero(0, 1), zero(n / 4, n / 4 + 1));
            return (first != middle).then_some(middle);
        }
        _ => return None,
    };
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
    fn esp_radar_rows_ascend_without_null_tones() {
        let radar = |width, secondary, stbc, pairs| {
            let shape = Shape { family: Family::Radar, ..shape(PpduFormat::Ht, width, secondary, stbc, pairs) };
            (shape.layout().tones, shape.fields())
        };
        let (_, fields) = radar(Bandwidth::Mhz20, Secondary::None, false, 52);
        assert_eq!(fields, [(-26..0).chain(1..=26).collect::<Vec<i16>>()]);
        let (_, fields) = radar(Bandwidth::Mhz20, Secondary::None, true, 164);
        assert_eq!((fields.len(), fields[1][0], fields[2][0], fields[2][27], fields[2][28]), (3, -28, 1, 28, -28));
        let (_, fields) = radar(Bandwidth::Mhz40, Secondary::Below, false, 164);
        assert_eq!((fields[1].len(), fields[1][0], fields[1].contains(&30)), (112, -58, false));
        let (tones, fields) = radar(Bandwidth::Mhz40, Secondary::Above, true, 276);
        assert_eq!((tones.len(), fields[2].len()), (276, 112));
    }

    #[test]
    fn the_c5_doubles_its_field_for_stbc_and_ascends_beside_a_second_channel() {
        let c5 = |pairs, centred| {
            let shape = shape(PpduFormat::Ht, Bandwidth::Mhz20, Secondary::None, false, pairs);
            Shape { family: Family::EspCsiC5C6, centred, ..shape }.fields()
        };
        let ht20: Vec<i16> = (0..=28).chain(-28..0).collect();
        assert!(c5(57, false) == [ht20.as_slice()]);
        assert_eq!(c5(114, false), [ht20.clone(), ht20]);
        assert_eq!(c5(57, true), [(-28..=28).collect::<Vec<i16>>()]);
        assert_eq!(c5(53, true), [(-26..=26).collect::<Vec<i16>>()]);
        assert_eq!(c5(234, false)[1], (0..=58).chain(-58..0).collect::<Vec<i16>>());
        assert_eq!(c5(245, false), [(0..=122).chain(-122..0).collect::<Vec<i16>>()]);
        let mut parts = [1i8; 106];
        parts[52..54].fill(0);
        assert_eq!(is_centred(&parts), Some(true));
        parts[..2].fill(0);
        assert_eq!(is_centred(&parts), None);
    }

    #[test]
    fn a_padded_buffer_has_one_pair_that_is_no_tone() {
        // The HT field of an STBC packet alone: 121 pairs and one more to make 244 bytes.
        let layout = shape(PpduFormat::Ht, Bandwidth::Mhz40, Secondary::Below, true, 122).layout();
        assert_eq!((layout.tones.len(), layout.stored(), layout.order[121]), (121, 122, 121));
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
