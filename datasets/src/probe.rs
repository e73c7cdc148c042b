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
    /// The layouts, chips and containers that are told apart within it.
    pub variants: &'static [&'static str],
    /// File name extensions it is met with. Used for nothing but inputs of zero bytes.
    pub extensions: &'static [&'static str],
    score: fn(&[u8], bool) -> u32,
    build: fn(Input, &ReadOptions) -> Opened,
}

/// Every format that this build reads, in the order in which equal scores are settled.
pub const FORMATS: &[Format] = &[
    #[cfg(feature = "intel5300")]
    Format {
        name: format::intel5300::NAME,
        about: "Intel 5300, Linux 802.11n CSI Tool log",
        variants: &[
            "20 and 40 MHz, 1 to 3 receive antennas x 1 to 3 streams, changing from record to record",
            "received packets (0xc1) and records of other codes between the measurements",
        ],
        extensions: &["dat"],
        score: format::intel5300::score,
        build: |input, options| Ok(Box::new(format::intel5300::Intel5300::new(input, options))),
    },
    #[cfg(feature = "atheros")]
    Format {
        name: format::atheros::NAME,
        about: "Atheros CSI Tool (ath9k) log",
        variants: &[
            "either byte order, with or without the flag byte in front",
            "56 and 114 tones, 1 to 3 x 1 to 3, blocks without CSI between them",
        ],
        extensions: &[],
        score: format::atheros::score,
        build: |input, options| Ok(Box::new(format::atheros::Atheros::new(input, options))),
    },
    #[cfg(feature = "picoscenes")]
    // Before FeitCSI: frames of an AX200 hold its header.
    Format {
        name: format::picoscenes::NAME,
        about: "PicoScenes",
        variants: &[
            "frames of version 1 and 2, names with and without the final NUL",
            "RxSBasic 1 to 6, CSI 1 to 7, MVMExtra 1, ExtraInfo 1 and 2",
            "Intel 5300, QCA9300, AX200, AX210, USRP and other software radios",
        ],
        extensions: &["csi"],
        score: format::picoscenes::score,
        build: |input, options| Ok(Box::new(format::picoscenes::PicoScenes::new(input, options))),
    },
    #[cfg(feature = "feitcsi")]
    Format {
        name: format::feitcsi::NAME,
        about: "FeitCSI, Intel AX200 and AX210",
        variants: &[
            "legacy, HT, VHT and HE of 20 to 160 MHz; the filler of older firmware (498 and 2020 values) is left out",
        ],
        extensions: &[],
        score: format::feitcsi::score,
        build: |input, options| Ok(Box::new(format::feitcsi::FeitCsi::new(input, options))),
    },
    #[cfg(feature = "nexmon")]
    Format {
        name: format::nexmon::NAME,
        about: "Nexmon CSI of Broadcom chips in a packet capture",
        variants: &[
            "4339, 43455c0, 4358, 4366c0, with and without the header that carries RSSI",
            "pcap (either byte order, microseconds or nanoseconds) and pcapng",
            "Ethernet (with or without VLAN tags), raw IP, loopback, Linux cooked",
        ],
        extensions: &["pcap"],
        score: format::nexmon::score,
        build: |input, options| Ok(Box::new(format::nexmon::Nexmon::new(input, options)?)),
    },
    #[cfg(feature = "esp32")]
    Format {
        name: format::esp32::NAME,
        about: "ESP32 text",
        variants: &[
            "ESP32-CSI-Tool: raw or amplitudes, since July 2019 and before",
            "esp-csi for ESP32, S2, S3, C3 and for C5, C6; values wider than 8 bits (forced LLTF, gain compensation)",
            "esp-radar console_test: 29 or 27 columns, numbers or Base64",
            "tables time,src_mac,rssi,noise_floor,csi and time,[pcc,]movement_detected,csi",
            "headerless, prefixed, mixed lengths, console output around the rows",
        ],
        extensions: &["csv", "txt", "log"],
        score: format::esp32::score,
        build: |input, options| Ok(Box::new(format::esp32::Esp32::new(input, options))),
    },
    #[cfg(feature = "npz")]
    Format {
        name: format::espectre_npz::NAME,
        about: "NumPy archive of ESP32 samples",
        variants: &["csi_data int8 [packets][2 x tones], imaginary part first; stored or deflated"],
        extensions: &["npz"],
        score: format::espectre_npz::score,
        build: |input, options| Ok(Box::new(format::espectre_npz::EspectreNpz::new(input, options)?)),
    },
    #[cfg(feature = "npz")]
    Format {
        name: format::array_npz::NAME,
        about: "NumPy archive of complex values or amplitudes",
        variants: &[
            "csi or csi_linkN, float or complex, [frames][subcarriers]([rx][tx]), with t, rssi, tones where known; what convert writes",
        ],
        extensions: &[],
        score: format::array_npz::score,
        build: |input, options| Ok(Box::new(format::array_npz::ArrayNpz::new(input, options)?)),
    },
    #[cfg(feature = "native")]
    Format {
        name: format::native::NAME,
        about: "Millpond's own recordings (.mpc)",
        variants: &["version 1; finished, cut, or still growing"],
        extensions: &["mpc"],
        score: format::native::score,
        build: |input, options| Ok(Box::new(format::native::Native::new(input, options)?)),
    },
    #[cfg(feature = "csv")]
    Format {
        name: format::sample_csv::AMPLITUDE,
        about: "table of samples, one row a frame, named columns",
        variants: &[
            "amplitudes a0,a1,.. (amplitude-csv) or complex values re0,im0,.. (complex-csv)",
            "t_s, label, link, rssi, rx, tx where known; what convert writes",
        ],
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
    #[cfg(feature = "rssi-mesh")]
    if format::rssi_mesh::score(head) > 0 {
        let what =
            "a log of RSSI readings, without CSI: there is nothing here for what needs channel samples".to_owned();
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
    let mut tried: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
    if cfg!(feature = "rssi-mesh") {
        tried.push("rssi-mesh-log");
    }
    let start: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let seems = looks_like(head).map(|seems| format!(", which is {seems}")).unwrap_or_default();
    let what = format!(
        "not recognised: the content starts with {}{seems}; tried {}, each plain and gzip'd",
        start.join(" "),
        tried.join(", ")
    );
    ReadError::file(ErrorKind::Unknown, what)
}

/// Names content that people take for a recording, so that they see what they have.
fn looks_like(head: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "gzip within gzip, or gzip of a kind that is not read"),
        (b"BZh", "bzip2: unpack it first"),
        (b"\xfd7zXZ", "xz: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "zstd: unpack it first"),
        (b"7z\xbc\xaf", "7-Zip: unpack it first"),
        (b"Rar!", "RAR: unpack it first"),
        (b"PK\x03\x04", "a zip archive, but without arrays of samples"),
        (b"PAR1", "Parquet, which is written but not read"),
        (b"\x89HDF", "HDF5, as MATLAB 7.3 writes it"),
        (b"MATLAB", "a MATLAB file"),
        (b"\x93NUMPY", "a single NumPy array: save it as csi in an .npz"),
        (b"SQLite", "a database"),
        (b"%PDF", "a document"),
        (b"<", "markup"),
        (b"{", "JSON"),
    ];
    let known = KNOWN.iter().find(|(start, _)| head.starts_with(start)).map(|&(_, name)| name);
    let is_text = || head.iter().take(64).all(|&b| b == b'\t' || b == b'\r' || b == b'\n' || (b' '..0x7f).contains(&b));
    known.or_else(|| is_text().then_some("text"))
}

/// A recording of zero bytes: valid in every format.
struct Nothing(crate::SourceInfo);

impl Nothing {
    fn new(name: Option<&Path>) -> Self {
        let extension = name.and_then(Path::extension).and_then(|e| e.to_str()).unwrap_or_default();
        let by_name = FORMATS.iter().find(|f| f.extensions.contains(&extension)).map_or("empty", |f| f.name);
        Self(crate::SourceInfo {
            format: by_name,
            conventions: vec![
                "zero bytes are a recording of no frames in every format; which one is taken from the name alone",
            ],
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
