//! How far a run is: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// A bar of homes.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for so many homes.
    pub fn new(homes: u64, json: bool, start: Instant) -> Self {
        if json || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(homes).with_elapsed(start.elapsed());
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} homes, {per_sec}, {eta} left");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// So many more are done.
    pub fn add(&self, homes: u64) {
        self.0.inc(homes);
    }

    /// All is done.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// The summary in words.
pub fn print(s: &Value) {
    let (n, share) = (|key: &str| s[key].as_u64().unwrap_or(0), |key: &str| s[key].as_f64().unwrap_or(0.0));
    out!(
        "{} homes: {} planned, {} unchanged, {} skipped, {} with faults",
        n("homes"),
        n("planned"),
        n("unchanged"),
        n("skipped"),
        n("failed")
    );
    if n("resumed") > 0 {
        out!("{} of them by an earlier run", n("resumed"));
    }
    out!(
        "{:.1} s on {} threads, {:.0} homes a second, threads idle {:.1} % of the time",
        share("seconds"),
        n("threads"),
        share("homes_per_s"),
        100.0 * share("idle_share")
    );
}
