//! When to disturb a home: the quietest start by forecast, and whether a firmware update may run now.
//!
//! Pure functions of minutes of the local day. A plan waits for the quiet window unless radar or jamming leaves no choice.

use crate::model::site::{Forecast, QuietWindow};

/// Minutes of a day.
const DAY: u32 = 1_440;

/// Candidate starts lie so many minutes apart.
const STEP: u32 = 15;

/// Live demand, as a share of the busy hour's in thousandths, over which a home is in use.
const IN_USE_PERMILLE: u16 = 100;

/// A stretch of time and how much it would disturb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// First minute of the local day.
    pub start_minute: u16,
    /// Mean demand over the stretch as a share of the busy hour's, in thousandths.
    pub demand_permille: u16,
    /// Mean share of the stretch in which somebody moves, in thousandths.
    pub motion_permille: u16,
}

impl Slot {
    /// What is minimised: demand that is cut and people that notice count alike.
    fn disturbance(&self) -> u32 {
        u32::from(self.demand_permille) + u32::from(self.motion_permille)
    }
}

/// The stretch of `minutes` that starts at a minute of the day.
pub fn stretch(forecast: &Forecast, start_minute: u16, minutes: u16) -> Slot {
    let minutes = u32::from(minutes).clamp(1, DAY);
    let mean = |hours: &[u16]| {
        if hours.is_empty() {
            return 0;
        }
        let at = |m: u32| u32::from(hours[((u32::from(start_minute) + m) % DAY / 60) as usize % hours.len()]);
        ((0..minutes).map(at).sum::<u32>() / minutes) as u16
    };
    Slot {
        start_minute,
        demand_permille: mean(&forecast.demand_permille),
        motion_permille: mean(&forecast.motion_permille),
    }
}

/// Minutes from the start of a window to its end, over midnight if need be; equal ends mean the whole day.
fn length(window: QuietWindow) -> u32 {
    let (from, to) = (u32::from(window.from_minute), u32::from(window.to_minute));
    match (to + DAY - from) % DAY {
        0 => DAY,
        n => n,
    }
}

/// The quietest stretch of `minutes` that lies in the window, or in the day; the earliest of equals. `None` if the window
/// is too short.
pub fn quietest(forecast: &Forecast, window: Option<QuietWindow>, minutes: u16) -> Option<Slot> {
    let (from, room) = match window {
        Some(w) => (u32::from(w.from_minute), length(w).checked_sub(u32::from(minutes))?),
        None => (0, DAY - STEP),
    };
    let starts = (0..=room / STEP).map(|k| ((from + k * STEP) % DAY) as u16);
    starts.map(|s| stretch(forecast, s, minutes)).min_by_key(Slot::disturbance)
}

/// True if a stretch lies in a window.
fn lies_in(window: QuietWindow, start_minute: u16, minutes: u16) -> bool {
    let after = (u32::from(start_minute) + DAY - u32::from(window.from_minute)) % DAY;
    after + u32::from(minutes) <= length(window)
}

/// What a home is doing at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Demand as a share of the busy hour's, in thousandths.
    pub demand_permille: u16,
    /// True if somebody moves.
    pub motion: bool,
    /// True while a radio listens for radar.
    pub listening: bool,
    /// True while a change is being watched and may be undone.
    pub watched: bool,
}

/// Why an update may not run now. The words are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The update would not end within the quiet window.
    OutsideWindow,
    /// Clients want airtime now.
    Demand,
    /// Somebody is up.
    Motion,
    /// A radio listens for radar.
    Listening,
    /// A change is being watched.
    Watched,
    /// A far quieter stretch lies ahead in the window.
    QuieterAhead,
}

/// Whether an update may run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateAnswer {
    /// Nothing, if it may; else every obstacle.
    pub obstacles: Vec<Obstacle>,
    /// The quietest start, if a forecast tells.
    pub better: Option<Slot>,
}

impl UpdateAnswer {
    /// True if the update may run now.
    pub fn is_yes(&self) -> bool {
        self.obstacles.is_empty()
    }
}

/// Answers whether an update of `minutes` may start at a minute of the local day.
///
/// A stretch ahead counts as far quieter if it disturbs less than half as much.
pub fn may_update(
    now_minute: u16,
    minutes: u16,
    window: Option<QuietWindow>,
    forecast: Option<&Forecast>,
    live: Live,
) -> UpdateAnswer {
    let better = forecast.and_then(|f| quietest(f, window, minutes));
    let ahead = forecast.zip(better).is_some_and(|(f, b)| {
        let now = stretch(f, now_minute, minutes).disturbance();
        b.start_minute != now_minute && 2 * b.disturbance() < now
    });
    let all = [
        (window.is_some_and(|w| !lies_in(w, now_minute, minutes)), Obstacle::OutsideWindow),
        (live.demand_permille > IN_USE_PERMILLE, Obstacle::Demand),
        (live.motion, Obstacle::Motion),
        (live.listening, Obstacle::Listening),
        (live.watched, Obstacle::Watched),
        (ahead, Obstacle::QuieterAhead),
    ];
    UpdateAnswer { obstacles: all.into_iter().filter(|x| x.0).map(|x| x.1).collect(), better }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quiet from 2 to 5, busiest at 20.
    fn forecast() -> Forecast {
        let demand = |h: u16| {
            if (2..5).contains(&h) {
                20
            } else if h == 20 {
                1_000
            } else {
                300
            }
        };
        let motion = |h: u16| if (3..4).contains(&h) { 0 } else { 200 };
        Forecast { demand_permille: (0..24).map(demand).collect(), motion_permille: (0..24).map(motion).collect() }
    }

    const NIGHT: QuietWindow = QuietWindow { from_minute: 1_380, to_minute: 360 };

    #[test]
    fn the_quietest_stretch_is_found_over_midnight() {
        let slot = quietest(&forecast(), Some(NIGHT), 60).unwrap();
        assert_eq!((slot.start_minute, slot.demand_permille, slot.motion_permille), (180, 20, 0));
        assert_eq!(quietest(&forecast(), None, 60), Some(slot));
        assert_eq!(quietest(&forecast(), Some(QuietWindow { from_minute: 0, to_minute: 10 }), 30), None);
        // Where all is equal the earliest stands.
        let flat = Forecast { demand_permille: vec![100; 24], motion_permille: Vec::new() };
        assert_eq!(quietest(&flat, Some(NIGHT), 30).unwrap().start_minute, 1_380);
    }

    #[test]
    fn an_update_waits_for_each_obstacle() {
        let forecast = forecast();
        let ask = |minute: u16, live: Live| may_update(minute, 20, Some(NIGHT), Some(&forecast), live).obstacles;
        assert_eq!(ask(185, Live::default()), []);
        assert_eq!(ask(720, Live::default()), [Obstacle::OutsideWindow, Obstacle::QuieterAhead]);
        // It would end after the window.
        assert_eq!(ask(350, Live::default()), [Obstacle::OutsideWindow, Obstacle::QuieterAhead]);
        assert_eq!(ask(185, Live { motion: true, ..Live::default() }), [Obstacle::Motion]);
        assert_eq!(ask(185, Live { demand_permille: 101, ..Live::default() }), [Obstacle::Demand]);
        assert_eq!(ask(185, Live { listening: true, ..Live::default() }), [Obstacle::Listening]);
        assert_eq!(ask(185, Live { watched: true, ..Live::default() }), [Obstacle::Watched]);
        assert!(may_update(720, 20, None, None, Live::default()).is_yes());
    }
}
