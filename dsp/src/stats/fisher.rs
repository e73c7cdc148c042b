//! The upper tail of the F distribution, for any real degrees of freedom.

use crate::math;

/// Natural logarithm of the probability that an F ratio of `d1` and `d2` degrees of freedom exceeds `x`.
///
/// - Units: 1; 0 (probability one) where `x` is not above zero or a degree of freedom is not positive
/// - Cost: three `ln_gamma` and at most 200 steps of a continued fraction, far fewer in the tail
/// - Source: `P(F > x) = I(d2 / (d2 + d1 x); d2/2, d1/2)`, the incomplete beta function by Lentz's continued fraction
///   (Abramowitz and Stegun 26.5.8, 26.6.2)
///
/// ```
/// use millpond_dsp::stats::fisher::ln_tail;
/// // Two and m degrees have a closed form: (1 + 2 x / m)^(-m/2).
/// assert!((ln_tail(3.0, 2.0, 8.0) + 4.0 * 1.75f64.ln()).abs() < 1e-9);
/// ```
pub fn ln_tail(x: f64, d1: f64, d2: f64) -> f64 {
    if !(x > 0.0 && d1 > 0.0 && d2 > 0.0 && x.is_finite()) {
        return 0.0;
    }
    let sum = d2 + d1 * x;
    ln_beta(d2 / sum, d1 * x / sum, 0.5 * d2, 0.5 * d1)
}

/// Logarithm of the regularised incomplete beta function at `x`, of which `y` is what is left to one.
fn ln_beta(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let gammas = [a + b, a, b].map(math::ln_gamma);
    let front = gammas[0] - gammas[1] - gammas[2] + a * math::ln_f64(x) + b * math::ln_f64(y);
    if x < (a + 1.0) / (a + b + 2.0) {
        front + math::ln_f64(fraction(x, a, b) / a)
    } else {
        // The other tail: to 1e-16 of one, which is more than enough where the answer is no tail.
        math::ln_f64(1.0 - (math::exp_f64(front) * fraction(y, b, a) / b).clamp(0.0, 1.0))
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let away = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut h = d;
    for m in 1..=200 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-12 {
            break;
        }
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_f_distribution() {
        // Upper 1 % points (Abramowitz and Stegun 26.9).
        for (d1, d2, x) in [(1.0, 10.0, 10.04), (4.0, 20.0, 4.43), (10.0, 10.0, 4.85), (20.0, 60.0, 2.20)] {
            let p = libm::exp(ln_tail(x, d1, d2));
            assert!((p / 0.01 - 1.0).abs() < 0.01, "F({d1}, {d2}): {p}");
        }
        // The median of equal degrees is 1; deep tails keep their closed form.
        assert!((libm::exp(ln_tail(1.0, 7.0, 7.0)) - 0.5).abs() < 1e-9);
        for x in [0.1, 10.0, 1e3, 1e6] {
            let m = 11.0;
            assert!((ln_tail(x, 2.0, m) + 0.5 * m * libm::log1p(2.0 * x / m)).abs() < 1e-8, "{x}");
        }
        assert_eq!((ln_tail(0.0, 2.0, 2.0), ln_tail(f64::NAN, 2.0, 2.0), ln_tail(1.0, 0.0, 2.0)), (0.0, 0.0, 0.0));
    }
}
