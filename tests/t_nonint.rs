//! `t_nonint` of the privacy contract: sensing is off, and 50 pairs of homes with the same drivers' reports (channel sums,
//! stations, scans) have other sensing air, people and all. Every sink gives the same bytes.
//!
//! The node is whole but for its sockets; only the air and the reports are simulated.

mod once;

use std::process::ExitCode;

use millpond_datasets::sim::Scene;
use millpond_node::capture::sim::SimSource;
use millpond_node::demo::{Setup, sensing_on};
use millpond_report::Privacy;
use millpond_report::state::{Less, Pause};
use millpond_report::wire::range::{Level, ZoneId};
use millpond_tests::cases;
use once::{Said, run};

const PAIRS: u64 = 50;
/// How much of each scene: the detectors have settled and, were they on, have spoken of each zone.
const SECONDS: u64 = 8;

fn main() -> ExitCode {
    cases::run(
        "t_nonint",
        &[
            ("nothing that is said depends on the air", nothing_depends_on_the_air),
            ("with sensing on it does", the_comparison_can_fail),
        ],
    )
}

/// Each way in which sensing is off.
fn ways() -> Vec<Privacy> {
    let off = |less: &[Less]| {
        let mut privacy = sensing_on();
        for step in less {
            let _entry = privacy.set(*step, 0);
        }
        privacy
    };
    let zones: Vec<Less> = (1..=16).map(|z| Less::ZoneOff(ZoneId::new(z))).collect();
    vec![
        Privacy::new(),
        off(&[Less::Off]),
        off(&[Less::Pause(Pause::Quarter)]),
        off(&[Less::Pause(Pause::UntilResumed)]),
        off(&[Less::Level(Level::Quiet)]),
        off(&zones),
    ]
}

/// A home whose drivers report what `setup` says, while the air is that of other people who move otherwise.
fn with_air(setup: &Setup, other: bool, privacy: Privacy) -> Said {
    let mut parts = setup.parts(SECONDS as f64).expect("random scenes are valid");
    if other {
        let mut scene = setup.scene.clone();
        let movers = scene.movers.len();
        // Nobody is there, or what moves comes from another home; noise and losses are another draw.
        scene.movers = if setup.seed % 2 == 0 || movers == 0 { vec![] } else { scene.movers.split_off(movers / 2) };
        let air = SimSource::new(&scene, &setup.identities, setup.seed + 7777, SECONDS as f64);
        parts.sources = vec![Box::new(air.expect("fewer movers are valid"))];
    }
    run(setup, parts, privacy, SECONDS)
}

fn nothing_depends_on_the_air() -> usize {
    let (mut n, mut bytes) = (0, 0);
    for seed in 0..PAIRS {
        let setup = Setup::of(Scene::random(seed), seed);
        let ways = ways().len() as u64;
        let way = |which: u64| ways_nth(which % ways);
        let (a, b) = (with_air(&setup, false, way(seed)), with_air(&setup, true, way(seed)));
        assert!(a.sinks == b.sinks, "scene {seed}: another air gives other bytes while sensing is off");
        assert!(a.decisions == b.decisions, "scene {seed}");
        bytes += a.sinks.len();
        n += 1;
    }
    println!("t_nonint: {bytes} bytes are the same");
    n
}

fn ways_nth(i: u64) -> Privacy {
    ways().swap_remove(i as usize)
}

/// The same pairs with sensing on differ, nearly all of them: what is compared above could have shown it.
fn the_comparison_can_fail() -> usize {
    let differ = |seed: &u64| {
        let setup = Setup::of(Scene::random(*seed), *seed);
        with_air(&setup, false, sensing_on()).sinks != with_air(&setup, true, sensing_on()).sinks
    };
    let seen = (0..10).filter(differ).count();
    assert!(seen >= 5, "{seen} of 10 pairs differ with sensing on");
    seen
}
