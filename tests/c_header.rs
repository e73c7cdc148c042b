//! `millpond.h` and `millpond_plan.h` are what cbindgen makes of the source today.
//!
//! After a change of the interface: `MILLPOND_BLESS=1 cargo test -p millpond-tests --test c_header` writes them anew.

use std::path::Path;

const GLUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware-glue");

/// A header, and the modules with something that crosses the border, in its order.
struct Header {
    file: &'static str,
    modules: &'static [&'static str],
}

const SENSOR: Header = Header {
    file: "millpond.h",
    modules: &["version", "result", "memory", "abi/frame", "abi/survey", "abi/message", "abi/config", "sensor"],
};
const PLAN: Header = Header { file: "millpond_plan.h", modules: &["abi/plan", "plan/mod"] };

const PLAN_HEAD: &str = "
/*
 * Millpond's planner: channels, widths, powers and client moves, with reasons. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Made from the Rust source by cbindgen; do not edit. Only in a library that was built with the feature `plan`.
 */";

impl Header {
    fn generated(&self) -> String {
        let glue = Path::new(GLUE);
        let mut config = cbindgen::Config::from_file(glue.join("cbindgen.toml")).expect("cbindgen.toml is read");
        if self.file == PLAN.file {
            config.include_guard = Some("MILLPOND_PLAN_H".into());
            config.includes = vec!["millpond.h".into()];
            config.header = Some(PLAN_HEAD.into());
            config.trailer = None;
        }
        let mut builder = cbindgen::Builder::new().with_config(config);
        for module in self.modules {
            builder = builder.with_src(glue.join("src").join(module).with_extension("rs"));
        }
        let mut text = Vec::new();
        builder.generate().expect("the source parses").write(&mut text);
        String::from_utf8(text).expect("the source is UTF-8")
    }
}

/// The headers as they are committed; made anew first if that is asked for.
fn committed(header: &Header) -> String {
    let path = Path::new(GLUE).join("include").join(header.file);
    if std::env::var_os("MILLPOND_BLESS").is_some() {
        std::fs::write(&path, header.generated()).expect("the header can be written");
    }
    std::fs::read_to_string(&path).expect("the header is committed")
}

#[test]
fn headers_match_the_source() {
    for header in [&SENSOR, &PLAN] {
        let (committed, made) = (committed(header), header.generated());
        let differs = committed.lines().zip(made.lines()).position(|(a, b)| a != b);
        assert!(
            committed == made,
            "include/{} differs from the source from line {:?} on; see the head of this test",
            header.file,
            differs.map(|n| n + 1)
        );
    }
}

/// Sizes and offsets as Rust has them, for the C compiler to confirm.
fn layout() -> String {
    use std::mem::offset_of;
    let mut text = String::from("#include \"millpond_plan.h\"\n#include <stddef.h>\n");
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
        mp_config { size abi links zones presence max_tones max_chains link_zones false_alarms_per_1000_days hold_ms
            present_s reserved2 seed log log_user }
        mp_frame { size link format flags t_us samples tones samples_bytes n_tones n_rx n_sts width_mhz ppdu reserved
            rssi_cdbm noise_cdbm gain_cdb seq reserved2 }
        mp_rssi { size link flags reserved t_us level_cdbm noise_cdbm reserved2 }
        mp_survey { size node band channel radar width_mhz noise_dbm neighbours busy_ms active_ms stations reserved }
        mp_radio { node band channel busy width_mhz noise neighbours stations radar }
        mp_status { schema level sensing source uptime frames_since_off kept managed_by budget_left }
        mp_zone { zone state present level since calibration reserved }
        mp_link { handle kind quality }
        mp_event { slot number code reserved }
        mp_message_body { status zone radio link event reserved }
        mp_message { size kind reserved of }
        mp_site { size abi country flags reserved switch_cost_milli seed slot first_number rounds n_nodes n_radios n_losses
            n_clients n_client_losses n_surveys n_neighbours n_dfs n_rules nodes radios losses clients client_losses
            surveys neighbours dfs rules }
        mp_site_node { size home gateway parent parent_radio radio reserved }
        mp_site_radio { size node radio band streams widths max_eirp_dbm flags channel center eirp_dbm width_mhz reserved }
        mp_site_loss { size a b band reserved loss_db }
        mp_site_client { size demand_kbps weight_milli refusals streams ppdu max_width_mhz node radio stays reserved }
        mp_site_client_loss { size client node band loss_db }
        mp_site_neighbour { size node band channel center width_mhz level_dbm duty_permille reserved }
        mp_site_dfs { size events_30d channel blocked reserved }
        mp_site_rule { size rule what node band channel parent width_mhz client }
        mp_setting { node band channel eirp_dbm width_mhz reserved }
        mp_reason { weight_milli code reserved }
        mp_loser { option code reserved }
        mp_decision { size number slot kind n_reasons n_losers has_flip from to reasons losers flip expected_tenths n_bytes
            bytes reserved }
    }
    text += &format!("_Static_assert(sizeof(mp_result) == {}, \"mp_result\");\n", size_of::<millpond::mp_result>());
    text
}

#[test]
fn c_lays_the_structs_out_as_rust_does() {
    // Blessed first, where that is asked for.
    let _ = [&SENSOR, &PLAN].map(committed);
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
    for line in [SENSOR, PLAN].iter().map(Header::generated).collect::<String>().lines() {
        let code = line.trim_start_matches([' ', '*', '/']);
        let is_comment = code.len() < line.len() && !line.starts_with("  ");
        assert!(is_comment || !(code.contains("float ") || code.contains("double ")), "{line}");
    }
}

#[test]
fn every_exported_function_is_in_the_header() {
    let mut names = 0;
    for (header, module) in [&SENSOR, &PLAN].iter().flat_map(|h| h.modules.iter().map(|m| (h.generated(), m))) {
        let path = Path::new(GLUE).join("src").join(module).with_extension("rs");
        let source = std::fs::read_to_string(path).expect("the module is there");
        for (_, rest) in source.match_indices("extern \"C\" fn ").map(|(at, m)| source.split_at(at + m.len())) {
            let name = rest.split('(').next().expect("a split has a first part");
            assert!(header.contains(&format!("{name}(")), "{name}");
            names += 1;
        }
    }
    assert!(names >= 17, "{names}");
}
