//! What both capture formats hand on: a packet.

/// A captured packet.
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    /// Capture time: whole seconds since 1970, and the fraction in nanoseconds.
    pub seconds: u64,
    /// See `seconds`.
    pub nanos: u32,
    /// LINKTYPE_ number of its first header.
    pub link_type: u32,
    /// What was captured of it.
    pub data: &'a [u8],
}

/// tcpdump's own bound on a snapshot.
pub(super) const MAX_PACKET: u32 = 262_144;
