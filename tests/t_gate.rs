//! What comes out of the gate does not depend on identifiers: renamed stations give the same bytes, planted ones are found
//! in no spelling. `t_self` plants leaks and sees both checks fail.
//!
//! This is the gate by itself; `t_rename` and `t_canary` ask the same of the whole node.

use millpond_report::handle::Shuffle;
use millpond_report::state::More;
use millpond_report::wire::range::{Level, Slot, Week};
use millpond_report::{Raw, gate};
use millpond_tests::canary::{Canaries, Secret};
use millpond_tests::scene::{Leak, Station, Table, agreed, scene, survey};
use millpond_tests::words::SplitMix;

const SCENES: u64 = 50;

#[test]
fn renamed_stations_give_the_same_bytes() {
    let canaries = Canaries::planted(5);
    for seed in 0..SCENES {
        let (a, b) =
            (scene(seed, canaries.secrets(), Leak::None, &[]), scene(seed, &canaries.renamed(seed), Leak::None, &[]));
        assert!(a.len() > 10_000 && a == b, "scene {seed}");
    }
}

#[test]
fn no_station_is_found_in_any_spelling() {
    let canaries = Canaries::planted(5);
    for seed in 0..SCENES {
        let found = canaries.search(&scene(seed, canaries.secrets(), Leak::None, &[]));
        assert!(found.is_empty(), "scene {seed}: {}", found[0]);
    }
}

#[test]
fn the_order_of_arrival_shows_in_handles_alone() {
    // The same table in another order: the snapshot (sorted by what it shows) must not change.
    let canaries = Canaries::planted(5);
    let table = |reversed: bool| {
        let macs = canaries.secrets().iter().filter_map(|s| if let Secret::Mac(m) = s { Some(*m) } else { None });
        let mut stations: Vec<_> =
            macs.enumerate().map(|(i, mac)| Station { mac, loss_db: 50 + (i % 40) as u8 }).collect();
        if reversed {
            stations.reverse();
        }
        Raw::new(Table { stations, leak: Leak::None })
    };
    let privacy = agreed(&[More::Level(Level::Managed)]);
    let permit = privacy.managed().expect("the level is 3");
    let pods = Shuffle::draw(&mut SplitMix(1)).expect("this generator never fails");
    let make =
        |t: &Raw<Table>| *gate::snapshot(&permit, &pods, Week::new(1), Slot::new(1), &gate::look(t, survey)).get();
    assert!(make(&table(false)) == make(&table(true)));
}
