//! Saved inputs of the fuzz targets, replayed: `fuzz/seeds/<target>/*`, and the fixtures through every target.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use millpond_datasets::{FORMATS, replay};
use millpond_fixture as fixture;

/// Name of a format's target.
fn target(format: &str) -> String {
    format.replace('-', "_")
}

fn run(name: &str, bytes: &[u8]) -> u64 {
    match name {
        "probe" => replay::probe(bytes),
        "rssi_mesh" => replay::rssi_mesh(bytes),
        "write_read_write" => replay::write_read_write(bytes),
        _ => replay::reader(FORMATS.iter().find(|f| target(f.name) == name).unwrap().name, bytes),
    }
}

#[test]
fn saved_inputs_are_survived() {
    let seeds = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds"));
    let mut n = 0;
    for folder in std::fs::read_dir(seeds).unwrap().flatten() {
        let name = folder.file_name().into_string().unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
            run(&name, &std::fs::read(file.path()).unwrap());
            n += 1;
        }
    }
    assert!(n > 10, "{n} saved inputs");
}

#[test]
fn fixtures_pass_every_target() {
    assert_eq!(replay::rssi_mesh(&fixture::rssi_mesh(30, 1).bytes), 60);
    for fixture in fixture::all(2) {
        for format in FORMATS {
            run(&target(format.name), &fixture.bytes);
        }
        assert_eq!(replay::probe(&fixture.bytes), 2, "{}", fixture.name);
        assert_eq!(replay::write_read_write(&fixture.bytes), 2, "{}", fixture.name);
    }
}

/// Writes a fixture of each kind as a start for the fuzzer; the old files stay.
#[test]
#[ignore = "writes into the source tree"]
fn write_seeds() {
    let seeds = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds"));
    for fixture in fixture::all(2).into_iter().chain([fixture::rssi_mesh(6, 1)]).filter(|f| f.bytes.len() < 3000) {
        let target = match fixture.format {
            "complex-csv" => "amplitude_csv".to_owned(),
            "rssi-mesh-log" => "rssi_mesh".to_owned(),
            format => target(format),
        };
        let file = seeds.join(target).join(fixture.name.replace(' ', "-").to_lowercase());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, fixture.bytes).unwrap();
    }
}

#[test]
fn damaged_archives_are_survived() {
    let bytes = fixture::espectre(3, 1, "c6").bytes;
    for cut in 0..bytes.len() {
        run("espectre_npz", &bytes[..cut]);
        for fill in [0, 0xff, bytes[cut] ^ 1, bytes[cut] ^ 0x80] {
            let mut bytes = bytes.clone();
            bytes[cut] = fill;
            run("espectre_npz", &bytes);
        }
    }
}

#[test]
fn there_is_a_target_for_each_reader() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/Cargo.toml")).unwrap();
    for name in FORMATS.iter().map(|f| target(f.name)).chain(["rssi_mesh".to_owned()]) {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
