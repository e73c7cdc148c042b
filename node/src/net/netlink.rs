//! Generic netlink: the socket by which the kernel's wireless layer is asked, and a reader of what it answers.
//!
//! Source: Linux `include/uapi/linux/netlink.h` and `genetlink.h`. Integers are the host's own, attributes stand at
//! multiples of four bytes and may be longer than their value. An answer is bounded in bytes and in messages.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recvfrom, sendto, socket_with};

/// Room for one datagram; the kernel fills 32 KiB at most.
const DATAGRAM: usize = 64 << 10;
/// Messages of one answer at most: far more than stations, channels or networks that one radio knows.
const MESSAGES_MAX: usize = 4096;
/// `GENL_ID_CTRL`, `CTRL_CMD_GETFAMILY`, `CTRL_ATTR_FAMILY_ID`, `CTRL_ATTR_FAMILY_NAME`.
const CONTROL: (u16, u8, u16, u16) = (16, 3, 1, 2);
/// `NLMSG_ERROR` and `NLMSG_DONE`.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_REQUEST`, `NLM_F_ACK`, `NLM_F_DUMP`.
const REQUEST: u16 = 1;
const ACK: u16 = 4;
const DUMP: u16 = 0x300;

/// Which answer a question has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// One message.
    One,
    /// A list of any length.
    List,
    /// None but that it was done.
    Done,
}

/// A socket to one family of generic netlink.
pub struct Netlink {
    socket: OwnedFd,
    family: u16,
    next: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    /// Opens a socket and asks for the family's number.
    ///
    /// # Errors
    /// `NotFound` where the kernel has no such family; the socket's.
    pub fn open(family: &str, patience: Duration) -> io::Result<Self> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(GENERIC))?;
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(patience))?;
        let mut netlink = Self { socket, family: CONTROL.0, next: 1, buffer: vec![0; DATAGRAM] };
        let mut name = Vec::from(family.as_bytes());
        name.push(0);
        let mut found = None;
        netlink.ask(CONTROL.1, &[(CONTROL.3, &name)], Answers::One, |attributes| {
            found = attributes.find(CONTROL.2).and_then(u16_of);
        })?;
        netlink.family = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(netlink)
    }

    /// Sends a command with attributes and gives every answer's attributes to `each`.
    ///
    /// # Errors
    /// The kernel's own refusal, no answer in time, or more answers than are read.
    pub fn ask(
        &mut self,
        command: u8,
        attributes: &[(u16, &[u8])],
        answers: Answers,
        mut each: impl FnMut(Attributes<'_>),
    ) -> io::Result<()> {
        let sequence = self.next;
        self.next = self.next.wrapping_add(1).max(1);
        let flags = REQUEST
            | match answers {
                Answers::One => 0,
                Answers::List => DUMP,
                Answers::Done => ACK,
            };
        let message = message(self.family, flags, sequence, command, attributes);
        sendto(&self.socket, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        for _ in 0..MESSAGES_MAX {
            let (_, length, from) = recvfrom(&self.socket, &mut self.buffer[..], RecvFlags::TRUNC)?;
            // Another program may send here; only the kernel's number is 0.
            let kernel = from.and_then(|a| SocketAddrNetlink::try_from(a).ok()).is_some_and(|a| a.pid() == 0);
            if !kernel {
                continue;
            }
            let Some(bytes) = self.buffer.get(..length) else {
                return Err(io::Error::other("an answer is longer than 64 KiB"));
            };
            if read(bytes, sequence, answers, &mut each)? {
                return Ok(());
            }
        }
        Err(io::Error::other("more answers than are read"))
    }
}

/// Reads a datagram; true if the answer is complete.
fn read(bytes: &[u8], sequence: u32, answers: Answers, each: &mut impl FnMut(Attributes<'_>)) -> io::Result<bool> {
    let mut rest = bytes;
    while let Some((head, kind)) = rest.get(..16).zip(rest.get(4..6).and_then(u16_of)) {
        let length = u32_of(head).unwrap_or(0) as usize;
        let Some(body) = rest.get(16..length) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is longer than its datagram"));
        };
        // An answer to a question that nobody waits for any more is stepped over.
        if head.get(8..12).and_then(u32_of) == Some(sequence) {
            match kind {
                ERROR | DONE => {
                    let code = body.get(..4).and_then(u32_of).unwrap_or(0) as i32;
                    // A list's end may carry no code.
                    return if code == 0 { Ok(true) } else { Err(io::Error::from_raw_os_error(code.saturating_neg())) };
                }
                1 => {}
                _ => {
                    // Behind the four bytes of the family's own head.
                    each(Attributes(body.get(4..).unwrap_or_default()));
                    if answers == Answers::One {
                        return Ok(true);
                    }
                }
            }
        }
        rest = rest.get(padded(length)..).unwrap_or_default();
    }
    Ok(false)
}

/// One message: netlink's head, the family's head, attributes.
fn message(family: u16, flags: u16, sequence: u32, command: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.extend(family.to_ne_bytes());
    out.extend(flags.to_ne_bytes());
    out.extend(sequence.to_ne_bytes());
    out.extend([0; 4]);
    out.extend([command, 1, 0, 0]);
    for (kind, value) in attributes {
        out.extend(((value.len() + 4) as u16).to_ne_bytes());
        out.extend(kind.to_ne_bytes());
        out.extend_from_slice(value);
        out.resize(padded(out.len()), 0);
    }
    let length = out.len() as u32;
    out[..4].copy_from_slice(&length.to_ne_bytes());
    out
}

const fn padded(length: usize) -> usize {
    length.saturating_add(3) & !3
}

/// Attributes behind one another: a kind and its bytes. What is broken ends the walk.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(pub &'a [u8]);

impl<'a> Attributes<'a> {
    /// The first of a kind.
    pub fn find(&self, kind: u16) -> Option<&'a [u8]> {
        let mut walk = *self;
        walk.find_map(|(k, value)| (k == kind).then_some(value))
    }

    /// The attributes inside one of a kind; none if it is not there.
    pub fn under(&self, kind: u16) -> Attributes<'a> {
        Attributes(self.find(kind).unwrap_or_default())
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(self.0.get(..2).and_then(u16_of)?);
        let kind = self.0.get(2..4).and_then(u16_of)?;
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(padded(length)..).unwrap_or_default();
        // The upper two bits say that it holds others, and the byte order of some families.
        Some((kind & 0x3fff, value))
    }
}

/// The leading bytes as a number; a value may be longer than its number.
pub fn u16_of(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().copied().map(u16::from_ne_bytes)
}

/// As [`u16_of`].
pub fn u32_of(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_ne_bytes)
}

/// As [`u16_of`].
pub fn u64_of(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().copied().map(u64::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(bytes: &[u8]) -> Vec<(u16, usize)> {
        Attributes(bytes).map(|(k, v)| (k, v.len())).collect()
    }

    #[test]
    fn attributes_are_walked_at_multiples_of_four_and_end_where_they_break() {
        let whole = message(9, 0, 7, 17, &[(3, &[1, 0, 0, 0]), (6, &[1, 2, 3, 4, 5, 6]), (4, b"wlan0\0")]);
        assert_eq!(kinds(&whole[20..]), [(3, 4), (6, 6), (4, 6)]);
        assert_eq!(kinds(&whole[20..whole.len() - 3]), [(3, 4), (6, 6)], "a cut one is not read");
        assert_eq!(kinds(&[3, 0, 1, 0]), [], "no attribute is shorter than its head");
        let nested = [12, 0, 0x15, 0x80, 5, 0, 7, 0, 0xd3, 0, 0, 0];
        assert_eq!(Attributes(&nested).under(0x15).find(7), Some(&[0xd3][..]));
    }

    #[test]
    fn an_answer_ends_with_its_own_sequence_alone() {
        let mut answers = message(30, 2, 5, 17, &[(6, &[9; 6])]);
        answers.extend(message(30, 2, 4, 17, &[(6, &[8; 6])]));
        let mut seen = Vec::new();
        let mut each = |a: Attributes<'_>| seen.push(a.find(6).unwrap()[0]);
        assert!(!read(&answers, 5, Answers::List, &mut each).unwrap());
        let mut end = message(DONE, 2, 5, 0, &[]);
        end[16..20].copy_from_slice(&[0; 4]);
        assert!(read(&end, 5, Answers::List, &mut each).unwrap());
        assert!(!read(&end, 6, Answers::List, &mut each).unwrap());
        let mut refused = message(ERROR, 0, 5, 0, &[]);
        refused[16..20].copy_from_slice(&(-19i32).to_ne_bytes());
        assert_eq!(read(&refused, 5, Answers::List, &mut each).unwrap_err().raw_os_error(), Some(19));
        refused[0] = 200;
        assert!(read(&refused, 5, Answers::List, &mut each).is_err());
        assert_eq!(seen, [9]);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut whole = message(30, 2, 5, 17, &[(6, &[9; 6]), (21, &[5, 0, 7, 0, 0xd3, 0, 0, 0])]);
        whole.extend(message(DONE, 2, 5, 0, &[]));
        let mut word = 1u32;
        for _ in 0..50_000 {
            let mut bytes = whole.clone();
            for _ in 0..3 {
                word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (word >> 8) as usize % bytes.len();
                bytes[at] = word as u8;
            }
            let _ = read(&bytes, 5, Answers::List, &mut |a| {
                let _ = (a.under(21).find(7), a.count());
            });
        }
    }

    /// The kernel's own list of families is always there.
    #[test]
    fn a_real_kernel_answers_and_refuses() {
        let patience = Duration::from_secs(60);
        let Ok(mut control) = Netlink::open("nlctrl", patience) else {
            eprintln!("netlink: no generic netlink on this machine; the real socket is not tested");
            return;
        };
        let mut families = 0;
        control.ask(CONTROL.1, &[], Answers::List, |a| families += usize::from(a.find(CONTROL.3).is_some())).unwrap();
        assert!(families >= 1, "at least the list itself");
        let Err(missing) = Netlink::open("no-such-family", patience) else { panic!("there is none") };
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(control.ask(250, &[], Answers::Done, |_| {}).is_err(), "there is no such command");
    }
}
