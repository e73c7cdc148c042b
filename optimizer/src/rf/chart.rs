//! Every whole channel once: lists by band, an index by key, and the overlap of each pair.
//!
//! The channelization and the overlap rule are fixed, so both are worked out on first use and looked up ever after. There
//! are too many punctured channels for tables of pairs; what they overlap is worked out each time.

use std::sync::LazyLock;

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use super::overlap::{Overlap, overlap};

/// No channel.
const NONE: u16 = u16::MAX;

/// One band's channels.
struct Chart {
    /// Narrow before wide, then by centre, then by primary.
    channels: Vec<Channel>,
    /// By width and primary: the channel of the lower centre and the one of the higher.
    index: Vec<[u16; 2]>,
    /// Row by row: what the column's channel takes from the row's.
    overlaps: Vec<Overlap>,
    /// The same turned round: what the row's channel takes from the column's.
    turned: Vec<Overlap>,
}

const PRIMARIES: usize = 256;

impl Chart {
    fn new(band: Band) -> Self {
        let channels: Vec<Channel> = Channel::all(band).collect();
        let mut index = vec![[NONE; 2]; PRIMARIES * Bandwidth::ALL.len()];
        for (i, c) in channels.iter().enumerate() {
            let slots = &mut index[key(c.primary(), c.width())];
            slots[usize::from(slots[0] != NONE)] = i as u16;
        }
        let overlaps = channels.iter().flat_map(|&a| channels.iter().map(move |&b| overlap(a, b))).collect();
        let turned = channels.iter().flat_map(|&a| channels.iter().map(move |&b| overlap(b, a))).collect();
        Self { channels, index, overlaps, turned }
    }

    fn index(&self, c: Channel) -> usize {
        let [first, second] = self.index[key(c.primary(), c.width())];
        let first = usize::from(first);
        if self.channels[first].center() == c.center() { first } else { usize::from(second) }
    }
}

fn key(primary: u8, width: Bandwidth) -> usize {
    width as usize * PRIMARIES + usize::from(primary)
}

static CHARTS: [LazyLock<Chart>; 3] = [
    LazyLock::new(|| Chart::new(Band::Ghz2)),
    LazyLock::new(|| Chart::new(Band::Ghz5)),
    LazyLock::new(|| Chart::new(Band::Ghz6)),
];

/// Every whole channel of a band: narrow before wide, then by centre, then by primary.
pub fn channels(band: Band) -> &'static [Channel] {
    &CHARTS[band as usize].channels
}

/// The place of a channel in its band's list, a punctured one's that of the whole. O(1).
pub fn index(c: Channel) -> usize {
    CHARTS[c.band() as usize].index(c)
}

/// The channel of a primary, a width and a centre; without a centre the lower one. O(1).
pub fn find(band: Band, primary: u8, width: Bandwidth, center: Option<u8>) -> Option<Channel> {
    let chart = &CHARTS[band as usize];
    let found = chart.index[key(primary, width)].iter().filter_map(|&i| chart.channels.get(usize::from(i)).copied());
    let mut found = found.filter(|c| center.is_none_or(|x| x == c.center()));
    found.next()
}

/// What a transmission on `other` takes from a BSS on `own`, both of one band: [`overlap`], looked up where both are whole.
/// O(1).
pub fn overlap_of(own: Channel, other: Channel) -> Overlap {
    if own.punctured() | other.punctured() != 0 {
        return overlap(own, other);
    }
    let chart = &CHARTS[own.band() as usize];
    chart.overlaps[chart.index(own) * chart.channels.len() + chart.index(other)]
}

/// By the place of the other channel: what a transmission on it takes from `own`, and what `own` takes from it. O(1).
///
/// Both are whole; see [`overlap_of`] for others.
pub fn overlap_rows(own: Channel) -> (&'static [Overlap], &'static [Overlap]) {
    let chart = &CHARTS[own.band() as usize];
    let n = chart.channels.len();
    let row = chart.index(own) * n..(chart.index(own) + 1) * n;
    (&chart.overlaps[row.clone()], &chart.turned[row])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charts_say_what_the_rules_say() {
        for band in Band::ALL {
            let all: Vec<Channel> = Channel::all(band).collect();
            assert_eq!(channels(band), all);
            for (i, &a) in all.iter().enumerate() {
                assert_eq!(index(a), i);
                assert_eq!(find(band, a.primary(), a.width(), Some(a.center())), Some(a));
                assert_eq!(find(band, a.primary(), a.width(), None), Channel::new(band, a.primary(), a.width()));
                for &b in all.iter().step_by(7) {
                    assert_eq!(overlap_of(a, b), overlap(a, b), "{a} {b}");
                    let hole = a.punctures().next().unwrap_or(a);
                    assert_eq!(overlap_of(hole, b), overlap(hole, b), "{hole} {b}");
                    let (ahead, back) = overlap_rows(a);
                    assert_eq!((ahead[index(b)], back[index(b)]), (overlap(a, b), overlap(b, a)), "{a} {b}");
                }
            }
            assert_eq!(find(band, 255, Bandwidth::Mhz20, None), None);
            assert_eq!(find(band, all[0].primary(), Bandwidth::Mhz20, Some(99)), None);
        }
    }
}
