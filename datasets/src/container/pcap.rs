//! Packet captures: classic pcap here, pcapng beside it, one packet at a time.
//!
//! Source: draft-ietf-opsawg-pcap.

use super::packet::{MAX_PACKET, Packet};
use super::pcapng::{NG_MAGIC, Ng};
use crate::walk::Look;

/// A capture of either kind.
pub enum Capture {
    Classic(Classic),
    Ng(Ng),
}

impl Capture {
    /// The capture that the first bytes belong to, and the bytes before its first packet or block.
    pub fn new(head: &[u8]) -> Option<(Self, usize)> {
        if head.starts_with(&NG_MAGIC) {
            return Some((Self::Ng(Ng::new()), 0));
        }
        Classic::new(head).map(|classic| (Self::Classic(classic), CLASSIC_HEADER))
    }

    /// Judges the bytes at the start of a packet or block; `wanted` tells which packets are measurements.
    pub fn look(&self, b: &[u8], at_end: bool, wanted: impl Fn(Packet<'_>) -> bool) -> Look {
        match self {
            Self::Classic(classic) => match classic.look(b, at_end) {
                Look::Other(len) if b.len() < len => Look::Need(len),
                Look::Other(len) if wanted(classic.packet(&b[..len])) => Look::Csi(len),
                other => other,
            },
            Self::Ng(ng) => ng.look(b, wanted),
        }
    }

    /// The packet of a whole record, or `None` for a block that only describes the capture.
    pub fn packet<'a>(&mut self, record: &'a [u8]) -> Option<Packet<'a>> {
        match self {
            Self::Classic(classic) => Some(classic.packet(record)),
            Self::Ng(ng) => ng.take(record),
        }
    }
}

/// Byte order and time unit of a classic capture, from its magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classic {
    pub big_endian: bool,
    pub nanoseconds: bool,
    pub link_type: u32,
}

/// Bytes of the global header.
pub const CLASSIC_HEADER: usize = 24;
/// Bytes of a packet's header.
const PACKET_HEADER: usize = 16;

impl Classic {
    /// Reads the global header.
    pub fn new(b: &[u8]) -> Option<Self> {
        let (big_endian, nanoseconds) = match b.get(..4)? {
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, false),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, true),
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, true),
            _ => return None,
        };
        let mut it = Self { big_endian, nanoseconds, link_type: 0 };
        // The upper bits hold the length of a frame check sequence.
        it.link_type = it.u32(b.get(20..24)?, 0) & 0xffff;
        Some(it)
    }

    fn u32(self, b: &[u8], at: usize) -> u32 {
        let four = [b[at], b[at + 1], b[at + 2], b[at + 3]];
        if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }

    fn packet(self, record: &[u8]) -> Packet<'_> {
        let fraction = self.u32(record, 4);
        Packet {
            seconds: u64::from(self.u32(record, 0)),
            nanos: if self.nanoseconds { fraction } else { fraction.saturating_mul(1000) },
            link_type: self.link_type,
            data: &record[PACKET_HEADER..],
        }
    }

    /// Judges a packet's header.
    ///
    /// Where the two lengths differ (a packet cut by the capture's bound, or damage) the captured one is believed only
    /// if another packet stands behind it.
    fn look(self, b: &[u8], at_end: bool) -> Look {
        let Some(len) = self.length(b) else {
            return if b.len() < PACKET_HEADER { Look::Need(PACKET_HEADER) } else { Look::Bad("no packet header") };
        };
        let next = b.get(len..).unwrap_or_default();
        if self.u32(b, 8) == self.u32(b, 12) || self.length(next).is_some() || (at_end && b.len() == len) {
            return Look::Other(len);
        }
        match next.len() < PACKET_HEADER && !at_end {
            true => Look::Need(len + PACKET_HEADER),
            false => Look::Bad("no packet behind the captured length"),
        }
    }

    /// Length of the packet whose header stands at the start: a fraction below a second, lengths that packets have.
    fn length(self, b: &[u8]) -> Option<usize> {
        let b = b.get(..PACKET_HEADER)?;
        let second = if self.nanoseconds { 1_000_000_000 } else { 1_000_000 };
        let (captured, original) = (self.u32(b, 8), self.u32(b, 12));
        let fits = self.u32(b, 4) < second && captured <= MAX_PACKET && original <= MAX_PACKET;
        fits.then_some(PACKET_HEADER + captured as usize)
    }
}
