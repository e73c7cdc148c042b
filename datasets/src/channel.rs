//! Channels as recordings name them.

use millpond_dsp::phy::{Band, Bandwidth, Channel};

/// The 20 MHz channel of a centre frequency in MHz.
pub(crate) fn of_center(mhz: u16) -> Option<Channel> {
    let (band, number) = match mhz {
        2484 => (Band::Ghz2, 14),
        2412..=2472 => (Band::Ghz2, (mhz - 2407) / 5),
        5160..=5885 => (Band::Ghz5, (mhz - 5000) / 5),
        5955..=7115 => (Band::Ghz6, (mhz - 5950) / 5),
        _ => return None,
    };
    let number = u8::try_from(number).ok()?;
    (band.mhz(number) == mhz).then(|| Channel::new(band, number, Bandwidth::Mhz20))?
}

/// A channel and what the recording calls it: recordings seldom leave a channel, and looking one up is slow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<K>(Option<(K, Option<Channel>)>);

impl<K: Copy + Eq> Known<K> {
    /// The channel of a key, looked up when the key is another than the last.
    pub fn get(&mut self, key: K, look_up: impl FnOnce(K) -> Option<Channel>) -> Option<Channel> {
        match self.0 {
            Some((last, channel)) if last == key => channel,
            _ => self.0.insert((key, look_up(key))).1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centres() {
        assert_eq!(of_center(2484).unwrap().primary(), 14);
        assert_eq!(of_center(2412).unwrap().primary(), 1);
        assert_eq!(of_center(5180).unwrap().primary(), 36);
        assert_eq!(of_center(5955).unwrap().band(), Band::Ghz6);
        assert!(of_center(2413).is_none());
        assert!(of_center(0).is_none());
    }
}
