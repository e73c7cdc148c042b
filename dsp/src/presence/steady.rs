//! Is a line a machine's? A breath wanders from one window to the next, a motor does not.

/// Windows of five seconds' hop that must agree: three minutes.
const LONG: u16 = 36;
/// Spread of a person's rate from window to window is 0.3 a minute and more; a machine's is that of the estimate.
const SPREAD_HZ: f32 = 0.1 / 60.0;
/// A line that jumps further than this is another one: a place of the spectrum.
const JUMP_HZ: f32 = 1.0 / 64.0;

/// Mean and spread of a line's frequency while it lasts (Welford).
#[derive(Clone, Copy, Default)]
pub struct Steady {
    count: u16,
    mean: f32,
    squares: f32,
}

impl Steady {
    /// Takes a window's line, `None` if it had none.
    pub fn push(&mut self, hz: Option<f32>) {
        let Some(hz) = hz else {
            // One window without a line may be a passing disturbance; it costs what it would have added.
            self.count = self.count.saturating_sub(1);
            return;
        };
        if self.count == 0 || (hz - self.mean).abs() > JUMP_HZ {
            *self = Self { count: 1, mean: hz, squares: 0.0 };
            return;
        }
        self.count = (self.count + 1).min(4 * LONG);
        let share = 1.0 / f32::from(self.count);
        let off = hz - self.mean;
        self.mean += share * off;
        self.squares += share * (off * (hz - self.mean) - self.squares);
    }

    /// True once a line has stood still for three minutes.
    pub fn is_machine(&self) -> bool {
        self.count >= LONG && self.squares < SPREAD_HZ * SPREAD_HZ
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;

    #[test]
    fn a_motor_is_told_from_a_chest() {
        let mut gauss = Gauss(3);
        let run = |spread_per_minute: f32, gauss: &mut Gauss| {
            let mut steady = Steady::default();
            let (mut rate, mut flagged) = (0.25, 0);
            for _ in 0..400 {
                // The rate returns to its mean within half a minute.
                rate = 0.25 + 0.83 * (rate - 0.25) + 0.55 * spread_per_minute / 60.0 * gauss.draw();
                steady.push(Some(rate));
                flagged += u32::from(steady.is_machine());
            }
            flagged
        };
        assert!(run(0.02, &mut gauss) > 350);
        assert_eq!(run(0.3, &mut gauss), 0);
    }
}
