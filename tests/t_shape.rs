//! `t_shape` of the privacy contract, at the gate: who watches the push sinks from outside sees the same times and the same
//! sizes in an empty home and in a busy one.
//!
//! The gate owns the sizes; the times are the caller's. The node's own clocks are watched by the test of the whole node.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use millpond_report::sink::Door;
use millpond_tests::cases;
use millpond_tests::home::{Activity, Cadence, pushed, seen};

fn main() -> ExitCode {
    cases::run(
        "t_shape",
        &[
            ("an empty and a busy home look the same", same),
            ("one kind has one size through one door", one_size),
            ("the homes are not the same inside", they_differ),
        ],
    )
}

fn same() -> usize {
    let (empty, busy) = (seen(Activity::Empty, Cadence::Fixed), seen(Activity::Busy, Cadence::Fixed));
    let differs = empty.iter().zip(&busy).position(|(a, b)| a != b);
    assert!(differs.is_none(), "packet {differs:?}");
    assert_eq!(empty.len(), busy.len());
    let doors: BTreeSet<String> = empty.iter().map(|p| format!("{:?}", p.door)).collect();
    assert_eq!(doors.len(), 5, "page, MQTT, ubus, snapshot, weekly: {doors:?}");
    empty.len()
}

fn one_size() -> usize {
    let mut sizes: BTreeMap<(String, u8), BTreeSet<(usize, usize)>> = BTreeMap::new();
    for activity in [Activity::Empty, Activity::Busy] {
        for p in seen(activity, Cadence::Fixed) {
            sizes.entry((format!("{:?}", p.door), p.kind as u8)).or_default().insert((p.bytes, p.json));
            assert!(!matches!(p.door, Door::Wan(_)) || p.bytes == 256 || p.bytes == 1490, "{p:?}");
        }
    }
    assert!(sizes.values().all(|s| s.len() == 1), "{sizes:?}");
    sizes.len()
}

/// Otherwise the comparison above would say nothing.
fn they_differ() -> usize {
    let (empty, busy) = (pushed(Activity::Empty, Cadence::Fixed), pushed(Activity::Busy, Cadence::Fixed));
    let differ = empty.iter().zip(&busy).filter(|(a, b)| a.bytes != b.bytes).count();
    assert!(2 * differ > empty.len(), "{differ} of {} differ", empty.len());
    differ
}
