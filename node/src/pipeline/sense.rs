//! What the node learns from samples. It lives inside `Raw` and is wiped as a whole.

use millpond_dsp::LinkId;
use millpond_dsp::detect::{DetectorConfig, LinkBank, MotionState, Presence};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_dsp::zones::{self, Ends, ZoneTracker};
use millpond_report::Wipe;
use millpond_report::estimate::{self, LinkEstimate, Motion, ZoneEstimate};

use crate::capture::Frame;

/// Links at most; later ones are not used.
pub const LINKS: usize = 32;
/// Zones at most.
pub const ZONES: usize = 16;

/// In which zone a known device stands. Class R: it names an address.
#[derive(Clone, Copy)]
pub struct Place {
    /// The device.
    pub address: MacAddr,
    /// Index of the zone, from 0.
    pub zone: u8,
}

/// One link: its two ends, and how regularly it is heard.
struct Link {
    ends: crate::capture::Ends,
    stream: (u8, LinkId),
    frames: u32,
    most: u32,
}

/// Detectors of all links and the zones that they see.
pub struct Sense {
    config: DetectorConfig,
    zones: u8,
    places: Vec<Place>,
    links: Vec<Link>,
    bank: Box<LinkBank<LINKS>>,
    tracker: Box<ZoneTracker<LINKS, ZONES>>,
    now: Micros,
    /// The zone that was named last, when it was last seen moving, and when each zone last was.
    named: Option<usize>,
    moved: [Option<Micros>; ZONES],
}

impl Sense {
    /// Knows places, has heard nothing.
    pub fn new(zones: u8, places: &[Place]) -> Self {
        let config = DetectorConfig::default();
        Self {
            config,
            zones,
            places: places.to_vec(),
            links: Vec::with_capacity(LINKS),
            bank: Box::new(LinkBank::new(config)),
            tracker: Box::new(ZoneTracker::new(config)),
            now: Micros(0),
            named: None,
            moved: [None; ZONES],
        }
    }

    /// Takes one frame; false if it is not used.
    pub fn push(&mut self, frame: &Frame) -> bool {
        // An unreadable datagram leaves an empty place, and must not take one of the links.
        if frame.view(LinkId(0)).is_none() {
            return false;
        }
        let Some(link) = self.link_of(frame) else { return false };
        let Some(view) = frame.view(link) else { return false };
        self.decide(view.meta().t);
        self.links[usize::from(link.0)].frames += 1;
        self.bank.push(&view).is_ok()
    }

    /// Lets time pass until `now_us`.
    pub fn tick(&mut self, now_us: u64) -> bool {
        self.decide(Micros(now_us));
        true
    }

    /// The number of a frame's link: links are counted in order of arrival, so nothing depends on an address's value.
    fn link_of(&mut self, frame: &Frame) -> Option<LinkId> {
        let (ends, stream) = (frame.ends(), frame.stream());
        if let Some(at) = self.links.iter().position(|l| l.ends == ends && l.stream == stream) {
            return Some(LinkId(at as u16));
        }
        if self.links.len() == LINKS {
            return None;
        }
        let link = LinkId(self.links.len() as u16);
        self.links.push(Link { ends, stream, frames: 0, most: 1 });
        let zone = |address| self.places.iter().find(|p| p.address == address).map(|p| usize::from(p.zone));
        match (zone(ends.tx), zone(ends.rx)) {
            // A home of one zone has every link in it.
            _ if self.zones == 1 => self.assign(link, 0, Ends::Both),
            (Some(a), Some(b)) if a == b => self.assign(link, a, Ends::Both),
            (a, b) => [a, b].into_iter().flatten().for_each(|z| self.assign(link, z, Ends::One)),
        }
        Some(link)
    }

    fn assign(&mut self, link: LinkId, zone: usize, ends: Ends) {
        // The tracker has as many places as this table has links.
        let _ = self.tracker.assign(link, zone, ends);
    }

    fn decide(&mut self, now: Micros) {
        self.now = self.now.max(now);
        while let Some(decision) = self.bank.poll(now) {
            let _ = self.tracker.push(&decision);
        }
        if let zones::Place::Zone(zone) = self.tracker.place(self.now) {
            self.named = Some(zone);
            self.moved[zone] = Some(self.now);
        }
    }

    /// What is known of a zone: `(now in us, index of the zone)`.
    pub fn estimate(&mut self, (now_us, zone): (u64, usize)) -> ZoneEstimate {
        let now = Micros(now_us);
        let anywhere = self.tracker.anywhere(now);
        let motion = self.motion(zone, now);
        let threshold_milli = milli(anywhere.threshold);
        let zone_score = self.tracker.scores(now)[zone.min(ZONES - 1)];
        ZoneEstimate {
            motion,
            presence: self.presence(zone, motion, now),
            // A moving zone has the level of the link that sees it best; one that is still stays below that of motion,
            // whatever a link that grazes it says.
            score_milli: match motion {
                Motion::Moving => milli(anywhere.score),
                _ => milli(zone_score).min(threshold_milli - 1),
            },
            threshold_milli,
            settled_milli: self.settled(),
        }
    }

    fn motion(&self, zone: usize, now: Micros) -> Motion {
        match self.tracker.place(now) {
            zones::Place::Unknown => Motion::Unknown,
            zones::Place::Nowhere => Motion::Still,
            zones::Place::Zone(z) if z == zone => Motion::Moving,
            zones::Place::Zone(_) => Motion::Still,
            // No zone leads: the one that was named last keeps the motion until another takes it.
            zones::Place::Somewhere if self.named == Some(zone) => Motion::Moving,
            // Nobody knows yet which zone it is: none of them can be called still.
            zones::Place::Somewhere if self.named.is_none() => Motion::Unknown,
            zones::Place::Somewhere => Motion::Still,
        }
    }

    /// Somebody is where motion was last; where it was before that, nobody knows.
    fn presence(&self, zone: usize, motion: Motion, now: Micros) -> estimate::Presence {
        let recent = self.moved.get(zone).copied().flatten().filter(|t| now.since(*t) < self.config.present_for());
        match self.tracker.anywhere(now).present {
            _ if motion == Motion::Moving => estimate::Presence::Yes,
            Presence::No => estimate::Presence::No,
            _ if recent.is_some() && self.named == Some(zone) => estimate::Presence::Yes,
            _ => estimate::Presence::Unknown,
        }
    }

    /// Share of the links that are heard, in thousandths.
    fn settled(&self) -> u16 {
        let known = self.tracker.anywhere(self.now).state != MotionState::Unknown;
        if known { 1000 } else { 0 }
    }

    /// How good a link is: frames since the last question over the most that ever came between two.
    pub fn link(&mut self, at: usize) -> LinkEstimate {
        let Some(link) = self.links.get_mut(at) else { return LinkEstimate::default() };
        let frames = std::mem::take(&mut link.frames);
        link.most = link.most.max(frames);
        LinkEstimate { good_milli: (u64::from(frames) * 1000 / u64::from(link.most)) as u16 }
    }
}

impl Wipe for Sense {
    /// Forgets everything but the places, which the household typed.
    fn wipe(&mut self) {
        *self = Self::new(self.zones, &self.places);
        std::hint::black_box(self);
    }
}

impl Drop for Sense {
    /// Overwrites where it lies, before it is freed, what names an address and what was learnt from samples.
    fn drop(&mut self) {
        self.places.iter_mut().for_each(|p| p.address = MacAddr([0; 6]));
        self.links.iter_mut().for_each(|l| l.ends = crate::capture::Ends::NOBODY);
        *self.bank = LinkBank::new(self.config);
        *self.tracker = ZoneTracker::new(self.config);
        std::hint::black_box(self);
    }
}

/// Thousandths, saturated; NaN is 0.
fn milli(score: f32) -> i32 {
    (score * 1000.0) as i32
}
