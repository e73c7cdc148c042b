//! `millpond.h` is what cbindgen makes of the source today.
//!
//! After a change of the interface: `MILLPOND_BLESS=1 cargo test -p millpond-tests --test c_header` writes it anew.

use std::path::Path;

const GLUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware-glue");

/// The modules with something that crosses the border, in the order of the header.
const MODULES: [&str; 6] = ["version", "result", "ffi", "frame", "message", "sensor"];

fn generated() -> String {
    let glue = Path::new(GLUE);
    let config = cbindgen::Config::from_file(glue.join("cbindgen.toml")).expect("cbindgen.toml is read");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for module in MODULES {
        builder = builder.with_src(glue.join("src").join(module).with_extension("rs"));
    }
    let mut text = Vec::new();
    builder.generate().expect("the source parses").write(&mut text);
    String::from_utf8(text).expect("the source is UTF-8")
}

#[test]
fn header_matches_the_source() {
    let (path, made) = (Path::new(GLUE).join("include/millpond.h"), generated());
    if std::env::var_os("MILLPOND_BLESS").is_some() {
        std::fs::write(&path, &made).expect("the header can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("include/millpond.h is committed");
    let differs = committed.lines().zip(made.lines()).position(|(a, b)| a != b);
    assert!(
        committed == made,
        "include/millpond.h differs from the source from line {:?} on; see the head of this test",
        differs.map(|n| n + 1)
    );
}

#[test]
fn no_float_crosses_by_value() {
    // Soft-float and hard-float objects link without a word and disagree about where a float argument lies.
    for line in generated().lines() {
        let code = line.trim_start_matches([' ', '*', '/']);
        let is_comment = code.len() < line.len() && !line.starts_with("  ");
        assert!(is_comment || !(code.contains("float ") || code.contains("double ")), "{line}");
    }
}

#[test]
fn every_exported_function_is_in_the_header() {
    let header = generated();
    let mut names = 0;
    for module in MODULES {
        let path = Path::new(GLUE).join("src").join(module).with_extension("rs");
        let source = std::fs::read_to_string(path).expect("the module is there");
        for (_, rest) in source.match_indices("extern \"C\" fn ").map(|(at, m)| source.split_at(at + m.len())) {
            let name = rest.split('(').next().expect("a split has a first part");
            assert!(header.contains(&format!("{name}(")), "{name}");
            names += 1;
        }
    }
    assert!(names >= 13, "{names}");
}
