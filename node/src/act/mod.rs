//! From decisions to radios, one change at a time, each of which can be taken back.

mod changes;
mod dry_run;
pub(crate) mod hostapd;
mod keeper;
pub(crate) mod ovsdb;

use millpond_dsp::phy::Micros;
use millpond_report::wire::{Decision, Setting};

pub use dry_run::DryRun;
pub use hostapd::HostapdActuator;
pub use keeper::{Happened, Keeper, Wish};
pub use ovsdb::OvsdbActuator;

use crate::convert::channel;

/// What an actuator would do, before it does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Number of the decision.
    pub number: u16,
    /// The setting that the decision was made on: it must still be in force when the change is applied.
    pub from: Setting,
    /// The setting that it makes.
    pub to: Setting,
    /// The commands in words, for the household.
    pub commands: Vec<String>,
}

/// How a change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The radio says that it does what was asked.
    Done,
    /// Not yet; ask again.
    Waiting,
    /// The radio does something else, or the deadline has passed: undo.
    Failed,
}

/// Why an actuator did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActError {
    /// The decision changes nothing.
    NothingToDo,
    /// The radio no longer has the setting that the decision was made on: plan again.
    Moved,
    /// Another change of this radio has not been confirmed yet.
    Busy,
    /// No change with this number was applied.
    NoSuchChange,
    /// The radio does not answer.
    Unreachable,
    /// The radio is set elsewhere, and its owner did not leave it to this node.
    Owned,
    /// The radio is another pod's.
    Elsewhere,
    /// The radio cannot do it, or will not.
    Refused,
}

impl std::fmt::Display for ActError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NothingToDo => "the decision keeps the setting: nothing to do",
            Self::Moved => "the radio was changed since the plan was made: plan again",
            Self::Busy => "an earlier change of this radio is not confirmed yet: wait for it",
            Self::NoSuchChange => "no change with this number was applied",
            Self::Unreachable => "the radio does not answer: check that its control socket is there",
            Self::Owned => "a remote controller sets this radio (channel_mode is cloud): it was left alone",
            Self::Elsewhere => "this is another pod's radio: its own node changes it",
            Self::Refused => "the radio refused: see its own log for the reason",
        })
    }
}

impl std::error::Error for ActError {}

/// One way to change radios: a control socket, a database, or none.
///
/// The order is propose, apply, confirm, and undo if that fails; a change is confirmed from the radio's own state, never
/// from the fact that a command was sent.
pub trait Actuator: Send {
    /// What it would do for a decision.
    fn propose(&self, decision: &Decision) -> Result<Proposal, ActError>;

    /// Does it, unless the radio has moved since.
    fn apply(&mut self, proposal: &Proposal, now: Micros) -> Result<(), ActError>;

    /// Whether it took effect by `now`.
    fn confirm(&mut self, number: u16, now: Micros) -> Result<Confirmation, ActError>;

    /// Takes it back.
    fn undo(&mut self, number: u16, now: Micros) -> Result<(), ActError>;
}

/// What a decision on a radio's own setting asks for, in words.
fn propose(decision: &Decision) -> Result<Proposal, ActError> {
    let (from, to) = (decision.from, decision.to);
    if from == to || from.node != to.node || from.band != to.band {
        return Err(ActError::NothingToDo);
    }
    let mut commands = Vec::new();
    if (from.channel, from.width) != (to.channel, to.width) {
        let block = channel(to.band, to.channel.get(), to.width);
        let center = block.map_or(0, |c| c.center());
        commands.push(format!("switch to channel {} ({} MHz, centre {center})", to.channel.get(), to.width.mhz()));
    }
    if from.power != to.power {
        commands.push(format!("set the power to {} dBm", to.power.get()));
    }
    Ok(Proposal { number: decision.number.get(), from, to, commands })
}

#[cfg(test)]
mod tests {
    use millpond_report::wire::List;
    use millpond_report::wire::range::{Band, By, Channel, DecisionKind, NodeId, Number, Power, Slot, Tenths, Width};

    use super::*;

    pub(super) fn setting(channel: i64, power: i64) -> Setting {
        let (node, channel, power) = (NodeId::new(1), Channel::new(channel), Power::new(power));
        Setting { node, band: Band::Ghz5, channel, width: Width::Mhz80, power }
    }

    pub(super) fn decision(number: i64, from: Setting, to: Setting) -> Decision {
        Decision {
            number: Number::new(number),
            slot: Slot::new(0),
            kind: DecisionKind::Channel,
            from,
            to,
            reasons: List::EMPTY,
            losers: List::EMPTY,
            flip: None,
            expected: Tenths::new(0),
            measured: None,
            by: By::Auto,
        }
    }
}
