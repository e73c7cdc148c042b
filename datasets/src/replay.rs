//! What the fuzz targets call, so that `cargo test` replays each saved input through the same code.
//!
//! A reader may refuse anything. It must not panic, go on for ever, or use more than its limits.

use std::io::Cursor;

use crate::format::native::Writer;
use crate::format::rssi_mesh::RssiMesh;
use crate::source::RssiSource;
use crate::summary::Summary;
use crate::{FORMATS, FrameSource, Input, ReadError, ReadOptions};

/// Small limits: a fuzzer should meet them.
fn options() -> ReadOptions {
    let mut options = ReadOptions { rate_hz: Some(100.0), ..ReadOptions::default() };
    options.limits.record_bytes = 1 << 20;
    options.limits.archive_bytes = 1 << 20;
    options
}

/// Reads to the end; answers the number of frames.
///
/// # Panics
/// If more answers come than the bytes can hold: the reader would not come to an end. Decompressed input is bounded by
/// its own limit and not counted.
fn drain(mut source: Box<dyn FrameSource>, bytes: &[u8]) -> u64 {
    let gzip = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK");
    let bound = if gzip { u64::MAX } else { bytes.len() as u64 + 16 };
    let (mut frames, mut answers) = (0, 0);
    loop {
        answers += 1;
        assert!(answers <= bound, "{} answers out of {} bytes", answers, bytes.len());
        match source.next_frame() {
            Ok(Some(record)) => {
                frames += 1;
                let mut sum = 0.0;
                record.for_each_stored(|re, im| sum += re + im);
                std::hint::black_box(sum);
            }
            Ok(None) => return frames,
            Err(_) => {}
        }
    }
}

/// Any bytes through the probe.
pub fn probe(bytes: &[u8]) -> u64 {
    crate::read(Cursor::new(bytes.to_vec()), &options()).map_or(0, |source| drain(source, bytes))
}

/// Any bytes through the reader of one format; 0 for an unknown name.
pub fn reader(format: &str, bytes: &[u8]) -> u64 {
    let Some(format) = FORMATS.iter().find(|f| f.name == format) else { return 0 };
    crate::read_as(format, Cursor::new(bytes.to_vec()), &options()).map_or(0, |source| drain(source, bytes))
}

/// Any bytes through the reader of mesh logs, which hold no frames; answers the number of readings.
///
/// # Panics
/// If the reader would not come to an end.
pub fn rssi_mesh(bytes: &[u8]) -> u64 {
    let mut source = RssiMesh::new(Input::new(Box::new(Cursor::new(bytes.to_vec()))), &options());
    let answers = (0..bytes.len() + 16).map(|_| source.next_sample()).take_while(|a| !matches!(a, Ok(None)));
    let (mut readings, mut all) = (0, 0);
    for answer in answers {
        (readings, all) = (readings + u64::from(answer.is_ok()), all + 1);
    }
    assert!(all < bytes.len() + 16, "no end after {all} answers");
    readings
}

/// What can be read is written as Millpond's own recording and read again.
///
/// # Panics
/// If the samples differ.
pub fn write_read_write(bytes: &[u8]) -> u64 {
    let read = |bytes: &[u8]| crate::read(Cursor::new(bytes.to_vec()), &options());
    let Ok(mut source) = read(bytes) else { return 0 };
    let mut writer = Writer::new(Vec::new()).expect("a vector takes every byte");
    let mut fits = true;
    let first = Summary::of(&mut *source, |record| fits &= writer.write(record).is_ok());
    if !fits {
        return 0;
    }
    let native = writer.finish().expect("a vector takes every byte");
    let second: Result<Summary, ReadError> = read(&native).map(|mut source| Summary::of(&mut *source, |_| {}));
    let second = second.expect("what was written can be read");
    assert_eq!((first.frame_count, &first.csi_sha256), (second.frame_count, &second.csi_sha256));
    first.frame_count
}
