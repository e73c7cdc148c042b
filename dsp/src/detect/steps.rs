//! The steps of the caller's clock at which detectors decide.

use crate::phy::Micros;
use crate::phy::When;

/// The time between two decisions.
pub const STEP: Micros = Micros(250_000);
/// A clock may jump ahead this far before missed decisions are left out.
const JUMP: Micros = Micros(60_000_000);

/// Which step is next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps {
    next: When,
}

impl Steps {
    /// Begins with the first step after `t`, unless begun.
    pub fn begin(&mut self, t: Micros) {
        self.first(t);
    }

    fn first(&mut self, t: Micros) -> Micros {
        self.next.get().unwrap_or_else(|| {
            let first = after(t);
            self.next = When::at(first);
            first
        })
    }

    /// The next step, `None` before the first.
    pub const fn next(&self) -> Option<Micros> {
        self.next.get()
    }

    /// The step that is due at or before `now`. After a jump of more than a minute the steps before the last minute are
    /// skipped; the end of time has no step after it.
    pub fn due(&mut self, now: Micros) -> Option<Micros> {
        let next = self.first(now);
        if next > now || next.0 > u64::MAX - STEP.0 {
            return None;
        }
        let at = if now.since(next) > JUMP { after(Micros(now.0 - JUMP.0)) } else { next };
        self.next = When::at(at + STEP);
        Some(at)
    }
}

/// First multiple of [`STEP`] after `t`.
fn after(t: Micros) -> Micros {
    Micros((t.0 / STEP.0 + 1).saturating_mul(STEP.0))
}

/// Low byte of the number of the step that begins at or before `t`.
pub const fn number(t: Micros) -> u8 {
    (t.0 / STEP.0) as u8
}
