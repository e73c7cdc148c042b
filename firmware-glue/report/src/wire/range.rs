//! The ranges of the wire vocabulary as types. A number is clamped when it is made, so no message can be out of range.

use core::fmt::{self, Write};

use super::field::{Field, Reader, Writer, digits};

macro_rules! numbers {
    ($( $(#[$doc:meta])* $name:ident($int:ty) = $min:literal ..= $max:literal; )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($int);

        impl $name {
            /// Least value.
            pub const MIN: i64 = $min;
            /// Greatest value.
            pub const MAX: i64 = $max;

            /// The nearest value within the range.
            pub const fn new(value: i64) -> Self {
                let v = if value < Self::MIN { Self::MIN } else if value > Self::MAX { Self::MAX } else { value };
                Self(v as $int)
            }

            /// The number.
            pub const fn get(self) -> $int {
                self.0
            }
        }

        impl Field for $name {
            const LEN: usize = size_of::<$int>();
            const LONGEST: usize = digits(Self::MIN, Self::MAX);

            fn put(&self, out: &mut Writer<'_>) {
                out.bytes(&self.0.to_be_bytes());
            }

            fn take(from: &mut Reader<'_>) -> Option<Self> {
                let v = <$int>::from_be_bytes(from.array()?);
                (Self::MIN..=Self::MAX).contains(&i64::from(v)).then_some(Self(v))
            }

            fn value(&self, out: &mut dyn Write) -> fmt::Result {
                write!(out, "{}", self.0)
            }

            fn range(out: &mut dyn Write) -> fmt::Result {
                write!(out, "{}..{}", Self::MIN, Self::MAX)
            }

            #[cfg(test)]
            fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self {
                Self::new(Self::MIN + pick(Self::MAX.abs_diff(Self::MIN) + 1) as i64)
            }
        }
    )* };
}

/// `words` are quoted in JSON, `codes` are numbers there.
macro_rules! choices {
    ($( $(#[$doc:meta])* $style:ident $name:ident { $( $(#[$vdoc:meta])* $v:ident = $code:literal $text:literal ),* $(,)? } )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$vdoc])* $v = $code ),* }

        impl $name {
            /// Every value, in the order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$v),*];

            /// The word on the wire.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$v => $text),* }
            }
        }

        impl $crate::wire::Field for $name {
            const LEN: usize = 1;
            const LONGEST: usize = $crate::wire::choices!(@longest $($text)*) + 2;

            fn put(&self, out: &mut $crate::wire::Writer<'_>) {
                out.bytes(&[*self as u8]);
            }

            fn take(from: &mut $crate::wire::Reader<'_>) -> Option<Self> {
                match from.array()? { $([$code] => Some(Self::$v),)* _ => None }
            }

            fn value(&self, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
                $crate::wire::choices!(@$style self out)
            }

            fn range(out: &mut dyn core::fmt::Write) -> core::fmt::Result {
                for (i, v) in Self::ALL.iter().enumerate() {
                    out.write_str(if i > 0 { "|" } else { "" })?;
                    out.write_str(v.text())?;
                }
                Ok(())
            }

            #[cfg(test)]
            fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self {
                Self::ALL[pick(Self::ALL.len() as u64) as usize]
            }
        }
    )* };
    (@longest $($text:literal)*) => {{
        let mut n = 0;
        $( if $text.len() > n { n = $text.len(); } )*
        n
    }};
    (@words $v:ident $out:ident) => { write!($out, "\"{}\"", $v.text()) };
    (@codes $v:ident $out:ident) => { $out.write_str($v.text()) };
}
pub(crate) use choices;

numbers! {
    /// Version of the wire vocabulary.
    Schema(u8) = 1..=1;
    /// A zone, numbered by the user.
    ZoneId(u8) = 1..=16;
    /// A node of the home, numbered by the user.
    NodeId(u8) = 1..=8;
    /// Motion level: 0 none; from 5 on above the threshold.
    Level10(u8) = 0..=9;
    /// How far a detector has settled: 9 is fully.
    Calibration(u8) = 0..=9;
    /// Five minutes of the day.
    Slot(u16) = 0..=287;
    /// Days ago, today is 0.
    Day(u8) = 0..=29;
    /// Hour of the day.
    Hour(u8) = 0..=23;
    /// Active time within an hour in steps of 5 minutes.
    Active(u8) = 0..=12;
    /// Channel busy share in steps of 5 %.
    Busy(u8) = 0..=20;
    /// Noise floor in steps of 3 dB: 0 is below -95 dBm, 7 at or above -77 dBm.
    Noise(u8) = 0..=7;
    /// Link quality, 9 is best.
    Quality(u8) = 0..=9;
    /// A link's handle, drawn at random for one epoch.
    Handle(u8) = 0..=63;
    /// Primary channel number; 0 where none is known.
    Channel(u8) = 0..=233;
    /// Transmit power (EIRP), dBm.
    Power(u8) = 0..=36;
    /// A share of a hundred.
    Percent(u8) = 0..=100;
    /// Frames decoded since sensing was switched off: must be 0.
    SinceOff(u8) = 0..=255;
    /// Running number, or a count that belongs to an event.
    Number(u16) = 0..=65535;
    /// Weight of a reason, in thousandths of one airtime.
    Weight(i32) = -9999999..=9999999;
    /// Gain in tenths of a percent.
    Tenths(i16) = -9999..=9999;
    /// Weeks since Monday, 5 January 1970.
    Week(u16) = 0..=9999;
    /// Which of the eight weekly questions.
    QuestionId(u8) = 0..=7;
    /// A noised answer.
    Answer(i16) = -511..=511;
    /// Path loss in steps of 3 dB from 30 dB: 0 is below 33 dB, 31 at or above 123 dB.
    Loss(u8) = 0..=31;
    /// Space-time streams.
    Streams(u8) = 1..=8;
}

choices! {
    /// Level of exposure.
    codes Level {
        /// Status only, no sensing.
        Quiet = 0 "0",
        /// The node itself: socket, page, command line.
        Local = 1 "1",
        /// The home's network as well.
        Home = 2 "2",
        /// The operator's optimizer as well.
        Managed = 3 "3",
    }
    /// The sensing switch.
    words Sensing {
        /// Switched off.
        Off = 0 "off",
        /// Switched on.
        On = 1 "on",
        /// Off for a while.
        Paused = 2 "paused",
    }
    /// The sample source.
    words Source {
        /// No source is open.
        Closed = 0 "closed",
        /// Open and delivering.
        Open = 1 "open",
        /// It should be open and is not.
        Fault = 2 "fault",
    }
    /// Time since start, coarse.
    words Uptime {
        /// Under an hour.
        Hour = 0 "<1h",
        /// Under a day.
        Day = 1 "<1d",
        /// Under a week.
        Week = 2 "<1w",
        /// A week or more.
        More = 3 "more",
    }
    /// Where history is kept.
    words Kept {
        /// In memory only.
        Memory = 0 "memory",
        /// Across restarts.
        Disk = 1 "disk",
        /// In a store that cannot be read or erased.
        Quarantined = 2 "quarantined",
    }
    /// Who manages the node.
    words ManagedBy {
        /// The household.
        Owner = 0 "owner",
        /// The provider.
        Operator = 1 "operator",
    }
    /// Motion in a zone. Off, unknown and still are three different things.
    words ZoneState {
        /// Sensing is off or paused.
        Off = 0 "off",
        /// Too little to go on.
        Unknown = 1 "unknown",
        /// Nothing moves.
        Still = 2 "still",
        /// Something moves.
        Moving = 3 "moving",
    }
    /// Presence in a zone.
    words ZonePresence {
        /// Sensing is off or paused.
        Off = 0 "off",
        /// Too little to go on.
        Unknown = 1 "unknown",
        /// Nobody was noticed for long enough.
        No = 2 "no",
        /// Motion or a sign of life.
        Yes = 3 "yes",
    }
    /// Frequency band.
    codes Band {
        /// 2.4 GHz.
        Ghz2 = 2 "2",
        /// 5 GHz.
        Ghz5 = 5 "5",
        /// 6 GHz.
        Ghz6 = 6 "6",
    }
    /// Channel width, MHz.
    codes Width {
        /// 20 MHz.
        Mhz20 = 0 "20",
        /// 40 MHz.
        Mhz40 = 1 "40",
        /// 80 MHz, contiguous.
        Mhz80 = 2 "80",
        /// 160 MHz.
        Mhz160 = 3 "160",
        /// 320 MHz.
        Mhz320 = 4 "320",
    }
    /// A count, coarse.
    words Bucket {
        /// None.
        Zero = 0 "0",
        /// 1 to 3.
        Few = 1 "1-3",
        /// 4 to 7.
        Some = 2 "4-7",
        /// 8 to 15.
        Many = 3 "8-15",
        /// 16 or more.
        Crowd = 4 "16+",
    }
    /// Why a channel cannot be used.
    words Blocked {
        /// It can.
        No = 0 "no",
        /// Radar was seen.
        Radar = 1 "radar",
    }
    /// What a link is for.
    words LinkKind {
        /// Between two nodes.
        Backhaul = 0 "backhaul",
        /// Heard for sensing.
        Sounding = 1 "sounding",
    }
    /// What a decision changes.
    words DecisionKind {
        /// Nothing: the plan in force stays.
        Keep = 0 "keep",
        /// The primary channel.
        Channel = 1 "channel",
        /// The width.
        Width = 2 "width",
        /// The power.
        Power = 3 "power",
        /// Where clients are served.
        Steer = 4 "steer",
    }
    /// Who decided.
    words By {
        /// The node.
        Auto = 0 "auto",
        /// An admin.
        Admin = 1 "admin",
        /// An undo.
        Undo = 2 "undo",
    }
    /// Why an option won or lost.
    words ReasonCode {
        /// Foreign traffic keeps the channel busy.
        Busy = 0 "busy",
        /// It overlaps with a radio of the same home or block.
        Overlap = 1 "overlap",
        /// Noise.
        Noise = 2 "noise",
        /// What the clients could get.
        Capacity = 3 "capacity",
        /// What the backhaul could get.
        Backhaul = 4 "backhaul",
        /// Demand.
        Load = 5 "load",
        /// Radar rules: listening time, past events.
        Dfs = 6 "dfs",
        /// Radar was seen.
        Radar = 7 "radar",
        /// The disturbance of a switch.
        Churn = 8 "churn",
        /// Outside the household's window.
        Window = 9 "window",
        /// Pinned by the household.
        Pin = 10 "pin",
        /// Objected to by the household.
        Objection = 11 "objection",
        /// The radio or its clients cannot.
        Capability = 12 "capability",
        /// The regulatory table forbids it.
        Regulatory = 13 "regulatory",
        /// Clients refused before.
        Refusal = 14 "refusal",
        /// The switch budget is spent.
        Limit = 15 "limit",
    }
}

impl Bucket {
    /// The bucket of a count.
    pub const fn of(count: u32) -> Self {
        match count {
            0 => Self::Zero,
            1..=3 => Self::Few,
            4..=7 => Self::Some,
            8..=15 => Self::Many,
            _ => Self::Crowd,
        }
    }
}

impl Uptime {
    /// The class of a time since start, in seconds.
    pub const fn of_s(seconds: u64) -> Self {
        match seconds {
            0..3_600 => Self::Hour,
            3_600..86_400 => Self::Day,
            86_400..604_800 => Self::Week,
            _ => Self::More,
        }
    }
}

impl Width {
    /// Width in MHz.
    pub const fn mhz(self) -> u16 {
        20 << self as u16
    }

    /// The widest that is not wider.
    pub const fn of_mhz(mhz: u16) -> Self {
        match mhz {
            0..40 => Self::Mhz20,
            40..80 => Self::Mhz40,
            80..160 => Self::Mhz80,
            160..320 => Self::Mhz160,
            _ => Self::Mhz320,
        }
    }
}

/// The release of this software, three numbers. It is this crate's own, so no text can be passed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release([u8; 3]);

impl Release {
    /// The release that is running.
    pub const THIS: Self = Self([
        number(env!("CARGO_PKG_VERSION_MAJOR")),
        number(env!("CARGO_PKG_VERSION_MINOR")),
        number(env!("CARGO_PKG_VERSION_PATCH")),
    ]);
}

const fn number(text: &str) -> u8 {
    let (bytes, mut n, mut i) = (text.as_bytes(), 0u8, 0);
    while i < bytes.len() {
        n = n.saturating_mul(10).saturating_add(bytes[i] - b'0');
        i += 1;
    }
    n
}

impl Field for Release {
    const LEN: usize = 3;
    const LONGEST: usize = 13;

    fn put(&self, out: &mut Writer<'_>) {
        out.bytes(&self.0);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.array().map(Self)
    }

    fn value(&self, out: &mut dyn Write) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(out, "\"{major}.{minor}.{patch}\"")
    }

    fn range(out: &mut dyn Write) -> fmt::Result {
        out.write_str("release")
    }

    #[cfg(test)]
    fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self {
        Self([(); 3].map(|()| pick(256) as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_clamped() {
        assert_eq!(ZoneId::new(-3).get(), 1);
        assert_eq!(ZoneId::new(i64::MAX).get(), 16);
        assert_eq!(Slot::new(287).get(), 287);
        assert_eq!(Answer::new(-9000).get(), -511);
    }

    #[test]
    fn buckets_and_classes_meet_their_edges() {
        let of = |n| Bucket::of(n).text();
        assert_eq!(
            [of(0), of(1), of(3), of(4), of(7), of(8), of(15), of(16)],
            ["0", "1-3", "1-3", "4-7", "4-7", "8-15", "8-15", "16+"]
        );
        assert_eq!(Uptime::of_s(3_599).text(), "<1h");
        assert_eq!(Uptime::of_s(604_800).text(), "more");
        for w in Width::ALL {
            assert_eq!(Width::of_mhz(w.mhz()), *w);
            assert_eq!(w.text().parse(), Ok(w.mhz()));
        }
    }

    #[test]
    fn the_release_is_the_crate() {
        let mut s = std::string::String::new();
        Release::THIS.value(&mut s).unwrap();
        assert_eq!(s, concat!('"', env!("CARGO_PKG_VERSION"), '"'));
    }
}
