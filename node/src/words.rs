//! Every word of the page, in one table a language.

use millpond_report::wire::range::{Bucket, DecisionKind, ReasonCode, Sensing, ZonePresence, ZoneState};

/// The words of one language. A language is complete or does not compile.
pub struct Words {
    /// BCP 47 tag.
    pub lang: &'static str,
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
}

/// English.
pub const ENGLISH: Words = Words {
    lang: "en",
    skip: "Skip to the rooms",
    nav: "Parts of this page",
    now: "Now",
    network: "Network",
    why: "Why",
    privacy: "Privacy",
    lost: "The node does not answer. What stands below is old.",
    sensing: |s| match s {
        Sensing::On => "Sensing is on",
        Sensing::Off => "Sensing is off",
        Sensing::Paused => "Sensing is paused",
    },
    sensing_note: |s| match s {
        Sensing::On => "Wi-Fi sensing works through walls. Anyone at home can pause it.",
        Sensing::Off => "No frame is decoded. Off does not mean that nobody is there.",
        Sensing::Paused => "No frame is decoded. Paused does not mean that nobody is there.",
    },
    pause: ["Pause 15 min", "1 hour", "Until resumed"],
    switch_off: "Switch off",
    switch_on: "Switch on",
    resume: "Resume",
    key: "Unlock with the key",
    key_field: "Key",
    key_note: "Switching on and resuming need the admin key, which the node shows at start, itself or its file; pausing needs none.",
    unlock: "Unlock",
    state: |s| match s {
        ZoneState::Off => "Off",
        ZoneState::Unknown => "Unknown",
        ZoneState::Still => "Still",
        ZoneState::Moving => "Moving",
    },
    state_note: |s| match s {
        ZoneState::Off => "not sensing",
        ZoneState::Unknown => "too little to go on",
        ZoneState::Still | ZoneState::Moving => "",
    },
    level: ["level ", " of 9"],
    present: |p| match p {
        ZonePresence::Yes => "somebody there",
        ZonePresence::No => "nobody noticed",
        ZonePresence::Unknown | ZonePresence::Off => "",
    },
    strip: "level over the last two minutes",
    no_network: "No survey yet.",
    no_decisions: "No decision yet. The first comes with the first survey.",
    before: "Before",
    after: "After: the plan, as a dry run",
    shared: |n| match n {
        0 => "every pod has channels of its own".into(),
        1 => "1 pair of pods on one channel".into(),
        n => format!("{n} pairs of pods on one channel"),
    },
    legend: "A dotted line joins pods on one channel, as pods that feed each other by radio must be. A row fills up as other networks keep its air busy.",
    table: "Each radio: where it is, what it hears there, where the plan puts it",
    heads: ["Pod", "Band", "Now on", "Air busy", "Other networks", "Plan"],
    networks: |b| match b {
        Bucket::Zero => "none".into(),
        b => b.text().into(),
    },
    channel: "ch",
    decision: |k| match k {
        DecisionKind::Keep => "keeps its setting",
        DecisionKind::Channel => "changes channel",
        DecisionKind::Width => "changes width",
        DecisionKind::Power => "changes power",
        DecisionKind::Steer => "gets clients moved",
    },
    reason: |c| match c {
        ReasonCode::Busy => "busy air",
        ReasonCode::Overlap => "overlap at home",
        ReasonCode::Noise => "noise",
        ReasonCode::Capacity => "client rates",
        ReasonCode::Backhaul => "backhaul",
        ReasonCode::Load => "demand",
        ReasonCode::Dfs => "radar listening",
        ReasonCode::Radar => "radar seen",
        ReasonCode::Churn => "cost of a switch",
        ReasonCode::Window => "outside the window",
        ReasonCode::Pin => "pinned",
        ReasonCode::Objection => "objected to",
        ReasonCode::Capability => "not capable",
        ReasonCode::Regulatory => "not allowed here",
        ReasonCode::Refusal => "clients refused",
        ReasonCode::Limit => "switch budget",
    },
    because: "because",
    together: "for the same reasons as plan",
    expected: "expected gain of the whole plan",
    losers: "Not taken",
    flip: "It would come out differently at",
    weights: "Weights are shares of one airtime; plus speaks for the setting taken.",
    facts: &[
        "Nothing leaves your home. The node sends no packet beyond the local network.",
        "What is kept: the state of each room, the channel plan and its reasons, in memory only. It is gone when the node stops.",
        "What is never shown or kept: addresses, names from the air, signal strength by device, the samples themselves.",
        "Wi-Fi sensing works through walls and may notice neighbours. Tell the people you live with. Anyone at home can pause it.",
        "It is not an alarm system and not a medical device.",
        "Sensing without a camera is still about people; privacy law applies to it.",
        "A neighbour with the right radio can sense you with or without this software.",
    ],
};
