//! The picture of a recording: frames a second with gaps, and the amplitude over time and tone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use millpond_datasets::Record;
use millpond_datasets::rhythm::Rhythm;

const WIDTH: usize = 1000;
const LEFT: usize = 64;
const RIGHT: usize = 76;
const PLOT: f64 = (WIDTH - LEFT - RIGHT) as f64;
const RATE_TOP: usize = 62;
const RATE_HEIGHT: usize = 110;
const MAP_TOP: usize = RATE_TOP + RATE_HEIGHT + 62;
const MAP_HEIGHT: usize = 360;
const HEIGHT: usize = MAP_TOP + MAP_HEIGHT + 44;
/// Cells of the map.
const COLUMNS: usize = 240;
const ROWS: usize = 128;
/// Links that are kept until the busiest is known.
const MAX_LINKS: usize = 64;
/// Colours from low to high amplitude, dark to light, also apart in print; those between are mixed.
const COLOURS: [u32; 8] = [0x0b1d3a, 0x15396b, 0x1f5c92, 0x2f83a8, 0x52a9a4, 0x8bc98f, 0xcfe08a, 0xfdf6b8];
/// Steps of amplitude.
const LEVELS: usize = 16;

/// The colour of a step.
fn colour(level: usize) -> String {
    let at = level as f64 / (LEVELS - 1) as f64 * (COLOURS.len() - 1) as f64;
    let (i, part) = ((at as usize).min(COLOURS.len() - 2), at - (at as usize).min(COLOURS.len() - 2) as f64);
    let mix = |shift: u32| {
        let of = |c: u32| f64::from(c >> shift & 0xff);
        (of(COLOURS[i]) * (1.0 - part) + of(COLOURS[i + 1]) * part).round() as u32
    };
    format!("#{:06x}", mix(16) << 16 | mix(8) << 8 | mix(0))
}

/// Mean amplitude of each link's first antenna pair, over time and tone, made in one pass: how long the recording is
/// shows as it goes, so the columns are halved each time it outgrows them.
#[derive(Default)]
pub struct Map(BTreeMap<u16, Cells>);

struct Cells {
    frames: u64,
    /// Sum and number for each column and row.
    sums: Vec<(f64, u32)>,
    tones: Vec<i16>,
    /// Seconds that a column spans.
    column_s: f64,
    amplitude: Vec<f32>,
}

impl Map {
    /// Takes a frame in.
    pub fn add(&mut self, record: &Record<'_>) {
        let link = record.frame.meta().link.0;
        if self.0.len() >= MAX_LINKS && !self.0.contains_key(&link) {
            return;
        }
        self.0.entry(link).or_insert_with(|| Cells::new(record.frame.tones())).add(record);
    }
}

impl Cells {
    fn new(tones: &[i16]) -> Self {
        let sums = vec![(0.0, 0); 2 * COLUMNS * ROWS];
        Self { frames: 0, sums, tones: tones.to_vec(), column_s: 0.01, amplitude: Vec::new() }
    }

    fn rows(&self) -> usize {
        ROWS.min(self.tones.len())
    }

    fn add(&mut self, record: &Record<'_>) {
        let row = record.frame.chain(0);
        self.amplitude.resize(row.len(), 0.0);
        row.amplitude_into(&mut self.amplitude);
        let t_s = record.frame.meta().t.seconds();
        while t_s >= self.column_s * (2 * COLUMNS) as f64 {
            self.halve();
        }
        let column = ((t_s / self.column_s) as usize).min(2 * COLUMNS - 1);
        let (n, rows) = (self.amplitude.len(), ROWS.min(self.amplitude.len()));
        for (i, &a) in self.amplitude.iter().enumerate().filter(|(_, a)| a.is_finite()) {
            let cell = &mut self.sums[column * ROWS + i * rows / n];
            *cell = (cell.0 + f64::from(a), cell.1 + 1);
        }
        self.frames += 1;
    }

    /// Joins each two columns.
    fn halve(&mut self) {
        self.column_s *= 2.0;
        for c in 0..2 * COLUMNS {
            for r in 0..ROWS {
                let sum = |c: usize| self.sums.get(c * ROWS + r).copied().unwrap_or_default();
                let (a, b) = (sum(2 * c), sum(2 * c + 1));
                self.sums[c * ROWS + r] = (a.0 + b.0, a.1 + b.1);
            }
        }
    }

    fn mean(&self, column: usize, row: usize) -> Option<f64> {
        self.sums.get(column * ROWS + row).filter(|s| s.1 > 0).map(|s| s.0 / f64::from(s.1))
    }

    /// Draws the cells; those of equal colour in a column are drawn as one. Answers the amplitude of the lightest.
    fn draw(&self, svg: &mut String, span_s: f64) -> f64 {
        let (rows, columns) = (self.rows(), (span_s / self.column_s) as usize + 1);
        let mut all: Vec<f64> = (0..columns).flat_map(|c| (0..rows).filter_map(move |r| self.mean(c, r))).collect();
        all.sort_by(f64::total_cmp);
        // The brightest hundredth does not set the scale.
        let high = all.get(all.len() * 99 / 100).or(all.last()).copied().unwrap_or(1.0).max(1e-12);
        let level = |c: usize, r: usize| self.mean(c, r).map(|m| ((m / high * LEVELS as f64) as usize).min(LEVELS - 1));
        let (dx, dy) = (PLOT * self.column_s / span_s.max(self.column_s), MAP_HEIGHT as f64 / rows as f64);
        for c in 0..columns {
            let mut from = 0;
            for r in 1..=rows {
                if r < rows && level(c, r) == level(c, from) {
                    continue;
                }
                if let Some(l) = level(c, from) {
                    let (x, y) = (LEFT as f64 + c as f64 * dx, (MAP_TOP + MAP_HEIGHT) as f64 - r as f64 * dy);
                    let (w, h) = (dx.min(LEFT as f64 + PLOT - x), (r - from) as f64 * dy);
                    let colour = colour(l);
                    let _ = write!(svg, "<rect x='{x:.2}' y='{y:.2}' width='{w:.2}' height='{h:.2}' fill='{colour}'/>");
                }
                from = r;
            }
        }
        high
    }

    /// Names of some tones beside the map, and what the colours mean.
    fn label(&self, svg: &mut String, high: f64) {
        let (n, bottom) = (self.tones.len(), (MAP_TOP + MAP_HEIGHT) as f64);
        for i in 0..=4 {
            let at = (n - 1) * i / 4;
            let y = bottom - (at as f64 + 0.5) * MAP_HEIGHT as f64 / n as f64;
            let _ =
                write!(svg, "<text x='{}' y='{:.1}' text-anchor='end'>{}</text>", LEFT - 6, y + 4.0, self.tones[at]);
        }
        let _ = write!(svg, "<text x='{}' y='{}' text-anchor='end'>tone</text>", LEFT - 6, MAP_TOP - 8);
        let (x, step) = (WIDTH - RIGHT + 14, 10);
        for i in 0..LEVELS {
            let (y, colour) = (MAP_TOP + step * (LEVELS - i + 1), colour(i));
            let _ = write!(svg, "<rect x='{x}' y='{y}' width='14' height='{step}' fill='{colour}'/>");
        }
        let bottom = MAP_TOP + step * (LEVELS + 2);
        let _ = write!(svg, "<text x='{x}' y='{}'>|H|</text>", MAP_TOP + 8);
        let _ = write!(svg, "<text x='{}' y='{}'>{}</text>", x + 18, MAP_TOP + 2 * step + 8, short(high));
        let _ = write!(svg, "<text x='{}' y='{bottom}'>0</text>", x + 18);
    }
}

/// A number in few figures.
fn short(x: f64) -> String {
    match x {
        _ if x >= 100.0 => format!("{x:.0}"),
        _ if x >= 1.0 => format!("{x:.1}"),
        _ => format!("{x:.1e}"),
    }
}

/// The step of ticks over a length, at most ten of them: 1, 2 or 5 times a power of ten, in seconds, or of minutes and
/// hours where they are longer.
fn tick(span_s: f64) -> f64 {
    const STEPS: [f64; 12] =
        [60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 43_200.0, 86_400.0, 604_800.0];
    let least = span_s / 10.0;
    if least > 30.0 {
        return STEPS.into_iter().find(|&s| s >= least).unwrap_or(span_s);
    }
    let decade = 10f64.powf(least.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * decade).find(|&s| s >= least).unwrap_or(least)
}

/// A time as people read it.
fn clock(t_s: f64, step_s: f64) -> String {
    if step_s >= 60.0 {
        let minutes = (t_s / 60.0).round() as u64;
        return format!("{}:{:02} h", minutes / 60, minutes % 60);
    }
    let decimals = (-step_s.log10().floor()).max(0.0) as usize;
    format!("{t_s:.decimals$} s")
}

fn time_axis(svg: &mut String, span_s: f64, bottom: usize) {
    let step = tick(span_s);
    let mut i = 0;
    while i as f64 * step <= span_s && i <= 20 {
        let x = LEFT as f64 + PLOT * (i as f64 * step / span_s.max(1e-9)).min(1.0);
        let _ = write!(svg, "<path d='M{x:.1} {bottom}v5' stroke='#444'/>");
        let text = clock(i as f64 * step, step);
        let _ = write!(svg, "<text x='{x:.1}' y='{}' text-anchor='middle'>{text}</text>", bottom + 18);
        i += 1;
    }
}

fn draw_rate(svg: &mut String, rhythm: &Rhythm, span_s: f64) {
    let per_second = rhythm.per_second();
    let high = per_second.iter().max().copied().unwrap_or(1).max(1);
    let bottom = RATE_TOP + RATE_HEIGHT;
    let x = |t: f64| LEFT as f64 + PLOT * (t / span_s.max(1e-9)).min(1.0);
    let y = |n: u32| bottom as f64 - RATE_HEIGHT as f64 * f64::from(n) / f64::from(high);
    // At most as many steps as pixels: each shows the lowest count among its seconds, so that gaps stay visible.
    let step = per_second.len().div_ceil(PLOT as usize).max(1);
    let mut path = format!("M{LEFT} {bottom}");
    for (i, seconds) in per_second.chunks(step).enumerate() {
        let mut n = seconds.iter().min().copied().unwrap_or(0);
        // The last second is seldom whole: its rate is taken over the part that is there.
        let part = span_s - (i * step) as f64;
        if step == 1 && (0.1..1.0).contains(&part) {
            n = ((f64::from(n) / part).round() as u32).min(high);
        }
        let _ = write!(path, "V{:.1}H{:.1}", y(n), x(((i + 1) * step) as f64));
    }
    let _ = write!(svg, "<path d='{path}V{bottom}Z' fill='#2f83a8'/>");
    for gap in rhythm.gaps() {
        let (from, to) = (x(gap.t_s), x(gap.t_s + gap.length_s));
        let w = (to - from).max(1.5);
        let _ = write!(
            svg,
            "<rect x='{from:.1}' y='{}' width='{w:.1}' height='{}' fill='#c0392b'/>",
            RATE_TOP - 8,
            RATE_HEIGHT + 8
        );
    }
    for n in [0, high / 2, high] {
        let _ = write!(svg, "<text x='{}' y='{:.1}' text-anchor='end'>{n}</text>", LEFT - 6, y(n) + 4.0);
    }
}

/// Draws the recording.
pub fn draw(map: &Map, title: &str, rhythm: &Rhythm, span_s: f64) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' \
         font-family='sans-serif' font-size='12' fill='#222'><rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>\
         <text x='{LEFT}' y='22' font-size='16'>{title}</text>\
         <text x='{LEFT}' y='44'>frames a second; \
         the longest gaps of more than five usual intervals in red</text>"
    );
    draw_rate(&mut svg, rhythm, span_s);
    time_axis(&mut svg, span_s, RATE_TOP + RATE_HEIGHT);
    // Of equals the first.
    let busiest = map.0.iter().rev().max_by_key(|(_, cells)| cells.frames);
    match busiest {
        Some((link, cells)) => {
            let _ = write!(
                svg,
                "<text x='{LEFT}' y='{}'>mean amplitude of link {link}, {} of {} links, first antenna pair</text>\
                 <g shape-rendering='crispEdges'>",
                MAP_TOP - 8,
                if map.0.len() == 1 { "the one" } else { "the busiest" },
                map.0.len()
            );
            let high = cells.draw(&mut svg, span_s);
            svg.push_str("</g>");
            cells.label(&mut svg, high);
            time_axis(&mut svg, span_s, MAP_TOP + MAP_HEIGHT);
        }
        None => {
            let _ = write!(svg, "<text x='{LEFT}' y='{MAP_TOP}'>no frames</text>");
        }
    }
    svg.push_str("</svg>\n");
    svg
}
