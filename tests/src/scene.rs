//! One scene at the gate: stations with names come and go, and everything that comes out is captured.
//!
//! A [`Leak`] plants one deliberate fault, so that a check can be seen to catch it.

use std::convert::Infallible;

use millpond_report::estimate::{ClientInput, DecisionInput, LinkEstimate, RadioSetting, SnapshotInput};
use millpond_report::handle::{Handles, Shuffle};
use millpond_report::pseudonym::{Domain, EpochKey};
use millpond_report::sink::{LanDoor, WanDoor};
use millpond_report::state::{Admin, More};
use millpond_report::wire::range::{Band, DecisionKind, Level, LinkKind, ReasonCode, Slot, Week, Width};
use millpond_report::wire::snapshot::ClientClass;
use millpond_report::{Address, Port, Privacy, Raw, Telemetry, Wipe, Wired, gate};

use crate::canary::Secret;
use crate::words::SplitMix;

/// What a scene does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Leak {
    /// Nothing.
    None,
    /// Handles are dealt in the order of addresses.
    Rank,
    /// Equal levels are decided by address.
    Tie,
    /// The low bits of an address stand in a number.
    Number,
}

/// A station in range.
pub struct Station {
    /// Its address.
    pub mac: [u8; 6],
    /// Path loss to it, dB.
    pub loss_db: u8,
}

/// A station table as a driver gives it, class R.
pub struct Table {
    /// In order of arrival.
    pub stations: Vec<Station>,
    /// What is done wrong with it.
    pub leak: Leak,
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

/// The table as the snapshot needs it.
pub fn survey(table: &Table) -> SnapshotInput {
    let mut input = SnapshotInput { pods: 3, ..SnapshotInput::EMPTY };
    for (place, s) in input.clients.iter_mut().zip(&table.stations) {
        let mut loss_db = [None; 8];
        loss_db[0] = Some(s.loss_db);
        *place = Some(ClientInput { node: 1 + s.loss_db % 3, band: Band::Ghz5, class: ClientClass::Ghz5, loss_db });
    }
    input
}

/// What came out of a scene; a sink that smuggles puts its bytes into the middle of it.
struct Capture {
    out: Vec<u8>,
    smuggled: Vec<u8>,
}

impl Port for Capture {
    type Error = Infallible;
    fn put(&mut self, m: &Wired<'_>) -> Result<(), Infallible> {
        self.out.extend(m.bytes());
        self.out.append(&mut self.smuggled);
        self.out.extend(m.to_string().bytes());
        Ok(())
    }
}

/// A host program that says yes.
pub struct Host;
impl Admin for Host {
    fn is_admin(&self) -> bool {
        true
    }
}

/// A state in which an admin has agreed to these steps.
pub fn agreed(steps: &[More]) -> Privacy {
    let mut privacy = Privacy::new();
    for what in steps {
        let yes = privacy.ask(*what).confirm(&Host).expect("the host is an admin");
        privacy.raise(yes).expect("nothing changed since the question");
    }
    privacy
}

/// Everything that comes out while these stations are around. The scene is drawn by its seed, without their names.
/// `smuggled` bytes go out beside the first message, as a faulty sink would send them.
pub fn scene(seed: u64, names: &[Secret], leak: Leak, smuggled: &[u8]) -> Vec<u8> {
    let macs: Vec<[u8; 6]> =
        names.iter().filter_map(|s| if let Secret::Mac(m) = s { Some(*m) } else { None }).collect();
    let mut words = SplitMix(seed);
    let mut draw = |n: u32| words.under(n.into()) as u32;
    // Who arrives when, and how far away; few values, so that there are ties.
    let mut arrivals: Vec<usize> = (0..macs.len()).collect();
    (1..arrivals.len()).rev().for_each(|i| arrivals.swap(i, draw(i as u32 + 1) as usize));
    let losses: Vec<u8> = macs.iter().map(|_| 60 + 3 * draw(4) as u8).collect();

    let privacy = agreed(&[More::Level(Level::Managed), More::On]);
    let mut capture = Capture { out: vec![], smuggled: smuggled.to_vec() };
    let mut handles = Handles::<64>::draw(&mut words).expect("this generator never fails");
    let pods = Shuffle::draw(&mut words).expect("this generator never fails");
    let mut place = None;
    let key = EpochKey::draw(&mut place, &mut words, 20_000).expect("this generator never fails");
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
    capture.out
}
