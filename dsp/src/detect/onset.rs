//! When did motion begin? Page's cumulative sum over quarter seconds, beside the windows of [`fusion`](super::fusion).
//!
//! A window of fixed length is fast for strong motion and deaf for weak motion that lasts. The cumulative sum has no
//! length: it waits as long as the shift needs, and no rule with as few false alarms is much faster.

use crate::detect::config::DetectorConfig;
use crate::detect::steps::STEP;
use crate::math;

/// Reference values of the two sums: half the shift, in standard deviations of a quarter second, that each is best at.
/// Between them they stay within twice Lorden's bound from a shift of half a deviation on (test
/// `the_delay_is_within_twice_the_bound`).
const REFERENCE: [f32; 2] = [0.5, 2.0];
/// What a discrete sum overshoots by, of a Gaussian step (Siegmund 1985).
const OVERSHOOT: f64 = 1.166;

/// Two one-sided cumulative sums. Memory: 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Onset {
    sums: [f32; 2],
    limits: [f32; 2],
}

impl Onset {
    /// Sums whose alarms, each, take a share of one in `tests` of the tolerated rate.
    pub fn new(config: &DetectorConfig, tests: f64) -> Self {
        let steps_a_day = 86_400.0 / STEP.seconds();
        let run = steps_a_day * tests / f64::from(config.false_alarms_per_day());
        Self { sums: [0.0; 2], limits: REFERENCE.map(|k| limit(f64::from(k), run) as f32) }
    }

    /// Forgets what it has seen.
    pub const fn clear(&mut self) {
        self.sums = [0.0; 2];
    }

    /// Takes the deviate of a quarter second, of mean zero and long-run variance one under stillness; one that is not
    /// known leaves the sums as they are. Answers with the higher sum over its limit: 1 at an alarm, never more.
    ///
    /// - Source: Page, Biometrika 41, 1954; optimal in Lorden's sense: Moustakides, Ann. Statist. 14, 1986
    pub fn step(&mut self, y: f32) -> f32 {
        let mut highest: f32 = 0.0;
        for ((sum, limit), reference) in self.sums.iter_mut().zip(&self.limits).zip(REFERENCE) {
            if !y.is_nan() {
                *sum = math::min(math::max(*sum + y - reference, 0.0), *limit);
            }
            highest = highest.max(*sum / *limit);
        }
        highest
    }
}

/// The limit at which a sum with reference value `k` runs for `run` steps in the mean before a false alarm.
///
/// - Source: Siegmund's approximation, `run = (exp(2 k b) - 2 k b - 1) / (2 k²)` with `b = limit + 1.166`
fn limit(k: f64, run: f64) -> f64 {
    let length = |b: f64| (libm::exp(2.0 * k * b) - 2.0 * k * b - 1.0) / (2.0 * k * k);
    let (mut low, mut high) = (0.0, 100.0 / k);
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        if length(mid) < run { low = mid } else { high = mid }
    }
    (high - OVERSHOOT).max(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;
    use std::println;

    /// Steps until the alarm after a shift of `theta`, from rest.
    fn delay(onset: &Onset, theta: f32, gauss: &mut Gauss) -> u64 {
        let mut onset = *onset;
        onset.clear();
        (1..).find(|_| onset.step(gauss.draw() + theta) >= 1.0).unwrap()
    }

    #[test]
    fn the_delay_is_within_twice_the_bound() {
        let config = DetectorConfig::default();
        let onset = Onset::new(&config, 1.0);
        // Two sums of one rate each: together they alarm twice as often at most.
        let run = 86_400.0 / 0.25 / f64::from(config.false_alarms_per_day()) / 2.0;
        let mut gauss = Gauss(3);
        println!("shift   delay, quarter seconds   Lorden's bound");
        for theta in [0.5f32, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0] {
            let n = 2000;
            let mean = (0..n).map(|_| delay(&onset, theta, &mut gauss) as f64).sum::<f64>() / f64::from(n);
            // No rule decides before the first quarter second is over.
            let bound = (libm::log(run) / (0.5 * f64::from(theta) * f64::from(theta))).max(1.0);
            println!("{theta:5}   {mean:22.2}   {bound:14.2}");
            assert!(mean <= 2.0 * bound, "shift {theta}: {mean} of {bound}");
        }
    }

    #[test]
    fn false_alarms_are_as_rare_as_tolerated() {
        // A rate so high that alarms can be counted: one in 500 steps for each sum.
        let config = DetectorConfig::default().with_false_alarms_per_day(691.2).unwrap();
        let mut onset = Onset::new(&config, 1.0);
        let mut gauss = Gauss(4);
        let (steps, mut alarms) = (400_000u32, 0u32);
        for _ in 0..steps {
            if onset.step(gauss.draw()) >= 1.0 {
                alarms += 1;
                onset.clear();
            }
        }
        let expected = 2.0 * f64::from(steps) / 500.0;
        assert!(f64::from(alarms) <= expected + 4.0 * libm::sqrt(expected), "{alarms} of {expected}");
        assert!(f64::from(alarms) > 0.3 * expected, "{alarms} of {expected}: the limit is far too high");
    }

    #[test]
    fn the_sums_are_bounded_and_forget() {
        let mut onset = Onset::new(&DetectorConfig::default(), 8.0);
        assert!(onset.step(1e9) <= 1.0 && onset.step(f32::NAN) <= 1.0);
        let steps = (0..200).take_while(|_| onset.step(0.0) > 0.0).count();
        assert!(steps < 60, "{steps}");
        onset.clear();
        assert_eq!(onset.step(f32::NAN), 0.0);
    }
}
