//! What the simulator must reproduce before anything is measured on it. Bounds are those of theory, five standard errors
//! or as stated.

use millpond_dsp::phy::Micros;
use num_complex::Complex;

use super::scene::Scene;
use super::stream::{SimFrame, Simulation};
use super::traffic::Loss;

fn scene(rest: &str) -> Scene {
    let json = format!(
        r#"{{"format": "millpond-scene/1", "name": "t", "seconds": 10,
        "rooms": [{{"name": "a", "x": [0, 8], "y": [0, 8]}}],
        "devices": [{{"name": "tx", "kind": "station", "at": [2.5, 2, 1.2]}}, {{"name": "rx", "kind": "pod", "at": [5.5, 2, 1.2]}}],
        "links": [{{"tx": "tx", "rx": "rx", "rate_hz": 50}}],
        "sounding": {{"band": "2.4", "channel": 6}}, {rest}}}"#
    );
    Scene::from_json(&json).unwrap()
}

fn amplitudes(frame: &SimFrame) -> Vec<f64> {
    let view = frame.view();
    (0..view.cfr().len()).map(|i| f64::from(view.cfr().at(i).norm())).collect()
}

/// Lag-1 statistic of windows of `n` frames, equal weights: `[window]`.
fn psi(frames: &[Vec<f64>], n: usize) -> Vec<f64> {
    let lag1 = |w: &[Vec<f64>], k: usize| {
        let mean = w.iter().map(|x| x[k]).sum::<f64>() / n as f64;
        let x: Vec<f64> = w.iter().map(|x| x[k] - mean).collect();
        x.windows(2).map(|p| p[0] * p[1]).sum::<f64>() / x.iter().map(|v| v * v).sum::<f64>()
    };
    let tones = frames[0].len();
    frames.chunks_exact(n).map(|w| (0..tones).map(|k| lag1(w, k)).sum::<f64>() / tones as f64).collect()
}

/// An empty room and a receiver that only quantises and adds noise, white in time. Over tones it is white too, so `Feff`
/// is their number; or as smooth as an estimator leaves it, with the `Feff` of the tones' own correlation. 4000 windows:
/// the mean is known to 2.1 % and 4 %, the deviation to 1.1 %.
#[test]
fn quiet_psi_has_the_mean_and_the_deviation_of_theory() {
    for smoothing_ns in [0, 800] {
        quiet_psi(smoothing_ns);
    }
}

fn quiet_psi(smoothing_ns: u32) {
    let s = scene(&format!(r#""walls": [], "receiver": {{"drift_db": 0, "smoothing_ns": {smoothing_ns}}}"#));
    let (n, windows) = (100, 4000);
    let frames: Vec<Vec<f64>> =
        Simulation::new(&s, 3, f64::INFINITY).unwrap().take(n * windows).map(|f| amplitudes(&f)).collect();
    let psi = psi(&frames, n);
    let mean = psi.iter().sum::<f64>() / windows as f64;
    let sd = (psi.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / windows as f64).sqrt();
    let feff = feff(&frames);
    assert!(if smoothing_ns == 0 { (52.0..57.0).contains(&feff) } else { (12.0..20.0).contains(&feff) }, "{feff}");
    let theory = 1.0 / (n as f64 * feff).sqrt();
    assert!((mean * n as f64 + 1.0).abs() < if smoothing_ns == 0 { 0.05 } else { 0.15 }, "mean {mean}");
    assert!((sd / theory - 1.0).abs() < 0.05, "deviation {sd}, theory {theory}");
}

/// `F^2 / sum r_ij^2` over the tones' amplitudes.
fn feff(frames: &[Vec<f64>]) -> f64 {
    let (tones, n) = (frames[0].len(), frames.len() as f64);
    let mean: Vec<f64> = (0..tones).map(|k| frames.iter().map(|f| f[k]).sum::<f64>() / n).collect();
    let mut product = vec![0.0; tones * tones];
    for f in frames.iter().step_by(20) {
        for i in 0..tones {
            for j in 0..tones {
                product[i * tones + j] += (f[i] - mean[i]) * (f[j] - mean[j]);
            }
        }
    }
    let r2 = |i: usize, j: usize| {
        let cross = product[i * tones + j];
        cross * cross / (product[i * tones + i] * product[j * tones + j])
    };
    let sum: f64 = (0..tones).flat_map(|i| (0..tones).map(move |j| (i, j))).map(|(i, j)| r2(i, j)).sum();
    (tones * tones) as f64 / sum
}

/// Under motion the statistic is `q / (1 + q) J0(k0 v dt)`, less the 1/N of the removed mean.
#[test]
fn moving_psi_follows_ratio_and_bessel() {
    for (level_db, speed) in [(-20.0, 0.5), (-20.0, 1.0), (-28.0, 0.25)] {
        let s = scene(&format!(
            r#""walls": [], "receiver": {{"drift_db": 0, "bits": 0}}, "reverberation": {{"count": 0}}, "traffic": {{"jitter": 0}},
            "diffuse": {{"level_db": {level_db}, "speed_m_s": {speed}, "dimensions": 2}}"#
        ));
        let n = 2000;
        let mut mean = 0.0;
        for seed in 0..8 {
            let sim = Simulation::new(&s, seed, f64::INFINITY).unwrap();
            let lambda = sim.grid().lambda_m();
            let frames: Vec<Vec<f64>> = sim.take(n).map(|f| amplitudes(&f)).collect();
            let q = libm::pow(10.0, (level_db + s.receiver.csi_snr_db) / 10.0);
            let want = q / (1.0 + q) * libm::j0(core::f64::consts::TAU / lambda * speed / 50.0);
            mean += (psi(&frames, n)[0] - want) / 8.0;
        }
        assert!(mean.abs() < 0.02, "{level_db} dB, {speed} m/s: off by {mean}");
    }
}

/// A person who walks to and fro, 3 m from both ends of a 5 m link; the wall stands between the way and the link.
#[test]
fn a_walker_at_3_m_stands_out_and_less_behind_a_wall() {
    let walker = r#""movers": [{"kind": "person", "name": "p", "route": {"repeat": true, "points": [{"at": [2.5, 3.66]}, {"at": [5.5, 3.66]}]}}]"#;
    let ratio = |walls: &str, seed| {
        let mut s = scene(&format!(r#""walls": [{walls}], {walker}"#));
        (s.devices[0].at[0], s.devices[1].at[0]) = (1.5, 6.5);
        let mut sim = Simulation::new(&s, seed, 1.0).unwrap();
        let part = |i: u32| (2.0 * f64::from(i), 2.0 * f64::from(i) + 2.0);
        (0..5).map(part).map(|(a, b)| sim.motion_to_noise_db(0, a, b).unwrap()).sum::<f64>() / 5.0
    };
    for seed in 0..5 {
        let open = ratio("", seed);
        let behind = ratio(r#"{"from": [0, 2.9], "to": [8, 2.9], "loss_db": 6, "reflection_db": 60}"#, seed);
        assert!((5.0..=20.0).contains(&open), "{open}");
        assert!((-5.0..=8.0).contains(&behind), "{behind}");
        // Both legs cross the wall, which reflects nothing here: the static part is the same.
        assert!((open - behind - 12.0).abs() < 0.1, "{open} {behind}");
    }
}

/// Specular over scattered power of each link of the home by the moments of its power (Greenstein, Michelson and Erceg,
/// IEEE Communications Letters 3(6), 1999), over tones and 40 draws of the scatterers. The description says 6 dB; walls
/// that reflect fade over tones too, which the estimate counts as scatter.
#[test]
fn the_measured_k_factor_is_that_of_homes() {
    let mut s = Scene::builtin("home").unwrap();
    s.movers.clear();
    s.interference = None;
    (s.receiver.bits, s.receiver.reports_gain, s.receiver.drift_db) = (0, true, 0.0);
    let mut power = vec![Vec::new(); s.links.len()];
    for seed in 0..40 {
        let mut seen = vec![false; s.links.len()];
        for frame in Simulation::new(&s, seed, 0.3).unwrap() {
            if !std::mem::replace(&mut seen[frame.link()], true) {
                let gain = libm::pow(10.0, f64::from(frame.meta.gain.unwrap().0) / 10.0);
                power[frame.link()].extend(amplitudes(&frame).iter().map(|a| a * a / gain));
            }
        }
    }
    let k_db = |p: &Vec<f64>| {
        let mean = p.iter().sum::<f64>() / p.len() as f64;
        let variance = p.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / p.len() as f64;
        let specular = (mean * mean - variance).max(0.0).sqrt();
        10.0 * libm::log10(specular / (mean - specular))
    };
    let mut all: Vec<f64> = power.iter().map(k_db).collect();
    all.sort_by(f64::total_cmp);
    let median = all[all.len() / 2];
    assert!((3.0..=10.0).contains(&median), "{all:?}");
    // Without reflecting walls the estimate is the description's figure.
    let bare = |k_db: f64| {
        let mut p = Vec::new();
        let mut s =
            scene(r#""walls": [], "receiver": {"drift_db": 0, "bits": 0, "reports_gain": true, "csi_snr_db": 60}"#);
        s.reverberation.k_db = k_db;
        for seed in 0..400 {
            let frame = Simulation::new(&s, seed, 1.0).unwrap().next().unwrap();
            let gain = libm::pow(10.0, f64::from(frame.meta.gain.unwrap().0) / 10.0);
            p.extend(amplitudes(&frame).iter().map(|a| a * a / gain));
        }
        p
    };
    for want in [3.0, 6.0, 10.0] {
        let got = k_db(&bare(want));
        assert!((got - want).abs() < 1.0, "{got} for {want} dB");
    }
}

/// Angle of the arc through three points of a complex curve, rad.
fn arc(a: Complex<f64>, b: Complex<f64>, c: Complex<f64>) -> f64 {
    // An inscribed angle at the middle point is half of the arc that does not hold it.
    let inscribed = ((a - b) / (c - b)).arg().abs();
    core::f64::consts::TAU - 2.0 * inscribed
}

/// A person who sits 2 m from both ends and breathes by 5 mm: the ratio of two antennas runs along an arc, whose angle is
/// nearly that of the chest's path, at most `4 pi 5 mm / lambda`: 0.51 rad at 2.4 GHz, 1.16 rad at 5.5 GHz.
#[test]
fn breath_at_2_m_turns_the_antenna_ratio_by_the_phase_of_theory() {
    let angles = |sounding: &str| {
        let mut s = scene(
            r#""walls": [], "receiver": {"drift_db": 0, "bits": 0, "csi_snr_db": 100, "noise_figure_db": 0, "cfo": false, "sto_ns": 0, "pll_jump": 0},
            "traffic": {"jitter": 0}, "reverberation": {"count": 0},
            "movers": [{"kind": "person", "name": "p", "breaths_per_min": 15, "breath_jitter": 0, "route": {"points": [{"at": [4, 3.32]}, {"at": [4, 3.31]}]}}]"#,
        );
        s.sounding = serde_json::from_str(sounding).unwrap();
        s.sounding.eirp_dbm = 40.0;
        // The chest is out at whole and half breaths: 8 s and 10 s; between them it is half out.
        let ratio = |t: f64| -> Vec<Complex<f64>> {
            let frame = Simulation::new(&s, 1, 12.0).unwrap().find(|f| f.t_s >= t).unwrap();
            let view = frame.view();
            let n = view.tones().len();
            let at = |i: usize| view.cfr().at(i);
            let wide = |c: Complex<f32>| Complex::new(f64::from(c.re), f64::from(c.im));
            (0..n).map(|i| wide(at(n + i)) / wide(at(i))).collect()
        };
        let (a, b, c) = (ratio(8.0), ratio(9.0), ratio(10.0));
        let mut found: Vec<f64> = a.iter().zip(&b).zip(&c).map(|((a, b), c)| arc(*a, *b, *c)).collect();
        found.sort_by(f64::total_cmp);
        let swing = a.iter().zip(&c).map(|(a, c)| (c / a).arg().abs()).fold(0.0, f64::max);
        (found[found.len() / 2], swing)
    };
    let (low, low_swing) = angles(r#"{"band": "2.4", "channel": 6, "n_rx": 2}"#);
    let (high, _) = angles(r#"{"band": "5", "channel": 100, "n_rx": 2}"#);
    // The chest faces the link from 1.19 m aside: the way grows by 2 x 5 mm x 1.19 / sqrt(1.5^2 + 1.19^2) = 6.2 mm. Two
    // antennas do not see quite the same path, so the arc is not quite a circle's: 10 %.
    let want = |mhz: f64| core::f64::consts::TAU * 6.2e-3 * mhz * 1e6 / super::path::LIGHT_M_S;
    assert!((low / want(2437.0) - 1.0).abs() < 0.1, "{low}, theory {}", want(2437.0));
    assert!((high / want(5500.0) - 1.0).abs() < 0.1, "{high}, theory {}", want(5500.0));
    assert!((0.2..=1.5).contains(&low) && (0.2..=1.5).contains(&high));
    // The phase of the ratio itself moves less, as the static part is the stronger: by the share of the moving one.
    assert!(low_swing < 0.2 && low_swing > 0.005, "{low_swing}");
}

/// Amplitude over tones, and the share of the scattered part, as measured indoors.
#[test]
fn a_home_fades_over_tones_as_homes_do() {
    let s = Scene::builtin("home").unwrap();
    let mut spreads = Vec::new();
    for seed in 0..6 {
        let frames: Vec<SimFrame> = Simulation::new(&s, seed, 0.2).unwrap().collect();
        for link in 0..s.links.len() {
            let Some(frame) = frames.iter().find(|f| f.link() == link) else { continue };
            let mut db: Vec<f64> = amplitudes(frame).iter().map(|a| 20.0 * a.max(0.5).log10()).collect();
            db.sort_by(f64::total_cmp);
            spreads.push(db[db.len() * 9 / 10] - db[db.len() / 10]);
        }
    }
    spreads.sort_by(f64::total_cmp);
    let median = spreads[spreads.len() / 2];
    assert!((3.0..=8.0).contains(&median), "10 to 90 % of tones span {median} dB");
}

#[test]
fn loss_is_within_binomial_error() {
    let share = 0.3;
    let s = scene(r#""walls": []"#).with_loss(Loss::Independent { share });
    let frames = Simulation::new(&s, 9, 400.0).unwrap().count() as f64;
    let sent: f64 = 400.0 * 50.0;
    assert!((frames - sent * (1.0 - share)).abs() < 5.0 * (sent * share * (1.0 - share)).sqrt() + 1.0, "{frames}");
}

#[test]
fn gain_control_holds_the_level_and_steps_leave_the_shape() {
    let s = scene(
        r#""walls": [], "receiver": {"drift_db": 4, "bits": 0, "csi_snr_db": 40, "agc": {"step_db": 2, "hysteresis_db": 1.5}}"#,
    );
    let mut steps = 0;
    let mut last: Option<Vec<f64>> = None;
    for frame in Simulation::new(&s, 2, 300.0).unwrap() {
        let a = amplitudes(&frame);
        let rms = (a.iter().map(|x| x * x).sum::<f64>() / (2.0 * a.len() as f64)).sqrt();
        let off_db = 20.0 * (rms / s.receiver.target_lsb).log10();
        assert!(off_db.abs() < 2.0, "{off_db} dB at {:?}", frame.meta.t);
        if let Some(b) = last {
            let mut ratio: Vec<f64> = a.iter().zip(&b).map(|(x, y)| 20.0 * (x / y).log10()).collect();
            ratio.sort_by(f64::total_cmp);
            if ratio[28].abs() > 1.5 {
                steps += 1;
                assert!(ratio[50] - ratio[5] < 0.6, "{ratio:?}");
            }
        }
        last = Some(a);
    }
    assert!(steps > 3, "{steps} steps");
}

#[test]
fn interference_raises_the_noise_while_it_lasts() {
    let with = |rest: &str| {
        let s = scene(&format!(r#""walls": [], "receiver": {{"drift_db": 0}} {rest}"#));
        let frames: Vec<Vec<f64>> = Simulation::new(&s, 4, 60.0).unwrap().map(|f| amplitudes(&f)).collect();
        let step = |w: &[Vec<f64>]| w[0].iter().zip(&w[1]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let steps: Vec<f64> = frames.windows(2).map(step).collect();
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        (mean, steps.iter().filter(|s| **s > 4.0 * mean).count())
    };
    let (quiet, none) = with("");
    let burst = r#", "interference": {"per_min": 30, "length_ms": 100, "over_noise_db": 15, "share_of_band": 0.5}"#;
    let (loud, some) = with(burst);
    assert_eq!(none, 0);
    assert!(some > 20 && loud > 1.3 * quiet, "{some} {loud} {quiet}");
}

#[test]
fn the_home_sends_at_its_rates_and_every_room_is_heard() {
    let s = Scene::builtin("home").unwrap();
    let frames: Vec<SimFrame> = Simulation::new(&s, 1, 20.0).unwrap().collect();
    for link in 0..s.links.len() {
        let n = frames.iter().filter(|f| f.link() == link).count() as f64;
        let sent = 20.0 * s.links[link].rate_hz;
        // 3 % lost in bursts of 3: five standard errors.
        assert!((n - 0.97 * sent).abs() < 5.0 * (sent * 0.03 * 0.97 * 5.0).sqrt(), "link {link}: {n}");
    }
    assert!(frames.iter().all(|f| f.meta.t < Micros(20_000_000)));
    for room in 0..s.rooms.len() {
        let sees = |l: usize| s.link_rooms(l).is_some_and(|(a, b)| a == Some(room) || b == Some(room));
        assert!((0..s.links.len()).any(sees), "{}", s.rooms[room].name);
    }
}

/// While the resident walks in a room, the link that hears it best has an end there.
#[test]
fn motion_in_a_room_is_loudest_on_a_link_of_that_room() {
    let mut s = Scene::builtin("home").unwrap();
    s.movers.truncate(1);
    let witness = super::Witness::new(&s);
    let mut sim = Simulation::new(&s, 1, 1.0).unwrap();
    let walks = witness.intervals(70.0).into_iter().filter(|i| i.moving && i.to_s - i.from_s > 2.0);
    for walk in walks {
        let mut loudness = |l: usize| sim.motion_to_noise_db(l, walk.from_s, walk.to_s).unwrap();
        let mut by_link: Vec<(f64, usize)> = (0..s.links.len()).map(|l| (loudness(l), l)).collect();
        by_link.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (a, b) = s.link_rooms(by_link[0].1).unwrap();
        assert!(a == Some(walk.room) || b == Some(walk.room), "{walk:?}: {by_link:?}");
        assert!(by_link[0].0 > 5.0, "{walk:?}: {by_link:?}");
    }
}
