//! The local page: live motion by zone, the network before and after, the reasons, and the switch.
//!
//! One HTML, one style sheet, one script, all built in. The server renders every word and every picture; the script
//! keeps them fresh. Without script the page reloads itself and its forms work.

mod html;
mod live;
mod map;
mod parts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millpond_report::wire::Zone;
use millpond_report::wire::range::ZoneState;

pub use live::json;
pub use parts::part;

use self::html::{Escaped, fill};
use crate::net::http::{Method, Request, Response};
use crate::net::{Answer, Doors, Feed, Keys, Service};
use crate::sinks::Board;
use crate::sinks::say::explain;
use crate::words::{ENGLISH, Words};

const HTML: &str = include_str!("assets/page.html");
const STYLE: &str = include_str!("assets/page.css");
const SCRIPT: &str = include_str!("assets/page.js");

/// What the page may ask the node to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Pause for minutes, 0 until resumed. Needs no key.
    Pause {
        /// How long.
        minutes: u16,
    },
    /// Switch off. The caller showed a key.
    Off,
    /// Switch on or resume.
    On {
        /// The caller showed the admin key.
        admin: bool,
    },
}

/// Carries commands into the node. It answers once the command is in force.
pub type Commands = Box<dyn Fn(Command) + Send + Sync>;

/// The page's routes.
pub struct Page {
    board: Arc<Mutex<Board>>,
    feed: Arc<Feed>,
    doors: Doors,
    keys: Keys,
    commands: Commands,
    failed_logins: Mutex<u32>,
    words: &'static Words,
    scene: String,
}

impl Page {
    /// A page over a board. `scene` is a line under the title that says what is shown, empty for a real home.
    pub fn new(board: Arc<Mutex<Board>>, doors: Doors, keys: Keys, commands: Commands, scene: &str) -> Self {
        Self {
            board,
            feed: Arc::default(),
            doors,
            keys,
            commands,
            failed_logins: Mutex::default(),
            words: &ENGLISH,
            scene: scene.to_owned(),
        }
    }

    /// Sends the state to every open page. Called once a second, whatever happened.
    pub fn tick(&self) {
        let event = live::event(&self.board());
        self.feed.publish(event);
    }

    /// Ends the streams.
    pub fn close(&self) {
        self.feed.close();
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, request: &Request) -> Response {
        let html = "text/html; charset=utf-8";
        let admin = self.keys.may_raise(request.key.as_deref());
        match request.path.as_str() {
            "/" => Response::new(200, html, self.whole(admin)),
            "/page.css" => Response::new(200, "text/css; charset=utf-8", STYLE),
            "/page.js" => Response::new(200, "text/javascript; charset=utf-8", SCRIPT),
            "/api/status.txt" => Response::text(200, &status_text(&self.board(), self.words)),
            "/api/why.txt" => Response::text(200, &why_text(&self.board(), self.words)),
            "/api/state" => Response::new(200, "application/json", state(&self.board())),
            path => match path.strip_prefix("/part/").and_then(|p| part(p, &self.board(), self.words, admin)) {
                Some(part) => Response::new(200, html, part),
                None => Response::text(404, "no such page\n"),
            },
        }
    }

    fn whole(&self, admin: bool) -> String {
        let (board, words) = (self.board(), self.words);
        fill(HTML, |mark| {
            Some(match mark.strip_prefix("part:") {
                Some(name) => part(name, &board, words, admin)?,
                None => match mark {
                    "lang" => words.lang,
                    "skip" => words.skip,
                    "nav" => words.nav,
                    "now" => words.now,
                    "network" => words.network,
                    "why" => words.why,
                    "privacy" => words.privacy,
                    "lost" => words.lost,
                    "version" => env!("CARGO_PKG_VERSION"),
                    "scene" => return Some(Escaped(&self.scene).to_string()),
                    _ => return None,
                }
                .to_owned(),
            })
        })
    }

    fn post(&self, request: &Request) -> Response {
        let key = request.key.as_deref();
        match request.path.as_str() {
            "/api/pause" => match request.form("minutes").as_deref().unwrap_or("0").parse() {
                Ok(minutes @ (0 | 15 | 60)) => self.command(Command::Pause { minutes }, request),
                _ => Response::text(400, "minutes is 15, 60, or 0 for until resumed\n"),
            },
            "/api/sensing" => match request.form("sensing").as_deref() {
                Some("off") if self.keys.may_lower(key) => self.command(Command::Off, request),
                Some("on") if self.keys.may_raise(key) => self.command(Command::On { admin: true }, request),
                Some("off" | "on") => Response::text(401, "this needs a key; pausing needs none\n"),
                _ => Response::text(400, "sensing is on or off\n"),
            },
            "/api/unlock" => self.unlock(request),
            _ => Response::text(404, "no such page\n"),
        }
    }

    fn command(&self, command: Command, request: &Request) -> Response {
        (self.commands)(command);
        if request.wants_page { Response::see_other("/") } else { Response::text(200, "done\n") }
    }

    /// Turns a key into a session. Failures are counted and slowed, all callers alike, with no address kept.
    fn unlock(&self, request: &Request) -> Response {
        let mut failed = self.failed_logins.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = std::time::Duration::from_millis(100 << (*failed).min(5));
        let key = request.form("key").unwrap_or_default();
        if self.keys.may_lower(Some(key.trim())) {
            *failed = 0;
            let done = if request.wants_page { Response::see_other("/") } else { Response::text(200, "done\n") };
            return Response { session: Some(key.trim().to_owned()), ..done };
        }
        *failed = failed.saturating_add(1);
        drop(failed);
        std::thread::sleep(wait);
        Response::text(401, "that is not a key of this node\n")
    }
}

impl Service for Page {
    fn answer(&self, request: &Request) -> Answer {
        if let Some(status) = self.doors.refusal(request) {
            return Answer::Whole(Response::text(status, "refused: not a name or an origin of this node\n"));
        }
        match (request.method, request.path.as_str()) {
            (Method::Get, "/api/live") => Answer::Stream(Arc::clone(&self.feed)),
            (Method::Get, _) => Answer::Whole(self.get(request)),
            (Method::Post, _) => Answer::Whole(self.post(request)),
        }
    }
}

/// The switch and the zones in lines of text.
fn status_text(board: &Board, words: &Words) -> String {
    let mut lines: Vec<String> = board.status.iter().map(|s| (words.sensing)(s.sensing).to_owned()).collect();
    let zone = |z: &Zone| {
        let (label, state) = (board.labels.zone(z.zone.get()), z.state.text());
        let known = matches!(z.state, ZoneState::Still | ZoneState::Moving);
        let level = if known { format!("level {}", z.level.get()) } else { String::new() };
        format!("{label:<16} {state:<8} {level}").trim_end().to_owned()
    };
    lines.extend(board.zones.iter().map(zone));
    lines.join("\n") + "\n"
}

/// Every decision in lines of text, an empty line between two.
fn why_text(board: &Board, words: &Words) -> String {
    let blocks: Vec<String> = board.decisions.iter().map(|d| explain(d, &board.labels, words).join("\n")).collect();
    blocks.join("\n\n") + "\n"
}

/// The whole board as JSON: the messages, and the labels that the user typed.
pub fn state(board: &Board) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let labelled = |text: String, label: String| {
        let open = text.trim_end_matches('}');
        format!("{open},\"label\":{}}}", json_text(&label))
    };
    let zones = board.zones.iter().map(|z| labelled(json(z), board.labels.zone(z.zone.get())));
    let radios = board.radios.iter().map(|r| labelled(json(r), board.labels.node(r.node.get())));
    format!(
        "{{\"status\":{},\"zones\":{},\"radios\":{},\"links\":{},\"decisions\":{},\"events\":{}}}\n",
        board.status.as_ref().map_or("null".to_owned(), json),
        list(zones.collect()),
        list(radios.collect()),
        list(board.links.iter().map(json).collect()),
        list(board.decisions.iter().map(json).collect()),
        list(board.events.iter().map(json).collect()),
    )
}

/// A JSON string.
pub fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out += &format!("\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}
