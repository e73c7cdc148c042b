//! The closed list of events; `events.toml` says what each means.

use crate::wire::choices;
use crate::wire::range::{Level, Number, Week, ZoneId};

choices! {
    /// What the node may say that it did or noticed. Logs and audits hold nothing else.
    words EventCode {
        /// The node started.
        Started = 1 "started",
        /// The node stopped in order.
        Stopped = 2 "stopped",
        /// The level was raised; number: the level.
        LevelRaised = 3 "level_raised",
        /// The level was lowered; number: the level.
        LevelLowered = 4 "level_lowered",
        /// Sensing was switched on.
        SensingOn = 5 "sensing_on",
        /// Sensing was switched off.
        SensingOff = 6 "sensing_off",
        /// Sensing was paused; number: minutes, 0 until resumed.
        Paused = 7 "paused",
        /// A pause was lifted.
        Resumed = 8 "resumed",
        /// Sensing was switched on in a zone; number: the zone.
        ZoneOn = 9 "zone_on",
        /// Sensing was switched off in a zone; number: the zone.
        ZoneOff = 10 "zone_off",
        /// The sample source was opened.
        SourceOpen = 11 "source_open",
        /// The sample source was closed.
        SourceClosed = 12 "source_closed",
        /// The sample source failed; number: which, as configured, from 0.
        SourceFault = 13 "source_fault",
        /// A plan was made; number: decisions in it.
        PlanMade = 14 "plan_made",
        /// A decision was applied; number: its number.
        PlanApplied = 15 "plan_applied",
        /// A decision was undone; number: its number.
        PlanUndone = 16 "plan_undone",
        /// A setting was pinned.
        Pinned = 17 "pinned",
        /// The household objected to a decision; number: its number.
        Objected = 18 "objected",
        /// Radar was seen.
        Radar = 19 "radar",
        /// History was erased; number: slots.
        Erased = 20 "erased",
        /// History was exported.
        Exported = 21 "exported",
        /// An export was imported; number: slots and hours that were new.
        Imported = 22 "imported",
        /// History was read.
        HistoryRead = 23 "history_read",
        /// History was put on hold.
        HoldOn = 24 "hold_on",
        /// The hold was lifted.
        HoldOff = 25 "hold_off",
        /// Keeping across restarts was switched on.
        KeepOn = 26 "keep_on",
        /// Keeping across restarts was switched off.
        KeepOff = 27 "keep_off",
        /// A token was made.
        TokenMade = 28 "token_made",
        /// A login failed.
        LoginFailed = 29 "login_failed",
        /// A setting was changed from outside.
        SettingChanged = 30 "setting_changed",
        /// Consent to the weekly report was given.
        WeeklyOn = 31 "weekly_on",
        /// Consent to the weekly report was withdrawn.
        WeeklyOff = 32 "weekly_off",
        /// The weekly budget was debited; number: the week.
        BudgetDebited = 33 "budget_debited",
        /// No budget is left.
        BudgetSpent = 34 "budget_spent",
        /// A weekly report was sent; number: the week.
        WeeklySent = 35 "weekly_sent",
        /// A snapshot was sent.
        SnapshotSent = 36 "snapshot_sent",
        /// The store was quarantined.
        Quarantined = 37 "quarantined",
        /// The store came back.
        Recovered = 38 "recovered",
        /// The clock jumped.
        ClockJumped = 39 "clock_jumped",
        /// Old entries were dropped; number: how many.
        Swept = 40 "swept",
        /// Work was dropped because there was too much; number: how many pieces.
        Overload = 41 "overload",
        /// The node works with less than it should; number: how many sources are missing, or the decision that failed.
        Degraded = 42 "degraded",
        /// A request was refused: wrong host, origin, token or role; number: the decision that it was about, or 0.
        Refused = 43 "refused",
    }
}

/// The numbers that may go with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// From one to another.
    From(i64, i64),
    /// One of three.
    OneOf([i64; 3]),
}

impl EventCode {
    /// The numbers that may go with this code, as `events.toml` states them. All others would be room for something else.
    pub const fn numbers(self) -> Numbers {
        match self {
            Self::LevelRaised | Self::LevelLowered => Numbers::From(Level::Quiet as i64, Level::Managed as i64),
            Self::Paused => Numbers::OneOf([0, 15, 60]),
            Self::ZoneOn | Self::ZoneOff => Numbers::From(ZoneId::MIN, ZoneId::MAX),
            Self::SourceFault => Numbers::From(0, u8::MAX as i64),
            Self::BudgetDebited | Self::WeeklySent => Numbers::From(Week::MIN, Week::MAX),
            Self::PlanMade
            | Self::PlanApplied
            | Self::PlanUndone
            | Self::Objected
            | Self::Erased
            | Self::Imported
            | Self::Swept
            | Self::Overload
            | Self::Degraded
            | Self::Refused => Numbers::From(Number::MIN, Number::MAX),
            _ => Numbers::From(0, 0),
        }
    }

    /// The nearest number that may go with this code. Lost: all others.
    pub const fn number(self, number: Number) -> Number {
        let n = number.get() as i64;
        Number::new(match self.numbers() {
            Numbers::From(least, most) => {
                if n < least {
                    least
                } else if n > most {
                    most
                } else {
                    n
                }
            }
            Numbers::OneOf([a, b, c]) => {
                if n == b || n == c {
                    n
                } else {
                    a
                }
            }
        })
    }
}
