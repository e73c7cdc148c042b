//! From a level to a PHY rate to a share of airtime.

use std::sync::LazyLock;

use millpond_dsp::phy::Bandwidth;

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

/// The best PHY rate in kb/s at a received level: the best MCS over the channel's width and all narrower PPDUs in it.
///
/// - Units: `level_dbm` in dBm over the whole channel, `noise_dbm` over 20 MHz; more than -94 dBm costs sensitivity
/// - Result: at least [`FLOOR_KBPS`]
pub fn rate_kbps(level_dbm: i32, noise_dbm: i32, width: Bandwidth, ability: Ability) -> u32 {
    let margin = level_dbm - (noise_dbm - NOISE_DBM).max(0);
    let (low, high) = TABLE_DBM;
    let width = width.min(ability.width) as usize;
    let row = (ability.mcs.min(11) * 5 + width) * (high - low + 1) as usize;
    let one = RATES[row + (margin.clamp(low, high) - low) as usize];
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
    use super::*;

    const HE2: Ability = Ability { width: Bandwidth::Mhz320, streams: 2, mcs: 11 };

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
