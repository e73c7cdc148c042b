//! The whole interface on few frames: small enough for miri, which follows every access.

use super::*;

/// Tones that make a detector of the least size.
const TONES: usize = 12;

/// A frame of twelve tones that turn slowly.
fn few(t_us: u64, link: u16, order: &[i16], h: &[[i16; 2]]) -> mp_frame {
    let mut f = frame(t_us, link);
    (f.n_tones, f.tones, f.samples) = (TONES as u16, order.as_ptr(), h.as_ptr().cast());
    f.samples_bytes = size_of_val(h) as u32;
    f
}

fn small(presence: u8) -> mp_config {
    const ZONES: &[u8; 2] = &[1, 2];
    let presence = if crate::life::BUILT_IN { presence } else { 0 };
    let seed = [9; 8];
    mp_config { max_tones: 16, max_chains: 2, link_zones: ZONES.as_ptr(), presence, seed, ..config(2, 2) }
}

#[test]
fn a_sensor_lives_and_ends() {
    for presence in [0, 1] {
        let sensor = Owned::on(&small(presence));
        // SAFETY: a live sensor throughout; pointers are to locals.
        unsafe {
            assert_eq!(mp_sensor_set_clock(sensor.at, 0, 86_000), MP_OK);
            assert_eq!(sensor.survey(&survey(1, MP_BAND_5, 36)), MP_OK);
            let up: Vec<i16> = (1..=TONES as i16).collect();
            let down: Vec<i16> = up.iter().rev().copied().collect();
            for i in 0..30u64 {
                let t_us = 1000 + 50_000 * i;
                let h: Vec<[i16; 2]> = (0..TONES as i16).map(|k| [200 + k, (i as i16 * 7 + k) % 40]).collect();
                assert_eq!(sensor.push(&few(t_us, 0, &up, &h)), MP_OK);
                let mut f = few(t_us, 1, &down, &h);
                f.flags = MP_FRAME_IMAG_FIRST;
                assert_eq!(sensor.push(&f), MP_OK);
                let size = size_of::<mp_rssi>() as u32;
                let r = mp_rssi {
                    size,
                    link: 1,
                    flags: 0,
                    reserved: 0,
                    t_us,
                    level_cdbm: -6000,
                    noise_cdbm: 0,
                    reserved2: 0,
                };
                assert_eq!(mp_sensor_push_rssi(sensor.at, &r), MP_OK);
                if i % 20 == 19 {
                    while sensor.poll(t_us).is_ok() {
                        assert!(!sensor.encoded().is_empty());
                    }
                }
            }
            assert_eq!(mp_sensor_set_zone(sensor.at, 1_600_000, 2, 0), MP_OK);
            assert_eq!(sensor.erase(1_600_000, 1), MP_OK);
            assert_eq!(sensor.erase(1_600_000, 0), MP_OK);
            // A link by its readings: the other detector in the same memory, and back.
            let size = size_of::<mp_rssi>() as u32;
            let r = mp_rssi {
                size,
                link: 0,
                flags: 0,
                reserved: 0,
                t_us: 2_000_000,
                level_cdbm: -6000,
                noise_cdbm: 0,
                reserved2: 0,
            };
            assert_eq!(mp_sensor_push_rssi(sensor.at, &r), MP_OK);
            assert_eq!(sensor.round(2_000_000).len(), 5, "status, two zones, a link that is on, an event");
            assert_eq!(sensor.sensing(2_000_000, MP_SENSING_OFF, 0), MP_OK);
            assert_eq!(mp_sensor_reset(sensor.at), MP_OK);
        }
    }
}

/// Each format, as floats, bytes and words, from memory that is exactly as long as it is said to be.
#[test]
fn samples_of_every_format_are_read_within_their_bounds() {
    let sensor = Owned::on(&small(0));
    let (order, mut t) = ((1..=TONES as i16).collect::<Vec<_>>(), 0);
    let mut push = |format, samples: *const c_void, bytes: usize| {
        t += 20_000;
        let mut f = few(t, 0, &order, &[[0; 2]; TONES]);
        (f.format, f.samples, f.samples_bytes) = (format, samples, bytes as u32);
        sensor.push(&f)
    };
    let bytes = [[3i8; 2]; TONES];
    let words = [[300i16; 2]; TONES];
    let floats = [[0.5f32; 2]; TONES];
    for _ in 0..2 {
        assert_eq!(push(MP_FORMAT_I8, bytes.as_ptr().cast(), size_of_val(&bytes)), MP_OK);
        assert_eq!(push(MP_FORMAT_I16, words.as_ptr().cast(), size_of_val(&words)), MP_OK);
        assert_eq!(push(MP_FORMAT_F32, floats.as_ptr().cast(), size_of_val(&floats)), MP_OK);
    }
    assert_eq!(push(MP_FORMAT_F32, bytes.as_ptr().cast(), size_of_val(&bytes)), MP_ERR_SHAPE);
    // One byte after a float, no float stands; one byte after a byte, one may.
    let between = floats.as_ptr().cast::<u8>().wrapping_add(1);
    assert_eq!(push(MP_FORMAT_F32, between.cast(), size_of_val(&floats)), MP_ERR_ALIGN);
    assert_eq!(push(9, bytes.as_ptr().cast(), size_of_val(&bytes)), MP_ERR_FORMAT);
    assert_eq!(push(MP_FORMAT_I8, ptr::null(), size_of_val(&bytes)), MP_ERR_NULL);
}

#[test]
fn handles_that_are_none_are_refused_by_every_call() {
    let mut memory = vec![0u64; 4];
    let (mut m, mut n) = ([0u8; MP_MESSAGE_BYTES], 0);
    let dead: *mut mp_sensor = memory.as_mut_ptr().cast();
    let odd: *mut mp_sensor = dead.wrapping_byte_add(1);
    for (sensor, expected) in [(ptr::null_mut(), MP_ERR_NULL), (dead, MP_ERR_HANDLE), (odd, MP_ERR_HANDLE)] {
        // SAFETY: NULL, or memory that is no sensor and is there.
        let results = unsafe {
            [
                mp_sensor_push(sensor, &frame(0, 0)),
                mp_sensor_push_rssi(sensor, ptr::null()),
                mp_sensor_push_survey(sensor, &survey(1, MP_BAND_5, 36)),
                mp_sensor_poll(sensor, 0, ptr::null_mut()),
                mp_message_encode(sensor, m.as_mut_ptr(), m.len(), &mut n),
                mp_sensor_set_sensing(sensor, 0, MP_SENSING_ON, 0),
                mp_sensor_set_zone(sensor, 0, 1, 1),
                mp_sensor_set_clock(sensor, 0, 0),
                mp_sensor_erase(sensor, 0, 0),
                mp_sensor_reset(sensor),
            ]
        };
        assert_eq!(results, [expected; 10]);
    }
}

#[test]
fn use_after_the_end_and_a_second_end_are_refused() {
    let mut bytes = 0;
    let c = small(1);
    // SAFETY: locals, and memory of the length that was asked for, which outlives the sensor.
    unsafe {
        assert_eq!(mp_sensor_size(&c, &mut bytes), MP_OK);
        let mut memory = vec![u64::MAX; bytes.div_ceil(8) + 1];
        let mut at = ptr::null_mut();
        let base: *mut c_void = memory.as_mut_ptr().cast();
        assert_eq!(mp_sensor_init(base, bytes - 1, &c, &mut at), MP_ERR_MEMORY);
        assert_eq!(mp_sensor_init(base.byte_add(4), bytes, &c, &mut at), MP_ERR_ALIGN);
        assert_eq!(mp_sensor_init(base, bytes, &c, ptr::null_mut()), MP_ERR_NULL);
        assert_eq!(mp_sensor_init(base, bytes, &c, &mut at), MP_OK);
        assert_eq!(
            (mp_sensor_fini(at), mp_sensor_fini(at), mp_sensor_reset(at)),
            (MP_OK, MP_ERR_HANDLE, MP_ERR_HANDLE)
        );
        // Wiped up to its end, and not a byte further.
        assert!(memory[..bytes / 8].iter().all(|w| *w == 0) && memory[bytes.div_ceil(8)] == u64::MAX);
    }
}

#[test]
fn wrong_sizes_are_refused_and_lose_nothing() {
    let sensor = Owned::on(&small(0));
    let of = mp_message_body { reserved: [0; 6] };
    for (size, expected) in [(0, MP_ERR_SIZE), (3, MP_ERR_SIZE), (1 << 20, MP_ERR_SIZE)] {
        let mut f = frame(1000, 0);
        f.size = size;
        assert_eq!(sensor.push(&f), expected);
        let mut s = survey(1, MP_BAND_5, 36);
        s.size = size;
        assert_eq!(sensor.survey(&s), expected);
        let mut m = mp_message { size, kind: 0, reserved: [0; 3], of };
        // SAFETY: a live sensor and a local; no more than the size is looked at before it is refused.
        assert_eq!(unsafe { mp_sensor_poll(sensor.at, 1_000_000, &mut m) }, expected);
    }
    assert_eq!(sensor.poll(1_000_000).unwrap().kind, MP_MESSAGE_STATUS, "the round has not begun without us");
    let (mut bytes, mut n) = ([0u8; 1], 0);
    // SAFETY: a live sensor and locals.
    assert_eq!(unsafe { mp_message_encode(sensor.at, bytes.as_mut_ptr(), 1, &mut n) }, MP_ERR_BUFFER);
    assert!(n > 1 && n <= MP_MESSAGE_BYTES);
}
