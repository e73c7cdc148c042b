//! The real daemon for one test: its folder, its keys, its page and its control socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::node::binary;

/// How long anything may take on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A running `millpond run` that does not outlive its test.
pub struct Daemon {
    child: Child,
    /// Where it keeps its state.
    pub state: PathBuf,
    /// Where its page is.
    pub page: SocketAddr,
}

impl Daemon {
    /// Starts it with two zones and a page on a free port; `more` is added to its settings.
    pub fn start(folder: &Path, more: &str) -> Self {
        let settings = format!("[[zone]]\nnumber = 1\n[[zone]]\nnumber = 2\n[page]\nlisten = \"127.0.0.1:0\"\n{more}");
        std::fs::write(folder.join("millpond.toml"), settings).expect("the settings can be written");
        let state = folder.join("state");
        let mut command = Command::new(binary());
        command.arg("run").arg("--config").arg(folder.join("millpond.toml")).arg("--folder").arg(&state);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("millpond starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines().map_while(Result::ok);
        let line = lines.by_ref().find(|l| l.contains("page: http://")).expect("the node says where its page is");
        std::thread::spawn(move || lines.for_each(drop));
        let page = line.split("http://").nth(1).and_then(|l| l.split('/').next()?.parse().ok()).expect("an address");
        let daemon = Self { child, state, page };
        let end = Instant::now() + PATIENCE;
        while !daemon.run(&["status"]).status.success() {
            assert!(Instant::now() < end, "the control socket opens");
            std::thread::sleep(Duration::from_millis(50));
        }
        daemon
    }

    /// A key from its folder.
    pub fn key(&self, name: &str) -> String {
        std::fs::read_to_string(self.state.join(name)).expect("the node wrote its keys").trim().to_owned()
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A command against it.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(binary()).args(arguments).arg("--folder").arg(&self.state).output().expect("millpond runs")
    }

    /// What a command says; it must succeed.
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// One request as it stands; head and body of the answer.
    pub fn raw(&self, request: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.page).expect("the page listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let at = bytes.windows(4).position(|w| w == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        let body = bytes.split_off(at);
        (String::from_utf8_lossy(&bytes).into_owned(), body)
    }

    /// A request with the right host; `headers` end in a line's end each.
    pub fn ask(&self, method: &str, path: &str, headers: &str, form: &str) -> (u16, String) {
        let (host, length) = (self.page, form.len());
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{form}");
        let (head, body) = self.raw(&request);
        let status = head.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
