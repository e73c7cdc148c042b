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
        let line = line.clone();
        rule.words.iter().filter(move |w| has(&line, w)).map(move |w| (n + 1, *w)).collect::<Vec<_>>()
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
