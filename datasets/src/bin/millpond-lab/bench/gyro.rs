//! The rate of a chest from a phone's gyroscope lying on it: the reference of the breathing figures.

use std::path::Path;

/// Band in which a breath is looked for, breaths a minute.
const BAND: std::ops::Range<f64> = 8.0..37.0;
/// Fineness of the search, breaths a minute.
const STEP: f64 = 0.02;

/// The strongest rate over the whole file, all three axes together, breaths a minute.
///
/// Times are irregular: the spectrum is the least-squares one (Lomb 1976) with its mean taken off.
///
/// # Errors
/// If the file cannot be read or holds less than ten seconds of times and rates.
pub fn per_minute(path: &Path) -> Result<f64, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    of(&text)
        .ok_or_else(|| format!("{}: needs columns SamplingTime, GyroX, GyroY, GyroZ and ten seconds", path.display()))
}

fn of(text: &str) -> Option<f64> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next()?.split(',').map(str::trim).collect();
    let column = |name: &str| names.iter().position(|n| *n == name);
    let columns = [column("SamplingTime")?, column("GyroX")?, column("GyroY")?, column("GyroZ")?];
    let mut rows: Vec<[f64; 4]> = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let value = |c: usize| fields.get(c).and_then(|f| f.parse::<f64>().ok()).filter(|v| v.is_finite());
        let row = columns.map(value);
        if let [Some(t), Some(x), Some(y), Some(z)] = row {
            rows.push([t, x, y, z]);
        }
    }
    let (first, last) = (rows.first()?[0], rows.last()?[0]);
    if last - first < 10.0 {
        return None;
    }
    let n = rows.len() as f64;
    let mean: Vec<f64> = (1..4).map(|a| rows.iter().map(|r| r[a]).sum::<f64>() / n).collect();
    let power = |per_minute: f64| -> f64 {
        let w = std::f64::consts::TAU * per_minute / 60.0;
        (1..4).map(|a| lomb(rows.iter().map(|r| (r[0] - first, r[a] - mean[a - 1])), w)).sum()
    };
    let steps = ((BAND.end - BAND.start) / STEP) as usize;
    let rates = (0..=steps).map(|i| BAND.start + STEP * i as f64);
    rates.map(|r| (r, power(r))).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(r, _)| r)
}

/// Least-squares power of one frequency in an irregular series.
fn lomb(series: impl Iterator<Item = (f64, f64)>, w: f64) -> f64 {
    let (mut cc, mut ss, mut cs, mut xc, mut xs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (t, x) in series {
        let (s, c) = (w * t).sin_cos();
        (cc, ss, cs) = (cc + c * c, ss + s * s, cs + c * s);
        (xc, xs) = (xc + x * c, xs + x * s);
    }
    let det = cc * ss - cs * cs;
    if det > 1e-9 { (xc * xc * ss + xs * xs * cc - 2.0 * xc * xs * cs) / det } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_at_irregular_times_and_damaged_lines() {
        let mut text = "SamplingTime, AccX, GyroX, GyroY, GyroZ\nnonsense\n".to_owned();
        for i in 0..600 {
            let t = f64::from(i) * 0.08 + 0.03 * f64::from(i * 7 % 11) / 11.0;
            let x = (std::f64::consts::TAU * 0.24 * t).sin();
            text += &format!("{}, , {x}, {}, 0.5\n", 1.6e9 + t, 0.3 * x + 2.0);
        }
        let rate = of(&text).unwrap();
        assert!((rate - 14.4).abs() < 0.05, "{rate}");
        assert!(of("SamplingTime,GyroX\n1,2").is_none() && of("").is_none());
    }
}
