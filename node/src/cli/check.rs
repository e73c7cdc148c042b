//! `millpond check`: every mistake of a settings file.

use std::path::Path;

use super::Fault;
use crate::config::{CONFIG_MAX, Config, SourceConfig, TelemetryConfig, read};
use crate::net::Streams;
use crate::store::read_text;

pub(super) const HELP: &str = "\
Usage: millpond check [FILE]

Reads a settings file as `millpond run` would and names every mistake in it with its line and what to do, or says what
the node would do with it. Nothing is opened or changed.

Options:
  -h, --help   this text

Examples:
  millpond check
  millpond check ./millpond.toml
";

/// Where the settings stand when nobody says.
pub(super) const DEFAULT: &str = "/etc/millpond.toml";

/// Runs the command.
pub(super) fn run(mut parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    use lexopt::prelude::*;
    let mut file = None;
    while let Some(argument) = parser.next().map_err(Fault::of(HELP))? {
        match argument {
            Short('h') | Long("help") => {
                streams.result(HELP.trim_end());
                return Ok(());
            }
            Value(value) if file.is_none() => file = Some(value),
            other => return Err(Fault::Usage(other.unexpected().to_string(), HELP)),
        }
    }
    let file = file.unwrap_or_else(|| DEFAULT.into());
    let config = load(Path::new(&file))?;
    let sources: Vec<&str> = config.sources.iter().map(SourceConfig::kind).collect();
    let sources = if sources.is_empty() { "none: nothing is sensed".to_owned() } else { sources.join(", ") };
    streams.result(&format!("zones    {}", config.zones));
    streams.result(&format!("pods     {}", config.home.pods.len()));
    streams.result(&format!("sources  {sources}"));
    let telemetry: Vec<&str> = config.telemetry.iter().map(TelemetryConfig::kind).collect();
    let telemetry = if telemetry.is_empty() { "none: nothing is planned".to_owned() } else { telemetry.join(", ") };
    streams.result(&format!("air      {telemetry}"));
    let page = config.page.as_ref().map_or("off".to_owned(), |p| format!("http://{}/", p.bind));
    streams.result(&format!("page     {page}"));
    Ok(())
}

/// The settings of a file.
pub(super) fn load(file: &Path) -> Result<Config, Fault> {
    let name = file.display();
    let text = read_text(file, CONFIG_MAX).map_err(|e| Fault::Failed(format!("{name}: {e}")))?;
    read(&text).map_err(|e| {
        let lines: Vec<String> = e.faults.iter().map(|f| format!("{name}: {f}")).collect();
        Fault::Failed(lines.join("\nmillpond: "))
    })
}
