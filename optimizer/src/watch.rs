//! After a change: the measured effect against the expected one, with undo; and how often anything may change at all.
//!
//! Pure logic: events with their times in, actions out. Who measures U and who sets the radios is the caller's matter.

use std::collections::VecDeque;

/// Seconds after a change that are not measured: clients come back, radios listen.
const SETTLING_S: u64 = 120;

/// Measurements of each side before anything is concluded.
const FEWEST: usize = 8;

/// Measurements after the change at which it is concluded anyway; as many are kept from before.
const MOST: usize = 96;

/// Standard errors that tell an effect from noise: about one wrong conclusion in forty.
const SURE: f64 = 2.0;

/// A radio may change once in so many seconds, unless it must.
pub const DWELL_S: u64 = 86_400;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A plan was applied that is expected to raise U by so many thousandths.
    Applied {
        /// When, in seconds.
        at_s: u64,
        /// Thousandths of U.
        expected_milli: i64,
    },
    /// U was measured, in thousandths.
    Measured {
        /// When, in seconds.
        at_s: u64,
        /// Thousandths of U.
        u_milli: i64,
    },
    /// The change that was watched is gone (radar, a power cut, the household): nothing is concluded.
    Void,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing yet.
    Wait,
    /// The change stands.
    Keep {
        /// Measured effect in thousandths of U.
        measured_milli: i64,
        /// Expected effect.
        expected_milli: i64,
        /// True if the effect is told from noise.
        sure: bool,
    },
    /// Set what ran before.
    Undo {
        /// Measured effect in thousandths of U.
        measured_milli: i64,
        /// Expected effect.
        expected_milli: i64,
    },
}

/// Watches one home.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    before: VecDeque<f64>,
    after: Vec<f64>,
    /// When the watched change was applied, and what it promised.
    change: Option<(u64, i64)>,
}

impl Watch {
    /// True while a change may still be undone.
    pub fn is_watching(&self) -> bool {
        self.change.is_some()
    }

    /// Takes an event and says what to do.
    pub fn on(&mut self, event: Event) -> Action {
        match event {
            Event::Applied { at_s, expected_milli } => {
                // A second change on top: what was measured in between belongs to neither.
                if self.change.take().is_some() {
                    self.before.clear();
                }
                self.after.clear();
                self.change = Some((at_s, expected_milli));
                Action::Wait
            }
            Event::Void => {
                (self.change, self.before) = (None, VecDeque::new());
                self.after.clear();
                Action::Wait
            }
            Event::Measured { at_s, u_milli } => self.measured(at_s, u_milli as f64),
        }
    }

    fn measured(&mut self, at_s: u64, u: f64) -> Action {
        let Some((since, expected_milli)) = self.change else {
            if self.before.len() == MOST {
                self.before.pop_front();
            }
            self.before.push_back(u);
            return Action::Wait;
        };
        if at_s < since.saturating_add(SETTLING_S) {
            return Action::Wait;
        }
        self.after.push(u);
        if self.before.len() < FEWEST {
            // Nothing to compare with: the change stands once it has run for a while.
            return if self.after.len() < FEWEST { Action::Wait } else { self.keep(0, expected_milli, false) };
        }
        if self.after.len() < FEWEST {
            return Action::Wait;
        }
        let (gain, error) = effect(self.before.make_contiguous(), &self.after);
        let measured = libm::round(gain) as i64;
        let ended = self.after.len() >= MOST;
        if gain + SURE * error < 0.0 || (ended && gain + error < 0.0) {
            self.change = None;
            // What runs again is what was measured before.
            self.after.clear();
            return Action::Undo { measured_milli: measured, expected_milli };
        }
        let sure = gain - SURE * error > 0.0;
        if sure || ended { self.keep(measured, expected_milli, sure) } else { Action::Wait }
    }

    fn keep(&mut self, measured_milli: i64, expected_milli: i64, sure: bool) -> Action {
        self.change = None;
        self.before = self.after.drain(..).collect();
        Action::Keep { measured_milli, expected_milli, sure }
    }
}

/// Difference of two means and its standard error (Welch).
fn effect(before: &[f64], after: &[f64]) -> (f64, f64) {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let share = |x: &[f64], m: f64| {
        let n = x.len() as f64;
        x.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (n - 1.0) / n
    };
    let (a, b) = (mean(before), mean(after));
    (b - a, libm::sqrt(share(before, a) + share(after, b)))
}

/// Admits changes: hysteresis by expected gain, and a dwell for each radio.
#[derive(Clone, Debug, Default)]
pub struct Governor {
    /// When each radio changed last.
    last: Vec<Option<u64>>,
}

impl Governor {
    /// True if a plan may be applied: it must, or it gains at least as much again as its changes cost, and none of its
    /// radios has changed within a day.
    ///
    /// - Units: thousandths of U; `gain_milli` is what is left after the cost of the changes
    pub fn admits(&self, at_s: u64, urgent: bool, gain_milli: i64, cost_milli: i64, radios: &[usize]) -> bool {
        let rested = |&r: &usize| {
            let last = self.last.get(r).copied().flatten();
            last.is_none_or(|t| at_s.saturating_sub(t) >= DWELL_S)
        };
        urgent || (gain_milli > 0 && gain_milli >= cost_milli && radios.iter().all(rested))
    }

    /// Notes that radios changed.
    pub fn changed(&mut self, at_s: u64, radios: &[usize]) {
        for &r in radios {
            if self.last.len() <= r {
                self.last.resize(r + 1, None);
            }
            self.last[r] = Some(at_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Draw;

    /// Feeds days of noisy measurements around a change of an effect; what comes out, and after how many.
    fn run(seed: u64, effect: f64, noise: f64) -> (Action, usize) {
        let mut d = Draw::new(seed, 9);
        let mut watch = Watch::default();
        let mut at_s = 0;
        let mut measure = |watch: &mut Watch, mean: f64, d: &mut Draw| {
            at_s += 300;
            watch.on(Event::Measured { at_s, u_milli: d.normal(mean, noise) as i64 })
        };
        for _ in 0..40 {
            assert_eq!(measure(&mut watch, -1_000.0, &mut d), Action::Wait);
        }
        watch.on(Event::Applied { at_s: 40 * 300, expected_milli: 200 });
        for n in 1..=200 {
            let action = measure(&mut watch, -1_000.0 + effect, &mut d);
            if action != Action::Wait {
                assert!(!watch.is_watching());
                return (action, n);
            }
        }
        panic!("never concluded");
    }

    #[test]
    fn good_changes_stay_and_bad_ones_go() {
        let (mut undone, mut kept) = (0, 0);
        for seed in 0..100 {
            undone += u32::from(matches!(run(seed, -200.0, 100.0).0, Action::Undo { expected_milli: 200, .. }));
            kept += u32::from(matches!(run(seed, 200.0, 100.0).0, Action::Keep { .. }));
        }
        assert!(undone >= 99 && kept >= 99, "{undone} {kept}");
    }

    #[test]
    fn a_change_without_effect_mostly_stays() {
        let kept = (0..200).filter(|&s| matches!(run(s, 0.0, 100.0).0, Action::Keep { .. })).count();
        // Each look may err; a change that does nothing is undone in a minority of homes, and that does no harm.
        assert!(kept >= 120, "{kept} of 200");
    }

    #[test]
    fn nothing_is_concluded_from_the_settling_time_or_after_a_void() {
        let mut watch = Watch::default();
        for k in 0..20 {
            watch.on(Event::Measured { at_s: k, u_milli: 0 });
        }
        watch.on(Event::Applied { at_s: 100, expected_milli: 10 });
        for k in 0..100 {
            assert_eq!(watch.on(Event::Measured { at_s: 100 + k, u_milli: -9_000 }), Action::Wait);
        }
        watch.on(Event::Void);
        assert!(!watch.is_watching());
    }

    #[test]
    fn radios_rest_and_small_gains_do_not_pay() {
        let mut g = Governor::default();
        assert!(g.admits(0, false, 100, 100, &[0, 3]));
        assert!(!g.admits(0, false, 99, 100, &[0]) && !g.admits(0, false, 0, 0, &[]));
        g.changed(1_000, &[3]);
        assert!(
            !g.admits(1_000 + DWELL_S - 1, false, 900, 20, &[0, 3]) && g.admits(1_000 + DWELL_S, false, 900, 20, &[3])
        );
        assert!(g.admits(1_001, false, 900, 20, &[0]) && g.admits(1_001, true, -5, 20, &[3]));
    }
}
