//! `millpond run`: the daemon.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam::channel::bounded;
use millpond_dsp::phy::Micros;
use millpond_optimizer::model::regulatory::{Domain, ETSI};
use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::handle::Shuffle;

use super::{Fault, check};
use crate::act::{Actuator, DryRun, HostapdActuator, Keeper, OvsdbActuator};
use crate::capture::{Log, Payload, ReplaySource, Source, StationsSource, StreamSource, UdpSource};
use crate::config::{ActuatorConfig, Config, SourceConfig, TelemetryConfig};
use crate::net::subscriber::Subscriber;
use crate::net::{Doors, Keys, Serial, Server, Streams, Tail};
use crate::pipeline::{Calendar, Pipeline};
use crate::planner::Planner;
use crate::runtime::{Clock, Control, Live, Outlets, Parts, commands, restore, wall_calendar};
use crate::sinks::Board;
use crate::sinks::page::Page;
use crate::sinks::terminal::Terminal;
use crate::store::Folder;
use crate::telemetry::{Door, Gather, HostapdDoor, Household, Nl80211Door, OpensyncDoor, StatisticsDoor};

const HELP: &str = "\
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
    let (privacy, lowered) = restore(&folder.settings());
    if lowered {
        streams.progress(
            "the settings in the node's folder are not as the node wrote them: what they would raise was left out",
        );
    }
    let control = Arc::new(Control::new(privacy, calendar));
    let board = Arc::new(Mutex::new(Board::new(config.labels.clone())));
    let live_parts = parts(config, calendar)?;

    let (ended, end) = bounded(1);
    ctrlc::set_handler(move || _ = ended.try_send(()))
        .map_err(|e| Fault::Failed(format!("no handler for the signals that end it: {e}")))?;

    let served = match &config.page {
        None => None,
        Some(page) => {
            let listener = Server::listen_at(page.bind).map_err(failed("the page's address"))?;
            let address = listener.local_addr().map_err(failed("the page's address"))?;
            let keys = Keys::from_bytes(folder.key_bytes());
            let key_file = folder.write_admin_key(&keys.admin).map_err(failed("the admin key"))?;
            let carry = commands(Arc::clone(&control), clock, Arc::clone(&board));
            let keeping = Arc::clone(&control);
            let write = move |command| {
                carry(command);
                // A full disk is no reason not to obey; the next change tries again.
                let _ = folder.write_settings(&keeping.privacy().settings(clock.now().0));
            };
            let doors = Doors::new(address, &page.names);
            let page = Arc::new(Page::new(Arc::clone(&board), doors, keys, Box::new(write), ""));
            let server = Server::start(listener, Arc::clone(&page) as _).map_err(failed("the page does not start"))?;
            streams.progress(&format!("page: http://{address}/  (admin key: in {})", key_file.display()));
            Some((page, server))
        }
    };
    // Only a person sees motion in lines: in a log they would be a history that nobody agreed to keep.
    let person = streams.shown.then(|| std::mem::replace(&mut streams.out, Box::new(io::sink())));
    let terminal = person.map(|out| Terminal::new(out, config.labels.clone()));
    let page = served.as_ref().map(|(page, _)| (board, Arc::clone(page)));
    let outlets = Outlets { terminal, page, journal: None };
    let live =
        Live::start(live_parts, control, clock, outlets, REPORT_EVERY).map_err(failed("a thread does not start"))?;
    let _ = end.recv();
    if let Some((page, mut server)) = served {
        page.close();
        server.stop();
    }
    live.stop();
    streams.progress("stopped");
    Ok(())
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
    let household = Household::new(config.home.clone(), 0);
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
