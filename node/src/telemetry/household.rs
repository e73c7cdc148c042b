//! The home's pods as a door sees them: which address is a pod, and how a level becomes a loss.

use millpond_dsp::phy::{Band, MacAddr};

use super::{AirReport, Home, NOBODY, PodPair, Station, overwrite};

/// Power of a station, dBm: the TGax simulation scenarios' (IEEE 802.11-14/0980r16, 15 dBm). No driver tells it.
const STATION_DBM: i32 = 15;
/// What a path loses more on a higher band: 20 log10 of the ratio of frequencies, from 2437 MHz to 5500 and 6500.
const BAND_DB: [i32; 3] = [0, 7, 9];

/// The home, seen from one of its pods.
#[derive(Clone)]
pub struct Household {
    home: Home,
    own: usize,
}

impl Household {
    /// The home, seen from the pod of an index.
    pub const fn new(home: Home, own: usize) -> Self {
        Self { home, own }
    }

    /// Looks from another pod from now on.
    pub const fn look_from(&mut self, own: usize) {
        self.own = own;
    }

    /// The address of the pod that is looked from.
    pub fn own(&self) -> MacAddr {
        self.address(self.own).unwrap_or(NOBODY)
    }

    /// A pod's address.
    pub fn address(&self, pod: usize) -> Option<MacAddr> {
        self.home.pods.get(pod).copied()
    }

    /// The pod that an address is of.
    pub fn pod_of(&self, address: MacAddr) -> Option<usize> {
        self.home.pod(address)
    }

    /// A station that the own pod serves: one of the home's pods is a backhaul, everything else a client.
    pub fn add_station(&self, r: &mut AirReport, who: MacAddr, band: Band, level_dbm: i32, power: i32, demand: u32) {
        if self.pod_of(who).is_some() {
            self.add_pod(r, who, band, level_dbm, power);
            return;
        }
        let loss = STATION_DBM - level_dbm;
        // The same path on the other bands, until somebody measures it there.
        let losses = Band::ALL.into_iter().map(|b| (self.own(), b, (loss + more(b) - more(band)).max(0)));
        let (demand_kbps, losses) = (demand, losses.collect());
        r.stations.push(Station { demand_kbps, losses, ..Station::nameless(who, (self.own(), band)) });
    }

    /// A pod that the own pod hears. Pods send with like power.
    pub fn add_pod(&self, r: &mut AirReport, who: MacAddr, band: Band, level_dbm: i32, power_dbm: i32) {
        let Some(other) = self.pod_of(who).filter(|p| *p != self.own).and_then(|p| self.address(p)) else { return };
        let loss_db = (power_dbm - level_dbm).max(0);
        r.pod_losses.push(PodPair { pods: (self.own(), other), band, loss_db });
    }
}

impl Drop for Household {
    fn drop(&mut self) {
        overwrite(&mut self.home.pods, || NOBODY);
        overwrite(&mut self.home.others, || (NOBODY, 0));
    }
}

const fn more(band: Band) -> i32 {
    BAND_DB[band as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_becomes_a_loss_on_every_band_and_a_pod_is_no_client() {
        let pods = vec![MacAddr([2, 0, 0, 0, 0, 1]), MacAddr([2, 0, 0, 0, 0, 2])];
        let others = vec![(MacAddr([2, 0, 0, 0, 1, 2]), 1)];
        let household = Household::new(Home { country: "EU".into(), pods: pods.clone(), others }, 0);
        let mut r = AirReport::default();
        household.add_station(&mut r, MacAddr([2, 0, 0, 0, 9, 9]), Band::Ghz5, -60, 20, 7);
        household.add_station(&mut r, MacAddr([2, 0, 0, 0, 1, 2]), Band::Ghz5, -60, 20, 7);
        household.add_station(&mut r, pods[0], Band::Ghz5, -60, 20, 7);
        assert_eq!((r.stations.len(), r.pod_losses.len()), (1, 1));
        let losses: Vec<i32> = r.stations[0].losses.iter().map(|l| l.2).collect();
        assert_eq!((losses, r.pod_losses[0].loss_db, r.pod_losses[0].pods), (vec![68, 75, 77], 80, (pods[0], pods[1])));
    }
}
