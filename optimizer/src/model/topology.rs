//! The index form of a valid site: names resolved, lists sorted by the site's own order, rules already applied.
//!
//! Nothing in here depends on the spelling of an id: renaming them all leaves every field as it is.

use std::collections::BTreeMap;

use millpond_dsp::phy::{Band, Channel};

use super::regulatory::{Domain, Permit, parts_mhz, width_db};
use super::site::{Forecast, Phy, Policy, PowerClass, QuietWindow};
use millpond_dsp::phy::Bandwidth;

/// A site in index form. [`validate`](crate::validate::validate) makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// The regulatory domain.
    pub domain: Domain,
    /// What the planner may do and what a change costs.
    pub policy: Policy,
    /// Homes in order of their first pod.
    pub homes: Vec<Home>,
    /// Pods in the site's order.
    pub pods: Vec<PodNode>,
    /// Radios, pod after pod.
    pub radios: Vec<RadioNode>,
    /// Sets of radios that share one channel.
    pub groups: Vec<Group>,
    /// Stations in the site's order.
    pub clients: Vec<ClientNode>,
    /// Path loss in dB by pods (lower index first) and band.
    pub pod_loss_db: BTreeMap<(usize, usize, Band), i32>,
    /// Radar detections in 30 days by 20 MHz channel.
    pub radar_events_30d: BTreeMap<u8, u32>,
    /// 20 MHz channels in their non-occupancy period, with the home that it holds for, or for all.
    pub non_occupancy: Vec<(Option<usize>, u8)>,
    /// When changes may be applied.
    pub quiet_window: Option<QuietWindow>,
    /// What a day is expected to look like.
    pub forecast: Option<Forecast>,
}

/// A home: pods that share one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its pods.
    pub pods: Vec<usize>,
    /// The pod with the internet line.
    pub gateway: usize,
}

/// A pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodNode {
    /// The home it serves.
    pub home: usize,
    /// Its radios.
    pub radios: Vec<usize>,
    /// True for the gateway and for pods with a cable to it; they need no uplink.
    pub root: bool,
    /// The wireless uplink in use.
    pub uplink: Option<Link>,
    /// Links that the plan may use, empty for a root.
    pub uplinks: Vec<Link>,
    /// Neighbours that it hears, by band.
    pub neighbours: Vec<Foreign>,
    /// What it measured.
    pub survey: Vec<Measured>,
}

/// A wireless link to a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The parent pod.
    pub parent: usize,
    /// The parent's radio.
    pub parent_radio: usize,
    /// The child's radio.
    pub radio: usize,
}

/// A neighbour as one pod hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its channel.
    pub channel: Channel,
    /// Its level at the pod in dBm.
    pub level_dbm: i32,
    /// Share of time that it sends, in thousandths.
    pub duty_permille: u16,
}

/// A survey entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The 20 MHz channel.
    pub channel: Channel,
    /// Share of time that others kept it busy, in thousandths.
    pub busy_permille: u16,
    /// Noise floor in dBm over 20 MHz.
    pub noise_dbm: Option<i32>,
}

/// A radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RadioNode {
    /// Its pod.
    pub pod: usize,
    /// The band.
    pub band: Band,
    /// Its rank among the pod's radios of that band.
    pub slot: usize,
    /// The group whose channel it takes.
    pub group: usize,
    /// Hardware limit in dBm.
    pub max_eirp_dbm: i32,
    /// True if it can leave subchannels out.
    pub puncture: bool,
    /// True if it has transmit power control.
    pub tpc: bool,
    /// Its class at 6 GHz.
    pub class: PowerClass,
    /// Grants of standard power: lower and upper edge in MHz, EIRP in dBm in 1 MHz.
    pub grants: Vec<(u16, u16, i32)>,
    /// Spatial streams.
    pub streams: u8,
    /// What it does now.
    pub current: Option<Tuned>,
    /// True if what it does now is allowed by country, hardware, radar state and household.
    pub legal_now: bool,
    /// Every channel that hardware, country, radar state and household allow, in channelization order.
    pub allowed: Vec<Channel>,
    /// Highest EIRP in dBm over the allowed channels.
    pub strongest_dbm: i32,
    /// Widest allowed channel.
    pub widest: Bandwidth,
    /// Other radios of the band that it hears, with the path loss in dB.
    pub hears: Vec<(usize, i32)>,
}

impl RadioNode {
    /// What the domain says about a channel of this radio, at no more than its hardware's power.
    pub fn permit(&self, domain: Domain, channel: Channel) -> Option<Permit> {
        let indoor = match (channel.band(), self.class) {
            (Band::Ghz6, PowerClass::VeryLow) => domain.permit_very_low(channel),
            _ => domain.permit(channel, self.tpc),
        };
        let standard = match (channel.band(), self.class) {
            (Band::Ghz6, PowerClass::Standard) => self.granted(domain, channel),
            _ => None,
        };
        let best = indoor.into_iter().chain(standard).max_by_key(|p| p.eirp_dbm)?;
        Some(Permit { eirp_dbm: best.eirp_dbm.min(self.max_eirp_dbm), ..best })
    }

    /// Standard power as far as grants cover what the channel uses without a gap.
    fn granted(&self, domain: Domain, channel: Channel) -> Option<Permit> {
        let permit = domain.permit_standard(channel)?;
        let mut density = i32::MAX;
        for (low, high) in parts_mhz(channel) {
            let mut covered = low;
            // Grants are in order of their lower edge.
            for &(from, to, dbm) in self.grants.iter().filter(|g| g.0 < high && low < g.1) {
                if from > covered {
                    return None;
                }
                (covered, density) = (covered.max(to), density.min(dbm));
            }
            if covered < high {
                return None;
            }
        }
        let limit = permit.eirp_dbm.min(density.saturating_add(width_db(channel)));
        Some(Permit { eirp_dbm: limit, ..permit })
    }
}

/// A radio's channel and EIRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tuned {
    /// The channel.
    pub channel: Channel,
    /// Radiated power in dBm.
    pub eirp_dbm: i32,
}

/// Radios that share one channel, width and power step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its home.
    pub home: usize,
    /// The band.
    pub band: Band,
    /// Rank of its radios in their pods' bands.
    pub slot: usize,
    /// Its radios.
    pub radios: Vec<usize>,
}

/// A station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientNode {
    /// Busy-hour demand in kb/s, at least 1.
    pub demand_kbps: u32,
    /// Weight in thousandths.
    pub weight_milli: u32,
    /// Spatial streams.
    pub streams: u8,
    /// Widest channel.
    pub max_width: Bandwidth,
    /// Newest PPDU format.
    pub phy: Phy,
    /// Path loss in dB to every radio that it hears.
    pub losses: Vec<(usize, i32)>,
    /// Radios that may serve it, at least one. A station that stays has one.
    pub options: Vec<usize>,
    /// The radio that serves it now.
    pub current: Option<usize>,
    /// The radio that serves it fastest at full power and width.
    pub fastest: usize,
    /// Requests to move that it refused in 30 days.
    pub refusals: u32,
}

/// One complete answer in index form: what every radio, uplink and station does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// By radio.
    pub radios: Vec<Tuned>,
    /// By pod; `None` for roots.
    pub uplinks: Vec<Option<Link>>,
    /// The serving radio by client.
    pub clients: Vec<usize>,
}

impl Topology {
    /// Path loss in dB between two pods in a band, if they hear each other.
    pub fn loss_db(&self, a: usize, b: usize, band: Band) -> Option<i32> {
        self.pod_loss_db.get(&(a.min(b), a.max(b), band)).copied()
    }

    /// Path loss in dB from a radio to a station, if they hear each other.
    pub fn client_loss_db(&self, client: usize, radio: usize) -> Option<i32> {
        self.clients[client].losses.iter().find(|(r, _)| *r == radio).map(|(_, loss)| *loss)
    }

    /// The highest EIRP in dBm of a radio on a channel; `None` if the country forbids the channel.
    pub fn max_eirp_dbm(&self, radio: usize, channel: Channel) -> Option<i32> {
        self.radios[radio].permit(self.domain, channel).map(|p| p.eirp_dbm)
    }

    /// What runs now, if the site says it for every radio and uplink. Stations without a place count as served by the
    /// fastest radio.
    pub fn current(&self) -> Option<Assignment> {
        let radios = self.radios.iter().map(|r| r.current).collect::<Option<Vec<_>>>()?;
        let uplinks: Vec<_> = self.pods.iter().map(|p| p.uplink).collect();
        let complete = self.pods.iter().all(|p| p.root || p.uplink.is_some());
        complete.then(|| Assignment {
            radios,
            uplinks,
            clients: (0..self.clients.len()).map(|c| self.serving(c)).collect(),
        })
    }

    /// The radio that serves a client now, or the one that serves it fastest.
    pub fn serving(&self, client: usize) -> usize {
        let c = &self.clients[client];
        c.current.unwrap_or(c.fastest)
    }
}
