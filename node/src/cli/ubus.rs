//! `millpond ubus`: the object on ubus, in the words of OpenWrt's `rpcd` for plug-ins.

use serde_json::{Value, json};

use super::Fault;
use super::talk::Talk;
use crate::net::Streams;

pub(super) const HELP: &str = "\
Usage: millpond ubus list | call METHOD

Speaks as a plug-in of OpenWrt's rpcd: `list` prints the methods, `call` reads the arguments from standard input and prints the
answer. Below level 2 there are no methods. Methods that read: status, zones, network, why. Methods that lower: pause
({\"minutes\": 15, 60 or 0}), off. None raises: that is the local page's and the command line's.

Options:
{OPTIONS}
  -h, --help           this text

Examples:
  millpond ubus list
  echo '{\"minutes\":15}' | millpond ubus call pause
";

/// Runs the command.
pub(super) fn run(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(talk) = Talk::read(parser, HELP, &[], streams)? else { return Ok(()) };
    let state = || talk.get("/ubus").map(|t| serde_json::from_str::<Value>(&t).unwrap_or_default());
    let answer = match talk.words()[..] {
        ["list"] => match state() {
            Ok(_) => json!({"status": {}, "zones": {}, "network": {}, "why": {}, "pause": {"minutes": 15}, "off": {}}),
            // No node, or a level without this door: no methods.
            Err(_) => json!({}),
        },
        ["call", method] => {
            let mut all = state()?;
            match method {
                "status" => all["status"].take(),
                "zones" => json!({"zones": all["zones"].take()}),
                "network" => json!({"radios": all["radios"].take()}),
                "why" => json!({"decisions": all["decisions"].take()}),
                "pause" => {
                    let asked: Value = serde_json::from_str(&streams.input(4096)).unwrap_or_default();
                    let minutes = asked["minutes"].as_u64().unwrap_or(15);
                    json!({"said": talk.post("/api/pause", &format!("minutes={minutes}"))?})
                }
                "off" => json!({"said": talk.post("/api/sensing", "sensing=off")?}),
                _ => return Err(Fault::Usage(format!("there is no method {method}"), HELP)),
            }
        }
        _ => return Err(Fault::Usage("list, or call METHOD".into(), HELP)),
    };
    streams.result(&answer.to_string());
    Ok(())
}
