//! Faults that a scene asks for, as they show in its frames; and that they are off by default.

use millpond_dsp::phy::{Bandwidth, Micros, PpduFormat};

use super::identity::Identities;
use super::impair::Samples;
use super::scene::Scene;
use super::stream::{SimFrame, Simulation};
use super::{Witness, write};

/// A link across an empty room, kept in single precision, with a receiver that adds next to nothing.
fn clean(link: &str, rest: &str, receiver: &str) -> Scene {
    let json = format!(
        r#"{{"format": "millpond-scene/1", "name": "t", "seconds": 10, "walls": [],
        "rooms": [{{"name": "a", "x": [0, 8], "y": [0, 8]}}],
        "devices": [{{"name": "tx", "kind": "station", "at": [2.5, 2, 1.2]}}, {{"name": "rx", "kind": "pod", "at": [5.5, 2, 1.2]}},
            {{"name": "other", "kind": "station", "at": [4, 7, 1.2]}}],
        "links": [{{"tx": "tx", "rx": "rx", "rate_hz": 50 {link}}}],
        "receiver": {{"drift_db": 0, "bits": 0, "csi_snr_db": 60, "noise_figure_db": 0 {receiver}}},
        "sounding": {{"band": "2.4", "channel": 1}} {rest}}}"#
    );
    Scene::from_json(&json).unwrap()
}

fn run(scene: &Scene, seconds: f64) -> Vec<SimFrame> {
    Simulation::new(scene, 1, seconds).unwrap().collect()
}

fn amplitudes(frame: &SimFrame) -> Vec<f64> {
    let view = frame.view();
    (0..view.cfr().len()).map(|i| f64::from(view.cfr().at(i).norm())).collect()
}

/// Mean difference of two frames over tones, dB, and the rms of what else differs.
fn differ(a: &SimFrame, b: &SimFrame) -> (f64, f64) {
    let db: Vec<f64> = amplitudes(a).iter().zip(amplitudes(b)).map(|(x, y)| 20.0 * libm::log10(x / y)).collect();
    let mean = db.iter().sum::<f64>() / db.len() as f64;
    (mean, (db.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / db.len() as f64).sqrt())
}

#[test]
fn a_neighbours_load_changes_times_and_nothing_else() {
    let plain = run(&clean("", "", ""), 4.0);
    let load = r#", "traffic": {"load": {"busy": 0.5, "wait_ms": 4, "from_s": 1, "to_s": 3}}"#;
    let loaded = run(&clean("", load, ""), 4.0);
    let pairs = || plain.iter().zip(&loaded);
    assert!(pairs().all(|(a, b)| a.samples == b.samples && a.meta.seq == b.meta.seq));
    let late = pairs().filter(|(a, b)| a.meta.t != b.meta.t).count();
    assert!((30..=70).contains(&late), "{late} of 100 wait");
    assert!(pairs().all(|(a, b)| a.meta.t == b.meta.t || (1.0..3.1).contains(&a.t_s)));
}

/// The image stands still where the carrier does, and flutters with it where it does not.
#[test]
fn the_mixers_image_follows_the_carriers_phase() {
    let change = |carrier: &str| {
        let plain = run(&clean("", "", carrier), 2.0);
        let image = run(&clean("", "", &format!(r#"{carrier}, "iq": {{"gain_db": 2, "phase_deg": 5}}"#)), 2.0);
        let of = |i: usize| {
            let (a, b) = (amplitudes(&image[i]), amplitudes(&plain[i]));
            a.iter().zip(b).map(|(x, y)| x / y).collect::<Vec<f64>>()
        };
        // 2 dB and 5 degrees leave an image of 12 %: 0.7 dB rms, as much up as down.
        assert!(differ(&image[0], &plain[0]).1 > 0.3);
        let all: Vec<Vec<f64>> = (0..image.len()).map(of).collect();
        let between = |k: usize| {
            let (low, high) = all.iter().fold((f64::MAX, 0.0f64), |(l, h), r| (l.min(r[k]), h.max(r[k])));
            high - low
        };
        (0..56).map(between).fold(0.0, f64::max)
    };
    let still = change(r#", "cfo": false, "sto_ns": 0, "pll_jump": 0"#);
    let turning = change("");
    assert!(still < 0.02 && turning > 0.1, "{still} {turning}");
}

#[test]
fn a_strong_neighbour_presses_the_amplifier() {
    let burst = r#", "interference": {"per_min": 60, "length_ms": 300, "over_noise_db": 50}"#;
    let free = run(&clean("", burst, ""), 10.0);
    // The bursts are 50 dB over a noise that is 60 dB below the link: they add 10 % of input.
    let level = Simulation::new(&clean("", "", ""), 1, 1.0).unwrap().static_dbm(0).unwrap();
    let lna = run(&clean("", burst, &format!(r#", "lna_p1db_dbm": {level}"#)), 10.0);
    let lost: Vec<f64> = free.iter().zip(&lna).map(|(a, b)| differ(b, a).0).collect();
    // The gain is locked to a first frame that has lost 1 dB; one with a burst has lost 1.083 dB (c = 0.2589).
    let c = libm::pow(10.0, 0.1) - 1.0;
    let want = -10.0 * libm::log10((1.0 + 1.1 * c) / (1.0 + c));
    let pressed = lost.iter().filter(|l| (**l - want).abs() < 0.01).count();
    let quiet = lost.iter().filter(|l| l.abs() < 0.002).count();
    assert!(pressed > 50 && quiet > 150, "{pressed} {quiet} of {}, {want} dB", lost.len());
}

#[test]
fn channel_and_format_switch_at_their_times_and_back() {
    let switches = r#", "switches": [{"at_s": 1, "channel": 11}, {"at_s": 2, "ppdu": "legacy"}, {"at_s": 3, "channel": 1, "ppdu": "ht"}]"#;
    let frames = run(&clean("", switches, ""), 4.0);
    let (mut seen, mut shapes) = ([0; 4], Vec::new());
    for f in &frames {
        let epoch = (f.t_s as usize).min(3);
        seen[epoch] += 1;
        let primary = f.meta.channel.unwrap().primary();
        assert_eq!(primary, [1, 11, 11, 1][epoch], "{}", f.t_s);
        let format = if epoch == 2 { PpduFormat::Legacy } else { PpduFormat::Ht };
        assert_eq!(
            (f.meta.format, f.meta.width, f.tones.len()),
            (format, Bandwidth::Mhz20, if epoch == 2 { 52 } else { 56 })
        );
        if seen[epoch] == 20 {
            shapes.push(f);
        }
    }
    assert!(seen.iter().all(|n| (48..=52).contains(n)), "{seen:?}");
    // 50 MHz away the same paths meet with other phases; back on the first channel they meet as before.
    assert!(differ(shapes[0], shapes[1]).1 > 0.5, "{:?}", differ(shapes[0], shapes[1]));
    assert!(differ(shapes[0], shapes[3]).1 < 0.05, "{:?}", differ(shapes[0], shapes[3]));
}

#[test]
fn a_roam_changes_the_way_once() {
    let frames = run(&clean(r#", "roam": {"at_s": 2, "tx": "other"}"#, "", ""), 4.0);
    let steps: Vec<(f64, f64)> = frames.windows(2).map(|w| (w[1].t_s, differ(&w[0], &w[1]).1)).collect();
    let big: Vec<&(f64, f64)> = steps.iter().filter(|s| s.1 > 0.5).collect();
    assert!(big.len() == 1 && (2.0..2.03).contains(&big[0].0), "{big:?}");
    assert!(frames.iter().all(|f| f.link() == 0));
}

#[test]
fn two_devices_with_one_address_alternate() {
    let frames = run(&clean(r#", "twin": {"tx": "other", "rate_hz": 25}"#, "", ""), 8.0);
    let own: Vec<SimFrame> = run(&clean("", "", ""), 8.0);
    let (mine, others): (Vec<&SimFrame>, Vec<&SimFrame>) = frames.iter().partition(|f| differ(f, &own[0]).1 < 0.1);
    assert_eq!(mine.len(), own.len());
    assert!(mine.iter().zip(&own).all(|(a, b)| a.samples == b.samples), "the first device is as it was");
    assert!((195..=205).contains(&others.len()), "{}", others.len());
    assert!(others.iter().all(|f| differ(f, others[0]).1 < 0.1 && f.link() == 0));
}

#[test]
fn an_oven_raises_the_noise_in_every_second_half_period() {
    let oven = r#", "oven": {"mains_hz": 50, "over_noise_db": 45, "from_s": 2, "to_s": 6}"#;
    let (plain, frames) = (run(&clean("", "", ""), 8.0), run(&clean("", oven, ""), 8.0));
    let hit: Vec<&SimFrame> = plain.iter().zip(&frames).filter(|(a, b)| differ(a, b).1 > 0.3).map(|p| p.1).collect();
    // 50 packets a second and a mains of 50 Hz beat: jitter of 2 ms spreads them over less than a period.
    assert!(hit.iter().all(|f| (2.0..6.0).contains(&f.t_s) && (f.t_s * 50.0).fract() < 0.5));
    let inside = frames.iter().filter(|f| (2.0..6.0).contains(&f.t_s) && (f.t_s * 50.0).fract() < 0.5).count();
    assert_eq!(hit.len(), inside);
}

/// A device whose counter wraps after 3 s and which begins with a record of five minutes ago.
#[test]
fn the_reader_sees_through_wrap_and_finds_the_stale_record() {
    let mut scene = Scene::builtin("empty").unwrap();
    scene.receiver.clock_start_s = 4_294.967_296 - 3.0;
    let read = |scene: &Scene| {
        let mut text = Vec::new();
        let names = write::addresses(scene, &Identities::generate(scene, 1));
        write::esp32_text(Simulation::new(scene, 1, 6.0).unwrap(), &names, &mut text).unwrap();
        let counts: Vec<u32> = String::from_utf8(text.clone())
            .unwrap()
            .lines()
            .skip(1)
            .map(|row| row.split(',').nth(9).unwrap().parse().unwrap())
            .collect();
        let mut source = crate::read(std::io::Cursor::new(text), &Default::default()).unwrap();
        let mut times: Vec<Micros> = Vec::new();
        while let Some(r) = source.next_frame().unwrap() {
            times.push(r.frame.meta().t);
        }
        (counts, times)
    };
    let (counts, times) = read(&scene);
    assert_eq!(counts.windows(2).filter(|w| w[1] < w[0]).count(), 1, "the counter wraps once");
    let plain = run(&Scene::builtin("empty").unwrap(), 6.0);
    assert_eq!(times.len(), plain.len());
    assert!(times.iter().zip(&plain).all(|(t, f)| *t == f.meta.t.since(plain[0].meta.t)));
    scene.receiver.stale_first_s = Some(300.0);
    let (_, stale) = read(&scene);
    assert_eq!(stale.len(), times.len() + 1);
    let age = stale[1].since(stale[0]).seconds();
    assert!((300.0..300.1).contains(&age), "{age}");
    assert!(stale[1..].iter().zip(&times).all(|(a, b)| a.since(stale[1]) == *b));
}

#[test]
fn fidgets_are_motion_with_truth_and_a_held_breath_is_none() {
    let sitter = |more: &str| {
        clean(
            "",
            &format!(
                r#", "movers": [{{"kind": "person", "name": "p", "route": {{"points": [{{"at": [4, 3.5]}}]}} {more}}}]"#
            ),
            "",
        )
    };
    let scene = sitter(r#", "fidgets": {"per_min": 2}"#);
    let moves: Vec<_> = Witness::new(&scene).intervals(300.0).into_iter().filter(|i| i.moving).collect();
    assert!((3..=20).contains(&moves.len()), "{}", moves.len());
    assert!(moves.iter().all(|m| (0.5..=2.1).contains(&(m.to_s - m.from_s))), "{moves:?}");
    let mut sim = Simulation::new(&scene, 1, 1.0).unwrap();
    let (from, to) = (moves[1].from_s, moves[1].to_s);
    let (moving, before) =
        (sim.motion_to_noise_db(0, from, to).unwrap(), sim.motion_to_noise_db(0, from - 1.0, from).unwrap());
    assert!(moving > before + 6.0, "{moving} {before}");
    assert!(Witness::new(&sitter("")).intervals(300.0).iter().all(|i| !i.moving));

    let mut held = Simulation::new(&sitter(r#", "apnoea": {"every_s": 30, "hold_s": 10}"#), 1, 1.0).unwrap();
    assert!(held.motion_to_noise_db(0, 5.0, 15.0).unwrap() > 0.0);
    assert!(held.motion_to_noise_db(0, 20.1, 29.9).unwrap() < -60.0);
}

#[test]
fn faults_are_off_by_default_and_refused_out_of_range() {
    let scene = clean("", "", "");
    assert!(run(&scene, 0.5).iter().all(|f| matches!(f.samples, Samples::F32(_)) && f.clock_us == f.meta.t.0));
    let refusal = |change: &dyn Fn(&mut Scene)| {
        let mut s = scene.clone();
        change(&mut s);
        s.check().unwrap_err().to_string()
    };
    assert!(refusal(&|s| s.receiver.stale_first_s = Some(1.0)).contains("stale_first_s"));
    let switch = |at_s, channel| super::fault::Switch { at_s, channel: Some(channel), width_mhz: None, ppdu: None };
    assert!(refusal(&|s| s.switches = vec![switch(1.0, 36)]).contains("switches[0]: there is no channel 36/20"));
    assert!(refusal(&|s| s.switches = vec![switch(2.0, 6), switch(1.0, 11)]).contains("ascend"));
    let roam = |tx: &str| Some(super::fault::Roam { at_s: 1.0, tx: tx.into() });
    assert!(refusal(&|s| s.links[0].roam = roam("ghost")).contains("links[0].roam: there is no device"));
    assert!(refusal(&|s| s.links[0].roam = roam("rx")).contains("an end of the link"));
}
