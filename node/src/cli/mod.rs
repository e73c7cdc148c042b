//! The household's commands: one file each. Results go to standard output, all else to standard error.

mod check;
mod demo;
mod privacy;
mod run;
mod status;
mod why;

use std::ffi::OsString;
use std::net::SocketAddr;

use crate::config::{PORT, PageConfig};
use crate::net::Streams;
use crate::net::http::Method;

/// Exit codes of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It did not work; standard error says why.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Not available by choice: a setting of the household forbids it.
    Choice = 3,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command can end with beside success.
pub(crate) enum Fault {
    /// Wrong usage: what is wrong, and the help that belongs to it.
    Usage(String, &'static str),
    /// Failure, in one line.
    Failed(String),
    /// Forbidden by a setting, in one line.
    Choice(String),
}

impl Fault {
    fn of(help: &'static str) -> impl Fn(lexopt::Error) -> Self {
        move |e| Self::Usage(e.to_string(), help)
    }
}

const HELP: &str = "\
millpond: motion from Wi-Fi and better channels, on your own router

Usage: millpond COMMAND [OPTIONS]

Commands:
  run                  the daemon
  check [FILE]         what is wrong with a settings file
  demo                 show the whole node on a simulated home; nothing to install
  status               what a running node is doing
  why [NUMBER]         why a running node decided what it did
  privacy statement    what is read, kept and shown, and what never is

Options:
  -h, --help           this text; `millpond COMMAND --help` says more
  -V, --version        the version

Examples:
  millpond demo
  millpond demo --once --json
  millpond status --json
";

/// Runs a command line without the program's name.
pub fn run(arguments: Vec<OsString>, streams: &mut Streams) -> Exit {
    match dispatch(arguments, streams) {
        Ok(()) => Exit::Done,
        Err(Fault::Usage(what, help)) => {
            let usage = help.lines().find(|l| l.starts_with("Usage")).unwrap_or_default();
            streams.progress(&format!("millpond: {what}\n{usage}\nTry --help."));
            Exit::Usage
        }
        Err(Fault::Failed(what)) => {
            streams.progress(&format!("millpond: {what}"));
            Exit::Failed
        }
        Err(Fault::Choice(what)) => {
            streams.progress(&format!("millpond: {what}"));
            Exit::Choice
        }
    }
}

fn dispatch(arguments: Vec<OsString>, streams: &mut Streams) -> Result<(), Fault> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(arguments);
    match parser.next().map_err(Fault::of(HELP))? {
        Some(Short('h') | Long("help")) => streams.result(HELP.trim_end()),
        Some(Short('V') | Long("version")) => streams.result(concat!("millpond ", env!("CARGO_PKG_VERSION"))),
        Some(Value(command)) => match command.to_str() {
            Some("run") => return run::run(parser, streams),
            Some("check") => return check::run(parser, streams),
            Some("demo") => return demo::run(parser, streams),
            Some("status") => return status::run(parser, streams),
            Some("why") => return why::run(parser, streams),
            Some("privacy") => return privacy::run(parser, streams),
            _ => return Err(Fault::Usage(format!("there is no command {}", command.to_string_lossy()), HELP)),
        },
        Some(other) => return Err(Fault::Usage(other.unexpected().to_string(), HELP)),
        None => return Err(Fault::Usage("which command?".into(), HELP)),
    }
    Ok(())
}

/// Asks the running node on this machine.
pub(crate) fn ask(port: u16, path: &str) -> Result<Vec<u8>, Fault> {
    let node: SocketAddr = PageConfig::loopback(port).bind;
    let hint =
        || format!("no node answers on port {port}: is it running? (`millpond demo` starts one; --port says where)");
    match crate::net::request(node, Method::Get, path, None) {
        Ok((200, body)) => Ok(body),
        Ok((401 | 403, _)) => Err(Fault::Choice("the node's settings do not allow this".into())),
        Ok((status, _)) => Err(Fault::Failed(format!("the node answered with status {status}"))),
        Err(_) => Err(Fault::Failed(hint())),
    }
}

/// Options that every command asking a node has.
pub(crate) struct Asking {
    pub port: u16,
    pub json: bool,
    pub values: Vec<String>,
}

/// Reads `--port`, `--json` and up to `most` values; `None` if the help was asked for and shown.
pub(crate) fn asking(
    mut parser: lexopt::Parser,
    help: &'static str,
    most: usize,
    streams: &mut Streams,
) -> Result<Option<Asking>, Fault> {
    use lexopt::prelude::*;
    let mut asking = Asking { port: PORT, json: false, values: Vec::new() };
    while let Some(argument) = parser.next().map_err(Fault::of(help))? {
        match argument {
            Short('h') | Long("help") => {
                streams.result(help.trim_end());
                return Ok(None);
            }
            Long("json") => asking.json = true,
            Long("port") => asking.port = parser.value().and_then(|v| v.parse()).map_err(Fault::of(help))?,
            Value(value) if asking.values.len() < most => asking.values.push(value.to_string_lossy().into_owned()),
            other => return Err(Fault::Usage(other.unexpected().to_string(), help)),
        }
    }
    Ok(Some(asking))
}
