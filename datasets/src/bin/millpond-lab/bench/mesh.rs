//! Recordings of a mesh of nodes about an area: the image of what stands in it, against an empty reference.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use millpond_datasets::{ReadOptions, rssi};
use millpond_dsp::image::{Ends, Grid, Model, Peak, image, room};
use millpond_dsp::phy::Micros;

use super::labels::Label;

/// The mesh's format.
pub const FORMAT: &str = "rssi-mesh-log";
/// Cells of the image, m.
const CELL_M: f32 = 0.1;
/// Fewest readings of a pair on either side.
const FEWEST: u32 = 5;

/// Mean level of each pair of nodes, both ways together, dBm; the smaller number first.
type Levels = BTreeMap<(u16, u16), f32>;

/// What one recording shows against the reference.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which recording.
    pub path: String,
    /// The strongest place, dB.
    pub peak: Peak,
    /// Pairs that were compared.
    pub pairs: usize,
    /// Where the table says that a person stands, and how far the peak is from there, m.
    pub truth: Option<([f32; 2], f32)>,
    /// True if the table says that a person is there, false if not.
    pub person: Option<bool>,
}

/// All recordings of a mesh in a folder.
pub struct Mesh {
    /// The empty recording that the others are compared with.
    pub reference: String,
    /// The others, and the second half of the reference against its first.
    pub found: Vec<Found>,
}

/// Node k = 1..20 of the square of 3 m: 0.6 m apart, round the edge from the origin.
fn node(k: u16) -> Option<[f32; 2]> {
    let step = |n: u16| 0.6 * f32::from(n);
    match k {
        1..=5 => Some([step(k - 1), 0.0]),
        6..=10 => Some([3.0, step(k - 6)]),
        11..=15 => Some([3.0 - step(k - 11), 3.0]),
        16..=20 => Some([0.0, 3.0 - step(k - 16)]),
        _ => None,
    }
}

/// Looks at every mesh recording of a table; `None` if it holds none.
///
/// # Errors
/// If there is no empty reference, or a recording cannot be read.
pub fn look(dir: &Path, table: &[Label]) -> Option<Result<Mesh, String>> {
    let rows: Vec<&Label> = table.iter().filter(|r| r.format == FORMAT).collect();
    (!rows.is_empty()).then(|| compare(dir, &rows))
}

fn compare(dir: &Path, rows: &[&Label]) -> Result<Mesh, String> {
    let named = |r: &&&Label| r.empty && r.note.contains("reference");
    let reference = rows.iter().find(named).or_else(|| rows.iter().find(|r| r.empty && r.event == "empty"));
    let reference = reference.ok_or("the mesh has no row of an empty room to compare with")?;
    let file = |r: &Label| -> PathBuf { dir.join(&r.path) };
    let all = levels(&file(reference), |_| true)?;
    let length = last(&file(reference))?;
    let half = Micros(length.0 / 2);
    let mut found = Vec::new();
    for row in rows {
        // A reference against itself shows nothing: its halves against each other do.
        let (before, now) = if row.path == reference.path {
            (levels(&file(row), |t| t < half)?, levels(&file(row), |t| t >= half)?)
        } else {
            (all.clone(), levels(&file(row), |_| true)?)
        };
        let (links, change) = changes(&before, &now);
        let peak = peak(&links, &change)?;
        let truth = row.position.map(|p| (p, (peak.at[0] - p[0]).hypot(peak.at[1] - p[1])));
        found.push(Found { path: row.path.clone(), peak, pairs: links.len(), truth, person: row.person });
    }
    Ok(Mesh { reference: reference.path.clone(), found })
}

/// Loss of each pair that both have heard, dB.
fn changes(before: &Levels, now: &Levels) -> (Vec<Ends>, Vec<f32>) {
    let pairs = before.iter().filter_map(|(&(a, b), level)| {
        let ends = Ends { a: node(a)?, b: node(b)? };
        Some((ends, level - now.get(&(a, b))?))
    });
    pairs.unzip()
}

fn peak(links: &[Ends], change: &[f32]) -> Result<Peak, String> {
    let grid = Grid { origin: [0.0, 0.0], cell_m: CELL_M, nx: 31, ny: 31 };
    let (mut work, mut out) = (vec![0.0; room(links.len(), &grid)], vec![0.0; grid.cells()]);
    image(links, change, &grid, &Model::default(), &mut work, &mut out).map_err(|e| e.to_string())
}

fn each(path: &Path, mut f: impl FnMut(Micros, (u16, u16), f32)) -> Result<(), String> {
    let say = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let mut source = rssi::open(path, &ReadOptions::default()).map_err(|e| say(&e))?;
    loop {
        match source.next_sample() {
            Ok(Some(s)) => {
                if let Some(ends) = source.ends(s.link) {
                    f(s.t, ends, s.level.0);
                }
            }
            Ok(None) => return Ok(()),
            Err(e) if e.can_resume => {}
            Err(e) => return Err(say(&e)),
        }
    }
}

fn last(path: &Path) -> Result<Micros, String> {
    let mut end = Micros(0);
    each(path, |t, _, _| end = end.max(t))?;
    Ok(end)
}

fn levels(path: &Path, when: impl Fn(Micros) -> bool) -> Result<Levels, String> {
    let mut sums: BTreeMap<(u16, u16), (f32, u32)> = BTreeMap::new();
    each(path, |t, (a, b), level| {
        if when(t) && a != b {
            let (sum, n) = sums.entry((a.min(b), a.max(b))).or_default();
            *sum += level;
            *n += 1;
        }
    })?;
    Ok(sums.into_iter().filter(|(_, (_, n))| *n >= FEWEST).map(|(k, (sum, n))| (k, sum / n as f32)).collect())
}

impl Mesh {
    /// The weakest peak of a person.
    pub fn weakest(&self) -> Option<f32> {
        self.found.iter().filter(|f| f.person == Some(true)).map(|f| f.peak.value).min_by(f32::total_cmp)
    }

    /// One JSON document.
    pub fn json(&self) -> serde_json::Value {
        let round = |v: f32| (f64::from(v) * 1000.0).round() / 1000.0;
        let found = |f: &Found| {
            serde_json::json!({
                "path": f.path, "x_m": round(f.peak.at[0]), "y_m": round(f.peak.at[1]), "peak_db": round(f.peak.value),
                "pairs": f.pairs, "person": f.person, "error_m": f.truth.map(|t| round(t.1)),
                "of_weakest_person": self.weakest().map(|w| round(f.peak.value / w)),
            })
        };
        serde_json::json!({"reference": self.reference, "found": self.found.iter().map(found).collect::<Vec<_>>()})
    }

    /// A table for people.
    pub fn print(&self) {
        out!("mesh against {}: strongest place of the image", self.reference);
        for f in &self.found {
            let [x, y] = f.peak.at;
            let off = f.truth.map_or_else(String::new, |t| format!("  {:.2} m from the truth", t.1));
            let share =
                self.weakest().map_or_else(String::new, |w| format!("  {:.2} of the weakest person", f.peak.value / w));
            out!("  {:<40} ({x:.2}, {y:.2}) m  {:.2} dB{share}{off}", f.path, f.peak.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stand_round_the_square() {
        assert_eq!((node(1), node(5)), (Some([0.0, 0.0]), Some([0.6 * 4.0, 0.0])));
        assert_eq!((node(16), node(21), node(0)), (Some([0.0, 3.0]), None, None));
    }
}
