//! The faults of a site file.

use std::fmt;

/// What is wrong with a site. The numbers are stable; a retired one is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// E001: not JSON, or a field is unknown, missing or of the wrong type.
    Syntax,
    /// E002: `format` is not `millpond-site/1`.
    Format,
    /// E003: a list is too long or an id is empty or too long.
    Size,
    /// E004: there is no regulatory table for the country.
    Country,
    /// E005: two things of a kind have one id.
    Duplicate,
    /// E006: an id names nothing.
    Unknown,
    /// E007: a number is out of its range.
    Range,
    /// E008: a home needs exactly one gateway, a pod at least one radio, a radio at least one width.
    Incomplete,
    /// E009: the channelization has no such channel.
    NoChannel,
    /// E010: country, hardware, radar state and household leave a radio no channel.
    NothingAllowed,
    /// E011: the radios that must share a channel have none in common.
    NothingShared,
    /// E012: an uplink joins radios that cannot form a link, or the uplinks form a loop.
    BadUplink,
    /// E013: no uplink can reach a pod.
    Unreachable,
    /// E014: no radio can serve a client.
    Unserved,
    /// E015: a pin leaves no choice.
    Pinned,
}

impl Code {
    /// The code as messages carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "E001",
            Self::Format => "E002",
            Self::Size => "E003",
            Self::Country => "E004",
            Self::Duplicate => "E005",
            Self::Unknown => "E006",
            Self::Range => "E007",
            Self::Incomplete => "E008",
            Self::NoChannel => "E009",
            Self::NothingAllowed => "E010",
            Self::NothingShared => "E011",
            Self::BadUplink => "E012",
            Self::Unreachable => "E013",
            Self::Unserved => "E014",
            Self::Pinned => "E015",
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Syntax => "compare the place with docs/site.md",
            Self::Format => "set \"format\": \"millpond-site/1\"",
            Self::Size => "split the site, or shorten the id",
            Self::Country => "use US, CA, AU, JP, EU or a European country code in capitals",
            Self::Duplicate => "give each its own id, and each pair and channel one entry",
            Self::Unknown => "correct the id, or add what it names",
            Self::Range => "correct the number; the unit is in the field's name",
            Self::Incomplete => "add what is missing",
            Self::NoChannel => {
                "correct primary, width and centre; name the centre for 40 MHz at 2.4 GHz and for 320 MHz"
            }
            Self::NothingAllowed => "lift an objection, widen primaries or widths, or wait until radar exclusion ends",
            Self::NothingShared => "let the radios' widths and primaries overlap, or set policy.channels to per_radio",
            Self::BadUplink => {
                "name two radios of one band in one home, give their path loss, and lead every uplink to the gateway"
            }
            Self::Unreachable => "add a wire or the path loss to a pod nearer to the gateway, or lift the objection",
            Self::Unserved => "add the path loss to a radio that reaches it, or remove the client",
            Self::Pinned => "loosen the pin",
        }
    }
}

/// A place in a site file, put into words only where a fault is found.
#[derive(Clone, Copy)]
pub(super) struct Place {
    list: &'static str,
    at: usize,
    inner: Option<(&'static str, usize)>,
    field: Option<&'static str>,
}

impl Place {
    /// An entry of a list.
    pub(super) const fn of(list: &'static str, at: usize) -> Self {
        Self { list, at, inner: None, field: None }
    }

    /// An entry of a list in there.
    pub(super) const fn inside(self, list: &'static str, at: usize) -> Self {
        Self { inner: Some((list, at)), ..self }
    }

    /// A field of it.
    pub(super) const fn field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.at)?;
        if let Some((list, at)) = self.inner {
            write!(f, ".{list}[{at}]")?;
        }
        self.field.map_or(Ok(()), |field| write!(f, ".{field}"))
    }
}

/// One fault: what, where, the figures, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteError {
    /// What is wrong.
    pub code: Code,
    /// Where, as a path in the file: `pods[1].radios[0].current`.
    pub path: String,
    /// What was found.
    pub detail: String,
}

impl SiteError {
    pub(super) fn new(code: Code, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, path: path.into(), detail: detail.into() }
    }
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}; {}", self.code.as_str(), self.path, self.detail, self.code.remedy())
    }
}

impl std::error::Error for SiteError {}
