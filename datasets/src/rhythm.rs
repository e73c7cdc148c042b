//! When frames came: the usual interval, the gaps, and how many a second.

/// Gaps kept.
const LONGEST: usize = 10;
/// Buckets of the interval's logarithm: eight to an octave of microseconds.
const BUCKETS: usize = 64 * 8;
/// An interval this many times the usual one is a gap.
const GAP_FACTOR: f64 = 5.0;
/// Seconds counted one by one; a week.
const MAX_SECONDS: usize = 7 * 86_400;

/// A stretch without frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Seconds from the first frame to the last one before the gap.
    pub t_s: f64,
    /// Length in seconds.
    pub length_s: f64,
}

/// The rhythm of a recording's frames, all links together.
#[derive(Clone, Debug)]
pub struct Rhythm {
    last_s: Option<f64>,
    histogram: Vec<u64>,
    longest: Vec<Gap>,
    per_second: Vec<u32>,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self { last_s: None, histogram: vec![0; BUCKETS], longest: Vec::new(), per_second: Vec::new() }
    }
}

impl Rhythm {
    /// Counts a frame at `t_s` seconds from the first; times do not fall.
    pub fn add(&mut self, t_s: f64) {
        let second = t_s as usize;
        if second < MAX_SECONDS {
            if self.per_second.len() <= second {
                self.per_second.resize(second + 1, 0);
            }
            self.per_second[second] += 1;
        }
        let Some(last) = self.last_s.replace(t_s) else { return };
        let interval = t_s - last;
        let bucket = if interval < 1e-6 { 0 } else { ((interval * 1e6).log2() * 8.0) as usize };
        self.histogram[bucket.min(BUCKETS - 1)] += 1;
        let at = self.longest.partition_point(|g| g.length_s >= interval);
        if at < LONGEST {
            self.longest.insert(at, Gap { t_s: last, length_s: interval });
            self.longest.truncate(LONGEST);
        }
    }

    /// The median interval in seconds, to a tenth of itself; intervals of zero count.
    pub fn median_s(&self) -> Option<f64> {
        let half = self.histogram.iter().sum::<u64>().div_ceil(2);
        let mut seen = 0;
        let bucket = self.histogram.iter().position(|&n| {
            seen += n;
            half > 0 && seen >= half
        })?;
        Some(if bucket == 0 { 0.0 } else { ((bucket as f64 + 0.5) / 8.0).exp2() * 1e-6 })
    }

    /// The longest gaps, longest first: intervals of more than five medians.
    pub fn gaps(&self) -> Vec<Gap> {
        let bound = GAP_FACTOR * self.median_s().unwrap_or(f64::INFINITY);
        self.longest.iter().copied().filter(|g| g.length_s > bound && bound > 0.0).collect()
    }

    /// Frames in each second from the first frame on, up to a week.
    pub fn per_second(&self) -> &[u32] {
        &self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_gaps() {
        let mut rhythm = Rhythm::default();
        let mut t = 0.005;
        for i in 0..1000 {
            rhythm.add(t);
            t += if i == 300 { 2.0 } else { 0.01 };
        }
        let median = rhythm.median_s().unwrap();
        assert!((0.009..0.011).contains(&median), "{median}");
        let gaps = rhythm.gaps();
        assert_eq!(gaps.len(), 1);
        assert!((gaps[0].t_s - 3.005).abs() < 1e-9 && (gaps[0].length_s - 2.0).abs() < 1e-9);
        assert_eq!(rhythm.per_second()[4], 0);
        assert_eq!(rhythm.per_second().iter().sum::<u32>(), 1000);
        assert_eq!(Rhythm::default().median_s(), None);
    }
}
