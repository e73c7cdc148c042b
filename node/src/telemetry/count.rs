//! Counters into shares and rates. Drivers and daemons count; what the planner needs is the last window.

use millpond_dsp::phy::{MacAddr, Micros};

use super::{NOBODY, overwrite};
use crate::net::nl80211::ChannelInfo;

/// Stations whose counters are kept at most.
const STATIONS: usize = 512;
/// Nobody's counters are kept for longer than an epoch.
const EPOCH: Micros = Micros(24 * 3_600_000_000);

/// How a driver's survey counters are to be read; nothing in the message tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SurveyCounters {
    /// By what the counters do.
    #[default]
    Auto,
    /// Since the radio started.
    Absolute,
    /// Since the last question.
    Delta,
    /// Absolute on the home channel, since the last question elsewhere.
    Mixed,
}

/// Shares of time by channel.
#[derive(Default)]
pub struct Airtime {
    how: SurveyCounters,
    /// What was read last, when, and the share that came of it.
    last: Vec<(ChannelInfo, Option<u16>)>,
    at: Option<Micros>,
}

impl Airtime {
    /// Counters that are read so.
    pub fn new(how: SurveyCounters) -> Self {
        Self { how, ..Self::default() }
    }

    /// The share of time in which others kept each channel busy, thousandths, for the window since the last call; channels
    /// without believable counters are left out.
    pub fn step(&mut self, now: Micros, surveys: &[ChannelInfo]) -> Vec<(ChannelInfo, u16)> {
        let elapsed_ms = self.at.map(|t| now.since(t).0 / 1000);
        let before = |s: &ChannelInfo| self.last.iter().find(|(b, _)| b.mhz == s.mhz).map(|(b, share)| (*b, *share));
        // On the home channel the time on the channel is the time that passed: it tells how this driver counts.
        let home = surveys.iter().find(|s| s.in_use).and_then(|s| Some((s.active_ms?, before(s)?.0.active_ms?)));
        let is_delta = home
            .zip(elapsed_ms)
            .is_some_and(|((now, last), elapsed)| now < last || now.abs_diff(elapsed) < (now - last).abs_diff(elapsed));
        let next: Vec<(ChannelInfo, Option<u16>)> = surveys
            .iter()
            .take(256)
            .map(|s| {
                let as_delta = match self.how {
                    SurveyCounters::Auto => is_delta,
                    SurveyCounters::Absolute => false,
                    SurveyCounters::Delta => true,
                    SurveyCounters::Mixed => !s.in_use,
                };
                (*s, share(s, before(s), as_delta))
            })
            .collect();
        (self.last, self.at) = (next, Some(now));
        self.last.iter().filter_map(|(s, share)| Some((*s, (*share)?))).collect()
    }
}

fn share(s: &ChannelInfo, before: Option<(ChannelInfo, Option<u16>)>, as_delta: bool) -> Option<u16> {
    let read = |s: &ChannelInfo| {
        let busy = s.busy_ms?;
        // Our own sending is not others'.
        Some((s.active_ms?, busy, s.tx_ms.unwrap_or(0).min(busy)))
    };
    let (active, busy, tx) = read(s)?;
    let since = match before.and_then(|(b, _)| read(&b)).filter(|_| !as_delta) {
        // Counters that fall were reset.
        Some((a, b, t)) if active >= a && busy >= b && tx >= t => (active - a, busy - b, tx - t),
        _ => (active, busy, tx),
    };
    match since {
        // It was not listened to since: the last word stands.
        (0, ..) => before.and_then(|(_, share)| share),
        (active, busy, _) if busy > active => None,
        (active, busy, tx) => Some(((busy - tx).saturating_mul(1000) / active) as u16),
    }
}

/// The most that each station moved in one window, kb/s: its busy hour as far as it was seen.
#[derive(Default)]
pub struct Demand(Vec<Moved>);

struct Moved {
    who: MacAddr,
    at: Micros,
    bytes: u64,
    most_kbps: u32,
}

impl Demand {
    /// Takes a station's byte counter; gives the most so far, at least 1.
    pub fn step(&mut self, now: Micros, who: MacAddr, bytes: u64) -> u32 {
        let m = self.of(now, who, bytes);
        // A counter that fell began anew.
        let (moved, ms) = (bytes.saturating_sub(m.bytes), now.since(m.at).0 / 1000);
        (m.at, m.bytes) = (now, bytes);
        m.most(moved, ms)
    }

    /// Takes what a station moved: bytes and the milliseconds in which it did. Gives the most so far, at least 1.
    pub fn note(&mut self, now: Micros, who: MacAddr, (bytes, ms): (u64, u64)) -> u32 {
        let m = self.of(now, who, 0);
        m.at = now;
        m.most(bytes, ms)
    }

    fn of(&mut self, now: Micros, who: MacAddr, bytes: u64) -> &mut Moved {
        self.0.retain(|m| m.who == who || now.since(m.at) < EPOCH);
        let at = self.0.iter().position(|m| m.who == who).unwrap_or_else(|| {
            if self.0.len() >= STATIONS {
                self.0.remove(0);
            }
            self.0.push(Moved { who, at: now, bytes, most_kbps: 1 });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

impl Moved {
    fn most(&mut self, bytes: u64, ms: u64) -> u32 {
        let kbps = bytes.saturating_mul(8).checked_div(ms).unwrap_or(0);
        self.most_kbps = self.most_kbps.max(u32::try_from(kbps).unwrap_or(u32::MAX));
        self.most_kbps
    }
}

impl Drop for Demand {
    fn drop(&mut self) {
        overwrite(&mut self.0, || Moved { who: NOBODY, at: Micros(0), bytes: 0, most_kbps: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(mhz: u32, in_use: bool, active: u64, busy: u64, tx: u64) -> ChannelInfo {
        ChannelInfo { mhz, in_use, noise_dbm: None, active_ms: Some(active), busy_ms: Some(busy), tx_ms: Some(tx) }
    }

    fn shares(how: SurveyCounters, windows: &[[u64; 3]]) -> Vec<Option<u16>> {
        let mut airtime = Airtime::new(how);
        let step = |(i, [active, busy, tx]): (usize, &[u64; 3])| {
            let now = Micros((i as u64 + 1) * 10_000_000);
            airtime.step(now, &[channel(5180, true, *active, *busy, *tx)]).first().map(|s| s.1)
        };
        windows.iter().enumerate().map(step).collect()
    }

    #[test]
    fn both_ways_of_counting_are_recognised() {
        // 30 % of others in each window, then 60 %; our own sending is 10 %.
        let absolute = [[90_000, 36_000, 9_000], [100_000, 40_000, 10_000], [110_000, 47_000, 11_000]];
        let delta = [[10_000, 4_000, 1_000], [10_010, 4_004, 1_001], [10_000, 7_000, 1_000]];
        for (how, windows) in [(SurveyCounters::Absolute, absolute), (SurveyCounters::Auto, absolute)] {
            assert_eq!(shares(how, &windows), [Some(300), Some(300), Some(600)]);
        }
        for how in [SurveyCounters::Delta, SurveyCounters::Auto] {
            assert_eq!(shares(how, &delta), [Some(300), Some(300), Some(600)]);
        }
    }

    #[test]
    fn resets_and_nonsense_are_survived() {
        let reset = [[90_000, 36_000, 9_000], [5_000, 2_000, 500], [15_000, 5_000, 500]];
        assert_eq!(shares(SurveyCounters::Absolute, &reset), [Some(300), Some(300), Some(300)]);
        assert_eq!(shares(SurveyCounters::Auto, &[[1_000, 2_000, 0]]), [None], "busier than the clock");
        let still = [[1_000, 500, 0], [1_000, 500, 0]];
        assert_eq!(shares(SurveyCounters::Absolute, &still), [Some(500); 2], "not listened to since");
        assert_eq!(shares(SurveyCounters::Absolute, &[[u64::MAX, u64::MAX, u64::MAX]]), [Some(0)]);
    }

    #[test]
    fn demand_is_the_most_of_any_window() {
        let (mut demand, who) = (Demand::default(), MacAddr([2; 6]));
        assert_eq!(demand.step(Micros(0), who, 1_000), 1);
        assert_eq!(demand.step(Micros(10_000_000), who, 1_251_000), 1_000);
        assert_eq!(demand.step(Micros(20_000_000), who, 1_251_000), 1_000);
        assert_eq!(demand.step(Micros(30_000_000), who, 0), 1_000, "it came anew");
        for i in 0..2 * STATIONS as u32 {
            let [a, b, c, d] = i.to_be_bytes();
            demand.step(Micros(30_000_000), MacAddr([2, 1, a, b, c, d]), 0);
        }
        assert!(demand.0.len() <= STATIONS);
    }
}
