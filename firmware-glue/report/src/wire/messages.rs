//! The messages of section 5 of the contract, field by field.

use super::field::List;
use super::range::{
    Active, Answer, Band, Blocked, Bucket, Busy, By, Calibration, Channel, Day as DayNumber, DecisionKind, Handle,
    Hour, Kept, Level, Level10, LinkKind, ManagedBy, NodeId, Noise, Number, Percent, Power, Quality, QuestionId,
    ReasonCode, Release, Schema, Sensing, SinceOff, Slot, Source, Tenths, Uptime, Week, Weight, Width, ZoneId,
    ZonePresence, ZoneState,
};
use super::{Snapshot, group, message};
use crate::EventCode;
use crate::budget::Question;

group! {
    /// One setting of one radio: what a decision leaves and what it takes.
    Setting {
        /// Which node.
        node: NodeId,
        /// Which of its radios.
        band: Band,
        /// Primary channel.
        channel: Channel,
        /// Width, MHz.
        width: Width,
        /// EIRP, dBm.
        power: Power,
    }
}

group! {
    /// One term of the gain.
    Reason {
        /// Which.
        code: ReasonCode,
        /// How much it says for the setting taken; negative against it.
        weight: Weight,
    }
}

group! {
    /// A setting that was not taken.
    Loser {
        /// The setting.
        option: Setting,
        /// What spoke against it most.
        code: ReasonCode,
    }
}

group! {
    /// The smallest change of one input that would change the decision.
    Flip {
        /// Which input.
        code: ReasonCode,
        /// The weight that it would need.
        needed: Weight,
    }
}

message! {
    /// What the node is doing.
    Status in Lan, padded 0 {
        /// Version of this vocabulary.
        schema: Schema,
        /// Release of the software.
        version: Release,
        /// Level in force.
        level: Level,
        /// The switch.
        sensing: Sensing,
        /// The sample source.
        source: Source,
        /// Time since start.
        uptime: Uptime,
        /// Frames decoded since sensing was switched off.
        frames_since_off: SinceOff,
        /// Where history is kept.
        kept: Kept,
        /// Who manages the node.
        managed_by: ManagedBy,
        /// What is left of the weekly budget, percent.
        budget_left: Percent,
    }
}

message! {
    /// Motion and presence in one zone, once a second.
    Zone in Lan, padded 0 {
        /// Which zone.
        zone: ZoneId,
        /// Motion.
        state: ZoneState,
        /// Presence.
        present: ZonePresence,
        /// Motion level; 0 where nothing is known.
        level: Level10,
        /// Slot in which the state began.
        since: Slot,
        /// How far the detectors have settled.
        calibration: Calibration,
    }
}

message! {
    /// One slot of the last 24 hours.
    Day in Lan, padded 0 {
        /// Which zone.
        zone: ZoneId,
        /// Which slot.
        slot: Slot,
        /// Highest level within it.
        level: Option<Level10>,
    }
}

message! {
    /// One hour of the last 30 days.
    Month in Lan, padded 0 {
        /// Which zone.
        zone: ZoneId,
        /// Days ago.
        day: DayNumber,
        /// Hour of the day.
        hour: Hour,
        /// Active time within it.
        active: Option<Active>,
    }
}

message! {
    /// One radio and its air.
    Radio in Lan, padded 0 {
        /// Which node.
        node: NodeId,
        /// Which radio.
        band: Band,
        /// Primary channel.
        channel: Channel,
        /// Width, MHz.
        width: Width,
        /// Busy share.
        busy: Busy,
        /// Noise class.
        noise: Noise,
        /// Foreign networks heard.
        neighbours: Bucket,
        /// Stations served.
        stations: Bucket,
        /// Whether the channel is blocked.
        blocked: Blocked,
    }
}

message! {
    /// One link.
    Link in Lan, padded 0 {
        /// Its handle of this epoch.
        handle: Handle,
        /// What it is for.
        kind: LinkKind,
        /// How good it is.
        quality: Quality,
    }
}

message! {
    /// One automatic decision with what is needed to recompute it.
    Decision in Lan, padded 0 {
        /// Running number.
        number: Number,
        /// When.
        slot: Slot,
        /// What changes.
        kind: DecisionKind,
        /// Setting before.
        from: Setting,
        /// Setting after.
        to: Setting,
        /// The terms of the gain, weightiest first.
        reasons: List<Reason, 16>,
        /// The settings that were not taken, best first.
        losers: List<Loser, 8>,
        /// What would change the decision.
        flip: Option<Flip>,
        /// Gain that was expected.
        expected: Tenths,
        /// Gain that was measured afterwards.
        measured: Option<Tenths>,
        /// Who decided.
        by: By,
    }
}

message! {
    /// Something that happened, from a closed list.
    Event in Lan, padded 0 {
        /// When.
        slot: Slot,
        /// What.
        code: EventCode,
        /// How many, or which.
        number: Number,
    }
}

message! {
    /// The noised answer to one random question, once a week.
    Weekly in Wan, padded 256 {
        /// Version of this vocabulary.
        schema: Schema,
        /// Which week.
        week: Week,
        /// Which question.
        question: QuestionId,
        /// The answer with its noise.
        answer: Answer,
    }
}

/// A message whose length is its kind's.
macro_rules! one_size {
    ($($name:ident)*) => { $(
        impl $name {
            pub(super) const fn size(&self) -> usize {
                <Self as super::Wire>::BYTES
            }
        }
    )* };
}
one_size!(Status Zone Day Month Radio Link Decision Event Weekly Snapshot);

/// A message whose fields say nothing of one another.
macro_rules! any_fields {
    ($($name:ident)*) => { $(
        impl $name {
            pub(super) const fn coherent(&self) -> bool {
                true
            }
        }
    )* };
}
any_fields!(Status Zone Day Month Radio Link Decision Snapshot);

impl Event {
    fn coherent(&self) -> bool {
        self.code.number(self.number) == self.number
    }
}

impl Weekly {
    /// A category is one of eight.
    fn coherent(&self) -> bool {
        matches!(Question::of(self.question), Question::Count(_)) || (0..8).contains(&self.answer.get())
    }
}
