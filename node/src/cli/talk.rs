//! How a command reaches a running node: over its control socket, or over the page of a demo; with which key.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Fault;
use crate::config::PageConfig;
use crate::net::http::Method;
use crate::net::{Asked, At, Streams, request};
use crate::store::read_text;

/// Where a node's socket may be when nobody says.
const SOCKETS: [&str; 2] = ["/run/millpond/control", "/var/lib/millpond/control"];
/// The node's folder when nobody says.
const FOLDER: &str = "/var/lib/millpond";

/// The options of every command that asks a node; each help names them.
pub(super) const OPTIONS: &str = "\
      --socket FILE    the node's control socket (/run/millpond/control, or `control` in its folder)
      --folder FOLDER  the node's folder: its socket and its keys (/var/lib/millpond)
      --port PORT      the page of a node on this machine in place of its socket (a demo has 8477)
      --key-file FILE  the admin key, for what raises (`admin-key` in the folder)";

/// What was on the command line beside the command's own options.
pub(super) struct Talk {
    pub json: bool,
    pub yes: bool,
    pub values: Vec<String>,
    /// Other long options that the command takes, with their values.
    pub extra: Vec<(String, String)>,
    socket: Option<PathBuf>,
    folder: Option<PathBuf>,
    port: Option<u16>,
    key_file: Option<PathBuf>,
}

impl Talk {
    /// Reads the command line; `None` if help was asked for and shown. `extra` are options with a value.
    pub(super) fn read(
        mut parser: lexopt::Parser,
        help: &'static str,
        extra: &[&str],
        streams: &mut Streams,
    ) -> Result<Option<Self>, Fault> {
        use lexopt::prelude::*;
        let mut talk = Self {
            json: false,
            yes: false,
            values: Vec::new(),
            extra: Vec::new(),
            socket: None,
            folder: None,
            port: None,
            key_file: None,
        };
        let wrong = Fault::of(help);
        while let Some(argument) = parser.next().map_err(&wrong)? {
            match argument {
                Short('h') | Long("help") => {
                    streams.result(&help.trim_end().replace("{OPTIONS}", OPTIONS));
                    return Ok(None);
                }
                Long("json") => talk.json = true,
                Short('y') | Long("yes") => talk.yes = true,
                Long("port") => talk.port = Some(parser.value().and_then(|v| v.parse()).map_err(&wrong)?),
                Long("socket") => talk.socket = Some(parser.value().map_err(&wrong)?.into()),
                Long("folder") => talk.folder = Some(parser.value().map_err(&wrong)?.into()),
                Long("key-file") => talk.key_file = Some(parser.value().map_err(&wrong)?.into()),
                Long(name) if extra.contains(&name) => {
                    let name = name.to_owned();
                    let value = parser.value().map_err(&wrong)?.to_string_lossy().into_owned();
                    talk.extra.push((name, value));
                }
                Value(value) if talk.values.len() < 4 => talk.values.push(value.to_string_lossy().into_owned()),
                other => return Err(wrong(other.unexpected())),
            }
        }
        Ok(Some(talk))
    }

    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.extra.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The words on the line as text slices.
    pub(super) fn words(&self) -> Vec<&str> {
        self.values.iter().map(String::as_str).collect()
    }

    fn at(&self) -> Vec<At> {
        if let Some(port) = self.port {
            let page: SocketAddr = PageConfig::loopback(port).bind;
            return vec![At::Page(page)];
        }
        let given = self.socket.clone().or_else(|| self.folder.as_ref().map(|f| f.join("control")));
        match given {
            Some(socket) => vec![At::Socket(socket)],
            None => {
                let sockets = SOCKETS.iter().map(|s| At::Socket(s.into()));
                sockets.chain([At::Page(PageConfig::loopback(crate::config::PORT).bind)]).collect()
            }
        }
    }

    fn key(&self) -> Option<String> {
        let folder = self.folder.clone().unwrap_or_else(|| FOLDER.into());
        let file = self.key_file.clone().unwrap_or_else(|| folder.join("admin-key"));
        read_text(&file, 256).ok().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
    }

    /// Asks; the status and the body.
    fn ask(&self, method: Method, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>), Fault> {
        let key = self.key();
        let asked = Asked { method, path, key: key.as_deref(), body };
        let mut last = String::new();
        for at in self.at() {
            match request(&at, &asked) {
                Ok(answer) => return Ok(answer),
                Err(e) => {
                    last = match &at {
                        At::Socket(path) => format!("{}: {e}", path.display()),
                        At::Page(address) => format!("{address}: {e}"),
                    };
                }
            }
        }
        Err(Fault::Failed(format!(
            "no node answers ({last}): is it running, and may you open its socket? (`millpond demo` starts one; --port says where)"
        )))
    }

    /// Reads; what the household's settings forbid is exit code 3.
    pub(super) fn get(&self, path: &str) -> Result<String, Fault> {
        self.ask(Method::Get, path, b"").and_then(told)
    }

    /// Changes.
    pub(super) fn post(&self, path: &str, form: &str) -> Result<String, Fault> {
        self.ask(Method::Post, path, form.as_bytes()).and_then(told)
    }

    /// Changes, after what becomes possible was shown and agreed to. `agree` asks the person.
    pub(super) fn raise(&self, path: &str, form: &str, streams: &mut Streams) -> Result<String, Fault> {
        if !self.yes {
            let (status, body) = self.ask(Method::Post, path, form.as_bytes())?;
            if status != 409 {
                return told((status, body));
            }
            let body = String::from_utf8_lossy(&body).into_owned();
            streams.progress("These messages become possible:");
            for line in possible(&body) {
                streams.progress(&format!("  {line}"));
            }
            if !streams.agreed("Type yes to agree: ") {
                return Err(Fault::Choice("nothing was changed (--yes agrees without asking)".into()));
            }
        }
        self.post(path, &format!("{form}&confirm=yes"))
    }
}

fn told((status, body): (u16, Vec<u8>)) -> Result<String, Fault> {
    let text = String::from_utf8_lossy(&body).trim_end().to_owned();
    match status {
        200 => Ok(text),
        401 => Err(Fault::Choice(format!("{text} (--key-file names its file; it lies in the node's folder)"))),
        403 => Err(Fault::Choice(text)),
        _ => Err(Fault::Failed(format!("{text} (status {status})"))),
    }
}

fn possible(json: &str) -> Vec<String> {
    let all: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    let line = |v: &serde_json::Value| format!("{:<10} {}", text(&v["message"]), text(&v["door"]));
    let lines: Vec<String> = all["becomes_possible"].as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() { vec!["none that is not possible now".into()] } else { lines }
}

/// A value for a form: what is not a plain letter or digit is escaped.
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02x}") })
        .collect()
}
