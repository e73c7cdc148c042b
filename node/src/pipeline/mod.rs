//! Frames to zones: events in, messages out. No clock, no socket, no thread.
//!
//! ```text
//! Raw<Frame> -- link number, detector of the link --> decisions, 4 a second --> zones, once a second
//!     under a SensingPermit, inside Raw<Sense>                                      |
//!                                                      gate::zone -> Derived<Zone, Lan>
//! ```

mod sense;

use millpond_dsp::phy::Micros;
use millpond_report::handle::Shuffle;
use millpond_report::state::Silent;
use millpond_report::wire::Zone;
use millpond_report::wire::range::{LinkKind, Slot, ZoneId};
use millpond_report::{Derived, Lan, Privacy, Raw, SensingPermit, gate};

pub use self::sense::{Place, Sense};
use crate::capture::Frame;
use crate::message::Message;

/// What the logic wants done: messages for the sinks, in order.
pub type Actions = Vec<Message>;

/// Zones are told once a second, links every ten seconds.
const SECOND: Micros = Micros::SECOND;
const LINK_SECONDS: u64 = 10;

/// The five minutes of the day that a time falls into.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calendar {
    /// Seconds after midnight at the origin of the node's clock.
    pub origin_s: u32,
}

impl Calendar {
    /// The slot that runs at `now`.
    pub fn slot(&self, now: Micros) -> Slot {
        let second = (u64::from(self.origin_s) + now.0 / SECOND.0) % 86_400;
        Slot::new((second / 300) as i64)
    }
}

/// Frames to zone messages.
pub struct Pipeline {
    sense: Raw<Sense>,
    calendar: Calendar,
    handles: Shuffle,
    last: Vec<Option<Derived<Zone, Lan>>>,
    next: Micros,
    silent: bool,
    /// A new epoch has begun, and what is out of hearing is still to be forgotten.
    epoch: bool,
}

impl Pipeline {
    /// A pipeline over `zones` zones, numbered from 1.
    ///
    /// `places` says in which zone a known device stands. `handles` numbers the links for one epoch.
    pub fn new(zones: u8, places: &[Place], calendar: Calendar, handles: Shuffle) -> Self {
        let zones = zones.clamp(1, sense::ZONES as u8);
        let last = (0..zones).map(|_| None).collect();
        Self {
            sense: Raw::new(Sense::new(zones, places)),
            calendar,
            handles,
            last,
            next: Micros(0),
            silent: false,
            epoch: false,
        }
    }

    /// Gives the links new numbers: an erasure, or a new epoch. Who is out of hearing is forgotten with the next timer.
    pub fn set_handles(&mut self, handles: Shuffle) {
        (self.handles, self.epoch) = (handles, true);
    }

    /// Takes one frame. It gives nothing back today: zones are told by the timer, whatever arrives.
    pub fn on_frame(&mut self, permit: &SensingPermit<'_>, frame: &Raw<Frame>) -> Actions {
        gate::step(permit, &mut self.sense, frame, Sense::push);
        Actions::new()
    }

    /// Lets time pass: one message a zone and second, whatever happened. Call it at least four times a second.
    pub fn on_timer(&mut self, privacy: &Privacy, now: Micros) -> Actions {
        let mut actions = Actions::new();
        match privacy.sensing(now.0) {
            Ok(permit) => {
                self.silent = false;
                if std::mem::take(&mut self.epoch) {
                    gate::poll(&permit, &mut self.sense, now.0, Sense::begin_epoch);
                }
                gate::poll(&permit, &mut self.sense, now.0, Sense::tick);
                if self.is_due(now) {
                    self.tell(&permit, now, &mut actions);
                }
            }
            Err(silent) => {
                // What was learnt from samples goes with the samples.
                if !std::mem::replace(&mut self.silent, true) {
                    gate::wipe(&mut self.sense);
                    self.next = Micros(now.0 / SECOND.0 * SECOND.0);
                }
                if self.is_due(now) {
                    self.tell_off(&silent, now, &mut actions);
                }
            }
        }
        actions
    }

    /// True once a second; seconds that were missed are not made up for.
    fn is_due(&mut self, now: Micros) -> bool {
        let due = now >= self.next;
        if due {
            self.next = Micros((now.0 / SECOND.0 + 1) * SECOND.0);
        }
        due
    }

    fn tell(&mut self, permit: &SensingPermit<'_>, now: Micros, actions: &mut Actions) {
        let slot = self.calendar.slot(now);
        for (i, last) in self.last.iter_mut().enumerate() {
            let estimate = gate::poll(permit, &mut self.sense, (now.0, i), Sense::estimate);
            let zone = gate::zone(permit, zone_id(i), last.as_ref(), slot, Some(&estimate));
            *last = Some(zone);
            actions.push(Message::Zone(zone));
        }
        if now.0 / SECOND.0 % LINK_SECONDS == 0 {
            self.tell_links(permit, actions);
        }
    }

    fn tell_links(&mut self, permit: &SensingPermit<'_>, actions: &mut Actions) {
        for i in 0..sense::LINKS {
            let estimate = gate::poll(permit, &mut self.sense, i, Sense::link);
            // Handles are dealt for every place, so how many links there are shows by quality alone.
            let link = gate::link(permit, self.handles.nth(i), LinkKind::Sounding, &estimate);
            if link.get().quality.get() > 0 {
                actions.push(Message::Link(link));
            }
        }
    }

    fn tell_off(&mut self, silent: &Silent<'_>, now: Micros, actions: &mut Actions) {
        let slot = self.calendar.slot(now);
        for (i, last) in self.last.iter_mut().enumerate() {
            let zone = gate::zone_silent(silent, zone_id(i), last.as_ref(), slot);
            *last = Some(zone);
            actions.push(Message::Zone(zone));
        }
    }
}

fn zone_id(index: usize) -> ZoneId {
    ZoneId::new(index as i64 + 1)
}
