//! Values of class R: what may be computed with, and never shown.

use zeroize::Zeroize as _;

/// Can be overwritten so that nothing of the value stays behind.
///
/// Numbers, arrays of them, tuples and options of them have it already. A crate that lets its own type in writes it
/// for that type: each field in turn, or [`overwrite`] for a field whose inside is not in reach.
///
/// A type with this trait owns what it holds, or borrows it *shared* for one call (a view of a receive buffer). A cell in
/// such a borrow would carry raw values out; [`gate`](crate::gate) refuses it by its bounds. It does not see a lock, an atomic
/// or a channel: the source scan refuses those by their words.
pub trait Wipe {
    /// Overwrites the value. For a view: forgets the buffer; its owner wipes it.
    fn wipe(&mut self);
}

macro_rules! numbers {
    ($($t:ty)*) => { $(
        impl Wipe for $t {
            fn wipe(&mut self) {
                self.zeroize();
            }
        }
    )* };
}
numbers!(() bool char u8 i8 u16 i16 u32 i32 u64 i64 u128 i128 usize isize f32 f64);

impl<T: Wipe> Wipe for [T] {
    fn wipe(&mut self) {
        self.iter_mut().for_each(Wipe::wipe);
    }
}

impl<T: Wipe, const N: usize> Wipe for [T; N] {
    fn wipe(&mut self) {
        self.as_mut_slice().wipe();
    }
}

/// Wipes what is there, then leaves `None`.
impl<T: Wipe> Wipe for Option<T> {
    fn wipe(&mut self) {
        if let Some(value) = self {
            value.wipe();
        }
        overwrite(self, None);
    }
}

impl<A: Wipe, B: Wipe> Wipe for (A, B) {
    fn wipe(&mut self) {
        self.0.wipe();
        self.1.wipe();
    }
}

impl<A: Wipe, B: Wipe, C: Wipe> Wipe for (A, B, C) {
    fn wipe(&mut self) {
        self.0.wipe();
        self.1.wipe();
        self.2.wipe();
    }
}

/// Writes [`Wipe`] for a struct by naming all its fields; a field left out does not compile.
///
/// ```
/// struct Detector {
///     mean: f32,
///     seen: [Option<u32>; 4],
/// }
/// millpond_report::wipe_fields!(Detector { mean, seen });
///
/// let state = millpond_report::Raw::new(Detector { mean: -51.0, seen: [None; 4] });
/// # drop(state);
/// ```
#[macro_export]
macro_rules! wipe_fields {
    ($t:ty { $($field:ident),* $(,)? }) => {
        impl $crate::Wipe for $t {
            fn wipe(&mut self) {
                let Self { $($field),* } = self;
                $( $crate::Wipe::wipe($field); )*
            }
        }
    };
}

impl<T: Telemetry> Telemetry for Option<T> {}
impl<T: Telemetry, const N: usize> Telemetry for [T; N] {}
impl<A: Telemetry, B: Telemetry> Telemetry for (A, B) {}
impl Telemetry for () {}

/// A value that exists while sensing is off: sums per channel, station tables, scans, and what the planner makes of
/// them. Never channel state, beamforming feedback, fine RSSI series or Bluetooth adverts.
///
/// Those who write it for a type answer for that; [`gate::fold`](crate::gate::fold) needs no permit for such a type.
pub trait Telemetry: Wipe {}

/// Replaces a value whose fields are out of reach by a blank one, and keeps the compiler from leaving the store out.
///
/// Bytes that the blank value does not define (padding, unused capacity) may keep what they held: where a type's
/// fields can be reached, wipe them one by one instead.
pub fn overwrite<T>(place: &mut T, blank: T) {
    *place = blank;
    core::hint::black_box(place);
}

/// A value of class R.
///
/// It cannot be printed, cloned, compared, hashed, serialised or dereferenced, and it is wiped when dropped. Anybody
/// may make one; only the functions of [`gate`](crate::gate) look inside.
///
/// ```compile_fail,E0277
/// let rssi = millpond_report::Raw::new(-61i32);
/// println!("{:?}", rssi);
/// ```
pub struct Raw<T: Wipe>(T);

impl<T: Wipe> Raw<T> {
    /// Seals a value. The way back is through `gate` alone.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    pub(crate) const fn open(&self) -> &T {
        &self.0
    }

    pub(crate) const fn open_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Wipe> Drop for Raw<T> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

/// An EUI-48 address as the gate needs it: for handles and pseudonyms. It has no reader.
pub struct Address([u8; 6]);

impl Address {
    /// From the bytes in the order of transmission.
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 6] {
        &self.0
    }
}

impl Wipe for Address {
    fn wipe(&mut self) {
        self.0.zeroize();
    }
}

impl Telemetry for Address {}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    struct Watched<'a> {
        inner: [u16; 3],
        seen: &'a Cell<u16>,
    }

    impl Wipe for Watched<'_> {
        fn wipe(&mut self) {
            self.inner.wipe();
            self.seen.set(self.inner.iter().sum::<u16>() + 1);
        }
    }

    struct Inner(u16);

    impl Wipe for Inner {
        fn wipe(&mut self) {
            self.0.wipe();
        }
    }

    struct Outer {
        inner: Inner,
        rest: bool,
    }
    wipe_fields!(Outer { inner, rest });

    #[test]
    fn dropping_wipes() {
        let seen = Cell::new(0);
        drop(Raw::new(Watched { inner: [7, 8, 9], seen: &seen }));
        assert_eq!(seen.get(), 1);
    }

    #[test]
    fn the_usual_values_can_be_wiped() {
        let mut v = (3u8, [Some(1.5f32); 2], -4i64);
        v.wipe();
        assert_eq!(v, (0, [None; 2], 0));
        let mut v = Some(Outer { inner: Inner(7), rest: true });
        let Some(place) = &mut v else { panic!("it is there") };
        place.wipe();
        assert!(place.inner.0 == 0 && !place.rest);
        v.wipe();
        assert!(v.is_none());
        let mut a = Address::new([2, 0, 0, 0, 0, 1]);
        a.wipe();
        assert_eq!(a.bytes(), &[0; 6]);
        let mut s = std::string::String::from("x");
        overwrite(&mut s, std::string::String::new());
        assert!(s.is_empty());
    }
}
