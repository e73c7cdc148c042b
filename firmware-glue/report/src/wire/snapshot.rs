//! What the operator's optimizer sees of a home at the managed level: the air, never the people.

use super::field::List;
use super::range::{
    Band, Bucket, Busy, Channel, Handle, Loss, Noise, Power, Schema, Slot, Streams, Week, Width, choices,
};
use super::{group, message};

/// Nodes in a home.
pub const PODS: usize = 8;
/// Radios in a home.
pub const RADIOS: usize = 24;
/// Surveyed channels in a home.
pub const SURVEYS: usize = 64;
/// Different sorts of clients in a home.
pub const CLIENTS: usize = 32;

choices! {
    /// What a client can use at most.
    words ClientClass {
        /// 2.4 GHz only.
        Ghz2 = 0 "2",
        /// 2.4 and 5 GHz.
        Ghz5 = 1 "2+5",
        /// 2.4, 5 and 6 GHz.
        Ghz6 = 2 "2+5+6",
        /// Not known yet.
        Other = 3 "other",
    }
}

group! {
    /// One radio: what it can and what it does.
    RadioView {
        /// Whose, by the pod's handle.
        pod: Handle,
        /// Which band.
        band: Band,
        /// Primary channel in use.
        channel: Channel,
        /// Width in use, MHz.
        width: Width,
        /// EIRP in use, dBm.
        power: Power,
        /// Widest that it can, MHz.
        width_max: Width,
        /// EIRP at most, dBm.
        power_max: Power,
        /// Streams.
        streams: Streams,
    }
}

group! {
    /// One channel as one pod hears it.
    ChannelView {
        /// Heard by.
        pod: Handle,
        /// Which band.
        band: Band,
        /// Which channel.
        channel: Channel,
        /// Busy share.
        busy: Busy,
        /// Noise class.
        noise: Noise,
        /// Foreign networks at -60 dBm or above.
        near: Bucket,
        /// Foreign networks between -75 and -60 dBm.
        middle: Bucket,
        /// Foreign networks below -75 dBm.
        far: Bucket,
    }
}

group! {
    /// Clients that look the same in these buckets.
    ClientView {
        /// Served by.
        pod: Handle,
        /// In band.
        band: Band,
        /// Capability.
        class: ClientClass,
        /// How many.
        count: Bucket,
        /// Path loss to each pod, in the order of `pods`.
        loss: [Option<Loss>; PODS],
    }
}

message! {
    /// The home's air for the operator's optimizer: fixed cadence, one size.
    Snapshot in Wan, padded 0 {
        /// Version of this vocabulary.
        schema: Schema,
        /// Which week.
        week: Week,
        /// When, no finer than the slot.
        slot: Slot,
        /// The pods' handles of this epoch.
        pods: List<Handle, PODS>,
        /// Path loss from pod to pod, row by row in the order of `pods`.
        loss: [Option<Loss>; PODS * PODS],
        /// The radios, by pod, band and channel.
        radios: List<RadioView, RADIOS>,
        /// The channels, by pod, band and number.
        channels: List<ChannelView, SURVEYS>,
        /// The clients, sorted by what is shown, so that the order tells nothing.
        clients: List<ClientView, CLIENTS>,
    }
}
