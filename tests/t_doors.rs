//! `t_doors` of the privacy contract on the real daemon: wrong host, wrong origin, missing token, wrong role, a wildcard
//! address, and the sequence of somebody who rebinds a name: refused.

use std::process::{Command, ExitCode};

use millpond_tests::cases;
use millpond_tests::daemon::Daemon;
use millpond_tests::node::{binary, empty_folder};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
const PATHS: [&str; 14] = [
    "/",
    "/en",
    "/ja",
    "/history",
    "/privacy",
    "/page.js",
    "/api/state",
    "/api/settings",
    "/api/history",
    "/api/live",
    "/export.json",
    "/metrics",
    "/part/zones",
    "/nothing",
];

fn main() -> ExitCode {
    cases::run(
        "t_doors",
        &[
            ("wrong host, wrong origin, a rebound name", hosts),
            ("missing token, wrong role", roles),
            ("addresses that reach beyond the home", addresses),
        ],
    )
}

fn hosts() -> usize {
    let daemon = Daemon::start(&empty_folder("t_doors_hosts", TMP), "");
    let (page, mut cases) = (daemon.page, 0);
    let status = |request: &str| daemon.raw(request).0.get(9..12).map(str::to_owned);
    for path in PATHS {
        // A name elsewhere that was made to point here: the browser still sends that name.
        for host in ["evil.example", "evil.example:80", "127.0.0.1", "0.0.0.0:80", "127.0.0.1.evil.example"] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(status(&request).as_deref(), Some("421"), "{path} {host}");
            cases += 1;
        }
        assert_eq!(status(&format!("GET {path} HTTP/1.1\r\n\r\n")).as_deref(), Some("421"), "{path} without a host");
        let two = format!("GET {path} HTTP/1.1\r\nHost: {page}\r\nHost: evil.example\r\n\r\n");
        assert_eq!(status(&two).as_deref(), Some("400"), "{path} with two hosts");
        cases += 2;
    }
    for origin in ["http://evil.example", "https://evil.example", "null", "http://127.0.0.1"] {
        for path in ["/api/pause", "/api/erase", "/api/level", "/api/unlock"] {
            let request =
                format!("POST {path} HTTP/1.1\r\nHost: {page}\r\nOrigin: {origin}\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(status(&request).as_deref(), Some("403"), "{path} {origin}");
            cases += 1;
        }
    }
    // First the page itself, then, over the same address, the attacker's name: the second is refused whatever the first was.
    assert_eq!(daemon.ask("GET", "/", "", "").0, 200);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").as_deref(), Some("421"));
    let head = daemon.raw(&format!("GET / HTTP/1.1\r\nHost: {page}\r\nOrigin: http://{page}\r\n\r\n")).0;
    assert!(
        head.starts_with("HTTP/1.1 200") && !head.to_ascii_lowercase().contains("access-control"),
        "no CORS: {head}"
    );
    cases + 3
}

fn roles() -> usize {
    let daemon = Daemon::start(&empty_folder("t_doors_roles", TMP), "");
    let with = |name: &str| format!("X-Millpond-Key: {}\r\n", daemon.key(name));
    let (nobody, view, metrics, admin) = (String::new(), with("view-key"), with("metrics-key"), with("admin-key"));
    let guess = "X-Millpond-Key: aaaa-aaaa-aaaa-aaaa\r\n".to_owned();
    let raise = [
        ("/api/sensing", "sensing=on"),
        ("/api/zone", "zone=1&sensing=on"),
        ("/api/level", "level=2&confirm=yes"),
        ("/api/keep", "keep=on&confirm=yes"),
        ("/api/hold", "hold=off"),
        ("/api/plan", "word=now"),
    ];
    let lower = [
        ("/api/sensing", "sensing=off"),
        ("/api/zone", "zone=1&sensing=off"),
        ("/api/erase", "confirm=erase"),
        ("/api/keep", "keep=off"),
        ("/api/hold", "hold=on"),
    ];
    let mut cases = 0;
    for (path, form) in raise {
        for who in [&nobody, &guess, &metrics, &view] {
            assert_eq!(daemon.ask("POST", path, who, form).0, 401, "{path} {form} {who}");
            cases += 1;
        }
    }
    for (path, form) in lower {
        for who in [&nobody, &guess, &metrics] {
            assert_eq!(daemon.ask("POST", path, who, form).0, 401, "{path} {form} {who}");
            cases += 1;
        }
    }
    for path in ["/api/history", "/export.json", "/export.csv", "/export.influx"] {
        for who in [&nobody, &guess, &metrics] {
            assert_eq!(daemon.ask("GET", path, who, "").0, 401, "{path} {who}");
        }
        assert_eq!(daemon.ask("GET", path, &view, "").0, 200, "{path}");
        cases += 4;
    }
    // Open to the LAN on purpose.
    assert_eq!(
        (daemon.ask("GET", "/api/state", "", "").0, daemon.ask("POST", "/api/pause", "", "minutes=15").0),
        (200, 200)
    );
    // Metrics: not there at level 1 for anybody; at level 2 for their own key and not without.
    assert_eq!(daemon.ask("GET", "/metrics", &metrics, "").0, 404);
    assert_eq!(daemon.ask("POST", "/api/level", &admin, "level=2").0, 409, "first the question");
    assert_eq!(daemon.ask("POST", "/api/level", &admin, "level=2&confirm=yes").0, 200);
    assert_eq!((daemon.ask("GET", "/metrics", "", "").0, daemon.ask("GET", "/metrics", &guess, "").0), (401, 401));
    let bearer = format!("Authorization: Bearer {}\r\n", daemon.key("metrics-key"));
    let (status, text) = daemon.ask("GET", "/metrics", &bearer, "");
    assert!(
        status == 200 && text.contains("millpond_level 2\n") && text.contains("millpond_zone_state{zone=\"1\"}"),
        "{text}"
    );
    // An import is the control socket's alone.
    assert_eq!(daemon.ask("POST", "/api/import", &admin, "{}").0, 404);
    cases + 8
}

fn addresses() -> usize {
    let folder = empty_folder("t_doors_bind", TMP);
    let file = folder.join("millpond.toml");
    let wrong = ["0.0.0.0:80", "[::]:80", "8.8.8.8:80", "100.64.0.1:80", "[2001:db8::1]:80"];
    for address in wrong {
        std::fs::write(&file, format!("[page]\nlisten = \"{address}\"\n")).expect("a file can be written");
        for command in [&["check"][..], &["run", "--config"]] {
            let output = Command::new(binary()).args(command).arg(&file).output().expect("millpond runs");
            assert_eq!(output.status.code(), Some(1), "{address}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("line 2: page.listen: "), "{address}");
        }
    }
    2 * wrong.len()
}
