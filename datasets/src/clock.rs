//! Device counters to one monotonic clock.

use millpond_dsp::phy::Micros;

/// A counter that stays behind for this long was reset, not disturbed.
const RESET_US: u64 = 1_000_000;

/// Unwraps a device's microsecond counter.
///
/// - A step back by more than half the counter's range is a wrap.
/// - Any other step back is counted and the clock stands still until the counter has caught up: Intel 5300 cards
///   set their clock back by seconds for a packet or two and forward again.
/// - A counter that runs on from the lower value for more than a second was reset (a reboot): the clock then goes on
///   from where it stood.
#[derive(Clone, Debug)]
pub struct Clock {
    range: Option<u64>,
    last: Option<u64>,
    /// Wraps and resets added to the raw value so far.
    base: i128,
    /// Unwrapped first value.
    origin: i128,
    now: u64,
    held_from: Option<i128>,
    backward: u64,
}

impl Clock {
    /// A clock over a counter that wraps after `range_us` microseconds, or never.
    pub const fn new(range_us: Option<u64>) -> Self {
        Self { range: range_us, last: None, base: 0, origin: 0, now: 0, held_from: None, backward: 0 }
    }

    /// A clock over a 32-bit microsecond counter: 71.6 minutes.
    pub const fn wrapping_32() -> Self {
        Self::new(Some(1 << 32))
    }

    /// Time since the first reading. Never less than what it answered before.
    pub fn step(&mut self, raw_us: u64) -> Micros {
        let Some(last) = self.last.replace(raw_us) else {
            self.origin = i128::from(raw_us);
            return Micros(0);
        };
        if raw_us < last {
            match self.range {
                Some(range) if last - raw_us > range / 2 => self.base += i128::from(range),
                _ => self.backward += 1,
            }
        }
        let mut t = i128::from(raw_us) + self.base - self.origin;
        if t < i128::from(self.now) {
            let from = *self.held_from.get_or_insert(t);
            if t - from > i128::from(RESET_US) {
                self.base += i128::from(self.now) - from;
                t += i128::from(self.now) - from;
            }
        }
        if t >= i128::from(self.now) {
            self.now = u64::try_from(t).unwrap_or(u64::MAX);
            self.held_from = None;
        }
        Micros(self.now)
    }

    /// Steps back that were no wrap.
    pub const fn backward_steps(&self) -> u64 {
        self.backward
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(clock: &mut Clock, raw: &[u64]) -> Vec<u64> {
        raw.iter().map(|&us| clock.step(us).0).collect()
    }

    #[test]
    fn a_wrap_is_undone() {
        let mut clock = Clock::wrapping_32();
        assert_eq!(run(&mut clock, &[(1 << 32) - 10, (1 << 32) - 1, 5, 25]), [0, 9, 15, 35]);
        assert_eq!(clock.backward_steps(), 0);
    }

    #[test]
    fn a_disturbed_counter_is_held() {
        let mut clock = Clock::wrapping_32();
        assert_eq!(
            run(&mut clock, &[9_000_000, 9_100_000, 2_000_000, 2_001_000, 13_000_000]),
            [0, 100_000, 100_000, 100_000, 4_000_000]
        );
        assert_eq!(clock.backward_steps(), 1);
    }

    #[test]
    fn a_reset_counter_goes_on() {
        let mut clock = Clock::wrapping_32();
        let t = run(&mut clock, &[9_000_000, 9_100_000, 0, 500_000, 1_500_000, 1_600_000]);
        assert_eq!(t, [0, 100_000, 100_000, 100_000, 1_600_000, 1_700_000]);
    }

    #[test]
    fn extremes_do_not_overflow() {
        let mut clock = Clock::new(None);
        assert_eq!(run(&mut clock, &[u64::MAX, 0, u64::MAX, 1, 2]).len(), 5);
    }
}
