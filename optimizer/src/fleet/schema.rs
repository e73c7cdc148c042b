//! The two tables: `fleet` in, `plan` out, one row for each home.
//!
//! Types are those that Spark, DuckDB and pandas share: `string`, `bool`, `int32`, `int64`, `float32`, `timestamp` (µs,
//! UTC), lists and structs. Every field may be null. Units are in the names; shares of airtime run from 0 to 1. Adding a
//! field is free; a changed meaning is a new version. `docs/fleet.md` explains each field.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use super::columns::{F32, Flag, I32, I64, List, Text, Time, record};

/// Version of both tables, in the Parquet metadata under [`FLEET_KEY`] and [`PLAN_KEY`].
pub const VERSION: &str = "1";
/// Where the version of a `fleet` stands.
pub const FLEET_KEY: &str = "fleet.schema";
/// Where the version of a `plan` stands.
pub const PLAN_KEY: &str = "plan.schema";

record! {
    /// One home, or a building of homes that hear each other.
    Fleet, FleetBuilder {
        /// Pseudonym of the operator's making.
        home_id: Text,
        /// Homes that hear each other; null means alone.
        group_id: Text,
        /// ISO 3166-1 alpha-2.
        country: Text,
        /// End of the window.
        captured_at: Time,
        /// Length of the window.
        window_s: I32,
        /// The last change, for the time of rest after one.
        last_change_at: Time,
        /// Estimated cost: at least the sum over radios of 1 + neighbours.
        weight: I32,
        /// The access points.
        pods: List<Pods>,
    }
}

record! {
    /// An access point.
    Pods, PodsBuilder {
        /// Number in the row; links and plans refer to it. Null: its place in the list, from 0.
        pod: I32,
        /// Pseudonym for the operator's join back.
        pod_key: I64,
        /// Hardware model.
        model: Text,
        /// True for the one with the internet line.
        gateway: Flag,
        /// Which home of a building; null where the row is one home.
        home: I32,
        /// Its radios.
        radios: List<Radios>,
        /// The stations that it serves.
        clients: List<Clients>,
        /// What it hears of, and is joined to, other pods of the row.
        links: List<Links>,
    }
}

record! {
    /// A radio.
    Radios, RadiosBuilder {
        /// Number in the pod. Null: its place in the list, from 0.
        radio: I32,
        /// `2g`, `5g`, `5gl`, `5gu`, `6g`.
        band: Text,
        /// Primary 20 MHz channel in use.
        channel: I32,
        /// Width in use.
        width_mhz: I32,
        /// Centre in use.
        center_mhz: I32,
        /// Subchannels left out of the channel in use, as a bit mask, the lowest first. Null: the radio cannot.
        puncture: I32,
        /// EIRP in use.
        power_dbm: F32,
        /// Spatial streams.
        nss: I32,
        /// Widest channel that it can.
        max_width_mhz: I32,
        /// `n`, `ac`, `ax`, `be`.
        phy: Text,
        /// What it may use; null means what the country allows at the power in use.
        allowed: List<Allowed>,
        /// What it measured.
        survey: List<Surveys>,
        /// The networks that it heard.
        neighbors: List<Neighbors>,
    }
}

record! {
    /// A channel that a radio may use.
    Allowed, AllowedBuilder {
        /// Primary 20 MHz channel.
        channel: I32,
        /// Width; null means every width.
        width_mhz: I32,
        /// Highest EIRP there.
        max_power_dbm: F32,
        /// True if radar must be watched for.
        dfs: Flag,
        /// `ok`, `nop` (radar was seen), `cac` (listening is due).
        state: Text,
    }
}

record! {
    /// A measurement of one 20 MHz channel, or of the primary of a wider one.
    Surveys, SurveysBuilder {
        /// The channel.
        channel: I32,
        /// Width that was measured.
        width_mhz: I32,
        /// How long.
        duration_ms: I32,
        /// How often.
        samples: I32,
        /// True on the channel in use.
        on_channel: Flag,
        /// Busy share, everything in.
        busy: F32,
        /// Share of own sending.
        busy_tx: F32,
        /// Share of others' frames.
        busy_rx: F32,
        /// Share of frames for us.
        busy_self: F32,
        /// Noise in 20 MHz.
        noise_dbm: F32,
    }
}

record! {
    /// A network that a radio heard.
    Neighbors, NeighborsBuilder {
        /// Keyed pseudonym, equal within the group.
        bssid: I64,
        /// Primary 20 MHz channel.
        channel: I32,
        /// Width.
        width_mhz: I32,
        /// Centre.
        center_mhz: I32,
        /// Level.
        rssi_dbm: F32,
        /// Share of time that it sends.
        utilization: F32,
        /// Its stations.
        stations: I32,
        /// Since it was heard.
        age_s: I32,
        /// True for pods of this row.
        own: Flag,
    }
}

record! {
    /// A station.
    Clients, ClientsBuilder {
        /// Keyed pseudonym.
        client: I64,
        /// The serving radio of this pod.
        radio: I32,
        /// Level of its frames at that radio.
        rssi_dbm: F32,
        /// Spatial streams.
        nss: I32,
        /// Widest channel that it can.
        max_width_mhz: I32,
        /// `n`, `ac`, `ax`, `be`.
        phy: Text,
        /// PHY rate from it.
        rx_mbps: F32,
        /// PHY rate to it.
        tx_mbps: F32,
        /// What it wants in the busy hour.
        demand_mbps: F32,
        /// Share of airtime that it used.
        airtime: F32,
        /// It can use 2.4 GHz.
        can_2g: Flag,
        /// It can use 5 GHz.
        can_5g: Flag,
        /// It can use 6 GHz.
        can_6g: Flag,
        /// It follows requests to move.
        btm: Flag,
        /// Levels at radios that do not serve it.
        heard: List<Heard>,
    }
}

record! {
    /// The level of a station's frames at a radio.
    Heard, HeardBuilder {
        /// The pod.
        pod: I32,
        /// Its radio.
        radio: I32,
        /// Level.
        rssi_dbm: F32,
    }
}

record! {
    /// What a pod hears of another, or a cable between them.
    Links, LinksBuilder {
        /// The other pod.
        peer: I32,
        /// Our radio.
        radio: I32,
        /// `wifi`, `eth`, `moca`, `plc`.
        medium: Text,
        /// Level of the other's frames here.
        rssi_dbm: F32,
        /// PHY rate from it.
        rx_mbps: F32,
        /// PHY rate to it.
        tx_mbps: F32,
        /// True if this is our uplink.
        in_use: Flag,
    }
}

record! {
    /// The answer for one row of a fleet.
    Plans, PlansBuilder {
        /// From the row.
        home_id: Text,
        /// From the row.
        group_id: Text,
        /// Hash of row, settings and engine: equal inputs, equal id.
        plan_id: Text,
        /// The end of the row's window; never a clock's time.
        plan_for: Time,
        /// What planned, with its version.
        engine: Text,
        /// Hash of the settings.
        config_hash: Text,
        /// `planned`, `unchanged`, `skipped`, `failed`.
        status: Text,
        /// Why it was skipped or failed: a code and a place.
        reason: Text,
        /// What every radio shall do.
        radios: List<PlannedRadios>,
        /// The uplink of every pod but gateways.
        backhaul: List<Backhauls>,
        /// The stations that shall move; stations that stay are not named.
        steering: List<Steers>,
        /// What it is worth.
        score: Score,
        /// Reasons of all changes, as codes with numbers.
        explanation: List<Explained>,
        /// Work done.
        effort: Effort,
    }
}

record! {
    /// What a radio shall do.
    PlannedRadios, PlannedRadiosBuilder {
        /// The pod.
        pod: I32,
        /// Its radio.
        radio: I32,
        /// Its band, as the row has it.
        band: Text,
        /// Primary 20 MHz channel.
        channel: I32,
        /// Width.
        width_mhz: I32,
        /// Centre.
        center_mhz: I32,
        /// Subchannels left out, as a bit mask, the lowest first.
        puncture: I32,
        /// EIRP.
        power_dbm: F32,
        /// True if something else runs.
        changed: Flag,
        /// What runs.
        from_channel: I32,
        /// What runs.
        from_width_mhz: I32,
        /// What runs.
        from_power_dbm: F32,
        /// True if radar must be listened for first.
        dfs: Flag,
        /// What going back would cost, in U.
        gain: F32,
        /// Codes of the reasons, the heaviest first.
        why: List<Text>,
    }
}

record! {
    /// How a pod reaches its gateway.
    Backhauls, BackhaulsBuilder {
        /// The pod.
        pod: I32,
        /// The next pod on the way.
        parent: I32,
        /// Our radio; null on a cable.
        radio: I32,
        /// `wifi` or the cable's kind.
        medium: Text,
        /// Steps to the gateway.
        hops: I32,
        /// The rate that the row measured on this link, if it did.
        mbps: F32,
        /// True if something else runs.
        changed: Flag,
    }
}

record! {
    /// A station that shall move.
    Steers, SteersBuilder {
        /// The row's pseudonym of it.
        client: I64,
        /// The pod that shall serve it.
        pod: I32,
        /// Its radio.
        radio: I32,
    }
}

record! {
    /// What a plan is worth.
    Score, ScoreBuilder {
        /// U of what runs.
        before: F32,
        /// U of the plan.
        after: F32,
        /// The difference.
        gain: F32,
        /// Least of what a station gets now.
        worst_client_before_mbps: F32,
        /// Least of what a station shall get.
        worst_client_after_mbps: F32,
        /// Share of radios whose planned channel was surveyed.
        confidence: F32,
    }
}

record! {
    /// A reason.
    Explained, ExplainedBuilder {
        /// The code.
        code: Text,
        /// The pod.
        pod: I32,
        /// Its radio; null where it is about an uplink or a station.
        radio: I32,
        /// Its weight in U.
        value: F32,
        /// The channel that it speaks against.
        against: I32,
    }
}

record! {
    /// Work done.
    Effort, EffortBuilder {
        /// Rounds of search at most; 0 where no change could be worth its cost.
        iterations: I32,
        /// Null: this engine does not count its restarts.
        restarts: I32,
    }
}

/// The schema of a fleet.
pub fn fleet_schema() -> SchemaRef {
    Arc::new(Schema::new(Fleet::fields()))
}

/// The schema of a plan.
pub fn plan_schema() -> SchemaRef {
    Arc::new(Schema::new(Plans::fields()))
}
