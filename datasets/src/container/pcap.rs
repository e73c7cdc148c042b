//! Packet captures: classic pcap and pcapng, one packet at a time.
//!
//! Sources: draft-ietf-opsawg-pcap (classic), draft-ietf-opsawg-pcapng.

use crate::walk::Look;

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
pub const PACKET_HEADER: usize = 16;

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

    /// Capture time of a packet: seconds since 1970, and the fraction in nanoseconds.
    pub fn time(self, packet: &[u8]) -> (u32, u32) {
        let fraction = self.u32(packet, 4);
        (self.u32(packet, 0), if self.nanoseconds { fraction } else { fraction.saturating_mul(1000) })
    }

    /// Judges a packet's header: captured length within the original and a fraction below a second.
    pub fn look(self, b: &[u8]) -> Look {
        if b.len() < PACKET_HEADER {
            return Look::Need(PACKET_HEADER);
        }
        let second = if self.nanoseconds { 1_000_000_000 } else { 1_000_000 };
        let (captured, original) = (self.u32(b, 8), self.u32(b, 12));
        // Some loggers swap the two lengths or leave the second 0; a packet of a quarter megabyte is none.
        if self.u32(b, 4) >= second || captured > MAX_PACKET || original > MAX_PACKET {
            return Look::Bad("no packet header");
        }
        Look::Other(PACKET_HEADER + captured as usize)
    }
}

/// tcpdump's own bound on a snapshot.
const MAX_PACKET: u32 = 262_144;
