//! `millpond run`: the daemon.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam::channel::bounded;
use millpond_dsp::phy::Micros;
use millpond_optimizer::model::regulatory::{Domain, ETSI};
use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::handle::Shuffle;
use millpond_report::wire::range::Level;

use super::{Fault, check};
use crate::act::{Actuator, DryRun, HostapdActuator, Keeper, OvsdbActuator};
use crate::capture::{Log, Payload, ReplaySource, Source, StationsSource, StreamSource, UdpSource};
use crate::command::House;
use crate::config::{ActuatorConfig, Config, MqttFileConfig, SourceConfig, TelemetryConfig, TimeZone};
use crate::net::subscriber::Subscriber;
use crate::net::{BrokerConfig, Doors, Keys, Serial, Server, Streams, Tail};
use crate::pipeline::{Calendar, Pipeline};
use crate::planner::Planner;
use crate::runtime::{Clock, Control, Household, Live, Outlets, Parts, restore, wall_calendar};
use crate::sinks::Board;
use crate::sinks::mqtt::{Mqtt, MqttConfig};
use crate::sinks::page::Page;
use crate::sinks::terminal::Terminal;
use crate::store::{Folder, Keeping, Stored, Vault, read_text};
use crate::telemetry::{self, Door, Gather, HostapdDoor, Nl80211Door, OpensyncDoor, StatisticsDoor};

pub(super) const HELP: &str = "\
Usage: millpond run [--config FILE] [--folder FOLDER]

Runs the node until it is told to stop: it listens to the sources of the settings file, shows motion by zone on the local
page, and plans. Sensing is off until an admin switches it on; the switch outlives a restart.

Options:
  --config FILE    the settings (/etc/millpond.toml); `millpond check FILE` says what is wrong with them
  --folder FOLDER  the node's own folder, in place of the one that the settings name
  -h, --help       this text

Examples:
  millpond run
  millpond run --config ./millpond.toml --folder ./state
";

/// How often telemetry is asked for.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Runs the command.
pub(super) fn run(mut parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    use lexopt::prelude::*;
    let (mut file, mut folder) = (PathBuf::from(check::DEFAULT), None);
    while let Some(argument) = parser.next().map_err(Fault::of(HELP))? {
        match argument {
            Short('h') | Long("help") => {
                streams.result(HELP.trim_end());
                return Ok(());
            }
            Long("config") => file = parser.value().map_err(Fault::of(HELP))?.into(),
            Long("folder") => folder = Some(PathBuf::from(parser.value().map_err(Fault::of(HELP))?)),
            other => return Err(Fault::Usage(other.unexpected().to_string(), HELP)),
        }
    }
    let mut config = check::load(&file)?;
    if let Some(folder) = folder {
        config.keep.folder = folder;
    }
    daemon(&config, streams)
}

fn daemon(config: &Config, streams: &mut Streams) -> Result<(), Fault> {
    let failed = |what: &'static str| move |e: io::Error| Fault::Failed(format!("{what}: {e}"));
    let folder = Folder::open(&config.keep.folder, random)
        .map_err(|e| Fault::Failed(format!("{}: {e}", config.keep.folder.display())))?;
    let clock = Clock::start();
    let calendar = wall_calendar();
    let stored = folder.settings();
    let (privacy, lowered) = restore(&stored);
    if lowered {
        streams.progress(
            "the settings in the node's folder are not as the node wrote them: what they would raise was left out",
        );
    }
    let (held, install) = match stored {
        Stored::Nothing => (false, None),
        Stored::Own(record) | Stored::Foreign(record) => (record.hold, record.install),
    };
    let mut instance = [0; 8];
    random(&mut instance).map_err(failed("the instance's number"))?;
    let privacy = privacy.for_instance(u64::from_be_bytes(instance));
    let vault = Vault::new(folder.path(), random);
    let keeping = Keeping::new(Some(vault), config.keep.retention, held);
    let timezone = config.plan.timezone.clone().or_else(|| {
        let etc_tz = read_text(Path::new("/etc/TZ"), 256).ok();
        TimeZone::of_system(etc_tz.as_deref())
    });
    if timezone.is_none() {
        streams.progress("no time zone is known here: the window for changes counts in UTC; [plan] timezone sets it");
    }
    let timezone = timezone.unwrap_or_else(TimeZone::utc);
    let control = Control::new(privacy, calendar).with_keeping(keeping).with_days(timezone, random);
    let control = Arc::new(control);
    let board = Arc::new(Mutex::new(Board::new(config.labels.clone())));
    let live_parts = parts(config, calendar)?;

    let (ended, end) = bounded(1);
    ctrlc::set_handler(move || _ = ended.try_send(()))
        .map_err(|e| Fault::Failed(format!("no handler for the signals that end it: {e}")))?;

    let keys = Keys::from_bytes(folder.key_bytes());
    for (name, key) in [("view-key", &keys.view), ("metrics-key", &keys.metrics)] {
        folder.write_key(name, key).map_err(failed("a key"))?;
    }
    let key_file = folder.write_key("admin-key", &keys.admin).map_err(failed("the admin key"))?;
    let socket = config.control.socket.clone().unwrap_or_else(|| config.keep.folder.join("control"));
    let house = Household::new(Arc::clone(&control), clock, Arc::clone(&board)).with_folder(folder, random, install);
    let house = Arc::new(house);

    house.begin();
    let page = Arc::new(PageDoor::new(config, &board, &keys, &house)?);
    let mqtt = match &config.mqtt {
        None => None,
        Some(mqtt) => {
            let mqtt = mqtt_config(mqtt)?;
            Some(Arc::new(Mqtt::new(mqtt, config.labels.clone(), config.zones, Arc::clone(&control.broker))))
        }
    };
    let (door, broker, weak) = (Arc::clone(&page), mqtt.clone(), Arc::downgrade(&house));
    house.on_level(Box::new(move |level| {
        door.adjust(level);
        if let Some((mqtt, house)) = broker.as_ref().zip(weak.upgrade()) {
            let wanted = (level >= Level::Home).then(|| house.install());
            mqtt.adjust(wanted, &(house as Arc<dyn House>));
        }
    }));
    if let Some(address) = page.address() {
        streams.progress(&format!("page: http://{address}/  (admin key: in {})", key_file.display()));
    }
    let routes = Page::control(Arc::clone(&board), keys, Arc::clone(&house) as _);
    let mut control_socket = Server::start_unix(&socket, Arc::new(routes))
        .map_err(|e| Fault::Failed(format!("the control socket {}: {e}", socket.display())))?;

    // Only a person sees motion in lines: in a log they would be a history that nobody agreed to keep.
    let person = streams.shown.then(|| std::mem::replace(&mut streams.out, Box::new(io::sink())));
    let terminal = person.map(|out| Terminal::new(out, config.labels.clone()));
    let outlets = Outlets { terminal, page: page.page.clone().map(|p| (board, p)), mqtt: mqtt.clone(), journal: None };
    let live = Live::start(live_parts, Arc::clone(&control), clock, outlets, REPORT_EVERY)
        .map_err(failed("a thread does not start"))?;
    let _ = end.recv();
    if let Some(mqtt) = &mqtt {
        mqtt.adjust(None, &(Arc::clone(&house) as Arc<dyn House>));
    }
    control_socket.stop();
    page.end();
    live.stop();
    control.finish(clock.now());
    streams.progress("stopped");
    Ok(())
}

/// The broker with what its files hold.
fn mqtt_config(file: &MqttFileConfig) -> Result<MqttConfig, Fault> {
    let read =
        |path: &Path| read_text(path, 64 << 10).map_err(|e| Fault::Failed(format!("[mqtt] {}: {e}", path.display())));
    let password = file.password_file.as_deref().map(read).transpose()?;
    let login = file.user.clone().zip(password.map(|p| p.trim_end_matches(['\r', '\n']).to_owned()));
    let authority = file.ca_file.as_deref().map(read).transpose()?.map(String::into_bytes);
    let broker = BrokerConfig { address: file.broker, login, authority };
    broker.check().map_err(|e| Fault::Failed(format!("[mqtt] ca_file: {e}")))?;
    Ok(MqttConfig { broker, prefix: file.prefix.clone(), hold_time_s: file.hold_time_s })
}

/// The page, served at level 1 and above and not there below.
struct PageDoor {
    page: Option<Arc<Page>>,
    /// Bound while it is served.
    address: Mutex<Option<SocketAddr>>,
    server: Mutex<Option<Server>>,
}

impl PageDoor {
    fn new(config: &Config, board: &Arc<Mutex<Board>>, keys: &Keys, house: &Arc<Household>) -> Result<Self, Fault> {
        let Some(page) = &config.page else {
            return Ok(Self { page: None, address: Mutex::new(None), server: Mutex::new(None) });
        };
        // Bound once at start, so that a taken address is told at once and a port of 0 stays what it became.
        let listener = Server::listen_at(page.bind).map_err(|e| Fault::Failed(format!("the page's address: {e}")))?;
        let address = listener.local_addr().map_err(|e| Fault::Failed(format!("the page's address: {e}")))?;
        let doors = Doors::new(address, &page.names);
        let page = Page::new(Arc::clone(board), doors, keys.clone(), Arc::clone(house) as _, false);
        Ok(Self { page: Some(Arc::new(page)), address: Mutex::new(Some(address)), server: Mutex::new(None) })
    }

    fn address(&self) -> Option<SocketAddr> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An address that somebody else took meanwhile stays theirs until the next change of level.
    fn adjust(&self, level: Level) {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((page, address)) = self.page.as_ref().zip(self.address()) else { return };
        if level == Level::Quiet {
            page.close();
            server.take();
        } else if server.is_none() {
            page.open();
            *server = Server::listen_at(address).and_then(|l| Server::start(l, Arc::clone(page) as _)).ok();
        }
    }

    fn end(&self) {
        if let Some(page) = &self.page {
            page.close();
        }
        self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn parts(config: &Config, calendar: Calendar) -> Result<Parts, Fault> {
    let handles =
        Shuffle::draw(&mut Random).map_err(|_| Fault::Failed("the system's random generator is not ready".into()))?;
    let sources = config.sources.iter().map(source).collect::<Result<_, _>>()?;
    let doors = config.telemetry.iter().map(|t| door(t, config)).collect::<Result<_, _>>()?;
    Ok(Parts {
        sources,
        pipeline: Pipeline::new(config.zones, &config.places, calendar, handles),
        reports: Box::new(Gather::new(doors, config.home.pods.first().copied())),
        planner: Planner::new(config.home.clone(), calendar, config.plan.seed),
        keeper: Some(Keeper::new(actuator(config), config.plan.mode, config.plan.window)),
    })
}

fn source(config: &SourceConfig) -> Result<Box<dyn Source>, Fault> {
    Ok(match config {
        SourceConfig::Esp32Udp { listen } => Box::new(UdpSource::new(*listen, Payload::Esp32)),
        SourceConfig::NexmonUdp { listen } => Box::new(UdpSource::new(*listen, Payload::Nexmon)),
        SourceConfig::Esp32Serial { device, baud } => {
            let (device, baud) = (device.clone(), *baud);
            Box::new(StreamSource::new(Log::Esp32, move || Ok(Arc::new(Serial::open(&device, baud)?))))
        }
        SourceConfig::File { path, log } => {
            let path = path.clone();
            Box::new(StreamSource::new(*log, move || Ok(Arc::new(Tail::open(&path)?))))
        }
        SourceConfig::Stations { interface, rate_hz } => Box::new(StationsSource::new(interface.clone(), *rate_hz)),
        SourceConfig::Replay { path, repeat } => {
            let named = |e| Fault::Failed(format!("{}: {e}", path.display()));
            Box::new(ReplaySource::new(path.clone(), *repeat).map_err(named)?)
        }
    })
}

fn door(telemetry: &TelemetryConfig, config: &Config) -> Result<Box<dyn Door>, Fault> {
    // The node runs on the first pod.
    let household = telemetry::Household::new(config.home.clone(), 0);
    Ok(match telemetry {
        TelemetryConfig::Nl80211 { interface, survey, scan_min } => {
            let every = (*scan_min > 0).then(|| Micros(u64::from(*scan_min) * 60 * Micros::SECOND.0));
            Box::new(Nl80211Door::new(interface.clone(), household, *survey, every))
        }
        TelemetryConfig::Hostapd { folder } => {
            Box::new(HostapdDoor::new(folder.clone(), config.keep.folder.clone(), household))
        }
        TelemetryConfig::Opensync { socket } => Box::new(OpensyncDoor::new(socket.clone(), household)),
        TelemetryConfig::Statistics { broker, topic, nodes } => {
            let subscriber = Subscriber::start(*broker, topic)
                .map_err(|e| Fault::Failed(format!("a thread does not start: {e}")))?;
            Box::new(StatisticsDoor::new(subscriber, household, nodes.clone()))
        }
    })
}

fn actuator(config: &Config) -> Box<dyn Actuator> {
    let domain = Domain::of(&config.home.country).unwrap_or(ETSI);
    match &config.plan.actuator {
        ActuatorConfig::DryRun => Box::<DryRun>::default(),
        ActuatorConfig::Hostapd { folder } => {
            Box::new(HostapdActuator::new(folder.clone(), config.keep.folder.clone(), 1, domain))
        }
        ActuatorConfig::Ovsdb { socket } => Box::new(OvsdbActuator::new(socket.clone(), 1, domain)),
    }
}

fn random(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|_| io::Error::other("the system's random generator is not ready"))
}

/// Words from the operating system.
struct Random;

impl Words for Random {
    fn word(&mut self) -> Result<u32, NoWords> {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(|_| NoWords)?;
        Ok(u32::from_le_bytes(bytes))
    }
}
