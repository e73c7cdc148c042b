//! Somebody who holds still breathes: the periodic part of a link's channel, against a stated false-alarm rate.
//!
//! ```text
//! frame ─▶ align (template, both parts) ─▶ half-second slots, 32 s ─▶ spectrum ─▶ line over background ─▶ sign of life
//! ```
//!
//! `docs/presence.md` in the crate says what is computed, why, and what it cannot do. What leaves the crate's detectors
//! is a yes; the rate exists for scoring recordings in the lab alone, and no message has a place for it.

mod align;
mod line;
mod slots;
mod steady;
mod transform;

use self::align::Aligner;
use self::line::Lines;
use self::slots::Slots;
use self::steady::Steady;
use crate::detect::DetectorConfig;
use crate::frame::CsiFrame;
use crate::math;
use crate::phy::{Bandwidth, Micros, PpduFormat};

/// Frames closer than this are left out: 20 a second are enough for a chest.
const SPACING: Micros = Micros(45_000);
/// Slots between two looks: five seconds.
const HOP: u32 = 10;
/// Independent windows of a day: the taper leaves 19 s of each.
const WINDOWS_A_DAY: f64 = 86_400.0 / 19.0;
/// Places that are tried in a window, now and in the mean (Bonferroni's inequality).
const TRIES: f64 = 58.0;

/// What frames of one link have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    n_rx: u8,
    n_sts: u8,
    tones: u16,
    format: PpduFormat,
    width: Bandwidth,
}

/// A breath, as the lab sees it.
#[derive(Clone, Copy, Debug)]
pub struct Breath {
    /// Natural logarithm of the probability that an empty room shows such a line, before it is shared by the tries.
    pub ln_p: f64,
    /// Breaths a minute. For scoring recordings only.
    pub per_minute: f32,
    /// True if the link's tolerated rate of false alarms lets the line count.
    pub counts: bool,
}

/// Looks for breathing on one link.
///
/// - Memory: `size_of::<SignOfLife>()`, under 2 KB, whatever the packet rate
/// - Needs five frames a second; 20 a second are used, more are left out
/// - Says nothing in its first 32 s and while frames are missing
pub struct SignOfLife {
    threshold: f64,
    shape: Option<Shape>,
    aligner: Aligner,
    slots: Slots,
    lines: Lines,
    steady: Steady,
    last: Option<Micros>,
    looked: u32,
    breath: Option<Breath>,
    seen: Option<Micros>,
}

impl SignOfLife {
    /// Knows nothing yet. The tolerated false alarms a day are those of the configuration.
    pub fn new(config: &DetectorConfig) -> Self {
        let p = f64::from(config.false_alarms_per_day()) / (WINDOWS_A_DAY * TRIES);
        Self {
            threshold: math::ln_f64(p),
            shape: None,
            aligner: Aligner::default(),
            slots: Slots::default(),
            lines: Lines::default(),
            steady: Steady::default(),
            last: None,
            looked: 0,
            breath: None,
            seen: None,
        }
    }

    /// Takes a frame, in order of time. A change of shape starts afresh.
    ///
    /// Cost: about 20 flops a tone for each of at most 22 frames a second; a spectrum every five seconds.
    pub fn push(&mut self, frame: &CsiFrame<'_>) {
        let m = frame.meta();
        if self.last.is_some_and(|last| m.t < last + SPACING) {
            return;
        }
        let tones = frame.tones().len().min(usize::from(u16::MAX)) as u16;
        let shape = Shape { n_rx: m.n_rx, n_sts: m.n_sts, tones, format: m.format, width: m.width };
        if self.shape != Some(shape) {
            self.forget();
            self.shape = Some(shape);
        }
        let Some(features) = self.aligner.features(frame) else { return };
        self.last = Some(m.t);
        self.slots.push(m.t, &features);
        if self.slots.ended() < self.looked {
            // A long gap: the slots began afresh.
            (self.lines, self.steady, self.looked, self.breath) = (Lines::default(), Steady::default(), 0, None);
        }
        if self.slots.ended() - self.looked >= HOP {
            self.looked = self.slots.ended();
            self.look(m.t);
        }
    }

    /// Forgets everything, in place: every array is overwritten.
    pub fn reset(&mut self) {
        self.forget();
        self.seen = None;
    }

    /// Forgets the channel, not when life was seen.
    fn forget(&mut self) {
        // By name, so that a field left out does not compile.
        let Self { threshold: _, shape, aligner, slots, lines, steady, last, looked, breath, seen: _ } = self;
        slots.clear();
        (*aligner, *lines, *steady) = (Aligner::default(), Lines::default(), Steady::default());
        (*shape, *last, *looked, *breath) = (None, None, 0, None);
    }

    fn look(&mut self, t: Micros) {
        if !self.slots.is_full() {
            self.breath = None;
            return;
        }
        let line = self.lines.step(&self.slots);
        let counts = line.ln_p < self.threshold;
        self.steady.push(counts.then_some(line.hz));
        let counts = counts && !self.steady.is_machine();
        self.breath = Some(Breath { ln_p: line.ln_p, per_minute: 60.0 * line.hz, counts });
        if counts {
            self.seen = Some(t);
        }
    }

    /// When somebody was last noticed to breathe.
    pub const fn seen(&self) -> Option<Micros> {
        self.seen
    }

    /// True if the link's line is a machine's: it has stood still for three minutes.
    pub fn is_machine(&self) -> bool {
        self.steady.is_machine()
    }

    /// Counts up with every look.
    pub const fn looks(&self) -> u32 {
        self.looked
    }

    /// The last look, if there was enough to look at. For recordings in the lab; nothing that leaves a node has a place
    /// for it.
    pub const fn breath(&self) -> Option<&Breath> {
        self.breath.as_ref()
    }
}

#[cfg(test)]
mod tests;
