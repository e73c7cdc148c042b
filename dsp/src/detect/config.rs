//! What a household may set; everything else follows from it.

use crate::Error;
use crate::detect::steps::STEP;
use crate::phy::Micros;
use crate::stats::normal;

/// Tests that a detector makes each step: two statistics and their sum over two windows, and two cumulative sums. The
/// tolerated rate is shared.
pub(super) const TESTS: f64 = 8.0;

/// Settings of a detector: one set for every device, packet rate and room.
///
/// ```
/// use millpond_dsp::detect::DetectorConfig;
///
/// let config = DetectorConfig::default().with_false_alarms_per_day(0.5)?;
/// assert!(DetectorConfig::default().with_false_alarms_per_day(f32::NAN).is_err());
/// # Ok::<(), millpond_dsp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorConfig {
    false_alarms_per_day: f32,
    hold: Micros,
    present_for: Micros,
}

impl Default for DetectorConfig {
    /// One false alarm in ten days a link, half a second of hold, nobody after 20 minutes without motion.
    fn default() -> Self {
        Self { false_alarms_per_day: 0.1, hold: Micros(500_000), present_for: Micros(1_200_000_000) }
    }
}

impl DetectorConfig {
    /// Tolerated false alarms a day on one link.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless within 1e-6 to 10 000.
    pub fn with_false_alarms_per_day(self, value: f32) -> Result<Self, Error> {
        if !(1e-6..=1e4).contains(&value) {
            return Err(Error::Parameter { name: "false_alarms_per_day" });
        }
        Ok(Self { false_alarms_per_day: value, ..self })
    }

    /// How long a link stays moving after the score fell below its release level.
    ///
    /// # Errors
    /// [`Error::Parameter`] above 600 s.
    pub fn with_hold(self, value: Micros) -> Result<Self, Error> {
        if value > Micros(600_000_000) {
            return Err(Error::Parameter { name: "hold" });
        }
        Ok(Self { hold: value, ..self })
    }

    /// How long a link must be quiet after motion before nobody is there.
    ///
    /// # Errors
    /// [`Error::Parameter`] outside 3 minutes to 24 hours.
    pub fn with_present_for(self, value: Micros) -> Result<Self, Error> {
        if !(180_000_000..=86_400_000_000).contains(&value.0) {
            return Err(Error::Parameter { name: "present_for" });
        }
        Ok(Self { present_for: value, ..self })
    }

    /// Tolerated false alarms a day on one link.
    pub const fn false_alarms_per_day(&self) -> f32 {
        self.false_alarms_per_day
    }

    /// How long a link stays moving after the score fell below its release level.
    pub const fn hold(&self) -> Micros {
        self.hold
    }

    /// How long a link must be quiet after motion before nobody is there.
    pub const fn present_for(&self) -> Micros {
        self.present_for
    }

    /// The false-alarm probability of one decision: every step of [`STEP`] counts as a chance of its own, which is
    /// on the safe side because windows overlap.
    pub fn false_alarm_probability(&self) -> f64 {
        f64::from(self.false_alarms_per_day) * STEP.seconds() / 86_400.0
    }

    /// The score, in standard deviations, that a decision of moving asks for.
    pub fn threshold(&self) -> f32 {
        self.threshold_among(1)
    }

    /// The threshold of each of several links that share the tolerated rate (Bonferroni's inequality).
    pub fn threshold_among(&self, links: usize) -> f32 {
        normal::quantile(self.false_alarm_probability() / (TESTS * links.max(1) as f64)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_parameter_is_refused_by_name() {
        let c = DetectorConfig::default();
        let name = |r: Result<DetectorConfig, Error>| match r {
            Err(Error::Parameter { name }) => name,
            _ => "",
        };
        assert_eq!(name(c.with_false_alarms_per_day(0.0)), "false_alarms_per_day");
        assert_eq!(name(c.with_hold(Micros(600_000_001))), "hold");
        assert_eq!(name(c.with_present_for(Micros(1))), "present_for");
    }

    #[test]
    fn the_rate_sets_the_threshold() {
        let c = DetectorConfig::default().with_false_alarms_per_day(0.1).unwrap();
        assert!((c.false_alarm_probability() - 2.894e-7).abs() < 1e-10);
        assert!((8.0 * normal::tail(f64::from(c.threshold())) / c.false_alarm_probability() - 1.0).abs() < 1e-3);
        assert!(c.threshold_among(8) > c.threshold());
        assert!(c.with_false_alarms_per_day(10.0).unwrap().threshold() < c.threshold());
    }
}
