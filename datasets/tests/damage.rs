//! Damage of every kind, in memory, for every format: no panic, no endless loop, little memory, and the frames that are
//! whole are kept.
//!
//! `MILLPOND_FLIPS` sets the bit flips of each format (default 100 000), spread over the format's fixtures.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;
use std::sync::Arc;

use millpond_datasets::{FORMATS, Format, ReadOptions};
use millpond_fixture::{self as fixture, Fixture};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

/// Frames in each fixture: some before the damage, some after it.
const FRAMES: usize = 4;

/// What a reader of a few kilobytes may hold at once, whatever those bytes claim: far below `Limits::memory_bytes`.
const MOST_HELD: u64 = 1 << 20;

/// What came out of some bytes.
#[derive(Default)]
struct Drained {
    frames: usize,
    /// How many of the fixture's frames came out unharmed, in order.
    kept: usize,
    errors: usize,
}

/// The reader of a fixture; both kinds of table have one.
fn reader(fixture: &Fixture) -> &'static Format {
    let name = if fixture.format == "complex-csv" { "amplitude-csv" } else { fixture.format };
    FORMATS.iter().find(|f| f.name == name).unwrap()
}

/// Reads with the format's own reader, so that the probe's judgement does not matter.
fn drain(fixture: &Fixture, bytes: &Arc<[u8]>) -> Drained {
    let mut out = Drained::default();
    let per_frame = fixture.values.len() / fixture.frames;
    let mut rest = &fixture.values[..];
    let mut values = Vec::with_capacity(per_frame);
    let held = allocation_counter::measure(|| {
        let options = ReadOptions::default();
        let Ok(mut source) = millpond_datasets::read_as(reader(fixture), Cursor::new(Arc::clone(bytes)), &options)
        else {
            out.errors += 1;
            return;
        };
        for _ in 0..bytes.len() + 10 {
            match source.next_frame() {
                Ok(Some(record)) => {
                    values.clear();
                    record.for_each_stored(|re, im| values.push((re, im)));
                    out.frames += 1;
                    if let Some(at) = rest.chunks(per_frame).position(|e| e == values) {
                        rest = &rest[(at + 1) * per_frame..];
                        out.kept += 1;
                    }
                }
                Ok(None) => return,
                Err(_) => out.errors += 1,
            }
        }
        panic!("{}: the reader does not come to an end", fixture.name);
    });
    assert!(held.bytes_max < MOST_HELD, "{}: {} bytes held", fixture.name, held.bytes_max);
    out
}

/// Bytes whose loss costs more than a frame: what a file says of itself at its start, and archives as a whole.
fn head(fixture: &Fixture) -> usize {
    match (fixture.format, fixture.name.contains("pcapng")) {
        ("nexmon", true) => 60,
        ("nexmon", false) => 24,
        ("amplitude-csv" | "complex-csv", _) => fixture.bytes.iter().position(|&b| b == b'\n').unwrap() + 1,
        ("espectre-npz" | "array-npz", _) => fixture.bytes.len(),
        _ => 0,
    }
}

#[test]
fn a_cut_at_any_byte_keeps_the_frames_before_it() {
    fixture::all(3).into_par_iter().for_each(|fixture| {
        let (n, head) = (fixture.bytes.len(), head(&fixture));
        // The last number of a row may be cut to a shorter one, and nothing tells.
        let last = usize::from(fixture.format.ends_with("csv"));
        for cut in 0..n {
            let drained = drain(&fixture, &fixture.bytes[..cut].into());
            let frames = drained.frames;
            assert!(drained.kept + last >= frames, "{} cut at {cut}: a wrong frame", fixture.name);
            if cut < head {
                continue;
            }
            // Records are of like length: at least those are whole whose share of the file lies before the cut.
            let share = ((cut - head) as f64 / (n - head) as f64 * 3.0 - 0.4).floor().max(0.0) as usize;
            assert!(drained.kept >= share, "{} cut at {cut} of {n}: {frames} frames, not {share}", fixture.name);
        }
    });
}

#[test]
fn flipped_bits_cost_the_frame_they_hit_and_no_more() {
    let flips: usize = std::env::var("MILLPOND_FLIPS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let all = fixture::all(FRAMES);
    let share = |of: &Fixture| flips.div_ceil(all.iter().filter(|f| reader(f).name == reader(of).name).count());
    let worst = all.par_iter().enumerate().map(|(i, fixture)| {
        let mut rng = ChaCha8Rng::seed_from_u64(20 + i as u64);
        let (mut least, mut bytes) = (FRAMES, Arc::<[u8]>::from(&fixture.bytes[..]));
        for _ in 0..share(fixture) {
            let bit = rng.next_u32() as usize % (8 * bytes.len());
            let flip = |bytes: &mut Arc<[u8]>| Arc::get_mut(bytes).unwrap()[bit / 8] ^= 1 << (bit % 8);
            flip(&mut bytes);
            let kept = drain(fixture, &bytes).kept;
            flip(&mut bytes);
            if bit / 8 >= head(fixture) {
                least = least.min(kept);
            }
        }
        (least, &fixture.name)
    });
    let lost: Vec<_> = worst.collect::<Vec<_>>().into_iter().filter(|(least, _)| *least < FRAMES - 2).collect();
    assert!(lost.is_empty(), "frames kept in the worst case: {lost:?}");
}

/// Every record but the damaged one comes out, wherever in it the damage is.
#[test]
fn a_damaged_record_in_the_middle_costs_itself_alone() {
    fixture::all(9).into_par_iter().filter(|f| head(f) < f.bytes.len()).for_each(|fixture| {
        let (n, start) = (fixture.bytes.len(), head(&fixture));
        let per_record = (n - start) / 9;
        let from = start + 4 * per_record;
        for at in from..from + per_record {
            let mut bytes = fixture.bytes.clone();
            bytes[at..at + 8].fill(0xa5);
            let drained = drain(&fixture, &bytes.into());
            // Eight bytes may lie across two records.
            assert!(drained.kept >= 7, "{}: {} of 9 frames kept, damage at {at}", fixture.name, drained.kept);
        }
    });
}

#[test]
fn hostile_lengths_are_survived() {
    fixture::all(2).into_par_iter().for_each(|fixture| {
        for at in 0..fixture.bytes.len().min(400) {
            for fill in [0x00, 0x7f, 0xff] {
                for width in [2, 4, 8] {
                    let mut bytes = fixture.bytes.clone();
                    let end = (at + width).min(bytes.len());
                    bytes[at..end].fill(fill);
                    drain(&fixture, &bytes.into());
                }
            }
        }
    });
}

#[test]
fn zero_bytes_hold_no_frame() {
    for format in FORMATS {
        let nothing = millpond_datasets::read_as(format, Cursor::new([]), &ReadOptions::default());
        // Formats with a head of their own say that it is missing.
        let Ok(mut source) = nothing else { continue };
        assert!(matches!(source.next_frame(), Ok(None)), "{}", format.name);
        assert!(matches!(source.next_frame(), Ok(None)), "{} after its end", format.name);
    }
    let mut source = millpond_datasets::read(Cursor::new([]), &ReadOptions::default()).unwrap();
    assert!(source.next_frame().unwrap().is_none());
}

#[test]
fn bytes_in_front_are_passed_over() {
    for fixture in fixture::all(FRAMES) {
        // Captures, text and archives have a start of their own.
        if head(&fixture) > 0 || fixture.format == "esp32" {
            continue;
        }
        let mut bytes = b"stray bytes, 27 of them here".to_vec();
        bytes.extend(&fixture.bytes[usize::from(fixture.name.contains("flag true"))..]);
        let found = millpond_datasets::read(Cursor::new(bytes.clone()), &ReadOptions::default());
        assert_eq!(found.map(|s| s.info().format).ok(), Some(fixture.format), "{}", fixture.name);
        assert_eq!(drain(&fixture, &bytes.into()).kept, FRAMES, "{}", fixture.name);
    }
}

#[test]
fn noise_and_other_files_are_refused_by_name() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut noise = vec![0; 100_000];
    rng.fill_bytes(&mut noise);
    let texts: [&[u8]; 5] = [&noise, b"\x7fELF\x02\x01\x01", b"{\"json\": true}", &[0; 5000], b"x"];
    for bytes in texts {
        let e = millpond_datasets::read(Cursor::new(bytes.to_vec()), &ReadOptions::default()).err().unwrap();
        assert!(e.what.contains("not recognised") && e.what.contains("intel5300"), "{e}");
    }
}

/// The samples of the formats beside the checkout, damaged: said aloud and skipped where there are none.
#[test]
fn damaged_recordings_are_survived() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/recordings/formats"));
    if !folder.is_dir() {
        eprintln!("no recordings beside the checkout: the test on damaged real files is skipped");
        return;
    }
    let mut files = Vec::new();
    for kind in std::fs::read_dir(folder).unwrap().flatten().filter(|e| e.path().is_dir()) {
        files.extend(std::fs::read_dir(kind.path()).unwrap().flatten().map(|e| e.path()));
    }
    files.sort();
    let survived = files.par_iter().enumerate().map(|(i, path)| {
        let whole = std::fs::read(path).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(i as u64);
        let read = |bytes: Vec<u8>| {
            let answers = bytes.len() + 10;
            // An archive that lost its head is refused.
            let Ok(mut source) = millpond_datasets::read(Cursor::new(bytes), &ReadOptions::default()) else { return };
            let ends = (0..answers).any(|_| matches!(source.next_frame(), Ok(None)));
            assert!(ends || whole.starts_with(&[0x1f, 0x8b]), "{}: no end", path.display());
        };
        // The first part of a long file has every kind of record.
        let part = &whole[..whole.len().min(40_000)];
        for _ in 0..100.min(part.len()) {
            let mut bytes = part.to_vec();
            let bit = rng.next_u32() as usize % (8 * part.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
            read(bytes);
            read(part[..bit / 8].to_vec());
        }
    });
    eprintln!("{} real files damaged", survived.count());
}
