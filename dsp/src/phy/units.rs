//! Unit newtypes. No bare number crosses a module border without its unit.

use core::ops::{Add, Neg, Sub};

use crate::math;

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// A power level in dB over one milliwatt.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(transparent))]
pub struct Dbm(pub f32);

/// A ratio in dB.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(transparent))]
pub struct Db(pub f32);

/// A frequency in hertz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(transparent))]
pub struct Hz(pub u64);

/// A monotonic time or a span in microseconds. The origin is the caller's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(transparent))]
pub struct Micros(pub u64);

/// Received channel power indicator, IEEE 802.11-2020 9.4.2.37: half-dB steps from -110 dBm, 0 to 220.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(transparent))]
pub struct Rcpi(pub u8);

impl Dbm {
    /// The power in milliwatts. Means of power are taken there, never in dB.
    pub fn milliwatts(self) -> f32 {
        math::pow(10.0, self.0 / 10.0)
    }

    /// The level of a power in milliwatts. Zero or less gives minus infinity.
    pub fn from_milliwatts(mw: f32) -> Self {
        if mw > 0.0 { Self(10.0 * math::log10(mw)) } else { Self(f32::NEG_INFINITY) }
    }
}

impl Db {
    /// The ratio of powers.
    pub fn power_ratio(self) -> f32 {
        math::pow(10.0, self.0 / 10.0)
    }
}

impl Sub for Dbm {
    type Output = Db;
    fn sub(self, rhs: Self) -> Db {
        Db(self.0 - rhs.0)
    }
}

impl Add<Db> for Dbm {
    type Output = Self;
    fn add(self, rhs: Db) -> Self {
        Self(self.0 + rhs.0)
    }
}

impl Sub<Db> for Dbm {
    type Output = Self;
    fn sub(self, rhs: Db) -> Self {
        Self(self.0 - rhs.0)
    }
}

impl Add for Db {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0 + rhs.0)
    }
}

impl Sub for Db {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        Self(self.0 - rhs.0)
    }
}

impl Neg for Db {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Micros {
    /// One second.
    pub const SECOND: Self = Self(1_000_000);

    /// Time since `earlier`, zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// The span in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 * 1e-6
    }

    /// A span of seconds, rounded to the nearest microsecond. Negative and NaN give zero.
    pub fn from_seconds(s: f64) -> Self {
        // A float to integer cast saturates and maps NaN to zero.
        Self(libm::round(s * 1e6) as u64)
    }
}

impl Add for Micros {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Rcpi {
    /// The nearest step to a level, clamped to the scale.
    pub fn from_dbm(level: Dbm) -> Self {
        Self(libm::roundf((level.0 + 110.0) * 2.0).clamp(0.0, 220.0) as u8)
    }

    /// The level of a step; codes above 220 are reserved and read as `None`.
    pub fn dbm(self) -> Option<Dbm> {
        (self.0 <= 220).then(|| Dbm(f32::from(self.0) / 2.0 - 110.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_averages_in_milliwatts() {
        let mean = (Dbm(0.0).milliwatts() + Dbm(-10.0).milliwatts()) / 2.0;
        assert!((Dbm::from_milliwatts(mean).0 - -2.596).abs() < 1e-3);
        assert_eq!(Dbm::from_milliwatts(0.0).0, f32::NEG_INFINITY);
    }

    #[test]
    fn rcpi_scale() {
        assert_eq!(Rcpi::from_dbm(Dbm(-110.0)), Rcpi(0));
        assert_eq!(Rcpi::from_dbm(Dbm(-60.25)), Rcpi(100));
        assert_eq!(Rcpi(220).dbm(), Some(Dbm(0.0)));
        assert_eq!(Rcpi(221).dbm(), None);
    }

    #[test]
    fn time_never_underflows() {
        assert_eq!(Micros(1).since(Micros(5)), Micros(0));
        assert_eq!(Micros::from_seconds(f64::NAN), Micros(0));
        assert_eq!(Micros::from_seconds(-3.0), Micros(0));
        assert_eq!(Micros::from_seconds(1.5), Micros(1_500_000));
    }
}
