//! Finds the reader of a recording by its content: each format scores the first bytes, the best score reads.

use std::path::Path;

use crate::{ErrorKind, FrameSource, Input, ReadError, ReadOptions, container, format};

type Opened = Result<Box<dyn FrameSource>, ReadError>;

/// A format that can be read.
pub struct Format {
    /// Its name, as [`SourceInfo::format`](crate::SourceInfo::format) gives it.
    pub name: &'static str,
    /// What writes it, in a few words.
    pub about: &'static str,
    /// File name extensions it is met with. Used for nothing but inputs of zero bytes.
    pub extensions: &'static [&'static str],
    score: fn(&[u8], bool) -> u32,
    build: fn(Input, &ReadOptions) -> Opened,
}

/// Every format, in the order in which equal scores are settled.
pub const FORMATS: &[Format] = &[
    Format {
        name: format::intel5300::NAME,
        about: "Intel 5300, Linux 802.11n CSI Tool log",
        extensions: &["dat"],
        score: format::intel5300::score,
        build: |input, options| Ok(Box::new(format::intel5300::Intel5300::new(input, options))),
    },
    Format {
        name: format::atheros::NAME,
        about: "Atheros CSI Tool (ath9k) log, either byte order",
        extensions: &[],
        score: format::atheros::score,
        build: |input, options| Ok(Box::new(format::atheros::Atheros::new(input, options))),
    },
    // Before FeitCSI: frames of an AX200 hold its header.
    Format {
        name: format::picoscenes::NAME,
        about: "PicoScenes: Intel 5300, QCA9300, AX200, AX210, software radios",
        extensions: &["csi"],
        score: format::picoscenes::score,
        build: |input, options| Ok(Box::new(format::picoscenes::PicoScenes::new(input, options))),
    },
    Format {
        name: format::feitcsi::NAME,
        about: "FeitCSI, Intel AX200 and AX210",
        extensions: &[],
        score: format::feitcsi::score,
        build: |input, options| Ok(Box::new(format::feitcsi::FeitCsi::new(input, options))),
    },
    Format {
        name: format::nexmon::NAME,
        about: "Nexmon CSI of Broadcom chips in a packet capture",
        extensions: &["pcap"],
        score: format::nexmon::score,
        build: |input, options| Ok(Box::new(format::nexmon::Nexmon::new(input, options)?)),
    },
    Format {
        name: format::esp32::NAME,
        about: "ESP32 console log: ESP32-CSI-Tool, esp-csi, esp-radar",
        extensions: &["csv", "txt", "log"],
        score: format::esp32::score,
        build: |input, options| Ok(Box::new(format::esp32::Esp32::new(input, options))),
    },
    Format {
        name: format::espectre_npz::NAME,
        about: "NumPy archive of ESP32 samples, csi_data int8",
        extensions: &["npz"],
        score: format::espectre_npz::score,
        build: |input, options| Ok(Box::new(format::espectre_npz::EspectreNpz::new(input, options)?)),
    },
    Format {
        name: format::array_npz::NAME,
        about: "NumPy archive of complex values or amplitudes, as convert writes it",
        extensions: &[],
        score: format::array_npz::score,
        build: |input, options| Ok(Box::new(format::array_npz::ArrayNpz::new(input, options)?)),
    },
    Format {
        name: format::native::NAME,
        about: "Millpond's own recordings",
        extensions: &["mpc"],
        score: format::native::score,
        build: |input, options| Ok(Box::new(format::native::Native::new(input, options)?)),
    },
    Format {
        name: format::sample_csv::AMPLITUDE,
        about: "table of amplitudes (complex-csv: of complex values), one row a frame, named columns",
        extensions: &[],
        score: format::sample_csv::score,
        build: |input, options| Ok(Box::new(format::sample_csv::SampleCsv::new(input, options)?)),
    },
];

/// Opens a stream: undoes gzip, finds the format, builds its reader.
///
/// `name` is where the bytes come from; its extension names the format of an input of zero bytes, nothing else.
pub(crate) fn open(
    input: Input,
    name: Option<&Path>,
    options: &ReadOptions,
) -> Result<Box<dyn FrameSource>, ReadError> {
    let mut input = container::gzip::unwrap(input, &options.limits);
    let probe_bytes = options.limits.probe_bytes;
    let n = input.fill(probe_bytes).len();
    if n == 0 {
        if let Some(fault) = input.take_fault() {
            return Err(ReadError::file(ErrorKind::Io, fault));
        }
        return Ok(Box::new(Nothing::new(name)));
    }
    let (head, ended) = (input.bytes(), input.ended());
    let scores: Vec<u32> = FORMATS.iter().map(|f| (f.score)(head, ended)).collect();
    if format::rssi_mesh::score(head) > 0 {
        let what = "a log of RSSI readings without CSI: rssi::open reads it".to_owned();
        return Err(ReadError {
            format: Some(format::rssi_mesh::NAME),
            ..ReadError::file(ErrorKind::Unsupported, what)
        });
    }
    let best = (0..FORMATS.len()).max_by_key(|&i| (scores[i], std::cmp::Reverse(i)));
    match best {
        Some(i) if scores[i] > 0 => (FORMATS[i].build)(input, options),
        _ => Err(unknown(head)),
    }
}

/// Undoes gzip and builds the reader of one format.
pub(crate) fn open_as(format: &Format, input: Input, options: &ReadOptions) -> Opened {
    (format.build)(container::gzip::unwrap(input, &options.limits), options)
}

fn unknown(head: &[u8]) -> ReadError {
    let tried: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
    let start: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let what = format!("not recognised (starts with {}); tried {}", start.join(" "), tried.join(", "));
    ReadError::file(ErrorKind::Unknown, what)
}

/// A recording of zero bytes: valid in every format.
struct Nothing(crate::SourceInfo);

impl Nothing {
    fn new(name: Option<&Path>) -> Self {
        let extension = name.and_then(Path::extension).and_then(|e| e.to_str()).unwrap_or_default();
        let by_name = FORMATS.iter().find(|f| f.extensions.contains(&extension)).map_or("empty", |f| f.name);
        Self(crate::SourceInfo {
            format: by_name,
            conventions: vec!["zero bytes are a valid recording of no frames; the format is taken from the name"],
            has_times: true,
        })
    }
}

impl FrameSource for Nothing {
    fn info(&self) -> &crate::SourceInfo {
        &self.0
    }

    fn next_frame(&mut self) -> Result<Option<crate::Record<'_>>, ReadError> {
        Ok(None)
    }
}
