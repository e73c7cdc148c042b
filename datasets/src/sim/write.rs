//! A simulated recording as a file that the readers take back: esp-csi text of an ESP32-C5, HT20, one row a frame.
//!
//! The row names its transmitter alone. So that a file may hold several receivers, each link after a transmitter's first
//! speaks with an address of its own, the transmitter's with the local bit set and the link's number mixed in; the truth
//! beside the file tells which is which.

use std::fmt::Write as _;
use std::io;

use millpond_dsp::phy::{Bandwidth, MacAddr, PpduFormat};
use serde::Serialize;

use super::identity::Identities;
use super::impair::Samples;
use super::mover::Cause;
use super::scene::Scene;
use super::stream::{SimFrame, Simulation};
use super::truth::{BodyTruth, Interval, Witness};

/// Header of the text, as the vendor's example prints it.
const HEADER: &str =
    "type,seq,mac,rssi,rate,noise_floor,fft_gain,agc_gain,channel,local_timestamp,sig_len,rx_state,len,first_word,data";

/// Why a scene cannot be written as this text, or `None` if it can.
pub fn refusal(scene: &Scene) -> Option<String> {
    let s = &scene.sounding;
    let switched = scene.switches.iter().any(|s| s.ppdu.is_some() || s.width_mhz.is_some());
    let fits = !switched
        && s.ppdu == PpduFormat::Ht
        && s.width_mhz == Bandwidth::Mhz20
        && s.n_rx == 1
        && scene.receiver.bits == 8;
    (!fits).then(|| {
        format!(
            "ESP32 text holds HT, 20 MHz, one antenna, 8 bits, and no switch of width or format; the scene sounds {:?}, {} MHz, \
             {} antennas, {} bits, and {}",
            s.ppdu,
            s.width_mhz.mhz(),
            s.n_rx,
            scene.receiver.bits,
            if switched { "switches" } else { "does not switch" }
        )
    })
}

/// The address that each link's rows carry.
pub fn addresses(scene: &Scene, names: &Identities) -> Vec<MacAddr> {
    let tx = |l: usize| scene.ends(l).map(|e| e.0);
    let address = |l: usize| {
        let MacAddr(mut mac) = tx(l).and_then(|d| names.of(d)).map_or(MacAddr([2, 0, 0, 0, 0, 0]), |n| n.mac);
        if (0..l).any(|other| tx(other) == tx(l)) {
            mac[0] |= 2;
            mac[3] ^= (l >> 8) as u8;
            mac[4] ^= l as u8;
        }
        MacAddr(mac)
    };
    (0..scene.links.len()).map(address).collect()
}

/// Writes all frames as text. Returns their number.
///
/// # Errors
/// Those of the writer, and [`io::ErrorKind::Unsupported`] with the words of [`refusal`].
pub fn esp32_text(sim: Simulation, addresses: &[MacAddr], out: &mut impl io::Write) -> io::Result<u64> {
    if let Some(why) = refusal(sim.scene()) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    writeln!(out, "{HEADER}")?;
    let (mut line, mut rows) = (String::new(), 0);
    for frame in sim {
        row(&frame, addresses, &mut line);
        out.write_all(line.as_bytes())?;
        rows += 1;
    }
    Ok(rows)
}

fn row(frame: &SimFrame, addresses: &[MacAddr], line: &mut String) {
    let m = &frame.meta;
    let [a, b, c, d, e, f] = addresses.get(frame.link()).map_or([0; 6], |mac| mac.0);
    let level = |x: Option<millpond_dsp::phy::Dbm>| x.map_or(0, |l| l.0 as i32);
    let channel = m.channel.map_or(0, |c| c.primary());
    // The device counts 32 bits of microseconds.
    let clock = frame.clock_us as u32;
    let bytes = 2 * (frame.tones.len() + 1);
    line.clear();
    // Writing to a string cannot fail.
    let _ = write!(line, "CSI_DATA,{},{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x},", m.seq.unwrap_or(0));
    let _ = write!(line, "{},11,{},0,0,{channel},{clock},0,0,{bytes},0,\"[", level(m.rssi), level(m.noise));
    let Samples::I8(h) = &frame.samples else { return };
    // Order of the device: 0 (empty) and up, then the negative tones; imaginary first.
    let below = frame.tones.partition_point(|&k| k < 0);
    let _ = write!(line, "0,0");
    for i in (below..h.len()).chain(0..below) {
        let _ = write!(line, ",{},{}", h[i].im, h[i].re);
    }
    line.push_str("]\"\n");
}

/// Ground truth of a recording, as it lies beside it.
#[derive(Serialize)]
pub struct TruthFile {
    /// `millpond-truth/1`.
    pub format: &'static str,
    /// Name of the scene.
    pub scene: String,
    /// Seed.
    pub seed: u64,
    /// Length, s.
    pub seconds: f64,
    /// Number of frames.
    pub frames: u64,
    /// Names of the rooms.
    pub rooms: Vec<String>,
    /// The links.
    pub links: Vec<LinkTruth>,
    /// Who is where, moving or still.
    pub intervals: Vec<Interval>,
    /// Every body twice a second, where anything has changed since the entry before.
    pub track: Vec<(f64, Vec<BodyTruth>)>,
}

/// A link in the truth.
#[derive(Serialize)]
pub struct LinkTruth {
    /// Number in the scene.
    pub link: usize,
    /// Simulated address in the recording's rows.
    pub address: String,
    /// Transmitter.
    pub tx: String,
    /// Receiver.
    pub rx: String,
    /// Room of the transmitter.
    pub tx_room: Option<String>,
    /// Room of the receiver.
    pub rx_room: Option<String>,
}

impl TruthFile {
    /// The truth of a scene over a time.
    pub fn new(scene: &Scene, seed: u64, seconds: f64, frames: u64, addresses: &[MacAddr]) -> Self {
        let witness = Witness::new(scene);
        let room = |r: Option<usize>| r.map(|r| scene.rooms[r].name.clone());
        let link = |(i, spec): (usize, &super::scene::LinkSpec)| {
            let (tx_room, rx_room) = scene.link_rooms(i).unwrap_or_default();
            let octets: Vec<String> = addresses.get(i).map_or([0; 6], |m| m.0).map(|o| format!("{o:02x}")).into();
            let (tx, rx, address) = (spec.tx.clone(), spec.rx.clone(), octets.join(":"));
            LinkTruth { link: i, address, tx, rx, tx_room: room(tx_room), rx_room: room(rx_room) }
        };
        let mut track: Vec<(f64, Vec<BodyTruth>)> = Vec::new();
        for t in (0..=(2.0 * seconds) as usize).map(|i| 0.5 * i as f64) {
            let bodies = witness.truth_at(t).bodies;
            if track.last().is_none_or(|(_, last)| *last != bodies) {
                track.push((t, bodies));
            }
        }
        Self {
            format: "millpond-truth/1",
            scene: scene.name.clone(),
            seed,
            seconds,
            frames,
            rooms: scene.rooms.iter().map(|r| r.name.clone()).collect(),
            links: scene.links.iter().enumerate().map(link).collect(),
            intervals: witness.intervals(seconds),
            track,
        }
    }
}

/// A stretch of a recording with one label, as `score` counts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// A person, pet or robot moves.
    pub motion: bool,
    /// Persons inside.
    pub persons: usize,
    /// Start, s.
    pub from_s: f64,
    /// End, s.
    pub to_s: f64,
    /// What makes the motion, each once.
    pub lives: Vec<Cause>,
    /// What else moves: fan, curtain, door.
    pub machines: Vec<Cause>,
}

/// The recording cut where motion or presence changes. Machines count as still: motion that nobody makes.
pub fn labels(scene: &Scene, seconds: f64) -> Vec<Labelled> {
    let witness = Witness::new(scene);
    let mut cuts: Vec<f64> = witness.intervals(seconds).iter().flat_map(|i| [i.from_s, i.to_s]).collect();
    cuts.extend([0.0, seconds]);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let mut found: Vec<Labelled> = Vec::new();
    for w in cuts.windows(2) {
        let truth = witness.truth_at(0.5 * (w[0] + w[1]));
        let inside = || truth.bodies.iter().filter(|b| b.moving && b.room.is_some());
        let lives = |c: Cause| matches!(c, Cause::Person | Cause::Pet | Cause::Robot);
        let causes: std::collections::BTreeSet<Cause> = inside().map(|b| b.cause).collect();
        let (alive, machines): (Vec<Cause>, Vec<Cause>) = causes.into_iter().partition(|&c| lives(c));
        let (motion, persons) = (!alive.is_empty(), truth.persons);
        let next = Labelled { motion, persons, from_s: w[0], to_s: w[1], lives: alive, machines };
        match found.last_mut() {
            Some(l) if (l.persons, &l.lives, &l.machines) == (persons, &next.lives, &next.machines) => l.to_s = w[1],
            _ => found.push(next),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_differ_by_link() {
        let scene = Scene::builtin("home").unwrap();
        let all = addresses(&scene, &Identities::generate(&scene, 1));
        for (i, a) in all.iter().enumerate() {
            assert!(!all[..i].contains(a));
        }
    }

    #[test]
    fn rows_hold_the_samples_imaginary_first_from_tone_1() {
        let scene = Scene::builtin("empty").unwrap();
        let frames: Vec<SimFrame> = Simulation::new(&scene, 1, 1.0).unwrap().collect();
        let mut text = Vec::new();
        let sim = Simulation::new(&scene, 1, 1.0).unwrap();
        let rows = esp32_text(sim, &[MacAddr([2, 0, 0, 0, 0, 1])], &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let row = text.lines().nth(3).unwrap();
        assert_eq!(rows as usize, frames.len());
        assert_eq!(row.split('[').next().unwrap().split(',').count(), 15);
        let values: Vec<i8> = row.split(['[', ']']).nth(1).unwrap().split(',').map(|v| v.parse().unwrap()).collect();
        assert_eq!(values.len(), 114);
        let frame = frames[2].view();
        let at = |k: i16| frame.cfr().at(frame.tones().iter().position(|&t| t == k).unwrap());
        assert_eq!((f32::from(values[2]), f32::from(values[3])), (at(1).im, at(1).re));
        assert_eq!((f32::from(values[112]), f32::from(values[113])), (at(-1).im, at(-1).re));
        assert_eq!((f32::from(values[58]), f32::from(values[59])), (at(-28).im, at(-28).re));
    }

    fn text(scene: &Scene, naming: u64) -> Vec<u8> {
        let mut text = Vec::new();
        let names = addresses(scene, &Identities::generate(scene, naming));
        esp32_text(Simulation::new(scene, 1, 2.0).unwrap(), &names, &mut text).unwrap();
        text
    }

    #[test]
    fn the_reader_takes_back_what_was_written() {
        let scene = Scene::builtin("home").unwrap();
        let mut source = crate::read(io::Cursor::new(text(&scene, 1)), &Default::default()).unwrap();
        // The reader numbers links as they come.
        let mut links = Vec::new();
        let mut first = None;
        for frame in Simulation::new(&scene, 1, 2.0).unwrap() {
            let record = source.next_frame().unwrap().unwrap();
            let meta = record.frame.meta();
            if links.len() == usize::from(meta.link.0) {
                links.push(frame.meta.link);
            }
            assert_eq!(links[usize::from(meta.link.0)], frame.meta.link);
            assert_eq!(meta.t, frame.meta.t.since(*first.get_or_insert(frame.meta.t)));
            assert_eq!(meta.rssi, frame.meta.rssi);
            for (i, &k) in frame.tones.iter().enumerate() {
                let at = record.frame.tones().iter().position(|&t| t == k).unwrap();
                assert_eq!(record.frame.cfr().at(at), frame.view().cfr().at(i), "tone {k}");
            }
        }
        assert!(source.next_frame().unwrap().is_none());
        assert_eq!(links.len(), scene.links.len());
    }

    #[test]
    fn other_names_change_the_addresses_alone() {
        let scene = Scene::builtin("home").unwrap();
        let (a, b) = (text(&scene, 1), text(&scene, 2));
        let rows =
            |t: &[u8]| String::from_utf8(t.to_vec()).unwrap().lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        let fields = |row: &str| row.splitn(4, ',').map(str::to_owned).collect::<Vec<_>>();
        for (x, y) in rows(&a).iter().zip(&rows(&b)) {
            let (x, y) = (fields(x), fields(y));
            assert_eq!((&x[1], &x[3]), (&y[1], &y[3]));
            assert_ne!(x[2], y[2]);
        }
        assert_eq!(a.len(), b.len());
    }

    #[test]
    fn other_shapes_are_refused_with_their_figures() {
        let mut scene = Scene::builtin("empty").unwrap();
        scene.sounding.n_rx = 3;
        assert!(refusal(&scene).unwrap().contains("3 antennas"));
    }

    #[test]
    fn labels_cover_the_whole_time() {
        let scene = Scene::builtin("walk-across").unwrap();
        let labels = labels(&scene, 60.0);
        assert_eq!((labels[0].from_s, labels[labels.len() - 1].to_s), (0.0, 60.0));
        assert!(labels.windows(2).all(|w| w[0].to_s == w[1].from_s));
        assert!(!labels[0].motion && labels[0].persons == 0);
        assert!(labels[1].motion && labels[1].persons == 1 && labels[1].from_s > 10.0);
        assert!(labels.iter().any(|l| !l.motion && l.persons == 1));
    }
}
