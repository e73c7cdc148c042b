//! `t_window` of the privacy contract: through years of simulated time, changes of daylight saving included, the node changes no
//! radio by itself outside the household's window.
//!
//! Which minute it is at home is worked out here from the rules' text by other means than the node's. A radio that hears radar
//! changes by its driver's hand, at any time; the node plans no change of its own for it yet.

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use millpond_dsp::phy::Micros;
use millpond_node::act::{ActError, Actuator, Confirmation, Keeper, Proposal, Wish};
use millpond_node::config::{Mode, TimeZone, Window};
use millpond_report::estimate::{DecisionInput, RadioSetting};
use millpond_report::wire::range::{Band, DecisionKind, Slot, Width};
use millpond_report::wire::{Decision, Setting};
use millpond_report::{Raw, gate};
use millpond_tests::cases;

const DAY_S: i64 = 86_400;
/// Monday, 1 January 2024.
const START: i64 = 1_704_067_200;
const DAYS: i64 = 3 * 366;

fn main() -> ExitCode {
    cases::run(
        "t_window",
        &[
            ("the minute of the day, daylight saving included", minutes),
            ("no change outside the window in three years", changes),
            ("the household may at any time", the_household),
            ("a clock in UTC would be noticed", can_fail),
        ],
    )
}

/// A zone: its rule, minutes east of Greenwich in winter and in summer, and when summer begins and ends in a year, UTC.
struct Place {
    rule: &'static str,
    offsets: [i64; 2],
    summer: fn(i64) -> [i64; 2],
}

/// Days since 1970 of a date, by Howard Hinnant's algorithm (proleptic Gregorian calendar).
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The first Sunday on or after a date; 1 January 1970 was a Thursday.
fn sunday_from(day: i64) -> i64 {
    day + (3 - day).rem_euclid(7)
}

const PLACES: [Place; 4] = [
    Place { rule: "UTC0", offsets: [0, 0], summer: |_| [0, 0] },
    // The European Union: last Sundays of March and October, 01:00 UTC.
    Place {
        rule: "CET-1CEST,M3.5.0,M10.5.0/3",
        offsets: [60, 120],
        summer: |y| [sunday_from(day_of(y, 3, 25)), sunday_from(day_of(y, 10, 25))].map(|d| d * DAY_S + 3600),
    },
    // New York: second Sunday of March and first of November, 02:00 by the clock that runs.
    Place {
        rule: "EST5EDT,M3.2.0,M11.1.0",
        offsets: [-300, -240],
        summer: |y| [sunday_from(day_of(y, 3, 8)) * DAY_S + 7 * 3600, sunday_from(day_of(y, 11, 1)) * DAY_S + 6 * 3600],
    },
    Place { rule: "JST-9", offsets: [540, 540], summer: |_| [0, 0] },
];

impl Place {
    fn minute(&self, unix_s: i64) -> u16 {
        let year = 1970 + (unix_s / DAY_S) * 400 / 146_097;
        let is_summer = [year - 1, year, year + 1].iter().any(|y| {
            let [from, to] = (self.summer)(*y);
            (from..to).contains(&unix_s)
        });
        let offset = self.offsets[usize::from(is_summer)];
        ((unix_s + offset * 60).rem_euclid(DAY_S) / 60) as u16
    }

    fn zone(&self) -> TimeZone {
        self.rule.parse().expect("a POSIX rule")
    }
}

fn minutes() -> usize {
    let mut n = 0;
    for place in &PLACES {
        let zone = place.zone();
        for unix_s in (START..START + DAYS * DAY_S).step_by(299) {
            assert_eq!(zone.minute(unix_s), place.minute(unix_s), "{} at {unix_s}", place.rule);
            n += 1;
        }
    }
    n
}

/// Takes every change at once and writes down when; the time is the keeper's, in microseconds since the start.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Micros>>>);

impl Actuator for Recorder {
    fn propose(&self, d: &Decision) -> Result<Proposal, ActError> {
        Ok(Proposal { number: d.number.get(), from: d.from, to: d.to, commands: vec![] })
    }
    fn apply(&mut self, _: &Proposal, now: Micros) -> Result<(), ActError> {
        self.0.lock().expect("no thread panics").push(now);
        Ok(())
    }
    fn confirm(&mut self, _: u16, _: Micros) -> Result<Confirmation, ActError> {
        Ok(Confirmation::Done)
    }
    fn undo(&mut self, _: u16, _: Micros) -> Result<(), ActError> {
        Ok(())
    }
}

/// A decision that moves a radio between two channels.
fn decision(number: u32) -> Decision {
    let at = |channel| RadioSetting { node: 1, band: Band::Ghz5, channel, width: Width::Mhz80, power_dbm: 20 };
    let (from, to) = if number % 2 == 0 { (36, 149) } else { (149, 36) };
    let input = DecisionInput { kind: DecisionKind::Channel, to: at(to), ..DecisionInput::keep(number, at(from)) };
    *gate::decision(Slot::new(0), &Raw::new(input)).get()
}

/// A keeper through the three years by a clock: a new decision every hour or so, a look at the time every two minutes. Returns when it
/// changed something, in seconds since 1970.
fn run(window: Window, clock: &dyn Fn(i64) -> u16) -> Vec<i64> {
    let recorder = Recorder::default();
    let mut keeper = Keeper::new(Box::new(recorder.clone()), Mode::Auto, window);
    for (n, unix_s) in (0u32..).zip((START..START + DAYS * DAY_S).step_by(120)) {
        if n % 31 == 0 {
            keeper.on_decision(&decision(n / 31));
        }
        let _told = keeper.on_timer(Micros((unix_s - START) as u64 * 1_000_000), clock(unix_s));
    }
    drop(keeper);
    let changed = recorder.0.lock().expect("no thread panics");
    changed.iter().map(|t| START + (t.0 / 1_000_000) as i64).collect()
}

const WINDOWS: [&str; 3] = ["03:00-05:00", "23:30-00:30", "02:00-02:20"];

fn changes() -> usize {
    let mut n = 0;
    for place in &PLACES {
        for text in WINDOWS {
            let window: Window = text.parse().expect("a window");
            let zone = place.zone();
            let changed = run(window, &|unix_s| zone.minute(unix_s));
            for unix_s in &changed {
                let minute = place.minute(*unix_s);
                assert!(
                    window.contains(minute),
                    "{} {text}: changed at minute {minute} of the day, {unix_s}",
                    place.rule
                );
            }
            // Otherwise a keeper that does nothing would pass.
            assert!(changed.len() as i64 > DAYS / 3, "{} {text}: {} changes", place.rule, changed.len());
            n += changed.len();
        }
    }
    n
}

/// What an admin asks for is done at noon too, and what is taken back is.
fn the_household() -> usize {
    let recorder = Recorder::default();
    let mut keeper = Keeper::new(Box::new(recorder.clone()), Mode::Auto, "03:00-05:00".parse().expect("a window"));
    keeper.on_decision(&decision(2));
    let _told = keeper.on_timer(Micros(0), 720);
    assert!(recorder.0.lock().expect("no thread panics").is_empty());
    keeper.wish(Wish::Do(2));
    let _told = keeper.on_timer(Micros(1), 720);
    assert_eq!(recorder.0.lock().expect("no thread panics").len(), 1);
    let _: Setting = decision(2).to;
    1
}

fn can_fail() -> usize {
    let place = &PLACES[1];
    let window: Window = WINDOWS[0].parse().expect("a window");
    // By the winter's offset all year, summer's changes are an hour off.
    let changed = run(window, &|unix_s| ((unix_s + 3600).rem_euclid(DAY_S) / 60) as u16);
    let outside = changed.iter().filter(|t| !window.contains(place.minute(**t))).count();
    assert!(outside > 50, "{outside}");
    outside
}
