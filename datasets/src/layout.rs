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
    /// `order` as stretches that rise one by one, none of them across the end of the tones.
    runs: Vec<Run>,
}

/// Mean length below which runs cost more than they save.
const SHORT_RUN: usize = 16;

/// Stored subcarriers `from..from + len` stand at positions `to..to + len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    from: usize,
    to: usize,
    len: usize,
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
        let runs = runs(&order, tones.len());
        Self { tones, order, runs }
    }

    /// A layout whose order is known: each position once.
    pub fn given(tones: Vec<i16>, order: Vec<u16>) -> Self {
        let runs = runs(&order, tones.len());
        Self { tones, order, runs }
    }

    /// Brings stored rows `[chains][subcarriers]` into a frame's order: `[chains][tones]`, then `[chains][extras]`.
    ///
    /// `row` answers the bytes of a chain, `N` a subcarrier; `value` decodes one. Runs are copied as a whole.
    ///
    /// # Panics
    /// If a row or `out` is shorter than the layout.
    pub fn arrange<'a, const N: usize, T>(
        &self,
        chains: usize,
        row: impl Fn(usize) -> &'a [u8],
        out: &mut [T],
        value: impl Fn([u8; N]) -> T,
    ) {
        let (n_tones, n_extra) = (self.tones.len(), self.stored() - self.tones.len());
        let short = self.runs.len() * SHORT_RUN > self.stored();
        for chain in 0..chains {
            let row = row(chain);
            if short {
                let (tones, extras) = (chain * n_tones, chains * n_tones + chain * n_extra);
                for (bytes, &to) in row[..N * self.stored()].chunks_exact(N).zip(&self.order) {
                    let to = usize::from(to);
                    let at = if to < n_tones { tones + to } else { extras + to - n_tones };
                    out[at] = value(bytes.try_into().expect("a chunk has N bytes"));
                }
                continue;
            }
            for run in &self.runs {
                let at = match run.to.checked_sub(n_tones) {
                    None => chain * n_tones + run.to,
                    Some(extra) => chains * n_tones + chain * n_extra + extra,
                };
                let bytes = row[N * run.from..N * (run.from + run.len)].chunks_exact(N);
                for (out, bytes) in out[at..at + run.len].iter_mut().zip(bytes) {
                    *out = value(bytes.try_into().expect("a chunk has N bytes"));
                }
            }
        }
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

fn runs(order: &[u16], n_tones: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (from, &to) in order.iter().enumerate() {
        let to = usize::from(to);
        match runs.last_mut() {
            Some(run) if run.to + run.len == to && to != n_tones => run.len += 1,
            _ => runs.push(Run { from, to, len: 1 }),
        }
    }
    runs
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

    #[test]
    fn rows_are_arranged_as_the_order_says() {
        let layout = Layout::new(&[fft_order(8)], |i, _| i == 0 || i == 3);
        let stored: Vec<u8> = (0..16).collect();
        let mut out = [0u8; 16];
        layout.arrange(2, |chain| &stored[8 * chain..], &mut out, |[b]: [u8; 1]| b);
        let mut expected = [0u8; 16];
        for (i, &at) in layout.order.iter().enumerate() {
            for chain in 0..2 {
                let at = usize::from(at);
                expected[if at < 6 { 6 * chain + at } else { 12 + 2 * chain + at - 6 }] = stored[8 * chain + i];
            }
        }
        assert_eq!(out, expected);
    }
}
