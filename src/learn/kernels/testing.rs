//! Random numbers and comparisons for the tests.

use burn::tensor::Device;
use rayon::ThreadPoolBuilder;

use crate::learn::{DeviceChoice, choose_device};

/// Roughly normal numbers, the same for the same seed.
pub fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..count).map(|_| uniform() + uniform() + uniform() + uniform() - 2.0).collect()
}

/// Differences are measured against `tolerance * (1 + |expected|)`.
#[track_caller]
pub fn assert_close(ours: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), expected.len());
    for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
        assert!((f64::from(*a) - b).abs() <= tolerance * (1.0 + b.abs()), "{i}: {a} instead of {b}");
    }
}

pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// The result of `f` must have the same bits with 1, 2 and 5 threads.
#[track_caller]
pub fn assert_same_bits_for_any_thread_count(f: impl Fn() -> Vec<f32> + Sync) {
    let with = |threads: usize| -> Vec<u32> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| f().iter().map(|v| v.to_bits()).collect())
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(5));
}

/// A GPU, or the software adapter; without any the caller says that it is skipped.
pub fn gpu_device() -> Option<Device> {
    let found = choose_device(&DeviceChoice::Named("llvmpipe".into()));
    if found.is_err() {
        eprintln!("skipped: no Vulkan adapter was found, not even llvmpipe");
    }
    found.ok().map(|(device, _)| device)
}
