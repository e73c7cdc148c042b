//! Damage of every kind: no panic, no endless loop, and the frames that are whole are kept.
//!
//! `MILLPOND_FLIPS` sets the bit flips for each fixture (default 300; there are several fixtures a format).

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use millpond_datasets::{FORMATS, ReadOptions};
use millpond_fixture::{self as fixture, Fixture};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Frames in each fixture: some before the damage, some after it.
const FRAMES: usize = 6;

/// What came out of some bytes.
#[derive(Default)]
struct Drained {
    frames: Vec<Vec<(f64, f64)>>,
    errors: usize,
}

/// Reads with the format's own reader, so that the probe's judgement does not matter.
fn drain(fixture: &Fixture, bytes: Vec<u8>) -> Drained {
    let format = FORMATS.iter().find(|f| f.name == fixture.format).unwrap();
    let calls = bytes.len() + 10;
    let mut out = Drained::default();
    let Ok(mut source) = millpond_datasets::read_as(format, std::io::Cursor::new(bytes), &ReadOptions::default())
    else {
        out.errors += 1;
        return out;
    };
    for _ in 0..calls {
        match source.next_frame() {
            Ok(Some(record)) => {
                let mut values = Vec::new();
                record.for_each_stored(|re, im| values.push((re, im)));
                out.frames.push(values);
            }
            Ok(None) => return out,
            Err(_) => out.errors += 1,
        }
    }
    panic!("{}: the reader does not come to an end", fixture.name);
}

fn whole(fixture: &Fixture) -> Vec<&[(f64, f64)]> {
    fixture.values.chunks(fixture.values.len() / fixture.frames).collect()
}

/// How many of the fixture's frames came out unharmed, in order.
fn kept(fixture: &Fixture, drained: &Drained) -> usize {
    let expected = whole(fixture);
    let mut rest = &expected[..];
    let mut kept = 0;
    for frame in &drained.frames {
        if let Some(at) = rest.iter().position(|e| *e == &frame[..]) {
            rest = &rest[at + 1..];
            kept += 1;
        }
    }
    kept
}

#[test]
fn a_cut_at_any_byte_keeps_the_frames_before_it() {
    for fixture in fixture::all(3) {
        let n = fixture.bytes.len();
        // Every byte around the first record's head, then steps that meet each position of later records.
        let step = if n > 3_000 { 7 } else { 1 };
        for cut in (0..n).filter(|&c| c < 600 || c % step == 0) {
            let drained = drain(&fixture, fixture.bytes[..cut].to_vec());
            let frames = drained.frames.len();
            assert_eq!(kept(&fixture, &drained), frames, "{} cut at {cut}: a wrong frame", fixture.name);
            // Records are of like length: at least those are whole whose share of the file lies before the cut.
            let share = (cut as f64 / n as f64 * 3.0 - 0.35).floor().max(0.0) as usize;
            assert!(frames >= share, "{} cut at {cut} of {n}: {frames} frames, not {share}", fixture.name);
        }
    }
}

#[test]
fn flipped_bits_cost_the_frame_they_hit_and_no_more() {
    let flips: usize = std::env::var("MILLPOND_FLIPS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let mut worst: Vec<(usize, String)> = Vec::new();
    for fixture in fixture::all(FRAMES) {
        // What a capture says of itself at its start holds for all its packets.
        let head = match (fixture.format, fixture.name.contains("pcapng")) {
            ("nexmon", true) => 60,
            ("nexmon", false) => 24,
            _ => 0,
        };
        let mut least = FRAMES;
        for _ in 0..flips {
            let mut bytes = fixture.bytes.clone();
            let bit = rng.next_u32() as usize % (8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
            let kept = kept(&fixture, &drain(&fixture, bytes));
            if bit / 8 >= head {
                least = least.min(kept);
            }
        }
        worst.push((least, fixture.name));
    }
    let lost: Vec<_> = worst.iter().filter(|(least, _)| *least < FRAMES - 2).collect();
    assert!(lost.is_empty(), "frames kept in the worst case: {lost:?}");
}

#[test]
fn hostile_lengths_are_survived() {
    for fixture in fixture::all(2) {
        for at in 0..fixture.bytes.len().min(300) {
            for fill in [0x00, 0xff] {
                for width in [2, 4, 8] {
                    let mut bytes = fixture.bytes.clone();
                    let end = (at + width).min(bytes.len());
                    bytes[at..end].fill(fill);
                    drain(&fixture, bytes);
                }
            }
        }
    }
}

#[test]
fn bytes_in_front_are_passed_over() {
    for fixture in fixture::all(FRAMES) {
        // Captures and text have a start of their own.
        if matches!(fixture.format, "nexmon" | "esp32") {
            continue;
        }
        let mut bytes = b"stray bytes, 27 of them here".to_vec();
        bytes.extend(&fixture.bytes[usize::from(fixture.name.contains("flag true"))..]);
        let source = std::io::Cursor::new(bytes.clone());
        let found = millpond_datasets::read(source, &ReadOptions::default()).map(|s| s.info().format);
        assert_eq!(found.ok(), Some(fixture.format), "{}", fixture.name);
        assert_eq!(kept(&fixture, &drain(&fixture, bytes)), FRAMES, "{}", fixture.name);
    }
}

#[test]
fn noise_and_other_files_are_refused_by_name() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut noise = vec![0; 100_000];
    rng.fill_bytes(&mut noise);
    let texts: [&[u8]; 5] = [&noise, b"\x7fELF\x02\x01\x01", b"{\"json\": true}", &[0; 5000], b"x"];
    for bytes in texts {
        let e = millpond_datasets::read(std::io::Cursor::new(bytes.to_vec()), &ReadOptions::default()).err().unwrap();
        assert!(e.what.contains("not recognised") && e.what.contains("intel5300"), "{e}");
    }
}
