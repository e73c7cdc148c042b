//! Costs in thousandths of U, kept apart by reason.

use std::ops::{Add, AddAssign, Sub};

/// The reasons that a cost can have. The order is the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// PHY rate that clients or links get at the width and power.
    Rate,
    /// Airtime that clients need and take from each other.
    Airtime,
    /// Airtime that strangers take.
    ForeignBusy,
    /// Airtime that our own radios take from each other.
    OwnBusy,
    /// Airtime and rate of relayed traffic.
    Backhaul,
    /// Risk of radar.
    Radar,
    /// Disturbance of a change.
    Switch,
    /// Requests that a client refused before.
    Refusals,
}

impl Term {
    /// All terms in order.
    pub const ALL: [Self; 8] = [
        Self::Rate,
        Self::Airtime,
        Self::ForeignBusy,
        Self::OwnBusy,
        Self::Backhaul,
        Self::Radar,
        Self::Switch,
        Self::Refusals,
    ];
}

/// One cost by reason, in thousandths of U; 1000 is one whole airtime of a client of weight 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs([i64; 8]);

impl Costs {
    /// A cost for one reason.
    pub const fn of(term: Term, cost: i64) -> Self {
        let mut all = [0; 8];
        all[term as usize] = cost;
        Self(all)
    }

    /// The cost for one reason.
    pub const fn get(&self, term: Term) -> i64 {
        self.0[term as usize]
    }

    /// Adds to the cost for one reason.
    pub const fn add(&mut self, term: Term, cost: i64) {
        self.0[term as usize] += cost;
    }

    /// The sum over the reasons.
    pub fn total(&self) -> i64 {
        self.0.iter().sum()
    }
}

impl Add for Costs {
    type Output = Self;
    fn add(mut self, rhs: Self) -> Self {
        self += rhs;
        self
    }
}

impl AddAssign for Costs {
    fn add_assign(&mut self, rhs: Self) {
        self.0.iter_mut().zip(rhs.0).for_each(|(a, b)| *a += b);
    }
}

impl Sub for Costs {
    type Output = Self;
    fn sub(mut self, rhs: Self) -> Self {
        self.0.iter_mut().zip(rhs.0).for_each(|(a, b)| *a -= b);
        self
    }
}

/// `weight_milli` times a share of airtime in millionths, rounded to the nearest.
pub const fn weighted(weight_milli: i64, ppm: i64) -> i64 {
    (weight_milli * ppm + 500_000).div_euclid(1_000_000)
}

/// `alpha * weight * ln(2000 Mb/s over the rate)` with alpha = 0.3: what a slow link costs even when demand is met.
pub fn rate_cost(weight_milli: i64, rate_kbps: u32) -> i64 {
    let cost = 0.3 * weight_milli as f64 * crate::rf::ln(2e6 / f64::from(rate_kbps.max(1)));
    libm::round(cost) as i64
}
