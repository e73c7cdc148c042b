//! What the readers allocate: nothing for each frame, nothing because a file says so, and no more than the limits state
//! however long the input is.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read};
use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use millpond_datasets::{FORMATS, Format, Limits, ReadOptions};
use millpond_fixture::{self as fixture, Esp32Row, Fixture, NexmonWords, PicoDevice};

fn format(name: &str) -> &'static Format {
    let name = if name == "complex-csv" { "amplitude-csv" } else { name };
    FORMATS.iter().find(|f| f.name == name).unwrap()
}

/// What reading some bytes allocates.
fn reading(fixture: &Fixture) -> AllocationInfo {
    let bytes: Arc<[u8]> = fixture.bytes[..].into();
    let mut frames = 0;
    let info = measure(|| {
        let source = Cursor::new(Arc::clone(&bytes));
        let mut source = millpond_datasets::read_as(format(fixture.format), source, &ReadOptions::default()).unwrap();
        while source.next_frame().unwrap().is_some() {
            frames += 1;
        }
    });
    assert_eq!(frames, fixture.frames, "{}", fixture.name);
    info
}

type Make = fn(usize) -> Fixture;

#[test]
fn no_frame_costs_an_allocation() {
    let makers: [Make; 21] = [
        |n| fixture::intel5300(n, 1, 3, 2),
        |n| fixture::atheros(n, 1, 56, 3, 2, false, false),
        |n| fixture::atheros(n, 1, 114, 2, 2, true, true),
        |n| fixture::nexmon(n, 1, 64, NexmonWords::Int16, true, false),
        |n| fixture::nexmon(n, 1, 64, NexmonWords::Float9, false, true),
        |n| fixture::nexmon(n, 1, 64, NexmonWords::Float12, false, false),
        |n| fixture::nexmon_ng(n, 1, 64, NexmonWords::Int16),
        |n| fixture::feitcsi(n, 1, 242, 2),
        |n| fixture::esp32(n, 1, Esp32Row::CsiTool),
        |n| fixture::esp32(n, 1, Esp32Row::EspCsi),
        |n| fixture::esp32(n, 1, Esp32Row::EspCsiC6),
        |n| fixture::esp32(n, 1, Esp32Row::RadarBase64),
        |n| fixture::picoscenes(n, 1, PicoDevice::Ax200, 4),
        |n| fixture::picoscenes(n, 1, PicoDevice::Usrp, 4),
        |n| fixture::picoscenes(n, 1, PicoDevice::Usrp, 7),
        |n| fixture::picoscenes(n, 1, PicoDevice::Qca9300, 2),
        |n| fixture::picoscenes(n, 1, PicoDevice::Intel5300, 6),
        |n| fixture::native(n, 1, 64),
        |n| fixture::table(n, 1, false),
        |n| fixture::table(n, 1, true),
        |n| fixture::array_npz(n, 1),
    ];
    for make in makers {
        let (few, many) = (make(500), make(1000));
        let more = reading(&many).count_total as i64 - reading(&few).count_total as i64;
        // Buffers grow with the input: by doubling, so a few times more.
        assert!(more <= 4, "{}: {more} more allocations for 500 more frames", few.name);
    }
}

#[test]
fn the_archive_of_a_board_is_taken_whole() {
    let (few, many) = (fixture::espectre(500, 1, "c3"), fixture::espectre(1000, 1, "c3"));
    let more = reading(&many).count_total as i64 - reading(&few).count_total as i64;
    assert!(more <= 8, "{more} more allocations for 500 more frames");
}

/// The same bytes again and again.
fn again_and_again(pattern: &[u8], bytes: usize) -> impl Read + Send + 'static {
    Repeat { block: pattern.repeat((4 << 10) / pattern.len() + 1), at: 0 }.take(bytes as u64)
}

struct Repeat {
    block: Vec<u8>,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(self.block.len() - self.at);
        out[..n].copy_from_slice(&self.block[self.at..self.at + n]);
        self.at = (self.at + n) % self.block.len();
        Ok(n)
    }
}

/// A fixture of each format.
fn one_of_each() -> Vec<Fixture> {
    let mut all = fixture::all(3);
    all.dedup_by_key(|f| f.format);
    all
}

/// Every reader answers on streams far longer than what it may hold, and holds no more than its limits say.
#[test]
fn endless_streams_are_read_in_bounded_memory() {
    let mut options = ReadOptions { rate_hz: Some(100.0), ..ReadOptions::default() };
    options.limits.record_bytes = 64 << 10;
    options.limits.archive_bytes = 64 << 10;
    options.limits.subcarriers = 256;
    options.limits.links = 16;
    let most = options.limits.memory_bytes();
    assert!(most < 8 << 20, "{most}");
    for fixture in one_of_each() {
        let start = &fixture.bytes;
        // Frames without end, the start of one without end, and claims of 2^32 - 1.
        let cut = &start[..start.len() / 6];
        let claims = [&start[..start.len().min(120)], &[0xff; 40]].concat();
        for pattern in [start, cut, &claims, &[0], &[0xff], b"x", b"1,"] {
            let stream = Cursor::new(start.clone()).chain(again_and_again(pattern, 24 << 20));
            let held = measure(|| {
                let Ok(mut source) = millpond_datasets::read_as(format(fixture.format), stream, &options) else {
                    return;
                };
                for _ in 0..12 {
                    if matches!(source.next_frame(), Ok(None)) {
                        break;
                    }
                }
            });
            assert!(held.bytes_max < most, "{}: {} of {most} bytes held", fixture.name, held.bytes_max);
        }
    }
}

/// With the limits that hold where nobody sets others, a claim is paid for with what arrives, not with what it says.
#[test]
fn a_claim_sizes_nothing() {
    assert!(Limits::default().memory_bytes() < 256 << 20);
    for fixture in one_of_each() {
        for at in 0..fixture.bytes.len().min(64) {
            let mut bytes = fixture.bytes.clone();
            bytes[at..at + 3].fill(0xff);
            let stream = Cursor::new(bytes).chain(again_and_again(&[0xfe], 64 << 10));
            let held = measure(|| {
                let options = ReadOptions::default();
                let Ok(mut source) = millpond_datasets::read_as(format(fixture.format), stream, &options) else {
                    return;
                };
                while !matches!(source.next_frame(), Ok(None)) {}
            });
            assert!(held.bytes_max < 1 << 20, "{}: {} bytes held of 64 KiB", fixture.name, held.bytes_max);
        }
    }
}
