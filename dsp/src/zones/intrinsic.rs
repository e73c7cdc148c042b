//! Motion that belongs to the home: fans, curtains, trees before the window, taken out of the links' changes.

/// The patterns over links that a home shows while nobody is there.
///
/// Each quiet vector of link changes turns the patterns a little towards itself; what is left of a vector after they are
/// taken off is what a person adds.
///
/// - Shape: up to `LINKS` links and `PATTERNS` patterns; give at most a third of the links as patterns, or little is left
/// - Units: those of the changes
/// - Cost: 6 links x patterns flops a vector, no allocation
/// - Source: Zhao and Patwari, *Noise Reduction for Variance-Based Device-Free Localization and Tracking* (SubVRT), SECON 2011
///   (arXiv 1110.1569); followed online by Sanger's rule (Neural Networks 2, 1989)
#[derive(Clone)]
pub struct Intrinsic<const LINKS: usize, const PATTERNS: usize> {
    mean: [f32; LINKS],
    patterns: [[f32; LINKS]; PATTERNS],
    /// Mean square along each pattern, and of everything.
    along: [f32; PATTERNS],
    all: f32,
    seen: u32,
}

/// Share of the quiet power that patterns may take away; the rest is noise.
const EXPLAINED: f32 = 0.8;
/// Memory of the quiet time, in vectors.
const MEMORY: f32 = 1000.0;

impl<const LINKS: usize, const PATTERNS: usize> Default for Intrinsic<LINKS, PATTERNS> {
    fn default() -> Self {
        let mut patterns = [[0.0; LINKS]; PATTERNS];
        for (k, p) in patterns.iter_mut().enumerate() {
            // Any independent start will do.
            p.iter_mut().enumerate().for_each(|(i, x)| *x = if i % PATTERNS.max(1) == k { 1.0 } else { 0.1 });
            normalise(p);
        }
        Self { mean: [0.0; LINKS], patterns, along: [0.0; PATTERNS], all: 0.0, seen: 0 }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normalise(p: &mut [f32]) {
    let size = crate::math::sqrt(dot(p, p));
    if size > 0.0 {
        p.iter_mut().for_each(|x| *x /= size);
    }
}

impl<const LINKS: usize, const PATTERNS: usize> Intrinsic<LINKS, PATTERNS> {
    /// Learns from a vector of a time at which nobody is there. What is not finite is left out.
    pub fn learn(&mut self, y: &[f32; LINKS]) {
        if !y.iter().all(|y| y.is_finite()) {
            return;
        }
        self.seen = self.seen.saturating_add(1);
        let share = (1.0 / MEMORY).max(1.0 / self.seen as f32);
        let mut rest = *y;
        for (r, m) in rest.iter_mut().zip(&mut self.mean) {
            *m += share * (*r - *m);
            *r -= *m;
        }
        self.all += share * (dot(&rest, &rest) - self.all);
        for (p, along) in self.patterns.iter_mut().zip(&mut self.along) {
            let a = dot(p, &rest);
            *along += share * (a * a - *along);
            // A step of the power method on the running covariance, in units of its own power.
            let step = share.max(0.02) * a / along.max(f32::MIN_POSITIVE);
            p.iter_mut().zip(&rest).for_each(|(p, r)| *p += step * (r - a * *p));
            normalise(p);
            let a = dot(p, &rest);
            rest.iter_mut().zip(p.iter()).for_each(|(r, p)| *r -= a * p);
        }
    }

    /// A vector less its quiet mean and the quiet patterns, the strongest first until they hold four fifths of the quiet power.
    pub fn clean(&self, y: &[f32; LINKS]) -> [f32; LINKS] {
        let mut out = *y;
        out.iter_mut().zip(&self.mean).for_each(|(o, m)| *o -= m);
        let mut explained = 0.0;
        for (p, along) in self.patterns.iter().zip(&self.along) {
            if explained >= EXPLAINED * self.all {
                break;
            }
            explained += along;
            let a = dot(p, &out);
            out.iter_mut().zip(p).for_each(|(o, p)| *o -= a * p);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;

    #[test]
    fn a_fan_is_taken_out_and_a_person_stays() {
        let mut gauss = Gauss(6);
        let fan = [3.0f32, 1.0, 0.0, 0.5, 0.0, 0.0, 2.0, 0.0, 0.0];
        let mut home = Intrinsic::<9, 3>::default();
        for _ in 0..2000 {
            let f = gauss.draw();
            home.learn(&core::array::from_fn(|l| 1.0 + fan[l] * f + 0.1 * gauss.draw()));
        }
        let turned = home.clean(&core::array::from_fn(|l| 1.0 + 2.0 * fan[l]));
        assert!(dot(&turned, &turned) < 0.02 * 4.0 * dot(&fan, &fan), "{turned:?}");
        let person = home.clean(&core::array::from_fn(|l| 1.0 + if l == 4 { 2.0 } else { 0.0 }));
        assert!(person[4] > 1.8 && person[0].abs() < 0.2, "{person:?}");
        let before = home.mean;
        home.learn(&[f32::NAN; 9]);
        assert_eq!(home.mean, before);
    }
}
