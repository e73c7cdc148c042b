//! What a link sounds at a time: channel and format, which may switch, and the way from its transmitter, which may roam.

use std::sync::Arc;

use millpond_dsp::phy::Channel;

use super::diffuse::Field;
use super::draw::{Draw, Purpose};
use super::path::{Channel1, Still, ToneGrid};
use super::room::{FloorPlan, Point3};
use super::scene::{Scene, Sounding};

/// A stretch of time with one channel and one format.
pub(crate) struct Epoch {
    pub from_s: f64,
    pub sounding: Sounding,
    pub channel: Channel,
    pub grid: ToneGrid,
    pub tones: Arc<[i16]>,
    /// Positions of the tones: all of them in their order.
    pub order: Vec<u16>,
}

/// Soundings of a scene in order of time: the first and one for each switch.
pub(crate) fn soundings(scene: &Scene) -> Vec<(f64, Sounding)> {
    let mut now = scene.sounding.clone();
    let mut all = vec![(f64::NEG_INFINITY, now.clone())];
    for s in &scene.switches {
        now.channel = s.channel.unwrap_or(now.channel);
        now.width_mhz = s.width_mhz.unwrap_or(now.width_mhz);
        now.ppdu = s.ppdu.unwrap_or(now.ppdu);
        all.push((s.at_s, now.clone()));
    }
    all
}

/// The epochs of a scene; `None` if one of its channels does not exist.
pub(crate) fn epochs(scene: &Scene) -> Option<Vec<Epoch>> {
    let epoch = |(from_s, sounding): (f64, Sounding)| {
        let channel = sounding.tuned()?;
        let grid = ToneGrid::new(channel, sounding.width_mhz, sounding.ppdu);
        let tones: Arc<[i16]> = grid.live.clone().into();
        let order = (0..tones.len() as u16).collect();
        Some(Epoch { from_s, sounding, channel, grid, tones, order })
    };
    soundings(scene).into_iter().map(epoch).collect()
}

/// The way to one receive antenna.
pub(crate) struct Antenna {
    pub channel: Channel1,
    pub diffuse: Option<Field>,
    pub still: Still,
}

/// The antennas of a link with one transmitter in one epoch.
pub(crate) struct Way {
    pub from_s: f64,
    pub epoch: usize,
    pub antennas: Vec<Antenna>,
}

/// The ways of a link in order of time. `key` names the draws of its scatterers: they stay where they are when the
/// channel switches, and are others for another transmitter.
pub(crate) fn ways(scene: &Scene, plan: &FloorPlan, epochs: &[Epoch], seed: u64, spec: &Ends, key: u64) -> Vec<Way> {
    let mut starts: Vec<f64> = epochs.iter().map(|e| e.from_s).collect();
    starts.extend(spec.roam.map(|(at_s, _)| at_s));
    starts.sort_by(f64::total_cmp);
    let way = |from_s: f64| {
        let epoch = epochs.partition_point(|e| e.from_s <= from_s).saturating_sub(1);
        let (tx, key) = match spec.roam {
            Some((at_s, tx)) if at_s <= from_s => (tx, key | ROAMED),
            _ => (spec.tx, key),
        };
        let grid = &epochs[epoch].grid;
        let antenna = |a: u8| {
            let at: Point3 = [spec.rx[0] + 0.5 * f64::from(a) * grid.lambda_m(), spec.rx[1], spec.rx[2]];
            let mut draw = Draw::new(seed, Purpose::Paths, key << 8 | u64::from(a));
            let channel = Channel1::new(plan, grid, tx, at, scene.reverberation.into(), &mut draw);
            let power = grid.mean_power(channel.fixed());
            let diffuse = scene.diffuse.map(|spec| Field::new(&spec, grid, power, &mut draw));
            Antenna { channel, diffuse, still: Still::default() }
        };
        Way { from_s, epoch, antennas: (0..scene.sounding.n_rx).map(antenna).collect() }
    };
    starts.into_iter().map(way).collect()
}

/// Places of a link's ends.
pub(crate) struct Ends {
    pub tx: Point3,
    pub rx: Point3,
    /// When another transmitter takes over, and where it is.
    pub roam: Option<(f64, Point3)>,
}

/// Marks of keys: links have fewer bits.
const ROAMED: u64 = 1 << 32;
/// The key of a twin.
pub(crate) const TWIN: u64 = 1 << 33;
