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

/// Sine and cosine of an angle in radians, to 2e-7 for angles up to 10 000 turns; a tenth of the code of `libm`'s, which
/// is right for all.
///
/// Reduced to an eighth of a turn either way in double precision, then Taylor's series.
pub fn sin_cos(x: f32) -> (f32, f32) {
    use core::f64::consts::{FRAC_2_PI, FRAC_PI_2};
    let quarters = libm::roundf((f64::from(x) * FRAC_2_PI) as f32);
    let r = (f64::from(x) - f64::from(quarters) * FRAC_PI_2) as f32;
    let r2 = r * r;
    let s = r + r * r2 * (-1.0 / 6.0 + r2 * (1.0 / 120.0 + r2 * (-1.0 / 5040.0 + r2 * (1.0 / 362_880.0))));
    let c = 1.0 + r2 * (-0.5 + r2 * (1.0 / 24.0 + r2 * (-1.0 / 720.0 + r2 * (1.0 / 40_320.0))));
    match quarters as i32 & 3 {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

/// Complementary error function, `1 - erf(x)`.
#[inline]
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Natural logarithm of the gamma function, of a number above zero, to 1e-12 of its size or of one; a fifth of the code of `libm`'s, which takes
/// all numbers.
///
/// Raised to eight or more by the gamma function's recurrence, then Stirling's series (Abramowitz and Stegun 6.1.15, 6.1.41).
pub fn ln_gamma(x: f64) -> f64 {
    const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;
    const SERIES: [f64; 6] = [-691.0 / 360_360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0];
    let (mut x, mut raised) = (x, 1.0);
    while x < 8.0 {
        raised *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let mut series = 0.0;
    for term in SERIES {
        series = series * square + term;
    }
    (x - 0.5) * ln_f64(x) - x + HALF_LN_TAU + series / x - ln_f64(raised)
}

/// Natural logarithm in double precision.
#[inline]
pub fn ln_f64(x: f64) -> f64 {
    libm::log(x)
}

/// Exponential in double precision.
#[inline]
pub fn exp_f64(x: f64) -> f64 {
    libm::exp(x)
}

#[cfg(test)]
mod tests {
    #[test]
    fn sines_and_cosines_equal_the_library() {
        for i in -40_000i32..=40_000 {
            let x = 0.031_7 * i as f32;
            let ((s, c), x) = (super::sin_cos(x), f64::from(x));
            let off = (f64::from(s) - libm::sin(x)).abs().max((f64::from(c) - libm::cos(x)).abs());
            assert!(off < 2e-7, "{x}: {off}");
        }
        assert_eq!(super::sin_cos(0.0), (0.0, 1.0));
        let none = super::sin_cos(f32::NAN);
        assert!(none.0.is_nan() && none.1.is_nan());
    }

    #[test]
    fn the_gamma_function_equals_the_library() {
        for i in 1..4000 {
            let x = 1e-3 * f64::from(i) * f64::from(i);
            let (got, wanted) = (super::ln_gamma(x), libm::lgamma(x));
            assert!((got - wanted).abs() <= 1e-12 * wanted.abs().max(1.0), "{x}: {got} {wanted}");
        }
    }

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
