//! Canaries: identifiers that are planted at the inputs and must not come out anywhere, in any spelling.
//!
//! A [`Canaries`] knows every spelling of every planted secret and searches captured bytes for all of them at once.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

mod spell;

use spell::{Spelled, cases, hex, of_bytes, of_hashes, of_text, reversed, text};

/// An identifier from the air or the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// An EUI-48 address: of a station, an access point or a Bluetooth device.
    Mac([u8; 6]),
    /// A network's name.
    Ssid(String),
    /// A host's name.
    Host(String),
    /// An IP address.
    Ip(IpAddr),
}

impl Secret {
    /// Every spelling of it.
    pub fn spellings(&self) -> Vec<Spelled> {
        match self {
            Self::Mac(mac) => mac_spellings(mac),
            Self::Ssid(s) | Self::Host(s) => text_spellings(s),
            Self::Ip(ip) => ip_spellings(ip),
        }
    }
}

fn mac_spellings(mac: &[u8; 6]) -> Vec<Spelled> {
    let mut out = of_bytes(mac);
    let colons = hex(mac, ":");
    out.extend(of_text(&colons));
    out.extend(of_text(&colons.to_uppercase()).into_iter().map(|(n, b)| (n + " upper", b)));
    let quads = |b: &[u8]| b.chunks(2).map(|q| hex(q, "")).collect::<Vec<_>>();
    out.extend(cases("dotted quads".into(), &quads(mac).join(".")));
    for (order, bytes) in [("", mac.to_vec()), (" reversed", reversed(mac))] {
        let number = bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        out.push(text(format!("decimal{order}"), &number.to_string()));
    }
    let [a, b, c, d, e, f] = *mac;
    for (name, first) in [("EUI-64", a), ("EUI-64 flipped", a ^ 2)] {
        let eui = [first, b, c, 0xff, 0xfe, d, e, f];
        out.extend(of_bytes(&eui).into_iter().map(|(n, b)| (format!("{name} {n}"), b)));
        out.extend(cases(format!("{name} as IPv6 tail"), &quads(&eui).join(":")));
        let short: Vec<String> =
            eui.chunks(2).map(|q| format!("{:x}", u16::from(q[0]) << 8 | u16::from(q[1]))).collect();
        out.extend(cases(format!("{name} as short IPv6 tail"), &short.join(":")));
    }
    for (name, half) in [("first half", &mac[..3]), ("second half", &mac[3..])] {
        for s in [":", "-"] {
            out.extend(cases(format!("{name} '{s}'"), &hex(half, s)));
        }
    }
    out.extend(of_hashes(&[
        ("binary", mac.to_vec()),
        ("text", colons.clone().into()),
        ("upper text", colons.to_uppercase().into()),
        ("bare text", hex(mac, "").into()),
    ]));
    out
}

fn text_spellings(s: &str) -> Vec<Spelled> {
    let (lower, upper) = (s.to_lowercase(), s.to_uppercase());
    let mut out = of_bytes(s.as_bytes());
    for (case, s) in [("", s), (" lower", &lower), (" upper", &upper)] {
        out.extend(of_text(s).into_iter().map(|(n, b)| (n + case, b)));
    }
    let utf16 = s.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let inputs = [("text", s.into()), ("lower text", lower.clone().into()), ("upper text", upper.clone().into())];
    out.extend(of_hashes(&inputs));
    out.extend(of_hashes(&[("UTF-16 text", utf16)]));
    out
}

fn ip_spellings(ip: &IpAddr) -> Vec<Spelled> {
    let bytes = match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let shown = ip.to_string();
    let mut out = of_bytes(&bytes);
    out.extend(of_text(&shown));
    out.extend(of_bytes(shown.as_bytes()).into_iter().map(|(n, b)| (format!("text in {n}"), b)));
    match ip {
        IpAddr::V4(v4) => {
            let number = u32::from(*v4);
            out.push(text("decimal".into(), &number.to_string()));
            out.push(text("decimal reversed".into(), &number.swap_bytes().to_string()));
            out.extend(cases(
                "mapped into IPv6".into(),
                &v4.to_ipv6_mapped().segments().map(|s| format!("{s:x}"))[6..].join(":"),
            ));
        }
        IpAddr::V6(v6) => {
            out.extend(cases("short text".into(), &shown));
            out.extend(cases("full text".into(), &v6.segments().map(|s| format!("{s:04x}")).join(":")));
            out.extend(cases("IPv6 tail".into(), &v6.segments().map(|s| format!("{s:x}"))[4..].join(":")));
        }
    }
    out.extend(of_hashes(&[("binary", bytes), ("text", shown.into())]));
    out
}

/// Where a secret came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which of the planted secrets.
    pub secret: Secret,
    /// How it is spelled.
    pub spelling: String,
    /// At which byte of the capture.
    pub at: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} as {} at byte {}", self.secret, self.spelling, self.at)
    }
}

/// Bytes by which needles are found first. No needle is shorter.
const STEM: usize = 4;
/// Text with fewer characters than this (fewer bits than four binary bytes) would be found in innocent output.
const LEAST_TEXT: usize = 6;

struct Needle {
    bytes: Vec<u8>,
    secret: usize,
    spelling: String,
}

/// All spellings of all planted secrets, ready to be searched for.
pub struct Canaries {
    secrets: Vec<Secret>,
    needles: Vec<Needle>,
    by_stem: HashMap<[u8; STEM], Vec<usize>>,
}

impl Canaries {
    /// Makes every spelling of these secrets. Those that are too short to mean anything are left out: characters of
    /// base64 that four bytes of an IPv4 address fill, numbers of few digits.
    pub fn new(secrets: Vec<Secret>) -> Self {
        let mut needles = vec![];
        for (secret, s) in secrets.iter().enumerate() {
            let mut all = s.spellings();
            all.retain(|(name, b)| b.len() >= if name.starts_with("binary") { STEM } else { LEAST_TEXT });
            needles.extend(all.into_iter().map(|(spelling, bytes)| Needle { bytes, secret, spelling }));
        }
        let mut by_stem: HashMap<_, Vec<usize>> = HashMap::new();
        for (i, n) in needles.iter().enumerate() {
            by_stem.entry(stem(&n.bytes)).or_default().push(i);
        }
        Self { secrets, needles, by_stem }
    }

    /// The contract's set: 64 addresses, 16 network names with Unicode, 16 host names and 16 IP addresses, by a seed.
    pub fn planted(seed: u64) -> Self {
        let mut draw = Draw(seed);
        let mut secrets: Vec<Secret> = (0..64).map(|i| Secret::Mac(draw.mac(i))).collect();
        secrets.extend((0..16).map(|i| Secret::Ssid(draw.name(SSIDS[i % SSIDS.len()], " "))));
        secrets.extend((0..16).map(|i| Secret::Host(draw.name(HOSTS[i % HOSTS.len()], "-"))));
        secrets.extend((0..16).map(|i| Secret::Ip(draw.ip(i % 4 == 3))));
        Self::new(secrets)
    }

    /// The same set under other names: each secret becomes another of its class (group and local bit of an address, length
    /// of a name, family of an IP address), no two the same. Outputs must not change by a byte.
    pub fn renamed(&self, seed: u64) -> Vec<Secret> {
        let mut draw = Draw(seed);
        let mut out: Vec<Secret> = vec![];
        for secret in &self.secrets {
            let fresh = std::iter::repeat_with(|| draw.like(secret)).find(|s| s != secret && !out.contains(s));
            out.extend(fresh);
        }
        out
    }

    /// What was planted: first the addresses, then network names, host names, IP addresses.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Names of all spellings that are searched for, each once.
    pub fn spellings(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.needles.iter().map(|n| n.spelling.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Each spelling of each secret, as it would stand in a leak.
    pub fn leaks(&self) -> impl Iterator<Item = (&Secret, &str, &[u8])> {
        self.needles.iter().map(|n| (&self.secrets[n.secret], n.spelling.as_str(), n.bytes.as_slice()))
    }

    /// Everything that came out, in the order of the capture. Cost: one look-up a byte.
    pub fn search(&self, capture: &[u8]) -> Vec<Found> {
        let hits = capture.windows(STEM).enumerate().flat_map(|(at, w)| {
            let candidates = self.by_stem.get(&stem(w)).map(Vec::as_slice).unwrap_or_default();
            let here = move |n: &&Needle| capture[at..].starts_with(&n.bytes);
            candidates.iter().map(|i| &self.needles[*i]).filter(here).map(move |n| (at, n))
        });
        let found = |(at, n): (usize, &Needle)| Found {
            secret: self.secrets[n.secret].clone(),
            spelling: n.spelling.clone(),
            at,
        };
        hits.map(found).collect()
    }
}

fn stem(bytes: &[u8]) -> [u8; STEM] {
    std::array::from_fn(|i| bytes[i])
}

const SSIDS: [&str; 8] =
    ["Wohnung Müller", "家の無線", "кухня", "café 📶", "O'Brien \"5G\"", "naïve&co", "Guest <b>", "ネットワーク"];
const HOSTS: [&str; 4] = ["annas-phone", "LivingRoom-TV", "printer", "esp-sensor"];

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014), so that a seed gives the same canaries for ever.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Universal and local addresses in turn, every eighth a group address; no byte below 16, so that no spelling is
    /// short by chance, and a letter in each half, so that none looks like a time of day.
    fn mac(&mut self, i: usize) -> [u8; 6] {
        let [a, b, c, d, e, f, ..] = self.next().to_be_bytes().map(|b| b | 0x10);
        let mut mac = [a, b, c, d, e, f];
        mac[1] |= 0xa0;
        mac[4] |= 0xa0;
        mac[0] = mac[0] & 0xfc | if i % 2 == 0 { 0 } else { 2 } | u8::from(i % 8 == 7);
        mac
    }

    fn name(&mut self, stem: &str, separator: &str) -> String {
        format!("{stem}{separator}{:06x}", self.next() >> 40)
    }

    fn like(&mut self, secret: &Secret) -> Secret {
        // The stem keeps its script, so that its length in bytes stays; the six characters behind it change.
        let name = |s: &str, fresh: u64| {
            let stem: String = s.chars().take(s.chars().count().saturating_sub(6)).collect();
            format!("{stem}{fresh:06x}")
        };
        match secret {
            Secret::Mac(mac) => {
                let mut fresh = self.mac(0);
                fresh[0] = fresh[0] & 0xfc | mac[0] & 3;
                Secret::Mac(fresh)
            }
            Secret::Ssid(s) => Secret::Ssid(name(s, self.next() >> 40)),
            Secret::Host(s) => Secret::Host(name(s, self.next() >> 40)),
            Secret::Ip(ip) => Secret::Ip(self.ip(ip.is_ipv6())),
        }
    }

    fn ip(&mut self, v6: bool) -> IpAddr {
        let bytes = self.next().to_be_bytes().map(|b| b | 0x40);
        let [a, b, c, d, e, f, g, h] = bytes;
        match v6 {
            false => Ipv4Addr::new(10, a, b, c).into(),
            true => Ipv6Addr::from([0xfd, 0x42, a, b, c, d, 0, 1, e, f, g, h, d, c, b, a]).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [0x02, 0x1b, 0xc3, 0xd8, 0xf1, 0xac];

    fn noise(n: usize) -> Vec<u8> {
        let mut draw = Draw(99);
        (0..n).map(|_| draw.next() as u8).collect()
    }

    #[test]
    fn every_spelling_of_every_secret_is_found_when_planted() {
        let canaries = Canaries::planted(7);
        let noise = noise(64);
        let mut n = 0;
        for (secret, spelling, bytes) in canaries.leaks() {
            let capture = [&noise[..33], bytes, &noise[33..]].concat();
            let found = canaries.search(&capture);
            let here = |f: &Found| f.secret == *secret && f.spelling == spelling && f.at == 33;
            assert!(found.iter().any(here), "{secret:?} as {spelling}");
            n += 1;
        }
        assert!(n > 64 * 200, "{n}");
    }

    #[test]
    fn innocent_output_holds_none() {
        let canaries = Canaries::planted(7);
        assert_eq!(canaries.search(&noise(1 << 18)), []);
        let json: String =
            (0..5000).map(|i| format!("{{\"zone\":{},\"level\":{},\"since\":{}}}", i % 16, i % 10, i % 288)).collect();
        assert_eq!(canaries.search(json.as_bytes()), []);
        assert_eq!(canaries.search(b"abc"), []);
    }

    /// The spellings of the contract, written here by hand or by other means than the code's.
    #[test]
    fn the_listed_spellings_of_an_address_are_known() {
        let canaries = Canaries::new(vec![Secret::Mac(MAC)]);
        let listed: &[(&str, &[u8])] = &[
            ("binary", b"\x02\x1b\xc3\xd8\xf1\xac"),
            ("reversed", b"\xac\xf1\xd8\xc3\x1b\x02"),
            ("hex", b"021bc3d8f1ac"),
            ("hex upper", b"021BC3D8F1AC"),
            ("colons", b"02:1b:c3:d8:f1:ac"),
            ("dashes", b"02-1B-C3-D8-F1-AC"),
            ("dots", b"02.1b.c3.d8.f1.ac"),
            ("blanks", b"02 1b c3 d8 f1 ac"),
            ("quads", b"021b.c3d8.f1ac"),
            ("quads upper", b"021B.C3D8.F1AC"),
            ("decimal", b"2318273147308"),
            ("decimal of the reversed", b"190154723760898"),
            ("list", b"2,27,195,216,241,172"),
            ("list with blanks", b"[2, 27, 195, 216, 241, 172]"),
            ("signed list", b"2,27,-61,-40,-15,-84"),
            ("base64", b"AhvD2PGs"),
            ("base64 behind one byte", b"AAIbw9jxrA=="),
            ("base64 behind two", b"AAACG8PY8aw="),
            ("percent", b"%02%1b%c3%d8%f1%ac"),
            ("percent upper", b"%02%1B%C3%D8%F1%AC"),
            ("percent of text", b"02%3A1b%3Ac3%3Ad8%3Af1%3Aac"),
            ("backslash", b"\\x02\\x1b\\xc3\\xd8\\xf1\\xac"),
            ("octal", b"\\002\\033\\303\\330\\361\\254"),
            ("\\u", b"\\u0002\\u001b\\u00c3\\u00d8\\u00f1\\u00ac"),
            ("\\u upper", b"\\u0002\\u001B\\u00C3\\u00D8\\u00F1\\u00AC"),
            ("UTF-16", b"0\x002\x00:\x001\x00b\x00:\x00c\x003\x00:\x00d\x008\x00:\x00f\x001\x00:\x00a\x00c\x00"),
            ("EUI-64", b"021bc3fffed8f1ac"),
            ("EUI-64 flipped", b"00:1b:c3:ff:fe:d8:f1:ac"),
            ("IPv6 tail", b"fe80::21b:c3ff:fed8:f1ac"),
            ("IPv6 tail flipped", b"fe80::1b:c3ff:fed8:f1ac"),
            ("first half", b"02:1b:c3"),
            ("second half", b"D8-F1-AC"),
        ];
        for (name, bytes) in listed {
            assert!(!canaries.search(bytes).is_empty(), "{name}");
        }
    }

    #[test]
    fn the_listed_hashes_are_known() {
        // The heads of `printf 02:1b:c3:d8:f1:ac | md5sum`, `sha1sum` and `sha256sum`; SipHash-1-3 by the standard library.
        use std::hash::{DefaultHasher, Hash, Hasher};
        let canaries = Canaries::new(vec![Secret::Mac(MAC), Secret::Ssid("家".repeat(3))]);
        let mut h = DefaultHasher::new();
        h.write(&MAC);
        let plain = h.finish();
        let mut h = DefaultHasher::new();
        MAC.hash(&mut h);
        let derived = h.finish();
        let mut h = DefaultHasher::new();
        "家家家".hash(&mut h);
        for v in [plain, derived, h.finish()] {
            assert!(!canaries.search(format!("handle={v}").as_bytes()).is_empty());
            assert!(!canaries.search(format!("{v:016x}").as_bytes()).is_empty());
            assert!(!canaries.search(&v.to_le_bytes()).is_empty());
        }
        for hex in ["9d5a8133314dc4d0", "de244faf7348f8de", "a9969dba03499f1f"] {
            assert!(!canaries.search(hex.as_bytes()).is_empty(), "{hex}");
        }
    }

    #[test]
    fn names_and_addresses_are_known() {
        let ip = |s: &str| Secret::Ip(s.parse().unwrap());
        let canaries = Canaries::new(vec![
            Secret::Ssid("café 📶".into()),
            Secret::Host("Annas-Phone".into()),
            ip("10.64.210.99"),
            ip("fd42::1:5a6b:7c8d:9eaf:4b5c"),
        ]);
        let listed: &[&str] = &[
            "café 📶",
            r"caf\u00e9 \ud83d\udcf6",
            r"caf\u00E9 \uD83D\uDCF6",
            "caf%C3%A9%20%F0%9F%93%B6",
            "annas-phone",
            "ANNAS-PHONE",
            "QW5uYXMtUGhvbm",
            "10.64.210.99",
            "0a40d263",
            "172020323",
            "1674723338",
            "%0a%40%d2%63",
            "fd42::1:5a6b:7c8d:9eaf:4b5c",
            "FD42:0000:0000:0001:5A6B:7C8D:9EAF:4B5C",
            "5a6b:7c8d:9eaf:4b5c",
        ];
        for s in listed {
            assert!(!canaries.search(s.as_bytes()).is_empty(), "{s}");
        }
        assert!(!canaries.search(&[10, 64, 210, 99]).is_empty());
        assert!(!canaries.search(&[99, 210, 64, 10]).is_empty());
    }

    #[test]
    fn renaming_keeps_the_class_and_nothing_else() {
        let canaries = Canaries::planted(1);
        let renamed = canaries.renamed(2);
        for (i, (a, b)) in canaries.secrets().iter().zip(&renamed).enumerate() {
            assert!(a != b && !renamed[..i].contains(b));
            match (a, b) {
                (Secret::Mac(a), Secret::Mac(b)) => assert_eq!(a[0] & 3, b[0] & 3),
                (Secret::Ssid(a), Secret::Ssid(b)) | (Secret::Host(a), Secret::Host(b)) => assert_eq!(a.len(), b.len()),
                (Secret::Ip(a), Secret::Ip(b)) => assert_eq!(a.is_ipv6(), b.is_ipv6()),
                _ => panic!("{a:?} became {b:?}"),
            }
        }
        assert_eq!(renamed.len(), canaries.secrets().len());
    }

    #[test]
    fn the_planted_set_is_the_contract_s() {
        let canaries = Canaries::planted(1);
        let count = |f: fn(&Secret) -> bool| canaries.secrets().iter().filter(|s| f(s)).count();
        assert_eq!(count(|s| matches!(s, Secret::Mac(_))), 64);
        assert_eq!(count(|s| matches!(s, Secret::Mac(m) if m[0] & 1 == 1)), 8);
        assert_eq!(count(|s| matches!(s, Secret::Ssid(_))), 16);
        assert_eq!(count(|s| matches!(s, Secret::Host(_))), 16);
        assert_eq!(count(|s| matches!(s, Secret::Ip(_))), 16);
        assert!(Canaries::planted(1).secrets() == canaries.secrets());
        assert!(Canaries::planted(2).secrets() != canaries.secrets());
    }
}
