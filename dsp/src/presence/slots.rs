//! Second step of still presence: features of irregular frames on an even grid of half-second slots.

use super::align::{Features, MAX_FEATURES};
use crate::phy::Micros;

/// Slots of one window: 32 s.
pub const SLOTS: usize = 64;
/// Length of a slot.
pub const SLOT: Micros = Micros(500_000);
/// Weight of frames that a slot needs; one frame in its middle weighs one.
const LEAST: f32 = 0.25;
/// Slots that a window needs, and the longest hole that is bridged: a third of the fastest breath's rest and little else.
const FILLED: u32 = 56;
const HOLE: u32 = 4;
/// Full scale of a stored number.
const FULL: f32 = 127.0;

/// Ring of slots. A frame counts in the two slots next to it, by nearness, so that what changes fast averages out
/// whatever the packet rate: -17 dB at 1.4 Hz, -34 dB at 1.75 Hz, which would else pose as breathing.
///
/// Numbers are kept by the root of their size in 8 bits: steps of 6e-5 near zero, 4 % of full scale 1.
#[derive(Clone)]
pub struct Slots {
    ring: [[i8; MAX_FEATURES]; SLOTS],
    /// Bit i: the slot i before the last was filled.
    filled: u64,
    /// Number of the slot that the first sum belongs to.
    slot: u64,
    sums: [(f32, Features); 2],
    /// Slots ended so far.
    ended: u32,
}

impl Default for Slots {
    fn default() -> Self {
        Self { ring: [[0; MAX_FEATURES]; SLOTS], filled: 0, slot: 0, sums: [(0.0, [0.0; MAX_FEATURES]); 2], ended: 0 }
    }
}

impl Slots {
    /// Forgets everything, in place.
    pub fn clear(&mut self) {
        self.ring.iter_mut().for_each(|row| row.fill(0));
        self.sums.iter_mut().for_each(|(weight, sum)| {
            *weight = 0.0;
            sum.fill(0.0);
        });
        (self.filled, self.slot, self.ended) = (0, 0, 0);
    }

    /// Number of slots that have ended.
    pub const fn ended(&self) -> u32 {
        self.ended
    }

    /// Takes the features of a frame. A gap longer than the window forgets everything.
    ///
    /// - Cost: four flops a feature
    pub fn push(&mut self, t: Micros, features: &Features) {
        let slot = t.0 / SLOT.0;
        let share = (t.0 % SLOT.0) as f32 / SLOT.0 as f32;
        if slot < self.slot {
            return;
        }
        if slot - self.slot > SLOTS as u64 {
            self.clear();
            self.slot = slot;
        }
        while self.slot < slot {
            self.end_slot();
        }
        for ((weight, sum), part) in self.sums.iter_mut().zip([1.0 - share, share]) {
            *weight += part;
            for (s, f) in sum.iter_mut().zip(features) {
                *s += part * f;
            }
        }
    }

    fn end_slot(&mut self) {
        let (weight, sum) = &self.sums[0];
        let good = *weight >= LEAST;
        if good {
            let place = (self.slot % SLOTS as u64) as usize;
            for (to, s) in self.ring.get_mut(place).into_iter().flatten().zip(sum) {
                *to = press(s / weight);
            }
        }
        self.filled = (self.filled << 1) | u64::from(good);
        self.sums[0] = self.sums[1];
        self.sums[1] = (0.0, [0.0; MAX_FEATURES]);
        self.slot += 1;
        self.ended = self.ended.saturating_add(1);
    }

    /// True if enough slots of the last window are filled to say anything.
    pub fn is_full(&self) -> bool {
        let mut hole = 0;
        let bridged = (0..SLOTS).all(|i| {
            hole = if self.filled >> i & 1 == 1 { 0 } else { hole + 1 };
            hole <= HOLE
        });
        bridged && self.filled.count_ones() >= FILLED
    }

    /// One feature over the last window, oldest first; holes are bridged by the line between their neighbours.
    pub fn series(&self, feature: usize) -> [f32; SLOTS] {
        let mut out = [0.0; SLOTS];
        let (mut before, mut last) = (None, 0.0);
        for i in 0..SLOTS {
            if self.filled >> (SLOTS - 1 - i) & 1 == 0 {
                continue;
            }
            let place = (self.slot + i as u64) % SLOTS as u64;
            let x = unpress(self.ring.get(place as usize).and_then(|row| row.get(feature)).copied().unwrap_or(0));
            let from = before.map_or(0, |b: usize| b + 1);
            let begin = if before.is_some() { last } else { x };
            let steps = (i - from + 1) as f32;
            for (k, o) in out.get_mut(from..i).unwrap_or_default().iter_mut().enumerate() {
                *o = begin + (x - begin) * (k + 1) as f32 / steps;
            }
            if let Some(o) = out.get_mut(i) {
                *o = x;
            }
            (before, last) = (Some(i), x);
        }
        let from = before.map_or(0, |b| b + 1);
        out.get_mut(from..).unwrap_or_default().fill(last);
        out
    }
}

fn press(x: f32) -> i8 {
    let root = FULL * crate::math::sqrt(x.abs().min(1.0));
    libm::roundf(if x < 0.0 { -root } else { root }) as i8
}

fn unpress(v: i8) -> f32 {
    let v = f32::from(v) / FULL;
    v * v.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_size_and_a_hole_is_bridged() {
        for x in [-1.0, -0.3, -0.01, 0.0, 1e-4, 0.05, 0.7] {
            assert!((unpress(press(x)) - x).abs() < 1e-4 + 0.01 * crate::math::sqrt(x.abs()), "{x}");
        }
        let mut slots = Slots::default();
        for i in 0..700u64 {
            // A line over time; two slots without a frame, and later five.
            let missing = (250..260).contains(&i);
            if !missing {
                slots.push(Micros(i * 100_000), &[i as f32 / 1000.0; MAX_FEATURES]);
            }
        }
        assert!(slots.is_full());
        let x = slots.series(3);
        for (i, x) in x.iter().enumerate() {
            let wanted = (slots.slot as f32 - SLOTS as f32 + i as f32) * 0.005;
            assert!((x - wanted).abs() < 0.012, "{i}: {x} {wanted}");
        }
        slots.push(Micros(72_000_000), &[0.0; MAX_FEATURES]);
        slots.push(Micros(75_500_000), &[0.0; MAX_FEATURES]);
        assert!(!slots.is_full(), "a hole of three seconds is not bridged");
        slots.push(Micros(500_000_000), &[0.0; MAX_FEATURES]);
        assert_eq!(slots.ended(), 0, "a long gap forgets");
    }
}
