//! Making a [`Site`] from telemetry, without JSON.

use millpond_dsp::phy::{Band, Bandwidth};

use super::site::{
    Attachment, Client, ClientLoss, DfsState, FORMAT, Neighbour, Phy, Pod, PodLoss, Policy, PowerClass, Radio, Setting,
    Site, Survey, Uplink, Wire,
};

/// Builds a [`Site`] by pod and client numbers, as a node's telemetry has them.
///
/// Pods become `p1`, `p2`, ...; clients `c1`, `c2`, ...; a radio is named after its band, with a letter from the
/// second one on. Numbers out of range are kept and reported by [`validate`](crate::validate::validate).
///
/// ```
/// use millpond_dsp::phy::{Band, Bandwidth};
/// use millpond_optimizer::model::SiteBuilder;
///
/// let mut b = SiteBuilder::new("US");
/// let hall = b.pod(true);
/// let radio = b.radio(hall, Band::Ghz5, &[Bandwidth::Mhz20, Bandwidth::Mhz80], 27, None);
/// let phone = b.client(20_000, &[(hall, Band::Ghz5, 62)], Some((hall, radio)));
/// assert_eq!(b.build().clients[phone].id, "c1");
/// ```
#[derive(Clone, Debug)]
pub struct SiteBuilder {
    site: Site,
}

/// The id of the pod of an index.
fn pod_id(pod: usize) -> String {
    format!("p{}", pod + 1)
}

impl SiteBuilder {
    /// An empty site in a country.
    pub fn new(country: &str) -> Self {
        Self {
            site: Site {
                format: FORMAT.to_owned(),
                country: country.to_owned(),
                policy: Policy::default(),
                pods: Vec::new(),
                wired: Vec::new(),
                pod_path_loss: Vec::new(),
                clients: Vec::new(),
                neighbours: Vec::new(),
                survey: Vec::new(),
                dfs: Vec::new(),
                pins: Vec::new(),
                objections: Vec::new(),
                afc: Vec::new(),
                quiet_window: None,
                forecast: None,
            },
        }
    }

    /// The policy, to change it.
    pub fn policy(&mut self) -> &mut Policy {
        &mut self.site.policy
    }

    /// Adds a pod and returns its index.
    pub fn pod(&mut self, gateway: bool) -> usize {
        let id = pod_id(self.site.pods.len());
        self.site.pods.push(Pod { id, home: "home".to_owned(), gateway, radios: Vec::new(), uplink: None });
        self.site.pods.len() - 1
    }

    /// Puts a pod into a home of a block.
    pub fn home(&mut self, pod: usize, home: usize) -> &mut Self {
        self.site.pods[pod].home = format!("h{}", home + 1);
        self
    }

    /// Adds a radio with two streams and returns its index in the pod.
    pub fn radio(
        &mut self,
        pod: usize,
        band: Band,
        widths: &[Bandwidth],
        max_eirp_dbm: i32,
        now: Option<Setting>,
    ) -> usize {
        let radios = &mut self.site.pods[pod].radios;
        let slot = radios.iter().filter(|r| r.band == band).count();
        let letter = if slot == 0 { String::new() } else { char::from(b'a' + slot.min(25) as u8).to_string() };
        radios.push(Radio {
            id: format!("{}g{letter}", band.number()),
            band,
            widths: widths.to_vec(),
            max_eirp_dbm,
            streams: 2,
            primaries: Vec::new(),
            dfs: true,
            class: PowerClass::default(),
            puncture: false,
            tpc: false,
            current: now,
        });
        radios.len() - 1
    }

    /// Says which wireless uplink a pod uses: the parent, the parent's radio and its own, by index.
    pub fn uplink(&mut self, pod: usize, parent: usize, parent_radio: usize, radio: usize) -> &mut Self {
        let name = |pods: &[Pod], p: usize, r: usize| pods[p].radios[r].id.clone();
        let (parent_radio, radio) = (name(&self.site.pods, parent, parent_radio), name(&self.site.pods, pod, radio));
        self.site.pods[pod].uplink = Some(Uplink { parent: pod_id(parent), parent_radio, radio });
        self
    }

    /// Joins two pods by a cable.
    pub fn wire(&mut self, a: usize, b: usize) -> &mut Self {
        self.site.wired.push(Wire { a: pod_id(a), b: pod_id(b) });
        self
    }

    /// The path loss in dB between two pods in a band.
    pub fn loss(&mut self, a: usize, b: usize, band: Band, loss_db: i32) -> &mut Self {
        self.site.pod_path_loss.push(PodLoss { a: pod_id(a), b: pod_id(b), band, loss_db });
        self
    }

    /// Adds a two-stream HE client with its path loss in dB by pod and band and its place (pod, radio); returns its index.
    pub fn client(&mut self, demand_kbps: u32, path_loss: &[(usize, Band, i32)], at: Option<(usize, usize)>) -> usize {
        let losses = path_loss.iter().map(|&(p, band, loss_db)| ClientLoss { pod: pod_id(p), band, loss_db }).collect();
        let place = at.map(|(p, r)| Attachment { pod: pod_id(p), radio: self.site.pods[p].radios[r].id.clone() });
        self.site.clients.push(Client {
            id: format!("c{}", self.site.clients.len() + 1),
            demand_kbps,
            weight_milli: 1000,
            streams: 2,
            max_width: Bandwidth::Mhz80,
            phy: Phy::He,
            path_loss: losses,
            current: place,
            steerable: true,
            refusals: 0,
        });
        self.site.clients.len() - 1
    }

    /// Adds a neighbour that a pod hears.
    pub fn neighbour(
        &mut self,
        pod: usize,
        band: Band,
        primary: u8,
        width: Bandwidth,
        level_dbm: i32,
        duty: Option<u16>,
    ) -> &mut Self {
        let pod = pod_id(pod);
        self.site.neighbours.push(Neighbour {
            pod,
            band,
            primary,
            width,
            center: None,
            level_dbm,
            duty_permille: duty,
        });
        self
    }

    /// Adds what a pod measured on a 20 MHz channel.
    pub fn survey(
        &mut self,
        pod: usize,
        band: Band,
        channel: u8,
        busy_permille: u16,
        noise_dbm: Option<i32>,
    ) -> &mut Self {
        self.site.survey.push(Survey { pod: pod_id(pod), band, channel, busy_permille, noise_dbm });
        self
    }

    /// Adds the radar state of a 20 MHz channel.
    pub fn radar(&mut self, channel: u8, radar_events_30d: u32, non_occupancy: bool) -> &mut Self {
        self.site.dfs.push(DfsState { channel, radar_events_30d, home: None, non_occupancy });
        self
    }

    /// The site, to set what the builder has no method for.
    pub fn site(&mut self) -> &mut Site {
        &mut self.site
    }

    /// The site so far.
    pub fn peek(&self) -> &Site {
        &self.site
    }

    /// The finished site. It is not validated.
    pub fn build(self) -> Site {
        self.site
    }
}
