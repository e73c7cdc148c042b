//! From a level to a PHY rate to a share of airtime.

use std::sync::LazyLock;

use millpond_dsp::phy::{Bandwidth, Channel};

use crate::model::site::Phy;

/// HE rates of one stream at 20 MHz and 0.8 us guard interval, MCS 0 to 11, in kb/s.
///
/// Source: IEEE 802.11ax-2021 table 27-60.
const RATE_KBPS: [u64; 12] =
    [8_600, 17_200, 25_800, 34_400, 51_600, 68_800, 77_400, 86_000, 103_200, 114_700, 129_000, 143_400];

/// Level in dBm that each MCS needs at 20 MHz; 3 dB more for each doubling of the width.
///
/// Source: IEEE 802.11ax-2021 table 27-53, minimum input level sensitivity (10 dB noise figure, 5 dB margin inside).
const NEEDED_DBM: [i32; 12] = [-82, -79, -77, -74, -70, -66, -65, -64, -59, -57, -54, -52];

/// Data tones of a width over those of 20 MHz (234), in thousandths: 468, 980, 1960 and 3920 tones.
const WIDTH_MILLI: [u64; 5] = [1_000, 2_000, 4_190, 8_370, 16_750];

/// Rate in kb/s that stands for "no link": one DSSS frame rate, so that logarithms stay finite.
pub const FLOOR_KBPS: u32 = 1_000;

/// Noise in dBm over 20 MHz that the sensitivity figures include: -174 + 73 + 7 dB.
pub const NOISE_DBM: i32 = -94;

/// Airtime of one client or link is cut here, at ten whole airtimes, in millionths.
const MAX_PPM: u64 = 10_000_000;

/// What both ends of a link can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ability {
    /// Widest channel.
    pub width: Bandwidth,
    /// Spatial streams, at least 1.
    pub streams: u8,
    /// Highest MCS.
    pub mcs: usize,
    /// True if both can leave subchannels out and use what is left on both sides of a hole (802.11be).
    pub punctured: bool,
}

/// What a channel offers around its primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Widest block without a hole that holds the primary: what a station has that knows nothing of holes.
    clean: Bandwidth,
    /// Subchannels in use in the block of each width around the primary, narrowest first.
    used: [u8; 5],
}

impl Span {
    /// A span from its parts: the widest block without a hole, and the 20 MHz subchannels in use in each block around the
    /// primary, narrowest first; over the channel's width the last one goes on.
    pub const fn new(clean: Bandwidth, used: [u8; 5]) -> Self {
        Self { clean, used }
    }

    /// What it can be compared by: each the more the better.
    pub fn traits(self) -> [u8; 4] {
        [self.clean as u8, self.used[2], self.used[3], self.used[4]]
    }
}

/// The spans of whole channels, by width.
const WHOLE: [Span; 5] = {
    let mut all = [Span { clean: Bandwidth::Mhz20, used: [1; 5] }; 5];
    let mut width = 1;
    while width < 5 {
        all[width] = Span { clean: Bandwidth::ALL[width], used: all[width - 1].used };
        let mut at = width;
        while at < 5 {
            all[width].used[at] = Bandwidth::ALL[width].subchannels();
            at += 1;
        }
        width += 1;
    }
    all
};

impl From<Bandwidth> for Span {
    fn from(width: Bandwidth) -> Self {
        WHOLE[width as usize]
    }
}

impl From<Channel> for Span {
    #[inline]
    fn from(c: Channel) -> Self {
        if c.punctured() == 0 { WHOLE[c.width() as usize] } else { Self::around_holes(c) }
    }
}

impl Span {
    fn around_holes(c: Channel) -> Self {
        let block = |w: Bandwidth| {
            let size = u16::from(w.min(c.width()).subchannels());
            c.occupied() & (u16::MAX >> (16 - size)) << (c.place() / size * size)
        };
        let used = Bandwidth::ALL.map(|w| block(w).count_ones() as u8);
        let is_clean = |w: &Bandwidth| *w <= c.width() && used[*w as usize] == w.subchannels();
        let clean = Bandwidth::ALL.into_iter().rev().find(is_clean).unwrap_or(Bandwidth::Mhz20);
        Self { clean, used }
    }
}

/// The highest MCS of a PPDU format in the HE table.
pub const fn highest_mcs(phy: Phy) -> usize {
    match phy {
        Phy::Ht => 7,
        Phy::Vht => 9,
        Phy::He | Phy::Eht => 11,
    }
}

/// Levels that the table of rates covers in dBm: under it nothing gets through, over it everything does.
const TABLE_DBM: (i32, i32) = (-83, -40);

/// Rates of one stream by highest MCS, width and level.
static RATES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let at = |mcs: usize, width: usize, level: i32| {
        let best = (0..=width).filter_map(|w| {
            let mcs = (0..=mcs).rev().find(|&m| level >= NEEDED_DBM[m] + 3 * w as i32)?;
            Some(RATE_KBPS[mcs] * WIDTH_MILLI[w] / 1_000)
        });
        best.max().unwrap_or(0) as u32
    };
    let levels = |mcs: usize, width: usize| (TABLE_DBM.0..=TABLE_DBM.1).map(move |level| at(mcs, width, level));
    (0..12).flat_map(|mcs| (0..5).flat_map(move |width| levels(mcs, width))).collect()
});

/// Resource units of more than one 20 MHz subchannel as 802.11be joins them: subchannels, data tones, and how many dB more
/// than at 20 MHz they need, rounded up.
///
/// Source: IEEE 802.11be-2024 36.3.2.2.3 (multiple resource units: 242, 484 and 996 tones and their sums), of which 234,
/// 468 and 980 carry data.
const UNITS: [(u8, u64, i32); 11] = [
    (1, 234, 0),
    (2, 468, 3),
    (3, 702, 5),
    (4, 980, 6),
    (6, 1_448, 8),
    (7, 1_682, 9),
    (8, 1_960, 9),
    (10, 2_428, 10),
    (12, 2_940, 11),
    (14, 3_408, 12),
    (16, 3_920, 12),
];

/// Rates of one stream by highest MCS, resource unit and level, over that unit and all smaller ones.
static UNIT_RATES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let at = |mcs: usize, unit: usize, level: i32| {
        let best = UNITS[..=unit].iter().filter_map(|&(_, tones, over)| {
            let mcs = (0..=mcs).rev().find(|&m| level >= NEEDED_DBM[m] + over)?;
            Some(RATE_KBPS[mcs] * tones / 234)
        });
        best.max().unwrap_or(0) as u32
    };
    let levels = |mcs: usize, unit: usize| (TABLE_DBM.0..=TABLE_DBM.1).map(move |level| at(mcs, unit, level));
    (0..12).flat_map(|mcs| (0..UNITS.len()).flat_map(move |unit| levels(mcs, unit))).collect()
});

/// The best PHY rate in kb/s at a received level: the best MCS over the channel's width and all narrower PPDUs in it.
///
/// Who cannot leave subchannels out has the widest block without a hole; who can has every joined resource unit of what is
/// left, too.
///
/// - Units: `level_dbm` in dBm over the whole channel, `noise_dbm` over 20 MHz; more than -94 dBm costs sensitivity
/// - Result: at least [`FLOOR_KBPS`]
#[inline]
pub fn rate_kbps(level_dbm: i32, noise_dbm: i32, span: Span, ability: Ability) -> u32 {
    let margin = level_dbm - (noise_dbm - NOISE_DBM).max(0);
    let (low, high) = TABLE_DBM;
    let (mcs, levels) = (ability.mcs.min(11), (high - low + 1) as usize);
    let at = (margin.clamp(low, high) - low) as usize;
    let one = if ability.punctured {
        let used = span.used[ability.width as usize];
        let unit = UNITS.iter().rposition(|u| u.0 <= used).unwrap_or(0);
        UNIT_RATES[(mcs * UNITS.len() + unit) * levels + at]
    } else {
        RATES[(mcs * 5 + span.clean.min(ability.width) as usize) * levels + at]
    };
    one.saturating_mul(u32::from(ability.streams)).max(FLOOR_KBPS)
}

/// True if at least MCS 0 at 20 MHz gets through.
pub const fn reaches(level_dbm: i32) -> bool {
    level_dbm >= NEEDED_DBM[0]
}

/// The airtime in millionths that a demand needs at a PHY rate, with a MAC efficiency of 0.7; at most ten airtimes.
pub fn airtime_ppm(demand_kbps: u64, rate_kbps: u32) -> u64 {
    (demand_kbps.saturating_mul(10_000_000) / (7 * u64::from(rate_kbps.max(1)))).min(MAX_PPM)
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::Band;

    use super::*;

    const HE2: Ability = Ability { width: Bandwidth::Mhz320, streams: 2, mcs: 11, punctured: false };

    fn rate_kbps(level_dbm: i32, noise_dbm: i32, span: impl Into<Span>, ability: Ability) -> u32 {
        super::rate_kbps(level_dbm, noise_dbm, span.into(), ability)
    }

    #[test]
    fn holes_cost_their_part_and_more_who_knows_nothing_of_them() {
        let whole = Channel::new(Band::Ghz5, 36, Bandwidth::Mhz160).unwrap();
        let eht = Ability { punctured: true, ..HE2 };
        let narrow = Ability { width: Bandwidth::Mhz80, ..eht };
        let rate = |bitmap: u16, ability: Ability| rate_kbps(-40, -95, whole.puncture(bitmap).unwrap(), ability);
        let of = |tones: u64| (143_400 * tones / 234) as u32 * 2;
        // A hole in the upper half: 996 and 484 and 242 tones, against the 80 MHz below it.
        assert_eq!(rate(0b0100_0000, eht), of(1_682));
        assert_eq!(rate(0b0100_0000, narrow), of(980));
        assert_eq!(rate(0b0100_0000, HE2), rate_kbps(-40, -95, Bandwidth::Mhz80, HE2));
        // One in the lower half: 484 and 242 tones are left there.
        assert_eq!(rate(0b0100, narrow), of(702));
        assert_eq!(rate(0b0100, HE2), rate_kbps(-40, -95, Bandwidth::Mhz40, HE2));
        assert_eq!(rate(0b0010, HE2), rate_kbps(-40, -95, Bandwidth::Mhz20, HE2));
        assert_eq!(rate(0b0000_1100, eht), of(1_448));
        assert_eq!(rate(0, eht), of(1_960));
        assert_eq!(Span::from(whole), Span::from(Bandwidth::Mhz160));
        assert_eq!(Span::from(whole), Span::new(Bandwidth::Mhz160, [1, 2, 4, 8, 8]));
        assert_eq!(Span::from(Bandwidth::Mhz20), Span::new(Bandwidth::Mhz20, [1; 5]));
    }

    #[test]
    fn rate_never_falls_with_what_a_hole_leaves() {
        for level in -100..-20 {
            for pair in UNITS.windows(2) {
                let of = |used: u8| Span::new(Bandwidth::Mhz20, [1, used.min(2), used.min(4), used.min(8), used]);
                let eht = Ability { punctured: true, ..HE2 };
                assert!(rate_kbps(level, -94, of(pair[0].0), eht) <= rate_kbps(level, -94, of(pair[1].0), eht));
            }
        }
    }

    #[test]
    fn known_rates() {
        assert_eq!(rate_kbps(-40, -95, Bandwidth::Mhz80, HE2), 143_400 * 4_190 / 1_000 * 2);
        assert_eq!(rate_kbps(-82, -95, Bandwidth::Mhz20, HE2), 17_200);
        assert_eq!(rate_kbps(-83, -95, Bandwidth::Mhz20, HE2), FLOOR_KBPS);
        // Too weak for 80 MHz, so a 20 MHz PPDU carries it.
        assert_eq!(rate_kbps(-80, -95, Bandwidth::Mhz80, HE2), 17_200);
        // 3 dB of extra noise cost the step from MCS 0 to nothing.
        assert_eq!(rate_kbps(-80, -91, Bandwidth::Mhz20, HE2), FLOOR_KBPS);
        let ht = Ability { mcs: highest_mcs(Phy::Ht), streams: 1, ..HE2 };
        assert_eq!(rate_kbps(-30, -95, Bandwidth::Mhz20, ht), 86_000);
    }

    #[test]
    fn rate_never_falls_with_level_or_width() {
        for level in -100..-20 {
            for pair in Bandwidth::ALL.windows(2) {
                assert!(rate_kbps(level, -94, pair[0], HE2) <= rate_kbps(level, -94, pair[1], HE2), "{level}");
            }
            assert!(rate_kbps(level, -94, Bandwidth::Mhz160, HE2) <= rate_kbps(level + 1, -94, Bandwidth::Mhz160, HE2));
        }
    }

    #[test]
    fn airtime() {
        // 70 Mb/s over 100 Mb/s at efficiency 0.7 is the whole time.
        assert_eq!(airtime_ppm(70_000, 100_000), 1_000_000);
        assert_eq!(airtime_ppm(u64::from(u32::MAX), 1), MAX_PPM);
    }
}
