//! What is wrong with a settings file: where, what, and what to do.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// One fault of a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Line from 1.
    pub line: usize,
    /// The setting, with the tables that it stands in; empty where the text itself is broken.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, key, what, remedy } = self;
        write!(f, "line {line}: ")?;
        if !key.is_empty() {
            write!(f, "{key}: ")?;
        }
        write!(f, "{what}; {remedy}")
    }
}

/// Every fault of a settings file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Never empty.
    pub faults: Vec<ConfigFault>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.faults.iter().map(ConfigFault::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// Collects faults while a file is read to its end.
pub(super) struct Faults<'a> {
    text: &'a str,
    broken: Vec<usize>,
    found: RefCell<Vec<ConfigFault>>,
}

impl<'a> Faults<'a> {
    /// None yet.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, broken: Vec::new(), found: RefCell::default() }
    }

    /// A place where the text is no TOML. What stands in its line is not judged again.
    pub(super) fn add_broken(&mut self, span: Option<Range<usize>>, what: &str) {
        let line = self.line(span.map_or(0, |s| s.start));
        self.broken.push(line);
        let remedy = "see the examples in the commented settings file".to_owned();
        self.found.borrow_mut().push(ConfigFault { line, key: String::new(), what: what.to_owned(), remedy });
    }

    /// A setting that is wrong.
    pub(super) fn add(&self, at: usize, key: String, what: impl Into<String>, remedy: impl Into<String>) {
        let line = self.line(at);
        if !self.broken.contains(&line) {
            self.found.borrow_mut().push(ConfigFault { line, key, what: what.into(), remedy: remedy.into() });
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
    }

    /// All of them, or none.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let mut faults = self.found.into_inner();
        faults.sort_by_key(|f| f.line);
        if faults.is_empty() { Ok(()) } else { Err(ConfigError { faults }) }
    }
}
