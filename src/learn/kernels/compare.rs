//! Our kernels against burn's operators in the same run, forward and backward, for `chiaro bench conv`.

use std::time::Instant;

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor};

use super::norm_act::unfused;
use super::{conv3, norm_act};

/// Medians of forward and backward together.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTiming {
    /// E.g. `conv 8->8, 4 x 32x48x32`.
    pub name: String,
    pub ours_ms: f64,
    pub burn_ms: f64,
}

/// Channels and size `[z, y, x]` of the layers of a narrow V-Net on the CPU's patch.
const LAYERS: [(usize, [usize; 3]); 3] = [(8, [32, 48, 32]), (16, [16, 24, 16]), (32, [8, 12, 8])];
const BATCH: usize = 4;
const RUNS: usize = 5;

/// Runs every layer on the CPU with both implementations, alternating, so that a busy machine slows both.
pub fn compare_kernels() -> Vec<KernelTiming> {
    let device = Device::flex().autodiff();
    let mut timings = Vec::new();
    for (channels, size @ [z, y, x]) in LAYERS {
        let random = |dims: [usize; 5]| Tensor::<5>::random(dims, Distribution::Normal(0.0, 1.0), &device);
        let input = random([BATCH, channels, z, y, x]).require_grad();
        let weight = random([channels, channels, 3, 3, 3]).require_grad();
        let per_channel = || Tensor::<1>::ones([channels], &device).require_grad();
        let (gamma, beta) = (per_channel(), per_channel());
        let layer = format!("{BATCH} x {}x{}x{}", size[0], size[1], size[2]);
        let burn_conv = || {
            let options = ConvOptions::new([1; 3], [1; 3], [1; 3], 1);
            burn::tensor::module::conv3d(input.clone(), weight.clone(), None, options)
        };
        timings.push(compare(
            format!("conv {channels}->{channels}, {layer}"),
            || conv3(input.clone(), weight.clone()),
            burn_conv,
        ));
        timings.push(compare(
            format!("norm + ReLU {channels}, {layer}"),
            || norm_act(input.clone(), gamma.clone(), beta.clone(), None),
            || unfused(input.clone(), gamma.clone(), beta.clone(), None),
        ));
    }
    timings
}

fn compare(name: String, ours: impl Fn() -> Tensor<5>, theirs: impl Fn() -> Tensor<5>) -> KernelTiming {
    let time = |f: &dyn Fn() -> Tensor<5>| {
        let begin = Instant::now();
        drop(f().sum().backward());
        begin.elapsed().as_secs_f64() * 1e3
    };
    let (mut ours_ms, mut burn_ms) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours_ms.push(time(&ours));
        burn_ms.push(time(&theirs));
    }
    KernelTiming { name, ours_ms: median(ours_ms), burn_ms: median(burn_ms) }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
