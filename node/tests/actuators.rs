//! The actuators against the real programs: a real `ovsdb-server` with OpenSync's schema, a real `hostapd` without a
//! radio. What is missing on this machine is said and skipped.

#![allow(clippy::unwrap_used)]

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use millpond_dsp::phy::Micros;
use millpond_node::act::{ActError, Actuator, Confirmation, HostapdActuator, OvsdbActuator};
use millpond_node::net::hostapd::{Hostapd, value};
use millpond_node::net::ovsdb::{Ovsdb, OvsdbError};
use millpond_optimizer::model::regulatory::ETSI;
use millpond_report::wire::range::{Band, By, Channel, DecisionKind, NodeId, Number, Power, Slot, Tenths, Width};
use millpond_report::wire::{Decision, List, Setting};
use serde_json::{Value, json};

const SCHEMA: &str = "../../shared/opensync/opensync.ovsschema";
/// EPROTOTYPE: the socket is there, and one of datagrams.
const WRONG_TYPE: i32 = 91;
const SECOND: Duration = Duration::from_secs(1);

/// A program that does not outlive its test.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn folder(name: &str) -> PathBuf {
    // Not below the build's folder: a socket's path is 107 bytes at most.
    let folder = std::env::temp_dir().join(format!("millpond-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn start(program: &str, arguments: &[&str], socket: &Path) -> Option<Kept> {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(child) = command.spawn() else {
        println!("skipped: there is no {program} here");
        return None;
    };
    let kept = Kept(child);
    let until = Instant::now() + 90 * SECOND;
    // A datagram socket is there at once; a stream's listens a moment later.
    let is_up = || {
        matches!(UnixStream::connect(socket), Err(e) if e.raw_os_error() == Some(WRONG_TYPE))
            || UnixStream::connect(socket).is_ok()
    };
    while !is_up() {
        assert!(Instant::now() < until, "{program} makes its socket");
        std::thread::sleep(SECOND / 50);
    }
    Some(kept)
}

/// A fresh database with OpenSync's schema.
fn database(folder: &Path) -> Option<(Kept, PathBuf)> {
    if !Path::new(SCHEMA).exists() {
        println!("skipped: there is no {SCHEMA}");
        return None;
    }
    let (file, socket) = (folder.join("conf.db"), folder.join("db.sock"));
    let made = Command::new("ovsdb-tool").arg("create").arg(&file).arg(SCHEMA).status();
    if !made.is_ok_and(|s| s.success()) {
        println!("skipped: there is no ovsdb-tool here");
        return None;
    }
    let server = serve(&file, &socket)?;
    Some((server, socket))
}

fn serve(file: &Path, socket: &Path) -> Option<Kept> {
    let remote = format!("--remote=punix:{}", socket.display());
    let control = format!("--unixctl={}", socket.with_extension("ctl").display());
    start("ovsdb-server", &["--no-chdir", &remote, &control, file.to_str().unwrap()], socket)
}

fn setting(channel: i64, width: Width) -> Setting {
    Setting { node: NodeId::new(1), band: Band::Ghz5, channel: Channel::new(channel), width, power: Power::new(20) }
}

fn decision(number: i64, from: Setting, to: Setting) -> Decision {
    Decision {
        number: Number::new(number),
        slot: Slot::new(0),
        kind: DecisionKind::Channel,
        from,
        to,
        reasons: List::EMPTY,
        losers: List::EMPTY,
        flip: None,
        expected: Tenths::new(0),
        measured: None,
        by: By::Auto,
    }
}

fn insert(db: &mut Ovsdb, table: &str, row: &Value) {
    db.transact(&[json!({ "op": "insert", "table": table, "row": row })]).unwrap();
}

#[test]
fn a_channel_is_swapped_in_a_real_database_confirmed_and_undone() {
    let folder = folder("ovsdb");
    let Some((server, socket)) = database(&folder) else { return };
    let mut db = Ovsdb::connect(&socket, "Open_vSwitch", 60 * SECOND).unwrap();
    let radio = json!({ "if_name": "wifi1", "freq_band": "5G", "channel": 36, "ht_mode": "HT80", "hw_mode": "11ax" });
    insert(&mut db, "Wifi_Radio_Config", &radio);
    insert(&mut db, "Wifi_Radio_State", &radio);
    let columns = json!({ "Wifi_Radio_Config": [{ "columns": ["channel", "ht_mode"] }] });
    let initial = db.monitor(&columns).unwrap();
    assert!(initial.to_string().contains("36"), "{initial}");

    let mut act = OvsdbActuator::new(socket.clone(), 1, ETSI);
    let (a, b, c) = (setting(36, Width::Mhz80), setting(149, Width::Mhz80), setting(100, Width::Mhz80));
    let first = act.propose(&decision(1, a, b)).unwrap();
    act.apply(&first, Micros(0)).unwrap();
    assert_eq!(act.confirm(1, Micros(0)), Ok(Confirmation::Waiting), "the wish is not the fact");
    assert_eq!(act.apply(&act.propose(&decision(2, b, c)).unwrap(), Micros(0)), Err(ActError::Busy));
    let update = db.changed(60 * SECOND).unwrap().expect("a monitor tells the change");
    assert!(update.to_string().contains("149"), "{update}");

    // What the wireless manager does: the fact follows the wish.
    let follow = |db: &mut Ovsdb, channel: u8| {
        let row = json!({ "channel": channel });
        db.transact(&[json!({ "op": "update", "table": "Wifi_Radio_State", "where": [], "row": row })]).unwrap();
    };
    follow(&mut db, 149);
    assert_eq!(act.confirm(1, Micros(1)), Ok(Confirmation::Done));

    // A plan that was made on what is no longer so.
    let stale = act.propose(&decision(3, a, c)).unwrap();
    assert_eq!(act.apply(&stale, Micros(20_000_000)), Err(ActError::Moved));
    // A change that the radio does not follow fails when its time is over: 60 s of listening for radar first.
    let third = act.propose(&decision(4, b, c)).unwrap();
    act.apply(&third, Micros(20_000_000)).unwrap();
    assert_eq!(act.confirm(4, Micros(94_000_000)), Ok(Confirmation::Waiting));
    assert_eq!(act.confirm(4, Micros(96_000_000)), Ok(Confirmation::Failed));
    act.undo(4, Micros(96_000_000)).unwrap();
    assert_eq!(act.confirm(4, Micros(0)), Err(ActError::NoSuchChange));
    let rows = db.select("Wifi_Radio_Config", &[], &["channel"]).unwrap();
    assert_eq!(rows, [json!({ "channel": 149 })]);

    // The database's own words, and what is not ours.
    let refused =
        db.transact(&[json!({ "op": "update", "table": "Wifi_Radio_Config", "where": [], "row": { "channel": 300 } })]);
    let Err(OvsdbError::Refused { error, details }) = refused else { panic!("300 is no channel: {refused:?}") };
    assert!(error == "constraint violation" && details.contains("300"), "{error}: {details}");
    let row = json!({ "channel_mode": "cloud" });
    db.transact(&[json!({ "op": "update", "table": "Wifi_Radio_Config", "where": [], "row": row })]).unwrap();
    let owned = act.propose(&decision(5, b, a)).unwrap();
    assert_eq!(act.apply(&owned, Micros(200_000_000)), Err(ActError::Owned));
    let other = Setting { node: NodeId::new(2), ..b };
    assert_eq!(act.propose(&decision(6, other, Setting { node: NodeId::new(2), ..a })), Err(ActError::Elsewhere));

    // A server that goes away and comes back.
    drop(server);
    assert!(matches!(db.select("Wifi_Radio_Config", &[], &["channel"]), Err(OvsdbError::Io(_))));
    assert_eq!(act.confirm(1, Micros(u64::MAX)), Err(ActError::Unreachable));
    let _ = std::fs::remove_file(&socket);
    let Some(_again) = serve(&folder.join("conf.db"), &socket) else { return };
    assert_eq!(act.confirm(1, Micros(u64::MAX)), Ok(Confirmation::Done), "it was written down");
}

#[test]
fn a_real_hostapd_answers_and_its_refusals_are_results() {
    let folder = folder("hostapd");
    let sockets = folder.join("ctrl");
    let config = folder.join("hostapd.conf");
    let text = format!(
        "driver=none\ninterface=pond0\nctrl_interface={}\nssid=pond\nhw_mode=a\nchannel=36\n",
        sockets.display()
    );
    std::fs::write(&config, text).unwrap();
    let Some(_hostapd) = start("hostapd", &[config.to_str().unwrap()], &sockets.join("pond0")) else { return };
    let own = folder.join("own.sock");
    let mut control = Hostapd::connect(&sockets.join("pond0"), &own, 30 * SECOND).unwrap();
    assert_eq!(control.ask("PING").unwrap().trim(), "PONG");
    control.attach().unwrap();
    let status = control.ask("STATUS").unwrap();
    assert!(value(&status, "state").is_some(), "{status}");
    assert!(control.order("NO_SUCH_COMMAND").unwrap_err().to_string().contains("UNKNOWN COMMAND"));
    assert!(control.order("CHAN_SWITCH 5 5745").is_err(), "there is no radio to switch");
    assert_eq!(control.event(SECOND / 10).unwrap(), None);
    drop(control);
    assert!(!own.exists(), "our end is taken away");

    let (a, b) = (setting(36, Width::Mhz20), setting(149, Width::Mhz20));
    let mut act = HostapdActuator::new(sockets, folder.clone(), 1, ETSI);
    let proposal = act.propose(&decision(1, a, b)).unwrap();
    assert_eq!(proposal.commands, ["CHAN_SWITCH 5 5745 bandwidth=20"]);
    // Without a driver it has no frequency: no radio of it is set as the plan assumed.
    assert!(matches!(act.apply(&proposal, Micros(0)), Err(ActError::Moved | ActError::Refused)));
    let power = Setting { power: Power::new(17), ..a };
    assert_eq!(act.propose(&decision(2, a, power)), Err(ActError::Refused), "hostapd sets no power");
    let mut gone = HostapdActuator::new(folder.join("nowhere"), folder, 1, ETSI);
    assert_eq!(gone.apply(&proposal, Micros(0)), Err(ActError::Unreachable));
}
