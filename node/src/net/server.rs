//! The HTTP server of the local page: one thread a connection, few connections, every wait bounded.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Feed;
use super::http::{BODY_MAX, Method, REQUEST_TIME, Request, Response, stream_head};

/// Connections at a time; a browser tab takes two. One more is dropped without an answer.
const CONNECTIONS_MAX: usize = 32;
/// Longest silence of a peer, and the longest that it may leave our bytes unread.
const PEER_TIME: Duration = Duration::from_secs(3);
/// Longest body on the control socket: an import of everything that can be kept.
const IMPORT_MAX: usize = 4 << 20;
/// How often the acceptor looks whether it should end.
const ACCEPT_POLL: Duration = Duration::from_millis(50);

/// What a route answers with.
pub enum Answer {
    /// One answer.
    Whole(Response),
    /// The messages of a feed until it or the reader ends.
    Stream(Arc<Feed>),
}

/// The routes.
pub trait Service: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: &Request) -> Answer;
}

/// A running server. [`stop`](Self::stop) ends it; so does dropping it.
pub struct Server {
    address: Option<SocketAddr>,
    file: Option<PathBuf>,
    ending: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

/// Who is at the other end.
trait Peer: Read + Write + Send + 'static {
    /// Bounds every wait.
    fn prepare(&self) -> io::Result<()>;
}

impl Peer for TcpStream {
    fn prepare(&self) -> io::Result<()> {
        self.set_nonblocking(false)?;
        self.set_read_timeout(Some(PEER_TIME))?;
        self.set_write_timeout(Some(PEER_TIME))?;
        self.set_nodelay(true)
    }
}

impl Peer for UnixStream {
    fn prepare(&self) -> io::Result<()> {
        self.set_nonblocking(false)?;
        self.set_read_timeout(Some(PEER_TIME))?;
        self.set_write_timeout(Some(PEER_TIME))
    }
}

impl Server {
    /// Binds `wanted`, or a free port of the same address if that port is taken.
    ///
    /// The caller has passed the address through [`check_bind`](super::check_bind).
    pub fn listen(wanted: SocketAddr) -> io::Result<TcpListener> {
        match TcpListener::bind(wanted) {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => TcpListener::bind((wanted.ip(), 0)),
            other => other,
        }
    }

    /// Binds an address, and no other: a household that was told where its page is should find it there.
    ///
    /// # Errors
    /// The address is taken or not of this machine.
    pub fn listen_at(wanted: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(wanted)
    }

    /// Serves until stopped. Threads: `page-accept`, and `page` for each connection.
    pub fn start(listener: TcpListener, service: Arc<dyn Service>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let next = move || listener.accept().map(|(stream, _)| stream);
        let mut server = Self::spawn("page-accept", next, service, BODY_MAX)?;
        server.address = Some(address);
        Ok(server)
    }

    /// Serves on a Unix socket that the file's owner and group may open. A socket that a killed node left there is
    /// replaced, one that answers is not.
    ///
    /// # Errors
    /// Another node answers there, or the file cannot be made.
    pub fn start_unix(path: &Path, service: Arc<dyn Service>) -> io::Result<Self> {
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another node answers there"));
        }
        if path.symlink_metadata().is_ok_and(|m| m.file_type().is_socket()) {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
        listener.set_nonblocking(true)?;
        let next = move || listener.accept().map(|(stream, _)| stream);
        let mut server = Self::spawn("control-accept", next, service, IMPORT_MAX)?;
        server.file = Some(path.to_owned());
        Ok(server)
    }

    fn spawn<P: Peer>(
        name: &str,
        next: impl Fn() -> io::Result<P> + Send + 'static,
        service: Arc<dyn Service>,
        body_max: usize,
    ) -> io::Result<Self> {
        let ending = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ending);
        let acceptor =
            std::thread::Builder::new().name(name.into()).spawn(move || accept(next, &service, &flag, body_max))?;
        Ok(Self { address: None, file: None, ending, acceptor: Some(acceptor) })
    }

    /// The bound address; `None` of a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Accepts nobody any more. Streams end with their feed.
    pub fn stop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        if let Some(file) = self.file.take() {
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept<P: Peer>(next: impl Fn() -> io::Result<P>, service: &Arc<dyn Service>, ending: &AtomicBool, body_max: usize) {
    let open = Arc::new(AtomicUsize::new(0));
    while !ending.load(Ordering::Relaxed) {
        let Ok(stream) = next() else {
            std::thread::sleep(ACCEPT_POLL);
            continue;
        };
        if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (service, count) = (Arc::clone(service), Arc::clone(&open));
        let serve = move || {
            // A peer that goes away is no fault of ours and nobody's business.
            let _ = converse(stream, service.as_ref(), body_max);
            count.fetch_sub(1, Ordering::Relaxed);
        };
        if std::thread::Builder::new().name("page".into()).spawn(serve).is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn converse(mut stream: impl Peer, service: &dyn Service, body_max: usize) -> io::Result<()> {
    stream.prepare()?;
    let answer = match Request::read(&mut stream, Instant::now() + REQUEST_TIME, body_max) {
        Ok(request) => service.answer(&request),
        Err(refusal) => match refusal.status() {
            Some(status) => Answer::Whole(Response::text(status, "not a request of this page\n")),
            None => return Ok(()),
        },
    };
    match answer {
        Answer::Whole(response) => response.write(&mut stream),
        Answer::Stream(feed) => stream_events(&mut stream, &feed),
    }
}

/// Sends each message when it is published; a reader that stops reading runs into the write timeout.
fn stream_events(stream: &mut impl Write, feed: &Feed) -> io::Result<()> {
    stream.write_all(stream_head().as_bytes())?;
    let mut seen = 0;
    while let Some((number, message)) = feed.next(seen, 2 * PEER_TIME) {
        seen = number;
        stream.write_all(&message)?;
        stream.flush()?;
    }
    Ok(())
}

/// Where a running node answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// Its page.
    Page(SocketAddr),
    /// Its control socket.
    Socket(PathBuf),
}

/// What is asked of a running node.
pub struct Asked<'a> {
    /// How.
    pub method: Method,
    /// Path and query.
    pub path: &'a str,
    /// The key that is shown.
    pub key: Option<&'a str>,
    /// The form.
    pub body: &'a [u8],
}

/// Asks a running node: the household's command line is a client like any other.
///
/// Gives the status and the body of the answer.
///
/// # Errors
/// Nobody answers there, or not in HTTP.
pub fn request(to: &At, asked: &Asked<'_>) -> io::Result<(u16, Vec<u8>)> {
    match to {
        At::Page(address) => exchange(TcpStream::connect_timeout(address, PEER_TIME)?, &address.to_string(), asked),
        At::Socket(path) => exchange(UnixStream::connect(path)?, "localhost", asked),
    }
}

fn exchange(mut stream: impl Peer, host: &str, asked: &Asked<'_>) -> io::Result<(u16, Vec<u8>)> {
    stream.prepare()?;
    let (verb, path) = (if asked.method == Method::Get { "GET" } else { "POST" }, asked.path);
    let key = asked.key.map(|k| format!("X-Millpond-Key: {k}\r\n")).unwrap_or_default();
    let length = asked.body.len();
    let head = format!("{verb} {path} HTTP/1.1\r\nHost: {host}\r\n{key}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(asked.body)?;
    let mut bytes = Vec::new();
    stream.take(IMPORT_MAX as u64).read_to_end(&mut bytes)?;
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP");
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(bad)?;
    let status = bytes.get(9..12).and_then(|s| std::str::from_utf8(s).ok()?.parse().ok()).ok_or_else(bad)?;
    Ok((status, bytes.split_off(at + 4)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo(Arc<Feed>);
    impl Service for Echo {
        fn answer(&self, request: &Request) -> Answer {
            match request.path.as_str() {
                "/feed" => Answer::Stream(Arc::clone(&self.0)),
                path => Answer::Whole(Response::text(200, path)),
            }
        }
    }

    fn start() -> (Server, Arc<Feed>) {
        let feed = Arc::new(Feed::default());
        let listener = Server::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        (Server::start(listener, Arc::new(Echo(Arc::clone(&feed)))).unwrap(), feed)
    }

    #[test]
    fn answers_and_streams() {
        let (server, feed) = start();
        let asked = Asked { method: Method::Get, path: "/hello", key: None, body: b"" };
        let (status, body) = request(&At::Page(server.address().unwrap()), &asked).unwrap();
        assert_eq!((status, body.as_slice()), (200, &b"/hello"[..]));

        let mut stream = TcpStream::connect(server.address().unwrap()).unwrap();
        stream.write_all(b"GET /feed HTTP/1.1\r\n\r\n").unwrap();
        feed.publish(*b"data: 1\n\n");
        let mut bytes = vec![0; stream_head().len() + 9];
        stream.read_exact(&mut bytes).unwrap();
        assert!(bytes.ends_with(b"data: 1\n\n"));
        feed.close();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the stream ends with its feed");
    }

    #[test]
    fn a_taken_port_falls_back_to_a_free_one() {
        let (server, _) = start();
        let other = Server::listen(server.address().unwrap()).unwrap();
        assert_ne!(other.local_addr().unwrap().port(), server.address().unwrap().port());
    }

    #[test]
    fn a_socket_is_its_groups_and_ends_with_its_node() {
        let path = std::env::temp_dir().join(format!("millpond-socket-{}", std::process::id()));
        let feed = Arc::new(Feed::default());
        // What a killed node left.
        drop(UnixListener::bind(&path).unwrap());
        let mut server = Server::start_unix(&path, Arc::new(Echo(Arc::clone(&feed)))).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o660);
        let body = vec![b'x'; 1 << 20];
        let asked = Asked { method: Method::Post, path: "/there", key: None, body: &body };
        assert_eq!(request(&At::Socket(path.clone()), &asked).unwrap(), (200, b"/there".to_vec()));
        assert!(Server::start_unix(&path, Arc::new(Echo(feed))).is_err(), "a second node");
        server.stop();
        assert!(!path.exists());
    }

    #[test]
    fn nonsense_is_answered_with_400() {
        let (server, _) = start();
        let mut stream = TcpStream::connect(server.address().unwrap()).unwrap();
        stream.write_all(b"\x16\x03\x01 hello\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 400 "));
    }
}
