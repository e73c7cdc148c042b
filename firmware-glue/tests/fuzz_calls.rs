//! The bodies of the fuzz targets of the C interface (`firmware-glue/fuzz`) on bytes from a seeded generator: the same inputs
//! everywhere, no fuzzer needed. `MILLPOND_FUZZ_INPUTS` makes it longer.

#![allow(unsafe_code)] // The bodies are callers of the C interface.

#[path = "../fuzz/calls.rs"]
mod calls;
#[cfg(feature = "plan")]
#[path = "../fuzz/plan.rs"]
mod plan;

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
struct SplitMix(u64);

impl SplitMix {
    fn long(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn under(&mut self, n: u64) -> u64 {
        self.long() % n
    }
}

fn inputs() -> u64 {
    std::env::var("MILLPOND_FUZZ_INPUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1500)
}

/// Bytes of which few are large, as few calls are out of the ordinary.
fn bytes(words: &mut SplitMix, most: u64) -> Vec<u8> {
    let n = words.under(most);
    let calm = words.under(4) > 0;
    (0..n).map(|_| if calm && words.under(8) > 0 { 16 + words.under(240) as u8 } else { words.long() as u8 }).collect()
}

#[test]
fn random_calls() {
    let mut words = SplitMix(21);
    let calls: usize = (0..inputs()).map(|_| calls::play(&bytes(&mut words, 4000))).sum();
    println!("fuzz_calls: {calls} calls");
    assert!(calls as u64 > 20 * inputs(), "{calls}");
}

#[cfg(feature = "plan")]
#[test]
fn random_homes() {
    use millpond::mp_result;

    let mut words = SplitMix(22);
    let mut met = [0usize; 2];
    for _ in 0..inputs() {
        match plan::plan(&bytes(&mut words, 600)) {
            mp_result::MP_ERR_SITE => met[0] += 1,
            _ => met[1] += 1,
        }
    }
    assert!(met.iter().all(|n| *n > 10), "homes that are refused in words, and others: {met:?}");
}
