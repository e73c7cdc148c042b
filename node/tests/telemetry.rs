//! The real daemon on an OpenSync router: a real `ovsdb-server` with OpenSync's schema, a real broker with OpenSync's
//! statistics, and a change that loses a station and is taken back. What is missing on this machine is said and skipped.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millpond_node::net::ovsdb::Ovsdb;
use rumqttc::{Client, MqttOptions, QoS};
use serde_json::{Value, json};

const SCHEMA: &str = "../../shared/opensync/opensync.ovsschema";
/// So long may a slow machine take; reports come every ten seconds, and an effect is judged after a minute.
const PATIENCE: Duration = Duration::from_secs(600);

/// A program that does not outlive its test.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &str, arguments: &[&str]) -> Option<Kept> {
    let child = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if child.is_err() {
        eprintln!("skipped: there is no {program} here");
    }
    child.ok().map(Kept)
}

fn wait<T>(what: &str, mut of: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = of() {
            return found;
        }
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

struct Router {
    folder: PathBuf,
    page: SocketAddr,
    _node: Kept,
}

impl Router {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millpond"));
        command.arg("run").arg("--config").arg(folder.join("millpond.toml")).arg("--folder").arg(folder.join("state"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let page = line.strip_prefix("page: http://").and_then(|l| l.split_once('/')).expect("a greeting").0;
        Self { folder: folder.to_owned(), page: page.parse().unwrap(), _node: Kept(child) }
    }

    fn state(&self) -> Value {
        let mut stream = TcpStream::connect(self.page).unwrap();
        write!(stream, "GET /api/state HTTP/1.1\r\nHost: {}\r\n\r\n", self.page).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }

    fn db(&self) -> Option<Ovsdb> {
        Ovsdb::connect(&self.folder.join("db.sock"), "Open_vSwitch", Duration::from_secs(60)).ok()
    }

    fn happened(&self, code: &str, number: u64) -> bool {
        let state = self.state();
        let events = state["events"].as_array().unwrap();
        events.iter().any(|e| e["code"] == code && e["number"] == number)
    }
}

fn serve(folder: &Path) -> Option<Kept> {
    let (remote, control) = (folder.join("db.sock"), folder.join("db.ctl"));
    let _ = std::fs::remove_file(&remote);
    let (remote, control) =
        (format!("--remote=punix:{}", remote.display()), format!("--unixctl={}", control.display()));
    start("ovsdb-server", &["--no-chdir", &remote, &control, folder.join("conf.db").to_str().unwrap()])
}

/// What OpenSync's managers would have written: a radio on channel 36 that serves two stations.
fn rows() -> Vec<Value> {
    let client = |name: &str, mac: &str| {
        json!({ "op": "insert", "table": "Wifi_Associated_Clients", "uuid-name": name,
                "row": { "mac": mac, "state": "active" } })
    };
    let vif = json!({ "if_name": "home-ap", "mode": "ap", "ssid": "pond", "enabled": true,
                      "associated_clients": ["set", [["named-uuid", "a"], ["named-uuid", "b"]]] });
    let radio = json!({ "if_name": "wifi0", "freq_band": "5G", "enabled": true, "channel": 36, "ht_mode": "HT20",
                        "tx_power": 20, "vif_states": ["named-uuid", "v"],
                        "channels": ["map", [["52", "{\"state\": \"nop_started\"}"]]] });
    let wish = json!({ "if_name": "wifi0", "freq_band": "5G", "channel": 36, "ht_mode": "HT20" });
    vec![
        client("a", "02:00:00:00:01:01"),
        client("b", "02:00:00:00:01:02"),
        json!({ "op": "insert", "table": "Wifi_VIF_State", "uuid-name": "v", "row": vif }),
        json!({ "op": "insert", "table": "Wifi_Radio_State", "row": radio }),
        json!({ "op": "insert", "table": "Wifi_Radio_Config", "row": wish }),
    ]
}

/// A report of OpenSync: channel 36 is busy with others nine tenths of the time, 44 and 48 are free, and both stations are near.
fn report(gone: bool) -> Vec<u8> {
    let field = |number: u8, body: &[u8]| [&[number << 3 | 2, body.len() as u8], body].concat();
    let sample = |channel: u8, busy: u8| {
        let channel = if channel > 127 { vec![8, channel, 1] } else { vec![8, channel] };
        field(4, &[&channel[..], &[40, busy]].concat())
    };
    let survey = [&[8, 1, 16, 2][..], &sample(36, 90), &sample(40, 90), &sample(44, 1), &sample(48, 1)].concat();
    let client = |mac: &[u8], there: bool| {
        let stats = field(9, &[&[8, 0x80, 0x80, 0x80, 30, 88, 50][..]].concat());
        field(3, &[&field(1, mac)[..], &[24, there.into(), 64, 0xe8, 7], &stats].concat())
    };
    let clients =
        [&[8, 1][..], &client(b"02:00:00:00:01:01", true), &client(b"02:00:00:00:01:02", !gone), &[32, 36]].concat();
    [field(1, b"pod-1"), field(2, &survey), field(5, &clients)].concat()
}

#[test]
fn a_router_is_read_planned_changed_watched_and_put_back() {
    if !Path::new(SCHEMA).exists() {
        eprintln!("skipped: there is no {SCHEMA}");
        return;
    }
    let folder = std::env::temp_dir().join(format!("millpond-tel-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let made = Command::new("ovsdb-tool").arg("create").arg(folder.join("conf.db")).arg(SCHEMA).status();
    if !made.is_ok_and(|s| s.success()) {
        eprintln!("skipped: there is no ovsdb-tool here");
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::write(folder.join("mosquitto.conf"), format!("listener {port} 127.0.0.1\nallow_anonymous true\n"))
        .unwrap();
    let Some(_broker) = start("mosquitto", &["-c", folder.join("mosquitto.conf").to_str().unwrap()]) else { return };
    let Some(server) = serve(&folder) else { return };
    let socket = folder.join("db.sock");
    let settings = format!(
        "[[pod]]\nnumber = 1\naddress = \"02:00:00:00:00:01\"\n[page]\nlisten = \"127.0.0.1:0\"\n\
         [[telemetry]]\nkind = \"opensync\"\nsocket = \"{0}\"\n\
         [[telemetry]]\nkind = \"statistics\"\nbroker = \"127.0.0.1:{port}\"\ntopic = \"stats\"\nnodes = [\"pod-1\"]\n\
         [plan]\nmode = \"auto\"\nactuator = \"ovsdb\"\nsocket = \"{0}\"\nwindow = \"00:00-23:59\"\n",
        socket.display()
    );
    std::fs::write(folder.join("millpond.toml"), settings).unwrap();
    wait("the database listens", || socket.exists().then_some(()));
    let router = Router::start(&folder);
    let mut db = wait("the database answers", || router.db());
    db.transact(&rows()).unwrap();

    // The daemon's reports come on, as OpenSync's do: again and again.
    let (client, mut connection) = Client::new(MqttOptions::new("test", "127.0.0.1", port), 8);
    std::thread::spawn(move || connection.iter().for_each(drop));
    let gone = Arc::new(AtomicBool::new(false));
    let has_gone = Arc::clone(&gone);
    std::thread::spawn(move || {
        while client.publish("stats", QoS::AtLeastOnce, true, report(has_gone.load(Ordering::Relaxed))).is_ok() {
            std::thread::sleep(Duration::from_secs(2));
        }
    });
    let radio = |state: &Value| state["radios"].as_array().and_then(|r| r.first().cloned());
    wait("the radio is told with its air", || radio(&router.state()).filter(|r| r["channel"] == 36 && r["busy"] == 18));

    // A plan away from the busy channel is made and written; the test is the manager that carries it out.
    let wanted = |db: &mut Ovsdb| {
        let rows = db.select("Wifi_Radio_Config", &[], &["channel", "ht_mode"]).unwrap();
        (rows[0]["channel"].as_u64().unwrap(), rows[0]["ht_mode"].clone())
    };
    let obey = |db: &mut Ovsdb| {
        let (channel, width) = wanted(db);
        let row = json!({ "channel": channel, "ht_mode": width });
        db.transact(&[json!({ "op": "update", "table": "Wifi_Radio_State", "where": [], "row": row })]).unwrap();
        channel
    };
    let moved = wait("the radio is moved", || Some(obey(&mut db)).filter(|c| *c != 36));
    assert_ne!(moved, 52, "radar was seen there");
    let number = wait("it is done", || {
        obey(&mut db);
        let state = router.state();
        let events = state["events"].as_array().unwrap();
        events.iter().rev().find(|e| e["code"] == "plan_applied").and_then(|e| e["number"].as_u64())
    });

    // One station did not come along: the change is taken back.
    gone.store(true, Ordering::Relaxed);
    let drop_other = json!({ "op": "delete", "table": "Wifi_Associated_Clients",
                             "where": [["mac", "==", "02:00:00:00:01:02"]] });
    let first = json!([["mac", "==", "02:00:00:00:01:01"]]);
    let first = db.select("Wifi_Associated_Clients", first.as_array().unwrap(), &["_uuid"]).unwrap();
    let keep = json!({ "op": "update", "table": "Wifi_VIF_State", "where": [],
                       "row": { "associated_clients": first[0]["_uuid"] } });
    db.transact(&[keep, drop_other]).unwrap();
    wait("the change is taken back", || {
        obey(&mut db);
        router.happened("plan_undone", number).then_some(())
    });
    assert_eq!(wanted(&mut db).0, 36, "as it was");
    let state = router.state();
    let told = state["decisions"].as_array().unwrap();
    let effect = told.iter().find(|d| d["number"] == number).map(|d| d["measured"].clone());
    assert!(effect.as_ref().and_then(Value::as_i64).is_some_and(|m| m < 0), "its effect is told: {effect:?}");

    // The database goes away and comes back.
    drop(server);
    wait("a missing source is told", || router.happened("degraded", 1).then_some(()));
    let Some(_again) = serve(&folder) else { return };
    wait("it is well again", || router.happened("degraded", 0).then_some(()));
    let _ = std::fs::remove_dir_all(folder);
}
