//! What a search may use: a seed, threads, and a quota that says when to stop.
//!
//! The library reads no clock and starts no thread outside `rayon`. A time limit is a closure that the binary makes;
//! a limit in steps makes the answer the same on any machine and with any number of threads.

use std::fmt;
use std::sync::Arc;

/// A figure of a running search, for a progress line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Cost of the best assignment so far.
    pub cost: i64,
    /// No assignment costs less than this.
    pub bound: i64,
}

type Stop = Arc<dyn Fn() -> bool + Send + Sync>;
type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// How much of a plan is put into words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What shall run, and no decisions.
    Bare,
    /// Also the decisions that change something, with reasons and losers.
    Changes,
    /// Every decision, and flip values.
    #[default]
    Full,
}

/// Seed, threads, limits and listener of one run.
#[derive(Clone)]
pub struct Environment {
    /// The seed. Every task draws its own generator from it and from its own index.
    pub seed: u64,
    /// Worker threads, at least 1. It changes the speed, and without a stop closure it changes nothing else.
    pub threads: usize,
    /// Rounds of search before the run ends on its own. `None` leaves it to the stop closure.
    ///
    /// With one round, J is not minimised where the site says what runs: single decisions are bettered by U from there.
    /// That is meant for many homes, where a thousandth of the mean share is not worth ten times the work.
    pub rounds: Option<u32>,
    /// How much of a plan is put into words.
    pub detail: Detail,
    stop: Option<Stop>,
    listener: Option<Listener>,
}

impl Environment {
    /// One thread, seed 0, and a small fixed number of rounds: the same plan everywhere.
    pub fn new() -> Self {
        Self { seed: 0, threads: 1, rounds: Some(8), detail: Detail::Full, stop: None, listener: None }
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The same with a number of threads; 0 counts as 1.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// The same with a limit in rounds.
    #[must_use]
    pub fn with_rounds(mut self, rounds: Option<u32>) -> Self {
        self.rounds = rounds;
        self
    }

    /// The same with more or fewer words.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// The same with a closure that turns true when the search shall answer with what it has (a deadline, Ctrl-C).
    ///
    /// It is asked about every millisecond from several threads. When it decides, the plan depends on speed.
    #[must_use]
    pub fn with_stop(mut self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.stop = Some(Arc::new(stop));
        self
    }

    /// The same with a listener for progress.
    #[must_use]
    pub fn with_listener(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Whether a site is planned in one round, without J.
    pub(crate) fn is_brief(&self) -> bool {
        self.rounds.is_some_and(|r| r <= 1)
    }

    /// Whether the search shall end now.
    pub fn should_stop(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop())
    }

    /// Tells the listener, if there is one.
    pub fn report(&self, progress: Progress) {
        if let Some(listener) = &self.listener {
            listener(progress);
        }
    }

    /// The generator of one task: the same for the same seed and the same `task`, whatever runs beside it.
    pub fn generator(&self, task: u64) -> SplitMix64 {
        let mut seeder = SplitMix64::new(self.seed ^ task.wrapping_mul(0xD1B5_4A32_D192_ED03));
        SplitMix64::new(seeder.next_u64())
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, threads, rounds, .. } = self;
        write!(f, "Environment {{ seed: {seed}, threads: {threads}, rounds: {rounds:?} }}")
    }
}

/// The generator of the inner loops, where a proposal takes a few nanoseconds.
///
/// - Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 16
#[derive(Clone, Debug)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A generator whose sequence is fixed by `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number under `n`; `n` must be at least 1. The bias is under n / 2^32.
    #[inline]
    pub const fn below(&mut self, n: usize) -> usize {
        debug_assert!(n > 0 && n <= u32::MAX as usize);
        (((self.next_u64() >> 32) * n as u64) >> 32) as usize
    }

    /// Puts a slice in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // First outputs for seed 1234567, as printed in the test vectors that circulate with the algorithm.
        let mut g = SplitMix64::new(1_234_567);
        assert_eq!(g.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(g.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn tasks_differ_and_repeat() {
        let env = Environment::new().with_seed(3);
        assert_ne!(env.generator(0).next_u64(), env.generator(1).next_u64());
        assert_eq!(env.generator(7).next_u64(), env.clone().generator(7).next_u64());
    }

    #[test]
    fn below_covers_its_range_alone() {
        let mut g = SplitMix64::new(1);
        let mut seen = [0u32; 7];
        (0..7_000).for_each(|_| seen[g.below(7)] += 1);
        assert!(seen.iter().all(|&n| (800..1_200).contains(&n)), "{seen:?}");
    }
}
