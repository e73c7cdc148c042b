//! The settings that a node writes down.

use crate::wire::range::Level;

/// The settings as a file or a backup holds them. All public: they are class H, and shown to everybody at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Level.
    pub level: Level,
    /// The sensing switch.
    pub on: bool,
    /// Seconds that a pause still lasts; 0 none, `u32::MAX` until resumed.
    pub pause_s: u32,
    /// Zones that are switched off, zone 1 in bit 0.
    pub zones_off: u16,
    /// Consent to the weekly report.
    pub weekly: bool,
    /// History kept across restarts.
    pub keep: bool,
}

impl Settings {
    /// What a new installation has: level 1, sensing off, all else off.
    pub const DEFAULT: Self =
        Self { level: Level::Local, on: false, pause_s: 0, zones_off: 0, weekly: false, keep: false };

    /// True if any part is more exposed than in `other`.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.level > other.level
            || self.on && !other.on
            || self.pause_s < other.pause_s
            || other.zones_off & !self.zones_off != 0
            || self.weekly && !other.weekly
            || self.keep && !other.keep
    }

    /// The less exposed of each part.
    pub fn least(&self, other: &Self) -> Self {
        Self {
            level: self.level.min(other.level),
            on: self.on && other.on,
            pause_s: self.pause_s.max(other.pause_s),
            zones_off: self.zones_off | other.zones_off,
            weekly: self.weekly && other.weekly,
            keep: self.keep && other.keep,
        }
    }
}
