//! Logs of a mesh of nodes that scan one another: RSSI in whole dBm, no CSI.
//!
//! `[HH:MM:SS:us] From: Measure<rx> TX Power: <dBm>`, then lines `[...] SSID: Measure<tx> RSSI: <dBm>` until the next
//! receiver.

use millpond_dsp::phy::Dbm;
use millpond_dsp::{LinkId, RssiSample};

use crate::clock::Clock;
use crate::lines::Lines;
use crate::links::Links;
use crate::source::RssiSource;
use crate::{Input, ReadError, ReadOptions, SourceInfo};

/// The format's name.
pub const NAME: &str = "rssi-mesh-log";

const DAY_US: u64 = 86_400_000_000;

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    /// The node that hears what follows.
    From(u16),
    /// A node it heard, and how loud.
    Heard(u16, f32),
}

/// Reads a log reading by reading.
pub struct RssiMesh {
    lines: Lines,
    info: SourceInfo,
    clock: Clock,
    links: Links<(u16, u16)>,
    ends: Vec<(u16, u16)>,
    receiver: Option<u16>,
}

impl RssiMesh {
    /// A reader over text.
    pub fn new(input: Input, options: &ReadOptions) -> Self {
        let conventions = vec!["the times are of the day: midnight counts as a wrap"];
        Self {
            lines: Lines::new(input, NAME, &options.limits),
            info: SourceInfo { format: NAME, conventions, has_times: true },
            clock: Clock::new(Some(DAY_US)),
            links: Links::new(options.limits.links),
            ends: Vec::new(),
            receiver: None,
        }
    }
}

impl RssiSource for RssiMesh {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_sample(&mut self) -> Result<Option<RssiSample>, ReadError> {
        while self.lines.next(|line| !line.trim_ascii().is_empty())? {
            let Some((us, line)) = parse(self.lines.line()) else {
                return Err(self.lines.refuse("line dropped: neither a receiver nor a reading".to_owned()));
            };
            let t = self.clock.step(us);
            match (line, self.receiver) {
                (Line::From(node), _) => self.receiver = Some(node),
                // The log may begin inside a scan.
                (Line::Heard(..), None) => {}
                (Line::Heard(transmitter, level), Some(receiver)) => {
                    let ends = (transmitter, receiver);
                    let link = self.links.id(ends);
                    if usize::from(link.0) == self.ends.len() {
                        self.ends.push(ends);
                    }
                    return Ok(Some(RssiSample { t, link, level: Dbm(level), noise: None }));
                }
            }
        }
        Ok(None)
    }

    fn ends(&self, link: LinkId) -> Option<(u16, u16)> {
        self.ends.get(usize::from(link.0)).copied()
    }
}

/// Time of day in microseconds, and what the line says.
fn parse(line: &[u8]) -> Option<(u64, Line)> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let (time, rest) = text.strip_prefix('[')?.split_once("] ")?;
    let mut parts = time.split(':').map(|p| p.parse::<u64>().ok());
    let (h, m, s, us) = (parts.next()??, parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || h > 23 || m > 59 || s > 60 || us > 999_999 {
        return None;
    }
    let us = ((h * 60 + m) * 60 + s) * 1_000_000 + us;
    let mut words = rest.split_ascii_whitespace();
    let (kind, node) = (words.next()?, words.next()?.strip_prefix("Measure")?.parse().ok()?);
    match kind {
        "From:" => Some((us, Line::From(node))),
        "SSID:" if words.next()? == "RSSI:" => {
            let level: f32 = words.next()?.parse().ok()?;
            Some((us, Line::Heard(node, level))).filter(|_| (-150.0..=30.0).contains(&level))
        }
        _ => None,
    }
}

/// How sure the first bytes make it: a receiver or a reading among the first lines, which may be cut.
pub(crate) fn score(head: &[u8]) -> u32 {
    let lines = head.split(|&b| b == b'\n').take(3);
    if lines.filter_map(parse).count() > 0 { 90 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "[23:59:59:500000] SSID: Measure9 RSSI: -4\n\
        [23:59:59:900000] From: Measure19 TX Power: 19.3\n\
        [23:59:59:900000] SSID: Measure1 RSSI: -15\r\n\
        nonsense\n\
        [00:00:00:100000] SSID: Measure3 RSSI: -8\n\
        [00:00:00:200000] From: Measure1 TX Power: 18.8\n\
        [00:00:00:200000] SSID: Measure19 RSSI: -16\n\
        [00:00:00:300000] SSID: Meas";

    #[test]
    fn readings_of_each_pair_and_direction() {
        let mut source = RssiMesh::new(Input::new(Box::new(LOG.as_bytes())), &ReadOptions::default());
        let (mut all, mut errors) = (Vec::new(), 0);
        loop {
            match source.next_sample() {
                Ok(Some(s)) => all.push((s.t.0, s.link.0, s.level.0)),
                Ok(None) => break,
                Err(e) => errors += usize::from(e.can_resume),
            }
        }
        assert_eq!(all, [(400_000, 0, -15.0), (600_000, 1, -8.0), (700_000, 2, -16.0)]);
        assert_eq!(errors, 2);
        assert_eq!(source.ends(LinkId(2)), Some((19, 1)));
        assert!(score(LOG.as_bytes()) > 0);
        assert_eq!(score(b"CSI_DATA,1,2"), 0);
    }

    #[test]
    fn any_bytes_come_to_an_end() {
        for cut in 0..LOG.len() {
            let bytes = LOG.as_bytes()[cut..].to_vec();
            let mut source = RssiMesh::new(Input::new(Box::new(std::io::Cursor::new(bytes))), &ReadOptions::default());
            while !matches!(source.next_sample(), Ok(None)) {}
        }
    }
}
