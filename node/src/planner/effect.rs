//! What a change did: who was served before it and is not any more.

use std::collections::VecDeque;

use millpond_dsp::phy::{Band, MacAddr, Micros};
use millpond_report::estimate::DecisionInput;

use crate::convert;
use crate::telemetry::{AirReport, Home, NOBODY, overwrite};

/// Clients that missed an announced switch look for their network again; a minute is several times what that takes.
const SETTLE: Micros = Micros(60_000_000);
/// A radio of which nothing is heard for as long as this after the change is lost.
const SILENT: Micros = Micros(180_000_000);
/// Reports in which a station must have been to count as served: one that passes by is not lost.
const STEADY: usize = 3;

/// Who is served, in one report.
#[derive(Clone, Default)]
struct Served {
    stations: Vec<MacAddr>,
    /// Backhauls by pods, either way round.
    pairs: Vec<(usize, usize)>,
    radios: Vec<(usize, Band)>,
}

impl Drop for Served {
    /// Overwrites the addresses, those that were sorted out too.
    fn drop(&mut self) {
        overwrite(&mut self.stations, || NOBODY);
    }
}

/// The change that is watched.
struct Watch {
    decision: DecisionInput,
    before: Served,
    done: Option<Micros>,
}

/// Watches one change after another.
#[derive(Default)]
pub(super) struct Effect {
    now: Micros,
    reports: VecDeque<Served>,
    /// When the newest report came.
    at: Option<Micros>,
    watch: Option<Watch>,
}

impl Effect {
    /// The time of the report that comes next.
    pub(super) fn set_time(&mut self, now: Micros) {
        self.now = now;
    }

    /// Takes a report.
    pub(super) fn take(&mut self, home: &Home, report: &AirReport) {
        let pair = |(a, b): (MacAddr, MacAddr)| Some((home.pod(a)?, home.pod(b)?)).map(|(a, b)| (a.min(b), a.max(b)));
        if self.reports.len() >= STEADY {
            self.reports.pop_front();
        }
        self.reports.push_back(Served {
            stations: report.stations.iter().map(|s| s.address).collect(),
            pairs: report.pod_losses.iter().filter_map(|p| pair(p.pods)).collect(),
            radios: report.radios.iter().filter_map(|r| Some((home.pod(r.pod)?, r.band))).collect(),
        });
        self.at = Some(self.now);
    }

    /// Remembers who is served, before a decision is done.
    pub(super) fn remember(&mut self, decision: Option<DecisionInput>) {
        let steady = |is: &dyn Fn(&Served) -> bool| self.reports.iter().all(is);
        let mut before = self.reports.back().cloned().unwrap_or_default();
        before.stations.retain(|s| steady(&|r| r.stations.contains(s)));
        before.pairs.retain(|p| steady(&|r| r.pairs.contains(p)));
        self.watch = decision.map(|decision| Watch { decision, before, done: None });
    }

    /// The decision was done.
    pub(super) fn done(&mut self, number: u16, now: Micros) {
        let same = |w: &&mut Watch| w.decision.number % 65_536 == u32::from(number);
        self.watch.as_mut().filter(same).into_iter().for_each(|w| w.done = Some(now));
    }

    /// The decision with its effect, once it can be told.
    pub(super) fn judge(&mut self, now: Micros) -> Option<DecisionInput> {
        let (watch, at) = (self.watch.as_ref()?, self.at?);
        let done = watch.done?;
        let to = &watch.decision.to;
        let radio = (usize::from(to.node).checked_sub(1)?, convert::phy_band(to.band));
        // Nothing was known of the radio before: nothing can be told of it after.
        if !watch.before.radios.contains(&radio) {
            self.watch = None;
            return None;
        }
        let after = self.reports.back().filter(|r| at >= done + SETTLE && r.radios.contains(&radio));
        let measured = match after {
            Some(after) => loss(&watch.before, after),
            None if now >= done + SILENT => -1000,
            None => return None,
        };
        let mut decision = watch.decision;
        decision.measured_tenths = Some(measured);
        self.watch = None;
        Some(decision)
    }

    /// Overwrites who was served.
    pub(super) fn forget(&mut self) {
        (self.watch, self.at) = (None, None);
        self.reports.clear();
    }
}

/// Tenths of a percent: all of it when a backhaul has gone.
fn loss(before: &Served, after: &Served) -> i32 {
    if before.pairs.iter().any(|p| !after.pairs.contains(p)) {
        return -1000;
    }
    let lost = before.stations.iter().filter(|s| !after.stations.contains(s)).count();
    // One of many is a loss too: it is never rounded to none.
    -((lost * 1000).div_ceil(before.stations.len().max(1)) as i32)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use millpond_dsp::phy::Bandwidth;
    use millpond_report::estimate::RadioSetting;
    use millpond_report::wire::range::{Band as WireBand, Width};

    use super::*;
    use crate::telemetry::{OwnRadio, PodPair, Station};

    const POD: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const LEAF: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

    fn report(stations: &[u8], backhaul: bool, radio: bool) -> AirReport {
        let band = Band::Ghz5;
        let own = OwnRadio { pod: POD, ssid: String::new(), band, primary: 36, width: Bandwidth::Mhz80, eirp_dbm: 20 };
        let station = |n: &u8| Station {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ..Station::nameless(MacAddr([2, 0, 0, 0, 9, *n]), (POD, band))
        };
        AirReport {
            radios: radio.then_some(own).into_iter().collect(),
            stations: stations.iter().map(station).collect(),
            pod_losses: backhaul.then_some(PodPair { pods: (LEAF, POD), band, loss_db: 70 }).into_iter().collect(),
            ..AirReport::default()
        }
    }

    /// The effect of decision 7, when the reports of the minutes after it are as given.
    fn effect(after: &[AirReport]) -> Option<i32> {
        let home = Home { country: "EU".into(), pods: vec![POD, LEAF], others: Vec::new() };
        let setting =
            |channel| RadioSetting { node: 1, band: WireBand::Ghz5, channel, width: Width::Mhz80, power_dbm: 20 };
        let mut decision = DecisionInput::keep(7, setting(36));
        decision.to = setting(149);
        let mut effect = Effect::default();
        // Station 9 passes by.
        for stations in [&[1, 2, 3, 4][..], &[1, 2, 3, 4], &[1, 2, 3, 4, 9]] {
            effect.take(&home, &report(stations, true, true));
        }
        effect.remember(Some(decision));
        effect.done(8, Micros(0));
        assert!(effect.judge(Micros(0)).is_none(), "another one was done");
        effect.done(7, Micros(0));
        let mut told = None;
        for (i, r) in after.iter().enumerate() {
            let now = Micros((i as u64 + 1) * 60_000_000);
            effect.set_time(now);
            effect.take(&home, r);
            told = told.or(effect.judge(now));
            assert!(told.is_none() || effect.judge(now).is_none(), "it is told once");
        }
        told.map(|d| d.measured_tenths.unwrap())
    }

    #[test]
    fn lost_stations_and_backhauls_are_counted() {
        assert_eq!(effect(&[report(&[4, 3, 2, 1], true, true)]), Some(0));
        assert_eq!(effect(&[report(&[2, 3, 4], true, true)]), Some(-250));
        assert_eq!(effect(&[report(&[1, 2, 3, 4], false, true)]), Some(-1000));
        assert_eq!(effect(&[report(&[], true, true)]), Some(-1000));
    }

    #[test]
    fn a_radio_that_is_silent_is_lost_after_three_minutes() {
        let silent = || AirReport::default();
        assert_eq!(effect(&[silent(), silent()]), None);
        assert_eq!(effect(&[silent(), silent(), silent()]), Some(-1000));
        assert_eq!(effect(&[silent(), report(&[1, 2, 3, 4], true, true)]), Some(0));
    }
}
