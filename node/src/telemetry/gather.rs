//! Several doors to the air's state, one report. A door that fails is tried again later and does not hold up the others.

use millpond_dsp::phy::{MacAddr, Micros};
use millpond_report::Raw;

use super::{AirReport, Reports, Station};

/// A door that failed is tried again after 10 s, then after twice as long each time, at most 5 minutes.
const RETRY: (Micros, Micros) = (Micros(10_000_000), Micros(300_000_000));
/// Stations, networks and channels of one report at most.
const MOST: usize = 1024;

/// The door does not answer; it is opened again at its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silent;

/// One way to learn what radios know.
pub trait Door: Send {
    /// Adds what it knows of the window that ends at `now`.
    ///
    /// # Errors
    /// It does not answer. What it added before stays.
    fn add(&mut self, now: Micros, report: &mut AirReport) -> Result<(), Silent>;

    /// Called about once a second: connections that want answers get them.
    fn tend(&mut self) {}
}

struct Turn {
    door: Box<dyn Door>,
    silent: bool,
    wait: Micros,
    next: Micros,
}

/// Reports of a home's real devices. Where two doors tell of the same thing, the one named first has the word.
pub struct Gather {
    turns: Vec<Turn>,
    gateway: Option<MacAddr>,
}

impl Gather {
    /// Doors in the order of the settings, and the pod with the internet line.
    pub fn new(doors: Vec<Box<dyn Door>>, gateway: Option<MacAddr>) -> Self {
        let turn = |door| Turn { door, silent: false, wait: RETRY.0, next: Micros(0) };
        Self { turns: doors.into_iter().map(turn).collect(), gateway }
    }
}

impl Reports for Gather {
    fn report(&mut self, now: Micros) -> Raw<AirReport> {
        let mut report = AirReport { gateway: self.gateway, ..AirReport::default() };
        for turn in self.turns.iter_mut().filter(|t| now >= t.next) {
            match turn.door.add(now, &mut report) {
                Ok(()) => (turn.silent, turn.wait) = (false, RETRY.0),
                Err(Silent) => {
                    turn.silent = true;
                    turn.next = now + turn.wait;
                    turn.wait = Micros((turn.wait.0 * 2).min(RETRY.1.0));
                }
            }
        }
        tidy(&mut report);
        Raw::new(report)
    }

    fn tend(&mut self) {
        self.turns.iter_mut().for_each(|t| t.door.tend());
    }

    fn missing(&self) -> u32 {
        self.turns.iter().filter(|t| t.silent).count() as u32
    }
}

/// Takes out what was told before, and what is more than is used.
fn tidy(r: &mut AirReport) {
    first(&mut r.radios, |a, b| (a.pod, a.band) == (b.pod, b.band));
    first(&mut r.surveys, |a, b| (a.pod, a.band, a.channel) == (b.pod, b.band, b.channel));
    first(&mut r.neighbours, |a, b| (a.pod, a.bssid, a.band) == (b.pod, b.bssid, b.band));
    stations(&mut r.stations);
    first(&mut r.pod_losses, |a, b| a.band == b.band && same_pair(a.pods, b.pods));
    first(&mut r.radar, |a, b| a == b);
}

/// One entry a station: where the first door says that it is, with all losses and the most that any door saw it want.
fn stations(all: &mut Vec<Station>) {
    let mut kept: Vec<Station> = Vec::with_capacity(all.len().min(MOST));
    for mut s in all.drain(..) {
        if let Some(k) = kept.iter_mut().find(|k| k.address == s.address) {
            k.demand_kbps = k.demand_kbps.max(s.demand_kbps);
            s.losses.retain(|l| !k.losses.iter().any(|known| (known.0, known.1) == (l.0, l.1)));
            k.losses.append(&mut s.losses);
        } else if kept.len() < MOST {
            kept.push(s);
        }
    }
    *all = kept;
}

fn same_pair<T: PartialEq>(a: (T, T), b: (T, T)) -> bool {
    a.0 == b.0 && a.1 == b.1 || a.0 == b.1 && a.1 == b.0
}

fn first<T>(all: &mut Vec<T>, same: impl Fn(&T, &T) -> bool) {
    let mut kept: Vec<T> = Vec::with_capacity(all.len().min(MOST));
    for item in all.drain(..) {
        if kept.len() < MOST && !kept.iter().any(|k| same(k, &item)) {
            kept.push(item);
        }
    }
    *all = kept;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

    use super::*;

    struct Flaky(Arc<AtomicBool>, Arc<AtomicU32>);

    impl Door for Flaky {
        fn add(&mut self, _: Micros, _: &mut AirReport) -> Result<(), Silent> {
            self.1.fetch_add(1, Relaxed);
            if self.0.load(Relaxed) { Ok(()) } else { Err(Silent) }
        }
    }

    #[test]
    fn a_silent_door_is_asked_less_and_less_and_comes_back() {
        let (well, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut gather = Gather::new(vec![Box::new(Flaky(Arc::clone(&well), Arc::clone(&asked)))], None);
        for ten in 0..360 {
            gather.report(Micros(ten * 10_000_000));
        }
        assert_eq!(gather.missing(), 1);
        let often = asked.load(Relaxed);
        assert!((12..=20).contains(&often), "an hour of five-minute waits: {often}");
        well.store(true, Relaxed);
        gather.report(Micros(2 * 3_600_000_000));
        assert_eq!(gather.missing(), 0);
        gather.report(Micros(2 * 3_600_000_000 + 1));
        assert_eq!(asked.load(Relaxed), often + 2, "asked each time again");
    }
}
