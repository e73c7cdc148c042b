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
    /// The plan moved it.
    pub changed: bool,
}

impl Spot {
    /// Where a radio is now.
    pub fn now(radio: &Radio) -> Self {
        let (node, channel) = (radio.node.get(), radio.channel.get());
        Self { node, band: radio.band, channel, width: radio.width, changed: false }
    }

    /// Where a setting puts it.
    pub fn planned(self, to: &Setting) -> Self {
        let next = Self { channel: to.channel.get(), width: to.width, ..self };
        Self { changed: next != self, ..next }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let channel = |s: &Self| convert::channel(s.band, s.channel, s.width);
        channel(self).zip(channel(other)).is_some_and(|(a, b)| self.band == other.band && a.overlaps(b))
    }
}

/// A pair of nodes with the bands in which they share air.
struct Shared {
    nodes: (u8, u8),
    bands: Vec<Band>,
}

fn nodes(spots: &[Spot]) -> Vec<u8> {
    let mut nodes: Vec<u8> = spots.iter().map(|s| s.node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn shared(spots: &[Spot]) -> Vec<Shared> {
    let mut all: Vec<Shared> = Vec::new();
    for (i, a) in spots.iter().enumerate() {
        for b in &spots[i + 1..] {
            if a.node == b.node || !a.overlaps(b) {
                continue;
            }
            let pair = (a.node.min(b.node), a.node.max(b.node));
            match all.iter_mut().find(|s| s.nodes == pair) {
                Some(s) => s.bands.push(a.band),
                None => all.push(Shared { nodes: pair, bands: vec![a.band] }),
            }
        }
    }
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
    pairs.iter().for_each(|pair| line(&mut svg, &layout, pair));
    layout.nodes.iter().for_each(|node| pad(&mut svg, &layout, *node, spots, labels, words));
    pairs.iter().for_each(|pair| word(&mut svg, &layout, pair, words));
    svg + "</svg>"
}

/// Control point of the line between two pads: below them if they stand side by side.
fn bend(layout: &Layout, pair: &Shared) -> ((i32, i32), (i32, i32), (i32, i32)) {
    let (a, b) = (layout.center(pair.nodes.0), layout.center(pair.nodes.1));
    let side_by_side = a.1 == b.1;
    let below = if side_by_side { layout.half + GAP - 22 } else { 0 };
    (a, b, ((a.0 + b.0) / 2, (a.1 + b.1) / 2 + below))
}

// Writing to a string cannot fail, so the results below are dropped.

fn line(svg: &mut String, layout: &Layout, pair: &Shared) {
    let (a, b, c) = bend(layout, pair);
    // The curve's apex is half way to the control point.
    let control = (2 * c.0 - (a.0 + b.0) / 2, 2 * c.1 - (a.1 + b.1) / 2);
    let _ = write!(svg, r#"<path class="shared" d="M{} {}Q{} {} {} {}"/>"#, a.0, a.1, control.0, control.1, b.0, b.1);
}

fn word(svg: &mut String, layout: &Layout, pair: &Shared, words: &Words) {
    let (.., c) = bend(layout, pair);
    let bands: Vec<&str> = pair.bands.iter().map(|b| band_text(*b).trim_end_matches(" GHz")).collect();
    let text = format!("{} GHz {}", bands.join(" + "), words.shared_word);
    let width = 9 * text.len() as i32;
    let _ = write!(
        svg,
        r#"<rect class="halo" x="{}" y="{}" width="{width}" height="24" rx="12"/><text class="shared-word" x="{}" y="{}">{text}</text>"#,
        c.0 - width / 2,
        c.1 - 12,
        c.0,
        c.1 + 5
    );
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
        let _ = write!(
            svg,
            r#"<rect class="{class}" x="{}" y="{row}" width="{}" height="27" rx="13"/><text x="{x}" y="{}">{} {} {} / {}</text>"#,
            left + 10,
            PAD_WIDTH - 20,
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
        Spot { node, band, channel, width, changed: false }
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
