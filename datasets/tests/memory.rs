//! What the readers allocate: nothing for each frame, and nothing because a file says so.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::alloc::System;
use std::io::Cursor;
use std::sync::Arc;

use millpond_datasets::{FORMATS, ReadOptions};
use millpond_fixture::{self as fixture, Esp32Row, Fixture, NexmonWords, PicoDevice};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What reading some bytes allocates.
fn reading(format: &str, bytes: &Arc<[u8]>) -> Stats {
    let format = FORMATS.iter().find(|f| f.name == format).unwrap();
    let region = Region::new(GLOBAL);
    let source = Cursor::new(Arc::clone(bytes));
    if let Ok(mut source) = millpond_datasets::read_as(format, source, &ReadOptions::default()) {
        while !matches!(source.next_frame(), Ok(None)) {}
    }
    region.change()
}

type Make = fn(usize) -> Fixture;

// One test: the counters are those of the whole process.
#[test]
fn allocations_depend_neither_on_frames_nor_on_claims() {
    let makers: [Make; 10] = [
        |n| fixture::intel5300(n, 1, 3, 2),
        |n| fixture::atheros(n, 1, 56, 3, 2, false, false),
        |n| fixture::nexmon(n, 1, 64, NexmonWords::Int16, true, false),
        |n| fixture::nexmon(n, 1, 64, NexmonWords::Float12, false, false),
        |n| fixture::nexmon_ng(n, 1, 64, NexmonWords::Int16),
        |n| fixture::feitcsi(n, 1, 242, 2),
        |n| fixture::esp32(n, 1, Esp32Row::CsiTool),
        |n| fixture::picoscenes(n, 1, PicoDevice::Ax200, 4),
        |n| fixture::picoscenes(n, 1, PicoDevice::Usrp, 4),
        |n| fixture::picoscenes(n, 1, PicoDevice::Intel5300, 6),
    ];
    for make in makers {
        let (few, many) = (make(1000), make(2000));
        let (format, name) = (few.format, few.name);
        let (few, many) = (reading(format, &few.bytes.into()), reading(format, &many.bytes.into()));
        let more = many.allocations as i64 - few.allocations as i64;
        assert!(more <= 2, "{name}: {more} more allocations for 1000 more frames");
    }
    for fixture in fixture::all(2) {
        for at in 0..fixture.bytes.len().min(160) {
            let mut bytes = fixture.bytes.clone();
            let end = (at + 4).min(bytes.len());
            bytes[at..end].fill(0x7f);
            let used = reading(fixture.format, &bytes.into()).bytes_allocated;
            assert!(used < 1 << 20, "{}: {used} bytes for a claim at {at}", fixture.name);
        }
    }
}
