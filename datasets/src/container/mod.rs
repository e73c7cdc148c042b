//! Wrappings around recordings: compression, packet captures, archives.

pub(crate) mod gzip;
pub(crate) mod npy_zip;
pub(crate) mod packet;
pub(crate) mod pcap;
pub(crate) mod pcapng;
