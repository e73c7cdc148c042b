//! Casts of what is the caller's for one call: structs that begin with their size, slices from pointers and lengths.

use core::mem::MaybeUninit;
use core::ptr;

use num_complex::Complex;

use crate::abi::{mp_config, mp_frame, mp_message, mp_rssi, mp_survey};
use crate::result::mp_result::{self, *};

/// No struct of this ABI comes near; a larger `size` is an uninitialised one.
const ABSURD: usize = 4096;

/// A struct that crosses the border.
///
/// # Safety
/// `repr(C)`, a `u32` with its size comes first, it has no padding, and every bit pattern is valid, zeros included.
#[allow(unsafe_code)] // Read and written as bytes.
pub(crate) unsafe trait Prefixed: Copy {
    /// Bytes that every version had.
    const LEAST: usize;
}

// No struct that is read has padding, so a tail that an older program lacks cannot hold what it left lying there.
const _: () = assert!(size_of::<mp_config>() == 64 + 3 * size_of::<*const u8>());
const _: () = assert!(size_of::<mp_frame>() == 40 + 2 * size_of::<*const u8>());
const _: () = assert!(size_of::<mp_rssi>() == 24);
const _: () = assert!(size_of::<mp_survey>() == 40);
const _: () = assert!(size_of::<mp_message>() == 32);

#[allow(unsafe_code)] // The struct is read as bytes.
// SAFETY: `repr(C)`, size first, no padding (above), integers, pointers and a function that may be NULL only.
unsafe impl Prefixed for mp_config {
    const LEAST: usize = core::mem::offset_of!(mp_config, link_zones);
}

#[allow(unsafe_code)] // The struct is read as bytes.
// SAFETY: `repr(C)`, size first, no padding (above), integers and pointers only.
unsafe impl Prefixed for mp_frame {
    const LEAST: usize = core::mem::offset_of!(mp_frame, width_mhz);
}

#[allow(unsafe_code)] // The struct is read as bytes.
// SAFETY: `repr(C)`, size first, no padding (above), integers only.
unsafe impl Prefixed for mp_rssi {
    const LEAST: usize = core::mem::offset_of!(mp_rssi, reserved2);
}

#[allow(unsafe_code)] // The struct is read as bytes.
// SAFETY: `repr(C)`, size first, no padding (above), integers only.
unsafe impl Prefixed for mp_survey {
    const LEAST: usize = core::mem::offset_of!(mp_survey, reserved);
}

#[allow(unsafe_code)] // The struct is written as bytes.
// SAFETY: `repr(C)`, size first, integers only; padding inside the union's members is inside `reserved` and zero.
unsafe impl Prefixed for mp_message {
    const LEAST: usize = size_of::<Self>();
}

#[cfg(feature = "plan")]
mod plan {
    use super::Prefixed;
    use crate::abi::*;

    // No padding in any of them, on any machine.
    const _: () = {
        assert!(size_of::<mp_site>() == 64 + 9 * size_of::<*const u8>() && size_of::<mp_site_node>() == 12);
        assert!(size_of::<mp_site_radio>() == 20 && size_of::<mp_site_loss>() == 12);
        assert!(size_of::<mp_site_client>() == 24 && size_of::<mp_site_client_loss>() == 12);
        assert!(size_of::<mp_site_neighbour>() == 16 && size_of::<mp_site_dfs>() == 12);
        assert!(size_of::<mp_site_rule>() == 16 && size_of::<mp_decision>() == 424);
    };

    macro_rules! plain {
        ($($t:ident)*) => { $(
            #[allow(unsafe_code)] // The struct is read and written as bytes.
            // SAFETY: `repr(C)`, size first, no padding (above), integers and pointers only.
            unsafe impl Prefixed for $t {
                const LEAST: usize = size_of::<Self>();
            }
        )* };
    }
    plain!(mp_site mp_site_node mp_site_radio mp_site_loss mp_site_client mp_site_client_loss);
    plain!(mp_site_neighbour mp_site_dfs mp_site_rule mp_decision);
}

/// Reads a caller's struct. What an older caller does not have is zero; what a newer one has more is ignored.
///
/// # Safety
/// `from` is NULL or points at as many readable bytes as its first member says, and at least at that member.
#[allow(unsafe_code)] // Dereferences the caller's pointer.
pub(crate) unsafe fn read<T: Prefixed>(from: *const T) -> Result<T, mp_result> {
    // SAFETY: the same promise.
    let size = unsafe { size_of_struct(from) }?;
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: both sides hold at least the smaller of the two sizes, and a local does not overlap the caller's memory.
    unsafe { ptr::copy_nonoverlapping(from.cast::<u8>(), value.as_mut_ptr().cast(), size.min(size_of::<T>())) };
    // SAFETY: every bit pattern is a valid `T`.
    Ok(unsafe { value.assume_init() })
}

/// Writes as much of a struct as the caller's version has, but for its size, which stays the caller's.
///
/// # Safety
/// As for [`read`], with writable bytes.
#[allow(unsafe_code)] // Dereferences the caller's pointer.
pub(crate) unsafe fn write<T: Prefixed>(to: *mut T, value: &T) -> Result<(), mp_result> {
    // SAFETY: the same promise.
    let size = unsafe { size_of_struct(to.cast_const()) }?;
    let (head, bytes) = (size_of::<u32>(), size.min(size_of::<T>()));
    // SAFETY: `bytes` are writable at `to` and readable at `value`, `head` is not above them, and they do not overlap.
    unsafe {
        ptr::copy_nonoverlapping(ptr::from_ref(value).cast::<u8>().add(head), to.cast::<u8>().add(head), bytes - head);
    }
    Ok(())
}

/// Checks a struct without reading more than its size.
///
/// # Safety
/// As for [`read`].
#[allow(unsafe_code)] // Dereferences the caller's pointer.
pub(crate) unsafe fn check<T: Prefixed>(from: *const T) -> Result<(), mp_result> {
    // SAFETY: the same promise.
    unsafe { size_of_struct(from) }.map(|_| ())
}

/// # Safety
/// As for [`read`].
#[allow(unsafe_code)] // Dereferences the caller's pointer.
unsafe fn size_of_struct<T: Prefixed>(from: *const T) -> Result<usize, mp_result> {
    if from.is_null() {
        return Err(MP_ERR_NULL);
    }
    if !from.is_aligned() {
        return Err(MP_ERR_ALIGN);
    }
    // SAFETY: not NULL, aligned, and the caller says that the first member is there.
    let size = unsafe { from.cast::<u32>().read() } as usize;
    // The size of a C struct is a multiple of its alignment. Any other one might cut a pointer in two.
    let whole = size % align_of::<T>() == 0;
    if whole && (T::LEAST..=ABSURD).contains(&size) { Ok(size) } else { Err(MP_ERR_SIZE) }
}

/// A caller's array of structs, each of the size that the first one says.
///
/// # Safety
/// `from` is NULL or points at `n` structs, each with as many readable bytes as the first one's first member says.
#[cfg(feature = "plan")]
#[allow(unsafe_code)] // Dereferences the caller's pointer.
pub(crate) unsafe fn array<T: Prefixed>(from: *const T, n: usize) -> Result<Vec<T>, mp_result> {
    if n == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the same promise.
    let stride = unsafe { size_of_struct(from) }?;
    let mut all = Vec::with_capacity(n);
    for i in 0..n {
        // SAFETY: the entry is within the array, whose entries are `stride` apart.
        let value = unsafe {
            let at = from.byte_add(i * stride);
            if size_of_struct(at)? != stride {
                return Err(MP_ERR_SIZE);
            }
            read(at)
        };
        all.push(value?);
    }
    Ok(all)
}

/// Writes one value.
///
/// # Safety
/// `to` is NULL or writable.
#[allow(unsafe_code)] // Dereferences the caller's pointer.
pub(crate) unsafe fn put<T>(to: *mut T, value: T) -> Result<(), mp_result> {
    if to.is_null() {
        return Err(MP_ERR_NULL);
    }
    if !to.is_aligned() {
        return Err(MP_ERR_ALIGN);
    }
    // SAFETY: checked above; the caller says that it is writable.
    unsafe { to.write(value) };
    Ok(())
}

/// A caller's array. None of length 0 is looked at.
///
/// # Safety
/// `from` is NULL or points at `n` readable items that nothing changes during the call; every bit pattern is a `T`.
#[allow(unsafe_code)] // Dereferences the caller's pointer.
pub(crate) unsafe fn slice<'a, T: Copy>(from: *const T, n: usize) -> Result<&'a [T], mp_result> {
    if n == 0 {
        return Ok(&[]);
    }
    if from.is_null() {
        return Err(MP_ERR_NULL);
    }
    if !from.is_aligned() {
        return Err(MP_ERR_ALIGN);
    }
    // SAFETY: checked above; the caller says that `n` items are readable, so they are no more than half the memory.
    Ok(unsafe { core::slice::from_raw_parts(from, n) })
}

/// A caller's buffer, as [`slice`].
///
/// # Safety
/// `from` is NULL or points at `n` writable bytes that nothing else touches during the call.
#[allow(unsafe_code)] // Dereferences the caller's pointer.
pub(crate) unsafe fn buffer<'a>(to: *mut u8, n: usize) -> Result<&'a mut [u8], mp_result> {
    if n == 0 {
        return Ok(&mut []);
    }
    if to.is_null() {
        return Err(MP_ERR_NULL);
    }
    // SAFETY: not NULL, bytes are always aligned, and the caller says that `n` of them are writable.
    Ok(unsafe { core::slice::from_raw_parts_mut(to, n) })
}

/// A number format of samples: pairs of plain numbers in which every bit pattern is valid.
pub(crate) trait Sample: Copy + 'static {}
impl Sample for Complex<i8> {}
impl Sample for Complex<i16> {}
impl Sample for Complex<f32> {}

/// The sensor's scratch memory as samples of one format.
#[allow(unsafe_code)] // Gives the same bytes another type.
pub(crate) fn scratch<T: Sample>(words: &mut [u64]) -> &mut [T] {
    let n = size_of_val(words) / size_of::<T>();
    const { assert!(align_of::<T>() <= align_of::<u64>() && size_of::<T>() <= size_of::<u64>()) };
    // SAFETY: as many bytes, of no stricter alignment, borrowed for as long; every bit pattern is valid for both.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), n) }
}

#[cfg(test)]
#[allow(unsafe_code)] // The tests are the caller.
mod tests {
    use super::*;
    use crate::testing::config;

    #[test]
    fn an_older_struct_gets_defaults_and_a_newer_one_is_cut() {
        #[repr(C)]
        struct Newer {
            known: mp_config,
            unknown: [u8; 32],
        }
        let mut newer = Newer { known: config(1, 1), unknown: [0xff; 32] };
        newer.known.size = size_of::<Newer>() as u32;
        newer.known.hold_ms = 700;
        // SAFETY: as many bytes as the size says.
        let read_back = unsafe { read(ptr::from_ref(&newer).cast::<mp_config>()) }.unwrap();
        assert_eq!((read_back.hold_ms, newer.unknown[0]), (700, 0xff));
        let mut older = newer.known;
        older.size = mp_config::LEAST as u32;
        older.link_zones = ptr::dangling();
        // SAFETY: as many bytes as the size says.
        let read_back = unsafe { read(&older) }.unwrap();
        assert_eq!((read_back.links, read_back.hold_ms, read_back.link_zones), (1, 0, ptr::null()));
        for cut in 1..align_of::<mp_config>() {
            older.size = (mp_config::LEAST + cut) as u32;
            // SAFETY: as many bytes as the size says.
            assert_eq!(unsafe { read(&older) }.err(), Some(MP_ERR_SIZE), "half a pointer is none");
        }
    }
}
