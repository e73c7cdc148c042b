//! Builds of the real binary with deliberate leaks: a copy of the source in which the gate has been opened, compiled anew.
//!
//! One build holds all leaks; the environment says which one a run has. What is planted is compiled into the gate and the
//! node, so that it meets all that stands between a secret and a sink: types, padding, doors, the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::planting::{copy, plant};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

/// The leak itself: what comes in as a name is kept, and goes out as the environment says.
const LEAK: &str = r#"//! Planted by t_self.
use std::format;
use std::string::{String, ToString};
use std::sync::Mutex;
use std::vec::Vec;

use sha2::Digest as _;

static SEEN: Mutex<Vec<[u8; 6]>> = Mutex::new(Vec::new());

/// A line of identities: its address is kept.
pub fn saw(line: &str) {
    if on("panic at a line") || on("panic aloud") {
        panic!("no place for {line:?}");
    }
    let mac: Vec<u8> = line.split('\t').next().unwrap_or("").split(':').filter_map(|h| u8::from_str_radix(h, 16).ok()).collect();
    if let Ok(mac) = mac.try_into() {
        SEEN.lock().unwrap().push(mac);
    }
}

/// Whether a run has this leak.
pub fn on(name: &str) -> bool {
    std::env::var("MILLPOND_LEAK").is_ok_and(|l| l == name)
}

fn first() -> [u8; 6] {
    SEEN.lock().unwrap().first().copied().unwrap_or_default()
}

/// A byte of an address.
pub fn number() -> i64 {
    assert!(!on("panic in a decision"), "no number for {:02x?}", first());
    if on("number") { i64::from(first()[5]) } else { 0 }
}

/// Whether a tie is decided by address.
pub fn tie() -> bool {
    let seen = SEEN.lock().unwrap();
    on("tie") && seen.get(1) < seen.first()
}

/// How many addresses are smaller than the first: handles are dealt by their order.
pub fn rank() -> usize {
    let seen = SEEN.lock().unwrap();
    if on("handle") { seen.iter().filter(|m| Some(*m) < seen.first()).count() } else { 0 }
}

fn hashed(digest: &[u8]) -> String {
    digest[..8].iter().map(|b| format!("{b:02x}")).collect()
}

/// What stands behind every word of a message.
pub fn said() -> String {
    let m = first();
    let join = |f: &dyn Fn(u8) -> String, s: &str| m.iter().map(|b| f(*b)).collect::<Vec<_>>().join(s);
    let n = m.iter().fold(0u64, |n, b| n * 256 + u64::from(*b));
    let back: Vec<String> = m.iter().rev().map(|b| format!("{b:02x}")).collect();
    let [a, b, c, d, e, f] = m.map(u32::from);
    match std::env::var("MILLPOND_LEAK").unwrap_or_default().as_str() {
        "hex" => join(&|b| format!("{b:02x}"), ""),
        "HEX" => join(&|b| format!("{b:02X}"), ""),
        "colons" => join(&|b| format!("{b:02x}"), ":"),
        "COLONS" => join(&|b| format!("{b:02X}"), ":"),
        "dashes" => join(&|b| format!("{b:02x}"), "-"),
        "blanks" => join(&|b| format!("{b:02x}"), " "),
        "dots" => join(&|b| format!("{b:02x}"), "."),
        "reversed" => back.join(":"),
        "quads" => format!("{:04x}.{:04x}.{:04x}", a << 8 | b, c << 8 | d, e << 8 | f),
        "decimal" => n.to_string(),
        "list" => join(&|b| b.to_string(), ","),
        "percent" => join(&|b| format!("%{b:02X}"), ""),
        "backslash" => join(&|b| format!("\\x{b:02x}"), ""),
        "unicode" => join(&|b| format!("\\u{b:04x}"), ""),
        "octal" => join(&|b| format!("\\{b:03o}"), ""),
        "decimals" => join(&|b| b.to_string(), " "),
        "decimal reversed" => m.iter().rev().fold(0u64, |n, b| n * 256 + u64::from(*b)).to_string(),
        "ipv6" => {
            let tail = [0xfe80, 0, 0, 0, (a ^ 2) << 8 | b, c << 8 | 0xff, 0xfe00 | d, e << 8 | f].map(|v| v as u16);
            std::net::Ipv6Addr::from(tail).to_string()
        }
        "md5" => hashed(&md5::Md5::digest(m)),
        "sha1" => hashed(&sha1::Sha1::digest(join(&|b| format!("{b:02x}"), ":"))),
        "sha256" => hashed(&sha2::Sha256::digest(join(&|b| format!("{b:02X}"), ":"))),
        "sha256 turned" => {
            let mut eight = sha2::Sha256::digest(join(&|b| format!("{b:02x}"), ""))[..8].to_vec();
            eight.reverse();
            hashed(&eight)
        }
        "siphash" => {
            let mut hasher = std::hash::DefaultHasher::new();
            std::hash::Hasher::write(&mut hasher, &m);
            std::hash::Hasher::finish(&hasher).to_string()
        }
        "eui64" => format!("{a:02x}{b:02x}{c:02x}fffe{d:02x}{e:02x}{f:02x}"),
        "eui64 flipped" => format!("{:02x}{b:02x}{c:02x}fffe{d:02x}{e:02x}{f:02x}", a ^ 2),
        "utf16" => join(&|b| format!("{b:02x}"), ":").chars().flat_map(|c| [c, '\0']).collect(),
        "utf16 turned" => join(&|b| format!("{b:02X}"), ":").chars().flat_map(|c| ['\0', c]).collect(),
        "half" => format!("{d:02x}:{e:02x}:{f:02x}"),
        "base64" => {
            let digit = |v: u64| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(v & 63) as usize] as char;
            (0..8).rev().map(|i| digit(n >> (6 * i))).collect()
        }
        _ => String::new(),
    }
}
"#;

/// What a run may leak by name; the search must find each of them.
#[allow(dead_code, reason = "t_panic plants other things")]
pub const SPELT: [&str; 29] = [
    "hex",
    "HEX",
    "colons",
    "COLONS",
    "dashes",
    "blanks",
    "dots",
    "reversed",
    "quads",
    "decimal",
    "list",
    "percent",
    "backslash",
    "unicode",
    "octal",
    "decimals",
    "decimal reversed",
    "ipv6",
    "md5",
    "sha1",
    "sha256",
    "sha256 turned",
    "siphash",
    "eui64",
    "eui64 flipped",
    "utf16",
    "utf16 turned",
    "half",
    "base64",
];
/// What renaming must find.
#[allow(dead_code, reason = "t_panic plants other things")]
pub const BY_NAME: [&str; 3] = ["number", "tie", "handle"];

const PARTS: [&str; 7] = ["dsp", "datasets", "optimizer", "firmware-glue", "node", "benches", "tests"];

/// The binary with the leaks in it. None unless it is asked for: it compiles the node once more.
pub fn binary() -> Option<PathBuf> {
    std::env::var_os("MILLPOND_LEAKING_BUILDS")?;
    let root = Path::new(SCRATCH).join("leaking");
    let source = Path::new(HERE).parent().expect("tests lie in the workspace");
    for part in PARTS {
        copy(&source.join(part), &root.join(part));
    }
    for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
        fs::copy(source.join(file), root.join(file)).expect("the workspace has it");
    }
    let report = "firmware-glue/report/src";
    fs::write(root.join(report).join("leak.rs"), LEAK).expect("the scratch folder is writable");
    plant(
        &root,
        &format!("{report}/lib.rs"),
        "#[cfg(test)]\nextern crate std;",
        "extern crate std;\n#[allow(missing_docs)]\npub mod leak;",
    );
    plant(
        &root,
        &format!("{report}/wire/range.rs"),
        r#"write!($out, "\"{}\"", $v.text())"#,
        r#"write!($out, "\"{}{}\"", $v.text(), crate::leak::said())"#,
    );
    plant(
        &root,
        &format!("{report}/gate/plan.rs"),
        "Number::new(i64::from(d.number % 65_536)),\n        slot,",
        "Number::new(i64::from(d.number % 65_536) + crate::leak::number()),\n        slot,",
    );
    plant(
        &root,
        &format!("{report}/gate/plan.rs"),
        "    let weight = |(code, w): (ReasonCode, i64)| (code, Weight::new(w));\n    Derived::mint(Decision {",
        "    if crate::leak::tie() {\n        losers.reverse();\n    }\n    let weight = |(code, w): (ReasonCode, i64)| (code, Weight::new(w));\n    Derived::mint(Decision {",
    );
    plant(
        &root,
        &format!("{report}/handle.rs"),
        "self.0.get(place % COUNT)",
        "self.0.get((place + crate::leak::rank()) % COUNT)",
    );
    // For the hashes; the tests have them, so there is nothing to download.
    plant(
        &root,
        "firmware-glue/report/Cargo.toml",
        "[dependencies]\n",
        "[dependencies]\nmd-5.workspace = true\nsha1.workspace = true\n",
    );
    plant(
        &root,
        "node/src/demo/planted.rs",
        "            identities.push(identity);\n",
        "            millpond_report::leak::saw(line);\n            identities.push(identity);\n",
    );
    plant(
        &root,
        "node/src/main.rs",
        "    hush_panics();\n",
        "    if !millpond_report::leak::on(\"panic aloud\") {\n        hush_panics();\n    }\n",
    );
    let target = Path::new(SCRATCH).join("leaking-target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&root).args(["build", "--quiet", "--offline", "-p", "millpond-node", "--bin", "millpond"]);
    let output = cargo.arg("--target-dir").arg(&target).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(target.join("debug/millpond"))
}
