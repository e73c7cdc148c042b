//! The weekly report's budget: what it has cost so far, and the leave for one more.
//!
//! The ledger is append-only. A debit is on the medium before anything is drawn, so a crash can waste a report but never
//! give two for one. A ledger that is missing, empty, cut or damaged counts as spent.
//!
//! Records live for two years. Then their cost stays, in one sum, and their days go: the file is replaced as a whole.

use zeroize::Zeroize;

use crate::Privacy;
use crate::pseudonym::Keyed;
use crate::raw::{Wipe, overwrite};
use crate::state::{AdminConfirmed, More};
use crate::wire::range::{QuestionId, Week};

pub mod sampler;

/// What one report costs, in millionths of epsilon: 2/5.
pub const REPORT_MICRO_EPS: u32 = 400_000;
/// Most that any 30 days may cost.
pub const MONTH_MICRO_EPS: u32 = 2_000_000;
/// Most that may be spent before the household opts in anew.
pub const LIFETIME_MICRO_EPS: u32 = 20_800_000;
/// Bytes of one record.
pub const RECORD: usize = 24;
/// Most records of a ledger: a lifetime of 52, what the 30 days before it hold, a sum and an opening, and room to spare.
pub const RECORDS: usize = 64;
/// Age that no debit may reach, in days: two years of 52 weeks.
pub const CAP: u32 = 104 * 7;
/// Days that one month's budget is for.
const MONTH: u32 = 30;
/// Marks a sum of records that were forgotten. No sum reaches it.
const SUM: u32 = 1 << 31;

/// Where the ledger lies.
pub trait LedgerStore {
    /// Reads all of it from the front and returns its length, which may exceed the buffer. `None` if it cannot be read.
    fn read(&mut self, out: &mut [u8]) -> Option<usize>;
    /// Appends a record and returns only when it is on the medium. `false` if that is not certain.
    fn append_and_flush(&mut self, record: &[u8; RECORD]) -> bool;
    /// Replaces all of it by these records, at once: after a crash all is as before or as wanted (a second file that is flushed and
    /// renamed). Returns only when it is on the medium; `false` if that is not certain.
    fn replace_and_flush(&mut self, records: &[u8]) -> bool;
}

/// Why there is no report this week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spent {
    /// No consent is in force.
    NoConsent,
    /// The ledger is missing, cut or damaged.
    Damaged,
    /// The clock is behind the last report, or this week has had its report.
    Clock,
    /// 30 days hold no more.
    Month,
    /// The lifetime is spent until the household opts in anew.
    Lifetime,
    /// The medium did not take the record.
    Store,
}

impl core::fmt::Display for Spent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoConsent => "no consent to the weekly report is in force",
            Self::Damaged => "the budget ledger is missing or damaged, which counts as spent",
            Self::Clock => "this week has had its report, or the clock is behind the last one",
            Self::Month => "the budget of 30 days is spent",
            Self::Lifetime => "the lifetime budget is spent: opt in anew to go on",
            Self::Store => "the budget ledger could not be written: nothing is drawn",
        })
    }
}

impl core::error::Error for Spent {}

/// Leave for one draw. Made by [`Ledger::debit`] after the flush, consumed by [`gate::weekly`](crate::gate::weekly).
#[must_use = "the budget is spent already"]
pub struct BudgetTicket(Week);

impl BudgetTicket {
    pub(crate) fn week(self) -> Week {
        self.0
    }
}

/// What was done on one day.
#[derive(Clone, Copy)]
struct Record {
    day: u32,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// A lifetime was opened.
    Opening,
    /// A report was paid for, millionths of epsilon.
    Debit(u32),
    /// The lifetime had cost so much before this day; the days of it are forgotten.
    Sum(u32),
}

impl Record {
    fn body(self) -> [u8; 8] {
        let cost = match self.what {
            What::Opening => 0,
            What::Debit(cost) => cost.min(SUM - 1),
            What::Sum(cost) => SUM | cost.min(SUM - 1),
        };
        let ([a, b, c, d], [e, f, g, h]) = (self.day.to_be_bytes(), cost.to_be_bytes());
        [a, b, c, d, e, f, g, h]
    }

    const fn read([a, b, c, d, e, f, g, h]: [u8; 8]) -> Self {
        let what = match u32::from_be_bytes([e, f, g, h]) {
            0 => What::Opening,
            cost if cost & SUM == 0 => What::Debit(cost),
            cost => What::Sum(cost & !SUM),
        };
        Self { day: u32::from_be_bytes([a, b, c, d]), what }
    }

    /// A debit's cost.
    const fn debit(self) -> Option<u32> {
        match self.what {
            What::Debit(cost) => Some(cost),
            _ => None,
        }
    }
}

/// The ledger over its store. The seal key authenticates it against damage and tampering; it is not secret data.
pub struct Ledger<S: LedgerStore> {
    store: S,
    seal: [u8; 32],
}

impl<S: LedgerStore> Drop for Ledger<S> {
    fn drop(&mut self) {
        self.seal.zeroize();
    }
}

/// A ledger that was read and found whole.
struct Books {
    records: [Option<Record>; RECORDS],
    last_mac: [u8; 16],
}

impl<S: LedgerStore> Ledger<S> {
    /// Over a store, with the installation's random seal key.
    pub const fn new(store: S, seal: [u8; 32]) -> Self {
        Self { store, seal }
    }

    /// A new installation: writes the first record into an empty store. Once, with the seal key that was just drawn; from then on
    /// an empty store is a damaged one. Nothing can be drawn before [`open`](Self::open).
    ///
    /// - Errors: [`Spent::Damaged`] if there is something already, [`Spent::Store`]
    pub fn install(&mut self) -> Result<(), Spent> {
        if self.store.read(&mut []) != Some(0) {
            return Err(Spent::Damaged);
        }
        self.replace([Record { day: 0, what: What::Sum(LIFETIME_MICRO_EPS) }].into_iter())
    }

    /// The store back.
    pub const fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Opens a lifetime: at the first consent, or after the last lifetime was spent. `day` is counted from Monday,
    /// 5 January 1970. A whole ledger with budget left stays as it is. Of the lifetime before, the last 30 days are kept.
    ///
    /// - Errors: [`Spent::NoConsent`] if the admin confirmed something else, [`Spent::Damaged`], [`Spent::Clock`],
    ///   [`Spent::Store`]
    pub fn open(&mut self, confirmed: &AdminConfirmed, day: u32) -> Result<(), Spent> {
        if confirmed.what() != More::WeeklyOn {
            return Err(Spent::NoConsent);
        }
        let books = self.books()?;
        if books.left() >= REPORT_MICRO_EPS {
            return Ok(());
        }
        if books.is_after(day) {
            return Err(Spent::Clock);
        }
        let young = books.iter().filter(|r| r.debit().is_some() && r.day.saturating_add(MONTH) > day).copied();
        self.replace(young.chain([Record { day, what: What::Opening }]))
    }

    /// Forgets the days of debits that are two years old; what they cost stays. Call it now and then with the day, as
    /// in [`debit`](Self::debit), which does the same. After it no earlier day is taken, so that a clock that was wrong gains
    /// nothing. Returns how many went.
    ///
    /// - Errors: [`Spent::Damaged`], [`Spent::Clock`], [`Spent::Store`]
    pub fn forget(&mut self, day: u32) -> Result<usize, Spent> {
        let books = self.books()?;
        if books.is_after(day) {
            return Err(Spent::Clock);
        }
        let is_sum = |r: &Record| matches!(r.what, What::Sum(_));
        let is_old = |r: &Record| r.day.saturating_add(CAP) <= day;
        let old = books.iter().filter(|r| is_old(r) && !is_sum(r)).count();
        if old > 0 {
            // A sum stands first, if there is one: the new one holds it.
            let sum = [Record { day, what: What::Sum(books.cost_of(|r| is_old(r) || is_sum(r))) }];
            let young = books.iter().filter(|r| !is_old(r) && !is_sum(r)).copied();
            self.replace(sum.into_iter().chain(young))?;
        }
        Ok(old)
    }

    /// Debits one report on a day, counted from Monday, 5 January 1970, and gives leave for the draw.
    ///
    /// - Errors: every [`Spent`]; none of them costs anything but [`Spent::Store`], after which the record may or may not
    ///   be there
    pub fn debit(&mut self, privacy: &Privacy, day: u32) -> Result<BudgetTicket, Spent> {
        if !privacy.weekly() {
            return Err(Spent::NoConsent);
        }
        // This refuses a day before the last one as well.
        self.forget(day)?;
        let books = self.books()?;
        if books.iter().any(|r| r.debit().is_some() && r.day / 7 == day / 7) {
            return Err(Spent::Clock);
        }
        let young = books.iter().filter(|r| r.day.saturating_add(MONTH) > day);
        let recent = young.filter_map(|r| r.debit()).fold(0, u32::saturating_add);
        if recent.saturating_add(REPORT_MICRO_EPS) > MONTH_MICRO_EPS {
            return Err(Spent::Month);
        }
        if books.left() < REPORT_MICRO_EPS || books.iter().count() >= RECORDS {
            return Err(Spent::Lifetime);
        }
        let record = self.sealed(Record { day, what: What::Debit(REPORT_MICRO_EPS) }, &books.last_mac);
        let entries = books.iter().count();
        if !self.store.append_and_flush(&record) {
            return Err(Spent::Store);
        }
        // Read back: a medium that lies gives no leave, and of two callers that came at once one at most gets it.
        self.stands(entries + 1, &record)?;
        Ok(BudgetTicket(Week::new(i64::from(day / 7))))
    }

    /// What is left of the lifetime, percent. 0 for a ledger that cannot be read.
    pub fn left_percent(&mut self) -> u8 {
        self.books().map_or(0, |b| (u64::from(b.left()) * 100 / u64::from(LIFETIME_MICRO_EPS)) as u8)
    }

    /// Writes these records in place of all that were.
    fn replace(&mut self, records: impl Iterator<Item = Record>) -> Result<(), Spent> {
        let (mut bytes, mut last, mut entries) = ([0; RECORD * RECORDS], [0; RECORD], 0);
        let mut mac = [0; 16];
        for (place, record) in bytes.chunks_exact_mut(RECORD).zip(records) {
            last = self.sealed(record, &mac);
            place.copy_from_slice(&last);
            mac = last.last_chunk().copied().unwrap_or_default();
            entries += 1;
        }
        if !self.store.replace_and_flush(bytes.get(..entries * RECORD).unwrap_or_default()) {
            return Err(Spent::Store);
        }
        self.stands(entries, &last)
    }

    /// Whether the ledger has so many records, and this is the last.
    fn stands(&mut self, entries: usize, last: &[u8; RECORD]) -> Result<(), Spent> {
        let after = self.books().map_err(|_| Spent::Store)?;
        let same = last.last_chunk() == Some(&after.last_mac) && after.iter().count() == entries;
        same.then_some(()).ok_or(Spent::Store)
    }

    /// The bytes of a record: what it says, and a seal over that and the seal before.
    fn sealed(&self, record: Record, last_mac: &[u8; 16]) -> [u8; RECORD] {
        let (body, mut bytes) = (record.body(), [0; RECORD]);
        let mac = self.mac(&body, last_mac);
        bytes.iter_mut().zip(body.into_iter().chain(mac)).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Reads and checks all of it: each seal covers its record and the seal before it.
    fn books(&mut self) -> Result<Books, Spent> {
        let mut bytes = [0; RECORD * RECORDS];
        let n = self.store.read(&mut bytes).ok_or(Spent::Damaged)?;
        let used = bytes.get(..n).filter(|b| !b.is_empty() && b.len() % RECORD == 0).ok_or(Spent::Damaged)?;
        let mut books = Books { records: [None; RECORDS], last_mac: [0; 16] };
        for (place, record) in books.records.iter_mut().zip(used.chunks_exact(RECORD)) {
            let (body, mac) = record.split_first_chunk::<8>().ok_or(Spent::Damaged)?;
            if self.mac(body, &books.last_mac) != mac {
                return Err(Spent::Damaged);
            }
            books.last_mac = mac.try_into().map_err(|_| Spent::Damaged)?;
            *place = Some(Record::read(*body));
        }
        Ok(books)
    }

    fn mac(&self, body: &[u8; 8], last: &[u8; 16]) -> [u8; 16] {
        let mut mac = Keyed::new(&self.seal);
        mac.update(b"ledger/1");
        mac.update(&[0]);
        mac.update(last);
        mac.update(body);
        mac.tag().first_chunk().copied().unwrap_or_default()
    }
}

impl Books {
    fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().flatten()
    }

    /// Whether the last record is of a later day: the clock is behind.
    fn is_after(&self, day: u32) -> bool {
        self.iter().any(|r| r.day > day)
    }

    /// What the lifetime that was opened last has cost, as far as these records tell.
    fn cost_of(&self, counts: impl Fn(&Record) -> bool) -> u32 {
        self.iter().filter(|r| counts(r)).fold(0, |spent: u32, r| match r.what {
            What::Opening => 0,
            What::Debit(cost) => spent.saturating_add(cost),
            What::Sum(cost) => cost,
        })
    }

    /// What the lifetime that was opened last still holds.
    fn left(&self) -> u32 {
        LIFETIME_MICRO_EPS.saturating_sub(self.cost_of(|_| true))
    }
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A number 0 to 24, with Laplace noise.
    Count(&'static str),
    /// One of eight categories, with randomised response.
    Category(&'static str),
}

/// The eight fixed questions. The node draws one a week; no server chooses.
pub const QUESTIONS: [Question; 8] = [
    Question::Count("mean hours a day with motion"),
    Question::Count("mean hours a day with sensing on"),
    Question::Count("mean hours a day with the 2.4 GHz channel busy for half of the time or more"),
    Question::Count("mean hours a day with the 5 GHz channel busy for half of the time or more"),
    Question::Count("channel changes in the week"),
    Question::Category("noise class of the 2.4 GHz channel"),
    Question::Category("noise class of the 5 GHz channel"),
    Question::Category("number of nodes, less one"),
];

impl Question {
    /// The question with a number.
    pub fn of(id: QuestionId) -> Self {
        let [first, ..] = QUESTIONS;
        QUESTIONS.get(usize::from(id.get())).copied().unwrap_or(first)
    }
}

/// The true answers of one week, in the order of [`QUESTIONS`]. Raw: they leave through the noise alone.
pub struct WeekAnswers([u8; 8]);

impl WeekAnswers {
    /// Counts are cut to 24, categories to 7.
    pub fn new(answers: [u8; 8]) -> Self {
        let mut cut = answers;
        for (a, q) in cut.iter_mut().zip(QUESTIONS) {
            *a = (*a).min(if matches!(q, Question::Count(_)) { 24 } else { 7 });
        }
        Self(cut)
    }

    pub(crate) fn answer(&self, id: QuestionId) -> u8 {
        self.0.get(usize::from(id.get())).copied().unwrap_or_default()
    }
}

impl Wipe for WeekAnswers {
    fn wipe(&mut self) {
        overwrite(self, Self([0; 8]));
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::gate;
    use crate::state::Privacy;
    use crate::state::tests::{Host, at_level, raise};
    use crate::wire::range::Level;
    use crate::wire::{Weekly, Wire};
    use sampler::tests::SplitMix;

    #[derive(Default)]
    struct Disk {
        bytes: Option<Vec<u8>>,
        full: bool,
        appended: usize,
    }

    impl LedgerStore for Disk {
        fn read(&mut self, out: &mut [u8]) -> Option<usize> {
            let bytes = self.bytes.as_ref()?;
            let n = bytes.len().min(out.len());
            out[..n].copy_from_slice(&bytes[..n]);
            Some(bytes.len())
        }
        fn append_and_flush(&mut self, record: &[u8; RECORD]) -> bool {
            if !self.full {
                self.bytes.get_or_insert_default().extend(record);
                self.appended += 1;
            }
            !self.full
        }
        fn replace_and_flush(&mut self, records: &[u8]) -> bool {
            if !self.full {
                self.bytes = Some(records.to_vec());
            }
            !self.full
        }
    }

    const DAY: u32 = 20_000;

    fn consent() -> (Privacy, Ledger<Disk>) {
        let mut privacy = at_level(Level::Managed);
        let mut ledger = Ledger::new(Disk { bytes: Some(Vec::new()), ..Disk::default() }, [9; 32]);
        ledger.install().unwrap();
        assert_eq!((ledger.left_percent(), ledger.install()), (0, Err(Spent::Damaged)));
        let yes = privacy.ask(More::WeeklyOn).confirm(&Host(true)).unwrap();
        ledger.open(&yes, DAY).unwrap();
        privacy.raise(yes).unwrap();
        (privacy, ledger)
    }

    #[test]
    fn days_are_forgotten_after_two_years_and_their_cost_is_not() {
        let (privacy, mut ledger) = consent();
        for week in 0..10 {
            assert!(ledger.debit(&privacy, DAY + 70 * week).is_ok());
        }
        let records = |l: &mut Ledger<Disk>| l.books().unwrap().iter().copied().collect::<Vec<_>>();
        assert_eq!((records(&mut ledger).len(), ledger.forget(DAY + CAP - 1)), (11, Ok(0)));
        let left = ledger.left_percent();
        // The opening and the first debit are of one day.
        assert_eq!(ledger.forget(DAY + CAP), Ok(2));
        assert_eq!(ledger.left_percent(), left);
        assert!(ledger.debit(&privacy, DAY + CAP - 1).is_err(), "no earlier day is taken");
        assert!(ledger.debit(&privacy, DAY + CAP + 70).is_ok(), "and a debit forgets as well");
        let days: Vec<u32> = records(&mut ledger).iter().map(|r| r.day).collect();
        assert!(days.iter().all(|d| d + CAP > DAY + CAP + 70), "{days:?}");
        // The rest of the lifetime is what was left of it, however long it takes.
        let given = (0..200).filter(|n| ledger.debit(&privacy, DAY + CAP + 700 + 70 * n).is_ok()).count();
        assert_eq!((given, ledger.left_percent()), (52 - 11, 0));
    }

    #[test]
    fn a_year_of_weeks_then_no_more_until_opted_in_anew() {
        let (privacy, mut ledger) = consent();
        let mut day = DAY;
        for lifetime in 0..5 {
            let given = (0..80).filter(|w| ledger.debit(&privacy, day + 7 * w).is_ok()).count();
            assert_eq!((given, ledger.left_percent()), (52, 0), "lifetime {lifetime}");
            // The day after the last report: the 30 days before go on counting.
            day += 52 * 7;
            assert_eq!(ledger.debit(&privacy, day).err(), Some(Spent::Lifetime));
            let yes = privacy.ask(More::WeeklyOn).confirm(&Host(true)).unwrap();
            ledger.open(&yes, day).unwrap();
            let before = (ledger.left_percent(), ledger.store().bytes.clone());
            ledger.open(&yes, day).unwrap();
            assert!(before == (ledger.left_percent(), ledger.store().bytes.clone()), "not spent, not opened again");
        }
    }

    #[test]
    fn thirty_days_hold_five_whatever_the_days() {
        // A report on every last and first day of weeks: 1 day and 13 days apart in turn.
        let (privacy, mut ledger) = consent();
        let monday = DAY - DAY % 7 + 7;
        let mut given = Vec::new();
        for day in monday..monday + 300 {
            if (day % 14 == 6 || day % 14 == 7 || day % 3 == 0) && ledger.debit(&privacy, day).is_ok() {
                given.push(day);
            }
        }
        assert!(given.len() > 40);
        for day in &given {
            let n = given.iter().filter(|d| (*day..day + 30).contains(d)).count();
            assert!(n <= 5, "{n} from day {day}");
        }
    }

    #[test]
    fn no_schedule_of_crashes_and_clocks_spends_more() {
        // Crashes leave a record whole, cut, or not written; clocks jump both ways; a cut ledger stays spent.
        for seed in 0..40u64 {
            let (privacy, mut ledger) = consent();
            let mut words = SplitMix(seed);
            let mut draw = |n| sampler::below(&mut words, n).unwrap();
            let (mut day, mut drawn) = (DAY, Vec::new());
            for _ in 0..400 {
                day = match draw(20) {
                    0 => day.saturating_sub(draw(60)),
                    1 => day + draw(60),
                    _ => day + draw(5),
                };
                let before = ledger.store().appended;
                let ticket = ledger.debit(&privacy, day);
                let after = ledger.store().appended;
                assert_eq!(after - before, usize::from(ticket.is_ok()), "the debit precedes the draw");
                match (ticket, draw(30)) {
                    // The power went after the flush, before the draw: paid for nothing.
                    (Ok(_lost), 0) => {}
                    // It went within the write.
                    (Ok(_lost), 1) if seed % 4 == 0 => {
                        let bytes = ledger.store().bytes.as_mut().unwrap();
                        bytes.truncate(bytes.len() - RECORD + draw(RECORD as u32) as usize);
                    }
                    (Ok(_ticket), _) => drawn.push(day),
                    (Err(_), _) => {}
                }
            }
            assert!(!drawn.is_empty() && drawn.len() <= 52, "{}", drawn.len());
            assert!(drawn.is_sorted());
            for from in &drawn {
                let n = drawn.iter().filter(|d| (*from..from + 30).contains(d)).count();
                assert!(n <= 5, "seed {seed}: {n} from day {from}");
            }
        }
    }

    #[test]
    fn one_week_has_one_report_and_time_does_not_run_back() {
        let (privacy, mut ledger) = consent();
        let monday = DAY - DAY % 7 + 7;
        assert!(ledger.debit(&privacy, monday).is_ok());
        assert_eq!(ledger.debit(&privacy, monday + 6).err(), Some(Spent::Clock));
        assert_eq!(ledger.debit(&privacy, monday - 7).err(), Some(Spent::Clock));
        assert!(ledger.debit(&privacy, monday + 7).is_ok());
    }

    #[test]
    fn a_ledger_that_is_not_whole_is_spent() {
        let (privacy, mut ledger) = consent();
        assert!(ledger.debit(&privacy, DAY + 7).is_ok());
        let whole = ledger.store().bytes.clone().unwrap();
        let mut spent = |bytes: Option<Vec<u8>>| {
            ledger.store().bytes = bytes;
            assert_eq!(ledger.debit(&privacy, DAY + 14).err(), Some(Spent::Damaged));
            assert_eq!(ledger.left_percent(), 0);
        };
        spent(None);
        spent(Some(Vec::new()));
        spent(Some(whole[..whole.len() - 1].to_vec()));
        spent(Some(whole[RECORD..].to_vec()));
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 1;
            spent(Some(bytes));
        }
        spent(Some(whole.repeat(RECORDS)));
        // Emptied, it is not a new one either, whoever agrees to what.
        let yes = privacy.ask(More::WeeklyOn).confirm(&Host(true)).unwrap();
        for bytes in [None, Some(Vec::new())] {
            ledger.store().bytes = bytes;
            assert_eq!(ledger.open(&yes, DAY + 14), Err(Spent::Damaged));
        }
    }

    #[test]
    fn no_record_no_ticket() {
        let (privacy, mut ledger) = consent();
        ledger.store().full = true;
        assert_eq!(ledger.debit(&privacy, DAY + 7).err(), Some(Spent::Store));
        assert_eq!(ledger.debit(&at_level(Level::Managed), DAY + 7).err(), Some(Spent::NoConsent));
        let mut other = at_level(Level::Managed);
        raise(&mut other, More::WeeklyOn);
        let wrong = other.ask(More::On).confirm(&Host(true)).unwrap();
        assert_eq!(ledger.open(&wrong, DAY), Err(Spent::NoConsent));
    }

    #[test]
    fn a_report_is_256_bytes_of_one_noised_answer() {
        let (privacy, mut ledger) = consent();
        let mut words = SplitMix(42);
        let mut seen = [false; 8];
        for week in 1..=52 {
            let ticket = ledger.debit(&privacy, DAY + 7 * week).unwrap();
            let answers = crate::Raw::new(WeekAnswers::new([200; 8]));
            let sent = gate::weekly(ticket, &mut words, &answers).unwrap();
            let report = *sent.get();
            let mut bytes = Weekly::zeros();
            assert_eq!(crate::wire::Decoded::of(&bytes).map(|d: crate::wire::Decoded<Weekly>| *d.get()), None);
            assert_eq!(sent.encode(&mut bytes), 256);
            assert_eq!(Weekly::decode(&bytes), Some(report));
            assert_eq!(u32::from(report.week.get()), (DAY + 7 * week) / 7);
            if matches!(Question::of(report.question), Question::Category(_)) {
                assert!((0..8).contains(&report.answer.get()));
            }
            seen[usize::from(report.question.get())] = true;
        }
        assert_eq!(seen, [true; 8]);
    }
}
