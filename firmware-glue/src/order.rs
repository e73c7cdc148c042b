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

/// What is known of a link's tone order. Its table lies in the sensor's memory: two bytes a tone.
#[derive(Clone, Copy, Default)]
pub(crate) struct Order {
    /// What the table is of: [`LIST`] and a length, a standard map, or nothing with 0.
    key: u32,
    /// Tones that are kept: those that exist.
    kept: u16,
}

/// The key of a list that is out of order.
const LIST: u32 = 1 << 30;

/// Where a link's order is kept, each as long as the sensor's tone capacity.
pub(crate) struct Tables<'m> {
    /// The link's own: of a list the position of each tone, ascending by tone; of a standard map the tones.
    pub own: &'m mut [i16],
    /// Of whichever frame is under way: the other half.
    pub work: &'m mut [i16],
}

/// One frame's tones in order.
#[derive(Clone, Copy)]
pub(crate) struct Ordered<'s> {
    /// Index of each kept tone, ascending.
    pub tones: &'s [i16],
    /// Position in the frame of each kept tone; `None` if they come as they are needed.
    pub from: Option<&'s [i16]>,
}

impl Order {
    /// Puts a frame's tones in order.
    ///
    /// Cost: O(tones), and a sort when the map is another than before and not ascending. Errors: `MP_ERR_TONES`,
    /// `MP_ERR_CAPACITY`. After an error the next frame computes the table anew.
    pub(crate) fn follow<'s>(
        &mut self,
        map: ToneMap<'s>,
        tables: &'s mut Tables<'_>,
    ) -> Result<Ordered<'s>, mp_result> {
        match map {
            ToneMap::List(list) => self.follow_list(list, tables),
            ToneMap::Standard { tones, format, width, centered } => {
                let given = Standard::of(tones, format, width, centered);
                if self.key != map.key() {
                    *self = Self::default();
                    let kept = given.ok_or(MP_ERR_TONES)?.fill(format, width, tables)?;
                    *self = Self { key: map.key(), kept };
                }
                let n = usize::from(self.kept);
                let shift = match given {
                    Some(Standard::Bins(bins)) => Some((bins, 0)),
                    Some(Standard::Centered(bins)) => Some((bins / 2, bins / 2)),
                    _ => None,
                };
                let own = tables.own.get(..n).ok_or(MP_ERR_CAPACITY)?;
                let Some((below, above)) = shift else { return Ok(Ordered { tones: own, from: None }) };
                let from = tables.work.get_mut(..n).ok_or(MP_ERR_CAPACITY)?;
                for (from, &tone) in from.iter_mut().zip(own) {
                    *from = tone.wrapping_add(if tone < 0 { below } else { above });
                }
                Ok(Ordered { tones: own, from: Some(from) })
            }
        }
    }

    fn follow_list<'s>(&mut self, list: &'s [i16], tables: &'s mut Tables<'_>) -> Result<Ordered<'s>, mp_result> {
        let n = list.len();
        let (Some(own), Some(work)) = (tables.own.get_mut(..n), tables.work.get_mut(..n)) else {
            return Err(MP_ERR_CAPACITY);
        };
        if is_in_order(list) {
            *self = Self::default();
            return Ok(Ordered { tones: list, from: None });
        }
        let key = LIST | n as u32;
        let known = self.key == key && {
            gather(work, list, own);
            is_in_order(work)
        };
        if !known {
            *self = Self::default();
            own.iter_mut().enumerate().for_each(|(i, at)| *at = i as i16);
            sort(own, list);
            gather(work, list, own);
            if !is_in_order(work) {
                return Err(MP_ERR_TONES);
            }
            *self = Self { key, kept: n as u16 };
        }
        Ok(Ordered { tones: work, from: Some(own) })
    }
}

/// True if there is a tone, all exist, and each is less than its successor.
fn is_in_order(tones: &[i16]) -> bool {
    let ends = tones.first().zip(tones.last());
    ends.is_some_and(|(a, b)| TONES.contains(a) && TONES.contains(b)) && tones.is_sorted_by(|a, b| a < b)
}

/// The tones at some positions of a list.
fn gather(to: &mut [i16], list: &[i16], from: &[i16]) {
    for (to, &at) in to.iter_mut().zip(from) {
        *to = list.get(at as usize).copied().unwrap_or(i16::MIN);
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
            Self::List(list) => LIST | list.len() as u32,
            Self::Standard { tones, format, width, centered } => {
                1 << 31 | u32::from(centered) << 29 | (format as u32) << 24 | (width as u32) << 16 | u32::from(tones)
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

    /// Writes the tones that exist, ascending, and returns how many.
    fn fill(self, format: PpduFormat, width: Bandwidth, tables: &mut Tables<'_>) -> Result<u16, mp_result> {
        let range = match self {
            Self::Populated => TONES,
            Self::Bins(n) | Self::Centered(n) => -n / 2..n / 2,
        };
        let mut kept = 0;
        for tone in range.filter(|&k| is_populated(format, width, k)) {
            *tables.own.get_mut(kept).ok_or(MP_ERR_CAPACITY)? = tone;
            kept += 1;
        }
        if kept == 0 { Err(MP_ERR_TONES) } else { Ok(kept as u16) }
    }
}

/// Sorts positions by the tones of a list.
///
/// Heap sort: no memory, no recursion, and no worst case that a host could trigger.
fn sort(from: &mut [i16], list: &[i16]) {
    let n = from.len();
    for root in (0..n / 2).rev() {
        sift(from, list, root, n);
    }
    for end in (1..n).rev() {
        swap(from, 0, end);
        sift(from, list, 0, end);
    }
}

/// Lets the position at `root` sink to its place in the heap that ends at `end`.
fn sift(from: &mut [i16], list: &[i16], mut root: usize, end: usize) {
    let tone = |from: &[i16], i: usize| {
        let at = if i < end { from.get(i).copied() } else { None };
        at.and_then(|at| list.get(at as usize).copied())
    };
    loop {
        let (left, right) = (2 * root + 1, 2 * root + 2);
        // `None` is less than any tone.
        let child = if tone(from, left) < tone(from, right) { right } else { left };
        if tone(from, child) <= tone(from, root) {
            return;
        }
        swap(from, root, child);
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
        own: [i16; 256],
        work: [i16; 256],
    }

    impl Bench {
        fn new() -> Self {
            Self { order: Order::default(), own: [0; 256], work: [0; 256] }
        }

        fn follow(&mut self, map: ToneMap<'_>) -> Result<(Vec<u16>, Vec<i16>, bool), mp_result> {
            let mut tables = Tables { own: &mut self.own, work: &mut self.work };
            let Ordered { tones, from } = self.order.follow(map, &mut tables)?;
            let identity = (0..tones.len() as i16).collect::<Vec<i16>>();
            let at = from.unwrap_or(&identity).iter().map(|&at| at as u16).collect();
            Ok((at, tones.to_vec(), from.is_none()))
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
