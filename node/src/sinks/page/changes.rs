//! What may be posted: changes, each with the rights that it takes. What raises asks first.

use std::time::Duration;

use millpond_report::sink::Door;
use millpond_report::state::{Less, More, Pause};
use millpond_report::wire::Kind;
use millpond_report::wire::range::{Band, Level, ZoneId};

use super::{Page, Rights, json_text, privacy};
use crate::command::{Command, Outcome, PlanWord, Refused};
use crate::net::http::{Request, Response};
use crate::sinks::export;
use crate::store::Stretch;

/// What a question is about.
#[derive(Clone, Copy)]
pub(super) struct Question(pub(super) More);

/// The step that a request asks about or for.
pub(super) fn asked(request: &Request) -> Option<Question> {
    step(&request.asked("what")?)
}

fn step(name: &str) -> Option<Question> {
    Some(Question(match name {
        "level-1" => More::Level(Level::Local),
        "level-2" => More::Level(Level::Home),
        "level-3" => More::Level(Level::Managed),
        "on" => More::On,
        "weekly" => More::WeeklyOn,
        "keep" => More::KeepOn,
        _ => return None,
    }))
}

pub(super) fn question_json(possible: &[(Door, Kind)]) -> String {
    let one = |(door, kind): &(Door, Kind)| {
        let door = json_text((crate::words::ENGLISH.door)(*door));
        format!("{{\"door\":{door},\"message\":{}}}", json_text(kind.text()))
    };
    let all: Vec<String> = possible.iter().map(one).collect();
    format!("{{\"becomes_possible\":[{}]}}\n", all.join(","))
}

impl Page {
    /// Routes of POST.
    pub(super) fn post(&self, request: &Request) -> Response {
        let rights = self.rights(request.key.as_deref());
        match request.path.as_str() {
            "/api/pause" => match request.form("minutes").as_deref() {
                Some("15") => self.lower(Less::Pause(Pause::Quarter), request),
                Some("60") => self.lower(Less::Pause(Pause::Hour), request),
                Some("0") | None => self.lower(Less::Pause(Pause::UntilResumed), request),
                _ => Response::text(400, "minutes is 15, 60, or 0 for until resumed\n"),
            },
            "/api/sensing" => match request.form("sensing").as_deref() {
                Some("off") if rights.view => self.lower(Less::Off, request),
                Some("on") if rights.admin => self.carry(Command::On { admin: true }, request),
                Some("off" | "on") => Response::text(401, "this needs a key; pausing needs none\n"),
                _ => Response::text(400, "sensing is on or off\n"),
            },
            "/api/unlock" => self.unlock(request),
            _ if !rights.view => Response::text(401, "this needs a key; pausing needs none\n"),
            "/api/zone" => self.zone(request, rights),
            "/api/level" => self.level(request, rights),
            "/api/keep" => match request.form("keep").as_deref() {
                Some("off") => self.lower(Less::KeepOff, request),
                Some("on") => self.more(Question(More::KeepOn), request, rights),
                _ => Response::text(400, "keep is on or off\n"),
            },
            "/api/weekly" => match request.form("weekly").as_deref() {
                Some("off") => self.lower(Less::WeeklyOff, request),
                Some("on") => self.more(Question(More::WeeklyOn), request, rights),
                _ => Response::text(400, "weekly is on or off\n"),
            },
            "/api/hold" => match request.form("hold").as_deref() {
                Some(word @ ("on" | "off")) => {
                    self.carry(Command::Hold { on: word == "on", admin: rights.admin }, request)
                }
                _ => Response::text(400, "hold is on or off\n"),
            },
            "/api/erase" => self.erase(request),
            "/api/plan" => self.plan(request, rights),
            "/api/import" if self.doors.is_none() => self.import(request),
            _ => Response::text(404, "no such page\n"),
        }
    }

    fn lower(&self, less: Less, request: &Request) -> Response {
        self.carry(Command::Less(less), request)
    }

    fn carry(&self, command: Command, request: &Request) -> Response {
        match self.house.command(command) {
            Ok(Outcome::Done) if request.wants_page => Response::see_other(home(request)),
            Ok(Outcome::Done) => Response::text(200, "done\n"),
            Ok(Outcome::Erased(erased)) => {
                let (words, _) = Self::words(request);
                if request.wants_page {
                    let words = language(request).unwrap_or(words);
                    let text = privacy::erased(&erased, words);
                    let main = format!(
                        "<h1>{}</h1><p>{text}</p><p><a href=\"/{}\">{}</a></p>",
                        words.erase, words.lang, words.now
                    );
                    let status = if erased.left { 500 } else { 200 };
                    return Response::new(
                        status,
                        super::HTML_TYPE,
                        self.shell(words, words.erase, "", &main, "/privacy"),
                    );
                }
                let status = if erased.left { 500 } else { 200 };
                Response::new(status, super::JSON_TYPE, privacy::erased_json(&erased))
            }
            Err(Refused::Admin) => Response::text(401, "this needs the admin key\n"),
            Err(Refused::Level) => Response::text(403, "the level in force does not allow this\n"),
            Err(Refused::Again) => {
                Response::text(409, "something changed meanwhile, or there is too much to do: try again\n")
            }
            Err(Refused::NotHere) => Response::text(403, "this run has no such thing\n"),
        }
    }

    /// A step to more: without `confirm=yes` the answer is what it would make possible.
    fn more(&self, question: Question, request: &Request, rights: Rights) -> Response {
        if !rights.admin {
            return Response::text(401, "this needs the admin key\n");
        }
        if request.form("confirm").as_deref() == Some("yes") {
            return self.carry(Command::More { what: question.0, admin: true }, request);
        }
        let possible = self.house.possible(question.0);
        if !request.wants_page {
            return Response::new(409, super::JSON_TYPE, question_json(&possible));
        }
        let words = language(request).unwrap_or(Self::words(request).0);
        let main = privacy::question(question, &possible, words);
        Response::new(200, super::HTML_TYPE, self.shell(words, words.confirm, "", &main, "/privacy"))
    }

    fn zone(&self, request: &Request, rights: Rights) -> Response {
        let zone = request.form("zone").and_then(|z| z.parse::<i64>().ok()).filter(|z| (1..=16).contains(z));
        let Some(zone) = zone.map(ZoneId::new) else { return Response::text(400, "zone is 1 to 16\n") };
        match request.form("sensing").as_deref() {
            Some("off") => self.lower(Less::ZoneOff(zone), request),
            Some("on") => self.carry(Command::More { what: More::ZoneOn(zone), admin: rights.admin }, request),
            _ => Response::text(400, "sensing is on or off\n"),
        }
    }

    fn level(&self, request: &Request, rights: Rights) -> Response {
        let wanted = request.form("level").and_then(|l| l.parse::<u8>().ok());
        let Some(level) = wanted.and_then(|l| Level::ALL.get(usize::from(l)).copied()) else {
            return Response::text(400, "level is 0 to 3\n");
        };
        let now = self.look(false).settings.map(|s| s.level);
        if now.is_some_and(|now| level <= now) {
            return self.lower(Less::Level(level), request);
        }
        self.more(Question(More::Level(level)), request, rights)
    }

    fn erase(&self, request: &Request) -> Response {
        let number = |name: &str| request.form(name).filter(|t| !t.is_empty()).map(|t| t.parse::<u32>());
        let (zone, from, to) = match (number("zone"), number("from"), number("to")) {
            (Some(Err(_)), ..) | (_, Some(Err(_)), _) | (.., Some(Err(_))) => {
                return Response::text(400, "zone, from and to are numbers\n");
            }
            (z, f, t) => (z.and_then(Result::ok), f.and_then(Result::ok), t.and_then(Result::ok)),
        };
        if request.form("confirm").as_deref() != Some("erase") {
            return Response::text(409, "what is erased does not come back: send confirm=erase\n");
        }
        if zone.is_none() && from.is_none() && to.is_none() {
            return self.carry(Command::EraseAll, request);
        }
        let zone = match zone {
            Some(z @ 1..=16) => Some(ZoneId::new(z.into())),
            Some(_) => return Response::text(400, "zone is 1 to 16\n"),
            None => None,
        };
        let between = (from.is_some() || to.is_some()).then(|| (from.unwrap_or(0), to.unwrap_or(u32::MAX)));
        self.carry(Command::Erase(Stretch { zone, between }), request)
    }

    fn plan(&self, request: &Request, rights: Rights) -> Response {
        if !rights.admin {
            return Response::text(401, "this needs the admin key\n");
        }
        let number = || request.form("number").and_then(|n| n.parse::<u16>().ok());
        let radio = || {
            let node = request.form("node").and_then(|n| n.parse::<u8>().ok()).filter(|n| (1..=8).contains(n))?;
            let band = request.form("band")?;
            Some((node, *Band::ALL.iter().find(|b| b.text() == band)?))
        };
        let word = match request.form("word").as_deref() {
            Some("now") => Some(PlanWord::Now),
            Some("apply") => number().map(PlanWord::Apply),
            Some("undo") => number().map(PlanWord::Undo),
            Some("object") => number().map(PlanWord::Object),
            Some("pin") => radio().map(|(n, b)| PlanWord::Pin(n, b)),
            Some("unpin") => radio().map(|(n, b)| PlanWord::Unpin(n, b)),
            _ => None,
        };
        match word {
            Some(word) => self.carry(Command::Plan(word), request),
            None => Response::text(
                400,
                "word is now, or apply, undo, object with number, or pin, unpin with node and band\n",
            ),
        }
    }

    fn import(&self, request: &Request) -> Response {
        let read = std::str::from_utf8(&request.body).ok().and_then(|t| export::read_json(t, self.look(false).slot));
        let Some((days, months)) = read else {
            return Response::text(400, "this is no export of a node: nothing was taken\n");
        };
        match self.house.import(&days, &months) {
            Ok(new) => Response::new(200, super::JSON_TYPE, format!("{{\"imported\":{new}}}\n")),
            Err(_) => Response::text(403, "history is on hold, or this run keeps none\n"),
        }
    }

    /// Turns a key into a session. Failures are counted and slowed, all callers alike, with no address kept.
    fn unlock(&self, request: &Request) -> Response {
        let mut failed = self.failed_logins.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let wait = Duration::from_millis(100 << (*failed).min(5));
        let key = request.form("key").unwrap_or_default();
        if self.keys.may_lower(Some(key.trim())) {
            *failed = 0;
            let back = Response::see_other(home(request));
            let done = if request.wants_page { back } else { Response::text(200, "done\n") };
            return Response { session: Some(key.trim().to_owned()), ..done };
        }
        *failed = failed.saturating_add(1);
        drop(failed);
        std::thread::sleep(wait);
        Response::text(401, "that is not a key of this node\n")
    }
}

/// The language of a form's page.
fn language(request: &Request) -> Option<&'static crate::words::Words> {
    crate::words::of(&request.form("lang")?)
}

/// Where a form's answer leads.
fn home(request: &Request) -> &'static str {
    let private = request.form("back").as_deref() == Some("privacy");
    match (language(request).map(|w| w.lang), private) {
        (Some("en"), false) => "/en",
        (Some("en"), true) => "/en/privacy",
        (Some("ja"), false) => "/ja",
        (Some("ja"), true) => "/ja/privacy",
        (_, false) => "/",
        (_, true) => "/privacy",
    }
}
