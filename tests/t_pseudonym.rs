//! `t_pseudonym` of the privacy contract: the vectors; no pseudonym of one epoch or domain equals one of another; the key is
//! gone from the process after its epoch.

use std::process::ExitCode;

use millpond_report::budget::sampler::Words;
use millpond_report::estimate::{DecisionInput, RadioSetting};
use millpond_report::pseudonym::{Domain, EpochKey, Pseudonym};
use millpond_report::wire::range::{Band, Slot, Width};
use millpond_report::{Address, Raw, Telemetry, gate, wipe_fields};
use millpond_tests::cases;
use millpond_tests::words::SplitMix;

fn main() -> ExitCode {
    cases::run(
        "t_pseudonym",
        &[
            ("the contract's vectors", vectors),
            ("nothing equals across epochs, domains, keys and addresses", distinct),
            ("the key is gone after the epoch", key_is_gone),
        ],
    )
}

/// A pseudonym is class R: it can be compared inside the gate, and only the count of matches comes out.
struct Known {
    first: Option<Pseudonym>,
    matches: u32,
}
wipe_fields!(Known { first, matches });
impl Telemetry for Known {}

fn compare(known: &mut Known, other: &Pseudonym) {
    known.matches += u32::from(known.first.as_ref() == Some(other));
}

fn remember(known: &mut Known, first: &Pseudonym) {
    known.first = Some(first.clone());
}

fn told(known: &Known) -> DecisionInput {
    let (band, width) = (Band::Ghz5, Width::Mhz20);
    DecisionInput::keep(known.matches, RadioSetting { node: 1, band, channel: 36, width, power_dbm: 0 })
}

fn equals(first: Pseudonym, other: &Raw<Pseudonym>) -> bool {
    let mut known = Raw::new(Known { first: Some(first), matches: 0 });
    gate::fold(&mut known, other, compare);
    gate::decision(Slot::new(0), &gate::look(&known, told)).get().number.get() == 1
}

fn address(last: u8) -> Raw<Address> {
    Raw::new(Address::new([2, 0, 0, 0, 0, last]))
}

/// Key = bytes 00..1f, as in section 7.
const VECTORS: [(Domain, u32, u8, u64); 4] = [
    (Domain::Neighbour, 20_000, 1, 0x18bb_c3d8_f1ac_e734),
    (Domain::Neighbour, 20_001, 1, 0x3a42_66f5_e524_c61f),
    (Domain::Station, 20_000, 1, 0x812b_a30b_d9aa_122c),
    (Domain::Neighbour, 20_000, 2, 0x7252_20bd_4ecd_af60),
];

fn vectors() -> usize {
    let key: [u8; 32] = std::array::from_fn(|i| i as u8);
    let stated = |v: u64| Pseudonym::received(v.to_be_bytes());
    for (i, (domain, epoch, last, _)) in VECTORS.into_iter().enumerate() {
        let made = EpochKey::shared(&mut None, &key, epoch).pseudonym(domain, &address(last));
        for (j, (.., want)) in VECTORS.into_iter().enumerate() {
            assert_eq!(equals(stated(want), &made), i == j, "{i} against {j}");
        }
    }
    VECTORS.len() * VECTORS.len()
}

/// Of every two (key, epoch, domain, address) the pseudonyms differ; each equals itself.
fn distinct() -> usize {
    let mut made: Vec<Box<dyn Fn() -> Raw<Pseudonym>>> = vec![];
    for seed in 0..3 {
        for epoch in [0, 1, 20_000, 20_001, u32::MAX] {
            for domain in [Domain::Neighbour, Domain::Station] {
                for last in [0, 1, 2, 255] {
                    made.push(Box::new(move || {
                        let mut place = None;
                        let key = EpochKey::draw(&mut place, &mut SplitMix(seed), epoch);
                        key.expect("this generator never fails").pseudonym(domain, &address(last))
                    }));
                }
            }
        }
    }
    for (i, a) in made.iter().enumerate() {
        let mut known = Raw::new(Known { first: None, matches: 0 });
        gate::fold(&mut known, &(a)(), remember);
        for (j, b) in made.iter().enumerate() {
            gate::fold(&mut known, &b(), compare);
            let want = u16::from(j >= i);
            assert_eq!(gate::decision(Slot::new(0), &gate::look(&known, told)).get().number.get(), want, "{i} and {j}");
        }
    }
    made.len() * made.len()
}

/// Where the key is searched for, it stands changed, so that the search does not find itself.
const MASK: u8 = 0x55;

/// The key that [`EpochKey::draw`] makes of this seed, masked.
fn masked_key(seed: u64) -> [u8; 32] {
    let mut words = SplitMix(seed);
    let mut out = [0; 32];
    for four in out.chunks_exact_mut(4) {
        let word = words.word().expect("this generator never fails") ^ u32::from_be_bytes([MASK; 4]);
        four.copy_from_slice(&word.to_be_bytes());
    }
    out
}

/// How often a half of the key stands in the writable memory of this process; `None` where memory cannot be read. A half:
/// what frees or reuses memory writes over a part of what lay there.
///
/// Memory is read through one small buffer, piece by piece; what is found within the buffer itself does not count.
#[cfg(target_os = "linux")]
fn in_memory(masked: &[u8; 32]) -> Option<usize> {
    use std::os::unix::fs::FileExt as _;
    const HALF: usize = 16;
    const PIECE: usize = 4096;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let memory = std::fs::File::open("/proc/self/mem").ok()?;
    let mut buffer = [0u8; PIECE + HALF];
    let ours = std::ptr::from_ref(&buffer).addr();
    let ours = ours..ours + buffer.len();
    let mut n = 0;
    for line in maps.lines().filter(|l| l.contains(" rw")) {
        let (from, to) = line.split(' ').next()?.split_once('-')?;
        let (from, to) = (usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?);
        // Pieces overlap by a half less one byte, so that each place is looked at once.
        for at in (from..to).step_by(PIECE) {
            let most = (to - at).min(PIECE + HALF - 1);
            if memory.read_exact_at(&mut buffer[..most], at as u64).is_err() {
                continue;
            }
            for (place, w) in buffer[..most].windows(HALF).enumerate().map(|(i, w)| (at + i, w)) {
                let stands = |half: &[u8]| w.iter().zip(half).all(|(a, b)| a ^ MASK == *b);
                n += usize::from(masked.chunks_exact(HALF).any(stands) && !ours.contains(&place));
            }
            buffer.fill(0);
            std::hint::black_box(&mut buffer);
        }
    }
    Some(n)
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: &[u8; 32]) -> Option<usize> {
    None
}

/// A key that stands on the heap for its epoch, as in a node. It is drawn on this thread, whose stack is searched as well.
fn key_is_gone() -> usize {
    let mut n = 0;
    for seed in 500..504 {
        let masked = masked_key(seed);
        let mut place = Box::new(None);
        let key = EpochKey::draw(&mut place, &mut SplitMix(seed), 20_000).expect("this generator never fails");
        drop(key.pseudonym(Domain::Neighbour, &address(1)));
        let Some(before) = in_memory(&masked) else {
            eprintln!("t_pseudonym: the memory of this process cannot be read here; the key is not searched for");
            return 1;
        };
        assert_eq!(before, 2, "seed {seed}: both halves stand where the key is, and nowhere else");
        // The next epoch's key takes the place of this one; then there is none.
        let next = EpochKey::draw(&mut place, &mut SplitMix(seed + 100), 20_001);
        drop(next.expect("this generator never fails").pseudonym(Domain::Station, &address(1)));
        let left = (in_memory(&masked), in_memory(&masked_key(seed + 100)));
        assert_eq!(left, (Some(0), Some(2)), "seed {seed}: the key stands in memory after its epoch");
        *place = None;
        assert_eq!(in_memory(&masked_key(seed + 100)), Some(0), "seed {seed}: the last key outlives its node");
        n += 1;
    }
    n
}
