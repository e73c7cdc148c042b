//! What a call says: one small set of numbers, never `errno`, never an abort.

use core::ffi::c_char;

/// The result of a call. Zero is done, positive is done with nothing to show, negative is refused.
///
/// A refused call has changed nothing, but for `MP_ERR_INTERNAL`. Retired numbers stay reserved.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum mp_result {
    /// Done.
    MP_OK = 0,
    /// Nothing more waits until a later time.
    MP_NONE = 1,
    /// Sensing is off or paused: the sample was not looked at.
    MP_OFF = 2,
    /// A pointer that must not be NULL is NULL.
    MP_ERR_NULL = -1,
    /// The `size` member of a struct is less than its fixed part, absurd, or no size of a struct. Set it to `sizeof`.
    MP_ERR_SIZE = -2,
    /// The program was compiled against another ABI: `MP_ABI` of its header differs from `mp_abi()`.
    MP_ERR_ABI = -3,
    /// A member is out of its range.
    MP_ERR_ARGUMENT = -4,
    /// The memory is shorter than `mp_sensor_size` asks for.
    MP_ERR_MEMORY = -5,
    /// A pointer is not aligned for what it points at; sensor memory needs `MP_SENSOR_ALIGN`.
    MP_ERR_ALIGN = -6,
    /// This is no sensor, or no longer one.
    MP_ERR_HANDLE = -7,
    /// Another call on this sensor has not returned.
    MP_ERR_BUSY = -8,
    /// An earlier call ended with `MP_ERR_INTERNAL`. Only `mp_sensor_fini` is left to do.
    MP_ERR_POISONED = -9,
    /// The link number is not below the configured number of links.
    MP_ERR_LINK = -10,
    /// The sample format, the PPDU format or the width is none of those in this header.
    MP_ERR_FORMAT = -11,
    /// The number of sample bytes is not what chains, tones and format ask for.
    MP_ERR_SHAPE = -12,
    /// A tone index repeats or does not exist, or no standard map has that many tones.
    MP_ERR_TONES = -13,
    /// More tones or chains than the sensor was configured for.
    MP_ERR_CAPACITY = -14,
    /// The time is not later than that of an earlier sample or call: the sample was dropped.
    MP_ERR_TIME = -15,
    /// The output buffer is too short; the length that is needed was written.
    MP_ERR_BUFFER = -16,
    /// The library is at fault. The sensor gives nothing more; `mp_sensor_fini` still wipes it.
    MP_ERR_INTERNAL = -17,
    /// The home cannot be planned; `mp_plan` wrote why. Only with the planner.
    MP_ERR_SITE = -18,
}

use mp_result::*;

/// Every result, in the order of the header.
const ALL: [(mp_result, &core::ffi::CStr); 21] = [
    (MP_OK, c"done"),
    (MP_NONE, c"nothing more waits until a later time"),
    (MP_OFF, c"sensing is off or paused: the sample was not looked at"),
    (MP_ERR_NULL, c"a pointer that must not be NULL is NULL"),
    (MP_ERR_SIZE, c"a struct's size member is wrong: set it to sizeof the struct"),
    (MP_ERR_ABI, c"header and library differ: compare MP_ABI with mp_abi()"),
    (MP_ERR_ARGUMENT, c"a member is out of its range"),
    (MP_ERR_MEMORY, c"the memory is shorter than mp_sensor_size asks for"),
    (MP_ERR_ALIGN, c"a pointer is not aligned for what it points at"),
    (MP_ERR_HANDLE, c"this is no sensor, or no longer one"),
    (MP_ERR_BUSY, c"another call on this sensor has not returned"),
    (MP_ERR_POISONED, c"an earlier call failed inside the library: call mp_sensor_fini and start anew"),
    (MP_ERR_LINK, c"the link number is not below the configured number of links"),
    (MP_ERR_FORMAT, c"the sample format, PPDU format or width is unknown"),
    (MP_ERR_SHAPE, c"the number of sample bytes does not match chains, tones and format"),
    (MP_ERR_TONES, c"a tone index repeats or does not exist, or no standard map has that many tones"),
    (MP_ERR_CAPACITY, c"more tones or chains than the sensor was configured for"),
    (MP_ERR_TIME, c"the time is not later than that of an earlier sample or call: the sample was dropped"),
    (MP_ERR_BUFFER, c"the output buffer is too short: the length that is needed was written"),
    (MP_ERR_INTERNAL, c"a fault inside the library: call mp_sensor_fini and start anew"),
    (MP_ERR_SITE, c"the home cannot be planned: the text that mp_plan wrote says why"),
];

impl mp_result {
    /// The result of a call whose inner part either went through or names what it refused.
    pub(crate) fn of(outcome: Result<Self, Self>) -> Self {
        match outcome {
            Ok(result) | Err(result) => result,
        }
    }
}

/// One line of English for a result, for a log. Never NULL; valid as long as the library is loaded.
///
/// Takes a plain number, so that any value is allowed.
#[allow(unsafe_code)] // An exported name: the prefix `mp_` is this library's own.
#[unsafe(no_mangle)]
pub extern "C" fn mp_strerror(result: i32) -> *const c_char {
    let text = ALL.iter().find(|(code, _)| *code as i32 == result).map_or(c"an unknown result", |(_, text)| *text);
    text.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_has_its_own_text() {
        for (i, (a, text)) in ALL.iter().enumerate() {
            assert!(!text.is_empty());
            assert!(ALL[..i].iter().all(|(b, other)| a != b && text != other), "{a:?}");
        }
        // The numbers are dense on both sides of zero, so none was forgotten in the table.
        let mut numbers: Vec<i32> = ALL.iter().map(|(code, _)| *code as i32).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (-18..=2).collect::<Vec<_>>());
    }
}
