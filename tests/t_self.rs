//! `t_self` of the privacy contract: one deliberate leak at a time, and the check that must catch it does.
//!
//! The leaks are library paths: a sink that adds an identifier to what it sends, in every spelling; a decision whose tie is
//! broken by address; handles that are dealt by address order; a number that holds a byte of an address; a message that
//! goes out when something happens; renderings without padding. The spellings are written here by other means than those
//! of the search.
//!
//! With `MILLPOND_LEAKING_BUILDS=1` (as `tests/run` sets it) the real binary is built once more from a copy of the source in
//! which the gate has been opened, and the searches must catch it: see `leaking`.

mod leaking;
mod planting;

use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::process::{Command, ExitCode};

use md5::Md5;
use millpond_tests::canary::{Canaries, Secret};
use millpond_tests::cases;
use millpond_tests::home::{Activity, Cadence, seen};
use millpond_tests::scene::{Leak, scene};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use siphasher::sip::SipHasher24;

fn main() -> ExitCode {
    cases::run(
        "t_self",
        &[
            ("every spelling of the contract's list is caught by the search", listed_spellings),
            ("every spelling that is searched for is caught in a scene", known_spellings),
            ("names and IP addresses are caught", other_secrets),
            ("ties, ranks and numbers are caught by renaming", renaming),
            ("ties, ranks and numbers pass the search, so renaming is needed", search_is_blind),
            ("messages timed or sized by events are caught by the shape", shape),
            ("without a leak nothing is caught", clean),
            ("a build of the binary with leaks is caught", real_builds),
        ],
    )
}

const SEED: u64 = 5;

fn caught(canaries: &Canaries, leaked: &[u8], secret: &Secret) -> bool {
    let found = canaries.search(&scene(1, canaries.secrets(), Leak::None, leaked));
    found.iter().any(|f| f.secret == *secret)
}

fn mapped(bytes: &[u8], f: impl Fn(u8) -> String, separator: &str) -> String {
    bytes.iter().map(|b| f(*b)).collect::<Vec<_>>().join(separator)
}

/// Section 10, `t_canary`, for one address: the list as it is written there.
fn spellings(mac: &[u8; 6]) -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = vec![];
    let mut text = |name: &str, s: String| out.push((name.into(), s.into_bytes()));
    let back: Vec<u8> = mac.iter().rev().copied().collect();
    for s in ["", ":", "-", ".", " "] {
        text("hex", mapped(mac, |b| format!("{b:02x}"), s));
        text("HEX", mapped(mac, |b| format!("{b:02X}"), s));
        text("hex reversed", mapped(&back, |b| format!("{b:02x}"), s));
    }
    let [a, b, c, d, e, f] = mac.map(u32::from);
    text("dotted quads", format!("{:04x}.{:04x}.{:04x}", a << 8 | b, c << 8 | d, e << 8 | f));
    text("dotted QUADS", format!("{:04X}.{:04X}.{:04X}", a << 8 | b, c << 8 | d, e << 8 | f));
    let number = mac.iter().fold(0u64, |n, b| n * 256 + u64::from(*b));
    text("decimal", number.to_string());
    text("decimal reversed", back.iter().fold(0u64, |n, b| n * 256 + u64::from(*b)).to_string());
    text("Debug", format!("{mac:?}"));
    text("decimal list", mapped(mac, |b| b.to_string(), ","));
    text("decimal list with blanks", mapped(mac, |b| b.to_string(), " "));
    text("percent", mapped(mac, |b| format!("%{b:02x}"), ""));
    text("PERCENT", mapped(mac, |b| format!("%{b:02X}"), ""));
    text("backslash", mapped(mac, |b| format!("\\x{b:02x}"), ""));
    text("octal backslash", mapped(mac, |b| format!("\\{b:03o}"), ""));
    text("\\u", mapped(mac, |b| format!("\\u{b:04x}"), ""));
    text("\\u, upper case", mapped(mac, |b| format!("\\u{b:04X}"), ""));
    let colons = mapped(mac, |b| format!("{b:02x}"), ":");
    text("JSON text", serde_json::json!({ "mac": &colons }).to_string());
    for (name, first) in [("EUI-64", a), ("EUI-64 flipped", a ^ 2)] {
        let eui = [first, b, c, 0xff, 0xfe, d, e, f].map(|v| v as u8);
        text(name, mapped(&eui, |b| format!("{b:02x}"), ""));
        text(name, mapped(&eui, |b| format!("{b:02x}"), ":"));
        let tail = [0xfe80, 0, 0, 0, first << 8 | b, c << 8 | 0xff, 0xfe00 | d, e << 8 | f].map(|v| v as u16);
        text("IPv6 tail", std::net::Ipv6Addr::from(tail).to_string());
    }
    for s in [":", "-"] {
        text("first half", mapped(&mac[..3], |b| format!("{b:02x}"), s));
        text("second half", mapped(&mac[3..], |b| format!("{b:02X}"), s));
    }
    for before in 0..3 {
        let padded = [&vec![b'?'; before][..], mac, b"??"].concat();
        text("base64", base64(&padded, *b"+/"));
        text("base64 for URLs", base64(&padded, *b"-_"));
    }
    out.push(("binary".into(), mac.to_vec()));
    out.push(("binary reversed".into(), back));
    out.push(("UTF-16LE".into(), colons.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    out.push(("UTF-16BE".into(), colons.encode_utf16().flat_map(u16::to_be_bytes).collect()));
    let bare = mapped(mac, |b| format!("{b:02x}"), "");
    for input in [mac.to_vec(), colons.clone().into(), colons.to_uppercase().into(), bare.into()] {
        for hash in hashes(&input) {
            let mut turned = hash;
            turned.reverse();
            for bytes in [hash, turned] {
                out.push(("hash".into(), bytes.to_vec()));
                out.push(("hash in hex".into(), mapped(&bytes, |b| format!("{b:02x}"), "").into_bytes()));
                out.push(("hash in decimal".into(), u64::from_be_bytes(bytes).to_string().into_bytes()));
            }
        }
    }
    out
}

/// Eight bytes of each hash of the list.
fn hashes(input: &[u8]) -> Vec<[u8; 8]> {
    let eight = |d: &[u8]| <[u8; 8]>::try_from(&d[..8]).expect("a digest has eight bytes");
    let mut sip = SipHasher24::new_with_keys(0, 0);
    sip.write(input);
    let mut standard = DefaultHasher::new();
    standard.write(input);
    vec![
        eight(&Md5::digest(input)),
        eight(&Sha1::digest(input)),
        eight(&Sha256::digest(input)),
        sip.finish().to_be_bytes(),
        standard.finish().to_le_bytes(),
    ]
}

/// RFC 4648, three bytes at a time.
fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    let digit = |v: u32| match v as u8 {
        v @ 0..26 => b'A' + v,
        v @ 26..52 => b'a' + v - 26,
        v @ 52..62 => b'0' + v - 52,
        v => last[usize::from(v) - 62],
    };
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..=three.len() {
            let _ = write!(out, "{}", char::from(digit(word >> (18 - 6 * i) & 63)));
        }
    }
    out
}

fn listed_spellings() -> usize {
    let canaries = Canaries::planted(SEED);
    let mut n = 0;
    for secret in canaries.secrets().iter().step_by(7) {
        let Secret::Mac(mac) = secret else { continue };
        for (name, bytes) in spellings(mac) {
            assert!(caught(&canaries, &bytes, secret), "{mac:02x?} as {name} passes");
            n += 1;
        }
    }
    assert!(n > 10 * 100, "{n}");
    n
}

/// One secret for each spelling that the search knows.
fn known_spellings() -> usize {
    let canaries = Canaries::planted(SEED);
    let mut seen = std::collections::HashSet::new();
    for (secret, spelling, bytes) in canaries.leaks() {
        if seen.insert((std::mem::discriminant(secret), spelling)) {
            assert!(caught(&canaries, bytes, secret), "{secret:?} as {spelling} passes");
        }
    }
    seen.len()
}

fn other_secrets() -> usize {
    let canaries = Canaries::planted(SEED);
    let mut n = 0;
    for secret in canaries.secrets() {
        let leaks: Vec<Vec<u8>> = match secret {
            Secret::Mac(_) => continue,
            Secret::Ssid(s) | Secret::Host(s) => vec![
                s.clone().into_bytes(),
                serde_json::json!({ "name": s }).to_string().into_bytes(),
                format!("{s:?}").into_bytes(),
                s.to_uppercase().into_bytes(),
                s.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                s.bytes().fold(String::new(), |t, b| t + &format!("%{b:02X}")).into_bytes(),
                base64(s.as_bytes(), *b"+/").into_bytes(),
                Sha256::digest(s.as_bytes())[..8].to_vec(),
            ],
            Secret::Ip(ip) => {
                let mut all = vec![ip.to_string().into_bytes(), format!("http://[{ip}]:80/").into_bytes()];
                if let std::net::IpAddr::V4(v4) = ip {
                    all.push(v4.octets().to_vec());
                    all.push(u32::from(*v4).to_string().into_bytes());
                    all.push(format!("::ffff:{v4}").into_bytes());
                    all.push(base64(ip.to_string().as_bytes(), *b"+/").into_bytes());
                }
                all
            }
        };
        for leaked in leaks {
            // A quoted text may escape what Rust escapes and JSON does not: then it is not in the contract's list.
            let shown = String::from_utf8_lossy(&leaked).into_owned();
            let rust_only = shown.contains("\\u{");
            assert!(rust_only || caught(&canaries, &leaked, secret), "{secret:?} as {shown} passes");
            n += 1;
        }
    }
    n
}

const BY_NAME: [(&str, Leak); 3] = [("rank", Leak::Rank), ("tie", Leak::Tie), ("number", Leak::Number)];
const SCENES: u64 = 50;

fn renaming() -> usize {
    let canaries = Canaries::planted(SEED);
    for (name, leak) in BY_NAME {
        let differs = |seed: &u64| {
            let other = canaries.renamed(*seed);
            scene(*seed, canaries.secrets(), leak, &[]) != scene(*seed, &other, leak, &[])
        };
        let caught = (0..SCENES).filter(differs).count();
        assert!(caught > 20, "{name}: caught in {caught} of {SCENES} scenes");
    }
    BY_NAME.len() * SCENES as usize
}

fn search_is_blind() -> usize {
    let canaries = Canaries::planted(SEED);
    for (name, leak) in BY_NAME {
        let found = canaries.search(&scene(1, canaries.secrets(), leak, &[]));
        assert!(found.is_empty(), "{name}: {}", found[0]);
    }
    BY_NAME.len()
}

fn shape() -> usize {
    let leaks = [Cadence::OnEvent, Cadence::Unpadded];
    for cadence in leaks {
        let (empty, busy) = (seen(Activity::Empty, cadence), seen(Activity::Busy, cadence));
        assert!(empty != busy, "{cadence:?} passes");
    }
    let (empty, busy) = (seen(Activity::Empty, Cadence::OnEvent), seen(Activity::Busy, Cadence::OnEvent));
    assert_eq!(busy.len() - empty.len(), 16 * 3, "an event a zone and door");
    leaks.len()
}

fn clean() -> usize {
    let canaries = Canaries::planted(SEED);
    for seed in 0..SCENES {
        let capture = scene(seed, canaries.secrets(), Leak::None, &[]);
        assert!(canaries.search(&capture).is_empty());
        assert!(capture == scene(seed, &canaries.renamed(seed), Leak::None, &[]));
    }
    assert!(seen(Activity::Empty, Cadence::Fixed) == seen(Activity::Busy, Cadence::Fixed));
    SCENES as usize
}

/// A list of identities as the demo takes it, without network names: those are the access points' own.
fn identities(secrets: &[Secret]) -> String {
    let macs = secrets.iter().filter_map(|s| if let Secret::Mac(m) = s { Some(*m) } else { None });
    macs.map(|m| mapped(&m, |b| format!("{b:02x}"), ":") + "\t\t\t\n").collect()
}

/// Everything that the binary says of a simulated home in which these names were planted.
fn said(binary: &Path, names: &str, secrets: &[Secret], leak: &str) -> Vec<u8> {
    let list = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("t_self-{names}.tsv"));
    fs::write(&list, identities(secrets)).expect("the scratch folder is writable");
    let mut command = Command::new(binary);
    command.args(["demo", "--once", "--json", "--seconds", "15", "--identities"]).arg(&list);
    let output = command.env("MILLPOND_LEAK", leak).output().expect("millpond runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    output.stdout
}

fn real_builds() -> usize {
    let Some(binary) = leaking::binary() else {
        println!("t_self: builds with leaks are skipped; MILLPOND_LEAKING_BUILDS=1 makes them");
        // The places to plant at are looked for all the same when it is asked for; here nothing was shown.
        return 1;
    };
    let canaries = Canaries::planted(SEED);
    let other = canaries.renamed(1);
    let clean = said(&binary, "a", canaries.secrets(), "");
    assert!(clean == said(&binary, "b", &other, ""), "what is not planted does not differ by name");
    assert!(canaries.search(&clean).is_empty(), "and shows no name");
    for leak in leaking::SPELT {
        let found = canaries.search(&said(&binary, "a", canaries.secrets(), leak));
        assert!(!found.is_empty(), "a build that leaks an address as {leak} passes");
    }
    for leak in leaking::BY_NAME {
        let differs = |seed: u64| {
            let names = canaries.renamed(seed);
            said(&binary, "b", &names, leak) != clean
        };
        assert!((1..6).any(differs), "a build with the leak {leak} passes");
    }
    leaking::SPELT.len() + leaking::BY_NAME.len()
}
