//! What the household may look back on: 24 hours by slot and 30 days by hour, for 16 zones, and not a minute more.
//!
//! Time is the caller's wall clock in slots since any fixed midnight of the household. It may jump: forwards, what is too
//! old by then is forgotten; backwards, what lies in the future is forgotten, and so much less is kept as the clock went
//! back, because that much age is hidden. A ring that was stored is loaded when the clock has been set, not before.

use crate::Foreign;
use crate::aging::Aging;
use crate::raw::Wipe;
use crate::state::KeepPermit;
use crate::wire::range::{Active, Day, Hour, Level10, Slot, ZoneId, ZoneState};
use crate::wire::{Derived, Lan, Zone};

const ZONES: usize = ZoneId::MAX as usize;
const SLOTS: usize = Slot::MAX as usize + 1;
const HOURS: usize = 24 * 30;
const UNKNOWN: u8 = 255;
const VERSION: u8 = 1;

/// The last `N` steps of `U` slots each, for 16 zones, one byte each.
struct Ring<const N: usize, const U: u32> {
    cells: [[u8; N]; ZONES],
    clock: Aging,
}

impl<const N: usize, const U: u32> Ring<N, U> {
    const BYTES: usize = 1 + Aging::BYTES + ZONES * N;

    const fn new() -> Self {
        Self { cells: [[UNKNOWN; N]; ZONES], clock: Aging::UNSET }
    }

    /// The step that runs.
    fn now(&self) -> Option<u32> {
        self.clock.now.map(|slot| slot / U)
    }

    /// Moves to a slot. Steps in between are unknown; so is everything after a step back, from the new time on, and what
    /// may be too old.
    fn advance(&mut self, slot: u32) {
        let (n, before, to) = (N as u32, self.now(), slot / U);
        match before {
            Some(now) if to >= now => self.clear(now % n + 1, to - now),
            Some(now) => self.clear(to % n, (now - to).saturating_add(1)),
            None => self.clear(0, n),
        }
        self.clock.move_to(slot, n * U);
        let hidden = self.clock.hidden().div_ceil(U);
        if hidden >= n {
            self.clear(0, n);
            self.clock.forget();
        } else {
            // The oldest stand right behind the running step.
            self.clear(to % n + 1, hidden);
        }
    }

    /// Makes so many steps from a place on unknown.
    fn clear(&mut self, from: u32, steps: u32) {
        for i in 0..steps.min(N as u32) {
            let column = ((from + i) % N as u32) as usize;
            self.cells.iter_mut().filter_map(|zone| zone.get_mut(column)).for_each(|v| *v = UNKNOWN);
        }
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

    /// Makes the steps that touch two slots and those between unknown. Returns how many cells knew something.
    fn erase_between(&mut self, zone: Option<ZoneId>, from: u32, to: u32) -> usize {
        let Some(now) = self.now() else { return 0 };
        let (oldest, from, to) = (now.saturating_sub(N as u32 - 1), from / U, to / U);
        let rows = (1..).zip(&mut self.cells).filter(|(n, _)| zone.is_none_or(|z| i64::from(z.get()) == *n));
        rows.map(|(_, row)| {
            let mut known = 0;
            for step in from.max(oldest)..=to.min(now) {
                if let Some(cell) = row.get_mut((step % N as u32) as usize).filter(|v| **v != UNKNOWN) {
                    (*cell, known) = (UNKNOWN, known + 1);
                }
            }
            known
        })
        .sum()
    }

    /// What an export held, where nothing is known and the step has not gone.
    fn put_back(&mut self, zone: ZoneId, slot: u32, value: u8) {
        let (step, now) = (slot / U, self.now());
        // What may be older than the clock says counts as older.
        let hidden = self.clock.hidden().div_ceil(U);
        if now.is_some_and(|now| step <= now && (now - step).saturating_add(hidden) < N as u32) {
            self.set(zone, step, |before| before.unwrap_or(value));
        }
    }

    fn save(&self, out: &mut dyn FnMut(&[u8])) {
        out(&[VERSION]);
        out(&self.clock.save());
        self.cells.iter().for_each(|zone| out(zone));
    }

    /// Read in place: a ring that is moved leaves a copy behind that nobody wipes. `None`, and nothing is changed, for
    /// anything that [`save`](Self::save) cannot have written.
    fn load(&mut self, bytes: &[u8], most: i64) -> Option<()> {
        let (version, rest) = bytes.split_first()?;
        let (clock, cells) = rest.split_at_checked(Aging::BYTES)?;
        let clock = Aging::load(clock)?;
        let known = |v: &u8| *v == UNKNOWN || i64::from(*v) <= most;
        if *version != VERSION || cells.len() != ZONES * N || !cells.iter().all(known) {
            return None;
        }
        self.clock = clock;
        for (row, stored) in self.cells.iter_mut().zip(cells.chunks_exact(N)) {
            row.copy_from_slice(stored);
        }
        Some(())
    }
}

impl<const N: usize, const U: u32> Drop for Ring<N, U> {
    fn drop(&mut self) {
        self.cells.wipe();
    }
}

fn row(zone: ZoneId) -> usize {
    usize::from(zone.get().saturating_sub(1))
}

/// Fills a buffer from the front.
fn filler(out: &mut [u8]) -> impl FnMut(&[u8]) {
    let mut rest = out.iter_mut();
    move |bytes| bytes.iter().for_each(|b| rest.next().into_iter().for_each(|place| *place = *b))
}

/// 24 hours by slot: the highest level of each.
pub struct DayRing(Ring<SLOTS, 1>);

impl DayRing {
    /// Bytes of a stored ring.
    pub const BYTES: usize = Ring::<SLOTS, 1>::BYTES;

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
        if self.0.now() != Some(slot) {
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

    /// Makes a zone (or all) unknown from one slot to another, both counted as in [`advance`](Self::advance) and included;
    /// returns how many slots knew something.
    pub fn erase_between(&mut self, zone: Option<ZoneId>, from: u32, to: u32) -> usize {
        self.0.erase_between(zone, from, to)
    }

    /// Takes back what an export of this household held: only into the last 24 hours, and only where nothing is known.
    pub fn put_back(&mut self, zone: ZoneId, slot: u32, level: Level10) {
        self.0.put_back(zone, slot, level.get());
    }

    /// Writes the ring down for the encrypted store, while the household agreed to keep it.
    pub fn save(&self, _: &KeepPermit<'_>, out: &mut [u8; Self::BYTES]) {
        self.0.save(&mut filler(out));
    }

    /// Becomes the stored ring, as it stands at the slot that runs.
    ///
    /// # Errors
    /// Foreign bytes: nothing is changed.
    pub fn load(&mut self, _: &KeepPermit<'_>, bytes: &[u8], slot: u32) -> Result<(), Foreign> {
        self.0.load(bytes, Level10::MAX).ok_or(Foreign)?;
        self.advance(slot);
        Ok(())
    }
}

impl Default for DayRing {
    fn default() -> Self {
        Self::new()
    }
}

/// 30 days by hour: how long each zone was active.
pub struct MonthRing {
    ring: Ring<HOURS, 12>,
    /// The slots of the running hour in which a zone moved, slot 0 in bit 0.
    moved: [u16; ZONES],
}

impl MonthRing {
    /// Bytes of a stored ring. The slots of the running hour are not stored: a restart makes it begin anew.
    pub const BYTES: usize = Ring::<HOURS, 12>::BYTES;

    /// Knows nothing.
    pub const fn new() -> Self {
        Self { ring: Ring::new(), moved: [0; ZONES] }
    }

    /// Moves to a slot, counted from a midnight; to be called at least once a slot, recorded or not.
    pub fn advance(&mut self, slot: u32) {
        let before = self.ring.now();
        self.ring.advance(slot);
        if self.ring.now() != before {
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
                self.ring.set(z.zone, slot / 12, |before| before.unwrap_or(0).max(active));
            }
        }
    }

    /// Active time in an hour of a day, counted back from the running day.
    pub fn active(&self, zone: ZoneId, day: Day, hour: Hour) -> Option<Active> {
        let now = self.ring.now()?;
        let wanted = (now / 24 * 24 + u32::from(hour.get())).checked_sub(24 * u32::from(day.get()))?;
        let inside = wanted <= now && now - wanted < HOURS as u32;
        inside.then(|| self.ring.get(zone, wanted as usize))?.map(|v| Active::new(v.into()))
    }

    /// Makes a zone (or all) unknown; returns how many hours knew something.
    pub fn erase(&mut self, zone: Option<ZoneId>) -> usize {
        self.forget_hour(zone);
        self.ring.erase(zone)
    }

    /// Makes the hours of a zone (or of all) that touch two slots, and those between, unknown; returns how many knew
    /// something.
    pub fn erase_between(&mut self, zone: Option<ZoneId>, from: u32, to: u32) -> usize {
        if self.ring.now().is_some_and(|now| (from / 12..=to / 12).contains(&now)) {
            self.forget_hour(zone);
        }
        self.ring.erase_between(zone, from, to)
    }

    /// The running hour begins anew for a zone, or for all.
    fn forget_hour(&mut self, zone: Option<ZoneId>) {
        match zone.map(row) {
            None => self.moved.wipe(),
            Some(row) => self.moved.get_mut(row).into_iter().for_each(|moved| *moved = 0),
        }
    }

    /// Takes back what an export of this household held: only into the last 30 days, and only where nothing is known.
    pub fn put_back(&mut self, zone: ZoneId, slot: u32, active: Active) {
        self.ring.put_back(zone, slot, active.get());
    }

    /// Writes the ring down for the encrypted store, while the household agreed to keep it.
    pub fn save(&self, _: &KeepPermit<'_>, out: &mut [u8; Self::BYTES]) {
        self.ring.save(&mut filler(out));
    }

    /// Becomes the stored ring, as it stands at the slot that runs.
    ///
    /// # Errors
    /// Foreign bytes: nothing is changed.
    pub fn load(&mut self, _: &KeepPermit<'_>, bytes: &[u8], slot: u32) -> Result<(), Foreign> {
        self.ring.load(bytes, Active::MAX).ok_or(Foreign)?;
        self.moved.wipe();
        self.advance(slot);
        Ok(())
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
    use crate::state::More;
    use crate::state::tests::{on, raise};
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
    fn a_jump_forward_forgets_by_age_and_one_back_by_what_it_hides() {
        let mut ring = DayRing::new();
        let known = |ring: &DayRing| (0..288).filter(|s| ring.level(ZONE, Slot::new(*s)).is_some()).count();
        for slot in 1000..1288 {
            ring.record(slot, &state(Motion::Still, 0));
        }
        assert_eq!(known(&ring), 288);
        ring.advance(1387);
        assert_eq!(known(&ring), 188, "100 slots forward: 100 are too old");
        ring.advance(1288);
        assert_eq!(known(&ring), 187, "99 back hide an age of 100: all but one of those are gone already");
        ring.advance(1278);
        assert_eq!(known(&ring), 176, "ten more back: eleven may be too old or lie in the future");
        for slot in 1278..1278 + 2 * 288 {
            ring.record(slot, &state(Motion::Still, 0));
        }
        assert_eq!(known(&ring), 288, "a day later all is as before");
        ring.advance(900);
        assert_eq!(known(&ring), 0, "more than a day back: nothing is certain");
        ring.record(901, &state(Motion::Still, 0));
        assert_eq!(known(&ring), 1);
    }

    #[test]
    fn a_stored_ring_comes_back_and_foreign_bytes_do_not() {
        let mut privacy = on();
        raise(&mut privacy, More::KeepOn);
        let permit = privacy.keeping().unwrap();
        let mut ring = DayRing::new();
        ring.record(1000, &state(Motion::Moving, 4000));
        let mut bytes = [0xee; DayRing::BYTES];
        ring.save(&permit, &mut bytes);
        let at = |ring: &DayRing, slot: u32| ring.level(ZONE, Slot::new(i64::from(slot % 288))).map(Level10::get);
        let mut back = DayRing::new();
        assert_eq!((back.load(&permit, &bytes, 1287), at(&back, 1000)), (Ok(()), Some(7)));
        let mut damaged = [(0, 2), (1, 7), (14, 10)].map(|(at, v)| {
            let mut b = bytes;
            b[at] = v;
            b
        });
        assert!(damaged.iter_mut().all(|b| back.load(&permit, b, 1288).is_err()));
        assert!(back.load(&permit, &bytes[1..], 1288).is_err());
        assert_eq!(at(&back, 1000), Some(7), "what is foreign changes nothing");
        assert!(MonthRing::new().load(&permit, &bytes, 1000).is_err());
        assert_eq!((back.load(&permit, &bytes, 1288), at(&back, 1000)), (Ok(()), None));
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

    #[test]
    fn a_stretch_is_erased_and_an_export_put_back() {
        let (mut day, mut month) = (DayRing::new(), MonthRing::new());
        for slot in 1000..1288 {
            day.record(slot, &state(Motion::Moving, 1000));
            month.record(slot, &state(Motion::Moving, 1000));
        }
        assert_eq!(day.erase_between(Some(ZoneId::new(1)), 0, u32::MAX), 0);
        assert_eq!(day.erase_between(Some(ZONE), 0, 1009), 10);
        assert_eq!(month.erase_between(None, 1008, 1009), 1, "the whole hour goes");
        assert_eq!(day.erase_between(None, 1280, u32::MAX), 8);
        assert_eq!(DayRing::new().erase_between(None, 0, u32::MAX), 0);
        let (five, at) = (Level10::new(5), |r: &DayRing, s: i64| r.level(ZONE, Slot::new(s % 288)));
        day.put_back(ZONE, 1285, five);
        day.put_back(ZONE, 1279, Level10::new(9));
        day.put_back(ZONE, 1288, five);
        day.put_back(ZONE, 999, five);
        assert_eq!((at(&day, 1285), at(&day, 1279), at(&day, 1000)), (Some(five), Some(five), None));
        // The running hour goes on counting, whatever else was erased.
        let mut running = MonthRing::new();
        for slot in 1200..1204 {
            running.record(slot, &state(Motion::Moving, 1000));
            running.erase_between(None, 0, 1199);
            running.erase_between(Some(ZoneId::new(1)), 0, u32::MAX);
        }
        let hour = Hour::new((1200 / 12) % 24);
        assert_eq!(running.active(ZONE, Day::new(0), hour).map(Active::get), Some(4));
        running.erase_between(Some(ZONE), 1203, 1203);
        running.record(1204, &state(Motion::Moving, 1000));
        assert_eq!(running.active(ZONE, Day::new(0), hour).map(Active::get), Some(1));
        month.put_back(ZONE, 1008, Active::new(3));
        assert_eq!(
            month.active(ZONE, Day::new(1), Hour::new((1008 / 12) % 24)).map(Active::get),
            Some(3),
            "the day before"
        );
    }
}
