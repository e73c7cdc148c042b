//! Recordings written straight from the formats' specifications, seeded, with the values a reader has to find.
//!
//! They are what tests and benches read: no recording is needed. The writers are slow and obvious on purpose; they
//! share nothing with the readers.

use std::fmt::Write as _;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A recording and what is in it.
#[derive(Clone, Debug, Default)]
pub struct Fixture {
    /// Which it is, for messages.
    pub name: String,
    /// The name of its format.
    pub format: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// Every value (real, imaginary) of every frame, in stored order `[subcarrier][rx][tx]`.
    pub values: Vec<(f64, f64)>,
    /// Number of frames.
    pub frames: usize,
}

/// Signed random numbers of a few bits.
struct Draw(ChaCha8Rng);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn bits(&mut self, n: u32) -> i32 {
        self.0.next_u32() as i32 >> (32 - n)
    }
}

/// Bits, lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    n: usize,
}

impl Bits {
    fn push(&mut self, value: i32, width: usize) {
        for i in 0..width {
            if self.n % 8 == 0 {
                self.bytes.push(0);
            }
            self.bytes[self.n / 8] |= ((value >> i & 1) as u8) << (self.n % 8);
            self.n += 1;
        }
    }
}

fn float(pair: (i32, i32)) -> (f64, f64) {
    (f64::from(pair.0), f64::from(pair.1))
}

/// The bit stream of an Intel 5300 in chain order, `h[group][rx][tx]` drawn; answers the values in antenna order.
fn intel_stream(draw: &mut Draw, n_rx: usize, n_tx: usize, perm: [usize; 3]) -> (Vec<u8>, Vec<(f64, f64)>) {
    let mut bits = Bits::default();
    let mut values = Vec::new();
    for _ in 0..30 {
        bits.push(0, 3);
        let mut antennas = vec![(0.0, 0.0); n_rx * n_tx];
        for (rx, &connected) in perm[..n_rx].iter().enumerate() {
            for tx in 0..n_tx {
                let pair = (draw.bits(8), draw.bits(8));
                bits.push(pair.0, 8);
                bits.push(pair.1, 8);
                let antenna = if n_rx == 3 { connected } else { rx };
                antennas[antenna * n_tx + tx] = float(pair);
            }
        }
        values.extend(antennas);
    }
    bits.bytes.resize(60 * n_rx * n_tx + 12, 0);
    (bits.bytes, values)
}

/// A log of the Linux 802.11n CSI Tool, 20 frames a second, with a 0xc1 record before every fifth frame.
pub fn intel5300(frames: usize, seed: u64, n_rx: usize, n_tx: usize) -> Fixture {
    let mut draw = Draw::new(seed);
    let mut it =
        Fixture { name: format!("intel5300 {n_rx}x{n_tx}"), format: "intel5300", frames, ..Fixture::default() };
    for i in 0..frames {
        if i % 5 == 0 {
            it.bytes.extend([0, 27, 0xc1]);
            it.bytes.extend([0; 26]);
        }
        let perm = [[0, 1, 2], [1, 2, 0], [2, 1, 0]][i % 3];
        let (csi, values) = intel_stream(&mut draw, n_rx, n_tx, perm);
        it.bytes.extend((csi.len() as u16 + 21).to_be_bytes());
        it.bytes.push(0xbb);
        it.bytes.extend((i as u32).wrapping_mul(50_000).wrapping_sub(100_000).to_le_bytes());
        it.bytes.extend((i as u16).to_le_bytes());
        it.bytes.extend([0, 0, n_rx as u8, n_tx as u8, 40, 38, 0, -92i8 as u8, 30]);
        it.bytes.push((perm[0] | perm[1] << 2 | perm[2] << 4) as u8);
        it.bytes.extend((csi.len() as u16).to_le_bytes());
        it.bytes.extend(0x0101u16.to_le_bytes());
        it.bytes.extend(csi);
        it.values.extend(values);
    }
    it
}

/// The bit stream of an Atheros card; answers the values in stored order.
fn atheros_stream(draw: &mut Draw, tones: usize, n_rx: usize, n_tx: usize) -> (Vec<u8>, Vec<(f64, f64)>) {
    let mut bits = Bits::default();
    let mut values = Vec::new();
    for _ in 0..tones {
        let mut tone = vec![(0.0, 0.0); n_rx * n_tx];
        for tx in 0..n_tx {
            for rx in 0..n_rx {
                let pair = (draw.bits(10), draw.bits(10));
                bits.push(pair.1, 10);
                bits.push(pair.0, 10);
                tone[rx * n_tx + tx] = float(pair);
            }
        }
        values.extend(tone);
    }
    (bits.bytes, values)
}

/// A log of the Atheros CSI Tool in either byte order, with the flag byte of newer loggers or without.
pub fn atheros(frames: usize, seed: u64, tones: usize, n_rx: usize, n_tx: usize, big: bool, flag: bool) -> Fixture {
    let mut draw = Draw::new(seed);
    let name = format!("atheros {tones}x{n_rx}x{n_tx} big {big} flag {flag}");
    let mut it = Fixture { name, format: "atheros", frames, ..Fixture::default() };
    let u16s = |v: usize| if big { (v as u16).to_be_bytes() } else { (v as u16).to_le_bytes() };
    if flag {
        it.bytes.push(if big { 0xff } else { 0 });
    }
    for i in 0..frames {
        let (csi, values) = atheros_stream(&mut draw, tones, n_rx, n_tx);
        // As long as the packets of the tool's usual traffic.
        let payload = [0x88; 1040];
        it.bytes.extend(u16s(25 + csi.len() + payload.len()));
        let t = 1_000_000 + 2_000 * i as u64;
        it.bytes.extend(if big { t.to_be_bytes() } else { t.to_le_bytes() });
        it.bytes.extend(u16s(csi.len()));
        it.bytes.extend(u16s(2437));
        it.bytes.extend([0, 0, 0x87, u8::from(tones == 114), tones as u8, n_rx as u8, n_tx as u8, 50, 45, 44, 128]);
        it.bytes.extend(u16s(payload.len()));
        it.bytes.extend(csi);
        it.bytes.extend(payload);
        it.values.extend(values);
    }
    it
}

/// How Nexmon words are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NexmonWords {
    /// 43455c0.
    Int16,
    /// 4358.
    Float9,
    /// 4366c0.
    Float12,
}

fn nexmon_word(draw: &mut Draw, kind: NexmonWords) -> (u32, (f64, f64)) {
    if kind == NexmonWords::Int16 {
        let pair = (draw.bits(14), draw.bits(14));
        return ((pair.0 as u16 as u32) | (pair.1 as u16 as u32) << 16, float(pair));
    }
    let (mantissa, exponent_bits) = if kind == NexmonWords::Float9 { (9, 5) } else { (12, 6) };
    let exponent = draw.bits(exponent_bits);
    let (re, im) = (draw.bits(mantissa), draw.bits(mantissa));
    let magnitude = |v: i32| v.unsigned_abs().min((1 << (mantissa - 1)) - 1);
    let part = |v: i32| u32::from(v < 0) << (mantissa - 1) | magnitude(v);
    let word = part(re) << (mantissa + exponent_bits)
        | part(im) << exponent_bits
        | (exponent as u32 & ((1 << exponent_bits) - 1));
    let value = |v: i32| f64::from(magnitude(v)) * f64::from(exponent).exp2() * if v < 0 { -1.0 } else { 1.0 } + 0.0;
    (word, (value(re), value(im)))
}

/// The UDP payload of one frame of `n` words; answers the values in stored order.
fn nexmon_payload(draw: &mut Draw, i: usize, n: usize, kind: NexmonWords, rssi: bool) -> (Vec<u8>, Vec<(f64, f64)>) {
    let chip: u16 = match kind {
        NexmonWords::Int16 => 0x0065,
        NexmonWords::Float9 => 0xdead,
        NexmonWords::Float12 => 0x006a,
    };
    let width = 2 + (n / 64).ilog2() as u16;
    let mut out = vec![0x11, 0x11];
    out.extend(if rssi { [-55i8 as u8, 0x88] } else { [0x11, 0x11] });
    out.extend([2, 0, 0, 0, 0, (i % 3) as u8]);
    out.extend(((i as u16) << 4).to_le_bytes());
    out.extend([0, 0]);
    out.extend((width << 11 | 3 << 14 | 42).to_le_bytes());
    out.extend(chip.to_le_bytes());
    let mut values = Vec::new();
    for _ in 0..n {
        let (word, value) = nexmon_word(draw, kind);
        out.extend(word.to_le_bytes());
        values.push(value);
    }
    (out, values)
}

/// Ethernet, IPv4 and UDP headers around a payload.
fn udp(payload: &[u8]) -> Vec<u8> {
    let mut out = b"\xff\xff\xff\xff\xff\xffNEXMON\x08\x00".to_vec();
    out.extend([0x45, 0]);
    out.extend((28 + payload.len() as u16).to_be_bytes());
    out.extend([0, 0, 0, 0, 1, 17, 0, 0, 10, 10, 10, 10, 255, 255, 255, 255]);
    out.extend(5500u16.to_be_bytes());
    out.extend(5500u16.to_be_bytes());
    out.extend((8 + payload.len() as u16).to_be_bytes());
    out.extend([0, 0]);
    out.extend(payload);
    out
}

/// A packet capture of Nexmon datagrams of `n` words, with a packet of another kind before every fifth.
pub fn nexmon(frames: usize, seed: u64, n: usize, kind: NexmonWords, rssi: bool, big: bool) -> Fixture {
    let mut draw = Draw::new(seed);
    let name = format!("nexmon {n} {kind:?} rssi {rssi} big {big}");
    let mut it = Fixture { name, format: "nexmon", frames, ..Fixture::default() };
    let u32s = |v: u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
    let u16s = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
    it.bytes.extend(u32s(0xa1b2_c3d4));
    it.bytes.extend([u16s(2), u16s(4)].concat());
    it.bytes.extend([u32s(0), u32s(0), u32s(65_535), u32s(1)].concat());
    for i in 0..frames {
        let (payload, values) = nexmon_payload(&mut draw, i, n, kind, rssi);
        let mut packets = vec![udp(&payload)];
        if i % 5 == 0 {
            packets.insert(0, udp(b"not CSI"));
        }
        for packet in packets {
            let us = 10_000 * i as u32;
            it.bytes.extend([u32s(1_600_000_000 + us / 1_000_000), u32s(us % 1_000_000)].concat());
            it.bytes.extend([u32s(packet.len() as u32), u32s(packet.len() as u32)].concat());
            it.bytes.extend(packet);
        }
        it.values.extend(values);
    }
    it
}

/// The same datagrams in a pcapng file.
pub fn nexmon_ng(frames: usize, seed: u64, n: usize, kind: NexmonWords) -> Fixture {
    let mut draw = Draw::new(seed);
    let mut it =
        Fixture { name: format!("nexmon pcapng {n} {kind:?}"), format: "nexmon", frames, ..Fixture::default() };
    fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
        let padded = body.len().next_multiple_of(4);
        let total = (12 + padded) as u32;
        out.extend(kind.to_le_bytes());
        out.extend(total.to_le_bytes());
        out.extend(body);
        out.extend(vec![0; padded - body.len()]);
        out.extend(total.to_le_bytes());
    }
    let mut section = 0x1a2b_3c4du32.to_le_bytes().to_vec();
    section.extend([1, 0, 0, 0]);
    section.extend([0xff; 8]);
    block(&mut it.bytes, 0x0a0d_0d0a, &section);
    // Ethernet, no bound on captured lengths, times in nanoseconds (option 9, if_tsresol).
    block(&mut it.bytes, 1, &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    for i in 0..frames {
        let (payload, values) = nexmon_payload(&mut draw, i, n, kind, true);
        let packet = udp(&payload);
        let ns = 1_600_000_000_000_000_000u64 + 10_000_000 * i as u64;
        let mut body = 0u32.to_le_bytes().to_vec();
        body.extend([((ns >> 32) as u32).to_le_bytes(), (ns as u32).to_le_bytes()].concat());
        body.extend([(packet.len() as u32).to_le_bytes(), (packet.len() as u32).to_le_bytes()].concat());
        body.extend(packet);
        block(&mut it.bytes, 6, &body);
        it.values.extend(values);
    }
    it
}

/// Which program wrote an ESP32 log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Esp32Row {
    /// ESP32-CSI-Tool.
    CsiTool,
    /// esp-csi get-started on ESP32, S2, S3, C3.
    EspCsi,
    /// esp-csi get-started on C5, C6.
    EspCsiC6,
    /// esp-radar, values in Base64.
    RadarBase64,
}

/// A console log of 64 pairs a row, with boot messages and a header.
pub fn esp32(frames: usize, seed: u64, row: Esp32Row) -> Fixture {
    let mut draw = Draw::new(seed);
    let mut it = Fixture { name: format!("esp32 {row:?}"), format: "esp32", frames, ..Fixture::default() };
    let mut text = String::from("I (288) cpu_start: App cpu up.\r\ntype,id,mac,rssi\n");
    for i in 0..frames {
        let us = 1_000_000 + 10_000 * i as u64;
        let pairs: Vec<(i32, i32)> = (0..64).map(|_| (draw.bits(6), draw.bits(6))).collect();
        let flat: Vec<i32> = pairs.iter().flat_map(|&(re, im)| [im, re]).collect();
        let list = |sep: &str| flat.iter().map(i32::to_string).collect::<Vec<_>>().join(sep);
        let common = "11,0,0,0,0,0,0,0,0,0,-96,0,6,0";
        let mac = format!("0a:00:00:00:00:{:02X}", i % 3);
        let line = match row {
            Esp32Row::CsiTool => {
                let s = us as f64 / 1e6;
                format!("CSI_DATA,AP,{mac},-50,{common},{us},0,28,0,0,{s},384,[{} ]", list(" "))
            }
            Esp32Row::EspCsi => format!("CSI_DATA,{i},{mac},-50,{common},{us},0,28,0,128,0,\"[{}]\"\r", list(",")),
            Esp32Row::EspCsiC6 => format!("CSI_DATA,{i},{mac},-50,11,-96,16,30,6,{us},28,0,128,0,\"[{}]\"", list(",")),
            Esp32Row::RadarBase64 => {
                let bytes: Vec<u8> = flat.iter().map(|&v| v as u8).collect();
                format!("CSI_DATA,{i},{us},{i},x,{mac},-50,{common},{us},0,28,0,30,16,128,0,{}", base64(&bytes))
            }
        };
        let _ = writeln!(text, "{line}");
        it.values.extend(pairs.into_iter().map(float));
    }
    it.bytes = text.into_bytes();
    it
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().enumerate().fold(0u32, |w, (i, &b)| w | u32::from(b) << (16 - 8 * i));
        for i in 0..4 {
            let used = i <= three.len();
            out.push(if used { DIGITS[(word >> (18 - 6 * i) & 63) as usize] as char } else { '=' });
        }
    }
    out
}

/// The firmware header of an AX200 (formats of FeitCSI and PicoScenes).
fn mvm_header(i: usize, n: usize, n_rx: usize, n_tx: usize, rate: u32) -> Vec<u8> {
    let mut head = vec![0u8; 272];
    let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &((4 * n * n_rx * n_tx) as u32).to_le_bytes());
    put(4, &4u32.to_le_bytes());
    put(46, &[n_rx as u8, n_tx as u8]);
    put(52, &(n as u32).to_le_bytes());
    put(60, &41u32.to_le_bytes());
    put(64, &43u32.to_le_bytes());
    put(68, &[0, 0x16, 0xea, 0x12, 0x34, 0x56]);
    put(76, &[i as u8]);
    put(88, &(3_000_000 + 50_000 * i as u32).to_le_bytes());
    put(92, &rate.to_le_bytes());
    head
}

/// Samples `[rx][tx][subcarrier]` of 16 bits; answers the values in stored order.
fn mvm_samples(draw: &mut Draw, n: usize, n_rx: usize, n_tx: usize) -> (Vec<u8>, Vec<(f64, f64)>) {
    let mut out = Vec::new();
    let mut values = vec![(0.0, 0.0); n * n_rx * n_tx];
    for chain in 0..n_rx * n_tx {
        for s in 0..n {
            let pair = (draw.bits(12), draw.bits(12));
            out.extend((pair.0 as i16).to_le_bytes());
            out.extend((pair.1 as i16).to_le_bytes());
            values[s * n_rx * n_tx + chain] = float(pair);
        }
    }
    (out, values)
}

/// A FeitCSI recording of HE packets; `n` is 242, 484, 996 or 1992.
pub fn feitcsi(frames: usize, seed: u64, n: usize, n_rx: usize) -> Fixture {
    let mut draw = Draw::new(seed);
    let mut it = Fixture { name: format!("feitcsi {n}x{n_rx}"), format: "feitcsi", frames, ..Fixture::default() };
    let width = (n as u32 / 242).ilog2();
    for i in 0..frames {
        it.bytes.extend(mvm_header(i, n, n_rx, 1, 4 << 8 | width << 11));
        let (samples, values) = mvm_samples(&mut draw, n, n_rx, 1);
        it.bytes.extend(samples);
        it.values.extend(values);
    }
    it
}

/// An archive of ESP32 samples as a NumPy program stores it: 64 tones, 100 packets a second.
pub fn espectre(frames: usize, seed: u64, chip: &str) -> Fixture {
    let mut draw = Draw::new(seed);
    let mut it = Fixture { name: format!("espectre {chip}"), format: "espectre-npz", frames, ..Fixture::default() };
    let pairs: Vec<(i32, i32)> = (0..64 * frames).map(|_| (draw.bits(6), draw.bits(6))).collect();
    let samples: Vec<u8> = pairs.iter().flat_map(|&(re, im)| [im as u8, re as u8]).collect();
    let text: Vec<u8> = chip.chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
    let duration_ms = 10.0 * frames as f64;
    let members = [
        ("csi_data", "|i1", format!("({frames}, 128)"), samples),
        ("num_subcarriers", "<i8", "()".to_owned(), 64u64.to_le_bytes().to_vec()),
        ("chip", &format!("<U{}", chip.len())[..], "()".to_owned(), text),
        ("duration_ms", "<f8", "()".to_owned(), duration_ms.to_le_bytes().to_vec()),
    ];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, descr, shape, data) in members {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut npy = b"\x93NUMPY\x01\x00".to_vec();
        npy.extend((header.len() as u16).to_le_bytes());
        npy.extend(header.as_bytes());
        npy.extend(data);
        let how = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(format!("{name}.npy"), how).expect("a vector takes every byte");
        std::io::Write::write_all(&mut zip, &npy).expect("a vector takes every byte");
    }
    it.bytes = zip.finish().expect("a vector takes every byte").into_inner();
    it.values = pairs.into_iter().map(float).collect();
    it
}

/// Whose samples a PicoScenes recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PicoDevice {
    /// 3 x 2.
    Intel5300,
    /// 3 x 1.
    Qca9300,
    /// 2 x 1, 56 tones.
    Ax200,
    /// One antenna, 52 tones, f64.
    Usrp,
}

fn segment(name: &str, version: u16, body: &[u8]) -> Vec<u8> {
    let mut out = ((1 + name.len() + 2 + body.len()) as u32).to_le_bytes().to_vec();
    out.push(name.len() as u8);
    out.extend(name.as_bytes());
    out.extend(version.to_le_bytes());
    out.extend(body);
    out
}

/// A PicoScenes recording; `csi_version` 1 to 7 chooses the layout of the CSI segment, and with it that of the frame
/// (version 2 frames from 5 on) and of RxSBasic.
pub fn picoscenes(frames: usize, seed: u64, device: PicoDevice, csi_version: u16) -> Fixture {
    let mut draw = Draw::new(seed);
    let name = format!("picoscenes {device:?} v{csi_version}");
    let mut it = Fixture { name, format: "picoscenes", frames, ..Fixture::default() };
    for i in 0..frames {
        let (code, n_tones, n_tx, n_rx): (u16, usize, usize, usize) = match device {
            PicoDevice::Intel5300 => (0x5300, 30, 2, 3),
            PicoDevice::Qca9300 => (0x9300, 56, 1, 3),
            PicoDevice::Ax200 => (0x2000, 56, 1, 2),
            PicoDevice::Usrp => (0x1234, 52, 1, 1),
        };
        let (buffer, behind, values) = match device {
            PicoDevice::Intel5300 => {
                let (b, v) = intel_stream(&mut draw, n_rx, n_tx, [1, 2, 0]);
                (b, Vec::new(), v)
            }
            PicoDevice::Qca9300 => {
                let (b, v) = atheros_stream(&mut draw, n_tones, n_rx, n_tx);
                (b, Vec::new(), v)
            }
            PicoDevice::Ax200 => {
                let (b, v) = mvm_samples(&mut draw, n_tones, n_rx, n_tx);
                (b, Vec::new(), v)
            }
            PicoDevice::Usrp => usrp_buffer(&mut draw, n_tones, csi_version),
        };
        let csi = pico_csi(code, csi_version, n_tones, n_tx, n_rx, &buffer, &behind);
        let mut segments = vec![
            segment("RxSBasic", csi_version.min(6), &pico_basic(i, code, csi_version.min(6))),
            segment("Unheard", 9, b"pass over"),
        ];
        if device == PicoDevice::Ax200 {
            let head = [&272u16.to_le_bytes()[..], &mvm_header(i, n_tones, n_rx, n_tx, 2 << 8)].concat();
            segments.push(segment("MVMExtra\0", 1, &head));
        }
        segments.push(segment("CSI", csi_version, &csi));
        let two = csi_version >= 5;
        let mut body = 0x2015_0315u32.to_le_bytes().to_vec();
        body.extend(if two { 2u16 } else { 1 }.to_le_bytes());
        body.push(segments.len() as u8);
        if two {
            body.extend(1u16.to_le_bytes());
        }
        body.extend(segments.concat());
        let mpdu = [0x08u8; 32];
        if two {
            body.extend(32u32.to_le_bytes());
        }
        body.extend(mpdu);
        it.bytes.extend((body.len() as u32).to_le_bytes());
        it.bytes.extend(body);
        it.values.extend(values);
    }
    it
}

/// Subcarrier numbers and a column-major matrix, f64 before version 6 and f32 from there on.
fn usrp_buffer(draw: &mut Draw, n: usize, version: u16) -> (Vec<u8>, Vec<u8>, Vec<(f64, f64)>) {
    let half = n as i16 / 2;
    let indices: Vec<u8> = (-half..=half).filter(|&k| k != 0).flat_map(i16::to_le_bytes).collect();
    let single = version >= 6;
    let mut matrix = b"BBv2\x03".to_vec();
    for dim in [n as u64, 1, 1] {
        matrix.extend(dim.to_le_bytes());
    }
    matrix.extend(if single { *b"CF\x20C" } else { *b"CD\x40C" });
    let mut values = Vec::new();
    for _ in 0..n {
        let pair = (f64::from(draw.bits(20)) / 1e6, f64::from(draw.bits(20)) / 1e6);
        for part in [pair.0, pair.1] {
            if single {
                matrix.extend((part as f32).to_le_bytes());
            } else {
                matrix.extend(part.to_le_bytes());
            }
        }
        values.push(if single { (f64::from(pair.0 as f32), f64::from(pair.1 as f32)) } else { pair });
    }
    if version >= 7 {
        return (matrix, [indices, vec![0, 0]].concat(), values);
    }
    ([indices, matrix].concat(), Vec::new(), values)
}

fn pico_csi(device: u16, v: u16, tones: usize, n_tx: usize, n_rx: usize, buffer: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut b = device.to_le_bytes().to_vec();
    if v >= 4 {
        b.push(67);
    }
    b.push(1);
    b.extend(20u16.to_le_bytes());
    b.extend(5_180_000_000u64.to_le_bytes());
    if v >= 5 {
        b.extend([0; 9]);
    }
    b.extend(20_000_000u64.to_le_bytes());
    b.extend(312_500u32.to_le_bytes());
    b.extend((tones as u16).to_le_bytes());
    b.extend([n_tx as u8, n_rx as u8, 0]);
    if v >= 3 {
        b.extend(1u16.to_le_bytes());
    }
    // Antennas 1, 2, 0.
    b.push(1 | 2 << 2);
    if v >= 2 {
        b.extend(0i16.to_le_bytes());
    }
    b.extend((buffer.len() as u32).to_le_bytes());
    b.extend(buffer);
    b.extend(behind);
    b
}

fn pico_basic(i: usize, device: u16, v: u16) -> Vec<u8> {
    let mut b = device.to_le_bytes().to_vec();
    b.extend((5_000_000 + 1_000 * i as u64).to_le_bytes());
    if v >= 4 {
        b.extend((1_700_000_000_000_000_000 + 1_000_000 * i as u64).to_le_bytes());
    }
    b.extend(5180u16.to_le_bytes());
    if v >= 5 {
        b.extend(0u16.to_le_bytes());
    }
    if v >= 3 {
        b.extend(5180u16.to_le_bytes());
    }
    if v <= 2 {
        b.push(1);
        b.extend(20u16.to_le_bytes());
    } else {
        b.extend(20u16.to_le_bytes());
        b.push(1);
        b.extend(20u16.to_le_bytes());
    }
    b.extend(800u16.to_le_bytes());
    b.extend([7, 1, 0, 2]);
    if v >= 2 {
        b.extend([1, 0]);
    }
    let levels: &[i8] = if v <= 4 { &[-95, -40, -41, -42, -128] } else { &[-95, -40, -41, -42, 0, 0, 0, 0, 0, 0] };
    for &level in levels {
        if v == 6 {
            b.extend(f32::from(level).to_le_bytes());
        } else {
            b.push(level as u8);
        }
    }
    b
}

/// One recording of each kind, small: what the tests of damage cut and flip.
pub fn all(frames: usize) -> Vec<Fixture> {
    let mut all = vec![
        intel5300(frames, 1, 3, 2),
        intel5300(frames, 2, 1, 1),
        intel5300(frames, 3, 2, 3),
        atheros(frames, 4, 56, 3, 2, false, false),
        atheros(frames, 5, 114, 1, 3, true, false),
        atheros(frames, 6, 56, 2, 2, true, true),
        atheros(frames, 7, 56, 1, 1, false, true),
        nexmon(frames, 8, 64, NexmonWords::Int16, true, false),
        nexmon(frames, 9, 128, NexmonWords::Float9, false, true),
        nexmon(frames, 10, 256, NexmonWords::Float12, false, false),
        nexmon_ng(frames, 11, 64, NexmonWords::Int16),
        feitcsi(frames, 12, 242, 2),
        feitcsi(frames, 13, 996, 1),
    ];
    for row in [Esp32Row::CsiTool, Esp32Row::EspCsi, Esp32Row::EspCsiC6, Esp32Row::RadarBase64] {
        all.push(esp32(frames, 14, row));
    }
    for device in [PicoDevice::Intel5300, PicoDevice::Qca9300, PicoDevice::Ax200, PicoDevice::Usrp] {
        for version in 1..=7 {
            all.push(picoscenes(frames, 15 + u64::from(version), device, version));
        }
    }
    all
}
