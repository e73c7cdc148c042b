//! Reads any recording and prints one line a frame: time, link, tones, mean amplitude.
//!
//! `cargo run -p millpond-datasets --example read -- walk.pcap`

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a recording")?;
    let mut source = millpond_datasets::open(path.as_ref(), &Default::default())?;
    println!("# {}", source.info().format);
    while let Some(record) = source.next_frame()? {
        let (meta, mut amplitude) = (record.frame.meta(), vec![0.0; record.frame.cfr().len()]);
        record.frame.cfr().amplitude_into(&mut amplitude);
        let mean = amplitude.iter().sum::<f32>() / amplitude.len() as f32;
        println!(
            "{:.6} s, link {}, {} tones, |H| {mean:.2}",
            meta.t.seconds(),
            meta.link.0,
            record.frame.tones().len()
        );
    }
    Ok(())
}
