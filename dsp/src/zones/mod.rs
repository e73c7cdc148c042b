//! Many links to one answer: motion anywhere, and in which zone.
//!
//! ```
//! use millpond_dsp::detect::{Decision, DetectorConfig, MotionState, Presence};
//! use millpond_dsp::phy::Micros;
//! use millpond_dsp::zones::{Ends, Place, ZoneTracker};
//! use millpond_dsp::LinkId;
//!
//! // Two links, two zones: link 0 lies in zone 0, link 1 runs from zone 0 to zone 1.
//! let mut zones = ZoneTracker::<2, 2>::new(DetectorConfig::default());
//! zones.assign(LinkId(0), 0, Ends::Both)?;
//! zones.assign(LinkId(1), 0, Ends::One)?;
//! zones.assign(LinkId(1), 1, Ends::One)?;
//! for step in 0..=4u64 {
//!     for (link, score) in [(0, 1.0), (1, 20.0)] {
//!         let state = if score > 5.0 { MotionState::Moving } else { MotionState::Still };
//!         let t = Micros(step * 250_000);
//!         let present = Presence::Unknown;
//!         zones.push(&Decision { t, link: LinkId(link), state, present, score, threshold: 5.0, frames: 30 })?;
//!     }
//! }
//! assert_eq!(zones.place(Micros(1_000_000)), Place::Zone(1));
//! # Ok::<(), millpond_dsp::Error>(())
//! ```

pub mod choice;
pub mod intrinsic;
pub mod learnt;

use crate::Error;
use crate::detect::{Decision, DetectorConfig, MotionState, Presence};
use crate::frame::LinkId;
use crate::phy::Micros;

/// A decision older than this no longer counts.
const STALE: Micros = Micros(2_000_000);
/// How long a zone must lead before it is named.
const SETTLE: Micros = Micros(1_000_000);
/// By how much the best zone must lead the second.
const MARGIN: f32 = 1.3;

/// How much of a link lies in a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// Neither device.
    #[default]
    None,
    /// One of the two devices.
    One,
    /// Both devices.
    Both,
}

impl Ends {
    const fn weight(self) -> f32 {
        match self {
            Self::None => 0.0,
            Self::One => 0.5,
            Self::Both => 1.0,
        }
    }
}

/// Where something moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// No link knows anything.
    Unknown,
    /// No link sees motion.
    Nowhere,
    /// Something moves and no zone leads clearly.
    Somewhere,
    /// Something moves in the zone of that number.
    Zone(usize),
}

/// What all links say together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anywhere {
    /// Moving if a link moves at the shared false-alarm rate; unknown if no link knows.
    pub state: MotionState,
    /// Yes if any link says so (motion alone is none: it may be next door); no only if every link that is heard says no.
    pub present: Presence,
    /// Highest score of the links, NaN if none has one.
    pub score: f32,
    /// The score that the shared rate asks for.
    pub threshold: f32,
    /// The link with the highest score.
    pub link: Option<LinkId>,
}

/// One link's last word.
#[derive(Clone, Copy)]
struct Seen {
    decision: Decision,
    /// True while the link moves and has crossed the shared threshold since it began to.
    counted: bool,
}

/// Motion on any of up to `LINKS` links with one false-alarm rate for all (Bonferroni).
///
/// A link counts once its score passes the threshold of the tolerated rate divided by the number of links, and until
/// its own detector calls it still.
///
/// - Cost: O(links) a call, no history
/// - Source: Bonferroni's inequality; it holds whatever the links have in common
pub struct AnyLink<const LINKS: usize> {
    config: DetectorConfig,
    links: heapless::Vec<Seen, LINKS>,
}

impl<const LINKS: usize> AnyLink<LINKS> {
    /// No link yet.
    pub fn new(config: DetectorConfig) -> Self {
        Self { config, links: heapless::Vec::new() }
    }

    /// The score that the tolerated rate asks for when it is shared by the links seen so far.
    pub fn threshold(&self) -> f32 {
        self.config.threshold_among(self.links.len())
    }

    /// Takes a link's decision.
    ///
    /// # Errors
    /// [`Error::Capacity`] for a link beyond the last place.
    pub fn push(&mut self, d: &Decision) -> Result<(), Error> {
        let at = match self.links.iter().position(|s| s.decision.link == d.link) {
            Some(at) => at,
            None => {
                let fresh = Seen { decision: *d, counted: false };
                self.links.push(fresh).map_err(|_| Error::Capacity { name: "links", limit: LINKS })?;
                self.links.len() - 1
            }
        };
        let threshold = self.threshold();
        let seen = &mut self.links[at];
        seen.decision = *d;
        seen.counted = d.state == MotionState::Moving && (seen.counted || d.score >= threshold);
        Ok(())
    }

    /// Forgets a link: its number may then stand for another.
    pub fn forget(&mut self, link: LinkId) {
        self.links.retain(|s| s.decision.link != link);
    }

    fn fresh(&self, now: Micros) -> impl Iterator<Item = &Seen> {
        self.links.iter().filter(move |s| now.since(s.decision.t) <= STALE)
    }

    /// What the links say together at `now`.
    pub fn at(&self, now: Micros) -> Anywhere {
        let known = || self.fresh(now).filter(|s| s.decision.state != MotionState::Unknown);
        let best = known().filter(|s| !s.decision.score.is_nan());
        let best = best.max_by(|a, b| a.decision.score.total_cmp(&b.decision.score));
        let state = match known().count() {
            0 => MotionState::Unknown,
            _ if known().any(|s| s.counted) => MotionState::Moving,
            _ => MotionState::Still,
        };
        let says = |p: Presence| move |s: &Seen| s.decision.present == p;
        let present = match state {
            _ if self.fresh(now).any(says(Presence::Yes)) => Presence::Yes,
            MotionState::Still if self.fresh(now).all(says(Presence::No)) => Presence::No,
            _ => Presence::Unknown,
        };
        Anywhere {
            state,
            present,
            score: best.map_or(f32::NAN, |s| s.decision.score),
            threshold: self.threshold(),
            link: best.map(|s| s.decision.link),
        }
    }
}

/// Names the zone in which something moves, from the links' scores and which devices stand where.
///
/// A zone's score is the mean of the links' positive scores, weighted by how many of a link's ends lie in the zone.
/// The best zone is named when it leads the second by a factor of 1.3 for one second; until then it is *somewhere*.
///
/// - Cost: O(links x zones) a call
pub struct ZoneTracker<const LINKS: usize, const ZONES: usize> {
    any: AnyLink<LINKS>,
    ends: heapless::Vec<(LinkId, [Ends; ZONES]), LINKS>,
    leader: Option<(usize, Micros)>,
}

impl<const LINKS: usize, const ZONES: usize> ZoneTracker<LINKS, ZONES> {
    /// No link, no zone.
    pub fn new(config: DetectorConfig) -> Self {
        Self { any: AnyLink::new(config), ends: heapless::Vec::new(), leader: None }
    }

    /// Says how many ends of a link lie in a zone.
    ///
    /// # Errors
    /// [`Error::Capacity`] for a zone or a link beyond the last place.
    pub fn assign(&mut self, link: LinkId, zone: usize, ends: Ends) -> Result<(), Error> {
        if zone >= ZONES {
            return Err(Error::Capacity { name: "zones", limit: ZONES });
        }
        if !self.ends.iter().any(|(l, _)| *l == link) {
            let none = (link, [Ends::None; ZONES]);
            self.ends.push(none).map_err(|_| Error::Capacity { name: "links", limit: LINKS })?;
        }
        if let Some((_, row)) = self.ends.iter_mut().find(|(l, _)| *l == link) {
            row[zone] = ends;
        }
        Ok(())
    }

    /// Takes a link's decision.
    ///
    /// # Errors
    /// [`Error::Capacity`] for a link beyond the last place.
    pub fn push(&mut self, d: &Decision) -> Result<(), Error> {
        self.any.push(d)?;
        self.follow(d.t);
        Ok(())
    }

    /// Forgets a link and where its ends lie: its number may then stand for another.
    pub fn forget(&mut self, link: LinkId) {
        self.any.forget(link);
        self.ends.retain(|(l, _)| *l != link);
    }

    /// What all links say together.
    pub fn anywhere(&self, now: Micros) -> Anywhere {
        self.any.at(now)
    }

    /// Score of every zone: zero for a zone without a link that is heard.
    pub fn scores(&self, now: Micros) -> [f32; ZONES] {
        let mut sums = [(0.0f32, 0.0f32); ZONES];
        for seen in self.any.fresh(now) {
            let score = seen.decision.score.max(0.0);
            let row = self.ends.iter().find(|(l, _)| *l == seen.decision.link);
            for ((sum, weight), ends) in sums.iter_mut().zip(row.iter().flat_map(|(_, row)| row)) {
                *sum += ends.weight() * score;
                *weight += ends.weight();
            }
        }
        sums.map(|(sum, weight)| if weight > 0.0 { sum / weight } else { 0.0 })
    }

    fn follow(&mut self, now: Micros) {
        let scores = self.scores(now);
        let best = (0..ZONES).max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a)));
        let clear = best.filter(|&best| {
            let second = (0..ZONES).filter(|&z| z != best).map(|z| scores[z]).fold(0.0, f32::max);
            scores[best] > 0.0 && scores[best] >= MARGIN * second
        });
        self.leader = match (clear, self.leader) {
            (Some(zone), Some((same, since))) if zone == same => Some((same, since)),
            (Some(zone), _) => Some((zone, now)),
            (None, _) => None,
        };
    }

    /// Where something moves at `now`.
    pub fn place(&self, now: Micros) -> Place {
        match self.any.at(now).state {
            MotionState::Unknown => Place::Unknown,
            MotionState::Still => Place::Nowhere,
            MotionState::Moving => match self.leader {
                Some((zone, since)) if now.since(since) >= SETTLE => Place::Zone(zone),
                _ => Place::Somewhere,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(t: u64, link: u16, state: MotionState, score: f32) -> Decision {
        let (link, present) = (LinkId(link), Presence::Unknown);
        Decision { t: Micros(t), link, state, present, score, threshold: 5.0, frames: 30 }
    }

    #[test]
    fn the_rate_is_shared_by_the_links() {
        let config = DetectorConfig::default();
        let mut any = AnyLink::<8>::new(config);
        assert_eq!(any.at(Micros(0)).state, MotionState::Unknown);
        let alone = config.threshold();
        any.push(&d(0, 0, MotionState::Moving, alone + 0.01)).unwrap();
        assert_eq!(any.at(Micros(0)).state, MotionState::Moving);
        let mut any = AnyLink::<8>::new(config);
        for link in 1..8 {
            any.push(&d(0, link, MotionState::Still, 0.0)).unwrap();
        }
        any.push(&d(0, 0, MotionState::Moving, alone + 0.01)).unwrap();
        assert_eq!(any.at(Micros(0)).state, MotionState::Still, "one of eight links needs more");
        any.push(&d(1, 0, MotionState::Moving, any.threshold())).unwrap();
        any.push(&d(2, 0, MotionState::Moving, 1.0)).unwrap();
        assert_eq!(any.at(Micros(2)).state, MotionState::Moving, "holds until its own detector lets go");
        assert_eq!(
            any.push(&d(0, 9, MotionState::Still, 0.0)).unwrap_err(),
            Error::Capacity { name: "links", limit: 8 }
        );
        assert_eq!(any.at(Micros(3_000_000)).state, MotionState::Unknown, "old words do not count");
    }

    #[test]
    fn without_a_clear_lead_it_is_somewhere() {
        let mut zones = ZoneTracker::<2, 2>::new(DetectorConfig::default());
        zones.assign(LinkId(0), 0, Ends::Both).unwrap();
        zones.assign(LinkId(1), 1, Ends::Both).unwrap();
        for step in 0..8 {
            zones.push(&d(step * 250_000, 0, MotionState::Moving, 12.0)).unwrap();
            zones.push(&d(step * 250_000, 1, MotionState::Moving, 10.0)).unwrap();
        }
        assert_eq!(zones.place(Micros(1_750_000)), Place::Somewhere);
        assert_eq!(zones.assign(LinkId(0), 2, Ends::One).unwrap_err(), Error::Capacity { name: "zones", limit: 2 });
    }
}
