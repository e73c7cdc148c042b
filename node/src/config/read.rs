//! From the text of a settings file to settings, or to every fault at once.

use std::net::SocketAddr;
use std::path::PathBuf;

use millpond_dsp::phy::MacAddr;
use millpond_optimizer::model::regulatory::Domain;
use toml::de::DeTable;

use super::fault::Faults;
use super::settings::Address;
use super::table::Table;
use super::{
    ActuatorConfig, Config, ConfigError, ControlConfig, KeepConfig, Labels, Mode, MqttFileConfig, PORT, PageConfig,
    PlanConfig, SourceConfig, TelemetryConfig, Window,
};
use crate::capture::Log;
use crate::net::{BindError, check_bind};
use crate::pipeline::Place;
use crate::store::Retention;
use crate::telemetry::{DEFAULT_COUNTRY, Home, SurveyCounters};

/// Longest text that is read, bytes.
pub const CONFIG_MAX: u64 = 256 * 1024;
/// Sources, telemetry doors and known devices at most.
const LIST_MAX: usize = 64;
/// Where OpenSync's database listens.
const OVSDB_SOCKET: &str = "/var/run/db.sock";
/// Where `hostapd` keeps its control sockets.
const HOSTAPD_FOLDER: &str = "/var/run/hostapd";
const FOLDER: &str = "/var/lib/millpond";
/// The router that the node runs on, where nobody named a pod: an address that no card has.
const THIS: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const NIGHT: Window = Window { from: 3 * 60, to: 5 * 60 };

/// Reads a settings file. An empty one gives the defaults.
///
/// # Errors
/// Every fault of the file at once, with its line and what to do.
pub fn read(text: &str) -> Result<Config, ConfigError> {
    let (file, broken) = DeTable::parse_recoverable(text);
    let mut faults = Faults::new(text);
    for fault in broken {
        faults.add_broken(fault.span(), fault.message());
    }
    let config = whole(&Table::root(file.get_ref(), &faults));
    faults.finish().map(|()| config)
}

fn whole(root: &Table<'_>) -> Config {
    let (zones, zone_labels) = zones(root);
    let (mut pods, others, pod_labels, mut places) = pods(root, zones);
    places.extend(devices(root, zones));
    let node = root.table("node");
    let country = node.text("country").unwrap_or(DEFAULT_COUNTRY);
    if Domain::of(country).is_none() {
        node.fault("country", format!("no table for {country:?}"), "write a two-letter code such as \"DE\", or \"EU\"");
    }
    let folder = node.text("folder").unwrap_or(FOLDER).into();
    for wish in ["level", "sensing"] {
        if node.has(wish) {
            node.fault(
                wish,
                "this is no setting of the file",
                "it is the household's word at the node itself: see the local page",
            );
        }
    }
    node.finish();
    let telemetry: Vec<TelemetryConfig> = limited(root, "telemetry").iter().filter_map(telemetry).collect();
    if pods.is_empty() && !telemetry.is_empty() {
        pods.push(THIS);
    }
    let config = Config {
        labels: Labels::new(&zone_labels, &pod_labels),
        zones,
        places,
        home: Home { country: country.to_owned(), pods, others },
        sources: limited(root, "source").iter().filter_map(source).collect(),
        telemetry,
        plan: plan(&root.table("plan")),
        page: page(&root.table("page")),
        mqtt: mqtt(&root.table("mqtt")),
        control: control(&root.table("control")),
        keep: keep(&root.table("keep"), folder),
    };
    root.finish();
    config
}

fn limited<'a>(root: &Table<'a>, key: &'static str) -> Vec<Table<'a>> {
    let mut all = root.tables(key);
    if all.len() > LIST_MAX {
        root.fault(key, format!("{} of them are too many", all.len()), format!("keep {LIST_MAX} at most"));
        all.truncate(LIST_MAX);
    }
    all
}

/// Names by number; numbers are 1, 2, 3 and so on, in any order.
fn numbered<'a>(tables: &[Table<'a>], most: u8) -> Vec<&'a str> {
    let mut labels: Vec<Option<&str>> = vec![None; tables.len().min(most.into())];
    for table in tables {
        let label = table.text("label").unwrap_or_default();
        let number = table.needed("number", table.integer("number", 1..=most), "1");
        let Some(number) = number else { continue };
        match labels.get_mut(usize::from(number) - 1) {
            None => table.fault("number", "a number before it is missing", "count from 1 without a gap"),
            Some(Some(_)) => table.fault("number", "this number stands twice", "give each its own number"),
            Some(place) => *place = Some(label),
        }
    }
    labels.into_iter().map(Option::unwrap_or_default).collect()
}

fn zones<'a>(root: &Table<'a>) -> (u8, Vec<&'a str>) {
    let tables = limited(root, "zone");
    if tables.len() > 16 {
        root.fault("zone", "there are more than 16 zones", "join small rooms to one zone");
    }
    let labels = numbered(&tables, 16);
    tables.iter().for_each(Table::finish);
    (labels.len().max(1) as u8, labels)
}

fn place(table: &Table<'_>, zones: u8, address: Option<MacAddr>) -> Option<Place> {
    let zone = table.integer("zone", 1..=16)?;
    if zone > zones {
        table.fault("zone", format!("there is no zone {zone}"), "add a [[zone]] with this number, or choose another");
        return None;
    }
    Some(Place { address: address?, zone: zone - 1 })
}

fn address(table: &Table<'_>) -> Option<MacAddr> {
    let address = table.parsed("address", "02:00:00:00:00:01").map(|a: Address| a.0);
    table.needed("address", address, "\"02:00:00:00:00:01\"")
}

type Pods<'a> = (Vec<MacAddr>, Vec<(MacAddr, usize)>, Vec<&'a str>, Vec<Place>);

fn pods<'a>(root: &Table<'a>, zones: u8) -> Pods<'a> {
    let tables = limited(root, "pod");
    if tables.len() > 8 {
        root.fault("pod", "there are more than 8 pods", "run a second node for the others");
    }
    let labels = numbered(&tables, 8);
    let (mut pods, mut others, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for table in &tables {
        let address = address(table);
        places.extend(place(table, zones, address));
        if address.is_some_and(|a| pods.iter().any(|(_, b)| *b == a)) {
            table.fault("address", "this address stands twice", "each pod has one of its own");
        }
        let number = table.integer("number", 1..=8);
        pods.extend(address.map(|a| (number, a)));
        for text in table.texts("others").into_iter().take(LIST_MAX) {
            match text.parse::<Address>() {
                Ok(other) => {
                    others.push((other.0, number));
                    places.extend(place(table, zones, Some(other.0)));
                }
                Err(()) => {
                    let form = "write each as in \"02:00:00:00:00:01\"";
                    table.fault("others", format!("{text:?} is no address of a radio"), form);
                }
            }
        }
        table.finish();
    }
    pods.sort_by_key(|(number, _)| *number);
    let index = |n: Option<u8>| pods.iter().position(|(number, _)| *number == n);
    let others = others.into_iter().filter_map(|(a, n)| Some((a, index(n)?))).collect();
    (pods.iter().map(|(_, a)| *a).collect(), others, labels, places)
}

fn devices(root: &Table<'_>, zones: u8) -> Vec<Place> {
    let mut places = Vec::new();
    for table in limited(root, "device") {
        let address = address(&table);
        table.needed("zone", table.integer("zone", 1..=16), "1");
        places.extend(place(&table, zones, address));
        table.finish();
    }
    places
}

fn path(table: &Table<'_>, key: &'static str, example: &str) -> Option<PathBuf> {
    table.needed(key, table.text(key).filter(|t| !t.is_empty()), example).map(PathBuf::from)
}

fn listen(table: &Table<'_>) -> Option<SocketAddr> {
    let form = "192.168.1.1:5500";
    let address: SocketAddr = table.needed("listen", table.parsed("listen", form), "\"192.168.1.1:5500\"")?;
    check(table, "listen", address).then_some(address)
}

fn check(table: &Table<'_>, key: &'static str, address: SocketAddr) -> bool {
    let refused = check_bind(address.ip()).err();
    match refused {
        None => return true,
        Some(BindError::Wildcard) => {
            table.fault(key, "this would also listen on the internet side", "write the router's own address at home");
        }
        Some(BindError::NotLocal) => {
            table.fault(
                key,
                "this address is reachable from outside the home",
                "write a private or a loopback address",
            );
        }
    }
    false
}

/// The name of a network interface, as Linux has it: 15 bytes, no slash.
fn interface(table: &Table<'_>) -> Option<String> {
    let name = table.needed("interface", table.text("interface"), "\"wlan0\"")?;
    let good = (1..=15).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    if !good {
        table.fault("interface", "this is no name of an interface", "see `ip link` for the names");
    }
    good.then(|| name.to_owned())
}

fn telemetry(table: &Table<'_>) -> Option<TelemetryConfig> {
    let kind = table.choice("kind", &[("nl80211", 0), ("hostapd", 1), ("opensync", 2), ("statistics", 3)]);
    let telemetry = match table.needed("kind", kind, "\"nl80211\"") {
        Some(0) => {
            let counters = [
                ("auto", SurveyCounters::Auto),
                ("absolute", SurveyCounters::Absolute),
                ("delta", SurveyCounters::Delta),
                ("mixed", SurveyCounters::Mixed),
            ];
            let survey = table.choice("survey", &counters).unwrap_or_default();
            let scan_min = table.integer("scan_min", 0..=1440).unwrap_or(0);
            interface(table).map(|interface| TelemetryConfig::Nl80211 { interface, survey, scan_min })
        }
        Some(1) => Some(TelemetryConfig::Hostapd { folder: table.text("folder").unwrap_or(HOSTAPD_FOLDER).into() }),
        Some(2) => Some(TelemetryConfig::Opensync { socket: table.text("socket").unwrap_or(OVSDB_SOCKET).into() }),
        Some(_) => {
            let broker: Option<SocketAddr> = table.parsed("broker", "192.168.1.1:1883");
            let broker = table.needed("broker", broker, "\"192.168.1.1:1883\"").filter(|a| check(table, "broker", *a));
            let topic = table.needed("topic", table.text("topic").filter(|t| !t.is_empty()), "\"stats\"");
            let nodes: Vec<String> = table.texts("nodes").into_iter().take(8).map(str::to_owned).collect();
            table.needed("nodes", (!nodes.is_empty()).then_some(()), "[\"1A2B3C\"]");
            broker.zip(topic).map(|(broker, t)| TelemetryConfig::Statistics { broker, topic: t.to_owned(), nodes })
        }
        None => return None,
    };
    table.finish();
    telemetry
}

fn source(table: &Table<'_>) -> Option<SourceConfig> {
    let kinds = [("esp32-udp", 0), ("esp32-serial", 1), ("nexmon-udp", 2), ("file", 3), ("stations", 4), ("replay", 5)];
    let source = match table.needed("kind", table.choice("kind", &kinds), "\"esp32-udp\"") {
        Some(0) => listen(table).map(|listen| SourceConfig::Esp32Udp { listen }),
        Some(1) => {
            let baud = table.integer("baud", 9_600..=4_000_000).unwrap_or(921_600);
            path(table, "device", "\"/dev/ttyUSB0\"").map(|device| SourceConfig::Esp32Serial { device, baud })
        }
        Some(2) => listen(table).map(|listen| SourceConfig::NexmonUdp { listen }),
        Some(3) => {
            let logs = [("feitcsi", Log::Feitcsi), ("intel5300", Log::Intel5300), ("esp32", Log::Esp32)];
            let log = table.needed("format", table.choice("format", &logs), "\"feitcsi\"");
            path(table, "path", "\"/tmp/csi.dat\"").zip(log).map(|(path, log)| SourceConfig::File { path, log })
        }
        Some(4) => {
            let rate_hz = table.integer("rate_hz", 1..=20).unwrap_or(10);
            interface(table).map(|interface| SourceConfig::Stations { interface, rate_hz })
        }
        Some(_) => {
            let repeat = table.flag("repeat").unwrap_or(false);
            path(table, "path", "\"/tmp/csi.dat\"").map(|path| SourceConfig::Replay { path, repeat })
        }
        // The other keys cannot be judged without it.
        None => return None,
    };
    table.finish();
    source
}

fn plan(table: &Table<'_>) -> PlanConfig {
    let mode = table.choice("mode", &[("auto", Mode::Auto), ("ask", Mode::Ask), ("off", Mode::Off)]);
    let socket = table.text("socket").map(PathBuf::from);
    let actuator = match table.choice("actuator", &[("dry-run", 0), ("hostapd", 1), ("ovsdb", 2)]) {
        Some(1) => ActuatorConfig::Hostapd { folder: socket.unwrap_or_else(|| HOSTAPD_FOLDER.into()) },
        Some(2) => ActuatorConfig::Ovsdb { socket: socket.unwrap_or_else(|| OVSDB_SOCKET.into()) },
        _ => {
            if socket.is_some() {
                table.fault("socket", "a dry run opens no socket", "take it out, or choose an actuator that has one");
            }
            ActuatorConfig::DryRun
        }
    };
    let window = table.parsed("window", "03:00-05:00").unwrap_or(NIGHT);
    let timezone = table.parsed("timezone", "CET-1CEST,M3.5.0,M10.5.0/3");
    let seed = table.integer("seed", 0..=i64::MAX).unwrap_or(0).unsigned_abs();
    table.finish();
    PlanConfig { mode: mode.unwrap_or(Mode::Ask), actuator, window, timezone, seed }
}

fn mqtt(table: &Table<'_>) -> Option<MqttFileConfig> {
    let on = table.flag("on").unwrap_or(false);
    let broker: Option<SocketAddr> = table.parsed("broker", "192.168.1.2:1883");
    let broker = broker.filter(|b| check(table, "broker", *b));
    if on {
        table.needed("broker", broker, "\"192.168.1.2:1883\"");
    }
    let file = |key| table.text(key).filter(|t| !t.is_empty()).map(PathBuf::from);
    let (user, password_file, ca_file) =
        (table.text("user").map(str::to_owned), file("password_file"), file("ca_file"));
    if table.has("password") {
        table.fault(
            "password",
            "a password does not stand here",
            "put it into a file of its own and name that as password_file",
        );
    }
    if user.is_some() != password_file.is_some() {
        table.fault("user", "a name and the file with its password go together", "write both, or neither");
    }
    if ca_file.is_some() && !cfg!(feature = "tls") {
        table.fault("ca_file", "this build has no TLS", "take it out, or use a build with the feature `tls`");
    }
    let prefix = table.text("prefix").unwrap_or("homeassistant");
    if prefix.is_empty() || prefix.len() > 64 || prefix.contains(['+', '#', '\0']) {
        table.fault("prefix", "this is no topic", "write the discovery prefix of your Home Assistant");
    }
    let hold_time_s = table.integer("hold_time_s", 10..=3600).unwrap_or(60);
    table.finish();
    let prefix = prefix.to_owned();
    on.then_some(MqttFileConfig { broker: broker?, user, password_file, ca_file, prefix, hold_time_s })
}

fn control(table: &Table<'_>) -> ControlConfig {
    let socket = table.text("socket").map(PathBuf::from);
    table.finish();
    ControlConfig { socket }
}

fn keep(table: &Table<'_>, folder: PathBuf) -> KeepConfig {
    let cap = Retention::CAP;
    let hours = table.integer("hours", 1..=cap.hours).unwrap_or(cap.hours);
    let days = table.integer("days", 1..=cap.days).unwrap_or(cap.days);
    if table.has("on") {
        table.fault(
            "on",
            "this is no setting of the file",
            "it is the household's word at the node itself: `millpond privacy keep on`",
        );
    }
    table.finish();
    KeepConfig { folder, retention: Retention { hours, days } }
}

fn page(table: &Table<'_>) -> Option<PageConfig> {
    let on = table.flag("on").unwrap_or(true);
    let bind = table.parsed("listen", "192.168.1.1:8477").filter(|a| check(table, "listen", *a));
    let names = table.texts("names").into_iter().map(str::to_owned).collect();
    table.finish();
    on.then(|| PageConfig { bind: bind.unwrap_or(PageConfig::loopback(PORT).bind), names })
}
