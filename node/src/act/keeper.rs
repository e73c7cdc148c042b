//! From decisions to changes: one at a time, inside the household's window, confirmed or taken back. Events in, actions
//! out; the actuator is the only thing that it touches.

use std::collections::VecDeque;

use millpond_dsp::phy::Micros;
use millpond_report::EventCode;
use millpond_report::wire::Decision;

use super::{Actuator, Confirmation, Proposal};
use crate::config::{Mode, Window};

/// Changes that wait for the window at most: 8 nodes with 3 radios.
const WAITING_MAX: usize = 24;
/// Time between two changes, so that the clients of one have settled before the next.
const REST: Micros = Micros(60_000_000);

/// What became of a change, for the journal: the event and the decision's number.
pub type Happened = (EventCode, u16);

/// Applies decisions through an actuator.
pub struct Keeper {
    actuator: Box<dyn Actuator>,
    mode: Mode,
    window: Window,
    waiting: VecDeque<Proposal>,
    running: Option<u16>,
    rest: Micros,
}

impl Keeper {
    /// A keeper that has nothing to do yet.
    pub fn new(actuator: Box<dyn Actuator>, mode: Mode, window: Window) -> Self {
        Self { actuator, mode, window, waiting: VecDeque::new(), running: None, rest: Micros(0) }
    }

    /// Takes a decision. A newer one on the same radio takes the place of one that waits.
    pub fn on_decision(&mut self, decision: &Decision) {
        if self.mode != Mode::Auto {
            return;
        }
        let same = |p: &Proposal| (p.to.node, p.to.band) == (decision.to.node, decision.to.band);
        self.waiting.retain(|p| !same(p));
        if let Ok(proposal) = self.actuator.propose(decision) {
            if self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back(proposal);
        }
    }

    /// Lets time pass; `minute` is that of the household's day.
    pub fn on_timer(&mut self, now: Micros, minute: u16) -> Option<Happened> {
        if let Some(number) = self.running {
            return self.follow(number, now);
        }
        if !self.window.contains(minute) || now < self.rest {
            return None;
        }
        let proposal = self.waiting.pop_front()?;
        match self.actuator.apply(&proposal, now) {
            Ok(()) => self.running = Some(proposal.number),
            // The plan after this one starts from what is.
            Err(_) => return Some((EventCode::Degraded, proposal.number)),
        }
        None
    }

    fn follow(&mut self, number: u16, now: Micros) -> Option<Happened> {
        let event = match self.actuator.confirm(number, now) {
            Ok(Confirmation::Waiting) => return None,
            Ok(Confirmation::Done) => EventCode::PlanApplied,
            Ok(Confirmation::Failed) | Err(_) => match self.actuator.undo(number, now) {
                Ok(()) => EventCode::PlanUndone,
                Err(_) => EventCode::Degraded,
            },
        };
        self.running = None;
        self.rest = now + REST;
        Some((event, number))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::tests::{decision, setting};
    use super::super::{ActError, DryRun};
    use super::*;

    const NIGHT: Window = Window { from: 180, to: 300 };

    /// A dry run that says how a change stands as the test wants it.
    struct Scripted(DryRun, Arc<Mutex<Confirmation>>);

    impl Actuator for Scripted {
        fn propose(&self, d: &Decision) -> Result<Proposal, ActError> {
            self.0.propose(d)
        }
        fn apply(&mut self, p: &Proposal, now: Micros) -> Result<(), ActError> {
            self.0.apply(p, now)
        }
        fn confirm(&mut self, number: u16, now: Micros) -> Result<Confirmation, ActError> {
            self.0.confirm(number, now).map(|_| *self.1.lock().unwrap())
        }
        fn undo(&mut self, number: u16, now: Micros) -> Result<(), ActError> {
            self.0.undo(number, now)
        }
    }

    #[test]
    fn a_change_waits_for_the_window_and_for_the_one_before() {
        let mut keeper = Keeper::new(Box::<DryRun>::default(), Mode::Auto, NIGHT);
        let (a, b) = (setting(36, 20), setting(149, 20));
        keeper.on_decision(&decision(1, a, b));
        assert_eq!(keeper.on_timer(Micros(0), 12 * 60), None);
        assert_eq!(keeper.running, None, "noon is outside");
        assert_eq!(keeper.on_timer(Micros(1), 180), None);
        assert_eq!(keeper.on_timer(Micros(2), 180), Some((EventCode::PlanApplied, 1)));
        keeper.on_decision(&decision(2, b, a));
        assert_eq!(keeper.on_timer(Micros(3), 181), None);
        assert_eq!(keeper.running, None, "radios rest between two changes");
        keeper.on_timer(Micros(2 + REST.0), 181);
        assert_eq!(keeper.running, Some(2));
    }

    #[test]
    fn a_change_that_does_not_take_is_taken_back() {
        let stands = Arc::new(Mutex::new(Confirmation::Waiting));
        let scripted = Scripted(DryRun::default(), Arc::clone(&stands));
        let mut keeper = Keeper::new(Box::new(scripted), Mode::Auto, NIGHT);
        let (a, b) = (setting(36, 20), setting(149, 20));
        keeper.on_decision(&decision(1, a, b));
        keeper.on_timer(Micros(0), 200);
        assert_eq!(keeper.on_timer(Micros(1), 700), None, "what was begun is followed outside the window too");
        *stands.lock().unwrap() = Confirmation::Failed;
        assert_eq!(keeper.on_timer(Micros(2), 700), Some((EventCode::PlanUndone, 1)));
        assert_eq!(keeper.actuator.undo(1, Micros(3)), Err(ActError::NoSuchChange));
    }

    #[test]
    fn a_household_that_is_asked_or_wants_nothing_keeps_its_radios() {
        for mode in [Mode::Ask, Mode::Off] {
            let mut keeper = Keeper::new(Box::<DryRun>::default(), mode, NIGHT);
            keeper.on_decision(&decision(1, setting(36, 20), setting(149, 20)));
            assert!(keeper.on_timer(Micros(0), 200).is_none() && keeper.running.is_none());
        }
    }

    #[test]
    fn a_radio_that_moved_is_left_alone() {
        let mut keeper = Keeper::new(Box::<DryRun>::default(), Mode::Auto, NIGHT);
        let (a, b, c) = (setting(36, 20), setting(149, 20), setting(100, 20));
        keeper.on_decision(&decision(1, a, b));
        keeper.on_timer(Micros(0), 200);
        keeper.on_timer(Micros(1), 200);
        keeper.on_decision(&decision(2, a, c));
        assert_eq!(keeper.on_timer(Micros(2 + REST.0), 200), Some((EventCode::Degraded, 2)));
    }
}
