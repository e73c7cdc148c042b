//! The host's log: told codes and numbers, nothing else.

use core::ffi::c_void;

use millpond_report::EventCode;
use millpond_report::wire::range::Number;

use crate::abi::{mp_config, mp_log};

/// Whom to tell, if anybody.
#[derive(Clone, Copy)]
pub(crate) struct Log {
    call: mp_log,
    user: *mut c_void,
}

impl Log {
    pub(crate) fn of(config: &mp_config) -> Self {
        Self { call: config.log, user: config.log_user }
    }

    /// Tells one event. The host is called while the sensor's door is shut, so what it calls on the same sensor is refused.
    #[allow(unsafe_code)] // Calls the host's function.
    pub(crate) fn tell(&self, code: EventCode, number: Number) {
        if let Some(call) = self.call {
            // SAFETY: the host gave a function of this type and promises that it returns; the rest is plain numbers and
            // its own pointer.
            unsafe { call(self.user, u32::from(code as u8), number.get().into()) }
        }
    }
}
