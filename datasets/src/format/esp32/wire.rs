//! One row of an ESP32 console log: which columns it has, what they say, and the text of its values.

use super::number;

/// Marks a row wherever it stands in its line.
pub const MARK: &[u8] = b"CSI_DATA,";

/// The column sets met, told by the number of fields before the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// ESP32-CSI-Tool since July 2019: 25 fields, `[v v v ]`.
    CsiTool,
    /// ESP32-CSI-Tool before: 23 fields, values without brackets.
    CsiToolOld,
    /// esp-csi get-started for ESP32, S2, S3, C3: 24 fields, `"[v,v]"`.
    EspCsi,
    /// esp-csi get-started and esp-crab for C5, C6: 14 fields, `"[v,v]"`.
    EspCsiC5C6,
    /// esp-radar console_test: 29 fields, brackets or Base64.
    Radar,
    /// esp-radar console_test before May 2024: 27 fields.
    RadarOld,
    /// A derived table: `time,src_mac,rssi,noise_floor,csi`.
    Home,
    /// A derived table: `time,movement_detected,csi`.
    Labelled,
    /// A derived table: `time,pcc,movement_detected,csi`.
    LabelledPcc,
}

/// Column numbers; `NONE` where a family has no such column.
pub struct Columns {
    pub seq: usize,
    pub mac: usize,
    pub rssi: usize,
    pub sig_mode: usize,
    pub bandwidth: usize,
    pub stbc: usize,
    pub noise: usize,
    pub channel: usize,
    pub secondary: usize,
    pub local_timestamp: usize,
    pub real_timestamp: usize,
    pub time: usize,
    pub label: usize,
    pub len: usize,
    pub agc_gain: usize,
    pub fft_gain: usize,
    pub first_word: usize,
}

pub const NONE: usize = usize::MAX;

const CSI_TOOL: Columns = Columns {
    seq: NONE,
    mac: 2,
    rssi: 3,
    sig_mode: 5,
    bandwidth: 7,
    stbc: 11,
    noise: 14,
    channel: 16,
    secondary: 17,
    local_timestamp: 18,
    real_timestamp: 23,
    time: NONE,
    label: NONE,
    len: 24,
    agc_gain: NONE,
    fft_gain: NONE,
    first_word: NONE,
};
const CSI_TOOL_OLD: Columns = Columns { real_timestamp: NONE, len: 22, ..CSI_TOOL };
const ESP_CSI: Columns = Columns { seq: 1, real_timestamp: NONE, len: 22, first_word: 23, ..CSI_TOOL };
const ESP_CSI_C5_C6: Columns = Columns {
    seq: 1,
    mac: 2,
    rssi: 3,
    sig_mode: NONE,
    bandwidth: NONE,
    stbc: NONE,
    noise: 5,
    channel: 8,
    secondary: NONE,
    local_timestamp: 9,
    real_timestamp: NONE,
    time: NONE,
    label: NONE,
    len: 12,
    agc_gain: 7,
    fft_gain: 6,
    first_word: 13,
};
const RADAR: Columns = Columns {
    seq: 1,
    mac: 5,
    rssi: 6,
    sig_mode: 8,
    bandwidth: 10,
    stbc: 14,
    noise: 17,
    channel: 19,
    secondary: 20,
    local_timestamp: 21,
    real_timestamp: NONE,
    time: NONE,
    label: NONE,
    len: 27,
    agc_gain: 25,
    fft_gain: 26,
    first_word: 28,
};
const RADAR_OLD: Columns = Columns { agc_gain: NONE, fft_gain: NONE, len: 25, first_word: 26, ..RADAR };
const NOTHING: Columns = Columns {
    seq: NONE,
    mac: NONE,
    rssi: NONE,
    sig_mode: NONE,
    bandwidth: NONE,
    stbc: NONE,
    noise: NONE,
    channel: NONE,
    secondary: NONE,
    local_timestamp: NONE,
    real_timestamp: NONE,
    time: 0,
    label: NONE,
    len: NONE,
    agc_gain: NONE,
    fft_gain: NONE,
    first_word: NONE,
};
const HOME: Columns = Columns { mac: 1, rssi: 2, noise: 3, ..NOTHING };
const LABELLED: Columns = Columns { label: 1, ..NOTHING };
const LABELLED_PCC: Columns = Columns { label: 2, ..NOTHING };

impl Family {
    const fn of(fields: usize) -> Option<Self> {
        Some(match fields {
            25 => Self::CsiTool,
            24 => Self::EspCsi,
            23 => Self::CsiToolOld,
            14 => Self::EspCsiC5C6,
            29 => Self::Radar,
            27 => Self::RadarOld,
            _ => return None,
        })
    }

    /// Where its columns are.
    pub const fn columns(self) -> &'static Columns {
        match self {
            Self::CsiTool => &CSI_TOOL,
            Self::CsiToolOld => &CSI_TOOL_OLD,
            Self::EspCsi => &ESP_CSI,
            Self::EspCsiC5C6 => &ESP_CSI_C5_C6,
            Self::Radar => &RADAR,
            Self::RadarOld => &RADAR_OLD,
            Self::Home => &HOME,
            Self::Labelled => &LABELLED,
            Self::LabelledPcc => &LABELLED_PCC,
        }
    }

    /// The derived table that a header line names.
    pub fn of_header(line: &[u8]) -> Option<Self> {
        Some(match line.trim_ascii() {
            b"time,src_mac,rssi,noise_floor,csi" => Self::Home,
            b"time,movement_detected,csi" => Self::Labelled,
            b"time,pcc,movement_detected,csi" => Self::LabelledPcc,
            _ => return None,
        })
    }

    /// Fields before the values of a derived table; 0 for the console's rows, whose number of fields tells them.
    const fn derived_fields(self) -> usize {
        match self {
            Self::Home => 4,
            Self::Labelled => 2,
            Self::LabelledPcc => 3,
            _ => 0,
        }
    }

    /// True where a value may need more than 8 bits: esp-csi multiplies by a gain, and prints 12 bits where the
    /// firmware is built to measure the legacy field of every packet.
    pub const fn is_wide(self) -> bool {
        matches!(self, Self::EspCsi | Self::EspCsiC5C6 | Self::Home | Self::Labelled | Self::LabelledPcc)
    }

    /// True for ESP32-CSI-Tool, which a build option makes print amplitudes.
    pub const fn is_csi_tool(self) -> bool {
        matches!(self, Self::CsiTool | Self::CsiToolOld)
    }
}

/// The most fields any family has, and one for the values.
const MAX_FIELDS: usize = 30;

/// A row split into fields. Accessors answer `None` for a column that is not there or no number.
pub struct Row<'a> {
    /// Which column set it is.
    pub family: Family,
    /// The text of the values, behind the opening bracket.
    pub values: &'a [u8],
    /// True if the values are Base64 of bytes.
    pub base64: bool,
    text: &'a [u8],
    /// Where each field starts; one more marks the end of the last.
    starts: [u16; MAX_FIELDS + 1],
    n_fields: usize,
}

impl<'a> Row<'a> {
    /// Splits a line that holds a row, or says why it is none that can be read.
    pub fn new(line: &'a [u8]) -> Result<Self, &'static str> {
        let at = if line.starts_with(MARK) { Some(0) } else { memchr::memmem::find(line, MARK) };
        let mut text = &line[at.ok_or("no CSI_DATA in the line")?..];
        // A line may hold any number of cut rows: a loop, since each would take its part of the stack.
        let (mut row, open) = loop {
            let (values, starts) = (&text[..0], [0; MAX_FIELDS + 1]);
            let mut row = Row { family: Family::CsiTool, values, base64: false, text, starts, n_fields: 0 };
            match row.split()? {
                Split::Again(at) => text = &text[at..],
                Split::Open(at) => break (row, Some(at)),
                Split::End => break (row, None),
            }
        };
        row.family = Family::of(row.n_fields).ok_or("an unknown number of fields before the values")?;
        row.base64 = open.is_none() && matches!(row.family, Family::Radar | Family::RadarOld);
        let start = open.map_or(usize::from(row.starts[row.n_fields]), |at| at + 1);
        row.values = &text[start..];
        if open.is_none() && !row.base64 && row.family != Family::CsiToolOld {
            return Err("no opening bracket before the values");
        }
        Ok(row)
    }

    /// Splits a row of a derived table.
    pub fn derived(line: &'a [u8], family: Family) -> Result<Self, &'static str> {
        let starts = [0; MAX_FIELDS + 1];
        let mut row = Row { family, values: &line[..0], base64: false, text: line, starts, n_fields: 0 };
        match row.split()? {
            Split::Open(at) if row.n_fields == family.derived_fields() => {
                row.values = &line[at + 1..];
                Ok(row)
            }
            _ => Err("other columns than the header names"),
        }
    }

    /// Finds the fields up to the values.
    fn split(&mut self) -> Result<Split, &'static str> {
        // No header passes a kilobyte; 16 bits hold every position in it.
        let head = &self.text[..self.text.len().min(1024)];
        let name = &MARK[..MARK.len() - 1];
        let mut start = 0;
        for at in memchr::memchr2_iter(b',', b'[', head) {
            if head[at] == b'[' {
                return Ok(Split::Open(at));
            }
            if self.n_fields > 0 && head[start..at].ends_with(name) {
                return Ok(Split::Again(at - name.len()));
            }
            if self.n_fields == MAX_FIELDS {
                break;
            }
            self.starts[self.n_fields] = start as u16;
            self.n_fields += 1;
            start = at + 1;
            self.starts[self.n_fields] = start as u16;
        }
        if self.n_fields == MAX_FIELDS { Err("too many fields before the values") } else { Ok(Split::End) }
    }

    /// The text of a column.
    pub fn text(&self, column: usize) -> Option<&'a [u8]> {
        if column >= self.n_fields {
            return None;
        }
        let (from, to) = (self.starts[column], self.starts[column + 1]);
        Some(&self.text[usize::from(from)..usize::from(to) - 1])
    }

    /// A column as an integer.
    pub fn int(&self, column: usize) -> Option<i64> {
        number::field(self.text(column)?)
    }

    /// The transmitter's address: six hex pairs with colons.
    pub fn mac(&self) -> Option<[u8; 6]> {
        let text: &[u8; 17] = self.text(self.family.columns().mac)?.trim_ascii().try_into().ok()?;
        let mut mac = [0; 6];
        for (i, byte) in mac.iter_mut().enumerate() {
            let (high, low) = (hex(text[3 * i])?, hex(text[3 * i + 1])?);
            *byte = high << 4 | low;
            if i < 5 && text[3 * i + 2] != b':' {
                return None;
            }
        }
        Some(mac)
    }
}

/// Where the fields before the values end.
enum Split {
    /// At an opening bracket.
    Open(usize),
    /// With the head of the line.
    End,
    /// Another row begins inside the line: the first was cut.
    Again(usize),
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Decodes Base64 (RFC 4648 section 4) into signed bytes; answers how many, or `None` if it is none.
pub fn base64_i8(text: &[u8], out: &mut [i8]) -> Option<usize> {
    let end = text.iter().position(|b| matches!(b, b'=' | b'"' | b'\r' | b'\n' | b' ')).unwrap_or(text.len());
    let (mut n, mut bits, mut held) = (0, 0u32, 0);
    for &c in &text[..end] {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            *out.get_mut(n)? = (bits >> held) as i8;
            n += 1;
        }
    }
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: &str =
        "CSI_DATA,AP,0a:0B:00:00:00:01,-73,11,1,0,1,1,1,0,0,0,0,-93,0,1,2,80272146,0,101,0,0,80.363225,384,[1 -2 ]";

    #[test]
    fn families_are_told_by_their_fields() {
        let row = Row::new(TOOL.as_bytes()).unwrap();
        assert_eq!((row.family, row.values), (Family::CsiTool, &b"1 -2 ]"[..]));
        assert_eq!(row.int(3), Some(-73));
        assert_eq!(row.int(18), Some(80_272_146));
        assert_eq!(row.text(23), Some(&b"80.363225"[..]));
        assert_eq!(row.mac(), Some([10, 11, 0, 0, 0, 1]));
        assert_eq!(row.int(25), None);
        let prefixed = format!("12:01:02 > {TOOL}");
        assert_eq!(Row::new(prefixed.as_bytes()).unwrap().family, Family::CsiTool);
        let c6 = b"CSI_DATA,7,1a:00:00:00:00:00,-23,11,-96,32,4,11,372852,47,0,256,0,\"[0,1]\"";
        let row = Row::new(c6).unwrap();
        assert_eq!((row.family, row.values), (Family::EspCsiC5C6, &b"0,1]\""[..]));
        assert_eq!(row.int(row.family.columns().fft_gain), Some(32));
    }

    #[test]
    fn a_row_cut_by_the_next_leaves_that_one_whole() {
        let cut = format!("CSI_DATA,289178,1a:00:00:00:00:00,-47,11,-96,16,27,11,277783175,{TOOL}");
        let row = Row::new(cut.as_bytes()).unwrap();
        assert_eq!((row.family, row.int(3), row.values), (Family::CsiTool, Some(-73), &b"1 -2 ]"[..]));
        let many = format!("{}{TOOL}", "CSI_DATA,".repeat(500_000));
        assert_eq!(Row::new(many.as_bytes()).unwrap().int(3), Some(-73));
    }

    #[test]
    fn cut_rows_are_refused() {
        assert!(Row::new(b"I (288) boot").is_err());
        assert!(Row::new(b"CSI_DATA,1,2,3,4").is_err());
        assert!(Row::new(b"CSI_DATA,1,2,[3,4").is_err());
        // Cut behind its 23rd field a row has the fields of an old one, but no list of integers follows.
        for cut in 0..TOOL.find('[').unwrap() {
            let Ok(row) = Row::new(&TOOL.as_bytes()[..cut]) else { continue };
            assert_eq!(row.family, Family::CsiToolOld, "{cut}");
            let n = number::list_i8(row.values, 0, &mut [0; 8]);
            assert!(n.is_none_or(|n| n % 2 == 1 || n == 0), "{cut} {n:?}");
        }
    }

    #[test]
    fn base64_is_rfc_4648() {
        let mut out = [0; 8];
        assert_eq!(base64_i8(b"Zm9vYg==", &mut out), Some(4));
        assert_eq!(out[..4], *b"foob".map(|b| b as i8).as_slice());
        assert_eq!(base64_i8(b"gH8\"", &mut out), Some(2));
        assert_eq!(out[..2], [-128, 127]);
        assert_eq!(base64_i8(b"a*", &mut out), None);
        assert_eq!(base64_i8(&[b'A'; 99], &mut out), None);
    }
}
