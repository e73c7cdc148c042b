//! The picture: score over time against labels, ROC with the operating point, histogram of delays.

use std::fmt::Write;

use millpond_dsp::detect::{DetectorConfig, MotionState};

use super::labels::Motion;
use super::row::Row;
use super::run::Track;

const WIDTH: f64 = 1000.0;
const STRIP: f64 = 34.0;
const LEFT: f64 = 300.0;
/// Scores are drawn up to here.
const TOP_SCORE: f32 = 20.0;

/// Time, score and whether moving, for each decision.
pub fn trace(track: &Track) -> Vec<(f64, f32, bool)> {
    track.any.iter().map(|(t, a)| (t.seconds(), a.score, a.state == MotionState::Moving)).collect()
}

/// The whole picture as SVG.
pub fn draw(rows: &[Row]) -> String {
    let scored: Vec<&Row> = rows.iter().filter(|r| r.score.is_ok()).collect();
    let strips = 30.0 + scored.len() as f64 * STRIP;
    let height = strips + 340.0;
    let mut s = String::new();
    let _ = write!(
        s,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" font-family=\"sans-serif\" font-size=\"11\">\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\
         <text x=\"10\" y=\"18\">Score over time. Green: labelled moving, grey: labelled still, line: threshold, red: decided moving.</text>"
    );
    for (i, row) in scored.iter().enumerate() {
        strip(&mut s, row, 30.0 + i as f64 * STRIP);
    }
    roc(&mut s, &scored, strips + 20.0);
    delays(&mut s, &scored, strips + 20.0);
    s.push_str("</svg>\n");
    s
}

fn strip(s: &mut String, row: &Row, y: f64) {
    let end = row.trace.last().map_or(1.0, |t| t.0);
    let (h, w) = (STRIP - 6.0, WIDTH - LEFT - 20.0);
    let x = |t: f64| LEFT + w * t / end;
    let at = |score: f32| y + h - h * f64::from(score.clamp(0.0, TOP_SCORE) / TOP_SCORE);
    let (from, to) = (row.label.skip_start_s, (end - row.label.skip_end_s).max(row.label.skip_start_s));
    let fill = match row.label.motion {
        Motion::Moving => "#d8f0d8",
        Motion::Still => "#e8e8e8",
        _ => "#f0f0d8",
    };
    let _ = write!(
        s,
        "<text x=\"10\" y=\"{:.1}\">{}</text><rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{h}\" fill=\"{fill}\"/>",
        y + h / 2.0 + 4.0,
        escape(&row.label.path),
        x(from),
        x(to) - x(from),
    );
    for (t, _, _) in row.trace.iter().filter(|t| t.2) {
        let _ = write!(
            s,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.2}\" height=\"3\" fill=\"#c00\"/>",
            x(t - 0.25),
            y + h,
            w * 0.25 / end
        );
    }
    let points: String =
        row.trace.iter().filter(|t| t.1.is_finite()).map(|t| format!("{:.1},{:.1} ", x(t.0), at(t.1))).collect();
    let line = at(DetectorConfig::default().threshold());
    let _ = write!(
        s,
        "<polyline points=\"{points}\" fill=\"none\" stroke=\"#036\" stroke-width=\"0.8\"/>\
         <line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{line:.1}\" y2=\"{line:.1}\" stroke=\"#888\" stroke-dasharray=\"3\"/>",
        LEFT + w
    );
}

/// Share of moving seconds over share of empty ones, for every threshold on the score alone; the cross is the detector
/// with its hysteresis.
fn roc(s: &mut String, rows: &[&Row], y: f64) {
    let (x0, size) = (60.0, 260.0);
    let scores = rows.iter().filter_map(|r| r.score.as_ref().ok());
    let mut samples: Vec<(f64, bool)> = scores.clone().flat_map(|s| s.samples.iter().copied()).collect();
    for sample in &mut samples {
        if sample.0.is_nan() {
            sample.0 = f64::NEG_INFINITY;
        }
    }
    samples.sort_by(|a, b| b.0.total_cmp(&a.0));
    let total = |moving: bool| samples.iter().filter(|s| s.1 == moving).count().max(1) as f64;
    let (moving, empty) = (total(true), total(false));
    // A tenth of the axis for each half decade would hide the operating point: the axis is the square root.
    let px = |fp: f64| x0 + size * fp.sqrt();
    let py = |r: f64| y + size - size * r;
    let (mut hits, mut alarms, mut points) = (0.0, 0.0, String::new());
    for (i, (score, truth)) in samples.iter().enumerate() {
        if *truth {
            hits += 1.0
        } else {
            alarms += 1.0
        }
        if samples.get(i + 1).is_none_or(|next| next.0 < *score) {
            let _ = write!(points, "{:.1},{:.1} ", px(alarms / empty), py(hits / moving));
        }
    }
    let sum = |f: &dyn Fn(&super::rules::Score) -> Option<super::bounds::Share>| {
        scores.clone().filter_map(f).fold((0.0, 0.0), |(h, n), s| (h + s.hits as f64, n + s.of as f64))
    };
    let (found, false_ones) = (sum(&|s| s.moving), sum(&|s| s.empty));
    let (ox, oy) = (px(false_ones.0 / false_ones.1.max(1.0)), py(found.0 / found.1.max(1.0)));
    let _ = write!(
        s,
        "<rect x=\"{x0}\" y=\"{y:.1}\" width=\"{size}\" height=\"{size}\" fill=\"none\" stroke=\"#888\"/>\
         <polyline points=\"{points}\" fill=\"none\" stroke=\"#036\"/>\
         <path d=\"M{:.1} {oy:.1}h12M{ox:.1} {:.1}v12\" stroke=\"#c00\" stroke-width=\"2\"/>\
         <text x=\"{x0}\" y=\"{:.1}\">up: moving seconds found, 0 to 100 %</text>\
         <text x=\"{x0}\" y=\"{:.1}\">right: empty seconds called moving, 0 to 100 %, root axis</text>",
        ox - 6.0,
        oy - 6.0,
        y + size + 16.0,
        y + size + 30.0,
    );
}

/// From the start of motion to the first decision of moving, in steps of a quarter second.
fn delays(s: &mut String, rows: &[&Row], y: f64) {
    let (x0, w, h) = (420.0, 520.0, 260.0);
    let delays: Vec<f64> = rows.iter().filter_map(|r| r.score.as_ref().ok()?.delay_s).collect();
    let mut bins = [0u32; 20];
    for d in &delays {
        bins[((d / 0.25) as usize).min(bins.len() - 1)] += 1;
    }
    let most = f64::from(bins.iter().copied().max().unwrap_or(0).max(1));
    for (i, n) in bins.iter().enumerate() {
        let bar = h * f64::from(*n) / most;
        let step = w / bins.len() as f64;
        let _ = write!(
            s,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{bar:.1}\" fill=\"#69c\"/>",
            x0 + i as f64 * step,
            y + h - bar,
            step - 2.0,
        );
    }
    let _ = write!(
        s,
        "<rect x=\"{x0}\" y=\"{y:.1}\" width=\"{w}\" height=\"{h}\" fill=\"none\" stroke=\"#888\"/>\
         <text x=\"{x0}\" y=\"{:.1}\">delay of the first decision of moving, {} recordings; 0 to 5 s and more, highest bar {most}</text>",
        y + h + 16.0,
        delays.len(),
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
