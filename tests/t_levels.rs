//! `t_levels` of the privacy contract: each level has its sinks and no other; lowering works at once; nothing raises without
//! an admin's answer to a fresh question.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::process::ExitCode;

use millpond_report::consent::Matter;
use millpond_report::sink::{Door, LanDoor, WanDoor};
use millpond_report::state::{Admin, Less, More, Pause, Settings, StateError};
use millpond_report::wire::range::{Level, ZoneId};
use millpond_report::{Audit, Kind, Port, Privacy, Wired, gate};
use millpond_tests::cases;
use millpond_tests::scene::Host;

fn main() -> ExitCode {
    cases::run(
        "t_levels",
        &[
            ("each level has its sinks", sinks),
            ("each door carries its messages", carried),
            ("a question for sensing and for keeping, by hand", questions_by_hand),
            ("lowering is in force before the call returns", lowering),
            ("no lowering raises", no_lowering_raises),
            ("no file raises", no_file_raises),
            ("a raise takes an admin and a fresh question to this state", raising),
            ("a raise changes what was asked and nothing else", one_thing),
            ("a question lists exactly what becomes possible", questions),
            ("an admin's word counts for one state", instances),
            ("each raise leaves a record and an entry that a viewer can read", recorded),
            ("each withdrawal ends its record", withdrawn),
        ],
    )
}

/// Section 4 of the contract with its amendment, written here by hand. Consents are on.
const TABLE: [(Level, &[Door]); 4] = {
    use Door::{Lan, Wan};
    use LanDoor::*;
    [
        (Level::Quiet, &[Lan(UnixSocket)]),
        (Level::Local, &[Lan(UnixSocket), Lan(CommandLine), Lan(Page), Lan(Caller), Lan(Log), Lan(Store)]),
        (
            Level::Home,
            &[
                Lan(UnixSocket),
                Lan(CommandLine),
                Lan(Page),
                Lan(Caller),
                Lan(Log),
                Lan(Store),
                Lan(Mqtt),
                Lan(Metrics),
                Lan(Ubus),
            ],
        ),
        (
            Level::Managed,
            &[
                Lan(UnixSocket),
                Lan(CommandLine),
                Lan(Page),
                Lan(Caller),
                Lan(Log),
                Lan(Store),
                Lan(Mqtt),
                Lan(Metrics),
                Lan(Ubus),
                Wan(WanDoor::Weekly),
                Wan(WanDoor::Snapshot),
            ],
        ),
    ]
};

struct Nowhere;

impl Port for Nowhere {
    type Error = Infallible;
    fn put(&mut self, _: &Wired<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn doors(privacy: &Privacy) -> Vec<Door> {
    let open = |d: &&Door| match **d {
        Door::Lan(d) => privacy.lan(d, &mut Nowhere).is_some(),
        Door::Wan(d) => privacy.wan(d, &mut Nowhere).is_some(),
    };
    Door::ALL.iter().filter(open).copied().collect()
}

/// The table less the doors whose consent is missing.
fn wanted(s: &Settings) -> Vec<Door> {
    let (_, doors) = TABLE.iter().find(|(level, _)| *level == s.level).expect("four levels");
    let consent = |d: &&Door| match d {
        Door::Lan(LanDoor::Store) => s.keep,
        Door::Wan(WanDoor::Weekly) => s.weekly,
        _ => true,
    };
    doors.iter().filter(consent).copied().collect()
}

/// Every state that there is, but for the length of a pause and the choice of zones.
fn states() -> Vec<Settings> {
    let mut out = vec![];
    for level in Level::ALL {
        for bits in 0..8u8 {
            let [on, weekly, keep] = [1, 2, 4].map(|b| bits & b != 0);
            if (on || keep) && *level == Level::Quiet || weekly && *level != Level::Managed {
                continue;
            }
            for pause_s in [0, 60, u32::MAX] {
                let with = |zones_off| Settings { level: *level, on, pause_s, zones_off, weekly, keep };
                out.extend([0, 1, 0x8000, 0xffff].map(with));
            }
        }
    }
    out
}

fn steps_down() -> Vec<Less> {
    let mut out = vec![Less::Off, Less::WeeklyOff, Less::KeepOff];
    out.extend(Level::ALL.iter().map(|l| Less::Level(*l)));
    out.extend([Pause::Quarter, Pause::Hour, Pause::UntilResumed].map(Less::Pause));
    out.extend((1..=16).map(|z| Less::ZoneOff(ZoneId::new(z))));
    out
}

fn steps_up() -> Vec<More> {
    let mut out = vec![More::On, More::Resume, More::WeeklyOn, More::KeepOn];
    out.extend(Level::ALL.iter().map(|l| More::Level(*l)));
    out.extend((1..=16).map(|z| More::ZoneOn(ZoneId::new(z))));
    out
}

fn sinks() -> usize {
    let mut n = 0;
    for s in states() {
        let privacy = Privacy::restore(&s, 0);
        assert_eq!(doors(&privacy), wanted(&s), "{s:?}");
        // Leave to write and to make a snapshot goes with the door for it.
        let open = |door| wanted(&s).contains(&door);
        assert_eq!(privacy.keeping().is_some(), open(Door::Lan(LanDoor::Store)), "{s:?}");
        assert_eq!(privacy.managed().is_some(), open(Door::Wan(WanDoor::Snapshot)), "{s:?}");
        n += 1;
    }
    assert_eq!(doors(&Privacy::new()), wanted(&Settings::DEFAULT), "a new node is at level 1");
    // What no level allows is lowered as it comes in, whoever wrote it.
    for level in Level::ALL {
        let most = Settings { level: *level, on: true, weekly: true, keep: true, ..Settings::DEFAULT };
        let s = Privacy::restore(&most, 0).settings(0);
        let above = *level > Level::Quiet;
        assert_eq!((s.on, s.keep, s.weekly), (above, above, *level == Level::Managed), "{level:?}");
        n += 1;
    }
    n
}

/// Section 4 by hand: at level 0 the socket says `status` alone; the log has codes alone; of the wide doors each has its own.
fn carried() -> usize {
    const LAN: [Kind; 8] = {
        use Kind::*;
        [Status, Zone, Day, Month, Radio, Link, Decision, Event]
    };
    let mut n = 0;
    for (level, open) in TABLE {
        for door in Door::ALL {
            let want: Vec<Kind> = match door {
                _ if !open.contains(door) => vec![],
                Door::Wan(WanDoor::Weekly) => vec![Kind::Weekly],
                Door::Wan(WanDoor::Snapshot) => vec![Kind::Snapshot],
                Door::Lan(LanDoor::Log) => vec![Kind::Event],
                Door::Lan(LanDoor::UnixSocket) if level == Level::Quiet => vec![Kind::Status],
                Door::Lan(_) => LAN.to_vec(),
            };
            for kind in Kind::ALL {
                assert_eq!(door.carries(*kind, level), want.contains(kind), "{door:?}, {kind:?} at {level:?}");
                n += 1;
            }
        }
    }
    n
}

/// At level 1: what sensing makes possible, and what keeping does.
fn questions_by_hand() -> usize {
    let privacy = Privacy::new();
    let listed = |more| privacy.ask(more).becomes_possible().collect::<Vec<_>>();
    let sensed = [Kind::Zone, Kind::Day, Kind::Month, Kind::Link];
    let doors = [LanDoor::UnixSocket, LanDoor::CommandLine, LanDoor::Page, LanDoor::Caller, LanDoor::Store];
    let want: Vec<_> = doors.iter().flat_map(|d| sensed.map(|k| (Door::Lan(*d), k))).collect();
    for more in [More::On, More::Resume, More::ZoneOn(ZoneId::new(3))] {
        assert_eq!(listed(more), want, "{more:?}");
    }
    let all = [Kind::Status, Kind::Zone, Kind::Day, Kind::Month, Kind::Radio, Kind::Link, Kind::Decision, Kind::Event];
    assert_eq!(listed(More::KeepOn), all.map(|k| (Door::Lan(LanDoor::Store), k)));
    4
}

fn lowering() -> usize {
    let mut n = 0;
    for s in states() {
        for less in steps_down() {
            let mut privacy = Privacy::restore(&s, 0);
            let _audit = privacy.set(less, 0);
            let after = privacy.settings(0);
            assert_eq!(doors(&privacy), wanted(&after), "{s:?}, {less:?}");
            let taken = match less {
                Less::Level(level) => after.level <= level,
                Less::Off => !after.on && privacy.sensing(0).is_err(),
                Less::ZoneOff(z) => after.zones_off >> (z.get() - 1) & 1 == 1,
                Less::Pause(_) => after.pause_s >= 900 && privacy.sensing(0).is_err(),
                Less::WeeklyOff => !after.weekly && privacy.wan(WanDoor::Weekly, &mut Nowhere).is_none(),
                Less::KeepOff => !after.keep && privacy.lan(LanDoor::Store, &mut Nowhere).is_none(),
            };
            assert!(taken, "{s:?}, {less:?}: {after:?}");
            n += 1;
        }
    }
    n
}

fn no_lowering_raises() -> usize {
    let mut n = 0;
    for s in states() {
        for less in steps_down() {
            let mut privacy = Privacy::restore(&s, 0);
            let _audit = privacy.set(less, 0);
            assert!(!privacy.settings(0).exceeds(&s), "{s:?}, {less:?}");
            n += 1;
        }
    }
    n
}

fn no_file_raises() -> usize {
    let (mut n, states) = (0, states());
    for now in &states {
        for file in &states {
            let mut privacy = Privacy::restore(now, 0);
            let asks = privacy.import(file, 0);
            let after = privacy.settings(0);
            assert!(!after.exceeds(now), "{now:?} takes {file:?}");
            assert_eq!(asks, file.exceeds(now), "{now:?} and {file:?}");
            // It is a change from outside: it leaves an entry, and makes every open question stale.
            let entries: Vec<_> = privacy.audit().iter().map(|e| e.code()).collect();
            assert_eq!(entries, [millpond_report::EventCode::SettingChanged]);
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

fn raising() -> usize {
    let mut n = 0;
    for s in states() {
        for more in steps_up() {
            let mut privacy = Privacy::restore(&s, 0);
            assert!(privacy.ask(more).confirm(&Guest).is_none(), "{more:?} by a guest");
            // A question that was asked before anything else changed is stale, whatever it was and whatever changed.
            let stale = privacy.ask(more).confirm(&Host).expect("the host is an admin");
            let _audit = privacy.set(Less::Off, 0);
            let before = privacy.settings(0);
            assert_eq!(privacy.raise(stale), Err(StateError::Stale), "{more:?}");
            let stale = privacy.ask(more).confirm(&Host).expect("the host is an admin");
            let _asks = privacy.import(&before, 0);
            assert_eq!(privacy.raise(stale), Err(StateError::Stale), "{more:?} after a file");
            assert_eq!(privacy.settings(0), before);
            n += 3;
        }
    }
    n
}

fn one_thing() -> usize {
    let mut n = 0;
    for s in states() {
        for more in steps_up() {
            let mut privacy = Privacy::restore(&s, 0);
            let yes = privacy.ask(more).confirm(&Host).expect("the host is an admin");
            let result = privacy.raise(yes);
            let mut want = s;
            let too_low = match more {
                More::Level(level) => {
                    want.level = s.level.max(level);
                    false
                }
                More::On | More::KeepOn => s.level == Level::Quiet,
                More::WeeklyOn => s.level < Level::Managed,
                _ => false,
            };
            match more {
                More::On if !too_low => want.on = true,
                More::WeeklyOn if !too_low => want.weekly = true,
                More::KeepOn if !too_low => want.keep = true,
                More::Resume => want.pause_s = 0,
                More::ZoneOn(z) => want.zones_off &= !(1 << (z.get() - 1)),
                _ => {}
            }
            assert_eq!(result.is_err(), too_low, "{s:?}, {more:?}");
            assert_eq!(privacy.settings(0), want, "{s:?}, {more:?}");
            n += 1;
        }
    }
    n
}

/// What was not possible before and is possible after, by trying every pair of door and message.
fn questions() -> usize {
    let possible = |s: &Settings| {
        let pairs = wanted(s).into_iter().flat_map(|d| Kind::ALL.iter().map(move |k| (d, *k)));
        pairs.filter(|(door, kind)| door.carries(*kind, s.level)).collect::<Vec<_>>()
    };
    let mut n = 0;
    for s in states() {
        for to in Level::ALL {
            let privacy = Privacy::restore(&s, 0);
            let listed: Vec<_> = privacy.ask(More::Level(*to)).becomes_possible().collect();
            let after = Settings { level: s.level.max(*to), ..s };
            // A consent is a question of its own; a door that waits for one is listed all the same.
            let mut want = possible(&Settings { keep: true, ..after });
            let before = possible(&Settings { keep: true, ..s });
            want.retain(|p| !before.contains(p) && p.1 != Kind::Weekly);
            assert_eq!(listed, want, "{s:?} to {to:?}");
            n += 1;
        }
    }
    n
}

fn instances() -> usize {
    let mut n = 0;
    for more in steps_up() {
        let (mut here, there) = (Privacy::new().for_instance(1), Privacy::new().for_instance(2));
        let before = here.settings(0);
        let word = there.ask(more).confirm(&Host).expect("the host is an admin");
        assert_eq!(here.raise(word), Err(StateError::Foreign), "{more:?}");
        // After a restart, under a new number, an old word counts no more.
        let old = here.ask(more).confirm(&Host).expect("the host is an admin");
        let mut after = Privacy::restore(&before, 0).for_instance(3);
        assert_eq!(after.raise(old), Err(StateError::Foreign), "{more:?}");
        assert!(here.settings(0) == before && after.settings(0) == before && here.audit().is_empty());
        n += 2;
    }
    n
}

/// The third admin account.
struct Third;

impl Admin for Third {
    fn is_admin(&self) -> bool {
        true
    }
    fn account(&self) -> u8 {
        3
    }
}

#[derive(Default)]
struct Texts(Vec<String>);

impl Port for Texts {
    type Error = Infallible;
    fn put(&mut self, m: &Wired<'_>) -> Result<(), Infallible> {
        self.0.push(m.to_string());
        Ok(())
    }
}

/// The records that a step up makes at a level, by the contract's words.
fn matters(more: More, from: Level) -> Vec<Matter> {
    let levels = [(Level::Local, Matter::Local), (Level::Home, Matter::Home), (Level::Managed, Matter::Managed)];
    match more {
        More::Level(to) => levels.into_iter().filter(|(l, _)| from < *l && *l <= to).map(|(_, m)| m).collect(),
        More::On => vec![Matter::Sensing],
        More::WeeklyOn => vec![Matter::Weekly],
        More::KeepOn => vec![Matter::Keep],
        More::Resume | More::ZoneOn(_) => vec![],
    }
}

fn recorded() -> usize {
    let mut n = 0;
    for s in states() {
        for more in steps_up() {
            let mut privacy = Privacy::restore(&s, 0);
            privacy.at(5 * 288 + 77);
            let ask = privacy.ask(more);
            let shown: BTreeSet<u8> = ask.becomes_possible().map(|(_, kind)| kind as u8).collect();
            let Ok((code, number)) = privacy.raise(ask.confirm(&Third).expect("this is an admin")) else { continue };
            let matters = matters(more, s.level);
            let mut recorded = BTreeSet::new();
            for matter in Matter::ALL {
                let record = privacy.consents().of(matter);
                assert_eq!(record.stands(), matters.contains(&matter), "{s:?}, {more:?}: {matter:?}");
                if record.stands() {
                    assert_eq!((record.given_by(), record.given_at()), (Some(3), Some(5 * 288 + 77)));
                    recorded.extend(record.messages().iter().map(|k| k as u8));
                }
            }
            assert!(matters.is_empty() || recorded == shown, "{s:?}, {more:?}: shown {shown:?}, recorded {recorded:?}");
            // Whoever sees the page sees the entry.
            let mut long = Audit::<1024>::new();
            long.advance(5 * 288 + 77);
            assert_eq!(privacy.hand_over(&mut long), 1);
            let mut texts = Texts::default();
            if let Some(mut page) = privacy.lan(LanDoor::Page, &mut texts) {
                long.iter().for_each(|e| page.send(&gate::audited(e)).expect("the page carries events"));
                let says: serde_json::Value = serde_json::from_str(&texts.0[0]).expect("JSON");
                assert_eq!((says["slot"].as_u64(), says["code"].as_str()), (Some(77), Some(code.text())));
                assert_eq!(says["number"].as_u64(), Some(number.get().into()));
            }
            n += 1;
        }
    }
    n
}

fn withdrawn() -> usize {
    let mut n = 0;
    for less in steps_down() {
        let mut privacy = Privacy::new();
        privacy.at(100);
        let _audit = privacy.set(Less::Level(Level::Quiet), 0);
        for more in [More::Level(Level::Managed), More::On, More::WeeklyOn, More::KeepOn] {
            let word = privacy.ask(more).confirm(&Host).expect("the host is an admin");
            privacy.raise(word).expect("nothing changed since the question");
        }
        assert!(Matter::ALL.iter().all(|m| privacy.consents().of(*m).stands()));
        privacy.at(101);
        let _audit = privacy.set(less, 0);
        let s = privacy.settings(0);
        for matter in Matter::ALL {
            let in_force = match matter {
                Matter::Local => s.level >= Level::Local,
                Matter::Home => s.level >= Level::Home,
                Matter::Managed => s.level >= Level::Managed,
                Matter::Sensing => s.on,
                Matter::Weekly => s.weekly,
                Matter::Keep => s.keep,
            };
            let record = privacy.consents().of(matter);
            assert_eq!(record.stands(), in_force, "{less:?}: {matter:?}");
            assert_eq!(record.withdrawn_at(), (!in_force).then_some(101), "{less:?}: {matter:?}");
            n += 1;
        }
        // A file that lowers withdraws as well.
        let file = Settings { level: Level::Quiet, ..Settings::DEFAULT };
        let _asks = privacy.import(&file, 0);
        assert!(Matter::ALL.iter().all(|m| !privacy.consents().of(*m).stands()), "{less:?}, then a file");
    }
    n
}
