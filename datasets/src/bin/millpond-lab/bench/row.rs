//! One row of the table with what came of it: what the score prints and the plot draws.

use super::labels::Label;
use super::presence::Windows;
use super::rules::Score;

/// One row with what came of it.
pub struct Row {
    /// The row of the table.
    pub label: Label,
    /// The score, or why there is none.
    pub score: Result<Score, String>,
    /// What could not be read of the recording.
    pub damage: Option<String>,
    /// Seconds, score and state for the plot.
    pub trace: Vec<(f64, f32, bool)>,
    /// Windows of still presence, where the row is about it.
    pub windows: Option<Windows>,
}
