//! Order statistics by counting: the values stay where they are, and nothing can panic.

/// The value with `k` others before it in ascending order ([`f32::total_cmp`]), `None` if there are not so many.
///
/// The bits of the answer are found from the top by counting the values below; bits that all values share are not looked at.
///
/// - Cost: one pass of integer comparisons a bit in which the values differ, at most 32
///
/// ```
/// use millpond_dsp::stats::order::nth;
/// assert_eq!(nth(&[3.0, -1.0, 2.0], 1), Some(2.0));
/// ```
pub fn nth(values: &[f32], k: usize) -> Option<f32> {
    let first = key(*values.first()?);
    if k >= values.len() {
        return None;
    }
    let differ = values.iter().fold(0, |differ, v| differ | (key(*v) ^ first));
    let mut found = first & !differ;
    for bit in (0..32).rev().map(|b| 1u32 << b).filter(|bit| differ & bit != 0) {
        let below = values.iter().filter(|v| key(**v) < (found | bit)).count();
        if below <= k {
            found |= bit;
        }
    }
    Some(f32::from_bits(if found >> 31 == 1 { found & 0x7fff_ffff } else { !found }))
}

/// A number that is ordered as the value is.
fn key(v: f32) -> u32 {
    let bits = v.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_a_sort() {
        let mut state = 1u32;
        for n in 1..60usize {
            let values: std::vec::Vec<f32> = (0..n)
                .map(|i| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    match i % 3 {
                        0 => f32::from_bits(state),
                        1 => (state >> 30) as f32,
                        _ => -((state >> 20) as f32),
                    }
                })
                .collect();
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            for (k, v) in sorted.iter().enumerate() {
                assert_eq!(nth(&values, k).map(f32::to_bits), Some(v.to_bits()), "{k} of {n}");
            }
            assert_eq!(nth(&values, n), None);
        }
        assert_eq!(nth(&[], 0), None);
    }
}
