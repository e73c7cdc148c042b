//! Spellings: the ways in which bytes or text can stand in an output.

use std::fmt::Write as _;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use siphasher::sip::{SipHasher13, SipHasher24};

/// Bytes under the name of their spelling.
pub type Spelled = (String, Vec<u8>);

/// Separators of hex bytes.
const SEPARATORS: [&str; 5] = ["", ":", "-", ".", " "];

/// Everything that can be done with bytes whatever they mean: binary, hex, decimal lists, base64, escapes.
pub fn of_bytes(bytes: &[u8]) -> Vec<Spelled> {
    let mut out = vec![("binary".into(), bytes.to_vec()), ("binary reversed".into(), reversed(bytes))];
    for (order, bytes) in [("", bytes.to_vec()), (" reversed", reversed(bytes))] {
        for s in SEPARATORS {
            out.extend(cases(format!("hex '{s}'{order}"), &hex(&bytes, s)));
        }
        for s in [",", ", ", " ", "."] {
            out.push(text(format!("decimal list '{s}'{order}"), &join(&bytes, s, |b| b.to_string())));
            let signed = |b: &u8| i8::from_ne_bytes([*b]).to_string();
            out.push(text(format!("signed list '{s}'{order}"), &join(&bytes, s, signed)));
        }
    }
    out.extend(base64(bytes));
    out.extend(cases("percent".into(), &join(bytes, "", |b| format!("%{b:02x}"))));
    out.extend(cases("backslash".into(), &join(bytes, "", |b| format!("\\x{b:02x}"))).map(fix_case));
    out.push(text("octal".into(), &join(bytes, "", |b| format!("\\{b:03o}"))));
    out.extend(cases("\\u".into(), &join(bytes, "", |b| format!("\\u{b:04x}"))).map(fix_case));
    out
}

/// Everything that can be done with text beside its bytes: UTF-16, JSON and percent escapes where they are needed.
pub fn of_text(s: &str) -> Vec<Spelled> {
    let units: Vec<u16> = s.encode_utf16().collect();
    let mut out = vec![
        text("text".into(), s),
        ("UTF-16LE".into(), units.iter().flat_map(|u| u.to_le_bytes()).collect()),
        ("UTF-16BE".into(), units.iter().flat_map(|u| u.to_be_bytes()).collect()),
        text("JSON".into(), serde_json::to_string(s).unwrap_or_default().trim_matches('"')),
    ];
    let every = units.iter().fold(String::new(), |mut out, u| {
        let _ = write!(out, "\\u{u:04x}");
        out
    });
    out.extend(cases("\\u of text".into(), &every).map(fix_case));
    // As Python and PHP write JSON: ASCII as it is, the rest by UTF-16 unit.
    for (name, upper) in [("JSON in ASCII", false), ("JSON in ASCII upper", true)] {
        let unit = |u: &u16| match u8::try_from(*u).ok().filter(u8::is_ascii) {
            Some(c) => char::from(c).to_string(),
            None if upper => format!("\\u{u:04X}"),
            None => format!("\\u{u:04x}"),
        };
        out.push(text(name.into(), &units.iter().map(unit).collect::<String>()));
    }
    let needed = |b: &u8, of: &str| b.is_ascii_alphanumeric() || of.as_bytes().contains(b);
    for (name, plain) in [("URL", "-_.~"), ("form", "*-._")] {
        let escaped = |upper: bool| {
            join(s.as_bytes(), "", |b| match (needed(b, plain), upper) {
                (true, _) => char::from(*b).to_string(),
                (_, true) => format!("%{b:02X}"),
                _ => format!("%{b:02x}"),
            })
        };
        out.extend([true, false].map(|upper| text(format!("{name} escape"), &escaped(upper))));
    }
    out
}

/// Eight bytes of common hashes, each in both byte orders as binary, hex and decimal.
pub fn of_hashes(inputs: &[(&str, Vec<u8>)]) -> Vec<Spelled> {
    let mut out = vec![];
    for (input, bytes) in inputs {
        for (name, head) in hashes(bytes) {
            let name = format!("{name} of {input}");
            for (order, head) in [("", head), (" reversed", rev8(head))] {
                out.push((format!("{name}{order}"), head.to_vec()));
                out.extend(cases(format!("{name}{order} in hex"), &hex(&head, "")));
                out.push(text(format!("{name}{order} in decimal"), &u64::from_be_bytes(head).to_string()));
                out.push(text(format!("{name}{order}, signed"), &i64::from_be_bytes(head).to_string()));
            }
        }
    }
    out
}

fn hashes(bytes: &[u8]) -> Vec<(&'static str, [u8; 8])> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let sip = |mut h: Box<dyn Hasher>| {
        h.write(bytes);
        h.finish().to_be_bytes()
    };
    // What `Hash` of the standard library adds: a length before slices, a byte behind text.
    let derived = |f: &dyn Fn(&mut DefaultHasher)| {
        let mut h = DefaultHasher::new();
        f(&mut h);
        h.finish().to_be_bytes()
    };
    let mut out = vec![
        ("MD5", head(&Md5::digest(bytes))),
        ("SHA-1", head(&Sha1::digest(bytes))),
        ("SHA-256", head(&Sha256::digest(bytes))),
        ("SipHash-2-4", sip(Box::new(SipHasher24::new()))),
        ("SipHash-1-3", sip(Box::new(SipHasher13::new()))),
        ("Rust's hash of the slice", derived(&|h| bytes.hash(h))),
    ];
    if let Ok(s) = std::str::from_utf8(bytes) {
        out.push(("Rust's hash of the text", derived(&|h| s.hash(h))));
    }
    out
}

/// The characters of base64 that do not depend on the neighbours, at each of three phases, in two alphabets.
fn base64(bytes: &[u8]) -> Vec<Spelled> {
    const STD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bit = |i: usize| usize::from(bytes[i / 8] >> (7 - i % 8) & 1);
    let mut out = vec![];
    for phase in 0..3 {
        // `8 * phase` foreign bits stand before; the first whole character begins at the next multiple of 6.
        let skip = (6 - 8 * phase % 6) % 6;
        let whole = (8 * bytes.len()).saturating_sub(skip) / 6;
        for (name, alphabet) in [("", STD), ("url", URL)] {
            let digit = |c: usize| (0..6).fold(0, |v, b| v << 1 | bit(skip + 6 * c + b));
            let chars = (0..whole).map(|c| alphabet[digit(c)]).collect();
            out.push((format!("base64{name} phase {phase}"), chars));
        }
    }
    out
}

/// Hex bytes with a separator.
pub fn hex(bytes: &[u8], separator: &str) -> String {
    join(bytes, separator, |b| format!("{b:02x}"))
}

/// A spelling in lower and in upper case.
pub fn cases(name: String, s: &str) -> [Spelled; 2] {
    [text(name.clone(), s), text(name + " upper", &s.to_uppercase())]
}

/// A text spelling.
pub fn text(name: String, s: &str) -> Spelled {
    (name, s.as_bytes().to_vec())
}

/// Bytes from back to front.
pub fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().copied().collect()
}

/// `\X` and `\U` mean something else: only the digits change their case.
fn fix_case((name, bytes): Spelled) -> Spelled {
    let s = String::from_utf8_lossy(&bytes).replace("\\X", "\\x").replace("\\U", "\\u");
    text(name, &s)
}

fn join(bytes: &[u8], separator: &str, f: impl Fn(&u8) -> String) -> String {
    bytes.iter().map(f).collect::<Vec<_>>().join(separator)
}

fn head(digest: &[u8]) -> [u8; 8] {
    std::array::from_fn(|i| digest[i])
}

fn rev8(mut v: [u8; 8]) -> [u8; 8] {
    v.reverse();
    v
}
