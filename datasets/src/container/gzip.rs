//! gzip (RFC 1952), found by content, with a bound on what comes out.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use crate::{Input, Limits};

/// ID1, ID2 and the one compression method, RFC 1952 section 2.3.1.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// Output that no ratio is asked of.
const FREE_BYTES: u64 = 1 << 20;

/// Undoes one layer of gzip if there is one.
pub(crate) fn unwrap(mut input: Input, limits: &Limits) -> Input {
    if !input.fill(MAGIC.len()).starts_with(&MAGIC) {
        return input;
    }
    let ratio = limits.gzip_ratio;
    Input::new(Box::new(Gunzip {
        inner: MultiGzDecoder::new(Counted { inner: input.into_read(), n: 0 }),
        out: 0,
        ratio,
    }))
}

struct Counted {
    inner: Box<dyn Read + Send>,
    n: u64,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buf)?;
        self.n += got as u64;
        Ok(got)
    }
}

struct Gunzip {
    inner: MultiGzDecoder<Counted>,
    out: u64,
    ratio: u64,
}

impl Read for Gunzip {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buf).map_err(|e| io::Error::other(format!("gzip: {e}")))?;
        self.out += got as u64;
        if self.out > FREE_BYTES + self.ratio.saturating_mul(self.inner.get_ref().n) {
            return Err(io::Error::other(format!("gzip: output passes the limit of {} times the input", self.ratio)));
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        w.write_all(bytes).unwrap();
        w.finish().unwrap()
    }

    fn open(bytes: Vec<u8>) -> Input {
        unwrap(Input::new(Box::new(io::Cursor::new(bytes))), &Limits::default())
    }

    #[test]
    fn members_follow_one_another_and_plain_input_passes() {
        let two = [gz(b"one "), gz(b"two")].concat();
        assert_eq!(open(two).fill(100), b"one two");
        assert_eq!(open(b"plain".to_vec()).fill(100), b"plain");
    }

    #[test]
    fn a_bomb_stops_at_the_ratio() {
        let mut input = open(gz(&vec![0; 64 << 20]));
        let got = input.fill(64 << 20).len();
        assert!(got < 32 << 20, "{got}");
        assert!(input.take_fault().unwrap().contains("limit"));
    }

    #[test]
    fn a_cut_member_keeps_what_came_before() {
        let mut whole = gz(&(0..=255).collect::<Vec<u8>>());
        whole.truncate(whole.len() - 4);
        let mut input = open(whole);
        input.fill(1000);
        assert!(input.take_fault().is_some());
    }
}
