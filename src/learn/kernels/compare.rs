//! Our kernels against burn's operators in the same run, forward and backward, for `chiaro bench conv`.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};

use super::convolution::same_size;
use super::with_burn_operators;
use crate::learn::error::LearnError;

/// Milliseconds of one kernel, medians.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTiming {
    /// E.g. `16->16 48x48x48`.
    pub layer: String,
    pub kind: KernelKind,
    pub ours_ms: f64,
    pub burn_ms: f64,
    /// Of one call, counted as a direct convolution.
    pub flop: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelKind {
    Forward,
    DataGradient,
    WeightGradient,
}

/// `[z, y, x]`, channels at full resolution, levels: the V-Nets of the published crops and of small machines.
const NETWORKS: [([usize; 3], usize, usize); 4] =
    [([80, 112, 112], 16, 5), ([96, 96, 96], 16, 5), ([48, 48, 48], 16, 4), ([32, 32, 32], 8, 4)];
const RUNS: usize = 3;

/// Runs every 3x3x3 convolution of the V-Nets, or of one with cubic patches (`[edge, base width, levels]`), with our kernels
/// and with burn's, alternating, so that a busy machine slows both.
pub fn compare_kernels(device: &Device, only: Option<[usize; 3]>) -> Result<Vec<KernelTiming>, LearnError> {
    let only = only.map(|[edge, base, levels]| ([edge; 3], base, levels));
    let networks = only.map_or_else(|| NETWORKS.to_vec(), |network| vec![network]);
    let mut timings = Vec::new();
    for (patch, base, levels) in networks {
        for level in 0..levels {
            let channels = base << level;
            let [z, y, x] = patch.map(|edge| edge >> level);
            let layer = format!("{channels}->{channels} {z}x{y}x{x}");
            let flop = 2.0 * 27.0 * (channels * channels * z * y * x) as f64;
            let dims = [1, channels, z, y, x];
            for kind in KernelKind::ALL {
                let (ours, burn) = (Layer::new(device, dims, kind), Layer::new(device, dims, kind));
                let (mut ours_ms, mut burn_ms) = (Vec::new(), Vec::new());
                // The first run of a kernel on a GPU is its compilation.
                for run in 0..RUNS + 1 {
                    let times = (ours.milliseconds()?, with_burn_operators(|| burn.milliseconds())?);
                    if run > 0 {
                        ours_ms.push(times.0);
                        burn_ms.push(times.1);
                    }
                }
                let (ours_ms, burn_ms) = (median(ours_ms), median(burn_ms));
                timings.push(KernelTiming { layer: layer.clone(), kind, ours_ms, burn_ms, flop });
            }
        }
    }
    Ok(timings)
}

impl KernelKind {
    pub const ALL: [Self; 3] = [Self::Forward, Self::DataGradient, Self::WeightGradient];

    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::DataGradient => "data_gradient",
            Self::WeightGradient => "weight_gradient",
        }
    }
}

/// Input and weights of a layer; only what the kind is about asks for a gradient.
struct Layer {
    kind: KernelKind,
    x: Tensor<5>,
    weight: Tensor<5>,
    dy: Tensor<5>,
}

impl Layer {
    fn new(device: &Device, dims: [usize; 5], kind: KernelKind) -> Self {
        let device = match kind {
            KernelKind::Forward => device.clone(),
            _ => device.clone().autodiff(),
        };
        let random = |dims: [usize; 5]| Tensor::<5>::random(dims, Distribution::Normal(0.0, 1.0), &device);
        let (x, weight) = (random(dims), random([dims[1], dims[1], 3, 3, 3]));
        let (x, weight) = match kind {
            KernelKind::Forward => (x, weight),
            KernelKind::DataGradient => (x.require_grad(), weight),
            KernelKind::WeightGradient => (x, weight.require_grad()),
        };
        Self { kind, x, weight, dy: random(dims) }
    }

    /// A GPU takes its orders later: the clock starts and stops when it has nothing left to do.
    fn milliseconds(&self) -> Result<f64, LearnError> {
        let device = self.x.device();
        let sync = || {
            device.sync().map_err(|e| LearnError::DeviceLost { step: 0, reason: e.to_string() })?;
            Ok(Instant::now())
        };
        let mut begin = sync()?;
        let y = same_size(self.x.clone(), self.weight.clone());
        if self.kind != KernelKind::Forward {
            // The gradient of the product with `dy` is `dy`: the product's own cost is small and the same for both.
            let loss = (y * self.dy.clone()).sum();
            begin = sync()?;
            drop(loss.backward());
        }
        Ok((sync()? - begin).as_secs_f64() * 1e3)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
