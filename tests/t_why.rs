//! `t_why` of the privacy contract: a thousand decisions are made again from their own messages; the value that is said to flip
//! one does, and its neighbour does not; what the household pins or objects to holds.
//!
//! That an undo restores what ran before is shown with the node's keeper and real actuators, in its own tests.

use std::process::ExitCode;

use millpond_dsp::phy::{Band, Bandwidth};
use millpond_optimizer::decisions::inputs;
use millpond_optimizer::env::Environment;
use millpond_optimizer::model::plan::{Choosable, Decision, Kind, Plan, Subject};
use millpond_optimizer::model::site::{Choice, Site};
use millpond_optimizer::{plan_site, simulate, why};
use millpond_report::wire::range::Slot;
use millpond_report::{Raw, gate};
use millpond_tests::cases;

const DECISIONS: usize = 1000;

fn main() -> ExitCode {
    cases::run(
        "t_why",
        &[
            ("a thousand decisions are made again", made_again),
            ("the flip value flips and its neighbour does not", flips),
            ("what the gate tells adds up to what was decided", adds_up),
            ("a pin holds and an objection is heard", pins_and_objections),
            ("a reason that was changed is noticed", can_fail),
        ],
    )
}

/// Simulated homes with their plans, by seed.
fn homes() -> impl Iterator<Item = (u64, Site, Plan)> {
    (1..).map(|seed| {
        let site = simulate::home(seed, "US");
        let plan = plan_site(&site, &Environment::new()).expect("simulated homes have no faults");
        (seed, site, plan)
    })
}

fn made_again() -> usize {
    let mut n = 0;
    for (seed, site, plan) in homes() {
        for message in &plan.decisions {
            let again = why::recompute(&site, &plan, message.number, &Environment::new());
            assert_eq!(again.as_ref(), Ok(message), "home {seed}");
            assert!(why::adds_up(message), "home {seed}: {message:?}");
            n += 1;
        }
        if n >= DECISIONS {
            break;
        }
    }
    n
}

/// Whether the input was raised or lowered to reach the flip, and the value just short of it.
fn neighbour(flip_at: i64, now: i64) -> i64 {
    flip_at + (now - flip_at).signum()
}

fn flips() -> usize {
    let mut n = 0;
    for (seed, site, plan) in homes() {
        for message in &plan.decisions {
            let Some(flip) = &message.flip else { continue };
            let at = |value| why::flips(&site, &plan, message.number, value);
            assert_eq!(at(flip.needed), Ok(true), "home {seed}: {flip:?}");
            assert_eq!(at(neighbour(flip.needed, flip.value)), Ok(false), "home {seed}: {flip:?}");
            n += 1;
        }
        if n >= DECISIONS / 2 {
            break;
        }
    }
    n
}

/// The gate cuts no reason: the weights on the wire are those of the planner, summed by code, so their sum is the same.
fn adds_up() -> usize {
    let mut n = 0;
    for (seed, site, plan) in homes() {
        for input in inputs(&site, &plan) {
            let sum: i64 = input.reasons.iter().flatten().map(|(_, w)| w).sum();
            let told = gate::decision(Slot::new(0), &Raw::new(input));
            let shown: i64 = told.get().reasons.iter().map(|r| i64::from(r.weight.get())).sum();
            assert_eq!(shown, sum, "home {seed}");
            n += 1;
        }
        if n >= DECISIONS {
            break;
        }
    }
    n
}

/// A radio's setting in a plan.
fn setting(plan: &Plan, pod: &str, radio: &str) -> (u8, u16) {
    let of = plan.radios.iter().find(|r| r.pod == pod && r.radio == radio).expect("every radio is planned");
    (of.primary, of.width.mhz())
}

fn pins_and_objections() -> usize {
    let (mut pinned, mut objected) = (0, 0);
    for (seed, site, plan) in homes().take(200) {
        for message in plan.decisions.iter().filter(|d| d.kind != Kind::Keep) {
            let Some((band, pod, radio)) = first_radio(message) else { continue };
            let Some(Choosable::Radio { primary: was, width: was_width, .. }) = &message.from else { continue };
            let Choosable::Radio { primary, width, .. } = message.to else { continue };
            if (*was, *was_width) == (primary, width) {
                continue;
            }
            // Pinned to what runs now, it stays there.
            let mut with_pin = site.clone();
            with_pin.pins.push(choice(pod, band, *was, *was_width));
            let held = plan_site(&with_pin, &Environment::new()).expect("what runs may be pinned");
            assert_eq!(setting(&held, pod, radio), (*was, was_width.mhz()), "home {seed}: {pod} {radio}");
            pinned += 1;
            // Objected to, the new setting is not taken.
            let mut with_word = site.clone();
            with_word.objections.push(choice(pod, band, primary, width));
            let other = plan_site(&with_word, &Environment::new()).expect("an objection leaves other settings");
            assert_ne!(setting(&other, pod, radio), (primary, width.mhz()), "home {seed}: {pod} {radio}");
            objected += 1;
        }
    }
    assert!(pinned >= 40, "{pinned} pins were tried");
    pinned + objected
}

fn first_radio(message: &Decision) -> Option<(Band, &str, &str)> {
    let Subject::Radios { band, radios } = &message.subject else { return None };
    radios.first().map(|(pod, radio)| (*band, pod.as_str(), radio.as_str()))
}

fn choice(pod: &str, band: Band, primary: u8, width: Bandwidth) -> Choice {
    Choice::Radio { pod: Some(pod.to_owned()), band, primary: Some(primary), width: Some(width) }
}

fn can_fail() -> usize {
    let (_, site, mut plan) = homes().next().expect("there are homes");
    let message = plan.decisions.iter_mut().find(|d| !d.reasons.is_empty()).expect("some decision has reasons");
    message.reasons[0].weight += 1;
    let message = message.clone();
    assert_ne!(why::recompute(&site, &plan, message.number, &Environment::new()), Ok(message));
    1
}
