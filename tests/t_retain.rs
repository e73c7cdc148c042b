//! `t_retain` of the privacy contract, at the gate: through 400 simulated days with clock jumps and restarts nothing older
//! than its cap can be read, and nothing older stands in what is stored.
//!
//! Age is measured on a clock of the test's own that runs on while the node's clock jumps. Decisions, samples and the store
//! itself are the node's.

use std::process::ExitCode;

use millpond_report::audit::Entry;
use millpond_report::ring::{DayRing, MonthRing};
use millpond_report::state::More;
use millpond_report::wire::range::{Active, Day, Hour, Level, Level10, Number, Slot, ZoneId};
use millpond_report::wire::{Derived, Lan, Zone};
use millpond_report::{Audit, EventCode, Numbers, Privacy, Raw, gate};
use millpond_tests::cases;
use millpond_tests::home::zone_estimate;
use millpond_tests::scene::agreed;
use millpond_tests::words::SplitMix;

fn main() -> ExitCode {
    cases::run(
        "t_retain",
        &[
            ("400 days with jumps and restarts", jumps_and_restarts),
            ("400 days with a right clock keep all they may", a_right_clock),
            ("the audit through 400 days", audit),
            ("an import brings nothing back that may be too old", import_after_a_step_back),
            ("the check sees a ring that forgets too late", the_check_can_fail),
        ],
    )
}

const DAYS: u64 = 400;
const DAY_CAP: u64 = 288;
const MONTH_CAP: u64 = 720 * 12;
const AUDIT_CAP: u64 = 90 * 288;
/// Zones that are recorded: the first and the last.
const ZONES: [ZoneId; 2] = [ZoneId::new(1), ZoneId::new(16)];

/// The two rings with a slow twin: since which true slot does each cell know something?
struct History {
    day: DayRing,
    month: MonthRing,
    /// True time of the oldest thing that a cell may hold, by zone and column.
    day_since: Vec<u64>,
    month_since: Vec<u64>,
    cases: usize,
}

impl History {
    fn new() -> Self {
        let (day_since, month_since) = (vec![0; 2 * 288], vec![0; 2 * 720]);
        Self { day: DayRing::new(), month: MonthRing::new(), day_since, month_since, cases: 0 }
    }

    /// One slot: `t` by the true clock, `slot` by the node's.
    fn record(&mut self, t: u64, slot: u32, state: &[Derived<Zone, Lan>; 2]) {
        self.day.advance(slot);
        self.month.advance(slot);
        for (i, zone) in ZONES.into_iter().enumerate() {
            if self.day.level(zone, Slot::new(i64::from(slot % 288))).is_none() {
                self.day_since[i * 288 + slot as usize % 288] = t;
            }
            let hour = slot / 12;
            if self.month.active(zone, Day::new(0), Hour::new(i64::from(hour % 24))).is_none() {
                self.month_since[i * 720 + hour as usize % 720] = t;
            }
            self.day.record(slot, &state[i]);
            self.month.record(slot, &state[i]);
        }
    }

    /// Every cell that can be read, with the true age of what it may hold. Returns how many there are of each ring.
    fn ages(&self, t: u64, slot: u32) -> [Vec<u64>; 2] {
        let mut out = [vec![], vec![]];
        for (i, zone) in ZONES.into_iter().enumerate() {
            for s in (0..288).filter(|s| self.day.level(zone, Slot::new(*s)).is_some()) {
                out[0].push(t - self.day_since[i * 288 + s as usize]);
            }
            let today = slot / 12 / 24 * 24;
            for d in 0..30 {
                for h in 0..24 {
                    if self.month.active(zone, Day::new(d), Hour::new(h)).is_some() {
                        let hour = today + h as u32 - 24 * d as u32;
                        out[1].push(t - self.month_since[i * 720 + hour as usize % 720]);
                    }
                }
            }
        }
        out
    }

    fn check(&mut self, t: u64, slot: u32) {
        let [day, month] = self.ages(t, slot);
        let (oldest_day, oldest_month) = (day.iter().max(), month.iter().max());
        assert!(oldest_day.is_none_or(|a| *a < DAY_CAP), "true slot {t}, slot {slot}: {oldest_day:?} in the day ring");
        assert!(oldest_month.is_none_or(|a| *a < MONTH_CAP), "true slot {t}: {oldest_month:?} in the month ring");
        self.cases += day.len() + month.len();
    }

    /// What stands in the store, and the rings as a restart finds them at a slot.
    fn restart(&mut self, privacy: &Privacy, slot: u32) {
        let permit = privacy.keeping().expect("history is kept");
        let (mut day, mut month) = ([0; DayRing::BYTES], [0; MonthRing::BYTES]);
        self.day.save(&permit, &mut day);
        self.month.save(&permit, &mut month);
        // Nothing is stored that cannot be read: cells that are not unknown are those of the two zones.
        let stored = |bytes: &[u8]| bytes[14..].iter().filter(|b| **b != 255).count();
        let readable = |n: usize| {
            ZONES
                .iter()
                .map(|z| (0..n as i64).filter(|s| self.day.level(*z, Slot::new(*s)).is_some()).count())
                .sum::<usize>()
        };
        assert_eq!(stored(&day), readable(288));
        (self.day, self.month) = (DayRing::new(), MonthRing::new());
        self.day.load(&permit, &day, slot).expect("the ring's own bytes");
        self.month.load(&permit, &month, slot).expect("the ring's own bytes");
    }
}

fn states() -> [[Derived<Zone, Lan>; 2]; 2] {
    let privacy = agreed(&[More::On]);
    let permit = privacy.sensing(0).ok().expect("sensing is on");
    [false, true].map(|moving| {
        ZONES.map(|z| gate::zone(&permit, z, None, Slot::new(0), Some(&Raw::new(zone_estimate(moving, 5000)))))
    })
}

/// A true clock and a node's clock, which errs.
struct Clocks {
    t: u64,
    slot: u32,
}

fn jumps_and_restarts() -> usize {
    let (privacy, states) = (agreed(&[More::KeepOn]), states());
    let mut n = 0;
    for seed in 0..3 {
        let mut words = SplitMix(seed);
        let mut history = History::new();
        let mut c = Clocks { t: 0, slot: 1_000_000 };
        let (mut backwards, mut restarts) = (0, 0);
        while c.t < DAYS * 288 {
            c.t += 1;
            c.slot += 1;
            match words.under(700) {
                // Backwards by two slots at least: a clock that stands still for one slot cannot be noticed.
                0 => {
                    c.slot -= 2 + words.under(if seed == 1 { 12_000 } else { 400 }) as u32;
                    backwards += 1;
                }
                1 => c.slot += words.under(if seed == 2 { 12_000 } else { 400 }) as u32,
                // Off for a while; the clock is right about that.
                2 => {
                    let most = if words.under(4) == 0 { 9000 } else { 300 };
                    let away = words.under(most);
                    c.t += away;
                    c.slot += away as u32;
                    history.restart(&privacy, c.slot);
                    restarts += 1;
                }
                _ => {}
            }
            history.record(c.t, c.slot, &states[words.under(2) as usize]);
            if c.t % 13 == 0 {
                history.check(c.t, c.slot);
            }
        }
        assert!(backwards > 20 && restarts > 20, "{backwards} steps back, {restarts} restarts");
        n += history.cases;
    }
    n
}

/// Otherwise a ring that forgets everything would pass.
fn a_right_clock() -> usize {
    let (privacy, states) = (agreed(&[More::KeepOn]), states());
    let mut history = History::new();
    for t in 0..DAYS * 288 {
        let slot = 1_000_000 + t as u32;
        if t % 5000 == 4999 {
            history.restart(&privacy, slot);
        }
        history.record(t, slot, &states[1]);
        if t > MONTH_CAP && t % 997 == 0 {
            let [day, month] = history.ages(t, slot);
            // The month is read by days, 0 to 29 ago; today ends with the running hour.
            let hours = 29 * 24 + slot as usize / 12 % 24 + 1;
            assert_eq!((day.len(), month.len()), (2 * 288, 2 * hours), "true slot {t}");
            history.check(t, slot);
        }
    }
    history.cases
}

fn audit() -> usize {
    // Those that take every number, since the number leads to the time here.
    let any = |c: &&EventCode| c.numbers() == Numbers::From(Number::MIN, Number::MAX);
    let (mut n, codes) = (0, EventCode::ALL.iter().filter(any).copied().collect::<Vec<_>>());
    assert!(codes.iter().any(|c| c.is_lasting()) && codes.iter().any(|c| !c.is_lasting()));
    for seed in 0..3 {
        let mut words = SplitMix(40 + seed);
        let mut audit = Audit::<1024>::new();
        // True time of each entry; its number leads there.
        let mut noted: Vec<u64> = vec![];
        let mut c = Clocks { t: 0, slot: 1_000_000 };
        while c.t < DAYS * 288 {
            c.t += 1;
            c.slot += 1;
            match words.under(2000) {
                0 => c.slot -= 2 + words.under(2000) as u32,
                1 => c.slot += words.under(2000) as u32,
                2 => {
                    let mut bytes = vec![0; Audit::<1024>::BYTES];
                    let stored = audit.save(&mut bytes);
                    let away = words.under(3000);
                    c.t += away;
                    c.slot += away as u32;
                    audit = Audit::new();
                    audit.load(&bytes[..stored], c.slot).expect("the audit's own bytes");
                }
                _ => {}
            }
            audit.advance(c.slot);
            if words.under(30) == 0 && noted.len() < 65_536 {
                audit.note(codes[words.under(codes.len() as u64) as usize], Number::new(noted.len() as i64));
                noted.push(c.t);
            }
            if c.t % 101 == 0 {
                assert!(audit.len() <= 1024);
                for entry in audit.iter() {
                    let age = c.t - noted[usize::from(Entry::number(entry).get())];
                    assert!(age < AUDIT_CAP, "true slot {}: an entry of {age} slots", c.t);
                    n += 1;
                }
            }
        }
        assert!(noted.len() > 2000, "{}", noted.len());
    }
    n
}

/// What an export held comes back only where it is certain to be young enough: a step back hides so much age.
fn import_after_a_step_back() -> usize {
    let states = states();
    let (one, mut n) = (Level10::new(5), 0);
    for back in [0u32, 1, 10, 100, 286] {
        let (mut day, mut month) = (DayRing::new(), MonthRing::new());
        let now = 1_000_000 - back;
        for slot in (1_000_000 - 8640..=1_000_000).chain((back > 0).then_some(now)) {
            day.record(slot, &states[0][0]);
            month.record(slot, &states[0][0]);
        }
        day.erase(None);
        month.erase(None);
        let hidden = if back == 0 { 0 } else { back + 1 };
        for age in 0..288 {
            day.put_back(ZONES[0], now - age, one);
            let there = day.level(ZONES[0], Slot::new(i64::from((now - age) % 288))).is_some();
            assert_eq!(there, age + hidden < 288, "{back} slots back, {age} old");
            n += 1;
        }
        for hours in 0..720 {
            month.put_back(ZONES[0], now - 12 * hours, Active::new(3));
        }
        let known = |d: i64, h: i64| month.active(ZONES[0], Day::new(d), Hour::new(h)).is_some();
        let there = (0..30).flat_map(|d| (0..24).map(move |h| (d, h))).filter(|(d, h)| known(*d, *h)).count();
        // Days are read whole, so of the oldest day only what lies after midnight.
        let readable = 29 * 24 + (now as usize / 12) % 24 + 1;
        assert_eq!(there, readable.min(720 - hidden.div_ceil(12) as usize), "{back} slots back");
        n += 1;
    }
    n
}

/// The clock goes back a day at a time and the node is not told: then the twin must see what is too old.
fn the_check_can_fail() -> usize {
    let states = states();
    let mut history = History::new();
    (0..288).for_each(|t| history.record(t, 1000 + t as u32, &states[1]));
    // 150 true slots pass, and the node's clock shows none of them.
    let [day, _] = history.ages(287 + 150, 1287);
    assert!(day.iter().any(|age| *age >= DAY_CAP));
    assert!(agreed(&[More::Level(Level::Home)]).keeping().is_none(), "without consent nothing is stored");
    1
}
