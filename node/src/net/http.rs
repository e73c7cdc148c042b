//! HTTP/1.1 as far as a page for one household needs it: small requests in, whole answers out.
//!
//! Everything is bounded: the head, the body, the time for both. Nothing here knows a route.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// Longest request head in bytes. Browsers send about 700.
pub const HEAD_MAX: usize = 8 * 1024;
/// Longest request body in bytes. The longest form has one short key.
pub const BODY_MAX: usize = 1024;
/// Time for a whole request to arrive.
pub const REQUEST_TIME: Duration = Duration::from_secs(5);

/// The policy of the privacy contract, section 8, word for word.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The methods that a route may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes.
    Post,
}

/// One request. Header values are kept only where a rule needs them.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Path without the query.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// `Host`, as sent.
    pub host: Option<String>,
    /// `Origin`, as sent.
    pub origin: Option<String>,
    /// Session key from the cookie, the key header or a bearer token.
    pub key: Option<String>,
    /// The client takes `text/html`, so a form's answer leads back to the page.
    pub wants_page: bool,
    /// `Accept-Language` has Japanese before English.
    pub japanese: bool,
    /// Body.
    pub body: Vec<u8>,
}

/// Why a request was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The peer went away or was too slow: nobody is left to answer.
    Gone,
    /// Not HTTP, or a part of it that no client of ours uses.
    Malformed,
    /// Head or body is over its bound.
    TooLarge,
    /// Neither GET nor POST.
    Method,
}

impl Refusal {
    /// The status to answer with, if somebody is left.
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Gone => None,
            Self::Malformed => Some(400),
            Self::TooLarge => Some(413),
            Self::Method => Some(405),
        }
    }
}

impl Request {
    /// A request for a path with nothing else.
    pub fn of(method: Method, path: &str) -> Self {
        let (path, query) = (path.to_owned(), String::new());
        let (host, origin, key, body) = (None, None, None, Vec::new());
        Self { method, path, query, host, origin, key, wants_page: false, japanese: false, body }
    }

    /// Reads one request. `stream` must have a read timeout, so that a silent peer cannot hold it past `deadline`.
    /// The body has `body_max` bytes at most.
    pub fn read(stream: &mut impl Read, deadline: Instant, body_max: usize) -> Result<Self, Refusal> {
        let mut bytes = Vec::with_capacity(1024);
        let body_at = loop {
            if let Some(at) = find(&bytes, b"\r\n\r\n") {
                break at + 4;
            }
            if bytes.len() > HEAD_MAX {
                return Err(Refusal::TooLarge);
            }
            more(stream, &mut bytes, deadline)?;
        };
        let head = std::str::from_utf8(&bytes[..body_at]).map_err(|_| Refusal::Malformed)?;
        let (mut request, length) = parse_head(head)?;
        if length > body_max {
            return Err(Refusal::TooLarge);
        }
        while bytes.len() < body_at + length {
            more(stream, &mut bytes, deadline)?;
        }
        request.body = bytes[body_at..body_at + length].to_vec();
        Ok(request)
    }

    /// A field of a posted form (`application/x-www-form-urlencoded`).
    pub fn form(&self, name: &str) -> Option<String> {
        std::str::from_utf8(&self.body).ok().and_then(|body| field(body, name))
    }

    /// A field of the query.
    pub fn asked(&self, name: &str) -> Option<String> {
        field(&self.query, name)
    }
}

fn field(pairs: &str, name: &str) -> Option<String> {
    pairs.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| percent_decode(value))
    })
}

fn more(stream: &mut impl Read, bytes: &mut Vec<u8>, deadline: Instant) -> Result<(), Refusal> {
    if Instant::now() >= deadline {
        return Err(Refusal::Gone);
    }
    let mut buffer = [0; 1024];
    match stream.read(&mut buffer) {
        Ok(0) | Err(_) => Err(Refusal::Gone),
        Ok(n) => {
            bytes.extend_from_slice(&buffer[..n]);
            Ok(())
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// The request of a head and the length of its body.
fn parse_head(head: &str) -> Result<(Request, usize), Refusal> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = (first.next(), first.next(), first.next());
    if !version.is_some_and(|v| v.starts_with("HTTP/1.")) {
        return Err(Refusal::Malformed);
    }
    let method = match method {
        Some("GET") => Method::Get,
        Some("POST") => Method::Post,
        _ => return Err(Refusal::Method),
    };
    let target = target.filter(|t| t.starts_with('/')).ok_or(Refusal::Malformed)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let mut request = Request { path, query, ..Request::of(method, "") };
    let mut length = 0;
    for line in lines.filter(|l| !l.is_empty()) {
        let (name, value) = line.split_once(':').ok_or(Refusal::Malformed)?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            // Two hosts in one request are an attack on whoever checks only one of them.
            "host" if request.host.is_some() => return Err(Refusal::Malformed),
            "host" => request.host = Some(value.to_owned()),
            "origin" => request.origin = Some(value.to_owned()),
            "x-millpond-key" => request.key = Some(value.to_owned()),
            "cookie" => request.key = request.key.or_else(|| cookie(value)),
            "authorization" => request.key = value.strip_prefix("Bearer ").map(str::to_owned).or(request.key),
            "accept-language" => {
                let first = value.split(',').map(str::trim).find(|l| l.starts_with("ja") || l.starts_with("en"));
                request.japanese = first.is_some_and(|l| l.starts_with("ja"));
            }
            "accept" => request.wants_page = value.contains("text/html"),
            "content-length" => length = value.parse().map_err(|_| Refusal::Malformed)?,
            "transfer-encoding" => return Err(Refusal::Malformed),
            _ => {}
        }
    }
    Ok((request, length))
}

fn cookie(header: &str) -> Option<String> {
    header.split(';').find_map(|c| c.trim().strip_prefix("millpond=").map(str::to_owned))
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|&b| char::from(b).to_digit(16));
        match (bytes[i], hex(i + 1), hex(i + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 2;
            }
            (b'+', ..) => out.push(b' '),
            (b, ..) => out.push(b),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// One whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Media type.
    pub media: &'static str,
    /// Where a form's answer leads, and the session cookie that it sets.
    pub location: Option<&'static str>,
    /// Name of the file that a browser saves the answer as.
    pub download: Option<&'static str>,
    /// Value of the session cookie to set; empty clears it.
    pub session: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with a body.
    pub fn new(status: u16, media: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, media, location: None, download: None, session: None, body: body.into() }
    }

    /// A short answer in plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// Leads the browser back to the page after a form.
    pub fn see_other(location: &'static str) -> Self {
        Self { location: Some(location), ..Self::text(303, "") }
    }

    /// Writes the answer and its headers.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut head = head(self.status, self.media);
        if let Some(location) = self.location {
            head += &format!("Location: {location}\r\n");
        }
        if let Some(name) = self.download {
            head += &format!("Content-Disposition: attachment; filename=\"{name}\"\r\n");
        }
        if let Some(session) = &self.session {
            let age = if session.is_empty() { "; Max-Age=0" } else { "" };
            head += &format!("Set-Cookie: millpond={session}; HttpOnly; SameSite=Strict; Path=/{age}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        out.write_all(head.as_bytes())?;
        out.write_all(&self.body)?;
        out.flush()
    }
}

/// The head of a stream of server-sent events: it ends with the connection.
pub fn stream_head() -> String {
    head(200, "text/event-stream") + "\r\n"
}

fn head(status: u16, media: &str) -> String {
    let reason = match status {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        _ => "Service Unavailable",
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {media}\r\nContent-Security-Policy: {CONTENT_SECURITY_POLICY}\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nCache-Control: no-store\r\nConnection: close\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Request, Refusal> {
        Request::read(&mut &bytes[..], Instant::now() + REQUEST_TIME, BODY_MAX)
    }

    #[test]
    fn a_form_is_read() {
        let request = read(
            b"POST /api/pause?x=1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nCookie: a=b; millpond=k-1\r\nAccept: text/html\r\n\
              Content-Length: 19\r\n\r\nfor=1h&key=a%2Bb+%c3",
        );
        let request = request.unwrap();
        assert_eq!((request.method, request.path.as_str()), (Method::Post, "/api/pause"));
        assert_eq!(request.key.as_deref(), Some("k-1"));
        assert!(request.wants_page);
        assert_eq!(request.form("for").as_deref(), Some("1h"));
        assert_eq!(request.form("key").as_deref(), Some("a+b %c"), "a cut escape stays as it is");
        assert_eq!(request.form("no"), None);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(read(b"").unwrap_err(), Refusal::Gone);
        assert_eq!(read(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap_err(), Refusal::Gone);
        assert_eq!(read(b"GET http://a/ HTTP/1.1\r\n\r\n").unwrap_err(), Refusal::Malformed);
        assert_eq!(read(b"GET / SMTP\r\n\r\n").unwrap_err(), Refusal::Malformed);
        assert_eq!(read(b"PUT / HTTP/1.1\r\n\r\n").unwrap_err(), Refusal::Method);
        assert_eq!(read(b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n").unwrap_err(), Refusal::Malformed);
        assert_eq!(read(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap_err(), Refusal::Malformed);
        assert_eq!(read(b"POST / HTTP/1.1\r\nContent-Length: 1025\r\n\r\n").unwrap_err(), Refusal::TooLarge);
        assert_eq!(read(&[b'a'; HEAD_MAX * 2]).unwrap_err(), Refusal::TooLarge);
        assert_eq!(read(b"\xff\xfe / HTTP/1.1\r\n\r\n").unwrap_err(), Refusal::Malformed);
    }

    #[test]
    fn every_answer_carries_the_policy() {
        let mut out = Vec::new();
        Response { session: Some("k".into()), ..Response::see_other("/") }.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("HTTP/1.1 303 See Other\r\n"));
        assert!(text.contains(&format!("\r\nContent-Security-Policy: {CONTENT_SECURITY_POLICY}\r\n")));
        assert!(text.contains("\r\nSet-Cookie: millpond=k; HttpOnly; SameSite=Strict; Path=/\r\n"));
        assert!(!text.contains("Access-Control"));
        assert!(stream_head().contains(CONTENT_SECURITY_POLICY));
    }
}
