//! The HTTP server of the local page: one thread a connection, few connections, every wait bounded.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Feed;
use super::http::{Method, REQUEST_TIME, Request, Response, stream_head};

/// Connections at a time; a browser tab takes two. One more is dropped without an answer.
const CONNECTIONS_MAX: usize = 32;
/// Longest silence of a peer, and the longest that it may leave our bytes unread.
const PEER_TIME: Duration = Duration::from_secs(3);
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
    address: SocketAddr,
    ending: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
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
        let ending = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ending);
        let acceptor =
            std::thread::Builder::new().name("page-accept".into()).spawn(move || accept(&listener, &service, &flag))?;
        Ok(Self { address, ending, acceptor: Some(acceptor) })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nobody any more. Streams end with their feed.
    pub fn stop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, service: &Arc<dyn Service>, ending: &AtomicBool) {
    let open = Arc::new(AtomicUsize::new(0));
    while !ending.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
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
            let _ = converse(stream, service.as_ref());
            count.fetch_sub(1, Ordering::Relaxed);
        };
        if std::thread::Builder::new().name("page".into()).spawn(serve).is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn converse(mut stream: TcpStream, service: &dyn Service) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PEER_TIME))?;
    stream.set_write_timeout(Some(PEER_TIME))?;
    stream.set_nodelay(true)?;
    let answer = match Request::read(&mut stream, Instant::now() + REQUEST_TIME) {
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
fn stream_events(stream: &mut TcpStream, feed: &Feed) -> io::Result<()> {
    stream.write_all(stream_head().as_bytes())?;
    let mut seen = 0;
    while let Some((number, message)) = feed.next(seen, 2 * PEER_TIME) {
        seen = number;
        stream.write_all(&message)?;
        stream.flush()?;
    }
    Ok(())
}

/// Asks a running node: the household's command line is a client like any other.
///
/// Gives the status and the body of the answer.
pub fn request(to: SocketAddr, method: Method, path: &str, key: Option<&str>) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&to, PEER_TIME)?;
    stream.set_read_timeout(Some(PEER_TIME))?;
    let verb = if method == Method::Get { "GET" } else { "POST" };
    let key = key.map(|k| format!("X-Millpond-Key: {k}\r\n")).unwrap_or_default();
    stream.write_all(format!("{verb} {path} HTTP/1.1\r\nHost: {to}\r\n{key}Content-Length: 0\r\n\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(1 << 20).read_to_end(&mut bytes)?;
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
        let (status, body) = request(server.address(), Method::Get, "/hello", None).unwrap();
        assert_eq!((status, body.as_slice()), (200, &b"/hello"[..]));

        let mut stream = TcpStream::connect(server.address()).unwrap();
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
        let other = Server::listen(server.address()).unwrap();
        assert_ne!(other.local_addr().unwrap().port(), server.address().port());
    }

    #[test]
    fn nonsense_is_answered_with_400() {
        let (server, _) = start();
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(b"\x16\x03\x01 hello\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 400 "));
    }
}
