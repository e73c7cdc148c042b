//! The actuator of a router with `hostapd`: announced channel switches, confirmed from its status.
//!
//! `hostapd`'s control interface sets no power, so a decision that changes the power alone is refused here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use millpond_dsp::phy::Micros;
use millpond_optimizer::model::regulatory::Domain;
use millpond_report::wire::range::Width;
use millpond_report::wire::{Decision, Setting};

use super::changes::{Changes, patience};
use super::{ActError, Actuator, Confirmation, Proposal, propose};
use crate::convert;
use crate::net::hostapd::{Hostapd, HostapdError, sockets, value};

const PATIENCE: Duration = Duration::from_secs(3);
/// Beacons that announce a switch before it happens.
const BEACONS: u8 = 5;

/// Radios of the router that this node runs on.
pub struct HostapdActuator {
    folder: PathBuf,
    own: PathBuf,
    node: u8,
    domain: Domain,
    changes: Changes,
}

impl HostapdActuator {
    /// An actuator over the control sockets in `folder`, for the pod `node`; our own ends are bound in `own`.
    pub fn new(folder: PathBuf, own: PathBuf, node: u8, domain: Domain) -> Self {
        Self { folder, own, node, domain, changes: Changes::default() }
    }

    /// The interface whose radio is set as given, and what it says of itself.
    fn interface(&self, like: &Setting) -> Result<(Hostapd, String), ActError> {
        let mut answered = false;
        for control in sockets(&self.folder) {
            let Ok(mut hostapd) = self.connect(&control) else { continue };
            let Ok(status) = hostapd.ask("STATUS") else { continue };
            answered = true;
            if setting(&status).is_some_and(|(mhz, width)| Some(mhz) == mhz_of(like) && width == like.width) {
                return Ok((hostapd, status));
            }
        }
        Err(if answered { ActError::Moved } else { ActError::Unreachable })
    }

    fn connect(&self, control: &Path) -> Result<Hostapd, HostapdError> {
        Hostapd::connect(control, &self.own.join("hostapd.sock"), PATIENCE)
    }

    fn switch(&self, from: &Setting, to: &Setting) -> Result<(), ActError> {
        let (mut hostapd, status) = self.interface(from)?;
        let command = command(to, &status).ok_or(ActError::Refused)?;
        hostapd.order(&command).map_err(|e| match e {
            HostapdError::Refused(_) => ActError::Refused,
            HostapdError::Io(_) => ActError::Unreachable,
        })
    }
}

impl Actuator for HostapdActuator {
    fn propose(&self, decision: &Decision) -> Result<Proposal, ActError> {
        if decision.from.node.get() != self.node {
            return Err(ActError::Elsewhere);
        }
        let (from, to) = (&decision.from, &decision.to);
        if (from.channel, from.width) == (to.channel, to.width) {
            return Err(if from == to { ActError::NothingToDo } else { ActError::Refused });
        }
        let mut proposal = propose(decision)?;
        proposal.to.power = from.power;
        proposal.commands = command(to, "").into_iter().collect();
        Ok(proposal)
    }

    fn apply(&mut self, proposal: &Proposal, now: Micros) -> Result<(), ActError> {
        self.changes.check_free(&proposal.to, now)?;
        self.switch(&proposal.from, &proposal.to)?;
        self.changes.add(proposal, now + patience(&proposal.to, &self.domain));
        Ok(())
    }

    fn confirm(&mut self, number: u16, now: Micros) -> Result<Confirmation, ActError> {
        let change = self.changes.find(number)?;
        let (to, late) = (change.proposal.to, now >= change.deadline);
        match self.interface(&to) {
            // While it listens for radar the state is DFS.
            Ok((_, status)) if value(&status, "state") == Some("ENABLED") => {
                self.changes.settle(number, now);
                Ok(Confirmation::Done)
            }
            Err(ActError::Unreachable) if late => Err(ActError::Unreachable),
            _ => Ok(if late { Confirmation::Failed } else { Confirmation::Waiting }),
        }
    }

    fn undo(&mut self, number: u16, _: Micros) -> Result<(), ActError> {
        let Proposal { from, to, .. } = self.changes.find(number)?.proposal;
        self.switch(&to, &from)?;
        self.changes.take(number).map(drop)
    }
}

/// The frequency of a setting's primary 20 MHz.
fn mhz_of(s: &Setting) -> Option<u16> {
    Some(convert::phy_band(s.band).mhz(convert::channel(s.band, s.channel.get(), s.width)?.primary()))
}

/// Frequency and width that a `STATUS` tells.
pub(crate) fn setting(status: &str) -> Option<(u16, Width)> {
    let mhz = value(status, "freq")?.parse().ok()?;
    let number = |key| value(status, key).and_then(|v| v.parse::<i32>().ok());
    let chwidth = ["eht_oper_chwidth", "he_oper_chwidth", "vht_oper_chwidth"].into_iter().find_map(number);
    let width = match (chwidth, number("secondary_channel")) {
        (Some(1), _) => Width::Mhz80,
        (Some(2), _) => Width::Mhz160,
        (Some(9), _) => Width::Mhz320,
        (Some(3), _) => return None,
        (_, None | Some(0)) => Width::Mhz20,
        _ => Width::Mhz40,
    };
    Some((mhz, width))
}

/// `CHAN_SWITCH` for a setting; the PHY generations are those that the radio runs now.
fn command(to: &Setting, status: &str) -> Option<String> {
    let channel = convert::channel(to.band, to.channel.get(), to.width)?;
    let band = convert::phy_band(to.band);
    let (primary, centre) = (mhz_of(to)?, band.mhz(channel.center()));
    let mut command = format!("CHAN_SWITCH {BEACONS} {primary}");
    if to.width != Width::Mhz20 {
        // The secondary 20 MHz is the other half of the primary's 40 MHz, wherever the centre is.
        let (low, _) = channel.span_mhz();
        let above = (primary - 10 - low) / 20 % 2 == 0;
        command += &format!(" sec_channel_offset={}", if above { 1 } else { -1 });
        command += &format!(" center_freq1={centre}");
    }
    command += &format!(" bandwidth={}", to.width.mhz());
    for (key, word) in [("ieee80211n", "ht"), ("ieee80211ac", "vht"), ("ieee80211ax", "he"), ("ieee80211be", "eht")] {
        if value(status, key) == Some("1") {
            command += &format!(" {word}");
        }
    }
    Some(command)
}

#[cfg(test)]
mod tests {
    use millpond_report::wire::range::{Band, Channel, NodeId, Power};

    use super::*;

    fn setting_of(band: Band, channel: i64, width: Width) -> Setting {
        Setting { node: NodeId::new(1), band, channel: Channel::new(channel), width, power: Power::new(20) }
    }

    #[test]
    fn commands_name_primary_secondary_and_centre() {
        let of = |b, c, w| command(&setting_of(b, c, w), "ieee80211n=1\nieee80211ac=1\nieee80211ax=0").unwrap();
        assert_eq!(of(Band::Ghz5, 36, Width::Mhz20), "CHAN_SWITCH 5 5180 bandwidth=20 ht vht");
        assert_eq!(
            of(Band::Ghz5, 149, Width::Mhz80),
            "CHAN_SWITCH 5 5745 sec_channel_offset=1 center_freq1=5775 bandwidth=80 ht vht"
        );
        assert_eq!(
            of(Band::Ghz5, 48, Width::Mhz80),
            "CHAN_SWITCH 5 5240 sec_channel_offset=-1 center_freq1=5210 bandwidth=80 ht vht"
        );
        assert_eq!(
            of(Band::Ghz5, 44, Width::Mhz160),
            "CHAN_SWITCH 5 5220 sec_channel_offset=1 center_freq1=5250 bandwidth=160 ht vht"
        );
    }

    #[test]
    fn status_tells_frequency_and_width() {
        let of = |text: &str| setting(text);
        assert_eq!(of("state=ENABLED\nfreq=2437\nsecondary_channel=0\n"), Some((2437, Width::Mhz20)));
        assert_eq!(of("freq=5180\nsecondary_channel=1\nvht_oper_chwidth=0\n"), Some((5180, Width::Mhz40)));
        assert_eq!(of("freq=5180\nsecondary_channel=1\nvht_oper_chwidth=1\n"), Some((5180, Width::Mhz80)));
        assert_eq!(
            of("freq=5180\nsecondary_channel=1\nhe_oper_chwidth=2\nvht_oper_chwidth=1\n"),
            Some((5180, Width::Mhz160))
        );
        assert_eq!(of("freq=x"), None);
        assert_eq!(of(""), None);
    }
}
