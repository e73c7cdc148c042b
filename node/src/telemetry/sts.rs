//! OpenSync's statistics: `sts.Report`, a protocol buffer, plain or as one zlib stream.
//!
//! Only the fields that a planner needs are looked at, in place: no message is built, so a hostile one costs no more
//! memory than its bytes. Source: `opensync_stats.proto` (package `sts`) and the Protocol Buffers encoding.

use std::io::Read;

use millpond_dsp::phy::{Band, Bandwidth, MacAddr};

/// Longest report, bytes, unpacked.
pub const REPORT_MAX: usize = 1 << 20;
/// Levels are told as decibels over this floor, dBm, whatever the driver measured.
const FLOOR_DBM: i32 = -96;

/// What a report tells, one thing at a time.
pub enum Told<'a> {
    /// A channel: band, number, share of time that others kept it busy (thousandths), noise floor in dBm.
    Survey(Band, u8, u16, Option<i32>),
    /// A network around.
    Network {
        /// Its address.
        bssid: MacAddr,
        /// Its name.
        ssid: &'a str,
        /// Band, primary channel and width.
        channel: (Band, u8, Bandwidth),
        /// Level, dBm; nothing when it has gone.
        level_dbm: Option<i32>,
    },
    /// A station.
    Station {
        /// Its address.
        address: MacAddr,
        /// Where it is served.
        band: Band,
        /// It is there.
        connected: bool,
        /// Level, dBm.
        level_dbm: Option<i32>,
        /// Bytes both ways in the report's time, and that time in ms.
        moved: (u64, u64),
    },
}

/// The bytes of a payload: unpacked if it is a zlib stream, decided by the stream. `None` if it is broken or too long.
pub fn unpacked(payload: &[u8]) -> Option<Vec<u8>> {
    // A plain report begins with the tag of its first field, the node's name.
    if payload.first() != Some(&0x78) {
        return (payload.len() <= REPORT_MAX).then(|| payload.to_vec());
    }
    let mut out = Vec::new();
    let mut stream = flate2::read::ZlibDecoder::new(payload).take(REPORT_MAX as u64 + 1);
    stream.read_to_end(&mut out).ok()?;
    (out.len() <= REPORT_MAX).then_some(out)
}

/// The node that a report is of. `None` for what is no report.
pub fn node(report: &[u8]) -> Option<&str> {
    Fields(report).find_map(|f| if f.0 == 1 { f.1.text() } else { None })
}

/// Gives each thing that a report tells to `each`, up to its end or to where it is broken.
pub fn read<'a>(report: &'a [u8], mut each: impl FnMut(Told<'a>)) {
    for (number, value) in Fields(report) {
        let Some(body) = value.bytes() else { continue };
        match number {
            2 => surveys(body, &mut each),
            4 => networks(body, &mut each),
            5 => stations(body, &mut each),
            _ => {}
        }
    }
}

fn band(body: &[u8]) -> Option<Band> {
    match Fields(body).number(1)? {
        0 => Some(Band::Ghz2),
        1..=3 => Some(Band::Ghz5),
        4 => Some(Band::Ghz6),
        _ => None,
    }
}

fn surveys<'a>(body: &'a [u8], each: &mut impl FnMut(Told<'a>)) {
    let Some(band) = band(body) else { return };
    for (number, value) in Fields(body) {
        let (Some(inside), 4 | 5) = (value.bytes(), number) else { continue };
        let f = Fields(inside);
        // Samples hold numbers, averages hold messages with the mean first.
        let of = |sample: u32, average: u32| match number {
            4 => f.number(sample),
            _ => f.bytes(average).and_then(|a| Fields(a).number(1)),
        };
        let (busy, tx, own) = (of(5, 2), of(6, 3).unwrap_or(0), of(8, 5).unwrap_or(0));
        // Signed numbers fill 64 bits, two's complement.
        let noise = of(11, 7).map(|n| n as i64 as i32).filter(|n| (-120..0).contains(n));
        let channel = f.number(1).and_then(|c| u8::try_from(c).ok()).filter(|c| *c > 0);
        if let (Some(channel), Some(busy @ 0..=100)) = (channel, busy) {
            let others = busy.saturating_sub(tx.saturating_add(own));
            each(Told::Survey(band, channel, (others * 10) as u16, noise));
        }
    }
}

fn networks<'a>(body: &'a [u8], each: &mut impl FnMut(Told<'a>)) {
    let Some(band) = band(body) else { return };
    for inside in Fields(body).all(4) {
        let f = Fields(inside);
        let bssid = f.bytes(1).and_then(|b| std::str::from_utf8(b).ok()).and_then(super::address);
        let channel = f.number(6).and_then(|c| u8::try_from(c).ok()).filter(|c| *c > 0);
        let (Some(bssid), Some(channel)) = (bssid, channel) else { continue };
        let gone = f.number(7) == Some(1);
        let level = f.number(3).and_then(level).filter(|_| !gone);
        // A name that is no text is no name to us.
        let ssid = f.bytes(2).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default();
        if level.is_some() || gone {
            each(Told::Network { bssid, ssid, channel: (band, channel, width(f.number(5))), level_dbm: level });
        }
    }
}

fn stations<'a>(body: &'a [u8], each: &mut impl FnMut(Told<'a>)) {
    let Some(band) = band(body) else { return };
    for inside in Fields(body).all(3) {
        let f = Fields(inside);
        let address = f.bytes(1).and_then(|b| std::str::from_utf8(b).ok()).and_then(super::address);
        let Some(address) = address else { continue };
        let stats = Fields(f.bytes(9).unwrap_or_default());
        let bytes = stats.number(1).unwrap_or(0).saturating_add(stats.number(2).unwrap_or(0));
        each(Told::Station {
            address,
            band,
            connected: f.number(3) == Some(1),
            level_dbm: stats.number(11).and_then(level),
            moved: (bytes, f.number(8).unwrap_or(0)),
        });
    }
}

/// A level in dBm; a level of nothing is none.
fn level(snr: u64) -> Option<i32> {
    (1..=96).contains(&snr).then(|| FLOOR_DBM + snr as i32)
}

fn width(code: Option<u64>) -> Bandwidth {
    match code {
        Some(2..=4) => Bandwidth::Mhz40,
        Some(5) => Bandwidth::Mhz80,
        Some(6 | 7) => Bandwidth::Mhz160,
        Some(8) => Bandwidth::Mhz320,
        _ => Bandwidth::Mhz20,
    }
}

/// A field's value.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Field<'a> {
    fn bytes(self) -> Option<&'a [u8]> {
        if let Field::Bytes(b) = self { Some(b) } else { None }
    }

    fn text(self) -> Option<&'a str> {
        self.bytes().and_then(|b| std::str::from_utf8(b).ok())
    }
}

/// The fields of a message, one after another; what is broken ends the walk.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(self, wanted: u32) -> Option<u64> {
        let mut walk = self;
        walk.find_map(|(n, v)| if let (true, Field::Number(v)) = (n == wanted, v) { Some(v) } else { None })
    }

    fn bytes(self, wanted: u32) -> Option<&'a [u8]> {
        self.all(wanted).next()
    }

    fn all(self, wanted: u32) -> impl Iterator<Item = &'a [u8]> {
        self.filter(move |(n, _)| *n == wanted).filter_map(|(_, v)| v.bytes())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u32, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => self.take(8).map(|_| Field::Other)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Field::Other)?,
            _ => return None,
        };
        Some((u32::try_from(tag >> 3).ok()?, value))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// `protoc --encode=sts.Report` of a node "n1" with one survey sample, one network that came, one station.
    fn sample() -> Vec<u8> {
        let field = |number: u8, body: &[u8]| [&[number << 3 | 2, body.len() as u8], body].concat();
        let survey = [8, 36, 40, 70, 48, 20, 64, 10, 88, 0xa1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        let bss = [&field(1, b"02:00:00:00:00:99")[..], &field(2, b"other"), &[24, 36, 40, 5, 48, 149, 1]].concat();
        let stats = [8, 100, 16, 0xe8, 7, 88, 41];
        let client = [&field(1, b"02:00:00:00:01:00")[..], &[24, 1, 64, 50], &field(9, &stats)].concat();
        [
            field(1, b"n1"),
            field(2, &[&[8, 1, 16, 0][..], &field(4, &survey)].concat()),
            field(4, &[&[8, 1, 16, 0][..], &field(4, &bss)].concat()),
            field(5, &[&[8, 1, 32, 36][..], &field(3, &client)].concat()),
        ]
        .concat()
    }

    fn words(report: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        read(report, |t| {
            out.push(match t {
                Told::Survey(band, channel, busy, noise) => format!("{band} {channel} {busy} {noise:?}"),
                Told::Network { ssid, channel: (_, channel, width), level_dbm, .. } => {
                    format!("{ssid} {channel} {} {level_dbm:?}", width.mhz())
                }
                Told::Station { band, connected, level_dbm, moved, .. } => {
                    format!("{band} {connected} {level_dbm:?} {moved:?}")
                }
            });
        });
        out
    }

    #[test]
    fn a_report_tells_channels_networks_and_stations() {
        let report = sample();
        assert_eq!(node(&report), Some("n1"));
        assert_eq!(
            words(&report),
            ["5 GHz 36 400 Some(-95)", "other 149 80 Some(-60)", "5 GHz true Some(-55) (1100, 50)"]
        );
    }

    #[test]
    fn a_zlib_stream_is_unpacked_up_to_a_limit() {
        let pack = |bytes: &[u8]| {
            let mut z = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            z.write_all(bytes).unwrap();
            z.finish().unwrap()
        };
        assert_eq!(unpacked(&pack(&sample())), Some(sample()));
        assert_eq!(unpacked(&sample()), Some(sample()));
        let bomb = pack(&vec![0; 64 << 20]);
        assert!(bomb.len() < 100_000 && unpacked(&bomb).is_none(), "{} bytes would be 64 MiB", bomb.len());
        assert_eq!(unpacked(&[0x78, 1, 2]), None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole = sample();
        let mut word = 3u32;
        for i in 0..100_000 {
            let mut bytes = whole.clone();
            for _ in 0..3 {
                word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (word >> 8) as usize % bytes.len();
                bytes[at] = word as u8;
            }
            bytes.truncate(bytes.len() - i % whole.len());
            let _ = (node(&bytes), read(&bytes, drop));
            bytes.insert(0, 0x78);
            let _ = unpacked(&bytes);
        }
    }
}
