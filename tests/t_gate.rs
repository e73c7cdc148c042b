//! What comes out of the gate does not depend on identifiers: renamed stations give the same bytes, planted ones are found
//! in no spelling. Three deliberate leaks show that the two checks can fail.
//!
//! This is the gate by itself; `t_rename` and `t_canary` ask the same of the whole node.

use std::convert::Infallible;

use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::estimate::{ClientInput, DecisionInput, LinkEstimate, RadioSetting, SnapshotInput};
use millpond_report::handle::{Handles, Shuffle};
use millpond_report::pseudonym::{Domain, EpochKey};
use millpond_report::sink::{LanDoor, WanDoor};
use millpond_report::state::{Admin, More};
use millpond_report::wire::range::{Band, DecisionKind, Level, LinkKind, ReasonCode, Slot, Week, Width};
use millpond_report::wire::snapshot::ClientClass;
use millpond_report::{Address, Port, Privacy, Raw, Telemetry, Wipe, Wired, gate};
use millpond_tests::canary::{Canaries, Secret};

/// What a scene does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leak {
    None,
    /// Handles are dealt in the order of addresses.
    Rank,
    /// Equal levels are decided by address.
    Tie,
    /// The low bits of an address stand in a number.
    Number,
}

struct Station {
    mac: [u8; 6],
    loss_db: u8,
}

/// A station table as a driver gives it, class R.
struct Table {
    stations: Vec<Station>,
    leak: Leak,
}

impl Wipe for Table {
    fn wipe(&mut self) {
        self.stations.iter_mut().for_each(|s| s.mac.wipe());
        self.stations.clear();
    }
}

impl Telemetry for Table {}

/// The node of the loudest station changes its channel. Equal ones: the first that came.
fn decide(table: &Table) -> DecisionInput {
    let key = |(i, s): &(usize, &Station)| (s.loss_db, if table.leak == Leak::Tie { s.mac } else { [0; 6] }, *i);
    let (i, loudest) = table.stations.iter().enumerate().min_by_key(key).expect("the scene has stations");
    let at = |channel| RadioSetting {
        node: 1 + (i % 8) as u8,
        band: Band::Ghz5,
        channel,
        width: Width::Mhz80,
        power_dbm: 20,
    };
    let number = if table.leak == Leak::Number { u32::from(loudest.mac[5]) } else { 1 };
    let mut decision =
        DecisionInput { kind: DecisionKind::Channel, to: at(149), ..DecisionInput::keep(number, at(36)) };
    decision.reasons[0] = Some((ReasonCode::Busy, i64::from(loudest.loss_db)));
    decision
}

fn survey(table: &Table) -> SnapshotInput {
    let mut input = SnapshotInput { pods: 3, ..SnapshotInput::EMPTY };
    for (place, s) in input.clients.iter_mut().zip(&table.stations) {
        let mut loss_db = [None; 8];
        loss_db[0] = Some(s.loss_db);
        *place = Some(ClientInput { node: 1 + s.loss_db % 3, band: Band::Ghz5, class: ClientClass::Ghz5, loss_db });
    }
    input
}

struct Capture(Vec<u8>);

impl Port for Capture {
    type Error = Infallible;
    fn put(&mut self, m: &Wired<'_>) -> Result<(), Infallible> {
        self.0.extend(m.bytes());
        self.0.extend(m.to_string().bytes());
        Ok(())
    }
}

struct Host;
impl Admin for Host {
    fn is_admin(&self) -> bool {
        true
    }
}

struct Generator(u64);
impl Words for Generator {
    fn word(&mut self) -> Result<u32, NoWords> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok((self.0 >> 32) as u32)
    }
}

/// Everything that comes out while these stations are around. The scene is drawn by its seed, without their names.
fn scene(seed: u64, names: &[Secret], leak: Leak) -> Vec<u8> {
    let macs: Vec<[u8; 6]> =
        names.iter().filter_map(|s| if let Secret::Mac(m) = s { Some(*m) } else { None }).collect();
    let mut words = Generator(seed);
    let mut draw = |n: u32| words.word().expect("this generator never fails") % n;
    // Who arrives when, and how far away; few values, so that there are ties.
    let mut arrivals: Vec<usize> = (0..macs.len()).collect();
    (1..arrivals.len()).rev().for_each(|i| arrivals.swap(i, draw(i as u32 + 1) as usize));
    let losses: Vec<u8> = macs.iter().map(|_| 60 + 3 * draw(4) as u8).collect();

    let mut privacy = Privacy::new();
    for what in [More::Level(Level::Managed), More::On] {
        let yes = privacy.ask(what).confirm(&Host).expect("the host is an admin");
        privacy.raise(yes).expect("nothing changed since the question");
    }
    let mut capture = Capture(vec![]);
    let mut handles = Handles::<64>::draw(&mut words).expect("this generator never fails");
    let pods = Shuffle::draw(&mut words).expect("this generator never fails");
    let key = EpochKey::draw(&mut words, 20_000).expect("this generator never fails");
    if leak == Leak::Rank {
        let mut ranked = macs.clone();
        ranked.sort_unstable();
        for mac in ranked {
            let _dealt = handles.handle(&Raw::new(Address::new(mac)));
        }
    }
    for place in &arrivals {
        drop(key.pseudonym(Domain::Station, &Raw::new(Address::new(macs[*place]))));
        let handle = handles.handle(&Raw::new(Address::new(macs[*place]))).expect("64 stations, 64 handles");
        let permit = privacy.sensing(0).ok().expect("sensing is on");
        let estimate = Raw::new(LinkEstimate { good_milli: u16::from(losses[*place]) * 10 });
        let message = gate::link(&permit, handle, LinkKind::Sounding, &estimate);
        let mut page = privacy.lan(LanDoor::Page, &mut capture).expect("the level is 3");
        page.send(&message).expect("the page carries links");
    }
    let station = |place: &usize| Station { mac: macs[*place], loss_db: losses[*place] };
    let table = Raw::new(Table { stations: arrivals.iter().map(station).collect(), leak });
    let decision = gate::decision(Slot::new(7), &gate::look(&table, decide));
    let mut page = privacy.lan(LanDoor::Page, &mut capture).expect("the level is 3");
    page.send(&decision).expect("the page carries decisions");
    let permit = privacy.managed().expect("the level is 3");
    let snapshot = gate::snapshot(&permit, &pods, Week::new(2900), Slot::new(7), &gate::look(&table, survey));
    let mut operator = privacy.wan(WanDoor::Snapshot, &mut capture).expect("the level is 3");
    operator.send(&snapshot).expect("the operator gets snapshots");
    capture.0
}

const SCENES: u64 = 50;

#[test]
fn renamed_stations_give_the_same_bytes() {
    let canaries = Canaries::planted(5);
    for seed in 0..SCENES {
        let (a, b) = (scene(seed, canaries.secrets(), Leak::None), scene(seed, &canaries.renamed(seed), Leak::None));
        assert!(a.len() > 10_000 && a == b, "scene {seed}");
    }
}

#[test]
fn no_station_is_found_in_any_spelling() {
    let canaries = Canaries::planted(5);
    for seed in 0..SCENES {
        let found = canaries.search(&scene(seed, canaries.secrets(), Leak::None));
        assert!(found.is_empty(), "scene {seed}: {}", found[0]);
    }
}

#[test]
fn deliberate_leaks_are_caught_by_renaming() {
    let canaries = Canaries::planted(5);
    for (name, leak) in [("rank", Leak::Rank), ("tie", Leak::Tie), ("number", Leak::Number)] {
        let differ =
            |seed: &u64| scene(*seed, canaries.secrets(), leak) != scene(*seed, &canaries.renamed(*seed), leak);
        let caught = (0..SCENES).filter(differ).count();
        assert!(caught > 20, "{name}: caught in {caught} of {SCENES} scenes");
    }
}

#[test]
fn the_order_of_arrival_shows_in_handles_alone() {
    // The same table in another order: the snapshot (sorted by what it shows) must not change.
    let canaries = Canaries::planted(5);
    let table = |reversed: bool| {
        let macs = canaries.secrets().iter().filter_map(|s| if let Secret::Mac(m) = s { Some(*m) } else { None });
        let mut stations: Vec<_> =
            macs.enumerate().map(|(i, mac)| Station { mac, loss_db: 50 + (i % 40) as u8 }).collect();
        if reversed {
            stations.reverse();
        }
        Raw::new(Table { stations, leak: Leak::None })
    };
    let mut privacy = Privacy::new();
    let yes = privacy.ask(More::Level(Level::Managed)).confirm(&Host).expect("the host is an admin");
    privacy.raise(yes).expect("nothing changed since the question");
    let permit = privacy.managed().expect("the level is 3");
    let pods = Shuffle::draw(&mut Generator(1)).expect("this generator never fails");
    let make =
        |t: &Raw<Table>| *gate::snapshot(&permit, &pods, Week::new(1), Slot::new(1), &gate::look(t, survey)).get();
    assert!(make(&table(false)) == make(&table(true)));
}
