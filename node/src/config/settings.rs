//! The settings of a node as types. A value of them is right: it has been through [`super::read`].

use std::net::SocketAddr;
use std::path::PathBuf;

use millpond_dsp::phy::MacAddr;

use super::{Labels, PageConfig};
use crate::capture::Log;
use crate::pipeline::Place;
use crate::store::Retention;
use crate::telemetry::{Home, SurveyCounters};

/// Everything that a household writes into its settings file.
#[derive(Clone)]
pub struct Config {
    /// Names of zones and pods.
    pub labels: Labels,
    /// Number of zones.
    pub zones: u8,
    /// Where things stand that stay where they are. Class R.
    pub places: Vec<Place>,
    /// Country and pods. Class R.
    pub home: Home,
    /// Where frames come from.
    pub sources: Vec<SourceConfig>,
    /// Where the state of the air comes from.
    pub telemetry: Vec<TelemetryConfig>,
    /// The household's broker; none unless it is written.
    pub mqtt: Option<MqttFileConfig>,
    /// The socket that the command line speaks to.
    pub control: ControlConfig,
    /// What may be changed, by what, and when.
    pub plan: PlanConfig,
    /// The page, unless it is off.
    pub page: Option<PageConfig>,
    /// What is kept, and where.
    pub keep: KeepConfig,
}

/// One place where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceConfig {
    /// ESP32 text lines in datagrams.
    Esp32Udp {
        /// Address of this machine.
        listen: SocketAddr,
    },
    /// ESP32 text lines on a serial device.
    Esp32Serial {
        /// The device.
        device: PathBuf,
        /// Bits a second.
        baud: u32,
    },
    /// A recording that another program is writing.
    File {
        /// The file.
        path: PathBuf,
        /// What it holds.
        log: Log,
    },
    /// Levels of the stations of an interface, by nl80211.
    Stations {
        /// The interface.
        interface: String,
        /// Questions a second.
        rate_hz: u8,
    },
    /// Nexmon's datagrams.
    NexmonUdp {
        /// Address of this machine.
        listen: SocketAddr,
    },
    /// A recording, played in the time of its frames.
    Replay {
        /// The file.
        path: PathBuf,
        /// From the start again at its end.
        repeat: bool,
    },
}

impl SourceConfig {
    /// The word of the settings file for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Esp32Udp { .. } => "esp32-udp",
            Self::Esp32Serial { .. } => "esp32-serial",
            Self::File { .. } => "file",
            Self::Stations { .. } => "stations",
            Self::NexmonUdp { .. } => "nexmon-udp",
            Self::Replay { .. } => "replay",
        }
    }
}

/// One place where the state of the air comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TelemetryConfig {
    /// The kernel's wireless layer.
    Nl80211 {
        /// The interface.
        interface: String,
        /// How its survey counters are read.
        survey: SurveyCounters,
        /// Minutes between two looks around; 0 for none.
        scan_min: u16,
    },
    /// `hostapd`, by its control sockets.
    Hostapd {
        /// The folder of the sockets.
        folder: PathBuf,
    },
    /// OpenSync's tables.
    Opensync {
        /// The database's socket.
        socket: PathBuf,
    },
    /// OpenSync's statistics from a broker of the home.
    Statistics {
        /// The broker.
        broker: SocketAddr,
        /// The topic.
        topic: String,
        /// What OpenSync calls the pods, in the order of their numbers.
        nodes: Vec<String>,
    },
}

impl TelemetryConfig {
    /// The word of the settings file for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Nl80211 { .. } => "nl80211",
            Self::Hostapd { .. } => "hostapd",
            Self::Opensync { .. } => "opensync",
            Self::Statistics { .. } => "statistics",
        }
    }
}

/// Who has the word when a plan would change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The node, within the window.
    Auto,
    /// The household, change by change.
    Ask,
    /// Nobody: plans are made and shown.
    Off,
}

/// What changes the radios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActuatorConfig {
    /// Nothing; it says what it would have done.
    DryRun,
    /// `hostapd`, by its control sockets.
    Hostapd {
        /// The folder of the sockets.
        folder: PathBuf,
    },
    /// OpenSync's configuration tables.
    Ovsdb {
        /// The database's socket.
        socket: PathBuf,
    },
}

/// Minutes of the day between which a radio may be changed; a window over midnight has its end before its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From this minute.
    pub from: u16,
    /// To this minute, not included.
    pub to: u16,
}

impl Window {
    /// True if a minute of the day is inside.
    pub const fn contains(&self, minute: u16) -> bool {
        if self.from <= self.to {
            self.from <= minute && minute < self.to
        } else {
            self.from <= minute || minute < self.to
        }
    }
}

impl std::str::FromStr for Window {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (from, to) = text.split_once('-').ok_or(())?;
        let minute = |t: &str| {
            let (h, m) = t.trim().split_once(':')?;
            let digits = |d: &str| d.len() == 2 && d.bytes().all(|b| b.is_ascii_digit());
            let (h, m) = (digits(h).then(|| h.parse::<u16>().ok())??, digits(m).then(|| m.parse::<u16>().ok())??);
            (h < 24 && m < 60).then_some(h * 60 + m)
        };
        let (from, to) = (minute(from).ok_or(())?, minute(to).ok_or(())?);
        if from == to { Err(()) } else { Ok(Self { from, to }) }
    }
}

/// The household's time zone, daylight saving included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone(tz::TimeZone);

impl TimeZone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(tz::TimeZone::utc())
    }

    /// The system's own. `/etc/TZ`, which OpenWrt has, is handed in as text; else what `TZ` or `/etc/localtime` says. `None` where
    /// there is none.
    pub fn of_system(etc_tz: Option<&str>) -> Option<Self> {
        let named = etc_tz.and_then(|text| text.trim().parse().ok());
        named.or_else(|| tz::TimeZone::local().ok().map(Self))
    }

    /// The minute of the day, 0 to 1439, at a time in seconds since 1970, UTC.
    pub fn minute(&self, unix_s: i64) -> u16 {
        let offset = self.0.find_local_time_type(unix_s).map_or(0, |t| i64::from(t.ut_offset()));
        (unix_s.saturating_add(offset).rem_euclid(86_400) / 60) as u16
    }
}

impl std::str::FromStr for TimeZone {
    type Err = ();

    /// A POSIX rule (`CET-1CEST,M3.5.0,M10.5.0/3`), or a name where the system has the tables (`Europe/Berlin`).
    fn from_str(text: &str) -> Result<Self, ()> {
        if text.is_empty() || text.len() > 128 || text.contains("..") || !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(());
        }
        // A path is no name of a zone: the file would be read with the daemon's rights.
        if text.starts_with(['/', ':']) {
            return Err(());
        }
        tz::TimeZone::from_posix_tz(text).map(Self).map_err(|_| ())
    }
}

/// What may be changed, by what, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanConfig {
    /// Who has the word.
    pub mode: Mode,
    /// By what.
    pub actuator: ActuatorConfig,
    /// When, by the clock of this zone.
    pub window: Window,
    /// The household's time zone; none means the system's.
    pub timezone: Option<TimeZone>,
    /// Fixes the search, so that a decision can be recomputed.
    pub seed: u64,
}

/// What is kept, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepConfig {
    /// The node's folder: its settings in force and its keys.
    pub folder: PathBuf,
    /// How long history is kept: the contract's caps or less.
    pub retention: Retention,
}

/// The household's MQTT broker. It is spoken to at level 2 and above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttFileConfig {
    /// Its address within the home.
    pub broker: SocketAddr,
    /// The node's name there.
    pub user: Option<String>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// The file with the certificates that sign for it: with it the connection is by TLS.
    pub ca_file: Option<PathBuf>,
    /// Before every discovery topic.
    pub prefix: String,
    /// Seconds that *occupied* lasts.
    pub hold_time_s: u16,
}

/// The control socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlConfig {
    /// Its file; in the node's folder without.
    pub socket: Option<PathBuf>,
}

/// An address as people write it, `02:00:00:00:00:01`.
pub(super) struct Address(pub(super) MacAddr);

impl std::str::FromStr for Address {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|p| p.len() == 2).ok_or(())?;
            *octet = u8::from_str_radix(part, 16).map_err(drop)?;
        }
        let address = MacAddr(octets);
        if parts.next().is_some() || address.is_group() || octets == [0; 6] { Err(()) } else { Ok(Self(address)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_pass_midnight() {
        let night: Window = "23:30-04:00".parse().unwrap();
        assert!(night.contains(23 * 60 + 30) && night.contains(0) && !night.contains(4 * 60) && !night.contains(720));
        let morning: Window = "03:00-05:00".parse().unwrap();
        assert!(morning.contains(180) && !morning.contains(300) && !morning.contains(0));
        for bad in ["", "3:00-5:00", "03:00", "24:00-01:00", "03:60-04:00", "03:00-03:00", "+3:00-04:00"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_one_stations() {
        assert!("02:00:00:aB:00:01".parse::<Address>().is_ok());
        for bad in
            ["", "02:00:00:00:00", "02:00:00:00:00:01:02", "0200:00:00:00:01", "01:00:5e:00:00:01", "00:00:00:00:00:00"]
        {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
