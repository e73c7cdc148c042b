//! A table of a settings file, read strictly: a value is right or a fault, and a key that nobody asked for is a fault.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Faults;

/// A table, the path to it, and the faults found so far.
pub(super) struct Table<'a> {
    path: String,
    at: usize,
    inner: Option<&'a DeTable<'a>>,
    asked: RefCell<Vec<&'static str>>,
    faults: &'a Faults<'a>,
}

impl<'a> Table<'a> {
    /// The file itself.
    pub(super) fn root(inner: &'a DeTable<'a>, faults: &'a Faults<'a>) -> Self {
        Self { path: String::new(), at: 0, inner: Some(inner), asked: RefCell::default(), faults }
    }

    fn under(&self, key: &str, at: usize, inner: Option<&'a DeTable<'a>>) -> Self {
        Table { path: self.name(key), at, inner, asked: RefCell::default(), faults: self.faults }
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.inner?.get(key)
    }

    /// A fault of a setting in this table, at its line if it is there and at the table's otherwise.
    pub(super) fn fault(&self, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let at = self.inner.and_then(|t| t.get(key)).map_or(self.at, |v| v.span().start);
        self.faults.add(at, self.name(key), what, remedy);
    }

    /// A text.
    pub(super) fn text(&self, key: &'static str) -> Option<&'a str> {
        match self.get(key)?.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => {
                self.fault(key, "this is no text", "put it in quotes");
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &'static str) -> Vec<&'a str> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let text = |v: &'a Spanned<DeValue<'a>>| match v.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => None,
        };
        let all = match value.get_ref() {
            DeValue::Array(array) => array.iter().map(text).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        all.unwrap_or_else(|| {
            self.fault(key, "this is no list of texts", "write [\"one\", \"two\"]");
            Vec::new()
        })
    }

    /// An integer within a range.
    pub(super) fn integer<T>(&self, key: &'static str, range: RangeInclusive<T>) -> Option<T>
    where
        T: Copy + PartialOrd + TryFrom<i64> + std::fmt::Display,
    {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        let number = number.and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.fault(key, "this is no whole number of its range", format!("write a number from {from} to {to}"));
        }
        number
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        match self.get(key)?.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => {
                self.fault(key, "this is neither yes nor no", "write true or false");
                None
            }
        }
    }

    /// One word of a few.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(key, format!("there is no {text:?} here"), format!("choose one of: {}", words.join(", ")));
        }
        found
    }

    /// A text of some form, `form` being an example of it.
    pub(super) fn parsed<T: FromStr>(&self, key: &'static str, form: &str) -> Option<T> {
        let text = self.text(key)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.fault(key, format!("{text:?} is not of its form"), format!("write it as in {form:?}"));
        }
        parsed
    }

    /// True if a key is there at all, whatever it holds: for keys that belong elsewhere.
    pub(super) fn has(&self, key: &'static str) -> bool {
        let there = self.inner.is_some_and(|t| t.get(key).is_some());
        if there {
            self.asked.borrow_mut().push(key);
        }
        there
    }

    /// What a source or a door cannot do without.
    pub(super) fn needed<T>(&self, key: &'static str, value: Option<T>, example: &str) -> Option<T> {
        if value.is_none() && self.inner.is_none_or(|t| t.get(key).is_none()) {
            self.fault(key, "this setting is missing", format!("add a line like: {key} = {example}"));
        }
        value
    }

    /// A table in this one; an absent one reads as empty.
    pub(super) fn table(&self, key: &'static str) -> Table<'a> {
        match self.get(key) {
            None => self.under(key, self.at, None),
            Some(value) => match value.get_ref() {
                DeValue::Table(inner) => self.under(key, value.span().start, Some(inner)),
                _ => {
                    self.fault(key, "this is no table", format!("write [{}] in a line of its own", self.name(key)));
                    self.under(key, value.span().start, None)
                }
            },
        }
    }

    /// The tables of a list, `[[key]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let refuse = || {
            self.fault(key, "this is no list of tables", format!("write [[{}]] before each", self.name(key)));
            Vec::new()
        };
        let DeValue::Array(array) = value.get_ref() else { return refuse() };
        let mut all = Vec::new();
        for (i, entry) in array.iter().enumerate() {
            let DeValue::Table(inner) = entry.get_ref() else { return refuse() };
            all.push(self.under(&format!("{key}[{}]", i + 1), entry.span().start, Some(inner)));
        }
        all
    }

    /// Faults for every key that nobody asked for. Call it last.
    pub(super) fn finish(&self) {
        let Some(inner) = self.inner else { return };
        let asked = self.asked.borrow();
        for (key, _) in inner {
            let name: &str = key.get_ref().as_ref();
            if !asked.contains(&name) {
                let near = asked.iter().map(|a| (distance(a, name), *a)).min().filter(|(d, _)| *d <= 2);
                let remedy = match near {
                    Some((_, near)) => format!("did you mean {near}?"),
                    None => format!("take it out, or use one of: {}", asked.join(", ")),
                };
                self.faults.add(key.span().start, self.name(name), "there is no such setting here", remedy);
            }
        }
    }
}

/// Levenshtein's distance, for suggestions; the words are short.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        assert_eq!((distance("bind", "bnid"), distance("", "ab"), distance("port", "port")), (2, 2, 0));
    }
}
