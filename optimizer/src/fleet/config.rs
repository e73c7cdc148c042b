//! The settings of a run over a fleet: all that a plan depends on besides its row.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::model::site::{Policy, QuietWindow};

/// What plans, with its version.
pub const ENGINE: &str = concat!("millpond-optimizer ", env!("CARGO_PKG_VERSION"));

/// The settings, as JSON; what is left out has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What the planner may do and what a change costs; the same for all homes.
    pub policy: Policy,
    /// Rounds of search for each home, at least 1.
    pub rounds: u32,
    /// When changes may be applied.
    pub quiet_window: Option<QuietWindow>,
    /// EIRP of stations in dBm: their path loss is this less the level of their frames.
    pub client_eirp_dbm: i32,
    /// A home rests this long after a change, unless what it runs is not allowed.
    pub rest_s: u32,
    /// A row of more pods is skipped.
    pub max_pods: u32,
    /// A row of more stations is skipped.
    pub max_clients: u32,
    /// True plans nothing and answers `unchanged`: what reading and writing alone cost.
    pub keep_all: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            rounds: 1,
            quiet_window: None,
            // Phones and notebooks send with 12 to 18 dBm.
            client_eirp_dbm: 15,
            rest_s: 86_400,
            max_pods: 1_024,
            max_clients: 16_384,
            keep_all: false,
        }
    }
}

impl Config {
    /// Reads settings from JSON; an empty text is all defaults.
    ///
    /// - Errors: one line with the place
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if config.rounds == 0 || config.rounds > 1_000 {
            return Err(format!("rounds: {} is not within 1 to 1000", config.rounds));
        }
        if !(-10..=36).contains(&config.client_eirp_dbm) {
            return Err(format!("client_eirp_dbm: {} is not within -10 to 36", config.client_eirp_dbm));
        }
        Ok(config)
    }

    /// 128 bits over all settings, in hex. Equal settings are equal in any spelling.
    pub fn hash(&self) -> String {
        // A struct of numbers and lists always becomes JSON.
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("{:032x}", xxh3_128(text.as_bytes()))
    }
}
