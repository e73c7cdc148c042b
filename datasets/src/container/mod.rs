//! Wrappings around recordings: compression, packet captures, archives.

pub(crate) mod gzip;
#[cfg(feature = "npz")]
pub(crate) mod npy_zip;
#[cfg(feature = "nexmon")]
pub(crate) mod packet;
#[cfg(feature = "nexmon")]
pub(crate) mod pcap;
#[cfg(feature = "nexmon")]
pub(crate) mod pcapng;
