//! `t_dp_ledger` of the privacy contract: whatever crashes, torn writes, clock jumps and callers at the same time do, no 30
//! days cost more than 2.0 and no consent more than 20.8; and each draw was paid for before.

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Mutex, RwLock};

use millpond_report::budget::{
    LIFETIME_MICRO_EPS, Ledger, LedgerStore, MONTH_MICRO_EPS, RECORD, REPORT_MICRO_EPS, Spent, WeekAnswers,
};
use millpond_report::state::More;
use millpond_report::wire::range::Level;
use millpond_report::{Privacy, Raw, gate};
use millpond_tests::cases;
use millpond_tests::home::Disk;
use millpond_tests::scene::{Host, agreed};
use millpond_tests::words::SplitMix;

fn main() -> ExitCode {
    cases::run(
        "t_dp_ledger",
        &[
            ("the figures are the contract's", figures),
            ("random schedules stay within the budget", schedules),
            ("callers at the same time get one report", threads),
            ("two ledgers over one store get one report", two_ledgers),
            ("a record that is not whole on the medium gives no leave", torn),
            ("a record that somebody changed gives no leave", damaged),
            ("a lifetime ends, and a new consent opens one", lifetimes),
            ("an empty ledger is a damaged one, whoever agrees", emptied),
            ("no record is older than two years", two_years),
            ("a replacement that fails leaves what was", replaced),
        ],
    )
}

fn figures() -> usize {
    assert_eq!((REPORT_MICRO_EPS, MONTH_MICRO_EPS, LIFETIME_MICRO_EPS), (400_000, 2_000_000, 20_800_000));
    3
}

/// What was done with the medium and by the gate, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A record is on the medium.
    Written,
    /// A report was drawn on this day.
    Drawn(u32),
}

/// What happens to the next write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Nothing is written, and it is said.
    Full,
    /// Nothing is written, and it is *not* said.
    Lies,
    /// Some bytes are written, and success is claimed.
    Torn(usize),
    /// All is written, but failure is claimed.
    Late,
}

/// A medium that outlives the ledger, as a file outlives a process.
#[derive(Clone)]
struct Medium(Rc<RefCell<State>>);

struct State {
    bytes: Vec<u8>,
    fault: Fault,
    trace: Vec<Step>,
}

impl Medium {
    fn new() -> Self {
        Self(Rc::new(RefCell::new(State { bytes: vec![], fault: Fault::None, trace: vec![] })))
    }
}

impl LedgerStore for Medium {
    fn read(&mut self, out: &mut [u8]) -> Option<usize> {
        let bytes = &self.0.borrow().bytes;
        let n = bytes.len().min(out.len());
        out[..n].copy_from_slice(&bytes[..n]);
        Some(bytes.len())
    }

    fn append_and_flush(&mut self, record: &[u8; RECORD]) -> bool {
        let mut s = self.0.borrow_mut();
        let fault = std::mem::replace(&mut s.fault, Fault::None);
        let n = match fault {
            Fault::None | Fault::Late => RECORD,
            Fault::Full | Fault::Lies => 0,
            Fault::Torn(n) => n,
        };
        s.bytes.extend(&record[..n]);
        if n == RECORD {
            s.trace.push(Step::Written);
        }
        !matches!(fault, Fault::Full | Fault::Late)
    }

    /// All or nothing, by its contract; but it may lie, and it may fail late.
    fn replace_and_flush(&mut self, records: &[u8]) -> bool {
        let mut s = self.0.borrow_mut();
        let fault = std::mem::replace(&mut s.fault, Fault::None);
        if matches!(fault, Fault::None | Fault::Late) {
            s.bytes = records.to_vec();
        }
        !matches!(fault, Fault::Full | Fault::Late | Fault::Torn(_))
    }
}

const DAY: u32 = 20_000;

/// Opens a lifetime: consent and ledger.
fn consent<S: LedgerStore>(ledger: &mut Ledger<S>) -> Privacy {
    let mut privacy = agreed(&[More::Level(Level::Managed)]);
    let yes = privacy.ask(More::WeeklyOn).confirm(&Host).expect("the host is an admin");
    ledger.install().expect("the store is empty");
    ledger.open(&yes, DAY).expect("a new ledger can be opened");
    privacy.raise(yes).expect("nothing changed since the question");
    privacy
}

fn check(drawn: &[u32], seed: u64) {
    let cost = |n: usize| n as u32 * REPORT_MICRO_EPS;
    assert!(cost(drawn.len()) <= LIFETIME_MICRO_EPS, "seed {seed}: {} reports", drawn.len());
    assert!(drawn.is_sorted(), "seed {seed}: time ran back");
    for from in drawn {
        let n = drawn.iter().filter(|d| (*from..from + 30).contains(d)).count();
        assert!(cost(n) <= MONTH_MICRO_EPS, "seed {seed}: {n} reports from day {from}");
        assert_eq!(drawn.iter().filter(|d| *d / 7 == from / 7).count(), 1, "seed {seed}: two in the week of {from}");
    }
}

fn schedules() -> usize {
    let (mut n, mut all) = (0, 0);
    for seed in 0..300u64 {
        let mut words = SplitMix(seed);
        let medium = Medium::new();
        let mut ledger = Ledger::new(medium.clone(), [9; 32]);
        let privacy = consent(&mut ledger);
        let (mut day, mut drawn) = (DAY, vec![]);
        for _ in 0..400 {
            day = match words.under(20) {
                0 => day.saturating_sub(words.under(60) as u32),
                1 => day + words.under(60) as u32,
                _ => day + words.under(5) as u32,
            };
            // Faults that break the ledger for good come in every fourth schedule only.
            medium.0.borrow_mut().fault = match words.under(40) {
                0 => Fault::Full,
                1 => Fault::Lies,
                2 => Fault::Late,
                3 if seed % 4 == 0 => Fault::Torn(words.under(RECORD as u64) as usize),
                _ => Fault::None,
            };
            let ticket = ledger.debit(&privacy, day);
            medium.0.borrow_mut().fault = Fault::None;
            n += 1;
            match (ticket, words.under(20)) {
                // The power goes after the flush, before the draw: paid for nothing.
                (Ok(_lost), 0) => ledger = Ledger::new(medium.clone(), [9; 32]),
                (Ok(ticket), _) => {
                    let answers = Raw::new(WeekAnswers::new([3; 8]));
                    let report = gate::weekly(ticket, &mut words, &answers).expect("this generator never fails");
                    assert_eq!(u32::from(report.get().week.get()), day / 7);
                    medium.0.borrow_mut().trace.push(Step::Drawn(day));
                    drawn.push(day);
                }
                (Err(_), 1) => ledger = Ledger::new(medium.clone(), [9; 32]),
                (Err(_), _) => {}
            }
        }
        check(&drawn, seed);
        all += drawn.len();
        // In every prefix of the trace: records are at least as many as draws. The opening is no append.
        let mut paid = 0i64;
        for step in &medium.0.borrow().trace {
            paid += if *step == Step::Written { 1 } else { -1 };
            assert!(paid >= 0, "seed {seed}: a draw before its debit");
        }
    }
    assert!(all > 300 * 5, "{all} reports in 300 schedules: the schedules are too hard to say anything");
    n
}

/// Threads share the one ledger of a node behind its lock, and the state behind its own.
fn threads() -> usize {
    let mut n = 0;
    for round in 0..20u64 {
        let mut ledger = Ledger::new(Disk::default(), [3; 32]);
        let privacy = RwLock::new(consent(&mut ledger));
        let (ledger, drawn) = (Mutex::new(ledger), Mutex::new(vec![]));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (ledger, privacy, drawn) = (&ledger, &privacy, &drawn);
                scope.spawn(move || {
                    let mut words = SplitMix(100 * round + thread);
                    for day in (DAY..DAY + 200).step_by(1 + words.under(3) as usize) {
                        // The day is pushed under the lock, so that the list has the order of the ledger.
                        let mut ledger = ledger.lock().expect("no thread panics");
                        let state = privacy.read().expect("no thread panics");
                        if ledger.debit(&state, day).is_ok() {
                            drawn.lock().expect("no thread panics").push(day);
                        }
                    }
                });
            }
        });
        let drawn = drawn.into_inner().expect("no thread panics");
        check(&drawn, round);
        assert!(!drawn.is_empty());
        n += 4 * 100;
    }
    n
}

/// Another caller's whole debit comes between the read and the write of ours, as with two processes and no lock.
struct Between<'a> {
    medium: Medium,
    other: Option<Box<dyn FnMut() + 'a>>,
}

impl LedgerStore for Between<'_> {
    fn read(&mut self, out: &mut [u8]) -> Option<usize> {
        self.medium.read(out)
    }
    fn append_and_flush(&mut self, record: &[u8; RECORD]) -> bool {
        if let Some(mut other) = self.other.take() {
            other();
        }
        self.medium.append_and_flush(record)
    }
    fn replace_and_flush(&mut self, records: &[u8]) -> bool {
        self.medium.replace_and_flush(records)
    }
}

fn two_ledgers() -> usize {
    for week in 0..50 {
        let medium = Medium::new();
        let mut first = Ledger::new(medium.clone(), [9; 32]);
        let privacy = consent(&mut first);
        let day = DAY + 7 * week;
        let theirs = RefCell::new(0);
        let other = || *theirs.borrow_mut() += usize::from(first.debit(&privacy, day).is_ok());
        let mut second = Ledger::new(Between { medium, other: Some(Box::new(other)) }, [9; 32]);
        let ours = second.debit(&privacy, day).err();
        drop(second);
        assert_eq!((theirs.into_inner(), ours), (1, Some(Spent::Store)), "one of the two");
    }
    50
}

fn torn() -> usize {
    let mut n = 0;
    let faults = (0..RECORD).map(Fault::Torn).chain([Fault::Full, Fault::Lies, Fault::Late]);
    for fault in faults {
        let medium = Medium::new();
        let mut ledger = Ledger::new(medium.clone(), [9; 32]);
        let privacy = consent(&mut ledger);
        medium.0.borrow_mut().fault = fault;
        assert_eq!(ledger.debit(&privacy, DAY + 7).err(), Some(Spent::Store));
        let again = ledger.debit(&privacy, DAY + 7);
        // Nothing was written: the week is still there. A cut record spoils the ledger; a whole one has spent the week.
        match fault {
            Fault::Full | Fault::Lies | Fault::Torn(0) => assert!(again.is_ok()),
            Fault::Torn(_) => assert_eq!(again.err(), Some(Spent::Damaged)),
            _ => assert_eq!(again.err(), Some(Spent::Clock)),
        }
        n += 1;
    }
    n
}

fn damaged() -> usize {
    let medium = Medium::new();
    let mut ledger = Ledger::new(medium.clone(), [9; 32]);
    let privacy = consent(&mut ledger);
    assert!((1..4).all(|week| ledger.debit(&privacy, DAY + 7 * week).is_ok()));
    let whole = medium.0.borrow().bytes.clone();
    for at in 0..whole.len() * 8 {
        medium.0.borrow_mut().bytes[at / 8] ^= 1 << (at % 8);
        assert_eq!(ledger.debit(&privacy, DAY + 28).err(), Some(Spent::Damaged), "bit {at}");
        assert_eq!(ledger.left_percent(), 0, "bit {at}");
        medium.0.borrow_mut().bytes.clone_from(&whole);
    }
    assert!(ledger.debit(&privacy, DAY + 28).is_ok());
    whole.len() * 8
}

fn lifetimes() -> usize {
    let mut ledger = Ledger::new(Disk::default(), [3; 32]);
    let mut privacy = consent(&mut ledger);
    let given = (0..80).filter(|w| ledger.debit(&privacy, DAY + 7 * w).is_ok()).count();
    assert_eq!((given, ledger.left_percent()), (52, 0));
    assert_eq!(ledger.debit(&privacy, DAY + 700).err(), Some(Spent::Lifetime));
    // Withdrawn, nothing is drawn, whatever the ledger holds; another consent than the weekly one opens nothing.
    let _audit = privacy.set(millpond_report::state::Less::WeeklyOff, 0);
    assert_eq!(ledger.debit(&privacy, DAY + 700).err(), Some(Spent::NoConsent));
    let other = privacy.ask(More::On).confirm(&Host).expect("the host is an admin");
    assert_eq!(ledger.open(&other, DAY + 700), Err(Spent::NoConsent));
    let yes = privacy.ask(More::WeeklyOn).confirm(&Host).expect("the host is an admin");
    ledger.open(&yes, DAY + 700).expect("the lifetime is spent, so a new one opens");
    privacy.raise(yes).expect("nothing changed since the question");
    assert!(ledger.debit(&privacy, DAY + 707).is_ok());
    // A third and a fourth are as good as the first, and no 30 days across their borders cost more.
    let (mut drawn, mut day, mut n) = (vec![], DAY + 1000, given + 5);
    for _ in 0..3 {
        while ledger.left_percent() > 0 && day < DAY + 4000 {
            if ledger.debit(&privacy, day).is_ok() {
                drawn.push(day);
            }
            day += 1;
        }
        let yes = privacy.ask(More::WeeklyOn).confirm(&Host).expect("the host is an admin");
        ledger.open(&yes, day).expect("the lifetime is spent, so a new one opens");
        assert_eq!(ledger.left_percent(), 100);
        n += 1;
    }
    assert_eq!(drawn.len(), 51 + 52 + 52);
    for from in &drawn {
        assert!(drawn.iter().filter(|d| (*from..from + 30).contains(d)).count() <= 5, "from day {from}");
    }
    n + drawn.len()
}

/// A ledger that was cut to nothing is not a new one: consent, withdrawn and given again, opens nothing.
fn emptied() -> usize {
    let mut n = 0;
    for cut in 0..=3 * RECORD {
        let medium = Medium::new();
        let mut ledger = Ledger::new(medium.clone(), [9; 32]);
        let mut privacy = consent(&mut ledger);
        assert!((1..=3).all(|week| ledger.debit(&privacy, DAY + 7 * week).is_ok()));
        medium.0.borrow_mut().bytes.truncate(cut);
        let _audit = privacy.set(millpond_report::state::Less::WeeklyOff, 0);
        let yes = privacy.ask(More::WeeklyOn).confirm(&Host).expect("the host is an admin");
        let opened = ledger.open(&yes, DAY + 28);
        privacy.raise(yes).expect("nothing changed since the question");
        // Cut between two records it looks like an older whole copy, which nothing can tell: see the README's limits.
        let whole = cut > 0 && cut % RECORD == 0;
        assert_eq!(opened.err(), (!whole).then_some(Spent::Damaged), "cut to {cut} bytes");
        if !whole {
            assert_eq!(ledger.debit(&privacy, DAY + 28).err(), Some(Spent::Damaged), "cut to {cut} bytes");
            assert_eq!((ledger.left_percent(), ledger.install().err()), (0, install_error(cut)), "cut to {cut} bytes");
        }
        n += 1;
    }
    n
}

/// Only the installation itself, which draws a new seal key, starts anew on an empty store.
const fn install_error(cut: usize) -> Option<Spent> {
    if cut == 0 { None } else { Some(Spent::Damaged) }
}

/// The days that stand in a store: the first four bytes of each record. Sums bear the day on which they were made.
fn days(medium: &Medium) -> Vec<u32> {
    let state = medium.0.borrow();
    state.bytes.chunks_exact(RECORD).map(|r| u32::from_be_bytes([r[0], r[1], r[2], r[3]])).collect()
}

/// Ten years of a household that reports now and then: every record that is left is young, and the sum of what was drawn in
/// a lifetime is the contract's.
fn two_years() -> usize {
    const TWO_YEARS: u32 = 2 * 364;
    let mut n = 0;
    for seed in 0..20 {
        let mut words = SplitMix(seed);
        let medium = Medium::new();
        let mut ledger = Ledger::new(medium.clone(), [9; 32]);
        let privacy = consent(&mut ledger);
        let mut drawn = 0;
        for day in DAY..DAY + 3650 {
            // Some months with reports, some years without; the node tells the ledger the day each day.
            ledger.forget(day).expect("the ledger is whole");
            if day / 200 % 2 == 0 && words.under(40) == 0 && ledger.debit(&privacy, day).is_ok() {
                drawn += 1;
            }
            // The installation's record has no day.
            let oldest = days(&medium).into_iter().filter(|d| *d > 0).min();
            assert!(oldest.is_none_or(|d| d + TWO_YEARS > day), "seed {seed}: day {day} finds {oldest:?}");
            n += 1;
        }
        let left = LIFETIME_MICRO_EPS - drawn * REPORT_MICRO_EPS;
        let percent = u64::from(left) * 100 / u64::from(LIFETIME_MICRO_EPS);
        assert!(drawn > 20, "seed {seed}: {drawn} reports");
        assert_eq!(u64::from(ledger.left_percent()), percent, "seed {seed}: {drawn} reports");
        // A clock that was years ahead for a moment has made the ledger forget; going back gives nothing.
        let ahead = DAY + 3650 + 2 * TWO_YEARS;
        assert!(ledger.forget(ahead).is_ok());
        assert_eq!(ledger.debit(&privacy, DAY + 3651).err(), Some(Spent::Clock));
    }
    n
}

fn replaced() -> usize {
    let faults = [Fault::Full, Fault::Lies, Fault::Torn(0), Fault::Torn(5), Fault::Late];
    for fault in faults {
        let medium = Medium::new();
        let mut ledger = Ledger::new(medium.clone(), [9; 32]);
        let privacy = consent(&mut ledger);
        assert!(ledger.debit(&privacy, DAY + 7).is_ok());
        let left = ledger.left_percent();
        medium.0.borrow_mut().fault = fault;
        assert_eq!(ledger.debit(&privacy, DAY + 800).err(), Some(Spent::Store), "what is old could not go");
        // As before or as wanted: in both cases the cost stands.
        assert_eq!(ledger.left_percent(), left);
        assert!(ledger.debit(&privacy, DAY + 800).is_ok());
    }
    faults.len()
}
