//! What the kernel's wireless layer knows: interfaces, stations, surveys, networks around.
//!
//! Source: Linux `include/uapi/linux/nl80211.h`; information elements by IEEE 802.11-2020, 9.4.2. Any value may be
//! missing: drivers differ. What comes back is full of addresses and goes from here into sealed reports alone.

use std::io;
use std::time::Duration;

use millpond_dsp::phy::{Band, Bandwidth, MacAddr};

use super::netlink::{Answers, Attributes, Netlink, u32_of, u64_of};

const GET_INTERFACE: u8 = 5;
const GET_STATION: u8 = 17;
const GET_SCAN: u8 = 32;
const TRIGGER_SCAN: u8 = 33;
const GET_SURVEY: u8 = 50;

const IFINDEX: u16 = 3;
const IFNAME: u16 = 4;
const IFTYPE: u16 = 5;
const MAC: u16 = 6;
const STA_INFO: u16 = 21;
const WIPHY_FREQ: u16 = 38;
const SCAN_SSIDS: u16 = 45;
const BSS: u16 = 47;
const SSID: u16 = 52;
const SURVEY_INFO: u16 = 84;
const TX_POWER_LEVEL: u16 = 98;
const SCAN_FLAGS: u16 = 158;
const CHANNEL_WIDTH: u16 = 159;
/// `NL80211_SCAN_FLAG_LOW_PRIORITY` and `_AP`: an access point scans too, when it has time.
const GENTLY: u32 = 1 | 4;

/// Radios, stations, channels and networks that are kept at most of one answer.
const MOST: usize = 1024;

/// An interface of a radio.
#[derive(Clone, Default)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its own address.
    pub address: Option<MacAddr>,
    /// It is an access point.
    pub serves: bool,
    /// Primary 20 MHz channel.
    pub channel: Option<(Band, u8)>,
    /// Width.
    pub width: Option<Bandwidth>,
    /// Network name, where it serves one.
    pub ssid: String,
    /// Transmit power, dBm.
    pub power_dbm: Option<i32>,
}

/// A station of an interface.
#[derive(Clone)]
pub struct StationInfo {
    /// Its address.
    pub address: MacAddr,
    /// Level of its last frame, dBm.
    pub signal_dbm: Option<i8>,
    /// Mean level, dBm.
    pub average_dbm: Option<i8>,
    /// Milliseconds since it was last heard.
    pub idle_ms: u32,
    /// Bytes both ways since it came.
    pub bytes: u64,
}

/// Counters of one channel. Their origin differs between drivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Centre of the 20 MHz channel, MHz.
    pub mhz: u32,
    /// Noise floor, dBm.
    pub noise_dbm: Option<i8>,
    /// The radio is on it.
    pub in_use: bool,
    /// Time on the channel, ms.
    pub active_ms: Option<u64>,
    /// Of that: energy above the threshold, the radio's own sending included, ms.
    pub busy_ms: Option<u64>,
    /// Of that: the radio sent, ms.
    pub tx_ms: Option<u64>,
}

/// A network that the radio heard.
#[derive(Clone)]
pub struct BssInfo {
    /// Its address.
    pub bssid: MacAddr,
    /// Its name.
    pub ssid: String,
    /// Primary 20 MHz channel.
    pub channel: (Band, u8),
    /// Width by its operation elements.
    pub width: Bandwidth,
    /// Level, dBm.
    pub level_dbm: i32,
    /// Milliseconds since it was heard.
    pub seen_ms: u32,
}

/// A connection to the wireless layer.
pub struct Nl80211(Netlink);

impl Nl80211 {
    /// Opens it.
    ///
    /// # Errors
    /// `NotFound` where the kernel has no wireless layer.
    pub fn open(patience: Duration) -> io::Result<Self> {
        Netlink::open("nl80211", patience).map(Self)
    }

    /// An interface by its name.
    ///
    /// # Errors
    /// `NotFound` if there is none of this name.
    pub fn interface(&mut self, name: &str) -> io::Result<Interface> {
        let mut found = None;
        self.0.ask(GET_INTERFACE, &[], Answers::List, |a| {
            let its_name = a.find(IFNAME).and_then(|n| n.split(|b| *b == 0).next());
            if its_name == Some(name.as_bytes()) {
                found = interface(a);
            }
        })?;
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// The stations of an interface; of a station, its access point.
    ///
    /// # Errors
    /// The kernel's.
    pub fn stations(&mut self, index: u32) -> io::Result<Vec<StationInfo>> {
        self.list(GET_STATION, index, station)
    }

    /// What the radio of an interface measured by channel.
    ///
    /// # Errors
    /// The kernel's; some drivers have no survey.
    pub fn surveys(&mut self, index: u32) -> io::Result<Vec<ChannelInfo>> {
        self.list(GET_SURVEY, index, survey)
    }

    /// Networks that the radio of an interface heard lately.
    ///
    /// # Errors
    /// The kernel's.
    pub fn networks(&mut self, index: u32) -> io::Result<Vec<BssInfo>> {
        self.list(GET_SCAN, index, network)
    }

    /// Asks the radio to look at all channels. It answers at once; what it heard is in [`networks`](Self::networks) later.
    ///
    /// # Errors
    /// The kernel's: busy, or not able to while it serves.
    pub fn scan(&mut self, index: u32) -> io::Result<()> {
        // One empty name: ask for all networks.
        let any = [4, 0, 0, 0];
        let (index, flags) = (index.to_ne_bytes(), GENTLY.to_ne_bytes());
        let attributes: [(u16, &[u8]); 3] = [(IFINDEX, &index), (SCAN_SSIDS, &any), (SCAN_FLAGS, &flags)];
        self.0.ask(TRIGGER_SCAN, &attributes, Answers::Done, |_| {})
    }

    fn list<T>(&mut self, command: u8, index: u32, one: fn(Attributes<'_>) -> Option<T>) -> io::Result<Vec<T>> {
        let mut all = Vec::new();
        self.0.ask(command, &[(IFINDEX, &index.to_ne_bytes())], Answers::List, |a| {
            if all.len() < MOST {
                all.extend(one(a));
            }
        })?;
        Ok(all)
    }
}

fn interface(a: Attributes<'_>) -> Option<Interface> {
    Some(Interface {
        index: a.find(IFINDEX).and_then(u32_of)?,
        address: a.find(MAC).and_then(address),
        // `NL80211_IFTYPE_AP`.
        serves: a.find(IFTYPE).and_then(u32_of) == Some(3),
        channel: a.find(WIPHY_FREQ).and_then(u32_of).and_then(channel_of),
        // `NL80211_CHAN_WIDTH_*`.
        width: match a.find(CHANNEL_WIDTH).and_then(u32_of) {
            Some(0 | 1) => Some(Bandwidth::Mhz20),
            Some(2) => Some(Bandwidth::Mhz40),
            Some(3) => Some(Bandwidth::Mhz80),
            Some(5) => Some(Bandwidth::Mhz160),
            Some(13) => Some(Bandwidth::Mhz320),
            _ => None,
        },
        ssid: a.find(SSID).map(text).unwrap_or_default(),
        power_dbm: a.find(TX_POWER_LEVEL).and_then(u32_of).map(|mbm| mbm as i32 / 100),
    })
}

fn station(a: Attributes<'_>) -> Option<StationInfo> {
    let info = a.under(STA_INFO);
    let level = |kind| info.find(kind).and_then(|v| v.first()).map(|v| *v as i8).filter(|v| *v < 0);
    // 64 bits where the kernel has them.
    let counter = |wide, narrow| {
        info.find(wide).and_then(u64_of).or_else(|| info.find(narrow).and_then(u32_of).map(u64::from)).unwrap_or(0)
    };
    Some(StationInfo {
        address: a.find(MAC).and_then(address)?,
        signal_dbm: level(7),
        average_dbm: level(13),
        idle_ms: info.find(1).and_then(u32_of).unwrap_or(0),
        bytes: counter(23, 2).saturating_add(counter(24, 3)),
    })
}

fn survey(a: Attributes<'_>) -> Option<ChannelInfo> {
    let info = a.under(SURVEY_INFO);
    let ms = |kind| info.find(kind).and_then(u64_of);
    Some(ChannelInfo {
        mhz: info.find(1).and_then(u32_of)?,
        noise_dbm: info.find(2).and_then(|v| v.first()).map(|v| *v as i8).filter(|v| *v < 0),
        in_use: info.find(3).is_some(),
        active_ms: ms(4),
        busy_ms: ms(5),
        tx_ms: ms(8),
    })
}

fn network(a: Attributes<'_>) -> Option<BssInfo> {
    let bss = a.under(BSS);
    let channel = bss.find(2).and_then(u32_of).and_then(channel_of)?;
    // A probe response's elements where one came, or the beacon's.
    let elements = [6, 11].into_iter().find_map(|k| bss.find(k)).unwrap_or_default();
    Some(BssInfo {
        bssid: bss.find(1).and_then(address)?,
        ssid: element(elements, 0).map(text).unwrap_or_default(),
        channel,
        width: width(elements),
        level_dbm: bss.find(7).and_then(u32_of).map(|mbm| mbm as i32 / 100)?,
        seen_ms: bss.find(10).and_then(u32_of).unwrap_or(0),
    })
}

/// The first element of a number.
fn element(mut all: &[u8], number: u8) -> Option<&[u8]> {
    while let [id, length, rest @ ..] = all {
        let body = rest.get(..usize::from(*length))?;
        if *id == number {
            return Some(body);
        }
        all = &rest[body.len()..];
    }
    None
}

/// The width that a network's HT Operation (61) and VHT Operation (192) elements tell; 20 MHz without.
///
/// Networks at 6 GHz tell theirs in the HE Operation element (255, 36), behind fields that it announces.
fn width(elements: &[u8]) -> Bandwidth {
    if let Some(wide) = extended(elements, 36).and_then(he_width) {
        return wide;
    }
    match (element(elements, 192), element(elements, 61)) {
        (Some([width @ 1..=3, a, b, ..]), _) => {
            let far = *b != 0 && a.abs_diff(*b) == 8;
            if *width == 2 || far { Bandwidth::Mhz160 } else { Bandwidth::Mhz80 }
        }
        // A secondary channel above (1) or below (3).
        (_, Some([_, info, ..])) if info & 3 == 1 || info & 3 == 3 => Bandwidth::Mhz40,
        _ => Bandwidth::Mhz20,
    }
}

fn extended(mut all: &[u8], number: u8) -> Option<&[u8]> {
    while let [id, length, rest @ ..] = all {
        let body = rest.get(..usize::from(*length))?;
        match body {
            [n, inside @ ..] if *id == 255 && *n == number => return Some(inside),
            _ => all = &rest[body.len()..],
        }
    }
    None
}

/// 6 GHz Operation Information (9.4.2.249): behind parameters of 3 bytes, colour, and MCS set of 2, and two optional parts.
fn he_width(element: &[u8]) -> Option<Bandwidth> {
    let parameters = element.get(1)?;
    let third = element.get(2)?;
    let mut at = 6;
    at += if parameters & 0x40 != 0 { 3 } else { 0 };
    at += usize::from(parameters & 0x80 != 0);
    let info = element.get(at..).filter(|_| third & 0x02 != 0)?;
    Some(match info.get(1)? & 3 {
        0 => Bandwidth::Mhz20,
        1 => Bandwidth::Mhz40,
        2 => Bandwidth::Mhz80,
        _ => Bandwidth::Mhz160,
    })
}

fn address(bytes: &[u8]) -> Option<MacAddr> {
    bytes.first_chunk().copied().map(MacAddr)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(32)]).into_owned()
}

/// The band and channel number of a centre frequency in MHz.
pub fn channel_of(mhz: u32) -> Option<(Band, u8)> {
    if mhz == 2484 {
        return Some((Band::Ghz2, 14));
    }
    let (band, base) = match mhz {
        2412..=2472 => (Band::Ghz2, 2407),
        5160..=5895 => (Band::Ghz5, 5000),
        5955..=7115 => (Band::Ghz6, 5950),
        _ => return None,
    };
    (mhz % 5 == base % 5).then_some((band, ((mhz - base) / 5) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::from(((value.len() + 4) as u16).to_ne_bytes());
        out.extend(kind.to_ne_bytes());
        out.extend_from_slice(value);
        out.resize((out.len() + 3) & !3, 0);
        out
    }

    fn of(all: &[(u16, &[u8])]) -> Vec<u8> {
        all.iter().flat_map(|(k, v)| attribute(*k, v)).collect()
    }

    #[test]
    fn frequencies_are_channels_of_their_band() {
        for band in Band::ALL {
            for number in [1u8, 6, 11, 36, 100, 149, 177, 233] {
                let known = u32::from(band.mhz(number));
                if let Some((b, n)) = channel_of(known) {
                    assert_eq!((b.mhz(n), b == band || known != u32::from(band.mhz(n))), (known as u16, true));
                }
            }
        }
        assert_eq!(channel_of(5180), Some((Band::Ghz5, 36)));
        assert_eq!(channel_of(2484), Some((Band::Ghz2, 14)));
        assert_eq!(channel_of(5955), Some((Band::Ghz6, 1)));
        for none in [0, 2413, 5181, 900, 60_480, u32::MAX] {
            assert_eq!(channel_of(none), None);
        }
    }

    #[test]
    fn stations_surveys_and_networks_are_read_with_what_a_driver_leaves_out() {
        let info = of(&[(7, &[0xc4]), (13, &[0]), (23, &5000u64.to_ne_bytes()), (3, &70u32.to_ne_bytes())]);
        let one = station(Attributes(&of(&[(MAC, &[2, 0, 0, 0, 0, 7]), (STA_INFO, &info)]))).unwrap();
        assert_eq!((one.signal_dbm, one.average_dbm, one.bytes, one.idle_ms), (Some(-60), None, 5070, 0));
        assert!(station(Attributes(&of(&[(STA_INFO, &info)]))).is_none(), "nobody");

        let info = of(&[(1, &5180u32.to_ne_bytes()), (2, &[0xa1]), (3, &[]), (4, &900u64.to_ne_bytes())]);
        let one = survey(Attributes(&of(&[(SURVEY_INFO, &info)]))).unwrap();
        let expected = ChannelInfo {
            mhz: 5180,
            noise_dbm: Some(-95),
            in_use: true,
            active_ms: Some(900),
            busy_ms: None,
            tx_ms: None,
        };
        assert_eq!(one, expected);

        let elements = [&[0, 4][..], b"pond", &[61, 3, 36, 1, 0], &[192, 3, 1, 42, 50]].concat();
        let bss = of(&[
            (1, &[2, 0, 0, 0, 0, 9]),
            (2, &5180u32.to_ne_bytes()),
            (6, &elements),
            (7, &(-6150i32).to_ne_bytes()),
        ]);
        let one = network(Attributes(&of(&[(BSS, &bss)]))).unwrap();
        assert_eq!((one.ssid.as_str(), one.channel, one.width), ("pond", (Band::Ghz5, 36), Bandwidth::Mhz160));
        assert_eq!(one.level_dbm, -61);
    }

    #[test]
    fn widths_come_from_operation_elements() {
        assert_eq!(width(&[]), Bandwidth::Mhz20);
        assert_eq!(width(&[61, 2, 36, 1]), Bandwidth::Mhz40);
        assert_eq!(width(&[61, 2, 36, 0]), Bandwidth::Mhz20);
        assert_eq!(width(&[61, 2, 36, 1, 192, 3, 0, 0, 0]), Bandwidth::Mhz40);
        assert_eq!(width(&[61, 2, 36, 1, 192, 3, 1, 42, 0]), Bandwidth::Mhz80);
        assert_eq!(width(&[255, 12, 36, 0, 0, 2, 0, 0, 0, 37, 3, 39, 47, 0]), Bandwidth::Mhz160);
        assert_eq!(width(&[192, 200, 1]), Bandwidth::Mhz20, "cut short");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let elements = [&[0, 4][..], b"pond", &[61, 3, 36, 1, 0], &[192, 3, 1, 42, 50], &[255, 4, 36, 0xff, 0xff, 2]];
        let bss = of(&[(1, &[2, 0, 0, 0, 0, 9]), (2, &5180u32.to_ne_bytes()), (6, &elements.concat()), (7, &[1; 4])]);
        let whole = of(&[(BSS, &bss), (STA_INFO, &bss), (SURVEY_INFO, &bss), (MAC, &[1; 6]), (IFINDEX, &[1; 4])]);
        let mut word = 7u32;
        for _ in 0..50_000 {
            let mut bytes = whole.clone();
            for _ in 0..3 {
                word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (word >> 8) as usize % bytes.len();
                bytes[at] = word as u8;
            }
            let a = Attributes(&bytes);
            let _ = (interface(a).is_some(), station(a).is_some(), survey(a).is_some(), network(a).is_some());
        }
    }
}
