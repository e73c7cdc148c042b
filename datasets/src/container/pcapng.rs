//! pcapng captures: sections, interfaces, packets.
//!
//! Source: draft-ietf-opsawg-pcapng, sections 3.1 (blocks), 4.1 (section header), 4.2 (interface description),
//! 4.3 (enhanced packet). Simple packet blocks carry no time and are passed over.

use super::packet::{MAX_PACKET, Packet};
use crate::walk::Look;

/// Type of the section header block; it reads the same in both byte orders.
pub const NG_MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Type and both lengths.
const FRAME: usize = 12;
/// Fixed fields of an enhanced packet block, type and length included.
const EPB_HEAD: usize = 28;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
/// Interfaces remembered of one section.
const MAX_INTERFACES: usize = 1024;
/// Bytes of a block that is no packet.
const MAX_BLOCK: usize = 1 << 20;

/// What the capture said of itself so far.
#[derive(Clone, Debug)]
pub struct Ng {
    big_endian: bool,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link_type: u32,
    /// Time units in a second.
    ticks: u128,
    offset_s: i64,
}

impl Ng {
    pub const fn new() -> Self {
        Self { big_endian: false, interfaces: Vec::new() }
    }

    fn u16(&self, b: &[u8], at: usize) -> u16 {
        let two = [b[at], b[at + 1]];
        if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
    }

    fn u32(&self, b: &[u8], at: usize) -> u32 {
        let four = [b[at], b[at + 1], b[at + 2], b[at + 3]];
        if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }

    /// Byte order of a section, from its header block.
    fn order_of(b: &[u8]) -> Option<bool> {
        match b.get(8..12)? {
            [0x4d, 0x3c, 0x2b, 0x1a] => Some(false),
            [0x1a, 0x2b, 0x3c, 0x4d] => Some(true),
            _ => None,
        }
    }

    /// Judges the bytes at a block's start. Blocks that describe the capture count as measurements, so that the
    /// reader gets to see them.
    pub fn look(&self, b: &[u8], wanted: impl Fn(Packet<'_>) -> bool) -> Look {
        if b.len() < FRAME {
            return Look::Need(FRAME);
        }
        let section = b.starts_with(&NG_MAGIC);
        let order = if section { Self::order_of(b) } else { Some(self.big_endian) };
        let Some(big_endian) = order else { return Look::Bad("a section without byte order") };
        let it = Self { big_endian, interfaces: Vec::new() };
        let len = it.u32(b, 4) as usize;
        if len % 4 != 0 || len < FRAME || len > MAX_BLOCK.max(MAX_PACKET as usize + 1024) {
            return Look::Bad("no block length");
        }
        if b.len() < len {
            return Look::Need(len);
        }
        if it.u32(b, len - 4) as usize != len {
            return Look::Bad("the two lengths of a block differ");
        }
        let block = &b[..len];
        match it.u32(b, 0) {
            _ if section => Look::Csi(len),
            INTERFACE if len >= 20 => Look::Csi(len),
            ENHANCED_PACKET => match self.packet(block) {
                Some(packet) if wanted(packet) => Look::Csi(len),
                _ => Look::Other(len),
            },
            _ => Look::Other(len),
        }
    }

    /// Takes a whole block in: a packet, or `None` for one that describes the capture.
    pub fn take<'a>(&mut self, block: &'a [u8]) -> Option<Packet<'a>> {
        if block.starts_with(&NG_MAGIC) {
            *self = Self { big_endian: Self::order_of(block).unwrap_or(false), interfaces: Vec::new() };
            return None;
        }
        if self.u32(block, 0) == INTERFACE {
            if self.interfaces.len() < MAX_INTERFACES {
                self.interfaces.push(self.interface(block));
            }
            return None;
        }
        self.packet(block)
    }

    fn interface(&self, block: &[u8]) -> Interface {
        let mut it = Interface { link_type: u32::from(self.u16(block, 8)), ticks: 1_000_000, offset_s: 0 };
        let mut options = &block[16..block.len() - 4];
        while options.len() >= 4 {
            let (code, len) = (self.u16(options, 0), usize::from(self.u16(options, 2)));
            let Some(value) = options.get(4..4 + len) else { break };
            match (code, value) {
                (0, _) => break,
                // if_tsresol: a power of ten, or of two where the top bit is set.
                (9, &[power]) if power & 0x80 != 0 => it.ticks = 1 << (power & 0x7f).min(100),
                (9, &[power]) => it.ticks = 10u128.pow(u32::from(power.min(30))),
                // if_tsoffset
                (14, v) if v.len() == 8 => {
                    let eight = v.try_into().expect("eight bytes");
                    it.offset_s = if self.big_endian { i64::from_be_bytes(eight) } else { i64::from_le_bytes(eight) };
                }
                _ => {}
            }
            options = options.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        }
        it
    }

    fn packet<'a>(&self, block: &'a [u8]) -> Option<Packet<'a>> {
        if block.len() < EPB_HEAD + 4 || self.u32(block, 0) != ENHANCED_PACKET {
            return None;
        }
        let interface = self.interfaces.get(self.u32(block, 8) as usize)?;
        let data = block.get(EPB_HEAD..block.len() - 4)?.get(..self.u32(block, 20) as usize)?;
        let t = u128::from(self.u32(block, 12)) << 32 | u128::from(self.u32(block, 16));
        let seconds = (t / interface.ticks) as u64;
        let nanos = (t % interface.ticks * 1_000_000_000 / interface.ticks) as u32;
        let seconds = seconds.saturating_add_signed(interface.offset_s);
        Some(Packet { seconds, nanos, link_type: interface.link_type, data })
    }
}
