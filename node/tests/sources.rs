//! Sources of bytes over real ones: a terminal with two ends in place of a serial device, and recordings that another
//! program writes. Without the recordings of real cards that part is said and skipped.

#![allow(clippy::unwrap_used)]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use millpond_datasets::ReadOptions;
use millpond_datasets::sim::write::{addresses, esp32_text};
use millpond_datasets::sim::{Identities, Scene, Simulation};
use millpond_dsp::LinkId;
use millpond_dsp::phy::Micros;
use millpond_node::capture::{Frame, Log, Source, StreamSource, Waited};
use millpond_node::demo::sensing_on;
use millpond_node::net::{Serial, Tail};
use millpond_report::estimate::{DecisionInput, RadioSetting};
use millpond_report::wire::range::{Band, Slot, Width};
use millpond_report::{Raw, gate};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// So long may a slow machine take.
const PATIENCE: Duration = Duration::from_secs(120);

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("millpond-sources-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Number of tones of the frame in a place, 0 if it is empty, by a way out that shows a number exactly: a decision's.
fn tones(frame: &Frame) -> DecisionInput {
    let setting = RadioSetting { node: 1, band: Band::Ghz5, channel: 36, width: Width::Mhz20, power_dbm: 20 };
    DecisionInput::keep(frame.view(LinkId(0)).map_or(0, |v| v.tones().len() as u32), setting)
}

/// Reads until `wanted` frames have come; gives the number of tones of each.
fn read(source: &mut StreamSource, wanted: usize, mut feed: impl FnMut(usize)) -> Vec<u16> {
    let privacy = sensing_on();
    let permit = privacy.sensing(0).ok().unwrap();
    let (mut place, mut got) = (Raw::new(Frame::empty()), Vec::new());
    let until = Instant::now() + PATIENCE;
    let mut turn = 0;
    while got.len() < wanted {
        feed(turn);
        turn += 1;
        assert!(Instant::now() < until, "{} of {wanted} frames", got.len());
        if source.wait(Duration::from_millis(5)) != Waited::Ready {
            continue;
        }
        source.read(&permit, Micros(turn as u64 * 10_000), &mut place);
        let n = gate::decision(Slot::new(0), &gate::map(&permit, &place, tones)).get().number.get();
        got.extend((n > 0).then_some(n));
    }
    got
}

fn rows() -> (Vec<u8>, usize) {
    let scene = Scene::builtin("walk-across").unwrap();
    let names = addresses(&scene, &Identities::generate(&scene, 1));
    let mut text = Vec::new();
    let rows = esp32_text(Simulation::new(&scene, 1, 4.0).unwrap(), &names, &mut text).unwrap();
    (text, rows as usize)
}

#[test]
fn rows_come_over_a_real_terminal() {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let device = PathBuf::from(ptsname(&ours, Vec::new()).unwrap().into_string().unwrap());
    let mut source = StreamSource::new(Log::Esp32, move || Ok(Arc::new(Serial::open(&device, 921_600)?)));
    assert_eq!(source.wait(Duration::from_millis(1)), Waited::Quiet);
    let (text, n) = rows();
    let mut chip = std::fs::File::from(ours);
    let mut pieces = text.chunks(333);
    let got = read(&mut source, n, |_| pieces.next().into_iter().for_each(|p| chip.write_all(p).unwrap()));
    assert!(got.len() == n && got.iter().all(|t| *t == got[0]), "{n} rows, each whole");
    // Unplugged: said, and opened again when it comes back.
    drop(chip);
    let until = Instant::now() + PATIENCE;
    while source.wait(Duration::from_millis(5)) != Waited::Fault {
        assert!(Instant::now() < until, "the lost device shows");
        let privacy = sensing_on();
        source.read(&privacy.sensing(0).ok().unwrap(), Micros(0), &mut Raw::new(Frame::empty()));
    }
    assert_eq!(source.wait(Duration::ZERO), Waited::Fault);
}

/// The number of tones of every frame of a recording, as the reader of whole files tells.
fn whole(path: &Path) -> Vec<u16> {
    let mut recording = millpond_datasets::open(path, &ReadOptions::default()).unwrap();
    let mut all = Vec::new();
    while let Some(record) = recording.next_frame().unwrap() {
        all.push(record.frame.tones().len() as u16);
    }
    all
}

/// Plays a recording into a file, piece by piece, with a rotation in the middle of nothing in particular.
fn grows(log: Log, bytes: &[u8], expected: &[u16], name: &str) {
    let folder = folder(name);
    let path = folder.join("csi.dat");
    std::fs::write(&path, b"what was there before the node").unwrap();
    let followed = path.clone();
    let mut source = StreamSource::new(log, move || Ok(Arc::new(Tail::open(&followed)?)));
    assert_eq!(source.wait(Duration::from_millis(1)), Waited::Quiet);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    let mut pieces = bytes.chunks(1_777);
    let got = read(&mut source, expected.len(), |turn| {
        if turn == 7 {
            std::fs::rename(&path, folder.join("csi.dat.1")).unwrap();
            file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        }
        pieces.next().into_iter().for_each(|p| file.write_all(p).unwrap());
    });
    assert!(got == expected, "{name}: {} frames, each as the reader of whole files tells", got.len());
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn recordings_are_followed_while_they_grow_and_are_rotated() {
    let (text, n) = rows();
    let sim = folder("sim").join("rows.csv");
    std::fs::write(&sim, &text).unwrap();
    let expected = whole(&sim);
    assert_eq!(expected.len(), n);
    grows(Log::Esp32, &text, &expected, "esp32");
    let shared = Path::new("../../shared/recordings");
    let samples = [
        (Log::Intel5300, "breathing-intel5300/sn1.dat", "intel5300", 200_000),
        (Log::Feitcsi, "formats/feitcsi/HESU160_5500.csi", "feitcsi", 500_000),
    ];
    for (log, path, name, most) in samples {
        let path = shared.join(path);
        let Ok(bytes) = std::fs::read(&path) else {
            eprintln!("skipped: there is no {}", path.display());
            continue;
        };
        let mut expected = whole(&path);
        let bytes = &bytes[..bytes.len().min(most)];
        let part = folder("part").join(format!("{name}.dat"));
        if bytes.len() == most {
            // Only whole records of the beginning are asked for.
            std::fs::write(&part, bytes).unwrap();
            let mut recording = millpond_datasets::open(&part, &ReadOptions::default()).unwrap();
            let mut n = 0;
            while let Ok(Some(_)) = recording.next_frame() {
                n += 1;
            }
            expected.truncate(n);
        }
        assert!(expected.len() > 3, "{name}");
        grows(log, bytes, &expected, name);
    }
}
