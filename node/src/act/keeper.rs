//! From decisions to changes: one at a time, inside the household's window, confirmed or taken back. Events in, actions
//! out; the actuator is the only thing that it touches.

use std::collections::VecDeque;

use millpond_dsp::phy::Micros;
use millpond_report::EventCode;
use millpond_report::wire::range::{Band, NodeId};
use millpond_report::wire::{Decision, Setting};

use super::{Actuator, Confirmation, Proposal};
use crate::config::{Mode, Window};

/// Changes that wait for the window at most: 8 nodes with 3 radios.
const WAITING_MAX: usize = 24;
/// Time between two changes, so that the clients of one have settled before the next.
const REST: Micros = Micros(60_000_000);

/// What was taken back or objected to is not tried again for a day.
const BARRED: Micros = Micros(24 * 3_600_000_000);
/// Settings that are barred, and pinned radios, at most.
const KEPT_MAX: usize = 64;

/// What became of a change, for the journal: the event and the decision's number.
pub type Happened = (EventCode, u16);

/// What the household says of a decision by its number, or of a radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Do it now, whatever the window says.
    Do(u16),
    /// Take it back, and do not try it again today.
    Undo(u16),
    /// As [`Wish::Undo`], and there may be nothing to take back.
    Object(u16),
    /// Leave this radio as it is: node and band.
    Pin(NodeId, Band),
    /// Let this radio be planned again.
    Unpin(NodeId, Band),
}

/// A change that waits.
struct Waiting {
    proposal: Proposal,
    /// The household said so.
    agreed: bool,
}

/// Applies decisions through an actuator.
pub struct Keeper {
    actuator: Box<dyn Actuator>,
    mode: Mode,
    window: Window,
    waiting: VecDeque<Waiting>,
    running: Option<u16>,
    rest: Micros,
    now: Micros,
    barred: VecDeque<(Setting, Micros)>,
    pinned: Vec<(NodeId, Band)>,
    /// What was applied and can be judged, newest last.
    applied: VecDeque<(u16, Setting)>,
    /// What happened and is still to be told.
    happened: VecDeque<Happened>,
}

impl Keeper {
    /// A keeper that has nothing to do yet.
    pub fn new(actuator: Box<dyn Actuator>, mode: Mode, window: Window) -> Self {
        Self {
            actuator,
            mode,
            window,
            waiting: VecDeque::new(),
            running: None,
            rest: Micros(0),
            now: Micros(0),
            barred: VecDeque::new(),
            pinned: Vec::new(),
            applied: VecDeque::new(),
            happened: VecDeque::new(),
        }
    }

    /// The change that is on its way.
    pub const fn running(&self) -> Option<u16> {
        self.running
    }

    /// Takes a decision. A newer one on the same radio takes the place of one that waits. One that tells its measured effect
    /// is a verdict: a loss takes the change back.
    pub fn on_decision(&mut self, decision: &Decision) {
        if let Some(measured) = decision.measured {
            if measured.get() < 0 {
                self.take_back(decision.number.get());
            }
            return;
        }
        if self.mode == Mode::Off {
            return;
        }
        let radio = |s: &Setting| (s.node, s.band);
        self.waiting.retain(|w| radio(&w.proposal.to) != radio(&decision.to));
        let now = self.now;
        self.barred.retain(|(_, until)| now < *until);
        let is_barred = self.barred.iter().any(|(s, _)| *s == decision.to);
        if is_barred || self.pinned.contains(&radio(&decision.to)) {
            return;
        }
        if let Ok(proposal) = self.actuator.propose(decision) {
            if self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back(Waiting { proposal, agreed: false });
        }
    }

    /// Does what the household says. What it is told of a wish by the door that took it is not told again.
    pub fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Do(number) => {
                let found = self.waiting.iter_mut().find(|w| w.proposal.number == number);
                match found {
                    Some(waiting) => waiting.agreed = true,
                    None => self.tell((EventCode::Refused, number)),
                }
            }
            Wish::Undo(number) if self.drop_waiting(number) => self.tell((EventCode::PlanUndone, number)),
            Wish::Undo(number) if self.was_applied(number) => self.take_back(number),
            Wish::Undo(number) => self.tell((EventCode::Refused, number)),
            Wish::Object(number) => {
                if !self.drop_waiting(number) && self.was_applied(number) {
                    self.take_back(number);
                }
            }
            Wish::Pin(node, band) => {
                self.waiting.retain(|w| (w.proposal.to.node, w.proposal.to.band) != (node, band));
                if !self.pinned.contains(&(node, band)) && self.pinned.len() < KEPT_MAX {
                    self.pinned.push((node, band));
                }
            }
            Wish::Unpin(node, band) => self.pinned.retain(|p| *p != (node, band)),
        }
    }

    /// Lets time pass; `minute` is that of the household's day.
    pub fn on_timer(&mut self, now: Micros, minute: u16) -> Option<Happened> {
        self.now = now;
        if let Some(happened) = self.happened.pop_front() {
            return Some(happened);
        }
        if let Some(number) = self.running {
            return self.follow(number, now);
        }
        if now < self.rest {
            return None;
        }
        let may = |w: &Waiting| w.agreed || self.mode == Mode::Auto && self.window.contains(minute);
        let at = self.waiting.iter().position(may)?;
        let Waiting { proposal, .. } = self.waiting.remove(at)?;
        match self.actuator.apply(&proposal, now) {
            Ok(()) => {
                self.running = Some(proposal.number);
                if self.applied.len() >= KEPT_MAX {
                    self.applied.pop_front();
                }
                self.applied.push_back((proposal.number, proposal.to));
            }
            // The plan after this one starts from what is.
            Err(_) => return Some((EventCode::Degraded, proposal.number)),
        }
        None
    }

    fn follow(&mut self, number: u16, now: Micros) -> Option<Happened> {
        let event = match self.actuator.confirm(number, now) {
            Ok(Confirmation::Waiting) => return None,
            Ok(Confirmation::Done) => EventCode::PlanApplied,
            Ok(Confirmation::Failed) | Err(_) => {
                self.take_back(number);
                self.happened.pop_back()?.0
            }
        };
        self.running = None;
        self.rest = now + REST;
        Some((event, number))
    }

    fn was_applied(&self, number: u16) -> bool {
        self.applied.iter().any(|(n, _)| *n == number)
    }

    /// Drops a change that waits, and bars it; false if none of this number waits.
    fn drop_waiting(&mut self, number: u16) -> bool {
        let at = self.waiting.iter().position(|w| w.proposal.number == number);
        let dropped = at.and_then(|at| self.waiting.remove(at));
        dropped.iter().for_each(|w| self.bar(w.proposal.to));
        dropped.is_some()
    }

    /// Undoes a change that was applied, and bars it.
    fn take_back(&mut self, number: u16) {
        let found = self.applied.iter().position(|(n, _)| *n == number);
        let to = found.and_then(|at| self.applied.remove(at)).map(|(_, to)| to);
        to.into_iter().for_each(|to| self.bar(to));
        self.running = self.running.filter(|r| *r != number);
        let code = match self.actuator.undo(number, self.now) {
            Ok(()) => EventCode::PlanUndone,
            Err(_) => EventCode::Degraded,
        };
        self.rest = self.now + REST;
        self.tell((code, number));
    }

    fn bar(&mut self, to: Setting) {
        if self.barred.len() >= KEPT_MAX {
            self.barred.pop_front();
        }
        self.barred.push_back((to, self.now + BARRED));
    }

    fn tell(&mut self, happened: Happened) {
        if self.happened.len() >= KEPT_MAX {
            self.happened.pop_front();
        }
        self.happened.push_back(happened);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::tests::{decision, setting};
    use millpond_report::wire::range::Tenths;

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
    fn a_change_that_loses_somebody_is_taken_back_and_not_tried_again_today() {
        let mut keeper = Keeper::new(Box::<DryRun>::default(), Mode::Auto, NIGHT);
        let (a, b) = (setting(36, 20), setting(149, 20));
        let decided = decision(1, a, b);
        keeper.on_decision(&decided);
        keeper.on_timer(Micros(0), 200);
        assert_eq!(keeper.on_timer(Micros(1), 200), Some((EventCode::PlanApplied, 1)));
        keeper.on_decision(&Decision { measured: Some(Tenths::new(0)), ..decided });
        assert_eq!(keeper.on_timer(Micros(2), 200), None, "nobody was lost");
        keeper.on_decision(&Decision { measured: Some(Tenths::new(-500)), ..decided });
        assert_eq!(keeper.on_timer(Micros(3), 700), Some((EventCode::PlanUndone, 1)), "at any time of the day");
        for (later, running) in [(2 * REST.0, None), (BARRED.0 - 1_000, None), (BARRED.0 + 1_000, Some(2))] {
            keeper.on_timer(Micros(later + 3), 0);
            keeper.on_decision(&decision(2, a, b));
            keeper.on_timer(Micros(later + 3), 200);
            assert_eq!(keeper.running(), running, "after {later} us");
        }
    }

    #[test]
    fn the_household_is_asked_and_its_word_is_kept() {
        let mut keeper = Keeper::new(Box::<DryRun>::default(), Mode::Ask, NIGHT);
        let (a, b, c) = (setting(36, 20), setting(149, 20), setting(100, 20));
        keeper.on_decision(&decision(1, a, b));
        assert_eq!((keeper.on_timer(Micros(0), 200), keeper.running()), (None, None));
        keeper.wish(Wish::Do(1));
        keeper.on_timer(Micros(1), 720);
        assert_eq!(keeper.running(), Some(1), "its word stands outside the window too");
        assert_eq!(keeper.on_timer(Micros(2), 720), Some((EventCode::PlanApplied, 1)));
        keeper.wish(Wish::Undo(1));
        assert_eq!(keeper.on_timer(Micros(3), 720), Some((EventCode::PlanUndone, 1)));
        let later = Micros(4 + 2 * REST.0);
        keeper.on_decision(&decision(2, a, c));
        keeper.wish(Wish::Object(2));
        keeper.on_decision(&decision(3, a, c));
        keeper.wish(Wish::Do(3));
        assert_eq!(keeper.on_timer(later, 720), Some((EventCode::Refused, 3)), "what was objected to does not wait");
        keeper.wish(Wish::Undo(9));
        assert_eq!(keeper.on_timer(later, 720), Some((EventCode::Refused, 9)), "nobody knows it");
        keeper.wish(Wish::Pin(a.node, a.band));
        let d = setting(52, 20);
        keeper.on_decision(&decision(4, a, d));
        keeper.wish(Wish::Do(4));
        assert_eq!(keeper.on_timer(later, 720), Some((EventCode::Refused, 4)), "a pinned radio stays");
        keeper.wish(Wish::Unpin(a.node, a.band));
        keeper.on_decision(&decision(6, a, setting(44, 20)));
        keeper.wish(Wish::Undo(6));
        assert_eq!(keeper.on_timer(later, 200), Some((EventCode::PlanUndone, 6)), "it waited and waits no more");
        keeper.on_decision(&decision(5, a, d));
        keeper.wish(Wish::Do(5));
        keeper.on_timer(later, 720);
        assert_eq!(keeper.running(), Some(5));
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
