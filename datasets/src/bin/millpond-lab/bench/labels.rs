//! `labels.csv`: what is known of each recording.

use std::path::Path;

/// One row: a recording, or a part of one.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// Path inside the folder.
    pub path: String,
    /// Name of the format, as the folder calls it.
    pub format: String,
    /// What the row says about motion.
    pub motion: Motion,
    /// True if nobody was in the room, as far as the row says.
    pub empty: bool,
    /// Whether somebody was in the room, where the row says.
    pub person: Option<bool>,
    /// What went on, in a word.
    pub event: String,
    /// What else the row says.
    pub note: String,
    /// Where a person stands, m, where the note says `true position (x,y) m`.
    pub position: Option<[f32; 2]>,
    /// Packets a second, where the row says.
    pub rate_hz: Option<f64>,
    /// Seconds to leave out at the start.
    pub skip_start_s: f64,
    /// Seconds to leave out at the end.
    pub skip_end_s: f64,
}

/// What a row says about motion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// Nothing.
    #[default]
    Unknown,
    /// Nobody moves.
    Still,
    /// Somebody moves all the time.
    Moving,
    /// Something happens once, at an unknown time.
    Event,
    /// Each sample has a label of its own.
    PerSample,
}

impl Label {
    /// The set that the recording belongs to: its folder.
    pub fn set(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

/// Reads the table.
///
/// # Errors
/// In words, with the line.
pub fn read(path: &Path) -> Result<Vec<Label>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(&text).map_err(|e| format!("{}: {e}", path.display()))
}

fn parse(text: &str) -> Result<Vec<Label>, String> {
    let mut lines = text.lines().enumerate();
    let head = lines.next().map(|(_, l)| cells(l)).unwrap_or_default();
    let column = |name: &str| head.iter().position(|h| h == name);
    let path = column("path").ok_or("the first line names no column `path`")?;
    let motion = column("motion").ok_or("the first line names no column `motion`")?;
    let rest = ["format", "presence", "rate_hz", "skip_start_s", "skip_end_s", "event", "note"].map(column);
    let mut out = Vec::new();
    for (i, line) in lines.filter(|(_, l)| !l.trim().is_empty()) {
        let row = cells(line);
        let cell = |c: Option<usize>| c.and_then(|c| row.get(c)).map_or("", String::as_str);
        let number = |c: Option<usize>| match cell(c) {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(v) if v.is_finite() && v >= 0.0 => Ok(Some(v)),
                _ => Err(format!("line {}: `{text}` is no number of 0 or more", i + 1)),
            },
        };
        if cell(Some(path)).is_empty() {
            return Err(format!("line {}: no path", i + 1));
        }
        out.push(Label {
            path: cell(Some(path)).to_owned(),
            format: cell(rest[0]).to_owned(),
            motion: match cell(Some(motion)) {
                "0" => Motion::Still,
                "1" => Motion::Moving,
                "event" => Motion::Event,
                "per-sample" => Motion::PerSample,
                _ => Motion::Unknown,
            },
            empty: cell(rest[1]) == "0",
            person: match cell(rest[1]) {
                "0" => Some(false),
                "1" => Some(true),
                _ => None,
            },
            event: cell(rest[5]).to_owned(),
            note: cell(rest[6]).to_owned(),
            position: position(cell(rest[6])),
            rate_hz: number(rest[2])?,
            skip_start_s: number(rest[3])?.unwrap_or(0.0),
            skip_end_s: number(rest[4])?.unwrap_or(0.0),
        });
    }
    Ok(out)
}

/// The place that a note names: `true position (1.2,1.2) m`.
fn position(note: &str) -> Option<[f32; 2]> {
    let (_, rest) = note.split_once("true position (")?;
    let (x, y) = rest.split_once(')')?.0.split_once(',')?;
    Some([x.trim().parse().ok()?, y.trim().parse().ok()?])
}

/// Splits a line of comma-separated values; quotes keep commas, two quotes make one.
fn cells(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let cell = out.last_mut().expect("there is always one cell");
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            '\r' => {}
            c => cell.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_quotes_keep_commas() {
        let text = "note,path,motion,presence,skip_start_s\n\"a, \"\"b\"\"\",s/x.npz,0,0,2.5\n\n,s/y,event,1,\n";
        let rows = parse(text).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].path.as_str(), rows[0].motion, rows[0].empty), ("s/x.npz", Motion::Still, true));
        assert_eq!((rows[0].skip_start_s, rows[0].set()), (2.5, "s"));
        assert_eq!((rows[1].motion, rows[1].empty, rows[1].skip_start_s), (Motion::Event, false, 0.0));
        assert_eq!(position("so: true position (1.2, 0.6) m"), Some([1.2, 0.6]));
        assert_eq!(position("true position unknown"), None);
        assert!(parse("path,motion,skip_end_s\nx,0,soon\n").unwrap_err().contains("line 2"));
        assert!(parse("file\nx\n").unwrap_err().contains("`path`"));
    }
}
