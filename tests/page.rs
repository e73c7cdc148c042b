//! The page in a real browser without a window: it lives, pauses, resumes with the key, and works without script.
//!
//! The browser is spoken to over its debugging pipe (one JSON message behind another, zeros between), so no driver is
//! needed. Without a browser the test says so aloud and passes.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use millpond_tests::node::{Demo, empty_folder};
use serde_json::{Value, json};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

struct Browser {
    child: Child,
    to: File,
    from: File,
    rest: Vec<u8>,
    number: u64,
    session: Option<String>,
    /// What the browser logged as an error, refused loads among them.
    errors: Vec<String>,
}

fn browser_name() -> Option<&'static str> {
    let there = |name: &&&str| Command::new(name).arg("--version").stderr(Stdio::null()).output().is_ok();
    BROWSERS.iter().find(there).copied()
}

impl Browser {
    fn start(name: &str, folder: &Path) -> Self {
        let made = Command::new("mkfifo").arg(folder.join("to")).arg(folder.join("from")).status();
        assert!(made.is_ok_and(|s| s.success()), "pipes can be made");
        let script = format!(
            "exec {name} --headless=new --no-sandbox --disable-gpu --remote-debugging-pipe --user-data-dir=profile \
             --no-first-run about:blank 3<to 4>from"
        );
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        let child = shell.spawn().expect("a shell starts");
        let to = OpenOptions::new().write(true).open(folder.join("to")).expect("the browser opens its end");
        let from = File::open(folder.join("from")).expect("the browser opens its end");
        let mut browser = Self { child, to, from, rest: vec![], number: 0, session: None, errors: vec![] };
        let targets = browser.call("Target.getTargets", json!({}));
        let page = targets["targetInfos"].as_array().and_then(|all| all.iter().find(|t| t["type"] == "page").cloned());
        let target = page.expect("the browser has a page")["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn receive(&mut self) -> Value {
        loop {
            if let Some(at) = self.rest.iter().position(|b| *b == 0) {
                let message: Vec<u8> = self.rest.drain(..=at).collect();
                return serde_json::from_slice(&message[..at]).expect("the browser speaks JSON");
            }
            let mut buffer = [0; 1 << 16];
            let n = self.from.read(&mut buffer).expect("the pipe is open");
            assert!(n > 0, "the browser went away");
            self.rest.extend_from_slice(&buffer[..n]);
        }
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let bytes = [message.to_string().into_bytes(), vec![0]].concat();
        self.to.write_all(&bytes).expect("the pipe is open");
        loop {
            let answer = self.receive();
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            let entry = &answer["params"]["entry"];
            if answer["method"] == "Log.entryAdded" && entry["level"] == "error" {
                self.errors.push(format!("{} {}", entry["text"], entry["url"]));
            }
            if answer["method"] == "Runtime.exceptionThrown" {
                self.errors.push(answer["params"].to_string());
            }
        }
    }

    fn eval(&mut self, script: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": script, "returnByValue": true}));
        answer["result"]["value"].clone()
    }

    /// Asks until the answer is true.
    fn wait(&mut self, what: &str, script: &str, patience: Duration) {
        let end = Instant::now() + patience;
        while self.eval(script) != true {
            let text = || "document.body.innerText";
            if Instant::now() > end {
                let text = self.eval(text());
                panic!("{what} did not come within {patience:?}; the page says {text}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn open(&mut self, url: &str) {
        self.eval("window.before = true");
        self.call("Page.navigate", json!({"url": url}));
        self.wait("another document", "window.before !== true", SOON);
        self.wait("the page", "document.readyState === 'complete' && !!document.getElementById('switch')", SOON);
    }

    /// Clicks until the click has its effect: a browser drops input that comes before it has painted the page.
    fn press(&mut self, selector: &str, what: &str, done: &str) {
        let there = format!("!!document.querySelector({selector:?})");
        let end = Instant::now() + A_WALK;
        while Instant::now() < end {
            if self.eval(&there) == true {
                self.click(selector);
            }
            for _ in 0..30 {
                if self.eval(done) == true {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        self.wait(what, done, Duration::ZERO);
    }

    /// A click of the mouse in the middle of an element.
    fn click(&mut self, selector: &str) {
        let script = format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        );
        let at = self.eval(&script);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SOON: Duration = Duration::from_secs(60);
/// The resident walks within a quarter of a minute; a loaded machine gets more.
const A_WALK: Duration = Duration::from_secs(240);

const MOVING: &str = "!!document.querySelector('.zone[data-state=moving]') && \
    document.querySelector('.zone[data-state=moving] .state').textContent === 'Moving'";
const PAUSED: &str = "document.querySelector('#switch .say').textContent === 'Sensing is paused'";
const ALL_OFF: &str = "[...document.querySelectorAll('.zone .state')].length === 4 && \
    [...document.querySelectorAll('.zone .state')].every((s) => s.textContent === 'Off')";
const ON: &str = "document.querySelector('#switch .say').textContent === 'Sensing is on'";

#[test]
fn the_page_lives_in_a_browser() {
    let Some(name) = browser_name() else {
        eprintln!("page: no browser ({}): the page is NOT tested", BROWSERS.join(", "));
        return;
    };
    let demo = Demo::start(&[], &empty_folder("page_demo", TMP));
    let mut b = Browser::start(name, &empty_folder("page_browser", TMP));
    let url = format!("http://{}/", demo.address);

    // Without script: the state is there, a plain form pauses.
    b.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    b.open(&url);
    b.wait("sensing on", ON, SOON);
    b.press("form[action=\"/api/pause\"] button", "a pause without script", PAUSED);
    b.wait("every zone off", ALL_OFF, SOON);

    // With script: the key resumes, motion shows, a click pauses, off is off.
    b.call("Emulation.setScriptExecutionDisabled", json!({"value": false}));
    b.open(&url);
    assert_eq!(b.eval("document.querySelectorAll('form[action=\"/api/sensing\"]').length"), 0, "no key, no switch");
    b.press("#key summary", "the key form", "document.getElementById('key').open");
    b.press("#key-field", "the field", "document.activeElement.id === 'key-field'");
    b.call("Input.insertText", json!({"text": demo.key}));
    b.wait("the key in its field", "document.getElementById('key-field').value.length > 0", SOON);
    b.press("#key button", "the switch of an admin", "!!document.querySelector('form[action=\"/api/sensing\"]')");
    b.press("form[action=\"/api/sensing\"] button[value=on]", "sensing on again", ON);
    b.wait("a zone that moves", MOVING, A_WALK);
    b.wait("the plan", "document.querySelectorAll('.decision').length > 0", SOON);
    b.wait("two maps", "document.querySelectorAll('svg.map').length === 2", SOON);
    b.press("form[action=\"/api/pause\"] button", "a pause", PAUSED);
    b.wait("every zone off", ALL_OFF, SOON);

    // On a phone nothing stands out at the side.
    let phone = json!({"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true});
    b.call("Emulation.setDeviceMetricsOverride", phone);
    b.wait("a narrow page", "document.documentElement.scrollWidth <= 360", SOON);
    assert!(b.errors.is_empty(), "the browser complains: {:?}", b.errors);
    drop(b);
    assert_eq!(demo.end().code, Some(0));
}

#[test]
fn the_page_is_small_and_refers_to_itself_alone() {
    let demo = Demo::start(&[], &empty_folder("page_small", TMP));
    let mut size = 0;
    for path in ["/", "/page.css", "/page.js"] {
        let answer = String::from_utf8(demo.get(path)).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let policy = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
            connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        assert!(head.starts_with("HTTP/1.1 200") && head.lines().any(|l| l == policy), "{head}");
        let foreign: Vec<&str> =
            body.split("http").skip(1).filter(|r| !r.starts_with("://www.w3.org/2000/svg")).collect();
        assert!(foreign.iter().all(|r| r.starts_with("-equiv")), "{path} refers elsewhere: {foreign:?}");
        assert!(!body.contains("{{") && !body.contains("style=\"") && !body.contains(" onclick"), "{path}");
        size += body.len();
    }
    // 60 KB is the limit for the compressed page; this one keeps to it uncompressed.
    assert!(size <= 60_000, "{size} bytes");
    let refused = |answer: Vec<u8>, status: &str| {
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    };
    refused(demo.raw(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", SOON), "421");
    refused(demo.post("/api/pause", "minutes=15", "Origin: http://evil.example\r\n"), "403");
    refused(demo.post("/api/sensing", "sensing=off", ""), "401");
    refused(demo.post("/api/sensing", "sensing=on", "X-Millpond-Key: guess\r\n"), "401");
    refused(demo.post("/api/pause", "minutes=15", ""), "200");
    refused(demo.post("/api/sensing", "sensing=on", &format!("X-Millpond-Key: {}\r\n", demo.key)), "200");
    assert_eq!(demo.end().code, Some(0));
}
