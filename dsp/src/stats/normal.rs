//! The Gaussian tail and its inverse.

use crate::math;

/// Upper tail `Q(z)` of the standard normal distribution.
///
/// - Units: 1
/// - Cost: one `erfc`
/// - Source: `Q(z) = erfc(z / √2) / 2`
pub fn tail(z: f64) -> f64 {
    0.5 * math::erfc(z * core::f64::consts::FRAC_1_SQRT_2)
}

/// The `z` with `Q(z) = p`.
///
/// - Units: 1; `p` in (0, 1), clamped to 1e-300 .. 1 - 1e-16
/// - Cost: about 70 `erfc`, for constructors only
/// - Source: bisection of [`tail`], which falls monotonically; error below 1e-12
///
/// ```
/// use millpond_dsp::stats::normal::quantile;
/// assert!((quantile(0.001_349_898) - 3.0).abs() < 1e-6);
/// ```
pub fn quantile(p: f64) -> f64 {
    let p = if p.is_nan() { 0.5 } else { p.clamp(1e-300, 1.0 - 1e-16) };
    let (mut low, mut high) = (-9.0, 38.0);
    for _ in 0..70 {
        let mid = 0.5 * (low + high);
        if tail(mid) > p { low = mid } else { high = mid }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_normal_distribution() {
        for (z, q) in [(0.0, 0.5), (1.0, 0.158_655_253_931), (2.0, 0.022_750_131_948), (4.0, 3.167_124_183e-5)] {
            assert!((tail(z) / q - 1.0).abs() < 1e-9, "Q({z})");
            assert!((quantile(q) - z).abs() < 1e-8, "inverse at {z}");
        }
        assert!(quantile(f64::NAN).abs() < 1e-9);
        assert!(quantile(0.0) > 30.0 && quantile(1.0) < -8.0);
    }
}
