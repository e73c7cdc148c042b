//! What a link costs, by what it is heard, and whether a breath is.

use super::*;

fn bytes(config: &mp_config) -> usize {
    let mut bytes = 0;
    // SAFETY: two locals.
    assert_eq!(unsafe { mp_sensor_size(config, &mut bytes) }, MP_OK);
    bytes
}

#[test]
fn a_link_costs_three_kilobytes_and_five_with_presence() {
    for presence in 0..=u8::from(crate::life::BUILT_IN) {
        let size = |links| bytes(&mp_config { max_tones: 56, max_chains: 1, presence, ..config(links, 1) });
        let (one, further) = (size(1), size(2) - size(1));
        let most = if presence == 1 { 5 * 1024 } else { 3 * 1024 };
        assert!(further <= most, "{further} bytes a link, presence {presence}");
        assert!(one <= further + 2048, "{one} bytes of one link");
    }
}

fn reading(link: u16, t_us: u64, level_cdbm: i16) -> mp_rssi {
    let size = size_of::<mp_rssi>() as u32;
    mp_rssi { size, link, flags: 0, reserved: 0, t_us, level_cdbm, noise_cdbm: 0, reserved2: 0 }
}

impl Owned {
    fn read(&self, rssi: &mp_rssi) -> mp_result {
        // SAFETY: a live sensor and a local.
        unsafe { mp_sensor_push_rssi(self.at, rssi) }
    }

    /// The zone's state once a second of time, over some seconds of frames and readings a second.
    fn states(&self, from_s: u64, to_s: u64, frames: u64, readings: u64) -> Vec<u8> {
        let mut states = Vec::new();
        for s in from_s..to_s {
            for ms in 0..1000u64 {
                let t_us = s * 1_000_000 + ms * 1000 + 1;
                if frames > 0 && ms % (1000 / frames) == 0 {
                    let h = channel(t_us + 100_000_000);
                    plain(self, frame(t_us, 0), &h);
                }
                if readings > 0 && ms % (1000 / readings) == 0 {
                    assert_eq!(self.read(&reading(0, t_us, -5500 - (t_us / 1000 % 3) as i16 * 30)), MP_OK);
                }
            }
            states.push(self.zones((s + 1) * 1_000_000)[0].state);
        }
        states
    }
}

#[test]
fn readings_speak_where_frames_do_not() {
    let only = Owned::on(&config(1, 1)).states(0, 60, 0, 10);
    assert!(only[2..].iter().all(|s| *s == MP_ZONE_STILL), "no quiet time is needed: {only:?}");

    let sensor = Owned::on(&config(1, 1));
    let both = sensor.states(0, 20, 40, 10);
    assert!(both[4..].iter().all(|s| *s == MP_ZONE_STILL), "{both:?}");
    // The frames end: nothing is known until their silence is sure, then the readings speak.
    let after = sensor.states(20, 80, 0, 10);
    assert!(after[3..9].iter().all(|s| *s == MP_ZONE_UNKNOWN), "{after:?}");
    assert!(after[13..].iter().all(|s| *s == MP_ZONE_STILL), "{after:?}");
    // They come back, and are listened to after a second.
    let again = sensor.states(80, 100, 40, 10);
    assert!(again[6..].iter().all(|s| *s == MP_ZONE_STILL), "{again:?}");
    let frames = sensor.states(100, 110, 40, 0);
    assert!(frames.iter().all(|s| *s == MP_ZONE_STILL), "it is the frames that speak: {frames:?}");

    // Frames too few to say anything do not keep the readings from it, before or later.
    let few = Owned::on(&config(1, 1)).states(0, 90, 2, 10);
    assert!(few[60..].iter().all(|s| *s == MP_ZONE_STILL), "{few:?}");
}

#[test]
fn a_link_that_was_heard_by_readings_is_as_new_after_a_reset() {
    let fresh = Owned::on(&config(1, 1)).states(0, 8, 40, 0);
    let sensor = Owned::on(&config(1, 1));
    let _ = sensor.states(0, 40, 0, 10);
    // SAFETY: a live sensor.
    assert_eq!(unsafe { mp_sensor_reset(sensor.at) }, MP_OK);
    assert_eq!(sensor.states(0, 8, 40, 0), fresh);
}

/// A room of three fixed paths and one over a chest: 5 mm, 15 breaths a minute with a slow wander; noise 30 dB below.
#[cfg(feature = "presence")]
fn asleep(t_us: u64) -> Vec<[i16; 2]> {
    let t = t_us as f64 * 1e-6;
    let turns = std::f64::consts::TAU;
    let way = 0.005 * (turns * 0.25 * t + 1.5 * (0.11 * t).sin()).sin();
    let mut state = t_us.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = || {
        // The sum of a dozen uniform numbers, of variance one.
        (0..12).fold(-6.0, |sum, _| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum + (state >> 11) as f64 / (1u64 << 53) as f64
        })
    };
    let tone = |k: i32| {
        let paths = [(1.0, 10.0, 0.0), (0.4, 60.0, 0.3), (0.2, 120.0, 0.0), (0.08, 45.0, way / 0.123)];
        let sum = paths.iter().fold([0.0, 0.0], |[re, im], &(size, ns, turn)| {
            let a = -turns * (0.312_5e-3 * f64::from(k) * ns + turn);
            [re + size * a.cos(), im + size * a.sin()]
        });
        sum.map(|v| ((v + 0.03 * noise()) * 2000.0) as i16)
    };
    (-28..=28).filter(|k| *k != 0).map(tone).collect()
}

/// Against the detector of `dsp`, which looks for breathing in its own memory.
#[cfg(feature = "presence")]
#[test]
fn who_sleeps_is_there_where_that_was_asked_for() {
    use millpond_dsp::detect::{Detector, DetectorConfig, Presence};
    use millpond_dsp::phy::{Micros, PpduFormat};
    use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId};
    use num_complex::Complex;

    let tones: Vec<i16> = (-28..=28).filter(|k| *k != 0).collect();
    let watched = |presence| {
        let sensor = Owned::on(&mp_config { presence, ..config(1, 1) });
        let mut alone = Detector::new(DetectorConfig::default(), LinkId(0));
        let (mut told, mut expected, mut last) = (Vec::new(), Vec::new(), Presence::Unknown);
        for i in 0..1600u64 {
            let t_us = 1000 + 50_000 * i;
            let h = asleep(t_us);
            plain(&sensor, frame(t_us, 0), &h);
            let poll = |d: &mut Detector, last: &mut Presence| {
                while let Some(d) = d.poll(Micros(t_us)) {
                    *last = d.present;
                }
            };
            poll(&mut alone, &mut last);
            let h: Vec<Complex<i16>> = h.iter().map(|[re, im]| Complex::new(*re, *im)).collect();
            let meta = CsiMeta { format: PpduFormat::Ht, ..CsiMeta::at(Micros(t_us)) };
            let _ = alone.push(&CsiFrame::new(meta, &tones, Cfr::I16(&h)).unwrap());
            if i % 20 == 19 {
                told.push(sensor.zones(t_us)[0]);
                expected.push(match last {
                    Presence::Unknown => MP_ZONE_UNKNOWN,
                    Presence::No => MP_ZONE_NO,
                    Presence::Yes => MP_ZONE_YES,
                });
            }
        }
        (told, expected)
    };
    let (told, expected) = watched(1);
    assert_eq!(told.iter().map(|z| z.present).collect::<Vec<_>>(), expected);
    assert!(told[70..].iter().all(|z| (z.state, z.present) == (MP_ZONE_STILL, MP_ZONE_YES)));
    let (told, _) = watched(0);
    assert!(told.iter().all(|z| z.present == MP_ZONE_UNKNOWN), "motion alone does not know");
}
