//! Every cast of this crate: structs that begin with their size, slices from pointers and lengths, and the one
//! place where caller's memory becomes a sensor and a handle becomes a reference again.

use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use num_complex::Complex;

use crate::panic::guard;
use crate::result::mp_result::{self, *};
use crate::session::{Body, LinkSlot, Session};

/// Alignment of sensor memory in bytes. What `malloc` returns has it.
pub const MP_SENSOR_ALIGN: usize = 8;

/// A sensor. Its memory is the caller's, its inside is not.
pub struct mp_sensor {
    _opaque: [u8; 0],
}

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

/// What a sensor's memory has to hold. The parts lie behind one another: door, body, link slots, tables, scratch.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Links.
    pub links: u16,
    /// Tones of one chain, at most.
    pub tones: u16,
    /// Chains of one frame, at most.
    pub chains: u16,
    /// Keeps what follows aligned.
    pub zero: u16,
}

/// What stands in front: the only part that is touched while somebody else may be inside.
#[repr(C)]
struct Door {
    magic: AtomicU32,
    inside: AtomicU32,
    layout: Layout,
}

const LIVE: u32 = 0x4d50_6c76;
const POISONED: u32 = 0x4d50_7073;

const _: () = {
    assert!(align_of::<Door>() <= MP_SENSOR_ALIGN && size_of::<Door>() % MP_SENSOR_ALIGN == 0);
    assert!(align_of::<Body>() <= MP_SENSOR_ALIGN && align_of::<LinkSlot>() <= MP_SENSOR_ALIGN);
    // `u64` is the strictest: its size keeps the next part aligned even where its alignment is less.
    assert!(align_of::<u64>() <= MP_SENSOR_ALIGN);
};

const fn round_up(bytes: usize) -> usize {
    bytes.next_multiple_of(MP_SENSOR_ALIGN)
}

impl Layout {
    const BODY: usize = size_of::<Door>();
    const SLOTS: usize = Self::BODY + round_up(size_of::<Body>());

    fn table(self) -> usize {
        usize::from(self.links) * usize::from(self.tones)
    }

    fn order_at(self) -> usize {
        Self::SLOTS + round_up(usize::from(self.links) * size_of::<LinkSlot>())
    }

    fn tones_at(self) -> usize {
        self.order_at() + round_up(self.table() * size_of::<u16>())
    }

    fn scratch_at(self) -> usize {
        self.tones_at() + round_up(self.table() * size_of::<i16>())
    }

    fn words(self) -> usize {
        usize::from(self.chains) * usize::from(self.tones)
    }

    /// Bytes of a sensor. The ranges of `mp_config` keep this far below what 32 bits can count.
    pub(crate) fn bytes(self) -> usize {
        self.scratch_at() + self.words() * size_of::<u64>()
    }
}

/// Makes a sensor in the caller's memory.
///
/// # Safety
/// `memory` is NULL or points at `len` writable bytes that are the sensor's until it is closed.
#[allow(unsafe_code)] // Writes through the caller's pointer.
pub(crate) unsafe fn open(
    memory: *mut u8,
    len: usize,
    layout: Layout,
    body: Body,
    mut slot: impl FnMut(usize) -> LinkSlot,
) -> Result<*mut mp_sensor, mp_result> {
    if memory.is_null() {
        return Err(MP_ERR_NULL);
    }
    if memory.addr() % MP_SENSOR_ALIGN != 0 {
        return Err(MP_ERR_ALIGN);
    }
    if len < layout.bytes() {
        return Err(MP_ERR_MEMORY);
    }
    // SAFETY: `layout.bytes()` bytes are there and aligned; each part is written within them at an aligned offset. The
    // door comes last, so that a panic on the way leaves no live handle.
    unsafe {
        memory.write_bytes(0, layout.bytes());
        memory.add(Layout::BODY).cast::<Body>().write(body);
        for i in 0..usize::from(layout.links) {
            memory.add(Layout::SLOTS).cast::<LinkSlot>().add(i).write(slot(i));
        }
        memory.cast::<Door>().write(Door { magic: AtomicU32::new(LIVE), inside: AtomicU32::new(0), layout });
    }
    Ok(memory.cast())
}

/// Runs a call inside a sensor: one at a time, and a panic inside poisons it.
///
/// # Safety
/// `sensor` is NULL, or what `mp_sensor_init` gave and its memory is still readable and writable.
#[allow(unsafe_code)] // Turns the handle into references.
pub(crate) unsafe fn enter(
    sensor: *mut mp_sensor,
    call: impl FnOnce(&mut Session<'_>) -> Result<mp_result, mp_result>,
) -> mp_result {
    // SAFETY: the same promise.
    let door = match unsafe { knock(sensor, false) } {
        Ok(door) => door,
        Err(refused) => return refused,
    };
    let outcome = guard(|| {
        // SAFETY: the door was open and is now shut behind us, so these are the only references into the memory.
        let mut session = unsafe { session(sensor, door.layout) };
        mp_result::of(call(&mut session))
    });
    if outcome.is_err() {
        door.magic.store(POISONED, Ordering::Release);
    }
    door.inside.store(0, Ordering::Release);
    outcome.unwrap_or(MP_ERR_INTERNAL)
}

/// Ends a sensor and wipes its memory. A poisoned one is wiped without another look at what it holds.
///
/// # Safety
/// As for [`enter`]; the memory is the caller's again afterwards.
#[allow(unsafe_code)] // Drops and overwrites what the handle points at.
pub(crate) unsafe fn close(sensor: *mut mp_sensor) -> mp_result {
    // SAFETY: the same promise.
    let (poisoned, layout) = match unsafe { knock(sensor, true) } {
        Ok(door) => (door.magic.load(Ordering::Acquire) == POISONED, door.layout),
        Err(refused) => return refused,
    };
    let dropped = poisoned
        || guard(|| {
            // SAFETY: these are the only references, and what they point at is not used again.
            unsafe {
                let session = session(sensor, layout);
                ptr::from_mut(session.links).drop_in_place();
                ptr::from_mut(session.body).drop_in_place();
            }
        })
        .is_ok();
    // Volatile, so that the compiler does not leave out stores that nobody reads.
    for i in 0..layout.bytes() / size_of::<u64>() {
        // SAFETY: within the memory that `open` was given, aligned to 8.
        unsafe { sensor.cast::<u64>().add(i).write_volatile(0) };
    }
    if dropped { MP_OK } else { MP_ERR_INTERNAL }
}

/// Checks the handle and shuts the door behind the caller.
///
/// # Safety
/// As for [`enter`].
#[allow(unsafe_code)] // Looks at the memory behind the handle.
unsafe fn knock<'a>(sensor: *mut mp_sensor, poisoned_too: bool) -> Result<&'a Door, mp_result> {
    if sensor.is_null() {
        return Err(MP_ERR_NULL);
    }
    if sensor.addr() % MP_SENSOR_ALIGN != 0 {
        return Err(MP_ERR_HANDLE);
    }
    // SAFETY: readable by promise, aligned, and atomics may be read while another call is inside.
    let door = unsafe { &*sensor.cast::<Door>() };
    match door.magic.load(Ordering::Acquire) {
        LIVE => {}
        POISONED if poisoned_too => {}
        POISONED => return Err(MP_ERR_POISONED),
        _ => return Err(MP_ERR_HANDLE),
    }
    if shut(&door.inside) { Ok(door) } else { Err(MP_ERR_BUSY) }
}

/// Shuts the door; false if somebody is inside.
#[cfg(target_has_atomic = "32")]
fn shut(inside: &AtomicU32) -> bool {
    inside.swap(1, Ordering::AcqRel) == 0
}

/// Shuts the door; false if somebody is inside. Without an atomic exchange a second *thread* may slip in; a call from
/// within a call, and one from an interrupt handler, are still seen.
#[cfg(not(target_has_atomic = "32"))]
fn shut(inside: &AtomicU32) -> bool {
    let free = inside.load(Ordering::Acquire) == 0;
    inside.store(1, Ordering::Release);
    free
}

/// # Safety
/// A live sensor whose door is shut behind the caller, for as long as the session is used.
#[allow(unsafe_code)] // Turns the handle into references.
unsafe fn session<'a>(sensor: *mut mp_sensor, layout: Layout) -> Session<'a> {
    let at = sensor.cast::<u8>();
    // SAFETY: `open` has written each part at this offset with this length, the parts do not overlap, and the caller
    // says that nobody else looks at them.
    unsafe {
        Session {
            body: &mut *at.add(Layout::BODY).cast(),
            links: core::slice::from_raw_parts_mut(at.add(Layout::SLOTS).cast(), usize::from(layout.links)),
            from: core::slice::from_raw_parts_mut(at.add(layout.order_at()).cast(), layout.table()),
            tones: core::slice::from_raw_parts_mut(at.add(layout.tones_at()).cast(), layout.table()),
            scratch: core::slice::from_raw_parts_mut(at.add(layout.scratch_at()).cast(), layout.words()),
            layout,
        }
    }
}

#[cfg(all(test, feature = "std"))]
#[allow(unsafe_code)] // The tests are the caller.
mod tests {
    use super::*;
    use crate::sensor::{mp_config, mp_sensor_fini, mp_sensor_init, mp_sensor_reset, mp_sensor_size};

    fn config() -> mp_config {
        // SAFETY: a struct of integers and a pointer, in which zeros are valid.
        let mut c: mp_config = unsafe { MaybeUninit::zeroed().assume_init() };
        (c.size, c.abi, c.links, c.zones) = (size_of::<mp_config>() as u32, crate::version::MP_ABI, 1, 1);
        c
    }

    fn with_sensor(test: impl FnOnce(*mut mp_sensor)) -> Vec<u64> {
        let (config, mut bytes, mut sensor) = (config(), 0, ptr::null_mut());
        // SAFETY: locals, and memory of the length that was asked for.
        unsafe {
            assert_eq!(mp_sensor_size(&config, &mut bytes), MP_OK);
            let mut memory = vec![0u64; bytes.div_ceil(8)];
            assert_eq!(mp_sensor_init(memory.as_mut_ptr().cast(), bytes, &config, &mut sensor), MP_OK);
            test(sensor);
            memory
        }
    }

    #[test]
    fn a_call_within_a_call_is_refused() {
        with_sensor(|sensor| {
            let mut inner = [MP_OK; 2];
            // SAFETY: a live sensor; the calls within are the misuse that is tested.
            let outer = unsafe {
                enter(sensor, |_| {
                    inner = [mp_sensor_reset(sensor), mp_sensor_fini(sensor)];
                    Ok(MP_OK)
                })
            };
            assert_eq!((outer, inner), (MP_OK, [MP_ERR_BUSY; 2]));
            // SAFETY: a live sensor.
            assert_eq!(unsafe { mp_sensor_fini(sensor) }, MP_OK);
        });
    }

    #[test]
    fn a_panic_poisons_and_fini_still_wipes() {
        let memory = with_sensor(|sensor| {
            // SAFETY: a live sensor throughout.
            unsafe {
                assert_eq!(enter(sensor, |_| panic!("on purpose")), MP_ERR_INTERNAL);
                assert_eq!(mp_sensor_reset(sensor), MP_ERR_POISONED);
                assert_eq!(mp_sensor_fini(sensor), MP_OK);
                assert_eq!(mp_sensor_reset(sensor), MP_ERR_HANDLE);
            }
        });
        assert!(memory.iter().all(|word| *word == 0));
    }

    #[test]
    fn an_older_struct_gets_defaults_and_a_newer_one_is_cut() {
        #[repr(C)]
        struct Newer {
            known: mp_config,
            unknown: [u8; 32],
        }
        let mut newer = Newer { known: config(), unknown: [0xff; 32] };
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
