//! `t_vocab` of the privacy contract: every message decodes, is in range and re-encodes to the same bytes; the contract's
//! table, the schema file and the code agree.
//!
//! The messages are drawn and encoded from the schema's text by [`millpond_tests::schema`], which knows nothing of the
//! gate's code.

use std::collections::BTreeSet;
use std::process::ExitCode;

use millpond_report::EventCode;
use millpond_report::wire::range::Number;
use millpond_report::wire::{
    Day, Decision, Decoded, Event, Kind, Link, Month, Radio, Scope, Snapshot, Status, Weekly, Wire, Zone,
};
use millpond_tests::cases;
use millpond_tests::home::{Activity, Cadence, pushed};
use millpond_tests::schema::{self, Message, Range};
use millpond_tests::words::SplitMix;

/// Calls a generic function for each message that exists.
macro_rules! every {
    ($f:ident) => {{
        let schema = schema::messages();
        let of = |name| schema.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("[{name}] is not stated"));
        let mut n = 0;
        every!(@ n $f of Status Zone Day Month Radio Link Decision Event Weekly Snapshot);
        n
    }};
    (@ $n:ident $f:ident $of:ident $($t:ident)*) => { $( $n += $f::<$t>($of(<$t as Wire>::KIND.text())); )* };
}

fn main() -> ExitCode {
    cases::run(
        "t_vocab",
        &[
            ("the schema and the code agree", || every!(agrees)),
            ("the schema lists what the code has, and nothing else", same_lists),
            ("the contract's table agrees", the_contract_agrees),
            ("each event has its own numbers and no other", numbers_of_events),
            ("what does not go with another field is refused", incoherent),
            ("drawn messages decode and re-encode", || every!(round_trip)),
            ("values outside the range are refused", || every!(refuses_outside)),
            ("random and damaged bytes are refused or canonical", || every!(random_bytes)),
            ("every captured message is canonical", captured),
        ],
    )
}

fn agrees<T: Wire>(m: &Message) -> usize {
    let name = &m.name;
    assert_eq!(Some(T::KIND), Kind::of(&[m.code]), "[{name}] code");
    assert_eq!((m.scope.as_str(), m.bytes, m.json_chars), (T::Scope::NAME, T::BYTES, T::JSON), "[{name}]");
    let mut coded = vec![];
    T::fields(&mut |field, range| {
        let mut text = String::new();
        range(&mut text).expect("a String takes everything");
        coded.push((field.to_string(), text));
    });
    let stated: Vec<_> = m.fields.iter().map(|f| (f.name.clone(), f.text.clone())).collect();
    assert_eq!(stated, coded, "[{name}.fields]");
    assert!(m.fields.iter().all(|f| !f.means.is_empty()) && !m.about.is_empty(), "[{name}]: every part has a meaning");
    let len: usize = m.fields.iter().map(|f| f.range.bytes()).sum();
    assert!(1 + len == m.bytes || m.name == "weekly" && 1 + len < m.bytes, "[{name}] bytes");
    1 + m.fields.len()
}

fn same_lists() -> usize {
    let stated: Vec<_> = schema::messages().into_iter().map(|m| m.name).collect();
    assert!(stated.iter().eq(Kind::ALL.iter().map(|k| k.text())), "{stated:?}");
    let events: Vec<_> = schema::events().into_iter().map(|e| (e.code, e.word)).collect();
    let coded: Vec<_> = EventCode::ALL.iter().map(|e| (*e as u8, e.text().to_string())).collect();
    assert_eq!(events, coded, "events.toml");
    stated.len() + events.len()
}

/// The file's numbers and the code's are the same, for each number that there is.
fn numbers_of_events() -> usize {
    let mut n = 0;
    for (stated, code) in schema::events().iter().zip(EventCode::ALL) {
        for number in 0..=65_535 {
            let kept = i64::from(code.number(Number::new(number)).get());
            assert_eq!(kept == number, stated.numbers.contains(&number), "{}: {number}", stated.word);
            assert!(stated.numbers.contains(&kept), "{}: {number} becomes {kept}", stated.word);
            n += 1;
        }
    }
    n
}

/// A category is one of eight, and an event has its own numbers: everything else is refused, though each field is in range.
fn incoherent() -> usize {
    let (mut n, schema) = (0, schema::messages());
    let of = |name: &str| schema.iter().find(|m| m.name == name).expect("it is stated");
    let refused = |m: &Message, first: (&str, u8), second: (&str, i64), decode: &dyn Fn(&[u8]) -> bool| {
        let (mut bytes, _) = m.draw(&mut picker(5));
        let place = |name: &str| m.fields.iter().position(|f| f.name == name).expect("it is stated");
        bytes[m.offsets()[place(first.0)]] = first.1;
        let at = m.offsets()[place(second.0)];
        let number = m.fields[place(second.0)].range.number(second.1);
        bytes[at..at + number.len()].copy_from_slice(&number);
        !decode(&bytes)
    };
    let weekly = |bytes: &[u8]| Weekly::decode(bytes).is_some();
    for question in 0..8 {
        for answer in -511..=511 {
            let category = question > 4 && !(0..8).contains(&answer);
            let was = refused(of("weekly"), ("question", question), ("answer", answer), &weekly);
            assert_eq!(was, category, "question {question}, answer {answer}");
            n += 1;
        }
    }
    let event = |bytes: &[u8]| Event::decode(bytes).is_some();
    for stated in schema::events() {
        for number in [0, 1, 2, 3, 4, 14, 15, 16, 17, 59, 60, 61, 255, 256, 9999, 10_000, 65_535] {
            let was = refused(of("event"), ("code", stated.code), ("number", number), &event);
            assert_eq!(was, !stated.numbers.contains(&number), "{}: {number}", stated.word);
            n += 1;
        }
    }
    n
}

/// The table of section 5, row by row: names in order, scope, and every list and range that it states.
fn the_contract_agrees() -> usize {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/privacy.md");
    let Ok(contract) = std::fs::read_to_string(path) else {
        eprintln!("t_vocab: the contract's text is not here; its table is not compared");
        return 1;
    };
    let section = contract.split("\n## ").find(|s| s.starts_with("5. ")).expect("the contract has a section 5");
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|l| l.starts_with("| `"))
        .map(|l| l.trim_matches('|').splitn(3, '|').map(str::trim).collect())
        .collect();
    let schema = schema::messages();
    // The managed level and its message came by an amendment; the table names the nine others.
    assert_eq!(rows.len() + 1, schema.len(), "rows of the table");
    let mut n = 0;
    for (row, m) in rows.iter().zip(&schema) {
        assert_eq!((row[0].trim_matches('`'), row[1].to_lowercase()), (m.name.as_str(), m.scope.clone()));
        n += compare_row(row[2], m);
    }
    n
}

fn compare_row(row: &str, m: &Message) -> usize {
    let parts: Vec<&str> = split_outside_braces(row).into_iter().filter(|p| *p != "zero padding").collect();
    // "expected, measured (tenths)" is two fields; "256 bytes: schema 1" is one.
    let parts = parts.iter().map(|p| p.trim_start_matches("256 bytes: "));
    let parts: Vec<&str> =
        parts.flat_map(|p| if p.starts_with("expected, ") { vec!["expected", "measured"] } else { vec![p] }).collect();
    let names: Vec<&str> = parts.iter().map(|p| p.split([' ', ':']).next().unwrap_or_default()).collect();
    let fields: Vec<&str> = m.fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, fields, "`{}`", m.name);
    for (part, f) in parts.iter().zip(&m.fields) {
        let listed = part.split_once('{').and_then(|(_, p)| p.split_once('}')).map(|(inside, _)| inside);
        if let (Some(listed), Range::Word(words, _)) = (listed.filter(|l| *l != "same buckets"), &f.range) {
            let listed: Vec<&str> = listed.split(',').map(str::trim).collect();
            let words: Vec<&str> = words.iter().map(|(w, _)| w.as_str()).collect();
            assert_eq!(listed, words, "`{}`.{}", m.name, f.name);
        }
        let range = part.split(' ').find(|w| w.contains("..")).filter(|_| listed.is_none());
        let same = |r: &&str| f.text.starts_with(r) || f.text == r.replace("0..3", "0|1|2|3");
        assert!(range.is_none_or(|r| same(&r)), "`{}`.{}: {range:?} against {}", m.name, f.name, f.text);
        if part.ends_with("or unknown") {
            assert!(f.text.ends_with("or unknown"), "`{}`.{}", m.name, f.name);
        }
    }
    parts.len()
}

fn split_outside_braces(row: &str) -> Vec<&str> {
    let (mut out, mut depth, mut start) = (vec![], 0, 0);
    for (i, c) in row.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ';' && depth == 0 {
            out.push(row[start..i].trim());
            start = i + 1;
        }
    }
    out.push(row[start..].trim());
    out
}

/// Ends of a range come often: they are what breaks bounds.
fn picker(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut words = SplitMix(seed);
    move |n| match words.under(8) {
        0..=1 => 0,
        2..=3 => n - 1,
        _ => words.under(n),
    }
}

fn round_trip<T: Wire>(m: &Message) -> usize {
    let rounds = 400;
    for seed in 0..rounds {
        let mut extreme: Box<dyn FnMut(u64) -> u64> = match seed {
            0 => Box::new(|_| 0),
            1 => Box::new(|n| n - 1),
            _ => Box::new(picker(seed)),
        };
        let (bytes, json) = m.draw(&mut extreme);
        let message = Decoded::<T>::of(&bytes).unwrap_or_else(|| panic!("`{}` does not decode: {bytes:02x?}", m.name));
        check_again(&message, &bytes, &m.name);
        let mut rendered = String::new();
        message.get().json(&mut rendered).expect("a String takes everything");
        assert_eq!(rendered, json, "`{}`", m.name);
        assert!(json.len() <= m.json_chars, "`{}`: {} characters", m.name, json.len());
        assert!(T::decode(&bytes[1..]).is_none() && T::decode(&[&bytes[..], &[0]].concat()).is_none());
        assert!(T::decode(&bytes[..bytes.len() - 1]).is_none());
    }
    rounds as usize
}

fn check_again<T: Wire>(message: &Decoded<T>, bytes: &[u8], name: &str) {
    let mut again = T::zeros();
    again.as_mut().fill(0xee);
    let n = message.encode(&mut again);
    assert_eq!(&again.as_ref()[..n], bytes, "`{name}` re-encodes to other bytes");
}

/// Every field in turn is replaced by what lies outside its range.
fn refuses_outside<T: Wire>(m: &Message) -> usize {
    let mut n = 0;
    for seed in 0..20 {
        let (bytes, _) = m.draw(&mut picker(1000 + seed));
        for (at, f) in m.offsets().into_iter().zip(&m.fields) {
            for wrong in f.range.outside() {
                let mut foreign = bytes.clone();
                foreign[at..at + wrong.len()].copy_from_slice(&wrong);
                assert!(T::decode(&foreign).is_none(), "`{}`.{} takes {wrong:02x?}", m.name, f.name);
                n += 1;
            }
        }
        for kind in (0..=255).filter(|k| *k != m.code) {
            let mut foreign = bytes.clone();
            foreign[0] = kind;
            assert!(T::decode(&foreign).is_none(), "`{}` is read from kind {kind}", m.name);
        }
    }
    n.max(1)
}

fn random_bytes<T: Wire>(m: &Message) -> usize {
    let mut words = SplitMix(u64::from(m.code));
    let (mut n, mut canonical) = (0, 0);
    for round in 0..4000 {
        let mut bytes: Vec<u8> = match round % 4 {
            // Nothing but noise, of any length.
            0 => (0..words.under(2 * m.bytes as u64)).map(|_| words.long() as u8).collect(),
            // The right length and kind; small numbers, which most ranges hold.
            1 => (0..m.bytes).map(|i| if i == 0 { m.code } else { words.under(4) as u8 }).collect(),
            _ => m.draw(&mut picker(words.long())).0,
        };
        if round % 4 == 3 {
            for _ in 0..1 + words.under(3) {
                let at = words.under(m.bytes as u64) as usize;
                bytes[at] ^= 1 << words.under(8);
            }
        }
        if let Some(message) = Decoded::<T>::of(&bytes) {
            check_again(&message, &bytes, &m.name);
            canonical += 1;
        }
        n += 1;
    }
    assert!(canonical >= 1000 && canonical < n, "`{}`: {canonical} of {n} decode", m.name);
    n
}

fn captured() -> usize {
    let mut kinds = BTreeSet::new();
    let mut n = 0;
    for activity in [Activity::Empty, Activity::Busy] {
        for sent in pushed(activity, Cadence::Fixed) {
            let decodes = |bytes: &[u8]| match sent.packet.kind {
                Kind::Status => again::<Status>(bytes),
                Kind::Zone => again::<Zone>(bytes),
                Kind::Radio => again::<Radio>(bytes),
                Kind::Decision => again::<Decision>(bytes),
                Kind::Event => again::<Event>(bytes),
                Kind::Weekly => again::<Weekly>(bytes),
                Kind::Snapshot => again::<Snapshot>(bytes),
                Kind::Day => again::<Day>(bytes),
                Kind::Month => again::<Month>(bytes),
                Kind::Link => again::<Link>(bytes),
            };
            assert!(decodes(&sent.bytes), "{:?}", sent.packet);
            let parsed: serde_json::Value = serde_json::from_str(&sent.json).expect("JSON");
            assert_eq!(parsed["message"], sent.packet.kind.text());
            kinds.insert(sent.packet.kind as u8);
            n += 1;
        }
    }
    assert_eq!(kinds.len(), 7, "pushed kinds");
    n
}

fn again<T: Wire>(bytes: &[u8]) -> bool {
    Decoded::<T>::of(bytes).is_some_and(|message| {
        check_again(&message, bytes, T::KIND.text());
        true
    })
}
