//! The bytes of Nexmon CSI: the UDP datagram a Broadcom firmware sends, and its three kinds of words.

use millpond_dsp::phy::{Band, Bandwidth, Channel};
use num_complex::Complex;

/// Destination port of every datagram.
const PORT: u16 = 5500;
/// First bytes of every datagram.
const MAGIC: [u8; 2] = [0x11, 0x11];
/// Bytes before the words.
const HEAD: usize = 18;

/// How a chip stores a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Words {
    /// Two 16-bit integers (4339, 43455c0).
    Int16,
    /// 9-bit parts over a shared 5-bit exponent (4358).
    Float9,
    /// 12-bit parts over a shared 6-bit exponent (4366c0).
    Float12,
}

/// A Broadcom chip that the firmware patch exists for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chip {
    /// Nexus 5.
    Bcm4339,
    /// Raspberry Pi 3B+ and 4.
    Bcm43455c0,
    /// Nexus 6P.
    Bcm4358,
    /// Asus RT-AC86U.
    Bcm4366c0,
}

impl Chip {
    /// Every chip.
    pub const ALL: [Self; 4] = [Self::Bcm4339, Self::Bcm43455c0, Self::Bcm4358, Self::Bcm4366c0];

    /// Its number, as Broadcom writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bcm4339 => "4339",
            Self::Bcm43455c0 => "43455c0",
            Self::Bcm4358 => "4358",
            Self::Bcm4366c0 => "4366c0",
        }
    }

    /// The chip of a datagram's chip field.
    pub const fn from_field(field: u16) -> Option<Self> {
        Some(match field {
            0x0001 => Self::Bcm4339,
            0x0065 => Self::Bcm43455c0,
            0x0003 | 0xdead => Self::Bcm4358,
            0x006a | 0xe834 => Self::Bcm4366c0,
            _ => return None,
        })
    }

    /// How it stores values.
    pub const fn words(self) -> Words {
        match self {
            Self::Bcm4339 | Self::Bcm43455c0 => Words::Int16,
            Self::Bcm4358 => Words::Float9,
            Self::Bcm4366c0 => Words::Float12,
        }
    }
}

/// A datagram long enough for the words its channel width asks for.
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    bytes: &'a [u8],
    width: Bandwidth,
}

impl<'a> Datagram<'a> {
    /// Checks a UDP payload.
    pub fn new(bytes: &'a [u8]) -> Result<Self, &'static str> {
        if bytes.len() < HEAD || !bytes.starts_with(&MAGIC) {
            return Err("no Nexmon datagram");
        }
        let spec = u16::from_le_bytes([bytes[14], bytes[15]]);
        let width = match spec >> 11 & 7 {
            2 => Bandwidth::Mhz20,
            3 => Bandwidth::Mhz40,
            4 => Bandwidth::Mhz80,
            5 => Bandwidth::Mhz160,
            _ => return Err("the channel specification names no width"),
        };
        let it = Self { bytes, width };
        if bytes.len() < HEAD + 4 * it.n_words() {
            return Err("fewer words than the channel's width asks for");
        }
        Ok(it)
    }

    fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])
    }

    /// True if the firmware writes RSSI and frame control where older ones repeat the magic.
    pub fn has_rssi(self) -> bool {
        self.bytes[2..4] != MAGIC
    }

    /// RSSI in dBm, from firmware that gives it.
    pub fn rssi(self) -> Option<i8> {
        self.has_rssi().then_some(self.bytes[2] as i8)
    }

    /// The transmitter.
    pub fn mac(self) -> [u8; 6] {
        self.bytes[4..10].try_into().expect("the constructor checked the length")
    }

    /// 802.11 sequence control; 0 where the firmware leaves it out.
    pub fn sequence_control(self) -> u16 {
        self.u16(10)
    }

    /// Receive chain and spatial stream. Some firmware swaps the two bytes.
    pub fn core_and_stream(self) -> (u8, u8) {
        let raw = self.u16(12);
        let raw = if raw > 63 { raw.swap_bytes() } else { raw };
        ((raw & 7) as u8, (raw >> 3 & 7) as u8)
    }

    /// Broadcom's channel specification.
    pub fn chanspec(self) -> u16 {
        self.u16(14)
    }

    /// The chip field.
    pub fn chip(self) -> u16 {
        self.u16(16)
    }

    /// Width of the receiver's channel.
    pub const fn width(self) -> Bandwidth {
        self.width
    }

    /// Number of words: the size of the FFT.
    pub const fn n_words(self) -> usize {
        64 * self.width.subchannels() as usize
    }

    /// The words, 4 bytes each.
    pub fn words(self) -> &'a [u8] {
        &self.bytes[HEAD..HEAD + 4 * self.n_words()]
    }
}

/// The channel of a channel specification.
pub fn channel(spec: u16) -> Option<Channel> {
    let center = (spec & 0xff) as u8;
    let (width, side) = (spec >> 11 & 7, (spec >> 8 & 7) as u8);
    let band = match spec >> 14 {
        0 => Band::Ghz2,
        3 => Band::Ghz5,
        _ => return None,
    };
    let width = *Bandwidth::ALL.get(usize::from(width.checked_sub(2)?))?;
    let first = center.checked_sub(2 * (width.subchannels() - 1))?;
    Channel::with_center(band, first.checked_add(4 * side)?, width, center)
}

/// Decodes a word of a pair of signed magnitudes of `MANTISSA` bits (sign included) over a shared exponent.
///
/// Exact: a magnitude has at most 11 bits.
#[inline]
pub fn float<const MANTISSA: u32, const EXPONENT: u32>(word: u32) -> Complex<f32> {
    let exponent = ((word << (32 - EXPONENT)) as i32) >> (32 - EXPONENT);
    // 2^exponent from its bits; the exponent lies within -32..32.
    let scale = f32::from_bits(((exponent + 127) as u32) << 23);
    let part = |at: u32| {
        let magnitude = (word >> at & ((1 << (MANTISSA - 1)) - 1)) as i32;
        // The sign goes on as an integer: a zero has none.
        let negative = (word >> (at + MANTISSA - 1) & 1) as i32;
        (magnitude ^ -negative).wrapping_add(negative) as f32 * scale
    };
    Complex::new(part(EXPONENT + MANTISSA), part(EXPONENT))
}

/// The UDP payload of a captured packet, if it may be a CSI datagram.
pub fn payload(packet: &[u8], link_type: u32) -> Option<&[u8]> {
    let ip = match link_type {
        LINK_ETHERNET => {
            // Up to two VLAN tags (IEEE 802.1Q) stand before the type.
            let tag = |at: usize| matches!(packet.get(at..at + 2), Some([0x81, 0x00] | [0x88, 0xa8] | [0x91, 0x00]));
            let tags = usize::from(tag(12)) + usize::from(tag(12) && tag(16));
            let at = 12 + 4 * tags;
            (packet.get(at..at + 2)? == [0x08, 0x00]).then(|| packet.get(at + 2..))??
        }
        LINK_RAW | LINK_RAW_BSD | LINK_RAW_IP | LINK_IPV4 => packet,
        LINK_NULL | LINK_LOOP => packet.get(4..)?,
        LINK_LINUX_COOKED => packet.get(16..)?,
        LINK_LINUX_COOKED_2 => packet.get(20..)?,
        _ => return None,
    };
    let &first = ip.first()?;
    if first >> 4 != 4 || *ip.get(9)? != 17 {
        return None;
    }
    let udp = ip.get(4 * usize::from(first & 15)..)?;
    let payload = udp.get(8..)?;
    let port = u16::from_be_bytes([udp[2], udp[3]]);
    (port == PORT && payload.starts_with(&MAGIC)).then_some(payload)
}

/// LINKTYPE_ values of the pcap registry; raw IP has other numbers on two systems.
const LINK_NULL: u32 = 0;
const LINK_ETHERNET: u32 = 1;
const LINK_RAW: u32 = 12;
const LINK_RAW_BSD: u32 = 14;
const LINK_RAW_IP: u32 = 101;
const LINK_LOOP: u32 = 108;
const LINK_LINUX_COOKED: u32 = 113;
const LINK_IPV4: u32 = 228;
const LINK_LINUX_COOKED_2: u32 = 276;

#[cfg(test)]
mod tests {
    use super::*;

    /// Value by the table of the format, in double precision.
    fn float_slow(word: u32, mantissa: u32, exponent: u32) -> (f64, f64) {
        let bits = |from: u32, n: u32| f64::from(word >> from & ((1 << n) - 1));
        let e = bits(0, exponent);
        let e = if e >= f64::from(1 << (exponent - 1)) { e - f64::from(1u32 << exponent) } else { e };
        let part = |at: u32| bits(at, mantissa - 1) * e.exp2() * (1.0 - 2.0 * bits(at + mantissa - 1, 1));
        (part(exponent + mantissa), part(exponent))
    }

    #[test]
    fn floats_are_exact() {
        for i in 0..200_000u32 {
            let word = i.wrapping_mul(2_654_435_761) >> 2;
            let v = float::<12, 6>(word);
            assert_eq!((f64::from(v.re), f64::from(v.im)), float_slow(word, 12, 6), "{word:x}");
            let v = float::<9, 5>(word & 0x7f_ffff);
            assert_eq!((f64::from(v.re), f64::from(v.im)), float_slow(word & 0x7f_ffff, 9, 5), "{word:x}");
        }
    }

    #[test]
    fn channel_specifications() {
        let c = channel(0xe02a).unwrap();
        assert_eq!((c.center(), c.width(), c.primary()), (42, Bandwidth::Mhz80, 36));
        assert_eq!(channel(0x1001).unwrap().primary(), 1);
        assert!(channel(0).is_none());
        assert!(channel(0xffff).is_none());
        assert!((0..=u16::MAX).any(|spec| channel(spec).is_some()), "none of them panics");
    }

    #[test]
    fn a_datagram_is_found_behind_every_link_header() {
        let ip = [
            &[0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 10, 10, 10, 255, 255, 255, 255][..],
            &[0x15, 0x7c, 0x15, 0x7c, 0, 0, 0, 0],
            &[0x11, 0x11, 7],
        ]
        .concat();
        let mac = *b"\xff\xff\xff\xff\xff\xffNEXMON";
        let behind = |head: &[u8]| [head, &ip].concat();
        for (link, packet) in [
            (1, behind(&[&mac[..], &[8, 0]].concat())),
            (1, behind(&[&mac[..], &[0x81, 0, 0, 5, 8, 0]].concat())),
            (1, behind(&[&mac[..], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]].concat())),
            (101, behind(&[])),
            (12, behind(&[])),
            (228, behind(&[])),
            (0, behind(&[2, 0, 0, 0])),
            (108, behind(&[0, 0, 0, 2])),
            (113, behind(&[0; 16])),
            (276, behind(&[0; 20])),
        ] {
            assert_eq!(payload(&packet, link), Some(&[0x11, 0x11, 7][..]), "link type {link}");
            for cut in 0..packet.len() - 3 {
                assert_eq!(payload(&packet[..cut], link), None);
            }
        }
        assert_eq!(payload(&ip, 105), None);
    }

    #[test]
    fn a_datagram_needs_all_its_words() {
        let mut bytes = vec![0; HEAD + 64 * 4];
        bytes[..2].copy_from_slice(&MAGIC);
        bytes[14..16].copy_from_slice(&0x1001u16.to_le_bytes());
        assert_eq!(Datagram::new(&bytes).unwrap().n_words(), 64);
        assert!(Datagram::new(&bytes[..bytes.len() - 1]).is_err());
        bytes[15] = 0;
        assert!(Datagram::new(&bytes).is_err());
    }
}
