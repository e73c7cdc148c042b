//! No panic crosses the border.
//!
//! With `std` every entry point that touches a sensor runs inside [`guard`]. Without it there is nothing to catch
//! with: the host supplies `mp_on_panic`, and the archive is built with `panic = "abort"`.

/// The guarded call panicked.
pub(crate) struct Panicked;

/// Runs a call and turns a panic into an answer. What the call was changing may be half done: the caller poisons it.
#[cfg(feature = "std")]
pub(crate) fn guard<R>(call: impl FnOnce() -> R) -> Result<R, Panicked> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).map_err(|_| Panicked)
}

/// Runs a call. Without `std` a panic goes to the host's hook and does not come back.
#[cfg(not(feature = "std"))]
pub(crate) fn guard<R>(call: impl FnOnce() -> R) -> Result<R, Panicked> {
    Ok(call())
}

#[cfg(all(feature = "core-archive", not(feature = "std")))]
#[allow(unsafe_code)] // Calls the host's hook.
mod core_archive {
    unsafe extern "C" {
        /// Supplied by the host of the core archive: stop this device or task. It must not return.
        fn mp_on_panic() -> !;
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        // SAFETY: the host promises that the hook exists and does not return; it gets nothing that could be invalid.
        unsafe { mp_on_panic() }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_answer() {
        assert!(guard(|| 1).is_ok());
        assert!(guard(|| panic!("on purpose")).is_err());
    }
}
