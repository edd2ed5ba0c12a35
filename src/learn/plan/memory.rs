//! What a training step will hold, before it is tried: a patch is chosen to fit instead of found by failing.

use super::Plan;
use super::fingerprint::free_bytes;
use crate::learn::nn::Footprint;

/// Bytes of a number.
const F32: usize = size_of::<f32>();
/// Copies of the parameters while the networks' outputs are held: weights and velocities.
const COPIES_BEFORE_UPDATE: usize = 2;
/// And when the outputs have gone: gradients and new weights besides.
const COPIES_IN_UPDATE: usize = 4;
/// Tensors of the largest size on their way through a backward pass: the gradients of a norm's output and input and of the
/// convolution's input.
const PASSING: usize = 3;
/// Maps of one number per class and voxel: per network log-probabilities, probabilities, pseudo-labels and what becomes
/// of them; the target on the device, on the host and of the next batch.
const CLASS_MAPS: usize = 10;
/// Maps of one number per voxel: image, weights and masks, thrice like the target, and the crops they are made from.
const VOXEL_MAPS: usize = 20;
/// Maps of a network's features that the neural process adds: as it is read, gradients of the labelled and of the other
/// voxels, and their sum.
const NP_MAPS: usize = 4;

impl Plan {
    /// A sentence where a step needs more memory than this machine has to spare: an edited plan is not made to fit.
    pub fn memory_warning(&self) -> Option<String> {
        self.warning_with(free_bytes()?)
    }

    pub(super) fn warning_with(&self, free: u64) -> Option<String> {
        const MEGABYTE: u64 = 1_000_000;
        let needed = u64::try_from(self.step_bytes()).unwrap_or(u64::MAX);
        (needed > free).then(|| {
            format!(
                "A step of this plan needs about {} MB of memory and {} MB are free; if it fails, make 'patch' or \
                 'base_width' smaller.",
                needed / MEGABYTE,
                free / MEGABYTE
            )
        })
    }

    /// Bytes that a step adds to what the process holds, within 15 % (measured: `chiaro bench memory`).
    pub fn step_bytes(&self) -> usize {
        let voxels: usize = self.patch.iter().product();
        let crops = self.batch_labelled + self.batch_unlabelled;
        let networks = self.networks().map(|network| Footprint::of(&network, voxels));
        let held: usize = networks.iter().map(|network| self.held_numbers(network)).sum();
        let largest_output = networks.iter().map(|network| network.largest_output).max().unwrap_or(0);
        // A convolution's output is there for a moment if it is computed again.
        let passing = (PASSING + usize::from(self.recompute)) * largest_output;
        let np_maps = if self.neural_process.is_some() { NP_MAPS } else { 0 };
        let losses = (CLASS_MAPS * self.classes.len() + VOXEL_MAPS + np_maps * self.base_width) * voxels;
        let for_crops = crops * (held + passing + losses);
        let parameters: usize = networks.iter().map(|network| network.parameters).sum();
        let copies = |count: usize| count * parameters;
        F32 * (for_crops + copies(COPIES_BEFORE_UPDATE)).max(copies(COPIES_IN_UPDATE))
    }
    /// Of one network and crop, from its forward pass to its backward pass.
    fn held_numbers(&self, network: &Footprint) -> usize {
        let recomputable = if self.recompute { 0 } else { network.recomputable };
        let dropped = if self.channel_dropout > 0.0 { network.largest_output } else { 0 };
        network.outputs + network.unfused + recomputable + dropped
    }
}
