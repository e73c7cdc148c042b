//! `millpond demo`: the whole node on a simulated home.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam::channel::bounded;
use millpond_dsp::phy::Micros;

use super::Fault;
use crate::config::{PORT, PageConfig};
use crate::demo::{self, Setup, document};
use crate::net::{Doors, Keys, Server, Streams};
use crate::pipeline::Calendar;
use crate::runtime::{Clock, Control, Household, Live, Outlets, run_once};
use crate::sinks::Board;
use crate::sinks::journal::Journal;
use crate::sinks::page::Page;
use crate::sinks::terminal::Terminal;
use crate::store::read_text;

pub(super) const HELP: &str = "\
Usage: millpond demo [--once] [--json] [--seed K] [--port PORT] [--seconds S]

Runs the whole node on a simulated home: three pods, four rooms, a person who walks a known route, a fan, a neighbour's
busy access point, phones. Frames go through the real detectors and the privacy gate into motion by zone; telemetry goes
through the real optimizer into an explained plan. Both appear here and on a local page until Ctrl-C. Only the air and
the drivers' reports are simulated. Nothing is installed, written or sent.

Options:
  --once       run faster than real time, compare with the simulated truth, end
  --json       with --once: one JSON document instead of lines
  --seed K     another home of the same plan: other noise, other names on the air (1)
  --port PORT  where the page is (8477); if it is taken, a free one
  --seconds S  with --once: how much of the scene (70)
  --identities FILE
               names and addresses for the simulated devices, one a line (address, IP, host name, network name, with tabs
               between): plant your own and look for them in what comes out
  -h, --help   this text

Examples:
  millpond demo
  millpond demo --port 9000
  millpond demo --once --json > demo.json
";

/// How often the simulated drivers report.
const REPORT_EVERY: Duration = Duration::from_secs(10);

struct Wanted {
    once: bool,
    json: bool,
    seed: u64,
    port: u16,
    seconds: Option<f64>,
    identities: Option<PathBuf>,
}

fn parse(mut parser: lexopt::Parser, streams: &mut Streams) -> Result<Option<Wanted>, Fault> {
    use lexopt::prelude::*;
    let wrong = Fault::of(HELP);
    let mut wanted = Wanted { once: false, json: false, seed: 1, port: PORT, seconds: None, identities: None };
    while let Some(argument) = parser.next().map_err(&wrong)? {
        match argument {
            Short('h') | Long("help") => {
                streams.result(HELP.trim_end());
                return Ok(None);
            }
            Long("once") => wanted.once = true,
            Long("json") => wanted.json = true,
            Long("seed") => wanted.seed = parser.value().and_then(|v| v.parse()).map_err(&wrong)?,
            Long("port") => wanted.port = parser.value().and_then(|v| v.parse()).map_err(&wrong)?,
            Long("seconds") => wanted.seconds = Some(parser.value().and_then(|v| v.parse()).map_err(&wrong)?),
            Long("identities") => wanted.identities = Some(parser.value().map_err(&wrong)?.into()),
            other => return Err(wrong(other.unexpected())),
        }
    }
    let fault = |what: &str| Err(Fault::Usage(what.into(), HELP));
    match &wanted {
        Wanted { json: true, once: false, .. } => fault("--json needs --once: a run without end is no document"),
        Wanted { seconds: Some(_), once: false, .. } => fault("--seconds needs --once"),
        Wanted { seconds: Some(s), .. } if !(1.0..=86_400.0).contains(s) => fault("--seconds lies within 1 to 86400"),
        _ => Ok(Some(wanted)),
    }
}

/// Runs the command.
pub(super) fn run(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(wanted) = parse(parser, streams)? else { return Ok(()) };
    let mut setup = Setup::home(wanted.seed).map_err(|e| Fault::Failed(e.to_string()))?;
    if let Some(path) = &wanted.identities {
        let text = read_text(path, 1 << 20).map_err(|e| Fault::Failed(format!("the file of identities: {e}")))?;
        setup = setup.with_identities(&text).map_err(|e| Fault::Failed(e.to_string()))?;
    }
    if wanted.once { once(&setup, &wanted, streams) } else { live(&setup, &wanted, streams) }
}

fn once(setup: &Setup, wanted: &Wanted, streams: &mut Streams) -> Result<(), Fault> {
    let seconds = wanted.seconds.unwrap_or(setup.scene.seconds);
    let mut parts = setup.parts(seconds).map_err(|e| Fault::Failed(e.to_string()))?;
    let control = Control::new(demo::sensing_on(), Calendar::default());
    let terminal = (!wanted.json).then(|| Terminal::new(take(&mut streams.out), setup.labels()));
    let mut outlets = Outlets { terminal, journal: Some(Journal::default()), ..Outlets::default() };
    run_once(
        &mut parts,
        &control,
        &mut outlets,
        Micros::from_seconds(seconds),
        Micros(REPORT_EVERY.as_micros() as u64),
    );
    let journal = outlets.journal.take().unwrap_or_default();
    if let Some(terminal) = outlets.terminal {
        streams.out = terminal.into_inner();
    }
    let verdict = demo::verdict(setup).map_err(Fault::Failed)?;
    if wanted.json {
        streams.result(&document(setup, &journal, &verdict, seconds));
    } else {
        demo::summary(setup, &journal, &verdict, seconds).iter().for_each(|line| streams.result(line));
    }
    Ok(())
}

/// The stream, with a sink in its place.
fn take(stream: &mut Box<dyn Write + Send>) -> Box<dyn Write + Send> {
    std::mem::replace(stream, Box::new(io::sink()))
}

fn live(setup: &Setup, wanted: &Wanted, streams: &mut Streams) -> Result<(), Fault> {
    let failed = |what: &'static str| move |e: io::Error| Fault::Failed(format!("{what}: {e}"));
    let parts = setup.parts(f64::INFINITY).map_err(|e| Fault::Failed(e.to_string()))?;
    let clock = Clock::start();
    let control = Arc::new(Control::new(demo::sensing_on(), Calendar::default()));
    let board = Arc::new(Mutex::new(Board::new(setup.labels())));

    let config = PageConfig::loopback(wanted.port);
    let listener = Server::listen(config.bind).map_err(failed("the page has no port to listen on"))?;
    let address = listener.local_addr().map_err(failed("the page has no address"))?;
    let keys = keys()?;
    let house = Arc::new(Household::new(Arc::clone(&control), clock, Arc::clone(&board)));
    let page = Page::new(Arc::clone(&board), Doors::new(address, &config.names), keys.clone(), house, true);
    let page = Arc::new(page);
    let mut server = Server::start(listener, Arc::clone(&page) as _).map_err(failed("the page does not start"))?;
    if address.port() != wanted.port && wanted.port != 0 {
        streams.progress(&format!("port {} is taken", wanted.port));
    }
    streams.progress(&format!("page: http://{address}/  (admin key of this run: {})", keys.admin));
    streams.progress("Ctrl-C ends it");

    let (ended, end) = bounded(1);
    ctrlc::set_handler(move || _ = ended.try_send(()))
        .map_err(|e| Fault::Failed(format!("no handler for Ctrl-C: {e}")))?;
    let terminal = Some(Terminal::new(take(&mut streams.out), setup.labels()));
    let outlets = Outlets { terminal, page: Some((board, Arc::clone(&page))), ..Outlets::default() };
    let live = Live::start(parts, control, clock, outlets, REPORT_EVERY).map_err(failed("a thread does not start"))?;
    let _ = end.recv();
    page.close();
    server.stop();
    live.stop();
    streams.progress("stopped; nothing was kept");
    Ok(())
}

fn keys() -> Result<Keys, Fault> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|_| Fault::Failed("the system's random generator is not ready".into()))?;
    Ok(Keys::from_bytes(random))
}
