//! What a plan means on the air: path loss, rates, overlap, carrier sense, the busy share that others leave us.
//!
//! Levels are whole dBm and losses whole dB; shares are thousandths or `f64` fractions made of products only, so that
//! every machine gets the same bits. The one logarithm goes through `libm`.

pub mod busy;
pub mod chart;
pub mod overlap;
pub mod pathloss;
pub mod rates;
pub mod sense;

/// Natural logarithm, the same bits on every machine.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}
