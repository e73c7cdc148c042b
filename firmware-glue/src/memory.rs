//! The one place where caller's memory becomes a sensor and a handle becomes a reference again.

use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use millpond_report::Raw;

use crate::life::LinkLife;
use crate::panic::guard;
use crate::result::mp_result::{self, *};
use crate::session::{Body, Layout, LinkSlot, Session};

/// Alignment of sensor memory in bytes. What `malloc` returns has it.
pub const MP_SENSOR_ALIGN: usize = 8;

/// A sensor. Its memory is the caller's, its inside is not.
pub struct mp_sensor {
    _opaque: [u8; 0],
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
    assert!(align_of::<Raw<LinkLife>>() <= MP_SENSOR_ALIGN);
    // `u64` is the strictest: its size keeps the next part aligned even where its alignment is less.
    assert!(align_of::<u64>() <= MP_SENSOR_ALIGN);
};

const fn round_up(bytes: usize) -> usize {
    bytes.next_multiple_of(MP_SENSOR_ALIGN)
}

impl Layout {
    const ZERO: Self = Self { links: 0, tones: 0, chains: 0, presence: 0 };
    const BODY: usize = size_of::<Door>();
    const SLOTS: usize = Self::BODY + round_up(size_of::<Body>());

    fn table(self) -> usize {
        usize::from(self.links) * usize::from(self.tones)
    }

    fn lives(self) -> usize {
        usize::from(self.links) * usize::from(self.presence)
    }

    fn lives_at(self) -> usize {
        Self::SLOTS + round_up(usize::from(self.links) * size_of::<LinkSlot>())
    }

    fn tables_at(self) -> usize {
        self.lives_at() + round_up(self.lives() * size_of::<Raw<LinkLife>>())
    }

    fn work_at(self) -> usize {
        self.tables_at() + round_up(self.table() * size_of::<i16>())
    }

    fn scratch_at(self) -> usize {
        self.work_at() + round_up(usize::from(self.tones) * size_of::<i16>())
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
    mut life: impl FnMut() -> Raw<LinkLife>,
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
            place(&mut *memory.add(Layout::SLOTS).cast::<MaybeUninit<LinkSlot>>().add(i), || slot(i));
        }
        for i in 0..layout.lives() {
            place(&mut *memory.add(layout.lives_at()).cast::<MaybeUninit<Raw<LinkLife>>>().add(i), &mut life);
        }
        memory.cast::<Door>().write(Door { magic: AtomicU32::new(LIVE), inside: AtomicU32::new(0), layout });
    }
    Ok(memory.cast())
}

/// Makes a part where it is to stay. On its own, so that the compiler needs no second place for it on the stack.
#[inline(never)]
fn place<T>(at: &mut MaybeUninit<T>, make: impl FnOnce() -> T) {
    at.write(make());
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
                ptr::from_mut(session.lives).drop_in_place();
                ptr::from_mut(session.body).drop_in_place();
            }
        })
        .is_ok();
    // Volatile, so that the compiler does not leave out stores that nobody reads. The door comes last and in atomic stores,
    // since another thread may knock by mistake; it finds the door shut until nothing is behind it.
    for i in size_of::<Door>() / size_of::<u64>()..layout.bytes() / size_of::<u64>() {
        // SAFETY: within the memory that `open` was given, aligned to 8.
        unsafe { sensor.cast::<u64>().add(i).write_volatile(0) };
    }
    let door = sensor.cast::<Door>();
    // SAFETY: the door is there and aligned; whoever knocks looks at its layout only after it has opened.
    unsafe {
        (&raw mut (*door).layout).write_volatile(Layout::ZERO);
        (*door).magic.store(0, Ordering::Release);
        (*door).inside.store(0, Ordering::Release);
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
    if !shut(&door.inside) {
        return Err(MP_ERR_BUSY);
    }
    // Another thread may have ended the sensor between the two looks.
    if door.magic.load(Ordering::Acquire) == 0 {
        door.inside.store(0, Ordering::Release);
        return Err(MP_ERR_HANDLE);
    }
    Ok(door)
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
            lives: core::slice::from_raw_parts_mut(at.add(layout.lives_at()).cast(), layout.lives()),
            tables: core::slice::from_raw_parts_mut(at.add(layout.tables_at()).cast(), layout.table()),
            work: core::slice::from_raw_parts_mut(at.add(layout.work_at()).cast(), usize::from(layout.tones)),
            scratch: core::slice::from_raw_parts_mut(at.add(layout.scratch_at()).cast(), layout.words()),
            layout,
        }
    }
}

#[cfg(all(test, feature = "std"))]
#[allow(unsafe_code)] // The tests are the caller.
mod tests {
    use super::*;
    use crate::abi::{MP_SENSING_ON, mp_frame};
    use crate::session::Settings;
    use crate::testing::{channel, config, frame};

    fn with_sensor(test: impl FnOnce(*mut mp_sensor)) -> Vec<u64> {
        let settings = Settings::of(&config(1, 1)).expect("the least is enough");
        let bytes = settings.layout.bytes();
        let mut memory = vec![u64::MAX; bytes.div_ceil(8)];
        let slot = |i| LinkSlot::new(&settings, i, 1, 1);
        // SAFETY: memory of the length that was asked for.
        let sensor = unsafe {
            open(memory.as_mut_ptr().cast(), bytes, settings.layout, Body::new(&settings), slot, || settings.life())
        };
        test(sensor.expect("the memory is as long as it has to be"));
        memory
    }

    /// # Safety
    /// As for [`enter`].
    unsafe fn reset(sensor: *mut mp_sensor) -> mp_result {
        // SAFETY: the same promise.
        unsafe { enter(sensor, |session| session.reset()) }
    }

    /// # Safety
    /// As for [`enter`]; the frame's pointers are to arrays of the test.
    unsafe fn push(sensor: *mut mp_sensor, frame: &mp_frame) -> mp_result {
        // SAFETY: the same promise.
        unsafe { enter(sensor, |session| session.push(frame.link, frame.t_us, || frame.given())) }
    }

    #[test]
    fn a_call_within_a_call_is_refused() {
        with_sensor(|sensor| {
            let mut inner = [MP_OK; 2];
            // SAFETY: a live sensor; the calls within are the misuse that is tested.
            let outer = unsafe {
                enter(sensor, |_| {
                    inner = [reset(sensor), close(sensor)];
                    Ok(MP_OK)
                })
            };
            assert_eq!((outer, inner), (MP_OK, [MP_ERR_BUSY; 2]));
            // SAFETY: a live sensor.
            assert_eq!(unsafe { close(sensor) }, MP_OK);
        });
    }

    #[test]
    fn a_panic_poisons_and_closing_still_wipes() {
        let memory = with_sensor(|sensor| {
            // SAFETY: a live sensor throughout.
            unsafe {
                assert_eq!(enter(sensor, |_| panic!("on purpose")), MP_ERR_INTERNAL);
                assert_eq!(reset(sensor), MP_ERR_POISONED);
                assert_eq!(close(sensor), MP_OK);
                assert_eq!(reset(sensor), MP_ERR_HANDLE);
            }
        });
        assert!(memory.iter().all(|word| *word == 0));
    }

    #[test]
    fn threads_that_share_a_sensor_are_told_so() {
        // Miri takes about twenty milliseconds for a frame.
        const CALLS: u32 = if cfg!(miri) { 100 } else { 2000 };
        with_sensor(|sensor| {
            // SAFETY: a live sensor.
            assert_eq!(unsafe { enter(sensor, |session| session.set_sensing(0, MP_SENSING_ON, 0)) }, MP_OK);
            let at = sensor.expose_provenance();
            let hammer = move || {
                let mut results = [0u32; 2];
                let h = channel(0);
                for i in 0..u64::from(CALLS) {
                    let mut f = frame(1 + i, 0);
                    f.samples = h.as_ptr().cast();
                    // SAFETY: the sensor outlives the threads; calls at the same time are the misuse that is tested.
                    match unsafe { push(ptr::with_exposed_provenance_mut(at), &f) } {
                        MP_OK | MP_ERR_TIME => results[0] += 1,
                        MP_ERR_BUSY => results[1] += 1,
                        other => panic!("{other:?}"),
                    }
                }
                results
            };
            let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(hammer)).collect();
            let results: Vec<[u32; 2]> = threads.into_iter().map(|t| t.join().unwrap()).collect();
            assert!(results.iter().all(|[done, busy]| done + busy == CALLS));
            let mut messages = 0;
            let poll = |session: &mut Session<'_>| {
                while session.poll(1_000_000)?.is_some() {
                    messages += 1;
                }
                Ok(MP_OK)
            };
            // SAFETY: a live sensor.
            assert_eq!(unsafe { (enter(sensor, poll), close(sensor)) }, (MP_OK, MP_OK));
            assert_eq!(messages, 4, "the sensor is as well as before: status, zone, and two events");
        });
    }
}
