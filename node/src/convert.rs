//! The radio vocabulary into the wire vocabulary.

use millpond_dsp::phy;
pub use millpond_optimizer::decisions::{band, width};
use millpond_report::wire::range::{Band, Width};

/// A band, back.
pub const fn phy_band(band: Band) -> phy::Band {
    match band {
        Band::Ghz2 => phy::Band::Ghz2,
        Band::Ghz5 => phy::Band::Ghz5,
        Band::Ghz6 => phy::Band::Ghz6,
    }
}

/// A channel, if the numbers name one.
pub fn channel(b: Band, primary: u8, w: Width) -> Option<phy::Channel> {
    phy::Channel::new(phy_band(b), primary, phy::Bandwidth::try_from(w.mhz()).ok()?)
}
