//! Who may come in: which addresses are bound, which `Host` and `Origin` are ours, which key opens what.

use std::net::{IpAddr, SocketAddr};

use sha2::{Digest, Sha256};

use super::http::Request;

/// Why an address is not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindError {
    /// `0.0.0.0` or `::` would also listen on the internet side.
    Wildcard,
    /// An address that is reachable from outside the home.
    NotLocal,
}

/// Passes loopback, private (RFC 1918), link-local and unique local (RFC 4193) addresses.
pub fn check_bind(address: IpAddr) -> Result<(), BindError> {
    let local = match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    match (address.is_unspecified(), local) {
        (true, _) => Err(BindError::Wildcard),
        (false, true) => Ok(()),
        (false, false) => Err(BindError::NotLocal),
    }
}

/// Keys drawn at start; there is no default password.
#[derive(Clone)]
pub struct Keys {
    /// May lower exposure.
    pub view: String,
    /// May raise it again.
    pub admin: String,
    /// May read metrics, and nothing else.
    pub metrics: String,
}

impl Keys {
    /// Keys of 80 random bits each: 16 letters and digits without look-alikes.
    pub fn from_bytes(random: [u8; 32]) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let key = |bytes: &[u8]| {
            let letter = |b: &u8| char::from(ALPHABET[usize::from(b & 31)]);
            let letters: Vec<char> = bytes.iter().map(letter).collect();
            letters.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join("-")
        };
        let third = Sha256::new_with_prefix(b"metrics").chain_update(random).finalize();
        Self { view: key(&random[..16]), admin: key(&random[16..]), metrics: key(&third[..16]) }
    }

    /// True if `key` may lower exposure.
    pub fn may_lower(&self, key: Option<&str>) -> bool {
        key.is_some_and(|k| same(k, &self.view)) || self.may_raise(key)
    }

    /// True if `key` may read metrics.
    pub fn may_measure(&self, key: Option<&str>) -> bool {
        key.is_some_and(|k| same(k, &self.metrics)) || self.may_lower(key)
    }

    /// True if `key` may raise exposure.
    pub fn may_raise(&self, key: Option<&str>) -> bool {
        key.is_some_and(|k| same(k, &self.admin))
    }
}

/// Equality in a time that does not tell where two strings part.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

/// The names under which the page answers.
#[derive(Clone, Debug)]
pub struct Doors {
    hosts: Vec<String>,
}

impl Doors {
    /// The bound address, `localhost` if it is loopback, and `names` that the household gave the node.
    pub fn new(bound: SocketAddr, names: &[String]) -> Self {
        let port = bound.port();
        let mut hosts = vec![bound.to_string()];
        if bound.ip().is_loopback() {
            hosts.push(format!("localhost:{port}"));
        }
        hosts.extend(names.iter().map(|n| format!("{}:{port}", n.to_ascii_lowercase())));
        Self { hosts }
    }

    /// The status to refuse with, or nothing. A foreign `Host` is how a page elsewhere reaches a node by rebinding a
    /// name; a foreign `Origin` is how it posts.
    pub fn refusal(&self, request: &Request) -> Option<u16> {
        let ours = |host: &str| self.hosts.iter().any(|h| h.eq_ignore_ascii_case(host));
        if !request.host.as_deref().is_some_and(ours) {
            return Some(421);
        }
        match request.origin.as_deref() {
            None => None,
            // `null` (a sandboxed frame, a file) is foreign too; our own forms send the page's origin.
            Some(origin) if origin.strip_prefix("http://").is_some_and(ours) => None,
            Some(_) => Some(403),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::http::Method;

    fn request(host: Option<&str>, origin: Option<&str>) -> Request {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Request { host: own(host), origin: own(origin), ..Request::of(Method::Post, "/") }
    }

    #[test]
    fn only_local_addresses_are_bound() {
        for ok in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.31.0.1", "::1", "fe80::1", "fd00::1"] {
            assert_eq!(check_bind(ok.parse().unwrap()), Ok(()), "{ok}");
        }
        for bad in ["8.8.8.8", "172.32.0.1", "100.64.0.1", "2001:db8::1"] {
            assert_eq!(check_bind(bad.parse().unwrap()), Err(BindError::NotLocal), "{bad}");
        }
        assert_eq!(check_bind("0.0.0.0".parse().unwrap()), Err(BindError::Wildcard));
        assert_eq!(check_bind("::".parse().unwrap()), Err(BindError::Wildcard));
    }

    #[test]
    fn a_foreign_name_or_origin_is_refused() {
        let doors = Doors::new("127.0.0.1:80".parse().unwrap(), &["Pond.lan".into()]);
        assert_eq!(doors.refusal(&request(Some("127.0.0.1:80"), None)), None);
        assert_eq!(doors.refusal(&request(Some("LOCALHOST:80"), Some("http://localhost:80"))), None);
        assert_eq!(doors.refusal(&request(Some("pond.lan:80"), None)), None);
        for host in [None, Some("127.0.0.1"), Some("evil.example:80"), Some("127.0.0.1:80.evil.example")] {
            assert_eq!(doors.refusal(&request(host, None)), Some(421), "{host:?}");
        }
        for origin in ["null", "http://evil.example", "https://127.0.0.1:80"] {
            assert_eq!(doors.refusal(&request(Some("127.0.0.1:80"), Some(origin))), Some(403), "{origin}");
        }
    }

    #[test]
    fn the_higher_key_opens_both() {
        let keys = Keys::from_bytes(std::array::from_fn(|i| i as u8));
        assert_eq!(keys.view, "abcd-efgh-jkmn-pqrs");
        assert!(keys.may_lower(Some(&keys.view)) && !keys.may_raise(Some(&keys.view)));
        assert!(keys.may_lower(Some(&keys.admin)) && keys.may_raise(Some(&keys.admin)));
        assert!(keys.may_measure(Some(&keys.metrics)) && !keys.may_lower(Some(&keys.metrics)));
        assert!(!keys.may_lower(None) && !keys.may_lower(Some("")));
    }
}
