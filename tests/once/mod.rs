//! A simulated home through the whole node, faster than real time: everything that its sinks gave out.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use millpond_dsp::phy::Micros;
use millpond_node::demo::Setup;
use millpond_node::net::http::{Method, Request};
use millpond_node::net::{Answer, Doors, Keys, Service};
use millpond_node::pipeline::Calendar;
use millpond_node::runtime::{Clock, Control, Household, Outlets, Parts, run_once};
use millpond_node::sinks::Board;
use millpond_node::sinks::journal::Journal;
use millpond_node::sinks::page::{Page, json, state};
use millpond_node::sinks::terminal::Terminal;
use millpond_report::Privacy;

/// A stream that several hold.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a run gave out, and what it decided.
#[derive(PartialEq)]
pub struct Said {
    /// Every sink's bytes, one behind the other.
    pub sinks: Vec<u8>,
    /// The decisions as JSON.
    pub decisions: Vec<String>,
    /// The exports: JSON, CSV, Influx lines.
    pub exports: [String; 3],
}

/// Runs a home for some seconds of its own time.
pub fn run(setup: &Setup, mut parts: Parts, privacy: Privacy, seconds: u64) -> Said {
    let control = Arc::new(Control::new(privacy, Calendar::default()));
    let board = Arc::new(Mutex::new(Board::new(setup.labels())));
    let doors = Doors::new(([127, 0, 0, 1], 1).into(), &[]);
    let keys = Keys::from_bytes([7; 32]);
    let house = Arc::new(Household::new(Arc::clone(&control), Clock::start(), Arc::clone(&board)));
    let key = keys.admin.clone();
    let page = Arc::new(Page::new(Arc::clone(&board), doors, keys, house, true));
    let text = Shared::default();
    let out: Box<dyn Write + Send> = Box::new(text.clone());
    let terminal = Some(Terminal::new(out, setup.labels()));
    let page_sink = Some((Arc::clone(&board), Arc::clone(&page)));
    let mut outlets = Outlets { terminal, page: page_sink, journal: Some(Journal::default()), ..Outlets::default() };
    run_once(&mut parts, &control, &mut outlets, Micros(seconds * 1_000_000), Micros(60_000_000));
    let mut sinks = text.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    sinks.extend(state(&board.lock().unwrap_or_else(PoisonError::into_inner)).bytes());
    for path in [
        "/",
        "/ja",
        "/history",
        "/privacy",
        "/api/status.txt",
        "/api/why.txt",
        "/api/network.txt",
        "/api/settings",
        "/api/history",
        "/export.json",
        "/export.csv",
        "/export.influx",
    ] {
        sinks.extend(get(&page, path, &key));
    }
    let export = |form| String::from_utf8(get(&page, &format!("/export.{form}"), &key)).expect("text");
    let exports = ["json", "csv", "influx"].map(export);
    let journal = outlets.journal.expect("it was put there");
    Said { sinks, decisions: journal.decisions.iter().map(json).collect(), exports }
}

fn get(page: &Page, path: &str, key: &str) -> Vec<u8> {
    let host = Some("127.0.0.1:1".to_owned());
    let request = Request { host, key: Some(key.to_owned()), wants_page: true, ..Request::of(Method::Get, path) };
    match page.answer(&request) {
        Answer::Whole(response) => response.body,
        Answer::Stream(_) => panic!("this path is no stream"),
    }
}
