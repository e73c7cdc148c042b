//! What the node learns from samples. It lives inside `Raw` and is wiped as a whole.

use millpond_dsp::detect::{DetectorConfig, LinkBank, MotionState, Presence, RssiDetector};
use millpond_dsp::phy::{Dbm, MacAddr, Micros};
use millpond_dsp::zones::{self, Ends, ZoneTracker};
use millpond_dsp::{LinkId, RssiSample};
use millpond_report::Wipe;
use millpond_report::estimate::{self, LinkEstimate, Motion, ZoneEstimate};

use crate::capture::Frame;

/// Links at most. One more takes a place only from one that is silent, or from a stranger if the household knows it.
pub const LINKS: usize = 32;
/// A place is free again when its link was not heard for this long.
const SILENT: Micros = Micros(10_000_000);
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
    /// One of its ends is a device that the household named.
    known: bool,
    last: Micros,
    /// The detector of a link of which only the level is heard.
    level: Option<Box<RssiDetector>>,
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
        if let Some((t, level)) = frame.level() {
            return self.push_level(frame, t, level);
        }
        // An unreadable datagram leaves an empty place, and must not take one of the links.
        if frame.view(LinkId(0)).is_none() {
            return false;
        }
        let Some(t) = frame.view(LinkId(0)).map(|v| v.meta().t) else { return false };
        let Some(link) = self.link_of(frame, t) else { return false };
        let Some(view) = frame.view(link) else { return false };
        self.decide(t);
        self.bank.push(&view).is_ok()
    }

    fn push_level(&mut self, frame: &Frame, t: Micros, level: Dbm) -> bool {
        let Some(link) = self.link_of(frame, t) else { return false };
        self.decide(t);
        let config = self.config;
        let fresh = || Box::new(RssiDetector::new(config, link));
        let detector = self.links[usize::from(link.0)].level.get_or_insert_with(fresh);
        detector.push(&RssiSample { t, link, level, noise: None });
        true
    }

    /// Lets time pass until `now_us`.
    pub fn tick(&mut self, now_us: u64) -> bool {
        self.decide(Micros(now_us));
        true
    }

    /// Forgets the addresses of links that are out of hearing: an identifier lives for one epoch.
    pub fn begin_epoch(&mut self, now_us: u64) -> bool {
        for link in self.links.iter_mut().filter(|l| Micros(now_us).since(l.last) > SILENT) {
            (link.ends, link.known, link.level) = (crate::capture::Ends::NOBODY, false, None);
        }
        true
    }

    /// The number of a frame's link: links are counted in order of arrival, so nothing depends on an address's value.
    fn link_of(&mut self, frame: &Frame, t: Micros) -> Option<LinkId> {
        let (ends, stream) = (frame.ends(), frame.stream());
        let found = self.links.iter().position(|l| l.ends == ends && l.stream == stream);
        let at = match found {
            Some(at) => at,
            None => self.admit(ends, stream, t)?,
        };
        let link = &mut self.links[at];
        (link.last, link.frames) = (t.max(link.last), link.frames.saturating_add(1));
        Some(LinkId(at as u16))
    }

    /// A place for a new link. Whoever forges addresses cannot push out what the household named, nor what is heard.
    fn admit(&mut self, ends: crate::capture::Ends, stream: (u8, LinkId), t: Micros) -> Option<usize> {
        let zone = |address| self.places.iter().find(|p| p.address == address).map(|p| usize::from(p.zone));
        let (a, b) = (zone(ends.tx), zone(ends.rx));
        let known = a.is_some() || b.is_some();
        let at = if self.links.len() < LINKS { self.links.len() } else { self.evict(known, t)? };
        let fresh = Link { ends, stream, frames: 0, most: 1, known, last: t, level: None };
        match self.links.get_mut(at) {
            Some(place) => *place = fresh,
            None => self.links.push(fresh),
        }
        let link = LinkId(at as u16);
        match (a, b) {
            // A home of one zone has every link in it.
            _ if self.zones == 1 => self.assign(link, 0, Ends::Both),
            (Some(a), Some(b)) if a == b => self.assign(link, a, Ends::Both),
            (a, b) => [a, b].into_iter().flatten().for_each(|z| self.assign(link, z, Ends::One)),
        }
        Some(at)
    }

    /// Frees the place of the link that was silent for longest: a stranger's at any time for one that the household knows,
    /// anybody's after ten seconds, and a known one's for a known one alone.
    fn evict(&mut self, known: bool, t: Micros) -> Option<usize> {
        let may = |l: &Link| match (known, l.known) {
            (true, false) => true,
            (false, true) => false,
            _ => t.since(l.last) > SILENT,
        };
        let free = self.links.iter().enumerate().filter(|(_, l)| may(l));
        let (at, _) = free.min_by_key(|(at, l)| (l.known, l.last, *at))?;
        let link = LinkId(at as u16);
        self.bank.forget(link);
        self.tracker.forget(link);
        Some(at)
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
        // A level alone is a poor witness: it is heard where there is no better one.
        let alone = self.bank.is_empty();
        for detector in self.links.iter_mut().filter_map(|l| l.level.as_mut()) {
            while let Some(decision) = detector.poll(now) {
                let _ = if alone { self.tracker.push(&decision) } else { Ok(()) };
            }
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
        for link in &mut self.links {
            link.ends = crate::capture::Ends::NOBODY;
            link.level.iter_mut().for_each(|d| d.reset());
        }
        *self.bank = LinkBank::new(self.config);
        *self.tracker = ZoneTracker::new(self.config);
        std::hint::black_box(self);
    }
}

/// Thousandths, saturated; NaN is 0.
fn milli(score: f32) -> i32 {
    (score * 1000.0) as i32
}

#[cfg(test)]
mod tests {
    use millpond_dsp::{Cfr, CsiFrame, CsiMeta};
    use num_complex::Complex;

    use super::*;
    use crate::capture::{Ends as Pair, Heard};

    const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    fn frame(tx: MacAddr, t: u64) -> Frame {
        let h = [Complex::new(3i8, 4), Complex::new(5, 6)];
        let frame = CsiFrame::new(CsiMeta::at(Micros(t)), &[-1, 1], Cfr::I8(&h)).unwrap();
        let mut place = Frame::empty();
        place.fill(&Heard { frame, ends: Pair { tx, rx: MacAddr([0; 6]) } });
        place
    }

    fn stranger(n: u32) -> MacAddr {
        let [a, b, c, d] = n.to_be_bytes();
        MacAddr([2, 9, a, b, c, d])
    }

    #[test]
    fn a_thousand_strangers_lock_out_nobody_that_the_household_named() {
        let place = Place { address: OWN, zone: 0 };
        let mut sense = Sense::new(2, &[place]);
        for n in 0..1_000 {
            sense.push(&frame(stranger(n), u64::from(n) * 1_000));
        }
        assert_eq!(sense.links.len(), LINKS);
        sense.push(&frame(OWN, 1_000_000));
        let own = |s: &Sense| s.links.iter().filter(|l| l.ends.tx == OWN).count();
        assert_eq!(own(&sense), 1, "it takes a stranger's place at once");
        // The storm goes on; the own device pauses for a minute and is still there.
        for n in 0..60_000 {
            sense.push(&frame(stranger(n % 1_000), 1_000_000 + u64::from(n) * 1_000));
        }
        assert_eq!((own(&sense), sense.links.len()), (1, LINKS));
    }

    #[test]
    fn a_place_of_one_that_has_gone_is_free_for_a_stranger_and_starts_anew() {
        let mut sense = Sense::new(1, &[]);
        for n in 0..LINKS as u32 {
            sense.push(&frame(stranger(n), 0));
        }
        let place = |s: &Sense| s.links.iter().position(|l| l.ends.tx == stranger(99));
        sense.push(&frame(stranger(99), 9_000_000));
        assert_eq!(place(&sense), None, "all are heard");
        sense.push(&frame(stranger(99), 11_000_000));
        let at = place(&sense).unwrap();
        assert_eq!((sense.links[at].frames, sense.links.len()), (1, LINKS));
    }

    #[test]
    fn a_new_epoch_forgets_who_is_out_of_hearing() {
        let mut sense = Sense::new(1, &[]);
        sense.push(&frame(stranger(1), 0));
        sense.push(&frame(stranger(2), SILENT.0));
        sense.begin_epoch(SILENT.0 + 1);
        let is = |n: u32, at: usize| sense.links[at].ends.tx == stranger(n);
        assert!(!is(1, 0) && is(2, 1));
    }

    #[test]
    fn a_level_alone_makes_a_link() {
        let mut sense = Sense::new(1, &[]);
        let pair = Pair { tx: stranger(1), rx: OWN };
        for i in 0..2_000u64 {
            let mut place = Frame::empty();
            // Half a minute of noise in any order; then a body that moves: neighbouring readings are alike.
            let t = i as f32 / 50.0;
            let noise = (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62) as f32 / 2.0;
            let fading = 3.0 * ((9.1 * t).sin() + 0.6 * (15.3 * t + 1.0).sin() + 0.4 * (23.7 * t).sin());
            let swing = if t > 25.0 { fading } else { 0.0 };
            place.fill_level(Micros(i * 20_000), pair, Dbm((swing + noise).round() - 50.0));
            assert!(sense.push(&place));
            if i == 1_200 {
                assert!(sense.estimate((t as u64 * 1_000_000, 0)).motion == Motion::Still);
            }
        }
        assert!(sense.estimate((39_900_000, 0)).motion == Motion::Moving);
    }
}
