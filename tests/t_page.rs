//! `t_page` of the privacy contract on the real daemon: no external reference, the policy exact, at most 60 KB compressed,
//! and everything that matters works without script.

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

use millpond_tests::cases;
use millpond_tests::daemon::Daemon;
use millpond_tests::node::empty_folder;

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
const POLICY: &str = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

fn main() -> ExitCode {
    cases::run("t_page", &[("size, policy, references", documents), ("without script", without_script)])
}

/// What a compressor makes of it; without one on this machine, its own size, which is more.
fn compressed(bytes: &[u8]) -> usize {
    let Ok(mut gzip) = Command::new("gzip").arg("-9c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        return bytes.len();
    };
    let mut input = gzip.stdin.take().expect("stdin is piped");
    let copy = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&copy));
    let output = gzip.wait_with_output().expect("gzip ends");
    writer.join().expect("the writer ends").expect("gzip reads");
    output.stdout.len()
}

fn documents() -> usize {
    let daemon = Daemon::start(&empty_folder("t_page_documents", TMP), "");
    let key = daemon.key("admin-key");
    let (mut total, mut cases) = (0, 0);
    for path in
        ["/en", "/ja", "/en/history", "/ja/history", "/en/privacy", "/ja/privacy", "/page.css", "/page.js", "/part/why"]
    {
        for cookie in [String::new(), format!("Cookie: millpond={key}\r\n")] {
            let (head, body) = daemon.raw(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{cookie}\r\n", daemon.page));
            assert!(head.starts_with("HTTP/1.1 200") && head.lines().any(|l| l == POLICY), "{path}: {head}");
            let text = String::from_utf8(body).expect("text");
            let foreign = text
                .split("http")
                .skip(1)
                .filter(|r| !r.starts_with("://www.w3.org/2000/svg") && !r.starts_with("-equiv"));
            assert_eq!(foreign.count(), 0, "{path} refers elsewhere");
            assert!(!text.contains("url(") && !text.contains("src=\"//") && !text.contains("@import"), "{path}");
            assert!(!text.contains("{{") && !text.contains("style=\"") && !text.contains(" onclick"), "{path}");
            if cookie.is_empty() {
                total += compressed(text.as_bytes());
            }
            cases += 1;
        }
        if path.starts_with("/ja") {
            let text = daemon.ask("GET", path, "", "").1;
            assert!(text.contains("<html lang=\"ja\">") && text.contains("プライバシー"), "{path}");
        }
    }
    println!("t_page: {total} bytes compressed, both languages and every document");
    assert!(total <= 60_000, "{total} bytes");
    let japanese = daemon.ask("GET", "/", "Accept-Language: ja,en;q=0.5\r\n", "").1;
    let english = daemon.ask("GET", "/", "Accept-Language: en-GB,ja;q=0.5\r\n", "").1;
    assert!(japanese.contains("lang=\"ja\"") && english.contains("<html lang=\"en\">"));
    cases + 2
}

/// The fields of the first form of an action within a page, as a browser would send them with a button.
fn form(page: &str, action: &str, button: &str) -> String {
    let start = page.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("there is a form for {action}"));
    let inside = page[start..].split("</form>").next().unwrap_or_default();
    let value = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).and_then(|v| v.split('"').next()).unwrap_or_default().to_owned()
    };
    let hidden = inside.split("<input type=\"hidden\"").skip(1);
    let mut fields: Vec<String> = hidden.map(|t| format!("{}={}", value(t, "name"), value(t, "value"))).collect();
    if !button.is_empty() {
        assert!(inside.contains(&format!("value=\"{button}\"")), "{action} has {button}: {inside}");
        let tag = inside.split("<button").find(|t| value(t, "value") == button).unwrap_or_default().to_owned();
        fields.push(format!("{}={button}", value(&tag, "name")));
    }
    fields.join("&")
}

fn without_script() -> usize {
    let daemon = Daemon::start(&empty_folder("t_page_plain", TMP), "");
    let html = "Accept: text/html\r\n";
    let cookie = format!("{html}Cookie: millpond={}\r\n", daemon.key("admin-key"));
    let get = |path: &str| daemon.ask("GET", path, &cookie, "").1;
    let post =
        |path: &str, button: &str, from: &str| daemon.ask("POST", path, &cookie, &form(&get(from), path, button));
    // The key is taken by a form and becomes a session.
    let unlock = format!("key={}&lang=en", daemon.key("admin-key"));
    assert_eq!(daemon.ask("POST", "/api/unlock", html, &unlock).0, 303);
    // State, sensing, pause.
    assert!(get("/en").contains("Sensing is off") && get("/ja").contains("センシングはオフです"));
    assert_eq!(post("/api/sensing", "on", "/en").0, 303);
    assert!(get("/en").contains("Sensing is on"));
    assert_eq!(post("/api/pause", "15", "/ja").0, 303);
    assert!(get("/en").contains("Sensing is paused"));
    // A raise asks first, with what becomes possible; yes is a form too.
    let (status, question) = post("/api/keep", "on", "/en/privacy");
    assert!(status == 200 && question.contains("These messages become possible"), "{question}");
    assert!(get("/en/privacy").contains("History is in memory alone"));
    let yes = form(&question, "/api/keep", "");
    assert_eq!(daemon.ask("POST", "/api/keep", &cookie, &yes).0, 303);
    assert!(get("/en/privacy").contains("History is kept across restarts"));
    // Export is a link, erasure a form whose answer says what a second look found.
    assert!(get("/en/privacy").contains("href=\"/export.json\""));
    assert!(get("/export.json").starts_with("{\"export\":\"millpond\""));
    let (status, erased) = post("/api/erase", "", "/en/privacy");
    assert!(status == 200 && erased.contains("A second look found nothing"), "{erased}");
    assert!(!daemon.state.join("kept").exists());
    // Without a key: the state, the pause and the facts; not the rest.
    let stranger = daemon.ask("GET", "/en/privacy", html, "").1;
    assert!(!stranger.contains("action=\"/api/erase\"") && !stranger.contains("action=\"/api/keep\""));
    assert!(stranger.contains("Nothing leaves your home"));
    12
}
