//! Changes on their way: which were applied, and until when each may take.

use millpond_dsp::phy::Micros;
use millpond_optimizer::model::regulatory::Domain;
use millpond_report::wire::Setting;

use super::{ActError, Proposal};
use crate::convert;

/// What a radio without radar to watch for needs at most: beacons that announce the switch, and the switch.
const SWITCH: Micros = Micros(15_000_000);

/// How long a change to a setting may take: a channel that radar uses is first listened to (CAC).
pub(super) fn patience(to: &Setting, domain: &Domain) -> Micros {
    let channel = convert::channel(to.band, to.channel.get(), to.width);
    let cac_s = channel.and_then(|c| domain.permit(c, true)).map_or(0, |p| p.cac_s);
    Micros(SWITCH.0 + u64::from(cac_s) * Micros::SECOND.0)
}

/// One change that was sent.
pub(super) struct Change {
    /// What was asked for.
    pub(super) proposal: Proposal,
    /// When it must be done.
    pub(super) deadline: Micros,
}

/// Changes by the number of their decision, oldest first.
#[derive(Default)]
pub(super) struct Changes(Vec<Change>);

/// Changes that can still be undone at most; the contract keeps as many decisions.
const MOST: usize = 512;

impl Changes {
    /// Refuses a second change of a radio before the first one's time is over.
    pub(super) fn check_free(&self, to: &Setting, now: Micros) -> Result<(), ActError> {
        let same = |c: &Change| (c.proposal.to.node, c.proposal.to.band) == (to.node, to.band);
        if self.0.iter().any(|c| same(c) && now < c.deadline) { Err(ActError::Busy) } else { Ok(()) }
    }

    /// Notes a change.
    pub(super) fn add(&mut self, proposal: &Proposal, deadline: Micros) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(Change { proposal: proposal.clone(), deadline });
    }

    /// A change by its number.
    pub(super) fn find(&self, number: u16) -> Result<&Change, ActError> {
        self.0.iter().rev().find(|c| c.proposal.number == number).ok_or(ActError::NoSuchChange)
    }

    /// The change is done: the radio is free for the next one.
    pub(super) fn settle(&mut self, number: u16, now: Micros) {
        let found = self.0.iter_mut().rev().find(|c| c.proposal.number == number);
        found.into_iter().for_each(|c| c.deadline = c.deadline.min(now));
    }

    /// Takes a change out, to undo it.
    pub(super) fn take(&mut self, number: u16) -> Result<Proposal, ActError> {
        let at = self.0.iter().rposition(|c| c.proposal.number == number).ok_or(ActError::NoSuchChange)?;
        Ok(self.0.remove(at).proposal)
    }
}
