//! Carrier sense: how strongly one transmitter silences or disturbs another.

use millpond_dsp::phy::{Bandwidth, Channel};

use super::chart::overlap_of;
use super::overlap::Overlap;

/// Level in dBm at which a preamble on the primary is taken as busy: -82 at 20 MHz, 3 dB more per doubling.
///
/// Source: IEEE 802.11-2020 21.3.18.5.3, CCA sensitivity for signals occupying the primary 20 MHz channel.
pub const fn preamble_dbm(width: Bandwidth) -> i32 {
    -82 + 3 * width as i32
}

/// Level in dBm at which a signal on a secondary channel is taken as busy.
///
/// Source: IEEE 802.11-2020 21.3.18.5.4, CCA sensitivity for signals not occupying the primary 20 MHz channel.
pub const SECONDARY_DBM: i32 = -72;

/// Coupling by level in thousandths: 1000 from the threshold up, fading out over the 10 dB below it, where the
/// transmitter is not heard but still costs rate.
pub const fn coupling_permille(level_dbm: i32, threshold_dbm: i32) -> u16 {
    let over = 1_000 + 100 * (level_dbm as i64 - threshold_dbm as i64);
    if over < 0 {
        0
    } else if over > 1_000 {
        1_000
    } else {
        over as u16
    }
}

/// The share of `own` that each unit of airtime on `other` takes when `other` arrives at `level_dbm`, in millionths.
pub fn coupled_ppm(own: Channel, other: Channel, level_dbm: i32) -> u32 {
    // Too weak for the lowest threshold there is: what overlaps need not be known.
    if coupling_permille(level_dbm, preamble_dbm(Bandwidth::Mhz20)) == 0 {
        return 0;
    }
    if own.band() != other.band() {
        return 0;
    }
    taken_ppm(overlap_of(own, other), other.width(), level_dbm)
}

/// The same for a known overlap and the other channel's width.
pub fn taken_ppm(o: Overlap, other: Bandwidth, level_dbm: i32) -> u32 {
    if o.permille == 0 {
        return 0;
    }
    let threshold = if o.primary { preamble_dbm(other) } else { SECONDARY_DBM };
    u32::from(o.permille) * u32::from(coupling_permille(level_dbm, threshold))
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::Band;

    use super::*;

    #[test]
    fn fades_over_ten_db() {
        assert_eq!(coupling_permille(-60, -82), 1_000);
        assert_eq!(coupling_permille(-82, -82), 1_000);
        assert_eq!(coupling_permille(-87, -82), 500);
        assert_eq!(coupling_permille(-92, -82), 0);
        assert_eq!(coupling_permille(i32::MIN, -82), 0);
    }

    #[test]
    fn thresholds_follow_width_and_place() {
        let c = |p, w| Channel::new(Band::Ghz5, p, w).unwrap();
        let narrow = c(36, Bandwidth::Mhz20);
        assert_eq!(coupled_ppm(narrow, narrow, -87), 500_000);
        // The same level spread over 80 MHz is 6 dB below its threshold further down.
        assert_eq!(coupled_ppm(narrow, c(36, Bandwidth::Mhz80), -81), 500_000);
        assert_eq!(coupled_ppm(c(36, Bandwidth::Mhz80), c(44, Bandwidth::Mhz20), -77), 250_000);
    }
}
