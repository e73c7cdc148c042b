//! The bytes of Millpond's own recordings. The format is described in this crate's `FORMAT.md`.

use std::cell::Cell;

use crate::walk::Look;

/// First bytes of a file. The first byte has its top bit set and two kinds of line end follow, so that a transfer
/// that takes the file for text shows at once.
pub const MAGIC: [u8; 8] = *b"\x89MPC\r\n\x1a\n";
/// The version written, and the only one read.
pub const VERSION: u16 = 1;
/// Bytes of the file header: magic, version, flags, checksum.
pub const FILE_HEAD: usize = 16;
/// Marks a block.
pub const BLOCK: [u8; 4] = *b"mpB\x01";
/// Marker, kind, three zeros, length of the body.
pub const BLOCK_HEAD: usize = 12;
/// The checksum behind the body.
pub const BLOCK_TAIL: usize = 4;
/// The longest body written or read.
pub const MAX_BODY: usize = 8 << 20;

/// Kinds of blocks. Others are passed over.
pub const SHAPE: u8 = 1;
pub const FRAMES: u8 = 2;
pub const INDEX: u8 = 3;

/// CRC-32 (IEEE 802.3).
pub fn checksum(parts: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}

/// The file header.
pub fn file_head() -> [u8; FILE_HEAD] {
    let mut out = [0; FILE_HEAD];
    out[..8].copy_from_slice(&MAGIC);
    out[8..10].copy_from_slice(&VERSION.to_le_bytes());
    let crc = checksum(&[&out[..12]]);
    out[12..].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Appends a block.
pub fn put_block(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    let start = out.len();
    out.extend(BLOCK);
    out.extend([kind, 0, 0, 0]);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    let crc = checksum(&[&out[start..]]);
    out.extend(crc.to_le_bytes());
}

/// Judges the bytes at a block's start; the checksum is part of the judgement.
pub fn look(b: &[u8]) -> Look {
    if b.len() < BLOCK_HEAD {
        return Look::Need(BLOCK_HEAD + BLOCK_TAIL);
    }
    let body = u32::from_le_bytes([b[8], b[9], b[10], b[11]]) as usize;
    if !b.starts_with(&BLOCK) || body > MAX_BODY {
        return Look::Bad("no block");
    }
    let len = BLOCK_HEAD + body + BLOCK_TAIL;
    let Some(tail) = b.get(BLOCK_HEAD + body..len) else { return Look::Need(len) };
    if tail != checksum(&[&b[..BLOCK_HEAD + body]]).to_le_bytes() {
        return Look::Bad("the checksum of a block does not match");
    }
    if matches!(b[4], SHAPE | FRAMES) { Look::Csi(len) } else { Look::Other(len) }
}

/// Bytes that checksums may cost before they are given up on: damage to thirty of the longest blocks.
const PATIENCE: u64 = 256 << 20;
/// Blocks that are always checked.
const SHORT: usize = 4 << 10;
/// Bytes of patience that a good byte gives back.
const TRUST: u64 = 64;

/// Judges blocks, and bounds what false ones cost: a file of block heads alone, each with a claim of megabytes, would
/// be checksummed once for every twelve bytes of it.
pub struct Judge(Cell<u64>);

impl Judge {
    pub const fn new() -> Self {
        Self(Cell::new(PATIENCE))
    }

    /// As [`look`], but long blocks are refused unchecked once too many were false.
    pub fn look(&self, b: &[u8]) -> Look {
        let body = b.get(8..BLOCK_HEAD).map_or(0, |n| u32::from_le_bytes([n[0], n[1], n[2], n[3]]) as usize);
        let left = self.0.get();
        if body > SHORT && left == 0 {
            return Look::Bad("too many blocks with a false checksum to check a long one");
        }
        let answer = look(b);
        match answer {
            Look::Csi(len) | Look::Other(len) => self.0.set(PATIENCE.min(left + TRUST * len as u64)),
            Look::Bad(_) if b.starts_with(&BLOCK) => self.0.set(left.saturating_sub(body.min(MAX_BODY) as u64)),
            _ => {}
        }
        answer
    }
}

/// Appends an unsigned number in groups of seven bits, lowest first.
pub fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Signed to unsigned, small magnitudes first: 0, -1, 1, -2, ...
pub const fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// A reading position that fails at the end instead of panicking.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let out = self.bytes.get(self.at..self.at.checked_add(n)?)?;
        self.at += n;
        Some(out)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn f32(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes)
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn varint(&mut self) -> Option<u64> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.u8()?;
            v |= u64::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Some(v);
            }
        }
        None
    }

    pub fn signed(&mut self) -> Option<i64> {
        self.varint().map(|v| (v >> 1) as i64 ^ -((v & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for v in [0, 1, 127, 128, 300, u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, v);
            assert_eq!(Cursor { bytes: &out, at: 0 }.varint(), Some(v));
        }
        for v in [0, -1, 1, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, zigzag(v));
            assert_eq!(Cursor { bytes: &out, at: 0 }.signed(), Some(v));
        }
        assert_eq!(Cursor { bytes: &[0xff; 20], at: 0 }.varint(), None);
    }

    #[test]
    fn a_block_is_believed_with_its_checksum_only() {
        let mut out = Vec::new();
        put_block(&mut out, FRAMES, b"abc");
        assert!(matches!(look(&out), Look::Csi(19)));
        out[13] ^= 1;
        assert!(matches!(look(&out), Look::Bad(_)));
    }
}
