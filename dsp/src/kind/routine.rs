//! The household's week: how usual motion is at this hour.

/// Hours of a week.
const HOURS: usize = 168;
/// A day counts `exp(-1/21)` of the next: three weeks of memory.
const DAYS: f32 = 21.0;
/// Surprise, in nats, under which motion is usual: one slot in twenty at that hour.
const USUAL: f32 = 3.0;

/// Whether motion at this time is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usual {
    /// The hour was watched for less than two weeks.
    Unknown,
    /// Motion is common at this hour.
    Yes,
    /// Motion is rare at this hour.
    No,
}

/// Rate of motion in each hour of the week, of one zone, with exponential forgetting.
///
/// A slot is a stretch of the caller's, five minutes as a rule, in which something moved or not.
///
/// - Memory: 1.4 KB; holds how often, never when
/// - Cost: 24 multiplications a day, one addition a slot
#[derive(Clone)]
pub struct Routine {
    /// Moving hours and all hours watched, of each hour of the week.
    hours: [(f32, f32); HOURS],
    day: [u16; 7],
}

impl Default for Routine {
    fn default() -> Self {
        Self { hours: [(0.0, 0.0); HOURS], day: [0; 7] }
    }
}

impl Routine {
    /// Takes a slot: the hour of the week (0 to 167; others are left out), a running number of the day, slots an hour, and
    /// whether anything moved.
    pub fn push(&mut self, hour: usize, day: u16, slots_an_hour: f32, moved: bool) {
        let weekday = hour / 24;
        let Some(last) = self.day.get_mut(weekday) else { return };
        if *last != day {
            let keep = crate::math::exp(-f32::from(day.wrapping_sub(*last)) / DAYS);
            for (moving, all) in self.hours.iter_mut().skip(weekday * 24).take(24) {
                (*moving, *all) = (*moving * keep, *all * keep);
            }
            *last = day;
        }
        if let Some((moving, all)) = self.hours.get_mut(hour) {
            let one = 1.0 / slots_an_hour.max(1.0);
            *moving += if moved { one } else { 0.0 };
            *all += one;
        }
    }

    /// Surprise of motion in this hour, `-ln p`, nats; `None` before two weeks of it.
    ///
    /// Half a slot of each kind is counted in advance (Jeffreys, slots of five minutes), so nothing is ever impossible.
    pub fn surprise(&self, hour: usize) -> Option<f32> {
        let &(moving, all) = self.hours.get(hour)?;
        // What is left of one hour a week ago, and one now.
        let two_weeks = 1.0 + crate::math::exp(-7.0 / DAYS);
        (all >= 0.99 * two_weeks).then(|| -crate::math::ln((moving + 0.04) / (all + 0.08)))
    }

    /// Whether motion in this hour is usual.
    pub fn usual(&self, hour: usize) -> Usual {
        match self.surprise(hour) {
            None => Usual::Unknown,
            Some(s) if s < USUAL => Usual::Yes,
            Some(_) => Usual::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_weeks_make_a_routine_and_months_change_it() {
        let mut r = Routine::default();
        let live = |r: &mut Routine, weeks: core::ops::Range<u16>, moving: core::ops::Range<usize>| {
            for day in weeks.start * 7..weeks.end * 7 {
                for hour in 0..24 {
                    for _ in 0..12 {
                        r.push(usize::from(day % 7) * 24 + hour, day, 12.0, moving.contains(&hour));
                    }
                }
            }
        };
        live(&mut r, 0..1, 7..22);
        assert_eq!(r.usual(12), Usual::Unknown, "one week");
        live(&mut r, 1..3, 7..22);
        assert_eq!((r.usual(12), r.usual(3)), (Usual::Yes, Usual::No));
        assert!(r.surprise(3).is_some_and(|s| s > 3.0 && s.is_finite()));
        live(&mut r, 3..6, 0..4);
        assert_eq!((r.usual(3), r.usual(12)), (Usual::Yes, Usual::Yes), "noon is not forgotten yet");
        live(&mut r, 6..30, 0..4);
        assert_eq!((r.usual(12), r.usual(168)), (Usual::No, Usual::Unknown));
        r.push(999, 3, 12.0, true);
    }
}
