//! `millpond why`: why a running node decided what it did.

use super::{Fault, ask, asking};
use crate::net::Streams;

const HELP: &str = "\
Usage: millpond why [NUMBER] [--port PORT]

The decisions of the node on this machine with their reasons, the options that lost and what would change the outcome;
with NUMBER, that decision alone. `millpond status --json` has the same for programs.

Options:
  --port PORT  where the node's page is (8477)
  -h, --help   this text

Examples:
  millpond why
  millpond why 3
";

/// Runs the command.
pub(super) fn run(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(asked) = asking(parser, HELP, 1, streams)? else { return Ok(()) };
    let number: Option<u16> = match asked.values.first().map(|v| v.parse()) {
        None => None,
        Some(Ok(number)) => Some(number),
        Some(Err(_)) => return Err(Fault::Usage("NUMBER is the number of a decision".into(), HELP)),
    };
    let body = ask(asked.port, "/api/why.txt")?;
    let text = String::from_utf8_lossy(&body);
    let wanted = |block: &&str| number.is_none_or(|n| block.starts_with(&format!("plan {n}:")));
    let blocks: Vec<&str> = text.trim_end().split("\n\n").filter(wanted).collect();
    if blocks.is_empty() || text.trim().is_empty() {
        let what = number.map_or("the node has decided nothing yet".into(), |n| format!("there is no decision {n}"));
        return Err(Fault::Failed(what));
    }
    streams.result(&blocks.join("\n\n"));
    Ok(())
}
