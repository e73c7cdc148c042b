//! The actuator that changes nothing and says what it would have done. It is the default.

use millpond_dsp::phy::Micros;
use millpond_report::wire::{Decision, Setting};

use super::{ActError, Actuator, Confirmation, Proposal, propose};

/// Keeps a table of what the radios would do by now.
#[derive(Default)]
pub struct DryRun {
    radios: Vec<Setting>,
    applied: Vec<Proposal>,
}

impl DryRun {
    /// What a radio would do after the changes so far: as the first decision on it found it, and then as changed.
    fn setting(&self, like: &Setting) -> Option<usize> {
        self.radios.iter().position(|s| (s.node, s.band) == (like.node, like.band))
    }
}

impl Actuator for DryRun {
    fn propose(&self, decision: &Decision) -> Result<Proposal, ActError> {
        propose(decision)
    }

    fn apply(&mut self, proposal: &Proposal, _: Micros) -> Result<(), ActError> {
        match self.setting(&proposal.from) {
            Some(at) if self.radios[at] != proposal.from => return Err(ActError::Moved),
            Some(at) => self.radios[at] = proposal.to,
            None => self.radios.push(proposal.to),
        }
        self.applied.push(proposal.clone());
        Ok(())
    }

    fn confirm(&mut self, number: u16, _: Micros) -> Result<Confirmation, ActError> {
        let change = self.applied.iter().rev().find(|p| p.number == number).ok_or(ActError::NoSuchChange)?;
        let now = self.setting(&change.to).map(|at| self.radios[at]);
        Ok(if now == Some(change.to) { Confirmation::Done } else { Confirmation::Failed })
    }

    fn undo(&mut self, number: u16, _: Micros) -> Result<(), ActError> {
        let at = self.applied.iter().rposition(|p| p.number == number).ok_or(ActError::NoSuchChange)?;
        let change = self.applied.remove(at);
        if let Some(radio) = self.setting(&change.to) {
            self.radios[radio] = change.from;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{decision, setting};
    use super::*;

    #[test]
    fn a_change_is_proposed_applied_confirmed_and_undone() {
        let (a, b, c) = (setting(36, 20), setting(149, 23), setting(100, 23));
        let mut dry = DryRun::default();
        let first = dry.propose(&decision(1, a, b)).unwrap();
        assert_eq!(first.commands, ["switch to channel 149 (80 MHz, centre 155)", "set the power to 23 dBm"]);
        assert_eq!(dry.propose(&decision(2, a, a)).unwrap_err(), ActError::NothingToDo);
        let now = Micros(0);
        assert_eq!(dry.confirm(1, now), Err(ActError::NoSuchChange));
        dry.apply(&first, now).unwrap();
        assert_eq!(dry.confirm(1, now), Ok(Confirmation::Done));
        let stale = dry.propose(&decision(2, a, c)).unwrap();
        assert_eq!(dry.apply(&stale, now), Err(ActError::Moved));
        dry.undo(1, now).unwrap();
        dry.apply(&stale, now).unwrap();
        assert_eq!(dry.confirm(2, now), Ok(Confirmation::Done));
        assert_eq!(dry.undo(1, now), Err(ActError::NoSuchChange));
    }
}
