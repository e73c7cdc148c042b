//! From a report with addresses to a site with the household's numbers.

use millpond_dsp::phy::{Band, Bandwidth, Channel, MacAddr};
use millpond_optimizer::model::site::Setting;
use millpond_optimizer::model::{Site, SiteBuilder};
use millpond_report::estimate::RadioSurvey;
use millpond_report::wire::range::Blocked;

use super::{AirReport, OwnRadio};
use crate::convert;

/// Regulatory domain when the household set none: the rules that are narrowest over all.
pub const DEFAULT_COUNTRY: &str = "EU";
/// Most that home radios can do, where a driver does not say.
const WIDTHS: [Bandwidth; 3] = [Bandwidth::Mhz20, Bandwidth::Mhz40, Bandwidth::Mhz80];

/// What the household told the node about its pods. Class R: it names addresses.
#[derive(Clone)]
pub struct Home {
    /// Country code.
    pub country: String,
    /// The pods by number, from node 1.
    pub pods: Vec<MacAddr>,
    /// Other addresses of pods, with the index of each pod: radios of other bands, and the station of a backhaul.
    pub others: Vec<(MacAddr, usize)>,
}

impl Home {
    /// Index of a pod; `None` for a stranger.
    pub fn pod(&self, address: MacAddr) -> Option<usize> {
        let other = || self.others.iter().find(|(a, _)| *a == address).map(|(_, pod)| *pod);
        self.pods.iter().position(|p| *p == address).or_else(other)
    }

    /// The home's radios with the index of their pod, by pod and band.
    pub fn radios<'a>(&self, report: &'a AirReport) -> Vec<(usize, &'a OwnRadio)> {
        let mut radios: Vec<_> = report.radios.iter().filter_map(|r| Some((self.pod(r.pod)?, r))).collect();
        radios.sort_by_key(|(pod, r)| (*pod, r.band, r.primary));
        radios
    }

    /// The site of a report. Everything stands in the order of the household's numbers, then of what was measured: two
    /// entries that are equal in all of that may change places without a trace.
    pub fn site(&self, report: &AirReport) -> Site {
        let mut b = SiteBuilder::new(&self.country);
        self.pods.iter().for_each(|pod| _ = b.pod(report.gateway == Some(*pod)));
        let radios = self.radios(report);
        let mut numbers: Vec<(usize, Band, usize)> = Vec::new();
        for (pod, r) in &radios {
            let now = Setting { primary: r.primary, width: r.width, center: None, punctured: 0, eirp_dbm: r.eirp_dbm };
            let widths = if r.band == Band::Ghz2 { &WIDTHS[..2] } else { &WIDTHS[..] };
            let number = b.radio(*pod, r.band, widths, r.eirp_dbm, Some(now));
            numbers.push((*pod, r.band, number));
        }
        let radio = |pod: usize, band: Band| numbers.iter().find(|n| (n.0, n.1) == (pod, band)).map(|n| n.2);
        self.add_losses(report, &mut b);
        self.add_uplinks(report, &mut b, &radio);
        self.add_stations(report, &mut b, &radio);
        self.add_air(report, &mut b);
        b.build()
    }

    fn add_losses(&self, report: &AirReport, b: &mut SiteBuilder) {
        let pair = |p: &super::PodPair| {
            let (x, y) = (self.pod(p.pods.0)?, self.pod(p.pods.1)?);
            Some((x.min(y), x.max(y), p.band, p.loss_db))
        };
        sorted(report.pod_losses.iter().filter_map(pair)).into_iter().for_each(|(x, y, band, loss)| {
            b.loss(x, y, band, loss);
        });
    }

    /// Every pod but the gateway has its uplink on the gateway's highest band that both have.
    fn add_uplinks(&self, report: &AirReport, b: &mut SiteBuilder, radio: &dyn Fn(usize, Band) -> Option<usize>) {
        let Some(gateway) = report.gateway.and_then(|g| self.pod(g)) else { return };
        for pod in (0..self.pods.len()).filter(|p| *p != gateway) {
            let common = Band::ALL.into_iter().rev().find_map(|band| Some((radio(gateway, band)?, radio(pod, band)?)));
            if let Some((parent_radio, own)) = common {
                b.uplink(pod, gateway, parent_radio, own);
            }
        }
    }

    fn add_stations(&self, report: &AirReport, b: &mut SiteBuilder, radio: &dyn Fn(usize, Band) -> Option<usize>) {
        let stations = report.stations.iter().map(|s| {
            let losses = s.losses.iter().filter_map(|(pod, band, loss)| Some((self.pod(*pod)?, *band, *loss)));
            let at = self.pod(s.at.0).and_then(|pod| Some((pod, radio(pod, s.at.1)?)));
            (s.demand_kbps, sorted(losses), at)
        });
        for (demand, losses, at) in sorted(stations) {
            b.client(demand, &losses, at);
        }
    }

    fn add_air(&self, report: &AirReport, b: &mut SiteBuilder) {
        let heard = report
            .neighbours
            .iter()
            .filter_map(|n| Some((self.pod(n.pod)?, n.band, n.primary, n.width, n.level_dbm, n.duty_permille)));
        for (pod, band, primary, width, level, duty) in sorted(heard) {
            b.neighbour(pod, band, primary, width, level, duty);
        }
        let surveys = report.surveys.iter();
        let surveys = surveys.filter_map(|s| Some((self.pod(s.pod)?, s.band, s.channel, s.busy_permille, s.noise_dbm)));
        for (pod, band, channel, busy, noise) in sorted(surveys) {
            b.survey(pod, band, channel, busy, Some(noise));
        }
        for channel in sorted(report.radar.iter().copied()) {
            b.radar(channel, 1, true);
        }
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = items.collect();
    all.sort_unstable();
    all
}

/// What one radio's message rests on: sums over its own channel.
pub fn survey_of(home: &Home, report: &AirReport, pod: usize, radio: &OwnRadio) -> RadioSurvey {
    let channel = Channel::new(radio.band, radio.primary, radio.width);
    let here = |band: Band, primary: u8| {
        let twenty = Channel::new(band, primary, Bandwidth::Mhz20);
        band == radio.band && channel.zip(twenty).is_some_and(|(a, b)| a.overlaps(b))
    };
    let on_it = || report.surveys.iter().filter(|s| home.pod(s.pod) == Some(pod) && here(s.band, s.channel));
    // A wide channel is as busy as its busiest part.
    let busy = on_it().map(|s| s.busy_permille).max().unwrap_or(0);
    let noise_dbm = on_it().map(|s| s.noise_dbm).max().unwrap_or(-95);
    let heard = |n: &&super::ForeignBss| {
        let theirs = Channel::new(n.band, n.primary, n.width);
        home.pod(n.pod) == Some(pod) && n.band == radio.band && channel.zip(theirs).is_some_and(|(a, b)| a.overlaps(b))
    };
    let served = |s: &&super::Station| home.pod(s.at.0) == Some(pod) && s.at.1 == radio.band;
    let is_blocked = || radio.band == Band::Ghz5 && report.radar.iter().any(|c| here(Band::Ghz5, *c));
    RadioSurvey {
        channel: radio.primary,
        width: convert::width(radio.width),
        busy_ms: busy.into(),
        active_ms: 1000,
        noise_dbm: noise_dbm.clamp(-128, 0) as i16,
        neighbours: report.neighbours.iter().filter(heard).count() as u32,
        stations: report.stations.iter().filter(served).count() as u32,
        blocked: if is_blocked() { Blocked::Radar } else { Blocked::No },
    }
}

#[cfg(test)]
mod tests {
    use millpond_optimizer::env::Environment;
    use millpond_optimizer::plan_site;

    use super::*;
    use crate::telemetry::{ChannelSurvey, Household};

    /// A home as real doors tell it: one pod, levels of stations, nothing else known.
    #[test]
    fn what_real_doors_tell_can_be_planned() {
        let pod = MacAddr([2, 0, 0, 0, 0, 1]);
        let home = Home { country: "EU".into(), pods: vec![pod], others: Vec::new() };
        let mut report = AirReport { gateway: Some(pod), ..AirReport::default() };
        let (band, ssid) = (Band::Ghz5, String::new());
        report.radios.push(OwnRadio { pod, ssid, band, primary: 36, width: Bandwidth::Mhz20, eirp_dbm: 20 });
        for (channel, busy_permille) in [(36, 900), (40, 900), (44, 10), (48, 10)] {
            report.surveys.push(ChannelSurvey { pod, band, channel, busy_permille, noise_dbm: -95 });
        }
        let household = Household::new(home.clone(), 0);
        household.add_station(&mut report, MacAddr([2, 0, 0, 0, 1, 1]), band, -50, 20, 500_000);
        report.radar.push(52);
        let site = home.site(&report);
        let plan = plan_site(&site, &Environment::new()).unwrap();
        assert_ne!(plan.radios[0].primary, 36, "away from the busy channel");
    }
}
