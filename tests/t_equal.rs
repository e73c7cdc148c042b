//! `t_equal` of the privacy contract: a home that reports gets the plans of one that does not.
//!
//! The node is whole but for its sockets; only the air and the drivers' reports are simulated.

mod once;

use std::process::ExitCode;

use millpond_datasets::sim::Scene;
use millpond_node::demo::{Setup, sensing_on};
use millpond_report::Privacy;
use millpond_report::state::More;
use millpond_report::wire::range::Level;
use millpond_tests::cases;
use millpond_tests::scene::Host;

const SCENES: u64 = 60;
/// How much of each scene: the first plan is made at once.
const SECONDS: u64 = 3;

fn main() -> ExitCode {
    cases::run("t_equal", &[("plans with reporting on and off", plans), ("another home has other plans", can_fail)])
}

/// Level 3 with the weekly report: everything that there is of reporting.
fn reporting() -> Privacy {
    let mut privacy = sensing_on();
    for more in [More::Level(Level::Managed), More::WeeklyOn] {
        let yes = privacy.ask(more).confirm(&Host).expect("the host is an admin");
        privacy.raise(yes).expect("nothing changed since the question");
    }
    privacy
}

fn decisions(seed: u64, privacy: Privacy) -> Vec<String> {
    let setup = Setup::of(Scene::random(seed), seed);
    let parts = setup.parts(SECONDS as f64).expect("random scenes are valid");
    once::run(&setup, parts, privacy, SECONDS).decisions
}

fn plans() -> usize {
    let mut n = 0;
    for seed in 0..SCENES {
        let (on, off) = (decisions(seed, reporting()), decisions(seed, sensing_on()));
        assert_eq!(on, off, "scene {seed}");
        n += off.len();
    }
    assert!(n > SCENES as usize, "only {n} decisions were compared");
    n
}

fn can_fail() -> usize {
    let all: Vec<_> = (0..10).map(|seed| decisions(seed, sensing_on())).collect();
    assert!(all.windows(2).all(|w| w[0] != w[1]), "different homes are told apart");
    all.len()
}
