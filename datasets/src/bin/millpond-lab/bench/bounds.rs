//! Exact confidence bounds of counts.

/// A share with its 95 % bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Hits.
    pub hits: u64,
    /// Trials.
    pub of: u64,
}

impl Share {
    /// Hits over trials, `None` without a trial.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// Clopper and Pearson's bounds (Biometrika 26, 1934): each tail holds 2.5 %.
    pub fn bounds(self) -> Option<(f64, f64)> {
        if self.of == 0 {
            return None;
        }
        let low = if self.hits == 0 { 0.0 } else { root(|p| tail(self.hits, self.of, p) - 0.025) };
        let high = if self.hits == self.of { 1.0 } else { root(|p| tail(self.hits + 1, self.of, p) - 0.975) };
        Some((low, high))
    }
}

/// 95 % bounds of a Poisson mean after `count` events.
pub fn poisson(count: u64) -> (f64, f64) {
    // P(X <= k) for mean m, summed from the largest term on.
    let below =
        |k: u64, m: f64| (0..=k).map(|i| (i as f64 * m.ln() - m - libm::lgamma(i as f64 + 1.0)).exp()).sum::<f64>();
    let span = count as f64 + 10.0 * (count as f64 + 1.0).sqrt() + 10.0;
    let low = if count == 0 { 0.0 } else { span * root(|p| 0.975 - below(count - 1, (p * span).max(1e-12))) };
    (low, span * root(|p| 0.025 - below(count, (p * span).max(1e-12))))
}

/// Probability of `k` hits or more in `n` trials of probability `p`.
fn tail(k: u64, n: u64, p: f64) -> f64 {
    let (n_f, lp, lq) = (n as f64, p.max(1e-300).ln(), (1.0 - p).max(1e-300).ln());
    let choose = |i: f64| libm::lgamma(n_f + 1.0) - libm::lgamma(i + 1.0) - libm::lgamma(n_f - i + 1.0);
    (k..=n).map(|i| i as f64).map(|i| (choose(i) + i * lp + (n_f - i) * lq).exp()).sum()
}

/// Zero of a function that rises over 0..1.
fn root(f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        if f(mid) < 0.0 { low = mid } else { high = mid }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_clopper_pearson_and_poisson() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 2e-4, "{a} {b}");
        // No hit in n: the upper bound is 1 - 0.025^(1/n).
        let (low, high) = Share { hits: 0, of: 107 }.bounds().unwrap();
        close(low, 0.0);
        close(high, 1.0 - 0.025f64.powf(1.0 / 107.0));
        let (low, high) = Share { hits: 5, of: 10 }.bounds().unwrap();
        close(low, 0.1871);
        close(high, 0.8129);
        assert_eq!(Share { hits: 0, of: 0 }.bounds(), None);
        let (low, high) = poisson(0);
        close(low, 0.0);
        close(high, -(0.025f64.ln()));
        let (low, high) = poisson(10);
        close(low, 4.7954);
        close(high, 18.3904);
    }
}
