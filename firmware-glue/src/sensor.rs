//! The entry points of a sensor: frames in, time in, messages out, all in memory that the caller owns.
//!
//! Inputs come first, then outputs; an output is written only if the call returns `MP_OK`, but for the length that
//! goes with `MP_ERR_BUFFER`. Sensors are independent of each other; one sensor takes one call at a time.

use core::ffi::c_void;

use crate::abi::{mp_config, mp_frame, mp_message, mp_rssi, mp_survey};
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
        let made = unsafe {
            memory::open(memory.cast(), len, settings.layout, Body::new(&settings), slot, || settings.life())
        }?;
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

/// Feeds what one radio measured of its channel, for its `mp_radio` message; the newest of each node and band counts.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`; `survey` is NULL or points at `survey->size` readable bytes.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_push_survey(sensor: *mut mp_sensor, survey: *const mp_survey) -> mp_result {
    let push = |session: &mut Session<'_>| {
        // SAFETY: the caller's promise above.
        let survey = unsafe { ffi::read(survey) }?;
        session.push_survey(&survey)
    };
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, push) }
}

/// Lets time pass and takes the next message. Call it, with the same time, until it returns `MP_NONE`.
///
/// Once a second a round of messages falls due: the status, each zone, each link, each radio, and what happened since. A caller who
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
/// consent. Off and paused take effect at once and forget what the detectors held. A pause ends by the time of
/// `mp_sensor_poll`, not by that of a frame.
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

/// Erases what is known of one zone, or of all with 0: at once, for anybody who asks the host for it. What is erased is
/// unknown, not still. With 0 the radios and the events go too, and links get new handles. An event says that it happened.
///
/// # Safety
/// `sensor` as for `mp_sensor_push`.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_sensor_erase(sensor: *mut mp_sensor, now_us: u64, zone: u8) -> mp_result {
    // SAFETY: the caller's promise above.
    unsafe { memory::enter(sensor, |session| session.erase(now_us, zone)) }
}

/// Starts the sensor anew, with time from 0: forgets all that was learnt, counted and queued. Configuration, time of day
/// and switches stay.
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
mod tests;
