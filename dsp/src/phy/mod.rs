//! 802.11 vocabulary: units, channels, tones, addresses. The words that every other crate speaks.

pub mod channel;
pub mod mac;
pub mod tones;
pub mod units;
pub mod when;

pub use channel::{Band, Bandwidth, Channel};
pub use mac::MacAddr;
pub use tones::{PpduFormat, ToneSpacing};
pub use units::{Db, Dbm, Hz, Micros, Rcpi};
pub use when::When;
