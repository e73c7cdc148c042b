//! Every layout variant of the formats, as a small recording written from its description: what is read out of it, which
//! tones the values are, and what the frame says of itself.

// In a test a failed unwrap is the failure it should be; helpers count as code to the lint.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use millpond_datasets::{AxParts, ReadError, ReadOptions};
use millpond_dsp::phy::{Bandwidth, PpduFormat};
use millpond_fixture as fixture;

/// What one frame says, kept.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    tones: Vec<i16>,
    /// In the order of the tones, first antenna pair.
    row: Vec<(f32, f32)>,
    stored: Vec<(f64, f64)>,
    link: u16,
    t_us: u64,
    device_s: f64,
    rssi: Option<f32>,
    noise: Option<f32>,
    gain: Option<f32>,
    seq: Option<u16>,
    format: PpduFormat,
    width: Bandwidth,
    channel: Option<(u8, u8)>,
    antennas: (u8, u8),
    label: Option<String>,
}

fn read_with(bytes: Vec<u8>, options: &ReadOptions) -> (&'static str, Vec<Seen>, Vec<ReadError>) {
    let mut source = millpond_datasets::read(Cursor::new(bytes), options).unwrap();
    let format = source.info().format;
    let (mut seen, mut errors) = (Vec::new(), Vec::new());
    loop {
        match source.next_frame() {
            Ok(Some(r)) => {
                let m = r.frame.meta();
                let row = r.frame.row(0, 0);
                let mut stored = Vec::new();
                r.for_each_stored(|re, im| stored.push((re, im)));
                seen.push(Seen {
                    tones: r.frame.tones().to_vec(),
                    row: (0..row.len()).map(|i| (row.at(i).re, row.at(i).im)).collect(),
                    stored,
                    link: m.link.0,
                    t_us: m.t.0,
                    device_s: r.device_s,
                    rssi: m.rssi.map(|v| v.0),
                    noise: m.noise.map(|v| v.0),
                    gain: m.gain.map(|v| v.0),
                    seq: m.seq,
                    format: m.format,
                    width: m.width,
                    channel: m.channel.map(|c| (c.band().number(), c.primary())),
                    antennas: (m.n_rx, m.n_sts),
                    label: r.label.map(str::to_owned),
                });
            }
            Ok(None) => return (format, seen, errors),
            Err(e) => errors.push(e),
        }
    }
}

fn read(text: &str) -> (&'static str, Vec<Seen>, Vec<ReadError>) {
    read_with(text.as_bytes().to_vec(), &ReadOptions::default())
}

/// `n` values -1, 1, -2, 2, ...: imaginary parts fall, real parts rise.
fn values(pairs: usize, separator: &str) -> String {
    let all: Vec<String> = (1..=pairs as i64).map(|i| format!("{}{separator}{}", -(i % 100), i % 100)).collect();
    all.join(separator)
}

fn csi_tool(fields: &str, pairs: usize) -> String {
    let [sig_mode, bandwidth, stbc, secondary] = fields.split(' ').collect::<Vec<_>>()[..] else { panic!() };
    format!(
        "CSI_DATA,AP,0a:0b:00:00:00:01,-60,11,{sig_mode},0,{bandwidth},1,1,0,{stbc},0,0,-93,0,6,{secondary},1000,0,101,0,\
         1,12.5,384,[{} ]\n",
        values(pairs, " ")
    )
}

#[test]
fn esp32_csi_tool_rows_since_july_2019_and_before() {
    let (format, new, errors) = read(&csi_tool("0 0 0 0", 64));
    assert_eq!((format, errors.len(), new.len()), ("esp32", 0, 1));
    // The first two pairs are overwritten by the hardware: stored, but no tone.
    assert_eq!((new[0].tones.len(), new[0].stored.len()), (62, 64));
    assert_eq!(new[0].stored[2], (3.0, -3.0));
    // Pair 2 is tone 2, the first that is left of those from 0 on; the lowest stands at pair 32.
    assert_eq!((new[0].tones[0], new[0].row[0]), (-32, (33.0, -33.0)));
    let at = new[0].tones.iter().position(|&k| k == 2).unwrap();
    assert_eq!(new[0].row[at], (3.0, -3.0));
    assert_eq!((new[0].device_s, new[0].rssi, new[0].noise), (12.5, Some(-60.0), Some(-93.0)));
    assert_eq!((new[0].format, new[0].width, new[0].channel), (PpduFormat::Legacy, Bandwidth::Mhz20, Some((2, 6))));
    let old = csi_tool("0 0 0 0", 64).replace("1,12.5,384,[", "384,").replace(" ]", "");
    assert_eq!(old.matches(',').count(), 23);
    let (_, old, _) = read(&old);
    assert_eq!((old[0].device_s, &old[0].row), (0.001, &new[0].row));
    // A helper script appends the time behind the bracket.
    let (_, timed, errors) = read(&csi_tool("0 0 0 0", 64).replace(" ]", " ],1700000000.5"));
    assert_eq!((timed.len(), errors.len(), &timed[0].row), (1, 0, &new[0].row));
}

/// The tones of a training field: lowest, highest, number.
type Field = (i16, i16, usize);

#[test]
fn esp32_training_fields_by_the_table() {
    // sig_mode bandwidth stbc secondary, pairs printed, the fields.
    let cases: [(&str, usize, &[Field]); 13] = [
        ("0 0 0 0", 64, &[(-32, 31, 64)]),
        ("1 0 0 0", 128, &[(-32, 31, 64), (-32, 31, 64)]),
        ("1 0 1 0", 192, &[(-32, 31, 64), (-32, 31, 64), (-32, 31, 64)]),
        ("0 0 0 2", 64, &[(-32, 31, 64)]),
        ("1 0 0 2", 128, &[(-32, 31, 64), (-32, 31, 64)]),
        ("1 0 1 2", 190, &[(-32, 31, 64), (-32, 30, 63), (-32, 30, 63)]),
        ("1 1 0 2", 192, &[(0, 63, 64), (-64, 63, 128)]),
        ("1 1 1 2", 306, &[(0, 63, 64), (-60, 60, 121), (-60, 60, 121)]),
        ("0 0 0 1", 64, &[(-32, 31, 64)]),
        ("1 0 0 1", 128, &[(-32, 31, 64), (-32, 31, 64)]),
        ("1 0 1 1", 188, &[(-32, 31, 64), (-30, 31, 62), (-30, 31, 62)]),
        ("1 1 0 1", 192, &[(-64, -1, 64), (-64, 63, 128)]),
        ("1 1 1 1", 306, &[(-64, -1, 64), (-60, 60, 121), (-60, 60, 121)]),
    ];
    for (fields, pairs, expected) in cases {
        // esp-csi has no overwritten pairs where first_word is 0.
        let [sig_mode, bandwidth, stbc, secondary] = fields.split(' ').collect::<Vec<_>>()[..] else { panic!() };
        let row = format!(
            "CSI_DATA,9,0a:0b:00:00:00:01,-60,11,{sig_mode},0,{bandwidth},1,1,0,{stbc},0,0,-93,0,6,{secondary},1000,0,101,0,\
             {},0,\"[{}]\"\n",
            2 * pairs,
            values(pairs, ",")
        );
        let (_, seen, errors) = read(&row);
        assert!(errors.is_empty(), "{fields}: {errors:?}");
        let tones = &seen[0].tones;
        let mut fields_seen = Vec::new();
        let mut from = 0;
        for to in 1..=tones.len() {
            if to == tones.len() || tones[to] <= tones[to - 1] {
                fields_seen.push((tones[from], tones[to - 1], to - from));
                from = to;
            }
        }
        assert_eq!(fields_seen, expected, "{fields}");
        assert_eq!(seen[0].seq, Some(9));
    }
}

#[test]
fn esp32_amplitudes_of_the_csi_tool() {
    let amplitudes: Vec<String> = (0..64).map(|i| (i * 2).to_string()).collect();
    let row = csi_tool("0 0 0 0", 64);
    let row = format!("{}[{} ]\n", &row[..row.find('[').unwrap()], amplitudes.join(" "));
    let (_, seen, errors) = read(&row);
    assert_eq!((seen.len(), errors.len()), (1, 0));
    assert_eq!((seen[0].stored.len(), seen[0].stored[63]), (64, (126.0, 0.0)));
    let phases = row.replace("[0 2 4", "[0 -2 4");
    let (_, seen, errors) = read(&phases);
    assert!(seen.is_empty() && errors[0].what.contains("phases"), "{errors:?}");
}

#[test]
fn esp_csi_c5_and_c6_rows() {
    let row = |pairs: usize, list: &str, noise: &str| {
        format!("CSI_DATA,7,1a:00:00:00:00:00,-23,11,{noise},250,4,11,372852,47,0,{},0,\"[{list}]\"\n", 2 * pairs)
    };
    let (_, seen, _) = read(&row(57, &values(57, ","), "159"));
    assert_eq!((seen[0].noise, seen[0].rssi, seen[0].seq), (Some(-97.0), Some(-23.0), Some(7)));
    // agc_gain in dB, fft_gain a signed byte in quarters of a dB: 250 is -6.
    assert_eq!(seen[0].gain, Some(4.0 - 1.5));
    assert_eq!((seen[0].tones[0], seen[0].tones.len(), seen[0].format), (-28, 57, PpduFormat::Ht));
    // Pair 0 is tone 0, pair 29 the lowest.
    assert_eq!(seen[0].row[0], (30.0, -30.0));
    for (pairs, lowest, format, width) in [
        (53, -26, PpduFormat::Legacy, Bandwidth::Mhz20),
        (117, -58, PpduFormat::Ht, Bandwidth::Mhz40),
        (114, -28, PpduFormat::Ht, Bandwidth::Mhz20),
        (234, -58, PpduFormat::Ht, Bandwidth::Mhz40),
        (245, -122, PpduFormat::He, Bandwidth::Mhz20),
        (256, -128, PpduFormat::He, Bandwidth::Mhz20),
    ] {
        let (_, seen, errors) = read(&row(pairs, &values(pairs, ","), "-97"));
        assert!(errors.is_empty(), "{pairs}: {errors:?}");
        assert_eq!((seen[0].tones[0], seen[0].format, seen[0].width), (lowest, format, width), "{pairs}");
    }
    // esp-crab's slave has other names for the same columns. The C5 measures in 5 GHz too.
    let (_, seen, _) = read(&row(57, &values(57, ","), "-97").replace(",4,11,", ",4,36,"));
    assert_eq!(seen[0].channel, Some((5, 36)));
}

#[test]
fn esp_csi_values_of_more_than_eight_bits() {
    // The forced legacy field: 12-bit values, 52 of them.
    let list: Vec<String> = (0..52).map(|i| (if i % 2 == 0 { -2048 + i } else { 2047 - i }).to_string()).collect();
    let row = format!("CSI_DATA,7,1a:00:00:00:00:00,-23,11,-97,0,4,11,372852,47,0,52,0,\"[{}]\"\n", list.join(","));
    let (_, seen, errors) = read(&row);
    assert_eq!((seen.len(), errors.len()), (1, 0), "{errors:?}");
    assert_eq!((seen[0].stored.len(), seen[0].stored[0]), (26, (2046.0, -2048.0)));
    assert_eq!(seen[0].format, PpduFormat::Legacy);
    // ESP32-CSI-Tool prints bytes: there it is damage.
    let (_, seen, errors) = read(&csi_tool("0 0 0 0", 64).replace("[-1 1", "[-1 1000"));
    assert!(seen.is_empty() && errors.len() == 1);
}

#[test]
fn esp_radar_rows_with_and_without_gains() {
    let head = "CSI_DATA,3,100,4,aa,1a:00:00:00:00:00,-40,11,1,7,0,1,1,0,0,0,0,-95,0,11,0,5000,0,80,0";
    let new = format!("{head},30,252,104,0,\"[{}]\"\n", values(52, ","));
    let old = format!("{head},104,0,\"[{}]\"\n", values(52, ","));
    let (_, new, errors) = read(&new);
    assert!(errors.is_empty(), "{errors:?}");
    let (_, old, _) = read(&old);
    assert_eq!((new[0].gain, old[0].gain), (Some(30.0 - 1.0), None));
    assert_eq!(new[0].tones, (-26..0).chain(1..=26).collect::<Vec<i16>>());
    assert_eq!(new[0].row, old[0].row);
    assert_eq!((new[0].row[0], new[0].row[51]), ((1.0, -1.0), (52.0, -52.0)));
    assert_eq!((new[0].seq, new[0].device_s), (Some(3), 0.005));
}

#[test]
fn esp32_console_output_prefixes_and_mixed_lengths() {
    let (a, b) = (csi_tool("0 0 0 0", 64), csi_tool("1 0 0 0", 128).replace(",1000,0,101", ",2000,0,101"));
    let text = format!(
        "ets Jun  8 2016 00:22:57\r\ntype,role,mac,rssi\nI (312) wifi: mode\nRADAR_DADA,1,2,3\nDEVICE_INFO,x\n\
         2024-01-01 12:00:00 > {a}type,role,mac\n{}\r\nCSI_DATA,AP,0a:0b:00\n",
        b.trim_end()
    );
    let (_, seen, errors) = read(&text);
    assert_eq!((seen.len(), errors.len()), (2, 1), "{errors:?}");
    assert_eq!((seen[0].stored.len(), seen[1].stored.len()), (64, 128));
    assert_eq!((seen[0].link, seen[1].link, seen[1].t_us), (0, 1, 1000));
    let (_, again, _) = read_with(gz(text.as_bytes()), &ReadOptions::default());
    assert_eq!(again, seen);
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn packet_types_and_transmitters_of_one_length_are_links_of_their_own() {
    let rows = [csi_tool("0 0 0 1", 64), csi_tool("1 0 0 1", 64), csi_tool("0 0 0 1", 64), csi_tool("1 1 0 1", 64)];
    let other = csi_tool("0 0 0 1", 64).replace("0a:0b", "0A:0c");
    let (_, seen, _) = read(&(rows.concat() + &other + &csi_tool("0 0 0 1", 64).replace("0a:0b", "0A:0B")));
    assert_eq!(seen.iter().map(|s| s.link).collect::<Vec<_>>(), [0, 1, 0, 2, 3, 0]);
}

#[test]
fn derived_tables_of_esp32_samples() {
    let list = values(64, " ");
    let home = format!(
        "time,src_mac,rssi,noise_floor,csi\n100,0a:0b:00:00:00:01,-60,-92,[{list}]\n150,0a:0b:00:00:00:02,-61,-92,[{list}]\n"
    );
    let (format, seen, errors) = read(&home);
    assert_eq!((format, seen.len(), errors.len()), ("esp32", 2, 0), "{errors:?}");
    assert_eq!((seen[0].rssi, seen[0].noise, seen[1].link), (Some(-60.0), Some(-92.0), 1));
    assert_eq!((seen[0].device_s, seen[1].t_us), (0.1, 50_000));
    assert_eq!(seen[0].stored[0], (1.0, -1.0));
    for header in ["time,movement_detected,csi", "time,pcc,movement_detected,csi"] {
        let pcc = if header.contains("pcc") { "0.98," } else { "" };
        let text = format!("{header}\r\n1700000000.25,{pcc}1,[{list} ]\r\n1700000000.5,{pcc}0,[1 2 3]\r\n9,[\r\n");
        let (format, seen, errors) = read(&text);
        assert_eq!((format, seen.len(), errors.len()), ("esp32", 1, 2), "{errors:?}");
        assert_eq!((seen[0].label.as_deref(), seen[0].rssi), (Some("1"), None));
        assert_eq!(seen[0].device_s, 1_700_000_000.25);
    }
}

/// The bytes of a classic capture of these UDP payloads, with a link header in front of each IP packet.
fn capture(link_type: u32, head: &[u8], payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut out = [0xa1b2_c3d4u32.to_le_bytes(), [2, 0, 4, 0], [0; 4], [0; 4], [0xff, 0xff, 0, 0]].concat();
    out.extend(link_type.to_le_bytes());
    for (i, payload) in payloads.iter().enumerate() {
        let mut packet = head.to_vec();
        packet.extend([0x45, 0, 0, 0, 0, 0, 0, 0, 1, 17, 0, 0, 10, 10, 10, 10, 255, 255, 255, 255]);
        packet.extend([0x15, 0x7c, 0x15, 0x7c, 0, 0, 0, 0]);
        packet.extend(payload);
        for word in [1_000_000 + i as u32 / 10, 1000 * (i as u32 % 10), packet.len() as u32, packet.len() as u32] {
            out.extend(word.to_le_bytes());
        }
        out.extend(packet);
    }
    out
}

/// A Nexmon datagram of `n` words; word `i` is (i, -i).
fn datagram(n: u16, spec: u16, chip: u16, rssi: Option<i8>, core_stream: u16, seq: u16, behind: usize) -> Vec<u8> {
    let mut out = vec![0x11, 0x11];
    out.extend(rssi.map_or([0x11, 0x11], |r| [r as u8, 0x88]));
    out.extend([2, 0, 0, 0, 0, 9]);
    for field in [seq, core_stream, spec, chip] {
        out.extend(field.to_le_bytes());
    }
    for i in 0..n as i16 {
        out.extend(i.to_le_bytes());
        out.extend((-i).to_le_bytes());
    }
    out.resize(out.len() + behind, 0xee);
    out
}

#[test]
fn nexmon_widths_headers_cores_and_chips() {
    let ethernet = [&[0xff; 6][..], b"NEXMON", &[8, 0]].concat();
    // Words, chanspec, overwritten words under the new header.
    for (n, spec, width, primary, lost) in [
        (64u16, 0x1001u16, Bandwidth::Mhz20, (2, 1), [28i16, 29, 30]),
        (128, 0xd826, Bandwidth::Mhz40, (5, 36), [0, 1, 2]),
        (256, 0xe02a, Bandwidth::Mhz80, (5, 36), [0, 1, 2]),
        (512, 0xe832, Bandwidth::Mhz160, (5, 36), [0, 1, 2]),
    ] {
        let new = datagram(n, spec, 0x65, Some(-58), 0, 5 << 4, 4);
        let old = datagram(n, spec, 1, None, 0, 0, 0);
        let (format, seen, errors) = read_with(capture(1, &ethernet, &[new, old]), &ReadOptions::default());
        assert_eq!((format, seen.len(), errors.len()), ("nexmon", 2, 0), "{n}: {errors:?}");
        let (new, old) = (&seen[0], &seen[1]);
        assert_eq!((new.width, new.channel, new.rssi, new.seq), (width, Some(primary), Some(-58.0), Some(5)));
        assert_eq!((old.rssi, old.seq, old.stored.len()), (None, None, usize::from(n)));
        assert_eq!(new.stored, old.stored, "the same words");
        assert_eq!(old.tones, (-(n as i16) / 2..n as i16 / 2).collect::<Vec<_>>());
        assert!(lost.iter().all(|k| !new.tones.contains(k)) && new.tones.len() == usize::from(n) - 3);
        // Word n/2 is the lowest tone.
        let half = f32::from(n / 2);
        assert_eq!((old.row[0], old.row[usize::from(n / 2)]), ((half, -half), (0.0, 0.0)));
        assert_ne!(new.link, old.link);
    }
    // Cores and streams are links of their own; some firmware swaps the two bytes.
    let all = [0u16, 1, 8, 9, 9 << 8].map(|cs| datagram(64, 0x1001, 0x65, None, cs, 7 << 4, 0));
    let (_, seen, _) = read_with(capture(1, &ethernet, &all), &ReadOptions::default());
    assert_eq!(seen.iter().map(|s| s.link).collect::<Vec<_>>(), [0, 1, 2, 3, 3]);
    // Each number of each chip; an unknown one has to be named.
    for chip in [0x0001u16, 0x0065, 0x0003, 0xdead, 0x006a, 0xe834] {
        let (_, seen, errors) =
            read_with(capture(1, &ethernet, &[datagram(64, 0x1001, chip, None, 0, 0, 0)]), &ReadOptions::default());
        assert_eq!((seen.len(), errors.len()), (1, 0), "{chip:04x}");
    }
    let unknown = capture(1, &ethernet, &[datagram(64, 0x1001, 0x4242, None, 0, 0, 0)]);
    let (_, seen, errors) = read_with(unknown.clone(), &ReadOptions::default());
    assert!(seen.is_empty() && errors[0].what.contains("chip"), "{errors:?}");
    let named = ReadOptions {
        nexmon_chip: Some(millpond_datasets::format::nexmon::Chip::Bcm43455c0),
        ..ReadOptions::default()
    };
    assert_eq!(read_with(unknown, &named).1.len(), 1);
    // Raw IP, as `tcpdump -i any` writes with other link types; other packets between them are passed over.
    let (_, seen, errors) = read_with(
        capture(
            101,
            &[],
            &[datagram(64, 0x1001, 0x65, None, 0, 0, 0), vec![1, 2, 3], datagram(64, 0x1001, 1, None, 0, 0, 0)],
        ),
        &ReadOptions::default(),
    );
    assert_eq!((seen.len(), errors.len()), (2, 0), "{errors:?}");
}

#[test]
fn captures_of_either_byte_order_and_both_time_units() {
    let ethernet = [&[0xff; 6][..], b"NEXMON", &[8, 0]].concat();
    let plain = capture(1, &ethernet, &[datagram(64, 0x1001, 0x65, Some(-50), 0, 0, 0)]);
    let (_, expected, _) = read_with(plain.clone(), &ReadOptions::default());
    for (big, nano) in [(false, true), (true, false), (true, true)] {
        let mut bytes = plain.clone();
        if nano {
            bytes[..4].copy_from_slice(&0xa1b2_3c4du32.to_le_bytes());
        }
        if big {
            // Numbers of the two headers alone: the datagram stays little endian.
            for at in [0, 8, 12, 16, 20, 24, 28, 32, 36] {
                bytes[at..at + 4].reverse();
            }
            bytes[4..6].reverse();
            bytes[6..8].reverse();
        }
        let (_, seen, errors) = read_with(bytes, &ReadOptions::default());
        assert!(errors.is_empty(), "{big} {nano}: {errors:?}");
        assert_eq!((seen[0].device_s, &seen[0].row), (expected[0].device_s, &expected[0].row), "{big} {nano}");
    }
    // The second field counts thousandths of what it counted.
    let mut second = capture(1, &ethernet, &vec![datagram(64, 0x1001, 0x65, None, 0, 0, 0); 2]);
    let (_, micro, _) = read_with(second.clone(), &ReadOptions::default());
    second[..4].copy_from_slice(&0xa1b2_3c4du32.to_le_bytes());
    let (_, nano, _) = read_with(second, &ReadOptions::default());
    assert_eq!((micro[1].t_us, nano[1].t_us), (1000, 1));
}

#[test]
fn intel_tones_by_width_and_antennas_by_permutation() {
    // One record of 3 x 1: every group holds (1, 0), (2, 0), (3, 0), chain by chain.
    let record = |n_rx: u8, antenna_sel: u8, rate: u16| {
        let pairs = usize::from(n_rx);
        let len = 60 * pairs + 12;
        let mut bits = vec![0u8; len];
        for group in 0..30 {
            for chain in 0..pairs {
                let at = group * (3 + 16 * pairs) + 3 + 16 * chain;
                for bit in (0..8).filter(|bit| (chain + 1) >> bit & 1 == 1) {
                    bits[(at + bit) / 8] |= 1 << ((at + bit) % 8);
                }
            }
        }
        let mut out = ((21 + len) as u16).to_be_bytes().to_vec();
        out.extend([0xbb, 0, 0, 0, 0, 7, 0, 0, 0, n_rx, 1, 40, 41, 42, 129, 30, antenna_sel]);
        out.extend((len as u16).to_le_bytes());
        out.extend(rate.to_le_bytes());
        [out, bits].concat()
    };
    let one = |n_rx, antenna_sel, rate| {
        let (_, seen, errors) = read_with(record(n_rx, antenna_sel, rate), &ReadOptions::default());
        assert!(errors.is_empty(), "{errors:?}");
        seen[0].clone()
    };
    let narrow = one(3, 0b10_01_00, 0x100);
    assert_eq!((narrow.tones[0], narrow.tones[1], narrow.tones[14], narrow.tones[29]), (-28, -26, -1, 28));
    assert_eq!((narrow.format, narrow.noise, narrow.gain, narrow.seq), (PpduFormat::Ht, None, Some(30.0), Some(7)));
    let wide = one(3, 0b10_01_00, 0x900);
    assert_eq!((wide.tones[0], wide.tones[1], wide.tones[29], wide.width), (-58, -54, 58, Bandwidth::Mhz40));
    // Stored order is by antenna: chain j was connected to antenna perm[j].
    let first = |s: &Seen| s.stored[..3].iter().map(|v| v.0 as u8).collect::<Vec<_>>();
    assert_eq!(first(&narrow), [1, 2, 3]);
    assert_eq!(first(&one(3, 0b00_01_10, 0x100)), [3, 2, 1]);
    assert_eq!(first(&one(3, 0b01_00_10, 0x100)), [2, 3, 1]);
    // No permutation, and fewer chains: as they are.
    assert_eq!(first(&one(3, 0b01_01_01, 0x100)), [1, 2, 3]);
    let two = one(2, 0b00_10_00, 0x100);
    assert_eq!(two.stored[..2].iter().map(|v| v.0 as u8).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_socket_and_a_serial_line_give_what_a_file_gives() {
    let payloads: Vec<Vec<u8>> = (0..5).map(|i| datagram(64, 0x1001, 0x65, Some(-50), 0, i << 4, 0)).collect();
    let ethernet = [&[0xff; 6][..], b"NEXMON", &[8, 0]].concat();
    let (_, seen, _) = read_with(capture(1, &ethernet, &payloads), &ReadOptions::default());
    let mut live = millpond_datasets::format::nexmon::Decoder::new(&ReadOptions::default());
    for (i, (payload, seen)) in payloads.iter().zip(&seen).enumerate() {
        let record = live.decode_datagram(payload, 1_000_000_000_000 + 1000 * i as u64).unwrap();
        assert_eq!((record.frame.meta().t.0, record.frame.tones()), (seen.t_us, &seen.tones[..]));
    }
    assert!(live.decode_datagram(b"no", 0).is_err());
    let text = csi_tool("0 0 0 0", 64) + "I (5) log\n" + &csi_tool("1 0 0 0", 128);
    let (_, seen, _) = read(&text);
    let mut serial = millpond_datasets::format::esp32::Decoder::new(&ReadOptions::default());
    let live: Vec<Vec<i16>> = text
        .lines()
        .filter_map(|line| serial.decode_line(line.as_bytes()).ok().map(|r| r.frame.tones().to_vec()))
        .collect();
    assert_eq!(live, seen.iter().map(|s| s.tones.clone()).collect::<Vec<_>>());
}

#[test]
fn ax200_parts_are_a_documented_choice() {
    for fixture in [fixture::feitcsi(3, 1, 242, 2), fixture::picoscenes(3, 1, fixture::PicoDevice::Ax200, 4)] {
        let turned = ReadOptions { ax_parts: AxParts::ImaginaryFirst, ..ReadOptions::default() };
        let (_, real, _) = read_with(fixture.bytes.clone(), &ReadOptions::default());
        let (_, imaginary, _) = read_with(fixture.bytes.clone(), &turned);
        let swap = |s: &Seen| s.stored.iter().map(|&(re, im)| (im, re)).collect::<Vec<_>>();
        assert!(real.iter().zip(&imaginary).all(|(a, b)| swap(a) == b.stored && a.tones == b.tones));
        let said = |options| {
            let source = millpond_datasets::read(Cursor::new(fixture.bytes.clone()), options).unwrap();
            source.info().conventions.iter().any(|c| c.contains("taken as the imaginary part"))
        };
        assert_eq!((said(&ReadOptions::default()), said(&turned)), (false, true));
    }
}

#[test]
fn records_of_other_codes_lie_between_intel_measurements() {
    let whole = fixture::intel5300(3, 1, 2, 1);
    let (mut bytes, mut rest) = (Vec::new(), &whole.bytes[..]);
    while !rest.is_empty() {
        let (record, next) = rest.split_at(2 + usize::from(u16::from_be_bytes([rest[0], rest[1]])));
        bytes.extend(record);
        // Two records of codes that nobody has named, and a received packet.
        bytes.extend([0, 3, 0x42, 1, 2, 0, 2, 0x43, 9, 0, 11, 0xc1, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
        rest = next;
    }
    let (format, seen, errors) = read_with(bytes, &ReadOptions::default());
    assert_eq!((format, seen.len(), errors.len()), ("intel5300", 3, 0), "{errors:?}");
    let values: Vec<(f64, f64)> = seen.iter().flat_map(|s| s.stored.clone()).collect();
    assert_eq!(values, whole.values);
}

/// What every frame has to say of itself, format by format.
#[test]
fn frames_say_what_their_format_knows() {
    for fixture in fixture::all(4) {
        let (format, seen, errors) = read_with(fixture.bytes.clone(), &ReadOptions::default());
        assert!(errors.is_empty() && seen.len() == 4, "{}: {errors:?}", fixture.name);
        for s in &seen {
            assert!(s.antennas.0 >= 1 && s.antennas.1 >= 1 && !s.tones.is_empty(), "{}", fixture.name);
            let chains = usize::from(s.antennas.0) * usize::from(s.antennas.1);
            assert!(s.stored.len() >= chains * s.tones.len(), "{}", fixture.name);
            let level = matches!(format, "intel5300" | "atheros" | "feitcsi" | "esp32") && fixture.name != "none";
            assert!(!level || s.rssi.is_some_and(|dbm| (-150.0..0.0).contains(&dbm)), "{}: {:?}", fixture.name, s.rssi);
            // Nexmon's words and the C6 rows of 128 values do not say which packet was measured.
            let told = !matches!(format, "nexmon" | "esp32" | "espectre-npz");
            assert!(!told || s.format != PpduFormat::Unknown, "{}", fixture.name);
        }
        assert!(seen.windows(2).all(|w| w[0].t_us < w[1].t_us), "{}: times stand still", fixture.name);
    }
}
