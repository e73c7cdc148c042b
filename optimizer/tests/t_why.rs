//! `why` makes each decision anew from the site and the plan's message, for a thousand messages and more.

#![allow(clippy::unwrap_used, reason = "a test may end here")]

use millpond_optimizer::env::Environment;
use millpond_optimizer::model::plan::{Kind, Plan};
use millpond_optimizer::{plan_site, simulate, why};

/// What the plan says, by way of its bytes.
fn message(plan: &Plan) -> Plan {
    serde_json::from_slice(&serde_json::to_vec(plan).unwrap()).unwrap()
}

#[test]
fn a_thousand_messages_are_recomputed() {
    let env = Environment::new().with_rounds(Some(1));
    let (mut messages, mut flips, mut changes) = (0, 0, 0);
    for seed in 1.. {
        let site = simulate::home(seed, ["US", "DE", "JP", "CA", "AU"][seed as usize % 5]);
        let plan = message(&plan_site(&site, &env).unwrap());
        for d in &plan.decisions {
            assert_eq!(&why::recompute(&site, &plan, d.number, &env).unwrap(), d, "home {seed}");
            assert!(why::adds_up(d), "home {seed}: {d:?}");
            messages += 1;
            changes += usize::from(d.kind != Kind::Keep);
            // Every eighth flip value is tried on both of its sides.
            if let Some(f) = d.flip.as_ref() {
                flips += 1;
                if flips % 8 == 0 {
                    assert!(why::flips(&site, &plan, d.number, f.needed).unwrap(), "home {seed}: {f:?}");
                    let before = f.needed - (f.needed - f.value).signum();
                    assert!(!why::flips(&site, &plan, d.number, before).unwrap(), "home {seed}: {f:?}");
                }
            }
        }
        if messages >= 1_000 {
            println!(
                "{messages} messages of {seed} homes recomputed, {changes} of them changes, {flips} with a flip value"
            );
            break;
        }
    }
    assert!(changes >= 100 && flips >= 300, "{changes} {flips}");
}

#[test]
fn a_changed_message_is_not_what_comes_out() {
    let env = Environment::new().with_rounds(Some(1));
    let site = simulate::home(3, "US");
    let plan = plan_site(&site, &env).unwrap();
    for d in &plan.decisions {
        let mut forged = plan.clone();
        let lie = &mut forged.decisions[d.number as usize];
        lie.reasons[0].weight += 1;
        let lie = lie.clone();
        assert_ne!(why::recompute(&site, &forged, d.number, &env).unwrap(), lie);
    }
}
