//! The network map as SVG: pods as pads on a pond, and which of them share air.

use std::fmt::Write;

use millpond_report::wire::range::{Band, Width};
use millpond_report::wire::{Radio, Setting};

use super::html::Escaped;
use crate::config::Labels;
use crate::convert;
use crate::sinks::say::band_text;
use crate::words::Words;

/// Width of the picture; it scales with the page.
const WIDTH: i32 = 420;
const PAD_WIDTH: i32 = 196;
const HEAD: i32 = 34;
const ROW: i32 = 32;
const GAP: i32 = 64;

/// Where one radio is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Node number.
    pub node: u8,
    /// Band.
    pub band: Band,
    /// Primary channel.
    pub channel: u8,
    /// Width.
    pub width: Width,
    /// Busy share in percent, where it was measured.
    pub busy: Option<u8>,
    /// The plan moved it.
    pub changed: bool,
}

impl Spot {
    /// Where a radio is now.
    pub fn now(radio: &Radio) -> Self {
        let (node, channel) = (radio.node.get(), radio.channel.get());
        let busy = Some(radio.busy.get() * 5);
        Self { node, band: radio.band, channel, width: radio.width, busy, changed: false }
    }

    /// Where a setting puts it.
    pub fn planned(self, to: &Setting) -> Self {
        let next = Self { channel: to.channel.get(), width: to.width, ..self };
        // What a new channel would be like is not measured yet.
        if next == self { self } else { Self { busy: None, changed: true, ..next } }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let channel = |s: &Self| convert::channel(s.band, s.channel, s.width);
        channel(self).zip(channel(other)).is_some_and(|(a, b)| self.band == other.band && a.overlaps(b))
    }
}

/// A pair of nodes that share air in at least one band, lower number first.
type Shared = (u8, u8);

fn nodes(spots: &[Spot]) -> Vec<u8> {
    let mut nodes: Vec<u8> = spots.iter().map(|s| s.node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn shared(spots: &[Spot]) -> Vec<Shared> {
    let mut all: Vec<Shared> = Vec::new();
    for (i, a) in spots.iter().enumerate() {
        let others = spots[i + 1..].iter().filter(|b| a.node != b.node && a.overlaps(b));
        all.extend(others.map(|b| (a.node.min(b.node), a.node.max(b.node))));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// How many pairs of nodes share air in at least one band.
pub fn shared_pairs(spots: &[Spot]) -> usize {
    shared(spots).len()
}

/// Centre and half height of a pad: the first node on top, the others in two columns below.
struct Layout {
    nodes: Vec<u8>,
    half: i32,
}

impl Layout {
    fn of(spots: &[Spot]) -> Self {
        let nodes = nodes(spots);
        let rows = nodes.iter().map(|n| spots.iter().filter(|s| s.node == *n).count()).max().unwrap_or(0);
        Self { nodes, half: (HEAD + ROW * rows as i32 + 8) / 2 }
    }

    fn row(&self, node: u8) -> i32 {
        (self.index(node) + 1) / 2
    }

    fn index(&self, node: u8) -> i32 {
        self.nodes.iter().position(|n| *n == node).unwrap_or(0) as i32
    }

    fn center(&self, node: u8) -> (i32, i32) {
        let i = self.index(node);
        let alone = i == 0 || (i % 2 == 1 && i as usize + 1 == self.nodes.len());
        let x = if alone { WIDTH / 2 } else { PAD_WIDTH / 2 + 6 + (i + 1) % 2 * (WIDTH - PAD_WIDTH - 12) };
        (x, self.half + 6 + self.row(node) * (2 * self.half + GAP))
    }

    fn height(&self) -> i32 {
        let last = self.nodes.last().map_or(0, |n| self.row(*n));
        (last + 1) * (2 * self.half + GAP)
    }
}

/// Draws the map. It is a picture beside a table with the same facts, so it hides from screen readers.
pub fn draw(spots: &[Spot], labels: &Labels, words: &Words) -> String {
    let layout = Layout::of(spots);
    let mut svg = format!(r#"<svg class="map" viewBox="0 0 {WIDTH} {}" aria-hidden="true">"#, layout.height());
    let pairs = shared(spots);
    pairs.iter().for_each(|pair| line(&mut svg, &layout, *pair));
    layout.nodes.iter().for_each(|node| pad(&mut svg, &layout, *node, spots, labels, words));
    svg + "</svg>"
}

// Writing to a string cannot fail, so the results below are dropped.

/// A line between two pads; it bends below those that stand side by side.
fn line(svg: &mut String, layout: &Layout, pair: Shared) {
    let (a, b) = (layout.center(pair.0), layout.center(pair.1));
    let below = if a.1 == b.1 { 2 * (layout.half + GAP / 2) } else { 0 };
    let (x, y) = ((a.0 + b.0) / 2, (a.1 + b.1) / 2 + below);
    let _ = write!(svg, r#"<path class="shared" d="M{} {}Q{x} {y} {} {}"/>"#, a.0, a.1, b.0, b.1);
}

fn pad(svg: &mut String, layout: &Layout, node: u8, spots: &[Spot], labels: &Labels, words: &Words) {
    let (x, y) = layout.center(node);
    let (left, top) = (x - PAD_WIDTH / 2, y - layout.half);
    let _ = write!(
        svg,
        r#"<rect class="pad" x="{left}" y="{top}" width="{PAD_WIDTH}" height="{}" rx="26"/><text class="name" x="{x}" y="{}">{}</text>"#,
        2 * layout.half,
        top + 24,
        Escaped(&labels.node(node))
    );
    for (i, spot) in spots.iter().filter(|s| s.node == node).enumerate() {
        let row = top + HEAD + ROW * i as i32;
        let class = if spot.changed { "chip changed" } else { "chip" };
        let (left, full) = (left + 10, PAD_WIDTH - 20);
        // The chip fills up as the air does.
        let busy = spot.busy.map_or(0, |percent| full * i32::from(percent) / 100);
        let _ = write!(
            svg,
            r#"<rect class="{class}" x="{left}" y="{row}" width="{full}" height="27" rx="5"/><rect class="busy" x="{left}" y="{row}" width="{busy}" height="27" rx="5"/><text x="{x}" y="{}">{} {} {} / {}</text>"#,
            row + 18,
            band_text(spot.band),
            words.channel,
            spot.channel,
            spot.width.mhz()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(node: u8, band: Band, channel: u8, width: Width) -> Spot {
        Spot { node, band, channel, width, busy: None, changed: false }
    }

    #[test]
    fn pods_share_air_where_their_channels_overlap() {
        let wide = spot(1, Band::Ghz5, 36, Width::Mhz80);
        let inside = spot(2, Band::Ghz5, 48, Width::Mhz20);
        let beside = spot(3, Band::Ghz5, 52, Width::Mhz20);
        let other_band = spot(3, Band::Ghz2, 1, Width::Mhz20);
        assert_eq!(shared_pairs(&[wide, inside, beside, other_band]), 1);
        assert_eq!(shared_pairs(&[wide, spot(1, Band::Ghz5, 36, Width::Mhz20)]), 0, "one pod's radios are no pair");
    }

    #[test]
    fn pads_stand_within_the_picture_and_apart() {
        for n in 1..=8 {
            let spots: Vec<Spot> = (1..=n).map(|i| spot(i, Band::Ghz5, 36, Width::Mhz80)).collect();
            let layout = Layout::of(&spots);
            let centers: Vec<_> = (1..=n).map(|i| layout.center(i)).collect();
            for (i, a) in centers.iter().enumerate() {
                assert!(a.0 >= PAD_WIDTH / 2 && a.0 + PAD_WIDTH / 2 <= WIDTH && a.1 + layout.half < layout.height());
                for b in &centers[..i] {
                    assert!((a.0 - b.0).abs() > PAD_WIDTH || (a.1 - b.1).abs() > 2 * layout.half, "{a:?} {b:?}");
                }
            }
        }
    }
}
