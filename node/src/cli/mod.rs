//! The household's commands: one file each. Results go to standard output, all else to standard error.

mod check;
mod demo;
mod household;
mod manual;
mod privacy;
mod run;
mod talk;
mod ubus;
mod why;

use std::ffi::OsString;

use crate::net::Streams;

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

The node:
  run                  the daemon
  check [FILE]         what is wrong with a settings file
  demo                 show the whole node on a simulated home; nothing to install
  update window        when radios may be changed

What it sees and does:
  status               what a running node is doing
  motion live|history  motion by zone, now or looking back
  zones                the zones
  network              the radios
  why [NUMBER]         why a running node decided what it did
  plan now|undo|...    a word on the plan

The household's word:
  sensing on|off       the switch
  pause [15m|1h|until] anybody may
  privacy ...          level, statement, preview, keep, hold
  consent              who agreed to what; withdraw it
  export, import       take your data with you, and back
  erase                and see that it is gone

  ubus                 the object on ubus, for OpenWrt's rpcd
  manual, completions  manual pages; completions for bash, zsh and fish

Options:
  -h, --help           this text; `millpond COMMAND --help` says more
  -V, --version        the version

Examples:
  millpond demo
  millpond demo --once --json
  millpond status --json
";

/// A command: its name, its help, and what it does.
type Command = (&'static str, &'static str, fn(lexopt::Parser, &mut Streams) -> Result<(), Fault>);

/// Every command, for the dispatch, the manual and the completions.
fn commands() -> impl Iterator<Item = Command> {
    let own: [Command; 8] = [
        ("run", run::HELP, run::run),
        ("check", check::HELP, check::run),
        ("demo", demo::HELP, demo::run),
        ("why", why::HELP, why::run),
        ("privacy", privacy::HELP, privacy::run),
        ("ubus", ubus::HELP, ubus::run),
        ("manual", manual::MANUAL, manual::manual),
        ("completions", manual::COMPLETIONS, manual::completions),
    ];
    own.into_iter().chain(household::ALL.iter().copied())
}

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
        Some(Value(command)) => match commands().find(|(name, ..)| command == *name) {
            Some((.., run)) => return run(parser, streams),
            None => return Err(Fault::Usage(format!("there is no command {}", command.to_string_lossy()), HELP)),
        },
        Some(other) => return Err(Fault::Usage(other.unexpected().to_string(), HELP)),
        None => return Err(Fault::Usage("which command?".into(), HELP)),
    }
    Ok(())
}
