//! `t_dp_sampler` of the privacy contract: the noise has the stated vectors and the stated distribution.
//!
//! The law is written here from its definition, and the sampler a second time from the contract's text, as a program over
//! a list of words; both know nothing of the gate's code.

use std::process::ExitCode;

use millpond_report::budget::sampler::{NoWords, Words, below, bern_exp, krr, laplace};
use millpond_report::budget::{Ledger, WeekAnswers};
use millpond_report::state::More;
use millpond_report::wire::range::Level;
use millpond_report::{Raw, gate};
use millpond_tests::cases;
use millpond_tests::home::Disk;
use millpond_tests::scene::{Host, agreed};
use millpond_tests::words::SplitMix;

fn main() -> ExitCode {
    cases::run(
        "t_dp_sampler",
        &[
            ("the contract's vectors", vectors),
            ("chi-square at six scales", chi_square_at_six_scales),
            ("chi-square of coins and categories", chi_square_of_parts),
            ("neighbours' chances by the law", neighbours_by_law),
            ("neighbours' frequencies as drawn", neighbours_as_drawn),
            ("a second implementation draws the same", second_implementation),
            ("the report as a whole has the stated law", whole_reports),
            ("each report is what the contract's program draws", replayed_reports),
            ("a generator that fails gives nothing", dead_generator),
        ],
    )
}

/// `(t, s)` of the six scales; the last but one is that of a count.
const SCALES: [(u32, u32); 6] = [(1, 1), (2, 1), (5, 2), (12, 1), (60, 1), (240, 1)];

fn sixteen<T>(f: impl Fn(&mut SplitMix) -> Result<T, NoWords>) -> Vec<T> {
    let mut words = SplitMix(42);
    (0..16).map(|_| f(&mut words).expect("this generator never fails")).collect()
}

fn vectors() -> usize {
    assert_eq!(sixteen(|w| laplace(w, 1, 1)), [-1, 2, 0, 0, 1, -1, -1, -1, 4, 3, -2, 1, -4, 0, 0, 0]);
    assert_eq!(sixteen(|w| laplace(w, 5, 2)), [4, -3, -3, 0, 0, 3, -2, 2, 4, 1, -7, 2, -1, -2, 2, -3]);
    let sixty = [-38, 86, -10, -87, -20, 79, 5, 44, 84, 56, 8, -144, -31, 72, -24, -84];
    assert_eq!(sixteen(|w| laplace(w, 60, 1)), sixty);
    assert_eq!(sixteen(|w| krr(w, 8, 3, 2, 5)), [6, 7, 2, 4, 3, 4, 3, 2, 1, 6, 0, 7, 4, 1, 6, 4]);
    64
}

/// p(y) = (1 - q) / (1 + q) q^|y| with q = exp(-s/t).
fn law(y: i64, t: u32, s: u32) -> f64 {
    let q = (-f64::from(s) / f64::from(t)).exp();
    (1.0 - q) / (1.0 + q) * q.powf(y.unsigned_abs() as f64)
}

/// The statistic, and its 1 - 1e-4 quantile by Wilson and Hilferty (PNAS 17, 1931) for so many cells.
fn chi_square(counts: &[f64], want: &[f64]) -> (f64, f64) {
    let statistic = counts.iter().zip(want).map(|(n, w)| (n - w).powi(2) / w).sum();
    let k = counts.len() as f64 - 1.0;
    (statistic, k * (1.0 - 2.0 / (9.0 * k) + 3.719 * (2.0 / (9.0 * k)).sqrt()).powi(3))
}

fn chi_square_at_six_scales() -> usize {
    const N: usize = 40_000;
    for (i, (t, s)) in SCALES.into_iter().enumerate() {
        // Cells of a third of the scale, the tails together from four scales on.
        let width = i64::from((t / s / 3).max(1));
        let edge = (4 * i64::from(t.div_ceil(s)) / width).max(4);
        let cell = |y: i64| (y.div_euclid(width).clamp(-edge, edge) + edge) as usize;
        let (mut counts, mut want) = (vec![0.0; 2 * edge as usize + 1], vec![0.0; 2 * edge as usize + 1]);
        let mut words = SplitMix(100 + i as u64);
        for _ in 0..N {
            counts[cell(laplace(&mut words, t, s).expect("this generator never fails"))] += 1.0;
        }
        let reach = 60 * i64::from(t);
        (-reach..=reach).for_each(|y| want[cell(y)] += law(y, t, s) * N as f64);
        assert!((want.iter().sum::<f64>() / N as f64 - 1.0).abs() < 1e-9, "the law adds up to one");
        let (statistic, most) = chi_square(&counts, &want);
        assert!(statistic < most, "t {t}, s {s}: {statistic} over {most}");
        // The same draws under a scale that is a tenth off must not pass, or the test is too dull.
        let mut off = vec![0.0; want.len()];
        (-reach..=reach).for_each(|y| off[cell(y)] += law(y, 11 * t, 10 * s) * N as f64);
        let (statistic, most) = chi_square(&counts, &off);
        assert!(statistic > most, "t {t}, s {s}: a wrong scale passes");
    }
    SCALES.len() * N
}

fn chi_square_of_parts() -> usize {
    const N: usize = 20_000;
    let mut words = SplitMix(9);
    for (a, b) in [(0, 1), (1, 5), (2, 5), (1, 1), (59, 60)] {
        let yes = (0..N).filter(|_| bern_exp(&mut words, a, b).expect("this generator never fails")).count() as f64;
        let p = (-f64::from(a) / f64::from(b)).exp();
        // Five standard errors; for a = 0 both sides are exact.
        assert!((yes / N as f64 - p).abs() <= 5.0 * (p * (1.0 - p) / N as f64).sqrt(), "exp(-{a}/{b})");
    }
    for x in 0..8 {
        let mut counts = [0.0; 8];
        for _ in 0..N {
            counts[krr(&mut words, 8, x, 2, 5).expect("this generator never fails") as usize] += 1.0;
        }
        let q = (-0.4f64).exp();
        let want: Vec<f64> = (0..8).map(|y| if y == x { 1.0 } else { q } / (1.0 + 7.0 * q) * N as f64).collect();
        let (statistic, most) = chi_square(&counts, &want);
        assert!(statistic < most, "category {x}: {statistic}");
    }
    for n in [2, 3, 7, 8, 60, 64] {
        let mut counts = vec![0.0; n as usize];
        (0..N).for_each(|_| counts[below(&mut words, n).expect("this generator never fails") as usize] += 1.0);
        let (statistic, most) = chi_square(&counts, &vec![N as f64 / f64::from(n); n as usize]);
        assert!(statistic < most, "below {n}: {statistic}");
    }
    (5 + 8 + 6) * N
}

/// Any two homes, any answer, saturation at the ends included: the chances differ by exp(2/5) at most.
fn neighbours_by_law() -> usize {
    // What is beyond an end is added to it: a geometric tail.
    let chance = |y: i64, x: i64| {
        let q = (-1.0f64 / 60.0).exp();
        match y {
            511 => law(511 - x, 60, 1) / (1.0 - q),
            -511 => law(-511 - x, 60, 1) / (1.0 - q),
            _ => law(y - x, 60, 1),
        }
    };
    let (mut n, mut most) = (0, 0f64);
    for a in 0..=24 {
        let sum: f64 = (-511..=511).map(|y| chance(y, a)).sum();
        assert!((sum - 1.0).abs() < 1e-9, "the chances of {a} add up to {sum}");
        for b in 0..=24 {
            for y in -511..=511 {
                most = most.max((chance(y, a) / chance(y, b)).ln());
                n += 1;
            }
        }
    }
    assert!(most <= 0.4 + 1e-9 && most > 0.399, "{most}");
    let q = (-0.4f64).exp();
    assert!((1.0 / q).ln() <= 0.4 + 1e-12, "categories: true against wrong");
    n
}

/// Two homes at the ends of the range, 24 apart, in cells of 24; five standard errors of the log ratio are allowed.
fn neighbours_as_drawn() -> usize {
    const N: usize = 40_000;
    let mut cells = [[0f64; 11]; 2];
    for (home, cells) in cells.iter_mut().enumerate() {
        let mut words = SplitMix(200 + home as u64);
        for _ in 0..N {
            let y = laplace(&mut words, 60, 1).expect("this generator never fails") + 24 * home as i64;
            cells[((y + 120).div_euclid(24).clamp(0, 10)) as usize] += 1.0;
        }
    }
    let mut most = 0f64;
    for (a, b) in cells[0].iter().zip(cells[1]) {
        let ratio = (a / b).ln().abs();
        assert!(ratio < 0.4 + 5.0 * (1.0 / a + 1.0 / b).sqrt(), "{ratio} of {a} and {b}");
        most = most.max(ratio);
    }
    assert!(most > 0.3, "the bound is used: {most}");
    2 * N
}

/// The contract's text as a program over one iterator of words.
mod twin {
    pub struct Twin<I: Iterator<Item = u32>>(pub I);

    impl<I: Iterator<Item = u32>> Twin<I> {
        fn word(&mut self) -> u32 {
            self.0.next().expect("the stream has no end")
        }

        pub fn below(&mut self, n: u32) -> u32 {
            let mut bits = 0;
            while n > 1 && 1u64 << bits < u64::from(n) {
                bits += 1;
            }
            match n {
                1 => 0,
                _ => loop {
                    let v = (u64::from(self.word()) % (1 << bits)) as u32;
                    if v < n {
                        break v;
                    }
                },
            }
        }

        fn coin(&mut self, a: u32, b: u32) -> bool {
            self.below(b) < a
        }

        pub fn bern_exp(&mut self, a: u32, b: u32) -> bool {
            let failed = (1..).find(|k| !(self.coin(a, b) && self.coin(1, *k)));
            failed.is_some_and(|k| k & 1 == 1)
        }

        pub fn laplace(&mut self, t: u32, s: u32) -> i64 {
            let u = self.below(t);
            if !self.bern_exp(u, t) {
                return self.laplace(t, s);
            }
            let v = std::iter::from_fn(|| self.bern_exp(1, 1).then_some(())).count() as i64;
            let y = (i64::from(u) + i64::from(t) * v) / i64::from(s);
            match (self.word() % 2, y) {
                (1, 0) => self.laplace(t, s),
                (1, _) => -y,
                _ => y,
            }
        }

        pub fn krr(&mut self, k: u32, x: u32, a: u32, b: u32) -> u32 {
            let y = self.below(k);
            if y == x || self.bern_exp(a, b) { y } else { self.krr(k, x, a, b) }
        }
    }
}

fn second_implementation() -> usize {
    const N: usize = 3000;
    let mut n = 0;
    for seed in 0..4 {
        for (t, s) in SCALES {
            let mut ours = SplitMix(seed);
            let mut stream = SplitMix(seed);
            let mut twin = twin::Twin(std::iter::repeat_with(|| (stream.long() >> 32) as u32));
            for i in 0..N {
                assert_eq!(laplace(&mut ours, t, s), Ok(twin.laplace(t, s)), "seed {seed}, t {t}, s {s}, draw {i}");
                let (a, b) = (t.min(7), t + s);
                assert_eq!(bern_exp(&mut ours, a, b), Ok(twin.bern_exp(a, b)));
                assert_eq!(below(&mut ours, t), Ok(twin.below(t)));
                assert_eq!(krr(&mut ours, 8, t % 8, 2, 5), Ok(twin.krr(8, t % 8, 2, 5)));
                n += 4;
            }
            // Both have used the same number of words.
            assert_eq!(ours.word(), Ok((stream.long() >> 32) as u32));
        }
    }
    n
}

/// Reports by the whole way, debit and gate included: questions are uniform, answers are true value plus noise.
fn whole_reports() -> usize {
    const N: usize = 8000;
    let truth = [24, 0, 12, 3, 24, 5, 0, 7];
    let mut words = SplitMix(77);
    let mut questions = [0f64; 8];
    let (mut above, mut counts, mut kept, mut categories) = (0f64, 0f64, 0f64, 0f64);
    for _ in 0..N {
        let mut privacy = agreed(&[More::Level(Level::Managed)]);
        let mut ledger = Ledger::new(Disk::default(), [1; 32]);
        let yes = privacy.ask(More::WeeklyOn).confirm(&Host).expect("the host is an admin");
        ledger.install().expect("the store is empty");
        ledger.open(&yes, 20_000).expect("a new ledger can be opened");
        privacy.raise(yes).expect("nothing changed since the question");
        let ticket = ledger.debit(&privacy, 20_001).expect("a week has its budget");
        let report = gate::weekly(ticket, &mut words, &Raw::new(WeekAnswers::new(truth)));
        let report = *report.expect("this generator never fails").get();
        let (q, answer) = (usize::from(report.question.get()), i64::from(report.answer.get()));
        questions[q] += 1.0;
        match q {
            0..=4 => {
                counts += 1.0;
                above += f64::from(u8::from(answer > i64::from(truth[q])));
            }
            _ => {
                categories += 1.0;
                kept += f64::from(u8::from(answer == i64::from(truth[q])));
                assert!((0..8).contains(&answer));
            }
        }
    }
    let (statistic, most) = chi_square(&questions, &[N as f64 / 8.0; 8]);
    assert!(statistic < most, "questions: {statistic}");
    let within = |n: f64, of: f64, p: f64| (n / of - p).abs() < 5.0 * (p * (1.0 - p) / of).sqrt();
    assert!(within(above, counts, (1.0 - law(0, 60, 1)) / 2.0), "{above} of {counts} are above the truth");
    assert!(within(kept, categories, 1.0 / (1.0 + 7.0 * (-0.4f64).exp())), "{kept} of {categories} are kept");
    N
}

/// Section 6 word for word: the question below 8, then a count in 0 to 24 with noise of scale 60, saturated to 511, or a category
/// with a wrong one kept at exp(-2/5). Answers beyond the range are those at its end. A report of another epsilon differs at once.
fn replayed_reports() -> usize {
    let mut words = SplitMix(31);
    let mut n = 0;
    for truth in [[24, 0, 12, 3, 24, 5, 0, 7], [200; 8], [0; 8], [25, 24, 23, 1, 0, 8, 7, 255]] {
        for _ in 0..1000 {
            let mut privacy = agreed(&[More::Level(Level::Managed)]);
            let mut ledger = Ledger::new(Disk::default(), [1; 32]);
            let yes = privacy.ask(More::WeeklyOn).confirm(&Host).expect("the host is an admin");
            ledger.install().expect("the store is empty");
            ledger.open(&yes, 20_000).expect("a new ledger can be opened");
            privacy.raise(yes).expect("nothing changed since the question");
            let ticket = ledger.debit(&privacy, 20_001).expect("a week has its budget");
            let mut stream = SplitMix(words.0);
            let report = gate::weekly(ticket, &mut words, &Raw::new(WeekAnswers::new(truth)));
            let report = *report.expect("this generator never fails").get();
            let mut twin = twin::Twin(std::iter::repeat_with(|| (stream.long() >> 32) as u32));
            let question = twin.below(8);
            let answer = truth[question as usize];
            let want = match question {
                0..=4 => (i64::from(answer.min(24)) + twin.laplace(60, 1)).clamp(-511, 511),
                _ => i64::from(twin.krr(8, u32::from(answer.min(7)), 2, 5)),
            };
            assert_eq!((u32::from(report.question.get()), i64::from(report.answer.get())), (question, want));
            // Both have used the same number of words.
            let mut ours = SplitMix(words.0);
            assert_eq!(ours.word(), Ok(twin.0.next().expect("the stream has no end")));
            n += 1;
        }
    }
    n
}

fn dead_generator() -> usize {
    /// Gives so many words, then fails.
    struct Dying(SplitMix, u32);
    impl Words for Dying {
        fn word(&mut self) -> Result<u32, NoWords> {
            self.1 = self.1.checked_sub(1).ok_or(NoWords)?;
            self.0.word()
        }
    }
    let mut failed = 0;
    for life in 0..200 {
        let draws = |w: &mut Dying| (0..100).try_for_each(|_| laplace(w, 60, 1).map(|_| ()));
        failed += usize::from(draws(&mut Dying(SplitMix(3), life)) == Err(NoWords));
    }
    assert_eq!(failed, 200, "a hundred draws take more than 200 words");
    failed
}
