//! Seeded damage: fewer packets, bursts of loss, gain steps.

use millpond_dsp::phy::Micros;
use millpond_dsp::{Cfr, CsiFrame};
use num_complex::Complex;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Mean length of a burst of lost packets.
const BURST_PACKETS: f64 = 5.0;
/// Mean time between two gain steps.
const GAIN_STEP_S: f64 = 1.0;

/// What to do to a recording before the detector sees it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Degrade {
    /// Keep one packet in N.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: u32,
    /// Lose this share of the packets, in bursts of five on average.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = share)]
    pub loss: f64,
    /// Switch the receiver's gain down by DB and back, once a second on average.
    #[arg(long, value_name = "DB", default_value_t = 0.0, value_parser = decibels)]
    pub gain_steps: f64,
    /// Decide by the signal level alone, as with drivers that give no CSI.
    #[arg(long)]
    pub rssi: bool,
    /// Seed of the damage.
    #[arg(long, value_name = "K", default_value_t = 1)]
    pub seed: u64,
}

fn share(text: &str) -> Result<f64, String> {
    let p: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=0.95).contains(&p) { Ok(p) } else { Err("must lie between 0 and 0.95".to_owned()) }
}

fn decibels(text: &str) -> Result<f64, String> {
    let db: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=60.0).contains(&db) { Ok(db) } else { Err("must lie between 0 and 60 dB".to_owned()) }
}

/// The damage of one recording, as it goes.
pub struct Damage {
    options: Degrade,
    rng: ChaCha8Rng,
    packet: u64,
    in_burst: bool,
    down: bool,
    next_step: f64,
    i8s: Vec<Complex<i8>>,
    i16s: Vec<Complex<i16>>,
    f32s: Vec<Complex<f32>>,
}

impl Damage {
    /// Damage by a seed and the recording's own name, so that files differ and runs do not.
    pub fn new(options: Degrade, name: &str) -> Self {
        // FNV-1a, 64 bits.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let mut damage = Self {
            options,
            rng: ChaCha8Rng::seed_from_u64(options.seed ^ hash),
            packet: 0,
            in_burst: false,
            down: false,
            next_step: 0.0,
            i8s: Vec::new(),
            i16s: Vec::new(),
            f32s: Vec::new(),
        };
        damage.next_step = damage.wait();
        damage
    }

    fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn wait(&mut self) -> f64 {
        -GAIN_STEP_S * (1.0 - self.unit()).ln()
    }

    /// False if the next packet is lost. Losses follow a two-state chain, so they come in bursts.
    pub fn passes(&mut self) -> bool {
        let index = self.packet;
        self.packet += 1;
        if index % u64::from(self.options.keep) != 0 {
            return false;
        }
        if self.options.loss > 0.0 {
            let p = self.options.loss;
            let enter = p / (1.0 - p) / BURST_PACKETS;
            let draw = self.unit();
            self.in_burst = if self.in_burst { draw >= 1.0 / BURST_PACKETS } else { draw < enter };
        }
        !self.in_burst
    }

    /// The frame at the gain of its time, rounded to the device's numbers as the device would.
    pub fn gain<'a>(&'a mut self, frame: CsiFrame<'a>) -> CsiFrame<'a> {
        if self.options.gain_steps == 0.0 {
            return frame;
        }
        while self.next_step <= frame.meta().t.seconds() {
            self.down = !self.down;
            let wait = self.wait();
            self.next_step += wait.max(Micros(1000).seconds());
        }
        if !self.down {
            return frame;
        }
        let g = 10f32.powf(-self.options.gain_steps as f32 / 20.0);
        let cfr = match frame.cfr() {
            Cfr::I8(v) => {
                self.i8s.clear();
                let part = |x: i8| (f32::from(x) * g).round() as i8;
                self.i8s.extend(v.iter().map(|h| Complex::new(part(h.re), part(h.im))));
                Cfr::I8(&self.i8s)
            }
            Cfr::I16(v) => {
                self.i16s.clear();
                let part = |x: i16| (f32::from(x) * g).round() as i16;
                self.i16s.extend(v.iter().map(|h| Complex::new(part(h.re), part(h.im))));
                Cfr::I16(&self.i16s)
            }
            Cfr::F32(v) => {
                self.f32s.clear();
                self.f32s.extend(v.iter().map(|h| h * g));
                Cfr::F32(&self.f32s)
            }
        };
        CsiFrame::new(*frame.meta(), frame.tones(), cfr).expect("the shape is the frame's own")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: Degrade = Degrade { keep: 1, loss: 0.0, gain_steps: 0.0, rssi: false, seed: 1 };

    #[test]
    fn loss_has_the_wanted_share_and_comes_in_bursts() {
        let mut damage = Damage::new(Degrade { loss: 0.3, ..CLEAN }, "x");
        let passed: Vec<bool> = (0..100_000).map(|_| damage.passes()).collect();
        let lost = passed.iter().filter(|p| !**p).count() as f64;
        let bursts = passed.windows(2).filter(|w| w[0] && !w[1]).count() as f64;
        assert!((lost / 1e5 - 0.3).abs() < 0.02, "{lost}");
        assert!((lost / bursts - 5.0).abs() < 0.3, "{}", lost / bursts);
    }

    #[test]
    fn one_in_n_is_kept_and_the_seed_decides() {
        let mut damage = Damage::new(Degrade { keep: 4, ..CLEAN }, "x");
        let passed: Vec<bool> = (0..8).map(|_| damage.passes()).collect();
        assert_eq!(passed, [true, false, false, false, true, false, false, false]);
        let run = |seed, name: &str| -> Vec<bool> {
            let mut d = Damage::new(Degrade { loss: 0.5, seed, ..CLEAN }, name);
            (0..64).map(|_| d.passes()).collect()
        };
        assert_eq!(run(1, "a"), run(1, "a"));
        assert_ne!(run(1, "a"), run(2, "a"));
        assert_ne!(run(1, "a"), run(1, "b"));
    }
}
