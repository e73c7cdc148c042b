//! A home for some minutes, seen by those who watch its push sinks from outside: when does how much go out?

use std::convert::Infallible;

use millpond_report::budget::{LedgerStore, RECORD, WeekAnswers};
use millpond_report::estimate::{
    ChannelInput, ClientInput, DecisionInput, Motion, Presence, RadioInput, RadioSetting, RadioSurvey, SnapshotInput,
    ZoneEstimate,
};
use millpond_report::gate::NodeStatus;
use millpond_report::handle::Shuffle;
use millpond_report::sink::{Door, LanDoor, Sink, WanDoor};
use millpond_report::state::More;
use millpond_report::wire::range::{
    Band, Blocked, DecisionKind, Kept, Level, ManagedBy, NodeId, Number, ReasonCode, Slot, Source, Week, Width, ZoneId,
};
use millpond_report::wire::snapshot::{ClientClass, PODS, RADIOS, SURVEYS};
use millpond_report::{EventCode, Kind, Lan, Ledger, Port, Privacy, Raw, Wired, gate};

use crate::scene::{Host, agreed};
use crate::words::SplitMix;

/// Who is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Nobody: nothing moves, the air is quiet, nothing is decided.
    Empty,
    /// Everybody: all zones move, every list is full, every number is long.
    Busy,
}

/// When the node sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// At fixed times, as the contract asks.
    Fixed,
    /// A deliberate leak: also an event at once when a zone begins to move.
    OnEvent,
    /// A deliberate leak: renderings without their padding.
    Unpadded,
}

/// One thing that went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Second since start.
    pub second: u64,
    /// Through which door.
    pub door: Door,
    /// Which message.
    pub kind: Kind,
    /// Length of the encoding.
    pub bytes: usize,
    /// Length of the JSON rendering.
    pub json: usize,
}

/// One thing that went out, with what was in it.
pub struct Sent {
    /// What an observer sees.
    pub packet: Packet,
    /// The encoding.
    pub bytes: Vec<u8>,
    /// The JSON rendering.
    pub json: String,
}

struct Watch {
    second: u64,
    door: Door,
    padded: bool,
    seen: Vec<Sent>,
}

impl Port for Watch {
    type Error = Infallible;
    fn put(&mut self, m: &Wired<'_>) -> Result<(), Infallible> {
        let json = m.to_string();
        let shown = if self.padded { json.len() } else { json.trim_end().len() };
        let (second, door) = (self.second, self.door);
        let packet = Packet { second, door, kind: m.kind(), bytes: m.bytes().len(), json: shown };
        self.seen.push(Sent { packet, bytes: m.bytes().to_vec(), json });
        Ok(())
    }
}

/// A medium for the ledger that never fails.
#[derive(Default)]
pub struct Disk(pub Vec<u8>);

impl LedgerStore for Disk {
    fn read(&mut self, out: &mut [u8]) -> Option<usize> {
        let n = self.0.len().min(out.len());
        out[..n].copy_from_slice(&self.0[..n]);
        Some(self.0.len())
    }
    fn append_and_flush(&mut self, record: &[u8; RECORD]) -> bool {
        self.0.extend(record);
        true
    }
    fn replace_and_flush(&mut self, records: &[u8]) -> bool {
        self.0 = records.to_vec();
        true
    }
}

/// Seconds that are watched: two slots and a half.
const SECONDS: u64 = 750;
/// The doors that push once a second.
const PUSHES: [LanDoor; 3] = [LanDoor::Page, LanDoor::Mqtt, LanDoor::Ubus];

/// Everything that goes out by itself within `SECONDS`; the weekly report is the last.
pub fn pushed(activity: Activity, cadence: Cadence) -> Vec<Sent> {
    let mut privacy = agreed(&[More::Level(Level::Managed), More::On]);
    let mut ledger = Ledger::new(Disk::default(), [7; 32]);
    let yes = privacy.ask(More::WeeklyOn).confirm(&Host).expect("the host is an admin");
    ledger.install().expect("the store is empty");
    ledger.open(&yes, 20_000).expect("a new ledger can be opened");
    privacy.raise(yes).expect("nothing changed since the question");
    let padded = cadence != Cadence::Unpadded;
    let mut watch = Watch { second: 0, door: Door::Lan(LanDoor::Page), padded, seen: vec![] };
    for second in 0..SECONDS {
        for door in PUSHES {
            (watch.second, watch.door) = (second, Door::Lan(door));
            round(&privacy, door, second, activity, cadence, &mut watch);
        }
        if second % 300 == 0 {
            watch.door = Door::Wan(WanDoor::Snapshot);
            operator(&privacy, second, activity, &mut watch);
        }
    }
    watch.door = Door::Wan(WanDoor::Weekly);
    let ticket = ledger.debit(&privacy, 20_007).expect("a week has its budget");
    let answers = Raw::new(WeekAnswers::new([if activity == Activity::Busy { 24 } else { 0 }; 8]));
    let report = gate::weekly(ticket, &mut SplitMix(1), &answers).expect("this generator never fails");
    let mut receiver = privacy.wan(WanDoor::Weekly, &mut watch).expect("there is a consent");
    receiver.send(&report).expect("the door carries it");
    watch.seen
}

/// What an observer of [`pushed`] sees.
pub fn seen(activity: Activity, cadence: Cadence) -> Vec<Packet> {
    pushed(activity, cadence).iter().map(|s| s.packet).collect()
}

/// What a door sends in one second: status, every zone, every radio, the last decision and the last event.
fn round(privacy: &Privacy, door: LanDoor, second: u64, activity: Activity, cadence: Cadence, watch: &mut Watch) {
    let busy = activity == Activity::Busy;
    let slot = Slot::new(if busy { 280 } else { 0 } + second as i64 / 300);
    let mut sink = privacy.lan(door, watch).expect("the level has this door");
    sink.send(&gate::status(privacy, second, &node(busy))).expect("the door carries it");
    let permit = privacy.sensing(second).ok().expect("sensing is on");
    for zone in 1..=16 {
        let begins = busy && second == 100 + zone as u64;
        let estimate = zone_estimate(busy && second >= 100 + zone as u64, second as i32);
        let message = gate::zone(&permit, ZoneId::new(zone), None, slot, Some(&Raw::new(estimate)));
        sink.send(&message).expect("the door carries it");
        if begins && cadence == Cadence::OnEvent {
            event(&mut sink, slot, EventCode::Overload, zone);
        }
    }
    for n in 1..=8 {
        for band in Band::ALL {
            let message = gate::radio(NodeId::new(n), *band, &Raw::new(radio_survey(busy)));
            sink.send(&message).expect("the door carries it");
        }
    }
    sink.send(&gate::decision(slot, &Raw::new(decision(busy)))).expect("the door carries it");
    let (code, number) = if busy { (EventCode::BudgetDebited, 65_535) } else { (EventCode::Radar, 0) };
    event(&mut sink, slot, code, number);
}

fn event(sink: &mut Sink<'_, Lan, Watch>, slot: Slot, code: EventCode, number: i64) {
    sink.send(&gate::event(slot, code, Number::new(number))).expect("the door carries it");
}

/// What the node says of itself.
pub fn node(busy: bool) -> NodeStatus {
    NodeStatus {
        source: if busy { Source::Closed } else { Source::Open },
        uptime_s: if busy { 1_000_000 } else { 1 },
        frames_since_off: if busy { 300 } else { 0 },
        kept: if busy { Kept::Quarantined } else { Kept::Disk },
        managed_by: if busy { ManagedBy::Operator } else { ManagedBy::Owner },
        budget_left: if busy { 100 } else { 0 },
    }
}

/// What the fusion of a zone says.
pub fn zone_estimate(moving: bool, score_milli: i32) -> ZoneEstimate {
    let (motion, presence) = if moving { (Motion::Moving, Presence::Unknown) } else { (Motion::Still, Presence::No) };
    let score_milli = if moving { 4000 + score_milli } else { 0 };
    ZoneEstimate { motion, presence, score_milli, threshold_milli: 3000, settled_milli: 1000 }
}

fn radio_survey(busy: bool) -> RadioSurvey {
    RadioSurvey {
        channel: if busy { 233 } else { 1 },
        width: if busy { Width::Mhz320 } else { Width::Mhz20 },
        busy_ms: if busy { 1000 } else { 0 },
        active_ms: 1000,
        noise_dbm: if busy { -70 } else { -99 },
        neighbours: if busy { 10 } else { 0 },
        stations: if busy { 10 } else { 0 },
        blocked: if busy { Blocked::Radar } else { Blocked::No },
    }
}

fn decision(busy: bool) -> DecisionInput {
    let at = |channel, power_dbm| {
        let (width, band) = (if busy { Width::Mhz320 } else { Width::Mhz20 }, Band::Ghz6);
        RadioSetting { node: 8, band, channel, width, power_dbm }
    };
    let mut input = DecisionInput::keep(if busy { 65_535 } else { 0 }, at(1, 0));
    if busy {
        (input.kind, input.to) = (DecisionKind::Channel, at(233, 36));
        input.reasons = std::array::from_fn(|i| Some((ReasonCode::ALL[i % ReasonCode::ALL.len()], -9_999_999)));
        input.losers = std::array::from_fn(|i| Some((at(100 + i as u8, 30), ReasonCode::Regulatory, i as i64)));
        (input.flip, input.measured_tenths) = (Some((ReasonCode::Capability, -9_999_999)), Some(-9999));
        input.expected_tenths = -9999;
    }
    input
}

/// The operator's snapshot, once a slot.
fn operator(privacy: &Privacy, second: u64, activity: Activity, watch: &mut Watch) {
    let permit = privacy.managed().expect("the level is 3");
    let handles = Shuffle::draw(&mut SplitMix(3)).expect("this generator never fails");
    let input =
        Raw::new(if activity == Activity::Busy { full() } else { SnapshotInput { pods: 1, ..SnapshotInput::EMPTY } });
    let message = gate::snapshot(&permit, &handles, Week::new(2900), Slot::new(second as i64 / 300), &input);
    let mut sink = privacy.wan(WanDoor::Snapshot, watch).expect("the level is 3");
    sink.send(&message).expect("the door carries it");
}

/// A home with every list full.
fn full() -> SnapshotInput {
    let at = |i: usize| RadioSetting {
        node: 1 + (i % PODS) as u8,
        band: Band::Ghz6,
        channel: 233,
        width: Width::Mhz320,
        power_dbm: 36,
    };
    let radio = |i: usize| RadioInput { setting: at(i), width_max: Width::Mhz320, power_max_dbm: 36, streams: 8 };
    let channel = |i: usize| ChannelInput {
        node: 1 + (i % PODS) as u8,
        band: Band::Ghz6,
        channel: 1 + i as u8,
        busy_milli: 1000,
        noise_dbm: -70,
        neighbours: [10; 3],
    };
    let client = |i: usize| ClientInput {
        node: 1 + (i % PODS) as u8,
        band: Band::Ghz5,
        class: ClientClass::Ghz6,
        loss_db: [Some(60 + 3 * (i / 4 % 20) as u8); PODS],
    };
    SnapshotInput {
        pods: PODS as u8,
        loss_db: [[Some(120); PODS]; PODS],
        radios: std::array::from_fn::<_, RADIOS, _>(|i| Some(radio(i))),
        channels: std::array::from_fn::<_, SURVEYS, _>(|i| Some(channel(i))),
        clients: std::array::from_fn(|i| Some(client(i))),
    }
}
