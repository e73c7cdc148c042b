//! What the household chose: addresses, names, times. Strict: a value is right or refused, never bent.

mod fault;
mod read;
mod settings;
mod table;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub use fault::{ConfigError, ConfigFault};
pub use read::{CONFIG_MAX, read};
pub use settings::{
    ActuatorConfig, Config, ControlConfig, KeepConfig, Mode, MqttFileConfig, PlanConfig, SourceConfig, TelemetryConfig,
    TimeZone, Window,
};

use crate::net::{BindError, check_bind};

/// Port of the page when none is asked for.
pub const PORT: u16 = 8477;
/// Longest label in characters.
const LABEL_MAX: usize = 24;

/// Names that the user typed for zones and nodes, by number from 1. The only free text on any sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    zones: Vec<String>,
    nodes: Vec<String>,
}

impl Labels {
    /// Names in the order of their numbers; each is cut to 24 characters and cleaned of control characters.
    pub fn new(zones: &[&str], nodes: &[&str]) -> Self {
        let clean = |label: &&str| label.chars().filter(|c| !c.is_control()).take(LABEL_MAX).collect();
        Self { zones: zones.iter().map(clean).collect(), nodes: nodes.iter().map(clean).collect() }
    }

    /// The name of a zone, or its number.
    pub fn zone(&self, number: u8) -> String {
        find(&self.zones, number).unwrap_or_else(|| format!("Zone {number}"))
    }

    /// The name of a node, or its number.
    pub fn node(&self, number: u8) -> String {
        find(&self.nodes, number).unwrap_or_else(|| format!("Pod {number}"))
    }

    /// Number of named zones.
    pub fn zones(&self) -> usize {
        self.zones.len()
    }
}

fn find(labels: &[String], number: u8) -> Option<String> {
    labels.get(usize::from(number).checked_sub(1)?).filter(|l| !l.is_empty()).cloned()
}

/// Where the page is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageConfig {
    /// Address and port.
    pub bind: SocketAddr,
    /// Names beside the address under which the page answers.
    pub names: Vec<String>,
}

impl PageConfig {
    /// The page on this machine alone.
    pub const fn loopback(port: u16) -> Self {
        Self { bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port), names: Vec::new() }
    }

    /// Refuses what would be reachable from outside the home.
    pub fn check(&self) -> Result<(), BindError> {
        check_bind(self.bind.ip())
    }
}
