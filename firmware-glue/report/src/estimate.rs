//! Plain results of detectors, surveys and planners, as they stand inside [`Raw`](crate::Raw) before the gate.
//!
//! Integers only: a float that is summed in another order would show that order.

use crate::raw::{Telemetry, Wipe, overwrite};
use crate::wire::range::{Band, Blocked, By, DecisionKind, ReasonCode, Width};
use crate::wire::snapshot::{CLIENTS, ClientClass, PODS, RADIOS, SURVEYS};

/// Whether something moves.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Motion {
    /// Too little to go on.
    #[default]
    Unknown,
    /// Nothing.
    Still,
    /// Something.
    Moving,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// Too little to go on.
    #[default]
    Unknown,
    /// Nobody was noticed for long enough.
    No,
    /// Motion or a sign of life.
    Yes,
}

/// What the fusion of a zone's links holds at one time.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ZoneEstimate {
    /// Motion.
    pub motion: Motion,
    /// Presence.
    pub presence: Presence,
    /// The motion statistic in thousandths of the detector's unit.
    pub score_milli: i32,
    /// Where motion begins, in the same unit.
    pub threshold_milli: i32,
    /// How far the detectors have settled, in thousandths; 1000 is fully.
    pub settled_milli: u16,
}

/// What one link's detector says of its link.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkEstimate {
    /// Share of the wanted frames that came and were good, in thousandths.
    pub good_milli: u16,
}

/// Sums over one channel: no device, no frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RadioSurvey {
    /// Primary channel.
    pub channel: u8,
    /// Width in use.
    pub width: Width,
    /// Time that the channel was busy within `active_ms`.
    pub busy_ms: u64,
    /// Time that was measured; 0 counts as never busy.
    pub active_ms: u64,
    /// Noise floor, dBm.
    pub noise_dbm: i16,
    /// Foreign networks heard.
    pub neighbours: u32,
    /// Stations served.
    pub stations: u32,
    /// Whether radar blocks the channel.
    pub blocked: Blocked,
}

/// A radio's setting as the planner numbers it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RadioSetting {
    /// The node's number, 1 to 8.
    pub node: u8,
    /// The radio.
    pub band: Band,
    /// Primary channel.
    pub channel: u8,
    /// Width.
    pub width: Width,
    /// EIRP, dBm.
    pub power_dbm: u8,
}

/// Longest list of reasons or losers that a planner may hand in.
pub const TERMS: usize = 16;

/// A planner's decision. Its inputs may have been per-device levels, so it is raw until the gate has cut it down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DecisionInput {
    /// Running number.
    pub number: u32,
    /// What changes.
    pub kind: DecisionKind,
    /// Setting before.
    pub from: RadioSetting,
    /// Setting after.
    pub to: RadioSetting,
    /// Terms of the gain in thousandths of one airtime. A code that comes twice is added up.
    pub reasons: [Option<(ReasonCode, i64)>; TERMS],
    /// Settings not taken: each with what spoke against it most, and its cost.
    pub losers: [Option<(RadioSetting, ReasonCode, i64)>; TERMS],
    /// The smallest change of one input that would change the decision.
    pub flip: Option<(ReasonCode, i64)>,
    /// Expected gain, tenths of a percent.
    pub expected_tenths: i32,
    /// Measured gain, once there is one.
    pub measured_tenths: Option<i32>,
    /// Who decided.
    pub by: By,
}

/// One pod-to-something path loss in dB, where it is known.
pub type LossDb = Option<u8>;

/// What the gate needs for one [`Snapshot`](crate::wire::Snapshot). Pods are counted from 0 in any order.
#[derive(Clone, Copy)]
pub struct SnapshotInput {
    /// Number of pods.
    pub pods: u8,
    /// Path loss `[from][to]`.
    pub loss_db: [[LossDb; PODS]; PODS],
    /// Radios.
    pub radios: [Option<RadioInput>; RADIOS],
    /// Channels as heard.
    pub channels: [Option<ChannelInput>; SURVEYS],
    /// Clients, one entry each. More than fit into the message are merged or left out by the gate.
    pub clients: [Option<ClientInput>; 4 * CLIENTS],
}

/// One radio of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RadioInput {
    /// Which pod, and what it does. `setting.node` counts from 1.
    pub setting: RadioSetting,
    /// Widest that it can.
    pub width_max: Width,
    /// EIRP at most, dBm.
    pub power_max_dbm: u8,
    /// Streams.
    pub streams: u8,
}

/// One channel of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChannelInput {
    /// Heard by this pod, counted from 1.
    pub node: u8,
    /// Band.
    pub band: Band,
    /// Channel.
    pub channel: u8,
    /// Busy share in thousandths.
    pub busy_milli: u16,
    /// Noise floor, dBm.
    pub noise_dbm: i16,
    /// Foreign networks at -60 dBm or above, from -75 dBm up, and below.
    pub neighbours: [u32; 3],
}

/// One client of a snapshot: per device, so class R.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientInput {
    /// Served by this pod, counted from 1.
    pub node: u8,
    /// In this band.
    pub band: Band,
    /// Capability.
    pub class: ClientClass,
    /// Path loss to each pod.
    pub loss_db: [LossDb; PODS],
}

impl SnapshotInput {
    /// A home of nothing.
    pub const EMPTY: Self = Self {
        pods: 0,
        loss_db: [[None; PODS]; PODS],
        radios: [None; RADIOS],
        channels: [None; SURVEYS],
        clients: [None; 4 * CLIENTS],
    };
}

impl Wipe for ZoneEstimate {
    fn wipe(&mut self) {
        overwrite(self, Self::default());
    }
}

impl Wipe for LinkEstimate {
    fn wipe(&mut self) {
        overwrite(self, Self::default());
    }
}

impl Wipe for RadioSurvey {
    fn wipe(&mut self) {
        overwrite(self, Self::BLANK);
    }
}

impl Wipe for DecisionInput {
    fn wipe(&mut self) {
        overwrite(self, Self::BLANK);
    }
}

impl Wipe for SnapshotInput {
    fn wipe(&mut self) {
        overwrite(self, Self::EMPTY);
    }
}

impl RadioSurvey {
    const BLANK: Self = Self {
        channel: 0,
        width: Width::Mhz20,
        busy_ms: 0,
        active_ms: 0,
        noise_dbm: 0,
        neighbours: 0,
        stations: 0,
        blocked: Blocked::No,
    };
}

impl DecisionInput {
    const BLANK: Self = Self {
        number: 0,
        kind: DecisionKind::Keep,
        from: RadioSetting::BLANK,
        to: RadioSetting::BLANK,
        reasons: [None; TERMS],
        losers: [None; TERMS],
        flip: None,
        expected_tenths: 0,
        measured_tenths: None,
        by: By::Auto,
    };

    /// A decision to stay, without reasons yet.
    pub const fn keep(number: u32, setting: RadioSetting) -> Self {
        Self { number, from: setting, to: setting, ..Self::BLANK }
    }
}

impl RadioSetting {
    const BLANK: Self = Self { node: 0, band: Band::Ghz2, channel: 0, width: Width::Mhz20, power_dbm: 0 };
}

impl Telemetry for RadioSurvey {}
impl Telemetry for DecisionInput {}
impl Telemetry for SnapshotInput {}
