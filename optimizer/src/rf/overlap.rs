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
/// clean power-of-two block that holds the primary and lose `1 - clean/width`. The relation is not symmetric. What either
/// leaves out of its channel counts neither as touched nor as width. At 2.4 GHz, distance counts by the measured factor
/// per 5 MHz step.
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
    // Blocks that overlap are on one raster; bits count our 20 MHz subchannels from below.
    let (start, theirs) = (own.span_mhz().0, u32::from(other.occupied()));
    let theirs = match other.span_mhz().0.checked_sub(start) {
        Some(above) => theirs << (above / 20),
        None => theirs >> ((start - other.span_mhz().0) / 20),
    };
    let (mine, place) = (u32::from(own.occupied()), own.place());
    let block = |size: u16| mine & (u32::MAX >> (32 - size)) << (place / size * size);
    let sizes = (0..5).map(|k| 1u16 << k).filter(|&size| size < u16::from(own.width().subchannels()));
    let clean = sizes.map(block).filter(|b| b & theirs == 0).map(u32::count_ones).max();
    let width = mine.count_ones();
    let lost = |clean: u32| ((width - clean) * 1_000 / width) as u16;
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

    /// Centres in MHz of the 20 MHz subchannels that a channel uses.
    fn centres(c: Channel) -> Vec<u16> {
        let low = c.span_mhz().0;
        let used = (0..u16::from(c.width().subchannels())).filter(|k| c.punctured() & (1 << k) == 0);
        used.map(|k| low + 20 * k + 10).collect()
    }

    /// Twin: mark 20 MHz subchannels one by one and try every aligned block.
    fn slow(own: Channel, other: Channel) -> u16 {
        let (mine, theirs, start) = (centres(own), centres(other), own.span_mhz().0);
        if mine.iter().all(|m| !theirs.contains(m)) {
            return 0;
        }
        let primary = own.primary_span_mhz().0 + 10;
        let mut clean = 0;
        for size in [1, 2, 4, 8, 16] {
            let of = |m: u16| (m - start) / 20 / size;
            let block: Vec<u16> = mine.iter().copied().filter(|&m| of(m) == of(primary)).collect();
            if block.iter().all(|m| !theirs.contains(m)) {
                clean = clean.max(block.len());
            }
        }
        (1_000 * (mine.len() - clean) / mine.len()) as u16
    }

    #[test]
    fn a_hole_costs_nothing_and_counts_for_nothing() {
        let whole = channel(Band::Ghz5, 36, 80);
        let part = whole.puncture(0b0100).unwrap();
        let narrow = |primary| channel(Band::Ghz5, primary, 20);
        assert_eq!(overlap(whole, narrow(44)).permille, 500);
        assert_eq!(overlap(part, narrow(44)).permille, 0);
        assert_eq!(overlap(narrow(44), part).permille, 0);
        // Two of three subchannels stay clean.
        assert_eq!(overlap(part, narrow(48)).permille, 333);
        assert_eq!(overlap(part, narrow(36)), Overlap { permille: 1_000, primary: true });
        assert_eq!(overlap(narrow(48), part).permille, 1_000);
    }

    #[test]
    fn equals_its_slow_twin() {
        for band in [Band::Ghz5, Band::Ghz6] {
            let all = Channel::all(band).flat_map(|c| std::iter::once(c).chain(c.punctures().take(8).step_by(3)));
            let all: Vec<Channel> = all.step_by(3).collect();
            for (&a, &b) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
                assert_eq!(overlap(a, b).permille, slow(a, b), "{a} {b}");
                assert_eq!(overlap(a, b).permille > 0, a.overlaps(b), "{a} {b}");
            }
        }
    }
}
