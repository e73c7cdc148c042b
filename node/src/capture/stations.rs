//! Levels of an interface's stations as links: every driver has them. They see a body that crosses a link or comes near
//! it, and no more.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use millpond_dsp::phy::{Dbm, MacAddr, Micros};
use millpond_report::{Raw, SensingPermit, Wipe, gate};

use super::{Ends, Frame, Source, Waited};
use crate::net::nl80211::Nl80211;

const PATIENCE: Duration = Duration::from_secs(1);
/// Stations that are listened to at most: as many as there are links.
const STATIONS: usize = 32;
/// A station that was not heard for this long has no new level.
const STALE_MS: u32 = 2_000;

/// The stations of an interface, asked a few times a second.
pub struct StationsSource {
    interface: String,
    every: Micros,
    next: Micros,
    receiver: Raw<Receiver>,
    said: Arc<Said>,
}

/// What the sealed side lets be known.
#[derive(Default)]
struct Said {
    more: AtomicBool,
    open: AtomicBool,
    lost: AtomicBool,
}

impl StationsSource {
    /// An interface, and how many times a second its stations are asked for.
    pub fn new(interface: String, rate_hz: u8) -> Self {
        let every = Micros(1_000_000 / u64::from(rate_hz.max(1)));
        Self { interface, every, next: Micros(0), receiver: Raw::new(Receiver::empty()), said: Arc::default() }
    }

    fn open(&mut self) -> io::Result<()> {
        let mut connection = Nl80211::open(PATIENCE)?;
        let interface = connection.interface(&self.interface)?;
        let own = interface.address.unwrap_or(MacAddr([0; 6]));
        self.said = Arc::default();
        self.said.open.store(true, Relaxed);
        let open = Some((connection, interface.index));
        self.receiver = Raw::new(Receiver { open, own, said: Arc::clone(&self.said), ..Receiver::empty() });
        Ok(())
    }

    fn shut(&mut self) {
        self.receiver = Raw::new(Receiver::empty());
        self.said = Arc::default();
    }
}

impl Source for StationsSource {
    fn next_at(&self) -> Option<Micros> {
        Some(if self.said.more.load(Relaxed) { Micros(0) } else { self.next })
    }

    fn wait(&mut self, _: Duration) -> Waited {
        if self.said.lost.load(Relaxed) {
            self.shut();
            return Waited::Fault;
        }
        if !self.said.open.load(Relaxed) && self.open().is_err() {
            return Waited::Fault;
        }
        Waited::Ready
    }

    fn read(&mut self, permit: &SensingPermit<'_>, now: Micros, place: &mut Raw<Frame>) -> bool {
        if !self.said.more.load(Relaxed) {
            self.next = now + self.every;
        }
        gate::poll(permit, &mut self.receiver, now.0, Receiver::receive);
        gate::step(permit, place, &self.receiver, |place, receiver| match receiver.heard {
            Some((t, ends, level)) => {
                place.fill_level(t, ends, level);
                true
            }
            None => {
                place.wipe();
                false
            }
        });
        true
    }

    fn close(&mut self, _: Micros) {
        self.shut();
    }
}

/// The sealed side: the connection, and levels that were not handed out yet.
struct Receiver {
    open: Option<(Nl80211, u32)>,
    own: MacAddr,
    said: Arc<Said>,
    waiting: VecDeque<(MacAddr, i8)>,
    heard: Option<(Micros, Ends, Dbm)>,
}

impl Receiver {
    fn empty() -> Self {
        Self { open: None, own: MacAddr([0; 6]), said: Arc::default(), waiting: VecDeque::new(), heard: None }
    }

    fn receive(&mut self, now_us: u64) {
        if let (true, Some((connection, index))) = (self.waiting.is_empty(), &mut self.open) {
            match connection.stations(*index) {
                Ok(stations) => {
                    let fresh = stations.iter().filter(|s| s.idle_ms <= STALE_MS);
                    let levels = fresh.filter_map(|s| Some((s.address, s.signal_dbm?)));
                    self.waiting.extend(levels.take(STATIONS));
                }
                Err(_) => self.said.lost.store(true, Relaxed),
            }
        }
        let next = self.waiting.pop_front();
        self.heard = next.map(|(tx, level)| (Micros(now_us), Ends { tx, rx: self.own }, Dbm(level.into())));
        self.said.more.store(!self.waiting.is_empty(), Relaxed);
    }
}

impl Wipe for Receiver {
    fn wipe(&mut self) {
        self.open = None;
        self.own = MacAddr([0; 6]);
        self.waiting.iter_mut().for_each(|w| *w = (MacAddr([0; 6]), 0));
        self.waiting.clear();
        self.heard = None;
        std::hint::black_box(self);
    }
}
