//! Fixtures written from the specifications, read back value by value.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use millpond_datasets::{FrameSource, ReadOptions};
use millpond_fixture::{self as fixture, Fixture};

fn open(bytes: Vec<u8>) -> Box<dyn FrameSource> {
    millpond_datasets::read(std::io::Cursor::new(bytes), &ReadOptions::default()).unwrap()
}

fn check(fixture: &Fixture) {
    let mut source = open(fixture.bytes.clone());
    assert_eq!(source.info().format, fixture.format, "{}", fixture.name);
    let (mut frames, mut values, mut last) = (0, Vec::new(), None);
    while let Some(record) = source.next_frame().unwrap_or_else(|e| panic!("{}: {e}", fixture.name)) {
        frames += 1;
        record.for_each_stored(|re, im| values.push((re, im)));
        let t = record.frame.meta().t;
        assert!(last < Some(t), "{}: time stands still at frame {frames}", fixture.name);
        last = Some(t);
    }
    assert_eq!(frames, fixture.frames, "{}", fixture.name);
    assert_eq!(values.len(), fixture.values.len(), "{}", fixture.name);
    let wrong = values.iter().zip(&fixture.values).position(|(a, b)| a != b);
    assert_eq!(wrong, None, "{}: first wrong value", fixture.name);
}

#[test]
fn every_value_of_every_format_is_found() {
    for fixture in fixture::all(12) {
        check(&fixture);
    }
    for chip in ["c3", "c6", "esp32", "h2"] {
        check(&fixture::espectre(12, 1, chip));
    }
}

#[test]
fn a_cut_archive_keeps_its_packets() {
    let fixture = fixture::espectre(500, 1, "c3");
    let whole = fixture.bytes.len();
    for cut in [whole - 1, whole - 500, whole / 2, 3000] {
        let mut source = open(fixture.bytes[..cut].to_vec());
        let (mut values, mut errors) = (Vec::new(), 0);
        loop {
            match source.next_frame() {
                Ok(Some(record)) => record.for_each_stored(|re, im| values.push((re, im))),
                Ok(None) => break,
                Err(_) => errors += 1,
            }
        }
        let share = fixture.values.len() * cut / whole;
        assert!(values.len() * 10 > share * 8 && errors == 1, "{cut}: {} of {share} values", values.len());
        assert_eq!(values, fixture.values[..values.len()]);
    }
}

#[test]
fn transmitters_and_shapes_are_kept_apart_by_link() {
    let mut source = open(fixture::esp32(9, 1, fixture::Esp32Row::EspCsi).bytes);
    let mut links = Vec::new();
    while let Some(record) = source.next_frame().unwrap() {
        links.push(record.frame.meta().link.0);
    }
    assert_eq!(links, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[test]
fn the_device_clock_wraps_into_one_monotonic_time() {
    let mut source = open(fixture::intel5300(4, 1, 1, 1).bytes);
    let mut times = Vec::new();
    while let Some(record) = source.next_frame().unwrap() {
        times.push((record.device_s, record.frame.meta().t.0));
    }
    assert_eq!(times, [(4294.867296, 0), (4294.917296, 50_000), (0.0, 100_000), (0.05, 150_000)]);
}
