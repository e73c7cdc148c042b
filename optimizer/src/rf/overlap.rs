//! How much of one channel another one takes.

use millpond_dsp::phy::{Band, Channel};

/// Share of a 20 MHz channel's time that a frame on another one costs at 2.4 GHz, by channel distance, in thousandths.
///
/// Source: Villegas et al., Effect of adjacent-channel interference in IEEE 802.11 WLANs, CrownCom 2007.
const NEAR_2GHZ: [u16; 6] = [1_000, 730, 270, 40, 5, 1];

/// What another transmitter's channel does to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The share of our capacity that its airtime takes, in thousandths.
    pub permille: u16,
    /// True if it covers our primary, where its preambles are heard.
    pub primary: bool,
}

/// What a transmission on `other` takes from a BSS on `own`.
///
/// If it covers our primary, everything is lost. If it only touches secondary channels, we fall back to the largest
/// clean power-of-two block that holds the primary and lose `1 - clean/width`. The relation is not symmetric. At
/// 2.4 GHz, distance counts by the measured factor per 5 MHz step.
///
/// ```
/// use millpond_dsp::phy::{Band, Bandwidth, Channel};
/// use millpond_optimizer::rf::overlap::overlap;
///
/// let wide = Channel::new(Band::Ghz5, 36, Bandwidth::Mhz80).unwrap();
/// let narrow = Channel::new(Band::Ghz5, 44, Bandwidth::Mhz20).unwrap();
/// assert_eq!(overlap(wide, narrow).permille, 500);
/// assert_eq!(overlap(narrow, wide).permille, 1_000);
/// ```
pub fn overlap(own: Channel, other: Channel) -> Overlap {
    match own.band() {
        band if band != other.band() => Overlap { permille: 0, primary: false },
        Band::Ghz2 => overlap_2ghz(own, other),
        Band::Ghz5 | Band::Ghz6 => overlap_blocks(own, other),
    }
}

fn overlap_blocks(own: Channel, other: Channel) -> Overlap {
    if !own.overlaps(other) {
        return Overlap { permille: 0, primary: false };
    }
    let ((low, high), (_, width)) = (other.span_mhz(), (0, own.width().mhz()));
    let start = own.span_mhz().0;
    let offset = own.primary_span_mhz().0 - start;
    let is_clean = |size: u16| {
        let from = start + offset / size * size;
        from >= high || from + size <= low
    };
    let clean = (0..5).map(|k| 20u16 << k).filter(|&s| s < width && is_clean(s)).max();
    // 320 * 1000 does not fit in 16 bits.
    let lost = |clean: u16| (u32::from(width - clean) * 1_000 / u32::from(width)) as u16;
    Overlap { permille: clean.map_or(1_000, lost), primary: clean.is_none() }
}

/// The 20 MHz channels of a 2.4 GHz block, primary first.
fn parts_2ghz(channel: Channel) -> [u8; 2] {
    // A 40 MHz block of centre c is made of c - 2 and c + 2; a 20 MHz block of itself twice.
    [channel.primary(), 2 * channel.center() - channel.primary()]
}

fn overlap_2ghz(own: Channel, other: Channel) -> Overlap {
    let near = |part: u8| {
        let distance = parts_2ghz(other).into_iter().map(|p| usize::from(p.abs_diff(part))).min();
        distance.and_then(|d| NEAR_2GHZ.get(d).copied()).unwrap_or(0)
    };
    let [primary, secondary] = parts_2ghz(own);
    let hit = near(primary);
    Overlap { permille: hit.max(if secondary == primary { 0 } else { near(secondary) / 2 }), primary: hit == 1_000 }
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::Bandwidth;

    use super::*;

    fn channel(band: Band, primary: u8, width: u16) -> Channel {
        Channel::new(band, primary, Bandwidth::try_from(width).unwrap()).unwrap()
    }

    #[test]
    fn table_at_5_ghz() {
        let o = |own: (u8, u16), other: (u8, u16)| {
            overlap(channel(Band::Ghz5, own.0, own.1), channel(Band::Ghz5, other.0, other.1)).permille
        };
        assert_eq!(o((36, 20), (36, 20)), 1_000);
        assert_eq!(o((36, 20), (40, 20)), 0);
        assert_eq!(o((36, 40), (40, 20)), 500);
        assert_eq!(o((40, 40), (40, 20)), 1_000);
        assert_eq!(o((36, 80), (40, 20)), 750);
        assert_eq!(o((36, 80), (44, 20)), 500);
        assert_eq!(o((36, 80), (44, 40)), 500);
        assert_eq!(o((44, 80), (36, 40)), 500);
        assert_eq!(o((36, 160), (52, 80)), 500);
        assert_eq!(o((36, 160), (40, 20)), 875);
        assert_eq!(o((36, 80), (36, 160)), 1_000);
        assert_eq!(o((149, 80), (36, 160)), 0);
    }

    #[test]
    fn the_two_320_rasters_meet_half() {
        let a = Channel::with_center(Band::Ghz6, 1, Bandwidth::Mhz320, 31).unwrap();
        let b = Channel::with_center(Band::Ghz6, 37, Bandwidth::Mhz320, 63).unwrap();
        assert_eq!(overlap(a, b), Overlap { permille: 500, primary: false });
        assert_eq!(overlap(b, a), Overlap { permille: 1_000, primary: true });
    }

    #[test]
    fn table_at_2_4_ghz() {
        let one = channel(Band::Ghz2, 1, 20);
        let lost: Vec<u16> = (1..=8).map(|c| overlap(one, channel(Band::Ghz2, c, 20)).permille).collect();
        assert_eq!(lost, [1_000, 730, 270, 40, 5, 1, 0, 0]);
        // 40 MHz on 1 and 5: a frame on 5 takes half.
        let wide = Channel::with_center(Band::Ghz2, 1, Bandwidth::Mhz40, 3).unwrap();
        assert_eq!(overlap(wide, channel(Band::Ghz2, 5, 20)), Overlap { permille: 500, primary: false });
    }

    /// Twin: mark 20 MHz subchannels one by one and try every aligned block.
    fn slow(own: Channel, other: Channel) -> u16 {
        let n = usize::from(own.width().subchannels());
        let start = own.span_mhz().0;
        let taken: Vec<bool> = (0..n as u16)
            .map(|i| {
                let (a, b) = (start + 20 * i, start + 20 * i + 20);
                other.span_mhz().0 < b && a < other.span_mhz().1
            })
            .collect();
        let primary = usize::from((own.primary_span_mhz().0 - start) / 20);
        let mut clean = 0;
        for size in [1, 2, 4, 8, 16] {
            for from in (0..n).step_by(size) {
                let block = from..from + size;
                if size <= n && block.contains(&primary) && !taken[block].iter().any(|t| *t) {
                    clean = size;
                }
            }
        }
        (1_000 * (n - clean) / n) as u16
    }

    #[test]
    fn equals_its_slow_twin() {
        for band in [Band::Ghz5, Band::Ghz6] {
            let all: Vec<Channel> = Channel::all(band).step_by(3).collect();
            for (&a, &b) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
                assert_eq!(overlap(a, b).permille, slow(a, b), "{a} {b}");
                assert_eq!(overlap(a, b).permille > 0, a.overlaps(b), "{a} {b}");
            }
        }
    }
}
