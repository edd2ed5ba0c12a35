//! What stands behind every convolution: a norm, perhaps a skip, a ReLU.

use burn::module::{Module, Param, RunningState};
use burn::nn::Initializer;
use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::storage::in_f32;
use crate::learn::kernels::{Skip, Spatial, convolve, instance_norm, norm_act, normed, rectified};

/// What a channel's values are normalised by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// The moments of its own crop, with our fused kernels.
    #[default]
    Instance,
    /// While learning the moments of the batch, else those that were seen while learning (Ioffe & Szegedy 2015). Made of
    /// burn's operators: slower, and it takes more memory.
    Batch,
}

/// A gain and a shift per channel behind a normalisation.
#[derive(Module, Debug)]
pub struct Norm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    /// Only of `Normalisation::Batch`.
    running: Option<RunningStatistics>,
}

/// Moments of the batches seen while learning, each `[channels]`.
#[derive(Module, Debug)]
struct RunningStatistics {
    mean: RunningState<Tensor<1>>,
    variance: RunningState<Tensor<1>>,
}

/// Of burn's and PyTorch's batch norm.
const EPSILON: f64 = 1e-5;
/// Share of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;

impl Norm {
    pub fn new(channels: usize, normalisation: Normalisation, device: &Device) -> Self {
        let running = (normalisation == Normalisation::Batch).then(|| RunningStatistics {
            mean: RunningState::new(Tensor::zeros([channels], device)),
            variance: RunningState::new(Tensor::ones([channels], device)),
        });
        Self {
            gamma: Initializer::Ones.init([channels], device),
            beta: Initializer::Zeros.init([channels], device),
            running,
        }
    }

    /// `[b, c, z, y, x]` to `[b, channels, z, y, x]` by a convolution, this norm and a ReLU.
    pub fn convolved(&self, spatial: Spatial, x: Tensor<5>, weight: Tensor<5>, skip: Skip<Tensor<5>>) -> Tensor<5> {
        match &self.running {
            None => normed(spatial, x, weight, self.gamma.val(), self.beta.val(), skip),
            Some(_) => self.activated(convolve(spatial, x, weight), skip),
        }
    }

    /// This norm and a ReLU.
    pub fn activated(&self, x: Tensor<5>, skip: Skip<Tensor<5>>) -> Tensor<5> {
        match &self.running {
            None => norm_act(x, self.gamma.val(), self.beta.val(), skip),
            Some(_) => rectified(self.linear(x), skip),
        }
    }

    /// This norm alone.
    pub fn linear(&self, x: Tensor<5>) -> Tensor<5> {
        in_f32(x, |x| match &self.running {
            None => instance_norm(x, self.gamma.val(), self.beta.val()),
            Some(running) => running.norm(x, self.gamma.val(), self.beta.val()),
        })
    }
}

impl RunningStatistics {
    /// A tensor that records gradients is normalised by its own moments, which are remembered; any other by what is
    /// remembered.
    fn norm(&self, x: Tensor<5>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<5> {
        if !x.device().is_autodiff() {
            return batch_norm(x, gamma, beta, self.mean.value_sync(), self.variance.value_sync(), EPSILON);
        }
        let batch = batch_norm_train(x, gamma, beta, EPSILON);
        remember(&self.mean, batch.mean);
        remember(&self.variance, batch.variance);
        batch.output
    }
}

fn remember(state: &RunningState<Tensor<1>>, newest: Tensor<1>) {
    let old = state.value_sync();
    state.update((old.mul_scalar(1.0 - MOMENTUM) + newest.detach().mul_scalar(MOMENTUM)).detach());
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::*;

    #[test]
    fn batch_norm_learns_with_the_batchs_moments_and_remembers_a_tenth_of_them() {
        let device = Device::flex().autodiff();
        let norm = Norm::new(2, Normalisation::Batch, &device);
        let x = Tensor::<5>::random([3, 2, 2, 3, 4], Distribution::Normal(4.0, 2.0), &device);
        let moments = |x: Tensor<5>| {
            let rows = x.swap_dims(0, 1).reshape([2, 72]);
            let mean = rows.clone().mean_dim(1);
            ((rows - mean.clone()).square().mean_dim(1).reshape([2]), mean.reshape([2]))
        };
        let tolerance = Tolerance::rel_abs(1e-3, 1e-3);
        let (variance, mean) = moments(norm.linear(x.clone()));
        mean.into_data().assert_approx_eq::<f32>(&Tensor::<1>::zeros([2], &device).into_data(), tolerance);
        variance.into_data().assert_approx_eq::<f32>(&Tensor::<1>::ones([2], &device).into_data(), tolerance);

        let (variance, mean) = moments(x.clone());
        let per_channel = |t: Tensor<1>| t.inner().reshape([1, 2, 1, 1, 1]);
        let variance = per_channel(variance * 0.1 + 0.9);
        let expected = (x.clone().inner() - per_channel(mean * 0.1)) / (variance + EPSILON).sqrt();
        let evaluated = norm.valid().linear(x.inner());
        evaluated.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
    }

    #[test]
    fn a_norm_that_was_fused_equals_the_same_norm_behind_its_convolution() {
        let device = Device::flex();
        let x = Tensor::<5>::random([2, 2, 4, 4, 4], Distribution::Default, &device);
        let weight = Tensor::<5>::random([3, 2, 2, 2, 2], Distribution::Default, &device);
        let norm = Norm::new(3, Normalisation::Instance, &device);
        let fused = norm.convolved(Spatial::Down, x.clone(), weight.clone(), Skip::None);
        let apart = norm.activated(convolve(Spatial::Down, x, weight), Skip::None);
        fused.into_data().assert_approx_eq::<f32>(&apart.into_data(), Tolerance::rel_abs(1e-4, 1e-4));
    }
}
