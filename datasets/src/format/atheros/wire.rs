//! The bytes of the Atheros CSI Tool: blocks in the writer's byte order and the bit stream of 10-bit parts.

use num_complex::Complex;

use crate::walk::Look;

/// The most tones a block has (40 MHz).
pub const MAX_TONES: usize = 114;
/// Length field and block header.
const HEAD: usize = 2 + 25;
/// A kernel buffer may carry a little more than its parts.
const SLACK: usize = 16;

/// Byte order of the machine that wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, b: &[u8], at: usize) -> u16 {
        let two = [b[at], b[at + 1]];
        if self == Self::Big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
    }

    fn u64(self, b: &[u8], at: usize) -> u64 {
        let eight = b[at..at + 8].try_into().expect("eight bytes");
        if self == Self::Big { u64::from_be_bytes(eight) } else { u64::from_le_bytes(eight) }
    }
}

/// A block whose lengths, tones and antenna counts agree.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    bytes: &'a [u8],
    order: Order,
}

impl<'a> Block<'a> {
    /// Checks a whole block, length field included.
    pub fn new(bytes: &'a [u8], order: Order) -> Option<Self> {
        matches!(look(order, bytes), Look::Csi(len) if len <= bytes.len()).then_some(Self { bytes, order })
    }

    /// The card's clock in microseconds.
    pub fn timestamp(self) -> u64 {
        self.order.u64(self.bytes, 2)
    }

    /// Centre of the channel in MHz.
    pub fn channel_mhz(self) -> u16 {
        self.order.u16(self.bytes, 12)
    }

    /// Noise floor in dBm; 0 if it was not measured.
    pub const fn noise(self) -> i8 {
        self.bytes[15] as i8
    }

    /// True for a 40 MHz channel.
    pub const fn is_40_mhz(self) -> bool {
        self.bytes[17] == 1
    }

    /// Number of tones, 56 or 114.
    pub const fn n_tones(self) -> usize {
        self.bytes[18] as usize
    }

    /// Receive antennas, 1 to 3.
    pub const fn n_rx(self) -> usize {
        self.bytes[19] as usize
    }

    /// Streams, 1 to 3.
    pub const fn n_tx(self) -> usize {
        self.bytes[20] as usize
    }

    /// RSSI of all chains together, then of each; 128 is a chain not used.
    pub fn rssi(self) -> [u8; 4] {
        self.bytes[21..25].try_into().expect("four bytes")
    }

    /// The bit stream.
    pub fn csi(self) -> &'a [u8] {
        &self.bytes[HEAD..HEAD + csi_bytes(self.n_tones(), self.n_rx() * self.n_tx())]
    }

    /// The received 802.11 frame, as far as it was logged.
    pub fn mpdu(self) -> &'a [u8] {
        let start = HEAD + usize::from(self.order.u16(self.bytes, 10));
        let len = usize::from(self.order.u16(self.bytes, 25));
        self.bytes.get(start..start + len).unwrap_or_default()
    }
}

/// Judges the bytes at a block's start.
pub fn look(order: Order, b: &[u8]) -> Look {
    if b.len() < HEAD {
        return Look::Need(HEAD);
    }
    let block = usize::from(order.u16(b, 0));
    let (csi, payload) = (usize::from(order.u16(b, 10)), usize::from(order.u16(b, 25)));
    let parts = 25 + csi + payload;
    if !(parts..=parts + SLACK).contains(&block) {
        return Look::Bad("the block length is not that of its parts");
    }
    if csi == 0 {
        return Look::Other(2 + block);
    }
    let (tones, n_rx, n_tx) = (usize::from(b[18]), usize::from(b[19]), usize::from(b[20]));
    let fits = matches!(tones, 56 | MAX_TONES) && (1..=3).contains(&n_rx) && (1..=3).contains(&n_tx);
    if fits && csi == csi_bytes(tones, n_rx * n_tx) {
        Look::Csi(2 + block)
    } else {
        Look::Refuse(2 + block, "CSI length, tones and antenna counts disagree")
    }
}

/// Bytes of the bit stream: 20 bits a value.
pub const fn csi_bytes(tones: usize, pairs: usize) -> usize {
    tones * pairs * 20 / 8
}

/// Unpacks the bit stream of `P` antenna pairs: imaginary then real part, 10 bits each, pair fastest, then tone.
///
/// - Shape: `out[P][n_tones]`; the pair that stands at place `j` of each tone goes to row `rows[j]`
/// - Cost: one 32-bit load and two shifts a value
///
/// # Panics
/// If `out` holds fewer than `P` rows of `n_tones`, or `rows` names another.
pub fn unpack<const P: usize>(csi: &[u8], n_tones: usize, rows: &[u8; 9], out: &mut [Complex<i16>]) {
    // Two tones are 5 P bytes, so that every value starts at a bit known in advance. Loads run up to two bytes past
    // the last value: the last two tones go through a padded buffer.
    let two = 5 * P;
    let (last, csi) = (n_tones / 2 - 1, &csi[..csi_bytes(n_tones, P)]);
    let mut padded = [0; 5 * 9 + 2];
    padded[..two].copy_from_slice(&csi[last * two..]);
    for (j, &row) in rows[..P].iter().enumerate() {
        let row = &mut out[usize::from(row) * n_tones..][..n_tones];
        let (front, back) = row.split_at_mut(2 * last);
        for (i, pair) in front.chunks_exact_mut(2).enumerate() {
            let bytes = &csi[i * two..i * two + two + 2];
            (pair[0], pair[1]) = (value(bytes, 20 * j), value(bytes, 20 * (P + j)));
        }
        (back[0], back[1]) = (value(&padded, 20 * j), value(&padded, 20 * (P + j)));
    }
}

/// The value whose 20 bits start at `bit`.
#[inline]
fn value(bytes: &[u8], bit: usize) -> Complex<i16> {
    let word = u32::from_le_bytes(bytes[bit / 8..bit / 8 + 4].try_into().expect("four bytes")) >> (bit % 8);
    // The shift left puts the field's sign bit on top, the arithmetic shift back spreads it.
    let im = (word << 22) as i32 >> 22;
    let re = (word << 12) as i32 >> 22;
    Complex::new(re as i16, im as i16)
}

/// [`unpack`] for a number of pairs known at run time; other numbers than 1, 2, 3, 4, 6, 9 are none of this card's.
pub fn unpack_pairs(pairs: usize, csi: &[u8], n_tones: usize, rows: &[u8; 9], out: &mut [Complex<i16>]) {
    match pairs {
        1 => unpack::<1>(csi, n_tones, rows, out),
        2 => unpack::<2>(csi, n_tones, rows, out),
        3 => unpack::<3>(csi, n_tones, rows, out),
        4 => unpack::<4>(csi, n_tones, rows, out),
        6 => unpack::<6>(csi, n_tones, rows, out),
        _ => unpack::<9>(csi, n_tones, rows, out),
    }
}

/// Rows of the pairs of one tone, which stand rx fastest, in a frame `[n_rx][n_tx]`.
pub fn rows(n_rx: usize, n_tx: usize) -> [u8; 9] {
    let mut rows = [0; 9];
    for (j, row) in rows[..n_rx * n_tx].iter_mut().enumerate() {
        *row = ((j % n_rx) * n_tx + j / n_rx) as u8;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of the bit stream, bit by bit.
    fn unpack_slow(csi: &[u8], n_tones: usize, n_rx: usize, n_tx: usize) -> Vec<Complex<i16>> {
        let field = |p: usize| {
            let v = (0..10).fold(0i16, |v, i| v | i16::from(csi[(p + i) / 8] >> ((p + i) % 8) & 1) << i);
            if v >= 512 { v - 1024 } else { v }
        };
        let mut out = vec![Complex::default(); n_tones * n_rx * n_tx];
        let mut p = 0;
        for tone in 0..n_tones {
            for tx in 0..n_tx {
                for rx in 0..n_rx {
                    out[(rx * n_tx + tx) * n_tones + tone] = Complex::new(field(p + 10), field(p));
                    p += 20;
                }
            }
        }
        out
    }

    #[test]
    fn unpacking_matches_the_definition() {
        let stream: Vec<u8> = (0..csi_bytes(114, 9)).map(|i| (i * 151 + i * i * 3) as u8).collect();
        for (n_rx, n_tx) in [(1, 1), (1, 2), (2, 1), (3, 1), (1, 3), (2, 2), (2, 3), (3, 2), (3, 3)] {
            for n_tones in [56, 114] {
                let pairs = n_rx * n_tx;
                let mut out = vec![Complex::default(); pairs * n_tones];
                let csi = &stream[..csi_bytes(n_tones, pairs)];
                unpack_pairs(pairs, csi, n_tones, &rows(n_rx, n_tx), &mut out);
                assert!(out == unpack_slow(csi, n_tones, n_rx, n_tx), "{n_rx} {n_tx} {n_tones}");
            }
        }
    }
}
