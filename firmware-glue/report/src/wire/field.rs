//! One field of a message: its canonical bytes, its JSON and its stated range.

use core::fmt::{self, Write};

/// A value with one spelling in bytes and one in JSON, both of bounded length.
///
/// Integers are big-endian. `take(put(x)) == x`, and bytes that `put` cannot have written are refused.
pub trait Field: Copy + Eq {
    /// Bytes that every value takes.
    const LEN: usize;
    /// Characters of the longest JSON rendering.
    const LONGEST: usize;
    /// Writes the canonical bytes.
    fn put(&self, out: &mut Writer<'_>);
    /// Reads them back; `None` for anything that `put` cannot have written.
    fn take(from: &mut Reader<'_>) -> Option<Self>;
    /// Renders JSON.
    fn value(&self, out: &mut dyn Write) -> fmt::Result;
    /// States the range as in `wire.toml`.
    fn range(out: &mut dyn Write) -> fmt::Result;
    /// Any value, for tests: `pick(n)` gives a number below `n`.
    #[cfg(test)]
    fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self;
}

/// Fills a buffer of fixed length from the front.
pub struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(rest: &'a mut [u8]) -> Self {
        Self { rest }
    }

    /// Appends bytes; those that do not fit are dropped, which `LEN` makes impossible.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let rest = core::mem::take(&mut self.rest);
        let n = bytes.len().min(rest.len());
        let (head, tail) = rest.split_at_mut(n);
        for (to, from) in head.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.rest = tail;
    }

    /// Appends zeros.
    pub fn zeros(&mut self, n: usize) {
        for _ in 0..n {
            self.bytes(&[0]);
        }
    }
}

/// Reads a buffer from the front.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.rest.split_first_chunk()?;
        self.rest = tail;
        Some(*head)
    }

    /// Skips padding, which must be zero.
    pub fn zeros(&mut self, n: usize) -> Option<()> {
        (0..n).try_for_each(|_| (self.array() == Some([0])).then_some(()))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// A missing value is *unknown*, never zero.
impl<T: Field> Field for Option<T> {
    const LEN: usize = 1 + T::LEN;
    const LONGEST: usize = if T::LONGEST > 9 { T::LONGEST } else { 9 };

    fn put(&self, out: &mut Writer<'_>) {
        out.bytes(&[u8::from(self.is_some())]);
        match self {
            Some(v) => v.put(out),
            None => out.zeros(T::LEN),
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        match from.array()? {
            [0] => from.zeros(T::LEN).map(|()| None),
            [1] => T::take(from).map(Some),
            _ => None,
        }
    }

    fn value(&self, out: &mut dyn Write) -> fmt::Result {
        match self {
            Some(v) => v.value(out),
            None => out.write_str("\"unknown\""),
        }
    }

    fn range(out: &mut dyn Write) -> fmt::Result {
        T::range(out)?;
        out.write_str(" or unknown")
    }

    #[cfg(test)]
    fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self {
        (pick(2) == 1).then(|| T::sample(pick))
    }
}

/// A fixed number of values, position by position.
impl<T: Field, const N: usize> Field for [T; N] {
    const LEN: usize = N * T::LEN;
    const LONGEST: usize = 2 + N * (T::LONGEST + 1);

    fn put(&self, out: &mut Writer<'_>) {
        self.iter().for_each(|v| v.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let first = T::take(from)?;
        let mut all = [first; N];
        for v in all.iter_mut().skip(1) {
            *v = T::take(from)?;
        }
        Some(all)
    }

    fn value(&self, out: &mut dyn Write) -> fmt::Result {
        array(self.iter(), out)
    }

    fn range(out: &mut dyn Write) -> fmt::Result {
        write!(out, "{N} times ")?;
        T::range(out)
    }

    #[cfg(test)]
    fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self {
        core::array::from_fn(|_| T::sample(pick))
    }
}

/// A list with a cap. What does not fit is dropped, so the bytes are bounded whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct List<T, const N: usize> {
    items: [Option<T>; N],
}

impl<T: Copy, const N: usize> List<T, N> {
    /// A list of nothing.
    pub const EMPTY: Self = Self { items: [None; N] };

    /// The first `N` items.
    pub fn of(items: impl IntoIterator<Item = T>) -> Self {
        let mut list = Self::EMPTY;
        for (place, item) in list.items.iter_mut().zip(items) {
            *place = Some(item);
        }
        list
    }

    /// Appends, and tells whether there was room.
    pub fn push(&mut self, item: T) -> bool {
        let free = self.items.iter_mut().find(|i| i.is_none());
        free.map(|place| *place = Some(item)).is_some()
    }

    /// Sorts by a key; equal keys keep their places.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        sort_by_key(&mut self.items, |i| (i.is_none(), i.as_ref().map(&key)));
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().flatten()
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Field, const N: usize> Field for List<T, N> {
    const LEN: usize = 1 + N * T::LEN;
    const LONGEST: usize = 2 + N * (T::LONGEST + 1);

    fn put(&self, out: &mut Writer<'_>) {
        let n = self.len();
        out.bytes(&[n as u8]);
        self.iter().for_each(|v| v.put(out));
        out.zeros((N - n) * T::LEN);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let n = usize::from(from.array::<1>()?[0]);
        let mut list = Self::EMPTY;
        for _ in 0..n {
            if !list.push(T::take(from)?) {
                return None;
            }
        }
        from.zeros((N - n) * T::LEN)?;
        Some(list)
    }

    fn value(&self, out: &mut dyn Write) -> fmt::Result {
        array(self.iter(), out)
    }

    fn range(out: &mut dyn Write) -> fmt::Result {
        write!(out, "up to {N} of ")?;
        T::range(out)
    }

    #[cfg(test)]
    fn sample(pick: &mut dyn FnMut(u64) -> u64) -> Self {
        let n = pick(N as u64 + 1);
        Self::of((0..n).map(|_| T::sample(pick)))
    }
}

/// Insertion sort: stable, without a heap and without a way to panic. Cost: O(n²) keys, for lists of at most 128.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    for sorted in 1..items.len() {
        let mut rest = items.get_mut(..=sorted).unwrap_or_default();
        while let [head @ .., a, b] = rest {
            if key(a) <= key(b) {
                break;
            }
            core::mem::swap(a, b);
            let n = head.len() + 1;
            rest = rest.get_mut(..n).unwrap_or_default();
        }
    }
}

fn array<'a, T: Field + 'a>(items: impl Iterator<Item = &'a T>, out: &mut dyn Write) -> fmt::Result {
    out.write_char('[')?;
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.write_char(',')?;
        }
        item.value(out)?;
    }
    out.write_char(']')
}

/// Characters of the longer of two integers, sign included.
pub(crate) const fn digits(min: i64, max: i64) -> usize {
    const fn one(mut v: i64) -> usize {
        let mut n = if v < 0 { 2 } else { 1 };
        while v > 9 || v < -9 {
            v /= 10;
            n += 1;
        }
        n
    }
    if one(min) > one(max) { one(min) } else { one(max) }
}

#[cfg(test)]
mod tests {
    use super::super::range::{Level10, Tenths};
    use super::*;

    fn bytes<T: Field>(v: T) -> std::vec::Vec<u8> {
        let mut out = std::vec![0xaa; T::LEN];
        v.put(&mut Writer::new(&mut out));
        out
    }

    #[test]
    fn lengths_are_fixed_and_foreign_bytes_refused() {
        type L = List<Option<Level10>, 2>;
        let list = L::of([Some(Level10::new(4)), None, None]);
        assert_eq!(list.len(), 2);
        assert_eq!(bytes(list), [2, 1, 4, 0, 0]);
        let take = |b: &[u8]| L::take(&mut Reader::new(b));
        assert_eq!(take(&[2, 1, 4, 0, 0]), Some(list));
        for wrong in [&[3u8, 1, 4, 0, 0, 0, 0][..], &[1, 1, 4, 0, 1], &[1, 0, 4, 0, 0], &[1, 1, 10, 0, 0], &[1, 1]] {
            assert_eq!(take(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn sorting_agrees_with_the_standard_library() {
        for seed in 0..200u32 {
            let mut items = [0u32; 17];
            let mut v = seed;
            for i in &mut items {
                v = v.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *i = v >> 24;
            }
            let mut twin = items;
            twin.sort_by_key(|v| v % 16);
            sort_by_key(&mut items, |v| v % 16);
            assert_eq!(items, twin);
        }
        sort_by_key(&mut [0u8; 0], |v| *v);
    }

    #[test]
    fn digits_counts_signs() {
        assert_eq!((digits(0, 0), digits(0, 10), digits(-5, 9), digits(-511, 511)), (1, 2, 2, 4));
    }

    #[test]
    fn json_stays_within_its_bound() {
        let mut s = std::string::String::new();
        let longest = [Tenths::new(i64::MIN); 3];
        longest.value(&mut s).unwrap();
        assert_eq!(s, "[-9999,-9999,-9999]");
        assert!(s.len() <= <[Tenths; 3]>::LONGEST);
    }
}
