//! The demo: a simulated home through the node's own pipeline, planner and sinks.
//!
//! Only what is outside a node is simulated: the air and the drivers' reports. What the demo adds to the node's messages
//! is the judge's comparison with the simulated truth, which no real node has.

mod document;
mod judge;
mod planted;

use std::net::IpAddr;

use millpond_datasets::sim::{DeviceKind, Identities, Scene, SceneError};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_optimizer::model::Site;
use millpond_report::Privacy;
use millpond_report::budget::sampler::{NoWords, Words};
use millpond_report::handle::Shuffle;
use millpond_report::state::{Admin, More};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

pub use document::{PlanVerdict, document, summary, verdict};
pub use judge::{Judged, Span, judge};
pub use planted::{IdentityError, IdentityFault};

use crate::capture::sim::SimSource;
use crate::config::Labels;
use crate::pipeline::{Calendar, Pipeline, Place};
use crate::planner::Planner;
use crate::runtime::Parts;
use crate::telemetry::sim::SimReports;
use crate::telemetry::{DEFAULT_COUNTRY, Home};

/// The scene that `millpond demo` shows.
pub const SCENE: &str = "home";

/// A home to run: what moves in it, what its devices are called, and the seed of all chance.
pub struct Setup {
    /// The scene.
    pub scene: Scene,
    /// Names and addresses on the air.
    pub identities: Identities,
    /// IP addresses in place of the identities', by device; empty for those.
    pub ips: Vec<IpAddr>,
    /// Labels in place of the rooms' names.
    pub labels: Option<Labels>,
    /// Seed of the simulation, the search and the handles.
    pub seed: u64,
}

impl Setup {
    /// The built-in home under random names.
    pub fn home(seed: u64) -> Result<Self, SceneError> {
        Ok(Self::of(Scene::builtin(SCENE)?, seed))
    }

    /// Any scene under random names.
    pub fn of(scene: Scene, seed: u64) -> Self {
        let identities = Identities::generate(&scene, seed);
        Self { scene, identities, ips: Vec::new(), labels: None, seed }
    }

    /// What the household calls its rooms and pods: a pod stands in a room and is named after it.
    pub fn labels(&self) -> Labels {
        if let Some(labels) = &self.labels {
            return labels.clone();
        }
        let zones: Vec<String> = self.scene.rooms.iter().map(|r| capital(&r.name)).collect();
        let pod = |device: usize| self.scene.room_of(device).map_or(String::new(), |room| zones[room].clone());
        let pods: Vec<String> = self.pods().map(pod).collect();
        Labels::new(&strs(&zones), &strs(&pods))
    }

    fn pods(&self) -> impl Iterator<Item = usize> {
        (0..self.scene.devices.len()).filter(|d| self.scene.devices[*d].kind == DeviceKind::Pod)
    }

    fn address(&self, device: usize) -> MacAddr {
        self.identities.of(device).map_or(MacAddr([0; 6]), |i| i.mac)
    }

    fn household(&self) -> Home {
        Home {
            country: DEFAULT_COUNTRY.into(),
            pods: self.pods().map(|d| self.address(d)).collect(),
            others: Vec::new(),
        }
    }

    /// What the simulated drivers report.
    pub fn reports(&self) -> SimReports {
        SimReports::new(&self.scene, &self.identities, self.seed).with_ips(&self.ips)
    }

    /// The site as the node's planner sees it in its first report.
    pub fn site(&self) -> Site {
        let reports = self.reports();
        self.household().site(&reports.open_report(Micros(0)))
    }

    /// A node in this home, with `seconds` of air before it.
    pub fn parts(&self, seconds: f64) -> Result<Parts, SceneError> {
        let calendar = Calendar::default();
        // Things that stay where they are can be told a room; phones cannot.
        let fixed = |d: &usize| matches!(self.scene.devices[*d].kind, DeviceKind::Pod | DeviceKind::Station);
        let place = |d: usize| Some(Place { address: self.address(d), zone: self.scene.room_of(d)? as u8 });
        let places: Vec<Place> = (0..self.scene.devices.len()).filter(fixed).filter_map(place).collect();
        let mut words = Seeded(ChaCha8Rng::seed_from_u64(self.seed));
        let handles = Shuffle::draw(&mut words).unwrap_or_else(|_| unreachable!("a seeded generator cannot fail"));
        Ok(Parts {
            sources: vec![Box::new(SimSource::new(&self.scene, &self.identities, self.seed, seconds)?)],
            pipeline: Pipeline::new(self.scene.rooms.len().min(16) as u8, &places, calendar, handles),
            reports: Box::new(self.reports()),
            planner: Planner::new(self.household(), calendar, self.seed),
            keeper: None,
        })
    }
}

/// Level 1 with sensing on. A real node starts with sensing off; starting the demo is the wish to see it.
pub fn sensing_on() -> Privacy {
    struct WhoStartedTheDemo;
    impl Admin for WhoStartedTheDemo {
        fn is_admin(&self) -> bool {
            true
        }
    }
    let mut privacy = Privacy::new();
    if let Some(yes) = privacy.ask(More::On).confirm(&WhoStartedTheDemo) {
        let _ = privacy.raise(yes);
    }
    privacy
}

struct Seeded(ChaCha8Rng);

impl Words for Seeded {
    fn word(&mut self) -> Result<u32, NoWords> {
        Ok(self.0.next_u32())
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn strs(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}
