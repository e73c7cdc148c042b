//! The doors: sockets and the standard streams. No other module opens one.

mod broker;
mod bytes;
mod datagrams;
mod doors;
mod feed;
pub mod hostapd;
pub mod http;
pub mod netlink;
pub mod nl80211;
pub mod ovsdb;
mod server;
mod streams;
pub mod subscriber;

pub use broker::{Broker, BrokerConfig, BrokerState, BrokerWatch, Letter, Manners};
pub use bytes::{Bytes, Serial, Tail};
pub use datagrams::{DATAGRAM_MAX, Datagrams};
pub use doors::{BindError, Doors, Keys, check_bind};
pub use feed::Feed;
pub use server::{Answer, Asked, At, Server, Service, request};
pub use streams::{Streams, arguments, hush_panics};
