//! The scripts of the OpenWrt package, run against stand-ins of `rc.common` and `uci`, and read by a linter where there is one.
//!
//! It is not OpenWrt: that procd takes what the script says, and that the Makefile builds in its tree, is not shown here.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware-glue/openwrt/millpond/files");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

fn file(name: &str) -> PathBuf {
    Path::new(FILES).join(name)
}

fn sh(script: &str) -> Output {
    Command::new("sh").arg("-c").arg(script).output().expect("sh starts")
}

/// `uci` as far as the scripts use it: one file a key, and a log of what was asked.
const UCI: &str = r#"
uci() {
    [ "$1" = -q ] && shift
    case "$1" in
    get) [ -e "$STORE/$2" ] && cat "$STORE/$2" ;;
    set) printf '%s' "${2#*=}" >"$STORE/${2%%=*}" ;;
    commit) echo "commit $2" >>"$STORE/log" ;;
    *) echo "uci: $1?" >&2; return 1 ;;
    esac
}
"#;

/// `rc.common` and procd as far as the script uses them: what procd is told is printed.
const RC_COMMON: &str = r#"
config_load() { [ "$1" = millpond ]; }
config_get() { eval "$1=\"\${conf_$3:-$4}\""; }
config_get_bool() { config_get "$@"; }
procd_open_instance() { echo open; }
procd_close_instance() { echo close; }
procd_set_param() { echo "set $*"; }
procd_add_reload_trigger() { echo "trigger $*"; }
logger() { shift 4; echo "log $*"; }
mkdir() { echo "mkdir $*"; }
chown() { echo "chown $*"; }
chmod() { echo "chmod $*"; }
"#;

#[test]
fn scripts_are_well_formed() {
    for name in ["millpond.init", "millpond.defaults"] {
        let output = Command::new("sh").arg("-n").arg(file(name)).output().expect("sh starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        // OpenWrt's shell has `local`; the first line of the service names rc.common, which the linter does not know.
        let mut lint = Command::new("shellcheck");
        match lint.args(["--shell=sh", "--exclude=SC3043"]).arg(file(name)).output() {
            Ok(output) => assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout)),
            Err(_) => eprintln!("openwrt: no shellcheck here; {name} is parsed only"),
        }
    }
}

fn started(conf: &str) -> (bool, String) {
    let output = sh(&format!("{RC_COMMON}\n{conf}\n. {}\nstart_service", file("millpond.init").display()));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_service_starts_only_when_it_is_enabled() {
    assert_eq!(started(""), (true, String::new()), "off by default");
    let (done, said) = started("conf_enabled=1; conf_settings=/nowhere/millpond.toml");
    assert!(!done && said.starts_with("log /nowhere/millpond.toml is not there"), "{said}");
    let settings = file("millpond.config");
    let (done, said) = started(&format!("conf_enabled=1; conf_settings={}", settings.display()));
    let command =
        format!("set command /usr/bin/millpond run --config {} --folder /var/lib/millpond", settings.display());
    let lines: Vec<&str> = said.lines().collect();
    assert!(done && lines.contains(&command.as_str()), "{said}");
    for line in ["open", "close", "set user millpond", "set no_new_privs 1", "set limits core=0"] {
        assert!(lines.contains(&line), "{line}\n{said}");
    }
    let at = |line: &str| lines.iter().position(|l| *l == line);
    assert!(at("open") < at(&command) && at(&command) < at("close"), "{said}");
}

#[test]
fn first_boot_fills_in_what_is_missing_and_changes_nothing_else() {
    let store = Path::new(SCRATCH).join("uci");
    let _ = fs::remove_dir_all(&store);
    fs::create_dir_all(&store).expect("the scratch folder is writable");
    fs::write(store.join("millpond.main.settings"), "/mine.toml").expect("the scratch folder is writable");
    // The file itself is not for a test to touch.
    let script = fs::read_to_string(file("millpond.defaults")).expect("the script is there");
    let script = script
        .replace("/etc/config/millpond ", "\"$STORE/file\" ")
        .replace("/etc/config/millpond\n", "\"$STORE/file\"\n");
    for _ in 0..2 {
        let output = sh(&format!("STORE={}\n{UCI}\n{script}", store.display()));
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    let value = |key: &str| fs::read_to_string(store.join(format!("millpond.{key}"))).unwrap_or_default();
    assert_eq!(value("main.enabled"), "0");
    assert_eq!(value("main.settings"), "/mine.toml", "what is there stays");
    assert_eq!(value("main.folder"), "/var/lib/millpond");
    assert_eq!(value("main"), "millpond");
}

#[test]
fn the_package_names_what_the_tree_has() {
    let makefile = fs::read_to_string(Path::new(FILES).join("../Makefile")).expect("the Makefile is there");
    for (_, name) in makefile.match_indices("./files/").map(|(at, m)| makefile.split_at(at + m.len())) {
        let name = name.split_whitespace().next().expect("a name");
        assert!(file(name).is_file(), "{name}");
    }
    let version = makefile.lines().find_map(|l| l.strip_prefix("PKG_VERSION:="));
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
    let defaults = fs::read_to_string(file("millpond.config")).expect("the defaults are there");
    assert!(defaults.contains("option enabled '0'"), "off by default");
    // Recipes begin with a tabulator, or make refuses the file.
    assert!(makefile.lines().all(|l| !l.starts_with("  $(INSTALL") && !l.starts_with("    $(")));
}
