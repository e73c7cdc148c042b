//! The wire vocabulary as its schema file states it: read, sampled and encoded from the text alone.
//!
//! This is the second implementation of the encoding. It knows `wire.toml` and `events.toml` and nothing of the gate's
//! code, so where the two agree the files are enough to read a message by.

use std::fmt::Write as _;

/// The schema file.
pub const WIRE: &str = include_str!("../../firmware-glue/report/wire.toml");
/// The list of events.
pub const EVENTS: &str = include_str!("../../firmware-glue/report/events.toml");

/// One message of the schema.
pub struct Message {
    /// Its name.
    pub name: String,
    /// What it is, from the comment above it.
    pub about: String,
    /// Its first byte.
    pub code: u8,
    /// `lan` or `wan`.
    pub scope: String,
    /// Length of every encoding.
    pub bytes: usize,
    /// Characters of every padded JSON rendering.
    pub json_chars: usize,
    /// Its fields in order.
    pub fields: Vec<Field>,
}

/// One field of a message.
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its range as written.
    pub text: String,
    /// Its range.
    pub range: Range,
    /// What it means.
    pub means: String,
    /// How an earlier field narrows the range.
    pub narrower: Option<Narrower>,
}

/// A range that depends on an earlier field.
pub enum Narrower {
    /// The range of this event's number, by the byte of its code.
    ByCode(Vec<(u8, Vec<i64>)>),
    /// While a field has one of these values.
    While(String, Vec<i64>, Vec<i64>),
}

impl Narrower {
    /// `code`, or `field a..b: c..d`.
    fn read(text: &str) -> Self {
        if text == "code" {
            return Self::ByCode(events().into_iter().map(|e| (e.code, e.numbers)).collect());
        }
        let (field, ranges) = text.split_once(' ').unwrap_or_else(|| panic!("{text}"));
        let (held, then) = ranges.split_once(": ").unwrap_or_else(|| panic!("{text}"));
        Self::While(field.into(), values(held), values(then))
    }

    /// The values that are left, given the earlier fields' values.
    pub fn left(&self, earlier: &[(String, i64)]) -> Option<&[i64]> {
        let of = |name: &str| earlier.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        match self {
            Self::ByCode(all) => {
                let code = of("code")?;
                all.iter().find(|(c, _)| i64::from(*c) == code).map(|(_, numbers)| numbers.as_slice())
            }
            Self::While(field, held, then) => held.contains(&of(field)?).then_some(then),
        }
    }
}

/// Every number of `a..b`, of `a|b|c` or of `a`.
fn values(text: &str) -> Vec<i64> {
    let number = |t: &str| t.parse::<i64>().unwrap_or_else(|e| panic!("{text}: {e}"));
    match text.split_once("..") {
        Some((a, b)) => (number(a)..=number(b)).collect(),
        None => text.split('|').map(number).collect(),
    }
}

/// One event of the closed list.
pub struct Event {
    /// Its byte.
    pub code: u8,
    /// Its word.
    pub word: String,
    /// What it means.
    pub means: String,
    /// What its number says.
    pub number: String,
    /// The numbers that may go with it, as written and one by one.
    pub range: String,
    /// The same, one by one.
    pub numbers: Vec<i64>,
}

/// The values that a field can have.
pub enum Range {
    /// Three numbers of a byte.
    Release,
    /// A number from one to another.
    Number(i64, i64),
    /// One of these words, each with its byte; in JSON quoted or not.
    Word(Vec<(String, u8)>, bool),
    /// A value or none.
    Maybe(Box<Range>),
    /// So many values.
    Times(usize, Box<Range>),
    /// At most so many values.
    UpTo(usize, Box<Range>),
    /// Named values in order.
    Group(Vec<(String, Range)>),
}

/// Keys with their quoted texts (or their bare value), section by section in order, with the comment above the section.
type Sections = Vec<(String, String, Vec<(String, Vec<String>)>)>;

fn toml(text: &str) -> Sections {
    let mut out = vec![(String::new(), String::new(), vec![])];
    let mut comment = String::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if let Some(c) = line.strip_prefix("#") {
            comment = c.trim().into();
        } else if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            out.push((name.into(), std::mem::take(&mut comment), vec![]));
        } else {
            let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("no key in: {line}"));
            let quoted: Vec<String> = value.split('"').skip(1).step_by(2).map(Into::into).collect();
            let values = if quoted.is_empty() { vec![value.into()] } else { quoted };
            out.last_mut().expect("it starts with one section").2.push((key.into(), values));
        }
    }
    out
}

/// The messages of the schema file, in order.
pub fn messages() -> Vec<Message> {
    messages_of(WIRE)
}

fn messages_of(text: &str) -> Vec<Message> {
    let sections = toml(text);
    let mut out: Vec<Message> = vec![];
    for (name, about, keys) in sections.into_iter().skip(1) {
        if let Some(of) = name.strip_suffix(".fields") {
            let message = out.last_mut().filter(|m| m.name == of).unwrap_or_else(|| panic!("[{name}] stands alone"));
            message.fields = keys.into_iter().map(|(key, values)| field(key, values)).collect();
            continue;
        }
        let get = |wanted: &str| {
            let found = keys.iter().find(|(key, _)| key == wanted);
            found.unwrap_or_else(|| panic!("[{name}] has no {wanted}")).1[0].clone()
        };
        let number = |key: &str| get(key).parse::<usize>().unwrap_or_else(|e| panic!("[{name}] {key}: {e}"));
        let (code, scope) = (number("code") as u8, get("scope"));
        let (bytes, json_chars) = (number("bytes"), number("json_chars"));
        out.push(Message { about, code, scope, bytes, json_chars, fields: vec![], name });
    }
    out
}

fn field(name: String, values: Vec<String>) -> Field {
    let (text, means, narrower) = match <[String; 2]>::try_from(values) {
        Ok([text, means]) => (text, means, None),
        Err(more) => {
            let [text, means, narrower] = <[String; 3]>::try_from(more)
                .unwrap_or_else(|v| panic!("{name}: range, meaning and perhaps a condition, not {v:?}"));
            (text, means, Some(Narrower::read(&narrower)))
        }
    };
    let range = Range::read(&name, &text);
    Field { name, text, range, means, narrower }
}

/// The events of the closed list, in order.
pub fn events() -> Vec<Event> {
    let all = toml(EVENTS).remove(0).2;
    let event = |(code, values): (String, Vec<String>)| {
        let code = code.parse().unwrap_or_else(|e| panic!("{code}: {e}"));
        let [word, means, number, range] = <[String; 4]>::try_from(values).unwrap_or_else(|v| panic!("{code}: {v:?}"));
        Event { code, word, means, number, numbers: self::values(&range), range }
    };
    all.into_iter().map(event).collect()
}

/// Splits at a character outside braces.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut out, mut depth, mut start) = (vec![], 0, 0);
    for (i, c) in text.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == at && depth == 0 {
            out.push(&text[start..i]);
            start = i + 1;
        }
    }
    out.push(&text[start..]);
    out
}

impl Range {
    /// Reads a range of the field `name`: the bytes of the words of a band and of an event depend on that.
    fn read(name: &str, text: &str) -> Self {
        let boxed = |text| Box::new(Self::read(name, text));
        if text == "release" {
            return Self::Release;
        }
        if let Some((n, of)) = text.strip_prefix("up to ").and_then(|t| t.split_once(" of ")) {
            return Self::UpTo(n.parse().unwrap_or_else(|e| panic!("{text}: {e}")), boxed(of));
        }
        if let Some((n, of)) = text.split_once(" times ").filter(|_| !text.starts_with('{')) {
            return Self::Times(n.parse().unwrap_or_else(|e| panic!("{text}: {e}")), boxed(of));
        }
        if let Some(of) = text.strip_suffix(" or unknown") {
            return Self::Maybe(boxed(of));
        }
        if let Some(inside) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            let part = |p: &str| {
                let (name, text) = p.split_once(' ').unwrap_or_else(|| panic!("no name in: {p}"));
                (name.to_string(), Self::read(name, text))
            };
            return Self::Group(split(inside, ';').into_iter().map(part).collect());
        }
        if let Some((a, b)) = text.split_once("..") {
            let number = |t: &str| t.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            return Self::Number(number(a), number(b));
        }
        Self::words(name, text)
    }

    /// `wire.toml` says at its head how words become bytes, and which stand without quotes.
    fn words(name: &str, text: &str) -> Self {
        let listed = events();
        let is_event = listed.iter().map(|e| e.word.as_str()).eq(text.split('|'));
        let byte = |i: usize, word: &str| match name {
            "band" => word.parse().unwrap_or_else(|e| panic!("{word}: {e}")),
            _ if is_event => listed[i].code,
            _ => i as u8,
        };
        let words: Vec<_> = text.split('|').enumerate().map(|(i, w)| (w.to_string(), byte(i, w))).collect();
        let bare = matches!(name, "level" | "band" | "width" | "width_max");
        Self::Word(words, !bare)
    }

    /// Bytes that every value takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Release => 3,
            Self::Number(a, b) => width(*a, *b),
            Self::Word(..) => 1,
            Self::Maybe(of) => 1 + of.bytes(),
            Self::Times(n, of) => n * of.bytes(),
            Self::UpTo(n, of) => 1 + n * of.bytes(),
            Self::Group(parts) => parts.iter().map(|(_, r)| r.bytes()).sum(),
        }
    }

    /// Draws a value: appends its bytes and its JSON. `pick(n)` gives a number below `n`.
    pub fn draw(&self, pick: &mut dyn FnMut(u64) -> u64, bytes: &mut Vec<u8>, json: &mut String) {
        match self {
            Self::Release => {
                let parts = [(); 3].map(|()| pick(256) as u8);
                bytes.extend(parts);
                let [a, b, c] = parts;
                let _ = write!(json, "\"{a}.{b}.{c}\"");
            }
            Self::Number(a, b) => {
                let v = a + pick(a.abs_diff(*b) + 1) as i64;
                bytes.extend(&v.to_be_bytes()[8 - width(*a, *b)..]);
                let _ = write!(json, "{v}");
            }
            Self::Word(words, quoted) => {
                let (word, byte) = &words[pick(words.len() as u64) as usize];
                bytes.push(*byte);
                let quote = if *quoted { "\"" } else { "" };
                let _ = write!(json, "{quote}{word}{quote}");
            }
            Self::Maybe(of) if pick(2) == 0 => {
                bytes.extend(std::iter::repeat_n(0, 1 + of.bytes()));
                json.push_str("\"unknown\"");
            }
            Self::Maybe(of) => {
                bytes.push(1);
                of.draw(pick, bytes, json);
            }
            Self::Times(n, of) => items(*n, of, pick, bytes, json),
            Self::UpTo(most, of) => {
                let n = pick(*most as u64 + 1) as usize;
                bytes.push(n as u8);
                items(n, of, pick, bytes, json);
                bytes.extend(std::iter::repeat_n(0, (most - n) * of.bytes()));
            }
            Self::Group(parts) => {
                json.push('{');
                for (i, (name, of)) in parts.iter().enumerate() {
                    let _ = write!(json, "{}\"{name}\":", if i > 0 { "," } else { "" });
                    of.draw(pick, bytes, json);
                }
                json.push('}');
            }
        }
    }

    /// The bytes of a number.
    pub fn number(&self, v: i64) -> Vec<u8> {
        v.to_be_bytes()[8 - self.bytes()..].to_vec()
    }

    /// Encodings one step outside the range, in place of the whole field.
    pub fn outside(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Number(a, b) => {
                let n = width(*a, *b);
                let back = |v: i64| {
                    let shown = v.to_be_bytes()[8 - n..].to_vec();
                    let unsigned = shown.iter().fold(0i64, |v, b| v << 8 | i64::from(*b));
                    let signed = unsigned - if unsigned >> (8 * n - 1) == 1 { 1 << (8 * n) } else { 0 };
                    ((if *a < 0 { signed } else { unsigned }) == v).then_some(shown)
                };
                [a - 1, b + 1].into_iter().filter_map(back).collect()
            }
            Self::Word(words, _) => {
                let known = |b: &u8| words.iter().any(|(_, w)| w == b);
                (0..=255).filter(|b| !known(b)).map(|b| vec![b]).collect()
            }
            Self::Maybe(of) => {
                let mut out: Vec<Vec<u8>> = of.outside().into_iter().map(|b| [vec![1], b].concat()).collect();
                out.push([vec![2], vec![0; of.bytes()]].concat());
                out.push([vec![0], vec![0; of.bytes() - 1], vec![1]].concat());
                out
            }
            Self::UpTo(n, of) => {
                let over = [vec![*n as u8 + 1], vec![0; n * of.bytes()]].concat();
                let padding = [vec![0; n * of.bytes()], vec![1]].concat();
                vec![over, padding]
            }
            _ => vec![],
        }
    }
}

fn items(n: usize, of: &Range, pick: &mut dyn FnMut(u64) -> u64, bytes: &mut Vec<u8>, json: &mut String) {
    json.push('[');
    for i in 0..n {
        json.push_str(if i > 0 { "," } else { "" });
        of.draw(pick, bytes, json);
    }
    json.push(']');
}

/// The shortest of 1, 2 and 4 bytes that holds both ends; two's complement if one is negative.
fn width(a: i64, b: i64) -> usize {
    let fits = |n: &usize| {
        let (least, most) =
            if a < 0 { (-1i64 << (8 * n - 1), (1i64 << (8 * n - 1)) - 1) } else { (0, (1i64 << (8 * n)) - 1) };
        least <= a && b <= most
    };
    [1, 2, 4].into_iter().find(fits).unwrap_or_else(|| panic!("{a}..{b} is too wide"))
}

impl Message {
    /// Draws a message: its bytes, padded, and its JSON, not padded.
    pub fn draw(&self, pick: &mut dyn FnMut(u64) -> u64) -> (Vec<u8>, String) {
        let (mut bytes, mut json) = (vec![self.code], format!("{{\"message\":\"{}\"", self.name));
        let mut earlier: Vec<(String, i64)> = vec![];
        for f in &self.fields {
            let _ = write!(json, ",\"{}\":", f.name);
            let at = bytes.len();
            match (f.narrower.as_ref().and_then(|n| n.left(&earlier)), &f.range) {
                (Some(left), Range::Number(a, b)) => {
                    let v = left[pick(left.len() as u64) as usize];
                    bytes.extend(f.range.number(v));
                    assert!(a <= &v && &v <= b, "{}: {v} is outside the whole range", f.name);
                    let _ = write!(json, "{v}");
                }
                _ => f.range.draw(pick, &mut bytes, &mut json),
            }
            if let [byte] = bytes[at..] {
                earlier.push((f.name.clone(), i64::from(byte)));
            }
        }
        json.push('}');
        bytes.resize(self.bytes, 0);
        (bytes, json)
    }

    /// Where each field begins.
    pub fn offsets(&self) -> Vec<usize> {
        let start = |at: &mut usize, f: &Field| Some(std::mem::replace(at, *at + f.range.bytes()));
        self.fields.iter().scan(1, start).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_written() {
        let r = Range::read("x", "up to 2 of {a 1..8;b 2 times 0..300 or unknown;c off|on}");
        assert_eq!(r.bytes(), 1 + 2 * (1 + 2 * 3 + 1));
        let (mut bytes, mut json) = (vec![], String::new());
        r.draw(&mut |n| n - 1, &mut bytes, &mut json);
        assert_eq!(bytes, [&[2][..], &[8, 1, 1, 44, 1, 1, 44, 1].repeat(2)].concat());
        let one = "{\"a\":8,\"b\":[300,300],\"c\":\"on\"}";
        assert_eq!(json, format!("[{one},{one}]"));
        assert_eq!(Range::read("x", "-511..511").outside(), [[0xfe, 0x00], [0x02, 0x00]]);
        assert_eq!(Range::read("x", "0..255").outside(), [[0u8; 0]; 0]);
    }
}
