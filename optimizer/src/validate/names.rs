//! Second pass: ids become indices, channels become channels.

use std::collections::HashMap;
use std::fmt::Display;

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use super::error::{Code, Place, SiteError};
use crate::model::site::{Choice, Site};
use crate::model::topology::{Foreign, Link, Measured, Tuned};
use crate::rf::chart::find;

/// Duty cycle of a neighbour that was not measured, in thousandths: the mean of the generator's foreign networks.
const DEFAULT_DUTY: u16 = 150;

/// Most pods of one home.
const MAX_HOME: usize = 64;

/// What the site's names mean.
pub struct Resolved {
    /// Home of each pod, numbered by first appearance.
    pub home: Vec<usize>,
    /// First radio of each pod in the flat list, and one entry more.
    pub first_radio: Vec<usize>,
    /// Current setting by flat radio.
    pub tuned: Vec<Option<Tuned>>,
    /// Current uplink by pod.
    pub uplink: Vec<Option<Link>>,
    /// Cables as pod pairs.
    pub wired: Vec<(usize, usize)>,
    /// Path loss by pod pair, lower index first, and band.
    pub loss: Vec<((usize, usize, Band), i32)>,
    /// By client: pod, band and path loss.
    pub client_loss: Vec<Vec<(usize, Band, i32)>>,
    /// By client: the radio that serves it.
    pub client_at: Vec<Option<usize>>,
    /// Neighbours by pod.
    pub neighbours: Vec<Vec<Foreign>>,
    /// Survey by pod.
    pub survey: Vec<Vec<Measured>>,
    /// Grants of standard power by pod, in order of their lower edge.
    pub grants: Vec<Vec<(u16, u16, i32)>>,
    /// Pins.
    pub pins: Vec<Rule>,
    /// Objections.
    pub objections: Vec<Rule>,
}

/// A pin or an objection with its names resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// About radios: pod, band, primary, width.
    Radio(Option<usize>, Band, Option<u8>, Option<Bandwidth>),
    /// About a pod's uplink: pod, parent, band.
    Uplink(usize, Option<usize>, Option<Band>),
    /// About a client: client, pod, band.
    Client(usize, Option<usize>, Option<Band>),
}

struct Names<'a> {
    pods: HashMap<&'a str, usize>,
    radios: HashMap<(usize, &'a str), usize>,
    clients: HashMap<&'a str, usize>,
    faults: &'a mut Vec<SiteError>,
}

impl<'a> Names<'a> {
    fn new(site: &'a Site, first: &[usize], faults: &'a mut Vec<SiteError>) -> Self {
        let mut names = Self { pods: HashMap::new(), radios: HashMap::new(), clients: HashMap::new(), faults };
        for (p, pod) in site.pods.iter().enumerate() {
            if names.pods.insert(&pod.id, p).is_some() {
                names.fault(Code::Duplicate, format!("pods[{p}].id"), "another pod has this id");
            }
            for (k, radio) in pod.radios.iter().enumerate() {
                if names.radios.insert((p, radio.id.as_str()), first[p] + k).is_some() {
                    names.fault(
                        Code::Duplicate,
                        format!("pods[{p}].radios[{k}].id"),
                        "another radio of the pod has this id",
                    );
                }
            }
        }
        for (c, client) in site.clients.iter().enumerate() {
            if names.clients.insert(&client.id, c).is_some() {
                names.fault(Code::Duplicate, format!("clients[{c}].id"), "another client has this id");
            }
        }
        names
    }

    fn fault(&mut self, code: Code, path: String, detail: &str) {
        self.faults.push(SiteError::new(code, path, detail));
    }

    fn pod(&mut self, id: &str, path: impl Display) -> Option<usize> {
        let found = self.pods.get(id).copied();
        if found.is_none() {
            self.fault(Code::Unknown, path.to_string(), "there is no pod of this id");
        }
        found
    }

    fn radio(&mut self, pod: usize, id: &str, path: impl Display) -> Option<usize> {
        let found = self.radios.get(&(pod, id)).copied();
        if found.is_none() {
            self.fault(Code::Unknown, path.to_string(), "the pod has no radio of this id");
        }
        found
    }

    fn channel(
        &mut self,
        band: Band,
        primary: u8,
        width: Bandwidth,
        center: Option<u8>,
        path: impl Display,
    ) -> Option<Channel> {
        let found = find(band, primary, width, center);
        if found.is_none() {
            let detail = format!("{primary}/{} does not exist at {band}", width.mhz());
            self.fault(Code::NoChannel, path.to_string(), &detail);
        }
        found
    }

    /// Notes the second and every further entry of a key.
    fn unique<K: std::hash::Hash + Eq>(&mut self, seen: &mut HashMap<K, ()>, key: K, path: impl Display) {
        if seen.insert(key, ()).is_some() {
            self.fault(Code::Duplicate, path.to_string(), "there is an earlier entry for the same");
        }
    }
}

/// Resolves every name of a site and notes those that mean nothing.
pub fn resolve(site: &Site, faults: &mut Vec<SiteError>) -> Resolved {
    let mut first_radio = vec![0];
    for pod in &site.pods {
        first_radio.push(first_radio.last().expect("starts with one") + pod.radios.len());
    }
    let mut n = Names::new(site, &first_radio, faults);
    Resolved {
        home: homes(site, &mut n),
        tuned: tuned(site, &mut n),
        uplink: (0..site.pods.len()).map(|p| uplink(site, p, &mut n)).collect(),
        wired: wires(site, &mut n),
        loss: losses(site, &mut n),
        client_loss: (0..site.clients.len()).map(|c| client_losses(site, c, &mut n)).collect(),
        client_at: (0..site.clients.len()).map(|c| client_place(site, c, &mut n)).collect(),
        neighbours: neighbours(site, &mut n),
        survey: surveys(site, &mut n),
        grants: grants(site, &mut n),
        pins: rules(&site.pins, "pins", &mut n),
        objections: rules(&site.objections, "objections", &mut n),
        first_radio,
    }
}

fn homes(site: &Site, n: &mut Names) -> Vec<usize> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut gateways: Vec<usize> = Vec::new();
    let home = site.pods.iter().map(|pod| {
        let next = index.len();
        let h = *index.entry(&pod.home).or_insert(next);
        gateways.resize(index.len(), 0);
        gateways[h] += usize::from(pod.gateway);
        h
    });
    let home: Vec<usize> = home.collect();
    for (h, &count) in gateways.iter().enumerate().filter(|(_, count)| **count != 1) {
        let pod = home.iter().position(|&x| x == h).unwrap_or(0);
        n.fault(
            Code::Incomplete,
            format!("pods[{pod}].home"),
            &format!("the home has {count} gateways, and it needs one"),
        );
    }
    for h in 0..gateways.len() {
        let count = home.iter().filter(|&&x| x == h).count();
        if count > MAX_HOME {
            let pod = home.iter().position(|&x| x == h).unwrap_or(0);
            n.fault(Code::Size, format!("pods[{pod}].home"), &format!("{count} pods in a home, at most {MAX_HOME}"));
        }
    }
    home
}

fn tuned(site: &Site, n: &mut Names) -> Vec<Option<Tuned>> {
    let mut all = Vec::new();
    for (p, pod) in site.pods.iter().enumerate() {
        for (k, radio) in pod.radios.iter().enumerate() {
            let path = Place::of("pods", p).inside("radios", k).field("current");
            all.push(radio.current.and_then(|s| {
                let whole = n.channel(radio.band, s.primary, s.width, s.center, path)?;
                let channel = whole.puncture(s.punctured);
                if channel.is_none() {
                    let detail = format!("{whole} has no pattern of holes {:#06x}", s.punctured);
                    n.fault(Code::NoChannel, path.field("punctured").to_string(), &detail);
                }
                Some(Tuned { channel: channel?, eirp_dbm: s.eirp_dbm })
            }));
        }
    }
    all
}

fn uplink(site: &Site, p: usize, n: &mut Names) -> Option<Link> {
    let u = site.pods[p].uplink.as_ref()?;
    let path = Place::of("pods", p).field("uplink");
    let parent = n.pod(&u.parent, format_args!("{path}.parent"))?;
    let parent_radio = n.radio(parent, &u.parent_radio, format_args!("{path}.parent_radio"));
    let radio = n.radio(p, &u.radio, format_args!("{path}.radio"));
    Some(Link { parent, parent_radio: parent_radio?, radio: radio? })
}

fn wires(site: &Site, n: &mut Names) -> Vec<(usize, usize)> {
    let ends = site.wired.iter().enumerate().map(|(i, w)| {
        let a = n.pod(&w.a, format_args!("wired[{i}].a"));
        let b = n.pod(&w.b, format_args!("wired[{i}].b"));
        a.zip(b)
    });
    ends.flatten().collect()
}

fn losses(site: &Site, n: &mut Names) -> Vec<((usize, usize, Band), i32)> {
    let mut seen = HashMap::new();
    let mut all = Vec::new();
    for (i, l) in site.pod_path_loss.iter().enumerate() {
        let path = Place::of("pod_path_loss", i);
        let ends = n.pod(&l.a, format_args!("{path}.a")).zip(n.pod(&l.b, format_args!("{path}.b")));
        let Some((a, b)) = ends else { continue };
        if a == b {
            n.fault(Code::BadUplink, path.to_string(), "a pod has no path loss to itself");
            continue;
        }
        let key = (a.min(b), a.max(b), l.band);
        n.unique(&mut seen, key, path);
        all.push((key, l.loss_db));
    }
    all
}

fn client_losses(site: &Site, c: usize, n: &mut Names) -> Vec<(usize, Band, i32)> {
    let mut seen = HashMap::new();
    let mut all = Vec::new();
    for (k, l) in site.clients[c].path_loss.iter().enumerate() {
        let path = Place::of("clients", c).inside("path_loss", k);
        if let Some(pod) = n.pod(&l.pod, format_args!("{path}.pod")) {
            n.unique(&mut seen, (pod, l.band), path);
            all.push((pod, l.band, l.loss_db));
        }
    }
    all
}

fn client_place(site: &Site, c: usize, n: &mut Names) -> Option<usize> {
    let at = site.clients[c].current.as_ref()?;
    let path = Place::of("clients", c).field("current");
    let pod = n.pod(&at.pod, format_args!("{path}.pod"))?;
    n.radio(pod, &at.radio, format_args!("{path}.radio"))
}

fn neighbours(site: &Site, n: &mut Names) -> Vec<Vec<Foreign>> {
    let mut all = vec![Vec::new(); site.pods.len()];
    for (i, x) in site.neighbours.iter().enumerate() {
        let path = Place::of("neighbours", i);
        let pod = n.pod(&x.pod, format_args!("{path}.pod"));
        let channel = n.channel(x.band, x.primary, x.width, x.center, path);
        if let Some((pod, channel)) = pod.zip(channel) {
            let duty_permille = x.duty_permille.unwrap_or(DEFAULT_DUTY);
            all[pod].push(Foreign { channel, level_dbm: x.level_dbm, duty_permille });
        }
    }
    all
}

fn surveys(site: &Site, n: &mut Names) -> Vec<Vec<Measured>> {
    let mut all = vec![Vec::new(); site.pods.len()];
    let mut seen = HashMap::new();
    for (i, s) in site.survey.iter().enumerate() {
        let path = Place::of("survey", i);
        let pod = n.pod(&s.pod, format_args!("{path}.pod"));
        let channel = n.channel(s.band, s.channel, Bandwidth::Mhz20, None, path);
        if let Some((pod, channel)) = pod.zip(channel) {
            n.unique(&mut seen, (pod, channel), path);
            all[pod].push(Measured { channel, busy_permille: s.busy_permille, noise_dbm: s.noise_dbm });
        }
    }
    let mut seen = HashMap::new();
    for (i, d) in site.dfs.iter().enumerate() {
        let path = Place::of("dfs", i).field("channel");
        n.channel(Band::Ghz5, d.channel, Bandwidth::Mhz20, None, path);
        n.unique(&mut seen, (d.channel, &d.home), path);
        if d.home.as_ref().is_some_and(|h| site.pods.iter().all(|p| p.home != *h)) {
            n.fault(Code::Unknown, format!("dfs[{i}].home"), "no pod is in a home of this name");
        }
    }
    all
}

fn grants(site: &Site, n: &mut Names) -> Vec<Vec<(u16, u16, i32)>> {
    let mut all = vec![Vec::new(); site.pods.len()];
    for (i, g) in site.afc.iter().enumerate() {
        if let Some(pod) = n.pod(&g.pod, format_args!("afc[{i}].pod")) {
            all[pod].push((g.low_mhz, g.high_mhz, g.density_dbm_per_mhz));
        }
    }
    all.iter_mut().for_each(|grants| grants.sort_unstable());
    all
}

fn rules(choices: &[Choice], field: &str, n: &mut Names) -> Vec<Rule> {
    let mut all = Vec::new();
    for (i, choice) in choices.iter().enumerate() {
        let path = format!("{field}[{i}]");
        all.extend(rule(choice, &path, n));
    }
    all
}

fn rule(choice: &Choice, path: &str, n: &mut Names) -> Option<Rule> {
    // An id that is given and means nothing is a fault; one that is left out matches anything.
    let mut given = |id: &Option<String>, field: &str| match id {
        None => Some(None),
        Some(id) => n.pod(id, format_args!("{path}.{field}")).map(Some),
    };
    match choice {
        Choice::Radio { pod, band, primary, width } => Some(Rule::Radio(given(pod, "pod")?, *band, *primary, *width)),
        Choice::Uplink { pod, parent, band } => {
            let parent = given(parent, "parent");
            let pod = given(&Some(pod.clone()), "pod")??;
            Some(Rule::Uplink(pod, parent?, *band))
        }
        Choice::Client { client, pod, band } => {
            let pod = given(pod, "pod");
            let Some(&c) = n.clients.get(client.as_str()) else {
                n.fault(Code::Unknown, format!("{path}.client"), "there is no client of this id");
                return None;
            };
            Some(Rule::Client(c, pod?, *band))
        }
    }
}
