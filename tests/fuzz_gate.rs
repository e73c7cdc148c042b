//! Replays the saved inputs of the gate's fuzz target (`firmware-glue/fuzz`), and some thousand damaged copies of each.

use std::fs;
use std::path::Path;

use millpond_tests::words::SplitMix;

#[path = "../firmware-glue/fuzz/decode.rs"]
mod decode;

#[test]
fn saved_inputs_and_their_damaged_copies() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-glue/fuzz/seeds/decode");
    let mut seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    seeds.sort();
    let (mut taken, mut words) = (0, SplitMix(1));
    for path in &seeds {
        let seed = fs::read(path).unwrap();
        taken += usize::from(decode::decode(&seed) > 0);
        for _ in 0..2000 {
            let mut bytes = seed.clone();
            bytes.truncate(if words.under(8) == 0 { words.under(seed.len() as u64 + 1) as usize } else { seed.len() });
            for _ in 0..words.under(4) {
                if let Some(at) = words.under(1 + bytes.len() as u64).checked_sub(1) {
                    bytes[at as usize] = words.long() as u8;
                }
            }
            decode::decode(&bytes);
        }
    }
    println!("fuzz_gate: {} saved inputs, {taken} of them whole, {} in all", seeds.len(), seeds.len() * 2001);
    // Each kind has a whole input, and some are broken on purpose.
    assert!(taken >= 13 && taken < seeds.len(), "{taken} of {}", seeds.len());
}
