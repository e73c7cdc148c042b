//! The one door to `libm`.
//!
//! Every build calls the same software routines, so a result depends neither on features nor on the host's C library.

/// Square root.
#[inline]
pub fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

/// Square roots of many values of 0 or more at once, to five parts in a million; no call, so that it runs in parallel.
///
/// Newton's iteration on the inverse root, from the estimate that half the exponent gives (Lomont 2003).
pub fn sqrt_each(values: &mut [f32]) {
    for v in values {
        let x = *v;
        let mut y = f32::from_bits(0x5f37_5a86 - (x.to_bits() >> 1));
        for _ in 0..2 {
            y *= 1.5 - 0.5 * x * y * y;
        }
        *v = x * y;
    }
}

/// Parallel sums of [`dot`]: one register of 128 bits, which every target of 64 bits has.
const LANES: usize = 4;

/// Sum of the products of two rows whose length is a multiple of four; the rest is left out.
#[inline]
pub fn dot<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    let mut sum = [0.0; LANES];
    let (mut a, mut b) = (a.as_slice(), b.as_slice());
    while let (Some((p, others)), Some((q, rest))) = (a.split_first_chunk::<LANES>(), b.split_first_chunk::<LANES>()) {
        for (s, (p, q)) in sum.iter_mut().zip(p.iter().zip(q)) {
            *s += p * q;
        }
        (a, b) = (others, rest);
    }
    (sum[0] + sum[1]) + (sum[2] + sum[3])
}

/// The smaller, the second if the first is no number: one instruction, where `f32::min` takes five.
#[inline]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger, the second if the first is no number.
#[inline]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
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

/// Natural logarithm of the gamma function.
#[inline]
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Natural logarithm in double precision.
#[inline]
pub fn ln_f64(x: f64) -> f64 {
    libm::log(x)
}

/// `ln(1 + x)` in double precision.
#[inline]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Exponential in double precision.
#[inline]
pub fn exp_f64(x: f64) -> f64 {
    libm::exp(x)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fast_roots_equal_the_library() {
        let mut v: std::vec::Vec<f32> = (-60..60).map(|e| super::pow(1.7, e as f32)).chain([0.0, 1.0]).collect();
        let x = v.clone();
        super::sqrt_each(&mut v);
        for (a, b) in x.iter().zip(&v) {
            assert!((super::sqrt(*a) - b).abs() <= 5e-6 * b, "{a}");
        }
        assert_eq!(v[120], 0.0);
    }
}
