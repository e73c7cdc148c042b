//! EUI-48 addresses: class R of the privacy contract, so they cannot be printed by accident.

use core::fmt;

/// An EUI-48 address.
///
/// It has no `Display` and no `Serialize`; `Debug` shows the OUI alone. Nothing may be derived from its value but
/// equality (a table key) and the two flag bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// True for a group (multicast or broadcast) address: bit 0 of the first octet.
    pub fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// True for a locally administered address: bit 1 of the first octet.
    pub fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, ..] = self.0;
        write!(f, "MacAddr({a:02x}:{b:02x}:{c:02x}:..)")
    }
}
