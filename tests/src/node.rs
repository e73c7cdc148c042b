//! The real `millpond` binary: built if need be, started, asked over HTTP, ended by a signal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The binary beside this test's own folder. Cargo is asked to build it, which does nothing when it is there.
pub fn binary() -> PathBuf {
    let here = std::env::current_exe().expect("a test has a path");
    let profile = here.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--workspace", "--bin", "millpond"]);
    build.arg("--target-dir").arg(profile.parent().expect("PROFILE lies in target"));
    if profile.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().expect("cargo runs").success(), "millpond builds");
    profile.join("millpond")
}

/// A child that does not outlive its test, whatever the test comes to.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running demo.
pub struct Demo {
    child: Kept,
    /// Where the page is.
    pub address: SocketAddr,
    /// The admin key that it printed.
    pub key: String,
    out: JoinHandle<Vec<u8>>,
    err: JoinHandle<Vec<u8>>,
}

/// What a demo left behind.
pub struct Ended {
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
    /// Exit code.
    pub code: Option<i32>,
}

impl Demo {
    /// Starts `millpond demo` on a free port, in a folder of its own.
    pub fn start(arguments: &[&str], folder: &Path) -> Self {
        let mut command = Command::new(binary());
        command.args(["demo", "--port", "0"]).args(arguments).current_dir(folder).env("HOME", folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("millpond starts");
        let mut stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let out = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            bytes
        });
        let (send, lines) = channel();
        let err = std::thread::spawn(move || {
            let mut all = Vec::new();
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let _ = send.send(String::from_utf8_lossy(&line).into_owned());
                all.extend(line);
                all.push(b'\n');
            }
            all
        });
        let (address, key) = greeting(&lines);
        Self { child: Kept(child), address, key, out, err }
    }

    /// Sends one request as it stands and reads the whole answer, or what comes within `patience`.
    pub fn raw(&self, request: &[u8], patience: Duration) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).expect("the page listens");
        stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout can be set");
        let _ = stream.write_all(request);
        let (mut bytes, mut buffer, end) = (Vec::new(), [0; 4096], Instant::now() + patience);
        while Instant::now() < end {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => bytes.extend_from_slice(&buffer[..n]),
                Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
                Err(_) => break,
            }
        }
        bytes
    }

    /// GET of a path.
    pub fn get(&self, path: &str) -> Vec<u8> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.raw(request.as_bytes(), PATIENCE)
    }

    /// POST of a form.
    pub fn post(&self, path: &str, form: &str, headers: &str) -> Vec<u8> {
        let (host, length) = (self.address, form.len());
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{form}");
        self.raw(request.as_bytes(), PATIENCE)
    }

    /// Ends it as Ctrl-C does and waits.
    pub fn end(mut self) -> Ended {
        let killed = Command::new("kill").args(["-INT", &self.child.0.id().to_string()]).status();
        assert!(killed.is_ok_and(|s| s.success()), "a signal can be sent");
        let code = self.child.0.wait().expect("a child can be waited for").code();
        let join = |t: JoinHandle<Vec<u8>>| t.join().expect("the reader ends with the stream");
        Ended { out: join(self.out), err: join(self.err), code }
    }
}

/// A loaded machine may be slow; nothing here is a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// The address and the key from the first line of progress.
fn greeting(lines: &Receiver<String>) -> (SocketAddr, String) {
    let line = lines.recv_timeout(PATIENCE).expect("millpond says where its page is");
    let address = line.split("http://").nth(1).and_then(|l| l.split('/').next()).and_then(|a| a.parse().ok());
    let key = line.split("run: ").nth(1).map(|k| k.trim_end_matches(')').to_owned());
    (address.expect("an address"), key.expect("a key"))
}

/// An empty folder for one test.
pub fn empty_folder(name: &str, tmp: &str) -> PathBuf {
    let folder = Path::new(tmp).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}
