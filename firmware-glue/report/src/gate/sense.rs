//! What may be said of zones and links.

use crate::Raw;
use crate::estimate::{LinkEstimate, Motion, Presence, ZoneEstimate};
use crate::state::{SensingPermit, Silent};
use crate::wire::range::{Calibration, Handle, Level10, LinkKind, Quality, Slot, ZoneId, ZonePresence, ZoneState};
use crate::wire::{Derived, Lan, Link, Zone};

/// One zone's state, for the message that goes out once a second.
///
/// `before` is the zone's last message, `now` the slot that runs. Without an estimate the zone is *unknown*; where the
/// permit does not cover it, *off*.
///
/// Lost: the links and their number, the statistic but for one of ten levels, the time of a change but for the slot.
pub fn zone(
    permit: &SensingPermit<'_>,
    zone: ZoneId,
    before: Option<&Derived<Zone, Lan>>,
    now: Slot,
    estimate: Option<&Raw<ZoneEstimate>>,
) -> Derived<Zone, Lan> {
    let none = ZoneEstimate::default();
    let e = estimate.map_or(&none, Raw::open);
    let (state, present) = if !permit.covers(zone) {
        (ZoneState::Off, ZonePresence::Off)
    } else {
        let state = match e.motion {
            Motion::Unknown => ZoneState::Unknown,
            Motion::Still => ZoneState::Still,
            Motion::Moving => ZoneState::Moving,
        };
        let present = match e.presence {
            Presence::Unknown => ZonePresence::Unknown,
            Presence::No => ZonePresence::No,
            Presence::Yes => ZonePresence::Yes,
        };
        (state, present)
    };
    let known = matches!(state, ZoneState::Still | ZoneState::Moving);
    let level = if known { level(e.score_milli, e.threshold_milli) } else { Level10::new(0) };
    let settled = if state == ZoneState::Off { 0 } else { i64::from(e.settled_milli) };
    let since = since(zone, state, before, now);
    Derived::mint(Zone { zone, state, present, level, since, calibration: Calibration::new(settled * 9 / 1000) })
}

/// One zone's state while sensing is off or paused. Lost: everything.
pub fn zone_silent(_: &Silent<'_>, zone: ZoneId, before: Option<&Derived<Zone, Lan>>, now: Slot) -> Derived<Zone, Lan> {
    let state = ZoneState::Off;
    let since = since(zone, state, before, now);
    let (level, calibration) = (Level10::new(0), Calibration::new(0));
    Derived::mint(Zone { zone, state, present: ZonePresence::Off, level, since, calibration })
}

/// One link's quality. Lost: its level, rate and times; the quality but for one of ten classes.
pub fn link(_: &SensingPermit<'_>, handle: Handle, kind: LinkKind, estimate: &Raw<LinkEstimate>) -> Derived<Link, Lan> {
    let quality = Quality::new(i64::from(estimate.open().good_milli) * 9 / 1000);
    Derived::mint(Link { handle, kind, quality })
}

/// 0 to 4 in equal steps below the threshold; from 5 on one level for each doubling above it.
fn level(score: i32, threshold: i32) -> Level10 {
    let (score, threshold) = (i64::from(score.max(0)), i64::from(threshold.max(1)));
    let level = if score < threshold { score * 5 / threshold } else { 5 + i64::from((score / threshold).ilog2()) };
    Level10::new(level)
}

fn since(zone: ZoneId, state: ZoneState, before: Option<&Derived<Zone, Lan>>, now: Slot) -> Slot {
    let same = before.map(Derived::get).filter(|b| b.zone == zone && b.state == state);
    same.map_or(now, |b| b.since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::on;
    use crate::state::{Less, Pause};

    const ZONE: ZoneId = ZoneId::new(3);

    fn moving(score_milli: i32) -> Raw<ZoneEstimate> {
        let (motion, presence) = (Motion::Moving, Presence::Yes);
        Raw::new(ZoneEstimate { motion, presence, score_milli, threshold_milli: 3000, settled_milli: 1000 })
    }

    #[test]
    fn levels_rise_with_the_score() {
        let levels: std::vec::Vec<u8> =
            [-9, 0, 599, 600, 2999, 3000, 5999, 6000, 24_000, 48_000, i32::MAX].map(|s| level(s, 3000).get()).into();
        assert_eq!(levels, [0, 0, 0, 1, 4, 5, 5, 6, 8, 9, 9]);
        assert_eq!(level(5, i32::MIN).get(), 7);
    }

    #[test]
    fn each_pair_of_estimates_has_its_words() {
        let privacy = on();
        let permit = privacy.sensing(0).ok().unwrap();
        let motions = [
            (Motion::Unknown, ZoneState::Unknown),
            (Motion::Still, ZoneState::Still),
            (Motion::Moving, ZoneState::Moving),
        ];
        let presences = [
            (Presence::Unknown, ZonePresence::Unknown),
            (Presence::No, ZonePresence::No),
            (Presence::Yes, ZonePresence::Yes),
        ];
        for (motion, state) in motions {
            for (presence, present) in presences {
                let e = ZoneEstimate { motion, presence, ..ZoneEstimate::default() };
                let told = zone(&permit, ZONE, None, Slot::new(0), Some(&Raw::new(e)));
                assert!((told.get().state, told.get().present) == (state, present), "{state:?}, {present:?}");
            }
        }
    }

    #[test]
    fn since_stays_while_the_state_stays() {
        let privacy = on();
        let permit = privacy.sensing(0).ok().unwrap();
        let a = zone(&permit, ZONE, None, Slot::new(5), Some(&moving(4000)));
        let b = zone(&permit, ZONE, Some(&a), Slot::new(6), Some(&moving(9000)));
        let c = zone(&permit, ZONE, Some(&b), Slot::new(7), None);
        assert_eq!((a.get().since.get(), b.get().since.get(), c.get().since.get()), (5, 5, 7));
        assert_eq!((b.get().level.get(), b.get().calibration.get()), (6, 9));
        assert_eq!((c.get().state, c.get().present), (ZoneState::Unknown, ZonePresence::Unknown));
    }

    #[test]
    fn off_is_neither_still_nor_unknown() {
        let mut privacy = on();
        privacy.set(Less::ZoneOff(ZONE), 0);
        let permit = privacy.sensing(0).ok().unwrap();
        let off = zone(&permit, ZONE, None, Slot::new(1), Some(&moving(4000)));
        let other = zone(&permit, ZoneId::new(4), None, Slot::new(1), Some(&moving(4000)));
        assert_eq!((off.get().state, off.get().level.get(), off.get().calibration.get()), (ZoneState::Off, 0, 0));
        assert_eq!(other.get().state, ZoneState::Moving);
        privacy.set(Less::Pause(Pause::Quarter), 0);
        let silent = privacy.sensing(0).err().unwrap();
        assert!(silent.paused());
        let off = zone_silent(&silent, ZONE, Some(&off), Slot::new(9));
        assert_eq!((off.get().state, off.get().present, off.get().since.get()), (ZoneState::Off, ZonePresence::Off, 1));
    }

    #[test]
    fn a_link_shows_one_of_ten() {
        let privacy = on();
        let permit = privacy.sensing(0).ok().unwrap();
        let of = |good_milli| {
            let l = link(&permit, Handle::new(7), LinkKind::Sounding, &Raw::new(LinkEstimate { good_milli }));
            l.get().quality.get()
        };
        assert_eq!([of(0), of(111), of(112), of(999), of(1000), of(5000)], [0, 0, 1, 8, 9, 9]);
    }
}
