//! Overwrites what a container held, in place: emptied alone, it keeps the old values in its memory.

/// Empties a vector, after every place of it was written.
pub fn vec<T: Copy, const N: usize>(values: &mut heapless::Vec<T, N>, blank: T) {
    values.clear();
    while values.push(blank).is_ok() {}
    values.clear();
}

/// Empties a queue, after every place of it was written.
pub fn queue<T: Copy, const N: usize>(values: &mut heapless::Deque<T, N>, blank: T) {
    values.clear();
    while values.push_back(blank).is_ok() {}
    values.clear();
}
