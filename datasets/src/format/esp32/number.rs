//! Decimal text to small integers, at a few nanoseconds a number.

/// Parses the list of 8-bit integers that starts at `from` into `out` and answers how many there were.
///
/// Numbers stand apart by one or more of space and comma; the list ends at `]`, a quote, a line end or the end of
/// the bytes. `None` if anything else stands there, a number does not fit 8 bits, or `out` is too small.
///
/// - Cost: regular lists (one separator between numbers) take a few operations a number, without a branch that
///   depends on the digits; others are read digit by digit
pub fn list_i8(line: &[u8], from: usize, out: &mut [i8]) -> Option<usize> {
    let end = memchr::memchr2(b']', b'"', &line[from..]).map_or(line.len(), |at| from + at);
    regular(line, from, end, out).or_else(|| any(&line[from..], out))
}

/// As [`list_i8`] for integers of 16 bits, number by number.
pub fn list_i16(line: &[u8], from: usize, out: &mut [i16]) -> Option<usize> {
    any(&line[from..], out)
}

/// A list with the same one separator behind each number but perhaps the last, in `line[from..end]`.
fn regular(line: &[u8], from: usize, end: usize, out: &mut [i8]) -> Option<usize> {
    // A number and its separator are at least two bytes, though separators may stand alone; the loads below reach four
    // bytes back.
    if from < 4 || end <= from || out.len() < (end - from) / 2 + 1 {
        return None;
    }
    let (mut start, mut n, mut bad) = (from, 0, 0u32);
    let first = line[from..end].iter().position(|&b| !is_number(b));
    let separator = first.map_or(b',', |at| line[from + at]);
    if !matches!(separator, b' ' | b',') {
        return None;
    }
    for (i, block) in line[from..end].chunks(64).enumerate() {
        let mut ends = separators(block, separator);
        while ends != 0 {
            let at = from + 64 * i + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            bad |= number(line, start, at, out.get_mut(n)?);
            (start, n) = (at + 1, n + 1);
        }
    }
    if start < end {
        bad |= number(line, start, end, out.get_mut(n)?);
        n += 1;
    }
    (bad == 0).then_some(n)
}

const fn is_number(b: u8) -> bool {
    b.is_ascii_digit() || b == b'-'
}

/// A bit for each byte of up to 64 that is the separator.
fn separators(block: &[u8], separator: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let pattern = u64::from(separator) * 0x0101_0101_0101_0101;
    let eight = |b: [u8; 8]| {
        // Bytes that are zero get their top bit (Warren, Hacker's Delight, section 6-1); a multiplication gathers them.
        let x = u64::from_le_bytes(b) ^ pattern;
        let zero = !(((x & LOW) + LOW) | x | LOW);
        (zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    let mut mask = 0;
    let mut words = block.chunks_exact(8);
    let mut shift = 0;
    for word in &mut words {
        mask |= eight(word.try_into().expect("eight bytes")) << shift;
        shift += 8;
    }
    for (i, &b) in words.remainder().iter().enumerate() {
        mask |= u64::from(b == separator) << (shift + i);
    }
    mask
}

/// Reads the number in `line[start..end]`; answers 0 if it is one of 8 bits.
#[inline]
fn number(line: &[u8], start: usize, end: usize, out: &mut i8) -> u32 {
    let negative = u32::from(line[start] == b'-');
    let digits = (end - start) as u32 - negative;
    // The last digit stands in the top byte; a shift drops what is before the first.
    let word = u32::from_le_bytes(line[end - 4..end].try_into().expect("four bytes")) ^ 0x3030_3030;
    let keep = 4u32.wrapping_sub(digits).wrapping_mul(8) & 31;
    let word = word >> keep << keep;
    let value = (word >> 24) + 10 * (word >> 16 & 0xff) + 100 * (word >> 8 & 0xff);
    let signed = (value as i32 ^ -(negative as i32)) + negative as i32;
    *out = signed as i8;
    // No digit over nine or of another class, one to three of them, and a value of 8 bits.
    let class = (word.wrapping_add(0x7676_7676) | word) & 0x8080_8080;
    class | u32::from(digits.wrapping_sub(1) > 2) | u32::from(i32::from(*out) != signed)
}

/// Any list, number by number.
fn any<T: TryFrom<i64>>(mut text: &[u8], out: &mut [T]) -> Option<usize> {
    let mut n = 0;
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
        *out.get_mut(n)? = T::try_from(value).ok()?;
        n += 1;
        text = &text[used..];
    }
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
        let line = format!("384,[{text}");
        let n = list_i8(line.as_bytes(), 5, &mut out);
        let mut slow = [0; 600];
        assert_eq!(n, any(text.as_bytes(), &mut slow), "{text}");
        assert!(n.is_none_or(|n| out[..n] == slow[..n]), "{text}");
        n.map(|n| out[..n].to_vec())
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
        let mut wide = [0; 3];
        assert_eq!((list_i16(b"[-2048,2047,5]", 1, &mut wide), wide), (Some(3), [-2048, 2047, 5]));
        assert_eq!(list_i16(b"[32768]", 1, &mut wide), None);
        assert_eq!(list_i8(b"[[[[1 2 3 ", 4, &mut [0; 2]), None);
        assert_eq!(list_i8(b"1 2 3 ", 0, &mut [0; 3]), Some(3));
        assert_eq!(list_i8(b"[[[[,,,,,]", 4, &mut [0; 3]), Some(0), "more separators than values have room");
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
