//! Live decoding of an ESP32 at a serial port: the same code that reads a log takes one line at a time.
//!
//! `stty -F /dev/ttyUSB0 921600 raw && cargo run -p millpond-datasets --example serial -- /dev/ttyUSB0`

use std::io::{BufRead, BufReader};

use millpond_datasets::format::esp32::Decoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args_os().nth(1).ok_or("name a serial port, or a log")?;
    let mut decoder = Decoder::new(&Default::default());
    for line in BufReader::new(std::fs::File::open(port)?).split(b'\n') {
        match decoder.decode_line(&line?) {
            Ok(record) => {
                let (meta, tones) = (record.frame.meta(), record.frame.tones());
                println!("{:.3} s, link {}, {} tones, {:?}", meta.t.seconds(), meta.link.0, tones.len(), meta.rssi);
            }
            // Boot messages and cut rows: the next line may be fine.
            Err(why) => eprintln!("passed over: {why}"),
        }
    }
    Ok(())
}
