//! `millpond why`: why a running node decided what it did.

use super::Fault;
use super::talk::Talk;
use crate::net::Streams;

pub(super) const HELP: &str = "\
Usage: millpond why [NUMBER]

The decisions of the node on this machine with their reasons, the options that lost and what would change the outcome;
with NUMBER, that decision alone. `millpond status --json` has the same for programs.

Options:
{OPTIONS}
  -h, --help           this text

Examples:
  millpond why
  millpond why 3
";

/// Runs the command.
pub(super) fn run(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, HELP, &[], streams)? else { return Ok(()) };
    let number: Option<u16> = match talk.words()[..] {
        [] => None,
        [n] if n.parse::<u16>().is_ok() => n.parse().ok(),
        _ => return Err(Fault::Usage("NUMBER is the number of a decision".into(), HELP)),
    };
    let text = talk.get("/api/why.txt")?;
    let wanted = |block: &&str| number.is_none_or(|n| block.starts_with(&format!("plan {n}:")));
    let blocks: Vec<&str> = text.trim_end().split("\n\n").filter(wanted).collect();
    if blocks.is_empty() || text.trim().is_empty() {
        let what = number.map_or("the node has decided nothing yet".into(), |n| format!("there is no decision {n}"));
        return Err(Fault::Failed(what));
    }
    streams.result(&blocks.join("\n\n"));
    Ok(())
}
