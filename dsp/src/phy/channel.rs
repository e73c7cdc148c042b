//! Channelization: which 20, 40, 80, 160 and 320 MHz channels exist, and how they overlap.
//!
//! Source: IEEE 802.11-2020 Annex E (operating classes) and IEEE 802.11be for 320 MHz. What a country allows of it is
//! regulation and lives in `optimizer`.

use core::fmt;

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// A frequency band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Band {
    /// 2.4 GHz.
    #[cfg_attr(feature = "serde", serde(rename = "2.4"))]
    Ghz2,
    /// 5 GHz.
    #[cfg_attr(feature = "serde", serde(rename = "5"))]
    Ghz5,
    /// 6 GHz.
    #[cfg_attr(feature = "serde", serde(rename = "6"))]
    Ghz6,
}

impl Band {
    /// All bands, lowest first.
    pub const ALL: [Self; 3] = [Self::Ghz2, Self::Ghz5, Self::Ghz6];

    /// The band's number as messages carry it: 2, 5 or 6.
    pub const fn number(self) -> u8 {
        match self {
            Self::Ghz2 => 2,
            Self::Ghz5 => 5,
            Self::Ghz6 => 6,
        }
    }

    /// The centre of a channel number in MHz, whether or not a channel of that number exists.
    pub const fn mhz(self, number: u8) -> u16 {
        let n = number as u16;
        match self {
            Self::Ghz2 if number == 14 => 2484,
            Self::Ghz2 => 2407 + 5 * n,
            Self::Ghz5 => 5000 + 5 * n,
            Self::Ghz6 => 5950 + 5 * n,
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ghz2 => "2.4 GHz",
            Self::Ghz5 => "5 GHz",
            Self::Ghz6 => "6 GHz",
        })
    }
}

/// The width of a channel or of a PPDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(try_from = "u16", into = "u16"))]
pub enum Bandwidth {
    /// 20 MHz.
    Mhz20,
    /// 40 MHz.
    Mhz40,
    /// 80 MHz.
    Mhz80,
    /// 160 MHz, contiguous.
    Mhz160,
    /// 320 MHz.
    Mhz320,
}

impl Bandwidth {
    /// All widths, narrowest first.
    pub const ALL: [Self; 5] = [Self::Mhz20, Self::Mhz40, Self::Mhz80, Self::Mhz160, Self::Mhz320];

    /// The width in MHz.
    pub const fn mhz(self) -> u16 {
        20 << (self as u16)
    }

    /// The number of 20 MHz subchannels.
    pub const fn subchannels(self) -> u8 {
        1 << (self as u8)
    }
}

impl TryFrom<u16> for Bandwidth {
    type Error = crate::Error;
    fn try_from(mhz: u16) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|w| w.mhz() == mhz).ok_or(crate::Error::Parameter { name: "width_mhz" })
    }
}

impl From<Bandwidth> for u16 {
    fn from(width: Bandwidth) -> Self {
        width.mhz()
    }
}

/// A channel: a block of one width, in it the primary 20 MHz channel, and the subchannels left out of it, if any. It
/// exists only if the channelization has it.
///
/// ```
/// use millpond_dsp::phy::{Band, Bandwidth, Channel};
///
/// let wide = Channel::new(Band::Ghz5, 44, Bandwidth::Mhz80).unwrap();
/// assert_eq!(wide.center(), 42);
/// assert_eq!(wide.span_mhz(), (5170, 5250));
/// assert!(Channel::new(Band::Ghz5, 165, Bandwidth::Mhz320).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    band: Band,
    primary: u8,
    width: Bandwidth,
    center: u8,
    /// Bit k is set if the k-th 20 MHz subchannel from below is left out.
    punctured: u16,
}

impl Channel {
    /// The channel of a primary and a width. Where two exist (40 MHz at 2.4 GHz, 320 MHz), the one with the lower
    /// centre; [`with_center`](Self::with_center) names the other.
    pub fn new(band: Band, primary: u8, width: Bandwidth) -> Option<Self> {
        Self::all(band).find(|c| c.primary == primary && c.width == width)
    }

    /// The channel of a primary, a width and a centre channel number.
    pub fn with_center(band: Band, primary: u8, width: Bandwidth, center: u8) -> Option<Self> {
        Self::all(band).find(|c| c.primary == primary && c.width == width && c.center == center)
    }

    /// Every channel of a band, none punctured: narrow before wide, then by centre, then by primary.
    pub fn all(band: Band) -> impl Iterator<Item = Self> {
        Bandwidth::ALL.into_iter().flat_map(move |width| {
            (1..=233u8).filter(move |&center| exists(band, width, center)).flat_map(move |center| {
                primaries(band, width, center).map(move |primary| Self { band, primary, width, center, punctured: 0 })
            })
        })
    }

    /// The band.
    pub const fn band(self) -> Band {
        self.band
    }

    /// The number of the primary 20 MHz channel.
    pub const fn primary(self) -> u8 {
        self.primary
    }

    /// The width.
    pub const fn width(self) -> Bandwidth {
        self.width
    }

    /// The channel number of the block's centre.
    pub const fn center(self) -> u8 {
        self.center
    }

    /// Lower and upper edge in MHz.
    pub const fn span_mhz(self) -> (u16, u16) {
        let (mid, half) = (self.band.mhz(self.center), self.width.mhz() / 2);
        (mid - half, mid + half)
    }

    /// Lower and upper edge of the primary 20 MHz channel in MHz.
    pub const fn primary_span_mhz(self) -> (u16, u16) {
        let mid = self.band.mhz(self.primary);
        (mid - 10, mid + 10)
    }

    /// The same channel without some of its 20 MHz subchannels; bit k of the bitmap is the k-th from below, 0 gives the
    /// whole channel. `None` if the primary is among them or no such pattern exists.
    ///
    /// An 80 MHz channel may lack one subchannel; a 160 MHz channel one, or an aligned pair; a 320 MHz channel an aligned
    /// pair, an aligned four, or the four at one end and one more aligned pair. The bitmap is the disabled subchannel
    /// bitmap of the EHT operation element.
    ///
    /// Source: IEEE 802.11be-2024, 9.4.2.311 (element) and table 36-30 (patterns of non-OFDMA PPDUs).
    ///
    /// ```
    /// use millpond_dsp::phy::{Band, Bandwidth, Channel};
    ///
    /// let whole = Channel::new(Band::Ghz5, 36, Bandwidth::Mhz80).unwrap();
    /// let part = whole.puncture(0b0100).unwrap();
    /// assert_eq!(part.to_string(), "36/80-44");
    /// assert!(!part.overlaps(Channel::new(Band::Ghz5, 44, Bandwidth::Mhz20).unwrap()));
    /// assert!(whole.puncture(0b0001).is_none());
    /// ```
    pub fn puncture(self, bitmap: u16) -> Option<Self> {
        let keeps_primary = bitmap & (1 << self.place()) == 0;
        (keeps_primary && is_pattern(self.width, bitmap)).then_some(Self { punctured: bitmap, ..self })
    }

    /// Every punctured form of the channel, small holes first; none at 20 and 40 MHz.
    pub fn punctures(self) -> impl Iterator<Item = Self> {
        let run = |size: u16| (0..16 / size).map(move |i| (u16::MAX >> (16 - size)) << (i * size));
        let ends = [0x000f, 0xf000].into_iter().flat_map(move |four| run(2).map(move |two| (four, two)));
        let ends = ends.filter(|(four, two)| four & two == 0).map(|(four, two)| four | two);
        run(1).chain(run(2)).chain(run(4)).chain(ends).filter_map(move |bitmap| self.puncture(bitmap))
    }

    /// The subchannels left out: bit k is the k-th 20 MHz subchannel from below. 0 if the channel is whole.
    pub const fn punctured(self) -> u16 {
        self.punctured
    }

    /// The subchannels in use, as bits in the same order.
    pub const fn occupied(self) -> u16 {
        occupied(self.width, self.punctured)
    }

    /// The primary's place among the 20 MHz subchannels, counted from below.
    pub const fn place(self) -> u16 {
        (self.primary_span_mhz().0 - self.span_mhz().0) / 20
    }

    /// True if the two share spectrum that both use.
    #[inline]
    pub const fn overlaps(self, other: Self) -> bool {
        let ((a, b), (c, d)) = (self.span_mhz(), other.span_mhz());
        a < d && c < b && (self.punctured | other.punctured == 0 || self.meets(other))
    }

    /// True if two channels whose blocks overlap use a subchannel in common.
    const fn meets(self, other: Self) -> bool {
        let (a, c) = (self.span_mhz().0, other.span_mhz().0);
        // Only 5 and 6 GHz have punctured channels, and there blocks that overlap are on one raster.
        let (x, y) = (self.occupied() as u32, other.occupied() as u32);
        if a <= c { (y << ((c - a) / 20)) & x != 0 } else { (x << ((a - c) / 20)) & y != 0 }
    }
}

/// The subchannels of a width that a bitmap leaves.
const fn occupied(width: Bandwidth, punctured: u16) -> u16 {
    u16::MAX >> (16 - width.subchannels()) & !punctured
}

/// True if a width has a pattern of these holes. Whole is one.
fn is_pattern(width: Bandwidth, bitmap: u16) -> bool {
    let n = u16::from(width.subchannels());
    // The bitmap as `size` subchannels in a row, aligned.
    let run = |bitmap: u16, size: u16| {
        let at = bitmap.trailing_zeros() as u16;
        bitmap != 0 && at % size == 0 && bitmap == (u16::MAX >> (16 - size)) << at
    };
    if bitmap == 0 {
        return true;
    }
    if u32::from(bitmap) >> n != 0 {
        return false;
    }
    match width {
        Bandwidth::Mhz20 | Bandwidth::Mhz40 => false,
        Bandwidth::Mhz80 => run(bitmap, 1),
        Bandwidth::Mhz160 => run(bitmap, 1) || run(bitmap, 2),
        Bandwidth::Mhz320 => {
            let end = |four: u16| bitmap & four == four && run(bitmap & !four, 2);
            run(bitmap, 2) || run(bitmap, 4) || end(0x000f) || end(0xf000)
        }
    }
}

impl fmt::Display for Channel {
    /// `primary/width`, with `@centre` where the primary and the width leave a choice, and with `-` and the number of
    /// each 20 MHz channel that is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.primary, self.width.mhz())?;
        if (self.band == Band::Ghz2 && self.width == Bandwidth::Mhz40) || self.width == Bandwidth::Mhz320 {
            write!(f, "@{}", self.center)?;
        }
        let first = self.center.saturating_sub(2 * (self.width.subchannels() - 1));
        (0..16u8).filter(|k| self.punctured >> k & 1 == 1).try_for_each(|k| write!(f, "-{}", first + 4 * k))
    }
}

fn exists(band: Band, width: Bandwidth, center: u8) -> bool {
    use Bandwidth::{Mhz20, Mhz40, Mhz80, Mhz160, Mhz320};
    let step = |first: u8, last: u8, by: u8| (first..=last).contains(&center) && (center - first) % by == 0;
    match (band, width) {
        (Band::Ghz2, Mhz20) => (1..=14).contains(&center),
        (Band::Ghz2, Mhz40) => (3..=11).contains(&center),
        (Band::Ghz5, Mhz20) => step(36, 64, 4) || step(100, 144, 4) || step(149, 177, 4),
        (Band::Ghz5, Mhz40) => step(38, 62, 8) || step(102, 142, 8) || step(151, 175, 8),
        (Band::Ghz5, Mhz80) => step(42, 58, 16) || step(106, 138, 16) || step(155, 171, 16),
        (Band::Ghz5, Mhz160) => matches!(center, 50 | 114 | 163),
        (Band::Ghz6, Mhz20) => step(1, 233, 4),
        (Band::Ghz6, Mhz40) => step(3, 227, 8),
        (Band::Ghz6, Mhz80) => step(7, 215, 16),
        (Band::Ghz6, Mhz160) => step(15, 207, 32),
        // 320 MHz-1 at 31, 95, 159 and 320 MHz-2 at 63, 127, 191.
        (Band::Ghz6, Mhz320) => step(31, 191, 32),
        _ => false,
    }
}

fn primaries(band: Band, width: Bandwidth, center: u8) -> impl Iterator<Item = u8> {
    // Channel numbers count 5 MHz: a block of n subchannels starts 2(n - 1) below its centre and steps by 4.
    let n = width.subchannels();
    let first = center - 2 * (n - 1);
    let (first, n) = if band == Band::Ghz2 && n == 1 { (center, 1) } else { (first, n) };
    (0..n).map(move |i| first + 4 * i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_match_the_channelization() {
        let count = |band, width| Channel::all(band).filter(|c| c.width() == width).count();
        assert_eq!(count(Band::Ghz2, Bandwidth::Mhz20), 14);
        assert_eq!(count(Band::Ghz2, Bandwidth::Mhz40), 2 * 9);
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz20), 28);
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz40), 2 * 14);
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz80), 4 * 7);
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz160), 8 * 3);
        assert_eq!(count(Band::Ghz6, Bandwidth::Mhz20), 59);
        assert_eq!(count(Band::Ghz6, Bandwidth::Mhz40), 2 * 29);
        assert_eq!(count(Band::Ghz6, Bandwidth::Mhz80), 4 * 14);
        assert_eq!(count(Band::Ghz6, Bandwidth::Mhz160), 8 * 7);
        assert_eq!(count(Band::Ghz6, Bandwidth::Mhz320), 16 * 6);
    }

    #[test]
    fn every_primary_lies_in_its_block_and_exists_alone() {
        for band in Band::ALL {
            for c in Channel::all(band) {
                let ((a, b), (lo, hi)) = (c.primary_span_mhz(), c.span_mhz());
                assert!(lo <= a && b <= hi, "{c} in {band}");
                assert!(Channel::new(band, c.primary(), Bandwidth::Mhz20).is_some(), "{c} in {band}");
            }
        }
    }

    #[test]
    fn names_and_overlap() {
        let c = |p, w| Channel::new(Band::Ghz5, p, w).unwrap();
        assert_eq!(std::format!("{}", c(36, Bandwidth::Mhz160)), "36/160");
        assert!(c(36, Bandwidth::Mhz80).overlaps(c(48, Bandwidth::Mhz20)));
        assert!(!c(36, Bandwidth::Mhz80).overlaps(c(52, Bandwidth::Mhz80)));
        let wide = Channel::with_center(Band::Ghz6, 37, Bandwidth::Mhz320, 63).unwrap();
        assert_eq!(std::format!("{wide}"), "37/320@63");
    }

    #[test]
    fn patterns_are_those_of_the_table() {
        let count = |band, width| {
            let c = Channel::new(band, if band == Band::Ghz6 { 1 } else { 36 }, width).unwrap();
            // Without the primary's own place: what every bitmap of the width makes.
            (0..=u16::MAX).filter(|b| *b != 0 && is_pattern(c.width(), *b)).count()
        };
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz20), 0);
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz40), 0);
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz80), 4);
        assert_eq!(count(Band::Ghz5, Bandwidth::Mhz160), 8 + 4);
        assert_eq!(count(Band::Ghz6, Bandwidth::Mhz320), 8 + 4 + 12);
        for band in [Band::Ghz5, Band::Ghz6] {
            for c in Channel::all(band) {
                let found: std::collections::BTreeSet<u16> = c.punctures().map(Channel::punctured).collect();
                assert_eq!(found.len(), c.punctures().count(), "{c}");
                assert_eq!(found, (1..=u16::MAX).filter(|b| c.puncture(*b).is_some()).collect(), "{c}");
                for p in c.punctures() {
                    assert_eq!(
                        (p.band(), p.primary(), p.width(), p.center()),
                        (band, c.primary(), c.width(), c.center())
                    );
                    assert!(p.occupied() >> p.place() & 1 == 1, "{p}");
                    assert_eq!(p.occupied() ^ p.punctured(), c.occupied(), "{p}");
                    assert_eq!(p.puncture(0), Some(c));
                }
            }
        }
    }

    #[test]
    fn a_hole_is_free_for_others() {
        let whole: std::vec::Vec<Channel> = Channel::all(Band::Ghz5).collect();
        let centres = |c: Channel| {
            let low = c.span_mhz().0;
            (0..16u16).filter(move |k| c.occupied() >> k & 1 == 1).map(move |k| low + 20 * k + 10)
        };
        for &a in &whole {
            for p in a.punctures() {
                for &b in whole.iter().step_by(3) {
                    let shared = centres(p).any(|x| centres(b).any(|y| x == y));
                    assert_eq!((p.overlaps(b), b.overlaps(p)), (shared, shared), "{p} {b}");
                    let Some(q) = b.punctures().next() else { continue };
                    let shared = centres(p).any(|x| centres(q).any(|y| x == y));
                    assert_eq!(p.overlaps(q), shared, "{p} {q}");
                }
            }
        }
    }
}
