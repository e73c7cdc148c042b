//! What the household may look back on: 24 hours by slot and 30 days by hour, for 16 zones, and not a minute more.
//!
//! Time is the caller's wall clock in slots or hours since any fixed midnight of the household. It may jump: what a ring
//! holds from outside the window that ends now is forgotten at the next call, forwards or backwards.

use crate::raw::Wipe;
use crate::wire::range::{Active, Day, Hour, Level10, Slot, ZoneId, ZoneState};
use crate::wire::{Derived, Lan, Zone};

const ZONES: usize = ZoneId::MAX as usize;
const SLOTS: usize = Slot::MAX as usize + 1;
const HOURS: usize = 24 * 30;
const UNKNOWN: u8 = 255;

/// The last `N` steps of time for 16 zones, one byte each.
struct Ring<const N: usize> {
    cells: [[u8; N]; ZONES],
    now: Option<u32>,
}

impl<const N: usize> Ring<N> {
    const fn new() -> Self {
        Self { cells: [[UNKNOWN; N]; ZONES], now: None }
    }

    /// Moves to a time. Steps in between are unknown; so is everything after a step back, from the new time on.
    fn advance(&mut self, to: u32) {
        let n = N as u32;
        let (first, steps) = match self.now {
            Some(now) if to >= now => (now.saturating_add(1), to - now),
            Some(now) => (to, (now - to).saturating_add(1)),
            None => (to, n),
        };
        for i in 0..steps.min(n) {
            let column = (first.wrapping_add(i) % n) as usize;
            self.cells.iter_mut().filter_map(|zone| zone.get_mut(column)).for_each(|v| *v = UNKNOWN);
        }
        self.now = Some(to);
    }

    fn set(&mut self, zone: ZoneId, at: u32, f: impl FnOnce(Option<u8>) -> u8) {
        let row = self.cells.get_mut(row(zone));
        if let Some(cell) = row.and_then(|row| row.get_mut((at % N as u32) as usize)) {
            *cell = f(Some(*cell).filter(|v| *v != UNKNOWN));
        }
    }

    fn get(&self, zone: ZoneId, column: usize) -> Option<u8> {
        self.cells.get(row(zone))?.get(column % N).copied().filter(|v| *v != UNKNOWN)
    }

    /// Makes a zone, or all, unknown. Returns how many cells knew something.
    fn erase(&mut self, zone: Option<ZoneId>) -> usize {
        let rows = (1..).zip(&mut self.cells).filter(|(n, _)| zone.is_none_or(|z| i64::from(z.get()) == *n));
        rows.map(|(_, row)| {
            let known = row.iter().filter(|v| **v != UNKNOWN).count();
            row.fill(UNKNOWN);
            known
        })
        .sum()
    }
}

impl<const N: usize> Drop for Ring<N> {
    fn drop(&mut self) {
        self.cells.wipe();
    }
}

fn row(zone: ZoneId) -> usize {
    usize::from(zone.get().saturating_sub(1))
}

/// 24 hours by slot: the highest level of each.
pub struct DayRing(Ring<SLOTS>);

impl DayRing {
    /// Knows nothing.
    pub const fn new() -> Self {
        Self(Ring::new())
    }

    /// Moves to a slot, counted from a midnight; to be called at least once a slot, recorded or not.
    pub fn advance(&mut self, slot: u32) {
        self.0.advance(slot);
    }

    /// Remembers a zone's state in the slot that runs. Off and unknown leave no trace.
    pub fn record(&mut self, slot: u32, zone: &Derived<Zone, Lan>) {
        if self.0.now != Some(slot) {
            self.advance(slot);
        }
        let z = zone.get();
        if matches!(z.state, ZoneState::Still | ZoneState::Moving) {
            self.0.set(z.zone, slot, |before| before.unwrap_or(0).max(z.level.get()));
        }
    }

    /// The level of a slot of the day, within the last 24 hours.
    pub fn level(&self, zone: ZoneId, slot: Slot) -> Option<Level10> {
        self.0.get(zone, slot.get().into()).map(|v| Level10::new(v.into()))
    }

    /// Makes a zone (or all) unknown; returns how many slots knew something.
    pub fn erase(&mut self, zone: Option<ZoneId>) -> usize {
        self.0.erase(zone)
    }
}

impl Default for DayRing {
    fn default() -> Self {
        Self::new()
    }
}

/// 30 days by hour: how long each zone was active.
pub struct MonthRing {
    ring: Ring<HOURS>,
    /// The slots of the running hour in which a zone moved, slot 0 in bit 0.
    moved: [u16; ZONES],
}

impl MonthRing {
    /// Knows nothing.
    pub const fn new() -> Self {
        Self { ring: Ring::new(), moved: [0; ZONES] }
    }

    /// Moves to a slot, counted from a midnight; to be called at least once an hour, recorded or not.
    pub fn advance(&mut self, slot: u32) {
        let hour = slot / 12;
        if self.ring.now != Some(hour) {
            self.ring.advance(hour);
            self.moved.wipe();
        }
    }

    /// Remembers a zone's state in the slot that runs. Off and unknown leave no trace.
    pub fn record(&mut self, slot: u32, zone: &Derived<Zone, Lan>) {
        self.advance(slot);
        let z = zone.get();
        if matches!(z.state, ZoneState::Still | ZoneState::Moving) {
            if let Some(moved) = self.moved.get_mut(row(z.zone)) {
                *moved |= u16::from(z.state == ZoneState::Moving) << (slot % 12);
                let active = moved.count_ones() as u8;
                self.ring.set(z.zone, slot / 12, |_| active);
            }
        }
    }

    /// Active time in an hour of a day, counted back from the running day.
    pub fn active(&self, zone: ZoneId, day: Day, hour: Hour) -> Option<Active> {
        let now = self.ring.now?;
        let wanted = (now / 24 * 24 + u32::from(hour.get())).checked_sub(24 * u32::from(day.get()))?;
        let inside = wanted <= now && now - wanted < HOURS as u32;
        inside.then(|| self.ring.get(zone, wanted as usize))?.map(|v| Active::new(v.into()))
    }

    /// Makes a zone (or all) unknown; returns how many hours knew something.
    pub fn erase(&mut self, zone: Option<ZoneId>) -> usize {
        self.moved.wipe();
        self.ring.erase(zone)
    }
}

impl Default for MonthRing {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MonthRing {
    fn drop(&mut self) {
        self.moved.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate;
    use crate::state::tests::on;
    use crate::{Raw, estimate::*};

    const ZONE: ZoneId = ZoneId::new(16);

    fn state(motion: Motion, score_milli: i32) -> Derived<Zone, Lan> {
        let e = ZoneEstimate { motion, score_milli, threshold_milli: 1000, ..ZoneEstimate::default() };
        let privacy = on();
        let permit = privacy.sensing(0).ok().unwrap();
        gate::zone(&permit, ZONE, None, Slot::new(0), Some(&Raw::new(e)))
    }

    #[test]
    fn a_day_keeps_the_highest_level_and_forgets_after_24_hours() {
        let mut ring = DayRing::new();
        ring.record(1000, &state(Motion::Moving, 1000));
        ring.record(1000, &state(Motion::Moving, 4000));
        ring.record(1000, &state(Motion::Still, 0));
        ring.record(1001, &state(Motion::Unknown, 0));
        let at = |ring: &DayRing, slot: u32| ring.level(ZONE, Slot::new(i64::from(slot % 288))).map(Level10::get);
        assert_eq!((at(&ring, 1000), at(&ring, 1001)), (Some(7), None));
        ring.advance(1287);
        assert_eq!(at(&ring, 1000), Some(7));
        ring.advance(1288);
        assert_eq!(at(&ring, 1000), None);
    }

    #[test]
    fn a_month_counts_active_slots() {
        let mut ring = MonthRing::new();
        for slot in 0..12 {
            ring.record(24 * 12 + slot, &state(if slot < 5 { Motion::Moving } else { Motion::Still }, 1000));
        }
        let at = |ring: &MonthRing, day, hour| ring.active(ZONE, Day::new(day), Hour::new(hour)).map(Active::get);
        assert_eq!((at(&ring, 0, 0), at(&ring, 0, 1), at(&ring, 1, 0)), (Some(5), None, None));
        ring.advance((24 + 24 * 29) * 12);
        assert_eq!(at(&ring, 29, 0), Some(5));
        ring.advance((24 + 24 * 30) * 12);
        assert_eq!(at(&ring, 29, 0), None);
        assert!((0..30).all(|d| (0..24).all(|h| at(&ring, d, h).is_none())));
    }

    #[test]
    fn nothing_outlives_a_jump_of_the_clock() {
        // A slow twin remembers (slot, level) and judges by age alone.
        let mut ring = DayRing::new();
        let mut twin: std::vec::Vec<(u32, u8)> = std::vec::Vec::new();
        let mut now = 5000u32;
        for (i, jump) in [1i64, 1, 250, -100, 3, 500, -400, 287, 1, -288, 1, 100_000, -99_999].into_iter().enumerate() {
            now = u32::try_from(i64::from(now) + jump).unwrap();
            ring.record(now, &state(Motion::Moving, 1000 << (i % 3)));
            twin.retain(|(t, _)| *t < now && now - t < 288);
            twin.push((now, 5 + (i % 3) as u8));
            for slot in 0..288 {
                let want = twin.iter().find(|(t, _)| t % 288 == slot).map(|(_, l)| *l);
                let got = ring.level(ZONE, Slot::new(slot.into())).map(Level10::get);
                assert_eq!(got, want, "step {i}, slot {slot}");
            }
        }
    }

    #[test]
    fn erased_is_unknown() {
        let mut ring = DayRing::new();
        ring.record(7, &state(Motion::Still, 0));
        assert_eq!(ring.erase(Some(ZoneId::new(1))), 0);
        assert_eq!(ring.erase(Some(ZONE)), 1);
        assert_eq!(ring.level(ZONE, Slot::new(7)), None);
        assert_eq!(ring.erase(None), 0);
    }
}
