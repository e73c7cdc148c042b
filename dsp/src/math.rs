//! The one door to `libm`.
//!
//! Every build calls the same software routines, so a result depends neither on features nor on the host's C library.

/// Square root.
#[inline]
pub fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

/// Natural logarithm.
#[inline]
pub fn ln(x: f32) -> f32 {
    libm::logf(x)
}

/// Logarithm to base ten.
#[inline]
pub fn log10(x: f32) -> f32 {
    libm::log10f(x)
}

/// Exponential.
#[inline]
pub fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// `x` to the power `y`.
#[inline]
pub fn pow(x: f32, y: f32) -> f32 {
    libm::powf(x, y)
}

/// Angle of the point (`x`, `y`) in radians, in (-π, π].
#[inline]
pub fn atan2(y: f32, x: f32) -> f32 {
    libm::atan2f(y, x)
}

/// Sine and cosine of an angle in radians.
#[inline]
pub fn sin_cos(x: f32) -> (f32, f32) {
    libm::sincosf(x)
}

/// Complementary error function, `1 - erf(x)`.
#[inline]
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}
