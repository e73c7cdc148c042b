//! Does the order of a level's readings tell anything? Noise has no order, whatever its law; a body's fading has.

use crate::math;

/// Readings of one block.
pub const BLOCK: usize = 4;
/// The two strengths of order that are tried: one over the other is a fourth power, so that one exponential serves both.
/// For a first-order process of correlation `c` the best is `c / (1 - c²)`: 0.24 and 0.62.
pub const STRENGTHS: [f32; 2] = [0.25, 1.0];
/// Variance of rounding to whole dB, dB²: differences below it are not the level's.
const ROUNDING: f32 = 1.0 / 12.0;
/// The step from the block before counts for no more than three standard deviations.
const FAR: f32 = 9.0;
/// Smallest likelihood of a way that is told from none.
const LEAST: f32 = 1e-30;

/// How much more likely the readings' own order is than their other orders, as natural logarithm, for each strength.
///
/// An order is a way through the readings, from the last one before them; its likelihood falls with the squares of its
/// steps, over the readings' own variance. The answer's exponential is the likelihood of the way as it was over the mean
/// of all 24. If the readings could as well have come in any other order, its mean is one **exactly**, whatever their
/// law (rounded, skewed, two-valued, heavy-tailed, with a variance of its own in each block), so products of it are a
/// nonnegative martingale. Readings that are all alike give zero: no order, no word.
///
/// - Units: dB in, nats out; at most `ln 24`
/// - Cost: 20 exponentials, 2 logarithms and about 200 products a block
/// - Source: permutation tests (Pitman 1937) as e-values: Vovk and Wang, Ann. Statist. 49, 2021; Grünwald, de Heide and
///   Koolen, JRSS B 86, 2024
pub fn order(before: Option<f32>, x: &[f32; BLOCK]) -> [f32; 2] {
    let mean = x.iter().sum::<f32>() / BLOCK as f32;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / (BLOCK - 1) as f32;
    // Also for what is not finite.
    if !(variance > 1e-6 && variance < 1e6) {
        return [0.0; 2];
    }
    let scale = variance + ROUNDING;
    let likely = |square: f32| math::exp(-0.5 * STRENGTHS[0] * square / scale);
    let first = x.map(|x| before.map_or(1.0, |b| likely(math::min((x - b) * (x - b), FAR * scale))));
    let steps = x.map(|a| x.map(|b| likely((a - b) * (a - b))));
    let weak = ways(&first, &steps);
    let fourth = |p: f32| (p * p) * (p * p);
    let strong = ways(&first.map(fourth), &steps.map(|row| row.map(fourth)));
    [weak, strong]
}

/// Logarithm of the way as it was over the mean of all.
fn ways(first: &[f32; BLOCK], steps: &[[f32; BLOCK]; BLOCK]) -> f32 {
    // The mask tells the compiler that no index is too high.
    let step = |from: usize, to: usize| steps[from & 3][to & 3];
    let mut sum = 0.0;
    for a in 0..BLOCK {
        for b in (0..BLOCK).filter(|&b| b != a) {
            let begin = first[a & 3] * step(a, b);
            for c in (0..BLOCK).filter(|&c| c != a && c != b) {
                // The exclusive or of all four is zero.
                sum += begin * step(b, c) * step(c, a ^ b ^ c);
            }
        }
    }
    let own = first[0] * step(0, 1) * step(1, 2) * step(2, 3);
    math::ln(math::max(own, LEAST) / math::max(sum / 24.0, LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;
    use std::vec::Vec;

    /// All orders of four.
    fn orders() -> Vec<[usize; BLOCK]> {
        let mut all = Vec::new();
        for a in 0..4 {
            for b in (0..4).filter(|&b| b != a) {
                for c in (0..4).filter(|&c| c != a && c != b) {
                    all.push([a, b, c, 6 - a - b - c]);
                }
            }
        }
        all
    }

    #[test]
    fn it_equals_its_slow_twin() {
        let mut gauss = Gauss(3);
        for n in 0..200 {
            let x: [f32; BLOCK] = core::array::from_fn(|_| libm::roundf(2.0 * gauss.draw()));
            let before = (n % 3 > 0).then(|| libm::roundf(2.0 * gauss.draw()));
            let mean = x.iter().sum::<f32>() / 4.0;
            let scale = f64::from(x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 3.0) + 1.0 / 12.0;
            for (strength, got) in STRENGTHS.into_iter().zip(order(before, &x)) {
                let way = |o: &[usize; BLOCK]| {
                    let squares = o.windows(2).map(|w| f64::from(x[w[0]] - x[w[1]]).powi(2)).sum::<f64>();
                    let first = before.map_or(0.0, |b| f64::from(x[o[0]] - b).powi(2).min(9.0 * scale));
                    libm::exp(-0.5 * f64::from(strength) * (squares + first) / scale)
                };
                let all = orders().iter().map(way).sum::<f64>() / 24.0;
                let wanted = if scale > 0.0834 { libm::log(way(&[0, 1, 2, 3]) / all) } else { 0.0 };
                assert!((f64::from(got) - wanted).abs() < 1e-3, "{before:?} {x:?}: {got} {wanted}");
            }
        }
    }

    #[test]
    fn over_all_orders_the_mean_is_one_exactly() {
        for x in [[0.0f32, 0.0, 0.0, 1.0], [1.0, 2.0, 2.0, 9.0], [0.1, 0.5, 0.2, -40.0]] {
            for before in [None, Some(0.0), Some(-70.0)] {
                for strength in 0..2 {
                    let e = |o: &[usize; 4]| f64::from(order(before, &core::array::from_fn(|i| x[o[i]]))[strength]);
                    let mean = orders().iter().map(|o| libm::exp(e(o))).sum::<f64>() / 24.0;
                    assert!((mean - 1.0).abs() < 1e-4, "{x:?} {before:?}: {mean}");
                }
            }
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        assert_eq!(order(Some(1.0), &[3.0; 4]), [0.0; 2]);
        for odd in [f32::NAN, f32::INFINITY, f32::MAX] {
            let told = order(Some(odd), &[1.0, 2.0, 3.0, odd]);
            assert!(told.iter().all(|t| t.is_finite()), "{told:?}");
        }
        let long = order(Some(0.0), &[1.0, 2.0, 3.0, 4.0]);
        assert!(long[1] > 1.0 && long[1] < libm::logf(24.0), "{long:?}");
    }
}
