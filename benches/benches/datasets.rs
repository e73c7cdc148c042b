//! Frames a second of every reader, beside the plainest reading of the same bytes and a copy of them.
//!
//! The bytes are seeded fixtures. `read` is the public iterator with everything it does for a frame: framing, checks,
//! times, links, tones in order. `naive` takes only the samples, with a new vector for each frame. `copy` is `memcpy`
//! of the file. With `MILLPOND_PEERS` a public reader is measured on the same bytes (`peers.py`). Throughput counts frames; for bytes a second multiply by the size that the id names.

// The macro's function has no documentation to give.
#![allow(missing_docs)]

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use millpond_datasets::{FORMATS, ReadOptions};
use millpond_fixture::{self as fixture, Esp32Row, Fixture, NexmonWords, PicoDevice};

const FRAMES: usize = 2_000;

fn read(format: &str, bytes: &Arc<[u8]>) -> usize {
    let format = FORMATS.iter().find(|f| f.name == format).expect("a fixture names its format");
    let source = Cursor::new(Arc::clone(bytes));
    let mut source = millpond_datasets::read_as(format, source, &ReadOptions::default()).expect("a fixture is whole");
    let mut n = 0;
    while let Some(record) = source.next_frame().expect("a fixture is whole") {
        black_box(record.frame.cfr());
        n += 1;
    }
    n
}

type Naive = fn(&[u8]) -> usize;

fn bits(b: &[u8], at: usize, width: usize) -> i32 {
    let raw = (0..width).fold(0, |v, i| v | i32::from(b[(at + i) / 8] >> ((at + i) % 8) & 1) << i);
    raw << (32 - width) >> (32 - width)
}

fn naive_intel(mut b: &[u8]) -> usize {
    let mut n = 0;
    while b.len() > 2 {
        let len = 2 + usize::from(u16::from_be_bytes([b[0], b[1]]));
        if b[2] == 0xbb {
            let pairs = usize::from(b[11]) * usize::from(b[12]);
            let (csi, mut at, mut out) = (&b[23..len], 0, Vec::new());
            for _ in 0..30 {
                at += 3;
                for _ in 0..pairs {
                    out.push((bits(csi, at, 8), bits(csi, at + 8, 8)));
                    at += 16;
                }
            }
            black_box(out);
            n += 1;
        }
        b = &b[len..];
    }
    n
}

fn naive_atheros(mut b: &[u8]) -> usize {
    let mut n = 0;
    while b.len() > 2 {
        let len = 2 + usize::from(u16::from_le_bytes([b[0], b[1]]));
        let values = usize::from(b[18]) * usize::from(b[19]) * usize::from(b[20]);
        let csi = &b[27..];
        let out: Vec<_> = (0..values).map(|i| (bits(csi, 20 * i + 10, 10), bits(csi, 20 * i, 10))).collect();
        black_box(out);
        n += 1;
        b = &b[len..];
    }
    n
}

fn naive_nexmon(b: &[u8]) -> usize {
    let (mut b, mut n) = (&b[24..], 0);
    while b.len() > 16 {
        let len = 16 + u32::from_le_bytes([b[8], b[9], b[10], b[11]]) as usize;
        if len > 16 + 42 + 18 + 256 {
            let words = b[16 + 42 + 18..len].chunks_exact(4);
            let int = |b: &[u8]| f32::from(i16::from_le_bytes([b[0], b[1]]));
            black_box(words.map(|w| (int(w), int(&w[2..]))).collect::<Vec<_>>());
            n += 1;
        }
        b = &b[len..];
    }
    n
}

fn naive_nexmon_float(b: &[u8]) -> usize {
    let (mut b, mut n) = (&b[24..], 0);
    while b.len() > 16 {
        let len = 16 + u32::from_le_bytes([b[8], b[9], b[10], b[11]]) as usize;
        if len > 16 + 42 + 18 + 256 {
            let value = |w: &[u8]| {
                let w = u32::from_le_bytes([w[0], w[1], w[2], w[3]]);
                let e = (w << 26) as i32 >> 26;
                let part = |at: u32| {
                    let m = f64::from(w >> at & 0x7ff) * 2f64.powi(e);
                    if w >> (at + 11) & 1 == 1 { -m } else { m }
                };
                (part(18), part(6))
            };
            black_box(b[16 + 42 + 18..len].chunks_exact(4).map(value).collect::<Vec<_>>());
            n += 1;
        }
        b = &b[len..];
    }
    n
}

fn naive_text(b: &[u8]) -> usize {
    let text = std::str::from_utf8(b).expect("a fixture is text");
    let rows = text.lines().filter(|l| l.starts_with("CSI_DATA"));
    rows.map(|row| {
        let head: Vec<&str> = row.split(',').collect();
        let list = row.split('[').nth(1).expect("a row has values").trim_end_matches(&[']', '"', ' '][..]);
        black_box((head, list.split([' ', ',']).filter_map(|v| v.parse::<i8>().ok()).collect::<Vec<_>>()));
    })
    .count()
}

fn naive_mvm(mut b: &[u8]) -> usize {
    let mut n = 0;
    while b.len() > 272 {
        let len = 272 + u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize;
        let int = |b: &[u8]| f32::from(i16::from_le_bytes([b[0], b[1]]));
        black_box(b[272..len].chunks_exact(4).map(|w| (int(w), int(&w[2..]))).collect::<Vec<_>>());
        n += 1;
        b = &b[len..];
    }
    n
}

fn naive_pico(mut b: &[u8]) -> usize {
    let mut n = 0;
    while b.len() > 11 {
        let len = 4 + u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize;
        let mut at = 11;
        for _ in 0..b[10] {
            let size = u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]) as usize;
            let name = String::from_utf8_lossy(&b[at + 5..at + 5 + usize::from(b[at + 4])]).into_owned();
            if name == "CSI" {
                let int = |b: &[u8]| f32::from(i16::from_le_bytes([b[0], b[1]]));
                let samples = b[at + 4 + size - 448..at + 4 + size].chunks_exact(4);
                black_box(samples.map(|w| (int(w), int(&w[2..]))).collect::<Vec<_>>());
            }
            at += 4 + size;
        }
        n += 1;
        b = &b[len..];
    }
    n
}

fn cases() -> Vec<(&'static str, Fixture, Option<Naive>)> {
    vec![
        ("intel5300/3x2x30", fixture::intel5300(FRAMES, 1, 3, 2), Some(naive_intel as Naive)),
        ("intel5300/3x1x30", fixture::intel5300(FRAMES, 1, 3, 1), Some(naive_intel)),
        ("atheros/3x2x56", fixture::atheros(FRAMES, 1, 56, 3, 2, false, false), Some(naive_atheros)),
        ("nexmon/int16x256", fixture::nexmon(FRAMES, 1, 256, NexmonWords::Int16, true, false), Some(naive_nexmon)),
        (
            "nexmon/float12x256",
            fixture::nexmon(FRAMES, 1, 256, NexmonWords::Float12, false, false),
            Some(naive_nexmon_float),
        ),
        ("esp32/csi-tool x64", fixture::esp32(FRAMES, 1, Esp32Row::CsiTool), Some(naive_text)),
        ("esp32/esp-csi x64", fixture::esp32(FRAMES, 1, Esp32Row::EspCsi), Some(naive_text)),
        ("feitcsi/2x1x996", fixture::feitcsi(FRAMES / 4, 1, 996, 2), Some(naive_mvm)),
        ("picoscenes/ax200 2x1x56", fixture::picoscenes(FRAMES, 1, PicoDevice::Ax200, 4), Some(naive_pico)),
        ("picoscenes/intel5300 3x2x30", fixture::picoscenes(FRAMES, 1, PicoDevice::Intel5300, 2), None),
        ("picoscenes/qca9300 3x1x56", fixture::picoscenes(FRAMES, 1, PicoDevice::Qca9300, 2), None),
        ("picoscenes/usrp 1x1x52", fixture::picoscenes(FRAMES, 1, PicoDevice::Usrp, 2), None),
    ]
}

/// A public reader on the same bytes in the same run: `MILLPOND_PEERS` names the Python that has one installed.
fn peers(_: &mut Criterion) {
    let Ok(python) = std::env::var("MILLPOND_PEERS") else { return };
    let folder = std::env::temp_dir().join(format!("millpond-peers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let files = [
        ("intel", fixture::intel5300(20 * FRAMES, 1, 3, 2)),
        ("atheros", fixture::atheros(5 * FRAMES, 1, 56, 3, 2, false, false)),
        ("nexmon", fixture::nexmon(5 * FRAMES, 1, 256, NexmonWords::Int16, true, false)),
        ("nexmonfloat", fixture::nexmon(5 * FRAMES, 1, 256, NexmonWords::Float12, true, false)),
        ("esp32", fixture::esp32(10 * FRAMES, 1, Esp32Row::CsiTool)),
    ];
    let write = |(kind, fixture): &(&str, Fixture)| {
        let path = folder.join(format!("{kind}.{}.bin", fixture.frames));
        std::fs::write(&path, &fixture.bytes).expect("room for temporary files");
        let bytes: Arc<[u8]> = fixture.bytes[..].into();
        let time = |_| {
            let start = std::time::Instant::now();
            assert_eq!(read(fixture.format, &bytes), fixture.frames);
            start.elapsed().as_secs_f64()
        };
        let best = (0..20).map(time).fold(f64::INFINITY, f64::min);
        println!("ours {kind}: {:.0} k frames/s", fixture.frames as f64 / best / 1e3);
        path
    };
    let paths: Vec<_> = files.iter().map(write).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers.py");
    let done = std::process::Command::new(python).arg(script).args(&paths).status();
    println!("peers: {}", done.map_or_else(|e| e.to_string(), |s| s.to_string()));
    std::fs::remove_dir_all(&folder).expect("the folder made above");
}

fn readers(c: &mut Criterion) {
    for (name, fixture, naive) in cases() {
        let mut group = c.benchmark_group(format!("datasets/{name}/{} B", fixture.bytes.len() / fixture.frames));
        group.throughput(Throughput::Elements(fixture.frames as u64));
        let bytes: Arc<[u8]> = fixture.bytes.into();
        assert_eq!(read(fixture.format, &bytes), fixture.frames);
        group.bench_function(BenchmarkId::from_parameter("read"), |b| b.iter(|| read(fixture.format, &bytes)));
        if let Some(naive) = naive {
            assert_eq!(naive(&bytes), fixture.frames);
            group.bench_function(BenchmarkId::from_parameter("naive"), |b| b.iter(|| naive(&bytes)));
        }
        let mut copy = vec![0; bytes.len()];
        group.bench_function(BenchmarkId::from_parameter("copy"), |b| {
            b.iter(|| copy.copy_from_slice(black_box(&bytes)))
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = peers, readers
}
criterion_main!(benches);
