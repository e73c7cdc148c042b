//! What the host measured of a channel, checked and reduced to a message of classes.

use millpond_report::estimate::RadioSurvey;
use millpond_report::wire::range::{Band, Blocked, Channel, NodeId, Width};
use millpond_report::wire::{Derived, Lan, Radio};
use millpond_report::{Raw, gate};

use crate::abi::{MP_BAND_2, MP_BAND_5, MP_BAND_6, mp_survey};
use crate::result::mp_result::{self, MP_ERR_ARGUMENT};

const _: () = {
    assert!(MP_BAND_2 == Band::Ghz2 as u8 && MP_BAND_5 == Band::Ghz5 as u8 && MP_BAND_6 == Band::Ghz6 as u8);
};

/// The message about a radio.
///
/// - Errors: `MP_ERR_ARGUMENT` for a node, band, channel, width or flag that does not exist
pub(crate) fn radio(s: &mp_survey) -> Result<Derived<Radio, Lan>, mp_result> {
    let band = band(s.band)?;
    let width = width(s.width_mhz)?;
    let blocked = Blocked::ALL.iter().copied().find(|b| *b as u8 == s.radar).ok_or(MP_ERR_ARGUMENT)?;
    let known = 1..=Channel::MAX;
    if !(NodeId::MIN..=NodeId::MAX).contains(&s.node.into()) || !known.contains(&s.channel.into()) {
        return Err(MP_ERR_ARGUMENT);
    }
    let survey = RadioSurvey {
        channel: s.channel,
        width,
        busy_ms: s.busy_ms,
        active_ms: s.active_ms,
        noise_dbm: s.noise_dbm,
        neighbours: s.neighbours,
        stations: s.stations,
        blocked,
    };
    Ok(gate::radio(NodeId::new(s.node.into()), band, &Raw::new(survey)))
}

/// `MP_BAND_*`.
pub(crate) fn band(code: u8) -> Result<Band, mp_result> {
    Band::ALL.iter().copied().find(|b| *b as u8 == code).ok_or(MP_ERR_ARGUMENT)
}

/// A width in MHz; 0 is 20.
pub(crate) fn width(mhz: u16) -> Result<Width, mp_result> {
    Width::ALL.iter().copied().find(|w| w.mhz() == if mhz == 0 { 20 } else { mhz }).ok_or(MP_ERR_ARGUMENT)
}
