//! `millpond.h` is what cbindgen makes of the source today.
//!
//! After a change of the interface: `MILLPOND_BLESS=1 cargo test -p millpond-tests --test c_header` writes it anew.

use std::path::Path;

const GLUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware-glue");

/// The modules with something that crosses the border, in the order of the header.
const MODULES: [&str; 7] = ["version", "result", "memory", "abi/frame", "abi/message", "abi/config", "sensor"];

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

/// Sizes and offsets as Rust has them, for the C compiler to confirm.
fn layout() -> String {
    use std::mem::offset_of;
    let mut text = String::from("#include \"millpond.h\"\n#include <stddef.h>\n");
    macro_rules! same {
        ($($t:ident { $($m:ident)* })*) => { $(
            text += &format!("_Static_assert(sizeof({0}) == {1}, \"{0}\");\n", stringify!($t), size_of::<millpond::$t>());
            $(
                let (t, m, at) = (stringify!($t), stringify!($m), offset_of!(millpond::$t, $m));
                text += &format!("_Static_assert(offsetof({t}, {m}) == {at}, \"{t}.{m}\");\n");
            )*
        )* };
    }
    same! {
        mp_config { size abi links zones reserved max_tones max_chains link_zones false_alarms_per_1000_days hold_ms
            present_s reserved2 seed }
        mp_frame { size link format flags t_us samples tones samples_bytes n_tones n_rx n_sts width_mhz ppdu reserved
            rssi_cdbm noise_cdbm gain_cdb seq reserved2 }
        mp_rssi { size link flags reserved t_us level_cdbm noise_cdbm reserved2 }
        mp_status { schema level sensing source uptime frames_since_off kept managed_by budget_left }
        mp_zone { zone state present level since calibration reserved }
        mp_link { handle kind quality }
        mp_event { slot number code reserved }
        mp_message_body { status zone link event reserved }
        mp_message { size kind reserved of }
    }
    text += &format!("_Static_assert(sizeof(mp_result) == {}, \"mp_result\");\n", size_of::<millpond::mp_result>());
    text
}

#[test]
fn c_lays_the_structs_out_as_rust_does() {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layout.c");
    std::fs::write(&source, layout()).expect("the scratch folder is writable");
    let mut compiler = std::process::Command::new("cc");
    compiler.args(["-std=c11", "-fsyntax-only", "-Wall", "-Werror", "-pedantic"]);
    let Ok(output) = compiler.arg("-I").arg(Path::new(GLUE).join("include")).arg(source).output() else {
        eprintln!("c_header: no cc here; the layout is not confirmed");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
