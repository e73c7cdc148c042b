//! A client of OVSDB (RFC 7047): JSON-RPC 1.0 over a Unix socket, documents one behind the other without a separator.
//!
//! It is the router's own database, so what comes is bounded and checked like anything from outside: a document longer
//! than [`DOCUMENT_MAX`] or one that is no JSON ends the connection, never the program.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longest document, bytes. A dump of a router's tables is some 100 kB.
pub const DOCUMENT_MAX: usize = 8 << 20;
/// Changes that wait at most; when they are not fetched the connection ends, as a reader that skipped one would be wrong.
const WAITING_MAX: usize = 1024;

/// Why the database did not do it.
#[derive(Debug)]
#[non_exhaustive]
pub enum OvsdbError {
    /// The socket: absent, refused, or gone.
    Io(io::Error),
    /// It does not speak OVSDB, or too much of it.
    Protocol(&'static str),
    /// It refused; the words are its own.
    Refused {
        /// RFC 7047 names a few, such as `constraint violation`.
        error: String,
        /// What it says beside.
        details: String,
    },
    /// The row is no longer as it was when the change was planned.
    Moved,
}

impl std::fmt::Display for OvsdbError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(e) => write!(f, "the database does not answer ({e}): check that ovsdb-server runs and its socket"),
            Self::Protocol(what) => write!(f, "the socket does not speak OVSDB: {what}"),
            Self::Refused { error, details } if details.is_empty() => write!(f, "the database refused: {error}"),
            Self::Refused { error, details } => write!(f, "the database refused: {error}: {details}"),
            Self::Moved => f.write_str("the row was changed since: read it and plan again"),
        }
    }
}

impl std::error::Error for OvsdbError {}

impl From<io::Error> for OvsdbError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// One change that a monitor tells: rows by table, each `{"uuid": {"initial" | "insert" | "modify" | "delete": row}}`.
pub type Update = Value;

/// A connection to one database.
pub struct Ovsdb {
    stream: UnixStream,
    database: String,
    cutter: Cutter,
    next_id: u64,
    updates: VecDeque<Update>,
    patience: Duration,
}

impl Ovsdb {
    /// Connects; each call waits `patience` for its answer.
    ///
    /// # Errors
    /// The socket's.
    pub fn connect(socket: &Path, database: &str, patience: Duration) -> Result<Self, OvsdbError> {
        let stream = UnixStream::connect(socket)?;
        stream.set_write_timeout(Some(patience))?;
        let database = database.to_owned();
        Ok(Self { stream, database, cutter: Cutter::default(), next_id: 1, updates: VecDeque::new(), patience })
    }

    /// Does operations in one transaction: all of them or none. One result an operation.
    ///
    /// # Errors
    /// The first operation that was refused, with the database's own words; [`OvsdbError::Moved`] if a `wait` did not
    /// hold.
    pub fn transact(&mut self, operations: &[Value]) -> Result<Vec<Value>, OvsdbError> {
        let mut params = vec![Value::from(self.database.as_str())];
        params.extend_from_slice(operations);
        let Value::Array(results) = self.call("transact", Value::Array(params))? else {
            return Err(OvsdbError::Protocol("a transaction answers with a list"));
        };
        for result in &results {
            let text = |key: &str| result.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            match text("error") {
                error if error.is_empty() => {}
                error if error == "timed out" => return Err(OvsdbError::Moved),
                error => return Err(OvsdbError::Refused { error, details: text("details") }),
            }
        }
        Ok(results)
    }

    /// The rows of a table where all conditions hold.
    ///
    /// # Errors
    /// As [`transact`](Self::transact).
    pub fn select(&mut self, table: &str, conditions: &[Value], columns: &[&str]) -> Result<Vec<Value>, OvsdbError> {
        let select = json!({ "op": "select", "table": table, "where": conditions, "columns": columns });
        match self.transact(&[select])?.into_iter().next().and_then(|mut r| r.get_mut("rows").map(Value::take)) {
            Some(Value::Array(rows)) => Ok(rows),
            _ => Err(OvsdbError::Protocol("a selection answers with rows")),
        }
    }

    /// Compare and swap: sets columns of the one row of `table` whose `key` column is `name`, if the columns of `expected`
    /// are still as given.
    ///
    /// # Errors
    /// [`OvsdbError::Moved`] if they are not, and if there is no such row or more than one.
    pub fn swap(&mut self, table: &str, row: (&str, &str), expected: &Value, new: &Value) -> Result<(), OvsdbError> {
        let columns: Vec<&String> = expected.as_object().map(|o| o.keys().collect()).unwrap_or_default();
        let found = json!([[row.0, "==", row.1]]);
        let operations = [
            json!({ "op": "wait", "timeout": 0, "table": table, "where": found, "columns": columns,
                    "until": "==", "rows": [expected] }),
            json!({ "op": "update", "table": table, "where": found, "row": new }),
        ];
        self.transact(&operations).map(drop)
    }

    /// Asks for the rows of tables now, and for every change of them from now on: `tables` is a `monitor-cond-requests` of
    /// the server's documentation, `{"Table": [{"columns": [..]}]}`. Gives back the rows as an update.
    ///
    /// # Errors
    /// As [`transact`](Self::transact).
    pub fn monitor(&mut self, tables: &Value) -> Result<Update, OvsdbError> {
        let params = json!([self.database, "millpond", tables]);
        self.call("monitor_cond", params)
    }

    /// Waits for a change of a monitored table; `None` if there was none in time. The database's own questions are answered
    /// here, so call it at least every five seconds: a client that does not answer is dropped.
    ///
    /// # Errors
    /// The connection's end.
    pub fn changed(&mut self, patience: Duration) -> Result<Option<Update>, OvsdbError> {
        let until = Instant::now() + patience;
        while self.updates.is_empty() {
            match self.document(until)? {
                None => return Ok(None),
                Some(document) => self.take(document).map(drop)?,
            }
        }
        Ok(self.updates.pop_front())
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value, OvsdbError> {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({ "method": method, "params": params, "id": id }))?;
        let until = Instant::now() + self.patience;
        loop {
            let late = || OvsdbError::Io(io::Error::from(io::ErrorKind::TimedOut));
            let document = self.document(until)?.ok_or_else(late)?;
            let Some(mut answer) = self.take(document)? else { continue };
            if answer.get("id").and_then(Value::as_u64) != Some(id) {
                continue;
            }
            let error = answer.get_mut("error").map(Value::take).unwrap_or_default();
            if error.is_null() {
                return Ok(answer.get_mut("result").map(Value::take).unwrap_or_default());
            }
            let text = |key| error.get(key).and_then(Value::as_str).map(str::to_owned);
            let name = text("error").unwrap_or_else(|| error.to_string());
            return Err(OvsdbError::Refused { error: name, details: text("details").unwrap_or_default() });
        }
    }

    /// Keeps what the server tells and answers what it asks; gives back what answers us.
    fn take(&mut self, mut document: Value) -> Result<Option<Value>, OvsdbError> {
        match document.get("method").and_then(Value::as_str) {
            None => return Ok(Some(document)),
            Some("echo") => {
                let echo = json!({ "id": document["id"], "result": document["params"], "error": null });
                self.send(&echo)?;
            }
            Some("update2" | "update") => {
                if self.updates.len() >= WAITING_MAX {
                    return Err(OvsdbError::Protocol("more changes than are fetched"));
                }
                let update = document.get_mut("params").and_then(|p| p.get_mut(1)).map(Value::take);
                self.updates.extend(update);
            }
            Some(_) => {}
        }
        Ok(None)
    }

    fn send(&mut self, document: &Value) -> Result<(), OvsdbError> {
        Ok(self.stream.write_all(document.to_string().as_bytes())?)
    }

    fn document(&mut self, until: Instant) -> Result<Option<Value>, OvsdbError> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(text) = self.cutter.next() {
                let broken = |_| OvsdbError::Protocol("a document is no JSON");
                return serde_json::from_slice(&text).map(Some).map_err(broken);
            }
            if self.cutter.len() > DOCUMENT_MAX {
                return Err(OvsdbError::Protocol("a document is longer than 8 MiB"));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(n) => self.cutter.push(&chunk[..n]),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return Ok(None),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// Cuts a stream of JSON objects where one ends, looking at each byte once.
#[derive(Default)]
struct Cutter {
    bytes: Vec<u8>,
    seen: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Cutter {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The next whole document. What is no object is cut at its first closing bracket and fails to parse.
    fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(byte) = self.bytes.get(self.seen) {
            self.seen += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        let rest = self.bytes.split_off(self.seen);
                        self.seen = 0;
                        return Some(std::mem::replace(&mut self.bytes, rest));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// The values of a column: an optional column is a value or an empty set, a set of one is the bare value.
pub fn set(value: &Value) -> &[Value] {
    match value.as_array().map(Vec::as_slice) {
        Some([kind, Value::Array(all)]) if kind == "set" => all,
        _ => std::slice::from_ref(value),
    }
}

/// The pairs of a map column.
pub fn map(value: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let pairs = match value.as_array().map(Vec::as_slice) {
        Some([kind, Value::Array(all)]) if kind == "map" => all.as_slice(),
        _ => &[],
    };
    pairs.iter().filter_map(|p| Some((p.get(0)?, p.get(1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&str]) -> Vec<String> {
        let (mut cutter, mut out) = (Cutter::default(), Vec::new());
        for chunk in chunks {
            cutter.push(chunk.as_bytes());
            while let Some(document) = cutter.next() {
                out.push(String::from_utf8(document).unwrap());
            }
        }
        out
    }

    #[test]
    fn documents_are_cut_wherever_the_stream_is() {
        let stream = r#"{"a":[1,{"b":"}\"]"}]}{"c":"\\"} {"d":{}}"#;
        let whole = [r#"{"a":[1,{"b":"}\"]"}]}"#, r#"{"c":"\\"}"#, r#" {"d":{}}"#];
        assert_eq!(cut(&[stream]), whole);
        for at in 0..stream.len() {
            assert_eq!(cut(&[&stream[..at], &stream[at..]]), whole);
        }
        assert_eq!(cut(&["]", "}x}"]), ["]", "}", "x}"], "what is no object ends and fails to parse");
    }

    #[test]
    fn sets_and_maps_are_read_in_all_their_forms() {
        assert_eq!(set(&json!(["set", [1, 2]])), [json!(1), json!(2)]);
        assert_eq!(set(&json!(["set", []])), [Value::Null; 0]);
        assert_eq!(set(&json!(36)), [json!(36)]);
        let pairs = json!(["map", [[36, "a"], [40, "b"], "broken"]]);
        assert_eq!(map(&pairs).count(), 2);
        assert_eq!(map(&json!(7)).count(), 0);
    }
}
