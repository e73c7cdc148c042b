//! Exact integer sampling of the noise that protects a weekly answer: no floating point, no table.
//!
//! Source: the discrete Laplace sampler and the exact Bernoulli(exp(-a/b)) of Canonne, Kamath and Steinke, "The Discrete
//! Gaussian for Differential Privacy", NeurIPS 2020, algorithms 1 and 2, written out as the privacy contract fixes them.

/// The generator is not ready or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoWords;

impl core::fmt::Display for NoWords {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the random generator is not ready: nothing is drawn")
    }
}

impl core::error::Error for NoWords {}

/// Random words: in production from the operating system's generator.
pub trait Words {
    /// The next 32 uniform bits.
    fn word(&mut self) -> Result<u32, NoWords>;
}

/// Uniform on `0..n`; `n = 0` counts as 1. Cost: two words on average at most.
pub fn below(words: &mut impl Words, n: u32) -> Result<u32, NoWords> {
    if n <= 1 {
        return Ok(0);
    }
    let mask = u32::MAX >> (n - 1).leading_zeros();
    loop {
        let v = words.word()? & mask;
        if v < n {
            return Ok(v);
        }
    }
}

fn coin(words: &mut impl Words, a: u32, b: u32) -> Result<bool, NoWords> {
    Ok(below(words, b)? < a)
}

/// True with probability exp(-a/b), for `0 <= a <= b`.
pub fn bern_exp(words: &mut impl Words, a: u32, b: u32) -> Result<bool, NoWords> {
    let mut k = 1u32;
    while coin(words, a, b)? && coin(words, 1, k)? {
        k = k.saturating_add(1);
    }
    Ok(k % 2 == 1)
}

/// Discrete Laplace noise: y has probability in proportion to exp(-|y| s/t).
pub fn laplace(words: &mut impl Words, t: u32, s: u32) -> Result<i64, NoWords> {
    loop {
        let u = below(words, t)?;
        if !bern_exp(words, u, t)? {
            continue;
        }
        let mut v = 0i64;
        while bern_exp(words, 1, 1)? {
            v += 1;
        }
        let y = (i64::from(u) + i64::from(t) * v) / i64::from(s.max(1));
        let negative = words.word()? & 1 == 1;
        if !(negative && y == 0) {
            return Ok(if negative { -y } else { y });
        }
    }
}

/// Randomised response over `k` categories: keeps a wrong draw with probability exp(-a/b).
pub fn krr(words: &mut impl Words, k: u32, x: u32, a: u32, b: u32) -> Result<u32, NoWords> {
    loop {
        let y = below(words, k)?;
        if y == x || bern_exp(words, a, b)? {
            return Ok(y);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::vec::Vec;

    use super::*;

    /// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; upper half of each output.
    pub(crate) struct SplitMix(pub u64);

    impl Words for SplitMix {
        fn word(&mut self) -> Result<u32, NoWords> {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            Ok(((z ^ z >> 31) >> 32) as u32)
        }
    }

    fn sixteen<T>(mut f: impl FnMut(&mut SplitMix) -> Result<T, NoWords>) -> Vec<T> {
        let mut words = SplitMix(42);
        (0..16).map(|_| f(&mut words).unwrap()).collect()
    }

    #[test]
    fn the_contract_s_vectors() {
        assert_eq!(sixteen(|w| laplace(w, 1, 1)), [-1, 2, 0, 0, 1, -1, -1, -1, 4, 3, -2, 1, -4, 0, 0, 0]);
        assert_eq!(sixteen(|w| laplace(w, 5, 2)), [4, -3, -3, 0, 0, 3, -2, 2, 4, 1, -7, 2, -1, -2, 2, -3]);
        assert_eq!(
            sixteen(|w| laplace(w, 60, 1)),
            [-38, 86, -10, -87, -20, 79, 5, 44, 84, 56, 8, -144, -31, 72, -24, -84]
        );
        assert_eq!(sixteen(|w| krr(w, 8, 3, 2, 5)), [6, 7, 2, 4, 3, 4, 3, 2, 1, 6, 0, 7, 4, 1, 6, 4]);
    }

    /// Chi-square over the cells `-edge..=edge` of `y / width`, rounded down, the ends holding the tails.
    fn chi_square(t: u32, s: u32, width: i64, seed: u64) -> f64 {
        const N: u32 = 30_000;
        const EDGE: i64 = 8;
        let mut words = SplitMix(seed);
        let mut cells = [0f64; 2 * EDGE as usize + 1];
        for _ in 0..N {
            let y = laplace(&mut words, t, s).unwrap();
            cells[(y.div_euclid(width).clamp(-EDGE, EDGE) + EDGE) as usize] += 1.0;
        }
        // The stated law, summed term by term: p(y) = (1 - q) / (1 + q) q^|y| with q = exp(-s / t).
        let q = (-f64::from(s) / f64::from(t)).exp();
        let mut want = [0f64; 2 * EDGE as usize + 1];
        for y in -100 * EDGE * width..=100 * EDGE * width {
            let p = (1.0 - q) / (1.0 + q) * q.powi(y.unsigned_abs() as i32);
            want[(y.div_euclid(width).clamp(-EDGE, EDGE) + EDGE) as usize] += p * f64::from(N);
        }
        cells.iter().zip(want).map(|(n, want)| (n - want).powi(2) / want).sum()
    }

    #[test]
    fn the_noise_has_the_stated_distribution() {
        // 16 degrees of freedom: a right sampler exceeds 46 with 1 of 10 000 seeds. The seeds are fixed.
        for (t, s, width) in [(1, 1, 1), (2, 1, 1), (5, 2, 1), (12, 1, 4), (60, 1, 20), (240, 1, 80)] {
            let chi2 = chi_square(t, s, width, 3);
            assert!(chi2 < 46.0, "t {t}, s {s}: {chi2}");
        }
    }

    #[test]
    fn one_more_hour_changes_no_chance_by_more_than_epsilon() {
        // Two homes at the ends of the range, 24 apart: each answer's chance differs by exp(2/5) at most. Cells of 24
        // from -120 to 144 with 20 000 draws each; 5 standard errors of the log ratio are allowed.
        const N: usize = 20_000;
        let mut cells = [[0f64; 11]; 2];
        for (home, seed) in [(0usize, 5), (1, 6)] {
            let mut words = SplitMix(seed);
            for _ in 0..N {
                let y = laplace(&mut words, 60, 1).unwrap() + 24 * home as i64;
                cells[home][((y + 120).div_euclid(24).clamp(0, 10)) as usize] += 1.0;
            }
        }
        let mut most = 0f64;
        for (a, b) in cells[0].iter().zip(cells[1]) {
            let error = (1.0 / a + 1.0 / b).sqrt();
            let log_ratio = (a / b).ln().abs();
            assert!(log_ratio < 0.4 + 5.0 * error, "{log_ratio} of {a} and {b}");
            most = most.max(log_ratio);
        }
        assert!(most > 0.3, "the bound is used: {most}");
    }

    #[test]
    fn categories_are_kept_as_often_as_stated() {
        // p(true) = 1 / (1 + 7 exp(-2/5)); 5 standard errors of 20 000 draws.
        let mut words = SplitMix(8);
        let kept = (0..20_000).filter(|_| krr(&mut words, 8, 3, 2, 5).unwrap() == 3).count() as f64 / 20_000.0;
        let p = 1.0 / (1.0 + 7.0 * (-0.4f64).exp());
        assert!((kept - p).abs() < 5.0 * (p * (1.0 - p) / 20_000.0).sqrt(), "{kept} against {p}");
    }

    #[test]
    fn a_dead_generator_gives_nothing() {
        struct Dead(u8);
        impl Words for Dead {
            fn word(&mut self) -> Result<u32, NoWords> {
                self.0 = self.0.checked_sub(1).ok_or(NoWords)?;
                Ok(0)
            }
        }
        assert_eq!(laplace(&mut Dead(0), 60, 1), Err(NoWords));
        assert_eq!(krr(&mut Dead(0), 8, 3, 2, 5), Err(NoWords));
        assert_eq!(below(&mut Dead(0), 1), Ok(0), "no word is used for one outcome");
    }
}
