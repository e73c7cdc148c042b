//! What a frame costs, in integers: for processors without a floating-point unit, where one operation in single precision
//! takes about sixty instructions.
//!
//! With the feature `integer`, [`bands`](crate::sanitize::bands) and [`ring`](crate::features::ring) call these in place of
//! their own floating-point forms; both forms are in every build, so that tests compare them. What happens a few times a
//! second (noise, statistics, decisions) stays in single precision.

use num_complex::Complex;

/// Whether the integer forms are in use.
pub const IN_USE: bool = cfg!(feature = "integer");

/// A number of 0 or more as a whole number over a power of two, for many products with whole numbers.
#[derive(Clone, Copy, Debug)]
pub struct Factor {
    mantissa: u32,
    shift: u32,
}

impl Factor {
    /// `value` times `2^bits`: zero below about `2^-40`, and right up to `2^31`.
    pub const fn new(value: f32, bits: u32) -> Self {
        let raw = value.to_bits();
        // A normal number is mantissa times 2^(exponent - 150).
        let exponent = (raw >> 23) & 0xff;
        let mantissa = raw & 0x007f_ffff | 0x0080_0000;
        let up = exponent + bits;
        if raw >> 31 == 1 || exponent == 0 || up < 150 - 63 {
            Self { mantissa: 0, shift: 0 }
        } else if up <= 150 {
            Self { mantissa, shift: 150 - up }
        } else if up <= 158 {
            Self { mantissa: mantissa << (up - 150), shift: 0 }
        } else {
            Self { mantissa: u32::MAX, shift: 0 }
        }
    }

    /// The product with `n`, to the nearest, at most `u32::MAX`.
    #[inline]
    pub fn times(self, n: u32) -> u32 {
        let product = u64::from(n) * u64::from(self.mantissa) + ((1u64 << self.shift) >> 1);
        u32::try_from(product >> self.shift).unwrap_or(u32::MAX)
    }
}

/// `value` times `2^-bits`, rounded once.
fn float(value: i64, bits: i32) -> f32 {
    libm::scalbnf(value as f32, -bits)
}

/// Power of a sample.
#[inline]
pub fn power(h: Complex<i16>) -> u32 {
    u32::from(h.re.unsigned_abs()).pow(2) + u32::from(h.im.unsigned_abs()).pow(2)
}

/// The square root of `square / 2^26` in steps of `2^-12`, to the nearest, at most 32 767.
pub fn root(square: u32) -> i16 {
    square.isqrt().div_ceil(2).min(32_767) as i16
}

/// Differences of two rows of numbers with a unit each, in steps of `2^-16`.
pub fn differences(out: &mut [i32], (a, unit_a): (&[u16], f32), (b, unit_b): (&[u16], f32)) {
    let (unit_a, unit_b) = (Factor::new(unit_a, 16), Factor::new(unit_b, 16));
    let value = |unit: Factor, n: u16| unit.times(n.into()).min(1 << 28) as i32;
    for (o, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
        *o = value(unit_a, a) - value(unit_b, b);
    }
}

/// Sum of the squared second differences of a band, of numbers as [`differences`] leaves them.
#[inline]
pub fn roughness(band: &[i32]) -> f32 {
    let second = band.iter().zip(band.iter().skip(1)).zip(band.iter().skip(2));
    let sum = second.fold(0i64, |sum, ((a, b), c)| {
        let r = i64::from(a - b) - i64::from(b - c);
        sum.saturating_add(r * r)
    });
    float(sum, 32)
}

/// Sums of `u² w` and `u v w`, with `u` and `v` the differences of two rows each.
///
/// The weights share the exponent of the largest; one that is less than `2^-23` of it counts as zero. A sum takes 30 bits
/// of a square, 24 of a weight, and those of the number of terms.
pub fn weighted<const N: usize>(u: [&[i16; N]; 2], v: [&[i16; N]; 2], weight: &[f32; N]) -> (f32, f32) {
    let exponent = |w: f32| (w.to_bits() >> 23) & 0xff;
    let top = weight.iter().fold(1, |top, w| top.max(exponent(*w)));
    let (mut energy, mut product) = (0i64, 0i64);
    for (((a, b), (c, d)), w) in u[0].iter().zip(u[1]).zip(v[0].iter().zip(v[1])).zip(weight) {
        let (u, v) = (i32::from(*a) - i32::from(*b), i32::from(*c) - i32::from(*d));
        let mantissa = if exponent(*w) == 0 { 0 } else { w.to_bits() & 0x007f_ffff | 0x0080_0000 };
        let w = i64::from(mantissa.checked_shr(top - exponent(*w)).unwrap_or(0));
        energy += i64::from(u * u) * w;
        product += i64::from(u * v) * w;
    }
    let bits = 150 - top as i32;
    (float(energy, bits), float(product, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeded whole numbers.
    fn numbers() -> impl FnMut(u32) -> u32 {
        let mut state = 7u64;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % u64::from(below)) as u32
        }
    }

    #[test]
    fn a_factor_multiplies_to_the_nearest() {
        let mut number = numbers();
        for bits in [0, 16, 26] {
            for _ in 0..20_000 {
                let value = f32::from_bits((87 + number(50)) << 23 | number(1 << 23));
                let bits_of_n = number(32);
                let n = number(1 << bits_of_n);
                let exact = f64::from(n) * f64::from(value) * f64::from(1u32 << bits);
                let got = f64::from(Factor::new(value, bits).times(n));
                if exact > 4e9 || value > 256.0 {
                    continue;
                }
                assert!((got - exact).abs() <= 0.5, "{value} {n} {bits}: {got} {exact}");
            }
        }
        for value in [0.0, -1.0, 1e-44, 1e-30] {
            assert_eq!(Factor::new(value, 16).times(u32::MAX), 0);
        }
        for value in [f32::INFINITY, f32::NAN, 1e30] {
            assert_eq!(Factor::new(value, 16).times(u32::MAX), u32::MAX);
        }
    }

    #[test]
    fn a_root_is_the_nearest() {
        let mut number = numbers();
        for _ in 0..50_000 {
            let bits = number(32);
            let square = number(1 << bits);
            let exact = libm::sqrt(f64::from(square)) / 2.0;
            assert!((f64::from(root(square)) - exact).abs() <= 0.5 + 1e-9 || exact > 32_767.0, "{square}");
        }
        assert_eq!((root(0), root(1 << 26), root(u32::MAX)), (0, 4096, 32_767));
    }

    #[test]
    fn sums_equal_those_in_double_precision() {
        let mut number = numbers();
        for spread in [1u32, 8, 20] {
            for _ in 0..500 {
                let mut row = || core::array::from_fn::<i16, 20, _>(|_| number(32_768) as i16);
                let rows = [row(), row(), row(), row()];
                let weight: [f32; 20] = core::array::from_fn(|i| {
                    if i > 14 { 0.0 } else { f32::from_bits((120 + number(spread)) << 23 | number(1 << 23)) }
                });
                let (energy, product) = weighted([&rows[0], &rows[1]], [&rows[2], &rows[3]], &weight);
                let (mut e, mut p, mut least) = (0.0, 0.0, 0.0);
                let top = f64::from(weight.iter().fold(0.0f32, |top, w| top.max(*w)));
                for i in 0..20 {
                    let d = |a: usize, b: usize| f64::from(rows[a][i]) - f64::from(rows[b][i]);
                    e += d(0, 1) * d(0, 1) * f64::from(weight[i]);
                    p += d(0, 1) * d(2, 3) * f64::from(weight[i]);
                    least += (d(0, 1) * d(0, 1) + d(2, 3) * d(2, 3)) * top / 4e6;
                }
                assert!((f64::from(energy) - e).abs() <= 1e-6 * e + least, "{energy} {e}");
                assert!((f64::from(product) - p).abs() <= 1e-6 * e + least, "{product} {p}");
            }
        }
        let zero = [0; 20];
        assert_eq!(weighted([&[32_767; 20], &zero], [&[32_767; 20], &zero], &[0.0; 20]), (0.0, 0.0));
    }

    #[test]
    fn roughness_equals_that_in_double_precision() {
        let mut number = numbers();
        for _ in 0..2000 {
            let n = 3 + number(20) as usize;
            let mut row = || (0..n).map(|_| number(4096) as u16).collect::<std::vec::Vec<u16>>();
            let (a, b) = (row(), row());
            let (s, t) = (1.0 / 1500.0, 1.0 / 1900.0);
            let mut change = std::vec![0; n];
            differences(&mut change, (&a, s), (&b, t));
            let d: std::vec::Vec<f64> =
                (0..n).map(|i| f64::from(a[i]) * f64::from(s) - f64::from(b[i]) * f64::from(t)).collect();
            let exact: f64 = d.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).powi(2)).sum();
            assert!((f64::from(roughness(&change)) - exact).abs() <= 1e-3 * exact + 1e-6, "{n} {exact}");
        }
    }
}
