//! Tone (subcarrier) numbering: signed indices from the centre of the received channel, in ascending order.
//!
//! Source: IEEE 802.11-2020 17.3.5.10 (legacy), 19.3.11.11 (HT), 21.3.7 (VHT); IEEE 802.11ax-2021 27.3.10 (HE).

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use super::Bandwidth;

/// The PPDU format that carried the channel estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(rename_all = "lowercase"))]
pub enum PpduFormat {
    /// Clause 17 or 18 OFDM (802.11a/g), also "non-HT".
    Legacy,
    /// High throughput (802.11n).
    Ht,
    /// Very high throughput (802.11ac).
    Vht,
    /// High efficiency (802.11ax).
    He,
    /// Extremely high throughput (802.11be).
    Eht,
    /// The recording does not say.
    Unknown,
}

/// The distance of two neighbouring tones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ToneSpacing {
    /// 312.5 kHz: legacy, HT, VHT.
    Khz312,
    /// 78.125 kHz: HE, EHT.
    Khz78,
}

impl PpduFormat {
    /// The tone spacing of the format's long training field. An unknown format counts as HT.
    pub const fn spacing(self) -> ToneSpacing {
        match self {
            Self::He | Self::Eht => ToneSpacing::Khz78,
            Self::Legacy | Self::Ht | Self::Vht | Self::Unknown => ToneSpacing::Khz312,
        }
    }
}

/// True if a data or pilot tone of that index exists; guards and DC hold no channel.
///
/// `index` counts from the centre of `width`. Unknown formats take the union of legacy and HT.
///
/// ```
/// use millpond_dsp::phy::{Bandwidth, PpduFormat, tones::is_populated};
///
/// assert!(is_populated(PpduFormat::Ht, Bandwidth::Mhz20, 28));
/// assert!(!is_populated(PpduFormat::Legacy, Bandwidth::Mhz20, 28));
/// assert!(!is_populated(PpduFormat::Ht, Bandwidth::Mhz20, 0));
/// ```
pub const fn is_populated(format: PpduFormat, width: Bandwidth, index: i16) -> bool {
    use Bandwidth::{Mhz20, Mhz40, Mhz80, Mhz160, Mhz320};
    let k = index.unsigned_abs();
    match (format, width) {
        (PpduFormat::Legacy, Mhz20) => 1 <= k && k <= 26,
        // Duplicated legacy in a wide channel: each 20 MHz part has its own centre.
        (PpduFormat::Legacy, _) => {
            let half = (width.mhz() / 20 * 32) as i16;
            let within = (index + half).rem_euclid(64) - 32;
            k < half as u16 && within != 0 && within.unsigned_abs() <= 26
        }
        (PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz20) => 1 <= k && k <= 28,
        (PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz40) => 2 <= k && k <= 58,
        (PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz80) => 2 <= k && k <= 122,
        (PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz160 | Mhz320) => {
            (6 <= k && k <= 126) || (130 <= k && k <= 250)
        }
        (PpduFormat::He | PpduFormat::Eht, Mhz20) => 2 <= k && k <= 122,
        (PpduFormat::He | PpduFormat::Eht, Mhz40) => 3 <= k && k <= 244,
        (PpduFormat::He | PpduFormat::Eht, Mhz80) => 3 <= k && k <= 500,
        (PpduFormat::He | PpduFormat::Eht, Mhz160) => (12 <= k && k <= 509) || (515 <= k && k <= 1012),
        // IEEE 802.11be 36.3.12: four 80 MHz parts of 996 tones each, centred at +-512 and +-1536.
        (PpduFormat::He | PpduFormat::Eht, Mhz320) => {
            let within = (index + 2048).rem_euclid(1024) - 512;
            let k = within.unsigned_abs();
            3 <= k && k <= 500
        }
    }
}

/// True if the tone carries a pilot in every data symbol.
///
/// `index` counts from the centre of `width`. Pilots stay where they are in HT and later; those of VHT 160 MHz and
/// HE 160 MHz are those of the two 80 MHz halves. Duplicated legacy and 320 MHz answer false: no list is kept here.
///
/// Source: IEEE 802.11-2020 17.3.5.9, 19.3.11.10, 21.3.10.10; IEEE 802.11ax-2021 27.3.12.13 (one RU over the width).
pub const fn is_pilot(format: PpduFormat, width: Bandwidth, index: i16) -> bool {
    use Bandwidth::{Mhz20, Mhz40, Mhz80, Mhz160};
    let k = index.unsigned_abs();
    match (format, width) {
        (PpduFormat::Legacy | PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz20) => matches!(k, 7 | 21),
        (PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz40) => matches!(k, 11 | 25 | 53),
        (PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz80) => matches!(k, 11 | 39 | 75 | 103),
        (PpduFormat::Ht | PpduFormat::Vht | PpduFormat::Unknown, Mhz160) => {
            matches!(k.abs_diff(128), 11 | 39 | 75 | 103)
        }
        (PpduFormat::He | PpduFormat::Eht, Mhz20) => matches!(k, 22 | 48 | 90 | 116),
        (PpduFormat::He | PpduFormat::Eht, Mhz40) => matches!(k, 10 | 36 | 78 | 104 | 144 | 170 | 212 | 238),
        (PpduFormat::He | PpduFormat::Eht, Mhz80) => matches!(k, 24 | 92 | 158 | 226 | 266 | 334 | 400 | 468),
        (PpduFormat::He | PpduFormat::Eht, Mhz160) => {
            matches!(k.abs_diff(512), 24 | 92 | 158 | 226 | 266 | 334 | 400 | 468)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(format: PpduFormat, width: Bandwidth) -> usize {
        (-2048..2048).filter(|&k| is_populated(format, width, k)).count()
    }

    #[test]
    fn counts_match_the_standard() {
        use Bandwidth::*;
        use PpduFormat::*;
        for (format, width, tones) in [
            (Legacy, Mhz20, 52),
            (Legacy, Mhz40, 104),
            (Legacy, Mhz80, 208),
            (Ht, Mhz20, 56),
            (Ht, Mhz40, 114),
            (Vht, Mhz80, 242),
            (Vht, Mhz160, 484),
            (He, Mhz20, 242),
            (He, Mhz40, 484),
            (He, Mhz80, 996),
            (He, Mhz160, 1992),
            (Eht, Mhz320, 3984),
        ] {
            assert_eq!(count(format, width), tones, "{format:?} {width:?}");
        }
    }

    #[test]
    fn pilots_are_tones_and_as_many_as_the_standard_has() {
        use Bandwidth::*;
        use PpduFormat::*;
        for (format, width, pilots) in [
            (Legacy, Mhz20, 4),
            (Ht, Mhz20, 4),
            (Ht, Mhz40, 6),
            (Vht, Mhz80, 8),
            (Vht, Mhz160, 16),
            (He, Mhz20, 8),
            (He, Mhz40, 16),
            (He, Mhz80, 16),
            (He, Mhz160, 32),
        ] {
            let all = (-2048..2048).filter(|&k| is_pilot(format, width, k));
            assert_eq!(all.clone().count(), pilots, "{format:?} {width:?}");
            assert!(all.clone().all(|k| is_populated(format, width, k)), "{format:?} {width:?}");
        }
    }
}
