//! One row of a fleet as a site for the planner.
//!
//! What a measurement gets wrong (a beacon on a channel that does not exist) is dropped and counted; what a home's
//! description gets wrong (two pods of one number) is left to [`validate`](crate::validate), which names it by code.

use millpond_dsp::phy::{Band, Bandwidth};

use super::config::Config;
use super::schema::Fleet;
use crate::model::SiteBuilder;
use crate::model::site::{
    Attachment, Choice, Client, ClientLoss, DfsState, Neighbour, Phy, Pod, PodLoss, PowerClass, Radio, Setting, Site,
    Survey, Uplink, Wire,
};
use crate::rf::chart::find;

/// A row's site, and how its pods and radios are called in the row.
pub struct Home {
    /// The question.
    pub site: Site,
    /// By the site's pods: their numbers in the row.
    pub pods: Vec<PodKey>,
    /// By the site's stations: their pseudonyms.
    pub clients: Vec<Option<i64>>,
    /// Neighbours and surveys that no channel fits.
    pub dropped: u32,
}

/// What a pod of the site is in the row.
pub struct PodKey {
    /// Its number.
    pub number: i32,
    /// Its index in the columns.
    pub at: usize,
    /// Its radios: number, and index in the columns.
    pub radios: Vec<(i32, usize)>,
}

/// A fault of a row that the planner is not asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The row is too large: pods, stations.
    TooLarge(usize, usize),
    /// A radio's band is none: pod and radio.
    Band(i32, i32),
}

/// EIRP of a radio that tells neither what it uses nor what it may use: what every country allows in every band.
const DEFAULT_EIRP_DBM: i32 = 14;
/// Path losses that the planner knows, in dB.
const LOSSES: (i32, i32) = (20, 200);
/// What a band loses over 2.4 GHz by its frequency: 20 lg of 5.5 and 6.2 over 2.44.
const OVER_2G_DB: [i32; 3] = [0, 7, 8];

const WIDTHS: [Bandwidth; 5] =
    [Bandwidth::Mhz20, Bandwidth::Mhz40, Bandwidth::Mhz80, Bandwidth::Mhz160, Bandwidth::Mhz320];

/// A number that may be one: no NaN, no infinity.
fn finite(x: Option<f32>) -> Option<f32> {
    x.filter(|x| x.is_finite())
}

/// A level or power in whole dB, within what an `i32` of dB can mean.
fn whole(x: Option<f32>) -> Option<i32> {
    finite(x).map(|x| libm::roundf(x.clamp(-1_000.0, 1_000.0)) as i32)
}

fn permille(x: f32) -> u16 {
    libm::roundf(x.clamp(0.0, 1.0) * 1_000.0) as u16
}

fn small(x: Option<i32>) -> Option<u8> {
    x.and_then(|x| u8::try_from(x).ok())
}

fn width(mhz: Option<i32>) -> Option<Bandwidth> {
    mhz.and_then(|w| u16::try_from(w).ok()).and_then(|w| Bandwidth::try_from(w).ok())
}

/// The number of a centre frequency.
fn center(band: Band, mhz: Option<i32>) -> Option<u8> {
    let base = [2_407, 5_000, 5_950][band as usize];
    mhz.filter(|m| (m - base) % 5 == 0).and_then(|m| u8::try_from((m - base) / 5).ok())
}

/// A band by its word, and the primaries that the halves of 5 GHz have.
fn band(word: Option<&str>) -> Option<(Band, &'static [u8])> {
    match word? {
        "2g" | "2.4" => Some((Band::Ghz2, &[])),
        "5g" | "5" => Some((Band::Ghz5, &[])),
        "5gl" => Some((Band::Ghz5, &[36, 40, 44, 48, 52, 56, 60, 64])),
        "5gu" => {
            Some((Band::Ghz5, &[100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 144, 149, 153, 157, 161, 165]))
        }
        "6g" | "6" => Some((Band::Ghz6, &[])),
        _ => None,
    }
}

fn phy(word: Option<&str>) -> Phy {
    match word {
        Some("n" | "ht" | "g" | "b" | "a") => Phy::Ht,
        Some("ac" | "vht") => Phy::Vht,
        Some("be" | "eht") => Phy::Eht,
        _ => Phy::He,
    }
}

/// Averages entries of one key.
fn means<K: Ord + Copy>(mut all: Vec<(K, f32, f32)>) -> impl Iterator<Item = (K, f32)> {
    // Sorted by value as well, so that a sum does not depend on who reported first.
    all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)));
    let mut out: Vec<(K, f32)> = Vec::with_capacity(all.len());
    for run in all.chunk_by(|a, b| a.0 == b.0) {
        let weight: f32 = run.iter().map(|r| r.2).sum();
        out.push((run[0].0, run.iter().map(|r| r.1 * r.2).sum::<f32>() / weight));
    }
    out.into_iter()
}

/// Reads a row.
///
/// - Errors: what cannot be put to the planner at all
/// - Cost: some microseconds for a home of three pods; every id of the site is a string
pub fn read(fleet: &Fleet, row: usize, config: &Config) -> Result<Home, Fault> {
    let mut reader = Reader { fleet, config, home: blank(fleet.country.get(row).unwrap_or_default()) };
    let pods = &fleet.pods;
    let all: Vec<usize> = pods.entries(row).collect();
    let stations: usize = all.iter().map(|&p| pods.items.clients.range(p).len()).sum();
    if all.len() > config.max_pods as usize || stations > config.max_clients as usize {
        return Err(Fault::TooLarge(all.len(), stations));
    }
    reader.home.site.policy = config.policy.clone();
    reader.home.site.quiet_window = config.quiet_window;
    for (i, &at) in all.iter().enumerate() {
        reader.add_pod(i, at, all.len() == 1)?;
    }
    reader.add_links();
    for i in 0..all.len() {
        reader.add_clients(i);
        reader.add_air(i);
    }
    Ok(reader.home)
}

/// A row's pods and radios alone, where nothing is to be planned.
pub fn keys(fleet: &Fleet, row: usize) -> Vec<PodKey> {
    let pods = &fleet.pods.items;
    let one = |(i, at): (usize, usize)| {
        let radios = pods.radios.entries(at).enumerate();
        let radios = radios.map(|(k, r)| (pods.radios.items.radio.get(r).unwrap_or(k as i32), r)).collect();
        PodKey { number: pods.pod.get(at).unwrap_or(i as i32), at, radios }
    };
    fleet.pods.entries(row).enumerate().map(one).collect()
}

fn blank(country: &str) -> Home {
    let site = SiteBuilder::new(country).build();
    Home { site, pods: Vec::new(), clients: Vec::new(), dropped: 0 }
}

struct Reader<'a> {
    fleet: &'a Fleet,
    config: &'a Config,
    home: Home,
}

impl Reader<'_> {
    fn add_pod(&mut self, i: usize, at: usize, alone: bool) -> Result<(), Fault> {
        let pods = &self.fleet.pods.items;
        let number = pods.pod.get(at).unwrap_or(i as i32);
        let home = pods.home.get(at).map_or_else(|| "home".to_owned(), |h| format!("h{h}"));
        let mut key = PodKey { number, at, radios: Vec::new() };
        let mut radios = Vec::new();
        for (k, r) in pods.radios.entries(at).enumerate() {
            let radio = pods.radios.items.radio.get(r).unwrap_or(k as i32);
            let made = self.radio(r, radio, number, &home)?;
            key.radios.push((radio, r));
            radios.push(made);
        }
        let gateway = pods.gateway.get(at).unwrap_or(alone);
        self.home.site.pods.push(Pod { id: format!("p{number}"), home, gateway, radios, uplink: None });
        self.home.pods.push(key);
        Ok(())
    }

    fn radio(&mut self, r: usize, number: i32, pod: i32, home: &str) -> Result<Radio, Fault> {
        let c = &self.fleet.pods.items.radios.items;
        let (band, half) = band(c.band.get(r)).ok_or(Fault::Band(pod, number))?;
        let power = whole(c.power_dbm.get(r));
        let now = width(Some(c.width_mhz.get(r).unwrap_or(20)));
        let most = width(c.max_width_mhz.get(r)).or(now).unwrap_or(Bandwidth::Mhz20);
        let limit = [Bandwidth::Mhz40, Bandwidth::Mhz160, Bandwidth::Mhz320][band as usize];
        let setting = small(c.channel.get(r)).zip(now).zip(power).map(|((primary, width), eirp_dbm)| Setting {
            primary,
            width,
            center: center(band, c.center_mhz.get(r)),
            punctured: c.puncture.get(r).and_then(|p| u16::try_from(p).ok()).unwrap_or(0),
            eirp_dbm,
        });
        let mut radio = Radio {
            id: format!("r{number}"),
            band,
            widths: WIDTHS.into_iter().filter(|w| *w <= most.min(limit)).collect(),
            max_eirp_dbm: power.unwrap_or(DEFAULT_EIRP_DBM),
            streams: small(c.nss.get(r)).unwrap_or(2).clamp(1, 8),
            primaries: half.to_vec(),
            dfs: true,
            class: PowerClass::LowIndoor,
            // Who says which subchannels it leaves out, be it none, can leave them out.
            puncture: c.puncture.get(r).is_some() && c.phy.get(r) == Some("be"),
            tpc: false,
            current: setting,
        };
        if !c.allowed.range(r).is_empty() {
            self.allow(&mut radio, r, pod, home);
        }
        Ok(radio)
    }

    /// Restricts a radio to what it may use.
    fn allow(&mut self, radio: &mut Radio, r: usize, pod: i32, home: &str) {
        let list = &self.fleet.pods.items.radios.items.allowed;
        let c = &list.items;
        let (mut pairs, mut power, mut watches, mut says) = (Vec::new(), None, false, false);
        for k in list.entries(r) {
            let Some(primary) = small(c.channel.get(k)) else { continue };
            if find(radio.band, primary, Bandwidth::Mhz20, None).is_none() {
                continue;
            }
            if c.state.get(k) == Some("nop") {
                let home = (home != "home").then(|| home.to_owned());
                let state = DfsState { channel: primary, radar_events_30d: 1, home, non_occupancy: true };
                let known = |d: &DfsState| d.channel == state.channel && d.home == state.home;
                if radio.band == Band::Ghz5 && !self.home.site.dfs.iter().any(known) {
                    self.home.site.dfs.push(state);
                }
                continue;
            }
            pairs.push((primary, width(c.width_mhz.get(k))));
            power = power.max(whole(c.max_power_dbm.get(k)));
            says |= c.dfs.get(k).is_some();
            watches |= c.dfs.get(k) == Some(true);
        }
        radio.max_eirp_dbm = power.unwrap_or(radio.max_eirp_dbm).clamp(-10, 36);
        radio.dfs = watches || !says;
        let may = |primary, w| pairs.iter().any(|p| *p == (primary, Some(w)) || *p == (primary, None));
        let mut primaries: Vec<u8> = pairs.iter().map(|p| p.0).collect();
        primaries.sort_unstable();
        primaries.dedup();
        radio.primaries.retain(|p| primaries.contains(p));
        if radio.primaries.is_empty() {
            radio.primaries.clone_from(&primaries);
        }
        radio.widths.retain(|w| primaries.iter().any(|p| may(*p, *w)));
        for primary in primaries {
            for &w in radio.widths.iter().filter(|w| !may(primary, **w)) {
                if find(radio.band, primary, w, None).is_some() {
                    let objection = Choice::Radio {
                        pod: Some(format!("p{pod}")),
                        band: radio.band,
                        primary: Some(primary),
                        width: Some(w),
                    };
                    self.home.site.objections.push(objection);
                }
            }
        }
    }

    /// The site's pod and the radio in it by the row's numbers.
    fn place(&self, pod: i32, radio: i32) -> Option<(usize, usize)> {
        let p = self.pod(pod)?;
        let r = self.home.pods[p].radios.iter().position(|r| r.0 == radio)?;
        Some((p, r))
    }

    fn pod(&self, number: i32) -> Option<usize> {
        let pods = &self.home.pods;
        let direct = usize::try_from(number).ok().filter(|&i| pods.get(i).is_some_and(|p| p.number == number));
        direct.or_else(|| pods.iter().position(|p| p.number == number))
    }

    fn eirp(&self, pod: usize, radio: usize) -> i32 {
        let radio = &self.home.site.pods[pod].radios[radio];
        radio.current.map_or(radio.max_eirp_dbm, |now| now.eirp_dbm)
    }

    fn add_links(&mut self) {
        let links = &self.fleet.pods.items.links;
        let c = &links.items;
        let (mut heard, mut cables) = (Vec::new(), Vec::new());
        for i in 0..self.home.pods.len() {
            for l in links.entries(self.home.pods[i].at) {
                let Some(peer) = c.peer.get(l).and_then(|p| self.pod(p)).filter(|p| *p != i) else {
                    self.home.dropped += 1;
                    continue;
                };
                if matches!(c.medium.get(l), Some("eth" | "moca" | "plc")) {
                    cables.push((i.min(peer), i.max(peer)));
                    continue;
                }
                let own = c.radio.get(l).and_then(|r| self.place(self.home.pods[i].number, r));
                let Some((_, own)) = own else {
                    self.home.dropped += 1;
                    continue;
                };
                let band = self.home.site.pods[i].radios[own].band;
                let now = self.home.site.pods[i].radios[own].current.map(|s| s.primary);
                let theirs = self.home.site.pods[peer].radios.iter().enumerate().filter(|(_, r)| r.band == band);
                let Some((other, _)) = theirs.min_by_key(|(_, r)| r.current.map(|s| s.primary) != now) else {
                    continue;
                };
                if let Some(level) = whole(c.rssi_dbm.get(l)) {
                    let loss = (self.eirp(peer, other) - level).clamp(LOSSES.0, LOSSES.1);
                    heard.push(((i.min(peer), i.max(peer), band as u8), loss as f32, 1.0));
                }
                let (pods, first) = (&mut self.home.site.pods, c.in_use.get(l) == Some(true));
                if first && !pods[i].gateway && pods[i].uplink.is_none() {
                    let parent_radio = pods[peer].radios[other].id.clone();
                    let radio = pods[i].radios[own].id.clone();
                    pods[i].uplink = Some(Uplink { parent: pods[peer].id.clone(), parent_radio, radio });
                }
            }
        }
        cables.sort_unstable();
        cables.dedup();
        let id = |pods: &[Pod], i: usize| pods[i].id.clone();
        let site = &mut self.home.site;
        site.wired.extend(cables.into_iter().map(|(a, b)| Wire { a: id(&site.pods, a), b: id(&site.pods, b) }));
        site.pod_path_loss.extend(means(heard).map(|((a, b, band), loss)| PodLoss {
            a: id(&site.pods, a),
            b: id(&site.pods, b),
            band: Band::ALL[usize::from(band)],
            loss_db: libm::roundf(loss) as i32,
        }));
    }

    fn add_clients(&mut self, pod: usize) {
        let list = &self.fleet.pods.items.clients;
        let c = &list.items;
        for k in list.entries(self.home.pods[pod].at) {
            let number = self.home.pods[pod].number;
            let serving = c.radio.get(k).and_then(|r| self.place(number, r));
            let near = serving.zip(whole(c.rssi_dbm.get(k)));
            let others = c.heard.entries(k).filter_map(|h| {
                let h = (c.heard.items.pod.get(h)?, c.heard.items.radio.get(h)?, whole(c.heard.items.rssi_dbm.get(h))?);
                Some((self.place(h.0, h.1)?, h.2))
            });
            let mut heard: Vec<(usize, Band, i32)> = Vec::new();
            for ((p, r), level) in near.into_iter().chain(others) {
                let band = self.home.site.pods[p].radios[r].band;
                let loss = (self.config.client_eirp_dbm - level).clamp(LOSSES.0, LOSSES.1);
                match heard.iter_mut().find(|h| (h.0, h.1) == (p, band)) {
                    Some(h) => h.2 = h.2.min(loss),
                    None => heard.push((p, band, loss)),
                }
            }
            let able = [c.can_2g.get(k), c.can_5g.get(k), c.can_6g.get(k)];
            self.fill_bands(&mut heard, able);
            heard.sort_unstable();
            let rate = finite(c.tx_mbps.get(k))
                .zip(finite(c.airtime.get(k)))
                .map(|(rate, share)| rate * share.clamp(0.0, 1.0));
            let demand = finite(c.demand_mbps.get(k)).or(rate).unwrap_or(1.0).clamp(0.0, 10_000.0);
            let pods = &self.home.site.pods;
            let client = Client {
                id: format!("c{}", self.home.clients.len()),
                demand_kbps: libm::roundf(demand * 1_000.0) as u32,
                weight_milli: 1_000,
                streams: small(c.nss.get(k)).unwrap_or(2).clamp(1, 8),
                max_width: width(c.max_width_mhz.get(k)).unwrap_or(Bandwidth::Mhz80),
                phy: phy(c.phy.get(k)),
                path_loss: heard
                    .iter()
                    .map(|&(p, band, loss_db)| ClientLoss { pod: pods[p].id.clone(), band, loss_db })
                    .collect(),
                current: serving
                    .map(|(p, r)| Attachment { pod: pods[p].id.clone(), radio: pods[p].radios[r].id.clone() }),
                steerable: c.btm.get(k) != Some(false),
                refusals: 0,
            };
            self.home.site.clients.push(client);
            self.home.clients.push(c.client.get(k));
        }
    }

    /// Keeps the bands that a station can use, and works out those that nobody measured from one that was.
    fn fill_bands(&self, heard: &mut Vec<(usize, Band, i32)>, able: [Option<bool>; 3]) {
        let measured = heard.clone();
        heard.retain(|h| able[h.1 as usize] != Some(false));
        for &(p, from, loss) in &measured {
            for to in Band::ALL {
                let wanted = able[to as usize] == Some(true) && !heard.iter().any(|h| (h.0, h.1) == (p, to));
                if wanted && self.home.site.pods[p].radios.iter().any(|r| r.band == to) {
                    let loss = loss - OVER_2G_DB[from as usize] + OVER_2G_DB[to as usize];
                    heard.push((p, to, loss.clamp(LOSSES.0, LOSSES.1)));
                }
            }
        }
    }

    fn add_air(&mut self, pod: usize) {
        let radios = &self.fleet.pods.items.radios.items;
        let (mut busy, mut noise) = (Vec::new(), Vec::new());
        let id = self.home.site.pods[pod].id.clone();
        let sum = |range: &dyn Fn(usize) -> usize| self.home.pods[pod].radios.iter().map(|r| range(r.1)).sum::<usize>();
        let (heard, measured) = (sum(&|r| radios.neighbors.range(r).len()), sum(&|r| radios.survey.range(r).len()));
        self.home.site.neighbours.reserve(heard);
        self.home.site.survey.reserve(measured);
        busy.reserve(measured);
        noise.reserve(measured);
        for (k, &(_, r)) in self.home.pods[pod].radios.iter().enumerate() {
            let band = self.home.site.pods[pod].radios[k].band;
            let c = &radios.neighbors.items;
            for n in radios.neighbors.entries(r) {
                if c.own.get(n) == Some(true) {
                    continue;
                }
                let found = (|| {
                    let primary = small(c.channel.get(n))?;
                    let level = whole(c.rssi_dbm.get(n)).filter(|l| (-120..=0).contains(l))?;
                    let (w, mid) =
                        (width(c.width_mhz.get(n)).unwrap_or(Bandwidth::Mhz20), center(band, c.center_mhz.get(n)));
                    // A beacon that claims an impossible block still shows that its primary is in use.
                    let exact = find(band, primary, w, mid).map(|_| (w, mid));
                    let narrow = || find(band, primary, Bandwidth::Mhz20, None).map(|_| (Bandwidth::Mhz20, None));
                    let (width, center) = exact.or_else(narrow)?;
                    let ambiguous = width == Bandwidth::Mhz320 || (width == Bandwidth::Mhz40 && band == Band::Ghz2);
                    let (width, center) = match (ambiguous, center) {
                        (true, None) => (Bandwidth::Mhz20, None),
                        (true, some) => (width, some),
                        (false, _) => (width, None),
                    };
                    let duty_permille = finite(c.utilization.get(n)).map(permille);
                    Some(Neighbour { pod: id.clone(), band, primary, width, center, level_dbm: level, duty_permille })
                })();
                match found {
                    Some(neighbour) => self.home.site.neighbours.push(neighbour),
                    None => self.home.dropped += 1,
                }
            }
            let c = &radios.survey.items;
            for s in radios.survey.entries(r) {
                let channel = small(c.channel.get(s)).filter(|ch| find(band, *ch, Bandwidth::Mhz20, None).is_some());
                let Some((channel, all)) = channel.zip(finite(c.busy.get(s))) else {
                    self.home.dropped += 1;
                    continue;
                };
                let own = |x: Option<f32>| finite(x).unwrap_or(0.0).clamp(0.0, 1.0);
                let others = (all.clamp(0.0, 1.0) - own(c.busy_tx.get(s)) - own(c.busy_self.get(s))).max(0.0);
                let weight = c.duration_ms.get(s).unwrap_or(1).max(1) as f32;
                busy.push(((band as u8, channel), others, weight));
                if let Some(floor) = finite(c.noise_dbm.get(s)).filter(|n| (-120.0..=-20.0).contains(n)) {
                    noise.push(((band as u8, channel), floor, weight));
                }
            }
        }
        let floors: Vec<_> = means(noise).collect();
        let surveys = means(busy).map(|(key, others)| Survey {
            pod: id.clone(),
            band: Band::ALL[usize::from(key.0)],
            channel: key.1,
            busy_permille: permille(others),
            noise_dbm: floors.binary_search_by_key(&key, |f| f.0).ok().map(|i| libm::roundf(floors[i].1) as i32),
        });
        self.home.site.survey.extend(surveys);
    }
}
