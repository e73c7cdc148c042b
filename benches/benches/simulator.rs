//! Frames a second of the simulator, one link, on one core: a quiet room, a still person, a walker, and the home.
//!
//! Throughput counts frames; a day at 25 frames a second is 2.16 million. `naive` is the noise of one frame drawn tone by
//! tone with the plainest transform: what a frame cannot do without.

// The macro's function has no documentation to give.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use millpond_datasets::sim::{Scene, Simulation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const FRAMES: usize = 2_000;

fn naive(rng: &mut ChaCha8Rng) -> f64 {
    let mut unit = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (0..56).map(|_| (-2.0 * (1.0 - unit()).ln()).sqrt() * (core::f64::consts::TAU * unit()).cos()).sum()
}

fn simulator(c: &mut Criterion) {
    let mut group = c.benchmark_group("simulator");
    group.throughput(Throughput::Elements(FRAMES as u64));
    for name in ["empty", "empty-day", "fan", "sit-still", "walk-across", "home"] {
        let scene = Scene::builtin(name).expect("a built-in scene");
        // Past the empty start of a scene.
        let mut sim = Simulation::new(&scene, 1, f64::INFINITY).expect("the built-in scenes are valid");
        sim.by_ref().take(700).for_each(drop);
        group.bench_function(BenchmarkId::new("frames", name), |b| {
            b.iter(|| sim.by_ref().take(FRAMES).for_each(|f| drop(black_box(f))));
        });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    group.bench_function("naive", |b| b.iter(|| (0..FRAMES).map(|_| naive(&mut rng)).sum::<f64>()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(800));
    targets = simulator
}
criterion_main!(benches);
