//! Which library this is, and whether header and archive belong together.

use core::ffi::{CStr, c_char};

/// The ABI of this header. It grows when a struct or a call changes so that old programs would misread it; members
/// added at the end of a struct do not count.
pub const MP_ABI: u32 = 1;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(text) => text,
    Err(_) => c"",
};

/// The version of the library as text, for a log. Never NULL; valid as long as the library is loaded.
#[allow(unsafe_code)] // An exported name: the prefix `mp_` is this library's own.
#[unsafe(no_mangle)]
pub extern "C" fn mp_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The ABI that the library was built with. A program compares it with `MP_ABI` before anything else.
#[allow(unsafe_code)] // An exported name: the prefix `mp_` is this library's own.
#[unsafe(no_mangle)]
pub extern "C" fn mp_abi() -> u32 {
    MP_ABI
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_manifests() {
        assert_eq!(VERSION.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }
}
