//! The air that strangers take: neighbours heard one by one, and what the survey measured beyond them.

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use super::chart::{index, overlap_of, overlap_rows};
use super::overlap::Overlap;
use super::rates::NOISE_DBM;
use super::sense::{coupling_permille, preamble_dbm, taken_ppm};
use crate::model::topology::{Foreign, Measured};

/// What one pod hears in one band.
pub struct Ear {
    /// Who is loud enough to count on some channel, with what its channel takes from each channel of the band.
    heard: Vec<(Foreign, &'static [Overlap])>,
    /// Survey entries with the share of time that the neighbours leave unexplained there.
    survey: Vec<(Measured, f64)>,
}

impl Ear {
    /// Sorts out what a pod hears in a band.
    pub fn new(band: Band, neighbours: &[Foreign], survey: &[Measured]) -> Self {
        let counts = |f: &&Foreign| {
            f.channel.band() == band && coupling_permille(f.level_dbm, preamble_dbm(Bandwidth::Mhz20)) > 0
        };
        let heard: Vec<_> = neighbours.iter().filter(counts).map(|f| (*f, overlap_rows(f.channel).1)).collect();
        let unexplained = |m: &Measured| {
            let at = index(m.channel);
            let explained: f64 = heard.iter().map(|f| 1.0 - taken(coupled(f, at), &f.0)).product();
            let left = (1.0 - f64::from(m.busy_permille) / 1_000.0) / explained.max(1e-6);
            1.0 - left.min(1.0)
        };
        let survey = survey.iter().filter(|m| m.channel.band() == band).map(|m| (*m, unexplained(m))).collect();
        Self { heard, survey }
    }

    /// The share of time that strangers leave free on a channel: `product of (1 - duty o phi)`.
    ///
    /// The survey of a 20 MHz channel raises the busy share of that channel to the measured value where the neighbours
    /// alone explain less; it enters as one more network on that channel. At 2.4 GHz surveys overlap like networks do.
    pub fn free_share(&self, own: Channel) -> f64 {
        self.free_and_contenders(own).0
    }

    /// That share, and the number of strangers that contend with us, each counted by its coupling.
    pub fn free_and_contenders(&self, own: Channel) -> (f64, f64) {
        let at = index(own);
        let (mut free, mut contenders) = (1.0, 0.0);
        for f in &self.heard {
            let share = if own.punctured() == 0 { coupled(f, at) } else { coupled_anew(&f.0, own) };
            if share > 0.0 {
                free *= 1.0 - taken(share, &f.0);
                contenders += share;
            }
        }
        let near = self.survey.iter().filter(|(m, _)| near(own, m.channel));
        let free = near.fold(free, |free, (m, unexplained)| {
            free * (1.0 - unexplained * f64::from(overlap_of(own, m.channel).permille) / 1_000.0)
        });
        (free, contenders)
    }

    /// The number of strangers that contend with us, each counted by its coupling.
    pub fn contenders(&self, own: Channel) -> f64 {
        self.free_and_contenders(own).1
    }

    /// The highest noise floor in dBm over 20 MHz that was measured inside a channel; -94 dBm if nothing was.
    pub fn noise_dbm(&self, own: Channel) -> i32 {
        let inside = self.survey.iter().map(|s| s.0).filter(|m| m.channel.overlaps(own));
        inside.filter_map(|m| m.noise_dbm).max().unwrap_or(NOISE_DBM)
    }
}

/// The share that each unit of a stranger's airtime takes from the channel at a place of the band's chart.
fn coupled((f, row): &(Foreign, &'static [Overlap]), at: usize) -> f64 {
    f64::from(taken_ppm(row[at], f.channel.width(), f.level_dbm)) / 1e6
}

/// The same for any channel.
fn coupled_anew(f: &Foreign, own: Channel) -> f64 {
    f64::from(taken_ppm(overlap_of(own, f.channel), f.channel.width(), f.level_dbm)) / 1e6
}

fn taken(coupled: f64, f: &Foreign) -> f64 {
    f64::from(f.duty_permille) / 1_000.0 * coupled
}

/// True if a survey entry says something about a channel.
fn near(own: Channel, measured: Channel) -> bool {
    debug_assert_eq!(measured.width(), Bandwidth::Mhz20, "validated");
    own.band() == Band::Ghz2 || own.overlaps(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(primary: u8, width: Bandwidth) -> Channel {
        Channel::new(Band::Ghz5, primary, width).unwrap()
    }

    #[test]
    fn neighbours_multiply_and_the_survey_fills_up() {
        let own = channel(36, Bandwidth::Mhz20);
        let near = Foreign { channel: own, level_dbm: -60, duty_permille: 200 };
        let far = Foreign { level_dbm: -87, ..near };
        assert!((Ear::new(own.band(), &[near, far], &[]).free_share(own) - 0.8 * 0.9).abs() < 1e-12);
        let survey = |busy| Measured { channel: own, busy_permille: busy, noise_dbm: None };
        // Measured less than the neighbours explain: nothing to add. More: the measured share holds.
        assert!((Ear::new(own.band(), &[near], &[survey(100)]).free_share(own) - 0.8).abs() < 1e-12);
        assert!((Ear::new(own.band(), &[near], &[survey(500)]).free_share(own) - 0.5).abs() < 1e-12);
        assert!((Ear::new(own.band(), &[near, far], &[]).contenders(own) - 1.5).abs() < 1e-12);
    }

    #[test]
    fn a_hole_hears_nobody() {
        let whole = channel(36, Bandwidth::Mhz80);
        let part = whole.puncture(0b0100).unwrap();
        let there = channel(44, Bandwidth::Mhz20);
        let near = Foreign { channel: there, level_dbm: -50, duty_permille: 400 };
        let survey = [Measured { channel: there, busy_permille: 700, noise_dbm: Some(-80) }];
        let ear = Ear::new(Band::Ghz5, &[near], &survey);
        assert!(ear.free_share(whole) < 0.7 && ear.contenders(whole) > 0.4);
        assert_eq!((ear.free_and_contenders(part), ear.noise_dbm(part)), ((1.0, 0.0), NOISE_DBM));
    }

    #[test]
    fn a_busy_secondary_costs_its_part() {
        let survey = [Measured { channel: channel(44, Bandwidth::Mhz20), busy_permille: 400, noise_dbm: Some(-90) }];
        let ear = Ear::new(Band::Ghz5, &[], &survey);
        assert!((ear.free_share(channel(36, Bandwidth::Mhz80)) - 0.8).abs() < 1e-12);
        assert!((ear.free_share(channel(36, Bandwidth::Mhz20)) - 1.0).abs() < 1e-12);
        assert_eq!(ear.noise_dbm(channel(36, Bandwidth::Mhz80)), -90);
        assert_eq!(ear.noise_dbm(channel(36, Bandwidth::Mhz20)), -94);
    }
}
