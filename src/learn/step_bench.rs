//! One plain training step, for `chiaro bench train`: what a peer in another framework can be given to do as well.

use std::time::Instant;

use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::error::LearnError;
use super::kernels::{Part, recomputing, with_burn_operators};
use super::loss::{log_probabilities, region_loss};
use super::nn::{Architecture, DropoutDraw, InitScheme, Network, NetworkConfig, Normalisation, Storage};
use super::optimiser::Adam;

const LEARNING_RATE: f64 = 1e-3;

/// An InstanceNorm V-Net, a batch of cubes, Dice loss, Adam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepShape {
    pub base_width: usize,
    pub levels: usize,
    /// Edge of the cubic patch in voxels, divisible by `2^(levels - 1)`.
    pub patch: usize,
    pub batch: usize,
    pub classes: usize,
    pub storage: Storage,
    /// Gradient checkpointing.
    pub recompute: bool,
}

/// Milliseconds of single steps, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTiming {
    pub ours_ms: Vec<f64>,
    /// The same step with the framework's own operators; empty if they were not asked for.
    pub burn_ms: Vec<f64>,
    /// Shares of the time that each part with kernels took, on the CPU and without the framework's own operators; what is
    /// missing from 1 went into everything else.
    pub shares: Vec<(Part, f64)>,
}

impl StepShape {
    /// Warms up, then runs `steps` steps; with `compare`, each followed by one with burn's operators.
    pub fn measure(&self, device: &Device, steps: usize, compare: bool) -> Result<StepTiming, LearnError> {
        let mut ours = PlainStep::new(self, device);
        let mut burn = compare.then(|| PlainStep::new(self, device));
        let mut timing = StepTiming { ours_ms: Vec::new(), burn_ms: Vec::new(), shares: Vec::new() };
        for run in 0..steps + 1 {
            let our_ms = ours.timed()?;
            let burn_ms = burn.as_mut().map(|burn| with_burn_operators(|| burn.timed())).transpose()?;
            // The first step pays for the first use of everything.
            if run == 0 {
                for part in Part::ALL {
                    part.take();
                }
            } else {
                timing.ours_ms.push(our_ms);
                timing.burn_ms.extend(burn_ms);
            }
        }
        let whole_s: f64 = timing.ours_ms.iter().sum::<f64>() / 1e3;
        if !compare {
            timing.shares = Part::ALL.map(|part| (part, part.take().as_secs_f64() / whole_s)).into();
        }
        timing.ours_ms.sort_unstable_by(f64::total_cmp);
        timing.burn_ms.sort_unstable_by(f64::total_cmp);
        Ok(timing)
    }
}

struct PlainStep {
    network: Network,
    loss_scale: f64,
    recompute: bool,
    optimiser: Adam,
    image: Tensor<5>,
    target: Tensor<5>,
    weight: Tensor<5>,
    mask: Tensor<5>,
}

impl PlainStep {
    fn new(shape: &StepShape, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let config = NetworkConfig {
            architecture: Architecture::VNet,
            classes: shape.classes,
            base_width: shape.base_width,
            levels: shape.levels,
            strides: Vec::new(),
            normalisation: Normalisation::Instance,
            storage: shape.storage,
        };
        let edge = shape.patch;
        let voxels = edge.pow(3);
        let dims = |channels: usize| [shape.batch, channels, edge, edge, edge];
        let mut target = vec![0.0f32; shape.batch * shape.classes * voxels];
        for item in target.chunks_mut(shape.classes * voxels) {
            for voxel in 0..voxels {
                item[rng.random_range(0..shape.classes) * voxels + voxel] = 1.0;
            }
        }
        Self {
            network: config.init(InitScheme::KaimingNormal, &mut rng, &device),
            loss_scale: shape.storage.loss_scale(),
            recompute: shape.recompute,
            optimiser: Adam::new(LEARNING_RATE),
            image: Tensor::random(dims(1), Distribution::Normal(0.0, 1.0), &device),
            target: Tensor::from_data(TensorData::new(target, dims(shape.classes)), &device),
            weight: Tensor::zeros(dims(1), &device),
            mask: Tensor::ones(dims(1), &device),
        }
    }

    /// Milliseconds of one step. The loss is read, so that a GPU has done the work when the clock stops.
    fn timed(&mut self) -> Result<f64, LearnError> {
        let begin = Instant::now();
        let logits =
            recomputing(self.recompute, || self.network.forward(self.image.clone(), &DropoutDraw::default()).logits);
        // Without weights the cross-entropy is 0: what remains is Dice, as in the peer.
        let loss = region_loss(&log_probabilities(logits), &self.target, &self.weight, &self.mask);
        // Adam does not see a factor of all gradients: the scale is not taken out again.
        let gradients = loss.clone().mul_scalar(self.loss_scale).backward();
        let gradients = GradientsParams::from_grads(gradients, &self.network);
        self.network = self.optimiser.step(self.network.clone(), gradients);
        let read = |t: Tensor<1>| {
            t.try_into_scalar::<f32>().map_err(|e| LearnError::DeviceLost { step: 0, reason: e.to_string() })
        };
        read(loss.inner())?;
        read(self.network.first_weight())?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }
}
