//! The scripts of the OpenWrt package, run by the router's shell (busybox, where it is there) against stand-ins of `rc.common`
//! and `uci`, and read by a linter where there is one; the Makefile, run by make against stand-ins of what it includes.
//!
//! It is not OpenWrt: that procd takes what the script says, and that the Makefile builds in its tree, is not shown here.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use millpond_tests::daemon::Daemon;
use millpond_tests::node::empty_folder;

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware-glue/openwrt/millpond/files");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

fn file(name: &str) -> PathBuf {
    Path::new(FILES).join(name)
}

/// The shell of a router, or this machine's own.
fn sh(script: &str) -> Output {
    match Command::new("busybox").args(["ash", "-c", script]).output() {
        Ok(output) => output,
        Err(_) => {
            eprintln!("openwrt: no busybox here; the scripts run in this machine's shell");
            Command::new("sh").arg("-c").arg(script).output().expect("sh starts")
        }
    }
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
    for name in ["millpond.init", "millpond.defaults", "millpond.rpcd"] {
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

/// As rpcd runs it, against the real node: no methods below level 2, none that raises at any level, and the two groups of
/// the access list name each method once.
#[test]
fn the_object_on_ubus_reads_and_lowers() {
    let folder = empty_folder("openwrt_ubus", SCRATCH);
    let daemon = Daemon::start(&folder, "");
    let call = |line: &str| {
        let binary = millpond_tests::node::binary();
        let script = format!(
            "MILLPOND={} {} {line} --folder {}",
            binary.display(),
            file("millpond.rpcd").display(),
            daemon.state.display()
        );
        let output = sh(&script);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(call("list"), (true, "{}\n".into()), "below level 2 it is not there");
    assert!(!call("call status").0);
    daemon.says(&["privacy", "level", "2", "--yes"]);
    daemon.says(&["sensing", "on"]);
    let (_, list) = call("list");
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    let acl = fs::read_to_string(file("millpond.acl.json")).expect("the access list is there");
    let acl: serde_json::Value = serde_json::from_str(&acl).expect("JSON");
    let of = |group: &str, kind: &str| acl[group][kind]["ubus"]["millpond"].as_array().expect("methods").clone();
    let mut named: Vec<String> = [of("millpond", "read"), of("millpond-lower", "write")]
        .concat()
        .iter()
        .map(|m| m.as_str().expect("a name").to_owned())
        .collect();
    named.sort();
    let methods: Vec<String> = list.as_object().expect("methods").keys().cloned().collect();
    assert_eq!(named, methods);
    assert!(call("call status").1.contains("\"sensing\":\"on\""));
    assert!(call("call zones").1.contains("\"zone\":2"));
    let paused = sh(&format!(
        "echo '{{\"minutes\":60}}' | MILLPOND={} {} call pause --folder {}",
        millpond_tests::node::binary().display(),
        file("millpond.rpcd").display(),
        daemon.state.display()
    ));
    assert!(paused.status.success());
    assert!(call("call status").1.contains("\"sensing\":\"paused\""));
    assert!(call("call off").0 && call("call status").1.contains("\"sensing\":\"off\""));
}

/// The unit for other Linux machines: read by systemd's own checker where there is one, with the binary of this build.
#[test]
fn the_systemd_unit_is_well_formed() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../node/package/millpond.service");
    let text = fs::read_to_string(unit).expect("the unit is there");
    for line in ["User=millpond", "NoNewPrivileges=yes", "LimitCORE=0", "CapabilityBoundingSet=", "IPAddressDeny=any"] {
        assert!(text.lines().any(|l| l == line), "{line}");
    }
    let folder = empty_folder("openwrt_systemd", SCRATCH);
    let copy = folder.join("millpond.service");
    let here = text.replace("/usr/bin/millpond", &millpond_tests::node::binary().display().to_string());
    fs::write(&copy, here).expect("the scratch folder is writable");
    match Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&copy).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let ours: Vec<&str> = said.lines().filter(|l| l.contains("millpond.service")).collect();
            assert!(ours.is_empty(), "{ours:?}");
        }
        Err(_) => eprintln!("openwrt: no systemd-analyze here; the unit is read as text only"),
    }
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

/// What the Makefile includes, as far as it uses it: the names are those of OpenWrt 24.10's `rules.mk`, `package.mk` and of the
/// packages feed's `rust-package.mk`.
const RULES: &str = "INCLUDE_DIR:=$(TOPDIR)/include
PKG_BUILD_DIR=$(TOPDIR)/build/$(PKG_NAME)-$(PKG_VERSION)
PKG_INSTALL_DIR=$(PKG_BUILD_DIR)/ipkg-install
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_CONF:=install -m0600
INSTALL_DATA:=install -m0644
CP:=cp -fpR
LN:=ln -sf
";
const PACKAGE: &str = "define BuildPackage
PACKAGES+=$(1)
install-$(1):
\t$(call Package/$(1)/install,$(TOPDIR)/root)
show-$(1):
\t@: $(call Package/$(1))
endef
.PHONY: prepare compile dev
prepare:
\t$(call Build/Prepare)
compile:
\t$(call Build/Compile)
dev:
\t$(call Build/InstallDev,$(TOPDIR)/staging)
";
const RUST_PACKAGE: &str = "RUST_ARCH_DEPENDS:=@(aarch64||arm||mips||mipsel||x86_64)
CARGO_PKG_VARS=CARGO_PROFILE_RELEASE_STRIP=true
define Build/Compile/Cargo
\t+$(CARGO_PKG_VARS) cargo install --path $(PKG_BUILD_DIR)/$(1) --root $(PKG_INSTALL_DIR) --target $(RUSTC_TARGET_ARCH) $(2)
endef
";
/// A cargo that says what it was asked and leaves what it was to make.
const CARGO: &str = r#"#!/bin/sh
echo "cargo $*" >>"$TOPDIR/asked"
case "$1" in
install) mkdir -p "$OUT/ipkg-install/bin" && echo daemon >"$OUT/ipkg-install/bin/millpond" ;;
rustc) mkdir -p "$OUT/target/$RUSTC_TARGET_ARCH/release" && echo library >"$OUT/target/$RUSTC_TARGET_ARCH/release/libmillpond.so" ;;
esac
"#;

/// Every step of the Makefile as OpenWrt would call it, with a tree of the headers alone: which files land where.
#[test]
fn the_makefile_prepares_compiles_and_installs() {
    use std::os::unix::fs::PermissionsExt;
    if Command::new("make").arg("--version").output().is_err() {
        eprintln!("openwrt: no make here; the Makefile is read only");
        return;
    }
    let package = Path::new(FILES).join("..").canonicalize().expect("the package is there");
    for (arch, integer) in [("mipsel-unknown-linux-musl", true), ("aarch64-unknown-linux-musl", false)] {
        let top = Path::new(SCRATCH).join("openwrt").join(arch);
        let _ = fs::remove_dir_all(&top);
        let write = |path: &str, text: &str| {
            let path = top.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("the scratch folder is writable");
            fs::write(path, text.replace("\\t", "\t")).expect("the scratch folder is writable");
        };
        write("rules.mk", RULES);
        write("include/package.mk", PACKAGE);
        write("feeds/packages/lang/rust/rust-package.mk", RUST_PACKAGE);
        write("bin/cargo", CARGO);
        fs::set_permissions(top.join("bin/cargo"), fs::Permissions::from_mode(0o755)).expect("it is ours");
        // The tree: what the package takes from it beside the sources.
        for file in ["millpond.h", "millpond.hpp"] {
            let text = fs::read_to_string(Path::new(FILES).join("../../../include").join(file)).expect("a header");
            write(&format!("tree/firmware-glue/include/{file}"), &text);
        }
        write("tree/target/left-out", "");
        write("tree/.git/left-out", "");
        let path = std::env::join_paths(
            [top.join("bin")].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let output = Command::new("make")
            .current_dir(&package)
            .args(["--no-print-directory", "prepare", "compile", "dev", "install-libmillpond", "install-millpond"])
            .arg("show-millpond")
            .arg(format!("TOPDIR={}", top.display()))
            .arg(format!("MILLPOND_TREE={}", top.join("tree").display()))
            .arg(format!("RUSTC_TARGET_ARCH={arch}"))
            .env("PATH", path.expect("folders without a colon"))
            .env("TOPDIR", &top)
            .env("OUT", top.join("build/millpond-0.1.0"))
            .env("RUSTC_TARGET_ARCH", arch)
            .env_remove("MAKEFLAGS")
            .output()
            .expect("make starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let asked = fs::read_to_string(top.join("asked")).expect("cargo was asked");
        let asked: Vec<&str> = asked.lines().collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(asked[0].contains("node --root") && asked[0].contains("--bin millpond"), "{}", asked[0]);
        assert!(asked[1].contains("-p millpond-firmware-glue --lib --crate-type cdylib"), "{}", asked[1]);
        for asked in &asked {
            assert!(asked.contains(&format!("--target {arch}")), "{asked}");
            assert_eq!(asked.contains("--features millpond-dsp/integer"), integer, "{asked}");
        }
        let abi = format!("root/usr/lib/libmillpond.so.{}", millpond::MP_ABI);
        for (file, mode) in [
            ("root/usr/bin/millpond", 0o755),
            (&abi, 0o755),
            ("root/etc/init.d/millpond", 0o755),
            ("root/etc/config/millpond", 0o600),
            ("root/etc/uci-defaults/90-millpond", 0o755),
            ("root/usr/libexec/rpcd/millpond", 0o755),
            ("root/usr/share/rpcd/acl.d/millpond.json", 0o644),
            ("staging/usr/include/millpond.h", 0),
            ("staging/usr/include/millpond.hpp", 0),
            ("staging/usr/lib/libmillpond.so", 0),
        ] {
            let there = fs::metadata(top.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            assert!(
                mode == 0 || there.permissions().mode() & 0o777 == mode,
                "{file}: {:o}",
                there.permissions().mode()
            );
        }
        for left in ["target/left-out", ".git"] {
            assert!(!top.join("build/millpond-0.1.0").join(left).exists(), "{left}");
        }
    }
}
