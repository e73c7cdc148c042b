//! What a country allows: which channels, how much radiated power, where radar has to be watched for.
//!
//! A rule covers a stretch of spectrum. A channel is allowed if rules cover all of it; its power limit is the least of
//! the limits it touches, and one stretch with radar makes the whole channel a DFS channel. What a punctured channel
//! leaves out does not count: no rule need cover it, and limits of density hold for what is left.
//!
//! The clauses name where each limit is set. The figures were entered from public knowledge of those clauses; **the texts
//! were not at hand**. Seen beside them were only entries of the public wireless regulatory database for Great Britain
//! (equal at 5 and lower at 6 GHz here) and an older one for Japan, whose W52 and W56 limits (20 and 23 dBm) are lower
//! than here; and for Canada, which allows more at 5600 to 5650 MHz. A product that ships has to check them all. The planner
//! assumes an indoor access point; standard power at 6 GHz needs a grant by an automated frequency coordinator (AFC).

use std::sync::LazyLock;

use millpond_dsp::phy::{Band, Channel};

use crate::rf::chart::{channels, index};

/// One stretch of spectrum and its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The band.
    pub band: Band,
    /// Lower edge in MHz.
    pub low_mhz: u16,
    /// Upper edge in MHz.
    pub high_mhz: u16,
    /// Highest EIRP in dBm without transmit power control.
    pub eirp_dbm: i32,
    /// Highest EIRP in dBm with transmit power control.
    pub eirp_tpc_dbm: i32,
    /// Highest EIRP density in dBm in 1 MHz, where it can bind at 20 MHz or more.
    pub density_dbm_per_mhz: Option<i32>,
    /// Seconds of listening before use; 0 means no radar duty.
    pub cac_s: u32,
    /// Where the limit is set.
    pub source: &'static str,
}

/// A regulatory domain: its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Short name of the domain.
    pub name: &'static str,
    /// The rules, by frequency; at 6 GHz those of low-power indoor use.
    pub rules: &'static [Rule],
    /// At 6 GHz, very low power.
    pub very_low: &'static [Rule],
    /// At 6 GHz, standard power; it needs a grant.
    pub standard: &'static [Rule],
}

/// What the domain says about one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Highest EIRP in dBm over the whole channel.
    pub eirp_dbm: i32,
    /// Seconds of listening for radar before use; 0 means none is needed.
    pub cac_s: u32,
}

const fn rule(
    band: Band,
    edges: (u16, u16),
    eirp: (i32, i32),
    density: Option<i32>,
    cac_s: u32,
    source: &'static str,
) -> Rule {
    Rule {
        band,
        low_mhz: edges.0,
        high_mhz: edges.1,
        eirp_dbm: eirp.0,
        eirp_tpc_dbm: eirp.1,
        density_dbm_per_mhz: density,
        cac_s,
        source,
    }
}

/// United States. U-NII-4 (5850 to 5895 MHz) is for radios that list primaries in it.
pub const FCC: Domain = Domain {
    name: "FCC",
    rules: &[
        // 1 W conducted and 6 dBi. Ends above channel 11: 12 and 13 have band-edge limits that no access point meets at full power.
        rule(Band::Ghz2, (2400, 2473), (36, 36), None, 0, "47 CFR 15.247(b)(3), (b)(4)"),
        // Indoor access point: 1 W and 17 dBm/MHz conducted, 6 dBi.
        rule(Band::Ghz5, (5150, 5250), (36, 36), Some(23), 0, "47 CFR 15.407(a)(1)(ii)"),
        // 250 mW and 11 dBm/MHz conducted, 6 dBi.
        rule(Band::Ghz5, (5250, 5350), (30, 30), Some(17), 60, "47 CFR 15.407(a)(2), (h)(2)"),
        rule(Band::Ghz5, (5470, 5725), (30, 30), Some(17), 60, "47 CFR 15.407(a)(2), (h)(2)"),
        rule(Band::Ghz5, (5725, 5850), (36, 36), None, 0, "47 CFR 15.407(a)(3)(i)"),
        // Indoor access point.
        rule(Band::Ghz5, (5850, 5895), (36, 36), Some(20), 0, "47 CFR 15.407(a)(3)(ii), U-NII-4"),
        // Low-power indoor.
        rule(Band::Ghz6, (5925, 7125), (30, 30), Some(5), 0, "47 CFR 15.407(a)(5)"),
    ],
    very_low: &[rule(Band::Ghz6, (5925, 7125), (14, 14), Some(-5), 0, "47 CFR 15.407(a)(9)")],
    standard: &[
        rule(Band::Ghz6, (5925, 6425), (36, 36), Some(23), 0, "47 CFR 15.407(a)(4)"),
        rule(Band::Ghz6, (6525, 6875), (36, 36), Some(23), 0, "47 CFR 15.407(a)(4)"),
    ],
};

/// Canada. 5600 to 5650 MHz is left out, as older issues of the standard do.
pub const ISED: Domain = Domain {
    name: "ISED",
    rules: &[
        rule(Band::Ghz2, (2400, 2473), (36, 36), None, 0, "RSS-247 5.4(d)"),
        rule(Band::Ghz5, (5150, 5250), (23, 23), Some(10), 0, "RSS-247 6.2.1, indoor"),
        rule(Band::Ghz5, (5250, 5350), (27, 30), Some(17), 60, "RSS-247 6.2.2"),
        rule(Band::Ghz5, (5470, 5600), (27, 30), Some(17), 60, "RSS-247 6.2.3"),
        rule(Band::Ghz5, (5650, 5725), (27, 30), Some(17), 60, "RSS-247 6.2.3"),
        rule(Band::Ghz5, (5725, 5850), (36, 36), None, 0, "RSS-247 6.2.4"),
        rule(Band::Ghz6, (5925, 7125), (30, 30), Some(5), 0, "RSS-248 4.5.3, low-power indoor"),
    ],
    very_low: &[rule(Band::Ghz6, (5925, 7125), (14, 14), Some(-5), 0, "RSS-248 4.5.4")],
    standard: &[rule(Band::Ghz6, (5925, 6875), (36, 36), Some(23), 0, "RSS-248 4.5.2")],
};

/// Australia.
pub const ACMA: Domain = Domain {
    name: "ACMA",
    rules: &[
        rule(Band::Ghz2, (2400, 2484), (36, 36), None, 0, "Radiocommunications (LIPD) Class Licence, item 56"),
        rule(Band::Ghz5, (5150, 5250), (23, 23), Some(10), 0, "Radiocommunications (LIPD) Class Licence, RLAN indoor"),
        rule(Band::Ghz5, (5250, 5350), (20, 23), Some(10), 60, "Radiocommunications (LIPD) Class Licence, RLAN indoor"),
        rule(Band::Ghz5, (5470, 5600), (27, 30), Some(17), 60, "Radiocommunications (LIPD) Class Licence, RLAN"),
        rule(Band::Ghz5, (5650, 5725), (27, 30), Some(17), 60, "Radiocommunications (LIPD) Class Licence, RLAN"),
        rule(Band::Ghz5, (5725, 5850), (36, 36), None, 0, "Radiocommunications (LIPD) Class Licence, item 59"),
        rule(Band::Ghz6, (5925, 6425), (24, 24), Some(11), 0, "Radiocommunications (LIPD) Class Licence, RLAN indoor"),
    ],
    very_low: &[rule(Band::Ghz6, (5925, 6425), (14, 14), Some(1), 0, "Radiocommunications (LIPD) Class Licence, RLAN")],
    standard: &[],
};

/// European Union, EEA, Switzerland, United Kingdom. 5725 to 5875 MHz (25 mW short-range devices) is left out.
pub const ETSI: Domain = Domain {
    name: "ETSI",
    rules: &[
        rule(Band::Ghz2, (2400, 2484), (20, 20), Some(10), 0, "EN 300 328 4.3.2.2, 4.3.2.3"),
        rule(Band::Ghz5, (5150, 5250), (23, 23), Some(10), 0, "EN 301 893 4.2.3.2 table 2"),
        rule(Band::Ghz5, (5250, 5350), (20, 23), Some(10), 60, "EN 301 893 4.2.3.2 table 2, annex D"),
        rule(Band::Ghz5, (5470, 5600), (27, 30), Some(17), 60, "EN 301 893 4.2.3.2 table 2, annex D"),
        // Weather radar: ten minutes of listening.
        rule(Band::Ghz5, (5600, 5650), (27, 30), Some(17), 600, "EN 301 893 4.2.3.2 table 2, annex D table D.1"),
        rule(Band::Ghz5, (5650, 5725), (27, 30), Some(17), 60, "EN 301 893 4.2.3.2 table 2, annex D"),
        // Low-power indoor.
        rule(Band::Ghz6, (5945, 6425), (23, 23), Some(10), 0, "EN 303 687 4.3.3; ECC/DEC/(20)01 annex 1"),
    ],
    very_low: &[rule(Band::Ghz6, (5945, 6425), (14, 14), Some(1), 0, "EN 303 687 4.3.3; ECC/DEC/(20)01 annex 2")],
    standard: &[],
};

/// Japan. Channel 14 (802.11b only) is left out.
pub const JAPAN: Domain = Domain {
    name: "MIC",
    rules: &[
        rule(Band::Ghz2, (2400, 2484), (20, 20), None, 0, "Radio Equipment Ordinance 49-20 (1); ARIB STD-T66"),
        rule(Band::Ghz5, (5150, 5250), (23, 23), None, 0, "Radio Equipment Ordinance 49-20 (3), W52"),
        rule(Band::Ghz5, (5250, 5350), (20, 23), None, 60, "Radio Equipment Ordinance 49-20 (3), W53"),
        rule(Band::Ghz5, (5470, 5730), (27, 30), None, 60, "Radio Equipment Ordinance 49-20 (3), W56"),
        // Low-power indoor.
        rule(Band::Ghz6, (5925, 6425), (23, 23), Some(10), 0, "Radio Equipment Ordinance 49-20 (6 GHz, 2022), LPI"),
    ],
    very_low: &[rule(
        Band::Ghz6,
        (5925, 6425),
        (14, 14),
        Some(1),
        0,
        "Radio Equipment Ordinance 49-20 (6 GHz, 2022), VLP",
    )],
    standard: &[],
};

/// Every domain.
const ALL: [Domain; 5] = [FCC, ETSI, JAPAN, ISED, ACMA];

const ETSI_COUNTRIES: [&str; 35] = [
    "EU", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "MC", "SM",
];

/// By band: what a domain says about each channel without and with transmit power control.
type Permits = [Vec<Option<Permit>>; 3];

/// Every domain's permits, worked out on first use: a plan asks thousands of times.
static TABLES: LazyLock<Vec<(&'static [Rule], Permits)>> = LazyLock::new(|| {
    let band = |d: &Domain, b: Band| {
        channels(b).iter().flat_map(|&c| [false, true].map(|tpc| work_out(d.rules, c, tpc))).collect::<Vec<_>>()
    };
    ALL.iter().map(|d| (d.rules, Band::ALL.map(|b| band(d, b)))).collect()
});

impl Domain {
    /// The domain of a country code; `EU` stands for any country of the European table.
    pub fn of(country: &str) -> Option<Self> {
        match country {
            "US" => Some(FCC),
            "JP" => Some(JAPAN),
            "CA" => Some(ISED),
            "AU" => Some(ACMA),
            c if ETSI_COUNTRIES.contains(&c) => Some(ETSI),
            _ => None,
        }
    }

    /// What the domain says about a channel; `None` if it is not allowed.
    ///
    /// ```
    /// use millpond_dsp::phy::{Band, Bandwidth, Channel};
    /// use millpond_optimizer::model::regulatory::{ETSI, FCC};
    ///
    /// let wide = Channel::new(Band::Ghz6, 37, Bandwidth::Mhz160).unwrap();
    /// assert_eq!(FCC.permit(wide, false).unwrap().eirp_dbm, 27);
    /// assert_eq!(ETSI.permit(wide, false).unwrap().eirp_dbm, 23);
    /// ```
    pub fn permit(&self, channel: Channel, tpc: bool) -> Option<Permit> {
        let table = TABLES.iter().find(|t| channel.punctured() == 0 && std::ptr::eq(t.0, self.rules));
        table.map_or_else(
            || work_out(self.rules, channel, tpc),
            |t| t.1[channel.band() as usize][2 * index(channel) + usize::from(tpc)],
        )
    }

    /// What the domain says about a channel at very low power.
    pub fn permit_very_low(&self, channel: Channel) -> Option<Permit> {
        work_out(self.very_low, channel, false)
    }

    /// What the domain says about a channel at standard power, apart from what a grant says.
    pub fn permit_standard(&self, channel: Channel) -> Option<Permit> {
        work_out(self.standard, channel, false)
    }
}

/// What rules say about a channel; `None` if they do not cover all that it uses.
fn work_out(rules: &[Rule], channel: Channel, tpc: bool) -> Option<Permit> {
    let mut permit = Permit { eirp_dbm: i32::MAX, cac_s: 0 };
    for (low, high) in parts_mhz(channel) {
        let mut covered = low;
        for r in rules.iter().filter(|r| r.band == channel.band() && r.low_mhz < high && low < r.high_mhz) {
            if r.low_mhz > covered {
                return None;
            }
            covered = r.high_mhz;
            permit.eirp_dbm = permit.eirp_dbm.min(r.limit_dbm(channel, tpc));
            permit.cac_s = permit.cac_s.max(r.cac_s);
        }
        if covered < high || covered == low {
            return None;
        }
    }
    Some(permit)
}

impl Rule {
    /// The EIRP limit in dBm of a channel in this stretch.
    fn limit_dbm(&self, channel: Channel, tpc: bool) -> i32 {
        let total = if tpc { self.eirp_tpc_dbm } else { self.eirp_dbm };
        self.density_dbm_per_mhz.map_or(total, |d| total.min(d + width_db(channel)))
    }
}

/// Lower and upper edges in MHz of what a channel uses: one stretch for a whole channel, else its 20 MHz subchannels.
pub(crate) fn parts_mhz(channel: Channel) -> impl Iterator<Item = (u16, u16)> {
    let ((low, high), holes) = (channel.span_mhz(), channel.punctured());
    let step = if holes == 0 { high - low } else { 20 };
    let parts = (0..(high - low) / step).filter(move |k| holes >> k & 1 == 0);
    parts.map(move |k| (low + step * k, low + step * (k + 1)))
}

/// 10 log10 of the width that a channel uses in MHz, rounded down; 3 dB for each doubling of a whole channel.
pub fn width_db(channel: Channel) -> i32 {
    if channel.punctured() == 0 {
        return 13 + 3 * channel.width() as i32;
    }
    // 60, 120, 140, 200, 240 and 280 MHz.
    match channel.occupied().count_ones() {
        0..=3 => 17,
        4..=6 => 20,
        7 => 21,
        8..=12 => 23,
        _ => 24,
    }
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::Bandwidth;

    use super::*;

    fn permit(domain: Domain, band: Band, primary: u8, width: u16) -> Option<(i32, u32)> {
        let channel = Channel::new(band, primary, Bandwidth::try_from(width).unwrap()).unwrap();
        domain.permit(channel, false).map(|p| (p.eirp_dbm, p.cac_s))
    }

    #[test]
    fn limits_by_sub_band_and_width() {
        use Band::{Ghz2, Ghz5, Ghz6};
        for (domain, band, primary, width, expected) in [
            (FCC, Ghz2, 11, 20, Some((36, 0))),
            (FCC, Ghz2, 13, 20, None),
            (ETSI, Ghz2, 13, 20, Some((20, 0))),
            (ETSI, Ghz2, 14, 20, None),
            (FCC, Ghz5, 36, 80, Some((36, 0))),
            (FCC, Ghz5, 36, 160, Some((30, 60))),
            (FCC, Ghz5, 144, 20, Some((30, 60))),
            (FCC, Ghz5, 149, 80, Some((36, 0))),
            (FCC, Ghz5, 173, 20, Some((33, 0))),
            (FCC, Ghz5, 149, 160, Some((36, 0))),
            (ISED, Ghz5, 116, 20, Some((27, 60))),
            (ISED, Ghz5, 120, 20, None),
            (ACMA, Ghz6, 1, 80, Some((24, 0))),
            (ETSI, Ghz5, 36, 80, Some((23, 0))),
            (ETSI, Ghz5, 52, 20, Some((20, 60))),
            (ETSI, Ghz5, 116, 20, Some((27, 60))),
            (ETSI, Ghz5, 116, 80, Some((27, 600))),
            (ETSI, Ghz5, 144, 20, None),
            (ETSI, Ghz5, 149, 20, None),
            (JAPAN, Ghz5, 144, 20, Some((27, 60))),
            (JAPAN, Ghz5, 149, 20, None),
            (FCC, Ghz6, 1, 20, Some((18, 0))),
            (FCC, Ghz6, 5, 320, Some((30, 0))),
            (FCC, Ghz6, 233, 20, Some((18, 0))),
            (ETSI, Ghz6, 93, 20, Some((23, 0))),
            (ETSI, Ghz6, 97, 20, None),
            (JAPAN, Ghz6, 1, 80, Some((23, 0))),
        ] {
            assert_eq!(permit(domain, band, primary, width), expected, "{} {primary}/{width}", domain.name);
        }
    }

    #[test]
    fn rules_do_not_overlap_and_rise() {
        for domain in ALL {
            for pair in domain.rules.windows(2) {
                assert!(pair[0].high_mhz <= pair[1].low_mhz, "{}: {pair:?}", domain.name);
            }
            assert!(domain.rules.iter().all(|r| r.eirp_dbm <= r.eirp_tpc_dbm && !r.source.is_empty()));
        }
    }

    #[test]
    fn what_is_left_out_counts_for_nothing() {
        let channel = |primary| Channel::new(Band::Ghz5, primary, Bandwidth::Mhz80).unwrap();
        // Canada leaves 5600 to 5650 MHz out: three of the four parts of 116/80, and no pattern has so large a hole.
        assert!(channel(116).punctures().all(|c| ISED.permit(c, false).is_none()));
        // Europe ends at 5725 MHz, in the middle of 144.
        assert_eq!(ETSI.permit(channel(132), false), None);
        let allowed: Vec<String> =
            channel(132).punctures().filter(|&c| ETSI.permit(c, false).is_some()).map(|c| c.to_string()).collect();
        assert_eq!(allowed, ["132/80-144"]);
        // Ten minutes of listening for what lies between 5600 and 5650 MHz; the hole is too small to get round it.
        assert!(channel(116).punctures().all(|c| ETSI.permit(c, false).unwrap().cac_s == 600));
        let whole = Channel::new(Band::Ghz6, 5, Bandwidth::Mhz80).unwrap();
        let part = whole.puncture(0b1000).unwrap();
        // 5 dBm in each of 80 or of 60 MHz.
        assert_eq!((FCC.permit(whole, false).unwrap().eirp_dbm, FCC.permit(part, false).unwrap().eirp_dbm), (24, 22));
    }

    #[test]
    fn a_wider_channel_may_raise_low_power_indoor() {
        let limits = [20, 40, 80, 160, 320].map(|w| permit(FCC, Band::Ghz6, 5, w).unwrap().0);
        assert_eq!(limits, [18, 21, 24, 27, 30]);
    }
}
