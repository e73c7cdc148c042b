//! `millpond status`: what a running node is doing.

use super::{Fault, ask, asking};
use crate::net::Streams;

const HELP: &str = "\
Usage: millpond status [--port PORT] [--json]

What the node on this machine is doing: the level and the sensing switch, then each zone.
Off, unknown and still are three different things: off and unknown never mean that nobody is there.

Options:
  --port PORT  where the node's page is (8477)
  --json       everything that the node shows, as one JSON document
  -h, --help   this text

Examples:
  millpond status
  millpond status --json
";

/// Runs the command.
pub(super) fn run(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(asked) = asking(parser, HELP, 0, streams)? else { return Ok(()) };
    let path = if asked.json { "/api/state" } else { "/api/status.txt" };
    let body = ask(asked.port, path)?;
    streams.result(String::from_utf8_lossy(&body).trim_end());
    Ok(())
}
