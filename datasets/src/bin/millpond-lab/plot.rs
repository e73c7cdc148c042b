//! The picture of a recording: frames a second with gaps, and the amplitude over time and tone.

use std::fmt::Write as _;

use millpond_datasets::rhythm::Rhythm;
use millpond_datasets::{ReadError, ReadOptions};

const WIDTH: usize = 960;
const LEFT: usize = 60;
const RATE_HEIGHT: usize = 120;
const MAP_HEIGHT: usize = 384;
/// Cells of the map.
const COLUMNS: usize = 240;
const ROWS: usize = 128;
/// Colours from low to high amplitude, dark to light, also apart in print.
const COLOURS: [&str; 8] = ["#0b1d3a", "#15396b", "#1f5c92", "#2f83a8", "#52a9a4", "#8bc98f", "#cfe08a", "#fdf6b8"];

/// Mean amplitude of one link's first antenna pair, over time and tone.
struct Map {
    sums: Vec<(f64, u32)>,
    tones: Vec<i16>,
    span_s: f64,
}

impl Map {
    /// Reads the recording once more.
    fn read(path: &std::path::Path, options: &ReadOptions, link: u16, span_s: f64) -> Result<Self, ReadError> {
        let mut it = Self { sums: vec![(0.0, 0); COLUMNS * ROWS], tones: Vec::new(), span_s };
        let mut source = millpond_datasets::open(path, options)?;
        let mut amplitude = Vec::new();
        loop {
            let record = match source.next_frame() {
                Ok(Some(record)) if record.frame.meta().link.0 == link => record,
                Ok(None) => return Ok(it),
                Ok(Some(_)) | Err(_) => continue,
            };
            let row = record.frame.chain(0);
            amplitude.resize(row.len(), 0.0);
            row.amplitude_into(&mut amplitude);
            it.add(record.frame.meta().t.seconds(), record.frame.tones(), &amplitude);
        }
    }

    fn add(&mut self, t_s: f64, tones: &[i16], amplitude: &[f32]) {
        if self.tones.is_empty() {
            self.tones = tones.to_vec();
        }
        let column = ((t_s / self.span_s.max(1e-9)) * COLUMNS as f64) as usize;
        for (i, &a) in amplitude.iter().enumerate().filter(|(_, a)| a.is_finite()) {
            let row = i * ROWS.min(amplitude.len()) / amplitude.len();
            let cell = &mut self.sums[column.min(COLUMNS - 1) * ROWS + row];
            *cell = (cell.0 + f64::from(a), cell.1 + 1);
        }
    }

    /// Cells of equal colour in a column are drawn as one.
    fn draw(&self, svg: &mut String, top: usize) {
        let rows = ROWS.min(self.tones.len().max(1));
        let mean = |c: usize, r: usize| Some(self.sums[c * ROWS + r]).filter(|s| s.1 > 0).map(|s| s.0 / f64::from(s.1));
        let mut all: Vec<f64> = (0..COLUMNS).flat_map(|c| (0..rows).filter_map(move |r| mean(c, r))).collect();
        all.sort_by(f64::total_cmp);
        // The brightest hundredth does not set the scale.
        let high = all.get(all.len() * 99 / 100).or(all.last()).copied().unwrap_or(1.0).max(1e-12);
        let level = |c: usize, r: usize| mean(c, r).map(|m| ((m / high * 8.0) as usize).min(COLOURS.len() - 1));
        let (dx, dy) = ((WIDTH - LEFT) as f64 / COLUMNS as f64, MAP_HEIGHT as f64 / rows as f64);
        for c in 0..COLUMNS {
            let mut from = 0;
            for r in 1..=rows {
                if r < rows && level(c, r) == level(c, from) {
                    continue;
                }
                if let Some(l) = level(c, from) {
                    let (x, y) = (LEFT as f64 + c as f64 * dx, top as f64 + MAP_HEIGHT as f64 - r as f64 * dy);
                    let (w, h, colour) = (dx + 0.3, (r - from) as f64 * dy + 0.3, COLOURS[l]);
                    let _ = write!(svg, "<rect x='{x:.1}' y='{y:.1}' width='{w:.1}' height='{h:.1}' fill='{colour}'/>");
                }
                from = r;
            }
        }
        let (first, last) = (self.tones.first().copied().unwrap_or(0), self.tones.last().copied().unwrap_or(0));
        let _ = write!(svg, "<text x='4' y='{}'>tone {last}</text>", top + 12);
        let _ = write!(svg, "<text x='4' y='{}'>tone {first}</text>", top + MAP_HEIGHT);
        let _ = write!(svg, "<text x='{LEFT}' y='{}'>0 s</text>", top + MAP_HEIGHT + 16);
        let _ = write!(
            svg,
            "<text x='{}' y='{}' text-anchor='end'>{:.1} s</text>",
            WIDTH,
            top + MAP_HEIGHT + 16,
            self.span_s
        );
    }
}

fn draw_rate(svg: &mut String, rhythm: &Rhythm, span_s: f64, top: usize) {
    let per_second = rhythm.per_second();
    let high = per_second.iter().max().copied().unwrap_or(1).max(1);
    let width = (WIDTH - LEFT) as f64;
    let x = |t: f64| LEFT as f64 + width * (t / span_s.max(1e-9)).min(1.0);
    // At most as many bars as pixels: a bar shows the lowest count among its seconds, so that gaps stay visible.
    let step = per_second.len().div_ceil(WIDTH - LEFT).max(1);
    for (i, seconds) in per_second.chunks(step).enumerate() {
        let n = seconds.iter().min().copied().unwrap_or(0);
        let (from, to) = (x((i * step) as f64), x(((i + 1) * step) as f64));
        let h = RATE_HEIGHT as f64 * f64::from(n) / f64::from(high);
        let y = (top + RATE_HEIGHT) as f64 - h;
        let w = (to - from).max(0.5);
        let _ = write!(svg, "<rect x='{from:.1}' y='{y:.1}' width='{w:.1}' height='{h:.1}' fill='#2f83a8'/>");
    }
    for gap in rhythm.gaps() {
        let (from, to) = (x(gap.t_s), x(gap.t_s + gap.length_s));
        let w = (to - from).max(1.0);
        let _ = write!(
            svg,
            "<rect x='{from:.1}' y='{top}' width='{w:.1}' height='{RATE_HEIGHT}' fill='#c0392b' opacity='0.5'/>"
        );
    }
    let _ = write!(svg, "<text x='4' y='{}'>{high}/s</text><text x='4' y='{}'>0/s</text>", top + 12, top + RATE_HEIGHT);
}

/// Draws the recording.
///
/// # Errors
/// If it cannot be opened once more.
pub fn draw(
    path: &std::path::Path,
    options: &ReadOptions,
    title: &str,
    rhythm: &Rhythm,
    span_s: f64,
    link: u16,
) -> Result<String, ReadError> {
    let map = Map::read(path, options, link, span_s)?;
    let (rate_top, map_top) = (50, 50 + RATE_HEIGHT + 40);
    let height = map_top + MAP_HEIGHT + 30;
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' font-family='sans-serif' font-size='12'>\
         <rect width='{WIDTH}' height='{height}' fill='white'/><text x='4' y='18' font-size='15'>{}</text>\
         <text x='4' y='40'>frames a second; gaps of more than five median intervals in red</text>\
         <text x='4' y='{}'>mean amplitude of link {link}, first antenna pair</text>",
        title.replace('&', "&amp;").replace('<', "&lt;"),
        map_top - 10
    );
    draw_rate(&mut svg, rhythm, span_s, rate_top);
    map.draw(&mut svg, map_top);
    svg.push_str("</svg>\n");
    Ok(svg)
}
