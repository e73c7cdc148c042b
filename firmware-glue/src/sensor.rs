//! The entry points of a sensor: frames in, time in, messages out, all in memory that the caller owns.
//!
//! Inputs come first, then outputs; an output is written only if the call returns `MP_OK`, but for the length that
//! goes with `MP_ERR_BUFFER`. Sensors are independent of each other; one sensor takes one call at a time.

use core::ffi::c_void;

use crate::abi::{mp_config, mp_frame, mp_message, mp_rssi};
use crate::ffi;
use crate::memory::{self, mp_sensor};
use crate::result::mp_result::{self, *};
use crate::session::{Body, LinkSlot, Session, Settings};

/// Tells how many bytes `mp_sensor_init` needs for a configuration.
///
/// # Safety
/// Each pointer is NULL or points at what its type says; `config->size` bytes are there, and `config->link_zones`
/// is NULL or has `config->links` entries.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_size(config: *const mp_config, bytes: *mut usize) -> mp_result {
    let size = || {
        // SAFETY: the caller's promise above.
        let (settings, _) = unsafe { settings(config) }?;
        // SAFETY: the caller's promise above.
        unsafe { ffi::put(bytes, settings.layout.bytes()) }?;
        Ok(MP_OK)
    };
    crate::panic::guard(|| mp_result::of(size())).unwrap_or(MP_ERR_INTERNAL)
}

/// Makes a sensor in the caller's memory. Sensing is off until `mp_sensor_set_sensing`.
///
/// `memory` needs the alignment `MP_SENSOR_ALIGN` and the length that `mp_sensor_size` tells; it belongs to the sensor
/// until `mp_sensor_fini` and must not be moved. No other memory is taken, now or later.
///
/// # Safety
/// As for `mp_sensor_size`; `memory` is NULL or points at `len` writable bytes that hold no live sensor, and `sensor`
/// is NULL or writable.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_init(
    memory: *mut c_void,
    len: usize,
    config: *const mp_config,
    sensor: *mut *mut mp_sensor,
) -> mp_result {
    let init = || {
        if sensor.is_null() {
            return Err(MP_ERR_NULL);
        }
        // SAFETY: the caller's promise above.
        let (settings, zones) = unsafe { settings(config) }?;
        let zone = |i: usize| zones.get(i).copied().unwrap_or(1);
        let sharing = |of: u8| (0..usize::from(settings.layout.links)).filter(|&i| zone(i) == of).count();
        let slot = |i: usize| LinkSlot::new(&settings, i, zone(i), sharing(zone(i)));
        // SAFETY: the caller's promise above.
        let made = unsafe { memory::open(memory.cast(), len, settings.layout, Body::new(&settings), slot) }?;
        // SAFETY: the caller's promise above.
        unsafe { ffi::put(sensor, made) }?;
        Ok(MP_OK)
    };
    crate::panic::guard(|| mp_result::of(init())).unwrap_or(MP_ERR_INTERNAL)
}

/// # Safety
/// As for [`mp_sensor_size`].
#[allow(unsafe_code)] // Dereferences the caller's pointers.
unsafe fn settings<'a>(config: *const mp_config) -> Result<(Settings, &'a [u8]), mp_result> {
    // SAFETY: the caller's promise.
    let config = unsafe { ffi::read(config) }?;
    let settings = Settings::of(&config)?;
    if config.link_zones.is_null() {
        return Ok((settings, &[]));
    }
    // SAFETY: the caller's promise.
    let zones = unsafe { ffi::slice(config.link_zones, usize::from(config.links)) }?;
    if zones.iter().all(|z| (1..=config.zones).contains(z)) { Ok((settings, zones)) } else { Err(MP_ERR_ARGUMENT) }
}

/// Feeds one channel measurement. `MP_OFF` if sensing is not on: then nothing of it is read but its link and time.
///
/// # Safety
/// `sensor` is NULL or came from `mp_sensor_init` and its memory is still there. `frame` is NULL or points at
/// `frame->size` readable bytes; its `samples` at `samples_bytes` bytes, its `tones` at `n_tones` numbers, or NULL.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_push(sensor: *mut mp_sensor, frame: *const mp_frame) -> mp_result {
    let push = |session: &mut Session<'_>| {
        // SAFETY: the caller's promise above.
        let frame = unsafe { ffi::read(frame) }?;
        session.push(frame.link, frame.t_us, || {
            // SAFETY: the caller's promise above.
            unsafe { frame.given() }
        })
    };
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, push) }
}

/// Feeds one RSSI reading. `MP_OFF` if sensing is not on.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`; `rssi` is NULL or points at `rssi->size` readable bytes.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_push_rssi(sensor: *mut mp_sensor, rssi: *const mp_rssi) -> mp_result {
    let push = |session: &mut Session<'_>| {
        // SAFETY: the caller's promise above.
        let rssi = unsafe { ffi::read(rssi) }?;
        session.push_rssi(&rssi)
    };
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, push) }
}

/// Lets time pass and takes the next message. Call it, with the same time, until it returns `MP_NONE`.
///
/// Once a second a round of messages falls due: the status, each zone, each link, and what happened since. A caller who
/// comes late gets the newest round only.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`; `message` is NULL or points at `message->size` writable bytes.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_poll(sensor: *mut mp_sensor, now_us: u64, message: *mut mp_message) -> mp_result {
    let poll = |session: &mut Session<'_>| {
        // SAFETY: the caller's promise above. Checked first, so that no message is lost on a bad struct.
        unsafe { ffi::check(message) }?;
        match session.poll(now_us)? {
            // SAFETY: the caller's promise above.
            Some(next) => unsafe { ffi::write(message, &next) }.map(|()| MP_OK),
            None => Ok(MP_NONE),
        }
    };
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, poll) }
}

/// Writes the canonical bytes of the message that the last `mp_sensor_poll` gave: the same on every platform, at most
/// `MP_MESSAGE_BYTES`. `MP_NONE` if there was none.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`; `bytes` is NULL or points at `len` writable bytes, `written` is NULL or writable.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_message_encode(
    sensor: *mut mp_sensor,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
) -> mp_result {
    let encode = |session: &mut Session<'_>| {
        let encoded = session.encoded();
        if encoded.is_empty() {
            return Ok(MP_NONE);
        }
        // SAFETY: the caller's promise above.
        unsafe { ffi::put(written, encoded.len()) }?;
        if len < encoded.len() {
            return Err(MP_ERR_BUFFER);
        }
        // SAFETY: the caller's promise above.
        unsafe { ffi::buffer(bytes, encoded.len()) }?.copy_from_slice(encoded);
        Ok(MP_OK)
    };
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, encode) }
}

/// Switches sensing: `MP_SENSING_ON` (which ends a pause too), `MP_SENSING_OFF`, or `MP_SENSING_PAUSED` for
/// `pause_minutes`: 15, 60, or 0 until switched on. Whoever calls this with `MP_SENSING_ON` answers for the household's
/// consent. Off and paused take effect at once and forget what the detectors held.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_set_sensing(
    sensor: *mut mp_sensor,
    now_us: u64,
    sensing: u8,
    pause_minutes: u32,
) -> mp_result {
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, |session| session.set_sensing(now_us, sensing, pause_minutes)) }
}

/// Switches one zone off (`on` 0) or on again (1) while sensing as a whole is on.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_set_zone(sensor: *mut mp_sensor, now_us: u64, zone: u8, on: u8) -> mp_result {
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, |session| session.set_zone(now_us, zone, on)) }
}

/// Tells the time of day at `now_us`, 0 to 86399 s, for the slots in messages. Until then the day begins at time 0.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_set_clock(sensor: *mut mp_sensor, now_us: u64, second_of_day: u32) -> mp_result {
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, |session| session.set_clock(now_us, second_of_day)) }
}

/// Forgets all that was learnt, counted and queued. Configuration, clock and switches stay.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_reset(sensor: *mut mp_sensor) -> mp_result {
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, |session| session.reset()) }
}

/// Ends a sensor and wipes its memory, which is the caller's again. NULL is fine.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`; it is not used again.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_fini(sensor: *mut mp_sensor) -> mp_result {
    if sensor.is_null() {
        return MP_OK;
    }
    // SAFETY: the caller's promise above.
    unsafe { memory::close(sensor) }
}

#[cfg(test)]
#[allow(unsafe_code)] // The tests are the caller.
mod tests {
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
        assert_eq!(kinds(&silent, 999_999), [], "the round is over");
        c.seed = [3; 8];
        let seeded = Owned::on(&c);
        let all = [MP_MESSAGE_STATUS, 2, 2, MP_MESSAGE_LINK, 6, 6, MP_MESSAGE_EVENT];
        assert_eq!(kinds(&seeded, 7_300_000), all, "the event is that sensing was switched on");
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
        assert_eq!(push(after), MP_OK, "the pause ends by itself");
        assert_eq!(sensor.zones(after)[0].state, MP_ZONE_UNKNOWN);
        assert_eq!(sensor.sensing(after, MP_SENSING_PAUSED, 0), MP_OK);
        assert_eq!(push(u64::from(u32::MAX) * 1_000_000), MP_OFF, "until it is switched on");
        assert_eq!(sensor.sensing(after, MP_SENSING_ON, 0), MP_OK);
        assert_eq!(push(5000), MP_OK, "the time of frames begins anew");
        assert_eq!(sensor.sensing(after, MP_SENSING_OFF, 0), MP_OK);
        assert_eq!(sensor.zones(after + 1_000_000)[0].present, MP_ZONE_OFF);
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
            let r =
                mp_rssi { size, link: 0, flags: 0, reserved: 0, t_us, level_cdbm: -6000, noise_cdbm: 0, reserved2: 0 };
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
}
