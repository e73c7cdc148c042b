//! `t_pause` of the privacy contract, at the gate: a pause needs no credential, cannot be lifted without one, and expires.

use std::process::ExitCode;

use millpond_report::state::{Admin, Less, More, Pause, Settings};
use millpond_report::wire::range::{Level, Sensing, Slot, ZoneId, ZonePresence, ZoneState};
use millpond_report::{EventCode, Privacy, gate};
use millpond_tests::cases;
use millpond_tests::home::node;
use millpond_tests::scene::{Host, agreed};

const SECOND: u64 = 1_000_000;
const PAUSES: [(Pause, Option<u64>); 3] =
    [(Pause::Quarter, Some(900)), (Pause::Hour, Some(3600)), (Pause::UntilResumed, None)];
/// Starts of the clock, its end among them.
const CLOCKS: [u64; 4] = [0, 1, 77 * SECOND, u64::MAX - 1];

fn main() -> ExitCode {
    cases::run(
        "t_pause",
        &[
            ("anybody pauses, and it works at once", anybody),
            ("a pause ends at its time and not before", expires),
            ("nothing but an admin lifts it", only_an_admin),
            ("a restart and a file keep it", restarts),
        ],
    )
}

fn on() -> Privacy {
    agreed(&[More::On])
}

/// `set` takes no credential: there is no way to pass one. What is seen is *off* for every zone, and *paused* for the node.
fn anybody() -> usize {
    let mut n = 0;
    for (pause, _) in PAUSES {
        for now in CLOCKS {
            let mut privacy = on();
            let (code, _) = privacy.set(Less::Pause(pause), now);
            assert_eq!(code, EventCode::Paused);
            let silent = privacy.sensing(now).err();
            // At the end of the clock a pause with an end has none left; it must not wrap around to the past.
            let Some(silent) = silent else { panic!("{pause:?} at {now} us: sensing goes on") };
            assert!(silent.paused());
            for zone in (1..=16).map(ZoneId::new) {
                let message = gate::zone_silent(&silent, zone, None, Slot::new(0));
                assert_eq!((message.get().state, message.get().present), (ZoneState::Off, ZonePresence::Off));
                n += 1;
            }
            assert_eq!(gate::status(&privacy, now, &node(false)).get().sensing, Sensing::Paused);
        }
    }
    n
}

fn expires() -> usize {
    let mut n = 0;
    for (pause, seconds) in PAUSES {
        for now in &CLOCKS[..3] {
            let mut privacy = on();
            let _audit = privacy.set(Less::Pause(pause), *now);
            let end = seconds.map_or(u64::MAX, |s| now + s * SECOND);
            for t in [*now, now + 1, now + 899 * SECOND, end - 1] {
                assert!(privacy.sensing(t).is_err(), "{pause:?} from {now} at {t}");
                n += 1;
            }
            assert_eq!(privacy.sensing(end).is_ok(), seconds.is_some(), "{pause:?} from {now} at {end}");
            n += 1;
        }
    }
    n
}

struct Guest;

impl Admin for Guest {
    fn is_admin(&self) -> bool {
        false
    }
}

fn only_an_admin() -> usize {
    let steps = [
        Less::Off,
        Less::WeeklyOff,
        Less::KeepOff,
        Less::Level(Level::Managed),
        Less::Level(Level::Local),
        Less::ZoneOff(ZoneId::new(3)),
        Less::Pause(Pause::Quarter),
        Less::Pause(Pause::Hour),
    ];
    let mut n = 0;
    for (pause, seconds) in PAUSES {
        // Two steps of those that anybody may take, one after the other, later and later.
        for a in steps {
            for b in steps {
                let mut privacy = on();
                let _audit = privacy.set(Less::Pause(pause), 0);
                let _audit = (privacy.set(a, SECOND), privacy.set(b, 2 * SECOND));
                assert!(privacy.ask(More::Resume).confirm(&Guest).is_none());
                let until = seconds.unwrap_or(1 << 40) * SECOND;
                assert!(privacy.sensing(until - 1).is_err(), "{pause:?}, then {a:?} and {b:?}");
                n += 1;
            }
        }
        let mut privacy = on();
        let _audit = privacy.set(Less::Pause(pause), 0);
        // To switch on what is on already does not lift a pause either.
        let yes = privacy.ask(More::On).confirm(&Host).expect("the host is an admin");
        assert!(privacy.raise(yes).is_ok() && privacy.sensing(SECOND).is_err());
        let yes = privacy.ask(More::Resume).confirm(&Host).expect("the host is an admin");
        assert!(privacy.raise(yes).is_ok() && privacy.sensing(SECOND).is_ok());
        n += 2;
    }
    n
}

fn restarts() -> usize {
    let mut n = 0;
    for (pause, seconds) in PAUSES {
        for after in [0, 1, 500, 899] {
            let mut privacy = on();
            let _audit = privacy.set(Less::Pause(pause), 0);
            let stored = privacy.settings(after * SECOND);
            let mut restored = Privacy::restore(&stored, 7);
            let file = Settings { on: true, level: Level::Managed, ..Settings::DEFAULT };
            let _asks = restored.import(&file, 7);
            let left = seconds.map_or(1 << 30, |s| s - after);
            assert!(restored.sensing(7 + left * SECOND - 1).is_err(), "{pause:?} after {after} s");
            assert_eq!(restored.sensing(7 + left * SECOND).is_ok(), seconds.is_some(), "{pause:?} after {after} s");
            n += 2;
        }
    }
    n
}
