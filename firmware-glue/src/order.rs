//! Any tone order in, ascending tones out: the permutation of one link, computed anew only when the shape changes.

use millpond_dsp::phy::tones::is_populated;
use millpond_dsp::phy::{Bandwidth, PpduFormat, ToneSpacing};

use crate::result::mp_result::{self, *};

/// Which tone each sample of a frame belongs to, as the host tells it.
#[derive(Clone, Copy)]
pub(crate) enum ToneMap<'a> {
    /// One index a sample.
    List(&'a [i16]),
    /// A standard map of so many samples a chain.
    Standard { tones: u16, format: PpduFormat, width: Bandwidth, centered: bool },
}

/// The widest PPDU spans tone indices -2048 to 2047.
const TONES: core::ops::Range<i16> = -2048..2048;

/// What is known of a link's tone order. The tables themselves lie in the sensor's memory.
#[derive(Clone, Copy, Default)]
pub(crate) struct Order {
    /// Samples of one chain as they come.
    given: u16,
    /// Tones that are kept: those that exist.
    kept: u16,
    /// They come as they are needed.
    identity: bool,
    /// The standard map that was asked for, 0 for a list.
    key: u32,
}

/// A link's tables, as long as the sensor's tone capacity.
pub(crate) struct Tables<'m> {
    /// Position in the frame of each kept tone.
    pub from: &'m mut [u16],
    /// Index of each kept tone, ascending.
    pub tones: &'m mut [i16],
}

impl Order {
    /// Number of kept tones.
    pub(crate) fn kept(&self) -> usize {
        usize::from(self.kept)
    }

    /// True if a frame can be used as it lies in the host's memory.
    pub(crate) fn identity(&self) -> bool {
        self.identity
    }

    /// Makes the tables fit a frame's map. Cost: O(tones) if they already do, else a sort.
    ///
    /// Errors: `MP_ERR_TONES`, `MP_ERR_CAPACITY`. After an error the next frame computes them anew.
    pub(crate) fn follow(&mut self, map: ToneMap<'_>, tables: &mut Tables<'_>) -> Result<(), mp_result> {
        if self.fits(map, tables) {
            return Ok(());
        }
        *self = Self::default();
        let (given, kept) = match map {
            ToneMap::List(list) => (list.len(), fill(list.iter().copied(), |_| true, tables)?),
            ToneMap::Standard { tones, format, width, centered } => {
                let map = Standard::of(tones, format, width, centered).ok_or(MP_ERR_TONES)?;
                (usize::from(tones), fill(map.indices(format, width), |k| is_populated(format, width, k), tables)?)
            }
        };
        sort(kept, tables)?;
        let from = tables.from.get(..kept).ok_or(MP_ERR_CAPACITY)?;
        *self = Self {
            given: given as u16,
            kept: kept as u16,
            identity: given == kept && from.iter().enumerate().all(|(i, &at)| usize::from(at) == i),
            key: map.key(),
        };
        Ok(())
    }

    fn fits(&self, map: ToneMap<'_>, tables: &Tables<'_>) -> bool {
        if self.kept == 0 || self.key != map.key() {
            return false;
        }
        let ToneMap::List(list) = map else { return true };
        let known = tables.from.iter().zip(tables.tones.iter()).take(self.kept());
        list.len() == usize::from(self.given) && known.into_iter().all(|(&at, t)| list.get(usize::from(at)) == Some(t))
    }
}

impl ToneMap<'_> {
    /// Samples a chain.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Standard { tones, .. } => usize::from(*tones),
        }
    }

    fn key(&self) -> u32 {
        match *self {
            Self::List(_) => 0,
            Self::Standard { tones, format, width, centered } => {
                1 << 31 | u32::from(centered) << 30 | (format as u32) << 24 | (width as u32) << 16 | u32::from(tones)
            }
        }
    }
}

/// The standard maps: which index the samples of a chain have when no list is given.
#[derive(Clone, Copy)]
enum Standard {
    /// Just the tones that exist, ascending.
    Populated,
    /// All bins of a transform of that size, zero frequency first.
    Bins(i16),
    /// All bins, lowest frequency first.
    Centered(i16),
}

impl Standard {
    fn of(tones: u16, format: PpduFormat, width: Bandwidth, centered: bool) -> Option<Self> {
        let bins = usize::from(width.subchannels()) * if format.spacing() == ToneSpacing::Khz78 { 256 } else { 64 };
        if usize::from(tones) == bins {
            let bins = bins as i16;
            return Some(if centered { Self::Centered(bins) } else { Self::Bins(bins) });
        }
        let populated = TONES.filter(|&k| is_populated(format, width, k)).count();
        (usize::from(tones) == populated).then_some(Self::Populated)
    }

    fn indices(self, format: PpduFormat, width: Bandwidth) -> impl Iterator<Item = i16> {
        let (from, to, rotate) = match self {
            Self::Populated => (TONES.start, TONES.end, 0),
            Self::Bins(n) => (0, n, n / 2),
            Self::Centered(n) => (-n / 2, n / 2, 0),
        };
        (from..to)
            .map(move |k| if rotate > 0 && k >= rotate { k - 2 * rotate } else { k })
            .filter(move |&k| !matches!(self, Self::Populated) || is_populated(format, width, k))
    }
}

/// Writes the tones that are kept, with their positions, and returns how many.
fn fill(
    indices: impl Iterator<Item = i16>,
    keep: impl Fn(i16) -> bool,
    tables: &mut Tables<'_>,
) -> Result<usize, mp_result> {
    let mut kept = 0;
    for (at, k) in indices.enumerate() {
        if !TONES.contains(&k) {
            return Err(MP_ERR_TONES);
        }
        if keep(k) {
            *tables.from.get_mut(kept).ok_or(MP_ERR_CAPACITY)? = at as u16;
            *tables.tones.get_mut(kept).ok_or(MP_ERR_CAPACITY)? = k;
            kept += 1;
        }
    }
    if kept == 0 { Err(MP_ERR_TONES) } else { Ok(kept) }
}

/// Sorts both tables by tone. A tone that comes twice is an error.
///
/// Heap sort over the pair of tables: no memory, no recursion, and no worst case that a host could trigger.
fn sort(kept: usize, tables: &mut Tables<'_>) -> Result<(), mp_result> {
    let (from, tones) = match (tables.from.get_mut(..kept), tables.tones.get_mut(..kept)) {
        (Some(from), Some(tones)) => (from, tones),
        _ => return Err(MP_ERR_CAPACITY),
    };
    if !tones.iter().is_sorted() {
        for root in (0..kept / 2).rev() {
            sift(from, tones, root, kept);
        }
        for end in (1..kept).rev() {
            swap(from, 0, end);
            swap(tones, 0, end);
            sift(from, tones, 0, end);
        }
    }
    // Ascending and without repetition, so that each is less than its successor.
    if tones.iter().is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(MP_ERR_TONES) }
}

/// Lets the tone at `root` sink to its place in the heap that ends at `end`.
fn sift(from: &mut [u16], tones: &mut [i16], mut root: usize, end: usize) {
    let at = |tones: &[i16], i: usize| if i < end { tones.get(i).copied() } else { None };
    loop {
        let (left, right) = (2 * root + 1, 2 * root + 2);
        // `None` is less than any tone.
        let child = if at(tones, left) < at(tones, right) { right } else { left };
        if at(tones, child) <= at(tones, root) {
            return;
        }
        swap(from, root, child);
        swap(tones, root, child);
        root = child;
    }
}

/// As the slice's own, but without a panic in the archive.
fn swap<T: Copy>(items: &mut [T], a: usize, b: usize) {
    if let (Some(&x), Some(&y)) = (items.get(a), items.get(b)) {
        if let Some(place) = items.get_mut(a) {
            *place = y;
        }
        if let Some(place) = items.get_mut(b) {
            *place = x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        order: Order,
        from: [u16; 256],
        tones: [i16; 256],
    }

    impl Bench {
        fn new() -> Self {
            Self { order: Order::default(), from: [0; 256], tones: [0; 256] }
        }

        fn follow(&mut self, map: ToneMap<'_>) -> Result<(Vec<u16>, Vec<i16>, bool), mp_result> {
            self.order.follow(map, &mut Tables { from: &mut self.from, tones: &mut self.tones })?;
            let n = self.order.kept();
            Ok((self.from[..n].to_vec(), self.tones[..n].to_vec(), self.order.identity()))
        }
    }

    fn ht20(tones: u16, centered: bool) -> ToneMap<'static> {
        ToneMap::Standard { tones, format: PpduFormat::Ht, width: Bandwidth::Mhz20, centered }
    }

    #[test]
    fn a_list_in_any_order_comes_out_ascending() {
        let mut b = Bench::new();
        let (from, tones, identity) = b.follow(ToneMap::List(&[3, -1, 7, -20])).unwrap();
        assert_eq!((from, tones, identity), (vec![3, 1, 0, 2], vec![-20, -1, 3, 7], false));
        assert!(b.follow(ToneMap::List(&[-5, 5])).unwrap().2);
    }

    #[test]
    fn heap_sort_agrees_with_the_obvious_one() {
        // A full-period linear congruence gives every index once, shuffled.
        let list: Vec<i16> = (0..256i32).map(|i| ((i * 77 + 31) % 256 - 128) as i16).collect();
        let (from, tones, _) = Bench::new().follow(ToneMap::List(&list)).unwrap();
        assert_eq!(tones, (-128..128).collect::<Vec<i16>>());
        assert!(from.iter().zip(&tones).all(|(&at, &k)| list[usize::from(at)] == k));
    }

    #[test]
    fn a_changed_list_of_the_same_length_is_noticed() {
        let mut b = Bench::new();
        b.follow(ToneMap::List(&[1, 2, 3])).unwrap();
        assert_eq!(b.follow(ToneMap::List(&[3, 2, 1])).unwrap().0, [2, 1, 0]);
        assert_eq!(b.follow(ToneMap::List(&[3, 2, 4])).unwrap().1, [2, 3, 4]);
    }

    #[test]
    fn standard_maps_of_a_20_mhz_frame() {
        let mut b = Bench::new();
        let (_, tones, identity) = b.follow(ht20(56, false)).unwrap();
        assert!(identity && tones.len() == 56 && tones[0] == -28 && tones[28] == 1);
        let (from, same, identity) = b.follow(ht20(64, false)).unwrap();
        assert!(!identity && same == tones);
        assert_eq!((from[0], from[28]), (36, 1), "bin 36 is tone -28, bin 1 is tone 1");
        let (from, same, _) = b.follow(ht20(64, true)).unwrap();
        assert!(same == tones && from[0] == 4 && from[28] == 33);
        assert_eq!(b.follow(ht20(57, false)).unwrap_err(), MP_ERR_TONES);
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_forgotten() {
        let mut b = Bench::new();
        assert_eq!(b.follow(ToneMap::List(&[1, 5, 1])).unwrap_err(), MP_ERR_TONES);
        assert_eq!(b.follow(ToneMap::List(&[1, 2048])).unwrap_err(), MP_ERR_TONES);
        assert_eq!(b.follow(ToneMap::List(&[])).unwrap_err(), MP_ERR_TONES);
        let wide: Vec<i16> = (0..257).collect();
        assert_eq!(b.follow(ToneMap::List(&wide)).unwrap_err(), MP_ERR_CAPACITY);
        assert_eq!(b.follow(ToneMap::List(&[2, 1])).unwrap().1, [1, 2]);
    }
}
