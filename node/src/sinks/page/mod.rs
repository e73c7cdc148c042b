//! The local page: live motion by zone, history, the network before and after, the reasons, the node's health, and what
//! is kept and shown. The same routes on the control socket are what the command line speaks to.
//!
//! One shell of HTML, one style sheet, one script, all built in. The server renders every word and every picture; the
//! script keeps them fresh. Without script the page reloads itself and its forms work.

mod changes;
mod health;
mod html;
mod live;
mod map;
mod memory;
mod parts;
mod privacy;
mod texts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millpond_report::sink::LanDoor;
use millpond_report::wire::range::Level;

pub use live::json;
pub use parts::{View, part};
pub use privacy::example;
pub use texts::{json_text, state};

use self::html::fill;
use super::export;
use crate::command::{House, Look};
use crate::net::http::{Method, Request, Response};
use crate::net::{Answer, Doors, Feed, Keys, Service};
use crate::sinks::Board;
use crate::words::{ENGLISH, JAPANESE, LANGUAGES, Words};

const HTML: &str = include_str!("assets/page.html");
const MAIN: &str = include_str!("assets/main.html");
const STYLE: &str = include_str!("assets/page.css");
const SCRIPT: &str = include_str!("assets/page.js");

const HTML_TYPE: &str = "text/html; charset=utf-8";
const JSON_TYPE: &str = "application/json";
/// What the main page loads; the others stand still.
const LIVE_HEAD: &str =
    r#"<noscript><meta http-equiv="refresh" content="10"></noscript><script src="/page.js" defer></script>"#;

/// The page's routes.
pub struct Page {
    board: Arc<Mutex<Board>>,
    feed: Arc<Feed>,
    /// Who may come in; on the control socket the file's own rights say that.
    doors: Option<Doors>,
    keys: Keys,
    house: Arc<dyn House>,
    failed_logins: Mutex<u32>,
    /// The home is made up, and the page says so.
    simulated: bool,
}

/// What the key of a request opens.
#[derive(Clone, Copy)]
struct Rights {
    /// May read history and lower exposure.
    view: bool,
    /// May raise it.
    admin: bool,
}

impl Page {
    /// A page over a board. A `simulated` home is called one under the title.
    pub fn new(board: Arc<Mutex<Board>>, doors: Doors, keys: Keys, house: Arc<dyn House>, simulated: bool) -> Self {
        let (feed, failed_logins) = (Arc::default(), Mutex::default());
        Self { board, feed, doors: Some(doors), keys, house, failed_logins, simulated }
    }

    /// The same routes for the control socket. Whoever may open it may see and lower; raising takes the admin's key.
    pub fn control(board: Arc<Mutex<Board>>, keys: Keys, house: Arc<dyn House>) -> Self {
        let (feed, failed_logins) = (Arc::default(), Mutex::default());
        Self { board, feed, doors: None, keys, house, failed_logins, simulated: false }
    }

    /// Sends the state to every open page. Called once a second, whatever happened.
    pub fn tick(&self) {
        let event = live::event(&self.board());
        self.feed.publish(event);
    }

    /// Lets streams begin again after [`close`](Self::close).
    pub fn open(&self) {
        self.feed.open();
    }

    /// Ends the streams.
    pub fn close(&self) {
        self.feed.close();
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn door(&self) -> LanDoor {
        if self.doors.is_some() { LanDoor::Page } else { LanDoor::UnixSocket }
    }

    fn rights(&self, key: Option<&str>) -> Rights {
        Rights { view: self.doors.is_none() || self.keys.may_lower(key), admin: self.keys.may_raise(key) }
    }

    fn words(request: &Request) -> (&'static Words, &str) {
        let path = request.path.as_str();
        for words in LANGUAGES {
            match path.strip_prefix('/').and_then(|p| p.strip_prefix(words.lang)) {
                Some("") => return (words, "/"),
                Some(rest) if rest.starts_with('/') => return (words, rest),
                _ => {}
            }
        }
        (if request.japanese { &JAPANESE } else { &ENGLISH }, path)
    }

    fn get(&self, request: &Request) -> Response {
        let (words, path) = Self::words(request);
        let rights = self.rights(request.key.as_deref());
        let html = |body: String| Response::new(200, HTML_TYPE, body);
        let forbidden = || Response::text(401, "this needs a key\n");
        match path {
            "/" => html(self.main(words, rights)),
            "/history" => html(self.history(words, rights)),
            "/privacy" => html(self.privacy(words, rights)),
            "/page.css" => Response::new(200, "text/css; charset=utf-8", STYLE),
            "/page.js" => Response::new(200, "text/javascript; charset=utf-8", SCRIPT),
            "/api/status.txt" => Response::text(200, &texts::status(&self.board(), words)),
            "/api/why.txt" => Response::text(200, &texts::why(&self.board(), words)),
            "/api/network.txt" => Response::text(200, &texts::network(&self.board(), words)),
            "/api/state" => Response::new(200, JSON_TYPE, state(&self.board())),
            "/api/settings" => {
                Response::new(200, JSON_TYPE, export::settings_json(&self.look(false), &self.board().labels))
            }
            "/api/history" if !rights.view => forbidden(),
            "/api/history" => Response::new(200, JSON_TYPE, export::history_json(&self.look(true))),
            "/api/ask" => match changes::asked(request) {
                Some(what) => Response::new(200, JSON_TYPE, changes::question_json(&self.house.possible(what.0))),
                None => Response::text(400, "ask for level-1 to level-3, on, weekly or keep\n"),
            },
            // The object on ubus: what the door of that name has at the level in force.
            "/ubus" if self.doors.is_none() => match self.house.look(LanDoor::Ubus, false).status {
                Some(_) => Response::new(200, JSON_TYPE, state(&self.board())),
                None => Response::text(403, "ubus begins at level 2\n"),
            },
            "/metrics" | "/metrics.influx" => self.metrics(path, request.key.as_deref()),
            _ => match path.strip_prefix("/export.") {
                Some(_) if !rights.view => forbidden(),
                Some(form) => self.export(form),
                None => self.part(path, words, rights),
            },
        }
    }

    fn part(&self, path: &str, words: &'static Words, rights: Rights) -> Response {
        let name = path.strip_prefix("/part/").unwrap_or_default();
        // Locked before the board is.
        let look = matches!(name, "health").then(|| self.look(false)).unwrap_or_default();
        let board = self.board();
        match part(name, &View { board: &board, words, look: &look, admin: rights.admin, view: rights.view }) {
            Some(part) => Response::new(200, HTML_TYPE, part),
            None => Response::text(404, "no such page\n"),
        }
    }

    fn look(&self, history: bool) -> Look {
        self.house.look(self.door(), history)
    }

    fn export(&self, form: &str) -> Response {
        let look = self.look(true);
        let board = self.board();
        let (media, download, body) = match form {
            "json" => (JSON_TYPE, "millpond.json", export::json_export(&look, &board)),
            "csv" => ("text/csv; charset=utf-8", "millpond.csv", export::csv(&look)),
            "influx" => ("text/plain; charset=utf-8", "millpond.influx", export::influx_history(&look)),
            _ => return Response::text(404, "an export is json, csv or influx\n"),
        };
        drop(board);
        self.house.exported();
        Response { download: Some(download), ..Response::new(200, media, body) }
    }

    /// At level 2 and above; through the door of the metrics, which carries what that level has.
    fn metrics(&self, path: &str, key: Option<&str>) -> Response {
        let look = self.house.look(LanDoor::Metrics, false);
        if look.status.is_none() {
            return Response::text(404, "metrics begin at level 2\n");
        }
        if !(self.doors.is_none() || self.keys.may_measure(key)) {
            return Response::text(401, "this needs the metrics key as a bearer token\n");
        }
        let board = self.board();
        match path {
            "/metrics" => Response::new(200, "text/plain; version=0.0.4; charset=utf-8", export::prometheus(&board)),
            _ => Response::text(200, &export::influx(&board)),
        }
    }

    fn shell(&self, words: &Words, title: &str, head: &str, main: &str, path: &str) -> String {
        let title = if title.is_empty() { "Millpond".to_owned() } else { format!("{title} · Millpond") };
        let other = |w: &&Words| match w.lang == words.lang {
            true => format!(r#"<a href="/{0}{path}" lang="{0}" aria-current="true">{1}</a>"#, w.lang, w.own_name),
            false => format!(r#"<a href="/{0}{path}" lang="{0}" hreflang="{0}">{1}</a>"#, w.lang, w.own_name),
        };
        let languages: String = LANGUAGES.iter().map(other).collect();
        fill(HTML, |mark| {
            Some(
                match mark {
                    "lang" => words.lang,
                    "title" => &title,
                    "head" => head,
                    "main" => main,
                    "skip" => words.skip,
                    "nav" => words.nav,
                    "now" => words.now,
                    "history" => words.history,
                    "network" => words.network,
                    "why" => words.why,
                    "health" => words.health,
                    "privacy" => words.privacy,
                    "lost" => words.lost,
                    "language" => words.language,
                    "languages" => &languages,
                    "version" => env!("CARGO_PKG_VERSION"),
                    _ => return None,
                }
                .to_owned(),
            )
        })
    }

    fn main(&self, words: &'static Words, rights: Rights) -> String {
        let look = self.look(false);
        let board = self.board();
        let view = View { board: &board, words, look: &look, admin: rights.admin, view: rights.view };
        let main = fill(MAIN, |mark| {
            Some(match mark.strip_prefix("part:") {
                Some(name) => part(name, &view)?,
                None => match mark {
                    "now" => words.now,
                    "network" => words.network,
                    "why" => words.why,
                    "health" => words.health,
                    "scene" => {
                        if self.simulated {
                            words.simulated
                        } else {
                            ""
                        }
                    }
                    _ => return None,
                }
                .to_owned(),
            })
        });
        self.shell(words, "", LIVE_HEAD, &main, "")
    }

    fn history(&self, words: &'static Words, rights: Rights) -> String {
        let look = self.look(rights.view);
        let board = self.board();
        let main = memory::render(&View { board: &board, words, look: &look, admin: rights.admin, view: rights.view });
        self.shell(words, words.history, "", &main, "/history")
    }

    fn privacy(&self, words: &'static Words, rights: Rights) -> String {
        let look = self.look(false);
        let board = self.board();
        let main = privacy::render(&View { board: &board, words, look: &look, admin: rights.admin, view: rights.view });
        self.shell(words, words.privacy, "", &main, "/privacy")
    }
}

impl Service for Page {
    fn answer(&self, request: &Request) -> Answer {
        let refusal = self.doors.as_ref().and_then(|d| d.refusal(request));
        if let Some(status) = refusal {
            return Answer::Whole(Response::text(status, "refused: not a name or an origin of this node\n"));
        }
        let (_, path) = Self::words(request);
        // At level 0 the control socket has the status alone; a page is not served at all.
        let level = self.look(false).status.map(|s| s.level);
        if request.method == Method::Get && level.is_none_or(|l| l <= Level::Quiet) {
            return Answer::Whole(self.quiet(path));
        }
        match (request.method, path) {
            (Method::Get, "/api/live") => Answer::Stream(Arc::clone(&self.feed)),
            (Method::Get, _) => Answer::Whole(self.get(request)),
            (Method::Post, _) => Answer::Whole(self.post(request)),
        }
    }
}

impl Page {
    fn quiet(&self, path: &str) -> Response {
        match (self.look(false).status, path) {
            (Some(status), "/api/state") => {
                let status = json(&status);
                Response::new(200, JSON_TYPE, format!("{{\"status\":{status}}}\n"))
            }
            (Some(status), "/api/status.txt") => {
                Response::text(200, &format!("{}\n", (ENGLISH.sensing)(status.sensing)))
            }
            _ => Response::text(403, "at level 0 the node tells its status alone\n"),
        }
    }
}
