//! Live decoding of Nexmon firmware: the same code that reads a capture takes one datagram at a time.
//!
//! `cargo run -p millpond-datasets --example udp -- 0.0.0.0:5500` on the machine that the firmware sends to.

use std::net::UdpSocket;
use std::time::Instant;

use millpond_datasets::format::nexmon::Decoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("name an address and port, as 0.0.0.0:5500")?;
    let (socket, start) = (UdpSocket::bind(address)?, Instant::now());
    let mut decoder = Decoder::new(&Default::default());
    let mut datagram = [0; 4096];
    loop {
        let n = socket.recv(&mut datagram)?;
        match decoder.decode_datagram(&datagram[..n], start.elapsed().as_micros() as u64) {
            Ok(record) => {
                let (meta, tones) = (record.frame.meta(), record.frame.tones());
                println!("{:.3} s, link {}, {} tones, {:?}", meta.t.seconds(), meta.link.0, tones.len(), meta.rssi);
            }
            Err(why) => eprintln!("passed over: {why}"),
        }
    }
}
