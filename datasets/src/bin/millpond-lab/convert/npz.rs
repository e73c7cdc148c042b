//! NumPy arrays for each link. An array's header says how many frames there are, and an archive holds one array after
//! the other: what arrives waits in the spool, in pieces that are found again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use millpond_datasets::Record;
use zip::write::SimpleFileOptions;

use super::{Frames, Part};

/// Bytes held before they go to the spool.
const HELD: usize = 32 << 20;

/// Arrays of a link that grow with its frames.
const ARRAYS: [&str; 3] = ["csi", "t", "rssi"];

#[derive(Default)]
struct Link {
    shape: (usize, usize, usize),
    /// Parts in double precision, where single cannot hold the file's.
    is_double: bool,
    tones: Vec<u8>,
    frames: usize,
    held: [Vec<u8>; 3],
    /// For each array the pieces in the spool: offset and length.
    pieces: [Vec<(u64, u64)>; 3],
}

impl Link {
    fn new(r: &Record<'_>) -> Self {
        // The tone of each stored subcarrier; the lowest number marks what is no channel.
        let tones = r.frame.tones();
        let tone = |&at: &u16| tones.get(usize::from(at)).copied().unwrap_or(i16::MIN).to_le_bytes();
        let tones = r.stored.order.iter().flat_map(tone).collect();
        Self { shape: r.stored.shape, is_double: r.stored.wide.is_some(), tones, ..Self::default() }
    }

    fn fits(&self, r: &Record<'_>) -> bool {
        self.shape == r.stored.shape && self.is_double == r.stored.wide.is_some()
    }

    /// Takes a frame in; answers how many bytes more are held.
    fn add(&mut self, r: &Record<'_>) -> usize {
        let [csi, t, rssi] = &mut self.held;
        let before = csi.len();
        match self.is_double {
            true => r.for_each_stored(|re, im| csi.extend([re.to_le_bytes(), im.to_le_bytes()].as_flattened())),
            // Every other number of a recording is a single one.
            false => r.for_each_stored(|re, im| {
                csi.extend([(re as f32).to_le_bytes(), (im as f32).to_le_bytes()].as_flattened());
            }),
        }
        t.extend(r.frame.meta().t.seconds().to_le_bytes());
        rssi.extend(r.frame.meta().rssi.map_or(f32::NAN, |level| level.0).to_le_bytes());
        self.frames += 1;
        csi.len() - before + 12
    }

    fn spill(&mut self, spool: &mut File, at: &mut u64) -> io::Result<()> {
        for (held, pieces) in self.held.iter_mut().zip(&mut self.pieces) {
            if !held.is_empty() {
                spool.write_all(held)?;
                pieces.push((*at, held.len() as u64));
                *at += held.len() as u64;
                held.clear();
            }
        }
        Ok(())
    }
}

/// Writes the archive.
pub fn write(frames: &mut Frames, part: &Part) -> io::Result<()> {
    let (mut links, mut spool) = (BTreeMap::<u16, Link>::new(), part.create_spool()?);
    let (mut held, mut at) = (0, 0);
    frames.each(|r| {
        let link = links.entry(r.frame.meta().link.0).or_insert_with(|| Link::new(r));
        if !link.fits(r) {
            // Links over the reader's limit share one.
            return Err(io::Error::other("a link with frames of two shapes does not fit an array; use --to millpond"));
        }
        held += link.add(r);
        if held >= HELD {
            links.values_mut().try_for_each(|link| link.spill(&mut spool, &mut at))?;
            held = 0;
        }
        Ok(())
    })?;
    links.values_mut().try_for_each(|link| link.spill(&mut spool, &mut at))?;
    let mut zip = zip::ZipWriter::new(BufWriter::new(part.create()?));
    for (number, link) in &links {
        let (n_sub, n_rx, n_tx) = link.shape;
        let heads = [
            npy_head(if link.is_double { "<c16" } else { "<c8" }, &[link.frames, n_sub, n_rx, n_tx]),
            npy_head("<f8", &[link.frames]),
            npy_head("<f4", &[link.frames]),
        ];
        for ((name, head), pieces) in ARRAYS.iter().zip(heads).zip(&link.pieces) {
            start(&mut zip, name, *number)?;
            zip.write_all(&head)?;
            for &(offset, len) in pieces {
                spool.seek(SeekFrom::Start(offset))?;
                io::copy(&mut Read::by_ref(&mut spool).take(len), &mut zip)?;
            }
        }
        start(&mut zip, "tones", *number)?;
        zip.write_all(&npy_head("<i2", &[n_sub]))?;
        zip.write_all(&link.tones)?;
    }
    zip.finish().map_err(io::Error::other)?.flush()
}

fn start(zip: &mut zip::ZipWriter<BufWriter<File>>, name: &str, link: u16) -> io::Result<()> {
    // Samples shrink little more at higher levels, which take several times as long.
    let how = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(1))
        .large_file(true);
    zip.start_file(format!("{name}_link{link}.npy"), how).map_err(io::Error::other)
}

/// The header of a NumPy array, version 1.0, padded so that the data start at a multiple of 64 bytes.
fn npy_head(descr: &str, shape: &[usize]) -> Vec<u8> {
    let dims: String = shape.iter().map(|d| format!("{d}, ")).collect();
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", dims.trim_end());
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.into_bytes());
    out
}
