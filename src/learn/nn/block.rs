//! Convolution, norm and ReLU, alone and in stages (plain or residual).
//!
//! Convolution biases before a norm are parameters of the published network, but the norm subtracts them again:
//! they stay at their 0 and are not computed.

use burn::module::Module;
use burn::nn::Initializer;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

use super::norm::{Norm, Normalisation};
use super::storage::in_f32;
use crate::learn::kernels::{Skip, Spatial, conv3d, same_size};

/// What the layers of a network have in common.
#[derive(Clone, Copy)]
pub struct Common<'a> {
    pub normalisation: Normalisation,
    pub device: &'a Device,
}

/// A convolution with an odd cubic kernel that keeps the grid, a norm, ReLU.
#[derive(Module, Debug)]
pub struct NormedConv {
    conv: Conv3d,
    norm: Norm,
}

/// `n` convolutions, each with its norm and ReLU. Residual: the input is added before the last ReLU.
#[derive(Module, Debug)]
pub struct Stage {
    convs: Vec<NormedConv>,
    residual: bool,
}

/// A convolution whose weights are drawn afterwards from our own random numbers (`init`).
pub fn unset_conv(channels: [usize; 2], kernel: [usize; 3], bias: bool, device: &Device) -> Conv3d {
    Conv3dConfig::new(channels, kernel).with_bias(bias).with_initializer(Initializer::Zeros).init(device)
}

impl NormedConv {
    pub fn new(channels: [usize; 2], kernel: usize, bias: bool, common: Common) -> Self {
        Self {
            conv: unset_conv(channels, [kernel; 3], bias, common.device),
            norm: Norm::new(channels[1], common.normalisation, common.device),
        }
    }

    /// `[batch, channels_in, z, y, x]` to `[batch, channels, z, y, x]`.
    pub fn forward(&self, x: Tensor<5>, skip: Skip<Tensor<5>>) -> Tensor<5> {
        let weight = self.conv.weight.val();
        match weight.dims() {
            [.., 3] => self.norm.convolved(Spatial::Conv3, x, weight, skip),
            // Large kernels have no f16.
            _ => self.norm.activated(in_f32(x, |x| same_size(x, weight)), skip),
        }
    }

    /// Of an input of these dimensions.
    fn output_dims(&self, [b, _, z, y, x]: [usize; 5]) -> [usize; 5] {
        [b, self.conv.weight.dims()[0], z, y, x]
    }

    #[cfg(test)]
    pub fn parts(&self) -> (&Conv3d, &Norm) {
        (&self.conv, &self.norm)
    }

    /// The same convolution with a stride along (z, y, x), which burn's operator has.
    pub fn strided(&self, x: Tensor<5>, stride: [usize; 3]) -> Tensor<5> {
        let weight = self.conv.weight.val();
        let padding = [weight.dims()[4] / 2; 3];
        let y = in_f32(x, |x| conv3d(x, weight, None, ConvOptions::new(stride, padding, [1; 3], 1)));
        self.norm.activated(y, Skip::None)
    }
}

impl Stage {
    pub fn new(channels_in: usize, channels: usize, count: usize, residual: bool, common: Common) -> Self {
        let conv = |i: usize| NormedConv::new([if i == 0 { channels_in } else { channels }, channels], 3, true, common);
        Self { convs: (0..count).map(conv).collect(), residual }
    }

    /// One convolution with a large kernel: the start of a ResNet.
    pub fn stem(channels: usize, kernel: usize, common: Common) -> Self {
        Self { convs: vec![NormedConv::new([1, channels], kernel, false, common)], residual: false }
    }

    /// `[batch, channels_in, z, y, x]` to `[batch, channels, z, y, x]`. A one-channel input is broadcast in the sum.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let mut input = self.residual.then(|| x.clone());
        let last = self.convs.len().saturating_sub(1);
        let mut x = x;
        for (i, conv) in self.convs.iter().enumerate() {
            let skip = match input.take_if(|_| i == last) {
                // A one-channel input is expanded before, and its gradient is summed by burn.
                Some(input) => Skip::BeforeRelu(input.expand(conv.output_dims(x.dims()))),
                None => Skip::None,
            };
            x = conv.forward(x, skip);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::relu;
    use burn::tensor::{Distribution, TensorData, Tolerance};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::learn::nn::InitScheme;
    use crate::learn::nn::init::initialised;

    #[test]
    fn a_residual_stage_adds_its_input_before_its_last_relu_and_a_plain_one_nowhere() {
        let device = Device::flex();
        let common = Common { normalisation: Normalisation::Instance, device: &device };
        // A single channel is added to all.
        for (channels_in, channels, count) in [(2, 2, 3), (1, 4, 1)] {
            for residual in [true, false] {
                let stage = Stage::new(channels_in, channels, count, residual, common);
                let stage = initialised(stage, InitScheme::KaimingNormal, &mut ChaCha8Rng::seed_from_u64(3));
                let x = Tensor::<5>::random([2, channels_in, 4, 4, 4], Distribution::Normal(0.0, 1.0), &device);
                let mut y = x.clone();
                for (i, layer) in stage.convs.iter().enumerate() {
                    y = layer.norm.linear(same_size(y, layer.conv.weight.val()));
                    y = relu(if residual && i + 1 == count { y + x.clone() } else { y });
                }
                let ours: TensorData = stage.forward(x).into_data();
                ours.assert_approx_eq::<f32>(&y.into_data(), Tolerance::rel_abs(1e-3, 1e-3));
            }
        }
    }

    #[test]
    fn a_residual_stage_without_weights_passes_the_positive_part_of_its_input() {
        let device = Device::flex();
        let common = Common { normalisation: Normalisation::Instance, device: &device };
        let stage = Stage::new(2, 2, 1, true, common);
        // All convolutions are 0, and so is a norm of nothing.
        let x = Tensor::<5>::random([1, 2, 2, 2, 2], Distribution::Uniform(-1.0, 1.0), &device);
        let y: TensorData = stage.forward(x.clone()).into_data();
        y.assert_approx_eq::<f32>(&relu(x).into_data(), Tolerance::default());
    }
}
