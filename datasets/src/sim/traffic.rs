//! When frames arrive: rate, jitter, loss in bursts, duplicates, stalls; and bursts of interference on a channel.

use serde::{Deserialize, Serialize};

use super::draw::Draw;
use super::impair::Burst;

/// Arrival of packets on a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traffic {
    /// Mean delay behind the even grid as a share of the interval; Gamma-distributed with shape 2.
    pub jitter: f64,
    /// Loss.
    pub loss: Loss,
    /// Chance that a frame is logged twice.
    pub duplicate: f64,
    /// Chance that a frame is handed over behind its successor. It then steps back in time; 0 keeps the clock monotone.
    pub reorder: f64,
    /// Mean number of stalls an hour, in which nothing arrives.
    pub stalls_per_hour: f64,
    /// Mean length of a stall, s.
    pub stall_s: f64,
    /// A neighbour's load on the channel. It delays packets and leaves the samples alone.
    pub load: Option<Load>,
}

/// A busy channel for a time: a packet that finds it taken waits until it is free.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Share of the time in which the channel is taken: the chance that a packet waits.
    pub busy: f64,
    /// Mean wait of a packet that waits, ms; exponential, as the rest of a busy period without memory.
    pub wait_ms: f64,
    /// When the load sets in, s.
    pub from_s: f64,
    /// When it ends, s.
    pub to_s: f64,
}

/// Loss of packets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Loss {
    /// None.
    None,
    /// Each packet by itself.
    Independent {
        /// Chance of a loss.
        share: f64,
    },
    /// The two-state chain of Gilbert: in the bad state all packets are lost.
    Gilbert {
        /// Share of packets lost in the long run.
        share: f64,
        /// Mean number of packets lost in a row.
        burst: f64,
    },
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            jitter: 0.1,
            loss: Loss::None,
            duplicate: 0.0,
            reorder: 0.0,
            stalls_per_hour: 0.0,
            stall_s: 5.0,
            load: None,
        }
    }
}

/// One packet that arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arrival {
    /// Time, s.
    pub t: f64,
    /// Number of the packet as sent; lost ones leave gaps.
    pub number: u64,
    /// Handed over twice.
    pub twice: bool,
    /// Handed over behind the next one.
    pub late: bool,
}

/// State of one link's arrivals.
pub(crate) struct Arrivals {
    spec: Traffic,
    interval_s: f64,
    draw: Draw,
    load_draw: Draw,
    offset_s: f64,
    sent: u64,
    bad: bool,
    last_s: f64,
    stall: Option<(f64, f64)>,
}

impl Arrivals {
    /// The load draws from a stream of its own, so that it changes times and nothing else.
    pub fn new(spec: &Traffic, rate_hz: f64, mut draw: Draw, load_draw: Draw) -> Self {
        let interval_s = 1.0 / rate_hz;
        // Links do not beat in step: the first frame falls anywhere in the first interval.
        let offset_s = draw.between(0.0, interval_s);
        Self {
            spec: spec.clone(),
            interval_s,
            draw,
            load_draw,
            offset_s,
            sent: 0,
            bad: false,
            last_s: 0.0,
            stall: None,
        }
    }

    /// The next packet that is not lost.
    pub fn next(&mut self) -> Arrival {
        loop {
            let number = self.sent;
            self.sent += 1;
            let t = self.time(number);
            let lost = self.loses() || self.stalled(t);
            if !lost {
                let (twice, late) = (self.draw.chance(self.spec.duplicate), self.draw.chance(self.spec.reorder));
                return Arrival { t, number, twice, late };
            }
        }
    }

    fn time(&mut self, number: u64) -> f64 {
        let scale = 0.5 * self.spec.jitter * self.interval_s;
        let delay = if scale > 0.0 { self.draw.exponential(scale) + self.draw.exponential(scale) } else { 0.0 };
        let mut t = self.offset_s + number as f64 * self.interval_s + delay;
        t += self.wait(t);
        // Packets leave in order: none arrives before its forerunner, at least 100 us behind it.
        self.last_s = t.max(self.last_s + 1e-4);
        self.last_s
    }

    /// How long a packet waits for its neighbour at a time, s.
    fn wait(&mut self, t: f64) -> f64 {
        let Some(load) = self.spec.load.filter(|l| (l.from_s..l.to_s).contains(&t)) else { return 0.0 };
        if self.load_draw.chance(load.busy) { self.load_draw.exponential(1e-3 * load.wait_ms) } else { 0.0 }
    }

    fn loses(&mut self) -> bool {
        match self.spec.loss {
            Loss::None => false,
            Loss::Independent { share } => self.draw.chance(share),
            Loss::Gilbert { share, burst } => {
                let leave = 1.0 / burst;
                let enter = leave * share / (1.0 - share);
                self.bad = if self.bad { !self.draw.chance(leave) } else { self.draw.chance(enter) };
                self.bad
            }
        }
    }

    fn stalled(&mut self, t: f64) -> bool {
        if self.spec.stalls_per_hour <= 0.0 {
            return false;
        }
        let mean = 3600.0 / self.spec.stalls_per_hour;
        let (mut from, mut to) = self.stall.unwrap_or((0.0, 0.0));
        while to <= t {
            from = to + self.draw.exponential(mean);
            to = from + self.draw.exponential(self.spec.stall_s);
        }
        self.stall = Some((from, to));
        from <= t
    }
}

/// Bursts of foreign signals on the channel of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interference {
    /// Mean number of bursts a minute.
    pub per_min: f64,
    /// Mean length, ms: 5 to 500.
    pub length_ms: f64,
    /// Power over the noise, dB: 5 to 25.
    pub over_noise_db: f64,
    /// Share of the band that a burst covers: 1 all, 0.1 a Bluetooth slice in 20 MHz. It falls anywhere.
    #[serde(default = "whole")]
    pub share_of_band: f64,
}

fn whole() -> f64 {
    1.0
}

/// A microwave oven: its tube is fed by one half of each period of the mains and then covers the whole channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oven {
    /// Mains, Hz: 50 or 60.
    pub mains_hz: f64,
    /// Power over the noise, dB.
    pub over_noise_db: f64,
    /// When it is switched on, s.
    pub from_s: f64,
    /// When it is done, s.
    pub to_s: f64,
}

impl Oven {
    /// What of it meets a packet at a time.
    pub(crate) fn at(&self, t: f64) -> Option<Burst> {
        let periods = t * self.mains_hz;
        let on = (self.from_s..self.to_s).contains(&t) && periods - libm::floor(periods) < 0.5;
        on.then(|| Burst { over_noise: libm::pow(10.0, self.over_noise_db / 10.0), span: (0.0, 2.0) })
    }
}

/// The bursts of one channel as they come. Each link of a channel holds its own copy of one stream, so all meet the same.
pub(crate) struct Bursts {
    spec: Interference,
    draw: Draw,
    from: f64,
    to: f64,
    span: (f64, f64),
}

impl Bursts {
    pub fn new(spec: Interference, draw: Draw) -> Self {
        Self { spec, draw, from: 0.0, to: 0.0, span: (0.0, 0.0) }
    }

    /// The burst at a time; times ascend.
    pub fn at(&mut self, t: f64) -> Option<Burst> {
        while self.to <= t {
            self.from = self.to + self.draw.exponential(60.0 / self.spec.per_min);
            self.to = self.from + self.draw.exponential(1e-3 * self.spec.length_ms);
            let low = self.draw.between(0.0, 1.0 - self.spec.share_of_band);
            self.span = (low, if self.spec.share_of_band >= 1.0 { 2.0 } else { low + self.spec.share_of_band });
        }
        let over_noise = libm::pow(10.0, self.spec.over_noise_db / 10.0);
        (self.from <= t).then_some(Burst { over_noise, span: self.span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::draw::Purpose;

    fn arrivals(spec: Traffic, n: usize) -> Vec<Arrival> {
        let mut a = Arrivals::new(&spec, 50.0, Draw::new(5, Purpose::Traffic, 0), Draw::new(5, Purpose::Load, 0));
        (0..n).map(|_| a.next()).collect()
    }

    #[test]
    fn loss_has_its_rate_and_its_bursts() {
        for loss in [Loss::Independent { share: 0.2 }, Loss::Gilbert { share: 0.2, burst: 10.0 }] {
            let got = arrivals(Traffic { loss, ..Traffic::default() }, 40_000);
            let sent = got[got.len() - 1].number + 1;
            let lost = 1.0 - got.len() as f64 / sent as f64;
            // Binomial error, five sigma; with bursts a loss carries (2 b - 1) times the variance, less what stays good.
            let spread = if matches!(loss, Loss::Gilbert { .. }) { 2.0 * 10.0 - 1.0 } else { 1.0 };
            let sigma = (0.2 * 0.8 * spread / sent as f64).sqrt();
            assert!((lost - 0.2).abs() < 5.0 * sigma, "{loss:?}: {lost}");
            let gaps: Vec<u64> = got.windows(2).map(|w| w[1].number - w[0].number - 1).filter(|&g| g > 0).collect();
            let mean = gaps.iter().sum::<u64>() as f64 / gaps.len() as f64;
            let wanted = if spread > 1.0 { 10.0 } else { 1.25 };
            assert!((mean / wanted - 1.0).abs() < 0.08, "{loss:?}: {mean}");
        }
    }

    #[test]
    fn time_ascends_and_jitter_has_its_mean() {
        let got = arrivals(Traffic { jitter: 0.4, ..Traffic::default() }, 20_000);
        assert!(got.windows(2).all(|w| w[0].t < w[1].t));
        let delays: Vec<f64> = got.iter().map(|a| a.t - a.number as f64 / 50.0).collect();
        let (mean, least) = (delays.iter().sum::<f64>() / 2e4, delays.iter().fold(1.0, |m: f64, &d| m.min(d)));
        // The least of 20 000 delays is nearly none: what remains of it is the link's own offset.
        assert!(((mean - least) * 50.0 - 0.4).abs() < 0.03, "{mean} {least}");
    }

    #[test]
    fn stalls_take_their_share() {
        let got = arrivals(Traffic { stalls_per_hour: 60.0, stall_s: 5.0, ..Traffic::default() }, 200_000);
        let share = got.len() as f64 / (got[got.len() - 1].number + 1) as f64;
        // Mean 60 s apart for 5 s: 60 / 65 remain; about 70 stalls, so a standard error of 1.5 %.
        assert!((share - 60.0 / 65.0).abs() < 0.06, "{share}");
    }

    #[test]
    fn load_delays_its_share_of_packets_in_its_time_only() {
        let plain = arrivals(Traffic { jitter: 0.0, ..Traffic::default() }, 20_000);
        let load = Some(Load { busy: 0.4, wait_ms: 3.0, from_s: 100.0, to_s: 300.0 });
        let loaded = arrivals(Traffic { jitter: 0.0, load, ..Traffic::default() }, 20_000);
        let waits: Vec<(f64, f64)> = plain.iter().zip(&loaded).map(|(a, b)| (a.t, b.t - a.t)).collect();
        assert!(waits.iter().all(|(t, w)| (*w).abs() < 1e-12 || (100.0..301.0).contains(t)));
        let inside: Vec<f64> = waits.iter().filter(|(t, _)| (100.0..300.0).contains(t)).map(|w| w.1).collect();
        let delayed: Vec<f64> = inside.iter().copied().filter(|w| *w > 1e-9).collect();
        // 10 000 packets: a standard error of 0.5 % on the share and, of 4000 waits, 1.6 % on the mean.
        assert!((delayed.len() as f64 / inside.len() as f64 - 0.4).abs() < 0.03, "{}", delayed.len());
        let mean = delayed.iter().sum::<f64>() / delayed.len() as f64;
        assert!((mean / 3e-3 - 1.0).abs() < 0.08, "{mean}");
    }

    #[test]
    fn an_oven_is_on_in_one_half_of_each_period() {
        let oven = Oven { mains_hz: 60.0, over_noise_db: 20.0, from_s: 1.0, to_s: 3.0 };
        let at = |t: f64| oven.at(t).is_some();
        assert!(!at(0.5) && !at(3.001) && at(1.001) && !at(1.0 + 0.6 / 60.0));
        let on = (0..40_000).filter(|i| at(f64::from(*i) * 1e-4)).count();
        assert!((9_900..=10_100).contains(&on), "{on} of 40000 times, half of 20000 wanted");
        let turns = (0..40_000).filter(|i| at(f64::from(*i) * 1e-4) != at(f64::from(*i + 1) * 1e-4)).count();
        assert!((239..=241).contains(&turns), "{turns} changes in 120 periods");
    }

    #[test]
    fn bursts_take_their_share() {
        let spec = Interference { per_min: 60.0, length_ms: 100.0, over_noise_db: 20.0, share_of_band: 0.1 };
        let mut bursts = Bursts::new(spec, Draw::new(2, Purpose::Interference, 0));
        let hits = (0..100_000).filter(|i| bursts.at(f64::from(*i) * 0.01).is_some()).count();
        let share = hits as f64 / 1e5;
        assert!((share - 0.1 / 1.1).abs() < 0.015, "{share}");
    }
}
