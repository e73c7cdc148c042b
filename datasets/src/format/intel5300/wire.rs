//! The bytes of the Linux 802.11n CSI Tool: records, the beamforming header, and the bit stream of 8-bit parts.

use num_complex::Complex;

use crate::walk::Look;

/// Subcarrier groups in every record.
pub const GROUPS: usize = 30;
/// Code of a record with a measurement.
const CODE_CSI: u8 = 0xbb;
/// Code of a record with a received 802.11 frame.
const CODE_MPDU: u8 = 0xc1;
/// Size field, code and beamforming header.
const HEAD: usize = 23;

/// A record whose length, antenna counts and CSI length agree.
#[derive(Clone, Copy)]
pub struct BfeeRecord<'a>(&'a [u8]);

impl<'a> BfeeRecord<'a> {
    /// Checks a whole record, size field included.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        match look(bytes, true) {
            Look::Csi(len) if len <= bytes.len() => Some(Self(&bytes[..len])),
            _ => None,
        }
    }

    fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    /// Low 32 bits of the card's clock, 1 µs.
    pub fn timestamp_low(self) -> u32 {
        u32::from(self.u16(3)) | u32::from(self.u16(5)) << 16
    }

    /// Running number of the driver's records.
    pub fn bfee_count(self) -> u16 {
        self.u16(7)
    }

    /// Receive chains, 1 to 3.
    pub const fn n_rx(self) -> usize {
        self.0[11] as usize
    }

    /// Spatial streams sounded, 1 to 3.
    pub const fn n_tx(self) -> usize {
        self.0[12] as usize
    }

    /// RSSI of antennas A, B, C in dB over an internal reference; 0 if the antenna gave none.
    pub const fn rssi(self) -> [u8; 3] {
        [self.0[13], self.0[14], self.0[15]]
    }

    /// Noise floor in dBm; -127 if unknown.
    pub const fn noise(self) -> i8 {
        self.0[16] as i8
    }

    /// Receiver gain in dB.
    pub const fn agc(self) -> u8 {
        self.0[17]
    }

    /// Which antenna each chain was connected to, two bits a chain from the lowest.
    pub const fn antenna_sel(self) -> u8 {
        self.0[18]
    }

    /// Low half of the driver's `rate_n_flags`.
    pub fn rate(self) -> u16 {
        self.u16(21)
    }

    /// The bit stream.
    pub fn csi(self) -> &'a [u8] {
        &self.0[HEAD..]
    }
}

/// Judges the bytes at a record's start.
pub fn look(b: &[u8], at_end: bool) -> Look {
    if b.len() < 3 {
        return Look::Need(3);
    }
    let size = usize::from(u16::from_be_bytes([b[0], b[1]]));
    if size == 0 {
        return Look::Bad("a record of size 0");
    }
    if b[2] == CODE_CSI && size >= HEAD - 2 {
        if b.len() < HEAD {
            return Look::Need(HEAD);
        }
        let (n_rx, n_tx) = (usize::from(b[11]), usize::from(b[12]));
        let len = usize::from(u16::from_le_bytes([b[19], b[20]]));
        let fits = (1..=3).contains(&n_rx) && (1..=3).contains(&n_tx) && len == csi_bytes(n_rx * n_tx);
        if fits && size == HEAD - 2 + len {
            return Look::Csi(2 + size);
        }
    }
    // Not consistent in itself: believe the size only if another record stands behind it.
    match (b.len() >= 2 + size + 3, at_end) {
        (true, _) if !leads_on(b, 2 + size) => Look::Bad("no record behind the stated size"),
        (false, false) => Look::Need(2 + size + 3),
        (false, true) if b.len() < 2 + size => Look::Need(2 + size),
        _ if b[2] == CODE_CSI => Look::Refuse(2 + size, "CSI length, antenna counts and record size disagree"),
        _ => Look::Other(2 + size),
    }
}

/// True if a record of a known code stands at `at`, or behind a few records of other codes from there on, as far as the
/// bytes go.
fn leads_on(b: &[u8], mut at: usize) -> bool {
    for _ in 0..8 {
        let Some(&[high, low, code]) = b.get(at..at + 3) else { return false };
        let size = usize::from(u16::from_be_bytes([high, low]));
        if matches!(code, CODE_CSI | CODE_MPDU) {
            return true;
        }
        if size == 0 {
            return false;
        }
        at += 2 + size;
        if at == b.len() {
            return true;
        }
    }
    false
}

/// Bytes of the bit stream of `pairs` antenna pairs: 3 bits before each group, 16 a value.
pub const fn csi_bytes(pairs: usize) -> usize {
    (GROUPS * (pairs * 16 + 3)).div_ceil(8)
}

/// Unpacks the bit stream of `P` antenna pairs into rows of tones: pair `j` goes to row `rows[j]`.
///
/// - Shape: `out[P][30]`, tone fastest
/// - Cost: one 64-bit load and shift for each three values
///
/// # Panics
/// If `out` holds fewer than `P` rows, or `rows` names another.
pub fn unpack<const P: usize>(csi: &[u8], rows: &[u8; 9], out: &mut [Complex<i8>]) {
    // Loads run up to 8 bytes past the last value's first byte: the stream goes through a padded buffer.
    let mut padded = [0; csi_bytes(9) + 8];
    let n = csi.len().min(csi_bytes(P));
    padded[..n].copy_from_slice(&csi[..n]);
    let mut groups = [[Complex::new(0, 0); P]; GROUPS];
    for (i, group) in groups.iter_mut().enumerate() {
        let bit = i * (16 * P + 3) + 3;
        for (three, first) in group.chunks_mut(3).zip((0..).step_by(3)) {
            let at = bit / 8 + 2 * first;
            let word = u64::from_le_bytes(padded[at..at + 8].try_into().expect("eight bytes")) >> (bit % 8);
            for (j, value) in three.iter_mut().enumerate() {
                let pair = word >> (16 * j);
                *value = Complex::new(pair as i8, (pair >> 8) as i8);
            }
        }
    }
    // Row by row, without a look at the bounds for each value.
    for (j, &row) in rows[..P].iter().enumerate() {
        let row = &mut out[usize::from(row) * GROUPS..][..GROUPS];
        row.iter_mut().zip(&groups).for_each(|(out, group)| *out = group[j]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of the bit stream, bit by bit.
    fn unpack_slow(csi: &[u8], pairs: usize) -> Vec<Complex<i8>> {
        let bit = |n: usize| csi[n / 8] >> (n % 8) & 1;
        let byte = |p: usize| (0..8).fold(0u8, |v, i| v | bit(p + i) << i) as i8;
        let mut out = vec![Complex::default(); pairs * GROUPS];
        let mut p = 0;
        for group in 0..GROUPS {
            p += 3;
            for pair in 0..pairs {
                out[pair * GROUPS + group] = Complex::new(byte(p), byte(p + 8));
                p += 16;
            }
        }
        out
    }

    #[test]
    fn unpacking_matches_the_definition() {
        let stream: Vec<u8> = (0..csi_bytes(9)).map(|i| (i * 89 + i * i * 7) as u8).collect();
        let rows = [0, 1, 2, 3, 4, 5, 6, 7, 8];
        let check = |pairs: usize, f: fn(&[u8], &[u8; 9], &mut [Complex<i8>])| {
            let mut out = vec![Complex::default(); pairs * GROUPS];
            f(&stream[..csi_bytes(pairs)], &rows, &mut out);
            assert!(out == unpack_slow(&stream, pairs), "{pairs} pairs");
        };
        check(1, unpack::<1>);
        check(2, unpack::<2>);
        check(3, unpack::<3>);
        check(4, unpack::<4>);
        check(6, unpack::<6>);
        check(9, unpack::<9>);
    }

    #[test]
    fn stream_length_is_the_tools() {
        assert_eq!([1, 2, 3, 4, 6, 9].map(csi_bytes), [1, 2, 3, 4, 6, 9].map(|p| 60 * p + 12));
    }
}
