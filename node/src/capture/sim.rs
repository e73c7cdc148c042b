//! Frames of a simulated home, as its receivers would hand them over: with addresses.

use millpond_datasets::sim::impair::Samples;
use millpond_datasets::sim::{Identities, Scene, SceneError, SimFrame, Simulation};
use millpond_dsp::phy::{MacAddr, Micros};
use millpond_report::{Raw, SensingPermit, Wipe, gate};
use num_complex::Complex;

use super::{Ends, Frame, Heard, Source};

/// A running simulation.
pub struct SimSource {
    simulation: Simulation,
    ends: Vec<Ends>,
    next: Option<(Micros, Raw<OnAir>)>,
}

/// A transmission that is on the air and not yet decoded.
struct OnAir {
    frame: SimFrame,
    ends: Ends,
}

impl Wipe for OnAir {
    fn wipe(&mut self) {
        match &mut self.frame.samples {
            Samples::I8(v) => v.fill(Complex::new(0, 0)),
            Samples::I16(v) => v.fill(Complex::new(0, 0)),
            Samples::F32(v) => v.fill(Complex::new(0.0, 0.0)),
        }
        self.ends = Ends::NOBODY;
        std::hint::black_box(self);
    }
}

impl SimSource {
    /// A scene that runs for `seconds`; infinity never ends.
    pub fn new(scene: &Scene, identities: &Identities, seed: u64, seconds: f64) -> Result<Self, SceneError> {
        let address = |device: Option<usize>| {
            let identity = device.and_then(|d| identities.of(d));
            identity.map_or(MacAddr([0; 6]), |i| i.mac)
        };
        let link = |i: usize| {
            let (tx, rx) = scene.ends(i).unzip();
            Ends { tx: address(tx), rx: address(rx) }
        };
        let ends = (0..scene.links.len()).map(link).collect();
        let mut source = Self { simulation: Simulation::new(scene, seed, seconds)?, ends, next: None };
        source.transmit();
        Ok(source)
    }

    /// Puts the next transmission on the air.
    fn transmit(&mut self) {
        self.next = self.simulation.next().map(|frame| {
            let ends = self.ends.get(frame.link()).copied().unwrap_or(Ends::NOBODY);
            (frame.meta.t, Raw::new(OnAir { frame, ends }))
        });
    }
}

impl Source for SimSource {
    fn next_at(&self) -> Option<Micros> {
        self.next.as_ref().map(|(t, _)| *t)
    }

    fn read(&mut self, permit: &SensingPermit<'_>, _: Micros, place: &mut Raw<Frame>) -> bool {
        let Some((_, on_air)) = self.next.take() else { return false };
        gate::step(permit, place, &on_air, |place, on_air| {
            place.fill(&Heard { frame: on_air.frame.view(), ends: on_air.ends })
        });
        self.transmit();
        true
    }

    fn close(&mut self, now: Micros) {
        // The air goes on; nobody listens.
        while self.next_at().is_some_and(|t| t <= now) {
            self.transmit();
        }
    }
}
