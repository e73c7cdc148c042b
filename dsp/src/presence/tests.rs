//! The whole branch on synthetic channels.

use super::*;
use crate::features::lag1::tests::Gauss;
use crate::frame::{Cfr, CsiMeta};
use num_complex::Complex;
use std::vec::Vec;

type C = Complex<f32>;

/// What a receiver adds.
#[derive(Clone, Copy)]
struct Receiver {
    antennas: u8,
    gain: bool,
    turns: bool,
    quarter: bool,
    amplitude_only: bool,
}

const PLAIN: Receiver = Receiver { antennas: 1, gain: false, turns: false, quarter: false, amplitude_only: false };

/// A room of three fixed paths and one over a chest, noise 30 dB below. `chest` gives the way in metres at a time.
fn watch(rate: u64, seconds: u64, seed: u64, receiver: Receiver, chest: impl Fn(f32) -> f32) -> (SignOfLife, f32) {
    let tones: Vec<i16> = (-28..=28).filter(|&k| k != 0).collect();
    let mut sign = SignOfLife::new(&DetectorConfig::default());
    let mut gauss = Gauss(seed);
    let (mut alive, mut asked) = (0, 0);
    for n in 0..rate * seconds {
        let t = Micros(n * 1_000_000 / rate + (gauss.draw().abs() * 2000.0) as u64);
        let way = chest(t.seconds() as f32);
        let gain = if receiver.gain && gauss.draw() > 0.0 { 1.4 } else { 1.0 };
        let (start, slope) = if receiver.turns { (gauss.draw(), 0.01 * gauss.draw()) } else { (0.0, 0.0) };
        let mut h = Vec::new();
        for a in 0..receiver.antennas {
            let quarter = if receiver.quarter { 0.25 * libm::floorf(4.0 * gauss.draw()) } else { 0.0 };
            for &k in &tones {
                let path = |size: f32, ns: f32, turns: f32| {
                    let (s, c) = math::sin_cos(-core::f32::consts::TAU * (0.312_5e-3 * f32::from(k) * ns + turns));
                    C::new(size * c, size * s)
                };
                let side = 0.3 * f32::from(a);
                let scene = path(1.0, 10.0, side) + path(0.4, 60.0, 0.3 - side) + path(0.2, 120.0, 2.0 * side);
                let chest = path(0.08, 45.0, way / 0.123 - side);
                let noise = C::new(gauss.draw(), gauss.draw()) * 0.03;
                let turn = path(gain, 0.0, start + slope * f32::from(k) + quarter);
                let x = (scene + chest + noise) * turn;
                h.push(if receiver.amplitude_only { C::new(math::sqrt(x.norm_sqr()), 0.0) } else { x });
            }
        }
        let meta = CsiMeta { n_rx: receiver.antennas, format: PpduFormat::Ht, ..CsiMeta::at(t) };
        sign.push(&CsiFrame::new(meta, &tones, Cfr::F32(&h)).expect("the shape fits"));
        if n % rate == 0 && n / rate >= 45 {
            asked += 1;
            alive += u32::from(sign.seen().is_some_and(|seen| t.since(seen) < Micros(60_000_000)));
        }
    }
    (sign, alive as f32 / asked as f32)
}

/// 5 mm of chest, both ways, 15 times a minute with a slow wander.
fn breathing(t: f32) -> f32 {
    0.005 * math::sin_cos(core::f32::consts::TAU * 0.25 * t + 1.5 * math::sin_cos(0.11 * t).0).0
}

#[test]
fn a_breath_is_seen_at_every_rate_through_every_receiver() {
    for rate in [8, 20, 100] {
        let (sign, share) = watch(rate, 90, rate, PLAIN, breathing);
        assert!(share > 0.9, "{rate}/s: {share}");
        let breath = sign.breath().expect("a full window");
        assert!((breath.per_minute - 15.0).abs() < 1.0, "{}", breath.per_minute);
    }
    let rough = Receiver { antennas: 3, gain: true, turns: true, quarter: true, amplitude_only: false };
    for receiver in [
        Receiver { gain: true, ..PLAIN },
        Receiver { turns: true, ..PLAIN },
        Receiver { antennas: 2, quarter: true, ..PLAIN },
        Receiver { amplitude_only: true, ..PLAIN },
        rough,
    ] {
        let (_, share) = watch(20, 90, 7, receiver, breathing);
        assert!(share > 0.9, "{} antennas: {share}", receiver.antennas);
    }
}

#[test]
fn an_empty_room_has_no_breath() {
    let rough = Receiver { antennas: 3, gain: true, turns: true, quarter: true, amplitude_only: false };
    for (seed, receiver) in [(1, PLAIN), (2, rough), (3, Receiver { amplitude_only: true, ..PLAIN })] {
        let (_, still) = watch(10, 400, seed, receiver, |_| 0.0);
        // Slow drift of a path, and a fan: blades at 6 Hz.
        let (_, drift) = watch(10, 400, seed, receiver, |t| 0.05 * math::sin_cos(0.03 * t).0 + 0.0001 * t);
        let (_, fan) = watch(100, 120, seed, receiver, |t| 0.02 * math::sin_cos(core::f32::consts::TAU * 6.0 * t).0);
        assert_eq!((still, drift, fan), (0.0, 0.0, 0.0), "seed {seed}");
    }
}

#[test]
fn a_slow_machine_is_told_after_three_minutes() {
    let (sign, _) = watch(10, 300, 5, PLAIN, |t| 0.005 * math::sin_cos(core::f32::consts::TAU * 0.4 * t).0);
    assert!(sign.is_machine());
    let (sign, _) = watch(10, 300, 5, PLAIN, breathing);
    assert!(!sign.is_machine());
}

#[test]
fn too_little_says_nothing() {
    let (sign, share) = watch(20, 30, 1, PLAIN, breathing);
    assert!(sign.breath().is_none() && (share.is_nan() || share == 0.0));
    let (sign, _) = watch(1, 120, 1, PLAIN, breathing);
    assert!(sign.breath().is_none(), "one frame a second fills every slot by half at best");
    assert!(size_of::<SignOfLife>() <= 2048, "{}", size_of::<SignOfLife>());
}
