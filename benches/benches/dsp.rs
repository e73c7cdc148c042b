//! One frame through the motion detector, beside a plain lag-1 autocorrelation over the same tones.

// The macros of criterion make functions without documentation.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use millpond_dsp::detect::{Detector, DetectorConfig};
use millpond_dsp::phy::{Micros, PpduFormat};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId};
use num_complex::Complex;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Frames a second, and how many the bench cycles through.
const RATE_HZ: u64 = 100;
const FRAMES: usize = 1000;

/// 64 stored tones of a 20 MHz packet, 56 of them alive: a fixed channel and 8-bit noise.
fn recording(tones: usize) -> Vec<Vec<Complex<i8>>> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut noise = || ((rng.next_u32() >> 24) as f32 - 127.5) / 127.5 * 2.0;
    let channel = |k: usize| (40.0 + 15.0 * (k as f32 * 0.21).sin(), 20.0 * (k as f32 * 0.13).cos());
    let mut tone = |k: usize| {
        let (re, im) = channel(k);
        Complex::new((re + noise()) as i8, (im + noise()) as i8)
    };
    (0..FRAMES).map(|_| (0..tones).map(&mut tone).collect()).collect()
}

fn detector(c: &mut Criterion) {
    let tones: Vec<i16> = (-32..32).collect();
    let frames = recording(tones.len());
    let mut group = c.benchmark_group("dsp/motion");
    group.throughput(Throughput::Elements(1));

    let mut detector = Detector::new(DetectorConfig::default(), LinkId(0));
    let mut n = 0u64;
    group.bench_function("detector/64", |b| {
        b.iter(|| {
            let t = Micros(n * 1_000_000 / RATE_HZ);
            let meta = CsiMeta { format: PpduFormat::Ht, ..CsiMeta::at(t) };
            let frame = CsiFrame::new(meta, &tones, Cfr::I8(&frames[n as usize % FRAMES])).expect("the shape is fixed");
            n += 1;
            while let Some(decision) = detector.poll(t) {
                black_box(decision);
            }
            black_box(detector.push(&frame).is_ok())
        });
    });

    let mut naive = Naive::new(tones.len());
    let mut n = 0;
    group.bench_function("naive-lag1/64", |b| {
        b.iter(|| {
            n += 1;
            naive.push(&frames[n % FRAMES]);
            if n % (RATE_HZ as usize / 4) == 0 {
                black_box(naive.statistic());
            }
        });
    });
    group.finish();
}

/// The textbook way: amplitudes of a second in a ring, the autocorrelation of every tone recomputed at each decision.
struct Naive {
    ring: Vec<Vec<f32>>,
    next: usize,
}

impl Naive {
    fn new(tones: usize) -> Self {
        Self { ring: vec![vec![0.0; tones]; RATE_HZ as usize], next: 0 }
    }

    fn push(&mut self, h: &[Complex<i8>]) {
        for (a, h) in self.ring[self.next].iter_mut().zip(h) {
            *a = f32::from(h.re).hypot(f32::from(h.im));
        }
        self.next = (self.next + 1) % self.ring.len();
    }

    fn statistic(&self) -> f32 {
        let n = self.ring.len();
        let at = |t: usize, k: usize| self.ring[(self.next + t) % n][k];
        let tones = self.ring[0].len();
        let rho = |k: usize| {
            let mean = (0..n).map(|t| at(t, k)).sum::<f32>() / n as f32;
            let x = |t: usize| at(t, k) - mean;
            (1..n).map(|t| x(t) * x(t - 1)).sum::<f32>() / (0..n).map(|t| x(t) * x(t)).sum::<f32>().max(1e-9)
        };
        (0..tones).map(rho).sum::<f32>() / tones as f32
    }
}

criterion_group!(benches, detector);
criterion_main!(benches);
