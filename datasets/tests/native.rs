//! Millpond's own format: what is written comes back, whole, cut, from the middle and while it grows.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use millpond_datasets::format::native::{Native, Writer};
use millpond_datasets::summary::Summary;
use millpond_datasets::{FrameSource, ReadOptions};
use millpond_dsp::phy::Micros;
use millpond_fixture::{self as fixture, Fixture};

fn open(bytes: &[u8]) -> Box<dyn FrameSource> {
    millpond_datasets::read(Cursor::new(bytes.to_vec()), &ReadOptions::default()).unwrap()
}

fn convert(fixture: &Fixture) -> Vec<u8> {
    let mut source = open(&fixture.bytes);
    let mut writer = Writer::new(Vec::new()).unwrap();
    while let Some(record) = source.next_frame().unwrap() {
        writer.write(&record).unwrap();
    }
    writer.finish().unwrap()
}

/// Everything a record says, as text.
fn describe(source: &mut dyn FrameSource) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(r) = source.next_frame().unwrap() {
        let m = r.frame.meta();
        let mut values = Vec::new();
        r.for_each_stored(|re, im| values.push((re, im)));
        all.push(format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {:?} {:?} {:?} {:?} {values:?}",
            m.t,
            m.link,
            m.format,
            m.width,
            m.channel,
            m.rssi,
            m.noise,
            m.gain,
            m.seq,
            r.device_s,
            r.rssi,
            r.label,
            r.stored.shape,
            r.frame.tones()
        ));
    }
    all
}

#[test]
fn every_format_survives_the_conversion() {
    for fixture in fixture::all(70) {
        let native = convert(&fixture);
        let mut back = open(&native);
        assert_eq!(back.info().format, "millpond", "{}", fixture.name);
        assert_eq!(describe(&mut *back), describe(&mut *open(&fixture.bytes)), "{}", fixture.name);
    }
}

#[test]
fn the_size_is_about_that_of_the_samples() {
    let fixture = fixture::esp32(1000, 1, fixture::Esp32Row::EspCsi);
    let per_frame = convert(&fixture).len() as f64 / 1000.0;
    assert!(per_frame < 1.15 * 128.0, "{per_frame} bytes a frame of 128 bytes");
}

#[test]
fn a_growing_file_gives_every_whole_block() {
    let fixture = fixture::intel5300(200, 1, 3, 1);
    let mut source = open(&fixture.bytes);
    let mut writer = Writer::new(Vec::new()).unwrap();
    while let Some(record) = source.next_frame().unwrap() {
        writer.write(&record).unwrap();
    }
    writer.flush().unwrap();
    let whole = writer.finish().unwrap();
    for cut in [whole.len(), whole.len() - 10, whole.len() / 2, 1000, 20] {
        let s = Summary::of(&mut *open(&whole[..cut]), |_| {});
        assert!(s.frame_count as usize + 64 >= 200 * cut / whole.len(), "{cut}: {}", s.frame_count);
        assert!(s.problem_count <= 1);
    }
}

#[test]
fn damage_costs_its_block_alone() {
    let fixture = fixture::intel5300(300, 1, 3, 1);
    let whole = convert(&fixture);
    for at in (16..whole.len()).step_by(997) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let s = Summary::of(&mut *open(&bytes), |_| {});
        let shape_hit = s.frame_count == 0 && at < 400;
        assert!(shape_hit || s.frame_count >= 300 - 64, "{at}: {}", s.frame_count);
    }
}

#[test]
fn the_index_finds_the_block_of_a_time() {
    let fixture = fixture::intel5300(400, 1, 3, 1);
    let whole = convert(&fixture);
    let t = Micros::from_seconds(12.5);
    let mut source = Native::open_at(Cursor::new(whole.clone()), t, &ReadOptions::default()).unwrap();
    let first = source.next_frame().unwrap().unwrap().frame.meta().t;
    assert!(first <= t && t.since(first) < Micros::from_seconds(3.3), "{first:?}");
    let cut = Cursor::new(whole[..whole.len() - 1].to_vec());
    assert!(Native::open_at(cut, t, &ReadOptions::default()).is_err());
    // An index block too short to hold its own pointer: the bytes before its checksum say where it starts, 3.
    let block = [b"mpB\x01", &[3, 0, 0, 0, 0, 0, 0, 0][..]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&block);
    let short = [b"abc", &block[..], &crc.sum().to_le_bytes()].concat();
    assert!(Native::open_at(Cursor::new(short), t, &ReadOptions::default()).is_err());
}

/// A head every twelve bytes, each with a claim of megabytes that are there: checked one by one they would take hours.
#[test]
fn heads_without_blocks_are_given_up_on() {
    let mut bytes = convert(&fixture::native(1, 1, 1));
    let head = [b"mpB\x01\x02\x00\x00\x00".as_slice(), &(1u32 << 20).to_le_bytes()].concat();
    bytes.extend(head.repeat(200_000));
    let good = convert(&fixture::native(2, 2, 1));
    bytes.extend(&good[16..]);
    let s = Summary::of(&mut *open(&bytes), |_| {});
    assert_eq!(s.frame_count, 3, "short blocks are always checked");
}
