//! Where the subcarriers of a file stand in a frame: ascending tones, with the way back to the stored order.

use millpond_dsp::phy::tones::is_populated;
use millpond_dsp::phy::{Bandwidth, PpduFormat};

/// The tones of one frame shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Signed tone indices, ascending within each training field.
    pub tones: Vec<i16>,
    /// Position of stored subcarrier `i`: a tone if below `tones.len()`, else an extra value.
    pub order: Vec<u16>,
}

impl Layout {
    /// A layout of training fields behind one another, each a list of tone indices in stored order.
    ///
    /// Stored subcarriers for which `missing` is true hold no channel: they become extras behind the tones.
    pub fn new(fields: &[Vec<i16>], missing: impl Fn(usize, i16) -> bool) -> Self {
        let n: usize = fields.iter().map(Vec::len).sum();
        let (mut tones, mut order) = (Vec::with_capacity(n), vec![0; n]);
        let (mut base, mut extras) = (0, Vec::new());
        for field in fields {
            let (mut kept, gone): (Vec<usize>, Vec<usize>) =
                (0..field.len()).partition(|&i| !missing(base + i, field[i]));
            kept.sort_by_key(|&i| field[i]);
            for i in kept {
                order[base + i] = tones.len() as u16;
                tones.push(field[i]);
            }
            extras.extend(gone.into_iter().map(|i| base + i));
            base += field.len();
        }
        for (i, at) in extras.into_iter().enumerate() {
            order[at] = (tones.len() + i) as u16;
        }
        Self { tones, order }
    }

    /// One field, nothing missing.
    pub fn plain(tones: Vec<i16>) -> Self {
        Self::new(&[tones], |_, _| false)
    }

    /// Ascending tones, which ones told by their number alone.
    pub fn of_count(n: usize) -> Self {
        Self::plain(by_count(n).map_or_else(|| centred(n), |(format, width)| populated(format, width)))
    }

    /// Number of stored subcarriers.
    pub fn stored(&self) -> usize {
        self.order.len()
    }
}

/// FFT order: 0 .. n/2-1, then -n/2 .. -1.
pub(crate) fn fft_order(n: usize) -> Vec<i16> {
    let half = (n / 2) as i16;
    (0..n as i16 - half).chain(-half..0).collect()
}

/// Ascending with the zero tone in the middle: -n/2 .. n/2-1.
pub(crate) fn centred(n: usize) -> Vec<i16> {
    let half = (n / 2) as i16;
    (-half..n as i16 - half).collect()
}

/// All tones that carry a channel, ascending.
pub(crate) fn populated(format: PpduFormat, width: Bandwidth) -> Vec<i16> {
    (-2048..2048).filter(|&k| is_populated(format, width, k)).collect()
}

/// The format and width that a number of populated tones names.
///
/// 242 and 484 tones are VHT here: HE of 20 and 40 MHz has as many, and only the recording can say.
pub(crate) const fn by_count(n: usize) -> Option<(PpduFormat, Bandwidth)> {
    Some(match n {
        52 => (PpduFormat::Legacy, Bandwidth::Mhz20),
        56 => (PpduFormat::Ht, Bandwidth::Mhz20),
        114 => (PpduFormat::Ht, Bandwidth::Mhz40),
        242 => (PpduFormat::Vht, Bandwidth::Mhz80),
        484 => (PpduFormat::Vht, Bandwidth::Mhz160),
        996 => (PpduFormat::He, Bandwidth::Mhz80),
        1992 => (PpduFormat::He, Bandwidth::Mhz160),
        _ => return None,
    })
}

/// Layouts made so far, the one of the last frame first at hand.
pub(crate) struct Layouts<K> {
    made: Vec<(K, Layout)>,
    last: usize,
}

/// More shapes than any device has; a file that claims more starts over.
const MAX_LAYOUTS: usize = 256;

impl<K: Copy + Eq> Layouts<K> {
    pub const fn new() -> Self {
        Self { made: Vec::new(), last: 0 }
    }

    /// The layout of a key, made by `make` when it is new.
    pub fn get(&mut self, key: K, make: impl FnOnce() -> Layout) -> &Layout {
        if self.made.get(self.last).is_none_or(|(k, _)| *k != key) {
            self.last = match self.made.iter().position(|(k, _)| *k == key) {
                Some(i) => i,
                None => {
                    if self.made.len() == MAX_LAYOUTS {
                        self.made.clear();
                    }
                    self.made.push((key, make()));
                    self.made.len() - 1
                }
            };
        }
        &self.made[self.last].1
    }

    /// The layout answered last.
    pub fn current(&self) -> Option<&Layout> {
        self.made.get(self.last).map(|(_, layout)| layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fft_order_is_sorted_and_found_again() {
        let layout = Layout::plain(fft_order(8));
        assert_eq!(layout.tones, [-4, -3, -2, -1, 0, 1, 2, 3]);
        assert_eq!(layout.order, [4, 5, 6, 7, 0, 1, 2, 3]);
        assert_eq!(centred(5), [-2, -1, 0, 1, 2]);
        assert_eq!(fft_order(5), [0, 1, 2, -2, -1]);
    }

    #[test]
    fn missing_values_stand_behind_the_tones() {
        let layout = Layout::new(&[vec![0, 1, -2, -1], vec![0, 1, -1]], |i, _| i < 2);
        assert_eq!(layout.tones, [-2, -1, -1, 0, 1]);
        assert_eq!(layout.order, [5, 6, 0, 1, 3, 4, 2]);
        assert_eq!(layout.stored(), 7);
    }
}
