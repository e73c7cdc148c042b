//! A scene at work: frames of all links in order of time, from one seed.

use std::collections::VecDeque;
use std::sync::Arc;

use millpond_dsp::phy::{Db, Dbm, Micros};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId};

use super::draw::{Draw, Purpose};
use super::impair::{Burst, Chain, Samples};
use super::mover::Moving;
use super::path::{Bodies, Response, ToneGrid};
use super::room::FloorPlan;
use super::scene::{Scene, SceneError};
use super::traffic::{Arrival, Arrivals, Bursts};
use super::way::{Antenna, Ends, Epoch, TWIN, Way, epochs, ways};
use crate::{FrameSource, ReadError, Record, SourceInfo, Stored};

/// One simulated measurement, owned.
#[derive(Clone)]
pub struct SimFrame {
    /// What the receiver says about it. The link's number is its index in the scene.
    pub meta: CsiMeta,
    /// Signed tone indices, shared by all frames.
    pub tones: Arc<[i16]>,
    /// The samples, `[n_rx][n_tones]`.
    pub samples: Samples,
    /// True time of the packet, s; `meta.t` is its rounding.
    pub t_s: f64,
    /// The device's own count at that time, us; files hold its low 32 bits.
    pub clock_us: u64,
}

impl SimFrame {
    /// The frame as detectors take it.
    pub fn view(&self) -> CsiFrame<'_> {
        let cfr = match &self.samples {
            Samples::I8(v) => Cfr::I8(v),
            Samples::I16(v) => Cfr::I16(v),
            Samples::F32(v) => Cfr::F32(v),
        };
        CsiFrame::new(self.meta, &self.tones, cfr).expect("the simulator fills every tone of every antenna")
    }

    /// Index of the link in the scene.
    pub fn link(&self) -> usize {
        usize::from(self.meta.link.0)
    }
}

struct Link {
    id: u16,
    ways: Vec<Way>,
    /// Index of the way that the receiver is tuned to.
    way: usize,
    chain: Chain,
    arrivals: Arrivals,
    bursts: Option<Bursts>,
    /// Packets to hand over: when, and which.
    ahead: VecDeque<(f64, Arrival)>,
}

impl Antenna {
    /// The channel with everything that moves at a time in s.
    fn respond(&mut self, plan: &FloorPlan, grid: &ToneGrid, bodies: &Bodies, t: f64, out: &mut Response) {
        self.channel.evaluate(plan, grid, bodies, &mut self.still, out);
        if let Some(field) = &self.diffuse {
            field.add(grid, t, out);
        }
    }
}

/// What all links of a scene share.
struct Stage {
    plan: FloorPlan,
    epochs: Vec<Epoch>,
    moving: Vec<Moving>,
}

impl Stage {
    fn pose(&self, t: f64, bodies: &mut Bodies) {
        bodies.points.clear();
        bodies.obstacles.clear();
        for m in &self.moving {
            m.points(t, &mut bodies.points, &mut bodies.obstacles);
        }
    }
}

/// Frames of a scene in order of time. The same scene, seed and length give the same bytes on every machine.
///
/// ```
/// use millpond_datasets::sim::{Scene, Simulation};
///
/// let scene = Scene::builtin("walk-across")?;
/// let frames: Vec<_> = Simulation::new(&scene, 1, 2.0)?.collect();
/// assert!(frames.len() > 50);
/// assert_eq!(frames[0].view().tones().len(), 56);
/// # Ok::<(), millpond_datasets::sim::SceneError>(())
/// ```
pub struct Simulation {
    scene: Scene,
    stage: Stage,
    links: Vec<Link>,
    bodies: Bodies,
    responses: Vec<Response>,
    until_s: f64,
    twice: Option<SimFrame>,
    held: Option<SimFrame>,
    rssi: [i16; 1],
    info: SourceInfo,
}

impl Simulation {
    /// Sets up a scene for `seconds` of time; infinity never ends.
    ///
    /// Cost: static paths are quadratic in the number of walls, once a link and antenna. A frame then costs about
    /// 8 flops a tone and moving point, and one pair of normal draws a tone.
    ///
    /// # Errors
    /// [`SceneError::Invalid`] if the scene breaks its rules.
    pub fn new(scene: &Scene, seed: u64, seconds: f64) -> Result<Self, SceneError> {
        scene.check()?;
        let epochs = epochs(scene).ok_or_else(|| SceneError::Invalid(vec!["no such channel".into()]))?;
        let plan = scene.plan();
        let n_rx = usize::from(scene.sounding.n_rx);
        let mut links: Vec<Link> =
            (0..scene.links.len()).filter_map(|i| link(scene, &plan, &epochs, seed, i, false)).collect();
        links.extend((0..scene.links.len()).filter_map(|i| link(scene, &plan, &epochs, seed, i, true)));
        let moving = scene.movers.iter().enumerate().map(|(i, m)| Moving::new(m, seed, i)).collect();
        let responses = vec![epochs[0].grid.zero(); n_rx];
        let stage = Stage { plan, epochs, moving };
        let info = SourceInfo {
            format: "simulated",
            conventions: vec!["tones ascending; path gain times radiated power gives the level"],
            has_times: true,
        };
        let scene = scene.clone();
        let twice = stale(&scene, seed)?;
        let (held, bodies, rssi) = (None, Bodies::default(), [0]);
        Ok(Self { scene, stage, links, bodies, responses, until_s: seconds, twice, held, rssi, info })
    }

    /// The scene.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The tones and their frequencies, before any switch.
    pub fn grid(&self) -> &ToneGrid {
        &self.stage.epochs[0].grid
    }

    /// Level of a link's static channel, dBm.
    pub fn static_dbm(&self, link: usize) -> Option<f64> {
        let fixed = self.links.get(link)?.ways[0].antennas[0].channel.fixed();
        Some(self.scene.sounding.eirp_dbm + 10.0 * libm::log10(self.grid().mean_power(fixed)))
    }

    /// Ratio of motion to noise power on one tone of a link, dB: the scene's motion between two times in s, seen through
    /// the first antenna before any switch, and averaged over tones. The mean over that time is the static part.
    pub fn motion_to_noise_db(&mut self, link: usize, from_s: f64, to_s: f64) -> Option<f64> {
        let n = 200;
        let one = self.links.get_mut(link)?;
        let grid = &self.stage.epochs[0].grid;
        let (mut sum, mut power) = (grid.zero(), 0.0);
        for i in 0..n {
            let t = from_s + (to_s - from_s) * (f64::from(i) + 0.5) / f64::from(n);
            self.stage.pose(t, &mut self.bodies);
            let h = &mut self.responses[0];
            one.ways[0].antennas[0].respond(&self.stage.plan, grid, &self.bodies, t, h);
            power += grid.mean_power(h) / f64::from(n);
            for (s, x) in sum.re.iter_mut().chain(&mut sum.im).zip(h.re.iter().chain(&h.im)) {
                *s += x / f64::from(n);
            }
        }
        Some(10.0 * libm::log10((power - grid.mean_power(&sum)).max(0.0) / one.chain.noise_power()))
    }

    fn next_owned(&mut self) -> Option<SimFrame> {
        if let Some(again) = self.twice.take() {
            return Some(again);
        }
        for link in &mut self.links {
            link.look_ahead();
        }
        let due = |l: &Link| l.ahead.front().map_or(f64::INFINITY, |a| a.0);
        let (i, at) = self.links.iter().map(due).enumerate().min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))?;
        if at >= self.until_s {
            return None;
        }
        let (_, arrival) = self.links[i].ahead.pop_front()?;
        let frame = self.measure(i, arrival);
        self.twice = arrival.twice.then(|| frame.clone());
        Some(frame)
    }

    fn measure(&mut self, i: usize, arrival: Arrival) -> SimFrame {
        let (stage, link, t) = (&self.stage, &mut self.links[i], arrival.t);
        stage.pose(t, &mut self.bodies);
        link.tune(stage, t);
        let way = &mut link.ways[link.way];
        let epoch = &stage.epochs[way.epoch];
        for (antenna, h) in way.antennas.iter_mut().zip(&mut self.responses) {
            antenna.respond(&stage.plan, &epoch.grid, &self.bodies, t, h);
        }
        let found = [link.bursts.as_mut().and_then(|b| b.at(t)), self.scene.oven.and_then(|o| o.at(t))];
        let bursts: Vec<Burst> = found.into_iter().flatten().collect();
        let (samples, reading) = link.chain.receive(&epoch.grid, &self.responses, &bursts, t);
        let meta = CsiMeta {
            link: LinkId(link.id),
            n_rx: epoch.sounding.n_rx,
            format: epoch.sounding.ppdu,
            width: epoch.sounding.width_mhz,
            channel: Some(epoch.channel),
            rssi: Some(Dbm(libm::rint(reading.rssi_dbm) as f32)),
            noise: Some(Dbm(libm::rint(reading.noise_dbm) as f32)),
            gain: self.scene.receiver.reports_gain.then_some(Db(reading.gain_db as f32)),
            seq: Some(arrival.number as u16),
            ..CsiMeta::at(Micros::from_seconds(t))
        };
        let clock_us = Micros::from_seconds(self.scene.receiver.clock_start_s).0 + meta.t.0;
        SimFrame { meta, tones: epoch.tones.clone(), samples, t_s: t, clock_us }
    }
}

/// The record that a device kept from before: the scene's first frame under another seed, dated back, handed over at once.
fn stale(scene: &Scene, seed: u64) -> Result<Option<SimFrame>, SceneError> {
    let Some(age_s) = scene.receiver.stale_first_s else { return Ok(None) };
    let mut before = scene.clone();
    before.receiver.stale_first_s = None;
    let frame = Simulation::new(&before, !seed, 10.0)?.next();
    let count = Micros::from_seconds(scene.receiver.clock_start_s - age_s).0;
    Ok(frame.map(|mut f| {
        (f.meta.t, f.t_s, f.clock_us) = (Micros(0), 0.0, count);
        f
    }))
}

impl Link {
    /// Follows switches and roams to a time; a packet that comes late is heard as what it was sent as.
    fn tune(&mut self, stage: &Stage, t: f64) {
        let way = self.ways.partition_point(|w| w.from_s <= t).saturating_sub(1);
        if way != self.way {
            self.way = way;
            self.hear(&stage.epochs);
        }
    }

    /// Sets the receiver to its way.
    fn hear(&mut self, epochs: &[Epoch]) {
        let way = &self.ways[self.way];
        let epoch = &epochs[way.epoch];
        let width_hz = f64::from(epoch.sounding.width_mhz.mhz()) * 1e6;
        let power = epoch.grid.mean_power(way.antennas[0].channel.fixed());
        self.chain.tune(&epoch.grid, width_hz, power);
    }

    /// Keeps one packet at hand; one that is late goes behind its successor.
    fn look_ahead(&mut self) {
        if !self.ahead.is_empty() {
            return;
        }
        let first = self.arrivals.next();
        if first.late {
            let second = self.arrivals.next();
            self.ahead.push_back((second.t, second));
            self.ahead.push_back((second.t, first));
        } else {
            self.ahead.push_back((first.t, first));
        }
    }
}

/// A link of the scene, or the twin of its transmitter if there is one.
fn link(scene: &Scene, plan: &FloorPlan, epochs: &[Epoch], seed: u64, i: usize, twin: bool) -> Option<Link> {
    let spec = scene.links.get(i)?;
    let place = |name: &str| Some(scene.devices[scene.device(name)?].at);
    let roam = match &spec.roam {
        Some(r) if !twin => Some((r.at_s, place(&r.tx)?)),
        _ => None,
    };
    let (tx, rate_hz, key) = match (&spec.twin, twin) {
        (Some(t), true) => (&t.tx, t.rate_hz, i as u64 | TWIN),
        (None, true) => return None,
        (_, false) => (&spec.tx, spec.rate_hz, i as u64),
    };
    let ends = Ends { tx: place(tx)?, rx: place(&spec.rx)?, roam };
    let draw = |purpose| Draw::new(seed, purpose, key);
    let (radio, n_rx) = (&scene.receiver, usize::from(scene.sounding.n_rx));
    let chain = Chain::new(radio, draw(Purpose::Receiver), draw(Purpose::Ripple), scene.sounding.eirp_dbm, n_rx);
    let arrivals = Arrivals::new(&scene.traffic, rate_hz, draw(Purpose::Traffic), draw(Purpose::Load));
    let bursts = scene.interference.map(|spec| Bursts::new(spec, Draw::new(seed, Purpose::Interference, 0)));
    let ways = ways(scene, plan, epochs, seed, &ends, key);
    let mut link = Link { id: i as u16, ways, way: 0, chain, arrivals, bursts, ahead: VecDeque::new() };
    link.hear(epochs);
    Some(link)
}

impl Iterator for Simulation {
    type Item = SimFrame;

    fn next(&mut self) -> Option<SimFrame> {
        self.next_owned()
    }
}

impl FrameSource for Simulation {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        self.held = self.next_owned();
        let Some(frame) = &self.held else { return Ok(None) };
        self.rssi = [frame.meta.rssi.map_or(0, |r| r.0 as i16)];
        let shape = (frame.tones.len(), usize::from(frame.meta.n_rx), 1);
        let same = |e: &&Epoch| Arc::ptr_eq(&e.tones, &frame.tones);
        // A stale record's tones are those of the first epoch under another owner.
        let order = &self.stage.epochs.iter().find(same).unwrap_or(&self.stage.epochs[0]).order;
        Ok(Some(Record {
            frame: frame.view(),
            device_s: frame.t_s,
            rssi: &self.rssi,
            label: None,
            stored: Stored { shape, order, extra: Cfr::I8(&[]), wide: None },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::mover::Mover;

    fn bytes(frames: impl Iterator<Item = SimFrame>) -> Vec<u8> {
        let mut all = Vec::new();
        for f in frames {
            all.extend(f.meta.t.0.to_le_bytes());
            all.extend(f.meta.link.0.to_le_bytes());
            all.extend(f.meta.rssi.map_or(0.0, |r| r.0).to_le_bytes());
            let Samples::I8(v) = f.samples else { panic!("8 bits by default") };
            all.extend(v.iter().flat_map(|c| [c.re as u8, c.im as u8]));
        }
        all
    }

    #[test]
    fn one_seed_one_recording() {
        let scene = Scene::builtin("home").unwrap();
        let run = |seed| bytes(Simulation::new(&scene, seed, 3.0).unwrap());
        let a = run(1);
        assert!(a.len() > 9 * 25 * 3 * 112);
        assert!(a == run(1));
        assert!(a != run(2));
    }

    /// FNV-1a of two seconds of the home. It changes when the physics or a scene is changed on purpose, and with
    /// nothing else: not with the machine, the build or the release of a library.
    #[test]
    fn one_seed_one_recording_on_every_machine() {
        let scene = Scene::builtin("home").unwrap();
        let all = bytes(Simulation::new(&scene, 1, 2.0).unwrap());
        let digest =
            all.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        assert_eq!(format!("{digest:016x}"), "b8b73219e5c47e32");
    }

    #[test]
    fn a_link_does_not_depend_on_the_others() {
        let scene = Scene::builtin("home").unwrap();
        let mut alone = scene.clone();
        alone.links.truncate(1);
        let first = |s: &Scene| bytes(Simulation::new(s, 5, 3.0).unwrap().filter(|f| f.link() == 0));
        assert!(first(&scene) == first(&alone));
    }

    #[test]
    fn time_is_monotone_unless_asked_otherwise() {
        let mut scene = Scene::builtin("home").unwrap();
        let steps_back = |s: &Scene| {
            let times: Vec<u64> = Simulation::new(s, 1, 5.0).unwrap().map(|f| f.meta.t.0).collect();
            times.windows(2).filter(|w| w[1] < w[0]).count()
        };
        assert_eq!(steps_back(&scene), 0);
        scene.traffic.reorder = 0.05;
        assert!(steps_back(&scene) > 10);
    }

    #[test]
    fn records_equal_frames() {
        let scene = Scene::builtin("walk-across").unwrap();
        let mut source = Simulation::new(&scene, 1, 1.0).unwrap();
        for frame in Simulation::new(&scene, 1, 1.0).unwrap() {
            let record = source.next_frame().unwrap().unwrap();
            assert_eq!(record.frame.meta().t, frame.meta.t);
            assert_eq!(record.frame.cfr().at(7), frame.view().cfr().at(7));
        }
        assert!(source.next_frame().unwrap().is_none());
    }

    #[test]
    fn without_movers_only_the_receiver_moves() {
        let mut scene = Scene::builtin("empty").unwrap();
        let q = |s: &Scene| Simulation::new(s, 1, 1.0).unwrap().motion_to_noise_db(0, 0.0, 5.0).unwrap();
        assert!(q(&scene) < -60.0);
        let fan: Mover =
            serde_json::from_str(r#"{"kind": "fan", "name": "f", "at": [3, 3, 1], "turns_hz": 4}"#).unwrap();
        scene.movers.push(fan);
        assert!(q(&scene) > -20.0);
    }
}
