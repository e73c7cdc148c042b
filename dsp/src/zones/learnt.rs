//! Zones without a floor plan: links that move together lie together.

/// Groups of links learnt from their scores while something moves; a household only has to name them.
///
/// The matrix of scores is factorised into non-negative weights of links in zones and of zones in moments, one moment at a
/// time. Old moments are forgotten.
///
/// - Shape: `LINKS` scores a moment, `ZONES` groups
/// - Units: weights sum to 1 over the links of a zone
/// - Cost: 40 links x zones flops a moment, no allocation
/// - Source: Lee and Seung, *Algorithms for Non-negative Matrix Factorization*, NIPS 2000; online as in Lefèvre, Bach and
///   Févotte 2011
#[derive(Clone)]
pub struct LearntZones<const LINKS: usize, const ZONES: usize> {
    weights: [[f32; LINKS]; ZONES],
    /// Decayed sums behind the weights: of scores by zone, of products of zones.
    shared: [[f32; LINKS]; ZONES],
    pairs: [[f32; ZONES]; ZONES],
    keep: f32,
    moments: u32,
}

/// Multiplicative steps for the activity of one moment.
const STEPS: usize = 20;
const SMALL: f32 = 1e-6;

impl<const LINKS: usize, const ZONES: usize> LearntZones<LINKS, ZONES> {
    /// Nothing learnt. `half_life` is the number of moments after which one counts half; five days of moving seconds are
    /// some tens of thousands.
    pub fn new(half_life: f32) -> Self {
        let keep = crate::math::exp(-core::f32::consts::LN_2 / half_life.max(1.0));
        // Unequal starts, or all zones stay one.
        let weights = core::array::from_fn(|z| {
            core::array::from_fn(|l| if l % ZONES.max(1) == z { 1.5 } else { 1.0 } / LINKS as f32)
        });
        Self { weights, shared: [[0.0; LINKS]; ZONES], pairs: [[0.0; ZONES]; ZONES], keep, moments: 0 }
    }

    /// How active each zone is, given the links' scores; negative and unknown ones count as none.
    pub fn activity(&self, scores: &[f32; LINKS]) -> [f32; ZONES] {
        let mut h = [1.0f32; ZONES];
        let v: [f32; LINKS] = scores.map(|s| if s > 0.0 && s.is_finite() { s } else { 0.0 });
        for _ in 0..STEPS {
            let model: [f32; LINKS] =
                core::array::from_fn(|l| self.weights.iter().zip(&h).map(|(w, h)| w[l] * h).sum::<f32>());
            for (h, w) in h.iter_mut().zip(&self.weights) {
                let (up, down) =
                    w.iter().zip(v.iter().zip(&model)).fold((0.0, SMALL), |(u, d), (w, (v, m))| (u + w * v, d + w * m));
                *h *= up / down;
            }
        }
        h
    }

    /// Learns from a moment in which something moves.
    pub fn learn(&mut self, scores: &[f32; LINKS]) {
        let h = self.activity(scores);
        self.moments = self.moments.saturating_add(1);
        for (z, (shared, pairs)) in self.shared.iter_mut().zip(&mut self.pairs).enumerate() {
            for (s, v) in shared.iter_mut().zip(scores) {
                *s = self.keep * *s + h[z] * if *v > 0.0 && v.is_finite() { *v } else { 0.0 };
            }
            for (p, other) in pairs.iter_mut().zip(&h) {
                *p = self.keep * *p + h[z] * other;
            }
        }
        if self.moments < 20 {
            return;
        }
        for z in 0..ZONES {
            let fresh: [f32; LINKS] = core::array::from_fn(|l| {
                let model: f32 = self.weights.iter().zip(&self.pairs[z]).map(|(w, p)| w[l] * p).sum();
                self.weights[z][l] * self.shared[z][l] / (model + SMALL)
            });
            let sum: f32 = fresh.iter().sum();
            if sum > SMALL {
                self.weights[z] = fresh.map(|w| (w / sum).max(SMALL));
            }
        }
    }

    /// Weight of each link in each zone.
    pub const fn weights(&self) -> &[[f32; LINKS]; ZONES] {
        &self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;

    #[test]
    fn links_that_move_together_become_a_zone() {
        let mut gauss = Gauss(12);
        let mut zones = LearntZones::<6, 2>::new(2000.0);
        let rooms = [[9.0f32, 7.0, 6.0, 0.5, 0.3, 0.2], [0.2, 0.6, 0.4, 8.0, 5.0, 9.0]];
        for i in 0..1500 {
            let room = &rooms[(i / 30) % 2];
            zones.learn(&core::array::from_fn(|l| room[l] * (1.0 + 0.2 * gauss.draw()) + 0.3 * gauss.draw()));
        }
        let [a, b] = rooms.map(|room| zones.activity(&room));
        let (one, two) = (usize::from(a[1] > a[0]), usize::from(b[1] > b[0]));
        assert_ne!(one, two, "{a:?} {b:?}");
        assert!(a[one] > 4.0 * a[two] && b[two] > 4.0 * b[one], "{a:?} {b:?}");
        let weights = zones.weights();
        assert!((0..3).all(|l| weights[one][l] > weights[two][l]) && (3..6).all(|l| weights[two][l] > weights[one][l]));
        assert!(zones.activity(&[f32::NAN; 6]).iter().all(|h| *h < 1e-3));
    }
}
