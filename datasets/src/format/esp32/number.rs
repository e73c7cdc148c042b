//! Decimal text to small integers, at a few nanoseconds a number.

/// Parses the 8-bit integers of a list into `out` and answers how many there were.
///
/// Numbers stand apart by one or more of space and comma; the list ends at `]`, a quote, a line end or the end of
/// the bytes. `None` if anything else stands there, a number does not fit 8 bits, or `out` is too small.
///
/// - Cost: one 64-bit load, a mask and a multiplication a number; no branch depends on its digits
pub fn list_i8(mut text: &[u8], out: &mut [i8]) -> Option<usize> {
    let mut n = 0;
    // The fast path: eight bytes at a time, a number and its separator in them.
    while let Some(word) = text.first_chunk::<8>() {
        let Some((value, used)) = short(u64::from_le_bytes(*word)) else { break };
        *out.get_mut(n)? = value;
        n += 1;
        text = &text[used..];
    }
    // The slow path: the list's end, repeated separators, anything odd.
    loop {
        let skip = text.iter().take_while(|&&b| b == b' ' || b == b',').count();
        text = &text[skip..];
        if matches!(text.first(), None | Some(b']' | b'"' | b'\r' | b'\n')) {
            return Some(n);
        }
        let (value, used) = int(text)?;
        if !matches!(text.get(used), None | Some(b' ' | b',' | b']' | b'"' | b'\r' | b'\n')) {
            return None;
        }
        *out.get_mut(n)? = i8::try_from(value).ok()?;
        n += 1;
        text = &text[used..];
    }
}

/// One number of one to three digits with an optional sign and one separator behind it, in the low bytes of `word`.
#[inline]
fn short(word: u64) -> Option<(i8, usize)> {
    let negative = word as u8 == b'-';
    let digits = word >> (8 * u32::from(negative));
    // Bytes 0x30 to 0x39 give a nibble below ten with high nibble three; everything else sets a high bit here.
    let off = digits ^ 0x3030_3030_3030_3030;
    let not_digit = (off.wrapping_add(0x7676_7676_7676_7676) | off) & 0x8080_8080_8080_8080;
    let len = (not_digit.trailing_zeros() / 8) as usize;
    let separator = (digits >> (8 * len.min(7))) as u8;
    if len == 0 || len > 3 || !matches!(separator, b' ' | b',') {
        return None;
    }
    // Digits to the top three of four bytes, so that the last one always stands in the same place.
    let top = (off as u32) << (8 * (4 - len));
    let value = (top >> 24) + 10 * (top >> 16 & 0xff) + 100 * (top >> 8 & 0xff);
    let value = if negative { -(value as i32) } else { value as i32 };
    Some((i8::try_from(value).ok()?, usize::from(negative) + len + 1))
}

/// A decimal integer with an optional sign at the start of `text`, and its length in bytes.
pub fn int(text: &[u8]) -> Option<(i64, usize)> {
    let negative = text.first() == Some(&b'-');
    let digits = &text[usize::from(negative)..];
    let n = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if n == 0 || n > 18 {
        return None;
    }
    let value = digits[..n].iter().fold(0, |v, b| 10 * v + i64::from(b - b'0'));
    Some((if negative { -value } else { value }, n + usize::from(negative)))
}

/// A whole field as an integer, spaces around it allowed.
pub fn field(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    int(text).filter(|&(_, used)| used == text.len()).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Option<Vec<i8>> {
        let mut out = [0; 600];
        list_i8(text.as_bytes(), &mut out).map(|n| out[..n].to_vec())
    }

    #[test]
    fn every_value_is_read_in_both_styles() {
        let all: Vec<i8> = (-128..=127).collect();
        let words: Vec<String> = all.iter().map(i8::to_string).collect();
        assert_eq!(list(&format!("{} ]", words.join(" "))).unwrap(), all);
        assert_eq!(list(&format!("{}]\"\r\n", words.join(","))).unwrap(), all);
        assert_eq!(list(&words.join(", ")).unwrap(), all);
    }

    #[test]
    fn odd_lists() {
        assert!(list("").unwrap().is_empty());
        assert!(list("]").unwrap().is_empty());
        assert_eq!(list("  7  -0 ]").unwrap(), [7, 0]);
        for bad in
            ["128 ", "-129,1,1,1,1", "1 2 x 4 5 6 7", "1-2 3 4 5 6", "- 1 2 3 4 5", "1000 1 1 1 1", "0x10", "1.5,2"]
        {
            assert_eq!(list(bad), None, "{bad}");
        }
        assert_eq!(list_i8(b"1 2 3 ", &mut [0; 2]), None);
    }

    #[test]
    fn integers() {
        assert_eq!(int(b"-73,11"), Some((-73, 3)));
        assert_eq!(int(b"4294967295"), Some((4_294_967_295, 10)));
        assert_eq!(int(b"99999999999999999999"), None);
        assert_eq!(field(b" 12 "), Some(12));
        assert_eq!(field(b"12a"), None);
        assert_eq!(field(b""), None);
    }
}
