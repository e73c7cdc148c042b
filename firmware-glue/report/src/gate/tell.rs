//! What may be said of the node itself and of its memory.

use crate::audit::Entry;
use crate::budget::sampler::{NoWords, Words, below, krr, laplace};
use crate::budget::{BudgetTicket, Question, WeekAnswers};
use crate::ring::{DayRing, MonthRing};
use crate::wire::range::{
    Answer, Day as DayNumber, Hour, Kept, ManagedBy, Number, Percent, QuestionId, Release, Schema, SinceOff, Slot,
    Source, Uptime, Week, ZoneId,
};
use crate::wire::{Day, Derived, Event, Lan, Month, Status, Wan, Weekly};
use crate::{EventCode, Privacy, Raw};

/// What the node knows of itself beside its [`Privacy`] state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The sample source.
    pub source: Source,
    /// Seconds since start; the message shows a class.
    pub uptime_s: u64,
    /// Frames decoded since sensing was switched off.
    pub frames_since_off: u32,
    /// Where history is kept.
    pub kept: Kept,
    /// Who manages the node.
    pub managed_by: ManagedBy,
    /// What is left of the weekly budget, percent.
    pub budget_left: u8,
}

/// The node's status. Lost: seconds of uptime. Level and switch are read from the state in force, so they cannot be told
/// wrongly.
pub fn status(privacy: &Privacy, now_us: u64, node: &NodeStatus) -> Derived<Status, Lan> {
    Derived::mint(Status {
        schema: Schema::new(1),
        version: Release::THIS,
        level: privacy.level(),
        sensing: privacy.switch(now_us),
        source: node.source,
        uptime: Uptime::of_s(node.uptime_s),
        frames_since_off: SinceOff::new(node.frames_since_off.into()),
        kept: node.kept,
        managed_by: node.managed_by,
        budget_left: Percent::new(node.budget_left.into()),
    })
}

/// An event of the closed list. Lost: the time but for the slot, and a number that does not go with the code.
pub fn event(slot: Slot, code: EventCode, number: Number) -> Derived<Event, Lan> {
    Derived::mint(Event { slot, code, number: code.number(number) })
}

/// An entry of the audit, for everybody at home. Lost: the day; slot 0 stands where the time was not known.
pub fn audited(entry: &Entry) -> Derived<Event, Lan> {
    let slot = Slot::new(entry.at().map_or(0, |at| i64::from(at % 288)));
    Derived::mint(Event { slot, code: entry.code(), number: entry.number() })
}

/// One slot of the last 24 hours, as the ring remembers it. Lost: nothing more.
pub fn day(ring: &DayRing, zone: ZoneId, slot: Slot) -> Derived<Day, Lan> {
    Derived::mint(Day { zone, slot, level: ring.level(zone, slot) })
}

/// One hour of the last 30 days, as the ring remembers it. Lost: nothing more.
pub fn month(ring: &MonthRing, zone: ZoneId, day: DayNumber, hour: Hour) -> Derived<Month, Lan> {
    Derived::mint(Month { zone, day, hour, active: ring.active(zone, day, hour) })
}

/// A weekly report that is nobody's, to be shown before there is any. Lost: everything.
pub fn preview() -> Derived<Weekly, Wan> {
    let (schema, week, question) = (Schema::new(1), Week::new(0), QuestionId::new(0));
    Derived::mint(Weekly { schema, week, question, answer: Answer::new(0) })
}

/// The week's report: one question at random, answered with the noise of section 6.
///
/// The ticket is spent whatever happens. Lost: seven of eight answers, and the eighth but for epsilon = 2/5.
///
/// - Errors: [`NoWords`] if the generator fails; then there is no report this week
pub fn weekly(
    ticket: BudgetTicket,
    words: &mut impl Words,
    answers: &Raw<WeekAnswers>,
) -> Result<Derived<Weekly, Wan>, NoWords> {
    let question = QuestionId::new(below(words, 8)?.into());
    let true_value = answers.open().answer(question);
    let noised = match Question::of(question) {
        Question::Count(_) => i64::from(true_value.min(24)) + laplace(words, 60, 1)?,
        Question::Category(_) => i64::from(krr(words, 8, true_value.into(), 2, 5)?),
    };
    let (schema, week, answer) = (Schema::new(1), ticket.week(), Answer::new(noised));
    Ok(Derived::mint(Weekly { schema, week, question, answer }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::range::Number;

    #[test]
    fn the_status_says_what_the_node_says() {
        let privacy = Privacy::new();
        let node = NodeStatus {
            source: Source::Closed,
            uptime_s: 0,
            frames_since_off: 0,
            kept: Kept::Memory,
            managed_by: ManagedBy::Owner,
            budget_left: 100,
        };
        let told = |node: NodeStatus| *status(&privacy, 0, &node).get();
        for source in Source::ALL {
            assert_eq!(told(NodeStatus { source: *source, ..node }).source, *source);
        }
        for kept in Kept::ALL {
            assert_eq!(told(NodeStatus { kept: *kept, ..node }).kept, *kept);
        }
        for managed_by in ManagedBy::ALL {
            assert_eq!(told(NodeStatus { managed_by: *managed_by, ..node }).managed_by, *managed_by);
        }
        for (frames_since_off, shown) in [(0, 0), (1, 1), (7, 7), (255, 255), (300, 255), (u32::MAX, 255)] {
            assert_eq!(told(NodeStatus { frames_since_off, ..node }).frames_since_off.get(), shown);
        }
        for (budget_left, shown) in [(0, 0), (99, 99), (100, 100), (255, 100)] {
            assert_eq!(told(NodeStatus { budget_left, ..node }).budget_left.get(), shown);
        }
    }

    #[test]
    fn an_event_has_no_number_but_its_own() {
        let told = |code, n| event(Slot::new(0), code, Number::new(n)).get().number.get();
        assert_eq!(
            [told(EventCode::Started, 0xcafe), told(EventCode::Paused, 61), told(EventCode::Paused, 60)],
            [0, 0, 60]
        );
        assert_eq!(
            [told(EventCode::ZoneOff, 0), told(EventCode::ZoneOff, 300), told(EventCode::LevelRaised, 9)],
            [1, 16, 3]
        );
        assert_eq!(told(EventCode::PlanApplied, 0xcafe), 0xcafe);
    }

    #[test]
    fn the_preview_is_nobody_s() {
        let (a, b) = (preview(), preview());
        assert!(a.get() == b.get() && a.get().answer.get() == 0);
    }
}
