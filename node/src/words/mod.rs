//! Every word of the page, in one table a language.

mod english;
mod japanese;

use millpond_report::EventCode;
use millpond_report::sink::Door;
use millpond_report::wire::range::{Bucket, DecisionKind, Level, ReasonCode, Sensing, ZonePresence, ZoneState};

pub use english::ENGLISH;
pub use japanese::JAPANESE;

/// Every language.
pub const LANGUAGES: [&Words; 2] = [&ENGLISH, &JAPANESE];

/// The words of a language by its tag.
pub fn of(lang: &str) -> Option<&'static Words> {
    LANGUAGES.into_iter().find(|w| w.lang == lang)
}

/// The words of one language. A language is complete or does not compile.
pub struct Words {
    /// BCP 47 tag.
    pub lang: &'static str,
    /// The language's own name for itself.
    pub own_name: &'static str,
    /// Name of the choice of language.
    pub language: &'static str,
    /// Headings.
    pub history: &'static str,
    /// Headings.
    pub health: &'static str,
    /// Link for the keyboard.
    pub skip: &'static str,
    /// Name of the navigation.
    pub nav: &'static str,
    /// Headings.
    pub now: &'static str,
    /// Headings.
    pub network: &'static str,
    /// Headings.
    pub why: &'static str,
    /// Headings.
    pub privacy: &'static str,
    /// The stream broke.
    pub lost: &'static str,
    /// What the switch says.
    pub sensing: fn(Sensing) -> &'static str,
    /// What that means.
    pub sensing_note: fn(Sensing) -> &'static str,
    /// The pause buttons: 15 minutes, 1 hour, until resumed.
    pub pause: [&'static str; 3],
    /// Switches.
    pub switch_off: &'static str,
    /// Switches.
    pub switch_on: &'static str,
    /// Ends a pause.
    pub resume: &'static str,
    /// The key form.
    pub key: &'static str,
    /// The key form.
    pub key_field: &'static str,
    /// The key form.
    pub key_note: &'static str,
    /// The key form.
    pub unlock: &'static str,
    /// A zone's state.
    pub state: fn(ZoneState) -> &'static str,
    /// Why there is no level.
    pub state_note: fn(ZoneState) -> &'static str,
    /// Before and after the level.
    pub level: [&'static str; 2],
    /// Somebody there.
    pub present: fn(ZonePresence) -> &'static str,
    /// What the strip of bars shows.
    pub strip: &'static str,
    /// Nothing to show yet.
    pub no_network: &'static str,
    /// Nothing to show yet.
    pub no_decisions: &'static str,
    /// Captions of the maps.
    pub before: &'static str,
    /// Captions of the maps.
    pub after: &'static str,
    /// How many pairs of pods share air.
    pub shared: fn(usize) -> String,
    /// What lines and fillings of the maps mean.
    pub legend: &'static str,
    /// Table: caption and heads.
    pub table: &'static str,
    /// Table: caption and heads.
    pub heads: [&'static str; 6],
    /// A count in words.
    pub networks: fn(Bucket) -> String,
    /// Channel, before its number.
    pub channel: &'static str,
    /// What a decision does.
    pub decision: fn(DecisionKind) -> &'static str,
    /// A reason.
    pub reason: fn(ReasonCode) -> &'static str,
    /// Before the reasons.
    pub because: &'static str,
    /// Moves together with the decision of a number.
    pub together: &'static str,
    /// Expected gain.
    pub expected: &'static str,
    /// Options that lost.
    pub losers: &'static str,
    /// What would change it.
    pub flip: &'static str,
    /// What the weights are.
    pub weights: &'static str,
    /// Facts about privacy, one sentence each.
    pub facts: &'static [&'static str],
    /// Who asked wants a key first.
    pub needs_key: &'static str,
    /// In place of a time that nobody knows.
    pub no_time: &'static str,
    /// What is shown is no real home.
    pub simulated: &'static str,
    /// Captions of the two heat maps.
    pub day_map: &'static str,
    /// Captions of the two heat maps.
    pub month_map: &'static str,
    /// A zone's last 24 hours in a sentence: minutes that moved, minutes that are known.
    pub day_sum: fn(u32, u32) -> String,
    /// A zone's last 30 days in a sentence: hours that moved, hours that are known.
    pub month_sum: fn(u32, u32) -> String,
    /// Legend of the heat maps: still, moving much, not known.
    pub heat: [&'static str; 3],
    /// Days are counted so.
    pub clock: &'static str,
    /// History is on hold.
    pub held: &'static str,
    /// No history yet.
    pub no_history: &'static str,
    /// All is well.
    pub well: &'static str,
    /// Before what is not.
    pub degraded: &'static str,
    /// A source is lost: its number.
    pub lost_source: fn(u8) -> String,
    /// Zones whose detectors have not settled: their names.
    pub settling: &'static str,
    /// Frames or messages were dropped.
    pub overloaded: &'static str,
    /// The store cannot be written.
    pub failing: &'static str,
    /// The store is in quarantine.
    pub quarantined: &'static str,
    /// The broker: lost, refused.
    pub broker: [&'static str; 2],
    /// Sensing is off or paused: nothing is measured.
    pub not_sensing: &'static str,
    /// Heading of the switches.
    pub exposure: &'static str,
    /// A level: its number and what it means.
    pub level_name: fn(Level) -> &'static str,
    /// Before the level in force.
    pub level_now: &'static str,
    /// Button: go to that level.
    pub level_go: &'static str,
    /// Keeping across restarts: off, on.
    pub keep: [&'static str; 2],
    /// Buttons: keep, do not keep.
    pub keep_go: [&'static str; 2],
    /// Buttons: hold, lift the hold.
    pub hold_go: [&'static str; 2],
    /// Heading of what leaves.
    pub leaves: &'static str,
    /// Nothing leaves.
    pub leaves_nothing: &'static str,
    /// The bytes of a message, as an example.
    pub leaves_bytes: &'static str,
    /// Heading of export and erasure.
    pub rights: &'static str,
    /// Links: JSON, CSV, Influx.
    pub export: [&'static str; 3],
    /// Erase everything.
    pub erase: &'static str,
    /// What it takes with it.
    pub erase_note: &'static str,
    /// Erase, certainly.
    pub erase_go: &'static str,
    /// What came of it: slots, hours, files.
    pub erased: fn(u32, u32, u32) -> String,
    /// Something is left.
    pub erase_failed: &'static str,
    /// Heading of the audit.
    pub audit: &'static str,
    /// Heading of the consents.
    pub consents: &'static str,
    /// The question before a step to more.
    pub confirm: &'static str,
    /// What becomes possible.
    pub possible: &'static str,
    /// Nothing new becomes possible.
    pub possible_nothing: &'static str,
    /// Yes, and back.
    pub yes_back: [&'static str; 2],
    /// A door.
    pub door: fn(Door) -> &'static str,
    /// An event.
    pub event: fn(EventCode) -> &'static str,
    /// Carry a decision out.
    pub apply: &'static str,
    /// Take a decision back.
    pub undo: &'static str,
    /// Leave the radio as it is.
    pub pin: &'static str,
    /// Never again.
    pub object: &'static str,
}
