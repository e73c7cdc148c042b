//! The companion file `.datstp` of an Intel 5300 recording: when the host got each record.
//!
//! Two little-endian integers an entry, seconds and microseconds, each of 4 bytes on a 32-bit host and of 8 on a 64-bit
//! one. The number of records tells which.

/// Host times in seconds since 1970, one for each of `records` measurements.
///
/// # Errors
/// If the file's length fits neither width, or a time is none.
pub fn host_times(file: &[u8], records: usize) -> Result<Vec<f64>, String> {
    let width = match records.checked_mul(8).map(|narrow| (file.len() == narrow, file.len() == 2 * narrow)) {
        Some((true, _)) => 4,
        Some((_, true)) => 8,
        _ => {
            return Err(format!(
                "{} bytes are no times of {records} records: 8 or 16 bytes each were expected",
                file.len()
            ));
        }
    };
    let number = |b: &[u8]| b.iter().rev().fold(0u64, |v, &b| v << 8 | u64::from(b));
    file.chunks_exact(2 * width)
        .enumerate()
        .map(|(i, entry)| {
            let (seconds, micros) = (number(&entry[..width]), number(&entry[width..]));
            if micros > 999_999 || seconds > 1 << 40 {
                return Err(format!("entry {i} is no time: {seconds} s and {micros} us"));
            }
            Ok(seconds as f64 + micros as f64 / 1e6)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths() {
        let narrow: Vec<u8> = [7u32, 500_000, 8, 0].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(host_times(&narrow, 2).unwrap(), [7.5, 8.0]);
        let wide: Vec<u8> = [7u64, 250_000].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(host_times(&wide, 1).unwrap(), [7.25]);
        assert!(host_times(&narrow, 3).is_err());
        assert!(host_times(&[0xff; 8], 1).is_err());
        assert!(host_times(&[], 0).unwrap().is_empty());
        assert!(host_times(&[], usize::MAX).is_err());
    }
}
