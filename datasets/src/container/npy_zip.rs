//! `.npz`: a zip archive of NumPy arrays (NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays").

use std::io::{Cursor, Read};

use flate2::read::DeflateDecoder;
use zip::ZipArchive;

use crate::{ErrorKind, Input, Limits, ReadError};

/// First bytes of a zip archive: a local file header.
pub const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
const NPY_MAGIC: &[u8] = b"\x93NUMPY";

/// An element type, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    I8,
    U8,
    I16,
    I32,
    I64,
    F32,
    F64,
    C64,
    C128,
    /// Text of this many 4-byte characters.
    Text(usize),
}

impl Kind {
    /// Bytes of one element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 | Self::C64 => 8,
            Self::C128 => 16,
            Self::Text(n) => 4 * n,
        }
    }

    fn parse(descr: &str) -> Option<Self> {
        Some(match descr {
            "|b1" => Self::Bool,
            "|i1" | "<i1" => Self::I8,
            "|u1" | "<u1" => Self::U8,
            "<i2" => Self::I16,
            "<i4" => Self::I32,
            "<i8" => Self::I64,
            "<f4" => Self::F32,
            "<f8" => Self::F64,
            "<c8" => Self::C64,
            "<c16" => Self::C128,
            _ => Self::Text(descr.strip_prefix("<U")?.parse().ok().filter(|&n| n <= 4096)?),
        })
    }
}

/// One array, C order.
#[derive(Clone, Debug)]
pub struct Array {
    pub kind: Kind,
    pub shape: Vec<usize>,
    /// The elements' bytes, as many as are there: a damaged archive may hold fewer than `shape` says.
    pub data: Vec<u8>,
}

impl Array {
    /// Number of whole elements that are there.
    pub fn len(&self) -> usize {
        let said = self.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).unwrap_or(usize::MAX);
        said.min(self.data.len() / self.kind.bytes().max(1))
    }

    /// Element `i` as a number, complex ones by their real part.
    pub fn number(&self, i: usize) -> Option<f64> {
        let size = self.kind.bytes();
        let b = self.data.get(i.checked_mul(size)?..)?.get(..size)?;
        Some(match self.kind {
            Kind::Bool | Kind::U8 => f64::from(b[0]),
            Kind::I8 => f64::from(b[0] as i8),
            Kind::I16 => f64::from(i16::from_le_bytes(b.try_into().ok()?)),
            Kind::I32 => f64::from(i32::from_le_bytes(b.try_into().ok()?)),
            Kind::I64 => i64::from_le_bytes(b.try_into().ok()?) as f64,
            Kind::F32 => f64::from(f32::from_le_bytes(b.try_into().ok()?)),
            Kind::F64 => f64::from_le_bytes(b.try_into().ok()?),
            Kind::C64 => f64::from(f32::from_le_bytes(b[..4].try_into().ok()?)),
            Kind::C128 => f64::from_le_bytes(b[..8].try_into().ok()?),
            Kind::Text(_) => return None,
        })
    }

    /// Element `i` as a complex number, real ones as real part.
    pub fn complex(&self, i: usize) -> Option<(f64, f64)> {
        let size = self.kind.bytes();
        let b = self.data.get(i.checked_mul(size)?..)?.get(..size)?;
        Some(match self.kind {
            Kind::C64 => {
                let im = f32::from_le_bytes(b[4..].try_into().ok()?);
                (self.number(i)?, f64::from(im))
            }
            Kind::C128 => (self.number(i)?, f64::from_le_bytes(b[8..].try_into().ok()?)),
            _ => (self.number(i)?, 0.0),
        })
    }

    /// The one string of a text scalar.
    pub fn string(&self) -> Option<String> {
        let Kind::Text(n) = self.kind else { return None };
        let chars = self.data.chunks_exact(4).take(n).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        chars.take_while(|&c| c != 0).map(char::from_u32).collect()
    }
}

/// An archive in memory.
pub struct Npz {
    bytes: Vec<u8>,
    /// By the archive's directory, or, where it is cut off, by the headers before the members.
    members: Members,
    /// Bytes that may still be unpacked: zip has no bound on how much a member grows.
    left: u64,
}

enum Members {
    Listed(Box<ZipArchive<Cursor<Vec<u8>>>>),
    Found(Vec<Member>),
}

/// A member whose header was found without the directory.
struct Member {
    name: String,
    is_deflated: bool,
    start: usize,
}

impl Npz {
    /// Reads the whole archive.
    pub fn new(input: Input, limits: &Limits) -> Result<Self, ReadError> {
        let max_bytes = limits.archive_bytes;
        let mut bytes = Vec::new();
        let cut = input.into_read().take(max_bytes + 1).read_to_end(&mut bytes).err();
        if bytes.len() as u64 > max_bytes {
            let what = format!("the archive passes the limit of {max_bytes} bytes");
            return Err(ReadError::file(ErrorKind::Limit, what));
        }
        let whole = cut.is_none() && ZipArchive::new(Cursor::new(&bytes[..])).is_ok();
        if !whole {
            let found = members(&bytes);
            if found.is_empty() {
                return Err(ReadError::file(
                    ErrorKind::Truncated,
                    "the archive is cut before its first member".to_owned(),
                ));
            }
            return Ok(Self { bytes, members: Members::Found(found), left: max_bytes });
        }
        let zip =
            ZipArchive::new(Cursor::new(bytes)).map_err(|e| ReadError::file(ErrorKind::Malformed, e.to_string()))?;
        Ok(Self { bytes: Vec::new(), members: Members::Listed(Box::new(zip)), left: max_bytes })
    }

    /// True if the archive has lost its directory: the input was cut.
    pub const fn is_cut(&self) -> bool {
        matches!(self.members, Members::Found(_))
    }

    /// The array of a name, and why its data ended early if they did.
    pub fn array(&mut self, name: &str) -> Option<Result<(Array, Option<String>), String>> {
        let name = format!("{name}.npy");
        let read = match &mut self.members {
            Members::Listed(zip) => read_array(zip.by_name(&name).ok()?.take(self.left)),
            Members::Found(all) => {
                let member = all.iter().find(|m| m.name == name)?;
                let data = &self.bytes[member.start..];
                match member.is_deflated {
                    true => read_array(DeflateDecoder::new(data).take(self.left)),
                    false => read_array(data.take(self.left)),
                }
            }
        };
        if let Ok((array, _)) = &read {
            self.left = self.left.saturating_sub(array.data.len() as u64);
        }
        Some(read)
    }
}

/// Members by their local headers (APPNOTE.TXT 4.3.7), found by their marker.
fn members(bytes: &[u8]) -> Vec<Member> {
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let headers = memchr::memmem::find_iter(bytes, ZIP_MAGIC).filter(|at| at + LOCAL_HEADER <= bytes.len());
    let member = |at: usize| {
        let (name, extra) = (u16_at(at + 26), u16_at(at + 28));
        let start = at + LOCAL_HEADER + name + extra;
        let name = std::str::from_utf8(bytes.get(at + LOCAL_HEADER..at + LOCAL_HEADER + name)?).ok()?;
        let known = matches!(u16_at(at + 8), 0 | 8) && name.ends_with(".npy") && start <= bytes.len();
        known.then(|| Member { name: name.to_owned(), is_deflated: u16_at(at + 8) == 8, start })
    };
    headers.filter_map(member).take(MAX_MEMBERS).collect()
}

/// Bytes of a local header before its name.
const LOCAL_HEADER: usize = 30;
/// Members looked for without a directory.
const MAX_MEMBERS: usize = 4096;

/// Parses one `.npy` stream.
pub fn read_array(mut npy: impl Read) -> Result<(Array, Option<String>), String> {
    let mut start = [0; 8];
    npy.read_exact(&mut start).map_err(|e| format!("no NumPy header: {e}"))?;
    if !start.starts_with(NPY_MAGIC) {
        return Err("no NumPy header".to_owned());
    }
    let mut size = [0; 4];
    let field = if start[6] == 1 { &mut size[..2] } else { &mut size[..] };
    npy.read_exact(field).map_err(|e| format!("no NumPy header: {e}"))?;
    let size = u32::from_le_bytes(size);
    if size > 1 << 16 {
        return Err(format!("a NumPy header of {size} bytes"));
    }
    let mut header = vec![0; size as usize];
    npy.read_exact(&mut header).map_err(|e| format!("the NumPy header is cut: {e}"))?;
    let (kind, shape) = parse_header(&String::from_utf8_lossy(&header))?;
    let wanted =
        shape.iter().try_fold(kind.bytes() as u64, |n, &d| n.checked_mul(d as u64)).ok_or("a shape past 2^64")?;
    // Grows with what is really there.
    let mut data = Vec::new();
    let cut = npy.take(wanted).read_to_end(&mut data).err().map(|e| e.to_string());
    let short = (data.len() as u64) < wanted;
    let cut = cut.or_else(|| short.then(|| format!("{} of {wanted} bytes of an array are there", data.len())));
    Ok((Array { kind, shape, data }, cut))
}

/// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`
fn parse_header(text: &str) -> Result<(Kind, Vec<usize>), String> {
    let value = |key: &str| text.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start());
    let descr = value("descr").and_then(|v| v.strip_prefix('\'')).and_then(|v| v.split_once('\'')).map(|(d, _)| d);
    let descr = descr.ok_or("the NumPy header has no simple descr")?;
    let kind = Kind::parse(descr).ok_or_else(|| format!("NumPy type {descr:?} is not read"))?;
    let shape = value("shape").and_then(|v| v.strip_prefix('(')).and_then(|v| v.split_once(')'));
    let (shape, _) = shape.ok_or("the NumPy header has no shape")?;
    let dims = shape.split(',').map(str::trim).filter(|d| !d.is_empty()).map(str::parse);
    let shape: Vec<usize> = dims.collect::<Result<_, _>>().map_err(|e| format!("NumPy shape: {e}"))?;
    let fortran = value("fortran_order").is_some_and(|v| v.starts_with("True"));
    if fortran && shape.len() > 1 {
        return Err("an array in Fortran order is not read".to_owned());
    }
    Ok((kind, shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_all_arrays_of_an_archive() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.npy", "b.npy"] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, &npy("|i1", "(1000,)", &[0; 1000])).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        let limits = Limits { archive_bytes: 1500, ..Limits::default() };
        let mut npz = Npz::new(Input::new(Box::new(Cursor::new(bytes))), &limits).unwrap();
        let (a, cut) = npz.array("a").unwrap().unwrap();
        assert_eq!((a.len(), cut), (1000, None));
        let (b, cut) = npz.array("b").unwrap().unwrap();
        assert!(b.len() < 500 && cut.is_some(), "{}", b.len());
    }

    /// A version 1 array with the data given.
    pub fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut out = b"\x93NUMPY\x01\x00".to_vec();
        out.extend((header.len() as u16).to_le_bytes());
        out.extend(header.as_bytes());
        out.extend(data);
        out
    }

    #[test]
    fn arrays_and_scalars() {
        let (a, cut) = read_array(&npy("<i2", "(2, 3)", &[1, 0, 255, 255, 3, 0, 4, 0, 5, 0, 6, 0])[..]).unwrap();
        assert_eq!((a.kind, &a.shape[..], a.len(), cut), (Kind::I16, &[2, 3][..], 6, None));
        assert_eq!(a.number(1), Some(-1.0));
        assert_eq!(a.number(6), None);
        let text: Vec<u8> = "c6".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        let (s, _) = read_array(&npy("<U2", "()", &text)[..]).unwrap();
        assert_eq!(s.string().unwrap(), "c6");
    }

    #[test]
    fn what_is_missing_is_said_and_what_is_there_kept() {
        let (a, cut) = read_array(&npy("<f8", "(1000000000000,)", &[0; 17])[..]).unwrap();
        assert_eq!(a.len(), 2);
        assert!(cut.unwrap().contains("17 of 8000000000000"));
    }

    #[test]
    fn hostile_headers_are_refused() {
        for (descr, shape) in [("|O", "(1,)"), ("<i2", "(-1,)"), ("<i2", "("), ("<U99999", "()"), ("<i2", "(a,)")] {
            assert!(read_array(&npy(descr, shape, &[])[..]).is_err(), "{descr} {shape}");
        }
        let huge = format!("({0}, {0})", u64::MAX);
        assert!(read_array(&npy("<i2", &huge, &[])[..]).is_err());
        assert!(read_array(&b"\x93NUMPY\x02\x00\xff\xff\xff\xff"[..]).is_err());
    }
}
