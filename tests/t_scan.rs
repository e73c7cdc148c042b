//! The source scan: what the types of the gate cannot see.
//!
//! A plain `fn` that runs inside the gate could still print, write to a `static` or open a file. So the words for it are
//! refused in the crates and modules where such functions live, outside comments, texts and unit tests.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Words that are refused in some folders, less some paths.
struct Rule {
    name: &'static str,
    words: &'static [&'static str],
    folders: &'static [&'static str],
    except: &'static [&'static str],
}

/// Where a lock or an atomic holds no raw value, and why.
const EXCEPT_SHARING: &[&str] = &[
    // A handle counts who is inside: one call at a time.
    "firmware-glue/src/memory.rs",
    // A thread that reads bytes is told to stop; it knows no permit.
    "node/src/capture/stations.rs",
    "node/src/capture/stream.rs",
];

const RULES: &[Rule] = &[
    Rule {
        name: "prints",
        words: &["println!", "eprintln!", "print!", "eprint!", "dbg!"],
        folders: &["dsp/src", "optimizer/src", "firmware-glue/src", "firmware-glue/report/src", "node/src"],
        except: &["optimizer/src/bin", "node/src/net", "node/src/store"],
    },
    Rule {
        name: "reaches outside",
        words: &[
            "std::fs",
            "std::env",
            "process::Command",
            "File::",
            "OpenOptions",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "UnixListener",
            "UnixDatagram",
            "process::exit",
            "process::abort",
            "io::stdout",
            "io::stderr",
        ],
        folders: &["dsp/src", "optimizer/src", "firmware-glue/src", "firmware-glue/report/src", "node/src"],
        except: &["optimizer/src/bin", "node/src/net", "node/src/store"],
    },
    Rule {
        name: "keeps what outlives a call",
        words: &["static", "static mut", "thread_local!", "OnceLock", "LazyLock"],
        folders: &["dsp/src", "optimizer/src", "firmware-glue/src", "firmware-glue/report/src", "node/src"],
        except: &[
            "optimizer/src/bin",
            // Tables of the standards, filled once from constants: their `LazyLock` takes no argument.
            "optimizer/src/model/regulatory.rs",
            "optimizer/src/rf/chart.rs",
            "optimizer/src/rf/rates.rs",
            "node/src/net",
            "node/src/store",
            "node/src/runtime",
            "node/src/cli",
            "node/src/sinks",
        ],
    },
    // There is one state in a node, and one in each session of the C library: a second one could be *on* when it is off.
    Rule {
        name: "makes a second state",
        words: &["Privacy::new", "Privacy::restore", "Privacy::default"],
        folders: &["dsp/src", "optimizer/src", "firmware-glue/src", "node/src"],
        except: &["firmware-glue/src/session.rs", "node/src/runtime", "node/src/demo"],
    },
    // What a `fn` that runs inside the gate could hand a value to, and the bounds of the gate do not see: whole rooms, those
    // where such functions live.
    Rule {
        name: "shares what a value could be put into",
        words: &[
            "Cell",
            "RefCell",
            "UnsafeCell",
            "OnceCell",
            "Mutex",
            "RwLock",
            "AtomicBool",
            "AtomicU32",
            "AtomicU64",
            "AtomicUsize",
            "Arc",
            "Rc",
            "mpsc",
            "Sender",
            "SyncSender",
        ],
        folders: &[
            "dsp/src",
            "firmware-glue/report/src",
            "firmware-glue/src",
            "node/src/capture",
            "node/src/pipeline",
            "node/src/planner",
            "node/src/telemetry",
        ],
        except: EXCEPT_SHARING,
    },
    Rule {
        name: "panics with a text of its own, or has unsafe code",
        words: &["panic!", "unreachable!", "todo!", "assert!", "assert_eq!", "unsafe", "format!"],
        folders: &[
            "firmware-glue/report/src",
            "dsp/src/detect",
            "dsp/src/features",
            "dsp/src/sanitize",
            "dsp/src/presence",
        ],
        except: &[],
    },
    Rule {
        name: "computes with floats, whose sums show their order",
        words: &["f32", "f64"],
        folders: &[
            "firmware-glue/report/src/wire",
            "firmware-glue/report/src/budget",
            "firmware-glue/report/src/state",
        ],
        except: &[],
    },
    Rule {
        name: "skips the wipe",
        words: &["mem::forget", "ManuallyDrop", "Box::leak"],
        folders: &["dsp/src", "optimizer/src", "firmware-glue/src", "firmware-glue/report/src", "node/src"],
        except: &["optimizer/src/bin"],
    },
];

/// Rust files under a folder, sorted, less the modules that a file of the folder declares for its tests alone.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    let is_source = |p: &Path| p.extension().is_some_and(|e| e == "rs");
    let sources = entries.iter().filter(|p| is_source(p)).map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    let of_tests: Vec<&str> = sources.iter().flat_map(|s| test_modules(s)).collect();
    let mut out = vec![];
    for path in &entries {
        if path.file_stem().is_some_and(|stem| of_tests.iter().any(|m| *m == stem)) {
            continue;
        }
        if path.is_dir() {
            out.extend(files(path)?);
        } else if is_source(path) {
            out.push(path.clone());
        }
    }
    Ok(out)
}

/// The modules in files of their own that stand under `#[cfg(test)]`.
fn test_modules(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter(|w| w[0] == "#[cfg(test)]");
    pairs.filter_map(|w| w[1].strip_suffix(';')?.split_once("mod ").map(|(_, name)| name)).collect()
}

/// The code alone: comments, the inside of texts, attributes and what follows `#[cfg(test)]` are left out. Lines stay.
fn code(text: &str) -> Vec<String> {
    let (mut in_text, mut depth, mut out) = (false, 0usize, vec![]);
    for line in text.lines() {
        if !in_text && line.trim_start().starts_with("#[cfg(test)]") {
            break;
        }
        let (mut kept, mut chars) = (String::new(), line.chars().peekable());
        while let Some(c) = chars.next() {
            match c {
                _ if depth > 0 => match (c, chars.peek()) {
                    ('*', Some('/')) => depth -= usize::from(chars.next().is_some()),
                    ('/', Some('*')) => depth += usize::from(chars.next().is_some()),
                    _ => {}
                },
                '\\' if in_text => drop(chars.next()),
                '"' => in_text = !in_text,
                _ if in_text => {}
                '/' if chars.peek() == Some(&'/') => break,
                '/' if chars.peek() == Some(&'*') => depth += usize::from(chars.next().is_some()),
                // A quoted quote is no text; a lifetime is no character.
                '\'' if chars.peek() == Some(&'"') => {
                    chars.next();
                    chars.next();
                }
                '\'' => kept.push_str(if chars.peek().is_some_and(|c| c.is_alphabetic()) { "'_" } else { "'" }),
                c => kept.push(c),
            }
        }
        out.push(if kept.trim_start().starts_with("#[") { String::new() } else { spelled_out(kept) });
    }
    out
}

/// `use std::{fs, io}` says `std::fs` and `std::io` too.
fn spelled_out(mut line: String) -> String {
    if let Some((prefix, list)) = line.clone().split_once("use ").and_then(|(_, l)| l.split_once('{')) {
        for name in list.split([',', '{', '}', ';']).map(str::trim).filter(|n| !n.is_empty()) {
            line.push_str(&format!(" {prefix}{name}"));
        }
    }
    line
}

/// Whether a word stands in a line by itself, not as a part of a longer name.
fn has(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
        !before.is_some_and(part) && (word.ends_with([':', '!']) || !after.is_some_and(part))
    })
}

/// Everything that a rule refuses in a file.
fn refused(rule: &Rule, text: &str) -> Vec<(usize, &'static str)> {
    let lines = code(text);
    let hits = |(n, line): (usize, &String)| {
        // What is checked when it is compiled cannot panic when it runs.
        let constant = |w: &str| w.starts_with("assert") && has(line, "const");
        rule.words.iter().filter(|w| has(line, w) && !constant(w)).map(|w| (n + 1, *w)).collect::<Vec<_>>()
    };
    lines.iter().enumerate().flat_map(hits).collect()
}

#[test]
fn no_function_of_the_gate_can_tell() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut scanned, mut found) = (0, vec![]);
    for rule in RULES {
        for folder in rule.folders {
            // A folder that moved would otherwise be scanned no more, in silence.
            for path in files(&root.join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}")) {
                let short = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                if rule.except.iter().any(|e| short.starts_with(e)) {
                    continue;
                }
                scanned += 1;
                let text = fs::read_to_string(&path).unwrap();
                let hits = refused(rule, &text).into_iter();
                found.extend(hits.map(|(line, word)| format!("{short}:{line}: `{word}` {}", rule.name)));
            }
        }
    }
    assert!(scanned > 100, "{scanned}");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// `Telemetry` opens the way that needs no permit: each type that has it stands here by name.
#[test]
fn telemetry_is_a_short_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = vec![];
    for folder in ["dsp/src", "optimizer/src", "firmware-glue/src", "node/src"] {
        for path in files(&root.join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}")) {
            let lines = code(&fs::read_to_string(&path).unwrap());
            found.extend(lines.iter().filter_map(|l| Some(l.split_once("Telemetry for ")?.1.trim().to_string())));
        }
    }
    found.sort_unstable();
    assert_eq!(found, ["AirReport {}", "Known {}"]);
}

/// The gate's crate is a leaf: no operating system, no allocator, no `unsafe`, and nothing but a hash and the wipe below it.
#[test]
fn the_gate_is_a_leaf() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-glue/report");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once("[dependencies]").expect("it has dependencies");
    let section = rest.split("\n[").next().unwrap_or_default();
    let lines = section.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    let names: Vec<&str> = lines.filter_map(|l| l.split(['.', ' ', '=']).next()).collect();
    assert_eq!(names, ["sha2", "zeroize"]);
    assert!(manifest.contains("[lints]\nworkspace = true"), "the workspace forbids unsafe code");
    let lib = code(&read("src/lib.rs")).join("\n");
    assert!(!lib.contains("extern crate alloc"));
    assert!(read("src/lib.rs").contains("#![no_std]"));
    let workspace = fs::read_to_string(root.join("../../Cargo.toml")).unwrap();
    assert!(workspace.contains("unsafe_code = \"forbid\""));
}

/// Each function of the gate says what is lost, and a test calls it.
#[test]
fn each_function_of_the_gate_says_what_is_lost_and_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let gate = root.join("firmware-glue/report/src/gate");
    let mut tests = String::new();
    for path in fs::read_dir(&gate).unwrap().map(|f| f.unwrap().path()) {
        let text = fs::read_to_string(path).unwrap();
        tests += text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
    }
    for path in fs::read_dir(root.join("tests")).unwrap().map(|f| f.unwrap().path()) {
        if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("t_scan.rs") {
            tests += &fs::read_to_string(path).unwrap();
        }
    }
    let (mut n, mut silent) = (0, vec![]);
    for path in files(&gate).unwrap() {
        let text = fs::read_to_string(&path).unwrap();
        let (text, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
        let mut about = String::new();
        for line in text.lines() {
            if let Some(doc) = line.strip_prefix("///") {
                about += doc;
            } else if let Some(name) = line.strip_prefix("pub fn ") {
                let name = name.split(['(', '<']).next().unwrap_or_default();
                n += 1;
                if !about.contains("Lost:") {
                    silent.push(format!("{name} does not say what is lost"));
                }
                if !tests.contains(&format!("{name}(")) {
                    silent.push(format!("{name} is in no test"));
                }
                about.clear();
            } else if !line.starts_with("#[") {
                about.clear();
            }
        }
    }
    assert!(n >= 20 && silent.is_empty(), "{n} functions; {silent:?}");
}

#[test]
fn each_word_is_seen_where_it_counts() {
    for rule in RULES {
        for word in rule.words {
            let call = format!("fn f() {{\n    let x = ({word} y);\n}}\n");
            assert!(refused(rule, &call).contains(&(2, *word)), "{word}");
            let innocent = format!(
                "// {word} y\n/* {word} y */ fn f() {{ g(\"{word} y\", x{word} y, '\"'); }} // {word}\n\
                 #[cfg(test)]\nmod tests {{\n    {word} y\n}}\n"
            );
            assert_eq!(refused(rule, &innocent), [], "{word}");
        }
    }
    assert_eq!(refused(&RULES[1], "use std::{fs, io};"), [(1, "std::fs")]);
    assert_eq!(refused(&RULES[1], "use crate::env::Environment;\nlet x: FileError;"), []);
    let declared = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\npub(crate) mod c;\n#[cfg(test)]\nmod d {\n}\n";
    assert_eq!(test_modules(declared), ["b", "c"]);
    let statics = &RULES[2];
    assert_eq!(refused(statics, "fn f(x: &'static str, y: &'a str) -> &'static str { x }"), []);
    assert_eq!(refused(statics, "pub(crate) static SEEN: AtomicU64 = AtomicU64::new(0);"), [(1, "static")]);
    assert_eq!(refused(&RULES[0], "#[doc = \"x\"]\nfn f() { println!(\"a \\\" b\") }"), [(2, "println!")]);
}
