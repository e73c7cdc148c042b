//! The wire vocabulary: every message that exists, with one canonical encoding and one JSON rendering.
//!
//! A message is one byte of [`Kind`] and its fields in the order of `wire.toml`, each of fixed length, padded with zeros
//! to the length of its kind. JSON is padded with spaces by the sinks. So neither size tells what is inside.

use core::fmt::{self, Write};
use core::marker::PhantomData;

mod field;
mod messages;
pub mod range;
pub mod snapshot;

pub use field::{Field, List, Reader, Writer};
pub use messages::{Day, Decision, Event, Flip, Link, Loser, Month, Radio, Reason, Setting, Status, Weekly, Zone};
pub use snapshot::Snapshot;

pub(crate) use field::sort_by_key;
pub(crate) use range::choices;

mod sealed {
    pub trait Sealed {}

    /// What a message can do for the gate alone.
    pub trait Message {
        /// Writes the canonical bytes to the front of the buffer and returns their number.
        fn write(&self, out: &mut [u8], leave: &Leave) -> usize;
        /// Whether the fields go with one another: an event's number with its code, a weekly answer with its question.
        /// Nothing else decodes.
        fn is_coherent(&self) -> bool;
    }

    /// Whoever has one may encode a message: [`Derived`](super::Derived) and [`Decoded`](super::Decoded).
    pub struct Leave(());

    impl Leave {
        pub(in crate::wire) const GIVEN: Self = Self(());
    }
}

/// How far a message may go. Sealed: [`Lan`] and [`Wan`] are all there is.
pub trait Scope: sealed::Sealed {
    /// As in the contract's table.
    const NAME: &'static str;
}

/// The household's own network, the node included.
#[derive(Clone, Copy)]
pub enum Lan {}
/// Beyond it.
#[derive(Clone, Copy)]
pub enum Wan {}

impl sealed::Sealed for Lan {}
impl sealed::Sealed for Wan {}
impl Scope for Lan {
    const NAME: &'static str = "lan";
}
impl Scope for Wan {
    const NAME: &'static str = "wan";
}

choices! {
    /// The messages that exist.
    words Kind {
        /// [`Status`].
        Status = 1 "status",
        /// [`Zone`].
        Zone = 2 "zone",
        /// [`Day`].
        Day = 3 "day",
        /// [`Month`].
        Month = 4 "month",
        /// [`Radio`].
        Radio = 5 "radio",
        /// [`Link`].
        Link = 6 "link",
        /// [`Decision`].
        Decision = 7 "decision",
        /// [`Event`].
        Event = 8 "event",
        /// [`Weekly`].
        Weekly = 9 "weekly",
        /// [`Snapshot`].
        Snapshot = 10 "snapshot",
    }
}

impl Kind {
    /// The kind of an encoded message.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Self::take(&mut Reader::new(bytes))
    }
}

/// Writes a field's range.
pub type RangeText = fn(&mut dyn Write) -> fmt::Result;

/// A message of the vocabulary. Sealed: section 5 of the contract lists them all.
///
/// ```
/// use millpond_report::wire::{Kind, Wire, Zone};
///
/// assert_eq!(Zone::KIND, Kind::Zone);
/// assert_eq!(Zone::decode(&[2, 1, 9, 1, 0, 0, 0, 0]), None); // a state of 9 does not exist
/// ```
pub trait Wire: sealed::Message + Copy + Eq {
    /// How far it may go.
    type Scope: Scope;
    /// An array of [`BYTES`](Self::BYTES) bytes.
    type Bytes: AsRef<[u8]> + AsMut<[u8]>;
    /// Which message.
    const KIND: Kind;
    /// Length of every encoding of this kind.
    const BYTES: usize;
    /// Characters of the longest JSON rendering.
    const JSON: usize;

    /// A buffer of zeros.
    fn zeros() -> Self::Bytes;
    /// Reads canonical bytes; refuses all others.
    fn decode(bytes: &[u8]) -> Option<Self>;
    /// Renders JSON without padding.
    fn json(&self, out: &mut dyn Write) -> fmt::Result;
    /// Hands over each field's name and range, as in `wire.toml`.
    fn fields(visit: &mut dyn FnMut(&'static str, RangeText));
}

/// A message that has been through the gate: the only thing that a sink accepts.
///
/// Only functions of [`gate`](crate::gate) make one, and none turns one scope into another.
#[derive(Clone, Copy)]
pub struct Derived<T: Wire, S: Scope>(T, PhantomData<fn() -> S>);

impl<T: Wire> Derived<T, T::Scope> {
    pub(crate) const fn mint(message: T) -> Self {
        Self(message, PhantomData)
    }
}

impl<T: Wire, S: Scope> Derived<T, S> {
    /// The message, for the node's own use. What is taken out cannot be put in again.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// Writes the canonical bytes to the front of the buffer and returns their number.
    pub fn encode(&self, out: &mut T::Bytes) -> usize {
        self.0.write(out.as_mut(), &sealed::Leave::GIVEN)
    }
}

/// A message as its canonical bytes said it: what a store, an export or a receiver holds. It is no [`Derived`], so no sink takes
/// it; but it can be written down as the same bytes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded<T: Wire>(T);

impl<T: Wire> Decoded<T> {
    /// Reads canonical bytes; refuses all others.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        T::decode(bytes).map(Self)
    }

    /// The message.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// Writes the bytes that it was read from.
    pub fn encode(&self, out: &mut T::Bytes) -> usize {
        self.0.write(out.as_mut(), &sealed::Leave::GIVEN)
    }
}

/// A struct of fields, in order.
macro_rules! group {
    ($(#[$doc:meta])* $name:ident { $( $(#[$fdoc:meta])* $f:ident: $t:ty ),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name { $( $(#[$fdoc])* pub $f: $t ),* }

        impl $name {
            fn members(&self, mut before: char, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
                $(
                    out.write_char(before)?;
                    out.write_str(concat!("\"", stringify!($f), "\":"))?;
                    $crate::wire::Field::value(&self.$f, out)?;
                    before = ',';
                )*
                let _ = before;
                out.write_char('}')
            }
        }

        impl $crate::wire::Field for $name {
            const LEN: usize = 0 $(+ <$t as $crate::wire::Field>::LEN)*;
            const LONGEST: usize = 1 $(+ 4 + stringify!($f).len() + <$t as $crate::wire::Field>::LONGEST)*;

            fn put(&self, out: &mut $crate::wire::Writer<'_>) {
                $( $crate::wire::Field::put(&self.$f, out); )*
            }

            fn take(from: &mut $crate::wire::Reader<'_>) -> Option<Self> {
                Some(Self { $( $f: $crate::wire::Field::take(from)? ),* })
            }

            fn value(&self, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
                self.members('{', out)
            }

            fn range(out: &mut dyn core::fmt::Write) -> core::fmt::Result {
                let mut before = '{';
                $(
                    out.write_char(before)?;
                    out.write_str(concat!(stringify!($f), " "))?;
                    <$t as $crate::wire::Field>::range(out)?;
                    before = ';';
                )*
                let _ = before;
                out.write_char('}')
            }

            #[cfg(test)]
            fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self {
                Self { $( $f: $crate::wire::Field::sample(pick) ),* }
            }
        }
    };
}
pub(crate) use group;

/// A group that is a message. `padded` is the least length in bytes.
macro_rules! message {
    ($(#[$doc:meta])* $name:ident in $scope:ident, padded $pad:literal {
        $( $(#[$fdoc:meta])* $f:ident: $t:ty ),* $(,)?
    }) => {
        $crate::wire::group! { $(#[$doc])* $name { $( $(#[$fdoc])* $f: $t ),* } }

        impl $crate::wire::sealed::Message for $name {
            fn write(&self, out: &mut [u8], _: &$crate::wire::sealed::Leave) -> usize {
                let mut w = $crate::wire::Writer::new(out);
                $crate::wire::Field::put(&<Self as $crate::wire::Wire>::KIND, &mut w);
                $crate::wire::Field::put(self, &mut w);
                w.zeros(<Self as $crate::wire::Wire>::BYTES);
                self.size()
            }

            fn is_coherent(&self) -> bool {
                self.coherent()
            }
        }

        impl $crate::wire::Wire for $name {
            type Scope = $crate::wire::$scope;
            type Bytes = [u8; <Self as $crate::wire::Wire>::BYTES];
            const KIND: $crate::wire::Kind = $crate::wire::Kind::$name;
            const BYTES: usize = {
                let n = 1 + <Self as $crate::wire::Field>::LEN;
                if n > $pad { n } else { $pad }
            };
            const JSON: usize =
                13 + $crate::wire::Kind::$name.text().len() + <Self as $crate::wire::Field>::LONGEST;

            fn zeros() -> Self::Bytes {
                [0; <Self as $crate::wire::Wire>::BYTES]
            }

            fn decode(bytes: &[u8]) -> Option<Self> {
                let mut r = $crate::wire::Reader::new(bytes);
                let kind: $crate::wire::Kind = $crate::wire::Field::take(&mut r)?;
                if kind != Self::KIND {
                    return None;
                }
                let message: Self = $crate::wire::Field::take(&mut r)?;
                r.zeros(message.size().checked_sub(1 + <Self as $crate::wire::Field>::LEN)?)?;
                (r.is_empty() && message.coherent()).then_some(message)
            }

            fn json(&self, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
                out.write_str("{\"message\":\"")?;
                out.write_str(Self::KIND.text())?;
                out.write_char('"')?;
                self.members(',', out)
            }

            fn fields(visit: &mut dyn FnMut(&'static str, $crate::wire::RangeText)) {
                $( visit(stringify!($f), <$t as $crate::wire::Field>::range); )*
            }
        }
    };
}
pub(crate) use message;

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;

    /// Round trip, bounds, well-formed JSON with the stated keys, and refusal of foreign bytes.
    fn is_canonical<T: Wire + Field + fmt::Debug>() {
        let mut seed = 1u64;
        let mut pick = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Ends of a range come often: they are what breaks bounds.
            match seed >> 61 {
                0..=1 => 0,
                2..=3 => n - 1,
                _ => (seed >> 20) % n,
            }
        };
        let mut longest = 0;
        // Each round decodes once a byte, so long messages get fewer rounds.
        for _ in 0..(20_000 / T::BYTES).clamp(40, 500) {
            let mut message = T::sample(&mut pick);
            let mut buffer = T::zeros();
            while !message.is_coherent() {
                // It has bytes, and they are refused.
                message.write(buffer.as_mut(), &sealed::Leave::GIVEN);
                assert!(T::decode(buffer.as_ref()).is_none(), "{message:?}");
                message = T::sample(&mut pick);
            }
            buffer.as_mut().fill(0xee);
            let n = message.write(buffer.as_mut(), &sealed::Leave::GIVEN);
            let bytes = &buffer.as_ref()[..n];
            assert_eq!((n, Kind::of(bytes)), (T::BYTES, Some(T::KIND)));
            assert_eq!(T::decode(bytes), Some(message));
            assert_eq!(T::decode(&bytes[..n - 1]), None);
            assert_eq!(T::decode(&[bytes, &[0]].concat()), None);
            let mut json = String::new();
            message.json(&mut json).unwrap();
            assert!(json.len() <= T::JSON, "{} > {}: {json}", json.len(), T::JSON);
            longest = longest.max(json.len());
            let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
            let keys: Vec<_> = parsed.as_object().unwrap().keys().cloned().collect();
            let mut want = std::vec!["message".to_string()];
            T::fields(&mut |field, _| want.push(field.to_string()));
            want.sort_unstable();
            assert_eq!(keys, want);
            // What decodes at all re-encodes to the same bytes: flip each byte in turn.
            for i in 0..n {
                let mut foreign = bytes.to_vec();
                foreign[i] ^= 1 << (i % 8);
                if let Some(other) = T::decode(&foreign) {
                    let mut again = T::zeros();
                    other.write(again.as_mut(), &sealed::Leave::GIVEN);
                    assert_eq!(again.as_ref(), foreign, "{other:?}");
                }
            }
        }
        assert!(2 * longest > T::JSON, "{}: bound {} against {longest}", T::KIND.text(), T::JSON);
    }

    #[test]
    fn every_message_is_canonical() {
        is_canonical::<Status>();
        is_canonical::<Zone>();
        is_canonical::<Day>();
        is_canonical::<Month>();
        is_canonical::<Radio>();
        is_canonical::<Link>();
        is_canonical::<Decision>();
        is_canonical::<Event>();
        is_canonical::<Weekly>();
        is_canonical::<Snapshot>();
    }

    #[test]
    fn no_message_is_read_as_another() {
        for kind in 0..=255u8 {
            let mut bytes = [0; Zone::BYTES];
            bytes[0] = kind;
            bytes[1] = 1;
            assert_eq!(Zone::decode(&bytes).is_some(), kind == Kind::Zone as u8);
        }
    }
}
