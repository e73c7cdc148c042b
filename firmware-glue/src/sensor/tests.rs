//! A sensor as a caller sees it.
#![allow(unsafe_code)] // The tests are the caller.

mod borders;
mod links;

use core::ptr;

use super::*;
use crate::abi::*;
use crate::testing::{channel, config, frame};

/// A sensor in memory of its own, ended when dropped.
struct Owned {
    at: *mut mp_sensor,
    _memory: Vec<u64>,
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the memory is still there.
        assert_eq!(unsafe { mp_sensor_fini(self.at) }, MP_OK);
    }
}

impl Owned {
    fn new(config: &mp_config) -> Self {
        let (mut bytes, mut at) = (0, ptr::null_mut());
        // SAFETY: every pointer is to a local or to memory of the length that was asked for.
        unsafe {
            assert_eq!(mp_sensor_size(config, &mut bytes), MP_OK);
            let mut memory = vec![u64::MAX; bytes.div_ceil(8)];
            assert_eq!(mp_sensor_init(memory.as_mut_ptr().cast(), bytes, config, &mut at), MP_OK);
            Self { at, _memory: memory }
        }
    }

    fn on(config: &mp_config) -> Self {
        let s = Self::new(config);
        assert_eq!(s.sensing(0, MP_SENSING_ON, 0), MP_OK);
        s
    }

    fn sensing(&self, now: u64, mode: u8, minutes: u32) -> mp_result {
        // SAFETY: a live sensor.
        unsafe { mp_sensor_set_sensing(self.at, now, mode, minutes) }
    }

    fn push(&self, frame: &mp_frame) -> mp_result {
        // SAFETY: a live sensor, and a frame whose pointers are to arrays of the test.
        unsafe { mp_sensor_push(self.at, frame) }
    }

    fn poll(&self, now: u64) -> Result<mp_message, mp_result> {
        let of = mp_message_body { reserved: [0; 6] };
        let mut m = mp_message { size: size_of::<mp_message>() as u32, kind: 0, reserved: [0; 3], of };
        // SAFETY: a live sensor and a local.
        match unsafe { mp_sensor_poll(self.at, now, &mut m) } {
            MP_OK => Ok(m),
            other => Err(other),
        }
    }

    fn round(&self, now: u64) -> Vec<mp_message> {
        let messages = core::iter::from_fn(|| self.poll(now).ok()).collect();
        assert_eq!(self.poll(now).err(), Some(MP_NONE));
        messages
    }

    fn zones(&self, now: u64) -> Vec<mp_zone> {
        let zones = self.round(now).into_iter().filter(|m| m.kind == MP_MESSAGE_ZONE);
        // SAFETY: the kind says which member it is.
        zones.map(|m| unsafe { m.of.zone }).collect()
    }

    fn encoded(&self) -> Vec<u8> {
        let (mut bytes, mut n) = ([0; MP_MESSAGE_BYTES], 0);
        // SAFETY: a live sensor and locals.
        let result = unsafe { mp_message_encode(self.at, bytes.as_mut_ptr(), bytes.len(), &mut n) };
        assert_eq!(result, MP_OK);
        bytes[..n].to_vec()
    }
}

/// Ten seconds of frames, told in some manner; each second's zone messages as bytes.
fn played(tell: impl Fn(&Owned, mp_frame, &[[i16; 2]])) -> Vec<Vec<u8>> {
    let sensor = Owned::on(&config(1, 1));
    let mut rounds = Vec::new();
    for i in 0..400u64 {
        let t_us = 1000 + 25_000 * i;
        tell(&sensor, frame(t_us, 0), &channel(t_us));
        if i % 40 == 39 {
            while let Ok(m) = sensor.poll(t_us) {
                if m.kind == MP_MESSAGE_ZONE {
                    rounds.push(sensor.encoded());
                }
            }
        }
    }
    rounds
}

fn plain(sensor: &Owned, mut f: mp_frame, h: &[[i16; 2]]) {
    f.samples = h.as_ptr().cast();
    assert_eq!(sensor.push(&f), MP_OK);
}

#[test]
fn order_and_format_do_not_matter() {
    let expected = played(plain);
    assert_eq!(expected.len(), 10);
    let states: Vec<u8> = expected.iter().map(|b| b[2]).collect();
    assert!(states.contains(&MP_ZONE_MOVING) && states[2..5].iter().all(|s| *s == MP_ZONE_STILL), "{states:?}");

    let tones: Vec<i16> = (-28..=28).filter(|k| *k != 0).collect();
    // Backwards, with the imaginary part first.
    let backwards: Vec<i16> = tones.iter().rev().copied().collect();
    let reversed = played(|s, mut f, h| {
        let swapped: Vec<[i16; 2]> = h.iter().rev().map(|[re, im]| [*im, *re]).collect();
        (f.samples, f.tones, f.flags) = (swapped.as_ptr().cast(), backwards.as_ptr(), MP_FRAME_IMAG_FIRST);
        assert_eq!(s.push(&f), MP_OK);
    });
    assert_eq!(reversed, expected);
    // All 64 bins as single precision, zero frequency first, with rubbish where no tone is.
    let bins = played(|s, mut f, h| {
        let mut all = [[f32::NAN; 2]; 64];
        for (k, pair) in tones.iter().zip(h) {
            all[k.rem_euclid(64) as usize] = pair.map(f32::from);
        }
        (f.samples, f.format, f.n_tones) = (all.as_ptr().cast(), MP_FORMAT_F32, 64);
        f.samples_bytes = size_of_val(&all) as u32;
        assert_eq!(s.push(&f), MP_OK);
    });
    assert_eq!(bins, expected);
    // The same, lowest frequency first.
    let centered = played(|s, mut f, h| {
        let mut all = [[7i16; 2]; 64];
        for (k, pair) in tones.iter().zip(h) {
            all[(k + 32) as usize] = *pair;
        }
        (f.samples, f.flags, f.n_tones) = (all.as_ptr().cast(), MP_FRAME_CENTERED, 64);
        f.samples_bytes = size_of_val(&all) as u32;
        assert_eq!(s.push(&f), MP_OK);
    });
    assert_eq!(centered, expected);
}

#[test]
fn a_round_has_every_message_once() {
    let mut c = config(3, 2);
    let zones = [1, 1, 2];
    c.link_zones = zones.as_ptr();
    let silent = Owned::new(&c);
    let kinds = |s: &Owned, now| s.round(now).iter().map(|m| m.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&silent, 0), [MP_MESSAGE_STATUS, MP_MESSAGE_ZONE, MP_MESSAGE_ZONE]);
    assert!(kinds(&silent, 999_999).is_empty(), "the round is over");
    c.seed = [3; 8];
    let seeded = Owned::on(&c);
    let all = [MP_MESSAGE_STATUS, 2, 2, MP_MESSAGE_LINK, 6, 6, MP_MESSAGE_EVENT, MP_MESSAGE_EVENT];
    assert_eq!(kinds(&seeded, 7_300_000), all, "the events: sensing was switched on, and the source with it");
    assert_eq!(kinds(&seeded, 8_000_000), all[..6]);
    assert_eq!(seeded.poll(7_999_999).err(), Some(MP_ERR_TIME));
}

#[test]
fn off_is_off_at_once_and_forgets() {
    let sensor = Owned::on(&config(1, 1));
    let h = channel(0);
    let push = |t_us| {
        let mut f = frame(t_us, 0);
        f.samples = h.as_ptr().cast();
        sensor.push(&f)
    };
    assert_eq!(push(1000), MP_OK);
    assert_eq!(push(1000), MP_ERR_TIME);
    assert_eq!(sensor.sensing(2000, MP_SENSING_PAUSED, 15), MP_OK);
    assert_eq!(push(3000), MP_OFF);
    assert_eq!(sensor.zones(1_000_000)[0].state, MP_ZONE_OFF);
    let after = 2000 + 15 * 60_000_000;
    assert_eq!(push(after - 1), MP_OFF);
    assert_eq!(push(after + 99), MP_OFF, "a stamp on a frame ends no pause");
    assert_eq!(sensor.zones(after - 1_000_000)[0].state, MP_ZONE_OFF);
    assert_eq!(push(after), MP_OFF);
    assert_eq!(sensor.zones(after)[0].state, MP_ZONE_UNKNOWN);
    assert_eq!(push(after), MP_OK, "the pause ends by itself, by the clock of polls");
    assert_eq!(sensor.sensing(after, MP_SENSING_PAUSED, 0), MP_OK);
    assert_eq!(push(u64::from(u32::MAX) * 1_000_000), MP_OFF, "until it is switched on");
    assert_eq!(sensor.sensing(after, MP_SENSING_ON, 0), MP_OK);
    assert_eq!(push(5000), MP_OK, "the time of frames begins anew");
    assert_eq!(sensor.sensing(after, MP_SENSING_OFF, 0), MP_OK);
    assert_eq!(sensor.zones(after + 1_000_000)[0].present, MP_ZONE_OFF);
}

#[test]
fn links_get_new_handles_each_day() {
    let mut c = config(8, 1);
    c.seed = [5; 8];
    let sensor = Owned::on(&c);
    let handles = |t: u64| {
        let mut all = vec![];
        while let Ok(m) = sensor.poll(t) {
            if m.kind == MP_MESSAGE_LINK {
                // SAFETY: the kind says which part is there.
                all.push(unsafe { m.of.link }.handle);
            }
        }
        all
    };
    let days: Vec<_> = [0, 86_399, 86_400, 172_800].map(|s| handles(s * 1_000_000)).into();
    assert!(days.iter().all(|d| d.len() == 8), "{days:?}");
    assert!(days[0] == days[1] && days[1] != days[2] && days[2] != days[3], "{days:?}");
}

#[test]
fn a_zone_is_switched_alone() {
    let mut c = config(2, 2);
    let zones = [1, 2];
    c.link_zones = zones.as_ptr();
    let sensor = Owned::on(&c);
    // SAFETY: a live sensor.
    assert_eq!(unsafe { mp_sensor_set_zone(sensor.at, 0, 2, 0) }, MP_OK);
    let h = channel(0);
    for (link, expected) in [(0, MP_OK), (1, MP_OFF)] {
        let mut f = frame(1000, link);
        f.samples = h.as_ptr().cast();
        assert_eq!(sensor.push(&f), expected);
    }
    let states: Vec<u8> = sensor.zones(1_000_000).iter().map(|z| z.state).collect();
    assert_eq!(states, [MP_ZONE_UNKNOWN, MP_ZONE_OFF]);
    // SAFETY: a live sensor.
    assert_eq!(unsafe { mp_sensor_set_zone(sensor.at, 0, 2, 1) }, MP_OK);
    assert_eq!(sensor.zones(2_000_000)[1].state, MP_ZONE_UNKNOWN);
}

#[test]
fn slots_follow_the_clock() {
    let sensor = Owned::new(&config(1, 1));
    assert_eq!(sensor.zones(310_000_000)[0].since, 1, "the day begins at time 0 until it is told");
    // SAFETY: a live sensor.
    assert_eq!(unsafe { mp_sensor_set_clock(sensor.at, 310_000_000, 86_399) }, MP_OK);
    assert_eq!(sensor.sensing(311_000_000, MP_SENSING_ON, 0), MP_OK);
    assert_eq!(sensor.zones(311_000_000)[0].since, 0, "one second later it is midnight");
}

#[test]
fn times_at_the_end_of_their_range_are_refused() {
    let sensor = Owned::on(&config(1, 1));
    assert_eq!(sensor.poll(u64::MAX).err(), Some(MP_ERR_ARGUMENT));
    assert_eq!(sensor.sensing(u64::MAX, MP_SENSING_ON, 0), MP_ERR_ARGUMENT);
    let h = channel(0);
    let mut f = frame(u64::MAX, 0);
    f.samples = h.as_ptr().cast();
    assert_eq!(sensor.push(&f), MP_ERR_ARGUMENT);
    let read = |t_us| {
        let size = size_of::<mp_rssi>() as u32;
        let r = mp_rssi { size, link: 0, flags: 0, reserved: 0, t_us, level_cdbm: -6000, noise_cdbm: 0, reserved2: 0 };
        // SAFETY: a live sensor and a local.
        unsafe { mp_sensor_push_rssi(sensor.at, &r) }
    };
    // A clock that jumps by ages is caught up with at once.
    f.t_us = (1 << 62) - 1;
    assert_eq!((read(1000), read(f.t_us), read(f.t_us - 1)), (MP_OK, MP_OK, MP_ERR_TIME));
    assert_eq!(sensor.push(&f), MP_OK);
    assert!(sensor.poll((1 << 62) - 1).is_ok());
}

#[test]
fn sensors_are_independent_across_threads() {
    let expected = played(plain);
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| played(plain))).collect();
    for t in threads {
        assert_eq!(t.join().unwrap(), expected);
    }
}

fn survey(node: u8, band: u8, channel: u8) -> mp_survey {
    mp_survey {
        size: size_of::<mp_survey>() as u32,
        node,
        band,
        channel,
        radar: 0,
        width_mhz: 80,
        noise_dbm: -92,
        neighbours: 5,
        busy_ms: 260,
        active_ms: 1000,
        stations: 17,
        reserved: 0,
    }
}

impl Owned {
    fn survey(&self, survey: &mp_survey) -> mp_result {
        // SAFETY: a live sensor and a local.
        unsafe { mp_sensor_push_survey(self.at, survey) }
    }

    fn erase(&self, now: u64, zone: u8) -> mp_result {
        // SAFETY: a live sensor.
        unsafe { mp_sensor_erase(self.at, now, zone) }
    }

    fn radios(&self, now: u64) -> Vec<mp_radio> {
        let radios = self.round(now).into_iter().filter(|m| m.kind == MP_MESSAGE_RADIO);
        // SAFETY: the kind says which member it is.
        radios.map(|m| unsafe { m.of.radio }).collect()
    }
}

#[test]
fn radios_are_told_in_classes_and_while_sensing_is_off() {
    let sensor = Owned::new(&config(1, 1));
    assert_eq!(sensor.survey(&survey(1, MP_BAND_5, 36)), MP_OK);
    assert_eq!(sensor.survey(&survey(2, MP_BAND_5, 44)), MP_OK);
    assert_eq!(sensor.survey(&survey(1, MP_BAND_5, 40)), MP_OK);
    let radios = sensor.radios(0);
    assert_eq!(radios.iter().map(|r| (r.node, r.channel)).collect::<Vec<_>>(), [(1, 40), (2, 44)]);
    let r = radios[0];
    assert_eq!((r.busy, r.noise, r.neighbours, r.stations, r.width_mhz), (5, 2, 2, 4, 80));
    for wrong in [
        survey(0, MP_BAND_5, 36),
        survey(9, MP_BAND_5, 36),
        survey(1, 3, 36),
        survey(1, MP_BAND_5, 0),
        survey(1, MP_BAND_5, 234),
        mp_survey { width_mhz: 30, ..survey(1, MP_BAND_5, 36) },
        mp_survey { radar: 2, ..survey(1, MP_BAND_5, 36) },
    ] {
        assert_eq!(sensor.survey(&wrong), MP_ERR_ARGUMENT);
    }
    // Every node and band there is, twice.
    for node in (1..=8).chain(1..=8) {
        for band in [MP_BAND_2, MP_BAND_5, MP_BAND_6] {
            assert_eq!(sensor.survey(&survey(node, band, 1)), MP_OK);
        }
    }
    assert_eq!(sensor.radios(1_000_000).len(), 24);
}

#[test]
fn what_is_erased_is_unknown() {
    let mut c = config(2, 2);
    let zones = [1, 2];
    (c.link_zones, c.seed) = (zones.as_ptr(), [5; 8]);
    let sensor = Owned::on(&c);
    assert_eq!(sensor.survey(&survey(1, MP_BAND_5, 36)), MP_OK);
    for i in 0..200u64 {
        let t_us = 1000 + 25_000 * i;
        let h = channel(t_us);
        for link in 0..2 {
            let mut f = frame(t_us, link);
            f.samples = h.as_ptr().cast();
            assert_eq!(sensor.push(&f), MP_OK);
        }
        if i % 40 == 39 {
            sensor.round(t_us);
        }
    }
    let states = |now| sensor.zones(now).iter().map(|z| z.state).collect::<Vec<u8>>();
    assert_eq!(states(5_100_000), [MP_ZONE_STILL; 2]);
    assert_eq!(sensor.erase(5_100_000, 3), MP_ERR_ARGUMENT);
    assert_eq!(sensor.erase(5_100_000, 2), MP_OK);
    assert_eq!(states(6_000_000), [MP_ZONE_STILL, MP_ZONE_UNKNOWN]);
    assert_eq!(sensor.erase(6_500_000, 0), MP_OK);
    let round = sensor.round(7_000_000);
    // SAFETY: the kind says which member it is.
    let events = round.iter().filter(|m| m.kind == MP_MESSAGE_EVENT).map(|m| unsafe { m.of.event.code });
    assert_eq!(events.collect::<Vec<_>>(), [MP_EVENT_ERASED]);
    assert!(round.iter().all(|m| m.kind != MP_MESSAGE_RADIO));
    assert_eq!(states(8_000_000), [MP_ZONE_UNKNOWN; 2]);
}

/// What a log was told, and what a call on its own sensor answered.
struct Told {
    codes: Vec<(u32, u32)>,
    sensor: *mut mp_sensor,
    nested: Vec<mp_result>,
}

unsafe extern "C" fn log(user: *mut c_void, code: u32, number: u32) {
    // SAFETY: `user` is the test's, which outlives the sensor.
    let told = unsafe { &mut *user.cast::<Told>() };
    told.codes.push((code, number));
    // SAFETY: a live sensor, or NULL while it is being made.
    told.nested.push(unsafe { mp_sensor_reset(told.sensor) });
}

#[test]
fn the_log_is_told_codes_and_may_not_call_back() {
    let mut told = Told { codes: vec![], sensor: ptr::null_mut(), nested: vec![] };
    let user = ptr::from_mut(&mut told);
    let mut c = config(1, 1);
    c.log = Some(log);
    c.log_user = user.cast();
    let sensor = Owned::new(&c);
    // SAFETY: the test's own value; nobody else looks at it now.
    unsafe { (*user).sensor = sensor.at };
    assert_eq!(sensor.sensing(0, MP_SENSING_ON, 0), MP_OK);
    sensor.round(1_000_000);
    sensor.round(30_000_000);
    assert_eq!(sensor.sensing(30_000_000, MP_SENSING_PAUSED, 15), MP_OK);
    sensor.round(31_000_000);
    assert_eq!(sensor.erase(31_000_000, 0), MP_OK);
    // SAFETY: as above.
    let told = unsafe { &*user };
    let codes = [
        (MP_EVENT_SENSING_ON, 0u32),
        (MP_EVENT_SOURCE_OPEN, 0),
        (MP_EVENT_SOURCE_FAULT, 0),
        (MP_EVENT_PAUSED, 15u32),
        (MP_EVENT_SOURCE_CLOSED, 0),
        (MP_EVENT_ERASED, 0),
    ];
    assert_eq!(told.codes, codes.map(|(code, number)| (u32::from(code), number)));
    assert_eq!(told.nested, [MP_ERR_BUSY; 6]);
}

#[test]
fn events_that_nobody_asks_for_are_counted() {
    let sensor = Owned::on(&config(1, 1));
    for _ in 0..10 {
        assert_eq!(sensor.erase(0, 1), MP_OK);
    }
    let events = sensor.round(0).into_iter().filter(|m| m.kind == MP_MESSAGE_EVENT);
    // SAFETY: the kind says which member it is.
    let events: Vec<_> = events.map(|m| unsafe { (m.of.event.code, m.of.event.number) }).collect();
    assert_eq!((events.len(), events[0]), (9, (MP_EVENT_OVERLOAD, 4)));
}
